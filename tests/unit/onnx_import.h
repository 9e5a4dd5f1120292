/* Imports graphs written as text (support/onnx_file.h). */
#ifndef TESTS_UNIT_ONNX_IMPORT_H
#define TESTS_UNIT_ONNX_IMPORT_H

#include "onnx.h"
#include "onnx_file.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As onnx_read, of bytes. */
static inline es_status import_bytes(const void *bytes, size_t length,
                                     const es_network_options *options, es_model **model,
                                     es_errors *errors) {
    static const es_network_options none;
    char empty[1] = "", *copy = length > 0 ? test_malloc(length) : empty;
    if (length > 0)
        memcpy(copy, bytes, length);
    FILE *stream = length > 0 ? fmemopen(copy, length, "rb") : fopen("/dev/null", "rb");
    assert_non_null(stream);
    es_errors_init(errors);
    *model = NULL;
    es_status status =
        onnx_read(stream, "f.onnx", options != NULL ? options : &none, model, errors);
    fclose(stream);
    if (length > 0)
        test_free(copy);
    return status;
}

static inline es_status import_text(const char *text, const es_network_options *options,
                                    es_model **model, es_errors *errors) {
    size_t length;
    uint8_t *bytes = onnx_file_make(text, &length);
    es_status status = import_bytes(bytes, length, options, model, errors);
    free(bytes);
    return status;
}

/* Writes what the layers are: "conv:4x8x8/112*6912 relu:4x8x8", shape, parameters and
 * multiply-accumulates where there are any, and "<2,1" behind a layer that reads others than the
 * one before. */
static inline void describe(const es_model *model, char *text, size_t size) {
    size_t length = 0;
    text[0] = '\0';
    for (size_t l = 1; l <= model->n_layers; l++) {
        const es_layer *layer = &model->layers[l];
        char shape[ES_SHAPE_TEXT];
        length += (size_t)snprintf(text + length, size - length, "%s%s:%s", l > 1 ? " " : "",
                                   es_op_text(layer->op), es_shape_text(layer->out, shape));
        if (layer->params > 0)
            length +=
                (size_t)snprintf(text + length, size - length, "/%lld", (long long)layer->params);
        if (layer->macs > 0)
            length +=
                (size_t)snprintf(text + length, size - length, "*%lld", (long long)layer->macs);
        for (size_t i = 0; i < layer->n_inputs; i++)
            if (layer->n_inputs > 1 || layer->inputs[0] != l - 1)
                length += (size_t)snprintf(text + length, size - length, "%s%zu", i > 0 ? "," : "<",
                                           layer->inputs[i]);
        assert_true(length < size);
    }
}

static inline void expect_layers_with(const char *file, const es_network_options *options,
                                      const char *expected) {
    es_model *model;
    es_errors errors;
    char text[4096];
    es_status status = import_text(file, options, &model, &errors);
    if (status != ES_OK)
        print_error("%s\n%s\n", file, errors.records[0].text);
    assert_int_equal(status, ES_OK);
    assert_int_equal(errors.n, 0);
    describe(model, text, sizeof text);
    if (strcmp(text, expected) != 0)
        print_error("%s\n", file);
    assert_string_equal(text, expected);
    es_model_destroy(model);
}

static inline void expect_layers(const char *file, const char *expected) {
    expect_layers_with(file, NULL, expected);
}

/* Every record's text has the part expected of it; NULL behind the last. */
static inline void expect_mistakes_with(const char *file, const es_network_options *options,
                                        es_status status, const char *const *parts) {
    es_model *model;
    es_errors errors;
    size_t n = 0;
    assert_int_equal(import_text(file, options, &model, &errors), status);
    assert_null(model);
    for (; parts[n] != NULL; n++) {
        assert_true(n < errors.n);
        if (strstr(errors.records[n].text, parts[n]) == NULL)
            fail_msg("%s\nexpected: %s\nfound: %s", file, parts[n], errors.records[n].text);
    }
    assert_int_equal(errors.n, n);
}

static inline void expect_mistake(const char *file, const char *part) {
    expect_mistakes_with(file, NULL, ES_INVALID, (const char *const[]){part, NULL});
}

#endif
