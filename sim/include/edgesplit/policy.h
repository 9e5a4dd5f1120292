/* What a policy sees and returns. A policy is pure: a read-only view in, a cut out. It cannot
 * schedule events, see the future (unless it is the oracle, which says so) or keep state of its
 * own. */
#ifndef EDGESPLIT_POLICY_H
#define EDGESPLIT_POLICY_H

#include "edgesplit/error.h"

#include <stdbool.h>
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

/* What the device draws in each state, W. */
typedef struct es_power {
    double active_w, transmit_w, receive_w, idle_w;
} es_power;

/* The situation at one decision. */
typedef struct es_policy_view {
    const es_cut_costs *costs; /* of this request's batch */
    double rate_bps;           /* uplink rate as the policy knows it, >= 0 */
    double load;               /* server load as the policy knows it, 0 .. 1 */
    double delay_s; /* what every offloaded request pays besides: propagation both ways, result
                       transfer */
    double device_wait_s; /* until the device is done with the heads it has; 0 unless queue_aware */
    double uplink_wait_bits; /* accepted and not yet sent; 0 unless queue_aware */
    double deadline_s;       /* latency at which the request is late; INFINITY: never */
    double switch_cost_s;    /* time it takes the device to change its cut */
    bool has_previous;       /* a request came before */
    size_t previous_cut;     /* what was chosen for it */
    uint64_t dwell;          /* how many in a row got that cut */
    const es_power *power;   /* NULL: not known */
    const double *outcome_s; /* [n_cuts] true latency of this request by each cut (INFINITY: it
                                would not finish); NULL unless the policy is clairvoyant */
} es_policy_view;

/* How a policy weighs what it sees. All 0: the least predicted latency, every time. */
typedef struct es_policy_settings {
    bool queue_aware;      /* counts the work already accepted */
    double hysteresis;     /* share of the present latency that a change has to gain */
    uint64_t min_dwell;    /* requests that a cut is kept for at least */
    double expected_dwell; /* requests that the cost of a change is spread over; 0: 1 */
    double energy_weight;  /* 0 .. 1, of energy against latency */
} es_policy_settings;

/* A set-up policy: which cuts it may choose, ascending, at least one. */
typedef struct es_policy {
    const struct es_policy_ops *ops;
    size_t n_candidates;
    const uint32_t *candidates;
    es_policy_settings settings;
} es_policy;

typedef struct es_policy_ops {
    const char *name;
    const char *summary;
    bool clairvoyant;                /* reads outcome_s */
    bool whole_device, whole_server; /* has exactly one candidate: the last cut, cut 0 */
    bool fixed;    /* one candidate for the whole run, picked by the key `split` */
    bool may_stay; /* reads hysteresis and dwell */
    bool needs_deadline, needs_power;
    /* The chosen cut: one of the candidates. O(n_candidates), no allocation. Ties go to the larger
     * cut (less sent). */
    size_t (*choose)(const es_policy *policy, const es_policy_view *view);
} es_policy_ops;

/* Predicted latency of cut `cut` (SEMANTICS 3): wait and head; then, when the uplink is done with
 * what it was given before, delay + bits / rate + tail / (1 - load); only wait and head at the last
 * cut. INFINITY when the rate is 0 or the load 1. */
static inline double es_policy_predict_s(const es_policy_view *view, size_t cut, double s_per_bit,
                                         double slowdown) {
    const es_cut_costs *costs = view->costs;
    double computed_s = view->device_wait_s + costs->head_s[cut];
    if (cut + 1 == costs->n_cuts)
        return computed_s;
    if (view->uplink_wait_bits > 0 && view->uplink_wait_bits * s_per_bit > computed_s)
        computed_s = view->uplink_wait_bits * s_per_bit;
    return computed_s + view->delay_s + costs->bits[cut] * s_per_bit +
           costs->tail_s[cut] * slowdown;
}

/* Predicted energy of a request that takes `latency_s` (SEMANTICS 6), J: receiving counts as
 * waiting. `power` must be known. */
static inline double es_policy_predict_j(const es_policy_view *view, size_t cut, double s_per_bit,
                                         double latency_s) {
    const es_cut_costs *costs = view->costs;
    double head_s = costs->head_s[cut];
    double send_s = cut + 1 == costs->n_cuts ? 0 : costs->bits[cut] * s_per_bit;
    return view->power->active_w * head_s + view->power->transmit_w * send_s +
           view->power->idle_w * (latency_s - head_s - send_s);
}

/* The choice of a policy that has one candidate. */
static inline size_t es_policy_choose_only(const es_policy *policy, const es_policy_view *view) {
    (void)view;
    return policy->candidates[0];
}

#endif
