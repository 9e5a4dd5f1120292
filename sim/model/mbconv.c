/* Inverted bottlenecks: M. Sandler et al., "MobileNetV2: Inverted Residuals and Linear
 * Bottlenecks", CVPR 2018; with squeeze and excitation as in M. Tan et al., "MnasNet", CVPR 2019;
 * fused ones as in S. Gupta, B. Akin, "Accelerator-aware Neural Network Design using AutoML", 2020.
 */
#include "mbconv.h"

/* Expand, filter each channel, gate, project. */
static size_t inverted_bottleneck(es_zoo *zoo, size_t x, const mbconv_stage *stage, int64_t stride,
                                  int64_t channels, es_op activation) {
    int64_t in_channels = zoo_shape(zoo, x).c, inner = in_channels * stage->expansion;
    size_t y = x;
    if (stage->expansion != 1) {
        zoo_unit(zoo, "expand");
        y = zoo_unary(zoo, activation, zoo_conv_norm(zoo, y, inner, 1, 1, 1));
    }
    zoo_unit(zoo, "depthwise");
    y = zoo_unary(zoo, activation, zoo_conv_norm(zoo, y, inner, stage->kernel, stride, inner));
    if (stage->squeeze)
        y = zoo_squeeze_excite(zoo, y, in_channels < 4 ? 1 : in_channels / 4, activation,
                               ES_OP_SIGMOID);
    zoo_unit(zoo, "project");
    return zoo_conv_norm(zoo, y, channels, 1, 1, 1);
}

/* Expand and filter at once, project; without an expansion only filter. */
static size_t fused_bottleneck(es_zoo *zoo, size_t x, const mbconv_stage *stage, int64_t stride,
                               int64_t channels, es_op activation) {
    bool expands = stage->expansion != 1;
    int64_t inner = expands ? zoo_shape(zoo, x).c * stage->expansion : channels;
    zoo_unit(zoo, expands ? "expand" : "conv");
    x = zoo_unary(zoo, activation, zoo_conv_norm(zoo, x, inner, stage->kernel, stride, 1));
    if (!expands)
        return x;
    zoo_unit(zoo, "project");
    return zoo_conv_norm(zoo, x, channels, 1, 1, 1);
}

void mbconv_build(es_zoo *zoo, const mbconv_network *network) {
    int64_t width = network->width_tenths;
    bool keep = network->keep_nine_tenths;
    es_op activation = network->activation;
    zoo_block(zoo, false, "stem");
    int64_t stem_channels = zoo_scale_channels(network->stem_channels, width, 8, keep);
    size_t x = zoo_unary(zoo, activation, zoo_conv_norm(zoo, 0, stem_channels, 3, 2, 1));
    int number = 0;
    for (size_t s = 0; s < network->n_stages; s++) {
        const mbconv_stage *stage = &network->stages[s];
        int64_t channels = zoo_scale_channels(stage->channels, width, 8, keep);
        int64_t n = (stage->n * network->depth_tenths + 9) / 10;
        for (int64_t i = 0; i < n; i++) {
            int64_t stride = i == 0 ? stage->stride : 1;
            zoo_block(zoo, true, "block%d", ++number);
            size_t y = (stage->fused ? fused_bottleneck : inverted_bottleneck)(
                zoo, x, stage, stride, channels, activation);
            bool same = stride == 1 && channels == zoo_shape(zoo, x).c;
            x = same ? zoo_binary(zoo, ES_OP_ADD, x, y) : y;
        }
    }
    zoo_block(zoo, false, "head");
    int64_t head_channels = zoo_scale_channels(network->head_channels, width, 8, keep);
    x = zoo_unary(zoo, activation, zoo_conv_norm(zoo, x, head_channels, 1, 1, 1));
    zoo_pool_classify(zoo, x);
}
