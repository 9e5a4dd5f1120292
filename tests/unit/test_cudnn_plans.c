/* The graphs of the backend cudnn, planned without a GPU: cuDNN finds plans for a device that is
 * described to it (EDGESPLIT_GPU_PROPERTIES names a file that tests/gpu/test_cudnn.c has written on
 * one). Plans whose kernels are compiled at run time need a driver to be loaded; without one, cuDNN
 * gets as far as its loading, and says so.
 *
 * Every graph of every network of the zoo has candidates; of each kind of graph, one candidate
 * becomes a plan. */
#include "cudnn_parts.h"
#include "test.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *properties;
static size_t n_properties;

enum { MOST_GRAPHS = 8192, KIND_TEXT = 256 };

/* What is known of all graphs, by what they compute. */
static struct {
    char *says[MOST_GRAPHS], *kinds[MOST_GRAPHS], *hopeless[MOST_GRAPHS];
    size_t n, n_kinds, n_hopeless, n_plans, n_unloaded;
} seen;

static bool holds(char *const *list, size_t n, const char *text) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], text) == 0)
            return true;
    return false;
}

static bool note(char **list, size_t *n, const char *text) {
    if (holds(list, *n, text))
        return false;
    assert_true(*n < MOST_GRAPHS);
    list[(*n)++] = strdup(text);
    return true;
}

static void forget(void) {
    for (size_t i = 0; i < seen.n; i++)
        free(seen.says[i]);
    for (size_t i = 0; i < seen.n_kinds; i++)
        free(seen.kinds[i]);
    for (size_t i = 0; i < seen.n_hopeless; i++)
        free(seen.hopeless[i]);
    memset(&seen, 0, sizeof seen);
}

/* A graph without its sizes; depthwise ones are kept apart. */
static void kind_of(const char *says, char kind[KIND_TEXT]) {
    size_t n = 0;
    const char *by = strstr(says, " by ");
    long long out = 0, in = 0;
    if (by != NULL && sscanf(by, " by %lldx%lld", &out, &in) == 2 && in == 1 && out > 1)
        n = (size_t)snprintf(kind, KIND_TEXT, "depthwise ");
    for (const char *c = says; *c != '\0' && n + 1 < KIND_TEXT; c++)
        if (isalpha((unsigned char)*c) && *c != 'x')
            kind[n++] = *c;
        else if (*c == ',' || (*c == ' ' && kind[n > 0 ? n - 1 : 0] != ' '))
            kind[n++] = *c;
    kind[n] = '\0';
}

/* cuDNN compiled the plan's kernels and could not load them:
 * CUDNN_STATUS_EXECUTION_FAILED_CUDA_DRIVER. */
enum { COMPILED_NOT_LOADED = 5001 };

static void plan_one(const es_network *network, size_t n, gpu_candidate *candidates,
                     const char *kind) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (size_t i = 0; i < n; i++) {
        cudnnBackendDescriptor_t plan = NULL;
        int64_t workspace_bytes = 0;
        int result = (int)gpu_create_plan(network, &candidates[i], &plan, &workspace_bytes);
        if (plan != NULL)
            network->device->api.cudnnBackendDestroyDescriptor(plan);
        if (result != 0 && result != COMPILED_NOT_LOADED)
            continue;
        clock_gettime(CLOCK_MONOTONIC, &end);
        seen.n_plans += result == 0;
        seen.n_unloaded += result != 0;
        print_message("  %-60s %2zu candidates, engine %lld%s {%s} %s, %.0f ms\n", kind, n,
                      (long long)candidates[i].engine, candidates[i].compiled ? " (compiled)" : "",
                      candidates[i].knobs, result == 0 ? "planned" : "compiled, not loaded",
                      (double)(end.tv_sec - start.tv_sec) * 1e3 +
                          (double)(end.tv_nsec - start.tv_nsec) / 1e6);
        return;
    }
    print_message("  %-60s none of %zu candidates becomes a plan\n", kind, n);
}

/* Whether some way of a unit has candidates for all its graphs. */
static bool has_way(const es_network *network, const gpu_unit *unit, const size_t *n_candidates) {
    for (int way = 1; way <= unit->n_ways; way++) {
        bool whole = true;
        for (size_t i = unit->first_step; i < unit->first_step + unit->n_steps; i++)
            if (network->steps[i].way == way && n_candidates[i] == 0)
                whole = false;
        if (whole)
            return true;
    }
    return unit->n_ways == 0;
}

static void plan_network(es_device *device, const char *name, int64_t resolution, int64_t batch,
                         size_t *n_failed) {
    es_model *model = NULL;
    es_plan *plan = NULL;
    es_network *network = NULL;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_model_create(name, resolution, &model, &errors), ES_OK);
    assert_int_equal(es_plan_create(model, false, &plan, &errors), ES_OK);
    es_status status = gpu_design(device, plan, batch, &network, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    size_t *n_candidates = calloc(network->n_steps, sizeof *n_candidates);
    assert_non_null(n_candidates);
    for (size_t i = 0; i < network->n_steps; i++) {
        gpu_candidate candidates[GPU_MAX_CANDIDATES];
        char kind[KIND_TEXT];
        const gpu_step *step = &network->steps[i];
        n_candidates[i] =
            !holds(seen.hopeless, seen.n_hopeless, step->says != NULL ? step->says : "");
        if (step->kind != GPU_GRAPH || !note(seen.says, &seen.n, step->says))
            continue;
        n_candidates[i] = gpu_list_candidates(network, step, candidates);
        kind_of(step->says, kind);
        if (n_candidates[i] == 0) {
            note(seen.hopeless, &seen.n_hopeless, step->says);
            print_message("  no candidate: %s\n", step->says);
        } else if (note(seen.kinds, &seen.n_kinds, kind)) {
            plan_one(network, n_candidates[i], candidates, kind);
        }
        gpu_drop_candidates(network, n_candidates[i], candidates);
    }
    for (size_t u = 1; u <= plan->n_units; u++)
        if (!has_way(network, &network->units[u], n_candidates)) {
            /* Products of two tensors run on tensor cores only, and not on those of every GPU. */
            bool known = plan->units[u].layer->op == ES_OP_MATMUL;
            print_message("%s: unit %zu (%s, %s) cannot be planned%s\n", name, u,
                          plan->units[u].name, es_op_text(plan->units[u].layer->op),
                          known ? ", which is known" : "");
            *n_failed += !known;
        }
    free(n_candidates);
    gpu_release(network);
    es_plan_destroy(plan);
    es_model_destroy(model);
}

static es_device *open_without_gpu(const char *text) {
    gpu_setting setting;
    es_device *device = NULL;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(gpu_parse_setting(text, &setting, &errors), ES_OK);
    es_status status = gpu_open_without_gpu(&setting, properties, n_properties, &device, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    return device;
}

static void plan_zoo(const char *setting) {
    es_device *device = open_without_gpu(setting);
    size_t n_failed = 0;
    print_message("%s\n", setting);
    for (size_t i = 0; es_model_zoo_name(i) != NULL; i++)
        plan_network(device, es_model_zoo_name(i), 0, 1, &n_failed);
    print_message("%s: %zu graphs of %zu kinds; of the kinds %zu planned, %zu compiled but not "
                  "loaded for lack of a driver, %zu neither; %zu units without a way\n",
                  setting, seen.n, seen.n_kinds, seen.n_plans, seen.n_unloaded,
                  seen.n_kinds - seen.n_plans - seen.n_unloaded, n_failed);
    forget();
    gpu_close(device);
    assert_int_equal(n_failed, 0);
}

static void test_fp16(void **state) {
    (void)state;
    plan_zoo("precision:fp16");
}

static void test_fp32(void **state) {
    (void)state;
    plan_zoo("precision:fp32");
}

static void test_tf32(void **state) {
    (void)state;
    plan_zoo("precision:tf32");
}

static void read_properties(const char *path) {
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    properties = calloc(1, 1 << 16);
    assert_non_null(properties);
    n_properties = fread(properties, 1, (1 << 16) - 1, stream);
    fclose(stream);
}

int main(void) {
    const char *path = getenv("EDGESPLIT_GPU_PROPERTIES");
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fp16), cmocka_unit_test(test_fp32),
                                       cmocka_unit_test(test_tf32)};
    if (path == NULL || path[0] == '\0') {
        print_message("skipped: EDGESPLIT_GPU_PROPERTIES names no description of a GPU\n");
        return 77;
    }
    read_properties(path);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(properties);
    return failed;
}
