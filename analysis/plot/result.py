"""What the figures need of a result file (../FORMAT.md)."""

import h5py
import numpy as np

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
        self.counts = self.file["n_steps"][...].reshape(self.n_replications, len(self.policies))
        self.n_steps = self.counts[0]  # of the first replication
        self.cut_names = texts(self.file["cuts/name"])
        self.cut_groups = self.file["cuts/cut_group"][...] if "cut_group" in self.file["cuts"] else None
        if self.cut_groups is not None:
            groups = texts(self.file["group_name"])
            self.cut_names = [f"{groups[g]}/{name}" for g, name in zip(self.cut_groups, self.cut_names)]
        self.warmups_s = self._warmups_s()
        self.is_grid = self["mode"] == "isolated" and self["states"] == "grid"
        self.is_paired = "closed" not in self["mode"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def __getitem__(self, name):
        """A root attribute."""
        value = self.file.attrs[name]
        return value if isinstance(value, str) else value[0]

    def _warmups_s(self):
        """[replication][policy] the time from which on requests count."""
        shape = self.n_replications, len(self.policies)
        if self.n_replications > 1:
            return self.file["replications/warmup"][...]
        if "warmup" not in self.file["summary"]:  # before format 1.2
            return np.full(shape, float(self["warmup_s"]))
        return self.file["summary/warmup"][...].reshape(shape)

    def column(self, name, policy, replication=0):
        """A column of the per-step table, without padding; cuts are numbered over all groups of devices."""
        at = (replication, policy) if self.n_replications > 1 else (policy,)
        values = self.file[name][(*at, slice(self.counts[replication, policy]))]
        if name == "split_index" and self.cut_groups is not None:
            ends = np.cumsum(self.file["group_devices"][...])
            group = np.searchsorted(ends, self.column("device", policy, replication), side="right")
            values = values + np.searchsorted(self.cut_groups, group)
        return values

    def counted(self, name, policy):
        """The values of a column that the summary counts: of every replication, behind its own warm-up."""
        return np.concatenate([self.column(name, policy, r)[self.column("arrival_time", policy, r) >= warmup_s]
                               for r, warmup_s in enumerate(self.warmups_s[:, policy])])

    def series(self, name):
        """A variable of /series, of the first replication, or None."""
        if f"series/{name}" not in self.file:
            return None
        variable = self.file[f"series/{name}"]
        return variable[0] if self.n_replications > 1 and name != "time" else variable[...]

    def figure(self, name, policy):
        summary = self.file["summary"]
        return float(summary[name][policy]) if name in summary else np.nan

    def half_width(self, name, policy):
        """Half the width of a figure's 95 % interval; NaN: there is none."""
        return self.figure(f"{name}_half_width", policy)

    def stations(self):
        return texts(self.file["summary/station"])

    def cut_share(self, policy):
        return self.file["summary/cut_share"][policy]

    def is_adaptive(self, policy):
        return self.types[policy] not in FIXED

    def adaptive(self):
        return [p for p in range(len(self.policies)) if self.is_adaptive(p)]

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
