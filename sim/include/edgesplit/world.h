/* The world: one device, one uplink, one server, one downlink, and the requests that pass them
 * under one policy. The only module that schedules events.
 *
 * Isolated mode (SEMANTICS 3) evaluates each step by itself. Open mode (SEMANTICS 4) is the
 * discrete-event system: every station is first in, first out, every request passes device, uplink,
 * server and downlink in this order (those that stay on the device leave there), so requests never
 * overtake each other within a station. */
#ifndef EDGESPLIT_WORLD_H
#define EDGESPLIT_WORLD_H

#include "edgesplit/cost.h"
#include "edgesplit/rate.h"
#include "edgesplit/recorder.h"

/* How a policy learns the rate and the load. */
typedef enum es_knowing { ES_KNOW_TRUE, ES_KNOW_LAST, ES_KNOW_EWMA } es_knowing;

typedef struct es_world_config {
    /* Everything pointed to is borrowed and outlives the run. */
    const es_cost *cost;
    const es_policy *policy;
    size_t n_offered; /* cuts that the oracle's latency is the least over, ascending */
    const uint32_t *offered;
    es_knowing knowing;
    double half_life_s;      /* ES_KNOW_EWMA */
    double initial_rate_bps; /* believed before the first transfer, unless ES_KNOW_TRUE */

    const es_rate *uplink;   /* bit/s */
    const es_rate *server;   /* capacity, ES_FULL_CAPACITY is all of it */
    const es_rate *downlink; /* bit/s; NULL: results take no time to send */
    es_time uplink_propagation_ns, downlink_propagation_ns;
    double result_bytes; /* per image */

    bool isolated;
    /* Isolated mode over a grid: step i takes batch, load and rate from these lists, batch changing
     * fastest. n_rates = 0: states come from the rate functions at each arrival. */
    size_t n_rates, n_loads;
    const double *rates_bps, *loads;
    size_t n_batches; /* images per request, cycled; values prepared in `cost` */
    const int64_t *batches;

    uint64_t seed;
    bool poisson; /* else periodic, the first arrival at 0 */
    double arrival_rate_hz;
    es_time duration_ns; /* arrivals before this time; ES_TIME_NEVER: no limit */
    uint64_t n_steps;    /* arrivals at most; UINT64_MAX: no limit */
    bool exponential_head, exponential_tail;
    es_time deadline_ns; /* ES_TIME_NEVER: none */
    bool drop_late;
    size_t max_backlog;

    bool outcomes; /* compute the oracle's latency and the regret of every step */
    bool has_energy;
    double active_w, transmit_w, receive_w, idle_w;
    es_time series_period_ns; /* 0: no time series */

    /* Where rows go. Steps come in order. A status other than ES_OK ends the run. NULL `series`:
     * not wanted. */
    void *context;
    es_status (*steps)(void *context, const es_block *block);
    es_status (*series)(void *context, const es_series *series);
} es_world_config;

/* What a run adds up to beyond its rows. */
typedef struct es_world_result {
    uint64_t n_steps; /* rows written */
    uint64_t n_events;
    es_time end_ns;                     /* last event */
    bool saturated;                     /* stopped at max_backlog */
    double utilisation[ES_N_STATIONS];  /* share of [0, end] with a request in service */
    double queue_length[ES_N_STATIONS]; /* time average, in service included */
    double little_residual_s; /* integral of requests in the system - sum of sojourn times */
} es_world_result;

typedef struct es_world es_world;

/* Creates a world with all memory it will need: it grows with max_backlog, not with the number of
 * requests: 2.5 MB, and in open mode 168 bytes per request of max_backlog. ES_NO_MEMORY. */
ES_NODISCARD es_status es_world_create(const es_world_config *config, es_world **world);
void es_world_destroy(es_world *world);

/* Runs from time 0 until every arrival is dealt with; once per world. No allocation. Returns what a
 * callback returned, or ES_OK. About 5 events per request; O(log n_pieces) per transfer. */
ES_NODISCARD es_status es_world_run(es_world *world, es_world_result *result);

#endif
