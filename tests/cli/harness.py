"""What the tests of the programs share: a folder per test with inputs of our own, and the programs as users call them.

A test file is run as `python3 test_X.py BIN [SHARED] [unittest options]`: the folder of the programs, and the folder of
data that is not ours to ship. Exit code 77: nothing could be tested here.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

SKIPPED = 77
N_CUTS = 17  # cuts behind the stem and the 16 blocks of EfficientNet-B0, which the profiles below time

bin_folder = None  # set by main()
shared_folder = None

SCENARIO = """\
[scenario]
duration = 20s
[model]
name = efficientnet-b0
[device]
profile = device.profile
[server]
profile = server.profile
[uplink]
rate = 8Mbit/s
[workload]
arrivals = poisson
rate = 4/s
[policy no-offload]
[policy dynamic-split]
"""

# Of what is repeated, one in so many is enough: in the sanitised build, where each takes ten times as long.
ONE_OF = int(os.environ.get("ONE_OF", "1"))

# A study of 2000 runs of a fraction of a millisecond each.
N_TINY_RUNS = 100 * (20 // min(ONE_OF, 5))
TINY_RUNS = SCENARIO.replace("duration = 20s", "steps = 5") \
    .replace("rate = 8Mbit/s", "rate = ${rate=1..10}Mbit/s") \
    .replace("rate = 4/s", "rate = ${arrivals=1..10}/s") + f"[sweep]\nrepeat = {N_TINY_RUNS // 100}\n"


def profile_text(kind, unit_s, batches=(1, 2, 4), model="efficientnet-b0"):
    """A profile of heads or tails, in which every unit takes unit_s for one image."""
    lines = [f"# model: {model}", "# kind: modelled", "# granularity: block",
             "kind,index,name,op,batch,n,median_s,p05_s,p95_s,min_s,mean_s,std_s,out_elems"]
    for batch in batches:
        scale = unit_s * (0.5 + 0.5 * batch)
        lines.append(f"whole,0,,,{batch},1,{scale * (N_CUTS + 3)!r},,,,,,")
        for cut in range(1, N_CUTS + 1):
            units = cut if kind == "head" else N_CUTS + 3 - cut
            lines.append(f"{kind},{cut},,,{batch},1,{scale * units!r},,,,,,")
    return "\n".join(lines) + "\n"


def numpy_and_xarray():
    """Both modules; where one is missing, what wants them is skipped."""
    try:
        import netCDF4  # noqa: F401  first: its import warns
        import numpy
        import xarray
    except ImportError as error:
        raise unittest.SkipTest(str(error)) from error
    return numpy, xarray


class ProgramTest(unittest.TestCase):
    """A test in a folder of its own, with the profiles that SCENARIO names."""

    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="edgesplit-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.write("device.profile", profile_text("head", 0.004))
        self.write("server.profile", profile_text("tail", 0.001))

    def write(self, name, content):
        """Writes a file of text or bytes, folders in between included; returns its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def read(self, name):
        return (self.folder / name).read_bytes()

    def files(self):
        """The names of all files and folders here."""
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}

    def start(self, *arguments, program="edgesplit", env=None, cwd=None, **options):
        """Starts a program in the test's folder, without the caller's locale and settings."""
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(self.folder), "LC_ALL": "C"}
        environment.update({key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")})
        environment.update(env or {})
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True,
                   "encoding": "utf-8", "errors": "backslashreplace", **options}
        return subprocess.Popen([str(bin_folder / program), *map(str, arguments)], env=environment,
                                cwd=cwd or self.folder, **options)

    def call(self, *arguments, timeout=240, **options):
        """Runs a program to its end: a CompletedProcess with returncode, stdout and stderr."""
        process = self.start(*arguments, **options)
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.fail(f"{arguments} did not end within {timeout} s")
        return subprocess.CompletedProcess(arguments, process.returncode, stdout, stderr)

    def expect(self, result, code, stderr_lines=None):
        """Checks the exit code and, if given, that stderr is just these lines: one regular expression each."""
        shown = f"{result.args}\nstdout: {result.stdout}\nstderr: {result.stderr}"
        self.assertEqual(result.returncode, code, shown)
        if stderr_lines is None:
            return
        lines = result.stderr.splitlines()
        self.assertEqual(len(lines), len(stderr_lines), shown)
        for line, expression in zip(lines, stderr_lines):
            self.assertRegex(line, f"^(?:{expression})$")

    def mount(self, name, size):
        """A small file system of its own under that name until the test ends; skips the test where none can be had."""
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)],
                                 capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest("no file system can be mounted here")
        self.addCleanup(subprocess.run, ["umount", str(folder)], check=True)
        return folder

    def remount(self, folder, options):
        subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)

    def output(self, *arguments, **options):
        """What a call that has to succeed prints on stdout; nothing on stderr."""
        result = self.call(*arguments, **options)
        self.expect(result, 0, [])
        return result.stdout

    def run_scenario(self, scenario, output, *arguments, cwd=None, **options):
        """A run that has to succeed; returns the bytes of its result."""
        self.expect(self.call("run", scenario, "-o", output, *arguments, cwd=cwd, **options), 0)
        return pathlib.Path(cwd or self.folder, output).read_bytes()


def need(condition, reason):
    """Skips the whole file unless the condition holds."""
    if not condition:
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)


def shared_file(name):
    """A file of the folder of data that is not ours to ship; skips the whole file where it is absent."""
    path = shared_folder / name if shared_folder else None
    need(path is not None and path.exists(), f"there is no {name} in {shared_folder or 'a folder of shared data'}")
    return path.resolve()


def main(prepare=None):
    """Runs the tests of the calling file; `prepare`, if given, may look for what they need before."""
    global bin_folder, shared_folder
    words = sys.argv[1:]
    folders = [words.pop(0) for _ in range(2) if words and not words[0].startswith("-")]
    if not folders:
        sys.exit(f"usage: {sys.argv[0]} BIN [SHARED] [unittest options]")
    bin_folder = pathlib.Path(folders[0]).resolve()
    shared_folder = pathlib.Path(folders[1]).resolve() if len(folders) > 1 else None
    if prepare is not None:
        prepare()
    unittest.main(module="__main__", argv=[sys.argv[0], *words])
