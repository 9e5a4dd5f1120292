#include "edgesplit/model.h"

#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static es_model *create(const char *name, int64_t resolution) {
    es_errors errors;
    es_errors_init(&errors);
    es_model *model = NULL;
    assert_int_equal(es_model_create(name, resolution, &model, &errors), ES_OK);
    assert_int_equal(errors.n, 0);
    return model;
}

static void compressive_bottlenecks_of_b0_are_marked(void **state) {
    (void)state;
    es_model *model = create("efficientnet-b0", 0);
    char names[128] = "";
    for (size_t k = 0; k < model->n_cuts[ES_BLOCK]; k++) {
        const es_cut *cut = &model->cuts[ES_BLOCK][k];
        if (cut->residual_block && cut->compressive)
            snprintf(names + strlen(names), sizeof names - strlen(names), " %s", cut->name);
    }
    assert_string_equal(names, " block2 block4 block6 block12");
    es_model_destroy(model);
}

static void first_and_last_cuts_carry_input_and_nothing(void **state) {
    (void)state;
    es_model *model = create("efficientnet-b1", 0);
    for (size_t g = 0; g < ES_N_GRANULARITIES; g++) {
        const es_cut *first = &model->cuts[g][0];
        const es_cut *last = &model->cuts[g][model->n_cuts[g] - 1];
        assert_string_equal(first->name, "input");
        assert_int_equal(first->last_layer, 0);
        assert_int_equal(first->n_tensors, 1);
        assert_int_equal(first->elems, 3 * 240 * 240);
        assert_true(first->compression == 1.0);
        assert_false(first->natural || first->compressive || first->residual_block);
        assert_int_equal(last->last_layer, model->n_layers);
        assert_int_equal(last->n_tensors, 0);
        assert_int_equal(last->elems, 0);
        assert_true(last->compression == 0.0);
        assert_false(last->natural || last->compressive || last->residual_block);
    }
    es_model_destroy(model);
}

static void units_of_b0_have_the_documented_names(void **state) {
    (void)state;
    static const char *const fused[] = {
        "input",
        "stem",
        "block1.depthwise",
        "block1.se-pool",
        "block1.se-reduce",
        "block1.se-expand",
        "block1.se-scale",
        "block1.project",
        "block2.expand",
        "block2.depthwise",
    };
    es_model *model = create("efficientnet-b0", 0);
    const es_cut *cuts = model->cuts[ES_FUSED];
    size_t n = model->n_cuts[ES_FUSED];
    for (size_t i = 0; i < sizeof fused / sizeof fused[0]; i++)
        assert_string_equal(cuts[i].name, fused[i]);
    assert_string_equal(cuts[n - 1].name, "classifier");
    assert_string_equal(cuts[n - 2].name, "pool");
    assert_string_equal(cuts[n - 3].name, "head");
    /* stem, block 1 without and 15 blocks with an expansion, head, pool, classifier */
    assert_int_equal(n, 1 + 1 + 6 + 15 * 7 + 3);
    assert_int_equal(model->n_cuts[ES_BLOCK], 1 + 1 + 16 + 3);
    assert_string_equal(model->cuts[ES_BLOCK][1].name, "stem");
    assert_string_equal(model->cuts[ES_BLOCK][17].name, "block16");
    assert_string_equal(model->layers[0].name, "input");
    assert_string_equal(model->layers[1].name, "stem.conv");
    assert_string_equal(model->layers[2].name, "stem.batch-norm");
    assert_string_equal(model->layers[model->n_layers].name, "classifier.linear");
    es_model_destroy(model);
}

static const es_layer *layer_named(const es_model *model, const char *name) {
    size_t i = es_model_find_cut_name(model, ES_LEAF, name);
    assert_true(i < model->n_cuts[ES_LEAF]);
    return &model->layers[i];
}

static void layers_have_shapes_and_costs(void **state) {
    (void)state;
    es_model *model = create("efficientnet-b0", 225); /* odd, so that "same" padding rounds up */
    const es_layer *stem = layer_named(model, "stem.conv");
    assert_int_equal(stem->out.c, 32);
    assert_int_equal(stem->out.h, 113);
    assert_int_equal(stem->params, 3 * 32 * 9);
    assert_int_equal(stem->macs, 113 * 113 * 32 * 27);
    const es_layer *depthwise = layer_named(model, "block2.depthwise.conv");
    assert_int_equal(depthwise->groups, 96);
    assert_int_equal(depthwise->window.stride[0], 2);
    assert_int_equal(depthwise->window.kernel[0], 3);
    assert_int_equal(depthwise->out.w, 57);
    assert_int_equal(depthwise->params, 96 * 9);
    assert_false(depthwise->bias);
    const es_layer *reduce = layer_named(model, "block2.se-reduce.conv");
    assert_int_equal(reduce->out.c, 4); /* a quarter of the block's 16 input channels */
    assert_true(reduce->bias);
    assert_int_equal(reduce->params, 96 * 4 + 4);
    const es_layer *scale = layer_named(model, "block2.se-scale.mul");
    assert_int_equal(scale->n_inputs, 2);
    assert_int_equal(scale->out.h, 57);
    assert_int_equal(layer_named(model, "block3.project.batch-norm")->params, 48);
    assert_int_equal(layer_named(model, "block3.project.add")->n_inputs, 2);
    assert_int_equal(es_model_find_cut_name(model, ES_LEAF, "block2.project.add"),
                     model->n_cuts[ES_LEAF]);
    assert_int_equal(layer_named(model, "classifier.linear")->params, 1280 * 1000 + 1000);
    assert_int_equal(es_shape_elems(layer_named(model, "pool.global-average-pool")->out), 1280);
    es_model_destroy(model);
}

static void cuts_are_found(void **state) {
    (void)state;
    es_model *model = create("efficientnet-b0", 0);
    for (size_t g = 0; g < ES_N_GRANULARITIES; g++) {
        es_granularity granularity = (es_granularity)g;
        for (size_t i = 0; i < model->n_cuts[g]; i++) {
            const es_cut *cut = &model->cuts[g][i];
            assert_int_equal(es_model_find_cut(model, granularity, cut->last_layer), i);
            assert_int_equal(es_model_find_cut_name(model, granularity, cut->name), i);
        }
        assert_int_equal(es_model_find_cut(model, granularity, model->n_layers + 1),
                         model->n_cuts[g]);
        assert_int_equal(es_model_find_cut_name(model, granularity, "block99"), model->n_cuts[g]);
    }
    assert_int_equal(es_model_find_cut(model, ES_BLOCK, 1), model->n_cuts[ES_BLOCK]);
    es_model_destroy(model);
}

static void texts_are_tables(void **state) {
    (void)state;
    es_granularity granularity = ES_LEAF;
    for (size_t g = 0; g < ES_N_GRANULARITIES; g++) {
        assert_int_equal(es_granularity_parse(es_granularity_text((es_granularity)g), &granularity),
                         ES_OK);
        assert_int_equal(granularity, g);
    }
    assert_int_equal(es_granularity_parse("blocks", &granularity), ES_INVALID);
    assert_string_equal(es_op_text(ES_OP_INPUT), "input");
    assert_string_equal(es_op_text(ES_OP_ADD), "add");
}

static void wrong_arguments_are_reported(void **state) {
    (void)state;
    es_model *model = NULL;
    es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_model_create("efficientnet-bo", 0, &model, &errors), ES_INVALID);
    assert_string_equal(errors.records[0].text, "no network is called \"efficientnet-bo\"; "
                                                "did you mean \"efficientnet-b0\"?");
    assert_int_equal(es_model_create("transformer", 0, &model, &errors), ES_INVALID);
    assert_string_equal(errors.records[1].text, "no network is called \"transformer\"");
    static const int64_t wrong[] = {31, 4097, -224, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(es_model_create("efficientnet-b0", wrong[i], &model, &errors), ES_INVALID);
    assert_non_null(strstr(errors.records[2].text, "31 pixels; expected 32 to 4096"));
    assert_null(model);
    es_model_destroy(create("efficientnet-b0", 32));
    es_model_destroy(create("efficientnet-b7", 4096));
    es_model_destroy(NULL);
}

static void memory_that_runs_out_is_reported(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        es_errors errors;
        es_errors_init(&errors);
        es_model *model = NULL;
        fault_alloc_fail_at(n);
        es_status status = es_model_create("efficientnet-b0", 0, &model, &errors);
        bool struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        if (!struck) {
            assert_true(n > 8);
            assert_int_equal(status, ES_OK);
            es_model_destroy(model);
            return;
        }
        assert_int_equal(status, ES_NO_MEMORY);
        assert_int_equal(es_errors_status(&errors), ES_NO_MEMORY);
        assert_null(model);
    }
}

/* The compression of every block cut of B0 in somebody else's table: column elem_ratio_c, where
 * blocks_done k is block cut k + 1. */
static void compression_agrees_with_a_published_table(void **state) {
    (void)state;
    FILE *stream = fopen(ES_SHARED_DATA "/reference/efficientnet_b0_titanxp_3090ti.csv", "r");
    if (stream == NULL)
        skip();
    es_model *model = create("efficientnet-b0", 224);
    char line[256];
    size_t n = 0;
    while (fgets(line, sizeof line, stream) != NULL) {
        unsigned blocks_done;
        double ratio;
        if (sscanf(line, "%*u,%u,%lf", &blocks_done, &ratio) != 2)
            continue;
        n++;
        assert_in_range(blocks_done, 0, 16);
        /* six decimals are printed */
        assert_true(fabs(model->cuts[ES_BLOCK][blocks_done + 1].compression - ratio) <= 5e-7);
    }
    fclose(stream);
    assert_int_equal(n, 17 * 30);
    es_model_destroy(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compressive_bottlenecks_of_b0_are_marked),
        cmocka_unit_test(first_and_last_cuts_carry_input_and_nothing),
        cmocka_unit_test(units_of_b0_have_the_documented_names),
        cmocka_unit_test(layers_have_shapes_and_costs),
        cmocka_unit_test(cuts_are_found),
        cmocka_unit_test(texts_are_tables),
        cmocka_unit_test(wrong_arguments_are_reported),
        cmocka_unit_test(memory_that_runs_out_is_reported),
        cmocka_unit_test(compression_agrees_with_a_published_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
