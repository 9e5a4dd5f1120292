/* All simulations of a run, by threads (private). */
#ifndef SIM_RUN_CREW_H
#define SIM_RUN_CREW_H

#include "simulation.h"

/* Simulations are numbered replication by replication, policy by policy, are begun in this order
 * and handed on in this order, however many threads there are: results do not depend on it. A
 * thread that is ahead of its turn spools its rows. */
struct crew {
    struct setting setting;
    struct results results;
    es_batches *batches; /* [policy] of the only replication; NULL where there may be several */
    size_t n_threads, n_slots;
    struct workspace *work;   /* [n_threads] */
    struct simulation *slots; /* [n_slots] simulation i is in slot i % n_slots */
    double *latencies;        /* [policy][ES_BLOCK_STEPS] */
    uint64_t *ranges;         /* [policy][2] rows that count, of the replication at hand */
    es_run_report *report;
    es_errors *errors;
    pthread_mutex_t lock; /* of what follows, and of `errors` */
    pthread_cond_t changed;
    es_status status;
    bool *finished;         /* [n_slots] run to its end */
    bool handing_over;      /* a thread does that */
    size_t next, head, end; /* to be begun; to be handed over; behind the last one of the round */
};

/* Creates what a run needs besides its sink. ES_NO_MEMORY with a record; end it also then. */
ES_NODISCARD es_status crew_init(struct crew *crew, const es_plan *plan,
                                 const es_run_options *options, const es_run_record *record,
                                 es_run_report *report, es_errors *errors);
void crew_fini(struct crew *crew);

/* Runs further replications, up to `n_replications` in all, and adds them to the results. The first
 * error ends it, once every thread has stopped. */
ES_NODISCARD es_status crew_run(struct crew *crew, size_t n_replications);

#endif
