/* Figures of each group of devices of a result, made of its steps: what /summary says of all of
 * them. */
#ifndef ANALYSIS_GROUPS_H
#define ANALYSIS_GROUPS_H

#include "edgesplit/table.h"
#include "result.h"

/* ES_GROUP_FIGURE(name, units): defined as the figure of that name in FORMAT.md. */
#define ES_GROUP_FIGURES                                                                           \
    ES_GROUP_FIGURE(arrived, "1")                                                                  \
    ES_GROUP_FIGURE(completed, "1")                                                                \
    ES_GROUP_FIGURE(late, "1")                                                                     \
    ES_GROUP_FIGURE(dropped, "1")                                                                  \
    ES_GROUP_FIGURE(unfinished, "1")                                                               \
    ES_GROUP_FIGURE(latency_mean, "s")                                                             \
    ES_GROUP_FIGURE(latency_p95, "s")                                                              \
    ES_GROUP_FIGURE(uplink_bytes_mean, "B")

typedef enum es_group_figure {
#define ES_GROUP_FIGURE(name, units) ES_GROUP_##name,
    ES_GROUP_FIGURES
#undef ES_GROUP_FIGURE
        ES_N_GROUP_FIGURES
} es_group_figure;

/* Lends the name of a figure. */
const char *es_group_figure_text(es_group_figure figure);

/* With several replications the mean over them, and half the width of its 95 % interval (Student's
 * t); NaN: not known, as where a replication has none. */
typedef struct es_estimate {
    double mean, half_width;
} es_estimate;

typedef struct es_groups {
    size_t n_groups, n_policies;
    es_estimate (*figures)[ES_N_GROUP_FIGURES]; /* [n_policies][n_groups] */
    /* [n_policies][n_policies][n_groups] of row over column, over the steps that both completed;
     * NaN where steps of the same number are not the same request. */
    es_estimate *gain_mean_of_ratios, *gain_ratio_of_means;
} es_groups;

/* Reads the steps of `path`, the file of `result`, each behind the warm-up of its policy and
 * replication. Creates `*groups`; NULL where there are not several groups. Up to six passes over
 * the latencies, in memory that does not grow with the steps. ES_INVALID: the file is damaged;
 * ES_NO_INPUT, ES_NO_MEMORY. */
ES_NODISCARD es_status es_groups_read(const char *path, const es_result *result, es_groups **groups,
                                      es_errors *errors);
void es_groups_destroy(es_groups *groups);

/* Fill a table for people: a row per policy and group; a row per pair and group, of `all` policies
 * or those that decide per request. End with es_table_fini. */
void es_groups_table(const es_result *result, const es_groups *groups, es_table *table);
void es_groups_gains_table(const es_result *result, const es_groups *groups, bool all,
                           es_table *table);

#endif
