/* Resolving policy sections: which cuts each policy may choose. */
#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "plan.h"

#include <math.h>
#include <string.h>

static size_t last_cut(const es_plan *plan) {
    return plan->cost->n_cuts - 1;
}

static const es_cut *cut_at(const es_plan *plan, size_t cut) {
    return &plan->model->cuts[plan->granularity][cut];
}

/* Which cuts are open, and which are compressive among those that the scenario counts. */
static es_status offer_cuts(es_plan *plan, es_errors *errors) {
    size_t n = plan->cost->n_cuts;
    plan->offered = es_alloc(n, sizeof *plan->offered);
    plan->compressive = es_alloc(n, sizeof *plan->compressive);
    plan->offered_cuts = es_alloc(n, sizeof *plan->offered_cuts);
    if (plan->offered == NULL || plan->compressive == NULL || plan->offered_cuts == NULL)
        return es_errors_no_memory(errors, NULL);
    bool residual_only = plan->scenario->model.cut_points == ES_CUTS_RESIDUAL_BLOCKS;
    es_model_mark_compressive(plan->model, plan->granularity, residual_only, plan->compressive);
    for (size_t cut = 0; cut < n; cut++) {
        bool end = cut == 0 || cut == n - 1;
        bool counted = end || !residual_only || cut_at(plan, cut)->residual_block;
        plan->offered[cut] = counted && plan->cost->available[cut];
        if (plan->offered[cut])
            plan->offered_cuts[plan->n_offered++] = (uint32_t)cut;
    }
    return ES_OK;
}

static bool is_candidate(const es_plan *plan, const es_policy_section *section, size_t cut) {
    const es_cut *description = cut_at(plan, cut);
    switch ((es_candidates)section->candidates) {
    case ES_CANDIDATES_COMPRESSIVE: return plan->compressive[cut];
    case ES_CANDIDATES_NATURAL: return description->natural;
    case ES_CANDIDATES_SINGLE_TENSOR: return description->n_tensors == 1;
    case ES_CANDIDATES_ALL: return true;
    }
    return false;
}

/* Adds a column of results; the name and the candidates are copied. */
static es_status add(es_plan *plan, const es_policy_section *section, const es_policy_ops *ops,
                     const char *cut_name, size_t n_candidates, const uint32_t *candidates,
                     bool hindsight, es_errors *errors) {
    es_text name = {0};
    es_text_add(&name, cut_name != NULL ? "%s@%s" : "%s", section->name, cut_name);
    uint32_t *copy = es_alloc(n_candidates, sizeof *copy);
    if (name.failed || copy == NULL ||
        es_reserve(&plan->policies, &plan->policies_capacity, plan->n_policies + 1,
                   sizeof *plan->policies) != ES_OK) {
        free(name.data);
        free(copy);
        return es_errors_no_memory(errors, NULL);
    }
    memcpy(copy, candidates, n_candidates * sizeof *copy);
    plan->policies[plan->n_policies++] = (struct planned_policy){
        .name = name.data,
        .section = section,
        .policy = {ops, n_candidates, copy,
                   (es_policy_settings){.queue_aware = section->queue_aware,
                                        .hysteresis = section->hysteresis,
                                        .min_dwell = (uint64_t)section->min_dwell,
                                        .expected_dwell = section->expected_dwell,
                                        .energy_weight = section->energy_weight}},
        .candidates = copy,
        .hindsight = hindsight,
    };
    return ES_OK;
}

/* The candidates of a section, ascending, with the ends: full offload unless it is forbidden, and
 * no offload. */
static size_t list_candidates(const es_plan *plan, const es_policy_section *section, bool every,
                              bool ends, uint32_t *candidates) {
    size_t n = 0;
    for (size_t i = 0; i < plan->n_offered; i++) {
        uint32_t cut = plan->offered_cuts[i];
        bool end = cut == 0 || cut == last_cut(plan);
        if (end ? ends && (cut != 0 || !section->privacy)
                : every || is_candidate(plan, section, cut))
            candidates[n++] = cut;
    }
    return n;
}

/* The candidate with the least mean predicted latency over the batch sizes, at the mean rate and
 * the mean load. */
static uint32_t best_for_mean_state(const es_plan *plan, size_t n, const uint32_t *candidates) {
    const es_scenario *s = plan->scenario;
    es_policy_view view = {
        .rate_bps = es_rate_mean(plan->uplink),
        .load = 1 - es_rate_mean(plan->server_rate) / (double)ES_FULL_CAPACITY,
    };
    double result_bits = 8 * s->transfer.result_bytes;
    double result_s = plan->downlink != NULL ? result_bits / es_rate_mean(plan->downlink) : 0;
    if (s->workload.states == ES_STATES_GRID) {
        view.rate_bps = view.load = 0;
        for (size_t i = 0; i < s->uplink.rate_bps.n; i++)
            view.rate_bps += s->uplink.rate_bps.values[i] / (double)s->uplink.rate_bps.n;
        for (size_t i = 0; i < s->server.load_ratio.n; i++)
            view.load += s->server.load_ratio.values[i] / (double)s->server.load_ratio.n;
    }
    uint32_t best = candidates[0];
    double best_s = ES_INFINITY;
    for (size_t i = 0; i < n; i++) {
        double total_s = 0;
        for (size_t b = 0; b < plan->n_batches; b++) {
            double weight = plan->batch_weights != NULL ? plan->batch_weights[b] : 1;
            view.costs = es_cost_find(plan->cost, plan->batches[b]);
            view.delay_s = s->uplink.propagation_s + s->downlink.propagation_s +
                           result_s * (double)plan->batches[b];
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

static es_status resolve_split(es_plan *plan, const es_policy_section *section,
                               const es_policy_ops *ops, uint32_t *candidates, es_errors *errors) {
    const char *split = section->split;
    if (split == NULL)
        return es_policy_complain(
            plan->scenario, section, "split", errors,
            "is missing: a cut's number or name, best-mean, best-hindsight, or each");
    if (strcmp(split, "each") == 0) {
        size_t n = list_candidates(plan, section, false, false, candidates);
        if (n == 0)
            return es_policy_complain(plan->scenario, section, "split", errors,
                                      "there is no such candidate");
        es_status status = ES_OK;
        for (size_t i = 0; i < n && status == ES_OK; i++)
            status = add(plan, section, ops, cut_at(plan, candidates[i])->name, 1, &candidates[i],
                         false, errors);
        return status;
    }
    bool mean = strcmp(split, "best-mean") == 0, hindsight = strcmp(split, "best-hindsight") == 0;
    if (mean || hindsight) {
        size_t n = list_candidates(plan, section, false, true, candidates);
        if (n == 0)
            return es_policy_complain(plan->scenario, section, "split", errors,
                                      "there is no candidate");
        if (hindsight)
            return add(plan, section, ops, NULL, n, candidates, true, errors);
        uint32_t best = best_for_mean_state(plan, n, candidates);
        return add(plan, section, ops, NULL, 1, &best, false, errors);
    }
    int64_t number;
    size_t n_cuts = plan->cost->n_cuts;
    size_t cut = es_model_find_cut_name(plan->model, plan->granularity, split);
    if (cut == n_cuts && es_parse_int64((es_slice){split, strlen(split)}, &number) == ES_OK &&
        number >= 0 && (uint64_t)number < n_cuts)
        cut = (size_t)number;
    if (cut == n_cuts)
        return es_policy_complain(
            plan->scenario, section, "split", errors,
            "%s has no such cut: expected 0 .. %zu, a name such as '%s', best-mean, "
            "best-hindsight, or each",
            plan->model->name, n_cuts - 1, cut_at(plan, 1)->name);
    if (!plan->offered[cut])
        return es_policy_complain(plan->scenario, section, "split", errors,
                                  plan->cost->available[cut]
                                      ? "cut %zu (%s) is not one of [model] cut_points"
                                      : "the profiles hold no times for cut %zu (%s)",
                                  cut, cut_at(plan, cut)->name);
    if (cut == 0 && section->privacy)
        return es_policy_complain(plan->scenario, section, "split", errors,
                                  "privacy forbids cut 0");
    uint32_t fixed = (uint32_t)cut;
    return add(plan, section, ops, NULL, 1, &fixed, false, errors);
}

/* Keys that a policy would silently ignore are mistakes. */
static es_status check_keys(const es_plan *plan, const es_policy_section *section,
                            const es_policy_ops *ops, es_errors *errors) {
    bool whole = ops->whole_device || ops->whole_server, single = whole || ops->fixed;
    bool chooses = !single && !ops->clairvoyant;
    bool grid = plan->scenario->workload.states == ES_STATES_GRID;
    bool queues = plan->scenario->workload.mode != ES_ISOLATED;
    bool sampled = section->knowledge != ES_KNOWLEDGE_TRUE;
    const struct {
        const char *key;
        bool read;
    } keys[] = {
        {"split", ops->fixed},
        {"candidates", !whole && !ops->clairvoyant},
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
        {"queue_aware", chooses && queues},
        {"hysteresis", ops->may_stay},
        {"min_dwell", ops->may_stay},
        {"expected_dwell", ops->may_stay},
        {"energy_weight", ops->needs_power},
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

static es_status resolve(es_plan *plan, const es_policy_section *section, uint32_t *candidates,
                         es_errors *errors) {
    const es_policy_ops *ops = es_policies_find(section->type);
    if (ops == NULL) {
        const char *nearest = es_policies_nearest(section->type);
        return es_policy_complain(plan->scenario, section, "type", errors,
                                  "there is no policy '%s'%s", section->type,
                                  es_did_you_mean(nearest, "'", "'", "").text);
    }
    es_status status = check_keys(plan, section, ops, errors);
    if (status == ES_OK && ops->needs_deadline && !plan->has_deadlines)
        status = es_policy_complain(plan->scenario, section, "type", errors,
                                    "%s needs [workload] deadline", ops->name);
    if (status == ES_OK && ops->needs_power && isnan(plan->scenario->energy.active_w))
        status = es_policy_complain(plan->scenario, section, "type", errors,
                                    "%s needs the powers of [energy]", ops->name);
    if (status != ES_OK)
        return status;
    if (ops->fixed)
        return resolve_split(plan, section, ops, candidates, errors);
    if (ops->whole_device || ops->whole_server) {
        uint32_t cut = ops->whole_device ? (uint32_t)last_cut(plan) : 0;
        if (!plan->offered[cut])
            return es_policy_complain(plan->scenario, section, "type", errors,
                                      "the %s profile holds no time of the whole network",
                                      ops->whole_device ? "device" : "server");
        return add(plan, section, ops, NULL, 1, &cut, false, errors);
    }
    size_t n = list_candidates(plan, section, ops->clairvoyant, true, candidates);
    if (n == 0)
        return es_policy_complain(plan->scenario, section, "candidates", errors,
                                  "there is no candidate");
    return add(plan, section, ops, NULL, n, candidates, false, errors);
}

es_status plan_policies(es_plan *plan, es_errors *errors) {
    es_status status = offer_cuts(plan, errors);
    uint32_t *candidates = es_alloc(plan->cost->n_cuts, sizeof *candidates);
    if (status == ES_OK && candidates == NULL)
        status = es_errors_no_memory(errors, NULL);
    for (size_t i = 0; i < plan->scenario->n_policies && status != ES_NO_MEMORY; i++) {
        es_status resolved = resolve(plan, &plan->scenario->policies[i], candidates, errors);
        status = status != ES_OK ? status : resolved;
    }
    free(candidates);
    return status;
}
