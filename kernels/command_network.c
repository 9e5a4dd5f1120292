#include "commands.h"

#include <string.h>

static bool ends_with(const char *what, const char *suffix) {
    size_t length = strlen(what), n = strlen(suffix);
    return length > n && strcmp(what + length - n, suffix) == 0;
}

static bool is_file(const char *what) {
    return strchr(what, '/') != NULL || ends_with(what, ".model") || ends_with(what, ".onnx");
}

es_status es_open_network(const char *what, int64_t resolution, es_model **model,
                          es_errors *errors) {
    if (!is_file(what))
        return es_model_create(what, resolution, model, errors);
    if (resolution != 0)
        return es_errors_add(errors, ES_USAGE, NULL, 0,
                             "--resolution: %s says itself how large its input is", what);
    if (ends_with(what, ".onnx"))
        return es_errors_add(errors, ES_USAGE, what, 0,
                             "is read as text only: edgesplit model export %s -o FILE.model", what);
    return es_model_load(what, model, errors);
}

es_status es_open_profiled_network(const char *what, const es_profile *profile, es_model **model,
                                   es_errors *errors) {
    if (what == NULL)
        what = profile->model;
    es_status status =
        es_open_network(what, is_file(what) ? 0 : profile->resolution, model, errors);
    return status == ES_OK ? es_profile_check_model(profile, *model, errors) : status;
}

es_status es_find_profiled_network(const char *what, const es_profile *profile, es_model **model,
                                   es_errors *errors) {
    es_errors ignored;
    es_errors_init(&ignored);
    es_status status =
        es_open_profiled_network(what, profile, model, what != NULL ? errors : &ignored);
    if (status == ES_OK || what != NULL)
        return status;
    es_model_destroy(*model);
    *model = NULL;
    return status == ES_NO_MEMORY ? es_errors_no_memory(errors, NULL) : ES_OK;
}
