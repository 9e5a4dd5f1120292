/* Rows with named columns, printed as a table for people, as CSV or as JSON: one description, three
 * forms of the same numbers. */
#ifndef EDGESPLIT_RECORDS_H
#define EDGESPLIT_RECORDS_H

#include "edgesplit/text.h"

typedef enum es_field_kind {
    ES_FIELD_TEXT,
    ES_FIELD_COUNT,
    ES_FIELD_REAL, /* NaN is "nothing": an empty field, null, "-" */
    ES_FIELD_FLAG, /* true and false; in the table "yes" and nothing */
} es_field_kind;

typedef struct es_field {
    const char *name;
    es_field_kind kind;
} es_field;

typedef union es_record_value {
    char *text; /* owned */
    int64_t count;
    double real;
    bool flag;
} es_record_value;

typedef struct es_records {
    size_t n_columns;
    const es_field *columns; /* [n_columns], borrowed */
    size_t n_values, capacity;
    es_record_value *values; /* row by row */
    bool failed;             /* memory ran out; later calls do nothing */
} es_records;

void es_records_init(es_records *records, size_t n_columns, const es_field *columns);
void es_records_fini(es_records *records);

/* Add the next value, row by row; its kind is that of the column whose turn it is. */
void es_records_add_text(es_records *records, const char *text);
void es_records_add_count(es_records *records, int64_t count);
void es_records_add_real(es_records *records, double real);
void es_records_add_flag(es_records *records, bool flag);

typedef enum es_records_form { ES_FORM_TABLE, ES_FORM_CSV, ES_FORM_JSON } es_records_form;

/* Appends all rows: a table with 6 significant digits; CSV (RFC 4180) under a header; or a JSON
 * array of objects. CSV and JSON give reals in the shortest form that reads back as the same
 * double. Records that failed mark `text` as failed. O(values). */
void es_records_print(const es_records *records, es_records_form form, es_text *text);

#endif
