/* Shared by the tests of the module `cost`: EfficientNet-B0, and small made-up profiles of it. */
#ifndef TESTS_UNIT_COST_PROFILES_H
#define TESTS_UNIT_COST_PROFILES_H

#include "edgesplit/cost.h"

#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MS INT64_C(1000000)

/* Units of EfficientNet-B0 at granularity block: stem, 16 blocks, head, pool, classifier. */
enum { N_UNITS = 20, N_CUTS = N_UNITS + 1 };

static es_errors errors;
static es_model *model;
static char path[64];

static inline int set_up(void **state) {
    (void)state;
    snprintf(path, sizeof path, "test_cost.%ld.csv", (long)getpid());
    es_errors_init(&errors);
    return es_model_create("efficientnet-b0", 0, &model, &errors) == ES_OK ? 0 : -1;
}

static inline int tear_down(void **state) {
    (void)state;
    remove(path);
    es_model_destroy(model);
    return 0;
}

/* A profile file in the making. */
static inline FILE *begin_profile(const char *name, const char *granularity) {
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fprintf(stream, "# model: %s\n# kind: modelled\n# granularity: %s\n", name, granularity);
    fputs("kind,index,name,op,batch,n,median_s,p05_s,p95_s,min_s,mean_s,std_s,out_elems\n", stream);
    return stream;
}

static inline void add_row(FILE *stream, const char *kind, size_t index, int64_t batch,
                           double median_s) {
    fprintf(stream, "%s,%zu,x,,%lld,1,%.17g,,,,,,\n", kind, index, (long long)batch, median_s);
}

static inline es_profile *end_profile(FILE *stream) {
    es_profile *profile = NULL;
    assert_int_equal(fclose(stream), 0);
    es_status status = es_profile_load(path, &profile, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    return profile;
}

/* Unit i takes i * scale_s for one image and `growth` times that for each batch size. */
static inline void add_layers(FILE *stream, double scale_s, size_t n, const int64_t *batches,
                              const double *growth) {
    for (size_t b = 0; b < n; b++)
        for (size_t i = 1; i <= N_UNITS; i++)
            add_row(stream, "layer", i, batches[b], (double)i * scale_s * growth[b]);
}

static const int64_t one_image[] = {1};
static const double no_growth[] = {1};

static inline es_profile *layers_of_one_image(double scale_s) {
    FILE *stream = begin_profile("efficientnet-b0", "block");
    add_layers(stream, scale_s, 1, one_image, no_growth);
    return end_profile(stream);
}

static inline es_cost_options options_for(size_t n, const int64_t *batches) {
    return (es_cost_options){
        .granularity = ES_BLOCK,
        .input_bytes_per_elem = 1,
        .feature_bytes_per_elem = 4,
        .n_batches = n,
        .batches = batches,
    };
}

/* Takes the profiles, which may be one. */
static inline es_cost *create(es_profile *device, es_profile *server,
                              const es_cost_options *options) {
    es_cost *cost = NULL;
    es_status status = es_cost_create(model, device, server, options, &cost, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    es_profile_destroy(device);
    if (server != device)
        es_profile_destroy(server);
    return cost;
}

/* The sum 1 + 2 + ... + n. */
static inline int64_t up_to(size_t n) {
    return (int64_t)(n * (n + 1) / 2);
}

static const int64_t measured[] = {1, 2, 4, 8, 16};
static const double growth[] = {1, 1.5, 1.75, 4.5, 9};
enum { N_MEASURED = sizeof measured / sizeof measured[0] };

/* Layers of all those batch sizes. */
static inline es_profile *layers_of_batches(double scale_s) {
    FILE *stream = begin_profile("efficientnet-b0", "block");
    add_layers(stream, scale_s, N_MEASURED, measured, growth);
    return end_profile(stream);
}

#define WITH_MODEL(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
