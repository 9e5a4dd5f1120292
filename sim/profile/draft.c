#include "draft.h"

#include "edgesplit/alloc.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

const char *es_profile_kind_text(es_profile_kind kind) {
    static const char *const texts[ES_N_PROFILE_KINDS] = {"layer", "head", "tail", "whole"};
    return texts[kind];
}

bool es_profile_is_provenance_kind(const char *text) {
    return strcmp(text, "measured") == 0 || strcmp(text, "scaled") == 0 ||
           strcmp(text, "modelled") == 0;
}

bool es_profile_is_median(es_profile_kind kind, double median_s) {
    bool may_be_empty = kind == ES_PROFILE_HEAD || kind == ES_PROFILE_TAIL;
    return isfinite(median_s) && (median_s > 0 || (median_s == 0 && may_be_empty));
}

es_draft *es_draft_create(const char *path, es_errors *errors) {
    es_draft *draft = es_alloc(1, sizeof *draft);
    if (draft == NULL)
        return NULL;
    draft->path = es_strdup(path);
    if (draft->path == NULL) {
        free(draft);
        return NULL;
    }
    draft->profile.path = draft->path;
    draft->errors = errors;
    return draft;
}

void es_draft_complain(es_draft *draft, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    es_errors_add_list(draft->errors, ES_INVALID, draft->path, draft->line, format, arguments);
    va_end(arguments);
    draft->invalid = true;
}

void es_draft_destroy(es_draft *draft) {
    if (draft == NULL)
        return;
    free(draft->path);
    es_file_fini(&draft->file);
    free(draft->texts);
    es_model_destroy(draft->network);
    free(draft->provenance);
    free(draft->rows);
    free(draft->lines);
    free(draft->sorted);
    free(draft);
}

es_status es_draft_add_provenance(es_draft *draft, const char *key, const char *value) {
    size_t n = draft->n_provenance;
    es_status status = es_reserve(&draft->provenance, &draft->provenance_capacity, n + 1,
                                  sizeof *draft->provenance);
    if (status != ES_OK)
        return status;
    draft->provenance[draft->n_provenance++] = (es_provenance){key, value};
    draft->profile.provenance = draft->provenance;
    draft->profile.n_provenance = draft->n_provenance;
    return ES_OK;
}

es_status es_draft_add_row(es_draft *draft, const es_profile_row *row, size_t line) {
    size_t n = draft->n_rows;
    es_status status = es_reserve(&draft->rows, &draft->rows_capacity, n + 1, sizeof *draft->rows);
    if (status == ES_OK)
        status = es_reserve(&draft->lines, &draft->lines_capacity, n + 1, sizeof *draft->lines);
    if (status != ES_OK)
        return status;
    draft->rows[n] = *row;
    draft->lines[n] = line;
    draft->n_rows++;
    return ES_OK;
}

static int order_of(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

static int compare_keys(const es_profile_row *a, const es_profile_row *b) {
    int order = order_of(a->kind, b->kind);
    if (order == 0)
        order = order_of((int64_t)a->index, (int64_t)b->index);
    return order != 0 ? order : order_of(a->batch, b->batch);
}

static int compare_rows(const void *a, const void *b) {
    const es_profile_row *left = *(const es_profile_row *const *)a;
    const es_profile_row *right = *(const es_profile_row *const *)b;
    int order = compare_keys(left, right);
    return order != 0 ? order : (left > right) - (left < right);
}

const es_profile_row **es_profile_sort(const es_profile_row *rows, size_t n_rows) {
    const es_profile_row **sorted = es_alloc(n_rows, sizeof(const es_profile_row *));
    if (sorted == NULL)
        return NULL;
    for (size_t i = 0; i < n_rows; i++)
        sorted[i] = &rows[i];
    qsort(sorted, n_rows, sizeof(const es_profile_row *), compare_rows);
    return sorted;
}

es_status es_draft_finish(es_draft *draft) {
    draft->sorted = es_profile_sort(draft->rows, draft->n_rows);
    if (draft->sorted == NULL)
        return es_errors_no_memory(draft->errors, draft->path);
    es_status status = ES_OK;
    if (draft->n_rows == 0)
        status =
            es_errors_add(draft->errors, ES_INVALID, draft->path, 0, "no row that could be read");
    size_t first = 0;
    for (size_t i = 1; i < draft->n_rows; i++) {
        const es_profile_row *row = draft->sorted[i];
        if (compare_keys(draft->sorted[first], row) != 0) {
            first = i;
            continue;
        }
        status =
            es_errors_add(draft->errors, ES_INVALID, draft->path, draft->lines[row - draft->rows],
                          "%s %zu at batch %lld is there twice; first in line %zu",
                          es_profile_kind_text(row->kind), row->index, (long long)row->batch,
                          draft->lines[draft->sorted[first] - draft->rows]);
    }
    draft->profile.rows = draft->rows;
    draft->profile.n_rows = draft->n_rows;
    draft->profile.sorted = draft->sorted;
    free(draft->lines);
    draft->lines = NULL;
    return status;
}

es_status es_provenance_check(const es_provenance *provenance, const char *path,
                              es_errors *errors) {
    const char *key = provenance->key;
    es_slice trimmed = es_slice_trim((es_slice){key, strlen(key)});
    if (trimmed.length == 0 || trimmed.length != strlen(key) || strpbrk(key, ":\r\n") != NULL)
        return es_errors_add(errors, ES_INVALID, path, 0,
                             "provenance key \"%s\"; expected a word without colon", key);
    if (strpbrk(provenance->value, "\r\n") != NULL)
        return es_errors_add(errors, ES_INVALID, path, 0,
                             "provenance %s: a line break; expected one line of text", key);
    return ES_OK;
}
