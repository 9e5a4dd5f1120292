/* Raw samples: the figures of a profile must follow from them, and nothing may be missing. */
#include "scripted.h"

#include "test.h"

#include <math.h>
#include <string.h>

enum { WARM = 6, MOST_SAMPLES = 8192 };

static const es_stop_rule rule = {.warm_up_passes = WARM / 2,
                                  .least_samples = 30,
                                  .lost_ratio = 0.002,
                                  .precision_ratio = 0.01,
                                  .time_box_ns = INT64_C(4000000000)};

/* Slow in the warm-up; every seventh pass loses 2 ms; times differ from pass to pass. */
static script_pass eventful(size_t number) {
    return (script_pass){.unit_ns = number < WARM ? (int64_t)900 * US
                                                  : (int64_t)100 * US + (int64_t)(number % 5),
                         .lost_ns = number % 7 == 6 ? (int64_t)2 * MS : 0};
}

typedef struct line {
    char kind[16], name[64], dropped[16];
    size_t index, pass;
    long long batch;
    double lost_s, time_s;
} line;

/* Reads one line. False at the end. */
static bool next_line(es_slice *rest, line *read) {
    es_slice text, field[8];
    if (!es_next_line(rest, &text))
        return false;
    for (size_t i = 0; i < 8; i++)
        assert_true(es_next_field(&text, ',', &field[i]));
    assert_int_equal(text.length, 0);
    int64_t index, batch, pass;
    assert_int_equal(es_parse_int64(field[1], &index), ES_OK);
    assert_int_equal(es_parse_int64(field[3], &batch), ES_OK);
    assert_int_equal(es_parse_int64(field[4], &pass), ES_OK);
    assert_int_equal(es_parse_double(field[6], &read->lost_s), ES_OK);
    assert_int_equal(es_parse_double(field[7], &read->time_s), ES_OK);
    snprintf(read->kind, sizeof read->kind, "%.*s", (int)field[0].length, field[0].data);
    snprintf(read->dropped, sizeof read->dropped, "%.*s", (int)field[5].length, field[5].data);
    snprintf(read->name, sizeof read->name, "%.*s", (int)field[2].length, field[2].data);
    read->index = (size_t)index;
    read->batch = batch;
    read->pass = (size_t)pass;
    return true;
}

/* The kept samples of a row of the profile. */
static size_t collect(const es_text *text, const es_profile_row *row, double *values) {
    es_slice rest = {text->data, text->length};
    size_t n = 0;
    for (line l; next_line(&rest, &l);)
        if (strcmp(l.kind, es_profile_kind_text(row->kind)) == 0 && l.index == row->index &&
            l.batch == row->batch && l.dropped[0] == '\0') {
            assert_string_equal(l.name, row->name);
            assert_true(n < MOST_SAMPLES);
            values[n++] = l.time_s;
        }
    return n;
}

static es_status run(script_pass (*at)(size_t), es_text *text, es_model **model,
                     es_measured **measured) {
    static const int64_t batches[] = {1, 4};
    es_errors errors;
    es_errors_init(&errors);
    the_script = (script_state){.at = at};
    assert_int_equal(es_model_create("squeezenet1.1", 64, model, &errors), ES_OK);
    es_profiler_job job = {.backend = &scripted_backend,
                           .setting = "",
                           .model = *model,
                           .n_batches = 2,
                           .batches = batches,
                           .rule = rule,
                           .segments = true,
                           .date = "2025-01-31T23:59:59Z",
                           .samples = text};
    return es_profiler_run(&job, measured, &errors);
}

/* What is measured borrows from the model. */
static es_measured *measure(es_text *text, es_model **model) {
    es_measured *measured = NULL;
    assert_int_equal(run(eventful, text, model, &measured), ES_OK);
    return measured;
}

static void test_every_figure_follows_from_them(void **state) {
    (void)state;
    static double values[MOST_SAMPLES];
    es_text text = {0};
    es_model *model = NULL;
    es_measured *measured = measure(&text, &model);
    const es_profile *profile = es_measured_profile(measured);
    bool kinds[16] = {false};
    for (size_t r = 0; r < profile->n_rows; r++) {
        const es_profile_row *row = &profile->rows[r];
        size_t n = collect(&text, row, values);
        assert_int_equal(n, row->n);
        es_sample_summary summary = es_summarise(n, values);
        assert_true(fabs(summary.median - row->median_s) < 1e-12);
        assert_true(fabs(summary.p95 - row->p95_s) < 1e-12);
        assert_true(fabs(summary.mean - row->mean_s) < 1e-12);
        kinds[row->kind] = true;
    }
    assert_true(kinds[ES_PROFILE_LAYER] && kinds[ES_PROFILE_WHOLE] && kinds[ES_PROFILE_HEAD] &&
                kinds[ES_PROFILE_TAIL]);
    es_measured_destroy(measured);
    es_model_destroy(model);
    free(text.data);
}

/* Each pass is there, in order, with its cause. */
static void pitfall_09_raw_samples_are_kept(void **state) {
    (void)state;
    es_text text = {0};
    es_model *model = NULL;
    es_measured *measured = measure(&text, &model);
    es_slice rest = {text.data, text.length};
    size_t before = 0, n_passes = 0;
    int64_t batch = 0;
    for (line l; next_line(&rest, &l);) {
        bool first = l.batch != batch, segment = l.kind[0] == 'h' || l.kind[0] == 't';
        n_passes += first || l.pass != before;
        assert_true(first ? l.pass == 1 : l.pass == before || l.pass == before + 1);
        if (!segment) {
            bool lossy = l.lost_s > 0;
            const char *expected = l.pass <= WARM ? "warm-up" : lossy ? "script" : "";
            assert_string_equal(l.dropped, expected);
            assert_string_equal(l.kind, l.pass % 2 == 1 ? "layer" : "whole");
            if (l.pass <= WARM && l.batch == 1)
                assert_true(l.time_s >= 900e-6);
        }
        before = l.pass;
        batch = l.batch;
    }
    assert_int_equal(n_passes, the_script.n_passes + the_script.n_parts);
    es_measured_destroy(measured);
    es_model_destroy(model);
    free(text.data);
}

static script_pass lossy(size_t number) {
    (void)number;
    return (script_pass){.unit_ns = (int64_t)100 * US, .lost_ns = MS};
}

/* Where no pass is left, they tell why. */
static void test_failure_too(void **state) {
    (void)state;
    es_text text = {0};
    es_model *model = NULL;
    es_measured *measured = NULL;
    assert_int_equal(run(lossy, &text, &model, &measured), ES_UNAVAILABLE);
    es_slice rest = {text.data, text.length};
    size_t last = 0;
    for (line l; next_line(&rest, &l); last = l.pass)
        assert_string_equal(l.dropped, l.pass <= WARM ? "warm-up" : "script");
    assert_int_equal(last, the_script.n_passes);
    es_model_destroy(model);
    free(text.data);
}

static void test_out_of_memory(void **state) {
    (void)state;
    static const int64_t stamps_ns[] = {5, 7, 10, 14};
    es_samples samples = {0};
    for (size_t n = 1; n <= 2; n++) {
        fault_alloc_fail_at(n);
        es_status status = es_samples_add(&samples, &(es_pass){.dropped = ""}, 3, 1, stamps_ns);
        fault_alloc_fail_at(0);
        assert_int_equal(status, ES_NO_MEMORY);
        assert_int_equal(samples.n_passes, 0);
        assert_int_equal(samples.n_times, 0);
        es_samples_fini(&samples);
    }
    assert_int_equal(es_samples_add(&samples, &(es_pass){.dropped = ""}, 3, 1, stamps_ns), ES_OK);
    assert_int_equal(
        es_samples_add(&samples,
                       &(es_pass){.dropped = "clock", .kind = ES_PASS_PLAIN, .lost_ns = 1500000000},
                       1, 3, stamps_ns),
        ES_OK);
    es_text text = {0};
    es_model *model = NULL;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_model_create("efficientnet-b0", 32, &model, &errors), ES_OK);
    es_samples_write(&samples, model, 8, &text);
    assert_string_equal(text.data, "layer,1,stem,8,1,,0,2e-09\n"
                                   "layer,2,block1.depthwise,8,1,,0,3e-09\n"
                                   "layer,3,block1.se-pool,8,1,,0,4e-09\n"
                                   "whole,0,efficientnet-b0,8,2,clock,1.5,9e-09\n");
    free(text.data);
    es_model_destroy(model);
    es_samples_fini(&samples);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_figure_follows_from_them),
        cmocka_unit_test(pitfall_09_raw_samples_are_kept),
        cmocka_unit_test(test_failure_too),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
