/* What the two modes of the world share (private). */
#ifndef SIM_WORLD_INTERNAL_H
#define SIM_WORLD_INTERNAL_H

#include "edgesplit/engine.h"
#include "edgesplit/rng.h"
#include "edgesplit/world.h"

/* What a policy has learnt of one quantity from the samples that came by. */
struct estimate {
    double value;
    es_time at; /* of the last sample */
    bool sampled;
};

typedef struct es_world {
    es_world_config config;
    es_block *block;            /* rows not yet handed over */
    double *outcome_s;          /* [n_cuts] */
    const es_cut_costs **costs; /* [config.n_batches] the table of each batch size */
    double *delay_s;            /* [config.n_batches] fixed part of an offloaded request */
    gsl_rng *arrivals;          /* NULL if periodic */
    es_time next_arrival;
    double arrival_period_ns; /* mean */
    uint64_t n_arrivals;      /* drawn so far */
    struct estimate rate, load;
    es_rate_cursor uplink_now, server_now; /* for questions about the present */
    es_world_result *result;
    struct open_system *open; /* open mode */
} es_world;

/* The next arrival, in order: false when there is none. */
bool world_next_arrival(es_world *world, es_time *at);

/* Rate and load as they truly are at `at`. */
void world_present(es_world *world, es_time at, double *rate_bps, double *load);

/* Feeds a sample to an estimate by the configured rule. */
void world_learn(const es_world *world, struct estimate *estimate, double sample, es_time now);

/* What the policy is shown; `rate_bps` and `load` are the truth and are replaced by what it knows.
 */
void world_know(const es_world *world, double *rate_bps, double *load);

/* Energy of a request from its state times, s; NaN if none is configured. */
double world_energy(const es_world *world, double head_s, double send_s, double receive_s,
                    double total_s);

/* The row to fill next; world_row_done counts it and hands a full block over. */
size_t world_row(const es_world *world);
es_status world_row_done(es_world *world);

es_status open_create(es_world *world);
void open_destroy(struct open_system *open);
es_status open_run(es_world *world);
es_status isolated_run(es_world *world);

#endif
