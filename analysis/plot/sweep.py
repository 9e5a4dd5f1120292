"""A joined sweep: mean latency over the swept variable with the most values, a panel for each combination of the
others, with 95 % intervals over the repetitions."""

import h5py
import numpy as np
import style
from result import texts
from style import plt

TITLE = "Mean latency over {}"
MOST_PANELS = 9
# 97.5 % quantiles of Student's t of 1 .. 10 degrees of freedom.
STUDENT = (12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281)


def student(degrees):
    """The same for any: beyond the table by Abramowitz and Stegun, 26.7.5, to 1e-4."""
    z = 1.959964
    if degrees <= len(STUDENT):
        return STUDENT[degrees - 1]
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)


class Cube:
    def __init__(self, path):
        with h5py.File(path, "r") as file:
            self.study = str(file.attrs["study"])
            self.policies = texts(file["policy"])
            self.axes = [axis[0].name.strip("/") for axis in file["run_state"].dims]
            self.values = {name: (texts(file[name]) if h5py.check_string_dtype(file[name].dtype) else list(file[name][...]))
                           for name in self.axes}
            self.units = {name: str(file[name].attrs.get("units", "")) for name in self.axes}
            self.latency = file["latency_mean"][...] * 1e3
            half = "latency_mean_half_width"  # of a run; known of several replications, or long runs
            self.half_width = file[half][...] * 1e3 if half in file else np.full_like(self.latency, np.nan)
            self.program = str(file.attrs["source"])

    def reduced(self):
        """Means and half widths over (settings..., policy): over the repetitions, without them those of the runs; 0 where
        there is none."""
        if self.axes[-1] != "repetition":
            return self.latency, np.nan_to_num(self.half_width), self.axes
        n = self.latency.shape[-2]
        half = student(n - 1) * self.latency.std(axis=-2, ddof=1) / np.sqrt(n) if n > 1 else 0 * self.latency[..., 0, :]
        return self.latency.mean(axis=-2), half, self.axes[:-1]


def is_number(values):
    return not isinstance(values[0], str)


def shown_unit(cube, name):
    """What the numbers of an axis are shown in, and the divisor."""
    unit = cube.units[name]
    return ("", 1) if unit == "1" else ("Mbit/s", 1e6) if unit == "bit/s" else (unit, 1)


def of(cube, name, i):
    value, (unit, divisor) = cube.values[name][i], shown_unit(cube, name)
    return value if isinstance(value, str) else f"{value / divisor:g} {unit}".rstrip()


def panels_of(shape, x):
    """The indices of the settings along the other axes."""
    return list(np.ndindex(*(size for axis, size in enumerate(shape) if axis != x)))


def applies(cube):
    return any(len(values) > 1 and is_number(values) for name, values in cube.values.items() if name != "repetition")


def draw(cube):
    mean, half, axes = cube.reduced()
    x = max((i for i, name in enumerate(axes) if is_number(cube.values[name])), key=lambda i: len(cube.values[axes[i]]))
    others = [name for i, name in enumerate(axes) if i != x]
    wanted = panels_of(mean.shape[:-1], x)
    shown = wanted[:MOST_PANELS]
    n_columns = min(3, len(shown))
    n_rows = -(-len(shown) // n_columns)
    height = 2.0 * n_rows + 1.0
    figure, all_axes = plt.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False,
                                    figsize=(style.WIDTH_IN, height))
    unit, divisor = shown_unit(cube, axes[x])
    at = np.array(cube.values[axes[x]], dtype=float) / divisor
    finite = mean[np.isfinite(mean)]
    for panel, where in zip(all_axes.flat, shown):
        index = (*where[:x], slice(None), *where[x:])
        for p, policy in enumerate(cube.policies[: style.MOST_POLICIES]):
            panel.errorbar(at, mean[(*index, p)], half[(*index, p)], label=policy, color=style.PALETTE[p], capsize=2,
                           linewidth=1.2, marker="os^Dv<>P"[p], markersize=3)
        panel.set_title(", ".join(f"{name} = {of(cube, name, i)}" for name, i in zip(others, where)) or "all runs",
                        loc="left", fontsize=8)
        if at.min() > 0 and style.spans_decades(at):
            panel.set_xscale("log")
            style.plain_log_ticks(panel.xaxis, (1,))
        if style.spans_decades(finite):
            panel.set_yscale("log")
            style.plain_log_ticks(panel.yaxis, (1,))
        else:
            panel.set_ylim(bottom=0)
    for panel in all_axes.flat[len(shown):]:
        panel.set_axis_off()
    for panel in all_axes[-1]:
        panel.set_xlabel(f"{axes[x]} ({unit or 1})")
    for panel in all_axes[:, 0]:
        panel.set_ylabel("mean latency (ms)")
    figure.subplots_adjust(left=0.08, right=0.83, top=1 - 0.32 / height, bottom=0.68 / height, hspace=0.25, wspace=0.08)
    figure.legend(*all_axes[0, 0].get_legend_handles_labels(), loc="upper left", bbox_to_anchor=(0.84, 1 - 0.3 / height))
    figure.text(0.01, 1 - 0.02 / height, TITLE.format(axes[x]) + f" in the sweep {cube.study}", fontsize=11, ha="left",
                va="bottom")
    notes = [cube.program]
    if cube.axes[-1] == "repetition" and len(cube.values["repetition"]) > 1:
        notes.append(f"95 % intervals over {len(cube.values['repetition'])} repetitions (Student's t)")
    elif np.isfinite(cube.half_width).any():
        notes.append("95 % intervals of the runs: over replications, or by batch means")
    if len(wanted) > len(shown):
        notes.append(f"{len(shown)} of {len(wanted)} combinations of {', '.join(others)}")
    figure.text(0.01, 0.05 / height, "   ·   ".join(notes), fontsize=7, color="#555555", ha="left", va="bottom")
    return figure
