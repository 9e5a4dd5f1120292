"""Where the time goes: the mean latency of each policy as the sum of its parts."""

import numpy as np
import style
from style import plt

TITLE = "Where the time goes: mean latency by its parts"
# Time on the device, on the network and on the server, each with the wait in front in a lighter shade.
PARTS = (("device_queue_time_mean", "waiting for the device", "#A6CEE3"),
         ("head_time_mean", "head on the device", "#0072B2"),
         ("uplink_queue_time_mean", "waiting for the uplink", "#FBD5B5"),
         ("uplink_time_mean", "transfer and propagation", "#D55E00"),
         ("server_queue_time_mean", "waiting for the server", "#B8E3D0"),
         ("tail_time_mean", "tail on the server", "#009E73"),
         ("backhaul_queue_time_mean", "waiting for the backhaul", "#EBD9E8"),  # three tiers only
         ("backhaul_time_mean", "over the backhaul", "#CC79A7"),
         ("cloud_queue_time_mean", "waiting for the cloud", "#F7EFB0"),
         ("cloud_time_mean", "in the cloud", "#C9A700"),
         ("downlink_time_mean", "result back", "#555555"))
MOST_BARS = 24
CROWDED = 4  # a bar so many times longer than the median hides the others


def applies(result):
    return any(np.isfinite(result.figure("latency_mean", p)) for p in range(len(result.policies)))


def draw(result):
    shown = [p for p in result.shown_policies(MOST_BARS) if np.isfinite(result.figure("latency_mean", p))]
    totals = np.array([result.figure("latency_mean", p) * 1e3 for p in shown])
    height = 0.28 * len(shown) + 1.3
    figure, axes = plt.subplots(figsize=(style.WIDTH_IN, height))
    limit = totals.max()
    if limit > CROWDED * np.median(totals):
        limit = min(limit, 1.6 * max(total for total in totals if total <= CROWDED * np.median(totals)))
    left = np.zeros(len(shown))
    for name, label, colour in PARTS:
        times = np.array([result.figure(name, p) * 1e3 for p in shown])
        if np.isnan(times).all():
            continue
        axes.barh(range(len(shown)), times, left=left, color=colour, label=label, height=0.72, edgecolor="white",
                  linewidth=0.4)
        left += np.nan_to_num(times)
    for y, (total, p) in enumerate(zip(totals, shown)):
        half = result.half_width("latency_mean", p) * 1e3
        about = f"{total:.4g}" + (f" ± {half:.2g}" if np.isfinite(half) else "")
        if total > limit:
            axes.text(limit, y, f"{about}, cut off ", fontsize=7, va="center", ha="right",
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
        else:
            axes.text(total, y, f" {about}", fontsize=7, va="center", ha="left")
    axes.set_xlim(0, limit * (1 if totals.max() > limit else 1.14))
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_yticks(range(len(shown)), [result.policies[p] for p in shown])
    axes.grid(axis="y", visible=False)
    known = any(np.isfinite(result.half_width("latency_mean", p)) for p in shown)
    axes.set_xlabel("mean latency of completed requests (ms)" + (", ± half of its 95 % interval" if known else ""))
    figure.subplots_adjust(left=0.185, right=0.735, top=1 - 0.1 / height, bottom=0.7 / height)
    figure.legend(*axes.get_legend_handles_labels(), loc="upper left",
                  bbox_to_anchor=(0.75, 1 - 0.1 / height))
    return figure
