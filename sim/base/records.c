#include "edgesplit/records.h"

#include "edgesplit/alloc.h"
#include "edgesplit/table.h"

#include <math.h>
#include <string.h>

void es_records_init(es_records *records, size_t n_columns, const es_field *columns) {
    *records = (es_records){.n_columns = n_columns, .columns = columns};
}

static size_t column_of(const es_records *records, size_t value) {
    ES_REQUIRE(records->n_columns > 0);
    return value % records->n_columns;
}

static es_field_kind kind_of(const es_records *records, size_t value) {
    return records->columns[column_of(records, value)].kind;
}

void es_records_fini(es_records *records) {
    for (size_t i = 0; i < records->n_values; i++)
        if (kind_of(records, i) == ES_FIELD_TEXT)
            free(records->values[i].text);
    free(records->values);
}

static void add(es_records *records, es_field_kind kind, es_record_value value) {
    if (!records->failed)
        records->failed = es_reserve(&records->values, &records->capacity, records->n_values + 1,
                                     sizeof *records->values) != ES_OK;
    if (records->failed) {
        if (kind == ES_FIELD_TEXT)
            free(value.text);
        return;
    }
    ES_REQUIRE(kind_of(records, records->n_values) == kind);
    records->values[records->n_values++] = value;
}

void es_records_add_text(es_records *records, const char *text) {
    char *copy = es_strdup(text);
    records->failed |= copy == NULL;
    add(records, ES_FIELD_TEXT, (es_record_value){.text = copy});
}

void es_records_add_count(es_records *records, int64_t count) {
    add(records, ES_FIELD_COUNT, (es_record_value){.count = count});
}

void es_records_add_real(es_records *records, double real) {
    add(records, ES_FIELD_REAL, (es_record_value){.real = real});
}

void es_records_add_flag(es_records *records, bool flag) {
    add(records, ES_FIELD_FLAG, (es_record_value){.flag = flag});
}

static void print_table(const es_records *records, es_text *text) {
    es_table table;
    es_table_init(&table, records->n_columns, 0);
    while (table.n_left < records->n_columns &&
           records->columns[table.n_left].kind == ES_FIELD_TEXT)
        table.n_left++;
    for (size_t c = 0; c < records->n_columns; c++)
        es_table_add(&table, "%s", records->columns[c].name);
    for (size_t i = 0; i < records->n_values; i++) {
        es_record_value value = records->values[i];
        switch (kind_of(records, i)) {
        case ES_FIELD_TEXT: es_table_add(&table, "%s", value.text); break;
        case ES_FIELD_COUNT: es_table_add(&table, "%lld", (long long)value.count); break;
        case ES_FIELD_REAL:
            es_table_add(&table, isnan(value.real) ? "-" : "%.6g", value.real);
            break;
        case ES_FIELD_FLAG: es_table_add(&table, "%s", value.flag ? "yes" : ""); break;
        }
    }
    es_table_print(&table, 0, text);
    es_table_fini(&table);
}

/* A value as CSV and JSON have it. */
static void add_value(const es_records *records, size_t i, bool json, es_text *text) {
    es_record_value value = records->values[i];
    char number[ES_NUMBER_TEXT];
    switch (kind_of(records, i)) {
    case ES_FIELD_TEXT:
        if (json)
            es_text_add_json(text, value.text);
        else
            es_text_add_csv(text, value.text);
        break;
    case ES_FIELD_COUNT: es_text_add(text, "%lld", (long long)value.count); break;
    case ES_FIELD_REAL:
        es_format_double(value.real, number);
        es_text_add(text, "%s", !isnan(value.real) ? number : json ? "null" : "");
        break;
    case ES_FIELD_FLAG: es_text_add(text, "%s", value.flag ? "true" : "false"); break;
    }
}

static void print_csv(const es_records *records, es_text *text) {
    for (size_t c = 0; c < records->n_columns; c++)
        es_text_add(text, "%s%s", c > 0 ? "," : "", records->columns[c].name);
    for (size_t i = 0; i < records->n_values; i++) {
        es_text_add(text, column_of(records, i) == 0 ? "\n" : ",");
        add_value(records, i, false, text);
    }
    es_text_add(text, "\n");
}

static void print_json(const es_records *records, es_text *text) {
    es_text_add(text, "[");
    for (size_t i = 0; i < records->n_values; i++) {
        size_t c = column_of(records, i);
        es_text_add(text, c > 0 ? ", " : i > 0 ? "},\n {" : "\n {");
        es_text_add_json(text, records->columns[c].name);
        es_text_add(text, ": ");
        add_value(records, i, true, text);
    }
    es_text_add(text, records->n_values > 0 ? "}\n]\n" : "]\n");
}

void es_records_print(const es_records *records, es_records_form form, es_text *text) {
    text->failed |= records->failed;
    if (form == ES_FORM_TABLE)
        print_table(records, text);
    else if (form == ES_FORM_CSV)
        print_csv(records, text);
    else
        print_json(records, text);
}
