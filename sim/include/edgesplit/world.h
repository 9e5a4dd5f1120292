/* The world: one device, one uplink, one server, one downlink, and the requests that pass them
 * under one policy. The only module that schedules events.
 *
 * Isolated mode (SEMANTICS 3) evaluates each step by itself. Open mode (SEMANTICS 4) is the
 * discrete-event system: every station is first in, first out, every request passes device, uplink,
 * server and downlink in this order (those that stay on the device leave there), so requests never
 * overtake each other within a station. Closed mode is the same system with requests that wait for
 * each other. */
#ifndef EDGESPLIT_WORLD_H
#define EDGESPLIT_WORLD_H

#include "edgesplit/cost.h"
#include "edgesplit/rate.h"
#include "edgesplit/recorder.h"

/* How a policy learns the rate and the load. */
typedef enum es_knowing {
#define ES_KNOWLEDGE(name, text, meaning) ES_KNOW_##name,
#include "edgesplit/knowledge.def"
#undef ES_KNOWLEDGE
    ES_N_KNOWING
} es_knowing;

enum { ES_MAX_KNOWLEDGE_SAMPLES = 64, ES_MAX_POPULATION = 65535 };

/* Arrivals as a list, each request with what it brings. */
typedef struct es_arrival_list {
    size_t n;                    /* 0: there is no list */
    const es_time *times;        /* [n] not falling, the first at or behind 0 */
    const uint32_t *batch_index; /* [n] into the world's batches; NULL: those are cycled */
    const es_time *deadlines_ns; /* [n] ES_TIME_NEVER: none; NULL: that of the world */
    es_time period_ns;           /* > 0: the list starts again so long after its time 0 */
} es_arrival_list;

typedef struct es_world_config {
    /* Everything pointed to is borrowed and outlives the run. */
    const es_cost *cost;
    const es_policy *policy;
    size_t n_offered; /* cuts that the oracle's latency is the least over, ascending */
    const uint32_t *offered;
    es_knowing knowing;
    double half_life_s, slow_half_life_s; /* ES_KNOW_EWMA, ES_KNOW_DUAL_EWMA */
    size_t knowledge_samples; /* harmonic means: how many count, 1 .. ES_MAX_KNOWLEDGE_SAMPLES */
    es_time staleness_ns;     /* ES_KNOW_TRUE: what is known is so old */
    /* A probe goes over the idle uplink when nothing was learnt of it for so long; 0: never. Open
     * and closed mode. */
    es_time probe_every_ns;
    int64_t probe_bytes; /* > 0 */
    double
        noise; /* standard deviation of the logarithm of what is known over what is so; 0: none */
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
    es_arrival_list arrivals; /* instead of both */
    /* Closed mode: so many sources, each of which has its next request when the last one has left
     * and it has thought; all begin at time 0. 0: open mode. */
    size_t population; /* at most ES_MAX_POPULATION, and max_backlog */
    es_time think_ns;  /* mean */
    bool exponential_think;
    es_time duration_ns; /* arrivals before this time; ES_TIME_NEVER: no limit */
    uint64_t n_steps;    /* arrivals at most; UINT64_MAX: no limit */
    bool exponential_head, exponential_tail;
    es_time
        switch_cost_ns; /* added to the head of a request whose cut is not that of the one before */
    es_time deadline_ns; /* ES_TIME_NEVER: none */
    bool drop_late;
    size_t max_backlog;

    bool outcomes; /* compute the oracle's latency and the regret of every step */
    bool has_energy;
    es_power power;
    es_time series_period_ns; /* 0: no time series */

    /* OPTIONAL: where rows are collected, for worlds that follow each other; what it holds is lost.
     */
    es_block *block;

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
    es_time end_ns; /* last event */
    bool saturated; /* stopped at max_backlog */
    uint64_t n_probes;
    es_time probing_ns;                 /* time the uplink has spent on them */
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
