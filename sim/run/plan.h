/* What a plan holds (private). */
#ifndef SIM_RUN_PLAN_H
#define SIM_RUN_PLAN_H

#include "edgesplit/cost.h"
#include "edgesplit/policies.h"
#include "edgesplit/rate.h"
#include "edgesplit/run.h"
#include "edgesplit/trace.h"
#include "edgesplit/world.h"

/* One column of results: a policy with its candidates. */
struct planned_policy {
    char *name;
    const es_policy_section *section;
    es_policy policy;
    uint32_t *candidates; /* [policy.n_candidates]; after the first pass of best-hindsight, one */
    bool hindsight;       /* the one candidate is still to be found by a first pass */
};

struct es_plan {
    es_scenario *scenario;
    es_model *model;
    es_granularity granularity;
    es_profile *device, *server;
    es_trace *uplink_trace, *load_trace; /* NULL without */
    es_rate *uplink, *server_rate, *downlink;
    es_cost *cost;
    int64_t *batches;  /* [scenario->workload.batch.n] in scenario order */
    bool *compressive; /* [n_cuts] as the scenario counts cuts */
    bool *offered;     /* [n_cuts] open to policies: available, and of the wanted kind */
    uint32_t *offered_cuts;
    size_t n_offered;
    size_t n_policies, policies_capacity;
    struct planned_policy *policies;
};

/* Resolves the policy sections: fills offered cuts and policies. */
es_status plan_policies(es_plan *plan, es_errors *errors);

/* What the world needs of a plan for one policy. */
es_world_config plan_world(const es_plan *plan, const struct planned_policy *policy);

#endif
