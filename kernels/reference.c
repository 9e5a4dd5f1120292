#include "reference.h"

#include "choices.h"
#include "weights.h"

#include "edgesplit/alloc.h"

#include <math.h>

/* A layer and one image. */
typedef struct evaluation {
    const es_model *model;
    const es_layer *layer;
    size_t index;
    const double *const *in; /* [layer->n_inputs] */
    double *out;
    const float *parameters; /* what parameters_of says */
    double *scratch;         /* [scratch_elems] */
} evaluation;

static es_shape shape_of(const evaluation *e, size_t input) {
    return e->model->layers[e->layer->inputs[input]].out;
}

/* Elements from one index to the next in each dimension of a tensor, which is seen with `rank`
 * dimensions; 0 where it has but one index, so that it is broadcast. */
static void strides_of(es_shape shape, int rank, int64_t strides[ES_MAX_RANK]) {
    es_shape led = es_shape_lead(shape, rank);
    int64_t stride = 1;
    for (int d = rank; d-- > 0; stride *= led.dims[d])
        strides[d] = led.dims[d] == 1 ? 0 : stride;
}

/* The offset of element i of a shape in a tensor with these strides. */
static int64_t offset_of(int64_t i, es_shape shape, const int64_t strides[ES_MAX_RANK]) {
    int64_t offset = 0;
    for (int d = shape.rank; d-- > 0; i /= shape.dims[d])
        offset += i % shape.dims[d] * strides[d];
    return offset;
}

/* ---- Sums of products */

static double dot(int64_t n, const float *a, const double *b) {
    double sums[4] = {0, 0, 0, 0};
    int64_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (int j = 0; j < 4; j++)
            sums[j] += (double)a[i + j] * b[i + j];
    for (; i < n; i++)
        sums[0] += (double)a[i] * b[i];
    return sums[0] + sums[1] + (sums[2] + sums[3]);
}

/* What the window at an output pixel reads of the channels of one group, zeros in the padding. */
static void gather_patch(const evaluation *e, int64_t group, int64_t y, int64_t x) {
    const es_window *window = &e->layer->window;
    es_shape in = e->layer->in;
    int64_t channels = in.c / e->layer->groups;
    double *patch = e->scratch;
    for (int64_t c = group * channels; c < (group + 1) * channels; c++)
        for (int64_t i = 0; i < window->kernel[0]; i++)
            for (int64_t j = 0; j < window->kernel[1]; j++) {
                int64_t row = y * window->stride[0] - window->before[0] + i * window->dilation[0];
                int64_t column =
                    x * window->stride[1] - window->before[1] + j * window->dilation[1];
                bool inside = row >= 0 && row < in.h && column >= 0 && column < in.w;
                *patch++ = inside ? e->in[0][(c * in.h + row) * in.w + column] : 0;
            }
}

static void run_conv(const evaluation *e) {
    const es_layer *layer = e->layer;
    es_shape out = layer->out;
    int64_t n = es_weights_per_output(layer), channels = out.c / layer->groups;
    const float *bias = e->parameters + out.c * n;
    for (int64_t g = 0; g < layer->groups; g++)
        for (int64_t y = 0; y < out.h; y++)
            for (int64_t x = 0; x < out.w; x++) {
                gather_patch(e, g, y, x);
                for (int64_t k = g * channels; k < (g + 1) * channels; k++)
                    e->out[(k * out.h + y) * out.w + x] =
                        (double)bias[k] + dot(n, e->parameters + k * n, e->scratch);
            }
}

/* Adds each input element, times its weights, to what its window covers of the output. */
static void run_conv_transpose(const evaluation *e) {
    const es_layer *layer = e->layer;
    const es_window *window = &layer->window;
    es_shape in = layer->in, out = layer->out;
    int64_t area = window->kernel[0] * window->kernel[1], channels = in.c / layer->groups;
    const float *bias = e->parameters + out.c * channels * area;
    for (int64_t o = 0; o < es_shape_elems(out); o++)
        e->out[o] = (double)bias[o / (out.h * out.w)];
    for (int64_t k = 0; k < out.c; k++)
        for (int64_t i = 0; i < channels * in.h * in.w * area; i++) {
            int64_t c = i / (in.h * in.w * area), place = i / area % (in.h * in.w), w = i % area;
            int64_t row = place / in.w * window->stride[0] - window->before[0] +
                          w / window->kernel[1] * window->dilation[0];
            int64_t column = place % in.w * window->stride[1] - window->before[1] +
                             w % window->kernel[1] * window->dilation[1];
            int64_t channel = k / (out.c / layer->groups) * channels + c;
            if (row >= 0 && row < out.h && column >= 0 && column < out.w)
                e->out[(k * out.h + row) * out.w + column] +=
                    (double)e->parameters[(k * channels + c) * area + w] *
                    e->in[0][channel * in.h * in.w + place];
        }
}

/* Each row, the last dimension, times the weights. */
static void run_linear(const evaluation *e) {
    int64_t n = es_weights_per_output(e->layer), m = es_weights_outputs(e->layer);
    const float *bias = e->parameters + m * n;
    for (int64_t o = 0; o < es_shape_elems(e->layer->out); o++)
        e->out[o] = (double)bias[o % m] + dot(n, e->parameters + o % m * n, e->in[0] + o / m * n);
}

static void run_matmul(const evaluation *e) {
    const es_layer *layer = e->layer;
    if (layer->n_inputs == 1) {
        run_linear(e);
        return;
    }
    es_shape left = shape_of(e, 0), right = shape_of(e, 1), out = layer->out;
    int64_t left_strides[ES_MAX_RANK], right_strides[ES_MAX_RANK];
    int64_t n = left.dims[left.rank - 1], columns = right.dims[right.rank - 1];
    strides_of(left, out.rank, left_strides);
    strides_of(right, out.rank, right_strides);
    left_strides[out.rank - 1] = right_strides[out.rank - 2] = 0;
    for (int64_t o = 0; o < es_shape_elems(out); o++) {
        const double *row = e->in[0] + offset_of(o, out, left_strides);
        const double *column = e->in[1] + offset_of(o, out, right_strides);
        e->out[o] = 0;
        for (int64_t i = 0; i < n; i++)
            e->out[o] += row[i] * column[i * columns];
    }
}

/* ---- Norms */

static void run_batch_norm(const evaluation *e) {
    int64_t n = e->layer->in.c, area = es_shape_elems(e->layer->in) / n;
    const float *scale = e->parameters, *shift = scale + n, *mean = shift + n, *variance = mean + n;
    for (int64_t i = 0; i < n * area; i++) {
        int64_t c = i / area;
        e->out[i] = (double)scale[c] * (e->in[0][i] - (double)mean[c]) /
                        sqrt((double)variance[c] + ES_BATCH_NORM_EPSILON) +
                    (double)shift[c];
    }
}

static void run_layer_norm(const evaluation *e) {
    int64_t n = es_choose_norm_extent(e->layer);
    for (int64_t first = 0; first < es_shape_elems(e->layer->in); first += n) {
        const double *x = e->in[0] + first;
        double mean = 0, variance = 0;
        for (int64_t i = 0; i < n; i++)
            mean += x[i] / (double)n;
        for (int64_t i = 0; i < n; i++)
            variance += (x[i] - mean) * (x[i] - mean) / (double)n;
        for (int64_t i = 0; i < n; i++)
            e->out[first + i] =
                (double)e->parameters[i] * (x[i] - mean) / sqrt(variance + ES_LAYER_NORM_EPSILON) +
                (double)e->parameters[n + i];
    }
}

static void run_local_response_norm(const evaluation *e) {
    int64_t n = e->layer->in.c, area = es_shape_elems(e->layer->in) / n;
    for (int64_t i = 0; i < n * area; i++) {
        double sum = 0;
        for (int64_t c = i / area - ES_LOCAL_RESPONSE_SIZE / 2;
             c <= i / area + ES_LOCAL_RESPONSE_SIZE / 2; c++)
            sum += c >= 0 && c < n ? pow(e->in[0][c * area + i % area], 2) : 0;
        e->out[i] = e->in[0][i] / pow(ES_LOCAL_RESPONSE_K +
                                          ES_LOCAL_RESPONSE_ALPHA * sum / ES_LOCAL_RESPONSE_SIZE,
                                      ES_LOCAL_RESPONSE_BETA);
    }
}

static void run_softmax(const evaluation *e) {
    int64_t n = e->layer->in.rank > 0 ? e->layer->in.dims[e->layer->in.rank - 1] : 1;
    for (int64_t first = 0; first < es_shape_elems(e->layer->in); first += n) {
        const double *x = e->in[0] + first;
        double greatest = x[0], sum = 0;
        for (int64_t i = 1; i < n; i++)
            greatest = fmax(greatest, x[i]);
        for (int64_t i = 0; i < n; i++)
            sum += exp(x[i] - greatest);
        for (int64_t i = 0; i < n; i++)
            e->out[first + i] = exp(x[i] - greatest) / sum;
    }
}

/* ---- Of each element */

static double clip(double x, double least, double greatest) {
    return fmin(fmax(x, least), greatest);
}

static double relu(double x) {
    return fmax(x, 0);
}
static double relu6(double x) {
    return clip(x, 0, 6);
}
static double leaky_relu(double x) {
    return x > 0 ? x : ES_LEAKY_RELU_SLOPE * x;
}
static double elu(double x) {
    return x > 0 ? x : ES_ELU_SLOPE * expm1(x);
}
static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}
static double silu(double x) {
    return x * sigmoid(x);
}
static double hard_swish(double x) {
    return x * relu6(x + 3) / 6;
}
static double hard_sigmoid(double x) {
    return clip(ES_HARD_SIGMOID_SLOPE * x + 0.5, 0, 1);
}
static double gelu(double x) {
    return 0.5 * x * (1 + erf(x / sqrt(2.0)));
}
static double softplus(double x) {
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}
static double clip_to_bounds(double x) {
    return clip(x, ES_CLIP_LEAST, ES_CLIP_GREATEST);
}
static double power(double x) {
    return pow(x, ES_POWER);
}
static double negative(double x) {
    return -x;
}
static double reciprocal(double x) {
    return 1 / x;
}

static void run_activation(const evaluation *e) {
    static double (*const functions[ES_N_OPS])(double) = {
        [ES_OP_RELU] = relu,
        [ES_OP_RELU6] = relu6,
        [ES_OP_LEAKY_RELU] = leaky_relu,
        [ES_OP_ELU] = elu,
        [ES_OP_SILU] = silu,
        [ES_OP_SIGMOID] = sigmoid,
        [ES_OP_HARD_SWISH] = hard_swish,
        [ES_OP_HARD_SIGMOID] = hard_sigmoid,
        [ES_OP_GELU] = gelu,
        [ES_OP_TANH] = tanh,
        [ES_OP_SOFTPLUS] = softplus,
        [ES_OP_CLIP] = clip_to_bounds,
        [ES_OP_ERF] = erf,
        [ES_OP_EXP] = exp,
        [ES_OP_LOG] = log,
        [ES_OP_SQRT] = sqrt,
        [ES_OP_POW] = power,
        [ES_OP_ABS] = fabs,
        [ES_OP_NEG] = negative,
        [ES_OP_RECIPROCAL] = reciprocal,
    };
    double (*function)(double) = functions[e->layer->op];
    ES_REQUIRE(function != NULL);
    for (int64_t i = 0; i < es_shape_elems(e->layer->out); i++)
        e->out[i] = function(e->in[0][i]);
}

static double combine(es_op op, double x, double y) {
    if (op == ES_OP_ADD)
        return x + y;
    if (op == ES_OP_SUB)
        return x - y;
    if (op == ES_OP_MUL)
        return x * y;
    if (op == ES_OP_DIV)
        return x / y;
    return op == ES_OP_MIN ? fmin(x, y) : fmax(x, y);
}

/* Of two tensors or of one and a constant; either is broadcast. */
static void run_elementwise(const evaluation *e) {
    es_shape out = e->layer->out, constant;
    bool alone = e->layer->n_inputs == 1;
    int64_t strides[2][ES_MAX_RANK];
    strides_of(shape_of(e, 0), out.rank, strides[0]);
    if (alone)
        ES_REQUIRE(es_choose_constant(e->layer, &constant));
    strides_of(alone ? constant : shape_of(e, 1), out.rank, strides[1]);
    for (int64_t i = 0; i < es_shape_elems(out); i++) {
        int64_t at = offset_of(i, out, strides[1]);
        double y = alone ? (double)e->parameters[at] : e->in[1][at];
        e->out[i] = combine(e->layer->op, e->in[0][offset_of(i, out, strides[0])], y);
    }
}

/* ---- Pools and reductions */

/* Padding takes no part in a pool. */
static double pool_at(const evaluation *e, int64_t channel, int64_t y, int64_t x) {
    const es_window *window = &e->layer->window;
    es_shape in = e->layer->in;
    double greatest = -HUGE_VAL, sum = 0;
    int64_t n = 0;
    for (int64_t i = 0; i < window->kernel[0]; i++)
        for (int64_t j = 0; j < window->kernel[1]; j++) {
            int64_t row = y * window->stride[0] - window->before[0] + i * window->dilation[0];
            int64_t column = x * window->stride[1] - window->before[1] + j * window->dilation[1];
            if (row < 0 || row >= in.h || column < 0 || column >= in.w)
                continue;
            double value = e->in[0][(channel * in.h + row) * in.w + column];
            greatest = fmax(greatest, value);
            sum += value;
            n++;
        }
    return e->layer->op == ES_OP_MAX_POOL ? greatest : sum / (double)n;
}

static void run_pool(const evaluation *e) {
    es_shape out = e->layer->out;
    for (int64_t o = 0; o < es_shape_elems(out); o++)
        e->out[o] = pool_at(e, o / (out.h * out.w), o / out.w % out.h, o % out.w);
}

/* Mean, sum or maximum over the dimensions that the output has not. */
static void run_reduction(const evaluation *e) {
    es_op op = e->layer->op;
    bool greatest = op == ES_OP_REDUCE_MAX || op == ES_OP_GLOBAL_MAX_POOL;
    int64_t n_out = es_shape_elems(e->layer->out), n_in = es_shape_elems(e->layer->in);
    int64_t strides[ES_MAX_RANK];
    es_shape kept;
    ES_REQUIRE(es_choose_kept(e->layer, &kept));
    strides_of(kept, kept.rank, strides);
    for (int64_t o = 0; o < n_out; o++)
        e->out[o] = greatest ? -HUGE_VAL : 0;
    for (int64_t i = 0; i < n_in; i++) {
        double *out = e->out + offset_of(i, e->layer->in, strides);
        *out = greatest ? fmax(*out, e->in[0][i]) : *out + e->in[0][i];
    }
    if (op == ES_OP_REDUCE_MEAN || op == ES_OP_GLOBAL_AVERAGE_POOL)
        for (int64_t o = 0; o < n_out; o++)
            e->out[o] /= (double)n_in / (double)n_out;
}

/* ---- What only moves data */

/* out[i] = in[where the strides say]. */
static void gather(const evaluation *e, const int64_t strides[ES_MAX_RANK]) {
    for (int64_t i = 0; i < es_shape_elems(e->layer->out); i++)
        e->out[i] = e->in[0][offset_of(i, e->layer->out, strides)];
}

/* Puts a tensor into the output, its first element at `offset`. */
static void place(const evaluation *e, const double *from, es_shape shape, int64_t offset) {
    int64_t strides[ES_MAX_RANK];
    strides_of(e->layer->out, e->layer->out.rank, strides);
    for (int64_t i = 0; i < es_shape_elems(shape); i++)
        e->out[offset + offset_of(i, shape, strides)] = from[i];
}

static void run_reshape(const evaluation *e) {
    for (int64_t i = 0; i < es_shape_elems(e->layer->out); i++)
        e->out[i] = e->in[0][i];
}

static void run_broadcast_or_slice(const evaluation *e) {
    int64_t strides[ES_MAX_RANK];
    strides_of(e->layer->in, e->layer->out.rank, strides);
    gather(e, strides);
}

static void run_transpose(const evaluation *e) {
    int permutation[ES_MAX_RANK];
    int64_t strides[ES_MAX_RANK], permuted[ES_MAX_RANK];
    ES_REQUIRE(es_choose_permutation(e->layer, permutation));
    strides_of(e->layer->in, e->layer->in.rank, strides);
    for (int d = 0; d < e->layer->in.rank; d++)
        permuted[d] = strides[permutation[d]];
    gather(e, permuted);
}

static void run_concat(const evaluation *e) {
    int64_t strides[ES_MAX_RANK], at, stride = 1;
    int axis = es_choose_concat_axis(e->model, e->layer, &at);
    es_shape constant = e->layer->out;
    constant.dims[axis] = at;
    strides_of(constant, constant.rank, strides);
    for (int d = axis + 1; d < constant.rank; d++)
        stride *= constant.dims[d];
    for (int64_t i = 0; at > 0 && i < es_shape_elems(constant); i++)
        e->scratch[i] = (double)e->parameters[i];
    if (at > 0)
        place(e, e->scratch, constant, 0);
    for (size_t i = 0; i < e->layer->n_inputs; at += shape_of(e, i).dims[axis], i++)
        place(e, e->in[i], shape_of(e, i), at * stride);
}

static void run_pad(const evaluation *e) {
    es_shape in = e->layer->in, out = e->layer->out;
    int64_t offset = 0, stride = 1;
    for (int d = in.rank; d-- > 0; stride *= out.dims[d])
        offset += (out.dims[d] - in.dims[d]) / 2 * stride;
    for (int64_t o = 0; o < es_shape_elems(out); o++)
        e->out[o] = 0;
    place(e, e->in[0], in, offset);
}

/* The nearest pixel, centres compared. */
static int64_t nearest(int64_t o, int64_t out, int64_t in) {
    return (int64_t)floor(((double)o + 0.5) * (double)in / (double)out);
}

static void run_resize(const evaluation *e) {
    es_shape in = e->layer->in, out = e->layer->out;
    for (int64_t o = 0; o < es_shape_elems(out); o++) {
        int64_t row = nearest(o / out.w % out.h, out.h, in.h);
        int64_t column = nearest(o % out.w, out.w, in.w);
        e->out[o] = e->in[0][(o / (out.h * out.w) * in.h + row) * in.w + column];
    }
}

/* ---- Networks */

typedef void runner(const evaluation *e);

static runner *runner_of(es_op op) {
    static runner *const runners[ES_N_OPS] = {
        [ES_OP_CONV] = run_conv,
        [ES_OP_CONV_TRANSPOSE] = run_conv_transpose,
        [ES_OP_LINEAR] = run_linear,
        [ES_OP_MATMUL] = run_matmul,
        [ES_OP_BATCH_NORM] = run_batch_norm,
        [ES_OP_LAYER_NORM] = run_layer_norm,
        [ES_OP_LOCAL_RESPONSE_NORM] = run_local_response_norm,
        [ES_OP_SOFTMAX] = run_softmax,
        [ES_OP_MAX_POOL] = run_pool,
        [ES_OP_AVERAGE_POOL] = run_pool,
        [ES_OP_GLOBAL_AVERAGE_POOL] = run_reduction,
        [ES_OP_GLOBAL_MAX_POOL] = run_reduction,
        [ES_OP_REDUCE_MEAN] = run_reduction,
        [ES_OP_REDUCE_SUM] = run_reduction,
        [ES_OP_REDUCE_MAX] = run_reduction,
        [ES_OP_CONCAT] = run_concat,
        [ES_OP_SLICE] = run_broadcast_or_slice,
        [ES_OP_EXPAND] = run_broadcast_or_slice,
        [ES_OP_PAD] = run_pad,
        [ES_OP_RESIZE] = run_resize,
        [ES_OP_TRANSPOSE] = run_transpose,
        [ES_OP_RESHAPE] = run_reshape,
    };
    if (es_op_fusing(op) == ES_FUSING_ACTIVATION)
        return run_activation;
    return es_op_fusing(op) == ES_FUSING_ELEMENTWISE ? run_elementwise : runners[op];
}

/* The parameters of a layer, one role behind the other, as its runner wants them. */
typedef struct parameter_list {
    size_t n_roles;
    struct {
        es_weights_role role;
        int64_t n;
    } roles[4];
} parameter_list;

static parameter_list parameters_of(const es_model *model, const es_layer *layer) {
    int64_t c = layer->in.c, length;
    es_shape constant = layer->out;
    if (layer->op == ES_OP_CONCAT) {
        int axis = es_choose_concat_axis(model, layer, &length);
        constant.dims[axis] = length;
        return (parameter_list){1, {{ES_CONSTANT, es_shape_elems(constant)}}};
    }
    if (layer->op == ES_OP_BATCH_NORM)
        return (parameter_list){4, {{ES_SCALE, c}, {ES_SHIFT, c}, {ES_MEAN, c}, {ES_VARIANCE, c}}};
    if (layer->op == ES_OP_LAYER_NORM) {
        length = es_choose_norm_extent(layer);
        return (parameter_list){2, {{ES_SCALE, length}, {ES_SHIFT, length}}};
    }
    if (es_op_fusing(layer->op) == ES_FUSING_ELEMENTWISE && layer->n_inputs == 1 &&
        es_choose_constant(layer, &constant))
        return (parameter_list){1, {{ES_CONSTANT, es_shape_elems(constant)}}};
    if (es_op_fusing(layer->op) != ES_FUSING_WEIGHTED || layer->n_inputs > 1)
        return (parameter_list){0};
    int64_t outputs = es_weights_outputs(layer);
    return (parameter_list){
        2, {{ES_WEIGHTS, outputs * es_weights_per_output(layer)}, {ES_BIAS, outputs}}};
}

bool es_reference_can_run(es_op op) {
    return runner_of(op) != NULL;
}

float *es_reference_parameters(const es_model *model, size_t index) {
    parameter_list list = parameters_of(model, &model->layers[index]);
    int64_t n = 0;
    for (size_t r = 0; r < list.n_roles; r++)
        n += list.roles[r].n;
    float *parameters = es_alloc((size_t)n, sizeof *parameters), *at = parameters;
    for (size_t r = 0; parameters != NULL && r < list.n_roles; at += list.roles[r].n, r++)
        if (list.roles[r].role != ES_BIAS || model->layers[index].bias)
            es_weights_fill(model, index, list.roles[r].role, list.roles[r].n, at);
    return parameters;
}

/* Numbers that a runner needs room for: a window's patch or a concatenation's constant. */
static int64_t scratch_elems(const es_layer *layer) {
    if (layer->op == ES_OP_CONV)
        return es_weights_per_output(layer);
    return layer->op == ES_OP_CONCAT ? es_shape_elems(layer->out) : 1;
}

es_status es_reference_run_layer(const es_model *model, size_t index, int64_t batch,
                                 const float *parameters, double **outputs) {
    const es_layer *layer = &model->layers[index];
    const double **in = es_alloc(layer->n_inputs, sizeof *in);
    double *scratch = es_alloc((size_t)scratch_elems(layer), sizeof *scratch);
    bool enough = in != NULL && scratch != NULL;
    for (int64_t b = 0; enough && b < batch; b++) {
        for (size_t i = 0; i < layer->n_inputs; i++)
            in[i] =
                outputs[layer->inputs[i]] + b * es_shape_elems(model->layers[layer->inputs[i]].out);
        runner_of(layer->op)(&(evaluation){.model = model,
                                           .layer = layer,
                                           .index = index,
                                           .in = in,
                                           .out = outputs[index] + b * es_shape_elems(layer->out),
                                           .parameters = parameters,
                                           .scratch = scratch});
    }
    free(in);
    free(scratch);
    return enough ? ES_OK : ES_NO_MEMORY;
}

static es_status make_input(int64_t n, double *out) {
    float *values = es_alloc((size_t)n, sizeof *values);
    if (values == NULL)
        return ES_NO_MEMORY;
    es_weights_fill_input(n, values);
    for (int64_t i = 0; i < n; i++)
        out[i] = (double)values[i];
    free(values);
    return ES_OK;
}

es_status es_reference_create_outputs(const es_model *model, int64_t batch, double ***outputs) {
    double **made = es_alloc(model->n_layers + 1, sizeof *made);
    bool enough = made != NULL;
    for (size_t l = 0; enough && l <= model->n_layers; l++) {
        made[l] = es_alloc((size_t)(batch * es_shape_elems(model->layers[l].out)), sizeof **made);
        enough = made[l] != NULL;
    }
    if (!enough || make_input(batch * es_shape_elems(model->layers[0].out), made[0]) != ES_OK) {
        es_reference_destroy(model, made);
        return ES_NO_MEMORY;
    }
    *outputs = made;
    return ES_OK;
}

es_status es_reference_run(const es_model *model, int64_t batch, double ***outputs) {
    for (size_t l = 1; l <= model->n_layers; l++)
        if (!es_reference_can_run(model->layers[l].op))
            return ES_UNAVAILABLE;
    double **made = NULL;
    es_status status = es_reference_create_outputs(model, batch, &made);
    for (size_t l = 1; status == ES_OK && l <= model->n_layers; l++) {
        float *parameters = es_reference_parameters(model, l);
        status = parameters != NULL ? es_reference_run_layer(model, l, batch, parameters, made)
                                    : ES_NO_MEMORY;
        free(parameters);
    }
    if (status == ES_OK)
        *outputs = made;
    else
        es_reference_destroy(model, made);
    return status;
}

void es_reference_destroy(const es_model *model, double **outputs) {
    if (outputs == NULL)
        return;
    for (size_t l = 0; l <= model->n_layers; l++)
        free(outputs[l]);
    free(outputs);
}
