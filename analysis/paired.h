/* Two policies compared: step by step where the same requests met the same states, so that their
 * differences are paired; else by their means. */
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
 * steps behind `warmup_s`. NaN where there is none. */
typedef struct es_deciles {
    double rates_bps[ES_N_DECILES - 1], loads[ES_N_DECILES - 1];
} es_deciles;

/* ES_INVALID, ES_NO_INPUT, ES_NO_MEMORY. At most five passes over two columns. */
ES_NODISCARD es_status es_deciles_find(const es_side *side, double warmup_s, es_deciles *deciles,
                                       es_errors *errors);

/* Latency of the first policy minus that of the second over some of the steps that both
 * completed. */
typedef struct es_effect {
    size_t first_decile, last_decile; /* 1 .. 10; several where a value is that frequent */
    double from, to;                  /* least and largest state in these steps */
    uint64_t n, faster, slower, tied; /* steps; tied: within half a nanosecond, the clock's tick */
    es_interval difference_s;         /* by es_batches; no interval on a grid of states */
} es_effect;

/* Collects the differences of some steps, in their order. Zero-initialise. */
typedef struct es_differences {
    es_effect effect; /* but for its interval */
    es_batches batches;
} es_differences;

void es_differences_add(es_differences *differences, double state, double difference_s);

/* `sampled`: the steps are a series in time, so that their mean has an interval. */
void es_differences_conclude(const es_differences *differences, bool sampled, double confidence,
                             es_effect *effect);

enum { ES_UNPAIRED_TEXT = 256 };
typedef struct es_paired {
    char unpaired[ES_UNPAIRED_TEXT];  /* why their steps are not paired; empty: they are */
    es_interval mean_s[2];            /* unpaired: of the first and the second, 95 % */
    uint64_t only_first, only_second; /* steps that just one of them completed; unpaired: that each
                                         of them completed */
    es_effect all;                    /* 95 % interval; its from .. to mean nothing. Unpaired: n is
                                         0, the difference that of the means, by Welch's method */
    size_t n_rates, n_loads;          /* classes that are not empty */
    es_effect rates[ES_N_DECILES], loads[ES_N_DECILES]; /* intervals that hold with 95 % for all
                                                            classes together (Bonferroni) */
} es_paired;

#define ES_PAIRED_CONFIDENCE 0.95

/* Compares two policies of one file or of two, behind `warmup_s`, in one pass. The classes are by
 * `deciles` of the first one's states. In closed mode, or with another seed, arrival or batch, the
 * steps are not paired: then in two more passes by the means, each with its variance by es_batches,
 * and t of the degrees of freedom of Welch, "The generalization of 'Student's' problem when several
 * different population variances are involved" (1947). ES_INVALID: neither can be done, as the
 * states of a grid differ, or a file is damaged; ES_NO_INPUT, ES_NO_MEMORY. */
ES_NODISCARD es_status es_paired_compare(const es_side *first, const es_side *second,
                                         double warmup_s, const es_deciles *deciles,
                                         es_paired *paired, es_errors *errors);

#endif
