#include "plan.h"

#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "edgesplit/network.h"
#include "edgesplit/number.h"
#include "inputs.h"

#include <gsl/gsl_errno.h>
#include <string.h>

/* Takes over what is wrong with an input. A mistake without a line of its own (the file is missing,
 * say) gets that of the key which names the file. */
static void adopt_error(const es_plan *plan, const char *section, const char *key,
                        const es_error *found, es_errors *errors) {
    if (found->status == ES_NO_MEMORY || found->line > 0)
        es_errors_add(errors, found->status, NULL, 0, "%s", found->text);
    else
        es_scenario_complain(plan->scenario, section, key, errors, "%s", found->text);
}

void plan_adopt(const es_plan *plan, const char *section, const char *key, const es_errors *found,
                es_errors *errors) {
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

es_status plan_keep(const es_plan *plan, input_kind kind, const char *key, void *object,
                    size_t bytes, es_errors *errors) {
    es_status status = inputs_keep(plan->inputs, kind, key, object, bytes);
    return status == ES_NO_MEMORY ? es_errors_no_memory(errors, NULL) : status;
}

static es_status load_profile(const es_plan *plan, const char *section, const char *name,
                              const es_profile **profile, es_errors *errors) {
    char *path = es_path_beside(plan->scenario->ini->path, name);
    if (path == NULL)
        return es_errors_no_memory(errors, NULL);
    es_errors found;
    es_errors_init(&found);
    es_status status = ES_OK;
    es_profile *loaded = NULL;
    *profile = inputs_find(plan->inputs, INPUT_PROFILE, path);
    if (*profile == NULL)
        status = es_profile_load(path, &loaded, &found);
    if (loaded != NULL) {
        status = plan_keep(plan, INPUT_PROFILE, path, loaded, SMALL_BYTES, &found);
        *profile = status == ES_OK ? loaded : NULL;
    }
    plan_adopt(plan, section, "profile", &found, errors);
    free(path);
    return status;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static es_status find_cost(es_plan *plan, const es_cost_options *options, es_errors *errors) {
    es_text key = {0};
    es_cost *made = NULL;
    /* The other inputs live as long as the table does: their addresses name them. */
    es_text_add(&key, "%p %p %p %d %.17g %.17g %.17g %d %d", (const void *)plan->model,
                (const void *)plan->device, (const void *)plan->server, (int)options->granularity,
                options->input_bytes_per_elem, options->feature_bytes_per_elem,
                options->header_bytes, options->extrapolate, options->whole_correction);
    for (size_t i = 0; i < options->n_batches; i++)
        es_text_add(&key, " %lld", (long long)options->batches[i]);
    es_status status = key.failed ? es_errors_no_memory(errors, NULL) : ES_OK;
    if (status == ES_OK)
        plan->cost = inputs_find(plan->inputs, INPUT_COST, key.data);
    if (status == ES_OK && plan->cost == NULL)
        status = es_cost_create(plan->model, plan->device, plan->server, options, &made, errors);
    if (made != NULL) {
        size_t bytes = made->n_batches * made->n_cuts * 64 + SMALL_BYTES;
        status = plan_keep(plan, INPUT_COST, key.data, made, bytes, errors);
        plan->cost = status == ES_OK ? made : NULL;
    }
    free(key.data);
    return status;
}

/* The batch sizes that are run, each once. */
static es_status list_batches(const es_plan *plan, int64_t **distinct, size_t *n_distinct,
                              es_errors *errors) {
    size_t n = plan->n_batches;
    *n_distinct = 0;
    *distinct = es_alloc(n, sizeof **distinct);
    if (*distinct == NULL)
        return es_errors_no_memory(errors, NULL);
    memcpy(*distinct, plan->batches, n * sizeof **distinct);
    qsort(*distinct, n, sizeof **distinct, ascending);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || (*distinct)[i] != (*distinct)[*n_distinct - 1])
            (*distinct)[(*n_distinct)++] = (*distinct)[i];
    return ES_OK;
}

static es_status create_cost(es_plan *plan, es_errors *errors) {
    const es_scenario *s = plan->scenario;
    int64_t *distinct;
    size_t n_distinct;
    es_status status = list_batches(plan, &distinct, &n_distinct, errors);
    if (status != ES_OK)
        return status;
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
    status = find_cost(plan, &options, &found);
    adopt_cost_errors(plan, &found, errors);
    free(distinct);
    return status;
}

static es_status worse(es_status a, es_status b) {
    return a != ES_OK ? a : b;
}

/* The network of the zoo, or of the file at `path`. */
static es_status create_model(const es_scenario *s, const char *path, es_model **model,
                              es_errors *errors) {
    const es_network_options options = {0};
    return path != NULL ? es_network_open(path, &options, model, errors)
                        : es_model_create(s->model.name, s->model.resolution, model, errors);
}

static es_status find_model(es_plan *plan, es_errors *errors) {
    const es_scenario *s = plan->scenario;
    es_errors found;
    es_text key = {0};
    es_model *made = NULL;
    char *path = NULL;
    es_errors_init(&found);
    if (s->model.file != NULL) {
        path = es_path_beside(s->ini->path, s->model.file);
        if (path == NULL)
            return es_errors_no_memory(errors, NULL);
    }
    es_status status = path != NULL ? es_file_sha256(path, plan->model_sha256, &found) : ES_OK;
    es_text_add(&key, "%s %lld %s", plan->model_sha256, (long long)s->model.resolution,
                path != NULL ? path : s->model.name);
    if (status == ES_OK && key.failed)
        status = es_errors_no_memory(&found, NULL);
    if (status == ES_OK)
        plan->model = inputs_find(plan->inputs, INPUT_MODEL, key.data);
    if (status == ES_OK && plan->model == NULL) {
        status = create_model(s, path, &made, &found);
        if (status == ES_OK)
            status = plan_keep(plan, INPUT_MODEL, key.data, made, SMALL_BYTES, &found);
        plan->model = status == ES_OK ? made : NULL;
    }
    plan_adopt(plan, "model", path != NULL ? "file" : "name", &found, errors);
    free(path);
    free(key.data);
    return status;
}

es_status es_plan_of(es_scenario *scenario, es_inputs *inputs, es_plan **out, es_errors *errors) {
    /* GSL reports through return values and NaN; it must not abort a program. */
    gsl_set_error_handler_off();
    es_plan *plan = es_alloc(1, sizeof *plan);
    if (plan == NULL) {
        es_scenario_destroy(scenario);
        return es_errors_no_memory(errors, NULL);
    }
    const es_scenario *s = plan->scenario = scenario;
    es_status status = ES_OK;
    if (inputs == NULL && es_inputs_create(&plan->own_inputs) != ES_OK)
        status = es_errors_no_memory(errors, NULL);
    if (status != ES_OK)
        goto done;
    plan->inputs = inputs != NULL ? inputs : plan->own_inputs;
    plan->granularity = (es_granularity)s->model.granularity;
    /* Inputs do not depend on each other: open them all, to report all that is wrong. */
    status = worse(status, find_model(plan, errors));
    status = worse(status, load_profile(plan, "device", s->device.profile, &plan->device, errors));
    status = worse(status, load_profile(plan, "server", s->server.profile, &plan->server, errors));
    status = worse(status, plan_links(plan, errors));
    status = worse(status, plan_arrivals(plan, errors));
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

es_status es_plan_create(const char *path, size_t n_overrides, const char *const *overrides,
                         es_plan **plan, es_errors *errors) {
    es_scenario *scenario = NULL;
    es_status status = es_scenario_load(path, n_overrides, overrides, &scenario, errors);
    return status == ES_OK ? es_plan_of(scenario, NULL, plan, errors) : status;
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
    free(plan->batch_weights);
    free(plan->batch_index);
    free(plan->deadlines_ns);
    es_inputs_destroy(plan->own_inputs);
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
        .slow_half_life_s = policy->section->slow_half_life_s,
        .knowledge_samples = (size_t)policy->section->samples,
        .staleness_ns = plan_time(policy->section->staleness_s),
        .noise = policy->section->noise,
        .probe_every_ns = plan_time(policy->section->probe_every_s),
        .probe_bytes = (int64_t)ceil(policy->section->probe_bytes),
        .initial_rate_bps = policy->section->initial_rate_bps,
        .uplink = plan->uplink,
        .server = plan->server_rate,
        .downlink = plan->downlink,
        .uplink_propagation_ns = plan_time(s->uplink.propagation_s),
        .downlink_propagation_ns = plan_time(s->downlink.propagation_s),
        .result_bytes = s->transfer.result_bytes,
        .isolated = isolated,
        .population = s->workload.mode == ES_CLOSED ? (size_t)s->workload.population : 0,
        .think_ns = plan_time(s->workload.think_time_s),
        .exponential_think = s->workload.think == ES_EXPONENTIAL,
        .n_rates = grid ? s->uplink.rate_bps.n : 0,
        .n_loads = grid ? s->server.load_ratio.n : 0,
        .rates_bps = s->uplink.rate_bps.values,
        .loads = s->server.load_ratio.values,
        .n_batches = plan->n_batches,
        .batches = plan->batches,
        .seed = (uint64_t)s->scenario.seed,
        .poisson = s->workload.arrivals == ES_POISSON,
        .arrival_rate_hz = s->workload.rate_hz,
        .arrivals = plan->arrivals,
        .duration_ns =
            isnan(s->scenario.duration_s) ? ES_TIME_NEVER : plan_time(s->scenario.duration_s),
        .n_steps = s->scenario.steps > 0 ? (uint64_t)s->scenario.steps : n_states,
        .exponential_head = s->device.service == ES_EXPONENTIAL,
        .exponential_tail = s->server.service == ES_EXPONENTIAL,
        .switch_cost_ns = plan_time(s->device.switch_cost_s),
        .deadline_ns =
            isnan(s->workload.deadline_s) ? ES_TIME_NEVER : plan_time(s->workload.deadline_s),
        .drop_late = s->workload.on_deadline == ES_DEADLINE_DROP,
        .max_backlog = (size_t)s->workload.max_backlog,
        .outcomes = s->output.regret,
        .has_energy = !isnan(s->energy.active_w),
        .power = {s->energy.active_w, s->energy.transmit_w, s->energy.receive_w, s->energy.idle_w},
        .series_period_ns = isolated ? 0 : plan_time(s->output.period_s),
    };
}
