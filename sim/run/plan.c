#include "plan.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"

#include <gsl/gsl_errno.h>
#include <string.h>

/* Scenario choices that mirror another module's enum are compared here, where both are known. */
_Static_assert((int)ES_KNOWLEDGE_TRUE == (int)ES_KNOW_TRUE &&
                   (int)ES_KNOWLEDGE_LAST == (int)ES_KNOW_LAST &&
                   (int)ES_KNOWLEDGE_EWMA == (int)ES_KNOW_EWMA,
               "knowledge of scenario.h and world.h");
_Static_assert((int)ES_AT_END_AS_TRACE == (int)ES_AT_END_STOP + 1,
               "at_end of scenario.h and rate.h");

/* Takes over what is wrong with an input. A mistake without a line of its own (the file is missing,
 * say) gets that of the key which names the file. */
static void adopt_error(const es_plan *plan, const char *section, const char *key,
                        const es_error *found, es_errors *errors) {
    if (found->status == ES_NO_MEMORY || found->line > 0)
        es_errors_add(errors, found->status, NULL, 0, "%s", found->text);
    else
        es_scenario_complain(plan->scenario, section, key, errors, "%s", found->text);
}

static void adopt_errors(const es_plan *plan, const char *section, const char *key,
                         const es_errors *found, es_errors *errors) {
    for (size_t i = 0; i < found->n; i++)
        adopt_error(plan, section, key, &found->records[i], errors);
    errors->lost += found->lost;
}

/* The same for what two profiles together have found wrong. */
static void adopt_cost_errors(const es_plan *plan, const es_errors *found, es_errors *errors) {
    const char *device = plan->device->path;
    size_t length = strlen(device);
    for (size_t i = 0; i < found->n; i++) {
        const char *text = found->records[i].text;
        bool of_device = strncmp(text, device, length) == 0 && text[length] == ':';
        adopt_error(plan, of_device ? "device" : "server", "profile", &found->records[i], errors);
    }
    errors->lost += found->lost;
}

static es_status load_profile(const es_plan *plan, const char *section, const char *name,
                              es_profile **profile, es_errors *errors) {
    char *path = es_path_beside(plan->scenario->ini->path, name);
    if (path == NULL)
        return es_errors_no_memory(errors, NULL);
    es_errors found;
    es_errors_init(&found);
    es_status status = es_profile_load(path, profile, &found);
    adopt_errors(plan, section, "profile", &found, errors);
    free(path);
    return status;
}

static es_status load_trace(const es_plan *plan, const char *section, const char *key,
                            const char *name, const es_trace_options *options,
                            es_trace_transform transform, int at_end, es_trace **trace,
                            es_rate **rate, es_errors *errors) {
    char *path = es_path_beside(plan->scenario->ini->path, name);
    if (path == NULL)
        return es_errors_no_memory(errors, NULL);
    es_errors found;
    es_errors_init(&found);
    es_status status = es_trace_load(path, options, trace, &found);
    if (status == ES_OK) {
        transform.at_end = at_end == ES_AT_END_AS_TRACE ? (*trace)->at_end : (es_at_end)at_end;
        status = es_trace_rate(*trace, &transform, rate, &found);
    }
    adopt_errors(plan, section, key, &found, errors);
    free(path);
    return status;
}

/* Time of a validated key. */
static es_time time_of(double seconds) {
    es_time time = 0;
    es_status status = es_time_from_s(seconds, &time);
    ES_REQUIRE(status == ES_OK);
    return time;
}

static es_status constant_rate(double value, es_rate **rate, es_errors *errors) {
    es_status status = es_rate_create_constant(llround(value), rate);
    return status == ES_NO_MEMORY ? es_errors_no_memory(errors, NULL) : status;
}

static es_status open_uplink(es_plan *plan, es_errors *errors) {
    const es_scenario *s = plan->scenario;
    if (s->uplink.trace == NULL)
        return constant_rate(s->uplink.rate_bps.values[0], &plan->uplink, errors);
    es_trace_options options = {ES_BANDWIDTH, s->uplink.format, time_of(s->uplink.window_s)};
    es_trace_transform transform = {s->uplink.scale, time_of(s->uplink.offset_s), ES_AT_END_LOOP};
    return load_trace(plan, "uplink", "trace", s->uplink.trace, &options, transform,
                      s->uplink.at_end, &plan->uplink_trace, &plan->uplink, errors);
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
        return constant_rate(capacity, &plan->server_rate, errors);
    }
    es_trace_options options = {ES_LOAD, s->server.load_format, ES_SECOND};
    es_trace_transform transform = {s->server.load_scale, time_of(s->server.load_offset_s),
                                    ES_AT_END_LOOP};
    return load_trace(plan, "server", "load_trace", s->server.load_trace, &options, transform,
                      s->server.load_at_end, &plan->load_trace, &plan->server_rate, errors);
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static es_status create_cost(es_plan *plan, es_errors *errors) {
    const es_scenario *s = plan->scenario;
    size_t n = s->workload.batch.n, n_distinct = 0;
    plan->batches = es_alloc(n, sizeof *plan->batches);
    int64_t *distinct = es_alloc(n, sizeof *distinct);
    if (plan->batches == NULL || distinct == NULL) {
        free(distinct);
        return es_errors_no_memory(errors, NULL);
    }
    for (size_t i = 0; i < n; i++)
        distinct[i] = plan->batches[i] = (int64_t)s->workload.batch.values[i];
    qsort(distinct, n, sizeof *distinct, ascending);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || distinct[i] != distinct[n_distinct - 1])
            distinct[n_distinct++] = distinct[i];
    es_cost_options options = {
        .granularity = plan->granularity,
        .input_bytes_per_elem = s->transfer.input_bytes,
        .feature_bytes_per_elem = s->transfer.feature_bytes,
        .header_bytes = s->transfer.header_bytes,
        .extrapolate = s->model.extrapolate,
        .whole_correction = s->model.whole_correction,
        .n_batches = n_distinct,
        .batches = distinct,
    };
    es_errors found;
    es_errors_init(&found);
    es_status status =
        es_cost_create(plan->model, plan->device, plan->server, &options, &plan->cost, &found);
    adopt_cost_errors(plan, &found, errors);
    free(distinct);
    return status;
}

static es_status worse(es_status a, es_status b) {
    return a != ES_OK ? a : b;
}

es_status es_plan_create(const char *path, size_t n_overrides, const char *const *overrides,
                         es_plan **out, es_errors *errors) {
    /* GSL reports through return values and NaN; it must not abort a program. */
    gsl_set_error_handler_off();
    es_plan *plan = es_alloc(1, sizeof *plan);
    if (plan == NULL)
        return es_errors_no_memory(errors, path);
    es_status status = es_scenario_load(path, n_overrides, overrides, &plan->scenario, errors);
    if (status != ES_OK)
        goto done;
    const es_scenario *s = plan->scenario;
    plan->granularity = (es_granularity)s->model.granularity;
    /* Inputs do not depend on each other: open them all, to report all that is wrong. */
    es_errors model_errors;
    es_errors_init(&model_errors);
    es_status model =
        es_model_create(s->model.name, s->model.resolution, &plan->model, &model_errors);
    adopt_errors(plan, "model", "name", &model_errors, errors);
    status = worse(status, model);
    status = worse(status, load_profile(plan, "device", s->device.profile, &plan->device, errors));
    status = worse(status, load_profile(plan, "server", s->server.profile, &plan->server, errors));
    status = worse(status, open_uplink(plan, errors));
    status = worse(status, open_server(plan, errors));
    if (!isnan(s->downlink.rate_bps))
        status = worse(status, constant_rate(s->downlink.rate_bps, &plan->downlink, errors));
    if (status == ES_OK)
        status = create_cost(plan, errors);
    if (status == ES_OK)
        status = plan_policies(plan, errors);
    if (status == ES_OK) {
        *out = plan;
        plan = NULL;
    }
done:
    es_plan_destroy(plan);
    return status;
}

void es_plan_destroy(es_plan *plan) {
    if (plan == NULL)
        return;
    for (size_t i = 0; i < plan->n_policies; i++) {
        free(plan->policies[i].name);
        free(plan->policies[i].candidates);
    }
    free(plan->policies);
    free(plan->offered_cuts);
    free(plan->offered);
    free(plan->compressive);
    free(plan->batches);
    es_cost_destroy(plan->cost);
    es_rate_destroy(plan->downlink);
    es_rate_destroy(plan->server_rate);
    es_rate_destroy(plan->uplink);
    es_trace_destroy(plan->load_trace);
    es_trace_destroy(plan->uplink_trace);
    es_profile_destroy(plan->server);
    es_profile_destroy(plan->device);
    es_model_destroy(plan->model);
    es_scenario_destroy(plan->scenario);
    free(plan);
}

const es_scenario *es_plan_scenario(const es_plan *plan) {
    return plan->scenario;
}

es_world_config plan_world(const es_plan *plan, const struct planned_policy *policy) {
    const es_scenario *s = plan->scenario;
    bool isolated = s->workload.mode == ES_ISOLATED, grid = s->workload.states == ES_STATES_GRID;
    uint64_t n_states =
        grid ? s->uplink.rate_bps.n * s->server.load_ratio.n * s->workload.batch.n : UINT64_MAX;
    return (es_world_config){
        .cost = plan->cost,
        .policy = &policy->policy,
        .n_offered = plan->n_offered,
        .offered = plan->offered_cuts,
        .knowing = (es_knowing)policy->section->knowledge,
        .half_life_s = policy->section->half_life_s,
        .initial_rate_bps = policy->section->initial_rate_bps,
        .uplink = plan->uplink,
        .server = plan->server_rate,
        .downlink = plan->downlink,
        .uplink_propagation_ns = time_of(s->uplink.propagation_s),
        .downlink_propagation_ns = time_of(s->downlink.propagation_s),
        .result_bytes = s->transfer.result_bytes,
        .isolated = isolated,
        .n_rates = grid ? s->uplink.rate_bps.n : 0,
        .n_loads = grid ? s->server.load_ratio.n : 0,
        .rates_bps = s->uplink.rate_bps.values,
        .loads = s->server.load_ratio.values,
        .n_batches = s->workload.batch.n,
        .batches = plan->batches,
        .seed = (uint64_t)s->scenario.seed,
        .poisson = s->workload.arrivals == ES_POISSON,
        .arrival_rate_hz = s->workload.rate_hz,
        .duration_ns =
            isnan(s->scenario.duration_s) ? ES_TIME_NEVER : time_of(s->scenario.duration_s),
        .n_steps = s->scenario.steps > 0 ? (uint64_t)s->scenario.steps : n_states,
        .exponential_head = s->device.service == ES_EXPONENTIAL,
        .exponential_tail = s->server.service == ES_EXPONENTIAL,
        .deadline_ns =
            isnan(s->workload.deadline_s) ? ES_TIME_NEVER : time_of(s->workload.deadline_s),
        .drop_late = s->workload.on_deadline == ES_DEADLINE_DROP,
        .max_backlog = (size_t)s->workload.max_backlog,
        .outcomes = s->output.regret,
        .has_energy = !isnan(s->energy.active_w),
        .active_w = s->energy.active_w,
        .transmit_w = s->energy.transmit_w,
        .receive_w = s->energy.receive_w,
        .idle_w = s->energy.idle_w,
        .series_period_ns = isolated ? 0 : time_of(s->output.period_s),
    };
}
