"""State, latency and chosen cut over time."""

import numpy as np
import style
from style import plt

TITLE = "State, latency and chosen cut over time"
OF_FIRST = True  # of several replications
N_INTERVALS = 300  # about three pixels each


def applies(result):
    return not result.is_grid


def reduce_by_interval(reductions, times, values, edges):
    """Each reduction of the finite values in each interval; NaN where there are none."""
    known = np.isfinite(values)
    times, values = times[known], values[known]
    reduced = np.full((len(reductions), edges.size - 1), np.nan)
    bounds = np.searchsorted(times, edges)
    for i in np.flatnonzero(np.diff(bounds)):
        inside = values[bounds[i]: bounds[i + 1]]
        reduced[:, i] = [reduction(inside) for reduction in reductions]
    return reduced


def note(axes, text):
    axes.set_title(text, loc="right", fontsize=7, color="#555555", pad=2)


def draw_quantity(times, values, edges, axes):
    """A step line; means with their range where there are more steps than can be seen."""
    axes.set_ylim(0, max(0.05, 1.08 * np.nanmax(values)) if values.size else 1)
    if times.size > 4 * N_INTERVALS:
        mean, least, most = reduce_by_interval((np.mean, np.min, np.max), times, values, edges)
        axes.fill_between(edges[:-1], least, most, step="post", color="#CCCCCC", linewidth=0)
        note(axes, f"mean and range of {edges[1]:.2g} s")
        times, values = edges[:-1], mean
    axes.step(times, values, where="post", color="#333333", linewidth=0.8)
    if values.size and not np.nanmax(values) > 0:
        axes.set_ylim(-0.1, 1)  # else its line would lie under the axis
        note(axes, "0 all the time")


def draw_state(result, edges, rate_axes, load_axes):
    times = result.series("time")
    if times is not None:
        rates, loads = result.series("uplink_rate"), result.series("server_load")
        times = np.concatenate([[0], times])  # the file has the ends of the intervals
        rates, loads = np.append(rates, rates[-1:]), np.append(loads, loads[-1:])
    else:
        longest = int(np.argmax(result.n_steps))
        times, rates, loads = (result.column(name, longest) for name in ("arrival_time", "rate_true", "load_true"))
    unit, divisor = style.rate_unit(rates)
    draw_quantity(times, rates / divisor, edges, rate_axes)
    draw_quantity(times, loads, edges, load_axes)
    rate_axes.set_ylabel(f"uplink\nrate ({unit})")
    load_axes.set_ylabel("server\nload (1)")


def draw_latencies(result, shown, edges, axes):
    """Every request, or medians of intervals where there are too many of them."""
    most = max((int(result.n_steps[p]) for p in shown), default=0)
    thinned = most > 2 * N_INTERVALS
    everything, saturated = [], False
    for i, p in enumerate(shown):
        times, latencies = result.column("arrival_time", p), result.column("latency", p)
        if thinned:
            times, latencies = edges[:-1], reduce_by_interval((np.median,), times, latencies, edges)[0]
        everything.append(latencies[np.isfinite(latencies)])
        axes.step(times, latencies * 1e3, where="post" if thinned else "mid", label=result.policies[p],
                  **style.line(result, i, p))
        if result.figure("saturated", p) > 0 and everything[-1].size:
            last = np.flatnonzero(np.isfinite(latencies))[-1]
            axes.plot(times[last], latencies[last] * 1e3, "x", color=style.PALETTE[i], markersize=7,
                      markeredgewidth=1.8, zorder=4, clip_on=False)
            saturated = True
    if saturated:
        axes.plot([], [], "x", color="#777777", markersize=6, label="saturated: stopped")
    deadlines = np.unique(result.column("deadline", shown[0]))
    if deadlines.size == 1 and np.isfinite(deadlines[0]):
        axes.axhline(deadlines[0] * 1e3, color="#777777", linestyle=":", linewidth=1, label="deadline")
    if style.spans_decades(np.concatenate(everything)):
        axes.set_yscale("log")
        style.plain_log_ticks(axes.yaxis)
    else:
        axes.set_ylim(bottom=0)
    axes.set_ylabel(f"latency (ms)\nmedian of {edges[1]:.2g} s" if thinned else "latency (ms)")


def spans_of_choices(times, cuts, edges):
    """(cut, start, width, share) of bars: from one request to the next, or in intervals, with the share of their
    requests that chose the cut."""
    if times.size <= 2 * N_INTERVALS:
        widths = np.diff(times, append=min(edges[-1], times[-1] + np.median(np.diff(times, prepend=0))))
        return cuts, times, widths, np.ones(times.size)
    totals, _ = np.histogram(times, edges)
    parts = []
    for cut in np.unique(cuts):
        counts, _ = np.histogram(times[cuts == cut], edges)
        chosen = np.flatnonzero(counts)
        parts.append((np.full(chosen.size, cut), edges[chosen], np.diff(edges)[chosen],
                      counts[chosen] / totals[chosen]))
    return tuple(np.concatenate(columns) for columns in zip(*parts))


def draw_cuts(result, policies, colours, edges, axes):
    """A lane per policy in the row of each cut; the darker, the more of the interval's requests chose it."""
    used = sorted({cut for p in policies for cut in np.unique(result.column("split_index", p))})
    lane, any_shares = 0.84 / len(policies), False
    for i, p in enumerate(policies):
        if result.n_steps[p] == 0:
            continue
        cuts, starts, widths, shares = spans_of_choices(result.column("arrival_time", p),
                                                        result.column("split_index", p), edges)
        bottoms = np.searchsorted(used, cuts) - 0.42 + lane * (len(policies) - 1 - i)
        red, green, blue = plt.matplotlib.colors.to_rgb(colours[p])
        axes.bar(starts, lane * 0.9, width=widths, bottom=bottoms, align="edge", linewidth=0,
                 color=[(red, green, blue, 0.25 + 0.75 * share) for share in shares])
        any_shares = any_shares or (shares < 1).any()
    axes.set_yticks(range(len(used)), [result.cut_label(cut) for cut in used])
    axes.set_ylim(-0.6, len(used) - 0.4)
    axes.set_ylabel("cut chosen")
    if any_shares:
        note(axes, "the darker, the more of the requests")
    axes.grid(axis="y", visible=False)


def nice_step(span):
    """A round step of 1, 2 or 5 times a power of ten that cuts the span into 5 to 12."""
    power = 10.0 ** np.floor(np.log10(span / 5))
    return next(factor * power for factor in (5, 2, 1) if factor * power <= span / 5)


def draw(result):
    shown = result.shown_policies(style.MOST_POLICIES)
    policies = [p for p in shown if result.is_adaptive(p)] or shown
    end = max((float(result.column("arrival_time", p)[-1]) for p in shown if result.n_steps[p]), default=0) or 1.0
    n_cuts = len({cut for p in policies for cut in np.flatnonzero(result.cut_share(p) > 0)})
    heights = [0.9, 0.7, 2.2, 0.3 + max(0.2, 0.09 * len(policies)) * n_cuts]
    height = sum(heights) + 1.5
    figure, (rate_axes, load_axes, latency_axes, cut_axes) = plt.subplots(
        4, 1, sharex=True, figsize=(style.WIDTH_IN, height), height_ratios=heights)
    colours = {p: style.PALETTE[i] for i, p in enumerate(shown)}
    edges = np.linspace(0, end, N_INTERVALS + 1)
    draw_state(result, edges, rate_axes, load_axes)
    draw_latencies(result, shown, edges, latency_axes)
    draw_cuts(result, policies, colours, edges, cut_axes)
    unit, divisor = style.time_unit(end)
    cut_axes.set_xlabel(f"time of arrival ({unit})")
    cut_axes.set_xlim(0, end)
    cut_axes.xaxis.set_major_locator(plt.MultipleLocator(nice_step(end / divisor) * divisor))
    cut_axes.xaxis.set_major_formatter(lambda value, _: f"{value / divisor:g}")
    warmup_s = max(result.warmups_s[0, p] for p in shown)
    if warmup_s > 0:
        for axes in (rate_axes, load_axes, latency_axes, cut_axes):
            axes.axvspan(0, warmup_s, color="#000000", alpha=0.06, linewidth=0)
    figure.subplots_adjust(left=0.185, right=0.8, top=1 - 0.15 / height, bottom=0.62 / height, hspace=0.16)
    figure.align_ylabels([rate_axes, load_axes, latency_axes])
    latency_axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1.03), title=style.note_of_selection(result, shown),
                        title_fontsize=8, alignment="left", borderaxespad=0)
    return figure
