/* Exporters write some layers as several primitive ones. Each rule below looks at the last layer of
 * such a pattern and the layers behind its inputs; what is put together takes its place, and the
 * others are gone. A layer goes only if nothing else reads it. Patterns build on each other: the
 * hard swish contains the hard sigmoid, and scale and shift join a layer norm one by one. */
#include "onnx_graph.h"

#include <math.h>

static onnx_layer *input_of(const onnx_import *import, const onnx_layer *layer, size_t i) {
    return &import->layers[import->inputs[layer->inputs_at + i]];
}

static bool is(const onnx_layer *layer, es_op op, size_t n_inputs) {
    return layer->layer.op == op && layer->layer.n_inputs == n_inputs && !layer->gone;
}

/* Read by `n` edges and nothing else. */
static bool has_readers(const onnx_layer *layer, size_t n) {
    return layer->n_readers == n && !layer->is_output;
}

static bool is_near(double value, double expected) {
    return fabs(value - expected) <= 1e-3 * expected;
}

/* An operator of a tensor and one known number: x op number. */
static bool is_scalar(const onnx_layer *layer, es_op op, double number) {
    return is(layer, op, 1) && layer->has_constant && is_near(layer->scalar, number) &&
           (!layer->constant_first || op == ES_OP_ADD || op == ES_OP_MUL);
}

/* x / number, or x times its inverse. */
static bool is_quotient(const onnx_layer *layer, double number) {
    return is_scalar(layer, ES_OP_DIV, number) || is_scalar(layer, ES_OP_MUL, 1 / number);
}

/* `root` becomes `op` of `x`; what it read before is left to count_readers. */
static void become(onnx_import *import, onnx_layer *root, es_op op, const onnx_layer *x) {
    root->layer.op = op;
    root->layer.n_inputs = 1;
    root->has_constant = false;
    import->inputs[root->inputs_at] = (size_t)(x - import->layers);
}

/* x * sigmoid(x), x * hard-sigmoid(x). */
static bool match_gate(onnx_import *import, onnx_layer *root) {
    if (!is(root, ES_OP_MUL, 2))
        return false;
    for (size_t i = 0; i < 2; i++) {
        onnx_layer *gate = input_of(import, root, i), *x = input_of(import, root, 1 - i);
        bool soft = is(gate, ES_OP_SIGMOID, 1), hard = is(gate, ES_OP_HARD_SIGMOID, 1);
        if ((soft || hard) && has_readers(gate, 1) && input_of(import, gate, 0) == x) {
            become(import, root, soft ? ES_OP_SILU : ES_OP_HARD_SWISH, x);
            return true;
        }
    }
    return false;
}

/* The x of relu6(x + 3), which `n` edges read; NULL: it is none. */
static onnx_layer *behind_hard_ramp(const onnx_import *import, const onnx_layer *clip) {
    if (!is(clip, ES_OP_RELU6, 1) || !has_readers(clip, 1))
        return NULL;
    onnx_layer *sum = input_of(import, clip, 0);
    return is_scalar(sum, ES_OP_ADD, 3) && has_readers(sum, 1) ? input_of(import, sum, 0) : NULL;
}

/* relu6(x + 3) / 6, and x * relu6(x + 3) / 6. */
static bool match_hard_sigmoid(onnx_import *import, onnx_layer *root) {
    if (!is_quotient(root, 6))
        return false;
    onnx_layer *inner = input_of(import, root, 0), *x = behind_hard_ramp(import, inner);
    if (x != NULL) {
        become(import, root, ES_OP_HARD_SIGMOID, x);
        return true;
    }
    if (!is(inner, ES_OP_MUL, 2) || !has_readers(inner, 1))
        return false;
    for (size_t i = 0; i < 2; i++) {
        x = behind_hard_ramp(import, input_of(import, inner, i));
        if (x != NULL && input_of(import, inner, 1 - i) == x) {
            become(import, root, ES_OP_HARD_SWISH, x);
            return true;
        }
    }
    return false;
}

/* The x of 1 + erf(x / sqrt 2); NULL: it is none. */
static onnx_layer *behind_error_function(const onnx_import *import, const onnx_layer *sum) {
    if (!is_scalar(sum, ES_OP_ADD, 1) || !has_readers(sum, 1))
        return NULL;
    const onnx_layer *erf_layer = input_of(import, sum, 0);
    if (!is(erf_layer, ES_OP_ERF, 1) || !has_readers(erf_layer, 1))
        return NULL;
    const onnx_layer *scaled = input_of(import, erf_layer, 0);
    return is_quotient(scaled, sqrt(2)) && has_readers(scaled, 1) ? input_of(import, scaled, 0)
                                                                  : NULL;
}

static bool is_half(const onnx_layer *layer) {
    return is_quotient(layer, 2) && has_readers(layer, 1);
}

/* x / 2 * (1 + erf(x / sqrt 2)), with the half at either factor or at the product. */
static bool match_gelu(onnx_import *import, onnx_layer *root) {
    onnx_layer *product = is_quotient(root, 2) ? input_of(import, root, 0) : root;
    if (!is(product, ES_OP_MUL, 2) || (product != root && !has_readers(product, 1)))
        return false;
    for (size_t i = 0; i < 2; i++) {
        onnx_layer *sum = input_of(import, product, i), *other = input_of(import, product, 1 - i);
        bool halved = product != root;
        if (!halved && is_half(sum)) {
            sum = input_of(import, sum, 0);
            halved = true;
        } else if (!halved && is_half(other)) {
            other = input_of(import, other, 0);
            halved = true;
        }
        onnx_layer *x = behind_error_function(import, sum);
        if (halved && x != NULL && x == other) {
            become(import, root, ES_OP_GELU, x);
            return true;
        }
    }
    return false;
}

/* Whether a layer is the square of `x`. */
static bool is_square(const onnx_import *import, const onnx_layer *layer, const onnx_layer *x) {
    if (is(layer, ES_OP_MUL, 2))
        return input_of(import, layer, 0) == x && input_of(import, layer, 1) == x;
    return is(layer, ES_OP_POW, 1) && layer->has_constant && layer->scalar == 2 &&
           input_of(import, layer, 0) == x;
}

/* d / sqrt(mean(d^2) + epsilon) with d = x - mean(x). */
static bool match_layer_norm(onnx_import *import, onnx_layer *root) {
    if (!is(root, ES_OP_DIV, 2))
        return false;
    onnx_layer *difference = input_of(import, root, 0), *deviation = input_of(import, root, 1);
    if (!is(difference, ES_OP_SUB, 2) || !is(deviation, ES_OP_SQRT, 1) ||
        !has_readers(deviation, 1) || difference->is_output)
        return false;
    onnx_layer *x = input_of(import, difference, 0), *mean = input_of(import, difference, 1);
    onnx_layer *sum = input_of(import, deviation, 0);
    if (!is(mean, ES_OP_REDUCE_MEAN, 1) || !has_readers(mean, 1) ||
        input_of(import, mean, 0) != x || !is(sum, ES_OP_ADD, 1) || !has_readers(sum, 1))
        return false;
    onnx_layer *variance = input_of(import, sum, 0);
    if (!is(variance, ES_OP_REDUCE_MEAN, 1) || !has_readers(variance, 1))
        return false;
    onnx_layer *square = input_of(import, variance, 0);
    size_t n_reads = square->layer.n_inputs + 1;
    if (!is_square(import, square, difference) || !has_readers(square, 1) ||
        !has_readers(difference, n_reads))
        return false;
    root->norm_elems = es_shape_elems(x->layer.out) / es_shape_elems(mean->layer.out);
    become(import, root, ES_OP_LAYER_NORM, x);
    return true;
}

/* The constant is one number per element of `n`, along one dimension of the output: the
 * `from_last`-th from the last. */
static bool is_vector(const onnx_layer *layer, int64_t n, int from_last) {
    const onnx_dims *dims = &layer->constant;
    return layer->has_constant && onnx_elems(dims) == n && dims->rank > from_last &&
           dims->d[dims->rank - 1 - from_last] == n;
}

/* Scale and shift of a layer norm: `root` takes its place. */
static bool match_affine(onnx_import *import, onnx_layer *root) {
    bool scale = is(root, ES_OP_MUL, 1), shift = is(root, ES_OP_ADD, 1);
    if (!scale && !shift)
        return false;
    onnx_layer *norm = input_of(import, root, 0);
    if (!is(norm, ES_OP_LAYER_NORM, 1) || norm->norm_elems == 0 || !has_readers(norm, 1) ||
        onnx_elems(&root->constant) != norm->norm_elems ||
        norm->layer.params != (scale ? 0 : norm->norm_elems) ||
        !es_shape_equal(root->layer.out, norm->layer.out))
        return false;
    root->layer.params += norm->layer.params;
    root->norm_elems = norm->norm_elems;
    become(import, root, ES_OP_LAYER_NORM, input_of(import, norm, 0));
    return true;
}

/* A vector added to a convolution or linear layer that has no bias yet. */
static bool match_bias(onnx_import *import, onnx_layer *root) {
    if (!is(root, ES_OP_ADD, 1))
        return false;
    onnx_layer *weighted = input_of(import, root, 0);
    const es_shape *out = &weighted->layer.out;
    bool linear = is(weighted, ES_OP_LINEAR, 1), conv = is(weighted, ES_OP_CONV, 1);
    if ((!linear && !conv) || weighted->layer.bias || !has_readers(weighted, 1) ||
        !es_shape_equal(root->layer.out, *out) ||
        !is_vector(root, linear ? out->dims[out->rank - 1] : out->c, linear ? 0 : out->rank - 1))
        return false;
    root->layer.window = weighted->layer.window;
    root->layer.groups = weighted->layer.groups;
    root->layer.bias = true;
    root->node = weighted->node;
    become(import, root, weighted->layer.op, input_of(import, weighted, 0));
    return true;
}

/* Counts who reads a layer. Those that nobody reads are gone, and count no more themselves. */
static void count_readers(onnx_import *import) {
    for (size_t l = 0; l < import->n_layers; l++)
        import->layers[l].n_readers = 0;
    for (size_t l = import->n_layers; l-- > 1;) {
        onnx_layer *layer = &import->layers[l];
        layer->gone = layer->n_readers == 0 && !layer->is_output;
        for (size_t i = 0; i < layer->layer.n_inputs && !layer->gone; i++)
            input_of(import, layer, i)->n_readers++;
    }
}

void onnx_patterns(onnx_import *import) {
    static bool (*const matches[])(onnx_import *, onnx_layer *) = {
        match_hard_sigmoid, match_gate, match_gelu, match_layer_norm, match_affine, match_bias,
    };
    for (size_t t = 0; t < import->names.n; t++)
        if (import->tensors[t].is_output && import->tensors[t].kind == ONNX_DATA)
            import->layers[import->tensors[t].layer].is_output = true;
    count_readers(import);
    for (size_t l = 1; l < import->n_layers; l++)
        for (size_t m = 0; m < sizeof matches / sizeof matches[0]; m++)
            if (!import->layers[l].gone && matches[m](import, &import->layers[l]))
                break;
    count_readers(import);
}
