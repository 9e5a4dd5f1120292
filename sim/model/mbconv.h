/* Private to the module: what MobileNetV2 and both EfficientNets are made of. */
#ifndef MODEL_MBCONV_H
#define MODEL_MBCONV_H

#include "zoo.h"

/* A run of blocks: the first has the stride. */
typedef struct mbconv_stage {
    bool fused; /* one dense convolution in place of expansion and depthwise (fused MBConv) */
    int64_t expansion, kernel, stride, channels, n;
    bool squeeze; /* squeeze and excitation by a quarter of the block's input channels */
} mbconv_stage;

typedef struct mbconv_network {
    size_t n_stages;
    const mbconv_stage *stages;
    int64_t stem_channels, head_channels;
    int64_t width_tenths, depth_tenths; /* factors on all channels and on all n */
    bool keep_nine_tenths;              /* as in zoo_scale_channels */
    es_op activation; /* throughout, but for the gates of squeeze and excitation */
} mbconv_network;

/* Stem, "block1" .., head, pool, classifier. */
void mbconv_build(es_zoo *zoo, const mbconv_network *network);

#endif
