#include "edgesplit/number.h"
#include "format.h"

/* One number per line: the time from one request to the next, the first counted from 0. */
enum { UNIT, N_OPTIONS };
static const es_trace_option options[N_OPTIONS] = {
    [UNIT] = {"unit", "of the times: s, ms, us or ns; default s"},
};

static es_status read_interarrival(es_trace_reader *reader) {
    int decimals = es_trace_time_decimals(reader, UNIT, 9);
    es_slice line;
    es_time at = 0, gap;
    es_status status = ES_OK;
    if (decimals < 0)
        return ES_OK;
    while (status == ES_OK && es_trace_next_line(reader, &line)) {
        es_slice text = es_slice_trim(line);
        if (es_trace_parse_stamp(text, decimals, &gap) != ES_OK || at > ES_TIME_NEVER / 2 - gap) {
            es_trace_mistake(reader, reader->line,
                             "'%.*s'; expected a time between two requests, from 0 on",
                             es_trace_shown(text), text.data);
            continue;
        }
        at += gap;
        status = es_trace_add_arrival(reader, at, ES_NAN, ES_NAN);
    }
    return status == ES_OK ? es_trace_end_arrivals(reader, false, at) : status;
}

/* Numbers of which one is not whole: whole ones are many formats'. */
static bool is_interarrival(es_slice content) {
    es_slice line;
    double number;
    bool any_part = false;
    for (size_t n = 0; n < 64 && es_next_line(&content, &line); n++) {
        if (es_parse_double(es_slice_trim(line), &number) != ES_OK || number < 0)
            return false;
        any_part = any_part || !es_trace_is_digits(es_slice_trim(line));
    }
    return any_part;
}

const es_trace_format es_trace_format_interarrival = {
    .name = "interarrival",
    .quantities = 1U << ES_ARRIVALS,
    .n_options = N_OPTIONS,
    .options = options,
    .recognises = is_interarrival,
    .read = read_interarrival,
};
