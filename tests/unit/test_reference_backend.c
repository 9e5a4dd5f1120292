/* The backend `reference`: the plain evaluation, timed. */
#include "backend.h"
#include "reference.h"

#include "test.h"

#include <string.h>

/* An operator without definition behind one that has one. */
static const char odd_model[] =
    "# edgesplit-model: 1\n# name: odd\n# source: this test\n# input: 3x8x8\n"
    "index,name,op,unit,block,residual,inputs,out_shape,kernel,stride,dilation,padding,groups,bias,"
    "params,macs\n"
    "1,a,relu,a,a,0,0,3x8x8,,,,,,,0,0\n"
    "2,b,custom,b,b,0,1,3x8x8,,,,,,,0,0\n";

enum { BATCH = 2 };

typedef struct fixture {
    const es_backend *backend;
    es_model *model;
    es_plan *plan;
    es_device *device;
    es_network *network;
    es_errors errors;
} fixture;

static void setup(fixture *f) {
    *f = (fixture){0};
    es_errors_init(&f->errors);
    assert_int_equal(es_backend_find("reference", &f->backend, &f->errors), ES_OK);
    assert_int_equal(es_model_create("mobilenet-v3-small", 32, &f->model, &f->errors), ES_OK);
    assert_int_equal(es_plan_create(f->model, true, &f->plan, &f->errors), ES_OK);
    assert_int_equal(f->backend->open("", &f->device, &f->errors), ES_OK);
}

static void teardown(fixture *f) {
    f->backend->release(f->network);
    f->backend->close(f->device);
    es_plan_destroy(f->plan);
    es_model_destroy(f->model);
}

static void assert_is_evaluation(fixture *f) {
    double **outputs = NULL;
    assert_int_equal(es_reference_run(f->model, BATCH, &outputs), ES_OK);
    for (size_t u = 1; u <= f->plan->n_units; u++) {
        size_t layer = f->plan->units[u].last_layer;
        size_t n = (size_t)(BATCH * es_shape_elems(f->model->layers[layer].out));
        float *values = calloc(n, sizeof *values);
        assert_non_null(values);
        assert_int_equal(f->backend->output(f->network, u, values, &f->errors), ES_OK);
        for (size_t i = 0; i < n; i++)
            assert_true(values[i] == (float)outputs[layer][i]);
        free(values);
    }
    es_reference_destroy(f->model, outputs);
}

static void test_passes(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    size_t n = f.plan->n_units;
    assert_int_equal(f.backend->prepare(f.device, f.plan, BATCH, &f.network, &f.errors), ES_OK);
    int64_t *stamps_ns = calloc(n + 1, sizeof *stamps_ns);
    assert_non_null(stamps_ns);
    assert_int_equal(f.backend->run(f.network, true, stamps_ns, &f.errors), ES_OK);
    for (size_t u = 1; u <= n; u++)
        assert_true(stamps_ns[u] >= stamps_ns[u - 1]);
    assert_is_evaluation(&f);
    int64_t before_ns = stamps_ns[n], second_ns = stamps_ns[1];
    assert_int_equal(f.backend->run(f.network, false, stamps_ns, &f.errors), ES_OK);
    assert_true(stamps_ns[0] >= before_ns && stamps_ns[n] > stamps_ns[0]);
    assert_int_equal(stamps_ns[1], second_ns);
    /* A head and its tail are the whole. */
    int64_t part_ns[2];
    assert_int_equal(f.backend->run_part(f.network, 1, n / 2, part_ns, &f.errors), ES_OK);
    assert_int_equal(f.backend->run_part(f.network, n / 2 + 1, n, part_ns, &f.errors), ES_OK);
    assert_true(part_ns[1] > part_ns[0]);
    assert_is_evaluation(&f);
    free(stamps_ns);
    teardown(&f);
}

static void test_what_it_cannot_do(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    es_device *device = NULL;
    assert_int_equal(f.backend->open("threads:1", &device, &f.errors), ES_USAGE);
    assert_non_null(strstr(f.errors.records[0].text, "has no settings"));
    es_model *odd;
    es_plan *plan;
    char bytes[sizeof odd_model];
    memcpy(bytes, odd_model, sizeof odd_model);
    es_errors_init(&f.errors);
    assert_int_equal(es_model_parse("odd", bytes, sizeof odd_model - 1, &odd, &f.errors), ES_OK);
    assert_int_equal(es_plan_create(odd, true, &plan, &f.errors), ES_OK);
    assert_int_equal(f.backend->prepare(f.device, plan, 1, &f.network, &f.errors), ES_UNAVAILABLE);
    assert_int_equal(f.errors.n, 1);
    assert_non_null(strstr(f.errors.records[0].text, "cannot run custom (b)"));
    es_plan_destroy(plan);
    es_model_destroy(odd);
    teardown(&f);
}

static void test_out_of_memory(void **state) {
    (void)state;
    fixture f;
    setup(&f);
    int64_t part_ns[2];
    size_t n = 0;
    for (bool struck = true; struck;) {
        es_errors_init(&f.errors);
        fault_alloc_fail_at(++n);
        es_status status = f.backend->prepare(f.device, f.plan, 1, &f.network, &f.errors);
        if (status == ES_OK)
            status = f.backend->run_part(f.network, 1, 2, part_ns, &f.errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_int_equal(f.errors.n > 0, struck);
        if (struck) {
            f.backend->release(f.network);
            f.network = NULL;
        }
    }
    assert_true(n > f.model->n_layers);
    teardown(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes),
        cmocka_unit_test(test_what_it_cannot_do),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
