/* One simulation, a policy in a replication, and where its rows go (private). */
#ifndef SIM_RUN_SIMULATION_H
#define SIM_RUN_SIMULATION_H

#include "plan.h"
#include "replications.h"
#include "spool.h"

#include <pthread.h>

/* What all simulations of a run have in common. */
struct setting {
    const es_plan *plan;
    const es_run_options *options;
    struct cut_places places;
    size_t n_cuts, n_simulations;
    size_t n_ends; /* of a network: its exits and its end; 0: no network has exits */
    void *sink;
    pthread_mutex_t sink_lock; /* held over each call of the sink and of `progress` */
    /* Whether the run goes on: ES_OK, or why it does not. Asked by every simulation for each of its
     * blocks. */
    es_status (*going_on)(void *context);
    void *context;
};

/* What a thread works with. */
struct workspace {
    es_block *block;   /* of the world under way, or read back */
    es_series *series; /* read back */
    double *scratch;   /* [2][ES_BLOCK_STEPS] */
    es_errors errors;
};

/* ES_NO_MEMORY; end it also then. */
ES_NODISCARD es_status workspace_init(struct workspace *work);
void workspace_fini(struct workspace *work);

/* Latencies that a simulation keeps, so that those of short ones need not be read back: 2 MB. */
enum { KEPT_LATENCIES = 1 << 18 };

/* A simulation from its beginning until its figures are handed on; then the next one. */
struct simulation {
    struct setting *setting;
    struct workspace *work; /* of the thread that has it now */
    size_t replication, policy;
    bool
        direct; /* rows go to the sink as they come; else they are spooled until it is their turn */
    struct spool spool;
    struct tally tally;
    uint64_t *cut_counts;  /* [n_cuts] */
    uint64_t *exit_counts; /* [n_ends], NULL without */
    double *kept;          /* [KEPT_LATENCIES], the first of those behind the warm-up; NULL: none */
    es_batches *batches;   /* NULL: not wanted */
    uint64_t n_samples;    /* of the series */
    es_world_result result;
    double *figures; /* [ES_N_SUMMARY] */
};

/* Runs it to its end, finds the warm-up where that is wanted, and the quantiles. ES_INTERRUPTED, or
 * what the world, the sink and the spool return, with a record in the errors of its workspace. */
ES_NODISCARD es_status simulation_run(struct simulation *simulation);

/* Hands what is spooled to the sink, if anything is, and fills the other figures. The same, and
 * ES_INTERNAL: they contradict each other. */
ES_NODISCARD es_status simulation_hand_over(struct simulation *simulation);

#endif
