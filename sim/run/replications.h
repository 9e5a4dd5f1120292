/* From the figures of every simulation to the summary of a run (private). */
#ifndef SIM_RUN_REPLICATIONS_H
#define SIM_RUN_REPLICATIONS_H

#include "summary.h"

#include "edgesplit/scenario.h"

/* Replications that a rule for stopping looks at first. */
enum { ES_LEAST_REPLICATIONS = 5 };

/* When replications are enough: `ci(FIGURE) < SHARE`. */
struct stop_rule {
    bool wanted;
    es_summary_figure figure;
    double share; /* of the half width in the mean, 0 .. 1 */
};

/* Reads [scenario] stop_when and checks it against `replications`. ES_INVALID. */
ES_NODISCARD es_status stop_rule_of(const es_scenario *scenario, struct stop_rule *rule,
                                    es_errors *errors);

/* What simulations add up to. They are added replication by replication, policy by policy. */
struct results {
    size_t n_policies, n_cuts, n_stations, n_most;               /* replications at most */
    size_t n_ends;                                               /* as in struct setting */
    es_summary summary;                                          /* its arrays */
    es_sum *cut_share, *exit_share, *utilisation, *queue_length; /* as in the summary */
    es_moments *gain_mean_of_ratios, *gain_ratio_of_means;       /* [policy][baseline] */
    struct pair *pairs;                                          /* the same, of one replication */
};

/* Creates what it holds, for the run of a record. ES_NO_MEMORY; end it also then. */
ES_NODISCARD es_status results_init(struct results *results, const es_run_record *record);
void results_fini(struct results *results);

/* The figures of a simulation, which are in the summary. */
double *results_figures(struct results *results, size_t replication, size_t policy);

/* Adds what a simulation came to besides its figures. */
void results_add(struct results *results, size_t replication, size_t policy,
                 const struct tally *tally, const es_world_result *world);

/* Adds the gains that `pairs` came to in a replication, and clears these. */
void results_add_gains(struct results *results);

/* Fills the summary of the replications so far. `batches` [policy] are the latencies of the only
 * one; NULL where there may be several. */
void results_summarise(struct results *results, size_t n_replications, const es_batches *batches);

/* Whether the figure of every policy is known well enough; the summary has to be filled. */
bool results_suffice(const struct results *results, const struct stop_rule *rule);

#endif
