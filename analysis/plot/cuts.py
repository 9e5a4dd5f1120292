"""What crosses each cut of a network, over its depth, with the bottlenecks: drawn from the table that `edgesplit model
cuts --csv` prints."""

import csv
import subprocess

import numpy as np
import style
from style import plt

MOST_LABELS = 45


def table_of(edgesplit, arguments):
    """Rows of the table, and the facts that stand above and below it. CalledProcessError: edgesplit has said why."""
    command = [edgesplit, "model", "cuts", *arguments]
    rows = subprocess.run([*command, "--csv"], check=True, stdout=subprocess.PIPE, text=True).stdout
    lines = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    return list(csv.DictReader(rows.splitlines())), lines


def note(axes, height, text):
    """A word on a horizontal line, at its right end."""
    axes.annotate(text, (1, height), xycoords=("axes fraction", "data"), xytext=(-2, 3), textcoords="offset points",
                  fontsize=7, ha="right")


def draw(rows, lines):
    inner = rows[1:-1]
    index = np.array([int(row["index"]) for row in inner])
    c = np.array([float(row["c"]) for row in inner])
    natural, compressive, single = (np.array([row[name] == "true" for row in inner])
                                    for name in ("natural", "compressive", "single_tensor"))
    bytes_of_input = float(rows[0]["bytes"])
    same_bytes = bytes_of_input / np.array([float(row["bytes"]) / float(row["c"]) for row in inner])
    figure, axes = plt.subplots(figsize=(style.WIDTH_IN, 4.0))
    axes.plot(index, c, color="#BBBBBB", linewidth=1, zorder=1)
    for chosen, colour, size, label in (
            (~natural, "#8C8C8C", 22, "no bottleneck"),
            (natural & ~compressive, style.PALETTE[5], 30, "natural bottleneck"),
            (compressive, style.PALETTE[1], 62, "compressive bottleneck")):
        axes.scatter(index[chosen & single], c[chosen & single], s=size, color=colour, label=label, zorder=3)
        axes.scatter(index[chosen & ~single], c[chosen & ~single], s=size, facecolors="white", edgecolors=colour,
                     zorder=2)
    axes.axhline(1, color="#000000", linewidth=0.8)
    note(axes, 1, "as many elements as the input")
    if same_bytes.size and same_bytes[0] != 1:
        axes.axhline(same_bytes[0], color="#000000", linewidth=0.8, linestyle=(0, (4, 2)))
        note(axes, same_bytes[0], "as many bytes")
    axes.set_yscale("log")
    style.plain_log_ticks(axes.yaxis)
    axes.set_ylabel("elements that cross / elements of the input")
    if index.size <= MOST_LABELS:
        axes.set_xticks(index, [row["name"] for row in inner], rotation=90, fontsize=7)
    axes.set_xlabel("\n".join(["cut", *lines[-2:]]), fontsize=7, loc="left")
    handles, labels = axes.get_legend_handles_labels()
    if not single.all():
        handles.append(plt.Line2D([], [], marker="o", linestyle="", markerfacecolor="white", color="#8C8C8C"))
        labels.append("several tensors cross")
    axes.legend(handles, labels, loc="lower left", bbox_to_anchor=(0, 1), ncols=len(labels), borderaxespad=0.2)
    axes.set_title(lines[0], loc="left", fontsize=9, pad=20)
    return figure
