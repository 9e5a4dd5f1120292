/* Steps read back from the file as it grows. HDF5 would inflate a chunk anew for every piece of it;
 * here the last one is kept, and inflated by what had deflated it. */
#include "hdf5_file.h"

#include "edgesplit/alloc.h"
#include "filters.h"

#include <string.h>

struct read_back {
    struct filters *filters;
    unsigned char *packed;
    double *values; /* [ES_BLOCK_STEPS] of the chunk below */
    bool known;
    es_column column;
    hsize_t start[3];
};

static struct read_back *read_back_create(void) {
    struct read_back *made = es_alloc(1, sizeof *made);
    if (made == NULL)
        return NULL;
    made->filters = filters_create(ES_BLOCK_STEPS * sizeof(double));
    made->packed = es_alloc(ES_BLOCK_STEPS * sizeof(double) + FILTERS_ROOM, 1);
    made->values = es_alloc(ES_BLOCK_STEPS, sizeof(double));
    return made;
}

void file_forget(result_file *file) {
    struct read_back *back = file->read_back;
    if (back == NULL)
        return;
    filters_destroy(back->filters);
    free(back->packed);
    free(back->values);
    free(back);
    file->read_back = NULL;
}

static void unpack(result_file *file, struct read_back *back, es_column column,
                   const hsize_t start[3]) {
    netcdf *nc = &file->nc;
    hid_t variable = file->columns[column];
    hsize_t n_bytes = 0;
    uint32_t left_out = 0;
    back->known = false;
    nc_check(nc, H5Dget_chunk_storage_size(variable, start, &n_bytes));
    ES_REQUIRE(n_bytes <= ES_BLOCK_STEPS * sizeof(double) + FILTERS_ROOM);
    nc_check(nc, H5Dread_chunk(variable, H5P_DEFAULT, start, &left_out, back->packed));
    if (!nc->failed && !filters_undo(back->filters, back->packed, (size_t)n_bytes, left_out,
                                     ES_BLOCK_STEPS, sizeof(double), (unsigned char *)back->values))
        nc_fail(nc, "what was written does not read back");
    back->known = !nc->failed;
    back->column = column;
    memcpy(back->start, start, sizeof back->start);
}

void file_read_column(result_file *file, es_column column, size_t replication, size_t policy,
                      uint64_t first, size_t n, double *values) {
    hsize_t start[3] = {0}, count[3] = {1, 1, 1};
    int rank =
        file_lead(file, &(writer_entry){.replication = replication, .policy = policy}, start);
    if (!file->record->compress) {
        start[rank] = first;
        count[rank] = n;
        nc_read(&file->nc, file->columns[column], H5T_NATIVE_DOUBLE, rank + 1, start, count,
                values);
        return;
    }
    if (file->read_back == NULL)
        file->read_back = read_back_create();
    struct read_back *back = file->read_back;
    if (back == NULL || back->filters == NULL || back->packed == NULL || back->values == NULL) {
        file->nc.failed = true;
        return;
    }
    for (size_t done = 0, some; done < n && !file->nc.failed; done += some) {
        size_t in_chunk = (size_t)((first + done) % ES_BLOCK_STEPS);
        some = n - done < ES_BLOCK_STEPS - in_chunk ? n - done : ES_BLOCK_STEPS - in_chunk;
        start[rank] = first + done - in_chunk;
        if (!back->known || back->column != column || memcmp(back->start, start, sizeof start) != 0)
            unpack(file, back, column, start);
        if (!file->nc.failed)
            memcpy(values + done, back->values + in_chunk, some * sizeof *values);
    }
}
