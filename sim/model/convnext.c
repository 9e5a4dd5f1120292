/* ConvNeXt-Tiny: Z. Liu, H. Mao, C.-Y. Wu, C. Feichtenhofer, T. Darrell, S. Xie, "A ConvNet for the
 * 2020s", CVPR 2022. Layer norms and linear layers work on the channels of each pixel, which are
 * brought to the last dimension for them. */
#include "zoo.h"

enum { N_STAGES = 4, EXPANSION = 4 };

static const int64_t channels[N_STAGES] = {96, 192, 384, 768};
static const int n_blocks[N_STAGES] = {3, 3, 9, 3};

static const es_zoo_variant variants[] = {
    {"convnext-tiny", "ConvNeXt-Tiny (Liu et al., CVPR 2022), 224 x 224 pixels", 224},
};

static size_t channels_last(es_zoo *zoo, size_t x) {
    es_shape in = zoo_shape(zoo, x);
    zoo_unit(zoo, "channels-last");
    return zoo_rearrange(zoo, ES_OP_TRANSPOSE, x, es_shape_map(in.h, in.w, in.c));
}

static size_t channels_first(es_zoo *zoo, size_t x) {
    es_shape in = zoo_shape(zoo, x);
    zoo_unit(zoo, "channels-first");
    return zoo_rearrange(zoo, ES_OP_TRANSPOSE, x, es_shape_map(in.dims[2], in.dims[0], in.dims[1]));
}

static size_t norm(es_zoo *zoo, size_t x) {
    zoo_unit(zoo, "norm");
    return zoo_unary(zoo, ES_OP_LAYER_NORM, x);
}

/* Filter each channel, then a perceptron at each pixel; what comes of it is scaled per channel. */
static size_t block(es_zoo *zoo, size_t x) {
    int64_t n = zoo_shape(zoo, x).c;
    zoo_unit(zoo, "depthwise");
    size_t y = zoo_convolve(zoo, x, (zoo_conv){n, 7, 1, 3, n, true});
    y = norm(zoo, channels_last(zoo, y));
    zoo_unit(zoo, "expand");
    y = zoo_unary(zoo, ES_OP_GELU, zoo_linear(zoo, y, n * EXPANSION));
    zoo_unit(zoo, "project");
    y = channels_first(zoo, zoo_linear(zoo, y, n));
    zoo_unit(zoo, "scale");
    return zoo_binary(zoo, ES_OP_ADD, zoo_constant(zoo, ES_OP_MUL, y, n), x);
}

static void build(es_zoo *zoo, size_t variant) {
    (void)variant;
    zoo_block(zoo, false, "stem");
    size_t x = zoo_convolve(zoo, 0, (zoo_conv){channels[0], 4, 4, 0, 1, true});
    x = channels_first(zoo, norm(zoo, channels_last(zoo, x)));
    int number = 0;
    for (int stage = 0; stage < N_STAGES; stage++) {
        if (stage > 0) {
            zoo_block(zoo, false, "downsample%d", stage);
            x = channels_first(zoo, norm(zoo, channels_last(zoo, x)));
            zoo_unit(zoo, "conv");
            x = zoo_convolve(zoo, x, (zoo_conv){channels[stage], 2, 2, 0, 1, true});
        }
        for (int i = 0; i < n_blocks[stage]; i++) {
            zoo_block(zoo, true, "block%d", ++number);
            x = block(zoo, x);
        }
    }
    zoo_block(zoo, false, "pool");
    x = zoo_flatten(zoo, zoo_unary(zoo, ES_OP_GLOBAL_AVERAGE_POOL, x));
    zoo_block(zoo, false, "classifier");
    x = norm(zoo, x);
    zoo_unit(zoo, "output");
    zoo_linear(zoo, x, ZOO_CLASSES);
}

const es_zoo_family es_zoo_convnext = {
    .source = "Liu et al., A ConvNet for the 2020s, CVPR 2022",
    .n_variants = sizeof variants / sizeof variants[0],
    .variants = variants,
    .build = build,
};
