#include "format.h"

#include <string.h>

/* Logs of the phone application G-NetTrack, as in the 4G and 5G data sets of University College
 * Cork: CSV with a header, one row or two a second, bit rates in kbit/s, "-" where a value is
 * missing. Rows of one second are averaged; a value holds until the next second that has one, the
 * last one for a second. A second in which the phone was idle (State I) throughout is marked: the
 * bit rate is then what nobody asked for, not what the link could carry. After a step backwards of
 * the clock the rows are dropped until it has caught up. Source: Raca, Leahy, Sreenan, Quinlan,
 * "Beyond throughput, the next generation: a 5G dataset with channel and context metrics", MMSys
 * 2020. */
enum { DIRECTION, N_OPTIONS };
static const es_trace_option options[N_OPTIONS] = {
    [DIRECTION] = {"direction", "down (DL_bitrate) or up (UL_bitrate, in a download only its "
                                "acknowledgements)"},
};
static const char *const directions[] = {"down", "up", NULL};

/* The second in hand: what its rows add up to. */
typedef struct second {
    es_time stamp;
    double sum;
    size_t n_rows, n_values, n_idle;
} second;

typedef struct columns {
    size_t n, stamp, value, state, most;
    double factor;
} columns;

static es_status add_second(es_trace_reader *reader, const second *now) {
    if (now->n_rows == 0)
        return ES_OK;
    es_time start = now->stamp - reader->origin;
    es_status status = now->n_values > 0
                           ? es_trace_add(reader, start, now->sum / (double)now->n_values)
                           : es_trace_add_missing(reader, start);
    if (status == ES_OK && now->n_idle == now->n_rows)
        es_trace_mark(reader, ES_MARK_IDLE);
    return status;
}

static columns find_columns(es_trace_reader *reader, es_slice line) {
    es_slice header[ES_TRACE_MAX_FIELDS];
    bool latency = reader->trace->quantity == ES_LATENCY;
    if (!latency && reader->options->quantity == ES_BANDWIDTH &&
        es_trace_setting(reader, DIRECTION).data == NULL)
        es_trace_mistake(reader, 0, "holds both directions; choose direction=down or up");
    size_t up = es_trace_choice(reader, DIRECTION, directions, 0);
    columns at = {.n = es_trace_split(line, ',', header, ES_TRACE_MAX_FIELDS)};
    at.stamp = es_trace_column(reader, at.n, header, es_trace_slice_of("Timestamp"));
    at.state = es_trace_column(reader, at.n, header, es_trace_slice_of("State"));
    at.value = es_trace_column(reader, at.n, header,
                               es_trace_slice_of(latency   ? "PINGAVG"
                                                 : up == 1 ? "UL_bitrate"
                                                           : "DL_bitrate"));
    at.factor = latency ? 1e-3 : 1e3;
    if (!latency)
        es_trace_note(reader, "%s", up == 1 ? "UL_bitrate, up" : "DL_bitrate, down");
    return at;
}

/* Adds a row to the second in hand, which is added to the trace where another one begins. */
static es_status add_row(es_trace_reader *reader, const columns *at, const es_slice *fields,
                         second *now) {
    es_time stamp;
    double value = 0;
    bool missing = es_slice_equals(fields[at->value], "-") || fields[at->value].length == 0;
    bool right = es_trace_parse_date(fields[at->stamp], &stamp) == ES_OK;
    if (!right)
        es_trace_mistake(reader, reader->line,
                         "time '%.*s'; expected YYYY.MM.DD_HH.MM.SS, years 1970 .. 2199",
                         es_trace_shown(fields[at->stamp]), fields[at->stamp].data);
    if (!missing && (es_parse_double(fields[at->value], &value) != ES_OK || value < 0)) {
        es_trace_mistake(reader, reader->line, "'%.*s'; expected a number from 0 on, or -",
                         es_trace_shown(fields[at->value]), fields[at->value].data);
        right = false;
    }
    if (!right)
        return ES_OK;
    es_status status = ES_OK;
    if (!reader->has_stamp)
        reader->origin = now->stamp = stamp;
    reader->has_stamp = true;
    if (stamp < now->stamp) {
        reader->trace->n_backward++;
        return ES_OK;
    }
    if (stamp > now->stamp) {
        status = add_second(reader, now);
        *now = (second){.stamp = stamp};
    }
    reader->trace->n_duplicates += now->n_rows > 0;
    now->n_rows++;
    now->n_values += !missing;
    now->sum += value * at->factor;
    now->n_idle += es_slice_equals(fields[at->state], "I");
    return status;
}

static void add_notes(es_trace_reader *reader) {
    const es_trace *trace = reader->trace;
    if (trace->n_duplicates > 0)
        es_trace_note(reader, "%zu rows share their second with the row before: averaged",
                      trace->n_duplicates);
    if (trace->n_backward > 0)
        es_trace_note(reader, "%zu rows are earlier than one before them: dropped",
                      trace->n_backward);
}

static es_status read_gnettrack(es_trace_reader *reader) {
    es_slice line, fields[ES_TRACE_MAX_FIELDS];
    if (!es_trace_next_line(reader, &line))
        return ES_OK;
    columns at = find_columns(reader, line);
    if (reader->has_mistakes)
        return ES_OK;
    second now = {0};
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
        status = add_second(reader, &now);
    if (status != ES_OK)
        return status;
    if (now.n_rows > 0)
        es_trace_end(reader, now.stamp - reader->origin + ES_SECOND);
    else if (!reader->has_mistakes)
        es_trace_mistake(reader, reader->line, "the file ends here; expected rows");
    add_notes(reader);
    return ES_OK;
}

static bool is_gnettrack(es_slice content) {
    return es_trace_first_line_has(content, "Timestamp,") &&
           es_trace_first_line_has(content, ",DL_bitrate");
}

const es_trace_format es_trace_format_gnettrack = {
    .name = "gnettrack",
    .quantities = 1U << ES_BANDWIDTH | 1U << ES_LATENCY,
    .n_options = N_OPTIONS,
    .options = options,
    .recognises = is_gnettrack,
    .read = read_gnettrack,
};
