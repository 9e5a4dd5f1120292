/* The canonical form of a trace. */
#include "edgesplit/alloc.h"
#include "edgesplit/trace.h"

#include <math.h>

static void add_stamp(es_text *text, es_time time) {
    int64_t fraction = time % ES_SECOND;
    int digits = 9;
    es_text_add(text, "%lld", (long long)(time / ES_SECOND));
    if (fraction == 0)
        return;
    for (; fraction % 10 == 0; fraction /= 10)
        digits--;
    es_text_add(text, ".%0*lld", digits, (long long)fraction);
}

static void add_requests(const es_trace *trace, es_text *text) {
    bool deadlines = trace->deadlines_s != NULL, batches = trace->has_batches || deadlines;
    es_text_add(text, "time_s%s%s\n", batches ? ",batch" : "", deadlines ? ",deadline_s" : "");
    for (size_t i = 0; i < trace->n; i++) {
        char deadline[ES_NUMBER_TEXT] = "";
        add_stamp(text, trace->times[i]);
        if (batches)
            es_text_add(text, ",%.0f", trace->values[i]);
        if (deadlines && !isnan(trace->deadlines_s[i]))
            es_format_double(trace->deadlines_s[i], deadline);
        es_text_add(text, "%s%s\n", deadlines ? "," : "", deadline);
    }
}

static void add_samples(const es_trace *trace, es_text *text) {
    es_text_add(text, "time_s,value\n");
    for (size_t i = 0; i < trace->n; i++) {
        char value[ES_NUMBER_TEXT];
        add_stamp(text, trace->times[i]);
        es_format_double(trace->values[i], value);
        es_text_add(text, ",%s\n", value);
    }
}

void es_trace_write(const es_trace *trace, const char *header, es_text *text) {
    static const char *const units[ES_N_QUANTITIES] = {
        [ES_BANDWIDTH] = "bit/s", [ES_LOAD] = "1",     [ES_JOBS] = "1",
        [ES_LATENCY] = "s",       [ES_ARRIVALS] = "1",
    };
    static const char *const at_ends[] = {
        [ES_AT_END_LOOP] = "loop", [ES_AT_END_HOLD] = "hold", [ES_AT_END_STOP] = "stop"};
    ES_REQUIRE(trace->marks == NULL && trace->quantity < ES_N_QUANTITIES);
    es_text_add(text, "# quantity: %s\n# unit: %s\n# at_end: %s\n",
                es_quantity_text(trace->quantity), units[trace->quantity], at_ends[trace->at_end]);
    if (trace->times[trace->n] > 0) {
        es_text_add(text, "# duration: ");
        add_stamp(text, trace->times[trace->n]);
        es_text_add(text, "s\n");
    }
    es_text_add(text, "%s", header);
    if (trace->quantity == ES_ARRIVALS)
        add_requests(trace, text);
    else
        add_samples(trace, text);
}
