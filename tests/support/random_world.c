#include "random_world.h"

#include "edgesplit/number.h"

#include <string.h>

es_rate *rate_of(const struct pieces *pieces) {
    return stepped_rate(pieces->n, pieces->starts, pieces->rates, pieces->at_end);
}

/* The piece that holds at `at`, and when it ends. */
static int64_t piece_at(const struct pieces *pieces, es_time at, es_time *end) {
    es_time span = pieces->starts[pieces->n], begun = 0;
    if (at >= span && pieces->at_end != ES_AT_END_LOOP) {
        *end = ES_TIME_NEVER;
        return pieces->at_end == ES_AT_END_HOLD ? pieces->rates[pieces->n - 1] : 0;
    }
    if (at >= span)
        begun = at - at % span;
    size_t i = 0;
    while (pieces->starts[i + 1] <= at - begun)
        i++;
    *end = begun + pieces->starts[i + 1];
    return pieces->rates[i];
}

int64_t rate_at(const struct pieces *pieces, es_time at) {
    es_time end;
    return piece_at(pieces, at, &end);
}

es_time work_done_at(const struct pieces *pieces, es_time from, es_work work) {
    while (work > 0) {
        es_time end;
        int64_t rate = piece_at(pieces, from, &end);
        if (end == ES_TIME_NEVER && rate == 0)
            return ES_TIME_NEVER;
        es_work done = (es_work)rate * (end - from);
        if (end == ES_TIME_NEVER || done >= work)
            return from + (es_time)((work + rate - 1) / rate);
        work -= done;
        from = end;
    }
    return from;
}

es_work work_done_by(const struct pieces *pieces, es_time from, es_time to) {
    es_work work = 0;
    while (from < to) {
        es_time end;
        int64_t rate = piece_at(pieces, from, &end);
        es_time until = end < to ? end : to;
        work += (es_work)rate * (until - from);
        from = until;
    }
    return work;
}

static void random_network(struct made_up *network, struct dice *dice) {
    network->n_cuts = (size_t)roll_between(dice, 2, MAX_CUTS);
    network->n_batches = (size_t)roll_between(dice, 1, MAX_BATCHES);
    size_t last = network->n_cuts - 1;
    for (size_t b = 0; b < network->n_batches; b++) {
        network->batches[b] = (int64_t)(3 * b) + roll_between(dice, 1, 3);
        int64_t *head_ns = network->head_ns[b], *tail_ns = network->tail_ns[b];
        head_ns[0] = tail_ns[last] = network->bytes[b][last] = 0;
        for (size_t cut = 1; cut <= last; cut++) {
            head_ns[cut] = head_ns[cut - 1] + roll_between(dice, 0, 8 * MS);
            size_t mirrored = last - cut;
            tail_ns[mirrored] = tail_ns[mirrored + 1] + roll_between(dice, 0, 4 * MS);
            network->bytes[b][cut - 1] = roll_between(dice, 1, 20000);
        }
    }
}

/* Pieces of 1 .. 40 ms with rates around `typical`, some of them 0. */
static void random_pieces(struct pieces *pieces, struct dice *dice, int64_t typical) {
    static const es_at_end at_ends[] = {ES_AT_END_LOOP, ES_AT_END_LOOP, ES_AT_END_HOLD,
                                        ES_AT_END_STOP};
    pieces->n = (size_t)roll_between(dice, 1, MAX_PIECES);
    pieces->at_end = at_ends[roll_between(dice, 0, 3)];
    for (size_t i = 0; i < pieces->n; i++) {
        pieces->starts[i + 1] = pieces->starts[i] + roll_between(dice, MS, 40 * MS);
        bool zero = i > 0 && roll_chance(dice, 15);
        pieces->rates[i] = zero ? 0 : roll_between(dice, typical / 10, typical);
    }
}

static void random_policy(struct random_world *world, struct dice *dice) {
    size_t n_policies = 0, n = 0;
    while (es_policies_at(n_policies) != NULL)
        n_policies++;
    const es_policy_ops *ops;
    do /* what observes is for isolated mode alone; it has tests of its own */
        ops = es_policies_at((size_t)roll_between(dice, 0, (int64_t)n_policies - 1));
    while (ops->observe != NULL);
    uint32_t last = (uint32_t)(world->network.n_cuts - 1);
    for (uint32_t cut = 0; cut <= last; cut++)
        if (roll_chance(dice, ops->clairvoyant ? 85 : 60))
            world->candidates[n++] = cut;
    bool single = ops->whole_device || ops->whole_server || ops->fixed;
    if (n == 0 || single) {
        world->candidates[0] = (uint32_t)roll_between(dice, 0, last);
        n = 1;
    }
    if (ops->whole_device || ops->whole_server)
        world->candidates[0] = ops->whole_device ? last : 0;
    world->policy = (es_policy){
        .ops = ops,
        .n_candidates = n,
        .candidates = world->candidates,
        .settings = {.queue_aware = roll_chance(dice, 50),
                     .hysteresis = roll_chance(dice, 30) ? roll_real(dice) : 0,
                     .min_dwell = roll_chance(dice, 30) ? (uint64_t)roll_between(dice, 1, 9) : 0,
                     .expected_dwell = 1 + 9 * roll_real(dice),
                     .energy_weight = roll_real(dice),
                     .exploration = 2 * roll_real(dice),
                     .discount = roll_chance(dice, 50) ? 1 : roll_real(dice),
                     .load_bins = (uint64_t)roll_between(dice, 1, 30)},
    };
}

static void random_config(struct random_world *world, struct dice *dice) {
    es_world_config *config = &world->config;
    *config = one_request(&world->network.cost, &world->policy, NULL, NULL);
    config->knowing = (es_knowing)roll_between(dice, ES_KNOW_TRUE, ES_N_KNOWING - 1);
    config->half_life_s = 0.001 + 0.05 * roll_real(dice);
    config->slow_half_life_s = 0.001 + 0.1 * roll_real(dice);
    config->knowledge_samples = (size_t)roll_between(dice, 1, 6);
    config->staleness_ns = roll_between(dice, 0, 1) * roll_between(dice, 0, 50 * MS);
    config->load_aware = roll_chance(dice, 30);
    config->initial_rate_bps = 1e5 + 1e7 * roll_real(dice);
    config->groups[0].uplink.propagation_ns =
        roll_chance(dice, 50) ? roll_between(dice, 1, 30 * MS) : 0;
    config->groups[0].downlink.propagation_ns =
        roll_chance(dice, 50) ? roll_between(dice, 1, 30 * MS) : 0;
    config->groups[0].result_bytes = roll_chance(dice, 50) ? 1000 * roll_real(dice) : 0;
    config->groups[0].n_batches = (size_t)roll_between(dice, 1, 4);
    config->groups[0].batches = world->batches;
    config->seed = roll(dice);
    config->groups[0].poisson = roll_chance(dice, 50);
    config->groups[0].arrival_rate_hz = 20 + 400 * roll_real(dice);
    config->n_steps = (uint64_t)roll_between(dice, 1, MAX_REQUESTS);
    if (roll_chance(dice, 20))
        config->duration_ns = roll_between(dice, 1, 200 * MS);
    config->groups[0].exponential_head = roll_chance(dice, 30);
    config->groups[0].exponential_tail = roll_chance(dice, 30);
    if (roll_chance(dice, 60))
        config->groups[0].deadline_ns = roll_between(dice, 1, 100 * MS);
    config->groups[0].drop_late =
        config->groups[0].deadline_ns != ES_TIME_NEVER && roll_chance(dice, 60);
    if (roll_chance(dice, 40))
        config->groups[0].switch_cost_ns = roll_between(dice, 1, 20 * MS);
    config->max_backlog = (size_t)roll_between(dice, 2, MAX_REQUESTS);
    if (roll_chance(dice, 25)) {
        int64_t most =
            config->max_backlog < MAX_POPULATION ? (int64_t)config->max_backlog : MAX_POPULATION;
        config->groups[0].population = (size_t)roll_between(dice, 1, most);
        config->groups[0].think_ns = roll_chance(dice, 70) ? roll_between(dice, 0, 20 * MS) : 0;
        config->groups[0].exponential_think =
            config->groups[0].think_ns > 0 && roll_chance(dice, 50);
    }
    config->groups[0].has_energy = world->policy.ops->needs_power || roll_chance(dice, 50);
    config->groups[0].power.active_w = 5 * roll_real(dice);
    config->groups[0].power.transmit_w = 2 * roll_real(dice);
    config->groups[0].power.receive_w = roll_real(dice);
    config->groups[0].power.idle_w = roll_real(dice);
}

/* Requests of a list, some at the same time, which may start again, with or without batches and
 * deadlines of their own. */
static void random_arrivals(struct random_world *world, struct dice *dice) {
    es_world_config *config = &world->config;
    size_t n = (size_t)roll_between(dice, 1, MAX_REQUESTS);
    es_time at = roll_chance(dice, 50) ? 0 : roll_between(dice, 0, 20 * MS);
    for (size_t i = 0; i < n; i++) {
        world->arrival_times[i] = at;
        world->batch_index[i] =
            (uint32_t)roll_between(dice, 0, (int64_t)config->groups[0].n_batches - 1);
        world->deadlines_ns[i] =
            roll_chance(dice, 30) ? ES_TIME_NEVER : roll_between(dice, 1, 100 * MS);
        at += roll_chance(dice, 20) ? 0 : roll_between(dice, 0, 20 * MS);
    }
    config->groups[0].arrivals = (es_arrival_list){
        .n = n,
        .times = world->arrival_times,
        .batch_index = roll_chance(dice, 50) ? world->batch_index : NULL,
        .deadlines_ns = roll_chance(dice, 50) ? world->deadlines_ns : NULL,
        .period_ns = roll_chance(dice, 40) ? at + roll_between(dice, 1, 20 * MS) : 0,
    };
    config->groups[0].drop_late =
        config->groups[0].drop_late ||
        (config->groups[0].arrivals.deadlines_ns != NULL && roll_chance(dice, 60));
}

static es_time whole_ms(es_time time) {
    return time / MS * MS;
}

/* Times on a grid of milliseconds and rates to match, so that much happens at the same time. */
static void coarsen(struct random_world *world, struct dice *dice) {
    struct made_up *network = &world->network;
    for (size_t b = 0; b < network->n_batches; b++)
        for (size_t cut = 0; cut < network->n_cuts; cut++) {
            network->head_ns[b][cut] = whole_ms(network->head_ns[b][cut]);
            network->tail_ns[b][cut] = whole_ms(network->tail_ns[b][cut]);
            network->bytes[b][cut] = (network->bytes[b][cut] + 1249) / 1250 * 1250;
        }
    struct pieces *all[] = {&world->uplink, &world->server, &world->downlink};
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < all[k]->n; i++) {
            int64_t full = k == 1 ? ES_FULL_CAPACITY : 10000000;
            all[k]->starts[i + 1] = whole_ms(all[k]->starts[i + 1]);
            if (all[k]->rates[i] > 0)
                all[k]->rates[i] = roll_chance(dice, 50) ? full : full / 2;
        }
    es_world_config *config = &world->config;
    config->groups[0].poisson = config->groups[0].exponential_head =
        config->groups[0].exponential_tail = false;
    config->groups[0].arrival_rate_hz = 1000.0 / (double)roll_between(dice, 1, 20);
    config->groups[0].result_bytes = config->groups[0].result_bytes > 0 ? 1250 : 0;
    config->groups[0].uplink.propagation_ns = whole_ms(config->groups[0].uplink.propagation_ns);
    config->groups[0].downlink.propagation_ns = whole_ms(config->groups[0].downlink.propagation_ns);
    if (config->groups[0].deadline_ns != ES_TIME_NEVER)
        config->groups[0].deadline_ns = whole_ms(config->groups[0].deadline_ns) + MS;
    for (size_t i = 0; i < config->groups[0].arrivals.n; i++) {
        world->arrival_times[i] = whole_ms(world->arrival_times[i]);
        if (world->deadlines_ns[i] != ES_TIME_NEVER)
            world->deadlines_ns[i] = whole_ms(world->deadlines_ns[i]) + MS;
    }
    if (config->groups[0].arrivals.period_ns > 0)
        config->groups[0].arrivals.period_ns = whole_ms(config->groups[0].arrivals.period_ns) + MS;
    made_up_cost(network);
}

void random_world_update(struct random_world *world) {
    random_world_fini(world);
    world->config.groups[0].uplink.rate = world->uplink_rate = rate_of(&world->uplink);
    world->config.server.capacity = world->server_rate = rate_of(&world->server);
    world->downlink_rate = world->has_downlink ? rate_of(&world->downlink) : NULL;
    world->config.groups[0].downlink.rate = world->downlink_rate;
}

void random_world_init(struct random_world *world, uint64_t seed) {
    struct dice dice = {seed};
    memset(world, 0, sizeof *world);
    random_network(&world->network, &dice);
    made_up_cost(&world->network);
    random_pieces(&world->uplink, &dice, 20000000);
    random_pieces(&world->server, &dice, ES_FULL_CAPACITY);
    random_pieces(&world->downlink, &dice, 5000000);
    world->has_downlink = roll_chance(&dice, 50);
    random_policy(world, &dice);
    random_config(world, &dice);
    for (size_t i = 0; i < world->config.groups[0].n_batches; i++)
        world->batches[i] =
            world->network.batches[roll_between(&dice, 0, (int64_t)world->network.n_batches - 1)];
    if (roll_chance(&dice, 40))
        random_arrivals(world, &dice);
    if (world->config.groups[0].population > 0) /* whose requests wait for each other */
        world->config.groups[0].arrivals = (es_arrival_list){0};
    if (roll_chance(&dice, 40))
        coarsen(world, &dice);
    random_world_update(world);
}

void random_world_fini(struct random_world *world) {
    es_rate_destroy(world->uplink_rate);
    es_rate_destroy(world->server_rate);
    es_rate_destroy(world->downlink_rate);
}
