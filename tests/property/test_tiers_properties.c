/* Random worlds of three tiers: those of two, whose every pair of cuts may be taken. */
#include "random_world.h"
#include "tiers.h"

#include "edgesplit/number.h"

#include <math.h>
#include <string.h>

enum { N_WORLDS = 1500 };

static struct tiers tiers;
static uint32_t candidates[MAX_PAIRS];
static es_policy policy;

/* What a random world may not have with three tiers. */
static bool is_of_two_tiers(const es_policy_ops *ops) {
    return ops->clairvoyant || ops->learn != NULL || ops->tabulated;
}

/* The same world with a cloud, and its policy with these candidates. */
static es_world_config with_cloud(struct random_world *world, const es_rate *backhaul,
                                  const es_rate *cloud) {
    es_world_config config = world->config;
    config.outcomes = false;
    tiers_init(&tiers, &world->network, 3);
    policy = world->policy;
    policy.candidates = candidates;
    config.groups[0].cost = &tiers.cost;
    config.groups[0].policy = &policy;
    config.groups[0].n_offered = tiers.n_pairs;
    config.groups[0].offered = tiers.pairs;
    config.backhaul = (es_link){.rate = backhaul, .sharing = ES_OF_ALL};
    config.cloud = (es_server){.capacity = cloud, .n_servers = 1};
    return config;
}

/* The pairs that do without the cloud, of the cuts that the policy may take; with `more` also those
 * that use it. */
static void take_cuts(const struct random_world *world, bool more) {
    uint32_t last = (uint32_t)world->network.n_cuts - 1;
    policy.n_candidates = 0;
    for (size_t i = 0; i < world->policy.n_candidates; i++) {
        uint32_t first = world->candidates[i];
        for (uint32_t second = first; second < last && more; second++)
            candidates[policy.n_candidates++] = pair_of(&tiers, first, second);
        candidates[policy.n_candidates++] = pair_of(&tiers, first, last);
    }
}

/* In every column but the number of the cut. */
static void assert_rows_of_two(const struct run *two, struct run *three) {
    assert_int_equal(two->n, three->n);
    for (size_t i = 0; i < three->n; i++) {
        struct row *row = &three->rows[i];
        assert_int_equal(tiers.cuts[row->split_index].second, tiers.cost.n_boundaries - 1);
        assert_true(row->backhaul_time == 0 && row->backhaul_bytes == 0 && row->cloud_time == 0);
        assert_true(row->backhaul_queue_time == 0 && row->cloud_queue_time == 0);
        row->split_index = (int32_t)tiers.cuts[row->split_index].first;
    }
    assert_same_rows(two, three);
}

/* Isolated mode has no queues and nothing random. */
static void isolate(es_world_config *config) {
    config->isolated = true;
    config->groups[0].exponential_head = config->groups[0].exponential_tail = false;
    config->groups[0].drop_late = false;
    config->groups[0].population = 0;
    config->probe_every_ns = 0;
}

/* A server that is never all taken: else the slowest cloud is better. */
static void keep_serving(struct random_world *world) {
    for (size_t i = 0; i < world->server.n; i++)
        if (world->server.rates[i] < ES_FULL_CAPACITY / 10)
            world->server.rates[i] = ES_FULL_CAPACITY / 10;
    if (world->server.at_end == ES_AT_END_STOP)
        world->server.at_end = ES_AT_END_HOLD;
    random_world_update(world);
}

/* A cloud that nobody may use, or that nobody would, changes nothing. */
static void an_unused_cloud_leaves_the_rows_of_two_tiers(void **state) {
    (void)state;
    size_t n_compared = 0;
    es_rate *trickle = constant_rate(1), *full = constant_rate(ES_FULL_CAPACITY);
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        struct random_world world;
        random_world_init(&world, seed);
        bool is_by_latency = strcmp(world.policy.ops->name, "dynamic-split") == 0;
        world.config.outcomes = false;
        keep_serving(&world);
        for (int mode = 0; mode < 4 && !is_of_two_tiers(world.policy.ops); mode++) {
            bool isolated = mode % 2 == 1, more = mode >= 2 && is_by_latency;
            es_world_config two_config = world.config;
            es_world_config three_config = with_cloud(&world, trickle, full);
            take_cuts(&world, more);
            if (isolated) {
                isolate(&two_config);
                isolate(&three_config);
                two_config.groups[0].policy = &world.policy;
            }
            world.policy.settings.queue_aware = world.policy.settings.queue_aware && !isolated;
            policy.settings = world.policy.settings;
            struct run two = run_world(two_config), three = run_world(three_config);
            assert_rows_of_two(&two, &three);
            assert_int_equal(two.result.end_ns, three.result.end_ns);
            n_compared += two.n;
            run_fini(&two);
            run_fini(&three);
        }
        random_world_fini(&world);
    }
    assert_true(n_compared > 50000);
    es_rate_destroy(trickle);
    es_rate_destroy(full);
}

/* With all pairs to choose from, any discipline and rates that change. */
static es_world_config busy_world(struct random_world *world, uint64_t seed, es_rate **backhaul,
                                  es_rate **cloud) {
    struct dice dice = {seed * 7919};
    *backhaul = roll_chance(&dice, 50) ? rate_of(&world->uplink)
                                       : constant_rate(roll_between(&dice, 1000000, 40000000));
    *cloud = roll_chance(&dice, 50)
                 ? rate_of(&world->server)
                 : constant_rate(roll_between(&dice, 100000000, ES_FULL_CAPACITY));
    es_world_config config = with_cloud(world, *backhaul, *cloud);
    policy = policy_with(roll_chance(&dice, 50) ? "dynamic-split" : "static-split", 1, candidates);
    config.groups[0].policy = &policy;
    if (!policy.ops->fixed)
        policy.n_candidates = tiers.n_pairs;
    for (size_t i = 0; i < policy.n_candidates; i++)
        candidates[i] = policy.ops->fixed
                            ? (uint32_t)roll_between(&dice, 0, (int64_t)tiers.n_pairs - 1)
                            : (uint32_t)i;
    config.backhaul.discipline = roll_chance(&dice, 50) ? ES_PS : ES_FIFO;
    config.backhaul.propagation_ns = roll_chance(&dice, 50) ? roll_between(&dice, 1, 10 * MS) : 0;
    config.cloud.discipline = roll_chance(&dice, 30) ? ES_PS : ES_FIFO;
    if (config.cloud.discipline == ES_FIFO)
        config.cloud.n_servers = (size_t)roll_between(&dice, 1, 3);
    config.groups[0].exponential_cloud = roll_chance(&dice, 30);
    config.groups[0].uplink.discipline = roll_chance(&dice, 30) ? ES_PS : ES_FIFO;
    return config;
}

static double sum_of(const struct row *r) {
    return r->head_time + r->device_queue_time + r->uplink_queue_time + r->uplink_time +
           r->server_queue_time + r->tail_time + r->backhaul_queue_time + r->backhaul_time +
           r->cloud_queue_time + r->cloud_time + r->downlink_time;
}

static void components_sum_to_the_latency_and_nothing_is_lost(void **state) {
    (void)state;
    size_t n_by_status[ES_STEP_PADDING] = {0}, n_beyond = 0, n_waited = 0;
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        struct random_world world;
        es_rate *backhaul, *cloud;
        random_world_init(&world, seed);
        struct run run = run_world(busy_world(&world, seed, &backhaul, &cloud));
        assert_true(run.result.little_residual_s == 0);
        for (size_t i = 0; i < run.n; i++) {
            const struct row *r = &run.rows[i];
            const es_cost_cut *cut = &tiers.cuts[r->split_index];
            bool stays = cut->first + 1 == tiers.cost.n_boundaries;
            bool uses_cloud = cut->second + 1 < tiers.cost.n_boundaries;
            bool is_done = r->status == ES_STEP_COMPLETED || r->status == ES_STEP_LATE;
            n_by_status[r->status]++;
            assert_true(is_done == !isnan(r->latency));
            if (is_done)
                assert_true(fabs(sum_of(r) - r->latency) <= 1e-12 * fmax(1, r->latency));
            assert_true(uses_cloud || (r->backhaul_time == 0 && r->cloud_time == 0 &&
                                       r->backhaul_queue_time == 0 && r->cloud_queue_time == 0));
            assert_true(cut->first < cut->second ||
                        (r->tail_time == 0 && r->server_queue_time == 0));
            if (is_done && uses_cloud) {
                const es_cut_costs *costs = es_cost_find(&tiers.cost, r->batch);
                assert_int_equal(r->backhaul_bytes, costs->backhaul_bytes[r->split_index]);
                n_beyond++;
                n_waited += r->cloud_queue_time > 0 || r->backhaul_queue_time > 0;
            }
            assert_true(!stays || r->uplink_time == 0);
        }
        for (es_station s = ES_BACKHAUL; s <= ES_CLOUD; s++)
            assert_true(run.result.utilisation[s] >= 0 && run.result.utilisation[s] <= 1);
        run_fini(&run);
        es_rate_destroy(backhaul);
        es_rate_destroy(cloud);
        random_world_fini(&world);
    }
    /* The generator is worth something only if all of it happens. */
    for (size_t s = 0; s < ES_STEP_PADDING; s++)
        assert_true(n_by_status[s] > 200);
    assert_true(n_beyond > 3000 && n_waited > 500);
}

/* A network that is computed on the device leaves nothing for the others. */
static void without_offload_nothing_is_sent(void **state) {
    (void)state;
    es_rate *fast = constant_rate(INT64_C(1000000000)), *full = constant_rate(ES_FULL_CAPACITY);
    for (uint64_t seed = 1; seed <= N_WORLDS / 10; seed++) {
        struct random_world world;
        random_world_init(&world, seed);
        es_world_config config = with_cloud(&world, fast, full);
        uint32_t last = (uint32_t)tiers.n_pairs - 1;
        policy = policy_with("static-split", 1, &last);
        struct run run = run_world(config);
        for (size_t i = 0; i < run.n; i++)
            assert_true(run.rows[i].uplink_bytes == 0 && run.rows[i].backhaul_bytes == 0 &&
                        run.rows[i].tail_time == 0 && run.rows[i].cloud_time == 0);
        assert_true(run.result.utilisation[ES_BACKHAUL] == 0);
        assert_true(run.result.utilisation[ES_CLOUD] == 0);
        run_fini(&run);
        random_world_fini(&world);
    }
    es_rate_destroy(fast);
    es_rate_destroy(full);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unused_cloud_leaves_the_rows_of_two_tiers),
        cmocka_unit_test(components_sum_to_the_latency_and_nothing_is_lost),
        cmocka_unit_test(without_offload_nothing_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
