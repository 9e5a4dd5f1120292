"""`edgesplit map` and `plot map`: the optimal cut straight from two profiles, against the simulator's own choices."""
import csv
import importlib
import io
import json
import pathlib
import sys
import unittest

import harness
from harness import SCENARIO, ProgramTest

TEXTS = ("model", "name", "runner_up", "device_kind", "server_kind")
USAGE, INVALID, NO_INPUT, CANT_CREATE = 64, 65, 66, 73
PROFILES = pathlib.Path(__file__).parents[2] / "kernels" / "profiles"

# Every state by itself; its dynamic-split sees the truth.
CHOICES = SCENARIO.replace("duration = 20s\n", "").replace("arrivals = poisson\nrate = 4/s",
                                                           "mode = isolated\nstates = grid\nbatch = 1, 3, 4") \
    .replace("[policy no-offload]\n", "")


def prepare():
    global np, h5py
    for name in ("numpy", "h5py"):
        try:
            importlib.import_module(name)
        except ImportError:
            harness.need(False, f"{sys.executable} has no {name}")
    import h5py
    import numpy as np


class MapTest(ProgramTest):
    def rows(self, *arguments):
        """The table, its numbers as numbers."""
        found = csv.DictReader(io.StringIO(self.output("map", *arguments, "--csv")))
        return [{name: text if name in TEXTS or not text else float(text) for name, text in row.items()}
                for row in found]

    def ours(self, *arguments):
        return self.rows("--model", "efficientnet-b0", "--device", "device.profile", "--server", "server.profile",
                         *arguments)


class Map(MapTest):
    def choices(self, profiles, keys, load, options):
        """The map, and (rate, batch, cut, latency) of the simulator at 1000 rates and at both sides of each border."""
        rows = self.rows("--model", "efficientnet-b0", *options, "--batch", "1,3,4", "--load", load)
        rates = set(np.geomspace(1.000001e6, 0.999999e9, 1000))
        for row in rows:
            if row["rate_from_bps"] > 1e6:
                rates |= {row["rate_from_bps"] * (1 - 1e-9), row["rate_from_bps"] * (1 + 1e-9)}
        listed = ", ".join(f"{rate!r}bit/s" for rate in sorted(map(float, rates)))
        text = CHOICES.replace("rate = 8Mbit/s", f"rate = {listed}")
        text = text.replace("[server]", f"[server]\nload = {load}") + keys
        for name, path in zip(("device.profile", "server.profile"), profiles):
            text = text.replace(name, str(path))
        self.write("grid.ini", text)
        self.run_scenario("grid.ini", "grid.h5", "--force")
        with h5py.File(self.folder / "grid.h5") as file:
            return rows, list(zip(file["rate_true"][0], file["batch"][0], file["split_index"][0], file["latency"][0]))

    def test_choices_and_times_are_those_of_the_simulator(self):
        measured = [PROFILES / f"efficientnet-b0.epyc-{kind}.profile" for kind in ("slow", "fast")]
        ours = [self.folder / f"{side}.profile" for side in ("device", "server")]
        for profiles, load, keys, options in (
                (ours, "0", "", ()),
                (measured, "0.5", "[transfer]\nfeature_bytes = 1B\nheader = 40B\n",
                 ("--feature-bytes", "1", "--header", "40B")),
                (measured, "0", "privacy = yes\ncandidates = natural\n[transfer]\ninput_bytes = 2B\n",
                 ("--input-bytes", "2", "--privacy", "--candidates", "natural"))):
            with self.subTest(load=load, options=options):
                rows, chosen = self.choices(profiles, keys, load,
                                            ("--device", profiles[0], "--server", profiles[1], *options))
                self.assertGreater(len(chosen), 3000)
                self.assertGreater(len(rows), 6)
                for rate, batch, cut, latency in chosen:
                    row, = [row for row in rows if row["batch"] == batch
                            and row["rate_from_bps"] <= rate < row["rate_to_bps"]]
                    self.assertEqual(cut, row["cut"], (rate, batch))
                    self.assertAlmostEqual(latency, row["constant_s"] + row["bits"] / rate, delta=2e-9)

    def test_json_and_table_say_the_same(self):
        told = json.loads(self.output("map", "--model", "efficientnet-b0", "--device", "device.profile", "--server",
                                      "server.profile", "--json"))
        rows = self.ours()
        self.assertEqual([row["rate_to_bps"] for row in told], [row["rate_to_bps"] for row in rows])
        shown = self.output("map", "--model", "efficientnet-b0", "--device", "device.profile", "--server",
                            "server.profile")
        self.assertIn("bytes: 1 per input element, 4 per feature element", shown)
        self.assertIn("how sure the choices are is not known", shown)
        self.assertIn("(modelled)", shown)
        self.assertEqual(sum("(no offload)" in line for line in shown.splitlines()), 3)
        self.assertFalse([line for line in shown.splitlines() if line != line.rstrip()])

    def test_ranges_of_rates(self):
        for text, low, high in (("2..50Mbit/s", 2e6, 50e6), ("500kbit/s..1Gbit/s", 5e5, 1e9),
                                ("1 .. 2.5 MB/s", 8e6, 2e7)):
            rows = self.ours("--batch", "1", "--rate", text)
            self.assertEqual((rows[0]["rate_from_bps"], rows[-1]["rate_to_bps"]), (low, high))

    def test_paper_takes_what_there_is_and_names_what_is_missing(self):
        result = self.call("map", "--paper", "--csv")
        self.expect(result, 0, [])
        rows = list(csv.DictReader(io.StringIO(result.stdout)))
        self.assertEqual(len({row["model"] for row in rows}), 14)
        self.assertEqual({row["batch"] for row in rows if row["model"] == "efficientnet-b0"},
                         {"1", "2", "4", "8", "16"})
        self.assertNotIn("0", {row["cut"] for row in rows})  # the input stays on the device
        for row in rows:
            start = float(row["rate_from_bps"])
            self.assertGreaterEqual(float(row["sure_from_bps"] or start), start * 0.999999)
        for side in ("slow", "fast"):
            self.write(f"some/{side}.profile", (PROFILES / f"efficientnet-b0.epyc-{side}.profile").read_text())
        self.expect(self.call("map", "--paper", "--profiles", "some", "--csv"), 0,
                    ["without two profiles in some, of the paper's 14 networks: efficientnet-b1, .*, efficientnet-v2-l"])
        (self.folder / "none").mkdir()
        self.expect(self.call("map", "--paper", "--profiles", "none"), INVALID, ["none: has two profiles of none.*"])

    def test_mistakes(self):
        self.expect(self.call("map"), USAGE, [f".*--{name} is missing" for name in ("model", "device", "server")])
        self.expect(self.call("map", "--paper", "--model", "x"), USAGE, [".*--paper finds its own --model"])
        every = ("--model", "efficientnet-b0", "--device", "device.profile", "--server")
        for words, said in ((("--rate", "5"), "--rate 5: expected a range.*"),
                            (("--rate", "5..1Mbit/s"), "--rate .*"), (("--rate", "1..5"), "--rate .*"),
                            (("--load", "1"), "--load 1: .*"), (("--batch", "4,2"), "--batch 4,2: .*"),
                            (("--candidates", "some"), "--candidates some: .*"), (("--header", "5"), "--header 5: .*"),
                            (("--granularity", "leaf", "--residual-blocks-only"), ".*needs blocks, not leaf"),
                            (("--profiles", "x"), "--profiles belongs to --paper")):
            self.expect(self.call("map", *every, "server.profile", *words), USAGE, [f"edgesplit map: {said}"])
        self.expect(self.call("map", *every, "none.profile"), NO_INPUT, ["none.profile: .*"])
        self.expect(self.call("map", *every, "server.profile", "--batch", "64"), INVALID,
                    [".*batch 64 lies outside.*", ".*batch 64 lies outside.*"])


class Plot(MapTest):
    def test_figures(self):
        try:
            importlib.import_module("matplotlib")
        except ImportError:
            self.skipTest(f"{sys.executable} has no matplotlib")
        env = {"EDGESPLIT_PYTHON": sys.executable}
        words = ("plot", "map", "--model", "efficientnet-b0", "--device", "device.profile", "--server",
                 "server.profile")
        for i, more in enumerate((("--batch", "1,2"), ("--batch", "1", "--load", "0,0.5"),
                                  ("--load", "0,0.5", "--privacy"))):
            shown = self.output(*words, *more, "-o", f"figures {i}", env=env, timeout=120)
            paths = [f"figures {i}/efficientnet-b0.{name}.png" for name in ("optimal_cut", "gain")]
            self.assertEqual(shown.splitlines(), paths)
            for path in paths:
                self.assertEqual(self.read(path)[:8], b"\x89PNG\r\n\x1a\n")
        self.expect(self.call(*words, "-o", "figures 0", env=env, timeout=120), CANT_CREATE, [".*--force replaces it"])
        self.expect(self.call("plot", "map", "--model", "x", "-o", "f", env=env), USAGE, None)
        self.expect(self.call("plot", "cuts", "efficientnet-b0", "--paper", "-o", "f", env=env), USAGE,
                    [".*--paper belongs to `plot map`"])


if __name__ == "__main__":
    harness.main(prepare)
