"""A trace over time and the distribution of its values, drawn from the samples that `edgesplit trace show --samples`
prints and the figures of `--csv`."""

import csv
import subprocess

import numpy as np
import style
from style import plt

OUTAGE_BPS = 1e5
MOST_POINTS = 4000
UNITS = {"load": ("%", 0.01), "jobs": ("jobs", 1), "latency": ("ms", 1e-3), "arrivals": ("requests/s", 1)}
LABELS = {"bandwidth": "data rate", "load": "server load", "jobs": "jobs on the server", "latency": "latency",
          "arrivals": "arrivals"}


def table_of(edgesplit, arguments):
    """The row of figures, and the columns of the samples. CalledProcessError: edgesplit has said why."""
    def ask(*words):
        command = [edgesplit, "trace", "show", *arguments, *words]
        out = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        return list(csv.DictReader(out.splitlines()))

    figures = ask("--csv")[0]
    samples = ask("--samples")
    columns = {name: np.array([row[name] for row in samples]) for name in samples[0]}
    return figures, columns


def numbers(column):
    return np.array([float(text) if text else np.nan for text in column])


def stretches(start, end, chosen):
    """Neighbouring chosen samples joined: (start, end) of each."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(int)))
    return [(start[i], end[j - 1]) for i, j in zip(edges[::2], edges[1::2])]


def shade(axes, spans, unit_s, colour, label):
    for i, (start, end) in enumerate(spans):
        axes.axvspan(start / unit_s, end / unit_s, color=colour, linewidth=0, label=label if i == 0 else None, zorder=0)


def thin(start, end, value):
    """At most MOST_POINTS intervals: of those that are joined the time-weighted mean, the least and the most."""
    if start.size <= MOST_POINTS:
        return start, end, value, None, None
    first = np.linspace(0, start.size, MOST_POINTS + 1).astype(int)[:-1]
    length = end - start
    mean = np.add.reduceat(value * length, first) / np.add.reduceat(length, first)
    return (start[first], np.append(start[first[1:]], end[-1]), mean, np.minimum.reduceat(value, first),
            np.maximum.reduceat(value, first))


def draw_samples(over_time, cdf, columns, quantity, unit, size):
    start, end, value = (numbers(columns[name]) for name in ("start_s", "end_s", "value"))
    value = value / size
    missing, idle = columns["state"] == "missing", columns["state"] == "idle"
    unit_text, unit_s = style.time_unit(end[-1])
    if quantity == "bandwidth":
        low = (value * size < OUTAGE_BPS) & ~missing & ~idle
        shade(over_time, stretches(start, end, low), unit_s, "#F4C7A9", "outage: below 0.1 Mbit/s")
    shade(over_time, stretches(start, end, missing), unit_s, "#DDDDDD", "missing: not measured")
    shade(over_time, stretches(start, end, idle), unit_s, "#DCEBF5", "idle: nobody asked for more")
    shown = np.where(missing, np.nan, value) if start.size <= MOST_POINTS else value
    start_t, end_t, mean, least, most = thin(start, end, shown)
    edges = np.append(start_t, end_t[-1]) / unit_s
    if least is not None:
        over_time.fill_between(edges, np.append(least, least[-1]), np.append(most, most[-1]), step="post",
                               color=style.PALETTE[5], alpha=0.4, linewidth=0, label="least to most")
    over_time.stairs(mean, edges, baseline=None, color=style.PALETTE[0], linewidth=0.9)
    over_time.set_xlim(0, end[-1] / unit_s)
    over_time.set_ylim(bottom=0)
    over_time.set_xlabel(f"time, {unit_text}")
    over_time.set_ylabel(f"{LABELS[quantity]}, {unit}")
    order = np.argsort(value[~missing], kind="stable")
    share = np.cumsum((end - start)[~missing][order])
    cdf.step(np.concatenate([value[~missing][order][:1], value[~missing][order]]),
             np.concatenate([[0], share / share[-1]]), where="post", color=style.PALETTE[0])
    cdf.set_xlabel(f"{LABELS[quantity]}, {unit}")
    cdf.set_ylabel("share of the time measured")


def draw_arrivals(over_time, cdf, columns):
    at = numbers(columns["time_s"])
    unit_text, unit_s = style.time_unit(at[-1])
    counts, edges = np.histogram(at, bins=min(400, max(10, int(at[-1]) + 1)), range=(0, max(at[-1], 1e-9)))
    over_time.stairs(counts / np.diff(edges), edges / unit_s, fill=True, color=style.PALETTE[0])
    over_time.set_xlim(0, edges[-1] / unit_s)
    over_time.set_xlabel(f"time, {unit_text}")
    over_time.set_ylabel(f"requests/s, in bins of {np.diff(edges)[0]:.3g} s")
    gaps = np.sort(np.diff(at))
    cdf.step(gaps, np.arange(1, gaps.size + 1) / max(gaps.size, 1), where="post", color=style.PALETTE[0])
    if style.spans_decades(gaps):
        cdf.set_xscale("log")
    cdf.set_xlabel("time between two requests, s")
    cdf.set_ylabel("share of requests")


def facts(figures):
    quantity = figures["quantity"]
    if quantity == "arrivals":
        return (f"{figures['n']} requests, {float(figures['rate_hz'] or 'nan'):.4g}/s, "
                f"at most {float(figures['peak_1s']):.0f} in a second; "
                f"CV of the time between them {float(figures['interarrival_cv'] or 'nan'):.3g}")
    size = 1e6 if quantity == "bandwidth" else UNITS[quantity][1]
    unit = "Mbit/s" if quantity == "bandwidth" else UNITS[quantity][0]
    mean, least, most = (float(figures[name]) / size for name in ("mean", "min", "max"))
    return (f"{figures['n']} samples over {float(figures['span_s']):.6g} s, mean {mean:.4g}, {least:.4g} .. {most:.4g} "
            f"{unit}, CV {float(figures['cv'] or 'nan'):.3g}")


def draw(name, figures, columns):
    quantity = figures["quantity"]
    figure, (over_time, cdf) = plt.subplots(1, 2, figsize=(style.WIDTH_IN, 3.2), width_ratios=(3, 1),
                                            layout="constrained")
    if quantity == "arrivals":
        draw_arrivals(over_time, cdf, columns)
    else:
        unit, size = UNITS.get(quantity) or style.rate_unit(numbers(columns["value"]))
        draw_samples(over_time, cdf, columns, quantity, unit, size)
    cdf.set_ylim(0, 1)
    figure.suptitle(f"{name}\n{facts(figures)}", fontsize=8, x=0.01, ha="left")
    handles, labels = over_time.get_legend_handles_labels()
    if handles:
        over_time.legend(handles, labels, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(labels),
                         borderaxespad=0.1)
    return figure
