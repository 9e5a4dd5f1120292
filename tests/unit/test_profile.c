#include "profile_files.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEADER "kind,index,name,op,batch,n,median_s,p05_s,p95_s,min_s,mean_s,std_s,out_elems\n"
#define PROVENANCE                                                                                 \
    "# model: efficientnet-b0\n# kind: measured\n# granularity: block\n# resolution: 224\n"

static void reject(const char *content, const char *place, const char *text) {
    es_errors errors;
    es_errors_init(&errors);
    es_profile *profile = NULL;
    write_text(content);
    assert_int_equal(es_profile_load(input_path, &profile, &errors), ES_INVALID);
    assert_null(profile);
    expect_one_error(&errors, ES_INVALID, place, text);
}

static const char whole_file[] =
    "# model: efficientnet-b0\n"
    "# kind: measured\n"
    "# granularity: block\n"
    "# resolution: 224\n"
    "# device: TITAN Xp, down-clocked: 300 MHz\n"
    "# remark:\n" HEADER "whole,0,efficientnet-b0,,1,30,0.1,0.09,0.2,0.08,0.11,0.01,\n"
    "head,1,stem,,2,30,0.25,,,,,,401408\n"
    "head,0,input,,1,30,0,,,,,,150528\n"
    "layer,21,classifier,,1,1,1e-05,,,,,,1000\n"
    "head,1,stem,,1,30,0.125,,,,,,401408\n"
    "tail,21,classifier,,1,30,0,,,,,,\n";

static void file_is_read(void **state) {
    (void)state;
    es_profile *profile = load_text(whole_file);
    assert_string_equal(profile->path, input_path);
    char sha256[ES_SHA256_TEXT];
    assert_int_equal(es_sha256(whole_file, strlen(whole_file), sha256), ES_OK);
    assert_string_equal(profile->sha256, sha256);
    assert_string_equal(profile->model, "efficientnet-b0");
    assert_string_equal(profile->kind, "measured");
    assert_int_equal(profile->granularity, ES_BLOCK);
    assert_int_equal(profile->resolution, 224);
    assert_int_equal(profile->n_provenance, 6);
    assert_string_equal(profile->provenance[4].key, "device");
    assert_string_equal(es_profile_provenance(profile, "device"),
                        "TITAN Xp, down-clocked: 300 MHz");
    assert_string_equal(es_profile_provenance(profile, "remark"), "");
    assert_null(es_profile_provenance(profile, "driver"));
    assert_int_equal(profile->n_rows, 6);
    const es_profile_row *row = &profile->rows[0];
    assert_int_equal(row->kind, ES_PROFILE_WHOLE);
    assert_int_equal(row->index, 0);
    assert_string_equal(row->name, "efficientnet-b0");
    assert_string_equal(row->op, "");
    assert_int_equal(row->batch, 1);
    assert_int_equal(row->n, 30);
    assert_true(row->median_s == 0.1 && row->p05_s == 0.09 && row->p95_s == 0.2);
    assert_true(row->min_s == 0.08 && row->mean_s == 0.11 && row->std_s == 0.01);
    assert_int_equal(row->out_elems, 0);
    row = &profile->rows[1];
    assert_true(isnan(row->p05_s) && isnan(row->p95_s) && isnan(row->min_s));
    assert_true(isnan(row->mean_s) && isnan(row->std_s));
    assert_int_equal(row->out_elems, 401408);
    es_profile_destroy(profile);
    es_profile_destroy(NULL);
}

static void windows_line_ends_are_read(void **state) {
    (void)state;
    es_profile *profile = load_text("# model: m\r\n# kind: scaled\r\n# granularity: leaf\r\n"
                                    "kind,index,name,op,batch,n,median_s,p05_s,p95_s,min_s,mean_s,"
                                    "std_s,out_elems\r\nhead,1,a,b,1,1,1,,,,,,7\r\n");
    assert_string_equal(profile->kind, "scaled");
    assert_int_equal(profile->rows[0].out_elems, 7);
    es_profile_destroy(profile);
}

static void save_and_load_give_the_same_bytes(void **state) {
    (void)state;
    es_profile *profile = load_text(whole_file);
    char *first = saved_text(profile);
    es_profile_destroy(profile);
    profile = load_text(first);
    char *second = saved_text(profile);
    es_profile_destroy(profile);
    assert_string_equal(first, second);
    assert_non_null(strstr(first, "\nhead,1,stem,,1,30,0.125,,,,,,401408\n"));
    assert_non_null(strstr(first, "\ntail,21,classifier,,1,30,0,,,,,,\n"));
    assert_non_null(strstr(first, "# device: TITAN Xp, down-clocked: 300 MHz\n"));
    free(first);
    free(second);
}

/* A double comes back as the same double. */
static void numbers_survive(void **state) {
    (void)state;
    const es_profile_row row = {ES_PROFILE_LAYER, 1,      "a",    "conv", 1,   1,
                                0.1 + 0.2,        1 / 3., 5e-324, 1e300,  0.1, (double)NAN,
                                INT64_MAX};
    const es_profile profile = {
        .model = "m", .kind = "modelled", .granularity = ES_FUSED, .n_rows = 1, .rows = &row};
    char *text = saved_text(&profile);
    es_profile *loaded = load_text(text);
    free(text);
    assert_int_equal(loaded->granularity, ES_FUSED);
    assert_int_equal(loaded->resolution, 0);
    assert_true(loaded->rows[0].median_s == row.median_s);
    assert_true(loaded->rows[0].p05_s == row.p05_s && loaded->rows[0].p95_s == row.p95_s);
    assert_true(loaded->rows[0].min_s == row.min_s && loaded->rows[0].mean_s == row.mean_s);
    assert_true(isnan(loaded->rows[0].std_s));
    assert_int_equal(loaded->rows[0].out_elems, INT64_MAX);
    assert_ptr_equal(es_profile_find(&profile, ES_PROFILE_LAYER, 1, 1), &row);
    assert_null(es_profile_find(&profile, ES_PROFILE_LAYER, 1, 2));
    es_profile_destroy(loaded);
}

static void rows_are_found(void **state) {
    (void)state;
    es_profile *profile = load_text(whole_file);
    for (size_t i = 0; i < profile->n_rows; i++) {
        const es_profile_row *row = &profile->rows[i];
        assert_ptr_equal(es_profile_find(profile, row->kind, row->index, row->batch), row);
    }
    assert_null(es_profile_find(profile, ES_PROFILE_TAIL, 1, 1));
    assert_null(es_profile_find(profile, ES_PROFILE_HEAD, 2, 1));
    assert_null(es_profile_find(profile, ES_PROFILE_HEAD, 1, 3));
    es_profile_destroy(profile);
}

static void batches_are_those_that_every_unit_has(void **state) {
    (void)state;
    es_errors errors;
    es_errors_init(&errors);
    es_profile *profile = load_text(PROVENANCE HEADER "head,1,a,,8,1,1,,,,,,\n"
                                                      "head,1,a,,1,1,1,,,,,,\n"
                                                      "tail,1,a,,1,1,1,,,,,,\n"
                                                      "tail,1,a,,2,1,1,,,,,,\n"
                                                      "head,1,a,,4,1,1,,,,,,\n"
                                                      "tail,1,a,,8,1,1,,,,,,\n");
    int64_t *batches = NULL;
    size_t n = 0;
    assert_int_equal(es_profile_batches(profile, &batches, &n, &errors), ES_OK);
    assert_int_equal(n, 2);
    assert_int_equal(batches[0], 1);
    assert_int_equal(batches[1], 8);
    free(batches);
    es_profile_destroy(profile);
    profile = load_text(PROVENANCE HEADER "head,1,a,,1,1,1,,,,,,\ntail,1,a,,2,1,1,,,,,,\n");
    assert_int_equal(es_profile_batches(profile, &batches, &n, &errors), ES_INVALID);
    expect_one_error(&errors, ES_INVALID, "", "no batch size has a row for every");
    es_profile_destroy(profile);
}

static void profile_of_another_model_is_rejected(void **state) {
    (void)state;
    static const struct {
        const char *model, *text;
        int64_t resolution;
    } wrong[] = {
        {"efficientnet-b1", "is a profile of efficientnet-b0; the model is efficientnet-b1", 224},
        {"efficientnet-b0", "is a profile of efficientnet-b0 at 224 pixels; the model has 225",
         225},
    };
    es_errors errors;
    es_model *model = NULL;
    es_profile *profile = load_text(whole_file);
    for (size_t i = 0; i < 2; i++) {
        es_errors_init(&errors);
        assert_int_equal(es_model_create(wrong[i].model, wrong[i].resolution, &model, &errors),
                         ES_OK);
        assert_int_equal(es_profile_check_model(profile, model, &errors), ES_INVALID);
        expect_one_error(&errors, ES_INVALID, "", wrong[i].text);
        es_model_destroy(model);
    }
    es_errors_init(&errors);
    assert_int_equal(es_model_create("efficientnet-b0", 0, &model, &errors), ES_OK);
    /* 20 units, so that the index 21 of the file is one too many */
    assert_int_equal(es_profile_check_model(profile, model, &errors), ES_INVALID);
    expect_one_error(
        &errors, ES_INVALID, "",
        "layer 21 (classifier), but efficientnet-b0 has 20 units at granularity block");
    es_profile_destroy(profile);
    es_errors_init(&errors);
    profile = load_text("# model: efficientnet-b0\n# kind: scaled\n# granularity: block\n" HEADER
                        "tail,20,classifier,,1,1,0,,,,,,\n");
    assert_int_equal(es_profile_check_model(profile, model, &errors), ES_OK);
    es_profile_destroy(profile);
    es_model_destroy(model);
}

static void broken_files_are_rejected(void **state) {
    (void)state;
    reject(PROVENANCE, "", "no table; expected the header `kind,index,");
    reject(PROVENANCE "kind,index\nhead,1\n", ":5", "expected the header `kind,index,name,op,");
    reject(PROVENANCE HEADER, "", "no row that could be read");
    reject(PROVENANCE HEADER "head,1,a,,1,1,1,,,,,,1", ":6", "the last line has no end");
    reject(PROVENANCE HEADER "head,1,a,,1,1,1,,,,,,1\nhead,2,a,,1,1\n", ":7",
           "6 fields; expected 13");
    reject(PROVENANCE HEADER "head,1,a,,1,1,1,,,,,,1\n\n", ":7", "1 fields; expected 13");
    reject(PROVENANCE HEADER "head,1,\"a\",,1,1,1,,,,,,1\nhead,1,a,,1,1,1,,,,,,1\n", ":6",
           "a quote character; fields are plain text");
    reject(PROVENANCE HEADER "head,1,a,,1,1,1,,,,,,1\n# late: yes\n", ":7",
           "provenance inside the table");
    reject(PROVENANCE "# no colon\n" HEADER "head,1,a,,1,1,1,,,,,,\n", ":5",
           "expected `# key: value`");
    reject(PROVENANCE "# : value\n" HEADER "head,1,a,,1,1,1,,,,,,\n", ":5",
           "expected `# key: value`");
    reject(PROVENANCE "# model: m\n" HEADER "head,1,a,,1,1,1,,,,,,\n", ":5",
           "model is there twice");
    es_errors errors;
    es_errors_init(&errors);
    es_profile *profile = NULL;
    write_text("");
    assert_int_equal(es_profile_load(input_path, &profile, &errors), ES_INVALID);
    assert_int_equal(errors.n, 4); /* no table, and none of the three lines that have to be there */
    es_errors_init(&errors);
    write_text("\xef\xbb\xbf" PROVENANCE HEADER "head,1,a,,1,1,1,,,,,,\n");
    assert_int_equal(es_profile_load(input_path, &profile, &errors), ES_INVALID);
    assert_non_null(strstr(errors.records[0].text, ":1: expected the header"));
    es_errors_init(&errors);
    static const char with_nul[] = PROVENANCE "# a: b\0c\n" HEADER "head,1,a,,1,1,1,,,,,,\n";
    write_bytes(with_nul, sizeof with_nul - 1);
    assert_int_equal(es_profile_load(input_path, &profile, &errors), ES_INVALID);
    expect_one_error(&errors, ES_INVALID, "", "a NUL byte");
    es_errors_init(&errors);
    assert_int_equal(es_profile_load("no/such/file.csv", &profile, &errors), ES_NO_INPUT);
    assert_int_equal(errors.n, 1);
}

#define ONE_ROW HEADER "head,1,a,,1,1,1,,,,,,\n"

static void wrong_provenance_is_rejected(void **state) {
    (void)state;
    reject("# kind: measured\n# granularity: leaf\n" ONE_ROW, "", "no line `# model: NAME`");
    reject("# model: m\n# granularity: leaf\n" ONE_ROW, "", "no line `# kind: measured`");
    reject("# model: m\n# kind: measured\n" ONE_ROW, "", "no line `# granularity: leaf`");
    reject("# model:\n# kind: measured\n# granularity: leaf\n" ONE_ROW, ":1", "model is empty");
    reject("# model: m\n# kind: guessed\n# granularity: leaf\n" ONE_ROW, ":2",
           "kind is \"guessed\"; expected measured, scaled or modelled");
    reject("# model: m\n# kind: scaled\n# granularity: blocks\n" ONE_ROW, ":3",
           "granularity is \"blocks\"; expected leaf, fused or block");
    reject("# model: m\n# kind: scaled\n# granularity: leaf\n# resolution: 0\n" ONE_ROW, ":4",
           "resolution is \"0\"; expected pixels per side");
    reject("# model: m\n# kind: scaled\n# granularity: leaf\n# resolution: big\n" ONE_ROW, ":4",
           "resolution is \"big\"");
}

static void wrong_fields_are_rejected(void **state) {
    (void)state;
    static const struct {
        const char *row, *text;
    } wrong[] = {
        {"heads,1,a,,1,1,1,,,,,,\n", "kind is \"heads\"; expected layer, head, tail or whole"},
        {"head,x,a,,1,1,1,,,,,,\n", "index is \"x\"; expected a whole number of at least 0"},
        {"head,-1,a,,1,1,1,,,,,,\n", "index is \"-1\""},
        {"layer,0,a,,1,1,1,,,,,,\n", "index is \"0\"; expected a whole number of at least 1"},
        {"whole,1,a,,1,1,1,,,,,,\n", "index is \"1\"; expected 0 for the whole network"},
        {"head,1,a,,0,1,1,,,,,,\n", "batch is \"0\"; expected a whole number of at least 1"},
        {"head,1,a,,1.5,1,1,,,,,,\n", "batch is \"1.5\""},
        {"head,1,a,,1,0,1,,,,,,\n", "n is \"0\""},
        {"head,1,a,,1,,1,,,,,,\n", "n is \"\""},
        {"head,1,a,,1,1,,,,,,,\n", "median_s is \"\"; expected seconds, finite and above 0"},
        {"head,1,a,,1,1,nan,,,,,,\n", "median_s is \"nan\""},
        {"head,1,a,,1,1,inf,,,,,,\n", "median_s is \"inf\""},
        {"head,1,a,,1,1,1e999,,,,,,\n", "median_s is \"1e999\""},
        {"head,1,a,,1,1,-1,,,,,,\n", "median_s is \"-1\""},
        {"layer,1,a,,1,1,0,,,,,,\n", "median_s is \"0\""},
        {"whole,0,a,,1,1,0,,,,,,\n", "median_s is \"0\""},
        {"head,1,a,,1,1,1,nan,,,,,\n", "p05_s is \"nan\"; expected seconds, finite and not neg"},
        {"head,1,a,,1,1,1,,-1,,,,\n", "p95_s is \"-1\""},
        {"head,1,a,,1,1,1,,,x,,,\n", "min_s is \"x\""},
        {"head,1,a,,1,1,1,,,,inf,,\n", "mean_s is \"inf\""},
        {"head,1,a,,1,1,1,,,,,-0.5,\n", "std_s is \"-0.5\""},
        {"head,1,a,,1,1,1,,,,,,-7\n", "out_elems is \"-7\""},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[1024];
        snprintf(text, sizeof text, "%s%s", PROVENANCE HEADER, wrong[i].row);
        reject(text, ":6", wrong[i].text);
    }
}

static void every_mistake_is_reported(void **state) {
    (void)state;
    es_errors errors;
    es_errors_init(&errors);
    es_profile *profile = NULL;
    write_text("# model: m\n# kind: guessed\n" HEADER "head,1,a,,0,0,nan,,,,,,\n"
               "head,1,a,,1,1,1,,,,,,\n"
               "head,2,a,,1,1,1,,,,,,\n"
               "head,1,b,,1,1,2,,,,,,\n"
               "head,3\n");
    assert_int_equal(es_profile_load(input_path, &profile, &errors), ES_INVALID);
    static const char *const expected[] = {
        ":2: kind is",
        ":4: batch is",
        ":4: n is",
        ":4: median_s is",
        ":8: 2 fields",
        ": no line `# granularity",
        ":7: head 1 at batch 1 is there twice; first in line 5",
    };
    assert_int_equal(errors.n, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < errors.n; i++)
        assert_non_null(strstr(errors.records[i].text, expected[i]));
}

static void texts_that_the_format_cannot_hold_are_not_saved(void **state) {
    (void)state;
    static const es_provenance broken[] = {{"a:b", ""}, {"", "x"}, {" a", "x"}, {"a", "x\ny"}};
    es_profile_row row = {.kind = ES_PROFILE_HEAD, .name = "a", .op = "", .batch = 1, .n = 1};
    es_profile profile = {.model = "m", .kind = "scaled", .n_rows = 1, .rows = &row};
    es_errors errors;
    es_errors_init(&errors);
    profile.n_provenance = 1;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        profile.provenance = &broken[i];
        assert_int_equal(es_profile_save(&profile, output_path, true, &errors), ES_INVALID);
        assert_int_equal(errors.n, i + 1);
    }
    profile.n_provenance = 0;
    profile.model = "m\nn";
    assert_int_equal(es_profile_save(&profile, output_path, true, &errors), ES_INVALID);
    profile.model = "m";
    row.name = "a,b";
    assert_int_equal(es_profile_save(&profile, output_path, true, &errors), ES_INVALID);
    row.name = "a";
    row.op = "\"conv\"";
    assert_int_equal(es_profile_save(&profile, output_path, true, &errors), ES_INVALID);
    row.op = "";
    remove(output_path);
    assert_int_equal(es_profile_save(&profile, output_path, false, &errors), ES_OK);
    assert_int_equal(es_profile_save(&profile, output_path, false, &errors), ES_CANT_CREATE);
}

static es_status load_once(es_profile **profile, es_errors *errors) {
    return es_profile_load(input_path, profile, errors);
}

static es_status save_once(es_profile **profile, es_errors *errors) {
    return es_profile_save(*profile, output_path, true, errors);
}

static es_status batches_once(es_profile **profile, es_errors *errors) {
    int64_t *batches = NULL;
    size_t n;
    es_status status = es_profile_batches(*profile, &batches, &n, errors);
    free(batches);
    return status;
}

static void memory_that_runs_out_is_reported(void **state) {
    (void)state;
    es_profile *profile = NULL;
    write_text(PROVENANCE HEADER "head,1,a,,1,1,1,,,,,,\n");
    exhaust(load_once, &profile, 5);
    exhaust(save_once, &profile, 5);
    exhaust(batches_once, &profile, 1);
    es_profile_destroy(profile);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(file_is_read),
        cmocka_unit_test(windows_line_ends_are_read),
        cmocka_unit_test(save_and_load_give_the_same_bytes),
        cmocka_unit_test(numbers_survive),
        cmocka_unit_test(rows_are_found),
        cmocka_unit_test(batches_are_those_that_every_unit_has),
        cmocka_unit_test(profile_of_another_model_is_rejected),
        cmocka_unit_test(broken_files_are_rejected),
        cmocka_unit_test(wrong_provenance_is_rejected),
        cmocka_unit_test(wrong_fields_are_rejected),
        cmocka_unit_test(every_mistake_is_reported),
        cmocka_unit_test(texts_that_the_format_cannot_hold_are_not_saved),
        cmocka_unit_test(memory_that_runs_out_is_reported),
    };
    return cmocka_run_group_tests(tests, name_files, remove_files);
}
