#include "onnx_rule.h"

#include "edgesplit/alloc.h"

#include <string.h>

/* Names that layers have, and how often each was asked for. */
typedef struct given_names {
    onnx_names names;
    char **owned; /* [names.n] */
    size_t *n_asked, owned_capacity, asked_capacity;
} given_names;

static void given_fini(given_names *given) {
    for (size_t i = 0; i < given->names.n; i++)
        free(given->owned[i]);
    free(given->owned);
    free(given->n_asked);
    onnx_names_fini(&given->names);
}

/* Takes the name if it is new; *number is its number in both cases. */
static es_status give(given_names *given, char *name, bool *is_new, size_t *number) {
    size_t n = given->names.n;
    es_status status = name != NULL ? ES_OK : ES_NO_MEMORY;
    if (status == ES_OK)
        status = es_reserve(&given->owned, &given->owned_capacity, n + 1, sizeof *given->owned);
    if (status == ES_OK)
        status = es_reserve(&given->n_asked, &given->asked_capacity, n + 1, sizeof *given->n_asked);
    if (status == ES_OK)
        status = onnx_names_add(&given->names, name, number);
    *is_new = status == ES_OK && *number == n;
    if (*is_new) {
        given->owned[n] = name;
        given->n_asked[n] = 1;
    } else {
        free(name);
    }
    return status;
}

/* A layer's name is its node's without what the text form cannot hold; a number is appended if
 * another layer has it. */
static es_status unique_name(given_names *given, const char *name, const char **unique) {
    size_t first = 0, number;
    bool is_new;
    char *copy = es_strdup(name[0] != '\0' ? name : "layer");
    for (char *c = copy; c != NULL && *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || *c == ',' || *c == '"' || *c == '\'' || *c == '\x7F')
            *c = '_';
    es_status status = give(given, copy, &is_new, &first);
    number = first;
    while (status == ES_OK && !is_new) {
        es_text text = {0};
        es_text_add(&text, "%s_%zu", given->names.names[first], ++given->n_asked[first]);
        if (text.failed)
            free(text.data);
        status = give(given, text.failed ? NULL : text.data, &is_new, &number);
    }
    if (status == ES_OK)
        *unique = given->names.names[number];
    return status;
}

static es_status append_layer(const onnx_import *import, es_builder *builder, size_t l,
                              const char *name, size_t *numbers, size_t *inputs) {
    char problem[ES_PROBLEM_TEXT];
    const onnx_layer *from = &import->layers[l];
    es_layer layer = from->layer;
    for (size_t i = 0; i < layer.n_inputs; i++)
        inputs[i] = numbers[import->inputs[from->inputs_at + i]];
    layer.inputs = inputs;
    if (es_builder_append(builder, name, &layer, &numbers[l], problem) == ES_OK)
        return ES_OK;
    return onnx_node_wrong(import, &import->nodes[from->node], "%s", problem);
}

static es_status append_all(const onnx_import *import, es_builder *builder, size_t *numbers,
                            size_t *inputs) {
    given_names given = {0};
    const char *name;
    es_status status = unique_name(&given, "input", &name);
    for (size_t l = 1; l < import->n_layers && status == ES_OK; l++) {
        if (import->layers[l].gone)
            continue;
        status = unique_name(&given, onnx_node_name(&import->nodes[import->layers[l].node]), &name);
        if (status == ES_OK)
            status = append_layer(import, builder, l, name, numbers, inputs);
    }
    given_fini(&given);
    return status;
}

/* The file's name without folder and suffix. */
static void name_model(const onnx_import *import, es_text *name, es_text *source) {
    const char *slash = strrchr(import->path, '/');
    const char *file = slash != NULL ? slash + 1 : import->path, *dot = strrchr(file, '.');
    const Onnx__ModelProto *proto = import->proto;
    es_text_add(name, "%.*s", (int)(dot != NULL && dot > file ? dot - file : (long)strlen(file)),
                file);
    es_text_add(source, "%s (ONNX opset %lld%s%s%s%s)", file, (long long)import->opset,
                proto->producer_name != NULL ? ", " : "",
                proto->producer_name != NULL ? proto->producer_name : "",
                proto->producer_version != NULL ? " " : "",
                proto->producer_version != NULL ? proto->producer_version : "");
}

static es_status finish(const onnx_import *import, es_builder *builder, es_model **model) {
    char problem[ES_PROBLEM_TEXT];
    es_text name = {0}, source = {0};
    name_model(import, &name, &source);
    es_status status = name.failed || source.failed ? ES_NO_MEMORY : ES_OK;
    if (status == ES_OK)
        status = es_builder_finish(builder, name.data, source.data, model, problem);
    if (status == ES_INVALID)
        onnx_wrong(import, "%s between the input and the outputs", problem);
    free(name.data);
    free(source.data);
    return status;
}

es_status onnx_emit(onnx_import *import, es_model **model) {
    es_builder *builder = es_builder_create(import->layers[0].layer.out);
    size_t *numbers = es_alloc(import->n_layers, sizeof *numbers);
    size_t *inputs = es_alloc(import->n_inputs, sizeof *inputs);
    es_status status = builder != NULL && numbers != NULL && inputs != NULL ? ES_OK : ES_NO_MEMORY;
    if (status == ES_OK)
        status = append_all(import, builder, numbers, inputs);
    if (status == ES_OK)
        status = finish(import, builder, model);
    if (status == ES_NO_MEMORY)
        onnx_no_memory(import);
    free(numbers);
    free(inputs);
    es_builder_destroy(builder);
    return status;
}
