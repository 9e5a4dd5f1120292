#include "edgesplit/trace.h"

#include "edgesplit/alloc.h"
#include "format.h"
#include "meter.h"

#include <string.h>

static const struct {
    const es_trace_format *ops;
    const char *summary;
} formats[] = {
#define ES_TRACE_FORMAT(name, summary) {&es_trace_format_##name, summary},
#include "edgesplit/trace.def"
#undef ES_TRACE_FORMAT
};

enum { N_FORMATS = sizeof formats / sizeof formats[0] };

const char *es_trace_format_name(size_t i) {
    return i < N_FORMATS ? formats[i].ops->name : NULL;
}

const char *es_trace_format_summary(size_t i) {
    return i < N_FORMATS ? formats[i].summary : NULL;
}

const es_trace_option *es_trace_format_option(size_t format, size_t i) {
    if (format >= N_FORMATS || i >= formats[format].ops->n_options)
        return NULL;
    return &formats[format].ops->options[i];
}

const char *es_quantity_text(es_quantity quantity) {
    static const char *const texts[ES_N_QUANTITIES + 1] = {
        [ES_BANDWIDTH] = "bandwidth", [ES_LOAD] = "load",         [ES_JOBS] = "jobs",
        [ES_LATENCY] = "latency",     [ES_ARRIVALS] = "arrivals", [ES_ANY_QUANTITY] = "trace",
    };
    return texts[quantity];
}

static bool holds(const es_trace_format *format, es_quantity quantity) {
    return quantity == ES_ANY_QUANTITY || (format->quantities >> quantity & 1) != 0;
}

static const char *name_at(const void *context, size_t i) {
    (void)context;
    return formats[i].ops->name;
}

/* Appends a name to a list of names in a message. */
static void list_name(const char *name, char *text, size_t size) {
    size_t length = strlen(text);
    snprintf(text + length, size - length, "%s%s", length > 0 ? ", " : "", name);
}

/* The names of the formats that hold the quantity: "a, b". */
static void list_names(es_quantity quantity, char *text, size_t size) {
    text[0] = '\0';
    for (size_t i = 0; i < N_FORMATS; i++)
        if (holds(formats[i].ops, quantity))
            list_name(formats[i].ops->name, text, size);
}

/* The format with that name, or NULL and a mistake. */
static const es_trace_format *find_named(es_trace_reader *reader, const char *name,
                                         const char *names) {
    es_quantity quantity = reader->options->quantity;
    for (size_t i = 0; i < N_FORMATS; i++) {
        if (strcmp(formats[i].ops->name, name) != 0)
            continue;
        if (holds(formats[i].ops, quantity))
            return formats[i].ops;
        es_trace_mistake(reader, 0, "the format '%s' does not hold %s%s; expected one of: %s", name,
                         quantity == ES_ARRIVALS ? "" : "a ", es_quantity_text(quantity), names);
        return NULL;
    }
    const char *nearest = es_nearest_name(name, N_FORMATS, name_at, NULL);
    es_trace_mistake(reader, 0, "unknown trace format '%s'; expected one of: %s%s", name, names,
                     es_did_you_mean(nearest, "'", "'", "").text);
    return NULL;
}

/* The format that the content and the quantity asked for leave, or NULL and a mistake. */
static const es_trace_format *find_format(es_trace_reader *reader) {
    char names[ES_ERROR_TEXT / 2], found_names[ES_ERROR_TEXT / 2] = "";
    es_quantity quantity = reader->options->quantity;
    list_names(quantity, names, sizeof names);
    if (reader->options->format != NULL)
        return find_named(reader, reader->options->format, names);
    if (reader->rest.length == 0) {
        es_trace_mistake(reader, 0, "an empty file; expected a trace");
        return NULL;
    }
    const es_trace_format *found = NULL;
    size_t n_found = 0;
    for (size_t i = 0; i < N_FORMATS; i++) {
        const es_trace_format *format = formats[i].ops;
        if (!holds(format, quantity) || format->recognises == NULL ||
            !format->recognises(reader->rest))
            continue;
        found = format;
        n_found++;
        list_name(format->name, found_names, sizeof found_names);
    }
    if (n_found == 1)
        return found;
    if (n_found == 0)
        es_trace_mistake(reader, 1,
                         "the format of this %s%s cannot be told from its content; name it with "
                         "`format = `, one of: %s",
                         quantity == ES_ANY_QUANTITY ? "" : es_quantity_text(quantity),
                         quantity == ES_ANY_QUANTITY ? "file" : " trace", names);
    else
        es_trace_mistake(reader, 1, "may be of several formats; name one with `format = `: %s",
                         found_names);
    return NULL;
}

static const char *option_at(const void *context, size_t i) {
    return ((const es_trace_format *)context)->options[i].name;
}

static void read_setting(es_trace_reader *reader, es_slice text) {
    const es_trace_format *format = reader->format;
    es_slice value = text, name;
    if (memchr(text.data, '=', text.length) == NULL || !es_next_field(&value, '=', &name)) {
        es_trace_mistake(reader, 0, "option '%.*s'; expected name=value", es_trace_shown(text),
                         text.data);
        return;
    }
    value = es_slice_trim(value);
    for (size_t i = 0; i < format->n_options; i++) {
        if (!es_slice_equals(name, format->options[i].name))
            continue;
        if (reader->settings[i].data != NULL)
            es_trace_mistake(reader, 0, "option '%s' is given twice", format->options[i].name);
        else if (value.length == 0)
            es_trace_mistake(reader, 0, "option '%s' has no value; expected %s",
                             format->options[i].name, format->options[i].meaning);
        else
            reader->settings[i] = value;
        return;
    }
    char word[64], names[ES_ERROR_TEXT / 2] = "";
    snprintf(word, sizeof word, "%.*s", es_trace_shown(name), name.data);
    const char *nearest = es_nearest_name(word, format->n_options, option_at, format);
    for (size_t i = 0; i < format->n_options; i++)
        list_name(format->options[i].name, names, sizeof names);
    es_trace_mistake(reader, 0, "the format %s has no option '%s'; expected %s%s%s", format->name,
                     word, format->n_options > 0 ? "one of: " : "none", names,
                     es_did_you_mean(nearest, "'", "'", "").text);
}

static void read_settings(es_trace_reader *reader) {
    ES_REQUIRE(reader->format->n_options <= ES_TRACE_MAX_OPTIONS);
    const char *text = reader->options->settings;
    if (text == NULL || es_slice_trim(es_trace_slice_of(text)).length == 0)
        return;
    es_slice rest = es_trace_slice_of(text), field;
    while (es_next_field(&rest, ',', &field))
        read_setting(reader, field);
}

/* The quantity asked for, or the first that the format holds. */
static es_quantity choose_quantity(const es_trace_format *format, es_quantity asked) {
    es_quantity quantity = asked;
    if (asked == ES_ANY_QUANTITY)
        for (quantity = ES_BANDWIDTH; !holds(format, quantity);)
            quantity++;
    return quantity;
}

/* Takes over what a text holds; "" for an empty one. False: out of memory. */
static bool take_text(es_text *text, char **taken) {
    es_text_add(text, "%s", "");
    *taken = text->failed ? NULL : text->data;
    if (!text->failed)
        text->data = NULL;
    return *taken != NULL;
}

static es_status read_content(es_trace_reader *reader) {
    es_trace *trace = reader->trace;
    if (!es_trace_rewind(reader))
        return reader->status;
    reader->format = find_format(reader);
    if (reader->format == NULL)
        return ES_INVALID;
    read_settings(reader);
    if (reader->has_mistakes)
        return ES_INVALID;
    trace->format = reader->format->name;
    trace->quantity = choose_quantity(reader->format, reader->options->quantity);
    trace->hold = ES_HOLD_FORWARD;
    trace->at_end = ES_AT_END_LOOP;
    es_status status = reader->format->read(reader);
    if (status == ES_OK)
        status = es_trace_finish(reader);
    if (status == ES_OK)
        status = reader->status;
    if (status != ES_OK)
        return status;
    if (!reader->has_mistakes && trace->n == 0)
        es_trace_mistake(reader, 0, "an empty file; expected a trace");
    if (!reader->has_mistakes && trace->quantity == ES_BANDWIDTH && !reader->is_positive)
        es_trace_mistake(reader, 0, "the bandwidth is 0 at all times; expected a positive one");
    if (reader->has_mistakes)
        return ES_INVALID;
    if (!take_text(&reader->provenance, &trace->provenance) ||
        !take_text(&reader->notes, &trace->notes))
        return ES_NO_MEMORY;
    return ES_OK;
}

static void free_samples(es_trace *trace) {
    free(trace->times);
    free(trace->values);
    free(trace->marks);
    free(trace->deadlines_s);
    trace->times = NULL;
    trace->values = trace->deadlines_s = NULL;
    trace->marks = NULL;
}

/* Reads a stream, which it takes, or, where that is NULL, a content. */
static es_status read_trace(es_trace_reader *reader, FILE *stream, es_slice content) {
    es_status status =
        es_trace_source_open(&reader->source, reader->path, stream, content, reader->errors);
    if (status == ES_OK) {
        reader->trace = es_alloc(1, sizeof(es_trace));
        if (reader->trace != NULL)
            reader->trace->path = es_strdup(reader->path);
        bool has_path = reader->trace != NULL && reader->trace->path != NULL;
        status = has_path ? read_content(reader) : ES_NO_MEMORY;
    }
    if (status == ES_OK)
        memcpy(reader->trace->sha256, reader->source.sha256, sizeof reader->source.sha256);
    return status;
}

/* Frees what is left; hands the trace out if all is well. */
static es_status finish(es_trace_reader *reader, es_status status, es_trace **trace) {
    if (status == ES_NO_MEMORY)
        es_errors_add(reader->errors, status, reader->path, 0,
                      "out of memory while reading the trace");
    if (status == ES_OK) {
        *trace = reader->trace;
        reader->trace = NULL;
    }
    es_trace_source_close(&reader->source);
    free(reader->block);
    free(reader->provenance.data);
    free(reader->notes.data);
    es_trace_destroy(reader->trace);
    return status;
}

es_status es_trace_parse(const char *path, const char *data, size_t length,
                         const es_trace_options *options, es_trace **trace, es_errors *errors) {
    es_trace_reader reader = {.path = path, .options = options, .errors = errors};
    return finish(&reader, read_trace(&reader, NULL, (es_slice){data, length}), trace);
}

es_status es_trace_load(const char *path, const es_trace_options *options, es_trace **trace,
                        es_errors *errors) {
    es_trace_reader reader = {.path = path, .options = options, .errors = errors};
    FILE *stream = es_file_open(path, errors);
    if (stream == NULL)
        return ES_NO_INPUT;
    return finish(&reader, read_trace(&reader, stream, (es_slice){0}), trace);
}

/* Loads the trace, measures it and drops its samples. */
static es_status measure_kept(const char *path, const es_trace_options *options, es_trace **trace,
                              es_trace_statistics *statistics, es_errors *errors) {
    es_trace *kept = NULL;
    es_status status = es_trace_load(path, options, &kept, errors);
    if (status == ES_OK && es_trace_statistics_of(kept, statistics) != ES_OK)
        status = es_errors_no_memory(errors, path);
    if (status != ES_OK) {
        es_trace_destroy(kept);
        return status;
    }
    free_samples(kept);
    *trace = kept;
    return ES_OK;
}

es_status es_trace_measure(const char *path, const es_trace_options *options, es_trace **trace,
                           es_trace_statistics *statistics, es_errors *errors) {
    es_trace_meter meter;
    es_trace_reader reader = {.path = path, .options = options, .errors = errors, .meter = &meter};
    FILE *stream = es_file_open(path, errors);
    if (stream == NULL)
        return ES_NO_INPUT;
    es_status status = es_trace_meter_init(&meter);
    if (status == ES_OK) {
        status = read_trace(&reader, stream, (es_slice){0});
        if (status == ES_OK)
            status = es_trace_meter_end(&meter, reader.trace, reader.end, statistics);
        es_trace_meter_fini(&meter);
    } else {
        fclose(stream);
    }
    bool is_unsorted = reader.is_unsorted;
    status = finish(&reader, status, trace);
    return is_unsorted ? measure_kept(path, options, trace, statistics, errors) : status;
}

void es_trace_destroy(es_trace *trace) {
    if (trace == NULL)
        return;
    free_samples(trace);
    free(trace->path);
    free(trace->provenance);
    free(trace->notes);
    free(trace);
}
