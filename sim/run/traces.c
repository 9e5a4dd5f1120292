/* The traces of a plan: rate functions and arrivals. */
#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "edgesplit/number.h"
#include "plan.h"

#include <string.h>

/* What a scenario says of a trace. */
typedef struct wanted_trace {
    const char *path;
    es_trace_options options;
    const es_trace_keys *keys;
    es_trace_transform transform; /* but for at_end: */
    int at_end;                   /* es_at_end, or ES_AT_END_AS_TRACE */
} wanted_trace;

/* Scenario choices that mirror another module's enum are compared here, where both are known. */
_Static_assert((int)ES_AT_END_AS_TRACE == (int)ES_AT_END_STOP + 1,
               "at_end of scenario.h and rate.h");
_Static_assert(ES_HOLD_AS_TRACE == 0 && ES_HOLD_BACKWARD == 2 && ES_FILL_HOLD == 0 &&
                   ES_FILL_ERROR == 2,
               "hold and fill_gaps of scenario.h and trace.h");

es_time plan_time(double seconds) {
    es_time time = 0;
    es_status status = es_time_from_s(seconds, &time);
    ES_REQUIRE(status == ES_OK);
    return time;
}

/* What makes two traces the same: appended to a key. */
static void add_trace_key(es_text *key, const char *path, const es_trace_options *options,
                          const es_trace_edits *edits) {
    es_text_add(key, "%d %s %s %lld", (int)options->quantity,
                options->format != NULL ? options->format : "",
                options->settings != NULL ? options->settings : "", (long long)options->window);
    es_text_add(key, " %d %d %lld %lld %lld %lld %s", (int)edits->hold, (int)edits->fill_gaps,
                (long long)edits->gap, (long long)edits->slice_start, (long long)edits->slice_end,
                (long long)edits->resample, path);
}

/* The same for what is made of a trace. */
static void add_transform_key(es_text *key, const es_trace_transform *transform, int at_end) {
    es_text_add(key, " %.17g %.17g %lld %d", transform->scale, transform->min_rate_bps,
                (long long)transform->offset, at_end);
}

static es_trace_edits edits_of(const es_trace_keys *keys) {
    return (es_trace_edits){
        .hold = (es_hold)keys->hold,
        .fill_gaps = (es_fill)keys->fill_gaps,
        .gap = plan_time(keys->gap_s),
        .slice_start = plan_time(keys->slice_start_s),
        .slice_end = plan_time(keys->slice_end_s),
        .resample = plan_time(keys->resample_s),
    };
}

static void choose_end(es_trace_transform *transform, int at_end, const es_trace *trace) {
    transform->at_end = at_end == ES_AT_END_AS_TRACE ? trace->at_end : (es_at_end)at_end;
}

/* Reads a trace and changes its samples or requests. */
static es_status open_trace(const wanted_trace *wanted, const es_trace_edits *edits,
                            es_trace **trace, es_errors *errors) {
    es_trace_transform transform = wanted->transform;
    es_status status = es_trace_load(wanted->path, &wanted->options, trace, errors);
    if (status == ES_OK)
        status = es_trace_edit(*trace, edits, errors);
    if (status == ES_OK && wanted->options.quantity == ES_ARRIVALS) {
        choose_end(&transform, wanted->at_end, *trace);
        status = es_trace_arrange(*trace, &transform, errors);
    }
    if (status != ES_OK) {
        es_trace_destroy(*trace);
        *trace = NULL;
    }
    return status;
}

/* Lends a trace with its edits; `same` gets what it is kept under. */
static es_status find_trace(const es_plan *plan, const wanted_trace *wanted, es_text *same,
                            const es_trace **trace, es_errors *errors) {
    es_trace_edits edits = edits_of(wanted->keys);
    add_trace_key(same, wanted->path, &wanted->options, &edits);
    if (wanted->options.quantity == ES_ARRIVALS)
        add_transform_key(same, &wanted->transform, wanted->at_end);
    if (same->failed)
        return es_errors_no_memory(errors, NULL);
    *trace = inputs_find(plan->inputs, INPUT_TRACE, same->data);
    if (*trace != NULL)
        return ES_OK;
    es_trace *opened = NULL;
    es_status status = open_trace(wanted, &edits, &opened, errors);
    if (status != ES_OK)
        return status;
    size_t bytes = opened->n * (sizeof *opened->times + sizeof *opened->values) + SMALL_BYTES;
    status = plan_keep(plan, INPUT_TRACE, same->data, opened, bytes, errors);
    *trace = status == ES_OK ? opened : NULL;
    return status;
}

/* Lends the rate function of a trace, which is kept under `same` and what is made of it. */
static es_status find_rate(const es_plan *plan, const wanted_trace *wanted, es_text *same,
                           const es_trace *trace, const es_rate **rate, es_errors *errors) {
    es_rate *made = NULL;
    es_trace_transform transform = wanted->transform;
    choose_end(&transform, wanted->at_end, trace);
    add_transform_key(same, &transform, (int)transform.at_end);
    if (same->failed)
        return es_errors_no_memory(errors, NULL);
    *rate = inputs_find(plan->inputs, INPUT_RATE, same->data);
    if (*rate != NULL)
        return ES_OK;
    es_status status = es_trace_rate(trace, &transform, &made, errors);
    if (status != ES_OK)
        return status;
    size_t bytes = trace->n * 3 * sizeof(int64_t) + SMALL_BYTES;
    status = plan_keep(plan, INPUT_RATE, same->data, made, bytes, errors);
    *rate = status == ES_OK ? made : NULL;
    return status;
}

/* Opens the trace that a key names, and makes a rate function of it unless `rate` is NULL. */
static es_status load_trace(const es_plan *plan, const char *section, const char *key,
                            const char *name, wanted_trace *wanted, const es_trace **trace,
                            const es_rate **rate, es_errors *errors) {
    char *path = es_path_beside(plan->scenario->ini->path, name);
    if (path == NULL)
        return es_errors_no_memory(errors, NULL);
    es_errors found;
    es_errors_init(&found);
    es_text same = {0};
    wanted->path = path;
    es_status status = find_trace(plan, wanted, &same, trace, &found);
    if (status == ES_OK && rate != NULL)
        status = find_rate(plan, wanted, &same, *trace, rate, &found);
    plan_adopt(plan, section, key, &found, errors);
    free(same.data);
    free(path);
    return status;
}

static es_status constant_rate(const es_plan *plan, double value, const es_rate **rate,
                               es_errors *errors) {
    char key[32];
    snprintf(key, sizeof key, "%lld", llround(value));
    *rate = inputs_find(plan->inputs, INPUT_RATE, key);
    es_rate *made = NULL;
    es_status status = *rate == NULL ? es_rate_create_constant(llround(value), &made) : ES_OK;
    if (made != NULL) {
        status = plan_keep(plan, INPUT_RATE, key, made, SMALL_BYTES, errors);
        *rate = status == ES_OK ? made : NULL;
    } else if (status == ES_NO_MEMORY) {
        es_errors_no_memory(errors, NULL);
    }
    return status;
}

static es_status open_uplink(es_plan *plan, es_errors *errors) {
    const es_scenario *s = plan->scenario;
    if (s->uplink.trace == NULL)
        return constant_rate(plan, s->uplink.rate_bps.values[0], &plan->uplink, errors);
    wanted_trace wanted = {
        .options = {.quantity = ES_BANDWIDTH,
                    .format = s->uplink.format,
                    .window = plan_time(s->uplink.window_s),
                    .settings = s->uplink.trace_keys.options},
        .keys = &s->uplink.trace_keys,
        .transform = {.scale = s->uplink.scale,
                      .min_rate_bps = s->uplink.min_rate_bps,
                      .offset = plan_time(s->uplink.offset_s)},
        .at_end = s->uplink.at_end,
    };
    return load_trace(plan, "uplink", "trace", s->uplink.trace, &wanted, &plan->uplink_trace,
                      &plan->uplink, errors);
}

static es_status open_server(es_plan *plan, es_errors *errors) {
    const es_scenario *s = plan->scenario;
    if (s->server.load_trace == NULL) {
        double capacity = (1 - s->server.load_ratio.values[0]) * (double)ES_FULL_CAPACITY;
        if (s->workload.states == ES_STATES_GRID) /* the world takes the loads from the list */
            capacity = (double)ES_FULL_CAPACITY;
        if (capacity < 1)
            return es_scenario_complain(s, "server", "load", errors,
                                        "a server that is fully loaded for ever never "
                                        "finishes a tail");
        return constant_rate(plan, capacity, &plan->server_rate, errors);
    }
    wanted_trace wanted = {
        .options = {.quantity = s->server.load_as == ES_LOAD_AS_JOBS ? ES_JOBS : ES_LOAD,
                    .format = s->server.load_format,
                    .settings = s->server.load_keys.options},
        .keys = &s->server.load_keys,
        .transform = {.scale = s->server.load_scale, .offset = plan_time(s->server.load_offset_s)},
        .at_end = s->server.load_at_end,
    };
    return load_trace(plan, "server", "load_trace", s->server.load_trace, &wanted,
                      &plan->load_trace, &plan->server_rate, errors);
}

es_status plan_links(es_plan *plan, es_errors *errors) {
    double downlink_bps = plan->scenario->downlink.rate_bps;
    es_status uplink = open_uplink(plan, errors), server = open_server(plan, errors);
    es_status downlink = ES_OK;
    if (!isnan(downlink_bps))
        downlink = constant_rate(plan, downlink_bps, &plan->downlink, errors);
    return uplink != ES_OK ? uplink : server != ES_OK ? server : downlink;
}

es_status plan_arrivals_trace(es_plan *plan, es_errors *errors) {
    const es_scenario *s = plan->scenario;
    wanted_trace wanted = {
        .options = {.quantity = ES_ARRIVALS,
                    .format = s->workload.format,
                    .settings = s->workload.trace_keys.options},
        .keys = &s->workload.trace_keys,
        .transform = {.scale = s->workload.time_scale, .offset = plan_time(s->workload.offset_s)},
        .at_end = s->workload.at_end,
    };
    return load_trace(plan, "workload", "trace", s->workload.trace, &wanted, &plan->arrivals_trace,
                      NULL, errors);
}
