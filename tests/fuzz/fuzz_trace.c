/* Trace files: any bytes are either mistakes or a trace that can be measured, changed and written,
 * and reads back as the same. The first byte picks the format: '@' as recognised, 'A' the first in
 * the table, and so on; in the targets of one reader that is ES_FUZZ_FORMAT. The line behind it is
 * the options. */
#include "fuzz.h"

#include "edgesplit/number.h"
#include "edgesplit/trace.h"

#include <string.h>

static es_trace *parse(const char *data, size_t length, const es_trace_options *options) {
    es_trace *trace = NULL;
    es_errors errors;
    es_errors_init(&errors);
    es_status status = es_trace_parse("input", data, length, options, &trace, &errors);
    ES_REQUIRE((status == ES_OK) == (trace != NULL) && (status == ES_OK) == (errors.n == 0));
    return trace;
}

/* What every trace keeps. */
static void check(const es_trace *trace) {
    bool arrivals = trace->quantity == ES_ARRIVALS;
    es_trace_statistics statistics;
    ES_REQUIRE(trace->n > 0 && trace->times[0] >= 0 && (arrivals || trace->times[0] == 0));
    for (size_t i = 0; i < trace->n; i++)
        ES_REQUIRE(arrivals ? trace->times[i] <= trace->times[i + 1]
                            : trace->times[i] < trace->times[i + 1]);
    ES_REQUIRE(es_trace_statistics_of(trace, &statistics) == ES_OK);
}

static bool same_number(double a, double b) {
    return a == b || (a != a && b != b);
}

static double deadline_of(const es_trace *trace, size_t i) {
    return trace->deadlines_s != NULL ? trace->deadlines_s[i] : ES_NAN;
}

static void check_writing(const es_trace *trace) {
    static const es_trace_options any = {.quantity = ES_ANY_QUANTITY, .format = "canonical"};
    es_text text = {0};
    es_trace_write(trace, "", &text);
    ES_REQUIRE(!text.failed);
    es_trace *again = parse(text.data, text.length, &any);
    ES_REQUIRE(again != NULL && again->n == trace->n && again->quantity == trace->quantity);
    for (size_t i = 0; i < trace->n; i++) {
        ES_REQUIRE(again->times[i] == trace->times[i] && again->values[i] == trace->values[i]);
        ES_REQUIRE(same_number(deadline_of(again, i), deadline_of(trace, i)));
    }
    es_trace_destroy(again);
    free(text.data);
}

/* Every change either works or says why not. */
static void change(es_trace *trace, uint8_t which) {
    es_errors errors;
    es_errors_init(&errors);
    es_time end = trace->times[trace->n];
    es_trace_edits edits = {
        .hold = (es_hold)(which & 1 ? ES_HOLD_FORWARD : ES_HOLD_AS_TRACE),
        .fill_gaps = (es_fill)(which / 2 % 3),
        .gap = which & 8 ? ES_SECOND : 0,
        .slice_start = which & 16 ? end / 3 : 0,
        .slice_end = which & 32 ? end / 2 : 0,
        .resample = which & 64 ? end / 7 + 1 : 0,
    };
    es_trace_transform transform = {
        .scale = 0.75, .offset = end / 5, .at_end = which & 128 ? ES_AT_END_STOP : ES_AT_END_LOOP};
    es_status status = es_trace_edit(trace, &edits, &errors);
    ES_REQUIRE((status == ES_OK) == (errors.n == 0));
    if (status != ES_OK)
        return;
    check(trace);
    check_writing(trace);
    if (trace->quantity == ES_ARRIVALS) {
        if (es_trace_arrange(trace, &transform, &errors) == ES_OK)
            check(trace);
    } else if (trace->quantity != ES_LATENCY) {
        es_rate *rate = NULL;
        status = es_trace_rate(trace, &transform, &rate, &errors);
        ES_REQUIRE((status == ES_OK) == (rate != NULL));
        es_rate_destroy(rate);
    }
}

static const char *format_of(uint8_t byte) {
#ifdef ES_FUZZ_FORMAT
    (void)byte;
    return ES_FUZZ_FORMAT;
#else
    return byte > '@' ? es_trace_format_name((size_t)(byte - 'A') % 32) : NULL;
#endif
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const char *line_end = size > 0 ? memchr(data, '\n', size) : NULL;
    if (line_end == NULL)
        return 0;
    size_t head = (size_t)(line_end - (const char *)data), length = size - head - 1;
    char *settings = malloc(head + 1), *content = malloc(length + 1);
    ES_REQUIRE(settings != NULL && content != NULL);
    memcpy(settings, data + 1, head > 0 ? head - 1 : 0);
    settings[head > 0 ? head - 1 : 0] = '\0';
    memcpy(content, line_end + 1, length);
    content[length] = '\0';
    es_trace_options options = {
        .quantity = ES_ANY_QUANTITY,
        .format = format_of(data[0]),
        .window = length % 2 == 0 ? ES_SECOND / 1000 : 0,
        .settings = settings,
    };
    es_trace *trace = parse(content, length, &options);
    if (trace != NULL) {
        check(trace);
        change(trace, (uint8_t)length);
    }
    es_trace_destroy(trace);
    free(settings);
    free(content);
    return 0;
}
