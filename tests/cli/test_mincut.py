"""`edgesplit model mincut`: by hand on a network with two branches, and against `edgesplit map` where there are none."""
import csv
import io
import pathlib
import unittest

import harness

try:
    import h5py
except ImportError:
    h5py = None

USAGE, INVALID, NO_INPUT = 64, 65, 66
PROFILES = pathlib.Path(__file__).parents[2] / "kernels" / "profiles"
MEASURED = [str(PROFILES / f"efficientnet-b0.epyc-{kind}.profile") for kind in ("slow", "fast")]

# The input of 4 elements goes into two branches, of 100 and 1 elements, which are joined to 2; the end reads the input too.
BRANCHES = """\
# edgesplit-model: 1
# name: branches
# source: by hand
# input: 4x1x1
index,name,op,unit,block,residual,inputs,out_shape,kernel,stride,dilation,padding,groups,bias,params,macs
1,wide,custom,wide,all,0,0,100x1x1,,,,,,,0,0
2,narrow,custom,narrow,all,0,0,1x1x1,,,,,,,0,0
3,join,custom,join,all,0,1 2,2x1x1,,,,,,,0,0
4,end,custom,end,all,0,0 3,1x1x1,,,,,,,0,0
"""
HEADER = "kind,index,name,op,batch,n,median_s,p05_s,p95_s,min_s,mean_s,std_s,out_elems\n"


def layers(times_s, granularity="leaf", batch=1):
    rows = "".join(f"layer,{i},,,{batch},1,{time!r},,,,,,\n" for i, time in enumerate(times_s, 1))
    return f"# model: branches\n# kind: modelled\n# granularity: {granularity}\n{HEADER}{rows}"


class Mincut(harness.ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("branches.model", BRANCHES)
        self.write("device.profile", layers((10, 1, 20, 90)))
        self.write("server.profile", layers((20, 11, 5, 5)))
        self.words = ("model", "mincut", "branches.model", "--device", "device.profile", "--server", "server.profile")

    def row(self, *words):
        row, = csv.DictReader(io.StringIO(self.output(*self.words, *words, "--csv")))
        return row

    def test_one_of_two_branches(self):
        """8 bit/s and 1 byte per element: a second per element, as in tests/unit/test_mincut.c."""
        row = self.row("--rate", "8bit/s", "--feature-bytes", "1")
        self.assertEqual([row[name] for name in ("device_units", "prefix", "tensors", "bytes", "cut", "cut_name")],
                         ["1", "false", "2", "5", "3", "join"])
        self.assertEqual([float(row[name]) for name in ("head_s", "send_s", "tail_s", "latency_s", "cut_latency_s")],
                         [1, 5, 30, 36, 42])
        self.assertAlmostEqual(float(row["gain"]), 1 / 7)
        shown = self.output(*self.words, "--rate", "8bit/s", "--feature-bytes", "1")
        self.assertIn("branches in 4 leaf units; batch 1, load 0; bytes: 1 per input element, 1 per feature element",
                      shown)
        self.assertIn("at 8bit/s the device has all up to narrow but wide\n", shown)

    def test_options_count(self):
        words = ("--rate", "8bit/s", "--feature-bytes", "1")
        self.assertEqual(self.row(*words, "--privacy")["device_units"], "4")
        loaded = self.row(*words, "--load", "0.5")  # 1 + 5 + 60 s as before, and 31 + 6 + 10 with all but the end
        self.assertEqual((float(loaded["latency_s"]), loaded["prefix"]), (47, "true"))
        self.assertEqual(float(self.row(*words, "--delay", "10s")["latency_s"]), 46)
        headed = self.row(*words, "--header", "3B")
        self.assertEqual((float(headed["latency_s"]), headed["bytes"]), (39, "8"))
        self.assertEqual(float(self.row(*words, "--input-bytes", "2")["latency_s"]), 40)
        slow = self.row("--rate", "8bit/s", "--feature-bytes", "30")  # narrow's tensor too takes long then
        self.assertEqual((float(slow["latency_s"]), slow["prefix"], slow["cut_name"], float(slow["gain"])),
                         (45, "true", "input", 0))

    def test_on_a_measured_network_it_is_what_the_map_says(self):
        """Squeeze and excitation is no branch worth parting: the best set is a cut of the layers' order."""
        words = ("--device", MEASURED[0], "--server", MEASURED[1], "--csv", "--feature-bytes", "0.25")
        rates = "4..400 step 4 Mbit/s"
        found = list(csv.DictReader(io.StringIO(
            self.output("model", "mincut", "efficientnet-b0", *words, "--rate", rates))))
        borders = list(csv.DictReader(io.StringIO(
            self.output("map", "--model", "efficientnet-b0", *words, "--batch", "1", "--granularity", "fused",
                        "--candidates", "all", "--rate", "4..401Mbit/s"))))
        self.assertGreater(len(borders), 3)
        self.assertEqual(len(found), 100)
        for row in found:
            rate = float(row["rate_bps"])
            best, = [r for r in borders if float(r["rate_from_bps"]) <= rate < float(r["rate_to_bps"])]
            self.assertEqual((row["prefix"], row["cut"], row["device_units"]), ("true", best["cut"], best["cut"]))
            self.assertAlmostEqual(float(row["latency_s"]), float(best["constant_s"]) + float(best["bits"]) / rate,
                                   delta=2e-9 + 8 / rate)  # whole bytes

    def test_every_rate_and_load_at_once(self):
        """Of the eight sets that read nothing of the others, those that a grid of rates and loads finds."""
        words = (*self.words, "--input-bytes", "30", "--feature-bytes", "30", "--csv")
        every = list(csv.DictReader(io.StringIO(self.output(*words, "--every"))))
        listed = {(row["device_units"], row["bytes"], row["head_s"]) for row in every}
        self.assertEqual(len(listed), len(every))
        heads = [float(row["head_s"]) for row in every]
        self.assertEqual(heads, sorted(heads))
        best = set()
        for load in ("0", "0.3", "0.6", "0.8", "0.9"):
            found = csv.DictReader(io.StringIO(self.output(
                *words, "--load", load, "--rate", "1..20 step 0.1, 21..400 step 1, 1000, 1e4, 1e6 bit/s")))
            best |= {(row["device_units"], row["bytes"], row["head_s"]) for row in found}
        self.assertEqual(listed, best)
        self.assertIn("with 1 units the device has all up to narrow but wide", self.output(*words[:-1], "--every"))

    def test_no_set_ever_beats_the_cuts_of_measured_networks(self):
        for network in ("efficientnet-b0", "efficientnet-v2-s", "mobilenet-v2", "resnet50"):
            device, server = (str(PROFILES / f"{network}.epyc-{kind}.profile") for kind in ("slow", "fast"))
            for more in ((), ("--privacy",)):
                every = list(csv.DictReader(io.StringIO(self.output(
                    "model", "mincut", network, "--device", device, "--server", server, "--every", "--csv", *more))))
                self.assertGreater(len(every), 3)
                self.assertEqual({row["prefix"] for row in every}, {"true"})

    def scenario(self, policies, *more):
        """Isolated steps over 100 rates and 4 loads."""
        self.write("mincut.ini", "\n".join((
            "[scenario]", "steps = 400", "[model]", "file = branches.model", "granularity = leaf", "[device]",
            "profile = device.profile", "[server]", "profile = server.profile", "load = 0, 0.5, 0.8, 0.9", "[uplink]",
            "rate = " + ", ".join(f"{rate} bit/s" for rate in range(1, 101)), "[transfer]", "feature_bytes = 1B",
            "[workload]", "mode = isolated", "states = grid", policies, *more)) + "\n")

    @unittest.skipIf(h5py is None, "h5py is not installed")
    def test_the_policy_chooses_what_the_command_finds(self):
        """The sets are found before the run, for all rates and loads at once; the command looks at each by itself."""
        self.scenario("[policy open]\ntype = min-cut\n[policy private]\ntype = min-cut\nprivacy = yes")
        self.output("run", "-q", "mincut.ini", "-o", "out.h5")
        with h5py.File(self.folder / "out.h5") as file:
            latencies, cuts = file["latency"][:], file["split_index"][:]
            names = file["cuts/name"].asstr()[:]
            self.assertEqual(file["regret"][0].max(), 0)
        for p, words in enumerate(((), ("--privacy",))):
            for i, load in enumerate(("0", "0.5", "0.8", "0.9")):
                rows = csv.DictReader(io.StringIO(self.output(
                    *self.words, "--feature-bytes", "1", "--csv", "--load", load, *words, "--rate", "1..100 bit/s")))
                for rate, row in enumerate(rows):
                    self.assertAlmostEqual(latencies[p, 4 * rate + i], float(row["latency_s"]), delta=1e-8)
        self.assertIn("narrow without wide", {names[cut] for cut in cuts[0]})
        self.assertEqual({names[cut] for cut in cuts[1]}, {"end"})

    @unittest.skipIf(h5py is None, "h5py is not installed")
    def test_on_a_measured_network_the_policy_is_the_best_of_all_cuts(self):
        self.write("b0.ini", f"""[scenario]
steps = 500
[model]
name = efficientnet-b0
granularity = fused
[device]
profile = {MEASURED[0]}
[server]
profile = {MEASURED[1]}
[uplink]
rate = {", ".join(f"{rate} Mbit/s" for rate in range(1, 501))}
[workload]
mode = isolated
states = grid
[policy cuts]
type = dynamic-split
candidates = all
[policy sets]
type = min-cut
[policy last]
type = static-split
split = 115
""")
        self.output("run", "-q", "b0.ini", "-o", "out.h5")
        with h5py.File(self.folder / "out.h5") as file:
            self.assertEqual(list(file["split_index"][0]), list(file["split_index"][1]))
            self.assertEqual(len(file["cuts/name"]), 116)

    def test_what_the_policy_cannot_do(self):
        for more in (("[cloud]", "profile = server.profile", "[backhaul]", "rate = 1bit/s"),):
            self.scenario("[policy cut]\ntype = min-cut", *more)
            self.expect(self.call("check", "mincut.ini"), INVALID,
                        [r".*\[policy cut\] type = min-cut: min-cut cuts the network's graph between two tiers: .*"])
        self.scenario("[policy cut]\ntype = min-cut\ncandidates = all")
        self.expect(self.call("check", "mincut.ini"), INVALID, [".*candidates = all: min-cut does not read this key.*"])

    def test_mistakes(self):
        self.expect(self.call("model", "mincut", "branches.model"), USAGE,
                    [".*--device is missing", ".*--server is missing", ".*--rate is missing, or --every"])
        self.expect(self.call(*self.words, "--every", "--load", "0.1"), USAGE, [".*--load does not go with --every"])
        self.expect(self.call(*self.words, "--rate", "8"), USAGE, [".*--rate 8: expected .*"])
        self.expect(self.call(*self.words, "--rate", "8bit/s", "--load", "1"), USAGE,
                    [".*--load 1: expected less than 1"])
        self.expect(self.call(*self.words, "--rate", "8bit/s", "--batch", "2"), INVALID,
                    [f"{side}.profile: holds no time of layer 1 at batch 2; expected one of every layer by itself"
                     for side in ("device", "server")])
        self.write("server.profile", layers((1,), "fused"))
        self.expect(self.call(*self.words, "--rate", "8bit/s"), INVALID,
                    ["server.profile: has granularity fused; expected leaf, as in device.profile"])
        self.write("server.profile", layers((1, 2, 3, 4)).replace("branches", "vgg16"))
        self.expect(self.call(*self.words, "--rate", "8bit/s"), INVALID, ["server.profile: .*vgg16.*"])
        self.expect(self.call(*self.words[:-1], "no.profile", "--rate", "8bit/s"), NO_INPUT, ["no.profile: .*"])


if __name__ == "__main__":
    harness.main()
