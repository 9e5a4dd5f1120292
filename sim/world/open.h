/* The state of open mode, the discrete-event system of SEMANTICS 4 (private). */
#ifndef SIM_WORLD_OPEN_H
#define SIM_WORLD_OPEN_H

#include "internal.h"

#include <math.h>

/* Event slots. Their order is the order of simultaneous events: completions along the path of a
 * request, then arrivals, one slot per source of requests, then samples. */
enum slot {
    SLOT_STATION, /* completions, one per es_station */
    SLOT_UP_LINE = SLOT_STATION + ES_N_STATIONS,
    SLOT_DOWN_LINE,
    SLOT_PROBE,
    SLOT_ARRIVAL, /* of source 0 */
};

/* What the probe is doing: SLOT_PROBE is pending when it waits or its answer is on the way. */
enum probe { PROBE_WAITS, PROBE_ON_UPLINK, PROBE_ANSWERED };

enum { IN_FLIGHT = -1 };

/* A request in flight; it is found at its step modulo the capacity of the ring. */
struct request {
    es_time arrival, deadline_at;
    es_time entered;                /* the queue or line it is in */
    es_time wait_ns[ES_N_STATIONS]; /* in the queue of each station passed */
    es_time service_ns[ES_N_STATIONS];
    es_time left;             /* the system */
    int64_t head_ns, tail_ns; /* nominal service */
    double rate_true, rate_estimate, load_true, load_estimate, oracle_s;
    uint32_t cut, batch_index;
    uint32_t next; /* behind it in the same queue or line */
    uint16_t source;
    int8_t status; /* es_step_status, or IN_FLIGHT */
};

/* A first-in-first-out queue with its time integrals. */
struct queue {
    uint32_t first, last, n;
    es_time changed; /* when n last changed */
    es_time busy_ns; /* time with n > 0 */
    es_work area;    /* integral of n over time, ns */
};

typedef struct open_system {
    es_engine *engine;
    struct request *ring;
    uint32_t mask;        /* ring capacity - 1 */
    uint64_t first, next; /* steps: oldest not yet written, next to arrive */
    size_t n_sources, sample_slot;
    struct arrival arriving; /* the next one; closed mode: none */
    gsl_rng **thinks;        /* [n_sources] closed mode with random think times; else NULL */
    struct queue station[ES_N_STATIONS];
    struct queue up_line, down_line; /* propagation: any number at once, in order */
    struct queue system;             /* everybody; only its integrals are used */
    es_work sojourn;                 /* sum of departure - arrival, ns */
    es_rate_cursor cursor[ES_N_STATIONS], ahead[ES_N_STATIONS]; /* of service, of forecasts */
    int64_t *least_ns; /* [n_batches][n_cuts] transfer at the best rate, and propagation; NULL if
                          nobody looks ahead */
    size_t best_candidate, best_offered; /* places of the last request's best cuts */
    int64_t planned_head_ns;             /* heads of the requests at the device, as profiled */
    int64_t planned_bits;                /* of all requests that have not been sent */
    es_time free_at[ES_N_STATIONS]; /* when each station is done with what was accepted so far */
    es_time end;                    /* last event other than a sample */
    enum probe probe;
    es_rate_cursor probe_cursor; /* of the server, when a probe comes by */
    gsl_rng *head_draws, *tail_draws;
    es_series *series;
    es_time sampled_busy[ES_N_STATIONS];
    es_work sampled_area[ES_N_STATIONS];
    es_status status; /* of the callbacks */
} open_system;

/* What one request may draw on: factors on the nominal service times. */
struct draws {
    double head, tail;
};

/* The latest end of a service: what is added to it (propagation) stays in the range of es_time. */
#define LATEST (ES_TIME_NEVER / 2)

static inline es_work result_work(const es_world_config *config, uint32_t batch_index) {
    double bytes = ceil(config->result_bytes * (double)config->batches[batch_index]);
    return (es_work)bytes * 8 * ES_SECOND;
}

/* When a station that begins on a request at `from` is done with it; ES_TIME_NEVER if it never is,
 * or behind LATEST. Every forecast uses the same function. */
static inline es_time service_end(const es_world *world, es_station station, es_time from,
                                  const struct request *request, size_t cut, es_rate_cursor *cursor,
                                  int64_t head_ns, int64_t tail_ns) {
    const es_world_config *config = &world->config;
    const es_rate *rate = config->uplink;
    es_work work = 0;
    switch (station) {
    case ES_DEVICE: return from + head_ns;
    case ES_UPLINK:
        work = (es_work)world->costs[request->batch_index]->bytes[cut] * 8 * ES_SECOND;
        break;
    case ES_SERVER:
        rate = config->server;
        work = (es_work)tail_ns * ES_FULL_CAPACITY;
        break;
    case ES_DOWNLINK:
        rate = config->downlink;
        work = result_work(config, request->batch_index);
        break;
    case ES_N_STATIONS: return ES_TIME_NEVER;
    }
    es_time end = es_rate_finish(rate, cursor, from, work);
    return end <= LATEST ? end : ES_TIME_NEVER;
}

static inline int64_t scaled(int64_t ns, double factor) {
    return factor == 1 ? ns : llround((double)ns * factor);
}

/* Service times of a request by `cut`, with what was drawn and the cost of changing the cut. */
static inline int64_t head_time_ns(const es_world *world, const struct request *request, size_t cut,
                                   const struct draws *draws) {
    return scaled(world->costs[request->batch_index]->head_ns[cut], draws->head) +
           world_switch_ns(world, cut);
}

static inline int64_t tail_time_ns(const es_world *world, const struct request *request, size_t cut,
                                   const struct draws *draws) {
    return scaled(world->costs[request->batch_index]->tail_ns[cut], draws->tail);
}

/* Prepares looking ahead. ES_NO_MEMORY. */
es_status forecast_create(es_world *world);

/* Looks ahead for a clairvoyant policy, over its own candidates (world->outcome_s), and for the
 * column oracle_latency, over all offered cuts. */
void look_ahead(es_world *world, struct request *request, const struct draws *draws);

/* Books the stations for a request whose cut is chosen. */
void forecast_accept(es_world *world, const struct request *request);

/* Hands over the rows of the oldest requests as far as they have left, or all of them at the end.
 */
void write_rows(es_world *world, bool all);

#endif
