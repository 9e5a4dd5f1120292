/* Random small worlds, and what must come of them: SEMANTICS 4 a second time, request by request
 * along its path instead of event by event, with no code of the simulator but its random streams
 * and its policies. */
#ifndef TESTS_SUPPORT_RANDOM_WORLD_H
#define TESTS_SUPPORT_RANDOM_WORLD_H

#include "dice.h"
#include "worlds.h"

enum { MAX_PIECES = 8, MAX_REQUESTS = 64, MAX_POPULATION = 5 };

/* A rate function as its definition. */
struct pieces {
    size_t n;
    es_time starts[2 * MAX_PIECES + 1];
    int64_t rates[2 * MAX_PIECES];
    es_at_end at_end;
};
es_rate *rate_of(const struct pieces *pieces);

/* The rate at `at`, when work begun at `from` is done, and how much is done from `from` to `to`, by
 * walking over the pieces. */
int64_t rate_at(const struct pieces *pieces, es_time at);
es_time work_done_at(const struct pieces *pieces, es_time from, es_work work);
es_work work_done_by(const struct pieces *pieces, es_time from, es_time to);

/* A world with all that its configuration points to; it may not be moved. */
struct random_world {
    struct made_up network;
    struct pieces uplink, server, downlink;
    bool has_downlink;
    es_policy policy;
    uint32_t candidates[MAX_CUTS];
    int64_t batches[4];
    es_time arrival_times[MAX_REQUESTS], deadlines_ns[MAX_REQUESTS];
    uint32_t batch_index[MAX_REQUESTS];
    es_rate *uplink_rate, *server_rate, *downlink_rate;
    es_world_config config;
};

/* Fills everything from the seed: loads of 0.1 to 3, lists of arrivals, rates with zeros, every
 * policy, deadlines, knowledge, random service, at most MAX_REQUESTS requests. */
void random_world_init(struct random_world *world, uint64_t seed);
/* Creates the rate functions again after the pieces were changed. */
void random_world_update(struct random_world *world);
void random_world_fini(struct random_world *world);

/* The rows that must come of it; `saturated` if arrivals stop at the backlog's limit. */
size_t expected_rows(const struct random_world *world, struct row rows[MAX_REQUESTS],
                     bool *saturated);

#endif
