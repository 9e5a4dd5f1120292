/* Three tiers against sums by hand: device, server and cloud. */
#include "tiers.h"

#include "edgesplit/number.h"

#include <math.h>

#define MBPS INT64_C(1000000)

/* Three boundaries, so six pairs. On the device 10 ms each half, on the server 4 ms each, in the
 * cloud 1 ms each; 100 kB of input, 25 kB in the middle. */
enum { INPUT, MIDDLE, ALL };

static struct made_up network;
static struct tiers tiers;
static es_rate *uplink, *backhaul, *full, *half, *quarter, *down;

static int set_up(void **state) {
    (void)state;
    network = three_cuts();
    network.tail_ns[0][0] = 8 * MS;
    network.tail_ns[0][1] = 4 * MS;
    tiers_init(&tiers, &network, 4);
    uplink = constant_rate(10 * MBPS);
    backhaul = constant_rate(20 * MBPS);
    full = constant_rate(ES_FULL_CAPACITY);
    half = constant_rate(ES_FULL_CAPACITY / 2);
    quarter = constant_rate(ES_FULL_CAPACITY / 4);
    down = constant_rate(MBPS);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    es_rate *const rates[] = {uplink, backhaul, full, half, quarter, down};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++)
        es_rate_destroy(rates[i]);
    return 0;
}

static es_policy fixed_pair(uint32_t first, uint32_t second) {
    return policy_with("static-split", 1, &tiers.pairs[pair_of(&tiers, first, second)]);
}

/* `n` requests, one every `period_ns`, on an uplink of 10 Mbit/s and a backhaul of 20. */
static es_world_config requests(const es_policy *policy, uint64_t n, es_time period_ns) {
    es_world_config config = one_request(&tiers.cost, policy, uplink, full);
    config.groups[0].offered = tiers.pairs;
    config.backhaul = (es_link){.rate = backhaul, .sharing = ES_OF_ALL};
    config.cloud = (es_server){.capacity = full, .n_servers = 1};
    config.n_steps = n;
    config.groups[0].arrival_rate_hz = 1e9 / (double)period_ns;
    config.outcomes = false;
    return config;
}

static void assert_ns(double seconds, es_time expected_ns) {
    assert_int_equal(ns_of(seconds), expected_ns);
}

/* What each pair takes, ms, on a server that is half taken and a cloud of which a quarter is left:
 * propagation 3 and 5 ms of the links and 7 ms of the backhaul, each way, results of 1 kB over 1
 * Mbit/s. */
static const struct {
    uint32_t first, second;
    int64_t head, up, tail, backhaul, bytes, cloud, down;
} sums[] = {
    {INPUT, INPUT, 0, 83, 0, 47, 100000, 8, 20}, {INPUT, MIDDLE, 0, 83, 8, 17, 25000, 4, 20},
    {INPUT, ALL, 0, 83, 16, 0, 0, 0, 13},        {MIDDLE, MIDDLE, 10, 23, 0, 17, 25000, 4, 20},
    {MIDDLE, ALL, 10, 23, 8, 0, 0, 0, 13},       {ALL, ALL, 20, 0, 0, 0, 0, 0, 0},
};
enum { N_SUMS = sizeof sums / sizeof sums[0] };

static es_world_config with_all(const es_policy *policy) {
    es_world_config config = requests(policy, 1, ES_SECOND);
    config.server.capacity = half;
    config.cloud.capacity = quarter;
    config.backhaul.propagation_ns = 7 * MS;
    config.groups[0].uplink.propagation_ns = 3 * MS;
    config.groups[0].downlink.propagation_ns = 5 * MS;
    config.groups[0].downlink.rate = down;
    config.groups[0].result_bytes = 1000;
    return config;
}

static void assert_sum(const struct row *r, size_t i) {
    assert_ns(r->head_time, sums[i].head * MS);
    assert_ns(r->uplink_time, sums[i].up * MS);
    assert_ns(r->tail_time, sums[i].tail * MS);
    assert_ns(r->backhaul_time, sums[i].backhaul * MS);
    assert_int_equal(r->backhaul_bytes, sums[i].bytes);
    assert_ns(r->cloud_time, sums[i].cloud * MS);
    assert_ns(r->downlink_time, sums[i].down * MS);
    assert_ns(r->backhaul_queue_time + r->cloud_queue_time + r->server_queue_time, 0);
    assert_ns(r->latency, (sums[i].head + sums[i].up + sums[i].tail + sums[i].backhaul +
                           sums[i].cloud + sums[i].down) *
                              MS);
}

static void each_pair_takes_its_hand_sum(void **state) {
    (void)state;
    for (size_t i = 0; i < N_SUMS; i++)
        for (int isolated = 0; isolated < 2; isolated++)
            for (int sharing = 0; sharing < 2; sharing++) {
                es_policy policy = fixed_pair(sums[i].first, sums[i].second);
                es_world_config config = with_all(&policy);
                config.isolated = isolated;
                config.outcomes = isolated;
                if (sharing && !isolated)
                    config.backhaul.discipline = config.cloud.discipline = ES_PS;
                struct run run = run_world(config);
                assert_int_equal(run.n, 1);
                assert_sum(run.rows, i);
                if (isolated)
                    assert_ns(run.rows->oracle_latency, 20 * MS);
                else
                    assert_ns(es_time_s(run.result.end_ns), ns_of(run.rows->latency));
                run_fini(&run);
            }
}

/* Every 10 ms 25 kB in the middle, 20 ms on the uplink: no request waits behind it but for what
 * takes longer. With 5 Mbit/s the backhaul needs 40 ms. */
static void requests_wait_for_the_backhaul_and_the_cloud(void **state) {
    (void)state;
    es_rate *slow = constant_rate(5 * MBPS);
    es_policy policy = fixed_pair(MIDDLE, MIDDLE);
    es_world_config config = requests(&policy, 3, 20 * MS);
    config.backhaul.rate = slow;
    struct run run = run_world(config);
    for (size_t i = 0; i < 3; i++) {
        assert_ns(run.rows[i].backhaul_queue_time, (es_time)i * 20 * MS);
        assert_ns(run.rows[i].backhaul_time, 40 * MS);
        assert_ns(run.rows[i].latency, (10 + 20 + 40 + 1 + (es_time)i * 20) * MS);
    }
    assert_true(run.result.utilisation[ES_BACKHAUL] == 120.0 / 151);
    run_fini(&run);
    es_rate *lame = constant_rate(ES_FULL_CAPACITY / 40); /* the cloud needs 40 ms */
    config.backhaul.rate = backhaul;
    config.cloud.capacity = lame;
    run = run_world(config);
    for (size_t i = 0; i < 3; i++) {
        assert_ns(run.rows[i].cloud_queue_time, (es_time)i * 20 * MS);
        assert_ns(run.rows[i].cloud_time, 40 * MS);
    }
    assert_true(run.result.utilisation[ES_CLOUD] == 120.0 / 160);
    run_fini(&run);
    config.cloud.n_servers = 2;
    run = run_world(config);
    for (size_t i = 0; i < 3; i++)
        assert_ns(run.rows[i].cloud_queue_time, 0);
    run_fini(&run);
    config.cloud.n_servers = 1;
    config.cloud.discipline = ES_PS; /* 20 ms alone, then 20 each for two ... */
    config.n_steps = 2;
    run = run_world(config);
    assert_ns(run.rows[0].cloud_time, 60 * MS);
    assert_ns(run.rows[1].cloud_time, 60 * MS);
    run_fini(&run);
    es_rate_destroy(slow);
    es_rate_destroy(lame);
}

/* A tail of 8 ms at a thousandth of the server holds it for 8 s; who only passes by does not wait.
 */
static void what_is_passed_on_does_not_wait_for_the_server(void **state) {
    (void)state;
    es_rate *lame = constant_rate(ES_FULL_CAPACITY / 1000);
    const uint32_t candidates[] = {pair_of(&tiers, INPUT, INPUT), pair_of(&tiers, INPUT, ALL)};
    es_policy policy = policy_with("static-split", 1, candidates + 1);
    es_world_config config = requests(&policy, 1, 200 * MS);
    config.n_groups = 2;
    config.groups[1] = config.groups[0];
    config.groups[0].uplink.sharing = config.groups[1].uplink.sharing = ES_OWN;
    es_policy passing = policy_with("static-split", 1, candidates);
    config.groups[1].policy = &passing;
    config.server.capacity = lame;
    config.n_steps = 2;
    struct run run = run_world(config);
    assert_int_equal(run.n, 2);
    const struct row *held = &run.rows[0], *passed = &run.rows[1];
    assert_ns(held->latency, (80 + 8000) * MS);
    assert_ns(passed->latency, (80 + 40 + 2) * MS);
    assert_ns(passed->server_queue_time + passed->tail_time, 0);
    run_fini(&run);
    es_rate_destroy(lame);
}

/* The deadline is behind when a request would begin its transfer over the backhaul, or its part in
 * the cloud. */
static void late_requests_are_dropped_behind_the_server_too(void **state) {
    (void)state;
    es_policy policy = fixed_pair(MIDDLE, MIDDLE);
    for (int sharing = 0; sharing < 2; sharing++) {
        es_world_config config = requests(&policy, 1, ES_SECOND);
        config.groups[0].drop_late = true;
        config.groups[0].deadline_ns = 29 * MS; /* 10 head and 20 sent */
        if (sharing)
            config.backhaul.discipline = config.cloud.discipline = ES_PS;
        struct run run = run_world(config);
        assert_int_equal(run.rows->status, ES_STEP_DROPPED);
        assert_ns(run.rows->uplink_time, 20 * MS);
        assert_true(run.rows->backhaul_time == 0 && run.rows->backhaul_bytes == 0);
        run_fini(&run);
        config.groups[0].deadline_ns = 39 * MS; /* 10 more over the backhaul */
        run = run_world(config);
        assert_int_equal(run.rows->status, ES_STEP_DROPPED);
        assert_ns(run.rows->backhaul_time, 10 * MS);
        assert_int_equal(run.rows->backhaul_bytes, 25000);
        assert_true(run.rows->cloud_time == 0 && run.rows->downlink_time == 0);
        assert_true(run.result.little_residual_s == 0);
        run_fini(&run);
        config.groups[0].deadline_ns = 40 * MS; /* begins in the cloud in time */
        run = run_world(config);
        assert_int_equal(run.rows->status, ES_STEP_LATE);
        run_fini(&run);
    }
}

/* A backhaul that stops for ever: what has been sent until then is unfinished there. */
static void what_is_stuck_on_the_backhaul_is_unfinished(void **state) {
    (void)state;
    const es_time starts[] = {0, 35 * MS};
    es_rate *stops = stepped_rate(1, starts, &(int64_t){20 * MBPS}, ES_AT_END_STOP);
    es_policy policy = fixed_pair(MIDDLE, MIDDLE);
    es_world_config config = requests(&policy, 1, ES_SECOND);
    config.backhaul.rate = stops;
    struct run run = run_world(config);
    assert_int_equal(run.rows->status, ES_STEP_UNFINISHED);
    assert_ns(run.rows->uplink_time, 20 * MS);
    assert_true(run.rows->backhaul_time == 0 && run.rows->backhaul_bytes == 0);
    assert_true(isnan(run.rows->latency) && run.result.little_residual_s == 0);
    run_fini(&run);
    es_rate_destroy(stops);
}

/* Only what the device sends, receives and computes is not waiting. */
static void the_device_idles_while_others_work(void **state) {
    (void)state;
    es_policy policy = fixed_pair(MIDDLE, MIDDLE);
    for (int isolated = 0; isolated < 2; isolated++) {
        es_world_config config = with_all(&policy);
        config.isolated = isolated;
        config.groups[0].has_energy = true;
        config.groups[0].power =
            (es_power){.active_w = 5, .transmit_w = 2, .receive_w = 1, .idle_w = 0.5};
        struct run run = run_world(config);
        double latency_s = (10 + 23 + 24 + 4 + 13) * 1e-3;
        double expected_j = 5 * 0.010 + 2 * 0.020 + 1 * 0.008 + 0.5 * (latency_s - 0.038);
        assert_true(fabs(run.rows->energy - expected_j) < 1e-12);
        run_fini(&run);
    }
}

/* The fastest pair by the formula of SEMANTICS 3, worked out here. */
static uint32_t fastest(double up_bps, double behind_bps, double load, double cloud_load) {
    uint32_t best = 0;
    double best_s = ES_INFINITY;
    for (uint32_t pair = 0; pair < tiers.n_pairs; pair++) {
        double total_s = tiers.head_s[0][pair];
        if (pair + 1 < tiers.n_pairs)
            total_s += 0.008 + tiers.bits[0][pair] / up_bps + tiers.tail_s[0][pair] / (1 - load);
        if (tiers.cuts[pair].second < ALL)
            total_s += 0.014 + tiers.backhaul_bits[0][pair] / behind_bps +
                       tiers.cloud_s[0][pair] / (1 - cloud_load);
        if (total_s <= best_s) {
            best_s = total_s;
            best = pair;
        }
    }
    return best;
}

static void policies_take_the_fastest_pair(void **state) {
    (void)state;
    static const int64_t ups[] = {2, 20, 60, 200, 2000}, behinds[] = {1, 20, 80, 400};
    static const double loads[] = {0, 0.5, 0.9, 0.99};
    bool taken[MAX_PAIRS] = {false};
    network.head_ns[0][1] = 200 * MS; /* so that each pair is the best somewhere */
    network.head_ns[0][2] = 400 * MS;
    network.tail_ns[0][0] = 40 * MS;
    network.tail_ns[0][1] = 20 * MS;
    network.bytes[0][0] = 1000000;
    tiers_init(&tiers, &network, 4);
    for (size_t u = 0; u < 5; u++)
        for (size_t b = 0; b < 4; b++)
            for (size_t k = 0; k < 16; k++) {
                es_rate *up = constant_rate(ups[u] * MBPS),
                        *behind = constant_rate(behinds[b] * MBPS);
                double load = loads[k % 4], cloud_load = loads[k / 4];
                es_rate *server = constant_rate(llround((1 - load) * 1e9));
                es_rate *cloud = constant_rate(llround((1 - cloud_load) * 1e9));
                uint32_t expected =
                    fastest((double)ups[u] * 1e6, (double)behinds[b] * 1e6, load, cloud_load);
                taken[expected] = true;
                for (int mode = 0; mode < 4; mode++) {
                    es_policy policy = policy_with(mode == 1 ? "oracle" : "dynamic-split",
                                                   tiers.n_pairs, tiers.pairs);
                    es_world_config config = with_all(&policy);
                    config.groups[0].downlink.rate = NULL;
                    config.isolated = config.outcomes = mode < 2;
                    config.groups[0].uplink.rate = up;
                    config.backhaul.rate = behind;
                    config.server.capacity = server;
                    config.cloud.capacity = cloud;
                    config.staleness_ns = mode == 3 ? ES_SECOND : 0;
                    struct run run = run_world(config);
                    assert_int_equal(run.rows->split_index, expected);
                    if (mode < 2)
                        assert_true(fabs(run.rows->regret) < 1e-12);
                    run_fini(&run);
                }
                es_rate *const rates[] = {up, behind, server, cloud};
                for (size_t i = 0; i < 4; i++)
                    es_rate_destroy(rates[i]);
            }
    for (size_t pair = 0; pair < tiers.n_pairs; pair++)
        assert_true(taken[pair] || tiers.cuts[pair].first == MIDDLE);
}

/* 20 Mbit/s for the first 50 ms and then 1: at 60 ms the backhaul needs 800 ms for the input; as it
 * was 30 ms ago 40, at the mean over the 100 ms of its trace 76. The cloud takes 2 ms. */
static void knowledge_of_the_backhaul_is_old_or_a_mean(void **state) {
    (void)state;
    const es_time starts[] = {0, 50 * MS, 100 * MS};
    const int64_t rates[] = {20 * MBPS, MBPS};
    es_rate *steps = stepped_rate(2, starts, rates, ES_AT_END_LOOP);
    const uint32_t candidates[] = {pair_of(&tiers, INPUT, INPUT), pair_of(&tiers, INPUT, ALL)};
    const struct {
        es_knowing knowing;
        es_time staleness_ns, server_ns;
        uint32_t expected;
    } cases[] = {{ES_KNOW_TRUE, 0, 160 * MS, candidates[1]},
                 {ES_KNOW_TRUE, 30 * MS, 60 * MS, candidates[0]},
                 {ES_KNOW_LAST, 0, 160 * MS, candidates[0]},
                 {ES_KNOW_LAST, 0, 60 * MS, candidates[1]}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int isolated = 0; isolated < 2; isolated++) {
            network.tail_ns[0][0] = cases[i].server_ns;
            tiers_init(&tiers, &network, cases[i].server_ns / (2 * MS));
            es_policy policy = policy_with("dynamic-split", 2, candidates);
            es_world_config config = requests(&policy, 2, 60 * MS);
            config.isolated = isolated;
            config.backhaul.rate = steps;
            config.knowing = cases[i].knowing;
            config.staleness_ns = cases[i].staleness_ns;
            config.initial_rate_bps = 1e7;
            struct run run = run_world(config);
            assert_int_equal(run.rows[1].split_index, cases[i].expected);
            run_fini(&run);
        }
    es_rate_destroy(steps);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH(each_pair_takes_its_hand_sum),
        WITH(requests_wait_for_the_backhaul_and_the_cloud),
        WITH(what_is_passed_on_does_not_wait_for_the_server),
        WITH(late_requests_are_dropped_behind_the_server_too),
        WITH(what_is_stuck_on_the_backhaul_is_unfinished),
        WITH(the_device_idles_while_others_work),
        WITH(policies_take_the_fastest_pair),
        WITH(knowledge_of_the_backhaul_is_old_or_a_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
