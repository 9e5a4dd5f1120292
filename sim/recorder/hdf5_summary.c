/* The groups of the result that hold figures. */
#include "hdf5_file.h"

#include "columns.h"
#include "edgesplit/alloc.h"

#include <stdio.h>

static const char *const figures[ES_N_SUMMARY][3] = {
#define ES_SUMMARY(name, units, long_name) {#name, units, long_name},
#include "edgesplit/summary.def"
#undef ES_SUMMARY
};

/* Column f of `values` [n][ES_N_SUMMARY] as a variable of the spec's shape, of the figure's name
 * and what is behind it. */
static void put_figure(netcdf *nc, nc_spec spec, size_t f, const char *behind, const char *before,
                       size_t n, double (*values)[ES_N_SUMMARY]) {
    char name[96], long_name[192];
    double *column = es_alloc(n, sizeof *column);
    nc->failed = nc->failed || column == NULL;
    for (size_t i = 0; i < n && column != NULL; i++)
        column[i] = values[i][f];
    snprintf(name, sizeof name, "%s%s", figures[f][0], behind);
    snprintf(long_name, sizeof long_name, "%s%s", before, figures[f][2]);
    spec.name = name;
    spec.units = figures[f][1];
    spec.long_name = long_name;
    nc_put(nc, &spec, column);
    free(column);
}

static void put_figures(netcdf *nc, const nc_spec *spec, const es_run_record *record, size_t n,
                        double (*values)[ES_N_SUMMARY]) {
    for (size_t f = 0; f < ES_N_SUMMARY; f++)
        if (figure_is_kept(f, record->has_cloud, record->n_exits > 0))
            put_figure(nc, *spec, f, "", "", n, values);
}

#define HALF_WIDTH "half the width of the 95 % interval: "

/* Of a single replication only the mean latency has one. */
static void put_half_widths(netcdf *nc, const nc_spec *spec, const es_run_record *record,
                            const es_summary *summary) {
    for (size_t f = 0; f < ES_N_SUMMARY; f++)
        if (figure_is_kept(f, record->has_cloud, record->n_exits > 0) &&
            (record->n_replications > 1 || f == ES_SUMMARY_latency_mean))
            put_figure(nc, *spec, f, "_half_width", HALF_WIDTH, record->n_policies,
                       summary->half_widths);
}

static nc_dimension put_numbers(netcdf *nc, hid_t group, const char *name, const char *long_name,
                                int64_t first, size_t n) {
    int64_t *numbers = es_alloc(n, sizeof *numbers);
    nc->failed = nc->failed || numbers == NULL;
    for (size_t i = 0; i < n && numbers != NULL; i++)
        numbers[i] = first + (int64_t)i;
    nc_dimension dimension = nc_index_dimension(nc, group, name, long_name, n, numbers);
    free(numbers);
    return dimension;
}

static void put_tables(netcdf *nc, hid_t group, nc_dimension *policy, const es_run_record *record,
                       const es_summary *summary) {
    const char *stations[ES_N_STATIONS];
    size_t n_stations = es_record_stations(record);
    for (size_t s = 0; s < n_stations; s++)
        stations[s] = es_station_text((es_station)s);
    nc_dimension baseline = nc_text_dimension(nc, group, "baseline", "policy compared with",
                                              record->n_policies, record->policy_names);
    nc_dimension cut = put_numbers(nc, group, "cut", "cut", 0, record->n_cuts);
    nc_dimension station = nc_text_dimension(nc, group, "station", "station", n_stations, stations);
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
        {"gain_mean_of_ratios_half_width", HALF_WIDTH "gain, mean of ratios", &baseline,
         summary->gain_mean_of_ratios_half_width},
        {"gain_ratio_of_means_half_width", HALF_WIDTH "gain, ratio of means", &baseline,
         summary->gain_ratio_of_means_half_width},
    };
    const size_t n_tables = sizeof tables / sizeof tables[0];
    for (size_t i = 0; i < (record->n_replications > 1 ? n_tables : n_tables - 2); i++)
        nc_put(nc,
               &(nc_spec){.group = group,
                          .name = tables[i].name,
                          .units = "1",
                          .long_name = tables[i].long_name,
                          .type = H5T_NATIVE_DOUBLE,
                          .rank = 2,
                          .dimensions = {policy, tables[i].second}},
               tables[i].values);
    nc_close_dimension(nc, &baseline);
    nc_close_dimension(nc, &cut);
    nc_close_dimension(nc, &station);
}

static void put_exits(netcdf *nc, hid_t group, nc_dimension *policy, const es_run_record *record,
                      const es_summary *summary) {
    if (record->n_exits == 0)
        return;
    nc_dimension ends = put_numbers(nc, group, "exit", "exit of the network; the last is its end",
                                    1, record->n_exits + 1);
    nc_put(nc,
           &(nc_spec){.group = group,
                      .name = "exit_share",
                      .units = "1",
                      .long_name = "share of completed requests whose result came from the exit",
                      .type = H5T_NATIVE_DOUBLE,
                      .rank = 2,
                      .dimensions = {policy, &ends}},
           summary->exit_share);
    nc_close_dimension(nc, &ends);
}

static void put_replications(netcdf *nc, const es_run_record *record, const es_summary *summary) {
    size_t n = summary->n_replications;
    hid_t group = nc_group(nc, "replications");
    nc_dimension replication =
        put_numbers(nc, group, "replication", "number of the replication", 0, n);
    nc_dimension policy =
        nc_text_dimension(nc, group, "policy", "policy", record->n_policies, record->policy_names);
    put_figures(nc,
                &(nc_spec){.group = group,
                           .type = H5T_NATIVE_DOUBLE,
                           .rank = 2,
                           .dimensions = {&replication, &policy}},
                record, n * record->n_policies, summary->replicated);
    nc_close_dimension(nc, &replication);
    nc_close_dimension(nc, &policy);
    if (group >= 0)
        H5Gclose(group);
}

void summary_put(netcdf *nc, const es_run_record *record, const es_summary *summary) {
    hid_t group = nc_group(nc, "summary");
    nc_dimension policy =
        nc_text_dimension(nc, group, "policy", "policy", record->n_policies, record->policy_names);
    nc_spec spec = {.group = group, .type = H5T_NATIVE_DOUBLE, .rank = 1, .dimensions = {&policy}};
    put_figures(nc, &spec, record, record->n_policies, summary->figures);
    put_half_widths(nc, &spec, record, summary);
    put_tables(nc, group, &policy, record, summary);
    put_exits(nc, group, &policy, record, summary);
    nc_close_dimension(nc, &policy);
    if (group >= 0)
        H5Gclose(group);
    if (record->n_replications > 1)
        put_replications(nc, record, summary);
}
