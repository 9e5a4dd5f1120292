#include "edgesplit/number.h"
#include "edgesplit/policy.h"

#include <math.h>

/* Clairvoyant and myopic: the least true latency of this very request, given the traces' future and
 * the work already accepted. It bounds every policy in isolated mode; with queues, what is best for
 * one request need not be best for those behind it. */
static size_t choose(const es_policy *policy, const es_policy_view *view) {
    size_t best = policy->candidates[0];
    double best_s = ES_INFINITY;
    for (size_t i = 0; i < policy->n_candidates; i++) {
        size_t cut = policy->candidates[i];
        if (view->outcome_s[cut] <= best_s) {
            best = cut;
            best_s = view->outcome_s[cut];
        }
    }
    return best;
}

extern const es_policy_ops es_policy_oracle;
const es_policy_ops es_policy_oracle = {
    .name = "oracle",
    .summary = "for every request the cut with the least true latency, knowing the traces' future",
    .clairvoyant = true,
    .choose = choose,
};
