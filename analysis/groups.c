#include "groups.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/stats.h"
#include "steps.h"

#include <math.h>

enum { ARRIVAL, DEVICE, STATUS, LATENCY, BYTES, N_COLUMNS };
static const char *const column_names[N_COLUMNS] = {"arrival_time", "device", "status", "latency",
                                                    "uplink_bytes"};
enum { COMPLETED, LATE, DROPPED };
static const double CONFIDENCE = 0.95;

/* Sums over the steps of a group that two policies both completed. */
struct pair {
    es_sum ratios, mine, theirs;
    uint64_t n;
};

/* Memory of the reading. */
struct reading {
    const char *path;
    const es_result *result;
    es_groups *groups;
    es_steps *steps;
    double *columns[N_COLUMNS]; /* of a block */
    double *latencies;          /* [n_policies][ES_STEPS_BLOCK], NaN for steps that do not count */
    double *group_of;           /* the same */
    double *sorted_out;         /* [ES_STEPS_BLOCK] latencies of one group */
    double *storage;
    struct pair *pairs;       /* [n_policies][n_policies][n_groups] */
    es_moments *figures;      /* [n_policies][n_groups][ES_N_GROUP_FIGURES] over replications */
    es_moments *gains[2];     /* of `pairs` */
    es_quantiles **quantiles; /* [n_groups] */
    es_sum *latency_s;        /* [n_groups] */
    double (*counts)[ES_N_GROUP_FIGURES]; /* [n_groups]; uplink_bytes_mean: their sum */
};

const char *es_group_figure_text(es_group_figure figure) {
    static const char *const texts[ES_N_GROUP_FIGURES] = {
#define ES_GROUP_FIGURE(name, units) #name,
        ES_GROUP_FIGURES
#undef ES_GROUP_FIGURE
    };
    return texts[figure];
}

void es_groups_destroy(es_groups *groups) {
    if (groups == NULL)
        return;
    free(groups->figures);
    free(groups->gain_mean_of_ratios);
    free(groups->gain_ratio_of_means);
    free(groups);
}

static void end_quantiles(struct reading *reading) {
    for (size_t g = 0; reading->quantiles != NULL && g < reading->result->n_groups; g++) {
        es_quantiles_destroy(reading->quantiles[g]);
        reading->quantiles[g] = NULL;
    }
}

static void reading_fini(struct reading *reading) {
    es_steps_close(reading->steps);
    end_quantiles(reading);
    free(reading->quantiles);
    free(reading->storage);
    free(reading->pairs);
    free(reading->figures);
    free(reading->gains[0]);
    free(reading->gains[1]);
    free(reading->latency_s);
    free(reading->counts);
    es_groups_destroy(reading->groups);
}

static es_status reading_init(struct reading *reading, es_errors *errors) {
    const es_result *result = reading->result;
    const size_t p = result->n_policies, g = result->n_groups;
    es_groups *groups = reading->groups = es_alloc(1, sizeof *groups);
    reading->storage = es_alloc((2 * p + N_COLUMNS + 1) * ES_STEPS_BLOCK, sizeof(double));
    reading->pairs = es_alloc(p * p * g, sizeof *reading->pairs);
    reading->figures = es_alloc(p * g * ES_N_GROUP_FIGURES, sizeof *reading->figures);
    reading->gains[0] = es_alloc(p * p * g, sizeof *reading->gains[0]);
    reading->gains[1] = es_alloc(p * p * g, sizeof *reading->gains[1]);
    reading->quantiles = es_alloc(g, sizeof(es_quantiles *));
    reading->latency_s = es_alloc(g, sizeof *reading->latency_s);
    reading->counts = es_alloc(g, sizeof *reading->counts);
    if (groups != NULL) {
        groups->n_groups = g;
        groups->n_policies = p;
        groups->figures = es_alloc(p * g, sizeof *groups->figures);
        groups->gain_mean_of_ratios = es_alloc(p * p * g, sizeof(es_estimate));
        groups->gain_ratio_of_means = es_alloc(p * p * g, sizeof(es_estimate));
    }
    if (groups == NULL || groups->figures == NULL || groups->gain_mean_of_ratios == NULL ||
        groups->gain_ratio_of_means == NULL || reading->storage == NULL || reading->pairs == NULL ||
        reading->figures == NULL || reading->gains[0] == NULL || reading->gains[1] == NULL ||
        reading->quantiles == NULL || reading->latency_s == NULL || reading->counts == NULL)
        return es_errors_no_memory(errors, reading->path);
    double *at = reading->storage;
    for (size_t c = 0; c < N_COLUMNS; c++, at += ES_STEPS_BLOCK)
        reading->columns[c] = at;
    reading->sorted_out = at;
    reading->latencies = at + ES_STEPS_BLOCK;
    reading->group_of = reading->latencies + p * ES_STEPS_BLOCK;
    return es_steps_open(reading->path, result, N_COLUMNS, column_names, &reading->steps, errors);
}

/* Rows of a policy in the block that begins at `at`. */
static size_t rows_at(const es_result *result, size_t replication, size_t policy, size_t at) {
    size_t there = es_result_n_steps(result, replication, policy);
    return at >= there ? 0 : there - at < ES_STEPS_BLOCK ? there - at : ES_STEPS_BLOCK;
}

/* ---- Figures */

static void count_block(struct reading *reading, double warmup_s, size_t n) {
    double *const *columns = reading->columns;
    for (size_t i = 0; i < n; i++) {
        if (!(columns[ARRIVAL][i] >= warmup_s))
            continue;
        size_t g = es_result_group_of(reading->result, columns[DEVICE][i]);
        double *counts = reading->counts[g];
        int status = (int)columns[STATUS][i];
        counts[ES_GROUP_arrived]++;
        counts[ES_GROUP_uplink_bytes_mean] += columns[BYTES][i];
        counts[ES_GROUP_late] += status == LATE;
        counts[ES_GROUP_dropped] += status == DROPPED;
        counts[ES_GROUP_unfinished] += status > DROPPED;
        if (status > LATE)
            continue;
        counts[ES_GROUP_completed]++;
        es_sum_add(&reading->latency_s[g], columns[LATENCY][i]);
    }
}

/* Feeds the latencies of each group to its quantiles. */
static void feed_block(struct reading *reading, double warmup_s, size_t n) {
    double *const *columns = reading->columns;
    for (size_t g = 0; g < reading->result->n_groups; g++) {
        size_t n_mine = 0;
        for (size_t i = 0; i < n; i++)
            if (columns[ARRIVAL][i] >= warmup_s && columns[STATUS][i] <= LATE &&
                es_result_group_of(reading->result, columns[DEVICE][i]) == g)
                reading->sorted_out[n_mine++] = columns[LATENCY][i];
        es_quantiles_feed(reading->quantiles[g], reading->sorted_out, n_mine);
    }
}

/* The groups' figures of a policy in a replication, added to the moments. */
static void add_figures(struct reading *reading, size_t policy) {
    size_t n_groups = reading->result->n_groups;
    for (size_t g = 0; g < n_groups; g++) {
        double *values = reading->counts[g];
        es_moments *moments = &reading->figures[(policy * n_groups + g) * ES_N_GROUP_FIGURES];
        values[ES_GROUP_uplink_bytes_mean] /= values[ES_GROUP_arrived]; /* NaN: of none */
        values[ES_GROUP_latency_mean] =
            es_sum_value(reading->latency_s[g]) / values[ES_GROUP_completed];
        values[ES_GROUP_latency_p95] = es_quantiles_value(reading->quantiles[g], 0);
        for (size_t f = 0; f < ES_N_GROUP_FIGURES; f++)
            es_moments_add(&moments[f], &values[f], 1);
    }
}

static es_status read_figures(struct reading *reading, size_t replication, size_t policy,
                              es_errors *errors) {
    static const double p95[] = {0.95};
    const es_result *result = reading->result;
    double warmup_s = es_result_warmup_s(result, replication, policy);
    es_status status = ES_OK;
    for (size_t g = 0; g < result->n_groups; g++) {
        reading->latency_s[g] = (es_sum){0};
        for (size_t f = 0; f < ES_N_GROUP_FIGURES; f++)
            reading->counts[g][f] = 0;
        if (es_quantiles_create(1, p95, &reading->quantiles[g]) != ES_OK)
            status = es_errors_no_memory(errors, reading->path);
    }
    bool first = true, again = status == ES_OK;
    while (again && status == ES_OK) {
        size_t n;
        for (size_t at = 0; (n = rows_at(result, replication, policy, at)) > 0 && status == ES_OK;
             at += ES_STEPS_BLOCK) {
            status =
                es_steps_read(reading->steps, replication, policy, at, n, reading->columns, errors);
            if (status != ES_OK)
                break;
            if (first)
                count_block(reading, warmup_s, n);
            feed_block(reading, warmup_s, n);
        }
        first = again = false;
        for (size_t g = 0; g < result->n_groups && status == ES_OK; g++)
            again |= es_quantiles_again(reading->quantiles[g]);
    }
    if (status == ES_OK)
        add_figures(reading, policy);
    end_quantiles(reading);
    return status;
}

/* ---- Gains */

static void add_pair(struct reading *reading, size_t policy, size_t baseline) {
    size_t n_groups = reading->result->n_groups;
    const double *mine = reading->latencies + policy * ES_STEPS_BLOCK;
    const double *theirs = reading->latencies + baseline * ES_STEPS_BLOCK;
    const double *groups = reading->group_of + policy * ES_STEPS_BLOCK;
    struct pair *pairs =
        &reading->pairs[(policy * reading->result->n_policies + baseline) * n_groups];
    for (size_t i = 0; i < ES_STEPS_BLOCK; i++) {
        if (isnan(mine[i]) || isnan(theirs[i]))
            continue;
        struct pair *pair = &pairs[(size_t)groups[i]];
        es_sum_add(&pair->ratios, (theirs[i] - mine[i]) / theirs[i]);
        es_sum_add(&pair->mine, mine[i]);
        es_sum_add(&pair->theirs, theirs[i]);
        pair->n++;
    }
}

/* Reads what counts of a policy in a block; the rest is NaN. */
static es_status read_latencies(struct reading *reading, size_t replication, size_t policy,
                                size_t at, es_errors *errors) {
    const es_result *result = reading->result;
    double warmup_s = es_result_warmup_s(result, replication, policy);
    size_t n = rows_at(result, replication, policy, at);
    double *latencies = reading->latencies + policy * ES_STEPS_BLOCK;
    double *groups = reading->group_of + policy * ES_STEPS_BLOCK, *const *columns =
                                                                      reading->columns;
    es_status status =
        es_steps_read(reading->steps, replication, policy, at, n, reading->columns, errors);
    for (size_t i = 0; i < ES_STEPS_BLOCK; i++) {
        bool counts = status == ES_OK && i < n && columns[ARRIVAL][i] >= warmup_s;
        latencies[i] = counts ? columns[LATENCY][i] : ES_NAN;
        groups[i] = counts ? (double)es_result_group_of(result, columns[DEVICE][i]) : 0;
    }
    return status;
}

static es_status read_gains(struct reading *reading, size_t replication, es_errors *errors) {
    const es_result *result = reading->result;
    const size_t n_policies = result->n_policies, n_groups = result->n_groups;
    size_t longest = 0;
    es_status status = ES_OK;
    for (size_t p = 0; p < n_policies; p++)
        if (es_result_n_steps(result, replication, p) > longest)
            longest = es_result_n_steps(result, replication, p);
    for (size_t i = 0; i < n_policies * n_policies * n_groups; i++)
        reading->pairs[i] = (struct pair){0};
    for (size_t at = 0; at < longest && status == ES_OK; at += ES_STEPS_BLOCK) {
        for (size_t p = 0; p < n_policies && status == ES_OK; p++)
            status = read_latencies(reading, replication, p, at, errors);
        for (size_t p = 0; p < n_policies && status == ES_OK; p++)
            for (size_t b = 0; b < n_policies; b++)
                add_pair(reading, p, b);
    }
    for (size_t i = 0; i < n_policies * n_policies * n_groups && status == ES_OK; i++) {
        const struct pair *pair = &reading->pairs[i];
        if (pair->n == 0)
            continue;
        double of_ratios = es_sum_value(pair->ratios) / (double)pair->n;
        double of_means = 1 - es_sum_value(pair->mine) / es_sum_value(pair->theirs);
        es_moments_add(&reading->gains[0][i], &of_ratios, 1);
        es_moments_add(&reading->gains[1][i], &of_means, 1);
    }
    return status;
}

/* ---- All of it */

static es_estimate conclude(const es_moments *moments, size_t n_replications) {
    if (moments->n != n_replications)
        return (es_estimate){ES_NAN, ES_NAN};
    es_interval interval = es_moments_interval(moments, CONFIDENCE);
    return (es_estimate){interval.mean, (interval.high - interval.low) / 2};
}

es_status es_groups_read(const char *path, const es_result *result, es_groups **out,
                         es_errors *errors) {
    *out = NULL;
    if (result->n_groups < 2)
        return ES_OK;
    const size_t n = result->n_policies, n_groups = result->n_groups;
    struct reading reading = {.path = path, .result = result};
    es_status status = reading_init(&reading, errors);
    for (size_t r = 0; r < result->n_replications && status == ES_OK; r++) {
        for (size_t p = 0; p < n && status == ES_OK; p++)
            status = read_figures(&reading, r, p, errors);
        if (status == ES_OK && es_result_is_paired(result))
            status = read_gains(&reading, r, errors);
    }
    if (status == ES_OK) {
        es_groups *groups = reading.groups;
        for (size_t i = 0; i < n * n_groups; i++)
            for (size_t f = 0; f < ES_N_GROUP_FIGURES; f++)
                groups->figures[i][f] =
                    conclude(&reading.figures[i * ES_N_GROUP_FIGURES + f], result->n_replications);
        for (size_t i = 0; i < n * n * n_groups; i++) {
            groups->gain_mean_of_ratios[i] = conclude(&reading.gains[0][i], result->n_replications);
            groups->gain_ratio_of_means[i] = conclude(&reading.gains[1][i], result->n_replications);
        }
        *out = groups;
        reading.groups = NULL;
    }
    reading_fini(&reading);
    return status;
}
