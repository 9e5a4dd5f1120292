#include "onnx.h"

#include "onnx_graph.h"
#include "onnx_skim.h"

#include "edgesplit/alloc.h"
#include "edgesplit/file.h"

#include <string.h>

/* Versions whose rules are known. Between them no operator that is understood has changed what it
 * computes of shapes, but where its rule says so. */
enum { MIN_OPSET = 9, MAX_OPSET = 23, MIN_IR_VERSION = 3, MAX_IR_VERSION = 13 };

bool es_network_reads_onnx(void) {
    return true;
}

/* protobuf-c allocates through these, so that running out can be told from a damaged message. */
static void *allocate(void *failed, size_t size) {
    void *memory = es_alloc(size, 1);
    *(bool *)failed = *(bool *)failed || memory == NULL;
    return memory;
}

static void release(void *failed, void *memory) {
    (void)failed;
    free(memory);
}

static es_status check_versions(onnx_import *import) {
    const Onnx__ModelProto *proto = import->proto;
    if (proto->graph == NULL || !proto->has_ir_version)
        return onnx_wrong(import, "not an ONNX file: it has no graph or no version");
    if (proto->ir_version < MIN_IR_VERSION || proto->ir_version > MAX_IR_VERSION)
        return onnx_wrong(import, "ONNX IR version %lld; expected %d to %d",
                          (long long)proto->ir_version, MIN_IR_VERSION, MAX_IR_VERSION);
    for (size_t i = 0; i < proto->n_opset_import; i++) {
        const Onnx__OperatorSetIdProto *set = proto->opset_import[i];
        if (set->domain == NULL || set->domain[0] == '\0' || strcmp(set->domain, "ai.onnx") == 0)
            import->opset = set->version;
    }
    if (import->opset < MIN_OPSET || import->opset > MAX_OPSET)
        return onnx_wrong(import,
                          "operator set %lld; expected %d to %d: torch.onnx.export writes what "
                          "its opset_version says",
                          (long long)import->opset, MIN_OPSET, MAX_OPSET);
    return ES_OK;
}

static es_status import_graph(onnx_import *import, es_model **model) {
    es_status status = check_versions(import);
    if (status == ES_OK)
        status = onnx_graph_open(import);
    if (status == ES_OK)
        status = onnx_graph_order(import);
    if (status == ES_OK)
        status = onnx_graph_inputs(import);
    if (status == ES_OK)
        status = onnx_infer(import);
    if (status != ES_OK)
        return status;
    onnx_patterns(import);
    return onnx_emit(import, model);
}

es_status onnx_read(FILE *stream, const char *path, const es_network_options *options,
                    es_model **model, es_errors *errors) {
    onnx_skimmed skimmed;
    bool failed = false;
    ProtobufCAllocator allocator = {allocate, release, &failed};
    es_status status = onnx_skim(stream, path, &skimmed, errors);
    if (status != ES_OK)
        return status;
    Onnx__ModelProto *proto = onnx__model_proto__unpack(&allocator, skimmed.length, skimmed.data);
    free(skimmed.data);
    onnx_import import = {.path = path, .errors = errors, .options = options, .proto = proto};
    if (failed)
        status = es_errors_no_memory(errors, path);
    else if (proto == NULL)
        status =
            onnx_wrong(&import, "not an ONNX file, or damaged: a field is of another kind than "
                                "ONNX says");
    else
        status = import_graph(&import, model);
    onnx_import_fini(&import);
    if (proto != NULL)
        onnx__model_proto__free_unpacked(proto, &allocator);
    return status;
}

es_status onnx_open(const char *path, const es_network_options *options, es_model **model,
                    es_errors *errors) {
    FILE *stream = es_file_open(path, errors);
    if (stream == NULL)
        return ES_NO_INPUT;
    es_status status = onnx_read(stream, path, options, model, errors);
    fclose(stream);
    return status;
}
