#include "edgesplit/file.h"
#include "trace_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND ES_SECOND

static const es_trace_options bandwidth = {.quantity = ES_BANDWIDTH, .window = SECOND};
static const es_trace_options load = {.quantity = ES_LOAD, .window = SECOND};

#define MBIT_KEYS "# quantity: bandwidth\n# unit: Mbit/s\n"
#define LOAD_KEYS "# quantity: load\n# unit: %\n"
#define HEADER    "time_s,value\n"

static void test_canonical_forward(void **state) {
    (void)state;
    es_trace *trace =
        load_content(MBIT_KEYS "# origin: drawn by hand\n" HEADER "0,2\n0.5,0\n2,6\n", bandwidth);
    assert_samples(trace, 3, (const double[]){0, 0.5, 2, 3.5}, (const double[]){2e6, 0, 6e6});
    assert_string_equal(trace->format, "canonical");
    assert_string_equal(trace->path, path);
    assert_string_equal(trace->provenance,
                        "quantity: bandwidth\nunit: Mbit/s\norigin: drawn by hand");
    assert_int_equal(trace->at_end, ES_AT_END_LOOP);
    assert_int_equal(trace->quantity, ES_BANDWIDTH);
    es_file file;
    assert_int_equal(es_file_read(path, 1000, &file, &errors), ES_OK);
    assert_string_equal(trace->sha256, file.sha256);
    es_file_fini(&file);
    es_trace_destroy(trace);
}

static void test_canonical_keys(void **state) {
    (void)state;
    es_trace *trace = load_content("# quantity: bandwidth\r\n#unit:kB/s\r\n# at_end: hold\r\n"
                                   "# duration: 7 s\r\ntime_s, value\r\n1e2, 1\r\n105,2\r\n",
                                   bandwidth);
    assert_samples(trace, 2, (const double[]){0, 5, 7}, (const double[]){8e3, 16e3});
    assert_int_equal(trace->at_end, ES_AT_END_HOLD);
    es_trace_destroy(trace);
    trace = load_content(MBIT_KEYS "# at_end: stop\n# hold: backward\n" HEADER "1.5,3\n2,4\n",
                         bandwidth);
    assert_samples(trace, 2, (const double[]){0, 1.5, 2}, (const double[]){3e6, 4e6});
    assert_int_equal(trace->at_end, ES_AT_END_STOP);
    es_trace_destroy(trace);
    trace = load_content(LOAD_KEYS "# hold: forward\n# at_end: loop\n" HEADER "0,0\n1,100\n", load);
    assert_samples(trace, 2, (const double[]){0, 1, 2}, (const double[]){0, 1});
    es_trace_destroy(trace);
    trace =
        load_content("# quantity: load\n# unit: 1\n# duration: 1 min\n" HEADER "0,0.25\n", load);
    assert_samples(trace, 1, (const double[]){0, 60}, (const double[]){0.25});
    es_trace_destroy(trace);
}

/* Stamps of an epoch give the very times that stamps from 0 give. */
static void test_canonical_epoch(void **state) {
    (void)state;
    es_trace *zero = load_content(MBIT_KEYS HEADER "0,1\n0.1,2\n.3,3\n0.3000000014,4\n", bandwidth);
    assert_int_equal(zero->times[1], 100000000);
    assert_int_equal(zero->times[3], 300000001);
    es_trace *epoch = load_content(MBIT_KEYS HEADER "1700000000,1\n1700000000.1,2\n"
                                                    "1700000000.3,3\n1700000000.3000000006,4\n",
                                   bandwidth);
    assert_memory_equal(zero->times, epoch->times, 5 * sizeof(es_time));
    es_trace_destroy(zero);
    es_trace_destroy(epoch);
}

static void test_canonical_mistakes(void **state) {
    (void)state;
    assert_refused_with("", bandwidth, "empty");
    assert_refused_with("# unit: Mbit/s\n" HEADER "0,1\n1,1\n", bandwidth, "no '# quantity: ...'");
    assert_refused_with("# quantity: bandwidth\n" HEADER "0,1\n1,1\n", bandwidth,
                        "no '# unit: ...'");
    assert_refused_with("# quantity: speed\n# unit: %\n" HEADER "0,1\n1,1\n", bandwidth,
                        ":1: quantity 'speed'; expected bandwidth");
    assert_refused_with(MBIT_KEYS HEADER "0,10\n1,1\n", load,
                        ":1: quantity 'bandwidth'; expected load");
    assert_refused_with("# quantity: bandwidth\n# unit: Mbps\n" HEADER "0,1\n1,1\n", bandwidth,
                        ":2: unit 'Mbps'; expected a data rate");
    assert_refused_with("# quantity: bandwidth\n# unit: 1\n" HEADER "0,1\n1,1\n", bandwidth,
                        ":2: unit '1'");
    assert_refused_with("# quantity: load\n# unit:\n" HEADER "0,1\n1,1\n", load, ":2: unit ''");
    assert_refused_with(MBIT_KEYS "# hold: back\n" HEADER "0,1\n1,1\n", bandwidth,
                        ":3: hold 'back'; expected forward or backward");
    assert_refused_with(MBIT_KEYS "# at_end: repeat\n" HEADER "0,1\n1,1\n", bandwidth,
                        ":3: at_end 'repeat'; expected loop, hold or stop");
    assert_refused_with(MBIT_KEYS "# At-End: hold\n" HEADER "0,1\n1,1\n", bandwidth,
                        ":3: key 'At-End'; expected 'at_end'");
    assert_refused_with(MBIT_KEYS "# duration_s: 4\n" HEADER "0,1\n1,1\n", bandwidth,
                        ":3: key 'duration_s'; expected 'duration'");
    assert_refused_with(MBIT_KEYS "# unit: bit/s\n" HEADER "0,1\n1,1\n", bandwidth,
                        ":3: 'unit' stands in line 2 already");
    assert_refused_with(MBIT_KEYS "# made by hand\n" HEADER "0,1\n1,1\n", bandwidth,
                        ":3: '# made by hand'; expected '# key: value'");
    assert_refused_with(MBIT_KEYS "# duration: 4\n" HEADER "0,1\n1,1\n", bandwidth,
                        ":3: duration '4'; expected a time with its unit");
    assert_refused_with(MBIT_KEYS "# duration: 1s\n" HEADER "0,1\n1,1\n", bandwidth,
                        ":3: duration '1s'; expected one that ends after");
    assert_refused_with(MBIT_KEYS "# duration: 0s\n" HEADER "0,1\n1,1\n", bandwidth,
                        ":3: duration '0s'; expected a time above 0 s");
    assert_refused_with(MBIT_KEYS "# hold: backward\n# duration: 9s\n" HEADER "1,1\n", bandwidth,
                        ":4: duration '9s'; expected none");
    assert_refused_with(MBIT_KEYS HEADER "0,1\n", bandwidth, "no '# duration: ...'; expected one");
    assert_refused_with(MBIT_KEYS, bandwidth, ":2: the file ends here; expected the header");
    assert_refused_with(MBIT_KEYS HEADER, bandwidth, ":3: the file ends here; expected rows");
    assert_refused_with(MBIT_KEYS "time,value\n0,1\n1,1\n", bandwidth,
                        ":3: 'time,value'; expected the header");
    assert_refused_with(MBIT_KEYS "time_s,value,more\n0,1\n1,1\n", bandwidth,
                        ":3: 'time_s,value,m");
    assert_refused_with(MBIT_KEYS HEADER "0,0\n1,0\n", bandwidth,
                        "the bandwidth is 0 at all times");
}

static void test_canonical_row_mistakes(void **state) {
    (void)state;
    static const char *const messages[] = {
        ":5: value 'x'; expected a number",
        ":6: time 'y'; expected seconds",
        ":6: value 'nan'; expected a number",
        ":7: time '-3'; expected seconds",
        ":8: a bandwidth of -4000000 bit/s; expected 0 .. 1e+15 bit/s",
        ":9: time 2s after 2s; expected rising times",
        ":10: time 1.5s after 2s; expected rising times",
        ":11: ''; expected two fields",
        ":12: '# late: comment'; expected two fields",
        ":13: '6,1,1'; expected two fields",
        ":14: a bandwidth of 1000000001000000 bit/s",
        ":15: time 'inf'; expected seconds",
        ":16: time '4000000001'; expected seconds",
        ":17: the last line has no end; the file may have been cut off",
    };
    assert_refused(MBIT_KEYS HEADER "0,1\n1,x\ny,nan\n-3,1\n2,-4\n2,1\n1.5,1\n\n# late: comment\n"
                                    "6,1,1\n7,1000000001\ninf,1\n4000000001,1\n20",
                   bandwidth, sizeof messages / sizeof messages[0], messages);
    assert_refused_with(MBIT_KEYS "# hold: backward\n" HEADER "0,1\n1,1\n", bandwidth,
                        ":5: time 0s after 0s; expected rising times");
    assert_refused_with(LOAD_KEYS HEADER "0,1\n1,101\n", load,
                        ":5: a load of 1.01; expected 0 .. 1");
    assert_refused_with(MBIT_KEYS HEADER "1,1\n1.0000000001,1\n", bandwidth,
                        "expected rising times");
}

static void test_mahimahi_windows(void **state) {
    (void)state;
    /* Period 2500 ms. [0, 1000): 0 1 999 and the two at the period; [1000, 2000): none; the last
     * window has 500 ms. */
    es_trace *trace = load_content("0\n1\n999\n2000\n2499\n2500\n2500\n", bandwidth);
    assert_string_equal(trace->format, "mahimahi");
    assert_string_equal(trace->provenance, "");
    assert_samples(trace, 3, (const double[]){0, 1, 2, 2.5}, (const double[]){60000, 0, 48000});
    es_trace_destroy(trace);
    /* Empty windows at the start and in the middle; a trace shorter than its window. */
    trace = load_content("3100\n7000\n", bandwidth);
    assert_samples(trace, 4, (const double[]){0, 1, 3, 4, 7}, (const double[]){12000, 0, 12000, 0});
    es_trace_destroy(trace);
    trace = load_content("5\n", bandwidth);
    assert_samples(trace, 1, (const double[]){0, 0.005}, (const double[]){2400000});
    es_trace_destroy(trace);
}

static void test_mahimahi_mistakes(void **state) {
    (void)state;
    static const char *const messages[] = {
        ":2: '1.5'; expected a time in whole milliseconds",
        ":3: ''; expected a time",
        ":4: '-1'; expected a time",
        ":6: 4 ms after 5 ms; expected times that never fall",
        ":7: '99999999999999999999'; expected a time",
        ":8: '4000000000001'; expected a time",
    };
    assert_refused("0\n1.5\n\n-1\n5\n4\n99999999999999999999\n4000000000001\n", bandwidth,
                   sizeof messages / sizeof messages[0], messages);
    assert_refused_with("0\n0\n", bandwidth, ":2: a period of 0 ms");
    es_trace_options options = bandwidth;
    options.format = "mahimahi";
    assert_refused_with("", options, "an empty file; expected one time");
    options.window = 1500000;
    assert_refused_with("0\n9\n", options, "windows of 0.0015s; expected whole milliseconds");
    options.window = -1;
    assert_refused_with("0\n9\n", options, "windows of -1e-09s; expected whole milliseconds");
}

static void test_planetlab(void **state) {
    (void)state;
    es_trace_options options = load;
    options.format = "planetlab";
    es_trace *trace = load_content("0\n50\n100\n", options);
    assert_samples(trace, 3, (const double[]){0, 300, 600, 900}, (const double[]){0, 0.5, 1});
    es_trace_destroy(trace);
    static const char *const messages[] = {":2: '101'; expected a whole percentage",
                                           ":3: '5%'; expected", ":4: ''; expected"};
    assert_refused("0\n101\n5%\n\n", options, 3, messages);
    assert_refused_with("", options, "an empty file; expected one percentage per line");
}

static void test_formats(void **state) {
    (void)state;
    size_t n = 0;
    while (es_trace_format_name(n) != NULL) {
        assert_true(strlen(es_trace_format_summary(n)) > 0);
        n++;
    }
    assert_int_equal(n, 15);
    assert_null(es_trace_format_summary(n));
    es_trace_options options = bandwidth;
    options.format = "mahimaji";
    assert_refused_with("0\n9\n", options, "did you mean 'mahimahi'?");
    options.format = "wireshark";
    assert_refused_with(
        "0\n9\n", options,
        "unknown trace format 'wireshark'; expected one of: canonical, csv, mahimahi");
    options.format = "planetlab";
    assert_refused_with("0\n9\n", options, "'planetlab' does not hold a bandwidth");
    assert_refused_with("0\n9\n", load,
                        "name it with `format = `, one of: canonical, csv, simgrid, planetlab");
    assert_refused_with("{\"a\": 1}\n", bandwidth, "one of: canonical, csv, mahimahi");
    es_trace *trace = NULL;
    es_errors_init(&errors);
    assert_int_equal(es_trace_load("/nowhere/at all", &bandwidth, &trace, &errors), ES_NO_INPUT);
    assert_int_equal(errors.n, 1);
    es_trace_destroy(NULL);
}

/* One wrong file does not make the next one wrong, where both report to one list. */
static void test_errors_add_up(void **state) {
    (void)state;
    es_trace *trace = NULL;
    es_errors_init(&errors);
    es_errors_add(&errors, ES_NO_INPUT, "another file", 1, "was wrong");
    write_file("1\n2\n");
    assert_int_equal(es_trace_load(path, &bandwidth, &trace, &errors), ES_OK);
    assert_int_equal(errors.n, 1);
    es_trace_destroy(trace);
}

static int64_t rate_at(const es_rate *rate, es_time at) {
    es_rate_cursor cursor = {0};
    return es_rate_at(rate, &cursor, at);
}

static void test_rate_of_bandwidth(void **state) {
    (void)state;
    es_trace *trace = load_content(
        MBIT_KEYS "# duration: 4 s\n" HEADER "0,2\n1,0\n2,0.1000004\n3,6\n", bandwidth);
    for (es_at_end at_end = ES_AT_END_LOOP; at_end <= ES_AT_END_STOP; at_end++) {
        es_rate *plain = rate_of(trace, 1, 0, at_end);
        assert_int_equal(es_rate_span(plain), 4 * SECOND);
        assert_int_equal(rate_at(plain, 2 * SECOND), 100000);
        /* With an offset, time t is t + offset of the trace, whole or within a sample. */
        for (es_time offset = 0; offset < 4 * SECOND; offset += SECOND / 4) {
            es_rate *shifted = rate_of(trace, 0.5, offset, at_end);
            for (es_time t = 0; t < 9 * SECOND; t += SECOND / 8)
                assert_int_equal(rate_at(shifted, t), rate_at(plain, t + offset) / 2);
            assert_int_equal(es_rate_span(shifted),
                             at_end == ES_AT_END_LOOP ? 4 * SECOND : 4 * SECOND - offset);
            es_rate_destroy(shifted);
        }
        es_rate_destroy(plain);
    }
    es_rate *again = rate_of(trace, 1, 41 * SECOND, ES_AT_END_LOOP);
    assert_int_equal(rate_at(again, 0), 0);
    es_rate_destroy(again);
    es_trace_destroy(trace);
}

/* 1 MB over 8 Mbit/s takes 1 s, in every spelling of that rate. */
static void test_megabyte_in_every_unit(void **state) {
    (void)state;
    static const char *const spellings[][2] = {
        {"8000000", "bit/s"},
        {"8000", "kbit/s"},
        {"8", "Mbit/s"},
        {"0.008", "Gbit/s"},
        {"1000000", "B/s"},
        {"1000", "kB/s"},
        {"1", "MB/s"},
        {"0.001", "GB/s"},
        {"7812.5", "Kibit/s"},
        {"976.5625", "KiB/s"},
        {"0.95367431640625", "MiB/s"},
    };
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++) {
        char content[200];
        snprintf(content, sizeof content,
                 "# quantity: bandwidth\n# unit: %s\n# duration: 1 s\n" HEADER "0,%s\n",
                 spellings[i][1], spellings[i][0]);
        es_trace *trace = load_content(content, bandwidth);
        es_rate *rate = rate_of(trace, 1, 0, ES_AT_END_HOLD);
        es_rate_cursor cursor = {0};
        assert_int_equal(es_rate_finish(rate, &cursor, 0, (es_work)8000000 * SECOND), SECOND);
        es_rate_destroy(rate);
        es_trace_destroy(trace);
    }
}

static void test_rate_of_load(void **state) {
    (void)state;
    es_trace *trace = load_content(LOAD_KEYS HEADER "0,0\n1,25\n2,60\n3,100\n", load);
    es_rate *rate = rate_of(trace, 1, 0, ES_AT_END_LOOP);
    assert_int_equal(rate_at(rate, 0), ES_FULL_CAPACITY);
    assert_int_equal(rate_at(rate, SECOND), ES_FULL_CAPACITY / 4 * 3);
    assert_int_equal(rate_at(rate, 2 * SECOND), ES_FULL_CAPACITY / 5 * 2);
    assert_int_equal(rate_at(rate, 3 * SECOND), 0);
    es_rate_destroy(rate);
    rate = rate_of(trace, 2, 0, ES_AT_END_LOOP);
    assert_int_equal(rate_at(rate, SECOND), ES_FULL_CAPACITY / 2);
    assert_int_equal(rate_at(rate, 2 * SECOND), 0);
    es_rate_destroy(rate);
    es_trace_destroy(trace);
}

static void assert_no_rate(const es_trace *trace, double scale, es_time offset, es_at_end at_end,
                           const char *message) {
    es_rate *rate = NULL;
    es_trace_transform transform = {.scale = scale, .offset = offset, .at_end = at_end};
    es_errors_init(&errors);
    assert_int_equal(es_trace_rate(trace, &transform, &rate, &errors), ES_INVALID);
    assert_null(rate);
    assert_int_equal(errors.n, 1);
    if (strstr(errors.records[0].text, message) == NULL)
        fail_msg("'%s' is not in '%s'", message, errors.records[0].text);
}

static void test_rate_mistakes(void **state) {
    (void)state;
    es_trace *trace = load_content(MBIT_KEYS HEADER "0,2\n1,0\n", bandwidth);
    assert_no_rate(trace, 1, SECOND, ES_AT_END_HOLD, "no positive bandwidth is left");
    assert_no_rate(trace, 1, 2 * SECOND, ES_AT_END_HOLD, "expected an offset before its end at 2s");
    assert_no_rate(trace, 1, 2 * SECOND, ES_AT_END_STOP, "expected an offset before its end at 2s");
    assert_no_rate(trace, 1, -1, ES_AT_END_LOOP, "expected an offset");
    assert_no_rate(trace, 1e-7, 0, ES_AT_END_LOOP, "no positive bandwidth is left");
    assert_no_rate(trace, 0, 0, ES_AT_END_LOOP, "expected a positive factor");
    assert_no_rate(trace, (double)NAN, 0, ES_AT_END_LOOP, "expected a positive factor");
    assert_no_rate(trace, (double)INFINITY, 0, ES_AT_END_LOOP, "expected a positive factor");
    assert_no_rate(trace, 1e10, 0, ES_AT_END_LOOP, "the bandwidth from 0s on is above the largest");
    es_trace_destroy(trace);
    trace = load_content(LOAD_KEYS HEADER "0,100\n1,50\n", load);
    assert_no_rate(trace, 2, 0, ES_AT_END_LOOP, "fully loaded at all times");
    es_trace_destroy(trace);
}

/* Fails each allocation in turn, of loading and of making the rate. */
static void check_out_of_memory(const char *content, es_trace_options options) {
    write_file(content);
    for (size_t n = 1;; n++) {
        es_trace *trace = NULL;
        es_rate *rate = NULL;
        es_trace_transform transform = {.scale = 1};
        es_errors_init(&errors);
        fault_alloc_fail_at(n);
        es_status status = es_trace_load(path, &options, &trace, &errors);
        if (status == ES_OK)
            status = es_trace_rate(trace, &transform, &rate, &errors);
        bool struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_int_equal(errors.n, struck ? 1 : 0);
        assert_true(struck == (rate == NULL));
        es_trace_destroy(trace);
        es_rate_destroy(rate);
        if (!struck) {
            assert_true(n > 6);
            return;
        }
    }
}

static void test_out_of_memory(void **state) {
    (void)state;
    char many[400] = MBIT_KEYS HEADER;
    for (size_t i = 0; i < 20; i++)
        snprintf(many + strlen(many), sizeof many - strlen(many), "%zu,%zu\n", i, i);
    check_out_of_memory(many, bandwidth);
    check_out_of_memory("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", bandwidth);
    es_trace_options options = load;
    options.format = "planetlab";
    check_out_of_memory("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n", options);
}

/* Also where the format is named, so that nobody has to recognise it. */
static void test_every_format_refuses_an_empty_file(void **state) {
    (void)state;
    for (size_t i = 0; es_trace_format_name(i) != NULL; i++) {
        es_trace_options options = {.quantity = ES_ANY_QUANTITY, .format = es_trace_format_name(i)};
        es_trace *trace = NULL;
        es_errors_init(&errors);
        assert_int_equal(es_trace_parse("empty", "", 0, &options, &trace, &errors), ES_INVALID);
        assert_null(trace);
        assert_true(errors.n > 0);
    }
}

static double zero_share(const es_trace *trace) {
    es_time zero = 0;
    for (size_t i = 0; i < trace->n; i++)
        if (trace->values[i] == 0)
            zero += trace->times[i + 1] - trace->times[i];
    return (double)zero / (double)trace->times[trace->n];
}

static es_trace *load_shared(const char *name, const es_trace_options *options) {
    char shared[512];
    es_trace *trace = NULL;
    snprintf(shared, sizeof shared, "%s/traces/%s", ES_SHARED_DATA, name);
    es_errors_init(&errors);
    if (es_trace_load(shared, options, &trace, &errors) == ES_NO_INPUT)
        skip();
    assert_non_null(trace);
    return trace;
}

/* Means, zero shares and periods that were computed from these files by another program. */
static void test_real_mahimahi(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int64_t n_opportunities, period_ms;
        double mean_mbps, zero_percent;
    } files[] = {
        {"ATT-LTE-driving-2016.down", 45604, 120002, 4.560, 0.0},
        {"ATT-LTE-driving-2016.up", 19101, 120002, 1.910, 3.3},
        {"TMobile-UMTS-driving.up", 73197, 931233, 0.943, 2.9},
        {"Verizon-EVDO-driving.down", 46065, 1062016, 0.521, 4.0},
        {"Verizon-LTE-short.down", 58655, 140000, 5.028, 0.0},
        {"Verizon-LTE-short.up", 69367, 140000, 5.946, 0.7},
    };
    static const es_time windows[] = {SECOND / 1000, SECOND / 2, SECOND, 7 * SECOND};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        for (size_t j = 0; j < sizeof windows / sizeof windows[0]; j++) {
            char name[64];
            snprintf(name, sizeof name, "mahimahi/%s", files[i].name);
            es_trace_options options = {.quantity = ES_BANDWIDTH, .window = windows[j]};
            es_trace *trace = load_shared(name, &options);
            assert_int_equal(trace->times[trace->n], files[i].period_ms * 1000000);
            es_rate *rate = rate_of(trace, 1, 0, trace->at_end);
            double exact_bps = (double)files[i].n_opportunities * 12e6 / (double)files[i].period_ms;
            assert_true(fabs(es_rate_mean(rate) - exact_bps) <= 0.5);
            assert_true(fabs(es_rate_mean(rate) / 1e6 - files[i].mean_mbps) <= 0.00051);
            if (windows[j] == SECOND)
                assert_true(fabs(zero_share(trace) * 100 - files[i].zero_percent) <= 0.06);
            es_rate_destroy(rate);
            es_trace_destroy(trace);
        }
}

static void test_real_planetlab(void **state) {
    (void)state;
    static const struct {
        const char *name;
        double mean_percent, zero_percent, max_percent;
    } files[] = {
        {"20110303/ds-pl1_technion_ac_il_root", 24.37, 49.7, 97},
        {"20110303/plab2_nec-labs_com_nyu_d", 5.99, 5.6, 84},
        {"20110303/planet12_csc_ncsu_edu_yale_p4p", 83.42, 0.0, 97},
        {"20110420/planet1_scs_cs_nyu_edu_colostate_557", 77.48, 0.0, 94},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char name[100];
        snprintf(name, sizeof name, "planetlab/%s", files[i].name);
        es_trace_options options = {.quantity = ES_LOAD, .format = "planetlab"};
        es_trace *trace = load_shared(name, &options);
        assert_int_equal(trace->n, 288);
        assert_int_equal(trace->times[288], 86400 * SECOND);
        double most = 0;
        for (size_t j = 0; j < trace->n; j++)
            most = fmax(most, trace->values[j]);
        assert_true(fabs(most * 100 - files[i].max_percent) < 1e-9);
        assert_true(fabs(zero_share(trace) * 100 - files[i].zero_percent) <= 0.051);
        es_rate *rate = rate_of(trace, 1, 0, ES_AT_END_LOOP);
        double mean_percent = 100 - es_rate_mean(rate) / (double)ES_FULL_CAPACITY * 100;
        assert_true(fabs(mean_percent - files[i].mean_percent) <= 0.0051);
        es_rate_destroy(rate);
        es_trace_destroy(trace);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_canonical_forward),
        cmocka_unit_test(test_canonical_keys),
        cmocka_unit_test(test_canonical_epoch),
        cmocka_unit_test(test_canonical_mistakes),
        cmocka_unit_test(test_canonical_row_mistakes),
        cmocka_unit_test(test_mahimahi_windows),
        cmocka_unit_test(test_mahimahi_mistakes),
        cmocka_unit_test(test_planetlab),
        cmocka_unit_test(test_formats),
        cmocka_unit_test(test_every_format_refuses_an_empty_file),
        cmocka_unit_test(test_errors_add_up),
        cmocka_unit_test(test_rate_of_bandwidth),
        cmocka_unit_test(test_megabyte_in_every_unit),
        cmocka_unit_test(test_rate_of_load),
        cmocka_unit_test(test_rate_mistakes),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_real_mahimahi),
        cmocka_unit_test(test_real_planetlab),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
