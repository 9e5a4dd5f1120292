"""Recorded links and a recorded server load in open mode: every request is accounted for, and the result depends on the
traces as functions of time only, neither on how they are cut into samples nor on anything that is not the scenario."""
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import harness  # noqa: E402

try:
    import h5py
    import numpy
except ImportError:
    h5py = None

COMPLETED, LATE, DROPPED = 0, 1, 2
PARTS = ("head_time", "device_queue_time", "uplink_queue_time", "uplink_time", "server_queue_time", "tail_time",
         "downlink_time")

# Longer than the first link's 120 s, so that it starts anew, and than one sample of the load, 300 s.
HEAD = """\
[scenario]
duration = 400s
[model]
name = efficientnet-b0
[device]
profile = device.profile
[server]
profile = server.profile
load_trace = {load}
{load_keys}
[uplink]
trace = {link}
propagation = 10ms
[downlink]
rate = 20Mbit/s
propagation = 10ms
[transfer]
result = 4kB
[workload]
arrivals = poisson
rate = 5/s
batch = 1, 2, 1
deadline = 250ms
"""
POLICIES = [
    "[policy no-offload]\n",
    "[policy full-offload]\n",
    "[policy static-split]\nsplit = best-hindsight\n",
    "[policy mean]\ntype = static-split\nsplit = best-mean\n",
    "[policy dynamic-split]\ncandidates = natural\n",
    "[policy last]\ntype = dynamic-split\nknowledge = last\ninitial_rate = 2Mbit/s\n",
    "[policy ewma]\ntype = dynamic-split\nknowledge = ewma\nhalf_life = 1s\ninitial_rate = 2Mbit/s\nprivacy = yes\n",
    "[policy oracle]\n",
]


def read_mahimahi(path):
    """Samples (start in us, bit/s) and end of a list of ms stamps of 1500 bytes each, its last one being the period."""
    stamps = [int(line) for line in path.read_text().split()]
    period = stamps[-1]
    counts = [0] * period
    for stamp in stamps:
        counts[stamp % period] += 1
    samples = [(1000 * ms, 12000 * 1000 * count) for ms, count in enumerate(counts)
               if ms == 0 or count != counts[ms - 1]]
    return samples, 1000 * period


def read_planetlab(path):
    percent = [int(line) for line in path.read_text().split()]
    return [(300_000_000 * i, value) for i, value in enumerate(percent)], 300_000_000 * len(percent)


def write_canonical(quantity, unit, samples, end):
    lines = [f"# quantity: {quantity}", f"# unit: {unit}", f"# duration: {end}us", "time_s,value"]
    lines += [f"{start // 10**6}.{start % 10**6:06},{value}" for start, value in samples]
    return "\n".join(lines) + "\n"


def cut_every_sample(samples, end):
    """Every sample as two equal ones of half its length."""
    ends = [start for start, _ in samples[1:]] + [end]
    return [(start, value) for (first, value), last in zip(samples, ends) for start in (first, (first + last) // 2)]


def join_halves(samples, end):
    """The first half of the time, and behind it the second, whose first sample goes on with the first half's last."""
    middle = end // 2
    first = [sample for sample in samples if sample[0] < middle]
    second = [(start - middle, value) for start, value in samples if start >= middle]
    if not second or second[0][0] > 0:
        second.insert(0, (0, first[-1][1]))
    return first + [(middle + start, value) for start, value in second]


class LtePlanetlab(harness.ProgramTest):
    def scenario(self, link, load, load_keys="load_format = planetlab", policies=POLICIES, head=HEAD):
        """Writes a scenario; returns its name."""
        text = head.format(link=link, load=load, load_keys=load_keys) + "".join(policies)
        return self.write(f"scenario{len(self.files())}.ini", text).name

    def steps(self, scenario, *arguments, **options):
        """Runs a scenario; returns {policy: {column: bytes}} with the cuts, and the summary likewise."""
        output = f"result{len(self.files())}.h5"
        self.run_scenario(scenario, output, *arguments, **options)
        table = {}
        with h5py.File(self.folder / output) as file:
            columns = {name: item for name, item in file.items() if getattr(item, "ndim", 0) == 2}
            columns |= {"summary/" + name: item for name, item in file["summary"].items()
                        if item.shape == file["policy"].shape and item.dtype != object}
            for p, policy in enumerate(file["policy"]):
                table[policy.decode()] = {name: item[p].tobytes() for name, item in columns.items()}
        self.assertEqual(len(table), len(POLICIES))
        self.assertGreater(len(table["oracle"]), 40)
        return table

    def assert_same(self, one, two, what):
        self.assertEqual(one.keys(), two.keys())
        different = [(policy, column) for policy, columns in one.items() for column in columns
                     if columns[column] != two[policy][column]]
        self.assertEqual(different, [], what)

    def check_accounts(self, scenario):
        """Every request is accounted for, in time and in number; returns how many were dropped."""
        self.run_scenario(scenario, "accounts.h5", "--force")
        with h5py.File(self.folder / "accounts.h5") as file:
            arrivals, status, latency = (file[name][()] for name in ("arrival_time", "status", "latency"))
            summary = {name: item[()] for name, item in file["summary"].items()}
            n_policies, n_steps = arrivals.shape
            self.assertGreater(n_steps, 1500)
            self.assertTrue((arrivals == arrivals[0]).all(), "every policy sees the same requests")
            self.assertTrue((file["batch"][()] == file["batch"][0]).all())
            self.assertTrue((arrivals[0] < 400).all() and (numpy.diff(arrivals[0]) >= 0).all())
            self.assertTrue((file["n_steps"][()] == n_steps).all())
            finished = (status == COMPLETED) | (status == LATE)
            for p in range(n_policies):
                self.assertEqual(summary["arrived"][p], n_steps)
                self.assertEqual(summary["arrived"][p],
                                 sum(summary[name][p] for name in ("completed", "dropped", "unfinished")))
                self.assertEqual(summary["completed"][p], finished[p].sum())
                self.assertEqual(summary["late"][p], (status[p] == LATE).sum())
                self.assertEqual(summary["dropped"][p], (status[p] == DROPPED).sum())
            self.assertTrue((summary["conservation_residual"] == 0).all() and (summary["little_residual"] == 0).all())
            parts = sum(file[name][()] for name in PARTS)
            self.assertTrue((abs(parts - latency)[finished] <= 1e-12 * numpy.maximum(1, latency[finished])).all())
            self.assertTrue(numpy.isnan(latency[~finished]).all())
            self.assertTrue((status[finished] == numpy.where(latency[finished] > 0.25, LATE, COMPLETED)).all())
            return int((status == DROPPED).sum())

    def test_requests_are_conserved(self):
        for link in LINKS:
            with self.subTest(link.name):
                self.assertEqual(self.check_accounts(self.scenario(link, LOAD)), 0)
                drop = HEAD.replace("deadline =", "on_deadline = drop\ndeadline =")
                self.assertGreater(self.check_accounts(self.scenario(link, LOAD, head=drop)), 0)

    def test_how_a_trace_is_cut_into_samples_does_not_show(self):
        load, load_end = read_planetlab(LOAD)
        for link_path in LINKS:
            link, link_end = read_mahimahi(link_path)
            reference = self.steps(self.scenario(link_path, LOAD))
            for what, change in {"converted": lambda samples, end: samples, "every sample in two": cut_every_sample,
                                 "two halves joined": join_halves}.items():
                with self.subTest(link_path.name, change=what):
                    self.write("link.csv", write_canonical("bandwidth", "bit/s", change(link, link_end), link_end))
                    self.write("load.csv", write_canonical("load", "%", change(load, load_end), load_end))
                    self.assert_same(reference, self.steps(self.scenario("link.csv", "load.csv", "")), what)

    def test_the_output_period_does_not_show(self):
        scenario = self.scenario(LINKS[0], LOAD)
        reference = self.steps(scenario)
        for period in "20ms", "0.3s", "1min", "1h":
            with self.subTest(period):
                self.assert_same(reference, self.steps(scenario, "-s", f"output.period={period}"), period)
        self.assert_same(reference, self.steps(scenario, "-s", "output.compression=none"), "compression")

    def test_the_environment_does_not_show(self):
        scenario = self.scenario(LINKS[0], LOAD)
        reference = self.run_scenario(scenario, "reference.h5")
        self.make_locale("de_DE.UTF-8")
        # glibc never frees its copy of LOCPATH, which sanitisers would count against us.
        ours = {"LOCPATH": str(self.folder), "ASAN_OPTIONS": "detect_leaks=0"}
        for i, environment in enumerate([{"LC_ALL": "de_DE.UTF-8", **ours},
                                         {"LC_ALL": "", "LANG": "de_DE.UTF-8", **ours},
                                         {"LC_ALL": "C.UTF-8"}, {"TZ": "Asia/Kathmandu"}]):
            with self.subTest(environment):
                self.assertEqual(reference, self.run_scenario(scenario, f"out{i}.h5", env=environment))

    def make_locale(self, name):
        """A locale with a decimal comma, which small installations lack; without localedef, whatever there is."""
        localedef = shutil.which("localedef")
        if localedef:
            subprocess.run([localedef, "-i", name.split(".")[0], "-f", "UTF-8", self.folder / name],
                           capture_output=True, check=False)

    def test_the_order_of_policies_does_not_show(self):
        reference = self.steps(self.scenario(LINKS[0], LOAD))
        for order in POLICIES[::-1], POLICIES[3:] + POLICIES[:3]:
            self.assert_same(reference, self.steps(self.scenario(LINKS[0], LOAD, policies=order)), "order")


def prepare():
    global LINKS, LOAD
    harness.need(h5py is not None, "there is no h5py")
    LINKS = [harness.shared_file("traces/mahimahi/ATT-LTE-driving-2016.up"),
             harness.shared_file("traces/mahimahi/TMobile-UMTS-driving.up")]
    LOAD = harness.shared_file("traces/planetlab/20110303/planet4_cc_gt_atl_ga_us_uw_oneswarm")


if __name__ == "__main__":
    harness.main(prepare)
