#include "edgesplit/ini.h"

#include "edgesplit/alloc.h"
#include "parts.h"

#include <stdarg.h>
#include <string.h>

void es_ini_destroy(es_ini *ini) {
    if (ini == NULL)
        return;
    for (size_t i = 0; i < ini->n_strings; i++)
        free(ini->strings[i]);
    free(ini->strings);
    free(ini->sections);
    free(ini->entries);
    free(ini->text);
    free(ini->path);
    free(ini);
}

const es_ini_entry *es_ini_find(const es_ini *ini, size_t section, const char *key) {
    for (size_t i = 0; i < ini->n_entries; i++)
        if (ini->entries[i].section == section && strcmp(ini->entries[i].key, key) == 0)
            return &ini->entries[i];
    return NULL;
}

size_t es_ini_find_section(const es_ini *ini, const char *kind, size_t from) {
    size_t i = from;
    while (i < ini->n_sections && strcmp(ini->sections[i].kind, kind) != 0)
        i++;
    return i;
}

size_t es_ini_find_labelled(const es_ini *ini, const char *kind, const char *label) {
    size_t i = es_ini_find_section(ini, kind, 0);
    while (i < ini->n_sections && strcmp(ini->sections[i].label, label) != 0)
        i = es_ini_find_section(ini, kind, i + 1);
    return i;
}

/* The file of a line: line 0 was given on the command line. */
static const char *place_of(const es_ini *ini, size_t line) {
    return line > 0 ? ini->path : "command line";
}

es_status es_ini_complain(const es_ini *ini, const es_ini_entry *entry, es_errors *errors,
                          const char *format, ...) {
    enum { SHOWN = 80 };
    char text[ES_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return es_errors_add(errors, ES_INVALID, place_of(ini, entry->line), entry->line,
                         "[%s] %s = %.*s%s: %s", ini->sections[entry->section].name, entry->key,
                         SHOWN, entry->value, strlen(entry->value) > SHOWN ? "..." : "", text);
}

es_status es_ini_assign(es_ini *ini, const char *name, es_slice key, es_slice value, size_t line) {
    size_t section = 0;
    while (section < ini->n_sections && strcmp(ini->sections[section].name, name) != 0)
        section++;
    char key_text[ES_INI_NAME_BYTES];
    snprintf(key_text, sizeof key_text, "%.*s", (int)key.length, key.data);
    const es_ini_entry *found = es_ini_find(ini, section, key_text);
    if (found != NULL) {
        const char *kept = es_ini_keep(ini, value);
        if (kept == NULL)
            return ES_NO_MEMORY;
        es_ini_entry *entry = &ini->entries[found - ini->entries];
        entry->value = kept;
        entry->line = line;
        return ES_OK;
    }
    bool is_new_section = section == ini->n_sections;
    es_status status = is_new_section ? es_ini_add_section(ini, name, line) : ES_OK;
    if (status == ES_OK)
        status = es_ini_add_entry(ini, section, key, value, line);
    if (status != ES_OK)
        ini->n_sections = is_new_section ? section : ini->n_sections;
    return status;
}

es_status es_ini_set(es_ini *ini, size_t entry, const char *value) {
    const char *kept = es_ini_keep(ini, (es_slice){value, strlen(value)});
    if (kept == NULL)
        return ES_NO_MEMORY;
    ini->entries[entry].value = kept;
    return ES_OK;
}

void es_ini_remove_section(es_ini *ini, size_t section) {
    size_t n = 0;
    for (size_t i = 0; i < ini->n_entries; i++) {
        es_ini_entry entry = ini->entries[i];
        if (entry.section == section)
            continue;
        entry.section -= entry.section > section;
        ini->entries[n++] = entry;
    }
    ini->n_entries = n;
    ini->n_sections--;
    memmove(&ini->sections[section], &ini->sections[section + 1],
            (ini->n_sections - section) * sizeof *ini->sections);
}

es_status es_ini_copy(const es_ini *ini, es_ini **copy) {
    es_ini *made = es_alloc(1, sizeof *made);
    if (made == NULL)
        return ES_NO_MEMORY;
    es_status status = ES_OK;
    made->path = es_strdup(ini->path);
    made->text = es_alloc(ini->text_length + 1, 1);
    if (made->path == NULL || made->text == NULL)
        status = ES_NO_MEMORY;
    else
        memcpy(made->text, ini->text, made->text_length = ini->text_length);
    for (size_t i = 0; i < ini->n_sections && status == ES_OK; i++)
        status = es_ini_add_section(made, ini->sections[i].name, ini->sections[i].line);
    for (size_t i = 0; i < ini->n_entries && status == ES_OK; i++) {
        const es_ini_entry *entry = &ini->entries[i];
        status = es_ini_add_entry(made, entry->section, (es_slice){entry->key, strlen(entry->key)},
                                  (es_slice){entry->value, strlen(entry->value)}, entry->line);
    }
    if (status != ES_OK) {
        es_ini_destroy(made);
        return status;
    }
    *copy = made;
    return ES_OK;
}

/* Why the key of an override without a value cannot be taken away; NULL: it was. */
static const char *take_away(es_ini *ini, const char *name, es_slice key) {
    size_t i = 0;
    while (i < ini->n_entries && (strcmp(ini->sections[ini->entries[i].section].name, name) != 0 ||
                                  !es_slice_equals(key, ini->entries[i].key)))
        i++;
    if (i == ini->n_entries)
        return "the file has no such key to take away";
    ini->n_entries--;
    memmove(&ini->entries[i], &ini->entries[i + 1], (ini->n_entries - i) * sizeof *ini->entries);
    return NULL;
}

es_status es_ini_override(es_ini *ini, const char *assignment, es_errors *errors) {
    char name[ES_INI_NAME_BYTES];
    const char *equals = strchr(assignment, '=');
    const char *dot = equals;
    while (dot != NULL && dot > assignment && *dot != '.')
        dot--;
    const char *fault = NULL;
    es_slice key = {0}, value = {0};
    if (dot == NULL || *dot != '.') {
        fault = "expected section.key=value";
    } else {
        key = es_slice_trim((es_slice){dot + 1, (size_t)(equals - dot - 1)});
        value = es_slice_trim((es_slice){equals + 1, strlen(equals + 1)});
        fault = es_ini_text_fault((es_slice){assignment, strlen(assignment)});
        if (fault == NULL)
            fault = es_ini_name_fault((es_slice){assignment, (size_t)(dot - assignment)}, name);
        if (fault == NULL)
            fault = es_ini_key_fault(key);
        if (fault == NULL && value.length == 0 && (fault = take_away(ini, name, key)) == NULL)
            return ES_OK;
        if (fault == NULL && es_ini_without_comment(value).length != value.length)
            fault = "a value may not hold a comment (';' or '#' behind white space)";
    }
    if (fault != NULL)
        return es_errors_add(errors, ES_USAGE, place_of(ini, 0), 0, "'%s': %s", assignment, fault);
    es_status status = es_ini_assign(ini, name, key, value, 0);
    if (status != ES_OK)
        es_errors_add(errors, status, place_of(ini, 0), 0, "'%s': out of memory", assignment);
    return status;
}
