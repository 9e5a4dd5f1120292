/* Products with matrices, and normalisations (ONNX operator schemas "Gemm", "MatMul",
 * "BatchNormalization", "LayerNormalization", "InstanceNormalization", "GroupNormalization"). */
#include "onnx_rule.h"

static es_status complain_product(const onnx_call *call, const onnx_dims *a, const onnx_dims *b) {
    char left[ONNX_DIMS_TEXT], right[ONNX_DIMS_TEXT];
    return onnx_fail(call, "a product of %s and %s is not defined", onnx_dims_text(a, left),
                     onnx_dims_text(b, right));
}

es_status onnx_rule_gemm(const onnx_call *call) {
    const onnx_tensor *x = onnx_in(call, 0), *w = onnx_in(call, 1), *c = onnx_in(call, 2);
    bool transposed = onnx_attr_int(call, "transB", 0) != 0;
    if (x == NULL || w == NULL || x->dims.rank != 2 || w->dims.rank != 2)
        return onnx_fail(call, "expected two matrices");
    if (onnx_attr_int(call, "transA", 0) != 0 || w->kind == ONNX_DATA ||
        (c != NULL && c->kind == ONNX_DATA))
        return onnx_fail(call, "only products of data with constant weights, and a constant bias, "
                               "are understood");
    if (x->dims.d[1] != w->dims.d[transposed ? 1 : 0])
        return complain_product(call, &x->dims, &w->dims);
    onnx_dims out = {.rank = 2, .d = {x->dims.d[0], w->dims.d[transposed ? 0 : 1]}};
    return onnx_give_layer(call, 0, &(es_layer){.op = ES_OP_LINEAR, .bias = c != NULL}, &out, 3);
}

es_status onnx_rule_matmul(const onnx_call *call) {
    const onnx_tensor *a = onnx_in(call, 0), *b = onnx_in(call, 1);
    if (a == NULL || b == NULL || a->dims.rank < 2 || b->dims.rank < 2)
        return onnx_fail(call, "expected two matrices or stacks of them");
    if (a->kind == ONNX_CONSTANT && b->kind == ONNX_DATA)
        return onnx_fail(call,
                         "constants times data are not understood, only data times constants");
    onnx_dims stack_a = a->dims, stack_b = b->dims, out;
    int64_t rows = a->dims.d[a->dims.rank - 2], inner = a->dims.d[a->dims.rank - 1];
    int64_t columns = b->dims.d[b->dims.rank - 1];
    stack_a.rank -= 2;
    stack_b.rank -= 2;
    if (inner != b->dims.d[b->dims.rank - 2] || !onnx_broadcast(&stack_a, &stack_b, &out))
        return complain_product(call, &a->dims, &b->dims);
    out.d[out.rank++] = rows;
    out.d[out.rank++] = columns;
    if (a->kind == ONNX_CONSTANT) /* of weights: that of two adapters, say */
        return onnx_give_constant(call, 0, &out, a->is_float, a->params + b->params);
    bool is_linear = b->kind == ONNX_CONSTANT && b->dims.rank == 2;
    return onnx_give_op(call, is_linear ? ES_OP_LINEAR : ES_OP_MATMUL, &out, 2);
}

es_status onnx_rule_batch_norm(const onnx_call *call) {
    const onnx_tensor *x = onnx_in(call, 0), *scale = onnx_in(call, 1);
    if (x == NULL || scale == NULL || x->dims.rank < 2 || onnx_elems(&scale->dims) != x->dims.d[1])
        return onnx_fail(call, "expected a tensor with channels and a scale for each");
    return onnx_give_layer(call, 0, &(es_layer){.op = ES_OP_BATCH_NORM, .params = 2 * x->dims.d[1]},
                           &x->dims, 5);
}

/* Scale and shift are its constants. */
es_status onnx_rule_norm(const onnx_call *call) {
    const onnx_tensor *x = onnx_in(call, 0);
    if (x == NULL || x->dims.rank < 2 || x->kind != ONNX_DATA)
        return onnx_fail(call, "expected data with channels");
    return onnx_give_op(call, call->node->op->op, &x->dims, 3);
}
