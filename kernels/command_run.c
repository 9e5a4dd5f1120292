#include "command.h"
#include "host.h"
#include "profiler.h"

#include "edgesplit/alloc.h"
#include "edgesplit/units.h"

#include <string.h>

static const es_option options[] = {
    {"model", "NAME", .help = "network of the zoo, e.g. efficientnet-b0", .required = true},
    {"backend", "NAME", .help = "what runs it (default onednn); `list` shows them"},
    {"setting", "TEXT", .help = "state of the device, e.g. isa:sse41,threads:1"},
    {"batch", "LIST", .help = "images per pass, e.g. 1,2,4,8,16 (default 1)"},
    {"resolution", "N", .help = "pixels per side (default: the published one)"},
    {"time-box", "TIME", .help = "longest time per batch size (default 20s)"},
    {"output", "FILE", .help = "the profile", .required = true, .letter = 'o'},
    {"force", NULL, .help = "replace FILE if it is there"},
    {"quiet", NULL, .help = "no notes on stderr"},
};

static es_slice slice_of(const char *text) {
    return (es_slice){text, strlen(text)};
}

enum { MOST_IMAGES = 4096 };

/* Creates the list of batch sizes. */
static es_status parse_batches(const char *text, int64_t **batches, size_t *n, es_errors *errors) {
    double *values = NULL;
    es_status status = es_parse_quantities(slice_of(text), ES_DIM_COUNT, &values, n, NULL);
    bool right = status == ES_OK;
    for (size_t i = 0; right && i < *n; i++) {
        right = values[i] >= 1 && values[i] <= MOST_IMAGES;
        for (size_t j = 0; j < i; j++)
            right = right && values[j] != values[i];
    }
    if (status == ES_INVALID || (status == ES_OK && !right))
        status = es_errors_add(errors, ES_USAGE, NULL, 0,
                               "--batch %s: expected whole numbers from 1 to %d, each once", text,
                               MOST_IMAGES);
    int64_t *counts = status == ES_OK ? es_alloc(*n, sizeof *counts) : NULL;
    if (status == ES_NO_MEMORY || (status == ES_OK && counts == NULL))
        status = es_errors_add(errors, ES_NO_MEMORY, NULL, 0, "%s", es_status_text(ES_NO_MEMORY));
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
    if (es_parse_int64(slice_of(pixels), resolution) != ES_OK)
        es_errors_add(errors, ES_USAGE, NULL, 0, "--resolution %s: expected a number of pixels",
                      pixels);
    if (time_box == NULL)
        return es_errors_status(errors);
    if (es_parse_quantity(slice_of(time_box), ES_DIM_TIME, &seconds, &expected) != ES_OK)
        es_errors_add(errors, ES_USAGE, NULL, 0, "--time-box %s: expected %s", time_box, expected);
    else if (!(seconds > 0 && seconds <= 86400))
        es_errors_add(errors, ES_USAGE, NULL, 0, "--time-box %s: expected more than 0s, at most 1d",
                      time_box);
    else
        rule->time_box_ns = (int64_t)(seconds * 1e9);
    return es_errors_status(errors);
}

/* Says early, before minutes are spent, that the output cannot be created. */
static es_status check_output(const char *path, bool replace, es_errors *errors) {
    es_publication publication;
    es_status status = es_publication_init(&publication, path, replace, errors);
    if (status == ES_OK)
        es_publication_fini(&publication);
    return status;
}

static es_status run(const es_arguments *arguments, es_errors *errors) {
    const char *output = es_arguments_value(arguments, "output", NULL);
    bool replace = es_arguments_has(arguments, "force");
    char date[ES_DATE_TEXT];
    int64_t *batches = NULL, resolution = 0;
    es_model *model = NULL;
    es_measured *measured = NULL;
    es_host_date(date);
    es_profiler_job job = {.setting = es_arguments_value(arguments, "setting", ""),
                           .date = date,
                           .log = {stderr, es_arguments_has(arguments, "quiet")}};
    es_status status = parse_batches(es_arguments_value(arguments, "batch", "1"), &batches,
                                     &job.n_batches, errors);
    if (parse_numbers(arguments, &job.rule, &resolution, errors) != ES_OK)
        status = es_errors_status(errors);
    if (es_backend_find(es_arguments_value(arguments, "backend", "onednn"), &job.backend, errors) !=
        ES_OK)
        status = es_errors_status(errors);
    if (status == ES_OK)
        status = check_output(output, replace, errors);
    if (status == ES_OK)
        status = es_model_create(es_arguments_value(arguments, "model", NULL), resolution, &model,
                                 errors);
    if (status == ES_OK) {
        job.model = model;
        job.batches = batches;
        status = es_profiler_run(&job, &measured, errors);
    }
    if (status == ES_OK)
        status = es_profile_save(es_measured_profile(measured), output, replace, errors);
    es_measured_destroy(measured);
    es_model_destroy(model);
    free(batches);
    return status;
}

const es_command es_command_run = {
    .name = "run",
    .summary = "measure a network on this machine and write its profile",
    .n_options = sizeof options / sizeof options[0],
    .options = options,
    .run = run,
};
