#include "onnx_file.h"

#include <onnx.pb-c.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ITEMS = 256 };

/* All memory but the result lies in one piece. */
typedef struct maker {
    char *arena;
    size_t used, capacity;
    Onnx__ModelProto model;
    Onnx__GraphProto graph;
    bool has_opset;
} maker;

static void fail(const char *what, const char *text) {
    fprintf(stderr, "onnx_file: %s: \"%s\"\n", what, text);
    abort();
}

static void *take(maker *m, size_t size) {
    size_t at = (m->used + 15) & ~(size_t)15;
    if (at + size > m->capacity)
        fail("too long", "");
    m->used = at + size;
    return memset(m->arena + at, 0, size);
}

static char *copy(maker *m, const char *text, size_t length) {
    return memcpy(take(m, length + 1), text, length);
}

typedef struct list {
    size_t n;
    char *items[MAX_ITEMS];
} list;

static list split(maker *m, const char *text, char separator) {
    list l = {0};
    while (*text != '\0') {
        const char *end = strchr(text, separator);
        size_t length = end != NULL ? (size_t)(end - text) : strlen(text);
        if (l.n == MAX_ITEMS)
            fail("too many items", text);
        l.items[l.n++] = copy(m, text, length);
        text += length + (end != NULL);
    }
    return l;
}

/* Appends a pointer to an array of protobuf-c's. */
static void append(maker *m, void *array, size_t *n, void *item) {
    void **old, **grown = take(m, (*n + 1) * sizeof *grown);
    memcpy(&old, array, sizeof old);
    if (*n > 0)
        memcpy(grown, old, *n * sizeof *grown);
    grown[(*n)++] = item;
    memcpy(array, &grown, sizeof grown);
}

static Onnx__ValueInfoProto *value_info(maker *m, char *name, const char *dims) {
    Onnx__ValueInfoProto *info = take(m, sizeof *info);
    Onnx__TypeProto *type = take(m, sizeof *type);
    Onnx__TypeProto__Tensor *tensor = take(m, sizeof *tensor);
    Onnx__TensorShapeProto *shape = take(m, sizeof *shape);
    onnx__value_info_proto__init(info);
    onnx__type_proto__init(type);
    onnx__type_proto__tensor__init(tensor);
    onnx__tensor_shape_proto__init(shape);
    info->name = name;
    info->type = type;
    type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type->tensor_type = tensor;
    tensor->has_elem_type = 1;
    tensor->elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    if (dims == NULL)
        return info;
    tensor->shape = shape;
    list l = split(m, dims, ',');
    for (size_t i = 0; i < l.n; i++) {
        Onnx__TensorShapeProto__Dimension *dim = take(m, sizeof *dim);
        onnx__tensor_shape_proto__dimension__init(dim);
        char *end;
        long long size = strtoll(l.items[i], &end, 10);
        if (*end == '\0') {
            dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            dim->dim_value = size;
        } else if (strcmp(l.items[i], "?") != 0) {
            dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            dim->dim_param = l.items[i];
        }
        append(m, &shape->dim, &shape->n_dim, dim);
    }
    return info;
}

static uint64_t bits_of(const char *text, int type, size_t *size) {
    uint64_t bits = 0;
    double number = strtod(text, NULL);
    float single = (float)number;
    long long integer = strtoll(text, NULL, 10);
    switch (type) {
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT: memcpy(&bits, &single, *size = sizeof single); break;
    case ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE:
        memcpy(&bits, &number, *size = sizeof number);
        break;
    case ONNX__TENSOR_PROTO__DATA_TYPE__INT32: memcpy(&bits, &integer, *size = 4); break;
    case ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16: /* given as its bits */
        memcpy(&bits, &integer, *size = 2);
        break;
    default: memcpy(&bits, &integer, *size = sizeof integer); break;
    }
    return bits;
}

/* A tensor with its numbers, little-endian as ONNX has them; a scalar or a vector. */
static Onnx__TensorProto *tensor_of(maker *m, char *name, int type, const char *numbers,
                                    bool scalar) {
    Onnx__TensorProto *tensor = take(m, sizeof *tensor);
    onnx__tensor_proto__init(tensor);
    tensor->name = name;
    tensor->has_data_type = 1;
    tensor->data_type = type;
    list l = split(m, numbers, ',');
    if (!scalar) {
        tensor->n_dims = 1;
        tensor->dims = take(m, sizeof *tensor->dims);
        tensor->dims[0] = (int64_t)l.n;
    }
    tensor->has_raw_data = 1;
    tensor->raw_data.data = take(m, 8 * l.n + 1);
    for (size_t i = 0; i < l.n; i++) {
        size_t size;
        uint64_t bits = bits_of(l.items[i], type, &size);
        for (size_t b = 0; b < size; b++)
            tensor->raw_data.data[tensor->raw_data.len++] = (uint8_t)(bits >> (8 * b));
    }
    return tensor;
}

static Onnx__TensorProto *weight_of(maker *m, char *name, const char *dims) {
    Onnx__TensorProto *tensor = tensor_of(m, name, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, "", true);
    list l = split(m, dims, ',');
    tensor->has_raw_data = 0;
    tensor->has_data_location = 1;
    tensor->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    tensor->n_dims = l.n;
    tensor->dims = take(m, (l.n + 1) * sizeof *tensor->dims);
    for (size_t i = 0; i < l.n; i++)
        tensor->dims[i] = strtoll(l.items[i], NULL, 10);
    return tensor;
}

static void set_tensor(maker *m, Onnx__AttributeProto *attribute, const char *numbers) {
    bool scalar = strchr(numbers, ',') == NULL, fraction = strchr(numbers, '.') != NULL;
    attribute->t = tensor_of(m, NULL,
                             fraction ? ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT
                                      : ONNX__TENSOR_PROTO__DATA_TYPE__INT64,
                             numbers, scalar);
    attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR;
}

static void set_numbers(maker *m, Onnx__AttributeProto *attribute, const char *value) {
    bool many = strchr(value, ',') != NULL, fraction = strpbrk(value, ".e") != NULL;
    list l = split(m, value, ',');
    attribute->type = many ? (fraction ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS
                                       : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS)
                           : (fraction ? ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT
                                       : ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    attribute->has_f = !many && fraction;
    attribute->has_i = !many && !fraction;
    attribute->f = (float)strtod(value, NULL);
    attribute->i = strtoll(value, NULL, 10);
    attribute->n_floats = many && fraction ? l.n : 0;
    attribute->n_ints = many && !fraction ? l.n : 0;
    attribute->floats = take(m, l.n * sizeof *attribute->floats + 1);
    attribute->ints = take(m, l.n * sizeof *attribute->ints + 1);
    for (size_t i = 0; i < l.n; i++) {
        attribute->floats[i] = (float)strtod(l.items[i], NULL);
        attribute->ints[i] = strtoll(l.items[i], NULL, 10);
    }
}

static Onnx__AttributeProto *attribute_of(maker *m, char *text) {
    Onnx__AttributeProto *attribute = take(m, sizeof *attribute);
    char *equals = strchr(text, '=');
    onnx__attribute_proto__init(attribute);
    if (equals == NULL)
        fail("expected an attribute", text);
    *equals = '\0';
    char *value = equals + 1;
    attribute->name = text;
    attribute->has_type = 1;
    if (strcmp(value, "graph") == 0) {
        attribute->g = take(m, sizeof *attribute->g);
        onnx__graph_proto__init(attribute->g);
        attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH;
    } else if (strncmp(value, "tensor:", 7) == 0) {
        set_tensor(m, attribute, value + 7);
    } else if (strchr("-0123456789", *value) != NULL && *value != '\0') {
        set_numbers(m, attribute, value);
    } else {
        attribute->has_s = 1;
        attribute->s = (ProtobufCBinaryData){strlen(value), (uint8_t *)value};
        attribute->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
    }
    return attribute;
}

/* Words: Op [inputs] -> outputs [attribute ...] [@name] */
static void add_node(maker *m, const list *words) {
    Onnx__NodeProto *node = take(m, sizeof *node);
    char name[32], *colon = strchr(words->items[0], ':');
    size_t arrow = words->n > 1 && strcmp(words->items[1], "->") == 0 ? 1 : 2;
    onnx__node_proto__init(node);
    if (words->n < arrow + 2 || strcmp(words->items[arrow], "->") != 0)
        fail("expected Op inputs -> outputs", words->items[0]);
    snprintf(name, sizeof name, "n%zu", m->graph.n_node);
    node->name = copy(m, name, strlen(name));
    node->op_type = colon != NULL ? colon + 1 : words->items[0];
    if (colon != NULL) {
        *colon = '\0';
        node->domain = words->items[0];
    }
    list inputs = split(m, arrow == 2 ? words->items[1] : "", ',');
    for (size_t i = 0; i < inputs.n; i++)
        append(m, &node->input, &node->n_input, inputs.items[i]);
    list outputs = split(m, words->items[arrow + 1], ',');
    for (size_t i = 0; i < outputs.n; i++)
        append(m, &node->output, &node->n_output, outputs.items[i]);
    for (size_t i = arrow + 2; i < words->n; i++) {
        if (words->items[i][0] == '@')
            node->name = words->items[i] + 1;
        else
            append(m, &node->attribute, &node->n_attribute, attribute_of(m, words->items[i]));
    }
    append(m, &m->graph.node, &m->graph.n_node, node);
}

static void add_opset(maker *m, char *domain, const char *version) {
    Onnx__OperatorSetIdProto *set = take(m, sizeof *set);
    onnx__operator_set_id_proto__init(set);
    set->domain = domain;
    set->has_version = 1;
    set->version = strtoll(version, NULL, 10);
    m->has_opset = m->has_opset || domain[0] == '\0';
    append(m, &m->model.opset_import, &m->model.n_opset_import, set);
}

static void add_initializer(maker *m, Onnx__TensorProto *tensor) {
    append(m, &m->graph.initializer, &m->graph.n_initializer, tensor);
}

static bool add_numbers(maker *m, const list *words) {
    static const struct {
        const char *word;
        int type;
        bool scalar;
    } forms[] = {{"ints", ONNX__TENSOR_PROTO__DATA_TYPE__INT64, false},
                 {"int", ONNX__TENSOR_PROTO__DATA_TYPE__INT64, true},
                 {"int32s", ONNX__TENSOR_PROTO__DATA_TYPE__INT32, false},
                 {"floats", ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, false},
                 {"float", ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, true},
                 {"doubles", ONNX__TENSOR_PROTO__DATA_TYPE__DOUBLE, false},
                 {"halves", ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT16, false}};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(words->items[0], forms[i].word) == 0 && words->n >= 2) {
            add_initializer(m, tensor_of(m, words->items[1], forms[i].type,
                                         words->n > 2 ? words->items[2] : "", forms[i].scalar));
            return true;
        }
    return false;
}

static void add_statement(maker *m, const list *words) {
    const char *word = words->items[0];
    if (strcmp(word, "opset") == 0 && words->n >= 2)
        add_opset(m, words->n > 2 ? words->items[1] : copy(m, "", 0), words->items[words->n - 1]);
    else if (strcmp(word, "ir") == 0 && words->n == 2)
        m->model.ir_version = strtoll(words->items[1], NULL, 10);
    else if (strcmp(word, "input") == 0 && words->n >= 2)
        append(m, &m->graph.input, &m->graph.n_input,
               value_info(m, words->items[1], words->n > 2 ? words->items[2] : NULL));
    else if (strcmp(word, "output") == 0 && words->n == 2)
        append(m, &m->graph.output, &m->graph.n_output, value_info(m, words->items[1], NULL));
    else if (strcmp(word, "weight") == 0 && words->n == 3)
        add_initializer(m, weight_of(m, words->items[1], words->items[2]));
    else if (!add_numbers(m, words))
        add_node(m, words);
}

uint8_t *onnx_file_make(const char *text, size_t *length) {
    maker m = {.capacity = 65536 + 2048 * strlen(text)};
    m.arena = malloc(m.capacity);
    if (m.arena == NULL)
        fail("out of memory", "");
    onnx__model_proto__init(&m.model);
    onnx__graph_proto__init(&m.graph);
    m.model.has_ir_version = 1;
    m.model.ir_version = 8;
    m.model.graph = &m.graph;
    m.graph.name = copy(&m, "graph", 5);
    list statements = split(&m, text, ';');
    for (size_t s = 0; s < statements.n; s++) {
        list words = {0}, all = split(&m, statements.items[s], ' ');
        for (size_t w = 0; w < all.n; w++)
            if (all.items[w][0] != '\0')
                words.items[words.n++] = all.items[w];
        if (words.n > 0)
            add_statement(&m, &words);
    }
    if (!m.has_opset)
        add_opset(&m, copy(&m, "", 0), "13");
    *length = onnx__model_proto__get_packed_size(&m.model);
    uint8_t *bytes = malloc(*length + 1);
    if (bytes == NULL)
        fail("out of memory", "");
    onnx__model_proto__pack(&m.model, bytes);
    free(m.arena);
    return bytes;
}
