#include "format.h"

/* The load of one virtual machine of the host Bitbrains, GWA-T-12: a table with ";" and a tab
 * between its columns, sampled every 300 s. Its time is a Unix time in seconds, although the header
 * says milliseconds; "CPU usage [%]" is of all cores. Where a sample is missing, the one before
 * accounts for its own 300 s only. Source: Shen, van Beek, Iosup, "Statistical characterization of
 * business-critical workloads hosted in cloud datacenters", CCGrid 2015. */
static const es_time interval = 300 * ES_SECOND;
static const es_time longest_jitter = 150 * ES_SECOND;

/* A time above this many seconds is in milliseconds after all. */
static const int64_t most_seconds = INT64_C(4000000000);

static bool read_row(es_trace_reader *reader, es_slice time, es_slice usage, es_time *stamp,
                     double *percent) {
    int64_t whole;
    bool right = es_trace_parse_whole(time, &whole) == ES_OK && whole <= most_seconds * 1000;
    if (right)
        *stamp = whole > most_seconds ? whole * (ES_SECOND / 1000) : whole * ES_SECOND;
    else
        es_trace_mistake(reader, reader->line, "time '%.*s'; expected whole seconds since 1970",
                         es_trace_shown(time), time.data);
    if (es_parse_double(usage, percent) == ES_OK)
        return right;
    es_trace_mistake(reader, reader->line, "CPU usage '%.*s'; expected a percentage",
                     es_trace_shown(usage), usage.data);
    return false;
}

static es_status add_row(es_trace_reader *reader, es_time stamp, double percent) {
    es_status status = ES_OK;
    if (reader->has_stamp && stamp > reader->last + interval + longest_jitter)
        status = es_trace_add_missing(reader, reader->last + interval - reader->origin);
    return status == ES_OK ? es_trace_add_stamped(reader, stamp, percent / 100) : status;
}

static es_status read_bitbrains(es_trace_reader *reader) {
    es_slice line, fields[ES_TRACE_MAX_FIELDS];
    if (!es_trace_next_line(reader, &line))
        return ES_OK;
    size_t n_columns = es_trace_split(line, ';', fields, ES_TRACE_MAX_FIELDS);
    size_t time = es_trace_column(reader, n_columns, fields, es_trace_slice_of("Timestamp [ms]"));
    size_t usage = es_trace_column(reader, n_columns, fields, es_trace_slice_of("CPU usage [%]"));
    if (reader->has_mistakes)
        return ES_OK;
    es_status status = ES_OK;
    while (status == ES_OK && es_trace_next_line(reader, &line)) {
        es_time stamp;
        double percent;
        size_t n = es_trace_split(line, ';', fields, ES_TRACE_MAX_FIELDS);
        if (n != n_columns)
            es_trace_mistake(reader, reader->line, "%zu fields; expected %zu, as in the header", n,
                             n_columns);
        else if (read_row(reader, fields[time], fields[usage], &stamp, &percent))
            status = add_row(reader, stamp, percent);
    }
    if (status != ES_OK)
        return status;
    if (reader->trace->n > 0)
        es_trace_end(reader, reader->last - reader->origin + interval);
    else if (!reader->has_mistakes)
        es_trace_mistake(reader, reader->line, "the file ends here; expected rows");
    return ES_OK;
}

static bool is_bitbrains(es_slice content) {
    return es_trace_first_line_has(content, "Timestamp [ms];") &&
           es_trace_first_line_has(content, "CPU usage [%]");
}

const es_trace_format es_trace_format_bitbrains = {
    .name = "bitbrains",
    .quantities = 1U << ES_LOAD,
    .recognises = is_bitbrains,
    .read = read_bitbrains,
};
