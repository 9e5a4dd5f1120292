/* Changes of a trace's samples. */
#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/trace.h"
#include "median.h"

#include <stdbool.h>
#include <string.h>

static es_status out_of_memory(const es_trace *trace, es_errors *errors) {
    return es_errors_add(errors, ES_NO_MEMORY, trace->path, 0,
                         "out of memory while changing the trace");
}

static es_status refuse_arrivals(const es_trace *trace, const char *what, es_errors *errors) {
    return es_errors_add(errors, ES_INVALID, trace->path, 0, "%s is for samples, not for arrivals",
                         what);
}

/* Drops the samples before the first and moves time 0 to `origin`. */
static void keep(es_trace *trace, size_t first, size_t n, es_time origin) {
    if (first > 0) {
        memmove(trace->times, trace->times + first, (n + 1) * sizeof *trace->times);
        memmove(trace->values, trace->values + first, n * sizeof *trace->values);
        if (trace->marks != NULL)
            memmove(trace->marks, trace->marks + first, n);
        if (trace->deadlines_s != NULL)
            memmove(trace->deadlines_s, trace->deadlines_s + first, n * sizeof *trace->deadlines_s);
    }
    for (size_t i = 0; i <= n; i++)
        trace->times[i] = trace->times[i] > origin ? trace->times[i] - origin : 0;
    trace->n = n;
}

es_status es_trace_set_hold(es_trace *trace, es_hold hold, es_errors *errors) {
    ES_REQUIRE(hold == ES_HOLD_FORWARD || hold == ES_HOLD_BACKWARD);
    if (trace->hold == hold)
        return ES_OK;
    size_t n = trace->n;
    if (trace->hold == ES_HOLD_INTERVALS)
        return es_errors_add(errors, ES_INVALID, trace->path, 0,
                             "hold: the file has intervals, not stamps; expected none");
    if (n < 2)
        return es_errors_add(errors, ES_INVALID, trace->path, 0,
                             "hold: a single sample; expected at least two");
    trace->hold = hold;
    if (hold == ES_HOLD_FORWARD) {
        es_time step = trace->times[n] - trace->times[n - 1];
        memmove(trace->times, trace->times + 1, n * sizeof *trace->times);
        trace->times[n] = trace->times[n - 1] + step;
        keep(trace, 0, n, trace->times[0]);
        return ES_OK;
    }
    memmove(trace->values, trace->values + 1, (n - 1) * sizeof *trace->values);
    if (trace->marks != NULL)
        memmove(trace->marks, trace->marks + 1, n - 1);
    trace->n--;
    return ES_OK;
}

/* Samples being rewritten: room for twice as many. */
typedef struct filling {
    es_time *times;
    double *values;
    size_t n;
    double held; /* what a gap is held at; NaN before the first measured sample */
    es_fill fill;
    size_t n_gaps;
} filling;

static void add_gap(filling *out, const es_trace *trace, es_time start, es_time end,
                    es_errors *errors) {
    out->times[out->n] = start;
    out->values[out->n++] = out->fill == ES_FILL_ZERO ? 0 : out->held;
    out->n_gaps++;
    if (out->fill == ES_FILL_ERROR)
        es_errors_add(errors, ES_INVALID, trace->path, 0,
                      "nothing was measured from %.9gs to %.9gs; expected no gap", es_time_s(start),
                      es_time_s(end));
}

static void add_measured(filling *out, es_time start, double value) {
    out->times[out->n] = start;
    out->values[out->n++] = value;
    out->held = value;
}

/* Adds sample i; if it lasts longer than the threshold, only `step` of it beside its stamp. */
static void add_sample(filling *out, const es_trace *trace, size_t i, es_time gap, es_time step,
                       es_errors *errors) {
    es_time start = trace->times[i], end = trace->times[i + 1];
    bool split = gap > 0 && trace->hold != ES_HOLD_INTERVALS && end - start > gap &&
                 end - start > step && out->fill != ES_FILL_HOLD;
    if (split && trace->hold == ES_HOLD_BACKWARD) {
        add_gap(out, trace, start, end - step, errors);
        add_measured(out, end - step, trace->values[i]);
        return;
    }
    add_measured(out, start, trace->values[i]);
    if (split)
        add_gap(out, trace, start + step, end, errors);
}

static bool is_marked(const es_trace *trace, size_t i) {
    return trace->marks != NULL && trace->marks[i] != 0;
}

/* Rewrites all samples. What lies before the first measured one is held at that. */
static void fill(filling *out, const es_trace *trace, es_time gap, es_time step,
                 es_errors *errors) {
    size_t first = 0;
    while (is_marked(trace, first))
        first++;
    out->held = trace->values[first];
    for (size_t i = 0, end; i < trace->n; i = end) {
        end = i + 1;
        if (!is_marked(trace, i)) {
            add_sample(out, trace, i, gap, step, errors);
            continue;
        }
        while (end < trace->n && is_marked(trace, end))
            end++;
        if (trace->times[end] - trace->times[i] > gap) {
            add_gap(out, trace, trace->times[i], trace->times[end], errors);
        } else {
            out->times[out->n] = trace->times[i];
            out->values[out->n++] = out->held;
        }
    }
    out->times[out->n] = trace->times[trace->n];
}

static bool is_all_marked(const es_trace *trace) {
    for (size_t i = 0; i < trace->n; i++)
        if (!is_marked(trace, i))
            return false;
    return true;
}

es_status es_trace_fill_gaps(es_trace *trace, es_fill fill_with, es_time gap, es_errors *errors) {
    if (trace->quantity == ES_ARRIVALS)
        return refuse_arrivals(trace, "fill_gaps", errors);
    if (trace->marks == NULL && (gap == 0 || fill_with == ES_FILL_HOLD))
        return ES_OK;
    if (is_all_marked(trace))
        return es_errors_add(errors, ES_INVALID, trace->path, 0,
                             "nothing but gaps; expected a sample that was measured");
    es_time step = 0;
    filling out = {
        .times = es_alloc(2 * trace->n + 1, sizeof *out.times),
        .values = es_alloc(2 * trace->n, sizeof *out.values),
        .fill = fill_with,
    };
    if (out.times == NULL || out.values == NULL || es_trace_median_step(trace, &step) != ES_OK) {
        free(out.times);
        free(out.values);
        return out_of_memory(trace, errors);
    }
    fill(&out, trace, gap, step, errors);
    free(trace->times);
    free(trace->values);
    free(trace->marks);
    trace->times = out.times;
    trace->values = out.values;
    trace->marks = NULL;
    trace->n = out.n;
    return fill_with == ES_FILL_ERROR && out.n_gaps > 0 ? ES_INVALID : ES_OK;
}

es_status es_trace_slice(es_trace *trace, es_time start, es_time end, es_errors *errors) {
    es_time last = trace->times[trace->n];
    bool to_the_end = end == 0;
    end = to_the_end ? last : end;
    if (!(0 <= start && start < end && end <= last))
        return es_errors_add(errors, ES_INVALID, trace->path, 0,
                             "slice from %.9gs to %.9gs; expected a part of 0 .. %.9gs",
                             es_time_s(start), es_time_s(end), es_time_s(last));
    size_t first = 0, n = trace->n;
    bool arrivals = trace->quantity == ES_ARRIVALS;
    while (!to_the_end && n > 0 && trace->times[n - 1] >= end)
        n--;
    if (arrivals)
        while (first < n && trace->times[first] < start)
            first++;
    else
        while (trace->times[first + 1] <= start)
            first++;
    if (first == n)
        return es_errors_add(errors, ES_INVALID, trace->path, 0,
                             "no request from %.9gs to %.9gs; expected some", es_time_s(start),
                             es_time_s(end));
    trace->times[n] = end;
    keep(trace, first, n - first, start);
    return ES_OK;
}

es_status es_trace_resample(es_trace *trace, es_time step, es_errors *errors) {
    enum { MOST_INTERVALS = 1 << 27 };
    if (trace->quantity == ES_ARRIVALS)
        return refuse_arrivals(trace, "resample", errors);
    es_time end = trace->times[trace->n];
    if (step <= 0 || end / step >= MOST_INTERVALS)
        return es_errors_add(errors, ES_INVALID, trace->path, 0,
                             "resampled in steps of %gs; expected a positive step, at most %d in "
                             "the trace",
                             es_time_s(step), MOST_INTERVALS);
    size_t n = (size_t)((end - 1) / step) + 1, i = 0;
    es_time *times = es_alloc(n + 1, sizeof *times);
    double *values = es_alloc(n, sizeof *values);
    if (times == NULL || values == NULL) {
        free(times);
        free(values);
        return out_of_memory(trace, errors);
    }
    for (size_t k = 0; k < n; k++) {
        es_time from = (es_time)k * step, to = end - from > step ? from + step : end;
        double sum = 0;
        times[k] = from;
        for (es_time at = from; at < to;) {
            es_time next = trace->times[i + 1] < to ? trace->times[i + 1] : to;
            sum += trace->values[i] * (double)(next - at);
            at = next;
            if (at == trace->times[i + 1])
                i++;
        }
        values[k] = sum / (double)(to - from);
    }
    times[n] = end;
    free(trace->times);
    free(trace->values);
    free(trace->marks);
    trace->times = times;
    trace->values = values;
    trace->marks = NULL;
    trace->n = n;
    trace->hold = ES_HOLD_INTERVALS;
    return ES_OK;
}

static bool is_all_zero(const es_trace *trace) {
    for (size_t i = 0; i < trace->n; i++)
        if (trace->values[i] > 0)
            return false;
    return true;
}

es_status es_trace_edit(es_trace *trace, const es_trace_edits *edits, es_errors *errors) {
    es_status status = ES_OK;
    if (edits->hold != ES_HOLD_AS_TRACE)
        status = es_trace_set_hold(trace, edits->hold, errors);
    if (status == ES_OK && trace->quantity != ES_ARRIVALS)
        status = es_trace_fill_gaps(trace, edits->fill_gaps, edits->gap, errors);
    if (status == ES_OK && (edits->slice_start > 0 || edits->slice_end > 0))
        status = es_trace_slice(trace, edits->slice_start, edits->slice_end, errors);
    if (status == ES_OK && edits->resample > 0)
        status = es_trace_resample(trace, edits->resample, errors);
    if (status == ES_OK && trace->quantity == ES_BANDWIDTH && is_all_zero(trace))
        status = es_errors_add(errors, ES_INVALID, trace->path, 0,
                               "no positive bandwidth is left; expected some");
    return status;
}
