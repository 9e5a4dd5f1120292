/* The backend cudnn on a real GPU (ctest label gpu): values against the plain reference, layer sums
 * against the whole, slices. Skipped aloud without a GPU, a driver, cuDNN or NVRTC. No clock is
 * ever touched.
 *
 * The file that EDGESPLIT_GPU_PROPERTIES_OUT names gets the description of the GPU with which
 * unit.cudnn_plans runs where there is none. */
#include "cudnn_parts.h"
#include "profiler.h"
#include "reference.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const es_backend *backend;

static es_device *open_device(const char *setting) {
    es_device *device = NULL;
    es_errors errors;
    es_errors_init(&errors);
    es_status status = backend->open(setting, &device, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    return device;
}

/* Root of the squared differences over that of the squared reference. */
static double error_of(int64_t n, const float *values, const double *reference) {
    double difference = 0, size = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = (double)values[i] - reference[i];
        difference += d * d;
        size += reference[i] * reference[i];
    }
    return size > 0 ? sqrt(difference / size) : sqrt(difference);
}

/* Every unit of a network, twice run, so that a second pass must not see what the first has left.
 * What is wrong is printed for all units before the test fails: which engine computed it is in the
 * plans. */
static void check_values(const char *name, int64_t resolution, const char *setting, int64_t batch,
                         double greatest_error) {
    es_device *device = open_device(setting);
    es_model *model = NULL;
    es_plan *plan = NULL;
    es_network *network = NULL;
    double **reference = NULL, worst = 0;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_model_create(name, resolution, &model, &errors), ES_OK);
    assert_int_equal(es_plan_create(model, true, &plan, &errors), ES_OK);
    es_status status = backend->prepare(device, plan, batch, &network, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    int64_t *stamps_ns = calloc(plan->n_units + 1, sizeof *stamps_ns);
    assert_non_null(stamps_ns);
    for (int pass = 0; pass < 2; pass++)
        assert_int_equal(backend->run(network, false, stamps_ns, &errors), ES_OK);
    assert_int_equal(es_reference_run(model, batch, &reference), ES_OK);
    size_t n_wrong = 0;
    for (size_t u = 0; u <= plan->n_units; u++) {
        int64_t n = batch * es_shape_elems(es_plan_out(plan, u));
        float *values = malloc((size_t)n * sizeof *values);
        assert_non_null(values);
        assert_int_equal(backend->output(network, u, values, &errors), ES_OK);
        double error = error_of(n, values, reference[plan->units[u].last_layer]);
        free(values);
        worst = fmax(worst, error);
        if (error <= greatest_error)
            continue;
        n_wrong++;
        print_message("%s: unit %zu (%s): relative error %g\n", name, u, plan->units[u].name,
                      error);
        for (size_t i = 0; u > 0 && i < network->units[u].n_steps; i++) {
            const gpu_step *step = &network->steps[network->units[u].first_step + i];
            if (step->kind == GPU_GRAPH && step->plan != NULL)
                print_message("    [%s] %s\n", step->says, step->engine);
        }
    }
    print_message("%s, %s, batch %lld: worst relative error %.2g\n", name, setting,
                  (long long)batch, worst);
    es_reference_destroy(model, reference);
    backend->release(network);
    es_plan_destroy(plan);
    es_model_destroy(model);
    backend->close(device);
    free(stamps_ns);
    assert_int_equal(n_wrong, 0);
}

/* Networks that have every kind of unit of the zoo between them. */
static const char *const networks[] = {"efficientnet-b0",    "efficientnet-v2-b0", "mobilenet-v2",
                                       "mobilenet-v3-small", "resnet18",           "squeezenet1.1",
                                       "regnet-y-400mf",     "densenet121",        "convnext-tiny"};
enum { N_NETWORKS = sizeof networks / sizeof networks[0] };

static void test_fp32(void **state) {
    (void)state;
    for (size_t i = 0; i < N_NETWORKS; i++)
        check_values(networks[i], 64, "precision:fp32", 1, 1e-3);
    check_values("efficientnet-b0", 96, "precision:fp32", 3, 1e-3);
}

static void test_fp16(void **state) {
    (void)state;
    for (size_t i = 0; i < N_NETWORKS; i++)
        check_values(networks[i], 64, "precision:fp16", 1, 1e-2);
}

static void test_tf32(void **state) {
    (void)state;
    check_values("resnet18", 64, "precision:tf32", 1, 1e-2);
    check_values("vit-b16", 32, "precision:tf32", 1, 1e-2); /* in fp32 cuDNN has no such products */
}

/* The layers add up to the anchor, by every kind of stamps. */
static void check_sum(const char *name, const char *setting) {
    static const int64_t batches[] = {1, 8};
    es_model *model = NULL;
    es_measured *measured = NULL;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_model_create(name, 0, &model, &errors), ES_OK);
    es_profiler_job job = {.backend = backend,
                           .setting = setting,
                           .model = model,
                           .n_batches = 2,
                           .batches = batches,
                           .rule = es_stop_rule_default,
                           .date = "2025-01-31T23:59:59Z",
                           .log = {stderr, false}};
    es_status status = es_profiler_run(&job, &measured, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    const es_profile *profile = es_measured_profile(measured);
    for (size_t i = 0; i < profile->n_provenance; i++)
        print_message("  %s: %.200s\n", profile->provenance[i].key, profile->provenance[i].value);
    for (size_t b = 0; b < 2; b++) {
        double sum_s = 0;
        for (size_t u = 1; u < model->n_cuts[ES_FUSED]; u++)
            sum_s += es_profile_find(profile, ES_PROFILE_LAYER, u, batches[b])->median_s;
        double whole_s = es_profile_find(profile, ES_PROFILE_WHOLE, 0, batches[b])->median_s;
        print_message("%s, %s, batch %lld: whole %.1f us, sum of layers %.1f us, ratio %.3f\n",
                      name, setting, (long long)batches[b], whole_s * 1e6, sum_s * 1e6,
                      whole_s / sum_s);
        if (strstr(setting, "stamps:events") == NULL) /* those add a node behind each unit */
            assert_true(fabs(sum_s / whole_s - 1) <= 0.03);
    }
    es_measured_destroy(measured);
    es_model_destroy(model);
}

static void test_sums(void **state) {
    (void)state;
    check_sum("efficientnet-b0", "precision:fp16,stamps:prefix");
    check_sum("resnet50", "precision:fp32,stamps:prefix");
    check_sum("efficientnet-b0", "precision:fp16,stamps:events");
}

static void test_cupti(void **state) {
    (void)state;
    es_device *device = NULL;
    es_errors errors;
    es_errors_init(&errors);
    if (backend->open("stamps:cupti", &device, &errors) == ES_UNAVAILABLE) {
        print_message("left out: %s\n", errors.records[0].text);
        skip();
    }
    backend->close(device);
    check_sum("efficientnet-b0", "precision:fp16,stamps:cupti");
    check_sum("resnet50", "precision:fp32,stamps:cupti");
}

/* Opening proves a slice by %smid; a network in it must be slower than on the whole GPU. */
static void test_slices(void **state) {
    (void)state;
    double whole_ns = 0;
    static const char *const settings[] = {"precision:fp32", "precision:fp32,sm:40",
                                           "precision:fp32,sm:8"};
    for (size_t i = 0; i < 3; i++) {
        es_device *device = NULL;
        es_model *model = NULL;
        es_plan *plan = NULL;
        es_network *network = NULL;
        es_errors errors;
        es_errors_init(&errors);
        es_status status = backend->open(settings[i], &device, &errors);
        es_errors_print(&errors, stderr);
        if (status == ES_USAGE) {
            print_message("%s: left out, this GPU has too few multiprocessors or other steps\n",
                          settings[i]);
            continue;
        }
        assert_int_equal(status, ES_OK);
        assert_int_equal(es_model_create("resnet50", 0, &model, &errors), ES_OK);
        assert_int_equal(es_plan_create(model, false, &plan, &errors), ES_OK);
        assert_int_equal(backend->prepare(device, plan, 8, &network, &errors), ES_OK);
        int64_t *stamps_ns = calloc(plan->n_units + 1, sizeof *stamps_ns);
        assert_non_null(stamps_ns);
        for (int pass = 0; pass < 10; pass++)
            assert_int_equal(backend->run(network, false, stamps_ns, &errors), ES_OK);
        double ns = (double)(stamps_ns[plan->n_units] - stamps_ns[0]);
        print_message("%s: seen on %d of %d multiprocessors, resnet50 at batch 8 takes %.1f us\n",
                      settings[i], device->seen_sms, device->n_sms, ns / 1e3);
        if (i == 0)
            whole_ns = ns;
        else
            assert_true(ns > 1.2 * whole_ns);
        free(stamps_ns);
        backend->release(network);
        es_plan_destroy(plan);
        es_model_destroy(model);
        backend->close(device);
    }
}

static void test_properties(void **state) {
    (void)state;
    const char *path = getenv("EDGESPLIT_GPU_PROPERTIES_OUT");
    es_device *device = open_device("");
    char *text = NULL;
    es_errors errors;
    es_errors_init(&errors);
    es_status status = gpu_properties(device, &text, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    print_message("%s\n", text);
    if (path != NULL) {
        FILE *stream = fopen(path, "w");
        assert_non_null(stream);
        fputs(text, stream);
        assert_int_equal(fclose(stream), 0);
    }
    free(text);
    backend->close(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_properties), cmocka_unit_test(test_fp32),
        cmocka_unit_test(test_fp16),       cmocka_unit_test(test_tf32),
        cmocka_unit_test(test_sums),       cmocka_unit_test(test_cupti),
        cmocka_unit_test(test_slices),
    };
    es_device *device = NULL;
    es_errors errors;
    es_errors_init(&errors);
    if (es_backend_find("cudnn", &backend, &errors) != ES_OK)
        return 77;
    es_status status = backend->open("", &device, &errors);
    if (status == ES_UNAVAILABLE) {
        for (size_t i = 0; i < errors.n; i++)
            print_message("skipped: %s\n", errors.records[i].text);
        return 77;
    }
    es_errors_print(&errors, stderr);
    if (status != ES_OK)
        return 1;
    backend->close(device);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
