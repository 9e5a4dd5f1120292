#include "edgesplit/number.h"
#include "format.h"

/* Inference requests to Azure's language models: CSV with the date of each request and its numbers
 * of tokens, which are not read. The first request is time 0. Source: Patel et al., "Splitwise:
 * efficient generative LLM inference using phase splitting", ISCA 2024. */
static const char *const columns[] = {"TIMESTAMP", "ContextTokens", "GeneratedTokens"};
enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

static es_status read_azure_llm(es_trace_reader *reader) {
    es_slice line, fields[ES_TRACE_MAX_FIELDS];
    if (!es_trace_next_line(reader, &line))
        return ES_OK;
    size_t n_columns = es_trace_split(line, ',', fields, ES_TRACE_MAX_FIELDS);
    size_t time = es_trace_column(reader, n_columns, fields, es_trace_slice_of(columns[0]));
    if (reader->has_mistakes)
        return ES_OK;
    es_status status = ES_OK;
    while (status == ES_OK && es_trace_next_line(reader, &line)) {
        es_time stamp;
        size_t n = es_trace_split(line, ',', fields, ES_TRACE_MAX_FIELDS);
        if (n != n_columns)
            es_trace_mistake(reader, reader->line, "%zu fields; expected %zu, as in the header", n,
                             n_columns);
        else if (es_trace_parse_date(fields[time], &stamp) != ES_OK)
            es_trace_mistake(reader, reader->line,
                             "time '%.*s'; expected YYYY-MM-DD HH:MM:SS.fff, years 1970 .. 2199",
                             es_trace_shown(fields[time]), fields[time].data);
        else
            status = es_trace_add_arrival(reader, stamp, ES_NAN, ES_NAN);
    }
    return status == ES_OK ? es_trace_end_arrivals(reader, true, 0) : status;
}

static bool is_azure_llm(es_slice content) {
    for (size_t i = 0; i < N_COLUMNS; i++)
        if (!es_trace_first_line_has(content, columns[i]))
            return false;
    return true;
}

const es_trace_format es_trace_format_azure_llm = {
    .name = "azure-llm",
    .quantities = 1U << ES_ARRIVALS,
    .open_end = true,
    .recognises = is_azure_llm,
    .read = read_azure_llm,
};
