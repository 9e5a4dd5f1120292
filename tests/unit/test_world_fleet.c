/* Several devices, shared links, several servers: against sums by hand (SEMANTICS 4). */
#include "worlds.h"

#include "dice.h"

#include <math.h>
#include <string.h>

#define MBPS INT64_C(1000000)

/* Three cuts at batch sizes 1 and 2; by cut 0 one image sends 100 kB, 100 ms at 8 Mbit/s, and its
 * tail takes 4 ms; two images together take 6 ms. */
static struct made_up network;
static es_rate *link_rate, *full;
static es_policy offload;

static int set_up(void **state) {
    (void)state;
    network = three_cuts();
    network.n_batches = 2;
    network.batches[1] = 2;
    memcpy(network.head_ns[1], network.head_ns[0], sizeof network.head_ns[0]);
    network.tail_ns[1][0] = 6 * MS;
    network.tail_ns[1][1] = 3 * MS;
    network.bytes[1][0] = 200000;
    network.bytes[1][1] = 50000;
    made_up_cost(&network);
    link_rate = constant_rate(8 * MBPS);
    full = constant_rate(ES_FULL_CAPACITY);
    offload = fixed_at(0);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    es_rate_destroy(link_rate);
    es_rate_destroy(full);
    return 0;
}

/* `n` devices, each of which has one request, of one image, at time 0, for the server. */
static es_world_config fleet(size_t n) {
    es_world_config config = one_request(&network.cost, &offload, link_rate, full);
    config.groups[0].n_devices = n;
    config.groups[0].population = 1;
    config.n_steps = n;
    config.outcomes = false;
    return config;
}

static void assert_ns(double seconds, es_time expected_ns) {
    assert_int_equal(ns_of(seconds), expected_ns);
}

/* Runs it and compares a column of times. */
static void check_column(const es_world_config *config, size_t offset, size_t n,
                         const es_time *expected_ms) {
    struct run run = run_world(*config);
    assert_int_equal(run.n, n);
    for (size_t i = 0; i < n; i++) {
        double value;
        memcpy(&value, (const char *)&run.rows[i] + offset, sizeof value);
        assert_ns(value, expected_ms[i] * MS);
    }
    assert_true(run.result.little_residual_s == 0);
    run_fini(&run);
}

#define ASSERT_COLUMN(config, column, ...)                                                         \
    do {                                                                                           \
        const es_time expected_ms[] = {__VA_ARGS__};                                               \
        check_column(&(config), offsetof(struct row, column),                                      \
                     sizeof expected_ms / sizeof expected_ms[0], expected_ms);                     \
    } while (0)

static void own_links_do_not_share(void **state) {
    (void)state;
    es_world_config config = fleet(3);
    ASSERT_COLUMN(config, uplink_time, 100, 100, 100);
    ASSERT_COLUMN(config, latency, 104, 108, 112); /* but the server is one */
    ASSERT_COLUMN(config, server_queue_time, 0, 4, 8);
}

static void a_shared_fifo_link_sends_one_after_the_other(void **state) {
    (void)state;
    es_world_config config = fleet(3);
    config.groups[0].uplink.sharing = ES_OF_GROUP;
    ASSERT_COLUMN(config, uplink_queue_time, 0, 100, 200);
    ASSERT_COLUMN(config, latency, 104, 204, 304);
}

static void equal_transfers_on_a_shared_link_end_together(void **state) {
    (void)state;
    es_world_config config = fleet(7);
    config.groups[0].uplink.sharing = ES_OF_GROUP;
    config.groups[0].uplink.discipline = ES_PS;
    ASSERT_COLUMN(config, uplink_time, 700, 700, 700, 700, 700, 700, 700);
    ASSERT_COLUMN(config, uplink_queue_time, 0, 0, 0, 0, 0, 0, 0);
}

/* The first is alone for 50 ms, then both have half: 100 ms more for the first, after which the
 * second has half its bytes left. */
static void a_newcomer_takes_half_of_a_shared_link(void **state) {
    (void)state;
    static const es_time times[] = {0, 50 * MS};
    es_world_config config = fleet(2);
    config.groups[0].population = 0;
    config.groups[0].arrivals = (es_arrival_list){.n = 2, .times = times};
    config.groups[0].uplink.sharing = ES_OF_GROUP;
    config.groups[0].uplink.discipline = ES_PS;
    ASSERT_COLUMN(config, uplink_time, 150, 150);
}

static void sharing_pauses_in_an_outage(void **state) {
    (void)state;
    static const es_time starts[] = {0, 60 * MS, 160 * MS, 460 * MS};
    static const int64_t rates[] = {8 * MBPS, 0, 8 * MBPS};
    es_rate *outage = stepped_rate(3, starts, rates, ES_AT_END_HOLD);
    es_world_config config = fleet(2);
    config.groups[0].uplink.rate = outage;
    config.groups[0].uplink.sharing = ES_OF_GROUP;
    config.groups[0].uplink.discipline = ES_PS;
    ASSERT_COLUMN(config, uplink_time, 300, 300);
    es_rate_destroy(outage);
}

static void groups_share_a_link_of_all(void **state) {
    (void)state;
    es_policy middle = fixed_at(1);
    es_world_config config = fleet(1);
    config.n_groups = 2;
    config.n_steps = 2;
    config.groups[1] = config.groups[0];
    config.groups[1].policy = &middle; /* head 10 ms, 25 kB, tail 2 ms */
    ASSERT_COLUMN(config, uplink_time, 100, 25);
    for (size_t g = 0; g < 2; g++) {
        config.groups[g].uplink.sharing = ES_OF_GROUP;
        config.groups[g].uplink.discipline = ES_PS;
    }
    ASSERT_COLUMN(config, uplink_time, 100, 25);
    for (size_t g = 0; g < 2; g++)
        config.groups[g].uplink.sharing = ES_OF_ALL;
    ASSERT_COLUMN(config, uplink_time, 125, 50);
    ASSERT_COLUMN(config, head_time, 0, 10);
}

static void devices_see_the_trace_ahead_of_each_other(void **state) {
    (void)state;
    static const es_time starts[] = {0, ES_SECOND, 2 * ES_SECOND};
    static const int64_t rates[] = {8 * MBPS, 4 * MBPS};
    es_rate *steps = stepped_rate(2, starts, rates, ES_AT_END_LOOP);
    es_world_config config = fleet(3);
    config.groups[0].uplink.rate = steps;
    config.groups[0].uplink.stagger_ns = 950 * MS;
    /* Device 1 begins 50 ms before the slow half, device 2 100 ms before the fast one. */
    ASSERT_COLUMN(config, uplink_time, 100, 150, 150);
    struct run run = run_world(config);
    assert_true(run.rows[0].rate_true == 8e6 && run.rows[1].rate_true == 8e6 &&
                run.rows[2].rate_true == 4e6);
    run_fini(&run);
    es_rate_destroy(steps);
}

static void servers_in_parallel_take_one_each(void **state) {
    (void)state;
    es_world_config config = fleet(5);
    config.server.n_servers = 2;
    ASSERT_COLUMN(config, server_queue_time, 0, 0, 4, 4, 8);
    struct run run = run_world(config);
    assert_true(fabs(run.result.utilisation[ES_SERVER] - 20.0 / (2 * 112)) < 1e-15);
    assert_true(fabs(run.result.queue_length[ES_SERVER] - (4 + 4 + 8 + 8 + 12) / 112.0) < 1e-14);
    run_fini(&run);
}

static void a_sharing_server_serves_all_at_once(void **state) {
    (void)state;
    es_world_config config = fleet(3);
    config.server.discipline = ES_PS;
    ASSERT_COLUMN(config, tail_time, 12, 12, 12);
    ASSERT_COLUMN(config, server_queue_time, 0, 0, 0);
}

static void tails_are_merged_when_they_wait(void **state) {
    (void)state;
    es_world_config config = fleet(3);
    config.server.max_batch = 2;
    ASSERT_COLUMN(config, latency, 104, 110, 110); /* the first finds the server idle */
    ASSERT_COLUMN(config, tail_time, 4, 6, 6);
    config.server.max_wait_ns = 5 * MS;
    ASSERT_COLUMN(config, latency, 106, 106, 110); /* the last has waited its 5 ms by then */
    config.server.max_wait_ns = 20 * MS;
    ASSERT_COLUMN(config, latency, 106, 106, 124);
}

static void only_tails_of_one_cut_are_merged(void **state) {
    (void)state;
    es_policy middle = fixed_at(1);
    es_rate *fast = constant_rate(8000 * MBPS);
    es_world_config config = fleet(2);
    config.n_groups = 2;
    config.n_steps = 4;
    config.groups[0].uplink.rate = fast;
    config.groups[0].uplink.propagation_ns = 20 * MS;
    config.groups[1] = config.groups[0];
    config.groups[1].policy = &middle; /* there 10 ms later */
    config.server.max_batch = 2;
    config.server.max_wait_ns = 30 * MS;
    struct run run = run_world(config);
    assert_ns(run.rows[0].tail_time, 6 * MS);
    assert_ns(run.rows[1].tail_time, 6 * MS);
    assert_ns(run.rows[2].tail_time, 3 * MS);
    assert_ns(run.rows[3].tail_time, 3 * MS);
    run_fini(&run);
    es_rate_destroy(fast);
}

static void a_request_of_more_images_than_a_batch_runs_alone(void **state) {
    (void)state;
    static const int64_t two[] = {2};
    es_world_config config = fleet(2);
    config.groups[0].batches = two;
    config.server.max_batch = 1;
    ASSERT_COLUMN(config, tail_time, 6, 6);
    ASSERT_COLUMN(config, latency, 206, 212);
}

static void periodic_devices_are_spread_over_the_period(void **state) {
    (void)state;
    es_world_config config = fleet(4);
    config.groups[0].population = 0;
    config.groups[0].arrival_rate_hz = 10;
    config.n_steps = 6;
    ASSERT_COLUMN(config, arrival_time, 0, 25, 50, 75, 100, 125);
}

static void a_list_goes_to_the_devices_in_turn(void **state) {
    (void)state;
    static const es_time times[] = {0, 1 * MS, 2 * MS};
    es_world_config config = fleet(2);
    config.groups[0].population = 0;
    config.groups[0].arrivals = (es_arrival_list){.n = 3, .times = times, .period_ns = 10 * MS};
    config.n_steps = 5;
    struct run run = run_world(config);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(run.rows[i].device, i % 2);
    assert_ns(run.rows[4].arrival_time, 11 * MS);
    run_fini(&run);
}

static void every_source_waits_for_its_own_result(void **state) {
    (void)state;
    es_world_config config = fleet(2);
    config.groups[0].population = 2;
    config.groups[0].think_ns = 6 * MS;
    config.n_steps = 6;
    /* Two requests of each device in the queue of its link; the server takes 4 ms each. */
    ASSERT_COLUMN(config, arrival_time, 0, 0, 0, 0, 110, 114);
    struct run run = run_world(config);
    assert_int_equal(run.rows[0].device, 0);
    assert_int_equal(run.rows[1].device, 0);
    assert_int_equal(run.rows[2].device, 1);
    assert_int_equal(run.rows[5].device, 1);
    run_fini(&run);
}

static void jobs_of_others_queue_at_the_server(void **state) {
    (void)state;
    static const es_time times[] = {10 * MS, 99 * MS, 101 * MS};
    es_world_config config = fleet(2);
    config.background.arrivals = (es_arrival_list){.n = 3, .times = times};
    config.background.service_ns = 10 * MS;
    ASSERT_COLUMN(config, server_queue_time, 9, 13); /* the third is behind both */
    config.server.discipline = ES_PS;
    struct run run = run_world(config);
    assert_int_equal(run.result.n_background, 3);
    run_fini(&run);
    config.background = (es_background){.rate_hz = 1e9, .service_ns = ES_SECOND};
    run = run_world(config); /* more of them than there can be */
    assert_true(run.result.saturated);
    run_fini(&run);
}

static void nothing_overtakes_on_a_line(void **state) {
    (void)state;
    static const es_time starts[] = {0, 150 * MS, ES_SECOND};
    static const int64_t delays[] = {150 * MS, 1 * MS};
    es_rate *delay = stepped_rate(2, starts, delays, ES_AT_END_HOLD);
    es_world_config config = fleet(1);
    config.groups[0].population = 2;
    config.n_steps = 2;
    config.groups[0].uplink.delay = delay;
    ASSERT_COLUMN(config, uplink_time, 100 + 150, 100 + 50);
    ASSERT_COLUMN(config, latency, 254, 258);
    es_rate_destroy(delay);
}

static void the_load_aware_count_the_wait(void **state) {
    (void)state;
    es_world_config config = fleet(2);
    config.knowing = ES_KNOW_LAST;
    config.initial_rate_bps = 1e6;
    config.n_steps = 4;
    for (int aware = 0; aware < 2; aware++) {
        config.load_aware = aware == 1;
        struct run run = run_world(config);
        assert_true(run.rows[2].load_estimate == 0);                 /* waited 0 ms, served 4 */
        assert_true(run.rows[3].load_estimate == (aware ? 0.5 : 0)); /* waited 4 */
        assert_true(run.rows[3].rate_estimate == 8e6);
        run_fini(&run);
    }
}

static void what_is_overdue_does_not_join_a_crowd(void **state) {
    (void)state;
    es_world_config config = fleet(2);
    config.server.discipline = ES_PS;
    config.groups[0].uplink.sharing = ES_OF_GROUP;
    config.groups[0].drop_late = true;
    config.groups[0].deadline_ns = 150 * MS; /* the second is sent by then */
    struct run run = run_world(config);
    assert_int_equal(run.rows[0].status, ES_STEP_COMPLETED);
    assert_int_equal(run.rows[1].status, ES_STEP_DROPPED);
    assert_ns(run.rows[1].uplink_time, 100 * MS);
    assert_ns(run.rows[1].tail_time, 0);
    run_fini(&run);
}

static void the_future_is_foreseen_of_one_device_alone(void **state) {
    (void)state;
    es_world_config config = fleet(1);
    assert_true(es_world_foresees(&config));
    config.server.n_servers = 2;
    assert_false(es_world_foresees(&config));
    config = fleet(2);
    assert_false(es_world_foresees(&config));
    config.isolated = true;
    assert_true(es_world_foresees(&config));
    config = fleet(1);
    config.groups[0].uplink.discipline = ES_PS;
    assert_false(es_world_foresees(&config));
}

/* Random fleets: every row's parts add up to its latency, nothing is lost, steps come in order of
 * arrival, and the same world twice is the same. */
static void random_fleets_add_up(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 400; seed++) {
        struct dice dice = {seed};
        es_policy policy = policy_with("dynamic-split", 3, every_cut);
        es_world_config config = fleet((size_t)roll_between(&dice, 1, 9));
        config.n_groups = (size_t)roll_between(&dice, 1, 3);
        bool of_all = roll_chance(&dice, 30);
        es_discipline common = roll_chance(&dice, 50) ? ES_PS : ES_FIFO;
        for (size_t g = 0; g < config.n_groups; g++) {
            es_group *group = &config.groups[g];
            if (g > 0)
                *group = config.groups[0];
            group->policy = &policy;
            group->population = roll_chance(&dice, 50) ? (size_t)roll_between(&dice, 1, 3) : 0;
            group->poisson = roll_chance(&dice, 50);
            group->arrival_rate_hz = 1 + 20 * roll_real(&dice);
            group->exponential_tail = roll_chance(&dice, 50);
            group->deadline_ns = roll_between(&dice, 10, 400) * MS;
            group->drop_late = roll_chance(&dice, 50);
            group->uplink.sharing = of_all ? ES_OF_ALL : (es_sharing)roll_between(&dice, 0, 1);
            group->uplink.discipline = of_all || roll_chance(&dice, 50) ? common : ES_FIFO;
            group->downlink.rate = roll_chance(&dice, 50) ? link_rate : NULL;
            group->downlink.sharing = (es_sharing)roll_between(&dice, 0, 1);
            group->downlink.discipline = (es_discipline)roll_between(&dice, 0, 1);
            group->downlink.propagation_ns = roll_between(&dice, 0, 3) * MS;
            group->result_bytes = 1000;
        }
        config.n_steps = 300;
        config.max_backlog = 1024;
        config.server.discipline = (es_discipline)roll_between(&dice, 0, 1);
        if (config.server.discipline == ES_FIFO) {
            config.server.n_servers = (size_t)roll_between(&dice, 1, 3);
            config.server.max_batch = roll_between(&dice, 0, 2);
            config.server.max_wait_ns = roll_between(&dice, 0, 8) * MS;
        }
        if (roll_chance(&dice, 50))
            config.background =
                (es_background){.rate_hz = 50, .service_ns = 5 * MS, .exponential = true};
        struct run run = run_world(config), again = run_world(config);
        assert_same_rows(&run, &again);
        assert_int_equal(run.n, 300);
        assert_true(run.result.little_residual_s == 0);
        for (size_t i = 0; i < run.n; i++) {
            const struct row *r = &run.rows[i];
            double sum = r->head_time + r->device_queue_time + r->uplink_queue_time +
                         r->uplink_time + r->server_queue_time + r->tail_time + r->downlink_time;
            assert_true(i == 0 || r->arrival_time >= run.rows[i - 1].arrival_time);
            if (r->status == ES_STEP_COMPLETED || r->status == ES_STEP_LATE)
                assert_true(fabs(sum - r->latency) < 1e-12);
            else
                assert_int_equal(r->status, ES_STEP_DROPPED);
        }
        run_fini(&run);
        run_fini(&again);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_links_do_not_share),
        cmocka_unit_test(a_shared_fifo_link_sends_one_after_the_other),
        cmocka_unit_test(equal_transfers_on_a_shared_link_end_together),
        cmocka_unit_test(a_newcomer_takes_half_of_a_shared_link),
        cmocka_unit_test(sharing_pauses_in_an_outage),
        cmocka_unit_test(groups_share_a_link_of_all),
        cmocka_unit_test(devices_see_the_trace_ahead_of_each_other),
        cmocka_unit_test(servers_in_parallel_take_one_each),
        cmocka_unit_test(a_sharing_server_serves_all_at_once),
        cmocka_unit_test(tails_are_merged_when_they_wait),
        cmocka_unit_test(only_tails_of_one_cut_are_merged),
        cmocka_unit_test(a_request_of_more_images_than_a_batch_runs_alone),
        cmocka_unit_test(periodic_devices_are_spread_over_the_period),
        cmocka_unit_test(a_list_goes_to_the_devices_in_turn),
        cmocka_unit_test(every_source_waits_for_its_own_result),
        cmocka_unit_test(jobs_of_others_queue_at_the_server),
        cmocka_unit_test(nothing_overtakes_on_a_line),
        cmocka_unit_test(the_load_aware_count_the_wait),
        cmocka_unit_test(what_is_overdue_does_not_join_a_crowd),
        cmocka_unit_test(the_future_is_foreseen_of_one_device_alone),
        cmocka_unit_test(random_fleets_add_up),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
