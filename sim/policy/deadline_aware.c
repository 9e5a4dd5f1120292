#include "edgesplit/number.h"
#include "edgesplit/policy.h"

#include <math.h>

/* What a cut takes of the unloaded server, and of the cloud. */
static double servers_s(const es_cut_costs *costs, size_t cut) {
    return costs->tail_s[cut] + (costs->cloud_s != NULL ? costs->cloud_s[cut] : 0);
}

/* Of the cuts whose predicted latency meets the deadline the one that costs the device the least
 * energy, or, where its power is not known, the server the least time; if none does, the least
 * predicted latency. The rule of E. Li et al., "Edge AI: On-Demand Accelerating Deep Neural Network
 * Inference via Edge Computing", IEEE TWC 2020, with energy in the place of accuracy. */
static size_t choose(const es_policy *policy, const es_policy_view *view) {
    double s_per_bit = 1.0 / view->rate_bps, slowdown = 1.0 / (1.0 - view->load);
    size_t fastest = policy->candidates[0], cheapest = fastest;
    double least_s = ES_INFINITY, least_cost = ES_INFINITY;
    for (size_t i = 0; i < policy->n_candidates; i++) {
        size_t cut = policy->candidates[i];
        double predicted_s = es_policy_predict_s(view, cut, s_per_bit, slowdown);
        if (predicted_s <= least_s) {
            fastest = cut;
            least_s = predicted_s;
        }
        if (predicted_s > view->deadline_s)
            continue;
        double cost = view->power != NULL ? es_policy_predict_j(view, cut, s_per_bit, predicted_s)
                                          : servers_s(view->costs, cut);
        if (cost <= least_cost) {
            cheapest = cut;
            least_cost = cost;
        }
    }
    return isfinite(least_cost) ? cheapest : fastest;
}

extern const es_policy_ops es_policy_deadline_aware;
const es_policy_ops es_policy_deadline_aware = {
    .name = "deadline-aware",
    .summary =
        "the cheapest cut predicted to meet the deadline: least device energy, or server time",
    .needs_deadline = true,
    .choose = choose,
};
