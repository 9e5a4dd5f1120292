/* How often each length of time came, in bounded memory (private). Exact while there are no more
 * than 2^16 different ones; beyond, as many of the leading bits of a length count as leave fewer,
 * which are ten at least: its error is below 0.1 %. */
#ifndef SIM_TRACE_LENGTHS_H
#define SIM_TRACE_LENGTHS_H

#include "edgesplit/time.h"

typedef struct es_trace_lengths {
    struct es_trace_length *slots; /* a hash table; at most half of it is used */
    size_t n_used, n, latest;
    int n_bits; /* of a length that count */
} es_trace_lengths;

/* ES_NO_MEMORY: nothing to free. */
ES_NODISCARD es_status es_trace_lengths_init(es_trace_lengths *lengths);
void es_trace_lengths_fini(es_trace_lengths *lengths);

/* Counts a length >= 0. ES_NO_MEMORY. O(1). */
ES_NODISCARD es_status es_trace_lengths_add(es_trace_lengths *lengths, es_time length);

/* The median, the lower of two; 0 without any. ES_NO_MEMORY. */
ES_NODISCARD es_status es_trace_lengths_median(const es_trace_lengths *lengths, es_time *median);

/* How many are above a bound. */
size_t es_trace_lengths_above(const es_trace_lengths *lengths, es_time bound);

#endif
