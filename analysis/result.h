/* A result file's own account of itself: attributes, policies, inputs, cuts and summary, read by
 * the layout of FORMAT.md. The per-step table stays in the file. */
#ifndef ANALYSIS_RESULT_H
#define ANALYSIS_RESULT_H

#include "edgesplit/error.h"
#include "edgesplit/text.h"

#include <stdint.h>

/* A figure of every policy: a variable of /summary over (policy). */
typedef struct es_result_figure {
    char *name, *units;
    double *values; /* [n_policies]; NaN: not known */
} es_result_figure;

typedef struct es_result {
    char *title, *program, *format_version, *model, *granularity, *mode, *states;
    int64_t seed;
    double input_bytes_per_element, feature_bytes_per_element, header_bytes;
    double warmup_s;           /* the longest of any policy */
    double batch_extrapolated; /* 0 or 1 */

    size_t n_replications; /* 1 where the file has no such dimension */

    size_t n_policies;
    char **policies, **types; /* [n_policies] */
    int64_t *n_steps;         /* [n_policies], of the first replication */

    size_t n_inputs;
    char **roles, **paths, **hashes, **provenances; /* [n_inputs] */

    size_t n_groups;        /* of devices; 0: one device */
    int64_t *group_devices; /* [n_groups] */
    char **groups;          /* [n_groups] names */

    bool has_cloud;      /* three tiers: cuts are pairs */
    size_t n_cuts;       /* of all groups, one after the other */
    char **cuts;         /* [n_cuts] names */
    int64_t *cut_groups; /* [n_cuts] */
    double *compression; /* [n_cuts] */
    double *sent_ratio;  /* [n_cuts] requests that are sent; NULL: no network has exits */
    int64_t *n_tensors, *natural, *compressive, *available; /* [n_cuts]; all but the first 0 or 1 */
    size_t n_batches;
    int64_t *batches;        /* [n_batches] */
    double *head_s, *tail_s; /* [n_cuts][n_batches], idle and unloaded; NaN: not known */
    int64_t *uplink_bytes;   /* [n_cuts][n_batches] */
    char *scenario_resolved;

    size_t n_figures;
    es_result_figure *figures;                         /* [n_figures], in the file's order */
    double *cut_share;                                 /* [n_policies][n_cuts] */
    size_t n_ends;                                     /* exits and the end; 0: no exits */
    double *exit_share;                                /* [n_policies][n_ends] */
    double *gain_mean_of_ratios, *gain_ratio_of_means; /* [n_policies][n_policies]: of row over
                                                          column; NaN: no common step */
    /* The half widths of their 95 % intervals, alike; NULL with one replication. */
    double *gain_mean_of_ratios_half_width, *gain_ratio_of_means_half_width;
    size_t n_stations;
    char **stations;                    /* [n_stations] */
    double *utilisation, *queue_length; /* [n_policies][n_stations] */
} es_result;

/* Reads `path`. Creates `*result`. ES_NO_INPUT: missing or not a regular file; ES_INVALID: not an
 * edgesplit result, of a higher major version, truncated or damaged; ES_NO_MEMORY. */
ES_NODISCARD es_status es_result_load(const char *path, es_result **result, es_errors *errors);
void es_result_destroy(es_result *result);

/* Whether its steps are all combinations of listed states, not a course of time. */
bool es_result_is_grid(const es_result *result);

/* What a cut at either end of its group is, to be put behind its name: " (full offload)", " (no
 * offload)" or "". */
const char *es_result_cut_note(const es_result *result, size_t cut);

/* Whether a step is the same request for every policy: not in closed mode. */
bool es_result_is_paired(const es_result *result);

/* Finds a policy by its name. ES_INVALID: there is none (the record says the nearest). */
ES_NODISCARD es_status es_result_find_policy(const es_result *result, const char *path,
                                             const char *name, size_t *policy, es_errors *errors);

/* The value of a key in the resolved scenario, given or default; empty if there is none. Lends. */
es_slice es_result_key(const es_result *result, const char *section, const char *key);

/* The value of a key in the text of an INI file; empty if there is none. `defaults`: in that of a
 * resolved scenario, where a default stands behind ';'. Lends. */
es_slice es_ini_value(const char *ini, const char *section, const char *key, bool defaults);

/* The figure of a policy; NaN if the file lacks it. O(n_figures). */
double es_result_figure_of(const es_result *result, const char *name, size_t policy);

#endif
