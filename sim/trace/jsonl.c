#include "json.h"

#include "edgesplit/number.h"

/* Requests as JSON objects, one a line, each with the time it came: the traces of Mooncake
 * ({"timestamp": ms, "input_length", "output_length", "hash_ids"}) and whatever else is written so.
 * Source: Qin et al., "Mooncake: a KVCache-centric disaggregated architecture for LLM serving",
 * FAST 2025. */
enum { TIME, UNIT, BATCH, DEADLINE, N_OPTIONS };
static const es_trace_option options[N_OPTIONS] = {
    [TIME] = {"time", "the member that holds the time of a request; default timestamp"},
    [UNIT] = {"unit", "of times and deadlines: s, ms, us or ns; default ms"},
    [BATCH] = {"batch", "the member that holds the batch size; default: 1 each"},
    [DEADLINE] = {"deadline", "the member that holds the deadline; default: none"},
};

enum { NAME_BYTES = 64 };

typedef struct members {
    char time[NAME_BYTES], batch[NAME_BYTES], deadline[NAME_BYTES]; /* "": not read */
    int decimals; /* of the unit, as in es_trace_parse_stamp */
} members;

static const double units_s[] = {1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1};

/* Times from 2001 on are dates. */
static const es_time first_date = ES_SECOND * ES_SECOND;

static void set_name(const es_trace_reader *reader, size_t option, const char *preset,
                     char name[NAME_BYTES]) {
    es_slice value = es_trace_setting(reader, option);
    if (value.data == NULL)
        value = es_trace_slice_of(preset);
    snprintf(name, NAME_BYTES, "%.*s",
             value.length < NAME_BYTES ? (int)value.length : NAME_BYTES - 1, value.data);
}

/* The time of a request. Whole numbers are converted exactly: a double holds the nanoseconds of a
 * date only to a quarter of a microsecond. */
static bool read_time(es_trace_reader *reader, const json_t *object, const members *names,
                      es_time *stamp) {
    char text[32];
    double number;
    const json_t *member = json_object_get(object, names->time);
    if (!es_trace_json_number(reader, object, names->time, &number))
        return false;
    if (json_is_integer(member))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(member));
    else
        snprintf(text, sizeof text, "%.17g", number);
    if (es_trace_parse_stamp(es_trace_slice_of(text), names->decimals, stamp) == ES_OK)
        return true;
    es_trace_mistake(reader, reader->line, "\"%s\" is %s; expected a time from 0 on, up to 4e9 s",
                     names->time, text);
    return false;
}

static es_status read_object(es_trace_reader *reader, const json_t *object, const members *names) {
    double batch = 1, deadline = ES_NAN;
    es_time stamp;
    if (!json_is_object(object)) {
        es_trace_mistake(reader, reader->line, "expected a JSON object with \"%s\"", names->time);
        return ES_OK;
    }
    bool right = read_time(reader, object, names, &stamp);
    if (names->batch[0] != '\0')
        right = es_trace_json_number(reader, object, names->batch, &batch) && right;
    if (names->deadline[0] != '\0' && json_object_get(object, names->deadline) != NULL)
        right = es_trace_json_number(reader, object, names->deadline, &deadline) && right;
    if (deadline <= 0) {
        es_trace_mistake(reader, reader->line, "\"%s\" is %g; expected a time above 0",
                         names->deadline, deadline);
        right = false;
    }
    return right ? es_trace_add_arrival(reader, stamp, batch, deadline * units_s[names->decimals])
                 : ES_OK;
}

static es_status read_line(es_trace_reader *reader, es_slice line, const members *names) {
    json_error_t error;
    json_t *object = json_loadb(line.data, line.length, JSON_DECODE_ANY, &error);
    if (object == NULL) {
        if (json_error_code(&error) == json_error_out_of_memory)
            return ES_NO_MEMORY;
        es_trace_mistake(reader, reader->line, "not JSON: %s", error.text);
        return ES_OK;
    }
    es_status status = read_object(reader, object, names);
    json_decref(object);
    return status;
}

static es_status read_jsonl(es_trace_reader *reader) {
    int decimals = es_trace_time_decimals(reader, UNIT, 6);
    if (decimals < 0)
        return ES_OK;
    members names = {.decimals = decimals};
    set_name(reader, TIME, "timestamp", names.time);
    set_name(reader, BATCH, "", names.batch);
    set_name(reader, DEADLINE, "", names.deadline);
    es_slice line;
    es_status status = ES_OK;
    while (status == ES_OK && es_trace_next_line(reader, &line))
        status = read_line(reader, line, &names);
    bool has_dates = reader->origin >= first_date;
    return status == ES_OK ? es_trace_end_arrivals(reader, has_dates, 0) : status;
}

static bool is_jsonl(es_slice content) {
    return content.length > 0 && content.data[0] == '{';
}

const es_trace_format es_trace_format_jsonl = {
    .name = "jsonl",
    .quantities = 1U << ES_ARRIVALS,
    .open_end = true,
    .n_options = N_OPTIONS,
    .options = options,
    .recognises = is_jsonl,
    .read = read_jsonl,
};
