/* The per-step tables of a sweep's runs in one group: copied, or referred to as virtual datasets.
 */
#include "columns.h"
#include "cube_parts.h"

#include "edgesplit/alloc.h"

#include <string.h>

/* Chunks are as large as those of a single result, or hold a whole small table. */
static void describe_columns(es_cube *cube) {
    cube_steps *steps = &cube->steps;
    const es_cube_layout *layout = cube->layout;
    const size_t n_axes = layout->n_axes;
    size_t chunk = layout->n_steps < ES_BLOCK_STEPS ? layout->n_steps : ES_BLOCK_STEPS;
    size_t rows = chunk > 0 ? ES_BLOCK_STEPS / chunk : 0;
    for (size_t c = 0; c < ES_N_COLUMNS; c++) {
        const struct column *column = &columns[c];
        nc_spec *spec = &steps->specs[c];
        *spec = (nc_spec){.group = steps->group,
                          .name = column->name,
                          .units = column->units,
                          .long_name = column->long_name,
                          .type = column_type(c),
                          .rank = (int)n_axes + 2,
                          .chunk = layout->refers ? 0 : chunk,
                          .rows = rows < layout->n_policies ? rows : layout->n_policies,
                          .compress = true,
                          .fill = column_padding(c),
                          .list = layout->refers ? nc_dataset_list(&cube->nc) : 0};
        for (size_t i = 0; i < n_axes; i++)
            spec->dimensions[i] = &steps->axes[i];
        spec->dimensions[n_axes] = &steps->policy;
        spec->dimensions[n_axes + 1] = &steps->step;
    }
}

static void define_column(es_cube *cube, size_t c) {
    cube_steps *steps = &cube->steps;
    steps->columns[c] = nc_define(&cube->nc, &steps->specs[c]);
    cube_add_coordinates(cube, steps->columns[c],
                         c != ES_COLUMN_arrival_time ? "arrival_time" : "");
    if (c == ES_COLUMN_status)
        column_describe_status(&cube->nc, steps->columns[c]);
}

static void define_columns(es_cube *cube) {
    for (size_t c = 0; c < ES_N_COLUMNS; c++)
        if (cube->steps.has[c])
            define_column(cube, c);
}

void cube_begin_steps(es_cube *cube) {
    netcdf *nc = &cube->nc;
    cube_steps *steps = &cube->steps;
    const es_cube_layout *layout = cube->layout;
    int64_t n_sources = (int64_t)layout->n_sources;
    int64_t *numbers = es_alloc(layout->n_steps, sizeof *numbers);
    steps->block = es_alloc(1, sizeof *steps->block);
    nc->failed = nc->failed || numbers == NULL || steps->block == NULL;
    if (!nc->failed) {
        for (size_t i = 0; i < layout->n_steps; i++)
            numbers[i] = (int64_t)i;
        steps->group = nc_group(nc, "per_step");
        cube_define_axes(cube, steps->group, steps->axes);
        steps->policy =
            nc_text_dimension(nc, steps->group, "policy", "policy, by its section's name",
                              layout->n_policies, layout->policies);
        steps->step = nc_index_dimension(nc, steps->group, "step",
                                         "number of the request, in order of arrival",
                                         layout->n_steps, numbers);
        if (layout->refers && !nc->failed)
            nc_number_attribute(nc, steps->group, "n_sources", H5T_NATIVE_INT64, &n_sources, 1);
        describe_columns(cube);
        for (size_t c = 0; c < ES_N_COLUMNS; c++)
            steps->has[c] = !column_is_optional(c);
        if (!layout->refers)
            define_columns(cube);
    }
    free(numbers);
}

void cube_end_steps(es_cube *cube) {
    define_columns(cube);
}

void cube_close_steps(es_cube *cube) {
    for (size_t c = 0; c < ES_N_COLUMNS; c++)
        if (cube->steps.specs[c].list > 0)
            H5Pclose(cube->steps.specs[c].list);
    free(cube->steps.block);
}

/* How many dimensions a variable of a file has; -1: there is no such variable. */
static int rank_of(hid_t file, const char *name) {
    hid_t variable = H5Lexists(file, name, H5P_DEFAULT) > 0 ? H5Dopen2(file, name, H5P_DEFAULT)
                                                            : H5I_INVALID_HID;
    if (variable < 0)
        return -1;
    hid_t space = H5Dget_space(variable);
    int rank = H5Sget_simple_extent_ndims(space);
    H5Sclose(space);
    H5Dclose(variable);
    return rank;
}

/* Whether a variable has this many rows and steps. */
static bool has_extent(hid_t variable, size_t n_policies, size_t n_steps) {
    hsize_t extent[2] = {0};
    hid_t space = H5Dget_space(variable);
    bool same = H5Sget_simple_extent_ndims(space) == 2 &&
                H5Sget_simple_extent_dims(space, extent, NULL) == 2 && extent[0] == n_policies &&
                extent[1] == n_steps;
    H5Sclose(space);
    return same;
}

/* Rows `first` .. `first + n - 1` of a result, which are neighbours in the cube as well. */
typedef struct row_range {
    size_t first, n;
} row_range;

static void copy_rows(es_cube *cube, size_t c, const es_cube_result *result, const row_range *rows,
                      netcdf *from, hid_t source) {
    const nc_spec *spec = &cube->steps.specs[c];
    const size_t n_axes = cube->layout->n_axes;
    char *values = (char *)cube->steps.block + columns[c].offset;
    hsize_t start[2], count[2], at[NC_MAX_RANK], n[NC_MAX_RANK];
    for (size_t i = 0; i < n_axes; i++) {
        at[i] = result->at[i];
        n[i] = 1;
    }
    for (size_t row = 0; row < rows->n; row += count[0]) {
        start[0] = rows->first + row;
        count[0] = spec->rows < rows->n - row ? spec->rows : rows->n - row;
        at[n_axes] = result->policies[start[0]];
        n[n_axes] = count[0];
        for (size_t step = 0; step < result->n_steps; step += count[1]) {
            size_t left = result->n_steps - step;
            at[n_axes + 1] = start[1] = step;
            n[n_axes + 1] = count[1] = left < spec->chunk ? left : spec->chunk;
            nc_read(from, source, spec->type, 2, start, count, values);
            if (!from->failed)
                nc_write(&cube->nc, cube->steps.columns[c], spec->type, spec->rank, at, n, values);
        }
    }
}

/* HDF5 takes "%" in the name of a file for its own use; twice it is one. Creates the name. */
static char *escape_name(const char *name) {
    es_text text = {0};
    es_text_add(&text, "%s", "");
    for (; *name != '\0'; name++)
        es_text_add(&text, *name == '%' ? "%%%%" : "%c", *name);
    if (text.failed) {
        free(text.data);
        return NULL;
    }
    return text.data;
}

static void refer_to_rows(es_cube *cube, size_t c, const es_cube_result *result,
                          const row_range *rows) {
    netcdf *nc = &cube->nc;
    const nc_spec *spec = &cube->steps.specs[c];
    const size_t n_axes = cube->layout->n_axes;
    hsize_t extent[NC_MAX_RANK], at[NC_MAX_RANK], n[NC_MAX_RANK];
    hsize_t source_extent[] = {result->n_policies, result->n_steps};
    hsize_t start[] = {rows->first, 0}, count[] = {rows->n, result->n_steps};
    for (size_t i = 0; i < n_axes; i++) {
        extent[i] = spec->dimensions[i]->length;
        at[i] = result->at[i];
        n[i] = 1;
    }
    extent[n_axes] = cube->layout->n_policies;
    extent[n_axes + 1] = cube->layout->n_steps;
    at[n_axes] = result->policies[rows->first];
    at[n_axes + 1] = 0;
    n[n_axes] = count[0];
    n[n_axes + 1] = count[1];
    char *name = escape_name(result->name);
    hid_t space = H5Screate_simple(spec->rank, extent, NULL);
    hid_t source = H5Screate_simple(2, source_extent, NULL);
    nc->failed = nc->failed || name == NULL;
    if (!nc->failed) {
        nc_check(nc, H5Sselect_hyperslab(space, H5S_SELECT_SET, at, NULL, n, NULL));
        nc_check(nc, H5Sselect_hyperslab(source, H5S_SELECT_SET, start, NULL, count, NULL));
        nc_check(nc, H5Pset_virtual(spec->list, space, name, spec->name, source));
    }
    H5Sclose(space);
    H5Sclose(source);
    free(name);
}

static void put_column(es_cube *cube, size_t c, const es_cube_result *result, netcdf *from) {
    cube_steps *steps = &cube->steps;
    /* A variable of a study may have the name of a column that its runs do not need: a scalar. */
    if (column_is_optional(c) && rank_of(from->file, columns[c].name) <= 0)
        return;
    if (!steps->has[c] && !cube->layout->refers)
        define_column(cube, c);
    steps->has[c] = true;
    hid_t source = H5Dopen2(from->file, columns[c].name, H5P_DEFAULT);
    if (source < 0 || !has_extent(source, result->n_policies, result->n_steps)) {
        from->failed = true;
    } else if (result->n_steps > 0) {
        row_range rows = {0};
        for (; rows.first < result->n_policies; rows.first += rows.n) {
            size_t first = rows.first;
            for (rows.n = 1; first + rows.n < result->n_policies &&
                             result->policies[first + rows.n] == result->policies[first] + rows.n;)
                rows.n++;
            if (cube->layout->refers)
                refer_to_rows(cube, c, result, &rows);
            else
                copy_rows(cube, c, result, &rows, from, source);
        }
    }
    if (source >= 0)
        H5Dclose(source);
}

es_status es_cube_put_steps(es_cube *cube, const es_cube_result *result, es_errors *errors) {
    netcdf from;
    nc_open(&from, result->path);
    bool replicated = !from.failed && rank_of(from.file, columns[ES_COLUMN_status].name) == 3;
    for (size_t c = 0; c < ES_N_COLUMNS && !replicated && !from.failed && !cube->nc.failed; c++)
        put_column(cube, c, result, &from);
    if (!nc_close(&from))
        return es_errors_add(errors, ES_INVALID, result->path, 0,
                             "is not the result of this run, or is damaged: remove it and run "
                             "the sweep with --steps again");
    if (replicated)
        return es_errors_add(
            errors, ES_INVALID, result->path, 0,
            "has several replications, and the joined tables have none: --steps is "
            "for runs of one, which [sweep] repeat makes as many of");
    return cube->nc.failed ? cube_failure(cube, errors) : ES_OK;
}
