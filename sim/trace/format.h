/* What a trace format is to the trace module: a file of this folder that ends in a `const` ops
 * struct, and a line of trace.def. */
#ifndef SIM_TRACE_FORMAT_H
#define SIM_TRACE_FORMAT_H

#include "edgesplit/trace.h"

#include <stdbool.h>

/* A file being read. */
typedef struct es_trace_reader {
    const char *path;
    const es_trace_options *options;
    es_slice rest; /* the lines not yet read */
    size_t line;   /* number of the line read last */
    es_trace *trace;
    size_t times_capacity, values_capacity;
    es_text provenance;
    es_errors *errors;
    bool has_mistakes;
} es_trace_reader;

typedef struct es_trace_format {
    unsigned quantities; /* the es_quantity values it can hold, as bits 1U << quantity */
    /* OPTIONAL: true if a file of one of these quantities begins like this format. NULL: a
     * scenario must name the format. */
    bool (*recognises)(es_slice content);
    /* REQUIRED: reads all lines, adds the samples and their end. Wrong content is added to the
     * reader's mistakes and reading goes on; the only failure returned is ES_NO_MEMORY. */
    es_status (*read)(es_trace_reader *reader);
} es_trace_format;

#define ES_TRACE_FORMAT(name, summary) extern const es_trace_format es_trace_format_##name;
#include "edgesplit/trace.def"
#undef ES_TRACE_FORMAT

/* The next line, counted; false at the end of the file. A last line that is cut off is a mistake.
 */
bool es_trace_next_line(es_trace_reader *reader, es_slice *line);

/* Records a mistake in that line; 0: in the file as a whole. */
void es_trace_mistake(es_trace_reader *reader, size_t line, const char *format, ...)
    ES_PRINTF(3, 4);

/* Adds a sample that holds from `start` on: 0 for the first, then rising. A value outside the range
 * of its quantity is a mistake of the line read last. ES_NO_MEMORY. */
ES_NODISCARD es_status es_trace_add(es_trace_reader *reader, es_time start, double value);

/* Sets the end of the last sample, behind its start. */
void es_trace_end(es_trace_reader *reader, es_time end);

/* How many bytes of a slice a message shows, for "%.*s". */
int es_trace_shown(es_slice slice);

/* True if the slice is one or more decimal digits. */
bool es_trace_is_digits(es_slice slice);

#endif
