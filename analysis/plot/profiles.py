"""The time of each layer at one setting against that at another, by kind of layer: drawn from the table that `edgesplit
profile compare --csv` prints."""

import csv
import subprocess

import numpy as np
import style
from style import plt

WHOLE = "whole network"
MARKERS = "osD^vPX<>"
MOST_COLUMNS = 3


def table_of(edgesplit, arguments):
    """Rows of the table, and the lines that say what is compared. CalledProcessError: edgesplit has said why."""
    command = [edgesplit, "profile", "compare", *arguments]
    rows = subprocess.run([*command, "--csv"], check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return list(csv.DictReader(rows.splitlines())), lines[:3]


def looks(kinds):
    """Colour and marker of each kind; the whole network stands out."""
    look = {kind: (style.PALETTE[i % 6], MARKERS[i // 6 % len(MARKERS)]) for i, kind in enumerate(kinds)}
    look[WHOLE] = ("#000000", "*")
    return look


def draw_ratios(axes, low, high, top, overall):
    """Lines of equal slow-down; that of the whole network is drawn through."""
    for ratio in (1, 2, 5, 10, 20, 50):
        if ratio > 1 and not 0.3 * overall < ratio < 3 * overall:
            continue
        axes.plot([low, high], [low * ratio, high * ratio], color="#BBBBBB", linewidth=0.7, zorder=1)
        end = min(high, top / ratio)
        axes.annotate(f"x{ratio}", (end, end * ratio), xytext=(1, 0), textcoords="offset points", fontsize=6,
                      color="#888888", va="center" if end == high else "bottom", annotation_clip=False)
    axes.plot([low, high], [low * overall, high * overall], color="#000000", linewidth=0.8, linestyle=(0, (4, 2)),
              zorder=1)


def draw_batch(axes, batch, rows, look):
    layers = [row for row in rows if row["kind"] != WHOLE]
    whole = [row for row in rows if row["kind"] == WHOLE]
    fast, slow = (np.array([float(row[name]) * 1e3 for row in rows]) for name in ("fast_s", "slow_s"))
    for kind, (colour, marker) in look.items():
        chosen = np.array([row["kind"] == kind for row in rows])
        axes.scatter(fast[chosen], slow[chosen], s=60 if kind == WHOLE else 14, color=colour, marker=marker,
                     linewidths=0, alpha=1 if kind == WHOLE else 0.75, zorder=3)
    of = whole or layers
    overall = sum(float(row["slow_s"]) for row in of) / sum(float(row["fast_s"]) for row in of)
    low, high = fast.min() / 1.5, fast.max() * 1.5
    top = slow.max() * 1.5
    draw_ratios(axes, low, high, top, overall)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(min(slow.min(), fast.min()) / 1.5, top)
    for axis in axes.xaxis, axes.yaxis:
        style.plain_log_ticks(axis, per_decade=(1,))
    axes.set_title(f"batch {batch}: {'whole network' if whole else 'sum of layers'} x{overall:.2f}", loc="left", pad=10)


def draw(rows, lines):
    batches = list(dict.fromkeys(row["batch"] for row in rows))
    kinds = [kind for kind in dict.fromkeys(row["kind"] for row in rows) if kind != WHOLE]
    look = looks(kinds)
    n_columns = min(len(batches), MOST_COLUMNS)
    n_rows = -(-len(batches) // n_columns)
    figure, all_axes = plt.subplots(n_rows, n_columns, figsize=(style.WIDTH_IN, 3.1 * n_rows + 0.7), squeeze=False,
                                    layout="constrained")
    for axes, batch in zip(all_axes.flat, batches):
        draw_batch(axes, batch, [row for row in rows if row["batch"] == batch], look)
    for axes in all_axes.flat[len(batches):]:
        axes.set_axis_off()
    figure.supxlabel("time in the fast profile, ms", fontsize=9)
    figure.supylabel("time in the slow profile, ms", fontsize=9)
    figure.suptitle("\n".join(lines), fontsize=8, x=0.01, ha="left")
    handles = [plt.Line2D([], [], marker=marker, linestyle="", color=colour, label=kind)
               for kind, (colour, marker) in look.items() if kind in {row["kind"] for row in rows}]
    if len(batches) < all_axes.size:
        all_axes.flat[-1].legend(handles=handles, loc="center left")
    else:
        figure.legend(handles=handles, loc="outside lower center", ncols=5)
    return figure
