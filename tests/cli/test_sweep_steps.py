"""The per-step tables of a sweep's runs in the joined file: copied, or referred to."""
import os
import pathlib
import random
import resource
import shutil
import subprocess
import sys
import time

import harness
from harness import SCENARIO
from test_sweep import INVALID, IO_ERROR, STUDY, SweepTest, limit_files

# Policies that end with different numbers of steps, runs that have different policies.
UNEVEN = SCENARIO.replace("duration = 20s", "steps = ${steps=40, 25}").replace("no-offload]", "fixed]\ntype = static-split\n"
                                                                              "split = ${split=block2, each, block4}")
SATURATED = SCENARIO.replace("duration = 20s", "steps = 400") \
    .replace("rate = 4/s", "rate = ${arrivals=20, 40}/s\nmax_backlog = 20")
# Runs of one device and of several.
MIXED = SCENARIO.replace("duration = 20s", "steps = 60").replace("[device]\n", "[device]\ncount = ${devices=1, 3}\n")


def limit_open_files(n):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (n, n))


class Steps(SweepTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.np, cls.xr = harness.numpy_and_xarray()

    def load(self, path, engine="h5netcdf", group="per_step"):
        with self.xr.open_dataset(self.folder / path, engine=engine, group=group) as opened:
            return opened.load()

    def compare(self, folder, joined):
        """Every table of a joined file equals that of its run, and what is behind is padding; how many there are."""
        identities = [path.stem for path in (self.folder / folder / "steps").glob("*.h5")]
        axes = [dim for dim in joined.latency.dims if dim not in ("policy", "step")]
        names = [name for name, item in joined.variables.items() if item.dims == joined.latency.dims]
        self.assertEqual(len(set(names) - {"device"}), 21)
        self.assertGreater(len(identities), 1)
        for identity in identities:
            one = self.load(f"{folder}/steps/{identity}.h5", group=None)
            if axes == ["run"]:
                number, = self.np.flatnonzero((joined.rate == one.rate) & (joined.arrivals == one.arrivals))
                cell = joined.isel(run=number)
            else:
                cell = joined.sel({axis: one[axis].values for axis in axes})
            rows = cell.sel(policy=one.policy.values)
            others = cell.drop_sel(policy=one.policy.values)
            n = one.sizes["step"]
            for name in names:
                if name == "device" and name not in one:
                    self.assertTrue((rows[name] == 0).all())
                    continue
                self.assertEqual(joined[name].dtype, one[name].dtype)
                self.np.testing.assert_array_equal(rows[name].values[:, :n], one[name].values, err_msg=name)
            for padding in rows.isel(step=slice(n, None)), others:
                self.assertTrue((padding.status == 4).all() and (padding.split_index == -1).all())
                self.assertTrue(padding.latency.isnull().all() and (padding.batch == 0).all())
        return len(identities)

    def test_tables_are_those_of_the_single_runs(self):
        studies = {"small": STUDY, "constrained": STUDY, "uneven": UNEVEN, "saturated": SATURATED, "mixed": MIXED}
        for name, study in studies.items():
            self.write("study.ini", study)
            config = ["-c", name] if study == STUDY else []
            self.expect(self.sweep(name, "--steps", *config), 0)
            for how in "", "--steps", "--virtual":
                self.expect(self.call("sweep", "merge", name, "-o", f"{name}{how}.h5", *how.split()), 0)
            copied, referred = (self.load(f"{name}{how}.h5") for how in ("--steps", "--virtual"))
            self.assertEqual(referred.attrs.pop("n_sources"), self.compare(name, copied))
            self.assertIn("arrival_time", copied.latency.coords)
            self.assertEqual("device" in copied, name == "mixed")
            for other in referred, self.load(f"{name}--steps.h5", "netcdf4"):
                self.assertTrue(copied.identical(other), name)
            self.assertTrue(self.load(f"{name}--virtual.h5", "netcdf4").equals(copied))
            # The rest of the file is what it is without.
            plain = self.load(f"{name}.h5", group=None)
            self.assertTrue(plain.identical(self.load(f"{name}--steps.h5", group=None)))
        n_steps = self.load("saturated.h5", group=None).n_steps
        self.assertGreater(float(n_steps.max()), float(n_steps.min()))
        mixed = self.load("mixed--steps.h5")
        self.assertEqual(set(mixed.device.sel(devices=3).values.ravel()), {0, 1, 2})

    def test_long_tables(self):
        """More steps than a chunk has."""
        self.write("study.ini", SCENARIO.replace("duration = 20s", "steps = ${steps=40000, 100}"))
        self.expect(self.sweep("out", "--steps"), 0)
        for how in "--steps", "--virtual":
            self.expect(self.call("sweep", "merge", "out", "-o", f"cube{how}.h5", how), 0)
            self.assertEqual(self.compare("out", self.load(f"cube{how}.h5")), 2)

    def test_bytes_do_not_depend_on_kills_and_workers(self):
        self.write("study.ini", STUDY.replace("steps = 200", "steps = 1500"))
        started = time.monotonic()
        self.expect(self.sweep("whole", "--steps", "-j", "1"), 0)
        span = time.monotonic() - started
        whole = self.merge("whole", "--steps")
        moments = random.Random(7)
        for _ in range(6):
            process = self.start_sweep("out", "--steps", "-j", "2", stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            time.sleep(span * 0.2 * moments.random())
            process.kill()
            process.wait()
        self.write("out/steps/00.h5.tmp.999999999", "what a killed worker has left")
        time.sleep(0.3)
        self.expect(self.sweep("out", "--steps", "-j", "2"), 0)
        self.assertEqual([path.name for path in (self.folder / "out" / "steps").iterdir() if path.suffix != ".h5"], [])
        self.assertEqual(self.merge("out", "--steps") == whole, True, "other bytes")

    def test_names_that_the_tables_use(self):
        self.write("study.ini", STUDY.replace("${arrivals=", "${batch="))
        self.expect(self.sweep("out", "--steps"), INVALID,
                    [r"study\.ini: a variable may not be called 'batch': the result uses this name"])
        self.assertFalse((self.folder / "out").exists())
        self.expect(self.sweep("out"), 0)

    def test_names_that_only_some_tables_use(self):
        """A variable may be called as the column that tables of one device do not have."""
        self.write("study.ini", STUDY.replace("${arrivals=", "${device=").replace("repeat = 3", "repeat = 1"))
        self.expect(self.sweep("out", "--steps"), 0)
        for how in "--steps", "--virtual":
            self.expect(self.call("sweep", "merge", "out", "-o", f"{how}.h5", how), 0)
            joined = self.load(f"{how}.h5")
            self.assertEqual(joined.device.dims, ("device",))
            self.assertEqual(self.compare("out", joined), 10)

    def test_replications_are_refused(self):
        self.write("study.ini", STUDY.replace("steps = 200", "steps = 50\nreplications = 2"))
        self.expect(self.sweep("out", "--steps", "-c", "small"), 0)
        self.expect(self.call("sweep", "merge", "out", "-o", "plain.h5"), 0)
        for how in "--steps", "--virtual":
            self.expect(self.call("sweep", "merge", "out", "-o", "x.h5", how), INVALID, [
                r"out/steps/[0-9a-f]{64}\.h5: has several replications, and the joined tables have none: --steps is for runs "
                r"of one, which \[sweep\] repeat makes as many of"])
        self.assertFalse([name for name in self.files() if name.startswith("x.h5")])

    def test_missing_tables(self):
        self.expect(self.sweep("out", "-r", "0..9"), 0)
        self.expect(self.sweep("out", "-r", "0..3", "--steps"), 0)
        for how in "--steps", "--virtual":
            self.expect(self.call("sweep", "merge", "out", "-o", "x.h5", how), INVALID,
                        [r"out: 20 of 30 runs are missing; --incomplete leaves them NaN"])
        self.expect(self.sweep("out"), 0)
        for how in "--steps", "--virtual":
            self.expect(self.call("sweep", "merge", "out", "-o", "x.h5", how), INVALID, [
                r"out: 26 of 30 finished runs have no table of steps; sweep run --steps makes what is missing, "
                r"--incomplete leaves it out"])
            self.expect(self.call("sweep", "merge", "out", "-o", f"{how}.h5", how, "--incomplete"), 0)
            joined = self.load(f"{how}.h5")
            self.assertEqual(self.compare("out", joined), 4)
            self.assertEqual(int((joined.status == 4).all(["policy", "step"]).sum()), 26)
        self.expect(self.sweep("out", "--steps"), 0, [r"26 runs in .*"])
        self.expect(self.call("sweep", "merge", "out", "-o", "x.h5", "--steps"), 0)

    def test_damaged_tables(self):
        self.expect(self.sweep("out", "--steps", "-r", "0..2"), 0)
        path = next((self.folder / "out" / "steps").iterdir())
        whole = path.read_bytes()
        other = next(other for other in (self.folder / "out" / "steps").iterdir() if other != path)
        self.run_scenario("study.ini", "longer.h5", "-r", "0", "-s", "scenario.steps=201")
        for content in b"", b"nothing", whole[:len(whole) // 2], self.read("longer.h5"):
            path.write_bytes(content)
            for how in "--steps", "--virtual":
                self.expect(self.call("sweep", "merge", "out", "-o", "x.h5", how, "--incomplete"), INVALID, [
                    rf"out/steps/{path.name}: is not the result of this run, or is damaged: remove it and run the sweep "
                    r"with --steps again"])
        os.unlink(path)
        self.expect(self.sweep("out", "--steps", "-r", "0..2"), 0, [r"1 runs in .*"])
        self.assertEqual(path.read_bytes(), whole)
        self.assertTrue(other.exists())
        self.assertFalse([name for name in self.files() if name.startswith("x.h5")])

    def test_what_is_referred_to_may_move_along(self):
        folder = "100 %b of it"
        self.write("study.ini", STUDY.replace("repeat = 3", "repeat = 1"))
        self.expect(self.sweep(folder, "--steps", "-r", "0,1"), 0)
        self.expect(self.call("sweep", "merge", folder, "-o", "cube.h5", "--virtual", "--incomplete"), 0)
        self.expect(self.call("sweep", "merge", f"{folder}/", "-o", f"{folder}/cube.h5", "--virtual", "--incomplete"), 0)
        (self.folder / "elsewhere").mkdir()
        for output in "elsewhere/cube.h5", f"{folder}/../absolute.h5":
            self.expect(self.call("sweep", "merge", folder, "-o", output, "--virtual", "--incomplete"), 0)
        inside = f"{folder}/cube.h5"
        for path in "cube.h5", inside, "elsewhere/cube.h5", "absolute.h5":
            self.assertEqual(self.compare(folder, self.load(path)), 2)
        (self.folder / "moved").mkdir()
        for name in "cube.h5", folder:
            shutil.move(self.folder / name, self.folder / "moved" / name)
        for path in "moved/cube.h5", f"moved/{inside}":
            self.assertEqual(self.compare(f"moved/{folder}", self.load(path)), 2)
        # What is silently lost otherwise: the module that reads results tells it, FORMAT.md how to.
        self.assertTrue((self.load("elsewhere/cube.h5").status == 4).all())

    def test_more_tables_than_may_be_open(self):
        self.expect(self.sweep("out", "--steps"), 0)
        self.expect(self.call("sweep", "merge", "out", "-o", "x.h5", "--virtual", preexec_fn=limit_open_files(61)), INVALID, [
            r"out: 30 tables to refer to need as many open files, and the limit is 61 \(ulimit -n\): what is above it would "
            r"silently read as NaN; --steps copies them instead"])
        for how in ["--virtual"], ["--steps", "-f"]:
            self.expect(self.call("sweep", "merge", "out", "-o", "x.h5", *how, preexec_fn=limit_open_files(62)), 0)

    def test_the_module_tells_tables_that_are_gone(self):
        sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "analysis"))
        import edgesplit_results
        self.write("study.ini", STUDY.replace("repeat = 3", "repeat = 1"))
        folder = "100 %b"
        self.expect(self.sweep(folder, "--steps"), 0)
        for how in "--steps", "--virtual":
            self.expect(self.call("sweep", "merge", folder, "-o", f"{how}.h5", how), 0)
        with edgesplit_results.open(self.folder / "--steps.h5") as copied:
            expected = copied.steps("latency", rate=4e6, policy="dynamic-split")
            self.assertEqual(expected.shape, (2, 200))
            self.np.testing.assert_allclose(self.np.nanmean(expected, axis=1),
                                            copied.values("latency_mean", rate=4e6, policy="dynamic-split"))
        self.write("mixed.ini", MIXED)
        self.expect(self.sweep("mixed", "--steps", study="mixed.ini"), 0)
        self.expect(self.call("sweep", "merge", "mixed", "-o", "mixed.h5", "--virtual"), 0)
        with edgesplit_results.open(self.folder / "mixed.h5") as mixed:
            self.assertEqual(mixed.steps("device", devices=3).max(), 2)
            self.assertEqual(mixed.steps("device", devices=1).max(), 0)
        with edgesplit_results.open(self.folder / "--virtual.h5") as referred:
            self.np.testing.assert_array_equal(referred.steps("latency", rate=4e6, policy="dynamic-split"), expected)
            limits = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (41, limits[1]))
            try:
                with self.assertRaisesRegex(OSError, "10 tables need as many open files"):
                    referred.steps("latency")
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, limits)
            os.unlink(next((self.folder / folder / "steps").iterdir()))
            with self.assertRaisesRegex(OSError, "1 of 10 tables that it refers to are not there"):
                referred.steps("latency")
        self.expect(self.call("sweep", "merge", folder, "-o", "plain.h5"), 0)
        with edgesplit_results.open(self.folder / "plain.h5") as plain, self.assertRaises(KeyError):
            plain.steps("latency")

    def test_disk_full(self):
        self.expect(self.sweep("out", "--steps"), 0)
        for how in "--steps", "--virtual":
            size = len(self.merge("out", how))
            for n_bytes in 4096, size // 2, size - 1:
                self.expect(self.call("sweep", "merge", "out", "-o", "full.h5", how, preexec_fn=limit_files(n_bytes)),
                            IO_ERROR, [r"full\.h5: cannot be written: File too large"])
                self.assertFalse([name for name in self.files() if name.startswith("full.h5")])
        whole = self.merge("out", "--steps")
        largest = max(path.stat().st_size for path in (self.folder / "out" / "steps").iterdir())
        self.expect(self.sweep("again", "-r", "0"), 0)
        result = self.sweep("again", "--steps", preexec_fn=limit_files(largest - 1))
        self.expect(result, IO_ERROR)
        self.assertRegex(result.stderr, r"again/steps/[0-9a-f]{64}\.h5: cannot be written: File too large")
        self.expect(self.sweep("again", "--steps"), 0)
        self.assertEqual(self.merge("again", "--steps") == whole, True, "other bytes")


if __name__ == "__main__":
    harness.main()
