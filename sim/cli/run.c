/* edgesplit run, check */
#include "commands.h"
#include "study.h"

#include "edgesplit/file.h"
#include "edgesplit/log.h"
#include "edgesplit/run.h"
#include "edgesplit/sinks.h"
#include "edgesplit/time.h"
#include "edgesplit/version.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Progress on stderr: in place on a terminal, else a plain line every few seconds. */
struct progress {
    bool terminal;
    double shown_s, started_s;
};

static void show_progress(void *context, const char *policy, size_t i, size_t n_simulations,
                          uint64_t steps) {
    struct progress *progress = context;
    double now = es_clock_s();
    if (now - progress->shown_s < (progress->terminal ? 0.1 : 5.0))
        return;
    progress->shown_s = now;
    fprintf(stderr, "%ssimulation %zu/%zu %s: %llu steps, %.0f s%s",
            progress->terminal ? "\r\033[K" : "", i + 1, n_simulations, policy,
            (unsigned long long)steps, now - progress->started_s, progress->terminal ? "" : "\n");
}

/* Creates the default name of a result: the scenario's, with .h5, in the output folder. */
static char *default_output(const char *folder, const char *scenario) {
    const char *name = es_path_name(scenario);
    size_t length = strlen(name);
    if (length > 4 && strcmp(name + length - 4, ".ini") == 0)
        length -= 4;
    es_text path = {0};
    es_text_add(&path, "%s/%.*s.h5", folder, (int)length, name);
    if (path.failed) {
        free(path.data);
        return NULL;
    }
    return path.data;
}

/* What would make the result itself differ from run to run: when, where and how long. */
static es_status write_sidecar(const char *path, const char *scenario, const es_run_report *report,
                               double wall_s, es_errors *errors) {
    char host[256] = "", date[64] = "";
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc) != NULL)
        (void)strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
    gethostname(host, sizeof host - 1);
    es_text text = {0};
    es_text_add(&text, "{\n  \"program\": ");
    es_text_add_json(&text, es_version());
    es_text_add(&text, ",\n  \"scenario\": ");
    es_text_add_json(&text, scenario);
    es_text_add(&text, ",\n  \"date\": \"%s\",\n  \"host\": ", date);
    es_text_add_json(&text, host);
    es_text_add(&text, ",\n  \"wall_s\": %.6f,\n  \"steps\": %llu,\n  \"events\": %llu\n}\n",
                wall_s, (unsigned long long)report->n_steps, (unsigned long long)report->n_events);
    es_status status = text.failed ? es_errors_no_memory(errors, path)
                                   : es_file_write(path, text.data, text.length, true, errors);
    free(text.data);
    return status;
}

/* How one run is done, and what is done about it. */
struct one_run {
    const struct chosen_study *chosen;
    es_inputs *inputs; /* of all runs */
    const es_sink_ops *sink;
    bool replace;
    size_t n_threads;
    es_log log;
};

static void note_report(const es_log *log, const es_run_report *report, double wall_s) {
    es_text replications = {0};
    if (report->n_replications > 1)
        es_text_add(&replications, "%zu replications, ", report->n_replications);
    es_log_note(log, "%zu policies, %s%llu steps, %llu events in %.2f s", report->n_policies,
                replications.data != NULL ? replications.data : "",
                (unsigned long long)report->n_steps, (unsigned long long)report->n_events, wall_s);
    free(replications.data);
    if (report->n_saturated > 0)
        es_log_warning(log,
                       "%zu policies were stopped as saturated: their backlog reached "
                       "[workload] max_backlog",
                       report->n_saturated);
}

static void print_warnings(const es_errors *warnings, FILE *stream) {
    es_log log = {.stream = stream};
    for (size_t i = 0; i < warnings->n; i++)
        es_log_warning(&log, "%s", warnings->records[i].text);
}

static es_status run_one(const struct one_run *how, size_t run, const char *output,
                         es_errors *errors) {
    const char *path = how->chosen->source.path;
    struct progress progress = {isatty(STDERR_FILENO), es_clock_s(), es_clock_s()};
    bool kept = how->sink->read != NULL;
    es_scenario *scenario = NULL;
    es_plan *plan = NULL;
    es_run_report report = {0};
    es_errors warnings;
    es_errors_init(&warnings);
    es_text sidecar = {0};
    es_text_add(&sidecar, "%s.json", output);
    es_status status = sidecar.failed ? es_errors_no_memory(errors, path) : ES_OK;
    es_inputs_trim(how->inputs);
    if (status == ES_OK)
        status = es_scenario_of_run(how->chosen->study, run, &scenario, errors);
    if (status == ES_OK)
        status = es_plan_of(scenario, how->inputs, &plan, errors);
    if (status == ES_OK)
        es_plan_warn(plan, &warnings);
    print_warnings(&warnings, how->log.stream);
    if (status == ES_OK && kept)
        status = es_output_check(output, how->replace, errors);
    if (status == ES_OK && kept)
        status = es_output_check(sidecar.data, true, errors);
    if (status == ES_OK) {
        es_run_options options = {
            .sink = how->sink,
            .output = output,
            .replace = how->replace,
            .n_threads = how->n_threads,
            .interrupted = handle_signals(),
            .context = &progress,
            .progress = how->log.quiet ? NULL : show_progress,
        };
        status = es_plan_run(plan, &options, &report, errors);
    }
    double wall_s = es_clock_s() - progress.started_s;
    if (status == ES_OK && kept)
        status = write_sidecar(sidecar.data, path, &report, wall_s, errors);
    if (progress.terminal && !how->log.quiet)
        fputs("\r\033[K", stderr);
    if (status == ES_OK) {
        note_report(&how->log, &report, wall_s);
        if (kept)
            puts(output);
    }
    es_plan_destroy(plan);
    free(sidecar.data);
    return status;
}

/* Creates the name of the result of one of several runs: "out-17.h5" for "out.h5". */
static char *numbered_output(const char *output, size_t run) {
    size_t length = strlen(output);
    bool is_h5 = length > 3 && strcmp(output + length - 3, ".h5") == 0;
    es_text path = {0};
    es_text_add(&path, "%.*s-%zu%s", (int)(is_h5 ? length - 3 : length), output, run,
                is_h5 ? ".h5" : "");
    if (path.failed) {
        free(path.data);
        return NULL;
    }
    return path.data;
}

static es_status run_chosen(const struct one_run *how, const char *output, es_errors *errors) {
    const struct chosen_study *chosen = how->chosen;
    if (chosen->n == 1)
        return run_one(how, chosen->runs[0], output, errors);
    es_status status = ES_OK;
    for (size_t i = 0; i < chosen->n && status == ES_OK; i++) {
        char *path = numbered_output(output, chosen->runs[i]);
        status = path != NULL ? run_one(how, chosen->runs[i], path, errors)
                              : es_errors_no_memory(errors, output);
        free(path);
    }
    return status;
}

static es_status run(const es_arguments *arguments, es_errors *errors) {
    const struct settings *settings = arguments->context;
    const char *sink_name = es_arguments_value(arguments, "sink", es_sinks_at(0)->name);
    const char *path = arguments->operands[0];
    const char *given = es_arguments_value(arguments, "output", NULL);
    struct chosen_study chosen = {0};
    struct one_run how = {
        .chosen = &chosen,
        .sink = es_sinks_find(sink_name),
        .replace = es_arguments_has(arguments, "force"),
        .n_threads = n_processors(),
        .log = {stderr, settings->quiet || es_arguments_has(arguments, "quiet")},
    };
    if (how.sink == NULL)
        return es_arguments_mistake(arguments, errors,
                                    "there is no sink '%s'; `edgesplit list sinks` lists them",
                                    sink_name);
    char *made = given != NULL ? NULL : default_output(settings->output, path);
    es_status status = read_count(arguments, "jobs", 1, &how.n_threads, errors);
    if (status == ES_OK)
        status = study_open(arguments, path, &chosen, errors);
    if (status == ES_OK &&
        ((given == NULL && made == NULL) || es_inputs_create(&how.inputs) != ES_OK))
        status = es_errors_no_memory(errors, path);
    if (status == ES_OK)
        status = run_chosen(&how, given != NULL ? given : made, errors);
    es_inputs_destroy(how.inputs);
    study_close(&chosen);
    free(made);
    return status;
}

static const es_option run_options[] = {
    ES_OPTION_OUTPUT("FILE", false,
                     "the result; default: the scenario's name in the output folder. Of several "
                     "runs, each has its number in front of \".h5\""),
    OPTION_SET,
    OPTION_CONFIG,
    OPTION_RUNS,
    OPTION_FILTER,
    OPTION_MAX_RUNS,
    ES_OPTION_FORCE,
    OPTION_THREADS,
    {.name = "sink", .value = "NAME", .help = "where steps go: hdf5, or null to keep nothing"},
    ES_OPTION_QUIET,
    {0},
};

const es_command command_run = {
    .name = "run",
    .summary = "simulate a scenario, one policy after the other",
    .operand = "SCENARIO.ini",
    .least_operands = 1,
    .most_operands = 1,
    .options = run_options,
    .run = run,
};

/* Opens what every run names, and keeps nothing; prints the one run if that is wanted. */
static es_status check_runs(const struct chosen_study *chosen, bool resolved, es_inputs *inputs,
                            es_errors *errors) {
    es_errors warnings;
    es_errors_init(&warnings);
    es_status status = ES_OK;
    for (size_t i = 0; i < chosen->n && status != ES_NO_MEMORY; i++) {
        es_scenario *scenario = NULL;
        es_plan *plan = NULL;
        es_errors found; /* many runs have the same mistake */
        es_errors_init(&found);
        es_inputs_trim(inputs);
        es_status checked = es_scenario_of_run(chosen->study, chosen->runs[i], &scenario, &found);
        if (checked == ES_OK)
            checked = es_plan_of(scenario, inputs, &plan, &found);
        if (checked == ES_OK)
            es_plan_warn(plan, &warnings);
        if (checked == ES_OK && resolved) {
            es_text text = {0};
            es_scenario_resolve(es_plan_scenario(plan), true, &text);
            checked = print_text(&text, errors);
        }
        es_plan_destroy(plan);
        es_errors_add_new(errors, &found);
        status = status == ES_OK || checked == ES_NO_MEMORY ? checked : status;
    }
    print_warnings(&warnings, stderr);
    return status;
}

static es_status check_file(const es_arguments *arguments, const char *path, es_errors *errors) {
    bool resolved = es_arguments_has(arguments, "resolved");
    struct chosen_study chosen;
    es_inputs *inputs = NULL;
    es_status status = study_open(arguments, path, &chosen, errors);
    if (status == ES_OK && resolved && chosen.n > 1)
        status = es_arguments_mistake(arguments, errors,
                                      "%s expands into %zu runs: --resolved needs --runs to choose "
                                      "one",
                                      path, chosen.n);
    if (status == ES_OK && es_inputs_create(&inputs) != ES_OK)
        status = es_errors_no_memory(errors, path);
    if (status == ES_OK)
        status = check_runs(&chosen, resolved, inputs, errors);
    if (status == ES_OK && !resolved && es_study_n_runs(chosen.study) == 1)
        printf("%s: ok\n", path);
    else if (status == ES_OK && !resolved)
        printf("%s: ok, %zu runs\n", path, chosen.n);
    es_inputs_destroy(inputs);
    study_close(&chosen);
    return status;
}

static es_status check(const es_arguments *arguments, es_errors *errors) {
    bool reference = es_arguments_has(arguments, "reference");
    if (!reference && arguments->n_operands == 0)
        return es_arguments_mistake(arguments, errors, "%s is missing",
                                    arguments->command->operand);
    es_status status = ES_OK;
    if (reference) {
        es_text text = {0};
        es_scenario_reference(&text, false);
        status = print_text(&text, errors);
    }
    for (size_t i = 0; i < arguments->n_operands; i++) {
        es_errors found; /* a list for each file: none crowds out another's */
        es_errors_init(&found);
        es_status checked = check_file(arguments, arguments->operands[i], &found);
        es_errors_print(&found, stderr);
        status = status != ES_OK ? status : checked;
    }
    return status;
}

static const es_option check_options[] = {
    OPTION_SET,
    OPTION_CONFIG,
    OPTION_RUNS,
    OPTION_FILTER,
    OPTION_MAX_RUNS,
    {.name = "resolved", .help = "print every key with its value and where it comes from"},
    {.name = "reference", .help = "print all keys of a scenario file"},
    {0},
};

const es_command command_check = {
    .name = "check",
    .summary = "find every mistake in scenarios and their inputs; run nothing",
    .operand = "SCENARIO.ini",
    .most_operands = ES_ANY_NUMBER,
    .options = check_options,
    .run = check,
};
