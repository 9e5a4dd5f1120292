#include "layer.h"

#include <stdarg.h>
#include <stdio.h>

/* Sizes of windows and numbers of groups beyond this are not meant. */
enum { MAX_EXTENT = 1 << 20 };
#define MAX_MACS (INT64_C(1) << 60)

static es_status wrong(char problem[ES_PROBLEM_TEXT], const char *format, ...) ES_PRINTF(2, 3);
static es_status wrong(char problem[ES_PROBLEM_TEXT], const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(problem, ES_PROBLEM_TEXT, format, arguments);
    va_end(arguments);
    return ES_INVALID;
}

static es_status expect_out(const es_layer *layer, es_shape expected,
                            char problem[ES_PROBLEM_TEXT]) {
    char text[ES_SHAPE_TEXT], other[ES_SHAPE_TEXT];
    if (es_shape_equal(layer->out, expected))
        return ES_OK;
    return wrong(problem, "the output is %s; expected %s", es_shape_text(layer->out, text),
                 es_shape_text(expected, other));
}

bool op_has_groups(es_op op) {
    return op == ES_OP_CONV || op == ES_OP_CONV_TRANSPOSE;
}

bool op_has_window(es_op op) {
    return op_has_groups(op) || op == ES_OP_MAX_POOL || op == ES_OP_AVERAGE_POOL;
}

bool op_has_bias(es_op op) {
    return op_has_groups(op) || op == ES_OP_LINEAR;
}

es_window es_window_square(int64_t kernel, int64_t stride, int64_t padding) {
    return (es_window){.kernel = {kernel, kernel},
                       .stride = {stride, stride},
                       .dilation = {1, 1},
                       .before = {padding, padding},
                       .after = {padding, padding}};
}

int64_t es_window_out(const es_window *window, int axis, int64_t in, bool up) {
    int64_t extent = window->dilation[axis] * (window->kernel[axis] - 1) + 1;
    int64_t stride = window->stride[axis], before = window->before[axis];
    int64_t room = in + before + window->after[axis] - extent + (up ? stride - 1 : 0);
    if (room < 0)
        return 0;
    int64_t last = room / stride; /* the last window */
    return up && last * stride >= in + before ? last : last + 1;
}

static es_status check_window(const es_layer *layer, char problem[ES_PROBLEM_TEXT]) {
    const es_window *window = &layer->window;
    for (int axis = 0; axis < 2; axis++) {
        bool small = window->kernel[axis] <= MAX_EXTENT && window->stride[axis] <= MAX_EXTENT &&
                     window->dilation[axis] <= MAX_EXTENT && window->before[axis] <= MAX_EXTENT &&
                     window->after[axis] <= MAX_EXTENT;
        bool positive = window->kernel[axis] >= 1 && window->stride[axis] >= 1 &&
                        window->dilation[axis] >= 1 && window->before[axis] >= 0 &&
                        window->after[axis] >= 0;
        if (!small || !positive)
            return wrong(problem,
                         "a window of kernel %lld, stride %lld, dilation %lld, padding %lld and "
                         "%lld; expected 1 to %d, paddings 0 to %d",
                         (long long)window->kernel[axis], (long long)window->stride[axis],
                         (long long)window->dilation[axis], (long long)window->before[axis],
                         (long long)window->after[axis], MAX_EXTENT, MAX_EXTENT);
    }
    if (layer->in.rank < 2 || layer->in.rank > 3)
        return wrong(problem,
                     "a window over a tensor of rank %d; expected channels, rows and "
                     "perhaps columns",
                     layer->in.rank);
    if (layer->out.rank != layer->in.rank)
        return wrong(problem, "an output of rank %d from an input of rank %d", layer->out.rank,
                     layer->in.rank);
    if (layer->in.rank == 2 && es_window_out(window, 1, 1, false) != 1)
        return wrong(problem, "a window of more than one column over a tensor of rows only");
    return ES_OK;
}

static es_status check_groups(const es_layer *layer, char problem[ES_PROBLEM_TEXT]) {
    if (layer->groups >= 1 && layer->in.c % layer->groups == 0 && layer->out.c % layer->groups == 0)
        return ES_OK;
    return wrong(problem,
                 "%lld groups; expected a divisor of the %lld channels read and the %lld "
                 "written",
                 (long long)layer->groups, (long long)layer->in.c, (long long)layer->out.c);
}

/* The product of two counts, at most MAX_MACS. */
static es_status multiply(int64_t a, int64_t b, int64_t *product, char problem[ES_PROBLEM_TEXT]) {
    if (__builtin_mul_overflow(a, b, product) || *product > MAX_MACS)
        return wrong(problem, "%lld times %lld operations or parameters are too many", (long long)a,
                     (long long)b);
    return ES_OK;
}

static es_status complete_conv(es_layer *layer, const es_shape *const *inputs,
                               char problem[ES_PROBLEM_TEXT]) {
    (void)inputs;
    bool transposed = layer->op == ES_OP_CONV_TRANSPOSE;
    es_status status = check_window(layer, problem);
    if (status == ES_OK)
        status = check_groups(layer, problem);
    if (status != ES_OK)
        return status;
    const es_window *window = &layer->window;
    if (!transposed) {
        es_shape out = layer->out;
        out.h = es_window_out(window, 0, layer->in.h, false);
        out.w = es_window_out(window, 1, layer->in.w, false);
        status = expect_out(layer, out, problem);
    }
    /* Weights that each element of the longer side of the sum is multiplied by. */
    int64_t per_element, area = window->kernel[0] * window->kernel[1];
    int64_t channels = transposed ? layer->out.c : layer->in.c;
    if (status == ES_OK)
        status = multiply(channels / layer->groups, area, &per_element, problem);
    if (status == ES_OK)
        status = multiply(es_shape_elems(transposed ? layer->in : layer->out), per_element,
                          &layer->macs, problem);
    if (status == ES_OK)
        status =
            multiply(transposed ? layer->in.c : layer->out.c, per_element, &layer->params, problem);
    if (status == ES_OK)
        layer->params += layer->bias ? layer->out.c : 0;
    return status;
}

static es_status complete_linear(es_layer *layer, const es_shape *const *inputs,
                                 char problem[ES_PROBLEM_TEXT]) {
    (void)inputs;
    if (layer->in.rank < 1 || layer->out.rank < 1)
        return wrong(problem, "a linear layer of a scalar; expected a vector or several");
    int64_t channels = layer->out.dims[layer->out.rank - 1];
    es_shape out = layer->in;
    out.dims[out.rank - 1] = channels;
    es_status status = expect_out(layer, out, problem);
    if (status == ES_OK)
        status = multiply(es_shape_elems(layer->out), layer->in.dims[layer->in.rank - 1],
                          &layer->macs, problem);
    if (status == ES_OK)
        status = multiply(channels, layer->in.dims[layer->in.rank - 1], &layer->params, problem);
    if (status == ES_OK)
        layer->params += layer->bias ? channels : 0;
    return status;
}

static es_status complete_matmul(es_layer *layer, const es_shape *const *inputs,
                                 char problem[ES_PROBLEM_TEXT]) {
    const es_shape *left = inputs[0], *right = inputs[layer->n_inputs - 1], *out = &layer->out;
    char a[ES_SHAPE_TEXT], b[ES_SHAPE_TEXT], c[ES_SHAPE_TEXT];
    if (left->rank < 1)
        return wrong(problem, "a product of matrices whose first factor is a scalar");
    if (layer->n_inputs == 2 && right->rank >= 2) {
        if (left->dims[left->rank - 1] != right->dims[right->rank - 2])
            return wrong(problem, "a product of %s and %s: their inner dimensions differ",
                         es_shape_text(*left, a), es_shape_text(*right, b));
        if (out->rank < 1 || out->dims[out->rank - 1] != right->dims[right->rank - 1] ||
            (left->rank >= 2 &&
             (out->rank < 2 || out->dims[out->rank - 2] != left->dims[left->rank - 2])))
            return wrong(problem, "a product of %s and %s cannot be %s", es_shape_text(*left, a),
                         es_shape_text(*right, b), es_shape_text(*out, c));
    }
    return multiply(es_shape_elems(*out), left->dims[left->rank - 1], &layer->macs, problem);
}

/* The output of a pool is that of its window, rounded down or up. */
static es_status complete_pool(es_layer *layer, const es_shape *const *inputs,
                               char problem[ES_PROBLEM_TEXT]) {
    (void)inputs;
    es_status status = check_window(layer, problem);
    if (status != ES_OK)
        return status;
    es_shape expected = layer->in, up;
    expected.h = es_window_out(&layer->window, 0, layer->in.h, false);
    expected.w = es_window_out(&layer->window, 1, layer->in.w, false);
    up = expected;
    up.h = es_window_out(&layer->window, 0, layer->in.h, true);
    up.w = es_window_out(&layer->window, 1, layer->in.w, true);
    return es_shape_equal(layer->out, up) ? ES_OK : expect_out(layer, expected, problem);
}

/* Elementwise operators broadcast: each dimension, counted from the last, is that of the output or
 * 1; it is 1 in all only where the output's is, or a constant takes part. */
static es_status complete_elementwise(es_layer *layer, const es_shape *const *inputs,
                                      char problem[ES_PROBLEM_TEXT]) {
    char a[ES_SHAPE_TEXT], b[ES_SHAPE_TEXT];
    es_shape reached = layer->out;
    for (int d = 0; layer->n_inputs > 1 && d < reached.rank; d++)
        reached.dims[d] = 1;
    for (size_t i = 0; i < layer->n_inputs; i++) {
        int missing = layer->out.rank - inputs[i]->rank;
        bool fits = missing >= 0;
        for (int d = 0; fits && d < inputs[i]->rank; d++) {
            int64_t size = inputs[i]->dims[d];
            fits = size == 1 || size == layer->out.dims[d + missing];
            if (size > 1)
                reached.dims[d + missing] = size;
        }
        if (!fits)
            return wrong(problem, "%s cannot be broadcast to the output %s",
                         es_shape_text(*inputs[i], a), es_shape_text(layer->out, b));
    }
    return expect_out(layer, reached, problem);
}

/* All dimensions but one agree, and there the output is as long as its parts together; with a
 * constant part, at least so long. */
static es_status complete_concat(es_layer *layer, const es_shape *const *inputs,
                                 char problem[ES_PROBLEM_TEXT]) {
    for (int axis = 0; axis < layer->out.rank; axis++) {
        int64_t length = 0;
        bool fits = true;
        for (size_t i = 0; fits && i < layer->n_inputs; i++) {
            fits = inputs[i]->rank == layer->out.rank;
            for (int d = 0; fits && d < layer->out.rank; d++)
                fits = d == axis || inputs[i]->dims[d] == layer->out.dims[d];
            length += fits ? inputs[i]->dims[axis] : 0;
            fits = fits && length <= layer->out.dims[axis];
        }
        if (fits && (length == layer->out.dims[axis] ||
                     (layer->params > 0 && length < layer->out.dims[axis])))
            return ES_OK;
    }
    char text[ES_SHAPE_TEXT];
    return wrong(problem, "the parts do not add up to the output %s along any dimension",
                 es_shape_text(layer->out, text));
}

static es_status complete_same_elems(es_layer *layer, const es_shape *const *inputs,
                                     char problem[ES_PROBLEM_TEXT]) {
    (void)inputs;
    char a[ES_SHAPE_TEXT], b[ES_SHAPE_TEXT];
    if (es_shape_elems(layer->in) == es_shape_elems(layer->out))
        return ES_OK;
    return wrong(problem, "%s cannot become %s: another number of elements",
                 es_shape_text(layer->in, a), es_shape_text(layer->out, b));
}

static es_status complete_global_pool(es_layer *layer, const es_shape *const *inputs,
                                      char problem[ES_PROBLEM_TEXT]) {
    (void)inputs;
    es_shape out = layer->in;
    for (int d = 1; d < out.rank; d++)
        out.dims[d] = 1;
    return expect_out(layer, out, problem);
}

static es_status complete_same_shape(es_layer *layer, const es_shape *const *inputs,
                                     char problem[ES_PROBLEM_TEXT]) {
    (void)inputs;
    return expect_out(layer, layer->in, problem);
}

typedef es_status rule(es_layer *layer, const es_shape *const *inputs,
                       char problem[ES_PROBLEM_TEXT]);

/* The rule of an operator; NULL: any output will do. */
static rule *rule_of(es_op op) {
    static rule *const rules[ES_N_OPS] = {
        [ES_OP_CONV] = complete_conv,
        [ES_OP_CONV_TRANSPOSE] = complete_conv,
        [ES_OP_LINEAR] = complete_linear,
        [ES_OP_MATMUL] = complete_matmul,
        [ES_OP_BATCH_NORM] = complete_same_shape,
        [ES_OP_LAYER_NORM] = complete_same_shape,
        [ES_OP_GROUP_NORM] = complete_same_shape,
        [ES_OP_LOCAL_RESPONSE_NORM] = complete_same_shape,
        [ES_OP_SOFTMAX] = complete_same_shape,
        [ES_OP_MAX_POOL] = complete_pool,
        [ES_OP_AVERAGE_POOL] = complete_pool,
        [ES_OP_GLOBAL_AVERAGE_POOL] = complete_global_pool,
        [ES_OP_GLOBAL_MAX_POOL] = complete_global_pool,
        [ES_OP_CONCAT] = complete_concat,
        [ES_OP_RESHAPE] = complete_same_elems,
        [ES_OP_TRANSPOSE] = complete_same_elems,
    };
    if (es_op_fusing(op) == ES_FUSING_ACTIVATION)
        return complete_same_shape;
    return es_op_fusing(op) == ES_FUSING_ELEMENTWISE ? complete_elementwise : rules[op];
}

/* How many tensors an operator may read. */
static bool reads_many(es_op op) {
    return es_op_fusing(op) == ES_FUSING_ELEMENTWISE || op == ES_OP_CONCAT || op == ES_OP_MATMUL ||
           op == ES_OP_CUSTOM;
}

es_status layer_complete(es_layer *layer, const es_shape *const *inputs,
                         char problem[ES_PROBLEM_TEXT]) {
    if (layer->op == ES_OP_INPUT)
        return wrong(problem, "a second input; expected a layer");
    if (layer->n_inputs == 0 || (layer->n_inputs > 1 && !reads_many(layer->op)) ||
        (layer->n_inputs > 2 && layer->op != ES_OP_CONCAT && layer->op != ES_OP_CUSTOM))
        return wrong(problem, "%s reads %zu tensors", es_op_text(layer->op), layer->n_inputs);
    if (!es_shape_is_valid(layer->out))
        return wrong(problem, "an output without elements, or of more than 2^40");
    if (layer->params < 0 || layer->params > ES_MAX_ELEMS)
        return wrong(problem, "%lld parameters; expected 0 to 2^40", (long long)layer->params);
    layer->in = *inputs[0];
    layer->macs = 0;
    if (!op_has_window(layer->op))
        layer->window = (es_window){0};
    if (!op_has_groups(layer->op))
        layer->groups = 0;
    layer->bias = layer->bias && op_has_bias(layer->op);
    rule *complete = rule_of(layer->op);
    return complete != NULL ? complete(layer, inputs, problem) : ES_OK;
}
