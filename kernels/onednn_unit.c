#include "onednn.h"

static bool is_weighted(es_op op) {
    return op == ES_OP_CONV || op == ES_OP_LINEAR;
}

/* A description of the same tensor that leaves the layout to the primitive. */
static dnnl_memory_desc_t any_layout(const dnnl_memory_desc_t *tensor, dnnl_status_t *result) {
    dnnl_memory_desc_t any = {0};
    if (*result == dnnl_success)
        *result = dnnl_memory_desc_init_by_tag(&any, tensor->ndims, tensor->dims, dnnl_f32,
                                               dnnl_format_tag_any);
    return any;
}

es_status onednn_plain_tensor(es_shape shape, int64_t batch, dnnl_memory_desc_t *layout,
                              es_errors *errors) {
    dnnl_dims_t dims = {batch, shape.c, shape.h, shape.w};
    return onednn_check(dnnl_memory_desc_init_by_tag(layout, 4, dims, dnnl_f32, dnnl_nchw),
                        "tensor", NULL, errors);
}

es_status onednn_plain_weights(const es_layer *layer, dnnl_memory_desc_t *layout,
                               es_errors *errors) {
    int64_t side = layer->kernel;
    dnnl_status_t result;
    if (layer->op == ES_OP_LINEAR) {
        dnnl_dims_t dims = {layer->out.c, layer->in.c, layer->in.h, layer->in.w};
        result = dnnl_memory_desc_init_by_tag(layout, 4, dims, dnnl_f32, dnnl_oihw);
    } else if (layer->groups > 1) {
        dnnl_dims_t dims = {layer->groups, layer->out.c / layer->groups,
                            layer->in.c / layer->groups, side, side};
        result = dnnl_memory_desc_init_by_tag(layout, 5, dims, dnnl_f32, dnnl_goihw);
    } else {
        dnnl_dims_t dims = {layer->out.c, layer->in.c, side, side};
        result = dnnl_memory_desc_init_by_tag(layout, 4, dims, dnnl_f32, dnnl_oihw);
    }
    return onednn_check(result, "weights", layer->name, errors);
}

es_status onednn_plain_bias(const es_layer *layer, dnnl_memory_desc_t *layout, es_errors *errors) {
    dnnl_dims_t dims = {layer->out.c};
    return onednn_check(dnnl_memory_desc_init_by_tag(layout, 1, dims, dnnl_f32, dnnl_a), "bias",
                        layer->name, errors);
}

/* What runs inside the kernel behind its sum of products: activation, then residual. */
static dnnl_status_t append_post_ops(const es_fused_unit *unit, dnnl_post_ops_t post_ops) {
    dnnl_status_t result = dnnl_success;
    if (unit->activation == ES_OP_SILU)
        result = dnnl_post_ops_append_eltwise(post_ops, 1, dnnl_eltwise_swish, 1, 0);
    if (unit->activation == ES_OP_SIGMOID)
        result = dnnl_post_ops_append_eltwise(post_ops, 1, dnnl_eltwise_logistic, 0, 0);
    if (result == dnnl_success && unit->adds)
        result = dnnl_post_ops_append_sum(post_ops, 1);
    return result;
}

static dnnl_status_t create_primitive(const es_device *device, const es_fused_unit *unit,
                                      const void *operation, dnnl_primitive_desc_t *primitive) {
    dnnl_post_ops_t post_ops = NULL;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_status_t result = dnnl_post_ops_create(&post_ops);
    if (result == dnnl_success)
        result = append_post_ops(unit, post_ops);
    if (result == dnnl_success)
        result = dnnl_primitive_attr_create(&attributes);
    if (result == dnnl_success)
        result = dnnl_primitive_attr_set_post_ops(attributes, post_ops);
    if (result == dnnl_success)
        result = dnnl_primitive_desc_create(primitive, operation, attributes, device->engine, NULL);
    dnnl_primitive_attr_destroy(attributes);
    dnnl_post_ops_destroy(post_ops);
    return result;
}

/* The layout that a described primitive chose for an operand. */
static onednn_operand chosen(dnnl_primitive_desc_t primitive, dnnl_query_t what) {
    const dnnl_memory_desc_t *layout = dnnl_primitive_desc_query_md(primitive, what, 0);
    return (onednn_operand){*layout, *layout};
}

/* A unit on its way to its kernel: all layouts plain but those of what it reads. */
typedef struct unit_draft {
    const es_device *device;
    const es_fused_unit *unit;
    const dnnl_memory_desc_t *in[2], *residual;
    dnnl_memory_desc_t out, weights, bias;
} unit_draft;

/* The kernel chooses all layouts, but a residual stays where it lies and is added in place. */
static dnnl_status_t describe_conv(const unit_draft *draft, onednn_kernel *kernel) {
    const es_layer *layer = draft->unit->layer;
    dnnl_status_t result = dnnl_success;
    dnnl_memory_desc_t src = any_layout(draft->in[0], &result);
    dnnl_memory_desc_t weights = any_layout(&draft->weights, &result);
    dnnl_memory_desc_t dst =
        draft->residual != NULL ? *draft->residual : any_layout(&draft->out, &result);
    dnnl_convolution_desc_t operation;
    dnnl_dims_t strides = {layer->stride, layer->stride}, before, after;
    es_plan_padding(layer, layer->in.h, layer->out.h, &before[0], &after[0]);
    es_plan_padding(layer, layer->in.w, layer->out.w, &before[1], &after[1]);
    if (result == dnnl_success)
        result = dnnl_convolution_forward_desc_init(&operation, dnnl_forward_inference,
                                                    dnnl_convolution_auto, &src, &weights,
                                                    &draft->bias, &dst, strides, before, after);
    if (result == dnnl_success)
        result = create_primitive(draft->device, draft->unit, &operation, &kernel->primitive);
    if (result != dnnl_success)
        return result;
    kernel->in[0] = chosen(kernel->primitive, dnnl_query_src_md);
    kernel->out = chosen(kernel->primitive, dnnl_query_dst_md);
    return dnnl_success;
}

/* Writes a plain matrix: the bytes of a plain tensor of 1 x 1 pixels. */
static dnnl_status_t describe_linear(const unit_draft *draft, onednn_kernel *kernel) {
    dnnl_status_t result = dnnl_success;
    dnnl_memory_desc_t src = any_layout(draft->in[0], &result);
    dnnl_memory_desc_t weights = any_layout(&draft->weights, &result);
    dnnl_inner_product_desc_t operation;
    kernel->out.lies = draft->out;
    if (result == dnnl_success)
        result =
            dnnl_memory_desc_init_by_tag(&kernel->out.seen, 2, draft->out.dims, dnnl_f32, dnnl_ab);
    if (result == dnnl_success)
        result = dnnl_inner_product_forward_desc_init(&operation, dnnl_forward_inference, &src,
                                                      &weights, &draft->bias, &kernel->out.seen);
    if (result == dnnl_success)
        result = create_primitive(draft->device, draft->unit, &operation, &kernel->primitive);
    if (result == dnnl_success)
        kernel->in[0] = chosen(kernel->primitive, dnnl_query_src_md);
    return result;
}

static dnnl_status_t describe_pool(const unit_draft *draft, onednn_kernel *kernel) {
    const es_layer *layer = draft->unit->layer;
    dnnl_status_t result = dnnl_success;
    dnnl_memory_desc_t dst = any_layout(&draft->out, &result);
    dnnl_dims_t window = {layer->in.h, layer->in.w}, none = {0, 0};
    dnnl_pooling_desc_t operation;
    if (result == dnnl_success)
        result = dnnl_pooling_forward_desc_init(&operation, dnnl_forward_inference,
                                                dnnl_pooling_avg_exclude_padding, draft->in[0],
                                                &dst, window, window, none, none);
    if (result == dnnl_success)
        result = create_primitive(draft->device, draft->unit, &operation, &kernel->primitive);
    if (result != dnnl_success)
        return result;
    kernel->in[0] = (onednn_operand){*draft->in[0], *draft->in[0]};
    kernel->out = chosen(kernel->primitive, dnnl_query_dst_md);
    return dnnl_success;
}

/* Channels per block of a layout [batch][c / block][h][w][block]; 0 for any other layout. */
static int64_t channel_block(const dnnl_memory_desc_t *layout) {
    const dnnl_blocking_desc_t *blocking = &layout->format_desc.blocking;
    return blocking->inner_nblks == 1 && blocking->inner_idxs[0] == 1 ? blocking->inner_blks[0] : 0;
}

/* oneDNN 2.6 has no fast kernel that scales the channels of a blocked tensor if blocks are of 8
 * channels. The same bytes, seen as batch * c / block images of `block` channels in channels-last
 * order, it scales fast, and a vector of channels [batch][c] becomes one of [block] per image. */
static dnnl_status_t see_blocks_as_images(const unit_draft *draft, int64_t block,
                                          onednn_kernel *kernel) {
    const dnnl_memory_desc_t *tensor = draft->in[0], *vector = draft->in[1];
    int64_t images = tensor->dims[0] * (tensor->padded_dims[1] / block);
    dnnl_dims_t tensor_dims = {images, block, tensor->dims[2], tensor->dims[3]};
    dnnl_dims_t vector_dims = {images, block, 1, 1};
    dnnl_status_t result =
        dnnl_memory_desc_init_by_tag(&kernel->in[0].seen, 4, tensor_dims, dnnl_f32, dnnl_nhwc);
    if (result == dnnl_success)
        result =
            dnnl_memory_desc_init_by_tag(&kernel->in[1].seen, 4, vector_dims, dnnl_f32, dnnl_nhwc);
    if (result == dnnl_success &&
        dnnl_memory_desc_get_size(vector) != dnnl_memory_desc_get_size(&kernel->in[1].seen))
        result = dnnl_memory_desc_init_by_tag(&kernel->in[1].lies, 4, vector->dims, dnnl_f32,
                                              block == 8 ? dnnl_nChw8c : dnnl_nChw16c);
    return result;
}

static dnnl_status_t describe_mul(const unit_draft *draft, onednn_kernel *kernel) {
    int64_t block = channel_block(draft->in[0]);
    dnnl_status_t result = dnnl_success;
    kernel->in[0] = (onednn_operand){*draft->in[0], *draft->in[0]};
    kernel->in[1] = (onednn_operand){*draft->in[1], *draft->in[1]};
    if ((block == 8 || block == 16) && draft->in[1]->dims[2] == 1 && draft->in[1]->dims[3] == 1)
        result = see_blocks_as_images(draft, block, kernel);
    kernel->out = kernel->in[0];
    dnnl_binary_desc_t operation;
    if (result == dnnl_success)
        result = dnnl_binary_desc_init(&operation, dnnl_binary_mul, &kernel->in[0].seen,
                                       &kernel->in[1].seen, &kernel->out.seen);
    return result != dnnl_success
               ? result
               : create_primitive(draft->device, draft->unit, &operation, &kernel->primitive);
}

es_status onednn_describe(const es_device *device, const es_fused_unit *unit, int64_t batch,
                          const dnnl_memory_desc_t *const in[2], const dnnl_memory_desc_t *residual,
                          onednn_kernel *kernel, es_errors *errors) {
    const es_layer *layer = unit->layer;
    unit_draft draft = {.device = device, .unit = unit, .in = {in[0], in[1]}, .residual = residual};
    es_status status = onednn_plain_tensor(layer->out, batch, &draft.out, errors);
    if (status == ES_OK && is_weighted(layer->op))
        status = onednn_plain_weights(layer, &draft.weights, errors);
    if (status == ES_OK && is_weighted(layer->op))
        status = onednn_plain_bias(layer, &draft.bias, errors);
    if (status != ES_OK)
        return status;
    dnnl_status_t result;
    if (layer->op == ES_OP_CONV)
        result = describe_conv(&draft, kernel);
    else if (layer->op == ES_OP_LINEAR)
        result = describe_linear(&draft, kernel);
    else if (layer->op == ES_OP_MUL)
        result = describe_mul(&draft, kernel);
    else
        result = describe_pool(&draft, kernel);
    return onednn_check(result, "kernel", unit->name, errors);
}
