#include "edgesplit/trace.h"

#include "edgesplit/alloc.h"
#include "format.h"

#include <stdarg.h>
#include <string.h>

/* Far more than any recorded trace: a file this long was named by mistake. */
enum { MAX_FILE_BYTES = 1 << 30 };

static const struct {
    const char *name, *summary;
    const es_trace_format *ops;
} formats[] = {
#define ES_TRACE_FORMAT(name, summary) {#name, summary, &es_trace_format_##name},
#include "edgesplit/trace.def"
#undef ES_TRACE_FORMAT
};

enum { N_FORMATS = sizeof formats / sizeof formats[0] };

const char *es_trace_format_name(size_t i) {
    return i < N_FORMATS ? formats[i].name : NULL;
}

const char *es_trace_format_summary(size_t i) {
    return i < N_FORMATS ? formats[i].summary : NULL;
}

const char *es_quantity_text(es_quantity quantity) {
    return quantity == ES_BANDWIDTH ? "bandwidth" : "load";
}

bool es_trace_next_line(es_trace_reader *reader, es_slice *line) {
    if (!es_next_line(&reader->rest, line))
        return false;
    reader->line++;
    bool whole = reader->rest.length > 0 || line->data[line->length] != '\0';
    if (!whole)
        es_trace_mistake(reader, reader->line,
                         "the last line has no end; the file may have been cut off");
    return whole;
}

void es_trace_mistake(es_trace_reader *reader, size_t line, const char *format, ...) {
    char text[ES_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    es_errors_add(reader->errors, ES_INVALID, reader->path, line, "%s", text);
    reader->has_mistakes = true;
}

es_status es_trace_add(es_trace_reader *reader, es_time start, double value) {
    es_trace *trace = reader->trace;
    double most = trace->quantity == ES_BANDWIDTH ? (double)ES_RATE_MAX : 1.0;
    if (!(value >= 0 && value <= most))
        es_trace_mistake(reader, reader->line, "a %s of %.17g%s; expected 0 .. %g%s",
                         es_quantity_text(trace->quantity), value,
                         trace->quantity == ES_BANDWIDTH ? " bit/s" : "", most,
                         trace->quantity == ES_BANDWIDTH ? " bit/s" : "");
    if (es_reserve(&trace->times, &reader->times_capacity, trace->n + 2, sizeof *trace->times) !=
            ES_OK ||
        es_reserve(&trace->values, &reader->values_capacity, trace->n + 1, sizeof *trace->values) !=
            ES_OK)
        return ES_NO_MEMORY;
    trace->times[trace->n] = start;
    trace->values[trace->n++] = value;
    return ES_OK;
}

void es_trace_end(es_trace_reader *reader, es_time end) {
    reader->trace->times[reader->trace->n] = end;
}

int es_trace_shown(es_slice slice) {
    return slice.length < 40 ? (int)slice.length : 40;
}

bool es_trace_is_digits(es_slice slice) {
    for (size_t i = 0; i < slice.length; i++)
        if (slice.data[i] < '0' || slice.data[i] > '9')
            return false;
    return slice.length > 0;
}

static bool holds(size_t format, es_quantity quantity) {
    return (formats[format].ops->quantities >> quantity & 1) != 0;
}

static const char *name_at(const void *context, size_t i) {
    (void)context;
    return formats[i].name;
}

/* The names of the formats that hold the quantity: "a, b". */
static void list_names(es_quantity quantity, char *text, size_t size) {
    int at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < N_FORMATS && (size_t)at < size; i++)
        if (holds(i, quantity))
            at +=
                snprintf(text + at, size - (size_t)at, "%s%s", at > 0 ? ", " : "", formats[i].name);
}

/* The format with that name, or N_FORMATS and a mistake. */
static size_t find_named(es_trace_reader *reader, const char *name, const char *names) {
    es_quantity quantity = reader->options->quantity;
    for (size_t i = 0; i < N_FORMATS; i++) {
        if (strcmp(formats[i].name, name) != 0)
            continue;
        if (holds(i, quantity))
            return i;
        es_trace_mistake(reader, 0, "the format '%s' does not hold a %s; expected one of: %s", name,
                         es_quantity_text(quantity), names);
        return N_FORMATS;
    }
    const char *nearest = es_nearest_name(name, N_FORMATS, name_at, NULL);
    es_trace_mistake(reader, 0, "unknown trace format '%s'%s%s%s; expected one of: %s", name,
                     nearest != NULL ? " (nearest: '" : "", nearest != NULL ? nearest : "",
                     nearest != NULL ? "')" : "", names);
    return N_FORMATS;
}

static size_t find_format(es_trace_reader *reader) {
    char names[ES_ERROR_TEXT / 2];
    es_quantity quantity = reader->options->quantity;
    list_names(quantity, names, sizeof names);
    if (reader->options->format != NULL)
        return find_named(reader, reader->options->format, names);
    for (size_t i = 0; i < N_FORMATS; i++)
        if (holds(i, quantity) && formats[i].ops->recognises != NULL &&
            formats[i].ops->recognises(reader->rest))
            return i;
    if (reader->rest.length == 0)
        es_trace_mistake(reader, 0, "an empty file; expected a trace");
    else
        es_trace_mistake(reader, 1,
                         "the format of this %s trace cannot be told from its content; name it "
                         "with `format = `, one of: %s",
                         es_quantity_text(quantity), names);
    return N_FORMATS;
}

static bool has_positive(const es_trace *trace) {
    for (size_t i = 0; i < trace->n; i++)
        if (trace->values[i] > 0)
            return true;
    return false;
}

static es_status read_file(es_trace_reader *reader) {
    es_trace *trace = reader->trace;
    size_t format = find_format(reader);
    if (format == N_FORMATS)
        return ES_INVALID;
    trace->format = formats[format].name;
    es_status status = formats[format].ops->read(reader);
    if (status != ES_OK)
        return status;
    if (!reader->has_mistakes && trace->quantity == ES_BANDWIDTH && !has_positive(trace))
        es_trace_mistake(reader, 0, "the bandwidth is 0 at all times; expected a positive one");
    if (reader->has_mistakes)
        return ES_INVALID;
    es_text_add(&reader->provenance, "%s", "");
    if (reader->provenance.failed)
        return ES_NO_MEMORY;
    trace->provenance = reader->provenance.data;
    reader->provenance.data = NULL;
    return ES_OK;
}

es_status es_trace_load(const char *path, const es_trace_options *options, es_trace **trace,
                        es_errors *errors) {
    es_file file;
    es_status status = es_file_read(path, MAX_FILE_BYTES, &file, errors);
    if (status != ES_OK)
        return status;
    es_trace_reader reader = {
        .path = path,
        .options = options,
        .rest = {file.data, file.length},
        .trace = es_alloc(1, sizeof(es_trace)),
        .errors = errors,
    };
    status = ES_NO_MEMORY;
    if (reader.trace == NULL)
        goto done;
    reader.trace->path = es_strdup(path);
    if (reader.trace->path == NULL)
        goto done;
    memcpy(reader.trace->sha256, file.sha256, sizeof file.sha256);
    reader.trace->quantity = options->quantity;
    reader.trace->at_end = ES_AT_END_LOOP;
    status = read_file(&reader);
    if (status == ES_OK) {
        *trace = reader.trace;
        reader.trace = NULL;
    }
done:
    if (status == ES_NO_MEMORY)
        es_errors_add(errors, status, path, 0, "out of memory while reading the trace");
    free(reader.provenance.data);
    es_trace_destroy(reader.trace);
    es_file_fini(&file);
    return status;
}

void es_trace_destroy(es_trace *trace) {
    if (trace == NULL)
        return;
    free(trace->path);
    free(trace->provenance);
    free(trace->times);
    free(trace->values);
    free(trace);
}
