/* Text: a growing buffer, numbers to and from text without a locale, nearest known name. */
#ifndef EDGESPLIT_TEXT_H
#define EDGESPLIT_TEXT_H

#include "edgesplit/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing, always NUL-terminated buffer. Zero-initialise it; free `data` in the end. A failed
 * append marks it `failed` and later appends do nothing, so that a writer checks once, at the end.
 */
typedef struct es_text {
    char *data;
    size_t length, capacity;
    bool failed;
} es_text;

void es_text_add(es_text *text, const char *format, ...) ES_PRINTF(2, 3);

/* Appends bytes as they are, faster than by a format. */
void es_text_append(es_text *text, const char *data, size_t length);

/* Appends `value` as a JSON string, quotes included. */
void es_text_add_json(es_text *text, const char *value);

/* Appends `value` as a field of CSV (RFC 4180): quoted where a separator, a quote or a line end
 * would be misread. */
void es_text_add_csv(es_text *text, const char *value);

/* A part of somebody else's text; not NUL-terminated. */
typedef struct es_slice {
    const char *data;
    size_t length;
} es_slice;

/* All of a text; lends from it. */
es_slice es_slice_of(const char *text);

/* Without white space at both ends. */
es_slice es_slice_trim(es_slice slice);

bool es_slice_equals(es_slice slice, const char *text);

/* Cuts the next line (without its LF or CR LF) off the front of `*rest`; false at the end. A last
 * line without LF counts. O(length of the line). */
bool es_next_line(es_slice *rest, es_slice *line);

/* Cuts the next field off the front of `*rest`, up to `separator` or the end, trimmed; false when
 * there are none left. "a,,b" has three fields; an empty `*rest` with a NULL data pointer is the
 * end. */
bool es_next_field(es_slice *rest, char separator, es_slice *field);

/* The whole slice as a finite decimal number; NaN, infinity, hexadecimal, white space or trailing
 * text: ES_INVALID. */
ES_NODISCARD es_status es_parse_double(es_slice slice, double *value);

/* The whole slice as a decimal integer in int64 range; else ES_INVALID. */
ES_NODISCARD es_status es_parse_int64(es_slice slice, int64_t *value);

/* Shortest decimal text (at most 17 significant digits) that reads back as the same double, of
 * those of its length the one nearest to it. 0.1 us for numbers of up to 15 digits, below 1 us for
 * others. */
enum { ES_NUMBER_TEXT = 32 };
void es_format_double(double value, char text[ES_NUMBER_TEXT]);

/* The name nearest to `word` in optimal string alignment distance (insertions, deletions,
 * substitutions, transpositions of neighbours), or NULL when none is near: farther than 1 + length
 * / 4. `name_at(context, i)` lends name i of `n`. O(n * length^2). */
const char *es_nearest_name(const char *word, size_t n,
                            const char *(*name_at)(const void *context, size_t i),
                            const void *context);

/* The end of a message about an unknown name: "; did you mean BEFORE<nearest>AFTER?", or
 * `otherwise` where `nearest` is NULL. Cut if longer. */
typedef struct es_hint {
    char text[128];
} es_hint;
es_hint es_did_you_mean(const char *nearest, const char *before, const char *after,
                        const char *otherwise);

#endif
