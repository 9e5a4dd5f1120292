#include "edgesplit/table.h"

#include "edgesplit/alloc.h"

#include <stdarg.h>

void es_table_init(es_table *table, size_t n_columns, size_t n_left) {
    *table = (es_table){.n_columns = n_columns, .n_left = n_left};
}

void es_table_fini(es_table *table) {
    for (size_t i = 0; i < table->n_cells; i++)
        free(table->cells[i]);
    free((void *)table->cells);
}

void es_table_add(es_table *table, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (table->failed || length < 0 ||
        es_reserve((void *)&table->cells, &table->capacity, table->n_cells + 1,
                   sizeof *table->cells) != ES_OK) {
        table->failed = true;
        return;
    }
    char *cell = es_alloc((size_t)length + 1, 1);
    if (cell == NULL) {
        table->failed = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(cell, (size_t)length + 1, format, arguments);
    va_end(arguments);
    table->cells[table->n_cells++] = cell;
}

/* Characters of a UTF-8 text. */
static size_t text_width(const char *text) {
    size_t width = 0;
    for (; *text != '\0'; text++)
        width += ((unsigned char)*text & 0xC0) != 0x80;
    return width;
}

static size_t column_width(const es_table *table, size_t column) {
    size_t widest = 0;
    for (size_t i = column; i < table->n_cells; i += table->n_columns) {
        size_t width = text_width(table->cells[i]);
        widest = width > widest ? width : widest;
    }
    return widest;
}

size_t es_table_width(const es_table *table, size_t indent) {
    size_t width = indent;
    for (size_t column = 0; column < table->n_columns; column++)
        width += column_width(table, column) + (column > 0 ? 2 : 0);
    return width;
}

/* Ends a line without blanks before its end. */
static void end_line(es_text *text) {
    while (text->length > 0 && text->data[text->length - 1] == ' ')
        text->length--;
    es_text_add(text, "\n");
}

void es_table_print(const es_table *table, size_t indent, es_text *text) {
    size_t *widths = es_alloc(table->n_columns, sizeof *widths);
    text->failed = text->failed || table->failed || widths == NULL;
    for (size_t column = 0; column < table->n_columns && !text->failed; column++)
        widths[column] = column_width(table, column);
    size_t column = 0;
    for (size_t i = 0; i < table->n_cells && !text->failed; i++) {
        const char *cell = table->cells[i];
        int padding = (int)(widths[column] - text_width(cell));
        es_text_add(text, "%*s", (int)(column > 0 ? 2 : indent), "");
        if (column < table->n_left)
            es_text_add(text, "%s%*s", cell, padding, "");
        else
            es_text_add(text, "%*s%s", padding, "", cell);
        column++;
        if (column == table->n_columns) {
            end_line(text);
            column = 0;
        }
    }
    free(widths);
}
