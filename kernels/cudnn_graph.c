/* Operation graphs of a unit's body. */
#include "cudnn_parts.h"

#include "edgesplit/alloc.h"

/* A graph on its way. */
typedef struct sketch {
    gpu_maker *m;
    cudnnBackendDescriptor_t operations[GPU_MAX_POINTWISE + 1];
    int64_t n_operations, n_tensors;
    gpu_step step;
    es_text says;
} sketch;

/* ---- Descriptors */

cudnnBackendDescriptor_t gpu_descriptor(gpu_maker *m, cudnnBackendDescriptorType_t type) {
    es_network *network = m->network;
    cudnnBackendDescriptor_t made = NULL;
    if (m->status == ES_OK)
        m->status = es_reserve(&network->descriptors, &network->descriptors_capacity,
                               network->n_descriptors + 1, sizeof(cudnnBackendDescriptor_t));
    if (m->status == ES_OK &&
        gpu_try_dnn(m, network->device->api.cudnnBackendCreateDescriptor(type, &made),
                    "a descriptor"))
        network->descriptors[network->n_descriptors++] = made;
    return made;
}

static void set(gpu_maker *m, cudnnBackendDescriptor_t descriptor, cudnnBackendAttributeName_t name,
                cudnnBackendAttributeType_t type, int64_t n, const void *values) {
    if (m->status == ES_OK)
        gpu_try_dnn(
            m, m->network->device->api.cudnnBackendSetAttribute(descriptor, name, type, n, values),
            "an attribute");
}

static void set_descriptor(gpu_maker *m, cudnnBackendDescriptor_t descriptor,
                           cudnnBackendAttributeName_t name, cudnnBackendDescriptor_t value) {
    set(m, descriptor, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value);
}

static void finish(gpu_maker *m, cudnnBackendDescriptor_t descriptor, const char *what) {
    if (m->status == ES_OK)
        gpu_try_dnn(m, m->network->device->api.cudnnBackendFinalize(descriptor), what);
}

/* ---- Tensors */

static void say_dims(sketch *s, const gpu_operand *operand) {
    for (int d = 0; d < operand->rank; d++)
        es_text_add(&s->says, "%s%lld", d > 0 ? "x" : "", (long long)operand->dims[d]);
}

/* A tensor; a virtual one exists inside of the graph only, in the precision of the computation. */
static cudnnBackendDescriptor_t tensor(sketch *s, const gpu_operand *operand, bool is_virtual) {
    gpu_maker *m = s->m;
    int64_t strides[4], id = ++s->n_tensors, alignment = 16;
    const int64_t *dims = operand->dims;
    bool half = m->network->device->setting.precision == GPU_FP16 && !is_virtual;
    cudnnDataType_t type = half ? CUDNN_DATA_HALF : CUDNN_DATA_FLOAT;
    if (operand->rank == 4) {
        strides[1] = 1;
        strides[3] = dims[1];
        strides[2] = dims[1] * dims[3];
        strides[0] = dims[1] * dims[3] * dims[2];
    } else {
        strides[2] = 1;
        strides[1] = dims[2];
        strides[0] = dims[1] * dims[2];
    }
    cudnnBackendDescriptor_t made = gpu_descriptor(m, CUDNN_BACKEND_TENSOR_DESCRIPTOR);
    set(m, made, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &type);
    set(m, made, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, operand->rank, dims);
    set(m, made, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, operand->rank, strides);
    set(m, made, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, 1, &id);
    set(m, made, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, 1, &alignment);
    set(m, made, CUDNN_ATTR_TENSOR_IS_VIRTUAL, CUDNN_TYPE_BOOLEAN, 1, &is_virtual);
    finish(m, made, "a tensor");
    if (!is_virtual) {
        ES_REQUIRE(s->step.n_operands < GPU_MAX_OPERANDS);
        s->step.operands[s->step.n_operands] = operand->buffer;
        s->step.ids[s->step.n_operands++] = id;
    }
    return made;
}

/* ---- Operations */

static void add_operation(sketch *s, cudnnBackendDescriptor_t operation, const char *what) {
    finish(s->m, operation, what);
    s->operations[s->n_operations++] = operation;
}

static void say_window(sketch *s, const gpu_body *body) {
    es_text_add(&s->says,
                " window %lldx%lld stride %lldx%lld dilation %lldx%lld pad %lld %lld %lld "
                "%lld",
                (long long)body->window[0], (long long)body->window[1], (long long)body->stride[0],
                (long long)body->stride[1], (long long)body->dilation[0],
                (long long)body->dilation[1], (long long)body->before[0],
                (long long)body->before[1], (long long)body->after[0], (long long)body->after[1]);
}

static void add_conv(sketch *s, const gpu_body *body, cudnnBackendDescriptor_t y) {
    gpu_maker *m = s->m;
    int64_t n_dims = 2;
    float one = 1, zero = 0;
    cudnnConvolutionMode_t mode = CUDNN_CROSS_CORRELATION;
    cudnnDataType_t compute = CUDNN_DATA_FLOAT;
    es_text_add(&s->says, "conv ");
    say_dims(s, &body->x);
    es_text_add(&s->says, " by ");
    say_dims(s, &body->w);
    say_window(s, body);
    cudnnBackendDescriptor_t x = tensor(s, &body->x, false), w = tensor(s, &body->w, false);
    cudnnBackendDescriptor_t conv = gpu_descriptor(m, CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
    set(m, conv, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &n_dims);
    set(m, conv, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &compute);
    set(m, conv, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE, 1, &mode);
    set(m, conv, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64, 2, body->before);
    set(m, conv, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, 2, body->after);
    set(m, conv, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, 2, body->dilation);
    set(m, conv, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64, 2, body->stride);
    finish(m, conv, "a convolution");
    cudnnBackendDescriptor_t operation =
        gpu_descriptor(m, CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR);
    set_descriptor(m, operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, x);
    set_descriptor(m, operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, w);
    set_descriptor(m, operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, y);
    set_descriptor(m, operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, conv);
    set(m, operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA, CUDNN_TYPE_FLOAT, 1, &one);
    set(m, operation, CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA, CUDNN_TYPE_FLOAT, 1, &zero);
    add_operation(s, operation, "a convolution");
}

static void add_matmul(sketch *s, const gpu_body *body, cudnnBackendDescriptor_t y) {
    gpu_maker *m = s->m;
    cudnnDataType_t compute = CUDNN_DATA_FLOAT;
    es_text_add(&s->says, "matmul ");
    say_dims(s, &body->x);
    es_text_add(&s->says, " by ");
    say_dims(s, &body->w);
    cudnnBackendDescriptor_t x = tensor(s, &body->x, false), w = tensor(s, &body->w, false);
    cudnnBackendDescriptor_t matmul = gpu_descriptor(m, CUDNN_BACKEND_MATMUL_DESCRIPTOR);
    set(m, matmul, CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &compute);
    finish(m, matmul, "a product of matrices");
    cudnnBackendDescriptor_t operation =
        gpu_descriptor(m, CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR);
    set_descriptor(m, operation, CUDNN_ATTR_OPERATION_MATMUL_ADESC, x);
    set_descriptor(m, operation, CUDNN_ATTR_OPERATION_MATMUL_BDESC, w);
    set_descriptor(m, operation, CUDNN_ATTR_OPERATION_MATMUL_CDESC, y);
    set_descriptor(m, operation, CUDNN_ATTR_OPERATION_MATMUL_DESC, matmul);
    add_operation(s, operation, "a product of matrices");
}

static void set_fractions(gpu_maker *m, cudnnBackendDescriptor_t descriptor,
                          cudnnBackendAttributeName_t name, const int64_t values[2]) {
    cudnnFraction_t fractions[2] = {{values[0], 1}, {values[1], 1}};
    set(m, descriptor, name, CUDNN_TYPE_FRACTION, 2, fractions);
}

static void add_pool(sketch *s, const gpu_body *body, cudnnBackendDescriptor_t y) {
    gpu_maker *m = s->m;
    int64_t n_dims = 2;
    bool greatest = body->pool == CUDNN_RESAMPLE_MAXPOOL;
    cudnnDataType_t compute = CUDNN_DATA_FLOAT;
    cudnnPaddingMode_t padding = greatest ? CUDNN_NEG_INF_PAD : CUDNN_ZERO_PAD;
    es_text_add(&s->says, "%s pool ", greatest ? "max" : "average");
    say_dims(s, &body->x);
    say_window(s, body);
    cudnnBackendDescriptor_t x = tensor(s, &body->x, false);
    cudnnBackendDescriptor_t pool = gpu_descriptor(m, CUDNN_BACKEND_RESAMPLE_DESCRIPTOR);
    set(m, pool, CUDNN_ATTR_RESAMPLE_MODE, CUDNN_TYPE_RESAMPLE_MODE, 1, &body->pool);
    set(m, pool, CUDNN_ATTR_RESAMPLE_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, 1, &compute);
    set(m, pool, CUDNN_ATTR_RESAMPLE_SPATIAL_DIMS, CUDNN_TYPE_INT64, 1, &n_dims);
    set(m, pool, CUDNN_ATTR_RESAMPLE_PADDING_MODE, CUDNN_TYPE_PADDING_MODE, 1, &padding);
    set_fractions(m, pool, CUDNN_ATTR_RESAMPLE_WINDOW_DIMS, body->window);
    set_fractions(m, pool, CUDNN_ATTR_RESAMPLE_STRIDES, body->stride);
    set_fractions(m, pool, CUDNN_ATTR_RESAMPLE_PRE_PADDINGS, body->before);
    set_fractions(m, pool, CUDNN_ATTR_RESAMPLE_POST_PADDINGS, body->after);
    finish(m, pool, "a pool");
    cudnnBackendDescriptor_t operation =
        gpu_descriptor(m, CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR);
    set_descriptor(m, operation, CUDNN_ATTR_OPERATION_RESAMPLE_FWD_XDESC, x);
    set_descriptor(m, operation, CUDNN_ATTR_OPERATION_RESAMPLE_FWD_YDESC, y);
    set_descriptor(m, operation, CUDNN_ATTR_OPERATION_RESAMPLE_FWD_DESC, pool);
    add_operation(s, operation, "a pool");
}

static const char *mode_name(cudnnPointwiseMode_t mode) {
    switch ((int)mode) {
    case CUDNN_POINTWISE_ADD: return "add";
    case CUDNN_POINTWISE_SUB: return "sub";
    case CUDNN_POINTWISE_MUL: return "mul";
    case CUDNN_POINTWISE_DIV: return "div";
    case CUDNN_POINTWISE_MIN: return "min";
    case CUDNN_POINTWISE_MAX: return "max";
    case CUDNN_POINTWISE_POW: return "pow";
    case CUDNN_POINTWISE_RELU_FWD: return "relu";
    case CUDNN_POINTWISE_SWISH_FWD: return "silu";
    case CUDNN_POINTWISE_SIGMOID_FWD: return "sigmoid";
    case CUDNN_POINTWISE_GELU_FWD: return "gelu";
    case CUDNN_POINTWISE_TANH_FWD: return "tanh";
    default: return NULL;
    }
}

static void set_clips(sketch *s, cudnnBackendDescriptor_t descriptor,
                      const gpu_pointwise *function) {
    gpu_maker *m = s->m;
    const struct {
        cudnnBackendAttributeName_t name;
        float value;
    } clips[] = {{CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP, function->lower},
                 {CUDNN_ATTR_POINTWISE_RELU_UPPER_CLIP, function->upper},
                 {CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, function->slope}};
    /* Engines take fewer graphs that state what is so anyway. */
    for (size_t i = 0; i < sizeof clips / sizeof clips[0]; i++)
        if (clips[i].value != 0)
            set(m, descriptor, clips[i].name, CUDNN_TYPE_FLOAT, 1, &clips[i].value);
    es_text_add(&s->says, " %g..%g slope %g", (double)function->lower, (double)function->upper,
                (double)function->slope);
}

/* Adds function number `number` of x; `earlier`: its operand if that is an earlier value. */
static void add_function(sketch *s, const gpu_pointwise *function, cudnnBackendDescriptor_t x,
                         cudnnBackendDescriptor_t earlier, cudnnBackendDescriptor_t y) {
    gpu_maker *m = s->m;
    cudnnDataType_t compute = CUDNN_DATA_FLOAT;
    const char *name = mode_name(function->mode);
    es_text_add(&s->says, "%s%s", s->says.length > 0 ? ", " : "", name != NULL ? name : "function");
    if (name == NULL)
        es_text_add(&s->says, " %d", (int)function->mode);
    cudnnBackendDescriptor_t pointwise = gpu_descriptor(m, CUDNN_BACKEND_POINTWISE_DESCRIPTOR);
    set(m, pointwise, CUDNN_ATTR_POINTWISE_MODE, CUDNN_TYPE_POINTWISE_MODE, 1, &function->mode);
    set(m, pointwise, CUDNN_ATTR_POINTWISE_MATH_PREC, CUDNN_TYPE_DATA_TYPE, 1, &compute);
    if (function->clips)
        set_clips(s, pointwise, function);
    finish(m, pointwise, "a function of each element");
    cudnnBackendDescriptor_t operation =
        gpu_descriptor(m, CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR);
    set_descriptor(m, operation, CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, pointwise);
    set_descriptor(m, operation, CUDNN_ATTR_OPERATION_POINTWISE_XDESC, x);
    if (function->has_operand) {
        es_text_add(&s->says, " ");
        say_dims(s, &function->operand);
        earlier = tensor(s, &function->operand, false);
    }
    if (earlier != NULL)
        set_descriptor(m, operation, CUDNN_ATTR_OPERATION_POINTWISE_BDESC, earlier);
    set_descriptor(m, operation, CUDNN_ATTR_OPERATION_POINTWISE_YDESC, y);
    add_operation(s, operation, "a function of each element");
}

/* ---- Graphs */

static void close_graph(sketch *s) {
    gpu_maker *m = s->m;
    cudnnHandle_t handle = m->network->device->handle;
    s->step.graph = gpu_descriptor(m, CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
    set(m, s->step.graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, CUDNN_TYPE_BACKEND_DESCRIPTOR,
        s->n_operations, s->operations);
    if (handle != NULL)
        set(m, s->step.graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, 1, &handle);
    finish(m, s->step.graph, "a graph");
}

/* Appends a graph of the body: its product if `first` is 0 and `product`, then the functions from
 * `first` to before `end`, from buffer `from` (if not the product's) to buffer `to`. */
static void add_graph(gpu_maker *m, const gpu_body *body, bool product, size_t first, size_t end,
                      size_t from, size_t to) {
    sketch s = {.m = m, .step = {.kind = GPU_GRAPH}};
    s.step.multiplies = product && body->product != GPU_POOL;
    bool matrices = product && body->product == GPU_MATMUL;
    gpu_operand in = body->y, out = matrices ? body->matrix : body->y;
    cudnnBackendDescriptor_t values[GPU_MAX_POINTWISE + 1] = {NULL};
    in.buffer = from;
    out.buffer = to;
    if (m->status != ES_OK)
        return;
    bool ends = product && first == end;
    values[first] = product ? tensor(&s, &out, !ends) : tensor(&s, &in, false);
    if (product && body->product == GPU_CONV)
        add_conv(&s, body, values[first]);
    else if (product && body->product == GPU_MATMUL)
        add_matmul(&s, body, values[first]);
    else if (product)
        add_pool(&s, body, values[first]);
    for (size_t f = first; f < end; f++) {
        const gpu_pointwise *function = &body->functions[f];
        values[f + 1] = tensor(&s, &out, f + 1 < end);
        add_function(&s, function, values[f],
                     function->has_earlier ? values[function->earlier] : NULL, values[f + 1]);
    }
    close_graph(&s);
    if (s.says.failed && m->status == ES_OK)
        m->status = ES_NO_MEMORY;
    s.step.says = s.says.data;
    gpu_add_step(m, s.step);
}

/* The next way: the product and `split` functions in one graph, the others in another. */
static void add_way(gpu_maker *m, const gpu_body *body, size_t split) {
    size_t out = body->y.buffer;
    m->way = ++m->unit->n_ways;
    if (split == body->n) {
        add_graph(m, body, body->product != GPU_NO_PRODUCT, 0, body->n, body->x.buffer, out);
        return;
    }
    gpu_operand y = body->y;
    int64_t elems = 1;
    for (int d = 0; d < y.rank; d++)
        elems *= y.dims[d];
    size_t between = gpu_scratch(m, elems);
    add_graph(m, body, true, 0, split, body->x.buffer, between);
    add_graph(m, body, false, split, body->n, between, out);
    m->n_scratch--; /* the ways never run together */
}

/* With the sum of tensors before the bias, as the patterns of the compiled kernels have it. */
static void add_swapped_way(gpu_maker *m, const gpu_body *body) {
    gpu_body swapped = *body;
    swapped.functions[0] = body->functions[1];
    swapped.functions[1] = body->functions[0];
    add_way(m, &swapped, body->n);
}

void gpu_make_body(gpu_maker *m, const gpu_body *body) {
    if (m->status != ES_OK)
        return;
    m->unit->n_ways = 0;
    if (body->product != GPU_MATMUL || body->n == 0)
        add_way(m, body, body->n);
    if (body->product != GPU_NO_PRODUCT && body->n > 0)
        add_way(m, body, 0);
    if (body->product == GPU_CONV && body->n > 1)
        add_way(m, body, 1);
    if (body->product == GPU_CONV && body->first_sum == 1 &&
        body->functions[0].mode == CUDNN_POINTWISE_ADD)
        add_swapped_way(m, body);
    m->way = 0;
}
