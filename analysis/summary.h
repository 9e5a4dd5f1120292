/* The parts of the report `summary`. */
#ifndef ANALYSIS_SUMMARY_H
#define ANALYSIS_SUMMARY_H

#include "edgesplit/error.h"
#include "edgesplit/table.h"
#include "edgesplit/text.h"
#include "result.h"

#include <stdbool.h>

/* Appends one line per thing that a reader of the figures must know: saturated, unfinished,
 * extrapolated, not measured, broken residuals. */
void es_summary_warnings(const es_result *result, es_text *text);

/* Whether a policy decides anew for every request, by its type. */
bool es_summary_is_adaptive(const es_result *result, size_t policy);

/* Whether a policy sees the future, by its type. */
bool es_summary_is_oracle(const es_result *result, size_t policy);

/* The policy that a result is most likely about: the first that decides per request and does not
 * see the future, else the first. */
size_t es_summary_main_policy(const es_result *result);

/* Characters in a line of a terminal: $COLUMNS where it is set. */
size_t es_line_width(void);

/* Appends the value behind "key: " in a file's provenance, "-" if it has none. */
void es_summary_provenance(const char *provenance, const char *key, es_text *text);

/* Fills the table of the policies: a header with units, and a row for each. End with
 * es_table_fini. */
void es_summary_table(const es_result *result, es_table *table);

/* Appends the table by groups of devices, made of the steps of `path`, the file of `result`;
 * nothing where there is one group, or several replications. O(steps) in constant memory.
 * ES_INVALID: the file is damaged; ES_NO_INPUT, ES_NO_MEMORY. */
ES_NODISCARD es_status es_summary_groups(const es_result *result, const char *path, es_text *text,
                                         es_errors *errors);

/* Appends the whole report for people, for programs, and the table of the policies for
 * spreadsheets. `width`: characters in a line; `groups`: what es_summary_groups has appended, or
 * NULL. */
void es_summary_text(const es_result *result, size_t width, const char *groups, es_text *text);
void es_summary_json(const es_result *result, const char *path, es_text *text);
void es_summary_csv(const es_result *result, es_text *text);
/* The table of the policies for a paper: a tabular of booktabs. */
void es_summary_latex(const es_result *result, es_text *text);

#endif
