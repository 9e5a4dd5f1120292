/* The profiler's core, on a backend whose clock and disturbances are a script. */
#include "scripted.h"

#include "test.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* ---- Scripts. WARM passes are warm-up under the rule below. */

enum { N_UNITS = 4, WARM = 6 };

static const es_stop_rule rule = {.warm_up_passes = WARM / 2,
                                  .warm_up_ns = 0,
                                  .least_samples = 30,
                                  .lost_ratio = 0.002,
                                  .precision_ratio = 0.01,
                                  .time_box_ns = INT64_C(10000000000)};

static script_pass steady(size_t number) {
    (void)number;
    return (script_pass){.unit_ns = 100 * US};
}

/* Two pseudo-random bits per pass. */
static unsigned noise(size_t number) {
    return (unsigned)((number * UINT64_C(6364136223846793005) + 1442695040888963407U) >> 60);
}

static es_status measure(script_pass (*at)(size_t), const es_stop_rule *how, es_batch_times *times,
                         es_errors *errors) {
    the_script = (script_state){.at = at};
    es_device device = {&the_script};
    es_network network = {&the_script, N_UNITS};
    es_errors_init(errors);
    return es_measure_batch(&scripted_backend, &device, &network, N_UNITS, 1, how, NULL, times,
                            errors);
}

static void assert_near(double value, double expected, double tolerance) {
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.17g is not %.17g +- %g", value, expected, tolerance);
}

/* ---- Figures of a sample */

static void test_summary_of_known_sample(void **state) {
    (void)state;
    double values[] = {7, 1, 3, 9, 5, 11};
    es_sample_summary summary = es_summarise(6, values);
    assert_int_equal(summary.n, 6);
    assert_near(summary.median, 6, 0);
    assert_near(summary.p05, 1.5, 1e-12);
    assert_near(summary.p95, 10.5, 1e-12);
    assert_near(summary.min, 1, 0);
    assert_near(summary.mean, 6, 1e-15);
    assert_near(summary.std, sqrt(14), 1e-14);
    double odd[] = {4, 2, 8};
    assert_near(es_summarise(3, odd).median, 4, 0);
}

static void test_summary_of_one(void **state) {
    (void)state;
    double value = 2.5;
    es_sample_summary summary = es_summarise(1, &value);
    assert_near(summary.median, 2.5, 0);
    assert_near(summary.p05, 2.5, 0);
    assert_near(summary.p95, 2.5, 0);
    assert_near(summary.std, 0, 0);
}

/* P(Binomial(n, 1/2) <= k), by adding the probabilities as Pascal's triangle gives them. */
static double binomial_tail(size_t n, size_t k) {
    double p[128] = {1};
    for (size_t i = 1; i <= n; i++)
        for (size_t j = i + 1; j-- > 0;)
            p[j] = (p[j] + (j > 0 ? p[j - 1] : 0)) / 2;
    double sum = 0;
    for (size_t j = 0; j <= k; j++)
        sum += p[j];
    return sum;
}

static void test_median_interval_is_the_narrowest_of_95_percent(void **state) {
    (void)state;
    for (size_t n = 0; n < 6; n++)
        assert_int_equal(es_median_interval_rank(n), n);
    for (size_t n = 6; n < 128; n++) {
        size_t rank = es_median_interval_rank(n);
        assert_true(rank < n / 2);
        assert_true(binomial_tail(n, rank) <= 0.025);
        assert_true(binomial_tail(n, rank + 1) > 0.025);
    }
    /* Ranks counted from 1 in printed tables: 10 of 30, 40 of 100. */
    assert_int_equal(es_median_interval_rank(30), 9);
    assert_int_equal(es_median_interval_rank(100), 39);
    assert_true(es_median_interval_rank(100000) > 49600);
}

static void test_median_interval_ratio(void **state) {
    (void)state;
    double values[] = {6, 5, 4, 3, 2, 1};
    assert_near(es_median_interval_ratio(6, values), 5 / 3.5, 1e-15);
    assert_true(isinf(es_median_interval_ratio(5, values)));
}

/* ---- One batch size */

static void test_steady_passes_stop_at_the_least_samples(void **state) {
    (void)state;
    es_batch_times times;
    es_errors errors;
    assert_int_equal(measure(steady, &rule, &times, &errors), ES_OK);
    assert_int_equal(the_script.n_passes, WARM + 60);
    assert_int_equal(times.n_passes, 60);
    assert_int_equal(times.n_dropped, 0);
    assert_false(times.boxed);
    assert_int_equal(times.units[0].n, 30);
    assert_int_equal(times.whole.n, 30);
    assert_near(times.units[0].median, 101e-6, 1e-18);
    assert_near(times.units[3].median, 100e-6, 1e-18);
    assert_near(times.whole.median, 401e-6, 1e-18);
    assert_near(times.interval_ratio, 0, 0);
    es_batch_times_fini(&times);
}

static script_pass slow_at_first(size_t number) {
    return (script_pass){.unit_ns = number < WARM ? 6500 * US : 100 * US};
}

static void pitfall_09_warm_up_is_dropped(void **state) {
    (void)state;
    es_batch_times times;
    es_errors errors;
    assert_int_equal(measure(slow_at_first, &rule, &times, &errors), ES_OK);
    assert_near(times.units[1].mean, 100e-6, 1e-12);
    es_batch_times_fini(&times);
    es_stop_rule longer = rule;
    longer.warm_up_ns = 100 * MS;
    assert_int_equal(measure(steady, &longer, &times, &errors), ES_OK);
    assert_true(the_script.n_passes > 60 + 100 * MS / (401 * US));
    es_batch_times_fini(&times);
}

static script_pass noisy(size_t number) {
    return (script_pass){.unit_ns = (94 + noise(number)) * US};
}

static void test_units_of_a_pass_add_up_to_it(void **state) {
    (void)state;
    es_batch_times times;
    es_errors errors;
    assert_int_equal(measure(noisy, &rule, &times, &errors), ES_OK);
    double stamped_ns = 0, sum = 0;
    for (size_t i = 0; i < times.n_passes; i += 2)
        stamped_ns += (double)(1 * US + N_UNITS * noisy(WARM + i).unit_ns);
    for (size_t u = 0; u < N_UNITS; u++)
        sum += times.units[u].mean;
    assert_near(sum, stamped_ns / (double)(times.n_passes / 2) / 1e9, 1e-15);
    es_batch_times_fini(&times);
}

static void test_noise_asks_for_more_samples(void **state) {
    (void)state;
    es_batch_times times;
    es_errors errors;
    assert_int_equal(measure(noisy, &rule, &times, &errors), ES_OK);
    assert_true(times.whole.n > 30);
    assert_false(times.boxed);
    assert_true(times.interval_ratio < 0.01);
    es_batch_times_fini(&times);
}

/* Every third pass is preempted. */
static script_pass preempted(size_t number) {
    bool lost = number % 3 == 0;
    return (script_pass){.unit_ns = lost ? 5000 * US : 100 * US, .lost_ns = lost ? 19600 * US : 0};
}

static void test_disturbed_passes_are_dropped(void **state) {
    (void)state;
    es_batch_times times;
    es_errors errors;
    assert_int_equal(measure(preempted, &rule, &times, &errors), ES_OK);
    assert_near((double)times.n_dropped / (double)times.n_passes, 1 / 3.0, 0.02);
    assert_int_equal(times.n_passes - times.n_dropped, times.units[0].n + times.whole.n);
    assert_near(times.units[1].mean, 100e-6, 1e-12);
    assert_near(times.whole.mean, 401e-6, 1e-12);
    es_batch_times_fini(&times);
}

/* Passes of one kind, stamped or plain, are preempted three times out of four. */
static script_pass stamped_preempted(size_t number) {
    return (script_pass){.unit_ns = 100 * US,
                         .lost_ns = number % 2 == 0 && number % 8 != 0 ? MS : 0};
}

static script_pass plain_preempted(size_t number) {
    return (script_pass){.unit_ns = 100 * US,
                         .lost_ns = number % 2 == 1 && number % 8 != 1 ? MS : 0};
}

static void test_both_kinds_need_their_samples(void **state) {
    (void)state;
    es_batch_times times;
    es_errors errors;
    assert_int_equal(measure(stamped_preempted, &rule, &times, &errors), ES_OK);
    assert_true(times.units[0].n >= 30 && times.whole.n >= 4 * 29);
    es_batch_times_fini(&times);
    assert_int_equal(measure(plain_preempted, &rule, &times, &errors), ES_OK);
    assert_true(times.whole.n >= 30 && times.units[0].n >= 4 * 29);
    es_batch_times_fini(&times);
}

/* Every fifth pair is slow, for no reason that the backend knows of. */
static script_pass slow_without_cause(size_t number) {
    return (script_pass){.unit_ns = number / 2 % 5 == 0 ? 5000 * US : 100 * US};
}

static void test_slow_passes_are_kept(void **state) {
    (void)state;
    es_batch_times times;
    es_errors errors;
    assert_int_equal(measure(slow_without_cause, &rule, &times, &errors), ES_OK);
    assert_int_equal(times.n_dropped, 0);
    assert_near(times.whole.median, 401e-6, 1e-12);
    assert_near(times.whole.p95, 20001e-6, 1e-12);
    es_batch_times_fini(&times);
}

/* 802 ns is just below 0.2 % of a pass of 401 us, 803 ns just above. */
static script_pass loses_802_ns(size_t number) {
    (void)number;
    return (script_pass){.unit_ns = 100 * US, .lost_ns = 802};
}

static script_pass loses_803_ns(size_t number) {
    (void)number;
    return (script_pass){.unit_ns = 100 * US, .lost_ns = 803};
}

static void test_a_pass_may_lose_little(void **state) {
    (void)state;
    es_batch_times times;
    es_errors errors;
    assert_int_equal(measure(loses_802_ns, &rule, &times, &errors), ES_OK);
    assert_int_equal(times.n_dropped, 0);
    es_batch_times_fini(&times);
    assert_int_equal(measure(loses_803_ns, &rule, &times, &errors), ES_UNAVAILABLE);
    assert_non_null(strstr(errors.records[0].text, "disturbed"));
}

/* Half of the pairs take twice as long: no sample makes the interval of the median narrow. */
static script_pass bimodal(size_t number) {
    return (script_pass){.unit_ns = number / 2 % 2 == 0 ? 100 * US : 200 * US};
}

static void test_time_box_ends_it(void **state) {
    (void)state;
    es_stop_rule boxed = rule;
    boxed.time_box_ns = 100 * MS;
    es_batch_times times;
    es_errors errors;
    assert_int_equal(measure(bimodal, &boxed, &times, &errors), ES_OK);
    assert_true(times.boxed);
    assert_true(times.interval_ratio > 0.01);
    assert_true(the_script.clock_ns >= 100 * MS && the_script.clock_ns < 102 * MS);
    es_batch_times_fini(&times);
    /* Fewer samples than the rule wants are still samples. */
    boxed.time_box_ns = 10 * MS;
    assert_int_equal(measure(steady, &boxed, &times, &errors), ES_OK);
    assert_true(times.boxed);
    assert_true(times.whole.n > 0 && times.whole.n < 30);
    es_batch_times_fini(&times);
}

static script_pass fails_in_warm_up(size_t number) {
    return (script_pass){.unit_ns = 1, .status = number == 3 ? ES_INTERNAL : ES_OK};
}

static script_pass fails_later(size_t number) {
    return (script_pass){.unit_ns = 100 * US, .status = number == WARM + 9 ? ES_INTERNAL : ES_OK};
}

static script_pass runs_backwards(size_t number) {
    return (script_pass){.unit_ns = number == WARM + 4 ? -100 * US : 100 * US};
}

static void test_failures_are_passed_on(void **state) {
    (void)state;
    script_pass (*const scripts[])(size_t) = {fails_in_warm_up, fails_later, runs_backwards};
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0]; i++) {
        es_batch_times times;
        es_errors errors;
        assert_int_equal(measure(scripts[i], &rule, &times, &errors), ES_INTERNAL);
        assert_int_equal(errors.n, 1);
    }
}

/* ---- Whole profiles */

static bool with_segments;

static es_status profile(script_pass (*at)(size_t), const es_model *model, const char *setting,
                         es_measured **measured, es_errors *errors) {
    static const int64_t batches[] = {1, 4};
    the_script = (script_state){.at = at};
    es_profiler_job job = {.backend = &scripted_backend,
                           .setting = setting,
                           .model = model,
                           .n_batches = 2,
                           .batches = batches,
                           .rule = rule,
                           .segments = with_segments,
                           .date = "2025-01-31T23:59:59Z"};
    job.rule.time_box_ns = 4000 * (int64_t)MS;
    es_errors_init(errors);
    es_status status = es_profiler_run(&job, measured, errors);
    assert_int_equal(the_script.n_opened, the_script.n_closed);
    assert_int_equal(the_script.n_prepared, the_script.n_released);
    return status;
}

static es_model *small_model(void) {
    es_model *model;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_model_create("efficientnet-b0", 32, &model, &errors), ES_OK);
    return model;
}

static void test_profile_is_complete_and_loads(void **state) {
    (void)state;
    es_model *model = small_model();
    es_measured *measured;
    es_profile *loaded;
    es_errors errors;
    char path[64];
    snprintf(path, sizeof path, "scripted.%ld.profile", (long)getpid());
    assert_int_equal(profile(steady, model, "", &measured, &errors), ES_OK);
    const es_profile *made = es_measured_profile(measured);
    size_t n_units = model->n_cuts[ES_FUSED] - 1;
    assert_int_equal(made->n_rows, 2 * (n_units + 1));
    assert_int_equal(es_profile_save(made, path, true, &errors), ES_OK);
    assert_int_equal(es_profile_load(path, &loaded, &errors), ES_OK);
    unlink(path);
    assert_int_equal(es_profile_check_model(loaded, model, &errors), ES_OK);
    int64_t *batches;
    size_t n;
    assert_int_equal(es_profile_batches(loaded, &batches, &n, &errors), ES_OK);
    assert_int_equal(n, 2);
    free(batches);
    const es_profile_row *row = es_profile_find(loaded, ES_PROFILE_LAYER, 2, 4);
    assert_non_null(row);
    assert_near(row->median_s, 100e-6, 1e-18);
    assert_string_equal(row->name, model->cuts[ES_FUSED][2].name);
    assert_string_equal(row->op, "conv");
    assert_int_equal(row->out_elems, 32 * 16 * 16);
    row = es_profile_find(loaded, ES_PROFILE_WHOLE, 0, 1);
    assert_non_null(row);
    assert_near(row->median_s, (double)(1 + 100 * n_units) * 1e-6, 1e-15);
    assert_int_equal(row->n, 30);
    assert_string_equal(es_profile_provenance(loaded, "kind"), "measured");
    assert_string_equal(es_profile_provenance(loaded, "setting"), "default");
    assert_string_equal(es_profile_provenance(loaded, "resolution"), "32");
    assert_string_equal(es_profile_provenance(loaded, "date"), "2025-01-31T23:59:59Z");
    assert_string_equal(es_profile_provenance(loaded, "repetitions"),
                        "batch 1: 30 stamped, 30 plain; batch 4: 30 stamped, 30 plain");
    assert_string_equal(es_profile_provenance(loaded, "dropped"), "batch 1: 0.0 %; batch 4: 0.0 %");
    assert_string_equal(es_profile_provenance(loaded, "ended-by"),
                        "batch 1: stop rule; batch 4: stop rule");
    assert_string_equal(es_profile_provenance(loaded, "whole-to-sum"),
                        "batch 1: 1.0000; batch 4: 1.0000");
    assert_non_null(es_profile_provenance(loaded, "device"));
    es_profile_destroy(loaded);
    es_measured_destroy(measured);
    es_model_destroy(model);
}

static script_pass mostly_preempted(size_t number) {
    return (script_pass){.unit_ns = number / 2 % 2 == 0 ? 100 * US : 150 * US,
                         .lost_ns = number % 5 < 3 ? INT64_C(1000) * MS : 0};
}

static void test_profile_says_what_was_wrong(void **state) {
    (void)state;
    es_model *model = small_model();
    es_measured *measured;
    es_errors errors;
    assert_int_equal(profile(mostly_preempted, model, "", &measured, &errors), ES_OK);
    const es_profile *made = es_measured_profile(measured);
    assert_non_null(strstr(es_profile_provenance(made, "dropped"), "% (more than half)"));
    assert_non_null(strstr(es_profile_provenance(made, "ended-by"), "batch 4: time box"));
    es_measured_destroy(measured);
    es_model_destroy(model);
}

static void test_profile_failures(void **state) {
    (void)state;
    es_model *model = small_model();
    es_measured *measured = NULL;
    es_errors errors;
    assert_int_equal(profile(steady, model, "wrong", &measured, &errors), ES_USAGE);
    assert_int_equal(profile(fails_later, model, "", &measured, &errors), ES_INTERNAL);
    assert_null(measured);
    es_model_destroy(model);
}

static void test_profile_out_of_memory(void **state) {
    (void)state;
    es_model *model = small_model();
    size_t n = 0;
    for (bool struck = true; struck;) {
        es_measured *measured = NULL;
        es_errors errors;
        fault_alloc_fail_at(++n);
        es_status status = profile(steady, model, "", &measured, &errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_true(struck ? measured == NULL && errors.n > 0 : measured != NULL);
        es_measured_destroy(measured);
    }
    assert_true(n > 30);
    es_model_destroy(model);
}

static void test_segments(void **state) {
    (void)state;
    static const int64_t batches[] = {1, 4};
    es_model *model = small_model();
    es_measured *measured = NULL;
    es_errors errors;
    es_errors_init(&errors);
    es_profiler_job job = {.backend = &scripted_backend,
                           .setting = "",
                           .model = model,
                           .n_batches = 2,
                           .batches = batches,
                           .rule = rule,
                           .segments = true,
                           .date = ""};
    the_script = (script_state){.at = steady};
    assert_int_equal(es_profiler_run(&job, &measured, &errors), ES_OK);
    const es_profile *made = es_measured_profile(measured);
    size_t n_units = model->n_cuts[ES_FUSED] - 1, n_cuts = model->n_cuts[ES_BLOCK] - 2;
    assert_int_equal(made->n_rows, 2 * (n_units + 1 + 2 * n_cuts));
    for (size_t cut = 1; cut <= n_cuts; cut++) {
        const es_cut *block = &model->cuts[ES_BLOCK][cut];
        size_t unit = es_model_find_cut(model, ES_FUSED, block->last_layer);
        for (size_t b = 0; b < 2; b++) {
            const es_profile_row *head = es_profile_find(made, ES_PROFILE_HEAD, unit, batches[b]);
            const es_profile_row *tail = es_profile_find(made, ES_PROFILE_TAIL, unit, batches[b]);
            assert_near(head->median_s, (double)unit * 100e-6, 1e-12);
            assert_near(tail->median_s, (double)(n_units - unit) * 100e-6, 1e-12);
            assert_int_equal(head->n, 30);
            assert_int_equal(tail->out_elems, block->elems);
        }
    }
    assert_non_null(es_profile_provenance(made, "segments"));
    es_measured_destroy(measured);
    measured = NULL;
    the_script = (script_state){.at = steady, .fails_at_part = 77};
    assert_int_equal(es_profiler_run(&job, &measured, &errors), ES_INTERNAL);
    es_backend without = scripted_backend;
    without.run_part = NULL;
    job.backend = &without;
    the_script = (script_state){.at = steady};
    es_errors_init(&errors);
    assert_int_equal(es_profiler_run(&job, &measured, &errors), ES_UNAVAILABLE);
    assert_non_null(strstr(errors.records[0].text, "cannot run parts"));
    assert_null(measured);
    es_model_destroy(model);
}

static void test_segments_out_of_memory(void **state) {
    with_segments = true;
    test_profile_out_of_memory(state);
    with_segments = false;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_summary_of_known_sample),
        cmocka_unit_test(test_summary_of_one),
        cmocka_unit_test(test_median_interval_is_the_narrowest_of_95_percent),
        cmocka_unit_test(test_median_interval_ratio),
        cmocka_unit_test(test_steady_passes_stop_at_the_least_samples),
        cmocka_unit_test(pitfall_09_warm_up_is_dropped),
        cmocka_unit_test(test_units_of_a_pass_add_up_to_it),
        cmocka_unit_test(test_noise_asks_for_more_samples),
        cmocka_unit_test(test_disturbed_passes_are_dropped),
        cmocka_unit_test(test_both_kinds_need_their_samples),
        cmocka_unit_test(test_slow_passes_are_kept),
        cmocka_unit_test(test_a_pass_may_lose_little),
        cmocka_unit_test(test_time_box_ends_it),
        cmocka_unit_test(test_failures_are_passed_on),
        cmocka_unit_test(test_profile_is_complete_and_loads),
        cmocka_unit_test(test_profile_says_what_was_wrong),
        cmocka_unit_test(test_profile_failures),
        cmocka_unit_test(test_profile_out_of_memory),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_segments_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
