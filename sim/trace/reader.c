/* What readers share: lines, mistakes, samples and arrivals. */
#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "format.h"

#include <stdarg.h>
#include <string.h>

/* The range of each quantity and how a message calls its unit. */
static const struct {
    double least, most;
    const char *article, *unit;
} ranges[ES_N_QUANTITIES] = {
    [ES_BANDWIDTH] = {0, (double)ES_RATE_MAX, "a ", " bit/s"},
    [ES_LOAD] = {0, 1, "a ", ""},
    [ES_JOBS] = {0, 1e6, "", ""},
    [ES_LATENCY] = {0, 1e6, "a ", " s"},
    [ES_ARRIVALS] = {1, 1e6, "", " at once"},
};

bool es_trace_next_line(es_trace_reader *reader, es_slice *line) {
    if (!es_next_line(&reader->rest, line))
        return false;
    reader->line++;
    bool whole = reader->rest.length > 0 || line->data[line->length] != '\0';
    if (whole || reader->format->open_end)
        return true;
    es_trace_mistake(reader, reader->line,
                     "the last line has no end; the file may have been cut off");
    return false;
}

void es_trace_mistake(es_trace_reader *reader, size_t line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    es_errors_add_list(reader->errors, ES_INVALID, reader->path, line, format, arguments);
    va_end(arguments);
    reader->has_mistakes = true;
}

void es_trace_note(es_trace_reader *reader, const char *format, ...) {
    char text[ES_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    es_text_add(&reader->notes, "%s%s", reader->notes.length > 0 ? "\n" : "", text);
}

es_slice es_trace_setting(const es_trace_reader *reader, size_t i) {
    return reader->settings[i];
}

size_t es_trace_choice(es_trace_reader *reader, size_t option, const char *const *choices,
                       size_t preset) {
    es_slice value = es_trace_setting(reader, option);
    if (value.data == NULL)
        return preset;
    char names[128] = "";
    for (size_t i = 0; choices[i] != NULL; i++) {
        if (es_slice_equals(value, choices[i]))
            return i;
        size_t length = strlen(names);
        snprintf(names + length, sizeof names - length, "%s%s", i > 0 ? " or " : "", choices[i]);
    }
    es_trace_mistake(reader, 0, "%s=%.*s; expected %s", reader->format->options[option].name,
                     es_trace_shown(value), value.data, names);
    return preset;
}

static void refuse_value(es_trace_reader *reader, double value) {
    es_quantity quantity = reader->trace->quantity;
    const char *unit = ranges[quantity].unit;
    es_trace_mistake(reader, reader->line, "%s%s of %.17g%s; expected %g .. %g%s",
                     ranges[quantity].article, es_quantity_text(quantity), value, unit,
                     ranges[quantity].least, ranges[quantity].most, unit);
}

static es_status append(es_trace_reader *reader, es_time start, double value) {
    es_trace *trace = reader->trace;
    if (es_reserve(&trace->times, &reader->times_capacity, trace->n + 2, sizeof *trace->times) !=
            ES_OK ||
        es_reserve(&trace->values, &reader->values_capacity, trace->n + 1, sizeof *trace->values) !=
            ES_OK)
        return ES_NO_MEMORY;
    trace->times[trace->n] = start;
    trace->values[trace->n++] = value;
    return ES_OK;
}

es_status es_trace_add(es_trace_reader *reader, es_time start, double value) {
    if (!(value >= ranges[reader->trace->quantity].least &&
          value <= ranges[reader->trace->quantity].most))
        refuse_value(reader, value);
    return append(reader, start, value);
}

es_status es_trace_mark(es_trace_reader *reader, unsigned marks) {
    es_trace *trace = reader->trace;
    if (es_reserve(&trace->marks, &reader->marks_capacity, trace->n, 1) != ES_OK)
        return ES_NO_MEMORY;
    trace->marks[trace->n - 1] |= (unsigned char)marks;
    return ES_OK;
}

es_status es_trace_add_missing(es_trace_reader *reader, es_time start) {
    const es_trace *trace = reader->trace;
    es_status status = append(reader, start, trace->n > 0 ? trace->values[trace->n - 1] : 0);
    return status == ES_OK ? es_trace_mark(reader, ES_MARK_MISSING) : status;
}

bool es_trace_is_in_range(es_trace_reader *reader, es_time at) {
    if (at <= ES_TRACE_LONGEST)
        return true;
    es_trace_mistake(reader, reader->line,
                     "the trace gets longer than %g s; expected a shorter one",
                     es_time_s(ES_TRACE_LONGEST));
    return false;
}

void es_trace_end(es_trace_reader *reader, es_time end) {
    reader->trace->times[reader->trace->n] = end;
}

es_status es_trace_add_stamped(es_trace_reader *reader, es_time stamp, double value) {
    es_trace *trace = reader->trace;
    bool backward = trace->hold == ES_HOLD_BACKWARD;
    if (!reader->has_stamp) {
        reader->has_stamp = true;
        reader->origin = reader->last = stamp;
        return backward ? ES_OK : es_trace_add(reader, 0, value);
    }
    if (stamp > reader->last) {
        es_time start = backward ? reader->last : stamp;
        reader->last = stamp;
        return es_trace_add(reader, start - reader->origin, value);
    }
    if (stamp < reader->last) {
        es_trace_mistake(reader, reader->line,
                         "time %.9gs after %.9gs; expected times that do not fall",
                         es_time_s(stamp), es_time_s(reader->last));
        return ES_OK;
    }
    trace->n_duplicates++;
    if (backward)
        return ES_OK;
    trace->n--; /* the earlier row holds for no time */
    return es_trace_add(reader, trace->times[trace->n], value);
}

void es_trace_end_stamped(es_trace_reader *reader) {
    const es_trace *trace = reader->trace;
    size_t n = trace->n;
    bool backward = trace->hold == ES_HOLD_BACKWARD;
    if (n < (backward ? 1U : 2U)) {
        if (!reader->has_mistakes)
            es_trace_mistake(reader, reader->line,
                             "the file ends here; expected at least two samples");
        return;
    }
    es_time last = trace->times[n - 1];
    if (!es_trace_is_in_range(reader, last))
        return;
    es_trace_end(reader,
                 backward ? reader->last - reader->origin : last + (last - trace->times[n - 2]));
    if (trace->n_duplicates > 0)
        es_trace_note(reader,
                      "%zu rows repeat the time of the row before: no time passes there, "
                      "and they carry nothing",
                      trace->n_duplicates);
}

es_status es_trace_add_arrival(es_trace_reader *reader, es_time at, double batch,
                               double deadline_s) {
    es_trace *trace = reader->trace;
    if (isnan(batch))
        batch = 1;
    else
        trace->has_batches = true;
    if (batch != floor(batch))
        es_trace_mistake(reader, reader->line, "a batch of %.17g; expected a whole number", batch);
    es_status status = es_trace_add(reader, at, batch);
    if (status != ES_OK || (isnan(deadline_s) && trace->deadlines_s == NULL))
        return status;
    status = es_reserve(&trace->deadlines_s, &reader->deadlines_capacity, trace->n,
                        sizeof *trace->deadlines_s);
    if (status != ES_OK)
        return status;
    while (reader->n_deadlines < trace->n)
        trace->deadlines_s[reader->n_deadlines++] = ES_NAN;
    trace->deadlines_s[trace->n - 1] = deadline_s;
    return ES_OK;
}

typedef struct arrival {
    es_time at;
    size_t row;
    double batch, deadline_s;
} arrival;

static int earlier(const void *a, const void *b) {
    const arrival *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->row < y->row ? -1 : 1;
}

static es_status sort_arrivals(es_trace *trace) {
    arrival *list = es_alloc(trace->n, sizeof *list);
    if (list == NULL)
        return ES_NO_MEMORY;
    bool deadlines = trace->deadlines_s != NULL;
    for (size_t i = 0; i < trace->n; i++)
        list[i] =
            (arrival){trace->times[i], i, trace->values[i], deadlines ? trace->deadlines_s[i] : 0};
    qsort(list, trace->n, sizeof *list, earlier);
    for (size_t i = 0; i < trace->n; i++) {
        trace->times[i] = list[i].at;
        trace->values[i] = list[i].batch;
        if (deadlines)
            trace->deadlines_s[i] = list[i].deadline_s;
    }
    free(list);
    return ES_OK;
}

es_status es_trace_end_arrivals(es_trace_reader *reader, bool has_dates, es_time end) {
    es_trace *trace = reader->trace;
    size_t n = trace->n;
    trace->hold = ES_HOLD_INTERVALS;
    trace->at_end = ES_AT_END_STOP;
    if (n == 0) {
        if (!reader->has_mistakes)
            es_trace_mistake(reader, reader->line, "the file ends here; expected requests");
        return ES_OK;
    }
    for (size_t i = 1; i < n; i++)
        trace->n_backward += trace->times[i] < trace->times[i - 1];
    if (trace->n_backward > 0) {
        es_trace_note(reader, "%zu requests are earlier than the row before: sorted",
                      trace->n_backward);
        if (sort_arrivals(trace) != ES_OK)
            return ES_NO_MEMORY;
    }
    for (size_t i = 1; i < n; i++)
        trace->n_duplicates += trace->times[i] == trace->times[i - 1];
    es_time first = has_dates ? trace->times[0] : 0;
    for (size_t i = 0; i < n; i++)
        trace->times[i] -= first;
    trace->times[n] = end - first > trace->times[n - 1] ? end - first : trace->times[n - 1];
    return ES_OK;
}
