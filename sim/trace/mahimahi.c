#include "edgesplit/alloc.h"
#include "format.h"

/* The link emulator Mahimahi's packet-delivery traces: each line is the time, in whole milliseconds
 * that never fall, of one opportunity to deliver one packet of 1500 bytes. The trace repeats with
 * the last time as its period, which hence is time 0 of the next round. Source: Netravali et al.,
 * "Mahimahi: accurate record-and-replay for HTTP", USENIX ATC 2015, section 2. */
enum { OPPORTUNITY_BITS = 12000, MS_PER_S = 1000 };
static const es_time ns_per_ms = 1000000;
static const int64_t most_ms = ES_TRACE_LONGEST / 1000000;

typedef struct stamp_list {
    int64_t *ms;
    size_t n, capacity;
} stamp_list;

static es_status read_stamps(es_trace_reader *reader, stamp_list *stamps) {
    es_slice line;
    int64_t last = 0;
    while (es_trace_next_line(reader, &line)) {
        int64_t ms;
        if (es_trace_parse_whole(line, &ms) != ES_OK || ms > most_ms) {
            es_trace_mistake(reader, reader->line, "'%.*s'; expected a time in whole milliseconds",
                             es_trace_shown(line), line.data);
            continue;
        }
        if (ms < last)
            es_trace_mistake(reader, reader->line,
                             "%lld ms after %lld ms; expected times that never fall", (long long)ms,
                             (long long)last);
        last = ms;
        if (es_reserve(&stamps->ms, &stamps->capacity, stamps->n + 1, sizeof *stamps->ms) != ES_OK)
            return ES_NO_MEMORY;
        stamps->ms[stamps->n++] = ms;
    }
    if (reader->line == 0)
        es_trace_mistake(reader, 0, "an empty file; expected one time in milliseconds per line");
    else if (!reader->has_mistakes && last == 0)
        es_trace_mistake(reader, reader->line, "a period of 0 ms; expected a last time above 0");
    return ES_OK;
}

/* Counts the opportunities in windows; a run of empty ones becomes one sample. */
static es_status add_windows(es_trace_reader *reader, const stamp_list *stamps, int64_t window_ms) {
    int64_t period = stamps->ms[stamps->n - 1], end;
    size_t n = stamps->n, next = 0;
    while (n > 0 && stamps->ms[n - 1] == period)
        n--;
    size_t count = stamps->n - n;
    for (int64_t start = 0; start < period; start = end, count = 0) {
        end = period - start > window_ms ? start + window_ms : period;
        for (; next < n && stamps->ms[next] < end; next++)
            count++;
        if (count == 0)
            end = next < n ? stamps->ms[next] / window_ms * window_ms : period;
        double bits = (double)count * OPPORTUNITY_BITS;
        es_status status =
            es_trace_add(reader, start * ns_per_ms, bits * MS_PER_S / (double)(end - start));
        if (status != ES_OK)
            return status;
    }
    es_trace_end(reader, period * ns_per_ms);
    return ES_OK;
}

/* A nanosecond in which so many opportunities pass is still within the range of a rate. */
enum { MOST_PER_NS = 83, MOST_PER_MS = 1000000 };

/* Adds the opportunities of one millisecond: as many nanoseconds of rate as they need, then none.
 */
static es_status add_moment(es_trace_reader *reader, int64_t ms, size_t count) {
    es_time at = ms * ns_per_ms;
    es_status status = ES_OK;
    for (size_t taken; count > 0 && status == ES_OK; count -= taken) {
        taken = count < MOST_PER_NS ? count : MOST_PER_NS;
        status = es_trace_add(reader, at++,
                              (double)taken * (OPPORTUNITY_BITS * 1.0) * (double)ES_SECOND);
    }
    return status == ES_OK ? es_trace_add(reader, at, 0) : status;
}

/* Each opportunity by itself: its bits pass within the nanosecond from its time on. */
static es_status add_opportunities(es_trace_reader *reader, const stamp_list *stamps) {
    int64_t period = stamps->ms[stamps->n - 1];
    size_t n = stamps->n, next = 0;
    while (n > 0 && stamps->ms[n - 1] == period)
        n--;
    size_t count = stamps->n - n;
    es_status status = ES_OK;
    for (int64_t ms = 0; status == ES_OK; ms = stamps->ms[next], count = 0) {
        for (; next < n && stamps->ms[next] == ms; next++)
            count++;
        if (count > MOST_PER_MS) {
            es_trace_mistake(reader, 0, "%zu opportunities at %lld ms; expected at most %d", count,
                             (long long)ms, MOST_PER_MS);
            break;
        }
        status = add_moment(reader, ms, count);
        if (next == n)
            break;
    }
    if (status == ES_OK)
        es_trace_end(reader, period * ns_per_ms);
    return status;
}

static es_status read_mahimahi(es_trace_reader *reader) {
    es_time window = reader->options->window;
    if (window < 0 || window % ns_per_ms != 0)
        es_trace_mistake(reader, 0,
                         "opportunities counted in windows of %gs; expected whole milliseconds",
                         es_time_s(window));
    stamp_list stamps = {0};
    reader->trace->hold = ES_HOLD_INTERVALS;
    es_status status = read_stamps(reader, &stamps);
    if (status == ES_OK && stamps.ms != NULL && !reader->has_mistakes)
        status = window > 0 ? add_windows(reader, &stamps, window / ns_per_ms)
                            : add_opportunities(reader, &stamps);
    free(stamps.ms);
    return status;
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
