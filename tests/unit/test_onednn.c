/* The backend onednn: its values against the plain reference, its settings, its passes. The one
 * argument is the setting to test under, because oneDNN takes one instruction set per process. */
#include "onednn_values.h"
#include "profiler.h"

#include <string.h>

/* A network of the zoo that is small because its images are. */
typedef struct small_network {
    es_model *model;
    es_plan *plan;
    es_network *network;
} small_network;

static small_network prepare(void) {
    small_network made;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_model_create("efficientnet-b0", 32, &made.model, &errors), ES_OK);
    assert_int_equal(es_plan_create(made.model, false, &made.plan, &errors), ES_OK);
    assert_int_equal(backend->prepare(device, made.plan, 1, &made.network, &errors), ES_OK);
    return made;
}

static void release(small_network *fixture) {
    backend->release(fixture->network);
    es_plan_destroy(fixture->plan);
    es_model_destroy(fixture->model);
}

static void run(const small_network *fixture, bool stamped, int64_t *stamps_ns) {
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(backend->run(fixture->network, stamped, stamps_ns, &errors), ES_OK);
}

/* Every unit of a whole network: stem, depthwise, squeeze-and-excitation, residual sums,
 * classifier. */
static void check_values(int64_t resolution, int64_t batch) {
    es_model *model;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_model_create("efficientnet-b0", resolution, &model, &errors), ES_OK);
    values_check check = onednn_check_values(backend, device, model, batch);
    print_message("%lld px, batch %lld: worst relative error %.2g\n", (long long)resolution,
                  (long long)batch, check.error);
    if (!(check.error < 1e-5))
        fail_msg("unit %zu (%s): relative error %g", check.unit,
                 model->cuts[ES_FUSED][check.unit].name, check.error);
    assert_true(check.least_rms > 1e-2 && check.greatest_rms < 1e2);
    es_model_destroy(model);
}

static void test_values(void **state) {
    (void)state;
    check_values(64, 1);
    check_values(33, 3);
}

static void test_stamps(void **state) {
    (void)state;
    small_network fixture = prepare();
    size_t n_units = fixture.plan->n_units;
    int64_t *stamps_ns = calloc(n_units + 1, sizeof *stamps_ns);
    assert_non_null(stamps_ns);
    run(&fixture, false, stamps_ns);
    assert_true(stamps_ns[n_units] > stamps_ns[0]);
    for (size_t u = 1; u < n_units; u++)
        assert_int_equal(stamps_ns[u], 0);
    run(&fixture, true, stamps_ns);
    for (size_t u = 1; u <= n_units; u++)
        assert_true(stamps_ns[u] > stamps_ns[u - 1]);
    free(stamps_ns);
    release(&fixture);
}

static void test_out_of_memory(void **state) {
    (void)state;
    small_network fixture = prepare();
    size_t n = 0;
    for (bool struck = true; struck;) {
        es_network *network = NULL;
        es_errors errors;
        es_errors_init(&errors);
        fault_alloc_fail_at(++n);
        es_status status = backend->prepare(device, fixture.plan, 1, &network, &errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_int_equal(errors.n, struck);
        backend->release(network);
    }
    assert_true(n > 1);
    release(&fixture);
}

static void assert_complaint(const char *wrong, const char *part) {
    es_device *none = NULL;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(backend->open(wrong, &none, &errors), ES_USAGE);
    assert_null(none);
    if (strstr(errors.records[0].text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", errors.records[0].text, part);
}

static void test_wrong_settings(void **state) {
    (void)state;
    assert_complaint("isa:sse42", "did you mean isa:sse41?");
    assert_complaint("isa:quantum", "or best (the default)");
    assert_complaint("threads:0", "expected 1 to");
    assert_complaint("threads:-1", "expected 1 to");
    assert_complaint("threads:1000000", "expected 1 to");
    assert_complaint("threads:many", "expected 1 to");
    assert_complaint("thread:1",
                     "expected isa:NAME or threads:N, with commas between; did you mean "
                     "threads:?");
    assert_complaint("sse41", "expected isa:NAME or threads:N");
    assert_complaint("threads:1,", "expected isa:NAME or threads:N");
    assert_complaint("threads:1,threads:1", "threads is there twice");
    /* The instruction set is fixed for this process by now. */
    assert_complaint("isa:avx2,threads:1", "cannot be had");
    es_device *none = NULL;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(backend->open("isa:x,threads:y,z", &none, &errors), ES_USAGE);
    assert_int_equal(errors.n, 3);
}

static const char *fact(const es_facts *facts, const char *key) {
    for (size_t i = 0; i < facts->n; i++)
        if (strcmp(facts->items[i].key, key) == 0)
            return facts->items[i].value;
    return "";
}

static void test_description_is_verified(void **state) {
    (void)state;
    es_facts facts = {0};
    backend->describe(device, &facts);
    assert_false(facts.failed);
    if (strstr(setting, "isa:sse41") != NULL)
        assert_string_equal(fact(&facts, "isa"), "sse41");
    else
        assert_string_not_equal(fact(&facts, "isa"), "unnamed");
    if (strstr(setting, "threads:1") != NULL)
        assert_string_equal(fact(&facts, "threads"), "1");
    assert_true(strncmp(fact(&facts, "library"), "oneDNN 2.", strlen("oneDNN 2.")) == 0);
    assert_string_equal(fact(&facts, "precision"), "fp32");
    es_facts_fini(&facts);
}

/* From the network to the profile, on a machine that may be busy: as much time may be lost as will.
 */
static void test_profile(void **state) {
    (void)state;
    static const int64_t batches[] = {1, 2};
    es_model *model;
    es_measured *measured;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_model_create("efficientnet-b0", 32, &model, &errors), ES_OK);
    /* "best" cannot be asked for twice in a process, but what it has turned out to be can. */
    es_facts facts = {0};
    char same[128];
    backend->describe(device, &facts);
    snprintf(same, sizeof same, "isa:%s,threads:%s", fact(&facts, "isa"), fact(&facts, "threads"));
    es_facts_fini(&facts);
    es_profiler_job job = {.backend = backend,
                           .setting = same,
                           .model = model,
                           .n_batches = 2,
                           .batches = batches,
                           .rule = es_stop_rule_default,
                           .date = "2025-01-31T23:59:59Z"};
    job.rule.lost_ratio = 1e9;
    job.rule.warm_up_ns = 0;
    job.rule.time_box_ns = INT64_C(300000000);
    assert_int_equal(es_profiler_run(&job, &measured, &errors), ES_OK);
    const es_profile *profile = es_measured_profile(measured);
    assert_int_equal(profile->n_rows, 2 * model->n_cuts[ES_FUSED]);
    for (size_t r = 0; r < profile->n_rows; r++) {
        assert_true(profile->rows[r].min_s > 0);
        assert_true(profile->rows[r].median_s >= profile->rows[r].p05_s);
        assert_true(profile->rows[r].median_s <= profile->rows[r].p95_s);
    }
    assert_int_equal(es_profile_check_model(profile, model, &errors), ES_OK);
    es_measured_destroy(measured);
    es_model_destroy(model);
}

int main(int argc, char *argv[]) {
    if (!onednn_find(argc, argv))
        return 77;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_stamps),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_wrong_settings),
        cmocka_unit_test(test_description_is_verified),
        cmocka_unit_test(test_profile),
    };
    return cmocka_run_group_tests(tests, open_backend, close_backend);
}
