#include "chain.h"

#include <gsl/gsl_randist.h>
#include <math.h>

/* A Markov chain in continuous time that holds each of its levels for an exponentially distributed
 * time (Norris, Markov Chains, Cambridge 1997, chapter 2). It begins in a state drawn by its share
 * of time and is stationary. Two states, one of them 0 or slow, are the channel of Gilbert,
 * "Capacity of a burst-noise channel", Bell System Technical Journal 39, 1960, and Elliott,
 * "Estimates of error rates for codes on burst-noise channels", ibid. 42, 1963, with the geometric
 * sojourns of its bits taken to their limit in time. */

enum { LEVELS, TIMES, JUMPS, N_OPTIONS };

static const es_generator_option options[N_OPTIONS] = {
    [LEVELS] = {.form = ES_OPTION_LEVEL_LIST,
                .name = "levels",
                .meaning = "the value in each state, such as 40,2Mbit/s"},
    [TIMES] = ES_CHAIN_TIMES,
    [JUMPS] = ES_CHAIN_JUMPS,
};

/* Sojourns are whole microseconds, at least one. */
#define MICROSECOND INT64_C(1000)

static es_status make(es_generation *generation) {
    const es_generator_list *lists = generation->lists;
    es_chain chain;
    es_status status =
        es_chain_init(&chain, generation, lists[LEVELS].n, lists[TIMES], lists[JUMPS]);
    if (status == ES_OK)
        status = es_generation_expect(generation,
                                      es_time_s(generation->duration) * es_chain_rate(&chain));
    if (status != ES_OK)
        return status;
    gsl_rng *rng = es_rng_create(generation->seed, 0, ES_RNG_TRACE, ES_STREAM_MARKOV);
    if (rng == NULL)
        return ES_NO_MEMORY;
    size_t state = es_chain_first(&chain, rng);
    for (es_time start = 0; start < generation->duration;) {
        es_generation_add(generation, start, lists[LEVELS].values[state]);
        int64_t whole_us = llround(gsl_ran_exponential(rng, chain.times_s[state]) * 1e6);
        start += (whole_us > 0 ? whole_us : 1) * MICROSECOND;
        state = es_chain_next(&chain, state, rng);
    }
    gsl_rng_free(rng);
    return ES_OK;
}

const es_generator es_generator_markov = {
    .name = "markov",
    .makes = ES_GENERATED_LEVELS,
    .n_options = N_OPTIONS,
    .options = options,
    .make = make,
};
