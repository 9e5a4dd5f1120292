"""What edgesplit takes for the benchmark models beside others that simulate them: one table of one interleaved run.

    python3 ratios.py BIN [--rounds 5] [--only WORD]

BIN is the folder of the programs. Every figure is the median over rounds in which all take turns, each program by itself
on one core; nanoseconds are of processor time. What is not built here, for want of a package, is named and left out. The
figures themselves depend on the machine and on its neighbours: ratios are what can be compared.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE / "peers"
HOLD_SIZES = (10, 1000, 100_000, 1_000_000)
FLEETS = (1000, 100_000)


class Case:
    """One program on one model; `n` is the size of the run, requests or events are counted by the program itself."""

    def __init__(self, model, kernel, command, both_cores=False):
        self.model, self.kernel, self.command, self.both_cores = model, kernel, [str(word) for word in command], both_cores
        self.runs = []

    def run(self, core):
        def pin():
            if not self.both_cores:
                os.sched_setaffinity(0, {core})
        result = subprocess.run(self.command, preexec_fn=pin, capture_output=True, text=True)
        if result.returncode != 0:
            sys.exit(f"{' '.join(self.command)} ended with {result.returncode}: {result.stderr}")
        self.runs.append([float(word) for word in result.stdout.split()])

    def median(self, field):
        return statistics.median(run[field] for run in self.runs)

    @property
    def ns(self):
        """Per request; where both cores were used, of the clock."""
        return self.median(2 if self.both_cores else 1) / self.median(0) * 1e9


def product(binaries, model, kernel, scenario, n, *overrides, sink="null", **options):
    return Case(model, kernel, [binaries / "bench_run", HERE / scenario, sink, f"scenario.steps={n}", *overrides], **options)


def fleet(n):
    return [f"device.count={n}", f"server.servers={n // 4 + 1}", "uplink.stagger=137ms", "workload.max_backlog=16777216"]


def cases(binaries):
    """All of them, in the order of the table."""
    def peers(model, n_devices, n, slow=1.0):
        yield Case(model, "hand-written loop", [binaries / "bench_loop", n_devices, n])
        yield Case(model, "std::priority_queue", [binaries / "bench_queue", n_devices, n])
        yield Case(model, "ns-3", [binaries / "bench_ns3", n_devices, n // 4])
        if slow:
            yield Case(model, "SimPy", [sys.executable, PEERS / "tandem_simpy.py", n_devices, int(n // 50 * slow)])

    million = 1_000_000
    yield product(binaries, "M/M/1", "edgesplit", "mm1.ini", 2 * million)
    yield from peers("M/M/1", 0, 2 * million)
    yield product(binaries, "tandem", "edgesplit", "tandem.ini", 2 * million)
    yield product(binaries, "tandem", "edgesplit, 37 cuts scored", "dynamic.ini", 2 * million)
    yield from peers("tandem", 1, 2 * million)
    for n in FLEETS:
        yield product(binaries, f"fleet of {n}", "edgesplit", "tandem.ini", 2 * million, *fleet(n))
        yield from peers(f"fleet of {n}", n, 2 * million, 1.0 if n <= 1000 else 0)
    yield product(binaries, "output", "null sink", "dynamic.ini", 2 * million)
    yield product(binaries, "output", "HDF5, uncompressed", "dynamic.ini", 2 * million, sink="hdf5")
    yield product(binaries, "output", "HDF5, compressed, 2 cores", "dynamic.ini", 2 * million, "output.compression=deflate",
                  sink="hdf5", both_cores=True)
    for k in (1, 2):
        yield product(binaries, "replications", f"{k} on 2 cores", "dynamic.ini", million, f"scenario.replications={k}",
                      both_cores=True)
    for n in HOLD_SIZES:
        model = f"hold, n = {n}"
        yield Case(model, "edgesplit", [binaries / "bench_engine", n])
        yield Case(model, "std::priority_queue", [binaries / "bench_hold_std", "queue", n])
        yield Case(model, "std::map", [binaries / "bench_hold_std", "map", n])


def is_there(case):
    program = pathlib.Path(case.command[0])
    if case.kernel == "SimPy":
        return subprocess.run([program, "-c", "import simpy"], capture_output=True).returncode == 0
    return program.exists()


def targets(found):
    """(what, is it so, the figure and its bound); where a part was not measured, none."""
    def ns(model, kernel):
        return found[model, kernel].ns

    def at_most(bound, value):
        return value <= bound, f"{value:.2f}, at most {bound:g}"

    def at_least(bound, value):
        return value >= bound, f"{value:.2f}, at least {bound:g}"

    def memory(more, less):
        return (found[more].median(5) - found[less].median(5)) * 1024

    checks = [
        ("tandem, times the hand-written loop", lambda: at_most(2, ns("tandem", "edgesplit") / ns("tandem", "hand-written loop"))),
        ("tandem, SimPy over edgesplit", lambda: at_least(100, ns("tandem", "SimPy") / ns("tandem", "edgesplit"))),
        ("tandem, ns-3 over edgesplit", lambda: at_least(3, ns("tandem", "ns-3") / ns("tandem", "edgesplit"))),
        ("tandem, Mreq/s", lambda: at_least(9, 1e3 / ns("tandem", "edgesplit"))),
        ("tandem, 37 cuts scored, Mreq/s", lambda: at_least(5, 1e3 / ns("tandem", "edgesplit, 37 cuts scored"))),
        ("fleet of 1000, Mreq/s", lambda: at_least(3, 1e3 / ns("fleet of 1000", "edgesplit"))),
        ("fleet of 100000, Mreq/s", lambda: at_least(0.6, 1e3 / ns("fleet of 100000", "edgesplit"))),
        ("HDF5 uncompressed, share of the simulation on top", lambda: at_most(
            0.6, ns("output", "HDF5, uncompressed") / ns("output", "null sink") - 1)),
        ("HDF5 compressed on 2 cores, Mreq/s", lambda: at_least(1, 1e3 / ns("output", "HDF5, compressed, 2 cores"))),
        ("two replications on 2 cores, times one", lambda: at_least(
            1.9, ns("replications", "1 on 2 cores") / ns("replications", "2 on 2 cores"))),
        ("bytes for each further device", lambda: at_most(
            512, memory(("fleet of 100000", "edgesplit"), ("fleet of 1000", "edgesplit")) / (FLEETS[1] - FLEETS[0]))),
        ("hold, n = 10, std::map over edgesplit", lambda: at_least(4, ns("hold, n = 10", "std::map") / ns("hold, n = 10", "edgesplit"))),
        ("hold, n = 10, std::priority_queue over edgesplit", lambda: at_least(
            1, ns("hold, n = 10", "std::priority_queue") / ns("hold, n = 10", "edgesplit"))),
    ]
    for n in HOLD_SIZES[1:]:
        checks.append((f"hold, n = {n}, std::priority_queue over edgesplit", lambda model=f"hold, n = {n}": at_least(
            2, ns(model, "std::priority_queue") / ns(model, "edgesplit"))))
    for what, check in checks:
        try:
            yield what, *check()
        except KeyError as absent:
            yield what, None, f"not measured: no {' '.join(absent.args[0])}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binaries", type=pathlib.Path, metavar="BIN")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", metavar="WORD", help="models whose name has this word")
    arguments = parser.parse_args()
    core = max(os.sched_getaffinity(0))
    chosen = [case for case in cases(arguments.binaries.resolve()) if arguments.only in case.model]
    missing = sorted({case.kernel for case in chosen if not is_there(case)})
    if missing:
        print("not here, and left out:", *missing)
    chosen = [case for case in chosen if case.kernel not in missing]
    for _ in range(arguments.rounds):
        for case in chosen:
            case.run(core)
    found = {(case.model, case.kernel): case for case in chosen}
    first = {}
    print(f"{'model':16} {'by':26} {'ns each':>9} {'M/s':>8} {'ratio':>7}  mean or end")
    for case in chosen:
        base = first.setdefault(case.model, case.ns)
        print(f"{case.model:16} {case.kernel:26} {case.ns:9.1f} {1e3 / case.ns:8.3f} {case.ns / base:7.2f}  "
              f"{case.median(3 if len(case.runs[0]) > 3 else 2):.9g}")
    print()
    for what, holds, figure in targets(found):
        if holds is not None or not arguments.only:
            print(f"{ {True: 'holds', False: 'MISSED', None: '-'}[holds]:7} {what}: {figure}")


if __name__ == "__main__":
    main()
