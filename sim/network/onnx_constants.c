/* Constants, and what is known of a tensor before the network runs. */
#include "onnx_rule.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"

#include <math.h>
#include <string.h>

static bool is_float_type(int32_t type) {
    return type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT ||
           type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16 ||
           type == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE ||
           type == ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16;
}

/* Bytes of an element in raw_data; 0: a type whose values are not read. */
static size_t type_bytes(int32_t type) {
    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__BOOL:
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT8:
    case ONNX__TENSOR_PROTO__DATA_TYPE__UINT8: return 1;
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16: return 2;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32:
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: return 4;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64:
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: return 8;
    default: return 0;
    }
}

/* IEEE 754 binary16. */
static double half_of(uint64_t bits) {
    int exponent = (int)(bits >> 10 & 0x1F);
    double fraction = (double)(bits & 0x3FF) / 1024;
    double value = exponent == 0    ? ldexp(fraction, -14)
                   : exponent == 31 ? (fraction > 0 ? ES_NAN : ES_INFINITY)
                                    : ldexp(1 + fraction, exponent - 15);
    return (bits & 0x8000) != 0 ? -value : value;
}

/* A value from its bits, as they lie in raw_data. */
static onnx_value value_of(int32_t type, uint64_t bits) {
    uint32_t low = (uint32_t)bits;
    int32_t int32;
    int64_t int64;
    float single;
    double number;
    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT:
        memcpy(&single, &low, sizeof single);
        return (onnx_value){.f = (double)single};
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
        memcpy(&number, &bits, sizeof number);
        return (onnx_value){.f = number};
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16: return (onnx_value){.f = half_of(bits)};
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32:
        memcpy(&int32, &low, sizeof int32);
        return (onnx_value){.i = int32};
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT8:
        return (onnx_value){.i = bits < 128 ? (int64_t)bits : (int64_t)bits - 256};
    default: memcpy(&int64, &bits, sizeof int64); return (onnx_value){.i = int64};
    }
}

static void copy_values(const Onnx__TensorProto *proto, size_t n, onnx_value *room) {
    size_t size = type_bytes(proto->data_type);
    bool raw = proto->has_raw_data && proto->raw_data.len > 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = 0;
        for (size_t b = 0; raw && b < size; b++)
            bits |= (uint64_t)proto->raw_data.data[i * size + b] << (8 * b);
        if (raw)
            room[i] = value_of(proto->data_type, bits);
        else if (proto->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT)
            room[i].f = (double)proto->float_data[i];
        else if (proto->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE)
            room[i].f = proto->double_data[i];
        else if (proto->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64)
            room[i].i = proto->int64_data[i];
        else if (proto->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16)
            room[i].f = half_of((uint64_t)proto->int32_data[i] & 0xFFFF);
        else
            room[i].i = proto->int32_data[i];
    }
}

/* Whether all n numbers are in the file. */
static bool has_values(const Onnx__TensorProto *proto, size_t n) {
    if (proto->has_raw_data && proto->raw_data.len > 0)
        return proto->raw_data.len == n * type_bytes(proto->data_type);
    switch (proto->data_type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: return proto->n_float_data == n;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE: return proto->n_double_data == n;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT64: return proto->n_int64_data == n;
    default: return proto->n_int32_data == n;
    }
}

es_status onnx_constant_of_proto(onnx_import *import, const Onnx__TensorProto *proto,
                                 onnx_tensor *tensor) {
    onnx_dims dims = {.rank = (int)proto->n_dims};
    if (proto->n_dims > ONNX_MAX_RANK)
        return onnx_wrong(import, "the constant \"%.128s\" has %zu dimensions; expected at most %d",
                          tensor->name, proto->n_dims, ONNX_MAX_RANK);
    for (size_t i = 0; i < proto->n_dims; i++)
        dims.d[i] = proto->dims[i];
    int64_t elems = onnx_elems(&dims);
    if (elems < 0)
        return onnx_wrong(import,
                          "the constant \"%.128s\" has a negative dimension or more than "
                          "2^40 elements",
                          tensor->name);
    tensor->kind = ONNX_CONSTANT;
    tensor->dims = dims;
    tensor->is_float = is_float_type(proto->data_type);
    tensor->params = tensor->is_float && elems > 1 ? elems : 0;
    if (elems > ONNX_MAX_VALUES || type_bytes(proto->data_type) == 0 ||
        !has_values(proto, (size_t)elems))
        return ES_OK;
    if (es_reserve(&import->values, &import->values_capacity, import->n_values + (size_t)elems + 1,
                   sizeof *import->values) != ES_OK)
        return onnx_no_memory(import);
    tensor->values_at = import->n_values;
    copy_values(proto, (size_t)elems, import->values + tensor->values_at);
    import->n_values += (size_t)elems;
    return ES_OK;
}

/* A vector, or with `scalar` a single number, of values that an attribute has. */
static es_status give_list(const onnx_call *call, const Onnx__AttributeProto *attribute,
                           bool scalar, bool is_float) {
    size_t n = scalar ? 1 : is_float ? attribute->n_floats : attribute->n_ints;
    onnx_dims dims = {.rank = scalar ? 0 : 1, .d = {(int64_t)n}};
    onnx_value *room;
    es_status status =
        onnx_give_constant(call, 0, &dims, is_float, is_float && n > 1 ? (int64_t)n : 0);
    if (status == ES_OK)
        status = onnx_give_values(call, 0, &room);
    for (size_t i = 0; status == ES_OK && room != NULL && i < n; i++) {
        if (is_float)
            room[i].f = (double)(scalar ? attribute->f : attribute->floats[i]);
        else
            room[i].i = scalar ? attribute->i : attribute->ints[i];
    }
    return status;
}

es_status onnx_rule_constant(const onnx_call *call) {
    static const struct {
        const char *name;
        bool scalar, is_float;
    } forms[] = {{"value_int", true, false},
                 {"value_ints", false, false},
                 {"value_float", true, true},
                 {"value_floats", false, true}};
    const Onnx__AttributeProto *value = onnx_attr(call, "value");
    if (call->node->proto->n_output != 1 || call->node->outputs[0] == ONNX_NONE)
        return onnx_fail(call, "expected one output");
    if (value != NULL && value->t != NULL)
        return onnx_constant_of_proto(call->import, value->t,
                                      &call->import->tensors[call->node->outputs[0]]);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const Onnx__AttributeProto *attribute = onnx_attr(call, forms[i].name);
        if (attribute != NULL)
            return give_list(call, attribute, forms[i].scalar, forms[i].is_float);
    }
    return onnx_fail(call, "expected numbers as its value");
}

/* The one value that every element has; 0 in float without the attribute. */
static es_status read_fill(const onnx_call *call, onnx_tensor *fill) {
    const Onnx__AttributeProto *value = onnx_attr(call, "value");
    *fill = (onnx_tensor){.name = "value", .is_float = true, .values_at = ONNX_NONE};
    return value != NULL && value->t != NULL ? onnx_constant_of_proto(call->import, value->t, fill)
                                             : ES_OK;
}

es_status onnx_rule_constant_of_shape(const onnx_call *call) {
    onnx_ints shape;
    onnx_tensor fill;
    onnx_value *room, value = {.f = 0};
    es_status status = onnx_list(call, "shape", 0, &shape);
    if (status == ES_OK && (!shape.given || shape.n > ONNX_MAX_RANK))
        return onnx_fail(call, "expected a shape of at most %d dimensions", ONNX_MAX_RANK);
    if (status == ES_OK)
        status = read_fill(call, &fill);
    if (status != ES_OK)
        return status;
    onnx_dims dims = {.rank = (int)shape.n};
    for (int i = 0; i < dims.rank; i++)
        dims.d[i] = shape.v[i];
    bool known = onnx_attr(call, "value") == NULL || onnx_elems(&fill.dims) == 1;
    if (fill.kind == ONNX_CONSTANT && known && fill.values_at != ONNX_NONE)
        value = call->import->values[fill.values_at];
    else
        known = known && onnx_attr(call, "value") == NULL;
    status = onnx_give_constant(call, 0, &dims, fill.is_float, 0);
    if (status != ES_OK || !known)
        return status;
    status = onnx_give_values(call, 0, &room);
    for (size_t i = 0; status == ES_OK && room != NULL && i < (size_t)onnx_elems(&dims); i++)
        room[i] = value;
    return status;
}

/* From opset 15 on a part of the shape can be asked for. */
es_status onnx_rule_shape(const onnx_call *call) {
    const onnx_tensor *x = onnx_in(call, 0);
    onnx_value *room;
    if (x == NULL)
        return onnx_fail(call, "expected an input");
    int64_t rank = x->dims.rank, start = onnx_attr_int(call, "start", 0);
    int64_t end = onnx_attr_int(call, "end", rank);
    start = start < -rank ? 0 : start < 0 ? start + rank : start > rank ? rank : start;
    end = end < -rank ? 0 : end < 0 ? end + rank : end > rank ? rank : end;
    onnx_dims dims = {.rank = 1, .d = {end > start ? end - start : 0}};
    es_status status = onnx_give_constant(call, 0, &dims, false, 0);
    if (status == ES_OK)
        status = onnx_give_values(call, 0, &room);
    for (int64_t i = 0; status == ES_OK && room != NULL && i < dims.d[0]; i++)
        room[i].i = x->dims.d[start + i];
    return status;
}

es_status onnx_rule_size(const onnx_call *call) {
    const onnx_tensor *x = onnx_in(call, 0);
    onnx_value *room;
    if (x == NULL)
        return onnx_fail(call, "expected an input");
    es_status status = onnx_give_constant(call, 0, &(onnx_dims){0}, false, 0);
    if (status == ES_OK)
        status = onnx_give_values(call, 0, &room);
    if (status == ES_OK && room != NULL)
        room->i = onnx_elems(&x->dims);
    return status;
}

es_status onnx_rule_range(const onnx_call *call) {
    onnx_value *room;
    double numbers[3];
    for (size_t i = 0; i < 3; i++)
        if (onnx_in(call, i) == NULL || !onnx_scalar(call, onnx_in(call, i), &numbers[i]))
            return onnx_fail(call, "expected constant start, limit and delta");
    double n = ceil((numbers[1] - numbers[0]) / numbers[2]);
    if (!(n >= 0) || n > (double)ES_MAX_ELEMS)
        n = 0;
    bool is_float = onnx_in(call, 0)->is_float;
    onnx_dims dims = {.rank = 1, .d = {(int64_t)n}};
    es_status status = onnx_give_constant(call, 0, &dims, is_float, 0);
    if (status == ES_OK)
        status = onnx_give_values(call, 0, &room);
    for (int64_t i = 0; status == ES_OK && room != NULL && i < dims.d[0]; i++) {
        double value = numbers[0] + (double)i * numbers[2];
        if (is_float)
            room[i].f = value;
        else
            room[i].i = (int64_t)value;
    }
    return status;
}

/* Dropout is the identity when a network is used. */
es_status onnx_rule_identity(const onnx_call *call) {
    if (onnx_in(call, 0) == NULL)
        return onnx_fail(call, "expected an input");
    if (onnx_is_used(call, 1))
        return onnx_fail(call, "its mask is read: exported for training?");
    return onnx_give_same(call, 0, onnx_in(call, 0));
}

/* Of data it changes bytes, not elements. */
es_status onnx_rule_cast(const onnx_call *call) {
    const onnx_tensor *x = onnx_in(call, 0);
    int64_t to = onnx_attr_int(call, "to", ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    bool is_float = is_float_type((int32_t)to);
    onnx_value *room;
    if (x == NULL)
        return onnx_fail(call, "expected an input");
    if (x->kind == ONNX_DATA || x->is_float == is_float)
        return onnx_give_same(call, 0, x);
    int64_t n = onnx_elems(&x->dims);
    const onnx_value *values = onnx_values(call, x);
    es_status status = onnx_give_constant(call, 0, &x->dims, is_float, x->params);
    bool fits = values != NULL;
    for (int64_t i = 0; fits && !is_float && i < n; i++)
        fits = fabs(values[i].f) < 0x1p62;
    if (status != ES_OK || !fits)
        return status;
    status = onnx_give_values(call, 0, &room);
    values = onnx_values(call, x);
    for (int64_t i = 0; status == ES_OK && room != NULL && i < n; i++) {
        if (is_float)
            room[i].f = (double)values[i].i;
        else
            room[i].i = (int64_t)values[i].f;
    }
    return status;
}
