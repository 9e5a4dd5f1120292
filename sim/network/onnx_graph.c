#include "onnx_graph.h"

#include "onnx_rule.h"

#include "edgesplit/alloc.h"

#include <string.h>

void onnx_import_fini(onnx_import *import) {
    onnx_names_fini(&import->names);
    free(import->tensors);
    free(import->nodes);
    free(import->edges);
    free(import->next_reader);
    free(import->edge_node);
    free(import->order);
    free(import->values);
    free(import->layers);
    free(import->inputs);
}

es_status onnx_wrong(const onnx_import *import, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    es_errors_add_list(import->errors, ES_INVALID, import->path, 0, format, arguments);
    va_end(arguments);
    return ES_INVALID;
}

es_status onnx_no_memory(const onnx_import *import) {
    return es_errors_no_memory(import->errors, import->path);
}

const char *onnx_node_name(const onnx_node *node) {
    if (node->proto->name != NULL && node->proto->name[0] != '\0')
        return node->proto->name;
    return node->proto->n_output > 0 ? node->proto->output[0] : "";
}

void onnx_node_wrong_list(const onnx_import *import, const onnx_node *node, const char *format,
                          va_list arguments) {
    char reason[ES_ERROR_TEXT], batch[128] = "";
    const char *domain = node->proto->domain != NULL ? node->proto->domain : "";
    vsnprintf(reason, sizeof reason, format, arguments);
    if (import->file_batch > 1)
        snprintf(batch, sizeof batch,
                 " (the file is for batches of %lld, read as 1; if that is the cause, export it "
                 "with a batch of 1)",
                 (long long)import->file_batch);
    onnx_wrong(import, "node \"%.128s\" (%.64s%s%.64s): %s%s", onnx_node_name(node),
               node->proto->op_type != NULL ? node->proto->op_type : "no operator",
               domain[0] != '\0' ? " of domain " : "", domain, reason, batch);
}

es_status onnx_node_wrong(const onnx_import *import, const onnx_node *node, const char *format,
                          ...) {
    va_list arguments;
    va_start(arguments, format);
    onnx_node_wrong_list(import, node, format, arguments);
    va_end(arguments);
    return ES_INVALID;
}

int64_t onnx_elems(const onnx_dims *dims) {
    int64_t elems = 1;
    bool empty = false;
    for (int i = 0; i < dims->rank; i++) {
        if (dims->d[i] < 0)
            return -1;
        if (dims->d[i] == 0)
            empty = true;
        else if (dims->d[i] > ES_MAX_ELEMS / elems)
            return -1;
        else
            elems *= dims->d[i];
    }
    return empty ? 0 : elems;
}

const char *onnx_dims_text(const onnx_dims *dims, char text[ONNX_DIMS_TEXT]) {
    size_t length = 0;
    snprintf(text, ONNX_DIMS_TEXT, "(one element)");
    for (int i = 0; i < dims->rank; i++)
        length += (size_t)snprintf(text + length, ONNX_DIMS_TEXT - length, "%s%lld",
                                   i > 0 ? "x" : "", (long long)dims->d[i]);
    return text;
}

es_status onnx_model_shape(const onnx_dims *dims, es_shape *shape) {
    int first = dims->rank >= 2 && dims->d[0] == 1 ? 1 : 0;
    if (dims->rank - first > ES_MAX_RANK)
        return ES_INVALID;
    *shape = es_shape_of(dims->rank - first, dims->d + first);
    return es_shape_is_valid(*shape) ? ES_OK : ES_INVALID;
}

/* Names are shown in messages and become names of layers. */
static void clean(char *name) {
    for (; name != NULL && *name != '\0'; name++)
        if ((unsigned char)*name < ' ' || *name == '\x7F')
            *name = '_';
}

static void clean_names(const Onnx__GraphProto *graph) {
    for (size_t i = 0; i < graph->n_initializer; i++)
        clean(graph->initializer[i]->name);
    for (size_t i = 0; i < graph->n_input; i++)
        clean(graph->input[i]->name);
    for (size_t i = 0; i < graph->n_output; i++)
        clean(graph->output[i]->name);
    for (size_t n = 0; n < graph->n_node; n++) {
        const Onnx__NodeProto *node = graph->node[n];
        clean(node->name);
        clean(node->op_type);
        clean(node->domain);
        for (size_t i = 0; i < node->n_input; i++)
            clean(node->input[i]);
        for (size_t i = 0; i < node->n_output; i++)
            clean(node->output[i]);
    }
}

/* Finds or adds the tensor called so; ONNX_NONE for the empty name. */
static es_status tensor_of(onnx_import *import, const char *name, size_t *number) {
    *number = ONNX_NONE;
    if (name == NULL || name[0] == '\0')
        return ES_OK;
    size_t n = import->names.n;
    if (es_reserve(&import->tensors, &import->tensors_capacity, n + 1, sizeof *import->tensors) !=
            ES_OK ||
        onnx_names_add(&import->names, name, number) != ES_OK)
        return onnx_no_memory(import);
    if (*number == n)
        import->tensors[n] = (onnx_tensor){
            .name = name, .first_reader = ONNX_NONE, .values_at = ONNX_NONE, .layer = ONNX_NONE};
    return ES_OK;
}

/* A tensor is made once. */
static es_status define(onnx_import *import, const char *name, onnx_maker maker, size_t *number) {
    es_status status = tensor_of(import, name, number);
    if (status != ES_OK || *number == ONNX_NONE)
        return status;
    onnx_tensor *tensor = &import->tensors[*number];
    if (tensor->maker != ONNX_NOBODY)
        return onnx_wrong(import, "the tensor \"%.128s\" is made twice", name);
    tensor->maker = maker;
    return ES_OK;
}

/* Initializers may be inputs, too: defaults that a caller could replace. */
static es_status define_inputs(onnx_import *import, const Onnx__GraphProto *graph) {
    es_status status = ES_OK;
    size_t number;
    for (size_t i = 0; i < graph->n_initializer && status != ES_NO_MEMORY; i++)
        status = define(import, graph->initializer[i]->name, ONNX_INITIALIZER, &number);
    for (size_t i = 0; i < graph->n_input && status != ES_NO_MEMORY; i++) {
        const char *name = graph->input[i]->name;
        number = name != NULL ? onnx_names_find(&import->names, name) : ONNX_NONE;
        if (number == ONNX_NONE || import->tensors[number].maker != ONNX_INITIALIZER)
            status = define(import, name, ONNX_INPUT, &number);
    }
    return status;
}

static es_status define_outputs_of_nodes(onnx_import *import, size_t *edge) {
    for (size_t n = 0; n < import->n_nodes; n++) {
        onnx_node *node = &import->nodes[n];
        node->outputs = import->edges + *edge;
        for (size_t i = 0; i < node->proto->n_output; i++, ++*edge) {
            size_t *number = &import->edges[*edge];
            if (define(import, node->proto->output[i], ONNX_NODE, number) == ES_NO_MEMORY)
                return ES_NO_MEMORY;
            if (*number != ONNX_NONE)
                import->tensors[*number].node = n;
        }
    }
    return ES_OK;
}

static es_status read_inputs_of_nodes(onnx_import *import, size_t *edge) {
    for (size_t n = 0; n < import->n_nodes; n++) {
        onnx_node *node = &import->nodes[n];
        node->inputs = import->edges + *edge;
        for (size_t i = 0; i < node->proto->n_input; i++, ++*edge) {
            size_t number;
            if (tensor_of(import, node->proto->input[i], &number) != ES_OK)
                return ES_NO_MEMORY;
            import->edges[*edge] = number;
            import->edge_node[*edge] = n;
            if (number == ONNX_NONE)
                continue;
            import->next_reader[*edge] = import->tensors[number].first_reader;
            import->tensors[number].first_reader = *edge;
        }
    }
    return ES_OK;
}

static es_status allocate(onnx_import *import, const Onnx__GraphProto *graph) {
    size_t n_edges = 0;
    for (size_t n = 0; n < graph->n_node; n++)
        n_edges += graph->node[n]->n_input + graph->node[n]->n_output;
    import->nodes = es_alloc(graph->n_node, sizeof *import->nodes);
    import->edges = es_alloc(n_edges, sizeof *import->edges);
    import->next_reader = es_alloc(n_edges, sizeof *import->next_reader);
    import->edge_node = es_alloc(n_edges, sizeof *import->edge_node);
    import->order = es_alloc(graph->n_node, sizeof *import->order);
    if (import->nodes == NULL || import->edges == NULL || import->next_reader == NULL ||
        import->edge_node == NULL || import->order == NULL)
        return onnx_no_memory(import);
    import->n_nodes = graph->n_node;
    for (size_t n = 0; n < graph->n_node; n++) {
        import->nodes[n].proto = graph->node[n];
        import->nodes[n].op = onnx_op_find(graph->node[n]);
    }
    return ES_OK;
}

es_status onnx_graph_open(onnx_import *import) {
    const Onnx__GraphProto *graph = import->proto->graph;
    size_t edge = 0;
    if (graph->n_node > ONNX_MAX_NODES)
        return onnx_wrong(import, "%zu nodes; expected at most %d", graph->n_node, ONNX_MAX_NODES);
    if (graph->n_output == 0)
        return onnx_wrong(import, "the graph has no outputs");
    clean_names(graph);
    es_status status = allocate(import, graph);
    if (status == ES_OK)
        status = define_inputs(import, graph);
    if (status != ES_NO_MEMORY)
        status = define_outputs_of_nodes(import, &edge);
    if (status != ES_NO_MEMORY)
        status = read_inputs_of_nodes(import, &edge);
    for (size_t i = 0; i < graph->n_output && status != ES_NO_MEMORY; i++) {
        size_t number;
        status = tensor_of(import, graph->output[i]->name, &number);
        if (status == ES_OK && number != ONNX_NONE)
            import->tensors[number].is_output = true;
    }
    return status == ES_NO_MEMORY ? status : es_errors_status(import->errors);
}

/* Marks the node that makes a tensor as needed; the stack holds nodes whose inputs are still to be
 * looked at. */
static void need(onnx_import *import, size_t tensor, size_t *stack, size_t *n_stack) {
    if (tensor == ONNX_NONE || import->tensors[tensor].maker != ONNX_NODE)
        return;
    onnx_node *node = &import->nodes[import->tensors[tensor].node];
    if (!node->needed)
        stack[(*n_stack)++] = import->tensors[tensor].node;
    node->needed = true;
}

static void mark_needed(onnx_import *import, size_t *stack) {
    size_t n_stack = 0;
    for (size_t t = 0; t < import->names.n; t++)
        if (import->tensors[t].is_output)
            need(import, t, stack, &n_stack);
    while (n_stack > 0) {
        const onnx_node *node = &import->nodes[stack[--n_stack]];
        for (size_t i = 0; i < node->proto->n_input; i++)
            need(import, node->inputs[i], stack, &n_stack);
    }
}

/* Appends a node to the order. Those that waited for it and that `scan` has passed follow at once.
 */
static void append_ready(onnx_import *import, size_t first, size_t scan) {
    size_t next = import->n_order;
    import->order[import->n_order++] = first;
    for (; next < import->n_order; next++) {
        const onnx_node *node = &import->nodes[import->order[next]];
        for (size_t i = 0; i < node->proto->n_output; i++) {
            size_t tensor = node->outputs[i];
            if (tensor == ONNX_NONE)
                continue;
            for (size_t e = import->tensors[tensor].first_reader; e != ONNX_NONE;
                 e = import->next_reader[e]) {
                onnx_node *reader = &import->nodes[import->edge_node[e]];
                if (--reader->n_waiting == 0 && reader->needed && import->edge_node[e] < scan)
                    import->order[import->n_order++] = import->edge_node[e];
            }
        }
    }
}

/* A node that waits waits for another one that does. Following them leads onto a cycle, and round
 * it to a node that has been met. */
static void complain_cycle(const onnx_import *import) {
    size_t at = 0;
    while (!import->nodes[at].needed || import->nodes[at].n_waiting == 0)
        at++;
    while (import->nodes[at].needed) {
        onnx_node *node = &import->nodes[at];
        node->needed = false;
        for (size_t i = 0; i < node->proto->n_input; i++) {
            size_t tensor = node->inputs[i];
            if (tensor == ONNX_NONE || import->tensors[tensor].maker != ONNX_NODE ||
                import->nodes[import->tensors[tensor].node].n_waiting == 0)
                continue;
            at = import->tensors[tensor].node;
            break;
        }
    }
    onnx_node_wrong(import, &import->nodes[at],
                    "it reads what is computed from its own output: a cycle");
}

static void complain_dangling(const onnx_import *import) {
    for (size_t t = 0; t < import->names.n; t++) {
        const onnx_tensor *tensor = &import->tensors[t];
        if (tensor->maker != ONNX_NOBODY)
            continue;
        if (tensor->is_output)
            onnx_wrong(import, "the output \"%.128s\" is made by no node", tensor->name);
        for (size_t e = tensor->first_reader; e != ONNX_NONE; e = import->next_reader[e])
            if (import->nodes[import->edge_node[e]].needed)
                onnx_node_wrong(import, &import->nodes[import->edge_node[e]],
                                "it reads \"%.128s\", which is neither an input nor made by a node",
                                tensor->name);
    }
}

es_status onnx_graph_order(onnx_import *import) {
    size_t n_needed = 0;
    mark_needed(import, import->order);
    complain_dangling(import);
    for (size_t n = 0; n < import->n_nodes; n++) {
        onnx_node *node = &import->nodes[n];
        n_needed += node->needed;
        for (size_t i = 0; i < node->proto->n_input; i++)
            node->n_waiting +=
                node->inputs[i] != ONNX_NONE && import->tensors[node->inputs[i]].maker == ONNX_NODE;
    }
    for (size_t n = 0; n < import->n_nodes; n++)
        if (import->nodes[n].needed && import->nodes[n].n_waiting == 0)
            append_ready(import, n, n);
    if (import->n_order < n_needed)
        complain_cycle(import);
    return es_errors_status(import->errors);
}
