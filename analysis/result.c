#include "result.h"

#include "edgesplit/number.h"
#include "reader.h"

#include <math.h>
#include <string.h>

static void read_cuts(es_reader *reader, es_result *result) {
    size_t n = result->n_cuts = es_reader_length(reader, "cuts/cut");
    result->n_batches = es_reader_length(reader, "cuts/batch");
    const size_t over_batches[] = {n, result->n_batches};
    result->has_cloud = es_reader_has(reader, "cuts/cloud_time");
    result->cuts = es_reader_texts(reader, "cuts/name", n);
    result->compression = es_reader_doubles(reader, "cuts/compression", 1, &n);
    if (es_reader_has(reader, "cuts/sent_ratio"))
        result->sent_ratio = es_reader_doubles(reader, "cuts/sent_ratio", 1, &n);
    result->n_tensors = es_reader_integers(reader, "cuts/n_tensors", 1, &n);
    result->natural = es_reader_integers(reader, "cuts/natural", 1, &n);
    result->compressive = es_reader_integers(reader, "cuts/compressive", 1, &n);
    result->available = es_reader_integers(reader, "cuts/available", 1, &n);
    result->batches = es_reader_integers(reader, "cuts/batch", 1, &result->n_batches);
    result->head_s = es_reader_doubles(reader, "cuts/head_time", 2, over_batches);
    result->tail_s = es_reader_doubles(reader, "cuts/tail_time", 2, over_batches);
    result->uplink_bytes = es_reader_integers(reader, "cuts/uplink_bytes", 2, over_batches);
}

/* Of a run with several devices; where they are of several groups, cuts are called GROUP/CUT. */
static void read_groups(es_reader *reader, es_result *result) {
    size_t n = result->n_groups =
        es_reader_has(reader, "group") ? es_reader_length(reader, "group") : 0;
    result->cut_groups =
        n > 1 ? es_reader_integers(reader, "cuts/cut_group", 1, &result->n_cuts)
              : es_reader_allocate(reader, result->n_cuts, sizeof *result->cut_groups);
    if (n == 0)
        return;
    result->groups = es_reader_texts(reader, "group_name", n);
    result->group_devices = es_reader_integers(reader, "group_devices", 1, &n);
    for (size_t i = 0; i < result->n_cuts && reader->status == ES_OK && n > 1; i++) {
        es_text name = {0};
        if (result->cut_groups[i] < 0 || (size_t)result->cut_groups[i] >= n) {
            es_reader_damaged(reader, "cuts/cut_group");
            return;
        }
        es_text_add(&name, "%s/%s", result->groups[result->cut_groups[i]], result->cuts[i]);
        if (name.failed)
            reader->status = es_errors_no_memory(reader->errors, reader->path);
        else {
            free(result->cuts[i]);
            result->cuts[i] = name.data;
        }
    }
}

static void read_step_counts(es_reader *reader, es_result *result) {
    bool replicated = es_reader_has(reader, "replication");
    result->n_replications = replicated ? es_reader_length(reader, "replication") : 1;
    const size_t lengths[] = {result->n_replications, result->n_policies};
    if (result->n_replications == 0)
        es_reader_damaged(reader, "replication");
    result->n_steps =
        es_reader_integers(reader, "n_steps", replicated ? 2 : 1, &lengths[replicated ? 0 : 1]);
}

static void read_exits(es_reader *reader, es_result *result) {
    if (!es_reader_has(reader, "summary/exit_share"))
        return;
    result->n_ends = es_reader_length(reader, "summary/exit");
    const size_t lengths[] = {result->n_policies, result->n_ends};
    result->exit_share = es_reader_doubles(reader, "summary/exit_share", 2, lengths);
}

static void read_attributes(es_reader *reader, es_result *result) {
    hid_t file = reader->file;
    result->title = es_reader_text_attribute(reader, file, "title");
    result->program = es_reader_text_attribute(reader, file, "source");
    result->model = es_reader_text_attribute(reader, file, "model");
    result->granularity = es_reader_text_attribute(reader, file, "granularity");
    result->mode = es_reader_text_attribute(reader, file, "mode");
    result->states = es_reader_text_attribute(reader, file, "states");
    if (!es_reader_attribute(file, "seed", H5T_INTEGER, H5T_NATIVE_INT64, &result->seed))
        es_reader_damaged(reader, "seed");
    result->input_bytes_per_element = es_reader_number(reader, "input_bytes_per_element");
    result->feature_bytes_per_element = es_reader_number(reader, "feature_bytes_per_element");
    result->header_bytes = es_reader_number(reader, "header_bytes");
    result->warmup_s = es_reader_number(reader, "warmup_s");
    result->batch_extrapolated = es_reader_number(reader, "batch_extrapolated");
}

/* Fills `figure` if variable `name` of /summary is one: doubles over (policy). */
static bool read_figure(es_reader *reader, hid_t group, const char *name, size_t n_policies,
                        es_result_figure *figure) {
    hid_t variable = H5Dopen2(group, name, H5P_DEFAULT);
    if (variable < 0)
        return false;
    hid_t stored = H5Dget_type(variable);
    bool is_figure =
        H5Tget_class(stored) == H5T_FLOAT && es_reader_has_shape(variable, 1, &n_policies);
    if (is_figure) {
        figure->name = es_reader_copy_text(reader, name);
        figure->units = es_reader_text_attribute(reader, variable, "units");
        figure->values = es_reader_allocate(reader, n_policies, sizeof *figure->values);
        if (reader->status == ES_OK &&
            H5Dread(variable, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, figure->values) < 0)
            es_reader_damaged(reader, name);
    }
    H5Tclose(stored);
    H5Dclose(variable);
    return is_figure;
}

static void read_figures(es_reader *reader, es_result *result) {
    hid_t group = H5Gopen2(reader->file, "summary", H5P_DEFAULT);
    H5G_info_t info;
    if (group < 0 || H5Gget_info(group, &info) < 0 || info.nlinks > ES_READER_MOST_LENGTH) {
        es_reader_damaged(reader, "summary");
        info.nlinks = 0;
    }
    result->figures = es_reader_allocate(reader, (size_t)info.nlinks, sizeof *result->figures);
    for (hsize_t i = 0; i < info.nlinks && reader->status == ES_OK; i++) {
        char name[128];
        ssize_t length = H5Lget_name_by_idx(group, ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, i, name,
                                            sizeof name, H5P_DEFAULT);
        if (length < 0 || (size_t)length >= sizeof name)
            es_reader_damaged(reader, "summary");
        else if (read_figure(reader, group, name, result->n_policies,
                             &result->figures[result->n_figures]))
            result->n_figures++;
    }
    if (group >= 0)
        H5Gclose(group);
}

static void read_all(es_reader *reader, es_result *result) {
    read_attributes(reader, result);
    result->n_policies = es_reader_length(reader, "policy");
    result->n_inputs = es_reader_length(reader, "inputs/input");
    result->n_stations = es_reader_length(reader, "summary/station");
    read_cuts(reader, result);
    read_groups(reader, result);
    size_t n = result->n_policies;
    const size_t over_cuts[] = {n, result->n_cuts}, over_policies[] = {n, n},
                 over_stations[] = {n, result->n_stations};
    result->policies = es_reader_texts(reader, "policy", n);
    result->types = es_reader_texts(reader, "policy_type", n);
    read_step_counts(reader, result);
    result->roles = es_reader_texts(reader, "inputs/input", result->n_inputs);
    result->paths = es_reader_texts(reader, "inputs/path", result->n_inputs);
    result->hashes = es_reader_texts(reader, "inputs/sha256", result->n_inputs);
    result->provenances = es_reader_texts(reader, "inputs/provenance", result->n_inputs);
    result->scenario_resolved = es_reader_text(reader, "scenario_resolved");
    result->stations = es_reader_texts(reader, "summary/station", result->n_stations);
    result->cut_share = es_reader_doubles(reader, "summary/cut_share", 2, over_cuts);
    read_exits(reader, result);
    result->utilisation = es_reader_doubles(reader, "summary/utilisation", 2, over_stations);
    result->queue_length = es_reader_doubles(reader, "summary/queue_length", 2, over_stations);
    result->gain_mean_of_ratios =
        es_reader_doubles(reader, "summary/gain_mean_of_ratios", 2, over_policies);
    result->gain_ratio_of_means =
        es_reader_doubles(reader, "summary/gain_ratio_of_means", 2, over_policies);
    if (result->n_replications > 1) {
        result->gain_mean_of_ratios_half_width =
            es_reader_doubles(reader, "summary/gain_mean_of_ratios_half_width", 2, over_policies);
        result->gain_ratio_of_means_half_width =
            es_reader_doubles(reader, "summary/gain_ratio_of_means_half_width", 2, over_policies);
    }
    if (reader->status == ES_OK)
        read_figures(reader, result);
    if (isnan(result->warmup_s)) /* found for each policy */
        for (size_t p = 0; p < n && reader->status == ES_OK; p++)
            result->warmup_s = fmax(result->warmup_s, es_result_figure_of(result, "warmup", p));
}

/* Whether this is a result, of a version that can be read. */
static void check_format(es_reader *reader, es_result *result) {
    if (es_reader_is_format(reader, "edgesplit-result"))
        result->format_version = es_reader_version(reader);
    else
        reader->status = es_errors_add(reader->errors, ES_INVALID, reader->path, 0,
                                       "is an HDF5 file, but not a result of edgesplit");
}

es_status es_result_load(const char *path, es_result **out, es_errors *errors) {
    es_reader reader = {.file = H5I_INVALID_HID, .path = path, .errors = errors};
    es_result *result = es_reader_allocate(&reader, 1, sizeof *result);
    if (reader.status == ES_OK)
        es_reader_open(&reader);
    if (reader.status == ES_OK)
        check_format(&reader, result);
    if (reader.status == ES_OK)
        read_all(&reader, result);
    if (reader.file >= 0)
        H5Fclose(reader.file);
    if (reader.status != ES_OK) {
        es_result_destroy(result);
        return reader.status;
    }
    *out = result;
    return ES_OK;
}

void es_result_destroy(es_result *result) {
    if (result == NULL)
        return;
    char *const texts[] = {result->title,  result->program,          result->format_version,
                           result->model,  result->granularity,      result->mode,
                           result->states, result->scenario_resolved};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        free(texts[i]);
    es_reader_free_texts(result->policies, result->n_policies);
    es_reader_free_texts(result->types, result->n_policies);
    es_reader_free_texts(result->roles, result->n_inputs);
    es_reader_free_texts(result->paths, result->n_inputs);
    es_reader_free_texts(result->hashes, result->n_inputs);
    es_reader_free_texts(result->provenances, result->n_inputs);
    es_reader_free_texts(result->cuts, result->n_cuts);
    es_reader_free_texts(result->stations, result->n_stations);
    es_reader_free_texts(result->groups, result->n_groups);
    for (size_t i = 0; i < result->n_figures; i++) {
        free(result->figures[i].name);
        free(result->figures[i].units);
        free(result->figures[i].values);
    }
    free(result->figures);
    free(result->n_steps);
    free(result->group_devices);
    free(result->cut_groups);
    free(result->compression);
    free(result->sent_ratio);
    free(result->n_tensors);
    free(result->natural);
    free(result->compressive);
    free(result->available);
    free(result->batches);
    free(result->head_s);
    free(result->tail_s);
    free(result->uplink_bytes);
    free(result->cut_share);
    free(result->exit_share);
    free(result->gain_mean_of_ratios);
    free(result->gain_ratio_of_means);
    free(result->gain_mean_of_ratios_half_width);
    free(result->gain_ratio_of_means_half_width);
    free(result->utilisation);
    free(result->queue_length);
    free(result);
}

double es_result_figure_of(const es_result *result, const char *name, size_t policy) {
    for (size_t i = 0; i < result->n_figures; i++)
        if (strcmp(result->figures[i].name, name) == 0)
            return result->figures[i].values[policy];
    return ES_NAN;
}

bool es_result_is_grid(const es_result *result) {
    return strcmp(result->mode, "isolated") == 0 && strcmp(result->states, "grid") == 0;
}

const char *es_result_cut_note(const es_result *result, size_t cut) {
    const int64_t *groups = result->cut_groups;
    bool is_first = cut == 0 || groups[cut - 1] != groups[cut];
    bool is_last = cut + 1 == result->n_cuts || groups[cut + 1] != groups[cut];
    return is_first ? " (full offload)" : is_last ? " (no offload)" : "";
}

bool es_result_is_paired(const es_result *result) {
    return strcmp(result->mode, "closed") != 0;
}

static const char *policy_at(const void *context, size_t i) {
    return ((const es_result *)context)->policies[i];
}

es_status es_result_find_policy(const es_result *result, const char *path, const char *name,
                                size_t *policy, es_errors *errors) {
    for (size_t p = 0; p < result->n_policies; p++)
        if (strcmp(result->policies[p], name) == 0) {
            *policy = p;
            return ES_OK;
        }
    const char *nearest = es_nearest_name(name, result->n_policies, policy_at, result);
    return es_errors_add(errors, ES_INVALID, path, 0, "has no policy '%s'%s", name,
                         es_did_you_mean(nearest, "'", "'", "").text);
}

es_slice es_ini_value(const char *ini, const char *section, const char *key, bool defaults) {
    es_slice rest = {ini, strlen(ini)}, line;
    bool here = false;
    while (es_next_line(&rest, &line)) {
        if (line.length > 1 && line.data[0] == '[')
            here = es_slice_equals((es_slice){line.data + 1, line.length - 2}, section);
        if (here && defaults && line.length > 0 && line.data[0] == ';')
            line = (es_slice){line.data + 1, line.length - 1};
        es_slice name;
        if (here && es_next_field(&line, '=', &name) && es_slice_equals(name, key) &&
            line.data != NULL)
            return es_slice_trim(line);
    }
    return (es_slice){"", 0};
}

es_slice es_result_key(const es_result *result, const char *section, const char *key) {
    return es_ini_value(result->scenario_resolved, section, key, true);
}
