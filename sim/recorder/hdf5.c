/* The result file: analysis/FORMAT.md is its description. */
#include "context.h"
#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "edgesplit/number.h"
#include "edgesplit/recorder.h"
#include "netcdf.h"

#include <math.h>
#include <string.h>

typedef struct hdf5_sink {
    es_publication publication;
    const es_run_record *record;
    netcdf nc;
    nc_dimension policy, step;
    hid_t columns[ES_N_COLUMNS];
    nc_dimension series_policy, series_station, time;
    hid_t series_group, utilisation, queue_length, uplink_rate, server_load;
    uint64_t *n_steps; /* [policy] */
    es_block *padding;
} hdf5_sink;

struct column {
    const char *name, *units, *long_name;
    size_t offset, size; /* in es_block, of one value */
    bool is_double;
};

#define IS_DOUBLE(type) _Generic((type){0}, double : true, default : false)
static const struct column columns[ES_N_COLUMNS] = {
#define ES_COLUMN(name, type, units, long_name)                                                    \
    {#name, units, long_name, offsetof(es_block, name), sizeof(type), IS_DOUBLE(type)},
#include "edgesplit/column.def"
#undef ES_COLUMN
};

static hid_t column_type(const struct column *column) {
    if (column->is_double)
        return H5T_NATIVE_DOUBLE;
    return column->size == 8   ? H5T_NATIVE_INT64
           : column->size == 4 ? H5T_NATIVE_INT32
                               : H5T_NATIVE_INT8;
}

/* HDF5 failed, and said why; or an allocation of ours did. */
static es_status failure(hdf5_sink *sink, es_errors *errors) {
    if (sink->nc.cause[0] == '\0')
        return es_errors_no_memory(errors, sink->publication.final);
    return es_errors_add(errors, ES_IO, sink->publication.final, 0, "cannot be written: %s",
                         sink->nc.cause);
}

static void write_attributes(hdf5_sink *sink) {
    netcdf *nc = &sink->nc;
    const es_run_record *record = sink->record;
    const struct {
        const char *name, *value;
    } texts[] = {
        {"Conventions", "CF-1.10"},           {"title", record->title},
        {"source", record->program},          {"format", "edgesplit-result"},
        {"format_version", ES_RESULT_FORMAT}, {"model", record->model},
        {"granularity", record->granularity}, {"mode", record->mode},
        {"states", record->states},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        nc_text_attribute(nc, nc->file, texts[i].name, texts[i].value);
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"input_bytes_per_element", record->input_bytes_per_element},
        {"feature_bytes_per_element", record->feature_bytes_per_element},
        {"header_bytes", record->header_bytes},
        {"warmup_s", record->warmup_s},
        {"batch_extrapolated", record->batch_extrapolated},
    };
    nc_number_attribute(nc, nc->file, "seed", H5T_NATIVE_INT64, &record->seed, 1);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        nc_number_attribute(nc, nc->file, numbers[i].name, H5T_NATIVE_DOUBLE, &numbers[i].value, 1);
}

static void define_columns(hdf5_sink *sink) {
    netcdf *nc = &sink->nc;
    const es_run_record *record = sink->record;
    sink->policy = nc_text_dimension(nc, nc->file, "policy", "policy, by its section's name",
                                     record->n_policies, record->policy_names);
    sink->step =
        nc_define_dimension(nc,
                            &(nc_spec){.group = nc->file,
                                       .name = "step",
                                       .units = "1",
                                       .long_name = "number of the request, in order of arrival",
                                       .type = H5T_NATIVE_INT64,
                                       .chunk = ES_BLOCK_STEPS,
                                       .compress = record->compress},
                            true, 0, NULL);
    nc_put_text(nc, nc->file, "policy_type", "the policy's algorithm", &sink->policy,
                record->policy_types);
    char *coordinates = context_coordinates(nc, record);
    for (size_t c = 0; c < ES_N_COLUMNS && !nc->failed; c++) {
        nc_spec spec = {.group = nc->file,
                        .name = columns[c].name,
                        .units = columns[c].units,
                        .long_name = columns[c].long_name,
                        .type = column_type(&columns[c]),
                        .rank = 2,
                        .dimensions = {&sink->policy, &sink->step},
                        .chunk = ES_BLOCK_STEPS,
                        .compress = record->compress};
        sink->columns[c] = nc_define(nc, &spec);
        if (c != ES_COLUMN_arrival_time)
            nc_text_attribute(nc, sink->columns[c], "coordinates", coordinates);
    }
    free(coordinates);
    if (nc->failed)
        return;
    int8_t values[] = {ES_STEP_COMPLETED, ES_STEP_LATE, ES_STEP_DROPPED, ES_STEP_UNFINISHED,
                       ES_STEP_PADDING};
    nc_number_attribute(nc, sink->columns[ES_COLUMN_status], "flag_values", H5T_NATIVE_INT8, values,
                        sizeof values);
    nc_text_attribute(nc, sink->columns[ES_COLUMN_status], "flag_meanings",
                      "completed late dropped unfinished padding");
}

static void define_series(hdf5_sink *sink) {
    netcdf *nc = &sink->nc;
    const es_run_record *record = sink->record;
    if (!(record->series_period_s > 0))
        return;
    const char *stations[ES_N_STATIONS];
    for (size_t s = 0; s < ES_N_STATIONS; s++)
        stations[s] = es_station_text((es_station)s);
    hid_t group = sink->series_group = nc_group(nc, "series");
    sink->series_policy =
        nc_text_dimension(nc, group, "policy", "policy", record->n_policies, record->policy_names);
    sink->series_station =
        nc_text_dimension(nc, group, "station", "station", ES_N_STATIONS, stations);
    nc_spec spec = {.group = group,
                    .name = "time",
                    .units = "s",
                    .long_name = "end of the interval",
                    .type = H5T_NATIVE_DOUBLE,
                    .rank = 3,
                    .dimensions = {&sink->series_policy, &sink->series_station, &sink->time},
                    .chunk = ES_SERIES_SAMPLES,
                    .compress = record->compress};
    sink->time = nc_define_dimension(nc, &spec, true, 0, NULL);
    spec.units = "1";
    spec.name = "utilisation";
    spec.long_name = "share of the interval with a request in service";
    sink->utilisation = nc_define(nc, &spec);
    spec.name = "queue_length";
    spec.long_name = "mean number of requests waiting or in service";
    sink->queue_length = nc_define(nc, &spec);
    spec.rank = 1;
    spec.dimensions[0] = &sink->time;
    spec.name = "server_load";
    spec.long_name = "mean load of the server by others";
    sink->server_load = nc_define(nc, &spec);
    spec.units = "bit/s";
    spec.name = "uplink_rate";
    spec.long_name = "mean data rate of the uplink";
    sink->uplink_rate = nc_define(nc, &spec);
}

static void close_sink(void *context) {
    hdf5_sink *sink = context;
    if (sink == NULL)
        return;
    nc_close(&sink->nc);
    es_publication_fini(&sink->publication);
    free(sink->padding);
    free(sink->n_steps);
    free(sink);
}

static es_status open_sink(const es_run_record *record, const char *path, bool replace, void **out,
                           es_errors *errors) {
    hdf5_sink *sink = es_alloc(1, sizeof *sink);
    if (sink == NULL)
        return es_errors_no_memory(errors, path);
    sink->record = record;
    sink->nc.file = H5I_INVALID_HID;
    sink->n_steps = es_alloc(record->n_policies, sizeof *sink->n_steps);
    es_status status = sink->n_steps != NULL
                           ? es_publication_init(&sink->publication, path, replace, errors)
                           : es_errors_no_memory(errors, path);
    if (status != ES_OK)
        goto done;
    status = context_check(record, path, errors);
    if (status != ES_OK)
        goto done;
    nc_create(&sink->nc, sink->publication.temporary);
    if (!sink->nc.failed) {
        write_attributes(sink);
        define_columns(sink);
        context_put_parameters(&sink->nc, record);
        define_series(sink);
        context_put_cuts(&sink->nc, record);
        context_put_inputs(&sink->nc, record);
        nc_put_text(&sink->nc, sink->nc.file, "scenario_ini", "the scenario file", NULL,
                    &record->scenario_ini);
        nc_put_text(&sink->nc, sink->nc.file, "scenario_resolved", "every key with its value", NULL,
                    &record->scenario_resolved);
    }
    if (sink->nc.failed)
        status = failure(sink, errors);
done:
    if (status != ES_OK) {
        close_sink(sink);
        return status;
    }
    *out = sink;
    return ES_OK;
}

/* Makes the per-step table at least `n` steps long. */
static void extend_steps(hdf5_sink *sink, hsize_t n) {
    if (n <= sink->step.length)
        return;
    hsize_t extent[] = {sink->policy.length, n};
    for (size_t c = 0; c < ES_N_COLUMNS && !sink->nc.failed; c++)
        nc_check(&sink->nc, H5Dset_extent(sink->columns[c], extent));
    sink->step.length = n;
}

static es_status write_steps(void *context, size_t policy, uint64_t first, const es_block *block,
                             es_errors *errors) {
    hdf5_sink *sink = context;
    hsize_t start[] = {policy, first}, count[] = {1, block->n};
    /* A whole chunk without filters goes to the file as it is. */
    bool direct =
        !sink->record->compress && block->n == ES_BLOCK_STEPS && first % ES_BLOCK_STEPS == 0;
    extend_steps(sink, first + block->n);
    for (size_t c = 0; c < ES_N_COLUMNS && !sink->nc.failed; c++) {
        const char *values = (const char *)block + columns[c].offset;
        if (direct)
            nc_check(&sink->nc, H5Dwrite_chunk(sink->columns[c], H5P_DEFAULT, 0, start,
                                               ES_BLOCK_STEPS * columns[c].size, values));
        else
            nc_write(&sink->nc, sink->columns[c], column_type(&columns[c]), 2, start, count,
                     values);
    }
    sink->n_steps[policy] = first + block->n;
    return sink->nc.failed ? failure(sink, errors) : ES_OK;
}

static es_status write_series(void *context, size_t policy, uint64_t first, const es_series *series,
                              es_errors *errors) {
    hdf5_sink *sink = context;
    netcdf *nc = &sink->nc;
    hsize_t start[] = {policy, 0, first}, count[] = {1, 1, series->n};
    if (first + series->n > sink->time.length) {
        sink->time.length = first + series->n;
        hsize_t extent[] = {sink->series_policy.length, ES_N_STATIONS, sink->time.length};
        hid_t shared[] = {sink->time.scale, sink->uplink_rate, sink->server_load};
        const double *values[] = {series->end_s, series->uplink_rate_bps, series->server_load};
        nc_check(nc, H5Dset_extent(sink->utilisation, extent));
        nc_check(nc, H5Dset_extent(sink->queue_length, extent));
        for (size_t i = 0; i < 3; i++) {
            nc_check(nc, H5Dset_extent(shared[i], &sink->time.length));
            nc_write(nc, shared[i], H5T_NATIVE_DOUBLE, 1, &start[2], &count[2], values[i]);
        }
    }
    for (size_t s = 0; s < ES_N_STATIONS; s++) {
        start[1] = s;
        nc_write(nc, sink->utilisation, H5T_NATIVE_DOUBLE, 3, start, count, series->utilisation[s]);
        nc_write(nc, sink->queue_length, H5T_NATIVE_DOUBLE, 3, start, count,
                 series->queue_length[s]);
    }
    return nc->failed ? failure(sink, errors) : ES_OK;
}

static es_status read_column(void *context, es_column column, size_t policy, uint64_t first,
                             size_t n, double *values, es_errors *errors) {
    hdf5_sink *sink = context;
    hsize_t start[] = {policy, first}, count[] = {1, n};
    nc_read(&sink->nc, sink->columns[column], 2, start, count, values);
    return sink->nc.failed ? failure(sink, errors) : ES_OK;
}

/* Rows of policies that ended early: doubles NaN, integers 0, but for the cut and the status. */
static es_status pad(hdf5_sink *sink, es_errors *errors) {
    es_status status = ES_OK;
    for (size_t p = 0; p < sink->record->n_policies && status == ES_OK; p++) {
        uint64_t counted = sink->n_steps[p];
        if (counted < sink->step.length && sink->padding == NULL) {
            sink->padding = es_alloc(1, sizeof *sink->padding);
            if (sink->padding == NULL)
                return es_errors_no_memory(errors, sink->publication.final);
            for (size_t c = 0; c < ES_N_COLUMNS; c++)
                for (size_t i = 0; i < ES_BLOCK_STEPS && columns[c].is_double; i++)
                    ((double *)((char *)sink->padding + columns[c].offset))[i] = ES_NAN;
            for (size_t i = 0; i < ES_BLOCK_STEPS; i++) {
                sink->padding->split_index[i] = -1;
                sink->padding->status[i] = ES_STEP_PADDING;
            }
        }
        for (uint64_t at = counted; at < sink->step.length && status == ES_OK;
             at += sink->padding->n) {
            uint64_t left = sink->step.length - at, in_chunk = ES_BLOCK_STEPS - at % ES_BLOCK_STEPS;
            sink->padding->n = (size_t)(left < in_chunk ? left : in_chunk);
            status = write_steps(sink, p, at, sink->padding, errors);
        }
        sink->n_steps[p] = counted;
    }
    return status;
}

static void write_step_numbers(hdf5_sink *sink) {
    netcdf *nc = &sink->nc;
    int64_t numbers[1024];
    nc_check(nc, H5Dset_extent(sink->step.scale, &sink->step.length));
    for (hsize_t first = 0; first < sink->step.length; first += 1024) {
        hsize_t left = sink->step.length - first, n = left < 1024 ? left : 1024;
        for (hsize_t i = 0; i < n; i++)
            numbers[i] = (int64_t)(first + i);
        nc_write(nc, sink->step.scale, H5T_NATIVE_INT64, 1, &first, &n, numbers);
    }
}

static void write_figures(netcdf *nc, hid_t group, nc_dimension *policy,
                          const es_run_record *record, const es_summary *summary, double *values) {
    static const char *const figures[][3] = {
#define ES_SUMMARY(name, units, long_name) {#name, units, long_name},
#include "edgesplit/summary.def"
#undef ES_SUMMARY
    };
    nc_spec spec = {.group = group, .type = H5T_NATIVE_DOUBLE, .rank = 1, .dimensions = {policy}};
    for (size_t f = 0; f < ES_N_SUMMARY; f++) {
        for (size_t p = 0; p < record->n_policies; p++)
            values[p] = summary->figures[p][f];
        spec.name = figures[f][0];
        spec.units = figures[f][1];
        spec.long_name = figures[f][2];
        nc_put(nc, &spec, values);
    }
}

static void write_summary(hdf5_sink *sink, const es_summary *summary, double *scratch,
                          int64_t *numbers) {
    netcdf *nc = &sink->nc;
    const es_run_record *record = sink->record;
    const char *stations[ES_N_STATIONS];
    for (size_t s = 0; s < ES_N_STATIONS; s++)
        stations[s] = es_station_text((es_station)s);
    for (size_t i = 0; i < record->n_cuts; i++)
        numbers[i] = (int64_t)i;
    hid_t group = nc_group(nc, "summary");
    size_t n = record->n_policies;
    nc_dimension policy = nc_text_dimension(nc, group, "policy", "policy", n, record->policy_names);
    nc_dimension baseline =
        nc_text_dimension(nc, group, "baseline", "policy compared with", n, record->policy_names);
    nc_dimension cut = nc_index_dimension(nc, group, "cut", "cut", record->n_cuts, numbers);
    nc_dimension station =
        nc_text_dimension(nc, group, "station", "station", ES_N_STATIONS, stations);
    write_figures(nc, group, &policy, record, summary, scratch);
    const struct {
        const char *name, *long_name;
        nc_dimension *second;
        const double *values;
    } tables[] = {
        {"cut_share", "share of steps in which the cut was chosen", &cut, summary->cut_share},
        {"utilisation", "share of the time with a request in service", &station,
         summary->utilisation},
        {"queue_length", "time average of the requests waiting or in service", &station,
         summary->queue_length},
        {"gain_mean_of_ratios",
         "mean of (baseline - policy) / baseline over the steps both completed", &baseline,
         summary->gain_mean_of_ratios},
        {"gain_ratio_of_means", "1 - sum of latencies / sum of the baseline's over those steps",
         &baseline, summary->gain_ratio_of_means},
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        nc_put(nc,
               &(nc_spec){.group = group,
                          .name = tables[i].name,
                          .units = "1",
                          .long_name = tables[i].long_name,
                          .type = H5T_NATIVE_DOUBLE,
                          .rank = 2,
                          .dimensions = {&policy, tables[i].second}},
               tables[i].values);
    nc_close_dimension(nc, &policy);
    nc_close_dimension(nc, &baseline);
    nc_close_dimension(nc, &cut);
    nc_close_dimension(nc, &station);
    if (group >= 0)
        H5Gclose(group);
}

static es_status publish(void *context, const es_summary *summary, es_errors *errors) {
    hdf5_sink *sink = context;
    const es_run_record *record = sink->record;
    size_t n = record->n_policies > record->n_cuts ? record->n_policies : record->n_cuts;
    double *scratch = es_alloc(n, sizeof *scratch);
    int64_t *numbers = es_alloc(n, sizeof *numbers);
    es_status status = scratch != NULL && numbers != NULL
                           ? pad(sink, errors)
                           : es_errors_no_memory(errors, sink->publication.final);
    if (status == ES_OK) {
        write_step_numbers(sink);
        for (size_t p = 0; p < record->n_policies; p++)
            numbers[p] = (int64_t)summary->n_steps[p];
        nc_put(&sink->nc,
               &(nc_spec){.group = sink->nc.file,
                          .name = "n_steps",
                          .units = "1",
                          .long_name = "steps of the policy; rows behind are padding",
                          .type = H5T_NATIVE_INT64,
                          .rank = 1,
                          .dimensions = {&sink->policy}},
               numbers);
        write_summary(sink, summary, scratch, numbers);
        status = nc_close(&sink->nc) ? es_publication_commit(&sink->publication, errors)
                                     : failure(sink, errors);
    }
    free(scratch);
    free(numbers);
    return status;
}

extern const es_sink_ops es_sink_hdf5;
const es_sink_ops es_sink_hdf5 = {
    .name = "hdf5",
    .summary = "the result file (analysis/FORMAT.md)",
    .open = open_sink,
    .steps = write_steps,
    .series = write_series,
    .read = read_column,
    .publish = publish,
    .close = close_sink,
};
