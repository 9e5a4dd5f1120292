#include "format.h"

/* CPU utilisation of one virtual machine of PlanetLab's CoMon project: whole percentages, one a
 * line, each for five minutes. Source: Beloglazov, Buyya, "Optimal online deterministic algorithms
 * and adaptive heuristics for energy and performance efficient dynamic consolidation of virtual
 * machines in cloud data centers", Concurrency and Computation 24(13), 2012, section 6. */
static const es_time interval = 300 * ES_SECOND;

static es_status read_planetlab(es_trace_reader *reader) {
    es_slice line;
    es_status status = ES_OK;
    while (status == ES_OK && es_trace_next_line(reader, &line)) {
        int64_t percent = 0;
        if (!es_trace_is_digits(line) || es_parse_int64(line, &percent) != ES_OK || percent > 100)
            es_trace_mistake(reader, reader->line, "'%.*s'; expected a whole percentage, 0 .. 100",
                             es_trace_shown(line), line.data);
        else
            status =
                es_trace_add(reader, (es_time)reader->trace->n * interval, (double)percent / 100);
    }
    if (status == ES_OK && reader->line == 0)
        es_trace_mistake(reader, 0, "an empty file; expected one percentage per line");
    if (reader->trace->n > 0)
        es_trace_end(reader, (es_time)reader->trace->n * interval);
    return status;
}

const es_trace_format es_trace_format_planetlab = {
    .quantities = 1U << ES_LOAD,
    .read = read_planetlab,
};
