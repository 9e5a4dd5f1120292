#include "simulation.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"

#include <string.h>

es_status workspace_init(struct workspace *work) {
    *work = (struct workspace){0};
    es_errors_init(&work->errors);
    work->block = es_alloc(1, sizeof *work->block);
    work->series = es_alloc(1, sizeof *work->series);
    work->scratch = es_alloc(2 * (size_t)ES_BLOCK_STEPS, sizeof *work->scratch);
    return work->block != NULL && work->series != NULL && work->scratch != NULL ? ES_OK
                                                                                : ES_NO_MEMORY;
}

void workspace_fini(struct workspace *work) {
    free(work->block);
    free(work->series);
    free(work->scratch);
}

static es_status going_on(const struct setting *setting) {
    const volatile sig_atomic_t *interrupted = setting->options->interrupted;
    if (interrupted != NULL && *interrupted)
        return ES_INTERRUPTED;
    return setting->going_on(setting->context);
}

static bool finds_warmup(const struct setting *setting) {
    return isnan(setting->plan->scenario->scenario.warmup_s);
}

static const char *policy_name(const struct simulation *simulation) {
    return simulation->setting->plan->policies[simulation->policy].name;
}

/* Gives the block in hand to the sink, which may put another one in its place. */
static es_status give_steps(struct simulation *simulation, uint64_t first) {
    struct setting *setting = simulation->setting;
    struct workspace *work = simulation->work;
    pthread_mutex_lock(&setting->sink_lock);
    es_status status =
        setting->options->sink->steps(setting->sink, simulation->replication, simulation->policy,
                                      first, &work->block, &work->errors);
    pthread_mutex_unlock(&setting->sink_lock);
    return status;
}

static es_status give_series(struct simulation *simulation, const es_series *series) {
    struct setting *setting = simulation->setting;
    uint64_t first = simulation->n_samples;
    simulation->n_samples += series->n;
    pthread_mutex_lock(&setting->sink_lock);
    es_status status =
        setting->options->sink->series(setting->sink, simulation->replication, simulation->policy,
                                       first, series, &simulation->work->errors);
    pthread_mutex_unlock(&setting->sink_lock);
    return status;
}

static void tell_progress(const struct simulation *simulation, uint64_t n_steps) {
    struct setting *setting = simulation->setting;
    const es_run_options *options = setting->options;
    if (options->progress == NULL)
        return;
    pthread_mutex_lock(&setting->sink_lock);
    options->progress(options->context, policy_name(simulation),
                      simulation->replication * setting->plan->n_policies + simulation->policy,
                      setting->n_simulations, n_steps);
    pthread_mutex_unlock(&setting->sink_lock);
}

/* Totals a block of which the warm-up is known, and keeps its latencies if there is room. */
static void take_in(struct simulation *simulation, const es_block *block) {
    struct tally *tally = &simulation->tally;
    uint64_t at = tally->n_rows - tally->n_skipped;
    tally_add(tally, block);
    uint64_t end = tally->n_rows - tally->n_skipped;
    size_t n = (size_t)(end - at);
    if (simulation->kept != NULL && end <= KEPT_LATENCIES)
        memcpy(simulation->kept + at, block->latency + block->n - n, n * sizeof *simulation->kept);
}

/* Where the warm-up is still to be found, rows are only counted. */
static es_status take_steps(void *context, const es_block *block) {
    struct simulation *simulation = context;
    struct tally *tally = &simulation->tally;
    uint64_t first = tally->n_rows;
    if (finds_warmup(simulation->setting))
        tally->n_rows += block->n;
    else
        take_in(simulation, block);
    es_status status = going_on(simulation->setting);
    if (status != ES_OK)
        return status;
    tell_progress(simulation, tally->n_rows);
    return simulation->direct
               ? give_steps(simulation, first)
               : spool_add_steps(&simulation->spool, block, &simulation->work->errors);
}

static es_status take_series(void *context, const es_series *series) {
    struct simulation *simulation = context;
    return simulation->direct
               ? give_series(simulation, series)
               : spool_add_series(&simulation->spool, series, &simulation->work->errors);
}

/* Totals of a run of which only the mean latency counts. */
struct trial {
    es_moments latency;
    uint64_t n_lost; /* dropped or unfinished */
    const struct setting *setting;
};

static es_status take_trial(void *context, const es_block *block) {
    struct trial *trial = context;
    size_t first = first_counted(block, trial->setting->plan->scenario->scenario.warmup_s);
    es_moments_add(&trial->latency, block->latency + first, block->n - first);
    for (size_t i = first; i < block->n; i++)
        trial->n_lost += isnan(block->latency[i]) ? 1 : 0;
    return going_on(trial->setting);
}

static es_status simulate(const es_world_config *config, es_world_result *result,
                          es_errors *errors) {
    es_world *world;
    es_status status = es_world_create(config, &world);
    if (status != ES_OK)
        return es_errors_add(errors, status, NULL, 0, "out of memory");
    status = es_world_run(world, result);
    es_world_destroy(world);
    return status;
}

static es_world_config world_of(const struct simulation *simulation,
                                const struct planned_policy *policy) {
    es_world_config config = plan_world(simulation->setting->plan, policy);
    config.replication = (uint32_t)simulation->replication;
    config.block = &simulation->work->block;
    return config;
}

/* First pass of best-hindsight: the candidate that loses the fewest requests, and of those the one
 * with the least mean latency. Candidates that saturate come behind all others. */
static es_status find_hindsight(const struct simulation *simulation,
                                const struct planned_policy *planned, uint32_t *best) {
    double best_s = ES_INFINITY;
    uint64_t best_lost = UINT64_MAX;
    for (size_t i = 0; i < planned->policies[0].n_candidates; i++) {
        struct planned_policy fixed = *planned;
        fixed.policies[0].candidates = &planned->candidates[0][i];
        fixed.policies[0].n_candidates = 1;
        struct trial trial = {.setting = simulation->setting};
        es_world_config config = world_of(simulation, &fixed);
        config.outcomes = false;
        config.series_period_ns = 0;
        config.context = &trial;
        config.steps = take_trial;
        es_world_result result = {0};
        es_status status = simulate(&config, &result, &simulation->work->errors);
        if (status != ES_OK)
            return status;
        if (result.saturated) /* lost is all that it did not let in: an unknown number */
            trial.n_lost = UINT64_MAX - result.n_steps;
        double mean_s = es_moments_mean(&trial.latency);
        if (trial.n_lost < best_lost || (trial.n_lost == best_lost && mean_s <= best_s)) {
            best_lost = trial.n_lost;
            best_s = mean_s;
            *best = planned->candidates[0][i];
        }
    }
    return ES_OK;
}

/* Where the latencies from number `n_cut` on begin. */
static es_status find_arrival(struct simulation *simulation, uint64_t n_cut, double *arrival_s) {
    es_errors *errors = &simulation->work->errors;
    double *arrivals_s = simulation->work->scratch, *latencies_s = arrivals_s + ES_BLOCK_STEPS;
    size_t n = 1;
    es_status status = spool_rewind(&simulation->spool, errors);
    while (status == ES_OK && n > 0) {
        status = spool_next_latencies(&simulation->spool, &n, arrivals_s, latencies_s, errors);
        for (size_t i = 0; i < n && status == ES_OK; i++)
            if (!isnan(latencies_s[i]) && n_cut-- == 0) {
                *arrival_s = arrivals_s[i];
                return ES_OK;
            }
    }
    return status;
}

/* Finds where the latencies have settled: the warm-up ends with the arrival of the first request
 * that is not cut. Four passes over what is spooled. */
static es_status find_warmup(struct simulation *simulation) {
    es_mser mser = {0};
    es_errors *errors = &simulation->work->errors;
    double *arrivals_s = simulation->work->scratch, *latencies_s = arrivals_s + ES_BLOCK_STEPS;
    es_status status;
    do {
        size_t n = 1;
        status = spool_rewind(&simulation->spool, errors);
        while (status == ES_OK && n > 0) {
            status = spool_next_latencies(&simulation->spool, &n, arrivals_s, latencies_s, errors);
            if (status == ES_OK)
                es_mser_feed(&mser, latencies_s, n);
        }
    } while (status == ES_OK && es_mser_again(&mser));
    simulation->tally.warmup_s = 0;
    if (status == ES_OK && es_mser_cut(&mser) > 0)
        status = find_arrival(simulation, es_mser_cut(&mser), &simulation->tally.warmup_s);
    return status;
}

/* One pass of the latencies behind the warm-up. */
static es_status feed_spooled(struct simulation *simulation, es_quantiles *quantiles) {
    es_errors *errors = &simulation->work->errors;
    double *arrivals_s = simulation->work->scratch, *latencies_s = arrivals_s + ES_BLOCK_STEPS;
    size_t n = 1;
    es_status status = spool_rewind(&simulation->spool, errors);
    while (status == ES_OK && n > 0) {
        size_t first = 0;
        status = spool_next_latencies(&simulation->spool, &n, arrivals_s, latencies_s, errors);
        while (status == ES_OK && first < n && arrivals_s[first] < simulation->tally.warmup_s)
            first++;
        if (status == ES_OK)
            es_quantiles_feed(quantiles, latencies_s + first, n - first);
    }
    return status;
}

/* The same of those that are kept. */
static es_status feed_kept(const struct simulation *simulation, es_quantiles *quantiles) {
    es_quantiles_feed(quantiles, simulation->kept,
                      (size_t)(simulation->tally.n_rows - simulation->tally.n_skipped));
    return ES_OK;
}

static es_status feed_recorded(const struct simulation *simulation, es_quantiles *quantiles) {
    struct setting *setting = simulation->setting;
    double *values = simulation->work->scratch;
    uint64_t end = simulation->tally.n_rows;
    es_status status = ES_OK;
    for (uint64_t first = simulation->tally.n_skipped; first < end && status == ES_OK;
         first += ES_BLOCK_STEPS) {
        size_t n = end - first < ES_BLOCK_STEPS ? (size_t)(end - first) : (size_t)ES_BLOCK_STEPS;
        pthread_mutex_lock(&setting->sink_lock);
        status = setting->options->sink->read(setting->sink, ES_COLUMN_latency,
                                              simulation->replication, simulation->policy, first, n,
                                              values, &simulation->work->errors);
        pthread_mutex_unlock(&setting->sink_lock);
        if (status == ES_OK)
            es_quantiles_feed(quantiles, values, n);
    }
    return status;
}

/* Quantiles are found by the thread that simulated, from the latencies where they are. */
static es_status find_quantiles(struct simulation *simulation, double found[ES_N_SUMMARY]) {
    es_quantiles *quantiles;
    es_status status = latency_quantiles(&quantiles);
    if (status != ES_OK)
        return es_errors_no_memory(&simulation->work->errors, NULL);
    const struct tally *tally = &simulation->tally;
    bool kept = !finds_warmup(simulation->setting) && simulation->kept != NULL &&
                tally->n_rows - tally->n_skipped <= KEPT_LATENCIES;
    if (!finds_warmup(simulation->setting) && tally->latency.n > 0)
        es_quantiles_bound(quantiles, tally->latency.min, tally->latency.max);
    do
        status = kept                 ? feed_kept(simulation, quantiles)
                 : simulation->direct ? feed_recorded(simulation, quantiles)
                                      : feed_spooled(simulation, quantiles);
    while (status == ES_OK && es_quantiles_again(quantiles));
    if (status == ES_OK)
        quantile_figures(quantiles, found);
    es_quantiles_destroy(quantiles);
    return status;
}

static void begin(struct simulation *simulation) {
    struct setting *setting = simulation->setting;
    memset(simulation->cut_counts, 0, setting->n_cuts * sizeof *simulation->cut_counts);
    if (simulation->exit_counts != NULL)
        memset(simulation->exit_counts, 0, setting->n_ends * sizeof *simulation->exit_counts);
    if (simulation->batches != NULL)
        *simulation->batches = (es_batches){0};
    simulation->tally = (struct tally){
        .warmup_s = setting->plan->scenario->scenario.warmup_s,
        .has_cloud = setting->plan->has_cloud,
        .places = &setting->places,
        .cut_counts = simulation->cut_counts,
        .exit_counts = simulation->exit_counts,
        .scratch = simulation->work->scratch,
        .batches = simulation->batches,
    };
    simulation->n_samples = 0;
    simulation->result = (es_world_result){0};
    spool_clear(&simulation->spool);
    for (size_t f = 0; f < ES_N_SUMMARY; f++)
        simulation->figures[f] = ES_NAN;
}

es_status simulation_run(struct simulation *simulation) {
    struct setting *setting = simulation->setting;
    const struct planned_policy *planned = &setting->plan->policies[simulation->policy];
    struct planned_policy policy = *planned;
    uint32_t fixed;
    es_status status = ES_OK;
    begin(simulation);
    if (policy.hindsight) {
        status = find_hindsight(simulation, planned, &fixed);
        policy.policies[0].candidates = &fixed;
        policy.policies[0].n_candidates = 1;
    }
    if (status != ES_OK)
        return status;
    es_world_config config = world_of(simulation, &policy);
    config.context = simulation;
    config.steps = take_steps;
    config.series = take_series;
    status = simulate(&config, &simulation->result, &simulation->work->errors);
    if (status == ES_OK && finds_warmup(setting))
        status = find_warmup(simulation);
    if (status == ES_OK && setting->options->sink->read != NULL)
        status = find_quantiles(simulation, simulation->figures);
    return status;
}

/* A run checks itself: what these residuals promise to be is exact but for the rounding of seconds.
 */
static es_status check_residuals(const struct simulation *simulation) {
    const double *figures = simulation->figures;
    double latency_s = fmax(1, figures[ES_SUMMARY_latency_max]);
    if (figures[ES_SUMMARY_conservation_residual] == 0 &&
        figures[ES_SUMMARY_little_residual] == 0 &&
        !(figures[ES_SUMMARY_component_residual] > 1e-12 * latency_s))
        return ES_OK;
    return es_errors_add(
        &simulation->work->errors, ES_INTERNAL, NULL, 0,
        "policy %s, replication %zu: a check of the simulator failed (conservation %g, components "
        "%g s, Little's law %g s); please report this scenario",
        policy_name(simulation), simulation->replication, figures[ES_SUMMARY_conservation_residual],
        figures[ES_SUMMARY_component_residual], figures[ES_SUMMARY_little_residual]);
}

/* Hands on the rows in the order they came; where the warm-up was found, they are totalled now. */
static es_status replay(struct simulation *simulation) {
    struct workspace *work = simulation->work;
    struct tally *tally = &simulation->tally;
    enum spooled kind = SPOOLED_STEPS;
    uint64_t first = 0;
    es_status status = spool_rewind(&simulation->spool, &work->errors);
    if (finds_warmup(simulation->setting))
        tally->n_rows = 0;
    while (status == ES_OK) {
        status = spool_next(&simulation->spool, &kind, work->block, work->series, &work->errors);
        if (status == ES_OK)
            status = going_on(simulation->setting);
        if (status != ES_OK || kind == SPOOLED_NOTHING)
            break;
        if (kind == SPOOLED_SERIES) {
            status = give_series(simulation, work->series);
            continue;
        }
        if (finds_warmup(simulation->setting))
            tally_add(tally, work->block);
        uint64_t next = first + work->block->n;
        status = give_steps(simulation, first);
        first = next;
    }
    return status;
}

es_status simulation_hand_over(struct simulation *simulation) {
    simulation->tally.scratch = simulation->work->scratch;
    es_status status = simulation->direct ? ES_OK : replay(simulation);
    if (status != ES_OK)
        return status;
    tally_figures(&simulation->tally, &simulation->result, simulation->figures);
    return check_residuals(simulation);
}
