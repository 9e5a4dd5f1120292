#include "generator.h"

#include <gsl/gsl_randist.h>
#include <math.h>

/* Server load that alternates between two levels, each held for an exponentially distributed time:
 * the source of Anick, Mitra and Sondhi, "Stochastic theory of a data-handling system with multiple
 * sources", Bell System Technical Journal 61, 1982. The exponential has no memory, so beginning
 * with the high level in the share of time it has in the long run, high time / (high time + low
 * time), makes the process stationary from its start. */

enum { LOW, HIGH, LOW_TIME, HIGH_TIME, N_OPTIONS };

/* Sojourns are whole microseconds, at least one; means of a millisecond or more keep what that adds
 * below a thousandth. */
#define MICROSECOND INT64_C(1000)
#define LEAST_S     1e-3

static const es_generator_option options[N_OPTIONS] = {
    [LOW] = {ES_OPTION_NUMBER, "low", ES_DIM_RATIO, 0, 1, NULL,
             "the lower level of the load, such as 5%"},
    [HIGH] = {ES_OPTION_NUMBER, "high", ES_DIM_RATIO, 0, 1, NULL,
              "the higher level of the load, such as 75%"},
    [LOW_TIME] = {ES_OPTION_NUMBER, "low-time", ES_DIM_TIME, LEAST_S, 1e6, NULL,
                  "the mean time at the lower level, such as 10s"},
    [HIGH_TIME] = {ES_OPTION_NUMBER, "high-time", ES_DIM_TIME, LEAST_S, 1e6, NULL,
                   "the mean time at the higher level, such as 10s"},
};

static es_status make(es_generation *generation) {
    const double *values = generation->values;
    double samples = 2 * es_time_s(generation->duration) / (values[LOW_TIME] + values[HIGH_TIME]);
    if (!(values[LOW] < values[HIGH]))
        return es_generation_mistake(generation, "--low %g; expected less than --high, %g",
                                     values[LOW], values[HIGH]);
    es_status status = es_generation_expect(generation, samples);
    if (status != ES_OK)
        return status;
    gsl_rng *rng = es_rng_create(generation->seed, 0, ES_RNG_TRACE, ES_STREAM_ON_OFF);
    if (rng == NULL)
        return ES_NO_MEMORY;
    bool is_high =
        gsl_rng_uniform(rng) < values[HIGH_TIME] / (values[LOW_TIME] + values[HIGH_TIME]);
    es_time start = 0;
    while (start < generation->duration) {
        es_generation_add(generation, start, values[is_high ? HIGH : LOW]);
        double sojourn_s = gsl_ran_exponential(rng, values[is_high ? HIGH_TIME : LOW_TIME]);
        int64_t whole_us = llround(sojourn_s * 1e6);
        start += (whole_us > 0 ? whole_us : 1) * MICROSECOND;
        is_high = !is_high;
    }
    gsl_rng_free(rng);
    return ES_OK;
}

const es_generator es_generator_on_off = {
    .name = "on-off",
    .makes = ES_GENERATED_LOAD,
    .n_options = N_OPTIONS,
    .options = options,
    .make = make,
};
