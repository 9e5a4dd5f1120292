#include "profile_files.h"

#include <math.h>

static const char table[] = "size,blocks,other,ms\n"
                            "1,none,,40\n"
                            "1,all,,50\n"
                            "1,0,x,0.5\n"
                            "1,16,x,39\n"
                            "2,0,x,1\n";

static const es_provenance given[] = {{"device", "a GPU"}, {"resolution", "224"}};
static const char *const skipped[] = {"none"};

static es_profile_import description(void) {
    return (es_profile_import){.model = "efficientnet-b0",
                               .granularity = ES_BLOCK,
                               .kind = ES_PROFILE_HEAD,
                               .batch_column = "size",
                               .index_column = "blocks",
                               .index_offset = 1,
                               .time_column = "ms",
                               .time_unit_s = 1e-3,
                               .whole_label = "all",
                               .n_skip = 1,
                               .skip = skipped,
                               .n_provenance = 2,
                               .provenance = given};
}

static void table_is_imported(void **state) {
    (void)state;
    es_errors errors;
    es_errors_init(&errors);
    es_profile *profile = NULL;
    es_profile_import how = description();
    write_text(table);
    assert_int_equal(es_profile_import_csv(input_path, &how, &profile, &errors), ES_OK);
    char sha256[ES_SHA256_TEXT];
    assert_int_equal(es_sha256(table, strlen(table), sha256), ES_OK);
    assert_string_equal(es_profile_provenance(profile, "source-sha256"), sha256);
    assert_string_equal(profile->sha256, sha256);
    assert_string_equal(es_profile_provenance(profile, "device"), "a GPU");
    assert_string_equal(es_profile_provenance(profile, "model"), "efficientnet-b0");
    assert_string_equal(profile->kind, "measured");
    assert_int_equal(profile->resolution, 224);
    assert_int_equal(profile->n_rows, 4);
    const es_profile_row *row = es_profile_find(profile, ES_PROFILE_WHOLE, 0, 1);
    assert_true(row->median_s == 50 * 1e-3);
    assert_int_equal(row->n, 1);
    row = es_profile_find(profile, ES_PROFILE_HEAD, 1, 2);
    assert_string_equal(row->name, "stem");
    assert_int_equal(row->out_elems, 32 * 112 * 112);
    assert_true(row->median_s == 1e-3 && isnan(row->p05_s) && isnan(row->std_s));
    assert_string_equal(es_profile_find(profile, ES_PROFILE_HEAD, 17, 1)->name, "block16");
    char *text = saved_text(profile);
    es_profile_destroy(profile);
    profile = load_text(text);
    char *again = saved_text(profile);
    assert_string_equal(text, again);
    free(text);
    free(again);
    es_profile_destroy(profile);
}

/* Layers at leaf granularity have operators; a table without batch column is of one batch. */
static void layers_are_imported(void **state) {
    (void)state;
    es_errors errors;
    es_errors_init(&errors);
    es_profile *profile = NULL;
    static const es_provenance scaled = {"kind", "scaled"};
    es_profile_import how = description();
    how.kind = ES_PROFILE_LAYER;
    how.granularity = ES_LEAF;
    how.batch_column = NULL;
    how.batch = 7;
    how.n_provenance = 1;
    how.provenance = &scaled;
    write_text("blocks,ms\n0,1\n6,1\n2,3"); /* no line end behind the last row */
    assert_int_equal(es_profile_import_csv(input_path, &how, &profile, &errors), ES_OK);
    assert_string_equal(profile->kind, "scaled");
    const es_profile_row *row = es_profile_find(profile, ES_PROFILE_LAYER, 3, 7);
    assert_string_equal(row->name, "stem.silu");
    assert_string_equal(row->op, "silu");
    assert_int_equal(row->out_elems, 32 * 112 * 112);
    row = es_profile_find(profile, ES_PROFILE_LAYER, 7, 7);
    assert_string_equal(row->name, "block1.se-pool.global-average-pool");
    assert_int_equal(row->out_elems, 32); /* its own, not what crosses the cut behind it */
    es_profile_destroy(profile);
}

static void reject_table(const char *content, const es_profile_import *how, const char *place,
                         const char *text) {
    es_errors errors;
    es_errors_init(&errors);
    es_profile *profile = NULL;
    write_text(content);
    assert_int_equal(es_profile_import_csv(input_path, how, &profile, &errors), ES_INVALID);
    assert_null(profile);
    expect_one_error(&errors, ES_INVALID, place, text);
}

#define TABLE_HEADER "size,blocks,ms\n"

static void broken_tables_are_rejected(void **state) {
    (void)state;
    es_profile_import how = description();
    reject_table("", &how, ":1", "empty; expected a header");
    reject_table("size,block,ms\n", &how, ":1",
                 "no column \"blocks\"; the columns are size,block,ms");
    reject_table("size,blocks,ms,ms\n", &how, ":1", "more than one column \"ms\"");
    reject_table(TABLE_HEADER, &how, "", "no row that could be read");
    reject_table(TABLE_HEADER "1,0,1\n1,1\n", &how, ":3", "2 fields; the header has 3");
    reject_table(TABLE_HEADER "1,0,1\n1,\"1\",2\n", &how, ":3", "a quote character");
    reject_table(TABLE_HEADER "1,x,1\n", &how, ":2", "blocks is \"x\"; expected a number");
    reject_table(TABLE_HEADER "1,20,1\n", &how, ":2",
                 "blocks is 20, with the offset 1; expected 0 to 20 in the sum");
    reject_table(TABLE_HEADER "1,-2,1\n", &how, ":2", "blocks is -2, with the offset 1");
    reject_table(TABLE_HEADER "1,9223372036854775807,1\n", &how, ":2", "blocks is 92233720368547");
    reject_table(TABLE_HEADER "0,1,1\n", &how, ":2", "size is \"0\"; expected a whole number");
    reject_table(TABLE_HEADER "1,1,-1\n", &how, ":2", "ms is \"-1\"; expected a time");
    reject_table(TABLE_HEADER "1,1,nan\n", &how, ":2", "ms is \"nan\"; expected a time");
    reject_table(TABLE_HEADER "1,all,0\n", &how, ":2", "ms is \"0\"; expected a time");
    reject_table(TABLE_HEADER "1,1,1\n1,1,2\n", &how, ":3",
                 "head 2 at batch 1 is there twice; first in line 2");
    how.kind = ES_PROFILE_LAYER;
    reject_table(TABLE_HEADER "1,-1,1\n", &how, ":2",
                 "blocks is -1, with the offset 1; expected 1 to 20 in the sum");
    reject_table(TABLE_HEADER "1,1,0\n", &how, ":2", "ms is \"0\"; expected a time");
}

static void impossible_descriptions_are_rejected(void **state) {
    (void)state;
    static const struct {
        es_provenance provenance[2];
        size_t n;
        const char *text;
    } wrong[] = {
        {{{"model", "x"}}, 1, "provenance model is the import's own"},
        {{{"source-sha256", "x"}}, 1, "provenance source-sha256 is the import's own"},
        {{{"a", "x"}, {"a", "y"}}, 2, "provenance a is given twice"},
        {{{"kind", "guessed"}}, 1, "provenance kind is \"guessed\""},
        {{{"resolution", "-1"}}, 1, "provenance resolution is \"-1\""},
        {{{"a", "x\ny"}}, 1, "provenance a: a line break"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        es_profile_import how = description();
        how.n_provenance = wrong[i].n;
        how.provenance = wrong[i].provenance;
        reject_table(table, &how, "", wrong[i].text);
    }
    es_profile_import how = description();
    how.kind = ES_PROFILE_WHOLE;
    reject_table(table, &how, "", "numbered rows are of the whole network");
    how = description();
    how.batch_column = NULL;
    reject_table(table, &how, "", "batch size 0; expected at least 1");
    static const double units[] = {0, -1, (double)INFINITY, (double)NAN};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        how = description();
        how.time_unit_s = units[i];
        reject_table(table, &how, "", "a time unit of ");
    }
    es_errors errors;
    es_errors_init(&errors);
    es_profile *profile = NULL;
    how = description();
    how.model = "efficientnet-b00";
    assert_int_equal(es_profile_import_csv(input_path, &how, &profile, &errors), ES_INVALID);
    assert_non_null(strstr(errors.records[0].text, "no network is called"));
    how = description();
    assert_int_equal(es_profile_import_csv("no/such.csv", &how, &profile, &errors), ES_NO_INPUT);
}

static es_status import_once(es_profile **profile, es_errors *errors) {
    es_profile_import how = description();
    return es_profile_import_csv(input_path, &how, profile, errors);
}

static void memory_that_runs_out_is_reported(void **state) {
    (void)state;
    es_profile *profile = NULL;
    write_text(table);
    exhaust(import_once, &profile, 15);
    es_profile_destroy(profile);
}

/* Somebody else's measurements: heads on one GPU, tails on another, whole networks as labels. */
static void published_table_is_imported(void **state) {
    (void)state;
    static const char path[] = ES_SHARED_DATA "/reference/efficientnet_b0_titanxp_3090ti.csv";
    if (access(path, R_OK) != 0)
        skip();
    static const struct {
        es_profile_kind kind;
        const char *column, *whole, *skip;
        double whole_s, stem_s, block16_s;
    } sides[] = {
        {ES_PROFILE_HEAD, "head_ms_titanxp", "no_offload", "full_offload", 115.05890115666641e-3,
         0.4038302233334434e-3, 109.80848462000002e-3},
        {ES_PROFILE_TAIL, "tail_ms_3090ti", "full_offload", "no_offload", 33.403415089999655e-3,
         34.097693313333366e-3, 0.6516142533333399e-3},
    };
    es_errors errors;
    es_errors_init(&errors);
    es_model *model = NULL;
    assert_int_equal(es_model_create("efficientnet-b0", 224, &model, &errors), ES_OK);
    for (size_t i = 0; i < 2; i++) {
        const es_profile_import how = {.model = "efficientnet-b0",
                                       .granularity = ES_BLOCK,
                                       .kind = sides[i].kind,
                                       .batch_column = "batch",
                                       .index_column = "blocks_done",
                                       .index_offset = 1,
                                       .time_column = sides[i].column,
                                       .time_unit_s = 1e-3,
                                       .whole_label = sides[i].whole,
                                       .n_skip = 1,
                                       .skip = &sides[i].skip};
        es_profile *profile = NULL;
        assert_int_equal(es_profile_import_csv(path, &how, &profile, &errors), ES_OK);
        assert_int_equal(es_profile_check_model(profile, model, &errors), ES_OK);
        assert_int_equal(profile->n_rows, 18 * 30);
        int64_t *batches = NULL;
        size_t n = 0;
        assert_int_equal(es_profile_batches(profile, &batches, &n, &errors), ES_OK);
        assert_int_equal(n, 30);
        assert_int_equal(batches[29], 30);
        free(batches);
        const es_profile_row *whole = es_profile_find(profile, ES_PROFILE_WHOLE, 0, 1);
        const es_profile_row *stem = es_profile_find(profile, sides[i].kind, 1, 1);
        const es_profile_row *last = es_profile_find(profile, sides[i].kind, 17, 1);
        assert_true(fabs(whole->median_s - sides[i].whole_s) <= 1e-15);
        assert_true(fabs(stem->median_s - sides[i].stem_s) <= 1e-15);
        assert_true(fabs(last->median_s - sides[i].block16_s) <= 1e-15);
        assert_string_equal(stem->name, "stem");
        assert_string_equal(last->name, "block16");
        es_profile_destroy(profile);
    }
    es_model_destroy(model);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_imported),
        cmocka_unit_test(layers_are_imported),
        cmocka_unit_test(broken_tables_are_rejected),
        cmocka_unit_test(impossible_descriptions_are_rejected),
        cmocka_unit_test(memory_that_runs_out_is_reported),
        cmocka_unit_test(published_table_is_imported),
    };
    return cmocka_run_group_tests(tests, name_files, remove_files);
}
