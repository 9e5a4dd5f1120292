#include "format.h"

#include <string.h>

/* Downlink tests over commercial 5G: CSV with a header, one row per second of a run, throughput in
 * Mbit/s in "throughput_mbps" or in one column per carrier, round trips in "rtt_in_ms". seq_num is
 * the second, and starts again with each run, as do the columns that name it. Seconds without a row
 * or a value were not measured. Source: Narayanan et al., "A first look at commercial 5G
 * performance on smartphones", WWW 2020. */
enum { CARRIER, RUN, N_OPTIONS };
static const es_trace_option options[N_OPTIONS] = {
    [CARRIER] = {"carrier", "one of those in the column carrier or in the names of the columns"},
    [RUN] = {"run", "the number of a run in file order, from 1, or all, one after the other"},
};

static const char *const run_columns[] = {"protocol", "carrier", "num_tcp_conn", "server_location",
                                          "run_num"};
enum { N_RUN_COLUMNS = sizeof run_columns / sizeof run_columns[0], CARRIER_COLUMN = 1 };

typedef struct columns {
    size_t n, seq, value;
    size_t keys[N_RUN_COLUMNS]; /* n: absent */
} columns;

/* Where reading is: the run in hand and the time it begins at. */
typedef struct progress {
    es_text keys[N_RUN_COLUMNS]; /* "" or NULL: absent */
    int64_t run, wanted;         /* wanted 0: all */
    int64_t first, next;         /* seconds of the run: its first and the one behind the last row */
    es_time start;
} progress;

static bool ends_with(es_slice text, const char *end) {
    size_t length = strlen(end);
    return text.length >= length && memcmp(text.data + text.length - length, end, length) == 0;
}

static size_t find(const es_slice *header, size_t n, const char *name) {
    for (size_t i = 0; i < n; i++)
        if (es_slice_equals(header[i], name))
            return i;
    return n;
}

/* The column of the rates: the only one, or the carrier's. */
static size_t find_rates(es_trace_reader *reader, const es_slice *header, size_t n) {
    es_slice carrier = es_trace_setting(reader, CARRIER);
    size_t found = n, n_found = 0;
    for (size_t i = 0; i < n; i++) {
        if (!ends_with(header[i], "throughput_mbps"))
            continue;
        n_found++;
        found = i;
        if (carrier.data != NULL && header[i].length > carrier.length &&
            memcmp(header[i].data, carrier.data, carrier.length) == 0 &&
            header[i].data[carrier.length] == '_')
            return i;
    }
    if (n_found > 1)
        es_trace_mistake(reader, reader->line,
                         "%zu columns of throughput; choose carrier=, what stands before "
                         "_throughput_mbps in one of them",
                         n_found);
    else if (n_found == 0)
        es_trace_mistake(reader, reader->line, "no column throughput_mbps");
    return found;
}

static columns find_columns(es_trace_reader *reader, es_slice line) {
    es_slice header[ES_TRACE_MAX_FIELDS];
    columns at = {.n = es_trace_split(line, ',', header, ES_TRACE_MAX_FIELDS)};
    at.seq = es_trace_column(reader, at.n, header, es_trace_slice_of("seq_num"));
    at.value = reader->trace->quantity == ES_LATENCY
                   ? es_trace_column(reader, at.n, header, es_trace_slice_of("rtt_in_ms"))
                   : find_rates(reader, header, at.n);
    for (size_t i = 0; i < N_RUN_COLUMNS; i++)
        at.keys[i] = find(header, at.n, run_columns[i]);
    return at;
}

static bool is_same_run(const columns *at, const es_slice *fields, const progress *now,
                        int64_t seq) {
    if (now->run == 0 || seq < now->next - 1)
        return false;
    for (size_t i = 0; i < N_RUN_COLUMNS; i++)
        if (at->keys[i] < at->n && !es_slice_equals(fields[at->keys[i]], now->keys[i].data))
            return false;
    return true;
}

/* Adds the second `seq` of the run, behind what is missing before it. */
static es_status add_second(es_trace_reader *reader, progress *now, int64_t seq, bool missing,
                            double value) {
    es_status status = ES_OK;
    if (seq > now->next)
        status = es_trace_add_missing(reader, now->start + (now->next - now->first) * ES_SECOND);
    es_time start = now->start + (seq - now->first) * ES_SECOND;
    if (status == ES_OK)
        status = missing ? es_trace_add_missing(reader, start) : es_trace_add(reader, start, value);
    now->next = seq + 1;
    if (status == ES_OK)
        es_trace_end(reader, start + ES_SECOND);
    return status;
}

/* Takes over what names the run that a row begins. False: out of memory. */
static bool begin_run(const columns *at, const es_slice *fields, progress *now) {
    bool failed = false;
    now->run++;
    for (size_t i = 0; i < N_RUN_COLUMNS; i++) {
        if (at->keys[i] >= at->n)
            continue;
        es_slice key = fields[at->keys[i]];
        now->keys[i].length = 0;
        es_text_add(&now->keys[i], "%.*s", (int)key.length, key.data);
        failed |= now->keys[i].failed;
    }
    return !failed;
}

static es_status add_row(es_trace_reader *reader, const columns *at, const es_slice *fields,
                         progress *now) {
    es_slice text = fields[at->value], carrier = es_trace_setting(reader, CARRIER);
    int64_t seq;
    double value = 0;
    if (carrier.data != NULL && at->keys[CARRIER_COLUMN] < at->n) {
        es_slice own = fields[at->keys[CARRIER_COLUMN]];
        if (own.length != carrier.length || memcmp(own.data, carrier.data, own.length) != 0)
            return ES_OK;
    }
    bool right = es_trace_parse_whole(fields[at->seq], &seq) == ES_OK && seq <= 100000000;
    if (!right)
        es_trace_mistake(reader, reader->line, "seq_num '%.*s'; expected a whole number of seconds",
                         es_trace_shown(fields[at->seq]), fields[at->seq].data);
    if (text.length > 0 && es_parse_double(text, &value) != ES_OK) {
        es_trace_mistake(reader, reader->line, "'%.*s'; expected a number or nothing",
                         es_trace_shown(text), text.data);
        right = false;
    }
    if (!right)
        return ES_OK;
    if (!is_same_run(at, fields, now, seq)) {
        if (!begin_run(at, fields, now))
            return ES_NO_MEMORY;
        now->start = reader->end;
        now->first = now->next = seq;
    }
    if (now->wanted != 0 && now->run != now->wanted) {
        now->next = seq + 1;
        return ES_OK;
    }
    if (!es_trace_is_in_range(reader, now->start))
        return ES_OK;
    if (seq < now->next) {
        reader->trace->n_duplicates++;
        return ES_OK;
    }
    return add_second(reader, now, seq, text.length == 0,
                      value * (reader->trace->quantity == ES_LATENCY ? 1e-3 : 1e6));
}

/* The run asked for; -1 and a mistake if that is no number. */
static int64_t read_run(es_trace_reader *reader) {
    es_slice run = es_trace_setting(reader, RUN);
    int64_t number = 0;
    if (run.data == NULL || es_slice_equals(run, "all"))
        return 0;
    if (es_trace_parse_whole(run, &number) == ES_OK && number > 0)
        return number;
    es_trace_mistake(reader, 0, "run=%.*s; expected a number from 1 on, or all",
                     es_trace_shown(run), run.data);
    return -1;
}

static void check_runs(es_trace_reader *reader, const progress *now) {
    bool given = es_trace_setting(reader, RUN).data != NULL;
    if (reader->has_mistakes)
        return;
    if (now->run == 0)
        es_trace_mistake(reader, reader->line, "the file ends here; expected rows%s",
                         es_trace_setting(reader, CARRIER).data != NULL ? " of this carrier" : "");
    else if (now->wanted > now->run)
        es_trace_mistake(reader, 0, "run=%lld; expected 1 .. %lld", (long long)now->wanted,
                         (long long)now->run);
    else if (!given && now->run > 1 && reader->options->quantity != ES_ANY_QUANTITY)
        es_trace_mistake(reader, 0, "holds %lld runs; choose run=1 .. %lld, or run=all",
                         (long long)now->run, (long long)now->run);
    else if (now->wanted == 0 && now->run > 1)
        es_trace_note(reader, "%lld runs, one after the other", (long long)now->run);
}

static es_status read_5gophers(es_trace_reader *reader) {
    es_slice line, fields[ES_TRACE_MAX_FIELDS];
    progress now = {.wanted = read_run(reader)};
    reader->trace->hold = ES_HOLD_INTERVALS;
    if (!es_trace_next_line(reader, &line))
        return ES_OK;
    columns at = find_columns(reader, line);
    if (reader->has_mistakes)
        return ES_OK;
    es_status status = ES_OK;
    while (status == ES_OK && es_trace_next_line(reader, &line)) {
        size_t n = es_trace_split(line, ',', fields, ES_TRACE_MAX_FIELDS);
        if (n == at.n)
            status = add_row(reader, &at, fields, &now);
        else
            es_trace_mistake(reader, reader->line, "%zu fields; expected %zu, as in the header", n,
                             at.n);
    }
    if (status == ES_OK)
        check_runs(reader, &now);
    for (size_t i = 0; i < N_RUN_COLUMNS; i++)
        free(now.keys[i].data);
    return status;
}

static bool is_5gophers(es_slice content) {
    return es_trace_first_line_has(content, "seq_num") &&
           (es_trace_first_line_has(content, "throughput_mbps") ||
            es_trace_first_line_has(content, "rtt_in_ms"));
}

const es_trace_format es_trace_format_5gophers = {
    .name = "5gophers",
    .quantities = 1U << ES_BANDWIDTH | 1U << ES_LATENCY,
    .n_options = N_OPTIONS,
    .options = options,
    .recognises = is_5gophers,
    .read = read_5gophers,
};
