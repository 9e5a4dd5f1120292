#include "edgesplit/number.h"
#include "edgesplit/units.h"
#include "format.h"

#include <ctype.h>
#include <string.h>

/* The format of our own: "# key: value" lines, the header "time_s,value", one sample per row. */
enum { QUANTITY, UNIT, HOLD, AT_END, DURATION, N_KEYS };
static const char *const keys[N_KEYS] = {"quantity", "unit", "hold", "at_end", "duration"};

/* Where the values of the keys above stand in the provenance; line 0: nowhere. */
typedef struct key_lines {
    size_t starts[N_KEYS], lengths[N_KEYS];
    size_t lines[N_KEYS];
} key_lines;

enum { LONGEST_PROVENANCE = 1 << 20 };

/* What they mean. */
typedef struct layout {
    double factor; /* of the unit, to SI; 0 where a mistake hides it, to spare its consequences */
    bool backward;
    es_time duration; /* 0: not given */
} layout;

static const double most_seconds = 4e9; /* 126 years; sums of two times fit in es_time */

/* True if the word has the letters of the key, whatever its case and separators, or its plural. */
static bool is_misspelt(es_slice word, const char *key) {
    size_t i = 0;
    for (const char *c = key; *c != '\0'; c++) {
        if (!isalpha((unsigned char)*c))
            continue;
        while (i < word.length && !isalpha((unsigned char)word.data[i]))
            i++;
        if (i == word.length || tolower((unsigned char)word.data[i++]) != *c)
            return false;
    }
    es_slice rest = es_slice_trim((es_slice){word.data + i, word.length - i});
    return rest.length == 0 || es_slice_equals(rest, "s") || es_slice_equals(rest, "_s");
}

/* The header of the samples, or of arrivals with what they carry. */
static const char *const headers[] = {"time_s,value", "time_s", "time_s,batch",
                                      "time_s,batch,deadline_s"};
enum { SAMPLES, N_HEADERS = sizeof headers / sizeof headers[0] };

static es_slice value_of(const es_trace_reader *reader, const key_lines *header, size_t key) {
    if (header->lines[key] == 0)
        return (es_slice){0};
    return (es_slice){reader->provenance.data + header->starts[key], header->lengths[key]};
}

static void read_comment(es_trace_reader *reader, es_slice line, key_lines *header) {
    es_slice text = es_slice_trim((es_slice){line.data + 1, line.length - 1});
    es_text *provenance = &reader->provenance;
    if (provenance->length + text.length > LONGEST_PROVENANCE) {
        es_trace_mistake(reader, reader->line,
                         "more than %d bytes of '# key: value'; expected the header '%s'",
                         LONGEST_PROVENANCE, headers[SAMPLES]);
        return;
    }
    es_text_add(provenance, "%s%.*s", provenance->length > 0 ? "\n" : "", (int)text.length,
                text.data);
    size_t start = provenance->length - text.length;
    if (provenance->failed)
        return;
    es_slice value = text, key;
    if (memchr(text.data, ':', text.length) == NULL || !es_next_field(&value, ':', &key)) {
        es_trace_mistake(reader, reader->line, "'%.*s'; expected '# key: value'",
                         es_trace_shown(line), line.data);
        return;
    }
    for (size_t i = 0; i < N_KEYS; i++) {
        if (!es_slice_equals(key, keys[i])) {
            if (is_misspelt(key, keys[i]))
                es_trace_mistake(reader, reader->line, "key '%.*s'; expected '%s'",
                                 es_trace_shown(key), key.data, keys[i]);
        } else if (header->lines[i] > 0) {
            es_trace_mistake(reader, reader->line, "'%s' stands in line %zu already", keys[i],
                             header->lines[i]);
        } else {
            value = es_slice_trim(value);
            header->starts[i] = start + (size_t)(value.data - text.data);
            header->lengths[i] = value.length;
            header->lines[i] = reader->line;
        }
    }
}

static bool is_header(es_slice line, const char *header) {
    es_slice rest = line, wanted = es_trace_slice_of(header), a, b;
    while (es_next_field(&wanted, ',', &b))
        if (!es_next_field(&rest, ',', &a) || a.length != b.length ||
            memcmp(a.data, b.data, a.length) != 0)
            return false;
    return !es_next_field(&rest, ',', &a);
}

/* Reads up to and including the header of the rows. Returns the number of their columns, or 0. */
static size_t read_header(es_trace_reader *reader, key_lines *header) {
    es_slice line;
    while (es_trace_next_line(reader, &line)) {
        if (line.length > 0 && line.data[0] == '#') {
            read_comment(reader, line, header);
            if (reader->provenance.failed || reader->provenance.length > LONGEST_PROVENANCE)
                return 0;
            continue;
        }
        bool arrivals = es_slice_equals(value_of(reader, header, QUANTITY), "arrivals");
        for (size_t i = arrivals ? SAMPLES + 1 : SAMPLES; i < (arrivals ? N_HEADERS : SAMPLES + 1);
             i++)
            if (is_header(line, headers[i]))
                return i == SAMPLES ? 2 : i;
        es_trace_mistake(reader, reader->line, "'%.*s'; expected the header '%s'%s",
                         es_trace_shown(line), line.data, headers[arrivals ? N_HEADERS - 1 : 0],
                         arrivals ? ", or the first columns of it" : "");
        return 0;
    }
    es_trace_mistake(reader, reader->line, "the file ends here; expected the header '%s'",
                     headers[SAMPLES]);
    return 0;
}

static void mistaken_value(es_trace_reader *reader, const key_lines *header, size_t key,
                           const char *expected) {
    es_slice value = value_of(reader, header, key);
    if (header->lines[key] == 0)
        es_trace_mistake(reader, 0, "no '# %s: ...'; expected %s", keys[key], expected);
    else
        es_trace_mistake(reader, header->lines[key], "%s '%.*s'; expected %s", keys[key],
                         es_trace_shown(value), value.data, expected);
}

/* True if the file's quantity is the one asked for; sets it. */
static bool read_quantity(es_trace_reader *reader, const key_lines *header) {
    es_quantity asked = reader->options->quantity;
    bool any = asked == ES_ANY_QUANTITY;
    for (es_quantity q = any ? ES_BANDWIDTH : asked; q < (any ? ES_N_QUANTITIES : asked + 1); q++)
        if (es_slice_equals(value_of(reader, header, QUANTITY), es_quantity_text(q))) {
            reader->trace->quantity = q;
            return true;
        }
    mistaken_value(reader, header, QUANTITY,
                   any ? "bandwidth, load, jobs, latency or arrivals" : es_quantity_text(asked));
    return false;
}

/* The factor of the unit to SI, or 0 and a mistake. */
static double read_unit(es_trace_reader *reader, const key_lines *header) {
    const char *expected;
    es_quantity quantity = reader->trace->quantity;
    if (quantity == ES_ARRIVALS && header->lines[UNIT] == 0)
        return 1;
    double factor = es_trace_unit_factor(quantity, value_of(reader, header, UNIT), &expected);
    if (factor == 0)
        mistaken_value(reader, header, UNIT, expected);
    return factor;
}

/* A duration in plain seconds to the nanosecond, which a double of 104 days no longer holds. */
static es_status parse_duration(es_slice text, es_time *duration, const char **expected) {
    double seconds;
    size_t n = text.length;
    if (n > 1 && text.data[n - 1] == 's' &&
        es_trace_parse_stamp(es_slice_trim((es_slice){text.data, n - 1}), 9, duration) == ES_OK)
        return ES_OK;
    *duration = 0;
    es_status status = es_parse_quantity(text, ES_DIM_TIME, &seconds, expected);
    if (status == ES_OK && seconds > 0 && seconds <= most_seconds)
        status = es_time_from_s(seconds, duration);
    return status;
}

static layout read_layout(es_trace_reader *reader, const key_lines *header) {
    layout meaning = {0};
    if (read_quantity(reader, header))
        meaning.factor = read_unit(reader, header);
    es_slice hold = value_of(reader, header, HOLD), at_end = value_of(reader, header, AT_END);
    meaning.backward = es_slice_equals(hold, "backward");
    if (meaning.backward)
        reader->trace->hold = ES_HOLD_BACKWARD;
    if (header->lines[HOLD] > 0 && !meaning.backward && !es_slice_equals(hold, "forward"))
        mistaken_value(reader, header, HOLD, "forward or backward");
    if (es_slice_equals(at_end, "hold"))
        reader->trace->at_end = ES_AT_END_HOLD;
    else if (es_slice_equals(at_end, "stop"))
        reader->trace->at_end = ES_AT_END_STOP;
    else if (header->lines[AT_END] > 0 && !es_slice_equals(at_end, "loop"))
        mistaken_value(reader, header, AT_END, "loop, hold or stop");
    const char *expected;
    if (header->lines[DURATION] == 0)
        return meaning;
    if (meaning.backward)
        mistaken_value(reader, header, DURATION,
                       "none, because with hold = backward the last sample ends at its stamp");
    else if (parse_duration(value_of(reader, header, DURATION), &meaning.duration, &expected) !=
             ES_OK)
        mistaken_value(reader, header, DURATION, expected);
    else if (meaning.duration == 0)
        mistaken_value(reader, header, DURATION, "a time above 0 s, at most 4e9 s");
    return meaning;
}

static bool read_number(es_trace_reader *reader, es_slice text, const char *what, double *value) {
    if (es_parse_double(text, value) == ES_OK)
        return true;
    es_trace_mistake(reader, reader->line, "%s '%.*s'; expected a number", what,
                     es_trace_shown(text), text.data);
    return false;
}

static bool read_stamp(es_trace_reader *reader, es_slice text, es_time *stamp) {
    if (es_trace_parse_stamp(text, 9, stamp) == ES_OK)
        return true;
    es_trace_mistake(reader, reader->line, "time '%.*s'; expected seconds, 0 .. 4e9",
                     es_trace_shown(text), text.data);
    return false;
}

/* Splits "time,value" and reads both; false and mistakes if that fails. */
static bool read_row(es_trace_reader *reader, es_slice line, es_time *stamp, double *value) {
    const char *comma = line.length > 0 ? memchr(line.data, ',', line.length) : NULL;
    size_t first = comma != NULL ? (size_t)(comma - line.data) : 0;
    es_slice value_text = {0};
    if (comma != NULL)
        value_text = es_slice_trim((es_slice){comma + 1, line.length - first - 1});
    if (comma == NULL ||
        (value_text.length > 0 && memchr(value_text.data, ',', value_text.length) != NULL)) {
        es_trace_mistake(reader, reader->line, "'%.*s'; expected two fields, time_s,value",
                         es_trace_shown(line), line.data);
        return false;
    }
    bool has_stamp = read_stamp(reader, es_slice_trim((es_slice){line.data, first}), stamp);
    return read_number(reader, value_text, "value", value) && has_stamp;
}

/* Reads "time[,batch[,deadline]]"; an empty deadline is none. */
static es_status read_arrival(es_trace_reader *reader, es_slice line, size_t n_columns) {
    es_slice fields[4];
    es_time at;
    double batch = ES_NAN, deadline_s = ES_NAN;
    if (es_trace_split(line, ',', fields, 4) != n_columns) {
        es_trace_mistake(reader, reader->line, "'%.*s'; expected %zu fields", es_trace_shown(line),
                         line.data, n_columns);
        return ES_OK;
    }
    bool right = read_stamp(reader, fields[0], &at);
    if (n_columns > 1)
        right = read_number(reader, fields[1], "batch", &batch) && right;
    if (n_columns > 2 && fields[2].length > 0) {
        right = read_number(reader, fields[2], "deadline", &deadline_s) && right;
        if (deadline_s <= 0) {
            es_trace_mistake(reader, reader->line, "a deadline of %.17g s; expected one above 0",
                             deadline_s);
            right = false;
        }
    }
    return right ? es_trace_add_arrival(reader, at, batch, deadline_s) : ES_OK;
}

static es_status read_arrivals(es_trace_reader *reader, const layout *meaning, size_t n_columns,
                               bool has_at_end) {
    es_slice line;
    es_status status = ES_OK;
    es_at_end at_end = reader->trace->at_end;
    while (status == ES_OK && es_trace_next_line(reader, &line))
        status = read_arrival(reader, line, n_columns);
    if (status == ES_OK)
        status = es_trace_end_arrivals(reader, false, meaning->duration);
    if (status == ES_OK && meaning->duration > 0 && reader->end > meaning->duration)
        es_trace_mistake(reader, reader->line,
                         "a request at %.9gs; expected none behind the "
                         "duration, %.9gs",
                         es_time_s(reader->end), es_time_s(meaning->duration));
    if (has_at_end)
        reader->trace->at_end = at_end;
    return status;
}

/* Ends the last sample, whose stamp is `last`. */
static void add_end(es_trace_reader *reader, const key_lines *header, const layout *meaning,
                    es_time last) {
    size_t n = reader->trace->n;
    if (n == 0) {
        es_trace_mistake(reader, reader->line, "the file ends here; expected rows time_s,value");
        return;
    }
    es_time last_start = reader->sample.start, end = 0;
    if (meaning->backward)
        end = last;
    else if (meaning->duration > 0)
        end = meaning->duration;
    else if (n > 1)
        end = last_start + reader->step;
    else if (header->lines[DURATION] == 0)
        mistaken_value(reader, header, DURATION, "one, because a single sample has no end");
    if (meaning->duration > 0 && end <= last_start)
        mistaken_value(reader, header, DURATION, "one that ends after the last sample starts");
    es_trace_end(reader, end);
}

static es_status read_canonical(es_trace_reader *reader) {
    key_lines header = {0};
    size_t n_columns = read_header(reader, &header);
    if (reader->provenance.failed)
        return ES_NO_MEMORY;
    layout meaning = read_layout(reader, &header);
    if (reader->trace->quantity == ES_ARRIVALS)
        return n_columns > 0 ? read_arrivals(reader, &meaning, n_columns, header.lines[AT_END] > 0)
                             : ES_OK;
    es_slice line;
    es_time stamp, origin = 0, last = 0;
    bool any = false;
    while (es_trace_next_line(reader, &line)) {
        double value;
        if (!read_row(reader, line, &stamp, &value))
            continue;
        if (!any && !meaning.backward)
            origin = stamp;
        if (stamp <= last && (any || meaning.backward))
            es_trace_mistake(reader, reader->line, "time %.9gs after %.9gs; expected rising times",
                             es_time_s(stamp), es_time_s(last));
        es_status status = es_trace_add(reader, (meaning.backward ? last : stamp) - origin,
                                        value * meaning.factor);
        if (status != ES_OK)
            return status;
        last = stamp;
        any = true;
    }
    if (any || !reader->has_mistakes)
        add_end(reader, &header, &meaning, last);
    return ES_OK;
}

static bool is_canonical(es_slice content) {
    es_slice line;
    if (es_trace_has_line(content, "LOOPAFTER") || es_trace_has_line(content, "PERIODICITY"))
        return false;
    if (!es_next_line(&content, &line) || line.length == 0)
        return false;
    for (size_t i = 0; i < N_HEADERS; i++)
        if (is_header(line, headers[i]))
            return true;
    return line.data[0] == '#';
}

const es_trace_format es_trace_format_canonical = {
    .name = "canonical",
    .quantities = (1U << ES_N_QUANTITIES) - 1,
    .recognises = is_canonical,
    .read = read_canonical,
};
