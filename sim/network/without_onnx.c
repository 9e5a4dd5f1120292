#include "onnx.h"

bool es_network_reads_onnx(void) {
    return false;
}

es_status onnx_open(const char *path, const es_network_options *options, es_model **model,
                    es_errors *errors) {
    (void)options;
    (void)model;
    return es_errors_add(
        errors, ES_UNAVAILABLE, path, 0,
        "this program was built without ONNX: install libonnx-dev, protobuf-c-compiler and "
        "libprotobuf-c-dev and build it again, or turn the file into FILE.model on a machine where "
        "that is done: edgesplit model export FILE.onnx -o FILE.model");
}
