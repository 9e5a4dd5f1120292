"""`edgesplit model` and `plot cuts`, as users type them."""
import csv
import io
import json
import unittest

import harness

B0_CUTS = 21  # input, stem, 16 blocks, head, pool, classifier
COLUMNS = ["index", "name", "op", "out_shape", "crossing_elems", "c", "bytes", "natural", "compressive", "single_tensor",
           "params", "macs"]


class Model(harness.ProgramTest):
    def rows(self, *words):
        return list(csv.DictReader(io.StringIO(self.output("model", *words, "--csv"))))

    def refuse(self, code, lines, *words):
        self.expect(self.call(*words), code, lines)

    def test_list_and_paper(self):
        networks = {row["name"]: row for row in self.rows("list")}
        self.assertEqual(networks["efficientnet-b0"]["params"], "5288548")
        self.assertEqual(networks["vgg16"]["macs"], "15470264320")
        paper = self.rows("paper")
        self.assertEqual(len(paper), 14)
        self.assertEqual([paper[i]["natural"] for i in (0, -1)], ["15", "68"])
        self.assertLessEqual({row["compressive"] for row in paper}, {"3", "4"})
        self.assertEqual(json.loads(self.output("model", "paper", "--json"))[0]["macs"], 385814752)

    def test_cuts(self):
        rows = self.rows("cuts", "efficientnet_b0", "--batch", "4", "--feature-bytes", "0.5")
        self.assertEqual(list(rows[0]), COLUMNS)
        self.assertEqual(len(rows), B0_CUTS)
        self.assertEqual([rows[0][name] for name in ("bytes", "c", "natural")], [str(4 * 3 * 224 * 224), "1", "false"])
        block4 = rows[5]
        self.assertEqual([block4[name] for name in ("name", "out_shape", "crossing_elems", "bytes", "compressive")],
                         ["block4", "40x28x28", "31360", str(2 * 31360), "true"])
        self.assertEqual(sum(int(row["params"]) for row in rows), 5288548)
        self.assertEqual([rows[-1][name] for name in ("crossing_elems", "bytes")], ["0", "0"])
        only = self.rows("cuts", "efficientnet-b0", "--residual-blocks-only")
        self.assertEqual(len(only), 16)
        self.assertEqual(sum(row["natural"] == "true" for row in only), 15)
        self.assertEqual(sum(row["compressive"] == "true" for row in only), 4)
        self.assertEqual(self.rows("cuts", "resnet18", "--granularity", "fused")[1]["op"], "conv+batch-norm+relu")
        self.assertIn("4 per element of a feature map", self.output("model", "cuts", "efficientnet-b0"))

    def test_residual_blocks_are_counted_among_themselves(self):
        """A pool of SqueezeNet holds the lower record; among its fire modules two set one."""
        blocks = self.rows("cuts", "squeezenet1.1", "--residual-blocks-only")
        lows = [float(row["c"]) for row in blocks if row["compressive"] == "true"]
        self.assertGreater(len(lows), 0)
        self.assertEqual(lows, sorted(set(lows), reverse=True))

    def test_export_and_read_again(self):
        path = self.output("model", "export", "mobilenet-v2", "-o", "net.model").strip()
        self.assertEqual(path, "net.model")
        self.assertEqual(self.output("model", "cuts", "net.model", "--csv"),
                         self.output("model", "cuts", "mobilenet-v2", "--csv"))
        self.assertEqual(self.output("model", "export", "net.model"), (self.folder / "net.model").read_text())
        self.refuse(73, [r"net\.model: is there already; .*"], "model", "export", "vgg11", "-o", "net.model")
        self.refuse(64, [r"edgesplit model cuts: .*", ], "model", "cuts", "net.model", "--batch", "0")

    def test_a_scenario_takes_a_file(self):
        self.output("model", "export", "efficientnet-b0", "-o", "own.model")
        self.write("scenario.ini", harness.SCENARIO)
        self.output("run", "scenario.ini", "-q", "-o", "zoo.h5")
        of_zoo = self.output("summary", "zoo.h5", "--csv")
        self.write("scenario.ini", harness.SCENARIO.replace("name = efficientnet-b0", "file = own.model"))
        self.output("run", "scenario.ini", "-q", "-o", "own.h5")
        self.assertEqual(self.output("summary", "own.h5", "--csv"), of_zoo)

    def test_mistakes(self):
        self.refuse(65, [r".*no network is called \"resnet5\"; did you mean \"resnet\d+\"\?"], "model", "cuts", "resnet5")
        self.refuse(66, [r"none\.model: No such file or directory"], "model", "show", "none.model")
        self.refuse(64, [r"edgesplit model cuts: --granularity layers: expected leaf, fused or block"],
                    "model", "cuts", "vgg11", "--granularity", "layers")
        self.refuse(64, [r"edgesplit model cuts: there is no option '--csb'; did you mean '--csv'\?"],
                    "model", "cuts", "vgg11", "--csb")
        self.refuse(65, [r"vgg11: nothing tells its residual blocks from others.*"], "model", "cuts", "vgg11",
                    "--residual-blocks-only")
        self.refuse(65, [r".*alexnet at 32 pixels: .*"], "model", "show", "alexnet", "--resolution", "32")
        self.write("bad.model", "# edgesplit-model: 1\n# name: x\n")
        self.refuse(65, [r"bad\.model: .*"] * 3, "model", "show", "bad.model")

    def test_figure(self):
        result = self.call("plot", "cuts", "resnet18", "-o", "figures", "--granularity", "fused")
        if result.returncode == 69:
            self.skipTest("no Python with matplotlib")
        self.expect(result, 0, [])
        self.assertEqual(result.stdout, "figures/cuts.png\n")
        self.assertEqual((self.folder / "figures/cuts.png").read_bytes()[:8], b"\x89PNG\r\n\x1a\n")
        self.refuse(73, [r"figures/cuts\.png: is there already; .*"], "plot", "cuts", "resnet18", "-o", "figures")
        self.refuse(65, [r".*no network is called \"resnet1\".*"], "plot", "cuts", "resnet1", "-o", "other")


if __name__ == "__main__":
    harness.main()
