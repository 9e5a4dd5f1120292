#!/usr/bin/env python3
"""The tables in README.md and scenarios/README.md are what the scenarios that ship give.

Usage: test_scenarios.py BIN. Every block fenced as ```text and preceded by a line `<!-- NAME.ini -->` must consist of
lines that `edgesplit summary` prints for scenarios/NAME.ini, in this order.
"""
import pathlib
import re
import subprocess
import sys
import tempfile

BLOCK = re.compile(r"<!-- (\S+\.ini) -->\s*```text\n(.*?)```", re.DOTALL)


def summary(edgesplit, scenario, folder):
    result = pathlib.Path(folder, scenario.stem + ".h5")
    if not result.exists():
        subprocess.run([edgesplit, "run", "-q", scenario, "-o", result], check=True, stdout=subprocess.DEVNULL)
    return subprocess.run([edgesplit, "summary", result], check=True, capture_output=True, text=True).stdout.splitlines()


def first_missing(expected, printed):
    """The first expected line that is not found behind the one before it; None if all are."""
    lines = iter(line.rstrip() for line in printed)
    for line in expected:
        if line.strip() and line.rstrip() not in lines:
            return line
    return None


def main():
    edgesplit = pathlib.Path(sys.argv[1], "edgesplit")
    source = pathlib.Path(__file__).resolve().parents[2]
    checked, failed = set(), 0
    with tempfile.TemporaryDirectory() as folder:
        for page in (source / "README.md", source / "scenarios" / "README.md"):
            for name, block in BLOCK.findall(page.read_text(encoding="utf-8")):
                missing = first_missing(block.splitlines(), summary(edgesplit, source / "scenarios" / name, folder))
                checked.add(name)
                if missing is not None:
                    print(f"{page.name}: {name}: the summary does not print: {missing}")
                    failed += 1
    unchecked = {path.name for path in (source / "scenarios").glob("*.ini")} - checked
    if unchecked:
        print("scenarios without a table in a README:", *sorted(unchecked))
    return 1 if failed or unchecked else 0


if __name__ == "__main__":
    sys.exit(main())
