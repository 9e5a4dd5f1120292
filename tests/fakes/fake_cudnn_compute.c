/* What the graphs mean, computed the plain way from nothing but their descriptors: so that layouts,
 * operands and weights are checked without a GPU. */
#include "fake_cudnn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RANK = 4 };

typedef struct tensor {
    float *values;
    int64_t dims[RANK], strides[RANK]; /* of three dimensions: a first one of 1 in front */
} tensor;

static tensor tensor_of(const descriptor *d) {
    tensor t = {.values = d->values, .dims = {1, 1, 1, 1}};
    int64_t n;
    const int64_t *dims = attribute(d, CUDNN_ATTR_TENSOR_DIMENSIONS, &n);
    const int64_t *strides = attribute(d, CUDNN_ATTR_TENSOR_STRIDES, &n);
    for (int64_t i = 0; i < n; i++) {
        t.dims[RANK - n + i] = dims[i];
        t.strides[RANK - n + i] = strides[i];
    }
    return t;
}

static float *at(const tensor *t, int64_t a, int64_t b, int64_t c, int64_t d) {
    const int64_t places[RANK] = {a, b, c, d};
    int64_t offset = 0;
    for (int i = 0; i < RANK; i++)
        offset += t->dims[i] == 1 ? 0 : places[i] * t->strides[i];
    return t->values + offset;
}

/* Gives each tensor of a graph its values: those that the pack points to, or room. */
static void bind(descriptor *d, const descriptor *pack) {
    int64_t n, n_ids;
    const int64_t *id = attribute(d, CUDNN_ATTR_TENSOR_UNIQUE_ID, &n);
    const int64_t *ids = attribute(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, &n_ids);
    void *const *addresses = attribute(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, &n);
    if (d->values != NULL)
        return;
    for (int64_t i = 0; i < n_ids; i++)
        if (ids[i] == *id)
            d->values = addresses[i];
    if (d->values != NULL)
        return;
    tensor t = tensor_of(d);
    d->values = calloc((size_t)(t.dims[0] * t.dims[1] * t.dims[2] * t.dims[3]), sizeof(float));
    d->owns_values = true;
}

/* ---- Operations */

static const int64_t *integers(const descriptor *d, cudnnBackendAttributeName_t name) {
    int64_t n;
    return attribute(d, name, &n);
}

static void compute_conv(const descriptor *operation) {
    const descriptor *conv = part(operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC);
    tensor x = tensor_of(part(operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X));
    tensor w = tensor_of(part(operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W));
    tensor y = tensor_of(part(operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y));
    const int64_t *stride = integers(conv, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES);
    const int64_t *before = integers(conv, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS);
    const int64_t *dilation = integers(conv, CUDNN_ATTR_CONVOLUTION_DILATIONS);
    int64_t per_group = y.dims[1] / (x.dims[1] / w.dims[1]);
    for (int64_t n = 0; n < y.dims[0]; n++)
        for (int64_t k = 0; k < y.dims[1]; k++)
            for (int64_t p = 0; p < y.dims[2] * y.dims[3]; p++) {
                double sum = 0;
                for (int64_t c = 0; c < w.dims[1]; c++)
                    for (int64_t r = 0; r < w.dims[2] * w.dims[3]; r++) {
                        int64_t i =
                            p / y.dims[3] * stride[0] - before[0] + r / w.dims[3] * dilation[0];
                        int64_t j =
                            p % y.dims[3] * stride[1] - before[1] + r % w.dims[3] * dilation[1];
                        if (i >= 0 && i < x.dims[2] && j >= 0 && j < x.dims[3])
                            sum += (double)*at(&x, n, k / per_group * w.dims[1] + c, i, j) *
                                   (double)*at(&w, k, c, r / w.dims[3], r % w.dims[3]);
                    }
                *at(&y, n, k, p / y.dims[3], p % y.dims[3]) = (float)sum;
            }
}

static void compute_pool(const descriptor *operation) {
    const descriptor *pool = part(operation, CUDNN_ATTR_OPERATION_RESAMPLE_FWD_DESC);
    tensor x = tensor_of(part(operation, CUDNN_ATTR_OPERATION_RESAMPLE_FWD_XDESC));
    tensor y = tensor_of(part(operation, CUDNN_ATTR_OPERATION_RESAMPLE_FWD_YDESC));
    int64_t n;
    const cudnnFraction_t *window = attribute(pool, CUDNN_ATTR_RESAMPLE_WINDOW_DIMS, &n);
    const cudnnFraction_t *stride = attribute(pool, CUDNN_ATTR_RESAMPLE_STRIDES, &n);
    const cudnnFraction_t *before = attribute(pool, CUDNN_ATTR_RESAMPLE_PRE_PADDINGS, &n);
    const cudnnResampleMode_t *mode = attribute(pool, CUDNN_ATTR_RESAMPLE_MODE, &n);
    for (int64_t o = 0; o < y.dims[0] * y.dims[1] * y.dims[2] * y.dims[3]; o++) {
        int64_t q = o % y.dims[3], p = o / y.dims[3] % y.dims[2];
        int64_t c = o / (y.dims[3] * y.dims[2]) % y.dims[1];
        int64_t image = o / (y.dims[3] * y.dims[2] * y.dims[1]);
        double sum = 0, greatest = -HUGE_VAL;
        int64_t seen = 0;
        for (int64_t r = 0; r < window[0].numerator * window[1].numerator; r++) {
            int64_t i = p * stride[0].numerator - before[0].numerator + r / window[1].numerator;
            int64_t j = q * stride[1].numerator - before[1].numerator + r % window[1].numerator;
            if (i < 0 || i >= x.dims[2] || j < 0 || j >= x.dims[3])
                continue;
            sum += (double)*at(&x, image, c, i, j);
            greatest = fmax(greatest, (double)*at(&x, image, c, i, j));
            seen++;
        }
        *at(&y, image, c, p, q) =
            (float)(*mode == CUDNN_RESAMPLE_MAXPOOL ? greatest : sum / (double)seen);
    }
}

static void compute_matmul(const descriptor *operation) {
    tensor a = tensor_of(part(operation, CUDNN_ATTR_OPERATION_MATMUL_ADESC));
    tensor b = tensor_of(part(operation, CUDNN_ATTR_OPERATION_MATMUL_BDESC));
    tensor c = tensor_of(part(operation, CUDNN_ATTR_OPERATION_MATMUL_CDESC));
    for (int64_t n = 0; n < c.dims[1]; n++)
        for (int64_t i = 0; i < c.dims[2]; i++)
            for (int64_t j = 0; j < c.dims[3]; j++) {
                double sum = 0;
                for (int64_t k = 0; k < a.dims[3]; k++)
                    sum += (double)*at(&a, 0, n, i, k) * (double)*at(&b, 0, n, k, j);
                *at(&c, 0, n, i, j) = (float)sum;
            }
}

static double clip(const descriptor *pointwise, double x) {
    int64_t n;
    const float *lower = attribute(pointwise, CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP, &n);
    const float *upper = attribute(pointwise, CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP, &n);
    const float *slope = attribute(pointwise, CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, &n);
    double least = lower != NULL ? (double)*lower : 0;
    if (upper != NULL && x > (double)*upper)
        return (double)*upper;
    return x > least ? x : least + (slope != NULL ? (double)*slope : 0) * (x - least);
}

static double function_of(const descriptor *pointwise, cudnnPointwiseMode_t mode, double x,
                          double b) {
    switch ((int)mode) {
    case CUDNN_POINTWISE_ADD: return x + b;
    case CUDNN_POINTWISE_SUB: return x - b;
    case CUDNN_POINTWISE_MUL: return x * b;
    case CUDNN_POINTWISE_DIV: return x / b;
    case CUDNN_POINTWISE_MIN: return fmin(x, b);
    case CUDNN_POINTWISE_MAX: return fmax(x, b);
    case CUDNN_POINTWISE_POW: return pow(x, b);
    case CUDNN_POINTWISE_RELU_FWD: return clip(pointwise, x);
    case CUDNN_POINTWISE_SWISH_FWD: return x / (1 + exp(-x));
    case CUDNN_POINTWISE_SIGMOID_FWD: return 1 / (1 + exp(-x));
    case CUDNN_POINTWISE_GELU_FWD: return 0.5 * x * (1 + erf(x / sqrt(2.0)));
    case CUDNN_POINTWISE_TANH_FWD: return tanh(x);
    default: return (double)NAN;
    }
}

static void compute_pointwise(const descriptor *operation) {
    const descriptor *pointwise = part(operation, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR);
    const descriptor *operand = part(operation, CUDNN_ATTR_OPERATION_POINTWISE_BDESC);
    tensor x = tensor_of(part(operation, CUDNN_ATTR_OPERATION_POINTWISE_XDESC));
    tensor y = tensor_of(part(operation, CUDNN_ATTR_OPERATION_POINTWISE_YDESC));
    tensor b = operand != NULL ? tensor_of(operand) : x;
    int64_t n;
    const cudnnPointwiseMode_t *mode = attribute(pointwise, CUDNN_ATTR_POINTWISE_MODE, &n);
    for (int64_t i = 0; i < y.dims[0]; i++)
        for (int64_t j = 0; j < y.dims[1]; j++)
            for (int64_t k = 0; k < y.dims[2]; k++)
                for (int64_t l = 0; l < y.dims[3]; l++)
                    *at(&y, i, j, k, l) = (float)function_of(
                        pointwise, *mode, (double)*at(&x, i, j, k, l), (double)*at(&b, i, j, k, l));
}

/* ---- Graphs */

static const cudnnBackendAttributeName_t tensor_names[] = {
    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
    CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, CUDNN_ATTR_OPERATION_RESAMPLE_FWD_XDESC,
    CUDNN_ATTR_OPERATION_RESAMPLE_FWD_YDESC,    CUDNN_ATTR_OPERATION_MATMUL_ADESC,
    CUDNN_ATTR_OPERATION_MATMUL_BDESC,          CUDNN_ATTR_OPERATION_MATMUL_CDESC,
    CUDNN_ATTR_OPERATION_POINTWISE_XDESC,       CUDNN_ATTR_OPERATION_POINTWISE_BDESC,
    CUDNN_ATTR_OPERATION_POINTWISE_YDESC,
};
enum { N_TENSOR_NAMES = sizeof tensor_names / sizeof tensor_names[0] };

static void unbind(descriptor *d) {
    if (d->owns_values)
        free(d->values);
    d->values = NULL;
    d->owns_values = false;
}

bool compute(const descriptor *graph, const descriptor *pack) {
    int64_t n;
    descriptor *const *operations = attribute(graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, &n);
    bool known = operations != NULL;
    for (int64_t o = 0; known && o < n; o++) {
        for (int i = 0; i < N_TENSOR_NAMES; i++)
            if (part(operations[o], tensor_names[i]) != NULL)
                bind(part(operations[o], tensor_names[i]), pack);
        if (operations[o]->type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR)
            compute_conv(operations[o]);
        else if (operations[o]->type == CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR)
            compute_pool(operations[o]);
        else if (operations[o]->type == CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR)
            compute_matmul(operations[o]);
        else if (operations[o]->type == CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR)
            compute_pointwise(operations[o]);
        else
            known = false;
    }
    for (int64_t o = 0; operations != NULL && o < n; o++)
        for (int i = 0; i < N_TENSOR_NAMES; i++)
            if (part(operations[o], tensor_names[i]) != NULL)
                unbind(part(operations[o], tensor_names[i]));
    return known;
}
