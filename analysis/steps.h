/* Columns of the per-step table of a result file, read piece by piece. Cuts of a step are numbered
 * as in /cuts, over all groups of devices. */
#ifndef ANALYSIS_STEPS_H
#define ANALYSIS_STEPS_H

#include "edgesplit/error.h"
#include "result.h"

/* A chunk of the file's: pieces that begin at its multiples are read fastest. */
enum { ES_STEPS_BLOCK = 16384, ES_STEPS_MOST_COLUMNS = 64 };

typedef struct es_steps es_steps;

/* Opens columns by their names in FORMAT.md. `result` is the file's own account, loaded before,
 * and like `path` borrowed. Creates `*steps`. ES_INVALID: a column is missing, is not numbers, or
 * is shorter than the file says; ES_NO_INPUT, ES_NO_MEMORY. */
ES_NODISCARD es_status es_steps_open(const char *path, const es_result *result, size_t n_columns,
                                     const char *const *columns, es_steps **steps,
                                     es_errors *errors);
void es_steps_close(es_steps *steps);

/* Reads the rows from .. from + n of a policy in a replication into `values` [n_columns][n], whole
 * numbers as doubles too. The rows have to be there. ES_INVALID: the file is damaged. */
ES_NODISCARD es_status es_steps_read(es_steps *steps, size_t replication, size_t policy,
                                     size_t from, size_t n, double *const *values,
                                     es_errors *errors);

#endif
