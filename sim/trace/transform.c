#include "edgesplit/alloc.h"
#include "format.h"

#include <math.h>

/* The rate of sample i in whole units per second; beyond ES_RATE_MAX where the scale takes it
 * there. */
static int64_t rate_of(const es_trace *trace, size_t i, const es_trace_transform *transform) {
    double value = trace->values[i] * transform->scale;
    if (trace->quantity == ES_LOAD)
        return llround((double)ES_FULL_CAPACITY * (1 - fmin(value, 1)));
    if (trace->quantity == ES_JOBS)
        return llround((double)ES_FULL_CAPACITY / (1 + value));
    if (trace->quantity == ES_LATENCY)
        value *= (double)ES_SECOND;
    else
        value = fmax(value, transform->min_rate_bps);
    return value <= (double)ES_RATE_MAX ? llround(value) : ES_RATE_MAX + 1;
}

static es_status check(const es_trace *trace, const es_trace_transform *transform,
                       es_errors *errors) {
    if (!(transform->scale > 0) || !isfinite(transform->scale))
        return es_errors_add(errors, ES_INVALID, trace->path, 0,
                             "scaled by %g; expected a positive factor", transform->scale);
    if (!(transform->min_rate_bps >= 0 && transform->min_rate_bps <= (double)ES_RATE_MAX))
        return es_errors_add(errors, ES_INVALID, trace->path, 0,
                             "a lowest bandwidth of %g bit/s; expected 0 .. %g",
                             transform->min_rate_bps, (double)ES_RATE_MAX);
    es_time end = trace->times[trace->n];
    if (transform->offset < 0 || (transform->at_end != ES_AT_END_LOOP && transform->offset >= end))
        return es_errors_add(errors, ES_INVALID, trace->path, 0,
                             "read from %gs on; expected an offset before its end at %gs",
                             es_time_s(transform->offset), es_time_s(end));
    for (size_t i = 0; i < trace->n; i++)
        if (rate_of(trace, i, transform) > ES_RATE_MAX)
            return es_errors_add(errors, ES_INVALID, trace->path, 0,
                                 "scaled by %g, the %s from %gs on is above the largest, %g %s",
                                 transform->scale, es_quantity_text(trace->quantity),
                                 es_time_s(trace->times[i]), (double)ES_RATE_MAX,
                                 trace->quantity == ES_LATENCY ? "ns" : "bit/s");
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
        rates[n] = rate_of(trace, i, transform);
    }
    es_time end = trace->times[trace->n];
    starts[n] = end - offset;
    if (transform->at_end != ES_AT_END_LOOP)
        return n;
    for (size_t i = 0; trace->times[i] < offset; i++, n++) {
        starts[n] = end - offset + trace->times[i];
        rates[n] = rate_of(trace, i, transform);
    }
    starts[n] = end;
    return n;
}

es_status es_trace_rate(const es_trace *trace, const es_trace_transform *transform, es_rate **rate,
                        es_errors *errors) {
    ES_REQUIRE(trace->quantity != ES_ARRIVALS);
    bool load = trace->quantity == ES_LOAD || trace->quantity == ES_JOBS;
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
    if (status == ES_INVALID && load)
        es_errors_add(errors, status, trace->path, 0,
                      "the server is fully loaded at all times; expected some capacity");
    else if (status == ES_INVALID)
        es_errors_add(errors, status, trace->path, 0, "no positive %s is left; expected some",
                      es_quantity_text(trace->quantity));
    else if (status == ES_NO_MEMORY)
        es_errors_add(errors, status, trace->path, 0, "out of memory while making a rate of it");
    free(starts);
    free(rates);
    return status;
}

/* Rounds all times after scaling, which keeps their order. */
static void scale_times(es_trace *trace, double scale) {
    for (size_t i = 0; scale != 1 && i <= trace->n; i++)
        trace->times[i] = llround((double)trace->times[i] * scale);
}

/* Makes request `first` the first one, at its distance from `offset`, and those before it the last
 * ones of the round. */
static es_status turn(es_trace *trace, size_t first, es_time offset) {
    size_t n = trace->n;
    es_time period = trace->times[n];
    es_time *times = es_alloc(n + 1, sizeof *times);
    double *values = es_alloc(n, sizeof *values), *deadlines_s = NULL;
    if (trace->deadlines_s != NULL)
        deadlines_s = es_alloc(n, sizeof *deadlines_s);
    if (times == NULL || values == NULL || (trace->deadlines_s != NULL && deadlines_s == NULL)) {
        free(times);
        free(values);
        free(deadlines_s);
        return ES_NO_MEMORY;
    }
    for (size_t k = 0; k < n; k++) {
        size_t i = first + k < n ? first + k : first + k - n;
        times[k] = trace->times[i] - offset + (i < first ? period : 0);
        values[k] = trace->values[i];
        if (deadlines_s != NULL)
            deadlines_s[k] = trace->deadlines_s[i];
    }
    times[n] = period;
    free(trace->times);
    free(trace->values);
    free(trace->deadlines_s);
    trace->times = times;
    trace->values = values;
    trace->deadlines_s = deadlines_s;
    return ES_OK;
}

static es_status check_requests(const es_trace *trace, const es_trace_transform *transform,
                                es_errors *errors) {
    double scale = transform->scale, end_s = es_time_s(trace->times[trace->n]) * scale;
    if (!(scale > 0) || !(end_s <= es_time_s(ES_TRACE_LONGEST)))
        return es_errors_add(errors, ES_INVALID, trace->path, 0,
                             "times scaled by %g; expected a positive factor, and at most %g s",
                             scale, es_time_s(ES_TRACE_LONGEST));
    if (transform->at_end == ES_AT_END_HOLD)
        return es_errors_add(errors, ES_INVALID, trace->path, 0,
                             "requests cannot be held at the end; expected loop or stop");
    if (transform->at_end == ES_AT_END_LOOP && !(end_s * 1e9 >= 1))
        return es_errors_add(errors, ES_INVALID, trace->path, 0,
                             "requests that take no time; expected some time to start again "
                             "after, a `# duration: ` say");
    return ES_OK;
}

es_status es_trace_arrange(es_trace *trace, const es_trace_transform *transform,
                           es_errors *errors) {
    ES_REQUIRE(trace->quantity == ES_ARRIVALS && transform->offset >= 0);
    es_status status = check_requests(trace, transform, errors);
    if (status != ES_OK)
        return status;
    bool loops = transform->at_end == ES_AT_END_LOOP;
    scale_times(trace, transform->scale);
    trace->at_end = transform->at_end;
    es_time end = trace->times[trace->n];
    es_time offset = loops ? transform->offset % end : transform->offset;
    if (offset == 0)
        return ES_OK;
    if (!loops)
        return es_trace_slice(trace, offset, 0, errors);
    size_t first = 0;
    while (first < trace->n && trace->times[first] < offset)
        first++;
    status = turn(trace, first, offset);
    return status == ES_OK ? ES_OK : es_errors_no_memory(errors, trace->path);
}
