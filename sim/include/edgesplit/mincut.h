/* The best split of a network as the graph that it is. A cut of the layers' order has the first so
 * many units on the device; but any set of units that reads nothing of the other ones can be there:
 * of two branches that run side by side, only one. The best of all such sets is a minimum cut.
 *
 * C. Hu et al., "Dynamic Adaptive DNN Surgery for Inference Acceleration on the Edge", INFOCOM 2019
 * (DADS), where a tensor is paid once however many layers read it, and nothing returns from the
 * server to the device. */
#ifndef EDGESPLIT_MINCUT_H
#define EDGESPLIT_MINCUT_H

#include "edgesplit/model.h"

/* What everything takes, for one batch size, data rate and load. Units count from 1, as in
 * profiles. */
typedef struct es_mincut_costs {
    es_granularity granularity;
    const double *device_s, *server_s; /* [units + 1] >= 0; the first is not read */
    double input_s;    /* of sending the network's input; INFINITY: that is forbidden */
    double s_per_elem; /* of sending an element of any other tensor */
    double delay_s;    /* what is paid besides unless all is on the device */
} es_mincut_costs;

/* What a set of units on the device comes to. */
typedef struct es_partition {
    size_t n_units; /* on the device */
    bool is_prefix; /* they are units 1 .. n_units */
    bool sends_input;
    size_t n_tensors; /* that cross, the input included; each counts once */
    int64_t elems;    /* of these, per image, without the input */
    double head_s, send_s, tail_s, latency_s;
} es_partition;

/* Adds up what a set of units on the device, `on_device` [units + 1], comes to (SEMANTICS 3). The
 * set must read nothing of the other units. ES_NO_MEMORY. O(layers + edges). */
ES_NODISCARD es_status es_mincut_evaluate(const es_model *model, const es_mincut_costs *costs,
                                          const bool *on_device, es_partition *partition);

/* Finds the set with the least latency, `on_device` [units + 1]; of equal ones a largest. Exact but
 * for the rounding of sums of doubles. ES_NO_MEMORY. O(V^2 E) at worst with V units and tensors and
 * E readings (E. Dinic, "Algorithm for Solution of a Problem of Maximum Flow in Networks with Power
 * Estimation", Soviet Math. Doklady 11, 1970); on the networks of the zoo nearly linear. */
ES_NODISCARD es_status es_mincut_find(const es_model *model, const es_mincut_costs *costs,
                                      bool *on_device);

/* Sets of units on the device, and what each comes to. */
typedef struct es_mincut_sets {
    size_t n, n_units;
    bool *on_device;    /* [n][n_units + 1] */
    es_partition *sums; /* [n] at the costs they were listed with, without the delay */
} es_mincut_sets;

/* Lists every set that is the best when sending takes any factor from 0 on of what the costs say,
 * and the server any factor from 1 on; the best of them is then that of all sets, to 1e-12 of the
 * network's time on the device. The whole network on the device is among them. What each comes to
 * is a plane over the two factors; those that ever are the least are found by looking for a better
 * one at each corner where those that are known meet, until there is none: two or three searches
 * (es_mincut_find) for each set. Creates `sets`; ES_NO_MEMORY. */
ES_NODISCARD es_status es_mincut_list(const es_model *model, const es_mincut_costs *costs,
                                      es_mincut_sets *sets);
void es_mincut_sets_fini(es_mincut_sets *sets);

/* The units of set i that are on the device, [n_units + 1]. */
const bool *es_mincut_set(const es_mincut_sets *sets, size_t i);

/* Whether a set, [n_units + 1], is one of them. O(n n_units). */
bool es_mincut_has(const es_mincut_sets *sets, const bool *set);

#endif
