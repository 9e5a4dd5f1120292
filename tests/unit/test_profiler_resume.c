/* Measurements that end early, and what goes on with them. */
#include "scripted.h"

#include "test.h"

#include <string.h>
#include <unistd.h>

/* PASSES per batch size, of which six are warm-up. */
enum { PASSES = 66 };

static const es_stop_rule rule = {.warm_up_passes = 3,
                                  .least_samples = 30,
                                  .lost_ratio = 0.002,
                                  .precision_ratio = 0.01,
                                  .time_box_ns = INT64_C(10000000000),
                                  .interrupted = &the_script.interrupted};

static script_pass steady(size_t number) {
    (void)number;
    return (script_pass){.unit_ns = 100 * US};
}

/* What was published, newest last. */
typedef struct shown {
    size_t n, n_rows;
    char path[64];
} shown;

static es_status publish(void *context, const es_profile *profile, es_errors *errors) {
    shown *all = context;
    all->n++;
    all->n_rows = profile->n_rows;
    return es_profile_save(profile, all->path, true, errors);
}

static const int64_t batches[] = {1, 4, 2};
enum { N_BATCHES = sizeof batches / sizeof batches[0] };

typedef struct fixture {
    es_model *model;
    shown shown;
    es_profiler_job job;
    es_measured *measured;
    es_errors errors;
} fixture;

static void setup(fixture *f) {
    *f = (fixture){0};
    es_errors_init(&f->errors);
    assert_int_equal(es_model_create("efficientnet-b0", 32, &f->model, &f->errors), ES_OK);
    snprintf(f->shown.path, sizeof f->shown.path, "resumed.%ld.profile", (long)getpid());
    f->job = (es_profiler_job){.backend = &scripted_backend,
                               .setting = "",
                               .model = f->model,
                               .n_batches = N_BATCHES,
                               .batches = batches,
                               .rule = rule,
                               .date = "2025-01-31T00:00:00Z",
                               .publish = publish,
                               .context = &f->shown};
    the_script = (script_state){.at = steady};
}

static void teardown(fixture *f) {
    es_measured_destroy(f->measured);
    es_model_destroy(f->model);
    unlink(f->shown.path);
}

static es_status run(fixture *f) {
    es_errors_init(&f->errors);
    es_status status = es_profiler_run(&f->job, &f->measured, &f->errors);
    assert_int_equal(the_script.n_opened, the_script.n_closed);
    assert_int_equal(the_script.n_prepared, the_script.n_released);
    return status;
}

/* Measures until the middle of the second batch size and loads what was published. */
static es_profile *interrupted_profile(fixture *f) {
    es_profile *partial = NULL;
    the_script.interrupted_at = PASSES + 20;
    assert_int_equal(run(f), ES_INTERRUPTED);
    assert_int_equal(the_script.n_passes, PASSES + 20);
    assert_int_equal(es_profile_load(f->shown.path, &partial, &f->errors), ES_OK);
    the_script = (script_state){.at = steady};
    return partial;
}

static void test_every_batch_is_shown(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    assert_int_equal(run(&f), ES_OK);
    assert_int_equal(f.shown.n, N_BATCHES);
    assert_int_equal(f.shown.n_rows, es_measured_profile(f.measured)->n_rows);
    assert_int_equal(es_measured_rows_added(f.measured), f.shown.n_rows);
    assert_null(es_profile_provenance(es_measured_profile(f.measured), "resumed"));
    teardown(&f);
}

static void test_an_interrupt_ends_it_behind_the_pass(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    es_profile *partial = interrupted_profile(&f);
    assert_int_equal(f.shown.n, 1);
    assert_int_equal(partial->n_rows, f.model->n_cuts[ES_FUSED]);
    assert_string_equal(es_profile_provenance(partial, "ended-by"), "batch 1: stop rule");
    es_profile_destroy(partial);
    /* Before the first pass and in a segment. */
    the_script = (script_state){.at = steady, .interrupted = 1};
    assert_int_equal(run(&f), ES_INTERRUPTED);
    assert_int_equal(the_script.n_passes, 0);
    f.job.segments = true;
    the_script = (script_state){.at = steady, .interrupted_at_part = 77};
    assert_int_equal(run(&f), ES_INTERRUPTED);
    assert_int_equal(the_script.n_parts, 77);
    teardown(&f);
}

static void test_resuming_measures_the_rest(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    es_profile *partial = interrupted_profile(&f);
    f.job.kept = partial;
    f.job.date = "2025-02-01T00:00:00Z";
    assert_int_equal(run(&f), ES_OK);
    assert_int_equal(the_script.n_prepared, N_BATCHES - 1);
    const es_profile *made = es_measured_profile(f.measured);
    assert_int_equal(made->n_rows, N_BATCHES * partial->n_rows);
    assert_int_equal(es_measured_rows_added(f.measured), 2 * partial->n_rows);
    for (size_t b = 0; b < N_BATCHES; b++)
        for (size_t u = 1; u < f.model->n_cuts[ES_FUSED]; u++)
            assert_non_null(es_profile_find(made, ES_PROFILE_LAYER, u, batches[b]));
    assert_string_equal(es_profile_provenance(made, "ended-by"),
                        "batch 1: stop rule; batch 4: stop rule; batch 2: stop rule");
    assert_string_equal(es_profile_provenance(made, "date"), "2025-01-31T00:00:00Z");
    assert_string_equal(es_profile_provenance(made, "resumed"), "2025-02-01T00:00:00Z");
    assert_string_equal(es_profile_provenance(made, "passes"), "66; 132");
    assert_string_equal(es_profile_provenance(made, "kernels"), "as chosen");
    es_measured_destroy(f.measured);
    f.measured = NULL;
    es_profile_destroy(partial);
    /* And once more, with nothing left to do. */
    es_profile *whole = NULL;
    assert_int_equal(es_profile_load(f.shown.path, &whole, &f.errors), ES_OK);
    f.job.kept = whole;
    f.shown.n = 0;
    the_script = (script_state){.at = steady};
    assert_int_equal(run(&f), ES_OK);
    assert_int_equal(the_script.n_prepared, 0);
    assert_int_equal(f.shown.n, 0);
    assert_int_equal(es_measured_rows_added(f.measured), 0);
    made = es_measured_profile(f.measured);
    assert_string_equal(es_profile_provenance(made, "resumed"), "2025-02-01T00:00:00Z");
    assert_int_equal(made->n_rows, whole->n_rows);
    es_measured_destroy(f.measured);
    f.measured = NULL;
    es_profile_destroy(whole);
    teardown(&f);
}

static void assert_refused(fixture *f, const char *part) {
    assert_int_equal(run(f), ES_INVALID);
    assert_int_equal(the_script.n_prepared, 0);
    for (size_t i = 0; i < f->errors.n; i++)
        if (strstr(f->errors.records[i].text, part) != NULL)
            return;
    fail_msg("\"%s\" does not say \"%s\"", f->errors.records[0].text, part);
}

static void test_what_differs_is_not_resumed(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    es_profile *partial = interrupted_profile(&f);
    const es_profiler_job job = f.job;
    f.job.kept = partial;
    the_script.library = "another";
    assert_refused(&f, "library was \"none\" and is now \"another\"");
    assert_int_equal(f.errors.n, 1);
    the_script.library = NULL;
    f.job.setting = "isa:sse41";
    assert_refused(&f, "setting was \"default\" and is now \"isa:sse41\"");
    f.job.setting = "";
    f.job.rule.time_box_ns = 1;
    assert_refused(&f, "stop-rule was ");
    f.job.rule = job.rule;
    f.job.segments = true;
    assert_refused(&f, "says nothing of segments");
    f.job.segments = false;
    es_model *other;
    assert_int_equal(es_model_create("efficientnet-b1", 32, &other, &f.errors), ES_OK);
    f.job.model = other;
    assert_refused(&f, "is a profile of efficientnet-b0");
    es_model_destroy(other);
    assert_int_equal(es_model_create("efficientnet-b0", 64, &other, &f.errors), ES_OK);
    f.job.model = other;
    assert_refused(&f, "at 32 pixels; the model has 64");
    es_model_destroy(other);
    es_profile_destroy(partial);
    teardown(&f);
}

static void test_what_is_not_complete_is_not_resumed(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    es_profile *partial = interrupted_profile(&f);
    es_profile changed = *partial;
    es_profile_row *rows = calloc(partial->n_rows, sizeof *rows);
    assert_non_null(rows);
    memcpy(rows, partial->rows, partial->n_rows * sizeof *rows);
    changed.rows = rows;
    changed.sorted = NULL;
    f.job.kept = &changed;
    changed.n_rows--;
    assert_refused(&f, "rows for 1 batch sizes");
    changed.n_rows++;
    rows[1].name = "other";
    assert_refused(&f, "layer 2 is other there and block1.depthwise in the network");
    free(rows);
    es_profile_destroy(partial);
    teardown(&f);
}

static es_status cannot_publish(void *context, const es_profile *profile, es_errors *errors) {
    (void)context;
    (void)profile;
    return es_errors_add(errors, ES_IO, NULL, 0, "disk full");
}

static void test_failure_to_publish_ends_it(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    f.job.publish = cannot_publish;
    assert_int_equal(run(&f), ES_IO);
    assert_int_equal(the_script.n_prepared, 1);
    teardown(&f);
}

static void test_resuming_out_of_memory(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    es_profile *partial = interrupted_profile(&f);
    f.job.kept = partial;
    f.job.publish = NULL;
    size_t n = 0;
    for (bool struck = true; struck;) {
        the_script = (script_state){.at = steady};
        fault_alloc_fail_at(++n);
        es_status status = run(&f);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_true(struck ? f.measured == NULL && f.errors.n > 0 : f.measured != NULL);
    }
    assert_true(n > 50);
    es_measured_destroy(f.measured);
    f.measured = NULL;
    es_profile_destroy(partial);
    teardown(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_batch_is_shown),
        cmocka_unit_test(test_an_interrupt_ends_it_behind_the_pass),
        cmocka_unit_test(test_resuming_measures_the_rest),
        cmocka_unit_test(test_what_differs_is_not_resumed),
        cmocka_unit_test(test_what_is_not_complete_is_not_resumed),
        cmocka_unit_test(test_failure_to_publish_ends_it),
        cmocka_unit_test(test_resuming_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
