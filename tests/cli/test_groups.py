"""Figures and gains of groups of devices in `edgesplit summary`, against numpy on the steps."""
import json
import re

import harness
import test_result_readers
from test_result_readers import DROPPED, FLEET, FULL, LATE, UNFINISHED, ResultTest


def prepare():
    global np, h5py
    test_result_readers.prepare()
    import h5py
    import numpy as np


class Groups(ResultTest):
    def summary(self, *arguments):
        return self.output("summary", *arguments)

    def groups_of(self, path):
        """[policy][group] figures, and [policy][baseline][group] gains, of each replication, as FORMAT.md says."""
        figures, gains = {}, {}
        with h5py.File(path) as file:
            policies, n_replications = list(file["policy"].asstr()), file["replication"].size
            ends = np.cumsum(file["group_devices"][...])
            columns = ("arrival_time", "device", "status", "latency", "uplink_bytes")
            for r in range(n_replications):
                rows = {}
                for p, policy in enumerate(policies):
                    arrival, device, status, latency, sent = (file[name][r, p, : file["n_steps"][r, p]] for name in columns)
                    counted = arrival >= file["replications/warmup"][r, p]
                    rows[policy] = np.where(counted, latency, np.nan)
                    group = np.searchsorted(ends, device, side="right")
                    for g, name in enumerate(file["group_name"].asstr()):
                        mine = counted & (group == g)
                        done = mine & (status <= LATE)
                        figures.setdefault((policy, name), []).append({
                            "arrived": mine.sum(), "completed": done.sum(), "late": (mine & (status == LATE)).sum(),
                            "dropped": (mine & (status == DROPPED)).sum(), "latency_mean": latency[done].mean(),
                            "unfinished": (mine & (status == UNFINISHED)).sum(), "uplink_bytes_mean": sent[mine].mean(),
                            "latency_p95": np.quantile(latency[done], 0.95)})
                for policy in policies:
                    for baseline in set(policies) - {policy}:
                        n = min(rows[policy].size, rows[baseline].size)
                        a, b = rows[policy][:n], rows[baseline][:n]
                        for g, name in enumerate(file["group_name"].asstr()):
                            both = np.isfinite(a) & np.isfinite(b) & (group[:n] == g)
                            gains.setdefault((policy, baseline, name), []).append({
                                "mean_of_ratios": ((b - a) / b)[both].mean(), "ratio_of_means": 1 - a[both].sum() / b[both].sum()})
        return figures, gains

    def check_estimates(self, told, each):
        t = {2: 12.706204736, 3: 4.302652730}[len(each)]
        for name in each[0]:
            values = np.array([one[name] for one in each])
            self.assertAlmostEqual(told[name] / values.mean() if values.any() else told[name] + 1, 1, delta=1e-12, msg=name)
            half = t * values.std(ddof=1) / np.sqrt(len(each))
            self.assertAlmostEqual(told[f"{name}_half_width"], half, delta=1e-7 * abs(values).max() + 1e-15, msg=name)

    def test_groups_have_their_own_figures_and_gains(self):
        path = self.result(FLEET.replace("replications = 2", "replications = 3\nwarmup = auto")
                           .replace("rate = 8Mbit/s", "trace = link.csv").replace("poisson\n", "poisson\ndeadline = 90ms\n"))
        figures, gains = self.groups_of(path)
        told = json.loads(self.summary(path, "--json"))
        self.assertEqual(told["groups"], [{"name": "phone", "devices": 3}, {"name": "watch", "devices": 2}])
        for policy in told["policies"]:
            for group in policy["groups"]:
                self.check_estimates(group, figures[policy["name"], group["group"]])
        for pair in told["gains"]:
            for group in pair["groups"]:
                self.check_estimates(group, gains[pair["policy"], pair["baseline"], group["group"]])
        text = self.summary(path)
        group = told["policies"][1]["groups"][1]
        shown = [f"{group['completed']:.0f}", f"{1e3 * group['latency_mean']:.2f}", f"{1e3 * group['latency_mean_half_width']:.2f}",
                 f"{1e3 * group['latency_p95']:.2f}"]
        row, = re.findall(r"(?m)^ +watch +2 +(\d+) +\d+ +0 +0 +(\S+) +(\S+) +(\S+) +\S+ +\S+$", text.split("dynamic-split  phone")[1])
        self.assertEqual(list(row), shown)
        self.assertRegex(text, r"gain of, % +over +group +mean of ratios +\+- +ratio of means +\+-\n")
        self.assertNotIn("by groups", self.summary(self.result(FULL, "one.h5")))


if __name__ == "__main__":
    harness.main(prepare)
