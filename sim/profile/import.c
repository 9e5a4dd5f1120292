#include "draft.h"

#include <math.h>
#include <string.h>

enum { MAX_BYTES = 64 * 1024 * 1024 };
static const size_t NO_COLUMN = SIZE_MAX;

typedef struct importer {
    const es_profile_import *how;
    es_draft *draft;
    size_t n_columns;
    size_t batch_at, index_at, time_at; /* columns */
} importer;

static const char *find_provenance(const es_profile_import *how, const char *key) {
    for (size_t i = 0; i < how->n_provenance; i++)
        if (strcmp(how->provenance[i].key, key) == 0)
            return how->provenance[i].value;
    return NULL;
}

/* Keys that the import itself writes. */
static bool is_reserved(const char *key) {
    return strcmp(key, "model") == 0 || strcmp(key, "granularity") == 0 ||
           strcmp(key, "source-sha256") == 0;
}

static void check_provenance(importer *in) {
    const es_profile_import *how = in->how;
    for (size_t i = 0; i < how->n_provenance; i++) {
        const char *key = how->provenance[i].key;
        if (es_provenance_check(&how->provenance[i], in->draft->path, in->draft->errors) != ES_OK)
            in->draft->invalid = true;
        if (is_reserved(key))
            es_draft_complain(in->draft, "provenance %s is the import's own", key);
        for (size_t j = 0; j < i; j++)
            if (strcmp(how->provenance[j].key, key) == 0)
                es_draft_complain(in->draft, "provenance %s is given twice", key);
    }
    const char *kind = find_provenance(how, "kind");
    if (kind != NULL && !es_profile_is_provenance_kind(kind))
        es_draft_complain(in->draft,
                          "provenance kind is \"%s\"; expected measured, scaled or modelled", kind);
}

/* Checks what has nothing to do with the table. Creates the network. ES_INVALID, ES_NO_MEMORY. */
static es_status check_description(importer *in) {
    const es_profile_import *how = in->how;
    int64_t resolution = 0;
    const char *text = find_provenance(how, "resolution");
    check_provenance(in);
    if (text != NULL &&
        (es_parse_int64((es_slice){text, strlen(text)}, &resolution) != ES_OK || resolution < 1)) {
        es_draft_complain(in->draft, "provenance resolution is \"%s\"; expected pixels per side",
                          text);
        resolution = 0;
    }
    if (how->kind == ES_PROFILE_WHOLE)
        es_draft_complain(in->draft,
                          "numbered rows are of the whole network; expected layer, head or tail");
    if (how->batch_column == NULL && how->batch < 1)
        es_draft_complain(in->draft, "batch size %lld; expected at least 1", (long long)how->batch);
    if (!isfinite(how->time_unit_s) || how->time_unit_s <= 0)
        es_draft_complain(in->draft, "a time unit of %g s; expected one above 0", how->time_unit_s);
    es_status status =
        es_model_create(how->model, resolution, &in->draft->network, in->draft->errors);
    return status == ES_OK && in->draft->invalid ? ES_INVALID : status;
}

/* Sets the profile's provenance and what follows from it. ES_NO_MEMORY. */
static es_status set_provenance(importer *in) {
    const es_profile_import *how = in->how;
    es_profile *profile = &in->draft->profile;
    const char *kind = find_provenance(how, "kind");
    profile->granularity = how->granularity;
    profile->resolution = in->draft->network->layers[0].out.h;
    memcpy(profile->sha256, in->draft->file.sha256, sizeof profile->sha256);
    es_text texts = {0};
    size_t n = 5;
    es_text_add(&texts, "model%c%s%c", 0, how->model, 0);
    es_text_add(&texts, "kind%c%s%c", 0, kind != NULL ? kind : "measured", 0);
    es_text_add(&texts, "granularity%c%s%c", 0, es_granularity_text(how->granularity), 0);
    es_text_add(&texts, "resolution%c%lld%c", 0, (long long)profile->resolution, 0);
    es_text_add(&texts, "source-sha256%c%s%c", 0, profile->sha256, 0);
    for (size_t i = 0; i < how->n_provenance; i++) {
        const es_provenance *given = &how->provenance[i];
        if (strcmp(given->key, "kind") == 0 || strcmp(given->key, "resolution") == 0)
            continue;
        es_text_add(&texts, "%s%c%s%c", given->key, 0, given->value, 0);
        n++;
    }
    in->draft->texts = texts.data;
    es_status status = texts.failed ? ES_NO_MEMORY : ES_OK;
    const char *at = texts.data;
    for (size_t i = 0; status == ES_OK && i < n; i++) {
        const char *value = at + strlen(at) + 1;
        status = es_draft_add_provenance(in->draft, at, value);
        at = value + strlen(value) + 1;
    }
    if (status == ES_OK) {
        profile->model = es_profile_provenance(profile, "model");
        profile->kind = es_profile_provenance(profile, "kind");
    }
    return status;
}

/* The place of a column in the header; NO_COLUMN with a record if it is absent or ambiguous. */
static size_t find_column(importer *in, es_slice header, const char *name) {
    size_t found = NO_COLUMN, n_found = 0;
    es_slice rest = header, field;
    for (size_t i = 0; es_next_field(&rest, ',', &field); i++)
        if (es_slice_equals(field, name)) {
            found = i;
            n_found++;
        }
    if (n_found == 1)
        return found;
    es_draft_complain(in->draft, "%s column \"%s\"; the columns are %.*s",
                      n_found == 0 ? "no" : "more than one", name, (int)header.length, header.data);
    return NO_COLUMN;
}

static void read_header(importer *in, es_slice header) {
    const es_profile_import *how = in->how;
    es_slice rest = header, field;
    while (es_next_field(&rest, ',', &field))
        in->n_columns++;
    in->batch_at =
        how->batch_column != NULL ? find_column(in, header, how->batch_column) : NO_COLUMN;
    in->index_at = find_column(in, header, how->index_column);
    in->time_at = find_column(in, header, how->time_column);
}

static bool is_skipped(const es_profile_import *how, es_slice index) {
    for (size_t i = 0; i < how->n_skip; i++)
        if (es_slice_equals(index, how->skip[i]))
            return true;
    return false;
}

/* Finds what the index column says: the kind and index of a row, and from these its name, operator
 * and elements. */
static bool read_unit(importer *in, es_slice text, es_profile_row *row) {
    const es_profile_import *how = in->how;
    const es_model *network = in->draft->network;
    if (how->whole_label != NULL && es_slice_equals(text, how->whole_label)) {
        row->kind = ES_PROFILE_WHOLE;
        row->name = network->name;
        return true;
    }
    int64_t least = how->kind == ES_PROFILE_LAYER ? 1 : 0;
    int64_t most = (int64_t)network->n_cuts[how->granularity] - 1;
    int64_t number, index;
    if (es_parse_int64(text, &number) != ES_OK) {
        es_draft_complain(in->draft, "%s is \"%.*s\"; expected a number", how->index_column,
                          (int)text.length, text.data);
        return false;
    }
    if (__builtin_add_overflow(number, how->index_offset, &index) || index < least ||
        index > most) {
        es_draft_complain(in->draft,
                          "%s is %lld, with the offset %lld; expected %lld to %lld in the sum",
                          how->index_column, (long long)number, (long long)how->index_offset,
                          (long long)least, (long long)most);
        return false;
    }
    const es_cut *cut = &network->cuts[how->granularity][index];
    const es_layer *layer = &network->layers[cut->last_layer];
    row->kind = how->kind;
    row->index = (size_t)index;
    row->name = cut->name;
    row->out_elems = how->kind == ES_PROFILE_LAYER ? es_shape_elems(layer->out) : cut->elems;
    if (how->kind == ES_PROFILE_LAYER && how->granularity == ES_LEAF)
        row->op = es_op_text(layer->op);
    return true;
}

/* ES_NO_MEMORY. */
static es_status read_row(importer *in, es_slice line) {
    const es_profile_import *how = in->how;
    es_slice rest = line, field, batch = {0}, index = {0}, time = {0};
    size_t n = 0;
    for (; es_next_field(&rest, ',', &field); n++) {
        batch = n == in->batch_at ? field : batch;
        index = n == in->index_at ? field : index;
        time = n == in->time_at ? field : time;
    }
    if (memchr(line.data, '"', line.length) != NULL) {
        es_draft_complain(in->draft, "a quote character; fields are plain text, without quotes");
        return ES_OK;
    }
    if (n != in->n_columns) {
        es_draft_complain(in->draft, "%zu fields; the header has %zu", n, in->n_columns);
        return ES_OK;
    }
    if (is_skipped(how, index))
        return ES_OK;
    es_profile_row row = {.op = "",
                          .batch = how->batch,
                          .n = 1,
                          .p05_s = (double)NAN,
                          .p95_s = (double)NAN,
                          .min_s = (double)NAN,
                          .mean_s = (double)NAN,
                          .std_s = (double)NAN};
    bool valid = read_unit(in, index, &row);
    if (in->batch_at != NO_COLUMN &&
        (es_parse_int64(batch, &row.batch) != ES_OK || row.batch < 1)) {
        es_draft_complain(in->draft, "%s is \"%.*s\"; expected a whole number of at least 1",
                          how->batch_column, (int)batch.length, batch.data);
        valid = false;
    }
    double value = 0;
    bool is_number = es_parse_double(time, &value) == ES_OK;
    row.median_s = value * how->time_unit_s;
    if (!is_number || (valid && !es_profile_is_median(row.kind, row.median_s))) {
        es_draft_complain(
            in->draft,
            "%s is \"%.*s\"; expected a time, finite and above 0 (heads and tails: or 0)",
            how->time_column, (int)time.length, time.data);
        valid = false;
    }
    return valid ? es_draft_add_row(in->draft, &row, in->draft->line) : ES_OK;
}

static es_status import(importer *in) {
    es_draft *draft = in->draft;
    es_status status = check_description(in);
    if (status != ES_OK)
        return status;
    status = es_file_read(draft->path, MAX_BYTES, &draft->file, in->draft->errors);
    if (status != ES_OK)
        return status;
    es_slice rest = {draft->file.data, draft->file.length}, line = {0};
    in->draft->line = 1;
    if (!es_next_line(&rest, &line))
        es_draft_complain(in->draft, "empty; expected a header");
    else
        read_header(in, line);
    if (in->draft->invalid)
        return ES_INVALID;
    status = set_provenance(in);
    while (status == ES_OK && es_next_line(&rest, &line)) {
        in->draft->line++;
        status = read_row(in, line);
    }
    if (status != ES_OK)
        return es_errors_add(in->draft->errors, status, draft->path, 0, "%s",
                             es_status_text(status));
    if (draft->n_rows > 0 || !in->draft->invalid)
        status = es_draft_finish(draft);
    return status == ES_OK && in->draft->invalid ? ES_INVALID : status;
}

es_status es_profile_import_csv(const char *path, const es_profile_import *how,
                                es_profile **profile, es_errors *errors) {
    es_draft *draft = es_draft_create(path, errors);
    if (draft == NULL)
        return es_errors_no_memory(errors, path);
    importer in = {.how = how, .draft = draft};
    es_status status = import(&in);
    if (status == ES_OK)
        *profile = &draft->profile;
    else
        es_draft_destroy(draft);
    return status;
}
