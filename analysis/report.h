/* A report: something to read, made of one result file. One file NAME.c and one line of report.def
 * each. */
#ifndef ANALYSIS_REPORT_H
#define ANALYSIS_REPORT_H

#include "edgesplit/error.h"

enum { ES_REPORT_OPTIONS = 4 };

typedef struct es_report_option {
    const char *name;  /* "--name", never abbreviated */
    char letter;       /* "-n"; 0: none */
    const char *value; /* what its value is called in the help; NULL: it has none */
    const char *help;
} es_report_option;

/* What was typed behind the report's name. Texts are the command line's. */
typedef struct es_report_arguments {
    const char *result; /* path of the result file */
    /* As ops->options; NULL: not given; "" for options without a value. */
    const char *values[ES_REPORT_OPTIONS];
} es_report_arguments;

typedef struct es_report {
    const char *name, *summary;
    const char *notes; /* further lines of its help; may be NULL */
    size_t n_options;
    es_report_option options[ES_REPORT_OPTIONS]; /* [n_options] */
    /* Prints to stdout. Any status, with a record in `errors`. */
    es_status (*run)(const es_report_arguments *arguments, es_errors *errors);
} es_report;

#endif
