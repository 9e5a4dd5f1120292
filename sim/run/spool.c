#include "spool.h"

#include "edgesplit/file.h"

#include <errno.h>
#include <string.h>

/* What stands in front of a block; steps follow column by column. */
struct spool_header {
    uint64_t kind, n;
};

static const struct {
    size_t offset, size; /* in es_block, of one value */
} columns[ES_N_COLUMNS] = {
#define ES_COLUMN(name, type, units, long_name) {offsetof(es_block, name), sizeof(type)},
#include "edgesplit/column.def"
#undef ES_COLUMN
};

/* Bytes of a step in the columns in front of `column`. */
static size_t bytes_before(size_t column) {
    size_t bytes = 0;
    for (size_t c = 0; c < column; c++)
        bytes += columns[c].size;
    return bytes;
}

static es_status failure(const struct spool *spool, es_errors *errors) {
    return es_errors_add(errors, ES_IO, spool->beside, 0, "temporary file: %s", strerror(errno));
}

void spool_clear(struct spool *spool) {
    if (spool->stream != NULL)
        rewind(spool->stream);
    spool->n_kept = spool->n_read = 0;
}

void spool_fini(struct spool *spool) {
    if (spool->stream != NULL)
        fclose(spool->stream);
    *spool = (struct spool){0};
}

static es_status add_header(struct spool *spool, enum spooled kind, size_t n, es_errors *errors) {
    if (spool->stream == NULL)
        spool->stream = es_file_temporary(spool->beside, errors);
    if (spool->stream == NULL)
        return es_errors_status(errors);
    struct spool_header header = {kind, n};
    spool->n_kept++;
    return fwrite(&header, sizeof header, 1, spool->stream) == 1 ? ES_OK : failure(spool, errors);
}

es_status spool_add_steps(struct spool *spool, const es_block *block, es_errors *errors) {
    es_status status = add_header(spool, SPOOLED_STEPS, block->n, errors);
    for (size_t c = 0; c < ES_N_COLUMNS && status == ES_OK; c++)
        if (fwrite((const char *)block + columns[c].offset, columns[c].size, block->n,
                   spool->stream) != block->n)
            status = failure(spool, errors);
    return status;
}

es_status spool_add_series(struct spool *spool, const es_series *series, es_errors *errors) {
    es_status status = add_header(spool, SPOOLED_SERIES, series->n, errors);
    if (status == ES_OK && fwrite(series, sizeof *series, 1, spool->stream) != 1)
        status = failure(spool, errors);
    return status;
}

es_status spool_rewind(struct spool *spool, es_errors *errors) {
    spool->n_read = 0;
    if (spool->stream == NULL || fseek(spool->stream, 0, SEEK_SET) == 0)
        return ES_OK;
    return failure(spool, errors);
}

/* Reads the next header; kind is SPOOLED_NOTHING behind the last block. */
static es_status next_header(struct spool *spool, struct spool_header *header, es_errors *errors) {
    *header = (struct spool_header){SPOOLED_NOTHING, 0};
    if (spool->n_read == spool->n_kept)
        return ES_OK;
    spool->n_read++;
    if (fread(header, sizeof *header, 1, spool->stream) != 1 || header->n > ES_BLOCK_STEPS)
        return failure(spool, errors);
    return ES_OK;
}

es_status spool_next(struct spool *spool, enum spooled *kind, es_block *block, es_series *series,
                     es_errors *errors) {
    struct spool_header header;
    es_status status = next_header(spool, &header, errors);
    *kind = (enum spooled)header.kind;
    if (status != ES_OK || header.kind == SPOOLED_NOTHING)
        return status;
    if (header.kind == SPOOLED_SERIES)
        return fread(series, sizeof *series, 1, spool->stream) == 1 ? ES_OK
                                                                    : failure(spool, errors);
    block->n = header.n;
    for (size_t c = 0; c < ES_N_COLUMNS && status == ES_OK; c++)
        if (fread((char *)block + columns[c].offset, columns[c].size, block->n, spool->stream) !=
            block->n)
            status = failure(spool, errors);
    return status;
}

es_status spool_next_latencies(struct spool *spool, size_t *n, double *arrivals_s,
                               double *latencies_s, es_errors *errors) {
    struct spool_header header;
    es_status status = next_header(spool, &header, errors);
    while (status == ES_OK && header.kind == SPOOLED_SERIES) {
        if (fseek(spool->stream, (long)sizeof(es_series), SEEK_CUR) != 0)
            return failure(spool, errors);
        status = next_header(spool, &header, errors);
    }
    *n = header.n;
    if (status != ES_OK || header.n == 0)
        return status;
    const size_t wanted[] = {ES_COLUMN_arrival_time, ES_COLUMN_latency, ES_N_COLUMNS};
    double *values[] = {arrivals_s, latencies_s};
    size_t at = 0; /* column */
    for (size_t i = 0; i < 3; i++) {
        long gap = (long)((bytes_before(wanted[i]) - bytes_before(at)) * header.n);
        if (gap > 0 && fseek(spool->stream, gap, SEEK_CUR) != 0)
            return failure(spool, errors);
        if (i < 2 && fread(values[i], sizeof(double), header.n, spool->stream) != header.n)
            return failure(spool, errors);
        at = wanted[i] + 1;
    }
    return ES_OK;
}
