/* Ends of units by CUPTI, on a fake one that records the replays of a fake driver. A kernel takes
 * 10 us, and 1 us of that is a gap. */
#include "cudnn_fakes.h"
#include "fault_alloc.h"

#include <math.h>

enum { MOST_UNITS = 256 };

static const char *stamps_of(const es_device *device) {
    return device->stamps.data != NULL ? device->stamps.data : "";
}

/* A stamped pass tells each unit's end by its kernels, whatever else there is in the graph; between
 * two of them a plain one takes what it takes without CUPTI. */
static void check_units(const char *setting, const char *driver, const char *fault,
                        int64_t kernel_ns) {
    running r;
    int64_t stamps_ns[MOST_UNITS] = {0};
    set_fault("FAKE_CUDA", driver);
    set_fault("FAKE_CUPTI", fault);
    es_status status = start(&r, "efficientnet-b0", setting);
    es_errors_print(&r.errors, stderr);
    assert_int_equal(status, ES_OK);
    assert_text(stamps_of(r.device), "batch 1: CUPTI ");
    size_t n = r.plan->n_units;
    for (int pass = 0; pass < 3; pass++) {
        int64_t before_ns = 0, n_all_kernels = 0;
        assert_int_equal(backend->run(r.network, true, stamps_ns, &r.errors), ES_OK);
        for (size_t u = 1; u <= n; u++) {
            int64_t n_kernels = 0, ns = stamps_ns[u] - stamps_ns[0];
            const gpu_unit *unit = &r.network->units[u];
            for (size_t i = unit->first_step; i < unit->first_step + unit->n_steps; i++)
                n_kernels += gpu_runs(unit, &r.network->steps[i]);
            int64_t expected_ns = n_kernels * kernel_ns - (u == 1 ? 1000 : 0);
            assert_true(llabs(ns - before_ns - expected_ns) <= 2);
            before_ns = ns;
            n_all_kernels += n_kernels;
        }
        assert_int_equal(backend->run(r.network, false, stamps_ns, &r.errors), ES_OK);
        assert_true(llabs(stamps_ns[n] - stamps_ns[0] - n_all_kernels * 10000) <= 100);
    }
    assert_int_equal(backend->lost_ns(r.device), 0);
    clear_faults();
    stop(&r);
}

static void test_units(void **unused) {
    (void)unused;
    check_units("", "", "", 10000);
    check_units("stamps:cupti,precision:fp16,sm:40", "", "", 10000);
    check_units("", "fills", "", 10000);
    check_units("", "", "held", 10000);
    check_units("stamps:cupti", "", "slow", 12000);
}

static void test_what_is_noted(void **unused) {
    (void)unused;
    running r;
    int64_t stamps_ns[MOST_UNITS];
    assert_int_equal(start(&r, "resnet18", ""), ES_OK);
    assert_int_equal(backend->run(r.network, true, stamps_ns, &r.errors), ES_OK);
    double n = (double)r.network->n_all_nodes;
    char expected[128];
    snprintf(expected, sizeof expected,
             ", nodes %.1f us and gaps %.1f us of %.1f us recorded, %.1f us as a graph", 9 * n,
             n - 1, 10 * n - 1, 10 * n);
    es_facts facts = {0};
    backend->observe(r.device, &facts);
    assert_text(fact(&facts, "stamps"), expected);
    assert_string_equal(fact(&facts, "traces"), "1 passes, 0 of them incomplete and dropped");
    es_facts_fini(&facts);
    stop(&r);
}

/* ---- CUPTI cannot be had, or its records cannot be used */

/* Left to itself the backend does without; asked for CUPTI it says why not. */
static void check_without(const char *driver, const char *fault, const char *reason) {
    running r;
    set_fault("FAKE_CUDA", driver);
    set_fault("FAKE_CUPTI", fault);
    es_status status = start(&r, "resnet18", "");
    es_errors_print(&r.errors, stderr);
    assert_int_equal(status, ES_OK);
    assert_text(stamps_of(r.device), "batch 1: prefixes (");
    assert_text(stamps_of(r.device), reason);
    assert_null(r.network->stamped);
    stop(&r);
    es_device *device = NULL;
    es_errors errors;
    es_errors_init(&errors);
    status = backend->open("stamps:cupti", &device, &errors);
    if (status == ES_OK) {
        backend->close(device);
        status = start(&r, "resnet18", "stamps:cupti");
        errors = r.errors;
        stop(&r);
    }
    clear_faults();
    assert_int_equal(status, ES_UNAVAILABLE);
    assert_int_equal(errors.n, 1);
    assert_text(errors.records[0].text, reason);
}

static void test_not_there(void **unused) {
    (void)unused;
    char path[sizeof fakes[CUPTI].path];
    memcpy(path, fakes[CUPTI].path, sizeof path);
    set_fault("EDGESPLIT_CUPTI", "/no/libcupti.so");
    check_without("", "", "CUPTI cannot be loaded: /no/libcupti.so");
    set_fault("EDGESPLIT_CUPTI", fakes[0].path);
    check_without("", "", "CUPTI has no cuptiGetVersion; a newer one is needed");
    clear_faults();
}

static void test_refused(void **unused) {
    (void)unused;
    check_without("", "denied",
                  "CUPTI refuses to record what runs on the GPU: "
                  "CUPTI_ERROR_INSUFFICIENT_PRIVILEGES; root may, or everybody where");
    check_without("", "mute", "CUPTI refuses to deliver what it has recorded: a fake error");
}

static void test_useless_records(void **unused) {
    (void)unused;
    check_without("", "drops", "CUPTI's records cannot be used: it left out nodes of the graph");
    check_without("", "doubles", "it recorded more nodes than the graph has");
    check_without("", "no-times", "it recorded nodes without their times");
    check_without("", "swaps", "the nodes of the graph ran in another order than before");
}

/* Only where there is a choice. */
static void test_slower_with_it(void **unused) {
    (void)unused;
    running r;
    set_fault("FAKE_CUPTI", "slow");
    assert_int_equal(start(&r, "resnet18", ""), ES_OK);
    clear_faults();
    assert_text(stamps_of(r.device), "batch 1: prefixes (with CUPTI a pass takes 1.1");
    stop(&r);
}

/* Another tool has registered its callbacks: seen before any other test registers ours. */
static void test_busy(void **unused) {
    (void)unused;
    check_without("", "busy", "CUPTI refuses to deliver records: a fake error");
}

static void test_one_at_a_time(void **unused) {
    (void)unused;
    es_device *first = open_device("stamps:cupti");
    assert_no_device("stamps:cupti", ES_UNAVAILABLE, "CUPTI records another device");
    backend->close(first);
    backend->close(open_device("stamps:cupti"));
}

static void test_nodes_are_not_told(void **unused) {
    (void)unused;
    running r;
    set_fault("FAKE_CUDA", "no-nodes");
    assert_int_equal(start(&r, "resnet18", ""), ES_INTERNAL);
    clear_faults();
    assert_text(r.errors.records[0].text, "the GPU's driver refuses the nodes of a graph");
    stop(&r);
}

/* ---- While it is measured */

/* A pass of which records are missing is lost; so many in a row end it. */
static void test_incomplete_passes(void **unused) {
    (void)unused;
    running r;
    int64_t stamps_ns[MOST_UNITS];
    assert_int_equal(start(&r, "resnet18", ""), ES_OK);
    size_t n = r.plan->n_units;
    for (int round = 0; round < 2; round++) {
        int64_t lost_ns = backend->lost_ns(r.device);
        set_fault("FAKE_CUPTI", "drops");
        assert_int_equal(backend->run(r.network, true, stamps_ns, &r.errors), ES_OK);
        clear_faults();
        lost_ns = backend->lost_ns(r.device) - lost_ns;
        assert_true(lost_ns > 0);
        assert_int_equal(lost_ns, stamps_ns[n] - stamps_ns[0]);
        lost_ns = backend->lost_ns(r.device);
        assert_int_equal(backend->run(r.network, true, stamps_ns, &r.errors), ES_OK);
        assert_int_equal(backend->lost_ns(r.device), lost_ns);
    }
    set_fault("FAKE_CUPTI", "drops");
    for (int pass = 1; pass < 20; pass++)
        assert_int_equal(backend->run(r.network, true, stamps_ns, &r.errors), ES_OK);
    assert_int_equal(backend->run(r.network, true, stamps_ns, &r.errors), ES_UNAVAILABLE);
    clear_faults();
    assert_text(r.errors.records[0].text,
                "CUPTI's records of 20 passes in a row cannot be used: it left out nodes");
    es_facts facts = {0};
    backend->observe(r.device, &facts);
    assert_string_equal(fact(&facts, "traces"), "24 passes, 22 of them incomplete and dropped");
    es_facts_fini(&facts);
    stop(&r);
}

static void test_refused_later(void **unused) {
    (void)unused;
    running r;
    int64_t stamps_ns[MOST_UNITS];
    assert_int_equal(start(&r, "resnet18", ""), ES_OK);
    set_fault("FAKE_CUPTI", "denied");
    assert_int_equal(backend->run(r.network, true, stamps_ns, &r.errors), ES_UNAVAILABLE);
    set_fault("FAKE_CUPTI", "mute");
    assert_int_equal(backend->run(r.network, true, stamps_ns, &r.errors), ES_UNAVAILABLE);
    clear_faults();
    assert_int_equal(backend->run(r.network, true, stamps_ns, &r.errors), ES_OK);
    stop(&r);
}

/* Memory that is missing for a buffer or a record makes a pass incomplete, which does not matter if
 * it is one that does not count; elsewhere it is said. */
static void test_out_of_memory(void **unused) {
    (void)unused;
    size_t n = 0, n_ok = 0;
    running r;
    assert_int_equal(start(&r, "squeezenet1.1", "stamps:cupti,plans:1"), ES_OK);
    backend->release(r.network);
    for (bool struck = true; struck;) {
        es_errors_init(&r.errors);
        r.network = NULL;
        fault_alloc_fail_at(++n);
        es_status status = backend->prepare(r.device, r.plan, 1, &r.network, &r.errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_true(struck || status == ES_OK);
        assert_int_equal(r.errors.n, status != ES_OK);
        if (status == ES_OK)
            backend->release(r.network);
        else if (status == ES_UNAVAILABLE)
            assert_text(r.errors.records[0].text, "it left out nodes of the graph");
        else
            assert_int_equal(status, ES_NO_MEMORY);
        r.network = NULL;
        n_ok += status == ES_OK;
        /* What a failure leaves behind: a plan list cut off. */
        r.device->plans.failed = r.device->stamps.failed = false;
    }
    assert_true(n > 10 && n_ok < n / 10);
    stop(&r);
}

/* ---- A profile */

static void test_profile(void **unused) {
    (void)unused;
    es_model *model;
    es_measured *measured = measure_resnet18("precision:fp16", &model);
    const es_profile *profile = es_measured_profile(measured);
    for (int64_t batch = 1; batch <= 2; batch++) {
        double sum_s = layers_s(profile, model, batch);
        double whole_s = es_profile_find(profile, ES_PROFILE_WHOLE, 0, batch)->median_s;
        assert_true(fabs(sum_s + 1e-6 - whole_s) < 1e-7);
    }
    assert_text(es_profile_provenance(profile, "stamps"), "; batch 2: CUPTI ");
    es_measured_destroy(measured);
    es_model_destroy(model);
}

/* ---- The real one, as far as it goes without a GPU */

static void test_real_library(void **unused) {
    (void)unused;
    static gpu_api api;
    uint32_t version = 0;
    es_errors errors;
    es_errors_init(&errors);
    unsetenv("EDGESPLIT_CUPTI");
    es_status status = gpu_load(&api, GPU_CUPTI, &errors);
    clear_faults();
    if (status != ES_OK) {
        print_message("skipped: %s\n", errors.records[0].text);
        skip();
    }
    assert_int_equal(api.cuptiGetVersion(&version), GPU_CUPTI_SUCCESS);
    print_message("CUPTI %u: %s\n", version, api.paths[GPU_CUPTI]);
    const char *text = NULL;
    assert_int_equal(api.cuptiGetResultString(35, &text), GPU_CUPTI_SUCCESS);
    assert_string_equal(text, "CUPTI_ERROR_INSUFFICIENT_PRIVILEGES");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_busy),
        cmocka_unit_test(test_units),
        cmocka_unit_test(test_what_is_noted),
        cmocka_unit_test(test_not_there),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_useless_records),
        cmocka_unit_test(test_slower_with_it),
        cmocka_unit_test(test_one_at_a_time),
        cmocka_unit_test(test_nodes_are_not_told),
        cmocka_unit_test(test_incomplete_passes),
        cmocka_unit_test(test_refused_later),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_profile),
        cmocka_unit_test(test_real_library),
    };
    return prepare_fakes() ? cmocka_run_group_tests(tests, NULL, NULL) : 77;
}
