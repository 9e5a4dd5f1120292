/* MobileNetV2: M. Sandler, A. Howard, M. Zhu, A. Zhmoginov, L.-C. Chen, "MobileNetV2: Inverted
 * Residuals and Linear Bottlenecks", CVPR 2018, table 2. */
#include "mbconv.h"

static const mbconv_stage stages[] = {
    {.expansion = 1, .kernel = 3, .stride = 1, .channels = 16, .n = 1},
    {.expansion = 6, .kernel = 3, .stride = 2, .channels = 24, .n = 2},
    {.expansion = 6, .kernel = 3, .stride = 2, .channels = 32, .n = 3},
    {.expansion = 6, .kernel = 3, .stride = 2, .channels = 64, .n = 4},
    {.expansion = 6, .kernel = 3, .stride = 1, .channels = 96, .n = 3},
    {.expansion = 6, .kernel = 3, .stride = 2, .channels = 160, .n = 3},
    {.expansion = 6, .kernel = 3, .stride = 1, .channels = 320, .n = 1},
};

static const es_zoo_variant variants[] = {
    {"mobilenet-v2", "MobileNetV2 (Sandler et al., CVPR 2018), 224 x 224 pixels", 224},
};

static void build(es_zoo *zoo, size_t variant) {
    (void)variant;
    mbconv_build(zoo, &(mbconv_network){.n_stages = sizeof stages / sizeof stages[0],
                                        .stages = stages,
                                        .stem_channels = 32,
                                        .head_channels = 1280,
                                        .width_tenths = 10,
                                        .depth_tenths = 10,
                                        .activation = ES_OP_RELU6});
}

const es_zoo_family es_zoo_mobilenet_v2 = {
    .source = "Sandler et al., MobileNetV2: Inverted Residuals and Linear Bottlenecks, CVPR 2018",
    .n_variants = sizeof variants / sizeof variants[0],
    .variants = variants,
    .build = build,
};
