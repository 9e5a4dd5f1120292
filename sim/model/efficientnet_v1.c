/* EfficientNet B0 .. B7: M. Tan, Q. V. Le, "EfficientNet: Rethinking Model Scaling for
 * Convolutional Neural Networks", ICML 2019. The baseline is table 1; the width and depth factors
 * and resolutions of B1 .. B7 are those of the authors' published code, the rounding rules too.
 * Dropout is the identity when a network is used, hence no layer. */
#include "builder.h"

typedef struct stage_spec {
    int64_t expansion;
    int kernel, stride;
    int64_t channels;
    int blocks;
} stage_spec;

static const stage_spec stages[] = {
    {1, 3, 1, 16, 1},  {6, 3, 2, 24, 2},  {6, 5, 2, 40, 2},  {6, 3, 2, 80, 3},
    {6, 5, 1, 112, 3}, {6, 5, 2, 192, 4}, {6, 3, 1, 320, 1},
};
enum { N_STAGES = sizeof stages / sizeof stages[0] };
enum { STEM_CHANNELS = 32, HEAD_CHANNELS = 1280, CLASSES = 1000, SE_RATIO = 4 };

/* Width and depth factors in tenths, so that rounding is exact. */
static const struct {
    int64_t width, depth;
} factors[] = {{10, 10}, {10, 11}, {11, 12}, {12, 14}, {14, 18}, {16, 22}, {18, 26}, {20, 31}};

#define VARIANT(number, resolution)                                                                \
    {                                                                                              \
        "efficientnet-b" #number,                                                                  \
            "EfficientNet-B" #number " (Tan & Le, ICML 2019), " #resolution " x " #resolution      \
            " pixels",                                                                             \
            resolution                                                                             \
    }
static const es_zoo_variant variants[] = {
    VARIANT(0, 224), VARIANT(1, 240), VARIANT(2, 260), VARIANT(3, 300),
    VARIANT(4, 380), VARIANT(5, 456), VARIANT(6, 528), VARIANT(7, 600),
};

/* The nearest multiple of 8 to the scaled channels, the next one if that loses more than 10 %. */
static int64_t scale_channels(int64_t channels, int64_t width_tenths) {
    int64_t tenths = channels * width_tenths;
    int64_t rounded = (tenths + 40) / 80 * 8;
    return 100 * rounded < 9 * tenths ? rounded + 8 : rounded;
}

static int64_t scale_depth(int64_t blocks, int64_t depth_tenths) {
    return (blocks * depth_tenths + 9) / 10;
}

static size_t conv_bn(es_builder *builder, size_t x, int64_t channels, int kernel, int stride,
                      int64_t groups) {
    size_t y = es_builder_conv(builder, x, (es_conv){channels, kernel, stride, groups, false});
    return es_builder_unary(builder, ES_OP_BATCH_NORM, y);
}

static size_t conv_bn_silu(es_builder *builder, size_t x, int64_t channels, int kernel, int stride,
                           int64_t groups) {
    size_t y = conv_bn(builder, x, channels, kernel, stride, groups);
    return es_builder_unary(builder, ES_OP_SILU, y);
}

/* Squeeze and excitation (Hu et al., CVPR 2018): each channel of `x` times a gate in 0 .. 1 that
 * depends on the means of all channels. */
static size_t squeeze_excite(es_builder *builder, size_t x, int64_t reduced) {
    int64_t channels = es_builder_shape(builder, x).c;
    es_builder_begin_unit(builder, "se-pool");
    size_t gate = es_builder_unary(builder, ES_OP_GLOBAL_AVERAGE_POOL, x);
    es_builder_begin_unit(builder, "se-reduce");
    gate = es_builder_conv(builder, gate, (es_conv){reduced, 1, 1, 1, true});
    gate = es_builder_unary(builder, ES_OP_SILU, gate);
    es_builder_begin_unit(builder, "se-expand");
    gate = es_builder_conv(builder, gate, (es_conv){channels, 1, 1, 1, true});
    gate = es_builder_unary(builder, ES_OP_SIGMOID, gate);
    es_builder_begin_unit(builder, "se-scale");
    return es_builder_binary(builder, ES_OP_MUL, x, gate);
}

/* Mobile inverted bottleneck: expand, filter each channel, gate, project. */
static size_t inverted_bottleneck(es_builder *builder, size_t x, const stage_spec *stage,
                                  int stride, int64_t channels) {
    int64_t in_channels = es_builder_shape(builder, x).c;
    int64_t inner = in_channels * stage->expansion;
    size_t y = x;
    if (stage->expansion != 1) {
        es_builder_begin_unit(builder, "expand");
        y = conv_bn_silu(builder, y, inner, 1, 1, 1);
    }
    es_builder_begin_unit(builder, "depthwise");
    y = conv_bn_silu(builder, y, inner, stage->kernel, stride, inner);
    y = squeeze_excite(builder, y, in_channels < SE_RATIO ? 1 : in_channels / SE_RATIO);
    es_builder_begin_unit(builder, "project");
    y = conv_bn(builder, y, channels, 1, 1, 1);
    if (stride == 1 && channels == in_channels)
        y = es_builder_binary(builder, ES_OP_ADD, x, y);
    return y;
}

static void build(es_builder *builder, size_t variant) {
    int64_t width = factors[variant].width, depth = factors[variant].depth;
    es_builder_begin_block(builder, "stem", false);
    es_builder_begin_unit(builder, NULL);
    size_t x = conv_bn_silu(builder, 0, scale_channels(STEM_CHANNELS, width), 3, 2, 1);
    int number = 0;
    for (size_t s = 0; s < N_STAGES; s++) {
        int64_t n = scale_depth(stages[s].blocks, depth);
        for (int64_t i = 0; i < n; i++) {
            char name[ES_UNIT_NAME];
            snprintf(name, sizeof name, "block%d", ++number);
            es_builder_begin_block(builder, name, true);
            x = inverted_bottleneck(builder, x, &stages[s], i == 0 ? stages[s].stride : 1,
                                    scale_channels(stages[s].channels, width));
        }
    }
    es_builder_begin_block(builder, "head", false);
    es_builder_begin_unit(builder, NULL);
    x = conv_bn_silu(builder, x, scale_channels(HEAD_CHANNELS, width), 1, 1, 1);
    es_builder_begin_block(builder, "pool", false);
    es_builder_begin_unit(builder, NULL);
    x = es_builder_unary(builder, ES_OP_GLOBAL_AVERAGE_POOL, x);
    es_builder_begin_block(builder, "classifier", false);
    es_builder_begin_unit(builder, NULL);
    es_builder_linear(builder, x, CLASSES);
}

const es_zoo_family es_zoo_efficientnet_v1 = {
    .source = "Tan & Le, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, "
              "ICML 2019",
    .n_variants = sizeof variants / sizeof variants[0],
    .variants = variants,
    .build = build,
};
