#include "format.h"

/* Two columns, "TIME RATE", seconds and Mbit/s, as Pensieve and those after it cook traces: a row's
 * rate holds from the time of the row before to its own. Where the first time is at most 3 s its
 * rate holds from 0 on; a trace that begins later starts at its first row, whose rate is unseen.
 * At the end the player jumps back to the first row. Source: Mao, Netravali, Alizadeh, "Neural
 * adaptive video streaming with Pensieve", SIGCOMM 2017; the convention is that of its simulator,
 * and agrees with recordings that are known as lists of durations too. */
static const es_time longest_start = 3 * ES_SECOND;

static bool read_row(es_trace_reader *reader, es_slice line, es_time *stamp, double *rate_bps) {
    es_slice rest = line, fields[2], more;
    double mbps;
    if (!es_trace_next_word(&rest, &fields[0]) || !es_trace_next_word(&rest, &fields[1]) ||
        es_trace_next_word(&rest, &more)) {
        es_trace_mistake(reader, reader->line, "'%.*s'; expected two numbers, seconds and Mbit/s",
                         es_trace_shown(line), line.data);
        return false;
    }
    bool has_stamp = es_trace_parse_stamp(fields[0], 9, stamp) == ES_OK;
    if (!has_stamp)
        es_trace_mistake(reader, reader->line, "time '%.*s'; expected seconds, 0 .. 4e9",
                         es_trace_shown(fields[0]), fields[0].data);
    bool has_rate = es_parse_double(fields[1], &mbps) == ES_OK;
    if (!has_rate)
        es_trace_mistake(reader, reader->line, "rate '%.*s'; expected a number of Mbit/s",
                         es_trace_shown(fields[1]), fields[1].data);
    *rate_bps = has_rate ? mbps * 1e6 : 0;
    return has_stamp && has_rate;
}

static es_status read_cooked(es_trace_reader *reader) {
    es_slice line;
    es_time stamp;
    double rate_bps;
    es_status status = ES_OK;
    reader->trace->hold = ES_HOLD_BACKWARD;
    while (status == ES_OK && es_trace_next_line(reader, &line)) {
        if (!read_row(reader, line, &stamp, &rate_bps))
            continue;
        if (!reader->has_stamp && stamp > 0 && stamp <= longest_start)
            reader->has_stamp = true; /* from 0 on */
        status = es_trace_add_stamped(reader, stamp, rate_bps);
    }
    if (status == ES_OK)
        es_trace_end_stamped(reader);
    return status;
}

static bool is_cooked(es_slice content) {
    es_slice line, word;
    double number;
    if (es_trace_has_line(content, "LOOPAFTER") || es_trace_has_line(content, "PERIODICITY") ||
        !es_next_line(&content, &line))
        return false;
    for (size_t i = 0; i < 2; i++)
        if (!es_trace_next_word(&line, &word) || es_parse_double(word, &number) != ES_OK)
            return false;
    return !es_trace_next_word(&line, &word);
}

const es_trace_format es_trace_format_cooked = {
    .name = "cooked",
    .quantities = 1U << ES_BANDWIDTH,
    .recognises = is_cooked,
    .read = read_cooked,
};
