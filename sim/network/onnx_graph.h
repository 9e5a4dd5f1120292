/* Private to the ONNX importer: a graph on its way from the file to the builder.
 *
 * 1. onnx_graph.c names tensors, finds who makes and reads them, and orders the nodes that outputs
 *    depend on.
 * 2. The rules (onnx_ops.def) go through the nodes in that order. Each finds its outputs' shapes,
 *    and either their values (constants: weights, and what is computed from shapes) or the layers
 *    that compute them.
 * 3. onnx_patterns.c puts layers together again that exporters take apart.
 * 4. onnx_emit.c appends the layers to a builder.
 *
 * Shapes have ONNX's batch dimension, always 1, in front until layers are made (onnx_model_shape).
 */
#ifndef NETWORK_ONNX_GRAPH_H
#define NETWORK_ONNX_GRAPH_H

#include "onnx.h"
#include "onnx_names.h"

#include "edgesplit/builder.h"

#include <onnx.pb-c.h>

enum {
    ONNX_MAX_RANK = 8,
    ONNX_MAX_VALUES = 64, /* longer constants are known by shape only */
    ONNX_MAX_NODES = 1 << 20,
};

typedef struct onnx_dims {
    int rank; /* 0 .. ONNX_MAX_RANK */
    int64_t d[ONNX_MAX_RANK];
} onnx_dims;

typedef union onnx_value {
    int64_t i;
    double f;
} onnx_value;

typedef enum onnx_kind {
    ONNX_PENDING,
    ONNX_CONSTANT,
    ONNX_DATA,  /* depends on the image */
    ONNX_BROKEN /* of a mistake that has been reported */
} onnx_kind;

typedef enum onnx_maker { ONNX_NOBODY, ONNX_INITIALIZER, ONNX_INPUT, ONNX_NODE } onnx_maker;

typedef struct onnx_tensor {
    const char *name;
    onnx_maker maker;
    size_t node;         /* maker ONNX_NODE: its number */
    size_t first_reader; /* edge, or ONNX_NONE */
    bool is_output;      /* of the graph */
    onnx_kind kind;
    onnx_dims dims;
    bool is_float;
    int64_t params;   /* constant: trainable parameters it stands for */
    size_t values_at; /* constant: in the import's values; ONNX_NONE: not known */
    size_t layer;     /* data: that makes it */
} onnx_tensor;

typedef struct onnx_op onnx_op;

typedef struct onnx_node {
    const Onnx__NodeProto *proto;
    const onnx_op *op;     /* NULL: unknown */
    const size_t *inputs;  /* [proto->n_input] tensors; ONNX_NONE: left out */
    const size_t *outputs; /* [proto->n_output] */
    size_t n_waiting;      /* inputs whose makers are not in order yet */
    bool needed;
} onnx_node;

/* A layer before it is appended; number 0 is the input. */
typedef struct onnx_layer {
    es_layer layer;   /* without name and inputs */
    size_t node;      /* that it comes from */
    size_t inputs_at; /* [layer.n_inputs] of the import's inputs: layers */
    size_t n_readers; /* edges */
    bool is_output;
    bool gone; /* put together with another one, or read by nobody */
    /* The constant operand of an elementwise layer with one. */
    bool has_constant, constant_first;
    onnx_dims constant;
    double scalar;      /* its value if it is one known number; else NaN */
    int64_t norm_elems; /* layer norm from primitives: elements that are normalised together */
} onnx_layer;

typedef struct onnx_import {
    const char *path;
    es_errors *errors;
    const es_network_options *options;
    const Onnx__ModelProto *proto;
    int64_t opset;
    bool has_weights;       /* among the initializers */
    int64_t file_batch;     /* the image's batch as the file has it */
    const char *batch_name; /* NULL: none */
    onnx_names names;       /* of tensors */
    onnx_tensor *tensors;   /* [names.n] */
    size_t tensors_capacity;
    onnx_node *nodes; /* [n_nodes] */
    size_t n_nodes;
    size_t *edges;       /* the nodes' inputs and outputs: tensors */
    size_t *next_reader; /* [edges] the next edge that reads the same tensor; ONNX_NONE: none */
    size_t *edge_node;   /* [edges] */
    size_t *order;       /* [n_order] needed nodes, makers first */
    size_t n_order;
    onnx_value *values;
    size_t n_values, values_capacity;
    onnx_layer *layers;
    size_t n_layers, layers_capacity;
    size_t *inputs;
    size_t n_inputs, inputs_capacity;
} onnx_import;

void onnx_import_fini(onnx_import *import);

/* Step 1, for the graph of import->proto. */
ES_NODISCARD es_status onnx_graph_open(onnx_import *import);
/* Orders what outputs depend on; cycles and what nobody makes are mistakes. */
ES_NODISCARD es_status onnx_graph_order(onnx_import *import);

/* Makes constants of initializers, the image of the first other input, and constants of inputs
 * behind it (onnx_inputs.c). */
ES_NODISCARD es_status onnx_graph_inputs(onnx_import *import);
/* Sets dims, type, parameters and, if they are few and there, values of a constant. */
ES_NODISCARD es_status onnx_constant_of_proto(onnx_import *import, const Onnx__TensorProto *proto,
                                              onnx_tensor *tensor);

/* Step 2. */
ES_NODISCARD es_status onnx_infer(onnx_import *import);
/* Step 3. Layers that no output depends on are gone afterwards. O(layers + edges). */
void onnx_patterns(onnx_import *import);
/* Step 4. */
ES_NODISCARD es_status onnx_emit(onnx_import *import, es_model **model);

/* Adds "FILE: node "NAME" (OPERATOR): ..." to the errors and returns ES_INVALID. */
es_status onnx_node_wrong(const onnx_import *import, const onnx_node *node, const char *format, ...)
    ES_PRINTF(3, 4);
void onnx_node_wrong_list(const onnx_import *import, const onnx_node *node, const char *format,
                          va_list arguments) ES_PRINTF(3, 0);
es_status onnx_wrong(const onnx_import *import, const char *format, ...) ES_PRINTF(2, 3);
es_status onnx_no_memory(const onnx_import *import);

/* The node's name, or its first output's. */
const char *onnx_node_name(const onnx_node *node);

/* Elements; -1 if there are more than ES_MAX_ELEMS or a dimension is negative. */
int64_t onnx_elems(const onnx_dims *dims);
enum { ONNX_DIMS_TEXT = 21 * ONNX_MAX_RANK };
const char *onnx_dims_text(const onnx_dims *dims, char text[ONNX_DIMS_TEXT]);

/* The shape of a layer's output: without the leading 1, the batch; whole where that has been moved
 * elsewhere or merged. ES_INVALID: a dimension below 1, or too many. */
ES_NODISCARD es_status onnx_model_shape(const onnx_dims *dims, es_shape *shape);

#endif
