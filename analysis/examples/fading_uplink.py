"""When is a split worth it? A worked example of edgesplit_results: python3 fading_uplink.py RESULT.h5 FIGURE.png

    edgesplit run scenarios/quickstart.ini -o quickstart.h5
    python3 analysis/examples/fading_uplink.py quickstart.h5 fading_uplink.png

Each `# %%` begins a cell where an editor knows them.
"""

# %% Open the result
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import matplotlib

matplotlib.use("Agg")
import edgesplit_results
import numpy as np
from matplotlib import pyplot as plt

run = edgesplit_results.open(sys.argv[1])
policies = [policy for policy in ("no-offload", "full-offload", "dynamic-split") if policy in run.policies]
print(run.attributes["title"])

# %% The policies side by side, as `edgesplit summary` has them
for policy in policies:
    print(f"{policy:14} mean {1e3 * run.figure('latency_mean', policy):7.2f} ms, "
          f"p95 {1e3 * run.figure('latency_p95', policy):8.2f} ms")

# %% Latency by tenths of the uplink rate: medians of the requests that were completed, of all replications, each behind
# the warm-up of its policy and replication
def counted(name, policy):
    return run.column(name, policy)[run.counted(policy)]


edges = np.quantile(counted("rate_true", policies[-1]) / 1e6, np.linspace(0, 1, 11))
medians = {}
for policy in policies:
    tenth = np.clip(np.searchsorted(edges, counted("rate_true", policy) / 1e6, side="right") - 1, 0, 9)
    latency = counted("latency", policy)
    medians[policy] = [1e3 * np.nanmedian(latency[tenth == t]) for t in range(10)]

# %% Where does dynamic-split cut the network?
cuts, rates = counted("split_index", policies[-1]), counted("rate_true", policies[-1]) / 1e6
for cut in np.unique(cuts):
    chosen = rates[cuts == cut]
    print(f"cut {cut:2} {run.cuts[cut]:11} {100 * chosen.size / rates.size:5.1f} % of the steps, "
          f"at {np.quantile(chosen, 0.05):5.1f} to {np.quantile(chosen, 0.95):5.1f} Mbit/s")

# %% The figure
figure, axes = plt.subplots(figsize=(6.5, 3.6), layout="constrained")
for policy, colour, marker in zip(policies, ("#0072B2", "#D55E00", "#009E73"), "osD"):
    axes.plot(edges[:-1] / 2 + edges[1:] / 2, medians[policy], color=colour, marker=marker, markersize=4, label=policy)
axes.set_yscale("log")
axes.set_xlabel("uplink rate (Mbit/s), middle of each tenth of the requests")
axes.set_ylabel("median latency (ms)")
axes.set_title(f"{policies[-1]} against the fixed ends, {run.attributes['model']}", loc="left", fontsize=10)
axes.grid(color="#DDDDDD", linewidth=0.6)
axes.legend(frameon=False)
figure.savefig(sys.argv[2], dpi=150)
print(sys.argv[2])
