#include "edgesplit/number.h"
#include "edgesplit/policy.h"

#include <math.h>

/* Latency and energy, each relative to its own of the largest candidate (no offload, as a rule), in
 * a weighted sum: the two goals of Y. Kang et al., "Neurosurgeon: Collaborative Intelligence
 * Between the Cloud and Mobile Edge", ASPLOS 2017, in one. */
static size_t choose(const es_policy *policy, const es_policy_view *view) {
    double s_per_bit = 1.0 / view->rate_bps, slowdown = 1.0 / (1.0 - view->load);
    double weight = policy->settings.energy_weight;
    size_t best = policy->candidates[policy->n_candidates - 1];
    double unit_s = es_policy_predict_s(view, best, s_per_bit, slowdown);
    double unit_j = es_policy_predict_j(view, best, s_per_bit, unit_s);
    double least = ES_INFINITY;
    for (size_t i = policy->n_candidates; i-- > 0;) {
        size_t cut = policy->candidates[i];
        double latency_s = es_policy_predict_s(view, cut, s_per_bit, slowdown);
        double energy_j = es_policy_predict_j(view, cut, s_per_bit, latency_s);
        double score = (1 - weight) * latency_s / unit_s + weight * energy_j / unit_j;
        if (score < least) {
            best = cut;
            least = score;
        }
    }
    return best;
}

extern const es_policy_ops es_policy_energy_aware;
const es_policy_ops es_policy_energy_aware = {
    .name = "energy-aware",
    .summary = "the least weighted sum of predicted latency and energy of the device",
    .needs_power = true,
    .choose = choose,
};
