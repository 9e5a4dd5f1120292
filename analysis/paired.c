#include "paired.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "steps.h"

#include <math.h>

/* The last three are read of the first policy only, the device where there are several groups; the
 * batch of the second one if it is of another file. */
enum { ARRIVAL, LATENCY, BATCH, RATE, LOAD, DEVICE, N_COLUMNS };
static const char *const column_names[N_COLUMNS] = {"arrival_time", "latency",   "batch",
                                                    "rate_true",    "load_true", "device"};
static const double HALF_TICK_S = 0.5e-9;

/* Memory of one comparison. */
typedef struct workspace {
    es_steps *steps[2];
    double *columns[2][N_COLUMNS]; /* of a block, the first one's and the second one's */
    double *storage;
    size_t n_groups;
    es_differences *all, *rates, *loads, *groups; /* [1], [ES_N_DECILES], the same, [n_groups] */
} workspace;

static size_t n_groups_of(const es_side *side) {
    return side->result->n_groups > 1 ? side->result->n_groups : 0;
}

static void workspace_fini(workspace *work) {
    es_steps_close(work->steps[0]);
    es_steps_close(work->steps[1]);
    free(work->storage);
    free(work->all);
}

static es_status workspace_init(workspace *work, const es_side *const sides[2], es_errors *errors) {
    const size_t n_groups = n_groups_of(sides[0]);
    *work = (workspace){.storage = es_alloc((size_t)2 * N_COLUMNS * ES_STEPS_BLOCK, sizeof(double)),
                        .n_groups = n_groups,
                        .all = es_alloc(1 + 2 * ES_N_DECILES + n_groups, sizeof *work->all)};
    if (work->storage == NULL || work->all == NULL)
        return es_errors_no_memory(errors, sides[0]->path);
    work->rates = work->all + 1;
    work->loads = work->rates + ES_N_DECILES;
    work->groups = work->loads + ES_N_DECILES;
    for (size_t s = 0; s < 2; s++)
        for (size_t c = 0; c < N_COLUMNS; c++)
            work->columns[s][c] = work->storage + (s * N_COLUMNS + c) * ES_STEPS_BLOCK;
    es_status status =
        es_steps_open(sides[0]->path, sides[0]->result, n_groups > 0 ? N_COLUMNS : DEVICE,
                      column_names, &work->steps[0], errors);
    if (status == ES_OK && sides[1] != NULL)
        status = es_steps_open(sides[1]->path, sides[1]->result,
                               sides[1]->result == sides[0]->result ? LATENCY + 1 : BATCH + 1,
                               column_names, &work->steps[1], errors);
    return status;
}

static size_t block_at(size_t at, size_t n) {
    return n - at < ES_STEPS_BLOCK ? n - at : ES_STEPS_BLOCK;
}

/* Feeds the states of a policy's steps in a replication. */
static es_status feed_states(workspace *work, const es_side *side, size_t replication,
                             es_quantiles *rates, es_quantiles *loads, es_errors *errors) {
    size_t n = es_result_n_steps(side->result, replication, side->policy);
    double warmup_s = es_result_warmup_s(side->result, replication, side->policy);
    double *const *columns = work->columns[0];
    es_status status = ES_OK;
    for (size_t at = 0; at < n && status == ES_OK; at += ES_STEPS_BLOCK) {
        size_t block = block_at(at, n);
        status =
            es_steps_read(work->steps[0], replication, side->policy, at, block, columns, errors);
        for (size_t i = 0; i < block && status == ES_OK; i++)
            if (columns[ARRIVAL][i] < warmup_s)
                columns[RATE][i] = columns[LOAD][i] = ES_NAN; /* not counted */
        if (status == ES_OK) {
            es_quantiles_feed(rates, columns[RATE], block);
            es_quantiles_feed(loads, columns[LOAD], block);
        }
    }
    return status;
}

es_status es_deciles_find(const es_side *side, es_deciles *deciles, es_errors *errors) {
    static const double p[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
    workspace work;
    es_quantiles *rates = NULL, *loads = NULL;
    es_status status = workspace_init(&work, (const es_side *const[2]){side, NULL}, errors);
    if (status == ES_OK && (es_quantiles_create(ES_N_DECILES - 1, p, &rates) != ES_OK ||
                            es_quantiles_create(ES_N_DECILES - 1, p, &loads) != ES_OK))
        status = es_errors_no_memory(errors, side->path);
    bool again = status == ES_OK;
    while (again) {
        for (size_t r = 0; r < side->result->n_replications && status == ES_OK; r++)
            status = feed_states(&work, side, r, rates, loads, errors);
        bool more_rates = es_quantiles_again(rates), more_loads = es_quantiles_again(loads);
        again = status == ES_OK && (more_rates || more_loads);
    }
    for (size_t d = 0; d < ES_N_DECILES - 1 && status == ES_OK; d++) {
        deciles->rates_bps[d] = es_quantiles_value(rates, d);
        deciles->loads[d] = es_quantiles_value(loads, d);
    }
    es_quantiles_destroy(rates);
    es_quantiles_destroy(loads);
    workspace_fini(&work);
    return status;
}

void es_differences_add(es_differences *differences, double state, double difference_s) {
    es_effect *effect = &differences->effect;
    effect->from = effect->n == 0 ? state : fmin(effect->from, state);
    effect->to = effect->n == 0 ? state : fmax(effect->to, state);
    effect->n++;
    if (fabs(difference_s) < HALF_TICK_S)
        effect->tied++;
    else if (difference_s < 0)
        effect->faster++;
    else
        effect->slower++;
    es_batches_add(&differences->batches, difference_s);
}

void es_differences_end(es_differences *differences) {
    const es_batches *batches = &differences->batches;
    if (batches->n > 0) {
        double mean = es_sum_value(batches->total) / (double)batches->n;
        es_moments_add(&differences->means, &mean, 1);
    }
    differences->batches = (es_batches){0};
}

static es_interval interval_of(const es_differences *differences, double confidence) {
    return differences->means.n > 0 ? es_moments_interval(&differences->means, confidence)
                                    : es_batches_interval(&differences->batches, confidence);
}

/* How many of the deciles lie below the value. */
static size_t class_of(double value, const double *deciles) {
    size_t class = 0;
    while (class < ES_N_DECILES - 1 && value > deciles[class])
        class ++;
    return class;
}

/* Whether requests `at` .. are the same ones for both; says where not. */
static bool check_paired(const workspace *work, size_t replication, size_t at, size_t block,
                         char *unpaired) {
    double *const *mine = work->columns[0], *const *theirs = work->columns[1];
    for (size_t i = 0; i < block && !isnan(mine[ARRIVAL][i]) && !isnan(theirs[ARRIVAL][i]); i++)
        if (mine[ARRIVAL][i] != theirs[ARRIVAL][i] || mine[BATCH][i] != theirs[BATCH][i]) {
            char of[48] = "";
            if (replication > 0)
                snprintf(of, sizeof of, " of replication %zu", replication);
            snprintf(unpaired, ES_UNPAIRED_TEXT,
                     "request %zu%s comes at %.9g s with batch %.0f there, at %.9g s with batch "
                     "%.0f here",
                     at + i, of, theirs[ARRIVAL][i], theirs[BATCH][i], mine[ARRIVAL][i],
                     mine[BATCH][i]);
            return false;
        }
    return true;
}

static void count_block(workspace *work, const es_result *result, size_t block, double warmup_s,
                        const es_deciles *deciles, es_paired *paired) {
    double *const *mine = work->columns[0], *const *theirs = work->columns[1];
    for (size_t i = 0; i < block; i++) {
        bool first = isfinite(mine[LATENCY][i]), second = isfinite(theirs[LATENCY][i]);
        if (fmin(mine[ARRIVAL][i], theirs[ARRIVAL][i]) < warmup_s) /* one may be NaN */
            continue;
        paired->only_first += first && !second;
        paired->only_second += second && !first;
        if (!first || !second)
            continue;
        double difference_s = mine[LATENCY][i] - theirs[LATENCY][i];
        double rate_bps = mine[RATE][i], load = mine[LOAD][i];
        es_differences_add(work->all, rate_bps, difference_s);
        es_differences_add(&work->rates[class_of(rate_bps, deciles->rates_bps)], rate_bps,
                           difference_s);
        es_differences_add(&work->loads[class_of(load, deciles->loads)], load, difference_s);
        if (work->n_groups > 0)
            es_differences_add(&work->groups[es_result_group_of(result, mine[DEVICE][i])], 0,
                               difference_s);
    }
}

void es_differences_conclude(const es_differences *differences, bool sampled, double confidence,
                             es_effect *effect) {
    *effect = differences->effect;
    effect->difference_s = interval_of(differences, confidence);
    if (!sampled)
        effect->difference_s = (es_interval){effect->difference_s.mean, ES_NAN, ES_NAN, 0, 0};
}

/* The classes that are not empty; returns how many. */
static size_t conclude_classes(const es_differences *classes, bool sampled, es_effect *effects) {
    size_t n = 0, at = 0;
    for (size_t c = 0; c < ES_N_DECILES; c++)
        n += classes[c].effect.n > 0;
    for (size_t c = 0; c < ES_N_DECILES; c++) {
        if (classes[c].effect.n == 0)
            continue;
        size_t next = c + 1;
        while (next < ES_N_DECILES && classes[next].effect.n == 0)
            next++;
        es_differences_conclude(&classes[c], sampled, 1 - (1 - ES_PAIRED_CONFIDENCE) / (double)n,
                                &effects[at]);
        effects[at].first_decile = at == 0 ? 1 : c + 1;
        effects[at++].last_decile = next;
    }
    return n;
}

/* Reads a block of a policy; rows that a policy that was stopped lacks are NaN. */
static es_status read_block(workspace *work, size_t s, const es_side *side, size_t replication,
                            size_t at, size_t block, es_errors *errors) {
    size_t n = es_result_n_steps(side->result, replication, side->policy);
    size_t there = at < n ? (n - at < block ? n - at : block) : 0;
    for (size_t c = 0; c < N_COLUMNS; c++)
        for (size_t i = there; i < block; i++)
            work->columns[s][c][i] = ES_NAN;
    return es_steps_read(work->steps[s], replication, side->policy, at, there, work->columns[s],
                         errors);
}

/* The difference of the means of independent values, from the intervals of each at
 * ES_PAIRED_CONFIDENCE. */
static es_interval welch(const es_interval *first, const es_interval *second) {
    const es_interval *const both[] = {first, second};
    double mean = first->mean - second->mean, variance = 0, per_degree = 0;
    for (size_t s = 0; s < 2; s++) {
        double degrees = (double)both[s]->n_batches - 1;
        if (both[s]->n_batches == 0)
            return (es_interval){mean, ES_NAN, ES_NAN, 0, 0};
        double t = es_student_quantile(0.5 + ES_PAIRED_CONFIDENCE / 2, degrees);
        double mine = pow((both[s]->high - both[s]->low) / 2 / t, 2);
        variance += mine;
        per_degree += mine * mine / degrees;
    }
    double half = variance > 0
                      ? sqrt(variance) * es_student_quantile(0.5 + ES_PAIRED_CONFIDENCE / 2,
                                                             variance * variance / per_degree)
                      : 0;
    return (es_interval){mean, mean - half, mean + half, first->n_batches,
                         fmax(first->correlation, second->correlation)};
}

/* The mean latency of a policy over what counts of all replications. */
static es_status find_mean(const es_side *side, es_interval *mean_s, uint64_t *n,
                           es_errors *errors) {
    const es_result *result = side->result;
    workspace work;
    es_status status = workspace_init(&work, (const es_side *const[2]){side, NULL}, errors);
    double *const *columns = work.columns[0];
    for (size_t r = 0; r < result->n_replications && status == ES_OK; r++) {
        size_t n_steps = es_result_n_steps(result, r, side->policy);
        double warmup_s = es_result_warmup_s(result, r, side->policy);
        for (size_t at = 0; at < n_steps && status == ES_OK; at += ES_STEPS_BLOCK) {
            size_t block = block_at(at, n_steps);
            status = es_steps_read(work.steps[0], r, side->policy, at, block, columns, errors);
            for (size_t i = 0; i < block && status == ES_OK; i++)
                if (columns[ARRIVAL][i] >= warmup_s && isfinite(columns[LATENCY][i]))
                    es_differences_add(work.all, 0, columns[LATENCY][i]);
        }
        if (result->n_replications > 1)
            es_differences_end(work.all);
    }
    if (status == ES_OK) {
        *n = work.all->effect.n;
        *mean_s = interval_of(work.all, ES_PAIRED_CONFIDENCE);
    }
    workspace_fini(&work);
    return status;
}

static es_status compare_means(const es_side *const sides[2], es_paired *paired,
                               es_errors *errors) {
    es_status status = find_mean(sides[0], &paired->mean_s[0], &paired->only_first, errors);
    if (status == ES_OK)
        status = find_mean(sides[1], &paired->mean_s[1], &paired->only_second, errors);
    if (status == ES_OK)
        paired->all.difference_s = welch(&paired->mean_s[0], &paired->mean_s[1]);
    return status;
}

/* Compares a replication step by step, as long as the steps are paired. */
static es_status compare_replication(workspace *work, const es_side *const sides[2],
                                     size_t replication, const es_deciles *deciles,
                                     es_paired *paired, es_errors *errors) {
    const es_result *result = sides[0]->result, *other = sides[1]->result;
    size_t mine = es_result_n_steps(result, replication, sides[0]->policy);
    size_t theirs = es_result_n_steps(other, replication, sides[1]->policy);
    size_t n = mine > theirs ? mine : theirs;
    double warmup_s = fmax(es_result_warmup_s(result, replication, sides[0]->policy),
                           es_result_warmup_s(other, replication, sides[1]->policy));
    bool same = true;
    es_status status = ES_OK;
    for (size_t at = 0; at < n && status == ES_OK && same; at += ES_STEPS_BLOCK) {
        size_t block = block_at(at, n);
        for (size_t s = 0; s < 2 && status == ES_OK; s++)
            status = read_block(work, s, sides[s], replication, at, block, errors);
        if (status == ES_OK && result != other)
            same = check_paired(work, replication, at, block, paired->unpaired);
        if (status == ES_OK && same)
            count_block(work, result, block, warmup_s, deciles, paired);
    }
    return status;
}

/* The effects of the groups, of which some may have no step. */
static es_status conclude_groups(const workspace *work, bool sampled, es_paired *paired,
                                 const char *path, es_errors *errors) {
    size_t n = 0;
    if (work->n_groups == 0)
        return ES_OK;
    paired->groups = es_alloc(work->n_groups, sizeof *paired->groups);
    if (paired->groups == NULL)
        return es_errors_no_memory(errors, path);
    paired->n_groups = work->n_groups;
    for (size_t g = 0; g < work->n_groups; g++)
        n += work->groups[g].effect.n > 0;
    for (size_t g = 0; g < work->n_groups; g++)
        es_differences_conclude(&work->groups[g], sampled,
                                1 - (1 - ES_PAIRED_CONFIDENCE) / (double)(n > 0 ? n : 1),
                                &paired->groups[g]);
    return ES_OK;
}

/* Compares step by step as long as the steps are paired. */
static es_status compare_steps(const es_side *const sides[2], const es_deciles *deciles,
                               es_paired *paired, es_errors *errors) {
    workspace work;
    es_status status = workspace_init(&work, sides, errors);
    for (size_t r = 0; r < paired->n_replications && status == ES_OK && paired->unpaired[0] == '\0';
         r++) {
        status = compare_replication(&work, sides, r, deciles, paired, errors);
        for (size_t i = 0; i < 1 + 2 * ES_N_DECILES + work.n_groups; i++)
            if (paired->n_replications > 1)
                es_differences_end(&work.all[i]);
    }
    if (status == ES_OK && paired->unpaired[0] == '\0') {
        bool sampled = !es_result_is_grid(sides[0]->result);
        es_differences_conclude(work.all, sampled, ES_PAIRED_CONFIDENCE, &paired->all);
        paired->n_rates = conclude_classes(work.rates, sampled, paired->rates);
        paired->n_loads = conclude_classes(work.loads, sampled, paired->loads);
        status = conclude_groups(&work, sampled, paired, sides[0]->path, errors);
    }
    workspace_fini(&work);
    return status;
}

es_status es_paired_compare(const es_side *first, const es_side *second, const es_deciles *deciles,
                            es_paired *paired, es_errors *errors) {
    const es_side *const sides[] = {first, second};
    size_t mine = first->result->n_replications, theirs = second->result->n_replications;
    *paired = (es_paired){.n_replications = mine < theirs ? mine : theirs};
    es_status status = ES_OK;
    if (!es_result_is_paired(first->result) || !es_result_is_paired(second->result))
        snprintf(paired->unpaired, sizeof paired->unpaired,
                 "in closed mode each policy has arrivals of its own");
    else if (first->result->seed != second->result->seed)
        snprintf(paired->unpaired, sizeof paired->unpaired, "seed %lld there, %lld here",
                 (long long)second->result->seed, (long long)first->result->seed);
    else
        status = compare_steps(sides, deciles, paired, errors);
    if (status != ES_OK || paired->unpaired[0] == '\0')
        return status;
    if (es_result_is_grid(first->result) || es_result_is_grid(second->result))
        return es_errors_add(errors, ES_INVALID, second->path, 0, "is not paired with %s: %s",
                             first->path, paired->unpaired);
    paired->only_first = paired->only_second = 0;
    return compare_means(sides, paired, errors);
}

void es_paired_fini(es_paired *paired) {
    free(paired->groups);
    *paired = (es_paired){0};
}
