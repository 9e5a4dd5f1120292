/* Private to the module: the zoo's families and the words they are written in. The layers below are
 * appended to the present fused unit and return their number, to be read by later ones; a layer's
 * name is that of its unit, a dot and its operator, hence an operator occurs once in a unit. After
 * a layer that cannot be (a window that does not fit into too small an image) nothing more is
 * appended.
 */
#ifndef MODEL_ZOO_H
#define MODEL_ZOO_H

#include "edgesplit/builder.h"

enum { ZOO_NAME = 64, ZOO_CLASSES = 1000 };

typedef struct es_zoo {
    es_builder *builder;
    char block[ZOO_NAME], unit[ZOO_NAME]; /* names of the present ones */
    char problem[ES_PROBLEM_TEXT];        /* of the first layer that cannot be; "": none */
} es_zoo;

/* The layers that follow form a block, and in it the fused unit "<block>.<part>", or "<block>" if
 * `part` is NULL. Residual blocks are what a paper repeats to make its network deep: inverted and
 * plain bottlenecks, basic blocks, fire modules, dense layers, encoder blocks; not what lies
 * between their stages, and nothing in a plain chain of convolutions (AlexNet, VGG). */
void zoo_block(es_zoo *zoo, bool residual_block, const char *format, ...) ES_PRINTF(3, 4);
void zoo_unit(es_zoo *zoo, const char *part);

es_shape zoo_shape(const es_zoo *zoo, size_t layer);

/* A convolution over a square window, padded alike on all sides. */
typedef struct zoo_conv {
    int64_t channels; /* of the output */
    int64_t kernel, stride, padding;
    int64_t groups; /* 0: 1 */
    bool bias;
} zoo_conv;
size_t zoo_convolve(es_zoo *zoo, size_t x, zoo_conv conv);

/* ES_OP_MAX_POOL or ES_OP_AVERAGE_POOL; `up`: "ceil mode". */
size_t zoo_pool(es_zoo *zoo, es_op op, size_t x, es_window window, bool up);

/* Averages to size x size pixels; no layer if they are that already, else the present fused unit is
 * `part`. Torch's adaptive pooling, but for windows that are all alike: where `size` does not
 * divide the pixels, some of its windows are one pixel larger or smaller. Fewer pixels cannot be.
 */
size_t zoo_adaptive_pool(es_zoo *zoo, const char *part, size_t x, int64_t size);

/* With bias, on the last dimension. */
size_t zoo_linear(es_zoo *zoo, size_t x, int64_t channels);

/* An operator of one tensor that keeps the shape: batch norm (2 parameters per channel), layer norm
 * (2 per element of the last dimension), activations, softmax; and global pooling. */
size_t zoo_unary(es_zoo *zoo, es_op op, size_t x);

/* An elementwise operator of a tensor and `params` constants. */
size_t zoo_constant(es_zoo *zoo, es_op op, size_t x, int64_t params);

/* An operator of two tensors; the output has the shape of the first but for ES_OP_MATMUL. */
size_t zoo_binary(es_zoo *zoo, es_op op, size_t left, size_t right);

/* Along the channels. */
size_t zoo_concat(es_zoo *zoo, size_t n, const size_t *parts);

/* Of a tensor and trained constants, which fill what it leaves of `out`. */
size_t zoo_concat_constant(es_zoo *zoo, size_t x, es_shape out);

/* ES_OP_RESHAPE, ES_OP_TRANSPOSE or ES_OP_SLICE to a shape. */
size_t zoo_rearrange(es_zoo *zoo, es_op op, size_t x, es_shape out);

/* A reshape to a vector. */
size_t zoo_flatten(es_zoo *zoo, size_t x);

/* Channels times a factor, as a multiple of `divisor`: the nearest, and the next one if that loses
 * more than a tenth where `keep_nine_tenths`. Factors are in tenths, so that rounding is exact. */
int64_t zoo_scale_channels(int64_t channels, int64_t factor_tenths, int64_t divisor,
                           bool keep_nine_tenths);

/* A convolution without bias and a batch norm, padded by half the kernel. */
size_t zoo_conv_norm(es_zoo *zoo, size_t x, int64_t channels, int64_t kernel, int64_t stride,
                     int64_t groups);

/* Squeeze and excitation (Hu et al., CVPR 2018): each channel of `x` times a gate that depends on
 * the means of all channels; four fused units. */
size_t zoo_squeeze_excite(es_zoo *zoo, size_t x, int64_t reduced, es_op inner, es_op gate);

/* The blocks that end most networks: global average pool, then a linear layer of 1000 classes. */
size_t zoo_pool_classify(es_zoo *zoo, size_t x);

/* One network of a family. */
typedef struct es_zoo_variant {
    const char *name;
    const char *summary;
    int64_t resolution; /* published default */
} es_zoo_variant;

typedef struct es_zoo_family {
    const char *source; /* the paper */
    size_t n_variants;
    const es_zoo_variant *variants; /* [n_variants] */
    /* Appends all layers of variant i behind the input. */
    void (*build)(es_zoo *zoo, size_t variant);
} es_zoo_family;

#define ES_ZOO(family) extern const es_zoo_family es_zoo_##family;
#include "edgesplit/zoo.def"
#undef ES_ZOO

#endif
