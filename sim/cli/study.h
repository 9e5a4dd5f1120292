/* What the commands about scenarios and studies share (private). */
#ifndef SIM_CLI_STUDY_H
#define SIM_CLI_STUDY_H

#include "edgesplit/options.h"
#include "edgesplit/study.h"

#include <signal.h>

#define OPTION_SET                                                                                 \
    {                                                                                              \
        .name = "set", .value = "SECTION.KEY=VALUE",                                               \
        .help = "replace a value of the file; with nothing behind =, take the key away",           \
        .letter = 's', .repeats = true                                                             \
    }
#define OPTION_CONFIG                                                                              \
    { .name = "config", .value = "NAME", .help = "the variant [config NAME]", .letter = 'c' }
#define OPTION_RUNS                                                                                \
    {                                                                                              \
        .name = "runs", .value = "LIST",                                                           \
        .help = "of the runs that the file expands into, \"0..3,7\"; default: all", .letter = 'r'  \
    }
#define OPTION_FILTER                                                                              \
    { .name = "filter", .value = "EXPRESSION", .help = "only runs it holds for: \"$rate > 4\"" }
#define OPTION_MAX_RUNS                                                                            \
    { .name = "max-runs", .value = "N", .help = "most runs to expand into; default: 100000" }

#define OPTION_MIXED                                                                               \
    {                                                                                              \
        .name = "mixed-programs",                                                                  \
        .help = "go on although runs of the folder were done by another program or version"        \
    }

#define OPTION_THREADS                                                                             \
    {                                                                                              \
        .name = "jobs", .value = "N",                                                              \
        .help = "threads, which change nothing but the time it takes; default: one for each "      \
                "processor",                                                                       \
        .letter = 'j'                                                                              \
    }

/* A study with the runs that were asked for. */
struct chosen_study {
    es_study_source source;
    es_study *study;
    es_study_filter *filter; /* NULL without */
    size_t n, capacity;
    size_t *runs; /* [n] ascending */
};

/* Loads the study at `path` as the five options above say, all of which the command has.
 * ES_USAGE: among others, no run is left. End with study_close in any case. */
ES_NODISCARD es_status study_open(const es_arguments *arguments, const char *path,
                                  struct chosen_study *chosen, es_errors *errors);
void study_close(struct chosen_study *chosen);

/* Reads an option's whole number from `least`; leaves `*count` alone without the option. ES_USAGE.
 */
ES_NODISCARD es_status read_count(const es_arguments *arguments, const char *option, size_t least,
                                  size_t *count, es_errors *errors);

/* How many there are to run on. */
size_t n_processors(void);

/* Makes signals that ask for an end be counted, unless the caller had them ignored (nohup), and
 * output that cannot be written an error. Lends the count. */
const volatile sig_atomic_t *handle_signals(void);

#endif
