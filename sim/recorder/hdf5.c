/* The sink that writes the result file: analysis/FORMAT.md is its description.
 *
 * HDF5 need not be built for threads: between open and publish it is called by the writer's thread,
 * and by others only while they hold the writer. */
#include "context.h"
#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "edgesplit/recorder.h"
#include "hdf5_file.h"

#include <stdio.h>

typedef struct hdf5_sink {
    es_publication publication;
    const es_run_record *record;
    result_file file;
    struct writer *writer;
} hdf5_sink;

/* HDF5 failed, and said why; or an allocation of ours did. */
static es_status failure(const hdf5_sink *sink, es_errors *errors) {
    const char *path = sink->publication.final;
    if (sink->file.nc.cause[0] == '\0')
        return es_errors_no_memory(errors, path);
    return es_errors_add(errors, ES_IO, path, 0, "cannot be written: %s", sink->file.nc.cause);
}

static bool write_job(void *context, const writer_job *job) {
    hdf5_sink *sink = context;
    nc_enter_thread();
    file_write(&sink->file, job);
    return !sink->file.nc.failed;
}

static void close_sink(void *context) {
    hdf5_sink *sink = context;
    if (sink == NULL)
        return;
    writer_destroy(sink->writer);
    file_forget(&sink->file);
    nc_close(&sink->file.nc);
    es_publication_fini(&sink->publication);
    free(sink);
}

static es_status open_sink(const es_run_record *record, const char *path, bool replace, void **out,
                           es_errors *errors) {
    hdf5_sink *sink = es_alloc(1, sizeof *sink);
    if (sink == NULL)
        return es_errors_no_memory(errors, path);
    sink->record = record;
    sink->file.nc.file = H5I_INVALID_HID;
    es_status status = es_publication_init(&sink->publication, path, replace, errors);
    if (status == ES_OK)
        status = context_check(record, path, errors);
    if (status == ES_OK) {
        file_create(&sink->file, record, sink->publication.temporary);
        if (sink->file.nc.failed)
            status = failure(sink, errors);
    }
    if (status == ES_OK)
        status = writer_create(record, write_job, sink, path, &sink->writer, errors);
    if (status != ES_OK) {
        close_sink(sink);
        return status;
    }
    *out = sink;
    return ES_OK;
}

/* What became of a block that the writer was given. */
static es_status outcome(hdf5_sink *sink, es_status status, es_errors *errors) {
    if (status == ES_NO_MEMORY)
        return es_errors_no_memory(errors, sink->publication.final);
    return status == ES_OK ? ES_OK : failure(sink, errors);
}

static es_status put_steps(void *context, size_t replication, size_t policy, uint64_t first,
                           es_block **block, es_errors *errors) {
    hdf5_sink *sink = context;
    return outcome(sink, writer_put_steps(sink->writer, replication, policy, first, block), errors);
}

static es_status put_series(void *context, size_t replication, size_t policy, uint64_t first,
                            const es_series *series, es_errors *errors) {
    hdf5_sink *sink = context;
    return outcome(sink, writer_put_series(sink->writer, replication, policy, first, series),
                   errors);
}

static es_status read_column(void *context, es_column column, size_t replication, size_t policy,
                             uint64_t first, size_t n, double *values, es_errors *errors) {
    hdf5_sink *sink = context;
    nc_enter_thread();
    if (writer_hold(sink->writer))
        file_read_column(&sink->file, column, replication, policy, first, n, values);
    es_status status = sink->file.nc.failed ? failure(sink, errors) : ES_OK;
    writer_go_on(sink->writer);
    return status;
}

/* What came, by replication and policy, and of each in the order in which it came. */
static int by_place(const void *a, const void *b) {
    const writer_entry *x = a, *y = b;
    if (x->replication != y->replication)
        return x->replication < y->replication ? -1 : 1;
    if (x->policy != y->policy)
        return x->policy < y->policy ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

/* Whether the blocks lie in the file as one thread would have brought them, and all of them count.
 */
static bool is_in_order(const writer_entry *log, size_t n, size_t n_replications) {
    for (size_t i = 0; i < n; i++)
        if (log[i].replication >= n_replications || (i > 0 && by_place(&log[i - 1], &log[i]) > 0))
            return false;
    return true;
}

/* Writes the file anew, its blocks in the order in which one thread would have brought them, so
 * that the same run gives the same bytes with any number of threads. The old file has no name any
 * more, and goes when it is closed. */
static void put_in_order(hdf5_sink *sink, writer_entry *log, size_t n, size_t n_replications) {
    result_file *file = &sink->file, old = *file;
    writer_job *job = writer_spare(sink->writer);
    qsort(log, n, sizeof *log, by_place);
    (void)remove(sink->publication.temporary);
    file_create(file, sink->record, sink->publication.temporary);
    for (size_t i = 0; i < n && log[i].replication < n_replications && !file->nc.failed; i++) {
        job->what = log[i];
        file_read(&old, job);
        if (old.nc.failed)
            nc_fail(&file->nc, old.nc.cause);
        else
            file_write(file, job);
    }
    nc_close(&old.nc);
    file_forget(&old);
}

static es_status publish(void *context, const es_summary *summary, es_errors *errors) {
    hdf5_sink *sink = context;
    size_t n_blocks, n_replications = summary->n_replications;
    nc_enter_thread();
    if (writer_hold(sink->writer)) {
        writer_entry *log = writer_log(sink->writer, &n_blocks);
        if (!is_in_order(log, n_blocks, n_replications))
            put_in_order(sink, log, n_blocks, n_replications);
        file_finish(&sink->file, summary);
    }
    es_status status = nc_close(&sink->file.nc) ? es_publication_commit(&sink->publication, errors)
                                                : failure(sink, errors);
    writer_go_on(sink->writer);
    return status;
}

extern const es_sink_ops es_sink_hdf5;
const es_sink_ops es_sink_hdf5 = {
    .name = "hdf5",
    .summary = "the result file (analysis/FORMAT.md)",
    .any_order = true,
    .open = open_sink,
    .steps = put_steps,
    .series = put_series,
    .read = read_column,
    .publish = publish,
    .close = close_sink,
};
