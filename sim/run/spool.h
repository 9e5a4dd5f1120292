/* What a simulation has told, kept aside in a nameless file until it is wanted (private). */
#ifndef SIM_RUN_SPOOL_H
#define SIM_RUN_SPOOL_H

#include "edgesplit/recorder.h"

#include <stdio.h>

/* Blocks of steps and of series in the order they came; zero-initialise. 150 bytes of disk per
 * step. */
struct spool {
    const char
        *beside;  /* the file lies in the folder of this one; NULL: where temporary files do */
    FILE *stream; /* NULL: nothing was ever kept */
    size_t n_kept, n_read; /* blocks */
};

/* What a block is. */
enum spooled { SPOOLED_NOTHING, SPOOLED_STEPS, SPOOLED_SERIES };

/* Forgets what there is; the file stays, to be used again. */
void spool_clear(struct spool *spool);
void spool_fini(struct spool *spool);

/* Appends a block. ES_CANT_CREATE, ES_IO. */
es_status spool_add_steps(struct spool *spool, const es_block *block, es_errors *errors);
es_status spool_add_series(struct spool *spool, const es_series *series, es_errors *errors);

/* Goes back to the first block. Nothing can be added any more until it is cleared. */
es_status spool_rewind(struct spool *spool, es_errors *errors);

/* Reads the next block into the one it is; `*kind` is SPOOLED_NOTHING behind the last one. ES_IO.
 */
es_status spool_next(struct spool *spool, enum spooled *kind, es_block *block, es_series *series,
                     es_errors *errors);

/* Reads arrival times and latencies [*n <= ES_BLOCK_STEPS] of the next block of steps; n is 0
 * behind the last one. ES_IO. */
es_status spool_next_latencies(struct spool *spool, size_t *n, double *arrivals_s,
                               double *latencies_s, es_errors *errors);

#endif
