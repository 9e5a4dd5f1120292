/* Sweeps: the runs of a study, each done once, by many processes, into one folder.
 *
 *     FOLDER/manifest             what the study is: its variables and the identity of every run
 *     FOLDER/study.ini            the study as it was
 *     FOLDER/shards/NNNNNN.shard  finished runs; every worker appends to a file of its own
 *     FOLDER/steps/IDENTITY.h5    whole results, if they are wanted
 *     FOLDER/lock                 who is at work
 *
 * The manifest names the program, with its version and git id, that did the runs; another one does
 * not go on in its folder unless that is asked for. The identity of a run is a SHA-256 over its
 * resolved configuration (seed included), its input files and the version of the result's format: a
 * run that is in a shard is never repeated, and one that has changed is never taken for what it
 * was. A record is appended whole by one write and has a checksum: a kill loses at most the runs in
 * hand. */
#ifndef EDGESPLIT_SWEEP_H
#define EDGESPLIT_SWEEP_H

#include "edgesplit/study.h"

#include <signal.h>

typedef struct es_sweep es_sweep;

/* Identifies every run of a study; reads every input file once. Creates `*sweep`, which borrows the
 * study. ES_INVALID: a run has mistakes (each mistake once, with a run that has it), or a variable
 * has a name that the merged result uses; ES_NO_INPUT; ES_NO_MEMORY. About 0.1 ms per run. */
ES_NODISCARD es_status es_sweep_create(const es_study_source *source, const es_study *study,
                                       es_sweep **sweep, es_errors *errors);
void es_sweep_destroy(es_sweep *sweep);

/* Lends the identity of a run, lower-case hexadecimal. */
void es_sweep_id(const es_sweep *sweep, size_t run, char text[65]);

/* What has become of a sweep. */
typedef struct es_sweep_progress {
    size_t n_runs;           /* of the study */
    size_t n_done, n_failed; /* of these; the others are missing */
    size_t n_mine;           /* to be done by this call: chosen, and neither done nor left failed */
    size_t n_now, n_failed_now; /* of these, finished by this call; of which failed */
    double elapsed_s;           /* since this call began to run them */
    double work_share;          /* of this call's expected work, finished */
} es_sweep_progress;

typedef struct es_sweep_options {
    const char *folder;   /* made if it is not there */
    size_t n_workers;     /* >= 1 processes */
    size_t task, n_tasks; /* the share of this call: task 0 .. n_tasks - 1 */
    bool retry_failed;
    bool keep_steps;     /* also FOLDER/steps/IDENTITY.h5, each run's whole result */
    bool mixed_programs; /* go on where runs were done by another program */
    size_t n_chosen;
    const size_t *chosen; /* [n_chosen] runs; NULL: all */
    /* 0: go on; 1: finish what is in hand; more: at once. */
    const volatile sig_atomic_t *interrupted;
    void *context;
    void (*progress)(void *context, const es_sweep_progress *progress); /* NULL: none */
} es_sweep_options;

/* Makes the folder with its manifest, so that tasks that start together find it; `mixed_programs`
 * as in the options. ES_CANT_CREATE, ES_IO, ES_NO_MEMORY. */
ES_NODISCARD es_status es_sweep_prepare(const es_sweep *sweep, const char *folder,
                                        bool mixed_programs, es_errors *errors);

/* Runs what is missing, longest expected first. A worker that dies fails the run in hand.
 * ES_SOME_FAILED: recorded, with their messages; ES_CANT_CREATE: the folder belongs to another
 * study or has runs by another program, or another sweep is at work in it; ES_IO: a full disk, say;
 * ES_INTERRUPTED, ES_NO_MEMORY. Whatever the end, what was finished is kept. */
ES_NODISCARD es_status es_sweep_run(const es_sweep *sweep, const es_sweep_options *options,
                                    es_sweep_progress *progress, es_errors *errors);

/* The same in this process alone, one of `n_tasks` that share a counter: `next` hands out 0, 1, 2,
 * ..., each number to one of them, until it returns false. Failed runs do not make it fail. */
ES_NODISCARD es_status es_sweep_run_counted(const es_sweep *sweep, const es_sweep_options *options,
                                            void *context,
                                            bool (*next)(void *context, size_t *number),
                                            es_sweep_progress *progress, es_errors *errors);

/* What a sweep would take. */
typedef struct es_sweep_estimate {
    size_t n_mine;    /* runs that would be done */
    size_t n_sampled; /* runs that were timed */
    double work_s;    /* of one process */
    double bytes;
} es_sweep_estimate;

/* Times a few of the missing runs, about two seconds of them, and keeps nothing. */
ES_NODISCARD es_status es_sweep_estimate_of(const es_sweep *sweep, const es_sweep_options *options,
                                            es_sweep_estimate *estimate, es_errors *errors);

/* Reads what has become of the sweep in a folder, and appends to `programs`, if not NULL, what did
 * its runs, "A; B". `failed`, if not NULL, is called for every failed run in order. ES_NO_INPUT,
 * ES_INVALID: it is no sweep's folder; ES_NO_MEMORY. */
ES_NODISCARD es_status es_sweep_status(const char *folder, es_sweep_progress *progress,
                                       es_text *programs, void *context,
                                       void (*failed)(void *context, size_t run, const char *label,
                                                      const char *message),
                                       es_errors *errors);

/* What becomes of the per-step tables of the runs in the joined file. */
typedef enum es_sweep_steps {
    ES_SWEEP_NO_STEPS,
    ES_SWEEP_COPY_STEPS,
    ES_SWEEP_REFER_TO_STEPS, /* virtual datasets: the tables stay in FOLDER/steps */
} es_sweep_steps;

typedef struct es_sweep_merge_options {
    const char *folder, *path;
    bool replace;
    bool incomplete; /* what is missing is NaN */
    es_sweep_steps steps;
    const volatile sig_atomic_t *interrupted; /* not 0 ends it */
} es_sweep_merge_options;

/* Joins the finished runs of a folder in one file, analysis/FORMAT.md: a dimension for every free
 * variable where all combinations are runs, else `run`. The same runs give the same bytes, whoever
 * did them. `progress` gets what was found. ES_INVALID: runs or tables are missing (unless
 * `incomplete`), or there are more tables to refer to than a reader may have open; ES_NO_INPUT,
 * ES_CANT_CREATE, ES_IO, ES_INTERRUPTED, ES_NO_MEMORY. */
ES_NODISCARD es_status es_sweep_merge(const es_sweep_merge_options *options,
                                      es_sweep_progress *progress, es_errors *errors);

#endif
