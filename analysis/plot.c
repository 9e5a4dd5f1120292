/* edgesplit plot: figures, drawn by the Python scripts in plot/. */
#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "edgesplit/text.h"
#include "joined.h"
#include "reports.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { MOST_WORDS = 32 };

/* Replaces this process by the interpreter, which runs the scripts with `words`, ending with NULL;
 * returns only if that fails. */
static es_status run_scripts(const char *const *words, es_errors *errors) {
    const char *python = getenv("EDGESPLIT_PYTHON");
    char *folder = es_data_folder(ES_PLOT_INSTALLED, ES_PLOT_SOURCE);
    char *all[MOST_WORDS] = {NULL};
    size_t n = 0;
    if (folder == NULL)
        return es_errors_no_memory(errors, NULL);
    const char *front[] = {python != NULL && python[0] != '\0' ? python : ES_PYTHON, "-B", folder};
    bool enough = true;
    for (; enough && n < 3; n++)
        enough = (all[n] = es_strdup(front[n])) != NULL;
    for (; enough && words[n - 3] != NULL; n++) {
        ES_REQUIRE(n + 1 < MOST_WORDS);
        enough = (all[n] = es_strdup(words[n - 3])) != NULL;
    }
    es_status status = ES_NO_MEMORY;
    if (enough) {
        execvp(all[0], all);
        status = es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                               "plot needs Python: %s: %s (EDGESPLIT_PYTHON names another)", all[0],
                               strerror(errno));
    } else
        es_errors_no_memory(errors, NULL);
    for (size_t i = 0; i < n; i++)
        free(all[i]);
    free(folder);
    return status;
}

static es_status plot_result(const es_arguments *arguments, const char *flags, es_errors *errors) {
    const char *path = arguments->operands[0], *kind = "result";
    const char *output = es_arguments_value(arguments, "output", "");
    es_result *result = NULL;
    es_joined *joined = NULL;
    es_status status;
    if (es_joined_is_one(path)) {
        kind = "sweep";
        status = es_joined_load(path, &joined, errors);
    } else
        status = es_result_load(path, &result, errors);
    es_result_destroy(result);
    es_joined_destroy(joined);
    if (status != ES_OK)
        return status;
    status = es_folder_make(output, errors);
    return status != ES_OK ? status
                           : run_scripts((const char *[]){flags, kind, output, path, NULL}, errors);
}

enum { MOST_PASSED_ON = MOST_WORDS - 6 };

enum { MOST_OPTIONS = 20 };

/* What `edgesplit plot WORD OPERAND` draws: a table that the script asks the program edgesplit for,
 * which lies beside this one and gets the options that say how to make it. */
static const struct asked {
    const char *word;
    size_t n_operands; /* the word included */
    const char *options[MOST_OPTIONS];
} kinds[] = {
    {"cuts", 2, {"granularity", "resolution"}},
    {"trace", 2, {"quantity", "format", "window", "option"}},
    {"map",
     1,
     {"model", "device", "server", "rate", "batch", "load", "candidates", "privacy",
      "residual-blocks-only", "granularity", "resolution", "input-bytes", "feature-bytes", "header",
      "delay", "paper", "profiles"}},
    {"profiles", 3, {"model"}},
};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

/* Appends the options that were given, as they are typed; returns how many words there are then. */
static size_t pass_on(const es_arguments *arguments, const struct asked *kind, char names[][64],
                      const char **words, size_t n, es_errors *errors) {
    for (size_t i = 0; kind->options[i] != NULL; i++) {
        size_t n_values;
        const char *const *values = es_arguments_values(arguments, kind->options[i], &n_values);
        snprintf(names[i], sizeof names[i], "--%s", kind->options[i]);
        for (size_t k = 0; k < n_values; k++) {
            if (n + 2 > MOST_PASSED_ON) {
                es_arguments_mistake(arguments, errors, "too many times --%s", kind->options[i]);
                return 0;
            }
            words[n++] = names[i];
            if (values[k] != NULL)
                words[n++] = values[k];
        }
    }
    return n;
}

static es_status plot_asked(const es_arguments *arguments, const struct asked *kind,
                            const char *flags, es_errors *errors) {
    const char *output = es_arguments_value(arguments, "output", "");
    const char *words[MOST_WORDS] = {flags, kind->word, output};
    char names[MOST_OPTIONS][64], *edgesplit = es_path_beside_program("edgesplit");
    if (edgesplit == NULL)
        return es_errors_no_memory(errors, NULL);
    words[3] = edgesplit;
    for (size_t i = 1; i < kind->n_operands; i++)
        words[3 + i] = arguments->operands[i];
    es_status status = ES_USAGE;
    if (pass_on(arguments, kind, names, words, 3 + kind->n_operands, errors) > 0)
        status = es_folder_make(output, errors);
    if (status == ES_OK)
        status = run_scripts(words, errors);
    free(edgesplit);
    return status;
}

static bool takes(const struct asked *kind, const char *option) {
    for (size_t i = 0; kind != NULL && kind->options[i] != NULL; i++)
        if (strcmp(kind->options[i], option) == 0)
            return true;
    return false;
}

/* Options belong to kinds of figures. */
static es_status check_options(const es_arguments *arguments, const struct asked *asked,
                               es_errors *errors) {
    size_t n_before = errors->n;
    for (size_t i = 0; i < arguments->n_given; i++) {
        const char *name = arguments->options[i]->name, *owner = NULL;
        bool again = i > 0 && arguments->options[i - 1] == arguments->options[i];
        for (size_t k = 0; k < N_KINDS; k++)
            owner = owner == NULL && takes(&kinds[k], name) ? kinds[k].word : owner;
        if (owner != NULL && !again && !takes(asked, name))
            es_arguments_mistake(arguments, errors, "--%s belongs to `plot %s`", name, owner);
    }
    return errors->n > n_before ? ES_USAGE : ES_OK;
}

static es_status run(const es_arguments *arguments, es_errors *errors) {
    bool replace = es_arguments_has(arguments, "force");
    const char *flags = es_arguments_has(arguments, "pdf") ? replace ? "force,pdf" : "pdf"
                        : replace                          ? "force"
                                                           : "-";
    const struct asked *asked = NULL;
    for (size_t k = 0; k < N_KINDS; k++)
        if (arguments->n_operands == kinds[k].n_operands &&
            strcmp(arguments->operands[0], kinds[k].word) == 0)
            asked = &kinds[k];
    if (arguments->n_operands > 1 && asked == NULL)
        return es_arguments_mistake(arguments, errors, "'%s' is one word too many behind %s",
                                    arguments->operands[arguments->n_operands - 1],
                                    arguments->n_operands > 2 ? arguments->operands[1]
                                                              : "RESULT.h5");
    es_status status = check_options(arguments, asked, errors);
    if (status != ES_OK)
        return status;
    return asked != NULL ? plot_asked(arguments, asked, flags, errors)
                         : plot_result(arguments, flags, errors);
}

static const es_option options[] = {
    ES_OPTION_OUTPUT("FOLDER", true, "where the figures go"),
    ES_OPTION_FORCE,
    {.name = "pdf", .help = "vector graphics too, a PDF file beside each PNG file"},
    {.name = "granularity",
     .value = "leaf|fused|block",
     .help = "cuts, map: where cuts lie; default: block"},
    {.name = "resolution", .value = "PIXELS", .help = "cuts, map: input height and width"},
    {.name = "quantity", .value = "QUANTITY", .help = "trace: as of `trace show`, like the next"},
    {.name = "format", .value = "FORMAT", .help = "trace: its format"},
    {.name = "option", .value = "NAME=VALUE", .help = "trace: of that format", .repeats = true},
    {.name = "window", .value = "TIME", .help = "trace: of mahimahi"},
    {.name = "model",
     .value = "NAME|FILE",
     .help = "map, profiles: as of `edgesplit map`, like the next"},
    {.name = "device", .value = "PROFILE", .help = "map: of the device"},
    {.name = "server", .value = "PROFILE", .help = "map: of the server"},
    {.name = "rate", .value = "A..B", .help = "map: range of the uplink rate"},
    {.name = "batch", .value = "LIST", .help = "map: images per request"},
    {.name = "load", .value = "LIST", .help = "map: of the server"},
    {.name = "candidates",
     .value = "compressive|natural|single-tensor|all",
     .help = "map: cuts to choose from"},
    {.name = "privacy", .help = "map: the input never leaves the device"},
    {.name = "residual-blocks-only", .help = "map: cuts behind residual blocks only"},
    {.name = "input-bytes", .value = "N", .help = "map: per element of the input"},
    {.name = "feature-bytes", .value = "N", .help = "map: per element of a feature map"},
    {.name = "header", .value = "SIZE", .help = "map: per message"},
    {.name = "delay", .value = "TIME", .help = "map: propagation both ways"},
    {.name = "paper", .help = "map: the networks of the paper"},
    {.name = "profiles", .value = "FOLDER", .help = "map: of --paper"},
    {0},
};

const es_command es_report_plot = {
    .name = "plot",
    .summary =
        "figures of a result, a joined sweep, a network's cuts, a trace, a map or two profiles",
    .notes =
        "Of a result: time series, distribution and tail of the latency, its parts, cuts by rate, "
        "gain by state,\nregret, stations; of a sweep: latency over the variable with the most "
        "values. `plot cuts NETWORK` draws\nwhat crosses each cut of a network of the zoo or a "
        "file, `plot trace FILE` a trace over time with its\noutages, and the distribution of its "
        "values, `plot map` the optimal cut and its gain over rate and batch\nsize or load, `plot "
        "profiles FAST SLOW` the times of each layer against each other. The paths of the\nfigures "
        "are printed.\n"
        "Of a result with several replications distributions, regret, gains and cuts by rate are "
        "of all of them,\neach behind its own warm-up, and figures have the intervals of the "
        "summary; what is drawn over time is\nthe first.\n"
        "The folder is made if it is missing, its parent is not. Python needs matplotlib, numpy "
        "and h5py;\nEDGESPLIT_PYTHON names the interpreter.",
    .operand = "RESULT.h5|CUBE.h5|cuts NETWORK|trace FILE|map|profiles FAST SLOW",
    .least_operands = 1,
    .most_operands = 3,
    .options = options,
    .run = run,
};
