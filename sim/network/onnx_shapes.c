/* Operators that arrange elements anew, and reductions. */
#include "onnx_rule.h"

#include <string.h>

/* A view of a constant keeps its values. */
static es_status give_view(const onnx_call *call, const onnx_tensor *x, const onnx_dims *dims) {
    int64_t step[ONNX_MAX_RANK];
    es_status status = onnx_give_op(call, ES_OP_RESHAPE, dims, 1);
    if (status != ES_OK || x->kind != ONNX_CONSTANT)
        return status;
    onnx_steps(dims, step);
    return onnx_give_picked(call, 0, x, 0, step);
}

static es_status expect_data(const onnx_call *call, const onnx_tensor **x) {
    *x = onnx_in(call, 0);
    return *x != NULL ? ES_OK : onnx_fail(call, "expected an input");
}

static es_status complain_reshape(const onnx_call *call, const onnx_dims *from,
                                  const onnx_dims *to) {
    char a[ONNX_DIMS_TEXT], b[ONNX_DIMS_TEXT];
    return onnx_fail(call, "%s cannot become %s", onnx_dims_text(from, a), onnx_dims_text(to, b));
}

es_status onnx_rule_reshape(const onnx_call *call) {
    const onnx_tensor *x;
    onnx_ints shape;
    es_status status = expect_data(call, &x);
    if (status == ES_OK)
        status = onnx_list(call, "shape", 1, &shape);
    if (status != ES_OK)
        return status;
    if (!shape.given || shape.n > ONNX_MAX_RANK)
        return onnx_fail(call, "expected a shape of at most %d dimensions", ONNX_MAX_RANK);
    onnx_dims out = {.rank = (int)shape.n};
    int open = -1;
    bool zero_copies = onnx_attr_int(call, "allowzero", 0) == 0;
    for (int i = 0; i < out.rank; i++) {
        out.d[i] = shape.v[i];
        if (out.d[i] == 0 && zero_copies && i < x->dims.rank)
            out.d[i] = x->dims.d[i];
        if (out.d[i] == -1 && open < 0) {
            open = i;
            out.d[i] = 1;
        }
    }
    int64_t elems = onnx_elems(&x->dims), known = onnx_elems(&out);
    if (open >= 0 && known > 0 && elems % known == 0)
        out.d[open] = elems / known;
    else if (open >= 0)
        out.d[open] = -1;
    return onnx_elems(&out) == elems ? give_view(call, x, &out)
                                     : complain_reshape(call, &x->dims, &out);
}

es_status onnx_rule_flatten(const onnx_call *call) {
    const onnx_tensor *x;
    int axis = 0;
    es_status status = expect_data(call, &x);
    if (status == ES_OK)
        status = onnx_axis(call, 1, x->dims.rank, true, &axis);
    if (status != ES_OK)
        return status;
    onnx_dims out = {.rank = 2, .d = {1, 1}};
    for (int i = 0; i < x->dims.rank; i++)
        out.d[i < axis ? 0 : 1] *= x->dims.d[i];
    return give_view(call, x, &out);
}

es_status onnx_rule_squeeze(const onnx_call *call) {
    const onnx_tensor *x;
    onnx_ints axes;
    es_status status = expect_data(call, &x);
    if (status == ES_OK)
        status = onnx_axes(call, "axes", 1, x->dims.rank, &axes);
    if (status != ES_OK)
        return status;
    bool gone[ONNX_MAX_RANK] = {false};
    for (size_t i = 0; i < axes.n; i++) {
        if (x->dims.d[axes.v[i]] != 1)
            return onnx_fail(call, "dimension %lld has a size of %lld; expected 1",
                             (long long)axes.v[i], (long long)x->dims.d[axes.v[i]]);
        gone[axes.v[i]] = true;
    }
    onnx_dims out = {0};
    for (int i = 0; i < x->dims.rank; i++)
        if (!(axes.given ? gone[i] : x->dims.d[i] == 1))
            out.d[out.rank++] = x->dims.d[i];
    return give_view(call, x, &out);
}

es_status onnx_rule_unsqueeze(const onnx_call *call) {
    const onnx_tensor *x;
    onnx_ints axes;
    es_status status = expect_data(call, &x);
    if (status == ES_OK)
        status = onnx_list(call, "axes", 1, &axes);
    if (status != ES_OK)
        return status;
    int rank = x->dims.rank + (int)axes.n;
    if (!axes.given || rank > ONNX_MAX_RANK)
        return onnx_fail(call, "expected axes, and at most %d dimensions", ONNX_MAX_RANK);
    status = onnx_axes(call, "axes", 1, rank, &axes);
    if (status != ES_OK)
        return status;
    onnx_dims out = {.rank = rank};
    for (size_t i = 0; i < axes.n; i++)
        out.d[axes.v[i]] = 1;
    for (int i = 0, from = 0; i < rank; i++)
        if (out.d[i] == 0)
            out.d[i] = x->dims.d[from++];
    return give_view(call, x, &out);
}

es_status onnx_rule_transpose(const onnx_call *call) {
    const onnx_tensor *x;
    onnx_ints order;
    int64_t own[ONNX_MAX_RANK], step[ONNX_MAX_RANK];
    es_status status = expect_data(call, &x);
    if (status == ES_OK)
        status = onnx_axes(call, "perm", ONNX_NONE, x->dims.rank, &order);
    if (status != ES_OK)
        return status;
    int rank = x->dims.rank;
    if (order.given && order.n != (size_t)rank)
        return onnx_fail(call, "an order of %zu dimensions for a tensor of rank %d", order.n, rank);
    onnx_dims out = {.rank = rank};
    onnx_steps(&x->dims, own);
    for (int i = 0; i < rank; i++) {
        int64_t from = order.given ? order.v[i] : rank - 1 - i;
        out.d[i] = x->dims.d[from];
        step[i] = own[from];
    }
    status = onnx_give_op(call, ES_OP_TRANSPOSE, &out, 1);
    if (status != ES_OK || x->kind != ONNX_CONSTANT)
        return status;
    return onnx_give_picked(call, 0, x, 0, step);
}

static es_status give_blocks(const onnx_call *call, bool to_space) {
    const onnx_tensor *x;
    es_status status = expect_data(call, &x);
    if (status != ES_OK)
        return status;
    int64_t size = onnx_attr_int(call, "blocksize", 0);
    if (x->dims.rank != 4 || size < 1 || size > 1024)
        return onnx_fail(call, "expected a tensor of rank 4 and a blocksize of 1 to 1024");
    onnx_dims out = x->dims;
    int64_t area = size * size;
    bool divides = to_space ? out.d[1] % area == 0 : out.d[2] % size == 0 && out.d[3] % size == 0;
    if (!divides)
        return onnx_fail(call, "blocks of %lld do not divide it", (long long)size);
    out.d[1] = to_space ? out.d[1] / area : out.d[1] * area;
    out.d[2] = to_space ? out.d[2] * size : out.d[2] / size;
    out.d[3] = to_space ? out.d[3] * size : out.d[3] / size;
    return onnx_give_op(call, ES_OP_TRANSPOSE, &out, 1);
}

es_status onnx_rule_depth_to_space(const onnx_call *call) {
    return give_blocks(call, true);
}

es_status onnx_rule_space_to_depth(const onnx_call *call) {
    return give_blocks(call, false);
}

/* A larger tensor of repeated elements. */
static es_status give_repeated(const onnx_call *call, const onnx_tensor *x, const onnx_dims *out) {
    int64_t own[ONNX_MAX_RANK], step[ONNX_MAX_RANK];
    int missing = out->rank - x->dims.rank;
    bool broadcast = true;
    if (x->kind == ONNX_DATA && x->dims.rank == out->rank &&
        memcmp(x->dims.d, out->d, (size_t)out->rank * sizeof out->d[0]) == 0)
        return onnx_give_same(call, 0, x);
    es_status status = onnx_give_op(call, ES_OP_EXPAND, out, 1);
    if (status != ES_OK || x->kind != ONNX_CONSTANT)
        return status;
    onnx_steps(&x->dims, own);
    for (int i = 0; i < out->rank; i++) {
        int64_t size = i >= missing ? x->dims.d[i - missing] : 1;
        step[i] = size > 1 ? own[i - missing] : 0;
        broadcast = broadcast && (size == 1 || size == out->d[i]);
    }
    return broadcast ? onnx_give_picked(call, 0, x, 0, step) : ES_OK;
}

es_status onnx_rule_expand(const onnx_call *call) {
    const onnx_tensor *x;
    onnx_ints shape;
    es_status status = expect_data(call, &x);
    if (status == ES_OK)
        status = onnx_list(call, "shape", 1, &shape);
    if (status != ES_OK)
        return status;
    onnx_dims wanted = {.rank = (int)shape.n}, out;
    if (!shape.given || shape.n > ONNX_MAX_RANK)
        return onnx_fail(call, "expected a shape of at most %d dimensions", ONNX_MAX_RANK);
    for (int i = 0; i < wanted.rank; i++)
        wanted.d[i] = shape.v[i];
    if (!onnx_broadcast(&x->dims, &wanted, &out))
        return complain_reshape(call, &x->dims, &wanted);
    status = onnx_check_dims(call, &out);
    return status == ES_OK ? give_repeated(call, x, &out) : status;
}

es_status onnx_rule_tile(const onnx_call *call) {
    const onnx_tensor *x;
    onnx_ints repeats;
    es_status status = expect_data(call, &x);
    if (status == ES_OK)
        status = onnx_list(call, "repeats", 1, &repeats);
    if (status != ES_OK)
        return status;
    if (repeats.n != (size_t)x->dims.rank)
        return onnx_fail(call, "%zu repeats for a tensor of rank %d", repeats.n, x->dims.rank);
    onnx_dims out = x->dims;
    for (int i = 0; i < out.rank; i++)
        if (repeats.v[i] < 0 || __builtin_mul_overflow(out.d[i], repeats.v[i], &out.d[i]))
            return onnx_fail(call, "%lld repeats", (long long)repeats.v[i]);
    status = onnx_check_dims(call, &out);
    return status == ES_OK ? give_repeated(call, x, &out) : status;
}

/* The product, sum, least or greatest of all known values. */
static es_status fold_all(const onnx_call *call, const onnx_tensor *x) {
    const onnx_value *values = onnx_values(call, x);
    onnx_fold fold = call->node->op->fold;
    onnx_value *room;
    if (values == NULL || x->is_float || fold == ONNX_FOLD_NONE || onnx_elems(&x->dims) < 1)
        return ES_OK;
    int64_t result = values[0].i;
    for (size_t i = 1; i < (size_t)onnx_elems(&x->dims); i++) {
        int64_t v = values[i].i;
        bool overflows = (fold == ONNX_FOLD_MUL && __builtin_mul_overflow(result, v, &result)) ||
                         (fold == ONNX_FOLD_ADD && __builtin_add_overflow(result, v, &result));
        if (overflows)
            return ES_OK;
        if ((fold == ONNX_FOLD_MAX && v > result) || (fold == ONNX_FOLD_MIN && v < result))
            result = v;
    }
    es_status status = onnx_give_values(call, 0, &room);
    if (status == ES_OK && room != NULL)
        room[0].i = result;
    return status;
}

/* Drops axes, or keeps them with one element. */
static onnx_dims reduced(const onnx_dims *dims, const onnx_ints *axes, bool keep) {
    onnx_dims out = {0};
    for (int i = 0; i < dims->rank; i++) {
        bool gone = axes->n == 0;
        for (size_t a = 0; a < axes->n; a++)
            gone = gone || axes->v[a] == i;
        if (!gone || keep)
            out.d[out.rank++] = gone ? 1 : dims->d[i];
    }
    return out;
}

es_status onnx_rule_reduce(const onnx_call *call) {
    const onnx_tensor *x;
    onnx_ints axes;
    es_status status = expect_data(call, &x);
    if (status == ES_OK)
        status = onnx_axes(call, "axes", 1, x->dims.rank, &axes);
    if (status != ES_OK)
        return status;
    if (axes.n == 0 && onnx_attr_int(call, "noop_with_empty_axes", 0) != 0)
        return onnx_give_same(call, 0, x);
    onnx_dims out = reduced(&x->dims, &axes, onnx_attr_int(call, "keepdims", 1) != 0);
    status = onnx_give_op(call, call->node->op->op, &out, 1);
    if (status != ES_OK || x->kind != ONNX_CONSTANT || onnx_elems(&out) != 1)
        return status;
    return fold_all(call, x);
}

es_status onnx_rule_arg_extreme(const onnx_call *call) {
    const onnx_tensor *x;
    int axis = 0;
    es_status status = expect_data(call, &x);
    if (status == ES_OK)
        status = onnx_axis(call, 0, x->dims.rank, false, &axis);
    if (status != ES_OK)
        return status;
    onnx_ints axes = {.n = 1, .v = {axis}};
    onnx_dims out = reduced(&x->dims, &axes, onnx_attr_int(call, "keepdims", 1) != 0);
    return onnx_give_op(call, call->node->op->op, &out, 1);
}
