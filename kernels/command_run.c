#include "commands.h"
#include "host.h"
#include "profiler.h"

#include "edgesplit/alloc.h"
#include "edgesplit/units.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static const es_option options[] = {
    {"model", "NAME|FILE", .help = "network of the zoo, e.g. efficientnet-b0, or FILE.model",
     .required = true},
    {"backend", "NAME", .help = "what runs it (default onednn); `list` shows them"},
    {"setting", "TEXT", .help = "state of the device, e.g. isa:sse41,threads:1",
     .may_be_empty = true},
    {"allow-clock-change", NULL,
     .help = "let the setting clock:... lock the clock of a GPU, which needs root"},
    {"batch", "LIST", .help = "images per pass, e.g. 1,2,4,8,16 (default 1)"},
    {"resolution", "N", .help = "pixels per side (default: the published one)"},
    {"time-box", "TIME", .help = "longest time per batch size (default 20s)"},
    {"segments", NULL, .help = "also time the head and the tail of every block cut whole"},
    {"samples", "FILE", .help = "also write every sample, kept or dropped and why, as CSV"},
    {"resume", NULL, .help = "keep the batch sizes that FILE.partial or FILE has"},
    ES_OPTION_OUTPUT("FILE", true, "the profile"),
    ES_OPTION_FORCE,
    ES_OPTION_QUIET,
    {0},
};

enum { MOST_IMAGES = 4096 };

/* Creates the list of batch sizes. */
static es_status parse_batches(const es_arguments *arguments, int64_t **batches, size_t *n,
                               es_errors *errors) {
    const char *text = es_arguments_value(arguments, "batch", "1");
    double *values = NULL;
    es_status status = es_parse_quantities(es_slice_of(text), ES_DIM_COUNT, &values, n, NULL);
    bool right = status == ES_OK;
    for (size_t i = 0; right && i < *n; i++) {
        right = values[i] >= 1 && values[i] <= MOST_IMAGES;
        for (size_t j = 0; j < i; j++)
            right = right && values[j] != values[i];
    }
    if (status == ES_INVALID || (status == ES_OK && !right))
        status = es_arguments_mistake(arguments, errors,
                                      "--batch %s: expected whole numbers from 1 to %d, each once",
                                      text, MOST_IMAGES);
    int64_t *counts = status == ES_OK ? es_alloc(*n, sizeof *counts) : NULL;
    if (status == ES_NO_MEMORY || (status == ES_OK && counts == NULL))
        status = es_errors_no_memory(errors, NULL);
    for (size_t i = 0; counts != NULL && i < *n; i++)
        counts[i] = (int64_t)values[i];
    *batches = counts;
    free(values);
    return status;
}

static es_status parse_numbers(const es_arguments *arguments, es_stop_rule *rule,
                               int64_t *resolution, es_errors *errors) {
    const char *time_box = es_arguments_value(arguments, "time-box", NULL), *expected;
    const char *pixels = es_arguments_value(arguments, "resolution", "0");
    double seconds;
    *rule = es_stop_rule_default;
    if (es_parse_int64(es_slice_of(pixels), resolution) != ES_OK)
        es_arguments_mistake(arguments, errors, "--resolution %s: expected a number of pixels",
                             pixels);
    if (time_box == NULL)
        return es_errors_status(errors);
    if (es_parse_quantity(es_slice_of(time_box), ES_DIM_TIME, &seconds, &expected) != ES_OK)
        es_arguments_mistake(arguments, errors, "--time-box %s: expected %s", time_box, expected);
    else if (!(seconds > 0 && seconds <= 86400))
        es_arguments_mistake(arguments, errors, "--time-box %s: expected more than 0s, at most 1d",
                             time_box);
    else
        rule->time_box_ns = (int64_t)(seconds * 1e9);
    return es_errors_status(errors);
}

/* Where the profile goes, and what is there of it already. */
typedef struct destination {
    const char *path;
    char *partial;            /* beside it, while not every batch size is measured */
    es_profile *kept;         /* NULL: nothing is resumed */
    const char *samples_path; /* NULL: they are not wanted */
    es_text samples;
    size_t samples_length; /* of them, as far as they are no news */
    bool replace, has_partial;
    es_log log;
} destination;

static void destination_fini(destination *d) {
    es_profile_destroy(d->kept);
    free(d->partial);
    free(d->samples.data);
}

enum { MOST_SAMPLES_BYTES = 1 << 30 };

/* Keeps of an earlier file of samples the lines of batch sizes that are kept. */
static es_status keep_samples(destination *d, es_errors *errors) {
    es_file file;
    es_status status = es_file_read(d->samples_path, MOST_SAMPLES_BYTES, &file, errors);
    if (status != ES_OK)
        return status;
    es_slice rest = {file.data, file.length}, line = {0};
    if (!es_next_line(&rest, &line) || !es_slice_equals(line, ES_SAMPLES_HEADER))
        status = es_errors_add(errors, ES_INVALID, d->samples_path, 1, "expected the header `%s`",
                               ES_SAMPLES_HEADER);
    for (size_t number = 2; status == ES_OK && es_next_line(&rest, &line); number++) {
        es_slice left = line, field[4] = {{0}};
        int64_t batch = 0;
        for (size_t i = 0; i < 4; i++)
            (void)es_next_field(&left, ',', &field[i]);
        if (es_slice_equals(field[0], "whole") && !es_slice_equals(field[2], d->kept->model))
            status = es_errors_add(errors, ES_INVALID, d->samples_path, number,
                                   "samples of %.*s; %s is a profile of %s", (int)field[2].length,
                                   field[2].data, d->kept->path, d->kept->model);
        else if (es_parse_int64(field[3], &batch) == ES_OK &&
                 es_profile_find(d->kept, ES_PROFILE_WHOLE, 0, batch) != NULL)
            es_text_add(&d->samples, "%.*s\n", (int)line.length, line.data);
    }
    es_file_fini(&file);
    return status;
}

/* Behind the profile, of which it has to be known what is kept. */
static es_status open_samples(const es_arguments *arguments, destination *d, es_errors *errors) {
    d->samples_path = es_arguments_value(arguments, "samples", NULL);
    if (d->samples_path == NULL)
        return ES_OK;
    if (strcmp(d->samples_path, d->path) == 0)
        return es_arguments_mistake(arguments, errors, "--samples and --output are the same file");
    es_text_add(&d->samples, "%s\n", ES_SAMPLES_HEADER);
    es_status status = es_output_check(d->samples_path, d->replace, errors);
    if (status == ES_OK && d->kept != NULL && access(d->samples_path, F_OK) == 0)
        status = keep_samples(d, errors);
    d->samples_length = d->samples.length;
    return status == ES_OK && d->samples.failed ? es_errors_no_memory(errors, NULL) : status;
}

static es_status save_samples(destination *d, es_errors *errors) {
    if (d->samples.failed || d->samples.length == d->samples_length)
        return ES_OK;
    d->samples_length = d->samples.length;
    return es_file_write(d->samples_path, d->samples.data, d->samples.length, true, errors);
}

/* Finds out before minutes are spent. */
static es_status open_destination(const es_arguments *arguments, destination *d,
                                  es_errors *errors) {
    bool resume = es_arguments_has(arguments, "resume");
    es_text partial = {0};
    *d = (destination){.path = es_arguments_value(arguments, "output", NULL),
                       .replace = resume || es_arguments_has(arguments, "force"),
                       .log = {stderr, es_arguments_has(arguments, "quiet")}};
    es_text_add(&partial, "%s.partial", d->path);
    d->partial = partial.data;
    if (partial.failed)
        return es_errors_no_memory(errors, d->path);
    es_status status = es_output_check(d->path, d->replace, errors);
    if (status == ES_OK)
        status = es_output_check(d->partial, true, errors);
    if (status != ES_OK)
        return status;
    d->has_partial = access(d->partial, F_OK) == 0;
    if (d->has_partial && !d->replace)
        return es_errors_add(errors, ES_CANT_CREATE, d->partial, 0,
                             "was measured earlier; --resume goes on with it, --force begins anew");
    const char *earlier = d->has_partial ? d->partial : d->path;
    return resume && access(earlier, F_OK) == 0 ? es_profile_load(earlier, &d->kept, errors)
                                                : ES_OK;
}

static es_status publish_partial(void *context, const es_profile *profile, es_errors *errors) {
    destination *d = context;
    es_status status = save_samples(d, errors);
    if (status == ES_OK)
        status = es_profile_save(profile, d->partial, true, errors);
    d->has_partial = d->has_partial || status == ES_OK;
    return status;
}

static es_status publish(destination *d, const es_measured *measured, es_errors *errors) {
    if (d->kept != NULL && !d->has_partial && es_measured_rows_added(measured) == 0) {
        es_log_note(&d->log, "%s: has these batch sizes already", d->path);
        return ES_OK;
    }
    es_status status = es_profile_save(es_measured_profile(measured), d->path, d->replace, errors);
    if (status == ES_OK && unlink(d->partial) != 0 && errno != ENOENT)
        es_log_warning(&d->log, "%s: cannot be removed: %s", d->partial, strerror(errno));
    return status;
}

static es_status run(const es_arguments *arguments, es_errors *errors) {
    char date[ES_DATE_TEXT];
    int64_t *batches = NULL, resolution = 0;
    es_model *model = NULL;
    es_measured *measured = NULL;
    destination d = {0};
    es_host_date(date);
    es_profiler_job job = {.setting = es_arguments_value(arguments, "setting", ""),
                           .date = date,
                           .segments = es_arguments_has(arguments, "segments"),
                           .publish = publish_partial,
                           .context = &d};
    es_status status = parse_batches(arguments, &batches, &job.n_batches, errors);
    if (parse_numbers(arguments, &job.rule, &resolution, errors) != ES_OK)
        status = es_errors_status(errors);
    if (es_backend_find(es_arguments_value(arguments, "backend", "onednn"), &job.backend, errors) !=
        ES_OK)
        status = es_errors_status(errors);
    else if (job.backend->changes_clocks != NULL && job.backend->changes_clocks(job.setting) &&
             !es_arguments_has(arguments, "allow-clock-change"))
        status = es_arguments_mistake(arguments, errors,
                                      "--setting %s locks a clock of this machine: say "
                                      "--allow-clock-change too",
                                      job.setting);
    if (status == ES_OK)
        status = open_destination(arguments, &d, errors);
    if (status == ES_OK)
        status = open_samples(arguments, &d, errors);
    if (status == ES_OK)
        status = es_open_network(es_arguments_value(arguments, "model", NULL), resolution, &model,
                                 errors);
    if (status == ES_OK) {
        job.model = model;
        job.batches = batches;
        job.log = d.log;
        job.kept = d.kept;
        job.samples = d.samples_path != NULL ? &d.samples : NULL;
        job.rule.interrupted = es_host_catch_interrupts();
        status = es_profiler_run(&job, &measured, errors);
        if (status == ES_OK)
            status = publish(&d, measured, errors);
        if (status != ES_OK)
            (void)save_samples(&d, errors); /* they may tell why */
        if (status != ES_OK && d.has_partial)
            es_errors_add(errors, status, d.partial, 0,
                          "holds what is complete; --resume goes on with it");
    }
    es_measured_destroy(measured);
    es_model_destroy(model);
    destination_fini(&d);
    free(batches);
    return status;
}

const es_command es_command_run = {
    .name = "run",
    .summary = "measure a network on this machine and write its profile",
    .notes = "What is measured is kept in FILE.partial from batch size to batch size. SIGINT and "
             "SIGTERM end the run\nbehind the pass in hand (exit status 75); --resume goes on, on "
             "the same machine and in the same way, or\nadds further batch sizes to FILE.",
    .options = options,
    .run = run,
};
