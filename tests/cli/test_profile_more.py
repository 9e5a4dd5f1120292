"""`edgesplit profile run` when it is interrupted and resumed, `profile scale`, `plot profiles`, and kernels/measure.sh."""
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

import harness

INVALID, USAGE, UNAVAILABLE, CANT_CREATE, INTERRUPTED = 65, 64, 69, 73, 75
KERNELS = pathlib.Path(__file__).resolve().parents[2] / "kernels"
FAST, SLOW = (KERNELS / "profiles" / f"efficientnet-b0.epyc-{end}.profile" for end in ("fast", "slow"))


def batches_of(text):
    return [line.split(",")[4] for line in text.splitlines() if line.startswith("whole,")]


class Resumed(harness.ProgramTest):
    """Passes of batch 1 take milliseconds; those of the largest batch size last until the time box ends."""

    time_box = "8s"

    def words(self, batch, *more):
        return ("profile", "run", "--model", "mobilenet-v3-small", "--resolution", "32", "--backend", "reference",
                "--time-box", self.time_box, "--batch", batch, "-o", "p.profile", *more)

    def measure(self, batch, *more):
        result = self.call(*self.words(batch, *more))
        if result.returncode == UNAVAILABLE and "were disturbed" in result.stderr:
            self.skipTest("the machine is too busy to measure on")
        return result

    def interrupt(self, number):
        """Starts a measurement and sends a signal once its first batch size is there."""
        process = self.start(*self.words("1,64"))
        while process.poll() is None and "p.profile.partial" not in self.files():
            time.sleep(0.05)
        if process.poll() is None:
            process.send_signal(number)
        stderr = process.communicate(timeout=60)[1]
        if process.returncode == UNAVAILABLE and "were disturbed" in stderr:
            self.skipTest("the machine is too busy to measure on")
        self.assertNotIn("p.profile", self.files())
        self.assertEqual(batches_of(self.read("p.profile.partial").decode()), ["1"])
        return process.returncode, stderr

    def test_what_is_complete_is_kept(self):
        code, stderr = self.interrupt(signal.SIGTERM)
        self.assertEqual(code, INTERRUPTED)
        self.assertRegex(stderr, r"interrupted\np\.profile\.partial: holds what is complete; --resume goes on with it\n$")
        self.expect(self.measure("1,2"), CANT_CREATE,
                    [r"p\.profile\.partial: was measured earlier; --resume goes on with it, --force begins anew"])
        result = self.call(*self.words("1,2", "--resume", "--segments"))
        self.expect(result, INVALID)
        self.assertIn("p.profile.partial: cannot be resumed: it says nothing of segments", result.stderr)
        self.expect(self.measure("1,2", "--resume"), 0)
        self.assertEqual(self.files() & {"p.profile", "p.profile.partial"}, {"p.profile"})
        text = self.read("p.profile").decode()
        self.assertEqual(batches_of(text), ["1", "2"])
        self.assertRegex(text, r"\n# resumed: \S+\n")
        self.assertIn("as it should be", self.output("profile", "verify", "p.profile", "--tolerance", "50"))
        # A finished profile can be added to, and knows when there is nothing to add.
        self.expect(self.call(*self.words("2,1", "--resume")), 0, [r"p\.profile: has these batch sizes already"])
        self.assertEqual(self.read("p.profile").decode(), text)
        self.expect(self.measure("3,1", "--resume", "--quiet"), 0)
        self.assertEqual(batches_of(self.read("p.profile").decode()), ["1", "2", "3"])
        self.expect(self.call("profile", "run", "--model", "mobilenet-v3-small", "--backend", "reference", "--resume", "-o",
                              "p.profile"),
                    INVALID, [r"p\.profile: is a profile of mobilenet-v3-small at 32 pixels; the model has 224"])

    def test_samples(self):
        """Each batch size has its samples once, with what the profile says of them, however it was interrupted."""
        self.time_box = "2s"
        self.expect(self.measure("1", "--samples", "p.profile"), USAGE, [r".*--samples and --output are the same file"])
        self.expect(self.measure("1", "--samples", "absent/s.csv"), CANT_CREATE)
        self.expect(self.measure("1", "--samples", "s.csv"), 0)
        one = self.read("s.csv").decode()
        self.expect(self.measure("2", "--samples", "s.csv"), CANT_CREATE)
        self.write("s.csv", one + "whole,0,mobilenet-v3-small,2,1,,0,1\n")  # of a batch size that was not completed
        self.expect(self.measure("1,2", "--resume", "--samples", "s.csv"), 0)
        text = self.read("s.csv").decode()
        self.assertTrue(text.startswith(one))
        lines = [line.split(",") for line in text.splitlines()]
        self.assertEqual(lines[0], ["kind", "index", "name", "batch", "pass", "dropped", "lost_s", "time_s"])
        self.assertEqual({line[5] for line in lines[1:]} - {"preempted"}, {"", "warm-up"})
        for row in (line.split(",") for line in self.read("p.profile").decode().splitlines() if "," in line):
            if row[0] in ("layer", "whole"):
                kept = [line for line in lines if line[:4] == [*row[:3], row[4]] and line[5] == ""]
                self.assertEqual(len(kept), int(row[5]))
        self.write("s.csv", text.replace("mobilenet-v3-small", "vgg16"))
        self.expect(self.measure("1,2,3", "--resume", "--samples", "s.csv"), INVALID,
                    [r"s\.csv:\d+: samples of vgg16; p\.profile is a profile of mobilenet-v3-small"])
        self.write("s.csv", "kind,index\n")
        self.expect(self.measure("1,2,3", "--resume", "--samples", "s.csv"), INVALID,
                    [r"s\.csv:1: expected the header `kind,index,name,batch,pass,dropped,lost_s,time_s`"])

    def test_killed(self):
        code, _ = self.interrupt(signal.SIGKILL)
        self.assertEqual(code, -signal.SIGKILL)
        self.expect(self.measure("1", "--resume"), 0)
        self.assertEqual(batches_of(self.read("p.profile").decode()), ["1"])
        self.assertNotIn("p.profile.partial", self.files())


class Scaled(harness.ProgramTest):
    def at_clock(self, name, clock, factor=1.0):
        """The shipped fast profile with a clock, and its times times a factor."""
        lines = []
        for line in FAST.read_text().splitlines():
            if line.startswith(("layer,", "whole,")):
                fields = line.split(",")
                fields[6:12] = [repr(float(field) * factor) for field in fields[6:12]]
                line = ",".join(fields)
            lines.append(line)
        lines.insert(1, f"# clock: {clock}")
        return self.write(name, "\n".join(lines) + "\n")

    def test_one_clock(self):
        self.at_clock("a.profile", "1.5GHz")
        text = self.output("profile", "scale", "a.profile", "--to", "clock=300MHz", "-o", "s.profile")
        self.assertEqual(len(text.splitlines()), 5)
        self.assertEqual(self.files() & {"s.profile", "s.low.profile", "s.high.profile"},
                         {"s.profile", "s.low.profile", "s.high.profile"})
        for name in "s.profile", "s.low.profile", "s.high.profile":
            text = self.read(name).decode()
            head = text[:text.index("\nkind,")]
            for part in "# kind: scaled", "# clock: 300MHz", "# scaled-from: a.profile at 1500MHz, sha256 ", "# device: AMD EPYC":
                self.assertIn(part, head)
            self.assertNotIn("measured", head)
            self.assertIn("as it should be", self.output("profile", "verify", name))
        compared = self.output("profile", "compare", "a.profile", "s.high.profile")
        self.assertEqual({line.split()[-3] for line in compared.splitlines() if line.startswith("sum of layers")}, {"5.00"})
        self.expect(self.call("profile", "scale", "a.profile", "--to", "clock=300MHz", "-o", "s.profile"), CANT_CREATE)
        self.output("profile", "scale", "a.profile", "--to", "clock=300MHz", "--bandwidth", "100GB/s", "-f", "-o", "s.profile")
        self.assertIn("memory bandwidth 100 GB/s (as stated)", self.read("s.profile").decode())

    def test_a_scenario_says_that_it_is_scaled(self):
        self.at_clock("a.profile", "1500MHz")
        self.output("profile", "scale", "a.profile", "--to", "clock=300MHz", "-o", "device.profile", "-f")
        self.at_clock("server.profile", "1500MHz")
        for name in "device.low.profile", "device.high.profile":
            scenario = self.write("s.ini", harness.SCENARIO.replace("= device.profile", f"= {name}"))
            self.run_scenario(scenario, name + ".h5")
            shown = self.output("summary", name + ".h5")
            self.assertIn("device profile is scaled, not measured", shown)
            self.assertNotIn("server profile is", shown)
            self.assertIn("scaled-from", self.output("summary", "--json", name + ".h5") + self.output("profile", "show", name))

    def test_two_clocks(self):
        self.at_clock("a.profile", "1500MHz")
        self.at_clock("b.profile", "300MHz", 3)
        self.output("profile", "scale", "b.profile", "a.profile", "--to", "clock=750MHz", "-o", "s.profile")
        compared = self.output("profile", "compare", "a.profile", "s.profile")  # t = (1 + r) / 2
        self.assertEqual({line.split()[-3] for line in compared.splitlines() if line.startswith("sum of layers")}, {"1.50"})

    def test_unknown_network(self):
        text = self.at_clock("a.profile", "1500MHz").read_text().replace("efficientnet-b0", "odd")
        self.write("odd.profile", text)
        result = self.call("profile", "scale", "odd.profile", "--to", "clock=300MHz", "-o", "s.profile")
        self.expect(result, 0, [r"warning: s\.profile: not written; an estimate needs the network .*"])
        self.assertEqual({name for name in self.files() if name.startswith("s.")}, {"s.low.profile", "s.high.profile"})

    def test_mistakes(self):
        a = self.at_clock("a.profile", "1500MHz")
        self.at_clock("b.profile", "300MHz")
        self.write("c.profile", a.read_text().replace("# precision: fp32", "# precision: fp16"))
        scale = ("profile", "scale", "-o", "s.profile")
        self.expect(self.call(*scale, FAST, "--to", "clock=300MHz"), INVALID, [r".*says no clock.*"])
        self.expect(self.call(*scale, "a.profile", "c.profile", "--to", "clock=1GHz"), INVALID,
                    [r'c\.profile: precision is "fp16"; in a\.profile it is "fp32"', r"c\.profile: has the same clock as a\.profile"])
        self.expect(self.call(*scale, "a.profile", "b.profile", "--to", "clock=100MHz"), INVALID,
                    [r"100MHz is outside the measured clocks, 300MHz to 1500MHz; .*"])
        for to in "clock=fast", "clock=0MHz", "300MHz", "clock=300":
            self.expect(self.call(*scale, "a.profile", "--to", to), USAGE, [r"edgesplit profile scale: --to .*: expected .*"])
        self.expect(self.call(*scale, "a.profile", "--to", "clock=1GHz", "--bandwidth", "0GB/s"), USAGE)
        self.expect(self.call(*scale, "a.profile", "b.profile", "--to", "clock=1GHz", "--bandwidth", "1GB/s"), USAGE)
        self.expect(self.call(*scale, "a.profile", "absent", "also", "--to", "clock=1GHz"), 66, [r"absent: .*", r"also: .*"])
        self.assertFalse({name for name in self.files() if name.startswith("s.")})


class Drawn(harness.ProgramTest):
    def test_csv(self):
        lines = self.output("profile", "compare", FAST, SLOW, "--csv").splitlines()
        self.assertEqual(lines[0], "batch,index,name,kind,fast_s,slow_s")
        self.assertEqual(len(lines), 1 + 5 * 116)
        self.assertRegex(lines[2], r"^1,2,block1\.depthwise,depthwise conv 3x3,0\.000\d+,0\.000\d+$")

    def test_figure(self):
        result = self.call("plot", "profiles", FAST, SLOW, "-o", "figures", env={"EDGESPLIT_PYTHON": sys.executable})
        if result.returncode == UNAVAILABLE:
            self.skipTest("no Python with matplotlib")
        self.expect(result, 0, [])
        self.assertTrue(self.read("figures/profiles.png").startswith(b"\x89PNG"))
        self.assertEqual(self.call("plot", "profiles", FAST, "absent", "-o", "other",
                                   env={"EDGESPLIT_PYTHON": sys.executable}).returncode, 66)
        self.expect(self.call("plot", "profiles", FAST, "-o", "figures"), USAGE)


# What measure.sh needs of edgesplit-profile: networks of 0.1 and 1 GMAC, and runs that are written down. A run of
# batch 13 fails, one of batch 99 takes long.
FAKE = """\
#!/bin/sh
if [ "$1" = list ]; then
    printf 'large-net 100 1000000000\\nsmall-net 100 100000000\\n'
    exit 0
fi
echo "$*" >>runs
while [ $# -gt 0 ]; do
    case $1 in
    --batch) batch=$2 ;;
    -o) out=$2 ;;
    esac
    shift
done
[ "$batch" != 13 ] || exit 69
if [ "$batch" = 99 ]; then
    trap 'exit 75' TERM
    while :; do sleep 0.1; done
fi
echo "whole,0,net,network,$batch,30,0.1,,,,,," >>"$out"
"""


class MeasureScript(harness.ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("fake", FAKE).chmod(0o755)

    def start_script(self, *words):
        return subprocess.Popen(["sh", KERNELS / "measure.sh", "--program", "./fake", *words], cwd=self.folder, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def script(self, *words, code=0):
        process = self.start_script(*words)
        stdout, stderr = process.communicate(timeout=60)
        self.assertEqual(process.returncode, code, stdout + stderr)
        return stdout if code == 0 and "--list" in words else stderr

    def runs(self):
        return self.read("runs").decode().splitlines() if "runs" in self.files() else []

    def test_cheapest_first_and_once(self):
        words = ("--out", "o", "--network", "large-net", "--network", "small_net:1,20", "--batch", "2,1", "--", "--segments")
        self.assertIn("8 measurements, 0 of them done", self.script("--list", *words))
        self.assertEqual(self.runs(), [])
        self.script(*words)
        runs = self.runs()
        self.assertEqual([(run.split()[2], run.split()[6][:8], run.split()[8]) for run in runs],
                         [("small_net", "isa:best", "1"), ("small_net", "isa:sse4", "1"), ("large-net", "isa:best", "1"),
                          ("large-net", "isa:best", "2"), ("small_net", "isa:best", "20"), ("large-net", "isa:sse4", "1"),
                          ("large-net", "isa:sse4", "2"), ("small_net", "isa:sse4", "20")])
        self.assertTrue(all(run.endswith(" --segments") and "--resume" in run for run in runs))
        self.assertEqual({name for name in self.files() if name.startswith("o/")},
                         {f"o/{net}-net.{setting}.profile" for net in ("small", "large") for setting in ("fast", "slow")})
        self.script(*words)
        self.assertEqual(len(self.runs()), 8)
        self.assertIn("8 measurements, 8 of them done", self.script("--list", *words))

    def test_budget_and_time_box(self):
        one = ("--out", "o", "--setting", "a=x", "--network", "large-net:1,2", "--time-box", "40s")
        self.assertIn("2 left for want of time", self.script(*one, "--budget", "49s", code=INTERRUPTED))
        self.assertEqual(self.runs(), [])
        self.script(*one, "--budget", "2min")
        self.assertEqual(len(self.runs()), 2)
        self.assertIn("1 too long for the time box", self.script("--out", "p", "--setting", "a=isa:sse41", "--network",
                                                                 "large-net:1,1000"))
        self.assertEqual(len(self.runs()), 3)

    def test_failures_are_counted(self):
        stderr = self.script("--out", "o", "--setting", "a=x", "--network", "small-net:13,14,1", code=1)
        self.assertIn("2 measured, 1 failed", stderr)

    def test_interrupted(self):
        for number in signal.SIGTERM, signal.SIGINT:
            process = self.start_script("--out", "o", "--setting", "a=x", "--network", "small-net:1,99,100")
            while len(self.runs()) == 0 or "--batch 99" not in self.runs()[-1]:
                self.assertIsNone(process.poll())
                time.sleep(0.05)
            process.send_signal(number)
            self.assertIn("the same command goes on", process.communicate(timeout=30)[1])
            self.assertEqual(process.returncode, INTERRUPTED)
            self.assertEqual(batches_of(self.read("o/small-net.a.profile").decode()), ["1"])
            os.remove(self.folder / "runs")

    def test_networks_of_a_folder(self):
        self.output("model", "export", "squeezenet1.1", "-o", "nets.model")
        (self.folder / "nets").mkdir()
        (self.folder / "nets.model").rename(self.folder / "nets" / "squeeze_net.model")
        self.script("--out", "o", "--models", "nets", "--backend", "cudnn", "--batch", "1", "--resolution", "64")
        self.assertEqual(len(self.runs()), 1)
        self.assertRegex(self.runs()[0], r"^run --model nets/squeeze_net\.model --backend cudnn --setting  --batch 1 "
                                         r"--time-box 20s --resume -o o/squeeze-net\.64\.default\.profile$")

    def test_mistakes(self):
        for words in ([], ["--out", "o", "--budget", "soon"], ["--out", "o", "--setting", "fast"], ["--out"], ["-x"],
                      ["--out", "o", "--network", "no-net"], ["--out", "o", "--network", "small-net:a"],
                      ["--out", "o", "--batch", "1,,2"], ["--out", "o", "--models", "absent"]):
            self.script(*words, code=USAGE)
        process = self.start_script("--out", "o", "--program", "./absent")
        process.communicate(timeout=60)
        self.assertIn(process.returncode, (0, UNAVAILABLE))  # another may be on PATH

    def test_real(self):
        if "built without" in self.output("profile", "list", "backends").splitlines()[0]:
            self.skipTest("no oneDNN")
        process = self.start_script("--program", str(harness.bin_folder / "edgesplit-profile"), "--out", "o", "--resolution",
                                    "32", "--network", "mobilenet-v2:1", "--time-box", "5s", "--budget", "30s")
        stderr = process.communicate(timeout=60)[1]
        if "were disturbed" in stderr:
            self.skipTest("the machine is too busy to measure on")
        self.assertIn("2 measured, 0 failed", stderr)
        for setting in "fast", "slow":
            self.assertIn("as it should be", self.output("profile", "verify", f"o/mobilenet-v2.32.{setting}.profile",
                                                         "--tolerance", "50"))


if __name__ == "__main__":
    harness.main()
