#include "format.h"

/* CPU utilisation of one virtual machine of PlanetLab's CoMon project: whole percentages, one a
 * line, each for five minutes. Source: Beloglazov, Buyya, "Optimal online deterministic algorithms
 * and adaptive heuristics for energy and performance efficient dynamic consolidation of virtual
 * machines in cloud data centers", Concurrency and Computation 24(13), 2012, section 6. */
static const es_time interval = 300 * ES_SECOND;

static es_status read_planetlab(es_trace_reader *reader) {
    es_slice line;
    es_status status = ES_OK;
    reader->trace->hold = ES_HOLD_INTERVALS;
    while (status == ES_OK && es_trace_next_line(reader, &line)) {
        int64_t percent = 0;
        if (es_trace_parse_whole(line, &percent) != ES_OK || percent > 100)
            es_trace_mistake(reader, reader->line, "'%.*s'; expected a whole percentage, 0 .. 100",
                             es_trace_shown(line), line.data);
        else if (es_trace_is_in_range(reader, (es_time)reader->trace->n * interval))
            status =
                es_trace_add(reader, (es_time)reader->trace->n * interval, (double)percent / 100);
    }
    if (status == ES_OK && reader->line == 0)
        es_trace_mistake(reader, 0, "an empty file; expected one percentage per line");
    if (reader->trace->n > 0)
        es_trace_end(reader, (es_time)reader->trace->n * interval);
    return status;
}

/* A whole day, 288 percentages. Where they never fall but rise they may as well be Mahimahi's
 * milliseconds. */
static bool is_planetlab(es_slice content) {
    enum { INTERVALS_PER_DAY = 288 };
    es_slice line;
    int64_t percent = 0, first = -1, last = -1;
    size_t n = 0;
    bool falls = false;
    for (; n <= INTERVALS_PER_DAY && es_next_line(&content, &line); n++) {
        if (es_trace_parse_whole(line, &percent) != ES_OK || percent > 100)
            return false;
        falls = falls || percent < last;
        first = n == 0 ? percent : first;
        last = percent;
    }
    return n == INTERVALS_PER_DAY && (falls || first == last);
}

const es_trace_format es_trace_format_planetlab = {
    .name = "planetlab",
    .quantities = 1U << ES_LOAD,
    .recognises = is_planetlab,
    .read = read_planetlab,
};
