/* Long traces: what is read in blocks is read as if it were in one piece, and what is only measured
 * has the same statistics as what is kept. */
#include "trace_files.h"

#include "../../sim/trace/meter.h"
#include "dice.h"

enum { BLOCK = 1 << 20 }; /* of text; no line is longer */

static const es_trace_options any = {.quantity = ES_ANY_QUANTITY, .window = ES_SECOND};

/* Lines of many lengths fall on the ends of blocks in many ways; packed and in memory alike. */
static void test_blocks(void **state) {
    (void)state;
    enum { N = 200000 };
    es_text text = {0};
    struct dice dice = {1};
    for (size_t i = 0; i <= N; i++)
        es_text_add(&text, "%zu%*s%zu%s\n", i, (int)roll_between(&dice, 1, 40), " ", i % 1000,
                    roll_chance(&dice, 50) ? "\r" : "");
    assert_true(text.length > 4 * BLOCK);
    es_trace *trace = load_content(text.data, any);
    assert_string_equal(trace->format, "cooked");
    assert_int_equal(trace->n, N);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(trace->times[i], (es_time)i * ES_SECOND);
        assert_true(trace->values[i] == (double)((i + 1) % 1000) * 1e6);
    }
    assert_int_equal(trace->times[N], N * ES_SECOND);
    char sha256[ES_SHA256_TEXT];
    assert_int_equal(es_sha256(text.data, text.length, sha256), ES_OK);
    assert_string_equal(trace->sha256, sha256);
    size_t length;
    unsigned char *packed = pack(text.data, &length);
    write_bytes(packed, length);
    es_trace *again[2] = {NULL};
    es_errors_init(&errors);
    assert_int_equal(es_trace_load(path, &any, &again[0], &errors), ES_OK);
    assert_int_equal(es_trace_parse("memory", text.data, text.length, &any, &again[1], &errors),
                     ES_OK);
    assert_int_equal(es_sha256(packed, length, sha256), ES_OK);
    assert_string_equal(again[0]->sha256, sha256);
    assert_string_equal(again[1]->sha256, "");
    free(packed);
    free(text.data);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(again[i]->n, N);
        assert_memory_equal(again[i]->times, trace->times, (N + 1) * sizeof *trace->times);
        assert_memory_equal(again[i]->values, trace->values, N * sizeof *trace->values);
        es_trace_destroy(again[i]);
    }
    es_trace_destroy(trace);
}

/* A mistake far behind has its line; so have a NUL byte there and an end that is cut off. */
static void test_lines_of_mistakes(void **state) {
    (void)state;
    es_text text = {0};
    for (size_t i = 0; i < 300000; i++)
        es_text_add(&text, i == 250000 ? "%zu x\n" : "%zu 1\n", i);
    assert_refused_with(text.data, any, ":250001: rate 'x'; expected a number");
    text.data[text.length - 1] = '\0';
    es_trace_options cooked = reading(ES_BANDWIDTH, "cooked", NULL);
    assert_refused(text.data, cooked, 2,
                   (const char *const[]){":250001: rate 'x'", ":300000: the last line has no end"});
    text.data[text.length - 3] = '\0';
    write_bytes(text.data, text.length);
    es_trace *trace = NULL;
    es_errors_init(&errors);
    assert_int_equal(es_trace_load(path, &cooked, &trace, &errors), ES_INVALID);
    assert_non_null(strstr(errors.records[0].text, ":300000: a NUL byte; expected text"));
    free(text.data);
}

/* A comment of `length` bytes with its line end, in a file that is right but for it. */
static char *with_long_line(size_t length) {
    char *text = malloc(length + 100);
    assert_non_null(text);
    int at = sprintf(text, "# quantity: load\n# x: ");
    memset(text + at, 'y', length - 5 - 1);
    sprintf(text + at + length - 5 - 1, "\n# unit: 1\ntime_s,value\n0,1\n1,0.5\n");
    return text;
}

static void test_long_lines(void **state) {
    (void)state;
    char *text = with_long_line(BLOCK - 100);
    es_trace *trace = load_content(text, any);
    assert_int_equal(trace->n, 2);
    assert_int_equal(strlen(trace->provenance),
                     strlen("quantity: load\nx: \nunit: 1") + BLOCK - 106);
    es_trace_destroy(trace);
    free(text);
    text = with_long_line(BLOCK);
    assert_refused_with(text, any, ":2: more than 1048576 bytes of '# key: value'");
    free(text);
    text = with_long_line(BLOCK + 1);
    assert_refused_with(text, any, ":2: a line of more than 1048576 bytes; expected shorter ones");
    free(text);
}

/* JSON is one line as often as not. */
static void test_long_json(void **state) {
    (void)state;
    enum { N = 60000 };
    es_text text = {0};
    for (size_t i = 0; i < N; i++)
        es_text_add(&text, "%s{\"duration_ms\": 500, \"bandwidth_kbps\": %zu}", i == 0 ? "[" : ", ",
                    i);
    es_text_add(&text, "]");
    assert_true(text.length > 2 * BLOCK);
    es_trace *trace = load_content(text.data, any);
    assert_int_equal(trace->n, N);
    assert_true(trace->values[N - 1] == (N - 1) * 1e3);
    es_trace_destroy(trace);
    text.data[BLOCK + 100] = '\0';
    write_bytes(text.data, text.length);
    es_errors_init(&errors);
    assert_int_equal(es_trace_load(path, &any, &trace, &errors), ES_INVALID);
    assert_int_equal(errors.n, 1);
    assert_non_null(strstr(errors.records[0].text, ":1: a NUL byte"));
    free(text.data);
}

/* The names of a run and the keys of a header stay known when their block is gone. */
static void test_names_outlive_their_block(void **state) {
    (void)state;
    es_text text = {0};
    for (size_t i = 0; i < 200000; i++)
        es_text_add(&text, "%sTCP,%s,%zu,1\n",
                    i == 0 ? "protocol,carrier,seq_num,throughput_mbps\n" : "",
                    i < 150000 ? "A" : "B", i);
    es_trace *trace = load_content(text.data, any);
    assert_int_equal(trace->n, 200000);
    assert_string_equal(trace->notes, "2 runs, one after the other");
    es_trace_destroy(trace);
    text.length = 0;
    es_text_add(&text, "# quantity: load\n# unit: 1\n# duration: 7 h\ntime_s,value\n");
    for (size_t i = 0; i < 200000; i++)
        es_text_add(&text, "%zu,0.5\n", i);
    assert_refused_with(text.data, any,
                        ":3: duration '7 h'; expected one that ends after the last sample starts");
    free(text.data);
}

/* A row that repeats a stamp: the later one counts, unless it has nothing to say. */
static void test_repeated_rows_without_a_value(void **state) {
    (void)state;
    es_trace *trace = load_content("t,v\n0,1\n1,\n1,3\n2,4\n2,\n3,\n3,\n4,7\n",
                                   reading(ES_LATENCY, "csv", "time=t, column=v, unit=s"));
    assert_samples(trace, 5, (const double[]){0, 1, 2, 3, 4, 5}, (const double[]){1, 3, 4, 4, 7});
    assert_memory_equal(trace->marks, ((const unsigned char[]){0, 0, 0, ES_MARK_MISSING, 0}), 5);
    assert_int_equal(trace->n_duplicates, 3);
    es_trace_destroy(trace);
}

static bool same(double a, double b) {
    return a == b || (isnan(a) && isnan(b));
}

/* Every number, to the last bit. */
static void assert_same_statistics(const es_trace_statistics *a, const es_trace_statistics *b) {
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->n_gaps, b->n_gaps);
    assert_int_equal(a->n_duplicates, b->n_duplicates);
    assert_int_equal(a->n_backward, b->n_backward);
    assert_int_equal(a->peak_1s, b->peak_1s);
    assert_true(same(a->span_s, b->span_s) && same(a->covered_s, b->covered_s));
    assert_true(same(a->missing_s, b->missing_s) && same(a->idle_s, b->idle_s));
    assert_true(same(a->mean, b->mean) && same(a->least, b->least) && same(a->most, b->most));
    assert_true(same(a->cv, b->cv) && same(a->zero_ratio, b->zero_ratio));
    assert_true(same(a->zero_idle_ratio, b->zero_idle_ratio) && same(a->low_ratio, b->low_ratio));
    assert_true(same(a->longest_low_s, b->longest_low_s) && same(a->step_s, b->step_s));
    assert_true(same(a->outage_ratio, b->outage_ratio));
    assert_true(same(a->longest_outage_s, b->longest_outage_s));
    assert_true(same(a->longest_step_s, b->longest_step_s));
    assert_true(same(a->longest_gap_s, b->longest_gap_s) && same(a->rate_hz, b->rate_hz));
    assert_true(same(a->autocorrelation_1s, b->autocorrelation_1s));
    assert_true(same(a->idle_ratio, b->idle_ratio) && same(a->interarrival_cv, b->interarrival_cv));
    assert_true(same(a->longest_interarrival_s, b->longest_interarrival_s));
    for (size_t k = 0; k < ES_TRACE_PARTS; k++)
        assert_true(same(a->parts[k], b->parts[k]));
}

/* Files of every format, rows that repeat and marks and disorder among them. */
static const struct {
    const char *format, *settings, *content;
} files[] = {
    {"canonical", NULL, "# quantity: load\n# unit: %\ntime_s,value\n2,50\n2.5,70\n4,0\n"},
    {"canonical", NULL, "# quantity: arrivals\n# duration: 9s\ntime_s,batch\n1,2\n1,1\n3,4\n"},
    {"canonical", NULL, "# quantity: arrivals\n# duration: 9s\ntime_s,batch\n3,2\n1,1\n4,4\n"},
    {"csv", "time=t, column=v, unit=kB/s", "t,v\n0,1\n1,\n1,3\n2,4\n7,4\n"},
    {"csv", "time=t, column=v, unit=kB/s, sort=yes", "t,v\n5,1\n1,\n1,3\n2,4\n7,4\n"},
    {"csv", "step=100ms, column=v, unit=kB/s", "v\n5\n\n\n7\n0\n1\n3\n1\n5\n4\n3\n2\n1\n"},
    {"mahimahi", NULL, "5\n5\n800\n2900\n2900\n7000\n7010\n7010\n"},
    {"cooked", NULL, "0.5 8\n2 0\n2 7\n3.25 1.5e1\n3.5 0.05\n"},
    {"sabre", NULL,
     "[{\"duration_ms\": 500, \"bandwidth_kbps\": 8}, {\"duration_ms\": 0, \"bandwidth_kbps\": 9},"
     "{\"duration_ms\": 2500, \"bandwidth_kbps\": 0}]\n"},
    {"gnettrack", NULL,
     "Timestamp,DL_bitrate,State\n2020.01.01_00.00.00,9000,D\n2020.01.01_00.00.00,7000,D\n"
     "2020.01.01_00.00.01,0,I\n2020.01.01_00.00.00,1,D\n2020.01.01_00.00.03,-,D\n"
     "2020.01.01_00.00.04,400,D\n2020.01.01_00.00.05,2,D\n"},
    {"starlink", NULL,
     "timestamp_start_dl,timestamp_end_dl,download,x\n"
     "2024-04-19 16:23:59.5,2024-04-19 16:24:00.5,8,\n"
     "2024-04-19 16:24:01.5,2024-04-19 16:24:02.5,1,\n"},
    {"5gophers", NULL,
     "carrier,seq_num,throughput_mbps\nA,0,8\nA,3,\nA,3,1\nA,4,2\nB,4,7\nB,5,0\n"},
    {"simgrid", NULL, "PERIODICITY 5\n1 1\n2 0.25\n2 7\n"},
    {"planetlab", NULL, "5\n0\n100\n7\n"},
    {"bitbrains", NULL,
     "Timestamp [ms];\tCPU cores;\tCPU usage [%]\n1;\t1;\t50.0\n301;\t1;\t10\n1301;\t1;\t0\n"},
    {"azure-llm", NULL,
     "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,4808,10\n"
     "2023-11-16 18:17:03.9799600,1,1\n2023-11-16 18:17:05,1,1\n"},
    {"azure-functions", NULL,
     "app,func,end_timestamp,duration\na,b,10,2.5\na,b,3,3\na,b,1,2\na,b,3,3\n"},
    {"interarrival", NULL, "0.25\n0.25\n0\n3.75\n"},
    {"jsonl", NULL, "{\"timestamp\": 2}\n{\"timestamp\": 1999}\n{\"timestamp\": 1999}\n"},
    {"jsonl", NULL, "{\"timestamp\": 1700000000001}\n{\"timestamp\": 1700000005000}\n"},
};

enum { N_FILES = sizeof files / sizeof files[0] };

static void test_measured_like_kept(void **state) {
    (void)state;
    size_t n_formats = 0;
    for (size_t i = 0; i < N_FILES; i++) {
        n_formats += i == 0 || strcmp(files[i].format, files[i - 1].format) != 0;
        for (es_time window = 0; window <= ES_SECOND; window += ES_SECOND) {
            es_trace_options options = reading(ES_ANY_QUANTITY, files[i].format, files[i].settings);
            options.window = window;
            es_trace *kept = load_content(files[i].content, options), *measured = NULL;
            es_trace_statistics of_kept, of_measured;
            assert_int_equal(es_trace_statistics_of(kept, &of_kept), ES_OK);
            assert_int_equal(es_trace_measure(path, &options, &measured, &of_measured, &errors),
                             ES_OK);
            assert_int_equal(errors.n, 0);
            assert_same_statistics(&of_measured, &of_kept);
            assert_null(measured->times);
            assert_int_equal(measured->n, kept->n);
            assert_string_equal(measured->format, kept->format);
            assert_string_equal(measured->sha256, kept->sha256);
            assert_string_equal(measured->notes, kept->notes);
            assert_string_equal(measured->provenance, kept->provenance);
            assert_int_equal(measured->has_batches, kept->has_batches);
            es_trace_destroy(kept);
            es_trace_destroy(measured);
        }
    }
    size_t n = 0;
    while (es_trace_format_name(n) != NULL)
        n++;
    assert_int_equal(n_formats, n);
}

/* Mistakes are found once, also where the file has to be read again because it is not sorted. */
static void test_measured_mistakes(void **state) {
    (void)state;
    static const es_trace_options options = {.quantity = ES_ARRIVALS};
    es_trace *trace = NULL;
    es_trace_statistics s;
    write_file("# quantity: arrivals\n# duration: 3s\ntime_s\n5\n4\nx\n");
    es_errors_init(&errors);
    assert_int_equal(es_trace_measure(path, &options, &trace, &s, &errors), ES_INVALID);
    assert_null(trace);
    assert_int_equal(errors.n, 2);
    assert_int_equal(es_trace_measure("/nowhere/at all", &any, &trace, &s, &errors), ES_NO_INPUT);
    write_file("1 0\n2 0\n");
    assert_int_equal(es_trace_measure(path, &any, &trace, &s, &errors), ES_INVALID);
    assert_non_null(strstr(errors.records[errors.n - 1].text, "the bandwidth is 0 at all times"));
}

static void test_out_of_memory(void **state) {
    (void)state;
    for (size_t i = 0; i < N_FILES; i++) {
        es_trace_options options = reading(ES_ANY_QUANTITY, files[i].format, files[i].settings);
        bool struck = true;
        write_file(files[i].content);
        for (size_t n = 1; struck; n++) {
            es_trace *trace = NULL;
            es_trace_statistics s;
            es_errors_init(&errors);
            fault_alloc_fail_at(n);
            es_status status = es_trace_measure(path, &options, &trace, &s, &errors);
            struck = fault_alloc_struck();
            fault_alloc_fail_at(0);
            assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
            assert_int_equal(errors.n, struck ? 1 : 0);
            assert_true(struck == (trace == NULL));
            assert_true(struck || n > 8);
            es_trace_destroy(trace);
        }
    }
}

static int ascending(const void *a, const void *b) {
    es_time x = *(const es_time *)a, y = *(const es_time *)b;
    return (x > y) - (x < y);
}

/* Few lengths are counted exactly, however often they come; many to a thousandth. */
static void test_lengths(void **state) {
    (void)state;
    enum { MOST = 300000 };
    static es_time all[MOST];
    struct dice dice = {2};
    for (int64_t n_different = 7; n_different <= 1000000000; n_different *= 7) {
        es_trace_lengths lengths;
        es_time median;
        double tolerance = n_different < 60000 ? 0 : 1e-3;
        assert_int_equal(es_trace_lengths_init(&lengths), ES_OK);
        for (size_t i = 0; i < MOST; i++) {
            all[i] = roll_between(&dice, 1, n_different) * 1000003;
            assert_int_equal(es_trace_lengths_add(&lengths, all[i]), ES_OK);
        }
        qsort(all, MOST, sizeof *all, ascending);
        assert_int_equal(es_trace_lengths_median(&lengths, &median), ES_OK);
        double exact = (double)all[(MOST - 1) / 2];
        assert_true(fabs((double)median - exact) <= tolerance * exact);
        size_t above = 0, counted = es_trace_lengths_above(&lengths, all[MOST / 4]);
        while (above < MOST && all[MOST - 1 - above] > all[MOST / 4])
            above++;
        assert_true(fabs((double)counted - (double)above) <= 2 * tolerance * MOST);
        es_trace_lengths_fini(&lengths);
    }
}

/* Many more pieces than are kept, half of them within the first thousandth of the span, every other
 * one longer and of a larger value: the means are those of the exact integral but for the edges of
 * the parts. */
static void test_parts(void **state) {
    (void)state;
    enum { N = 400000 };
    es_trace_parts parts = {0};
    struct dice dice = {3};
    static es_time times[N + 1];
    double means[ES_TRACE_PARTS], exact[ES_TRACE_PARTS] = {0}, requests[ES_TRACE_PARTS], total = 0;
    for (size_t i = 0; i < N; i++)
        times[i + 1] =
            times[i] + (i % 2 == 0 ? 1 : 9) * roll_between(&dice, 1, i < N / 2 ? 400 : 400000);
    double part_s = es_time_s(times[N]) / ES_TRACE_PARTS;
    for (size_t i = 0; i < N; i++) {
        double from_s = es_time_s(times[i]), to_s = es_time_s(times[i + 1]);
        double value = from_s + (i % 2 == 0 ? 0 : part_s);
        assert_int_equal(es_trace_parts_add(&parts, times[i], times[i + 1], value), ES_OK);
        for (size_t k = (size_t)(from_s / part_s); k < ES_TRACE_PARTS && part_s * (double)k < to_s;
             k++)
            exact[k] += (fmin(to_s, part_s * (double)(k + 1)) - fmax(from_s, part_s * (double)k)) *
                        value / part_s;
    }
    assert_true(parts.n < 1 << 15);
    es_trace_parts_means(&parts, 0, times[N], means);
    for (size_t k = 0; k < ES_TRACE_PARTS; k++)
        assert_true(fabs(means[k] - exact[k]) < part_s / 64);
    es_trace_parts_fini(&parts);
    parts = (es_trace_parts){0};
    for (size_t i = 0; i < N; i++)
        assert_int_equal(es_trace_parts_add(&parts, times[i], times[i], 1), ES_OK);
    es_trace_parts_requests(&parts, 0, times[N], requests);
    for (size_t k = 0; k < ES_TRACE_PARTS; k++) {
        double from_s = k == 0 ? es_time_s(times[N / 2]) : (double)k * part_s;
        double expected =
            N / 2 * ((double)(k + 1) * part_s - from_s) / es_time_s(times[N] - times[N / 2]);
        expected += k == 0 ? N / 2 : 0;
        assert_true(fabs(requests[k] - expected) < 0.06 * N / 2 / ES_TRACE_PARTS);
        total += requests[k];
    }
    assert_true(total == N);
    es_trace_parts_fini(&parts);
}

/* The autocorrelation of a square wave of 2 s, however many samples each of its steps is cut into,
 * until they are too many. */
static void test_dense_samples(void **state) {
    (void)state;
    for (es_time per_s = 10; per_s <= 1000000; per_s *= 10) {
        es_trace_meter meter;
        es_trace_statistics s;
        es_trace trace = {.quantity = ES_LOAD, .hold = ES_HOLD_FORWARD};
        assert_int_equal(es_trace_meter_init(&meter), ES_OK);
        for (es_time i = 0; i < 4 * per_s; i++)
            assert_int_equal(es_trace_meter_add(&meter, i * ES_SECOND / per_s,
                                                (i + 1) * ES_SECOND / per_s,
                                                i / per_s % 2 == 0 ? 0.25 : 0.75, 0),
                             ES_OK);
        assert_int_equal(es_trace_meter_end(&meter, &trace, 4 * ES_SECOND, &s), ES_OK);
        if (per_s == 1000000)
            assert_true(isnan(s.autocorrelation_1s));
        else
            assert_true(fabs(s.autocorrelation_1s - -0.5) < 1e-9 ||
                        fabs(s.autocorrelation_1s - -1) < 1e-9);
        assert_true(fabs(s.mean - 0.5) < 1e-12 && fabs(s.cv - 0.5) < 1e-12);
        assert_true(fabs(s.parts[0] - 0.25) < 1e-12);
        assert_true(fabs(s.parts[ES_TRACE_PARTS - 1] - 0.75) < 1e-12);
        es_trace_meter_fini(&meter);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks),
        cmocka_unit_test(test_lines_of_mistakes),
        cmocka_unit_test(test_long_lines),
        cmocka_unit_test(test_long_json),
        cmocka_unit_test(test_names_outlive_their_block),
        cmocka_unit_test(test_repeated_rows_without_a_value),
        cmocka_unit_test(test_measured_like_kept),
        cmocka_unit_test(test_measured_mistakes),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_dense_samples),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
