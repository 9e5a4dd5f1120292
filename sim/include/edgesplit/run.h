/* Running a scenario: the composition root. A plan is a scenario with every name resolved and every
 * input opened; running it simulates one policy after the other on common random numbers and hands
 * everything to a sink. */
#ifndef EDGESPLIT_RUN_H
#define EDGESPLIT_RUN_H

#include "edgesplit/error.h"
#include "edgesplit/recorder.h"
#include "edgesplit/scenario.h"

#include <signal.h>

typedef struct es_plan es_plan;

/* Loads a scenario and everything it names. Creates `*plan`. Every mistake that can be found
 * without running is in `errors`. ES_NO_INPUT, ES_INVALID, ES_USAGE, ES_NO_MEMORY. */
ES_NODISCARD es_status es_plan_create(const char *path, size_t n_overrides,
                                      const char *const *overrides, es_plan **plan,
                                      es_errors *errors);
void es_plan_destroy(es_plan *plan);

/* The scenario of a plan; lent until the plan is destroyed. */
const es_scenario *es_plan_scenario(const es_plan *plan);

/* How to run a plan. */
typedef struct es_run_options {
    const es_sink_ops *sink;
    const char *output;                       /* path of the result, if the sink wants one */
    bool replace;                             /* an existing result */
    const volatile sig_atomic_t *interrupted; /* checked every ES_BLOCK_STEPS steps; NULL: never */
    void *context;                            /* of progress */
    void (*progress)(void *context, const char *policy, size_t i_policy, size_t n_policies,
                     uint64_t steps);
} es_run_options;

/* What a run did, for messages and benchmarks. */
typedef struct es_run_report {
    size_t n_policies;
    uint64_t n_steps, n_events; /* over all policies */
    size_t n_saturated;
} es_run_report;

/* Simulates every policy and publishes the result. ES_INTERRUPTED, ES_CANT_CREATE, ES_IO,
 * ES_NO_MEMORY; ES_INTERNAL if the run's own checks (conservation, components, Little's law) fail.
 * Nothing is left behind on failure. */
ES_NODISCARD es_status es_plan_run(const es_plan *plan, const es_run_options *options,
                                   es_run_report *report, es_errors *errors);

/* Theory against simulation: M/M/1, M/D/1 and hand sums, printed as a table to `stream`.
 * ES_INTERNAL if a verdict is bad. About two seconds. */
ES_NODISCARD es_status es_selftest(FILE *stream, es_errors *errors);

#endif
