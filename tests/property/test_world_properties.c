/* What holds for any world. A failing case is named by its number, which is its seed. */
#include "random_world.h"

#include <math.h>
#include <string.h>

enum { N_WORLDS = 600 };

static void assert_near(const char *column, uint64_t seed, size_t row, double found,
                        double expected, double tolerance) {
    if ((isnan(found) && isnan(expected)) || found == expected ||
        fabs(found - expected) <= tolerance)
        return;
    fail_msg("world %llu, row %zu: %s is %.17g; expected %.17g", (unsigned long long)seed, row,
             column, found, expected);
}

#define NEAR(column, tolerance)                                                                    \
    assert_near(#column, seed, i, (double)found->column, (double)expected->column, tolerance)

static void compare_row(uint64_t seed, size_t i, const struct row *found,
                        const struct row *expected) {
    NEAR(arrival_time, 0);
    NEAR(batch, 0);
    NEAR(split_index, 0);
    NEAR(latency, 0);
    NEAR(head_time, 0);
    NEAR(device_queue_time, 0);
    NEAR(uplink_queue_time, 0);
    NEAR(uplink_time, 1e-12);
    NEAR(uplink_bytes, 0);
    NEAR(server_queue_time, 0);
    NEAR(tail_time, 0);
    NEAR(downlink_time, 1e-12);
    NEAR(rate_true, 0);
    NEAR(rate_estimate, 1e-12 * expected->rate_estimate);
    NEAR(load_true, 0);
    NEAR(load_estimate, 1e-12);
    NEAR(deadline, 0);
    NEAR(status, 0);
    NEAR(energy, 1e-12);
    NEAR(oracle_latency, 0);
    NEAR(regret, 0);
}

/* Queueing, drops, stalls, saturation, knowledge, decisions, energy and the oracle's forecast, each
 * as a second implementation says, to the nanosecond. */
static void rows_are_those_of_an_independent_computation(void **state) {
    (void)state;
    size_t n_by_status[ES_STEP_PADDING] = {0}, n_saturated = 0;
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        struct random_world world;
        random_world_init(&world, seed);
        struct run run = run_world(world.config);
        struct row expected[MAX_REQUESTS];
        bool saturated;
        size_t n = expected_rows(&world, expected, &saturated);
        if (run.n != n || run.result.saturated != saturated)
            fail_msg("world %llu: %zu rows, saturated %d; expected %zu, %d",
                     (unsigned long long)seed, run.n, run.result.saturated, n, saturated);
        for (size_t i = 0; i < n; i++) {
            compare_row(seed, i, &run.rows[i], &expected[i]);
            n_by_status[run.rows[i].status]++;
        }
        n_saturated += saturated;
        run_fini(&run);
        random_world_fini(&world);
    }
    /* The generator is worth something only if all of it happens. */
    for (size_t s = 0; s < ES_STEP_PADDING; s++)
        assert_true(n_by_status[s] > 500);
    assert_true(n_saturated > 20);
}

static bool is_done(const struct row *row) {
    return row->status == ES_STEP_COMPLETED || row->status == ES_STEP_LATE;
}

static void components_sum_to_the_latency_and_nothing_is_lost(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        struct random_world world;
        random_world_init(&world, seed);
        struct run run = run_world(world.config);
        assert_true(run.result.little_residual_s == 0);
        for (size_t i = 0; i < run.n; i++) {
            const struct row *r = &run.rows[i];
            assert_true(r->status >= ES_STEP_COMPLETED && r->status <= ES_STEP_UNFINISHED);
            assert_true(is_done(r) == !isnan(r->latency));
            assert_true(r->device_queue_time >= 0 && r->uplink_queue_time >= 0);
            assert_true(r->server_queue_time >= 0 && r->downlink_time >= 0);
            if (!is_done(r))
                continue;
            double sum = r->head_time + r->device_queue_time + r->uplink_queue_time +
                         r->uplink_time + r->server_queue_time + r->tail_time + r->downlink_time;
            assert_near("sum of components", seed, i, sum, r->latency, 1e-12);
            assert_true((r->status == ES_STEP_LATE) == (r->latency > r->deadline));
            assert_true(es_time_s(run.result.end_ns) >= r->arrival_time + r->latency - 1e-12);
        }
        run_fini(&run);
        random_world_fini(&world);
    }
}

/* Pitfall 7. Where nothing stops the arrivals, all of them have a row. */
static void pitfall_07_every_arrival_has_a_row(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        struct random_world world;
        random_world_init(&world, seed);
        world.config.duration_ns = ES_TIME_NEVER;
        world.config.max_backlog = MAX_REQUESTS;
        world.config.groups[0].population = 0; /* a source whose request is stuck has no more */
        struct run run = run_world(world.config);
        assert_false(run.result.saturated);
        const es_arrival_list *list = &world.config.groups[0].arrivals;
        uint64_t n = world.config.n_steps;
        if (list->n > 0 && list->period_ns == 0 && list->n < n)
            n = list->n;
        assert_int_equal(run.n, n);
        run_fini(&run);
        random_world_fini(&world);
    }
}

/* No station idles while a request waits for it, none serves two at a time, and each serves in the
 * order of arrival. */
static void pitfall_06_stations_conserve_work(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        struct random_world world;
        random_world_init(&world, seed);
        world.config.groups[0].drop_late = false;
        struct run run = run_world(world.config);
        double device_free = 0, uplink_free = 0;
        for (size_t i = 0; i < run.n && is_done(&run.rows[i]); i++) {
            const struct row *r = &run.rows[i];
            double start = r->arrival_time + r->device_queue_time;
            assert_near("start on the device", seed, i, start, fmax(r->arrival_time, device_free),
                        1e-12);
            double done = device_free = start + r->head_time;
            if (r->uplink_bytes == 0)
                continue;
            start = done + r->uplink_queue_time;
            assert_near("start on the uplink", seed, i, start, fmax(done, uplink_free), 1e-12);
            uplink_free =
                start + r->uplink_time - es_time_s(world.config.groups[0].uplink.propagation_ns);
        }
        run_fini(&run);
        random_world_fini(&world);
    }
}

/* Cuts every piece at a random point, which leaves the function as it was. */
static void split_pieces(struct pieces *pieces, struct dice *dice) {
    struct pieces split = {.at_end = pieces->at_end};
    for (size_t i = 0; i < pieces->n; i++) {
        split.starts[split.n] = pieces->starts[i];
        split.rates[split.n++] = pieces->rates[i];
        split.starts[split.n] =
            roll_between(dice, pieces->starts[i] + 1, pieces->starts[i + 1] - 1);
        split.rates[split.n++] = pieces->rates[i];
    }
    split.starts[split.n] = pieces->starts[pieces->n];
    *pieces = split;
}

static void pitfall_01_splitting_trace_segments_changes_nothing(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        struct dice dice = {~seed};
        struct random_world world;
        random_world_init(&world, seed);
        struct run whole = run_world(world.config);
        split_pieces(&world.uplink, &dice);
        split_pieces(&world.server, &dice);
        split_pieces(&world.downlink, &dice);
        random_world_update(&world);
        struct run split = run_world(world.config);
        assert_same_rows(&whole, &split);
        run_fini(&whole);
        run_fini(&split);
        random_world_fini(&world);
    }
}

static void pitfall_03_the_output_period_changes_no_row(void **state) {
    (void)state;
    static const es_time periods_ns[] = {MS, 7 * MS + 1, 1000 * MS};
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        struct random_world world;
        random_world_init(&world, seed);
        struct run without = run_world(world.config);
        for (size_t p = 0; p < sizeof periods_ns / sizeof periods_ns[0]; p++) {
            world.config.series_period_ns = periods_ns[p];
            struct run with = run_world(world.config);
            assert_same_rows(&without, &with);
            assert_int_equal(with.result.end_ns, without.result.end_ns);
            assert_true(with.result.little_residual_s == 0);
            for (size_t s = 0; s < ES_N_STATIONS; s++) {
                assert_true(with.result.utilisation[s] == without.result.utilisation[s]);
                assert_true(with.result.queue_length[s] == without.result.queue_length[s]);
            }
            run_fini(&with);
        }
        run_fini(&without);
        random_world_fini(&world);
    }
}

/* The mean over the intervals is the mean over the run. */
static void series_add_up_to_the_run(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        struct random_world world;
        random_world_init(&world, seed);
        world.config.series_period_ns = 5 * MS;
        struct run run = run_world(world.config);
        double end_s = es_time_s(run.result.end_ns);
        bool stalled = false;
        for (size_t i = 0; i < run.n; i++)
            stalled = stalled || run.rows[i].status == ES_STEP_UNFINISHED;
        for (size_t s = 0; s < ES_N_STATIONS && !stalled; s++) {
            double busy_s = 0, area_s = 0;
            for (size_t i = 0; i < run.n_samples; i++) {
                busy_s += 0.005 * run.samples[i].utilisation[s];
                area_s += 0.005 * run.samples[i].queue_length[s];
            }
            assert_near("busy time", seed, s, busy_s, run.result.utilisation[s] * end_s, 1e-9);
            assert_near("queue area", seed, s, area_s, run.result.queue_length[s] * end_s, 1e-9);
        }
        run_fini(&run);
        random_world_fini(&world);
    }
}

static void pitfall_10_arrivals_and_batches_are_those_of_any_policy(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        struct random_world world;
        random_world_init(&world, seed);
        world.config.max_backlog = MAX_REQUESTS;
        world.config.groups[0].population = 0; /* in closed mode arrivals follow from the policy */
        struct run runs[2];
        size_t cuts[2] = {0, world.network.n_cuts - 1};
        for (size_t p = 0; p < 2; p++) {
            es_policy fixed = fixed_at(cuts[p]);
            world.config.groups[0].policy = &fixed;
            world.config.groups[0].exponential_tail = p > 0; /* a stream more shifts no other one */
            runs[p] = run_world(world.config);
        }
        assert_int_equal(runs[0].n, runs[1].n);
        for (size_t i = 0; i < runs[0].n; i++) {
            const struct row *a = &runs[0].rows[i], *b = &runs[1].rows[i];
            assert_true(a->arrival_time == b->arrival_time && a->batch == b->batch);
            assert_true(a->rate_true == b->rate_true && a->load_true == b->load_true);
        }
        run_fini(&runs[0]);
        run_fini(&runs[1]);
        random_world_fini(&world);
    }
}

/* Both the same number, or both none. */
static bool is_same(double a, double b) {
    return a == b || (isnan(a) && isnan(b));
}

/* Draws the pieces that start behind `at` anew; the function up to there stays what it was. */
static void change_the_future(struct pieces *pieces, struct dice *dice, es_time at) {
    for (size_t i = 0; i < pieces->n; i++)
        if (pieces->starts[i] > at)
            pieces->rates[i] = roll_between(dice, 1, ES_FULL_CAPACITY);
}

static void pitfall_17_no_policy_but_the_oracle_knows_the_future(void **state) {
    (void)state;
    size_t n_changed_later = 0, n_changed_oracle = 0;
    for (uint64_t seed = 1; seed <= 5 * N_WORLDS; seed++) {
        struct dice dice = {~seed};
        struct random_world world;
        random_world_init(&world, seed);
        world.uplink.at_end = world.server.at_end = world.downlink.at_end = ES_AT_END_HOLD;
        random_world_update(&world);
        struct run before = run_world(world.config);
        es_time at = roll_between(&dice, 0, 60 * MS);
        change_the_future(&world.uplink, &dice, at);
        change_the_future(&world.server, &dice, at);
        random_world_update(&world);
        struct run after = run_world(world.config);
        bool clairvoyant = world.policy.ops->clairvoyant;
        for (size_t i = 0; i < before.n && i < after.n; i++) {
            const struct row *a = &before.rows[i], *b = &after.rows[i];
            bool same = a->split_index == b->split_index &&
                        is_same(a->rate_estimate, b->rate_estimate) &&
                        is_same(a->load_estimate, b->load_estimate);
            if (a->arrival_time > es_time_s(at))
                n_changed_later += !same;
            else if (clairvoyant)
                n_changed_oracle += !same;
            else if (!same)
                fail_msg("world %llu, row %zu: a decision changed with the future",
                         (unsigned long long)seed, i);
        }
        run_fini(&before);
        run_fini(&after);
        random_world_fini(&world);
    }
    assert_true(n_changed_later > 500 && n_changed_oracle > 20);
}

/* A world on a lattice of 2^32 ns, with rates that are powers of two: nothing is ever rounded. */
static void lattice_world(struct random_world *world, uint64_t seed, bool doubled) {
    struct dice dice = {seed};
    const es_time unit = INT64_C(1) << 32, factor = doubled ? 2 : 1;
    random_world_init(world, seed);
    struct made_up *network = &world->network;
    for (size_t b = 0; b < network->n_batches; b++)
        for (size_t cut = 0; cut < network->n_cuts; cut++) {
            int64_t later = (int64_t)cut, earlier = (int64_t)(network->n_cuts - 1 - cut);
            network->head_ns[b][cut] = later * unit * factor;
            network->tail_ns[b][cut] = earlier * roll_between(&dice, 0, 1) * unit * factor;
            network->bytes[b][cut] = earlier * (INT64_C(1) << 26);
        }
    made_up_cost(network);
    struct pieces *all[] = {&world->uplink, &world->server, &world->downlink};
    for (size_t k = 0; k < 3; k++)
        for (size_t i = 0; i < all[k]->n; i++) {
            int64_t half = roll_between(&dice, 0, 1) + 1;
            /* bit/s halve; the share of the server does not, its work doubles */
            all[k]->rates[i] =
                k == 1 ? ES_FULL_CAPACITY / half : (INT64_C(1) << 26) / half / factor;
            all[k]->starts[i + 1] = all[k]->starts[i] + roll_between(&dice, 1, 30) * unit * factor;
        }
    es_world_config *config = &world->config;
    config->groups[0].poisson = config->groups[0].exponential_head =
        config->groups[0].exponential_tail = false;
    config->n_steps = 12;
    config->groups[0].arrivals.n = 0;
    config->duration_ns = ES_TIME_NEVER;
    config->groups[0].arrival_rate_hz = 1e9 / (double)(3 * unit * factor);
    config->groups[0].uplink.propagation_ns = roll_between(&dice, 0, 3) * unit * factor;
    config->groups[0].downlink.propagation_ns = roll_between(&dice, 0, 3) * unit * factor;
    config->groups[0].result_bytes = (double)(INT64_C(1) << 20);
    config->half_life_s = 0x1p4 * (double)factor;
    config->slow_half_life_s = 0x1p5 * (double)factor;
    config->staleness_ns = roll_between(&dice, 0, 5) * unit * factor;
    config->groups[0].think_ns = config->groups[0].think_ns > 0 ? 3 * unit * factor : 0;
    config->groups[0].exponential_think = false;
    config->groups[0].switch_cost_ns = roll_between(&dice, 0, 2) * unit * factor;
    config->initial_rate_bps = 0x1p26 / (double)factor;
    if (config->groups[0].deadline_ns != ES_TIME_NEVER)
        config->groups[0].deadline_ns = roll_between(&dice, 1, 30) * unit * factor;
    random_world_update(world);
}

static void doubled_times_and_halved_rates_double_every_latency(void **state) {
    (void)state;
    static struct random_world single, twice;
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        lattice_world(&single, seed, false);
        lattice_world(&twice, seed, true);
        struct run a = run_world(single.config), b = run_world(twice.config);
        assert_int_equal(a.n, b.n);
        for (size_t i = 0; i < a.n; i++) {
            assert_int_equal(a.rows[i].split_index, b.rows[i].split_index);
            assert_int_equal(a.rows[i].status, b.rows[i].status);
            assert_near("latency", seed, i, b.rows[i].latency, 2 * a.rows[i].latency, 0);
            assert_near("uplink time", seed, i, b.rows[i].uplink_time, 2 * a.rows[i].uplink_time,
                        0);
            assert_near("oracle", seed, i, b.rows[i].oracle_latency, 2 * a.rows[i].oracle_latency,
                        0);
        }
        run_fini(&a);
        run_fini(&b);
        random_world_fini(&single);
        random_world_fini(&twice);
    }
}

static void regret_is_never_negative_and_0_for_the_oracle(void **state) {
    (void)state;
    size_t n_positive = 0, n_oracle = 0;
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        struct random_world world;
        random_world_init(&world, seed);
        for (int isolated = 0; isolated < 2; isolated++) {
            world.config.isolated = isolated;
            struct run run = run_world(world.config);
            for (size_t i = 0; i < run.n; i++) {
                const struct row *r = &run.rows[i];
                if (!is_done(r))
                    continue;
                assert_true(r->regret >= 0 && r->regret == r->latency - r->oracle_latency);
                n_positive += r->regret > 0;
                if (world.policy.ops->clairvoyant &&
                    world.policy.n_candidates == world.network.n_cuts) {
                    assert_true(r->regret == 0);
                    n_oracle++;
                }
            }
            run_fini(&run);
        }
        random_world_fini(&world);
    }
    assert_true(n_positive > 1000 && n_oracle > 500);
}

/* A policy that takes its candidates in turn and notes what it is told. */
static struct lessons {
    es_policy_start start;
    size_t n, n_wrong_delays;
    es_policy_feedback feedback[MAX_REQUESTS];
} lessons;

static size_t note_bytes(const es_policy *policy, const es_policy_start *start) {
    (void)policy;
    (void)start;
    return sizeof(uint64_t);
}

static void note_start(const es_policy *policy, const es_policy_start *start, void *memory) {
    (void)policy;
    lessons = (struct lessons){.start = *start};
    *(uint64_t *)memory = 0;
}

static size_t take_turns(const es_policy *policy, const es_policy_view *view) {
    size_t table = (size_t)(view->costs - lessons.start.tables);
    lessons.n_wrong_delays += table >= lessons.start.n_tables ||
                              lessons.start.delay_s[table] != view->delay_s ||
                              *(const uint64_t *)view->memory != lessons.n;
    return policy->candidates[view->n_before % policy->n_candidates];
}

static void note_feedback(const es_policy *policy, void *memory,
                          const es_policy_feedback *feedback) {
    (void)policy;
    lessons.feedback[lessons.n++] = *feedback;
    *(uint64_t *)memory += 1;
}

/* A policy that learns is told of every result that comes back, and only of those, what the rows
 * say of it. */
static void what_a_policy_learns_from_is_in_the_rows(void **state) {
    (void)state;
    static const es_policy_ops ops = {.name = "pupil",
                                      .memory_bytes = note_bytes,
                                      .begin = note_start,
                                      .learn = note_feedback,
                                      .choose = take_turns};
    size_t n_taught = 0;
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        struct random_world world;
        random_world_init(&world, seed);
        world.policy.ops = &ops;
        world.config.isolated = seed % 4 == 0;
        struct run run = run_world(world.config);
        size_t n = 0;
        for (size_t i = 0; i < run.n; i++) {
            const struct row *r = &run.rows[i];
            size_t cut = world.policy.candidates[i % world.policy.n_candidates];
            assert_int_equal(r->split_index, cut);
            if (!is_done(r) || cut + 1 == world.network.n_cuts)
                continue;
            const es_policy_feedback *found = &lessons.feedback[n++];
            assert_int_equal(found->cut, cut);
            assert_int_equal(found->costs->bytes[cut], r->uplink_bytes);
            assert_near("offloaded part", seed, i, found->offloaded_s,
                        r->uplink_queue_time + r->uplink_time + r->server_queue_time +
                            r->tail_time + r->downlink_time,
                        1e-12);
        }
        assert_int_equal(lessons.n, n);
        assert_int_equal(lessons.n_wrong_delays, 0);
        n_taught += n;
        run_fini(&run);
        random_world_fini(&world);
    }
    assert_true(n_taught > 1000);
}

/* Runs another world to its end in the midst of this one. */
struct nested {
    struct run run;
    const es_world_config *inner;
};

static es_status run_another(void *context, const es_block *block) {
    struct nested *nested = context;
    struct run run = run_world(*nested->inner);
    run_fini(&run);
    return keep_rows(&nested->run, block);
}

static void worlds_do_not_know_of_each_other(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= N_WORLDS / 4; seed++) {
        struct random_world one, other;
        random_world_init(&one, seed);
        random_world_init(&other, seed + N_WORLDS);
        struct run alone = run_world(one.config), other_alone = run_world(other.config);
        struct nested nested = {.inner = &other.config};
        struct run last = {0};
        es_world *a = NULL, *b = NULL;
        one.config.context = &nested;
        one.config.steps = run_another;
        other.config.context = &last;
        other.config.steps = keep_rows;
        assert_int_equal(es_world_create(&one.config, &a), ES_OK);
        assert_int_equal(es_world_create(&other.config, &b), ES_OK);
        assert_int_equal(es_world_run(a, &nested.run.result), ES_OK);
        es_world_destroy(a);
        assert_int_equal(es_world_run(b, &last.result), ES_OK);
        es_world_destroy(b);
        assert_same_rows(&nested.run, &alone);
        assert_same_rows(&last, &other_alone);
        run_fini(&alone);
        run_fini(&other_alone);
        run_fini(&nested.run);
        run_fini(&last);
        random_world_fini(&one);
        random_world_fini(&other);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_those_of_an_independent_computation),
        cmocka_unit_test(components_sum_to_the_latency_and_nothing_is_lost),
        cmocka_unit_test(pitfall_01_splitting_trace_segments_changes_nothing),
        cmocka_unit_test(pitfall_03_the_output_period_changes_no_row),
        cmocka_unit_test(series_add_up_to_the_run),
        cmocka_unit_test(pitfall_06_stations_conserve_work),
        cmocka_unit_test(pitfall_07_every_arrival_has_a_row),
        cmocka_unit_test(pitfall_10_arrivals_and_batches_are_those_of_any_policy),
        cmocka_unit_test(pitfall_17_no_policy_but_the_oracle_knows_the_future),
        cmocka_unit_test(doubled_times_and_halved_rates_double_every_latency),
        cmocka_unit_test(regret_is_never_negative_and_0_for_the_oracle),
        cmocka_unit_test(what_a_policy_learns_from_is_in_the_rows),
        cmocka_unit_test(worlds_do_not_know_of_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
