#include "hdf5_file.h"

#include "context.h"
#include "edgesplit/alloc.h"
#include "filters.h"

#include <string.h>

static void write_attributes(result_file *file) {
    netcdf *nc = &file->nc;
    const es_run_record *record = file->record;
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

/* Begins the shape of a variable: (replication and) policy. */
static void begin_shape(nc_spec *spec, bool replicated, nc_dimension *replication,
                        nc_dimension *policy) {
    spec->rank = 0;
    if (replicated)
        spec->dimensions[spec->rank++] = replication;
    if (policy != NULL)
        spec->dimensions[spec->rank++] = policy;
}

static void define_columns(result_file *file) {
    netcdf *nc = &file->nc;
    const es_run_record *record = file->record;
    char *coordinates = context_coordinates(nc, record);
    for (size_t c = 0; c < ES_N_COLUMNS && !nc->failed; c++) {
        nc_spec spec = {.group = nc->file,
                        .name = columns[c].name,
                        .units = columns[c].units,
                        .long_name = columns[c].long_name,
                        .type = column_type(c),
                        .fill = column_padding(c),
                        .chunk = ES_BLOCK_STEPS,
                        .compress = record->compress};
        if (!column_is_kept(c, record))
            continue;
        begin_shape(&spec, file->replicated, &file->replication, &file->policy);
        spec.dimensions[spec.rank++] = &file->step;
        file->columns[c] = nc_define(nc, &spec);
        if (c != ES_COLUMN_arrival_time)
            nc_text_attribute(nc, file->columns[c], "coordinates", coordinates);
    }
    free(coordinates);
    column_describe_status(nc, file->columns[ES_COLUMN_status]);
}

static void define_steps(result_file *file) {
    netcdf *nc = &file->nc;
    const es_run_record *record = file->record;
    if (file->replicated)
        file->replication =
            nc_define_count(nc, nc->file, "replication", "number of the replication");
    file->policy = nc_text_dimension(nc, nc->file, "policy", "policy, by its section's name",
                                     record->n_policies, record->policy_names);
    file->step =
        nc_define_dimension(nc,
                            &(nc_spec){.group = nc->file,
                                       .name = "step",
                                       .units = "1",
                                       .long_name = "number of the request, in order of arrival",
                                       .type = H5T_NATIVE_INT64,
                                       .chunk = ES_BLOCK_STEPS,
                                       .compress = record->compress},
                            true, 0, NULL);
    nc_put_text(nc, nc->file, "policy_type", "the policy's algorithm", &file->policy,
                record->policy_types);
    define_columns(file);
}

static void define_series(result_file *file) {
    netcdf *nc = &file->nc;
    const es_run_record *record = file->record;
    if (!(record->series_period_s > 0))
        return;
    const char *stations[ES_N_STATIONS];
    size_t n_stations = es_record_stations(record);
    for (size_t s = 0; s < n_stations; s++)
        stations[s] = es_station_text((es_station)s);
    hid_t group = nc_group(nc, "series");
    if (file->replicated)
        file->series_replication =
            nc_define_count(nc, group, "replication", "number of the replication");
    file->series_policy =
        nc_text_dimension(nc, group, "policy", "policy", record->n_policies, record->policy_names);
    file->station = nc_text_dimension(nc, group, "station", "station", n_stations, stations);
    nc_spec spec = {.group = group,
                    .name = "time",
                    .units = "s",
                    .long_name = "end of the interval",
                    .type = H5T_NATIVE_DOUBLE,
                    .chunk = ES_SERIES_SAMPLES,
                    .compress = record->compress};
    file->time = nc_define_dimension(nc, &spec, true, 0, NULL);
    begin_shape(&spec, file->replicated, &file->series_replication, &file->series_policy);
    spec.dimensions[spec.rank++] = &file->station;
    spec.dimensions[spec.rank++] = &file->time;
    spec.units = "1";
    spec.name = "utilisation";
    spec.long_name = "share of the interval with a request in service";
    file->utilisation = nc_define(nc, &spec);
    spec.name = "queue_length";
    spec.long_name = "mean number of requests waiting or in service";
    file->queue_length = nc_define(nc, &spec);
    begin_shape(&spec, file->replicated, &file->series_replication, NULL);
    spec.dimensions[spec.rank++] = &file->time;
    spec.name = "server_load";
    spec.long_name = "mean load of the server by others";
    file->server_load = nc_define(nc, &spec);
    spec.units = "bit/s";
    spec.name = "uplink_rate";
    spec.long_name = "mean data rate of the uplink";
    file->uplink_rate = nc_define(nc, &spec);
    if (group >= 0)
        H5Gclose(group);
}

void file_create(result_file *file, const es_run_record *record, const char *path) {
    *file = (result_file){.record = record, .replicated = record->n_replications > 1};
    netcdf *nc = &file->nc;
    nc_create(nc, path, false);
    if (nc->failed)
        return;
    write_attributes(file);
    define_steps(file);
    context_put_parameters(nc, record);
    context_put_groups(nc, record);
    define_series(file);
    context_put_cuts(nc, record);
    context_put_inputs(nc, record);
    nc_put_text(nc, nc->file, "scenario_ini", "the scenario file", NULL, &record->scenario_ini);
    nc_put_text(nc, nc->file, "scenario_resolved", "every key with its value", NULL,
                &record->scenario_resolved);
}

int file_lead(const result_file *file, const writer_entry *what, hsize_t *start) {
    int n = 0;
    if (file->replicated)
        start[n++] = what->replication;
    start[n++] = what->policy;
    return n;
}

/* Makes the per-step table hold a block. */
static void extend_steps(result_file *file, const writer_entry *what) {
    hsize_t n_replications = what->replication + 1, n = what->first + what->n;
    bool further = file->replicated && n_replications > file->replication.length;
    if (!further && n <= file->step.length)
        return;
    if (further)
        file->replication.length = n_replications;
    if (n > file->step.length)
        file->step.length = n;
    hsize_t extent[3];
    int rank = file_lead(
        file,
        &(writer_entry){.replication = file->replication.length, .policy = file->policy.length},
        extent);
    extent[rank] = file->step.length;
    for (size_t c = 0; c < ES_N_COLUMNS && !file->nc.failed; c++)
        if (column_is_kept(c, file->record))
            nc_check(&file->nc, H5Dset_extent(file->columns[c], extent));
}

static void write_steps(result_file *file, const writer_job *job) {
    hsize_t start[3];
    start[file_lead(file, &job->what, start)] = job->what.first;
    extend_steps(file, &job->what);
    for (size_t c = 0; c < ES_N_COLUMNS && !file->nc.failed; c++)
        if (job->chunks[c] != NULL && !entry_is_blank(&job->what, c))
            nc_check(&file->nc, H5Dwrite_chunk(file->columns[c], H5P_DEFAULT, job->left_out[c],
                                               start, job->n_bytes[c], job->chunks[c]));
}

/* Makes the series hold a block; true if it brings intervals that were not there. */
static bool extend_series(result_file *file, const writer_entry *what) {
    netcdf *nc = &file->nc;
    hsize_t n_replications = what->replication + 1, n = what->first + what->n;
    bool further = file->replicated && n_replications > file->series_replication.length,
         longer = n > file->time.length;
    if (further)
        file->series_replication.length = n_replications;
    if (longer)
        file->time.length = n;
    if (!further && !longer)
        return false;
    hsize_t extent[4];
    int rank = file_lead(file,
                         &(writer_entry){.replication = file->series_replication.length,
                                         .policy = file->series_policy.length},
                         extent);
    extent[rank] = es_record_stations(file->record);
    extent[rank + 1] = file->time.length;
    nc_check(nc, H5Dset_extent(file->utilisation, extent));
    nc_check(nc, H5Dset_extent(file->queue_length, extent));
    extent[rank - 1] = file->time.length;
    nc_check(nc, H5Dset_extent(file->uplink_rate, extent));
    nc_check(nc, H5Dset_extent(file->server_load, extent));
    nc_check(nc, H5Dset_extent(file->time.scale, &file->time.length));
    return longer;
}

/* A variable of the series with its values in a block. */
typedef struct series_part {
    hid_t variable;
    int rank;
    hsize_t start[4], count[4];
    double *values;
} series_part;

enum { MOST_SERIES_PARTS = 2 * ES_N_STATIONS + 3 };

/* All of them, the time last; returns how many. */
static size_t list_series(const result_file *file, const writer_job *job,
                          series_part parts[MOST_SERIES_PARTS]) {
    size_t n_stations = es_record_stations(file->record);
    es_series *series = job->series;
    const writer_entry *what = &job->what;
    series_part whole = {.count = {1, 1, 1, 1}}, shared = {.count = {1, 1, 1, 1}};
    int rank = file_lead(file, what, whole.start);
    whole.rank = rank + 2;
    whole.start[rank + 1] = what->first;
    whole.count[rank + 1] = what->n;
    for (size_t s = 0; s < n_stations; s++, parts += 2) {
        whole.start[rank] = s;
        whole.variable = file->utilisation;
        whole.values = series->utilisation[s];
        parts[0] = whole;
        whole.variable = file->queue_length;
        whole.values = series->queue_length[s];
        parts[1] = whole;
    }
    shared.rank = rank;
    shared.start[0] = what->replication;
    shared.start[rank - 1] = what->first;
    shared.count[rank - 1] = what->n;
    shared.variable = file->uplink_rate;
    shared.values = series->uplink_rate_bps;
    parts[0] = shared;
    shared.variable = file->server_load;
    shared.values = series->server_load;
    parts[1] = shared;
    parts[2] = (series_part){.variable = file->time.scale,
                             .rank = 1,
                             .start = {what->first},
                             .count = {what->n},
                             .values = series->end_s};
    return 2 * n_stations + 3;
}

static void write_series(result_file *file, const writer_job *job) {
    series_part parts[MOST_SERIES_PARTS];
    bool longer = extend_series(file, &job->what);
    size_t n_parts = list_series(file, job, parts);
    for (size_t i = 0; i < n_parts - (longer ? 0 : 1); i++)
        nc_write(&file->nc, parts[i].variable, H5T_NATIVE_DOUBLE, parts[i].rank, parts[i].start,
                 parts[i].count, parts[i].values);
}

void file_write(result_file *file, const writer_job *job) {
    if (job->what.is_series)
        write_series(file, job);
    else
        write_steps(file, job);
}

static void read_chunk(result_file *file, size_t c, const hsize_t *start, writer_job *job) {
    hsize_t n_bytes = 0;
    nc_check(&file->nc, H5Dget_chunk_storage_size(file->columns[c], start, &n_bytes));
    ES_REQUIRE(n_bytes <= ES_BLOCK_STEPS * columns[c].size + FILTERS_ROOM);
    nc_check(&file->nc, H5Dread_chunk(file->columns[c], H5P_DEFAULT, start, &job->left_out[c],
                                      job->chunks[c]));
    job->n_bytes[c] = (size_t)n_bytes;
}

void file_read(result_file *file, writer_job *job) {
    if (job->what.is_series) {
        series_part parts[MOST_SERIES_PARTS];
        size_t n_parts = list_series(file, job, parts);
        for (size_t i = 0; i < n_parts; i++)
            nc_read(&file->nc, parts[i].variable, H5T_NATIVE_DOUBLE, parts[i].rank, parts[i].start,
                    parts[i].count, parts[i].values);
        return;
    }
    hsize_t start[3];
    start[file_lead(file, &job->what, start)] = job->what.first;
    for (size_t c = 0; c < ES_N_COLUMNS && !file->nc.failed; c++)
        if (job->chunks[c] != NULL && !entry_is_blank(&job->what, c))
            read_chunk(file, c, start, job);
}

/* The numbers of the steps, chunk by chunk like a column. */
static void put_step_numbers(result_file *file) {
    netcdf *nc = &file->nc;
    bool compress = file->record->compress;
    unsigned char *chunk = es_alloc(ES_BLOCK_STEPS * sizeof(int64_t) + FILTERS_ROOM, 1);
    struct filters *filters = compress ? filters_create(ES_BLOCK_STEPS * sizeof(int64_t)) : NULL;
    nc->failed = nc->failed || chunk == NULL || (compress && filters == NULL);
    if (!nc->failed)
        nc_check(nc, H5Dset_extent(file->step.scale, &file->step.length));
    for (hsize_t first = 0; first < file->step.length && !nc->failed; first += ES_BLOCK_STEPS) {
        size_t n_bytes = ES_BLOCK_STEPS * sizeof(int64_t);
        uint32_t left_out = 0;
        for (size_t i = 0; i < ES_BLOCK_STEPS; i++)
            memcpy(chunk + i * sizeof(int64_t), &(int64_t){(int64_t)(first + i)}, sizeof(int64_t));
        if (compress)
            n_bytes = filters_apply(filters, chunk, ES_BLOCK_STEPS, sizeof(int64_t), &left_out);
        nc_check(nc,
                 H5Dwrite_chunk(file->step.scale, H5P_DEFAULT, left_out, &first, n_bytes, chunk));
    }
    filters_destroy(filters);
    free(chunk);
}

static void put_step_counts(result_file *file, const es_summary *summary) {
    size_t n = summary->n_replications * file->record->n_policies;
    int64_t *numbers = es_alloc(n, sizeof *numbers);
    file->nc.failed = file->nc.failed || numbers == NULL;
    if (numbers != NULL) {
        nc_spec spec = {.group = file->nc.file,
                        .name = "n_steps",
                        .units = "1",
                        .long_name = "steps of the policy; rows behind are padding",
                        .type = H5T_NATIVE_INT64,
                        .chunk = file->replicated ? file->record->n_policies : 0};
        begin_shape(&spec, file->replicated, &file->replication, &file->policy);
        for (size_t i = 0; i < n; i++)
            numbers[i] = (int64_t)summary->n_steps[i];
        nc_put(&file->nc, &spec, numbers);
    }
    free(numbers);
}

void file_finish(result_file *file, const es_summary *summary) {
    if (file->replicated) {
        const writer_entry last = {.replication = summary->n_replications - 1};
        extend_steps(file, &last);
        nc_put_count(&file->nc, &file->replication);
        if (file->record->series_period_s > 0) {
            extend_series(file, &last);
            nc_put_count(&file->nc, &file->series_replication);
        }
    }
    put_step_numbers(file);
    put_step_counts(file, summary);
    summary_put(&file->nc, file->record, summary);
}
