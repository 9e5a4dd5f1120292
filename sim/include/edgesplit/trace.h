/* Traces: recorded or generated quantities over time, each format one reader and one line of
 * trace.def. A reader yields canonical samples; from those a rate function is built. */
#ifndef EDGESPLIT_TRACE_H
#define EDGESPLIT_TRACE_H

#include "edgesplit/file.h"
#include "edgesplit/rate.h"

typedef enum es_quantity {
    ES_BANDWIDTH, /* bit/s */
    ES_LOAD,      /* server utilisation, 0 .. 1 */
} es_quantity;

/* Lends "bandwidth" or "load". */
const char *es_quantity_text(es_quantity quantity);

/* Canonical samples: value i holds on [time[i], time[i + 1]). Times start at 0. */
typedef struct es_trace {
    char *path;                  /* for messages */
    const char *format;          /* name of the reader; static */
    char sha256[ES_SHA256_TEXT]; /* of the file's bytes */
    char *provenance; /* the file's "# key: value" lines joined by LF; "" if it has none */
    es_quantity quantity;
    es_at_end at_end; /* what the file says; ES_AT_END_LOOP if it says nothing */
    size_t n;         /* samples */
    es_time *times;   /* [n + 1] ns, strictly rising; the last is the end */
    double *values;   /* [n] bit/s or ratio */
} es_trace;

/* How a scenario wants a trace read. */
typedef struct es_trace_options {
    es_quantity quantity;
    const char *format; /* name in the table, or NULL: recognised from the content */
    es_time window;     /* mahimahi: length of the windows that opportunities are counted in; > 0 */
} es_trace_options;

/* Reads a trace file. Creates `*trace`. ES_NO_INPUT, ES_INVALID (every mistake with its line;
 * unknown format; a quantity other than the one asked for; a load outside 0 .. 1; no positive
 * bandwidth), ES_NO_MEMORY. O(file size). */
ES_NODISCARD es_status es_trace_load(const char *path, const es_trace_options *options,
                                     es_trace **trace, es_errors *errors);
void es_trace_destroy(es_trace *trace);

/* How a trace becomes a rate function. */
typedef struct es_trace_transform {
    double scale; /* factor on every value, > 0; loads are capped at 1 afterwards */
    es_time
        offset; /* >= 0: the rate function at time t is the trace at t + offset (loop: cyclic) */
    es_at_end at_end;
} es_trace_transform;

/* Creates the rate function of a trace: bits per second for a bandwidth, ES_FULL_CAPACITY * (1 -
 * load) for a load, each rounded to the nearest whole unit. ES_INVALID: no positive rate left; an
 * offset behind the end. */
ES_NODISCARD es_status es_trace_rate(const es_trace *trace, const es_trace_transform *transform,
                                     es_rate **rate, es_errors *errors);

/* The formats, in table order: name and one line about the i-th; NULL behind the last one. */
const char *es_trace_format_name(size_t i);
const char *es_trace_format_summary(size_t i);

#endif
