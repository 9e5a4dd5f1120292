/* From blocks of steps to the figures of a run (private). */
#ifndef SIM_RUN_SUMMARY_H
#define SIM_RUN_SUMMARY_H

#include "edgesplit/recorder.h"
#include "edgesplit/stats.h"
#include "edgesplit/world.h"

/* Columns whose means over completed requests are reported, besides the latency. */
enum { N_MEANS = 9 };

/* Running totals of one policy, over the steps behind the warm-up. */
struct tally {
    double warmup_s;
    uint64_t *cut_counts;       /* [n_cuts]; borrowed */
    double *scratch;            /* [ES_BLOCK_STEPS]; borrowed */
    uint64_t n_rows, n_skipped; /* all rows; those of the warm-up, which come first */
    uint64_t n_by_status[ES_STEP_PADDING];
    es_moments latency;
    es_sum sums[N_MEANS];
    es_sum unfinished_arrivals_s; /* sum of arrival times of unfinished requests */
    int64_t uplink_bytes;
    double first_arrival_s, last_completion_s;
    double component_residual_s;
};

/* The first row of a block behind the warm-up; n if there is none. */
size_t first_counted(const es_block *block, double warmup_s);

/* Adds a block. O(rows), no allocation. */
void tally_add(struct tally *totals, const es_block *block);

/* Fills all figures that follow from the totals and the world's own; quantiles are NaN. */
void tally_figures(const struct tally *totals, const es_world_result *world,
                   double figures[ES_N_SUMMARY]);

/* Reads the latencies of all policies back from a sink and fills quantiles and gains. `n_rows` and
 * `n_skipped` are those of the tallies. ES_IO, ES_NO_MEMORY. */
ES_NODISCARD es_status summarise_latencies(const es_sink_ops *ops, void *sink, size_t n_policies,
                                           const struct tally *tallies, es_summary *summary,
                                           es_errors *errors);

#endif
