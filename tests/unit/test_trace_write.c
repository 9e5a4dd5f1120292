/* Traces written in the canonical form, and requests arranged for a run. */
#include "trace_files.h"

#include "fault_alloc.h"

static const es_trace_options any = {.quantity = ES_ANY_QUANTITY};

static es_trace *parse(const char *text) {
    es_trace *trace = NULL;
    es_errors_init(&errors);
    es_status status = es_trace_parse("memory", text, strlen(text), &any, &trace, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    return trace;
}

static void assert_same(const es_trace *a, const es_trace *b) {
    assert_int_equal(a->n, b->n);
    assert_int_equal(a->quantity, b->quantity);
    assert_int_equal(a->at_end, b->at_end);
    assert_int_equal(a->has_batches, b->has_batches);
    assert_memory_equal(a->times, b->times, (a->n + 1) * sizeof *a->times);
    assert_memory_equal(a->values, b->values, a->n * sizeof *a->values);
    assert_int_equal(a->deadlines_s != NULL, b->deadlines_s != NULL);
    for (size_t i = 0; a->deadlines_s != NULL && i < a->n; i++)
        assert_true(a->deadlines_s[i] == b->deadlines_s[i] ||
                    (isnan(a->deadlines_s[i]) && isnan(b->deadlines_s[i])));
}

static void what_is_written_reads_back(void **state) {
    (void)state;
    static const char *const texts[] = {
        ("# quantity: bandwidth\n# unit: kbit/s\n# hold: backward\n# at_end: hold\ntime_s,value\n"
         "0.1,0.1\n0.123456789,1e9\n7,0\n7.5,0.30000000000000004\n"),
        "# quantity: load\n# unit: %\n# duration: 86400s\ntime_s,value\n0,33\n0.000000001,7\n",
        "# quantity: latency\n# unit: ms\n# at_end: stop\ntime_s,value\n0,33.3\n2,0.7\n",
        "# quantity: jobs\n# unit: 1\n# duration: 1ns\ntime_s,value\n5,2.5\n",
        "# quantity: arrivals\n# duration: 3.5s\ntime_s\n0\n1\n1\n",
        "# quantity: arrivals\n# at_end: loop\ntime_s,batch\n0.5,3\n2,1000000\n",
        "# quantity: arrivals\ntime_s,batch,deadline_s\n0,1,\n0,1,0.1\n4000000000,2,1e300\n",
        "# quantity: arrivals\ntime_s\n0\n",
        "# quantity: arrivals\ntime_s\n725846640.123456789\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        es_trace *trace = parse(texts[i]);
        es_text text = {0};
        es_trace_write(trace, "# origin: a test\n", &text);
        assert_false(text.failed);
        assert_non_null(strstr(text.data, "\n# origin: a test\n"));
        es_trace *again = parse(text.data);
        assert_same(trace, again);
        free(text.data);
        es_trace_destroy(again);
        es_trace_destroy(trace);
    }
}

static void bytes_are_as_short_as_they_can_be(void **state) {
    (void)state;
    es_trace *trace = parse("# quantity: bandwidth\n# unit: Mbit/s\ntime_s,value\n0,1\n0.25,2.5\n");
    es_text text = {0};
    es_trace_write(trace, "", &text);
    assert_string_equal(text.data, "# quantity: bandwidth\n# unit: bit/s\n# at_end: loop\n"
                                   "# duration: 0.5s\ntime_s,value\n0,1e+06\n0.25,2500000\n");
    free(text.data);
    es_trace_destroy(trace);
}

/* Requests at 1, 2, 2 and 5 s of 6 s, of 1 to 4 images. */
static es_trace *four_requests(void) {
    return parse("# quantity: arrivals\n# duration: 6s\ntime_s,batch,deadline_s\n"
                 "1,1,\n2,2,0.2\n2,3,0.3\n5,4,\n");
}

static void assert_requests(const es_trace *trace, size_t n, const double *times_s,
                            const double *batches) {
    assert_int_equal(trace->n, n);
    for (size_t i = 0; i <= n; i++)
        assert_int_equal(trace->times[i], llround(times_s[i] * 1e9));
    for (size_t i = 0; i < n; i++) {
        bool has_deadline = batches[i] == 2 || batches[i] == 3;
        assert_true(trace->values[i] == batches[i]);
        assert_true(has_deadline ? trace->deadlines_s[i] == batches[i] / 10
                                 : isnan(trace->deadlines_s[i]));
    }
}

static void requests_are_scaled_and_turned(void **state) {
    (void)state;
    static const struct {
        es_trace_transform transform;
        size_t n;
        double times_s[5], batches[4];
    } cases[] = {
        {{.scale = 1, .at_end = ES_AT_END_STOP}, 4, {1, 2, 2, 5, 6}, {1, 2, 3, 4}},
        {{.scale = 0.5, .at_end = ES_AT_END_LOOP}, 4, {0.5, 1, 1, 2.5, 3}, {1, 2, 3, 4}},
        {{.scale = 1, .offset = 2 * ES_SECOND, .at_end = ES_AT_END_STOP},
         3,
         {0, 0, 3, 4},
         {2, 3, 4}},
        {{.scale = 1, .offset = 2 * ES_SECOND, .at_end = ES_AT_END_LOOP},
         4,
         {0, 0, 3, 5, 6},
         {2, 3, 4, 1}},
        {{.scale = 2, .offset = 28 * ES_SECOND, .at_end = ES_AT_END_LOOP}, /* 16 s: 4 s */
         4,
         {0, 0, 6, 10, 12},
         {2, 3, 4, 1}},
        {{.scale = 1, .offset = 11 * ES_SECOND / 2, .at_end = ES_AT_END_LOOP},
         4,
         {1.5, 2.5, 2.5, 5.5, 6},
         {1, 2, 3, 4}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        es_trace *trace = four_requests();
        assert_int_equal(es_trace_arrange(trace, &cases[i].transform, &errors), ES_OK);
        assert_int_equal(trace->at_end, cases[i].transform.at_end);
        assert_requests(trace, cases[i].n, cases[i].times_s, cases[i].batches);
        es_trace_destroy(trace);
    }
}

static void what_cannot_be_arranged_is_refused(void **state) {
    (void)state;
    static const struct {
        es_trace_transform transform;
        const char *message;
    } cases[] = {
        {{.scale = 0, .at_end = ES_AT_END_STOP}, "times scaled by 0; expected a positive factor"},
        {{.scale = 1e9, .at_end = ES_AT_END_STOP}, "at most 4e+09 s"},
        {{.scale = 1, .at_end = ES_AT_END_HOLD}, "cannot be held at the end"},
        {{.scale = 1, .offset = 6 * ES_SECOND, .at_end = ES_AT_END_STOP}, "slice from 6s to 6s"},
        {{.scale = 1e-11, .at_end = ES_AT_END_LOOP}, "requests that take no time"},
        {{.scale = 1, .offset = 11 * ES_SECOND / 2, .at_end = ES_AT_END_STOP}, "no request from"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        es_trace *trace = four_requests();
        assert_int_equal(es_trace_arrange(trace, &cases[i].transform, &errors), ES_INVALID);
        assert_int_equal(errors.n, 1);
        assert_non_null(strstr(errors.records[0].text, cases[i].message));
        es_trace_destroy(trace);
    }
}

static void out_of_memory_is_reported(void **state) {
    (void)state;
    static const es_trace_transform half = {
        .scale = 1, .offset = 2 * ES_SECOND, .at_end = ES_AT_END_LOOP};
    size_t n = 1;
    for (bool struck = true; struck; n++) {
        es_trace *trace = four_requests();
        es_text text = {0};
        fault_alloc_fail_at(n);
        es_status status = es_trace_arrange(trace, &half, &errors);
        if (status == ES_OK)
            es_trace_write(trace, "", &text);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(struck, status == ES_NO_MEMORY || text.failed);
        assert_int_equal(status == ES_NO_MEMORY, errors.n == 1);
        free(text.data);
        es_trace_destroy(trace);
    }
    assert_true(n > 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(bytes_are_as_short_as_they_can_be),
        cmocka_unit_test(requests_are_scaled_and_turned),
        cmocka_unit_test(what_cannot_be_arranged_is_refused),
        cmocka_unit_test(out_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
