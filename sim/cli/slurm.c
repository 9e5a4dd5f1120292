/* edgesplit sweep slurm */
#include "commands.h"
#include "study.h"

#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "edgesplit/log.h"
#include "edgesplit/sweep.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEFAULT_TASKS = 100 };

/* What the scripts need to know. All paths are absolute. */
struct slurm_job {
    const es_arguments *arguments;
    char *program, *study, *folder;
    size_t n_tasks;
    const char *steps; /* option of both, with a blank in front; "" without */
};

/* Appends a word of a shell script. */
static void add_word(es_text *text, const char *word) {
    es_text_add(text, "\"");
    for (; *word != '\0'; word++)
        es_text_add(text, strchr("\\\"$`", *word) != NULL ? "\\%c" : "%c", *word);
    es_text_add(text, "\"");
}

/* Appends a file name as sbatch reads it, where "%" has a meaning. */
static void add_log_name(es_text *text, const struct slurm_job *job, const char *name) {
    es_text_add(text, "#SBATCH --output=\"");
    for (const char *c = job->folder; *c != '\0'; c++)
        es_text_add(text, *c == '%' ? "%%%%" : "%c", *c);
    es_text_add(text, "/slurm/%s\"\n", name);
}

static void add_head(es_text *text, const struct slurm_job *job, const char *suffix) {
    size_t n;
    const char *const *options = es_arguments_values(job->arguments, "sbatch", &n);
    const char *name = es_path_name(job->study);
    es_text_add(text, "#!/bin/sh\n#SBATCH --job-name=\"%.*s%s\"\n", (int)strcspn(name, "."), name,
                suffix);
    for (size_t i = 0; i < n; i++)
        es_text_add(text, "#SBATCH %s\n", options[i]);
}

static void write_array(es_text *text, const struct slurm_job *job) {
    size_t n;
    const char *const *overrides = es_arguments_values(job->arguments, "set", &n);
    static const char *const passed[] = {"config", "runs", "filter", "max-runs"};
    add_head(text, job, "");
    es_text_add(text, "#SBATCH --array=0-%zu\n", job->n_tasks - 1);
    add_log_name(text, job, "%A_%a.out");
    es_text_add(text, "exec ");
    add_word(text, job->program);
    es_text_add(text, " sweep run ");
    add_word(text, job->study);
    es_text_add(text, " -o ");
    add_word(text, job->folder);
    es_text_add(text, " -j \"${SLURM_CPUS_PER_TASK:-1}\"");
    for (size_t i = 0; i < sizeof passed / sizeof passed[0]; i++) {
        const char *value = es_arguments_value(job->arguments, passed[i], NULL);
        if (value == NULL)
            continue;
        es_text_add(text, " --%s ", passed[i]);
        add_word(text, value);
    }
    for (size_t i = 0; i < n; i++) {
        es_text_add(text, " -s ");
        add_word(text, overrides[i]);
    }
    es_text_add(text, "%s\n", job->steps);
}

static void write_merge(es_text *text, const struct slurm_job *job) {
    add_head(text, job, "-merge");
    add_log_name(text, job, "merge_%j.out");
    es_text_add(text, "exec ");
    add_word(text, job->program);
    es_text_add(text, " sweep merge ");
    add_word(text, job->folder);
    es_text_add(text, "%s -f -o ", job->steps);
    es_text cube = {0};
    es_text_add(&cube, "%s/cube.h5", job->folder);
    text->failed |= cube.failed;
    if (!cube.failed)
        add_word(text, cube.data);
    es_text_add(text, "\n");
    free(cube.data);
}

/* Runs that fail are in the result as such: it is joined whatever the tasks say. */
static void write_submit(es_text *text, const struct slurm_job *job) {
    es_text_add(text, "#!/bin/sh\n# Submits both jobs; options given here go to both.\nset -eu\n"
                      "folder=");
    add_word(text, job->folder);
    es_text_add(text,
                "/slurm\n"
                "job=$(sbatch --parsable \"$@\" \"$folder/array.sh\")\n"
                "sbatch \"$@\" --dependency=\"afterany:${job%%%%;*}\" \"$folder/merge.sh\"\n");
}

static es_status write_scripts(const struct slurm_job *job, es_errors *errors) {
    static const struct {
        const char *name;
        void (*write)(es_text *text, const struct slurm_job *job);
    } scripts[] = {
        {"array.sh", write_array}, {"merge.sh", write_merge}, {"submit.sh", write_submit}};
    es_text folder = {0};
    es_text_add(&folder, "%s/slurm", job->folder);
    es_status status = folder.failed ? es_errors_no_memory(errors, job->folder)
                                     : es_folder_make(folder.data, errors);
    for (size_t i = 0; i < sizeof scripts / sizeof scripts[0] && status == ES_OK; i++) {
        es_text path = {0}, text = {0};
        es_text_add(&path, "%s/%s", folder.data, scripts[i].name);
        scripts[i].write(&text, job);
        status = path.failed || text.failed
                     ? es_errors_no_memory(errors, job->folder)
                     : es_file_write(path.data, text.data, text.length, true, errors);
        if (status == ES_OK && chmod(path.data, 0755) != 0)
            status = es_errors_add(errors, ES_IO, path.data, 0, "%s", strerror(errno));
        if (status == ES_OK && i + 1 == sizeof scripts / sizeof scripts[0])
            puts(path.data);
        free(path.data);
        free(text.data);
    }
    free(folder.data);
    return status;
}

/* Creates the path of this program; NULL: out of memory. */
static char *own_path(void) {
    char *path = es_program_path();
    if (path == NULL || path[0] != '\0')
        return path;
    free(path);
    return es_strdup("edgesplit");
}

static es_status write_job(const es_arguments *arguments, size_t n_tasks, es_errors *errors) {
    const char *folder = es_arguments_value(arguments, "output", NULL);
    struct slurm_job job = {
        .arguments = arguments,
        .program = own_path(),
        .study = es_absolute_path(arguments->operands[0]),
        .folder = es_absolute_path(folder),
        .n_tasks = n_tasks,
        .steps = es_arguments_has(arguments, "steps") ? " --steps" : "",
    };
    es_status status = job.program != NULL && job.study != NULL && job.folder != NULL
                           ? write_scripts(&job, errors)
                           : es_errors_no_memory(errors, folder);
    free(job.program);
    free(job.study);
    free(job.folder);
    return status;
}

static es_status slurm(const es_arguments *arguments, es_errors *errors) {
    size_t n_tasks = DEFAULT_TASKS, max_array = 1001;
    struct chosen_study chosen = {0};
    es_sweep *sweep = NULL;
    es_status status = read_count(arguments, "tasks", 1, &n_tasks, errors);
    if (status == ES_OK)
        status = read_count(arguments, "max-array", 2, &max_array, errors);
    if (status == ES_OK)
        status = study_open(arguments, arguments->operands[0], &chosen, errors);
    if (status == ES_OK)
        status = es_sweep_create(&chosen.source, chosen.study, &sweep, errors);
    if (status == ES_OK)
        status = es_sweep_prepare(sweep, es_arguments_value(arguments, "output", NULL),
                                  es_arguments_has(arguments, "mixed-programs"), errors);
    n_tasks = n_tasks < chosen.n ? n_tasks : chosen.n;
    n_tasks = n_tasks < max_array ? n_tasks : max_array - 1; /* numbers are below MaxArraySize */
    if (status == ES_OK)
        status = write_job(arguments, n_tasks, errors);
    es_sweep_destroy(sweep);
    study_close(&chosen);
    return status;
}

static const es_option slurm_options[] = {
    ES_OPTION_OUTPUT("FOLDER", true, "where finished runs are kept, and the scripts in slurm/"),
    {.name = "tasks", .value = "N", .help = "tasks of the job array; default: 100"},
    {.name = "max-array",
     .value = "N",
     .help = "the cluster's MaxArraySize (scontrol show config); default: 1001"},
    {.name = "sbatch",
     .value = "OPTION",
     .help = "a line of both scripts: \"--partition=long\", \"--cpus-per-task=8\"",
     .repeats = true},
    {.name = "steps", .help = "keep and join the per-step tables of the runs too"},
    OPTION_CONFIG,
    OPTION_SET,
    OPTION_RUNS,
    OPTION_FILTER,
    OPTION_MAX_RUNS,
    OPTION_MIXED,
    {0},
};

const es_command command_sweep_slurm = {
    .group = "sweep",
    .name = "slurm",
    .summary = "write a job array for Slurm and the job that joins its runs",
    .operand = "STUDY.ini",
    .least_operands = 1,
    .most_operands = 1,
    .notes = "Submit both with FOLDER/slurm/submit.sh. Submitted again, they do what is missing.",
    .options = slurm_options,
    .run = slurm,
};
