#include "edgesplit/number.h"
#include "edgesplit/records.h"

#include "fault_alloc.h"
#include "test.h"

#include <string.h>

static const es_field columns[] = {
    {"name", ES_FIELD_TEXT},
    {"n", ES_FIELD_COUNT},
    {"share", ES_FIELD_REAL},
    {"natural", ES_FIELD_FLAG},
};

static void add_row(es_records *records, const char *name, int64_t n, double share, bool natural) {
    es_records_add_text(records, name);
    es_records_add_count(records, n);
    es_records_add_real(records, share);
    es_records_add_flag(records, natural);
}

static void fill(es_records *records) {
    es_records_init(records, sizeof columns / sizeof columns[0], columns);
    add_row(records, "plain", 7, 1.0 / 3.0, true);
    add_row(records, "a,b \"c\"", -12, ES_NAN, false);
}

static void expect(es_records_form form, const char *expected) {
    es_records records;
    es_text text = {0};
    fill(&records);
    es_records_print(&records, form, &text);
    assert_false(text.failed);
    assert_string_equal(text.data, expected);
    free(text.data);
    es_records_fini(&records);
}

static void a_table_is_aligned(void **state) {
    (void)state;
    expect(ES_FORM_TABLE, "name       n     share  natural\n"
                          "plain      7  0.333333      yes\n"
                          "a,b \"c\"  -12         -\n");
}

static void csv_reads_back(void **state) {
    (void)state;
    expect(ES_FORM_CSV, "name,n,share,natural\n"
                        "plain,7,0.3333333333333333,true\n"
                        "\"a,b \"\"c\"\"\",-12,,false\n");
}

static void json_reads_back(void **state) {
    (void)state;
    expect(
        ES_FORM_JSON,
        "[\n {\"name\": \"plain\", \"n\": 7, \"share\": 0.3333333333333333, \"natural\": true},\n"
        " {\"name\": \"a,b \\\"c\\\"\", \"n\": -12, \"share\": null, \"natural\": false}\n]\n");
}

static void no_rows_are_a_header(void **state) {
    (void)state;
    es_records records;
    es_text text = {0};
    es_records_init(&records, sizeof columns / sizeof columns[0], columns);
    es_records_print(&records, ES_FORM_CSV, &text);
    assert_string_equal(text.data, "name,n,share,natural\n");
    text.length = 0;
    es_records_print(&records, ES_FORM_JSON, &text);
    assert_string_equal(text.data, "[]\n");
    free(text.data);
    es_records_fini(&records);
}

static void memory_that_runs_out_marks_the_text(void **state) {
    (void)state;
    for (size_t form = ES_FORM_TABLE; form <= ES_FORM_JSON; form++)
        for (size_t n = 1;; n++) {
            es_records records;
            es_text text = {0};
            fault_alloc_fail_at(n);
            fill(&records);
            es_records_print(&records, (es_records_form)form, &text);
            bool struck = fault_alloc_struck();
            fault_alloc_fail_at(0);
            assert_int_equal(text.failed, struck);
            free(text.data);
            es_records_fini(&records);
            if (!struck)
                break;
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_aligned),
        cmocka_unit_test(csv_reads_back),
        cmocka_unit_test(json_reads_back),
        cmocka_unit_test(no_rows_are_a_header),
        cmocka_unit_test(memory_that_runs_out_marks_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
