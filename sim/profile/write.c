#include "draft.h"

#include <math.h>
#include <string.h>

static void add_provenance(es_text *text, const char *key, const char *value) {
    es_slice trimmed = es_slice_trim((es_slice){value, strlen(value)});
    es_text_add(text, "# %s: %.*s\n", key, (int)trimmed.length, trimmed.data);
}

/* True for the keys whose values are fields of the profile. */
static bool is_field(const char *key) {
    return strcmp(key, "model") == 0 || strcmp(key, "kind") == 0 ||
           strcmp(key, "granularity") == 0 || strcmp(key, "resolution") == 0;
}

static void add_row(es_text *text, const es_profile_row *row) {
    ES_REQUIRE(es_profile_is_median(row->kind, row->median_s));
    es_text_add(text, "%s,%zu,%s,%s,%lld,%lld", es_profile_kind_text(row->kind), row->index,
                row->name, row->op, (long long)row->batch, (long long)row->n);
    const double figures[] = {row->median_s, row->p05_s,  row->p95_s,
                              row->min_s,    row->mean_s, row->std_s};
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        char number[ES_NUMBER_TEXT] = "";
        if (!isnan(figures[i]))
            es_format_double(figures[i], number);
        es_text_add(text, ",%s", number);
    }
    if (row->out_elems != 0)
        es_text_add(text, ",%lld\n", (long long)row->out_elems);
    else
        es_text_add(text, ",\n");
}

static es_status check_texts(const es_profile *profile, const char *path, es_errors *errors) {
    const es_provenance model = {"model", profile->model};
    es_status status = es_provenance_check(&model, path, errors);
    for (size_t i = 0; status == ES_OK && i < profile->n_provenance; i++)
        status = es_provenance_check(&profile->provenance[i], path, errors);
    for (size_t i = 0; status == ES_OK && i < profile->n_rows; i++) {
        const es_profile_row *row = &profile->rows[i];
        if (strpbrk(row->name, ",\"\r\n") != NULL || strpbrk(row->op, ",\"\r\n") != NULL)
            status = es_errors_add(errors, ES_INVALID, path, 0,
                                   "row %zu: a name with a comma, quote or line break", i + 1);
    }
    return status;
}

es_status es_profile_save(const es_profile *profile, const char *path, bool replace,
                          es_errors *errors) {
    es_status status = check_texts(profile, path, errors);
    if (status != ES_OK)
        return status;
    es_text text = {0};
    add_provenance(&text, "model", profile->model);
    add_provenance(&text, "kind", profile->kind);
    add_provenance(&text, "granularity", es_granularity_text(profile->granularity));
    if (profile->resolution != 0)
        es_text_add(&text, "# resolution: %lld\n", (long long)profile->resolution);
    for (size_t i = 0; i < profile->n_provenance; i++)
        if (!is_field(profile->provenance[i].key))
            add_provenance(&text, profile->provenance[i].key, profile->provenance[i].value);
    es_text_add(&text, "%s\n", ES_PROFILE_HEADER);
    for (size_t i = 0; i < profile->n_rows; i++)
        add_row(&text, &profile->rows[i]);
    if (text.failed)
        status = es_errors_no_memory(errors, path);
    else
        status = es_file_write(path, text.data, text.length, replace, errors);
    free(text.data);
    return status;
}
