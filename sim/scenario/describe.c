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
    case KEY_AUTO:
        if (isnan(*(const double *)field)) {
            es_text_add(text, "auto");
            return true;
        }
        es_text_add_quantity(text, *(const double *)field, key->dimension);
        return true;
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

/* Whether the default of a key may not be written: it would not be read, or ask for more. */
static bool is_conditional(const es_scenario *s, const struct key *key) {
    bool says_requests = strcmp(key->section, "workload") == 0 &&
                         (strcmp(key->name, "rate") == 0 || strcmp(key->name, "batch") == 0);
    if (strcmp(key->section, "policy") == 0 || key_needs(key) != NULL ||
        strcmp(key->name, "regret") == 0)
        return true;
    if (s->groups != NULL)
        return key_has_modes(key);
    return !key_is_of_mode(key, s->workload.mode) || (says_requests && s->workload.trace != NULL);
}

/* Appends a key with its value in `object` and where that is from; NULL: the default. */
static void add_key(es_text *text, const es_scenario *scenario, const struct key *key,
                    const void *object, const es_ini_entry *entry, bool origins) {
    es_text value = {0};
    bool present = add_value(&value, key, object) && !value.failed;
    bool written = present && (entry != NULL || !is_conditional(scenario, key));
    es_text_add(text, "%s%s =%s%s", written ? "" : "; ", key->name, present ? " " : "",
                present ? value.data : "");
    text->failed = text->failed || value.failed;
    free(value.data);
    if (origins && entry == NULL)
        es_text_add(text, " ; default");
    else if (origins && entry->line > 0)
        es_text_add(text, " ; %s:%zu", scenario->ini->path, entry->line);
    else if (origins)
        es_text_add(text, " ; command line");
    es_text_add(text, "\n");
}

/* Appends what a group has of its own. */
static void add_group(es_text *text, const es_scenario *group, bool origins) {
    const es_ini *ini = group->ini;
    const char *kind = "";
    for (size_t i = 0; i < n_keys; i++) {
        const struct key *key = &keys[i];
        size_t own = scenario_section(group, key->section);
        if (kind_label(key->section) != ES_INI_ANY_LABEL || own == ini->n_sections)
            continue;
        if (strcmp(key->section, kind) != 0)
            es_text_add(text, "\n[%s]\n", ini->sections[own].name);
        kind = key->section;
        if (es_scenario_writes(group, key->section, key->name))
            add_key(text, group, key, group, es_ini_find(ini, own, key->name), origins);
    }
}

void es_scenario_resolve(const es_scenario *scenario, bool origins, es_text *text) {
    const char *kind = "";
    bool has_cloud = es_scenario_group(scenario, 0)->cloud.profile != NULL;
    for (size_t i = 0; i < n_keys && strcmp(keys[i].section, "policy") != 0; i++) {
        if (key_is_of_cloud(&keys[i]) && !has_cloud)
            continue;
        if (strcmp(keys[i].section, kind) != 0) {
            es_text_add(text, "%s[%s]\n", i > 0 ? "\n" : "", keys[i].section);
            kind = keys[i].section;
        }
        add_key(text, scenario, &keys[i], scenario, scenario_entry(scenario, kind, keys[i].name),
                origins);
    }
    for (size_t g = 0; scenario->groups != NULL && g < scenario->n_groups; g++)
        add_group(text, &scenario->groups[g], origins);
    for (size_t p = 0; p < scenario->n_policies; p++) {
        const es_policy_section *policy = &scenario->policies[p];
        es_text_add(text, "\n[policy %s]\n", policy->name);
        for (size_t i = 0; i < n_keys; i++)
            if (strcmp(keys[i].section, "policy") == 0)
                add_key(text, scenario, &keys[i], policy,
                        es_ini_find(scenario->ini, policy->section, keys[i].name), origins);
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
                    key->type == KEY_LIST   ? " (list)"
                    : key->type == KEY_AUTO ? " | auto"
                                            : "");
}

static const char about_groups[] =
    "A section [device NAME] makes a group of devices, for which the keys of [model NAME],\n"
    "[device NAME], [server NAME], [cloud NAME], [uplink NAME], [downlink NAME],\n"
    "[workload NAME], [transfer NAME] and [energy NAME] take the place of the same keys\n"
    "in the sections without a name, one by one. Without any such section all devices\n"
    "are one group.\n";

/* The key that is the only one of its kind in which groups may differ; NULL: there are several. */
static const struct key *only_key_of_groups(const char *kind) {
    const struct key *only = NULL;
    for (size_t i = 0; i < n_keys; i++)
        if (strcmp(keys[i].section, kind) == 0 && key_is_of_group(&keys[i])) {
            if (only != NULL)
                return NULL;
            only = &keys[i];
        }
    return only;
}

/* "[uplink], [uplink NAME]": a heading without the end of the line. */
static void add_heading(es_text *text, const char *kind) {
    es_ini_label label = kind_label(kind);
    const struct key *only = only_key_of_groups(kind);
    es_text_add(text, "[%s%s]", kind, label == ES_INI_LABEL ? " NAME" : "");
    if (label == ES_INI_ANY_LABEL)
        es_text_add(text, ", [%s NAME]", kind);
    if (only != NULL)
        es_text_add(text, " (%s only)", only->name);
}

void es_scenario_reference(es_text *text, bool roff) {
    const char *kind = "";
    es_text_add(text, roff ? ".SH GROUPS\n%s" : "%s\n", about_groups);
    for (size_t i = 0; i < n_keys; i++) {
        const struct key *key = &keys[i];
        if (strcmp(key->section, kind) != 0) {
            kind = key->section;
            es_text_add(text, "%s", roff ? ".SH " : "");
            add_heading(text, kind);
            es_text_add(text, "\n");
        }
        es_text_add(text, roff ? ".TP\n.BR %s \" = " : "  %s = ", key->name);
        add_type(text, key);
        es_text_add(text, roff ? "\"\n%s" : "\n      %s", key->meaning);
        if (key->required)
            es_text_add(text, " (required)");
        else if (key->fallback != NULL && key->fallback[0] != '\0')
            es_text_add(text, " (default: %s)", key->fallback);
        if (kind_label(kind) == ES_INI_ANY_LABEL && !key_is_of_group(key) &&
            only_key_of_groups(kind) == NULL)
            es_text_add(text, " (the same for all groups)");
        es_text_add(text, "\n");
    }
}
