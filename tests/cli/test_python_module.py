"""analysis/edgesplit_results.py and the example that uses it, on results of a run and of a sweep."""
import importlib
import pathlib
import subprocess
import sys
import unittest

import harness
import test_result_readers
from harness import SCENARIO
from test_result_readers import FLEET, FULL, REPLICATED, SATURATED, ResultTest

ANALYSIS = pathlib.Path(__file__).parents[2] / "analysis"
STUDY = SCENARIO.replace("rate = 8Mbit/s", "rate = ${rate=4,8,16}Mbit/s") \
    .replace("[workload]", "[transfer]\nfeature_bytes = ${bytes=1,4}B\nheader = ${header=10,40 ! bytes}B\n[workload]")


def prepare():
    global np, h5py, results
    test_result_readers.prepare()
    sys.path.insert(0, str(ANALYSIS))
    import edgesplit_results as results
    import h5py
    import numpy as np


class Module(ResultTest):
    def frames(self):
        try:
            importlib.import_module("pandas")
        except ImportError:
            self.skipTest(f"{sys.executable} has no pandas")

    def test_columns_figures_and_gains_are_those_of_the_file(self):
        path = self.result(SATURATED)
        with results.open(path) as run, h5py.File(path) as file:
            self.assertEqual(run.policies, list(file["policy"].asstr()))
            self.assertEqual(run.attributes["model"], "efficientnet-b0")
            self.assertEqual(run.attributes["seed"], 1)
            self.assertEqual(run.units("latency"), "s")
            self.assertIn("feature_bytes", run.scenario)
            self.assertEqual(len(run.cuts), 21)
            self.assertGreater(len(set(run.n_steps.values())), 1)
            for p, policy in enumerate(run.policies):
                n = run.n_steps[policy]
                for name in run.columns:
                    np.testing.assert_array_equal(run.column(name, policy), file[name][p, :n])
                self.assertEqual(run.figure("latency_mean", policy), file["summary/latency_mean"][p])
                np.testing.assert_allclose(run.figure("latency_mean", policy),
                                           np.nanmean(run.column("latency", policy)[run.counted(policy)]), rtol=1e-12)
                for b, baseline in enumerate(run.policies):
                    np.testing.assert_array_equal(run.gain(policy, baseline, "ratio_of_means"),
                                                  file["summary/gain_ratio_of_means"][p, b])

    def test_frames_are_tidy(self):
        self.frames()
        with results.open(self.result(FULL)) as run:
            table = run.steps()
            self.assertEqual(len(table), sum(run.n_steps.values()))
            self.assertEqual(set(table.status.unique()) - set(results.STATUS), set())
            mine = table[table.policy == "dynamic-split"]
            np.testing.assert_array_equal(mine.latency, run.column("latency", "dynamic-split"))
            self.assertEqual(mine.cut.iloc[3], run.cuts[run.column("split_index", "dynamic-split")[3]])
            small = run.steps(["no-offload"], ["latency"])
            self.assertEqual(list(small.columns), ["policy", "step", "latency"])
            summary = run.summary()
            self.assertEqual(list(summary.index), run.policies)
            self.assertEqual(summary.latency_p95["no-offload"], run.figure("latency_p95", "no-offload"))

    def test_replications(self):
        with results.open(self.result(REPLICATED)) as run, h5py.File(run.file.filename) as file:
            self.assertEqual(run.n_replications, 4)
            self.assertIn("latency", run.columns)
            self.assertNotIn("n_steps", run.columns)
            for p, policy in enumerate(run.policies):
                for r in range(4):
                    mine = run.column("latency", policy, r)
                    np.testing.assert_array_equal(mine, file["latency"][r, p, : file["n_steps"][r, p]])
                    np.testing.assert_allclose(run.replicated("latency_mean", policy)[r],
                                               np.nanmean(mine[run.counted(policy, r)]), rtol=1e-12)
                self.assertEqual(run.half_width("latency_mean", policy), file["summary/latency_mean_half_width"][p])
                np.testing.assert_array_equal(run.column("latency", policy, -1), run.column("latency", policy, 3))
            with self.assertRaises(IndexError):
                run.column("latency", "no-offload", 4)
            self.frames()
            table = run.steps(columns=["latency", "split_index"])
            self.assertEqual(len(table), file["n_steps"][...].sum())
            self.assertNotIn("counted", table)
            self.assertEqual(sorted(table.replication.unique()), [0, 1, 2, 3])

    def test_every_replication_counts_behind_its_own_warm_up(self):
        with results.open(self.result(REPLICATED.replace("warmup = 5s", "warmup = auto"))) as run:
            warmups_s = np.array([run.warmup_s(policy) for policy in run.policies])
            self.assertGreater(len(set(warmups_s.ravel())), 3)
            for policy in run.policies:
                whole = run.column("latency", policy)
                self.assertEqual(whole.size, run.n_steps[policy])
                parts = [run.column("latency", policy, r) for r in range(4)]
                np.testing.assert_array_equal(whole, np.concatenate(parts))
                counted = [run.counted(policy, r) for r in range(4)]
                np.testing.assert_array_equal(run.counted(policy), np.concatenate(counted))
                np.testing.assert_array_equal([each.sum() for each in counted], run.replicated("arrived", policy))
                np.testing.assert_allclose([np.nanmean(part[mine]) for part, mine in zip(parts, counted)],
                                           run.replicated("latency_mean", policy), rtol=1e-12)
            self.frames()
            table = run.steps(["dynamic-split"])
            self.assertEqual(table.counted.sum(), run.replicated("arrived", "dynamic-split").sum())

    def test_groups_of_devices(self):
        self.frames()
        with results.open(self.result(FLEET)) as run:
            table = run.steps(["no-offload"])
            self.assertEqual(set(table.cut), {"classifier"})
            places = run.column("split_index", "no-offload") + run.first_cut("no-offload")
            np.testing.assert_array_equal(places, np.where(run.column("device", "no-offload") < 3, 20, 41))

    def test_cube(self):
        self.write("study.ini", STUDY)
        self.expect(self.call("sweep", "run", "study.ini", "-o", "runs"), 0)
        self.expect(self.call("sweep", "merge", "runs", "-o", "cube.h5"), 0)
        with results.open(self.folder / "cube.h5") as cube:
            self.assertEqual(set(cube.axes), {"rate", "bytes"})
            self.assertEqual(list(cube.coordinate("rate")), [4e6, 8e6, 16e6])
            self.assertEqual(cube.units("rate"), "bit/s")
            self.assertIn("latency_mean", cube.figures)
            self.assertNotIn("cut_share", cube.figures)
            whole = cube.values("latency_mean")
            self.assertEqual(whole.shape, tuple(cube.coordinate(dim).size for dim in cube.dims("latency_mean")))
            some = cube.values("latency_mean", rate=8e6, policy="dynamic-split")
            self.assertEqual(some.shape, (2,))
            with self.assertRaises(KeyError):
                cube.values("latency_mean", rate=5e6)
            one = SCENARIO.replace("[workload]", "[transfer]\nfeature_bytes = 4B\nheader = 40B\n[workload]")
            with results.open(self.result(one, "one.h5")) as run:
                self.assertEqual(some[1], run.figure("latency_mean", "dynamic-split"))
            self.frames()
            table = cube.frame("latency_mean", "late")
            self.assertEqual(len(table), whole.size)
            row = table[(table.rate == 8e6) & (table["bytes"] == 4) & (table.policy == "dynamic-split")]
            self.assertEqual(row.latency_mean.item(), some[1])
            self.assertEqual(row.header.item(), 40)  # in step with bytes

    def test_other_files_are_refused(self):
        with h5py.File(self.folder / "other.h5", "w") as file:
            file["x"] = 1
        with self.assertRaisesRegex(ValueError, "not a result of edgesplit"):
            results.open(self.folder / "other.h5")
        path = self.result(FULL)
        with h5py.File(path, "r+") as file:
            file.attrs.modify("format_version", "2.0")
        with self.assertRaisesRegex(ValueError, "format 2.0 is too new"):
            results.open(path)

    def test_example(self):
        try:
            importlib.import_module("matplotlib")
        except ImportError:
            self.skipTest(f"{sys.executable} has no matplotlib")
        self.result(REPLICATED.replace("warmup = 5s", "warmup = auto"), "quickstart.h5")
        example = ANALYSIS / "examples" / "fading_uplink.py"
        shown = subprocess.run([sys.executable, example, "quickstart.h5", "figure.png"],
                               cwd=self.folder, capture_output=True, text=True, timeout=120)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        with results.open(self.folder / "quickstart.h5") as run:
            mean_ms, p95_ms = (1e3 * run.figure(name, "dynamic-split") for name in ("latency_mean", "latency_p95"))
            self.assertIn(f"dynamic-split  mean {mean_ms:7.2f} ms, p95 {p95_ms:8.2f} ms\n", shown.stdout)
            cuts, counts = np.unique(run.column("split_index", "dynamic-split")[run.counted("dynamic-split")],
                                     return_counts=True)
            for cut, count in zip(cuts, counts):
                self.assertIn(f"cut {cut:2} {run.cuts[cut]:11} {100 * count / counts.sum():5.1f} % of the steps", shown.stdout)
        self.assertEqual(self.read("figure.png")[:8], b"\x89PNG\r\n\x1a\n")


if __name__ == "__main__":
    harness.main(prepare)
