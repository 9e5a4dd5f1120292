/* RegNetY-400MF: I. Radosavovic, R. P. Kosaraju, R. Girshick, K. He, P. Dollar, "Designing Network
 * Design Spaces", CVPR 2020: the stages that its initial width 48, slope 27.89, quantisation 2.09
 * and depth 16 give. */
#include "zoo.h"

enum { STEM_CHANNELS = 32, GROUP_CHANNELS = 8 };

static const struct {
    int64_t channels;
    int n;
} stages[] = {{48, 1}, {104, 3}, {208, 6}, {440, 6}};

static const es_zoo_variant variants[] = {
    {"regnet-y-400mf", "RegNetY-400MF (Radosavovic et al., CVPR 2020), 224 x 224 pixels", 224},
};

/* Squeeze and excitation reduces to a quarter of the channels that the block reads. */
static size_t bottleneck(es_zoo *zoo, size_t x, int64_t channels, int64_t stride) {
    int64_t in_channels = zoo_shape(zoo, x).c;
    size_t shortcut = x;
    if (stride != 1 || channels != in_channels) {
        zoo_unit(zoo, "shortcut");
        shortcut = zoo_conv_norm(zoo, x, channels, 1, stride, 1);
    }
    zoo_unit(zoo, "conv1");
    x = zoo_unary(zoo, ES_OP_RELU, zoo_conv_norm(zoo, x, channels, 1, 1, 1));
    zoo_unit(zoo, "conv2");
    x = zoo_conv_norm(zoo, x, channels, 3, stride, channels / GROUP_CHANNELS);
    x = zoo_unary(zoo, ES_OP_RELU, x);
    x = zoo_squeeze_excite(zoo, x, in_channels / 4, ES_OP_RELU, ES_OP_SIGMOID);
    zoo_unit(zoo, "conv3");
    x = zoo_conv_norm(zoo, x, channels, 1, 1, 1);
    return zoo_unary(zoo, ES_OP_RELU, zoo_binary(zoo, ES_OP_ADD, shortcut, x));
}

static void build(es_zoo *zoo, size_t variant) {
    (void)variant;
    zoo_block(zoo, false, "stem");
    size_t x = zoo_unary(zoo, ES_OP_RELU, zoo_conv_norm(zoo, 0, STEM_CHANNELS, 3, 2, 1));
    int number = 0;
    for (size_t stage = 0; stage < sizeof stages / sizeof stages[0]; stage++)
        for (int i = 0; i < stages[stage].n; i++) {
            zoo_block(zoo, true, "block%d", ++number);
            x = bottleneck(zoo, x, stages[stage].channels, i == 0 ? 2 : 1);
        }
    zoo_pool_classify(zoo, x);
}

const es_zoo_family es_zoo_regnet = {
    .source = "Radosavovic et al., Designing Network Design Spaces, CVPR 2020",
    .n_variants = sizeof variants / sizeof variants[0],
    .variants = variants,
    .build = build,
};
