"""Nineteen hundred random scenarios agree, request by request and to a microsecond, with the same systems in SimPy.

simpy_model.py knows what the documents say is computed, not how edgesplit does it. Without SimPy or h5py: skipped. The
first scenario that does not agree is printed with all its files. ONE_OF in the environment: only every so many-th of
them, where programs are slow.
"""
import os
import pathlib
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import harness  # noqa: E402

try:
    import h5py
    import numpy

    import random_scenarios
    import simpy_model
    absent = None
except ImportError as error:
    absent = error.name

N_ALONE, N_FLEETS, N_TIERS, N_EXITS = 200, 800, 300, 300
ONE_OF = int(os.environ.get("ONE_OF", 1))
TOLERANCE_S = 1e-6

# Columns of the result, and what the model calls them.
TIMES = {"arrival_time": "arrival", "latency": "latency", "head_time": "head", "device_queue_time": "device_wait",
         "uplink_queue_time": "uplink_wait", "uplink_time": "uplink", "server_queue_time": "server_wait",
         "tail_time": "tail", "downlink_time": "downlink"}
COUNTS = {"batch": "batch", "split_index": "cut", "uplink_bytes": "bytes", "status": "status"}
TIMES_OF_TIERS = {"backhaul_queue_time": "backhaul_wait", "backhaul_time": "backhaul", "cloud_queue_time": "cloud_wait",
                  "cloud_time": "cloud"}
COUNTS_OF_TIERS = {"backhaul_bytes": "backhaul_bytes"}


def rows_of(file, policy):
    """[device]{column: values} of a policy, in order of arrival."""
    names = list(file["policy"].asstr())
    p = names.index(policy)
    n = int(file["n_steps"][p])
    device = file["device"][p, :n] if "device" in file else numpy.zeros(n, int)
    optional = [name for name in (*TIMES_OF_TIERS, *COUNTS_OF_TIERS, "exit") if name in file]
    columns = {name: file[name][p, :n] for name in (*TIMES, *COUNTS, *optional)}
    return lambda i: {name: values[device == i] for name, values in columns.items()}


def differences(rows, requests):
    """What is not the same about a device's requests, one line for each column."""
    n = len(rows["status"])
    if n != len(requests):
        yield f"{n} requests; in SimPy {len(requests)}"
        return
    for names, kind in ((TIMES | TIMES_OF_TIERS, float), (COUNTS | COUNTS_OF_TIERS, int)):
        for column, attribute in names.items():
            if column not in rows:
                continue
            expected = numpy.array([numpy.nan if getattr(request, attribute) is None else getattr(request, attribute)
                                    for request in requests], float)
            if kind is float:
                expected /= simpy_model.SECOND
            wrong = numpy.flatnonzero(~numpy.isclose(rows[column].astype(float), expected, rtol=0, equal_nan=True,
                                                     atol=TOLERANCE_S if kind is float else 0))
            if len(wrong):
                i = wrong[0]
                yield f"request {i} of {n}: {column} is {rows[column][i]!r}; in SimPy {expected[i]!r}"


def exits_of(rows, n_devices):
    """[device][request] which exit was taken, from 0 on."""
    return [rows(i)["exit"].astype(int) - 1 for i in range(n_devices)]


class SimPy(harness.ProgramTest):
    def disagreements(self, scenario):
        for name, text in scenario.files.items():
            self.write(name, text)
        result = self.call("run", "scenario.ini", "-o", "out.h5", "-q", "--force")
        if result.returncode != 0:
            return [result.stderr]
        found = []
        with h5py.File(self.folder / "out.h5") as file:
            for policy in scenario.policies:
                rows = rows_of(file, policy.name)
                n_devices = sum(group.n_devices for group in scenario.system.groups)
                drawn = exits_of(rows, n_devices) if "exit" in file else None
                for i, requests in enumerate(simpy_model.World(scenario.system, policy, drawn).run()):
                    self.n_requests += len(requests)
                    self.n_beyond += sum(request.cloud > 0 and request.tail > 0 for request in requests)
                    found += [f"{policy.name}, device {i}, {line}" for line in differences(rows(i), requests)]
        return found

    def check(self, numbers, fleets, tiers=False, exits=False):
        """`exits`: early exits, and one scenario in three is not of a fleet."""
        self.n_requests, self.n_beyond, disagreeing, first = 0, 0, [], None
        for number in numbers:
            scenario = random_scenarios.make(number, fleets if not exits else number % 3 > 0, tiers, exits)
            found = self.disagreements(scenario)
            if found:
                disagreeing.append(number)
                first = first or f"{scenario}\nscenario {number}:\n" + "\n".join(found[:10])
        self.assertEqual(disagreeing, [], first)
        self.assertGreater(self.n_requests, 20 * len(numbers), "the scenarios are too small to tell anything")

    def test_one_device(self):
        self.check(range(0, N_ALONE, ONE_OF), False)

    def test_fleets(self):
        self.check(range(0, N_FLEETS, ONE_OF), True)

    def test_three_tiers(self):
        self.check(range(0, N_TIERS, ONE_OF), False, True)
        self.assertGreater(self.n_beyond, 0, "no request was computed on server and cloud")
        self.check(range(0, N_TIERS, ONE_OF), True, True)
        self.assertGreater(self.n_beyond, 0, "no request was computed on server and cloud")

    def test_early_exits(self):
        self.check(range(0, N_EXITS, ONE_OF), True, exits=True)


def prepare():
    harness.need(absent is None, f"Python has no {absent}")
    if os.access("/dev/shm", os.W_OK):  # a thousand results that need not reach a disk
        tempfile.tempdir = "/dev/shm"


if __name__ == "__main__":
    harness.main(prepare)
