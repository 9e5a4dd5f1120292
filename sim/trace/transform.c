#include "edgesplit/alloc.h"
#include "edgesplit/trace.h"

#include <math.h>

/* The rate of sample i in whole units per second; beyond ES_RATE_MAX where the scale takes it
 * there. */
static int64_t rate_of(const es_trace *trace, size_t i, double scale) {
    double value = trace->values[i] * scale;
    if (trace->quantity == ES_LOAD)
        return llround((double)ES_FULL_CAPACITY * (1 - fmin(value, 1)));
    return value <= (double)ES_RATE_MAX ? llround(value) : ES_RATE_MAX + 1;
}

static es_status check(const es_trace *trace, const es_trace_transform *transform,
                       es_errors *errors) {
    if (!(transform->scale > 0) || !isfinite(transform->scale))
        return es_errors_add(errors, ES_INVALID, trace->path, 0,
                             "scaled by %g; expected a positive factor", transform->scale);
    es_time end = trace->times[trace->n];
    if (transform->offset < 0 || (transform->at_end != ES_AT_END_LOOP && transform->offset >= end))
        return es_errors_add(errors, ES_INVALID, trace->path, 0,
                             "read from %gs on; expected an offset before its end at %gs",
                             es_time_s(transform->offset), es_time_s(end));
    for (size_t i = 0; i < trace->n; i++)
        if (rate_of(trace, i, transform->scale) > ES_RATE_MAX)
            return es_errors_add(errors, ES_INVALID, trace->path, 0,
                                 "scaled by %g, the bandwidth from %gs on is above the largest, "
                                 "%g bit/s",
                                 transform->scale, es_time_s(trace->times[i]), (double)ES_RATE_MAX);
    return ES_OK;
}

/* Fills the pieces of the trace from `offset` to its end, followed, if it loops, by those before
 * the offset. Returns their number, at most trace->n + 1. */
static size_t cut_pieces(const es_trace *trace, const es_trace_transform *transform, es_time offset,
                         es_time *starts, int64_t *rates) {
    size_t first = 0, n = 0;
    while (trace->times[first + 1] <= offset)
        first++;
    for (size_t i = first; i < trace->n; i++, n++) {
        starts[n] = i == first ? 0 : trace->times[i] - offset;
        rates[n] = rate_of(trace, i, transform->scale);
    }
    es_time end = trace->times[trace->n];
    starts[n] = end - offset;
    if (transform->at_end != ES_AT_END_LOOP)
        return n;
    for (size_t i = 0; trace->times[i] < offset; i++, n++) {
        starts[n] = end - offset + trace->times[i];
        rates[n] = rate_of(trace, i, transform->scale);
    }
    starts[n] = end;
    return n;
}

es_status es_trace_rate(const es_trace *trace, const es_trace_transform *transform, es_rate **rate,
                        es_errors *errors) {
    es_status status = check(trace, transform, errors);
    if (status != ES_OK)
        return status;
    es_time *starts = es_alloc(trace->n + 2, sizeof *starts);
    int64_t *rates = es_alloc(trace->n + 1, sizeof *rates);
    if (starts != NULL && rates != NULL) {
        es_time offset = transform->offset % trace->times[trace->n];
        size_t n = cut_pieces(trace, transform, offset, starts, rates);
        status = es_rate_create(n, starts, rates, transform->at_end, rate);
    } else {
        status = ES_NO_MEMORY;
    }
    if (status == ES_INVALID)
        es_errors_add(errors, status, trace->path, 0,
                      trace->quantity == ES_BANDWIDTH
                          ? "no positive bandwidth is left; expected some"
                          : "the server is fully loaded at all times; expected some capacity");
    else if (status == ES_NO_MEMORY)
        es_errors_add(errors, status, trace->path, 0, "out of memory while making a rate of it");
    free(starts);
    free(rates);
    return status;
}
