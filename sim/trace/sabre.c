#include "json.h"

/* The network descriptions of the Sabre simulator: a JSON list of {"duration_ms", "bandwidth_kbps",
 * "latency_ms"}, each of which lasts as long as it says; 1 kbit is 1000 bit. The text is held as a
 * whole. Source: Spiteri,
 * Sitaraman, Sparacio, "From theory to practice: improving bitrate adaptation in the DASH reference
 * player", MMSys 2018. */
static const double longest_ms = 4e12;

static bool read_element(es_trace_reader *reader, const json_t *element, double *duration_ms,
                         double *value) {
    bool latency = reader->trace->quantity == ES_LATENCY;
    if (!json_is_object(element)) {
        es_trace_mistake(reader, reader->line,
                         "expected an object with duration_ms and bandwidth_kbps");
        return false;
    }
    bool right = es_trace_json_number(reader, element, "duration_ms", duration_ms);
    if (right && !(*duration_ms >= 0 && *duration_ms <= longest_ms)) {
        es_trace_mistake(reader, reader->line, "a duration of %g ms; expected 0 .. %g",
                         *duration_ms, longest_ms);
        right = false;
    }
    right =
        es_trace_json_number(reader, element, latency ? "latency_ms" : "bandwidth_kbps", value) &&
        right;
    *value *= latency ? 1e-3 : 1e3;
    return right;
}

/* Adds an element from `*at` on, which it moves to its end. One that lasts no time is dropped. */
static es_status add_element(es_trace_reader *reader, const json_t *element, es_time *at) {
    double duration_ms, value;
    es_time duration = 0;
    if (!read_element(reader, element, &duration_ms, &value))
        return ES_OK;
    if (es_time_from_s(duration_ms / 1e3, &duration) != ES_OK || !es_trace_is_in_range(reader, *at))
        return ES_OK;
    if (duration == 0) {
        reader->trace->n_duplicates++;
        return ES_OK;
    }
    es_status status = es_trace_add(reader, *at, value);
    *at += duration;
    return status;
}

/* The elements of the list, up to its end or the first that is no JSON. */
static es_status read_elements(es_trace_reader *reader, es_time *at) {
    es_status status = ES_OK;
    do {
        json_t *element;
        status = es_trace_json_next(reader, &element);
        if (status != ES_OK || element == NULL)
            return status;
        status = add_element(reader, element, at);
        json_decref(element);
    } while (status == ES_OK && es_trace_json_skip(reader, ','));
    if (status == ES_OK && !es_trace_json_skip(reader, ']'))
        es_trace_mistake(reader, reader->line,
                         reader->rest.length == 0
                             ? "the list ends early; the file may have been cut off"
                             : "expected ',' or ']' behind an element of the list");
    else if (status == ES_OK && reader->rest.length > 0)
        es_trace_mistake(reader, reader->line, "expected nothing behind the list");
    return status;
}

static es_status read_sabre(es_trace_reader *reader) {
    es_time at = 0;
    if (!es_trace_read_whole(reader))
        return ES_OK;
    reader->line = 1;
    reader->trace->hold = ES_HOLD_INTERVALS;
    if (!es_trace_json_skip(reader, '[')) {
        es_trace_mistake(reader, 1, "expected a list: '['");
        return ES_OK;
    }
    es_status status = read_elements(reader, &at);
    const es_trace *trace = reader->trace;
    if (status != ES_OK)
        return status;
    if (trace->n > 0)
        es_trace_end(reader, at);
    else if (!reader->has_mistakes)
        es_trace_mistake(reader, reader->line, "no element lasts any time; expected some");
    if (trace->n_duplicates > 0)
        es_trace_note(reader, "%zu elements last no time and carry nothing", trace->n_duplicates);
    return ES_OK;
}

static bool is_sabre(es_slice content) {
    es_slice trimmed = es_slice_trim(content);
    return trimmed.length > 0 && trimmed.data[0] == '[';
}

const es_trace_format es_trace_format_sabre = {
    .name = "sabre",
    .quantities = 1U << ES_BANDWIDTH | 1U << ES_LATENCY,
    .open_end = true,
    .recognises = is_sabre,
    .read = read_sabre,
};
