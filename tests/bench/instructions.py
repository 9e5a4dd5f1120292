"""How many instructions a request of the tandem takes, counted by callgrind: no more than 5 % above what stands below.

    python3 instructions.py EDGESPLIT BUILD

A run of 2 n requests less one of n, over n: start and end cancel out. BUILD names compiler, processor and build type; the
count is of one of them, so with another one the test is skipped. It always prints what it counts: when a change is worth
its instructions, or saves some, the number below is set anew.
"""
import pathlib
import re
import shutil
import subprocess
import sys

EXPECTED = {"GNU 12.2.0 x86_64 Release": 1401}
MARGIN = 0.05
N_REQUESTS = 50_000  # behind it every table and buffer has its size
SKIPPED = 77


def count(program, n_requests):
    scenario = pathlib.Path(__file__).resolve().parent / "tandem.ini"
    result = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", program, "run", "-q", scenario,
                             "--sink", "null", "-s", f"scenario.steps={n_requests}"], capture_output=True, text=True)
    counted = re.search(r"Collected : (\d+)", result.stderr)
    if result.returncode != 0 or counted is None:
        sys.exit(f"callgrind ended with {result.returncode}: {result.stderr}")
    return int(counted[1])


def main():
    program, build = sys.argv[1:]
    if shutil.which("valgrind") is None or "sanitised" in build:
        print("skipped: no valgrind" if "sanitised" not in build else "skipped: a sanitised build")
        return SKIPPED
    per_request = (count(program, 2 * N_REQUESTS) - count(program, N_REQUESTS)) / N_REQUESTS
    expected = EXPECTED.get(build)
    print(f"{per_request:.1f} instructions for each request, {build}; expected {expected}")
    if expected is None:
        print("skipped: there is no count for this compiler, processor and build type")
        return SKIPPED
    return 0 if per_request <= expected * (1 + MARGIN) else 1


if __name__ == "__main__":
    sys.exit(main())
