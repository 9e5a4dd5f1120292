/* The map of optimal cuts on the measured profiles that ship, against the policy and against
 * profiles drawn at random within the measured spread. */
#include "edgesplit/cutmap.h"

#include "dice.h"
#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/policies.h"
#include "test.h"

#include <math.h>
#include <string.h>

#define PROFILES ES_SOURCE_DIR "/kernels/profiles/efficientnet-b0.epyc-"

enum { MOST_CUTS = 64, N_BATCHES = 4, N_LOADS = 3 };

static es_errors errors;
static es_model *model;
static es_profile *device, *server;
static bool wanted[MOST_CUTS];
static const int64_t batches[N_BATCHES] = {1, 3, 8, 16};
static const double loads[N_LOADS] = {0, 0.5, 0.9};
static es_cutmap_options options;

static int set_up(void **state) {
    (void)state;
    es_errors_init(&errors);
    for (size_t i = 0; i < MOST_CUTS; i++)
        wanted[i] = true;
    options = (es_cutmap_options){
        .cost = {.granularity = ES_BLOCK,
                 .input_bytes_per_elem = 1,
                 .feature_bytes_per_elem = 1,
                 .header_bytes = 40,
                 .n_batches = N_BATCHES,
                 .batches = batches},
        .wanted = wanted,
        .delay_s = 0.006,
        .rate_from_bps = 1e6,
        .rate_to_bps = 1e9,
        .n_loads = N_LOADS,
        .loads = loads,
    };
    return es_model_create("efficientnet-b0", 0, &model, &errors) == ES_OK &&
                   es_profile_load(PROFILES "slow.profile", &device, &errors) == ES_OK &&
                   es_profile_load(PROFILES "fast.profile", &server, &errors) == ES_OK
               ? 0
               : -1;
}

static int tear_down(void **state) {
    (void)state;
    es_profile_destroy(device);
    es_profile_destroy(server);
    es_model_destroy(model);
    return 0;
}

static es_cutmap *create(void) {
    es_cutmap *map = NULL;
    es_status status = es_cutmap_create(model, device, server, &options, &map, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    return map;
}

/* What dynamic-split chooses of all cuts. */
static size_t policy_choice(const es_cut_costs *costs, double rate_bps, double load) {
    uint32_t candidates[MOST_CUTS];
    for (uint32_t cut = 0; cut < costs->n_cuts; cut++)
        candidates[cut] = cut;
    const es_policy policy = {es_policies_find("dynamic-split"), costs->n_cuts, candidates, {0}};
    const es_policy_view view = {
        .costs = costs, .rate_bps = rate_bps, .load = load, .delay_s = options.delay_s};
    return policy.ops->choose(&policy, &view);
}

static double latency(const es_cut_costs *costs, size_t cut, double rate_bps, double load) {
    const es_policy_view view = {.costs = costs, .delay_s = options.delay_s};
    return es_policy_predict_s(&view, cut, 1 / rate_bps, 1 / (1 - load));
}

static void test_rows_cover_the_rates_and_their_bytes_rise(void **state) {
    (void)state;
    es_cutmap *map = create();
    assert_true(map->bounds_known && map->n_available == model->n_cuts[ES_BLOCK]);
    size_t n_changes = 0;
    for (size_t i = 0; i < map->n_rows; i++) {
        const es_cutmap_row *row = &map->rows[i];
        bool first = i == 0 || row[-1].batch != row->batch || row[-1].load != row->load;
        bool last = i + 1 == map->n_rows || row[1].batch != row->batch || row[1].load != row->load;
        assert_true(row->rate_from_bps == (first ? 1e6 : row[-1].rate_to_bps));
        assert_true(!last || row->rate_to_bps == 1e9);
        assert_true(row->rate_from_bps < row->rate_to_bps);
        assert_true(first || row->bits > row[-1].bits);
        assert_true(first == isnan(row->crossing_low_bps));
        assert_true(first || (row->crossing_low_bps <= row->rate_from_bps &&
                              row->rate_from_bps <= row->crossing_high_bps));
        assert_true(isnan(row->sure_from_bps) ||
                    (row->rate_from_bps <= row->sure_from_bps * (1 + 1e-12) &&
                     row->sure_to_bps <= row->rate_to_bps * (1 + 1e-12)));
        n_changes += !first;
    }
    assert_true(n_changes >= N_BATCHES * N_LOADS);
    es_cutmap_destroy(map);
}

static void test_choices_are_those_of_dynamic_split(void **state) {
    (void)state;
    es_cutmap *map = create();
    es_cost *cost;
    struct dice dice = {1};
    assert_int_equal(es_cost_create(model, device, server, &options.cost, &cost, &errors), ES_OK);
    for (size_t i = 0; i < map->n_rows; i++) {
        const es_cutmap_row *row = &map->rows[i];
        const es_cut_costs *costs = es_cost_find(cost, row->batch);
        double largest_lead = 0;
        for (int k = 0; k < 1000; k++) {
            double share = k == 0 ? 1e-9 : k == 1 ? 1 - 1e-9 : roll_real(&dice);
            double rate_bps =
                row->rate_from_bps * pow(row->rate_to_bps / row->rate_from_bps, share);
            assert_int_equal(policy_choice(costs, rate_bps, row->load), row->cut);
            double best_s = latency(costs, row->cut, rate_bps, row->load), second_s = ES_INFINITY;
            assert_true(fabs(row->constant_s + row->bits / rate_bps - best_s) < 1e-12 * best_s);
            for (size_t cut = 0; cut < costs->n_cuts; cut++)
                if (cut != row->cut)
                    second_s = fmin(second_s, latency(costs, cut, rate_bps, row->load));
            largest_lead = fmax(largest_lead, second_s / best_s - 1);
        }
        assert_true(largest_lead <= row->lead_ratio + 1e-9);
        assert_true(largest_lead >= 0.9 * row->lead_ratio);
        double there_s = latency(costs, row->cut, row->lead_rate_bps, row->load);
        double runner_up_s = latency(costs, row->runner_up, row->lead_rate_bps, row->load);
        assert_true(fabs(runner_up_s / there_s - 1 - row->lead_ratio) < 1e-9);
        assert_true(fabs(latency(costs, 0, 1e7, row->load) - row->full_offload_s -
                         row->full_offload_bits / 1e7) < 1e-12);
        assert_true(latency(costs, costs->n_cuts - 1, 1e7, row->load) == row->no_offload_s);
    }
    es_cost_destroy(cost);
    es_cutmap_destroy(map);
}

/* A profile in which every time is anywhere in its p05 .. p95. */
static es_profile rolled(const es_profile *profile, struct dice *dice, es_profile_row *rows) {
    es_profile copy = *profile;
    for (size_t i = 0; i < profile->n_rows; i++) {
        rows[i] = profile->rows[i];
        double share = roll_chance(dice, 50) ? (double)roll_between(dice, 0, 1) : roll_real(dice);
        rows[i].median_s = rows[i].p05_s + share * (rows[i].p95_s - rows[i].p05_s);
    }
    copy.rows = rows;
    copy.sorted = NULL;
    return copy;
}

static void test_sure_choices_stand_whatever_the_times(void **state) {
    (void)state;
    static const int64_t measured[] = {1, 8}; /* interpolation could leave the spread */
    options.cost.n_batches = 2;
    options.cost.batches = measured;
    es_cutmap *map = create();
    es_profile_row *device_rows = es_alloc(device->n_rows, sizeof *device_rows);
    es_profile_row *server_rows = es_alloc(server->n_rows, sizeof *server_rows);
    struct dice dice = {2};
    size_t n_sure = 0;
    for (int k = 0; k < 20; k++) {
        es_profile slow = rolled(device, &dice, device_rows);
        es_profile fast = rolled(server, &dice, server_rows);
        es_cost *cost;
        assert_int_equal(es_cost_create(model, &slow, &fast, &options.cost, &cost, &errors), ES_OK);
        for (size_t i = 0; i < map->n_rows; i++) {
            const es_cutmap_row *row = &map->rows[i];
            const es_cut_costs *costs = es_cost_find(cost, row->batch);
            for (int r = 1; r < 8 && !isnan(row->sure_from_bps); r++) {
                double rate_bps =
                    row->sure_from_bps * pow(row->sure_to_bps / row->sure_from_bps, r / 8.0);
                assert_int_equal(policy_choice(costs, rate_bps, row->load), row->cut);
                n_sure++;
            }
            if (i == 0 || isnan(row->crossing_low_bps))
                continue;
            size_t below = row[-1].cut; /* where the two cross now */
            double a =
                latency(costs, row->cut, 1e15, row->load) - latency(costs, below, 1e15, row->load);
            double rate_bps = (costs->bits[row->cut] - costs->bits[below]) / -a;
            assert_true(a >= 0 ? isinf(row->crossing_high_bps)
                               : row->crossing_low_bps <= rate_bps * (1 + 1e-6) &&
                                     rate_bps <= row->crossing_high_bps * (1 + 1e-6));
        }
        es_cost_destroy(cost);
    }
    assert_true(n_sure > 0);
    free(device_rows);
    free(server_rows);
    es_cutmap_destroy(map);
}

/* A profile at its p05 or p95. */
static es_profile at_end(const es_profile *profile, bool high, es_profile_row *rows) {
    es_profile copy = *profile;
    for (size_t i = 0; i < profile->n_rows; i++) {
        rows[i] = profile->rows[i];
        rows[i].median_s = high ? rows[i].p95_s : rows[i].p05_s;
    }
    copy.rows = rows;
    copy.sorted = NULL;
    return copy;
}

/* No border is held for more uncertain than it is: with sums of layers, a device at one end of its
 * times and a server at the other reach both ends. */
static void test_borders_reach_their_bounds(void **state) {
    (void)state;
    es_cutmap *map = create();
    es_profile_row *device_rows = es_alloc(device->n_rows, sizeof *device_rows);
    es_profile_row *server_rows = es_alloc(server->n_rows, sizeof *server_rows);
    size_t n_borders = 0, n_open = 0;
    for (int high = 0; high < 2; high++) {
        es_profile slow = at_end(device, high, device_rows);
        es_profile fast = at_end(server, !high, server_rows);
        es_cost *cost;
        assert_int_equal(es_cost_create(model, &slow, &fast, &options.cost, &cost, &errors), ES_OK);
        for (size_t i = 1; i < map->n_rows; i++) {
            const es_cutmap_row *row = &map->rows[i];
            const es_cut_costs *costs = es_cost_find(cost, row->batch);
            if (isnan(row->crossing_low_bps))
                continue;
            double apart_s = latency(costs, row[-1].cut, 1e20, row->load) -
                             latency(costs, row->cut, 1e20, row->load);
            double bits = costs->bits[row->cut] - costs->bits[row[-1].cut];
            double bound_bps = high ? row->crossing_low_bps : row->crossing_high_bps;
            assert_true(isinf(bound_bps) ? apart_s <= 1e-9
                                         : fabs(bits / apart_s / bound_bps - 1) < 1e-4);
            n_borders++;
            n_open += isinf(bound_bps) ? 1 : 0;
        }
        es_cost_destroy(cost);
    }
    assert_true(n_borders >= 2 * N_BATCHES * N_LOADS && n_open < n_borders / 2);
    free(device_rows);
    free(server_rows);
    es_cutmap_destroy(map);
}

/* Without quantiles nothing is uncertain, and the map says that it does not know. */
static void test_unknown_quantiles_are_told(void **state) {
    (void)state;
    es_profile_row *rows = es_alloc(device->n_rows, sizeof *rows);
    es_profile bare = *device;
    for (size_t i = 0; i < device->n_rows; i++) {
        rows[i] = device->rows[i];
        rows[i].p05_s = ES_NAN;
    }
    bare.rows = rows;
    bare.sorted = NULL;
    es_cutmap *map;
    assert_int_equal(es_cutmap_create(model, &bare, server, &options, &map, &errors), ES_OK);
    assert_false(map->bounds_known);
    es_cutmap_destroy(map);
    free(rows);
}

static void test_only_wanted_cuts_are_chosen(void **state) {
    (void)state;
    memset(wanted, 0, sizeof wanted);
    wanted[3] = wanted[7] = true;
    es_cutmap *map = create();
    assert_int_equal(map->n_available, 2);
    for (size_t i = 0; i < map->n_rows; i++)
        assert_true(map->rows[i].cut == 3 || map->rows[i].cut == 7);
    es_cutmap_destroy(map);
    wanted[7] = false;
    map = create();
    assert_true(isnan(map->rows[0].lead_ratio) &&
                map->rows[0].runner_up == model->n_cuts[ES_BLOCK]);
    assert_true(map->rows[0].sure_from_bps == 1e6);
    es_cutmap_destroy(map);
    wanted[3] = false;
    assert_int_equal(es_cutmap_create(model, device, server, &options, &map, &errors), ES_INVALID);
    assert_non_null(strstr(errors.records[0].text, "no cut to choose from"));
}

static void test_batch_outside_is_refused_once(void **state) {
    (void)state;
    static const int64_t large[] = {64};
    es_cutmap *map;
    options.cost.n_batches = 1;
    options.cost.batches = large;
    assert_int_equal(es_cutmap_create(model, device, server, &options, &map, &errors), ES_INVALID);
    assert_int_equal(errors.n, 2); /* device and server */
}

static void test_out_of_memory(void **state) {
    (void)state;
    es_cutmap *map = NULL;
    size_t n = 0;
    for (bool struck = true; struck; n++) {
        es_errors_init(&errors);
        fault_alloc_fail_at(n + 1);
        es_status status = es_cutmap_create(model, device, server, &options, &map, &errors);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
    }
    assert_true(n > 20);
    es_cutmap_destroy(map);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_rows_cover_the_rates_and_their_bytes_rise),
        TEST(test_choices_are_those_of_dynamic_split),
        TEST(test_sure_choices_stand_whatever_the_times),
        TEST(test_borders_reach_their_bounds),
        TEST(test_unknown_quantiles_are_told),
        TEST(test_only_wanted_cuts_are_chosen),
        TEST(test_batch_outside_is_refused_once),
        TEST(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
