#include "zoo.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void zoo_block(es_zoo *zoo, bool residual_block, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(zoo->block, sizeof zoo->block, format, arguments);
    va_end(arguments);
    ES_REQUIRE(length > 0 && length < ZOO_NAME);
    es_builder_begin_block(zoo->builder, zoo->block, residual_block);
    zoo_unit(zoo, NULL);
}

void zoo_unit(es_zoo *zoo, const char *part) {
    int length = snprintf(zoo->unit, sizeof zoo->unit, "%s%s%s", zoo->block,
                          part != NULL ? "." : "", part != NULL ? part : "");
    ES_REQUIRE(length > 0 && length < ZOO_NAME);
    es_builder_begin_unit(zoo->builder, zoo->unit);
}

es_shape zoo_shape(const es_zoo *zoo, size_t layer) {
    return es_builder_shape(zoo->builder, layer);
}

static size_t append(es_zoo *zoo, es_layer layer) {
    char name[2 * ZOO_NAME];
    size_t index = 0;
    if (zoo->problem[0] != '\0')
        return 0;
    snprintf(name, sizeof name, "%s.%s", zoo->unit, es_op_text(layer.op));
    if (es_builder_append(zoo->builder, name, &layer, &index, zoo->problem) == ES_OK)
        return index;
    size_t length = strlen(zoo->problem);
    snprintf(zoo->problem + length, sizeof zoo->problem - length, " (%s)", name);
    return 0;
}

size_t zoo_convolve(es_zoo *zoo, size_t x, zoo_conv conv) {
    es_window window = es_window_square(conv.kernel, conv.stride, conv.padding);
    es_shape in = zoo_shape(zoo, x);
    es_shape out = es_shape_map(conv.channels, es_window_out(&window, 0, in.h, false),
                                es_window_out(&window, 1, in.w, false));
    return append(zoo, (es_layer){.op = ES_OP_CONV,
                                  .out = out,
                                  .window = window,
                                  .groups = conv.groups > 0 ? conv.groups : 1,
                                  .bias = conv.bias,
                                  .n_inputs = 1,
                                  .inputs = &x});
}

size_t zoo_pool(es_zoo *zoo, es_op op, size_t x, es_window window, bool up) {
    es_shape in = zoo_shape(zoo, x);
    es_shape out = es_shape_map(in.c, es_window_out(&window, 0, in.h, up),
                                es_window_out(&window, 1, in.w, up));
    return append(zoo,
                  (es_layer){.op = op, .out = out, .window = window, .n_inputs = 1, .inputs = &x});
}

size_t zoo_adaptive_pool(es_zoo *zoo, const char *part, size_t x, int64_t size) {
    es_shape in = zoo_shape(zoo, x);
    if (in.h == size && in.w == size)
        return x;
    zoo_unit(zoo, part);
    bool small = in.rank == 3 && (in.h < size || in.w < size);
    if (small && zoo->problem[0] == '\0')
        snprintf(zoo->problem, sizeof zoo->problem,
                 "%lld x %lld pixels are left; expected at least %lld x %lld (%s)", (long long)in.h,
                 (long long)in.w, (long long)size, (long long)size, zoo->unit);
    if (small || in.rank != 3)
        return 0;
    int64_t stride[2] = {in.h / size, in.w / size};
    es_window window = {
        .kernel = {in.h - (size - 1) * stride[0], in.w - (size - 1) * stride[1]},
        .stride = {stride[0], stride[1]},
        .dilation = {1, 1},
    };
    return zoo_pool(zoo, ES_OP_AVERAGE_POOL, x, window, false);
}

size_t zoo_linear(es_zoo *zoo, size_t x, int64_t channels) {
    es_shape out = zoo_shape(zoo, x);
    if (out.rank > 0)
        out.dims[out.rank - 1] = channels;
    return append(
        zoo, (es_layer){.op = ES_OP_LINEAR, .out = out, .bias = true, .n_inputs = 1, .inputs = &x});
}

size_t zoo_unary(es_zoo *zoo, es_op op, size_t x) {
    es_shape in = zoo_shape(zoo, x), out = in;
    if (op == ES_OP_GLOBAL_AVERAGE_POOL)
        out = es_shape_map(in.c, 1, 1);
    int64_t params = op == ES_OP_BATCH_NORM                  ? 2 * in.c
                     : op == ES_OP_LAYER_NORM && in.rank > 0 ? 2 * in.dims[in.rank - 1]
                                                             : 0;
    return append(zoo,
                  (es_layer){.op = op, .out = out, .n_inputs = 1, .inputs = &x, .params = params});
}

size_t zoo_constant(es_zoo *zoo, es_op op, size_t x, int64_t params) {
    return append(
        zoo,
        (es_layer){
            .op = op, .out = zoo_shape(zoo, x), .n_inputs = 1, .inputs = &x, .params = params});
}

size_t zoo_binary(es_zoo *zoo, es_op op, size_t left, size_t right) {
    es_shape out = zoo_shape(zoo, left), other = zoo_shape(zoo, right);
    if (op == ES_OP_MATMUL && out.rank > 0 && other.rank > 0)
        out.dims[out.rank - 1] = other.dims[other.rank - 1];
    return append(
        zoo, (es_layer){.op = op, .out = out, .n_inputs = 2, .inputs = (size_t[]){left, right}});
}

size_t zoo_concat(es_zoo *zoo, size_t n, const size_t *parts) {
    es_shape out = zoo_shape(zoo, parts[0]);
    for (size_t i = 1; i < n; i++)
        out.c += zoo_shape(zoo, parts[i]).c;
    return append(zoo, (es_layer){.op = ES_OP_CONCAT, .out = out, .n_inputs = n, .inputs = parts});
}

size_t zoo_concat_constant(es_zoo *zoo, size_t x, es_shape out) {
    int64_t params = es_shape_elems(out) - es_shape_elems(zoo_shape(zoo, x));
    return append(
        zoo,
        (es_layer){.op = ES_OP_CONCAT, .out = out, .n_inputs = 1, .inputs = &x, .params = params});
}

size_t zoo_rearrange(es_zoo *zoo, es_op op, size_t x, es_shape out) {
    return append(zoo, (es_layer){.op = op, .out = out, .n_inputs = 1, .inputs = &x});
}

size_t zoo_flatten(es_zoo *zoo, size_t x) {
    int64_t elems = es_shape_elems(zoo_shape(zoo, x));
    return zoo_rearrange(zoo, ES_OP_RESHAPE, x, es_shape_of(1, &elems));
}

int64_t zoo_scale_channels(int64_t channels, int64_t factor_tenths, int64_t divisor,
                           bool keep_nine_tenths) {
    int64_t tenths = channels * factor_tenths;
    int64_t scaled = (tenths + 5 * divisor) / (10 * divisor) * divisor;
    if (scaled < divisor)
        scaled = divisor;
    return keep_nine_tenths && 100 * scaled < 9 * tenths ? scaled + divisor : scaled;
}

size_t zoo_conv_norm(es_zoo *zoo, size_t x, int64_t channels, int64_t kernel, int64_t stride,
                     int64_t groups) {
    x = zoo_convolve(zoo, x, (zoo_conv){channels, kernel, stride, kernel / 2, groups, false});
    return zoo_unary(zoo, ES_OP_BATCH_NORM, x);
}

size_t zoo_squeeze_excite(es_zoo *zoo, size_t x, int64_t reduced, es_op inner, es_op gate) {
    int64_t channels = zoo_shape(zoo, x).c;
    zoo_unit(zoo, "se-pool");
    size_t y = zoo_unary(zoo, ES_OP_GLOBAL_AVERAGE_POOL, x);
    zoo_unit(zoo, "se-reduce");
    y = zoo_convolve(zoo, y,
                     (zoo_conv){.channels = reduced, .kernel = 1, .stride = 1, .bias = true});
    y = zoo_unary(zoo, inner, y);
    zoo_unit(zoo, "se-expand");
    y = zoo_convolve(zoo, y,
                     (zoo_conv){.channels = channels, .kernel = 1, .stride = 1, .bias = true});
    y = zoo_unary(zoo, gate, y);
    zoo_unit(zoo, "se-scale");
    return zoo_binary(zoo, ES_OP_MUL, x, y);
}

size_t zoo_pool_classify(es_zoo *zoo, size_t x) {
    zoo_block(zoo, false, "pool");
    x = zoo_unary(zoo, ES_OP_GLOBAL_AVERAGE_POOL, x);
    x = zoo_flatten(zoo, x);
    zoo_block(zoo, false, "classifier");
    return zoo_linear(zoo, x, ZOO_CLASSES);
}
