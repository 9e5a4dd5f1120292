"""The paper's grid on a published table of measured times: what the simulator finds, what plain arithmetic on the table
finds, and what its authors printed are the same."""
import csv
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "cli"))
import harness  # noqa: E402

try:
    import h5py
except ImportError:
    h5py = None

INPUT_ELEMENTS = 3 * 224 * 224
RATES_BPS = [8e6 * rate for rate in range(1, 128)]
BATCHES = range(1, 31)
BLOCKS = (2, 4, 6, 12)  # the compressive ones, as the table counts blocks
LAST_CUT = 20           # no offload; the cut behind block k is k + 1, because the stem is the first unit

# Printed by the authors, in %: how often the dynamic policy chooses what, and its gain over each fixed choice.
SHARES = {"block4": 39.6, "block2": 29.0, "block6": 25.4, "no-offload": 5.9, "block12": 0.1}
MEAN_OF_RATIOS = {"no-offload": 42.3, "block2": 17.6, "block4": 7.4, "block6": 9.7, "block12": 33.3}
RATIO_OF_MEANS = {"no-offload": 40.5, "block2": 48.6, "block4": 23.4, "block6": 14.2, "block12": 32.7}
FULL_OFFLOAD_SHARE = 88.4  # where an 8-bit input may be sent as well

SCENARIO = """\
[scenario]
title = the paper's grid
[model]
name = efficientnet-b0
cut_points = residual-blocks
[device]
profile = device.profile
[server]
profile = server.profile
[uplink]
rate = 1..127 MB/s
[workload]
mode = isolated
states = grid
batch = 1..30
[policy no-offload]
[policy full-offload]
[policy static]
type = static-split
split = each
[policy private]
type = dynamic-split
privacy = yes
[policy open]
type = dynamic-split
"""

IMPORT = ["profile", "import", "--model", "efficientnet-b0", "--granularity", "block", "--index-column", "blocks_done",
          "--index-offset", "1", "--time-unit", "ms", "--batch-column", "batch"]


def read_table(path):
    """What the table holds, by batch and row: head and tail in s, and elements per image behind each block."""
    heads, tails, elements = {}, {}, {}
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            key = int(row["batch"]), row["blocks_done"]
            heads[key] = float(row["head_ms_titanxp"]) / 1e3
            tails[key] = float(row["tail_ms_3090ti"]) / 1e3
            if row["elem_ratio_c"]:
                elements[row["blocks_done"]] = round(float(row["elem_ratio_c"]) * INPUT_ELEMENTS)
    return heads, tails, elements


def theory(path):
    """The latency of every choice in every state (SEMANTICS 3): {choice: {(rate, batch): s}}."""
    heads, tails, elements = read_table(path)
    states = [(rate, batch) for rate in RATES_BPS for batch in BATCHES]
    latencies = {
        "no-offload": {(rate, batch): heads[batch, "no_offload"] for rate, batch in states},
        "full-offload": {(rate, batch): 8 * batch * INPUT_ELEMENTS / rate + tails[batch, "full_offload"]
                         for rate, batch in states}}
    for block in map(str, BLOCKS):
        latencies["block" + block] = {
            (rate, batch): heads[batch, block] + 8 * 4 * batch * elements[block] / rate + tails[batch, block]
            for rate, batch in states}
    return latencies


def choose(latencies, choices):
    """The fastest of the choices in every state."""
    return {state: min(choices, key=lambda choice: latencies[choice][state]) for state in latencies["no-offload"]}


def percent(ratio):
    return round(100 * ratio, 1)


def import_profile(test, table, kind, column, whole, skip):
    name = {"head": "device.profile", "tail": "server.profile"}[kind]
    test.expect(test.call(*IMPORT, table, "--kind", kind, "--time-column", column, "--whole-label", whole,
                          "--skip", skip, "-o", name, "--force"), 0, [])


class PaperGrid(harness.ProgramTest):
    def test_theory_alone_gives_the_printed_figures(self):
        latencies = theory(TABLE)
        private = ["no-offload"] + [f"block{block}" for block in BLOCKS]
        chosen = choose(latencies, private)
        for choice, share in SHARES.items():
            self.assertEqual(percent(list(chosen.values()).count(choice) / len(chosen)), share, choice)
        for choice in private:
            base = latencies[choice]
            best = {state: latencies[chosen[state]][state] for state in base}
            self.assertEqual(percent(sum(1 - best[state] / base[state] for state in base) / len(base)),
                             MEAN_OF_RATIOS[choice], choice)
            self.assertEqual(percent(1 - sum(best.values()) / sum(base.values())), RATIO_OF_MEANS[choice], choice)
        chosen = choose(latencies, private + ["full-offload"])
        self.assertEqual(percent(list(chosen.values()).count("full-offload") / len(chosen)), FULL_OFFLOAD_SHARE)

    def test_the_simulator_gives_the_printed_figures_and_each_latency_of_the_theory(self):
        import_profile(self, TABLE, "head", "head_ms_titanxp", "no_offload", "full_offload")
        import_profile(self, TABLE, "tail", "tail_ms_3090ti", "full_offload", "no_offload")
        self.write("grid.ini", SCENARIO)
        self.run_scenario("grid.ini", "grid.h5")
        with h5py.File(self.folder / "grid.h5") as file:
            policies = [name.decode() for name in file["policy"]]
            choices = {"no-offload": LAST_CUT, "full-offload": 0, **{f"block{block}": block + 1 for block in BLOCKS}}
            self.assertEqual(policies, ["no-offload", "full-offload"] + [f"static@block{block}" for block in BLOCKS] +
                             ["private", "open"])
            names = [policy.removeprefix("static@") for policy in policies]
            self.check_latencies(file, names, choices)
            self.check_choices(file, names, choices)
            self.check_figures(file, names, choices)

    def check_latencies(self, file, names, choices):
        latencies = theory(TABLE)
        rates, batches, cuts, seconds = (file[name][()].tolist()
                                         for name in ("rate_true", "batch", "split_index", "latency"))
        for p, name in enumerate(names[:-2]):
            self.assertEqual(set(cuts[p]), {choices[name]})
            found = {(rate, batch): latency for rate, batch, latency in zip(rates[p], batches[p], seconds[p])}
            self.assertEqual(found.keys(), latencies[name].keys())
            worst = max(abs(found[state] - latencies[name][state]) for state in found)
            self.assertLessEqual(worst, 2e-9, name)  # head, transfer and tail are whole ns, 0.5 ns each

    def check_choices(self, file, names, choices):
        latencies = theory(TABLE)
        private = [name for name in choices if name != "full-offload"]
        for name, allowed in ("private", private), ("open", list(choices)):
            p = names.index(name)
            expected = choose(latencies, allowed)
            found = zip(file["rate_true"][p].tolist(), file["batch"][p].tolist(), file["split_index"][p].tolist())
            self.assertEqual({(rate, batch): cut for rate, batch, cut in found},
                             {state: choices[choice] for state, choice in expected.items()})

    def check_figures(self, file, names, choices):
        summary = file["summary"]
        private, everything = names.index("private"), names.index("open")
        for name, share in SHARES.items():
            self.assertEqual(percent(float(summary["cut_share"][private, choices[name]])), share, name)
        self.assertEqual(percent(float(summary["cut_share"][everything, 0])), FULL_OFFLOAD_SHARE)
        for name in MEAN_OF_RATIOS:
            base = names.index(name)
            self.assertEqual(percent(float(summary["gain_mean_of_ratios"][private, base])), MEAN_OF_RATIOS[name], name)
            self.assertEqual(percent(float(summary["gain_ratio_of_means"][private, base])), RATIO_OF_MEANS[name], name)


def prepare():
    global TABLE
    harness.need(h5py is not None, "there is no h5py")
    TABLE = harness.shared_file("reference/efficientnet_b0_titanxp_3090ti.csv")


if __name__ == "__main__":
    harness.main(prepare)
