/* The file that a sweep is joined in: the summaries of all runs over the dimensions that were
 * swept. analysis/FORMAT.md is its description. */
#ifndef EDGESPLIT_CUBE_H
#define EDGESPLIT_CUBE_H

#include "edgesplit/recorder.h"

enum { ES_CUBE_MAX_AXES = 16 };

/* A dimension of the runs, with its coordinate: texts, or numbers if `texts` is NULL. */
typedef struct es_cube_axis {
    const char *name, *long_name;
    size_t n;
    const char *const *texts;
    const double *numbers;
} es_cube_axis;

/* A further coordinate along one of them. */
typedef struct es_cube_coordinate {
    size_t axis;
    const char *name, *long_name;
    const char *const *texts; /* [n of the axis] or NULL */
    const double *numbers;
} es_cube_coordinate;

/* Everything is borrowed for the life of the cube. */
typedef struct es_cube_layout {
    const char *program, *study, *config; /* what did the runs; path; "" without */
    const char *study_ini;                /* text of the study */
    size_t n_axes, n_coordinates;
    const es_cube_axis *axes; /* [n_axes <= ES_CUBE_MAX_AXES], the last one changes fastest */
    const es_cube_coordinate *coordinates;
    size_t n_policies, n_cuts;
    bool has_cloud; /* some run has three tiers */
    bool has_exits; /* some run has a network with exits */
    const char *const *policies;
    bool has_steps;   /* also the group /per_step, the per-step tables of the runs */
    bool refers;      /* to the tables in the runs' results, instead of copying them */
    size_t n_steps;   /* of the longest table */
    size_t n_sources; /* results that will be put */
} es_cube_layout;

/* Figures of a box of `n` runs, row by row. */
typedef struct es_cube_values {
    size_t n;
    double *figures[ES_N_SUMMARY];                     /* [n][n_policies] */
    double *n_steps;                                   /* [n][n_policies] */
    double *cut_share;                                 /* [n][n_policies][n_cuts] */
    double *utilisation, *queue_length;                /* [n][n_policies][stations] */
    double *gain_mean_of_ratios, *gain_ratio_of_means; /* [n][n_policies][n_policies] */
    int8_t *state;                                     /* [n] 0 done, 1 failed, 2 missing */
} es_cube_values;

typedef struct es_cube es_cube;

/* Begins the file. Creates `*cube`. ES_CANT_CREATE, ES_IO, ES_NO_MEMORY. */
ES_NODISCARD es_status es_cube_create(const es_cube_layout *layout, const char *path, bool replace,
                                      es_cube **cube, es_errors *errors);

/* Writes the box of runs from `start` [n_axes] with `count` [n_axes] along each axis. ES_IO. */
ES_NODISCARD es_status es_cube_put(es_cube *cube, const size_t *start, const size_t *count,
                                   const es_cube_values *values, es_errors *errors);

/* The whole result of a run that is done. */
typedef struct es_cube_result {
    const size_t *at; /* [n_axes] place of the run */
    const char *path; /* of the file */
    const char *name; /* the same, as a layout that refers is to name it: absolute, or relative
                       * to the folder of the cube */
    size_t n_policies;
    const size_t *policies; /* [n_policies] their places in the cube, in the order of the result */
    size_t n_steps;         /* of its table */
} es_cube_result;

/* Puts a run's table into /per_step, all runs in the order of their places. ES_INVALID: the file is
 * no result of that size; ES_IO, ES_NO_MEMORY. A file that is referred to is looked into as well.
 */
ES_NODISCARD es_status es_cube_put_steps(es_cube *cube, const es_cube_result *result,
                                         es_errors *errors);

/* Gives the file its name. ES_IO, ES_CANT_CREATE. */
ES_NODISCARD es_status es_cube_publish(es_cube *cube, es_errors *errors);

/* Closes it; a file that was not published leaves no trace. */
void es_cube_close(es_cube *cube);

#endif
