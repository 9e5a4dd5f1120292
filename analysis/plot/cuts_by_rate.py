"""The cuts that a policy chose at each uplink rate, in classes of equally many requests: a panel per policy that decides
per request."""

import numpy as np
import style
from cut_map import colours_from
from style import plt

TITLE = "Cuts chosen by uplink rate"
MOST_PANELS = 4
N_CLASSES = 24


def applies(result):
    return any(np.unique(result.counted("rate_true", p)).size > 1 for p in result.adaptive())


def classes_of(rates):
    """Borders of classes with about equally many requests."""
    return np.unique(np.quantile(rates, np.linspace(0, 1, N_CLASSES + 1)))


def draw(result):
    policies = [p for p in result.adaptive() if np.unique(result.counted("rate_true", p)).size > 1][:MOST_PANELS]
    used = sorted({cut for p in policies for cut in np.flatnonzero(result.cut_share(p) > 0)})
    first = [cut for cut in used if result.is_full_offload(cut)]
    inner = [cut for cut in used if cut not in first and not result.is_no_offload(cut)]
    colours = dict(zip(used, colours_from(used, inner, first)))
    unit, divisor = style.rate_unit(result.counted("rate_true", policies[0]))
    height = 1.5 * len(policies) + 1.0
    figure, axes = plt.subplots(len(policies), 1, sharex=True, squeeze=False, figsize=(style.WIDTH_IN, height))
    for panel, p in zip(axes[:, 0], policies):
        rates, cuts = result.counted("rate_true", p) / divisor, result.counted("split_index", p)
        borders = classes_of(rates)
        totals, _ = np.histogram(rates, borders)
        bottom = np.zeros(totals.size)
        for cut in used:
            share = 100 * np.histogram(rates[cuts == cut], borders)[0] / np.maximum(totals, 1)
            panel.bar(borders[:-1], share, np.diff(borders), bottom, align="edge", color=colours[cut], linewidth=0)
            bottom += share
        if style.spans_decades(rates) and borders[0] > 0:
            panel.set_xscale("log")
            style.plain_log_ticks(panel.xaxis)
        panel.set_xlim(borders[0], borders[-1])
        panel.set_ylim(0, 100)
        panel.set_ylabel("share of\nrequests (%)")
        panel.grid(visible=False)
        panel.set_title(result.policies[p], loc="left", pad=3)
    axes[-1, 0].set_xlabel(f"uplink rate at the decision ({unit}), {N_CLASSES} classes of equally many requests")
    figure.subplots_adjust(left=0.09, right=0.77, top=1 - 0.34 / height, bottom=0.66 / height, hspace=0.32)
    figure.legend([plt.matplotlib.patches.Patch(color=colours[cut]) for cut in used],
                  [result.cut_label(cut) for cut in used], loc="upper left", bbox_to_anchor=(0.78, 1 - 0.34 / height),
                  title="cut chosen", title_fontsize=8, alignment="left", borderaxespad=0)
    return figure
