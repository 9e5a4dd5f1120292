/* The graphs of ../shared/onnx against their README and the zoo's networks of the same name. */
#include "edgesplit/network.h"

#include "test.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define FOLDER ES_SHARED_DATA "/onnx/"

typedef struct shared_file {
    const char *file, *zoo;
    int64_t macs;      /* by the README */
    bool batch_folded; /* batch norms are part of the convolutions in front */
} shared_file;

static const shared_file files[] = {
    {"efficientnet_b0.onnx", "efficientnet-b0", 385814752, true},
    {"efficientnet_v2_s.onnx", "efficientnet-v2-s", 8365617152, true},
    {"resnet50.onnx", "resnet50", 4089184256, false},
    {"mobilenet_v2.onnx", "mobilenet-v2", 300774272, true},
    {"mobilenet_v2_weights_as_inputs.onnx", "mobilenet-v2", 300774272, true},
    {"squeezenet1_1_random.onnx", "squeezenet1.1", 349151936, false},
};
enum { N_FILES = sizeof files / sizeof files[0] };

static es_model *open_network(const char *what) {
    es_network_options options = {0};
    es_errors errors;
    es_errors_init(&errors);
    es_model *model = NULL;
    if (es_network_open(what, &options, &model, &errors) != ES_OK)
        fail_msg("%s", errors.records[0].text);
    return model;
}

static es_model *open_file(size_t i) {
    char path[1024];
    snprintf(path, sizeof path, "%s%s", FOLDER, files[i].file);
    if (access(path, R_OK) != 0)
        skip();
    return open_network(path);
}

/* The parameters of layers 1 .. last. Where a batch norm has been folded into the convolution in
 * front, its shift has become the bias and its scale is in the weights. */
static int64_t folded_params(const es_model *model, size_t last) {
    int64_t params = 0;
    for (size_t l = 1; l <= last; l++) {
        const es_layer *layer = &model->layers[l];
        bool folds = layer->op == ES_OP_BATCH_NORM &&
                     model->layers[layer->inputs[0]].op == ES_OP_CONV &&
                     !model->layers[layer->inputs[0]].bias;
        params += folds ? layer->params / 2 : layer->params;
    }
    return params;
}

static void totals(void **state) {
    (void)state;
    for (size_t i = 0; i < N_FILES; i++) {
        es_model *model = open_file(i), *zoo = open_network(files[i].zoo);
        const es_cut *end = &model->cuts[ES_LEAF][model->n_layers];
        const es_cut *zoo_end = &zoo->cuts[ES_LEAF][zoo->n_layers];
        assert_int_equal(end->head_macs, files[i].macs);
        assert_int_equal(zoo_end->head_macs, files[i].macs);
        assert_int_equal(end->head_params, files[i].batch_folded ? folded_params(zoo, zoo->n_layers)
                                                                 : zoo_end->head_params);
        es_model_destroy(model);
        es_model_destroy(zoo);
    }
}

static void fused_cuts_are_those_of_the_zoo(void **state) {
    (void)state;
    for (size_t i = 0; i < N_FILES; i++) {
        es_model *model = open_file(i), *zoo = open_network(files[i].zoo);
        assert_int_equal(model->n_cuts[ES_FUSED], zoo->n_cuts[ES_FUSED]);
        for (size_t k = 0; k < model->n_cuts[ES_FUSED]; k++) {
            const es_cut *cut = &model->cuts[ES_FUSED][k], *other = &zoo->cuts[ES_FUSED][k];
            assert_int_equal(cut->elems, other->elems);
            assert_int_equal(cut->n_tensors, other->n_tensors);
            assert_int_equal(cut->head_macs, other->head_macs);
            assert_int_equal(cut->natural, other->natural);
            assert_int_equal(cut->compressive, other->compressive);
            assert_int_equal(cut->head_params, files[i].batch_folded
                                                   ? folded_params(zoo, other->last_layer)
                                                   : other->head_params);
            assert_true(es_shape_equal(model->layers[cut->last_layer].out,
                                       zoo->layers[other->last_layer].out));
        }
        es_model_destroy(model);
        es_model_destroy(zoo);
    }
}

/* The cuts behind the zoo's blocks are among those of the regions between single-tensor cuts. */
static void blocks_are_found(void **state) {
    (void)state;
    for (size_t i = 0; i < N_FILES; i++) {
        es_model *model = open_file(i), *zoo = open_network(files[i].zoo);
        for (size_t b = 0; b < zoo->n_cuts[ES_BLOCK]; b++) {
            const es_cut *block = &zoo->cuts[ES_BLOCK][b];
            size_t unit = es_model_find_cut(zoo, ES_FUSED, block->last_layer);
            assert_true(unit < zoo->n_cuts[ES_FUSED]);
            size_t last = model->cuts[ES_FUSED][unit].last_layer;
            assert_true(block->n_tensors > 1 ||
                        es_model_find_cut(model, ES_BLOCK, last) < model->n_cuts[ES_BLOCK]);
        }
        es_model_destroy(model);
        es_model_destroy(zoo);
    }
}

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* 5 MB of weights are not read: far below the 100 ms that are asked for, with room for sanitizers
 * and a busy machine. The best of several. */
static void weights_cost_no_time(void **state) {
    (void)state;
    double best_s = 1;
    for (int i = 0; i < 10; i++) {
        double start_s = now_s();
        es_model_destroy(open_file(N_FILES - 1));
        double took_s = now_s() - start_s;
        best_s = took_s < best_s ? took_s : best_s;
    }
    assert_true(best_s < 0.1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals),
        cmocka_unit_test(fused_cuts_are_those_of_the_zoo),
        cmocka_unit_test(blocks_are_found),
        cmocka_unit_test(weights_cost_no_time),
    };
    if (access(FOLDER, R_OK) != 0)
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
