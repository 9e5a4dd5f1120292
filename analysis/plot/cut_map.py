"""The cut chosen in each state of a grid: uplink rate and batch size, for every policy that decides per request."""

import numpy as np
import style
from style import plt

TITLE = "Cut chosen in each state"
OF_FIRST = True  # of several replications
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


def colours_from(cuts, inner, first=(0,)):
    """Greys for the two ends (`first`: full offload), a scale of depth for the cuts between them."""
    scale = plt.matplotlib.colormaps["viridis_r"]
    depth = {cut: scale(0.1 + 0.8 * (i / max(1, len(inner) - 1))) for i, cut in enumerate(inner)}
    return [depth.get(cut, "#DDDDDD" if cut in first else "#555555") for cut in cuts]


def draw(result):
    policies = result.adaptive()[: style.MOST_POLICIES]
    rates, batches, loads = (np.unique(result.column(name, policies[0]))
                             for name in ("rate_true", "batch", "load_true"))
    if loads.size > MOST_LOADS:
        loads = loads[np.linspace(0, loads.size - 1, MOST_LOADS).round().astype(int)]
    used = sorted({cut for p in policies for cut in np.flatnonzero(result.cut_share(p) > 0)})
    colours = colours_from(used, [cut for cut in used if 0 < cut < len(result.cut_names) - 1])
    unit, divisor = style.rate_unit(rates)
    logarithmic = is_geometric(rates)
    row_height = 2.4 if batches.size > 1 else 0.5
    gap = 0.35 if loads.size == 1 else 0.18
    height = row_height * len(policies) + gap * (len(policies) - 1) + 1.06
    figure, axes = plt.subplots(len(policies), loads.size, sharex=True, sharey=True, squeeze=False,
                                figsize=(style.WIDTH_IN, height))
    shades = plt.matplotlib.colors.ListedColormap(colours)
    for row, p in zip(axes, policies):
        for panel, load in zip(row, loads):
            cuts = grid_of(result, p, load, rates, batches)
            index = np.ma.masked_where(cuts < 0, np.searchsorted(used, cuts))
            panel.pcolormesh(cell_edges(rates / divisor, logarithmic), cell_edges(batches, False), index, cmap=shades,
                             vmin=-0.5, vmax=len(used) - 0.5, edgecolors="face", linewidth=0.5)
            panel.grid(visible=False)
            if logarithmic:
                panel.set_xscale("log")
                style.plain_log_ticks(panel.xaxis, (1, 2, 5) if loads.size == 1 else (1,))
            if batches.size == 1:
                panel.set_yticks(batches)
        if loads.size == 1:
            row[0].set_title(result.policies[p], loc="left")
            row[0].set_ylabel("batch (images)")
        else:
            row[0].set_ylabel(result.policies[p] + "\nbatch (images)", rotation=0 if batches.size == 1 else 90,
                              ha="right" if batches.size == 1 else "center", va="center")
    for panel, load in zip(axes[0], loads):
        if loads.any():
            prefix = f"{panel.get_title(loc='left')}, " if loads.size == 1 else ""
            panel.set_title(f"{prefix}server load {load:.4g}", loc="left")
    for panel in axes[-1]:
        panel.set_xlabel(f"uplink rate ({unit})")
    figure.subplots_adjust(left=0.09, right=0.77, top=1 - 0.34 / height, bottom=0.66 / height, hspace=gap / row_height,
                           wspace=0.08)
    figure.legend([plt.matplotlib.patches.Patch(color=colour) for colour in colours],
                  [result.cut_label(cut) for cut in used], loc="upper left", bbox_to_anchor=(0.78, 1 - 0.34 / height),
                  title="cut chosen", title_fontsize=8, alignment="left", borderaxespad=0)
    return figure

