/* Layers as functions of each element of what a kernel has computed so far. */
#include "cudnn_parts.h"

#include "choices.h"

#include "edgesplit/alloc.h"

#include <float.h>
#include <math.h>

void gpu_frame(const es_network *network, es_shape shape, bool last, int64_t dims[4]) {
    int64_t elems = network->batch * es_shape_elems(shape);
    if (last) {
        dims[0] = network->batch;
        dims[1] = shape.c;
        dims[2] = shape.h;
        dims[3] = elems / (network->batch * shape.c * shape.h);
    } else {
        dims[1] = shape.rank > 0 ? shape.dims[shape.rank - 1] : 1;
        dims[0] = elems / dims[1];
        dims[2] = dims[3] = 1;
    }
}

/* ---- Operands */

/* Puts numbers [constant] that are the same for all images where a tensor of shape `out` lies. */
static float *spread(gpu_maker *m, float *numbers, es_shape constant, es_shape out, bool last) {
    int64_t batch = m->network->batch, elems = es_shape_elems(out);
    float *values = numbers != NULL ? gpu_numbers(m, batch * elems) : NULL;
    gpu_view lies = gpu_view_of(batch, out, last);
    for (int64_t i = 0; values != NULL && i < batch * elems; i++) {
        int64_t rest = i % elems, at = i / elems * lies.strides[0], from = 0, stride = 1;
        for (int d = out.rank; d-- > 0; rest /= out.dims[d]) {
            int64_t index = rest % out.dims[d];
            at += index * lies.strides[d + 1];
            from += constant.dims[d] > 1 ? index * stride : 0;
            stride *= constant.dims[d];
        }
        values[at] = numbers[from];
    }
    free(numbers);
    return values;
}

/* A constant of the output's rank; takes `numbers`. One number and one per channel, where channels
 * are what cuDNN sees as such, are broadcast; anything else is spread over a whole tensor. */
static gpu_operand constant_operand(gpu_maker *m, float *numbers, es_shape constant, es_shape out,
                                    bool last) {
    int channel = last ? 0 : out.rank - 1;
    int64_t n = es_shape_elems(constant);
    gpu_operand operand = {.rank = 4, .dims = {1, n, 1, 1}};
    bool by_channel = out.rank > 0 && n == out.dims[channel] && constant.dims[channel] == n;
    if (n != 1 && !by_channel) {
        n = m->network->batch * es_shape_elems(out);
        numbers = spread(m, numbers, constant, out, last);
        gpu_frame(m->network, out, last, operand.dims);
    }
    operand.buffer = gpu_constant(m, n, numbers);
    return operand;
}

static gpu_operand number_operand(gpu_maker *m, double number) {
    return (gpu_operand){.buffer = gpu_constant_number(m, number), .rank = 4, .dims = {1, 1, 1, 1}};
}

gpu_operand gpu_tensor_operand(gpu_maker *m, size_t unit, es_shape out, bool last) {
    es_shape shape = es_plan_out(m->network->plan, unit), led = es_shape_lead(shape, out.rank);
    int64_t batch = m->network->batch;
    gpu_operand operand = {.rank = 4, .dims = {batch, led.c, 1, 1}};
    bool by_channel = last && es_shape_elems(shape) == led.c && led.c == out.c;
    if (by_channel) {
        operand.buffer = m->network->units[unit].buffer;
        return operand;
    }
    gpu_frame(m->network, out, last, operand.dims);
    if (es_shape_equal(led, out)) {
        operand.buffer = gpu_read(m, unit, last);
        return operand;
    }
    gpu_view to = gpu_view_of(batch, out, last);
    gpu_view from = gpu_view_of(batch, led, false);
    size_t plain = gpu_read(m, unit, false);
    operand.buffer = gpu_scratch(m, batch * es_shape_elems(out));
    for (int d = 0; d < out.rank; d++) {
        from.strides[d + 1] = led.dims[d] == 1 ? 0 : from.strides[d + 1];
        from.dims[d + 1] = to.dims[d + 1];
    }
    gpu_move(m, operand.buffer, to, plain, from);
    return operand;
}

/* ---- Functions */

void gpu_add_function(gpu_maker *m, gpu_body *body, gpu_pointwise function) {
    if (m->status != ES_OK)
        return;
    ES_REQUIRE(body->n < GPU_MAX_POINTWISE);
    body->functions[body->n++] = function;
}

static void add_mode(gpu_maker *m, gpu_body *body, cudnnPointwiseMode_t mode) {
    gpu_add_function(m, body, (gpu_pointwise){.mode = mode});
}

static void add_with(gpu_maker *m, gpu_body *body, cudnnPointwiseMode_t mode, gpu_operand operand) {
    gpu_add_function(m, body,
                     (gpu_pointwise){.mode = mode, .has_operand = true, .operand = operand});
}

static void add_clip(gpu_maker *m, gpu_body *body, double lower, double upper, double slope) {
    gpu_add_function(m, body,
                     (gpu_pointwise){.mode = CUDNN_POINTWISE_RELU_FWD,
                                     .clips = true,
                                     .lower = (float)lower,
                                     .upper = (float)upper,
                                     .slope = (float)slope});
}

static void add_hard_sigmoid(gpu_maker *m, gpu_body *body) {
    add_with(m, body, CUDNN_POINTWISE_MUL, number_operand(m, ES_HARD_SIGMOID_SLOPE));
    add_with(m, body, CUDNN_POINTWISE_ADD, number_operand(m, 0.5));
    add_clip(m, body, 0, 1, 0);
}

/* Functions that are one mode. */
static const struct {
    bool known;
    cudnnPointwiseMode_t mode;
} modes[ES_N_OPS] = {
    [ES_OP_RELU] = {true, CUDNN_POINTWISE_RELU_FWD},
    [ES_OP_ELU] = {true, CUDNN_POINTWISE_ELU_FWD},
    [ES_OP_SILU] = {true, CUDNN_POINTWISE_SWISH_FWD},
    [ES_OP_SIGMOID] = {true, CUDNN_POINTWISE_SIGMOID_FWD},
    [ES_OP_GELU] = {true, CUDNN_POINTWISE_GELU_FWD},
    [ES_OP_TANH] = {true, CUDNN_POINTWISE_TANH_FWD},
    [ES_OP_SOFTPLUS] = {true, CUDNN_POINTWISE_SOFTPLUS_FWD},
    [ES_OP_ERF] = {true, CUDNN_POINTWISE_ERF},
    [ES_OP_EXP] = {true, CUDNN_POINTWISE_EXP},
    [ES_OP_LOG] = {true, CUDNN_POINTWISE_LOG},
    [ES_OP_SQRT] = {true, CUDNN_POINTWISE_SQRT},
    [ES_OP_ABS] = {true, CUDNN_POINTWISE_ABS},
    [ES_OP_NEG] = {true, CUDNN_POINTWISE_NEG},
    [ES_OP_RECIPROCAL] = {true, CUDNN_POINTWISE_RECIPROCAL},
    [ES_OP_ADD] = {true, CUDNN_POINTWISE_ADD},
    [ES_OP_SUB] = {true, CUDNN_POINTWISE_SUB},
    [ES_OP_MUL] = {true, CUDNN_POINTWISE_MUL},
    [ES_OP_DIV] = {true, CUDNN_POINTWISE_DIV},
    [ES_OP_MIN] = {true, CUDNN_POINTWISE_MIN},
    [ES_OP_MAX] = {true, CUDNN_POINTWISE_MAX},
};

static void add_activation(gpu_maker *m, gpu_body *body, es_op op) {
    size_t before = body->n;
    switch ((int)op) {
    case ES_OP_RELU6: add_clip(m, body, 0, 6, 0); break;
    case ES_OP_CLIP: add_clip(m, body, ES_CLIP_LEAST, ES_CLIP_GREATEST, 0); break;
    case ES_OP_LEAKY_RELU: add_clip(m, body, 0, (double)FLT_MAX, ES_LEAKY_RELU_SLOPE); break;
    case ES_OP_POW: add_with(m, body, CUDNN_POINTWISE_POW, number_operand(m, ES_POWER)); break;
    case ES_OP_HARD_SIGMOID: add_hard_sigmoid(m, body); break;
    case ES_OP_HARD_SWISH:
        add_hard_sigmoid(m, body);
        gpu_add_function(
            m, body,
            (gpu_pointwise){.mode = CUDNN_POINTWISE_MUL, .has_earlier = true, .earlier = before});
        break;
    default: add_mode(m, body, modes[op].mode); break;
    }
}

/* A batch norm that is not folded: a factor and a summand per channel. */
static void add_batch_norm(gpu_maker *m, gpu_body *body, size_t index, bool last) {
    const es_model *model = m->network->plan->model;
    es_shape out = model->layers[index].out, each = out;
    int64_t n = out.c;
    for (int d = 1; d < each.rank; d++)
        each.dims[d] = 1;
    float *factor = gpu_numbers(m, n), *summand = gpu_numbers(m, n), *mean = gpu_numbers(m, n),
          *variance = gpu_numbers(m, n);
    if (factor != NULL && summand != NULL && mean != NULL && variance != NULL) {
        es_weights_fill(model, index, ES_SCALE, n, factor);
        es_weights_fill(model, index, ES_SHIFT, n, summand);
        es_weights_fill(model, index, ES_MEAN, n, mean);
        es_weights_fill(model, index, ES_VARIANCE, n, variance);
        for (int64_t c = 0; c < n; c++) {
            factor[c] =
                (float)((double)factor[c] / sqrt((double)variance[c] + ES_BATCH_NORM_EPSILON));
            summand[c] -= mean[c] * factor[c];
        }
    }
    free(mean);
    free(variance);
    add_with(m, body, CUDNN_POINTWISE_MUL, constant_operand(m, factor, each, out, last));
    add_with(m, body, CUDNN_POINTWISE_ADD, constant_operand(m, summand, each, out, last));
}

/* ---- Layers */

void gpu_add_layer(gpu_maker *m, gpu_body *body, size_t index, bool last) {
    const es_plan *plan = m->network->plan;
    const es_layer *layer = &plan->model->layers[index];
    es_shape constant;
    if (layer->op == ES_OP_BATCH_NORM) {
        add_batch_norm(m, body, index, last);
    } else if (es_op_fusing(layer->op) == ES_FUSING_ACTIVATION) {
        add_activation(m, body, layer->op);
    } else if (index == plan->units[m->number].adds) {
        if (body->n > 0)
            body->first_sum = body->n;
        add_with(m, body, CUDNN_POINTWISE_ADD,
                 gpu_tensor_operand(m, m->planned->residual, layer->out, last));
    } else {
        bool fits = es_choose_constant(layer, &constant);
        ES_REQUIRE(fits); /* gpu_refuse_function has let it through */
        float *numbers = gpu_numbers(m, es_shape_elems(constant));
        if (numbers != NULL)
            es_weights_fill(plan->model, index, ES_CONSTANT, es_shape_elems(constant), numbers);
        add_with(m, body, modes[layer->op].mode,
                 constant_operand(m, numbers, constant, layer->out, last));
    }
}

void gpu_add_chain(gpu_maker *m, gpu_body *body, bool last) {
    size_t first = m->planned->layer_index + 1;
    bool folds =
        es_fused_unit_is_weighted(m->planned) && es_fused_unit_folds(m->network->plan, m->planned);
    for (size_t l = first + folds; l < first + m->planned->n_chain; l++)
        gpu_add_layer(m, body, l, last);
}

const char *gpu_refuse_function(const es_plan *plan, const es_fused_unit *unit, size_t layer) {
    const es_layer *refused = &plan->model->layers[layer];
    es_shape constant;
    if (refused->op == ES_OP_BATCH_NORM)
        return NULL;
    if (es_op_fusing(refused->op) == ES_FUSING_ACTIVATION)
        return modes[refused->op].known || refused->op == ES_OP_RELU6 ||
                       refused->op == ES_OP_CLIP || refused->op == ES_OP_LEAKY_RELU ||
                       refused->op == ES_OP_POW || refused->op == ES_OP_HARD_SIGMOID ||
                       refused->op == ES_OP_HARD_SWISH
                   ? NULL
                   : "cuDNN has no such function";
    if (refused->n_inputs == 2)
        return unit->residual != (size_t)(unit - plan->units) ? NULL : "it adds its own result";
    return es_choose_constant(refused, &constant)
               ? NULL
               : "its parameters are as many as no dimensions of its output hold";
}
