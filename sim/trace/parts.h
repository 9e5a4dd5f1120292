/* What a trace is like in each of equal parts of its span, in bounded memory, although the span is
 * known only at the end (private). Up to 2^15 pieces are kept as they are; beyond, neighbours are
 * merged that lie in one cell of a grid, whose cells double until half as many are left. An edge of
 * a part then cuts through at most one merged piece, of less than 1/64 of a part. */
#ifndef SIM_TRACE_PARTS_H
#define SIM_TRACE_PARTS_H

#include "edgesplit/trace.h"

typedef struct es_trace_parts {
    struct es_trace_piece *pieces; /* [n] */
    size_t n, capacity;
    unsigned grid; /* cells last 2^grid ns */
} es_trace_parts;

/* Adds a measured piece, behind those before it; start == end: `value` requests. ES_NO_MEMORY. */
ES_NODISCARD es_status es_trace_parts_add(es_trace_parts *parts, es_time start, es_time end,
                                          double value);

/* The time-weighted means over equal parts of [start, end), NaN where nothing was measured. */
void es_trace_parts_means(const es_trace_parts *parts, es_time start, es_time end,
                          double means[ES_TRACE_PARTS]);

/* The number of requests in each part. */
void es_trace_parts_requests(const es_trace_parts *parts, es_time start, es_time end,
                             double requests[ES_TRACE_PARTS]);

void es_trace_parts_fini(es_trace_parts *parts);

#endif
