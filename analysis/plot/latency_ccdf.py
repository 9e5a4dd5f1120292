"""The tail of the latency, one curve per policy: the share of the requests that arrived which took longer, or never
came back."""

import numpy as np
import style
from latency_cdf import curve
from style import plt

TITLE = "Tail of the latency: share of the requests that took longer"


def applies(result):
    return True


def draw(result):
    shown = result.shown_policies(style.MOST_POLICIES)
    figure, axes = plt.subplots(figsize=(style.WIDTH_IN, 4.4))
    everything, most = [], 10
    for i, p in enumerate(shown):
        latencies, shares = curve(result, p)
        if latencies.size == 0:
            continue
        everything.append(latencies)
        most = max(most, result.counted("latency", p).size)
        tail = np.concatenate([[1], 1 - shares])
        axes.step(np.concatenate([latencies[:1], latencies]) * 1e3, np.where(tail > 1e-12, tail, np.nan), where="post",
                  label=result.policies[p], **style.line(result, i, p))
    if everything and style.spans_decades(np.concatenate(everything)):
        axes.set_xscale("log")
        style.plain_log_ticks(axes.xaxis)
    axes.set_yscale("log")
    axes.set_ylim(0.8 / most, 1.15)
    style.plain_log_ticks(axes.yaxis, (1,))
    axes.set_xlabel("latency (ms)")
    axes.set_ylabel("share of requests (1)")
    figure.legend(*axes.get_legend_handles_labels(), loc="upper left", bbox_to_anchor=(0.745, 0.97),
                  title=style.note_of_selection(result, shown), title_fontsize=8, alignment="left")
    figure.subplots_adjust(left=0.08, right=0.735, top=0.96, bottom=0.17)
    return figure
