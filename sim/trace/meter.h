/* The statistics of samples or requests that come one after the other, in bounded memory (private).
 */
#ifndef SIM_TRACE_METER_H
#define SIM_TRACE_METER_H

#include "lengths.h"
#include "parts.h"

#include <stdbool.h>

/* A sum whose rounding errors are carried along: Neumaier, "Rundungsfehleranalyse einiger Verfahren
 * zur Summation endlicher Summen", ZAMM 54, 1974. */
typedef struct es_trace_sum {
    double sum, lost;
} es_trace_sum;

/* A weighted mean and the squares of what deviates from it: West, "Updating mean and variance
 * estimates: an improved method", Communications of the ACM 22(9), 1979. */
typedef struct es_trace_moments {
    es_trace_sum weight, squares;
    double mean;
} es_trace_moments;

/* What the correlation of value(t) with value(t + 1 s) is made of: the samples of the last second
 * and the sums over the time at which both are known. */
typedef struct es_trace_lag {
    struct es_trace_lagged *samples; /* [n], of which those from `first` on still matter */
    size_t first, n, capacity;
    es_time at; /* how far the sums go */
    double shift;
    es_trace_sum x, y, xx, yy, xy;
    bool is_over; /* more samples in a second than are kept */
} es_trace_lag;

typedef struct es_trace_meter {
    es_trace_statistics s; /* what is counted; the rest comes at the end */
    es_trace_sum sum;
    es_trace_moments moments; /* of the values; of requests, of the times between them */
    double zero_s, zero_idle_s, low_s, low_run_s, outage_s, outage_run_s;
    es_time missing_run, longest_missing, longest_step;
    size_t n_missing_runs;
    es_trace_lag lag;
    es_trace_lengths steps;
    es_trace_parts parts;
    /* requests */
    es_time origin, first, last;
    int64_t second;
    size_t n_requests, n_in_second, n_busy;
} es_trace_meter;

/* ES_NO_MEMORY: nothing to free. */
ES_NODISCARD es_status es_trace_meter_init(es_trace_meter *meter);
void es_trace_meter_fini(es_trace_meter *meter);

/* The next sample, with its ES_MARK_ bits; the first starts at 0. ES_NO_MEMORY. */
ES_NODISCARD es_status es_trace_meter_add(es_trace_meter *meter, es_time start, es_time end,
                                          double value, unsigned marks);

/* The next request. ES_NO_MEMORY. */
ES_NODISCARD es_status es_trace_meter_add_arrival(es_trace_meter *meter, es_time at, double batch);

/* Which time of the requests is 0; without it, 0 is. */
void es_trace_meter_begin(es_trace_meter *meter, es_time origin);

/* What they were like, up to `end` as added; of `trace` only the quantity, the meaning of its
 * stamps and the counted rows are read. ES_NO_MEMORY. */
ES_NODISCARD es_status es_trace_meter_end(es_trace_meter *meter, const es_trace *trace, es_time end,
                                          es_trace_statistics *statistics);

#endif
