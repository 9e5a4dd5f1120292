/* edgesplit verify: whether a result can be had again. */
#include "commands.h"
#include "same.h"
#include "study.h"

#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "edgesplit/log.h"
#include "edgesplit/run.h"
#include "edgesplit/sinks.h"
#include "edgesplit/version.h"

#include <string.h>
#include <unistd.h>

enum { MAX_SIDECAR = 1 << 20 };

/* A result that is verified. */
struct verified {
    const char *path;
    char *beside;           /* a file in the folder that the names of inputs start from */
    char *scenario, *again; /* paths of the temporary files */
    struct recorded recorded;
    size_t n_threads;
    es_log log;
};

/* Creates the value of a text in the file that `run` leaves beside a result: one key a line. NULL:
 * there is none. */
static char *sidecar_text(const char *result, const char *key) {
    es_errors ignored;
    es_errors_init(&ignored);
    es_file file = {0};
    es_text path = {0}, start = {0}, value = {0};
    es_text_add(&path, "%s.json", result);
    es_text_add(&start, "\"%s\": \"", key);
    if (!path.failed && !start.failed &&
        es_file_read(path.data, MAX_SIDECAR, &file, &ignored) == ES_OK) {
        const char *at = strstr(file.data, start.data);
        for (at = at != NULL ? at + start.length : ""; *at != '\0' && *at != '"'; at++) {
            at += at[0] == '\\' && at[1] != '\0';
            es_text_add(&value, "%c", *at);
        }
    }
    es_file_fini(&file);
    free(path.data);
    free(start.data);
    if (value.failed) {
        free(value.data);
        return NULL;
    }
    return value.data;
}

/* Where names of inputs start from: the folder that was given, else that of the scenario, else that
 * of the result. */
static es_status find_inputs(const es_arguments *arguments, struct verified *verified,
                             es_errors *errors) {
    const char *folder = es_arguments_value(arguments, "inputs", NULL);
    static const char name[] = "scenario_resolved";
    es_text text = {0};
    char *scenario = folder == NULL ? sidecar_text(verified->path, "scenario") : NULL;
    const char *file = scenario != NULL && access(scenario, F_OK) == 0 ? scenario : verified->path;
    if (folder != NULL)
        es_text_add(&text, "%s/%s", folder, name);
    else
        es_text_add(&text, "%.*s%s", (int)(es_path_name(file) - file), file, name);
    free(scenario);
    if (text.failed) {
        free(text.data);
        return es_errors_no_memory(errors, verified->path);
    }
    verified->beside = text.data;
    return ES_OK;
}

/* Writes the recorded scenario as a file that is read as it was: a study takes "$" for more than a
 * dollar sign. */
static es_status write_scenario(struct verified *verified, es_errors *errors) {
    es_text text = {0}, scenario = {0}, again = {0};
    es_text_add(&scenario, "%s.verify.%ld.ini", verified->path, (long)getpid());
    es_text_add(&again, "%s.verify.%ld", verified->path, (long)getpid());
    verified->scenario = scenario.data;
    verified->again = again.data;
    for (const char *c = verified->recorded.scenario; *c != '\0'; c++)
        es_text_add(&text, *c == '$' ? "%c$" : "%c", *c);
    es_status status = text.failed || scenario.failed || again.failed
                           ? es_errors_no_memory(errors, verified->path)
                           : ES_OK;
    if (status == ES_OK)
        status = es_file_write(verified->scenario, text.data, text.length, true, errors);
    free(text.data);
    return status;
}

/* Says which inputs are not what they were. */
static es_status note_inputs(void *context, const es_run_record *record, const es_summary *summary,
                             es_errors *errors) {
    const struct verified *verified = context;
    const struct recorded *recorded = &verified->recorded;
    (void)summary;
    (void)errors;
    for (size_t i = 0; i < recorded->n_inputs && i < record->n_inputs; i++)
        if (strcmp(recorded->hashes[i], record->inputs[i].sha256) != 0)
            es_log_warning(&verified->log,
                           "%s %s is not what it was: SHA-256 %.12s..., now %.12s...",
                           recorded->roles[i], recorded->paths[i], recorded->hashes[i],
                           record->inputs[i].sha256);
    if (recorded->n_inputs != record->n_inputs)
        es_log_warning(&verified->log, "there were %zu inputs; now %zu", recorded->n_inputs,
                       record->n_inputs);
    return ES_OK;
}

static es_status run_again(struct verified *verified, es_errors *errors) {
    es_scenario *scenario = NULL;
    es_plan *plan = NULL;
    es_run_report report;
    es_status status = es_scenario_load(verified->scenario, 0, NULL, &scenario, errors);
    if (status == ES_OK) {
        char *beside = es_strdup(verified->beside);
        if (beside != NULL) {
            free(scenario->ini->path);
            scenario->ini->path = beside;
            status = es_plan_of(scenario, NULL, &plan, errors);
        } else {
            es_scenario_destroy(scenario);
            status = es_errors_no_memory(errors, verified->path);
        }
    }
    if (status == ES_OK) {
        es_run_options options = {
            .sink = es_sinks_find("hdf5"),
            .output = verified->again,
            .replace = true,
            .n_threads = verified->n_threads,
            .interrupted = handle_signals(),
            .context = verified,
            .summarised = note_inputs,
        };
        status = es_plan_run(plan, &options, &report, errors);
    }
    es_plan_destroy(plan);
    return status;
}

static es_status compare(const struct verified *verified, es_errors *errors) {
    es_text difference = {0};
    es_text_add(&difference, "%s", "");
    es_status status = same_results(verified->path, verified->again, &difference, errors);
    if (status == ES_OK && difference.length > 0) {
        printf("%s: differs: %s\n", verified->path, difference.data);
        status = ES_SOME_FAILED;
    } else if (status == ES_OK)
        printf("%s: the same, bit for bit\n", verified->path);
    free(difference.data);
    return status;
}

static es_status verify(const es_arguments *arguments, es_errors *errors) {
    const struct settings *settings = arguments->context;
    struct verified verified = {
        .path = arguments->operands[0],
        .n_threads = n_processors(),
        .log = {stderr, settings->quiet || es_arguments_has(arguments, "quiet")},
    };
    es_status status = read_count(arguments, "jobs", 1, &verified.n_threads, errors);
    if (status == ES_OK)
        status = recorded_read(verified.path, &verified.recorded, errors);
    if (status == ES_OK && strcmp(verified.recorded.program, es_version()) != 0)
        es_log_warning(&verified.log, "%s was made by %s (format %s); this is %s (format %s)",
                       verified.path, verified.recorded.program, verified.recorded.format_version,
                       es_version(), ES_RESULT_FORMAT);
    if (status == ES_OK)
        status = find_inputs(arguments, &verified, errors);
    if (status == ES_OK)
        status = write_scenario(&verified, errors);
    if (status == ES_OK)
        status = run_again(&verified, errors);
    if (status == ES_OK)
        status = compare(&verified, errors);
    if (verified.scenario != NULL)
        unlink(verified.scenario);
    if (verified.again != NULL)
        unlink(verified.again);
    free(verified.scenario);
    free(verified.again);
    free(verified.beside);
    recorded_fini(&verified.recorded);
    return status;
}

static const es_option options[] = {
    {.name = "inputs",
     .value = "FOLDER",
     .help =
         "where the names of inputs start from; default: where the scenario lay, as the result's "
         ".json says, else the result's folder"},
    OPTION_THREADS,
    ES_OPTION_QUIET,
    {0},
};

const es_command command_verify = {
    .name = "verify",
    .summary = "run again what a result says it is of, and compare",
    .notes =
        "Every value of every step and of the summary has to be the same, bit for bit. Exit code "
        "1: they\nare not, and the first that differs is printed; 66: an input is missing. "
        "Inputs that have\nchanged since are named. The new result lies beside the old one "
        "until it is compared.",
    .operand = "RESULT.h5",
    .least_operands = 1,
    .most_operands = 1,
    .options = options,
    .run = verify,
};
