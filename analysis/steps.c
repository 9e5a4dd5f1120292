#include "steps.h"

#include "edgesplit/alloc.h"

#include <hdf5.h>
#include <string.h>

struct es_steps {
    const char *path;
    const es_result *result;
    hid_t file;
    hid_t devices;  /* of cuts that are to be numbered over all groups, else invalid */
    double *device; /* [ES_STEPS_BLOCK] */
    size_t n_columns;
    const char *names[ES_STEPS_MOST_COLUMNS];
    hid_t columns[ES_STEPS_MOST_COLUMNS];
};

static es_status damaged(const es_steps *steps, const char *column, es_errors *errors) {
    return es_errors_add(errors, ES_INVALID, steps->path, 0, "%s is missing or damaged", column);
}

static bool is_column(hid_t variable, const es_result *result) {
    if (variable < 0)
        return false;
    int rank = result->n_replications > 1 ? 3 : 2;
    hsize_t lengths[3] = {0}, longest = 0;
    hid_t space = H5Dget_space(variable), type = H5Dget_type(variable);
    H5T_class_t class = H5Tget_class(type);
    for (size_t i = 0; i < result->n_replications * result->n_policies; i++)
        if ((hsize_t)result->n_steps[i] > longest)
            longest = (hsize_t)result->n_steps[i];
    bool is = (class == H5T_FLOAT || class == H5T_INTEGER) &&
              H5Sget_simple_extent_ndims(space) == rank &&
              H5Sget_simple_extent_dims(space, lengths, NULL) == rank &&
              (rank == 2 || lengths[0] == result->n_replications) &&
              lengths[rank - 2] == result->n_policies && lengths[rank - 1] >= longest;
    H5Tclose(type);
    H5Sclose(space);
    return is;
}

static es_status open_devices(es_steps *steps, es_errors *errors) {
    steps->device = es_alloc(ES_STEPS_BLOCK, sizeof *steps->device);
    if (steps->device == NULL)
        return es_errors_no_memory(errors, steps->path);
    steps->devices = H5Dopen2(steps->file, "device", H5P_DEFAULT);
    return is_column(steps->devices, steps->result) ? ES_OK : damaged(steps, "device", errors);
}

es_status es_steps_open(const char *path, const es_result *result, size_t n_columns,
                        const char *const *columns, es_steps **out, es_errors *errors) {
    ES_REQUIRE(n_columns <= ES_STEPS_MOST_COLUMNS);
    es_steps *steps = es_alloc(1, sizeof *steps);
    if (steps == NULL)
        return es_errors_no_memory(errors, path);
    *steps = (es_steps){.path = path,
                        .result = result,
                        .file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT),
                        .devices = H5I_INVALID_HID};
    es_status status = ES_OK;
    if (steps->file < 0)
        status = es_errors_add(errors, ES_NO_INPUT, path, 0, "cannot be opened again");
    if (status == ES_OK && result->n_groups > 1)
        status = open_devices(steps, errors);
    for (size_t c = 0; c < n_columns && status == ES_OK; c++) {
        hid_t variable = H5Dopen2(steps->file, columns[c], H5P_DEFAULT);
        steps->names[c] = columns[c];
        steps->columns[c] = variable;
        steps->n_columns = c + 1;
        if (!is_column(variable, result))
            status = damaged(steps, columns[c], errors);
    }
    if (status != ES_OK) {
        es_steps_close(steps);
        return status;
    }
    *out = steps;
    return ES_OK;
}

void es_steps_close(es_steps *steps) {
    if (steps == NULL)
        return;
    for (size_t c = 0; c < steps->n_columns; c++)
        if (steps->columns[c] >= 0)
            H5Dclose(steps->columns[c]);
    if (steps->devices >= 0)
        H5Dclose(steps->devices);
    if (steps->file >= 0)
        H5Fclose(steps->file);
    free(steps->device);
    free(steps);
}

static bool read_rows(const es_steps *steps, hid_t column, size_t replication, size_t policy,
                      size_t from, size_t n, double *values) {
    hsize_t start[] = {replication, policy, from}, count[] = {1, 1, n};
    int first = steps->result->n_replications > 1 ? 0 : 1; /* dimension */
    hid_t memory = H5Screate_simple(1, &count[2], NULL), space = H5Dget_space(column);
    bool sound =
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start + first, NULL, count + first, NULL) >= 0 &&
        H5Dread(column, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, values) >= 0;
    H5Sclose(space);
    H5Sclose(memory);
    return sound;
}

/* From numbers within the cuts of a device's group to numbers over all groups. */
static bool number_cuts(const es_steps *steps, size_t replication, size_t policy, size_t from,
                        size_t n, double *cuts) {
    const es_result *result = steps->result;
    for (size_t at = 0; at < n; at += ES_STEPS_BLOCK) {
        size_t block = n - at < ES_STEPS_BLOCK ? n - at : ES_STEPS_BLOCK;
        if (!read_rows(steps, steps->devices, replication, policy, from + at, block, steps->device))
            return false;
        for (size_t i = 0; i < block; i++) {
            size_t group = es_result_group_of(result, steps->device[i]), first_cut = 0;
            while (first_cut < result->n_cuts && (size_t)result->cut_groups[first_cut] < group)
                first_cut++;
            cuts[at + i] += (double)first_cut;
        }
    }
    return true;
}

es_status es_steps_read(es_steps *steps, size_t replication, size_t policy, size_t from, size_t n,
                        double *const *values, es_errors *errors) {
    for (size_t c = 0; c < steps->n_columns && n > 0; c++)
        if (!read_rows(steps, steps->columns[c], replication, policy, from, n, values[c]) ||
            (steps->devices >= 0 && strcmp(steps->names[c], "split_index") == 0 &&
             !number_cuts(steps, replication, policy, from, n, values[c])))
            return damaged(steps, steps->names[c], errors);
    return ES_OK;
}
