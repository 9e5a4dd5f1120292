/* The graph's inputs: the image, weights, and sizes of named dimensions. */
#include "onnx_graph.h"

#include "edgesplit/alloc.h"

#include <string.h>

/* "NAME=SIZE" of the options: the size given to a dimension; 0: none is. */
static es_status size_of_name(const onnx_import *import, const char *name, int64_t *size) {
    *size = 0;
    for (size_t i = 0; i < import->options->n_dims; i++) {
        const char *text = import->options->dims[i], *equals = strrchr(text, '=');
        if (equals == NULL || (size_t)(equals - text) != strlen(name) ||
            memcmp(text, name, strlen(name)) != 0)
            continue;
        if (es_parse_int64((es_slice){equals + 1, strlen(equals + 1)}, size) != ES_OK ||
            *size < 1 || *size > ES_MAX_ELEMS)
            return es_errors_add(import->errors, ES_USAGE, import->path, 0,
                                 "a dimension given as \"%s\"; expected NAME=SIZE, a size of 1 or "
                                 "more",
                                 text);
    }
    return ES_OK;
}

static const char *param_of(const Onnx__TensorShapeProto__Dimension *dim) {
    bool named = dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    return named && dim->dim_param != NULL && dim->dim_param[0] != '\0' ? dim->dim_param : NULL;
}

/* One dimension of an input; `batch`: the image's first one. */
static es_status read_dim(onnx_import *import, const onnx_tensor *tensor, size_t at,
                          const Onnx__TensorShapeProto__Dimension *dim, bool batch, int64_t *size) {
    const char *name = param_of(dim);
    bool known = dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    es_status status = ES_OK;
    *size = known ? dim->dim_value : 0;
    if (batch) {
        import->file_batch = *size;
        import->batch_name = name;
        *size = 1;
        return ES_OK;
    }
    if (name != NULL && import->batch_name != NULL && strcmp(name, import->batch_name) == 0)
        *size = 1;
    else if (name != NULL)
        status = size_of_name(import, name, size);
    if (status == ES_OK && *size == 0 && name != NULL)
        return onnx_wrong(import,
                          "the input \"%.128s\" has a dimension named \"%.128s\"; --dim "
                          "'%.128s=SIZE' says how long it is",
                          tensor->name, name, name);
    if (status == ES_OK && (*size < 1 || *size > ES_MAX_ELEMS))
        return onnx_wrong(import,
                          "dimension %zu of the input \"%.128s\" is %lld; expected 1 or more, "
                          "or a name",
                          at, tensor->name, (long long)*size);
    return status;
}

/* Type and dimensions of an input. */
static es_status read_type(onnx_import *import, const Onnx__ValueInfoProto *proto, bool image,
                           onnx_tensor *tensor, bool *is_fixed) {
    const Onnx__TypeProto *type = proto->type;
    if (type == NULL || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ||
        type->tensor_type->shape == NULL)
        return onnx_wrong(import, "the input \"%.128s\" is no tensor, or has no shape",
                          tensor->name);
    const Onnx__TensorShapeProto *shape = type->tensor_type->shape;
    if (shape->n_dim > ONNX_MAX_RANK)
        return onnx_wrong(import, "the input \"%.128s\" has %zu dimensions; expected at most %d",
                          tensor->name, shape->n_dim, ONNX_MAX_RANK);
    es_status status = ES_OK;
    tensor->dims.rank = (int)shape->n_dim;
    *is_fixed = true;
    for (size_t i = 0; status == ES_OK && i < shape->n_dim; i++) {
        *is_fixed = *is_fixed && param_of(shape->dim[i]) == NULL;
        status = read_dim(import, tensor, i, shape->dim[i], image && i == 0 && shape->n_dim > 1,
                          &tensor->dims.d[i]);
    }
    tensor->is_float = !type->tensor_type->has_elem_type ||
                       type->tensor_type->elem_type != ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    return status;
}

/* An input behind the image is a weight if the file has no weights of its own. */
static es_status read_weight(onnx_import *import, const Onnx__ValueInfoProto *proto,
                             onnx_tensor *tensor) {
    bool is_fixed = !import->has_weights;
    es_status status = ES_OK;
    if (is_fixed)
        status = read_type(import, proto, false, tensor, &is_fixed);
    if (status == ES_OK && !is_fixed)
        return onnx_wrong(import,
                          "a second input, \"%.128s\"; networks with one are understood, and "
                          "weights as inputs where none are in the file",
                          tensor->name);
    int64_t elems = onnx_elems(&tensor->dims);
    if (status == ES_OK && elems < 0)
        return onnx_wrong(import, "the input \"%.128s\" has more than 2^40 elements", tensor->name);
    tensor->kind = ONNX_CONSTANT;
    tensor->params = tensor->is_float && elems > 1 ? elems : 0;
    return status;
}

static es_status read_image(onnx_import *import, const Onnx__ValueInfoProto *proto,
                            onnx_tensor *tensor) {
    bool is_fixed;
    es_shape shape;
    char text[ONNX_DIMS_TEXT];
    es_status status = read_type(import, proto, true, tensor, &is_fixed);
    if (status != ES_OK)
        return status;
    if (onnx_model_shape(&tensor->dims, &shape) != ES_OK)
        return onnx_wrong(import,
                          "the input \"%.128s\" has the shape %s; expected at most %d "
                          "dimensions besides the batch, and 2^40 elements",
                          tensor->name, onnx_dims_text(&tensor->dims, text), ES_MAX_RANK);
    tensor->kind = ONNX_DATA;
    tensor->layer = 0;
    import->layers[0].layer = (es_layer){.op = ES_OP_INPUT, .out = shape};
    return ES_OK;
}

/* A size that no dimension is called by would have no effect. */
static es_status check_names(const onnx_import *import) {
    const Onnx__GraphProto *graph = import->proto->graph;
    es_status status = ES_OK;
    for (size_t i = 0; i < import->options->n_dims; i++) {
        const char *text = import->options->dims[i], *equals = strrchr(text, '=');
        bool found = false;
        size_t length = equals != NULL ? (size_t)(equals - text) : 0;
        for (size_t k = 0; k < graph->n_input; k++) {
            const Onnx__TypeProto *type = graph->input[k]->type;
            bool shaped = type != NULL && type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE &&
                          type->tensor_type->shape != NULL;
            for (size_t d = 0; shaped && d < type->tensor_type->shape->n_dim; d++) {
                const char *name = param_of(type->tensor_type->shape->dim[d]);
                found = found ||
                        (name != NULL && strlen(name) == length && memcmp(name, text, length) == 0);
            }
        }
        bool batch = found && import->batch_name != NULL && strlen(import->batch_name) == length &&
                     memcmp(import->batch_name, text, length) == 0;
        if (equals == NULL || !found)
            status = es_errors_add(import->errors, ES_USAGE, import->path, 0,
                                   "a dimension given as \"%s\"; expected NAME=SIZE, and NAME a "
                                   "dimension of the input",
                                   text);
        else if (batch && strcmp(equals, "=1") != 0)
            status = es_errors_add(import->errors, ES_USAGE, import->path, 0,
                                   "a dimension given as \"%s\"; it is the batch, and costs are "
                                   "those of one image",
                                   text);
    }
    return status;
}

es_status onnx_graph_inputs(onnx_import *import) {
    const Onnx__GraphProto *graph = import->proto->graph;
    bool has_image = false;
    es_status status = ES_OK;
    if (es_reserve(&import->layers, &import->layers_capacity, 1, sizeof *import->layers) != ES_OK)
        return onnx_no_memory(import);
    import->n_layers = 1;
    for (size_t i = 0; i < graph->n_initializer && status != ES_NO_MEMORY; i++) {
        const char *name = graph->initializer[i]->name;
        size_t number = name != NULL ? onnx_names_find(&import->names, name) : ONNX_NONE;
        if (number != ONNX_NONE)
            status =
                onnx_constant_of_proto(import, graph->initializer[i], &import->tensors[number]);
        if (number != ONNX_NONE && import->tensors[number].params > 0)
            import->has_weights = true;
    }
    for (size_t i = 0; i < graph->n_input && status != ES_NO_MEMORY; i++) {
        const char *name = graph->input[i]->name;
        size_t number = name != NULL ? onnx_names_find(&import->names, name) : ONNX_NONE;
        if (number == ONNX_NONE || import->tensors[number].maker != ONNX_INPUT)
            continue;
        status = has_image ? read_weight(import, graph->input[i], &import->tensors[number])
                           : read_image(import, graph->input[i], &import->tensors[number]);
        has_image = true;
    }
    if (status != ES_NO_MEMORY && !has_image)
        status = onnx_wrong(import, "the graph has no input besides weights");
    if (status != ES_NO_MEMORY)
        status = check_names(import);
    return status == ES_NO_MEMORY ? status : es_errors_status(import->errors);
}
