#include "edgesplit/number.h"
#include "format.h"

/* Invocations of Azure's serverless functions: CSV of app, func, end_timestamp and duration in
 * seconds from the start of the trace; an invocation arrives at end - duration, in no stated order
 * of rows. Those that began before the trace are left out. Source: Zhang et al., "Faster and
 * cheaper serverless computing on harvested resources", SOSP 2021. */
enum { END, DURATION, N_USED };
static const char *const used[N_USED] = {"end_timestamp", "duration"};

static bool read_seconds(es_trace_reader *reader, es_slice text, const char *name, es_time *time) {
    if (es_trace_parse_stamp(text, 9, time) == ES_OK)
        return true;
    es_trace_mistake(reader, reader->line, "%s '%.*s'; expected seconds, 0 .. 4e9", name,
                     es_trace_shown(text), text.data);
    return false;
}

static es_status read_azure_functions(es_trace_reader *reader) {
    es_slice line, fields[ES_TRACE_MAX_FIELDS];
    size_t columns[N_USED], n_before = 0;
    if (!es_trace_next_line(reader, &line))
        return ES_OK;
    size_t n_columns = es_trace_split(line, ',', fields, ES_TRACE_MAX_FIELDS);
    for (size_t i = 0; i < N_USED; i++)
        columns[i] = es_trace_column(reader, n_columns, fields, es_trace_slice_of(used[i]));
    if (reader->has_mistakes)
        return ES_OK;
    es_status status = ES_OK;
    while (status == ES_OK && es_trace_next_line(reader, &line)) {
        es_time times[N_USED];
        bool right = true;
        size_t n = es_trace_split(line, ',', fields, ES_TRACE_MAX_FIELDS);
        if (n != n_columns) {
            es_trace_mistake(reader, reader->line, "%zu fields; expected %zu, as in the header", n,
                             n_columns);
            continue;
        }
        for (size_t i = 0; i < N_USED; i++)
            right = read_seconds(reader, fields[columns[i]], used[i], &times[i]) && right;
        if (right && times[END] < times[DURATION])
            n_before++;
        else if (right)
            status = es_trace_add_arrival(reader, times[END] - times[DURATION], ES_NAN, ES_NAN);
    }
    if (n_before > 0)
        es_trace_note(reader, "%zu invocations began before the trace: left out", n_before);
    return status == ES_OK ? es_trace_end_arrivals(reader, false, 0) : status;
}

static bool is_azure_functions(es_slice content) {
    return es_trace_first_line_has(content, "func,end_timestamp,duration");
}

const es_trace_format es_trace_format_azure_functions = {
    .name = "azure-functions",
    .quantities = 1U << ES_ARRIVALS,
    .open_end = true,
    .recognises = is_azure_functions,
    .read = read_azure_functions,
};
