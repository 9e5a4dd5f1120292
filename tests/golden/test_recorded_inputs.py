"""The scenario of the README with nothing but recorded inputs, exactly as it stands there: a mahimahi uplink, a
PlanetLab load and the requests of an Azure service; and with jobs of others that queue at the server instead of a load
that slows it and a recorded delay of the uplink."""
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
DELAYS = "traces/irish5g/Download__Driving__B_2020.02.14_12.58.17.csv"
DURATION_S = 900
JOB_S = 0.1
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
        for name in INPUTS:
            self.assertIn(f"trace = {name}", text)
        self.inputs(text)
        first = self.run_scenario("recorded.ini", "recorded.h5")
        self.assertEqual(first, self.run_scenario("recorded.ini", "again.h5"))
        expected = arrivals_of(FILES[INPUTS["requests.csv"]])
        self.assertGreater(len(expected), 8000)
        with h5py.File(self.folder / "recorded.h5") as file:
            self.check(file, expected)
            self.assertEqual([role.decode() for role in file["inputs/input"]], INPUT_ROLES)

    def inputs(self, text):
        for name, path in INPUTS.items():
            (self.folder / name).symlink_to(FILES[path])
        self.write("slow.profile", self.read("device.profile"))
        self.write("fast.profile", self.read("server.profile"))
        self.write("recorded.ini", text)

    def test_jobs_of_others_queue_and_delays_vary(self):
        """Requests that are sent whole: Lindley's recursion over their tails and the jobs of others, which come when the
        service's own requests do, and delays read from the trace at the time a message has left."""
        text = scenario_of_readme().replace("load_trace = vm1", f"background_trace = requests.csv\nbackground_time = {JOB_S}s")
        text = text.replace("[policy dynamic-split]\ncandidates = natural", "[policy full-offload]")
        self.inputs(text.replace("propagation = 10ms", "propagation_trace = delays"))
        (self.folder / "delays").symlink_to(FILES[DELAYS])
        self.expect(self.call("trace", "import", "-q", "--quantity", "latency", "delays", "-o", "delays.csv"), 0)
        self.write("instant.ini", text.replace("propagation = 10ms", ""))
        columns = {name: self.rows_of_full_offload(name) for name in ("recorded", "instant")}
        self.check_server(columns["recorded"])
        self.check_delays(columns["recorded"], columns["instant"])

    def rows_of_full_offload(self, name):
        self.run_scenario(f"{name}.ini", f"{name}.h5", "-s", f"scenario.duration={DURATION_S}s")
        with h5py.File(self.folder / f"{name}.h5") as file:
            p = list(file["policy"].asstr()).index("full-offload")
            self.assertTrue(numpy.isin(file["status"][p, : file["n_steps"][p]], FINISHED).all())
            return {column: file[column][p, : file["n_steps"][p]] for column in ("arrival_time", *PARTS)}

    def check_server(self, rows):
        joins = rows["arrival_time"] + sum(rows[name] for name in PARTS[:4])
        jobs = arrivals_of(FILES[INPUTS["requests.csv"]])
        times = numpy.concatenate([joins, jobs])
        service = numpy.concatenate([rows["tail_time"], numpy.full(jobs.size, JOB_S)])
        waits, idle_from = numpy.empty(times.size), 0.0
        for i in numpy.argsort(times, kind="stable"):
            waits[i] = max(0.0, idle_from - times[i])
            idle_from = times[i] + waits[i] + service[i]
        waits = waits[: joins.size]
        self.assertGreater((waits > 0).mean(), 0.2)
        self.assertLess(abs(rows["server_queue_time"] - waits).max(), 1e-6)

    def check_delays(self, rows, instant):
        left = sum(instant[name] for name in ("arrival_time", *PARTS[:4]))
        text = self.read("delays.csv").decode()
        period_s = float(re.search(r"(?m)^# duration: (\S+)s$", text)[1])
        samples = [row for row in csv.reader(line for line in text.splitlines() if not line.startswith("#"))][1:]
        times, values = (numpy.array([float(row[i]) for row in samples]) for i in (0, 1))
        delays = values[numpy.searchsorted(times, left % period_s, side="right") - 1]
        joins = numpy.maximum.accumulate(left + delays)  # nothing overtakes
        self.assertGreater(delays.max() - delays.min(), 0.2)
        self.assertLess(abs(rows["arrival_time"] + sum(rows[name] for name in PARTS[:4]) - joins).max(), 1e-6)

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
    FILES = {path: harness.shared_file(path) for path in (*INPUTS.values(), DELAYS)}


if __name__ == "__main__":
    harness.main(prepare)
