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
    case KEY_COUNT:
    case KEY_QUANTITY:
        if (es_parse_quantity(slice_of(value), key->dimension, &number, &expected) != ES_OK)
            return es_ini_complain(ini, entry, errors, "expected %s", expected);
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

/* Reads all keys of one kind of section into `object`; `section` is n_sections if the file has
 * none. */
static es_status parse_section(const es_ini *ini, const char *kind, size_t section, void *object,
                               es_errors *errors) {
    es_status first = ES_OK;
    for (size_t i = 0; i < n_keys; i++) {
        const struct key *key = &keys[i];
        if (strcmp(key->section, kind) != 0)
            continue;
        const es_ini_entry *entry =
            section < ini->n_sections ? es_ini_find(ini, section, key->name) : NULL;
        const char *value = entry != NULL ? entry->value : key->fallback;
        es_status status = ES_OK;
        if (value != NULL)
            status = parse_value(ini, key, entry, value, object, errors);
        else if (key->required)
            status = es_errors_add(errors, ES_INVALID, ini->path,
                                   section < ini->n_sections ? ini->sections[section].line : 0,
                                   "[%s] %s is missing: %s", kind, key->name, key->meaning);
        else
            set_absent(key, object);
        first = first == ES_OK ? status : first;
    }
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
        es_status status = parse_section(ini, "policy", s, policy, errors);
        policy->section = s;
        policy->name = ini->sections[s].label;
        if (policy->type == NULL)
            policy->type = policy->name;
        if (status == ES_OK && policy->knowledge != ES_KNOWLEDGE_TRUE &&
            isnan(policy->initial_rate_bps))
            status = es_policy_complain(
                scenario, policy, "knowledge", errors,
                "needs initial_rate: what the policy assumes before its first transfer");
        first = first == ES_OK ? status : first;
    }
    return first;
}

/* How many requests there will be where no duration limits them. */
static double n_requests(const es_scenario *s) {
    if (s->scenario.steps > 0 || s->workload.states != ES_STATES_GRID)
        return (double)s->scenario.steps;
    return (double)s->uplink.rate_bps.n * (double)s->server.load_ratio.n *
           (double)s->workload.batch.n;
}

/* Keys that would be silently ignored because another one is absent. */
static void check_needs(const es_scenario *s, es_errors *errors) {
    for (size_t i = 0; i < n_keys; i++) {
        const char *needs = key_needs(&keys[i]);
        size_t section = es_ini_find_section(s->ini, keys[i].section, 0);
        if (needs != NULL && section < s->ini->n_sections &&
            es_ini_find(s->ini, section, keys[i].name) != NULL &&
            es_ini_find(s->ini, section, needs) == NULL)
            es_scenario_complain(s, keys[i].section, keys[i].name, errors, "is only read with %s",
                                 needs);
    }
}

/* The network is named in one of two ways. */
static es_status check_model(const es_scenario *s, es_errors *errors) {
    size_t section = es_ini_find_section(s->ini, "model", 0);
    if ((s->model.name != NULL) != (s->model.file != NULL))
        return ES_OK;
    if (s->model.name != NULL)
        return es_scenario_complain(s, "model", "file", errors,
                                    "at most one of name and file can be given");
    return es_errors_add(errors, ES_INVALID, s->ini->path,
                         section < s->ini->n_sections ? s->ini->sections[section].line : 0,
                         "[model] name is missing: network of the zoo, or file instead");
}

/* The requests come from one place. */
static void check_arrivals(const es_scenario *s, es_errors *errors) {
    bool traced = s->workload.arrivals == ES_ARRIVALS_OF_TRACE;
    size_t section = es_ini_find_section(s->ini, "workload", 0);
    bool has_rate = section < s->ini->n_sections && es_ini_find(s->ini, section, "rate") != NULL;
    if (traced != (s->workload.trace != NULL))
        es_scenario_complain(s, "workload", traced ? "arrivals" : "trace", errors,
                             "arrivals = trace and trace = FILE go together");
    if (traced && has_rate)
        es_scenario_complain(s, "workload", "rate", errors, "is not read with arrivals = trace");
    if (traced && s->workload.states == ES_STATES_GRID)
        es_scenario_complain(s, "workload", "arrivals", errors,
                             "a grid has a state for each request, and no trace of them");
}

/* Keys of another mode. */
static void check_mode(const es_scenario *s, es_errors *errors) {
    bool closed = s->workload.mode == ES_CLOSED;
    for (size_t i = 0; i < n_keys; i++) {
        size_t section = es_ini_find_section(s->ini, keys[i].section, 0);
        if (!key_is_of_mode(&keys[i], s->workload.mode) && section < s->ini->n_sections &&
            es_ini_find(s->ini, section, keys[i].name) != NULL)
            es_scenario_complain(s, keys[i].section, keys[i].name, errors,
                                 closed ? "is not read in closed mode"
                                        : "is only read in closed mode");
    }
    if (closed && s->workload.population > s->workload.max_backlog)
        es_scenario_complain(s, "workload", "population", errors,
                             "%lld requests at once are more than max_backlog = %lld",
                             (long long)s->workload.population, (long long)s->workload.max_backlog);
}

/* What no single key can tell. */
static es_status check_together(const es_scenario *s, es_errors *errors) {
    size_t before = errors->n + errors->lost;
    bool grid = s->workload.states == ES_STATES_GRID;
    bool isolated = s->workload.mode == ES_ISOLATED;
    bool traced = s->workload.arrivals == ES_ARRIVALS_OF_TRACE;
    es_list loads = s->server.load_ratio;
    if (grid && !isolated)
        es_scenario_complain(s, "workload", "states", errors,
                             "only isolated mode has a grid of states");
    if (grid && (s->uplink.trace != NULL || s->server.load_trace != NULL))
        es_scenario_complain(s, "workload", "states", errors,
                             "a grid takes lists of rates and loads, not traces");
    if (!grid && (s->uplink.rate_bps.n > 1))
        es_scenario_complain(s, "uplink", "rate", errors,
                             "several rates need [workload] states = grid");
    if (!grid && s->server.load_ratio.n > 1)
        es_scenario_complain(s, "server", "load", errors,
                             "several loads need [workload] states = grid");
    if ((s->uplink.rate_bps.n > 0) == (s->uplink.trace != NULL))
        es_scenario_complain(s, "uplink", s->uplink.trace != NULL ? "trace" : "rate", errors,
                             "exactly one of rate and trace is needed");
    check_needs(s, errors);
    check_arrivals(s, errors);
    check_mode(s, errors);
    if (s->server.load_trace != NULL && (loads.n > 1 || loads.values[0] != 0))
        es_scenario_complain(s, "server", "load", errors,
                             "at most one of load and load_trace can be given");
    if (!grid && !traced && s->scenario.steps == 0 && isnan(s->scenario.duration_s))
        es_scenario_complain(s, "scenario", "duration", errors,
                             "one of duration and steps is needed");
    if (!traced && s->workload.mode != ES_CLOSED && isnan(s->scenario.duration_s) &&
        n_requests(s) / s->workload.rate_hz > LONGEST_S)
        es_scenario_complain(s, "workload", "rate", errors,
                             "%g requests take more than three years at this rate", n_requests(s));
    if (isolated &&
        (s->device.service != ES_DETERMINISTIC || s->server.service != ES_DETERMINISTIC))
        es_scenario_complain(s, s->device.service != ES_DETERMINISTIC ? "device" : "server",
                             "service", errors, "isolated mode has deterministic times");
    if (isolated && s->workload.on_deadline == ES_DEADLINE_DROP)
        es_scenario_complain(s, "workload", "on_deadline", errors, "isolated mode drops nothing");
    if (s->workload.on_deadline == ES_DEADLINE_DROP && isnan(s->workload.deadline_s) && !traced)
        es_scenario_complain(s, "workload", "on_deadline", errors, "drop needs a deadline");
    if (llround(s->uplink.window_s * 1e9) % 1000000 != 0)
        es_scenario_complain(s, "uplink", "window", errors, "expected whole milliseconds");
    int n_powers = !isnan(s->energy.active_w) + !isnan(s->energy.transmit_w) +
                   !isnan(s->energy.receive_w) + !isnan(s->energy.idle_w);
    if (n_powers != 0 && n_powers != 4)
        es_scenario_complain(s, "energy", "active", errors,
                             "give all of active, transmit, receive, idle, or none");
    return errors->n + errors->lost > before ? ES_INVALID : ES_OK;
}

static es_status check_names(const es_ini *ini, es_errors *errors) {
    es_ini_known *known = es_alloc(n_keys, sizeof *known);
    if (known == NULL)
        return es_errors_no_memory(errors, ini->path);
    for (size_t i = 0; i < n_keys; i++)
        known[i] =
            (es_ini_known){keys[i].section, keys[i].name, strcmp(keys[i].section, "policy") == 0};
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
    for (size_t i = 0; i < n && sound; i++)
        sound = set_parameter(&scenario->parameters[scenario->n_parameters++], variables[i].name,
                              variables[i].values[es_study_value(study, run, i)]);
    if (sound && es_study_n_repetitions(study) > 1) {
        char number[32];
        snprintf(number, sizeof number, "%zu", es_study_repetition(study, run));
        sound =
            set_parameter(&scenario->parameters[scenario->n_parameters++], "repetition", number);
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
    status = check_names(scenario->ini, errors);
    const char *kind = "";
    for (size_t i = 0; i < n_keys; i++) {
        if (strcmp(keys[i].section, kind) == 0 || strcmp(keys[i].section, "policy") == 0)
            continue;
        kind = keys[i].section;
        es_status section = parse_section(
            scenario->ini, kind, es_ini_find_section(scenario->ini, kind, 0), scenario, errors);
        status = status == ES_OK ? section : status;
    }
    es_status model = check_model(scenario, errors);
    es_status policies = parse_policies(scenario, errors);
    status = status == ES_OK ? model : status;
    status = status == ES_OK ? policies : status;
    if (status == ES_OK)
        status = check_together(scenario, errors);
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

void es_scenario_destroy(es_scenario *scenario) {
    if (scenario == NULL)
        return;
    for (size_t i = 0; i < n_keys; i++)
        if (keys[i].type == KEY_LIST)
            free(((es_list *)field_of(scenario, &keys[i]))->values);
    for (size_t i = 0; i < scenario->n_parameters; i++) {
        free(scenario->parameters[i].name);
        free(scenario->parameters[i].value);
    }
    free(scenario->parameters);
    free(scenario->policies);
    es_ini_destroy(scenario->ini);
    free(scenario);
}

const char *es_scenario_file(const es_scenario *scenario, size_t i) {
    for (size_t k = 0; k < n_keys; k++) {
        if (!key_is_file(&keys[k]))
            continue;
        const char *name =
            *(const char *const *)(const void *)((const char *)scenario + keys[k].offset);
        if (name != NULL && i-- == 0)
            return name;
    }
    return NULL;
}

double es_scenario_requests(const es_scenario *scenario) {
    if (scenario->workload.arrivals == ES_ARRIVALS_OF_TRACE)
        return fmax(1, (double)scenario->scenario.steps);
    double n = n_requests(scenario),
           arriving = scenario->scenario.duration_s * scenario->workload.rate_hz;
    return n > 0 && !(arriving < n) ? n : arriving;
}

/* The place a message about a key points to: its entry, or a stand-in on the section's line. */
static es_status complain_at(const es_scenario *scenario, size_t section, const char *kind,
                             const char *name, es_errors *errors, const char *text) {
    const es_ini *ini = scenario->ini;
    const es_ini_entry *entry = section < ini->n_sections ? es_ini_find(ini, section, name) : NULL;
    if (entry != NULL)
        return es_ini_complain(ini, entry, errors, "%s", text);
    size_t line = section < ini->n_sections ? ini->sections[section].line : 0;
    return es_errors_add(errors, ES_INVALID, ini->path, line, "[%s] %s: %s",
                         section < ini->n_sections ? ini->sections[section].name : kind, name,
                         text);
}

es_status es_scenario_complain(const es_scenario *scenario, const char *section, const char *key,
                               es_errors *errors, const char *format, ...) {
    char text[ES_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return complain_at(scenario, es_ini_find_section(scenario->ini, section, 0), section, key,
                       errors, text);
}

es_status es_policy_complain(const es_scenario *scenario, const es_policy_section *policy,
                             const char *key, es_errors *errors, const char *format, ...) {
    char text[ES_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return complain_at(scenario, policy->section, "policy", key, errors, text);
}
