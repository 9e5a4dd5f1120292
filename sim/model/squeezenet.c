/* SqueezeNet 1.1: F. N. Iandola et al., "SqueezeNet: AlexNet-level accuracy with 50x fewer
 * parameters and < 0.5 MB model size", arXiv:1602.07360, 2016, in the form of the authors'
 * published code of that version. Pools are in "ceil mode". */
#include "zoo.h"

/* Channels behind the squeeze and of each of the two expansions. */
static const struct {
    int64_t squeezed, expanded;
    bool pool; /* behind it */
} fires[] = {
    {16, 64, false},  {16, 64, true},   {32, 128, false}, {32, 128, true},
    {48, 192, false}, {48, 192, false}, {64, 256, false}, {64, 256, false},
};
enum { FIRST_FIRE = 2 }; /* the paper's number of the first */

static const es_zoo_variant variants[] = {
    {"squeezenet1.1", "SqueezeNet 1.1 (Iandola et al., 2016), 224 x 224 pixels", 224},
};

static size_t conv_relu(es_zoo *zoo, size_t x, int64_t channels, int64_t kernel) {
    x = zoo_convolve(zoo, x, (zoo_conv){channels, kernel, 1, kernel / 2, 1, true});
    return zoo_unary(zoo, ES_OP_RELU, x);
}

static size_t fire(es_zoo *zoo, size_t x, int64_t squeezed, int64_t expanded) {
    zoo_unit(zoo, "squeeze");
    x = conv_relu(zoo, x, squeezed, 1);
    size_t parts[2];
    zoo_unit(zoo, "expand1");
    parts[0] = conv_relu(zoo, x, expanded, 1);
    zoo_unit(zoo, "expand3");
    parts[1] = conv_relu(zoo, x, expanded, 3);
    zoo_unit(zoo, "join");
    return zoo_concat(zoo, 2, parts);
}

static size_t pool(es_zoo *zoo, size_t x) {
    return zoo_pool(zoo, ES_OP_MAX_POOL, x, es_window_square(3, 2, 0), true);
}

static void build(es_zoo *zoo, size_t variant) {
    (void)variant;
    zoo_block(zoo, false, "stem");
    size_t x = zoo_convolve(zoo, 0, (zoo_conv){64, 3, 2, 0, 1, true});
    x = zoo_unary(zoo, ES_OP_RELU, x);
    zoo_unit(zoo, "pool");
    x = pool(zoo, x);
    for (size_t i = 0; i < sizeof fires / sizeof fires[0]; i++) {
        zoo_block(zoo, true, "fire%zu", FIRST_FIRE + i);
        x = fire(zoo, x, fires[i].squeezed, fires[i].expanded);
        if (!fires[i].pool)
            continue;
        zoo_block(zoo, false, "pool%zu", FIRST_FIRE + i);
        x = pool(zoo, x);
    }
    zoo_block(zoo, false, "classifier");
    x = conv_relu(zoo, x, ZOO_CLASSES, 1);
    zoo_block(zoo, false, "pool");
    zoo_flatten(zoo, zoo_unary(zoo, ES_OP_GLOBAL_AVERAGE_POOL, x));
}

const es_zoo_family es_zoo_squeezenet = {
    .source = "Iandola et al., SqueezeNet: AlexNet-level accuracy with 50x fewer parameters, 2016",
    .n_variants = sizeof variants / sizeof variants[0],
    .variants = variants,
    .build = build,
};
