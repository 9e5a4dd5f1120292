/* Small worlds for tests: cost tables made up by hand, and runs of which every row is kept. */
#ifndef TESTS_SUPPORT_WORLDS_H
#define TESTS_SUPPORT_WORLDS_H

#include "edgesplit/policies.h"
#include "edgesplit/world.h"

#include "test.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)

enum { MAX_CUTS = 6, MAX_BATCHES = 3 };

/* A made-up network: the figures of each cut for each batch size, ascending. */
struct made_up {
    size_t n_cuts, n_batches;
    int64_t batches[MAX_BATCHES];
    int64_t head_ns[MAX_BATCHES][MAX_CUTS], tail_ns[MAX_BATCHES][MAX_CUTS];
    int64_t bytes[MAX_BATCHES][MAX_CUTS];
    /* What follows is made by made_up_cost. */
    double head_s[MAX_BATCHES][MAX_CUTS], tail_s[MAX_BATCHES][MAX_CUTS],
        bits[MAX_BATCHES][MAX_CUTS];
    es_cut_costs tables[MAX_BATCHES];
    bool available[MAX_CUTS];
    es_cost cost;
};

/* The cost tables of a made-up network, which they point into. */
const es_cost *made_up_cost(struct made_up *network);

/* Three cuts, one batch size of 1 image: all on the server (head 0, 100 kB, tail 4 ms), in the
 * middle (head 10 ms, 25 kB, tail 2 ms), all on the device (head 20 ms). */
struct made_up three_cuts(void);

es_rate *constant_rate(int64_t value);
es_rate *stepped_rate(size_t n, const es_time *starts, const int64_t *rates, es_at_end at_end);

/* The policy of that name with these candidates. */
es_policy policy_with(const char *name, size_t n, const uint32_t *candidates);

/* Creates the memory of a policy and begins it; NULL if the policy has none. The caller frees it.
 */
void *policy_memory(const es_policy *policy, const es_policy_start *start);

/* 0, 1, 2, ...: the cuts of a policy that may take any, and cut i alone at [i]. */
extern const uint32_t every_cut[MAX_CUTS];
es_policy fixed_at(size_t cut);

/* A world of one request of one image at time 0 in open mode, every cut offered, no deadline, no
 * downlink, no energy, no series. */
es_world_config one_request(const es_cost *cost, const es_policy *policy, const es_rate *uplink,
                            const es_rate *server);

struct row {
#define ES_COLUMN(name, type, units, long_name) type name;
#include "edgesplit/column.def"
#undef ES_COLUMN
};

/* A finished run. */
struct run {
    size_t n, capacity;
    struct row *rows; /* [n] */
    size_t n_samples, samples_capacity;
    struct sample {
        double end_s, utilisation[ES_N_STATIONS], queue_length[ES_N_STATIONS];
        double uplink_rate_bps, server_load;
    } * samples; /* [n_samples] */
    es_world_result result;
};

/* The callbacks that fill a struct run, their context. */
es_status keep_rows(void *run, const es_block *block);
es_status keep_samples(void *run, const es_series *series);

/* Runs a world to its end and keeps its rows and samples. Free with run_fini. */
struct run run_world(es_world_config config);
void run_fini(struct run *run);

/* Every column of every row has the same bits. */
void assert_same_rows(const struct run *a, const struct run *b);

/* The nearest whole nanosecond. */
int64_t ns_of(double seconds);

#endif
