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

/* Scores that are worked out together; those that are compared independently of each other. */
enum { TOGETHER = 64, N_LANES = 4 };

/* The least of some values, none of them NaN. */
static double least_of(size_t n, const double *values) {
    double least[N_LANES] = {ES_INFINITY, ES_INFINITY, ES_INFINITY, ES_INFINITY};
    size_t i = 0;
    for (; i + N_LANES <= n; i += N_LANES)
        for (size_t lane = 0; lane < N_LANES; lane++)
            least[lane] = least[lane] < values[i + lane] ? least[lane] : values[i + lane];
    for (; i < n; i++)
        least[0] = least[0] < values[i] ? least[0] : values[i];
    for (size_t lane = 1; lane < N_LANES; lane++)
        least[0] = least[0] < least[lane] ? least[0] : least[lane];
    return least[0];
}

/* The last of the `n` cuts from `first` on with the least prediction; all are numbers. */
static size_t best_in_row(const es_policy_view *view, size_t first, size_t n, double s_per_bit,
                          double slowdown, double *best_s) {
    double predicted_s[TOGETHER];
    size_t best = first, end = first + n;
    *best_s = ES_INFINITY;
    for (; first < end; first += n) {
        n = end - first < TOGETHER ? end - first : (size_t)TOGETHER;
        es_policy_predict_row(view, first, n, s_per_bit, slowdown, predicted_s);
        double least_s = least_of(n, predicted_s);
        if (least_s > *best_s)
            continue;
        *best_s = least_s;
        best = first + n - 1;
        while (predicted_s[best - first] > least_s)
            best--;
    }
    return best;
}

/* The last of the candidates with the least prediction; one that is not a number is none. */
static size_t best_of(const es_policy *policy, const es_policy_view *view, double s_per_bit,
                      double slowdown, double *best_s) {
    size_t n = policy->n_candidates, first = policy->candidates[0];
    bool in_a_row = policy->candidates[n - 1] - first == n - 1;
    if (in_a_row && es_cuts_are_lines(view->costs) && isfinite(s_per_bit) && isfinite(slowdown))
        return best_in_row(view, first, n, s_per_bit, slowdown, best_s);
    return es_policy_least(policy, view, s_per_bit, slowdown, best_s);
}

/* Bakhtiarnia et al., "Dynamic Split Computing for Efficient Deep Edge Intelligence", ICASSP 2023:
 * the argmin of the predicted latency over the candidates. With a cost of changing the cut, or a
 * hysteresis, the present one is kept unless the gain is larger (the costs met in practice: Majeed
 * et al., "NEUKONFIG: Reducing Edge Service Downtime When Repartitioning DNNs", IC2E 2021). */
static size_t choose(const es_policy *policy, const es_policy_view *view) {
    double s_per_bit = 1.0 / view->rate_bps, slowdown = 1.0 / (1.0 - view->load), best_s;
    size_t best = best_of(policy, view, s_per_bit, slowdown, &best_s);
    size_t previous = view->previous_cut;
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
