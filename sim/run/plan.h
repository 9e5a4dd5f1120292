/* What a plan holds (private). */
#ifndef SIM_RUN_PLAN_H
#define SIM_RUN_PLAN_H

#include "edgesplit/cost.h"
#include "edgesplit/policies.h"
#include "edgesplit/rate.h"
#include "edgesplit/run.h"
#include "edgesplit/trace.h"
#include "edgesplit/world.h"
#include "inputs.h"

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
    es_inputs *inputs;     /* lend the next ones */
    es_inputs *own_inputs; /* NULL: they are another's */
    const es_model *model;
    char model_sha256[ES_SHA256_TEXT]; /* of its file; "": a network of the zoo */
    es_granularity granularity;
    const es_profile *device, *server;
    const es_trace *uplink_trace, *load_trace, *arrivals_trace; /* NULL without */
    const es_rate *uplink, *server_rate, *downlink;
    const es_cost *cost;
    size_t n_batches;
    int64_t *batches;      /* [n_batches] in scenario order, or those of the arrivals trace */
    double *batch_weights; /* [n_batches] requests of each; NULL: they take turns */
    es_arrival_list arrivals;
    uint32_t *batch_index; /* of arrivals, likewise the next one */
    es_time *deadlines_ns;
    bool has_deadlines; /* some request has one */
    bool *compressive;  /* [n_cuts] as the scenario counts cuts */
    bool *offered;      /* [n_cuts] open to policies: available, and of the wanted kind */
    uint32_t *offered_cuts;
    size_t n_offered;
    size_t n_policies, policies_capacity;
    struct planned_policy *policies;
};

/* What small inputs take, about. */
enum { SMALL_BYTES = 4096 };

/* Time of a validated key. */
es_time plan_time(double seconds);

/* Takes over what is wrong with the input that a key names. */
void plan_adopt(const es_plan *plan, const char *section, const char *key, const es_errors *found,
                es_errors *errors);

/* Keeps an input, which is taken also on failure. ES_NO_MEMORY with a record. */
es_status plan_keep(const es_plan *plan, input_kind kind, const char *key, void *object,
                    size_t bytes, es_errors *errors);

/* Open uplink, server and downlink; the requests, with their times, batches and deadlines; and the
 * trace of these. */
es_status plan_links(es_plan *plan, es_errors *errors);
es_status plan_arrivals(es_plan *plan, es_errors *errors);
es_status plan_arrivals_trace(es_plan *plan, es_errors *errors);

/* Resolves the policy sections: fills offered cuts and policies. */
es_status plan_policies(es_plan *plan, es_errors *errors);

/* What the world needs of a plan for one policy. */
es_world_config plan_world(const es_plan *plan, const struct planned_policy *policy);

#endif
