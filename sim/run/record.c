#include "record.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/version.h"

#include <string.h>

/* Inputs and texts, at most: of each group and of what all share. */
enum { INPUTS_OF_GROUP = 9, INPUTS_OF_SERVER = 4, TEXTS_OF_GROUP = 2 + INPUTS_OF_GROUP, TEXTS = 3 };

void record_fini(struct record_storage *storage) {
    for (size_t i = 0; i < storage->n_texts; i++)
        free(storage->texts[i]);
    free(storage->texts);
    free(storage->resolved.data);
    free(storage->names);
    free(storage->types);
    free(storage->parameters);
    free(storage->parameter_numbers);
    free(storage->groups);
    free(storage->cuts);
    free(storage->batches);
    free(storage->head_s);
    free(storage->tail_s);
    free(storage->bytes);
    free(storage->cloud_s);
    free(storage->backhaul_bytes);
    free(storage->inputs);
}

/* Keeps a text, which is taken; NULL: out of memory. */
static const char *keep(struct record_storage *storage, es_text *text) {
    if (text->failed) {
        free(text->data);
        return NULL;
    }
    storage->texts[storage->n_texts++] = text->data;
    return text->data;
}

/* A profile's "key: value" lines; NULL: out of memory. */
static const char *provenance_of(struct record_storage *storage, const es_profile *profile) {
    es_text text = {0};
    es_text_add(&text, "%s", "");
    for (size_t i = 0; i < profile->n_provenance; i++)
        es_text_add(&text, "%s: %s\n", profile->provenance[i].key, profile->provenance[i].value);
    return keep(storage, &text);
}

/* ---- Inputs */

/* Adds a file that a group's key names. What groups share is there once, else the role says whose
 * it is. */
static es_status add_input(struct record_storage *storage, const es_scenario *s, const char *role,
                           const char *section, const char *key, es_input input) {
    for (size_t i = 0; i < storage->n_inputs; i++)
        if (storage->inputs[i].path == input.path && strcmp(storage->inputs[i].role, role) == 0)
            return ES_OK;
    input.role = role;
    if (s->group[0] != '\0' && es_scenario_writes(s, section, key)) {
        es_text text = {0};
        es_text_add(&text, "%s of %s", role, s->group);
        input.role = keep(storage, &text);
        if (input.role == NULL)
            return ES_NO_MEMORY;
    }
    storage->inputs[storage->n_inputs++] = input;
    return ES_OK;
}

static es_status add_profile(struct record_storage *storage, const es_scenario *s,
                             const char *section, const char *path, const es_profile *profile) {
    const char *provenance = provenance_of(storage, profile);
    if (provenance == NULL)
        return ES_NO_MEMORY;
    const char *role = strcmp(section, "device") == 0   ? "device profile"
                       : strcmp(section, "server") == 0 ? "server profile"
                                                        : "cloud profile";
    es_input input = {.path = path, .sha256 = profile->sha256, .provenance = provenance};
    return add_input(storage, s, role, section, "profile", input);
}

static es_status add_trace(struct record_storage *storage, const es_scenario *s, const char *role,
                           const char *section, const char *key, const char *path,
                           const es_trace *trace) {
    if (trace == NULL)
        return ES_OK;
    es_input input = {.path = path, .sha256 = trace->sha256, .provenance = trace->provenance};
    return add_input(storage, s, role, section, key, input);
}

static es_status record_inputs_of(const struct planned_group *group,
                                  struct record_storage *storage) {
    const es_scenario *s = group->scenario;
    const es_link_keys *up = &s->uplink.link, *down = &s->downlink.link;
    es_status status = ES_OK;
    if (s->model.file != NULL)
        status = add_input(storage, s, "network", "model", "file",
                           (es_input){.path = s->model.file,
                                      .sha256 = group->model_sha256,
                                      .provenance = group->model->source});
    if (status == ES_OK)
        status = add_profile(storage, s, "device", s->device.profile, group->device);
    if (status == ES_OK)
        status = add_profile(storage, s, "server", s->server.profile, group->server);
    if (status == ES_OK && group->cloud != NULL)
        status = add_profile(storage, s, "cloud", s->cloud.profile, group->cloud);
    const struct {
        const char *role, *section, *key, *path;
        const es_trace *trace;
    } traces[] = {
        {"uplink trace", "uplink", "trace", up->trace, group->uplink.trace},
        {"uplink propagation trace", "uplink", "propagation_trace", up->propagation_trace,
         group->uplink.delay_trace},
        {"downlink trace", "downlink", "trace", down->trace, group->downlink.trace},
        {"downlink propagation trace", "downlink", "propagation_trace", down->propagation_trace,
         group->downlink.delay_trace},
        {"arrivals trace", "workload", "trace", s->workload.trace, group->arrivals_trace},
    };
    for (size_t i = 0; i < sizeof traces / sizeof traces[0] && status == ES_OK; i++)
        status = add_trace(storage, s, traces[i].role, traces[i].section, traces[i].key,
                           traces[i].path, traces[i].trace);
    return status;
}

static es_status record_inputs(const es_plan *plan, struct record_storage *storage) {
    const es_scenario *s = plan->scenario;
    es_status status = ES_OK;
    for (size_t g = 0; g < plan->n_groups && status == ES_OK; g++)
        status = record_inputs_of(&plan->groups[g], storage);
    if (status == ES_OK)
        status = add_trace(storage, s, "server load trace", "server", "load_trace",
                           s->server.load.trace, plan->load_trace);
    if (status == ES_OK)
        status = add_trace(storage, s, "background trace", "server", "background_trace",
                           s->server.background_trace, plan->background_trace);
    if (status == ES_OK)
        status = add_trace(storage, s, "backhaul trace", "backhaul", "trace",
                           s->backhaul.link.trace, plan->backhaul.trace);
    if (status == ES_OK)
        status = add_trace(storage, s, "cloud load trace", "cloud", "load_trace",
                           s->cloud.load.trace, plan->cloud_load_trace);
    return status;
}

/* ---- Cuts */

static int ascending(const void *a, const void *b) {
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The batch sizes that some group has, ascending. */
static es_status list_batches(const es_plan *plan, struct record_storage *storage) {
    size_t most = 0, n = 0;
    for (size_t g = 0; g < plan->n_groups; g++)
        most += plan->groups[g].cost->n_batches;
    storage->batches = es_alloc(most, sizeof *storage->batches);
    if (storage->batches == NULL)
        return ES_NO_MEMORY;
    for (size_t g = 0; g < plan->n_groups; g++) {
        const es_cost *cost = plan->groups[g].cost;
        memcpy(storage->batches + n, cost->batches, cost->n_batches * sizeof *storage->batches);
        n += cost->n_batches;
    }
    qsort(storage->batches, n, sizeof *storage->batches, ascending);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || storage->batches[i] != storage->batches[storage->n_batches - 1])
            storage->batches[storage->n_batches++] = storage->batches[i];
    return ES_OK;
}

/* The row of a cut in the tables: what its group has not prepared is NaN, and -1 byte. */
static void record_costs(const struct planned_group *group, size_t cut,
                         struct record_storage *storage) {
    const es_cost *cost = group->cost;
    size_t first = (group->first_cut + cut) * storage->n_batches;
    for (size_t i = 0; i < storage->n_batches; i++) {
        const es_cut_costs *costs = es_cost_find(cost, storage->batches[i]);
        bool timed = costs != NULL && cost->available[cut];
        bool headed = timed && cost->has_heads[costs - cost->tables];
        storage->head_s[first + i] = headed ? costs->head_s[cut] : ES_NAN;
        storage->tail_s[first + i] = timed ? costs->tail_s[cut] : ES_NAN;
        storage->bytes[first + i] = costs != NULL ? costs->bytes[cut] : -1;
        if (storage->cloud_s == NULL)
            continue;
        storage->cloud_s[first + i] = headed ? costs->cloud_s[cut] : ES_NAN;
        storage->backhaul_bytes[first + i] = costs != NULL ? costs->backhaul_bytes[cut] : -1;
    }
}

static double sent_ratio(const es_cut_costs *costs, size_t cut) {
    if (es_cut_stays(costs, cut))
        return 0;
    return costs->exits != NULL ? costs->exits->sent_ratio[cut] : 1;
}

static void record_cuts(const struct planned_group *group, struct record_storage *storage) {
    for (size_t cut = 0; cut < group->cost->n_cuts; cut++) {
        const es_cost_cut *at = &group->cost->cuts[cut];
        const es_cut *from = &group->cost->boundaries[at->first];
        double compression = (double)at->elems / (double)group->cost->boundaries[0].elems;
        bool is_set = at->set > 0;
        storage->cuts[group->first_cut + cut] = (es_cut_record){
            .name = at->name,
            .last_layer = (int64_t)from->last_layer,
            .n_tensors = (int64_t)at->n_tensors,
            .elems = at->elems,
            .compression = is_set ? compression : from->compression,
            .natural = is_set ? compression < 1 : from->natural,
            .compressive = !is_set && group->compressive[at->first],
            .residual_block = !is_set && from->residual_block,
            .available = group->offered[cut],
            .second_layer = (int64_t)group->cost->boundaries[at->second].last_layer,
            .sent_ratio = sent_ratio(&group->cost->tables[0], cut),
        };
        record_costs(group, cut, storage);
    }
}

/* ---- What groups may differ in */

static const char *model_of(const struct planned_group *group) {
    return group->model->name;
}

static const char *granularity_of(const struct planned_group *group) {
    return es_granularity_text(group->granularity);
}

static const char *mode_of(const struct planned_group *group) {
    static const char *const modes[] = {
        [ES_ISOLATED] = "isolated", [ES_OPEN] = "open", [ES_CLOSED] = "closed"};
    return modes[group->scenario->workload.mode];
}

/* The different texts of the groups, joined; NULL: out of memory. */
static const char *join(const es_plan *plan, struct record_storage *storage,
                        const char *(*text_of)(const struct planned_group *group)) {
    es_text text = {0};
    for (size_t g = 0; g < plan->n_groups; g++) {
        const char *part = text_of(&plan->groups[g]);
        bool seen = false;
        for (size_t before = 0; before < g; before++)
            seen = seen || strcmp(text_of(&plan->groups[before]), part) == 0;
        if (!seen)
            es_text_add(&text, "%s%s", g > 0 ? ", " : "", part);
    }
    return keep(storage, &text);
}

/* ---- All of it */

static es_status allocate_record(const es_plan *plan, struct record_storage *storage) {
    const es_scenario *s = plan->scenario;
    size_t n_groups = plan->n_groups, n_cuts = plan->n_cuts;
    if (list_batches(plan, storage) != ES_OK)
        return ES_NO_MEMORY;
    es_scenario_resolve(s, false, &storage->resolved);
    storage->texts = es_alloc(n_groups * TEXTS_OF_GROUP + TEXTS, sizeof *storage->texts);
    storage->names = es_alloc(plan->n_policies, sizeof *storage->names);
    storage->types = es_alloc(plan->n_policies, sizeof *storage->types);
    storage->parameters = es_alloc(3 * s->n_parameters, sizeof *storage->parameters);
    storage->parameter_numbers = es_alloc(s->n_parameters, sizeof *storage->parameter_numbers);
    storage->groups = es_alloc(n_groups, sizeof *storage->groups);
    storage->cuts = es_alloc(n_cuts, sizeof *storage->cuts);
    storage->head_s = es_alloc(n_cuts * storage->n_batches, sizeof *storage->head_s);
    storage->tail_s = es_alloc(n_cuts * storage->n_batches, sizeof *storage->tail_s);
    storage->bytes = es_alloc(n_cuts * storage->n_batches, sizeof *storage->bytes);
    if (plan->has_cloud) {
        storage->cloud_s = es_alloc(n_cuts * storage->n_batches, sizeof *storage->cloud_s);
        storage->backhaul_bytes =
            es_alloc(n_cuts * storage->n_batches, sizeof *storage->backhaul_bytes);
    }
    storage->inputs =
        es_alloc(n_groups * INPUTS_OF_GROUP + INPUTS_OF_SERVER, sizeof *storage->inputs);
    bool complete =
        !storage->resolved.failed && storage->texts != NULL && storage->names != NULL &&
        storage->types != NULL && storage->parameters != NULL &&
        storage->parameter_numbers != NULL && storage->groups != NULL && storage->cuts != NULL &&
        storage->head_s != NULL && storage->tail_s != NULL && storage->bytes != NULL &&
        storage->inputs != NULL &&
        (!plan->has_cloud || (storage->cloud_s != NULL && storage->backhaul_bytes != NULL));
    return complete ? ES_OK : ES_NO_MEMORY;
}

/* Fills the arrays of the storage. */
static void record_lists(const es_plan *plan, struct record_storage *storage) {
    const es_scenario *s = plan->scenario;
    for (size_t g = 0; g < plan->n_groups; g++) {
        const struct planned_group *group = &plan->groups[g];
        storage->groups[g] = (es_group_record){.name = group->scenario->group,
                                               .model = group->model->name,
                                               .n_devices = group->n_devices,
                                               .n_cuts = group->cost->n_cuts};
        record_cuts(group, storage);
    }
    for (size_t i = 0; i < s->n_parameters; i++) {
        storage->parameters[i] = s->parameters[i].name;
        storage->parameters[s->n_parameters + i] = s->parameters[i].value;
        storage->parameters[2 * s->n_parameters + i] = s->parameters[i].unit;
        storage->parameter_numbers[i] = s->parameters[i].number;
    }
    for (size_t p = 0; p < plan->n_policies; p++) {
        storage->names[p] = plan->policies[p].name;
        storage->types[p] = plan->policies[p].policies[0].ops->name;
    }
}

/* What a number of the groups is in the record. */
static void agree(double value, double *in_record) {
    if (value != *in_record)
        *in_record = ES_NAN;
}

static void record_groups(const es_plan *plan, es_run_record *record) {
    const es_scenario *first = plan->groups[0].scenario;
    record->input_bytes_per_element = first->transfer.input_bytes;
    record->feature_bytes_per_element = first->transfer.feature_bytes;
    record->header_bytes = first->transfer.header_bytes;
    for (size_t g = 0; g < plan->n_groups; g++) {
        const struct planned_group *group = &plan->groups[g];
        const es_scenario *s = group->scenario;
        agree(s->transfer.input_bytes, &record->input_bytes_per_element);
        agree(s->transfer.feature_bytes, &record->feature_bytes_per_element);
        agree(s->transfer.header_bytes, &record->header_bytes);
        record->batch_extrapolated = record->batch_extrapolated || group->cost->extrapolated;
        if (group->n_exits > record->n_exits)
            record->n_exits = group->n_exits;
    }
}

es_status record_plan(const es_plan *plan, struct record_storage *storage, es_run_record *record,
                      es_errors *errors) {
    const es_scenario *s = plan->scenario;
    es_status status = allocate_record(plan, storage);
    if (status == ES_OK)
        status = record_inputs(plan, storage);
    if (status != ES_OK)
        return es_errors_no_memory(errors, s->ini->path);
    record_lists(plan, storage);
    bool isolated = plan->groups[0].scenario->workload.mode == ES_ISOLATED;
    *record = (es_run_record){
        .title = s->scenario.title,
        .program = es_version(),
        .scenario_ini = s->ini->text,
        .scenario_resolved = storage->resolved.data,
        .model = join(plan, storage, model_of),
        .granularity = join(plan, storage, granularity_of),
        .mode = join(plan, storage, mode_of),
        .states = s->workload.states == ES_STATES_GRID ? "grid" : "trace",
        .seed = s->scenario.seed,
        .warmup_s = s->scenario.warmup_s,
        .compress = s->output.compression == ES_COMPRESSION_DEFLATE,
        .series_period_s = isolated ? 0 : s->output.period_s,
        .n_policies = plan->n_policies,
        .policy_names = storage->names,
        .policy_types = storage->types,
        .n_parameters = s->n_parameters,
        .parameter_names = storage->parameters,
        .parameter_values = storage->parameters + s->n_parameters,
        .parameter_units = storage->parameters + 2 * s->n_parameters,
        .parameter_numbers = storage->parameter_numbers,
        .n_inputs = storage->n_inputs,
        .inputs = storage->inputs,
        .n_replications = (size_t)s->scenario.replications,
        .n_groups = plan->n_groups,
        .n_devices = plan->n_devices,
        .groups = storage->groups,
        .n_cuts = plan->n_cuts,
        .n_batches = storage->n_batches,
        .cuts = storage->cuts,
        .batches = storage->batches,
        .head_s = storage->head_s,
        .tail_s = storage->tail_s,
        .bytes = storage->bytes,
        .has_cloud = plan->has_cloud,
        .cloud_s = storage->cloud_s,
        .backhaul_bytes = storage->backhaul_bytes,
    };
    record_groups(plan, record);
    if (record->model == NULL || record->granularity == NULL || record->mode == NULL)
        return es_errors_no_memory(errors, s->ini->path);
    return ES_OK;
}
