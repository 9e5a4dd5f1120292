"""How busy each station is over time, and how many requests are there: a row per station, a line per policy."""

import numpy as np
import style
from style import plt

TITLE = "Stations over time: utilisation, and requests waiting or in service"
OF_FIRST = True  # of several replications
N_INTERVALS = 200


def applies(result):
    use = result.series("utilisation")
    return use is not None and bool((np.nan_to_num(use) > 0).any())


def means(times, values, edges):
    """Means over wider intervals, of those that are known."""
    place = np.clip(np.searchsorted(edges, times) - 1, 0, edges.size - 2)
    known = np.isfinite(values)
    number = np.bincount(place[known], minlength=edges.size - 1)
    total = np.bincount(place[known], values[known], minlength=edges.size - 1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def draw(result):
    shown = result.shown_policies(style.MOST_POLICIES)
    times, use, queue = (result.series(name) for name in ("time", "utilisation", "queue_length"))
    names = result.stations()
    rows = [s for s in range(len(names)) if (np.nan_to_num(queue[:, s]) > 0).any()]
    unit, divisor = style.time_unit(times[-1])
    edges = np.linspace(0, times[-1], min(N_INTERVALS, times.size) + 1)
    height = 1.35 * len(rows) + 1.0
    figure, axes = plt.subplots(len(rows), 2, sharex=True, squeeze=False, figsize=(style.WIDTH_IN, height))
    for (left, right), s in zip(axes, rows):
        longest = 0
        for i, p in enumerate(shown):
            look = style.line(result, i, p) | {"linewidth": 1.0}
            for panel, values in ((left, use), (right, queue)):
                reduced = means(times, values[p, s], edges)
                panel.stairs(reduced, edges / divisor, baseline=None, color=look["color"], linestyle=look["linestyle"],
                             linewidth=look["linewidth"], label=result.policies[p])
                if panel is right and np.isfinite(reduced).any():
                    longest = max(longest, np.nanmax(reduced))
        left.set_ylim(0, 1.04)
        left.set_ylabel(f"{names[s]}\nutilisation (1)")
        right.set_ylabel("requests (1)")
        if longest > 30:
            right.set_yscale("symlog", linthresh=1)
            right.set_yticks([tick for tick in (0, 1, 10, 100, 1000, 10000) if tick <= longest * 1.2])
            style.plain_numbers(right.yaxis)
        right.set_ylim(0, max(0.1, 1.15 * longest))
    for panel in axes[-1]:
        panel.set_xlabel(f"time ({unit}); means of {edges[1]:.2g} s")
        panel.set_xlim(0, times[-1] / divisor)
    figure.subplots_adjust(left=0.09, right=0.78, top=1 - 0.1 / height, bottom=0.66 / height, hspace=0.22, wspace=0.24)
    figure.align_ylabels()
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="upper left", bbox_to_anchor=(0.79, 1 - 0.05 / height),
                  title=style.note_of_selection(result, shown), title_fontsize=8, alignment="left")
    return figure
