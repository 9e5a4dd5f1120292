/* EfficientNetV2 B0 .. B3, S, M, L, XL: M. Tan, Q. V. Le, "EfficientNetV2: Smaller Models and
 * Faster Training", ICML 2021. S is table 4; the others are those of the authors' published code.
 * There the channels of B0 .. B3 are rounded to the nearest multiple of 8, without EfficientNet's
 * rule to keep nine tenths: the first stage of B3 has 16 channels. Dropout is no layer. */
#include "mbconv.h"

#define FUSED(expansion_, stride_, channels_, n_)                                                  \
    {                                                                                              \
        .fused = true, .expansion = (expansion_), .kernel = 3, .stride = (stride_),                \
        .channels = (channels_), .n = (n_)                                                         \
    }
#define MBCONV(expansion_, stride_, channels_, n_)                                                 \
    {                                                                                              \
        .expansion = (expansion_), .kernel = 3, .stride = (stride_), .channels = (channels_),      \
        .n = (n_), .squeeze = true                                                                 \
    }

static const mbconv_stage base[] = {
    FUSED(1, 1, 16, 1),  FUSED(4, 2, 32, 2),   FUSED(4, 2, 48, 2),
    MBCONV(4, 2, 96, 3), MBCONV(6, 1, 112, 5), MBCONV(6, 2, 192, 8),
};
static const mbconv_stage small[] = {
    FUSED(1, 1, 24, 2),   FUSED(4, 2, 48, 4),   FUSED(4, 2, 64, 4),
    MBCONV(4, 2, 128, 6), MBCONV(6, 1, 160, 9), MBCONV(6, 2, 256, 15),
};
static const mbconv_stage medium[] = {
    FUSED(1, 1, 24, 3),    FUSED(4, 2, 48, 5),    FUSED(4, 2, 80, 5),   MBCONV(4, 2, 160, 7),
    MBCONV(6, 1, 176, 14), MBCONV(6, 2, 304, 18), MBCONV(6, 1, 512, 5),
};
static const mbconv_stage large[] = {
    FUSED(1, 1, 32, 4),    FUSED(4, 2, 64, 7),    FUSED(4, 2, 96, 7),   MBCONV(4, 2, 192, 10),
    MBCONV(6, 1, 224, 19), MBCONV(6, 2, 384, 25), MBCONV(6, 1, 640, 7),
};
static const mbconv_stage extra_large[] = {
    FUSED(1, 1, 32, 4),    FUSED(4, 2, 64, 8),    FUSED(4, 2, 96, 8),   MBCONV(4, 2, 192, 16),
    MBCONV(6, 1, 256, 24), MBCONV(6, 2, 512, 32), MBCONV(6, 1, 640, 8),
};

#define NETWORK(stages_, stem, width, depth)                                                       \
    {                                                                                              \
        .n_stages = sizeof(stages_) / sizeof(stages_)[0], .stages = (stages_),                     \
        .stem_channels = (stem), .head_channels = 1280, .width_tenths = (width),                   \
        .depth_tenths = (depth), .activation = ES_OP_SILU                                          \
    }
static const mbconv_network networks[] = {
    NETWORK(base, 32, 10, 10),  NETWORK(base, 32, 10, 11),        NETWORK(base, 32, 11, 12),
    NETWORK(base, 32, 12, 14),  NETWORK(small, 24, 10, 10),       NETWORK(medium, 24, 10, 10),
    NETWORK(large, 32, 10, 10), NETWORK(extra_large, 32, 10, 10),
};

#define VARIANT(name, NAME, resolution)                                                            \
    {                                                                                              \
        "efficientnet-v2-" #name,                                                                  \
            "EfficientNetV2-" #NAME " (Tan & Le, ICML 2021), " #resolution " x " #resolution       \
            " pixels",                                                                             \
            resolution                                                                             \
    }
static const es_zoo_variant variants[] = {
    VARIANT(b0, B0, 224), VARIANT(b1, B1, 240), VARIANT(b2, B2, 260), VARIANT(b3, B3, 300),
    VARIANT(s, S, 384),   VARIANT(m, M, 480),   VARIANT(l, L, 480),   VARIANT(xl, XL, 512),
};

static void build(es_zoo *zoo, size_t variant) {
    mbconv_build(zoo, &networks[variant]);
}

const es_zoo_family es_zoo_efficientnet_v2 = {
    .source = "Tan & Le, EfficientNetV2: Smaller Models and Faster Training, ICML 2021",
    .n_variants = sizeof variants / sizeof variants[0],
    .variants = variants,
    .build = build,
};
