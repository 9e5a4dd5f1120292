/* What holds for every network of the zoo, at even and odd resolutions. Of 33 pixels nothing is
 * left for the classifiers of AlexNet and VGG. */
#include "model_checks.h"

#include "test.h"

#include <stdlib.h>
#include <string.h>

static void for_each_model(void (*check)(const es_model *model)) {
    static const int64_t resolutions[] = {0, 33, 225};
    for (size_t i = 0; es_model_zoo_name(i) != NULL; i++)
        for (size_t r = 0; r < sizeof resolutions / sizeof resolutions[0]; r++) {
            es_errors errors;
            es_errors_init(&errors);
            es_model *model = NULL;
            es_status status =
                es_model_create(es_model_zoo_name(i), resolutions[r], &model, &errors);
            if (status == ES_INVALID && resolutions[r] == 33) {
                assert_non_null(strstr(errors.records[0].text, "(pool5."));
                continue;
            }
            assert_int_equal(status, ES_OK);
            check(model);
            es_model_destroy(model);
        }
}

/* The last layer that reads `input`'s output; 0: none. */
static size_t last_reader(const es_model *model, size_t input) {
    size_t last = model->n_layers;
    while (last > input && !reads(&model->layers[last], input))
        last--;
    return last > input ? last : 0;
}

/* By the definition, SEMANTICS 1: outputs of the head that some layer of the tail reads. */
static void check_crossing(const es_model *model) {
    size_t n = model->n_layers + 1;
    size_t *last_readers = calloc(n, sizeof *last_readers);
    assert_non_null(last_readers);
    for (size_t l = 0; l < n; l++)
        last_readers[l] = last_reader(model, l);
    for (size_t l = 0; l < n; l++) {
        size_t n_tensors = 0;
        int64_t elems = 0;
        for (size_t made = 0; made <= l; made++)
            if (last_readers[made] > l) {
                n_tensors++;
                elems += es_shape_elems(model->layers[made].out);
            }
        assert_int_equal(model->cuts[ES_LEAF][l].n_tensors, n_tensors);
        assert_int_equal(model->cuts[ES_LEAF][l].elems, elems);
    }
    free(last_readers);
}

static void crossing_tensors_equal_brute_force(void **state) {
    (void)state;
    for_each_model(check_crossing);
}

static void check_topology(const es_model *model) {
    assert_int_equal(model->layers[0].n_inputs, 0);
    for (size_t l = 1; l <= model->n_layers; l++) {
        const es_layer *layer = &model->layers[l];
        assert_true(layer->n_inputs >= 1);
        for (size_t i = 0; i < layer->n_inputs; i++) {
            assert_true(layer->inputs[i] < l);
        }
        assert_memory_equal(&layer->in, &model->layers[layer->inputs[0]].out, sizeof layer->in);
        assert_true(es_shape_elems(layer->out) > 0);
        for (size_t other = 0; other < l; other++)
            assert_string_not_equal(layer->name, model->layers[other].name);
    }
}

static void layers_are_in_topological_order(void **state) {
    (void)state;
    for_each_model(check_topology);
}

static void check_granularities(const es_model *model) {
    assert_int_equal(model->n_cuts[ES_LEAF], model->n_layers + 1);
    for (size_t g = 0; g < ES_N_GRANULARITIES; g++) {
        size_t n = model->n_cuts[g];
        assert_int_equal(model->cuts[g][0].last_layer, 0);
        assert_int_equal(model->cuts[g][n - 1].last_layer, model->n_layers);
        for (size_t i = 0; i < n; i++) {
            const es_cut *cut = &model->cuts[g][i];
            const es_cut *leaf = &model->cuts[ES_LEAF][cut->last_layer];
            assert_true(i == 0 || model->cuts[g][i - 1].last_layer < cut->last_layer);
            assert_int_equal(cut->n_tensors, leaf->n_tensors);
            assert_int_equal(cut->elems, leaf->elems);
            assert_true(cut->compression == leaf->compression);
            assert_int_equal(cut->head_params, leaf->head_params);
            assert_int_equal(cut->head_macs, leaf->head_macs);
        }
    }
    for (size_t i = 0; i < model->n_cuts[ES_BLOCK]; i++) /* blocks are runs of fused units */
        assert_true(es_model_find_cut(model, ES_FUSED, model->cuts[ES_BLOCK][i].last_layer) <
                    model->n_cuts[ES_FUSED]);
}

static void coarse_cuts_are_leaf_cuts(void **state) {
    (void)state;
    for_each_model(check_granularities);
}

static void costs_add_up(void **state) {
    (void)state;
    for_each_model(check_costs);
}

static void bottlenecks_follow_their_definition(void **state) {
    (void)state;
    for_each_model(check_bottlenecks);
}

static size_t first_input(const es_layer *layer) {
    size_t first = layer->inputs[0];
    for (size_t i = 1; i < layer->n_inputs; i++)
        first = layer->inputs[i] < first ? layer->inputs[i] : first;
    return first;
}

/* Between a tensor and a join that reads it beside a later one, both ways have to be cut. */
static void check_joins(const es_model *model) {
    size_t n_joins = 0;
    for (size_t l = 1; l <= model->n_layers; l++) {
        const es_layer *layer = &model->layers[l];
        if (layer->n_inputs < 2)
            continue;
        n_joins++;
        for (size_t cut = first_input(layer) + 1; cut < l; cut++)
            assert_true(model->cuts[ES_LEAF][cut].n_tensors >= 2);
    }
    bool chain = strncmp(model->name, "vgg", 3) == 0 || strcmp(model->name, "alexnet") == 0;
    assert_int_equal(n_joins == 0, chain);
    for (size_t i = 0; i + 1 < model->n_cuts[ES_BLOCK]; i++)
        assert_int_equal(model->cuts[ES_BLOCK][i].n_tensors, 1);
}

static void cuts_inside_a_join_carry_several_tensors(void **state) {
    (void)state;
    for_each_model(check_joins);
}

static bool is_kernel(const es_layer *layer) {
    es_fusing fusing = es_op_fusing(layer->op);
    return fusing == ES_FUSING_WEIGHTED || fusing == ES_FUSING_ALONE ||
           (fusing == ES_FUSING_ELEMENTWISE && layer->n_inputs == 2 && layer->op != ES_OP_ADD);
}

/* Each fused unit is one kernel: what reads weights, reduces or moves can only begin it; the rest
 * goes point by point. No two are called alike. */
static void check_fused(const es_model *model) {
    for (size_t i = 1; i < model->n_cuts[ES_FUSED]; i++) {
        size_t first = model->cuts[ES_FUSED][i - 1].last_layer + 1;
        for (size_t l = first + 1; l <= model->cuts[ES_FUSED][i].last_layer; l++)
            assert_false(is_kernel(&model->layers[l]));
        assert_false(es_op_fusing(model->layers[first].op) == ES_FUSING_VIEW);
        assert_int_equal(es_model_find_cut_name(model, ES_FUSED, model->cuts[ES_FUSED][i].name), i);
    }
}

static void fused_units_hold_one_kernel(void **state) {
    (void)state;
    for_each_model(check_fused);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crossing_tensors_equal_brute_force),
        cmocka_unit_test(layers_are_in_topological_order),
        cmocka_unit_test(coarse_cuts_are_leaf_cuts),
        cmocka_unit_test(costs_add_up),
        cmocka_unit_test(bottlenecks_follow_their_definition),
        cmocka_unit_test(cuts_inside_a_join_carry_several_tensors),
        cmocka_unit_test(fused_units_hold_one_kernel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
