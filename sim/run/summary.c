#include "summary.h"

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
    {ES_SUMMARY_backhaul_queue_time_mean, offsetof(es_block, backhaul_queue_time)},
    {ES_SUMMARY_backhaul_time_mean, offsetof(es_block, backhaul_time)},
    {ES_SUMMARY_cloud_queue_time_mean, offsetof(es_block, cloud_queue_time)},
    {ES_SUMMARY_cloud_time_mean, offsetof(es_block, cloud_time)},
};

static size_t n_means(const struct tally *totals) {
    return totals->has_cloud ? N_MEANS : N_MEANS_OF_TWO_TIERS;
}

struct cut_places cut_places_of(const es_run_record *record) {
    struct cut_places places = {.n_groups = record->n_groups};
    size_t n_devices = 0, n_cuts = 0;
    for (size_t g = 0; g < record->n_groups; g++) {
        places.first_cut[g] = n_cuts;
        n_devices += record->groups[g].n_devices;
        n_cuts += record->groups[g].n_cuts;
        places.end_device[g] = (int32_t)n_devices;
    }
    return places;
}

static size_t group_of(const struct cut_places *places, const es_block *block, size_t i) {
    size_t group = 0;
    while (group + 1 < places->n_groups && block->device[i] >= places->end_device[group])
        group++;
    return group;
}

/* Neighbours mostly have the same cut: they are counted together. */
static void count_cuts(struct tally *totals, const es_block *block, size_t first) {
    const struct cut_places *places = totals->places;
    const int32_t *cuts = block->split_index;
    for (size_t i = first, end; i < block->n; i = end) {
        size_t group = group_of(places, block, i);
        end = i + 1;
        while (end < block->n && cuts[end] == cuts[i] && group_of(places, block, end) == group)
            end++;
        totals->cut_counts[places->first_cut[group] + (size_t)cuts[i]] += end - i;
    }
}

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

/* Counts the exits of a block's rows from `first`. */
static void add_exits(struct tally *totals, const es_block *block, size_t first) {
    for (size_t i = first; i < block->n; i++) {
        if (!finished(block, i))
            continue;
        totals->exit_counts[block->exit[i] - 1]++;
        if (!isnan(block->accuracy[i])) {
            es_sum_add(&totals->accuracy, block->accuracy[i]);
            totals->n_accurate++;
        }
    }
}

/* Counts what became of the rows; returns how many are finished. */
static size_t count_statuses(struct tally *totals, const es_block *block, size_t first) {
    int8_t any = ES_STEP_COMPLETED; /* 0 */
    size_t n_finished = 0;
    for (size_t i = first; i < block->n; i++)
        any = (int8_t)(any | block->status[i]);
    if (any == ES_STEP_COMPLETED) {
        totals->n_by_status[ES_STEP_COMPLETED] += block->n - first;
        return block->n - first;
    }
    for (size_t i = first; i < block->n; i++) {
        totals->n_by_status[block->status[i]]++;
        n_finished += finished(block, i);
        if (block->status[i] == ES_STEP_UNFINISHED)
            es_sum_add(&totals->unfinished_arrivals_s, block->arrival_time[i]);
    }
    return n_finished;
}

/* How far the parts of a latency are from it at worst, and when the last request was done. */
static void check_latencies(struct tally *totals, const es_block *block, size_t first,
                            bool all_finished) {
    double worst_s = totals->component_residual_s, last_s = totals->last_completion_s;
    for (size_t i = first; i < block->n; i++) {
        if (!all_finished && !finished(block, i))
            continue;
        double components_s = block->head_time[i] + block->device_queue_time[i] +
                              block->uplink_queue_time[i] + block->uplink_time[i] +
                              block->server_queue_time[i] + block->tail_time[i] +
                              block->downlink_time[i];
        if (totals->has_cloud)
            components_s += block->backhaul_queue_time[i] + block->backhaul_time[i] +
                            block->cloud_queue_time[i] + block->cloud_time[i];
        double residual_s = fabs(block->latency[i] - components_s);
        double completion_s = block->arrival_time[i] + block->latency[i];
        worst_s = residual_s > worst_s ? residual_s : worst_s;
        last_s = completion_s > last_s ? completion_s : last_s;
    }
    totals->component_residual_s = worst_s;
    totals->last_completion_s = last_s;
}

void tally_add(struct tally *totals, const es_block *block) {
    size_t first = first_counted(block, totals->warmup_s);
    totals->n_rows += block->n;
    totals->n_skipped += first;
    if (first < block->n && totals->n_rows - block->n + first == totals->n_skipped)
        totals->first_arrival_s = block->arrival_time[first];
    for (size_t i = first; i < block->n; i++)
        totals->uplink_bytes += block->uplink_bytes[i];
    for (size_t i = first; i < block->n && totals->has_cloud; i++)
        totals->backhaul_bytes += block->backhaul_bytes[i];
    count_cuts(totals, block, first);
    size_t n_finished = count_statuses(totals, block, first);
    check_latencies(totals, block, first, n_finished == block->n - first);
    const double *latencies =
        finished_values(totals, block, offsetof(es_block, latency), first, n_finished);
    es_moments_add(&totals->latency, latencies, n_finished);
    if (totals->batches != NULL)
        es_batches_add_all(totals->batches, latencies, n_finished);
    if (totals->exit_counts != NULL)
        add_exits(totals, block, first);
    for (size_t m = 0; m < n_means(totals); m++)
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
    for (size_t m = 0; m < n_means(totals) && completed > 0; m++)
        figures[means[m].figure] = es_sum_value(totals->sums[m]) / completed;
    figures[ES_SUMMARY_latency_mean] = es_moments_mean(latency);
    figures[ES_SUMMARY_warmup] = totals->warmup_s;
    if (totals->n_accurate > 0)
        figures[ES_SUMMARY_accuracy_mean] =
            es_sum_value(totals->accuracy) / (double)totals->n_accurate;
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
    if (arrived > 0 && totals->has_cloud)
        figures[ES_SUMMARY_backhaul_bytes_mean] = (double)totals->backhaul_bytes / arrived;
    figures[ES_SUMMARY_uplink_bytes_total] = (double)totals->uplink_bytes;
    if (span_s > 0)
        figures[ES_SUMMARY_throughput] = completed / span_s;
    figures[ES_SUMMARY_conservation_residual] = arrived - completed - dropped - unfinished;
    figures[ES_SUMMARY_component_residual] = totals->component_residual_s;
    figures[ES_SUMMARY_little_residual] = world->little_residual_s;
}

static const double quantile_p[] = {0.5, 0.9, 0.95, 0.99};
static const es_summary_figure quantile_of[] = {ES_SUMMARY_latency_p50, ES_SUMMARY_latency_p90,
                                                ES_SUMMARY_latency_p95, ES_SUMMARY_latency_p99};
enum { N_QUANTILES = sizeof quantile_p / sizeof quantile_p[0] };

es_status latency_quantiles(es_quantiles **quantiles) {
    return es_quantiles_create(N_QUANTILES, quantile_p, quantiles);
}

void quantile_figures(const es_quantiles *quantiles, double figures[ES_N_SUMMARY]) {
    for (size_t q = 0; q < N_QUANTILES; q++)
        figures[quantile_of[q]] = es_quantiles_value(quantiles, q);
}

static void add_pair(size_t n, const double *mine, const double *theirs, struct pair *sums,
                     struct pair *reverse) {
    for (size_t i = 0; i < n; i++) {
        if (isnan(mine[i]) || isnan(theirs[i]))
            continue;
        es_sum_add(&sums->ratios, (theirs[i] - mine[i]) / theirs[i]);
        es_sum_add(&reverse->ratios, (mine[i] - theirs[i]) / mine[i]);
        es_sum_add(&sums->policy, mine[i]);
        es_sum_add(&sums->baseline, theirs[i]);
        sums->n++;
    }
    reverse->policy = sums->baseline;
    reverse->baseline = sums->policy;
    reverse->n = sums->n;
}

/* A policy gains nothing on itself, if there is a step to gain on. */
static void add_itself(size_t n, const double *mine, struct pair *sums) {
    for (size_t i = 0; i < n && sums->n == 0; i++)
        if (!isnan(mine[i])) {
            *sums = (struct pair){.policy = {1, 0}, .baseline = {1, 0}, .n = 1};
            return;
        }
}

void add_pairs(size_t n_policies, size_t n, const double *latencies, struct pair *pairs) {
    for (size_t p = 0; p < n_policies; p++) {
        const double *mine = latencies + p * ES_BLOCK_STEPS;
        add_itself(n, mine, &pairs[p * n_policies + p]);
        for (size_t b = p + 1; b < n_policies; b++)
            add_pair(n, mine, latencies + b * ES_BLOCK_STEPS, &pairs[p * n_policies + b],
                     &pairs[b * n_policies + p]);
    }
}
