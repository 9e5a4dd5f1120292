/* The best split of a graph: by hand, on chains, and against every set there is. */
#include "edgesplit/mincut.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"

#include "dice.h"
#include "fault_alloc.h"
#include "random_graph.h"
#include "test.h"

#include <math.h>

enum { MAX_UNITS = 65, MAX_BRUTE_UNITS = 12 };

/* Random times; with delay, a forbidden input, a fast and a slow link, each at times. */
struct setting {
    double device_s[MAX_UNITS], server_s[MAX_UNITS];
    es_mincut_costs costs;
};

static void random_setting(struct setting *s, struct dice *dice, es_granularity granularity) {
    for (size_t u = 0; u < MAX_UNITS; u++) {
        s->device_s[u] = 0.02 * roll_real(dice);
        s->server_s[u] = roll_chance(dice, 10) ? 0 : 0.015 * roll_real(dice);
    }
    s->costs = (es_mincut_costs){
        .granularity = granularity,
        .device_s = s->device_s,
        .server_s = s->server_s,
        .input_s = roll_chance(dice, 20) ? ES_INFINITY : 0.02 * roll_real(dice),
        .s_per_elem = exp(-6 - 8 * roll_real(dice)),
        .delay_s = roll_chance(dice, 50) ? 0.02 * roll_real(dice) : 0,
    };
}

static size_t count_units(const es_model *model, es_granularity granularity) {
    return model->n_cuts[granularity] - 1;
}

static size_t unit_of(const es_model *model, es_granularity granularity, size_t layer) {
    size_t unit = 0;
    while (model->cuts[granularity][unit].last_layer < layer)
        unit++;
    return unit;
}

/* The latency with the units of the bits of `mask` on the device, from the definition; INFINITY if
 * one of them reads something of the server's. */
static double latency_s(const es_model *model, const struct setting *s, uint64_t mask) {
    es_granularity granularity = s->costs.granularity;
    size_t n_units = count_units(model, granularity);
    double sum_s = 0;
    for (size_t u = 1; u <= n_units; u++)
        sum_s += mask >> u & 1 ? s->device_s[u] : s->server_s[u];
    if (mask + 2 == UINT64_C(1) << (n_units + 1))
        return sum_s;
    for (size_t tensor = 0; tensor <= model->n_layers; tensor++) {
        bool made_here = tensor == 0 || mask >> unit_of(model, granularity, tensor) & 1;
        bool crosses = false;
        for (size_t l = 1; l <= model->n_layers; l++)
            for (size_t i = 0; i < model->layers[l].n_inputs; i++) {
                bool read_here = mask >> unit_of(model, granularity, l) & 1;
                if (model->layers[l].inputs[i] == tensor && read_here && !made_here)
                    return ES_INFINITY;
                crosses =
                    crosses || (model->layers[l].inputs[i] == tensor && made_here && !read_here);
            }
        double elems = (double)es_shape_elems(model->layers[tensor].out);
        if (crosses)
            sum_s += tensor == 0 ? s->costs.input_s : elems * s->costs.s_per_elem;
    }
    return sum_s + s->costs.delay_s;
}

static uint64_t mask_of(size_t n_units, const bool *on_device) {
    uint64_t mask = 0;
    for (size_t u = 1; u <= n_units; u++)
        mask |= (uint64_t)on_device[u] << u;
    return mask;
}

/* The best set, [MAX_UNITS], and what it comes to. */
static void solve(const es_model *model, const struct setting *s, bool *on_device,
                  es_partition *partition) {
    assert_int_equal(es_mincut_find(model, &s->costs, on_device), ES_OK);
    assert_int_equal(es_mincut_evaluate(model, &s->costs, on_device, partition), ES_OK);
}

static uint64_t find(const es_model *model, const struct setting *s, es_partition *partition) {
    bool on_device[MAX_UNITS];
    solve(model, s, on_device, partition);
    return mask_of(count_units(model, s->costs.granularity), on_device);
}

static void it_is_the_best_of_all_sets(void **state) {
    (void)state;
    struct dice dice = {1};
    size_t n_graphs = 0, n_scattered = 0, n_whole = 0, n_none = 0;
    for (uint64_t seed = 1; n_graphs < 100; seed++) {
        es_model *model = random_graph(seed, roll_chance(&dice, 50));
        es_granularity granularity = (es_granularity)roll_between(&dice, ES_LEAF, ES_BLOCK);
        size_t n_units = count_units(model, granularity);
        for (size_t k = 0; k < 6 && n_units <= MAX_BRUTE_UNITS; k++) {
            struct setting s;
            es_partition found;
            random_setting(&s, &dice, granularity);
            uint64_t mask = find(model, &s, &found);
            double least_s = ES_INFINITY, prefix_s = ES_INFINITY;
            for (uint64_t other = 0; other < UINT64_C(1) << (n_units + 1); other += 2)
                least_s = fmin(least_s, latency_s(model, &s, other));
            for (size_t u = 0; u <= n_units; u++)
                prefix_s = fmin(prefix_s, latency_s(model, &s, (UINT64_C(1) << (u + 1)) - 2));
            assert_true(fabs(latency_s(model, &s, mask) - least_s) < 1e-12);
            assert_true(fabs(found.latency_s - least_s) < 1e-12);
            assert_true(fabs(found.head_s + found.send_s + found.tail_s + s.costs.delay_s -
                             least_s) < 1e-12 ||
                        found.n_units == n_units);
            assert_true(least_s < prefix_s - 1e-9 ? !found.is_prefix : true);
            n_scattered += least_s < prefix_s - 1e-9;
            n_whole += found.n_units == n_units;
            n_none += found.n_units == 0;
        }
        n_graphs += n_units <= MAX_BRUTE_UNITS;
        es_model_destroy(model);
    }
    assert_true(n_scattered > 15 && n_whole > 50 && n_none > 25);
}

/* A network of `n` layers that each read the one before, of different sizes. */
static es_model *chain(struct dice *dice, size_t n) {
    char problem[ES_PROBLEM_TEXT];
    es_model *model = NULL;
    es_builder *builder = es_builder_create(es_shape_map(3, 8, 8));
    for (size_t before = 0; before < n; before++) {
        char name[32];
        size_t index;
        snprintf(name, sizeof name, "layer%zu", before + 1);
        assert_int_equal(
            es_builder_append(builder, name,
                              &(es_layer){.op = ES_OP_CUSTOM,
                                          .out = es_shape_map(roll_between(dice, 1, 99), 2, 2),
                                          .n_inputs = 1,
                                          .inputs = &before},
                              &index, problem),
            ES_OK);
    }
    assert_int_equal(es_builder_finish(builder, "chain", "dice", &model, problem), ES_OK);
    es_builder_destroy(builder);
    return model;
}

static void on_a_chain_it_is_the_argmin(void **state) {
    (void)state;
    struct dice dice = {2};
    size_t n_inside = 0;
    for (size_t i = 0; i < 500; i++) {
        size_t n = (size_t)roll_between(&dice, 1, 60);
        es_model *model = chain(&dice, n);
        struct setting s;
        es_partition found;
        random_setting(&s, &dice, ES_LEAF);
        (void)find(model, &s, &found);
        double least_s = ES_INFINITY;
        for (size_t u = 0; u <= n; u++)
            least_s = fmin(least_s, latency_s(model, &s, (UINT64_C(1) << (u + 1)) - 2));
        assert_true(fabs(found.latency_s - least_s) < 1e-12);
        assert_true(found.is_prefix);
        n_inside += found.n_units > 0 && found.n_units < n;
        es_model_destroy(model);
    }
    assert_true(n_inside > 50);
}

/* Two branches from the input, which are joined; what ends it reads the input too. */
static es_model *branches(void) {
    static const size_t inputs[4][2] = {{0, 0}, {0, 0}, {1, 2}, {0, 3}};
    static const size_t n_inputs[] = {1, 1, 2, 2};
    static const int64_t elems[] = {100, 1, 2, 1};
    static const char *const names[] = {"wide", "narrow", "join", "end"};
    char problem[ES_PROBLEM_TEXT];
    es_model *model = NULL;
    es_builder *builder = es_builder_create(es_shape_map(4, 1, 1));
    for (size_t l = 0; l < 4; l++) {
        size_t index;
        assert_int_equal(es_builder_append(builder, names[l],
                                           &(es_layer){.op = ES_OP_CUSTOM,
                                                       .out = es_shape_map(elems[l], 1, 1),
                                                       .n_inputs = n_inputs[l],
                                                       .inputs = inputs[l]},
                                           &index, problem),
                         ES_OK);
    }
    assert_int_equal(es_builder_finish(builder, "branches", "hand", &model, problem), ES_OK);
    es_builder_destroy(builder);
    return model;
}

/* At 1 s per element, the input 4 s: with `narrow` alone on the device 1 + 1 (its tensor) + 4 (the
 * input, once for two readers) + 30 (the rest) = 36 s. With the first 0 .. 4 layers there: 45, 135,
 * 126, 42 and 121 s. */
static void of_two_branches_one_can_stay(void **state) {
    (void)state;
    es_model *model = branches();
    struct setting s = {.device_s = {0, 10, 1, 20, 90}, .server_s = {0, 20, 11, 5, 5}};
    s.costs = (es_mincut_costs){ES_LEAF, s.device_s, s.server_s, 4, 1, 0};
    es_partition found;
    assert_int_equal(find(model, &s, &found), 1 << 2);
    assert_true(found.latency_s == 36 && found.head_s == 1 && found.send_s == 5);
    assert_true(found.tail_s == 30 && found.n_tensors == 2 && found.elems == 1);
    assert_true(found.sends_input && !found.is_prefix && found.n_units == 1);
    /* where the input may not be sent, `end`, which reads it, holds all on the device */
    s.costs.input_s = ES_INFINITY;
    assert_int_equal(find(model, &s, &found), 0x1e);
    assert_true(found.latency_s == 121 && found.n_tensors == 0 && found.is_prefix);
    /* a delay that only what is sent pays: 31 + 90 against 36 + 85, the larger set wins the tie */
    s.costs.input_s = 4;
    s.costs.delay_s = 85;
    assert_int_equal(find(model, &s, &found), 0x1e);
    s.costs.delay_s = 84.5;
    assert_int_equal(find(model, &s, &found), 1 << 2);
    assert_true(found.latency_s == 120.5);
    es_model_destroy(model);
}

/* The least latency over the sets of a list when sending and the server take such factors. */
static double least_of_list_s(const es_mincut_sets *sets, double sending, double slowdown) {
    double least_s = ES_INFINITY;
    for (size_t i = 0; i < sets->n; i++) {
        const es_partition *sum = &sets->sums[i];
        bool sends =
            sum->n_tensors > 0; /* what is forbidden to send takes for ever, also in no time */
        double send_s = sends ? sending * sum->send_s : 0;
        least_s = fmin(least_s, sum->head_s + send_s + slowdown * sum->tail_s);
    }
    return least_s;
}

static void the_list_has_the_best_for_every_rate_and_load(void **state) {
    (void)state;
    struct dice dice = {3};
    size_t n_scattered = 0, n_inside = 0;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        bool is_chain = roll_chance(&dice, 30);
        es_model *model =
            is_chain ? chain(&dice, (size_t)roll_between(&dice, 1, 40)) : random_graph(seed, true);
        size_t n_units = count_units(model, ES_LEAF);
        struct setting s;
        es_mincut_sets sets;
        random_setting(&s, &dice, ES_LEAF);
        assert_int_equal(es_mincut_list(model, &s.costs, &sets), ES_OK);
        assert_true(sets.n_units == n_units && sets.n >= 1);
        for (size_t i = 0; i < sets.n; i++) {
            assert_true(!is_chain || sets.sums[i].is_prefix);
            n_scattered += !sets.sums[i].is_prefix;
        }
        for (size_t k = 0; k < 50; k++) {
            double sending = k == 0 ? 0 : exp(8 * roll_real(&dice) - 4);
            double slowdown = k < 2 ? 1 : exp(6 * roll_real(&dice) * roll_real(&dice));
            struct setting at = s;
            es_partition found;
            at.costs.device_s = at.device_s;
            at.costs.server_s = at.server_s;
            at.costs.delay_s = 0;
            at.costs.s_per_elem *= sending;
            at.costs.input_s *= isfinite(s.costs.input_s) ? sending : 1;
            for (size_t u = 1; u <= n_units; u++)
                at.server_s[u] *= slowdown;
            bool on_device[MAX_UNITS];
            solve(model, &at, on_device, &found);
            assert_true(fabs(found.latency_s - least_of_list_s(&sets, sending, slowdown)) < 1e-11);
            n_inside += found.n_units > 0 && found.n_units < n_units;
        }
        es_mincut_sets_fini(&sets);
        es_model_destroy(model);
    }
    assert_true(n_scattered > 50 && n_inside > 500);
}

/* Fails every allocation in turn, until none is left to fail. */
static void out_of_memory_is_reported(void **state) {
    (void)state;
    es_model *model = branches();
    struct setting s = {.device_s = {0, 10, 1, 20, 90}, .server_s = {0, 20, 11, 5, 5}};
    s.costs = (es_mincut_costs){ES_LEAF, s.device_s, s.server_s, 4, 1, 0};
    for (int lists = 0; lists < 2; lists++) {
        bool on_device[5], struck = true;
        size_t n = 0;
        while (struck) {
            es_mincut_sets sets = {0};
            fault_alloc_fail_at(++n);
            es_status status = lists ? es_mincut_list(model, &s.costs, &sets)
                                     : es_mincut_find(model, &s.costs, on_device);
            struck = fault_alloc_struck();
            fault_alloc_fail_at(0);
            assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
            assert_true(!struck || sets.on_device == NULL);
            es_mincut_sets_fini(&sets);
        }
        assert_true(n > 8);
    }
    es_model_destroy(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_best_of_all_sets),
        cmocka_unit_test(on_a_chain_it_is_the_argmin),
        cmocka_unit_test(of_two_branches_one_can_stay),
        cmocka_unit_test(the_list_has_the_best_for_every_rate_and_load),
        cmocka_unit_test(out_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
