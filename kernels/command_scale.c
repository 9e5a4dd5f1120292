#include "commands.h"
#include "host.h"
#include "scale.h"

#include "edgesplit/log.h"
#include "edgesplit/units.h"

#include <string.h>

static const es_option options[] = {
    {"to", "clock=FREQUENCY", .help = "the clock wanted, e.g. clock=600MHz", .required = true},
    {"model", "NAME|FILE", .help = "the network, if the zoo has none of that name"},
    {"bandwidth", "RATE",
     .help = "one FILE: of the memory, which does not follow the clock, e.g. 616GB/s"},
    ES_OPTION_OUTPUT("FILE", true, "the estimate; FILE with .low and .high in its name: the ends"),
    ES_OPTION_FORCE,
    ES_OPTION_QUIET,
    {0},
};

enum { MOST_PROFILES = 64 };

static es_status parse_numbers(const es_arguments *arguments, es_scaling *how, es_errors *errors) {
    static const char key[] = "clock=";
    const char *to = es_arguments_value(arguments, "to", ""), *expected = "";
    const char *bandwidth = es_arguments_value(arguments, "bandwidth", NULL);
    bool named = strncmp(to, key, sizeof key - 1) == 0;
    const char *clock = named ? to + sizeof key - 1 : "";
    if (!named ||
        es_parse_quantity(es_slice_of(clock), ES_DIM_FREQUENCY, &how->clock_hz, &expected) != ES_OK)
        es_arguments_mistake(arguments, errors, "--to %s: expected clock= and %s", to,
                             expected[0] != '\0' ? expected : "a frequency with its unit");
    else if (!(how->clock_hz > 0))
        es_arguments_mistake(arguments, errors, "--to %s: expected more than 0", to);
    if (bandwidth == NULL)
        return es_errors_status(errors);
    double bps = 0;
    if (es_parse_quantity(es_slice_of(bandwidth), ES_DIM_DATA_RATE, &bps, &expected) != ES_OK)
        es_arguments_mistake(arguments, errors, "--bandwidth %s: expected %s", bandwidth, expected);
    else if (!(bps > 0))
        es_arguments_mistake(arguments, errors, "--bandwidth %s: expected more than 0", bandwidth);
    else if (arguments->n_operands > 1)
        es_arguments_mistake(arguments, errors,
                             "--bandwidth is for one FILE; two or more say themselves what does "
                             "not follow the clock");
    how->bandwidth_bytes_per_s = bps / 8;
    return es_errors_status(errors);
}

/* Creates "x.low.profile" from "x.profile", "x.low" from "x". NULL: out of memory. */
static char *name_end(const char *path, const char *end) {
    static const char suffix[] = ".profile";
    size_t length = strlen(path), n = sizeof suffix - 1;
    bool has = length > n && strcmp(path + length - n, suffix) == 0;
    es_text text = {0};
    es_text_add(&text, "%.*s.%s%s", (int)(has ? length - n : length), path, end, has ? suffix : "");
    if (!text.failed)
        return text.data;
    free(text.data);
    return NULL;
}

/* What the ends are, one line for each batch size with a whole-network time. */
static void print_ends(const es_scaled *scaled) {
    const es_profile *low = es_scaled_profile(scaled, ES_SCALED_LOW);
    const es_profile *high = es_scaled_profile(scaled, ES_SCALED_HIGH);
    const es_profile *estimate = es_scaled_profile(scaled, ES_SCALED_ESTIMATE);
    for (size_t r = 0; r < low->n_rows; r++) {
        if (low->rows[r].kind != ES_PROFILE_WHOLE)
            continue;
        printf("batch %lld: whole %.4f .. %.4f ms", (long long)low->rows[r].batch,
               low->rows[r].median_s * 1e3, high->rows[r].median_s * 1e3);
        if (estimate != NULL)
            printf(", estimate %.4f ms", estimate->rows[r].median_s * 1e3);
        printf("\n");
    }
}

static es_status save(const es_scaled *scaled, const char *const *paths, bool replace,
                      const es_log *log, es_errors *errors) {
    es_status status = ES_OK;
    for (size_t end = 0; status == ES_OK && end < ES_N_SCALED_ENDS; end++)
        if (es_scaled_profile(scaled, (es_scaled_end)end) != NULL)
            status = es_output_check(paths[end], replace, errors);
    for (size_t end = 0; status == ES_OK && end < ES_N_SCALED_ENDS; end++) {
        const es_profile *profile = es_scaled_profile(scaled, (es_scaled_end)end);
        if (profile != NULL)
            status = es_profile_save(profile, paths[end], replace, errors);
        else
            es_log_warning(log,
                           "%s: not written; an estimate needs the network (--model) and a time "
                           "for each of its layers, or a second clock",
                           paths[end]);
    }
    return status;
}

static es_status load_all(const es_arguments *arguments, es_profile **profiles, es_errors *errors) {
    for (size_t i = 0; i < arguments->n_operands; i++)
        if (es_profile_load(arguments->operands[i], &profiles[i], errors) == ES_NO_MEMORY)
            return ES_NO_MEMORY;
    return es_errors_status(errors);
}

static es_status scale(const es_arguments *arguments, es_errors *errors) {
    es_profile *profiles[MOST_PROFILES] = {NULL};
    const es_profile *borrowed[MOST_PROFILES];
    const char *output = es_arguments_value(arguments, "output", "");
    const es_log log = {stderr, es_arguments_has(arguments, "quiet")};
    char date[ES_DATE_TEXT], *low = name_end(output, "low"), *high = name_end(output, "high");
    es_scaling how = {.n = arguments->n_operands, .profiles = borrowed, .date = date};
    es_model *model = NULL;
    es_scaled *scaled = NULL;
    es_host_date(date);
    es_status status = low != NULL && high != NULL ? parse_numbers(arguments, &how, errors)
                                                   : es_errors_no_memory(errors, NULL);
    if (status == ES_OK)
        status = load_all(arguments, profiles, errors);
    for (size_t i = 0; i < how.n; i++)
        borrowed[i] = profiles[i];
    if (status == ES_OK)
        status = es_find_profiled_network(es_arguments_value(arguments, "model", NULL), profiles[0],
                                          &model, errors);
    if (status == ES_OK) {
        how.model = model;
        status = es_profile_scale(&how, &scaled, errors);
    }
    if (status == ES_OK)
        status = save(scaled, (const char *const[]){low, output, high},
                      es_arguments_has(arguments, "force"), &log, errors);
    if (status == ES_OK)
        print_ends(scaled);
    es_scaled_destroy(scaled);
    es_model_destroy(model);
    for (size_t i = 0; i < how.n; i++)
        es_profile_destroy(profiles[i]);
    free(low);
    free(high);
    return status;
}

const es_command es_command_scale = {
    .name = "scale",
    .summary = "estimate times at another clock, with both ends they must lie between",
    .operand = "FILE",
    .least_operands = 1,
    .most_operands = MOST_PROFILES,
    .notes =
        "The ends hold for any time that neither rises with the clock nor falls faster than its "
        "reciprocal. Two or more\nFILEs, measured at different clocks (`# clock: 300MHz`), fit t = "
        "a + b r; one FILE gives a roofline. Run a\nscenario at both ends to see which decisions "
        "hang on it.",
    .options = options,
    .run = scale,
};
