/* What readers share: lines, mistakes, samples and arrivals. */
#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "format.h"
#include "meter.h"

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

/* ---- Lines */

/* Ends reading early; what is missing then is no mistake any more. Always false. */
static bool stop(es_trace_reader *reader, es_status status) {
    reader->status = status;
    reader->has_mistakes = true;
    reader->rest.length = 0;
    return false;
}

static size_t count_lines(const char *from, const char *to) {
    size_t n = 0;
    while (from < to && (from = memchr(from, '\n', (size_t)(to - from))) != NULL) {
        from++;
        n++;
    }
    return n;
}

/* Refuses a block that is no text of one byte per character. */
static bool check_text(es_trace_reader *reader, const char *from) {
    const char *block = reader->block, *end = block + reader->n_block;
    const char *nul = memchr(from, '\0', (size_t)(end - from));
    if (nul == NULL)
        return true;
    bool wide = reader->line == 0 && reader->n_block >= 2 &&
                (memcmp(block, "\xFF\xFE", 2) == 0 || memcmp(block, "\xFE\xFF", 2) == 0);
    es_trace_mistake(reader, reader->line + count_lines(block, nul) + 1,
                     wide ? "UTF-16; expected ASCII or UTF-8" : "a NUL byte; expected text");
    return stop(reader, ES_INVALID);
}

/* Reads at most `room` bytes behind those that are in the block. */
static bool read_more(es_trace_reader *reader, size_t room) {
    size_t n, before = reader->n_block;
    if (es_reserve(&reader->block, &reader->block_capacity, before + room + 1, 1) != ES_OK)
        return stop(reader, ES_NO_MEMORY);
    es_status status =
        es_trace_source_read(&reader->source, reader->block + before, room, &n, reader->errors);
    if (status != ES_OK)
        return stop(reader, status);
    reader->n_block += n;
    reader->has_ended = n < room;
    reader->block[reader->n_block] = '\0';
    return check_text(reader, reader->block + before);
}

/* Reads on where all whole lines in memory have been taken; false at the end. */
static bool next_block(es_trace_reader *reader) {
    if (reader->has_ended || reader->status != ES_OK)
        return false;
    reader->n_block -= reader->tail;
    if (reader->n_block > 0)
        memmove(reader->block, reader->block + reader->tail, reader->n_block);
    reader->tail = 0;
    if (!read_more(reader, ES_TRACE_BLOCK - reader->n_block))
        return false;
    size_t whole = reader->n_block;
    while (!reader->has_ended && whole > 0 && reader->block[whole - 1] != '\n')
        whole--;
    reader->tail = whole > 0 ? whole : reader->n_block; /* all of it: part of a line too long */
    reader->rest = (es_slice){reader->block, reader->tail};
    return reader->tail > 0;
}

bool es_trace_rewind(es_trace_reader *reader) {
    static const char mark[] = "\xEF\xBB\xBF"; /* the byte order mark of UTF-8 */
    es_status status = es_trace_source_rewind(&reader->source, reader->errors);
    if (status != ES_OK)
        return stop(reader, status);
    reader->line = reader->n_block = reader->tail = 0;
    reader->has_ended = false;
    if (next_block(reader) && reader->rest.length >= 3 && memcmp(reader->rest.data, mark, 3) == 0)
        reader->rest = (es_slice){reader->rest.data + 3, reader->rest.length - 3};
    return reader->status == ES_OK;
}

bool es_trace_read_whole(es_trace_reader *reader) {
    size_t skipped = (size_t)(reader->rest.data - reader->block);
    while (!reader->has_ended) {
        if (!read_more(reader, reader->n_block))
            return false;
        if (reader->n_block <= ES_TRACE_MAX_BYTES)
            continue;
        es_trace_mistake(reader, 0, "longer than %lld bytes; expected a shorter file",
                         (long long)ES_TRACE_MAX_BYTES);
        return stop(reader, ES_INVALID);
    }
    reader->tail = reader->n_block;
    reader->rest = (es_slice){reader->block + skipped, reader->n_block - skipped};
    return true;
}

bool es_trace_next_line(es_trace_reader *reader, es_slice *line) {
    if (reader->rest.length == 0 && !next_block(reader))
        return false;
    ES_REQUIRE(es_next_line(&reader->rest, line));
    reader->line++;
    if (reader->rest.length > 0 || reader->rest.data[-1] == '\n')
        return true;
    if (!reader->has_ended) {
        es_trace_mistake(reader, reader->line,
                         "a line of more than %d bytes; expected shorter ones", ES_TRACE_BLOCK);
        return stop(reader, ES_INVALID);
    }
    if (reader->format->open_end)
        return true;
    es_trace_mistake(reader, reader->line,
                     "the last line has no end; the file may have been cut off");
    return false;
}

/* ---- Messages */

void es_trace_mistake(es_trace_reader *reader, size_t line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (reader->status == ES_OK)
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

static void check_value(es_trace_reader *reader, double value) {
    es_quantity quantity = reader->trace->quantity;
    if (!(value >= ranges[quantity].least && value <= ranges[quantity].most))
        refuse_value(reader, value);
}

/* ---- Samples */

static es_status keep(es_trace_reader *reader, es_time start, double value, unsigned marks) {
    es_trace *trace = reader->trace;
    size_t n = reader->n_kept;
    if (n == ES_TRACE_MAX_SAMPLES) {
        es_trace_mistake(reader, reader->line, "more than %lld samples; expected fewer",
                         (long long)ES_TRACE_MAX_SAMPLES);
        stop(reader, ES_INVALID);
        return ES_OK;
    }
    if (es_reserve(&trace->times, &reader->times_capacity, n + 2, sizeof *trace->times) != ES_OK ||
        es_reserve(&trace->values, &reader->values_capacity, n + 1, sizeof *trace->values) !=
            ES_OK ||
        (marks != 0 && es_reserve(&trace->marks, &reader->marks_capacity, n + 1, 1) != ES_OK))
        return ES_NO_MEMORY;
    trace->times[n] = start;
    trace->values[n] = value;
    if (marks != 0)
        trace->marks[n] = (unsigned char)marks;
    reader->n_kept++;
    return ES_OK;
}

/* Passes on the sample added last, which ends at `end`. */
static es_status pass_on(es_trace_reader *reader, es_time end) {
    const es_trace_sample *sample = &reader->sample;
    if (reader->has_mistakes)
        return ES_OK;
    reader->is_positive |= sample->value > 0;
    if (reader->meter != NULL)
        return es_trace_meter_add(reader->meter, sample->start, end, sample->value, sample->marks);
    es_status status = keep(reader, sample->start, sample->value, sample->marks);
    if (status == ES_OK && !reader->has_mistakes)
        reader->trace->times[reader->n_kept] = end;
    return status;
}

static es_status add(es_trace_reader *reader, es_trace_sample sample) {
    es_status status = reader->trace->n > 0 ? pass_on(reader, sample.start) : ES_OK;
    reader->step = reader->trace->n > 0 ? sample.start - reader->sample.start : 0;
    reader->sample = sample;
    reader->trace->n++;
    return status;
}

es_status es_trace_add(es_trace_reader *reader, es_time start, double value) {
    check_value(reader, value);
    return add(reader, (es_trace_sample){start, value, 0});
}

void es_trace_mark(es_trace_reader *reader, unsigned marks) {
    reader->sample.marks |= marks;
}

es_status es_trace_add_missing(es_trace_reader *reader, es_time start) {
    double held = reader->trace->n > 0 ? reader->sample.value : 0;
    return add(reader, (es_trace_sample){start, held, ES_MARK_MISSING});
}

es_status es_trace_finish(es_trace_reader *reader) {
    es_trace *trace = reader->trace;
    es_status status = ES_OK;
    if (trace->quantity != ES_ARRIVALS && trace->n > 0)
        status = pass_on(reader, reader->end);
    if (status != ES_OK || trace->marks == NULL)
        return status;
    return es_reserve(&trace->marks, &reader->marks_capacity, trace->n, 1);
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
    reader->end = end;
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
    check_value(reader, value);
    reader->sample.value = value; /* the earlier row holds for no time */
    reader->sample.marks = 0;
    return ES_OK;
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
    es_time last = reader->sample.start;
    if (!es_trace_is_in_range(reader, last))
        return;
    es_trace_end(reader, backward ? reader->last - reader->origin : last + reader->step);
    if (trace->n_duplicates > 0)
        es_trace_note(reader,
                      "%zu rows repeat the time of the row before: no time passes there, "
                      "and they carry nothing",
                      trace->n_duplicates);
}

/* ---- Arrivals */

static es_status keep_arrival(es_trace_reader *reader, es_time at, double batch,
                              double deadline_s) {
    es_trace *trace = reader->trace;
    size_t n = reader->n_kept, n_before = reader->deadlines_capacity;
    es_status status = keep(reader, at, batch, 0);
    if (status != ES_OK || (isnan(deadline_s) && trace->deadlines_s == NULL))
        return status;
    status = es_reserve(&trace->deadlines_s, &reader->deadlines_capacity, n + 1, sizeof(double));
    if (status != ES_OK)
        return status;
    for (size_t i = n_before; i < reader->deadlines_capacity; i++)
        trace->deadlines_s[i] = ES_NAN;
    trace->deadlines_s[n] = deadline_s;
    return ES_OK;
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
    check_value(reader, batch);
    if (!reader->has_stamp)
        reader->origin = reader->last = at;
    trace->n_backward += at < reader->last;
    trace->n_duplicates += reader->has_stamp && at == reader->last;
    reader->has_stamp = true;
    reader->last = at;
    reader->end = at > reader->end ? at : reader->end;
    trace->n++;
    if (reader->has_mistakes)
        return ES_OK;
    if (reader->meter == NULL)
        return keep_arrival(reader, at, batch, deadline_s);
    if (trace->n_backward == 0)
        return es_trace_meter_add_arrival(reader->meter, at, batch);
    reader->is_unsorted = true;
    stop(reader, ES_INVALID);
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

/* Sorts what was kept, counts what repeats, and counts time from `first`. */
static es_status arrange(es_trace_reader *reader, bool has_dates) {
    es_trace *trace = reader->trace;
    if (trace->n_backward > 0 && sort_arrivals(trace) != ES_OK)
        return ES_NO_MEMORY;
    es_time first = has_dates ? trace->times[0] : 0;
    trace->n_duplicates = 0;
    for (size_t i = 0; i < trace->n; i++) {
        trace->times[i] -= first;
        trace->n_duplicates += i > 0 && trace->times[i] == trace->times[i - 1];
    }
    trace->times[trace->n] = reader->end - first;
    return ES_OK;
}

es_status es_trace_end_arrivals(es_trace_reader *reader, bool has_dates, es_time end) {
    es_trace *trace = reader->trace;
    trace->hold = ES_HOLD_INTERVALS;
    trace->at_end = ES_AT_END_STOP;
    if (trace->n == 0 && !reader->has_mistakes)
        es_trace_mistake(reader, reader->line, "the file ends here; expected requests");
    if (reader->has_mistakes)
        return ES_OK;
    reader->end = end > reader->end ? end : reader->end;
    if (trace->n_backward > 0)
        es_trace_note(reader, "%zu requests are earlier than the row before: sorted",
                      trace->n_backward);
    if (reader->meter == NULL)
        return arrange(reader, has_dates);
    es_trace_meter_begin(reader->meter, has_dates ? reader->origin : 0);
    return ES_OK;
}
