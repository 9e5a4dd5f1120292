#include "edgesplit/number.h"
#include "edgesplit/policy.h"

#include <math.h>

/* Whether to stay with the present cut, which would take `previous_s`, though another one, without
 * the cost of the change, takes `best_s`. */
static bool should_stay(const es_policy *policy, const es_policy_view *view, double previous_s,
                        double best_s) {
    const es_policy_settings *settings = &policy->settings;
    double spread = settings->expected_dwell > 1 ? settings->expected_dwell : 1;
    double least_gain_s = fmax(settings->hysteresis * previous_s, view->switch_cost_s / spread);
    return isfinite(previous_s) &&
           (view->dwell < settings->min_dwell || previous_s - best_s < least_gain_s);
}

/* Bakhtiarnia et al., "Dynamic Split Computing for Efficient Deep Edge Intelligence", ICASSP 2023:
 * the argmin of the predicted latency over the candidates. With a cost of changing the cut, or a
 * hysteresis, the present one is kept unless the gain is larger (the costs met in practice: Majeed
 * et al., "NEUKONFIG: Reducing Edge Service Downtime When Repartitioning DNNs", IC2E 2021). */
static size_t choose(const es_policy *policy, const es_policy_view *view) {
    double s_per_bit = 1.0 / view->rate_bps;
    double slowdown = 1.0 / (1.0 - view->load);
    size_t best = policy->candidates[0], previous = view->previous_cut;
    double best_s = ES_INFINITY;
    for (size_t i = 0; i < policy->n_candidates; i++) {
        size_t cut = policy->candidates[i];
        double predicted_s = es_policy_predict_s(view, cut, s_per_bit, slowdown);
        if (predicted_s <= best_s) {
            best = cut;
            best_s = predicted_s;
        }
    }
    if (!view->has_previous || best == previous)
        return best;
    double previous_s = es_policy_predict_s(view, previous, s_per_bit, slowdown);
    return should_stay(policy, view, previous_s, best_s) ? previous : best;
}

extern const es_policy_ops es_policy_dynamic_split;
const es_policy_ops es_policy_dynamic_split = {
    .name = "dynamic-split",
    .summary = "for every request the cut with the least predicted latency (ICASSP 2023)",
    .may_stay = true,
    .choose = choose,
};
