/* Every network of the zoo against what is published about it. */
#include "edgesplit/model.h"

#include "test.h"
#include "zoo_blocks.h"

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

static int64_t params_of(const es_model *model) {
    return model->cuts[ES_LEAF][model->n_layers].head_params;
}

static int64_t macs_of(const es_model *model) {
    return model->cuts[ES_LEAF][model->n_layers].head_macs;
}

static const es_layer *layer_named(const es_model *model, const char *name) {
    size_t i = es_model_find_cut_name(model, ES_LEAF, name);
    assert_true(i < model->n_cuts[ES_LEAF]);
    return &model->layers[i];
}

static void assert_rounds_to(int64_t macs, const char *gmacs) {
    char text[32];
    snprintf(text, sizeof text, "%.*f", (int)strlen(strchr(gmacs, '.') + 1), (double)macs / 1e9);
    assert_string_equal(text, gmacs);
}

/* Parameters and, rounded, 10^9 multiply-accumulates: as torchvision publishes them (docs, "Models
 * and pre-trained weights"); of EfficientNetV2 B0 .. B3 and XL as the authors do (README of their
 * published code; of XL only a total, below). Exact multiply-accumulates: counted once on
 * torchvision 0.14.1, where it dispatches convolutions and products of matrices, those of attention
 * included. */
static const struct {
    const char *name;
    int64_t resolution, params, macs;
    const char *gmacs; /* NULL: not published */
} published[] = {
    {"efficientnet-b0", 224, 5288548, 385814752, "0.39"},
    {"efficientnet-b1", 240, 7794184, 686802832, "0.69"},
    {"efficientnet-b2", 260, 9109994, 993561872, "1.0"}, /* the paper; torchvision: 288 pixels */
    {"efficientnet-b3", 300, 12233232, 1827141392, "1.83"},
    {"efficientnet-b4", 380, 19341616, 4393771024, "4.39"},
    {"efficientnet-b5", 456, 30389784, 10266384752, "10.27"},
    {"efficientnet-b6", 528, 43040704, 19067593536, "19.07"},
    {"efficientnet-b7", 600, 66347960, 37745884192, "37.75"},
    {"efficientnet-v2-b0", 224, 7139704, 718086176, "0.72"},
    {"efficientnet-v2-b1", 240, 8141052, 1196819360, "1.2"},
    {"efficientnet-v2-b2", 260, 10096086, 1697542832, "1.7"},
    {"efficientnet-v2-b3", 300, 14358406, 3011458816, "3.0"},
    {"efficientnet-v2-s", 384, 21458488, 8365617152, "8.37"},
    {"efficientnet-v2-m", 480, 54139356, 24582460384, "24.58"},
    {"efficientnet-v2-l", 480, 118515272, 56079699008, "56.08"},
    {"efficientnet-v2-xl", 512, 208119808, 93353451520, NULL},
    {"resnet18", 224, 11689512, 1814073344, "1.81"},
    {"resnet34", 224, 21797672, 3663761408, "3.66"},
    {"resnet50", 224, 25557032, 4089184256, "4.09"},
    {"resnet101", 224, 44549160, 7801405440, "7.80"},
    {"resnet152", 224, 60192808, 11513626624, "11.51"},
    {"mobilenet-v2", 224, 3504872, 300774272, "0.30"},
    {"mobilenet-v3-large", 224, 5483032, 216589760, "0.22"},
    {"mobilenet-v3-small", 224, 2542856, 56510400, "0.06"},
    {"vgg11", 224, 132863336, 7609090048, "7.61"},
    {"vgg13", 224, 133047848, 11308466176, "11.31"},
    {"vgg16", 224, 138357544, 15470264320, "15.47"},
    {"vgg19", 224, 143667240, 19632062464, "19.63"},
    {"alexnet", 224, 61100840, 714188480, "0.71"},
    {"squeezenet1.1", 224, 1235496, 349151936, "0.35"},
    {"densenet121", 224, 7978856, 2834161664, "2.83"},
    {"regnet-y-400mf", 224, 4344144, 401842848, "0.40"},
    {"convnext-tiny", 224, 28589128, 4455531264, "4.46"},
    {"vit-b16", 224, 86567656, 17563828224, "17.56"},
};
enum { N_PUBLISHED = sizeof published / sizeof published[0] };

static void all_networks_are_listed(void **state) {
    (void)state;
    for (size_t i = 0; i < N_PUBLISHED; i++) {
        char pixels[64];
        snprintf(pixels, sizeof pixels, "%d x %d pixels", (int)published[i].resolution,
                 (int)published[i].resolution);
        es_model *model = create(published[i].name, 0);
        size_t n = 0;
        while (es_model_zoo_name(n) != NULL && strcmp(es_model_zoo_name(n), model->name) != 0)
            n++;
        assert_non_null(es_model_zoo_name(n));
        assert_non_null(strstr(es_model_zoo_summary(n), pixels));
        assert_true(strlen(model->source) > 0);
        es_model_destroy(model);
    }
    assert_null(es_model_zoo_name(N_PUBLISHED));
    assert_null(es_model_zoo_summary(N_PUBLISHED));
}

static void totals_are_the_published_ones(void **state) {
    (void)state;
    for (size_t i = 0; i < N_PUBLISHED; i++) {
        es_model *model = create(published[i].name, 0);
        assert_string_equal(model->name, published[i].name);
        assert_true(es_shape_equal(model->layers[0].out, es_shape_map(3, published[i].resolution,
                                                                      published[i].resolution)));
        assert_int_equal(params_of(model), published[i].params);
        assert_int_equal(macs_of(model), published[i].macs);
        if (published[i].gmacs != NULL)
            assert_rounds_to(macs_of(model), published[i].gmacs);
        es_model_destroy(model);
    }
}

static void b2_agrees_at_288_pixels_too(void **state) {
    (void)state;
    es_model *model = create("efficientnet-b2", 288);
    assert_int_equal(params_of(model), 9109994);
    assert_rounds_to(macs_of(model), "1.09");
    es_model_destroy(model);
}

/* Where nothing divides evenly; counted like the others. */
static void macs_at_odd_resolutions_are_exact(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int64_t macs; /* at 97 pixels */
    } counted[] = {
        {"efficientnet-b0", 101615680},   {"efficientnet-v2-b0", 178343648},
        {"efficientnet-v2-s", 688007432}, {"resnet18", 440843456},
        {"resnet50", 996519104},          {"mobilenet-v2", 76391360},
        {"mobilenet-v3-large", 56992424}, {"mobilenet-v3-small", 16131432},
        {"squeezenet1.1", 71147520},      {"densenet121", 540171456},
        {"regnet-y-400mf", 103826496},    {"convnext-tiny", 818989824},
    };
    for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++) {
        es_model *model = create(counted[i].name, 97);
        assert_int_equal(macs_of(model), counted[i].macs);
        es_model_destroy(model);
    }
    es_model *model = create("squeezenet1.1", 225); /* its pools round up */
    assert_int_equal(macs_of(model), 387358720);
    es_model_destroy(model);
}

/* The tests of the authors' published code count the moving mean and variance of each batch norm's
 * channels as well: as many as there are scales and shifts. */
static void totals_with_moving_statistics_are_those_of_the_authors(void **state) {
    (void)state;
    static const struct {
        const char *name;
        int64_t params;
    } authors[] = {
        {"efficientnet-v2-b0", 7200312},  {"efficientnet-v2-b1", 8212124},
        {"efficientnet-v2-b2", 10178374}, {"efficientnet-v2-b3", 14467622},
        {"efficientnet-v2-s", 21612360},  {"efficientnet-v2-m", 54431388},
        {"efficientnet-v2-l", 119027848}, {"efficientnet-v2-xl", 208896832},
    };
    for (size_t i = 0; i < sizeof authors / sizeof authors[0]; i++) {
        es_model *model = create(authors[i].name, 0);
        int64_t params = params_of(model);
        for (size_t l = 1; l <= model->n_layers; l++)
            params += model->layers[l].op == ES_OP_BATCH_NORM ? model->layers[l].params : 0;
        assert_int_equal(params, authors[i].params);
        es_model_destroy(model);
    }
}

/* As zoo_blocks.h writes them. */
static void write_blocks(const es_model *model, char *text, size_t capacity) {
    size_t length = 0;
    for (size_t k = 1; k < model->n_cuts[ES_BLOCK]; k++) {
        const es_cut *cut = &model->cuts[ES_BLOCK][k];
        es_shape out = model->layers[cut->last_layer].out;
        bool last = k + 1 == model->n_cuts[ES_BLOCK];
        if (!last && es_shape_equal(out, model->layers[cut[1].last_layer].out))
            continue;
        char shape[ES_SHAPE_TEXT];
        length += (size_t)snprintf(text + length, capacity - length, "%s %s%s", cut->name,
                                   es_shape_text(out, shape), last ? "" : ", ");
        assert_true(length < capacity);
    }
}

static void blocks_have_the_published_shapes(void **state) {
    (void)state;
    assert_int_equal(sizeof zoo_blocks / sizeof zoo_blocks[0], N_PUBLISHED);
    for (size_t i = 0; i < N_PUBLISHED; i++) {
        assert_string_equal(zoo_blocks[i].name, published[i].name);
        es_model *model = create(zoo_blocks[i].name, 0);
        char text[4096];
        write_blocks(model, text, sizeof text);
        assert_string_equal(text, zoo_blocks[i].blocks);
        es_model_destroy(model);
    }
}

static void blocks_end_with_one_tensor(void **state) {
    (void)state;
    for (size_t i = 0; i < N_PUBLISHED; i++) {
        es_model *model = create(published[i].name, 0);
        for (size_t k = 0; k + 1 < model->n_cuts[ES_BLOCK]; k++)
            assert_int_equal(model->cuts[ES_BLOCK][k].n_tensors, 1);
        es_model_destroy(model);
    }
}

/* Bakhtiarnia et al., ICASSP 2023: over the residual blocks of 14 EfficientNets, 15 (B0) to 68
 * (V2-L) natural bottlenecks and 3 or 4 compressive ones. The counts between follow from the shapes
 * in zoo_blocks.h. */
static void bottlenecks_are_those_of_the_paper(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t natural, compressive, as_large_as_the_input;
    } paper[] = {
        {"efficientnet-b0", 15, 4, 0},    {"efficientnet-b1", 21, 4, 0},
        {"efficientnet-b2", 21, 4, 0},    {"efficientnet-b3", 24, 4, 0},
        {"efficientnet-b4", 30, 4, 0},    {"efficientnet-b5", 36, 4, 0},
        {"efficientnet-b6", 42, 4, 0},    {"efficientnet-v2-b0", 20, 4, 0},
        {"efficientnet-v2-b1", 25, 4, 0}, {"efficientnet-v2-b2", 26, 4, 0},
        {"efficientnet-v2-b3", 30, 4, 0}, {"efficientnet-v2-s", 34, 3, 4},
        {"efficientnet-v2-m", 49, 3, 5},  {"efficientnet-v2-l", 68, 3, 0},
    };
    for (size_t i = 0; i < sizeof paper / sizeof paper[0]; i++) {
        es_model *model = create(paper[i].name, 0);
        size_t natural = 0, compressive = 0, as_large = 0;
        for (size_t k = 0; k < model->n_cuts[ES_BLOCK]; k++) {
            const es_cut *cut = &model->cuts[ES_BLOCK][k];
            if (!cut->residual_block)
                continue;
            natural += cut->natural;
            compressive += cut->compressive;
            as_large += cut->elems == es_shape_elems(model->layers[0].out);
            assert_int_equal(cut->natural, cut->compression < 1);
        }
        assert_int_equal(natural, paper[i].natural);
        assert_int_equal(compressive, paper[i].compressive);
        assert_int_equal(as_large, paper[i].as_large_as_the_input);
        es_model_destroy(model);
    }
}

static void repeated_blocks_are_residual(void **state) {
    (void)state;
    static const struct {
        const char *name;
        size_t n;
    } expected[] = {
        {"efficientnet-b0", 16},
        {"efficientnet-v2-xl", 100},
        {"resnet18", 8},
        {"resnet50", 16},
        {"resnet152", 50},
        {"mobilenet-v2", 17},
        {"squeezenet1.1", 8},
        {"mobilenet-v3-large", 15},
        {"mobilenet-v3-small", 11},
        {"densenet121", 58},
        {"regnet-y-400mf", 16},
        {"convnext-tiny", 18},
        {"vit-b16", 12},
        {"vgg19", 0},
        {"alexnet", 0},
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        es_model *model = create(expected[i].name, 0);
        size_t n = 0;
        for (size_t k = 0; k < model->n_cuts[ES_BLOCK]; k++)
            n += model->cuts[ES_BLOCK][k].residual_block;
        assert_int_equal(n, expected[i].n);
        es_model_destroy(model);
    }
}

static void layers_are_as_published(void **state) {
    (void)state;
    es_model *model = create("efficientnet-v2-b3", 0);
    assert_int_equal(layer_named(model, "block1.conv.conv")->out.c, 16); /* not 24 */
    assert_int_equal(es_model_find_cut_name(model, ES_LEAF, "block3.se-reduce.conv"),
                     model->n_cuts[ES_LEAF]); /* fused blocks have none */
    es_model_destroy(model);
    model = create("resnet50", 0);
    assert_int_equal(layer_named(model, "block4.conv1.conv")->window.stride[0], 1);
    assert_int_equal(layer_named(model, "block4.conv2.conv")->window.stride[0], 2);
    assert_int_equal(layer_named(model, "block4.shortcut.add")->out.c, 512);
    es_model_destroy(model);
    model = create("mobilenet-v3-large", 0);
    assert_int_equal(layer_named(model, "block4.se-reduce.conv")->out.c, 24); /* of 18, not 16 */
    assert_int_equal(layer_named(model, "block4.se-reduce.relu")->out.c, 24);
    assert_int_equal(layer_named(model, "block4.se-expand.hard-sigmoid")->out.c, 72);
    es_model_destroy(model);
    model = create("vit-b16", 0);
    assert_true(es_shape_equal(layer_named(model, "block1.softmax.softmax")->out,
                               es_shape_map(12, 197, 197)));
    assert_int_equal(layer_named(model, "block12.scores.matmul")->macs, 197 * 197 * 768);
    assert_int_equal(layer_named(model, "block12.context.matmul")->macs, 197 * 197 * 768);
    assert_int_equal(layer_named(model, "stem.positions.add")->params, 197 * 768);
    es_model_destroy(model);
    model = create("vit-b16", 384); /* as fine-tuned: 24 x 24 patches */
    assert_int_equal(params_of(model), 86567656 + (24 * 24 - 14 * 14) * 768);
    es_model_destroy(model);
}

static void classifiers_of_fixed_size_average_larger_images(void **state) {
    (void)state;
    static const struct {
        int64_t resolution, kernel, stride; /* on pixels / 32 */
    } expected[] = {{448, 2, 2}, {320, 4, 1}, {256, 2, 1}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        es_model *model = create("vgg11", expected[i].resolution);
        const es_layer *layer = layer_named(model, "pool5.average.average-pool");
        assert_true(es_shape_equal(layer->out, es_shape_map(512, 7, 7)));
        assert_int_equal(layer->window.kernel[0], expected[i].kernel);
        assert_int_equal(layer->window.stride[1], expected[i].stride);
        assert_int_equal(params_of(model), 132863336);
        es_model_destroy(model);
    }
}

static void images_that_are_too_small_are_reported(void **state) {
    (void)state;
    es_errors errors;
    es_errors_init(&errors);
    es_model *model = NULL;
    assert_int_equal(es_model_create("vgg16", 200, &model, &errors), ES_INVALID);
    assert_string_equal(errors.records[0].text,
                        "vgg16 at 200 pixels: 6 x 6 pixels are left; expected at least 7 x 7 "
                        "(pool5.average)");
    assert_int_equal(es_model_create("alexnet", 32, &model, &errors), ES_INVALID);
    assert_non_null(strstr(errors.records[1].text, "alexnet at 32 pixels: "));
    assert_non_null(strstr(errors.records[1].text, "(pool5.max-pool)"));
    assert_int_equal(errors.n, 2);
    assert_null(model);
}

static void underscores_do_for_dashes(void **state) {
    (void)state;
    static const char *const names[][2] = {
        {"mobilenet_v2", "mobilenet-v2"},
        {"efficientnet_v2_xl", "efficientnet-v2-xl"},
        {"regnet_y-400mf", "regnet-y-400mf"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        es_model *model = create(names[i][0], 0);
        assert_string_equal(model->name, names[i][1]);
        es_model_destroy(model);
    }
    static const char *const unknown[] = {"mobilenet+v2", "mobilenet_v", "mobilenet_v2_", "_", ""};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        es_errors errors;
        es_errors_init(&errors);
        es_model *model = NULL;
        assert_int_equal(es_model_create(unknown[i], 0, &model, &errors), ES_INVALID);
        assert_null(model);
    }
}

static void memory_that_runs_out_is_reported(void **state) {
    (void)state;
    for (size_t i = 0; i < N_PUBLISHED; i++)
        for (size_t n = 1;; n++) {
            es_errors errors;
            es_errors_init(&errors);
            es_model *model = NULL;
            fault_alloc_fail_at(n);
            es_status status = es_model_create(published[i].name, 0, &model, &errors);
            bool struck = fault_alloc_struck();
            fault_alloc_fail_at(0);
            es_model_destroy(model);
            assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
            if (!struck)
                break;
            assert_int_equal(es_errors_status(&errors), ES_NO_MEMORY);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_networks_are_listed),
        cmocka_unit_test(totals_are_the_published_ones),
        cmocka_unit_test(b2_agrees_at_288_pixels_too),
        cmocka_unit_test(macs_at_odd_resolutions_are_exact),
        cmocka_unit_test(totals_with_moving_statistics_are_those_of_the_authors),
        cmocka_unit_test(blocks_have_the_published_shapes),
        cmocka_unit_test(blocks_end_with_one_tensor),
        cmocka_unit_test(bottlenecks_are_those_of_the_paper),
        cmocka_unit_test(repeated_blocks_are_residual),
        cmocka_unit_test(layers_are_as_published),
        cmocka_unit_test(classifiers_of_fixed_size_average_larger_images),
        cmocka_unit_test(images_that_are_too_small_are_reported),
        cmocka_unit_test(underscores_do_for_dashes),
        cmocka_unit_test(memory_that_runs_out_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
