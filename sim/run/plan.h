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
#include "replications.h"

/* A link's inputs; NULL without. */
struct planned_link {
    const es_trace *trace, *delay_trace;
    const es_rate *rate, *delay;
};

/* A group of devices with its network, its links and its requests. What is not said to be its own
 * is lent by the inputs. */
struct planned_group {
    const es_scenario *scenario; /* as the group sees it */
    const es_model *model;
    char model_sha256[ES_SHA256_TEXT]; /* of its file; "": a network of the zoo */
    es_granularity granularity;
    const es_profile *device, *server, *cloud; /* cloud: NULL with two tiers */
    struct planned_link uplink, downlink;
    const es_trace *arrivals_trace; /* NULL without */
    const es_cost *cost;
    size_t n_devices;
    size_t first_device, first_cut; /* in results: those of all groups are counted on */
    size_t n_batches;
    int64_t *batches;      /* own, [n_batches] in scenario order, or those of the arrivals trace */
    double *batch_weights; /* own, [n_batches] requests of each; NULL: they take turns */
    es_arrival_list arrivals;
    uint32_t *batch_index; /* own, of arrivals, likewise the next one */
    es_time *deadlines_ns;
    bool has_deadlines; /* some request has one */
    bool *compressive;  /* own, [cost->n_boundaries] as the scenario counts them */
    bool *offered;      /* own, [n_cuts] open to policies: available, and of the wanted kind */
    uint32_t *offered_cuts;
    size_t n_offered;
    es_exit *exits; /* own, [n_exits] */
    size_t n_exits;
};

/* One column of results: a policy with its candidates in the network of each group. */
struct planned_policy {
    char *name;
    const es_policy_section *section;
    es_policy policies[ES_MAX_GROUPS];
    uint32_t *candidates[ES_MAX_GROUPS]; /* own, [policies[g].n_candidates] */
    bool hindsight; /* of one group: the one candidate is still to be found by a first pass */
};

struct es_plan {
    es_scenario *scenario;
    es_inputs *inputs;     /* lend the next ones */
    es_inputs *own_inputs; /* NULL: they are another's */
    size_t n_groups;
    struct planned_group *groups;                  /* [n_groups] */
    size_t n_devices, n_cuts;                      /* of all groups */
    const es_trace *load_trace, *background_trace; /* NULL without */
    const es_rate *server_rate;
    bool has_cloud; /* there are three tiers: */
    struct planned_link backhaul;
    const es_trace *cloud_load_trace; /* NULL without */
    const es_rate *cloud_rate;
    struct stop_rule stop;
    bool foresees; /* es_world_foresees of its worlds */
    size_t n_policies, policies_capacity;
    struct planned_policy *policies;
};

/* What small inputs take, about. */
enum { SMALL_BYTES = 4096 };

/* Time of a validated key. */
es_time plan_time(double seconds);

/* Takes over what is wrong with the input that a key names, as `scenario` sees that key. */
void plan_adopt(const es_scenario *scenario, const char *section, const char *key,
                const es_errors *found, es_errors *errors);

/* Keeps an input, which is taken also on failure. ES_NO_MEMORY with a record. */
es_status plan_keep(const es_plan *plan, input_kind kind, const char *key, void *object,
                    size_t bytes, es_errors *errors);

/* Open what there is one of: the server's load and the jobs of others, the backhaul and the cloud's
 * load. */
es_status plan_server(es_plan *plan, es_errors *errors);

/* Open a group's links; its requests, with their times, batches and deadlines; and the trace of
 * these. */
es_status plan_links(const es_plan *plan, struct planned_group *group, es_errors *errors);
es_status plan_arrivals(const es_plan *plan, struct planned_group *group, es_errors *errors);
es_status plan_arrivals_trace(const es_plan *plan, struct planned_group *group, es_errors *errors);

/* Whether sets of layers can be among a group's cuts. */
bool plan_may_cut_graph(const struct planned_group *group);

/* The cut that a text gives the number of; n_cuts if it gives none. */
size_t plan_cut_number(const char *text, size_t n_cuts);

/* Finds a group's exits, whose keys are sound, in its network. ES_INVALID, ES_NO_MEMORY. */
es_status plan_exits(struct planned_group *group, es_errors *errors);

/* Resolves the policy sections: fills offered cuts and policies. */
es_status plan_policies(es_plan *plan, es_errors *errors);

/* What the world needs of a plan for one policy; NULL: for none yet. */
es_world_config plan_world(const es_plan *plan, const struct planned_policy *policy);

#endif
