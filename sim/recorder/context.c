/* What a result says besides the steps: cuts, inputs, variables of a study. */
#include "context.h"

#include "columns.h"
#include "edgesplit/alloc.h"
#include "edgesplit/sinks.h"
#include "edgesplit/text.h"

#include <string.h>

/* The names that the root uses by itself, always and in runs of several devices or replications.
 */
static const char *const root_names[] = {
    "policy",  "step",   "policy_type", "n_steps", "scenario_ini", "scenario_resolved",
    "summary", "series", "cuts",        "inputs",
};
static const char *const fleet_names[] = {"group", "group_name", "group_model", "group_devices"};
static const char *const replication_names[] = {"replication", "replications"};

static bool is_in(const char *name, const char *const *names, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

/* The column of that name; ES_N_COLUMNS if there is none. */
static size_t find_column(const char *name) {
    size_t c = 0;
    while (c < ES_N_COLUMNS && strcmp(columns[c].name, name) != 0)
        c++;
    return c;
}

bool es_result_uses_name(const char *name) {
    size_t c = find_column(name);
    return (c < ES_N_COLUMNS && !column_is_optional(c)) ||
           is_in(name, root_names, sizeof root_names / sizeof root_names[0]);
}

static bool is_taken(const es_run_record *record, const char *name) {
    size_t c = find_column(name);
    return es_result_uses_name(name) || (c < ES_N_COLUMNS && column_is_kept(c, record)) ||
           (record->n_devices > 1 &&
            is_in(name, fleet_names, sizeof fleet_names / sizeof fleet_names[0])) ||
           (record->n_replications > 1 &&
            is_in(name, replication_names, sizeof replication_names / sizeof replication_names[0]));
}

es_status context_check(const es_run_record *record, const char *path, es_errors *errors) {
    es_status status = ES_OK;
    for (size_t i = 0; i < record->n_parameters; i++)
        if (is_taken(record, record->parameter_names[i]))
            status = es_errors_add(errors, ES_INVALID, path, 0,
                                   "a variable may not be called '%s': the result uses this name",
                                   record->parameter_names[i]);
    return status;
}

/* Scalars, so that results of a study can be joined along them. */
void context_put_parameters(netcdf *nc, const es_run_record *record) {
    for (size_t i = 0; i < record->n_parameters; i++) {
        const char *name = record->parameter_names[i], *text = record->parameter_values[i];
        double number;
        if (es_parse_double((es_slice){text, strlen(text)}, &number) == ES_OK)
            nc_put(nc,
                   &(nc_spec){.group = nc->file,
                              .name = name,
                              .units = "1",
                              .long_name = "variable of the study",
                              .type = H5T_NATIVE_DOUBLE},
                   &number);
        else
            nc_put_text(nc, nc->file, name, "variable of the study", NULL, &text);
    }
}

char *context_coordinates(netcdf *nc, const es_run_record *record) {
    es_text names = {0};
    es_text_add(&names, "arrival_time");
    for (size_t i = 0; i < record->n_parameters; i++)
        es_text_add(&names, " %s", record->parameter_names[i]);
    nc->failed = nc->failed || names.failed;
    return names.data;
}

void context_put_groups(netcdf *nc, const es_run_record *record) {
    if (record->n_devices <= 1)
        return;
    size_t n = record->n_groups;
    int64_t *numbers = es_alloc(2 * n, sizeof *numbers);
    const char **texts = es_alloc(2 * n, sizeof *texts);
    nc->failed = nc->failed || numbers == NULL || texts == NULL;
    if (!nc->failed) {
        for (size_t g = 0; g < n; g++) {
            numbers[g] = (int64_t)g;
            numbers[n + g] = (int64_t)record->groups[g].n_devices;
            texts[g] = record->groups[g].name;
            texts[n + g] = record->groups[g].model;
        }
        nc_dimension group =
            nc_index_dimension(nc, nc->file, "group", "number of the group of devices", n, numbers);
        nc_put_text(nc, nc->file, "group_name", "the group's sections are called by", &group,
                    texts);
        nc_put_text(nc, nc->file, "group_model", "network of the group", &group, texts + n);
        nc_put(nc,
               &(nc_spec){.group = nc->file,
                          .name = "group_devices",
                          .units = "1",
                          .long_name = "devices of the group, whose numbers follow each other",
                          .type = H5T_NATIVE_INT64,
                          .rank = 1,
                          .dimensions = {&group}},
               numbers + n);
        nc_close_dimension(nc, &group);
    }
    free(numbers);
    free((void *)texts);
}

/* Arrays [n_cuts] of one cut's fields each, in the order of the variables; the group only where
 * there are several, the second layer only with three tiers. */
enum { CUT_GROUP = 4, SECOND_LAYER, N_CUT_INTEGERS };
struct cut_columns {
    int64_t *integers[N_CUT_INTEGERS];
    int8_t *flags[4];
    double *compression;
    const char **names;
};

static void fill_cut_columns(const es_run_record *record, const struct cut_columns *columns_of) {
    size_t group = 0, first = 0;
    for (size_t i = 0; i < record->n_cuts; i++) {
        if (record->n_groups > 1 && i - first == record->groups[group].n_cuts) {
            first = i;
            group++;
        }
        const es_cut_record *cut = &record->cuts[i];
        const int64_t integers[N_CUT_INTEGERS] = {(int64_t)i, cut->last_layer, cut->n_tensors,
                                                  cut->elems, (int64_t)group,  cut->second_layer};
        const bool flags[] = {cut->natural, cut->compressive, cut->residual_block, cut->available};
        for (size_t k = 0; k < N_CUT_INTEGERS; k++)
            columns_of->integers[k][i] = integers[k];
        for (size_t k = 0; k < 4; k++)
            columns_of->flags[k][i] = flags[k] ? 1 : 0;
        columns_of->compression[i] = cut->compression;
        columns_of->names[i] = cut->name;
    }
}

static void put_cut_columns(netcdf *nc, nc_spec spec, const es_run_record *record,
                            const struct cut_columns *columns_of) {
    static const char *const integers[N_CUT_INTEGERS][2] = {
        {NULL, NULL},
        {"last_layer", "last leaf layer of the head"},
        {"n_tensors", "tensors that cross the cut"},
        {"elems", "elements that cross the cut, per image"},
        {"cut_group", "group of devices whose cut it is; a step's cut counts from its first"},
        {"second_last_layer", "last leaf layer before the cloud"},
    };
    static const char *const flags[][2] = {
        {"natural", "natural bottleneck: compression below 1"},
        {"compressive", "compressive bottleneck: a record low of the compression"},
        {"residual_block", "the head ends with a residual block"},
        {"available", "the profiles hold its times and the scenario offers it"},
    };
    nc_put_text(nc, spec.group, "name", "unit the head ends with", spec.dimensions[0],
                columns_of->names);
    spec.type = H5T_NATIVE_INT64;
    for (size_t k = 1; k < N_CUT_INTEGERS; k++) {
        if ((k == CUT_GROUP && record->n_groups <= 1) || (k == SECOND_LAYER && !record->has_cloud))
            continue;
        spec.name = integers[k][0];
        spec.long_name = integers[k][1];
        nc_put(nc, &spec, columns_of->integers[k]);
    }
    spec.type = H5T_NATIVE_INT8;
    for (size_t k = 0; k < 4; k++) {
        spec.name = flags[k][0];
        spec.long_name = flags[k][1];
        nc_put(nc, &spec, columns_of->flags[k]);
    }
    spec.type = H5T_NATIVE_DOUBLE;
    spec.name = "compression";
    spec.long_name = "elements that cross the cut / elements of the input";
    nc_put(nc, &spec, columns_of->compression);
}

/* Of networks with exits only. */
static void put_sent_ratio(netcdf *nc, nc_spec spec, const es_run_record *record) {
    if (record->n_exits == 0)
        return;
    double *ratios = es_alloc(record->n_cuts, sizeof *ratios);
    nc->failed = nc->failed || ratios == NULL;
    for (size_t i = 0; i < record->n_cuts && ratios != NULL; i++)
        ratios[i] = record->cuts[i].sent_ratio;
    spec.name = "sent_ratio";
    spec.type = H5T_NATIVE_DOUBLE;
    spec.long_name = "share of requests that are sent by the cut: the others leave before it";
    nc_put(nc, &spec, ratios);
    free(ratios);
}

static void put_cut_times(netcdf *nc, nc_spec spec, const es_run_record *record) {
    spec.rank = 2;
    spec.type = H5T_NATIVE_DOUBLE;
    spec.units = "s";
    spec.name = "head_time";
    spec.long_name = "head on the idle device";
    nc_put(nc, &spec, record->head_s);
    spec.name = "tail_time";
    spec.long_name = "tail on the unloaded server";
    nc_put(nc, &spec, record->tail_s);
    spec.units = "B";
    spec.type = H5T_NATIVE_INT64;
    spec.name = "uplink_bytes";
    spec.long_name = "sent over the uplink, header included";
    nc_put(nc, &spec, record->bytes);
    if (!record->has_cloud)
        return;
    spec.name = "backhaul_bytes";
    spec.long_name = "sent over the backhaul, header included";
    nc_put(nc, &spec, record->backhaul_bytes);
    spec.units = "s";
    spec.type = H5T_NATIVE_DOUBLE;
    spec.name = "cloud_time";
    spec.long_name = "part in the unloaded cloud";
    nc_put(nc, &spec, record->cloud_s);
}

void context_put_cuts(netcdf *nc, const es_run_record *record) {
    size_t n = record->n_cuts;
    hid_t group = nc_group(nc, "cuts");
    int64_t *integers = es_alloc(N_CUT_INTEGERS * n, sizeof *integers);
    int8_t *flags = es_alloc(4 * n, sizeof *flags);
    double *compression = es_alloc(n, sizeof *compression);
    const char **names = es_alloc(n, sizeof *names);
    nc->failed =
        nc->failed || integers == NULL || flags == NULL || compression == NULL || names == NULL;
    if (!nc->failed) {
        struct cut_columns columns_of = {.compression = compression, .names = names};
        for (size_t k = 0; k < N_CUT_INTEGERS; k++)
            columns_of.integers[k] = integers + k * n;
        for (size_t k = 0; k < 4; k++)
            columns_of.flags[k] = flags + k * n;
        fill_cut_columns(record, &columns_of);
        nc_dimension cut = nc_index_dimension(
            nc, group, "cut",
            record->n_groups > 1 ? "cuts of all groups" : "cut: layers 1 .. cut run on the device",
            n, columns_of.integers[0]);
        nc_dimension batch = nc_index_dimension(nc, group, "batch", "images in a request",
                                                record->n_batches, record->batches);
        nc_spec spec = {.group = group, .units = "1", .rank = 1, .dimensions = {&cut, &batch}};
        put_cut_columns(nc, spec, record, &columns_of);
        put_sent_ratio(nc, spec, record);
        put_cut_times(nc, spec, record);
        nc_close_dimension(nc, &cut);
        nc_close_dimension(nc, &batch);
    }
    if (group >= 0)
        H5Gclose(group);
    free(integers);
    free(flags);
    free(compression);
    free((void *)names);
}

void context_put_inputs(netcdf *nc, const es_run_record *record) {
    hid_t group = nc_group(nc, "inputs");
    const char **texts = es_alloc(record->n_inputs, sizeof *texts);
    nc->failed = nc->failed || texts == NULL;
    if (!nc->failed) {
        for (size_t i = 0; i < record->n_inputs; i++)
            texts[i] = record->inputs[i].role;
        nc_dimension input = nc_text_dimension(nc, group, "input", "what the file was used as",
                                               record->n_inputs, texts);
        for (size_t i = 0; i < record->n_inputs; i++)
            texts[i] = record->inputs[i].path;
        nc_put_text(nc, group, "path", "the file, as the scenario names it", &input, texts);
        for (size_t i = 0; i < record->n_inputs; i++)
            texts[i] = record->inputs[i].sha256;
        nc_put_text(nc, group, "sha256", "SHA-256 of the file", &input, texts);
        for (size_t i = 0; i < record->n_inputs; i++)
            texts[i] = record->inputs[i].provenance;
        nc_put_text(nc, group, "provenance", "what the file says about itself", &input, texts);
        nc_close_dimension(nc, &input);
    }
    if (group >= 0)
        H5Gclose(group);
    free(texts);
}
