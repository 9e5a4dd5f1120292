/* Two policies step by step: the same requests met the same states, so their differences are
 * paired. */
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

typedef struct es_paired {
    uint64_t only_first, only_second; /* steps that just one of them completed */
    es_effect all;                    /* 95 % interval; its from .. to mean nothing */
    size_t n_rates, n_loads;          /* classes that are not empty */
    es_effect rates[ES_N_DECILES], loads[ES_N_DECILES]; /* intervals that hold with 95 % for all
                                                            classes together (Bonferroni) */
} es_paired;

#define ES_PAIRED_CONFIDENCE 0.95

/* Compares two policies of one file or of two, behind `warmup_s`, in one pass. The classes are by
 * `deciles` of the first one's states. ES_INVALID: the two are not paired, being of closed
 * mode or having another seed, arrival or batch (the record says where), or a file is damaged;
 * ES_NO_INPUT, ES_NO_MEMORY. */
ES_NODISCARD es_status es_paired_compare(const es_side *first, const es_side *second,
                                         double warmup_s, const es_deciles *deciles,
                                         es_paired *paired, es_errors *errors);

#endif
