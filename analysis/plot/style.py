"""The look that all figures share."""

import textwrap
import warnings

import matplotlib
import numpy as np

matplotlib.use("Agg")

from matplotlib import pyplot as plt  # noqa: E402 (the backend is chosen first)

# Okabe and Ito, "Color Universal Design" (2008), the yellow and the grey exchanged for darker ones.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
DASHES = {"no-offload": (9, 3), "full-offload": (5, 1.5, 1, 1.5), "static-split": (3, 2)}
MOST_POLICIES = 8
WIDTH_IN = 9.0
TITLE_CHARACTERS = 110


def setup():
    warnings.filterwarnings("ignore", message="Glyph")  # titles may be in any script; a box stands for what is missing
    plt.rcParams.update({
        "figure.dpi": 150, "savefig.dpi": 150, "savefig.bbox": "tight", "savefig.pad_inches": 0.08,
        "font.size": 9, "axes.titlesize": 9, "axes.labelsize": 9, "legend.fontsize": 8, "legend.frameon": False,
        "axes.grid": True, "grid.color": "#DDDDDD", "grid.linewidth": 0.6,
        "axes.axisbelow": True, "axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 1.2,
        "pdf.fonttype": 42,
    })


def line(result, i, policy):
    """Look of the i-th policy shown: deciding per request is solid and thick, the bound dotted, and fixed ones are dashed,
    each in its own way and over the solid ones, so that none is hidden by another that takes as long."""
    colour = PALETTE[i % len(PALETTE)]
    if result.types[policy].startswith("oracle"):
        return {"color": colour, "linestyle": (0, (1, 1)), "linewidth": 1.4, "zorder": 3.5}
    if result.is_adaptive(policy):
        return {"color": colour, "linestyle": "-", "linewidth": 2.4, "zorder": 2}
    dashes = DASHES.get(result.types[policy], DASHES["static-split"])
    return {"color": colour, "linestyle": (2 * i, dashes), "linewidth": 1.1, "zorder": 3}


def spans_decades(values, least=1.5):
    positive = values[values > 0]
    return positive.size > 0 and np.log10(positive.max() / positive.min()) > least


def plain_log_ticks(axis, per_decade=(1, 2, 5)):
    """Numbers such as 0.2, 1, 50 on a logarithmic axis, not powers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(base=10, subs=per_decade, numticks=12))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def plain_numbers(axis):
    axis.set_major_formatter(matplotlib.ticker.FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(matplotlib.ticker.NullFormatter())


def rate_unit(rates_bps):
    """Unit and divisor that keep the numbers of a data rate short."""
    largest = np.nanmax(rates_bps) if rates_bps.size else 0
    return ("Gbit/s", 1e9) if largest >= 2e9 else ("Mbit/s", 1e6) if largest >= 2e5 else ("kbit/s", 1e3)


def time_unit(end_s):
    return ("h", 3600) if end_s > 3 * 3600 else ("min", 60) if end_s > 1800 else ("s", 1)


def finish(figure, result, what, of_first=False):
    """Title, `what` is seen, and footer: whatever could turn the message of a figure round stands on it. `of_first`: of
    several replications the first is drawn, else all of them are."""
    title = result["title"] or f"{result['model']}, {result['mode']} mode"
    height = figure.get_size_inches()[1]
    figure.text(0.01, 1 - 0.02 / height, textwrap.fill(what, TITLE_CHARACTERS) + "\n", fontsize=11, ha="left", va="bottom")
    figure.text(0.01, 1 - 0.02 / height, textwrap.fill(title, TITLE_CHARACTERS), fontsize=9, color="#555555", ha="left",
                va="bottom")
    facts = [result["model"], f"{result['mode']} mode", result.byte_convention(), f"seed {result['seed']}",
             *result.profile_kinds()]
    if result.n_replications > 1:
        facts.append(f"the first of {result.n_replications} replications" if of_first
                     else f"{result.n_replications} replications")
    figure.text(0.01, 0.05 / height, "   ·   ".join(facts), fontsize=7, color="#555555", ha="left", va="bottom")


def note_of_selection(result, shown):
    """The legend's title; says so if some policies are left out."""
    if len(shown) == len(result.policies):
        return "policy"
    return f"{len(shown)} of {len(result.policies)} policies"
