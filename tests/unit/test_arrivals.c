/* Requests from a trace: when they come, with which batch and deadline, in a world and from a
 * scenario. */
#include "run_files.h"

#include "fault_alloc.h"

#include <math.h>

#define REQUESTS "load.csv"
#define HEAD     "# quantity: arrivals\n"
#define WORKLOAD "[workload]\narrivals = trace\ntrace = " REQUESTS "\n"
#define POLICY   "[policy no-offload]\n"

/* ---- World */

static es_world_config listed(es_arrival_list list, const es_cost *cost, const es_policy *policy,
                              const es_rate *rate) {
    static const int64_t batches[] = {1, 4};
    es_world_config config = one_request(cost, policy, rate, rate);
    config.groups[0].arrivals = list;
    config.n_steps = UINT64_MAX;
    config.groups[0].n_batches = 2;
    config.groups[0].batches = batches;
    return config;
}

static struct made_up two_batches(void) {
    struct made_up network = three_cuts();
    network.n_batches = 2;
    network.batches[1] = 4;
    for (size_t cut = 0; cut < 3; cut++) {
        network.head_ns[1][cut] = 2 * network.head_ns[0][cut];
        network.tail_ns[1][cut] = 3 * network.tail_ns[0][cut];
        network.bytes[1][cut] = 4 * network.bytes[0][cut];
    }
    return network;
}

/* Two rounds of three requests, 20 or 40 ms each on the device. */
static void a_list_brings_times_batches_and_deadlines(void **state) {
    (void)state;
    static const es_time times[] = {5 * MS, 5 * MS, 60 * MS};
    static const uint32_t index[] = {0, 1, 0};
    static const es_time deadlines[] = {20 * MS, 59 * MS, ES_TIME_NEVER};
    struct made_up network = two_batches();
    es_policy policy = fixed_at(2);
    es_rate *rate = constant_rate(ES_FULL_CAPACITY);
    for (int isolated = 0; isolated < 2; isolated++) {
        es_world_config config = listed((es_arrival_list){3, times, index, deadlines, 200 * MS},
                                        made_up_cost(&network), &policy, rate);
        config.isolated = isolated;
        config.duration_ns = 205 * MS + 1; /* the second round ends behind its second request */
        struct run run = run_world(config);
        assert_int_equal(run.n, 5);
        for (size_t i = 0; i < run.n; i++) {
            es_time round = i < 3 ? 0 : 200 * MS;
            const struct row *row = &run.rows[i];
            assert_int_equal(ns_of(row->arrival_time), round + times[i % 3]);
            assert_int_equal(row->batch, index[i % 3] == 0 ? 1 : 4);
            if (i % 3 == 2)
                assert_true(isnan(row->deadline));
            else
                assert_int_equal(ns_of(row->deadline), deadlines[i % 3]);
        }
        bool waits = !isolated; /* the second behind the first */
        assert_int_equal(ns_of(run.rows[0].latency), 20 * MS);
        assert_int_equal(run.rows[0].status, ES_STEP_COMPLETED);
        assert_int_equal(ns_of(run.rows[1].latency), (waits ? 60 : 40) * MS);
        assert_int_equal(run.rows[1].status, waits ? ES_STEP_LATE : ES_STEP_COMPLETED);
        assert_int_equal(run.rows[4].status, run.rows[1].status);
        run_fini(&run);
    }
    es_rate_destroy(rate);
}

static void a_list_that_stops_ends_the_run(void **state) {
    (void)state;
    static const es_time times[] = {0, 30 * MS};
    struct made_up network = two_batches();
    es_policy policy = fixed_at(2);
    es_rate *rate = constant_rate(ES_FULL_CAPACITY);
    for (int isolated = 0; isolated < 2; isolated++) {
        es_world_config config = listed((es_arrival_list){.n = 2, .times = times},
                                        made_up_cost(&network), &policy, rate);
        config.isolated = isolated;
        config.groups[0].poisson = true; /* a list comes instead */
        config.groups[0].deadline_ns = 25 * MS;
        struct run run = run_world(config);
        assert_int_equal(run.n, 2);
        assert_int_equal(run.rows[1].batch, 4); /* cycled */
        assert_int_equal(ns_of(run.rows[1].deadline), 25 * MS);
        run_fini(&run);
        config.n_steps = 1;
        run = run_world(config);
        assert_int_equal(run.n, 1);
        run_fini(&run);
    }
    es_rate_destroy(rate);
}

/* ---- Scenario */

static void write_requests(const char *rest) {
    write_text(REQUESTS, HEAD, rest);
}

static void assert_arrivals(size_t n, const double *times_s, const int *batches) {
    assert_int_equal(memory.n_steps_seen[0], n);
    for (size_t i = 0; i < n; i++) {
        assert_true(memory.policies[0].rows[i].arrival_time == times_s[i]);
        assert_int_equal(memory.policies[0].rows[i].batch, batches[i]);
    }
}

static void the_requests_of_a_trace_are_those_of_the_run(void **state) {
    (void)state;
    write_requests("time_s,batch,deadline_s\n0.5,1,\n1.25,2,0.001\n1.25,1,2\n");
    run_text(LINK WORKLOAD "deadline = 5s\n" POLICY "[policy full-offload]\n");
    assert_arrivals(3, (const double[]){0.5, 1.25, 1.25}, (const int[]){1, 2, 1});
    const struct row *rows = memory.policies[0].rows;
    assert_true(rows[0].deadline == 5 && rows[1].deadline == 0.001 && rows[2].deadline == 2);
    assert_int_equal(rows[1].status, ES_STEP_LATE);
    assert_int_equal(memory.record.n_inputs, 3);
    assert_int_equal(memory.record.n_batches, 2);
}

static void a_trace_without_batches_takes_those_of_the_scenario(void **state) {
    (void)state;
    write_requests("time_s\n0\n1\n1.5\n");
    run_text(LINK WORKLOAD "batch = 2, 1\nat_end = stop\n" POLICY);
    assert_arrivals(3, (const double[]){0, 1, 1.5}, (const int[]){2, 1, 2});
    run_text("[scenario]\nsteps = 2\n" LINK WORKLOAD POLICY);
    assert_arrivals(2, (const double[]){0, 1}, (const int[]){1, 1});
}

/* In this order: slice, time_scale, offset; and loops are cyclic. */
static void times_are_sliced_scaled_and_offset(void **state) {
    (void)state;
    write_requests("time_s,batch\n1,1\n2,2\n3,1\n5,1\n");
    run_text(LINK WORKLOAD
             "slice_start = 1s\nslice_end = 5s\ntime_scale = 0.5\noffset = 250ms\n" POLICY);
    assert_arrivals(2, (const double[]){0.25, 0.75}, (const int[]){2, 1});
    run_text("[scenario]\nduration = 3s\n" LINK WORKLOAD
             "slice_start = 1s\nslice_end = 5s\ntime_scale = 0.5\noffset = 250ms\nat_end = "
             "loop\n" POLICY);
    assert_arrivals(5, (const double[]){0.25, 0.75, 1.75, 2.25, 2.75},
                    (const int[]){2, 1, 1, 2, 1});
    run_text(LINK WORKLOAD "slice_start = 2s\n" POLICY); /* the last request is not cut off */
    assert_arrivals(3, (const double[]){0, 1, 3}, (const int[]){2, 1, 1});
    run_text(LINK WORKLOAD "offset = 4s\n" POLICY);
    assert_arrivals(1, (const double[]){1}, (const int[]){1});
}

/* The best cut for the mean state counts each batch as often as it comes. */
static void best_mean_weighs_batches(void **state) {
    (void)state;
    int32_t cuts[2];
    for (int more = 0; more < 2; more++) {
        es_text text = {0};
        es_text_add(&text, "time_s,batch\n0,1\n10,2\n");
        for (int i = 0; more && i < 50; i++)
            es_text_add(&text, "%d,2\n", 20 + i);
        write_requests(text.data);
        free(text.data);
        run_text("[uplink]\nrate = 300Mbit/s\n" WORKLOAD
                 "[policy static-split]\nsplit = best-mean\ncandidates = all\n");
        cuts[more] = memory.policies[0].rows[0].split_index;
    }
    assert_int_equal(cuts[0], 19);
    assert_int_equal(cuts[1], 20);
}

/* Each batch of a trace is looked up in the profiles. */
static void batches_have_to_be_measured(void **state) {
    (void)state;
    es_plan *plan = NULL;
    write_requests("time_s,batch\n0,1\n1,3\n");
    write_scenario(LINK WORKLOAD POLICY);
    assert_int_equal(es_plan_create(ini_path, 0, NULL, &plan, &errors), ES_INVALID);
    assert_non_null(strstr(errors.records[0].text, "batch 3 lies outside the measured"));
    es_errors_init(&errors);
}

static void mistakes_have_their_key(void **state) {
    (void)state;
    write_requests("time_s,batch,deadline_s\n0,1,1\n1,2,1\n");
    assert_refused(LINK WORKLOAD "batch = 1\n" POLICY,
                   "[workload] batch = 1: is not read: the trace has batches");
    assert_refused(LINK WORKLOAD "deadline = 1s\n" POLICY,
                   "[workload] deadline = 1s: is not read: every request of the trace has its own");
    assert_refused(LINK WORKLOAD "at_end = hold\n" POLICY,
                   "requests cannot be held at the end; expected loop or stop");
    assert_refused(LINK WORKLOAD "at_end = loop\n" POLICY,
                   "[scenario] duration: the arrivals trace starts again and again");
    assert_refused("[scenario]\nsteps = 1000000000\n" LINK WORKLOAD "at_end = loop\n" POLICY,
                   "[workload] trace = load.csv: the last request comes at 5e+08 s");
    assert_refused(LINK WORKLOAD "offset = 2s\n" POLICY, "slice from 2s to 1s");
    assert_refused(LINK WORKLOAD "time_scale = 1e9\noffset = 1s\nat_end = loop\n" POLICY,
                   "[scenario] duration: ");
    write_requests("time_s,batch\n0,2\n");
    assert_refused("[scenario]\nduration = 1s\n" LINK WORKLOAD "at_end = loop\n" POLICY,
                   "requests that take no time");
    write_requests("time_s,batch,deadline_s\n0,1,1e9\n");
    assert_refused(LINK WORKLOAD POLICY, "a deadline of 1e+09 s; expected at most 1e+08 s");
    write_requests("time_s\n2e8\n");
    assert_refused(LINK WORKLOAD POLICY, "the last request comes at 2e+08 s");
    assert_refused(LINK WORKLOAD "on_deadline = drop\n" POLICY, "comes at 2e+08 s");
    write_requests("time_s\n2\n");
    assert_refused(LINK WORKLOAD "on_deadline = drop\n" POLICY,
                   "on_deadline = drop: drop needs a deadline: here, or in the trace");
    assert_refused(LINK WORKLOAD "[energy]\nactive = 1W\ntransmit = 1W\nreceive = 1W\nidle = 0W\n"
                                 "[policy deadline-aware]\n",
                   "needs [workload] deadline");
    assert_refused(LINK WORKLOAD "format = cooked\n" POLICY,
                   "the format 'cooked' does not hold arrivals");
    write_requests("time_s,batch,deadline_s\n0,1,1\n1,2,\n");
    write_scenario(LINK WORKLOAD "on_deadline = drop\n"
                                 "[energy]\nactive = 1W\ntransmit = 1W\nreceive = 1W\nidle = 0W\n"
                                 "[policy deadline-aware]\n");
    es_plan_destroy(plan_file());
}

static void out_of_memory_is_reported(void **state) {
    (void)state;
    write_requests("time_s,batch,deadline_s\n0,1,1\n1,2,\n3,2,1\n");
    write_scenario("[scenario]\nduration = 10s\n" LINK WORKLOAD
                   "at_end = loop\noffset = 1s\ndeadline = 2s\n" POLICY);
    size_t n = 1;
    for (bool struck = true; struck; n++) {
        es_plan *plan = NULL;
        es_errors_init(&errors);
        fault_alloc_fail_at(n);
        es_status status = es_plan_create(ini_path, 0, NULL, &plan, &errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_int_equal(status == ES_OK, plan != NULL);
        assert_int_equal(status == ES_OK, errors.n == 0);
        es_plan_destroy(plan);
    }
    assert_true(n > 30);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_brings_times_batches_and_deadlines),
        cmocka_unit_test(a_list_that_stops_ends_the_run),
        WITH_FILES(the_requests_of_a_trace_are_those_of_the_run),
        WITH_FILES(a_trace_without_batches_takes_those_of_the_scenario),
        WITH_FILES(times_are_sliced_scaled_and_offset),
        WITH_FILES(best_mean_weighs_batches),
        WITH_FILES(batches_have_to_be_measured),
        WITH_FILES(mistakes_have_their_key),
        WITH_FILES(out_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
