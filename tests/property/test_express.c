/* Where what a request meets can be told ahead, it is, with the same results to the bit as when
 * every station has its events: rows, time series and figures. A failing case is named by its
 * number, which is its seed. */
#include "random_world.h"

#include <string.h>

enum { N_WORLDS = 3000, MOST_GROUPS = 3 };

/* A random world with more devices, more servers and more requests. */
struct fleet {
    struct random_world world;
    es_policy policies[MOST_GROUPS];
};

static es_time maybe(struct dice *dice, int percent, es_time most) {
    return roll_chance(dice, percent) ? roll_between(dice, 1, most) : 0;
}

/* Whole milliseconds in a world that has only these. */
static es_time rounded(const struct fleet *fleet, es_time time) {
    bool whole = fleet->world.config.groups[0].uplink.propagation_ns % MS == 0 &&
                 fleet->world.uplink.starts[1] % MS == 0;
    return whole ? (time + MS - 1) / MS * MS : time;
}

/* What may not be sent ahead. */
static void spoil_group(struct fleet *fleet, size_t g, struct dice *dice) {
    es_group *group = &fleet->world.config.groups[g];
    switch (roll_between(dice, 0, 5)) {
    case 0: fleet->policies[g].settings.queue_aware = true; break;
    case 1: group->uplink.sharing = ES_OF_GROUP; break;
    case 2: group->uplink.discipline = ES_PS; break;
    case 3: group->downlink.discipline = ES_PS; break;
    case 4: group->uplink.delay = fleet->world.uplink_rate; break; /* 0 to 20 ms */
    case 5: group->downlink.delay = fleet->world.uplink_rate; break;
    }
}

static void spoil_world(es_world_config *config, struct dice *dice) {
    switch (roll_between(dice, 0, 3)) {
    case 0: config->server.discipline = config->server.n_servers > 1 ? ES_FIFO : ES_PS; break;
    case 1:
        config->background.rate_hz = 100;
        config->background.service_ns = MS;
        break;
    case 2:
        config->probe_every_ns = 5 * MS;
        config->probe_bytes = 1000;
        break;
    case 3: config->groups[0].population = 2; break;
    }
}

static void vary_group(struct fleet *fleet, size_t g, struct dice *dice) {
    es_world_config *config = &fleet->world.config;
    es_group *group = &config->groups[g];
    es_policy *policy = &fleet->policies[g];
    *policy = g > 0 && roll_chance(dice, 50)
                  ? fixed_at((size_t)roll_between(dice, 0, (int64_t)group->cost->n_cuts - 1))
                  : fleet->world.policy;
    policy->settings.queue_aware = false;
    if (policy->ops->learn != NULL && roll_chance(dice, 90))
        policy->ops = es_policies_find("dynamic-split");
    group->policy = policy;
    group->n_devices =
        roll_chance(dice, 40) ? 1 : (size_t)roll_between(dice, 2, roll_chance(dice, 20) ? 20 : 5);
    group->uplink.stagger_ns = rounded(fleet, maybe(dice, 40, 30 * MS));
    group->downlink.stagger_ns = rounded(fleet, maybe(dice, 40, 30 * MS));
    group->downlink.sharing = (es_sharing)roll_between(dice, 0, 1);
    if (roll_chance(dice, 15))
        spoil_group(fleet, g, dice);
    if (g == 0)
        return;
    group->uplink.propagation_ns = rounded(fleet, maybe(dice, 40, 20 * MS));
    group->downlink.propagation_ns = rounded(fleet, maybe(dice, 40, 20 * MS));
    group->arrivals.n = roll_chance(dice, 50) ? 0 : group->arrivals.n;
    group->exponential_tail = group->exponential_tail && roll_chance(dice, 50);
    group->drop_late = group->deadline_ns != ES_TIME_NEVER && roll_chance(dice, 50);
    if (roll_chance(dice, 30))
        group->downlink.rate = NULL;
}

/* Mostly what may be sent ahead. */
static void fleet_init(struct fleet *fleet, uint64_t seed) {
    struct dice dice = {~seed};
    es_world_config *config = &fleet->world.config;
    random_world_init(&fleet->world, seed);
    config->knowing = roll_chance(&dice, 95) ? ES_KNOW_TRUE : config->knowing;
    config->staleness_ns = config->knowing == ES_KNOW_TRUE ? maybe(&dice, 30, 50 * MS) : 0;
    config->noise = roll_chance(&dice, 30) ? 0.3 : 0;
    config->groups[0].population = 0;
    config->n_groups = roll_chance(&dice, 50) ? 1 : (size_t)roll_between(&dice, 2, MOST_GROUPS);
    config->server.n_servers = roll_chance(&dice, 60) ? 1 : (size_t)roll_between(&dice, 2, 9);
    config->n_steps = (uint64_t)roll_between(&dice, 1, 300);
    config->max_backlog = (size_t)roll_between(&dice, 16, 200);
    config->series_period_ns = maybe(&dice, 50, roll_chance(&dice, 50) ? MS / 4 : 40 * MS);
    config->series_period_ns = rounded(fleet, config->series_period_ns);
    bool alone = roll_chance(&dice, 40);
    for (size_t g = 0; g < config->n_groups; g++) {
        if (g > 0)
            config->groups[g] = config->groups[0];
        vary_group(fleet, g, &dice);
    }
    if (alone) {
        config->n_groups = config->groups[0].n_devices = 1;
        config->server.n_servers = roll_chance(&dice, 80) ? 1 : 3;
    }
    if (seed % 16 == 0) { /* so many that what comes next is fetched from memory */
        config->groups[0].n_devices += 300;
        config->n_steps = 1000;
        config->max_backlog = (size_t)roll_between(&dice, 500, 2000);
    }
    if (roll_chance(&dice, 8))
        spoil_world(config, &dice);
    config->outcomes = es_world_foresees(config) && roll_chance(&dice, 50);
    for (size_t g = 0; g < config->n_groups; g++)
        if (!es_world_foresees(config) && fleet->policies[g].ops->clairvoyant)
            fleet->policies[g].ops = es_policies_find("dynamic-split");
}

static void assert_same_bits(uint64_t seed, const char *what, const void *found,
                             const void *expected, size_t n) {
    if (memcmp(found, expected, n) != 0)
        fail_msg("world %llu: another %s", (unsigned long long)seed, what);
}

#define SAME(what) assert_same_bits(seed, #what, &ahead->what, &events->what, sizeof ahead->what)

static void assert_same_results(uint64_t seed, const es_world_result *ahead,
                                const es_world_result *events) {
    SAME(n_steps);
    SAME(end_ns);
    SAME(saturated);
    SAME(n_probes);
    SAME(probing_ns);
    SAME(n_background);
    SAME(utilisation);
    SAME(queue_length);
    SAME(little_residual_s);
}

static void assert_same_row(uint64_t seed, const struct row *ahead, const struct row *events) {
#define ES_COLUMN(name, type, units, long_name) SAME(name);
#include "edgesplit/column.def"
#undef ES_COLUMN
}

static void assert_same_run(uint64_t seed, const struct run *ahead, const struct run *events) {
    assert_same_results(seed, &ahead->result, &events->result);
    for (size_t i = 0; i < ahead->n; i++)
        assert_same_row(seed, &ahead->rows[i], &events->rows[i]);
    assert_same_bits(seed, "number of intervals", &ahead->n_samples, &events->n_samples,
                     sizeof ahead->n_samples);
    if (ahead->n_samples > 0)
        assert_same_bits(seed, "time series", ahead->samples, events->samples,
                         ahead->n_samples * sizeof *ahead->samples);
}

/* How often what the generator is for has happened, in worlds that were sent ahead. */
struct tally {
    size_t ahead, alone, saturated, many_intervals, large_backlog;
    size_t by_status[ES_STEP_PADDING];
};

static void add_to_tally(struct tally *tally, const es_world_config *config,
                         const struct run *ahead) {
    tally->ahead++;
    tally->alone += config->n_groups == 1 && config->groups[0].n_devices == 1;
    tally->saturated += ahead->result.saturated;
    tally->many_intervals += ahead->n_samples > ES_SERIES_SAMPLES;
    tally->large_backlog += ahead->result.saturated && config->max_backlog > 128;
    for (size_t i = 0; i < ahead->n; i++)
        tally->by_status[ahead->rows[i].status]++;
}

static void what_is_told_ahead_is_what_happens(void **state) {
    (void)state;
    static struct fleet fleet;
    struct tally tally = {0};
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        fleet_init(&fleet, seed);
        es_world_config *config = &fleet.world.config;
        struct run ahead = run_world(*config);
        config->events_only = true;
        struct run events = run_world(*config);
        assert_same_run(seed, &ahead, &events);
        if (ahead.result.n_events < events.result.n_events)
            add_to_tally(&tally, config, &ahead);
        run_fini(&ahead);
        run_fini(&events);
        random_world_fini(&fleet.world);
    }
    /* The generator is worth something only if all of it happens. */
    assert_true(tally.ahead > N_WORLDS / 2 && tally.alone > N_WORLDS / 4);
    assert_true(tally.ahead - tally.alone > N_WORLDS / 4);
    assert_true(tally.saturated > N_WORLDS / 10 && tally.large_backlog > N_WORLDS / 100);
    assert_true(tally.many_intervals > N_WORLDS / 20);
    for (size_t s = 0; s < ES_STEP_PADDING; s++)
        assert_true(tally.by_status[s] > 4 * (size_t)N_WORLDS);
}

/* 10 kbit go in the first microsecond at 10 Gbit/s, and the last 8 bits at 1 Gbit/s. */
static void what_is_left_when_the_rate_changes_takes_the_new_rate(void **state) {
    (void)state;
    static const es_time starts[] = {0, US, 2 * US};
    static const int64_t rates[] = {INT64_C(10000000000), ES_SECOND};
    static const int64_t bytes[] = {1250, 1251};
    static const es_time expected_ns[] = {US, US + 8};
    es_rate *slower = stepped_rate(2, starts, rates, ES_AT_END_HOLD);
    es_rate *full = constant_rate(ES_FULL_CAPACITY);
    es_policy policy = fixed_at(0);
    for (size_t k = 0; k < 4; k++) {
        struct made_up network = three_cuts();
        network.bytes[0][0] = bytes[k / 2];
        es_world_config config = one_request(made_up_cost(&network), &policy, slower, full);
        config.events_only = k % 2 > 0;
        struct run run = run_world(config);
        assert_int_equal(ns_of(run.rows->uplink_time), expected_ns[k / 2]);
        run_fini(&run);
    }
    es_rate_destroy(slower);
    es_rate_destroy(full);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_ahead_is_what_happens),
        cmocka_unit_test(what_is_left_when_the_rate_changes_takes_the_new_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
