/* The traces of a plan: rate functions and arrivals. */
#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "edgesplit/number.h"
#include "plan.h"

#include <math.h>
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
_Static_assert((int)ES_QUEUEING_PS == (int)ES_PS && (int)ES_SHARED_BY_GROUP == (int)ES_OF_GROUP &&
                   (int)ES_SHARED_BY_ALL == (int)ES_OF_ALL,
               "discipline and sharing of scenario.h and world.h");

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

/* Opens the trace that a key of `scenario` names, and makes a rate function of it unless `rate` is
 * NULL. */
static es_status load_trace(const es_plan *plan, const es_scenario *scenario, const char *section,
                            const char *key, const char *name, wanted_trace *wanted,
                            const es_trace **trace, const es_rate **rate, es_errors *errors) {
    char *path = es_path_beside(scenario->ini->path, name);
    if (path == NULL)
        return es_errors_no_memory(errors, NULL);
    es_errors found;
    es_errors_init(&found);
    es_text same = {0};
    wanted->path = path;
    es_status status = find_trace(plan, wanted, &same, trace, &found);
    if (status == ES_OK && rate != NULL)
        status = find_rate(plan, wanted, &same, *trace, rate, &found);
    plan_adopt(scenario, section, key, &found, errors);
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

/* Opens a link: its trace, or the constant rate `rate_bps` (NaN: it has none), and what its delay
 * is made of. */
static es_status open_link(const es_plan *plan, const es_scenario *s, const char *section,
                           const es_link_keys *keys, double rate_bps, struct planned_link *link,
                           es_errors *errors) {
    static const es_trace_keys as_it_is = {0};
    es_status rate = ES_OK, delay = ES_OK;
    if (keys->trace != NULL) {
        wanted_trace wanted = {
            .options = {.quantity = ES_BANDWIDTH,
                        .format = keys->format,
                        .window = plan_time(keys->window_s),
                        .settings = keys->trace_keys.options},
            .keys = &keys->trace_keys,
            .transform = {.scale = keys->scale,
                          .min_rate_bps = keys->min_rate_bps,
                          .offset = plan_time(keys->offset_s)},
            .at_end = keys->at_end,
        };
        rate = load_trace(plan, s, section, "trace", keys->trace, &wanted, &link->trace,
                          &link->rate, errors);
    } else if (!isnan(rate_bps)) {
        rate = constant_rate(plan, rate_bps, &link->rate, errors);
    }
    if (keys->propagation_trace != NULL) {
        wanted_trace wanted = {
            .options = {.quantity = ES_LATENCY, .format = keys->propagation_format},
            .keys = &as_it_is,
            .transform = {.scale = 1},
            .at_end = ES_AT_END_AS_TRACE,
        };
        delay = load_trace(plan, s, section, "propagation_trace", keys->propagation_trace, &wanted,
                           &link->delay_trace, &link->delay, errors);
    }
    return rate != ES_OK ? rate : delay;
}

es_status plan_links(const es_plan *plan, struct planned_group *group, es_errors *errors) {
    const es_scenario *s = group->scenario;
    double uplink_bps = s->uplink.link.trace == NULL ? s->uplink.rate_bps.values[0] : ES_NAN;
    es_status uplink =
        open_link(plan, s, "uplink", &s->uplink.link, uplink_bps, &group->uplink, errors);
    es_status downlink = open_link(plan, s, "downlink", &s->downlink.link, s->downlink.rate_bps,
                                   &group->downlink, errors);
    return uplink != ES_OK ? uplink : downlink;
}

/* Opens what the load leaves of a server, or of the cloud: the trace, or else a constant. */
static es_status open_load(es_plan *plan, const char *section, const es_load_keys *keys,
                           double load, const es_trace **trace, const es_rate **rate,
                           es_errors *errors) {
    const es_scenario *s = plan->scenario;
    if (keys->trace == NULL) {
        double capacity = (1 - load) * (double)ES_FULL_CAPACITY;
        if (capacity < 1)
            return es_scenario_complain(s, section, "load", errors,
                                        "a server that is fully loaded for ever never "
                                        "finishes a tail");
        return constant_rate(plan, capacity, rate, errors);
    }
    wanted_trace wanted = {
        .options = {.quantity = keys->as == ES_LOAD_AS_JOBS ? ES_JOBS : ES_LOAD,
                    .format = keys->format,
                    .settings = keys->trace_keys.options},
        .keys = &keys->trace_keys,
        .transform = {.scale = keys->scale, .offset = plan_time(keys->offset_s)},
        .at_end = keys->at_end,
    };
    return load_trace(plan, s, section, "load_trace", keys->trace, &wanted, trace, rate, errors);
}

static es_status open_cloud(es_plan *plan, es_errors *errors) {
    const es_scenario *s = plan->scenario;
    double rate_bps = s->backhaul.link.trace == NULL ? s->backhaul.rate_bps : ES_NAN;
    es_status link =
        open_link(plan, s, "backhaul", &s->backhaul.link, rate_bps, &plan->backhaul, errors);
    es_status load = open_load(plan, "cloud", &s->cloud.load, s->cloud.load_ratio,
                               &plan->cloud_load_trace, &plan->cloud_rate, errors);
    return link != ES_OK ? link : load;
}

es_status plan_server(es_plan *plan, es_errors *errors) {
    static const es_trace_keys as_it_is = {0};
    const es_scenario *s = plan->scenario;
    bool grid = s->workload.states == ES_STATES_GRID; /* the world takes the loads from the list */
    es_status load =
        open_load(plan, "server", &s->server.load, grid ? 0 : s->server.load_ratio.values[0],
                  &plan->load_trace, &plan->server_rate, errors);
    es_status cloud = plan->has_cloud ? open_cloud(plan, errors) : ES_OK, background = ES_OK;
    if (s->server.background_trace != NULL) {
        wanted_trace wanted = {
            .options = {.quantity = ES_ARRIVALS, .format = s->server.background_format},
            .keys = &as_it_is,
            .transform = {.scale = 1},
            .at_end = ES_AT_END_AS_TRACE,
        };
        background = load_trace(plan, s, "server", "background_trace", s->server.background_trace,
                                &wanted, &plan->background_trace, NULL, errors);
    }
    return load != ES_OK ? load : cloud != ES_OK ? cloud : background;
}

es_status plan_arrivals_trace(const es_plan *plan, struct planned_group *group, es_errors *errors) {
    const es_scenario *s = group->scenario;
    wanted_trace wanted = {
        .options = {.quantity = ES_ARRIVALS,
                    .format = s->workload.format,
                    .settings = s->workload.trace_keys.options},
        .keys = &s->workload.trace_keys,
        .transform = {.scale = s->workload.time_scale, .offset = plan_time(s->workload.offset_s)},
        .at_end = s->workload.at_end,
    };
    return load_trace(plan, s, "workload", "trace", s->workload.trace, &wanted,
                      &group->arrivals_trace, NULL, errors);
}
