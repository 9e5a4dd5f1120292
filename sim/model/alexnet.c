/* AlexNet: A. Krizhevsky, "One weird trick for parallelizing convolutional neural networks",
 * arXiv:1404.5997, 2014: the form on one device, as in torchvision, without local response
 * normalisation. The classifier takes 6 x 6 pixels: what images beyond 224 x 224 leave is averaged
 * to that. */
#include "zoo.h"

enum { POOLED = 6, HIDDEN_CHANNELS = 4096 };

static const struct {
    zoo_conv conv;
    bool pool;
} convs[] = {
    {{64, 11, 4, 2, 1, true}, true},  {{192, 5, 1, 2, 1, true}, true},
    {{384, 3, 1, 1, 1, true}, false}, {{256, 3, 1, 1, 1, true}, false},
    {{256, 3, 1, 1, 1, true}, true},
};

static const es_zoo_variant variants[] = {
    {"alexnet", "AlexNet (Krizhevsky, 2014), 224 x 224 pixels", 224},
};

static void build(es_zoo *zoo, size_t variant) {
    (void)variant;
    size_t x = 0;
    for (size_t i = 0; i < sizeof convs / sizeof convs[0]; i++) {
        zoo_block(zoo, false, "conv%zu", i + 1);
        x = zoo_unary(zoo, ES_OP_RELU, zoo_convolve(zoo, x, convs[i].conv));
        if (!convs[i].pool)
            continue;
        zoo_block(zoo, false, "pool%zu", i + 1);
        x = zoo_pool(zoo, ES_OP_MAX_POOL, x, es_window_square(3, 2, 0), false);
    }
    x = zoo_flatten(zoo, zoo_adaptive_pool(zoo, "average", x, POOLED));
    zoo_block(zoo, false, "fc6");
    x = zoo_unary(zoo, ES_OP_RELU, zoo_linear(zoo, x, HIDDEN_CHANNELS));
    zoo_block(zoo, false, "fc7");
    x = zoo_unary(zoo, ES_OP_RELU, zoo_linear(zoo, x, HIDDEN_CHANNELS));
    zoo_block(zoo, false, "fc8");
    zoo_linear(zoo, x, ZOO_CLASSES);
}

const es_zoo_family es_zoo_alexnet = {
    .source = "Krizhevsky, One weird trick for parallelizing convolutional neural networks, 2014",
    .n_variants = sizeof variants / sizeof variants[0],
    .variants = variants,
    .build = build,
};
