"""Networks with early exits, as users run them and read what comes of it."""
import unittest

import harness

try:
    import h5py
    import numpy
except ImportError:
    h5py = None

EXITS = harness.SCENARIO.replace("name = efficientnet-b0\n", """\
name = efficientnet-b0
exit_after = block3, block8
exit_probability = 0.3, 0.25
exit_accuracy = 0.6, 0.7
accuracy = 0.8
""").replace("rate = 4/s\n", "rate = 4/s\ndeadline = 40ms\n") + "[policy early-exit]\n"
ONLY_WITH_EXITS = {"exit", "accuracy", "summary/accuracy_mean", "summary/exit_share", "summary/exit", "cuts/sent_ratio"}
INVALID = 65


@unittest.skipIf(h5py is None, "needs h5py and numpy")
class Exits(harness.ProgramTest):
    def run_scenario(self, text, *options, name="out.h5"):
        self.write("scenario.ini", text)
        self.expect(self.call("run", "scenario.ini", "-o", name, "-q", "--force", *options), 0)
        return self.folder / name

    def test_results_say_where_requests_leave(self):
        with h5py.File(self.run_scenario(EXITS)) as file:
            self.assertEqual({name for name in ONLY_WITH_EXITS if name in file}, ONLY_WITH_EXITS)
            exits, accuracy = file["exit"][...], file["accuracy"][...]
            numpy.testing.assert_array_equal(accuracy, numpy.array([0.6, 0.7, 0.8])[exits - 1])
            numpy.testing.assert_array_equal(exits[0], exits[1])  # the same for policies that do not choose
            self.assertTrue((exits[2] <= exits[0]).all() and (exits[2] < exits[0]).any())
            shares = [[(row == number).mean() for number in (1, 2, 3)] for row in exits]
            numpy.testing.assert_allclose(file["summary/exit_share"][...], shares, atol=1e-12)
            numpy.testing.assert_allclose(file["summary/accuracy_mean"][...], accuracy.mean(axis=1), atol=1e-12)
            numpy.testing.assert_array_equal(file["summary/exit"][...], [1, 2, 3])
            numpy.testing.assert_allclose(file["cuts/sent_ratio"][...], 4 * [1] + 5 * [0.7] + 11 * [0.45] + [0], atol=1e-12)

    def test_others_do_not_have_them(self):
        with h5py.File(self.run_scenario(harness.SCENARIO)) as file:
            self.assertEqual({name for name in ONLY_WITH_EXITS if name in file}, set())

    def test_nobody_leaves_is_no_exits(self):
        nobody = EXITS.replace("0.3, 0.25", "0, 0").replace("[policy early-exit]\n", "")
        plain = self.run_scenario(harness.SCENARIO.replace("rate = 4/s\n", "rate = 4/s\ndeadline = 40ms\n"), name="plain.h5")
        with h5py.File(plain) as one, h5py.File(self.run_scenario(nobody)) as other:
            for name, values in one.items():
                if isinstance(values, h5py.Dataset) and name not in ("scenario_ini", "scenario_resolved"):
                    numpy.testing.assert_array_equal(values[...], other[name][...], err_msg=name)

    def test_every_reader_takes_them(self):
        self.run_scenario(EXITS)
        for arguments in (("summary", "--json"), ("summary", "--csv"), ("summary", "--latex"), ("compare",), ("export", "--csv"),
                          ("explain", "--step", "3", "--policy", "early-exit"), ("report", "-o", "page.html"), ("verify",)):
            self.expect(self.call(arguments[0], "out.h5", *arguments[1:]), 0)
        printed = self.call("summary", "out.h5").stdout
        self.assertRegex(printed, r"\nexit +1 +2 +3 \(end\)\n")
        self.assertRegex(printed, r"kB +accuracy\n")

    def test_replications_and_threads(self):
        many = EXITS.replace("duration = 20s", "duration = 20s\nreplications = 4\nwarmup = 2s")
        one = self.run_scenario(many, "-j", "1").read_bytes()
        self.assertEqual(self.run_scenario(many, "-j", "3", name="other.h5").read_bytes(), one)
        with h5py.File(self.folder / "out.h5") as file:
            exits = file["exit"][:, 0]
            self.assertFalse((exits[0] == exits[1]).all())
            self.assertTrue((file["summary/accuracy_mean_half_width"][...] > 0).all())

    def test_sweeps_have_them_if_a_run_does(self):
        study = EXITS.replace("0.3, 0.25", "${p=0.3, 0.1}, 0.25")
        self.write("study.ini", study)
        self.expect(self.call("sweep", "run", "study.ini", "-o", "folder", "--steps"), 0)
        self.expect(self.call("sweep", "merge", "folder", "-o", "joined.h5", "--steps"), 0)
        with h5py.File(self.folder / "joined.h5") as file:
            self.assertEqual(file["accuracy_mean"].shape, (2, 3))
            self.assertTrue((file["accuracy_mean"][0, :2] < file["accuracy_mean"][1, :2]).all())
            self.assertEqual({1, 2, 3}, set(file["per_step/exit"][0, 0]) - {0})
        self.write("plain.ini", harness.SCENARIO.replace("rate = 8Mbit/s", "rate = ${r=8, 9}Mbit/s"))
        self.expect(self.call("sweep", "run", "plain.ini", "-o", "plain", "--steps"), 0)
        self.expect(self.call("sweep", "merge", "plain", "-o", "plain.h5", "--steps"), 0)
        with h5py.File(self.folder / "plain.h5") as file:
            self.assertFalse("accuracy_mean" in file or "per_step/exit" in file)

    def test_their_names_are_taken(self):
        self.write("study.ini", EXITS.replace("accuracy = 0.8", "accuracy = ${accuracy=0.8, 0.9}"))
        result = self.call("run", "study.ini", "-r", "0", "-o", "out.h5")
        self.expect(result, INVALID, [".*a variable may not be called 'accuracy': the result uses this name"])


if __name__ == "__main__":
    harness.main()
