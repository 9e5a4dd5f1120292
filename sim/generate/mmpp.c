#include "chain.h"

#include <gsl/gsl_randist.h>

/* Requests of a Markov-modulated Poisson process: Poisson at the rate of the present state of a
 * Markov chain (Fischer and Meier-Hellstern, "The Markov-modulated Poisson process (MMPP)
 * cookbook", Performance Evaluation 18, 1993). The chain begins in a state drawn by its share of
 * time. Since the exponential has no memory, the wait for a request begins anew where the state
 * changes. */

enum { RATES, TIMES, JUMPS, N_OPTIONS };

static const es_generator_option options[N_OPTIONS] = {
    [RATES] = {ES_OPTION_LIST, "rates", ES_DIM_FREQUENCY, 0, 1e6, NULL,
               "the mean number of requests per time in each state, such as 5,100/s"},
    [TIMES] = ES_CHAIN_TIMES,
    [JUMPS] = ES_CHAIN_JUMPS,
};

/* Adds the requests of [start, end) at one rate. */
static void add_requests(es_generation *generation, gsl_rng *rng, double rate_hz, double start_s,
                         double end_s) {
    if (!(rate_hz > 0))
        return;
    double at_s = start_s + gsl_ran_exponential(rng, 1 / rate_hz);
    while (at_s < end_s) {
        es_generation_add_arrival(generation, at_s);
        at_s += gsl_ran_exponential(rng, 1 / rate_hz);
    }
}

static es_status make(es_generation *generation) {
    const es_generator_list *lists = generation->lists;
    double duration_s = es_time_s(generation->duration), rate_hz = 0;
    es_chain chain;
    es_status status =
        es_chain_init(&chain, generation, lists[RATES].n, lists[TIMES], lists[JUMPS]);
    if (status != ES_OK)
        return status;
    for (size_t i = 0; i < chain.n; i++)
        rate_hz += chain.shares[i] * lists[RATES].values[i];
    status = es_generation_expect(generation, duration_s * (rate_hz + es_chain_rate(&chain)));
    if (status != ES_OK)
        return status;
    gsl_rng *rng = es_rng_create(generation->seed, 0, ES_RNG_TRACE, ES_STREAM_MMPP);
    if (rng == NULL)
        return ES_NO_MEMORY;
    size_t state = es_chain_first(&chain, rng);
    for (double start_s = 0; start_s < duration_s;) {
        double end_s = start_s + gsl_ran_exponential(rng, chain.times_s[state]);
        add_requests(generation, rng, lists[RATES].values[state], start_s,
                     end_s < duration_s ? end_s : duration_s);
        start_s = end_s;
        state = es_chain_next(&chain, state, rng);
    }
    gsl_rng_free(rng);
    return ES_OK;
}

const es_generator es_generator_mmpp = {
    .name = "mmpp",
    .makes = ES_GENERATED_ARRIVALS,
    .n_options = N_OPTIONS,
    .options = options,
    .make = make,
};
