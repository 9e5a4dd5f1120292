/* Scenarios as text: the resolved file and the reference of keys. */
#include "edgesplit/scenario.h"

#include "keys.h"

#include <math.h>
#include <string.h>

/* Appends a value as it would be written; false if it is absent. */
static bool add_value(es_text *text, const struct key *key, const void *object) {
    const void *field = (const char *)object + key->offset;
    const es_list *list = field;
    switch (key->type) {
    case KEY_TEXT:
        if (*(const char *const *)field == NULL || **(const char *const *)field == '\0')
            return false;
        es_text_add(text, "%s", *(const char *const *)field);
        return true;
    case KEY_CHOICE: es_text_add(text, "%s", key->choices[*(const int *)field]); return true;
    case KEY_COUNT: es_text_add(text, "%lld", (long long)*(const int64_t *)field); return true;
    case KEY_QUANTITY:
        if (isnan(*(const double *)field))
            return false;
        es_text_add_quantity(text, *(const double *)field, key->dimension);
        return true;
    case KEY_LIST:
        for (size_t i = 0; i < list->n; i++) {
            es_text_add(text, "%s", i > 0 ? ", " : "");
            es_text_add_quantity(text, list->values[i], key->dimension);
        }
        return list->n > 0;
    }
    return false;
}

static void add_key(es_text *text, const es_scenario *scenario, size_t section,
                    const struct key *key, const void *object, bool origins) {
    const es_ini *ini = scenario->ini;
    const es_ini_entry *entry =
        section < ini->n_sections ? es_ini_find(ini, section, key->name) : NULL;
    es_text value = {0};
    bool present = add_value(&value, key, object) && !value.failed;
    /* A default that would not be read would be a mistake if it were written. */
    bool policy = strcmp(key->section, "policy") == 0;
    bool conditional =
        policy || key_needs(key) != NULL || !key_is_of_mode(key, scenario->workload.mode);
    bool written = present && (entry != NULL || !conditional);
    es_text_add(text, "%s%s =%s%s", written ? "" : "; ", key->name, present ? " " : "",
                present ? value.data : "");
    text->failed = text->failed || value.failed;
    free(value.data);
    if (origins && entry == NULL)
        es_text_add(text, " ; default");
    else if (origins && entry->line > 0)
        es_text_add(text, " ; %s:%zu", ini->path, entry->line);
    else if (origins)
        es_text_add(text, " ; command line");
    es_text_add(text, "\n");
}

void es_scenario_resolve(const es_scenario *scenario, bool origins, es_text *text) {
    const char *kind = "";
    for (size_t i = 0; i < n_keys && strcmp(keys[i].section, "policy") != 0; i++) {
        if (strcmp(keys[i].section, kind) != 0) {
            es_text_add(text, "%s[%s]\n", i > 0 ? "\n" : "", keys[i].section);
            kind = keys[i].section;
        }
        add_key(text, scenario, es_ini_find_section(scenario->ini, kind, 0), &keys[i], scenario,
                origins);
    }
    for (size_t p = 0; p < scenario->n_policies; p++) {
        es_text_add(text, "\n[policy %s]\n", scenario->policies[p].name);
        for (size_t i = 0; i < n_keys; i++)
            if (strcmp(keys[i].section, "policy") == 0)
                add_key(text, scenario, scenario->policies[p].section, &keys[i],
                        &scenario->policies[p], origins);
    }
}

static const char *const dimension_texts[ES_N_DIMENSIONS] = {
    [ES_DIM_TIME] = "time",           [ES_DIM_DATA] = "data",   [ES_DIM_DATA_RATE] = "data rate",
    [ES_DIM_FREQUENCY] = "frequency", [ES_DIM_POWER] = "power", [ES_DIM_RATIO] = "ratio",
    [ES_DIM_COUNT] = "whole number",
};

/* What may stand behind the equals sign. */
static void add_type(es_text *text, const struct key *key) {
    if (key->type == KEY_TEXT)
        es_text_add(text, "text");
    else if (key->type == KEY_CHOICE)
        for (size_t c = 0; key->choices[c] != NULL; c++)
            es_text_add(text, "%s%s", c > 0 ? " | " : "", key->choices[c]);
    else
        es_text_add(text, "%s%s", dimension_texts[key->dimension],
                    key->type == KEY_LIST ? " (list)" : "");
}

void es_scenario_reference(es_text *text, bool roff) {
    const char *kind = "";
    for (size_t i = 0; i < n_keys; i++) {
        const struct key *key = &keys[i];
        if (strcmp(key->section, kind) != 0) {
            kind = key->section;
            const char *label = strcmp(kind, "policy") == 0 ? " NAME" : "";
            es_text_add(text, roff ? ".SH [%s%s]\n" : "[%s%s]\n", kind, label);
        }
        es_text_add(text, roff ? ".TP\n.BR %s \" = " : "  %s = ", key->name);
        add_type(text, key);
        es_text_add(text, roff ? "\"\n%s" : "\n      %s", key->meaning);
        if (key->required)
            es_text_add(text, " (required)");
        else if (key->fallback != NULL && key->fallback[0] != '\0')
            es_text_add(text, " (default: %s)", key->fallback);
        es_text_add(text, "\n");
    }
}
