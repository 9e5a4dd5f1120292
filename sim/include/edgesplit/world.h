/* The world: groups of devices, their uplinks and downlinks, one server, and the requests that pass
 * them under one policy. The only module that schedules events.
 *
 * Isolated mode (SEMANTICS 3) evaluates each step of one device by itself. Otherwise it is the
 * discrete-event system of SEMANTICS 4: every request passes its device, an uplink, the server and
 * a downlink in this order (those that stay on the device leave there). A group is open, its
 * requests arriving from outside, or closed, each source waiting for its last result. */
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

/* Fifo: one after the other, as they come. Ps (processor sharing): n at a time each get 1/n. */
typedef enum es_discipline { ES_FIFO, ES_PS } es_discipline;

/* Whose a link is: each device's own, one of the group's devices, one of all devices (the links of
 * all groups are then the same, and the first group's is read). */
typedef enum es_sharing { ES_OWN, ES_OF_GROUP, ES_OF_ALL } es_sharing;

typedef struct es_link {
    const es_rate *rate; /* bit/s; NULL: what is sent takes no time */
    es_discipline discipline;
    es_sharing sharing;
    es_time stagger_ns;     /* own links: device i sees the rate i times so much ahead */
    es_time propagation_ns; /* one-way delay */
    const es_rate *delay;   /* the delay over time instead, ns; nothing overtakes. NULL: constant */
} es_link;

/* Devices that are alike: one network, one pair of profiles, one kind of workload. */
typedef struct es_group {
    size_t n_devices;
    const es_cost *cost;
    const es_policy *policy;
    size_t n_offered; /* cuts that the oracle's latency is the least over, ascending */
    const uint32_t *offered;
    es_link uplink, downlink; /* the uplink has a rate */
    double result_bytes;      /* per image */
    size_t n_batches;         /* images per request, cycled; values prepared in `cost` */
    const int64_t *batches;
    bool poisson; /* else periodic: device i's first arrival is i / n_devices of a period late */
    double arrival_rate_hz;   /* of each device */
    es_arrival_list arrivals; /* instead of both, the devices taking turns */
    /* Closed: so many sources on each device, which have their next request when the last one has
     * left and they have thought; all begin at time 0. 0: open. */
    size_t population;
    es_time think_ns; /* mean */
    bool exponential_think;
    bool exponential_head, exponential_tail, exponential_cloud;
    es_time
        switch_cost_ns; /* added to the head of a request whose cut is not that of the one before */
    es_time deadline_ns; /* ES_TIME_NEVER: none */
    bool drop_late;
    bool has_energy;
    es_power power;
} es_group;

typedef struct es_server {
    const es_rate *capacity; /* ES_FULL_CAPACITY is all of it */
    es_discipline discipline;
    size_t n_servers; /* ES_FIFO: so many in parallel, each of that capacity; ES_PS: 1 */
    /* ES_FIFO: tails of the same cut and group that wait for a server are run together, up to
     * `max_batch` images (all sizes up to it are prepared in the costs), and a server waits up to
     * `max_wait_ns` for more of them. 0: each by itself. */
    int64_t max_batch;
    es_time max_wait_ns;
} es_server;

/* Jobs of others, which queue at the server and leave no rows. */
typedef struct es_background {
    double rate_hz;           /* Poisson; 0: none */
    es_arrival_list arrivals; /* instead: times only */
    es_time service_ns;       /* mean, on the unloaded server */
    bool exponential;
} es_background;

enum { ES_MAX_GROUPS = 16 };

typedef struct es_world_config {
    /* Everything pointed to is borrowed and outlives the run. */
    size_t n_groups; /* 1 .. ES_MAX_GROUPS */
    es_group groups[ES_MAX_GROUPS];
    es_server server;
    /* Three tiers: a link from the server to the cloud, which all requests share and results come
     * back over in its propagation alone; and the cloud, without batches. The costs have their
     * cuts, and those of the cloud. Rate NULL: two tiers. */
    es_link backhaul;
    es_server cloud;
    es_background background;

    es_knowing knowing;
    double half_life_s, slow_half_life_s; /* ES_KNOW_EWMA, ES_KNOW_DUAL_EWMA */
    size_t knowledge_samples; /* harmonic means: how many count, 1 .. ES_MAX_KNOWLEDGE_SAMPLES */
    es_time staleness_ns;     /* ES_KNOW_TRUE: what is known is so old */
    /* A probe goes over a device's idle uplink when nothing was learnt of it for so long; 0: never.
     * Not in isolated mode. */
    es_time probe_every_ns;
    int64_t probe_bytes; /* > 0 */
    double
        noise; /* standard deviation of the logarithm of what is known over what is so; 0: none */
    double initial_rate_bps; /* believed before the first transfer, unless ES_KNOW_TRUE */
    bool load_aware;         /* a sample of the server's speed counts the wait in its queue */

    bool isolated; /* one group of one device */
    /* Isolated mode over a grid: step i takes batch, load and rate from these lists, batch changing
     * fastest. n_rates = 0: states come from the rate functions at each arrival. */
    size_t n_rates, n_loads;
    const double *rates_bps, *loads;

    uint64_t seed;
    uint32_t replication; /* < 2^16: other draws from the same seed */
    es_time duration_ns;  /* arrivals before this time; ES_TIME_NEVER: no limit */
    uint64_t n_steps;     /* arrivals at most, of all devices; UINT64_MAX: no limit */
    size_t max_backlog;   /* at least the number of sources of closed groups */

    bool outcomes; /* compute the oracle's latency and the regret of every step (es_world_foresees)
                    */
    es_time series_period_ns; /* 0: no time series */
    bool events_only;         /* every station has its events, also where what requests meet could
                                 be told ahead (es_world_run): for tests */

    /* OPTIONAL: what rows are collected in, for worlds that follow each other; what it holds is
     * lost. Whoever is given its steps may keep it and put another one there. */
    es_block **block;

    /* Where rows go. Steps come in order of arrival. A status other than ES_OK ends the run. NULL
     * `series`: not wanted. */
    void *context;
    es_status (*steps)(void *context, const es_block *block);
    es_status (*series)(void *context, const es_series *series);
} es_world_config;

/* What a run adds up to beyond its rows. */
typedef struct es_world_result {
    uint64_t n_steps;  /* rows written */
    uint64_t n_events; /* in the event list; what is told ahead (es_world_run) has none */
    es_time end_ns;    /* last event */
    bool saturated;    /* stopped at max_backlog */
    uint64_t n_probes;
    es_time probing_ns;    /* time the uplink has spent on them */
    uint64_t n_background; /* jobs of others that came */
    /* Over [0, end]: busy share of all devices, links or servers of a kind, their mean; time
     * average of the number at all of them together, in service included. */
    double utilisation[ES_N_STATIONS], queue_length[ES_N_STATIONS];
    double little_residual_s; /* integral of requests in the system - sum of sojourn times */
} es_world_result;

typedef struct es_world es_world;

/* Whether what a request would meet by each cut can be told when it arrives: so in isolated mode,
 * and with two tiers of a single device whose stations are all first in, first out, with one server
 * and no jobs of others. Else `outcomes` and clairvoyant policies are not to be had. */
bool es_world_foresees(const es_world_config *config);

/* Creates a world with all memory it will need: it grows with max_backlog, not with the number of
 * requests: 3.2 MB, and in open mode 128 to 200 bytes per request of max_backlog and 300 to 620 per
 * device. ES_NO_MEMORY. */
ES_NODISCARD es_status es_world_create(const es_world_config *config, es_world **world);
void es_world_destroy(es_world *world);

/* Runs from time 0 until every arrival is dealt with; once per world. No allocation. Returns what a
 * callback returned, or ES_OK.
 *
 * About 5 events per request; O(log n_pieces) per transfer. Where what a request meets follows from
 * those that came before it, that is told ahead instead, with the same results to the bit: one
 * event per request of a single device, two in a fleet. So it is when all requests come from
 * outside (no closed groups, no jobs of others, no probes), each device has a link of its own,
 * links and servers take one after the other and each request by itself, delays are constant, a
 * downlink that has a rate lies behind one server, and no policy goes by queues or by what it has
 * learnt. */
ES_NODISCARD es_status es_world_run(es_world *world, es_world_result *result);

#endif
