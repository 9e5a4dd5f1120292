/* Networks run by the backend onednn, their values against the plain reference. */
#ifndef TESTS_UNIT_ONEDNN_VALUES_H
#define TESTS_UNIT_ONEDNN_VALUES_H

#include "backend.h"
#include "reference.h"

#include "test.h"

#include <math.h>
#include <stdlib.h>

/* What all units of a network differ by from the reference, at worst. */
typedef struct values_check {
    double error; /* root of the squared differences over that of the squared reference */
    size_t unit;
    double least_rms, greatest_rms; /* root mean squares of the units' outputs */
} values_check;

static inline float *onednn_values_of(const es_backend *backend, es_network *network, size_t unit,
                                      int64_t n) {
    float *values = malloc((size_t)n * sizeof *values);
    es_errors errors;
    es_errors_init(&errors);
    assert_non_null(values);
    assert_int_equal(backend->output(network, unit, values, &errors), ES_OK);
    return values;
}

static inline void onednn_check_unit(int64_t n, const float *values, const double *reference,
                                     size_t unit, values_check *check) {
    double difference = 0, size = 0;
    for (int64_t i = 0; i < n; i++) {
        double d = (double)values[i] - reference[i];
        difference += d * d;
        size += reference[i] * reference[i];
    }
    double error = sqrt(difference / size), rms = sqrt(size / (double)n);
    if (!(error <= check->error)) {
        check->error = error;
        check->unit = unit;
    }
    check->least_rms = fmin(check->least_rms, rms);
    check->greatest_rms = fmax(check->greatest_rms, rms);
}

/* A network at work. */
typedef struct running {
    es_plan *plan;
    es_network *network;
} running;

static inline running onednn_start(const es_backend *backend, es_device *device,
                                   const es_model *model, int64_t batch, bool keep_outputs) {
    running made = {0};
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_plan_create(model, keep_outputs, &made.plan, &errors), ES_OK);
    es_status status = backend->prepare(device, made.plan, batch, &made.network, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    int64_t *stamps_ns = calloc(made.plan->n_units + 1, sizeof *stamps_ns);
    assert_non_null(stamps_ns);
    /* Twice: a second pass must not see what the first has left. */
    for (int pass = 0; pass < 2; pass++)
        assert_int_equal(backend->run(made.network, false, stamps_ns, &errors), ES_OK);
    free(stamps_ns);
    return made;
}

static inline void onednn_stop(const es_backend *backend, running *made) {
    backend->release(made->network);
    es_plan_destroy(made->plan);
}

/* Checks every unit of a model against the reference, and that sharing memory between outputs
 * changes no bit of the last one. */
static inline values_check onednn_check_values(const es_backend *backend, es_device *device,
                                               const es_model *model, int64_t batch) {
    values_check check = {.least_rms = HUGE_VAL};
    double **reference;
    running kept = onednn_start(backend, device, model, batch, true);
    size_t last = kept.plan->n_units;
    assert_int_equal(es_reference_run(model, batch, &reference), ES_OK);
    for (size_t u = 0; u <= last; u++) {
        int64_t n = batch * es_shape_elems(es_plan_out(kept.plan, u));
        float *values = onednn_values_of(backend, kept.network, u, n);
        onednn_check_unit(n, values, reference[kept.plan->units[u].last_layer], u, &check);
        free(values);
    }
    es_reference_destroy(model, reference);
    int64_t n = batch * es_shape_elems(es_plan_out(kept.plan, last));
    float *values = onednn_values_of(backend, kept.network, last, n);
    onednn_stop(backend, &kept);
    running shared = onednn_start(backend, device, model, batch, false);
    float *again = onednn_values_of(backend, shared.network, last, n);
    onednn_stop(backend, &shared);
    assert_memory_equal(values, again, (size_t)n * sizeof *values);
    free(values);
    free(again);
    return check;
}

/* The backend, and the device that a group of tests has in common. The one argument of these
 * programs is the setting, because oneDNN takes one instruction set per process. */
static const es_backend *backend;
static const char *setting = "isa:best,threads:1";
static es_device *device;

static inline int open_backend(void **state) {
    (void)state;
    es_errors errors;
    es_errors_init(&errors);
    es_status status = backend->open(setting, &device, &errors);
    es_errors_print(&errors, stderr);
    return status == ES_OK ? 0 : -1;
}

static inline int close_backend(void **state) {
    (void)state;
    backend->close(device);
    return 0;
}

/* False: this build is without oneDNN. */
static inline bool onednn_find(int argc, char *argv[]) {
    es_errors errors;
    es_errors_init(&errors);
    if (argc > 1)
        setting = argv[1];
    return es_backend_find("onednn", &backend, &errors) == ES_OK;
}

#endif
