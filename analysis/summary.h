/* The parts of the report `summary`. */
#ifndef ANALYSIS_SUMMARY_H
#define ANALYSIS_SUMMARY_H

#include "edgesplit/error.h"
#include "edgesplit/options.h"
#include "edgesplit/table.h"
#include "edgesplit/text.h"
#include "groups.h"
#include "joined.h"
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

/* The number behind --replication, 0 without it. ES_USAGE: the result has no such replication. */
ES_NODISCARD es_status es_choose_replication(const es_arguments *arguments, const es_result *result,
                                             size_t *replication, es_errors *errors);

/* Characters in a line of a terminal: $COLUMNS where it is set. */
size_t es_line_width(void);

/* Appends the value behind "key: " in a file's provenance, "-" if it has none. */
void es_summary_provenance(const char *provenance, const char *key, es_text *text);

/* Fills the table of the policies: a header with units, and a row for each. End with
 * es_table_fini. */
void es_summary_table(const es_result *result, es_table *table);

/* Appends the tables by groups of devices. */
void es_summary_groups(const es_result *result, const es_groups *groups, es_text *text);

/* Appends the whole report for people, for programs, and the table of the policies for
 * spreadsheets. `width`: characters in a line; `groups`: NULL where there are not several. */
void es_summary_text(const es_result *result, size_t width, const es_groups *groups, es_text *text);
void es_summary_json(const es_result *result, const char *path, const es_groups *groups,
                     es_text *text);
void es_summary_csv(const es_result *result, es_text *text);
/* Appends the report on a joined sweep for people. */
void es_summary_sweep(const es_joined *joined, es_text *text);
/* The table of the policies for a paper: a tabular of booktabs. */
void es_summary_latex(const es_result *result, es_text *text);

#endif
