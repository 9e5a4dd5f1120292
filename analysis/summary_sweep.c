/* The summary of a joined sweep: a row per setting and policy. */
#include "joined.h"
#include "summary.h"

#include <math.h>

static void add_number(es_table *table, double value, int decimals) {
    if (isnan(value))
        es_table_add(table, "-");
    else
        es_table_add(table, "%.*f", decimals, value);
}

/* A latency in ms with half of its interval. */
static void add_latency(const es_joined *joined, const char *name, size_t setting, size_t policy,
                        es_table *table) {
    es_interval interval = es_joined_interval(joined, name, setting, policy);
    add_number(table, 1e3 * interval.mean, 2);
    add_number(table, 1e3 * (interval.high - interval.low) / 2, 2);
}

static void add_row(const es_joined *joined, size_t setting, size_t policy, es_table *table) {
    for (size_t a = 0; a < joined->n_axes; a++) {
        es_text value = {0};
        if (es_joined_is_repetition(&joined->axes[a]))
            continue;
        if (policy == 0)
            es_joined_add_shown(&joined->axes[a],
                                es_joined_index(joined, a, setting * joined->n_repetitions),
                                &value);
        table->failed |= value.failed;
        es_table_add(table, "%s", value.data != NULL ? value.data : "");
        free(value.data);
    }
    es_moments completed =
        es_joined_moments(joined, "completed", setting, policy, joined->n_policies);
    es_table_add(table, "%s", joined->policies[policy]);
    add_number(table, es_moments_mean(&completed), 0);
    add_latency(joined, "latency_mean", setting, policy, table);
    add_latency(joined, "latency_p95", setting, policy, table);
}

void es_summary_sweep(const es_joined *joined, es_text *text) {
    static const char *const headers[] = {"policy", "n", "mean", "+-", "p95", "+-"};
    enum { N_HEADERS = sizeof headers / sizeof headers[0] };
    size_t n_axes = 0, n_done = 0;
    for (size_t a = 0; a < joined->n_axes; a++)
        n_axes += !es_joined_is_repetition(&joined->axes[a]);
    for (size_t run = 0; run < joined->n_runs; run++)
        n_done += joined->states[run] == ES_JOINED_DONE;
    es_table table;
    es_table_init(&table, n_axes + N_HEADERS, n_axes + 1);
    for (size_t a = 0; a < joined->n_axes; a++)
        if (!es_joined_is_repetition(&joined->axes[a]))
            es_table_add(&table, "%s", joined->axes[a].name);
    for (size_t i = 0; i < N_HEADERS; i++)
        es_table_add(&table, "%s", headers[i]);
    for (size_t setting = 0; setting < joined->n_settings; setting++)
        for (size_t p = 0; p < joined->n_policies; p++)
            add_row(joined, setting, p, &table);
    es_text_add(text, "sweep of %s, %zu of %zu runs done\n%s\n\n", joined->study, n_done,
                joined->n_runs, joined->program);
    es_text_add(text, "n completed requests: latency in ms; ");
    if (joined->n_repetitions > 1)
        es_text_add(text, "means over %zu repetitions, +- with 95 %% confidence\n",
                    joined->n_repetitions);
    else
        es_text_add(text,
                    "+- with 95 %% confidence over a run's replications, of the mean of one by "
                    "batch means\n");
    es_table_print(&table, 0, text);
    es_table_fini(&table);
}
