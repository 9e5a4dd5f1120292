/* edgesplit trace */
#include "commands.h"

#include "edgesplit/file.h"
#include "edgesplit/generate.h"

#include <string.h>

static const char *const option_names[N_OPTIONS] = {
#define ES_OPTION(id, name, letter, argument, repeats, meaning) [OPTION_##id] = (name),
#include "options.def"
#undef ES_OPTION
};

/* What was given to the generator: every option of the command but its own. */
static size_t collect_settings(const struct arguments *arguments, es_generator_setting *settings) {
    size_t n = 0;
    for (const option_id *id = command_find("trace")->options; *id != N_OPTIONS; id++)
        if (*id != OPTION_OUTPUT && *id != OPTION_FORCE && arguments->n[*id] > 0)
            settings[n++] = (es_generator_setting){option_names[*id], argument(arguments, *id)};
    return n;
}

int command_trace(const struct arguments *arguments, const struct settings *settings) {
    (void)settings;
    if (strcmp(arguments->files[0], "make") != 0) {
        fprintf(stderr, "edgesplit trace: expected make, not '%s'\n", arguments->files[0]);
        return es_status_exit_code(ES_USAGE);
    }
    es_errors errors;
    es_errors_init(&errors);
    es_generator_setting given[N_OPTIONS];
    size_t n_given = collect_settings(arguments, given);
    const char *output = argument(arguments, OPTION_OUTPUT);
    es_text csv = {0};
    es_status status = es_generate(arguments->files[1], n_given, given, &csv, &errors);
    if (status == ES_OK && output != NULL) {
        status =
            es_file_write(output, csv.data, csv.length, arguments->n[OPTION_FORCE] > 0, &errors);
        if (status == ES_OK)
            puts(output);
    } else if (status == ES_OK)
        fwrite(csv.data, 1, csv.length, stdout);
    free(csv.data);
    return status == ES_OK ? 0 : fail(&errors, status);
}
