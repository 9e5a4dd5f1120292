/* The parts of the report `report`. */
#ifndef ANALYSIS_REPORT_H
#define ANALYSIS_REPORT_H

#include "groups.h"
#include "report_steps.h"

/* What the page of a run is made of. */
typedef struct es_run_report {
    const char *path;
    const es_result *result;
    es_report_steps *steps;   /* NULL: there is no step, or no policy */
    size_t best, next;        /* least mean latencies of the policies that may win; `next` is `best`
                                 where there is no other */
    size_t n_rivals;          /* policies that may win */
    size_t n_shown, shown[8]; /* policies in the figures, in the file's order */
    es_paired *paired;        /* [n_policies] `best` against each */
    es_groups *groups;        /* NULL: there are not several groups of devices */
} es_run_report;

/* Reads what there is to show. End with es_run_report_fini in any case. ES_INVALID: the file is
 * damaged; ES_NO_INPUT, ES_NO_MEMORY. */
ES_NODISCARD es_status es_run_report_init(es_run_report *report, const char *path,
                                          const es_result *result, es_errors *errors);
void es_run_report_fini(es_run_report *report);

/* Whether a policy may be named the winner: it does not see the future, was not stopped and has
 * completed something. */
bool es_run_report_may_win(const es_result *result, size_t policy);

/* Append the sentence that says who wins; and one for each other policy, a line each. */
void es_run_report_verdict(const es_run_report *report, es_text *text);
void es_run_report_comparisons(const es_run_report *report, es_text *text);

/* Appends what a reader has to know before believing a figure, a line each. */
void es_run_report_notes(const es_result *result, es_text *text);

/* Append the sections with figures. */
void es_run_report_series(const es_run_report *report, es_text *text);
void es_run_report_curves(const es_run_report *report, es_text *text);
void es_run_report_parts(const es_run_report *report, es_text *text);
void es_run_report_cuts(const es_run_report *report, es_text *text);

/* Appends the section with the choices over a grid of states, if the run is one. ES_INVALID: the
 * file is damaged; ES_NO_INPUT, ES_NO_MEMORY. */
ES_NODISCARD es_status es_run_report_map(const es_run_report *report, es_text *text,
                                         es_errors *errors);

/* Appends the whole page of a run. ES_INTERNAL. */
ES_NODISCARD es_status es_run_report_page(const es_run_report *report, es_text *text,
                                          es_errors *errors);

/* Appends the whole page of a joined sweep. ES_INVALID: it is damaged; ES_NO_INPUT, ES_NO_MEMORY,
 * ES_INTERNAL. */
ES_NODISCARD es_status es_sweep_report_page(const char *path, es_text *text, es_errors *errors);

#endif
