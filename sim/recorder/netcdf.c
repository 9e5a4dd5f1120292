#include "netcdf.h"

#include "edgesplit/number.h"

#include <hdf5_hl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Keeps the innermost record that quotes the operating system. */
static herr_t find_cause(unsigned n, const H5E_error2_t *record, void *context) {
    (void)n;
    netcdf *nc = context;
    const char *quoted = record->desc != NULL ? strstr(record->desc, "error message = '") : NULL;
    if (quoted != NULL && nc->cause[0] == '\0') {
        quoted += strlen("error message = '");
        snprintf(nc->cause, sizeof nc->cause, "%.*s", (int)strcspn(quoted, "'"), quoted);
    }
    return 0;
}

bool nc_check(netcdf *nc, int64_t result) {
    if (result >= 0)
        return true;
    if (!nc->failed) {
        nc->failed = true;
        H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, find_cause, nc);
        if (nc->cause[0] == '\0')
            snprintf(nc->cause, sizeof nc->cause, "HDF5 failed");
    }
    return false;
}

void nc_fail(netcdf *nc, const char *cause) {
    if (!nc->failed)
        snprintf(nc->cause, sizeof nc->cause, "%s", cause);
    nc->failed = true;
}

/* Texts are converted in a buffer that HDF5 allocates and clears for each array: 1 MiB, if it is
 * not told otherwise. */
enum { CONVERSION_BYTES = 1 << 14 };

static hid_t creation_list(netcdf *nc, hid_t class) {
    hid_t list = H5Pcreate(class);
    nc_check(nc, list);
    nc_check(nc, H5Pset_obj_track_times(list, false));
    return list;
}

void nc_enter_thread(void) {
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

hid_t nc_dataset_list(netcdf *nc) {
    return creation_list(nc, H5P_DATASET_CREATE);
}

static void init(netcdf *nc) {
    *nc = (netcdf){.file = H5I_INVALID_HID};
    /* HDF5 1.10 crashes in its exit handler after a failed write, and prints what we report
     * ourselves. */
    H5dont_atexit();
    nc_enter_thread();
}

void nc_open(netcdf *nc, const char *path) {
    init(nc);
    nc_check(nc, nc->file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT));
}

void nc_create(netcdf *nc, const char *path, bool refers) {
    unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    init(nc);
    hid_t creation = creation_list(nc, H5P_FILE_CREATE), access = H5Pcreate(H5P_FILE_ACCESS);
    nc_check(nc, H5Pset_link_creation_order(creation, order));
    nc_check(nc, H5Pset_attr_creation_order(creation, order));
    nc_check(nc, H5Pset_libver_bounds(access, H5F_LIBVER_V18,
                                      refers ? H5F_LIBVER_V110 : H5F_LIBVER_V18));
    nc_check(nc, H5Pset_fclose_degree(access, H5F_CLOSE_STRONG));
    /* Whole chunks are written at once: nothing is gained by caching them. */
    nc_check(nc, H5Pset_cache(access, 0, 521, 0, 1.0));
    if (!nc->failed)
        nc_check(nc, nc->file = H5Fcreate(path, H5F_ACC_TRUNC, creation, access));
    H5Pclose(creation);
    H5Pclose(access);
    nc_check(nc, nc->transfer = H5Pcreate(H5P_DATASET_XFER));
    if (!nc->failed)
        nc_check(nc, H5Pset_buffer(nc->transfer, CONVERSION_BYTES, NULL, NULL));
}

bool nc_close(netcdf *nc) {
    if (nc->file >= 0)
        nc_check(nc, H5Fclose(nc->file));
    if (nc->transfer > 0)
        H5Pclose(nc->transfer);
    nc->file = H5I_INVALID_HID;
    nc->transfer = H5P_DEFAULT;
    return !nc->failed;
}

hid_t nc_string_type(void) {
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

hid_t nc_group(netcdf *nc, const char *name) {
    if (nc->failed)
        return H5I_INVALID_HID;
    hid_t list = creation_list(nc, H5P_GROUP_CREATE);
    nc_check(nc, H5Pset_link_creation_order(list, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED));
    nc_check(nc, H5Pset_attr_creation_order(list, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED));
    hid_t group = H5Gcreate2(nc->file, name, H5P_DEFAULT, list, H5P_DEFAULT);
    nc_check(nc, group);
    H5Pclose(list);
    return group;
}

static void write_attribute(netcdf *nc, hid_t object, const char *name, hid_t type, hid_t space,
                            const void *values) {
    if (nc->failed)
        return;
    hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    if (nc_check(nc, attribute)) {
        nc_check(nc, H5Awrite(attribute, type, values));
        H5Aclose(attribute);
    }
}

void nc_text_attribute(netcdf *nc, hid_t object, const char *name, const char *value) {
    hid_t type = nc_string_type(), space = H5Screate(H5S_SCALAR);
    write_attribute(nc, object, name, type, space, &value);
    H5Sclose(space);
    H5Tclose(type);
}

void nc_number_attribute(netcdf *nc, hid_t object, const char *name, hid_t type, const void *values,
                         hsize_t n) {
    hid_t space = H5Screate_simple(1, &n, NULL);
    write_attribute(nc, object, name, type, space, values);
    H5Sclose(space);
}

static void describe(netcdf *nc, hid_t variable, const nc_spec *spec) {
    if (spec->units != NULL)
        nc_text_attribute(nc, variable, "units", spec->units);
    if (spec->long_name != NULL)
        nc_text_attribute(nc, variable, "long_name", spec->long_name);
}

/* Creates the dataset of a variable or of a coordinate. */
static hid_t create_dataset(netcdf *nc, const nc_spec *spec, hid_t space) {
    unsigned order = H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED;
    hid_t list = spec->list > 0 ? H5Pcopy(spec->list) : nc_dataset_list(nc);
    nc_check(nc, H5Pset_attr_creation_order(list, order));
    if (spec->chunk > 0) {
        hsize_t chunk[NC_MAX_RANK];
        int rank = H5Sget_simple_extent_ndims(space);
        for (int i = 0; i < rank; i++)
            chunk[i] = 1;
        if (rank > 1 && spec->rows > 0)
            chunk[rank - 2] = spec->rows;
        chunk[rank - 1] = spec->chunk;
        nc_check(nc, H5Pset_chunk(list, rank, chunk));
        if (spec->compress) {
            nc_check(nc, H5Pset_shuffle(list));
            nc_check(nc, H5Pset_deflate(list, 1));
            nc_check(nc, H5Pset_fletcher32(list));
        }
    }
    double nan_value = ES_NAN;
    bool floating = H5Tget_class(spec->type) == H5T_FLOAT;
    if (floating || spec->fill != NULL)
        nc_check(nc, H5Pset_fill_value(list, spec->type, floating ? &nan_value : spec->fill));
    hid_t variable = nc->failed ? H5I_INVALID_HID
                                : H5Dcreate2(spec->group, spec->name, spec->type, space,
                                             H5P_DEFAULT, list, H5P_DEFAULT);
    nc_check(nc, variable);
    H5Pclose(list);
    if (floating)
        nc_number_attribute(nc, variable, "_FillValue", spec->type, &nan_value, 1);
    return variable;
}

nc_dimension nc_define_dimension(netcdf *nc, const nc_spec *spec, bool unlimited, hsize_t n,
                                 const void *values) {
    nc_dimension dimension = {.scale = H5I_INVALID_HID, .length = n, .unlimited = unlimited};
    if (nc->failed)
        return dimension;
    hsize_t most = unlimited ? H5S_UNLIMITED : n;
    hid_t space = H5Screate_simple(1, &n, &most);
    dimension.scale = create_dataset(nc, spec, space);
    H5Sclose(space);
    if (nc->failed)
        return dimension;
    nc_check(nc, H5DSset_scale(dimension.scale, spec->name));
    int id = nc->n_dimensions++;
    hid_t scalar = H5Screate(H5S_SCALAR);
    write_attribute(nc, dimension.scale, "_Netcdf4Dimid", H5T_NATIVE_INT, scalar, &id);
    H5Sclose(scalar);
    describe(nc, dimension.scale, spec);
    if (n > 0)
        nc_check(nc, H5Dwrite(dimension.scale, spec->type, H5S_ALL, H5S_ALL, nc->transfer, values));
    return dimension;
}

void nc_close_dimension(netcdf *nc, nc_dimension *dimension) {
    if (dimension->scale >= 0)
        nc_check(nc, H5Dclose(dimension->scale));
    dimension->scale = H5I_INVALID_HID;
}

enum { COUNT_CHUNK = 1024 };

nc_dimension nc_define_count(netcdf *nc, hid_t group, const char *name, const char *long_name) {
    return nc_define_dimension(nc,
                               &(nc_spec){.group = group,
                                          .name = name,
                                          .units = "1",
                                          .long_name = long_name,
                                          .type = H5T_NATIVE_INT64,
                                          .chunk = COUNT_CHUNK},
                               true, 0, NULL);
}

void nc_put_count(netcdf *nc, const nc_dimension *dimension) {
    int64_t numbers[COUNT_CHUNK];
    nc_check(nc, H5Dset_extent(dimension->scale, &dimension->length));
    for (hsize_t first = 0; first < dimension->length; first += COUNT_CHUNK) {
        hsize_t left = dimension->length - first, n = left < COUNT_CHUNK ? left : COUNT_CHUNK;
        for (hsize_t i = 0; i < n; i++)
            numbers[i] = (int64_t)(first + i);
        nc_write(nc, dimension->scale, H5T_NATIVE_INT64, 1, &first, &n, numbers);
    }
}

hid_t nc_define(netcdf *nc, const nc_spec *spec) {
    if (nc->failed)
        return H5I_INVALID_HID;
    hsize_t now[NC_MAX_RANK], most[NC_MAX_RANK];
    for (int i = 0; i < spec->rank; i++) {
        now[i] = spec->dimensions[i]->length;
        most[i] = spec->dimensions[i]->unlimited ? H5S_UNLIMITED : now[i];
    }
    hid_t space = spec->rank > 0 ? H5Screate_simple(spec->rank, now, most) : H5Screate(H5S_SCALAR);
    hid_t variable = create_dataset(nc, spec, space);
    H5Sclose(space);
    for (int i = 0; i < spec->rank && !nc->failed; i++)
        nc_check(nc, H5DSattach_scale(variable, spec->dimensions[i]->scale, (unsigned)i));
    describe(nc, variable, spec);
    return variable;
}

void nc_put(netcdf *nc, const nc_spec *spec, const void *values) {
    hid_t variable = nc_define(nc, spec);
    if (nc->failed)
        return;
    nc_check(nc, H5Dwrite(variable, spec->type, H5S_ALL, H5S_ALL, nc->transfer, values));
    nc_check(nc, H5Dclose(variable));
}

/* The file and memory spaces of a box; closed by the caller. */
static hid_t box(netcdf *nc, hid_t variable, int rank, const hsize_t *start, const hsize_t *count,
                 hid_t *memory) {
    hid_t space = H5Dget_space(variable);
    nc_check(nc, space);
    nc_check(nc, H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL));
    *memory = H5Screate_simple(rank, count, NULL);
    return space;
}

void nc_write(netcdf *nc, hid_t variable, hid_t type, int rank, const hsize_t *start,
              const hsize_t *count, const void *values) {
    if (nc->failed)
        return;
    hid_t memory, space = box(nc, variable, rank, start, count, &memory);
    nc_check(nc, H5Dwrite(variable, type, memory, space, nc->transfer, values));
    H5Sclose(memory);
    H5Sclose(space);
}

void nc_read(netcdf *nc, hid_t variable, hid_t type, int rank, const hsize_t *start,
             const hsize_t *count, void *values) {
    if (nc->failed)
        return;
    hid_t memory, space = box(nc, variable, rank, start, count, &memory);
    nc_check(nc, H5Dread(variable, type, memory, space, H5P_DEFAULT, values));
    H5Sclose(memory);
    H5Sclose(space);
}

nc_dimension nc_text_dimension(netcdf *nc, hid_t group, const char *name, const char *long_name,
                               size_t n, const char *const *texts) {
    hid_t type = nc_string_type();
    nc_dimension dimension = nc_define_dimension(
        nc, &(nc_spec){.group = group, .name = name, .long_name = long_name, .type = type}, false,
        n, texts);
    H5Tclose(type);
    return dimension;
}

nc_dimension nc_index_dimension(netcdf *nc, hid_t group, const char *name, const char *long_name,
                                size_t n, const int64_t *values) {
    return nc_define_dimension(nc,
                               &(nc_spec){.group = group,
                                          .name = name,
                                          .units = "1",
                                          .long_name = long_name,
                                          .type = H5T_NATIVE_INT64},
                               false, n, values);
}

void nc_put_text(netcdf *nc, hid_t group, const char *name, const char *long_name,
                 nc_dimension *dimension, const char *const *texts) {
    hid_t type = nc_string_type();
    nc_spec spec = {.group = group,
                    .name = name,
                    .long_name = long_name,
                    .type = type,
                    .rank = dimension != NULL,
                    .dimensions = {dimension}};
    nc_put(nc, &spec, texts);
    H5Tclose(type);
}
