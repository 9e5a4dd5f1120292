/* Sets of layers in the table of cuts: of random graphs, against the minimum cut at random rates
 * and loads. */
#include "edgesplit/cost.h"
#include "edgesplit/mincut.h"

#include "edgesplit/number.h"

#include "dice.h"
#include "fault_alloc.h"
#include "random_graph.h"
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_UNITS = 65 };

static const int64_t one_image[] = {1};

/* Times of every layer on one side, in whole nanoseconds: [units + 1]. */
static void roll_times(struct dice *dice, size_t n_units, double *times_s) {
    for (size_t u = 1; u <= n_units; u++)
        times_s[u] = (double)roll_between(dice, 0, 20000000) / 1e9;
}

static es_profile *profile_of(const es_model *model, size_t n, const double *times_s) {
    char path[64];
    es_errors errors;
    es_profile *profile = NULL;
    snprintf(path, sizeof path, "test_cost_graph.%ld.csv", (long)getpid());
    FILE *stream = fopen(path, "w");
    assert_non_null(stream);
    fprintf(stream,
            "# model: %s\n# kind: modelled\n# granularity: leaf\n"
            "kind,index,name,op,batch,n,median_s,p05_s,p95_s,min_s,mean_s,std_s,out_elems\n",
            model->name);
    for (size_t u = 1; u <= n; u++)
        fprintf(stream, "layer,%zu,,,1,1,%.9f,,,,,,\n", u, times_s[u]);
    assert_int_equal(fclose(stream), 0);
    es_errors_init(&errors);
    assert_int_equal(es_profile_load(path, &profile, &errors), ES_OK);
    remove(path);
    return profile;
}

static const es_cost_options options = {.granularity = ES_LEAF,
                                        .input_bytes_per_elem = 1,
                                        .feature_bytes_per_elem = 4,
                                        .header_bytes = 20,
                                        .n_batches = 1,
                                        .batches = one_image,
                                        .graph_cuts = true};

/* The least predicted latency of a table's cuts; `sends`: also of those that send the input. */
static double least_s(const es_cost *cost, const es_policy_view *view, bool sends) {
    double best_s = ES_INFINITY;
    for (size_t cut = 0; cut < cost->n_cuts; cut++)
        if (sends || !cost->cuts[cut].sends_input)
            best_s = fmin(best_s,
                          es_policy_predict_s(view, cut, 1 / view->rate_bps, 1 / (1 - view->load)));
    return best_s;
}

/* The same from the definition: a maximum flow at this rate and load. */
static double mincut_s(const es_model *model, const double *device_s, const double *server_s,
                       const es_policy_view *view, bool sends) {
    double loaded_s[MOST_UNITS];
    bool on_device[MOST_UNITS];
    es_partition found;
    for (size_t u = 1; u <= model->n_layers; u++)
        loaded_s[u] = server_s[u] / (1 - view->load);
    double input_bits = 8 * (double)es_shape_elems(model->layers[0].out);
    es_mincut_costs costs = {.granularity = ES_LEAF,
                             .device_s = device_s,
                             .server_s = loaded_s,
                             .input_s = sends ? input_bits / view->rate_bps : ES_INFINITY,
                             .s_per_elem = 32 / view->rate_bps,
                             .delay_s = view->delay_s + 160 / view->rate_bps};
    assert_int_equal(es_mincut_find(model, &costs, on_device), ES_OK);
    assert_int_equal(es_mincut_evaluate(model, &costs, on_device, &found), ES_OK);
    return found.latency_s;
}

static void the_best_cut_is_the_minimum_cut(void **state) {
    (void)state;
    struct dice dice = {1};
    size_t n_sets = 0, n_better = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        es_model *model = random_graph(seed, true);
        size_t n = model->n_layers;
        double device_s[MOST_UNITS], server_s[MOST_UNITS];
        roll_times(&dice, n, device_s);
        roll_times(&dice, n, server_s);
        es_profile *device = profile_of(model, n, device_s);
        es_profile *server = profile_of(model, n, server_s);
        es_errors errors;
        es_errors_init(&errors);
        es_cost *cost = NULL;
        assert_int_equal(es_cost_create(model, device, server, &options, &cost, &errors), ES_OK);
        assert_true(cost->n_cuts >= n + 1 && cost->n_boundaries == n + 1);
        assert_string_equal(cost->cuts[cost->n_cuts - 1].name, model->cuts[ES_LEAF][n].name);
        n_sets += cost->n_cuts - cost->n_boundaries;
        for (size_t k = 0; k < 40; k++) {
            es_policy_view view = {.costs = &cost->tables[0],
                                   .rate_bps = exp(8 + 10 * roll_real(&dice)),
                                   .load = 0.95 * roll_real(&dice) * roll_real(&dice),
                                   .delay_s = k % 2 == 0 ? 0 : 0.01 * roll_real(&dice)};
            bool sends = k % 4 < 2;
            double found_s = least_s(cost, &view, sends);
            double prefix_s = ES_INFINITY;
            for (size_t cut = 0; cut < cost->n_cuts; cut++)
                if (cost->cuts[cut].set == 0 && (sends || !cost->cuts[cut].sends_input))
                    prefix_s = fmin(prefix_s, es_policy_predict_s(&view, cut, 1 / view.rate_bps,
                                                                  1 / (1 - view.load)));
            /* times are rounded to nanoseconds */
            assert_true(fabs(found_s - mincut_s(model, device_s, server_s, &view, sends)) < 1e-7);
            n_better += found_s < prefix_s - 1e-6;
        }
        es_cost_destroy(cost);
        es_profile_destroy(device);
        es_profile_destroy(server);
        es_model_destroy(model);
    }
    assert_true(n_sets > 60 && n_better > 100);
}

/* Of a profile that times heads whole no layer's own time can be told. */
static void what_a_layer_takes_has_to_be_known(void **state) {
    (void)state;
    es_model *model = random_graph(1, true);
    double times_s[MOST_UNITS];
    for (size_t u = 1; u < MOST_UNITS; u++)
        times_s[u] = 1e-3;
    es_profile *whole = profile_of(model, model->n_layers, times_s);
    es_profile *part = profile_of(model, model->n_layers - 1, times_s);
    es_errors errors;
    es_errors_init(&errors);
    es_cost *cost = NULL;
    assert_int_equal(es_cost_create(model, part, whole, &options, &cost, &errors), ES_INVALID);
    assert_non_null(strstr(errors.records[0].text, "does not tell what unit"));
    es_profile_destroy(part);
    es_profile_destroy(whole);
    es_model_destroy(model);
}

static void out_of_memory_is_reported(void **state) {
    (void)state;
    struct dice dice = {2};
    es_model *model = random_graph(3, true);
    double times_s[MOST_UNITS];
    roll_times(&dice, model->n_layers, times_s);
    es_profile *profile = profile_of(model, model->n_layers, times_s);
    bool struck = true;
    for (size_t n = 1; struck; n += n < 60 ? 1 : 97) {
        es_errors errors;
        es_errors_init(&errors);
        es_cost *cost = NULL;
        fault_alloc_fail_at(n);
        es_status status = es_cost_create(model, profile, profile, &options, &cost, &errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_true(struck == (cost == NULL));
        es_cost_destroy(cost);
    }
    es_profile_destroy(profile);
    es_model_destroy(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_cut_is_the_minimum_cut),
        cmocka_unit_test(what_a_layer_takes_has_to_be_known),
        cmocka_unit_test(out_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
