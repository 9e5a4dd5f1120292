#include "paired.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "steps.h"

#include <math.h>

/* The last two are read of the first policy only, the batch of the second one if it is of another
 * file. */
enum { ARRIVAL, LATENCY, BATCH, RATE, LOAD, N_COLUMNS };
static const char *const column_names[N_COLUMNS] = {"arrival_time", "latency", "batch", "rate_true",
                                                    "load_true"};
static const double HALF_TICK_S = 0.5e-9;

/* Memory of one comparison. */
typedef struct workspace {
    es_steps *steps[2];
    double *columns[2][N_COLUMNS]; /* of a block, the first one's and the second one's */
    double *storage;
    es_differences *all, *rates, *loads; /* [1], [ES_N_DECILES] */
} workspace;

static void workspace_fini(workspace *work) {
    es_steps_close(work->steps[0]);
    es_steps_close(work->steps[1]);
    free(work->storage);
    free(work->all);
}

static es_status workspace_init(workspace *work, const es_side *const sides[2], es_errors *errors) {
    *work = (workspace){.storage = es_alloc((size_t)2 * N_COLUMNS * ES_STEPS_BLOCK, sizeof(double)),
                        .all = es_alloc(1 + 2 * ES_N_DECILES, sizeof *work->all)};
    if (work->storage == NULL || work->all == NULL)
        return es_errors_no_memory(errors, sides[0]->path);
    work->rates = work->all + 1;
    work->loads = work->rates + ES_N_DECILES;
    for (size_t s = 0; s < 2; s++)
        for (size_t c = 0; c < N_COLUMNS; c++)
            work->columns[s][c] = work->storage + (s * N_COLUMNS + c) * ES_STEPS_BLOCK;
    es_status status = es_steps_open(sides[0]->path, sides[0]->result, N_COLUMNS, column_names,
                                     &work->steps[0], errors);
    if (status == ES_OK && sides[1] != NULL)
        status = es_steps_open(sides[1]->path, sides[1]->result,
                               sides[1]->result == sides[0]->result ? LATENCY + 1 : BATCH + 1,
                               column_names, &work->steps[1], errors);
    return status;
}

static size_t block_at(size_t at, size_t n) {
    return n - at < ES_STEPS_BLOCK ? n - at : ES_STEPS_BLOCK;
}

es_status es_deciles_find(const es_side *side, double warmup_s, es_deciles *deciles,
                          es_errors *errors) {
    static const double p[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
    size_t n = (size_t)side->result->n_steps[side->policy];
    workspace work;
    es_quantiles *rates = NULL, *loads = NULL;
    es_status status = workspace_init(&work, (const es_side *const[2]){side, NULL}, errors);
    if (status == ES_OK && (es_quantiles_create(ES_N_DECILES - 1, p, &rates) != ES_OK ||
                            es_quantiles_create(ES_N_DECILES - 1, p, &loads) != ES_OK))
        status = es_errors_no_memory(errors, side->path);
    bool again = status == ES_OK;
    while (again) {
        double *const *columns = work.columns[0];
        for (size_t at = 0; at < n && status == ES_OK; at += ES_STEPS_BLOCK) {
            size_t block = block_at(at, n);
            status = es_steps_read(work.steps[0], side->policy, at, block, columns, errors);
            for (size_t i = 0; i < block && status == ES_OK; i++)
                if (columns[ARRIVAL][i] < warmup_s)
                    columns[RATE][i] = columns[LOAD][i] = ES_NAN; /* not counted */
            if (status == ES_OK) {
                es_quantiles_feed(rates, columns[RATE], block);
                es_quantiles_feed(loads, columns[LOAD], block);
            }
        }
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

/* How many of the deciles lie below the value. */
static size_t class_of(double value, const double *deciles) {
    size_t class = 0;
    while (class < ES_N_DECILES - 1 && value > deciles[class])
        class ++;
    return class;
}

/* Whether requests `at` .. are the same ones for both; says where not. */
static bool check_paired(const workspace *work, size_t at, size_t block, char *unpaired) {
    double *const *mine = work->columns[0], *const *theirs = work->columns[1];
    for (size_t i = 0; i < block && !isnan(mine[ARRIVAL][i]) && !isnan(theirs[ARRIVAL][i]); i++)
        if (mine[ARRIVAL][i] != theirs[ARRIVAL][i] || mine[BATCH][i] != theirs[BATCH][i]) {
            snprintf(unpaired, ES_UNPAIRED_TEXT,
                     "request %zu comes at %.9g s with batch %.0f there, at %.9g s with batch %.0f "
                     "here",
                     at + i, theirs[ARRIVAL][i], theirs[BATCH][i], mine[ARRIVAL][i],
                     mine[BATCH][i]);
            return false;
        }
    return true;
}

static void count_block(workspace *work, size_t block, double warmup_s, const es_deciles *deciles,
                        es_paired *paired) {
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
    }
}

void es_differences_conclude(const es_differences *differences, bool sampled, double confidence,
                             es_effect *effect) {
    *effect = differences->effect;
    effect->difference_s = es_batches_interval(&differences->batches, confidence);
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
static es_status read_block(workspace *work, size_t s, const es_side *side, size_t at, size_t block,
                            es_errors *errors) {
    size_t n = (size_t)side->result->n_steps[side->policy];
    size_t there = at < n ? (n - at < block ? n - at : block) : 0;
    for (size_t c = 0; c < N_COLUMNS; c++)
        for (size_t i = there; i < block; i++)
            work->columns[s][c][i] = ES_NAN;
    return es_steps_read(work->steps[s], side->policy, at, there, work->columns[s], errors);
}

/* The difference of the means of independent series, from the intervals of each at
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

static es_status compare_means(const es_side *const sides[2], double warmup_s, es_paired *paired,
                               es_errors *errors) {
    uint64_t n[2] = {0};
    for (size_t s = 0; s < 2; s++) {
        size_t n_steps = (size_t)sides[s]->result->n_steps[sides[s]->policy];
        workspace work;
        es_status status = workspace_init(&work, (const es_side *const[2]){sides[s], NULL}, errors);
        for (size_t at = 0; at < n_steps && status == ES_OK; at += ES_STEPS_BLOCK) {
            size_t block = block_at(at, n_steps);
            double *const *columns = work.columns[0];
            status = es_steps_read(work.steps[0], sides[s]->policy, at, block, columns, errors);
            for (size_t i = 0; i < block && status == ES_OK; i++)
                if (columns[ARRIVAL][i] >= warmup_s && isfinite(columns[LATENCY][i]))
                    es_batches_add(&work.all->batches, columns[LATENCY][i]);
        }
        if (status == ES_OK) {
            n[s] = work.all->batches.n;
            paired->mean_s[s] = es_batches_interval(&work.all->batches, ES_PAIRED_CONFIDENCE);
        }
        workspace_fini(&work);
        if (status != ES_OK)
            return status;
    }
    paired->only_first = n[0];
    paired->only_second = n[1];
    paired->all.difference_s = welch(&paired->mean_s[0], &paired->mean_s[1]);
    return ES_OK;
}

/* Compares step by step as long as the steps are paired. */
static es_status compare_steps(const es_side *const sides[2], double warmup_s,
                               const es_deciles *deciles, es_paired *paired, es_errors *errors) {
    size_t mine = (size_t)sides[0]->result->n_steps[sides[0]->policy];
    size_t theirs = (size_t)sides[1]->result->n_steps[sides[1]->policy];
    size_t n = mine > theirs ? mine : theirs;
    bool other_file = sides[0]->result != sides[1]->result, same = true;
    workspace work;
    es_status status = workspace_init(&work, sides, errors);
    for (size_t at = 0; at < n && status == ES_OK && same; at += ES_STEPS_BLOCK) {
        size_t block = block_at(at, n);
        for (size_t s = 0; s < 2 && status == ES_OK; s++)
            status = read_block(&work, s, sides[s], at, block, errors);
        if (status == ES_OK && other_file)
            same = check_paired(&work, at, block, paired->unpaired);
        if (status == ES_OK && same)
            count_block(&work, block, warmup_s, deciles, paired);
    }
    if (status == ES_OK && same) {
        bool sampled = !es_result_is_grid(sides[0]->result);
        es_differences_conclude(work.all, sampled, ES_PAIRED_CONFIDENCE, &paired->all);
        paired->n_rates = conclude_classes(work.rates, sampled, paired->rates);
        paired->n_loads = conclude_classes(work.loads, sampled, paired->loads);
    }
    workspace_fini(&work);
    return status;
}

es_status es_paired_compare(const es_side *first, const es_side *second, double warmup_s,
                            const es_deciles *deciles, es_paired *paired, es_errors *errors) {
    const es_side *const sides[] = {first, second};
    *paired = (es_paired){0};
    es_status status = ES_OK;
    if (!es_result_is_paired(first->result) || !es_result_is_paired(second->result))
        snprintf(paired->unpaired, sizeof paired->unpaired,
                 "in closed mode each policy has arrivals of its own");
    else if (first->result->seed != second->result->seed)
        snprintf(paired->unpaired, sizeof paired->unpaired, "seed %lld there, %lld here",
                 (long long)second->result->seed, (long long)first->result->seed);
    else
        status = compare_steps(sides, warmup_s, deciles, paired, errors);
    if (status != ES_OK || paired->unpaired[0] == '\0')
        return status;
    if (es_result_is_grid(first->result) || es_result_is_grid(second->result))
        return es_errors_add(errors, ES_INVALID, second->path, 0, "is not paired with %s: %s",
                             first->path, paired->unpaired);
    paired->only_first = paired->only_second = 0;
    return compare_means(sides, warmup_s, paired, errors);
}
