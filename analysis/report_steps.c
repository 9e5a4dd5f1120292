#include "report_steps.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "steps.h"

#include <math.h>

enum { ARRIVAL, LATENCY, CUT, N_OWN };
enum { RATE, LOAD, N_STATES };
static const char *const own_names[N_OWN] = {"arrival_time", "latency", "split_index"};
static const char *const state_names[N_STATES] = {"rate_true", "load_true"};

/* Memory of the reading. */
struct reading {
    const char *path;
    const es_result *result;
    size_t reference,
        longest; /* policies; the latter has the most steps in the first replication */
    es_steps *own, *states, *latencies;
    double *storage;
    double *columns[N_OWN], *state[N_STATES], *reference_latency; /* [ES_STEPS_BLOCK] each */
    es_report_steps *steps;
    double least_s, most_s; /* latencies behind the warm-up */
    uint64_t *in_column;    /* [ES_SERIES_COLUMNS] steps of the longest policy */
};

void es_report_steps_destroy(es_report_steps *steps) {
    if (steps == NULL)
        return;
    for (size_t p = 0; steps->policies != NULL && p < steps->n_policies; p++) {
        free(steps->policies[p].choices);
        free(steps->policies[p].first_counted);
    }
    free(steps->policies);
    free(steps);
}

static void reading_fini(struct reading *reading) {
    es_steps_close(reading->own);
    es_steps_close(reading->states);
    es_steps_close(reading->latencies);
    es_report_steps_destroy(reading->steps);
    free(reading->storage);
    free(reading->in_column);
}

static es_status reading_init(struct reading *reading, const bool *is_shown, es_errors *errors) {
    const es_result *result = reading->result;
    enum { N_ARRAYS = N_OWN + N_STATES + 1 };
    reading->steps = es_alloc(1, sizeof *reading->steps);
    reading->storage = es_alloc((size_t)N_ARRAYS * ES_STEPS_BLOCK, sizeof(double));
    reading->in_column = es_alloc(ES_SERIES_COLUMNS, sizeof *reading->in_column);
    if (reading->steps != NULL)
        reading->steps->policies = es_alloc(result->n_policies, sizeof(es_policy_steps));
    if (reading->steps == NULL || reading->storage == NULL || reading->in_column == NULL ||
        reading->steps->policies == NULL)
        return es_errors_no_memory(errors, reading->path);
    reading->steps->n_policies = result->n_policies;
    for (size_t p = 0; p < result->n_policies; p++) {
        es_policy_steps *policy = &reading->steps->policies[p];
        policy->choices =
            is_shown[p] ? es_alloc(result->n_cuts * ES_SERIES_COLUMNS, sizeof *policy->choices)
                        : NULL;
        policy->first_counted = es_alloc(result->n_replications, sizeof(size_t));
        if ((is_shown[p] && policy->choices == NULL) || policy->first_counted == NULL)
            return es_errors_no_memory(errors, reading->path);
        for (size_t r = 0; r < result->n_replications; r++)
            policy->first_counted[r] = es_result_n_steps(result, r, p);
        if (es_result_n_steps(result, 0, p) > es_result_n_steps(result, 0, reading->longest))
            reading->longest = p;
    }
    double *at = reading->storage;
    for (size_t c = 0; c < N_OWN; c++, at += ES_STEPS_BLOCK)
        reading->columns[c] = at;
    for (size_t c = 0; c < N_STATES; c++, at += ES_STEPS_BLOCK)
        reading->state[c] = at;
    reading->reference_latency = at;
    es_status status =
        es_steps_open(reading->path, result, N_OWN, own_names, &reading->own, errors);
    if (status == ES_OK)
        status =
            es_steps_open(reading->path, result, N_STATES, state_names, &reading->states, errors);
    if (status == ES_OK)
        status = es_steps_open(reading->path, result, 1, &own_names[LATENCY], &reading->latencies,
                               errors);
    return status;
}

/* The last arrival of all policies. */
static es_status find_end(struct reading *reading, es_errors *errors) {
    const es_result *result = reading->result;
    es_status status = ES_OK;
    for (size_t p = 0; p < result->n_policies && status == ES_OK; p++) {
        size_t n = es_result_n_steps(result, 0, p);
        if (n == 0)
            continue;
        status = es_steps_read(reading->own, 0, p, n - 1, 1, reading->columns, errors);
        if (status == ES_OK && reading->columns[ARRIVAL][0] > reading->steps->end_s)
            reading->steps->end_s = reading->columns[ARRIVAL][0];
    }
    return status;
}

static size_t column_at(const es_report_steps *steps, double arrival_s) {
    double share = steps->end_s > 0 ? arrival_s / steps->end_s : 0;
    size_t column = share > 0 ? (size_t)(share * ES_SERIES_COLUMNS) : 0;
    return column < ES_SERIES_COLUMNS ? column : ES_SERIES_COLUMNS - 1;
}

/* A step behind the warm-up of its policy. */
static void count_step(struct reading *reading, es_policy_steps *policy, size_t replication,
                       size_t step, double latency_s) {
    policy->n_counted++;
    if (step < policy->first_counted[replication])
        policy->first_counted[replication] = step;
    if (!isfinite(latency_s))
        return;
    policy->n_completed++;
    reading->least_s = fmin(reading->least_s, latency_s);
    reading->most_s = fmax(reading->most_s, latency_s);
}

/* The same behind that of the reference too. */
static void compare_step(es_policy_steps *policy, double latency_s, double reference_s) {
    bool mine = isfinite(reference_s), theirs = isfinite(latency_s);
    policy->only_reference += mine && !theirs;
    policy->only_this += theirs && !mine;
    if (mine && theirs)
        es_differences_add(&policy->differences, 0, reference_s - latency_s);
}

/* Puts steps of the first replication into the columns of the time series. */
static void draw_block(struct reading *reading, size_t p, size_t n) {
    es_report_steps *steps = reading->steps;
    es_policy_steps *policy = &steps->policies[p];
    double *const *columns = reading->columns;
    for (size_t i = 0; i < n; i++) {
        size_t column = column_at(steps, columns[ARRIVAL][i]);
        es_extent_add(&policy->latency_s[column], columns[LATENCY][i]);
        double cut = columns[CUT][i];
        if (policy->choices != NULL && cut >= 0 && cut < (double)reading->result->n_cuts)
            policy->choices[(size_t)cut * ES_SERIES_COLUMNS + column]++;
        if (p == reading->longest) {
            es_extent_add(&steps->rate_bps[column], reading->state[RATE][i]);
            es_extent_add(&steps->load[column], reading->state[LOAD][i]);
            if (++reading->in_column[column] > steps->most)
                steps->most = reading->in_column[column];
        }
    }
}

static void count_block(struct reading *reading, size_t replication, size_t p, size_t at,
                        size_t n) {
    const es_result *result = reading->result;
    es_policy_steps *policy = &reading->steps->policies[p];
    double *const *columns = reading->columns;
    double warmup_s = es_result_warmup_s(result, replication, p);
    double both_s = fmax(warmup_s, es_result_warmup_s(result, replication, reading->reference));
    for (size_t i = 0; i < n; i++) {
        if (columns[ARRIVAL][i] >= warmup_s)
            count_step(reading, policy, replication, at + i, columns[LATENCY][i]);
        if (columns[ARRIVAL][i] >= both_s)
            compare_step(policy, columns[LATENCY][i], reading->reference_latency[i]);
    }
}

/* Steps of a policy in the block that begins at `at`. */
static size_t rows_at(const es_result *result, size_t replication, size_t p, size_t at) {
    size_t there = es_result_n_steps(result, replication, p);
    return at >= there ? 0 : there - at < ES_STEPS_BLOCK ? there - at : ES_STEPS_BLOCK;
}

static es_status read_block(struct reading *reading, size_t replication, size_t at,
                            es_errors *errors) {
    const es_result *result = reading->result;
    size_t n = rows_at(result, replication, reading->reference, at);
    for (size_t i = n; i < ES_STEPS_BLOCK; i++)
        reading->reference_latency[i] = ES_NAN;
    es_status status = es_steps_read(reading->latencies, replication, reading->reference, at, n,
                                     &reading->reference_latency, errors);
    if (status == ES_OK && replication == 0)
        status = es_steps_read(reading->states, 0, reading->longest, at,
                               rows_at(result, 0, reading->longest, at), reading->state, errors);
    for (size_t p = 0; p < result->n_policies && status == ES_OK; p++) {
        n = rows_at(result, replication, p, at);
        status = es_steps_read(reading->own, replication, p, at, n, reading->columns, errors);
        if (status != ES_OK)
            break;
        if (replication == 0)
            draw_block(reading, p, n);
        count_block(reading, replication, p, at, n);
    }
    return status;
}

static es_status read_once(struct reading *reading, es_errors *errors) {
    const es_result *result = reading->result;
    es_status status = ES_OK;
    for (size_t r = 0; r < result->n_replications && status == ES_OK; r++) {
        size_t most = 0;
        for (size_t p = 0; p < result->n_policies; p++)
            if (es_result_n_steps(result, r, p) > most)
                most = es_result_n_steps(result, r, p);
        for (size_t at = 0; at < most && status == ES_OK; at += ES_STEPS_BLOCK)
            status = read_block(reading, r, at, errors);
        for (size_t p = 0; p < result->n_policies && result->n_replications > 1; p++)
            es_differences_end(&reading->steps->policies[p].differences);
    }
    return status;
}

/* The first edge of the axis that is not below a latency. */
static size_t edge_of(const es_axis *axis, double latency_s) {
    double share = es_axis_share(axis, latency_s) * ES_CURVE_BINS;
    return share <= 0 ? 0 : share >= ES_CURVE_BINS ? ES_CURVE_BINS : (size_t)ceil(share);
}

static es_status read_curve(struct reading *reading, size_t replication, size_t p,
                            es_errors *errors) {
    es_policy_steps *policy = &reading->steps->policies[p];
    size_t from = policy->first_counted[replication], n;
    double *latencies = reading->columns[LATENCY];
    es_status status = ES_OK;
    for (size_t at = from - from % ES_STEPS_BLOCK;
         status == ES_OK && (n = rows_at(reading->result, replication, p, at)) > 0;
         at += ES_STEPS_BLOCK) {
        status = es_steps_read(reading->latencies, replication, p, at, n, &latencies, errors);
        for (size_t i = from > at ? from - at : 0; i < n && status == ES_OK; i++)
            if (isfinite(latencies[i]))
                policy->at_most[edge_of(&reading->steps->latency_s, latencies[i])]++;
    }
    return status;
}

static es_status read_curves(struct reading *reading, es_errors *errors) {
    const es_result *result = reading->result;
    es_status status = ES_OK;
    for (size_t p = 0; p < result->n_policies && status == ES_OK; p++) {
        uint64_t *at_most = reading->steps->policies[p].at_most;
        for (size_t r = 0; r < result->n_replications && status == ES_OK; r++)
            status = read_curve(reading, r, p, errors);
        for (size_t i = 1; i <= ES_CURVE_BINS; i++)
            at_most[i] += at_most[i - 1];
    }
    return status;
}

es_status es_report_steps_read(const char *path, const es_result *result, size_t reference,
                               const bool *is_shown, es_report_steps **steps, es_errors *errors) {
    struct reading reading = {.path = path,
                              .result = result,
                              .reference = reference,
                              .least_s = ES_INFINITY,
                              .most_s = -ES_INFINITY};
    es_status status = reading_init(&reading, is_shown, errors);
    if (status == ES_OK)
        status = find_end(&reading, errors);
    if (status == ES_OK)
        status = read_once(&reading, errors);
    if (status == ES_OK) {
        bool any = reading.most_s >= reading.least_s;
        reading.steps->latency_s = es_axis_fit(any ? reading.least_s : 0, any ? reading.most_s : 1);
        status = read_curves(&reading, errors);
    }
    if (status == ES_OK) {
        *steps = reading.steps;
        reading.steps = NULL;
    }
    reading_fini(&reading);
    return status;
}

double es_report_curve_share(const es_policy_steps *policy, size_t edge) {
    return policy->n_counted > 0 ? (double)policy->at_most[edge] / (double)policy->n_counted
                                 : ES_NAN;
}

double es_report_curve_latency(const es_report_steps *steps, size_t edge) {
    const es_axis *axis = &steps->latency_s;
    double share = (double)edge / ES_CURVE_BINS;
    return axis->logarithmic ? axis->from * pow(axis->to / axis->from, share)
                             : axis->from + (axis->to - axis->from) * share;
}
