/* Probes: what they learn, what they cost, and when none is sent. Hand sums. */
#include "worlds.h"

#define MBPS INT64_C(1000000)

static struct made_up network;
static const es_cost *cost;
static es_rate *server, *fast_slow;

static int set_up(void **state) {
    (void)state;
    static const es_time starts[] = {0, ES_SECOND, 2 * ES_SECOND, 10 * ES_SECOND};
    static const int64_t rates[] = {8 * MBPS, 16 * MBPS, 4 * MBPS};
    network = three_cuts();
    cost = made_up_cost(&network);
    server = constant_rate(ES_FULL_CAPACITY);
    fast_slow = stepped_rate(3, starts, rates, ES_AT_END_LOOP);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    es_rate_destroy(server);
    es_rate_destroy(fast_slow);
    return 0;
}

/* `n` requests, one each `period`, over a link of 8, 16, 4, 4, ... Mbit/s; probes of 100 kB. */
static es_world_config probing(const es_policy *policy, uint64_t n, es_time period, es_time every) {
    es_world_config config = one_request(cost, policy, fast_slow, server);
    config.n_steps = n;
    config.groups[0].arrival_rate_hz = 1e9 / (double)period;
    config.knowing = ES_KNOW_LAST;
    config.initial_rate_bps = 1000;
    config.probe_every_ns = every;
    config.probe_bytes = 100000;
    return config;
}

/* Sent at 0.5, 1.1, 1.65, 2.2 and 2.9 s; they take 0.1, 0.05, 0.05, 0.2 and 0.2 s. */
static void probes_learn_while_nothing_is_sent(void **state) {
    (void)state;
    es_policy policy = fixed_at(2);
    struct run run = run_world(probing(&policy, 4, ES_SECOND, 500 * MS));
    assert_true(run.rows[0].rate_estimate == 1000);
    assert_true(run.rows[1].rate_estimate == 8e6);
    assert_true(run.rows[2].rate_estimate == 16e6);
    assert_true(run.rows[3].rate_estimate == 4e6);
    assert_int_equal(run.result.n_probes, 5);
    assert_int_equal(run.result.probing_ns, 600 * MS);
    assert_true(run.result.little_residual_s == 0);
    run_fini(&run);
}

/* The first transfer ends at 0.1 s; the probe goes at 0.55 s, ahead of the request that arrives
 * then. */
static void a_request_waits_for_the_probe_before_it(void **state) {
    (void)state;
    es_policy policy = fixed_at(0);
    es_world_config config = probing(&policy, 2, 550 * MS, 450 * MS);
    config.groups[0].n_offered = 1; /* what the oracle forecasts does not know of the probe */
    struct run run = run_world(config);
    assert_true(run.rows[0].uplink_queue_time == 0);
    assert_true(run.rows[1].uplink_queue_time == 0.1);
    assert_true(run.rows[1].regret > 0.0999 && run.rows[1].regret < 0.1001);
    assert_int_equal(run.result.n_probes, 1);
    run_fini(&run);
}

/* Sent from 0.5 to 0.6 s, at the server at 0.63 s, back at 0.67 s. */
static void the_answer_brings_the_load(void **state) {
    (void)state;
    es_rate *half = constant_rate(ES_FULL_CAPACITY / 2);
    es_policy policy = fixed_at(2);
    es_world_config config = probing(&policy, 3, 650 * MS, 500 * MS);
    config.server.capacity = half;
    config.groups[0].uplink.propagation_ns = 30 * MS;
    config.groups[0].downlink.propagation_ns = 40 * MS;
    struct run run = run_world(config);
    assert_true(run.rows[1].rate_estimate == 8e6 && run.rows[1].load_estimate == 0);
    assert_true(run.rows[2].load_estimate == 0.5);
    run_fini(&run);
    es_rate_destroy(half);
}

static void a_busy_uplink_is_not_probed(void **state) {
    (void)state;
    es_policy policy = fixed_at(0);
    struct run run = run_world(probing(&policy, 60, 40 * MS, 50 * MS));
    assert_int_equal(run.result.n_probes, 0);
    run_fini(&run);
}

/* A probe that is due when everything is over is not sent, and one that is never answered does not
 * keep a run alive. */
static void probes_end_with_the_run(void **state) {
    (void)state;
    static const es_time starts[] = {0, ES_SECOND};
    static const int64_t rates[] = {8 * MBPS};
    es_rate *stopping = stepped_rate(1, starts, rates, ES_AT_END_STOP);
    es_policy policy = fixed_at(2);
    struct run run = run_world(probing(&policy, 1, ES_SECOND, 500 * MS));
    assert_int_equal(run.result.n_probes, 0);
    assert_int_equal(run.result.end_ns, 20 * MS);
    run_fini(&run);
    es_world_config config = probing(&policy, 3, ES_SECOND, 950 * MS);
    config.groups[0].uplink.rate = stopping;
    run = run_world(config);
    assert_int_equal(run.n, 3);
    assert_int_equal(run.result.n_probes, 1);
    assert_int_equal(run.result.probing_ns, 0);
    run_fini(&run);
    es_rate_destroy(stopping);
}

/* After a fade a policy that only knows its own transfers stays on the device for good, unless it
 * probes. The request at 1 s is held up until the link is back at 1.9 s. */
static void a_policy_that_probes_comes_back(void **state) {
    (void)state;
    static const es_time starts[] = {0, ES_SECOND, 1900 * MS, 100 * ES_SECOND};
    static const int64_t rates[] = {200 * MBPS, MBPS / 10, 200 * MBPS};
    es_rate *fade = stepped_rate(3, starts, rates, ES_AT_END_HOLD);
    es_policy policy = policy_with("dynamic-split", 3, every_cut);
    for (int probes = 0; probes < 2; probes++) {
        es_world_config config = probing(&policy, 5, ES_SECOND, probes ? 300 * MS : 0);
        config.groups[0].uplink.rate = fade;
        config.initial_rate_bps = 1e8;
        config.probe_bytes = 1000;
        struct run run = run_world(config);
        assert_int_equal(run.rows[1].split_index, 0);
        assert_int_equal(run.rows[2].split_index, 2);
        assert_int_equal(run.rows[3].split_index, probes ? 0 : 2);
        assert_int_equal(run.rows[4].split_index, probes ? 0 : 2);
        assert_int_equal(run.result.n_probes > 0, probes);
        run_fini(&run);
    }
    es_rate_destroy(fade);
}

#define WITH_RATES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_RATES(probes_learn_while_nothing_is_sent),
        WITH_RATES(a_request_waits_for_the_probe_before_it),
        WITH_RATES(the_answer_brings_the_load),
        WITH_RATES(a_busy_uplink_is_not_probed),
        WITH_RATES(probes_end_with_the_run),
        WITH_RATES(a_policy_that_probes_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
