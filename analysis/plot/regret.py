"""Regret: what each request took longer than by the best cut for it, as the share of requests that lost more."""

import numpy as np
import style
from style import plt

TITLE = "Regret: share of the requests that lost more against the best cut"
LEAST_MS = 1e-3


def applies(result):
    return any(result.figure("regret_mean", p) > 0 for p in range(len(result.policies)))


def draw(result):
    shown = result.shown_policies(style.MOST_POLICIES)
    figure, axes = plt.subplots(figsize=(style.WIDTH_IN, 4.0))
    largest = 10 * LEAST_MS
    for i, p in enumerate(shown):
        regret = result.counted("regret", p) * 1e3
        regret = np.sort(regret[np.isfinite(regret)])
        if regret.size == 0:
            continue
        edges = np.geomspace(LEAST_MS, max(regret[-1], 2 * LEAST_MS), 600)
        share = 1 - np.searchsorted(regret, edges, side="right") / regret.size
        largest = max(largest, regret[-1])
        axes.step(edges, share, where="post", label=f"{result.policies[p]} (mean {1e3 * result.figure('regret_mean', p):.3g} ms)",
                  **style.line(result, i, p))
    axes.set_xscale("log")
    axes.set_xlim(LEAST_MS, largest * 1.1)
    style.plain_log_ticks(axes.xaxis, (1,))
    axes.set_ylim(0, 1.01)
    axes.set_xlabel("regret (ms)")
    axes.set_ylabel("share of requests (1)")
    figure.legend(*axes.get_legend_handles_labels(), loc="upper left", bbox_to_anchor=(0.66, 0.97),
                  title=style.note_of_selection(result, shown), title_fontsize=8, alignment="left")
    figure.subplots_adjust(left=0.08, right=0.65, top=0.96, bottom=0.18)
    return figure
