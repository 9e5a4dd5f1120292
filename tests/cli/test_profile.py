"""`edgesplit profile`, as users type it: what is measured, checked and compared."""
import pathlib
import unittest

import harness

SOME_FAILED, INVALID, USAGE, UNAVAILABLE = 1, 65, 64, 69
SHIPPED = pathlib.Path(__file__).resolve().parents[2] / "kernels" / "profiles"
FAST, SLOW = (SHIPPED / f"efficientnet-b0.epyc-{end}.profile" for end in ("fast", "slow"))

# An operator that no backend knows between two that all know.
ODD_MODEL = """\
# edgesplit-model: 1
# name: odd
# source: this test
# input: 3x8x8
index,name,op,unit,block,residual,inputs,out_shape,kernel,stride,dilation,padding,groups,bias,params,macs
1,a,relu,a,a,0,0,3x8x8,,,,,,,0,0
2,b,custom,b,b,0,1,3x8x8,,,,,,,0,0
3,c,group-norm,c,c,0,2,3x8x8,,,,,,,6,0
"""


class Measured(harness.ProgramTest):
    def measure(self, *words):
        result = self.call("profile", "run", "--setting", "isa:best,threads:1", "--time-box", "3s", "--quiet", *words)
        if result.returncode == UNAVAILABLE and "were disturbed" in result.stderr:
            self.skipTest("the machine is too busy to measure on")
        return result

    def setUp(self):
        super().setUp()
        if "(built without)" in self.output("profile", "list", "backends").splitlines()[0]:
            self.skipTest("no oneDNN")

    def measure_soundly(self, *words):
        """Measures p.profile until its parts add up: where the machine's speed changes between them, they need not."""
        for _ in range(3):
            self.expect(self.measure(*words, "-o", "p.profile", "--force"), 0)
            verified = self.call("profile", "verify", "p.profile", "--tolerance", "50")
            if "add up to" not in verified.stderr:
                break
        self.expect(verified, 0, [])
        self.assertIn("as it should be", verified.stdout)

    def test_networks_of_the_zoo(self):
        self.measure_soundly("--model", "mobilenet_v2", "--resolution", "32", "--batch", "1,3", "--segments")
        text = self.read("p.profile").decode()
        for part in "# model: mobilenet-v2\n", "# segments: ", "\nwhole,0,", "\nhead,", "\ntail,":
            self.assertIn(part, text)
        compared = self.output("profile", "compare", "p.profile", "p.profile")
        for part in "batch 1\n", "batch 3\n", "depthwise conv 3x3", "whole network":
            self.assertIn(part, compared)
        self.assertEqual({line.split()[-3] for line in compared.splitlines() if line.startswith("sum of layers")},
                         {"1.00"})

    def test_networks_of_files(self):
        self.output("model", "export", "squeezenet1.1", "-o", "net.model")
        self.expect(self.measure("--model", "net.model", "-o", "p.profile"), 0)
        self.assertIn("# model: squeezenet1.1\n", self.read("p.profile").decode())
        self.output("profile", "verify", "p.profile", "--model", "net.model", "--tolerance", "50")
        self.expect(self.measure("--model", "net.model", "--resolution", "64", "-o", "q.profile"), USAGE,
                    [r".*--resolution: net\.model says itself how large its input is"])

    def test_what_cannot_be_measured_is_said_first(self):
        self.expect(self.measure("--model", "net.onnx", "-o", "p.profile"), USAGE,
                    [r"net\.onnx: is read as text only: edgesplit model export net\.onnx -o FILE\.model"])
        self.write("odd.model", ODD_MODEL)
        self.expect(self.measure("--model", "odd.model", "-o", "p.profile"), UNAVAILABLE,
                    [r".*unit 2 \(b\): backend onednn cannot run custom \(b\): oneDNN has no such kernel",
                     r".*unit 3 \(c\): backend onednn cannot run group-norm \(c\): oneDNN has no such kernel"])
        self.assertNotIn("p.profile", self.files())


class Verified(harness.ProgramTest):
    def refuse(self, old, new, lines, count=-1):
        text = SLOW.read_text()
        self.assertIn(old, text)
        self.write("p.profile", text.replace(old, new, count))
        result = self.call("profile", "verify", "p.profile")
        self.expect(result, INVALID)
        for expression in lines:
            self.assertRegex(result.stderr, expression)

    def test_shipped(self):
        for profile in sorted(SHIPPED.glob("*.profile")):
            self.assertIn("as it should be", self.output("profile", "verify", profile))

    def test_tolerance(self):
        self.expect(self.call("profile", "verify", SLOW, "--tolerance", "1"), INVALID)
        self.expect(self.call("profile", "verify", SLOW, "--tolerance", "-1"), USAGE,
                    [r".*--tolerance -1: expected per cent from 0"])

    def test_mistakes(self):
        self.refuse("layer,3,block1.se-pool,", "layer,3,block1.pool,",
                    [r"layer 3 \(block1\.pool\) at batch 1: the network calls this unit otherwise"])
        self.refuse("layer,115,classifier,linear,1,", "layer,115,classifier,linear,3,",
                    [r"batch 1: not every unit of the network has a layer row"])
        self.refuse("# resolution: 224", "# resolution: 240", [r"number of elements"])
        self.refuse("# model: efficientnet-b0", "# model: efficientnet-b1", [r"layer 8 \(block2\.expand\) at batch 1: the network calls this unit otherwise"])
        lines = SLOW.read_text().splitlines()
        whole = next(line for line in lines if line.startswith("whole,0,") and ",1," in line)
        fields = whole.split(",")
        self.refuse(whole, ",".join([*fields[:6], str(2 * float(fields[6])), *fields[7:]]),
                    [r"do not ascend", r"the layers add up to .* more than 5 % apart"])


class Compared(harness.ProgramTest):
    def test_table(self):
        text = self.output("profile", "compare", FAST, SLOW)
        self.assertEqual(text.count("\nbatch "), 5)
        for part in "fast: ", "slow: ", "conv 1x1", "depthwise conv 5x5", "global-average-pool":
            self.assertIn(part, text)

    def test_two_runs(self):
        def at(name, factor):
            lines = FAST.read_text().splitlines()
            for number, line in enumerate(lines):
                fields = line.split(",")
                if fields[0] == "whole" and fields[4] == "4":
                    fields[6] = repr(float(fields[6]) * factor)
                    lines[number] = ",".join(fields)
            self.write(name, "\n".join(lines) + "\n")

        at("a.profile", 1.0499)
        at("b.profile", 1.0501)
        for pair in ((FAST, "a.profile"), ("a.profile", FAST), (FAST, FAST)):
            self.assertIn("batch 16", self.output("profile", "compare", *pair, "--within", "5"))
        self.output("profile", "compare", FAST, "b.profile")
        for pair in ((FAST, "b.profile"), ("b.profile", FAST)):
            for more in ((), ("--csv",)):
                self.expect(self.call("profile", "compare", *pair, "--within", "5", *more), SOME_FAILED,
                            [r".*\.profile: batch 4: the whole takes .* ms; in .*\.profile .* ms, 5\.01 % apart; "
                             r"expected at most 5 %"])
        self.expect(self.call("profile", "compare", FAST, SLOW, "--within", "0"), SOME_FAILED, [".*batch.*"] * 5)
        self.expect(self.call("profile", "compare", FAST, SLOW, "--within", "-1"), USAGE,
                    [r".*--within -1: expected per cent from 0"])
        self.write("c.profile", "".join(line + "\n" for line in FAST.read_text().splitlines() if line[:6] != "whole,"))
        self.expect(self.call("profile", "compare", FAST, "c.profile", "--within", "5"), INVALID,
                    [r"c\.profile: has no time of the whole network in common with .*"])

    def test_what_cannot_be_compared(self):
        text = SLOW.read_text()
        self.write("other.profile", text.replace("# model: efficientnet-b0", "# model: odd"))
        self.expect(self.call("profile", "compare", FAST, "other.profile"), INVALID,
                    [r"other\.profile: is a profile of odd; .* is one of efficientnet-b0"])
        self.write("small.profile", text.replace("# resolution: 224", "# resolution: 64"))
        self.expect(self.call("profile", "compare", FAST, "small.profile"), INVALID,
                    [r"small\.profile: counts fused units at 64 pixels; .* fused units at 224 pixels"])
        self.write("a.profile", FAST.read_text().replace("# model: efficientnet-b0", "# model: odd"))
        self.assertIn("conv   ", self.output("profile", "compare", "a.profile", "other.profile"))


if __name__ == "__main__":
    harness.main()
