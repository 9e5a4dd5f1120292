/* DenseNet-121: G. Huang, Z. Liu, L. van der Maaten, K. Q. Weinberger, "Densely Connected
 * Convolutional Networks", CVPR 2017, table 1 (DenseNet-BC, growth rate 32). A dense layer appends
 * its channels to those that it reads, so that one tensor leaves it: the same network as one whose
 * layers each concatenate all that came before. */
#include "zoo.h"

enum { N_STAGES = 4, GROWTH = 32, BOTTLENECK = 4 * GROWTH, STEM_CHANNELS = 2 * GROWTH };

static const int n_layers[N_STAGES] = {6, 12, 24, 16};

static const es_zoo_variant variants[] = {
    {"densenet121", "DenseNet-121 (Huang et al., CVPR 2017), 224 x 224 pixels", 224},
};

static size_t norm_relu(es_zoo *zoo, size_t x) {
    return zoo_unary(zoo, ES_OP_RELU, zoo_unary(zoo, ES_OP_BATCH_NORM, x));
}

static size_t dense_layer(es_zoo *zoo, size_t x) {
    zoo_unit(zoo, "norm");
    size_t y = norm_relu(zoo, x);
    zoo_unit(zoo, "reduce");
    y = zoo_unary(zoo, ES_OP_RELU, zoo_conv_norm(zoo, y, BOTTLENECK, 1, 1, 1));
    zoo_unit(zoo, "grow");
    y = zoo_convolve(zoo, y,
                     (zoo_conv){.channels = GROWTH, .kernel = 3, .stride = 1, .padding = 1});
    zoo_unit(zoo, "join");
    return zoo_concat(zoo, 2, (size_t[]){x, y});
}

static size_t transition(es_zoo *zoo, size_t x) {
    zoo_unit(zoo, "norm");
    x = norm_relu(zoo, x);
    zoo_unit(zoo, "reduce");
    x = zoo_convolve(zoo, x,
                     (zoo_conv){.channels = zoo_shape(zoo, x).c / 2, .kernel = 1, .stride = 1});
    zoo_unit(zoo, "pool");
    return zoo_pool(zoo, ES_OP_AVERAGE_POOL, x, es_window_square(2, 2, 0), false);
}

static void build(es_zoo *zoo, size_t variant) {
    (void)variant;
    zoo_block(zoo, false, "stem");
    size_t x = zoo_unary(zoo, ES_OP_RELU, zoo_conv_norm(zoo, 0, STEM_CHANNELS, 7, 2, 1));
    zoo_unit(zoo, "pool");
    x = zoo_pool(zoo, ES_OP_MAX_POOL, x, es_window_square(3, 2, 1), false);
    int number = 0;
    for (int stage = 0; stage < N_STAGES; stage++) {
        if (stage > 0) {
            zoo_block(zoo, false, "transition%d", stage);
            x = transition(zoo, x);
        }
        for (int i = 0; i < n_layers[stage]; i++) {
            zoo_block(zoo, true, "block%d", ++number);
            x = dense_layer(zoo, x);
        }
    }
    zoo_block(zoo, false, "head");
    zoo_pool_classify(zoo, norm_relu(zoo, x));
}

const es_zoo_family es_zoo_densenet = {
    .source = "Huang et al., Densely Connected Convolutional Networks, CVPR 2017",
    .n_variants = sizeof variants / sizeof variants[0],
    .variants = variants,
    .build = build,
};
