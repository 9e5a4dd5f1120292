/* What holds for any graph of layers: each property by its definition, slowly, against the model.
 */
#include "model_checks.h"
#include "random_graph.h"
#include "test.h"

#include <regex.h>
#include <string.h>

enum { N_GRAPHS = 400, MOST = 65 };

static void for_each_graph(void (*check)(const es_model *model)) {
    for (uint64_t seed = 0; seed < N_GRAPHS; seed++) {
        es_model *model = random_graph(seed, seed % 2 == 1);
        assert_true(model->n_layers < MOST);
        check(model);
        es_model_destroy(model);
    }
}

static void check_crossing(const es_model *model) {
    for (size_t l = 0; l <= model->n_layers; l++) {
        const es_cut *cut = &model->cuts[ES_LEAF][l];
        size_t n_tensors = 0;
        int64_t elems = 0;
        for (size_t made = 0; made <= l; made++) {
            bool crosses = false;
            for (size_t reader = l + 1; reader <= model->n_layers; reader++)
                crosses |= reads(&model->layers[reader], made);
            n_tensors += crosses;
            elems += crosses ? es_shape_elems(model->layers[made].out) : 0;
        }
        assert_int_equal(cut->last_layer, l);
        assert_string_equal(cut->name, model->layers[l].name);
        assert_int_equal(cut->n_tensors, n_tensors);
        assert_int_equal(cut->elems, elems);
        assert_true(cut->compression ==
                    (double)elems / (double)es_shape_elems(model->layers[0].out));
    }
}

static void crossing_tensors_equal_brute_force(void **state) {
    (void)state;
    for_each_graph(check_crossing);
}

/* Whether a path leads from the input to the last layer without the tensor that `removed` makes. */
static bool reaches_output(const es_model *model, size_t removed) {
    bool reached[MOST] = {true};
    for (size_t l = 1; l <= model->n_layers; l++)
        for (size_t i = 0; l != removed && i < model->layers[l].n_inputs; i++)
            reached[l] |= reached[model->layers[l].inputs[i]];
    return reached[model->n_layers];
}

/* Where all ways lead from the input to one output, one tensor crosses a cut if and only if no way
 * leads round the layer before it. */
static void single_tensor_cuts_are_what_no_path_avoids(void **state) {
    (void)state;
    size_t n_single = 0, n_other = 0;
    for (uint64_t seed = 0; seed < N_GRAPHS; seed++) {
        es_model *model = random_graph(seed, true);
        for (size_t l = 1; l < model->n_layers; l++) {
            bool single = model->cuts[ES_LEAF][l].n_tensors == 1;
            assert_int_equal(single, !reaches_output(model, l));
            n_single += single;
            n_other += !single;
        }
        es_model_destroy(model);
    }
    assert_true(n_single > N_GRAPHS && n_other > N_GRAPHS);
}

static void check_partition(const es_model *model) {
    assert_int_equal(model->n_cuts[ES_LEAF], model->n_layers + 1);
    for (size_t g = 0; g < ES_N_GRANULARITIES; g++) {
        const es_cut *cuts = model->cuts[g];
        size_t n = model->n_cuts[g];
        assert_int_equal(cuts[0].last_layer, 0);
        assert_int_equal(cuts[n - 1].last_layer, model->n_layers);
        for (size_t i = 1; i < n; i++) {
            const es_cut *leaf = &model->cuts[ES_LEAF][cuts[i].last_layer];
            assert_true(cuts[i - 1].last_layer < cuts[i].last_layer);
            assert_int_equal(cuts[i].n_tensors, leaf->n_tensors);
            assert_int_equal(cuts[i].elems, leaf->elems);
            assert_int_equal(cuts[i].head_params, leaf->head_params);
            assert_int_equal(cuts[i].head_macs, leaf->head_macs);
            for (size_t j = 1; j < i; j++)
                assert_string_not_equal(cuts[i].name, cuts[j].name);
        }
    }
}

static void units_are_runs_that_partition_the_layers(void **state) {
    (void)state;
    for_each_graph(check_partition);
}

static void costs_of_heads_are_sums(void **state) {
    (void)state;
    for_each_graph(check_costs);
}

static void bottlenecks_follow_their_definition(void **state) {
    (void)state;
    for_each_graph(check_bottlenecks);
}

/* A layer's letter in the grammar of kernels. */
static char letter(const es_layer *layer) {
    switch (es_op_fusing(layer->op)) {
    case ES_FUSING_WEIGHTED: return 'W';
    case ES_FUSING_SCALE: return 'S';
    case ES_FUSING_ACTIVATION: return 'A';
    case ES_FUSING_VIEW: return 'V';
    case ES_FUSING_ELEMENTWISE:
        if (layer->n_inputs == 1)
            return 'S';
        return layer->op == ES_OP_ADD ? 'R' : 'X';
    case ES_FUSING_ALONE: break;
    }
    return 'X';
}

static size_t count_readers(const es_model *model, size_t l) {
    size_t n = 0;
    for (size_t reader = l + 1; reader <= model->n_layers; reader++)
        n += reads(&model->layers[reader], l);
    return n;
}

/* Whether `next` may be computed on what a kernel that ends with the layer before has in hand. */
static bool continues(const es_model *model, size_t next) {
    const es_layer *layer = &model->layers[next];
    return reads(layer, next - 1) && count_readers(model, next - 1) == 1 &&
           (letter(layer) == 'V' || es_shape_equal(layer->out, model->layers[next - 1].out));
}

static void check_fused(const es_model *model) {
    const es_cut *cuts = model->cuts[ES_FUSED];
    regex_t kernel;
    assert_int_equal(regcomp(&kernel, "^(W?S?A?(RA?)?|X)V*$", REG_EXTENDED | REG_NOSUB), 0);
    for (size_t u = 1; u < model->n_cuts[ES_FUSED]; u++) {
        char letters[MOST + 1] = "";
        size_t first = cuts[u - 1].last_layer + 1, last = cuts[u].last_layer;
        for (size_t l = first; l <= last; l++) {
            letters[l - first] = letter(&model->layers[l]);
            assert_true(l == first || continues(model, l));
        }
        assert_int_equal(regexec(&kernel, letters, 0, NULL, 0), 0);
        if (last == model->n_layers || !continues(model, last + 1))
            continue;
        letters[last + 1 - first] = letter(&model->layers[last + 1]);
        assert_int_equal(regexec(&kernel, letters, 0, NULL, 0), REG_NOMATCH);
    }
    regfree(&kernel);
}

static void fused_units_are_longest_kernels(void **state) {
    (void)state;
    for_each_graph(check_fused);
}

static void check_blocks(const es_model *model) {
    size_t n = 1;
    for (size_t u = 1; u < model->n_cuts[ES_FUSED]; u++) {
        const es_cut *cut = &model->cuts[ES_FUSED][u], *block = &model->cuts[ES_BLOCK][n];
        if (cut->n_tensors != 1 && cut->last_layer != model->n_layers)
            continue;
        assert_true(n < model->n_cuts[ES_BLOCK]);
        assert_int_equal(block->last_layer, cut->last_layer);
        assert_string_equal(block->name, cut->name);
        assert_false(block->residual_block);
        n++;
    }
    assert_int_equal(model->n_cuts[ES_BLOCK], n);
}

static void derived_blocks_end_at_single_tensor_cuts(void **state) {
    (void)state;
    for_each_graph(check_blocks);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crossing_tensors_equal_brute_force),
        cmocka_unit_test(single_tensor_cuts_are_what_no_path_avoids),
        cmocka_unit_test(units_are_runs_that_partition_the_layers),
        cmocka_unit_test(costs_of_heads_are_sums),
        cmocka_unit_test(bottlenecks_follow_their_definition),
        cmocka_unit_test(fused_units_are_longest_kernels),
        cmocka_unit_test(derived_blocks_end_at_single_tensor_cuts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
