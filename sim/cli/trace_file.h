/* Options of the commands that read a trace (private). */
#ifndef SIM_CLI_TRACE_FILE_H
#define SIM_CLI_TRACE_FILE_H

#include "edgesplit/options.h"
#include "edgesplit/trace.h"

#define TRACE_FILE_OPTIONS                                                                         \
    {"quantity", "QUANTITY", .help = "what to read, where the format holds several"},              \
        {"format", "FORMAT", .help = "of the trace; default: as its content says"}, {              \
        "option", "NAME=VALUE", .help = "of that format", .repeats = true                          \
    }
#define TRACE_FILE_WINDOW(otherwise)                                                               \
    {                                                                                              \
        "window", "TIME",                                                                          \
            .help = "mahimahi: count opportunities in windows of this length; 0s: each by "        \
                    "itself; default: " otherwise                                                  \
    }

/* What they say. */
typedef struct trace_file {
    es_trace_options read; /* its texts are borrowed from the command line, and from: */
    es_text settings;
} trace_file;

/* `window`: what that is unless given; NULL: the command has no such option. ES_USAGE with a record
 * for each mistake, ES_NO_MEMORY. End with trace_file_fini in any case. */
es_status trace_file_parse(const es_arguments *arguments, const char *window, trace_file *file,
                           es_errors *errors);
void trace_file_fini(trace_file *file);

/* The time that an option gives, `otherwise` without it; a mistake is recorded. */
es_time trace_file_time(const es_arguments *arguments, const char *name, const char *otherwise,
                        es_errors *errors);

/* Which of two statuses of several files a command ends with: that with the larger exit code. */
es_status worse_status(es_status a, es_status b);

#endif
