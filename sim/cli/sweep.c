/* edgesplit sweep */
#include "commands.h"
#include "study.h"

#include "edgesplit/log.h"
#include "edgesplit/number.h"
#include "edgesplit/scenario.h"
#include "edgesplit/sweep.h"

#include <string.h>
#include <unistd.h>

#define OPTIONS_OF_STUDY OPTION_CONFIG, OPTION_SET, OPTION_RUNS, OPTION_FILTER, OPTION_MAX_RUNS

/* ---- list */

static es_status list(const es_arguments *arguments, es_errors *errors) {
    struct chosen_study chosen;
    es_scenario *first = NULL;
    es_status status = study_open(arguments, arguments->operands[0], &chosen, errors);
    if (status == ES_OK) /* a misspelt section would change the list and not be seen */
        status = es_scenario_of_run(chosen.study, chosen.runs[0], &first, errors);
    es_scenario_destroy(first);
    for (size_t i = 0; status == ES_OK && i < chosen.n; i++) {
        es_text line = {0};
        es_text_add(&line, "%zu\t", chosen.runs[i]);
        es_study_label(chosen.study, chosen.runs[i], &line);
        es_text_add(&line, "\n");
        status = print_text(&line, errors);
    }
    study_close(&chosen);
    return status;
}

static const es_option list_options[] = {OPTIONS_OF_STUDY, {0}};

const es_command command_sweep_list = {
    .group = "sweep",
    .name = "list",
    .summary = "the runs of a study: number and values",
    .operand = "STUDY.ini",
    .least_operands = 1,
    .most_operands = 1,
    .options = list_options,
    .run = list,
};

/* ---- run */

static const char *environment(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* A number that a launcher left in the environment; false if there is none. */
static bool number_of(const char *name, size_t *number) {
    const char *text = environment(name);
    int64_t value;
    if (text == NULL || es_parse_int64((es_slice){text, strlen(text)}, &value) != ES_OK ||
        value < 0)
        return false;
    *number = (size_t)value;
    return true;
}

/* Which of its tasks a cluster has started here. Inside a job step (srun, mpirun) every process is
 * a task; a job array multiplies them. A batch script by itself is one task, whatever SLURM_NTASKS
 * says. */
static void find_task(size_t *task, size_t *n_tasks) {
    static const char *const launchers[][2] = {
        {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
        {"SLURM_PROCID", "SLURM_STEP_NUM_TASKS"},
        {"PMI_RANK", "PMI_SIZE"},
    };
    size_t rank = 0, size = 1, id, first, count, step = 1;
    for (size_t i = 0; i < sizeof launchers / sizeof launchers[0]; i++)
        if (number_of(launchers[i][0], &rank) && number_of(launchers[i][1], &size) && rank < size)
            break;
        else
            rank = 0, size = 1;
    *task = rank;
    *n_tasks = size;
    if (number_of("SLURM_ARRAY_TASK_ID", &id) && number_of("SLURM_ARRAY_TASK_MIN", &first) &&
        number_of("SLURM_ARRAY_TASK_COUNT", &count) && id >= first) {
        (void)number_of("SLURM_ARRAY_TASK_STEP", &step);
        size_t index = (id - first) / (step > 0 ? step : 1);
        if (index < count) {
            *task = index * size + rank;
            *n_tasks = count * size;
        }
    }
}

/* "--task 3/8", else what the cluster says, else the whole. */
static es_status read_task(const es_arguments *arguments, es_sweep_options *options,
                           es_errors *errors) {
    const char *text = es_arguments_value(arguments, "task", NULL);
    find_task(&options->task, &options->n_tasks);
    if (text == NULL)
        return ES_OK;
    es_slice rest = {text, strlen(text)}, task, n_tasks;
    int64_t i, n;
    if (!es_next_field(&rest, '/', &task) || !es_next_field(&rest, '/', &n_tasks) ||
        rest.data != NULL || es_parse_int64(task, &i) != ES_OK ||
        es_parse_int64(n_tasks, &n) != ES_OK || i < 0 || i >= n || n > INT32_MAX)
        return es_arguments_mistake(arguments, errors,
                                    "--task is '%s': expected I/N, the tasks are 0 .. N-1", text);
    options->task = (size_t)i;
    options->n_tasks = (size_t)n;
    return ES_OK;
}

typedef struct display {
    bool terminal;
    double shown_s;
} display;

static void show_progress(void *context, const es_sweep_progress *progress) {
    display *shown = context;
    if (progress->elapsed_s - shown->shown_s < (shown->terminal ? 0.2 : 10.0))
        return;
    shown->shown_s = progress->elapsed_s;
    double left_s = progress->work_share > 0
                        ? progress->elapsed_s * (1 - progress->work_share) / progress->work_share
                        : ES_INFINITY;
    fprintf(stderr, "%s%zu of %zu runs, %zu failed, %.1f runs/s", shown->terminal ? "\r\033[K" : "",
            progress->n_now, progress->n_mine, progress->n_failed_now,
            (double)progress->n_now / progress->elapsed_s);
    if (isfinite(left_s))
        fprintf(stderr, ", %.0f s left", left_s);
    if (!shown->terminal)
        fputc('\n', stderr);
}

static void note_task(const es_log *log, const es_sweep_options *options) {
    if (options->n_tasks > 1)
        es_log_note(log, "task %zu of %zu", options->task, options->n_tasks);
}

static es_status dry_run(const es_sweep *sweep, const es_sweep_options *options,
                         es_errors *errors) {
    es_sweep_estimate estimate;
    es_status status = es_sweep_estimate_of(sweep, options, &estimate, errors);
    if (status != ES_OK)
        return status;
    printf("runs %zu\nprocesses %zu\nsampled %zu\ntime_s %.3g\ndisk_MB %.3g\n", estimate.n_mine,
           options->n_workers, estimate.n_sampled, estimate.work_s / (double)options->n_workers,
           estimate.bytes / 1e6);
    return ES_OK;
}

static es_status sweep_study(const es_arguments *arguments, const struct chosen_study *chosen,
                             es_sweep_options *options, es_errors *errors) {
    const struct settings *settings = arguments->context;
    es_log log = {stderr, settings->quiet || es_arguments_has(arguments, "quiet")};
    display shown = {.terminal = isatty(STDERR_FILENO)};
    es_sweep *sweep = NULL;
    es_sweep_progress progress = {0};
    es_status status = es_sweep_create(&chosen->source, chosen->study, &sweep, errors);
    if (status == ES_OK && es_arguments_has(arguments, "dry-run")) {
        status = dry_run(sweep, options, errors);
    } else if (status == ES_OK) {
        note_task(&log, options);
        options->interrupted = handle_signals();
        options->context = &shown;
        options->progress = log.quiet ? NULL : show_progress;
        status = es_sweep_run(sweep, options, &progress, errors);
        if (shown.terminal && !log.quiet)
            fputs("\r\033[K", stderr);
        if (progress.n_runs > 0)
            es_log_note(&log, "%zu runs in %.2f s; of %zu: %zu done, %zu failed, %zu missing",
                        progress.n_now, progress.elapsed_s, progress.n_runs, progress.n_done,
                        progress.n_failed, progress.n_runs - progress.n_done - progress.n_failed);
    }
    es_sweep_destroy(sweep);
    return status;
}

static es_status run(const es_arguments *arguments, es_errors *errors) {
    struct chosen_study chosen = {0};
    es_sweep_options options = {
        .folder = es_arguments_value(arguments, "output", NULL),
        .n_workers = n_processors(),
        .retry_failed = es_arguments_has(arguments, "retry-failed"),
        .keep_steps = es_arguments_has(arguments, "steps"),
        .mixed_programs = es_arguments_has(arguments, "mixed-programs"),
    };
    es_status status = read_count(arguments, "jobs", 1, &options.n_workers, errors);
    if (status == ES_OK)
        status = read_task(arguments, &options, errors);
    if (status == ES_OK)
        status = study_open(arguments, arguments->operands[0], &chosen, errors);
    options.n_chosen = chosen.n;
    options.chosen = chosen.runs;
    if (status == ES_OK)
        status = sweep_study(arguments, &chosen, &options, errors);
    study_close(&chosen);
    return status;
}

static const es_option run_options[] = {
    ES_OPTION_OUTPUT("FOLDER", true, "where finished runs are kept; they are not repeated"),
    {.name = "jobs",
     .value = "N",
     .help = "processes; default: one for each processor",
     .letter = 'j'},
    OPTIONS_OF_STUDY,
    {.name = "retry-failed", .help = "run those again that failed"},
    {.name = "steps", .help = "keep the whole result of every run too, in FOLDER/steps"},
    {.name = "task",
     .value = "I/N",
     .help = "do the I-th of N shares; default: as Slurm or MPI started this"},
    OPTION_MIXED,
    {.name = "dry-run", .help = "say how long it would take, from a few runs; keep nothing"},
    ES_OPTION_QUIET,
    {0},
};

const es_command command_sweep_run = {
    .group = "sweep",
    .name = "run",
    .summary = "do the runs of a study that are missing",
    .notes = "A folder keeps to the program that did its first runs, version and git id: another "
             "one may come to other\nresults and goes on there with --mixed-programs only.",
    .operand = "STUDY.ini",
    .least_operands = 1,
    .most_operands = 1,
    .options = run_options,
    .run = run,
};

/* ---- status */

static void print_failed(void *context, size_t run, const char *label, const char *message) {
    (void)context;
    printf("%zu\t%s\t%s\n", run, label, message);
}

static es_status status_of(const es_arguments *arguments, es_errors *errors) {
    es_sweep_progress progress;
    es_text programs = {0};
    es_status status =
        es_sweep_status(arguments->operands[0], &progress, &programs, NULL, print_failed, errors);
    if (status == ES_OK && programs.failed)
        status = es_errors_no_memory(errors, NULL);
    if (status == ES_OK)
        printf("%zu runs: %zu done, %zu failed, %zu missing\nby %s\n", progress.n_runs,
               progress.n_done, progress.n_failed,
               progress.n_runs - progress.n_done - progress.n_failed, programs.data);
    free(programs.data);
    return status;
}

const es_command command_sweep_status = {
    .group = "sweep",
    .name = "status",
    .summary = "what is done, failed (with the reasons) and missing, and by which program",
    .operand = "FOLDER",
    .least_operands = 1,
    .most_operands = 1,
    .run = status_of,
};

/* ---- merge */

static es_status merge(const es_arguments *arguments, es_errors *errors) {
    const struct settings *settings = arguments->context;
    es_log log = {stderr, settings->quiet};
    const char *output = es_arguments_value(arguments, "output", NULL);
    es_sweep_progress progress;
    const es_sweep_merge_options options = {
        .folder = arguments->operands[0],
        .path = output,
        .replace = es_arguments_has(arguments, "force"),
        .incomplete = es_arguments_has(arguments, "incomplete"),
        .steps = es_arguments_has(arguments, "virtual") ? ES_SWEEP_REFER_TO_STEPS
                 : es_arguments_has(arguments, "steps") ? ES_SWEEP_COPY_STEPS
                                                        : ES_SWEEP_NO_STEPS,
        .interrupted = handle_signals(),
    };
    es_status status = es_sweep_merge(&options, &progress, errors);
    if (status != ES_OK)
        return status;
    size_t n_absent = progress.n_runs - progress.n_done;
    if (n_absent > 0)
        es_log_warning(&log, "%zu of %zu runs are NaN: %zu failed, %zu missing", n_absent,
                       progress.n_runs, progress.n_failed, n_absent - progress.n_failed);
    puts(output);
    return ES_OK;
}

static const es_option merge_options[] = {
    ES_OPTION_OUTPUT("FILE", true, "the joined result"),
    ES_OPTION_FORCE,
    {.name = "incomplete", .help = "although runs are missing"},
    {.name = "steps",
     .help = "the per-step tables of the runs too (sweep run --steps), in the group per_step"},
    {.name = "virtual",
     .help = "as --steps, but refer to the tables in FOLDER/steps, which has to stay"},
    {0},
};

const es_command command_sweep_merge = {
    .group = "sweep",
    .name = "merge",
    .summary = "join the finished runs in one file",
    .operand = "FOLDER",
    .least_operands = 1,
    .most_operands = 1,
    .options = merge_options,
    .run = merge,
};

/* ---- mpi */

#ifndef ES_MPI
static es_status no_mpi(const es_arguments *arguments, es_errors *errors) {
    (void)arguments;
    return es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                         "edgesplit sweep mpi: built without MPI; `edgesplit sweep run --task I/N` "
                         "needs none");
}

static const es_option mpi_options[] = {
    ES_OPTION_OUTPUT("FOLDER", false, "where finished runs are kept"), {0}};
#endif

const es_command command_sweep_mpi = {
    .group = "sweep",
    .name = "mpi",
    .summary = "the same as a rank of mpirun; ranks share the runs as they become free",
#ifdef ES_MPI
    .program = "edgesplit-mpi",
    .knows_name = true,
#else
    .operand = "STUDY.ini",
    .most_operands = 1,
    .options = mpi_options,
    .run = no_mpi,
#endif
};
