"""The result file, as those who read it see it: xarray, h5py, netCDF, HDF5's tools, `edgesplit summary` and `plot`."""
import csv
import importlib
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest
import warnings

import harness
from harness import SCENARIO, ProgramTest

INVALID, NO_INPUT, CANT_CREATE, UNAVAILABLE, USAGE = 65, 66, 73, 69, 64
COMPLETED, LATE, DROPPED, UNFINISHED, PADDING = range(5)
GROUPS = ("summary", "series", "cuts", "inputs")
PARTS = ("head_time", "device_queue_time", "uplink_queue_time", "uplink_time", "server_queue_time", "tail_time",
         "downlink_time")
TITLE = "one µs is not one ms: é, 中, €"

TRACE = """\
# quantity: bandwidth
# unit: Mbit/s
# duration: 6s
time_s,value
0,40
2,4
4,15
"""

# Late and dropped requests, a warm-up, energy, several batch sizes, a trace.
FULL = SCENARIO.replace("duration = 20s", f"title = {TITLE}\nduration = 60s\nwarmup = 5s\nseed = 11") \
    .replace("rate = 8Mbit/s", "trace = link.csv\npropagation = 10ms") \
    .replace("rate = 4/s", "rate = 5/s\nbatch = 1, 2, 4\ndeadline = 600ms\non_deadline = drop") + """\
[policy full-offload]
[policy fixed]
type = static-split
split = each
[energy]
active = 8W
transmit = 2W
receive = 1W
idle = 0.5W
"""

# A request comes every 67 ms; without offload it takes 80 ms, with full offload 150 ms, and with the split at block 12
# no station takes more than 52 ms: two policies are stopped, each at a step of its own.
SATURATED = SCENARIO.replace("arrivals = poisson\nrate = 4/s", "rate = 15/s\nmax_backlog = 9") \
    .replace("[policy dynamic-split]", "[policy steady]\ntype = static-split\nsplit = block12") + """\
[policy full-offload]
[output]
compression = none
"""

# More steps than a chunk has.
LONG = SCENARIO.replace("duration = 20s", "steps = 40000") \
    .replace("arrivals = poisson\nrate = 4/s", "mode = isolated\nbatch = 1, 2")

GRID = SCENARIO.replace("duration = 20s\n", "").replace("rate = 8Mbit/s", "rate = 1Mbit/s, 4Mbit/s, 16Mbit/s") \
    .replace("arrivals = poisson\nrate = 4/s", "mode = isolated\nstates = grid\nbatch = 1, 2, 4")

# Replications of unequal length; devices of two kinds, which have cuts of their own.
REPLICATED = FULL.replace("seed = 11", "seed = 11\nreplications = 4")
FLEET = SCENARIO.replace("duration = 20s", "duration = 20s\nreplications = 2") \
    .replace("[device]\n", "[device phone]\ncount = 3\nprofile = device.profile\n[device watch]\ncount = 2\n") \
    .replace("rate = 4/s", "rate = 2/s")


def prepare():
    global np, h5py, xr
    missing = []
    for name in ("numpy", "h5py", "xarray", "h5netcdf", "netCDF4"):
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    harness.need(not missing, f"{sys.executable} has no {', '.join(missing)}")
    import h5py
    import numpy as np
    import xarray as xr


def variables(file):
    """Every dataset of a file, by its path."""
    found = {}
    file.visititems(lambda name, item: found.update({name: item}) if isinstance(item, h5py.Dataset) else None)
    return found


class ResultTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("link.csv", TRACE)

    def result(self, scenario, name="out.h5", **options):
        """The path of the result of a scenario's text."""
        self.write("scenario.ini", scenario)
        self.run_scenario("scenario.ini", name, **options)
        return self.folder / name


class Layout(ResultTest):
    def test_xarray_opens_every_group_with_both_engines_without_a_warning(self):
        path = self.result(FULL)
        for engine in ("h5netcdf", "netcdf4"):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                with xr.open_dataset(path, engine=engine) as root:
                    self.assertEqual(set(root.sizes), {"policy", "step"})
                    self.assertEqual(root.latency.dims, ("policy", "step"))
                    self.assertEqual(root.attrs["title"], TITLE)
                    self.assertEqual(root.attrs["format"], "edgesplit-result")
                    self.assertEqual(list(root.policy.values), ["no-offload", "dynamic-split", "full-offload",
                                                                *root.policy.values[3:]])
                    self.assertEqual(list(root.status.attrs["flag_values"]), [0, 1, 2, 3, 4])
                    self.assertEqual(len(root.status.attrs["flag_meanings"].split()), 5)
                    self.assertIn("arrival_time", root.latency.coords)
                    self.assertEqual(root.latency.dtype, float)
                    self.assertIn(f"title = {TITLE}", str(root.scenario_ini.values))
                    steps = root.load()
                for group, dims in (("summary", {"policy", "baseline", "cut", "station"}),
                                    ("series", {"policy", "station", "time"}), ("cuts", {"cut", "batch"}),
                                    ("inputs", {"input"})):
                    with xr.open_dataset(path, engine=engine, group=group) as opened:
                        self.assertEqual(set(opened.sizes), dims, (engine, group))
                        opened.load()
                mean = steps.latency.where(steps.arrival_time >= 5).mean("step")
                with xr.open_dataset(path, engine=engine, group="summary") as summary:
                    np.testing.assert_allclose(mean, summary.latency_mean, rtol=1e-12)

    def test_numbers_have_units_and_only_doubles_a_fill_value(self):
        with h5py.File(self.result(FULL)) as file:
            for name, variable in variables(file).items():
                is_text = h5py.check_string_dtype(variable.dtype) is not None
                with self.subTest(name):
                    self.assertEqual("units" in variable.attrs, not is_text)
                    self.assertEqual("_FillValue" in variable.attrs, variable.dtype.kind == "f")
                    if is_text:
                        self.assertEqual(h5py.check_string_dtype(variable.dtype).encoding, "utf-8")
                    if variable.dtype.kind == "f":
                        self.assertEqual(variable.attrs["_FillValue"].dtype, variable.dtype)
                        self.assertTrue(np.isnan(variable.attrs["_FillValue"][0]) and np.isnan(variable.fillvalue))
                    self.assertTrue(h5py.h5ds.is_scale(variable.id) or all(len(axis) == 1 for axis in variable.dims))
            self.assertEqual({file[name].attrs["units"] for name in ("latency", "rate_true", "uplink_bytes", "batch")},
                             {"s", "bit/s", "B", "1"})
            for name in file["summary"]:
                column = name.removesuffix("_mean")
                if column != name and column in file:
                    self.assertEqual(file[f"summary/{name}"].attrs["units"], file[column].attrs["units"], name)

    def test_tools_know_every_dimension_by_name(self):
        path = self.result(FULL)
        for words in (("ncdump", "-h"), ("h5dump", "-H")):
            with self.subTest(words[0]):
                if shutil.which(words[0]) is None:
                    self.skipTest(f"there is no {words[0]}")
                shown = subprocess.run([*words, path], capture_output=True, text=True)
                self.assertEqual(shown.returncode, 0, shown.stderr)
                self.assertNotIn("phony", shown.stdout)
        self.assertIn("latency(policy, step)", subprocess.run(["ncdump", "-h", path], capture_output=True,
                                                              text=True).stdout)

    def test_format_document_names_all_there_is(self):
        document = (pathlib.Path(__file__).parents[2] / "analysis" / "FORMAT.md").read_text(encoding="utf-8")
        document = document.replace("`_p", "`latency_p")
        with h5py.File(self.result(FULL)) as file:
            names = {name.split("/")[-1] for name in variables(file)} | set(file.attrs)
        self.assertEqual([name for name in sorted(names) if f"`{name}`" not in document], [])

    def test_same_bytes_whatever_is_around(self):
        self.write("scenario.ini", FULL)
        first = self.run_scenario("scenario.ini", "a.h5")
        surroundings = {"LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Tokyo", "EDGESPLIT_PYTHON": "nowhere",
                        "MALLOC_PERTURB_": "165"}
        self.assertEqual(first, self.run_scenario("scenario.ini", "b.h5", env=surroundings))
        self.assertEqual(first, self.run_scenario("scenario.ini", "b.h5", "--force", env={"MALLOC_PERTURB_": "90"}))

    def test_compression_changes_no_value(self):
        """Neither in the columns of a short run nor in whole chunks, which go to the file by another way."""
        for name, scenario in (("short", FULL), ("long", LONG)):
            packed = self.result(scenario, f"{name}.packed.h5")
            plain = self.result(scenario + "[output]\ncompression = none\n", f"{name}.plain.h5")
            with h5py.File(packed) as a, h5py.File(plain) as b:
                self.assertEqual(list(variables(a)), list(variables(b)))
                self.assertEqual((a["latency"].compression, b["latency"].compression), ("gzip", None))
                self.assertTrue(a["latency"].fletcher32 and a["latency"].shuffle)
                for variable in variables(a).values():
                    if not variable.name.startswith("/scenario_"):
                        np.testing.assert_array_equal(variable[...], b[variable.name][...], err_msg=variable.name)

    def test_policies_that_were_stopped_are_padded(self):
        with h5py.File(self.result(SATURATED)) as file:
            n_steps, saturated = file["n_steps"][...], file["summary/saturated"][...]
            self.assertEqual(list(saturated), [1, 0, 1])
            self.assertEqual(len(set(n_steps)), 3, "each policy ends at a step of its own")
            self.assertEqual(n_steps.max(), file["step"].size)
            np.testing.assert_array_equal(file["step"], np.arange(n_steps.max()))
            for p, n in enumerate(n_steps):
                status = file["status"][p]
                self.assertTrue((status[:n] != PADDING).all() and (status[n:] == PADDING).all())
                for name, variable in variables(file).items():
                    if getattr(variable, "shape", ()) != file["status"].shape or "/" in name or name == "status":
                        continue
                    padding = variable[p, n:]
                    expected = -1 if name == "split_index" else np.nan if variable.dtype.kind == "f" else 0
                    np.testing.assert_array_equal(padding, np.full(padding.shape, expected), err_msg=name)
                self.assertFalse(np.isnan(file["arrival_time"][p, :n]).any())


class Figures(ResultTest):
    def setUp(self):
        super().setUp()
        self.file = h5py.File(self.result(FULL))
        self.addCleanup(self.file.close)
        self.policies = range(self.file["policy"].size)
        self.columns = {name: self.file[name][...] for name in self.file if getattr(self.file[name], "ndim", 0) == 2}
        status = self.columns["status"]
        self.counted = (self.columns["arrival_time"] >= self.file.attrs["warmup_s"][0]) & (status != PADDING)
        self.completed = self.counted & ((status == COMPLETED) | (status == LATE))

    def figure(self, name):
        return self.file[f"summary/{name}"][...]

    def test_something_of_everything_happened(self):
        status = self.columns["status"][self.counted]
        self.assertEqual({COMPLETED, LATE, DROPPED} - set(np.unique(status)), set())
        self.assertGreater((~self.counted).sum(), 0)
        self.assertGreater(np.count_nonzero(self.figure("cut_share")[1]), 1)

    def test_parts_add_up_to_the_latency(self):
        total = sum(self.columns[name] for name in PARTS)
        finished = np.isfinite(self.columns["latency"])
        np.testing.assert_allclose(total[finished], self.columns["latency"][finished], rtol=0, atol=1e-12)
        known = (self.columns["status"] == COMPLETED) | (self.columns["status"] == LATE)
        np.testing.assert_array_equal(finished, known)
        np.testing.assert_array_equal(self.columns["latency"] > self.columns["deadline"],
                                      self.columns["status"] == LATE)

    def test_counts(self):
        for name, values in (("completed", (COMPLETED, LATE)), ("late", (LATE,)), ("dropped", (DROPPED,)),
                             ("unfinished", (UNFINISHED,)), ("arrived", range(PADDING))):
            expected = (self.counted & np.isin(self.columns["status"], list(values))).sum(axis=1)
            np.testing.assert_array_equal(self.figure(name), expected, err_msg=name)

    def test_means_and_quantiles(self):
        for p in self.policies:
            rows = self.completed[p]
            latency = self.columns["latency"][p, rows]
            expected = {"latency_mean": latency.mean(), "latency_std": latency.std(ddof=1),
                        "latency_max": latency.max(),
                        "uplink_bytes_mean": self.columns["uplink_bytes"][p, self.counted[p]].mean(),
                        "uplink_bytes_total": self.columns["uplink_bytes"][p, self.counted[p]].sum(),
                        "latency_mean_censored": latency.mean()}
            expected.update({f"{name}_mean": self.columns[name][p, rows].mean()
                             for name in (*PARTS, "energy", "regret")})
            expected.update({f"latency_p{q}": np.quantile(latency, q / 100) for q in (50, 90, 95, 99)})
            done = self.columns["arrival_time"][p, rows] + latency
            expected["throughput"] = rows.sum() / (done.max() - self.columns["arrival_time"][p, self.counted[p]].min())
            for name, value in expected.items():
                with self.subTest(policy=p, figure=name):
                    np.testing.assert_allclose(self.figure(name)[p], value, rtol=1e-12, atol=1e-15)
        self.assertEqual(set(self.figure("conservation_residual")) | set(self.figure("little_residual")), {0.0})

    def test_gains(self):
        latency = np.where(self.counted, self.columns["latency"], np.nan)
        for p in self.policies:
            for b in self.policies:
                both = np.isfinite(latency[p]) & np.isfinite(latency[b])
                mine, theirs = latency[p, both], latency[b, both]
                np.testing.assert_allclose(self.figure("gain_mean_of_ratios")[p, b], ((theirs - mine) / theirs).mean(),
                                           rtol=1e-9, atol=1e-12)
                np.testing.assert_allclose(self.figure("gain_ratio_of_means")[p, b], 1 - mine.sum() / theirs.sum(),
                                           rtol=1e-9, atol=1e-12)

    def test_shares_of_cuts(self):
        for p in self.policies:
            cuts = self.columns["split_index"][p, self.counted[p]]
            shares = np.bincount(cuts, minlength=self.file["cuts/cut"].size) / cuts.size
            np.testing.assert_allclose(self.figure("cut_share")[p], shares, rtol=1e-15)

    def test_energy_and_bytes_follow_from_the_scenario(self):
        sent = self.columns["uplink_bytes"][self.completed]
        cut, batch = self.columns["split_index"][self.completed], self.columns["batch"][self.completed]
        column_of = {size: i for i, size in enumerate(self.file["cuts/batch"][...])}
        table = self.file["cuts/uplink_bytes"][...]
        np.testing.assert_array_equal(sent, [table[c, column_of[b]] for c, b in zip(cut, batch)])
        local = cut == self.file["cuts/cut"].size - 1
        head, latency = self.columns["head_time"][self.completed], self.columns["latency"][self.completed]
        np.testing.assert_allclose(self.columns["energy"][self.completed][local],
                                   (8 * head + 0.5 * (latency - head))[local], rtol=1e-12)

    def test_inputs_are_the_files(self):
        import hashlib

        for path, digest in zip(self.file["inputs/path"].asstr()[...], self.file["inputs/sha256"].asstr()[...]):
            self.assertEqual(hashlib.sha256(self.read(path)).hexdigest(), digest, path)
        self.assertEqual(list(self.file["inputs/input"].asstr()[...]),
                         ["device profile", "server profile", "uplink trace"])


class Replications(ResultTest):
    def test_every_reader_knows_the_dimension(self):
        path = self.result(REPLICATED)
        front = {"replication": 4}
        for engine in ("h5netcdf", "netcdf4"):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                groups = {name: xr.load_dataset(path, engine=engine, group=name)
                          for name in (None, "summary", "replications", "series", "cuts", "inputs")}
            root, summary, each = groups[None], groups["summary"], groups["replications"]
            self.assertEqual(root.latency.dims, ("replication", "policy", "step"))
            self.assertEqual(root.n_steps.dims, ("replication", "policy"))
            self.assertEqual(groups["series"].queue_length.dims, ("replication", "policy", "station", "time"))
            self.assertEqual(groups["series"].uplink_rate.dims, ("replication", "time"))
            for name in (None, "replications", "series"):
                self.assertEqual(list(groups[name].replication.values), [0, 1, 2, 3])
            self.assertEqual({**each.sizes}, {**front, "policy": root.sizes["policy"]})
            counted = root.arrival_time >= root.attrs["warmup_s"]
            np.testing.assert_allclose(root.latency.where(counted).mean("step"), each.latency_mean, rtol=1e-12)
            np.testing.assert_array_equal((root.status != PADDING).sum("step"), root.n_steps)
            np.testing.assert_allclose(each.latency_mean.mean("replication"), summary.latency_mean, rtol=1e-12)
            t = 3.182446305284263  # Student's t, 3 degrees of freedom, 97.5 %
            np.testing.assert_allclose(t * each.latency_mean.std("replication", ddof=1) / 2,
                                       summary.latency_mean_half_width, rtol=1e-6)
            np.testing.assert_array_equal(each.latency_max.max("replication"), summary.latency_max)
        for words in (("ncdump", "-h"), ("h5dump", "-H")):
            if shutil.which(words[0]) is not None:
                shown = subprocess.run([*words, path], capture_output=True, text=True)
                self.assertEqual((shown.returncode, "phony" in shown.stdout), (0, False), shown.stderr)

    def test_replications_differ_and_the_first_is_the_run_without(self):
        one, all_of_them = self.result(FULL, "one.h5"), self.result(REPLICATED, "all.h5")
        with h5py.File(one) as a, h5py.File(all_of_them) as b:
            self.assertNotIn("replication", a)
            self.assertNotIn("replications", a)
            n = a["step"].size
            np.testing.assert_array_equal(a["latency"], b["latency"][0, :, :n])
            self.assertFalse(np.array_equal(b["latency"][0, 0, :100], b["latency"][1, 0, :100]))

    def test_threads_change_no_byte(self):
        self.write("scenario.ini", LONG.replace("steps = 40000", "steps = 40000\nreplications = 3"))
        alone = self.run_scenario("scenario.ini", "one.h5", "--jobs", "1")
        self.assertEqual(alone, self.run_scenario("scenario.ini", "three.h5", "--jobs", "3"))

    def test_format_document_names_all_there_is(self):
        document = (pathlib.Path(__file__).parents[2] / "analysis" / "FORMAT.md").read_text(encoding="utf-8")
        with h5py.File(self.result(FLEET)) as file:
            figures = set(file["replications"]) | {f"{name}_half_width" for name in file["summary"]}
            names = {name.split("/")[-1] for name in variables(file)} - figures
        self.assertEqual([name for name in sorted(names) if f"`{name}`" not in document], [])

    def test_fleets(self):
        path = self.result(FLEET)
        for engine in ("h5netcdf", "netcdf4"):
            root = xr.load_dataset(path, engine=engine)
            cuts = xr.load_dataset(path, engine=engine, group="cuts")
            self.assertEqual(list(root.group_name.values), ["phone", "watch"])
            self.assertEqual(list(root.group_devices.values), [3, 2])
            self.assertEqual(list(cuts.cut_group.values), [0] * 21 + [1] * 21)
            self.assertEqual(list(cuts.name.values[:21]), list(cuts.name.values[21:]))
            devices = root.device.values[root.status.values != PADDING]
            self.assertEqual(set(devices), {0, 1, 2, 3, 4})
            self.assertEqual(set(root.split_index.values[(root.policy == "no-offload").values[None, :, None]
                                                         & (root.status.values != PADDING)]), {20})
        self.assertEqual(self.call("explain", path, "--step", "0").returncode, INVALID)
        rows = list(csv.DictReader(io.StringIO(self.call("export", path, "--csv").stdout)))
        with h5py.File(path) as file:
            n = file["n_steps"][0]
            self.assertEqual(len(rows), file["n_steps"][...].sum())
            device, cut = file["device"][0], file["split_index"][0]
            for p, first in ((0, 0), (1, n[0])):
                expected = cut[p, : n[p]] + 21 * (device[p, : n[p]] >= 3)
                self.assertEqual([int(row["split_index"]) for row in rows[first: first + n[p]]], list(expected))

    def test_reports_say_what_they_show(self):
        path = self.result(REPLICATED)
        self.assertIn("means over 4 replications, +- with 95 % confidence", self.output("summary", path))
        told = json.loads(self.output("summary", path, "--json"))
        self.assertEqual(told["n_replications"], 4)
        with h5py.File(path) as file:
            self.assertEqual(told["policies"][1]["figures"]["latency_mean_half_width"],
                             file["summary/latency_mean_half_width"][1])
            gain, width, half = (f"{100 * file['summary'][name][1, 0]:.1f}" for name in (
                "gain_ratio_of_means", "gain_ratio_of_means_half_width", "gain_mean_of_ratios_half_width"))
            mean, around = (1e3 * file["summary"][name][1] for name in ("latency_mean", "latency_mean_half_width"))
        text = self.output("summary", path)
        self.assertRegex(text, rf"(?m)^dynamic-split( +\d+){{4}} +{mean:.1f} +{around:.1f} ")
        self.assertRegex(text, rf"(?m)^dynamic-split +no-offload +\S+ +{half} +{re.escape(gain)} +{width}$")
        self.assertNotIn("+-", self.output("summary", self.result(FULL, "one.h5")))
        self.expect(self.call("compare", path), 0, [])


class Summary(ResultTest):
    def summary(self, *arguments, code=0, **options):
        result = self.call("summary", *arguments, **options)
        self.expect(result, code, None if code else [])
        return result.stdout

    def test_text_says_what_was_run(self):
        shown = self.summary(self.result(FULL))
        for text in (TITLE, "efficientnet-b0", "seed 11", "bytes: 1 per input element, 4 per feature element",
                     "warning: device profile is modelled, not measured", "mean of ratios", "ratio of means",
                     "20 classifier (no offload)", "0 input (full offload)"):
            self.assertIn(text, shown)
        self.assertNotIn("\033", shown)
        self.assertFalse([line for line in shown.splitlines() if line != line.rstrip()])

    def test_layout_follows_the_width(self):
        path = self.result(FULL)
        wide, narrow = (self.summary(path, env={"COLUMNS": columns}) for columns in ("300", "60"))
        self.assertIn("gain of the row over the column, %: mean of ratios", wide)
        self.assertNotIn("gain of the row", narrow)
        self.assertRegex(narrow, r"dynamic-split +no-offload +-?[0-9.]+ +-?[0-9.]+\n")
        self.assertNotRegex(narrow, r"\nno-offload +dynamic-split +-?[0-9]")

    def test_json_and_csv_hold_the_figures_of_the_file(self):
        path = self.result(FULL)
        told = json.loads(self.summary(path, "--json"))
        lines = [line for line in self.summary(path, "--csv").splitlines() if not line.startswith("# ")]
        rows = list(csv.DictReader(io.StringIO("\n".join(lines))))
        with h5py.File(path) as file:
            names = list(file["policy"].asstr()[...])
            self.assertEqual([policy["name"] for policy in told["policies"]], names)
            self.assertEqual([row["policy"] for row in rows], names)
            self.assertEqual(told["feature_bytes_per_element"], 4)
            for p, policy in enumerate(told["policies"]):
                self.assertEqual(policy["cut_share"], list(file["summary/cut_share"][p]))
                self.assertEqual(list(policy["utilisation"].values()), list(file["summary/utilisation"][p]))
                for name, value in policy["figures"].items():
                    self.assertEqual(value, file[f"summary/{name}"][p])
                    self.assertEqual(float(rows[p][name]), value)
                    self.assertEqual(told["units"][name], file[f"summary/{name}"].attrs["units"])
            for gain in told["gains"]:
                at = names.index(gain["policy"]), names.index(gain["baseline"])
                self.assertEqual(gain["mean_of_ratios"], file["summary/gain_mean_of_ratios"][at])
                self.assertEqual(gain["ratio_of_means"], file["summary/gain_ratio_of_means"][at])
            self.assertEqual(len(told["gains"]), len(names) * (len(names) - 1))

    def test_saturation_is_a_warning(self):
        path = self.result(SATURATED)
        self.assertRegex(self.summary(path), r"\nwarning: no-offload: saturated: stopped when \d+ requests had arrived")
        self.assertEqual(sum("saturated" in text for text in json.loads(self.summary(path, "--json"))["warnings"]), 2)

    def test_wrong_files_are_named_with_their_fault(self):
        path = self.result(GRID)
        whole = path.read_bytes()
        self.write("cut.h5", whole[: len(whole) * 2 // 3])
        self.write("head.h5", whole[:100])
        self.write("empty.h5", "")
        self.write("text.h5", "policy,latency\n")
        for name, change in (("newer.h5", lambda file: file.attrs.modify("format_version", "2.0")),
                             ("later.h5", lambda file: file.attrs.modify("format_version", "1.9")),
                             ("odd.h5", lambda file: file.attrs.modify("format_version", "one")),
                             ("other.h5", lambda file: file.attrs.modify("format", "something")),
                             ("less.h5", lambda file: file.__delitem__("summary/cut_share"))):
            shutil.copy(path, self.folder / name)
            with h5py.File(self.folder / name, "r+") as file:
                change(file)
        with h5py.File(self.folder / "plain.h5", "w") as file:
            file["x"] = 1
        for name, code, said in (("cut.h5", INVALID, "is truncated or damaged.*"),
                                 ("head.h5", INVALID, "(is truncated or damaged|not an HDF5 file).*"),
                                 ("empty.h5", INVALID, "not an HDF5 file"), ("text.h5", INVALID, "not an HDF5 file"),
                                 ("newer.h5", INVALID, r"has format version 2\.0; this program reads .* 1\.x.*"),
                                 ("odd.h5", INVALID, "format_version is missing or damaged"),
                                 ("other.h5", INVALID, "is an HDF5 file, but not a result of edgesplit"),
                                 ("plain.h5", INVALID, "is an HDF5 file, but not a result of edgesplit"),
                                 ("less.h5", INVALID, "summary/cut_share is missing or damaged"),
                                 ("none.h5", NO_INPUT, "No such file or directory"),
                                 (".", NO_INPUT, "not a regular file")):
            with self.subTest(name):
                for report in (("summary",), ("plot", "-o", "figures")):
                    result = self.call(report[0], name, *report[1:])
                    self.expect(result, code, [f"{name}: {said}"])
                    self.assertEqual(result.stdout, "")
        self.assertNotIn("figures", self.files())
        self.summary("later.h5")

    def test_usage(self):
        self.result(GRID)
        for words in (("summary",), ("summary", "out.h5", "--jsn"), ("summary", "out.h5", "more"), ("plot", "out.h5"),
                      ("summary", "out.h5", "--json", "--csv"), ("plot", "out.h5", "-o")):
            self.expect(self.call(*words), USAGE, [".+"])
        self.assertIn("--json", self.summary("--help"))

    def test_no_part_of_a_file_passes_for_it(self):
        whole = self.result(GRID).read_bytes()
        for length in (*range(0, len(whole), len(whole) // 20), len(whole) - 1):
            self.write("part.h5", whole[:length])
            self.expect(self.call("summary", "part.h5"), INVALID, ["part.h5: .+"])


class Plot(ResultTest):
    def setUp(self):
        super().setUp()
        try:
            importlib.import_module("matplotlib")
        except ImportError:
            self.skipTest(f"{sys.executable} has no matplotlib")

    def plot(self, *arguments, code=0, python=sys.executable):
        result = self.call("plot", *arguments, env={"EDGESPLIT_PYTHON": python}, timeout=120)
        self.expect(result, code, [] if code == 0 else None)
        return result

    def test_figures_of_each_kind_of_result(self):
        common = ["latency_cdf", "latency_ccdf", "components"]
        time = ["cuts_by_rate", "gain"]
        closed = FULL.replace("arrivals = poisson\nrate = 5/s", "mode = closed")
        for i, (scenario, names) in enumerate([(FULL, ["timeline", *common, *time, "regret", "stations"]),
                                               (closed, ["timeline", *common, "cuts_by_rate", "regret", "stations"]),
                                               (SATURATED, ["timeline", *common, "regret", "stations"]),
                                               (GRID, ["cut_map", *common, *time, "regret"])]):
            folder = f"figures {i}"
            shown = self.plot(self.result(scenario, f"{i}.h5"), "-o", folder)
            self.assertEqual(shown.stdout.split("\n"), [*(f"{folder}/{name}.png" for name in names), ""])
            self.assertEqual({file.name for file in (self.folder / folder).iterdir()}, {f"{n}.png" for n in names})
            for name in names:
                self.assertEqual(self.read(f"{folder}/{name}.png")[:8], b"\x89PNG\r\n\x1a\n")

    def test_same_result_same_bytes(self):
        path = self.result(FULL)
        for folder in ("first", "second"):
            self.plot(path, "-o", folder, "--pdf")
        names = sorted(file.name for file in (self.folder / "first").iterdir())
        self.assertEqual(names, sorted(f"{name}.{form}" for name in (
            "timeline", "latency_cdf", "latency_ccdf", "components", "cuts_by_rate", "gain", "regret", "stations")
            for form in ("png", "pdf")))
        for name in names:
            data = self.read(f"first/{name}")
            self.assertEqual(data, self.read(f"second/{name}"), name)
            self.assertNotIn(b"CreationDate", data)
            if name.endswith(".pdf"):
                self.assertEqual(data[:5], b"%PDF-")
        self.write("third/gain.pdf", "mine")
        self.assertIn("gain.pdf", self.plot(path, "-o", "third", "--pdf", code=CANT_CREATE).stderr)
        self.plot(path, "-o", "third")

    def test_all_replications_are_drawn_behind_their_own_warm_ups(self):
        path = self.result(REPLICATED.replace("warmup = 5s", "warmup = auto"))
        shown = self.plot(path, "-o", "figures").stdout
        self.assertEqual(shown.count(".png"), 8)
        with h5py.File(path) as file:
            arrived, completed = (file[f"replications/{name}"][:, 1].sum() for name in ("arrived", "completed"))
        script = "import sys; sys.path.insert(0, sys.argv[2])\n" \
            "from result import Result; import latency_cdf, gain\n" \
            "result = Result(sys.argv[1])\n" \
            "print(result.counted('latency', 1).size, latency_cdf.curve(result, 1)[1][-1])\n" \
            "print(sum(len(gain.paired(result, 1, 0)[0]) for _ in 'x'))"
        size, share, pairs = self.run_script(script, path).split()
        self.assertEqual(int(size), arrived)
        self.assertAlmostEqual(float(share), completed / arrived, delta=1e-12)
        rows = json.loads(self.output("compare", path, "--json", "--over", "no-offload"))
        self.assertEqual(int(pairs), rows[0]["steps"])

    def test_sweep(self):
        self.write("study.ini", SCENARIO.replace("rate = 8Mbit/s", "rate = ${rate=4,8,16}Mbit/s")
                   .replace("duration = 20s", "duration = ${length=10,20}s\n[sweep]\nrepeat = 3\n"))
        self.expect(self.call("sweep", "run", "study.ini", "-o", "runs"), 0)
        self.expect(self.call("sweep", "merge", "runs", "-o", "cube.h5"), 0)
        self.assertEqual(self.plot("cube.h5", "-o", "figures").stdout, "figures/sweep.png\n")
        with h5py.File(self.folder / "cube.h5", "r+") as file:
            del file["run_state"]
        self.expect(self.call("plot", "cube.h5", "-o", "more"), INVALID, ["cube.h5: run_state is missing or damaged"])

    def run_script(self, script, path):
        shown = subprocess.run([sys.executable, "-c", script, path, pathlib.Path(__file__).parents[2] / "analysis" / "plot"],
                               capture_output=True, text=True)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        return shown.stdout

    def test_every_network_has_its_two_ends(self):
        script = "import sys; sys.path.insert(0, sys.argv[2])\n" \
            "from result import Result\n" \
            "result = Result(sys.argv[1])\n" \
            "print(*(result.cut_label(cut) for cut in (0, 1, 20, 21, 22, 41)), sep='\\n')\n"
        self.assertEqual(self.run_script(script, self.result(FLEET)).splitlines(), [
            "0 phone/input (full offload)", "1 phone/stem", "20 phone/classifier (no offload)",
            "21 watch/input (full offload)", "22 watch/stem", "41 watch/classifier (no offload)"])

    def test_heights_are_those_of_the_steps(self):
        """What the scripts draw, before they draw it, against the columns."""
        path = self.result(FULL)
        script = "import sys; sys.path.insert(0, sys.argv[2])\n" \
            "import numpy as np, style, gain, cuts_by_rate\n" \
            "from result import Result\n" \
            "result = Result(sys.argv[1]); p = result.policies.index('dynamic-split')\n" \
            "b = result.policies.index('no-offload')\n" \
            "rates = result.column('rate_true', p)\n" \
            "cells = gain.cells(result, p, b, np.array([0, np.inf]), lambda batches, loads: 0 * batches, 1)\n" \
            "print(repr(float(cells[0, 0])))\n" \
            "borders = cuts_by_rate.classes_of(rates); print(borders[0] == rates.min(), borders[-1] == rates.max())\n"
        mean, ends = self.run_script(script, path).splitlines()
        with h5py.File(path) as file:
            names = list(file["policy"].asstr())
            at = names.index("dynamic-split"), names.index("no-offload")
            self.assertAlmostEqual(float(mean), 100 * file["summary/gain_mean_of_ratios"][at], delta=1e-9)
        self.assertEqual(ends, "True True")

    def test_nothing_is_replaced_unasked(self):
        path = self.result(GRID)
        self.write("figures/cut_map.png", "mine")
        self.assertIn("--force", self.plot(path, "-o", "figures", code=CANT_CREATE).stderr)
        self.assertEqual(self.read("figures/cut_map.png"), b"mine")
        self.assertNotIn("figures/latency_cdf.png", self.files())
        self.plot(path, "-o", "figures", "--force")
        self.assertNotEqual(self.read("figures/cut_map.png"), b"mine")

    def test_what_is_missing_is_said(self):
        path = self.result(GRID)
        self.plot(path, "-o", "no/figures", code=CANT_CREATE)
        self.assertIn("no-such-python", self.plot(path, "-o", "figures", code=UNAVAILABLE,
                                                  python="no-such-python").stderr)
        bare = self.write("bare", f'#!/bin/sh\nexec {sys.executable} -I -S "$@"\n')
        os.chmod(bare, 0o755)
        self.assertRegex(self.plot(path, "-o", "figures", code=UNAVAILABLE, python=str(bare)).stderr,
                         "needs the Python libraries .*matplotlib")


if __name__ == "__main__":
    harness.main(prepare)
