#include "format.h"

/* Throughput of a moving Starlink dish: CSV with a header; each row has for either direction the
 * dates at which an interval of about a second starts and ends, and its rate in Mbit/s. What lies
 * between two intervals was not measured. Source: Laniewski, Lanfer, Aschenbruck, "Measuring mobile
 * Starlink performance: a comprehensive look", IEEE Open Journal of the Communications Society 6,
 * 2025. */
enum { DIRECTION, N_OPTIONS };
static const es_trace_option options[N_OPTIONS] = {
    [DIRECTION] = {"direction", "down or up"},
};
static const char *const directions[] = {"down", "up", NULL};

enum { START, END, RATE, N_COLUMNS };
static const char *const names[2][N_COLUMNS] = {
    {"timestamp_start_dl", "timestamp_end_dl", "download"},
    {"timestamp_start_ul", "timestamp_end_ul", "upload"},
};

static bool read_row(es_trace_reader *reader, const es_slice *fields, const size_t *columns,
                     es_time stamps[2], double *mbps) {
    bool right = true;
    for (size_t i = START; i <= END; i++) {
        es_slice field = fields[columns[i]];
        if (es_trace_parse_date(field, &stamps[i]) == ES_OK)
            continue;
        es_trace_mistake(reader, reader->line,
                         "time '%.*s'; expected YYYY-MM-DD HH:MM:SS.fff, years 1970 .. 2199",
                         es_trace_shown(field), field.data);
        right = false;
    }
    es_slice rate = fields[columns[RATE]];
    if (es_parse_double(rate, mbps) != ES_OK) {
        es_trace_mistake(reader, reader->line, "rate '%.*s'; expected a number of Mbit/s",
                         es_trace_shown(rate), rate.data);
        right = false;
    }
    if (right && stamps[END] <= stamps[START]) {
        es_trace_mistake(reader, reader->line, "the interval ends at or before its start");
        right = false;
    }
    return right;
}

/* Adds an interval, behind what is missing before it. `reader->last` is the end of the one before.
 */
static es_status add_interval(es_trace_reader *reader, const es_time stamps[2], double mbps) {
    if (!reader->has_stamp)
        reader->origin = reader->last = stamps[START];
    reader->has_stamp = true;
    es_time start = stamps[START] - reader->origin;
    if (reader->trace->n > 0 && start <= reader->sample.start) {
        es_trace_mistake(reader, reader->line,
                         "the interval starts at or before the start of the one before");
        return ES_OK;
    }
    es_status status = ES_OK;
    if (stamps[START] > reader->last)
        status = es_trace_add_missing(reader, reader->last - reader->origin);
    reader->last = stamps[END];
    return status == ES_OK ? es_trace_add(reader, start, mbps * 1e6) : status;
}

static es_status read_rows(es_trace_reader *reader, size_t n_columns, const size_t *columns) {
    es_slice line, fields[ES_TRACE_MAX_FIELDS];
    es_status status = ES_OK;
    while (status == ES_OK && es_trace_next_line(reader, &line)) {
        es_time stamps[2];
        double mbps;
        size_t n = es_trace_split(line, ',', fields, ES_TRACE_MAX_FIELDS);
        if (n != n_columns)
            es_trace_mistake(reader, reader->line, "%zu fields; expected %zu, as in the header", n,
                             n_columns);
        else if (read_row(reader, fields, columns, stamps, &mbps))
            status = add_interval(reader, stamps, mbps);
    }
    return status;
}

static es_status read_starlink(es_trace_reader *reader) {
    es_slice line, header[ES_TRACE_MAX_FIELDS];
    size_t columns[N_COLUMNS];
    reader->trace->hold = ES_HOLD_INTERVALS;
    if (!es_trace_next_line(reader, &line))
        return ES_OK;
    if (reader->options->quantity == ES_BANDWIDTH &&
        es_trace_setting(reader, DIRECTION).data == NULL)
        es_trace_mistake(reader, 0, "holds both directions; choose direction=down or up");
    size_t up = es_trace_choice(reader, DIRECTION, directions, 0);
    size_t n = es_trace_split(line, ',', header, ES_TRACE_MAX_FIELDS);
    for (size_t i = 0; i < N_COLUMNS; i++)
        columns[i] = es_trace_column(reader, n, header, es_trace_slice_of(names[up][i]));
    if (reader->has_mistakes)
        return ES_OK;
    es_status status = read_rows(reader, n, columns);
    if (status != ES_OK)
        return status;
    if (reader->trace->n > 0)
        es_trace_end(reader, reader->last - reader->origin);
    else if (!reader->has_mistakes)
        es_trace_mistake(reader, reader->line, "the file ends here; expected rows");
    es_trace_note(reader, "%s", names[up][RATE]);
    return ES_OK;
}

static bool is_starlink(es_slice content) {
    return es_trace_first_line_has(content, "timestamp_start_dl,timestamp_end_dl,download,");
}

const es_trace_format es_trace_format_starlink = {
    .name = "starlink",
    .quantities = 1U << ES_BANDWIDTH,
    .n_options = N_OPTIONS,
    .options = options,
    .recognises = is_starlink,
    .read = read_starlink,
};
