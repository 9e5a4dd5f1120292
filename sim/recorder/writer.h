/* The thread that a result's steps and series are written by (private). Others hand it blocks, from
 * any thread, and go on; it filters them and writes them in the order in which they came. A few
 * blocks are under way at a time; who has to wait for a place filters one in the meantime. */
#ifndef SIM_RECORDER_WRITER_H
#define SIM_RECORDER_WRITER_H

#include "columns.h"

/* What a block is: steps or intervals first .. first + n - 1 of a policy in a replication. */
typedef struct writer_entry {
    size_t replication, policy, n;
    uint64_t first;
    bool is_series;
    uint32_t blank;  /* a bit for each column of which it holds nothing but padding: HDF5 shows that
                        where there is no chunk. Latencies, which are read back, always have one */
    uint64_t number; /* in the order in which blocks came */
} writer_entry;

static inline bool entry_is_blank(const writer_entry *entry, size_t c) {
    return (entry->blank >> c & 1) != 0;
}

/* A block as it goes to the file: intervals, or a whole chunk of every column that is kept, padded
 * behind the last step, filtered or as it is. */
typedef struct writer_job {
    writer_entry what;
    es_series *series;
    es_block *steps;
    unsigned char *chunks[ES_N_COLUMNS]; /* in `steps`; NULL: not kept */
    size_t n_bytes[ES_N_COLUMNS];
    uint32_t left_out[ES_N_COLUMNS]; /* filters that were not applied, for H5Dwrite_chunk */
} writer_job;

/* Writes a job, in the writer's thread; false: nothing more is to be written. */
typedef bool writer_function(void *context, const writer_job *job);

struct writer;

/* Starts a writer of the result `path`, which filters if the record says so. Creates `*writer`: 10
 * MB. ES_NO_MEMORY: also if there can be no further thread. */
ES_NODISCARD es_status writer_create(const es_run_record *record, writer_function *write,
                                     void *context, const char *path, struct writer **out,
                                     es_errors *errors);

/* Stops the thread, what is not yet written is lost, and frees all. NULL is allowed. */
void writer_destroy(struct writer *writer);

/* Takes a block, and leaves another one in its place; of a series, a copy. `first` is a multiple of
 * ES_BLOCK_STEPS. ES_IO: writing has failed; ES_NO_MEMORY. */
ES_NODISCARD es_status writer_put_steps(struct writer *writer, size_t replication, size_t policy,
                                        uint64_t first, es_block **block);
ES_NODISCARD es_status writer_put_series(struct writer *writer, size_t replication, size_t policy,
                                         uint64_t first, const es_series *series);

/* Waits until all that was put is written, and holds the writer until writer_go_on: the caller then
 * has the file to itself. False: writing has failed. */
ES_NODISCARD bool writer_hold(struct writer *writer);
void writer_go_on(struct writer *writer);

/* For a caller who holds the writer: what was put, in the order in which it was written, and a job
 * of the writer's own to use. Lends both. */
writer_entry *writer_log(struct writer *writer, size_t *n);
writer_job *writer_spare(struct writer *writer);

#endif
