/* Operators that take parts of tensors, or put parts together. */
#include "onnx_rule.h"

#include <math.h>

static es_status complain_part(const onnx_call *call, const onnx_tensor *part) {
    char text[ONNX_DIMS_TEXT];
    return onnx_fail(call, "the part \"%.128s\" of shape %s does not go with the first one",
                     part->name, onnx_dims_text(&part->dims, text));
}

/* Copies known values of parts that are joined along `axis`. */
static es_status join_values(const onnx_call *call, int axis, const onnx_dims *dims) {
    onnx_value *room;
    int64_t outer = 1, inner = 1, at = 0;
    for (size_t i = 0; i < onnx_n_in(call); i++)
        if (onnx_values(call, onnx_in(call, i)) == NULL)
            return ES_OK;
    es_status status = onnx_give_values(call, 0, &room);
    if (status != ES_OK || room == NULL)
        return status;
    for (int d = 0; d < dims->rank; d++) {
        outer *= d < axis ? dims->d[d] : 1;
        inner *= d > axis ? dims->d[d] : 1;
    }
    for (size_t i = 0; i < onnx_n_in(call); i++) {
        const onnx_tensor *part = onnx_in(call, i);
        const onnx_value *values = onnx_values(call, part);
        int64_t run = part->dims.d[axis] * inner;
        for (int64_t o = 0; o < outer; o++)
            for (int64_t e = 0; e < run; e++)
                room[o * dims->d[axis] * inner + at + e] = values[o * run + e];
        at += run;
    }
    return ES_OK;
}

es_status onnx_rule_concat(const onnx_call *call) {
    const onnx_tensor *first = onnx_in(call, 0);
    bool constant = true;
    int axis = 0;
    if (first == NULL)
        return onnx_fail(call, "expected inputs");
    es_status status = onnx_axis(call, 1, first->dims.rank, false, &axis);
    if (status != ES_OK)
        return status;
    onnx_dims out = first->dims;
    out.d[axis] = 0;
    for (size_t i = 0; i < onnx_n_in(call); i++) {
        const onnx_tensor *part = onnx_in(call, i);
        if (part == NULL)
            return onnx_fail(call, "input %zu is left out", i);
        constant = constant && part->kind == ONNX_CONSTANT;
        if (part->dims.rank != out.rank)
            return complain_part(call, part);
        for (int d = 0; d < out.rank; d++)
            if (d != axis && part->dims.d[d] != out.d[d])
                return complain_part(call, part);
        if (__builtin_add_overflow(out.d[axis], part->dims.d[axis], &out.d[axis]))
            return complain_part(call, part);
    }
    status = onnx_give_op(call, ES_OP_CONCAT, &out, onnx_n_in(call));
    return status == ES_OK && constant ? join_values(call, axis, &out) : status;
}

/* The sizes of the parts, from `split` or in equal parts (the last one shorter from opset 18 on).
 */
static es_status split_sizes(const onnx_call *call, int64_t length, onnx_ints *split,
                             int64_t *each) {
    size_t n = call->node->proto->n_output;
    int64_t total = 0, parts = onnx_attr_int(call, "num_outputs", (int64_t)n);
    es_status status = onnx_list(call, "split", 1, split);
    *each = 0;
    if (status != ES_OK)
        return status;
    if (!split->given) {
        if (n == 0 || parts != (int64_t)n ||
            (length % parts != 0 && onnx_attr(call, "num_outputs") == NULL))
            return onnx_fail(call, "%lld elements cannot be split into %zu equal parts",
                             (long long)length, n);
        *each = (length + parts - 1) / parts;
        return ES_OK;
    }
    for (size_t i = 0; i < split->n; i++)
        if (split->v[i] < 0 || __builtin_add_overflow(total, split->v[i], &total))
            return onnx_fail(call, "a part of %lld elements", (long long)split->v[i]);
    if (split->n != n || total != length)
        return onnx_fail(call,
                         "%zu parts of together %lld elements, for %zu outputs and %lld "
                         "elements",
                         split->n, (long long)total, n, (long long)length);
    return ES_OK;
}

es_status onnx_rule_split(const onnx_call *call) {
    const onnx_tensor *x = onnx_in(call, 0);
    onnx_ints split;
    int axis = 0;
    int64_t each, step[ONNX_MAX_RANK], begin = 0;
    if (x == NULL)
        return onnx_fail(call, "expected an input");
    es_status status = onnx_axis(call, 0, x->dims.rank, false, &axis);
    if (status == ES_OK)
        status = split_sizes(call, x->dims.d[axis], &split, &each);
    if (status != ES_OK)
        return status;
    onnx_steps(&x->dims, step);
    for (size_t i = 0; status == ES_OK && i < call->node->proto->n_output; i++) {
        onnx_dims out = x->dims;
        int64_t left = x->dims.d[axis] - begin;
        int64_t size = split.given ? split.v[i] : each < left ? each : left;
        out.d[axis] = size;
        status = onnx_give_layer(call, i, &(es_layer){.op = ES_OP_SLICE}, &out, 1);
        if (status == ES_OK && x->kind == ONNX_CONSTANT)
            status = onnx_give_picked(call, i, x, begin * step[axis], step);
        begin += size;
    }
    return status;
}

/* Which elements of an axis of `size` a slice takes (ONNX, "Slice": as numpy does). */
static int64_t slice_axis(int64_t size, int64_t *start, int64_t end, int64_t step) {
    int64_t least = step < 0 ? -1 : 0, greatest = step < 0 ? size - 1 : size;
    int64_t from = *start < 0 ? *start + size : *start, to = end < 0 ? end + size : end;
    from = from < (step < 0 ? 0 : least) ? (step < 0 ? 0 : least)
           : from > greatest             ? greatest
                                         : from;
    to = to < least ? least : to > size ? size : to;
    if (step < 0 && to > size - 1)
        to = size - 1;
    *start = from;
    uint64_t stride = step < 0 ? -(uint64_t)step : (uint64_t)step;
    int64_t span = step < 0 ? from - to : to - from;
    return span <= 0 ? 0 : (int64_t)(((uint64_t)span - 1) / stride + 1);
}

es_status onnx_rule_slice(const onnx_call *call) {
    const onnx_tensor *x = onnx_in(call, 0);
    onnx_ints starts, ends, axes, steps;
    int64_t own[ONNX_MAX_RANK], base = 0;
    if (x == NULL)
        return onnx_fail(call, "expected an input");
    es_status status = onnx_list(call, "starts", 1, &starts);
    if (status == ES_OK)
        status = onnx_list(call, "ends", 2, &ends);
    if (status == ES_OK)
        status = onnx_axes(call, "axes", 3, x->dims.rank, &axes);
    if (status == ES_OK)
        status = onnx_list(call, "steps", 4, &steps);
    if (status != ES_OK)
        return status;
    if (starts.n != ends.n || (axes.given && axes.n != starts.n) ||
        (steps.given && steps.n != starts.n) || starts.n > (size_t)x->dims.rank)
        return onnx_fail(call,
                         "%zu starts, %zu ends, %zu axes and %zu steps for a tensor of rank %d",
                         starts.n, ends.n, axes.n, steps.n, x->dims.rank);
    onnx_dims out = x->dims;
    onnx_steps(&x->dims, own);
    for (size_t i = 0; i < starts.n; i++) {
        size_t axis = axes.given ? (size_t)axes.v[i] : i;
        int64_t start = starts.v[i], step = steps.given ? steps.v[i] : 1;
        if (step == 0)
            return onnx_fail(call, "a step of 0");
        out.d[axis] = slice_axis(x->dims.d[axis], &start, ends.v[i], step);
        base += out.d[axis] > 0 ? start * own[axis] : 0;
        own[axis] = out.d[axis] > 1 ? own[axis] * step : 0;
    }
    status = onnx_give_op(call, ES_OP_SLICE, &out, 1);
    if (status != ES_OK || x->kind != ONNX_CONSTANT)
        return status;
    return onnx_give_picked(call, 0, x, base, own);
}

/* Copies known values: one run of `inner` for each outer index and each index. */
static es_status gather_values(const onnx_call *call, const onnx_tensor *x,
                               const onnx_tensor *index, int axis) {
    int64_t outer = 1, inner = 1, n = onnx_elems(&index->dims), size = x->dims.d[axis];
    onnx_value *room;
    if (onnx_values(call, x) == NULL)
        return ES_OK;
    es_status status = onnx_give_values(call, 0, &room);
    if (status != ES_OK || room == NULL)
        return status;
    for (int d = 0; d < x->dims.rank; d++) {
        outer *= d < axis ? x->dims.d[d] : 1;
        inner *= d > axis ? x->dims.d[d] : 1;
    }
    const onnx_value *values = onnx_values(call, x), *at = onnx_values(call, index);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t k = 0; k < n; k++)
            for (int64_t e = 0; e < inner; e++) {
                int64_t from = at[k].i < 0 ? at[k].i + size : at[k].i;
                room[(o * n + k) * inner + e] = values[(o * size + from) * inner + e];
            }
    return ES_OK;
}

es_status onnx_rule_gather(const onnx_call *call) {
    const onnx_tensor *x = onnx_in(call, 0), *index = onnx_in(call, 1);
    int axis = 0;
    if (x == NULL || index == NULL || index->kind != ONNX_CONSTANT)
        return onnx_fail(call, "expected data and constant places");
    es_status status = onnx_axis(call, 0, x->dims.rank, false, &axis);
    if (status != ES_OK)
        return status;
    if (x->dims.rank - 1 + index->dims.rank > ONNX_MAX_RANK)
        return onnx_fail(call, "more than %d dimensions", ONNX_MAX_RANK);
    const onnx_value *at = onnx_values(call, index);
    for (size_t k = 0; at != NULL && k < (size_t)onnx_elems(&index->dims); k++)
        if (index->is_float || at[k].i < -x->dims.d[axis] || at[k].i >= x->dims.d[axis])
            return onnx_fail(call, "place %lld of a dimension of %lld", (long long)at[k].i,
                             (long long)x->dims.d[axis]);
    onnx_dims out = {0};
    for (int d = 0; d < axis; d++)
        out.d[out.rank++] = x->dims.d[d];
    for (int d = 0; d < index->dims.rank; d++)
        out.d[out.rank++] = index->dims.d[d];
    for (int d = axis + 1; d < x->dims.rank; d++)
        out.d[out.rank++] = x->dims.d[d];
    status = onnx_give_op(call, ES_OP_SLICE, &out, 1);
    if (status != ES_OK || x->kind != ONNX_CONSTANT || at == NULL)
        return status;
    return gather_values(call, x, index, axis);
}

es_status onnx_rule_pad(const onnx_call *call) {
    const onnx_tensor *x = onnx_in(call, 0);
    onnx_ints pads, axes;
    if (x == NULL)
        return onnx_fail(call, "expected an input");
    es_status status = onnx_list(call, "pads", 1, &pads);
    if (status == ES_OK)
        status = onnx_axes(call, "axes", 3, x->dims.rank, &axes);
    if (status != ES_OK)
        return status;
    size_t n = axes.given ? axes.n : (size_t)x->dims.rank;
    if (pads.n != 2 * n)
        return onnx_fail(call, "%zu pads; expected %zu", pads.n, 2 * n);
    onnx_dims out = x->dims;
    bool same = true;
    for (size_t i = 0; i < n; i++) {
        size_t axis = axes.given ? (size_t)axes.v[i] : i;
        if (__builtin_add_overflow(out.d[axis], pads.v[i], &out.d[axis]) ||
            __builtin_add_overflow(out.d[axis], pads.v[n + i], &out.d[axis]))
            return onnx_fail(call, "pads of %lld and %lld", (long long)pads.v[i],
                             (long long)pads.v[n + i]);
        same = same && pads.v[i] == 0 && pads.v[n + i] == 0;
    }
    return same && x->kind == ONNX_DATA ? onnx_give_same(call, 0, x)
                                        : onnx_give_op(call, ES_OP_PAD, &out, 1);
}

/* Sizes times known factors, rounded down. */
static es_status scale(const onnx_call *call, const onnx_dims *x, size_t n, const double *factors,
                       onnx_dims *out) {
    if (n != (size_t)x->rank)
        return onnx_fail(call, "%zu scales for a tensor of rank %d", n, x->rank);
    for (size_t i = 0; i < n; i++) {
        /* In single precision as in ONNX's own shape inference: 3 x 1.6666666 is 5. */
        float scaled = (float)x->d[i] * (float)factors[i];
        double size = floor((double)scaled);
        if (!(size >= 1) || size > (double)ES_MAX_ELEMS)
            return onnx_fail(call, "a scale of %g", factors[i]);
        out->d[i] = (int64_t)size;
    }
    return ES_OK;
}

/* Resize has had scales as its input 1 (opset 10) or 2, and sizes as its input 3; Upsample as an
 * attribute or its input 1. */
es_status onnx_rule_resize(const onnx_call *call) {
    const onnx_tensor *x = onnx_in(call, 0);
    size_t at = onnx_n_in(call) == 2 ? 1 : 2;
    const onnx_tensor *scales = onnx_in(call, at), *sizes = onnx_in(call, 3);
    const Onnx__AttributeProto *attribute = onnx_attr(call, "scales");
    double factors[ONNX_MAX_RANK];
    size_t n = 0;
    if (x == NULL)
        return onnx_fail(call, "expected an input");
    if (onnx_attr(call, "axes") != NULL ||
        onnx_attr_is(call, "keep_aspect_ratio_policy", "not_larger") ||
        onnx_attr_is(call, "keep_aspect_ratio_policy", "not_smaller"))
        return onnx_fail(call, "axes and policies of aspect ratios are not understood");
    onnx_dims out = x->dims;
    if (sizes != NULL) {
        onnx_ints list;
        es_status status = onnx_list(call, "sizes", 3, &list);
        if (status != ES_OK)
            return status;
        if (list.n != (size_t)out.rank)
            return onnx_fail(call, "%zu sizes for a tensor of rank %d", list.n, out.rank);
        for (int i = 0; i < out.rank; i++)
            out.d[i] = list.v[i];
    } else {
        const onnx_value *values = scales != NULL ? onnx_values(call, scales) : NULL;
        if (values != NULL && scales->is_float && onnx_elems(&scales->dims) <= ONNX_MAX_RANK)
            for (; n < (size_t)onnx_elems(&scales->dims); n++)
                factors[n] = values[n].f;
        for (; attribute != NULL && n < attribute->n_floats && n < ONNX_MAX_RANK; n++)
            factors[n] = (double)attribute->floats[n];
        if (n == 0)
            return onnx_fail(call, "its scales or sizes are not known before the network runs");
        es_status status = scale(call, &x->dims, n, factors, &out);
        if (status != ES_OK)
            return status;
    }
    return onnx_give_op(call, ES_OP_RESIZE, &out, 1);
}
