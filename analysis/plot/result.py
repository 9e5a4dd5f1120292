"""What the figures need of a result file (../FORMAT.md)."""

import h5py
import numpy as np

COMPLETED, LATE = 0, 1

# Types of policies that keep one cut for the whole run.
FIXED = ("no-offload", "full-offload", "static-split")


def texts(variable):
    return list(variable.asstr()[...])


class Result:
    def __init__(self, path):
        self.file = h5py.File(path, "r")
        self.policies = texts(self.file["policy"])
        self.types = texts(self.file["policy_type"])
        self.n_replications = self.file["replication"].size if "replication" in self.file else 1
        self.n_steps = self._first(self.file["n_steps"])[...]
        self.cut_names = texts(self.file["cuts/name"])
        self.cut_groups = self.file["cuts/cut_group"][...] if "cut_group" in self.file["cuts"] else None
        if self.cut_groups is not None:
            groups = texts(self.file["group_name"])
            self.cut_names = [f"{groups[g]}/{name}" for g, name in zip(self.cut_groups, self.cut_names)]
        self.warmup_s = float(self["warmup_s"])
        if np.isnan(self.warmup_s):  # found for each policy
            self.warmup_s = float(np.nanmax(self.file["summary/warmup"]))
        self.is_grid = self["mode"] == "isolated" and self["states"] == "grid"
        self.is_paired = self["mode"] != "closed"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def __getitem__(self, name):
        """A root attribute."""
        value = self.file.attrs[name]
        return value if isinstance(value, str) else value[0]

    def _first(self, variable):
        """Of several replications the first, which is the one that figures show step by step."""
        return variable[0] if "replication" in self.file and variable.ndim > 1 else variable

    def column(self, name, policy):
        """A column of the per-step table, without padding; cuts are numbered over all groups of devices."""
        at = (0, policy) if self.n_replications > 1 else (policy,)
        values = self.file[name][(*at, slice(self.n_steps[policy]))]
        if name == "split_index" and self.cut_groups is not None:
            ends = np.cumsum(self.file["group_devices"][...])
            group = np.searchsorted(ends, self.column("device", policy), side="right")
            values = values + np.searchsorted(self.cut_groups, group)
        return values

    def series(self, name):
        """A variable of /series, or None."""
        if f"series/{name}" not in self.file:
            return None
        variable = self.file[f"series/{name}"]
        return variable[...] if name == "time" else self._first(variable)[...]

    def figure(self, name, policy):
        summary = self.file["summary"]
        return float(summary[name][policy]) if name in summary else np.nan

    def stations(self):
        return texts(self.file["summary/station"])

    def cut_share(self, policy):
        return self.file["summary/cut_share"][policy]

    def is_adaptive(self, policy):
        return self.types[policy] not in FIXED

    def adaptive(self):
        return [p for p in range(len(self.policies)) if self.is_adaptive(p)]

    def is_completed(self, policy):
        status = self.column("status", policy)
        return (status == COMPLETED) | (status == LATE)

    def is_full_offload(self, cut):
        """Whether it is the first cut of its group of devices."""
        return cut == 0 or (self.cut_groups is not None and self.cut_groups[cut - 1] != self.cut_groups[cut])

    def is_no_offload(self, cut):
        return cut + 1 == len(self.cut_names) or self.is_full_offload(cut + 1)

    def cut_label(self, cut):
        note = " (full offload)" if self.is_full_offload(cut) else " (no offload)" if self.is_no_offload(cut) else ""
        return f"{cut} {self.cut_names[cut]}{note}"

    def shown_policies(self, most):
        """At most so many policies, in the file's order: those that decide per request, then the ends of the range,
        then the fixed ones by their mean latency."""

        def rank(p):
            group = 0 if self.is_adaptive(p) else 2 if self.types[p] == "static-split" else 1
            mean = self.figure("latency_mean", p)
            return group, mean if np.isfinite(mean) else np.inf

        return sorted(sorted(range(len(self.policies)), key=rank)[:most])

    def byte_convention(self):
        text = (f"{self['input_bytes_per_element']:g} B per input element, "
                f"{self['feature_bytes_per_element']:g} B per feature element")
        return text + (f", {self['header_bytes']:g} B header" if self["header_bytes"] > 0 else "")

    def profile_kinds(self):
        """How the times were come by, for those profiles that were not measured."""
        inputs = self.file["inputs"]
        found = []
        for role, provenance in zip(texts(inputs["input"]), texts(inputs["provenance"])):
            kind = next((line[6:] for line in provenance.splitlines() if line.startswith("kind: ")), "measured")
            if kind != "measured":
                found.append(f"{role} {kind}")
        return found
