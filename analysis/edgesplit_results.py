"""Results of edgesplit in Python (FORMAT.md): h5py and numpy are needed, pandas only for the methods that make frames.

    run = edgesplit_results.open("out/quickstart.h5")
    run.column("latency", "dynamic-split")          # numpy array, one value per step of all replications, seconds
    run.counted("dynamic-split")                    # which of them the summary counts: those behind the warm-up
    run.steps()                                     # DataFrame: a row per policy and step
    run.summary()                                   # DataFrame: a row per policy
    run.column("latency", "dynamic-split", 3)       # of the fourth replication
    run.replicated("latency_mean", "dynamic-split") # numpy array, one value per replication

    cube = edgesplit_results.open("cube.h5")        # what `edgesplit sweep merge` has joined
    cube.values("latency_mean", load=0.5)           # numpy array over cube.dims("latency_mean"), load left out
    cube.frame("latency_mean", "late")              # DataFrame: a row per run and policy
    cube.steps("latency", rate=8e6)                 # the same of a per-step table, if it has them
"""

from __future__ import annotations

import builtins
import os
import resource
from types import TracebackType
from typing import TYPE_CHECKING, Any, Iterable

import h5py
import numpy as np

if TYPE_CHECKING:
    import pandas

MAJOR_VERSION = 1
STATUS = ("completed", "late", "dropped", "unfinished", "padding")
PADDING = 4
OTHER_FILES = 32  # that a program has open besides


def open(path: str | os.PathLike[str]) -> Run | Cube:  # pylint: disable=redefined-builtin
    """A run or a joined sweep, whichever the file holds. ValueError: neither, or of a newer version."""
    file = h5py.File(path, "r")
    kinds = {"edgesplit-result": Run, "edgesplit-cube": Cube}
    kind, version = file.attrs.get("format"), str(file.attrs.get("format_version", ""))
    if kind not in kinds or int(version.split(".")[0]) > MAJOR_VERSION:
        file.close()
        fault = f"format {version} is too new" if kind in kinds else "not a result of edgesplit"
        raise ValueError(f"{path}: {fault}")
    return kinds[kind](file)


class _File:
    def __init__(self, file: h5py.File) -> None:
        self.file = file
        self.policies: list[str] = _texts(file["policy"])

    def close(self) -> None:
        self.file.close()

    def __enter__(self):
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    @property
    def attributes(self) -> dict[str, Any]:
        """What was run: model, mode, seed, bytes per element ..."""
        return {name: value if isinstance(value, str) else value[0] for name, value in self.file.attrs.items()
                if isinstance(value, (str, np.ndarray))}

    def units(self, name: str) -> str:
        return self.file[name].attrs["units"]


class Run(_File):
    """One simulation, of one replication or several. Steps behind a policy's last one (padding) are left out
    everywhere."""

    def __init__(self, file: h5py.File) -> None:
        super().__init__(file)
        self.n_replications: int = file["replication"].size if "replication" in file else 1
        self._counts = file["n_steps"][...].reshape(self.n_replications, len(self.policies))
        self.n_steps: dict[str, int] = dict(zip(self.policies, map(int, self._counts.sum(axis=0))))  # of all replications
        self.columns: list[str] = [name for name, item in file.items() if isinstance(item, h5py.Dataset)
                                   and item.ndim > 1 and name != "n_steps"]

    def column(self, name: str, policy: str, replication: int | None = None) -> np.ndarray:
        """A variable of the per-step table, in SI units: of all replications, one behind the other, or of one. IndexError:
        there is no such replication."""
        if replication is None:
            return np.concatenate([self.column(name, policy, r) for r in range(self.n_replications)])
        index = self.policies.index(policy)
        rows = slice(self._counts[replication, index])
        if "replication" not in self.file:
            return self.file[name][index, rows]
        return self.file[name][replication % self.n_replications, index, rows]

    def counted(self, policy: str, replication: int | None = None) -> np.ndarray:
        """Which steps of `column` the summary counts: those behind the warm-up of the policy and replication."""
        if replication is None:
            return np.concatenate([self.counted(policy, r) for r in range(self.n_replications)])
        return self.column("arrival_time", policy, replication) >= self.warmup_s(policy)[replication]

    def warmup_s(self, policy: str) -> np.ndarray:
        """The time from which on requests count, in each replication."""
        known = "warmup" in self.file["summary"]  # since format 1.2
        return self.replicated("warmup", policy) if known else np.array([self.attributes["warmup_s"]])

    def replicated(self, name: str, policy: str) -> np.ndarray:
        """A figure of the summary in each replication."""
        if "replications" not in self.file:
            return np.array([self.figure(name, policy)])
        return self.file[f"replications/{name}"][:, self.policies.index(policy)]

    def half_width(self, name: str, policy: str) -> float:
        """Half the width of a figure's 95 % interval; NaN: there is none."""
        known = f"{name}_half_width" in self.file["summary"]
        return self.figure(f"{name}_half_width", policy) if known else float("nan")

    def figure(self, name: str, policy: str) -> float:
        """A figure of the summary."""
        return float(self.file[f"summary/{name}"][self.policies.index(policy)])

    def gain(self, policy: str, baseline: str, kind: str = "mean_of_ratios") -> float:
        """Gain over a baseline; `kind`: mean_of_ratios (the paper's) or ratio_of_means."""
        return float(self.file[f"summary/gain_{kind}"][self.policies.index(policy), self.policies.index(baseline)])

    @property
    def cuts(self) -> list[str]:
        """Names, of all groups of devices one after the other."""
        return _texts(self.file["cuts/name"])

    def first_cut(self, policy: str, replication: int | None = None) -> np.ndarray | int:
        """What to add to `split_index` for a place in `cuts`: 0, but where there are several groups of devices."""
        if "cut_group" not in self.file["cuts"]:
            return 0
        ends = np.cumsum(self.file["group_devices"][...])
        group = np.searchsorted(ends, self.column("device", policy, replication), side="right")
        return np.searchsorted(self.file["cuts/cut_group"][...], group)

    @property
    def scenario(self) -> str:
        """Every key with the value that was used."""
        return self.file["scenario_resolved"].asstr()[()]

    def steps(self, policies: Iterable[str] | None = None, columns: Iterable[str] | None = None) -> pandas.DataFrame:
        """A row per policy and step, and replication if there are several; `status` and `cut` in words; `counted`: whether
        the summary counts the step, which it does behind the warm-up."""
        import pandas

        names = list(columns if columns is not None else [*self.columns, "counted"])
        frames = []
        for replication in range(self.n_replications):
            for policy in policies if policies is not None else self.policies:
                frame = pandas.DataFrame({name: self.counted(policy, replication) if name == "counted" else
                                          self.column(name, policy, replication) for name in names})
                frame.insert(0, "step", np.arange(len(frame)))
                frame.insert(0, "policy", policy)
                if self.n_replications > 1:
                    frame.insert(0, "replication", replication)
                if "split_index" in names:
                    places = frame["split_index"] + self.first_cut(policy, replication)
                    frame["cut"] = np.array(self.cuts, dtype=object)[places]
                frames.append(frame)
        table = pandas.concat(frames, ignore_index=True)
        if "status" in names:
            table["status"] = pandas.Categorical.from_codes(table["status"], STATUS)
        return table

    def summary(self) -> pandas.DataFrame:
        """A row per policy, a column per figure."""
        import pandas

        figures = {name: item[...] for name, item in self.file["summary"].items()
                   if item.shape == (len(self.policies),) and item.dtype.kind == "f"}
        return pandas.DataFrame(figures, index=pandas.Index(self.policies, name="policy"))


class Cube(_File):
    """The summaries of a sweep over the dimensions that were swept. NaN: no such run, or not finished."""

    def __init__(self, file: h5py.File) -> None:
        super().__init__(file)
        self.axes: list[str] = self.dims("run_state")
        self.figures: list[str] = [name for name, item in file.items() if isinstance(item, h5py.Dataset)
                                   and item.ndim == len(self.axes) + 1 and self.dims(name)[-1] == "policy"]

    def dims(self, name: str) -> list[str]:
        return [axis[0].name.rsplit("/", 1)[-1] for axis in self.file[name].dims if len(axis)]

    def coordinate(self, name: str) -> np.ndarray:
        """The values along a dimension, or those of a variable that goes with one."""
        variable = self.file[name]
        return np.array(_texts(variable), dtype=object) if h5py.check_string_dtype(variable.dtype) else variable[...]

    def values(self, name: str, **chosen: Any) -> np.ndarray:
        """A figure over its dimensions, those left out for which one value is `chosen`. KeyError: it does not occur."""
        picks: list[Any] = []
        for dim in self.dims(name):
            found = np.flatnonzero(self.coordinate(dim) == chosen[dim]) if dim in chosen else None
            if found is not None and found.size == 0:
                raise KeyError(f"{dim} = {chosen[dim]!r} does not occur")
            picks.append(slice(None) if found is None else int(found[0]))
        return self.file[name][tuple(picks)]

    def steps(self, name: str, **chosen: Any) -> np.ndarray:
        """A variable of the per-step tables (`sweep merge --steps`, `--virtual`) like `values`; padding is NaN or as in
        FORMAT.md. KeyError: the file has no steps; OSError: not all tables that it refers to can be opened."""
        status = self.file["per_step/status"]  # every table has it
        if status.is_virtual:
            folder = os.path.dirname(os.path.abspath(self.file.filename))
            paths = {os.path.join(folder, source.file_name.replace("%%", "%")) for source in status.virtual_sources()}
            wanted = int(self.file["per_step"].attrs["n_sources"][0])
            there = sum(os.access(path, os.R_OK) for path in paths)
            if there < wanted:  # HDF5 would fill in
                gone = f"{wanted - there} of {wanted} tables that it refers to are not there"
                raise OSError(f"{self.file.filename}: {gone}")
            if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < wanted + OTHER_FILES:
                raise OSError(f"{self.file.filename}: {wanted} tables need as many open files: ulimit -n")
        return self.values(f"per_step/{name}", **chosen)

    def frame(self, *names: str) -> pandas.DataFrame:
        """A row per run and policy with the swept variables; `names`: figures, all of them if none is named."""
        import pandas

        dims = [*self.axes, "policy"]
        index = pandas.MultiIndex.from_product([self.coordinate(dim) for dim in dims], names=dims)
        table = pandas.DataFrame({name: self.file[name][...].ravel() for name in names or self.figures}, index=index)
        table = table.reset_index()
        for name, item in self.file.items():  # variables that change along with a dimension
            along = self.dims(name) if isinstance(item, h5py.Dataset) else []
            if len(along) == 1 and along[0] in self.axes and name not in dims:
                table[name] = table[along[0]].map(dict(zip(self.coordinate(along[0]), self.coordinate(name))))
        return table


def _texts(variable: h5py.Dataset) -> builtins.list[str]:
    return list(variable.asstr()[...])
