/* Resolving policy sections: which cuts each policy may choose. */
#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "plan.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

/* A policy section that is being resolved. */
struct resolving {
    es_plan *plan;
    const es_policy_section *section;
    const es_policy_ops *ops;
    es_errors *errors;
    size_t n[ES_MAX_GROUPS]; /* candidates of each group so far */
    uint32_t *candidates;    /* [cuts of all groups] those of a group from its first cut on */
};

static uint32_t *candidates_of(const struct resolving *r, size_t g) {
    return r->candidates + r->plan->groups[g].first_cut;
}

static size_t last_cut(const struct planned_group *group) {
    return group->cost->n_cuts - 1;
}

static const es_cost_cut *cut_at(const struct planned_group *group, size_t cut) {
    return &group->cost->cuts[cut];
}

static bool is_end(const struct planned_group *group, size_t boundary) {
    return boundary == 0 || boundary == cut_at(group, last_cut(group))->first;
}

/* Whether the scenario counts a boundary. */
static bool is_counted(const struct planned_group *group, size_t boundary) {
    return is_end(group, boundary) ||
           group->scenario->model.cut_points != ES_CUTS_RESIDUAL_BLOCKS ||
           group->cost->boundaries[boundary].residual_block;
}

/* Which cuts are open, and which are compressive among those that the scenario counts. */
static es_status offer_cuts(struct planned_group *group, es_errors *errors) {
    size_t n = group->cost->n_cuts;
    group->offered = es_alloc(n, sizeof *group->offered);
    group->compressive = es_alloc(group->cost->n_boundaries, sizeof *group->compressive);
    group->offered_cuts = es_alloc(n, sizeof *group->offered_cuts);
    if (group->offered == NULL || group->compressive == NULL || group->offered_cuts == NULL)
        return es_errors_no_memory(errors, NULL);
    bool residual_only = group->scenario->model.cut_points == ES_CUTS_RESIDUAL_BLOCKS;
    es_model_mark_compressive(group->model, group->granularity, residual_only, group->compressive);
    for (size_t cut = 0; cut < n; cut++) {
        const es_cost_cut *at = cut_at(group, cut);
        bool counted = is_counted(group, at->first) && is_counted(group, at->second);
        group->offered[cut] = (at->set > 0 || counted) && group->cost->available[cut];
        if (group->offered[cut])
            group->offered_cuts[group->n_offered++] = (uint32_t)cut;
    }
    return ES_OK;
}

/* Whether a policy may cut at a boundary. */
static bool is_wanted(const struct planned_group *group, const es_policy_section *section,
                      size_t boundary) {
    const es_cut *description = &group->cost->boundaries[boundary];
    if (is_end(group, boundary))
        return true;
    switch ((es_candidates)section->candidates) {
    case ES_CANDIDATES_COMPRESSIVE: return group->compressive[boundary];
    case ES_CANDIDATES_NATURAL: return description->natural;
    case ES_CANDIDATES_SINGLE_TENSOR: return description->n_tensors == 1;
    case ES_CANDIDATES_ALL: return true;
    }
    return false;
}

static bool is_candidate(const struct planned_group *group, const es_policy_section *section,
                         size_t cut) {
    const es_cost_cut *at = cut_at(group, cut);
    return at->set == 0 && is_wanted(group, section, at->first) &&
           is_wanted(group, section, at->second);
}

/* Whether the input would be sent where the policy keeps it on the device. */
static bool is_private(const struct planned_group *group, const es_policy_section *section,
                       size_t cut) {
    return section->privacy && cut_at(group, cut)->sends_input;
}

/* A record about the key of the section, saying of which group it is where there are several. */
static ES_PRINTF(4, 5) es_status
    complain(const struct resolving *r, const struct planned_group *group, const char *key,
             const char *format, ...) {
    char text[ES_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const char *name = group->scenario->group;
    return es_policy_complain(r->plan->scenario, r->section, key, r->errors, "%s%s%s%s",
                              name[0] != '\0' ? "devices " : "", name, name[0] != '\0' ? ": " : "",
                              text);
}

/* Adds a column of results; the name and the candidates are copied. */
static es_status add(struct resolving *r, const char *cut_name, bool hindsight) {
    es_plan *plan = r->plan;
    const es_policy_section *section = r->section;
    es_text name = {0};
    es_text_add(&name, cut_name != NULL ? "%s@%s" : "%s", section->name, cut_name);
    if (name.failed || es_reserve(&plan->policies, &plan->policies_capacity, plan->n_policies + 1,
                                  sizeof *plan->policies) != ES_OK) {
        free(name.data);
        return es_errors_no_memory(r->errors, NULL);
    }
    struct planned_policy *policy = &plan->policies[plan->n_policies++];
    *policy =
        (struct planned_policy){.name = name.data, .section = section, .hindsight = hindsight};
    for (size_t g = 0; g < plan->n_groups; g++) {
        uint32_t *copy = es_alloc(r->n[g], sizeof *copy);
        if (copy == NULL)
            return es_errors_no_memory(r->errors, NULL);
        memcpy(copy, candidates_of(r, g), r->n[g] * sizeof *copy);
        policy->candidates[g] = copy;
        policy->policies[g] =
            (es_policy){r->ops, r->n[g], copy,
                        (es_policy_settings){.queue_aware = section->queue_aware,
                                             .hysteresis = section->hysteresis,
                                             .min_dwell = (uint64_t)section->min_dwell,
                                             .expected_dwell = section->expected_dwell,
                                             .energy_weight = section->energy_weight,
                                             .exploration = section->exploration,
                                             .discount = section->discount,
                                             .load_bins = (uint64_t)section->load_bins}};
    }
    return ES_OK;
}

/* The candidates of a group, ascending, with the ends: full offload unless it is forbidden, and no
 * offload. */
static void list_candidates(struct resolving *r, size_t g, bool every, bool ends) {
    const struct planned_group *group = &r->plan->groups[g];
    uint32_t *candidates = candidates_of(r, g);
    r->n[g] = 0;
    for (size_t i = 0; i < group->n_offered; i++) {
        uint32_t cut = group->offered_cuts[i];
        bool end = cut == 0 || cut == last_cut(group);
        if (!is_private(group, r->section, cut) &&
            (end ? ends : every || is_candidate(group, r->section, cut)))
            candidates[r->n[g]++] = cut;
    }
}

/* What a group's link and the server are like in the mean. */
static es_policy_view mean_view(const es_plan *plan, const struct planned_group *group) {
    const es_scenario *s = group->scenario;
    es_policy_view view = {
        .rate_bps = es_rate_mean(group->uplink.rate),
        .load = 1 - es_rate_mean(plan->server_rate) / (double)ES_FULL_CAPACITY,
    };
    if (s->workload.states == ES_STATES_GRID) {
        view.rate_bps = view.load = 0;
        for (size_t i = 0; i < s->uplink.rate_bps.n; i++)
            view.rate_bps += s->uplink.rate_bps.values[i] / (double)s->uplink.rate_bps.n;
        for (size_t i = 0; i < s->server.load_ratio.n; i++)
            view.load += s->server.load_ratio.values[i] / (double)s->server.load_ratio.n;
    }
    return view;
}

static double mean_delay_s(const es_link_keys *keys, const struct planned_link *link) {
    return link->delay != NULL ? es_rate_mean(link->delay) / (double)ES_SECOND
                               : keys->propagation_s;
}

/* The candidate with the least mean predicted latency over the batch sizes, at the mean rate and
 * the mean load; others at shared stations are not counted. */
static uint32_t best_for_mean_state(const es_plan *plan, const struct planned_group *group,
                                    size_t n, const uint32_t *candidates) {
    const es_scenario *s = group->scenario;
    es_policy_view view = mean_view(plan, group);
    const es_rate *downlink = group->downlink.rate;
    double result_s = downlink != NULL ? 8 * s->transfer.result_bytes / es_rate_mean(downlink) : 0;
    double delay_s = mean_delay_s(&s->uplink.link, &group->uplink) +
                     mean_delay_s(&s->downlink.link, &group->downlink);
    if (plan->has_cloud) {
        view.backhaul_s_per_bit = 1 / es_rate_mean(plan->backhaul.rate);
        view.backhaul_delay_s = 2 * plan->scenario->backhaul.link.propagation_s;
        view.cloud_slowdown = (double)ES_FULL_CAPACITY / es_rate_mean(plan->cloud_rate);
    }
    uint32_t best = candidates[0];
    double best_s = ES_INFINITY;
    for (size_t i = 0; i < n; i++) {
        double total_s = 0;
        for (size_t b = 0; b < group->n_batches; b++) {
            double weight = group->batch_weights != NULL ? group->batch_weights[b] : 1;
            view.costs = es_cost_find(group->cost, group->batches[b]);
            view.delay_s = delay_s + result_s * (double)group->batches[b];
            total_s += weight * es_policy_predict_s(&view, candidates[i], 1 / view.rate_bps,
                                                    1 / (1 - view.load));
        }
        if (total_s <= best_s) {
            best_s = total_s;
            best = candidates[i];
        }
    }
    return best;
}

/* A column for each candidate of the one group. */
static es_status resolve_each(struct resolving *r) {
    const struct planned_group *group = &r->plan->groups[0];
    list_candidates(r, 0, false, false);
    size_t n = r->n[0];
    if (n == 0)
        return complain(r, group, "split", "there is no such candidate");
    es_status status = ES_OK;
    uint32_t *candidates = candidates_of(r, 0);
    r->n[0] = 1;
    for (size_t i = 0; i < n && status == ES_OK; i++) {
        candidates[0] = candidates[i];
        status = add(r, cut_at(group, candidates[0])->name, false);
    }
    return status;
}

/* The best cut of each group: for the mean state now, in hindsight by a first pass. */
static es_status resolve_best(struct resolving *r, bool hindsight) {
    for (size_t g = 0; g < r->plan->n_groups; g++) {
        const struct planned_group *group = &r->plan->groups[g];
        list_candidates(r, g, false, true);
        if (r->n[g] == 0)
            return complain(r, group, "split", "there is no candidate");
        if (hindsight)
            continue;
        uint32_t *candidates = candidates_of(r, g);
        candidates[0] = best_for_mean_state(r->plan, group, r->n[g], candidates);
        r->n[g] = 1;
    }
    return add(r, NULL, hindsight);
}

size_t plan_cut_number(const char *text, size_t n_cuts) {
    int64_t number;
    bool is = es_parse_int64((es_slice){text, strlen(text)}, &number) == ES_OK && number >= 0 &&
              (uint64_t)number < n_cuts;
    return is ? (size_t)number : n_cuts;
}

/* The cut of that number, which sets of layers do not change; n_cuts: none. */
static size_t numbered_cut(const es_cost *cost, const char *text) {
    if (cost->graph == NULL)
        return plan_cut_number(text, cost->n_cuts);
    size_t n = cost->n_boundaries, cut = plan_cut_number(text, n);
    return cut + 1 < n ? cut : cut < n ? cost->n_cuts - 1 : cost->n_cuts;
}

/* The cut of a group that `split` names. */
static es_status find_split(struct resolving *r, size_t g) {
    const struct planned_group *group = &r->plan->groups[g];
    const char *split = r->section->split;
    size_t n_cuts = group->cost->n_cuts, cut = es_cost_find_cut(group->cost, split);
    if (cut == n_cuts)
        cut = numbered_cut(group->cost, split);
    if (cut == n_cuts)
        return complain(r, group, "split",
                        "%s has no such cut: expected 0 .. %zu, a name such as '%s', best-mean, "
                        "best-hindsight, or each",
                        group->model->name, n_cuts - 1, cut_at(group, 1)->name);
    if (!group->offered[cut])
        return complain(r, group, "split",
                        group->cost->available[cut]
                            ? "cut %zu (%s) is not one of [model] cut_points"
                            : "the profiles hold no times for cut %zu (%s)",
                        cut, cut_at(group, cut)->name);
    if (is_private(group, r->section, cut))
        return complain(r, group, "split", "privacy forbids cut %zu", cut);
    candidates_of(r, g)[0] = (uint32_t)cut;
    r->n[g] = 1;
    return ES_OK;
}

static es_status resolve_split(struct resolving *r) {
    const es_plan *plan = r->plan;
    const char *split = r->section->split;
    if (split == NULL)
        return es_policy_complain(
            plan->scenario, r->section, "split", r->errors,
            "is missing: a cut's number or name, best-mean, best-hindsight, or each");
    bool each = strcmp(split, "each") == 0, hindsight = strcmp(split, "best-hindsight") == 0;
    if ((each || hindsight) && plan->n_groups > 1)
        return es_policy_complain(plan->scenario, r->section, "split", r->errors,
                                  "there are %zu groups of devices, whose cuts would have to be "
                                  "combined; expected a cut, or best-mean",
                                  plan->n_groups);
    if (each)
        return resolve_each(r);
    if (hindsight || strcmp(split, "best-mean") == 0)
        return resolve_best(r, hindsight);
    es_status status = ES_OK;
    for (size_t g = 0; g < plan->n_groups; g++) {
        es_status found = find_split(r, g);
        status = status != ES_OK ? status : found;
    }
    return status == ES_OK ? add(r, NULL, false) : status;
}

/* Keys that a policy would silently ignore are mistakes. */
static es_status check_keys(const es_plan *plan, const es_policy_section *section,
                            const es_policy_ops *ops, es_errors *errors) {
    bool whole = ops->whole_device || ops->whole_server, single = whole || ops->fixed;
    bool chooses = !single && !ops->clairvoyant && ops->learn == NULL;
    const es_scenario *first = plan->groups[0].scenario; /* isolated mode has no other */
    bool grid = first->workload.states == ES_STATES_GRID;
    bool queues = first->workload.mode != ES_ISOLATED;
    bool sampled = section->knowledge != ES_KNOWLEDGE_TRUE;
    const struct {
        const char *key;
        bool read;
    } keys[] = {
        {"split", ops->fixed},
        {"candidates", !whole && !ops->clairvoyant && !ops->cuts_graph},
        {"privacy", !whole},
        {"knowledge", chooses},
        {"half_life",
         section->knowledge == ES_KNOWLEDGE_EWMA || section->knowledge == ES_KNOWLEDGE_DUAL_EWMA},
        {"slow_half_life", section->knowledge == ES_KNOWLEDGE_DUAL_EWMA},
        {"samples", section->knowledge == ES_KNOWLEDGE_HARMONIC ||
                        section->knowledge == ES_KNOWLEDGE_ROBUST_HARMONIC},
        {"initial_rate", sampled},
        {"staleness", section->knowledge == ES_KNOWLEDGE_TRUE && chooses && !grid},
        {"noise", chooses},
        {"probe_every", sampled && queues},
        {"probe_bytes", sampled && queues && section->probe_every_s > 0},
        {"load_aware", sampled && queues},
        {"queue_aware", chooses && queues && !ops->tabulated},
        {"hysteresis", ops->may_stay},
        {"min_dwell", ops->may_stay},
        {"expected_dwell", ops->may_stay},
        {"energy_weight", ops->needs_power},
        {"exploration", ops->learn != NULL},
        {"discount", ops->learn != NULL},
        {"load_bins", ops->tabulated},
    };
    es_status status = ES_OK;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (!keys[i].read &&
            es_ini_find(plan->scenario->ini, section->section, keys[i].key) != NULL)
            status = es_policy_complain(plan->scenario, section, keys[i].key, errors,
                                        "%s does not read this key with the values given here",
                                        ops->name);
    return status;
}

/* What a policy cannot do without. */
static es_status check_needs(const struct resolving *r) {
    const es_plan *plan = r->plan;
    const es_policy_ops *ops = r->ops;
    es_status status = ES_OK;
    for (size_t g = 0; g < plan->n_groups; g++) {
        const struct planned_group *group = &plan->groups[g];
        if (ops->needs_deadline && !group->has_deadlines)
            status = complain(r, group, "type", "%s needs [workload] deadline", ops->name);
        if (ops->needs_power && isnan(group->scenario->energy.active_w))
            status = complain(r, group, "type", "%s needs the powers of [energy]", ops->name);
        if (ops->needs_exits && group->n_exits == 0)
            status = complain(r, group, "type", "%s needs [model] exit_after", ops->name);
    }
    if (ops->observe != NULL && plan->groups[0].scenario->workload.mode != ES_ISOLATED)
        return es_policy_complain(plan->scenario, r->section, "type", r->errors,
                                  "%s needs [workload] mode = isolated", ops->name);
    if (plan->has_cloud && (ops->learn != NULL || ops->tabulated))
        return es_policy_complain(plan->scenario, r->section, "type", r->errors,
                                  "%s knows of two tiers, and [cloud] makes a third", ops->name);
    for (size_t g = 0; g < plan->n_groups && ops->cuts_graph && status == ES_OK; g++)
        if (!plan_may_cut_graph(&plan->groups[g]))
            status = es_policy_complain(
                plan->scenario, r->section, "type", r->errors,
                "%s cuts the network's graph between two tiers: expected no [cloud], no [model] "
                "exit_after, no [server] max_batch and no coding in [transfer]",
                ops->name);
    if (ops->clairvoyant && !plan->foresees)
        status = es_policy_complain(
            plan->scenario, r->section, "type", r->errors,
            "what requests would meet cannot be told here: %s needs two tiers, one device, first "
            "in, "
            "first out everywhere, one server without batches and jobs of others, and constant "
            "propagation",
            ops->name);
    return status;
}

/* The one cut of a policy that leaves no choice. */
static es_status resolve_whole(struct resolving *r) {
    bool device = r->ops->whole_device;
    for (size_t g = 0; g < r->plan->n_groups; g++) {
        const struct planned_group *group = &r->plan->groups[g];
        uint32_t cut = device ? (uint32_t)last_cut(group) : 0;
        if (!group->offered[cut])
            return complain(r, group, "type", "the %s profile holds no time of the whole network",
                            device               ? "device"
                            : r->plan->has_cloud ? "cloud"
                                                 : "server");
        candidates_of(r, g)[0] = cut;
        r->n[g] = 1;
    }
    return add(r, NULL, false);
}

static es_status resolve(struct resolving *r) {
    const es_policy_section *section = r->section;
    r->ops = es_policies_find(section->type);
    if (r->ops == NULL) {
        const char *nearest = es_policies_nearest(section->type);
        return es_policy_complain(r->plan->scenario, section, "type", r->errors,
                                  "there is no policy '%s'%s", section->type,
                                  es_did_you_mean(nearest, "'", "'", "").text);
    }
    es_status status = check_keys(r->plan, section, r->ops, r->errors);
    if (status == ES_OK)
        status = check_needs(r);
    if (status != ES_OK)
        return status;
    if (r->ops->fixed)
        return resolve_split(r);
    if (r->ops->whole_device || r->ops->whole_server)
        return resolve_whole(r);
    for (size_t g = 0; g < r->plan->n_groups; g++) {
        list_candidates(r, g, r->ops->clairvoyant || r->ops->cuts_graph, true);
        if (r->n[g] == 0)
            return complain(r, &r->plan->groups[g], "candidates", "there is no candidate");
    }
    return add(r, NULL, false);
}

/* Regret is only recorded where it is known; who asks for it is told. */
static es_status check_regret(const es_plan *plan, es_errors *errors) {
    const es_scenario *s = plan->scenario;
    if (plan->foresees || !s->output.regret || !es_scenario_writes(s, "output", "regret"))
        return ES_OK;
    return es_scenario_complain(s, "output", "regret", errors,
                                "what requests would have met cannot be told here: that needs two "
                                "tiers, one device, first in, "
                                "first out everywhere, one server without batches and jobs of "
                                "others, and constant propagation");
}

es_status plan_policies(es_plan *plan, es_errors *errors) {
    struct resolving r = {.plan = plan, .errors = errors};
    es_status status = ES_OK;
    for (size_t g = 0; g < plan->n_groups && status == ES_OK; g++)
        status = offer_cuts(&plan->groups[g], errors);
    if (status != ES_OK)
        return status;
    r.candidates = es_alloc(plan->n_cuts, sizeof *r.candidates);
    if (r.candidates == NULL)
        return es_errors_no_memory(errors, NULL);
    es_world_config config = plan_world(plan, NULL);
    plan->foresees = es_world_foresees(&config);
    status = check_regret(plan, errors);
    for (size_t i = 0; i < plan->scenario->n_policies && status != ES_NO_MEMORY; i++) {
        r.section = &plan->scenario->policies[i];
        es_status resolved = resolve(&r);
        status = status != ES_OK ? status : resolved;
    }
    free(r.candidates);
    return status;
}
