/* The state of the discrete-event system of SEMANTICS 4 (private).
 *
 * Everything that waits owns one slot of the engine. Slots are numbered in the order of
 * simultaneous events: completions along the path of a request, the end of a wait for a batch,
 * probes, arrivals, samples; within a kind by device, link or server. What a world does not have
 * gets no slot. */
#ifndef SIM_WORLD_SYSTEM_H
#define SIM_WORLD_SYSTEM_H

#include "internal.h"

#include <math.h>

/* The latest end of a service: what is added to it (propagation) stays in the range of es_time. */
#define LATEST (ES_TIME_NEVER / 2)

enum { IN_FLIGHT = -1 };

/* What a request meets at a station. */
union visit {
    struct {
        es_time wait_ns;
        es_time service_ns; /* of a head or tail not yet computed: its nominal length */
    };
    es_work goal; /* while it shares the station: struct crowd */
};

/* A request in flight. */
struct request {
    union visit visit[ES_N_STATIONS_OF_TWO_TIERS];
    es_time arrival, deadline_at;
    es_time since; /* it is where it is; on a propagation line: until when; when it left, at last */
    double rate_true, load_true;
    uint32_t device, source; /* source: of the device */
    uint32_t batch_index;    /* of its table in struct group */
    uint32_t next;  /* behind it in the same queue, line or batch; in a crowd the left child */
    uint32_t right; /* child, in a crowd */
    uint16_t cut;
    uint8_t station : 3;  /* es_station: what it has passed lies before */
    uint8_t switches : 1; /* its head pays for a change of the cut */
    uint8_t group : 4;    /* of the device */
    int8_t status;        /* es_step_status, or IN_FLIGHT */
};

_Static_assert(sizeof(struct request) == 128, "what a request in flight takes");
_Static_assert(ES_N_STATIONS < 1 << 3 && ES_MAX_GROUPS <= 1 << 4, "what fits its fields");

/* What of a request is only kept where it is wanted. */
struct knowledge {
    double rate_estimate, load_estimate, oracle_s;
};
struct delays {
    es_time up_ns, down_ns;
};
struct beyond {
    union visit visit[ES_N_STATIONS - ES_N_STATIONS_OF_TWO_TIERS];
};

/* Processor sharing: n requests at a station, each of which gets 1/n of its rate.
 *
 * A request is done when the work that everybody present has received since the station was last
 * empty reaches its goal, which is set when it joins: the order of the ends never changes, so a
 * heap of goals and one event suffice (virtual time: A. Demers, S. Keshav, S. Shenker, "Analysis
 * and Simulation of a Fair Queueing Algorithm", SIGCOMM 1989). Work is counted in whole
 * unit-nanoseconds, and what does not divide by n is carried over: none is lost. */
struct crowd {
    es_work received; /* by everybody present, since the station was last empty */
    es_work carry;    /* done, less than n, and not yet received */
    es_time at;       /* of both */
    uint32_t root;    /* of the heap */
    uint32_t n;
};

/* Propagation: any number at once, in order. */
struct line {
    struct fifo queue;
    es_time last_due;
    es_rate_cursor cursor;
};

/* The server, or the cloud. */
struct server {
    const es_server *config;
    es_station station;
    struct kind *kind;
    size_t slot; /* of its first server */
    struct fifo waiting;
    struct crowd crowd;
    struct flow flow;
    size_t n_idle;
    size_t first_idle;                          /* no server before this one is idle */
    uint32_t *serving;                          /* [n_servers] the first of a batch; NOBODY: idle */
    const es_cut_costs **merged[ES_MAX_GROUPS]; /* [max_batch + 1] of each group, by images */
};

/* Time integrals of all stations of a kind. */
struct kind {
    size_t n_stations;
    uint64_t n, n_busy; /* requests inside; stations at work */
    es_time changed;
    es_work area, busy; /* of n and of n_busy over time, ns */
    es_work sampled_area, sampled_busy;
};

/* The first slot of each kind of event. */
struct slots {
    size_t device, uplink, server, backhaul, cloud, downlink, up_line, backhaul_line, down_line,
        batch, probe, arrival, background, sample;
};

typedef struct open_system {
    es_engine *engine;
    struct slots slots;
    size_t n_pending;  /* slots that are, but for probes, jobs of others to come, and samples */
    size_t n_arriving; /* of them arrivals */
    struct request *requests; /* ring of steps, then probes, one per device, then jobs of others */
    struct knowledge *known;  /* [ring] NULL: the policy knows the truth and there is no oracle */
    struct delays *delays;    /* [ring] NULL: those of propagation are constant */
    struct beyond *beyond;    /* [ring] NULL: two tiers */
    uint32_t mask;            /* ring capacity - 1 */
    uint32_t first_probe, first_job;
    struct fifo free_jobs;
    uint64_t n_jobs;      /* of others at the server */
    uint64_t first, next; /* steps: oldest not yet written, next to arrive */
    size_t n_sources, n_downlinks;
    uint32_t *device_of; /* [n_sources] NULL: each device has one */
    es_rng *thinks;      /* [n_sources] NULL unless random */
    es_exponentials *head_draws, *tail_draws, *cloud_draws; /* [n_devices] NULL unless random */
    es_rng job_gaps, job_draws;
    struct list_place job_place; /* of the next job of others in the list */
    struct link *downlinks;
    struct crowd *crowds;  /* of links that are shared */
    struct line *lines[2]; /* [n_lines] down and up */
    size_t n_lines[2];
    struct server server, cloud;
    struct link backhaul;
    struct fifo backhaul_lines[2]; /* of propagation, down and up */
    es_rate_cursor *probe_cursors; /* [n_devices] of the server, when a probe comes by */
    struct kind kinds[ES_N_STATIONS];
    struct kind everybody; /* in the system; no stations */
    es_work sojourn;       /* sum of departure - arrival, ns */
    es_time end;           /* last event other than a probe's or a sample */
    /* Looking ahead: one device, all stations first in, first out. */
    int64_t *least_ns; /* [n_tables][n_cuts] transfer at the best rate, and propagation; NULL if
                          nobody looks ahead */
    size_t best_candidate, best_offered; /* places of the last request's best cuts */
    es_time free_at[ES_N_STATIONS];   /* when each station is done with what was accepted so far */
    struct flow ahead[ES_N_STATIONS]; /* of forecasts */
    es_series *series;
    struct express *express; /* NULL: every station has events (express.h) */
    es_status status;        /* of the callbacks */
} open_system;

/* What one request may draw on: factors on the nominal service times. */
struct draws {
    double head, tail, cloud;
};

static inline bool is_probe(const open_system *open, uint32_t index) {
    return index >= open->first_probe && index < open->first_job;
}
static inline bool is_job(const open_system *open, uint32_t index) {
    return index >= open->first_job;
}
static inline struct device *device_of(const es_world *world, const struct request *request) {
    return &world->devices[request->device];
}
static inline uint32_t device_of_source(const open_system *open, size_t i_source) {
    return open->device_of != NULL ? open->device_of[i_source] : (uint32_t)i_source;
}
static inline const es_cut_costs *costs_of(const es_world *world, const struct request *request) {
    return world->groups[request->group].costs[request->batch_index];
}
static inline union visit *visit_of(open_system *open, uint32_t index, es_station station) {
    return station < ES_BACKHAUL ? &open->requests[index].visit[station]
                                 : &open->beyond[index].visit[station - ES_BACKHAUL];
}
/* The same as far as is known beforehand. */
static inline const es_cut_costs *shown_of(const es_world *world, const struct request *request) {
    return world->groups[request->group].shown[request->batch_index];
}
static inline int64_t bits_of(const es_world *world, const struct request *request) {
    return 8 * costs_of(world, request)->bytes[request->cut];
}

/* Times a slot that keeps the system running. */
static inline void plan_event(open_system *open, size_t slot, es_time at) {
    bool was = es_engine_schedule(open->engine, slot, at) != ES_TIME_NEVER;
    open->n_pending += (size_t)(at != ES_TIME_NEVER) - (size_t)was;
}

static inline void integrate(struct kind *kind, es_time now) {
    es_time elapsed = now - kind->changed;
    kind->area += (es_work)elapsed * (es_work)kind->n;
    kind->busy += (es_work)elapsed * (es_work)kind->n_busy;
    kind->changed = now;
}

/* So many more (or fewer) requests inside, and stations at work. */
static inline void count(struct kind *kind, es_time now, int requests, int busy) {
    integrate(kind, now);
    kind->n += (uint64_t)(int64_t)requests;
    kind->n_busy += (uint64_t)(int64_t)busy;
}

static inline void fifo_push(struct request *requests, struct fifo *fifo, uint32_t index) {
    if (fifo->n++ == 0)
        fifo->first = index;
    else
        requests[fifo->last].next = index;
    fifo->last = index;
}

static inline uint32_t fifo_pop(const struct request *requests, struct fifo *fifo) {
    uint32_t index = fifo->first;
    fifo->first = requests[index].next;
    fifo->n--;
    return index;
}

/* When a flow has done `work` begun at `from`; ES_TIME_NEVER also behind LATEST. */
static inline es_time flow_end(struct flow *flow, es_time from, es_work work) {
    struct hold *hold = &flow->hold;
    from += flow->ahead_ns;
    hold_at(hold, flow->rate, &flow->cursor, from);
    /* Mostly it is done within the piece it began in. */
    es_time most = (hold->until < LATEST ? hold->until : LATEST) - from, ns = ES_TIME_NEVER;
    if (work <= 0)
        ns = 0;
    else if (hold->rate > 0 && work <= INT64_MAX)
        ns = ((int64_t)work - 1) / hold->rate + 1;
    if (ns <= most)
        return from + ns - flow->ahead_ns;
    es_time end = es_rate_finish(flow->rate, &flow->cursor, from, work);
    return end <= LATEST ? end - flow->ahead_ns : ES_TIME_NEVER;
}

static inline es_work result_work(const es_group *group, uint32_t batch_index) {
    double bytes = ceil(group->result_bytes * (double)group->batches[batch_index]);
    return (es_work)bytes * 8 * ES_SECOND;
}

static inline bool is_overdue(const es_world *world, const struct request *request, es_time now) {
    return now > request->deadline_at && world->config.groups[request->group].drop_late;
}

static inline int64_t scaled(int64_t ns, double factor) {
    return factor == 1 ? ns : nearest((double)ns * factor);
}

/* A request joins the crowd at a station, or the one with the least goal leaves (ties: the one that
 * arrived first). O(log n) amortised, no allocation. */
void crowd_join(open_system *open, struct crowd *crowd, const struct flow *flow, es_station station,
                uint32_t index, es_work work, es_time now);
uint32_t crowd_leave(open_system *open, struct crowd *crowd, const struct flow *flow,
                     es_station station, es_time now);

/* When the next one leaves; ES_TIME_NEVER: nobody ever does. */
es_time crowd_next(const open_system *open, const struct crowd *crowd, struct flow *flow,
                   es_station station);

/* A request begins the queue of a transfer over its link at a station: uplink, downlink or
 * backhaul; the transfer in hand is done. */
void link_join(es_world *world, es_station station, uint32_t index, es_time now);
void link_done(es_world *world, es_station station, size_t i, es_time now);

/* Whether each device has a propagation line of its own: delays that change let nothing overtake on
 * a link, while constant ones keep any order, and one line does for all. */
static inline bool line_is_own(const es_link *link) {
    return link->delay != NULL && link->sharing == ES_OWN;
}

/* A request goes over a propagation line; the first of one is through. */
void propagate(es_world *world, bool up, uint32_t index, es_time now);
void line_done(es_world *world, bool up, size_t i, es_time now);

/* The server, and the cloud where there is one. ES_NO_MEMORY. */
es_status servers_create(es_world *world);
void server_join(es_world *world, struct server *server, uint32_t index, es_time now);
void server_done(es_world *world, struct server *server, size_t i, es_time now);

/* Lets idle servers begin on what waits, if it has waited long enough for more. */
void server_serve(es_world *world, struct server *server, es_time now);

/* Three tiers. Whether the server computes something of a request, and the cloud. */
bool uses_server(const es_world *world, const struct request *request);
bool uses_cloud(const es_world *world, const struct request *request);

/* A request goes over the backhaul's propagation; the first on its line is through. */
void backhaul_propagate(es_world *world, bool up, uint32_t index, es_time now);
void backhaul_line_done(es_world *world, bool up, es_time now);

/* A request's result begins its way back from the server. */
void go_back(es_world *world, uint32_t index, es_time now);

/* When the first job of others comes; it comes at `now`, and when the next one does. ES_TIME_NEVER:
 * none. */
es_time job_first(es_world *world);
es_time job_arrive(es_world *world, es_time now);

/* A request is back, or is given up where it next would be served. */
void come_back(es_world *world, uint32_t index, es_time now);
void drop(es_world *world, uint32_t index, es_time now);

/* A transfer up is done: what is learnt of it. */
void sent_up(es_world *world, const struct request *request, es_time now);

/* Probes of device i: the next one is due when nothing was learnt for so long; its slot's event; it
 * is sent. */
void probe_arm(es_world *world, size_t i, es_time now);
void probe_event(es_world *world, size_t i, es_time now);
void probe_sent(es_world *world, uint32_t index, es_time now);

/* Service times of a request by `cut`, with what was drawn and the cost of changing the cut. */
static inline int64_t head_time_ns(es_world *world, const struct request *request, size_t cut,
                                   const struct draws *draws) {
    return scaled(costs_of(world, request)->head_ns[cut], draws->head) +
           world_switch_ns(world, device_of(world, request), cut);
}
static inline int64_t cloud_time_ns(const es_world *world, const struct request *request,
                                    size_t cut, const struct draws *draws) {
    return scaled(costs_of(world, request)->cloud_ns[cut], draws->cloud);
}
static inline int64_t tail_time_ns(const es_world *world, const struct request *request, size_t cut,
                                   const struct draws *draws) {
    return scaled(costs_of(world, request)->tail_ns[cut], draws->tail);
}

/* Prepares looking ahead. ES_NO_MEMORY. */
es_status forecast_create(es_world *world);

/* Looks ahead for a clairvoyant policy, over its own candidates (world->outcome_s), and for the
 * column oracle_latency, over all offered cuts, the least of which it returns; NaN: none. */
double look_ahead(es_world *world, const struct request *request, const struct draws *draws);

/* Books the stations for a request whose cut is chosen. */
void forecast_accept(es_world *world, const struct request *request);

/* Has what the next event will probably look at fetched from memory, in worlds that do not fit a
 * cache. */
void fetch_next(const es_world *world);
static inline void foresee(const es_world *world) {
    enum { FEW_DEVICES = 256 };
    if (world->n_devices > FEW_DEVICES)
        fetch_next(world);
}

/* Plans the first arrivals; one of a source comes; what the run adds up to once all is over. */
void open_sources(es_world *world);
void arrive(es_world *world, size_t i_source, es_time now);
void sum_up(es_world *world);

/* Fills in the rates of interval `i` of the time series, which ends at `end`. */
void series_show_rates(es_world *world, size_t i, es_time end);

/* Hands over the row of the next request; those of the oldest requests as far as they have left, or
 * all of them at the end. */
void write_row(es_world *world, uint32_t index);
void write_rows(es_world *world, bool all);

#endif
