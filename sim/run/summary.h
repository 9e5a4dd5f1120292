/* From the rows of one simulation to its figures (private). */
#ifndef SIM_RUN_SUMMARY_H
#define SIM_RUN_SUMMARY_H

#include "edgesplit/recorder.h"
#include "edgesplit/stats.h"
#include "edgesplit/world.h"

/* Columns whose means over completed requests are reported, besides the latency. */
enum { N_MEANS = 13, N_MEANS_OF_TWO_TIERS = 9 };

/* Where the cuts of each group's devices are counted: as in es_run_record. */
struct cut_places {
    size_t n_groups;
    int32_t end_device[ES_MAX_GROUPS]; /* the first that is no longer the group's */
    size_t first_cut[ES_MAX_GROUPS];
};
struct cut_places cut_places_of(const es_run_record *record);

/* Running totals of one simulation, over the steps behind the warm-up. */
struct tally {
    double warmup_s;
    bool has_cloud;
    const struct cut_places *places;
    uint64_t *cut_counts;       /* [n_cuts] from zero; borrowed, like the next ones */
    double *scratch;            /* [ES_BLOCK_STEPS] */
    uint64_t *exit_counts;      /* [n_exits + 1] likewise; NULL: no network has exits */
    es_batches *batches;        /* the latencies for their batch means; NULL: not wanted */
    uint64_t n_rows, n_skipped; /* all rows; those of the warm-up, which come first */
    uint64_t n_by_status[ES_STEP_PADDING];
    es_moments latency;
    es_sum sums[N_MEANS];
    es_sum accuracy;
    uint64_t n_accurate;          /* requests of networks with exits */
    es_sum unfinished_arrivals_s; /* sum of arrival times of unfinished requests */
    int64_t uplink_bytes, backhaul_bytes;
    double first_arrival_s, last_completion_s;
    double component_residual_s;
};

/* The first row of a block behind the warm-up; n if there is none. */
size_t first_counted(const es_block *block, double warmup_s);

/* Adds a block. O(rows), no allocation. */
void tally_add(struct tally *totals, const es_block *block);

/* Sets the figures that follow from the totals and the world's own, where they are known. */
void tally_figures(const struct tally *totals, const es_world_result *world,
                   double figures[ES_N_SUMMARY]);

/* The quantiles of the latency that are reported, to be fed, and where they go. ES_NO_MEMORY. */
ES_NODISCARD es_status latency_quantiles(es_quantiles **quantiles);
void quantile_figures(const es_quantiles *quantiles, double figures[ES_N_SUMMARY]);

/* Sums over the steps that a policy and its baseline both completed. */
struct pair {
    es_sum ratios, policy, baseline;
    uint64_t n;
};

/* Adds steps [n] of which the policies' latencies stand in rows of ES_BLOCK_STEPS, NaN for those
 * that do not count, to the pairs [policy][baseline]. O(n n_policies^2). */
void add_pairs(size_t n_policies, size_t n, const double *latencies, struct pair *pairs);

#endif
