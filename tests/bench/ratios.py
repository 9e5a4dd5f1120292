"""What edgesplit takes for the benchmark models beside others that simulate them: one table of one interleaved run.

    python3 ratios.py BIN [--rounds 5] [--only WORD]

BIN is the folder of the programs. Every figure is the median over rounds in which all take turns, each by itself on one
core; nanoseconds are of processor time: of edgesplit all of `edgesplit run`, of the others only their loop. What is not
built here, for want of a package, is named and left out. The figures depend on the machine and on its neighbours: ratios
are what can be compared.
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE / "peers"
HOLD_SIZES = (10, 1000, 100_000, 1_000_000)
FLEETS = (1000, 100_000)
MILLION = 1_000_000


def run_pinned(command, cores):
    """What it prints, and what it took: seconds of the processor and of the clock, and its peak of memory in bytes."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, preexec_fn=lambda: os.sched_setaffinity(0, cores))
        _, status, usage = os.wait4(process.pid, 0)
        clock_s = time.perf_counter() - start
        if status != 0:
            sys.exit(f"failed: {' '.join(command)}")
        output.seek(0)
        return output.read(), usage.ru_utime + usage.ru_stime, clock_s, usage.ru_maxrss * 1024


class Peer:
    """A program that prints how many requests or events it did, in how many seconds, and what came out."""

    both_cores = False

    def __init__(self, model, kernel, *command):
        self.model, self.kernel, self.command = model, kernel, [str(word) for word in command]
        self.times_ns = []

    def is_there(self):
        if self.kernel == "SimPy":
            return subprocess.run([self.command[0], "-c", "import simpy"], capture_output=True).returncode == 0
        return pathlib.Path(self.command[0]).exists()

    def run(self, cores):
        n, seconds, self.outcome = run_pinned(self.command, cores)[0].split()
        self.times_ns.append(float(seconds) / float(n) * 1e9)

    @property
    def ns(self):
        return statistics.median(self.times_ns)


class Product(Peer):
    """`edgesplit run` of one of the scenarios here."""

    def __init__(self, binaries, model, kernel, scenario, n, *settings, sink="null", both_cores=False):
        settings = (f"scenario.steps={n}", *settings)
        command = [binaries / "edgesplit", "run", HERE / scenario, "-q", "--force", "--sink", sink]
        super().__init__(model, kernel, *command, *(word for setting in settings for word in ("-s", setting)))
        self.n, self.sink, self.both_cores, self.outcome = n, sink, both_cores, "-"

    def is_there(self):
        return True

    def run(self, cores):
        """Processor time; of the clock, where both cores are used."""
        with tempfile.TemporaryDirectory() as folder:
            output = ["-o", folder + "/out.h5"] if self.sink != "null" else []
            _, cpu_s, clock_s, self.peak_bytes = run_pinned(self.command + output, cores)
        self.times_ns.append((clock_s if self.both_cores else cpu_s) / self.n * 1e9)


def fleet(n):
    return [f"device.count={n}", f"server.servers={n // 4 + 1}", "uplink.stagger=137ms", "workload.max_backlog=16777216"]


def cases(binaries):
    """All of them, in the order of the table."""
    def product(model, kernel, scenario, n, *settings, **options):
        return Product(binaries, model, kernel, scenario, n, *settings, **options)

    def peers(model, n_devices, n):
        yield Peer(model, "hand-written loop", binaries / "bench_loop", n_devices, n)
        yield Peer(model, "std::priority_queue", binaries / "bench_queue", n_devices, n)
        yield Peer(model, "ns-3", binaries / "bench_ns3", n_devices, n // 4)
        if n_devices <= 1000:
            yield Peer(model, "SimPy", sys.executable, PEERS / "tandem_simpy.py", n_devices, n // 50)

    yield product("M/M/1", "edgesplit", "mm1.ini", 2 * MILLION)
    yield from peers("M/M/1", 0, 2 * MILLION)
    yield product("tandem", "edgesplit", "tandem.ini", 2 * MILLION)
    yield product("tandem", "edgesplit, 37 cuts scored", "dynamic.ini", 2 * MILLION)
    yield from peers("tandem", 1, 2 * MILLION)
    for n in FLEETS:
        model = f"fleet of {n}"
        yield product(model, "edgesplit", "tandem.ini", 2 * MILLION, *fleet(n))
        yield from peers(model, n, 2 * MILLION)
    yield product("output", "none", "dynamic.ini", 4 * MILLION)
    yield product("output", "none, with regret", "dynamic.ini", 4 * MILLION, "output.regret=yes")
    yield product("output", "HDF5, uncompressed", "dynamic.ini", 4 * MILLION, sink="hdf5")
    yield product("output", "HDF5, deflate, 2 cores", "dynamic.ini", 4 * MILLION, "output.compression=deflate", sink="hdf5",
                  both_cores=True)
    for k in (1, 2):
        yield product("replications", f"{k}, on 2 cores", "dynamic.ini", 4 * MILLION, f"scenario.replications={k}",
                      both_cores=True)
    for n in HOLD_SIZES:
        model = f"hold, n = {n}"
        yield Peer(model, "edgesplit", binaries / "bench_engine", n)
        yield Peer(model, "std::priority_queue", binaries / "bench_hold_std", "queue", n)
        yield Peer(model, "std::map", binaries / "bench_hold_std", "map", n)


def targets(found):
    """(what, is it so, the figure and its bound); without a figure where a part of it was not measured."""
    def ns(model, kernel):
        return found[model, kernel].ns

    def at_most(bound, value):
        return value <= bound, f"{value:.2f}, at most {bound:g}"

    def at_least(bound, value):
        return value >= bound, f"{value:.2f}, at least {bound:g}"

    def times(model, other, kernel="edgesplit"):
        return ns(model, other) / ns(model, kernel)

    def millions(model, kernel="edgesplit"):
        return 1e3 / ns(model, kernel)

    def bytes_a_device():
        small, large = (found[f"fleet of {n}", "edgesplit"].peak_bytes for n in FLEETS)
        return (large - small) / (FLEETS[1] - FLEETS[0])

    checks = [
        ("tandem, edgesplit over the hand-written loop", lambda: at_most(2, 1 / times("tandem", "hand-written loop"))),
        ("tandem, SimPy over edgesplit", lambda: at_least(100, times("tandem", "SimPy"))),
        ("tandem, ns-3 over edgesplit", lambda: at_least(3, times("tandem", "ns-3"))),
        ("tandem, million requests/s", lambda: at_least(9, millions("tandem"))),
        ("tandem, 37 cuts scored, million requests/s", lambda: at_least(5, millions("tandem", "edgesplit, 37 cuts scored"))),
        ("fleet of 1000, million requests/s", lambda: at_least(3, millions("fleet of 1000"))),
        ("fleet of 100000, million requests/s", lambda: at_least(0.6, millions("fleet of 100000"))),
        ("fleet, bytes for each further device and its requests in flight", lambda: (None, f"{bytes_a_device():.0f}")),
        ("HDF5 uncompressed, on top of the simulation", lambda: at_most(0.6, times("output", "HDF5, uncompressed", "none") - 1)),
        ("HDF5 deflate on 2 cores, million requests/s", lambda: at_least(1, millions("output", "HDF5, deflate, 2 cores"))),
        ("two replications on 2 cores over one", lambda: at_least(
            1.9, 2 * ns("replications", "1, on 2 cores") / ns("replications", "2, on 2 cores"))),
        ("hold, n = 10, std::map over edgesplit", lambda: at_least(4, times("hold, n = 10", "std::map"))),
        ("hold, n = 10, std::priority_queue over edgesplit", lambda: at_least(1, times("hold, n = 10", "std::priority_queue"))),
    ]
    for n in HOLD_SIZES[1:]:
        checks.append((f"hold, n = {n}, std::priority_queue over edgesplit",
                       lambda model=f"hold, n = {n}": at_least(2, times(model, "std::priority_queue"))))
    for what, check in checks:
        try:
            yield what, *check()
        except KeyError:
            yield what, None, None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binaries", type=pathlib.Path, metavar="BIN")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", metavar="WORD", help="models whose name has this word")
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    chosen = [case for case in cases(arguments.binaries.resolve()) if arguments.only in case.model]
    missing = sorted({case.kernel for case in chosen if not case.is_there()})
    if missing:
        print("not here, and left out:", ", ".join(missing))
    chosen = [case for case in chosen if case.kernel not in missing]
    for _ in range(arguments.rounds):
        for case in chosen:
            case.run(cores[-2:] if case.both_cores else cores[-1:])
    found = {(case.model, case.kernel): case for case in chosen}
    if os.getloadavg()[1] > len(cores):
        print(f"others use these {len(cores)} cores (load {os.getloadavg()[1]:.1f}): what is taken by the clock, on 2 cores, "
              "is worth nothing")
    first = {}
    print(f"{'model':15} {'by':26} {'ns each':>9} {'M/s':>8} {'ratio':>7}  mean, or last time")
    for case in chosen:
        base = first.setdefault(case.model, case.ns)
        print(f"{case.model:15} {case.kernel:26} {case.ns:9.1f} {1e3 / case.ns:8.3f} {case.ns / base:7.2f}  {case.outcome}")
    print()
    for what, holds, figure in targets(found):
        if figure is not None:
            print(f"{ {True: 'holds', False: 'MISSED', None: ''}[holds]:7} {what}: {figure}")


if __name__ == "__main__":
    main()
