/* What a trace is like. */
#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/trace.h"
#include "median.h"

#include <stdbool.h>

static bool is_missing(const es_trace *trace, size_t i) {
    return trace->marks != NULL && (trace->marks[i] & ES_MARK_MISSING) != 0;
}

static bool is_idle(const es_trace *trace, size_t i) {
    return trace->marks != NULL && (trace->marks[i] & ES_MARK_IDLE) != 0;
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

/* A sum whose rounding errors are carried along: Neumaier, "Rundungsfehleranalyse einiger Verfahren
 * zur Summation endlicher Summen", ZAMM 54, 1974. */
typedef struct compensated {
    double sum, lost;
} compensated;

static void add(compensated *total, double term) {
    double sum = total->sum + term;
    total->lost +=
        fabs(total->sum) >= fabs(term) ? total->sum - sum + term : term - sum + total->sum;
    total->sum = sum;
}

static double total_of(const compensated *total) {
    return total->sum + total->lost;
}

/* Mean, extremes, deviation and shares of the measured time. */
static void measure(const es_trace *trace, es_trace_statistics *s) {
    compensated covered = {0}, sum = {0}, squares = {0};
    double zero_s = 0, zero_idle_s = 0, low_s = 0, low_run_s = 0;
    double outage_s = 0, outage_run_s = 0;
    for (size_t i = 0; i < trace->n; i++) {
        double length_s = es_time_s(trace->times[i + 1] - trace->times[i]);
        double value = trace->values[i];
        if (is_missing(trace, i)) {
            s->missing_s += length_s;
            continue;
        }
        s->n++;
        add(&covered, length_s);
        add(&sum, value * length_s);
        s->least = s->n == 1 || value < s->least ? value : s->least;
        s->most = s->n == 1 || value > s->most ? value : s->most;
        zero_s += value == 0 ? length_s : 0;
        s->idle_s += is_idle(trace, i) ? length_s : 0;
        zero_idle_s += value == 0 && is_idle(trace, i) ? length_s : 0;
        bool low = value < ES_TRACE_LOW_BPS;
        low_s += low ? length_s : 0;
        low_run_s = low ? low_run_s + length_s : 0;
        s->longest_low_s = fmax(s->longest_low_s, low_run_s);
        bool outage = low && !is_idle(trace, i);
        outage_s += outage ? length_s : 0;
        outage_run_s = outage ? outage_run_s + length_s : 0;
        s->longest_outage_s = fmax(s->longest_outage_s, outage_run_s);
    }
    s->covered_s = total_of(&covered);
    s->mean = total_of(&sum) / s->covered_s;
    for (size_t i = 0; i < trace->n; i++) {
        double away = trace->values[i] - s->mean;
        if (!is_missing(trace, i))
            add(&squares, away * away * es_time_s(trace->times[i + 1] - trace->times[i]));
    }
    s->cv = sqrt(total_of(&squares) / s->covered_s) / s->mean;
    s->zero_ratio = zero_s / s->covered_s;
    s->zero_idle_ratio = zero_idle_s / s->covered_s;
    s->low_ratio = low_s / s->covered_s;
    s->outage_ratio = outage_s / s->covered_s;
    if (trace->quantity != ES_BANDWIDTH)
        s->low_ratio = s->longest_low_s = s->outage_ratio = s->longest_outage_s = ES_NAN;
}

static void find_gaps(const es_trace *trace, es_time step, es_trace_statistics *s) {
    es_time longest_step = 0, longest_gap = 0, missing = 0;
    for (size_t i = 0; i < trace->n; i++) {
        es_time length = trace->times[i + 1] - trace->times[i];
        if (is_missing(trace, i)) {
            s->n_gaps += missing == 0;
            missing += length;
            longest_gap = missing > longest_gap ? missing : longest_gap;
            continue;
        }
        missing = 0;
        longest_step = length > longest_step ? length : longest_step;
        if (trace->hold != ES_HOLD_INTERVALS && length > 3 * step) {
            s->n_gaps++;
            longest_gap = length > longest_gap ? length : longest_gap;
        }
    }
    s->step_s = es_time_s(step);
    s->longest_step_s = es_time_s(longest_step);
    s->longest_gap_s = es_time_s(longest_gap);
}

/* The correlation of value(t) with value(t + lag), both over the time at which both are known. */
static double autocorrelation(const es_trace *trace, es_time lag) {
    es_time end = trace->times[trace->n];
    if (end <= lag)
        return ES_NAN;
    compensated x = {0}, y = {0}, xx = {0}, yy = {0}, xy = {0};
    size_t i = 0, j = 0;
    while (trace->times[j + 1] <= lag)
        j++;
    double shift = trace->values[0]; /* keeps the sums of squares from cancelling */
    for (es_time at = 0; at < end - lag;) {
        es_time next = trace->times[i + 1] < trace->times[j + 1] - lag ? trace->times[i + 1]
                                                                       : trace->times[j + 1] - lag;
        double length_s = es_time_s(next - at), a = trace->values[i] - shift,
               b = trace->values[j] - shift;
        add(&x, a * length_s);
        add(&y, b * length_s);
        add(&xx, a * a * length_s);
        add(&yy, b * b * length_s);
        add(&xy, a * b * length_s);
        at = next;
        i += trace->times[i + 1] == at;
        j += j + 1 <= trace->n && trace->times[j + 1] - lag == at;
    }
    double span_s = es_time_s(end - lag), mean_x = total_of(&x) / span_s,
           mean_y = total_of(&y) / span_s;
    double variance_x = total_of(&xx) / span_s - mean_x * mean_x,
           variance_y = total_of(&yy) / span_s - mean_y * mean_y;
    if (!(variance_x > 0 && variance_y > 0))
        return ES_NAN;
    return (total_of(&xy) / span_s - mean_x * mean_y) / sqrt(variance_x * variance_y);
}

static void measure_arrivals(const es_trace *trace, es_trace_statistics *s) {
    size_t n = trace->n, in_second = 0, n_busy = 0;
    int64_t second = -1;
    es_time longest = 0;
    compensated sum = {0}, squares = {0};
    for (size_t i = 0; i < n; i++) {
        int64_t own = (trace->times[i] - trace->times[0]) / ES_SECOND;
        n_busy += own != second;
        in_second = own == second ? in_second + 1 : 1;
        second = own;
        s->peak_1s = in_second > s->peak_1s ? in_second : s->peak_1s;
    }
    int64_t watched = (trace->times[n] - trace->times[0] + ES_SECOND - 1) / ES_SECOND;
    int64_t n_seconds = second + 1 > watched ? second + 1 : watched;
    s->n = n;
    s->rate_hz = s->span_s > 0 ? (double)n / s->span_s : ES_NAN;
    s->idle_ratio = 1 - (double)n_busy / (double)n_seconds;
    double mean_s = n > 1 ? es_time_s(trace->times[n - 1] - trace->times[0]) / (double)(n - 1) : 0;
    for (size_t i = 1; i < n; i++) {
        es_time gap = trace->times[i] - trace->times[i - 1];
        longest = gap > longest ? gap : longest;
        add(&squares, (es_time_s(gap) - mean_s) * (es_time_s(gap) - mean_s));
    }
    s->interarrival_cv = sqrt(total_of(&squares) / (double)(n - 1)) / mean_s;
    s->longest_interarrival_s = es_time_s(longest);
    s->least = s->most = trace->values[0];
    for (size_t i = 0; i < n; i++) {
        add(&sum, trace->values[i]);
        s->least = fmin(s->least, trace->values[i]);
        s->most = fmax(s->most, trace->values[i]);
    }
    s->mean = total_of(&sum) / (double)n;
    s->covered_s = s->span_s;
}

es_status es_trace_statistics_of(const es_trace *trace, es_trace_statistics *statistics) {
    es_time step;
    es_trace_statistics s = {
        .span_s = es_time_s(trace->times[trace->n]),
        .n_duplicates = trace->n_duplicates,
        .n_backward = trace->n_backward,
        .autocorrelation_1s = ES_NAN,
        .rate_hz = ES_NAN,
        .idle_ratio = ES_NAN,
        .interarrival_cv = ES_NAN,
        .longest_interarrival_s = ES_NAN,
    };
    es_status status = es_trace_median_step(trace, &step);
    if (status != ES_OK)
        return status;
    if (trace->quantity == ES_ARRIVALS) {
        s.cv = s.zero_ratio = s.zero_idle_ratio = s.low_ratio = s.longest_low_s = ES_NAN;
        s.outage_ratio = s.longest_outage_s = ES_NAN;
        s.step_s = es_time_s(step);
        s.longest_step_s = s.longest_gap_s = ES_NAN;
        measure_arrivals(trace, &s);
    } else {
        measure(trace, &s);
        find_gaps(trace, step, &s);
        s.autocorrelation_1s = autocorrelation(trace, ES_SECOND);
    }
    *statistics = s;
    return ES_OK;
}
