#include "generator.h"

#include <gsl/gsl_randist.h>

/* Requests of a Poisson process: independent, exponentially distributed times between them
 * (Kingman, Poisson Processes, 1993). Not the gaps but the times are rounded to microseconds, so
 * that the rate stays what it is. */

enum { RATE, N_OPTIONS };

static const es_generator_option options[N_OPTIONS] = {
    [RATE] = {ES_OPTION_NUMBER, "rate", ES_DIM_FREQUENCY, 1e-6, 1e6, NULL,
              "the mean number of requests per time, such as 30/s"},
};

static es_status make(es_generation *generation) {
    double rate_hz = generation->values[RATE], duration_s = es_time_s(generation->duration);
    es_status status = es_generation_expect(generation, rate_hz * duration_s);
    if (status != ES_OK)
        return status;
    gsl_rng *rng = es_rng_create(generation->seed, 0, ES_RNG_TRACE, ES_STREAM_POISSON);
    if (rng == NULL)
        return ES_NO_MEMORY;
    double at_s = gsl_ran_exponential(rng, 1 / rate_hz);
    while (at_s < duration_s) {
        es_generation_add_arrival(generation, at_s);
        at_s += gsl_ran_exponential(rng, 1 / rate_hz);
    }
    gsl_rng_free(rng);
    return ES_OK;
}

const es_generator es_generator_poisson = {
    .name = "poisson",
    .makes = ES_GENERATED_ARRIVALS,
    .n_options = N_OPTIONS,
    .options = options,
    .make = make,
};
