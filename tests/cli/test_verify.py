"""Results that can be had again: `edgesplit verify`, and that the number of threads changes no byte (PITFALL 22)."""
import shutil

import harness
from harness import SCENARIO, ProgramTest, profile_text
from test_faults import IO_ERROR, limit_files

try:
    import h5py
except ImportError:
    h5py = None

DIFFERS, INVALID, NO_INPUT = 1, 65, 66
SHORT = SCENARIO.replace("duration = 20s", "duration = 20s\nseed = 7")
REPLICATED = SHORT.replace("seed = 7", "seed = 7\nreplications = 4")
LONG = REPLICATED.replace("duration = 20s", "steps = 20000")
TRACE = "# quantity: bandwidth\n# unit: Mbit/s\ntime_s,value\n0,1\n1,40\n2,8\n"


class Verify(ProgramTest):
    def record(self, text, *arguments, name="a"):
        self.write(f"{name}.ini", text)
        return self.run_scenario(f"{name}.ini", f"{name}.h5", "-q", *arguments)

    def expect_same(self, name="a.h5", *arguments):
        before = self.files()
        self.assertEqual(self.output("verify", "-q", name, *arguments), f"{name}: the same, bit for bit\n")
        self.assertEqual(self.files(), before)

    def expect_difference(self, text):
        result = self.call("verify", "-q", "a.h5")
        self.expect(result, DIFFERS, [])
        self.assertEqual(result.stdout, f"a.h5: differs: {text}\n")

    def test_pitfall_22_every_kind_of_run_can_be_had_again(self):
        self.write("up.csv", TRACE)
        traced = SHORT.replace("rate = 8Mbit/s", "trace = up.csv")
        kinds = {
            "plain": SHORT,
            "replicated": REPLICATED,
            "stopped": REPLICATED.replace("replications = 4", "replications = 40\nstop_when = ci(latency) < 20%"),
            "settled": REPLICATED.replace("seed = 7", "seed = 7\nwarmup = auto"),
            "dollars": SHORT.replace("[model]", "title = $$5 a step\n[model]"),
            "traced": traced + "[policy x]\ntype = static-split\nsplit = each\n",
            "closed": SHORT.replace("arrivals = poisson\nrate = 4/s", "mode = closed\npopulation = 5"),
            "grid": SHORT.replace("duration = 20s\n", "").replace("8Mbit/s", "1, 8, 20 Mbit/s")
                         .replace("arrivals = poisson\nrate = 4/s", "mode = isolated\nstates = grid\nbatch = 1, 2"),
        }
        for name, text in kinds.items():
            with self.subTest(name):
                self.record(text, name=name)
                self.expect_same(f"{name}.h5")

    def test_one_run_of_a_study(self):
        self.write("a.ini", SHORT.replace("8Mbit/s", "${rate=1, 8}Mbit/s"))
        self.expect(self.call("run", "-q", "a.ini", "-o", "a.h5", "-r", "1"), 0)
        self.expect_same()

    def test_threads_change_no_byte(self):
        for text in (LONG, LONG.replace("seed = 7", "seed = 7\nwarmup = auto")):
            whole = self.record(text, "-f", "-j", "1")
            for threads in ("2", "5"):
                self.assertEqual(self.record(text, "-f", "-j", threads, name=f"by{threads}"), whole)
            self.expect_same("a.h5", "-j", "3")

    def test_no_threads_are_a_mistake(self):
        self.write("a.ini", SHORT)
        self.expect(self.call("run", "a.ini", "-j", "0"), 64)

    def test_inputs_are_found_where_the_scenario_lay(self):
        folder = self.folder / "study"
        self.write("study/a.ini", SHORT)
        for name in ("device.profile", "server.profile"):
            shutil.move(self.folder / name, folder / name)
        self.run_scenario("study/a.ini", "a.h5", "-q")
        self.expect_same()
        (self.folder / "a.h5.json").unlink()
        self.expect(self.call("verify", "a.h5"), NO_INPUT)
        self.expect_same("a.h5", "--inputs", "study")

    def test_a_missing_input(self):
        self.record(SHORT)
        (self.folder / "server.profile").unlink()
        before = self.files()
        self.expect(self.call("verify", "a.h5"), NO_INPUT,
                    [r"scenario_resolved:\d+: \[server\] profile = server.profile: .*No such file or directory"])
        self.assertEqual(self.files(), before)

    def test_an_input_that_has_changed(self):
        self.record(SHORT)
        same = profile_text("tail", 0.001)
        self.write("server.profile", same.replace("# kind", "# note: a comment\n# kind"))
        result = self.call("verify", "a.h5")
        self.expect(result, 0, [r"warning: server profile server.profile is not what it was: SHA-256 [0-9a-f]{12}\.\.\., "
                                r"now [0-9a-f]{12}\.\.\."])
        self.assertEqual(result.stdout, "a.h5: the same, bit for bit\n")
        self.write("server.profile", same.replace("1,0.001,", "1,0.0011,"))
        self.expect(self.call("verify", "a.h5"), 0)  # rows that nothing is made of
        self.write("device.profile", profile_text("head", 0.0041))
        result = self.call("verify", "a.h5")
        self.expect(result, DIFFERS)
        self.assertRegex(result.stdout, r"a.h5: differs: policy no-offload, step 0: \w+ is \S+; now \S+\n")

    def test_the_first_difference_is_named(self):
        if h5py is None:
            self.skipTest("no h5py")
        self.record(REPLICATED)
        changes = [  # each in front of the ones before
            ("summary/cut_share", (1, 3), "policy dynamic-split, cut 3: summary/cut_share is 7; now 0"),
            ("tail_time", (3, 1, 2), "replication 3, policy dynamic-split, step 2: tail_time is 7; now "),
            ("status", (2, 1, 5), "replication 2, policy dynamic-split, step 5: status is 3; now 0"),
            ("latency", (2, 1, 4), "replication 2, policy dynamic-split, step 4: latency is 7; now "),
            ("batch", (2, 0, 9), "replication 2, policy no-offload, step 9: batch is 7; now 1"),
        ]
        for name, place, text in changes:
            with self.subTest(name), h5py.File(self.folder / "a.h5", "r+") as file:
                file[name][place] = 3 if name == "status" else 7
            result = self.call("verify", "-q", "a.h5")
            self.expect(result, DIFFERS, [])
            self.assertIn(f"a.h5: differs: {text}", result.stdout)

    def test_another_shape_and_another_variable(self):
        if h5py is None:
            self.skipTest("no h5py")
        self.record(SHORT)
        with h5py.File(self.folder / "a.h5", "r+") as file:
            n = file["latency"].shape[1]
            file["latency"].resize((2, n + 1))
        self.expect_difference(f"latency has another shape: 2 x {n + 1}; now 2 x {n}")
        self.record(SHORT, "-f")
        with h5py.File(self.folder / "a.h5", "r+") as file:
            del file["summary/late"]
        self.expect_difference("summary/late is not in it")
        self.record(SHORT, "-f")
        with h5py.File(self.folder / "a.h5", "r+") as file:
            file["more"] = [1.0]
        self.expect_difference("more is no longer there")

    def test_what_is_no_result(self):
        self.write("a.h5", "text")
        self.expect(self.call("verify", "a.h5"), INVALID, ["a.h5: expected a result of `edgesplit run`"])
        self.expect(self.call("verify", "b.h5"), NO_INPUT)
        self.expect(self.call("verify"), 64)
        whole = self.record(SHORT, "-f")
        self.write("a.h5", whole[:len(whole) // 2])
        self.expect(self.call("verify", "a.h5"), INVALID)

    def test_rows_that_wait_find_the_disk_full(self):
        self.write("a.ini", LONG.replace("seed = 7", "seed = 7\nwarmup = auto"))
        before = self.files()
        self.expect(self.call("run", "-q", "a.ini", "-o", "a.h5", preexec_fn=limit_files(100000)), IO_ERROR)
        self.assertEqual(self.files(), before)


if __name__ == "__main__":
    harness.main()
