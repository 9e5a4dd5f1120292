/* ONNX files: any bytes are either mistakes or a network that survives being written as text. */
#include "fuzz.h"

#include "onnx.h"

#include <string.h>

/* NULL: mistakes. */
static es_model *import(const uint8_t *data, size_t size) {
    static const char *const dims[] = {"height=8", "width=8"}, *const assumed[] = {"y=1x4x6x8"};
    static const es_network_options some = {.n_dims = 2, .dims = dims}, none = {0},
                                    other = {.n_assumed = 1, .assumed = assumed};
    const es_network_options *options = size % 4 == 1 ? &some : size % 4 == 2 ? &other : &none;
    es_model *model = NULL;
    es_errors errors;
    es_errors_init(&errors);
    char *copy = malloc(size);
    ES_REQUIRE(copy != NULL);
    memcpy(copy, data, size);
    FILE *stream = fmemopen(copy, size, "rb");
    ES_REQUIRE(stream != NULL);
    es_status status = onnx_read(stream, "input.onnx", options, &model, &errors);
    ES_REQUIRE((status == ES_OK) == (model != NULL) && (status == ES_OK) == (errors.n == 0));
    fclose(stream);
    free(copy);
    return model;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    es_model *model = size > 0 ? import(data, size) : NULL, *again = NULL;
    if (model == NULL)
        return 0;
    es_text first = {0}, second = {0};
    es_errors errors;
    es_errors_init(&errors);
    es_model_write(model, &first);
    char *bytes = strdup(first.data);
    ES_REQUIRE(bytes != NULL);
    es_status status = es_model_parse("input", bytes, strlen(bytes), &again, &errors);
    if (status != ES_OK)
        es_errors_print(&errors, stderr);
    ES_REQUIRE(status == ES_OK);
    es_model_write(again, &second);
    ES_REQUIRE(strcmp(first.data, second.data) == 0);
    es_model_destroy(again);
    es_model_destroy(model);
    free(bytes);
    free(second.data);
    free(first.data);
    return 0;
}
