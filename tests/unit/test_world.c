/* Open mode against sums by hand (SEMANTICS 4). */
#include "worlds.h"

#include <math.h>
#include <string.h>

#define MBPS INT64_C(1000000)

/* What most tests need: the three cuts, a link of 10 Mbit/s, a free server. */
struct fixture {
    struct made_up network;
    const es_cost *cost;
    es_rate *link, *server;
};
static struct fixture *fixture;

static int set_up(void **state) {
    static struct fixture storage;
    (void)state;
    fixture = &storage;
    storage.network = three_cuts();
    storage.cost = made_up_cost(&storage.network);
    storage.link = constant_rate(10 * MBPS);
    storage.server = constant_rate(ES_FULL_CAPACITY);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    es_rate_destroy(fixture->link);
    es_rate_destroy(fixture->server);
    return 0;
}

/* `n` requests, one every `period_ns`, all by one cut. */
static es_world_config requests(const es_policy *policy, uint64_t n, es_time period_ns) {
    es_world_config config = one_request(fixture->cost, policy, fixture->link, fixture->server);
    config.n_steps = n;
    config.groups[0].arrival_rate_hz = 1e9 / (double)period_ns;
    return config;
}

static void assert_ns(double seconds, es_time expected_ns) {
    assert_int_equal(ns_of(seconds), expected_ns);
}

static void one_request_takes_the_hand_sum(void **state) {
    (void)state;
    es_rate *half = constant_rate(ES_FULL_CAPACITY / 2), *down = constant_rate(MBPS);
    es_policy policy = fixed_at(1);
    es_world_config config = requests(&policy, 1, ES_SECOND);
    config.server.capacity = half;
    config.groups[0].downlink.rate = down;
    config.groups[0].result_bytes = 1000;
    config.groups[0].uplink.propagation_ns = 5 * MS;
    config.groups[0].downlink.propagation_ns = 7 * MS;
    struct run run = run_world(config);
    const struct row *r = run.rows;
    assert_ns(r->arrival_time, 0);
    assert_ns(r->head_time, 10 * MS);
    assert_ns(r->uplink_time, 25 * MS);
    assert_int_equal(r->uplink_bytes, 25000);
    assert_ns(r->tail_time, 4 * MS);
    assert_ns(r->downlink_time, 15 * MS);
    assert_ns(r->device_queue_time + r->uplink_queue_time + r->server_queue_time, 0);
    assert_ns(r->latency, 54 * MS);
    assert_int_equal(r->status, ES_STEP_COMPLETED);
    assert_true(r->rate_true == 1e7 && r->load_true == 0.5);
    assert_true(isnan(r->deadline) && isnan(r->energy));
    assert_ns(r->oracle_latency, 20 * MS); /* to stay */
    assert_ns(r->regret, 34 * MS);
    assert_int_equal(run.result.end_ns, 54 * MS);
    run_fini(&run);
    policy = fixed_at(0);
    run = run_world(config);
    assert_ns(run.rows->latency, (80 + 5 + 8 + 15) * MS);
    assert_ns(run.rows->head_time, 0);
    run_fini(&run);
    es_rate_destroy(half);
    es_rate_destroy(down);
}

static void pitfall_16_no_offload_uses_no_network(void **state) {
    (void)state;
    es_policy policy = fixed_at(2);
    es_rate *down = constant_rate(1);
    es_world_config config = requests(&policy, 1, ES_SECOND);
    config.groups[0].downlink.rate = down;
    config.groups[0].result_bytes = 1000;
    config.groups[0].uplink.propagation_ns = config.groups[0].downlink.propagation_ns = ES_SECOND;
    struct run run = run_world(config);
    const struct row *r = run.rows;
    assert_int_equal(r->uplink_bytes, 0);
    assert_true(r->uplink_time == 0 && r->tail_time == 0 && r->downlink_time == 0);
    assert_ns(r->latency, 20 * MS);
    assert_true(run.result.utilisation[ES_DEVICE] == 1);
    assert_true(run.result.utilisation[ES_UPLINK] == 0 && run.result.utilisation[ES_SERVER] == 0);
    run_fini(&run);
    es_rate_destroy(down);
}

/* 8e5 bit: 0.1 s at 1 Mbit/s, 0.1 s at 4, 0.1 s at 1 (looped), then 0.2e6 bit at 4; then the tail.
 */
static void pitfall_01_a_transfer_spans_rate_changes(void **state) {
    (void)state;
    const es_time starts[] = {0, 100 * MS, 200 * MS};
    const int64_t rates[] = {MBPS, 4 * MBPS};
    es_rate *steps = stepped_rate(2, starts, rates, ES_AT_END_LOOP);
    es_policy policy = fixed_at(0);
    es_world_config config = requests(&policy, 1, ES_SECOND);
    config.groups[0].uplink.rate = steps;
    struct run run = run_world(config);
    assert_ns(run.rows->uplink_time, 350 * MS);
    assert_ns(run.rows->latency, 354 * MS);
    assert_true(run.rows->rate_true == 1e6);
    run_fini(&run);
    es_rate_destroy(steps);
}

static void pitfall_01_a_rate_of_0_stalls_a_transfer(void **state) {
    (void)state;
    const es_time starts[] = {0, 50 * MS, 80 * MS, 1000 * MS};
    const int64_t rates[] = {8 * MBPS, 0, 8 * MBPS};
    es_rate *outage = stepped_rate(3, starts, rates, ES_AT_END_LOOP);
    es_policy policy = fixed_at(0);
    es_world_config config = requests(&policy, 1, ES_SECOND);
    config.groups[0].uplink.rate = outage;
    struct run run = run_world(config);
    assert_ns(run.rows->uplink_time, 130 * MS);
    run_fini(&run);
    es_rate_destroy(outage);
}

/* 4 ms of tail from 80 ms on: 2 ms at half the server, which is 1 ms of work, then 3 ms at all of
 * it. */
static void a_tail_spans_load_changes(void **state) {
    (void)state;
    const es_time starts[] = {0, 82 * MS, 1000 * MS};
    const int64_t rates[] = {ES_FULL_CAPACITY / 2, ES_FULL_CAPACITY};
    es_rate *loaded = stepped_rate(2, starts, rates, ES_AT_END_LOOP);
    es_policy policy = fixed_at(0);
    es_world_config config = requests(&policy, 1, ES_SECOND);
    config.server.capacity = loaded;
    struct run run = run_world(config);
    assert_ns(run.rows->tail_time, 5 * MS);
    assert_true(run.rows->load_true == 0.5);
    run_fini(&run);
    es_rate_destroy(loaded);
}

static void pitfall_02_a_megabyte_over_8_megabit_per_second_takes_a_second(void **state) {
    (void)state;
    es_rate *link = constant_rate(8 * MBPS);
    fixture->network.bytes[0][0] = 1000000;
    fixture->cost = made_up_cost(&fixture->network);
    es_policy policy = fixed_at(0);
    es_world_config config = requests(&policy, 1, ES_SECOND);
    config.groups[0].uplink.rate = link;
    struct run run = run_world(config);
    assert_ns(run.rows->uplink_time, ES_SECOND);
    run_fini(&run);
    es_rate_destroy(link);
}

static void requests_queue_for_the_device(void **state) {
    (void)state;
    es_policy policy = fixed_at(2);
    struct run run = run_world(requests(&policy, 3, MS));
    for (size_t i = 0; i < 3; i++) {
        es_time k = (es_time)i;
        assert_ns(run.rows[i].arrival_time, k * MS);
        assert_ns(run.rows[i].device_queue_time, 19 * k * MS);
        assert_ns(run.rows[i].latency, (20 + 19 * k) * MS);
    }
    /* 60 ms busy of 60; the first waits 0, the others 19 and 38 ms */
    assert_true(run.result.utilisation[ES_DEVICE] == 1);
    assert_true(fabs(run.result.queue_length[ES_DEVICE] - (60 + 57) / 60.0) < 1e-12);
    assert_int_equal(run.result.end_ns, 60 * MS);
    run_fini(&run);
}

static void requests_queue_for_the_uplink(void **state) {
    (void)state;
    es_policy policy = fixed_at(0);
    struct run run = run_world(requests(&policy, 2, MS));
    assert_ns(run.rows[0].uplink_queue_time, 0);
    assert_ns(run.rows[1].device_queue_time, 0);
    assert_ns(run.rows[1].uplink_queue_time, 79 * MS);
    assert_ns(run.rows[1].uplink_time, 80 * MS);
    assert_ns(run.rows[1].server_queue_time, 0);
    assert_ns(run.rows[1].latency, 163 * MS);
    assert_int_equal(run.result.end_ns, 164 * MS);
    assert_true(fabs(run.result.utilisation[ES_UPLINK] - 160.0 / 164) < 1e-12);
    assert_true(fabs(run.result.utilisation[ES_SERVER] - 8.0 / 164) < 1e-12);
    run_fini(&run);
}

/* 1 ms to send, 4 ms of tail, 10 ms for the result. */
static void requests_queue_for_server_and_downlink(void **state) {
    (void)state;
    fixture->network.bytes[0][0] = 1250;
    fixture->cost = made_up_cost(&fixture->network);
    es_policy policy = fixed_at(0);
    es_world_config config = requests(&policy, 2, MS);
    struct run run = run_world(config);
    assert_ns(run.rows[1].uplink_queue_time, 0);
    assert_ns(run.rows[1].server_queue_time, 3 * MS);
    assert_ns(run.rows[1].latency, 8 * MS);
    run_fini(&run);
    es_rate *down = constant_rate(8 * MBPS);
    config.groups[0].downlink.rate = down;
    config.groups[0].result_bytes = 10000;
    config.groups[0].downlink.propagation_ns = 2 * MS;
    run = run_world(config);
    assert_ns(run.rows[0].downlink_time, 12 * MS);
    assert_ns(run.rows[1].downlink_time, (6 + 10 + 2) * MS); /* there 6 ms before it is free */
    assert_ns(run.rows[1].latency, (1 + 3 + 4 + 6 + 10 + 2) * MS);
    run_fini(&run);
    es_rate_destroy(down);
}

/* Nine images of 0.3 bytes are 3 whole bytes. */
static void results_are_whole_bytes(void **state) {
    (void)state;
    fixture->network.batches[0] = 9;
    es_rate *down = constant_rate(8000);
    es_policy policy = fixed_at(0);
    es_world_config config = requests(&policy, 1, ES_SECOND);
    config.groups[0].downlink.rate = down;
    config.groups[0].result_bytes = 0.3;
    struct run run = run_world(config);
    assert_int_equal(run.rows->batch, 9);
    assert_ns(run.rows->downlink_time, 3 * MS);
    run_fini(&run);
    es_rate_destroy(down);
}

/* A saturated link delivers as much with a delay as without: everything is just later. */
static void pitfall_05_propagation_does_not_occupy_the_link(void **state) {
    (void)state;
    es_policy policy = fixed_at(0);
    es_world_config config = requests(&policy, 40, MS);
    struct run near = run_world(config);
    config.groups[0].uplink.propagation_ns = 700 * MS;
    config.groups[0].downlink.propagation_ns = 300 * MS;
    struct run far = run_world(config);
    assert_int_equal(near.result.end_ns, 40 * 80 * MS + 4 * MS);
    assert_int_equal(far.result.end_ns, near.result.end_ns + ES_SECOND);
    for (size_t i = 0; i < near.n; i++) {
        assert_ns(far.rows[i].latency, ns_of(near.rows[i].latency) + ES_SECOND);
        assert_true(far.rows[i].uplink_queue_time == near.rows[i].uplink_queue_time);
        assert_true(far.rows[i].server_queue_time == 0);
    }
    run_fini(&near);
    run_fini(&far);
}

static void late_requests_finish_and_are_counted(void **state) {
    (void)state;
    es_policy policy = fixed_at(2);
    es_world_config config = requests(&policy, 3, MS);
    config.groups[0].deadline_ns = 39 * MS; /* the second is just in time */
    struct run run = run_world(config);
    assert_int_equal(run.rows[0].status, ES_STEP_COMPLETED);
    assert_int_equal(run.rows[1].status, ES_STEP_COMPLETED);
    assert_int_equal(run.rows[2].status, ES_STEP_LATE);
    assert_ns(run.rows[2].latency, 58 * MS);
    assert_ns(run.rows[2].deadline, 39 * MS);
    run_fini(&run);
}

/* The first is in service until 20 ms, over its own deadline of 15 ms. By then it is over for the
 * four behind it, not for the one that came at 5 ms, which the device takes up at once. */
static void requests_behind_their_deadline_are_dropped_where_they_next_start(void **state) {
    (void)state;
    es_policy policy = fixed_at(2);
    es_world_config config = requests(&policy, 8, MS);
    config.groups[0].deadline_ns = 15 * MS;
    config.groups[0].drop_late = true;
    struct run run = run_world(config);
    static const int8_t expected[] = {ES_STEP_LATE,    ES_STEP_DROPPED, ES_STEP_DROPPED,
                                      ES_STEP_DROPPED, ES_STEP_DROPPED, ES_STEP_LATE,
                                      ES_STEP_DROPPED, ES_STEP_DROPPED};
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(run.rows[i].status, expected[i]);
    assert_ns(run.rows[5].device_queue_time, 15 * MS);
    assert_ns(run.rows[5].latency, 35 * MS);
    assert_true(isnan(run.rows[1].latency) && isnan(run.rows[1].regret));
    assert_true(run.rows[1].head_time == 0 && run.rows[1].uplink_bytes == 0);
    assert_int_equal(run.result.end_ns, 40 * MS);
    run_fini(&run);
}

/* What a dropped request has used up before is recorded. */
static void requests_are_dropped_at_later_stations(void **state) {
    (void)state;
    es_policy policy = fixed_at(1);
    es_world_config config = requests(&policy, 1, MS);
    config.groups[0].deadline_ns = 10 * MS - 1;
    config.groups[0].drop_late = true;
    struct run run = run_world(config); /* at the uplink */
    assert_int_equal(run.rows->status, ES_STEP_DROPPED);
    assert_ns(run.rows->head_time, 10 * MS);
    assert_int_equal(run.rows->uplink_bytes, 0);
    assert_true(run.rows->uplink_time == 0);
    run_fini(&run);
    config.groups[0].deadline_ns = 30 * MS - 1;
    run = run_world(config); /* at the server */
    assert_int_equal(run.rows->status, ES_STEP_DROPPED);
    assert_int_equal(run.rows->uplink_bytes, 25000);
    assert_ns(run.rows->uplink_time, 20 * MS);
    assert_true(run.rows->tail_time == 0);
    run_fini(&run);
    config.groups[0].deadline_ns = 30 * MS;
    run = run_world(config);
    assert_int_equal(run.rows->status, ES_STEP_LATE);
    run_fini(&run);
}

static void arrivals_stop_at_the_largest_backlog(void **state) {
    (void)state;
    es_policy policy = fixed_at(2);
    es_world_config config = requests(&policy, 100, MS);
    config.max_backlog = 4;
    struct run run = run_world(config);
    assert_true(run.result.saturated);
    assert_int_equal(run.n, 4);
    assert_int_equal(run.rows[3].status, ES_STEP_COMPLETED); /* those let in are finished */
    assert_int_equal(run.result.end_ns, 80 * MS);
    run_fini(&run);
    config.n_steps = 4;
    run = run_world(config);
    assert_false(run.result.saturated);
    run_fini(&run);
    config = requests(&policy, 100, 20 * MS); /* each leaves as the next one comes */
    config.max_backlog = 2;
    run = run_world(config);
    assert_false(run.result.saturated);
    assert_int_equal(run.n, 100);
    run_fini(&run);
}

static void a_stopped_trace_leaves_requests_unfinished(void **state) {
    (void)state;
    const es_time starts[] = {0, 90 * MS};
    const int64_t rates[] = {10 * MBPS};
    es_rate *link = stepped_rate(1, starts, rates, ES_AT_END_STOP);
    es_policy policy = fixed_at(0);
    es_world_config config = requests(&policy, 3, MS);
    config.groups[0].uplink.rate = link;
    struct run run = run_world(config);
    assert_int_equal(run.n, 3);
    assert_int_equal(run.rows[0].status, ES_STEP_COMPLETED);
    assert_int_equal(run.rows[1].status, ES_STEP_UNFINISHED);
    assert_int_equal(run.rows[2].status, ES_STEP_UNFINISHED);
    assert_ns(run.rows[1].uplink_queue_time, 79 * MS);
    assert_true(run.rows[1].uplink_time == 0 && run.rows[1].uplink_bytes == 0);
    assert_true(isnan(run.rows[1].latency) && isnan(run.rows[1].regret));
    assert_ns(run.rows[1].oracle_latency, 20 * MS); /* it could have stayed */
    assert_false(run.result.saturated);
    assert_int_equal(run.result.end_ns, 84 * MS);
    /* at the end of 84 ms, two are still there, since 1 and 2 ms */
    assert_true(run.result.little_residual_s == 0);
    run_fini(&run);
    es_rate_destroy(link);
}

static void arrivals_end_with_the_duration(void **state) {
    (void)state;
    es_policy policy = fixed_at(2);
    es_world_config config = requests(&policy, UINT64_MAX, 25 * MS);
    config.duration_ns = 100 * MS; /* an arrival at its end is none */
    struct run run = run_world(config);
    assert_int_equal(run.n, 4);
    assert_int_equal(run.result.end_ns, 95 * MS);
    run_fini(&run);
    config.duration_ns = 100 * MS + 1;
    run = run_world(config);
    assert_int_equal(run.n, 5);
    run_fini(&run);
}

static void periodic_arrivals_do_not_drift(void **state) {
    (void)state;
    es_policy policy = fixed_at(2);
    es_world_config config = requests(&policy, 3001, MS);
    config.groups[0].arrival_rate_hz = 30;
    struct run run = run_world(config);
    assert_ns(run.rows[1].arrival_time, 33333333);
    assert_ns(run.rows[3000].arrival_time, 100 * ES_SECOND);
    run_fini(&run);
}

static void batches_are_taken_in_turn(void **state) {
    (void)state;
    struct made_up *network = &fixture->network;
    network->n_batches = 2;
    network->batches[1] = 8;
    for (size_t cut = 0; cut < 3; cut++) {
        network->head_ns[1][cut] = 2 * network->head_ns[0][cut];
        network->tail_ns[1][cut] = 3 * network->tail_ns[0][cut];
        network->bytes[1][cut] = 8 * network->bytes[0][cut];
    }
    fixture->cost = made_up_cost(network);
    static const int64_t batches[] = {8, 1, 1};
    es_policy policy = fixed_at(1);
    es_world_config config = requests(&policy, 4, ES_SECOND);
    config.groups[0].n_batches = 3;
    config.groups[0].batches = batches;
    struct run run = run_world(config);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(run.rows[i].batch, batches[i % 3]);
    assert_ns(run.rows[0].latency, (20 + 160 + 6) * MS);
    assert_ns(run.rows[1].latency, (10 + 20 + 2) * MS);
    assert_ns(run.rows[3].latency, (20 + 160 + 6) * MS);
    run_fini(&run);
}

/* 10 ms active, 20 ms sending, 8 ms receiving, 16 ms of 54 idle. */
static void energy_is_power_times_time(void **state) {
    (void)state;
    es_rate *half = constant_rate(ES_FULL_CAPACITY / 2), *down = constant_rate(MBPS);
    es_policy policy = fixed_at(1);
    es_world_config config = requests(&policy, 1, ES_SECOND);
    config.server.capacity = half;
    config.groups[0].downlink.rate = down;
    config.groups[0].result_bytes = 1000;
    config.groups[0].uplink.propagation_ns = 5 * MS;
    config.groups[0].downlink.propagation_ns = 7 * MS;
    config.groups[0].has_energy = true;
    config.groups[0].power.active_w = 10;
    config.groups[0].power.transmit_w = 3;
    config.groups[0].power.receive_w = 2;
    config.groups[0].power.idle_w = 0.5;
    for (int isolated = 0; isolated < 2; isolated++) {
        config.isolated = isolated;
        struct run run = run_world(config);
        assert_true(fabs(run.rows->energy - (0.1 + 0.06 + 0.016 + 0.008)) < 1e-12);
        run_fini(&run);
    }
    policy = fixed_at(2);
    config.isolated = false;
    config.n_steps = 2;
    config.groups[0].arrival_rate_hz = 100;
    struct run run = run_world(config);
    assert_true(fabs(run.rows[0].energy - 0.2) < 1e-12);
    assert_true(fabs(run.rows[1].energy - (0.2 + 0.5 * 0.01)) < 1e-12); /* it waits 10 ms */
    run_fini(&run);
    es_rate_destroy(half);
    es_rate_destroy(down);
}

static void pitfall_10_service_draws_are_those_of_any_policy(void **state) {
    (void)state;
    struct run runs[2];
    for (size_t p = 0; p < 2; p++) {
        es_policy policy = fixed_at(p);
        es_world_config config = requests(&policy, 500, 10 * ES_SECOND);
        config.groups[0].poisson = config.groups[0].exponential_head =
            config.groups[0].exponential_tail = true;
        runs[p] = run_world(config);
    }
    double sum_s = 0;
    for (size_t i = 0; i < 500; i++) { /* a nominal tail of 4 ms against one of 2 */
        assert_true(fabs(runs[0].rows[i].tail_time - 2 * runs[1].rows[i].tail_time) <= 1.001e-9);
        sum_s += runs[1].rows[i].tail_time;
    }
    assert_true(fabs(sum_s / 500 - 0.002) < 0.0004); /* 4.5 standard errors */
    run_fini(&runs[0]);
    run_fini(&runs[1]);
}

static void series_are_means_over_intervals(void **state) {
    (void)state;
    const es_time starts[] = {0, 50 * MS, 1000 * MS};
    const int64_t rates[] = {8 * MBPS, 16 * MBPS};
    es_rate *steps = stepped_rate(2, starts, rates, ES_AT_END_LOOP);
    es_policy policy = fixed_at(1);
    es_world_config config = requests(&policy, 2, 5 * MS);
    config.groups[0].uplink.rate = steps;
    config.series_period_ns = 20 * MS;
    struct run run = run_world(config);
    /* heads 0 .. 10 and 10 .. 20 ms; transfers 10 .. 35 and 35 .. 55; tails to 37 and 57 */
    assert_int_equal(run.n_samples, 3);
    assert_true(run.samples[0].end_s == 0.02 && run.samples[2].end_s == 0.06);
    assert_true(run.samples[0].utilisation[ES_DEVICE] == 1);
    assert_true(run.samples[0].queue_length[ES_DEVICE] == 1.25);
    assert_true(run.samples[0].utilisation[ES_UPLINK] == 0.5);
    assert_true(run.samples[1].queue_length[ES_UPLINK] == 1.75);
    assert_true(run.samples[1].utilisation[ES_SERVER] == 0.1);
    assert_true(run.samples[2].utilisation[ES_UPLINK] == 0.75);
    assert_true(run.samples[1].uplink_rate_bps == 8e6);
    assert_true(run.samples[2].uplink_rate_bps == 12e6);
    assert_true(run.samples[2].server_load == 0);
    run_fini(&run);
    es_rate_destroy(steps);
}

static es_status stop_at_once(void *context, const es_block *block) {
    (*(int *)context)++;
    return block->n > 0 ? ES_IO : ES_OK;
}

static void a_callback_can_end_the_run(void **state) {
    (void)state;
    es_policy policy = fixed_at(2);
    es_world_config config = requests(&policy, 3 * ES_BLOCK_STEPS, 20 * MS);
    int n_calls = 0;
    config.context = &n_calls;
    config.steps = stop_at_once;
    for (int isolated = 0; isolated < 2; isolated++) {
        config.isolated = isolated;
        es_world *world = NULL;
        es_world_result result;
        assert_int_equal(es_world_create(&config, &world), ES_OK);
        assert_int_equal(es_world_run(world, &result), ES_IO);
        assert_int_equal(n_calls, isolated + 1);
        es_world_destroy(world);
    }
    es_world_destroy(NULL);
}

/* The allocations so far at the first and at the last block. */
struct blocks {
    size_t n, n_rows, n_allocations[2];
};

static es_status count_block(void *context, const es_block *block) {
    struct blocks *blocks = context;
    blocks->n_allocations[blocks->n++ > 0] = fault_alloc_count();
    blocks->n_rows += block->n;
    return ES_OK;
}

static es_status ignore_series(void *context, const es_series *series) {
    (void)context;
    return series->n > 0 ? ES_OK : ES_INTERNAL;
}

static void nothing_is_allocated_during_a_run(void **state) {
    (void)state;
    enum { N_STEPS = 40000 };
    for (size_t i = 0; es_policies_at(i) != NULL; i++)
        for (int isolated = 0; isolated < 2; isolated++) {
            es_policy policy = policy_with(es_policies_at(i)->name, 3, every_cut);
            es_world_config config = requests(&policy, N_STEPS, 200 * MS);
            if (policy.ops->observe != NULL && !isolated)
                continue;
            struct blocks blocks = {0};
            config.groups[0].has_energy = true;
            config.groups[0].poisson = true;
            config.groups[0].exponential_head = config.groups[0].exponential_tail = !isolated;
            config.series_period_ns = isolated ? 0 : ES_SECOND;
            config.isolated = isolated;
            config.context = &blocks;
            config.steps = count_block;
            config.series = ignore_series;
            es_world *world = NULL;
            es_world_result result;
            assert_int_equal(es_world_create(&config, &world), ES_OK);
            size_t before = fault_alloc_count();
            assert_int_equal(es_world_run(world, &result), ES_OK);
            assert_int_equal(fault_alloc_count(), before);
            assert_int_equal(blocks.n, 3);
            assert_int_equal(blocks.n_rows, N_STEPS);
            assert_int_equal(blocks.n_allocations[0], before);
            assert_int_equal(blocks.n_allocations[1], before);
            es_world_destroy(world);
        }
}

static void out_of_memory_is_reported(void **state) {
    (void)state;
    for (size_t i = 0; es_policies_at(i) != NULL; i++) {
        es_policy policy = policy_with(es_policies_at(i)->name, 3, every_cut);
        es_world_config config = requests(&policy, 1, MS);
        config.isolated = policy.ops->observe != NULL;
        config.groups[0].poisson = config.groups[0].exponential_head =
            config.groups[0].exponential_tail = true;
        config.series_period_ns = MS;
        bool struck = true;
        size_t n = 0;
        while (struck) {
            es_world *world = NULL;
            fault_alloc_fail_at(++n);
            es_status status = es_world_create(&config, &world);
            struck = fault_alloc_struck();
            fault_alloc_fail_at(0);
            assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
            assert_true(struck == (world == NULL));
            es_world_destroy(world);
        }
        assert_true(n > 10);
    }
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_FIXTURE(one_request_takes_the_hand_sum),
        WITH_FIXTURE(pitfall_16_no_offload_uses_no_network),
        WITH_FIXTURE(pitfall_01_a_transfer_spans_rate_changes),
        WITH_FIXTURE(pitfall_01_a_rate_of_0_stalls_a_transfer),
        WITH_FIXTURE(a_tail_spans_load_changes),
        WITH_FIXTURE(pitfall_02_a_megabyte_over_8_megabit_per_second_takes_a_second),
        WITH_FIXTURE(requests_queue_for_the_device),
        WITH_FIXTURE(requests_queue_for_the_uplink),
        WITH_FIXTURE(requests_queue_for_server_and_downlink),
        WITH_FIXTURE(results_are_whole_bytes),
        WITH_FIXTURE(pitfall_05_propagation_does_not_occupy_the_link),
        WITH_FIXTURE(late_requests_finish_and_are_counted),
        WITH_FIXTURE(requests_behind_their_deadline_are_dropped_where_they_next_start),
        WITH_FIXTURE(requests_are_dropped_at_later_stations),
        WITH_FIXTURE(arrivals_stop_at_the_largest_backlog),
        WITH_FIXTURE(a_stopped_trace_leaves_requests_unfinished),
        WITH_FIXTURE(arrivals_end_with_the_duration),
        WITH_FIXTURE(periodic_arrivals_do_not_drift),
        WITH_FIXTURE(batches_are_taken_in_turn),
        WITH_FIXTURE(energy_is_power_times_time),
        WITH_FIXTURE(pitfall_10_service_draws_are_those_of_any_policy),
        WITH_FIXTURE(series_are_means_over_intervals),
        WITH_FIXTURE(a_callback_can_end_the_run),
        WITH_FIXTURE(nothing_is_allocated_during_a_run),
        WITH_FIXTURE(out_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
