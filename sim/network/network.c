#include "edgesplit/network.h"

#include "onnx.h"

#include <string.h>

static bool ends_with(const char *text, const char *end) {
    size_t length = strlen(text), end_length = strlen(end);
    return length >= end_length && strcmp(text + length - end_length, end) == 0;
}

static es_status check_options(const char *what, const es_network_options *options, bool is_file,
                               bool is_onnx, es_errors *errors) {
    es_status status = ES_OK;
    if (is_file && options->resolution != 0)
        status = es_errors_add(errors, ES_USAGE, what, 0,
                               "a resolution of %lld pixels; a file's network has the size it was "
                               "written with",
                               (long long)options->resolution);
    if (!is_onnx && options->n_dims > 0)
        status = es_errors_add(errors, ES_USAGE, what, 0,
                               "a size for the dimension %s; only ONNX files have named dimensions",
                               options->dims[0]);
    if (!is_onnx && options->n_assumed > 0)
        status = es_errors_add(errors, ES_USAGE, what, 0,
                               "a shape for the tensor %s; only ONNX files may have unknown ones",
                               options->assumed[0]);
    return status;
}

es_status es_network_open(const char *what, const es_network_options *options, es_model **model,
                          es_errors *errors) {
    bool is_onnx = ends_with(what, ".onnx");
    bool is_file = is_onnx || ends_with(what, ".model") || strchr(what, '/') != NULL;
    es_status status = check_options(what, options, is_file, is_onnx, errors);
    if (status != ES_OK)
        return status;
    if (is_onnx)
        return onnx_open(what, options, model, errors);
    if (is_file)
        return es_model_load(what, model, errors);
    return es_model_create(what, options->resolution, model, errors);
}
