#include "edgesplit/scenario.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "keys.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

static es_slice slice_of(const char *text) {
    return (es_slice){text, strlen(text)};
}

static void *field_of(void *object, const struct key *key) {
    return (char *)object + key->offset;
}

static void set_absent(const struct key *key, void *object) {
    if (key->type == KEY_QUANTITY)
        *(double *)field_of(object, key) = ES_NAN;
}

static const char *choice_at(const void *context, size_t i) {
    return ((const char *const *)context)[i];
}

static es_status parse_choice(const es_ini *ini, const struct key *key, const es_ini_entry *entry,
                              const char *value, void *object, es_errors *errors) {
    size_t n = 0;
    for (; key->choices[n] != NULL; n++)
        if (strcmp(key->choices[n], value) == 0) {
            *(int *)field_of(object, key) = (int)n;
            return ES_OK;
        }
    es_text list = {0};
    for (size_t i = 0; i < n; i++)
        es_text_add(&list, "%s%s", i > 0 ? ", " : "", key->choices[i]);
    const char *nearest = es_nearest_name(value, n, choice_at, key->choices);
    es_status status = es_ini_complain(ini, entry, errors, "expected one of %s%s",
                                       list.failed ? "its choices" : list.data,
                                       es_did_you_mean(nearest, "'", "'", "").text);
    free(list.data);
    return status;
}

static es_status out_of_range(const es_ini *ini, const struct key *key, const es_ini_entry *entry,
                              es_errors *errors) {
    es_text least = {0}, most = {0};
    es_text_add_quantity(&least, key->least, key->dimension);
    es_text_add_quantity(&most, key->most, key->dimension);
    es_status status =
        es_ini_complain(ini, entry, errors, "expected %s .. %s", least.failed ? "?" : least.data,
                        most.failed ? "?" : most.data);
    free(least.data);
    free(most.data);
    return status;
}

static bool in_range(const struct key *key, double value) {
    return value >= key->least && value <= key->most;
}

/* Stores the value of a key. `entry` is where it was written, NULL for a default (which is always
 * right). */
static es_status parse_value(const es_ini *ini, const struct key *key, const es_ini_entry *entry,
                             const char *value, void *object, es_errors *errors) {
    const char *expected;
    double number;
    es_list list = {0};
    es_status status;
    switch (key->type) {
    case KEY_TEXT: *(const char **)field_of(object, key) = value; return ES_OK;
    case KEY_CHOICE: return parse_choice(ini, key, entry, value, object, errors);
    case KEY_AUTO:
    case KEY_COUNT:
    case KEY_QUANTITY:
        if (key->type == KEY_AUTO && strcmp(value, "auto") == 0) {
            *(double *)field_of(object, key) = ES_NAN;
            return ES_OK;
        }
        if (es_parse_quantity(slice_of(value), key->dimension, &number, &expected) != ES_OK)
            return es_ini_complain(ini, entry, errors, "expected %s%s", expected,
                                   key->type == KEY_AUTO ? ", or auto" : "");
        if (!in_range(key, number))
            return out_of_range(ini, key, entry, errors);
        if (key->type == KEY_COUNT)
            *(int64_t *)field_of(object, key) = (int64_t)number;
        else
            *(double *)field_of(object, key) = number;
        return ES_OK;
    case KEY_LIST:
        status =
            es_parse_quantities(slice_of(value), key->dimension, &list.values, &list.n, &expected);
        if (status == ES_NO_MEMORY)
            return es_errors_no_memory(errors, ini->path);
        if (status != ES_OK)
            return es_ini_complain(ini, entry, errors,
                                   "expected %s, or a list of them (1, 2, 5..10 step 2)", expected);
        for (size_t i = 0; status == ES_OK && i < list.n; i++)
            if (!in_range(key, list.values[i]))
                status = out_of_range(ini, key, entry, errors);
        if (status != ES_OK) {
            free(list.values);
            return status;
        }
        *(es_list *)field_of(object, key) = list;
        return ES_OK;
    }
    return ES_INTERNAL;
}

/* Reads a key from its entry, or its default where that is NULL. */
static es_status parse_key(const es_ini *ini, const struct key *key, const es_ini_entry *entry,
                           void *object, es_errors *errors) {
    const char *value = entry != NULL ? entry->value : key->fallback;
    if (value != NULL)
        return parse_value(ini, key, entry, value, object, errors);
    set_absent(key, object);
    return ES_OK;
}

static es_status parse_policy(const es_ini *ini, size_t section, es_policy_section *policy,
                              es_errors *errors) {
    es_status first = ES_OK;
    for (size_t i = 0; i < n_keys; i++) {
        if (strcmp(keys[i].section, "policy") != 0)
            continue;
        es_status status =
            parse_key(ini, &keys[i], es_ini_find(ini, section, keys[i].name), policy, errors);
        first = first == ES_OK ? status : first;
    }
    policy->section = section;
    policy->name = ini->sections[section].label;
    if (policy->type == NULL)
        policy->type = policy->name;
    return first;
}

static es_status parse_policies(es_scenario *scenario, es_errors *errors) {
    const es_ini *ini = scenario->ini;
    size_t n = 0;
    for (size_t s = es_ini_find_section(ini, "policy", 0); s < ini->n_sections;
         s = es_ini_find_section(ini, "policy", s + 1))
        n++;
    if (n == 0)
        return es_errors_add(errors, ES_INVALID, ini->path, 0,
                             "there is no [policy NAME] section: at least one policy is needed");
    scenario->policies = es_alloc(n, sizeof *scenario->policies);
    if (scenario->policies == NULL)
        return es_errors_no_memory(errors, ini->path);
    es_status first = ES_OK;
    for (size_t s = es_ini_find_section(ini, "policy", 0); s < ini->n_sections;
         s = es_ini_find_section(ini, "policy", s + 1)) {
        es_policy_section *policy = &scenario->policies[scenario->n_policies++];
        es_status status = parse_policy(ini, s, policy, errors);
        if (status == ES_OK && policy->knowledge != ES_KNOWLEDGE_TRUE &&
            isnan(policy->initial_rate_bps))
            status = es_policy_complain(
                scenario, policy, "knowledge", errors,
                "needs initial_rate: what the policy assumes before its first transfer");
        first = first == ES_OK ? status : first;
    }
    return first;
}

/* Makes a group of each section `[device NAME]`. */
static es_status create_groups(es_scenario *scenario, es_errors *errors) {
    const es_ini *ini = scenario->ini;
    size_t n = 0;
    scenario->group = "";
    scenario->n_groups = 1;
    for (size_t s = 0; s < ini->n_sections; s++)
        n += strcmp(ini->sections[s].kind, "device") == 0 && ini->sections[s].label[0] != '\0';
    if (n == 0)
        return ES_OK;
    scenario->groups = es_alloc(n, sizeof *scenario->groups);
    if (scenario->groups == NULL)
        return es_errors_no_memory(errors, ini->path);
    scenario->n_groups = 0;
    for (size_t s = 0; s < ini->n_sections; s++)
        if (strcmp(ini->sections[s].kind, "device") == 0 && ini->sections[s].label[0] != '\0')
            scenario->groups[scenario->n_groups++] =
                (es_scenario){.ini = scenario->ini, .group = ini->sections[s].label};
    return ES_OK;
}

/* Reads what the scenario, or one of its groups, sees of each key but those of policies. What is
 * missing is missed by groups. */
static es_status parse_all(es_scenario *scenario, es_errors *errors) {
    es_status first = ES_OK;
    for (size_t i = 0; i < n_keys; i++) {
        const struct key *key = &keys[i];
        if (strcmp(key->section, "policy") == 0)
            continue;
        const es_ini_entry *entry = scenario_entry(scenario, key->section, key->name);
        es_status status = parse_key(scenario->ini, key, entry, scenario, errors);
        if (entry == NULL && key->required && scenario->groups == NULL)
            status = scenario_complain_of_section(scenario, key->section, errors,
                                                  "%s is missing: %s", key->name, key->meaning);
        first = first == ES_OK ? status : first;
    }
    return first;
}

/* The network is named in one of two ways. */
static es_status check_model(const es_scenario *s, es_errors *errors) {
    if ((s->model.name != NULL) != (s->model.file != NULL))
        return ES_OK;
    if (s->model.name != NULL)
        return es_scenario_complain(s, "model", "file", errors,
                                    "at most one of name and file can be given");
    return scenario_complain_of_section(s, "model", errors,
                                        "name is missing: network of the zoo, or file instead");
}

/* Reads the scenario and its groups, which repeat the mistakes that they share. */
static es_status parse_groups(es_scenario *scenario, es_errors *errors) {
    es_status first = parse_all(scenario, errors);
    if (scenario->groups == NULL) {
        es_status model = check_model(scenario, errors);
        return first == ES_OK ? model : first;
    }
    for (size_t g = 0; g < scenario->n_groups; g++) {
        es_errors found;
        es_errors_init(&found);
        es_status status = parse_all(&scenario->groups[g], &found);
        es_status model = check_model(&scenario->groups[g], &found);
        es_errors_add_new(errors, &found);
        first = first == ES_OK ? status : first;
        first = first == ES_OK ? model : first;
    }
    return first;
}

static es_status check_names(const es_ini *ini, es_errors *errors) {
    es_ini_known *known = es_alloc(n_keys, sizeof *known);
    if (known == NULL)
        return es_errors_no_memory(errors, ini->path);
    for (size_t i = 0; i < n_keys; i++)
        known[i] = (es_ini_known){keys[i].section, keys[i].name, kind_label(keys[i].section)};
    es_status status = es_ini_check(ini, n_keys, known, errors);
    free(known);
    return status;
}

/* The seed of a run is the scenario's plus its seed set. */
static es_status add_seed_set(es_scenario *scenario, int64_t seed_set, es_errors *errors) {
    if (seed_set > (INT64_C(1) << 53) - scenario->scenario.seed)
        return es_scenario_complain(scenario, "scenario", "seed", errors,
                                    "with seed set %lld it is above 2^53", (long long)seed_set);
    scenario->scenario.seed += seed_set;
    return ES_OK;
}

bool es_scenario_measure(const es_study *study, size_t variable, size_t value, double *number,
                         const char **unit) {
    size_t n;
    const char *bare = es_study_variables(study, &n)[variable].values[value];
    es_study_use use;
    enum { LONGEST_QUANTITY = 128 }; /* with its unit */
    for (size_t i = 0; es_study_find_use(study, variable, i, &use); i++) {
        const struct key *key = key_find(use.section, use.key);
        if (key == NULL || key->type == KEY_TEXT || key->type == KEY_CHOICE)
            continue;
        char text[LONGEST_QUANTITY];
        int length =
            snprintf(text, sizeof text, "%s%.*s", bare, (int)use.behind.length, use.behind.data);
        *unit = es_dimension_unit(key->dimension);
        if (length < LONGEST_QUANTITY && es_parse_quantity((es_slice){text, (size_t)length},
                                                           key->dimension, number, NULL) == ES_OK)
            return true;
    }
    *unit = "1";
    return es_parse_double(slice_of(bare), number) == ES_OK;
}

static bool set_parameter(es_parameter *parameter, const char *name, const char *value) {
    parameter->name = es_strdup(name);
    parameter->value = es_strdup(value);
    return parameter->name != NULL && parameter->value != NULL;
}

/* The run's values, if the study has other runs. */
static es_status set_parameters(es_scenario *scenario, const es_study *study, size_t run) {
    size_t n;
    const es_study_variable *variables = es_study_variables(study, &n);
    if (es_study_n_runs(study) == 1)
        return ES_OK;
    scenario->parameters = es_alloc(n + 1, sizeof *scenario->parameters);
    bool sound = scenario->parameters != NULL;
    for (size_t i = 0; i < n && sound; i++) {
        es_parameter *parameter = &scenario->parameters[scenario->n_parameters++];
        size_t value = es_study_value(study, run, i);
        sound = set_parameter(parameter, variables[i].name, variables[i].values[value]);
        if (!es_scenario_measure(study, i, value, &parameter->number, &parameter->unit))
            parameter->unit = NULL;
    }
    if (sound && es_study_n_repetitions(study) > 1) {
        es_parameter *parameter = &scenario->parameters[scenario->n_parameters++];
        char number[32];
        snprintf(number, sizeof number, "%zu", es_study_repetition(study, run));
        sound = set_parameter(parameter, "repetition", number);
        parameter->number = (double)es_study_repetition(study, run);
        parameter->unit = "1";
    }
    return sound ? ES_OK : ES_NO_MEMORY;
}

es_status es_scenario_of_run(const es_study *study, size_t run, es_scenario **out,
                             es_errors *errors) {
    int64_t seed_set = 0;
    es_scenario *scenario = es_alloc(1, sizeof *scenario);
    if (scenario == NULL)
        return es_errors_no_memory(errors, NULL);
    es_status status = es_study_expand(study, run, &scenario->ini, &seed_set, errors);
    if (status != ES_OK)
        goto done;
    status = create_groups(scenario, errors);
    if (status != ES_OK)
        goto done;
    status = check_names(scenario->ini, errors);
    es_status labels = scenario_check_labels(scenario, errors);
    es_status groups = parse_groups(scenario, errors);
    es_status policies = parse_policies(scenario, errors);
    status = status == ES_OK ? labels : status;
    status = status == ES_OK ? groups : status;
    status = status == ES_OK ? policies : status;
    if (status == ES_OK)
        status = scenario_check(scenario, errors);
    if (status == ES_OK)
        status = add_seed_set(scenario, seed_set, errors);
    if (status == ES_OK && set_parameters(scenario, study, run) != ES_OK)
        status = es_errors_no_memory(errors, scenario->ini->path);
    if (status == ES_OK) {
        *out = scenario;
        scenario = NULL;
    }
done:
    es_scenario_destroy(scenario);
    return status;
}

es_status es_scenario_load(const char *path, size_t n_overrides, const char *const *overrides,
                           es_scenario **scenario, es_errors *errors) {
    es_study *study = NULL;
    es_study_source source = {.path = path, .n_overrides = n_overrides, .overrides = overrides};
    es_status status = es_study_load(&source, &study, errors);
    if (status == ES_OK && es_study_n_runs(study) > 1)
        status = es_errors_add(errors, ES_INVALID, path, 0, "expands into %zu runs; expected one",
                               es_study_n_runs(study));
    if (status == ES_OK)
        status = es_scenario_of_run(study, 0, scenario, errors);
    es_study_destroy(study);
    return status;
}

static void free_lists(es_scenario *scenario) {
    for (size_t i = 0; i < n_keys; i++)
        if (keys[i].type == KEY_LIST)
            free(((es_list *)field_of(scenario, &keys[i]))->values);
}

void es_scenario_destroy(es_scenario *scenario) {
    if (scenario == NULL)
        return;
    free_lists(scenario);
    for (size_t g = 0; scenario->groups != NULL && g < scenario->n_groups; g++)
        free_lists(&scenario->groups[g]);
    for (size_t i = 0; i < scenario->n_parameters; i++) {
        free(scenario->parameters[i].name);
        free(scenario->parameters[i].value);
    }
    free(scenario->groups);
    free(scenario->parameters);
    free(scenario->policies);
    es_ini_destroy(scenario->ini);
    free(scenario);
}

const es_scenario *es_scenario_group(const es_scenario *scenario, size_t i) {
    return scenario->groups != NULL ? &scenario->groups[i] : scenario;
}

static const char *file_of(const es_scenario *scenario, const struct key *key) {
    return *(const char *const *)(const void *)((const char *)scenario + key->offset);
}

const char *es_scenario_file(const es_scenario *scenario, size_t i) {
    for (size_t g = 0; g < scenario->n_groups; g++)
        for (size_t k = 0; k < n_keys; k++) {
            const char *name =
                key_is_file(&keys[k]) ? file_of(es_scenario_group(scenario, g), &keys[k]) : NULL;
            bool seen = name == NULL;
            for (size_t before = 0; before < g && !seen; before++)
                seen = file_of(es_scenario_group(scenario, before), &keys[k]) == name;
            if (!seen && i-- == 0)
                return name;
        }
    return NULL;
}

double scenario_n_requests(const es_scenario *scenario) {
    const es_scenario *s = es_scenario_group(scenario, 0);
    if (s->scenario.steps > 0 || s->workload.states != ES_STATES_GRID)
        return (double)s->scenario.steps;
    return (double)s->uplink.rate_bps.n * (double)s->server.load_ratio.n *
           (double)s->workload.batch.n;
}

double es_scenario_requests(const es_scenario *scenario) {
    double n = scenario_n_requests(scenario), arriving = 0;
    bool traced = false;
    for (size_t g = 0; g < scenario->n_groups; g++) {
        const es_scenario *s = es_scenario_group(scenario, g);
        if (s->workload.arrivals == ES_ARRIVALS_OF_TRACE)
            traced = true;
        else
            arriving += s->scenario.duration_s * s->workload.rate_hz * (double)s->device.count;
    }
    if (traced)
        return fmax(1, fmax(n, arriving));
    return n > 0 && !(arriving < n) ? n : arriving;
}

size_t scenario_section(const es_scenario *scenario, const char *kind) {
    return es_ini_find_labelled(scenario->ini, kind, scenario->group);
}

/* Whether a group leaves what the section without a label says of a key to others. */
static bool is_replaced(const es_scenario *group, const char *section, const char *name) {
    const struct key *key = key_find(section, name);
    if (key == NULL || !key_is_of_mode(key, group->workload.mode))
        return key != NULL;
    if (key_is_of_arrivals(key))
        return group->workload.arrivals != ES_ARRIVALS_OF_TRACE;
    const char *by = key_replaced_by(key);
    return by != NULL && es_scenario_writes(group, section, by);
}

const es_ini_entry *scenario_entry(const es_scenario *scenario, const char *section,
                                   const char *key) {
    const es_ini *ini = scenario->ini;
    size_t own = scenario_section(scenario, section);
    const es_ini_entry *entry = own < ini->n_sections ? es_ini_find(ini, own, key) : NULL;
    if (entry != NULL || scenario->group[0] == '\0' || is_replaced(scenario, section, key))
        return entry;
    size_t base = es_ini_find_labelled(ini, section, "");
    return base < ini->n_sections ? es_ini_find(ini, base, key) : NULL;
}

bool es_scenario_writes(const es_scenario *scenario, const char *section, const char *key) {
    size_t own = scenario_section(scenario, section);
    return own < scenario->ini->n_sections && es_ini_find(scenario->ini, own, key) != NULL;
}

/* The section that messages about a kind point to. */
static size_t section_to_show(const es_scenario *scenario, const char *kind) {
    size_t own = scenario_section(scenario, kind);
    return own < scenario->ini->n_sections ? own : es_ini_find_labelled(scenario->ini, kind, "");
}

es_status scenario_complain_of_section(const es_scenario *scenario, const char *kind,
                                       es_errors *errors, const char *format, ...) {
    const es_ini *ini = scenario->ini;
    size_t section = section_to_show(scenario, kind);
    bool found = section < ini->n_sections;
    char text[ES_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return es_errors_add(errors, ES_INVALID, ini->path, found ? ini->sections[section].line : 0,
                         "[%s] %s", found ? ini->sections[section].name : kind, text);
}

es_status es_scenario_complain(const es_scenario *scenario, const char *section, const char *key,
                               es_errors *errors, const char *format, ...) {
    const es_ini_entry *entry = scenario_entry(scenario, section, key);
    char text[ES_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (entry != NULL)
        return es_ini_complain(scenario->ini, entry, errors, "%s", text);
    return scenario_complain_of_section(scenario, section, errors, "%s: %s", key, text);
}

es_status es_policy_complain(const es_scenario *scenario, const es_policy_section *policy,
                             const char *key, es_errors *errors, const char *format, ...) {
    const es_ini *ini = scenario->ini;
    const es_ini_entry *entry = es_ini_find(ini, policy->section, key);
    char text[ES_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (entry != NULL)
        return es_ini_complain(ini, entry, errors, "%s", text);
    return es_errors_add(errors, ES_INVALID, ini->path, ini->sections[policy->section].line,
                         "[%s] %s: %s", ini->sections[policy->section].name, key, text);
}
