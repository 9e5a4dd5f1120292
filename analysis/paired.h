/* Two policies compared: step by step where the same requests met the same states, so that their
 * differences are paired; else by their means. Steps count where both policies count them, each
 * behind its own warm-up in each replication. Of one replication intervals rest on batch means over
 * its steps, of several on their means: Student's t over the replications. */
#ifndef ANALYSIS_PAIRED_H
#define ANALYSIS_PAIRED_H

#include "edgesplit/error.h"
#include "edgesplit/stats.h"
#include "result.h"

/* A policy of a result file; borrows. */
typedef struct es_side {
    const char *path;
    const es_result *result;
    size_t policy;
} es_side;

enum { ES_N_DECILES = 10 };

/* The nine deciles of the uplink rate and the server load at the decisions of a policy, over its
 * steps behind the warm-up in all replications. NaN where there is none. */
typedef struct es_deciles {
    double rates_bps[ES_N_DECILES - 1], loads[ES_N_DECILES - 1];
} es_deciles;

/* ES_INVALID, ES_NO_INPUT, ES_NO_MEMORY. At most five passes over two columns. */
ES_NODISCARD es_status es_deciles_find(const es_side *side, es_deciles *deciles, es_errors *errors);

/* Latency of the first policy minus that of the second over some of the steps that both
 * completed. */
typedef struct es_effect {
    size_t first_decile, last_decile; /* 1 .. 10; several where a value is that frequent */
    double from, to;                  /* least and largest state in these steps */
    uint64_t n, faster, slower, tied; /* steps; tied: within half a nanosecond, the clock's tick */
    es_interval difference_s; /* by es_batches or over the replications that have such a step; no
                                 interval on a grid of states */
} es_effect;

/* Collects the differences of some steps, in their order, replication by replication.
 * Zero-initialise. */
typedef struct es_differences {
    es_effect effect;   /* but for its interval */
    es_batches batches; /* of the replication in hand */
    es_moments means;   /* of those that were ended, without those that have no such step */
} es_differences;

void es_differences_add(es_differences *differences, double state, double difference_s);

/* Ends a replication: to be called behind each one where there are several. */
void es_differences_end(es_differences *differences);

/* `sampled`: the steps are a series in time, so that their mean has an interval. */
void es_differences_conclude(const es_differences *differences, bool sampled, double confidence,
                             es_effect *effect);

enum { ES_UNPAIRED_TEXT = 256 };
typedef struct es_paired {
    char unpaired[ES_UNPAIRED_TEXT];  /* why their steps are not paired; empty: they are */
    size_t n_replications;            /* that both have; unpaired: of the one that has fewer */
    es_interval mean_s[2];            /* unpaired: of the first and the second, 95 % */
    uint64_t only_first, only_second; /* steps that just one of them completed; unpaired: that each
                                         of them completed */
    es_effect all;                    /* 95 % interval; its from .. to mean nothing. Unpaired: n is
                                         0, the difference that of the means, by Welch's method */
    size_t n_rates, n_loads;          /* classes that are not empty */
    es_effect rates[ES_N_DECILES], loads[ES_N_DECILES]; /* intervals that hold with 95 % for all
                                                            classes together (Bonferroni) */
    size_t n_groups;   /* of the first one's devices; 0: there are not several */
    es_effect *groups; /* [n_groups] likewise; n is 0 where a group has no such step */
} es_paired;

#define ES_PAIRED_CONFIDENCE 0.95

/* Compares two policies of one file or of two, in one pass; of two files in the replications that
 * both have. The classes are by `deciles` of the first one's states. In closed mode, or with
 * another seed, arrival or batch, the steps are not paired: then in two more passes by the means,
 * each with its own interval, and t of the degrees of freedom of Welch, "The generalization of
 * 'Student's' problem when several different population variances are involved" (1947). Creates
 * what `*paired` holds. ES_INVALID: neither can be done, as the states of a grid differ, or a file
 * is damaged; ES_NO_INPUT, ES_NO_MEMORY. */
ES_NODISCARD es_status es_paired_compare(const es_side *first, const es_side *second,
                                         const es_deciles *deciles, es_paired *paired,
                                         es_errors *errors);
void es_paired_fini(es_paired *paired);

#endif
