/* What a policy sees and returns. A policy is pure: a read-only view in, a cut out. It cannot
 * schedule events, see the future (unless it is the oracle, which says so) or keep state of its
 * own. */
#ifndef EDGESPLIT_POLICY_H
#define EDGESPLIT_POLICY_H

#include "edgesplit/error.h"

#include <stdint.h>

/* What each cut costs for one batch size; arrays [n_cuts], cut 0 sends the input, the last cut
 * sends nothing. The doubles are the integers in other units, kept side by side so that scoring a
 * cut is two multiply-adds. */
typedef struct es_cut_costs {
    size_t n_cuts;
    const int64_t *head_ns, *tail_ns; /* on the idle device and the unloaded server */
    const int64_t *bytes;             /* sent over the uplink, headers included */
    const double *head_s, *tail_s, *bits;
} es_cut_costs;

/* The situation at one decision. */
typedef struct es_policy_view {
    const es_cut_costs *costs; /* of this request's batch */
    double rate_bps;           /* uplink rate as the policy knows it, >= 0 */
    double load;               /* server load as the policy knows it, 0 .. 1 */
    double delay_s; /* what every offloaded request pays besides: propagation both ways, result
                       transfer */
    const double *outcome_s; /* [n_cuts] true latency of this request by each cut (INFINITY: it
                                would not finish); NULL unless the policy is clairvoyant */
} es_policy_view;

/* A set-up policy: which cuts it may choose, ascending, at least one. */
typedef struct es_policy {
    const struct es_policy_ops *ops;
    size_t n_candidates;
    const uint32_t *candidates;
} es_policy;

typedef struct es_policy_ops {
    const char *name;
    const char *summary;
    bool clairvoyant;                /* reads outcome_s */
    bool whole_device, whole_server; /* has exactly one candidate: the last cut, cut 0 */
    bool fixed; /* one candidate for the whole run, picked by the key `split` */
    /* The chosen cut: one of the candidates. O(n_candidates), no allocation. Ties go to the larger
     * cut (less sent). */
    size_t (*choose)(const es_policy *policy, const es_policy_view *view);
} es_policy_ops;

/* Predicted latency of cut `cut` (SEMANTICS 3): head + delay + bits / rate + tail / (1 - load); the
 * head alone at the last cut. INFINITY when the rate is 0 or the load 1. */
static inline double es_policy_predict_s(const es_policy_view *view, size_t cut, double s_per_bit,
                                         double slowdown) {
    const es_cut_costs *costs = view->costs;
    if (cut + 1 == costs->n_cuts)
        return costs->head_s[cut];
    return costs->head_s[cut] + view->delay_s + costs->bits[cut] * s_per_bit +
           costs->tail_s[cut] * slowdown;
}

/* The choice of a policy that has one candidate. */
static inline size_t es_policy_choose_only(const es_policy *policy, const es_policy_view *view) {
    (void)view;
    return policy->candidates[0];
}

#endif
