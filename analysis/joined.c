#include "joined.h"

#include "edgesplit/number.h"
#include "reader.h"

#include <hdf5_hl.h>
#include <string.h>

bool es_joined_is_one(const char *path) {
    es_errors errors;
    es_errors_init(&errors);
    es_reader reader = {.file = H5I_INVALID_HID, .path = path, .errors = &errors};
    es_reader_open(&reader);
    bool is = es_reader_is_format(&reader, "edgesplit-cube");
    if (reader.file >= 0)
        H5Fclose(reader.file);
    return is;
}

/* Copies the name of a dimension scale; for H5DSiterate_scales. */
static herr_t take_name(hid_t variable, unsigned dimension, hid_t scale, void *name) {
    (void)variable;
    (void)dimension;
    return H5Iget_name(scale, name, 128) > 0 ? 1 : -1;
}

static void read_axis(es_reader *reader, es_joined_axis *axis) {
    axis->n = es_reader_length(reader, axis->name);
    hid_t variable =
        reader->status == ES_OK ? H5Dopen2(reader->file, axis->name, H5P_DEFAULT) : H5I_INVALID_HID;
    hid_t type = variable >= 0 ? H5Dget_type(variable) : H5I_INVALID_HID;
    bool is_text = type >= 0 && H5Tget_class(type) == H5T_STRING;
    if (type >= 0)
        H5Tclose(type);
    if (variable >= 0 && !is_text)
        axis->units = es_reader_text_attribute(reader, variable, "units");
    if (variable >= 0)
        H5Dclose(variable);
    if (is_text)
        axis->texts = es_reader_texts(reader, axis->name, axis->n);
    else
        axis->numbers = es_reader_doubles(reader, axis->name, 1, &axis->n);
}

/* The dimensions of the runs are those of `run_state`. */
static void read_axes(es_reader *reader, es_joined *joined) {
    hid_t variable = H5Dopen2(reader->file, "run_state", H5P_DEFAULT);
    hid_t space = variable >= 0 ? H5Dget_space(variable) : H5I_INVALID_HID;
    int rank = space >= 0 ? H5Sget_simple_extent_ndims(space) : -1;
    if (rank < 1 || rank > ES_JOINED_MOST_AXES)
        es_reader_damaged(reader, "run_state");
    joined->n_runs = 1;
    for (int i = 0; i < rank && reader->status == ES_OK; i++) {
        char name[128] = "";
        es_joined_axis *axis = &joined->axes[i];
        if (H5DSiterate_scales(variable, (unsigned)i, NULL, take_name, name) <= 0) {
            es_reader_damaged(reader, "run_state");
            break;
        }
        axis->name = es_reader_copy_text(reader, name[0] == '/' ? name + 1 : name);
        joined->n_axes++;
        if (axis->name != NULL)
            read_axis(reader, axis);
        joined->n_runs *= axis->n;
    }
    if (space >= 0)
        H5Sclose(space);
    if (variable >= 0)
        H5Dclose(variable);
}

static void read_figures(es_reader *reader, es_joined *joined) {
    size_t shape[ES_JOINED_MOST_AXES + 1];
    const int rank = (int)joined->n_axes + 1;
    for (size_t i = 0; i < joined->n_axes; i++)
        shape[i] = joined->axes[i].n;
    shape[joined->n_axes] = joined->n_policies;
    joined->states = es_reader_integers(reader, "run_state", rank - 1, shape);
    H5G_info_t info;
    if (reader->status != ES_OK || H5Gget_info(reader->file, &info) < 0)
        return;
    joined->figures = es_reader_allocate(reader, (size_t)info.nlinks, sizeof *joined->figures);
    for (hsize_t i = 0; i < info.nlinks && reader->status == ES_OK; i++) {
        char name[128];
        if (H5Lget_name_by_idx(reader->file, ".", H5_INDEX_CRT_ORDER, H5_ITER_INC, i, name,
                               sizeof name, H5P_DEFAULT) < 0)
            continue;
        hid_t variable = H5Dopen2(reader->file, name, H5P_DEFAULT);
        hid_t type = variable >= 0 ? H5Dget_type(variable) : H5I_INVALID_HID;
        if (type >= 0 && H5Tget_class(type) == H5T_FLOAT &&
            es_reader_has_shape(variable, rank, shape)) {
            es_result_figure *figure = &joined->figures[joined->n_figures++];
            figure->name = es_reader_copy_text(reader, name);
            figure->units = es_reader_text_attribute(reader, variable, "units");
            figure->values = es_reader_doubles(reader, name, rank, shape);
        }
        if (type >= 0)
            H5Tclose(type);
        if (variable >= 0)
            H5Dclose(variable);
    }
}

static void read_all(es_reader *reader, es_joined *joined) {
    joined->program = es_reader_text_attribute(reader, reader->file, "source");
    joined->study = es_reader_text_attribute(reader, reader->file, "study");
    joined->config = es_reader_text_attribute(reader, reader->file, "config");
    joined->study_ini = es_reader_text(reader, "study_ini");
    joined->n_policies = es_reader_length(reader, "policy");
    joined->policies = es_reader_texts(reader, "policy", joined->n_policies);
    if (reader->status == ES_OK)
        read_axes(reader, joined);
    if (reader->status == ES_OK)
        read_figures(reader, joined);
    if (reader->status != ES_OK)
        return;
    const es_joined_axis *last = &joined->axes[joined->n_axes - 1];
    joined->n_repetitions = es_joined_is_repetition(last) && last->n > 0 ? last->n : 1;
    joined->n_settings = joined->n_runs / joined->n_repetitions;
}

es_status es_joined_load(const char *path, es_joined **out, es_errors *errors) {
    es_reader reader = {.file = H5I_INVALID_HID, .path = path, .errors = errors};
    es_joined *joined = es_reader_allocate(&reader, 1, sizeof *joined);
    es_reader_open(&reader);
    if (reader.status == ES_OK && !es_reader_is_format(&reader, "edgesplit-cube"))
        reader.status =
            es_errors_add(errors, ES_INVALID, path, 0, "is not a joined sweep of edgesplit");
    if (reader.status == ES_OK)
        joined->format_version = es_reader_version(&reader);
    if (reader.status == ES_OK)
        read_all(&reader, joined);
    if (reader.file >= 0)
        H5Fclose(reader.file);
    if (reader.status != ES_OK) {
        es_joined_destroy(joined);
        return reader.status;
    }
    *out = joined;
    return ES_OK;
}

void es_joined_destroy(es_joined *joined) {
    if (joined == NULL)
        return;
    free(joined->program);
    free(joined->study);
    free(joined->config);
    free(joined->study_ini);
    free(joined->format_version);
    for (size_t i = 0; i < joined->n_axes; i++) {
        es_reader_free_texts(joined->axes[i].texts, joined->axes[i].n);
        free(joined->axes[i].numbers);
        free(joined->axes[i].units);
        free(joined->axes[i].name);
    }
    for (size_t i = 0; i < joined->n_figures; i++) {
        free(joined->figures[i].name);
        free(joined->figures[i].units);
        free(joined->figures[i].values);
    }
    free(joined->figures);
    free(joined->states);
    es_reader_free_texts(joined->policies, joined->n_policies);
    free(joined);
}

bool es_joined_sees_future(const es_joined *joined, size_t policy) {
    static const char oracle[] = "oracle"; /* and what begins with it */
    es_text section = {0};
    es_text_add(&section, "policy %s", joined->policies[policy]);
    es_slice type = section.failed ? (es_slice){"", 0}
                                   : es_ini_value(joined->study_ini, section.data, "type", false);
    free(section.data);
    if (type.length == 0)
        type = (es_slice){joined->policies[policy], strlen(joined->policies[policy])};
    return type.length >= sizeof oracle - 1 && memcmp(type.data, oracle, sizeof oracle - 1) == 0;
}

double es_joined_figure_of(const es_joined *joined, const char *name, size_t run, size_t policy) {
    for (size_t i = 0; i < joined->n_figures; i++)
        if (strcmp(joined->figures[i].name, name) == 0)
            return joined->figures[i].values[run * joined->n_policies + policy];
    return ES_NAN;
}

bool es_joined_is_repetition(const es_joined_axis *axis) {
    return strcmp(axis->name, "repetition") == 0;
}

size_t es_joined_index(const es_joined *joined, size_t axis, size_t run) {
    for (size_t a = joined->n_axes - 1; a > axis; a--)
        run /= joined->axes[a].n;
    return run % joined->axes[axis].n;
}

double es_joined_shown_unit(const es_joined_axis *axis, const char **unit) {
    bool is_rate = axis->units != NULL && strcmp(axis->units, "bit/s") == 0;
    bool has_unit = axis->units != NULL && strcmp(axis->units, "1") != 0;
    *unit = is_rate ? "Mbit/s" : has_unit ? axis->units : "";
    return is_rate ? 1e6 : 1;
}

void es_joined_add_shown(const es_joined_axis *axis, size_t i, es_text *text) {
    const char *unit;
    double divisor = es_joined_shown_unit(axis, &unit);
    if (axis->texts != NULL)
        es_text_add(text, "%s", axis->texts[i]);
    else
        es_text_add(text, "%.6g%s%s", axis->numbers[i] / divisor, unit[0] != '\0' ? " " : "", unit);
}

es_moments es_joined_moments(const es_joined *joined, const char *name, size_t setting,
                             size_t policy, size_t other) {
    es_moments moments = {0};
    for (size_t r = 0; r < joined->n_repetitions; r++) {
        size_t run = setting * joined->n_repetitions + r;
        double value = es_joined_figure_of(joined, name, run, policy);
        if (other < joined->n_policies)
            value -= es_joined_figure_of(joined, name, run, other);
        es_moments_add(&moments, &value, 1);
    }
    return moments;
}

es_interval es_joined_interval(const es_joined *joined, const char *name, size_t setting,
                               size_t policy) {
    es_moments moments = es_joined_moments(joined, name, setting, policy, joined->n_policies);
    es_interval interval = es_moments_interval(&moments, 0.95);
    if (joined->n_repetitions > 1)
        return interval;
    char of[128];
    snprintf(of, sizeof of, "%s_half_width", name);
    double half = es_joined_figure_of(joined, of, setting, policy);
    return (es_interval){
        .mean = interval.mean, .low = interval.mean - half, .high = interval.mean + half};
}
