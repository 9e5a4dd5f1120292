#include "format.h"

/* The link emulator Mahimahi's packet-delivery traces: each line is the time, in whole milliseconds
 * that never fall, of one opportunity to deliver one packet of 1500 bytes. The trace repeats with
 * the last time as its period, which hence is time 0 of the next round. Source: Netravali et al.,
 * "Mahimahi: accurate record-and-replay for HTTP", USENIX ATC 2015, section 2. */
enum { OPPORTUNITY_BITS = 12000, MS_PER_S = 1000 };
static const es_time ns_per_ms = 1000000;
static const int64_t most_ms = ES_TRACE_LONGEST / 1000000;

/* What has to be known before the first opportunity can be passed on. The file is read twice. */
typedef struct cycle {
    int64_t period_ms;
    size_t n_at_period; /* opportunities at the period, hence at time 0 */
    size_t n;
} cycle;

/* Reads the next time; false at the end. A wrong line is a mistake and left out. */
static bool next_stamp(es_trace_reader *reader, int64_t *ms) {
    es_slice line;
    while (es_trace_next_line(reader, &line)) {
        if (es_trace_parse_whole(line, ms) == ES_OK && *ms <= most_ms)
            return true;
        es_trace_mistake(reader, reader->line, "'%.*s'; expected a time in whole milliseconds",
                         es_trace_shown(line), line.data);
    }
    return false;
}

static cycle read_cycle(es_trace_reader *reader) {
    cycle found = {0};
    int64_t ms;
    for (; next_stamp(reader, &ms); found.n++) {
        if (ms < found.period_ms)
            es_trace_mistake(reader, reader->line,
                             "%lld ms after %lld ms; expected times that never fall", (long long)ms,
                             (long long)found.period_ms);
        found.n_at_period = ms == found.period_ms ? found.n_at_period + 1 : 1;
        found.period_ms = ms;
    }
    if (reader->line == 0)
        es_trace_mistake(reader, 0, "an empty file; expected one time in milliseconds per line");
    else if (!reader->has_mistakes && found.period_ms == 0)
        es_trace_mistake(reader, reader->line, "a period of 0 ms; expected a last time above 0");
    return found;
}

/* Reads a time before the period, the second time; false at the period. */
static bool next_again(es_trace_reader *reader, const cycle *whole, size_t *n_read, int64_t *ms) {
    int64_t before = *n_read > 0 ? *ms : 0;
    if (*n_read == whole->n - whole->n_at_period)
        return false;
    ++*n_read;
    if (next_stamp(reader, ms) && *ms >= before && *ms < whole->period_ms)
        return true;
    es_trace_mistake(reader, reader->line, "the file has changed while it was read");
    return false;
}

/* Adds a window of opportunities. */
static es_status add_window(es_trace_reader *reader, int64_t from_ms, int64_t to_ms, size_t count) {
    double bits = (double)count * OPPORTUNITY_BITS;
    return es_trace_add(reader, from_ms * ns_per_ms, bits * MS_PER_S / (double)(to_ms - from_ms));
}

static int64_t end_of_window(const cycle *whole, int64_t start, int64_t window_ms) {
    return whole->period_ms - start > window_ms ? start + window_ms : whole->period_ms;
}

/* Counts the opportunities in windows; a run of empty ones becomes one sample. */
static es_status add_windows(es_trace_reader *reader, const cycle *whole, int64_t window_ms) {
    int64_t start = 0, end = end_of_window(whole, 0, window_ms), ms = 0;
    size_t count = whole->n_at_period, n_read = 0;
    es_status status = ES_OK;
    while (status == ES_OK && next_again(reader, whole, &n_read, &ms)) {
        if (ms >= end) {
            status = add_window(reader, start, end, count);
            start = ms / window_ms * window_ms;
            if (status == ES_OK && start > end)
                status = add_window(reader, end, start, 0);
            end = end_of_window(whole, start, window_ms);
            count = 0;
        }
        count++;
    }
    if (status == ES_OK)
        status = add_window(reader, start, end, count);
    if (status == ES_OK && end < whole->period_ms)
        status = add_window(reader, end, whole->period_ms, 0);
    es_trace_end(reader, whole->period_ms * ns_per_ms);
    return status;
}

/* A nanosecond in which so many opportunities pass is still within the range of a rate. */
enum { MOST_PER_NS = 83, MOST_PER_MS = 1000000 };

/* Adds the opportunities of one millisecond: as many nanoseconds of rate as they need, then none.
 */
static es_status add_moment(es_trace_reader *reader, int64_t ms, size_t count) {
    es_time at = ms * ns_per_ms;
    es_status status = ES_OK;
    if (count > MOST_PER_MS) {
        es_trace_mistake(reader, 0, "%zu opportunities at %lld ms; expected at most %d", count,
                         (long long)ms, MOST_PER_MS);
        return ES_OK;
    }
    for (size_t taken; count > 0 && status == ES_OK; count -= taken) {
        taken = count < MOST_PER_NS ? count : MOST_PER_NS;
        status = es_trace_add(reader, at++,
                              (double)taken * (OPPORTUNITY_BITS * 1.0) * (double)ES_SECOND);
    }
    return status == ES_OK ? es_trace_add(reader, at, 0) : status;
}

/* Each opportunity by itself: its bits pass within the nanosecond from its time on. */
static es_status add_opportunities(es_trace_reader *reader, const cycle *whole) {
    int64_t now = 0, ms = 0;
    size_t count = whole->n_at_period, n_read = 0;
    es_status status = ES_OK;
    while (status == ES_OK && next_again(reader, whole, &n_read, &ms)) {
        if (ms > now) {
            status = add_moment(reader, now, count);
            now = ms;
            count = 0;
        }
        count++;
    }
    if (status == ES_OK)
        status = add_moment(reader, now, count);
    es_trace_end(reader, whole->period_ms * ns_per_ms);
    return status;
}

static es_status read_mahimahi(es_trace_reader *reader) {
    es_time window = reader->options->window;
    if (window < 0 || window % ns_per_ms != 0)
        es_trace_mistake(reader, 0,
                         "opportunities counted in windows of %gs; expected whole milliseconds",
                         es_time_s(window));
    reader->trace->hold = ES_HOLD_INTERVALS;
    cycle whole = read_cycle(reader);
    if (reader->has_mistakes || !es_trace_rewind(reader))
        return ES_OK;
    return window > 0 ? add_windows(reader, &whole, window / ns_per_ms)
                      : add_opportunities(reader, &whole);
}

/* A day of PlanetLab is whole numbers too. */
static bool is_mahimahi(es_slice content) {
    es_slice rest = content, line;
    return es_next_line(&rest, &line) && es_trace_is_digits(line) &&
           !es_trace_format_planetlab.recognises(content);
}

const es_trace_format es_trace_format_mahimahi = {
    .name = "mahimahi",
    .quantities = 1U << ES_BANDWIDTH,
    .recognises = is_mahimahi,
    .read = read_mahimahi,
};
