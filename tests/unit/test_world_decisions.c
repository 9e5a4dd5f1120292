/* What policies know, the oracle, and isolated mode (SEMANTICS 3, 5). */
#include "worlds.h"

#include <math.h>
#include <string.h>

#define MBPS INT64_C(1000000)

static struct made_up network;
static const es_cost *cost;
static es_rate *link_rate, *server, *fast_slow;

static int set_up(void **state) {
    (void)state;
    static const es_time starts[] = {0, ES_SECOND, 2 * ES_SECOND, 10 * ES_SECOND};
    static const int64_t rates[] = {8 * MBPS, 16 * MBPS, 4 * MBPS};
    network = three_cuts();
    cost = made_up_cost(&network);
    link_rate = constant_rate(10 * MBPS);
    server = constant_rate(ES_FULL_CAPACITY);
    fast_slow = stepped_rate(3, starts, rates, ES_AT_END_LOOP);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    es_rate_destroy(link_rate);
    es_rate_destroy(server);
    es_rate_destroy(fast_slow);
    return 0;
}

/* `n` requests, one a second, over the link of 8, 16, 4, 4, ... Mbit/s. */
static es_world_config per_second(const es_policy *policy, uint64_t n) {
    es_world_config config = one_request(cost, policy, fast_slow, server);
    config.n_steps = n;
    return config;
}

static void knowledge_true_is_the_present(void **state) {
    (void)state;
    es_policy policy = fixed_at(0);
    struct run run = run_world(per_second(&policy, 3));
    assert_true(run.rows[0].rate_estimate == 8e6 && run.rows[1].rate_estimate == 16e6);
    assert_true(run.rows[2].rate_estimate == 4e6 && run.rows[2].load_estimate == 0);
    run_fini(&run);
}

/* 8e5 bit take 0.1, 0.05, 0.2 s: the first of a second is known at its end. */
static void knowledge_last_is_the_last_transfer(void **state) {
    (void)state;
    static const es_time starts[] = {0, ES_SECOND, 10 * ES_SECOND};
    static const int64_t capacities[] = {ES_FULL_CAPACITY / 4, ES_FULL_CAPACITY / 2};
    es_rate *loaded = stepped_rate(2, starts, capacities, ES_AT_END_LOOP);
    es_policy policy = fixed_at(0);
    es_world_config config = per_second(&policy, 4);
    config.server.capacity = loaded;
    config.knowing = ES_KNOW_LAST;
    config.initial_rate_bps = 1e15;
    struct run run = run_world(config);
    assert_true(run.rows[0].rate_estimate == 1e15 && run.rows[0].load_estimate == 0);
    assert_true(run.rows[1].rate_estimate == 8e5 / 0.1 && run.rows[1].load_estimate == 0.75);
    assert_true(run.rows[2].rate_estimate == 8e5 / 0.05 && run.rows[2].load_estimate == 0.5);
    assert_true(run.rows[3].rate_estimate == 8e5 / 0.2);
    assert_true(run.rows[1].rate_true == 16e6 && run.rows[1].load_true == 0.5);
    run_fini(&run);
    es_rate_destroy(loaded);
}

/* A transfer that is still under way has taught nothing yet; nor has one whose result is. */
static void samples_come_with_the_end_of_a_transfer_and_with_the_result(void **state) {
    (void)state;
    es_rate *half = constant_rate(ES_FULL_CAPACITY / 2);
    es_policy policy = fixed_at(0);
    es_world_config config = per_second(&policy, 12);
    config.server.capacity = half;
    config.groups[0].arrival_rate_hz =
        50; /* every 20 ms; the first is sent at 100, served at 108 */
    config.groups[0].downlink.propagation_ns = 60 * MS;
    config.knowing = ES_KNOW_LAST;
    config.initial_rate_bps = 5e6;
    struct run run = run_world(config);
    for (size_t i = 0; i < 5; i++)
        assert_true(run.rows[i].rate_estimate == 5e6);
    for (size_t i = 5; i < 9; i++) /* what comes at the very end already knows */
        assert_true(run.rows[i].rate_estimate == 8e6 && run.rows[i].load_estimate == 0);
    assert_true(run.rows[9].load_estimate == 0.5);
    run_fini(&run);
    es_rate_destroy(half);
}

/* Samples 8, 16, 4 Mbit/s at 0.1, 1.05, 2.2 s. */
static void knowledge_ewma_forgets_by_half_in_its_half_life(void **state) {
    (void)state;
    es_policy policy = fixed_at(0);
    es_world_config config = per_second(&policy, 4);
    config.knowing = ES_KNOW_EWMA;
    config.half_life_s = 0.5;
    config.initial_rate_bps = 1e6;
    struct run run = run_world(config);
    double second = 16e6 + (8e6 - 16e6) * exp2(-0.95 / 0.5);
    double third = 4e6 + (second - 4e6) * exp2(-1.15 / 0.5);
    assert_true(run.rows[0].rate_estimate == 1e6);
    assert_true(fabs(run.rows[1].rate_estimate - 8e6) < 1e-6); /* the first sample replaces it */
    assert_true(fabs(run.rows[2].rate_estimate - second) < 1e-6);
    assert_true(fabs(run.rows[3].rate_estimate - third) < 1e-6);
    run_fini(&run);
}

static void who_never_offloads_learns_nothing(void **state) {
    (void)state;
    es_policy policy = policy_with("dynamic-split", 3, every_cut);
    for (int isolated = 0; isolated < 2; isolated++) {
        es_world_config config = per_second(&policy, 20);
        config.isolated = isolated;
        config.knowing = isolated ? ES_KNOW_LAST : ES_KNOW_EWMA;
        config.half_life_s = 1;
        config.initial_rate_bps = 1000; /* so bad that it never tries */
        struct run run = run_world(config);
        for (size_t i = 0; i < run.n; i++) {
            assert_int_equal(run.rows[i].split_index, 2);
            assert_true(run.rows[i].rate_estimate == 1000 && run.rows[i].load_estimate == 0);
        }
        run_fini(&run);
    }
}

static void the_dynamic_policy_takes_what_it_predicts_to_be_least(void **state) {
    (void)state;
    /* To stay takes 20 ms. Offloading: 4 ms + 8e5 bit; the middle: 12 ms + 2e5 bit. */
    static const struct {
        int64_t rate;
        int32_t cut;
    } cases[] = {
        {200 * MBPS, 0}, /* 8, 13, 20 */
        {60 * MBPS, 1},  /* 17.3, 15.3, 20 */
        {24 * MBPS, 2},  /* 37, 20.3, 20 */
        {25 * MBPS, 2},  /* 36, 20, 20: a tie, and less is sent */
        {50 * MBPS, 1},  /* 20, 16, 20 */
    };
    es_policy policy = policy_with("dynamic-split", 3, every_cut);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        es_rate *rate = constant_rate(cases[i].rate);
        struct run run = run_world(one_request(cost, &policy, rate, server));
        assert_int_equal(run.rows->split_index, cases[i].cut);
        run_fini(&run);
        es_rate_destroy(rate);
    }
}

/* The device is busy with the first request for 20 ms when the second comes: the oracle knows. */
static void the_oracle_sees_the_queues(void **state) {
    (void)state;
    es_rate *slow = constant_rate(25 * MBPS);
    es_policy policy = policy_with("oracle", 3, every_cut);
    es_world_config config = one_request(cost, &policy, slow, server);
    config.n_steps = 2;
    config.groups[0].arrival_rate_hz = 1000;
    struct run run = run_world(config);
    /* 36, 20, 20 ms: a tie, of which the larger cut is taken */
    assert_int_equal(run.rows[0].split_index, 2);
    assert_int_equal(ns_of(run.rows[0].oracle_latency), 20 * MS);
    /* behind it 19 + 36, 19 + 20, 19 + 20 */
    assert_int_equal(run.rows[1].split_index, 2);
    assert_int_equal(ns_of(run.rows[1].oracle_latency), 39 * MS);
    assert_true(run.rows[1].regret == 0);
    run_fini(&run);
    es_rate_destroy(slow);
}

/* Privacy: full offload is the best, and not among the candidates. 16 ms by the middle cut are
 * still better than 20 to stay. */
static void the_oracle_takes_the_best_of_its_own_candidates(void **state) {
    (void)state;
    es_rate *rate = constant_rate(200 * MBPS);
    es_policy policy = policy_with("oracle", 2, &every_cut[1]);
    for (int isolated = 0; isolated < 2; isolated++) {
        es_world_config config = one_request(cost, &policy, rate, server);
        config.isolated = isolated;
        struct run run = run_world(config);
        assert_int_equal(ns_of(run.rows->oracle_latency), 8 * MS);
        assert_int_equal(run.rows->split_index, 1);
        assert_int_equal(ns_of(run.rows->regret), 5 * MS);
        run_fini(&run);
    }
    es_rate_destroy(rate);
}

/* A transfer of 8e5 bit from 0.9 s on at 1 Mbit/s, at 100 Mbit/s from 1 s on. */
static void the_oracle_knows_the_future_of_the_trace(void **state) {
    (void)state;
    static const es_time starts[] = {0, ES_SECOND / 1000, ES_SECOND};
    static const int64_t rates[] = {MBPS, 1000 * MBPS};
    es_rate *improving = stepped_rate(2, starts, rates, ES_AT_END_HOLD);
    es_policy oracle = policy_with("oracle", 3, every_cut);
    es_policy dynamic = policy_with("dynamic-split", 3, every_cut);
    es_world_config config = one_request(cost, &oracle, improving, server);
    struct run run = run_world(config);
    assert_int_equal(run.rows->split_index, 0);
    assert_int_equal(ns_of(run.rows->latency), MS + 799 * US + 4 * MS);
    run_fini(&run);
    config.groups[0].policy = &dynamic;
    run = run_world(config);
    assert_int_equal(run.rows->split_index, 2);
    assert_int_equal(ns_of(run.rows->regret), 20 * MS - 5799 * US);
    run_fini(&run);
    es_rate_destroy(improving);
}

static void outcomes_are_left_out_where_they_are_not_wanted(void **state) {
    (void)state;
    es_policy policy = policy_with("oracle", 3, every_cut);
    es_world_config config = per_second(&policy, 3);
    struct run with = run_world(config);
    config.outcomes = false;
    struct run without = run_world(config);
    for (size_t i = 0; i < 3; i++) {
        assert_true(without.rows[i].latency == with.rows[i].latency);
        assert_true(isnan(without.rows[i].oracle_latency) && isnan(without.rows[i].regret));
    }
    run_fini(&with);
    run_fini(&without);
}

static void isolated_steps_are_the_formula(void **state) {
    (void)state;
    es_rate *loaded = constant_rate(ES_FULL_CAPACITY / 4), *down = constant_rate(MBPS);
    for (size_t cut = 0; cut < 3; cut++) {
        es_policy policy = fixed_at(cut);
        es_world_config config = one_request(cost, &policy, link_rate, loaded);
        config.isolated = true;
        config.n_steps = 5;
        config.groups[0].arrival_rate_hz = 1e6; /* nothing queues */
        config.groups[0].downlink.rate = down;
        config.groups[0].result_bytes = 1000;
        config.groups[0].uplink.propagation_ns = 5 * MS;
        config.groups[0].downlink.propagation_ns = 7 * MS;
        config.groups[0].deadline_ns = 50 * MS;
        struct run run = run_world(config);
        const double offloaded = cut < 2, head_s = 0.01 * (double)cut;
        const double send_s = cut == 0 ? 0.08 : cut == 1 ? 0.02 : 0;
        const double tail_s = cut == 0 ? 0.016 : cut == 1 ? 0.008 : 0;
        for (size_t i = 0; i < 5; i++) {
            const struct row *r = &run.rows[i];
            assert_int_equal(ns_of(r->arrival_time), (es_time)i * US);
            assert_true(fabs(r->latency - (head_s + send_s + tail_s + 0.02 * offloaded)) < 1e-15);
            assert_true(fabs(r->head_time - head_s) < 1e-15);
            assert_true(fabs(r->uplink_time - (send_s + 0.005 * offloaded)) < 1e-15);
            assert_true(fabs(r->tail_time - tail_s) < 1e-15);
            assert_true(fabs(r->downlink_time - 0.015 * offloaded) < 1e-15);
            assert_true(r->device_queue_time == 0 && r->uplink_queue_time == 0);
            assert_true(r->server_queue_time == 0 && r->load_true == 0.75);
            assert_int_equal(r->uplink_bytes, cut == 0 ? 100000 : cut == 1 ? 25000 : 0);
            assert_int_equal(r->status, cut == 2 ? ES_STEP_COMPLETED : ES_STEP_LATE);
            assert_true(r->oracle_latency == 0.02 && r->regret == r->latency - 0.02);
        }
        run_fini(&run);
    }
    es_rate_destroy(loaded);
    es_rate_destroy(down);
}

/* Batch fastest, then load, then rate; and again from the start. */
static void isolated_grids_are_walked_in_order(void **state) {
    (void)state;
    static const double rates[] = {1e6, 3e6}, loads[] = {0, 0.5, 0.9};
    static const int64_t batches[] = {1, 8};
    network.n_batches = 2;
    network.batches[1] = 8;
    for (size_t cut = 0; cut < 3; cut++) {
        network.head_ns[1][cut] = 8 * network.head_ns[0][cut];
        network.tail_ns[1][cut] = 8 * network.tail_ns[0][cut];
        network.bytes[1][cut] = 8 * network.bytes[0][cut];
    }
    cost = made_up_cost(&network);
    es_policy policy = fixed_at(0);
    es_world_config config = one_request(cost, &policy, link_rate, server);
    config.isolated = true;
    config.n_steps = 14;
    config.n_rates = 2;
    config.rates_bps = rates;
    config.n_loads = 3;
    config.loads = loads;
    config.groups[0].n_batches = 2;
    config.groups[0].batches = batches;
    struct run run = run_world(config);
    for (size_t i = 0; i < 14; i++) {
        const struct row *r = &run.rows[i];
        double images = i % 2 ? 8 : 1, rate_bps = rates[i / 6 % 2], load = loads[i / 2 % 3];
        assert_int_equal(r->batch, (int)images);
        assert_true(r->rate_true == rate_bps && r->load_true == load);
        assert_true(fabs(r->latency - images * (8e5 / rate_bps + 0.004 / (1 - load))) < 1e-12);
    }
    run_fini(&run);
}

static void isolated_states_come_from_the_trace_at_each_arrival(void **state) {
    (void)state;
    es_policy policy = policy_with("dynamic-split", 3, every_cut);
    es_world_config config = per_second(&policy, 4);
    config.isolated = true;
    struct run run = run_world(config);
    static const double rates[] = {8e6, 16e6, 4e6, 4e6};
    for (size_t i = 0; i < 4; i++)
        assert_true(run.rows[i].rate_true == rates[i]);
    run_fini(&run);
    policy = fixed_at(0);
    config.knowing = ES_KNOW_LAST;
    config.initial_rate_bps = 1e6;
    run = run_world(config);
    assert_true(run.rows[0].rate_estimate == 1e6);
    for (size_t i = 1; i < 4; i++)
        assert_true(run.rows[i].rate_estimate == rates[i - 1]);
    run_fini(&run);
}

static void isolated_steps_without_a_rate_or_a_server_are_unfinished(void **state) {
    (void)state;
    static const double rates[] = {0, 1e6}, loads[] = {0, 1};
    es_policy policy = fixed_at(0);
    es_world_config config = one_request(cost, &policy, link_rate, server);
    config.isolated = true;
    config.n_rates = config.n_loads = 2;
    config.rates_bps = rates;
    config.loads = loads;
    config.n_steps = 4;
    config.groups[0].has_energy = true;
    struct run run = run_world(config);
    for (size_t i = 0; i < 4; i++) {
        bool finished = i == 2; /* the only one with a rate and a server */
        assert_int_equal(run.rows[i].status, finished ? ES_STEP_COMPLETED : ES_STEP_UNFINISHED);
        assert_true(isnan(run.rows[i].latency) == !finished);
        assert_true(isnan(run.rows[i].energy) == !finished);
        assert_true(isnan(run.rows[i].regret) == !finished);
        assert_true(run.rows[i].oracle_latency == 0.02);
    }
    run_fini(&run);
    policy = policy_with("dynamic-split", 3, every_cut);
    run = run_world(config);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(run.rows[i].split_index, 2);
    run_fini(&run);
}

#define WITH_RATES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_RATES(knowledge_true_is_the_present),
        WITH_RATES(knowledge_last_is_the_last_transfer),
        WITH_RATES(samples_come_with_the_end_of_a_transfer_and_with_the_result),
        WITH_RATES(knowledge_ewma_forgets_by_half_in_its_half_life),
        WITH_RATES(who_never_offloads_learns_nothing),
        WITH_RATES(the_dynamic_policy_takes_what_it_predicts_to_be_least),
        WITH_RATES(the_oracle_sees_the_queues),
        WITH_RATES(the_oracle_takes_the_best_of_its_own_candidates),
        WITH_RATES(the_oracle_knows_the_future_of_the_trace),
        WITH_RATES(outcomes_are_left_out_where_they_are_not_wanted),
        WITH_RATES(isolated_steps_are_the_formula),
        WITH_RATES(isolated_grids_are_walked_in_order),
        WITH_RATES(isolated_states_come_from_the_trace_at_each_arrival),
        WITH_RATES(isolated_steps_without_a_rate_or_a_server_are_unfinished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
