#include "generator.h"

#include <gsl/gsl_randist.h>
#include <math.h>

/* Bandwidth as a stationary first-order Gauss-Markov process, the Ornstein-Uhlenbeck process on
 * fixed steps: x' = mean + rho (x - mean) + deviation sqrt(1 - rho^2) z with rho = exp(-step /
 * correlation time) and z standard normal. This update is exact, so that the step shows in no
 * statistic. Sources: Uhlenbeck and Ornstein, "On the theory of the Brownian motion", Phys. Rev.
 * 36, 1930; the update is eq. 1.9 of Gillespie, "Exact numerical simulation of the
 * Ornstein-Uhlenbeck process and its integral", Phys. Rev. E 54, 1996.
 *
 * Values below the minimum are printed as the minimum, while x itself goes on undisturbed.
 * Reflecting would change the law of x and turn the depth of a fade into speed; clamping leaves x
 * Gaussian, with the correlation that was asked for, and a fade is a time at the lowest rate, as on
 * a link whose coding has reached its most robust step. The share of that time is Phi((minimum -
 * mean) / deviation).
 *
 * Outages are the two-state Markov chain of Gilbert, "Capacity of a burst-noise channel", Bell
 * System Technical Journal 39, 1960: in each step an up link goes down with probability step / up
 * time, and a down link up with step / down time, hence sojourns are geometric with these very
 * means. They draw from a stream of their own: x is the same with and without them. */

enum { STEP, MEAN, DEVIATION, CORRELATION_TIME, MINIMUM, UP_TIME, DOWN_TIME, N_OPTIONS };

/* 10 Tbit/s: no draw of a 53-bit generator is 9 deviations off, so values stay far inside the
 * range of a rate. */
#define MOST_BPS 1e13

static const es_generator_option options[N_OPTIONS] = {
    [STEP] = {ES_OPTION_NUMBER, "step", ES_DIM_TIME, 1e-6, 1e6, "100ms", ""},
    [MEAN] = {ES_OPTION_NUMBER, "mean", ES_DIM_DATA_RATE, 1e3, MOST_BPS, NULL,
              "the mean bandwidth, such as 12Mbit/s"},
    [DEVIATION] = {ES_OPTION_NUMBER, "deviation", ES_DIM_DATA_RATE, 0, MOST_BPS, NULL,
                   "the standard deviation of the bandwidth, such as 8Mbit/s"},
    [CORRELATION_TIME] = {ES_OPTION_NUMBER, "correlation-time", ES_DIM_TIME, 1e-6, 1e6, NULL,
                          "the lag at which the correlation of the bandwidth is 1/e, such as 5s"},
    [MINIMUM] = {ES_OPTION_NUMBER, "minimum", ES_DIM_DATA_RATE, 0, MOST_BPS, "0bit/s", ""},
    [UP_TIME] = {ES_OPTION_NUMBER, "up-time", ES_DIM_TIME, 1e-6, 1e6, "", ""},
    [DOWN_TIME] = {ES_OPTION_NUMBER, "down-time", ES_DIM_TIME, 1e-6, 1e6, "", ""},
};

static es_status check(es_generation *generation) {
    const double *values = generation->values;
    bool has_up = !isnan(values[UP_TIME]), has_down = !isnan(values[DOWN_TIME]);
    if (has_up != has_down)
        return es_generation_mistake(generation, "--%s without --%s; outages need both",
                                     has_up ? "up-time" : "down-time",
                                     has_up ? "down-time" : "up-time");
    if (values[UP_TIME] < values[STEP] || values[DOWN_TIME] < values[STEP])
        return es_generation_mistake(generation,
                                     "--up-time or --down-time is shorter than --step, %g s; "
                                     "expected at least one step",
                                     values[STEP]);
    return ES_OK;
}

static void walk(es_generation *generation, es_time step, gsl_rng *normals, gsl_rng *outages) {
    const double *values = generation->values;
    double steps = values[STEP] / values[CORRELATION_TIME];
    double rho = exp(-steps), noise_bps = values[DEVIATION] * sqrt(-expm1(-2 * steps));
    double part_bps = generation->unit / ES_GENERATOR_VALUE_PARTS;
    double floor_bps = ceil(values[MINIMUM] / part_bps) * part_bps;
    double up_s = values[UP_TIME], down_s = values[DOWN_TIME];
    bool has_outages = !isnan(up_s);
    bool is_up = !has_outages || gsl_rng_uniform(outages) < up_s / (up_s + down_s);
    double x_bps = gsl_ran_gaussian(normals, values[DEVIATION]);
    for (es_time start = 0; start < generation->duration; start += step) {
        double value = fmax(values[MEAN] + x_bps, floor_bps);
        es_generation_add(generation, start, is_up ? value : 0);
        x_bps = rho * x_bps + gsl_ran_gaussian(normals, noise_bps);
        if (has_outages && gsl_rng_uniform(outages) < values[STEP] / (is_up ? up_s : down_s))
            is_up = !is_up;
    }
}

static es_status make(es_generation *generation) {
    es_time step;
    es_status status = es_generation_set_step(generation, generation->values[STEP], &step);
    if (status == ES_OK)
        status = check(generation);
    if (status != ES_OK)
        return status;
    gsl_rng *normals = es_rng_create(generation->seed, 0, ES_RNG_TRACE, ES_STREAM_GAUSS_MARKOV);
    gsl_rng *outages = es_rng_create(generation->seed, 0, ES_RNG_TRACE, ES_STREAM_OUTAGES);
    if (normals != NULL && outages != NULL)
        walk(generation, step, normals, outages);
    else
        status = ES_NO_MEMORY;
    gsl_rng_free(normals);
    gsl_rng_free(outages);
    return status;
}

const es_generator es_generator_gauss_markov = {
    .name = "gauss-markov",
    .makes = ES_GENERATED_BANDWIDTH,
    .n_options = N_OPTIONS,
    .options = options,
    .make = make,
};
