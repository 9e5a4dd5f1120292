/* netCDF-4 conventions over HDF5 (private): dimensions are dimension scales, variables are column
 * datasets with one on each axis. Failure is sticky: after the first one every call does nothing,
 * and `cause` says why. */
#ifndef SIM_RECORDER_NETCDF_H
#define SIM_RECORDER_NETCDF_H

#include <hdf5.h>
#include <stdbool.h>

typedef struct netcdf {
    hid_t file, transfer; /* transfer: how values are written */
    bool failed;
    char cause[160];
    int n_dimensions;
} netcdf;

typedef struct nc_dimension {
    hid_t scale; /* the coordinate variable's dataset */
    hsize_t length;
    bool unlimited;
} nc_dimension;

enum { NC_MAX_RANK = 20 };

/* What a variable looks like. The types are HDF5's native ones; files are little-endian. */
typedef struct nc_spec {
    hid_t group;
    const char *name, *units, *long_name;
    hid_t type; /* native number, or nc_string_type(): then no fill value */
    int rank;   /* 0: scalar */
    nc_dimension *dimensions[NC_MAX_RANK];
    const void *fill; /* what is never written reads as this value; NULL: NaN, or 0 */
    hsize_t chunk;    /* along the last dimension; 0: contiguous (no unlimited dimension) */
    hsize_t rows;     /* of a chunk, along the dimension before it; 0: 1 */
    bool compress;    /* shuffle, deflate 1, fletcher32 */
    hid_t list;       /* of nc_dataset_list, to start from; 0: none */
} nc_spec;

/* Makes HDF5 say nothing by itself in this thread: where it is built for threads, each has its own
 * errors. To be called before a file is used in another thread than where it was created. */
void nc_enter_thread(void);

/* Creates a file that stays byte for byte the same for the same content. `refers`: parts of its
 * variables may lie in other files, which readers need HDF5 1.10 for, otherwise 1.8. */
void nc_create(netcdf *nc, const char *path, bool refers);

/* Opens one to read. */
void nc_open(netcdf *nc, const char *path);

/* Closes it, flushing; false if anything went wrong since it was created. */
bool nc_close(netcdf *nc);

/* Takes note of a call's result; true if it was fine. */
bool nc_check(netcdf *nc, int64_t result);

/* Takes note of a failure of which HDF5 does not know. */
void nc_fail(netcdf *nc, const char *cause);

/* A dataset creation list, for what a spec cannot say. */
hid_t nc_dataset_list(netcdf *nc);

hid_t nc_string_type(void); /* variable-length UTF-8; the caller closes it */
hid_t nc_group(netcdf *nc, const char *name);
void nc_text_attribute(netcdf *nc, hid_t object, const char *name, const char *value);
void nc_number_attribute(netcdf *nc, hid_t object, const char *name, hid_t type, const void *values,
                         hsize_t n);

/* A dimension with its coordinate variable: [n] values of `spec->type` (const char * for strings).
 * Unlimited: n = 0 now, a chunk in the spec, values are written later. The spec's rank and
 * dimensions are not used. */
nc_dimension nc_define_dimension(netcdf *nc, const nc_spec *spec, bool unlimited, hsize_t n,
                                 const void *values);
void nc_close_dimension(netcdf *nc, nc_dimension *dimension);

/* An unlimited dimension of whole numbers, few of them, and its values 0 .. length - 1 when the
 * length is known. */
nc_dimension nc_define_count(netcdf *nc, hid_t group, const char *name, const char *long_name);
void nc_put_count(netcdf *nc, const nc_dimension *dimension);

/* A variable; floating point ones get _FillValue = NaN. The caller closes it with H5Dclose. */
hid_t nc_define(netcdf *nc, const nc_spec *spec);

/* A variable with its values, closed again. */
void nc_put(netcdf *nc, const nc_spec *spec, const void *values);

/* Writes a box of a variable, or reads it. */
void nc_write(netcdf *nc, hid_t variable, hid_t type, int rank, const hsize_t *start,
              const hsize_t *count, const void *values);
void nc_read(netcdf *nc, hid_t variable, hid_t type, int rank, const hsize_t *start,
             const hsize_t *count, void *values);

/* Dimensions with texts or whole numbers [n] as coordinates; a text variable over one dimension, or
 * a scalar (NULL). */
nc_dimension nc_text_dimension(netcdf *nc, hid_t group, const char *name, const char *long_name,
                               size_t n, const char *const *texts);
nc_dimension nc_index_dimension(netcdf *nc, hid_t group, const char *name, const char *long_name,
                                size_t n, const int64_t *values);
void nc_put_text(netcdf *nc, hid_t group, const char *name, const char *long_name,
                 nc_dimension *dimension, const char *const *texts);

#endif
