/* MobileNetV3 large and small: A. Howard et al., "Searching for MobileNetV3", ICCV 2019, tables 1
 * and 2. Squeeze and excitation reduces to a quarter of the expanded channels. */
#include "zoo.h"

typedef struct block {
    int64_t kernel, expanded, channels;
    bool squeeze;
    es_op activation;
    int64_t stride;
} block;

static const block large[] = {
    {3, 16, 16, false, ES_OP_RELU, 1},        {3, 64, 24, false, ES_OP_RELU, 2},
    {3, 72, 24, false, ES_OP_RELU, 1},        {5, 72, 40, true, ES_OP_RELU, 2},
    {5, 120, 40, true, ES_OP_RELU, 1},        {5, 120, 40, true, ES_OP_RELU, 1},
    {3, 240, 80, false, ES_OP_HARD_SWISH, 2}, {3, 200, 80, false, ES_OP_HARD_SWISH, 1},
    {3, 184, 80, false, ES_OP_HARD_SWISH, 1}, {3, 184, 80, false, ES_OP_HARD_SWISH, 1},
    {3, 480, 112, true, ES_OP_HARD_SWISH, 1}, {3, 672, 112, true, ES_OP_HARD_SWISH, 1},
    {5, 672, 160, true, ES_OP_HARD_SWISH, 2}, {5, 960, 160, true, ES_OP_HARD_SWISH, 1},
    {5, 960, 160, true, ES_OP_HARD_SWISH, 1},
};
static const block small[] = {
    {3, 16, 16, true, ES_OP_RELU, 2},        {3, 72, 24, false, ES_OP_RELU, 2},
    {3, 88, 24, false, ES_OP_RELU, 1},       {5, 96, 40, true, ES_OP_HARD_SWISH, 2},
    {5, 240, 40, true, ES_OP_HARD_SWISH, 1}, {5, 240, 40, true, ES_OP_HARD_SWISH, 1},
    {5, 120, 48, true, ES_OP_HARD_SWISH, 1}, {5, 144, 48, true, ES_OP_HARD_SWISH, 1},
    {5, 288, 96, true, ES_OP_HARD_SWISH, 2}, {5, 576, 96, true, ES_OP_HARD_SWISH, 1},
    {5, 576, 96, true, ES_OP_HARD_SWISH, 1},
};

static const struct {
    size_t n;
    const block *blocks;
    int64_t head_channels, hidden_channels;
} networks[] = {
    {sizeof large / sizeof large[0], large, 960, 1280},
    {sizeof small / sizeof small[0], small, 576, 1024},
};

#define VARIANT(size)                                                                              \
    {                                                                                              \
        "mobilenet-v3-" #size,                                                                     \
            "MobileNetV3 " #size " (Howard et al., ICCV 2019), 224 x 224 pixels", 224              \
    }
static const es_zoo_variant variants[] = {VARIANT(large), VARIANT(small)};

static size_t inverted_bottleneck(es_zoo *zoo, size_t x, const block *b) {
    size_t y = x;
    if (b->expanded != zoo_shape(zoo, x).c) {
        zoo_unit(zoo, "expand");
        y = zoo_unary(zoo, b->activation, zoo_conv_norm(zoo, y, b->expanded, 1, 1, 1));
    }
    zoo_unit(zoo, "depthwise");
    y = zoo_conv_norm(zoo, y, b->expanded, b->kernel, b->stride, b->expanded);
    y = zoo_unary(zoo, b->activation, y);
    if (b->squeeze)
        y = zoo_squeeze_excite(zoo, y, zoo_scale_channels(b->expanded / 4, 10, 8, true), ES_OP_RELU,
                               ES_OP_HARD_SIGMOID);
    zoo_unit(zoo, "project");
    y = zoo_conv_norm(zoo, y, b->channels, 1, 1, 1);
    bool same = b->stride == 1 && b->channels == zoo_shape(zoo, x).c;
    return same ? zoo_binary(zoo, ES_OP_ADD, x, y) : y;
}

static void build(es_zoo *zoo, size_t variant) {
    zoo_block(zoo, false, "stem");
    size_t x = zoo_unary(zoo, ES_OP_HARD_SWISH, zoo_conv_norm(zoo, 0, 16, 3, 2, 1));
    for (size_t i = 0; i < networks[variant].n; i++) {
        zoo_block(zoo, true, "block%zu", i + 1);
        x = inverted_bottleneck(zoo, x, &networks[variant].blocks[i]);
    }
    zoo_block(zoo, false, "head");
    x = zoo_conv_norm(zoo, x, networks[variant].head_channels, 1, 1, 1);
    x = zoo_unary(zoo, ES_OP_HARD_SWISH, x);
    zoo_block(zoo, false, "pool");
    x = zoo_flatten(zoo, zoo_unary(zoo, ES_OP_GLOBAL_AVERAGE_POOL, x));
    zoo_block(zoo, false, "classifier");
    zoo_unit(zoo, "hidden");
    x = zoo_linear(zoo, x, networks[variant].hidden_channels);
    x = zoo_unary(zoo, ES_OP_HARD_SWISH, x);
    zoo_unit(zoo, "output");
    zoo_linear(zoo, x, ZOO_CLASSES);
}

const es_zoo_family es_zoo_mobilenet_v3 = {
    .source = "Howard et al., Searching for MobileNetV3, ICCV 2019",
    .n_variants = sizeof variants / sizeof variants[0],
    .variants = variants,
    .build = build,
};
