/* What the modes of the world share (private): groups, devices, what they know, their requests. */
#ifndef SIM_WORLD_INTERNAL_H
#define SIM_WORLD_INTERNAL_H

#include "edgesplit/engine.h"
#include "edgesplit/number.h"
#include "edgesplit/rng.h"
#include "edgesplit/world.h"
#include "estimate.h"

/* A request as it arrives. */
struct arrival {
    es_time at, deadline_ns; /* ES_TIME_NEVER: no deadline */
    uint32_t batch_index;    /* of its table in struct group */
};

/* Where one is in a list of arrivals that may start again. */
struct list_place {
    size_t i;
    es_time round; /* when the present round began */
};

/* A group at work. */
struct group {
    const es_group *config;
    size_t first_device, first_source;
    size_t first_line[2]; /* of propagation, down and up: one, or with delays that change one for
                             each device that has a link of its own */
    /* What a request costs, what is known of that beforehand, and the fixed part of an offloaded
     * request: [n_tables], the table of each batch size; of a network with exits, where requests
     * have one image each, at (exits given up at its end) * (n_exits + 1) + exit drawn. */
    size_t n_tables;
    const es_cut_costs **costs, **shown;
    double *delay_s;
    const es_exit_network *exits; /* NULL: none */
    es_rng *exit_draws;           /* [n_devices] NULL without */
    int64_t *ones;                /* the batch sizes [n_tables] of a network with exits */
    double *table_delay_s;        /* [cost->n_batches] likewise; NULL: the policy has no memory */
    size_t memory_bytes;          /* of the policy, for a device; 0: one for all of them */
    char *memory;                 /* NULL: it has none */
    double period_ns;             /* mean, between the arrivals of a device */
    struct list_place place;      /* of the next arrival in the list */
    size_t turn;                  /* the device that gets it */
};

/* First in, first out, by index of the requests. */
struct fifo {
    uint32_t first, last, n;
};

enum probe { PROBE_WAITS, PROBE_ON_UPLINK, PROBE_ANSWERED };

struct device {
    struct fifo queue; /* heads; the first is being computed. Sent ahead: requests, by the low bits
                          of their numbers, on their way to the server */
    uint32_t chosen;   /* cut of the request before */
    uint64_t dwell;    /* requests in a row that got it; 0: there was none before */
    uint64_t n_arrivals;
    int64_t planned_head_ns;   /* of the queue, as profiled */
    es_time free_at;           /* sent ahead: when it has computed all heads so far */
    uint32_t uplink, downlink; /* indices of links */
    uint16_t group;
    uint8_t probe; /* enum probe; its slot is pending when it waits or its answer is on the way */
};

/* What a device has made of samples. */
struct belief {
    struct estimate rate, capacity; /* bit/s; share of the server */
};

/* A piece of a rate function; at first none. */
struct hold {
    es_time from, until;
    int64_t rate;
};

/* Questions about the present, and about what is known of it. */
struct gaze {
    struct hold present; /* the piece that was met last */
    es_rate_cursor now, then;
};

/* Work is done at the rate `ahead_ns` ahead of now. */
struct flow {
    struct hold hold; /* the piece that work was begun in last */
    const es_rate *rate;
    es_time ahead_ns;
    es_rate_cursor cursor;
};

#define NOBODY UINT32_MAX

struct link {
    struct gaze gaze;
    struct flow flow;
    int64_t planned_bits; /* accepted for it and not yet sent */
    es_time free_at;      /* sent ahead: when it has sent all so far */
    struct fifo queue;    /* the first is being sent */
    uint32_t crowd;       /* those that share it instead; NOBODY: they do not */
};

typedef struct es_world {
    es_world_config config;
    struct group groups[ES_MAX_GROUPS];
    size_t n_devices;
    struct device *devices;
    struct belief *beliefs; /* [n_devices] NULL: the policy knows the truth */
    double *samples;        /* [n_devices][2][2 * knowledge_samples] harmonic means; or NULL */
    size_t n_uplinks;
    struct link *uplinks; /* [n_uplinks] */
    struct gaze server_gaze, backhaul_gaze, cloud_gaze;
    es_exponentials *gaps; /* [n_devices] between Poisson arrivals; NULL without */
    es_rng *noises;        /* [n_devices] NULL without */
    bool has_exits;        /* some group's network has */
    es_block *block;       /* rows not yet handed over */
    double *outcome_s;     /* [n_cuts] of the first group */
    es_world_result *result;
    struct open_system *open; /* NULL in isolated mode */
} es_world;

/* The nearest whole number, halves away from 0, of a number that is not negative: llround without a
 * call. */
static inline int64_t nearest(double value) {
    int64_t whole = (int64_t)value;
    return whole + (value - (double)whole >= 0.5);
}

static inline struct group *group_of(es_world *world, const struct device *device) {
    return &world->groups[device->group];
}

/* The link of device i of a group: a new one behind the `*n` there are, or the last of them. */
uint32_t links_join(const es_link *link, size_t group, size_t i, struct link *links, size_t *n);

/* Goes on to the next arrival of a list, and says when it is; ES_TIME_NEVER: there is none. */
es_time list_next(const es_arrival_list *list, struct list_place *place);

/* When the first request of a device arrives, or that of the first device of a group with a list;
 * ES_TIME_NEVER: there is none. Open groups. */
es_time arrival_first(es_world *world, struct group *group, size_t device);

/* Fills in what the request that arrives at `at` brings, and returns when the next one of the
 * device, or of the list, comes. Open groups. */
es_time arrival_take(es_world *world, struct group *group, size_t device, es_time at,
                     struct arrival *arrival);

/* Fills in what a request brings that no list says anything of, and draws the exit that it takes
 * unless it has to leave earlier: the same for every policy. */
void arrival_describe(es_world *world, struct group *group, size_t device, es_time at,
                      struct arrival *arrival);

/* Rate and load as they truly are at `at`. */
void world_present(es_world *world, const struct device *device, es_time at, double *rate_bps,
                   double *load);

/* A transfer, or a tail, has shown the rate or the share of the server's capacity. */
void world_learn_rate(es_world *world, const struct device *device, double rate_bps, es_time now);
void world_learn_capacity(es_world *world, const struct device *device, double share, es_time now);

/* What the policy knows at `at`, times not falling; `rate_bps` and `load` are the truth and are
 * replaced; by NaN for a policy that learns. */
void world_know(es_world *world, const struct device *device, es_time at, double *rate_bps,
                double *load);

/* Three tiers: fills in what the policy knows at `at` of the backhaul and the cloud, times not
 * falling: what is so (as stale and as noisy as the rest), or with knowledge from samples, which
 * tell it nothing of them, their means. And what is so. */
void world_know_beyond(es_world *world, const struct device *device, es_time at,
                       es_policy_view *view);
void world_present_beyond(es_world *world, es_time at, es_policy_view *view);

static inline bool has_cloud(const es_world_config *config) {
    return config->backhaul.rate != NULL;
}

/* The piece that holds at `at`. */
static inline void hold_at(struct hold *hold, const es_rate *rate, es_rate_cursor *cursor,
                           es_time at) {
    if (at < hold->from || at >= hold->until)
        hold->rate = es_rate_piece_at(rate, cursor, at, &hold->from, &hold->until);
}

/* Whether that is always the truth. */
bool world_knows_truth(const es_world_config *config);

/* Takes a policy's choice apart: returns the cut, and turns to the table of a request that has to
 * leave at an exit. */
static inline size_t group_take_choice(const struct group *group, size_t choice, uint32_t *table) {
    size_t n_cuts = group->shown[0]->n_cuts;
    if (choice < n_cuts)
        return choice;
    *table += (uint32_t)(choice / n_cuts * (group->exits->n_exits + 1));
    return choice % n_cuts;
}

/* The exit that a request of a group with exits takes by its table. */
static inline size_t group_exit(const struct group *group, uint32_t table) {
    size_t n = group->exits->n_exits, last = n - table / (n + 1), drawn = table % (n + 1);
    return drawn < last ? drawn : last;
}

/* What a policy sees of a request besides rate, load and queues. */
es_policy_view world_view(es_world *world, const struct device *device,
                          const struct arrival *arrival);

/* What it costs to take `cut` now: nothing if it is the one of the request before. */
static inline int64_t world_switch_ns(es_world *world, const struct device *device, size_t cut) {
    return device->dwell > 0 && device->chosen != cut
               ? group_of(world, device)->config->switch_cost_ns
               : 0;
}

/* A result is back: what a policy that learns learns from, `offloaded_s` after the end of its head.
 */
void world_teach(es_world *world, const struct device *device, const es_cut_costs *costs,
                 size_t cut, double offloaded_s);

/* Remembers the cut of a request. */
static inline void world_chose(struct device *device, size_t cut) {
    device->dwell = device->dwell > 0 && device->chosen == cut ? device->dwell + 1 : 1;
    device->chosen = (uint32_t)cut;
}

/* Energy of a request from its state times, s; NaN if none is configured. */
static inline double world_energy(const es_group *group, double head_s, double send_s,
                                  double receive_s, double total_s) {
    if (!group->has_energy)
        return ES_NAN;
    const es_power *power = &group->power;
    return power->active_w * head_s + power->transmit_w * send_s + power->receive_w * receive_s +
           power->idle_w * (total_s - head_s - send_s - receive_s);
}

/* Fills in the exit at which a request leaves the network, and the accuracy there if it has. */
void world_fill_exit(const es_world *world, const struct group *group, uint32_t table,
                     bool finished, size_t row);

/* Hands a full block over. */
es_status world_block_done(es_world *world);

/* The row to fill next; world_row_done counts it. */
static inline size_t world_row(const es_world *world) {
    return world->block->n;
}
static inline es_status world_row_done(es_world *world) {
    world->result->n_steps++;
    return ++world->block->n < ES_BLOCK_STEPS ? ES_OK : world_block_done(world);
}

es_status open_create(es_world *world);
void open_destroy(struct open_system *open);
es_status open_run(es_world *world);
es_status isolated_run(es_world *world);

/* The number of requests that will come, and each of them shown to the policy (isolated mode).
 * ES_NO_MEMORY. */
es_status isolated_count(const es_world_config *config, uint64_t *n);
es_status isolated_show(es_world *world);

#endif
