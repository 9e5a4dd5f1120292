#include "edgesplit/envelope.h"
#include "edgesplit/number.h"
#include "edgesplit/policy.h"

#include <math.h>

/* The memory: for each batch size and each tabulated load 0, 1 / load_bins, ..., 1 the pieces of
 * the lower envelope over 1 / rate; behind them the lines that they are made of. */
struct table {
    const es_cut_costs *tables;
    uint32_t *n_pieces; /* [n_tables][n_loads] */
    es_envelope_piece
        *pieces;    /* [n_tables][n_loads][n_candidates] `line` is a candidate's number */
    es_line *lines; /* [n_candidates] */
};

static size_t n_loads(const es_policy *policy) {
    return (size_t)policy->settings.load_bins + 1;
}

static size_t memory_bytes(const es_policy *policy, const es_policy_start *start) {
    size_t n_rows = start->n_tables * n_loads(policy);
    return sizeof(struct table) + policy->n_candidates * sizeof(es_line) +
           n_rows * policy->n_candidates * sizeof(es_envelope_piece) + n_rows * sizeof(uint32_t);
}

static void begin(const es_policy *policy, const es_policy_start *start, void *memory) {
    struct table *table = memory;
    size_t n_rows = start->n_tables * n_loads(policy), n = policy->n_candidates;
    table->tables = start->tables;
    table->pieces = (es_envelope_piece *)(table + 1);
    table->lines = (es_line *)(table->pieces + n_rows * n);
    table->n_pieces = (uint32_t *)(table->lines + n);
    for (size_t row = 0; row < n_rows; row++) {
        size_t t = row / n_loads(policy), k = row % n_loads(policy);
        double load = (double)k / (double)policy->settings.load_bins;
        es_policy_view view = {.costs = &start->tables[t], .delay_s = start->delay_s[t]};
        for (size_t i = 0; i < n; i++) {
            size_t cut = policy->candidates[i];
            bool stays = cut + 1 == view.costs->n_cuts;
            table->lines[i] = (es_line){es_policy_predict_s(&view, cut, 0, 1 / (1 - load)),
                                        stays ? 0 : view.costs->bits[cut]};
        }
        table->n_pieces[row] =
            (uint32_t)es_envelope_lower(n, table->lines, 0, ES_INFINITY, table->pieces + row * n);
    }
}

/* Which cut is the best at which rate, worked out before the run for each tabulated load, and
 * looked up by binary search, O(log n_candidates): the configuration map of E. Li et al., "Edge AI:
 * On-Demand Accelerating Deep Neural Network Inference via Edge Computing", IEEE TWC 2020, with the
 * exact borders of SEMANTICS 3 (each cut's latency is a line in 1 / rate) in place of bins of the
 * rate. The load is rounded to the nearest tabulated one. */
static size_t choose(const es_policy *policy, const es_policy_view *view) {
    const struct table *table = view->memory;
    size_t n = policy->n_candidates, t = (size_t)(view->costs - table->tables);
    size_t k = (size_t)lround(view->load * (double)policy->settings.load_bins);
    size_t row = t * n_loads(policy) + k;
    const es_envelope_piece *pieces = table->pieces + row * n;
    if (table->n_pieces[row] == 0)
        return policy->candidates[n - 1];
    double x = 1 / view->rate_bps;
    size_t low = 0, high = table->n_pieces[row] - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (pieces[middle].to <= x)
            low = middle + 1;
        else
            high = middle;
    }
    return policy->candidates[pieces[low].line];
}

extern const es_policy_ops es_policy_threshold_table;
const es_policy_ops es_policy_threshold_table = {
    .name = "threshold-table",
    .summary = "as dynamic-split, looked up in a table of rates by load made before the run",
    .tabulated = true,
    .memory_bytes = memory_bytes,
    .begin = begin,
    .choose = choose,
};
