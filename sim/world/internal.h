/* What the two modes of the world share (private). */
#ifndef SIM_WORLD_INTERNAL_H
#define SIM_WORLD_INTERNAL_H

#include "edgesplit/engine.h"
#include "edgesplit/rng.h"
#include "edgesplit/world.h"
#include "estimate.h"

/* A request as it arrives. */
struct arrival {
    es_time at, deadline_ns; /* ES_TIME_NEVER: no deadline */
    uint32_t batch_index;
};

typedef struct es_world {
    es_world_config config;
    es_block *block;                /* rows not yet handed over */
    double *outcome_s;              /* [n_cuts] */
    const es_cut_costs **costs;     /* [config.n_batches] the table of each batch size */
    double *delay_s;                /* [config.n_batches] fixed part of an offloaded request */
    gsl_rng *arrivals;              /* NULL unless Poisson */
    es_time next_arrival;           /* ES_TIME_NEVER: none */
    size_t place;                   /* of the next arrival in the list */
    es_time round;                  /* when the present round of the list began */
    double arrival_period_ns;       /* mean */
    uint64_t n_arrivals;            /* drawn so far */
    struct estimate rate, capacity; /* bit/s; share of the server */
    gsl_rng *noise;                 /* NULL without */
    es_rate_cursor uplink_now, server_now;   /* for questions about the present */
    es_rate_cursor uplink_then, server_then; /* about what is known of it */
    bool has_chosen;                         /* a cut, for the request before */
    size_t chosen;
    uint64_t dwell; /* requests in a row that got it */
    es_world_result *result;
    struct open_system *open; /* open mode */
} es_world;

/* The next arrival, in order: false when there is none. */
bool world_next_arrival(es_world *world, struct arrival *arrival);

/* Closed mode: a request that arrives now; false when there are to be no more. */
bool world_closed_arrival(es_world *world, es_time now, struct arrival *arrival);

/* Rate and load as they truly are at `at`. */
void world_present(es_world *world, es_time at, double *rate_bps, double *load);

/* A transfer, or a tail, has shown the rate or the share of the server's capacity. */
void world_learn_rate(es_world *world, double rate_bps, es_time now);
void world_learn_capacity(es_world *world, double share, es_time now);

/* What the policy knows at `at`, times not falling; `rate_bps` and `load` are the truth and are
 * replaced. */
void world_know(es_world *world, es_time at, double *rate_bps, double *load);

/* What a policy sees of a request besides rate, load and queues. */
es_policy_view world_view(const es_world *world, const struct arrival *arrival);

/* What it costs to take `cut` now: nothing if it is the one of the request before. */
static inline int64_t world_switch_ns(const es_world *world, size_t cut) {
    return world->has_chosen && world->chosen != cut ? world->config.switch_cost_ns : 0;
}

/* Remembers the cut of a request. */
void world_chose(es_world *world, size_t cut);

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
