/* edgesplit run, check */
#include "commands.h"

#include "edgesplit/file.h"
#include "edgesplit/run.h"
#include "edgesplit/sinks.h"
#include "edgesplit/version.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number) {
    (void)signal_number;
    interrupted = 1;
}

/* Progress on stderr: in place on a terminal, else a plain line every few seconds. */
struct progress {
    bool terminal;
    double shown_s, started_s;
};

static double now_s(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void show_progress(void *context, const char *policy, size_t i_policy, size_t n_policies,
                          uint64_t steps) {
    struct progress *progress = context;
    double now = now_s();
    if (now - progress->shown_s < (progress->terminal ? 0.1 : 5.0))
        return;
    progress->shown_s = now;
    fprintf(stderr, "%spolicy %zu/%zu %s: %llu steps, %.0f s%s",
            progress->terminal ? "\r\033[K" : "", i_policy + 1, n_policies, policy,
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

/* Ends the run in order on signals that ask for it, unless the caller had them ignored (nohup). */
static void handle_signals(void) {
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct sigaction before;
        if (sigaction(ends[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(ends[i], &(struct sigaction){.sa_handler = interrupt}, NULL);
    }
    /* A file that grows over its limit is reported like a full disk, a reader of messages that is
     * gone like any output that cannot be written. */
    sigaction(SIGXFSZ, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
}

int command_run(const struct arguments *arguments, const struct settings *settings) {
    es_errors errors;
    es_errors_init(&errors);
    es_log log = {stderr, settings->quiet || arguments->n[OPTION_QUIET] > 0};
    const char *sink_name = argument(arguments, OPTION_SINK);
    const es_sink_ops *sink = sink_name != NULL ? es_sinks_find(sink_name) : es_sinks_at(0);
    if (sink == NULL) {
        fprintf(stderr, "edgesplit run: there is no sink '%s' (edgesplit list sinks)\n", sink_name);
        return es_status_exit_code(ES_USAGE);
    }
    const char *scenario = arguments->files[0], *given = argument(arguments, OPTION_OUTPUT);
    char *made = given != NULL ? NULL : default_output(settings->output, scenario);
    const char *output = given != NULL ? given : made;
    struct progress progress = {isatty(STDERR_FILENO), now_s(), now_s()};
    bool replace = arguments->n[OPTION_FORCE] > 0;
    es_plan *plan = NULL;
    es_run_report report = {0};
    es_text sidecar = {0};
    es_text_add(&sidecar, "%s.json", output != NULL ? output : "");
    es_status status =
        output != NULL && !sidecar.failed ? ES_OK : es_errors_no_memory(&errors, scenario);
    if (status == ES_OK)
        status = es_plan_create(scenario, arguments->n[OPTION_SET], arguments->values[OPTION_SET],
                                &plan, &errors);
    if (status == ES_OK && sink->read != NULL)
        status = es_output_check(output, replace, &errors);
    if (status == ES_OK && sink->read != NULL)
        status = es_output_check(sidecar.data, true, &errors);
    if (status == ES_OK) {
        handle_signals();
        es_run_options options = {
            .sink = sink,
            .output = output,
            .replace = replace,
            .interrupted = &interrupted,
            .context = &progress,
            .progress = log.quiet ? NULL : show_progress,
        };
        status = es_plan_run(plan, &options, &report, &errors);
    }
    double wall_s = now_s() - progress.started_s;
    bool kept = status == ES_OK && sink->read != NULL;
    if (kept)
        status = write_sidecar(sidecar.data, scenario, &report, wall_s, &errors);
    if (progress.terminal && !log.quiet)
        fputs("\r\033[K", stderr);
    if (status == ES_OK) {
        es_log_note(&log, "%zu policies, %llu steps, %llu events in %.2f s", report.n_policies,
                    (unsigned long long)report.n_steps, (unsigned long long)report.n_events,
                    wall_s);
        if (report.n_saturated > 0)
            es_log_warning(&log,
                           "%zu policies were stopped as saturated: their backlog reached "
                           "[workload] max_backlog",
                           report.n_saturated);
        if (kept)
            puts(output);
    }
    es_plan_destroy(plan);
    int code = status == ES_OK ? 0 : fail(&errors, status);
    free(sidecar.data);
    free(made);
    return code;
}

static int check_file(const struct arguments *arguments, const char *path) {
    es_errors errors;
    es_errors_init(&errors);
    es_plan *plan = NULL;
    es_status status = es_plan_create(path, arguments->n[OPTION_SET], arguments->values[OPTION_SET],
                                      &plan, &errors);
    es_text text = {0};
    if (status == ES_OK && arguments->n[OPTION_RESOLVED] > 0) {
        es_scenario_resolve(es_plan_scenario(plan), true, &text);
        if (text.failed)
            status = es_errors_no_memory(&errors, path);
        else
            fputs(text.data, stdout);
    }
    if (status == ES_OK && arguments->n[OPTION_RESOLVED] == 0)
        printf("%s: ok\n", path);
    free(text.data);
    es_plan_destroy(plan);
    return status == ES_OK ? 0 : fail(&errors, status);
}

int command_check(const struct arguments *arguments, const struct settings *settings) {
    (void)settings;
    int code = 0;
    if (arguments->n[OPTION_REFERENCE] > 0) {
        es_text text = {0};
        es_scenario_reference(&text, false);
        if (!text.failed)
            fputs(text.data, stdout);
        free(text.data);
    } else if (arguments->n_files == 0) {
        fputs("usage: edgesplit check SCENARIO.ini...\n", stderr);
        return es_status_exit_code(ES_USAGE);
    }
    for (size_t i = 0; i < arguments->n_files; i++) {
        int found = check_file(arguments, arguments->files[i]);
        code = code != 0 ? code : found;
    }
    return code;
}
