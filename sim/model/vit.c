/* ViT-B/16: A. Dosovitskiy et al., "An Image is Worth 16x16 Words: Transformers for Image
 * Recognition at Scale", ICLR 2021. There is one position embedding per patch, so that the number
 * of parameters depends on the resolution. */
#include "zoo.h"

enum { N_BLOCKS = 12, WIDTH = 768, QKV_WIDTH = 3 * WIDTH, HEADS = 12, HIDDEN = 3072, PATCH = 16 };

static const es_zoo_variant variants[] = {
    {"vit-b16", "ViT-B/16 (Dosovitskiy et al., ICLR 2021), 224 x 224 pixels", 224},
};

#define SHAPE(...)                                                                                 \
    es_shape_of(sizeof(int64_t[]){__VA_ARGS__} / sizeof(int64_t), (int64_t[]){__VA_ARGS__})

/* Patches to tokens [n][WIDTH], the class token in front, plus their positions. */
static size_t embed(es_zoo *zoo) {
    zoo_block(zoo, false, "stem");
    zoo_unit(zoo, "patches");
    size_t x = zoo_convolve(zoo, 0, (zoo_conv){WIDTH, PATCH, PATCH, 0, 1, true});
    es_shape grid = zoo_shape(zoo, x);
    int64_t n = grid.h * grid.w;
    x = zoo_rearrange(zoo, ES_OP_RESHAPE, x, SHAPE(WIDTH, n));
    zoo_unit(zoo, "tokens");
    x = zoo_rearrange(zoo, ES_OP_TRANSPOSE, x, SHAPE(n, WIDTH));
    zoo_unit(zoo, "class-token");
    x = zoo_concat_constant(zoo, x, SHAPE(n + 1, WIDTH));
    zoo_unit(zoo, "positions");
    return zoo_constant(zoo, ES_OP_ADD, x, (n + 1) * WIDTH);
}

/* One of queries, keys and values: [HEADS][n][WIDTH / HEADS]. */
static size_t part(es_zoo *zoo, const char *name, size_t x, int64_t n) {
    zoo_unit(zoo, name);
    x = zoo_rearrange(zoo, ES_OP_SLICE, x, SHAPE(1, HEADS, n, WIDTH / HEADS));
    return zoo_rearrange(zoo, ES_OP_RESHAPE, x, SHAPE(HEADS, n, WIDTH / HEADS));
}

static size_t attention(es_zoo *zoo, size_t x) {
    int64_t n = zoo_shape(zoo, x).dims[0];
    zoo_unit(zoo, "qkv");
    x = zoo_linear(zoo, x, QKV_WIDTH);
    x = zoo_rearrange(zoo, ES_OP_RESHAPE, x, SHAPE(n, 3, HEADS, WIDTH / HEADS));
    zoo_unit(zoo, "heads");
    x = zoo_rearrange(zoo, ES_OP_TRANSPOSE, x, SHAPE(3, HEADS, n, WIDTH / HEADS));
    size_t queries = part(zoo, "queries", x, n);
    size_t keys = part(zoo, "keys", x, n);
    size_t values = part(zoo, "values", x, n);
    zoo_unit(zoo, "keys-transposed");
    keys = zoo_rearrange(zoo, ES_OP_TRANSPOSE, keys, SHAPE(HEADS, WIDTH / HEADS, n));
    zoo_unit(zoo, "scores");
    x = zoo_constant(zoo, ES_OP_MUL, zoo_binary(zoo, ES_OP_MATMUL, queries, keys), 0);
    zoo_unit(zoo, "softmax");
    x = zoo_unary(zoo, ES_OP_SOFTMAX, x);
    zoo_unit(zoo, "context");
    x = zoo_binary(zoo, ES_OP_MATMUL, x, values);
    zoo_unit(zoo, "merge");
    x = zoo_rearrange(zoo, ES_OP_TRANSPOSE, x, SHAPE(n, HEADS, WIDTH / HEADS));
    x = zoo_rearrange(zoo, ES_OP_RESHAPE, x, SHAPE(n, WIDTH));
    zoo_unit(zoo, "project");
    return zoo_linear(zoo, x, WIDTH);
}

static size_t perceptron(es_zoo *zoo, size_t x) {
    zoo_unit(zoo, "expand");
    x = zoo_unary(zoo, ES_OP_GELU, zoo_linear(zoo, x, HIDDEN));
    zoo_unit(zoo, "reduce");
    return zoo_linear(zoo, x, WIDTH);
}

static size_t norm(es_zoo *zoo, const char *name, size_t x) {
    zoo_unit(zoo, name);
    return zoo_unary(zoo, ES_OP_LAYER_NORM, x);
}

static void build(es_zoo *zoo, size_t variant) {
    (void)variant;
    size_t x = embed(zoo);
    for (int i = 1; i <= N_BLOCKS; i++) {
        zoo_block(zoo, true, "block%d", i);
        x = zoo_binary(zoo, ES_OP_ADD, attention(zoo, norm(zoo, "norm1", x)), x);
        x = zoo_binary(zoo, ES_OP_ADD, perceptron(zoo, norm(zoo, "norm2", x)), x);
    }
    zoo_block(zoo, false, "head");
    x = norm(zoo, "norm", x);
    zoo_unit(zoo, "class-token");
    x = zoo_rearrange(zoo, ES_OP_SLICE, x, SHAPE(1, WIDTH));
    x = zoo_flatten(zoo, x);
    zoo_block(zoo, false, "classifier");
    zoo_linear(zoo, x, ZOO_CLASSES);
}

const es_zoo_family es_zoo_vit = {
    .source = "Dosovitskiy et al., An Image is Worth 16x16 Words: Transformers for Image "
              "Recognition at Scale, ICLR 2021",
    .n_variants = sizeof variants / sizeof variants[0],
    .variants = variants,
    .build = build,
};
