#include "summary.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"

/* The means and where their columns lie in a block. */
static const struct {
    es_summary_figure figure;
    size_t offset;
} means[N_MEANS] = {
    {ES_SUMMARY_head_time_mean, offsetof(es_block, head_time)},
    {ES_SUMMARY_device_queue_time_mean, offsetof(es_block, device_queue_time)},
    {ES_SUMMARY_uplink_queue_time_mean, offsetof(es_block, uplink_queue_time)},
    {ES_SUMMARY_uplink_time_mean, offsetof(es_block, uplink_time)},
    {ES_SUMMARY_server_queue_time_mean, offsetof(es_block, server_queue_time)},
    {ES_SUMMARY_tail_time_mean, offsetof(es_block, tail_time)},
    {ES_SUMMARY_downlink_time_mean, offsetof(es_block, downlink_time)},
    {ES_SUMMARY_energy_mean, offsetof(es_block, energy)},
    {ES_SUMMARY_regret_mean, offsetof(es_block, regret)},
};

static bool finished(const es_block *block, size_t i) {
    return block->status[i] == ES_STEP_COMPLETED || block->status[i] == ES_STEP_LATE;
}

/* The values of a column in the finished rows from `first`: the column itself where all are. */
static const double *finished_values(struct tally *totals, const es_block *block, size_t offset,
                                     size_t first, size_t n_finished) {
    const double *column = (const double *)(const void *)((const char *)block + offset) + first;
    if (n_finished == block->n - first)
        return column;
    size_t n = 0;
    for (size_t i = first; i < block->n; i++)
        if (finished(block, i))
            totals->scratch[n++] = column[i - first];
    return totals->scratch;
}

size_t first_counted(const es_block *block, double warmup_s) {
    size_t first = 0;
    while (first < block->n && block->arrival_time[first] < warmup_s)
        first++;
    return first;
}

void tally_add(struct tally *totals, const es_block *block) {
    size_t first = first_counted(block, totals->warmup_s), n_finished = 0;
    totals->n_rows += block->n;
    totals->n_skipped += first;
    for (size_t i = first; i < block->n; i++) {
        totals->n_by_status[block->status[i]]++;
        totals->cut_counts[block->split_index[i]]++;
        totals->uplink_bytes += block->uplink_bytes[i];
        if (!finished(block, i)) {
            if (block->status[i] == ES_STEP_UNFINISHED)
                es_sum_add(&totals->unfinished_arrivals_s, block->arrival_time[i]);
            continue;
        }
        n_finished++;
        double components = block->head_time[i] + block->device_queue_time[i] +
                            block->uplink_queue_time[i] + block->uplink_time[i] +
                            block->server_queue_time[i] + block->tail_time[i] +
                            block->downlink_time[i];
        double residual = fabs(block->latency[i] - components);
        double completion = block->arrival_time[i] + block->latency[i];
        if (residual > totals->component_residual_s)
            totals->component_residual_s = residual;
        if (completion > totals->last_completion_s)
            totals->last_completion_s = completion;
    }
    if (first < block->n && totals->n_rows - block->n + first == totals->n_skipped)
        totals->first_arrival_s = block->arrival_time[first];
    es_moments_add(&totals->latency,
                   finished_values(totals, block, offsetof(es_block, latency), first, n_finished),
                   n_finished);
    for (size_t m = 0; m < N_MEANS; m++)
        es_sum_add_all(&totals->sums[m],
                       finished_values(totals, block, means[m].offset, first, n_finished),
                       n_finished);
}

void tally_figures(const struct tally *totals, const es_world_result *world,
                   double figures[ES_N_SUMMARY]) {
    const uint64_t *n = totals->n_by_status;
    const es_moments *latency = &totals->latency;
    double completed = (double)(n[ES_STEP_COMPLETED] + n[ES_STEP_LATE]);
    double unfinished = (double)n[ES_STEP_UNFINISHED], dropped = (double)n[ES_STEP_DROPPED];
    double arrived = (double)(totals->n_rows - totals->n_skipped);
    double under_way_s =
        unfinished * es_time_s(world->end_ns) - es_sum_value(totals->unfinished_arrivals_s);
    double span_s = totals->last_completion_s - totals->first_arrival_s;
    for (size_t f = 0; f < ES_N_SUMMARY; f++)
        figures[f] = ES_NAN;
    for (size_t m = 0; m < N_MEANS && completed > 0; m++)
        figures[means[m].figure] = es_sum_value(totals->sums[m]) / completed;
    figures[ES_SUMMARY_latency_mean] = es_moments_mean(latency);
    figures[ES_SUMMARY_arrived] = arrived;
    figures[ES_SUMMARY_completed] = completed;
    figures[ES_SUMMARY_late] = (double)n[ES_STEP_LATE];
    figures[ES_SUMMARY_dropped] = dropped;
    figures[ES_SUMMARY_unfinished] = unfinished;
    figures[ES_SUMMARY_saturated] = world->saturated;
    figures[ES_SUMMARY_probes] = (double)world->n_probes;
    figures[ES_SUMMARY_probe_time] = es_time_s(world->probing_ns);
    figures[ES_SUMMARY_latency_std] = es_moments_std(latency);
    if (latency->n > 0)
        figures[ES_SUMMARY_latency_max] = latency->max;
    if (completed + unfinished > 0)
        figures[ES_SUMMARY_latency_mean_censored] =
            (es_sum_value(latency->sum) + under_way_s) / (completed + unfinished);
    if (arrived > 0)
        figures[ES_SUMMARY_uplink_bytes_mean] = (double)totals->uplink_bytes / arrived;
    figures[ES_SUMMARY_uplink_bytes_total] = (double)totals->uplink_bytes;
    if (span_s > 0)
        figures[ES_SUMMARY_throughput] = completed / span_s;
    figures[ES_SUMMARY_conservation_residual] = arrived - completed - dropped - unfinished;
    figures[ES_SUMMARY_component_residual] = totals->component_residual_s;
    figures[ES_SUMMARY_little_residual] = world->little_residual_s;
}

static const double quantile_p[] = {0.5, 0.9, 0.95, 0.99};
static const es_summary_figure quantile_figures[] = {
    ES_SUMMARY_latency_p50, ES_SUMMARY_latency_p90, ES_SUMMARY_latency_p95, ES_SUMMARY_latency_p99};
enum { N_QUANTILES = sizeof quantile_p / sizeof quantile_p[0] };

static size_t block_size(uint64_t first, uint64_t end) {
    return end - first < ES_BLOCK_STEPS ? (size_t)(end - first) : (size_t)ES_BLOCK_STEPS;
}

static es_status fill_quantiles(const es_sink_ops *ops, void *sink, size_t policy,
                                const struct tally *totals, double *values,
                                double figures[ES_N_SUMMARY], es_errors *errors) {
    es_quantiles *quantiles;
    es_status status = es_quantiles_create(N_QUANTILES, quantile_p, &quantiles);
    if (status != ES_OK)
        return es_errors_add(errors, status, NULL, 0, "out of memory");
    do {
        for (uint64_t first = totals->n_skipped; first < totals->n_rows && status == ES_OK;
             first += ES_BLOCK_STEPS) {
            size_t n = block_size(first, totals->n_rows);
            status = ops->read(sink, ES_COLUMN_latency, policy, first, n, values, errors);
            if (status == ES_OK)
                es_quantiles_feed(quantiles, values, n);
        }
    } while (status == ES_OK && es_quantiles_again(quantiles));
    for (size_t q = 0; q < N_QUANTILES && status == ES_OK; q++)
        figures[quantile_figures[q]] = es_quantiles_value(quantiles, q);
    es_quantiles_destroy(quantiles);
    return status;
}

/* Sums over the steps that a policy and its baseline both completed. */
struct pair {
    es_sum ratios, policy, baseline;
    uint64_t n;
};

static void add_pairs(size_t n_policies, size_t n, const double *latencies, struct pair *pairs) {
    for (size_t p = 0; p < n_policies; p++)
        for (size_t b = 0; b < n_policies; b++) {
            struct pair *sums = &pairs[p * n_policies + b];
            const double *mine = latencies + p * ES_BLOCK_STEPS,
                         *theirs = latencies + b * ES_BLOCK_STEPS;
            for (size_t i = 0; i < n; i++) {
                if (isnan(mine[i]) || isnan(theirs[i]))
                    continue;
                es_sum_add(&sums->ratios, (theirs[i] - mine[i]) / theirs[i]);
                es_sum_add(&sums->policy, mine[i]);
                es_sum_add(&sums->baseline, theirs[i]);
                sums->n++;
            }
        }
}

static es_status fill_gains(const es_sink_ops *ops, void *sink, size_t n_policies,
                            const struct tally *tallies, double *latencies, struct pair *pairs,
                            es_summary *summary, es_errors *errors) {
    uint64_t end = 0;
    for (size_t p = 0; p < n_policies; p++)
        end = tallies[p].n_rows > end ? tallies[p].n_rows : end;
    es_status status = ES_OK;
    for (uint64_t first = tallies[0].n_skipped; first < end && status == ES_OK;
         first += ES_BLOCK_STEPS) {
        size_t n = block_size(first, end);
        for (size_t p = 0; p < n_policies && status == ES_OK; p++) {
            double *values = latencies + p * ES_BLOCK_STEPS;
            size_t n_own = first < tallies[p].n_rows ? block_size(first, tallies[p].n_rows) : 0;
            if (n_own > 0)
                status = ops->read(sink, ES_COLUMN_latency, p, first, n_own, values, errors);
            for (size_t i = n_own; i < n; i++)
                values[i] = ES_NAN;
        }
        if (status == ES_OK)
            add_pairs(n_policies, n, latencies, pairs);
    }
    for (size_t i = 0; i < n_policies * n_policies; i++) {
        const struct pair *sums = &pairs[i];
        bool known = sums->n > 0;
        summary->gain_mean_of_ratios[i] =
            known ? es_sum_value(sums->ratios) / (double)sums->n : ES_NAN;
        summary->gain_ratio_of_means[i] =
            known ? 1 - es_sum_value(sums->policy) / es_sum_value(sums->baseline) : ES_NAN;
    }
    return status;
}

es_status summarise_latencies(const es_sink_ops *ops, void *sink, size_t n_policies,
                              const struct tally *tallies, es_summary *summary, es_errors *errors) {
    double *latencies = es_alloc(n_policies * ES_BLOCK_STEPS, sizeof *latencies);
    struct pair *pairs = es_alloc(n_policies * n_policies, sizeof *pairs);
    es_status status =
        latencies != NULL && pairs != NULL ? ES_OK : es_errors_no_memory(errors, NULL);
    for (size_t p = 0; p < n_policies && status == ES_OK; p++)
        status = fill_quantiles(ops, sink, p, &tallies[p], latencies, summary->figures[p], errors);
    if (status == ES_OK)
        status = fill_gains(ops, sink, n_policies, tallies, latencies, pairs, summary, errors);
    free(latencies);
    free(pairs);
    return status;
}
