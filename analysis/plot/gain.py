"""What a policy gains over those that it replaces, by the state at the decision: uplink rate, and server load or batch
size. Each cell is the mean over its requests, of all replications, of (baseline - policy) / baseline."""

import numpy as np
import style
from cuts_by_rate import classes_of
from style import plt

TITLE = "Gain by uplink rate and {}"
N_LOADS = 6
BASELINES = ("no-offload", "full-offload")


def applies(result):
    return result.is_paired and len(pairs(result)) > 0


def pairs(result):
    """(policy, baseline): the first policy that decides per request and does not see the future, over both ends."""
    mine = next((p for p in result.adaptive() if not result.types[p].startswith("oracle")), None)
    bases = [p for p in range(len(result.policies)) if result.types[p] in BASELINES]
    if mine is None or np.unique(result.counted("rate_true", mine)).size < 2:
        return []
    return [(mine, base) for base in bases]


def paired(result, policy, base):
    """Rates, batches, loads of the policy and both latencies, of the steps that both count, in every replication."""
    parts = []
    for r in range(result.n_replications):
        n = min(result.counts[r, policy], result.counts[r, base])
        columns = [result.column(name, p, r)[:n] for name, p in (
            ("rate_true", policy), ("batch", policy), ("load_true", policy), ("latency", policy), ("latency", base))]
        warmup_s = max(result.warmups_s[r, policy], result.warmups_s[r, base])
        counted = result.column("arrival_time", policy, r)[:n] >= warmup_s
        counted &= np.isfinite(columns[3]) & np.isfinite(columns[4])
        parts.append([column[counted] for column in columns])
    return [np.concatenate(column) for column in zip(*parts)]


def second_axis(result, policy):
    """Label of what goes up, its values' names, and what places batches and loads: batch sizes, else classes of the
    server's load."""
    batch, load = result.counted("batch", policy), result.counted("load_true", policy)
    sizes, levels = np.unique(batch), np.unique(load)
    if sizes.size > 1 or levels.size < 2:
        return "batch size", "batch (images)", [f"{size:g}" for size in sizes], lambda b, _: np.searchsorted(sizes, b)
    if levels.size > N_LOADS:
        borders = np.unique(np.quantile(load, np.linspace(0, 1, N_LOADS + 1)))
        labels = [f"{low:.2g}..{high:.2g}" for low, high in zip(borders, borders[1:])]
        return "server load", "server load (1)", labels, lambda _, l: class_in(borders, l)
    return ("server load", "server load (1)", [f"{level:.3g}" for level in levels],
            lambda _, l: np.searchsorted(levels, l))


def class_in(borders, values):
    return np.clip(np.searchsorted(borders, values, side="right") - 1, 0, borders.size - 2)


def title(result):
    return TITLE.format(second_axis(result, pairs(result)[0][0])[0])


def cells(result, policy, base, borders, place, n_rows):
    rates, batches, loads, mine, theirs = paired(result, policy, base)
    n_rates = borders.size - 1
    where = place(batches, loads) * n_rates + class_in(borders, rates)
    gain = 100 * (theirs - mine) / theirs
    number = np.bincount(where, minlength=n_rows * n_rates)
    total = np.bincount(where, gain, minlength=n_rows * n_rates)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan).reshape(n_rows, n_rates)


def draw(result):
    wanted = pairs(result)
    policy = wanted[0][0]
    rates = result.counted("rate_true", policy)
    unit, divisor = style.rate_unit(rates)
    borders = classes_of(rates)
    _, label, rows, place = second_axis(result, policy)
    shown = [cells(result, policy, base, borders, place, len(rows)) for _, base in wanted]
    least = min((np.nanmin(values) for values in shown if np.isfinite(values).any()), default=0)
    colours = dict(cmap="viridis", vmin=0, vmax=100) if least > -0.5 else \
        dict(cmap="PuOr", norm=plt.matplotlib.colors.TwoSlopeNorm(0, vmin=max(-100, min(-20, least)), vmax=100))
    height = 1.5 + 0.28 * len(rows)
    figure, axes = plt.subplots(1, len(wanted), sharey=True, squeeze=False, figsize=(style.WIDTH_IN, height))
    for panel, values, (_, base) in zip(axes[0], shown, wanted):
        mesh = panel.pcolormesh(borders / divisor, np.arange(len(rows) + 1) - 0.5, values, edgecolors="face",
                                linewidth=0.5, **colours)
        if style.spans_decades(rates) and borders[0] > 0:
            panel.set_xscale("log")
            style.plain_log_ticks(panel.xaxis, (1, 2, 5) if len(wanted) == 1 else (1,))
        panel.set_yticks(range(len(rows)), rows)
        panel.set_xlabel(f"uplink rate ({unit})")
        panel.set_title(f"{result.policies[policy]} over {result.policies[base]}", loc="left")
        panel.grid(visible=False)
    axes[0][0].set_ylabel(label)
    figure.subplots_adjust(left=0.11, right=0.87, top=1 - 0.34 / height, bottom=0.72 / height, wspace=0.08)
    bar = figure.colorbar(mesh, cax=figure.add_axes((0.89, 0.72 / height, 0.015, 1 - 1.06 / height)),
                          extend="min" if least < -100 else "neither")
    bar.set_label("mean gain (%)")
    return figure
