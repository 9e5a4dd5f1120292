/* The parts of the profiler that measure nothing: plans, the table of backends, the host. */
#include "backend.h"
#include "choices.h"
#include "host.h"
#include "plan.h"

#include "edgesplit/profile.h"

#include "test.h"

#include <string.h>

/* ---- Plans */

/* A unit's output and what shows it as a view. */
static bool shares_bytes(const es_plan *plan, size_t u, size_t v) {
    return plan->units[u].root == plan->units[v].root;
}

/* Unit v may form its sum in the place of u: nobody needs that later, and v reads it nowhere else.
 */
static bool sums_in_place(const es_plan *plan, size_t u, size_t v) {
    const es_fused_unit *unit = &plan->units[v];
    for (size_t i = 0; i < unit->layer->n_inputs; i++)
        if (shares_bytes(plan, unit->inputs[i], u))
            return false;
    return unit->adds != 0 && unit->residual == u && plan->units[u].last_reader == v;
}

/* Nobody writes over an output that is still to be read, whoever reads it. */
static void check_plan(const es_plan *plan) {
    for (size_t u = 1; u <= plan->n_units; u++) {
        const es_fused_unit *unit = &plan->units[u];
        assert_string_equal(unit->name, plan->model->cuts[ES_FUSED][u].name);
        for (size_t i = 0; i < unit->layer->n_inputs; i++) {
            assert_true(unit->inputs[i] < u);
            assert_true(plan->units[unit->inputs[i]].last_reader >= u);
            if (unit->root != u)
                assert_true(plan->units[unit->inputs[i]].last_reader >= unit->last_reader);
        }
        if (unit->adds != 0)
            assert_true(plan->units[unit->residual].last_reader >= u);
        for (size_t v = u + 1; v <= plan->n_units; v++)
            if (plan->units[v].slot == unit->slot && !sums_in_place(plan, u, v))
                assert_true(v > unit->last_reader);
        assert_true(unit->slot != 0);
    }
}

static void test_plans_of_the_zoo(void **state) {
    (void)state;
    for (size_t i = 0; es_model_zoo_name(i) != NULL; i++) {
        es_model *model;
        es_plan *plan;
        es_errors errors;
        es_errors_init(&errors);
        assert_int_equal(es_model_create(es_model_zoo_name(i), 0, &model, &errors), ES_OK);
        assert_int_equal(es_plan_create(model, false, &plan, &errors), ES_OK);
        assert_int_equal(plan->n_units, model->n_cuts[ES_FUSED] - 1);
        check_plan(plan);
        es_plan_destroy(plan);
        es_model_destroy(model);
    }
}

static void test_plan_of_a_network(void **state) {
    (void)state;
    es_model *model;
    es_plan *plan;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_model_create("efficientnet-b0", 0, &model, &errors), ES_OK);
    assert_int_equal(es_plan_create(model, false, &plan, &errors), ES_OK);
    size_t n_residuals = 0, n_in_place = 0;
    int64_t macs = 0;
    for (size_t u = 1; u <= plan->n_units; u++) {
        const es_fused_unit *unit = &plan->units[u];
        n_residuals += unit->adds != 0;
        n_in_place += unit->adds != 0 && plan->units[unit->residual].slot == unit->slot;
        macs += unit->layer->macs;
    }
    assert_int_equal(n_residuals, 9);
    assert_int_equal(n_in_place, 9);
    assert_int_equal(macs, model->cuts[ES_FUSED][plan->n_units].head_macs);
    assert_true(plan->n_slots <= 5);
    es_plan_destroy(plan);
    assert_int_equal(es_plan_create(model, true, &plan, &errors), ES_OK);
    assert_int_equal(plan->n_slots, plan->n_units + 1);
    es_plan_destroy(plan);
    es_model_destroy(model);
}

/* ---- What a graph leaves open */

static void test_choices(void **state) {
    (void)state;
    static const int64_t square[] = {4, 4}, map[] = {2, 3, 4}, last[] = {3, 4, 2};
    int permutation[ES_MAX_RANK];
    es_layer layer = {.op = ES_OP_TRANSPOSE};
    layer.in = layer.out = es_shape_of(2, square);
    assert_true(es_choose_permutation(&layer, permutation));
    assert_int_equal(permutation[0], 1);
    layer.in = layer.out = es_shape_of(3, map);
    assert_true(es_choose_permutation(&layer, permutation));
    assert_int_equal(permutation[2], 2);
    layer.out = es_shape_of(3, last);
    assert_true(es_choose_permutation(&layer, permutation));
    assert_int_equal(permutation[0], 1);
    assert_int_equal(permutation[1], 2);
    assert_int_equal(permutation[2], 0);
    layer.out = es_shape_of(2, square);
    assert_false(es_choose_permutation(&layer, permutation));

    static const struct {
        int64_t params, dims[3]; /* 0: no shape */
    } constants[] = {{0, {1, 1, 1}}, {1, {1, 1, 1}},  {2, {2, 1, 1}},
                     {4, {1, 1, 4}}, {12, {1, 3, 4}}, {24, {2, 3, 4}},
                     {3, {1, 3, 1}}, {8, {2, 1, 4}},  {5, {0}}};
    for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++) {
        es_shape constant;
        layer = (es_layer){.op = ES_OP_MUL, .out = es_shape_of(3, map)};
        layer.params = constants[i].params;
        bool found = es_choose_constant(&layer, &constant);
        assert_int_equal(found, constants[i].dims[0] != 0);
        if (found)
            assert_true(es_shape_equal(constant, es_shape_of(3, constants[i].dims)));
    }
}

/* ---- Backends, host */

static void test_backend_names(void **state) {
    (void)state;
    const es_backend *backend;
    es_errors errors;
    for (size_t i = 0; es_backend_at(i) != NULL; i++) {
        es_errors_init(&errors);
        es_status status = es_backend_find(es_backend_at(i)->name, &backend, &errors);
        assert_int_equal(status, es_backend_at(i)->backend != NULL ? ES_OK : ES_UNAVAILABLE);
        if (status == ES_OK)
            assert_string_equal(backend->name, es_backend_at(i)->name);
    }
    es_errors_init(&errors);
    assert_int_equal(es_backend_find("onedn", &backend, &errors), ES_USAGE);
    assert_non_null(strstr(errors.records[0].text, "; did you mean 'onednn'?"));
    assert_int_equal(es_backend_find("abacus", &backend, &errors), ES_USAGE);
}

static void test_host(void **state) {
    (void)state;
    int64_t before_ns = es_host_now_ns(), lost_ns = es_host_lost_ns();
    char date[ES_DATE_TEXT];
    es_facts facts = {0};
    es_host_date(date);
    es_host_describe(&facts);
    assert_int_equal(strlen(date), 20);
    assert_false(facts.failed);
    assert_string_equal(facts.items[0].key, "device");
    assert_true(es_host_cores() >= 1);
    assert_true(es_host_now_ns() >= before_ns);
    assert_true(es_host_lost_ns() >= lost_ns);
    es_facts_fini(&facts);
}

/* ---- The measured data that ships */

static es_profile *shipped(const char *name, const es_model *model) {
    es_profile *profile;
    es_errors errors;
    int64_t *batches;
    size_t n;
    char path[512];
    snprintf(path, sizeof path, "%s/kernels/profiles/%s.profile", ES_SOURCE_DIR, name);
    es_errors_init(&errors);
    es_status status = es_profile_load(path, &profile, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    assert_int_equal(es_profile_check_model(profile, model, &errors), ES_OK);
    assert_string_equal(profile->kind, "measured");
    assert_int_equal(profile->granularity, ES_FUSED);
    assert_int_equal(es_profile_batches(profile, &batches, &n, &errors), ES_OK);
    assert_int_equal(n, 5);
    for (size_t b = 0; b < n; b++)
        assert_int_equal(batches[b], 1 << b);
    assert_int_equal(profile->n_rows, n * model->n_cuts[ES_FUSED]);
    free(batches);
    return profile;
}

/* The slow setting is slower at every batch size, and layers add up to about the whole. */
static void test_shipped_profiles(void **state) {
    (void)state;
    es_model *model;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_model_create("efficientnet-b0", 0, &model, &errors), ES_OK);
    es_profile *fast = shipped("efficientnet-b0.epyc-fast", model);
    es_profile *slow = shipped("efficientnet-b0.epyc-slow", model);
    const es_profile *both[] = {fast, slow};
    for (int64_t batch = 1; batch <= 16; batch *= 2)
        for (size_t p = 0; p < 2; p++) {
            double sum_s = 0;
            double whole_s = es_profile_find(both[p], ES_PROFILE_WHOLE, 0, batch)->median_s;
            for (size_t u = 1; u < model->n_cuts[ES_FUSED]; u++)
                sum_s += es_profile_find(both[p], ES_PROFILE_LAYER, u, batch)->median_s;
            assert_true(sum_s > 0.9 * whole_s && sum_s < 1.1 * whole_s);
            assert_true(es_profile_find(slow, ES_PROFILE_WHOLE, 0, batch)->median_s >
                        2 * es_profile_find(fast, ES_PROFILE_WHOLE, 0, batch)->median_s);
        }
    es_profile_destroy(fast);
    es_profile_destroy(slow);
    es_model_destroy(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_of_a_network),
        cmocka_unit_test(test_plans_of_the_zoo),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_backend_names),
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_shipped_profiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
