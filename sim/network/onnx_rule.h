/* Private to the ONNX importer: operators' rules, and what these are written with.
 *
 * A rule finds the shapes of its node's outputs and hands each over with one of the onnx_give
 * functions. It may assume that no input is pending or broken; onnx_infer has checked that. */
#ifndef NETWORK_ONNX_RULE_H
#define NETWORK_ONNX_RULE_H

#include "onnx_graph.h"

/* How a constant follows from constants. */
typedef enum onnx_fold {
    ONNX_FOLD_NONE,
    ONNX_FOLD_ADD,
    ONNX_FOLD_SUB,
    ONNX_FOLD_MUL,
    ONNX_FOLD_DIV,
    ONNX_FOLD_MIN,
    ONNX_FOLD_MAX,
    ONNX_FOLD_POW,
    ONNX_FOLD_MOD,
    ONNX_FOLD_EQUAL,
    ONNX_FOLD_LESS,
    ONNX_FOLD_GREATER,
    ONNX_FOLD_LESS_EQUAL,
    ONNX_FOLD_GREATER_EQUAL,
    ONNX_FOLD_AND,
    ONNX_FOLD_OR,
    ONNX_FOLD_NOT,
    ONNX_FOLD_NEG,
    ONNX_FOLD_ABS,
    ONNX_FOLD_FLOOR,
    ONNX_FOLD_CEIL,
    ONNX_FOLD_ROUND,
    ONNX_FOLD_SQRT,
    ONNX_FOLD_EXP,
    ONNX_FOLD_LOG,
    ONNX_FOLD_RECIPROCAL,
} onnx_fold;

typedef struct onnx_call {
    onnx_import *import;
    const onnx_node *node;
} onnx_call;

struct onnx_op {
    const char *type;
    es_status (*rule)(const onnx_call *call);
    es_op op; /* ES_OP_INPUT: makes no layers, only constants are understood */
    onnx_fold fold;
};

#define ONNX_OP(type, rule, op, fold) es_status onnx_rule_##rule(const onnx_call *call);
#include "onnx_ops.def"
#undef ONNX_OP

/* The operator of the default domain; NULL: none. */
const onnx_op *onnx_op_find(const Onnx__NodeProto *node);

/* Adds a message about the node, and returns ES_INVALID. */
es_status onnx_fail(const onnx_call *call, const char *format, ...) ES_PRINTF(2, 3);

/* Input i; NULL if it is left out. */
const onnx_tensor *onnx_in(const onnx_call *call, size_t i);
size_t onnx_n_in(const onnx_call *call);
/* Whether output i is read or an output of the graph. */
bool onnx_is_used(const onnx_call *call, size_t i);

/* Attributes; `otherwise` if there is none of that name. */
const Onnx__AttributeProto *onnx_attr(const onnx_call *call, const char *name);
int64_t onnx_attr_int(const onnx_call *call, const char *name, int64_t otherwise);
double onnx_attr_float(const onnx_call *call, const char *name, double otherwise);
bool onnx_attr_is(const onnx_call *call, const char *name, const char *text);

/* A short list of integers. */
typedef struct onnx_ints {
    bool given;
    size_t n;
    int64_t v[ONNX_MAX_VALUES];
} onnx_ints;

/* From the attribute `name` or, if `input` is not ONNX_NONE and there, from that input. ES_INVALID
 * (reported): too long a list, or an input whose values are not known. */
ES_NODISCARD es_status onnx_list(const onnx_call *call, const char *name, size_t input,
                                 onnx_ints *list);
/* As onnx_list, of axes of a tensor of that rank: made positive; each at most once. */
ES_NODISCARD es_status onnx_axes(const onnx_call *call, const char *name, size_t input, int rank,
                                 onnx_ints *list);
/* The attribute `axis`, made positive. `past_end`: the rank itself is allowed. */
ES_NODISCARD es_status onnx_axis(const onnx_call *call, int64_t otherwise, int rank, bool past_end,
                                 int *axis);

/* One known number; false: not a constant of one element, or not known. */
bool onnx_scalar(const onnx_call *call, const onnx_tensor *tensor, double *value);
/* Known values of a constant [elements]; NULL: not known. Lent until values are given. */
const onnx_value *onnx_values(const onnx_call *call, const onnx_tensor *tensor);

/* The shape that two others are broadcast to; false: they cannot be. */
bool onnx_broadcast(const onnx_dims *a, const onnx_dims *b, onnx_dims *out);

/* Output i is a constant; of the parameters it stands for no more count than it has elements. */
ES_NODISCARD es_status onnx_give_constant(const onnx_call *call, size_t i, const onnx_dims *dims,
                                          bool is_float, int64_t params);
/* Room for the values of output i, which has been given as a constant; `*room` is NULL if there are
 * too many to keep. Lent until the next call. ES_NO_MEMORY. */
ES_NODISCARD es_status onnx_give_values(const onnx_call *call, size_t i, onnx_value **room);
/* Output i is a tensor that is there. */
ES_NODISCARD es_status onnx_give_same(const onnx_call *call, size_t i, const onnx_tensor *tensor);

/* Output i is made by a layer that reads the data among the first `n_read` inputs; `layer` has op,
 * window, groups and bias, and params if they are not those of the constants among these inputs.
 * Without data among them it is a constant, or ES_INVALID for weighted layers and pools. A view
 * that changes nothing is its input. */
ES_NODISCARD es_status onnx_give_layer(const onnx_call *call, size_t i, const es_layer *layer,
                                       const onnx_dims *dims, size_t n_read);
/* The same, of one operator without more to say. */
ES_NODISCARD es_status onnx_give_op(const onnx_call *call, es_op op, const onnx_dims *dims,
                                    size_t n_read);

/* Copies values of a constant input: element (j0, j1, ...) of the output is the one at `base` + j0
 * * step[0] + ... Does nothing if they are not known. ES_NO_MEMORY. */
ES_NODISCARD es_status onnx_give_picked(const onnx_call *call, size_t i, const onnx_tensor *from,
                                        int64_t base, const int64_t *step);
/* Steps of a dense tensor. */
void onnx_steps(const onnx_dims *dims, int64_t step[ONNX_MAX_RANK]);

/* ES_INVALID (reported): an output without elements or of too many. */
ES_NODISCARD es_status onnx_check_dims(const onnx_call *call, const onnx_dims *dims);

#endif
