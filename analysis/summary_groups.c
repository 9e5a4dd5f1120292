/* Figures by groups of devices as tables and for programs. */
#include "edgesplit/table.h"
#include "groups.h"
#include "summary.h"

#include <math.h>

/* Columns of the table: NULL is the half width of the one before. */
static const struct {
    const char *header;
    es_group_figure figure;
    double factor;
    int decimals;
    bool is_half_width;
} columns[] = {
    {"n", ES_GROUP_completed, 1, 0, false},
    {"late", ES_GROUP_late, 1, 0, false},
    {"dropped", ES_GROUP_dropped, 1, 0, false},
    {"unfinished", ES_GROUP_unfinished, 1, 0, false},
    {"mean", ES_GROUP_latency_mean, 1e3, 2, false},
    {"+-", ES_GROUP_latency_mean, 1e3, 2, true},
    {"p95", ES_GROUP_latency_p95, 1e3, 2, false},
    {"+-", ES_GROUP_latency_p95, 1e3, 2, true},
    {"kB", ES_GROUP_uplink_bytes_mean, 1e-3, 2, false},
};
enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

static void add_number(es_table *table, double value, int decimals) {
    if (isnan(value))
        es_table_add(table, "-");
    else
        es_table_add(table, "%.*f", decimals, value);
}

void es_groups_table(const es_result *result, const es_groups *groups, es_table *table) {
    const bool replicated = result->n_replications > 1;
    size_t n = 0;
    for (size_t c = 0; c < N_COLUMNS; c++)
        n += replicated || !columns[c].is_half_width;
    es_table_init(table, 3 + n, 2);
    es_table_add(table, "policy");
    es_table_add(table, "group");
    es_table_add(table, "devices");
    for (size_t c = 0; c < N_COLUMNS; c++)
        if (replicated || !columns[c].is_half_width)
            es_table_add(table, "%s", columns[c].header);
    for (size_t i = 0; i < groups->n_policies * groups->n_groups; i++) {
        size_t p = i / groups->n_groups, g = i % groups->n_groups;
        es_table_add(table, "%s", g == 0 ? result->policies[p] : "");
        es_table_add(table, "%s", result->groups[g]);
        es_table_add(table, "%lld", (long long)result->group_devices[g]);
        for (size_t c = 0; c < N_COLUMNS; c++) {
            const es_estimate *figure = &groups->figures[i][columns[c].figure];
            if (replicated || !columns[c].is_half_width)
                add_number(table,
                           columns[c].factor *
                               (columns[c].is_half_width ? figure->half_width : figure->mean),
                           columns[c].decimals);
        }
    }
}

void es_groups_gains_table(const es_result *result, const es_groups *groups, bool all,
                           es_table *table) {
    const bool replicated = result->n_replications > 1;
    const size_t n = groups->n_policies, n_groups = groups->n_groups;
    static const char *const headers[] = {"gain of, %", "over",           "group", "mean of ratios",
                                          "+-",         "ratio of means", "+-"};
    es_table_init(table, replicated ? 7 : 5, 3);
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        if (replicated || headers[i][0] != '+')
            es_table_add(table, "%s", headers[i]);
    for (size_t i = 0; i < n * n * n_groups; i++) {
        size_t p = i / (n * n_groups), b = i / n_groups % n, g = i % n_groups;
        if (p == b || !(all || es_summary_is_adaptive(result, p)))
            continue;
        const es_estimate *gains[] = {&groups->gain_mean_of_ratios[i],
                                      &groups->gain_ratio_of_means[i]};
        es_table_add(table, "%s", g == 0 ? result->policies[p] : "");
        es_table_add(table, "%s", g == 0 ? result->policies[b] : "");
        es_table_add(table, "%s", result->groups[g]);
        for (size_t k = 0; k < 2; k++) {
            add_number(table, 100 * gains[k]->mean, 1);
            if (replicated)
                add_number(table, 100 * gains[k]->half_width, 1);
        }
    }
}

void es_summary_groups(const es_result *result, const es_groups *groups, es_text *text) {
    es_table table, gains;
    bool any_adaptive = false;
    for (size_t p = 0; p < result->n_policies; p++)
        any_adaptive = any_adaptive || es_summary_is_adaptive(result, p);
    es_groups_table(result, groups, &table);
    es_groups_gains_table(result, groups, !any_adaptive, &gains);
    es_text_add(text, "\nthe same by groups of devices\n");
    es_table_print(&table, 0, text);
    if (result->n_policies > 1 && es_result_is_paired(result)) {
        es_text_add(text, "\n");
        es_table_print(&gains, 0, text);
    }
    es_table_fini(&table);
    es_table_fini(&gains);
}
