/* The parts of the profiler that measure nothing: plans, the table of backends, the host, the
 * command line. */
#include "backend.h"
#include "command.h"
#include "host.h"
#include "plan.h"

#include "edgesplit/profile.h"

#include "test.h"

#include <string.h>

/* ---- Plans */

static void test_plan_of_a_network(void **state) {
    (void)state;
    es_model *model;
    es_plan *plan;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_model_create("efficientnet-b0", 0, &model, &errors), ES_OK);
    assert_int_equal(es_plan_create(model, false, &plan, &errors), ES_OK);
    assert_int_equal(plan->n_units, model->n_cuts[ES_FUSED] - 1);
    size_t n_residuals = 0;
    int64_t macs = 0;
    for (size_t u = 1; u <= plan->n_units; u++) {
        const es_fused_unit *unit = &plan->units[u];
        assert_string_equal(unit->name, model->cuts[ES_FUSED][u].name);
        n_residuals += unit->adds;
        macs += unit->layer->macs;
        /* Nobody writes over an output that is still to be read. */
        for (size_t v = u + 1; v <= plan->n_units; v++) {
            bool summed_in_place =
                v == unit->last_reader && plan->units[v].adds && plan->units[v].residual == u;
            if (plan->units[v].slot == unit->slot && !summed_in_place)
                assert_true(v > unit->last_reader);
        }
    }
    assert_int_equal(n_residuals, 9);
    assert_int_equal(macs, model->cuts[ES_FUSED][plan->n_units].head_macs);
    assert_true(plan->n_slots <= 5);
    es_plan_destroy(plan);
    assert_int_equal(es_plan_create(model, true, &plan, &errors), ES_OK);
    assert_int_equal(plan->n_slots, plan->n_units + 1);
    es_plan_destroy(plan);
    es_model_destroy(model);
}

static void test_plan_refuses_what_no_kernel_does(void **state) {
    (void)state;
    es_shape shape = {2, 4, 4};
    es_layer layers[] = {
        {.name = "input", .op = ES_OP_INPUT, .in = shape, .out = shape},
        {.name = "a", .op = ES_OP_SILU, .in = shape, .out = shape, .n_inputs = 1},
        {.name = "b", .op = ES_OP_MUL, .in = shape, .out = shape, .n_inputs = 2, .inputs = {0, 1}},
        {.name = "c", .op = ES_OP_SIGMOID, .in = shape, .out = shape, .n_inputs = 1, .inputs = {2}},
    };
    es_cut cuts[] = {
        {.name = "input"}, {.name = "one", .last_layer = 1}, {.name = "two", .last_layer = 3}};
    es_model model = {.name = "odd", .n_layers = 3, .layers = layers};
    model.n_cuts[ES_FUSED] = 3;
    model.cuts[ES_FUSED] = cuts;
    es_plan *plan;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_plan_create(&model, false, &plan, &errors), ES_UNAVAILABLE);
    assert_int_equal(errors.n, 2);
    assert_non_null(strstr(errors.records[0].text, "unit 1 (one) starts with silu"));
    assert_non_null(strstr(errors.records[1].text, "unit 2 (two) starts with mul"));
}

static void test_padding(void **state) {
    (void)state;
    static const struct {
        int kernel, stride;
        int64_t in, out, before, after;
    } cases[] = {{3, 1, 7, 7, 1, 1},   {5, 1, 7, 7, 2, 2}, {3, 2, 224, 112, 1, 0},
                 {5, 2, 56, 28, 2, 1}, {3, 2, 7, 4, 1, 1}, {1, 2, 8, 4, 0, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        es_layer conv = {.op = ES_OP_CONV, .kernel = cases[i].kernel, .stride = cases[i].stride};
        int64_t before, after;
        es_plan_padding(&conv, cases[i].in, cases[i].out, &before, &after);
        assert_int_equal(before, cases[i].before);
        assert_int_equal(after, cases[i].after);
    }
}

/* ---- Backends, host, command line */

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
    assert_non_null(strstr(errors.records[0].text, "the nearest name is onednn"));
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

static const es_option options[] = {
    {"size", "N", .help = "", .letter = 's', .required = true},
    {"label", "TEXT", .help = "", .repeats = true},
    {"force", NULL, .help = ""},
};

static const es_command command = {
    .name = "test", .summary = "", .operand = "FILE", .n_options = 3, .options = options};

static size_t parse(const char *const words[], es_arguments *arguments, es_errors *errors) {
    int n = 0;
    while (words[n] != NULL)
        n++;
    es_errors_init(errors);
    es_status status = es_arguments_parse(&command, n, words, arguments, errors);
    assert_int_equal(status, errors->n > 0 ? ES_USAGE : ES_OK);
    return errors->n;
}

static void test_right_command_lines(void **state) {
    (void)state;
    es_arguments arguments;
    es_errors errors;
    const char *long_form[] = {"--size=3", "--label", "a", "--force", "x", "--label", "b", NULL};
    assert_int_equal(parse(long_form, &arguments, &errors), 0);
    assert_string_equal(es_arguments_value(&arguments, "size", ""), "3");
    assert_string_equal(es_arguments_value(&arguments, "label", ""), "a");
    assert_true(es_arguments_has(&arguments, "force"));
    assert_string_equal(arguments.operand, "x");
    assert_int_equal(arguments.n_given, 4);
    assert_string_equal(arguments.given[3].value, "b");
    es_arguments_fini(&arguments);
    const char *short_form[] = {"-s", "3", "--", "--force", NULL};
    assert_int_equal(parse(short_form, &arguments, &errors), 0);
    assert_string_equal(arguments.operand, "--force");
    assert_false(es_arguments_has(&arguments, "force"));
    assert_string_equal(es_arguments_value(&arguments, "label", "none"), "none");
    es_arguments_fini(&arguments);
    const char *help[] = {"--nonsense", "--help", NULL};
    assert_int_equal(parse(help, &arguments, &errors), 0);
    assert_true(arguments.help);
    es_arguments_fini(&arguments);
}

static void assert_complaint(const char *const words[], const char *part) {
    es_arguments arguments;
    es_errors errors;
    assert_int_equal(parse(words, &arguments, &errors), 1);
    if (strstr(errors.records[0].text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", errors.records[0].text, part);
    es_arguments_fini(&arguments);
}

static void test_wrong_command_lines(void **state) {
    (void)state;
    assert_complaint((const char *[]){"-s", "1", "--forse", NULL}, "the nearest name is --force");
    assert_complaint((const char *[]){"-s", "1", "--lab", NULL}, "unknown option --lab");
    assert_complaint((const char *[]){"-s", "1", "-x", NULL}, "unknown option -x");
    assert_complaint((const char *[]){"--size", NULL}, "--size needs a value");
    assert_complaint((const char *[]){"-s", "1", "--force=yes", NULL}, "--force takes no value");
    assert_complaint((const char *[]){"-s", "1", "-s", "2", NULL}, "--size is there twice");
    assert_complaint((const char *[]){"-s", "1", "x", "y", NULL}, "\"y\" is one word too many");
    assert_complaint((const char *[]){"x", NULL}, "--size N is missing");
    es_arguments arguments;
    es_errors errors;
    assert_int_equal(parse((const char *[]){"--a", "--b", "--c", NULL}, &arguments, &errors), 3);
    es_arguments_fini(&arguments);
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
        cmocka_unit_test(test_plan_refuses_what_no_kernel_does),
        cmocka_unit_test(test_padding),
        cmocka_unit_test(test_backend_names),
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_right_command_lines),
        cmocka_unit_test(test_wrong_command_lines),
        cmocka_unit_test(test_shipped_profiles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
