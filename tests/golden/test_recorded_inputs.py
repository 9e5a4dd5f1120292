"""The scenario of the README with nothing but recorded inputs, exactly as it stands there: a mahimahi uplink, a
PlanetLab load and the requests of an Azure service."""
import csv
import datetime
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import harness  # noqa: E402

try:
    import h5py
    import numpy
except ImportError:
    h5py = None

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
# What the scenario calls them, and which of ours stand for them.
INPUTS = {"lte.up": "traces/mahimahi/ATT-LTE-driving-2016.up",
          "vm1": "traces/planetlab/20110303/planet4_cc_gt_atl_ga_us_uw_oneswarm",
          "requests.csv": "traces/azure-llm/AzureLLMInferenceTrace_code.csv"}
INPUT_ROLES = ["device profile", "server profile", "uplink trace", "arrivals trace", "server load trace"]
FINISHED = (0, 1)
PARTS = ("head_time", "device_queue_time", "uplink_queue_time", "uplink_time", "server_queue_time", "tail_time",
         "downlink_time")


def scenario_of_readme():
    return re.search(r"<!-- recorded\.ini -->\n```ini\n(.*?)```", README.read_text(), re.DOTALL)[1]


def arrivals_of(path):
    """Seconds since the first request of the table, exactly as its dates say."""
    nanoseconds = []
    with open(path, newline="") as file:
        for row in csv.DictReader(file):
            whole, _, fraction = row["TIMESTAMP"].partition(".")
            date = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
            nanoseconds.append(int(date.timestamp()) * 10**9 + int(fraction.ljust(9, "0")[:9] or 0))
    nanoseconds.sort()
    return numpy.array([(time - nanoseconds[0]) / 1e9 for time in nanoseconds])


class RecordedInputs(harness.ProgramTest):
    def test_scenario_of_the_readme(self):
        text = scenario_of_readme()
        for name, path in INPUTS.items():
            self.assertIn(f"trace = {name}", text)
            (self.folder / name).symlink_to(FILES[path])
        self.write("slow.profile", self.read("device.profile"))
        self.write("fast.profile", self.read("server.profile"))
        self.write("recorded.ini", text)
        first = self.run_scenario("recorded.ini", "recorded.h5")
        self.assertEqual(first, self.run_scenario("recorded.ini", "again.h5"))
        expected = arrivals_of(FILES[INPUTS["requests.csv"]])
        self.assertGreater(len(expected), 8000)
        with h5py.File(self.folder / "recorded.h5") as file:
            self.check(file, expected)
            self.assertEqual([role.decode() for role in file["inputs/input"]], INPUT_ROLES)

    def check(self, file, expected):
        arrivals, status, latency = (file[name][()] for name in ("arrival_time", "status", "latency"))
        summary = {name: item[()] for name, item in file["summary"].items()}
        finished = numpy.isin(status, FINISHED)
        parts = sum(file[name][()] for name in PARTS)
        for p in range(len(arrivals)):
            n = int(file["n_steps"][p])
            self.assertEqual(n, len(expected), "no policy is saturated")
            self.assertTrue((arrivals[p][:n] == expected).all(), "the requests are those of the trace")
            self.assertEqual(summary["arrived"][p], n)
            self.assertEqual(n, sum(summary[name][p] for name in ("completed", "dropped", "unfinished")))
            self.assertEqual(summary["completed"][p], finished[p][:n].sum())
        self.assertTrue((summary["conservation_residual"] == 0).all() and (summary["little_residual"] == 0).all())
        self.assertTrue((abs(parts - latency)[finished] <= 1e-12 * numpy.maximum(1, latency[finished])).all())


def prepare():
    global FILES
    harness.need(h5py is not None, "there is no h5py")
    FILES = {path: harness.shared_file(path) for path in INPUTS.values()}


if __name__ == "__main__":
    harness.main(prepare)
