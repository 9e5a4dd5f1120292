/* Convolutions and pools (ONNX operator schemas "Conv", "ConvTranspose", "MaxPool", "AveragePool").
 */
#include "onnx_rule.h"

enum { MAX_EXTENT = 1 << 20 };

/* One number of a window per axis: of `list` from `at` on. */
static es_status read_extents(const onnx_call *call, const char *name, const onnx_ints *list,
                              size_t at, size_t n_axes, int64_t least, int64_t extent[2]) {
    for (size_t a = 0; a < n_axes; a++) {
        extent[a] = list->v[at + a];
        if (extent[a] < least || extent[a] > MAX_EXTENT)
            return onnx_fail(call, "%s of %lld; expected %lld to %d", name, (long long)extent[a],
                             (long long)least, MAX_EXTENT);
    }
    return ES_OK;
}

static es_status read_list(const onnx_call *call, const char *name, size_t n, onnx_ints *list) {
    es_status status = onnx_list(call, name, ONNX_NONE, list);
    if (status == ES_OK && list->given && list->n != n)
        return onnx_fail(call, "%zu %s; expected %zu", list->n, name, n);
    return status;
}

static bool is_same(const onnx_call *call) {
    return onnx_attr_is(call, "auto_pad", "SAME_UPPER") ||
           onnx_attr_is(call, "auto_pad", "SAME_LOWER");
}

/* Pads so that the output is the input divided by the stride, rounded up; an odd pixel goes behind,
 * or before with SAME_LOWER. */
static void pad_same(const onnx_call *call, const onnx_dims *x, es_window *window) {
    for (int a = 0; a < x->rank - 2; a++) {
        int64_t stride = window->stride[a], n = (x->d[2 + a] - 1) / stride + 1;
        int64_t extent = window->dilation[a] * (window->kernel[a] - 1) + 1;
        int64_t total = (n - 1) * stride + extent - x->d[2 + a];
        total = total > 0 ? total : 0;
        int64_t less = total / 2, more = total - less;
        bool lower = onnx_attr_is(call, "auto_pad", "SAME_LOWER");
        window->before[a] = lower ? more : less;
        window->after[a] = lower ? less : more;
    }
}

/* Reads the window of a node whose input is [batch][channels][rows]([columns]); `kernel` has an
 * extent per axis. */
static es_status read_window(const onnx_call *call, const onnx_dims *x, const onnx_ints *kernel,
                             es_window *window) {
    onnx_ints strides, dilations, pads;
    *window = es_window_square(1, 1, 0);
    if (x->rank < 3 || x->rank > 4)
        return onnx_fail(call,
                         "a window over a tensor of rank %d; expected batch, channels, rows "
                         "and perhaps columns",
                         x->rank);
    size_t n_axes = (size_t)x->rank - 2;
    if (kernel->n != n_axes)
        return onnx_fail(call, "a kernel of %zu dimensions; expected %zu", kernel->n, n_axes);
    es_status status = read_extents(call, "a kernel", kernel, 0, n_axes, 1, window->kernel);
    if (status == ES_OK)
        status = read_list(call, "strides", n_axes, &strides);
    if (status == ES_OK)
        status = read_list(call, "dilations", n_axes, &dilations);
    if (status == ES_OK)
        status = read_list(call, "pads", 2 * n_axes, &pads);
    if (status == ES_OK && strides.given)
        status = read_extents(call, "a stride", &strides, 0, n_axes, 1, window->stride);
    if (status == ES_OK && dilations.given)
        status = read_extents(call, "a dilation", &dilations, 0, n_axes, 1, window->dilation);
    if (status != ES_OK)
        return status;
    if (is_same(call)) {
        pad_same(call, x, window);
        return ES_OK;
    }
    if (!pads.given || onnx_attr_is(call, "auto_pad", "VALID"))
        return ES_OK;
    status = read_extents(call, "a padding", &pads, 0, n_axes, 0, window->before);
    if (status == ES_OK)
        status = read_extents(call, "a padding", &pads, n_axes, n_axes, 0, window->after);
    return status;
}

static es_status set_extents(const onnx_call *call, const onnx_dims *x, const es_window *window,
                             bool up, onnx_dims *out) {
    for (int a = 0; a < x->rank - 2; a++) {
        int64_t extent = window->dilation[a] * (window->kernel[a] - 1) + 1;
        out->d[2 + a] = es_window_out(window, a, x->d[2 + a], up);
        if (out->d[2 + a] < 1)
            return onnx_fail(call,
                             "a window of %lld does not fit into %lld pixels with padding %lld "
                             "and %lld",
                             (long long)extent, (long long)x->d[2 + a],
                             (long long)window->before[a], (long long)window->after[a]);
    }
    return ES_OK;
}

/* Data, and weights of the same rank; sets the kernel's extents, which are the weights' last ones.
 */
static es_status read_weights(const onnx_call *call, const onnx_tensor **x, const onnx_tensor **w,
                              onnx_ints *kernel) {
    *x = onnx_in(call, 0);
    *w = onnx_in(call, 1);
    *kernel = (onnx_ints){0};
    if (*x == NULL || *w == NULL)
        return onnx_fail(call, "expected two or three inputs");
    if ((*w)->kind != ONNX_CONSTANT)
        return onnx_fail(call, "its weights \"%.128s\" depend on the image; expected constants",
                         (*w)->name);
    if ((*w)->dims.rank != (*x)->dims.rank || (*w)->dims.rank < 3)
        return onnx_fail(call, "weights of rank %d for a tensor of rank %d", (*w)->dims.rank,
                         (*x)->dims.rank);
    for (int i = 2; i < (*w)->dims.rank; i++)
        kernel->v[kernel->n++] = (*w)->dims.d[i];
    return ES_OK;
}

es_status onnx_rule_conv(const onnx_call *call) {
    const onnx_tensor *x, *w;
    onnx_ints kernel;
    es_layer layer = {.op = ES_OP_CONV,
                      .groups = onnx_attr_int(call, "group", 1),
                      .bias = onnx_in(call, 2) != NULL};
    es_status status = read_weights(call, &x, &w, &kernel);
    if (status == ES_OK)
        status = read_window(call, &x->dims, &kernel, &layer.window);
    if (status != ES_OK)
        return status;
    if (layer.groups < 1 || x->dims.d[1] % layer.groups != 0 ||
        x->dims.d[1] / layer.groups != w->dims.d[1] || w->dims.d[0] % layer.groups != 0)
        return onnx_fail(call,
                         "weights for %lld channels in each of %lld groups; it reads %lld "
                         "channels and writes %lld",
                         (long long)w->dims.d[1], (long long)layer.groups, (long long)x->dims.d[1],
                         (long long)w->dims.d[0]);
    onnx_dims out = x->dims;
    out.d[1] = w->dims.d[0];
    status = set_extents(call, &x->dims, &layer.window, false, &out);
    return status == ES_OK ? onnx_give_layer(call, 0, &layer, &out, 3) : status;
}

/* The output of which a convolution would make the input; `output_shape` says it itself. */
static es_status set_transposed_extents(const onnx_call *call, const onnx_dims *x,
                                        const es_window *window, onnx_dims *out) {
    onnx_ints extra, shape;
    size_t n_axes = (size_t)x->rank - 2;
    es_status status = read_list(call, "output_padding", n_axes, &extra);
    if (status == ES_OK)
        status = onnx_list(call, "output_shape", ONNX_NONE, &shape);
    if (status == ES_OK && shape.given && shape.n < n_axes)
        return onnx_fail(call, "an output_shape of %zu dimensions; expected %zu", shape.n, n_axes);
    for (size_t a = 0; status == ES_OK && a < n_axes; a++) {
        int64_t added = extra.given ? extra.v[a] : 0;
        if (added < 0 || added > MAX_EXTENT || x->d[2 + a] > ES_MAX_ELEMS)
            return onnx_fail(call, "an output_padding of %lld", (long long)added);
        int64_t extent = window->dilation[a] * (window->kernel[a] - 1) + 1;
        out->d[2 + a] = (x->d[2 + a] - 1) * window->stride[a] + extent - window->before[a] -
                        window->after[a] + added;
        if (is_same(call))
            out->d[2 + a] = x->d[2 + a] * window->stride[a];
        if (shape.given)
            out->d[2 + a] = shape.v[shape.n - n_axes + a];
    }
    return status;
}

es_status onnx_rule_conv_transpose(const onnx_call *call) {
    const onnx_tensor *x, *w;
    onnx_ints kernel;
    es_layer layer = {.op = ES_OP_CONV_TRANSPOSE,
                      .groups = onnx_attr_int(call, "group", 1),
                      .bias = onnx_in(call, 2) != NULL};
    es_status status = read_weights(call, &x, &w, &kernel);
    if (status == ES_OK)
        status = read_window(call, &x->dims, &kernel, &layer.window);
    if (status != ES_OK)
        return status;
    onnx_dims out = x->dims;
    if (layer.groups < 1 || x->dims.d[1] != w->dims.d[0] ||
        __builtin_mul_overflow(w->dims.d[1], layer.groups, &out.d[1]))
        return onnx_fail(call, "weights for %lld channels; it reads %lld", (long long)w->dims.d[0],
                         (long long)x->dims.d[1]);
    status = set_transposed_extents(call, &x->dims, &layer.window, &out);
    return status == ES_OK ? onnx_give_layer(call, 0, &layer, &out, 3) : status;
}

es_status onnx_rule_pool(const onnx_call *call) {
    const onnx_tensor *x = onnx_in(call, 0);
    onnx_ints kernel;
    es_layer layer = {.op = call->node->op->op};
    if (x == NULL)
        return onnx_fail(call, "expected an input");
    if (onnx_is_used(call, 1))
        return onnx_fail(call, "the places of the maxima are read, which is not understood");
    es_status status = onnx_list(call, "kernel_shape", ONNX_NONE, &kernel);
    if (status == ES_OK && !kernel.given)
        return onnx_fail(call, "expected a kernel_shape");
    if (status == ES_OK)
        status = read_window(call, &x->dims, &kernel, &layer.window);
    if (status != ES_OK)
        return status;
    onnx_dims out = x->dims;
    bool up = onnx_attr_int(call, "ceil_mode", 0) != 0 && !is_same(call);
    status = set_extents(call, &x->dims, &layer.window, up, &out);
    return status == ES_OK ? onnx_give_layer(call, 0, &layer, &out, 1) : status;
}

es_status onnx_rule_global_pool(const onnx_call *call) {
    const onnx_tensor *x = onnx_in(call, 0);
    if (x == NULL || x->dims.rank < 3)
        return onnx_fail(call, "expected a tensor of batch, channels and what is pooled");
    onnx_dims out = x->dims;
    for (int i = 2; i < out.rank; i++)
        out.d[i] = 1;
    return onnx_give_op(call, call->node->op->op, &out, 1);
}
