"""State, latency and chosen cut over time."""

import numpy as np
import style
from style import plt

N_INTERVALS = 300  # about three pixels each


def applies(result):
    return not result.is_grid


def median_by_interval(times, values, edges):
    """Median of the values in each interval; NaN where there are none."""
    medians = np.full(edges.size - 1, np.nan)
    order = np.argsort(times, kind="stable")
    bounds = np.searchsorted(times[order], edges)
    for i in range(edges.size - 1):
        inside = values[order[bounds[i]: bounds[i + 1]]]
        if inside.size:
            medians[i] = np.median(inside)
    return medians


def draw_state(result, rate_axes, load_axes):
    times = result.series("time")
    if times is not None:
        rates, loads = result.series("uplink_rate"), result.series("server_load")
        times = np.concatenate([[2 * times[0] - times[1] if times.size > 1 else 0], times])
        rates, loads = np.append(rates, rates[-1]), np.append(loads, loads[-1])
    else:
        longest = int(np.argmax(result.n_steps))
        times, rates, loads = (result.column(name, longest) for name in ("arrival_time", "rate_true", "load_true"))
    unit, divisor = style.rate_unit(rates)
    rate_axes.step(times, rates / divisor, where="post", color="#333333", linewidth=0.8)
    rate_axes.set_ylabel(f"uplink\nrate ({unit})")
    rate_axes.set_ylim(bottom=0)
    load_axes.step(times, loads, where="post", color="#333333", linewidth=0.8)
    load_axes.set_ylabel("server\nload (1)")
    load_axes.set_ylim(0, max(0.05, 1.08 * np.nanmax(loads)))


def draw_latencies(result, shown, end, axes):
    """Returns what was drawn: requests, or medians where there are too many of them."""
    most = max((int(result.n_steps[p]) for p in shown), default=0)
    thinned = most > 2 * N_INTERVALS
    edges = np.linspace(0, end, N_INTERVALS + 1)
    everything = []
    for i, p in enumerate(shown):
        completed = result.is_completed(p)
        times, latencies = result.column("arrival_time", p)[completed], result.column("latency", p)[completed]
        if thinned:
            times, latencies = edges[:-1], median_by_interval(times, latencies, edges)
        everything.append(latencies[np.isfinite(latencies)])
        axes.step(times, latencies * 1e3, where="post" if thinned else "mid", label=result.policies[p],
                  zorder=3 if result.is_adaptive(p) else 2, **style.line(i, result.is_adaptive(p)))
    deadlines = np.unique(result.column("deadline", shown[0]))
    if deadlines.size == 1 and np.isfinite(deadlines[0]):
        axes.axhline(deadlines[0] * 1e3, color="#777777", linestyle=":", linewidth=1, label="deadline")
    if style.spans_decades(np.concatenate(everything)):
        axes.set_yscale("log")
        style.plain_log_ticks(axes.yaxis)
    else:
        axes.set_ylim(bottom=0)
    axes.set_ylabel(f"latency (ms)\nmedian of {end / N_INTERVALS:.2g} s" if thinned else "latency (ms)")


def draw_cuts(result, policies, colours, end, axes):
    """A lane per policy in the row of each cut; the darker, the more of the interval's requests chose it."""
    used = sorted({cut for p in policies for cut in np.unique(result.column("split_index", p)) if cut >= 0})
    row_of = {cut: row for row, cut in enumerate(used)}
    edges = np.linspace(0, end, N_INTERVALS + 1)
    lane = 0.84 / len(policies)
    for i, p in enumerate(policies):
        times, cuts = result.column("arrival_time", p), result.column("split_index", p)
        totals, _ = np.histogram(times, edges)
        for cut in used:
            counts, _ = np.histogram(times[cuts == cut], edges)
            bottom = row_of[cut] - 0.42 + lane * (len(policies) - 1 - i)
            chosen = np.flatnonzero(counts)
            axes.bar(edges[chosen], lane * 0.9, width=(end / N_INTERVALS) * 1.02, bottom=bottom, align="edge",
                     color=[(*plt.matplotlib.colors.to_rgb(colours[p]), 0.25 + 0.75 * share)
                            for share in counts[chosen] / totals[chosen]], linewidth=0)
    axes.set_yticks(range(len(used)), [result.cut_label(cut) for cut in used])
    axes.set_ylim(-0.6, len(used) - 0.4)
    axes.set_ylabel("cut chosen")
    axes.grid(axis="y", visible=False)
    return used


def draw(result):
    shown = result.shown_policies(style.MOST_POLICIES)
    policies = [p for p in shown if result.is_adaptive(p)] or shown
    end = max(float(result.column("arrival_time", p)[-1]) for p in shown if result.n_steps[p])
    n_cuts = len({cut for p in policies for cut in np.flatnonzero(result.cut_share(p) > 0)})
    heights = [0.9, 0.7, 2.2, 0.5 + 0.1 * max(2, len(policies)) * n_cuts]
    height = sum(heights) + 1.5
    figure, (rate_axes, load_axes, latency_axes, cut_axes) = plt.subplots(
        4, 1, sharex=True, figsize=(style.WIDTH_IN, height), height_ratios=heights)
    colours = {p: style.line(i, True)["color"] for i, p in enumerate(shown)}
    draw_state(result, rate_axes, load_axes)
    draw_latencies(result, shown, end, latency_axes)
    draw_cuts(result, policies, colours, end, cut_axes)
    cut_axes.set_xlabel("time of arrival (s)")
    cut_axes.set_xlim(0, end)
    if result.warmup_s > 0:
        for axes in (rate_axes, load_axes, latency_axes, cut_axes):
            axes.axvspan(0, result.warmup_s, color="#000000", alpha=0.06, linewidth=0)
    figure.subplots_adjust(left=0.185, right=0.8, top=1 - 0.4 / height, bottom=0.62 / height, hspace=0.16)
    figure.align_ylabels([rate_axes, load_axes, latency_axes])
    latency_axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.03), title=style.note_of_selection(result, shown),
                        title_fontsize=8, alignment="left", borderaxespad=0)
    return figure
