/* The summary's table by groups of devices, which is made of the steps. */
#include "edgesplit/alloc.h"
#include "edgesplit/table.h"
#include "steps.h"
#include "summary.h"

#include <string.h>

/* A group's steps of a policy, warm-up left out. */
typedef struct group_steps {
    double n_arrived, n_completed, n_late, n_dropped, n_unfinished;
    double latency_s, bytes; /* sums */
} group_steps;

enum { ARRIVAL, DEVICE, STATUS, LATENCY, BYTES, N_STEP_COLUMNS };
enum { COMPLETED, LATE, DROPPED };

/* The group of a device; devices are counted over all groups. */
static size_t group_of(const es_result *result, double device) {
    size_t group = 0;
    double first_of_next = (double)result->group_devices[0];
    while (group + 1 < result->n_groups && device >= first_of_next)
        first_of_next += (double)result->group_devices[++group];
    return group;
}

static void count_step(const es_result *result, double *const *columns, size_t i,
                       group_steps *groups) {
    group_steps *group = &groups[group_of(result, columns[DEVICE][i])];
    int status = (int)columns[STATUS][i];
    group->n_arrived++;
    group->bytes += columns[BYTES][i];
    group->n_late += status == LATE;
    group->n_dropped += status == DROPPED;
    group->n_unfinished += status > DROPPED;
    if (status > LATE)
        return;
    group->n_completed++;
    group->latency_s += columns[LATENCY][i];
}

static es_status count_policy(const es_result *result, es_steps *steps, size_t policy,
                              double *storage, group_steps *groups, es_errors *errors) {
    double *columns[N_STEP_COLUMNS];
    double warmup_s = es_result_figure_of(result, "warmup", policy);
    size_t n_steps = (size_t)result->n_steps[policy];
    es_status status = ES_OK;
    for (size_t c = 0; c < N_STEP_COLUMNS; c++)
        columns[c] = storage + c * ES_STEPS_BLOCK;
    for (size_t at = 0; at < n_steps && status == ES_OK; at += ES_STEPS_BLOCK) {
        size_t n = n_steps - at < ES_STEPS_BLOCK ? n_steps - at : ES_STEPS_BLOCK;
        status = es_steps_read(steps, policy, at, n, columns, errors);
        for (size_t i = 0; i < n && status == ES_OK; i++)
            if (columns[ARRIVAL][i] >= warmup_s)
                count_step(result, columns, i, groups);
    }
    return status;
}

/* Adds the rows of a policy; its name stands in the first. */
static void add_rows(const es_result *result, size_t policy, const group_steps *groups,
                     es_table *table) {
    for (size_t g = 0; g < result->n_groups; g++) {
        const group_steps *group = &groups[g];
        es_table_add(table, "%s", g == 0 ? result->policies[policy] : "");
        es_table_add(table, "%s", result->groups[g]);
        es_table_add(table, "%.0f", group->n_completed);
        es_table_add(table, "%.0f", group->n_late);
        es_table_add(table, "%.0f", group->n_dropped);
        es_table_add(table, "%.0f", group->n_unfinished);
        if (group->n_completed > 0)
            es_table_add(table, "%.2f", 1e3 * group->latency_s / group->n_completed);
        else
            es_table_add(table, "-");
        if (group->n_arrived > 0)
            es_table_add(table, "%.2f", 1e-3 * group->bytes / group->n_arrived);
        else
            es_table_add(table, "-");
    }
}

es_status es_summary_groups(const es_result *result, const char *path, es_text *text,
                            es_errors *errors) {
    static const char *const names[N_STEP_COLUMNS] = {
        [ARRIVAL] = "arrival_time", [DEVICE] = "device",      [STATUS] = "status",
        [LATENCY] = "latency",      [BYTES] = "uplink_bytes",
    };
    static const char *const headers[] = {"policy",  "group",      "n",    "late",
                                          "dropped", "unfinished", "mean", "kB"};
    enum { N_HEADERS = sizeof headers / sizeof headers[0] };
    if (result->n_groups < 2 || result->n_replications > 1)
        return ES_OK;
    es_steps *steps = NULL;
    double *storage = es_alloc((size_t)N_STEP_COLUMNS * ES_STEPS_BLOCK, sizeof *storage);
    group_steps *groups = es_alloc(result->n_groups, sizeof *groups);
    es_table table;
    es_table_init(&table, N_HEADERS, 2);
    for (size_t i = 0; i < N_HEADERS; i++)
        es_table_add(&table, "%s", headers[i]);
    es_status status = storage == NULL || groups == NULL
                           ? es_errors_no_memory(errors, path)
                           : es_steps_open(path, result, N_STEP_COLUMNS, names, &steps, errors);
    for (size_t p = 0; p < result->n_policies && status == ES_OK; p++) {
        memset(groups, 0, result->n_groups * sizeof *groups);
        status = count_policy(result, steps, p, storage, groups, errors);
        add_rows(result, p, groups, &table);
    }
    es_text_add(text, "\nthe same by groups of devices\n");
    es_table_print(&table, 0, text);
    es_table_fini(&table);
    es_steps_close(steps);
    free(groups);
    free(storage);
    return status;
}
