#!/usr/bin/env python3
"""Checks the architecture of a source tree: who includes what, and how long files are.

    check_arch.py ROOT          prints FILE:LINE: VIOLATION for each; exit 1 if there is one
    check_arch.py --self-test   plants each kind of violation in a tree of its own and expects it found

What a module of sim/ may include is read from sim/modules.txt, which CMake links by as well.
"""

import re
import sys
import tempfile
from pathlib import Path

MAX_LINES = 650
SOURCE_SUFFIXES = {".c", ".h", ".py", ".sh"}

# Folders whose module has another name; a file named like a module belongs to that one.
FOLDER_MODULES = {"policy": "policies", "recorder": "sinks"}

# Outside sim/: modules of sim/ and libraries that may be used. GSL's licence and cuDNN's do not mix.
PROGRAMS = {"kernels": ({"base", "model", "profile"}, set()), "analysis": ({"base", "stats"}, {"hdf5"})}

# Libraries that are kept in few places, and how their headers look.
LIBRARY_HEADERS = {
    "gsl": re.compile(r"gsl/"),
    "hdf5": re.compile(r"(hdf5|hdf5_hl|H5\w+)\.h$"),
    "inih": re.compile(r"ini\.h$"),
    "crypto": re.compile(r"openssl/"),
    "onnx": re.compile(r"onnx\.pb-c\.h$|protobuf-c/"),
    "jansson": re.compile(r"jansson\.h$"),
    "z": re.compile(r"zlib\.h$"),
    "deflate": re.compile(r"libdeflate\.h$"),
}

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


class Modules:
    """The table sim/modules.txt."""

    def __init__(self, path, violations):
        self.uses, self.libraries, self.of_header = {}, {}, {}
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if not re.match("[a-z]", line):
                continue
            columns = [column.split() for column in line.split("|")]
            if len(columns) != 4 or len(columns[0]) != 1:
                violations.append((path, number, "expected module | headers | modules | libraries"))
                continue
            (name,), headers, uses, libraries = columns
            for used in uses:
                if used not in self.uses:
                    violations.append((path, number, f"{name} uses {used}, which is not above it"))
            self.uses[name], self.libraries[name] = {name, *uses}, set(libraries)
            for header in headers:
                self.of_header[header + ".h"] = name


def place_of(path, root, modules):
    """A file's name in messages, the modules and the libraries it may use; None if it is nobody's."""
    parts = path.relative_to(root).parts
    if parts[0] in PROGRAMS:
        return (parts[0], *PROGRAMS[parts[0]])
    if parts[1] == "include":
        module = modules.of_header.get(parts[-1])
    elif parts[1] in FOLDER_MODULES and path.stem in modules.uses:
        module = path.stem
    else:
        module = FOLDER_MODULES.get(parts[1], parts[1])
    if module not in modules.uses:
        return None
    return module, modules.uses[module], modules.libraries[module]


def check_include(path, quote, name, place, modules):
    """What is wrong with one #include; None if nothing."""
    user, may_use, libraries = place
    if name.startswith("edgesplit/"):
        header = name.removeprefix("edgesplit/")
        if header.endswith(".def"):
            return None
        if header not in modules.of_header:
            return f"{name} belongs to no module of sim/modules.txt"
        if modules.of_header[header] not in may_use:
            return f"{user} may not use {modules.of_header[header]} ({name})"
    elif quote == '"':
        if not (path.parent / name).is_file() or "/" in name:
            return f'"{name}" is not in the same folder'
    else:
        for library, pattern in LIBRARY_HEADERS.items():
            if pattern.match(name) and library not in libraries:
                return f"{user} may not use {library} (<{name}>)"
    return None


def check_includes(root, modules, violations):
    for top in ("sim", *PROGRAMS):
        for path in sorted((root / top).rglob("*.[ch]")):
            place = place_of(path, root, modules)
            if place is None:
                violations.append((path, 1, "belongs to no module of sim/modules.txt"))
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                match = INCLUDE.match(line)
                fault = match and check_include(path, *match.groups(), place, modules)
                if fault:
                    violations.append((path, number, fault))


def check_lengths(root, violations):
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if path.suffix not in SOURCE_SUFFIXES or parts[0] == ".git" or parts[0].startswith("build"):
            continue
        n_lines = len(path.read_bytes().splitlines())
        if n_lines > MAX_LINES:
            violations.append((path, n_lines, f"longer than {MAX_LINES} lines"))


def check(root):
    violations = []
    modules = Modules(root / "sim" / "modules.txt", violations)
    check_includes(root, modules, violations)
    check_lengths(root, violations)
    return [f"{path.relative_to(root)}:{line}: {fault}" for path, line, fault in violations]


SOUND = {
    "sim/modules.txt": "# a comment\nbase | text | | m\nini | ini | base | inih\nstats | stats | base | gsl\n"
    "policy | policy | base |\nrecorder | recorder | base |\npolicies | policies | base policy |\n"
    "sinks | sinks | base recorder | hdf5\nmodel | model | base |\nprofile | profile | base model |\n",
    "sim/include/edgesplit/text.h": "#include <stdio.h>\n",
    "sim/include/edgesplit/profile.h": '#include "edgesplit/model.h"\n#include "edgesplit/op.def"\n',
    "sim/ini/ini.c": '#include "parts.h"\n#include <ini.h>\n#include "edgesplit/text.h"\n',
    "sim/ini/parts.h": '#include "edgesplit/ini.h"\n',
    "sim/stats/t.c": "#include <gsl/gsl_cdf.h>\n",
    "sim/policy/oracle.c": '#include "edgesplit/policy.h"\n',
    "sim/recorder/recorder.c": '#include "edgesplit/recorder.h"\n',
    "sim/recorder/hdf5.c": '#include "edgesplit/recorder.h"\n#include <hdf5.h>\n',
    "kernels/main.c": '#include "edgesplit/profile.h"\n',
    "analysis/read.c": '#include "edgesplit/stats.h"\n#include <hdf5.h>\n',
    "tests/unit/test_x.c": '#include "anything.h"\n' * MAX_LINES,
}

# A file that breaks a rule, and the complaint that is due.
VIOLATIONS = [
    ("sim/modules.txt", SOUND["sim/modules.txt"] + "a | | b |\nb | | |\n", "sim/modules.txt:11: a uses b"),
    ("sim/modules.txt", SOUND["sim/modules.txt"] + "a | b\n", "sim/modules.txt:11: expected module |"),
    ("sim/ini/x.c", '\n#include "edgesplit/stats.h"\n', "sim/ini/x.c:2: ini may not use stats"),
    ("sim/include/edgesplit/text.h", '# include "edgesplit/ini.h"\n', "text.h:1: base may not use ini"),
    ("sim/include/edgesplit/lost.h", "\n", "lost.h:1: belongs to no module"),
    ("sim/lost/x.c", "\n", "sim/lost/x.c:1: belongs to no module"),
    ("sim/ini/x.c", '#include "edgesplit/lost.h"\n', "edgesplit/lost.h belongs to no module"),
    ("sim/ini/x.c", '#include "../stats/t.h"\n', '"../stats/t.h" is not in the same folder'),
    ("sim/policy/x.c", '#include "edgesplit/sinks.h"\n', "policies may not use sinks"),
    ("sim/recorder/recorder.c", "#include <hdf5.h>\n", "recorder may not use hdf5"),
    ("sim/ini/x.c", "#include <hdf5_hl.h>\n", "ini may not use hdf5"),
    ("sim/ini/x.c", "  #include <H5Fpublic.h>\n", "ini may not use hdf5"),
    ("sim/ini/x.c", "#include <gsl/gsl_rng.h>\n", "ini may not use gsl"),
    ("sim/stats/x.c", "#include <ini.h>\n", "stats may not use inih"),
    ("kernels/x.c", '#include "edgesplit/ini.h"\n', "kernels may not use ini (edgesplit/ini.h)"),
    ("kernels/deep/x.c", "#include <gsl/gsl_cdf.h>\n", "kernels may not use gsl"),
    ("kernels/x.h", "#include <hdf5.h>\n", "kernels may not use hdf5"),
    ("kernels/x.c", "#include <ini.h>\n", "kernels may not use inih"),
    ("analysis/x.c", '#include "edgesplit/model.h"\n', "analysis may not use model"),
    ("analysis/x.c", "#include <gsl/gsl_cdf.h>\n", "analysis may not use gsl"),
    ("tests/x.py", "\n" * (MAX_LINES + 1), f"tests/x.py:{MAX_LINES + 1}: longer than {MAX_LINES} lines"),
]


def check_planted(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return check(Path(folder))


def self_test():
    failures = [f"sound tree: {fault}" for fault in check_planted(SOUND)]
    for name, text, due in VIOLATIONS:
        found = check_planted({**SOUND, name: text})
        if len(found) != 1 or due not in found[0]:
            failures.append(f"expected just {due!r}, found {found}")
    return failures


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    faults = self_test() if sys.argv[1] == "--self-test" else check(Path(sys.argv[1]))
    print("\n".join(faults), end="\n" if faults else "")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
