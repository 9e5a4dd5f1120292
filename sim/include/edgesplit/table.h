/* A table of text for people: columns as wide as their widest cell, two spaces apart. */
#ifndef EDGESPLIT_TABLE_H
#define EDGESPLIT_TABLE_H

#include "edgesplit/text.h"

typedef struct es_table {
    size_t n_columns, n_left; /* the first n_left columns are flush left, the others right */
    size_t n_cells, capacity;
    char **cells; /* row by row */
    bool failed;  /* memory ran out; later calls do nothing */
} es_table;

void es_table_init(es_table *table, size_t n_columns, size_t n_left);
void es_table_fini(es_table *table);

/* Adds the next cell, row by row. */
void es_table_add(es_table *table, const char *format, ...) ES_PRINTF(2, 3);

/* Columns of characters that a line takes, `indent` spaces included. */
size_t es_table_width(const es_table *table, size_t indent);

/* Appends the table's lines. A table that failed marks `text` as failed. */
void es_table_print(const es_table *table, size_t indent, es_text *text);

#endif
