/* Cuts of a table that the layers' order does not know: sets of units that read nothing of the
 * others (private). */
#ifndef SIM_COST_GRAPH_H
#define SIM_COST_GRAPH_H

#include "edgesplit/cost.h"
#include "edgesplit/mincut.h"

/* What there is to say of a set whatever the batch size. */
struct graph_set {
    char *name;
    size_t last_unit; /* on the device */
    bool sends_input;
    size_t n_tensors; /* that cross, the input included */
    int64_t elems;    /* in them, per image */
};

struct graph {
    es_mincut_sets sets;     /* none of them a number of first units; their sums are not kept */
    struct graph_set *about; /* [sets.n] */
};

/* Finds the sets that are the best of all for one of the batch sizes, with or without sending the
 * input, at some rate and some load. Times of heads and tails [n_batches][n_boundaries]. Creates
 * `graph`. ES_INVALID: a profile that times heads or tails whole, `path` of the device's or the
 * server's; ES_NO_MEMORY. */
ES_NODISCARD es_status graph_create(const es_model *model, const es_cost_options *options,
                                    const double *heads_s, const double *tails_s,
                                    const es_profile *device, const es_profile *server,
                                    struct graph *graph, es_errors *errors);
void graph_fini(struct graph *graph);

/* What set i comes to for a batch size, sending counted in bits without the header. Heads NULL: not
 * prepared, head_s is 0. ES_NO_MEMORY. */
ES_NODISCARD es_status graph_evaluate(const struct graph *graph, size_t i, const es_model *model,
                                      const es_cost_options *options, int64_t batch,
                                      const double *heads_s, const double *tails_s,
                                      es_partition *sum);

#endif
