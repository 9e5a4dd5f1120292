/* What a report shows of the per-step table, collected in one pass over it and a second one over
 * the latencies, in memory that does not grow with the steps: time series of the first replication,
 * distributions and differences of all of them, each behind its own warm-up. */
#ifndef ANALYSIS_REPORT_STEPS_H
#define ANALYSIS_REPORT_STEPS_H

#include "chart.h"
#include "paired.h"

enum { ES_SERIES_COLUMNS = 4096, ES_CURVE_BINS = 512 };

/* Of a policy. */
typedef struct es_policy_steps {
    es_extent latency_s[ES_SERIES_COLUMNS]; /* over time */
    uint32_t *choices; /* [n_cuts][ES_SERIES_COLUMNS] steps that chose the cut; NULL unless asked
                          for */
    uint64_t n_counted, n_completed;     /* behind the warm-up */
    uint64_t at_most[ES_CURVE_BINS + 1]; /* steps that took at most the axis' value */
    es_differences differences;          /* latency of the reference minus this one's */
    uint64_t only_reference, only_this;  /* steps that just one of them completed */
    size_t *first_counted;               /* [n_replications] step */
} es_policy_steps;

typedef struct es_report_steps {
    double end_s;  /* of the time axis: the last arrival */
    uint64_t most; /* steps in the fullest column */
    es_extent rate_bps[ES_SERIES_COLUMNS], load[ES_SERIES_COLUMNS];
    es_axis latency_s; /* holds every latency behind the warm-up */
    size_t n_policies;
    es_policy_steps *policies; /* [n_policies] */
} es_report_steps;

/* Reads the steps of a result but those of a grid's time, which has none. `reference` is the policy
 * that the others are compared with; `is_shown` [n_policies] those whose choices are wanted.
 * Creates
 * `*steps`. ES_INVALID: the file is damaged; ES_NO_INPUT, ES_NO_MEMORY. */
ES_NODISCARD es_status es_report_steps_read(const char *path, const es_result *result,
                                            size_t reference, const bool *is_shown,
                                            es_report_steps **steps, es_errors *errors);
void es_report_steps_destroy(es_report_steps *steps);

/* The share of the steps that arrived which took at most the value of bin edge i of the axis; and
 * that value. */
double es_report_curve_share(const es_policy_steps *policy, size_t edge);
double es_report_curve_latency(const es_report_steps *steps, size_t edge);

#endif
