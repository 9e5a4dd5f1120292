/* Tests of the backend cudnn on fakes of NVIDIA's libraries, which the variables EDGESPLIT_...
 * name: kernels do nothing and take 10 us each. */
#ifndef TESTS_CUDNN_FAKES_H
#define TESTS_CUDNN_FAKES_H

#include "cudnn_parts.h"
#include "profiler.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

static const es_backend *backend;

static inline void set_fault(const char *variable, const char *fault) {
    setenv(variable, fault, 1);
}

/* The variables that name the fakes, and what they name. */
static struct {
    const char *variable;
    char path[512];
} fakes[] = {{"EDGESPLIT_CUDA", ""},
             {"EDGESPLIT_CUDNN", ""},
             {"EDGESPLIT_NVML", ""},
             {"EDGESPLIT_CUPTI", ""}};
enum { CUPTI = 3, N_FAKES = sizeof fakes / sizeof fakes[0] };

/* False: not all of them are named, so that the real ones would be used. */
static bool find_fakes(void) {
    for (size_t i = 0; i < N_FAKES; i++) {
        const char *path = getenv(fakes[i].variable);
        if (path == NULL)
            return false;
        snprintf(fakes[i].path, sizeof fakes[i].path, "%s", path);
    }
    return true;
}

static void clear_faults(void) {
    static const char *const variables[] = {"FAKE_CUDA", "FAKE_CUDNN", "FAKE_NVML", "FAKE_CUPTI",
                                            "EDGESPLIT_NVRTC"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        unsetenv(variables[i]);
    for (size_t i = 0; i < N_FAKES; i++)
        setenv(fakes[i].variable, fakes[i].path, 1);
}

static es_device *open_device(const char *setting) {
    es_device *device = NULL;
    es_errors errors;
    es_errors_init(&errors);
    es_status status = backend->open(setting, &device, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    return device;
}

static void assert_no_device(const char *setting, es_status expected, const char *part) {
    es_device *device = NULL;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(backend->open(setting, &device, &errors), expected);
    assert_null(device);
    for (size_t i = 0; i < errors.n; i++)
        if (strstr(errors.records[i].text, part) != NULL)
            return;
    es_errors_print(&errors, stderr);
    fail_msg("nothing says \"%s\"", part);
}

static void assert_text(const char *text, const char *part) {
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

static const char *fact(const es_facts *facts, const char *key) {
    for (size_t i = 0; i < facts->n; i++)
        if (strcmp(facts->items[i].key, key) == 0)
            return facts->items[i].value;
    return "";
}

typedef struct running {
    es_device *device;
    es_model *model;
    es_plan *plan;
    es_network *network;
    es_errors errors;
} running;

static es_status start(running *r, const char *name, const char *setting) {
    memset(r, 0, sizeof *r);
    es_errors_init(&r->errors);
    r->device = open_device(setting);
    assert_int_equal(es_model_create(name, 0, &r->model, &r->errors), ES_OK);
    assert_int_equal(es_plan_create(r->model, false, &r->plan, &r->errors), ES_OK);
    return backend->prepare(r->device, r->plan, 1, &r->network, &r->errors);
}

static void stop(running *r) {
    if (r->network != NULL)
        backend->release(r->network);
    es_plan_destroy(r->plan);
    es_model_destroy(r->model);
    backend->close(r->device);
}

/* Measures ResNet-18 with 1 and 2 images, heads and tails too. */
static es_measured *measure_resnet18(const char *setting, es_model **model) {
    static const int64_t batches[] = {1, 2};
    es_measured *measured = NULL;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_model_create("resnet18", 0, model, &errors), ES_OK);
    es_profiler_job job = {.backend = backend,
                           .setting = setting,
                           .model = *model,
                           .n_batches = 2,
                           .batches = batches,
                           .rule = es_stop_rule_default,
                           .date = "2025-01-31T23:59:59Z",
                           .segments = true};
    job.rule.warm_up_ns = 0;
    es_status status = es_profiler_run(&job, &measured, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    return measured;
}

/* What all layers take together. */
static double layers_s(const es_profile *profile, const es_model *model, int64_t batch) {
    double sum_s = 0;
    for (size_t u = 1; u < model->n_cuts[ES_FUSED]; u++)
        sum_s += es_profile_find(profile, ES_PROFILE_LAYER, u, batch)->median_s;
    return sum_s;
}

/* Finds the backend. False, and why is said: there are no fakes, or no NVRTC, which is real. */
static bool prepare_fakes(void) {
    gpu_api api;
    es_errors errors;
    es_errors_init(&errors);
    if (!find_fakes() || es_backend_find("cudnn", &backend, &errors) != ES_OK ||
        gpu_load(&api, GPU_NVRTC, &errors) != ES_OK) {
        print_message("skipped: %s\n", errors.n > 0 ? errors.records[0].text : "no fakes");
        return false;
    }
    return true;
}

#endif
