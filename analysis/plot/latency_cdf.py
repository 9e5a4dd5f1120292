"""Distribution of the latency, one curve per policy.

A curve is the share of the requests that arrived: it ends below 1 where requests were dropped or never finished.
"""

import numpy as np
import style
from style import plt

TITLE = "Distribution of the latency"
MARKS = (("latency_p50", 0.50, "o", "p50"), ("latency_p95", 0.95, "s", "p95"), ("latency_p99", 0.99, "D", "p99"))
MOST_POINTS = 4000


def applies(result):
    return True


def curve(result, policy):
    """Sorted latencies behind the warm-up, of all replications together, and the share of the requests that took at most
    as long."""
    latencies = result.counted("latency", policy)
    n = latencies.size
    latencies = np.sort(latencies[np.isfinite(latencies)])
    shares = np.arange(1, latencies.size + 1) / max(1, n)
    if latencies.size > MOST_POINTS:  # finer towards the tail
        last = latencies.size - 1
        picks = np.unique(np.concatenate([np.linspace(0, last, MOST_POINTS // 2),
                                          last + 1 - np.geomspace(1, last + 1, MOST_POINTS // 2)]).astype(int))
        latencies, shares = latencies[picks], shares[picks]
    return latencies, shares


def draw(result):
    shown = result.shown_policies(style.MOST_POLICIES)
    figure, axes = plt.subplots(figsize=(style.WIDTH_IN, 4.4))
    everything = []
    for i, p in enumerate(shown):
        latencies, shares = curve(result, p)
        if latencies.size == 0:
            continue
        everything.append(latencies)
        look = style.line(result, i, p)
        label = result.policies[p] + ("" if shares[-1] > 0.99995 else f" ({100 * shares[-1]:.1f} % completed)")
        axes.step(latencies * 1e3, shares, where="post", label=label, **look)
        for figure_name, quantile, marker, _ in MARKS:
            half = result.half_width(figure_name, p) * 1e3
            axes.errorbar(result.figure(figure_name, p) * 1e3, quantile * shares[-1], fmt=marker, color=look["color"],
                          xerr=half if np.isfinite(half) else None, capsize=2, elinewidth=0.8,
                          markersize=4, markeredgecolor="white", markeredgewidth=0.5, zorder=4)
    if everything and style.spans_decades(np.concatenate(everything)):
        axes.set_xscale("log")
        style.plain_log_ticks(axes.xaxis)
    axes.set_ylim(0, 1.01)
    axes.set_xlabel("latency (ms)")
    axes.set_ylabel("share of requests (1)")
    handles, labels = axes.get_legend_handles_labels()
    for _, _, marker, label in MARKS:
        handles.append(plt.Line2D([], [], marker=marker, linestyle="", color="#777777", markersize=4))
        labels.append(f"{label} of completed" + (", mean of\nreplications, 95 % interval" if result.n_replications > 1 else ""))
    figure.legend(handles, labels, loc="upper left", bbox_to_anchor=(0.745, 0.97),
                  title=style.note_of_selection(result, shown), title_fontsize=8, alignment="left")
    figure.subplots_adjust(left=0.08, right=0.735, top=0.96, bottom=0.17)
    return figure
