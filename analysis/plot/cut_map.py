"""The cut chosen in each state of a grid: uplink rate and batch size, for every policy that decides per request."""

import numpy as np
import style
from style import plt

MOST_LOADS = 4


def applies(result):
    return result.is_grid and len(result.adaptive()) > 0


def cell_edges(values, logarithmic):
    """Borders halfway between neighbours."""
    values = np.log(values) if logarithmic else np.asarray(values, dtype=float)
    if values.size == 1:
        edges = np.array([values[0] - 0.5, values[0] + 0.5])
    else:
        middle = (values[1:] + values[:-1]) / 2
        edges = np.concatenate([[2 * values[0] - middle[0]], middle, [2 * values[-1] - middle[-1]]])
    return np.exp(edges) if logarithmic else edges


def is_geometric(values):
    return values.size > 2 and values[0] > 0 and np.ptp(np.diff(np.log(values))) < 0.01 * np.diff(np.log(values)).mean()


def grid_of(result, policy, load, rates, batches):
    """Row of `cuts` per batch, column per rate; -1 where the grid has no such state."""
    rate, batch = result.column("rate_true", policy), result.column("batch", policy)
    here = result.column("load_true", policy) == load
    cuts = np.full((batches.size, rates.size), -1)
    cuts[np.searchsorted(batches, batch[here]), np.searchsorted(rates, rate[here])] = \
        result.column("split_index", policy)[here]
    return cuts


def colours_of(cuts):
    """Ordered by depth where cuts are many, else as different as possible."""
    if len(cuts) <= len(style.PALETTE):
        return [style.PALETTE[i] for i in range(len(cuts))]
    return [plt.matplotlib.colormaps["viridis"](i / (len(cuts) - 1)) for i in range(len(cuts))]


def draw(result):
    policies = result.adaptive()[: style.MOST_POLICIES]
    rates, batches, loads = (np.unique(result.column(name, policies[0])) for name in ("rate_true", "batch", "load_true"))
    if loads.size > MOST_LOADS:
        loads = loads[np.linspace(0, loads.size - 1, MOST_LOADS).round().astype(int)]
    used = sorted({cut for p in policies for cut in np.flatnonzero(result.cut_share(p) > 0)})
    colours = colours_of(used)
    unit, divisor = style.rate_unit(rates)
    logarithmic = is_geometric(rates)
    row_height = 2.6 if batches.size > 1 else 0.8
    height = row_height * len(policies) + 1.3
    figure, axes = plt.subplots(len(policies), loads.size, sharex=True, sharey=True, squeeze=False,
                                figsize=(style.WIDTH_IN, height))
    shades = plt.matplotlib.colors.ListedColormap(colours)
    for row, p in zip(axes, policies):
        for panel, load in zip(row, loads):
            cuts = grid_of(result, p, load, rates, batches)
            index = np.ma.masked_less(np.searchsorted(used, cuts), 0)
            index = np.ma.masked_where(cuts < 0, index)
            panel.pcolormesh(cell_edges(rates / divisor, logarithmic), cell_edges(batches, False), index, cmap=shades,
                             vmin=-0.5, vmax=len(used) - 0.5, rasterized=True)
            panel.set_title(result.policies[p] + (f", server load {load:g}" if result_has_loads(loads) else ""),
                            loc="left")
            panel.grid(visible=False)
            if logarithmic:
                panel.set_xscale("log")
                style.plain_log_ticks(panel.xaxis)
            if batches.size == 1:
                panel.set_yticks(batches)
        row[0].set_ylabel("batch (images)")
    for panel in axes[-1]:
        panel.set_xlabel(f"uplink rate ({unit})")
    figure.subplots_adjust(left=0.07, right=0.77, top=1 - 0.62 / height, bottom=0.68 / height, hspace=0.28, wspace=0.08)
    figure.legend([plt.matplotlib.patches.Patch(color=colour) for colour in colours],
                  [result.cut_label(cut) for cut in used], loc="upper left", bbox_to_anchor=(0.78, 1 - 0.6 / height),
                  title="cut chosen", title_fontsize=8, alignment="left", borderaxespad=0)
    return figure


def result_has_loads(loads):
    return loads.size > 1 or loads[0] > 0
