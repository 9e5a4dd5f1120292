#include "edgesplit/run.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/version.h"
#include "plan.h"
#include "summary.h"

#include <string.h>

/* The state of a run. */
struct running {
    const es_plan *plan;
    const es_run_options *options;
    es_errors *errors;
    void *sink;
    size_t policy;         /* now */
    struct tally *tallies; /* [n_policies] */
    uint64_t *cut_counts;
    double *scratch;
    es_block *block; /* of one world after the other */
    uint64_t n_samples;
    es_summary summary;
};

static bool is_interrupted(const es_run_options *options) {
    return options->interrupted != NULL && *options->interrupted;
}

static es_status take_steps(void *context, const es_block *block) {
    struct running *run = context;
    const es_run_options *options = run->options;
    struct tally *totals = &run->tallies[run->policy];
    uint64_t first = totals->n_rows;
    tally_add(totals, block);
    if (is_interrupted(options))
        return ES_INTERRUPTED;
    if (options->progress != NULL)
        options->progress(options->context, run->plan->policies[run->policy].name, run->policy,
                          run->plan->n_policies, totals->n_rows);
    return options->sink->steps(run->sink, run->policy, first, block, run->errors);
}

static es_status take_series(void *context, const es_series *series) {
    struct running *run = context;
    uint64_t first = run->n_samples;
    run->n_samples += series->n;
    return run->options->sink->series(run->sink, run->policy, first, series, run->errors);
}

/* Totals of a run of which only the mean latency counts. */
struct trial {
    es_moments latency;
    uint64_t n_lost; /* dropped or unfinished */
    double warmup_s;
    const es_run_options *options;
};

static es_status take_trial(void *context, const es_block *block) {
    struct trial *trial = context;
    size_t first = first_counted(block, trial->warmup_s);
    es_moments_add(&trial->latency, block->latency + first, block->n - first);
    for (size_t i = first; i < block->n; i++)
        trial->n_lost += isnan(block->latency[i]) ? 1 : 0;
    return is_interrupted(trial->options) ? ES_INTERRUPTED : ES_OK;
}

static es_status simulate(const es_world_config *config, es_world_result *result,
                          es_errors *errors) {
    es_world *world;
    es_status status = es_world_create(config, &world);
    if (status != ES_OK)
        return es_errors_add(errors, status, NULL, 0, "out of memory");
    status = es_world_run(world, result);
    es_world_destroy(world);
    if (status == ES_INTERRUPTED)
        return es_errors_add(errors, status, NULL, 0, "interrupted; nothing was written");
    return status;
}

/* First pass of best-hindsight: the candidate that loses the fewest requests, and of those the one
 * with the least mean latency. Candidates that saturate come behind all others. */
static es_status find_hindsight(struct running *run, const struct planned_policy *planned,
                                uint32_t *best) {
    double best_s = ES_INFINITY;
    uint64_t best_lost = UINT64_MAX;
    for (size_t i = 0; i < planned->policy.n_candidates; i++) {
        struct planned_policy fixed = *planned;
        fixed.policy.candidates = &planned->candidates[i];
        fixed.policy.n_candidates = 1;
        struct trial trial = {.warmup_s = run->plan->scenario->scenario.warmup_s,
                              .options = run->options};
        es_world_config config = plan_world(run->plan, &fixed);
        config.outcomes = false;
        config.series_period_ns = 0;
        config.context = &trial;
        config.block = run->block;
        config.steps = take_trial;
        es_world_result result = {0};
        es_status status = simulate(&config, &result, run->errors);
        if (status != ES_OK)
            return status;
        if (result.saturated) /* lost is all that it did not let in: an unknown number */
            trial.n_lost = UINT64_MAX - result.n_steps;
        double mean_s = es_moments_mean(&trial.latency);
        if (trial.n_lost < best_lost || (trial.n_lost == best_lost && mean_s <= best_s)) {
            best_lost = trial.n_lost;
            best_s = mean_s;
            *best = planned->candidates[i];
        }
    }
    return ES_OK;
}

/* A run checks itself: what these residuals promise to be is exact but for the rounding of seconds.
 */
static es_status check_residuals(const struct running *run, const double figures[ES_N_SUMMARY]) {
    double latency_s = fmax(1, figures[ES_SUMMARY_latency_max]);
    if (figures[ES_SUMMARY_conservation_residual] == 0 &&
        figures[ES_SUMMARY_little_residual] == 0 &&
        !(figures[ES_SUMMARY_component_residual] > 1e-12 * latency_s))
        return ES_OK;
    return es_errors_add(
        run->errors, ES_INTERNAL, NULL, 0,
        "policy %s: a check of the simulator failed (conservation %g, components %g s, Little's "
        "law "
        "%g s); please report this scenario",
        run->plan->policies[run->policy].name, figures[ES_SUMMARY_conservation_residual],
        figures[ES_SUMMARY_component_residual], figures[ES_SUMMARY_little_residual]);
}

static es_status run_policy(struct running *run, es_run_report *report) {
    const es_plan *plan = run->plan;
    size_t p = run->policy;
    struct planned_policy policy = plan->policies[p];
    uint32_t fixed;
    if (policy.hindsight) {
        es_status status = find_hindsight(run, &plan->policies[p], &fixed);
        if (status != ES_OK)
            return status;
        policy.policy.candidates = &fixed;
        policy.policy.n_candidates = 1;
    }
    es_world_config config = plan_world(plan, &policy);
    config.context = run;
    config.block = run->block;
    config.steps = take_steps;
    config.series = take_series;
    run->n_samples = 0;
    struct tally *totals = &run->tallies[p];
    *totals = (struct tally){.warmup_s = plan->scenario->scenario.warmup_s,
                             .cut_counts = run->cut_counts + p * plan->cost->n_cuts,
                             .scratch = run->scratch};
    es_world_result result = {0};
    es_status status = simulate(&config, &result, run->errors);
    if (status != ES_OK)
        return status;
    es_summary *summary = &run->summary;
    tally_figures(totals, &result, summary->figures[p]);
    summary->n_steps[p] = totals->n_rows;
    for (size_t s = 0; s < ES_N_STATIONS; s++) {
        summary->utilisation[p * ES_N_STATIONS + s] = result.utilisation[s];
        summary->queue_length[p * ES_N_STATIONS + s] = result.queue_length[s];
    }
    for (size_t cut = 0; cut < plan->cost->n_cuts; cut++)
        summary->cut_share[p * plan->cost->n_cuts + cut] =
            (double)totals->cut_counts[cut] / (double)(totals->n_rows - totals->n_skipped);
    report->n_steps += result.n_steps;
    report->n_events += result.n_events;
    report->n_saturated += result.saturated;
    return check_residuals(run, summary->figures[p]);
}

enum { MAX_INPUTS = 6 };

/* What a sink is told before the first step, with the arrays that it borrows. */
struct record_storage {
    es_text resolved;
    char *device_provenance, *server_provenance;
    const char **names, **types;
    const char **parameters; /* [2][n_parameters] names, values */
    es_cut_record *cuts;
    double *head_s, *tail_s;
    int64_t *bytes;
    size_t n_inputs;
    es_input inputs[MAX_INPUTS];
};

static void record_fini(struct record_storage *storage) {
    free(storage->resolved.data);
    free(storage->device_provenance);
    free(storage->server_provenance);
    free(storage->names);
    free(storage->types);
    free(storage->parameters);
    free(storage->cuts);
    free(storage->head_s);
    free(storage->tail_s);
    free(storage->bytes);
}

/* Creates a profile's "key: value" lines; NULL: out of memory. */
static char *provenance_text(const es_profile *profile) {
    es_text text = {0};
    es_text_add(&text, "%s", "");
    for (size_t i = 0; i < profile->n_provenance; i++)
        es_text_add(&text, "%s: %s\n", profile->provenance[i].key, profile->provenance[i].value);
    if (text.failed) {
        free(text.data);
        return NULL;
    }
    return text.data;
}

static void record_cuts(const es_plan *plan, struct record_storage *storage) {
    size_t n_cuts = plan->cost->n_cuts, n_batches = plan->cost->n_batches;
    for (size_t cut = 0; cut < n_cuts; cut++) {
        const es_cut *from = &plan->model->cuts[plan->granularity][cut];
        storage->cuts[cut] = (es_cut_record){
            .name = from->name,
            .last_layer = (int64_t)from->last_layer,
            .n_tensors = (int64_t)from->n_tensors,
            .elems = from->elems,
            .compression = from->compression,
            .natural = from->natural,
            .compressive = plan->compressive[cut],
            .residual_block = from->residual_block,
            .available = plan->offered[cut],
        };
        for (size_t b = 0; b < n_batches; b++) {
            const es_cut_costs *costs = &plan->cost->tables[b];
            size_t i = cut * n_batches + b;
            storage->head_s[i] = plan->cost->available[cut] ? costs->head_s[cut] : ES_NAN;
            storage->tail_s[i] = plan->cost->available[cut] ? costs->tail_s[cut] : ES_NAN;
            storage->bytes[i] = costs->bytes[cut];
        }
    }
}

static es_status allocate_record(const es_plan *plan, struct record_storage *storage,
                                 es_errors *errors) {
    const es_scenario *s = plan->scenario;
    size_t n_cuts = plan->cost->n_cuts, n_batches = plan->cost->n_batches;
    es_scenario_resolve(s, false, &storage->resolved);
    storage->device_provenance = provenance_text(plan->device);
    storage->server_provenance = provenance_text(plan->server);
    storage->names = es_alloc(plan->n_policies, sizeof *storage->names);
    storage->types = es_alloc(plan->n_policies, sizeof *storage->types);
    storage->parameters = es_alloc(2 * s->n_parameters, sizeof *storage->parameters);
    storage->cuts = es_alloc(n_cuts, sizeof *storage->cuts);
    storage->head_s = es_alloc(n_cuts * n_batches, sizeof *storage->head_s);
    storage->tail_s = es_alloc(n_cuts * n_batches, sizeof *storage->tail_s);
    storage->bytes = es_alloc(n_cuts * n_batches, sizeof *storage->bytes);
    if (storage->resolved.failed || storage->device_provenance == NULL ||
        storage->server_provenance == NULL || storage->names == NULL || storage->types == NULL ||
        storage->parameters == NULL || storage->cuts == NULL || storage->head_s == NULL ||
        storage->tail_s == NULL || storage->bytes == NULL)
        return es_errors_no_memory(errors, s->ini->path);
    return ES_OK;
}

static void add_input(struct record_storage *storage, const char *role, const char *path,
                      const char *sha256, const char *provenance) {
    ES_REQUIRE(storage->n_inputs < MAX_INPUTS);
    storage->inputs[storage->n_inputs++] = (es_input){role, path, sha256, provenance};
}

static void add_trace(struct record_storage *storage, const char *role, const char *path,
                      const es_trace *trace) {
    if (trace != NULL)
        add_input(storage, role, path, trace->sha256, trace->provenance);
}

static void record_inputs(const es_plan *plan, struct record_storage *storage) {
    const es_scenario *s = plan->scenario;
    if (s->model.file != NULL)
        add_input(storage, "network", s->model.file, plan->model_sha256, plan->model->source);
    add_input(storage, "device profile", s->device.profile, plan->device->sha256,
              storage->device_provenance);
    add_input(storage, "server profile", s->server.profile, plan->server->sha256,
              storage->server_provenance);
    add_trace(storage, "uplink trace", s->uplink.trace, plan->uplink_trace);
    add_trace(storage, "server load trace", s->server.load_trace, plan->load_trace);
    add_trace(storage, "arrivals trace", s->workload.trace, plan->arrivals_trace);
}

static es_status describe(const es_plan *plan, struct record_storage *storage,
                          es_run_record *record, es_errors *errors) {
    const es_scenario *s = plan->scenario;
    size_t n_cuts = plan->cost->n_cuts, n_batches = plan->cost->n_batches;
    es_status status = allocate_record(plan, storage, errors);
    if (status != ES_OK)
        return status;
    record_cuts(plan, storage);
    record_inputs(plan, storage);
    for (size_t i = 0; i < s->n_parameters; i++) {
        storage->parameters[i] = s->parameters[i].name;
        storage->parameters[s->n_parameters + i] = s->parameters[i].value;
    }
    for (size_t p = 0; p < plan->n_policies; p++) {
        storage->names[p] = plan->policies[p].name;
        storage->types[p] = plan->policies[p].policy.ops->name;
    }
    static const char *const modes[] = {
        [ES_ISOLATED] = "isolated", [ES_OPEN] = "open", [ES_CLOSED] = "closed"};
    bool isolated = s->workload.mode == ES_ISOLATED;
    *record = (es_run_record){
        .title = s->scenario.title,
        .program = es_version(),
        .scenario_ini = s->ini->text,
        .scenario_resolved = storage->resolved.data,
        .model = plan->model->name,
        .granularity = es_granularity_text(plan->granularity),
        .mode = modes[s->workload.mode],
        .states = s->workload.states == ES_STATES_GRID ? "grid" : "trace",
        .seed = s->scenario.seed,
        .input_bytes_per_element = s->transfer.input_bytes,
        .feature_bytes_per_element = s->transfer.feature_bytes,
        .header_bytes = s->transfer.header_bytes,
        .warmup_s = s->scenario.warmup_s,
        .batch_extrapolated = plan->cost->extrapolated,
        .compress = s->output.compression == ES_COMPRESSION_DEFLATE,
        .series_period_s = isolated ? 0 : s->output.period_s,
        .n_policies = plan->n_policies,
        .policy_names = storage->names,
        .policy_types = storage->types,
        .n_parameters = s->n_parameters,
        .parameter_names = storage->parameters,
        .parameter_values = storage->parameters + s->n_parameters,
        .n_inputs = storage->n_inputs,
        .inputs = storage->inputs,
        .n_cuts = n_cuts,
        .n_batches = n_batches,
        .cuts = storage->cuts,
        .batches = plan->cost->batches,
        .head_s = storage->head_s,
        .tail_s = storage->tail_s,
        .bytes = storage->bytes,
    };
    return ES_OK;
}

static es_status allocate(struct running *run) {
    size_t n = run->plan->n_policies, n_cuts = run->plan->cost->n_cuts;
    es_summary *summary = &run->summary;
    run->tallies = es_alloc(n, sizeof *run->tallies);
    run->cut_counts = es_alloc(n * n_cuts, sizeof *run->cut_counts);
    run->scratch = es_alloc(ES_BLOCK_STEPS, sizeof *run->scratch);
    run->block = es_alloc(1, sizeof *run->block);
    summary->figures = es_alloc(n, sizeof *summary->figures);
    summary->n_steps = es_alloc(n, sizeof *summary->n_steps);
    summary->cut_share = es_alloc(n * n_cuts, sizeof *summary->cut_share);
    summary->utilisation = es_alloc(n * ES_N_STATIONS, sizeof *summary->utilisation);
    summary->queue_length = es_alloc(n * ES_N_STATIONS, sizeof *summary->queue_length);
    summary->gain_mean_of_ratios = es_alloc(n * n, sizeof *summary->gain_mean_of_ratios);
    summary->gain_ratio_of_means = es_alloc(n * n, sizeof *summary->gain_ratio_of_means);
    bool complete = run->tallies != NULL && run->cut_counts != NULL && run->scratch != NULL &&
                    run->block != NULL && summary->figures != NULL && summary->n_steps != NULL &&
                    summary->cut_share != NULL && summary->utilisation != NULL &&
                    summary->queue_length != NULL && summary->gain_mean_of_ratios != NULL &&
                    summary->gain_ratio_of_means != NULL;
    if (!complete)
        return es_errors_no_memory(run->errors, NULL);
    for (size_t i = 0; i < n * n; i++)
        summary->gain_mean_of_ratios[i] = summary->gain_ratio_of_means[i] = ES_NAN;
    return ES_OK;
}

static void running_fini(struct running *run) {
    free(run->tallies);
    free(run->cut_counts);
    free(run->scratch);
    free(run->block);
    free(run->summary.figures);
    free(run->summary.n_steps);
    free(run->summary.cut_share);
    free(run->summary.utilisation);
    free(run->summary.queue_length);
    free(run->summary.gain_mean_of_ratios);
    free(run->summary.gain_ratio_of_means);
}

es_status es_plan_run(const es_plan *plan, const es_run_options *options, es_run_report *report,
                      es_errors *errors) {
    struct running run = {.plan = plan, .options = options, .errors = errors};
    struct record_storage storage = {0};
    es_run_record record;
    bool opened = false;
    *report = (es_run_report){.n_policies = plan->n_policies};
    es_status status = describe(plan, &storage, &record, errors);
    if (status == ES_OK)
        status = allocate(&run);
    if (status == ES_OK) {
        status = options->sink->open(&record, options->output, options->replace, &run.sink, errors);
        opened = status == ES_OK;
    }
    for (run.policy = 0; run.policy < plan->n_policies && status == ES_OK; run.policy++)
        status = run_policy(&run, report);
    if (status == ES_OK && options->sink->read != NULL)
        status = summarise_latencies(options->sink, run.sink, plan->n_policies, run.tallies,
                                     &run.summary, errors);
    if (status == ES_OK && options->summarised != NULL)
        status = options->summarised(options->context, &record, &run.summary, errors);
    if (status == ES_OK)
        status = options->sink->publish(run.sink, &run.summary, errors);
    if (opened)
        options->sink->close(run.sink);
    running_fini(&run);
    record_fini(&storage);
    return status;
}
