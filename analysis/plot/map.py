"""The optimal cut over data rate, batch size and load, and what it gains: drawn from the table that `edgesplit map
--csv` prints. Borders are exact; nothing is sampled but the colours of the gain."""

import csv
import subprocess

import matplotlib.patheffects
import numpy as np
import style
from cut_map import colours_from
from style import plt

N_RATES = 800
MOST_LOADS = 4
BAND = 0.9  # of a row's height


def number(text):
    return float(text) if text else np.nan


def table_of(edgesplit, arguments):
    """Rows of each network, and the line with the byte convention. CalledProcessError: edgesplit has said why."""
    command = [edgesplit, "map", *arguments]
    rows = subprocess.run([*command, "--csv"], check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                           text=True).stdout.splitlines()
    networks = {}
    for row in csv.DictReader(rows.splitlines()):
        networks.setdefault(row["model"], []).append(
            {name: text if name in ("model", "name", "runner_up", "device_kind", "server_kind") else number(text)
             for name, text in row.items()})
    return networks, next((line for line in lines if line.startswith("bytes: ")), "")


class Grid:
    """Rows as bands: a panel per load with a band per batch size, or one panel with a band per load."""

    def __init__(self, rows):
        self.rows = rows
        self.batches, self.loads = (sorted({row[name] for row in rows}) for name in ("batch", "load"))
        self.by_load = len(self.batches) == 1 and len(self.loads) > 1
        self.panels = [None] if self.by_load else self.loads[:MOST_LOADS]
        self.bands = self.loads if self.by_load else self.batches
        self.rates = rows[0]["rate_from_bps"], max(row["rate_to_bps"] for row in rows)

    def of(self, panel, band):
        """The rows of a band, ascending in rate."""
        return [row for row in self.rows if row["load" if self.by_load else "batch"] == band
                and (self.by_load or row["load"] == panel)]

    def axes(self, figure_height, n_columns):
        unit, divisor = style.rate_unit(np.array(self.rates))
        figure, axes = plt.subplots(len(self.panels), n_columns, sharex=True, sharey=True, squeeze=False,
                                    figsize=(style.WIDTH_IN, figure_height))
        for row, panel in zip(axes, self.panels):
            for one in row:
                one.set_xscale("log")
                style.plain_log_ticks(one.xaxis, (1, 2, 5) if n_columns == 1 else (1,))
                one.set_xlim(self.rates[0] / divisor, self.rates[1] / divisor)
                one.set_ylim(-0.5, len(self.bands) - 0.5)
                one.set_yticks(range(len(self.bands)), [f"{band:g}" for band in self.bands])
                one.grid(visible=False)
            row[0].set_ylabel("server load (1)" if self.by_load else "batch (images)")
        for one in axes[-1]:
            one.set_xlabel(f"uplink rate ({unit})")
        return figure, axes, divisor

    def height(self):
        return len(self.panels) * (0.5 + 0.26 * len(self.bands)) + 1.0

    def panel_title(self, panel):
        if panel is None:
            return f"batch {self.batches[0]:g}"
        return f"server load {panel:g}" if any(self.loads) else ""


def draw_borders(axes, grid, panel, divisor):
    """The crossover lines: border by border, joined from band to band where both have it."""
    halo = [matplotlib.patheffects.withStroke(linewidth=2.4, foreground="#FFFFFF")]
    ends = {}
    for y, band in enumerate(grid.bands):
        rows = grid.of(panel, band)
        for below, above in zip(rows, rows[1:]):
            ends.setdefault((below["cut"], above["cut"]), []).append((y, above["rate_from_bps"] / divisor))
    for points in ends.values():
        for y, rate in points:
            axes.plot([rate, rate], [y - BAND / 2, y + BAND / 2], color="#000000", linewidth=1.2,
                      path_effects=halo)
        for (y, rate), (next_y, next_rate) in zip(points, points[1:]):
            if next_y == y + 1:
                axes.plot([rate, next_rate], [y + BAND / 2, next_y - BAND / 2], color="#000000", linewidth=0.6)


def hatch_on(colour):
    """White on dark colours, grey on light ones."""
    return "#FFFFFF" if np.dot(plt.matplotlib.colors.to_rgb(colour), (0.3, 0.6, 0.1)) < 0.7 else "#777777"


def footer(figure, height, rows, conventions):
    kinds = {f"{side} profile {rows[0][side + '_kind']}" for side in ("device", "server")
             if rows[0][side + "_kind"] != "measured"}
    figure.text(0.01, 0.05 / height, "   ·   ".join([conventions, *sorted(kinds)]), fontsize=7, color="#555555",
                ha="left", va="bottom")


def draw_cuts(rows, conventions):
    """Which cut is the best; hatched where the spread of the profiles leaves it open."""
    grid = Grid(rows)
    names = {int(row["cut"]): row["name"] for row in rows}
    used = sorted(names)
    is_last = {int(row["cut"]): row["bits"] == 0 for row in rows}
    colours = dict(zip(used, colours_from(used, [cut for cut in used if cut > 0 and not is_last[cut]])))
    height = grid.height()
    figure, axes, divisor = grid.axes(height, 1)
    any_open = False
    for (one,), panel in zip(axes, grid.panels):
        for y, band in enumerate(grid.bands):
            for row in grid.of(panel, band):
                start, end = row["rate_from_bps"] / divisor, row["rate_to_bps"] / divisor
                one.barh(y, end - start, BAND, left=start, color=colours[int(row["cut"])], linewidth=0)
                sure = (row["sure_from_bps"] / divisor, row["sure_to_bps"] / divisor)
                spans = [(start, end)] if np.isnan(sure[0]) else [(start, sure[0]), (sure[1], end)]
                for left, right in spans:
                    if right > left * (1 + 1e-9):
                        any_open = True
                        one.barh(y, right - left, BAND, left=left, facecolor="none",
                                 edgecolor=hatch_on(colours[int(row["cut"])]), hatch="////", linewidth=0)
        draw_borders(one, grid, panel, divisor)
        one.set_title(grid.panel_title(panel), loc="left")
    handles = [plt.matplotlib.patches.Patch(color=colours[cut]) for cut in used]
    labels = [f"{cut} {names[cut]}" + (" (full offload)" if cut == 0 else " (no offload)" if is_last[cut] else "")
              for cut in used]
    if any_open:
        handles.append(plt.matplotlib.patches.Patch(facecolor="#999999", edgecolor="#FFFFFF", hatch="////",
                                                    linewidth=0))
        labels.append("open within p05..p95\nof the measured times")
    figure.subplots_adjust(left=0.07, right=0.765, top=1 - 0.3 / height, bottom=0.68 / height, hspace=0.35)
    figure.legend(handles, labels, loc="upper left", bbox_to_anchor=(0.775, 1 - 0.3 / height), title="best cut",
                  title_fontsize=8, alignment="left", borderaxespad=0)
    figure.text(0.01, 1 - 0.02 / height, f"Optimal cut of {rows[0]['model']}", fontsize=11, ha="left", va="bottom")
    footer(figure, height, rows, conventions)
    return figure


def gains(rows, rates, constant, bits):
    """Gain of the best cut over a line, %, at each rate."""
    gain = np.full(rates.size, np.nan)
    for row in rows:
        inside = (rates >= row["rate_from_bps"] * (1 - 1e-12)) & (rates <= row["rate_to_bps"] * (1 + 1e-12))
        base = row[constant] + (row[bits] if bits else 0) / rates[inside]
        gain[inside] = 100 * (1 - (row["constant_s"] + row["bits"] / rates[inside]) / base)
    return gain


def draw_gain(rows, conventions):
    """How much shorter the latency of the best cut is than without offload and with full offload."""
    grid = Grid(rows)
    height = grid.height() + 0.1
    figure, axes, divisor = grid.axes(height, 2)
    edges = np.geomspace(*grid.rates, N_RATES + 1)
    rates = np.sqrt(edges[1:] * edges[:-1])
    columns = (("over no offload", "no_offload_s", None), ("over full offload", "full_offload_s", "full_offload_bits"))
    shown = {(p, c): np.array([gains(grid.of(panel, band), rates, *columns[c][1:]) for band in grid.bands])
             for p, panel in enumerate(grid.panels) for c in range(2)}
    least = min((np.nanmin(values) for values in shown.values() if np.isfinite(values).any()), default=0)
    colours = dict(cmap="viridis", vmin=0, vmax=100) if least > -0.5 else \
        dict(cmap="PuOr", norm=plt.matplotlib.colors.TwoSlopeNorm(0, vmin=min(-20, least), vmax=100))
    for (p, c), values in shown.items():
        one = axes[p][c]
        mesh = one.pcolormesh(edges / divisor, np.arange(len(grid.bands) + 1) - 0.5, values, edgecolors="face",
                              linewidth=0.5, **colours)
        draw_borders(one, grid, grid.panels[p], divisor)
        one.set_title(", ".join(filter(None, [columns[c][0], grid.panel_title(grid.panels[p])])), loc="left")
    figure.subplots_adjust(left=0.07, right=0.88, top=1 - 0.32 / height, bottom=0.68 / height, hspace=0.4, wspace=0.1)
    bar = figure.colorbar(mesh, cax=figure.add_axes((0.9, 0.68 / height, 0.015, 1 - 1.0 / height)))
    bar.set_label("gain (%)")
    figure.text(0.01, 1 - 0.02 / height, f"Gain of the optimal cut of {rows[0]['model']}; lines: the cut changes",
                fontsize=11, ha="left", va="bottom")
    footer(figure, height, rows, conventions)
    return figure
