/* Runs handed out by a counter that all processes share: MPI's, say. */
#include "parts.h"

#include "edgesplit/alloc.h"

es_status es_sweep_run_counted(const es_sweep *sweep, const es_sweep_options *options,
                               void *context, bool (*next)(void *context, size_t *number),
                               es_sweep_progress *progress, es_errors *errors) {
    /* Every process counts through the same list of all runs; what is done already it passes over.
     * What another has finished since then was handed to that one. */
    es_sweep_options all = *options;
    all.task = 0;
    all.n_tasks = 1;
    all.keep_steps = false;
    int lock = -1;
    size_t n = 0, number;
    uint32_t *runs = NULL;
    es_inputs *inputs = NULL;
    shard_writer own;
    *progress = (es_sweep_progress){.n_runs = sweep->n_runs};
    shard_init(&own, options->folder);
    unsigned char *states = es_alloc(sweep->n_runs, 1);
    unsigned char *none = es_alloc(sweep->n_runs, 1);
    es_status status = states != NULL && none != NULL && es_inputs_create(&inputs) == ES_OK
                           ? open_folder(sweep, options, &lock, errors)
                           : es_errors_no_memory(errors, options->folder);
    if (status == ES_OK)
        status = read_states(options->folder, &sweep->index, states, errors);
    if (status == ES_OK)
        status = choose_runs(sweep, &all, none, &runs, &n, errors);
    double started_s = es_clock_s();
    while (status == ES_OK && next(context, &number) && number < n) {
        uint32_t run = runs[number];
        char message[RUN_MESSAGE];
        if (!is_open(sweep, options, states, run))
            continue;
        es_status done =
            do_and_keep(sweep, run, inputs, options->keep_steps, &own, message, &status, errors);
        progress->n_mine = ++progress->n_now;
        progress->n_failed_now += done != ES_OK;
        if (options->interrupted != NULL && *options->interrupted && status == ES_OK)
            status = es_errors_add(errors, ES_INTERRUPTED, NULL, 0,
                                   "interrupted; run it again to go on");
    }
    progress->elapsed_s = es_clock_s() - started_s;
    es_status closed = shard_close(&own, errors);
    status = status == ES_OK ? closed : status;
    close_folder(lock);
    es_inputs_destroy(inputs);
    free(runs);
    free(states);
    free(none);
    return status;
}
