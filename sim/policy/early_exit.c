#include "edgesplit/number.h"
#include "edgesplit/policy.h"

/* What the best choice so far promises. */
struct promise {
    size_t cut, exit;
    bool meets; /* the deadline */
    double accuracy, latency_s;
};

/* First those that meet the deadline, the more accurate ones before the faster ones; then the
 * faster ones. */
static bool is_better(const struct promise *a, const struct promise *b) {
    if (a->meets != b->meets)
        return a->meets;
    if (a->meets && a->accuracy != b->accuracy)
        return a->accuracy > b->accuracy;
    return a->latency_s <= b->latency_s;
}

/* E. Li et al., "Edge AI: On-Demand Accelerating Deep Neural Network Inference via Edge Computing",
 * IEEE TWC 2020: of all pairs of a cut and an exit at which the network ends, the most accurate one
 * that is predicted to meet the deadline; if none is, the fastest. A request may leave before that
 * exit, as in S. Laskaridis et al., "SPINN: Synergistic Progressive Inference of Neural Networks
 * over Device and Cloud", MobiCom 2020: latency and accuracy are what is expected over the exits.
 * Without exits that is the fastest cut. O(n_exits n_candidates). */
static size_t choose(const es_policy *policy, const es_policy_view *view) {
    double s_per_bit = 1.0 / view->rate_bps, slowdown = 1.0 / (1.0 - view->load);
    const es_exit_costs *exits = view->costs->exits;
    size_t n_exits = exits != NULL ? exits->network->n_exits : 0;
    struct promise best = {.cut = policy->candidates[0], .exit = n_exits, .latency_s = ES_INFINITY};
    for (size_t exit = 0; exit <= n_exits; exit++) {
        es_policy_view limited = *view;
        limited.costs = exits != NULL ? &exits->network->upto[exit] : view->costs;
        for (size_t i = 0; i < policy->n_candidates; i++) {
            size_t cut = policy->candidates[i];
            double latency_s = es_policy_predict_s(&limited, cut, s_per_bit, slowdown);
            struct promise promise = {cut, exit, latency_s <= view->deadline_s,
                                      exits != NULL ? limited.costs->exits->accuracy : 0,
                                      latency_s};
            if (is_better(&promise, &best))
                best = promise;
        }
    }
    return es_policy_limited(view->costs, best.cut, best.exit);
}

extern const es_policy_ops es_policy_early_exit;
const es_policy_ops es_policy_early_exit = {
    .name = "early-exit",
    .summary = "the cut and the last exit with the best accuracy that meets the deadline (Edgent)",
    .needs_deadline = true,
    .needs_exits = true,
    .choose = choose,
};
