/* Which run is which. */
#include "parts.h"

#include "edgesplit/alloc.h"

#include <string.h>

void id_text(const run_id *id, char text[ID_TEXT]) {
    for (size_t i = 0; i < ID_BYTES; i++)
        snprintf(text + 2 * i, 3, "%02x", (unsigned)id->bytes[i]);
}

static int digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool id_parse(es_slice text, run_id *id) {
    if (text.length != ID_TEXT - 1)
        return false;
    for (size_t i = 0; i < ID_BYTES; i++) {
        int high = digit(text.data[2 * i]), low = digit(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        id->bytes[i] = (unsigned char)(16 * high + low);
    }
    return true;
}

static int by_text(const void *a, const void *b) {
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

es_status identify(const char *resolved, size_t n, char **files, run_id *id) {
    es_text text = {0};
    char hash[ID_TEXT];
    qsort(files, n, sizeof *files, by_text);
    es_text_add(&text, "edgesplit run " ES_RESULT_FORMAT "\n%s", resolved);
    for (size_t i = 0; i < n; i++)
        es_text_add(&text, "\n%s", files[i]);
    es_status status = text.failed ? ES_NO_MEMORY : es_sha256(text.data, text.length, hash);
    free(text.data);
    if (status == ES_OK && !id_parse((es_slice){hash, ID_TEXT - 1}, id))
        status = ES_INTERNAL;
    return status;
}

/* ---- Runs by their identity */

/* qsort has no context: what is sorted carries what it is sorted by. */
typedef struct keyed_run {
    run_id id;
    uint32_t run;
} keyed_run;

static int by_id(const void *a, const void *b) {
    const keyed_run *x = a, *y = b;
    int order = memcmp(x->id.bytes, y->id.bytes, ID_BYTES);
    return order != 0 ? order : (x->run > y->run) - (x->run < y->run);
}

es_status index_create(size_t n, const run_id *ids, run_index *index) {
    *index = (run_index){.n = n, .ids = ids, .order = es_alloc(n, sizeof *index->order)};
    keyed_run *keyed = es_alloc(n, sizeof *keyed);
    if (keyed == NULL || index->order == NULL) {
        free(keyed);
        index_fini(index);
        return ES_NO_MEMORY;
    }
    for (size_t i = 0; i < n; i++)
        keyed[i] = (keyed_run){ids[i], (uint32_t)i};
    qsort(keyed, n, sizeof *keyed, by_id);
    for (size_t i = 0; i < n; i++)
        index->order[i] = keyed[i].run;
    free(keyed);
    return ES_OK;
}

void index_fini(run_index *index) {
    free(index->order);
    *index = (run_index){0};
}

/* The first place whose identity is not below `id`, or above it. */
static size_t bound(const run_index *index, const run_id *id, bool above) {
    size_t low = 0, high = index->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(index->ids[index->order[middle]].bytes, id->bytes, ID_BYTES);
        if (order < 0 || (above && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

size_t index_find(const run_index *index, const run_id *id, size_t *n) {
    size_t first = bound(index, id, false);
    *n = bound(index, id, true) - first;
    return first;
}

/* ---- All runs of a study */

/* SHA-256 of the files seen so far. */
typedef struct digests {
    size_t n, capacity;
    struct digest {
        char *name; /* as it is written */
        char hash[ES_SHA256_TEXT];
        es_status status;
    } * files; /* [n] by name */
} digests;

/* The digest of a file of a scenario at `base`; NULL: out of memory. */
static const struct digest *digest_of(digests *seen, const char *base, const char *name,
                                      es_errors *errors) {
    size_t low = 0, high = seen->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(seen->files[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < seen->n && strcmp(seen->files[low].name, name) == 0)
        return &seen->files[low];
    char *path = es_path_beside(base, name), *copy = es_strdup(name);
    if (path == NULL || copy == NULL ||
        es_reserve(&seen->files, &seen->capacity, seen->n + 1, sizeof *seen->files) != ES_OK) {
        free(path);
        free(copy);
        return NULL;
    }
    struct digest made = {.name = copy};
    made.status = es_file_sha256(path, made.hash, errors);
    free(path);
    memmove(&seen->files[low + 1], &seen->files[low], (seen->n - low) * sizeof *seen->files);
    seen->files[low] = made;
    seen->n++;
    return &seen->files[low];
}

static void digests_fini(digests *seen) {
    for (size_t i = 0; i < seen->n; i++)
        free(seen->files[i].name);
    free(seen->files);
}

enum { MAX_FILES = 16 };

static es_status identify_scenario(const es_scenario *scenario, digests *seen, run_id *id,
                                   es_errors *errors) {
    es_text lines[MAX_FILES] = {{0}}, resolved = {0};
    char *files[MAX_FILES];
    size_t n = 0;
    es_status status = ES_OK;
    es_scenario_resolve(scenario, false, &resolved);
    bool failed = resolved.failed;
    for (const char *name; !failed && (name = es_scenario_file(scenario, n)) != NULL; n++) {
        ES_REQUIRE(n < MAX_FILES);
        const struct digest *digest = digest_of(seen, scenario->ini->path, name, errors);
        failed = digest == NULL;
        if (failed)
            break;
        status = status == ES_OK ? digest->status : status;
        es_text_add(&lines[n], "%s %s", digest->hash, name);
        files[n] = lines[n].data;
        failed = lines[n].failed;
    }
    if (failed)
        status = ES_NO_MEMORY;
    if (status == ES_OK)
        status = identify(resolved.data, n, files, id);
    if (status == ES_NO_MEMORY || status == ES_INTERNAL)
        es_errors_add(errors, status, NULL, 0, "%s", es_status_text(status));
    for (size_t i = 0; i < MAX_FILES; i++)
        free(lines[i].data);
    free(resolved.data);
    return status;
}

static es_status identify_all(es_sweep *sweep, es_errors *errors) {
    digests seen = {0};
    es_status status = ES_OK;
    for (size_t run = 0; run < sweep->n_runs && status != ES_NO_MEMORY; run++) {
        es_scenario *scenario = NULL;
        es_errors found;
        es_errors_init(&found);
        es_status identified = es_scenario_of_run(sweep->study, run, &scenario, &found);
        if (identified == ES_OK) {
            identified = identify_scenario(scenario, &seen, &sweep->ids[run], &found);
            sweep->expected[run] = es_scenario_requests(scenario) * (double)scenario->n_policies *
                                   (double)scenario->scenario.replications;
        }
        es_scenario_destroy(scenario);
        es_errors_add_new(errors, &found); /* many runs have the same mistake */
        status = status == ES_OK || identified == ES_NO_MEMORY ? identified : status;
    }
    digests_fini(&seen);
    return status;
}

/* Whether a name is another one or that with "_half_width" behind it. */
static bool is_or_is_of(const char *name, const char *taken) {
    size_t length = strlen(taken);
    return strncmp(name, taken, length) == 0 &&
           (name[length] == '\0' || strcmp(name + length, "_half_width") == 0);
}

static es_status check_names(const es_study *study, const char *path, es_errors *errors) {
    static const char *const taken[] = {
#define ES_SUMMARY(name, units, long_name) #name,
#include "edgesplit/summary.def"
#undef ES_SUMMARY
        "run",
        "policy",
        "baseline",
        "cut",
        "station",
        "cut_share",
        "utilisation",
        "queue_length",
        "n_steps",
        "run_state",
        "gain_mean_of_ratios",
        "gain_ratio_of_means",
        "study_ini",
        "per_step",
    };
    size_t n;
    const es_study_variable *variables = es_study_variables(study, &n);
    es_status status = ES_OK;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof taken / sizeof taken[0]; k++)
            if (is_or_is_of(variables[i].name, taken[k]))
                status = es_errors_add(errors, ES_INVALID, path, 0,
                                       "a variable may not be called '%s': the merged result uses "
                                       "this name",
                                       variables[i].name);
    return status;
}

es_status es_sweep_create(const es_study_source *source, const es_study *study, es_sweep **out,
                          es_errors *errors) {
    es_status status = check_names(study, source->path, errors);
    if (status != ES_OK)
        return status;
    es_sweep *sweep = es_alloc(1, sizeof *sweep);
    if (sweep == NULL)
        return es_errors_no_memory(errors, source->path);
    sweep->study = study;
    sweep->source = source;
    sweep->n_runs = es_study_n_runs(study);
    sweep->ids = es_alloc(sweep->n_runs, sizeof *sweep->ids);
    sweep->expected = es_alloc(sweep->n_runs, sizeof *sweep->expected);
    if (sweep->ids == NULL || sweep->expected == NULL)
        status = es_errors_no_memory(errors, source->path);
    else
        status = identify_all(sweep, errors);
    if (status == ES_OK && index_create(sweep->n_runs, sweep->ids, &sweep->index) != ES_OK)
        status = es_errors_no_memory(errors, source->path);
    if (status != ES_OK) {
        es_sweep_destroy(sweep);
        return status;
    }
    *out = sweep;
    return ES_OK;
}

void es_sweep_destroy(es_sweep *sweep) {
    if (sweep == NULL)
        return;
    index_fini(&sweep->index);
    free(sweep->ids);
    free(sweep->expected);
    free(sweep);
}

void es_sweep_id(const es_sweep *sweep, size_t run, char text[65]) {
    id_text(&sweep->ids[run], text);
}
