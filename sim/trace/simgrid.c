#include "format.h"

#include <string.h>

/* Profiles of resources in the SimGrid simulator: "date value" in seconds and in bytes/s
 * (bandwidth), seconds (latency) or as the share of a host that is available (here 1 - load);
 * "LOOPAFTER s" starts again so long after the last date, "PERIODICITY s" in that period; lines
 * that begin with # or % are comments. Without either line the last value holds for ever. What
 * holds before the first date stands in SimGrid's platform file, hence a trace begins at its first
 * date. Source: SimGrid's manual, "Describing the virtual platform", section on profiles. */
typedef struct loop {
    es_time after, period; /* one of them, or both 0 */
} loop;

/* Reads "KEY seconds"; false if the line is another one. */
static bool read_key(es_trace_reader *reader, es_slice line, const char *key, es_time *time) {
    es_slice rest = line, word, value, more;
    if (!es_trace_next_word(&rest, &word) || !es_slice_equals(word, key))
        return false;
    if (!es_trace_next_word(&rest, &value) || es_trace_next_word(&rest, &more) ||
        es_trace_parse_stamp(value, 9, time) != ES_OK)
        es_trace_mistake(reader, reader->line, "'%.*s'; expected %s and seconds",
                         es_trace_shown(line), line.data, key);
    return true;
}

static double convert(es_quantity quantity, double value) {
    if (quantity == ES_LOAD)
        return 1 - value;
    return quantity == ES_BANDWIDTH ? value * 8 : value;
}

static es_status read_row(es_trace_reader *reader, es_slice line) {
    es_slice rest = line, words[2], more;
    es_time date;
    double value;
    if (!es_trace_next_word(&rest, &words[0]) || !es_trace_next_word(&rest, &words[1]) ||
        es_trace_next_word(&rest, &more)) {
        es_trace_mistake(reader, reader->line,
                         "'%.*s'; expected 'date value', LOOPAFTER or PERIODICITY",
                         es_trace_shown(line), line.data);
        return ES_OK;
    }
    bool right = es_trace_parse_stamp(words[0], 9, &date) == ES_OK;
    if (!right)
        es_trace_mistake(reader, reader->line, "date '%.*s'; expected seconds, 0 .. 4e9",
                         es_trace_shown(words[0]), words[0].data);
    if (es_parse_double(words[1], &value) != ES_OK) {
        es_trace_mistake(reader, reader->line, "value '%.*s'; expected a number",
                         es_trace_shown(words[1]), words[1].data);
        right = false;
    }
    return right ? es_trace_add_stamped(reader, date, convert(reader->trace->quantity, value))
                 : ES_OK;
}

static void add_end(es_trace_reader *reader, const loop *looping) {
    es_trace *trace = reader->trace;
    if (trace->n == 0) {
        if (!reader->has_mistakes)
            es_trace_mistake(reader, reader->line, "the file ends here; expected 'date value'");
        return;
    }
    es_time last = reader->sample.start;
    if (looping->period > 0 && looping->period <= last)
        es_trace_mistake(reader, 0, "a period of %gs; expected one behind the last date",
                         es_time_s(looping->period));
    if (looping->after == 0 && looping->period == 0) {
        trace->at_end = ES_AT_END_HOLD;
        es_trace_end(reader, last + (trace->n > 1 ? reader->step : ES_SECOND));
    } else {
        es_trace_end(reader, looping->period > 0 ? looping->period : last + looping->after);
    }
    if (reader->origin > 0)
        es_trace_note(reader, "begins at its first date, %gs", es_time_s(reader->origin));
}

static es_status read_simgrid(es_trace_reader *reader) {
    es_slice line;
    loop looping = {0};
    es_status status = ES_OK;
    while (status == ES_OK && es_trace_next_line(reader, &line)) {
        es_slice text = es_slice_trim(line);
        if (text.length == 0 || text.data[0] == '#' || text.data[0] == '%' ||
            read_key(reader, text, "LOOPAFTER", &looping.after) ||
            read_key(reader, text, "PERIODICITY", &looping.period))
            continue;
        status = read_row(reader, text);
    }
    if (looping.after > 0 && looping.period > 0)
        es_trace_mistake(reader, 0, "both LOOPAFTER and PERIODICITY; expected one of them");
    if (status == ES_OK)
        add_end(reader, &looping);
    return status;
}

static bool is_simgrid(es_slice content) {
    return es_trace_has_line(content, "LOOPAFTER") || es_trace_has_line(content, "PERIODICITY");
}

const es_trace_format es_trace_format_simgrid = {
    .name = "simgrid",
    .quantities = 1U << ES_BANDWIDTH | 1U << ES_LOAD | 1U << ES_LATENCY,
    .open_end = true,
    .recognises = is_simgrid,
    .read = read_simgrid,
};
