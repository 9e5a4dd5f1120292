/* The file that `edgesplit sweep merge` writes, by the layout of FORMAT.md. */
#ifndef ANALYSIS_JOINED_H
#define ANALYSIS_JOINED_H

#include "edgesplit/stats.h"
#include "result.h"

enum { ES_JOINED_MOST_AXES = 16, ES_JOINED_DONE = 0 };

/* A dimension of the runs. */
typedef struct es_joined_axis {
    char *name;
    size_t n;
    char **texts;    /* [n] or NULL */
    double *numbers; /* [n] where `texts` is NULL */
    char *units;     /* of the numbers, else NULL */
} es_joined_axis;

typedef struct es_joined {
    char *program, *study, *config, *study_ini, *format_version;
    size_t n_axes;
    es_joined_axis axes[ES_JOINED_MOST_AXES]; /* the last one changes fastest */
    size_t n_runs;                            /* the product of their lengths */
    /* A setting is a value of every swept variable, its runs are repetitions: number setting *
     * n_repetitions + repetition. */
    size_t n_repetitions, n_settings;
    int64_t *states; /* [n_runs] ES_JOINED_DONE, 1 failed, 2 missing */
    size_t n_policies;
    char **policies; /* [n_policies] */
    size_t n_figures;
    es_result_figure *figures; /* [n_figures], values [n_runs][n_policies] */
} es_joined;

/* Whether a file is one; false also if it cannot be read. */
bool es_joined_is_one(const char *path);

/* Reads `path`. Creates `*joined`. ES_NO_INPUT; ES_INVALID: another file, of a higher major
 * version, truncated or damaged; ES_NO_MEMORY. */
ES_NODISCARD es_status es_joined_load(const char *path, es_joined **joined, es_errors *errors);
void es_joined_destroy(es_joined *joined);

/* Whether a policy of the study is of type oracle. */
bool es_joined_sees_future(const es_joined *joined, size_t policy);

/* Whether the axis is that of the repetitions. */
bool es_joined_is_repetition(const es_joined_axis *axis);

/* The index of a run along an axis. */
size_t es_joined_index(const es_joined *joined, size_t axis, size_t run);

/* What the numbers of an axis are divided by for people, and their unit then: as in the file, but
 * data rates in Mbit/s; "" for none. */
double es_joined_shown_unit(const es_joined_axis *axis, const char **unit);

/* Appends value `i` of an axis for people, "8 Mbit/s". */
void es_joined_add_shown(const es_joined_axis *axis, size_t i, es_text *text);

/* A figure of a policy over the repetitions of a setting that are done, minus that of another
 * (n_policies: of none). */
es_moments es_joined_moments(const es_joined *joined, const char *name, size_t setting,
                             size_t policy, size_t other);

/* The 95 % interval of its mean: over the repetitions; where there is but one, that of the run, of
 * its replications or by batch means. Its bounds are NaN where none is known. */
es_interval es_joined_interval(const es_joined *joined, const char *name, size_t setting,
                               size_t policy);

/* The figure of a run and policy; NaN if the file lacks it. O(n_figures). */
double es_joined_figure_of(const es_joined *joined, const char *name, size_t run, size_t policy);

#endif
