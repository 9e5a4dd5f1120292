/* What the parts of joining share (private). */
#ifndef SIM_SWEEP_MERGE_H
#define SIM_SWEEP_MERGE_H

#include "parts.h"

#include "edgesplit/cube.h"

enum { N_OPEN = 32 };

typedef struct merging {
    const es_sweep_merge_options *options;
    const char *folder;
    sweep_manifest manifest;
    run_index index;
    shard_list shards;
    record_place *places;  /* [n_runs]; length 0: not done */
    unsigned char *states; /* [n_runs] run_state */
    int open[N_OPEN];      /* shards by their number modulo N_OPEN */
    size_t open_shard[N_OPEN];
    char *payload;
    size_t payload_capacity;
    size_t n_policies, policies_capacity, n_cuts;
    size_t n_stations;        /* of the run with most */
    bool has_exits;           /* some run has */
    size_t n_steps, n_tables; /* of the longest run; results with steps */
    char **policies;
    size_t n_axes, n_coordinates;
    es_cube_axis axes[ES_CUBE_MAX_AXES];
    es_cube_coordinate *coordinates; /* [n_variables] */
    const char ***texts;             /* [n_variables] along `run`; NULL without */
    double **numbers;                /* [n_variables + 1], the last for repetitions */
    double *run_numbers;
    es_errors *errors;
} merging;

/* Reads what a run that is done has left; ends with outcome_fini. */
ES_NODISCARD es_status merge_read_outcome(merging *m, size_t run, outcome *out);

/* The place of a policy among all; n_policies if it is none of them. */
size_t merge_find_policy(const merging *m, const char *name);

/* ES_INTERRUPTED if somebody wants it to end. */
ES_NODISCARD es_status merge_check_interrupted(const merging *m);

/* Counts the tables of steps that there are. ES_INVALID: some are missing, or they are too many to
 * be referred to. */
ES_NODISCARD es_status merge_find_steps(merging *m);

/* Puts all tables into the joined file, or what refers to them. */
ES_NODISCARD es_status merge_put_steps(merging *m, es_cube *cube);

#endif
