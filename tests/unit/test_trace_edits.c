/* Traces behind the reader: packed files, changes of the samples, statistics, and how long a
 * megabyte takes over each format. */
#include "trace_files.h"

#include <stdlib.h>

static const es_trace_options any = {.quantity = ES_ANY_QUANTITY, .window = ES_SECOND};

static void assert_unreadable(const char *message) {
    es_trace *trace = NULL;
    es_errors_init(&errors);
    assert_int_equal(es_trace_load(path, &any, &trace, &errors), ES_INVALID);
    assert_null(trace);
    assert_int_equal(errors.n, 1);
    if (strstr(errors.records[0].text, message) == NULL)
        fail_msg("'%s' is not in '%s'", message, errors.records[0].text);
}

/* A packed file reads as it is; one that was cut off or damaged is refused. */
static void test_packed(void **state) {
    (void)state;
    static char content[400000] = "";
    size_t length, at = 0;
    for (size_t i = 1; i <= 20000; i++)
        at += (size_t)snprintf(content + at, sizeof content - at, "%zu %zu\n", i, i % 97);
    unsigned char *packed = pack(content, &length);
    es_trace *plain = load_content(content, any), *trace = NULL;
    write_bytes(packed, length);
    es_errors_init(&errors);
    assert_int_equal(es_trace_load(path, &any, &trace, &errors), ES_OK);
    assert_int_equal(trace->n, plain->n);
    assert_memory_equal(trace->times, plain->times, (plain->n + 1) * sizeof *plain->times);
    assert_memory_equal(trace->values, plain->values, plain->n * sizeof *plain->values);
    assert_string_not_equal(trace->sha256, plain->sha256);
    es_trace_destroy(plain);
    es_trace_destroy(trace);
    static const size_t cuts[] = {2, 9, 12, 1000};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        write_bytes(packed, cuts[i]);
        assert_unreadable("the gzip data ends early");
    }
    write_bytes(packed, length - 1);
    assert_unreadable("the gzip data ends early");
    packed[length / 2] ^= 0x55;
    write_bytes(packed, length);
    assert_unreadable("damaged gzip data");
    packed[length / 2] ^= 0x55;
    free(packed);
    /* Two members in one file are one text. */
    size_t n_first, n_second;
    unsigned char *first = pack("1 1\n", &n_first), *second = pack("2 2\n", &n_second);
    unsigned char both[200];
    assert_true(n_first + n_second <= sizeof both);
    memcpy(both, first, n_first);
    memcpy(both + n_first, second, n_second);
    write_bytes(both, n_first + n_second);
    assert_int_equal(es_trace_load(path, &any, &trace, &errors), ES_OK);
    assert_int_equal(trace->n, 2);
    es_trace_destroy(trace);
    free(first);
    free(second);
}

/* What unpacks to a line without end, or to samples without end, takes no more memory than other
 * files. */
static void test_packed_bomb(void **state) {
    (void)state;
    enum { N_BYTES = 30000000 };
    char *content = malloc(N_BYTES + 1);
    assert_non_null(content);
    memset(content, '7', N_BYTES);
    content[N_BYTES] = '\0';
    for (size_t round = 0; round < 2; round++) {
        size_t length;
        unsigned char *packed = pack(content, &length);
        assert_true(length < N_BYTES / 500);
        write_bytes(packed, length);
        free(packed);
        if (round == 0)
            assert_unreadable(":1: a line of more than 1048576 bytes; expected shorter ones");
        for (size_t i = 1; i < N_BYTES; i += 2)
            content[i] = '\n';
    }
    free(content);
    es_trace_options mahimahi = {.quantity = ES_BANDWIDTH, .window = ES_SECOND};
    es_trace *trace = NULL;
    es_errors_init(&errors);
    assert_int_equal(es_trace_load(path, &mahimahi, &trace, &errors), ES_OK);
    assert_int_equal(trace->n, 1);
    assert_true(trace->values[0] == (N_BYTES / 2) * 12000.0 / 0.007);
    es_trace_destroy(trace);
}

/* 1 MB over every format whose bandwidth is 8 Mbit/s for 1 s, none for 2 s, then 4 Mbit/s for 1 s,
 * again and again: from 0 on it is done at 1 s; begun half a second later, half of it crosses the
 * outage to 4 s; begun at 3.5 s, the rest takes a quarter of the next round. */
static void pitfall_02_a_megabyte_over_every_format(void **state) {
    (void)state;
    static char mahimahi[20000] = "";
    size_t at = 0;
    /* In [0, 1) 666.67 opportunities would be 8 Mbit/s: here 2 each 3 ms, hence 667. */
    for (size_t i = 1; i <= 999; i += 3)
        at += (size_t)snprintf(mahimahi + at, sizeof mahimahi - at, "%zu\n%zu\n", i, i + 1);
    for (size_t i = 3000; i < 4000; i += 3)
        at += (size_t)snprintf(mahimahi + at, sizeof mahimahi - at, "%zu\n", i);
    snprintf(mahimahi + at, sizeof mahimahi - at, "4000\n");
    static const struct {
        const char *content, *format, *settings;
    } files[] = {
        {"# quantity: bandwidth\n# unit: MB/s\n# duration: 4s\ntime_s,value\n0,1\n1,0\n3,0.5\n",
         NULL, NULL},
        {"0 1\n1 8\n3 0\n4 4\n", NULL, NULL},
        {"1 8\n3 0\n4 4\n", NULL, NULL},
        {"[{\"duration_ms\": 1000, \"bandwidth_kbps\": 8000},"
         "{\"duration_ms\": 2000, \"bandwidth_kbps\": 0},"
         "{\"duration_ms\": 1000, \"bandwidth_kbps\": 4000}]",
         NULL, NULL},
        {"Timestamp,DL_bitrate,State\n2020.01.01_00.00.00,9000,D\n2020.01.01_00.00.00,7000,D\n"
         "2020.01.01_00.00.01,0,D\n2020.01.01_00.00.03,4000,D\n",
         NULL, NULL},
        {"timestamp_start_dl,timestamp_end_dl,download,x\n"
         "2024-04-19 16:23:59.5,2024-04-19 16:24:00.5,8,\n"
         "2024-04-19 16:24:00.5,2024-04-19 16:24:02.5,0,\n"
         "2024-04-19 16:24:02.5,2024-04-19 16:24:03.5,4,\n",
         NULL, NULL},
        {"seq_num,throughput_mbps\n5,8\n6,0\n7,0\n8,4\n", NULL, NULL},
        {"LOOPAFTER 1\n0 1e6\n1 0\n3 5e5\n", NULL, NULL},
        {"t,r\n7000,1000\n8000,0\n10000,500\n11000,1000\n", "csv",
         "time=t, time_unit=ms, column=r, unit=kB/s"},
        {mahimahi, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        es_trace_options options = any;
        options.format = files[i].format;
        options.settings = files[i].settings;
        es_trace *trace = load_content(files[i].content, options);
        if (strcmp(trace->format, "csv") == 0)
            assert_int_equal(es_trace_slice(trace, 0, 4 * ES_SECOND, &errors), ES_OK);
        es_rate *rate = rate_of(trace, 1, 0, ES_AT_END_LOOP);
        es_rate_cursor cursor = {0};
        es_work megabyte = (es_work)8000000 * ES_SECOND;
        bool windows = strcmp(trace->format, "mahimahi") == 0;
        if (windows) /* a megabyte and the rest of the last opportunity */
            megabyte = (es_work)667 * 12000 * ES_SECOND;
        assert_int_equal(es_rate_finish(rate, &cursor, 0, megabyte), ES_SECOND);
        if (!windows) {
            assert_int_equal(es_rate_finish(rate, &cursor, ES_SECOND / 2, megabyte), 4 * ES_SECOND);
            assert_int_equal(es_rate_finish(rate, &cursor, 7 * ES_SECOND / 2, megabyte),
                             4 * ES_SECOND + 3 * ES_SECOND / 4);
        }
        es_rate_destroy(rate);
        es_trace_destroy(trace);
    }
}

#define FORWARD "# quantity: bandwidth\n# unit: bit/s\ntime_s,value\n"

static void test_hold(void **state) {
    (void)state;
    es_trace *trace = load_content("1 1\n3 2\n4 3\n", any);
    assert_int_equal(es_trace_set_hold(trace, ES_HOLD_FORWARD, &errors), ES_OK);
    assert_samples(trace, 3, (const double[]){0, 2, 3, 4}, (const double[]){1e6, 2e6, 3e6});
    assert_int_equal(es_trace_set_hold(trace, ES_HOLD_FORWARD, &errors), ES_OK);
    assert_int_equal(es_trace_set_hold(trace, ES_HOLD_BACKWARD, &errors), ES_OK);
    assert_samples(trace, 2, (const double[]){0, 2, 3}, (const double[]){2e6, 3e6});
    es_trace_destroy(trace);
    trace = load_content("[{\"duration_ms\": 1, \"bandwidth_kbps\": 1}]", any);
    es_errors_init(&errors);
    assert_int_equal(es_trace_set_hold(trace, ES_HOLD_FORWARD, &errors), ES_INVALID);
    assert_non_null(strstr(errors.records[0].text, "intervals, not stamps"));
    es_trace_destroy(trace);
}

#define IDLE_LOG                                                                                   \
    "Timestamp,DL_bitrate,State\n2020.01.01_00.00.00,0,I\n2020.01.01_00.00.01,5,D\n"               \
    "2020.01.01_00.00.02,0,I\n2020.01.01_00.00.04,-,D\n2020.01.01_00.00.05,0,D\n"                  \
    "2020.01.01_00.00.06,0,I\n2020.01.01_00.00.07,1,D\n"

static es_trace *filled(const char *content, es_fill fill, es_time gap) {
    es_trace *trace = load_content(content, any);
    es_trace_edits edits = {.fill_gaps = fill, .gap = gap};
    es_errors_init(&errors);
    assert_int_equal(es_trace_edit(trace, &edits, &errors), ES_OK);
    assert_null(trace->marks);
    return trace;
}

/* What was idle or missing is no outage, unless that is asked for; a real zero stays one. */
static void test_fill_marked(void **state) {
    (void)state;
    es_trace *trace = filled(IDLE_LOG, ES_FILL_HOLD, 0);
    assert_samples(trace, 6, (const double[]){0, 1, 2, 5, 6, 7, 8},
                   (const double[]){5e3, 5e3, 5e3, 0, 0, 1e3});
    es_trace_destroy(trace);
    trace = filled(IDLE_LOG, ES_FILL_ZERO, 0);
    assert_samples(trace, 6, (const double[]){0, 1, 2, 5, 6, 7, 8},
                   (const double[]){0, 5e3, 0, 0, 0, 1e3});
    es_trace_destroy(trace);
    trace = filled(IDLE_LOG, ES_FILL_ZERO, 2 * ES_SECOND); /* the gap of 3 s only */
    assert_samples(trace, 6, (const double[]){0, 1, 2, 5, 6, 7, 8},
                   (const double[]){5e3, 5e3, 0, 0, 0, 1e3});
    es_trace_destroy(trace);
    trace = load_content(IDLE_LOG, any);
    es_errors_init(&errors);
    assert_int_equal(es_trace_fill_gaps(trace, ES_FILL_ERROR, ES_SECOND, &errors), ES_INVALID);
    assert_int_equal(errors.n, 1);
    assert_non_null(strstr(errors.records[0].text, "nothing was measured from 2s to 5s"));
    es_trace_destroy(trace);
    trace = load_content("Timestamp,DL_bitrate,State\n2020.01.01_00.00.00,7,I\n", any);
    assert_int_equal(es_trace_fill_gaps(trace, ES_FILL_HOLD, 0, &errors), ES_INVALID);
    es_trace_destroy(trace);
}

/* A long step is a gap but for the median step beside its stamp. */
static void test_fill_steps(void **state) {
    (void)state;
    const char *cooked = "0 9\n1 1\n2 2\n10 3\n11 4\n";
    es_trace *trace = filled(cooked, ES_FILL_ZERO, 2 * ES_SECOND);
    assert_samples(trace, 5, (const double[]){0, 1, 2, 9, 10, 11},
                   (const double[]){1e6, 2e6, 0, 3e6, 4e6});
    es_trace_destroy(trace);
    trace = filled(cooked, ES_FILL_HOLD, 2 * ES_SECOND);
    assert_samples(trace, 4, (const double[]){0, 1, 2, 10, 11},
                   (const double[]){1e6, 2e6, 3e6, 4e6});
    es_trace_destroy(trace);
    trace = filled(FORWARD "0,1\n1,2\n2,3\n8,4\n9,5\n", ES_FILL_ZERO, 5 * ES_SECOND);
    assert_samples(trace, 6, (const double[]){0, 1, 2, 3, 8, 9, 10},
                   (const double[]){1, 2, 3, 0, 4, 5});
    es_trace_destroy(trace);
    trace = filled(FORWARD "0,1\n1,2\n2,3\n8,4\n9,5\n", ES_FILL_ZERO, 6 * ES_SECOND);
    assert_int_equal(trace->n, 5);
    es_trace_destroy(trace);
    trace = filled("[{\"duration_ms\": 9000, \"bandwidth_kbps\": 1}]", ES_FILL_ZERO, ES_SECOND);
    assert_int_equal(trace->n, 1); /* a stated length is no gap */
    es_trace_destroy(trace);
}

static void test_slice(void **state) {
    (void)state;
    es_trace *trace = load_content(FORWARD "0,1\n1,2\n2,3\n4,4\n", any);
    assert_int_equal(es_trace_slice(trace, ES_SECOND / 2, 3 * ES_SECOND, &errors), ES_OK);
    assert_samples(trace, 3, (const double[]){0, 0.5, 1.5, 2.5}, (const double[]){1, 2, 3});
    es_errors_init(&errors);
    assert_int_equal(es_trace_slice(trace, 0, 3 * ES_SECOND, &errors), ES_INVALID);
    assert_non_null(
        strstr(errors.records[0].text, "slice from 0s to 3s; expected a part of 0 .. "));
    assert_int_equal(es_trace_slice(trace, ES_SECOND, ES_SECOND, &errors), ES_INVALID);
    es_trace_destroy(trace);
    trace = load_content("0.5\n1.5\n2\n2\n", any); /* requests at 0.5, 2, 4 and 6 s */
    assert_int_equal(es_trace_slice(trace, 2 * ES_SECOND, 6 * ES_SECOND, &errors), ES_OK);
    assert_int_equal(trace->n, 2);
    assert_int_equal(trace->times[0], 0);
    assert_int_equal(trace->times[1], 2 * ES_SECOND);
    assert_int_equal(trace->times[2], 4 * ES_SECOND);
    es_errors_init(&errors);
    assert_int_equal(es_trace_slice(trace, ES_SECOND, 2 * ES_SECOND, &errors), ES_INVALID);
    assert_non_null(strstr(errors.records[0].text, "no request from 1s to 2s"));
    es_trace_destroy(trace);
}

/* Means over intervals: the work of each stays. */
static void test_resample(void **state) {
    (void)state;
    es_trace *trace = load_content(FORWARD "0,6\n0.5,2\n2.25,8\n4,1\n", any);
    es_trace_edits edits = {.resample = ES_SECOND, .slice_end = 9 * ES_SECOND / 2};
    es_errors_init(&errors);
    assert_int_equal(es_trace_edit(trace, &edits, &errors), ES_OK);
    assert_samples(trace, 5, (const double[]){0, 1, 2, 3, 4, 4.5},
                   (const double[]){4, 2, 6.5, 8, 1});
    assert_int_equal(es_trace_resample(trace, 0, &errors), ES_INVALID);
    assert_int_equal(es_trace_resample(trace, 1, &errors), ES_INVALID);
    es_trace_destroy(trace);
    trace = load_content("0.5\n1.5\n", any);
    assert_int_equal(es_trace_resample(trace, 1, &errors), ES_INVALID);
    assert_int_equal(es_trace_fill_gaps(trace, ES_FILL_ZERO, 1, &errors), ES_INVALID);
    es_trace_destroy(trace);
}

static void test_min_rate(void **state) {
    (void)state;
    es_trace *trace = load_content(FORWARD "0,0\n1,500\n", any);
    es_trace_transform transform = {.scale = 2, .min_rate_bps = 300, .at_end = ES_AT_END_HOLD};
    es_rate *rate = NULL;
    assert_int_equal(es_trace_rate(trace, &transform, &rate, &errors), ES_OK);
    es_rate_cursor cursor = {0};
    assert_int_equal(es_rate_at(rate, &cursor, 0), 300);
    assert_int_equal(es_rate_at(rate, &cursor, ES_SECOND), 1000);
    es_rate_destroy(rate);
    transform.min_rate_bps = -1;
    es_errors_init(&errors);
    assert_int_equal(es_trace_rate(trace, &transform, &rate, &errors), ES_INVALID);
    assert_non_null(strstr(errors.records[0].text, "a lowest bandwidth of -1 bit/s"));
    es_trace_destroy(trace);
}

static void assert_near(double value, double expected) {
    if (!(fabs(value - expected) <= 1e-12 * fmax(1, fabs(expected))))
        fail_msg("%.17g; expected %.17g", value, expected);
}

static es_trace_statistics statistics_of(const char *content) {
    es_trace *trace = load_content(content, any);
    es_trace_statistics s;
    assert_int_equal(es_trace_statistics_of(trace, &s), ES_OK);
    es_trace_destroy(trace);
    return s;
}

static void test_statistics(void **state) {
    (void)state;
    /* 2 Mbit/s for 1 s, 0 for 4 s, 6 Mbit/s for 3 s, twice 50 kbit/s for 0.5 s; 9 s. */
    es_trace_statistics s = statistics_of("0 1\n1 2\n5 0\n8 6\n8.5 0.05\n8.5 7\n9 0.05\n");
    assert_int_equal(s.n, 5);
    assert_near(s.span_s, 9);
    assert_near(s.covered_s, 9);
    double mean = (2e6 + 18e6 + 0.05e6) / 9;
    assert_near(s.mean, mean);
    assert_near(s.least, 0);
    assert_near(s.most, 6e6);
    assert_near(s.cv, sqrt((4e12 + 36e12 * 3 + 0.0025e12) / 9 - mean * mean) / mean);
    assert_near(s.zero_ratio, 4.0 / 9);
    assert_near(s.low_ratio, 5.0 / 9);
    assert_near(s.longest_low_s, 4);
    assert_near(s.step_s, 1);
    assert_near(s.longest_step_s, 4);
    assert_int_equal(s.n_gaps, 1); /* 4 s is more than three median steps */
    assert_int_equal(s.n_duplicates, 1);
    /* A square wave of 2 s is its own opposite after 1 s, and rises evenly never. */
    s = statistics_of(FORWARD "0,1\n1,3\n2,1\n3,3\n4,1\n");
    assert_near(s.autocorrelation_1s, -1);
    s = statistics_of(FORWARD "0,1\n0.5,3\n1,1\n1.5,3\n2,1\n2.5,3\n");
    assert_near(s.autocorrelation_1s, 1);
    s = statistics_of(FORWARD "0,1\n0.25,3\n");
    assert_true(isnan(s.autocorrelation_1s));
    s = statistics_of(IDLE_LOG);
    assert_near(s.idle_s, 4);
    assert_near(s.missing_s, 1);
    assert_near(s.covered_s, 7);
    assert_near(s.zero_ratio, 5.0 / 7);
    assert_near(s.zero_idle_ratio, 4.0 / 7);
    assert_int_equal(s.n_gaps, 1);
    assert_near(s.longest_gap_s, 1);
}

static void test_arrival_statistics(void **state) {
    (void)state;
    /* 0.25, 0.5, 0.5, 4.25 s */
    es_trace_statistics s = statistics_of("0.25\n0.25\n0\n3.75\n");
    assert_int_equal(s.n, 4);
    assert_near(s.span_s, 4.25);
    assert_near(s.rate_hz, 4 / 4.25);
    assert_int_equal(s.peak_1s, 3);
    assert_near(s.idle_ratio, 0.6);
    assert_near(s.longest_interarrival_s, 3.75);
    double mean = 4.0 / 3;
    assert_near(s.interarrival_cv, sqrt((0.25 * 0.25 + 3.75 * 3.75) / 3 - mean * mean) / mean);
    assert_near(s.step_s, 0.25);
    assert_int_equal(s.n_duplicates, 1);
    assert_true(isnan(s.autocorrelation_1s));
}

static void test_out_of_memory(void **state) {
    (void)state;
    es_trace_edits edits = {.fill_gaps = ES_FILL_ZERO, .gap = 1, .resample = ES_SECOND};
    bool struck = true;
    for (size_t n = 1; struck; n++) {
        es_trace *trace = load_content(IDLE_LOG, any);
        es_trace_statistics s;
        es_errors_init(&errors);
        fault_alloc_fail_at(n);
        es_status status = es_trace_edit(trace, &edits, &errors);
        size_t n_errors = errors.n;
        if (status == ES_OK)
            status = es_trace_statistics_of(trace, &s);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_int_equal(n_errors, struck && n <= 5 ? 1 : 0);
        assert_true(struck || n == 10);
        es_trace_destroy(trace);
    }
    struck = true;
    size_t length;
    unsigned char *packed = pack("1 1\n2 2\n", &length);
    write_bytes(packed, length);
    free(packed);
    for (size_t n = 1; struck; n++) {
        es_trace *trace = NULL;
        es_errors_init(&errors);
        fault_alloc_fail_at(n);
        es_status status = es_trace_load(path, &any, &trace, &errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        es_trace_destroy(trace);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packed),
        cmocka_unit_test(test_packed_bomb),
        cmocka_unit_test(pitfall_02_a_megabyte_over_every_format),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_fill_marked),
        cmocka_unit_test(test_fill_steps),
        cmocka_unit_test(test_slice),
        cmocka_unit_test(test_resample),
        cmocka_unit_test(test_min_rate),
        cmocka_unit_test(test_statistics),
        cmocka_unit_test(test_arrival_statistics),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
