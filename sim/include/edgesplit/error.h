/* Error records: what went wrong, where, and what was expected instead.
 *
 * Functions that read what a user wrote take an `es_errors` and add one record per mistake, so that
 * all mistakes of a file are reported at once. The list has a fixed capacity and never allocates:
 * an error can be recorded when memory has run out. */
#ifndef EDGESPLIT_ERROR_H
#define EDGESPLIT_ERROR_H

#include "edgesplit/status.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

enum { ES_ERRORS_CAPACITY = 32, ES_ERROR_TEXT = 512 };

typedef struct es_error {
    es_status status;
    size_t line;              /* in the file that the text names; 0: no line */
    char text[ES_ERROR_TEXT]; /* "FILE:LINE: what is wrong; what was expected", cut if longer */
} es_error;

typedef struct es_errors {
    size_t n;    /* records kept */
    size_t lost; /* further records that did not fit */
    es_error records[ES_ERRORS_CAPACITY];
} es_errors;

void es_errors_init(es_errors *errors);

/* Adds a record and returns its status. `file` may be NULL (no place) and `line` 0 (no line). */
es_status es_errors_add(es_errors *errors, es_status status, const char *file, size_t line,
                        const char *format, ...) ES_PRINTF(5, 6);
es_status es_errors_add_list(es_errors *errors, es_status status, const char *file, size_t line,
                             const char *format, va_list arguments) ES_PRINTF(5, 0);

/* Adds "out of memory", about a file or NULL, and returns ES_NO_MEMORY. */
static inline es_status es_errors_no_memory(es_errors *errors, const char *file) {
    es_errors_add(errors, ES_NO_MEMORY, file, 0, "out of memory");
    return ES_NO_MEMORY;
}

/* Adds the records of `found` that are not there yet. O(records^2). */
void es_errors_add_new(es_errors *errors, const es_errors *found);

/* The status of the first record, ES_OK if there is none: what a function returns after collecting.
 */
es_status es_errors_status(const es_errors *errors);

/* Prints every record on its own line, in the order they were added. */
void es_errors_print(const es_errors *errors, FILE *stream);

#endif
