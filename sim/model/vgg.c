/* VGG-11, 13, 16, 19: K. Simonyan, A. Zisserman, "Very Deep Convolutional Networks for Large-Scale
 * Image Recognition", ICLR 2015, table 1, configurations A, B, D, E; without batch norm. The
 * classifier takes 7 x 7 pixels: what images beyond 224 x 224 leave is averaged to that, as
 * torchvision does. */
#include "zoo.h"

enum { N_STAGES = 5, POOLED = 7, HIDDEN_CHANNELS = 4096 };

static const int64_t channels[N_STAGES] = {64, 128, 256, 512, 512};
static const int n_convs[][N_STAGES] = {
    {1, 1, 2, 2, 2}, {2, 2, 2, 2, 2}, {2, 2, 3, 3, 3}, {2, 2, 4, 4, 4}};

#define VARIANT(depth)                                                                             \
    { "vgg" #depth, "VGG-" #depth " (Simonyan & Zisserman, ICLR 2015), 224 x 224 pixels", 224 }
static const es_zoo_variant variants[] = {VARIANT(11), VARIANT(13), VARIANT(16), VARIANT(19)};

static void build(es_zoo *zoo, size_t variant) {
    size_t x = 0;
    for (int stage = 0; stage < N_STAGES; stage++) {
        for (int i = 0; i < n_convs[variant][stage]; i++) {
            zoo_block(zoo, false, "conv%d-%d", stage + 1, i + 1);
            x = zoo_convolve(zoo, x, (zoo_conv){channels[stage], 3, 1, 1, 1, true});
            x = zoo_unary(zoo, ES_OP_RELU, x);
        }
        zoo_block(zoo, false, "pool%d", stage + 1);
        x = zoo_pool(zoo, ES_OP_MAX_POOL, x, es_window_square(2, 2, 0), false);
    }
    x = zoo_flatten(zoo, zoo_adaptive_pool(zoo, "average", x, POOLED));
    zoo_block(zoo, false, "fc6");
    x = zoo_unary(zoo, ES_OP_RELU, zoo_linear(zoo, x, HIDDEN_CHANNELS));
    zoo_block(zoo, false, "fc7");
    x = zoo_unary(zoo, ES_OP_RELU, zoo_linear(zoo, x, HIDDEN_CHANNELS));
    zoo_block(zoo, false, "fc8");
    zoo_linear(zoo, x, ZOO_CLASSES);
}

const es_zoo_family es_zoo_vgg = {
    .source = "Simonyan & Zisserman, Very Deep Convolutional Networks for Large-Scale Image "
              "Recognition, ICLR 2015",
    .n_variants = sizeof variants / sizeof variants[0],
    .variants = variants,
    .build = build,
};
