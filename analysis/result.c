#include "result.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/text.h"

#include <errno.h>
#include <hdf5.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

/* Longest dimension that is believed: a damaged length must not ask for all memory. */
enum { MAX_LENGTH = 1 << 16, MAX_RANK = 2 };

/* Failure is sticky: after the first one every call does nothing. */
struct reader {
    hid_t file;
    const char *path;
    es_errors *errors;
    es_status status;
};

static void damaged(struct reader *reader, const char *what) {
    if (reader->status == ES_OK)
        reader->status = es_errors_add(reader->errors, ES_INVALID, reader->path, 0,
                                       "%s is missing or damaged", what);
}

static void *allocate(struct reader *reader, size_t n, size_t size) {
    if (reader->status != ES_OK)
        return NULL;
    void *array = es_alloc(n, size);
    if (array == NULL)
        reader->status =
            es_errors_add(reader->errors, ES_NO_MEMORY, reader->path, 0, "out of memory");
    return array;
}

static hid_t string_type(void) {
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

static char *copy_text(struct reader *reader, const char *text) {
    char *copy = reader->status == ES_OK ? es_strdup(text != NULL ? text : "") : NULL;
    if (copy == NULL && reader->status == ES_OK)
        reader->status =
            es_errors_add(reader->errors, ES_NO_MEMORY, reader->path, 0, "out of memory");
    return copy;
}

/* One value of an attribute of the given class; false if there is no such. */
static bool read_attribute(hid_t object, const char *name, H5T_class_t class, hid_t type,
                           void *value) {
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
    if (attribute < 0)
        return false;
    hid_t space = H5Aget_space(attribute), stored = H5Aget_type(attribute);
    bool fits = H5Sget_simple_extent_npoints(space) == 1 && H5Tget_class(stored) == class &&
                (class != H5T_STRING || H5Tis_variable_str(stored) > 0) &&
                H5Aread(attribute, type, value) >= 0;
    H5Tclose(stored);
    H5Sclose(space);
    H5Aclose(attribute);
    return fits;
}

/* Creates the text of an attribute. */
static char *read_text_attribute(struct reader *reader, hid_t object, const char *name) {
    char *value = NULL, *copy = NULL;
    hid_t type = string_type();
    if (read_attribute(object, name, H5T_STRING, type, (void *)&value))
        copy = copy_text(reader, value);
    else
        damaged(reader, name);
    H5free_memory(value);
    H5Tclose(type);
    return copy;
}

static double read_number(struct reader *reader, const char *name) {
    double value = 0;
    if (!read_attribute(reader->file, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, &value))
        damaged(reader, name);
    return value;
}

static size_t read_length(struct reader *reader, const char *name) {
    if (reader->status != ES_OK)
        return 0;
    hsize_t length = 0;
    hid_t variable = H5Dopen2(reader->file, name, H5P_DEFAULT);
    hid_t space = variable >= 0 ? H5Dget_space(variable) : H5I_INVALID_HID;
    if (space < 0 || H5Sget_simple_extent_ndims(space) != 1 ||
        H5Sget_simple_extent_dims(space, &length, NULL) != 1 || length > MAX_LENGTH)
        damaged(reader, name);
    if (space >= 0)
        H5Sclose(space);
    if (variable >= 0)
        H5Dclose(variable);
    return (size_t)length;
}

static bool has_variable(const struct reader *reader, const char *name) {
    return reader->status == ES_OK && H5Lexists(reader->file, name, H5P_DEFAULT) > 0;
}

static bool has_shape(hid_t variable, int rank, const size_t *lengths) {
    hsize_t found[MAX_RANK] = {0};
    hid_t space = H5Dget_space(variable);
    bool same = H5Sget_simple_extent_ndims(space) == rank &&
                H5Sget_simple_extent_dims(space, found, NULL) == rank;
    for (int i = 0; i < rank && same; i++)
        same = found[i] == lengths[i];
    H5Sclose(space);
    return same;
}

/* Reads a variable of known shape and class into `values`. */
static void read_values(struct reader *reader, const char *name, H5T_class_t class, hid_t type,
                        int rank, const size_t *lengths, void *values) {
    if (reader->status != ES_OK)
        return;
    hid_t variable = H5Dopen2(reader->file, name, H5P_DEFAULT);
    hid_t stored = variable >= 0 ? H5Dget_type(variable) : H5I_INVALID_HID;
    if (stored < 0 || H5Tget_class(stored) != class ||
        (class == H5T_STRING && H5Tis_variable_str(stored) <= 0) ||
        !has_shape(variable, rank, lengths) ||
        H5Dread(variable, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        damaged(reader, name);
    if (stored >= 0)
        H5Tclose(stored);
    if (variable >= 0)
        H5Dclose(variable);
}

/* Creates the values of a double variable. */
static double *read_doubles(struct reader *reader, const char *name, int rank,
                            const size_t *lengths) {
    size_t n = rank == 2 ? lengths[0] * lengths[1] : lengths[0];
    double *values = allocate(reader, n, sizeof *values);
    read_values(reader, name, H5T_FLOAT, H5T_NATIVE_DOUBLE, rank, lengths, values);
    return values;
}

static void free_texts(char **texts, size_t n) {
    for (size_t i = 0; texts != NULL && i < n; i++)
        free(texts[i]);
    free((void *)texts);
}

/* Creates the values of a text variable over one dimension. */
static char **read_texts(struct reader *reader, const char *name, size_t n) {
    char **texts = allocate(reader, n, sizeof *texts), **lent = allocate(reader, n, sizeof *lent);
    hid_t type = string_type();
    if (lent != NULL) {
        read_values(reader, name, H5T_STRING, type, 1, &n, (void *)lent);
        for (size_t i = 0; i < n; i++) {
            texts[i] = copy_text(reader, lent[i]);
            H5free_memory(lent[i]);
        }
    }
    free((void *)lent);
    H5Tclose(type);
    return texts;
}

/* Creates the whole numbers of a variable. */
static int64_t *read_integers(struct reader *reader, const char *name, int rank,
                              const size_t *lengths) {
    size_t n = rank == 2 ? lengths[0] * lengths[1] : lengths[0];
    int64_t *values = allocate(reader, n, sizeof *values);
    read_values(reader, name, H5T_INTEGER, H5T_NATIVE_INT64, rank, lengths, values);
    return values;
}

/* Creates the one text of a variable without dimensions. */
static char *read_text(struct reader *reader, const char *name) {
    char *lent = NULL, *copy = NULL;
    hid_t type = string_type();
    read_values(reader, name, H5T_STRING, type, 0, NULL, (void *)&lent);
    copy = copy_text(reader, lent);
    H5free_memory(lent);
    H5Tclose(type);
    return copy;
}

static void read_cuts(struct reader *reader, es_result *result) {
    size_t n = result->n_cuts = read_length(reader, "cuts/cut");
    result->n_batches = read_length(reader, "cuts/batch");
    const size_t over_batches[] = {n, result->n_batches};
    result->cuts = read_texts(reader, "cuts/name", n);
    result->compression = read_doubles(reader, "cuts/compression", 1, &n);
    result->n_tensors = read_integers(reader, "cuts/n_tensors", 1, &n);
    result->natural = read_integers(reader, "cuts/natural", 1, &n);
    result->compressive = read_integers(reader, "cuts/compressive", 1, &n);
    result->available = read_integers(reader, "cuts/available", 1, &n);
    result->batches = read_integers(reader, "cuts/batch", 1, &result->n_batches);
    result->head_s = read_doubles(reader, "cuts/head_time", 2, over_batches);
    result->tail_s = read_doubles(reader, "cuts/tail_time", 2, over_batches);
    result->uplink_bytes = read_integers(reader, "cuts/uplink_bytes", 2, over_batches);
}

/* Of a run with several devices; where they are of several groups, cuts are called GROUP/CUT. */
static void read_groups(struct reader *reader, es_result *result) {
    size_t n = result->n_groups = has_variable(reader, "group") ? read_length(reader, "group") : 0;
    result->cut_groups = allocate(reader, result->n_cuts, sizeof *result->cut_groups);
    if (n == 0)
        return;
    result->groups = read_texts(reader, "group_name", n);
    result->group_devices = read_integers(reader, "group_devices", 1, &n);
    if (n > 1)
        read_values(reader, "cuts/cut_group", H5T_INTEGER, H5T_NATIVE_INT64, 1, &result->n_cuts,
                    result->cut_groups);
    for (size_t i = 0; i < result->n_cuts && reader->status == ES_OK && n > 1; i++) {
        es_text name = {0};
        if (result->cut_groups[i] < 0 || (size_t)result->cut_groups[i] >= n) {
            damaged(reader, "cuts/cut_group");
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

static void read_step_counts(struct reader *reader, es_result *result) {
    bool replicated = has_variable(reader, "replication");
    result->n_replications = replicated ? read_length(reader, "replication") : 1;
    const size_t lengths[] = {result->n_replications, result->n_policies};
    if (result->n_replications == 0)
        damaged(reader, "replication");
    result->n_steps =
        read_integers(reader, "n_steps", replicated ? 2 : 1, &lengths[replicated ? 0 : 1]);
}

static void read_attributes(struct reader *reader, es_result *result) {
    hid_t file = reader->file;
    result->title = read_text_attribute(reader, file, "title");
    result->program = read_text_attribute(reader, file, "source");
    result->model = read_text_attribute(reader, file, "model");
    result->granularity = read_text_attribute(reader, file, "granularity");
    result->mode = read_text_attribute(reader, file, "mode");
    result->states = read_text_attribute(reader, file, "states");
    if (!read_attribute(file, "seed", H5T_INTEGER, H5T_NATIVE_INT64, &result->seed))
        damaged(reader, "seed");
    result->input_bytes_per_element = read_number(reader, "input_bytes_per_element");
    result->feature_bytes_per_element = read_number(reader, "feature_bytes_per_element");
    result->header_bytes = read_number(reader, "header_bytes");
    result->warmup_s = read_number(reader, "warmup_s");
    result->batch_extrapolated = read_number(reader, "batch_extrapolated");
}

/* Fills `figure` if variable `name` of /summary is one: doubles over (policy). */
static bool read_figure(struct reader *reader, hid_t group, const char *name, size_t n_policies,
                        es_result_figure *figure) {
    hid_t variable = H5Dopen2(group, name, H5P_DEFAULT);
    if (variable < 0)
        return false;
    hid_t stored = H5Dget_type(variable);
    bool is_figure = H5Tget_class(stored) == H5T_FLOAT && has_shape(variable, 1, &n_policies);
    if (is_figure) {
        figure->name = copy_text(reader, name);
        figure->units = read_text_attribute(reader, variable, "units");
        figure->values = allocate(reader, n_policies, sizeof *figure->values);
        if (reader->status == ES_OK &&
            H5Dread(variable, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, figure->values) < 0)
            damaged(reader, name);
    }
    H5Tclose(stored);
    H5Dclose(variable);
    return is_figure;
}

static void read_figures(struct reader *reader, es_result *result) {
    hid_t group = H5Gopen2(reader->file, "summary", H5P_DEFAULT);
    H5G_info_t info;
    if (group < 0 || H5Gget_info(group, &info) < 0 || info.nlinks > MAX_LENGTH) {
        damaged(reader, "summary");
        info.nlinks = 0;
    }
    result->figures = allocate(reader, (size_t)info.nlinks, sizeof *result->figures);
    for (hsize_t i = 0; i < info.nlinks && reader->status == ES_OK; i++) {
        char name[128];
        ssize_t length = H5Lget_name_by_idx(group, ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, i, name,
                                            sizeof name, H5P_DEFAULT);
        if (length < 0 || (size_t)length >= sizeof name)
            damaged(reader, "summary");
        else if (read_figure(reader, group, name, result->n_policies,
                             &result->figures[result->n_figures]))
            result->n_figures++;
    }
    if (group >= 0)
        H5Gclose(group);
}

static void read_all(struct reader *reader, es_result *result) {
    read_attributes(reader, result);
    result->n_policies = read_length(reader, "policy");
    result->n_inputs = read_length(reader, "inputs/input");
    result->n_stations = read_length(reader, "summary/station");
    read_cuts(reader, result);
    read_groups(reader, result);
    size_t n = result->n_policies;
    const size_t over_cuts[] = {n, result->n_cuts}, over_policies[] = {n, n},
                 over_stations[] = {n, result->n_stations};
    result->policies = read_texts(reader, "policy", n);
    result->types = read_texts(reader, "policy_type", n);
    read_step_counts(reader, result);
    result->roles = read_texts(reader, "inputs/input", result->n_inputs);
    result->paths = read_texts(reader, "inputs/path", result->n_inputs);
    result->hashes = read_texts(reader, "inputs/sha256", result->n_inputs);
    result->provenances = read_texts(reader, "inputs/provenance", result->n_inputs);
    result->scenario_resolved = read_text(reader, "scenario_resolved");
    result->stations = read_texts(reader, "summary/station", result->n_stations);
    result->cut_share = read_doubles(reader, "summary/cut_share", 2, over_cuts);
    result->utilisation = read_doubles(reader, "summary/utilisation", 2, over_stations);
    result->queue_length = read_doubles(reader, "summary/queue_length", 2, over_stations);
    result->gain_mean_of_ratios =
        read_doubles(reader, "summary/gain_mean_of_ratios", 2, over_policies);
    result->gain_ratio_of_means =
        read_doubles(reader, "summary/gain_ratio_of_means", 2, over_policies);
    if (reader->status == ES_OK)
        read_figures(reader, result);
    if (isnan(result->warmup_s)) /* found for each policy */
        for (size_t p = 0; p < n && reader->status == ES_OK; p++)
            result->warmup_s = fmax(result->warmup_s, es_result_figure_of(result, "warmup", p));
}

/* Whether this is a result, of a version that can be read. */
static void check_format(struct reader *reader, es_result *result) {
    char *format = NULL;
    hid_t type = string_type();
    bool ours = read_attribute(reader->file, "format", H5T_STRING, type, (void *)&format) &&
                format != NULL && strcmp(format, "edgesplit-result") == 0;
    H5free_memory(format);
    H5Tclose(type);
    if (!ours) {
        reader->status = es_errors_add(reader->errors, ES_INVALID, reader->path, 0,
                                       "is an HDF5 file, but not a result of edgesplit");
        return;
    }
    result->format_version = read_text_attribute(reader, reader->file, "format_version");
    if (reader->status != ES_OK)
        return;
    es_slice rest = {result->format_version, strlen(result->format_version)}, field;
    int64_t major = 0;
    if (!es_next_field(&rest, '.', &field) || es_parse_int64(field, &major) != ES_OK || major < 1)
        damaged(reader, "format_version");
    else if (major > ES_RESULT_MAJOR)
        reader->status = es_errors_add(
            reader->errors, ES_INVALID, reader->path, 0,
            "has format version %s; this program reads versions up to %d.x: use a newer edgesplit",
            result->format_version, ES_RESULT_MAJOR);
}

static void open_file(struct reader *reader) {
    struct stat status_of_file;
    const char *path = reader->path;
    if (stat(path, &status_of_file) != 0)
        reader->status = es_errors_add(reader->errors, ES_NO_INPUT, path, 0, "%s", strerror(errno));
    else if (!S_ISREG(status_of_file.st_mode))
        reader->status = es_errors_add(reader->errors, ES_NO_INPUT, path, 0, "not a regular file");
    if (reader->status != ES_OK)
        return;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL); /* errors are reported here, not by the library */
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        reader->status = es_errors_add(reader->errors, ES_NO_INPUT, path, 0, "%s", strerror(errno));
    else if (H5Fis_hdf5(path) <= 0)
        reader->status = es_errors_add(reader->errors, ES_INVALID, path, 0, "not an HDF5 file");
    else if ((reader->file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT)) < 0)
        reader->status = es_errors_add(reader->errors, ES_INVALID, path, 0,
                                       "is truncated or damaged: HDF5 cannot open it");
    if (stream != NULL)
        fclose(stream);
}

es_status es_result_load(const char *path, es_result **out, es_errors *errors) {
    struct reader reader = {.file = H5I_INVALID_HID, .path = path, .errors = errors};
    es_result *result = allocate(&reader, 1, sizeof *result);
    if (reader.status == ES_OK)
        open_file(&reader);
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
    free_texts(result->policies, result->n_policies);
    free_texts(result->types, result->n_policies);
    free_texts(result->roles, result->n_inputs);
    free_texts(result->paths, result->n_inputs);
    free_texts(result->hashes, result->n_inputs);
    free_texts(result->provenances, result->n_inputs);
    free_texts(result->cuts, result->n_cuts);
    free_texts(result->stations, result->n_stations);
    free_texts(result->groups, result->n_groups);
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
    free(result->n_tensors);
    free(result->natural);
    free(result->compressive);
    free(result->available);
    free(result->batches);
    free(result->head_s);
    free(result->tail_s);
    free(result->uplink_bytes);
    free(result->cut_share);
    free(result->gain_mean_of_ratios);
    free(result->gain_ratio_of_means);
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

es_slice es_result_key(const es_result *result, const char *section, const char *key) {
    es_slice rest = {result->scenario_resolved, strlen(result->scenario_resolved)}, line;
    bool here = false;
    while (es_next_line(&rest, &line)) {
        if (line.length > 1 && line.data[0] == '[')
            here = es_slice_equals((es_slice){line.data + 1, line.length - 2}, section);
        if (here && line.length > 0 && line.data[0] == ';') /* a default */
            line = (es_slice){line.data + 1, line.length - 1};
        es_slice name;
        if (here && es_next_field(&line, '=', &name) && es_slice_equals(name, key) &&
            line.data != NULL)
            return es_slice_trim(line);
    }
    return (es_slice){"", 0};
}
