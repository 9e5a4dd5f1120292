"""Twenty-two mistakes that were found in simulators of this kind, and for each a small scenario that would show it here.

Everything is done with the programs, as a user would, so that it stays true whatever the code looks like. Other tests go
further into most of these mistakes: their cases carry the same number, pitfall_NN.
"""
import hashlib
import json
import math
import os
import pathlib
import random
import resource
import signal
import sys
import time
import unittest
from fractions import Fraction

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "cli"))
import harness  # noqa: E402
from harness import ProgramTest, profile_text  # noqa: E402

try:
    import h5py
    import numpy as np
except ImportError:
    h5py = None

INVALID, EXISTS, IO_ERROR = 65, 73, 74
N_PITFALLS = 22
DEVICE_S, SERVER_S = 0.01, 0.002  # the whole network of the profiles below, one image
HEADER = "849472B"  # makes a megabyte of the network's input: 3 x 224 x 224 bytes and this
MEGABYTE = {"transfer": {"header": HEADER}}
UPLINK_TRACE = "# quantity: bandwidth\n# unit: Mbit/s\n# at_end: {}\n# duration: {}s\ntime_s,value\n"

PARTS = ("head_time", "device_queue_time", "uplink_queue_time", "uplink_time", "server_queue_time", "tail_time",
         "downlink_time")
PARTS_OF_TIERS = ("backhaul_queue_time", "backhaul_time", "cloud_queue_time", "cloud_time")
GOLDEN = SOURCE / "tests" / "golden"
BESIDE_GOLDEN = {  # golden test -> file under tests and case
    "lte_planetlab": ("golden/test_lte_planetlab.py", "test_requests_are_conserved"),
    "numpy": ("theory/test_intervals.c", "test_batch_means_by_hand"),
    "onnx_shared": ("unit/test_onnx.c", "normalisations"),
    "paper_grid": ("golden/test_paper_grid.py", "test_theory_alone_gives_the_printed_figures"),
    "recorded_inputs": ("golden/test_recorded_inputs.py", "check"),
    "scenarios": ("pitfalls/test_pitfalls.py", "test_21_shipped_scenarios_keep_the_laws"),
    "shared_traces": ("unit/test_trace_edits.c", "test_statistics"),
    "simpy": ("theory/test_queues.c", "device_is_m_m_1"),
    "traces": ("theory/test_processes.c", "test_markov_sojourns_and_jumps"),
}


def bandwidth(samples, duration_s, at_end="hold"):
    """A canonical trace of (time in s, rate in Mbit/s)."""
    return UPLINK_TRACE.format(at_end, duration_s) + "".join(f"{at},{rate}\n" for at, rate in samples)


def requests(times, batches=None):
    """A canonical trace of requests."""
    rows = [f"{at},{batch}" for at, batch in zip(times, batches or [1] * len(times))]
    return "# quantity: arrivals\ntime_s,batch\n" + "\n".join(rows) + "\n"


def kolmogorov(sample, distribution):
    """Kolmogorov and Smirnov's statistic times the root of the sample's size: above 1.95 once in a thousand times."""
    ordered, n = np.sort(sample), len(sample)
    expected = distribution(ordered)
    steps = np.arange(n + 1) / n
    return math.sqrt(n) * max(np.max(steps[1:] - expected), np.max(expected - steps[:-1]))


class Result(dict):
    """A result file in memory: variables of the root by name, of groups by GROUP/name, all with the policy in front."""

    def __init__(self, path):
        with h5py.File(path) as file:
            file.visititems(lambda name, item: self.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
            self.attributes = dict(file.attrs)
            self.policies = list(file["policy"].asstr())
            self.series_end_s = file["series/time"][-1] if "series" in file else None

    def figure(self, name, policy=0):
        return self["summary/" + name][policy]


class Pitfalls(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("device.profile", profile_text("head", DEVICE_S / (harness.N_CUTS + 3)))
        self.write("server.profile", profile_text("tail", SERVER_S / (harness.N_CUTS + 3)))

    def scenario(self, *policies, **sections):
        """A scenario of one request a second over 8 Mbit/s; the sections replace or add keys, None takes one away."""
        text = {"scenario": {"steps": 1}, "model": {"name": "efficientnet-b0"}, "device": {"profile": "device.profile"},
                "server": {"profile": "server.profile"}, "uplink": {"rate": "8Mbit/s"}, "workload": {"rate": "1/s"}}
        for name, keys in sections.items():
            text[name] = {**text.get(name, {}), **keys}
        lines = []
        for name, keys in text.items():
            lines += [f"[{name}]", *(f"{key} = {value}" for key, value in keys.items() if value is not None)]
        for policy in policies:
            name, keys = policy if isinstance(policy, tuple) else (policy, {})
            lines += [f"[policy {name}]", *(f"{key} = {value}" for key, value in keys.items())]
        return "\n".join(lines) + "\n"

    def simulate(self, *policies, **sections):
        self.write("scenario.ini", self.scenario(*policies, **sections))
        self.run_scenario("scenario.ini", "out.h5", "--force", "--quiet")
        return Result(self.folder / "out.h5")

    def refused(self, messages, *policies, **sections):
        self.write("scenario.ini", self.scenario(*policies, **sections))
        self.expect(self.call("run", "scenario.ini", "-o", "out.h5"), INVALID, messages)

    def assert_same_steps(self, first, second):
        for name in first:
            if "/" not in name and not name.startswith("scenario"):
                np.testing.assert_array_equal(first[name], second[name], name)

    # ---- Links

    def test_01_a_transfer_follows_the_rate(self):
        """A megabyte: half of it at 8 Mbit/s, nothing for two seconds, the rest at 4 Mbit/s."""
        samples = [(0, 8), (0.5, 0), (2.5, 4)]
        split = [(0, 8), (0.2, 8), (0.5, 0), (0.75, 0), (1, 0), (2.5, 4), (3.1, 4)]
        rounds = [(0, 8), (0.25, 0)]  # a quarter of it in each round of a second
        for content, expected_s in ((bandwidth(samples, 10), 3.5), (bandwidth(split, 10), 3.5),
                                    (bandwidth(rounds, 1, "loop"), 3.25)):
            self.write("up.csv", content)
            result = self.simulate("full-offload", uplink={"rate": None, "trace": "up.csv"}, **MEGABYTE)
            self.assertEqual(result["uplink_time"][0, 0], expected_s)

    def test_02_bits_and_bytes_kilo_and_kibi(self):
        """A megabyte takes a second, however its rate is written, and from whatever file it comes."""
        for rate in ("8Mbit/s", "8000kbit/s", "8000000bit/s", "0.008Gbit/s", "1MB/s", "1000kB/s", "7812.5Kibit/s",
                     "976.5625KiB/s"):
            result = self.simulate("full-offload", uplink={"rate": rate}, **MEGABYTE)
            self.assertEqual((result["uplink_bytes"][0, 0], result["uplink_time"][0, 0]), (10**6, 1), rate)
        self.refused([r"scenario\.ini:\d+: \[uplink\] rate = 8: expected .* with its unit .*"], "full-offload", uplink={"rate": "8"})
        opportunities = "".join(f"{at}\n{at}\n" for at in range(3, 3001, 3))  # 2 of 1500 bytes each 3 ms
        for content, keys in (
                ("# quantity: bandwidth\n# unit: MB/s\n# duration: 9s\ntime_s,value\n0,1\n", {}),
                ("0 8\n9 8\n", {}),
                ('[{"duration_ms": 9000, "bandwidth_kbps": 8000}]', {}),
                ("Timestamp,DL_bitrate,State\n2020.01.01_00.00.00,8000,D\n2020.01.01_00.00.09,8000,D\n",
                 {"options": "direction=down"}),
                ("seq_num,throughput_mbps\n5,8\n6,8\n", {}),
                ("LOOPAFTER 1\n0 1e6\n", {}),
                ("t,r\n0,1000\n9000,1000\n", {"format": "csv", "options": "time=t, time_unit=ms, column=r, unit=kB/s"}),
                (opportunities, {"window": "3ms"})):
            self.write("up.trace", content)
            result = self.simulate("full-offload", uplink={"rate": None, "trace": "up.trace", **keys}, **MEGABYTE)
            self.assertEqual(result["uplink_time"][0, 0], 1, content[:40])

    def test_03_no_number_depends_on_the_output_period(self):
        def result(period):
            return self.simulate("full-offload", "dynamic-split", scenario={"steps": 200}, output={"period": period},
                                 workload={"arrivals": "poisson", "rate": "5/s"})

        first = result("10ms")
        for period in "1s", "7s":
            other = result(period)
            self.assert_same_steps(first, other)
            for name in first:
                if name.startswith("summary/"):
                    np.testing.assert_array_equal(first[name], other[name], name)

    def test_04_equal_transfers_that_share_a_link_end_together(self):
        """Three megabytes at once over a link of a megabyte a second: each has a third of it and is there after 3 s."""
        for n in 2, 3, 7:
            self.write("requests.csv", requests([0.25] * n))
            result = self.simulate("full-offload", scenario={"steps": n}, device={"count": n}, **MEGABYTE,
                                   uplink={"discipline": "ps", "sharing": "all"},
                                   workload={"rate": None, "arrivals": "trace", "trace": "requests.csv"})
            np.testing.assert_array_equal(result["uplink_time"][0], n)
            np.testing.assert_array_equal(result["uplink_queue_time"][0], 0)

    def test_05_propagation_does_not_occupy_the_link(self):
        """Ten times as much as the link can carry: a delay of 3 s makes each transfer 3 s later, and no later."""
        def delivered_s(propagation):
            result = self.simulate("full-offload", scenario={"steps": 40}, workload={"rate": "10/s"},
                                   uplink={"propagation": propagation}, **MEGABYTE)
            return sum(result[name][0] for name in ("arrival_time", "uplink_queue_time", "uplink_time"))

        np.testing.assert_allclose(delivered_s("3s") - delivered_s("0s"), 3, rtol=0, atol=1e-12)
        np.testing.assert_allclose(np.diff(delivered_s("3s")), 1, rtol=0, atol=1e-12)

    # ---- Queues

    def test_06_queues_are_those_of_theory(self):
        """Each wait of an M/M/1 queue by Lindley's recursion (it holds only where no work is lost and no server idles
        beside a queue), and their mean by Pollaczek and Khinchine."""
        load, n = 0.7, 20000
        means_s = []
        for seed in range(1, 17):
            result = self.simulate("no-offload", scenario={"steps": n, "seed": seed}, output={"regret": "no"},
                                   workload={"arrivals": "poisson", "rate": f"{load / DEVICE_S}/s"},
                                   device={"service": "exponential"})
            wait_s, head_s, arrival_s = (result[name][0] for name in ("device_queue_time", "head_time", "arrival_time"))
            expected_s = 0
            for i in range(1, n):
                expected_s = max(0, expected_s + head_s[i - 1] - (arrival_s[i] - arrival_s[i - 1]))
                self.assertAlmostEqual(wait_s[i], expected_s, delta=1e-9)
            means_s.append(wait_s[n // 10:].mean())
        half = 4.07 * np.std(means_s, ddof=1) / 4  # Student, 16 replications, 99.9 %
        self.assertAlmostEqual(np.mean(means_s), DEVICE_S * load / (1 - load), delta=half)
        self.assertLess(half, 0.1 * DEVICE_S * load / (1 - load))
        if harness.ONE_OF == 1:  # cli.commands does it too
            self.output("selftest")

    def test_06_parallel_servers_are_those_of_theory(self):
        """Each wait for three servers by the recursion of Kiefer and Wolfowitz."""
        result = self.simulate("full-offload", scenario={"steps": 5000}, uplink={"rate": "1000Gbit/s"},
                               workload={"arrivals": "poisson", "rate": f"{0.8 * 3 / SERVER_S}/s"},
                               server={"servers": 3, "service": "exponential"})
        reaches_s = sum(result[name][0] for name in ("arrival_time", "uplink_queue_time", "uplink_time"))
        free_s = [0.0] * 3
        for at_s, wait_s, tail_s in zip(reaches_s, result["server_queue_time"][0], result["tail_time"][0]):
            self.assertAlmostEqual(wait_s, max(0, free_s[0] - at_s), delta=1e-8)
            free_s = sorted([at_s + wait_s + tail_s, *free_s[1:]])

    def test_06_a_shared_server_is_that_of_theory(self):
        """M/D/1 under processor sharing: the mean time in the system is that of M/M/1."""
        load, means_s = 0.6, []
        for seed in range(1, 17):
            result = self.simulate("full-offload", scenario={"steps": 20000, "seed": seed}, output={"regret": "no"},
                                   uplink={"rate": "1000Gbit/s"}, server={"discipline": "ps"},
                                   workload={"arrivals": "poisson", "rate": f"{load / SERVER_S}/s"})
            means_s.append(result["tail_time"][0, 2000:].mean())
            self.assertEqual(result["server_queue_time"][0].max(), 0)
        half = 4.07 * np.std(means_s, ddof=1) / 4
        self.assertAlmostEqual(np.mean(means_s), SERVER_S / (1 - load), delta=half)
        self.assertLess(half, 0.05 * SERVER_S / (1 - load))

    def test_07_no_request_disappears(self):
        """Overload, deadlines that drop, and a link that ends: every request is in the table and in the sums."""
        self.write("up.csv", bandwidth([(0, 8), (8, 2)], 16, "stop"))
        result = self.simulate("no-offload", "full-offload", scenario={"steps": 300}, uplink={"rate": None, "trace": "up.csv"},
                               workload={"rate": "15/s", "deadline": "2s", "on_deadline": "drop"})
        for p in range(2):
            counts = [result.figure(name, p) for name in ("completed", "dropped", "unfinished")]
            self.assertEqual(result.figure("arrived", p), 300)
            self.assertEqual(sum(counts), 300)
            status = result["status"][p]
            self.assertEqual(counts, [np.sum(status <= 1), np.sum(status == 2), np.sum(status == 3)])
            self.assertEqual(result.figure("late", p), np.sum(status == 1))
        self.assertGreater(result.figure("dropped", 1), 20)
        self.assertGreater(result.figure("unfinished", 1), 20)
        self.assertGreater(result.figure("latency_mean_censored", 1), result.figure("latency_mean", 1))

    def test_08_the_horizon_decides_nothing(self):
        """Arrivals close after 10 s with as much work again in the queue: all of it is done, counted and shown."""
        result = self.simulate("no-offload", "full-offload", scenario={"steps": None, "duration": "10s"},
                               workload={"rate": "2/s"}, **MEGABYTE)
        self.assertIn(b"duration = 10s", result["scenario_resolved"])
        self.assertEqual(result["arrival_time"].max(), 9.5)
        for p in range(2):
            self.assertEqual((result.figure("arrived", p), result.figure("completed", p)), (20, 20))
        last_s = 20 + SERVER_S  # a megabyte a second
        done_s = result["arrival_time"][1] + result["latency"][1]
        self.assertAlmostEqual(done_s.max(), last_s, delta=1e-9)
        self.assertEqual(np.sum(done_s > 10), 11)
        self.assertAlmostEqual(result.figure("throughput", 1), 20 / last_s, delta=1e-9)
        self.assertGreaterEqual(result.series_end_s, last_s)
        utilisation = np.nansum(result["series/utilisation"][1, list(result["series/station"]).index(b"uplink")])
        self.assertAlmostEqual(utilisation, 20, delta=1e-6)  # of periods of 1 s, ten behind the last arrival

    # ---- Statistics

    def test_09_what_is_before_the_warm_up_is_not_counted(self):
        def result(warmup):
            self.write("up.csv", bandwidth([(0, 0.5), (20, 80)], 400))  # a fade at first, whose queue ends at 25 s or so
            return self.simulate("full-offload", scenario={"steps": 1200, "warmup": warmup},
                                 uplink={"rate": None, "trace": "up.csv"}, workload={"rate": "3/s"})

        whole, cut = result("0s"), result("40s")
        self.assert_same_steps(whole, cut)
        self.assertEqual((whole.figure("arrived"), cut.figure("arrived")), (1200, 1080))
        self.assertAlmostEqual(cut.figure("latency_mean"), cut["latency"][0, 120:].mean(), delta=1e-12)
        self.assertGreater(whole.figure("latency_mean"), 10 * cut.figure("latency_mean"))

    def test_09_the_warm_up_is_found(self):
        """By White's MSER-5, the share of the run whose mean is worst known once it is left out."""
        self.write("up.csv", bandwidth([(0, 0.5), (20, 8)], 400))
        result = self.simulate("full-offload", scenario={"steps": 1200, "warmup": "auto"},
                               uplink={"rate": None, "trace": "up.csv"}, workload={"arrivals": "poisson", "rate": "3/s"})
        latency_s = result["latency"][0]
        latency_ns = [round(latency * 1e9) for latency in latency_s]
        batches = [sum(latency_ns[i: i + 5]) for i in range(0, len(latency_ns) // 5 * 5, 5)]
        score = []
        for d in range(len(batches) // 2 + 1):
            left = batches[d:]
            score.append(Fraction(sum(b * b for b in left) * len(left) - sum(left) ** 2, len(left) ** 3))
        settled = 5 * score.index(min(score))
        self.assertTrue(math.isnan(result.attributes["warmup_s"][0]), "each policy has its own")
        self.assertEqual(result.figure("warmup"), result["arrival_time"][0, settled])
        self.assertTrue(18 <= result.figure("warmup") <= 40)
        counted = result["arrival_time"][0] >= result.figure("warmup")
        self.assertEqual(result.figure("arrived"), counted.sum())
        self.assertAlmostEqual(result.figure("latency_mean"), latency_s[counted].mean(), delta=1e-12)

    def test_10_a_policy_shifts_no_random_number(self):
        def arrivals(*policies, seed=1, **sections):
            sections.setdefault("workload", {"arrivals": "poisson", "rate": "3/s"})
            result = self.simulate(*policies, scenario={"steps": 300, "seed": seed}, **sections)
            for row in result["arrival_time"][1:]:
                np.testing.assert_array_equal(row, result["arrival_time"][0])
            return result["arrival_time"][0].tobytes(), result

        first, _ = arrivals("full-offload")
        learning = ("dynamic-split", {"knowledge": "ewma", "initial_rate": "8Mbit/s", "noise": "0.5", "probe_every": "1s"})
        both = [arrivals(*policies, device={"service": "exponential"})
                for policies in (["no-offload"], ["oracle", learning, "full-offload", "no-offload"])]
        for other, _ in both:
            self.assertEqual(other, first)
        np.testing.assert_array_equal(both[0][1]["head_time"][0], both[1][1]["head_time"][3])
        self.assertNotEqual(arrivals("full-offload", seed=2)[0], first)
        self.assertNotEqual(arrivals("full-offload", seed=1 + 2**32)[0], first, "only 32 bits of the seed count")

    def test_11_exponential_is_exponential(self):
        """Gaps of ten microseconds in the mean, which a clock of microseconds would bend, and times at device and server."""
        n = 100000
        gaps = np.diff(self.simulate("no-offload", scenario={"steps": n}, output={"regret": "no"}, workload={
            "mode": "isolated", "arrivals": "poisson", "rate": "100000/s"})["arrival_time"][0])
        served = self.simulate(("static-split", {"split": 5}), scenario={"steps": n}, output={"regret": "no"},
                               device={"service": "exponential"}, server={"service": "exponential"})
        heads_s, tails_s = served["cuts/head_time"][5, 0], served["cuts/tail_time"][5, 0]
        for sample, mean in ((gaps, 1e-5), (served["head_time"][0], heads_s), (served["tail_time"][0], tails_s)):
            scaled = sample / mean
            self.assertLess(abs(scaled.mean() - 1), 4 / math.sqrt(n))
            self.assertLess(abs(scaled.var() - 1), 4 * math.sqrt(8 / n))
            self.assertLess(kolmogorov(scaled, lambda x: -np.expm1(-x)), 1.95)
            self.assertLess(abs(np.corrcoef(scaled[1:], scaled[:-1])[0, 1]), 4 / math.sqrt(n))

    def test_12_time_does_not_wear_out(self):
        """The same requests three years later: each part of each latency has the same bits."""
        dice = random.Random(12)
        times_ns = sorted(dice.randrange(30 * 10**9) for _ in range(300))

        def result(later_s):
            self.write("requests.csv", requests([f"{later_s + at // 10**9}.{at % 10**9:09}" for at in times_ns]))
            return self.simulate("dynamic-split", "full-offload", scenario={"steps": 300}, workload={
                "rate": None, "arrivals": "trace", "trace": "requests.csv"}, transfer={"header": "20kB"},
                output={"period": "1000000s"})

        first, later = result(0), result(90_000_000)
        np.testing.assert_array_equal(np.rint(first["arrival_time"][0] * 1e9), times_ns)
        np.testing.assert_allclose(later["arrival_time"] - first["arrival_time"], 90_000_000, rtol=0, atol=1.5e-8)
        for name in ("split_index", "status", "latency", "head_time", "device_queue_time", "uplink_queue_time",
                     "uplink_time", "server_queue_time", "tail_time"):
            np.testing.assert_array_equal(first[name], later[name], name)

    def test_12_ties_are_broken_by_name(self):
        """Requests of one instant are served as they are listed, at every station, whatever the order of policies."""
        self.write("requests.csv", requests([1.5] * 4, [1, 4, 2, 1]))
        keys = {"scenario": {"steps": 4}, "workload": {"rate": None, "arrivals": "trace", "trace": "requests.csv"}}
        policies = ["no-offload", "full-offload", "dynamic-split", "oracle"]
        first = self.simulate(*policies, **keys)
        np.testing.assert_array_equal(first["batch"][0], [1, 4, 2, 1])
        heads_s = first["head_time"][0]
        np.testing.assert_allclose(first["device_queue_time"][0], np.concatenate([[0], np.cumsum(heads_s)[:-1]]), atol=1e-12)
        other = self.simulate(*policies[::-1], **keys)
        for name in "split_index", "latency", "uplink_queue_time":
            np.testing.assert_array_equal(first[name], other[name][::-1])

    def test_13_intervals_hold_what_they_promise(self):
        """The difference of two M/M/1 queues on the same requests, known from theory, lies in the 95 % interval of
        `compare` in about that many of 40 runs: in less than 33 of them once in a thousand times."""
        n_runs, covered, raw = 40, 0, 0
        rate_hz, whole_s = 70, DEVICE_S
        head_s = DEVICE_S * 12 / (harness.N_CUTS + 3)
        expected_s = 1 / (1 / head_s - rate_hz) - 1 / (1 / whole_s - rate_hz)
        self.write("server.profile", profile_text("tail", 1e-12))
        for seed in range(1, n_runs + 1):
            result = self.simulate("no-offload", ("static-split", {"split": 12}), uplink={"rate": "1000000Gbit/s"},
                                   scenario={"steps": 20000, "seed": seed, "warmup": "20s"},
                                   output={"regret": "no", "compression": "none"}, device={"service": "exponential"},
                                   workload={"arrivals": "poisson", "rate": f"{rate_hz}/s"})
            told, = [row for row in json.loads(self.output("compare", "out.h5", "--policy", "static-split", "--json"))
                     if row["by"] == "all"]
            covered += told["low_s"] <= expected_s <= told["high_s"]
            difference = (result["latency"][1] - result["latency"][0])[result["arrival_time"][0] >= 20]
            half = 1.96 * difference.std() / math.sqrt(len(difference))
            raw += abs(difference.mean() - expected_s) <= half
        self.assertGreaterEqual(covered, 33)
        self.assertLess(raw, 25, "the trap is none here: these steps are not correlated")

    # ---- Profiles and networks

    def test_14_the_sum_of_layers_is_not_the_network(self):
        """Layers that add up to 10 ms in a network that takes 35: said, and counted if so wished."""
        lines = ["# model: efficientnet-b0", "# kind: modelled", "# granularity: block",
                 "kind,index,name,op,batch,n,median_s,p05_s,p95_s,min_s,mean_s,std_s,out_elems", "whole,0,,,1,1,0.035,,,,,,"]
        lines += [f"layer,{unit},,,1,1,0.0005,,,,,," for unit in range(1, harness.N_CUTS + 4)]
        self.write("device.profile", "\n".join(lines) + "\n")
        shown = self.output("profile", "show", "device.profile")
        self.assertRegex(shown, r"(?s)\nwhole +0 .* 35\.0000\n.*\nsum of layers +10\.0000\nsum / whole +0\.2857\n")
        for correction, expected_s in (("no", 0.01), ("yes", 0.035)):
            result = self.simulate("no-offload", model={"whole_correction": correction})
            self.assertAlmostEqual(result["latency"][0, 0], expected_s, delta=1e-9)

    def test_15_a_batch_outside_the_profile_is_an_error(self):
        self.refused([rf"scenario\.ini:\d+: .*{name}\.profile: batch 8 lies outside the measured batch sizes 1 \.\. 4; .*"
                      for name in ("device", "server")], "no-offload", workload={"batch": 8})
        result = self.simulate("no-offload", workload={"batch": 8}, model={"batch_extrapolation": "linear"})
        self.assertEqual(result.attributes["batch_extrapolated"][0], 1)
        self.assertEqual(self.simulate("no-offload").attributes["batch_extrapolated"][0], 0)

    def test_16_bytes_are_those_that_cross(self):
        """Nothing is sent without offloading, not even a header; a cut sends each tensor that is read behind it once."""
        for mode in "open", "isolated":
            result = self.simulate("no-offload", workload={"mode": mode}, **MEGABYTE)
            self.assertEqual([result[name][0, 0] for name in ("uplink_bytes", "uplink_time")], [0, 0])
            self.assertEqual(result["latency"][0, 0], DEVICE_S)
            self.assertEqual(result["cuts/uplink_bytes"][-1, 0], 0)
        self.output("model", "export", "efficientnet-b0", "-o", "net.model")
        rows = json.loads(self.output("model", "cuts", "net.model", "--granularity", "leaf", "--json"))
        text = self.read("net.model").decode().splitlines()
        header = next(i for i, line in enumerate(text) if line.startswith("index,"))
        layers = [dict(zip(text[header].split(","), line.split(","))) for line in text[header + 1:]]
        elements = [3 * 224 * 224, *(math.prod(map(int, layer["out_shape"].split("x"))) for layer in layers)]
        last_reader = [0] * len(elements)
        for i, layer in enumerate(layers, 1):
            for tensor in map(int, layer["inputs"].split()):
                last_reader[tensor] = i
        crossing = [sum(elements[t] for t in range(cut + 1) if last_reader[t] > cut) for cut in range(len(elements))]
        self.assertEqual([row["crossing_elems"] for row in rows], crossing)
        self.assertTrue(any(sum(last > cut for last in last_reader[: cut + 1]) > 1 for cut in range(len(elements))))

    # ---- Knowledge

    def test_17_only_the_oracle_knows_the_future(self):
        """The rates behind 30 s in another order: no decision before changes but the oracle's."""
        dice = random.Random(17)
        rates = [dice.choice([0.3, 1, 3, 10, 30]) for _ in range(60)]
        rates[29:31] = 1, 30
        other = rates[:30] + sorted(rates[30:])
        self.write("device.profile", profile_text("head", 0.02))
        self.write("requests.csv", requests([i / 2 + 0.4 for i in range(120)]))
        samples = ("ewma", "last", "harmonic")
        policies = ["oracle", "dynamic-split", *((f"by-{word}", {
            "type": "dynamic-split", "knowledge": word, "initial_rate": "3Mbit/s", "probe_every": "1s"}) for word in samples)]
        results = []
        for order in rates, other:
            self.write("up.csv", bandwidth(enumerate(order), 60))
            results.append(self.simulate(*policies, scenario={"steps": 120}, workload={
                "rate": None, "arrivals": "trace", "trace": "requests.csv"},
                                         uplink={"rate": None, "trace": "up.csv"}))
        before = results[0]["arrival_time"][0] < 30
        for p, policy in enumerate(results[0].policies):
            same = np.array_equal(results[0]["split_index"][p][before], results[1]["split_index"][p][before])
            self.assertEqual(same, policy != "oracle", policy)

    def test_18_an_idle_phone_is_no_bad_link(self):
        """Seconds in which a phone asked for nothing are told, are no outage, and are no rate of 0 to the simulator."""
        rows = ((5, 9000, "D"), (6, 0, "I"), (7, 0, "I"), (8, 0, "D"), (9, 2500, "D"))
        self.write("phone.csv", "Timestamp,DL_bitrate,UL_bitrate,State\n" +
                   "".join(f"2020.01.02_03.04.{at:02},{rate},20,{state}\n" for at, rate, state in rows))
        told, = json.loads(self.output("trace", "show", "--json", "phone.csv", "--option", "direction=down"))
        self.assertEqual((told["idle_s"], told["outage_ratio"]), (2, 0.2))
        shown = self.output("trace", "show", "phone.csv", "--option", "direction=down")
        self.assertIn("idle (measured, nobody asked for more): 2 s\n", shown)
        states = self.output("trace", "show", "--samples", "phone.csv", "--option", "direction=down").splitlines()[1:]
        self.assertEqual([row.split(",")[-1] for row in states].count("idle"), 2)
        result = self.simulate("no-offload", scenario={"steps": 5}, uplink={
            "rate": None, "trace": "phone.csv", "options": "direction=down"})
        np.testing.assert_array_equal(result["rate_true"][0], [9e6, 9e6, 9e6, 0, 2.5e6])

    # ---- Files

    def test_19_a_misspelt_key_is_an_error(self):
        for section, key, meant in (("uplink", "propagaton", "propagation"), ("workload", "batches", "batch"),
                                    ("scenario", "sead", "seed"), ("policy dynamic-split", "canddates", "candidates")):
            text = self.scenario("dynamic-split")
            self.write("scenario.ini", text.replace(f"[{section}]", f"[{section}]\n{key} = 1"))
            line = text.splitlines().index(f"[{section}]") + 2
            self.expect(self.call("run", "scenario.ini", "-o", "out.h5"), INVALID,
                        [rf"scenario\.ini:{line}: .*{key}.*{meant}.*"])
        self.write("scenario.ini", self.scenario("dynamic-split").replace("[uplink]", "[uplnk]"))
        self.expect(self.call("check", "scenario.ini"), INVALID)
        self.expect(self.call("run", "scenario.ini", "--set", "uplink.rat=1Mbit/s"), INVALID)
        self.assertNotIn("out.h5", self.files())

    def test_20_a_result_is_whole_or_not_there(self):
        """A file that cannot grow and a run that is killed leave nothing under the name, or what stood there before; the
        next run replaces nothing unasked."""
        self.write("scenario.ini", self.scenario("no-offload", "full-offload", scenario={"steps": 2000}))
        whole = self.run_scenario("scenario.ini", "whole.h5")
        self.write("kept.h5", "kept")
        before = self.files()
        for limit in 0, 4096, len(whole) // 2, len(whole) - 1:
            for name, words in (("out.h5", []), ("kept.h5", ["--force"])):
                result = self.call("run", "scenario.ini", "-o", name, *words,
                                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
                self.expect(result, IO_ERROR, [rf"{name[:-3]}\.h5: cannot be written: .*"])
                self.assertEqual((self.files(), self.read("kept.h5")), (before, b"kept"))
        self.write("long.ini", self.scenario("no-offload", scenario={"steps": 300000000}, workload={"rate": "50/s"}))
        process = self.start("run", "long.ini", "-o", "killed.h5")
        part = self.folder / f"killed.h5.tmp.{process.pid}"
        until = time.monotonic() + 60
        while not (part.exists() and part.stat().st_size > 0):
            self.assertLess(time.monotonic(), until)
            self.assertIsNone(process.poll(), "it writes under another name, or not at all")
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.assertNotIn("killed.h5", self.files())
        os.unlink(part)
        self.expect(self.call("run", "scenario.ini", "-o", "kept.h5"), EXISTS, [r"kept\.h5: is there already; .*--force.*"])
        self.assertEqual(self.read("kept.h5"), b"kept")
        self.assertEqual(self.run_scenario("scenario.ini", "kept.h5", "--force"), whole)

    def test_21_no_golden_stands_alone(self):
        """What a golden test freezes is held to theory, an invariant or somebody else's figures as well."""
        goldens = {path.stem.removeprefix("test_") for path in GOLDEN.iterdir() if path.suffix in (".c", ".sh")
                   or path.name.startswith("test_")}
        self.assertEqual(goldens, set(BESIDE_GOLDEN), "each golden test, and nothing else, is listed there")
        for file, case in BESIDE_GOLDEN.values():
            self.assertTrue(f" {case}(" in (SOURCE / "tests" / file).read_text(), f"{file} has no {case}")

    def test_21_shipped_scenarios_keep_the_laws(self):
        """Beside the tables of the READMEs, which are frozen: what must hold for them whatever they say."""
        for path in sorted((SOURCE / "scenarios").glob("*.ini")):
            self.run_scenario(path, "out.h5", "--force", "--quiet", "-s", "scenario.replications=1")
            self.assertIn("the same, bit for bit", self.output("verify", "out.h5"), path.name)
            result = Result(self.folder / "out.h5")
            done = result["status"] <= 1
            parts = sum(result[name] for name in (*PARTS, *PARTS_OF_TIERS) if name in result)
            np.testing.assert_allclose(parts[done], result["latency"][done], rtol=1e-12, err_msg=path.name)
            counts = [result["summary/" + name] for name in ("completed", "dropped", "unfinished")]
            np.testing.assert_array_equal(result["summary/arrived"], sum(counts))
            at_once = b"switch_cost = 0s" in result["scenario_resolved"]
            # less than the oracle's takes only who cuts the network short; of several devices there is none
            whole = np.array([kind != b"early-exit" for kind in result["policy_type"]])
            regret = result["regret"][whole][np.isfinite(result["regret"][whole])]
            if at_once and regret.size > 0:
                self.assertGreaterEqual(regret.min(), -1e-12, path.name)
            group = result.get("cuts/cut_group", np.zeros(len(result["cuts/elems"]), int))
            is_first, sends = np.diff(group, prepend=-1) > 0, np.diff(group, append=group[-1] + 1) == 0
            is_input = result["cuts/last_layer"] == 0  # with three tiers several cuts of a group
            element = [result.attributes[f"{name}_bytes_per_element"][0] for name in ("input", "feature")]
            per_image = result["cuts/elems"] * np.where(is_input, *element)
            bytes_ = np.ceil(np.outer(per_image, result["cuts/batch"]) + result.attributes["header_bytes"][0])
            if np.isfinite(bytes_).all():  # else groups differ in it
                share = np.ones(len(group)) if "cuts/sent_ratio" not in result else result["cuts/sent_ratio"]
                expected = np.floor(bytes_ * share[:, None] + 0.5)  # of networks with exits, which some leave before
                np.testing.assert_array_equal(result["cuts/uplink_bytes"][sends], expected[sends], path.name)
            if "exit" in result:  # what a request takes is that of its exit, not the mean in the table
                continue
            group_of_device = np.repeat(np.arange(group[-1] + 1), result.get("group_devices", [1]))
            first_cut = np.flatnonzero(is_first)
            for p, policy in enumerate(result.policies):
                n = result["n_steps"][p]
                device = result["device"][p, :n] if "device" in result else np.zeros(n, int)
                cuts = result["split_index"][p, :n] + first_cut[group_of_device[device]]
                at = np.searchsorted(result["cuts/batch"], result["batch"][p, :n])
                if at_once:
                    served = done[p, :n]
                    np.testing.assert_allclose(result["head_time"][p, :n][served], result["cuts/head_time"][cuts, at][served],
                                               rtol=1e-12, err_msg=f"{path.name}, {policy}")
                sent = np.where(result["uplink_time"][p, :n] > 0, result["cuts/uplink_bytes"][cuts, at], 0)
                np.testing.assert_array_equal(result["uplink_bytes"][p, :n], sent, f"{path.name}, {policy}")

    def test_22_a_result_can_be_made_again(self):
        """From the scenario in the file, byte for byte; and the file tells whether its inputs are still the same."""
        self.write("scenario.ini", self.scenario("dynamic-split", "oracle", scenario={"steps": 200, "seed": 7},
                                                 workload={"arrivals": "poisson"}))
        first = self.run_scenario("scenario.ini", "out.h5")
        result = Result(self.folder / "out.h5")
        self.write("again.ini", result["scenario_ini"])
        self.assertEqual(self.run_scenario("again.ini", "again.h5"), first)
        for path, told in zip(result["inputs/path"], result["inputs/sha256"]):
            self.assertEqual(hashlib.sha256(self.read(path.decode())).hexdigest(), told.decode())

    def test_22_verify_makes_it_again(self):
        self.write("scenario.ini", self.scenario("dynamic-split", "oracle", scenario={"steps": 200, "seed": 7},
                                                 workload={"arrivals": "poisson"}))
        self.run_scenario("scenario.ini", "out.h5")
        self.output("verify", "out.h5")
        with h5py.File(self.folder / "out.h5", "r+") as file:
            file["latency"][0, 17] += 1e-9
        self.assertNotEqual(self.call("verify", "out.h5").returncode, 0)
        self.run_scenario("scenario.ini", "out.h5", "--force")
        self.write("device.profile", profile_text("head", 0.001))
        self.assertNotEqual(self.call("verify", "out.h5").returncode, 0, "another profile")


def prepare():
    harness.need(h5py is not None, "there is no h5py")
    for number in range(1, N_PITFALLS + 1):
        assert any(name.startswith(f"test_{number:02}_") for name in dir(Pitfalls)), f"no test of mistake {number}"


if __name__ == "__main__":
    harness.main(prepare)
