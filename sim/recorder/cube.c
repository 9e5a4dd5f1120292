#include "columns.h"
#include "cube_parts.h"

#include "edgesplit/alloc.h"

#include <string.h>

es_status cube_failure(es_cube *cube, es_errors *errors) {
    if (cube->nc.cause[0] == '\0')
        return es_errors_no_memory(errors, cube->publication.final);
    return es_errors_add(errors, ES_IO, cube->publication.final, 0, "cannot be written: %s",
                         cube->nc.cause);
}

void cube_define_axes(es_cube *cube, hid_t group, nc_dimension axes[ES_CUBE_MAX_AXES]) {
    netcdf *nc = &cube->nc;
    const es_cube_layout *layout = cube->layout;
    for (size_t i = 0; i < layout->n_axes; i++) {
        const es_cube_axis *axis = &layout->axes[i];
        nc_spec spec = {.group = group,
                        .name = axis->name,
                        .units = "1",
                        .long_name = axis->long_name,
                        .type = H5T_NATIVE_DOUBLE};
        axes[i] =
            axis->texts != NULL
                ? nc_text_dimension(nc, group, axis->name, axis->long_name, axis->n, axis->texts)
                : nc_define_dimension(nc, &spec, false, axis->n, axis->numbers);
    }
    for (size_t i = 0; i < layout->n_coordinates; i++) {
        const es_cube_coordinate *coordinate = &layout->coordinates[i];
        bool is_text = coordinate->texts != NULL;
        hid_t type = nc_string_type();
        nc_spec spec = {.group = group,
                        .name = coordinate->name,
                        .units = is_text ? NULL : "1",
                        .long_name = coordinate->long_name,
                        .type = is_text ? type : H5T_NATIVE_DOUBLE,
                        .rank = 1,
                        .dimensions = {&axes[coordinate->axis]}};
        nc_put(nc, &spec,
               is_text ? (const void *)coordinate->texts : (const void *)coordinate->numbers);
        H5Tclose(type);
    }
}

void cube_add_coordinates(es_cube *cube, hid_t variable, const char *first) {
    const es_cube_layout *layout = cube->layout;
    es_text names = {0};
    es_text_add(&names, "%s", first);
    for (size_t i = 0; i < layout->n_coordinates; i++)
        es_text_add(&names, "%s%s", names.length > 0 ? " " : "", layout->coordinates[i].name);
    cube->nc.failed = cube->nc.failed || names.failed;
    if (!cube->nc.failed && names.length > 0)
        nc_text_attribute(&cube->nc, variable, "coordinates", names.data);
    free(names.data);
}

static size_t stations_of(const es_cube_layout *layout) {
    return es_record_stations(&(es_run_record){.has_cloud = layout->has_cloud});
}

static void define_variables(es_cube *cube) {
    static const char *const figures[][3] = {
#define ES_SUMMARY(name, units, long_name) {#name, units, long_name},
#include "edgesplit/summary.def"
#undef ES_SUMMARY
    };
    netcdf *nc = &cube->nc;
    const int n_axes = (int)cube->layout->n_axes;
    nc_spec spec = {.group = nc->file, .type = H5T_NATIVE_INT8, .units = "1", .rank = n_axes};
    for (int i = 0; i < n_axes; i++)
        spec.dimensions[i] = &cube->axes[i];
    spec.name = "run_state";
    spec.long_name = "what became of the run";
    cube->state = nc_define(nc, &spec);
    int8_t flags[] = {0, 1, 2};
    if (!nc->failed) {
        nc_number_attribute(nc, cube->state, "flag_values", H5T_NATIVE_INT8, flags, 3);
        nc_text_attribute(nc, cube->state, "flag_meanings", "done failed missing");
    }
    cube_add_coordinates(cube, cube->state, "");
    spec.type = H5T_NATIVE_DOUBLE;
    spec.rank = n_axes + 1;
    spec.dimensions[n_axes] = &cube->policy;
    for (size_t f = 0; f < ES_N_SUMMARY; f++) {
        if (!figure_is_kept(f, cube->layout->has_cloud, cube->layout->has_exits))
            continue;
        spec.name = figures[f][0];
        spec.units = figures[f][1];
        spec.long_name = figures[f][2];
        cube->figures[f] = nc_define(nc, &spec);
        cube_add_coordinates(cube, cube->figures[f], "");
    }
    spec.units = "1";
    spec.name = "n_steps";
    spec.long_name = "steps of the policy, warm-up included";
    cube->n_steps = nc_define(nc, &spec);
    cube_add_coordinates(cube, cube->n_steps, "");
    const struct {
        const char *name, *long_name;
        nc_dimension *last;
    } tables[N_TABLES] = {
        {"cut_share", "share of steps in which the cut was chosen", &cube->cut},
        {"utilisation", "share of the time with a request in service", &cube->station},
        {"queue_length", "time average of the requests waiting or in service", &cube->station},
        {"gain_mean_of_ratios",
         "mean of (baseline - policy) / baseline over the steps both completed", &cube->baseline},
        {"gain_ratio_of_means", "1 - sum of latencies / sum of the baseline's over those steps",
         &cube->baseline},
    };
    spec.rank = n_axes + 2;
    for (size_t i = 0; i < N_TABLES; i++) {
        spec.name = tables[i].name;
        spec.long_name = tables[i].long_name;
        spec.dimensions[n_axes + 1] = tables[i].last;
        cube->tables[i] = nc_define(nc, &spec);
        cube_add_coordinates(cube, cube->tables[i], "");
    }
}

static void define_inner(es_cube *cube) {
    netcdf *nc = &cube->nc;
    const es_cube_layout *layout = cube->layout;
    const char *stations[ES_N_STATIONS];
    const size_t n_stations = stations_of(layout);
    for (size_t s = 0; s < n_stations; s++)
        stations[s] = es_station_text((es_station)s);
    int64_t *cuts = es_alloc(layout->n_cuts, sizeof *cuts);
    nc->failed = nc->failed || cuts == NULL;
    if (nc->failed)
        return;
    for (size_t i = 0; i < layout->n_cuts; i++)
        cuts[i] = (int64_t)i;
    cube->policy = nc_text_dimension(nc, nc->file, "policy", "policy, by its section's name",
                                     layout->n_policies, layout->policies);
    cube->baseline = nc_text_dimension(nc, nc->file, "baseline", "policy compared with",
                                       layout->n_policies, layout->policies);
    cube->cut = nc_index_dimension(nc, nc->file, "cut", "cut", layout->n_cuts, cuts);
    cube->station = nc_text_dimension(nc, nc->file, "station", "station", n_stations, stations);
    free(cuts);
}

static void define_all(es_cube *cube) {
    netcdf *nc = &cube->nc;
    const es_cube_layout *layout = cube->layout;
    const char *const texts[][2] = {
        {"Conventions", "CF-1.10"},   {"source", layout->program},
        {"format", "edgesplit-cube"}, {"format_version", ES_RESULT_FORMAT},
        {"study", layout->study},     {"config", layout->config},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        nc_text_attribute(nc, nc->file, texts[i][0], texts[i][1]);
    cube_define_axes(cube, nc->file, cube->axes);
    define_inner(cube);
    if (!nc->failed)
        define_variables(cube);
    nc_put_text(nc, nc->file, "study_ini", "the study", NULL, &layout->study_ini);
    if (layout->has_steps)
        cube_begin_steps(cube);
}

es_status es_cube_create(const es_cube_layout *layout, const char *path, bool replace,
                         es_cube **out, es_errors *errors) {
    es_cube *cube = es_alloc(1, sizeof *cube);
    if (cube == NULL)
        return es_errors_no_memory(errors, path);
    cube->layout = layout;
    cube->nc.file = H5I_INVALID_HID;
    es_status status = es_publication_init(&cube->publication, path, replace, errors);
    if (status == ES_OK) {
        nc_create(&cube->nc, cube->publication.temporary, layout->refers);
        if (!cube->nc.failed)
            define_all(cube);
        if (cube->nc.failed)
            status = cube_failure(cube, errors);
    }
    if (status != ES_OK) {
        es_cube_close(cube);
        return status;
    }
    *out = cube;
    return ES_OK;
}

es_status es_cube_put(es_cube *cube, const size_t *start, const size_t *count,
                      const es_cube_values *values, es_errors *errors) {
    netcdf *nc = &cube->nc;
    const es_cube_layout *layout = cube->layout;
    const int n_axes = (int)layout->n_axes;
    hsize_t from[NC_MAX_RANK] = {0}, n[NC_MAX_RANK] = {0};
    for (int i = 0; i < n_axes; i++) {
        from[i] = start[i];
        n[i] = count[i];
    }
    n[n_axes] = layout->n_policies;
    nc_write(nc, cube->state, H5T_NATIVE_INT8, n_axes, from, n, values->state);
    for (size_t f = 0; f < ES_N_SUMMARY; f++)
        if (figure_is_kept(f, layout->has_cloud, layout->has_exits))
            nc_write(nc, cube->figures[f], H5T_NATIVE_DOUBLE, n_axes + 1, from, n,
                     values->figures[f]);
    nc_write(nc, cube->n_steps, H5T_NATIVE_DOUBLE, n_axes + 1, from, n, values->n_steps);
    const struct {
        size_t last;
        const double *values;
    } tables[N_TABLES] = {
        {layout->n_cuts, values->cut_share},
        {stations_of(layout), values->utilisation},
        {stations_of(layout), values->queue_length},
        {layout->n_policies, values->gain_mean_of_ratios},
        {layout->n_policies, values->gain_ratio_of_means},
    };
    for (size_t i = 0; i < N_TABLES; i++) {
        n[n_axes + 1] = tables[i].last;
        nc_write(nc, cube->tables[i], H5T_NATIVE_DOUBLE, n_axes + 2, from, n, tables[i].values);
    }
    return nc->failed ? cube_failure(cube, errors) : ES_OK;
}

es_status es_cube_publish(es_cube *cube, es_errors *errors) {
    if (cube->layout->refers)
        cube_end_steps(cube);
    return nc_close(&cube->nc) ? es_publication_commit(&cube->publication, errors)
                               : cube_failure(cube, errors);
}

void es_cube_close(es_cube *cube) {
    if (cube == NULL)
        return;
    cube_close_steps(cube);
    nc_close(&cube->nc);
    es_publication_fini(&cube->publication);
    free(cube);
}
