/* The operators: which kernel each is. */
#include "onednn.h"

#include "choices.h"
#include "weights.h"

static const dnnl_memory_desc_t *layout_of_input(const onednn_maker *m, size_t i) {
    return &m->network->units[m->planned->inputs[i]].lies;
}

static es_shape shape_of_input(const onednn_maker *m, size_t i) {
    return es_plan_out(m->network->plan, m->planned->inputs[i]);
}

/* What m's status says of the layouts made so far. */
static dnnl_status_t so_far(const onednn_maker *m) {
    return m->status == ES_OK ? dnnl_success : dnnl_runtime_error;
}

/* A map seen with rows and columns, also if it has no columns: then it lies plain. */
static dnnl_memory_desc_t map_layout(onednn_maker *m, es_shape shape) {
    dnnl_dims_t dims = {m->network->batch, shape.c, shape.h, shape.w};
    return shape.rank == 3 ? onednn_any(m, 4, dims) : onednn_dense(m, 4, dims);
}

/* ---- Sums of products */

typedef struct window_dims {
    dnnl_dims_t kernel, stride, dilation, before, after;
} window_dims;

static window_dims window_of(const es_layer *layer) {
    window_dims dims = {.kernel = {0}};
    for (int axis = 0; axis < 2; axis++) {
        dims.kernel[axis] = layer->window.kernel[axis];
        dims.stride[axis] = layer->window.stride[axis];
        dims.dilation[axis] = layer->window.dilation[axis] - 1;
        dims.before[axis] = layer->window.before[axis];
        dims.after[axis] = es_choose_after(layer, axis);
    }
    return dims;
}

static dnnl_status_t describe_conv(onednn_maker *m, const dnnl_memory_desc_t *sum,
                                   onednn_kernel *kernel) {
    const es_layer *layer = m->planned->layer;
    window_dims window = window_of(layer);
    dnnl_dims_t outputs = {layer->out.c};
    dnnl_memory_desc_t plain = onednn_weights(m);
    dnnl_memory_desc_t src = map_layout(m, layer->in), bias = onednn_dense(m, 1, outputs);
    dnnl_memory_desc_t weights = onednn_any(m, plain.ndims, plain.dims);
    kernel->dst = sum != NULL && layer->out.rank == 3 ? *sum : map_layout(m, layer->out);
    if (m->status != ES_OK)
        return so_far(m);
    if (layer->op == ES_OP_CONV)
        return dnnl_dilated_convolution_forward_desc_init(
            &kernel->operation.conv, dnnl_forward_inference, dnnl_convolution_auto, &src, &weights,
            &bias, &kernel->dst, window.stride, window.dilation, window.before, window.after);
    return dnnl_dilated_deconvolution_forward_desc_init(
        &kernel->operation.conv_transpose, dnnl_forward_inference, dnnl_deconvolution_direct, &src,
        &weights, &bias, &kernel->dst, window.stride, window.dilation, window.before, window.after);
}

/* Rows times weights, whatever the dimensions in front of the last one. */
static dnnl_status_t describe_linear(onednn_maker *m, const dnnl_memory_desc_t *sum,
                                     onednn_kernel *kernel) {
    (void)sum;
    const es_layer *layer = m->planned->layer;
    int64_t n = es_weights_outputs(layer), n_in = es_weights_per_output(layer);
    int64_t rows = m->network->batch * es_shape_elems(layer->out) / n;
    dnnl_dims_t in = {rows, n_in}, out = {rows, n}, both = {n, n_in}, outputs = {n};
    dnnl_memory_desc_t src = onednn_dense(m, 2, in), weights = onednn_any(m, 2, both);
    dnnl_memory_desc_t bias = onednn_dense(m, 1, outputs);
    kernel->dst = onednn_dense(m, 2, out);
    if (m->status != ES_OK)
        return so_far(m);
    return dnnl_inner_product_forward_desc_init(&kernel->operation.linear, dnnl_forward_inference,
                                                &src, &weights, &bias, &kernel->dst);
}

/* Products of matrices; the dimensions in front are broadcast, and one if they are the same. */
static dnnl_status_t describe_matmul(onednn_maker *m, const dnnl_memory_desc_t *sum,
                                     onednn_kernel *kernel) {
    (void)sum;
    es_shape out = m->planned->layer->out, sides[2];
    dnnl_memory_desc_t layouts[2];
    bool same = true;
    for (size_t i = 0; i < 2; i++)
        sides[i] = es_shape_lead(shape_of_input(m, i), out.rank);
    for (int d = 0; d + 2 < out.rank; d++)
        same = same && sides[0].dims[d] == sides[1].dims[d];
    for (size_t i = 0; i < 2; i++) {
        const int64_t *last = &sides[i].dims[out.rank - 2];
        dnnl_dims_t one = {m->network->batch * es_shape_elems(sides[i]) / (last[0] * last[1]),
                           last[0], last[1]};
        layouts[i] = same ? onednn_dense(m, 3, one) : onednn_plain(m, sides[i]);
    }
    const int64_t *last = &out.dims[out.rank - 2];
    dnnl_dims_t one = {m->network->batch * es_shape_elems(out) / (last[0] * last[1]), last[0],
                       last[1]};
    kernel->dst = same ? onednn_dense(m, 3, one) : onednn_plain(m, out);
    if (m->status != ES_OK)
        return so_far(m);
    return dnnl_matmul_desc_init(&kernel->operation.matmul, &layouts[0], &layouts[1], NULL,
                                 &kernel->dst);
}

static void make_conv(onednn_maker *m) {
    onednn_make_kernel(m, describe_conv, (const int[]){DNNL_ARG_SRC}, 0, NULL);
}

static void make_linear(onednn_maker *m) {
    onednn_make_kernel(m, describe_linear, (const int[]){DNNL_ARG_SRC}, 0, NULL);
}

static void make_matmul(onednn_maker *m) {
    if (m->planned->layer->n_inputs == 1)
        make_linear(m);
    else
        onednn_make_kernel(m, describe_matmul, (const int[]){DNNL_ARG_SRC, DNNL_ARG_WEIGHTS}, 0,
                           NULL);
}

static const char *refuse_matmul(const es_plan *plan, const es_fused_unit *unit) {
    const es_layer *layer = unit->layer;
    es_shape left = es_plan_out(plan, unit->inputs[0]), expected = layer->out;
    es_shape right = es_plan_out(plan, unit->inputs[layer->n_inputs - 1]);
    int rank = expected.rank;
    if (layer->n_inputs == 1) {
        expected.dims[rank > 0 ? rank - 1 : 0] = left.dims[left.rank > 0 ? left.rank - 1 : 0];
        return rank > 0 && es_shape_equal(left, expected) ? NULL : "its constant comes first";
    }
    if (left.rank < 2 || right.rank < 2 || left.rank > rank || right.rank > rank)
        return "a factor or the product is not a matrix";
    left = es_shape_lead(left, rank);
    right = es_shape_lead(right, rank);
    for (int d = 0; d + 2 < rank; d++)
        expected.dims[d] = left.dims[d] > right.dims[d] ? left.dims[d] : right.dims[d];
    expected.dims[rank - 2] = left.dims[rank - 2];
    expected.dims[rank - 1] = right.dims[rank - 1];
    return es_shape_equal(layer->out, expected) ? NULL : "the product has other dimensions";
}

/* ---- Of two tensors */

/* In blocks of channels, [batch][c / block][h][w][block], oneDNN scales each channel with one
 * thread pixel by pixel; seen as batch * c / block images of `block` channels in channels-last
 * order, it scales fast, and a vector of channels [batch][c] becomes one of [block] per image. */
static dnnl_status_t see_blocks_as_images(onednn_kernel *kernel, int64_t block,
                                          dnnl_memory_desc_t seen[2]) {
    dnnl_memory_desc_t *tensor = &kernel->lies_in[0], *vector = &kernel->lies_in[1];
    int64_t images = tensor->dims[0] * (tensor->padded_dims[1] / block);
    dnnl_dims_t tensor_dims = {images, block, tensor->dims[2], tensor->dims[3]};
    dnnl_dims_t vector_dims = {images, block, 1, 1};
    dnnl_status_t result =
        dnnl_memory_desc_init_by_tag(&seen[0], 4, tensor_dims, dnnl_f32, dnnl_nhwc);
    if (result == dnnl_success)
        result = dnnl_memory_desc_init_by_tag(&seen[1], 4, vector_dims, dnnl_f32, dnnl_nhwc);
    if (result == dnnl_success)
        result = dnnl_memory_desc_init_by_tag(vector, 4, vector->dims, dnnl_f32,
                                              block == 8 ? dnnl_nChw8c : dnnl_nChw16c);
    kernel->lies_out = *tensor;
    return result;
}

static dnnl_status_t describe_binary(onednn_maker *m, const dnnl_memory_desc_t *sum,
                                     onednn_kernel *kernel) {
    (void)sum;
    const es_layer *layer = m->planned->layer;
    kernel->swapped = !es_shape_equal(shape_of_input(m, 0), layer->out);
    size_t full = kernel->swapped, other = 1 - full;
    es_shape operand = es_shape_lead(shape_of_input(m, other), layer->out.rank);
    int64_t block = layer->out.rank == 3 ? onednn_channel_block(layout_of_input(m, full)) : 0;
    dnnl_memory_desc_t seen[2] = {*layout_of_input(m, full), onednn_plain(m, operand)};
    dnnl_status_t result = so_far(m);
    if (es_shape_equal(operand, layer->out)) {
        seen[1] = seen[0];
    } else if ((block == 8 || block == 16) && operand.c == layer->out.c && operand.h == 1 &&
               operand.w == 1 && shape_of_input(m, other).rank == 3) {
        kernel->lies_in[0] = seen[0];
        kernel->lies_in[1] = *layout_of_input(m, other);
        result = see_blocks_as_images(kernel, block, seen);
    }
    kernel->dst = seen[0];
    if (result != dnnl_success)
        return result;
    return dnnl_binary_desc_init(&kernel->operation.binary, onednn_binary_of(layer->op), &seen[0],
                                 &seen[1], &kernel->dst);
}

static const char *refuse_elementwise(const es_plan *plan, const es_fused_unit *unit) {
    const es_layer *layer = unit->layer;
    bool commutes = layer->op != ES_OP_SUB && layer->op != ES_OP_DIV;
    bool full = es_shape_equal(es_plan_out(plan, unit->inputs[0]), layer->out);
    if (layer->n_inputs == 1)
        return full ? onednn_refuse_elementwise(plan, unit, unit->layer_index)
                    : "its input is broadcast to a constant";
    full = full || (commutes && es_shape_equal(es_plan_out(plan, unit->inputs[1]), layer->out));
    return full ? NULL : "both inputs are broadcast, or the first one of a difference or ratio";
}

static void make_elementwise(onednn_maker *m) {
    if (m->planned->layer->n_inputs == 1)
        onednn_make_elementwise(m);
    else
        onednn_make_kernel(m, describe_binary, (const int[]){DNNL_ARG_SRC_0, DNNL_ARG_SRC_1}, 0,
                           NULL);
}

static const char *refuse_activation(const es_plan *plan, const es_fused_unit *unit) {
    return onednn_refuse_elementwise(plan, unit, unit->layer_index);
}

/* ---- Norms and softmax */

static dnnl_status_t describe_batch_norm(onednn_maker *m, const dnnl_memory_desc_t *sum,
                                         onednn_kernel *kernel) {
    (void)sum;
    kernel->dst = *layout_of_input(m, 0);
    return dnnl_batch_normalization_forward_desc_init(
        &kernel->operation.batch_norm, dnnl_forward_inference, &kernel->dst,
        (float)ES_BATCH_NORM_EPSILON, dnnl_use_global_stats | dnnl_use_scale | dnnl_use_shift);
}

static void make_batch_norm(onednn_maker *m) {
    dnnl_dims_t channels = {m->planned->layer->in.c};
    dnnl_memory_desc_t each = onednn_dense(m, 1, channels);
    onednn_extra extra[] = {{DNNL_ARG_MEAN, ES_MEAN, each},
                            {DNNL_ARG_VARIANCE, ES_VARIANCE, each},
                            {DNNL_ARG_SCALE, ES_SCALE, each},
                            {DNNL_ARG_SHIFT, ES_SHIFT, each}};
    onednn_make_kernel(m, describe_batch_norm, (const int[]){DNNL_ARG_SRC}, 4, extra);
}

static const char *refuse_batch_norm(const es_plan *plan, const es_fused_unit *unit) {
    (void)plan;
    int rank = unit->layer->in.rank;
    return rank >= 1 && rank <= 4 ? NULL : "its tensor has no dimension, or more than four";
}

static dnnl_status_t describe_layer_norm(onednn_maker *m, const dnnl_memory_desc_t *sum,
                                         onednn_kernel *kernel) {
    (void)sum;
    int64_t extent = es_choose_norm_extent(m->planned->layer);
    dnnl_dims_t dims = {m->network->batch * es_shape_elems(m->planned->layer->in) / extent, extent};
    kernel->dst = onednn_dense(m, 2, dims);
    if (m->status != ES_OK)
        return so_far(m);
    return dnnl_layer_normalization_forward_desc_init(
        &kernel->operation.layer_norm, dnnl_forward_inference, &kernel->dst, NULL,
        (float)ES_LAYER_NORM_EPSILON, dnnl_use_scale | dnnl_use_shift);
}

static void make_layer_norm(onednn_maker *m) {
    dnnl_dims_t dims = {es_choose_norm_extent(m->planned->layer)};
    dnnl_memory_desc_t each = onednn_dense(m, 1, dims);
    onednn_extra extra[] = {{DNNL_ARG_SCALE, ES_SCALE, each}, {DNNL_ARG_SHIFT, ES_SHIFT, each}};
    onednn_make_kernel(m, describe_layer_norm, (const int[]){DNNL_ARG_SRC}, 2, extra);
}

static dnnl_status_t describe_local_response_norm(onednn_maker *m, const dnnl_memory_desc_t *sum,
                                                  onednn_kernel *kernel) {
    (void)sum;
    kernel->dst = *layout_of_input(m, 0);
    return dnnl_lrn_forward_desc_init(
        &kernel->operation.local_response_norm, dnnl_forward_inference, dnnl_lrn_across_channels,
        &kernel->dst, ES_LOCAL_RESPONSE_SIZE, (float)ES_LOCAL_RESPONSE_ALPHA,
        (float)ES_LOCAL_RESPONSE_BETA, (float)ES_LOCAL_RESPONSE_K);
}

static void make_local_response_norm(onednn_maker *m) {
    onednn_make_kernel(m, describe_local_response_norm, (const int[]){DNNL_ARG_SRC}, 0, NULL);
}

static const char *refuse_local_response_norm(const es_plan *plan, const es_fused_unit *unit) {
    (void)plan;
    return unit->layer->in.rank == 3 ? NULL : "its tensor is not one of channels, rows and columns";
}

static dnnl_status_t describe_softmax(onednn_maker *m, const dnnl_memory_desc_t *sum,
                                      onednn_kernel *kernel) {
    (void)sum;
    es_shape shape = m->planned->layer->in;
    dnnl_dims_t dims = {m->network->batch * es_shape_elems(shape) / shape.dims[shape.rank - 1],
                        shape.dims[shape.rank - 1]};
    kernel->dst = onednn_dense(m, 2, dims);
    if (m->status != ES_OK)
        return so_far(m);
    return dnnl_softmax_forward_desc_init(&kernel->operation.softmax, dnnl_forward_inference,
                                          &kernel->dst, 1);
}

static void make_softmax(onednn_maker *m) {
    onednn_make_kernel(m, describe_softmax, (const int[]){DNNL_ARG_SRC}, 0, NULL);
}

static const char *refuse_scalar(const es_plan *plan, const es_fused_unit *unit) {
    (void)plan;
    return unit->layer->in.rank > 0 ? NULL : "its tensor has no dimension";
}

/* ---- Pools and reductions */

/* Of windows, or of all rows and columns. */
static dnnl_status_t describe_pool(onednn_maker *m, const dnnl_memory_desc_t *sum,
                                   onednn_kernel *kernel) {
    (void)sum;
    const es_layer *layer = m->planned->layer;
    bool windowed = layer->op == ES_OP_MAX_POOL || layer->op == ES_OP_AVERAGE_POOL;
    bool greatest = layer->op == ES_OP_MAX_POOL || layer->op == ES_OP_GLOBAL_MAX_POOL ||
                    layer->op == ES_OP_REDUCE_MAX;
    bool maps = layer->in.rank == 3 && layer->out.rank == 3;
    dnnl_dims_t in = {m->network->batch, layer->in.c, layer->in.h, layer->in.w};
    dnnl_memory_desc_t src = maps ? *layout_of_input(m, 0) : onednn_dense(m, 4, in);
    window_dims window = {.kernel = {layer->in.h, layer->in.w},
                          .stride = {layer->in.h, layer->in.w}};
    dnnl_dims_t out = {m->network->batch, layer->in.c, 1, 1};
    if (windowed) {
        window = window_of(layer);
        out[2] = layer->out.h;
        out[3] = layer->out.w;
    }
    kernel->dst = maps ? onednn_any(m, 4, out) : onednn_dense(m, 4, out);
    if (m->status != ES_OK)
        return so_far(m);
    return dnnl_pooling_v2_forward_desc_init(
        &kernel->operation.pool, dnnl_forward_inference,
        greatest ? dnnl_pooling_max : dnnl_pooling_avg_exclude_padding, &src, &kernel->dst,
        window.stride, window.kernel, window.dilation, window.before, window.after);
}

static void make_pool(onednn_maker *m) {
    onednn_make_kernel(m, describe_pool, (const int[]){DNNL_ARG_SRC}, 0, NULL);
}

static dnnl_status_t describe_reduction(onednn_maker *m, const dnnl_memory_desc_t *sum,
                                        onednn_kernel *kernel) {
    (void)sum;
    const es_layer *layer = m->planned->layer;
    dnnl_alg_kind_t algorithm =
        layer->op == ES_OP_REDUCE_SUM                                         ? dnnl_reduction_sum
        : layer->op == ES_OP_REDUCE_MAX || layer->op == ES_OP_GLOBAL_MAX_POOL ? dnnl_reduction_max
                                                                              : dnnl_reduction_mean;
    es_shape kept;
    if (!es_choose_kept(layer, &kept))
        return dnnl_unimplemented;
    dnnl_memory_desc_t src = onednn_plain(m, layer->in);
    kernel->dst = onednn_plain(m, kept);
    if (m->status != ES_OK)
        return so_far(m);
    return dnnl_reduction_desc_init(&kernel->operation.reduction, algorithm, &src, &kernel->dst, 0,
                                    0);
}

/* Means and maxima of whole rows and columns are pools. */
static void make_reduction(onednn_maker *m) {
    const es_layer *layer = m->planned->layer;
    es_shape kept = layer->in;
    bool fits = es_choose_kept(layer, &kept);
    ES_REQUIRE(fits);
    if (kept.rank == 3 && kept.c == layer->in.c && kept.h == 1 && kept.w == 1 &&
        layer->op != ES_OP_REDUCE_SUM)
        make_pool(m);
    else if (es_shape_equal(kept, layer->in))
        onednn_make_copy(m);
    else
        onednn_make_kernel(m, describe_reduction, (const int[]){DNNL_ARG_SRC}, 0, NULL);
}

static const char *refuse_reduction(const es_plan *plan, const es_fused_unit *unit) {
    (void)plan;
    es_shape kept;
    return es_choose_kept(unit->layer, &kept) ? NULL
                                              : "its output is not its input with fewer dimensions";
}

/* ---- Resizing */

static dnnl_status_t describe_resize(onednn_maker *m, const dnnl_memory_desc_t *sum,
                                     onednn_kernel *kernel) {
    (void)sum;
    kernel->dst = map_layout(m, m->planned->layer->out);
    if (m->status != ES_OK)
        return so_far(m);
    return dnnl_resampling_forward_desc_init(&kernel->operation.resize, dnnl_forward_inference,
                                             dnnl_resampling_nearest, NULL, layout_of_input(m, 0),
                                             &kernel->dst);
}

static void make_resize(onednn_maker *m) {
    onednn_make_kernel(m, describe_resize, (const int[]){DNNL_ARG_SRC}, 0, NULL);
}

static const char *refuse_resize(const es_plan *plan, const es_fused_unit *unit) {
    (void)plan;
    es_shape in = unit->layer->in, out = unit->layer->out;
    return in.rank == 3 && out.rank == 3 && in.c == out.c ? NULL
                                                          : "it resizes more than rows and columns";
}

/* ---- The table */

typedef struct unit_kind {
    void (*make)(onednn_maker *m); /* NULL: oneDNN has nothing for it */
    const char *(*refuse)(const es_plan *plan, const es_fused_unit *unit); /* OPTIONAL */
} unit_kind;

static unit_kind kind_of(es_op op) {
    static const unit_kind kinds[ES_N_OPS] = {
        [ES_OP_CONV] = {make_conv, NULL},
        [ES_OP_CONV_TRANSPOSE] = {make_conv, NULL},
        [ES_OP_LINEAR] = {make_linear, NULL},
        [ES_OP_MATMUL] = {make_matmul, refuse_matmul},
        [ES_OP_BATCH_NORM] = {make_batch_norm, refuse_batch_norm},
        [ES_OP_LAYER_NORM] = {make_layer_norm, refuse_scalar},
        [ES_OP_LOCAL_RESPONSE_NORM] = {make_local_response_norm, refuse_local_response_norm},
        [ES_OP_SOFTMAX] = {make_softmax, refuse_scalar},
        [ES_OP_MAX_POOL] = {make_pool, NULL},
        [ES_OP_AVERAGE_POOL] = {make_pool, NULL},
        [ES_OP_GLOBAL_AVERAGE_POOL] = {make_reduction, refuse_reduction},
        [ES_OP_GLOBAL_MAX_POOL] = {make_reduction, refuse_reduction},
        [ES_OP_REDUCE_MEAN] = {make_reduction, refuse_reduction},
        [ES_OP_REDUCE_SUM] = {make_reduction, refuse_reduction},
        [ES_OP_REDUCE_MAX] = {make_reduction, refuse_reduction},
        [ES_OP_CONCAT] = {onednn_make_concat, NULL},
        [ES_OP_SLICE] = {onednn_make_slice, onednn_refuse_slice},
        [ES_OP_TRANSPOSE] = {onednn_make_transpose, onednn_refuse_transpose},
        [ES_OP_PAD] = {onednn_make_pad, onednn_refuse_pad},
        [ES_OP_RESIZE] = {make_resize, refuse_resize},
        [ES_OP_EXPAND] = {onednn_make_expand, onednn_refuse_expand},
        [ES_OP_RESHAPE] = {onednn_make_view, NULL},
    };
    if (es_op_fusing(op) == ES_FUSING_ACTIVATION)
        return (unit_kind){onednn_make_elementwise, refuse_activation};
    if (es_op_fusing(op) == ES_FUSING_ELEMENTWISE)
        return (unit_kind){make_elementwise, refuse_elementwise};
    return kinds[op];
}

const char *onednn_refuse(const es_plan *plan, const es_fused_unit *unit, const es_layer **cause) {
    unit_kind kind = kind_of(unit->layer->op);
    const char *reason = kind.make == NULL     ? "oneDNN has no such kernel"
                         : kind.refuse != NULL ? kind.refuse(plan, unit)
                                               : NULL;
    *cause = unit->layer;
    for (size_t l = unit->layer_index + 1; reason == NULL && l <= unit->layer_index + unit->n_chain;
         l++) {
        *cause = &plan->model->layers[l];
        reason = onednn_refuse_elementwise(plan, unit, l);
    }
    return reason;
}

void onednn_make(onednn_maker *m) {
    unit_kind kind = kind_of(m->planned->layer->op);
    ES_REQUIRE(kind.make != NULL); /* onednn_refuse has let it through */
    kind.make(m);
}
