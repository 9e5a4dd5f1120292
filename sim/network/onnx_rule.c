#include "onnx_rule.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"

#include <string.h>

static const onnx_op ops[] = {
#define ONNX_OP(type, rule, op, fold) {#type, onnx_rule_##rule, ES_OP_##op, ONNX_FOLD_##fold},
#include "onnx_ops.def"
#undef ONNX_OP
};

const onnx_op *onnx_op_find(const Onnx__NodeProto *node) {
    bool is_default =
        node->domain == NULL || node->domain[0] == '\0' || strcmp(node->domain, "ai.onnx") == 0;
    for (size_t i = 0; node->op_type != NULL && is_default && i < sizeof ops / sizeof ops[0]; i++)
        if (strcmp(ops[i].type, node->op_type) == 0)
            return &ops[i];
    return NULL;
}

es_status onnx_fail(const onnx_call *call, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    onnx_node_wrong_list(call->import, call->node, format, arguments);
    va_end(arguments);
    return ES_INVALID;
}

size_t onnx_n_in(const onnx_call *call) {
    return call->node->proto->n_input;
}

const onnx_tensor *onnx_in(const onnx_call *call, size_t i) {
    if (i >= onnx_n_in(call) || call->node->inputs[i] == ONNX_NONE)
        return NULL;
    return &call->import->tensors[call->node->inputs[i]];
}

/* NULL if the node has no such output, or does not name it. */
static onnx_tensor *out(const onnx_call *call, size_t i) {
    if (i >= call->node->proto->n_output || call->node->outputs[i] == ONNX_NONE)
        return NULL;
    return &call->import->tensors[call->node->outputs[i]];
}

bool onnx_is_used(const onnx_call *call, size_t i) {
    const onnx_tensor *tensor = out(call, i);
    return tensor != NULL && (tensor->is_output || tensor->first_reader != ONNX_NONE);
}

const Onnx__AttributeProto *onnx_attr(const onnx_call *call, const char *name) {
    const Onnx__NodeProto *proto = call->node->proto;
    for (size_t i = 0; i < proto->n_attribute; i++)
        if (proto->attribute[i]->name != NULL && strcmp(proto->attribute[i]->name, name) == 0)
            return proto->attribute[i];
    return NULL;
}

int64_t onnx_attr_int(const onnx_call *call, const char *name, int64_t otherwise) {
    const Onnx__AttributeProto *attribute = onnx_attr(call, name);
    return attribute != NULL && attribute->has_i ? attribute->i : otherwise;
}

double onnx_attr_float(const onnx_call *call, const char *name, double otherwise) {
    const Onnx__AttributeProto *attribute = onnx_attr(call, name);
    return attribute != NULL && attribute->has_f ? (double)attribute->f : otherwise;
}

bool onnx_attr_is(const onnx_call *call, const char *name, const char *text) {
    const Onnx__AttributeProto *attribute = onnx_attr(call, name);
    return attribute != NULL && attribute->has_s && attribute->s.len == strlen(text) &&
           memcmp(attribute->s.data, text, attribute->s.len) == 0;
}

const onnx_value *onnx_values(const onnx_call *call, const onnx_tensor *tensor) {
    bool known = tensor->kind == ONNX_CONSTANT && tensor->values_at != ONNX_NONE;
    return known ? call->import->values + tensor->values_at : NULL;
}

bool onnx_scalar(const onnx_call *call, const onnx_tensor *tensor, double *value) {
    const onnx_value *values = onnx_values(call, tensor);
    if (values == NULL || onnx_elems(&tensor->dims) != 1)
        return false;
    *value = tensor->is_float ? values[0].f : (double)values[0].i;
    return true;
}

es_status onnx_list(const onnx_call *call, const char *name, size_t input, onnx_ints *list) {
    const Onnx__AttributeProto *attribute = onnx_attr(call, name);
    const onnx_tensor *tensor = input != ONNX_NONE ? onnx_in(call, input) : NULL;
    *list = (onnx_ints){0};
    if (attribute != NULL && attribute->n_ints > ONNX_MAX_VALUES)
        return onnx_fail(call, "%zu %s; expected at most %d", attribute->n_ints, name,
                         ONNX_MAX_VALUES);
    if (attribute != NULL) {
        list->given = true;
        list->n = attribute->n_ints;
        for (size_t i = 0; i < list->n; i++)
            list->v[i] = attribute->ints[i];
    } else if (tensor != NULL) {
        const onnx_value *values = onnx_values(call, tensor);
        if (values == NULL || tensor->is_float || tensor->dims.rank > 1)
            return onnx_fail(call,
                             "its %s (\"%.128s\") are not known before the network runs; expected "
                             "constant integers",
                             name, tensor->name);
        list->given = true;
        list->n = (size_t)onnx_elems(&tensor->dims);
        for (size_t i = 0; i < list->n; i++)
            list->v[i] = values[i].i;
    }
    return ES_OK;
}

es_status onnx_axes(const onnx_call *call, const char *name, size_t input, int rank,
                    onnx_ints *list) {
    unsigned seen = 0;
    es_status status = onnx_list(call, name, input, list);
    for (size_t i = 0; status == ES_OK && i < list->n; i++) {
        int64_t axis = list->v[i];
        if (axis < -rank || axis >= rank)
            return onnx_fail(call, "axis %lld of a tensor of rank %d", (long long)axis, rank);
        list->v[i] = axis < 0 ? axis + rank : axis;
        if ((seen >> list->v[i] & 1) != 0)
            return onnx_fail(call, "axis %lld twice", (long long)axis);
        seen |= 1U << list->v[i];
    }
    return status;
}

es_status onnx_axis(const onnx_call *call, int64_t otherwise, int rank, bool past_end, int *axis) {
    int64_t given = onnx_attr_int(call, "axis", otherwise);
    int64_t end = rank + (past_end ? 1 : 0);
    *axis = 0;
    if (given < -rank || given >= end)
        return onnx_fail(call, "axis %lld of a tensor of rank %d", (long long)given, rank);
    *axis = (int)(given < 0 ? given + rank : given);
    return ES_OK;
}

bool onnx_broadcast(const onnx_dims *a, const onnx_dims *b, onnx_dims *out_dims) {
    const onnx_dims *longer = a->rank >= b->rank ? a : b, *shorter = longer == a ? b : a;
    int missing = longer->rank - shorter->rank;
    onnx_dims dims = *longer;
    for (int i = missing; i < dims.rank; i++) {
        int64_t other = shorter->d[i - missing];
        if (dims.d[i] == 1)
            dims.d[i] = other;
        else if (other != 1 && other != dims.d[i])
            return false;
    }
    *out_dims = dims;
    return true;
}

es_status onnx_check_dims(const onnx_call *call, const onnx_dims *dims) {
    char text[ONNX_DIMS_TEXT];
    if (onnx_elems(dims) >= 0)
        return ES_OK;
    return onnx_fail(call,
                     "its output would be %s; expected dimensions of 1 or more and at most "
                     "2^40 elements",
                     onnx_dims_text(dims, text));
}

es_status onnx_give_constant(const onnx_call *call, size_t i, const onnx_dims *dims, bool is_float,
                             int64_t params) {
    onnx_tensor *tensor = out(call, i);
    es_status status = onnx_check_dims(call, dims);
    if (tensor == NULL || status != ES_OK)
        return status;
    tensor->kind = ONNX_CONSTANT;
    tensor->dims = *dims;
    tensor->is_float = is_float;
    tensor->params = params < onnx_elems(dims) ? params : onnx_elems(dims);
    return ES_OK;
}

es_status onnx_give_values(const onnx_call *call, size_t i, onnx_value **room) {
    onnx_import *import = call->import;
    onnx_tensor *tensor = out(call, i);
    *room = NULL;
    if (tensor == NULL || onnx_elems(&tensor->dims) > ONNX_MAX_VALUES)
        return ES_OK;
    size_t n = (size_t)onnx_elems(&tensor->dims);
    if (es_reserve(&import->values, &import->values_capacity, import->n_values + n + 1,
                   sizeof *import->values) != ES_OK)
        return onnx_no_memory(import);
    tensor->values_at = import->n_values;
    *room = import->values + import->n_values;
    import->n_values += n;
    return ES_OK;
}

es_status onnx_give_same(const onnx_call *call, size_t i, const onnx_tensor *tensor) {
    onnx_tensor *to = out(call, i);
    if (to == NULL)
        return ES_OK;
    to->kind = tensor->kind;
    to->dims = tensor->dims;
    to->is_float = tensor->is_float;
    to->params = tensor->params;
    to->values_at = tensor->values_at;
    to->layer = tensor->layer;
    return ES_OK;
}

void onnx_steps(const onnx_dims *dims, int64_t step[ONNX_MAX_RANK]) {
    int64_t n = 1;
    for (int i = dims->rank - 1; i >= 0; i--) {
        step[i] = n;
        n *= dims->d[i];
    }
}

es_status onnx_give_picked(const onnx_call *call, size_t i, const onnx_tensor *from, int64_t base,
                           const int64_t *step) {
    const onnx_tensor *to = out(call, i);
    onnx_value *room;
    if (to == NULL || onnx_values(call, from) == NULL)
        return ES_OK;
    es_status status = onnx_give_values(call, i, &room);
    if (status != ES_OK || room == NULL)
        return status;
    const onnx_value *values = onnx_values(call, from);
    size_t n = (size_t)onnx_elems(&to->dims);
    for (size_t e = 0; e < n; e++) {
        int64_t rest = (int64_t)e, at = base;
        for (int d = to->dims.rank - 1; d >= 0; d--) {
            at += rest % to->dims.d[d] * step[d];
            rest /= to->dims.d[d];
        }
        room[e] = values[at];
    }
    return ES_OK;
}

/* What a layer reads: the data and the parameters among the first inputs of its node. */
typedef struct reading {
    size_t n_data;
    int64_t params;
    const onnx_tensor *constant; /* the last one */
    bool is_float;
} reading;

static reading look_at(const onnx_call *call, size_t n_read) {
    reading r = {.is_float = true};
    for (size_t i = 0; i < n_read; i++) {
        const onnx_tensor *tensor = onnx_in(call, i);
        if (tensor == NULL)
            continue;
        if (i == 0)
            r.is_float = tensor->is_float;
        if (tensor->kind == ONNX_DATA) {
            r.n_data++;
        } else {
            r.params += tensor->params;
            r.constant = tensor;
        }
    }
    return r;
}

static es_status append(const onnx_call *call, const onnx_layer *layer, size_t n_read,
                        size_t *number) {
    onnx_import *import = call->import;
    if (es_reserve(&import->layers, &import->layers_capacity, import->n_layers + 1,
                   sizeof *import->layers) != ES_OK ||
        es_reserve(&import->inputs, &import->inputs_capacity,
                   import->n_inputs + layer->layer.n_inputs, sizeof *import->inputs) != ES_OK)
        return onnx_no_memory(import);
    *number = import->n_layers++;
    import->layers[*number] = *layer;
    import->layers[*number].inputs_at = import->n_inputs;
    import->layers[*number].node = (size_t)(call->node - import->nodes);
    for (size_t i = 0; i < n_read; i++) {
        const onnx_tensor *tensor = onnx_in(call, i);
        if (tensor != NULL && tensor->kind == ONNX_DATA)
            import->inputs[import->n_inputs++] = tensor->layer;
    }
    return ES_OK;
}

static es_status give_without_data(const onnx_call *call, size_t i, const es_layer *layer,
                                   const onnx_dims *dims, const reading *r) {
    bool computes = es_op_fusing(layer->op) == ES_FUSING_WEIGHTED || layer->window.kernel[0] > 0;
    if (computes)
        return onnx_fail(call, "it reads no image, only weights%s",
                         !call->import->has_weights ? ": a network with two inputs?" : "");
    return onnx_give_constant(call, i, dims, r->is_float, r->params);
}

/* A lone constant operand, for patterns to recognise. */
static void note_constant(const onnx_call *call, const reading *r, onnx_layer *layer) {
    layer->scalar = ES_NAN;
    layer->has_constant = r->n_data == 1 && r->constant != NULL;
    if (!layer->has_constant)
        return;
    layer->constant = r->constant->dims;
    layer->constant_first = onnx_in(call, 0) == r->constant;
    if (!onnx_scalar(call, r->constant, &layer->scalar))
        layer->scalar = ES_NAN;
}

es_status onnx_give_layer(const onnx_call *call, size_t i, const es_layer *given,
                          const onnx_dims *dims, size_t n_read) {
    char text[ONNX_DIMS_TEXT];
    onnx_tensor *to = out(call, i);
    onnx_layer layer = {.layer = *given};
    reading r = look_at(call, n_read);
    es_status status = onnx_check_dims(call, dims);
    if (status != ES_OK || to == NULL)
        return status;
    if (r.n_data == 0)
        return give_without_data(call, i, given, dims, &r);
    if (given->op == ES_OP_INPUT)
        return onnx_fail(call,
                         "it is understood of constants only; --assume-shape "
                         "'%.128s=%s' takes it as it is",
                         to->name, onnx_dims_text(dims, text));
    if (onnx_model_shape(dims, &layer.layer.out) != ES_OK)
        return onnx_fail(call,
                         "its output would be %s; expected dimensions of 1 or more, at most "
                         "%d of them, and at most 2^40 elements",
                         onnx_dims_text(dims, text), ES_MAX_RANK);
    const onnx_tensor *first = onnx_in(call, 0);
    es_shape in;
    if (es_op_fusing(given->op) == ES_FUSING_VIEW && first != NULL && first->kind == ONNX_DATA &&
        onnx_model_shape(&first->dims, &in) == ES_OK && es_shape_equal(in, layer.layer.out)) {
        status = onnx_give_same(call, i, first);
        to->dims = *dims;
        return status;
    }
    layer.layer.n_inputs = r.n_data;
    if (given->params == 0)
        layer.layer.params = r.params;
    note_constant(call, &r, &layer);
    to->kind = ONNX_DATA;
    to->dims = *dims;
    to->is_float = r.is_float;
    return append(call, &layer, n_read, &to->layer);
}

es_status onnx_give_op(const onnx_call *call, es_op op, const onnx_dims *dims, size_t n_read) {
    return onnx_give_layer(call, 0, &(es_layer){.op = op}, dims, n_read);
}
