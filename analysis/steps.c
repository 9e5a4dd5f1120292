#include "steps.h"

#include "edgesplit/alloc.h"

#include <hdf5.h>

struct es_steps {
    const char *path;
    hid_t file;
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
    hsize_t lengths[2] = {0, 0}, longest = 0;
    hid_t space = H5Dget_space(variable), type = H5Dget_type(variable);
    H5T_class_t class = H5Tget_class(type);
    for (size_t p = 0; p < result->n_policies; p++)
        if ((hsize_t)result->n_steps[p] > longest)
            longest = (hsize_t)result->n_steps[p];
    bool is = (class == H5T_FLOAT || class == H5T_INTEGER) &&
              H5Sget_simple_extent_ndims(space) == 2 &&
              H5Sget_simple_extent_dims(space, lengths, NULL) == 2 &&
              lengths[0] == result->n_policies && lengths[1] >= longest;
    H5Tclose(type);
    H5Sclose(space);
    return is;
}

es_status es_steps_open(const char *path, const es_result *result, size_t n_columns,
                        const char *const *columns, es_steps **out, es_errors *errors) {
    ES_REQUIRE(n_columns <= ES_STEPS_MOST_COLUMNS);
    es_steps *steps = es_alloc(1, sizeof *steps);
    if (steps == NULL)
        return es_errors_no_memory(errors, path);
    *steps = (es_steps){.path = path, .file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT)};
    es_status status = ES_OK;
    if (steps->file < 0)
        status = es_errors_add(errors, ES_NO_INPUT, path, 0, "cannot be opened again");
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
    if (steps->file >= 0)
        H5Fclose(steps->file);
    free(steps);
}

es_status es_steps_read(es_steps *steps, size_t policy, size_t from, size_t n,
                        double *const *values, es_errors *errors) {
    hsize_t start[] = {policy, from}, count[] = {1, n};
    if (n == 0)
        return ES_OK;
    hid_t memory = H5Screate_simple(1, &count[1], NULL);
    es_status status = ES_OK;
    for (size_t c = 0; c < steps->n_columns && status == ES_OK; c++) {
        hid_t space = H5Dget_space(steps->columns[c]);
        if (H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
            H5Dread(steps->columns[c], H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, values[c]) <
                0)
            status = damaged(steps, steps->names[c], errors);
        H5Sclose(space);
    }
    H5Sclose(memory);
    return status;
}
