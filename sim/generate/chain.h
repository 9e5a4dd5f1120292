/* A Markov chain in continuous time, which the generators `markov` and `mmpp` have in common. */
#ifndef SIM_GENERATE_CHAIN_H
#define SIM_GENERATE_CHAIN_H

#include "generator.h"

enum { ES_CHAIN_MAX_STATES = 16 };

/* Its options, as rows of a generator's table. */
#define ES_CHAIN_TIMES                                                                             \
    {                                                                                              \
        .form = ES_OPTION_LIST, .name = "times", .dimension = ES_DIM_TIME, .least = 1e-3,          \
        .most = 1e6, .meaning = "the mean time in each state, such as 8s,2s"                       \
    }
#define ES_CHAIN_JUMPS                                                                             \
    {                                                                                              \
        .form = ES_OPTION_LIST, .name = "jumps", .dimension = ES_DIM_RATIO, .most = 1,             \
        .preset = "", .meaning = ""                                                                \
    }

/* Each state lasts an exponentially distributed time and is followed by state j with probability
 * jumps[i][j]. */
typedef struct es_chain {
    size_t n;
    double times_s[ES_CHAIN_MAX_STATES];
    double jumps[ES_CHAIN_MAX_STATES][ES_CHAIN_MAX_STATES];
    double shares[ES_CHAIN_MAX_STATES]; /* of time, in the long run */
} es_chain;

/* Reads a chain of `n` states: times [n], and jumps row by row [n * n], none for equal chances.
 * ES_INVALID with a mistake: other numbers of values, less than 2 states or too many, a state that
 * follows itself, a row that does not add up to 1 (rows are scaled to do so exactly), a state that
 * cannot be reached from each other one. */
ES_NODISCARD es_status es_chain_init(es_chain *chain, es_generation *generation, size_t n,
                                     es_generator_list times, es_generator_list jumps);

/* Draws the first state, and the one behind `state`. */
size_t es_chain_first(const es_chain *chain, gsl_rng *rng);
size_t es_chain_next(const es_chain *chain, size_t state, gsl_rng *rng);

/* Changes of state per second, in the long run. */
double es_chain_rate(const es_chain *chain);

#endif
