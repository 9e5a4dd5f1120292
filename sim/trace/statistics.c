/* What a trace is like. */
#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/trace.h"
#include "median.h"
#include "meter.h"

#include <stdbool.h>
#include <string.h>

static bool is_missing(const es_trace *trace, size_t i) {
    return trace->marks != NULL && (trace->marks[i] & ES_MARK_MISSING) != 0;
}

static int ascending(const void *a, const void *b) {
    es_time x = *(const es_time *)a, y = *(const es_time *)b;
    return (x > y) - (x < y);
}

es_status es_trace_median_step(const es_trace *trace, es_time *step) {
    size_t n = 0, end = trace->quantity == ES_ARRIVALS && trace->n > 0 ? trace->n - 1 : trace->n;
    es_time *steps = es_alloc(end, sizeof *steps);
    if (steps == NULL)
        return ES_NO_MEMORY;
    for (size_t i = 0; i < end; i++)
        if (!is_missing(trace, i))
            steps[n++] = trace->times[i + 1] - trace->times[i];
    if (n > 0)
        qsort(steps, n, sizeof *steps, ascending);
    *step = n > 0 ? steps[(n - 1) / 2] : 0;
    free(steps);
    return ES_OK;
}

/* ---- Sums */

static void add(es_trace_sum *total, double term) {
    double sum = total->sum + term;
    total->lost +=
        fabs(total->sum) >= fabs(term) ? total->sum - sum + term : term - sum + total->sum;
    total->sum = sum;
}

static double total_of(const es_trace_sum *total) {
    return total->sum + total->lost;
}

static void add_moment(es_trace_moments *moments, double value, double weight) {
    double away = value - moments->mean;
    add(&moments->weight, weight);
    moments->mean += away * weight / total_of(&moments->weight);
    add(&moments->squares, weight * away * (value - moments->mean));
}

static double deviation(const es_trace_moments *moments) {
    return sqrt(total_of(&moments->squares) / total_of(&moments->weight));
}

/* ---- Autocorrelation */

/* A trace denser than this many samples per second has no autocorrelation. */
enum { MOST_LAGGED = 1 << 18 };
static const es_time lag_time = ES_SECOND;

typedef struct es_trace_lagged {
    es_time end;
    double value;
} lagged;

static es_status push(es_trace_lag *lag, es_time end, double value) {
    if (lag->n == lag->capacity && lag->first > lag->n / 2) {
        lag->n -= lag->first;
        memmove(lag->samples, lag->samples + lag->first, lag->n * sizeof *lag->samples);
        lag->first = 0;
    }
    es_status status = es_reserve(&lag->samples, &lag->capacity, lag->n + 1, sizeof *lag->samples);
    if (status == ES_OK)
        lag->samples[lag->n++] = (lagged){end, value};
    return status;
}

/* Adds a sample to the sums, against what was a second before. */
static es_status correlate(es_trace_lag *lag, es_time end, double value) {
    if (lag->is_over || lag->n - lag->first == MOST_LAGGED) {
        lag->is_over = true;
        return ES_OK;
    }
    if (lag->n == 0)
        lag->shift = value; /* keeps the sums of squares from cancelling */
    es_status status = push(lag, end, value);
    while (status == ES_OK && lag->at < end - lag_time) {
        const lagged *before = &lag->samples[lag->first];
        es_time next = before->end < end - lag_time ? before->end : end - lag_time;
        double length_s = es_time_s(next - lag->at), a = before->value - lag->shift,
               b = value - lag->shift;
        add(&lag->x, a * length_s);
        add(&lag->y, b * length_s);
        add(&lag->xx, a * a * length_s);
        add(&lag->yy, b * b * length_s);
        add(&lag->xy, a * b * length_s);
        lag->at = next;
        lag->first += before->end == next;
    }
    return status;
}

static double correlation(const es_trace_lag *lag) {
    double span_s = es_time_s(lag->at);
    if (lag->is_over || lag->at == 0)
        return ES_NAN;
    double mean_x = total_of(&lag->x) / span_s, mean_y = total_of(&lag->y) / span_s;
    double variance_x = total_of(&lag->xx) / span_s - mean_x * mean_x,
           variance_y = total_of(&lag->yy) / span_s - mean_y * mean_y;
    if (!(variance_x > 0 && variance_y > 0))
        return ES_NAN;
    return (total_of(&lag->xy) / span_s - mean_x * mean_y) / sqrt(variance_x * variance_y);
}

/* ---- Samples */

es_status es_trace_meter_init(es_trace_meter *meter) {
    *meter = (es_trace_meter){.second = -1};
    return es_trace_lengths_init(&meter->steps);
}

void es_trace_meter_fini(es_trace_meter *meter) {
    es_trace_lengths_fini(&meter->steps);
    es_trace_parts_fini(&meter->parts);
    free(meter->lag.samples);
}

static void add_missing(es_trace_meter *meter, es_time length) {
    meter->s.missing_s += es_time_s(length);
    meter->n_missing_runs += meter->missing_run == 0;
    meter->missing_run += length;
    if (meter->missing_run > meter->longest_missing)
        meter->longest_missing = meter->missing_run;
}

/* Extremes, and shares of the measured time. */
static void add_shares(es_trace_meter *meter, double length_s, double value, bool idle) {
    es_trace_statistics *s = &meter->s;
    s->least = s->n == 0 || value < s->least ? value : s->least;
    s->most = s->n == 0 || value > s->most ? value : s->most;
    s->n++;
    meter->zero_s += value == 0 ? length_s : 0;
    s->idle_s += idle ? length_s : 0;
    meter->zero_idle_s += value == 0 && idle ? length_s : 0;
    bool low = value < ES_TRACE_LOW_BPS;
    meter->low_s += low ? length_s : 0;
    meter->low_run_s = low ? meter->low_run_s + length_s : 0;
    s->longest_low_s = fmax(s->longest_low_s, meter->low_run_s);
    bool outage = low && !idle;
    meter->outage_s += outage ? length_s : 0;
    meter->outage_run_s = outage ? meter->outage_run_s + length_s : 0;
    s->longest_outage_s = fmax(s->longest_outage_s, meter->outage_run_s);
}

es_status es_trace_meter_add(es_trace_meter *meter, es_time start, es_time end, double value,
                             unsigned marks) {
    es_time length = end - start;
    double length_s = es_time_s(length);
    es_status status = correlate(&meter->lag, end, value);
    if (status != ES_OK || (marks & ES_MARK_MISSING) != 0) {
        add_missing(meter, length);
        return status;
    }
    meter->missing_run = 0;
    meter->longest_step = length > meter->longest_step ? length : meter->longest_step;
    add(&meter->sum, value * length_s);
    add_moment(&meter->moments, value, length_s);
    add_shares(meter, length_s, value, (marks & ES_MARK_IDLE) != 0);
    status = es_trace_lengths_add(&meter->steps, length);
    return status == ES_OK ? es_trace_parts_add(&meter->parts, start, end, value) : status;
}

static void end_samples(es_trace_meter *meter, es_hold hold, es_time step, es_time end,
                        es_trace_statistics *s) {
    s->covered_s = total_of(&meter->moments.weight);
    s->mean = total_of(&meter->sum) / s->covered_s;
    s->cv = deviation(&meter->moments) / s->mean;
    s->zero_ratio = meter->zero_s / s->covered_s;
    s->zero_idle_ratio = meter->zero_idle_s / s->covered_s;
    s->low_ratio = meter->low_s / s->covered_s;
    s->outage_ratio = meter->outage_s / s->covered_s;
    s->longest_step_s = es_time_s(meter->longest_step);
    s->n_gaps = meter->n_missing_runs;
    es_time longest_gap = meter->longest_missing;
    if (hold != ES_HOLD_INTERVALS && meter->longest_step > 3 * step) {
        s->n_gaps += es_trace_lengths_above(&meter->steps, 3 * step);
        longest_gap = longest_gap > meter->longest_step ? longest_gap : meter->longest_step;
    }
    s->longest_gap_s = es_time_s(longest_gap);
    s->autocorrelation_1s = correlation(&meter->lag);
    s->rate_hz = s->idle_ratio = s->interarrival_cv = s->longest_interarrival_s = ES_NAN;
    es_trace_parts_means(&meter->parts, 0, end, s->parts);
}

/* ---- Requests */

es_status es_trace_meter_add_arrival(es_trace_meter *meter, es_time at, double batch) {
    es_trace_statistics *s = &meter->s;
    es_status status = ES_OK;
    if (meter->n_requests == 0) {
        meter->first = at;
        s->least = s->most = batch;
    } else {
        es_time gap = at - meter->last;
        meter->longest_step = gap > meter->longest_step ? gap : meter->longest_step;
        add_moment(&meter->moments, es_time_s(gap), 1);
        status = es_trace_lengths_add(&meter->steps, gap);
    }
    meter->last = at;
    meter->n_requests++;
    int64_t second = (at - meter->first) / ES_SECOND;
    meter->n_busy += second != meter->second;
    meter->n_in_second = second == meter->second ? meter->n_in_second + 1 : 1;
    meter->second = second;
    s->peak_1s = meter->n_in_second > s->peak_1s ? meter->n_in_second : s->peak_1s;
    add(&meter->sum, batch);
    s->least = fmin(s->least, batch);
    s->most = fmax(s->most, batch);
    return status == ES_OK ? es_trace_parts_add(&meter->parts, at, at, 1) : status;
}

void es_trace_meter_begin(es_trace_meter *meter, es_time origin) {
    meter->origin = origin;
}

static void end_requests(es_trace_meter *meter, es_time end, es_trace_statistics *s) {
    int64_t watched = (end - meter->first + ES_SECOND - 1) / ES_SECOND;
    int64_t n_seconds = meter->second + 1 > watched ? meter->second + 1 : watched;
    double n = (double)meter->n_requests;
    s->n = meter->n_requests;
    s->covered_s = s->span_s;
    s->mean = total_of(&meter->sum) / n;
    s->rate_hz = s->span_s > 0 ? n / s->span_s : ES_NAN;
    s->idle_ratio = 1 - (double)meter->n_busy / (double)n_seconds;
    s->interarrival_cv =
        deviation(&meter->moments) / (es_time_s(meter->last - meter->first) / (n - 1));
    s->longest_interarrival_s = es_time_s(meter->longest_step);
    s->cv = s->zero_ratio = s->zero_idle_ratio = s->autocorrelation_1s = ES_NAN;
    s->longest_step_s = s->longest_gap_s = ES_NAN;
    es_trace_parts_requests(&meter->parts, meter->origin, end, s->parts);
}

es_status es_trace_meter_end(es_trace_meter *meter, const es_trace *trace, es_time end,
                             es_trace_statistics *statistics) {
    es_trace_statistics *s = &meter->s;
    es_time step;
    es_status status = es_trace_lengths_median(&meter->steps, &step);
    if (status != ES_OK)
        return status;
    s->span_s = es_time_s(end - meter->origin);
    s->step_s = es_time_s(step);
    s->n_duplicates = trace->n_duplicates;
    s->n_backward = trace->n_backward;
    if (trace->quantity == ES_ARRIVALS)
        end_requests(meter, end, s);
    else
        end_samples(meter, trace->hold, step, end, s);
    if (trace->quantity != ES_BANDWIDTH)
        s->low_ratio = s->longest_low_s = s->outage_ratio = s->longest_outage_s = ES_NAN;
    *statistics = *s;
    return ES_OK;
}

es_status es_trace_statistics_of(const es_trace *trace, es_trace_statistics *statistics) {
    es_trace_meter meter;
    es_status status = es_trace_meter_init(&meter);
    if (status != ES_OK)
        return status;
    for (size_t i = 0; status == ES_OK && i < trace->n; i++)
        status =
            trace->quantity == ES_ARRIVALS
                ? es_trace_meter_add_arrival(&meter, trace->times[i], trace->values[i])
                : es_trace_meter_add(&meter, trace->times[i], trace->times[i + 1], trace->values[i],
                                     trace->marks != NULL ? trace->marks[i] : 0);
    if (status == ES_OK)
        status = es_trace_meter_end(&meter, trace, trace->times[trace->n], statistics);
    es_trace_meter_fini(&meter);
    return status;
}
