/* Running a scenario: the composition root. A plan is a scenario with every name resolved and every
 * input opened; running it simulates every policy, in every replication on common random numbers,
 * and hands everything to a sink. */
#ifndef EDGESPLIT_RUN_H
#define EDGESPLIT_RUN_H

#include "edgesplit/error.h"
#include "edgesplit/recorder.h"
#include "edgesplit/scenario.h"

#include <signal.h>

typedef struct es_plan es_plan;

/* Networks, profiles, traces and tables made of them, each read once however many plans use it. */
typedef struct es_inputs es_inputs;
ES_NODISCARD es_status es_inputs_create(es_inputs **inputs); /* ES_NO_MEMORY */
void es_inputs_destroy(es_inputs *inputs);

/* Forgets all of them if they take more than 256 MiB. No plan may be using them. */
void es_inputs_trim(es_inputs *inputs);

/* Opens everything that a scenario, which is taken (also on failure), names. `inputs` lend what
 * they hold already and outlive the plan; NULL: it has its own. Creates `*plan`. Every mistake that
 * can be found without running is in `errors`. ES_NO_INPUT, ES_INVALID, ES_NO_MEMORY. */
ES_NODISCARD es_status es_plan_of(es_scenario *scenario, es_inputs *inputs, es_plan **plan,
                                  es_errors *errors);

/* The same of a scenario file that is one run. ES_NO_INPUT, ES_INVALID, ES_USAGE, ES_NO_MEMORY. */
ES_NODISCARD es_status es_plan_create(const char *path, size_t n_overrides,
                                      const char *const *overrides, es_plan **plan,
                                      es_errors *errors);
void es_plan_destroy(es_plan *plan);

/* Adds what the plan can do, and its user will hardly have meant, unless it is there already: for
 * people to read, each with its place and what would be expected. */
void es_plan_warn(const es_plan *plan, es_errors *warnings);

/* The scenario of a plan; lent until the plan is destroyed. */
const es_scenario *es_plan_scenario(const es_plan *plan);

/* How to run a plan. */
typedef struct es_run_options {
    const es_sink_ops *sink;
    const char *output;                       /* path of the result, if the sink wants one */
    bool replace;                             /* an existing result */
    size_t n_threads;                         /* 0, 1: only the one that calls */
    const volatile sig_atomic_t *interrupted; /* checked every ES_BLOCK_STEPS steps; NULL: never */
    void *context;                            /* of the functions below */
    /* Of simulation `i`, a policy in a replication, which has come to so many steps; calls never
     * overlap. */
    void (*progress)(void *context, const char *policy, size_t i, size_t n_simulations,
                     uint64_t steps);
    /* Called with the finished summary before it is published; NULL: never. What it returns ends
     * the run unless it is ES_OK. */
    es_status (*summarised)(void *context, const es_run_record *record, const es_summary *summary,
                            es_errors *errors);
} es_run_options;

/* What a run did, for messages and benchmarks. */
typedef struct es_run_report {
    size_t n_policies, n_replications;
    uint64_t n_steps, n_events; /* over all of both */
    size_t n_saturated;         /* policies, in any replication */
} es_run_report;

/* Simulates every policy in every replication and publishes the result, which is the same byte for
 * byte for any number of threads. ES_INTERRUPTED, ES_CANT_CREATE, ES_IO, ES_NO_MEMORY; ES_INTERNAL
 * if the run's own checks (conservation, components, Little's law) fail. Nothing is left behind on
 * failure.
 *
 * Memory: per thread a world and 9 MB. Where warmup = auto, and of a sink that wants rows in order
 * a thread whose turn has not come, steps are kept in a nameless temporary file beside the output:
 * 150 bytes per step, for up to two simulations per thread. */
ES_NODISCARD es_status es_plan_run(const es_plan *plan, const es_run_options *options,
                                   es_run_report *report, es_errors *errors);

/* Theory against simulation: single queues, several servers, shared ones, tandems, closed networks
 * and hand sums, printed as a table to `stream`. ES_INTERNAL if a verdict is bad. About five
 * seconds. */
ES_NODISCARD es_status es_selftest(FILE *stream, es_errors *errors);

#endif
