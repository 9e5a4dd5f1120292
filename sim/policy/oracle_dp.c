#include "edgesplit/number.h"
#include "edgesplit/policy.h"

#include <math.h>

/* What a sequence of cuts costs so far: first the requests that it never finishes, then its time.
 */
struct cost {
    double n_lost, sum_s;
};

/* The memory. Costs are above those of the best sequence, so that nothing adds up over the steps.
 */
struct plan {
    uint64_t n, n_requests;  /* observed, and to be so */
    struct cost *costs;      /* [n_candidates] of the best sequence that ends with each */
    uint32_t *chosen;        /* [n_requests] candidate that is best so far; at last, the plan */
    unsigned char *same_cut; /* [n_requests][row_bytes] bit i: candidate i is best reached from i */
};

static size_t row_bytes(const es_policy *policy) {
    return (policy->n_candidates + 7) / 8;
}

/* 4 bytes and a bit for each candidate a request. */
static size_t memory_bytes(const es_policy *policy, const es_policy_start *start) {
    return sizeof(struct plan) + policy->n_candidates * sizeof(struct cost) +
           (size_t)start->n_requests * (sizeof(uint32_t) + row_bytes(policy));
}

static void begin(const es_policy *policy, const es_policy_start *start, void *memory) {
    struct plan *plan = memory;
    plan->n_requests = start->n_requests;
    plan->costs = (struct cost *)(plan + 1);
    plan->chosen = (uint32_t *)(plan->costs + policy->n_candidates);
    plan->same_cut = (unsigned char *)(plan->chosen + start->n_requests);
}

static bool is_less(struct cost a, struct cost b) {
    return a.n_lost < b.n_lost || (a.n_lost == b.n_lost && a.sum_s < b.sum_s);
}

/* From the last request back: each one's cut is the next one's, or the best one up to there. */
static void backtrack(const es_policy *policy, struct plan *plan) {
    for (uint64_t t = plan->n_requests - 1; t > 0; t--) {
        uint32_t next = plan->chosen[t];
        if (plan->same_cut[t * row_bytes(policy) + next / 8] >> next % 8 & 1)
            plan->chosen[t - 1] = next;
    }
}

/* One step of the recursion V_t(l) = T_t(l) + min over k of (V_{t-1}(k) + cost of a change from k
 * to l), O(n_candidates): the least over k is l itself, or else the best of all and a change. (A.
 * Viterbi, "Error Bounds for Convolutional Codes", IEEE Trans. Information Theory, 1967.) */
static void observe(const es_policy *policy, const es_policy_view *view, void *memory) {
    struct plan *plan = memory;
    size_t n = policy->n_candidates, best = 0;
    uint64_t t = plan->n++;
    for (size_t i = 0; i < n; i++) {
        double outcome_s = view->outcome_s[policy->candidates[i]];
        bool pays = isfinite(outcome_s); /* what is never finished has no latency */
        struct cost *cost = &plan->costs[i], change = {0, pays ? view->switch_cost_s : 0};
        if (is_less(*cost, change))
            plan->same_cut[t * row_bytes(policy) + i / 8] |= (unsigned char)(1 << i % 8);
        else
            *cost = change;
        if (isfinite(outcome_s))
            cost->sum_s += outcome_s;
        else
            cost->n_lost++;
        if (!is_less(plan->costs[best], *cost))
            best = i;
    }
    struct cost least = plan->costs[best];
    for (size_t i = 0; i < n; i++) {
        plan->costs[i].n_lost -= least.n_lost;
        plan->costs[i].sum_s -= least.sum_s;
    }
    plan->chosen[t] = (uint32_t)best;
    if (plan->n == plan->n_requests)
        backtrack(policy, plan);
}

/* Clairvoyant: the sequence of cuts that finishes the most requests and, of those, takes the least
 * sum of their latencies, the cost of every change of the cut included. It bounds every policy in
 * isolated mode; where a change costs nothing it is `oracle`. */
static size_t choose(const es_policy *policy, const es_policy_view *view) {
    const struct plan *plan = view->memory;
    return policy->candidates[plan->chosen[view->n_before]];
}

extern const es_policy_ops es_policy_oracle_dp;
const es_policy_ops es_policy_oracle_dp = {
    .name = "oracle-dp",
    .summary = "isolated mode: the best sequence of cuts with the cost of changing them",
    .clairvoyant = true,
    .memory_bytes = memory_bytes,
    .begin = begin,
    .observe = observe,
    .choose = choose,
};
