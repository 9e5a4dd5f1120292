"""Results of three tiers: who reads them, and what they hold."""
import csv
import io
import json

import harness
from harness import SCENARIO, ProgramTest, profile_text

try:
    import h5py
    import numpy as np
except ImportError:
    h5py = None

INVALID = 65
CLOUD = "[cloud]\nprofile = cloud.profile\n[backhaul]\nrate = {}\npropagation = 5ms\n"
TIERS = SCENARIO + CLOUD.format("20Mbit/s") + "[policy pair]\ntype = static-split\nsplit = block3+block9\n"
OF_TIERS = {"backhaul_queue_time", "backhaul_time", "backhaul_bytes", "cloud_queue_time", "cloud_time"}
PARTS = ("head_time", "device_queue_time", "uplink_queue_time", "uplink_time", "server_queue_time", "tail_time",
         "backhaul_queue_time", "backhaul_time", "cloud_queue_time", "cloud_time", "downlink_time")


def names_of(group):
    return {name for name in group if isinstance(group[name], h5py.Dataset)}


class Tiers(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("cloud.profile", profile_text("tail", 0.0001))

    def test_what_a_result_holds(self):
        self.write("two.ini", SCENARIO)
        self.write("three.ini", TIERS)
        self.run_scenario("two.ini", "two.h5", "-q")
        self.run_scenario("three.ini", "three.h5", "-q")
        with h5py.File(self.folder / "two.h5") as two, h5py.File(self.folder / "three.h5") as three:
            self.assertEqual(names_of(three) - names_of(two), OF_TIERS)
            self.assertEqual(names_of(three["summary"]) - names_of(two["summary"]), {name + "_mean" for name in OF_TIERS})
            self.assertEqual(names_of(three["cuts"]) - names_of(two["cuts"]),
                             {"second_last_layer", "backhaul_bytes", "cloud_time"})
            self.assertEqual(list(two["summary/station"].asstr()), ["device", "uplink", "server", "downlink"])
            self.assertEqual(list(three["summary/station"].asstr()),
                             ["device", "uplink", "server", "downlink", "backhaul", "cloud"])
            self.assertEqual(three["series/utilisation"].shape[1], 6)
            self.assertIn("cloud profile", three["inputs/input"].asstr()[...])
            n = two["cuts/cut"].size
            self.assertEqual(three["cuts/cut"].size, n * (n + 1) // 2)
            names = list(three["cuts/name"].asstr())
            p, pair = list(three["policy"].asstr()).index("pair"), names.index("block3+block9")
            self.assertTrue((three["split_index"][p] == pair).all())
            np.testing.assert_allclose(sum(three[name][...] for name in PARTS), three["latency"][...], rtol=1e-12)
            layers = two["cuts/last_layer"][...]
            first, second = three["cuts/last_layer"][...], three["cuts/second_last_layer"][...]
            self.assertEqual((first[pair], second[pair]), (layers[4], layers[10]))
            sent = two["cuts/uplink_bytes"][:, 0]  # what crosses a place is the same on either link
            np.testing.assert_array_equal(three["cuts/uplink_bytes"][:, 0], sent[np.searchsorted(layers, first)])
            np.testing.assert_array_equal(three["cuts/backhaul_bytes"][:, 0], sent[np.searchsorted(layers, second)])
            resolved = three["scenario_resolved"].asstr()[()]
            self.assertIn("[backhaul]", resolved)
            self.assertNotIn("[backhaul]", two["scenario_resolved"].asstr()[()])

    def test_readers(self):
        self.write("three.ini", TIERS)
        self.run_scenario("three.ini", "three.h5", "-q")
        self.assertEqual(self.output("verify", "-q", "three.h5"), "three.h5: the same, bit for bit\n")
        self.expect(self.call("explain", "three.h5", "--step", "0"), INVALID,
                    ["three.h5: has three tiers; explain reads results of two"])
        for words in (("summary",), ("compare",), ("report", "-o", "three.html")):
            self.assertEqual(self.call(words[0], "three.h5", *words[1:]).returncode, 0, words)
        self.assertIn("cloud and the wait for it", self.read("three.html").decode())
        rows = list(csv.DictReader(io.StringIO(self.output("export", "three.h5", "--csv", "--policy", "pair"))))
        with h5py.File(self.folder / "three.h5") as file:
            p = list(file["policy"].asstr()).index("pair")
            for name in OF_TIERS:
                np.testing.assert_array_equal([float(row[name]) for row in rows], file[name][p])
            arrival = file["arrival_time"][p, 0]
            times = {name: file[name][p, 0] for name in PARTS}
        slices = [event for event in json.loads(self.output("export", "three.h5", "--chrome", "--policy", "pair",
                                                            "--steps", "0..0"))["traceEvents"] if event["ph"] == "X"]
        self.assertEqual([event["cat"] for event in slices], ["device", "uplink", "server", "backhaul", "cloud", "downlink"])
        at = arrival + sum(times[name] for name in PARTS[:6]) + times["backhaul_queue_time"]
        self.assertAlmostEqual(slices[3]["ts"], at * 1e6, delta=2e-3)
        self.assertAlmostEqual(slices[4]["ts"], (at + times["backhaul_time"] + times["cloud_queue_time"]) * 1e6, delta=2e-3)

    def test_sweeps_and_replications(self):
        study = TIERS.replace(CLOUD.format("20Mbit/s"), CLOUD.format("${backhaul=1, 20}Mbit/s"))
        self.write("study.ini", study)
        self.expect(self.call("sweep", "run", "study.ini", "-o", "runs", "--steps"), 0)
        self.expect(self.call("sweep", "merge", "runs", "-o", "cube.h5", "--steps"), 0)
        with h5py.File(self.folder / "cube.h5") as cube:
            self.assertEqual(cube["utilisation"].shape[-1], 6)
            p = list(cube["policy"].asstr()).index("pair")
            slow, fast = cube["backhaul_time_mean"][:, p]
            self.assertGreater(slow, 10 * fast)
            np.testing.assert_allclose(np.nanmean(cube["per_step/backhaul_time"][:, p], axis=1), (slow, fast))
        for i, rate in enumerate(("1Mbit/s", "20Mbit/s")):
            self.write("one.ini", TIERS.replace("20Mbit/s\nprop", rate + "\nprop"))
            self.run_scenario("one.ini", "one.h5", "-q", "--force")
            with h5py.File(self.folder / "one.h5") as one, h5py.File(self.folder / "cube.h5") as cube:
                for name in ("utilisation", "queue_length", "cloud_time_mean"):
                    np.testing.assert_array_equal(one["summary"][name][...], cube[name][i])
        self.write("many.ini", TIERS.replace("duration = 20s", "duration = 20s\nreplications = 3"))
        self.run_scenario("many.ini", "many.h5", "-q", "-j", "2")
        with h5py.File(self.folder / "many.h5") as many:
            np.testing.assert_allclose(many["replications/cloud_time_mean"][...].mean(axis=0),
                                       many["summary/cloud_time_mean"][...])
            self.assertEqual(many["summary/backhaul_time_mean_half_width"][p], 0)  # all requests take the same
        self.assertEqual(self.output("verify", "-q", "many.h5"), "many.h5: the same, bit for bit\n")


def prepare():
    harness.need(h5py is not None, "Python has no h5py or numpy")


if __name__ == "__main__":
    harness.main(prepare)
