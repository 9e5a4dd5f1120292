#include "edgesplit/number.h"
#include "edgesplit/policy.h"

#include <math.h>

/* Bakhtiarnia et al., "Dynamic Split Computing for Efficient Deep Edge Intelligence", ICASSP 2023:
 * the argmin of the predicted latency over the candidates. */
static size_t choose(const es_policy *policy, const es_policy_view *view) {
    double s_per_bit = 1.0 / view->rate_bps;
    double slowdown = 1.0 / (1.0 - view->load);
    size_t best = policy->candidates[0];
    double best_s = ES_INFINITY;
    for (size_t i = 0; i < policy->n_candidates; i++) {
        size_t cut = policy->candidates[i];
        double predicted_s = es_policy_predict_s(view, cut, s_per_bit, slowdown);
        if (predicted_s <= best_s) {
            best = cut;
            best_s = predicted_s;
        }
    }
    return best;
}

extern const es_policy_ops es_policy_dynamic_split;
const es_policy_ops es_policy_dynamic_split = {
    .name = "dynamic-split",
    .summary = "for every request the cut with the least predicted latency (ICASSP 2023)",
    .choose = choose,
};
