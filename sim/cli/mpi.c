/* edgesplit-mpi: one rank of `mpirun edgesplit sweep mpi`. MPI only starts the ranks and keeps one
 * counter; every finished run is in the folder, so that a rank that is lost costs the run in hand.
 */
#include "study.h"

#include "edgesplit/log.h"
#include "edgesplit/sweep.h"

#include <mpi.h>

/* The counter, in memory of rank 0 that others add to by themselves. */
typedef struct counter {
    MPI_Win window;
    long long *value;
    int rank, n_ranks;
} counter;

static bool open_counter(counter *made) {
    MPI_Comm_rank(MPI_COMM_WORLD, &made->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &made->n_ranks);
    MPI_Aint size = made->rank == 0 ? (MPI_Aint)sizeof *made->value : 0;
    if (MPI_Win_allocate(size, 1, MPI_INFO_NULL, MPI_COMM_WORLD, &made->value, &made->window) !=
        MPI_SUCCESS)
        return false;
    if (made->rank == 0) {
        MPI_Win_lock(MPI_LOCK_EXCLUSIVE, 0, 0, made->window);
        *made->value = 0;
        MPI_Win_unlock(0, made->window);
    }
    MPI_Barrier(MPI_COMM_WORLD);
    return MPI_Win_lock_all(0, made->window) == MPI_SUCCESS;
}

static bool next(void *context, size_t *number) {
    const counter *shared = context;
    const long long one = 1;
    long long taken = 0;
    if (MPI_Fetch_and_op(&one, &taken, MPI_LONG_LONG, 0, 0, MPI_SUM, shared->window) !=
            MPI_SUCCESS ||
        MPI_Win_flush(0, shared->window) != MPI_SUCCESS)
        return false;
    *number = (size_t)taken;
    return true;
}

static void close_counter(counter *shared) {
    MPI_Win_unlock_all(shared->window);
    MPI_Win_free(&shared->window);
}

static es_status run_rank(const es_arguments *arguments, es_sweep_options *options,
                          const es_sweep *sweep, es_errors *errors) {
    counter shared;
    es_sweep_progress progress = {0};
    es_log log = {stderr, es_arguments_has(arguments, "quiet")};
    if (!open_counter(&shared))
        return es_errors_add(errors, ES_INTERNAL, NULL, 0, "MPI has no shared counter");
    options->task = (size_t)shared.rank;
    options->n_tasks = (size_t)shared.n_ranks;
    options->interrupted = handle_signals();
    es_status status = es_sweep_run_counted(sweep, options, &shared, next, &progress, errors);
    es_log_note(&log, "rank %d of %d: %zu runs in %.2f s, %zu failed", shared.rank, shared.n_ranks,
                progress.n_now, progress.elapsed_s, progress.n_failed_now);
    close_counter(&shared);
    long long n_failed = (long long)progress.n_failed_now, all_failed = 0;
    MPI_Reduce(&n_failed, &all_failed, 1, MPI_LONG_LONG, MPI_SUM, 0, MPI_COMM_WORLD);
    if (status == ES_OK && all_failed > 0)
        status = es_errors_add(errors, ES_SOME_FAILED, options->folder, 0,
                               "%lld runs failed; `edgesplit sweep status` says why", all_failed);
    return status;
}

static es_status mpi(const es_arguments *arguments, es_errors *errors) {
    struct chosen_study chosen = {0};
    es_sweep *sweep = NULL;
    es_sweep_options options = {
        .folder = es_arguments_value(arguments, "output", NULL),
        .retry_failed = es_arguments_has(arguments, "retry-failed"),
        .keep_steps = es_arguments_has(arguments, "steps"),
        .mixed_programs = es_arguments_has(arguments, "mixed-programs"),
    };
    int rank = 0;
    MPI_Init(NULL, NULL);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    es_status status = study_open(arguments, arguments->operands[0], &chosen, errors);
    options.n_chosen = chosen.n;
    options.chosen = chosen.runs;
    if (status == ES_OK)
        status = es_sweep_create(&chosen.source, chosen.study, &sweep, errors);
    if (status == ES_OK && rank == 0)
        status = es_sweep_prepare(sweep, options.folder, options.mixed_programs, errors);
    /* Either all ranks go on or none does: what one alone may miss, the folder, all have to know.
     */
    int sound = status == ES_OK, all_sound = 0, first_sound = sound;
    MPI_Allreduce(&sound, &all_sound, 1, MPI_INT, MPI_LAND, MPI_COMM_WORLD);
    MPI_Bcast(&first_sound, 1, MPI_INT, 0, MPI_COMM_WORLD);
    if (all_sound)
        status = run_rank(arguments, &options, sweep, errors);
    else if (rank != 0 && !first_sound) /* rank 0 says the same */
        errors->n = errors->lost = 0;
    es_sweep_destroy(sweep);
    study_close(&chosen);
    MPI_Finalize();
    return status;
}

static const es_option mpi_options[] = {
    ES_OPTION_OUTPUT("FOLDER", true, "where finished runs are kept; they are not repeated"),
    OPTION_CONFIG,
    OPTION_SET,
    OPTION_RUNS,
    OPTION_FILTER,
    OPTION_MAX_RUNS,
    {.name = "retry-failed", .help = "run those again that failed"},
    {.name = "steps", .help = "keep the whole result of every run too, in FOLDER/steps"},
    OPTION_MIXED,
    ES_OPTION_QUIET,
    {0},
};

static const es_command command_mpi = {
    .name = "mpi",
    .summary = "do the runs of a study that are missing, as a rank of mpirun",
    .operand = "STUDY.ini",
    .least_operands = 1,
    .most_operands = 1,
    .options = mpi_options,
    .run = mpi,
};

static const es_command *const commands[] = {&command_mpi, &es_help_command, NULL};

static const es_program program = {
    .name = "edgesplit-mpi",
    .front = "edgesplit sweep",
    .summary = "sweeps under MPI",
    .see_also = "edgesplit (1)",
    .commands = commands,
};

int main(int argc, char **argv) {
    return es_program_main(&program, NULL, argc, argv);
}
