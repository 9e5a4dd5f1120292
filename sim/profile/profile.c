#include "draft.h"

#include "edgesplit/alloc.h"

#include <string.h>

void es_profile_destroy(es_profile *profile) {
    es_draft_destroy((es_draft *)profile);
}

const char *es_profile_provenance(const es_profile *profile, const char *key) {
    for (size_t i = 0; i < profile->n_provenance; i++)
        if (strcmp(profile->provenance[i].key, key) == 0)
            return profile->provenance[i].value;
    return NULL;
}

/* Checks that no row's index lies behind the last unit. */
static es_status check_indices(const es_profile *profile, const es_model *model,
                               es_errors *errors) {
    size_t n_units = model->n_cuts[profile->granularity] - 1;
    const es_profile_row *farthest = NULL;
    for (size_t i = 0; i < profile->n_rows; i++)
        if (farthest == NULL || profile->rows[i].index > farthest->index)
            farthest = &profile->rows[i];
    if (farthest == NULL || farthest->index <= n_units)
        return ES_OK;
    return es_errors_add(errors, ES_INVALID, profile->path, 0,
                         "%s %zu (%s), but %s has %zu units at granularity %s",
                         es_profile_kind_text(farthest->kind), farthest->index, farthest->name,
                         model->name, n_units, es_granularity_text(profile->granularity));
}

es_status es_profile_check_model(const es_profile *profile, const es_model *model,
                                 es_errors *errors) {
    if (strcmp(profile->model, model->name) != 0)
        return es_errors_add(errors, ES_INVALID, profile->path, 0,
                             "is a profile of %s; the model is %s", profile->model, model->name);
    int64_t resolution = model->layers[0].out.h;
    if (profile->resolution != 0 && profile->resolution != resolution)
        return es_errors_add(errors, ES_INVALID, profile->path, 0,
                             "is a profile of %s at %lld pixels; the model has %lld",
                             profile->model, (long long)profile->resolution, (long long)resolution);
    return check_indices(profile, model, errors);
}

static int compare_batches(const void *a, const void *b) {
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return (left > right) - (left < right);
}

/* The number of different (kind, index). */
static size_t count_units(const es_profile_row *const *sorted, size_t n_rows) {
    size_t n = 0;
    for (size_t i = 0; i < n_rows; i++)
        n += i == 0 || sorted[i]->kind != sorted[i - 1]->kind ||
             sorted[i]->index != sorted[i - 1]->index;
    return n;
}

/* Every (kind, index) has a batch size at most once: it covers all if it occurs that many times. */
es_status es_profile_batches(const es_profile *profile, int64_t **batches, size_t *n,
                             es_errors *errors) {
    size_t n_rows = profile->n_rows, n_found = 0;
    const es_profile_row **sorted = es_profile_sort(profile->rows, n_rows);
    int64_t *found = es_alloc(n_rows, sizeof *found);
    es_status status = ES_OK;
    if (sorted == NULL || found == NULL) {
        status = es_errors_no_memory(errors, profile->path);
        goto done;
    }
    size_t n_units = count_units(sorted, n_rows);
    for (size_t i = 0; i < n_rows; i++)
        found[i] = profile->rows[i].batch;
    qsort(found, n_rows, sizeof *found, compare_batches);
    for (size_t i = 0, first = 0; i < n_rows; i++) {
        if (found[i] != found[first])
            first = i;
        if (i - first + 1 == n_units)
            found[n_found++] = found[i];
    }
    if (n_found == 0) {
        status = es_errors_add(errors, ES_INVALID, profile->path, 0,
                               "no batch size has a row for every layer, head and tail");
        goto done;
    }
    *batches = found;
    *n = n_found;
    found = NULL;
done:
    free(found);
    free(sorted);
    return status;
}

/* -1, 0 or 1: where the row lies relative to the key. */
static int place(const es_profile_row *row, es_profile_kind kind, size_t index, int64_t batch) {
    if (row->kind != kind)
        return row->kind < kind ? -1 : 1;
    if (row->index != index)
        return row->index < index ? -1 : 1;
    return (row->batch > batch) - (row->batch < batch);
}

const es_profile_row *es_profile_find(const es_profile *profile, es_profile_kind kind, size_t index,
                                      int64_t batch) {
    if (profile->sorted == NULL) {
        for (size_t i = 0; i < profile->n_rows; i++)
            if (place(&profile->rows[i], kind, index, batch) == 0)
                return &profile->rows[i];
        return NULL;
    }
    size_t low = 0, high = profile->n_rows;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int where = place(profile->sorted[middle], kind, index, batch);
        if (where == 0)
            return profile->sorted[middle];
        if (where < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
