/* What a plan can do, and its user will hardly have meant. */
#include "plan.h"

#include <string.h>

/* Windows from this length on hold enough opportunities to be a rate. */
static const double SHORTEST_WINDOW_S = 0.1;

/* The first policy that decides by the rate as it is; NULL: none does. */
static const struct planned_policy *find_knowing(const es_plan *plan) {
    for (size_t p = 0; p < plan->n_policies; p++) {
        const es_policy_ops *ops = plan->policies[p].policies[0].ops;
        bool is_told = !ops->clairvoyant && !ops->fixed && !ops->whole_device &&
                       !ops->whole_server && ops->learn == NULL;
        if (is_told && plan->policies[p].section->knowledge == ES_KNOWLEDGE_TRUE)
            return &plan->policies[p];
    }
    return NULL;
}

/* A window of 1 ms holds none, one or a few opportunities: its rate is true, and says nothing of
 * how long a transfer will take. */
static void warn_of_opportunities(const es_plan *plan, const struct planned_group *group,
                                  es_errors *warnings) {
    const es_link_keys *keys = &group->scenario->uplink.link;
    const struct planned_policy *policy = find_knowing(plan);
    if (policy == NULL || group->uplink.trace == NULL ||
        strcmp(group->uplink.trace->format, "mahimahi") != 0 ||
        keys->window_s >= SHORTEST_WINDOW_S || keys->trace_keys.resample_s >= SHORTEST_WINDOW_S)
        return;
    es_scenario_complain(
        group->scenario, "uplink", "trace", warnings,
        "with window = %g ms its rate is that of single opportunities of 1500 "
        "bytes, 0 at most times, and '%s', with knowledge = true, takes it for "
        "the rate of a transfer; expected window = 1s, or a knowledge from samples",
        keys->window_s * 1e3, policy->name);
}

void es_plan_warn(const es_plan *plan, es_errors *warnings) {
    for (size_t g = 0; g < plan->n_groups; g++) {
        es_errors found; /* groups share what they inherit */
        es_errors_init(&found);
        warn_of_opportunities(plan, &plan->groups[g], &found);
        es_errors_add_new(warnings, &found);
    }
}
