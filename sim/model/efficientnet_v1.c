/* EfficientNet B0 .. B7: M. Tan, Q. V. Le, "EfficientNet: Rethinking Model Scaling for
 * Convolutional Neural Networks", ICML 2019. The baseline is table 1; the width and depth factors
 * and resolutions of B1 .. B7 are those of the authors' published code, the rounding rules too.
 * Dropout is the identity when a network is used, hence no layer. */
#include "mbconv.h"

static const mbconv_stage stages[] = {
    {.expansion = 1, .kernel = 3, .stride = 1, .channels = 16, .n = 1, .squeeze = true},
    {.expansion = 6, .kernel = 3, .stride = 2, .channels = 24, .n = 2, .squeeze = true},
    {.expansion = 6, .kernel = 5, .stride = 2, .channels = 40, .n = 2, .squeeze = true},
    {.expansion = 6, .kernel = 3, .stride = 2, .channels = 80, .n = 3, .squeeze = true},
    {.expansion = 6, .kernel = 5, .stride = 1, .channels = 112, .n = 3, .squeeze = true},
    {.expansion = 6, .kernel = 5, .stride = 2, .channels = 192, .n = 4, .squeeze = true},
    {.expansion = 6, .kernel = 3, .stride = 1, .channels = 320, .n = 1, .squeeze = true},
};
enum { STEM_CHANNELS = 32, HEAD_CHANNELS = 1280 };

static const struct {
    int64_t width_tenths, depth_tenths;
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

static void build(es_zoo *zoo, size_t variant) {
    mbconv_build(zoo, &(mbconv_network){.n_stages = sizeof stages / sizeof stages[0],
                                        .stages = stages,
                                        .stem_channels = STEM_CHANNELS,
                                        .head_channels = HEAD_CHANNELS,
                                        .width_tenths = factors[variant].width_tenths,
                                        .depth_tenths = factors[variant].depth_tenths,
                                        .keep_nine_tenths = true,
                                        .activation = ES_OP_SILU});
}

const es_zoo_family es_zoo_efficientnet_v1 = {
    .source = "Tan & Le, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, "
              "ICML 2019",
    .n_variants = sizeof variants / sizeof variants[0],
    .variants = variants,
    .build = build,
};
