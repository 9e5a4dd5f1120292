/* The cost of each cut: head, tail and bytes, from two profiles and the conventions of the transfer
 * (SEMANTICS 1, 2). */
#ifndef EDGESPLIT_COST_H
#define EDGESPLIT_COST_H

#include "edgesplit/policy.h"
#include "edgesplit/profile.h"

/* An exit of a network: a classifier of its own behind a cut. */
typedef struct es_exit {
    size_t cut;                /* 0 < cut < last cut */
    double probability;        /* share of all requests that leave there */
    double accuracy;           /* of those that do */
    double device_s, server_s; /* what its classifier adds to a request that comes by, per side */
} es_exit;

typedef struct es_cost_options {
    es_granularity granularity;    /* of the cuts */
    double input_bytes_per_elem;   /* of the input tensor, sent by cut 0 */
    double feature_bytes_per_elem; /* of every other tensor */
    double header_bytes;           /* per message */
    double coded_ratio; /* feature maps are sent coded: bytes after to bytes before; 0: as they are
                         */
    double encode_bps, decode_bps; /* of their bytes before, on the device and on the unloaded
                                      server; 0: in no time */
    bool extrapolate;      /* linear in the batch outside the measured sizes; else an error */
    bool whole_correction; /* multiply sums of layers by the profile's whole / sum */
    size_t n_batches;
    const int64_t *batches;  /* [n_batches] batch sizes to prepare, ascending */
    int64_t max_merged;      /* besides, tails of every size from 1 to this one, whose heads are not
                                prepared and 0 */
    const es_profile *cloud; /* of a third tier behind the server; NULL: there is none. It codes
                                nothing: coded_ratio is 0 or 1, the rates are 0 */
    /* Exits, ascending by cut, of probabilities that add up to at most 1 (to within 1e-9); only
     * with one batch size, 1, without merged tails and without a cloud. */
    size_t n_exits;
    const es_exit *exits; /* [n_exits] */
    double end_accuracy;  /* of the end of the network, with exits */
    /* Besides, sets of layers that are no first ones but are the best of all at some rate and load
     * (es_mincut_list). Not with a cloud, exits or coding. */
    bool graph_cuts;
} es_cost_options;

/* A cut of the table: the layers up to boundary `first` run on the device, those from there up to
 * boundary `second` on the server, and the rest in the cloud. Where both are one, the server only
 * passes on what the device sends. */
typedef struct es_cost_cut {
    const char *name;       /* the boundary's; with three tiers "FIRST+SECOND" */
    uint32_t first, second; /* indices of boundaries, first <= second; with two tiers `second` is
                               the last one */
    /* Of a set of layers its number, from 1 on: `first` is then where the last of them ends, and
     * the name says which before it are not the device's. Else 0. */
    uint32_t set;
    bool sends_input;
    size_t n_tensors; /* that the device sends */
    int64_t elems;    /* in them, per image */
} es_cost_cut;

typedef struct es_cost {
    size_t n_boundaries;
    const es_cut *boundaries; /* [n_boundaries] places where the network may be cut, lent by the
                                 model: the first is before all layers, the last behind them */
    size_t n_cuts, n_batches;
    es_cost_cut *cuts; /* [n_cuts] what the tables' cuts are: ascending, the first sends the input
                          and leaves the device (and the server) nothing to do, the last leaves it
                          everything */
    int64_t *batches;  /* [n_batches] ascending */
    es_cut_costs *tables; /* [n_batches], one per batch size */
    bool *has_heads;      /* [n_batches] */
    bool *available;      /* [n_cuts] the profiles hold its times */
    bool extrapolated;    /* some batch lies outside a profile's measured sizes */
    int64_t *integers;    /* storage behind the tables */
    double *doubles;
    struct es_exit_tables *exit_tables; /* NULL: a network without exits */
    char *names;                        /* storage behind the names of pairs */
    struct graph *graph;                /* the sets of layers; NULL: none were wanted */
} es_cost;

/* Creates the table, with one cut at each boundary, those of the model at the granularity, or with
 * a cloud one for each pair of them, by the first and then the second; sets of layers come before
 * the last cut. The model outlives it. Head
 * of cut l: the profile's `head` row if it has one, else the sum of its layers 1..l; the whole
 * network on the device is its `whole` row only if the profile has no layers. Tails likewise. What
 * a cut other than the first and the last sends is a feature map: coding it adds to the head,
 * decoding it to the tail. The server's part of a pair is the tail from the first boundary less
 * that from the second, at least 0. Between measured batch sizes: Steffen's monotone interpolation
 * of each row (linear with two sizes). ES_INVALID: a profile of another network, a batch outside
 * the measured span (the record names the span), no cut with times on both sides, an
 * exit behind a cut without, or for sets of layers a profile that does not tell what each takes;
 * ES_NO_MEMORY. O(cuts * units * batches).
 *
 * Of a network with exits the one table is what is expected, and its `exits->network->taken` are
 * what comes of a request that leaves at each: by a cut in front of the exit the tail ends there,
 * S_l - S_exit (at least 0); by a cut at or behind it the head does, and nothing is sent, nor coded
 * for sending. Each exit that a request comes by adds its classifier, on the side where it lies:
 * at or in front of the cut on the device. */
ES_NODISCARD es_status es_cost_create(const es_model *model, const es_profile *device,
                                      const es_profile *server, const es_cost_options *options,
                                      es_cost **cost, es_errors *errors);
void es_cost_destroy(es_cost *cost);

/* The number of cuts of so many boundaries: one at each, or with three tiers every pair. A table
 * has at most ES_MOST_CUTS. */
enum { ES_MOST_CUTS = 65535 };
size_t es_cost_count_cuts(size_t n_boundaries, bool has_cloud);

/* The cut of that name; n_cuts if there is none. O(n_cuts). */
size_t es_cost_find_cut(const es_cost *cost, const char *name);

/* The table of a batch size; NULL if it was not prepared. O(log n_batches). */
const es_cut_costs *es_cost_find(const es_cost *cost, int64_t batch);

#endif
