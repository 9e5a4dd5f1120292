/* The backend cudnn from its setting to a profile, on fakes and without CUPTI. Values and real
 * times need a GPU (tests/gpu). */
#include "cudnn_fakes.h"
#include "reference.h"

#include <math.h>
#include <unistd.h>

static char state[] = "/tmp/edgesplit-nvml-XXXXXX";

/* ---- Settings */

static void test_settings(void **unused) {
    (void)unused;
    gpu_setting setting;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(gpu_parse_setting("", &setting, &errors), ES_OK);
    assert_int_equal(setting.precision, GPU_FP32);
    assert_int_equal(
        gpu_parse_setting("precision:fp16,sm:8,stamps:events,plans:3,gpu:1", &setting, &errors),
        ES_OK);
    assert_int_equal(setting.precision, GPU_FP16);
    assert_int_equal(setting.sms, 8);
    assert_int_equal(setting.stamps, GPU_STAMPS_EVENTS);
    assert_int_equal(setting.candidates, 3);
    assert_int_equal(setting.device, 1);
    assert_int_equal(gpu_parse_setting("clock:300MHz", &setting, &errors), ES_OK);
    assert_true(fabs(setting.clock_hz - 3e8) < 1);
    assert_int_equal(gpu_parse_setting("clock:max", &setting, &errors), ES_OK);
    assert_true(isinf(setting.clock_hz));
    assert_true(backend->changes_clocks("precision:fp16,clock:300MHz"));
    assert_true(backend->changes_clocks("clock:max"));
    assert_false(backend->changes_clocks("sm:8"));
    assert_false(backend->changes_clocks("nonsense"));
}

static void test_wrong_settings(void **unused) {
    (void)unused;
    assert_no_device("precision:fp64", ES_USAGE, "expected fp32, tf32 or fp16");
    assert_no_device("sm:0", ES_USAGE, "expected 1 to 1024");
    assert_no_device("sm:many", ES_USAGE, "expected 1 to 1024");
    assert_no_device("clock:fast", ES_USAGE, "expected max or a clock such as 300MHz");
    assert_no_device("clock:300", ES_USAGE, "expected max or a clock such as 300MHz");
    assert_no_device("stamps:cupty", ES_USAGE, "expected auto, cupti, prefix or events");
    assert_no_device("clok:max", ES_USAGE, "did you mean clock:");
    assert_no_device("fp16", ES_USAGE, "expected precision:");
    assert_no_device("sm:8,sm:8", ES_USAGE, "sm is there twice");
    assert_no_device("sm:8,", ES_USAGE, "expected precision:");
    assert_no_device("sm:8,clock:max", ES_USAGE, "exclude each other");
    assert_no_device("gpu:1", ES_USAGE, "this machine has GPUs 0 to 0");
    assert_no_device("sm:133", ES_USAGE, "this GPU has 132 multiprocessors");
    assert_no_device("sm:12", ES_USAGE, "this GPU gives 16");
}

/* ---- What is missing */

static void test_libraries_are_missing(void **unused) {
    (void)unused;
    es_device *device = NULL;
    es_errors errors;
    es_errors_init(&errors);
    set_fault("EDGESPLIT_CUDA", "/no/libcuda.so");
    set_fault("EDGESPLIT_CUDNN", "/no/libcudnn.so");
    set_fault("EDGESPLIT_NVRTC", "/no/libnvrtc.so");
    assert_int_equal(backend->open("", &device, &errors), ES_UNAVAILABLE);
    clear_faults();
    assert_int_equal(errors.n, 3); /* all at once */
    assert_text(errors.records[0].text, "NVIDIA's driver cannot be loaded: /no/libcuda.so");
    assert_text(errors.records[1].text, "cuDNN 9 cannot be loaded: /no/libcudnn.so");
    assert_text(errors.records[2].text, "NVRTC cannot be loaded: /no/libnvrtc.so");
    assert_no_device("stamps:cupti", ES_UNAVAILABLE, "CUPTI cannot be loaded: /no/libcupti.so");
}

static void test_library_is_another(void **unused) {
    (void)unused;
    set_fault("EDGESPLIT_CUDNN", fakes[0].path);
    assert_no_device("", ES_UNAVAILABLE, "cuDNN 9 has no cudnnGetVersion");
    clear_faults();
    set_fault("FAKE_CUDNN", "version");
    assert_no_device("", ES_UNAVAILABLE, "expected 9");
    clear_faults();
}

static void test_no_gpu(void **unused) {
    (void)unused;
    set_fault("FAKE_CUDA", "no-gpu");
    assert_no_device("", ES_UNAVAILABLE, "no CUDA-capable device is detected");
    clear_faults();
}

static void test_no_slice(void **unused) {
    (void)unused;
    set_fault("FAKE_CUDA", "no-slice");
    assert_no_device("sm:8", ES_UNAVAILABLE, "shows a kernel on 132 multiprocessors");
    clear_faults();
}

/* ---- Networks */

static void assert_stamps(const char *setting) {
    running r;
    es_status status = start(&r, "mobilenet-v2", setting);
    es_errors_print(&r.errors, stderr);
    assert_int_equal(status, ES_OK);
    size_t n = r.plan->n_units;
    int64_t *stamps_ns = calloc(n + 1, sizeof *stamps_ns), part_ns[2];
    assert_non_null(stamps_ns);
    assert_int_equal(backend->run(r.network, false, stamps_ns, &r.errors), ES_OK);
    int64_t whole_ns = stamps_ns[n] - stamps_ns[0];
    assert_int_equal(stamps_ns[1], 0);
    assert_int_equal(backend->run(r.network, true, stamps_ns, &r.errors), ES_OK);
    assert_true(llabs(stamps_ns[n] - stamps_ns[0] - whole_ns) < 100);
    for (size_t u = 1; u <= n; u++)
        assert_true(stamps_ns[u] - stamps_ns[u - 1] >= 9900 || r.plan->units[u].root != u);
    assert_int_equal(backend->run_part(r.network, 1, 10, part_ns, &r.errors), ES_OK);
    int64_t head_ns = part_ns[1] - part_ns[0];
    assert_int_equal(backend->run_part(r.network, 11, n, part_ns, &r.errors), ES_OK);
    assert_true(llabs(head_ns + part_ns[1] - part_ns[0] - whole_ns) < 100);
    assert_int_equal(backend->lost_ns(r.device), 0);
    free(stamps_ns);
    stop(&r);
}

static void test_prefixes(void **unused) {
    (void)unused;
    assert_stamps("precision:fp16,stamps:prefix");
}

static void test_events(void **unused) {
    (void)unused;
    assert_stamps("precision:fp32,stamps:events,sm:40");
}

/* Engine 2 is the faster one, and of two graphs or one, one. */
static void test_choices(void **unused) {
    (void)unused;
    running r;
    assert_int_equal(start(&r, "efficientnet-b0", ""), ES_OK);
    for (size_t i = 0; i < r.network->n_steps; i++)
        if (r.network->steps[i].plan != NULL)
            assert_string_equal(r.network->steps[i].engine, "engine 2");
    for (size_t u = 1; u <= r.plan->n_units; u++)
        assert_true(r.network->units[u].n_ways == 0 || r.network->units[u].way == 1);
    es_facts facts = {0};
    backend->describe(r.device, &facts);
    backend->observe(r.device, &facts);
    assert_false(facts.failed);
    assert_string_equal(fact(&facts, "device"), "Fake GPU");
    assert_text(fact(&facts, "plans"), "batch 1: | stem: [conv 1x3x224x224 by 32x3x3x3");
    assert_text(fact(&facts, "plans"), "engine 2, 10.00 us");
    assert_text(fact(&facts, "stamps"),
                "batch 1: prefixes (CUPTI cannot be loaded: /no/libcupti.so");
    assert_text(fact(&facts, "sm-clock"), "not locked, at first 1545 MHz");
    assert_text(fact(&facts, "memory-clock"), "7000 MHz");
    es_facts_fini(&facts);
    stop(&r);
}

static void assert_not_prepared(const char *name, const char *setting, es_status expected,
                                const char *part) {
    running r;
    assert_int_equal(start(&r, name, setting), expected);
    assert_null(r.network);
    assert_text(r.errors.records[0].text, part);
    stop(&r);
}

static void test_no_plan(void **unused) {
    (void)unused;
    set_fault("FAKE_CUDNN", "no-plan");
    assert_not_prepared("mobilenet-v2", "", ES_UNAVAILABLE,
                        "unit 1 (stem): cuDNN has no plan that works for conv (stem.conv)");
    set_fault("FAKE_CUDNN", "fails");
    assert_not_prepared("mobilenet-v2", "", ES_UNAVAILABLE, "cuDNN has no plan that works");
    clear_faults();
}

static void test_gpu_memory(void **unused) {
    (void)unused;
    set_fault("FAKE_CUDA", "no-memory");
    assert_not_prepared("mobilenet-v2", "", ES_NO_MEMORY,
                        "mobilenet-v2 at batch 1 does not fit into the memory of the GPU");
    clear_faults();
}

/* Every network of the zoo passes through every step of preparation. */
static void test_zoo(void **unused) {
    (void)unused;
    for (size_t i = 0; es_model_zoo_name(i) != NULL; i++) {
        running r;
        es_status status = start(&r, es_model_zoo_name(i), "precision:fp32,stamps:events");
        es_errors_print(&r.errors, stderr);
        assert_int_equal(status, ES_OK);
        stop(&r);
    }
}

static void test_out_of_memory(void **unused) {
    (void)unused;
    size_t n = 0;
    running r;
    assert_int_equal(start(&r, "squeezenet1.1", "stamps:events,plans:1"), ES_OK);
    backend->release(r.network);
    for (bool struck = true; struck;) {
        es_errors_init(&r.errors);
        r.network = NULL;
        fault_alloc_fail_at(++n);
        es_status status = backend->prepare(r.device, r.plan, 1, &r.network, &r.errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_int_equal(r.errors.n, struck);
        if (struck) {
            assert_null(r.network);
            /* What a failure leaves behind: a plan list cut off. */
            r.device->plans.failed = r.device->stamps.failed = false;
        }
    }
    assert_true(n > 10);
    stop(&r);
}

/* ---- Values: layouts, weights, operands and the sharing of memory, with graphs computed by the
 * fake */

static float *output_of(running *r, size_t unit, int64_t n) {
    float *values = malloc((size_t)n * sizeof *values);
    assert_non_null(values);
    assert_int_equal(backend->output(r->network, unit, values, &r->errors), ES_OK);
    return values;
}

static double error_of(int64_t n, const float *values, const double *reference) {
    double difference = 0, size = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = (double)values[i] - reference[i];
        difference += d * d;
        size += reference[i] * reference[i];
    }
    return sqrt(difference / size);
}

/* `fuses`: of the fake cuDNN; which way units then take. */
static void check_values(const char *name, int64_t resolution, int64_t batch, const char *fuses) {
    running r = {0};
    double **reference = NULL, worst = 0;
    es_errors_init(&r.errors);
    set_fault("FAKE_CUDNN", fuses);
    setenv("FAKE_VALUES", "1", 1);
    r.device = open_device("stamps:events,plans:1");
    assert_int_equal(es_model_create(name, resolution, &r.model, &r.errors), ES_OK);
    assert_int_equal(es_reference_run(r.model, batch, &reference), ES_OK);
    for (int keeps = 1; keeps >= 0; keeps--) {
        assert_int_equal(es_plan_create(r.model, keeps != 0, &r.plan, &r.errors), ES_OK);
        es_status status = backend->prepare(r.device, r.plan, batch, &r.network, &r.errors);
        es_errors_print(&r.errors, stderr);
        assert_int_equal(status, ES_OK);
        for (size_t u = keeps != 0 ? 0 : r.plan->n_units; u <= r.plan->n_units; u++) {
            int64_t n = batch * es_shape_elems(es_plan_out(r.plan, u));
            float *values = output_of(&r, u, n);
            double error = error_of(n, values, reference[r.plan->units[u].last_layer]);
            free(values);
            worst = fmax(worst, error);
            if (!(error < 1e-4))
                fail_msg("%s, %s: unit %zu (%s): relative error %g", name, fuses, u,
                         r.plan->units[u].name, error);
        }
        if (keeps != 0) {
            backend->release(r.network);
            es_plan_destroy(r.plan);
        }
    }
    print_message("%s at %lld px, batch %lld, %s: worst relative error %.2g\n", name,
                  (long long)resolution, (long long)batch, fuses, worst);
    unsetenv("FAKE_VALUES");
    clear_faults();
    es_reference_destroy(r.model, reference);
    stop(&r);
}

static void test_values(void **unused) {
    (void)unused;
    check_values("efficientnet-b0", 32, 2, "fuses-99");
    check_values("mobilenet-v3-small", 32, 1, "fuses-1");
    check_values("squeezenet1.1", 33, 1, "fuses-2");
    check_values("regnet-y-400mf", 32, 1, "fuses-99");
    if (ES_SANITIZED) /* the large ones would take minutes */
        return;
    check_values("densenet121", 32, 1, "fuses-99");
    check_values("convnext-tiny", 32, 1, "fuses-1");
    check_values("vit-b16", 32, 1, "fuses-99");
}

/* ---- Clocks */

static void clear_state(void) {
    FILE *stream = fopen(state, "w");
    assert_non_null(stream);
    fclose(stream);
}

static void assert_state(const char *expected) {
    char text[256];
    FILE *stream = fopen(state, "r");
    assert_non_null(stream);
    text[fread(text, 1, sizeof text - 1, stream)] = '\0';
    fclose(stream);
    assert_string_equal(text, expected);
}

static void test_locked_clock(void **unused) {
    (void)unused;
    clear_state();
    if (geteuid() != 0) {
        assert_no_device("clock:300MHz", ES_USAGE, "only root may lock clocks");
        assert_state("");
        return;
    }
    running r;
    int64_t stamps_ns[256] = {0};
    assert_int_equal(start(&r, "mobilenet-v2", "clock:300MHz"), ES_OK);
    assert_state("lock 300\n");
    es_facts facts = {0};
    backend->describe(r.device, &facts);
    backend->observe(r.device, &facts);
    assert_string_equal(fact(&facts, "clock"), "300MHz");
    assert_text(fact(&facts, "sm-clock"), "locked to 300 MHz");
    es_facts_fini(&facts);
    assert_int_equal(backend->run(r.network, false, stamps_ns, &r.errors), ES_OK);
    assert_int_equal(backend->lost_ns(r.device), 0);
    /* A pass at another clock is lost. */
    set_fault("FAKE_CUDA", "slow-clock");
    assert_int_equal(backend->run(r.network, false, stamps_ns, &r.errors), ES_OK);
    clear_faults();
    assert_int_equal(backend->lost_ns(r.device), stamps_ns[r.plan->n_units] - stamps_ns[0]);
    stop(&r);
    assert_state("lock 300\nreset 0\n");
}

static void test_clock_is_not_reached(void **unused) {
    (void)unused;
    if (geteuid() != 0)
        skip();
    clear_state();
    set_fault("FAKE_CUDA", "slow-clock");
    set_fault("FAKE_NVML", "hot");
    assert_no_device("clock:300MHz", ES_UNAVAILABLE,
                     "locked to 300 MHz, but the GPU runs at 150 MHz: thermal slow-down");
    clear_faults();
    assert_state("lock 300\nreset 0\n");
    clear_state();
    set_fault("FAKE_NVML", "denied");
    assert_no_device("clock:300MHz", ES_UNAVAILABLE, "Insufficient Permissions");
    clear_faults();
    assert_state("");
}

/* ---- A profile */

static void test_profile(void **unused) {
    (void)unused;
    es_model *model;
    es_measured *measured = measure_resnet18("precision:fp16,sm:8", &model);
    const es_profile *profile = es_measured_profile(measured);
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_profile_check_model(profile, model, &errors), ES_OK);
    for (int64_t batch = 1; batch <= 2; batch++) {
        double sum_s = layers_s(profile, model, batch);
        double whole_s = es_profile_find(profile, ES_PROFILE_WHOLE, 0, batch)->median_s;
        assert_true(fabs(sum_s / whole_s - 1) < 0.01);
    }
    bool sliced = false;
    for (size_t i = 0; i < profile->n_provenance; i++)
        sliced = sliced || strncmp(profile->provenance[i].value, "sm_slice:8/132", 14) == 0;
    assert_true(sliced);
    es_measured_destroy(measured);
    es_model_destroy(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_wrong_settings),
        cmocka_unit_test(test_libraries_are_missing),
        cmocka_unit_test(test_library_is_another),
        cmocka_unit_test(test_no_gpu),
        cmocka_unit_test(test_no_slice),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_no_plan),
        cmocka_unit_test(test_gpu_memory),
        cmocka_unit_test(test_zoo),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_locked_clock),
        cmocka_unit_test(test_clock_is_not_reached),
        cmocka_unit_test(test_profile),
    };
    if (!prepare_fakes())
        return 77;
    snprintf(fakes[CUPTI].path, sizeof fakes[CUPTI].path, "/no/libcupti.so");
    clear_faults();
    int file = mkstemp(state);
    if (file < 0)
        return 1;
    close(file);
    setenv("FAKE_NVML_STATE", state, 1);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(state);
    return failed;
}
