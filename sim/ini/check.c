#include "edgesplit/ini.h"

#include <string.h>

/* The first row of a kind (any if NULL) and key (any if NULL). */
static const es_ini_known *find_row(size_t n, const es_ini_known *known, const char *kind,
                                    const char *key) {
    for (size_t i = 0; i < n; i++)
        if ((kind == NULL || strcmp(known[i].kind, kind) == 0) &&
            (key == NULL || strcmp(known[i].key, key) == 0))
            return &known[i];
    return NULL;
}

static const char *kind_at(const void *context, size_t i) {
    const es_ini_known *known = context;
    return known[i].kind;
}

/* The keys of one kind of section, as names for es_nearest_name. */
typedef struct kind_keys {
    const es_ini_known *known;
    const es_ini_known *first; /* row of that kind; it stands in for the rows of other kinds */
} kind_keys;

static const char *key_at(const void *context, size_t i) {
    const kind_keys *keys = context;
    bool belongs = strcmp(keys->known[i].kind, keys->first->kind) == 0;
    return belongs ? keys->known[i].key : keys->first->key;
}

static void check_section(const es_ini *ini, const es_ini_section *section, size_t n,
                          const es_ini_known *known, es_errors *errors) {
    const char *file = section->line > 0 ? ini->path : "command line";
    const es_ini_known *row = find_row(n, known, section->kind, NULL);
    if (row == NULL) {
        const char *nearest = es_nearest_name(section->kind, n, kind_at, known);
        es_errors_add(errors, ES_INVALID, file, section->line, "unknown section [%s]%s",
                      section->name, es_did_you_mean(nearest, "[", "]", "").text);
    } else if (row->label == ES_INI_LABEL && section->label[0] == '\0') {
        es_errors_add(errors, ES_INVALID, file, section->line,
                      "section [%s] needs a name: [%s NAME]", section->kind, section->kind);
    } else if (row->label == ES_INI_NO_LABEL && section->label[0] != '\0') {
        es_errors_add(errors, ES_INVALID, file, section->line,
                      "section [%s] takes no name; expected [%s]", section->name, section->kind);
    }
}

/* All keys of a kind, as far as an error record can hold them. */
static void list_keys(size_t n, const es_ini_known *known, const char *kind,
                      char text[ES_ERROR_TEXT]) {
    size_t length = 0;
    for (size_t i = 0; i < n && length < ES_ERROR_TEXT; i++)
        if (strcmp(known[i].kind, kind) == 0)
            length += (size_t)snprintf(text + length, ES_ERROR_TEXT - length, "%s%s",
                                       length > 0 ? ", " : "", known[i].key);
}

static void check_entry(const es_ini *ini, const es_ini_entry *entry, size_t n,
                        const es_ini_known *known, es_errors *errors) {
    const es_ini_section *section = &ini->sections[entry->section];
    const char *file = entry->line > 0 ? ini->path : "command line";
    kind_keys keys = {known, find_row(n, known, section->kind, NULL)};
    if (keys.first == NULL || find_row(n, known, section->kind, entry->key) != NULL)
        return;
    const es_ini_known *elsewhere = find_row(n, known, NULL, entry->key);
    const char *nearest = es_nearest_name(entry->key, n, key_at, &keys);
    char all[ES_ERROR_TEXT];
    if (elsewhere != NULL) {
        es_errors_add(errors, ES_INVALID, file, entry->line,
                      "unknown key '%s' in [%s]; it belongs to [%s%s]", entry->key, section->name,
                      elsewhere->kind, elsewhere->label == ES_INI_LABEL ? " NAME" : "");
    } else if (nearest != NULL) {
        es_errors_add(errors, ES_INVALID, file, entry->line, "unknown key '%s' in [%s]%s",
                      entry->key, section->name, es_did_you_mean(nearest, "'", "'", "").text);
    } else {
        list_keys(n, known, section->kind, all);
        es_errors_add(errors, ES_INVALID, file, entry->line,
                      "unknown key '%s' in [%s]; expected one of: %s", entry->key, section->name,
                      all);
    }
}

es_status es_ini_check(const es_ini *ini, size_t n, const es_ini_known *known, es_errors *errors) {
    size_t n_before = errors->n + errors->lost, entry = 0;
    for (size_t i = 0; i < ini->n_sections; i++) {
        check_section(ini, &ini->sections[i], n, known, errors);
        for (; entry < ini->n_entries && ini->entries[entry].section == i; entry++)
            check_entry(ini, &ini->entries[entry], n, known, errors);
    }
    for (; entry < ini->n_entries; entry++)
        check_entry(ini, &ini->entries[entry], n, known, errors);
    return errors->n + errors->lost > n_before ? ES_INVALID : ES_OK;
}
