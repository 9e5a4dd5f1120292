/* edgesplit trace */
#include "commands.h"

#include "edgesplit/file.h"
#include "edgesplit/generate.h"

#include <string.h>

static const es_option make_options[] = {
    ES_OPTION_OUTPUT("FILE", false, "the trace; default: stdout"),
    ES_OPTION_FORCE,
    {"seed", "N", .help = "the name of the random numbers"},
    {"duration", "TIME", .help = "length of the trace"},
    {"quantity", "QUANTITY", .help = "bandwidth (default), load, latency or jobs, of any level"},
    {"step", "TIME", .help = "time between samples; default: 100ms"},
    {"level", "LEVEL", .help = "constant: its value"},
    {"levels", "LEVELS", .help = "steps, markov: the values, such as 40,5Mbit/s"},
    {"times", "TIMES", .help = "steps: of each level; markov, mmpp: mean time in each state"},
    {"jumps", "RATIOS", .help = "markov, mmpp: which state follows which, row by row"},
    {"mean", "LEVEL", .help = "mean; gauss-markov: before the minimum cuts"},
    {"deviation", "RATE", .help = "gauss-markov: standard deviation, before the minimum cuts"},
    {"cv", "RATIO", .help = "lognormal-ar1: standard deviation over mean"},
    {"correlation-time", "TIME", .help = "gauss-markov, lognormal-ar1: where correlation is 1/e"},
    {"minimum", "RATE", .help = "gauss-markov: lower values become this one; default: 0bit/s"},
    {"up-time", "TIME", .help = "gauss-markov: mean time between outages; default: no outages"},
    {"down-time", "TIME", .help = "gauss-markov: mean length of an outage"},
    {"amplitude", "LEVEL", .help = "sine: how far it swings from its mean"},
    {"period", "TIME", .help = "sine, diurnal: length of a swing; default of diurnal: 24h"},
    {"phase", "TIME", .help = "sine: how far into a swing it begins; default: 0s"},
    {"swing", "RATIO", .help = "diurnal: how far it swings, as a share of its mean"},
    {"peak", "TIME", .help = "diurnal: when the pattern is highest; default: 0s"},
    {"burst-every", "TIME", .help = "diurnal: mean time between bursts; default: no bursts"},
    {"burst-length", "TIME", .help = "diurnal: mean length of a burst"},
    {"burst-height", "LEVEL", .help = "diurnal: what a burst adds"},
    {"low", "LOAD", .help = "on-off: lower level"},
    {"high", "LOAD", .help = "on-off: higher level"},
    {"low-time", "TIME", .help = "on-off: mean time at the lower level"},
    {"high-time", "TIME", .help = "on-off: mean time at the higher level"},
    {"rate", "FREQUENCY", .help = "poisson: mean number of requests per time"},
    {"rates", "FREQUENCIES", .help = "mmpp: the same in each state, such as 5,100/s"},
    {"batch", "N", .help = "poisson, mmpp: images in a request; default: 1"},
    {"deadline", "TIME", .help = "poisson, mmpp: of a request; default: none"},
    {0},
};
enum { N_MAKE_OPTIONS = sizeof make_options / sizeof make_options[0] };

/* What was given to the generator: every option but those about the file. */
static size_t collect_settings(const es_arguments *arguments, es_generator_setting *settings) {
    size_t n = 0;
    for (size_t i = 0; i < arguments->n_given; i++) {
        const char *name = arguments->options[i]->name;
        if (strcmp(name, "output") != 0 && strcmp(name, "force") != 0)
            settings[n++] = (es_generator_setting){name, arguments->values[i]};
    }
    return n;
}

static es_status make(const es_arguments *arguments, es_errors *errors) {
    es_generator_setting given[N_MAKE_OPTIONS];
    size_t n_given = collect_settings(arguments, given);
    const char *output = es_arguments_value(arguments, "output", NULL);
    es_text csv = {0};
    es_status status = es_generate(arguments->operands[0], n_given, given, &csv, errors);
    if (status == ES_OK && output != NULL) {
        status = es_file_write(output, csv.data, csv.length, es_arguments_has(arguments, "force"),
                               errors);
        if (status == ES_OK)
            puts(output);
    } else if (status == ES_OK) {
        fwrite(csv.data, 1, csv.length, stdout);
    }
    free(csv.data);
    return status;
}

const es_command command_trace_make = {
    .group = "trace",
    .name = "make",
    .summary = "make a synthetic trace; `edgesplit list generators`",
    .operand = "GENERATOR",
    .least_operands = 1,
    .most_operands = 1,
    .options = make_options,
    .run = make,
};
