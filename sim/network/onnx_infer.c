#include "onnx_rule.h"

#include <string.h>

/* The shape assumed for a tensor: "TENSOR=1x64x56x56" of the options; NULL: none. */
static const char *assumed_for(const onnx_import *import, const char *name) {
    for (size_t i = 0; i < import->options->n_assumed; i++) {
        const char *text = import->options->assumed[i], *equals = strrchr(text, '=');
        if (equals != NULL && (size_t)(equals - text) == strlen(name) &&
            memcmp(text, name, strlen(name)) == 0)
            return equals + 1;
    }
    return NULL;
}

static const char *name_at(const void *context, size_t i) {
    const onnx_import *import = context;
    return import->tensors[i].name;
}

/* An assumption about a tensor that is not there, or no shape. */
static es_status check_assumptions(const onnx_import *import) {
    enum { MAX_COMPARED = 10000 };
    es_status status = ES_OK;
    for (size_t i = 0; i < import->options->n_assumed; i++) {
        const char *text = import->options->assumed[i], *equals = strrchr(text, '=');
        es_shape shape;
        bool found = false;
        for (size_t t = 0; t < import->names.n && !found && equals != NULL; t++) {
            const onnx_tensor *tensor = &import->tensors[t];
            found = tensor->maker == ONNX_NODE && strlen(tensor->name) == (size_t)(equals - text) &&
                    memcmp(tensor->name, text, (size_t)(equals - text)) == 0;
        }
        if (equals == NULL ||
            es_shape_parse((es_slice){equals + 1, strlen(equals + 1)}, &shape) != ES_OK) {
            status = es_errors_add(import->errors, ES_USAGE, import->path, 0,
                                   "a shape assumed as \"%s\"; expected TENSOR=1x64x56x56", text);
        } else if (!found) {
            char name[128];
            snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
            size_t n = import->names.n < MAX_COMPARED ? import->names.n : MAX_COMPARED;
            es_hint hint =
                es_did_you_mean(es_nearest_name(name, n, name_at, import), "\"", "\"", "");
            status =
                es_errors_add(import->errors, ES_USAGE, import->path, 0,
                              "a shape assumed for \"%s\", which no node makes%s", name, hint.text);
        }
    }
    return status;
}

static bool has_subgraph(const Onnx__NodeProto *node) {
    for (size_t i = 0; i < node->n_attribute; i++)
        if (node->attribute[i]->g != NULL || node->attribute[i]->n_graphs > 0)
            return true;
    return false;
}

/* Outputs that are used, of shapes that were assumed. */
static es_status give_assumed(const onnx_call *call) {
    const Onnx__NodeProto *proto = call->node->proto;
    es_status status = ES_OK;
    for (size_t i = 0; status == ES_OK && i < proto->n_output; i++) {
        const char *text = assumed_for(call->import, proto->output[i]);
        es_shape shape;
        if (!onnx_is_used(call, i) || text == NULL ||
            es_shape_parse((es_slice){text, strlen(text)}, &shape) != ES_OK)
            continue;
        onnx_dims dims = {.rank = shape.rank};
        memcpy(dims.d, shape.dims, sizeof shape.dims);
        status = onnx_give_layer(call, i, &(es_layer){.op = ES_OP_CUSTOM}, &dims, onnx_n_in(call));
    }
    return status;
}

static bool is_assumed(const onnx_call *call) {
    for (size_t i = 0; i < call->node->proto->n_output; i++)
        if (assumed_for(call->import, call->node->proto->output[i]) != NULL)
            return true;
    return false;
}

static es_status apply(const onnx_call *call) {
    const onnx_node *node = call->node;
    es_status status;
    if (has_subgraph(node->proto))
        return onnx_fail(call, "control flow: what runs depends on data; expected a graph without "
                               "subgraphs");
    if (is_assumed(call))
        status = give_assumed(call);
    else if (node->op == NULL)
        return onnx_fail(call,
                         "this operator is unknown; --assume-shape '%.128s=1x64x56x56' takes it "
                         "as a layer that makes this shape",
                         node->proto->n_output > 0 ? node->proto->output[0] : "");
    else
        status = node->op->rule(call);
    for (size_t i = 0; status == ES_OK && i < node->proto->n_output; i++)
        if (onnx_is_used(call, i) && call->import->tensors[node->outputs[i]].kind == ONNX_PENDING)
            return onnx_fail(call,
                             "the shape of its output \"%.128s\" is not known; --assume-shape "
                             "'%.128s=1x64x56x56' says it",
                             node->proto->output[i], node->proto->output[i]);
    return status;
}

static bool reads_broken(const onnx_import *import, const onnx_node *node) {
    for (size_t i = 0; i < node->proto->n_input; i++)
        if (node->inputs[i] != ONNX_NONE && import->tensors[node->inputs[i]].kind == ONNX_BROKEN)
            return true;
    return false;
}

/* What follows from a mistake is not reported again. */
es_status onnx_infer(onnx_import *import) {
    es_status status = check_assumptions(import);
    for (size_t i = 0; i < import->n_order && status != ES_NO_MEMORY; i++) {
        onnx_call call = {import, &import->nodes[import->order[i]]};
        bool broken = reads_broken(import, call.node);
        if (!broken) {
            status = apply(&call);
            broken = status != ES_OK;
        }
        for (size_t o = 0; broken && o < call.node->proto->n_output; o++)
            if (call.node->outputs[o] != ONNX_NONE)
                import->tensors[call.node->outputs[o]].kind = ONNX_BROKEN;
    }
    return status == ES_NO_MEMORY ? status : es_errors_status(import->errors);
}
