"""The joined result of a sweep, as those who read it see it."""
import harness
from harness import ONE_OF, SCENARIO
from test_sweep import INVALID, SOME_FAILED, STUDY, SweepTest


class Cube(SweepTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.np, cls.xr = harness.numpy_and_xarray()

    def open(self, path):
        opened = self.xr.open_dataset(self.folder / path, engine="h5netcdf")
        self.addCleanup(opened.close)
        return opened

    def test_grid_equals_the_single_runs(self):
        self.expect(self.sweep("out", "-j", "2"), 0)
        self.merge("out")
        cube = self.open("cube.h5")
        self.assertEqual(cube.latency_mean.dims, ("rate", "arrivals", "repetition", "policy"))
        self.assertEqual(list(cube.rate.values), [1e6, 2e6, 4e6, 6e6, 8e6])
        self.assertEqual(list(cube.arrivals.values), [1, 4])
        self.assertEqual((cube.rate.units, cube.arrivals.units, cube.repetition.units), ("bit/s", "/s", "1"))
        self.assertTrue((cube.run_state == 0).all())
        for run, rate, arrivals, repetition in (0, 1, 1, 0), (17, 4, 4, 2), (22, 6, 4, 1), (29, 8, 4, 2):
            self.run_scenario("study.ini", "one.h5", "-f", "-r", run)
            one = self.xr.open_dataset(self.folder / "one.h5", engine="h5netcdf", group="summary")
            cell = cube.sel(rate=1e6 * rate, arrivals=arrivals, repetition=repetition)
            for name in one.data_vars:
                self.np.testing.assert_array_equal(cell[name].values, one[name].values, err_msg=name)
            one.close()

    def test_half_widths_of_replications(self):
        """What a run says of its uncertainty is in the joined result too, under the same names."""
        self.write("study.ini", STUDY.replace("steps = 200", "steps = 200\nreplications = 3\nwarmup = auto")
                   .replace("repeat = 3", "repeat = 1"))
        self.expect(self.sweep("out", "-r", "0..3"), 0)
        self.merge("out", "--incomplete")
        cube = self.open("cube.h5")
        self.run_scenario("study.ini", "one.h5", "-r", 2)
        with self.xr.open_dataset(self.folder / "one.h5", engine="h5netcdf", group="summary") as one:
            cell = cube.sel(rate=2e6, arrivals=1)
            names = [name for name in one.data_vars if name.endswith("_half_width") and one[name].notnull().any()]
            self.assertIn("gain_ratio_of_means_half_width", names)
            self.assertIn("latency_p95_half_width", names)
            self.assertGreater(float(cell.latency_mean_half_width.min()), 0)
            for name in names:
                self.np.testing.assert_array_equal(cell[name].values, one[name].values, err_msg=name)
                self.assertEqual(cell[name].units, one[name].units)
        self.assertTrue(cube.latency_mean_half_width.sel(rate=8e6).isnull().all())

    def test_summary_has_a_row_for_each_setting_and_policy(self):
        """Means over the repetitions with Student's interval; of one repetition with that of the run."""
        self.expect(self.sweep("out"), 0)
        self.merge("out")
        cube = self.open("cube.h5")
        lines = self.output("summary", "cube.h5").splitlines()
        rows = [line.split() for line in lines if " no-offload " in line]
        self.assertEqual(lines[0], "sweep of study.ini, 30 of 30 runs done")
        self.assertIn("means over 3 repetitions, +- with 95 % confidence", lines[3])
        self.assertEqual([" ".join(row[:4]) for row in rows[:3]], ["1 Mbit/s 1 /s", "1 Mbit/s 4 /s", "2 Mbit/s 1 /s"])
        values = 1e3 * cube.latency_p95.sel(rate=4e6, arrivals=4, policy="no-offload").values
        half = 4.302652730 * values.std(ddof=1) / 3 ** 0.5
        row = rows[5]
        self.assertEqual(row[-2:], [f"{values.mean():.2f}", f"{half:.2f}"])
        self.assertEqual(row[5], f"{cube.completed.sel(rate=4e6, arrivals=4, policy='no-offload').values.mean():.0f}")
        self.expect(self.call("summary", "cube.h5", "--json"), INVALID, [".*is a joined sweep, of which there is only .*"])
        self.write("study.ini", STUDY.replace("steps = 200", "steps = 200\nreplications = 3").replace("repeat = 3", "repeat = 1"))
        self.expect(self.sweep("each"), 0)
        self.merge("each")
        cube = self.open("cube.h5").sel(rate=1e6, arrivals=1, policy="dynamic-split")
        row = next(line.split() for line in self.output("summary", "cube.h5").splitlines() if " dynamic-split " in line)
        self.assertEqual(row[-4:], [f"{1e3 * float(cube[name]):.2f}" for name in (
            "latency_mean", "latency_mean_half_width", "latency_p95", "latency_p95_half_width")])

    def test_units_of_variables(self):
        """Of the key whose whole value a variable is; what is no number of one unit stays text."""
        self.write("study.ini", STUDY.replace("title = rate $rate", "title = $rate and ${length=200ms, 1min ! arrivals}")
                   .replace("steps = 200", "duration = $length\nwarmup = ${left=auto, 5ms ! arrivals}")
                   .replace("[policy no-offload]", "[energy]\nactive = ${power=1, 2 ! arrivals}W\ntransmit = 1W\n"
                            "receive = 1W\nidle = 1W\n[policy no-offload]")
                   .replace("rate = ${arrivals=1, 4}/s", "rate = ${arrivals=60, 240}/min\n"
                            "batch = ${images=1, 2 ! arrivals}\n[transfer]\nheader = ${header=1kB, 10B ! arrivals}\n"
                            "ratio = ${ratio=50, 100 ! arrivals}%\n")
                   .replace("repeat = 3", "repeat = 1"))
        self.expect(self.sweep("out", "--filter", "$rate < 3"), 0)
        self.merge("out", "--incomplete")
        cube = self.open("cube.h5")
        expected = {"rate": ([1e6, 2e6, 4e6, 6e6, 8e6], "bit/s"), "arrivals": ([1, 4], "/s"),
                    "length": ([0.2, 60], "s"), "power": ([1, 2], "W"), "images": ([1, 2], "1"),
                    "header": ([1000, 10], "B"), "ratio": ([0.5, 1], "1"), "left": (["auto", "5ms"], None)}
        for name, (values, units) in expected.items():
            self.assertEqual((list(cube[name].values), cube[name].attrs.get("units")), (values, units), name)
        for run in range(4):
            self.run_scenario("study.ini", f"one-{run}.h5", "-r", run)
        runs = self.xr.combine_nested([self.open(f"one-{run}.h5") for run in range(4)], concat_dim="run",
                                      combine_attrs="override")  # as open_mfdataset does, which needs dask
        self.assertEqual((list(runs.rate.values), runs.rate.units), ([1e6, 1e6, 2e6, 2e6], "bit/s"))
        self.assertEqual((list(runs.length.values), runs.length.units), ([0.2, 60, 0.2, 60], "s"))
        self.assertEqual(runs.latency.dims, ("run", "policy", "step"))

    def test_both_engines_without_a_warning(self):
        import warnings
        self.write("study.ini", STUDY.replace("rate = ${arr", "arrivals = poisson\ndeadline = 1s\nrate = ${arr")
                   .replace("arrivals = poisson\n", "", 1)
                   .replace("title = rate $rate", "title = ${kind=plain, \"with, comma\" ! arrivals}"))
        self.expect(self.sweep("out"), 0)
        self.merge("out")
        for engine in "h5netcdf", "netcdf4":
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                with self.xr.open_dataset(self.folder / "cube.h5", engine=engine) as cube:
                    self.assertEqual(cube.kind.dims, ("arrivals",))
                    self.assertEqual(list(cube.kind.values), ["plain", "with, comma"])
                    self.assertIn("kind", cube.latency_mean.coords)
                    self.assertIn("${rate=1, 2, 4..8 step 2}Mbit/s", str(cube.study_ini.values))

    def test_runs_that_are_no_grid(self):
        self.expect(self.sweep("out", "-c", "constrained"), 0)
        self.merge("out")
        cube = self.open("cube.h5")
        self.assertEqual(cube.latency_mean.dims, ("run", "policy"))
        self.assertEqual([list(cube.rate.values), list(cube.arrivals.values)], [[1e6, 2e6, 2e6], [1, 1, 4]])
        self.assertEqual(cube.attrs["config"], "constrained")

    def test_failed_and_missing_runs(self):
        self.write("study.ini", STUDY.replace("rate = ${arrivals=1, 4}/s", "rate = 4/s\nbatch = ${images=1, 8}"))
        self.expect(self.sweep("out", "--filter", "$rate < 5"), SOME_FAILED)
        self.merge("out", "--incomplete")
        cube = self.open("cube.h5")
        self.assertTrue((cube.run_state.sel(rate=[1e6, 2e6, 4e6], images=1) == 0).all())
        self.assertTrue((cube.run_state.sel(rate=[1e6, 2e6, 4e6], images=8) == 1).all())
        self.assertTrue((cube.run_state.sel(rate=[6e6, 8e6]) == 2).all())
        self.assertTrue((cube.latency_mean.isnull() == (cube.run_state != 0)).all())

    def test_policies_and_cuts_that_differ(self):
        self.write("study.ini", STUDY.replace("[policy no-offload]", "[policy fixed]\ntype = static-split\n"
                                              "split = ${split=block2, each}"))
        self.expect(self.sweep("out"), 0)
        self.merge("out")
        cube = self.open("cube.h5")
        policies = list(cube.policy.values)
        self.assertEqual(len(set(policies)), len(policies))
        self.assertGreater(len(policies), 3)
        one = cube.latency_mean.isel(split=0, rate=0, arrivals=0, repetition=0)
        self.assertEqual(int(one.notnull().sum()), 2)

    def test_whole_results(self):
        self.expect(self.sweep("out", "-r", "0..5"), 0)
        self.expect(self.sweep("out", "-r", "0..8", "--steps"), 0, [r"9 runs in .*; of 30: 9 done, .*"])
        self.expect(self.sweep("out", "-r", "0..8", "--steps"), 0, [r"0 runs in .*"])
        files = sorted((self.folder / "out" / "steps").iterdir())
        self.assertEqual(len(files), 9)
        opened = [self.xr.open_dataset(path, engine="h5netcdf") for path in files]
        joined = self.xr.concat(opened, dim="run")
        for one in opened:
            one.close()
        self.assertEqual(joined.latency.dims, ("run", "policy", "step"))
        self.assertEqual((joined.rate.units, joined.arrivals.units), ("bit/s", "/s"))
        cells = set(zip(joined.rate.values / 1e6, joined.arrivals.values, joined.repetition.values))
        self.assertEqual(cells, {(1, 1, 0), (1, 1, 1), (1, 1, 2), (1, 4, 0), (1, 4, 1), (1, 4, 2), (2, 1, 0), (2, 1, 1),
                                 (2, 1, 2)})
        self.assertIn("rate", joined.latency.coords)
        self.run_scenario("study.ini", "one.h5", "-r", "7")
        self.assertIn(self.read("one.h5"), [path.read_bytes() for path in files])
        self.write("study.ini", STUDY.replace("${arrivals=", "${batch="))
        self.expect(self.call("run", "study.ini", "-r", "7", "-o", "two.h5"), INVALID,
                    [r"two\.h5: a variable may not be called 'batch': the result uses this name"])

    def test_one_run(self):
        self.write("study.ini", SCENARIO)
        self.expect(self.sweep("out"), 0)
        self.merge("out")
        self.assertEqual(self.open("cube.h5").latency_mean.dims, ("run", "policy"))

    def test_boxes(self):
        """More runs than are written at once, over several dimensions."""
        repeat = 700 // min(ONE_OF, 3)
        self.write("study.ini", STUDY.replace("steps = 200", "steps = 1").replace("repeat = 3", f"repeat = {repeat}")
                   .replace("[policy dynamic-split]", "[policy fixed]\ntype = static-split\nsplit = each"))
        self.expect(self.sweep("out", timeout=120), 0)
        self.merge("out")
        cube = self.open("cube.h5")
        self.assertEqual(int(cube.run_state.size), 10 * repeat)
        self.assertTrue((cube.run_state == 0).all())
        self.assertTrue(cube.latency_mean.notnull().all())
        self.run_scenario("study.ini", "one.h5", "-r", 10 * repeat - 457)
        with self.xr.open_dataset(self.folder / "one.h5", engine="h5netcdf", group="summary") as one:
            cell = cube.latency_mean.values.reshape(10 * repeat, -1)[10 * repeat - 457]
            self.np.testing.assert_array_equal(cell, one.latency_mean.values)


if __name__ == "__main__":
    harness.main()
