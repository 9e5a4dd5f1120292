#include "plan.h"

#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "edgesplit/network.h"
#include "edgesplit/number.h"
#include "inputs.h"

#include <gsl/gsl_errno.h>
#include <string.h>

_Static_assert((int)ES_SCENARIO_GROUPS == (int)ES_MAX_GROUPS, "groups of scenario.h and world.h");

/* Takes over what is wrong with an input. A mistake without a line of its own (the file is missing,
 * say) gets that of the key which names the file. */
static void adopt_error(const es_scenario *scenario, const char *section, const char *key,
                        const es_error *found, es_errors *errors) {
    if (found->status == ES_NO_MEMORY || found->line > 0)
        es_errors_add(errors, found->status, NULL, 0, "%s", found->text);
    else
        es_scenario_complain(scenario, section, key, errors, "%s", found->text);
}

void plan_adopt(const es_scenario *scenario, const char *section, const char *key,
                const es_errors *found, es_errors *errors) {
    for (size_t i = 0; i < found->n; i++)
        adopt_error(scenario, section, key, &found->records[i], errors);
    errors->lost += found->lost;
}

/* Whether a message is about a profile's file. */
static bool names_file(const char *text, const es_profile *profile) {
    size_t length = strlen(profile->path);
    return strncmp(text, profile->path, length) == 0 && text[length] == ':';
}

/* The same for what profiles together have found wrong. */
static void adopt_cost_errors(const struct planned_group *group, const es_errors *found,
                              es_errors *errors) {
    for (size_t i = 0; i < found->n; i++) {
        const char *text = found->records[i].text;
        const char *section = names_file(text, group->device)   ? "device"
                              : names_file(text, group->server) ? "server"
                              : group->cloud != NULL            ? "cloud"
                                                                : "server";
        adopt_error(group->scenario, section, "profile", &found->records[i], errors);
    }
    errors->lost += found->lost;
}

es_status plan_keep(const es_plan *plan, input_kind kind, const char *key, void *object,
                    size_t bytes, es_errors *errors) {
    es_status status = inputs_keep(plan->inputs, kind, key, object, bytes);
    return status == ES_NO_MEMORY ? es_errors_no_memory(errors, NULL) : status;
}

static es_status load_profile(const es_plan *plan, const es_scenario *scenario, const char *section,
                              const char *name, const es_profile **profile, es_errors *errors) {
    char *path = es_path_beside(scenario->ini->path, name);
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
    plan_adopt(scenario, section, "profile", &found, errors);
    free(path);
    return status;
}

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static es_status find_cost(const es_plan *plan, struct planned_group *group,
                           const es_cost_options *options, es_errors *errors) {
    es_text key = {0};
    es_cost *made = NULL;
    /* The other inputs live as long as the table does: their addresses name them. */
    es_text_add(&key, "%p %p %p %p %d %d %.17g %.17g %.17g %.17g %.17g %.17g %d %d %lld",
                (const void *)group->model, (const void *)group->device,
                (const void *)group->server, (const void *)group->cloud, (int)options->granularity,
                options->graph_cuts, options->input_bytes_per_elem, options->feature_bytes_per_elem,
                options->header_bytes, options->coded_ratio, options->encode_bps,
                options->decode_bps, options->extrapolate, options->whole_correction,
                (long long)options->max_merged);
    if (options->n_exits > 0)
        es_text_add(&key, " %.17g", options->end_accuracy);
    for (size_t i = 0; i < options->n_exits; i++)
        es_text_add(&key, " %zu:%.17g:%.17g:%.17g:%.17g", options->exits[i].cut,
                    options->exits[i].probability, options->exits[i].accuracy,
                    options->exits[i].device_s, options->exits[i].server_s);
    for (size_t i = 0; i < options->n_batches; i++)
        es_text_add(&key, " %lld", (long long)options->batches[i]);
    es_status status = key.failed ? es_errors_no_memory(errors, NULL) : ES_OK;
    if (status == ES_OK)
        group->cost = inputs_find(plan->inputs, INPUT_COST, key.data);
    if (status == ES_OK && group->cost == NULL)
        status = es_cost_create(group->model, group->device, group->server, options, &made, errors);
    if (made != NULL) {
        size_t n_tables = made->n_batches + 2 * (options->n_exits > 0 ? options->n_exits + 1 : 0);
        size_t bytes = n_tables * made->n_cuts * 64 + SMALL_BYTES;
        status = plan_keep(plan, INPUT_COST, key.data, made, bytes, errors);
        group->cost = status == ES_OK ? made : NULL;
    }
    free(key.data);
    return status;
}

/* The batch sizes that are run, each once. */
static es_status list_batches(const struct planned_group *group, int64_t **distinct,
                              size_t *n_distinct, es_errors *errors) {
    size_t n = group->n_batches;
    *n_distinct = 0;
    *distinct = es_alloc(n, sizeof **distinct);
    if (*distinct == NULL)
        return es_errors_no_memory(errors, NULL);
    memcpy(*distinct, group->batches, n * sizeof **distinct);
    qsort(*distinct, n, sizeof **distinct, ascending);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || (*distinct)[i] != (*distinct)[*n_distinct - 1])
            (*distinct)[(*n_distinct)++] = (*distinct)[i];
    return ES_OK;
}

bool plan_may_cut_graph(const struct planned_group *group) {
    const es_scenario *s = group->scenario;
    return s->cloud.profile == NULL && s->model.exit_after == NULL && s->server.max_batch == 0 &&
           s->transfer.ratio == 1 && isnan(s->transfer.encode_rate_bps) &&
           isnan(s->transfer.decode_rate_bps);
}

/* Whether a policy wants sets of layers. */
static bool cuts_graph(const es_plan *plan) {
    for (size_t i = 0; i < plan->scenario->n_policies; i++) {
        const es_policy_ops *ops = es_policies_find(plan->scenario->policies[i].type);
        if (ops != NULL && ops->cuts_graph)
            return true;
    }
    return false;
}

static es_status create_cost(const es_plan *plan, struct planned_group *group, es_errors *errors) {
    const es_scenario *s = group->scenario;
    int64_t *distinct;
    size_t n_distinct, n_boundaries = group->model->n_cuts[group->granularity];
    if (es_cost_count_cuts(n_boundaries, group->cloud != NULL) > ES_MOST_CUTS)
        return es_scenario_complain(
            s, "model", "granularity", errors,
            "%s has %zu places to cut, which are %zu pairs; expected at most %d pairs (granularity "
            "= block has the fewest)",
            group->model->name, n_boundaries, es_cost_count_cuts(n_boundaries, true),
            (int)ES_MOST_CUTS);
    es_status status = plan_exits(group, errors);
    if (status == ES_OK)
        status = list_batches(group, &distinct, &n_distinct, errors);
    if (status != ES_OK)
        return status;
    es_cost_options options = {
        .granularity = group->granularity,
        .input_bytes_per_elem = s->transfer.input_bytes,
        .feature_bytes_per_elem = s->transfer.feature_bytes,
        .header_bytes = s->transfer.header_bytes,
        .coded_ratio = s->transfer.ratio,
        .encode_bps = isnan(s->transfer.encode_rate_bps) ? 0 : s->transfer.encode_rate_bps,
        .decode_bps = isnan(s->transfer.decode_rate_bps) ? 0 : s->transfer.decode_rate_bps,
        .extrapolate = s->model.extrapolate,
        .whole_correction = s->model.whole_correction,
        .n_batches = n_distinct,
        .batches = distinct,
        .max_merged = s->server.max_batch,
        .cloud = group->cloud,
        .n_exits = group->n_exits,
        .exits = group->exits,
        .end_accuracy = s->model.accuracy,
        .graph_cuts = cuts_graph(plan) && plan_may_cut_graph(group),
    };
    es_errors found;
    es_errors_init(&found);
    status = find_cost(plan, group, &options, &found);
    adopt_cost_errors(group, &found, errors);
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

static es_status find_model(const es_plan *plan, struct planned_group *group, es_errors *errors) {
    const es_scenario *s = group->scenario;
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
    es_status status = path != NULL ? es_file_sha256(path, group->model_sha256, &found) : ES_OK;
    es_text_add(&key, "%s %lld %s", group->model_sha256, (long long)s->model.resolution,
                path != NULL ? path : s->model.name);
    if (status == ES_OK && key.failed)
        status = es_errors_no_memory(&found, NULL);
    if (status == ES_OK)
        group->model = inputs_find(plan->inputs, INPUT_MODEL, key.data);
    if (status == ES_OK && group->model == NULL) {
        status = create_model(s, path, &made, &found);
        if (status == ES_OK)
            status = plan_keep(plan, INPUT_MODEL, key.data, made, SMALL_BYTES, &found);
        group->model = status == ES_OK ? made : NULL;
    }
    plan_adopt(s, "model", path != NULL ? "file" : "name", &found, errors);
    free(path);
    free(key.data);
    return status;
}

/* Opens what a group names. Inputs do not depend on each other: all are opened, to report all that
 * is wrong. */
static es_status open_group(const es_plan *plan, struct planned_group *group, es_errors *errors) {
    const es_scenario *s = group->scenario;
    es_status status = find_model(plan, group, errors);
    status =
        worse(status, load_profile(plan, s, "device", s->device.profile, &group->device, errors));
    status =
        worse(status, load_profile(plan, s, "server", s->server.profile, &group->server, errors));
    if (s->cloud.profile != NULL)
        status =
            worse(status, load_profile(plan, s, "cloud", s->cloud.profile, &group->cloud, errors));
    status = worse(status, plan_links(plan, group, errors));
    return worse(status, plan_arrivals(plan, group, errors));
}

/* Opens all groups, which repeat the mistakes that they share, and the server. */
static es_status open_groups(es_plan *plan, es_errors *errors) {
    es_status status = ES_OK;
    plan->groups = es_alloc(plan->scenario->n_groups, sizeof *plan->groups);
    if (plan->groups == NULL)
        return es_errors_no_memory(errors, NULL);
    plan->n_groups = plan->scenario->n_groups;
    plan->has_cloud = es_scenario_group(plan->scenario, 0)->cloud.profile != NULL;
    for (size_t g = 0; g < plan->n_groups; g++) {
        struct planned_group *group = &plan->groups[g];
        es_errors found;
        es_errors_init(&found);
        group->scenario = es_scenario_group(plan->scenario, g);
        group->granularity = (es_granularity)group->scenario->model.granularity;
        group->n_devices = (size_t)group->scenario->device.count;
        group->first_device = plan->n_devices;
        plan->n_devices += group->n_devices;
        status = worse(status, open_group(plan, group, &found));
        es_errors_add_new(errors, &found);
    }
    return worse(status, plan_server(plan, errors));
}

static es_status create_costs(es_plan *plan, es_errors *errors) {
    es_status status = ES_OK;
    for (size_t g = 0; g < plan->n_groups; g++) {
        struct planned_group *group = &plan->groups[g];
        es_errors found;
        es_errors_init(&found);
        status = worse(status, create_cost(plan, group, &found));
        es_errors_add_new(errors, &found);
        group->first_cut = plan->n_cuts;
        plan->n_cuts += group->cost != NULL ? group->cost->n_cuts : 0;
    }
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
    plan->scenario = scenario;
    es_status status = ES_OK;
    if (inputs == NULL && es_inputs_create(&plan->own_inputs) != ES_OK)
        status = es_errors_no_memory(errors, NULL);
    if (status != ES_OK)
        goto done;
    plan->inputs = inputs != NULL ? inputs : plan->own_inputs;
    status = worse(stop_rule_of(scenario, &plan->stop, errors), open_groups(plan, errors));
    if (status == ES_OK)
        status = create_costs(plan, errors);
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

static void group_fini(struct planned_group *group) {
    free(group->exits);
    free(group->offered_cuts);
    free(group->offered);
    free(group->compressive);
    free(group->batches);
    free(group->batch_weights);
    free(group->batch_index);
    free(group->deadlines_ns);
}

void es_plan_destroy(es_plan *plan) {
    if (plan == NULL)
        return;
    for (size_t i = 0; i < plan->n_policies; i++) {
        free(plan->policies[i].name);
        for (size_t g = 0; g < plan->n_groups; g++)
            free(plan->policies[i].candidates[g]);
    }
    free(plan->policies);
    for (size_t g = 0; g < plan->n_groups; g++)
        group_fini(&plan->groups[g]);
    free(plan->groups);
    es_inputs_destroy(plan->own_inputs);
    es_scenario_destroy(plan->scenario);
    free(plan);
}

const es_scenario *es_plan_scenario(const es_plan *plan) {
    return plan->scenario;
}

/* A link of the world. */
static es_link link_of(const es_link_keys *keys, const struct planned_link *link) {
    return (es_link){
        .rate = link->rate,
        .discipline = (es_discipline)keys->discipline,
        .sharing = (es_sharing)keys->sharing,
        .stagger_ns = plan_time(keys->stagger_s),
        .propagation_ns = plan_time(keys->propagation_s),
        .delay = link->delay,
    };
}

static es_group group_of(const struct planned_group *group, const es_policy *policy) {
    const es_scenario *s = group->scenario;
    bool closed = s->workload.mode == ES_CLOSED;
    return (es_group){
        .n_devices = group->n_devices,
        .cost = group->cost,
        .policy = policy,
        .n_offered = group->n_offered,
        .offered = group->offered_cuts,
        .uplink = link_of(&s->uplink.link, &group->uplink),
        .downlink = link_of(&s->downlink.link, &group->downlink),
        .result_bytes = s->transfer.result_bytes,
        .n_batches = group->n_batches,
        .batches = group->batches,
        .poisson = s->workload.arrivals == ES_POISSON,
        .arrival_rate_hz = s->workload.rate_hz,
        .arrivals = group->arrivals,
        .population = closed ? (size_t)s->workload.population : 0,
        .think_ns = plan_time(s->workload.think_time_s),
        .exponential_think = s->workload.think == ES_EXPONENTIAL,
        .exponential_head = s->device.service == ES_EXPONENTIAL,
        .exponential_tail = s->server.service == ES_EXPONENTIAL,
        .exponential_cloud = s->cloud.service == ES_EXPONENTIAL,
        .switch_cost_ns = plan_time(s->device.switch_cost_s),
        .deadline_ns =
            isnan(s->workload.deadline_s) ? ES_TIME_NEVER : plan_time(s->workload.deadline_s),
        .drop_late = s->workload.on_deadline == ES_DEADLINE_DROP,
        .has_energy = !isnan(s->energy.active_w),
        .power = {s->energy.active_w, s->energy.transmit_w, s->energy.receive_w, s->energy.idle_w},
    };
}

/* The list of a trace of arrivals that brings nothing but times. */
static es_arrival_list times_of(const es_trace *trace) {
    if (trace == NULL)
        return (es_arrival_list){0};
    bool loops = trace->at_end == ES_AT_END_LOOP;
    return (es_arrival_list){
        .n = trace->n, .times = trace->times, .period_ns = loops ? trace->times[trace->n] : 0};
}

/* What a policy's section says of its knowledge. */
static void set_knowledge(const es_policy_section *section, es_world_config *config) {
    config->knowing = (es_knowing)section->knowledge;
    config->half_life_s = section->half_life_s;
    config->slow_half_life_s = section->slow_half_life_s;
    config->knowledge_samples = (size_t)section->samples;
    config->staleness_ns = plan_time(section->staleness_s);
    config->noise = section->noise;
    config->probe_every_ns = plan_time(section->probe_every_s);
    config->probe_bytes = (int64_t)ceil(section->probe_bytes);
    config->initial_rate_bps = section->initial_rate_bps;
    config->load_aware = section->load_aware;
}

es_world_config plan_world(const es_plan *plan, const struct planned_policy *policy) {
    const es_scenario *s = plan->scenario, *first = plan->groups[0].scenario;
    bool isolated = first->workload.mode == ES_ISOLATED;
    bool grid = first->workload.states == ES_STATES_GRID;
    uint64_t n_states =
        grid ? first->uplink.rate_bps.n * first->server.load_ratio.n * first->workload.batch.n
             : UINT64_MAX;
    bool background = !isnan(s->server.background_time_s);
    es_world_config config = {
        .n_groups = plan->n_groups,
        .server = {.capacity = plan->server_rate,
                   .discipline = (es_discipline)s->server.discipline,
                   .n_servers = (size_t)s->server.servers,
                   .max_batch = s->server.max_batch,
                   .max_wait_ns = plan_time(s->server.max_wait_s)},
        .background = {.rate_hz =
                           isnan(s->server.background_rate_hz) ? 0 : s->server.background_rate_hz,
                       .arrivals = times_of(plan->background_trace),
                       .service_ns = background ? plan_time(s->server.background_time_s) : 0,
                       .exponential = s->server.background_service == ES_EXPONENTIAL},
        .isolated = isolated,
        .n_rates = grid ? first->uplink.rate_bps.n : 0,
        .n_loads = grid ? first->server.load_ratio.n : 0,
        .rates_bps = first->uplink.rate_bps.values,
        .loads = first->server.load_ratio.values,
        .seed = (uint64_t)s->scenario.seed,
        .duration_ns =
            isnan(s->scenario.duration_s) ? ES_TIME_NEVER : plan_time(s->scenario.duration_s),
        .n_steps = s->scenario.steps > 0 ? (uint64_t)s->scenario.steps : n_states,
        .max_backlog = (size_t)s->workload.max_backlog,
        .outcomes = s->output.regret && plan->foresees,
        .series_period_ns = isolated ? 0 : plan_time(s->output.period_s),
    };
    if (plan->has_cloud) {
        config.backhaul = link_of(&s->backhaul.link, &plan->backhaul);
        config.cloud = (es_server){.capacity = plan->cloud_rate,
                                   .discipline = (es_discipline)s->cloud.discipline,
                                   .n_servers = (size_t)s->cloud.servers};
    }
    for (size_t g = 0; g < plan->n_groups; g++)
        config.groups[g] = group_of(&plan->groups[g], policy != NULL ? &policy->policies[g] : NULL);
    if (policy != NULL)
        set_knowledge(policy->section, &config);
    return config;
}
