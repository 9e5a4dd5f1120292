/* What a policy sees and returns. A policy is pure: a read-only view in, a cut out. It cannot
 * schedule events or see the future (unless it is an oracle, which says so). What it remembers lies
 * in memory that the world lends it, and only `learn` changes that between requests. */
#ifndef EDGESPLIT_POLICY_H
#define EDGESPLIT_POLICY_H

#include "edgesplit/error.h"
#include "edgesplit/number.h"

#include <stdbool.h>
#include <stdint.h>

/* What each cut costs for one batch size; arrays [n_cuts], cut 0 sends the input, the last cut
 * sends nothing. The doubles are the integers in other units, kept side by side so that scoring a
 * cut is two multiply-adds. Of a network with exits these are expectations over its requests, of
 * which the integers are rounded. */
typedef struct es_cut_costs {
    size_t n_cuts;
    const int64_t *head_ns, *tail_ns; /* on the idle device and the unloaded server */
    const int64_t *bytes;             /* sent over the uplink, headers included */
    const double *head_s, *tail_s, *bits;
    /* With three tiers: what is computed in the unloaded cloud, and sent there; 0 bytes: a cut
     * without the cloud. Else NULL. */
    const int64_t *cloud_ns, *backhaul_bytes;
    const double *cloud_s, *backhaul_bits;
    size_t n_leaving; /* cuts right before the last one by which nothing is sent either */
    const struct es_exit_costs *exits; /* NULL: no request leaves before the end */
} es_cut_costs;

/* A network that requests may leave before its end (early exits), as it is for those that leave at
 * exit `last` at the latest. By one cut some requests leave on the device, and the others are sent;
 * arrays [n_cuts]. */
typedef struct es_exit_costs {
    const double *left_s;      /* share of those that leave on the device times their mean head */
    const double *sent_head_s; /* head of those that are sent */
    const double *sent_ratio;  /* their share of all requests */
    double accuracy;           /* expected */
    size_t last;               /* exit; network->n_exits is the end */
    const struct es_exit_network *network;
} es_exit_costs;

/* The exits 0 .. n_exits - 1 of a network, and its end, n_exits. */
typedef struct es_exit_network {
    size_t n_exits;
    const size_t *cuts;        /* [n_exits] the cut that an exit lies behind, ascending */
    const double *probability; /* [n_exits + 1] share of all requests that leave there */
    const double *accuracy;    /* [n_exits + 1] of those that do */
    const es_cut_costs *taken; /* [n_exits + 1] what a request costs that leaves there */
    const es_cut_costs *upto;  /* [n_exits + 1] expectations where all leave there at the latest; of
                                  the end: of all requests as they are */
} es_exit_network;

/* Whether nothing is sent by a cut: the whole of the request is computed on the device. */
static inline bool es_cut_stays(const es_cut_costs *costs, size_t cut) {
    return cut + 1 + costs->n_leaving >= costs->n_cuts;
}

/* What the device draws in each state, W. */
typedef struct es_power {
    double active_w, transmit_w, receive_w, idle_w;
} es_power;

/* The situation at one decision. A policy that learns is not told rate and load: they are NaN. */
typedef struct es_policy_view {
    const es_cut_costs *costs; /* of this request's batch; expected: its exit is not known */
    double
        rate_bps;   /* uplink rate as the policy knows it, >= 0; NaN if it learns: it is not told */
    double load;    /* server load as the policy knows it, 0 .. 1; likewise */
    double delay_s; /* what every offloaded request pays besides: propagation both ways, result
                       transfer */
    /* Three tiers: of the backhaul, as the policy knows it, and its propagation both ways; time in
     * the cloud over that in the unloaded one, likewise. INFINITY: it stands still. */
    double backhaul_s_per_bit, backhaul_delay_s, cloud_slowdown;
    double device_wait_s; /* until the device is done with the heads it has; 0 unless queue_aware */
    double uplink_wait_bits; /* accepted and not yet sent; 0 unless queue_aware */
    double deadline_s;       /* latency at which the request is late; INFINITY: never */
    double switch_cost_s;    /* time it takes the device to change its cut */
    bool has_previous;       /* a request came before */
    size_t previous_cut;     /* what was chosen for it */
    uint64_t dwell;          /* how many in a row got that cut */
    uint64_t n_before;       /* requests of this device that came before */
    const void *memory;      /* of a policy that has one */
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
    double exploration;    /* of a policy that learns: how much it hopes for from what it has not
                              tried; 1: as published */
    double discount; /* 0 .. 1: what each later sample leaves of the weight of a sample; 1: nothing
                        is forgotten */
    uint64_t load_bins; /* parts of 0 .. 1 between the loads that are tabulated, >= 1 */
} es_policy_settings;

/* A set-up policy: which cuts it may choose, ascending, at least one. */
typedef struct es_policy {
    const struct es_policy_ops *ops;
    size_t n_candidates;
    const uint32_t *candidates;
    es_policy_settings settings;
} es_policy;

/* What a policy with memory is told before the first request. Everything is borrowed and outlives
 * the memory. */
typedef struct es_policy_start {
    size_t n_tables;            /* batch sizes, ascending */
    const es_cut_costs *tables; /* [n_tables] what a view's costs point into */
    const double *delay_s;      /* [n_tables] that a view will show; where it varies, its mean */
    uint64_t n_requests;        /* that will be shown to `observe` */
} es_policy_start;

/* What became of a request that was offloaded and has its result back. */
typedef struct es_policy_feedback {
    const es_cut_costs *costs; /* as in its view, or of the exit that the result came from */
    size_t cut;
    double offloaded_s; /* from the end of its head to its result: queues, transfers, tail */
} es_policy_feedback;

typedef struct es_policy_ops {
    const char *name;
    const char *summary;
    bool clairvoyant;                /* reads outcome_s */
    bool whole_device, whole_server; /* has exactly one candidate: the last cut, cut 0 */
    bool fixed;      /* one candidate for the whole run, picked by the key `split` */
    bool cuts_graph; /* chooses among all sets of layers that its network's graph allows */
    bool may_stay;   /* reads hysteresis and dwell */
    bool tabulated;  /* reads load_bins; what queues up is not in its table */
    bool needs_deadline, needs_power, needs_exits;
    /* OPTIONAL, a policy with memory: its size, and its state before the first request. One memory
     * serves every device of a group, or with `learn` each has its own. The memory comes zeroed and
     * aligned for any type; `begin` allocates nothing. */
    size_t (*memory_bytes)(const es_policy *policy, const es_policy_start *start);
    void (*begin)(const es_policy *policy, const es_policy_start *start, void *memory);
    /* OPTIONAL, isolated mode only: shows a clairvoyant policy every request that will come, in
     * order, before the first choice; the view's outcome_s lacks the cost of changing the cut. */
    void (*observe)(const es_policy *policy, const es_policy_view *view, void *memory);
    /* OPTIONAL: a result is back at the device. No allocation. */
    void (*learn)(const es_policy *policy, void *memory, const es_policy_feedback *feedback);
    /* The chosen cut: one of the candidates, or es_policy_limited of one. O(n_candidates), no
     * allocation. Ties go to the larger cut (less sent). */
    size_t (*choose)(const es_policy *policy, const es_policy_view *view);
} es_policy_ops;

/* The choice of a cut and of the exit at which the request has to leave at the latest; exit n_exits
 * is the end: no limit, and the cut itself, which it also is without exits. */
static inline size_t es_policy_limited(const es_cut_costs *costs, size_t cut, size_t exit) {
    const es_exit_costs *exits = costs->exits;
    return exits != NULL ? cut + (exits->network->n_exits - exit) * costs->n_cuts : cut;
}

/* Expected latency of a cut by which some leave on the device: those do not wait for the uplink and
 * pay no delay. */
static inline double es_policy_expect_s(const es_policy_view *view, size_t cut, double s_per_bit,
                                        double slowdown) {
    const es_cut_costs *costs = view->costs;
    const es_exit_costs *exits = costs->exits;
    double sent = exits->sent_ratio[cut];
    double computed_s = view->device_wait_s + exits->sent_head_s[cut];
    if (view->uplink_wait_bits > 0 && view->uplink_wait_bits * s_per_bit > computed_s)
        computed_s = view->uplink_wait_bits * s_per_bit;
    return (1 - sent) * view->device_wait_s + exits->left_s[cut] +
           sent * (computed_s + view->delay_s) + costs->bits[cut] * s_per_bit +
           costs->tail_s[cut] * slowdown;
}

/* What a cut of three tiers takes behind the server: nothing if it does without the cloud. */
static inline double es_policy_beyond_s(const es_policy_view *view, size_t cut) {
    const es_cut_costs *costs = view->costs;
    if (costs->backhaul_bytes[cut] == 0)
        return 0;
    double cloud_s = costs->cloud_s[cut] > 0 ? costs->cloud_s[cut] * view->cloud_slowdown : 0;
    return view->backhaul_delay_s + costs->backhaul_bits[cut] * view->backhaul_s_per_bit + cloud_s;
}

/* Predicted latency of cut `cut` (SEMANTICS 3): wait and head; then, when the uplink is done with
 * what it was given before, delay + bits / rate + tail / (1 - load), and what is behind the server;
 * only wait and head where nothing is sent. INFINITY when a rate is 0, or a load 1 unless there is
 * nothing to compute. */
static inline double es_policy_predict_s(const es_policy_view *view, size_t cut, double s_per_bit,
                                         double slowdown) {
    const es_cut_costs *costs = view->costs;
    double computed_s = view->device_wait_s + costs->head_s[cut];
    if (es_cut_stays(costs, cut))
        return computed_s;
    if (costs->exits != NULL)
        return es_policy_expect_s(view, cut, s_per_bit, slowdown);
    if (view->uplink_wait_bits > 0 && view->uplink_wait_bits * s_per_bit > computed_s)
        computed_s = view->uplink_wait_bits * s_per_bit;
    double arrived_s = computed_s + view->delay_s + costs->bits[cut] * s_per_bit;
    double tail_s = costs->tail_s[cut] > 0 ? costs->tail_s[cut] * slowdown : 0;
    return costs->backhaul_bytes == NULL ? arrived_s + tail_s
                                         : arrived_s + tail_s + es_policy_beyond_s(view, cut);
}

/* Whether the latency of every cut but the last is a line in 1 / rate and 1 / (1 - load): so with
 * two tiers and no exits. */
static inline bool es_cuts_are_lines(const es_cut_costs *costs) {
    return costs->exits == NULL && costs->backhaul_bytes == NULL;
}

/* The same of the `n` cuts from `first` on, which are lines, several at a time. */
static inline void es_policy_predict_row(const es_policy_view *view, size_t first, size_t n,
                                         double s_per_bit, double slowdown,
                                         double *restrict predicted_s) {
    const double *head_s = view->costs->head_s + first, *tail_s = view->costs->tail_s + first;
    const double *bits = view->costs->bits + first;
    double wait_s = view->device_wait_s, delay_s = view->delay_s;
    double busy_s = view->uplink_wait_bits > 0 ? view->uplink_wait_bits * s_per_bit : 0;
    bool waits = wait_s > 0 || busy_s > 0;
    for (size_t i = 0; i < n; i++) {
        double computed_s = waits ? wait_s + head_s[i] : head_s[i];
        computed_s = waits && busy_s > computed_s ? busy_s : computed_s;
        predicted_s[i] = computed_s + delay_s + bits[i] * s_per_bit + tail_s[i] * slowdown;
    }
    if (first + n == view->costs->n_cuts)
        predicted_s[n - 1] = wait_s + head_s[n - 1];
}

/* Predicted energy of a request that takes `latency_s` (SEMANTICS 6), J: receiving counts as
 * waiting. `power` must be known. */
static inline double es_policy_predict_j(const es_policy_view *view, size_t cut, double s_per_bit,
                                         double latency_s) {
    const es_cut_costs *costs = view->costs;
    double head_s = costs->head_s[cut];
    double send_s = es_cut_stays(costs, cut) ? 0 : costs->bits[cut] * s_per_bit;
    return view->power->active_w * head_s + view->power->transmit_w * send_s +
           view->power->idle_w * (latency_s - head_s - send_s);
}

/* The last of the candidates with the least predicted latency, `*least_s`; a prediction that is not
 * a number is none. O(n_candidates). */
static inline size_t es_policy_least(const es_policy *policy, const es_policy_view *view,
                                     double s_per_bit, double slowdown, double *least_s) {
    size_t best = policy->candidates[0];
    *least_s = ES_INFINITY;
    for (size_t i = 0; i < policy->n_candidates; i++) {
        double predicted_s = es_policy_predict_s(view, policy->candidates[i], s_per_bit, slowdown);
        if (predicted_s <= *least_s) {
            best = policy->candidates[i];
            *least_s = predicted_s;
        }
    }
    return best;
}

/* The choice of a policy that has one candidate. */
static inline size_t es_policy_choose_only(const es_policy *policy, const es_policy_view *view) {
    (void)view;
    return policy->candidates[0];
}

#endif
