/* The operators: which steps each is. */
#include "cudnn_parts.h"

#include "choices.h"

#include "edgesplit/alloc.h"

#include <string.h>

static es_shape shape_of_input(const gpu_maker *m, size_t i) {
    return es_plan_out(m->network->plan, m->planned->inputs[i]);
}

static bool lies_last(const gpu_maker *m, size_t i) {
    return m->network->units[m->planned->inputs[i]].last;
}

/* Appends the chain to a body, which gives the shape of the unit's first layer, and makes it. */
static void finish_body(gpu_maker *m, gpu_body *body, bool last) {
    gpu_add_chain(m, body, last);
    gpu_target target = gpu_begin_output(m, last);
    body->y.rank = 4;
    gpu_frame(m->network, m->planned->layer->out, last, body->y.dims);
    body->y.buffer = target.buffer;
    gpu_make_body(m, body);
    gpu_end_output(m, &target);
}

/* ---- Sums of products */

/* Weights [out][in][rows][columns] as [out][rows][columns][in]. */
static es_status put_channels_last(const es_layer *layer, float *weights) {
    int64_t n = es_weights_per_output(layer),
            area = layer->window.kernel[0] * layer->window.kernel[1];
    float *row = es_alloc((size_t)n, sizeof *row);
    if (row == NULL)
        return ES_NO_MEMORY;
    for (int64_t k = 0; k < es_weights_outputs(layer); k++) {
        memcpy(row, weights + k * n, (size_t)n * sizeof *row);
        for (int64_t i = 0; i < n; i++)
            weights[k * n + i % area * (n / area) + i / area] = row[i];
    }
    free(row);
    return ES_OK;
}

/* The weights, and the bias as the first function if there is one. */
static void add_weights(gpu_maker *m, gpu_body *body) {
    const es_layer *layer = m->planned->layer;
    int64_t n = es_weights_outputs(layer), n_weights = n * es_weights_per_output(layer);
    float *weights = gpu_numbers(m, n_weights), *bias = gpu_numbers(m, n);
    if (weights != NULL && bias != NULL)
        m->status = es_weights_fold(m->network->plan, m->planned, weights, bias);
    if (m->status == ES_OK && weights != NULL && layer->op == ES_OP_CONV)
        m->status = put_channels_last(layer, weights);
    body->w.buffer = gpu_constant(m, n_weights, weights);
    if (!layer->bias && !es_fused_unit_folds(m->network->plan, m->planned)) {
        free(bias);
        return;
    }
    gpu_pointwise add = {.mode = CUDNN_POINTWISE_ADD,
                         .has_operand = true,
                         .operand = {.rank = 4, .dims = {1, n, 1, 1}}};
    add.operand.buffer = gpu_constant(m, n, bias);
    gpu_add_function(m, body, add);
}

static void set_window(gpu_body *body, const es_layer *layer) {
    for (int axis = 0; axis < 2; axis++) {
        body->window[axis] = layer->window.kernel[axis];
        body->stride[axis] = layer->window.stride[axis];
        body->dilation[axis] = layer->window.dilation[axis];
        body->before[axis] = layer->window.before[axis];
        /* Negative where windows end before the last pixel, which cuDNN sees itself. */
        int64_t after = es_choose_after(layer, axis);
        body->after[axis] = after > 0 ? after : 0;
    }
}

static void make_conv(gpu_maker *m) {
    const es_layer *layer = m->planned->layer;
    gpu_body body = {.product = GPU_CONV, .x = {.rank = 4}};
    set_window(&body, layer);
    body.x.buffer = gpu_read(m, m->planned->inputs[0], true);
    gpu_frame(m->network, layer->in, true, body.x.dims);
    body.w = (gpu_operand){.rank = 4,
                           .dims = {layer->out.c, layer->in.c / layer->groups,
                                    layer->window.kernel[0], layer->window.kernel[1]}};
    add_weights(m, &body);
    finish_body(m, &body, true);
}

static const char *refuse_conv(const es_plan *plan, const es_fused_unit *unit) {
    (void)plan;
    return unit->layer->in.rank <= 3 ? NULL : "it has more than two dimensions";
}

/* Rows times weights: a convolution of images of one pixel. */
static void make_linear(gpu_maker *m) {
    const es_layer *layer = m->planned->layer;
    int64_t n = es_weights_outputs(layer), n_in = es_weights_per_output(layer);
    gpu_body body = {.product = GPU_CONV,
                     .x = {.rank = 4},
                     .w = {.rank = 4, .dims = {n, n_in, 1, 1}},
                     .window = {1, 1},
                     .stride = {1, 1},
                     .dilation = {1, 1}};
    body.x.buffer = gpu_read(m, m->planned->inputs[0], false);
    gpu_frame(m->network, layer->in, false, body.x.dims);
    add_weights(m, &body);
    finish_body(m, &body, false);
}

/* A factor of a product of matrices, broadcast to as many matrices as the product has. */
static gpu_operand factor(gpu_maker *m, size_t i, int64_t rows, int64_t columns) {
    es_shape out = m->planned->layer->out, whole = out;
    int64_t n_matrices =
        m->network->batch * es_shape_elems(out) / (out.dims[out.rank - 2] * out.dims[out.rank - 1]);
    whole.dims[out.rank - 2] = rows;
    whole.dims[out.rank - 1] = columns;
    gpu_operand operand = gpu_tensor_operand(m, m->planned->inputs[i], whole, false);
    return (gpu_operand){.buffer = operand.buffer, .rank = 3, .dims = {n_matrices, rows, columns}};
}

static void make_matmul(gpu_maker *m) {
    const es_layer *layer = m->planned->layer;
    if (layer->n_inputs == 1) {
        make_linear(m);
        return;
    }
    gpu_body body = {.product = GPU_MATMUL};
    es_shape left = shape_of_input(m, 0), out = layer->out;
    int64_t n = left.dims[left.rank - 1], rows = out.dims[out.rank - 2],
            columns = out.dims[out.rank - 1];
    body.x = factor(m, 0, rows, n);
    body.w = factor(m, 1, n, columns);
    body.matrix = (gpu_operand){.rank = 3, .dims = {body.x.dims[0], rows, columns}};
    finish_body(m, &body, false);
}

static const char *refuse_matmul(const es_plan *plan, const es_fused_unit *unit) {
    const es_layer *layer = unit->layer;
    es_shape left = es_plan_out(plan, unit->inputs[0]), expected = layer->out;
    int rank = expected.rank;
    if (layer->n_inputs == 1) {
        if (rank > 0 && left.rank == rank)
            expected.dims[rank - 1] = left.dims[rank - 1];
        return rank > 0 && es_shape_equal(left, expected) ? NULL : "its constant comes first";
    }
    es_shape right = es_plan_out(plan, unit->inputs[1]);
    bool matrices = left.rank >= 2 && right.rank >= 2 && left.rank <= rank && right.rank <= rank;
    if (!matrices)
        return "a factor or the product is not a matrix";
    left = es_shape_lead(left, rank);
    right = es_shape_lead(right, rank);
    for (int d = 0; d + 2 < rank; d++)
        expected.dims[d] = left.dims[d] > right.dims[d] ? left.dims[d] : right.dims[d];
    expected.dims[rank - 2] = left.dims[rank - 2];
    expected.dims[rank - 1] = right.dims[rank - 1];
    return es_shape_equal(layer->out, expected) && left.dims[rank - 1] == right.dims[rank - 2]
               ? NULL
               : "the product has other dimensions";
}

/* ---- Of each element */

/* A unit that begins with an activation, a scale or an operator. */
static void make_elementwise(gpu_maker *m) {
    const es_layer *layer = m->planned->layer;
    size_t full = layer->n_inputs == 2 && !es_shape_equal(shape_of_input(m, 0), layer->out);
    bool last = lies_last(m, full);
    gpu_body body = {.product = GPU_NO_PRODUCT};
    body.x = gpu_tensor_operand(m, m->planned->inputs[full], layer->out, last);
    if (layer->n_inputs == 1) {
        gpu_add_layer(m, &body, m->planned->layer_index, last);
    } else {
        static const cudnnPointwiseMode_t modes[ES_N_OPS] = {
            [ES_OP_ADD] = CUDNN_POINTWISE_ADD, [ES_OP_SUB] = CUDNN_POINTWISE_SUB,
            [ES_OP_MUL] = CUDNN_POINTWISE_MUL, [ES_OP_DIV] = CUDNN_POINTWISE_DIV,
            [ES_OP_MIN] = CUDNN_POINTWISE_MIN, [ES_OP_MAX] = CUDNN_POINTWISE_MAX};
        gpu_pointwise function = {.mode = modes[layer->op], .has_operand = true};
        function.operand = gpu_tensor_operand(m, m->planned->inputs[1 - full], layer->out, last);
        gpu_add_function(m, &body, function);
    }
    finish_body(m, &body, last);
}

static const char *refuse_elementwise(const es_plan *plan, const es_fused_unit *unit) {
    const es_layer *layer = unit->layer;
    bool commutes = layer->op != ES_OP_SUB && layer->op != ES_OP_DIV;
    bool full = es_shape_equal(es_plan_out(plan, unit->inputs[0]), layer->out);
    if (layer->n_inputs == 1)
        return full ? gpu_refuse_function(plan, unit, unit->layer_index)
                    : "its input is broadcast to a constant";
    full = full || (commutes && es_shape_equal(es_plan_out(plan, unit->inputs[1]), layer->out));
    return full ? NULL : "both inputs are broadcast, or the first one of a difference or ratio";
}

/* ---- Rows */

static void make_row_kernel(gpu_maker *m, gpu_step_kind kind, int64_t row_elems) {
    const es_layer *layer = m->planned->layer;
    size_t from = gpu_read(m, m->planned->inputs[0], false);
    gpu_target target = gpu_begin_output(m, false);
    gpu_step step = {.kind = kind,
                     .n_operands = 2,
                     .operands = {target.buffer, from},
                     .n_rows = m->network->batch * es_shape_elems(layer->in) / row_elems,
                     .row_elems = row_elems};
    if (kind == GPU_LAYER_NORM) {
        step.operands[step.n_operands++] =
            gpu_constant_role(m, m->planned->layer_index, ES_SCALE, row_elems);
        step.operands[step.n_operands++] =
            gpu_constant_role(m, m->planned->layer_index, ES_SHIFT, row_elems);
    }
    gpu_add_step(m, step);
    gpu_end_output(m, &target);
}

static void make_softmax(gpu_maker *m) {
    es_shape shape = m->planned->layer->in;
    make_row_kernel(m, GPU_SOFTMAX, shape.dims[shape.rank - 1]);
}

static void make_layer_norm(gpu_maker *m) {
    make_row_kernel(m, GPU_LAYER_NORM, es_choose_norm_extent(m->planned->layer));
}

static const char *refuse_scalar(const es_plan *plan, const es_fused_unit *unit) {
    (void)plan;
    return unit->layer->in.rank > 0 ? NULL : "its tensor has no dimension";
}

/* ---- Pools */

static void make_pool(gpu_maker *m) {
    const es_layer *layer = m->planned->layer;
    bool greatest = layer->op == ES_OP_MAX_POOL || layer->op == ES_OP_GLOBAL_MAX_POOL ||
                    layer->op == ES_OP_REDUCE_MAX;
    gpu_body body = {.product = GPU_POOL,
                     .pool =
                         greatest ? CUDNN_RESAMPLE_MAXPOOL : CUDNN_RESAMPLE_AVGPOOL_EXCLUDE_PADDING,
                     .x = {.rank = 4},
                     .window = {layer->in.h, layer->in.w},
                     .stride = {layer->in.h, layer->in.w},
                     .dilation = {1, 1}};
    if (layer->op == ES_OP_MAX_POOL || layer->op == ES_OP_AVERAGE_POOL)
        set_window(&body, layer);
    body.x.buffer = gpu_read(m, m->planned->inputs[0], true);
    gpu_frame(m->network, layer->in, true, body.x.dims);
    finish_body(m, &body, true);
}

static const char *refuse_pool(const es_plan *plan, const es_fused_unit *unit) {
    (void)plan;
    const es_layer *layer = unit->layer;
    if (layer->window.dilation[0] > 1 || layer->window.dilation[1] > 1)
        return "its window is dilated";
    return layer->in.rank == 3 ? NULL : "its tensor is not one of channels, rows and columns";
}

static const char *refuse_reduction(const es_plan *plan, const es_fused_unit *unit) {
    (void)plan;
    const es_layer *layer = unit->layer;
    es_shape kept;
    bool over_pixels = es_choose_kept(layer, &kept) && layer->in.rank == 3 &&
                       kept.c == layer->in.c && kept.h == 1 && kept.w == 1 &&
                       layer->op != ES_OP_REDUCE_SUM;
    return over_pixels ? NULL : "only means and maxima of all rows and columns can be run";
}

/* ---- What only moves data */

/* Makes a unit that moves its input: `to_view` of an output whose layout is `last`. */
static void move_input(gpu_maker *m, bool last, gpu_view to_view, gpu_view from_view) {
    gpu_target target = gpu_begin_output(m, last);
    gpu_move(m, target.buffer, to_view, m->network->units[m->planned->inputs[0]].buffer, from_view);
    gpu_end_output(m, &target);
}

static void make_transpose(gpu_maker *m) {
    const es_layer *layer = m->planned->layer;
    int permutation[ES_MAX_RANK];
    bool fits = es_choose_permutation(layer, permutation);
    ES_REQUIRE(fits);
    gpu_view to = gpu_view_of(m->network->batch, layer->out, false), from = to;
    gpu_view lies = gpu_view_of(m->network->batch, layer->in, lies_last(m, 0));
    from.strides[0] = lies.strides[0];
    for (int d = 0; d < layer->out.rank; d++)
        from.strides[d + 1] = lies.strides[permutation[d] + 1];
    move_input(m, false, to, from);
}

static const char *refuse_transpose(const es_plan *plan, const es_fused_unit *unit) {
    (void)plan;
    int permutation[ES_MAX_RANK];
    return es_choose_permutation(unit->layer, permutation) ? NULL : "its shapes are no permutation";
}

/* The first elements of each dimension. */
static void make_slice(gpu_maker *m) {
    const es_layer *layer = m->planned->layer;
    gpu_view to = gpu_view_of(m->network->batch, layer->out, lies_last(m, 0));
    gpu_view from = gpu_view_of(m->network->batch, layer->in, lies_last(m, 0));
    memcpy(from.dims, to.dims, sizeof from.dims);
    move_input(m, lies_last(m, 0), to, from);
}

static const char *refuse_slice(const es_plan *plan, const es_fused_unit *unit) {
    (void)plan;
    bool fits = unit->layer->in.rank == unit->layer->out.rank;
    for (int d = 0; d < unit->layer->in.rank; d++)
        fits = fits && unit->layer->out.dims[d] <= unit->layer->in.dims[d];
    return fits ? NULL : "its output is not a part of its input";
}

/* The same constant everywhere in a buffer. */
static void fill(gpu_maker *m, size_t buffer, gpu_view view, double number) {
    gpu_view same = view;
    memset(same.strides, 0, sizeof same.strides);
    gpu_move(m, buffer, view, gpu_constant_number(m, number), same);
}

/* Zeros all over, then the input into their middle. */
static void make_pad(gpu_maker *m) {
    const es_layer *layer = m->planned->layer;
    bool last = lies_last(m, 0);
    gpu_view whole = gpu_view_of(m->network->batch, layer->out, last), part = whole;
    gpu_view from = gpu_view_of(m->network->batch, layer->in, last);
    memcpy(part.dims, from.dims, sizeof part.dims);
    for (int d = 0; d < layer->in.rank; d++)
        part.offset += (layer->out.dims[d] - layer->in.dims[d]) / 2 * part.strides[d + 1];
    gpu_target target = gpu_begin_output(m, last);
    fill(m, target.buffer, whole, 0);
    gpu_move(m, target.buffer, part, m->network->units[m->planned->inputs[0]].buffer, from);
    gpu_end_output(m, &target);
}

static const char *refuse_pad(const es_plan *plan, const es_fused_unit *unit) {
    (void)plan;
    bool fits = unit->layer->in.rank == unit->layer->out.rank;
    for (int d = 0; d < unit->layer->in.rank; d++)
        fits = fits && unit->layer->out.dims[d] >= unit->layer->in.dims[d];
    return fits ? NULL : "its output is smaller than its input";
}

static void make_expand(gpu_maker *m) {
    es_shape out = m->planned->layer->out, led = es_shape_lead(m->planned->layer->in, out.rank);
    size_t plain = gpu_read(m, m->planned->inputs[0], false);
    gpu_view to = gpu_view_of(m->network->batch, out, false);
    gpu_view from = gpu_view_of(m->network->batch, led, false);
    for (int d = 0; d < out.rank; d++) {
        from.strides[d + 1] = led.dims[d] == 1 ? 0 : from.strides[d + 1];
        from.dims[d + 1] = to.dims[d + 1];
    }
    gpu_target target = gpu_begin_output(m, false);
    gpu_move(m, target.buffer, to, plain, from);
    gpu_end_output(m, &target);
}

static const char *refuse_expand(const es_plan *plan, const es_fused_unit *unit) {
    (void)plan;
    es_shape in = unit->layer->in, out = unit->layer->out;
    bool fits = in.rank <= out.rank;
    in = fits ? es_shape_lead(in, out.rank) : in;
    for (int d = 0; fits && d < out.rank; d++)
        fits = in.dims[d] == 1 || in.dims[d] == out.dims[d];
    return fits ? NULL : "its input cannot be broadcast to its output";
}

/* The part of a concatenation's output that begins at `at` along its axis. */
static gpu_view part_of(gpu_view whole, int axis, int64_t at, int64_t length) {
    whole.offset = at * whole.strides[axis + 1];
    whole.dims[axis + 1] = (unsigned)length;
    return whole;
}

/* The constant part comes first. */
static void make_concat(gpu_maker *m) {
    const es_layer *layer = m->planned->layer;
    int64_t at, batch = m->network->batch;
    int axis = es_choose_concat_axis(m->network->plan->model, layer, &at);
    bool last = lies_last(m, 0) && at == 0;
    gpu_target target = gpu_begin_output(m, last);
    gpu_view whole = gpu_view_of(batch, layer->out, last);
    if (at > 0) {
        es_shape constant = layer->out;
        constant.dims[axis] = at;
        gpu_view from = gpu_view_of(batch, constant, false);
        from.strides[0] = 0;
        gpu_move(
            m, target.buffer, part_of(whole, axis, 0, at),
            gpu_constant_role(m, m->planned->layer_index, ES_CONSTANT, es_shape_elems(constant)),
            from);
    }
    for (size_t i = 0; i < layer->n_inputs; i++) {
        es_shape shape = shape_of_input(m, i);
        gpu_move(m, target.buffer, part_of(whole, axis, at, shape.dims[axis]),
                 m->network->units[m->planned->inputs[i]].buffer,
                 gpu_view_of(batch, shape, lies_last(m, i)));
        at += shape.dims[axis];
    }
    gpu_end_output(m, &target);
}

/* A unit of views only: the bytes of what it reads if they lie row by row, else a move. */
static void make_view(gpu_maker *m) {
    size_t input = m->planned->inputs[0];
    const gpu_unit from = m->network->units[input];
    es_shape shape = es_plan_out(m->network->plan, input);
    int64_t batch = m->network->batch;
    if (!from.last || gpu_lies_both_ways(shape)) {
        m->unit->buffer = from.buffer;
        m->unit->root = from.root;
    } else {
        gpu_target target = gpu_begin_output(m, false);
        gpu_move(m, target.buffer, gpu_view_of(batch, shape, false), from.buffer,
                 gpu_view_of(batch, shape, true));
    }
}

/* ---- The table */

typedef struct unit_kind {
    void (*make)(gpu_maker *m); /* NULL: there is nothing for it */
    const char *(*refuse)(const es_plan *plan, const es_fused_unit *unit); /* OPTIONAL */
} unit_kind;

static unit_kind kind_of(es_op op) {
    static const unit_kind kinds[ES_N_OPS] = {
        [ES_OP_CONV] = {make_conv, refuse_conv},
        [ES_OP_LINEAR] = {make_linear, refuse_scalar},
        [ES_OP_MATMUL] = {make_matmul, refuse_matmul},
        [ES_OP_BATCH_NORM] = {make_elementwise, refuse_elementwise},
        [ES_OP_LAYER_NORM] = {make_layer_norm, refuse_scalar},
        [ES_OP_SOFTMAX] = {make_softmax, refuse_scalar},
        [ES_OP_MAX_POOL] = {make_pool, refuse_pool},
        [ES_OP_AVERAGE_POOL] = {make_pool, refuse_pool},
        [ES_OP_GLOBAL_AVERAGE_POOL] = {make_pool, refuse_reduction},
        [ES_OP_GLOBAL_MAX_POOL] = {make_pool, refuse_reduction},
        [ES_OP_REDUCE_MEAN] = {make_pool, refuse_reduction},
        [ES_OP_REDUCE_MAX] = {make_pool, refuse_reduction},
        [ES_OP_CONCAT] = {make_concat, NULL},
        [ES_OP_SLICE] = {make_slice, refuse_slice},
        [ES_OP_TRANSPOSE] = {make_transpose, refuse_transpose},
        [ES_OP_PAD] = {make_pad, refuse_pad},
        [ES_OP_EXPAND] = {make_expand, refuse_expand},
        [ES_OP_RESHAPE] = {make_view, NULL},
    };
    if (es_op_fusing(op) == ES_FUSING_ACTIVATION || es_op_fusing(op) == ES_FUSING_ELEMENTWISE)
        return (unit_kind){make_elementwise, refuse_elementwise};
    return kinds[op];
}

/* Views are 32-bit in every dimension, and so are counts. */
static const int64_t most_elems = INT32_MAX;

const char *gpu_refuse(const es_plan *plan, const es_fused_unit *unit, const es_layer **cause) {
    unit_kind kind = kind_of(unit->layer->op);
    const char *reason = kind.make == NULL     ? "cuDNN's graphs have no such operation"
                         : kind.refuse != NULL ? kind.refuse(plan, unit)
                                               : NULL;
    *cause = unit->layer;
    if (reason == NULL && es_shape_elems(unit->layer->out) > most_elems)
        reason = "its output has more than 2^31 elements";
    for (size_t l = unit->layer_index + 1; reason == NULL && l <= unit->layer_index + unit->n_chain;
         l++) {
        *cause = &plan->model->layers[l];
        reason = gpu_refuse_function(plan, unit, l);
    }
    return reason;
}

void gpu_make(gpu_maker *m) {
    unit_kind kind = kind_of(m->planned->layer->op);
    ES_REQUIRE(kind.make != NULL); /* gpu_refuse has let it through */
    kind.make(m);
}
