/* The parts of the report `summary`. */
#ifndef ANALYSIS_SUMMARY_H
#define ANALYSIS_SUMMARY_H

#include "edgesplit/text.h"
#include "result.h"

#include <stdbool.h>

/* Appends one line per thing that a reader of the figures must know: saturated, unfinished,
 * extrapolated, not measured, broken residuals. */
void es_summary_warnings(const es_result *result, es_text *text);

/* Whether a policy decides anew for every request, by its type. */
bool es_summary_is_adaptive(const es_result *result, size_t policy);

/* Appends the value behind "key: " in a file's provenance, "-" if it has none. */
void es_summary_provenance(const char *provenance, const char *key, es_text *text);

/* Appends the whole report for people, for programs, and the table of the policies for
 * spreadsheets. `width`: characters in a line. */
void es_summary_text(const es_result *result, size_t width, es_text *text);
void es_summary_json(const es_result *result, const char *path, es_text *text);
void es_summary_csv(const es_result *result, es_text *text);

#endif
