/* ResNet-18, 34, 50, 101, 152: K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image
 * Recognition", CVPR 2016, table 1; shortcuts by projection where the shape changes (option B). As
 * in torchvision a bottleneck's stride is in its 3 x 3 convolution, not in its first ("v1.5"). */
#include "zoo.h"

enum { N_STAGES = 4, STEM_CHANNELS = 64, EXPANSION = 4 };

static const struct {
    bool bottleneck;
    int n[N_STAGES];
} networks[] = {
    {false, {2, 2, 2, 2}}, {false, {3, 4, 6, 3}}, {true, {3, 4, 6, 3}},
    {true, {3, 4, 23, 3}}, {true, {3, 8, 36, 3}},
};

#define VARIANT(depth)                                                                             \
    { "resnet" #depth, "ResNet-" #depth " (He et al., CVPR 2016), 224 x 224 pixels", 224 }
static const es_zoo_variant variants[] = {
    VARIANT(18), VARIANT(34), VARIANT(50), VARIANT(101), VARIANT(152),
};

static size_t basic_block(es_zoo *zoo, size_t x, int64_t channels, int64_t stride) {
    zoo_unit(zoo, "conv1");
    x = zoo_unary(zoo, ES_OP_RELU, zoo_conv_norm(zoo, x, channels, 3, stride, 1));
    zoo_unit(zoo, "conv2");
    return zoo_conv_norm(zoo, x, channels, 3, 1, 1);
}

static size_t bottleneck(es_zoo *zoo, size_t x, int64_t channels, int64_t stride) {
    zoo_unit(zoo, "conv1");
    x = zoo_unary(zoo, ES_OP_RELU, zoo_conv_norm(zoo, x, channels, 1, 1, 1));
    zoo_unit(zoo, "conv2");
    x = zoo_unary(zoo, ES_OP_RELU, zoo_conv_norm(zoo, x, channels, 3, stride, 1));
    zoo_unit(zoo, "conv3");
    return zoo_conv_norm(zoo, x, channels * EXPANSION, 1, 1, 1);
}

static void build(es_zoo *zoo, size_t variant) {
    zoo_block(zoo, false, "stem");
    size_t x = zoo_unary(zoo, ES_OP_RELU, zoo_conv_norm(zoo, 0, STEM_CHANNELS, 7, 2, 1));
    zoo_unit(zoo, "pool");
    x = zoo_pool(zoo, ES_OP_MAX_POOL, x, es_window_square(3, 2, 1), false);
    int number = 0;
    for (int stage = 0; stage < N_STAGES; stage++)
        for (int i = 0; i < networks[variant].n[stage]; i++) {
            int64_t channels = STEM_CHANNELS << stage, stride = stage > 0 && i == 0 ? 2 : 1;
            zoo_block(zoo, true, "block%d", ++number);
            size_t y =
                (networks[variant].bottleneck ? bottleneck : basic_block)(zoo, x, channels, stride);
            int64_t out_channels = zoo_shape(zoo, y).c;
            if (stride != 1 || out_channels != zoo_shape(zoo, x).c) {
                zoo_unit(zoo, "shortcut");
                x = zoo_conv_norm(zoo, x, out_channels, 1, stride, 1);
            }
            x = zoo_unary(zoo, ES_OP_RELU, zoo_binary(zoo, ES_OP_ADD, y, x));
        }
    zoo_pool_classify(zoo, x);
}

const es_zoo_family es_zoo_resnet = {
    .source = "He et al., Deep Residual Learning for Image Recognition, CVPR 2016",
    .n_variants = sizeof variants / sizeof variants[0],
    .variants = variants,
    .build = build,
};
