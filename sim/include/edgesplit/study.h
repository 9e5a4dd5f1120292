/* A study: an INI file that stands for many runs. It expands into runs and knows no word of what
 * they are about.
 *
 *     rate = ${rate=1, 2, 5..10 step 2}Mbit/s   a variable: the file is run with each of its values
 *     trace = ${glob("traces/walk-?.csv")}      files, in the order of their names
 *     scale = ${x=log(1..1000, n=7)}            n values, equally spaced on a logarithmic scale
 *     load = ${load=0.2, 0.3 ! rate}            in step with `rate`: its i-th value goes with
 * rate's title = $rate Mbit/s, ${repetition}       their values; "$$" is a dollar sign
 *
 *     [sweep]
 *     constraint = $rate * 4 >= $load || $repetition == 0
 *     repeat = 10                     runs of every combination; ${repetition} counts from 0
 *     seed-set = ${repetition}        which random numbers a run gets; this is the default
 *
 * A variable without a name is called as its key is, "uplink.rate". Values are texts: separated by
 * commas, as they are written; a range or log() gives the shortest text of each number, and "..."
 * in quotes is taken literally. Variables are nested in the order of the file, the last one
 * changing fastest, repetitions inside of all. Variants `[config NAME]` are those of ini.h. */
#ifndef EDGESPLIT_STUDY_H
#define EDGESPLIT_STUDY_H

#include "edgesplit/ini.h"

#include <stdint.h>

typedef struct es_study es_study;
typedef struct es_study_filter es_study_filter;

/* Where a study comes from, and how large it may get. */
typedef struct es_study_source {
    const char *path;
    const char *config; /* of [config NAME]; NULL: none */
    size_t n_overrides;
    const char *const *overrides; /* "section.key=value" */
    size_t max_runs;              /* 0: ES_STUDY_MAX_RUNS */
} es_study_source;
enum { ES_STUDY_MAX_RUNS = 100000 };

/* A variable [n_values] with its texts. */
typedef struct es_study_variable {
    char *name;
    size_t n_values;
    char **values;
    double *numbers; /* what the texts are as numbers; NaN where one is none */
    size_t leader;   /* the variable it is in step with; its own index if it is free */
} es_study_variable;

/* Reads a study. Creates `*study`. ES_NO_INPUT, ES_USAGE (an override, the config), ES_INVALID: one
 * record per mistake, no run at all, more than `max_runs`; ES_NO_MEMORY. O(combinations). */
ES_NODISCARD es_status es_study_load(const es_study_source *source, es_study **study,
                                     es_errors *errors);
void es_study_destroy(es_study *study);

size_t es_study_n_runs(const es_study *study);

/* Lends the variables [*n] in the order of nesting. */
const es_study_variable *es_study_variables(const es_study *study, size_t *n);

/* A place where a variable, with a text behind it, is the whole value of a key:
 * "rate = ${rate=1, 2}Mbit/s". */
typedef struct es_study_use {
    const char *section, *key; /* the section's kind; lent */
    es_slice behind;           /* "Mbit/s", lent */
} es_study_use;

/* The i-th such place of a variable in the order of the file; false if there are not so many. */
bool es_study_find_use(const es_study *study, size_t variable, size_t i, es_study_use *use);

/* Which value of a variable a run has, and which repetition it is. */
size_t es_study_value(const es_study *study, size_t run, size_t variable);
size_t es_study_repetition(const es_study *study, size_t run);
size_t es_study_n_repetitions(const es_study *study);

/* Appends "rate=5, load=0.2, repetition=0"; repetitions only where there are several. */
void es_study_label(const es_study *study, size_t run, es_text *text);

/* Creates the file that one run is: every ${...} replaced, no [sweep]; and its seed set, >= 0.
 * ES_INVALID: the seed set is no whole number; ES_NO_MEMORY. O(size of the file). */
ES_NODISCARD es_status es_study_expand(const es_study *study, size_t run, es_ini **ini,
                                       int64_t *seed_set, es_errors *errors);

/* An expression over variables, as a constraint is one: + - * / % == != < <= > >= && || ! ( ),
 * numbers, "texts", $variables and $repetition. Comparisons of a text are of texts. Creates
 * `*filter`, for this study only. ES_USAGE, ES_NO_MEMORY. */
ES_NODISCARD es_status es_study_filter_create(const es_study *study, const char *expression,
                                              es_study_filter **filter, es_errors *errors);
void es_study_filter_destroy(es_study_filter *filter);

/* Whether a run passes. ES_USAGE: the expression has no meaning for its values. */
ES_NODISCARD es_status es_study_matches(const es_study *study, const es_study_filter *filter,
                                        size_t run, bool *matches, es_errors *errors);

#endif
