/* What no single key can tell. */
#include "edgesplit/scenario.h"

#include "edgesplit/number.h"
#include "keys.h"

#include <math.h>
#include <string.h>

/* ---- Labels */

static const char *group_at(const void *context, size_t i) {
    const es_scenario *scenario = context;
    return scenario->groups[i].group;
}

static bool is_group(const es_scenario *scenario, const char *label) {
    for (size_t g = 0; scenario->groups != NULL && g < scenario->n_groups; g++)
        if (strcmp(scenario->groups[g].group, label) == 0)
            return true;
    return false;
}

static void check_label(const es_scenario *s, const es_ini_section *section, es_errors *errors) {
    size_t n = s->groups != NULL ? s->n_groups : 0;
    if (is_group(s, section->label))
        return;
    const char *nearest = es_nearest_name(section->label, n, group_at, s);
    es_errors_add(errors, ES_INVALID, section->line > 0 ? s->ini->path : "command line",
                  section->line,
                  "section [%s]: there is no [device %s], which would make it one of a group of "
                  "devices%s",
                  section->name, section->label, es_did_you_mean(nearest, "'", "'", "").text);
}

es_status scenario_check_labels(const es_scenario *s, es_errors *errors) {
    const es_ini *ini = s->ini;
    size_t before = errors->n + errors->lost;
    if (s->n_groups > ES_SCENARIO_GROUPS)
        es_errors_add(errors, ES_INVALID, ini->path, 0,
                      "%zu sections [device NAME]; expected at most %d", s->n_groups,
                      (int)ES_SCENARIO_GROUPS);
    for (size_t i = 0; i < ini->n_sections; i++)
        if (kind_label(ini->sections[i].kind) == ES_INI_ANY_LABEL &&
            ini->sections[i].label[0] != '\0')
            check_label(s, &ini->sections[i], errors);
    for (size_t i = 0; i < ini->n_entries; i++) {
        const es_ini_section *section = &ini->sections[ini->entries[i].section];
        const struct key *key = key_find(section->kind, ini->entries[i].key);
        if (section->label[0] != '\0' && key != NULL &&
            kind_label(section->kind) == ES_INI_ANY_LABEL && !key_is_of_group(key))
            es_ini_complain(ini, &ini->entries[i], errors,
                            "is the same for all groups: it belongs to [%s]", section->kind);
    }
    return errors->n + errors->lost > before ? ES_INVALID : ES_OK;
}

/* ---- Keys that would be silently ignored */

/* What keeps a group from reading a key; NULL if it reads it. */
static const char *why_ignored(const es_scenario *group, const struct key *key, char text[64]) {
    if (key_is_of_cloud(key) && group->cloud.profile == NULL)
        return "is only read with [cloud] profile: without there are two tiers";
    const char *needs = key_needs(key);
    if (needs != NULL && scenario_entry(group, key->section, needs) == NULL) {
        snprintf(text, 64, "is only read with %s", needs);
        return text;
    }
    if (key_is_of_mode(key, group->workload.mode))
        return NULL;
    return group->workload.mode == ES_CLOSED ? "is not read in closed mode"
                                             : "is only read in closed mode";
}

/* A key without a label is ignored if no group reads it. */
static void check_ignored(const es_scenario *s, es_errors *errors) {
    char text[64];
    for (size_t i = 0; i < n_keys; i++) {
        const struct key *key = &keys[i];
        if (strcmp(key->section, "policy") == 0)
            continue;
        bool read = false;
        for (size_t g = 0; g < s->n_groups; g++) {
            const es_scenario *group = es_scenario_group(s, g);
            const char *why = why_ignored(group, key, text);
            read = read || why == NULL;
            if (why != NULL && group != s && es_scenario_writes(group, key->section, key->name))
                es_scenario_complain(group, key->section, key->name, errors, "%s", why);
        }
        if (!read && es_scenario_writes(s, key->section, key->name))
            es_scenario_complain(s, key->section, key->name, errors, "%s",
                                 why_ignored(es_scenario_group(s, 0), key, text));
    }
}

/* ---- One group */

/* The requests come from one place. */
static void check_arrivals(const es_scenario *s, es_errors *errors) {
    bool traced = s->workload.arrivals == ES_ARRIVALS_OF_TRACE;
    if (traced != (s->workload.trace != NULL))
        es_scenario_complain(s, "workload", traced ? "arrivals" : "trace", errors,
                             "arrivals = trace and trace = FILE go together");
    if (traced && es_scenario_writes(s, "workload", "rate"))
        es_scenario_complain(s, "workload", "rate", errors, "is not read with arrivals = trace");
    if (traced && s->workload.states == ES_STATES_GRID)
        es_scenario_complain(s, "workload", "arrivals", errors,
                             "a grid has a state for each request, and no trace of them");
}

static void check_link(const es_scenario *s, const char *section, const es_link_keys *link,
                       es_errors *errors) {
    bool isolated = s->workload.mode == ES_ISOLATED;
    double last_s = link->stagger_s * (double)(s->device.count - 1);
    if (llround(link->window_s * 1e9) % 1000000 != 0)
        es_scenario_complain(s, section, "window", errors, "expected whole milliseconds");
    if (link->propagation_trace != NULL && link->propagation_s > 0)
        es_scenario_complain(s, section, "propagation", errors,
                             "at most one of propagation and propagation_trace can be given");
    if (link->stagger_s > 0 && link->sharing != ES_SHARED_BY_NONE)
        es_scenario_complain(s, section, "stagger", errors, "is only read with sharing = own");
    if (last_s > LONGEST_S)
        es_scenario_complain(s, section, "stagger", errors,
                             "the last of %lld devices is %g s ahead; expected at most %g s",
                             (long long)s->device.count, last_s, LONGEST_S);
    if (isolated && link->discipline != ES_QUEUEING_FIFO)
        es_scenario_complain(s, section, "discipline", errors, "isolated mode has no queues");
}

static void check_links(const es_scenario *s, es_errors *errors) {
    bool has_downlink = s->downlink.link.trace != NULL || !isnan(s->downlink.rate_bps);
    check_link(s, "uplink", &s->uplink.link, errors);
    check_link(s, "downlink", &s->downlink.link, errors);
    if (s->workload.states != ES_STATES_GRID && s->uplink.rate_bps.n > 1)
        es_scenario_complain(s, "uplink", "rate", errors,
                             "several rates need [workload] states = grid");
    if ((s->uplink.rate_bps.n > 0) == (s->uplink.link.trace != NULL))
        es_scenario_complain(s, "uplink", s->uplink.link.trace != NULL ? "trace" : "rate", errors,
                             "exactly one of rate and trace is needed");
    if (s->downlink.link.trace != NULL && !isnan(s->downlink.rate_bps))
        es_scenario_complain(s, "downlink", "trace", errors,
                             "at most one of rate and trace can be given");
    if (!has_downlink && s->downlink.link.discipline != ES_QUEUEING_FIFO)
        es_scenario_complain(s, "downlink", "discipline", errors,
                             "is only read with rate or trace");
    if (!has_downlink && s->downlink.link.sharing != ES_SHARED_BY_NONE)
        es_scenario_complain(s, "downlink", "sharing", errors, "is only read with rate or trace");
}

static void check_grid(const es_scenario *s, es_errors *errors) {
    const es_link_keys *uplink = &s->uplink.link, *downlink = &s->downlink.link;
    if (s->workload.mode != ES_ISOLATED)
        es_scenario_complain(s, "workload", "states", errors,
                             "only isolated mode has a grid of states");
    if (uplink->trace != NULL || uplink->propagation_trace != NULL || downlink->trace != NULL ||
        downlink->propagation_trace != NULL || s->server.load.trace != NULL)
        es_scenario_complain(s, "workload", "states", errors,
                             "a grid takes lists of rates and loads, not traces");
}

/* What three tiers leave out. */
static void check_cloud_of_group(const es_scenario *s, es_errors *errors) {
    const struct {
        const char *key;
        bool given;
    } codec[] = {
        {"ratio", s->transfer.ratio != 1},
        {"encode_rate", !isnan(s->transfer.encode_rate_bps)},
        {"decode_rate", !isnan(s->transfer.decode_rate_bps)},
    };
    for (size_t i = 0; i < sizeof codec / sizeof codec[0] && s->cloud.profile != NULL; i++)
        if (codec[i].given)
            es_scenario_complain(s, "transfer", codec[i].key, errors,
                                 "with [cloud] feature maps are sent as they are");
}

/* A list of the exits has a value for each. */
static void check_exit_list(const es_scenario *s, const char *key, const es_list *list,
                            size_t n_exits, bool needed, es_errors *errors) {
    if (list->n == 0 && needed)
        es_scenario_complain(s, "model", key, errors,
                             "is missing: exit_after needs exit_probability, exit_accuracy and "
                             "accuracy");
    else if (list->n > 0 && list->n != n_exits)
        es_scenario_complain(s, "model", key, errors,
                             "expected %zu values, one for each cut of exit_after, not %zu",
                             n_exits, list->n);
}

static void check_exits(const es_scenario *s, es_errors *errors) {
    /* Shares that were rounded to be written may add up to a little more. */
    const double most = 1 + 1e-9;
    double sum = 0;
    size_t n_exits = 1;
    const char *after = s->model.exit_after;
    if (after == NULL)
        return;
    for (const char *at = after; *at != '\0'; at++)
        n_exits += *at == ',';
    check_exit_list(s, "exit_probability", &s->model.exit_probability, n_exits, true, errors);
    check_exit_list(s, "exit_accuracy", &s->model.exit_accuracy, n_exits, true, errors);
    check_exit_list(s, "exit_device_time", &s->model.exit_device_s, n_exits, false, errors);
    check_exit_list(s, "exit_server_time", &s->model.exit_server_s, n_exits, false, errors);
    if (isnan(s->model.accuracy))
        es_scenario_complain(s, "model", "accuracy", errors,
                             "is missing: that of the end of the network");
    for (size_t i = 0; i < s->model.exit_probability.n; i++)
        sum += s->model.exit_probability.values[i];
    if (sum > most)
        es_scenario_complain(s, "model", "exit_probability", errors,
                             "adds up to %g; expected at most 1", sum);
    if (s->cloud.profile != NULL)
        es_scenario_complain(s, "model", "exit_after", errors,
                             "a network with exits has two tiers: expected no [cloud]");
    if (s->server.max_batch > 0)
        es_scenario_complain(s, "server", "max_batch", errors,
                             "tails that end at different exits are not run together: expected 0 "
                             "with [model] exit_after");
}

static void check_group(const es_scenario *s, es_errors *errors) {
    bool isolated = s->workload.mode == ES_ISOLATED;
    bool traced = s->workload.arrivals == ES_ARRIVALS_OF_TRACE;
    if (s->workload.states == ES_STATES_GRID)
        check_grid(s, errors);
    check_links(s, errors);
    check_arrivals(s, errors);
    check_cloud_of_group(s, errors);
    check_exits(s, errors);
    if (isolated && s->device.count > 1)
        es_scenario_complain(s, "device", "count", errors, "isolated mode has one device");
    if (isolated && s->device.service != ES_DETERMINISTIC)
        es_scenario_complain(s, "device", "service", errors,
                             "isolated mode has deterministic times");
    if (isolated && s->workload.on_deadline == ES_DEADLINE_DROP)
        es_scenario_complain(s, "workload", "on_deadline", errors, "isolated mode drops nothing");
    if (s->workload.on_deadline == ES_DEADLINE_DROP && isnan(s->workload.deadline_s) && !traced)
        es_scenario_complain(s, "workload", "on_deadline", errors, "drop needs a deadline");
    int n_powers = !isnan(s->energy.active_w) + !isnan(s->energy.transmit_w) +
                   !isnan(s->energy.receive_w) + !isnan(s->energy.idle_w);
    if (n_powers != 0 && n_powers != 4)
        es_scenario_complain(s, "energy", "active", errors,
                             "give all of active, transmit, receive, idle, or none");
}

/* ---- All of them */

/* A link of all devices is described once. */
static void check_sharing(const es_scenario *group, const char *section, const es_link_keys *of_all,
                          const es_link_keys *link, es_errors *errors) {
    if (of_all->sharing != ES_SHARED_BY_ALL) {
        if (link->sharing == ES_SHARED_BY_ALL)
            es_scenario_complain(group, section, "sharing", errors,
                                 "what all devices share belongs to [%s]", section);
        return;
    }
    for (size_t i = 0; i < n_keys; i++)
        if (strcmp(keys[i].section, section) == 0 &&
            strncmp(keys[i].name, "propagation", strlen("propagation")) != 0 &&
            es_scenario_writes(group, section, keys[i].name))
            es_scenario_complain(group, section, keys[i].name, errors,
                                 "the link is one for all devices ([%s] sharing = all); only its "
                                 "propagation may differ",
                                 section);
}

static void check_queues(const es_scenario *s, bool isolated, es_errors *errors) {
    bool ps = s->server.discipline == ES_QUEUEING_PS;
    if (ps && s->server.servers > 1)
        es_scenario_complain(s, "server", "servers", errors, "discipline = ps has one server");
    if (ps && s->server.max_batch > 0)
        es_scenario_complain(s, "server", "max_batch", errors,
                             "discipline = ps runs each request by itself");
    if (!isolated)
        return;
    if (s->server.service != ES_DETERMINISTIC)
        es_scenario_complain(s, "server", "service", errors,
                             "isolated mode has deterministic times");
    if (ps)
        es_scenario_complain(s, "server", "discipline", errors, "isolated mode has no queues");
    if (s->server.servers > 1)
        es_scenario_complain(s, "server", "servers", errors, "isolated mode has no queues");
    if (s->server.max_batch > 0)
        es_scenario_complain(s, "server", "max_batch", errors, "isolated mode has no queues");
}

static void check_background(const es_scenario *s, bool isolated, es_errors *errors) {
    bool poisson = !isnan(s->server.background_rate_hz);
    bool traced = s->server.background_trace != NULL;
    bool timed = !isnan(s->server.background_time_s);
    const char *key = traced ? "background_trace" : "background_rate";
    if (poisson && traced)
        es_scenario_complain(s, "server", "background_trace", errors,
                             "at most one of background_rate and background_trace can be given");
    if ((poisson || traced) && !timed)
        es_scenario_complain(s, "server", key, errors,
                             "needs background_time: what such a job takes");
    if (timed && !poisson && !traced)
        es_scenario_complain(s, "server", "background_time", errors,
                             "is only read with background_rate or background_trace");
    if (isolated && (poisson || traced))
        es_scenario_complain(s, "server", key, errors, "isolated mode has no queues");
}

static void check_server(const es_scenario *s, bool isolated, es_errors *errors) {
    es_list loads = s->server.load_ratio;
    if (s->workload.states != ES_STATES_GRID && loads.n > 1)
        es_scenario_complain(s, "server", "load", errors,
                             "several loads need [workload] states = grid");
    if (s->server.load.trace != NULL && (loads.n > 1 || loads.values[0] != 0))
        es_scenario_complain(s, "server", "load", errors,
                             "at most one of load and load_trace can be given");
    check_queues(s, isolated, errors);
    check_background(s, isolated, errors);
}

static void check_cloud_queues(const es_scenario *s, bool isolated, es_errors *errors) {
    bool ps = s->cloud.discipline == ES_QUEUEING_PS;
    if (ps && s->cloud.servers > 1)
        es_scenario_complain(s, "cloud", "servers", errors, "discipline = ps has one server");
    if (isolated && s->cloud.service != ES_DETERMINISTIC)
        es_scenario_complain(s, "cloud", "service", errors,
                             "isolated mode has deterministic times");
    if (isolated && ps)
        es_scenario_complain(s, "cloud", "discipline", errors, "isolated mode has no queues");
    if (isolated && s->cloud.servers > 1)
        es_scenario_complain(s, "cloud", "servers", errors, "isolated mode has no queues");
    if (isolated && s->backhaul.link.discipline != ES_QUEUEING_FIFO)
        es_scenario_complain(s, "backhaul", "discipline", errors, "isolated mode has no queues");
}

/* The third tier, which all groups have or none. */
static void check_cloud(const es_scenario *s, bool isolated, es_errors *errors) {
    const es_scenario *with = NULL, *without = NULL;
    for (size_t g = 0; g < s->n_groups; g++) {
        const es_scenario *group = es_scenario_group(s, g);
        if (group->cloud.profile != NULL)
            with = group;
        else
            without = group;
    }
    if (with == NULL)
        return;
    if (without != NULL)
        scenario_complain_of_section(without, "cloud", errors,
                                     "profile is missing for devices %s: all groups have a cloud, "
                                     "or none",
                                     without->group);
    bool traced = s->backhaul.link.trace != NULL;
    if (scenario_section(s, "backhaul") == s->ini->n_sections)
        scenario_complain_of_section(with, "cloud", errors,
                                     "needs a section [backhaul], the link to it");
    else if (traced == !isnan(s->backhaul.rate_bps))
        es_scenario_complain(s, "backhaul", traced ? "trace" : "rate", errors,
                             "exactly one of rate and trace is needed with [cloud]");
    if (llround(s->backhaul.link.window_s * 1e9) % 1000000 != 0)
        es_scenario_complain(s, "backhaul", "window", errors, "expected whole milliseconds");
    if (s->cloud.load.trace != NULL && s->cloud.load_ratio != 0)
        es_scenario_complain(s, "cloud", "load", errors,
                             "at most one of load and load_trace can be given");
    if (s->workload.states == ES_STATES_GRID && (traced || s->cloud.load.trace != NULL))
        es_scenario_complain(s, "workload", "states", errors,
                             "a grid takes a constant rate of the backhaul and load of the cloud");
    check_cloud_queues(s, isolated, errors);
}

/* Closed groups have all their sources in the system at once. */
static void check_backlog(const es_scenario *s, es_errors *errors) {
    const es_scenario *closed = NULL;
    double n_sources = 0;
    for (size_t g = 0; g < s->n_groups; g++) {
        const es_scenario *group = es_scenario_group(s, g);
        if (group->workload.mode != ES_CLOSED)
            continue;
        closed = closed == NULL ? group : closed;
        n_sources += (double)group->workload.population * (double)group->device.count;
    }
    if (n_sources > (double)s->workload.max_backlog)
        es_scenario_complain(closed, "workload", "population", errors,
                             "%.0f requests at once are more than max_backlog = %lld", n_sources,
                             (long long)s->workload.max_backlog);
}

/* The run comes to an end, and in reasonable time. */
static void check_end(const es_scenario *s, es_errors *errors) {
    bool grid = s->workload.states == ES_STATES_GRID;
    bool all_traced = true, other = false;
    double n = scenario_n_requests(s), shortest_s = ES_INFINITY;
    for (size_t g = 0; g < s->n_groups; g++) {
        const es_scenario *group = es_scenario_group(s, g);
        bool traced = group->workload.arrivals == ES_ARRIVALS_OF_TRACE;
        all_traced = all_traced && traced;
        other = other || traced || group->workload.mode == ES_CLOSED;
        shortest_s = fmin(shortest_s, n / (group->workload.rate_hz * (double)group->device.count));
    }
    if (!isnan(s->scenario.duration_s))
        return;
    if (!grid && !all_traced && s->scenario.steps == 0)
        es_scenario_complain(s, "scenario", "duration", errors,
                             "one of duration and steps is needed");
    if (!other && shortest_s > LONGEST_S)
        es_scenario_complain(es_scenario_group(s, 0), "workload", "rate", errors,
                             "%g requests take more than three years at this rate", n);
}

es_status scenario_check(const es_scenario *s, es_errors *errors) {
    size_t before = errors->n + errors->lost;
    const es_scenario *isolated = NULL;
    check_ignored(s, errors);
    for (size_t g = 0; g < s->n_groups; g++) {
        const es_scenario *group = es_scenario_group(s, g);
        es_errors found;
        es_errors_init(&found);
        check_group(group, &found);
        if (group != s) {
            check_sharing(group, "uplink", &s->uplink.link, &group->uplink.link, &found);
            check_sharing(group, "downlink", &s->downlink.link, &group->downlink.link, &found);
        }
        es_errors_add_new(errors, &found); /* groups repeat what they share */
        if (group->workload.mode == ES_ISOLATED && isolated == NULL)
            isolated = group;
    }
    if (isolated != NULL && s->n_groups > 1)
        es_scenario_complain(isolated, "workload", "mode", errors,
                             "isolated mode has one group of devices");
    check_server(s, isolated != NULL, errors);
    check_cloud(s, isolated != NULL, errors);
    check_backlog(s, errors);
    check_end(s, errors);
    return errors->n + errors->lost > before ? ES_INVALID : ES_OK;
}
