#include "edgesplit/units.h"
#include "format.h"

#include <ctype.h>
#include <string.h>

/* The format of our own: "# key: value" lines, the header "time_s,value", one sample per row. */
enum { QUANTITY, UNIT, HOLD, AT_END, DURATION, N_KEYS };
static const char *const keys[N_KEYS] = {"quantity", "unit", "hold", "at_end", "duration"};

/* The values of the keys above as they stand in the file; line 0: not there. */
typedef struct key_lines {
    es_slice values[N_KEYS];
    size_t lines[N_KEYS];
} key_lines;

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

static void read_comment(es_trace_reader *reader, es_slice line, key_lines *header) {
    es_slice text = es_slice_trim((es_slice){line.data + 1, line.length - 1});
    es_text_add(&reader->provenance, "%s%.*s", reader->provenance.length > 0 ? "\n" : "",
                (int)text.length, text.data);
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
            header->values[i] = es_slice_trim(value);
            header->lines[i] = reader->line;
        }
    }
}

/* Reads up to and including the line "time_s,value". */
static void read_header(es_trace_reader *reader, key_lines *header) {
    es_slice line, name;
    while (es_trace_next_line(reader, &line)) {
        if (line.length > 0 && line.data[0] == '#') {
            read_comment(reader, line, header);
            continue;
        }
        es_slice rest = line;
        bool found = es_next_field(&rest, ',', &name) && es_slice_equals(name, "time_s") &&
                     es_next_field(&rest, ',', &name) && es_slice_equals(name, "value") &&
                     !es_next_field(&rest, ',', &name);
        if (!found)
            es_trace_mistake(reader, reader->line, "'%.*s'; expected the header 'time_s,value'",
                             es_trace_shown(line), line.data);
        return;
    }
    es_trace_mistake(reader, reader->line,
                     "the file ends here; expected the header 'time_s,value'");
}

static void mistaken_value(es_trace_reader *reader, const key_lines *header, size_t key,
                           const char *expected) {
    if (header->lines[key] == 0)
        es_trace_mistake(reader, 0, "no '# %s: ...'; expected %s", keys[key], expected);
    else
        es_trace_mistake(reader, header->lines[key], "%s '%.*s'; expected %s", keys[key],
                         es_trace_shown(header->values[key]), header->values[key].data, expected);
}

/* True if the file's quantity is the one asked for. */
static bool read_quantity(es_trace_reader *reader, const key_lines *header) {
    const char *asked = es_quantity_text(reader->options->quantity);
    if (es_slice_equals(header->values[QUANTITY], asked))
        return true;
    mistaken_value(reader, header, QUANTITY, asked);
    return false;
}

/* The factor of the unit to SI, or 0 and a mistake. */
static double read_unit(es_trace_reader *reader, const key_lines *header) {
    bool is_load = reader->options->quantity == ES_LOAD;
    es_slice unit = header->values[UNIT];
    if (is_load && es_slice_equals(unit, "1"))
        return 1;
    char one[64];
    int length =
        snprintf(one, sizeof one, "1 %.*s", es_trace_shown(unit), unit.length > 0 ? unit.data : "");
    double factor = 0;
    const char *expected;
    es_status status =
        es_parse_quantity((es_slice){one, (size_t)length},
                          is_load ? ES_DIM_RATIO : ES_DIM_DATA_RATE, &factor, &expected);
    if (status == ES_OK && unit.length > 0)
        return factor;
    mistaken_value(reader, header, UNIT, is_load ? "%, or 1 for a ratio" : expected);
    return 0;
}

static layout read_layout(es_trace_reader *reader, const key_lines *header) {
    layout meaning = {0};
    if (read_quantity(reader, header))
        meaning.factor = read_unit(reader, header);
    es_slice hold = header->values[HOLD], at_end = header->values[AT_END];
    meaning.backward = es_slice_equals(hold, "backward");
    if (header->lines[HOLD] > 0 && !meaning.backward && !es_slice_equals(hold, "forward"))
        mistaken_value(reader, header, HOLD, "forward or backward");
    if (es_slice_equals(at_end, "hold"))
        reader->trace->at_end = ES_AT_END_HOLD;
    else if (es_slice_equals(at_end, "stop"))
        reader->trace->at_end = ES_AT_END_STOP;
    else if (header->lines[AT_END] > 0 && !es_slice_equals(at_end, "loop"))
        mistaken_value(reader, header, AT_END, "loop, hold or stop");
    double seconds;
    const char *expected;
    if (header->lines[DURATION] == 0)
        return meaning;
    if (meaning.backward)
        mistaken_value(reader, header, DURATION,
                       "none, because with hold = backward the last sample ends at its stamp");
    else if (es_parse_quantity(header->values[DURATION], ES_DIM_TIME, &seconds, &expected) != ES_OK)
        mistaken_value(reader, header, DURATION, expected);
    else if (!(seconds > 0 && seconds <= most_seconds) ||
             es_time_from_s(seconds, &meaning.duration) != ES_OK)
        mistaken_value(reader, header, DURATION, "a time above 0 s, at most 4e9 s");
    return meaning;
}

/* Seconds to nanoseconds. Plain decimals are converted digit by digit, because a double holds the
 * stamps of an epoch only to a quarter of a microsecond. */
static es_status parse_stamp(es_slice text, es_time *stamp) {
    double seconds;
    if (es_parse_double(text, &seconds) != ES_OK || !(seconds >= 0 && seconds <= most_seconds))
        return ES_INVALID;
    const char *point = memchr(text.data, '.', text.length);
    size_t n_whole = point != NULL ? (size_t)(point - text.data) : text.length;
    es_slice fraction = {0};
    if (point != NULL)
        fraction = (es_slice){point + 1, text.length - n_whole - 1};
    int64_t whole = 0, ns = 0;
    bool plain =
        (fraction.length == 0 || es_trace_is_digits(fraction)) &&
        (n_whole == 0 || (es_trace_is_digits((es_slice){text.data, n_whole}) &&
                          es_parse_int64((es_slice){text.data, n_whole}, &whole) == ES_OK));
    if (!plain)
        return es_time_from_s(seconds, stamp);
    for (size_t i = 0; i < 9; i++)
        ns = ns * 10 + (i < fraction.length ? fraction.data[i] - '0' : 0);
    if (fraction.length > 9 && fraction.data[9] >= '5')
        ns++;
    *stamp = whole * ES_SECOND + ns;
    return ES_OK;
}

/* Splits "time,value" and reads both; false and mistakes if that fails. */
static bool read_row(es_trace_reader *reader, es_slice line, es_time *stamp, double *value) {
    es_slice rest = line, fields[2], more;
    bool two = es_next_field(&rest, ',', &fields[0]) && es_next_field(&rest, ',', &fields[1]) &&
               !es_next_field(&rest, ',', &more);
    if (!two) {
        es_trace_mistake(reader, reader->line, "'%.*s'; expected two fields, time_s,value",
                         es_trace_shown(line), line.data);
        return false;
    }
    bool has_stamp = parse_stamp(fields[0], stamp) == ES_OK;
    if (!has_stamp)
        es_trace_mistake(reader, reader->line, "time '%.*s'; expected seconds, 0 .. 4e9",
                         es_trace_shown(fields[0]), fields[0].data);
    bool has_value = es_parse_double(fields[1], value) == ES_OK;
    if (!has_value)
        es_trace_mistake(reader, reader->line, "value '%.*s'; expected a number",
                         es_trace_shown(fields[1]), fields[1].data);
    return has_stamp && has_value;
}

/* Ends the last sample, whose stamp is `last`. */
static void add_end(es_trace_reader *reader, const key_lines *header, const layout *meaning,
                    es_time last) {
    const es_trace *trace = reader->trace;
    size_t n = trace->n;
    if (n == 0) {
        es_trace_mistake(reader, reader->line, "the file ends here; expected rows time_s,value");
        return;
    }
    es_time last_start = trace->times[n - 1], end = 0;
    if (meaning->backward)
        end = last;
    else if (meaning->duration > 0)
        end = meaning->duration;
    else if (n > 1)
        end = last_start + (last_start - trace->times[n - 2]);
    else if (header->lines[DURATION] == 0)
        mistaken_value(reader, header, DURATION, "one, because a single sample has no end");
    if (meaning->duration > 0 && end <= last_start)
        mistaken_value(reader, header, DURATION, "one that ends after the last sample starts");
    es_trace_end(reader, end);
}

static es_status read_canonical(es_trace_reader *reader) {
    key_lines header = {0};
    read_header(reader, &header);
    layout meaning = read_layout(reader, &header);
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
    static const char start[] = "time_s,value";
    size_t length = sizeof start - 1;
    return (content.length > 0 && content.data[0] == '#') ||
           (content.length >= length && memcmp(content.data, start, length) == 0);
}

const es_trace_format es_trace_format_canonical = {
    .quantities = 1U << ES_BANDWIDTH | 1U << ES_LOAD,
    .recognises = is_canonical,
    .read = read_canonical,
};
