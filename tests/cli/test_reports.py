"""Reports on the result file: `edgesplit compare`, `explain` and `export`, against numpy on the same columns."""
import csv
import io
import json
import math
import shutil
import subprocess
import unittest

import harness
import test_result_readers
from test_result_readers import CANT_CREATE, FLEET, FULL, GRID, INVALID, LONG, NO_INPUT, REPLICATED, SATURATED, USAGE, ResultTest


def prepare():
    global np, h5py
    test_result_readers.prepare()
    import h5py
    import numpy as np


class ReportTest(ResultTest):
    def report(self, *arguments, code=0, **options):
        result = self.call(*arguments, **options)
        self.expect(result, code, None if code else [])
        return result.stdout

    def columns(self, path, policy):
        """The rows of a policy that count."""
        with h5py.File(path) as file:
            p = list(file["policy"].asstr()).index(policy)
            n = file["n_steps"][p]
            return {name: file[name][p, :n] for name in file if getattr(file[name], "ndim", 0) == 2}


T_31 = 2.0395134463964077  # 97.5 % quantile of Student's t of 31 degrees of freedom


# Warm-ups that are found: those of policies and replications differ.
AUTO = REPLICATED.replace("warmup = 5s", "warmup = auto")
T_3 = {0.95: 3.182446305284263, 0.975: 4.176534846}  # the same of 3 degrees, by the confidence


def batch_means(values, confidence):
    """The interval as analysis/compare says it is made, with a table of Student's t of 31 degrees."""
    length, n = 1, values.size
    while n // length > 1024:
        length *= 2
    fine = values[: n // length * length].reshape(-1, length).sum(axis=1)
    joined = fine.size // 32
    means = fine[: 32 * joined].reshape(32, joined).sum(axis=1) / (joined * length)
    deviations = means - means.mean()
    squares = (deviations ** 2).sum()
    c = (deviations[1:] * deviations[:-1]).sum() / squares + 1 / 32 if squares > 0 else 0
    c = min(max(c, 0), 0.9)
    variance = squares / 31 * (1 + c) / (1 - c) / 32 * 32 * joined * length / n
    half = {0.95: T_31, 0.995: 3.0221177}[round(confidence, 4)] * np.sqrt(variance)
    return values.mean() - half, values.mean() + half


class Compare(ReportTest):
    def told(self, *arguments):
        return json.loads(self.report("compare", *arguments, "--json"))

    def differences(self, path, policy, other, n_replications, chosen=None):
        """Of latencies in each replication, where both count and complete the step."""
        found = []
        with h5py.File(path) as file:
            names = list(file["policy"].asstr())
            mine, theirs = names.index(policy), names.index(other)
            for r in range(n_replications):
                n = file["n_steps"][r, [mine, theirs][0]], file["n_steps"][r, theirs]
                n = min(n)
                warmup_s = max(file["replications/warmup"][r, p] for p in (mine, theirs))
                difference = file["latency"][r, mine, :n] - file["latency"][r, theirs, :n]
                rows = (file["arrival_time"][r, mine, :n] >= warmup_s) & np.isfinite(difference)
                if chosen is not None:
                    rows &= chosen(file["device"][r, mine, :n])
                found.append(difference[rows])
        return found

    def check_replicated(self, row, differences):
        means = np.array([each.mean() for each in differences])
        half = T_3[round(row["confidence"], 4)] * means.std(ddof=1) / 2
        self.assertEqual((row["steps"], row["batches"]), (sum(each.size for each in differences), 4))
        self.assertEqual(row["faster"], sum((each < -5e-10).sum() for each in differences))
        self.assertAlmostEqual(row["difference_s"], means.mean(), delta=1e-12)
        self.assertAlmostEqual(row["low_s"], means.mean() - half, delta=1e-9)
        self.assertAlmostEqual(row["high_s"], means.mean() + half, delta=1e-9)

    def test_replications_are_compared_behind_their_own_warm_ups(self):
        path = self.result(AUTO)
        with h5py.File(path) as file:
            self.assertGreater(len(set(file["replications/warmup"][...].ravel())), 3)
        for row in self.told(path):
            if row["by"] == "all":
                self.assertEqual((row["replications"], row["group"]), (4, ""))
                self.check_replicated(row, self.differences(path, "dynamic-split", row["over"], 4))
                self.assertIn("Over 4 replications.", row["conclusion"])
        self.assertNotIn("of the first", self.report("compare", path))

    def test_files_are_compared_in_the_replications_that_both_have(self):
        path, fewer = self.result(AUTO, "a.h5"), self.result(AUTO.replace("replications = 4", "replications = 3"), "b.h5")
        row = self.told(path, fewer)[0]
        self.assertEqual((row["replications"], row["batches"], row["difference_s"], row["method"]), (3, 3, 0, "paired"))
        other = self.result(AUTO.replace("seed = 11", "seed = 12"), "c.h5")
        row, = self.told(path, other)
        self.assertEqual(row["method"], "unpaired")
        with h5py.File(path) as a, h5py.File(other) as b:
            means = [file["summary/latency_mean"][1] for file in (a, b)]
            halves = np.array([file["summary/latency_mean_half_width"][1] for file in (a, b)])
        self.assertAlmostEqual(row["difference_s"], means[0] - means[1], delta=1e-12)
        variances = (halves / T_3[0.95]) ** 2
        degrees = variances.sum() ** 2 / (variances ** 2 / 3).sum()
        self.assertTrue(3 <= degrees <= 6)
        half = (row["high_s"] - row["low_s"]) / 2
        self.assertTrue(2.4469 * np.sqrt(variances.sum()) <= half <= T_3[0.95] * np.sqrt(variances.sum()))

    def test_groups_of_devices_have_their_own_differences(self):
        path = self.result(FLEET.replace("replications = 2", "replications = 4\nwarmup = auto")
                           .replace("rate = 8Mbit/s", "trace = link.csv"))
        rows = [row for row in self.told(path) if row["by"] == "group"]
        self.assertEqual([row["group"] for row in rows], ["phone", "watch"])
        for row, chosen in zip(rows, (lambda device: device < 3, lambda device: device >= 3)):
            self.assertEqual(row["confidence"], 0.975)
            self.check_replicated(row, self.differences(path, "dynamic-split", "no-offload", 4, chosen))
        self.assertRegex(self.report("compare", path), r"the same by groups of devices.*\nover +phone +watch\nno-offload ")

    def test_numbers_are_those_of_the_steps(self):
        path = self.result(FULL.replace("duration = 60s", "duration = 400s"))
        mine = self.columns(path, "dynamic-split")
        rows = self.told(path)
        with h5py.File(path) as file:
            others = [name for name in file["policy"].asstr() if name != "dynamic-split"]
        self.assertEqual([row["over"] for row in rows if row["by"] == "all"], others)
        counted = mine["arrival_time"] >= 5
        edges = np.quantile(mine["rate_true"][counted], np.arange(1, 10) / 10)
        classes = np.searchsorted(edges, mine["rate_true"], side="left")
        for other in others:
            theirs = self.columns(path, other)
            both = counted & np.isfinite(mine["latency"]) & np.isfinite(theirs["latency"])
            difference = mine["latency"] - theirs["latency"]
            found = [row for row in rows if row["over"] == other]
            self.assertEqual(found[0]["only_policy"], (counted & np.isfinite(mine["latency"])).sum() - both.sum())
            self.assertEqual(found[0]["only_over"], (counted & np.isfinite(theirs["latency"])).sum() - both.sum())
            self.assertEqual({row["by"] for row in found}, {"all", "rate_true", "load_true"})
            for row in found:
                chosen = both if row["by"] != "rate_true" else both & (classes >= row["first_decile"] - 1) & (
                    classes < row["last_decile"])
                values = difference[chosen]
                self.assertEqual(row["steps"], values.size)
                self.assertEqual((row["faster"], row["slower"], row["tied"]),
                                 ((values < -5e-10).sum(), (values > 5e-10).sum(), (abs(values) <= 5e-10).sum()))
                self.assertAlmostEqual(row["difference_s"], values.mean(), delta=1e-12)
                if row["by"] == "rate_true":
                    self.assertEqual((row["from"], row["to"]), (mine["rate_true"][chosen].min(),
                                                                mine["rate_true"][chosen].max()))
                if row["by"] == "all":
                    low, high = batch_means(values, row["confidence"])
                    self.assertAlmostEqual(row["low_s"], low, delta=1e-12)
                    self.assertAlmostEqual(row["high_s"], high, delta=1e-12)

    def test_text_and_csv_say_the_same(self):
        path = self.result(FULL.replace("duration = 60s", "duration = 400s"))
        told = self.told(path)
        rows = list(csv.DictReader(io.StringIO(self.report("compare", path, "--csv"))))
        self.assertEqual([row["over"] for row in rows], [row["over"] for row in told])
        for row, other in zip(rows, told):
            self.assertEqual(float(row["difference_s"]), other["difference_s"])
        shown = self.report("compare", path, env={"COLUMNS": "70"})
        self.assertFalse([line for line in shown.splitlines() if line != line.rstrip()])
        flat = " ".join(shown.split())
        for row in told:
            self.assertIn(row["conclusion"], flat)
        self.assertRegex(flat, r"dynamic-split is faster than full-offload by [0-9.]+ ms per request \(95 % interval")
        self.assertIn("Of other links, loads, devices or networks it says nothing.", flat)
        self.assertIn("warning: device profile is modelled, not measured", shown)

    def test_one_policy_over_files(self):
        path, same = self.result(FULL, "a.h5"), self.result(FULL, "b.h5")
        row, = [row for row in self.told(path, same) if row["by"] == "all"]
        self.assertEqual((row["difference_s"], row["tied"]), (0, row["steps"]))
        self.assertIn("took the same time in each of", row["conclusion"])
        dear = self.result(FULL.replace("[policy no-offload]", "[transfer]\nfeature_bytes = 8B\n[policy no-offload]"),
                           "dear.h5")
        row = self.told(path, dear, "--policy", "dynamic-split")[0]
        self.assertIn("dynamic-split of", row["over"])
        self.assertLess(row["difference_s"], 0)
        self.assertGreater(row["faster"], 0)

    def check_unpaired(self, row, first, second):
        """The difference of two means by Welch's method, each with its variance by batch means; t by integration."""
        means, variances = zip(*((values.mean(), ((batch_means(values, 0.95)[1] - values.mean()) / T_31) ** 2)
                                 for values in (first, second)))
        variance = sum(variances)
        degrees = variance ** 2 / sum(each ** 2 / 31 for each in variances)
        self.assertEqual((row["method"], row["steps"], row["faster"] + row["slower"] + row["tied"]), ("unpaired", 0, 0))
        self.assertEqual((row["only_policy"], row["only_over"]), (first.size, second.size))
        self.assertAlmostEqual(row["difference_s"], means[0] - means[1], delta=1e-12)
        t = (row["high_s"] - row["low_s"]) / 2 / np.sqrt(variance)
        self.assertAlmostEqual(row["high_s"] + row["low_s"], 2 * row["difference_s"], delta=1e-12)
        x = np.linspace(-t, t, 200001)
        density = (1 + x ** 2 / degrees) ** (-(degrees + 1) / 2)
        density *= np.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)) / np.sqrt(degrees * np.pi)
        inside = (density[1:] + density[:-1]).sum() / 2 * (x[1] - x[0])
        self.assertAlmostEqual(inside, 0.95, delta=1e-8)

    def test_what_is_not_paired_is_compared_by_the_means(self):
        scenario = FULL.replace("duration = 60s", "duration = 200s")
        path = self.result(scenario, "a.h5")

        def latencies(name, policy="dynamic-split"):
            columns = self.columns(self.folder / name, policy)
            return columns["latency"][(columns["arrival_time"] >= 5) & np.isfinite(columns["latency"])]

        for name, change, said in (
                ("seed.h5", ("seed = 11", "seed = 12"), "seed 12 there, 11 here"),
                ("rate.h5", ("rate = 5/s", "rate = 6/s"), r"request \d+ comes at .* there, at .* here"),
                ("batch.h5", ("batch = 1, 2, 4", "batch = 1, 4, 2"), "request 1 comes at .* with batch 4 there, .*")):
            other = self.result(scenario.replace(*change), name)
            row, = self.told(path, other)
            self.check_unpaired(row, latencies("a.h5"), latencies(name))
            self.assertRegex(row["conclusion"], rf"Not paired \({said}\): this compares two means")
            self.assertRegex(self.report("compare", path, other), r"dynamic-split of \S+ \(unpaired\) +- +")
        row, *_ = self.told(path)
        self.assertEqual(row["method"], "paired")

    def test_grids_that_differ_cannot_be_compared(self):
        path = self.result(GRID, "a.h5")
        other = self.result(GRID.replace("batch = 1, 2, 4", "batch = 1, 2, 3"), "b.h5")
        self.expect(self.call("compare", path, other), INVALID, [".*b.h5: is not paired with .*a.h5: request 2 .*"])

    def test_closed_mode_is_not_paired(self):
        path = self.result(FULL.replace("arrivals = poisson\nrate = 5/s", "mode = closed"))
        for row in self.told(path):
            first, second = (self.columns(path, policy) for policy in ("dynamic-split", row["over"]))
            self.check_unpaired(row, *(columns["latency"][(columns["arrival_time"] >= 5)
                                                          & np.isfinite(columns["latency"])]
                                       for columns in (first, second)))
            self.assertIn("in closed mode each policy has arrivals of its own", row["conclusion"])
        shown = self.report("explain", path, "--step", 3)
        self.assertEqual(shown.count(" completed\n") + shown.count(" late\n") + shown.count(" dropped\n"), 1)

    def test_requests_that_only_one_completed_are_told(self):
        path = self.result(SATURATED)
        rows = [row for row in self.told(path, "--policy", "steady") if row["by"] == "all"]
        n_steps = self.columns(path, "steady")["latency"].size
        for row in rows:
            self.assertEqual(row["steps"] + row["only_policy"], n_steps)
            self.assertGreater(row["only_policy"], 0)
            self.assertIn(f"Left out are {row['only_policy']} steps that only steady completed", row["conclusion"])

    def test_a_grid_has_no_interval(self):
        for row in self.told(self.result(GRID)):
            self.assertIsNone(row["low_s"])
            self.assertEqual(row["batches"], 0)
            self.assertNotIn("95 % interval", row["conclusion"])

    def test_mistakes(self):
        path = self.result(FULL)
        self.expect(self.call("compare", path, "--policy", "dynamic-spilt"), INVALID,
                    [r".*has no policy 'dynamic-spilt'; did you mean 'dynamic-split'\?"])
        self.expect(self.call("compare", path, "--over", "dynamic-split"), INVALID, [".*nothing to compare.*"])
        self.expect(self.call("compare", path, "none.h5"), NO_INPUT, ["none.h5: No such file.*"])
        self.expect(self.call("compare"), USAGE, [".+"])
        for words in (("--json", "--csv"), (path, "--over", "no-offload")):
            self.expect(self.call("compare", path, *words), USAGE, [".+"])
        shutil.copy(path, self.folder / "less.h5")
        with h5py.File(self.folder / "less.h5", "r+") as file:
            del file["load_true"]
        self.expect(self.call("compare", "less.h5"), INVALID, ["less.h5: load_true is missing or damaged"])


class Explain(ReportTest):
    def test_expected_times_are_those_that_the_policy_compared(self):
        """The choice is the least expected of the candidates, at every step; on an idle system it comes true."""
        scenario = FULL.replace("[downlink]", "") + "[downlink]\nrate = 10Mbit/s\npropagation = 5ms\n" \
            "[transfer]\nresult = 2kB\n[policy wide]\ntype = dynamic-split\ncandidates = natural\nprivacy = yes\n" \
            "[policy ewma]\ntype = dynamic-split\nknowledge = ewma\ninitial_rate = 4Mbit/s\n"
        path = self.result(scenario)
        for policy in ("dynamic-split", "wide", "ewma"):
            rows = self.columns(path, policy)
            n_exact = 0
            for step in range(0, rows["latency"].size, 11):
                told = json.loads(self.report("explain", path, "--step", step, "--policy", policy, "--json"))
                candidates = [row for row in told if row["candidate"]]
                self.assertEqual(len(told), 21)
                self.assertEqual(candidates[0]["cut"] > 0, policy == "wide")
                chosen, = [row for row in told if row["chosen"]]
                self.assertEqual(chosen["cut"], rows["split_index"][step])
                self.assertEqual(chosen["cut"], min(candidates, key=lambda row: (row["expected_s"], -row["cut"]))["cut"])
                waited = sum(rows[f"{name}_queue_time"][step] for name in ("device", "uplink", "server"))
                if policy != "ewma":
                    self.assertEqual(chosen["idle_s"], chosen["expected_s"])
                if waited == 0:
                    n_exact += abs(rows["latency"][step] - chosen["idle_s"]) < 1e-8
                self.assertEqual(chosen["latency_s"], rows["latency"][step] if np.isfinite(rows["latency"][step])
                                 else None)
            self.assertGreater(n_exact, 3, policy)

    def test_text_says_what_was_known_and_what_it_cost(self):
        path = self.result(FULL)
        rows = self.columns(path, "dynamic-split")
        step = int(np.nanargmax(np.where(np.isfinite(rows["regret"]), rows["regret"], -1)))
        shown = self.report("explain", path, "--step", step)
        self.assertIn("dynamic-split chose cut", shown)
        self.assertIn("it knew the uplink rate of", shown)
        self.assertRegex(shown, rf"so the choice cost {1e3 * rows['regret'][step]:.4g} ms\.")
        self.assertRegex(shown, r"(?m)^> +[0-9]+ ")
        self.assertEqual(len([line for line in shown.splitlines() if line.endswith((" completed", " late", " dropped"))]),
                         h5py.File(path)["policy"].size)
        self.assertFalse([line for line in shown.splitlines() if line != line.rstrip()])
        self.assertIn("it does not look at the state",
                      self.report("explain", path, "--step", 0, "--policy", "no-offload"))
        rows = list(csv.DictReader(io.StringIO(self.report("explain", path, "--step", step, "--csv"))))
        self.assertEqual(len(rows), 21)

    def test_a_policy_that_learns_and_one_that_plans_are_explained(self):
        path = self.result(harness.SCENARIO.replace("duration = 20s", "steps = 50").replace("arrivals = poisson", "mode = isolated")
                           + "[policy mu-lin-ucb]\n[policy oracle-dp]\n", "learns.h5")
        learner = self.report("explain", path, "--step", 20, "--policy", "mu-lin-ucb")
        self.assertIn("(neither known)\n", learner)
        self.assertIn("is told neither the rate nor the load.\n", learner)
        self.assertNotIn("nan", learner)
        self.assertTrue(np.isnan(self.columns(path, "mu-lin-ucb")["rate_estimate"]).all())
        self.assertIn("takes what is truly best for all requests together.\n",
                      self.report("explain", path, "--step", 20, "--policy", "oracle-dp"))

    def test_any_replication_is_explained(self):
        path = self.result(REPLICATED)
        self.assertIn("step 7 of replication 3: arrives at", self.report("explain", path, "--step", 7, "--replication", 3))
        told = json.loads(self.report("explain", path, "--step", 7, "--replication", 3, "--json"))
        chosen, = [row for row in told if row["chosen"]]
        with h5py.File(path) as file:
            self.assertEqual(chosen["cut"], file["split_index"][3, 1, 7])
            latency_s = file["latency"][3, 1, 7]
        self.assertEqual(chosen["latency_s"], latency_s if np.isfinite(latency_s) else None)

    def test_a_dead_link_is_said_in_words(self):
        self.write("up.csv", "# quantity: bandwidth\n# unit: Mbit/s\n# at_end: loop\n# duration: 20s\n"
                             "time_s,value\n0,0\n10,8\n")
        path = self.result(harness.SCENARIO.replace("rate = 8Mbit/s", "trace = up.csv"), "dead.h5")
        shown = " ".join(self.report("explain", path, "--step", 0).split())
        self.assertIn("and by no other of its", shown)
        self.assertNotIn("inf", shown)

    def test_mistakes(self):
        path = self.result(FULL)
        self.expect(self.call("explain", path), USAGE, [".*--step.*"])
        self.expect(self.call("explain", path, "--step", "-1"), USAGE, [".*--step -1: expected a number from 0 on"])
        self.expect(self.call("explain", path, "--step", "9999999"), INVALID, [".*has [0-9]+ steps: 0 to [0-9]+"])
        self.expect(self.call("explain", path, "--step", "1", "--policy", "x"), INVALID, [".*has no policy 'x'.*"])
        saturated = self.result(SATURATED, "s.h5")
        last = self.columns(saturated, "steady")["latency"].size - 1
        self.assertIn("stopped before", self.report("explain", saturated, "--step", last, "--policy", "steady"))


class Latex(ReportTest):
    def test_table_has_the_numbers_of_the_summary(self):
        path = self.result(FULL.replace("[policy full-offload]", "[policy all_%&]\ntype = full-offload"))
        shown = self.report("summary", path, "--latex")
        lines = [line for line in shown.splitlines() if "&" in line]
        header = lines[0].removesuffix(r" \\").split(" & ")
        self.assertIn("mean (ms)", header)
        self.assertIn("energy (J)", header)
        self.assertIn(r"all\_\%\&", shown)
        rows = [line.removesuffix(r" \\").replace(r"\&", "+").split(" & ") for line in lines[1:]]
        with h5py.File(path) as file:
            self.assertEqual(len(rows), file["policy"].size)
            for p, row in enumerate(rows):
                self.assertAlmostEqual(float(row[header.index("p95 (ms)")]), 1e3 * file["summary/latency_p95"][p],
                                       delta=0.06)
        self.assertEqual(shown.count("{"), shown.count("}"))
        latex = shutil.which("pdflatex")
        if latex:
            self.write("t.tex", "\\documentclass{article}\\usepackage{booktabs}\\begin{document}" + shown
                       + "\\end{document}")
            self.assertEqual(subprocess.run([latex, "-interaction=batchmode", "t.tex"], cwd=self.folder).returncode, 0)
        self.expect(self.call("summary", path, "--latex", "--csv"), USAGE, [".*exclude each other"])


STATIONS = {"device": "head_time", "uplink": "uplink_time", "server": "tail_time", "downlink": "downlink_time"}
WAITS = {"device": "device_queue_time", "uplink": "uplink_queue_time", "server": "server_queue_time", "downlink": None}


class Export(ReportTest):
    def test_csv_and_json_lines_hold_every_value(self):
        path = self.result(FULL)
        rows = list(csv.DictReader(io.StringIO(self.report("export", path, "--csv"))))
        lines = [json.loads(line) for line in self.report("export", path, "--jsonl").splitlines()]
        with h5py.File(path) as file:
            policies, n_steps = list(file["policy"].asstr()), list(file["n_steps"])
            names = {name for name in file if getattr(file[name], "ndim", 0) == 2}
            words = file["status"].attrs["flag_meanings"].split()
        self.assertEqual(set(rows[0]), names | {"policy", "step", "counted"})
        self.assertEqual([row["counted"] for row in rows],
                         ["true" if float(row["arrival_time"]) >= 5 else "false" for row in rows])
        self.assertEqual([line["counted"] for line in lines], [row["counted"] == "true" for row in rows])
        self.assertEqual([(row["policy"], int(row["step"])) for row in rows],
                         [(policy, step) for policy, n in zip(policies, n_steps) for step in range(n)])
        self.assertEqual([(line["policy"], line["step"]) for line in lines],
                         [(row["policy"], int(row["step"])) for row in rows])
        columns = {name: np.concatenate([self.columns(path, policy)[name] for policy in policies]) for name in names}
        for name in names - {"status"}:
            np.testing.assert_array_equal([float(row[name] or "nan") for row in rows], columns[name], name)
            np.testing.assert_array_equal([np.nan if line[name] is None else line[name] for line in lines],
                                          columns[name], name)
        self.assertEqual([row["status"] for row in rows], [words[status] for status in columns["status"]])
        self.assertEqual([line["status"] for line in lines], [row["status"] for row in rows])

    def test_every_replication_is_written_and_what_counts_of_it(self):
        path = self.result(AUTO)
        rows = list(csv.DictReader(io.StringIO(self.report("export", path, "--csv"))))
        self.assertEqual(list(rows[0])[:3], ["replication", "policy", "step"])
        with h5py.File(path) as file:
            names = list(file["policy"].asstr())
            self.assertEqual(len(rows), file["n_steps"][...].sum())
            for p, policy in enumerate(names):
                for r in range(4):
                    mine = [row for row in rows if (row["replication"], row["policy"]) == (str(r), policy)]
                    np.testing.assert_array_equal([float(row["latency"] or "nan") for row in mine],
                                                  file["latency"][r, p, : file["n_steps"][r, p]])
                    self.assertEqual(sum(row["counted"] == "true" for row in mine), file["replications/arrived"][r, p])
        one = self.report("export", path, "--csv", "--replication", 2).splitlines()
        self.assertEqual(one[1:], [line for line in self.report("export", path, "--csv").splitlines() if line[:2] == "2,"])
        self.assertEqual(json.loads(self.report("export", path, "--jsonl").splitlines()[0])["replication"], 0)
        self.expect(self.call("export", path, "--chrome"), USAGE, [".*one of the 4 replications: --replication names it"])
        trace = json.loads(self.report("export", path, "--chrome", "--replication", 3))
        self.assertGreater(len(trace["traceEvents"]), 100)
        for words in ("4", "-1", "x"):
            self.expect(self.call("export", path, "--csv", "--replication", words), USAGE, [r".*0 \.\. 3"])

    def test_steps_and_policies_can_be_chosen(self):
        path = self.result(LONG)  # several chunks
        for words, steps in (("16380..16390", range(16380, 16391)), ("39990..99999", range(39990, 40000)),
                             ("0..0", range(1)), ("40000..40001", ())):
            rows = list(csv.DictReader(io.StringIO(self.report("export", path, "--csv", "--steps", words, "--policy",
                                                               "dynamic-split"))))
            self.assertEqual([int(row["step"]) for row in rows], list(steps))
            self.assertEqual({row["policy"] for row in rows}, {"dynamic-split"} if steps else set())
        whole = self.report("export", path, "--csv", "--policy", "dynamic-split").splitlines()
        self.assertEqual(len(whole), 40001)
        np.testing.assert_array_equal([float(line.split(",")[5]) for line in whole[1:]],
                                      self.columns(path, "dynamic-split")["latency"])

    def test_trace_has_each_part_of_each_request(self):
        path = self.result(FULL)
        trace = json.loads(self.report("export", path, "--chrome"))
        events = trace["traceEvents"]
        policies = {event["pid"]: event["args"]["name"] for event in events if event["name"] == "process_name"}
        lanes = {(event["pid"], event["tid"]): event["args"]["name"] for event in events
                 if event["name"] == "thread_name"}
        slices = [event for event in events if event["ph"] == "X"]
        ends = {}
        for event in slices:
            lane = event["pid"], event["tid"]
            self.assertEqual(lanes[lane].split()[0], event["cat"])
            self.assertGreaterEqual(event["ts"], ends.get(lane, 0) - 1e-6)  # lanes hold no overlaps
            ends[lane] = event["ts"] + event["dur"]
        self.assertIn("uplink 2", lanes.values())  # propagation
        self.assertNotIn("device 2", lanes.values())
        for pid, policy in policies.items():
            if policy == "state":
                continue
            columns = self.columns(path, policy)
            start = columns["arrival_time"].copy()
            for station, time in STATIONS.items():
                start = start + (columns[WAITS[station]] if WAITS[station] else 0)
                found = {int(event["name"]): event for event in slices
                         if event["pid"] == pid and event["cat"] == station}
                self.assertEqual(sorted(found), list(np.flatnonzero(columns[time] > 0)), (policy, station))
                for step, event in found.items():
                    self.assertAlmostEqual(event["dur"], columns[time][step] * 1e6, delta=2e-3)
                    self.assertAlmostEqual(event["ts"], start[step] * 1e6, delta=2e-3)
                    self.assertEqual(event["args"]["cut"], columns["split_index"][step])
                start = start + columns[time]
        rates = [event["args"]["value"] for event in events if event["name"] == "uplink rate (Mbit/s)"]
        np.testing.assert_allclose(rates, self.columns(path, policies[1])["rate_true"] / 1e6, rtol=1e-15)

    def test_files(self):
        path = self.result(FULL)
        self.assertEqual(self.report("export", path, "--csv", "-o", "steps.csv"), "")
        self.assertEqual(self.read("steps.csv").decode(), self.report("export", path, "--csv"))
        self.expect(self.call("export", path, "--jsonl", "-o", "steps.csv"), CANT_CREATE, [".*--force.*"])
        self.report("export", path, "--jsonl", "-o", "steps.csv", "--force")
        self.assertEqual(self.read("steps.csv")[:1], b"{")
        self.assertNotIn(".tmp", " ".join(self.files()))
        with open("/dev/full", "w") as full:
            process = self.start("export", path, "--csv", stdout=full)
            process.communicate(timeout=60)
            self.assertEqual(process.returncode, 74)

    def test_mistakes(self):
        path = self.result(FULL)
        for words in ((), ("--csv", "--chrome"), ("--csv", "--steps", "3"), ("--csv", "--steps", "3..2"),
                      ("--csv", "--steps", "-1..2")):
            self.expect(self.call("export", path, *words), USAGE, [".+"])
        self.expect(self.call("export", path, "--csv", "--policy", "orcale"), INVALID, [".*has no policy 'orcale'.*"])


if __name__ == "__main__":
    harness.main(prepare)
