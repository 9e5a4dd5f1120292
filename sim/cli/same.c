#include "same.h"

#include "edgesplit/alloc.h"
#include "edgesplit/file.h"

#include <hdf5.h>
#include <hdf5_hl.h>
#include <string.h>

enum { BUFFER_VALUES = 1 << 16, VALUE_BYTES = 8, MAX_RANK = 4, MAX_TEXTS = 1 << 20 };

/* ---- What a result says of itself */

static hid_t string_type(void) {
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

/* Creates the texts [*n] of a variable; NULL: it is none, or there is no memory. */
static char **read_texts(hid_t file, const char *name, size_t *n) {
    char **texts = NULL;
    hid_t variable = H5Dopen2(file, name, H5P_DEFAULT), type = string_type();
    hid_t stored = variable >= 0 ? H5Dget_type(variable) : H5I_INVALID_HID;
    hid_t space = variable >= 0 ? H5Dget_space(variable) : H5I_INVALID_HID;
    hssize_t count = space >= 0 ? H5Sget_simple_extent_npoints(space) : -1;
    if (count >= 0 && count < MAX_TEXTS && H5Tis_variable_str(stored) > 0)
        texts = es_alloc((size_t)count, sizeof *texts);
    if (texts != NULL &&
        H5Dread(variable, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, (void *)texts) < 0) {
        free((void *)texts);
        texts = NULL;
    }
    *n = texts != NULL ? (size_t)count : 0;
    H5Tclose(type);
    if (stored >= 0)
        H5Tclose(stored);
    if (space >= 0)
        H5Sclose(space);
    if (variable >= 0)
        H5Dclose(variable);
    return texts;
}

/* Creates a text attribute of a file; NULL: it has none. */
static char *read_attribute(hid_t file, const char *name) {
    char *text = NULL;
    if (H5Aexists(file, name) <= 0)
        return NULL;
    hid_t attribute = H5Aopen(file, name, H5P_DEFAULT), type = string_type();
    if (H5Aread(attribute, type, (void *)&text) < 0)
        text = NULL;
    H5Tclose(type);
    H5Aclose(attribute);
    return text;
}

static void free_texts(char **texts, size_t n) {
    for (size_t i = 0; texts != NULL && i < n; i++)
        H5free_memory(texts[i]);
    free((void *)texts);
}

/* Opens a result; negative, with a record, if it is none. */
static hid_t open_result(const char *path, es_errors *errors) {
    FILE *stream = es_file_open(path, errors);
    if (stream == NULL)
        return H5I_INVALID_HID;
    fclose(stream);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    char *format = file >= 0 ? read_attribute(file, "format") : NULL;
    bool ours = format != NULL && strcmp(format, "edgesplit-result") == 0;
    H5free_memory(format);
    if (ours)
        return file;
    if (file >= 0)
        H5Fclose(file);
    es_errors_add(errors, ES_INVALID, path, 0, "expected a result of `edgesplit run`");
    return H5I_INVALID_HID;
}

es_status recorded_read(const char *path, struct recorded *recorded, es_errors *errors) {
    *recorded = (struct recorded){0};
    hid_t file = open_result(path, errors);
    if (file < 0)
        return es_errors_status(errors);
    size_t n_texts, n_paths, n_hashes;
    char **scenario = read_texts(file, "scenario_resolved", &n_texts);
    if (n_texts == 1)
        recorded->scenario = scenario[0];
    free((void *)scenario);
    recorded->program = read_attribute(file, "source");
    recorded->format_version = read_attribute(file, "format_version");
    recorded->roles = read_texts(file, "inputs/input", &recorded->n_inputs);
    recorded->paths = read_texts(file, "inputs/path", &n_paths);
    recorded->hashes = read_texts(file, "inputs/sha256", &n_hashes);
    H5Fclose(file);
    if (recorded->scenario != NULL && recorded->program != NULL &&
        recorded->format_version != NULL && n_paths == recorded->n_inputs &&
        n_hashes == recorded->n_inputs)
        return ES_OK;
    return es_errors_add(errors, ES_INVALID, path, 0, "is damaged: it does not say what was run");
}

void recorded_fini(struct recorded *recorded) {
    H5free_memory(recorded->scenario);
    H5free_memory(recorded->program);
    H5free_memory(recorded->format_version);
    free_texts(recorded->roles, recorded->n_inputs);
    free_texts(recorded->paths, recorded->n_inputs);
    free_texts(recorded->hashes, recorded->n_inputs);
}

/* ---- Variable by variable */

/* A variable of both files. */
struct variable {
    const char *name;
    hid_t recorded, now;
    hid_t type; /* as which values are read: double or int64_t; -1: texts */
    int rank;
    hsize_t lengths[MAX_RANK];
};

struct comparison {
    hid_t recorded, now;
    const char *path;
    char *buffers[2]; /* [BUFFER_VALUES * VALUE_BYTES] */
    es_text steps;    /* what differs in the step `first`, if any does; behind it, in the rest */
    uint64_t first;   /* step, counted over replications and policies */
    es_text rest;
    es_status status;
    es_errors *errors;
};

static bool is_source(const char *name) {
    static const char *const sources[] = {"scenario_ini", "scenario_resolved", "inputs"};
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        size_t length = strlen(sources[i]);
        if (strncmp(name, sources[i], length) == 0 && (name[length] == '\0' || name[length] == '/'))
            return true;
    }
    return false;
}

static void damaged(struct comparison *comparison, const char *name) {
    if (comparison->status == ES_OK)
        comparison->status = es_errors_add(comparison->errors, ES_INVALID, comparison->path, 0,
                                           "is damaged: %s cannot be read", name);
}

/* A dimension's name, "step" say; "" without. */
static herr_t take_scale(hid_t variable, unsigned dimension, hid_t scale, void *context) {
    (void)variable;
    (void)dimension;
    char path[128] = "";
    if (H5Iget_name(scale, path, sizeof path) > 0)
        snprintf(context, 64, "%s", es_path_name(path));
    return 1;
}

static void dimension_name(const struct variable *variable, int dimension, char name[64]) {
    name[0] = '\0';
    H5DSiterate_scales(variable->now, (unsigned)dimension, NULL, take_scale, name);
}

/* Appends "replication 3, policy NAME, step 17: " for the place of a value. */
static void add_place(struct comparison *comparison, const struct variable *variable,
                      uint64_t place, es_text *text) {
    uint64_t rest = place, stride = 1;
    for (int d = 0; d < variable->rank; d++)
        stride *= variable->lengths[d];
    for (int d = 0; d < variable->rank; d++) {
        char name[64];
        size_t n;
        stride /= variable->lengths[d];
        uint64_t index = rest / stride;
        rest %= stride;
        dimension_name(variable, d, name);
        es_text_add(text, "%s%s ", d > 0 ? ", " : "", name);
        char **texts = strcmp(name, "policy") == 0 || strcmp(name, "baseline") == 0
                           ? read_texts(comparison->now, "policy", &n)
                           : NULL;
        if (texts != NULL && index < n)
            es_text_add(text, "%s", texts[index]);
        else
            es_text_add(text, "%llu", (unsigned long long)index);
        free_texts(texts, texts != NULL ? n : 0);
    }
    es_text_add(text, "%s", variable->rank > 0 ? ": " : "");
}

static void add_value(const struct variable *variable, const char *value, es_text *text) {
    if (H5Tget_class(variable->type) == H5T_FLOAT) {
        double number;
        memcpy(&number, value, sizeof number);
        es_text_add(text, "%.17g", number);
    } else {
        int64_t number;
        memcpy(&number, value, sizeof number);
        es_text_add(text, "%lld", (long long)number);
    }
}

/* Takes note of a difference at a place, if none was found further ahead. */
static void differ(struct comparison *comparison, const struct variable *variable, uint64_t place,
                   const char *recorded, const char *now) {
    char last[64] = "";
    if (variable->rank > 0)
        dimension_name(variable, variable->rank - 1, last);
    bool of_step = strchr(variable->name, '/') == NULL && strcmp(last, "step") == 0;
    es_text *text = of_step ? &comparison->steps : &comparison->rest;
    if (text->length > 0 && (!of_step || place >= comparison->first))
        return;
    free(text->data);
    *text = (es_text){0};
    comparison->first = of_step ? place : comparison->first;
    add_place(comparison, variable, place, text);
    es_text_add(text, "%s is ", variable->name);
    add_value(variable, recorded, text);
    es_text_add(text, "; now ");
    add_value(variable, now, text);
}

/* Compares `n` values from `start` in the last dimension of a row; `place` is that of the first.
 */
static void compare_part(struct comparison *comparison, const struct variable *variable,
                         const hsize_t *start, hsize_t n, uint64_t place) {
    hsize_t count[MAX_RANK] = {1, 1, 1, 1};
    hid_t variables[] = {variable->recorded, variable->now};
    if (variable->rank > 0)
        count[variable->rank - 1] = n;
    for (size_t i = 0; i < 2; i++) {
        hid_t space = H5Dget_space(variables[i]);
        hid_t memory = H5Screate_simple(1, &n, NULL);
        if (variable->rank > 0)
            H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
        if (H5Dread(variables[i], variable->type, memory, space, H5P_DEFAULT,
                    comparison->buffers[i]) < 0)
            damaged(comparison, variable->name);
        H5Sclose(memory);
        H5Sclose(space);
    }
    const char *recorded = comparison->buffers[0], *now = comparison->buffers[1];
    if (comparison->status != ES_OK || memcmp(recorded, now, n * VALUE_BYTES) == 0)
        return;
    size_t i = 0;
    while (memcmp(recorded + i * VALUE_BYTES, now + i * VALUE_BYTES, VALUE_BYTES) == 0)
        i++;
    differ(comparison, variable, place + i, recorded + i * VALUE_BYTES, now + i * VALUE_BYTES);
}

static void compare_numbers(struct comparison *comparison, const struct variable *variable) {
    uint64_t n_rows = 1, length = 1;
    for (int d = 0; d + 1 < variable->rank; d++)
        n_rows *= variable->lengths[d];
    if (variable->rank > 0)
        length = variable->lengths[variable->rank - 1];
    for (uint64_t row = 0; row < n_rows; row++) {
        hsize_t start[MAX_RANK] = {0};
        uint64_t rest = row;
        for (int d = variable->rank - 2; d >= 0; d--) {
            start[d] = rest % variable->lengths[d];
            rest /= variable->lengths[d];
        }
        for (uint64_t at = 0; at < length && comparison->status == ES_OK; at += BUFFER_VALUES) {
            hsize_t n = length - at < BUFFER_VALUES ? length - at : (hsize_t)BUFFER_VALUES;
            if (variable->rank > 0)
                start[variable->rank - 1] = at;
            compare_part(comparison, variable, start, n, row * length + at);
        }
    }
}

static void compare_texts(struct comparison *comparison, const char *name) {
    size_t n[2] = {0, 0};
    char **recorded = read_texts(comparison->recorded, name, &n[0]);
    char **now = read_texts(comparison->now, name, &n[1]);
    bool both = recorded != NULL && now != NULL;
    if (!both)
        damaged(comparison, name);
    for (size_t i = 0; both && i < n[0] && i < n[1] && comparison->rest.length == 0; i++)
        if (strcmp(recorded[i], now[i]) != 0)
            es_text_add(&comparison->rest, "%s %zu is %s; now %s", name, i, recorded[i], now[i]);
    free_texts(recorded, n[0]);
    free_texts(now, n[1]);
}

/* Fills what both variables look like; false, with a note, if they do not look alike. */
static bool describe(struct comparison *comparison, struct variable *variable) {
    hid_t types[] = {H5Dget_type(variable->recorded), H5Dget_type(variable->now)};
    hid_t spaces[] = {H5Dget_space(variable->recorded), H5Dget_space(variable->now)};
    hsize_t lengths[H5S_MAX_RANK] = {0}, now[H5S_MAX_RANK] = {0};
    int rank = H5Sget_simple_extent_dims(spaces[0], lengths, NULL);
    bool alike = H5Tequal(types[0], types[1]) > 0 &&
                 rank == H5Sget_simple_extent_dims(spaces[1], now, NULL) && rank >= 0 &&
                 rank <= MAX_RANK && memcmp(lengths, now, sizeof now) == 0;
    if (alike) {
        variable->rank = rank;
        memcpy(variable->lengths, lengths, sizeof variable->lengths);
        variable->type = H5Tget_class(types[0]) == H5T_STRING    ? H5I_INVALID_HID
                         : H5Tget_class(types[0]) == H5T_INTEGER ? H5T_NATIVE_INT64
                                                                 : H5T_NATIVE_DOUBLE;
    } else if (comparison->rest.length == 0) {
        es_text_add(&comparison->rest, "%s has another shape: ", variable->name);
        for (int d = 0; d < rank; d++)
            es_text_add(&comparison->rest, "%s%llu", d > 0 ? " x " : "",
                        (unsigned long long)lengths[d]);
        es_text_add(&comparison->rest, "; now");
        for (int d = 0; d < rank; d++)
            es_text_add(&comparison->rest, "%s %llu", d > 0 ? " x" : "",
                        (unsigned long long)now[d]);
    }
    for (size_t i = 0; i < 2; i++) {
        H5Tclose(types[i]);
        H5Sclose(spaces[i]);
    }
    return alike;
}

static void compare_variables(struct comparison *comparison, struct variable *variable) {
    if (!describe(comparison, variable))
        return;
    if (variable->type < 0)
        compare_texts(comparison, variable->name);
    else
        compare_numbers(comparison, variable);
}

/* Opens a variable; negative if that is none. */
static hid_t open_variable(hid_t file, const char *name) {
    hid_t object = H5Oopen(file, name, H5P_DEFAULT);
    if (object >= 0 && H5Iget_type(object) != H5I_DATASET) {
        H5Oclose(object);
        return H5I_INVALID_HID;
    }
    return object;
}

/* A link of the new file. */
static herr_t compare_link(hid_t group, const char *name, const H5L_info_t *info, void *context) {
    struct comparison *comparison = context;
    (void)info;
    if (is_source(name))
        return 0;
    struct variable variable = {.name = name, .now = open_variable(group, name)};
    if (variable.now < 0)
        return 0;
    variable.recorded = open_variable(comparison->recorded, name);
    if (variable.recorded >= 0) {
        compare_variables(comparison, &variable);
        H5Dclose(variable.recorded);
    } else if (comparison->rest.length == 0)
        es_text_add(&comparison->rest, "%s is not in it", name);
    H5Dclose(variable.now);
    return comparison->status == ES_OK ? 0 : 1;
}

/* A link of the recorded file: what the new one lacks, but for the variables of a study, which are
 * single values. */
static herr_t find_lacking(hid_t group, const char *name, const H5L_info_t *info, void *context) {
    struct comparison *comparison = context;
    (void)info;
    hid_t variable = is_source(name) ? H5I_INVALID_HID : open_variable(group, name);
    if (variable < 0)
        return 0;
    hid_t space = H5Dget_space(variable), now = open_variable(comparison->now, name);
    if (now < 0 && H5Sget_simple_extent_ndims(space) > 0 && comparison->rest.length == 0)
        es_text_add(&comparison->rest, "%s is no longer there", name);
    if (now >= 0)
        H5Dclose(now);
    H5Sclose(space);
    H5Dclose(variable);
    return 0;
}

es_status same_results(const char *recorded, const char *now, es_text *difference,
                       es_errors *errors) {
    struct comparison comparison = {.path = recorded, .errors = errors};
    comparison.recorded = open_result(recorded, errors);
    comparison.now = open_result(now, errors);
    for (size_t i = 0; i < 2; i++)
        comparison.buffers[i] = es_alloc(BUFFER_VALUES, VALUE_BYTES);
    if (comparison.recorded < 0 || comparison.now < 0)
        comparison.status = es_errors_status(errors);
    else if (comparison.buffers[0] == NULL || comparison.buffers[1] == NULL)
        comparison.status = es_errors_no_memory(errors, recorded);
    if (comparison.status == ES_OK &&
        (H5Lvisit(comparison.now, H5_INDEX_CRT_ORDER, H5_ITER_INC, compare_link, &comparison) < 0 ||
         H5Lvisit(comparison.recorded, H5_INDEX_NAME, H5_ITER_INC, find_lacking, &comparison) < 0))
        damaged(&comparison, "the list of its variables");
    const es_text *found = comparison.steps.length > 0 ? &comparison.steps : &comparison.rest;
    if (comparison.status == ES_OK && found->length > 0)
        es_text_add(difference, "%s", found->data);
    if (comparison.status == ES_OK &&
        (comparison.steps.failed || comparison.rest.failed || difference->failed))
        comparison.status = es_errors_no_memory(errors, recorded);
    free(comparison.steps.data);
    free(comparison.rest.data);
    for (size_t i = 0; i < 2; i++)
        free(comparison.buffers[i]);
    if (comparison.recorded >= 0)
        H5Fclose(comparison.recorded);
    if (comparison.now >= 0)
        H5Fclose(comparison.now);
    return comparison.status;
}
