/* The optimal cut as a function of the data rate, for batch sizes and server loads: straight from
 * two profiles, without a simulation.
 *
 * By SEMANTICS 3 each cut's latency is a line in 1 / rate. The optimal cut is the lower envelope of
 * these lines; its borders are exact. */
#ifndef EDGESPLIT_CUTMAP_H
#define EDGESPLIT_CUTMAP_H

#include "edgesplit/cost.h"

typedef struct es_cutmap_options {
    es_cost_options cost; /* granularity, bytes, batch sizes; whole_correction must be false */
    const bool *wanted;   /* [n_cuts of the granularity] cuts to choose from */
    double delay_s;       /* what every offloaded request pays besides, >= 0 */
    double rate_from_bps, rate_to_bps; /* 0 < from < to */
    size_t n_loads;
    const double *loads; /* [n_loads] server load, 0 <= load < 1 */
} es_cutmap_options;

/* One range of rates in which one cut is the best; its latency there is constant_s + bits / rate.
 */
typedef struct es_cutmap_row {
    int64_t batch;
    double load;
    double rate_from_bps, rate_to_bps;
    size_t cut;
    double constant_s, bits;
    size_t runner_up;     /* second best where the lead is largest; n_cuts if there is no other */
    double lead_ratio;    /* largest (second best - best) / best in this range; NaN without */
    double lead_rate_bps; /* where that is */
    double crossing_low_bps, crossing_high_bps; /* where the border `rate_from_bps` may lie if every
                                time is anywhere in its p05 .. p95: 0 and INFINITY are "anywhere";
                                NaN at the border of the map */
    double sure_from_bps, sure_to_bps; /* where the cut is the best whatever the times are within
                                          those; NaN: nowhere */
    double no_offload_s;               /* latency without offload; NaN: profiles lack it */
    double full_offload_s, full_offload_bits; /* of full offload, a line as above; NaN likewise */
} es_cutmap_row;

typedef struct es_cutmap {
    size_t n_rows, capacity;
    es_cutmap_row *rows; /* by batch, load and ascending rate */
    bool bounds_known;   /* every row of both profiles has p05 and p95 */
    size_t n_available;  /* cuts wanted that both profiles time */
} es_cutmap;

/* Creates the map. The uncertainty is interval arithmetic over the profiles' p05 .. p95, the spread
 * of single passes: an outer bound. Where a profile has times of layers only, those that two cuts
 * have in common cancel. ES_INVALID: as es_cost_create, or no cut is left to choose; ES_NO_MEMORY.
 * O(batches * loads * cuts^2 * pieces). */
ES_NODISCARD es_status es_cutmap_create(const es_model *model, const es_profile *device,
                                        const es_profile *server, const es_cutmap_options *options,
                                        es_cutmap **map, es_errors *errors);
void es_cutmap_destroy(es_cutmap *map);

#endif
