/* [config NAME] sections: variants of a file, with inheritance. */
#include "edgesplit/ini.h"

#include "edgesplit/alloc.h"
#include "parts.h"

#include <string.h>

typedef enum visit { NEW, OPEN, DONE } visit;

/* The variants of a file as a graph. */
typedef struct variants {
    es_ini *ini;
    size_t n;
    size_t *sections; /* [n] */
    size_t *first;    /* [n + 1] of their parents below */
    size_t *parents;  /* numbers of variants, in the order written */
    size_t parents_capacity;
    visit *visits;     /* [n] */
    size_t *path, *at; /* [n] the way to the variant being visited; parents left to visit there */
    size_t *order, n_order; /* [n] visited, ancestors first */
} variants;

static const es_ini_section *section_of(const variants *v, size_t i) {
    return &v->ini->sections[v->sections[i]];
}

static const char *label_at(const void *context, size_t i) {
    return section_of(context, i)->label;
}

static size_t find_variant(const variants *v, es_slice label) {
    size_t i = 0;
    while (i < v->n && !es_slice_equals(label, section_of(v, i)->label))
        i++;
    return i;
}

/* The end of a message about a variant that is not there. */
static es_hint hint_for(const variants *v, es_slice label) {
    char word[ES_INI_NAME_BYTES];
    snprintf(word, sizeof word, "%.*s", (int)label.length, label.data);
    return es_did_you_mean(es_nearest_name(word, v->n, label_at, v), "'", "'", "");
}

/* Appends the parents of variant `i`. */
static es_status read_parents(variants *v, size_t i, es_errors *errors) {
    size_t n = v->first[i];
    const es_ini_entry *entry = es_ini_find(v->ini, v->sections[i], "extends");
    es_slice rest = entry != NULL ? (es_slice){entry->value, strlen(entry->value)} : (es_slice){0};
    es_slice label;
    es_status status = ES_OK;
    while (es_next_field(&rest, ',', &label)) {
        size_t parent = find_variant(v, label);
        if (parent == v->n) {
            status = es_ini_complain(v->ini, entry, errors, "there is no [config %.*s]%s",
                                     (int)label.length, label.data, hint_for(v, label).text);
            continue;
        }
        if (es_reserve(&v->parents, &v->parents_capacity, n + 1, sizeof *v->parents) != ES_OK)
            return es_errors_no_memory(errors, v->ini->path);
        v->parents[n++] = parent;
    }
    v->first[i + 1] = n;
    return status;
}

/* Visits a variant and its ancestors depth first, the last parent first: the order of leaving them,
 * backwards, has every variant before those it extends, and parents in the order written. */
static es_status visit_from(variants *v, size_t root, es_errors *errors) {
    es_status status = ES_OK;
    size_t depth = 0;
    if (v->visits[root] != NEW)
        return ES_OK;
    v->visits[root] = OPEN;
    v->path[depth] = root;
    v->at[depth++] = v->first[root + 1];
    while (depth > 0) {
        size_t i = v->path[depth - 1];
        if (v->at[depth - 1] == v->first[i]) {
            v->visits[i] = DONE;
            v->order[v->n_order++] = i;
            depth--;
            continue;
        }
        size_t parent = v->parents[--v->at[depth - 1]];
        if (v->visits[parent] == OPEN)
            status =
                es_ini_complain(v->ini, es_ini_find(v->ini, v->sections[i], "extends"), errors,
                                "[config %s] would extend itself", section_of(v, parent)->label);
        if (v->visits[parent] != NEW)
            continue;
        v->visits[parent] = OPEN;
        v->path[depth] = parent;
        v->at[depth++] = v->first[parent + 1];
    }
    return status;
}

static es_status apply(es_ini *ini, size_t section) {
    es_status status = ES_OK;
    for (size_t i = 0, n = ini->n_entries; i < n && status == ES_OK; i++) {
        const es_ini_entry entry = ini->entries[i];
        if (entry.section != section || strcmp(entry.key, "extends") == 0)
            continue;
        const char *dot = strrchr(entry.key, '.');
        char name[ES_INI_NAME_BYTES] = "sweep";
        const char *key = dot != NULL ? dot + 1 : entry.key;
        if (dot != NULL) {
            const char *fault =
                es_ini_name_fault((es_slice){entry.key, (size_t)(dot - entry.key)}, name);
            ES_REQUIRE(fault == NULL);
        }
        status = es_ini_assign(ini, name, (es_slice){key, strlen(key)},
                               (es_slice){entry.value, strlen(entry.value)}, entry.line);
    }
    return status;
}

static es_status prepare(variants *v, es_errors *errors) {
    es_ini *ini = v->ini;
    for (size_t s = es_ini_find_section(ini, "config", 0); s < ini->n_sections;
         s = es_ini_find_section(ini, "config", s + 1))
        v->n++;
    v->sections = es_alloc(v->n, sizeof *v->sections);
    v->first = es_alloc(v->n + 1, sizeof *v->first);
    v->visits = es_alloc(v->n, sizeof *v->visits);
    v->path = es_alloc(v->n, sizeof *v->path);
    v->at = es_alloc(v->n, sizeof *v->at);
    v->order = es_alloc(v->n, sizeof *v->order);
    if (v->sections == NULL || v->first == NULL || v->visits == NULL || v->path == NULL ||
        v->at == NULL || v->order == NULL)
        return es_errors_no_memory(errors, ini->path);
    es_status status = ES_OK;
    for (size_t i = 0, s = 0; i < v->n; i++, s++)
        v->sections[i] = s = es_ini_find_section(ini, "config", s);
    for (size_t i = 0; i < v->n; i++)
        if (section_of(v, i)->label[0] == '\0')
            status = es_errors_add(errors, ES_INVALID, ini->path, section_of(v, i)->line,
                                   "section [config] needs a name: [config NAME]");
    for (size_t i = 0; i < v->n && status != ES_NO_MEMORY; i++) {
        es_status read = read_parents(v, i, errors);
        status = status == ES_OK || read == ES_NO_MEMORY ? read : status;
    }
    for (size_t i = 0; i < v->n && status != ES_NO_MEMORY; i++) {
        es_status visited = visit_from(v, i, errors);
        status = status == ES_OK ? visited : status;
    }
    return status;
}

es_status es_ini_select(es_ini *ini, const char *config, es_errors *errors) {
    variants v = {.ini = ini};
    es_status status = prepare(&v, errors);
    if (status == ES_OK && config != NULL) {
        es_slice label = {config, strlen(config)};
        size_t chosen = find_variant(&v, label);
        if (chosen == v.n)
            status = es_errors_add(errors, ES_USAGE, ini->path, 0, "there is no [config %s]%s",
                                   config, hint_for(&v, label).text);
        memset(v.visits, 0, v.n * sizeof *v.visits);
        v.n_order = 0;
        if (status == ES_OK)
            status = visit_from(&v, chosen, errors);
        for (size_t i = 0; i < v.n_order && status == ES_OK; i++) {
            status = apply(ini, v.sections[v.order[i]]);
            if (status != ES_OK)
                es_errors_no_memory(errors, ini->path);
        }
    }
    for (size_t i = v.n; i > 0 && status == ES_OK; i--)
        es_ini_remove_section(ini, v.sections[i - 1]);
    free(v.sections);
    free(v.first);
    free(v.parents);
    free(v.visits);
    free(v.path);
    free(v.at);
    free(v.order);
    return status;
}
