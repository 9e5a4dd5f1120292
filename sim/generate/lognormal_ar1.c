#include "generator.h"

#include <gsl/gsl_randist.h>
#include <math.h>

/* exp(mu + sigma y) with y a standard normal first-order autoregression on fixed steps, y' = r y +
 * sqrt(1 - r^2) z. The moments of the log-normal (Aitchison and Brown, The Lognormal Distribution,
 * 1957) give sigma^2 = ln(1 + cv^2) and mu = ln(mean) - sigma^2 / 2. If the logarithms are
 * correlated by c, the values are by (exp(sigma^2 c) - 1) / (exp(sigma^2) - 1): Matalas,
 * "Mathematical assessment of synthetic hydrology", Water Resources Research 3, 1967. The
 * correlation time is that of the values, at which this is 1/e; hence the logarithms have the
 * correlation ln(1 + cv^2 / e) / ln(1 + cv^2) there. Values beyond the range of the quantity, such
 * as loads above 1, are cut. */

enum { STEP, MEAN, CV, CORRELATION_TIME, N_OPTIONS };

static const es_generator_option options[N_OPTIONS] = {
    [STEP] = {ES_OPTION_NUMBER, "step", ES_DIM_TIME, 1e-6, 1e6, "100ms", ""},
    [MEAN] = {.form = ES_OPTION_LEVEL, .name = "mean", .meaning = "the mean, such as 12Mbit/s"},
    [CV] = {ES_OPTION_NUMBER, "cv", ES_DIM_RATIO, 1e-6, 100, NULL,
            "the standard deviation over the mean, such as 0.6"},
    [CORRELATION_TIME] = {ES_OPTION_NUMBER, "correlation-time", ES_DIM_TIME, 1e-6, 1e6, NULL,
                          "the lag at which the correlation is 1/e, such as 5s"},
};

static es_status make(es_generation *generation) {
    const double *values = generation->values;
    es_time step;
    es_status status = es_generation_set_step(generation, values[STEP], &step);
    if (status != ES_OK)
        return status;
    if (!(values[MEAN] > 0))
        return es_generation_mistake(generation, "--mean is 0; expected more");
    gsl_rng *rng = es_rng_create(generation->seed, 0, ES_RNG_TRACE, ES_STREAM_LOGNORMAL_AR1);
    if (rng == NULL)
        return ES_NO_MEMORY;
    double square = values[CV] * values[CV], variance = log1p(square), sigma = sqrt(variance);
    double mu = log(values[MEAN]) - variance / 2;
    double at_correlation_time = log1p(square / exp(1.0)) / variance;
    double log_r = log(at_correlation_time) * values[STEP] / values[CORRELATION_TIME];
    double r = exp(log_r), noise = sqrt(-expm1(2 * log_r));
    double y = gsl_ran_gaussian(rng, 1);
    for (es_time start = 0; start < generation->duration; start += step) {
        es_generation_add(generation, start, exp(mu + sigma * y));
        y = r * y + gsl_ran_gaussian(rng, noise);
    }
    gsl_rng_free(rng);
    return ES_OK;
}

const es_generator es_generator_lognormal_ar1 = {
    .name = "lognormal-ar1",
    .makes = ES_GENERATED_LEVELS,
    .n_options = N_OPTIONS,
    .options = options,
    .make = make,
};
