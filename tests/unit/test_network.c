#include "edgesplit/network.h"

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/edgesplit_test_XXXXXX";
static char path[sizeof folder + 32];

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state) {
    (void)state;
    return rmdir(folder);
}

static es_status open_network(const char *what, es_network_options options, es_model **model,
                              es_errors *errors) {
    es_errors_init(errors);
    *model = NULL;
    return es_network_open(what, &options, model, errors);
}

static void expect_mistake(const char *what, es_network_options options, es_status expected,
                           const char *part) {
    es_model *model;
    es_errors errors;
    assert_int_equal(open_network(what, options, &model, &errors), expected);
    assert_null(model);
    assert_int_equal(errors.n, 1);
    if (strstr(errors.records[0].text, part) == NULL)
        fail_msg("expected: %s\nfound: %s", part, errors.records[0].text);
}

static void names_open_the_zoo(void **state) {
    (void)state;
    es_model *model;
    es_errors errors;
    assert_int_equal(
        open_network("efficientnet-b0", (es_network_options){.resolution = 256}, &model, &errors),
        ES_OK);
    assert_int_equal(model->layers[0].out.h, 256);
    es_model_destroy(model);
    expect_mistake("efficientnet-b9", (es_network_options){0}, ES_INVALID, "did you mean");
}

static void text_forms_are_files(void **state) {
    (void)state;
    es_model *model, *again;
    es_errors errors;
    es_text text = {0};
    assert_int_equal(open_network("efficientnet-b0", (es_network_options){0}, &model, &errors),
                     ES_OK);
    es_model_write(model, &text);
    assert_false(text.failed);
    snprintf(path, sizeof path, "%s/b0.model", folder);
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(text.data, 1, text.length, stream), text.length);
    assert_int_equal(fclose(stream), 0);
    assert_int_equal(open_network(path, (es_network_options){0}, &again, &errors), ES_OK);
    assert_int_equal(again->n_layers, model->n_layers);
    remove(path);
    es_model_destroy(model);
    es_model_destroy(again);
    free(text.data);
}

static void files_that_are_missing(void **state) {
    (void)state;
    expect_mistake("/no/such", (es_network_options){0}, ES_NO_INPUT, "/no/such: ");
    expect_mistake("no-such.model", (es_network_options){0}, ES_NO_INPUT, "no-such.model: ");
    if (es_network_reads_onnx()) {
        expect_mistake("no-such.onnx", (es_network_options){0}, ES_NO_INPUT, "no-such.onnx: ");
        snprintf(path, sizeof path, "%s/folder.onnx", folder);
        assert_int_equal(mkdir(path, 0700), 0);
        expect_mistake(path, (es_network_options){0}, ES_NO_INPUT, "not a regular file");
        assert_int_equal(rmdir(path), 0);
        FILE *stream = fopen(path, "wb");
        assert_non_null(stream);
        assert_int_equal(ftruncate(fileno(stream), ((off_t)1 << 31) + 1), 0);
        fclose(stream);
        expect_mistake(path, (es_network_options){0}, ES_INVALID, "longer than 2147483648 bytes");
        remove(path);
    } else {
        expect_mistake("no-such.onnx", (es_network_options){0}, ES_UNAVAILABLE,
                       "edgesplit model export FILE.onnx -o FILE.model");
    }
}

static void options_that_do_not_apply(void **state) {
    (void)state;
    static const char *const given[] = {"a=1"};
    es_network_options sized = {.resolution = 256}, named = {.n_dims = 1, .dims = given},
                       assumed = {.n_assumed = 1, .assumed = given};
    expect_mistake("f.onnx", sized, ES_USAGE, "f.onnx: a resolution of 256 pixels");
    expect_mistake("./f", sized, ES_USAGE, "a resolution of 256 pixels");
    expect_mistake("f.model", named, ES_USAGE, "only ONNX files have named dimensions");
    expect_mistake("resnet50", named, ES_USAGE, "only ONNX files have named dimensions");
    expect_mistake("resnet50", assumed, ES_USAGE, "only ONNX files may have unknown ones");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_open_the_zoo),
        cmocka_unit_test(text_forms_are_files),
        cmocka_unit_test(files_that_are_missing),
        cmocka_unit_test(options_that_do_not_apply),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
