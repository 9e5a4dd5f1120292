#include "generator.h"

#include <math.h>

/* mean + amplitude sin(2 pi (t + phase) / period). Each value is the exact mean of the sine over
 * its step, so that the step changes no integral: of an amplitude a, a sinc(step / period) is left.
 */

enum { STEP, MEAN, AMPLITUDE, PERIOD, PHASE, N_OPTIONS };

static const es_generator_option options[N_OPTIONS] = {
    [STEP] = {ES_OPTION_NUMBER, "step", ES_DIM_TIME, 1e-6, 1e6, "100ms", ""},
    [MEAN] = {.form = ES_OPTION_LEVEL, .name = "mean", .meaning = "the mean, such as 20Mbit/s"},
    [AMPLITUDE] = {.form = ES_OPTION_LEVEL,
                   .name = "amplitude",
                   .meaning = "how far it swings from the mean, such as 10Mbit/s"},
    [PERIOD] = {ES_OPTION_NUMBER, "period", ES_DIM_TIME, 1e-6, 1e7, NULL,
                "the length of a swing, such as 30s"},
    [PHASE] = {ES_OPTION_NUMBER, "phase", ES_DIM_TIME, 0, 1e7, "0s", ""},
};

static es_status make(es_generation *generation) {
    const double *values = generation->values;
    if (!(values[AMPLITUDE] <= values[MEAN]) || values[MEAN] + values[AMPLITUDE] > generation->most)
        return es_generation_mistake(generation,
                                     "--mean with --amplitude leaves the range of this quantity; "
                                     "expected a smaller --amplitude");
    es_time step;
    es_status status = es_generation_set_step(generation, values[STEP], &step);
    if (status != ES_OK)
        return status;
    double peak_s = values[PERIOD] / 4 - values[PHASE];
    for (es_time start = 0; start < generation->duration; start += step) {
        es_time end = start + step < generation->duration ? start + step : generation->duration;
        double cosine =
            es_generation_mean_cosine(es_time_s(start), es_time_s(end), peak_s, values[PERIOD]);
        es_generation_add(generation, start, values[MEAN] + values[AMPLITUDE] * cosine);
    }
    return ES_OK;
}

const es_generator es_generator_sine = {
    .name = "sine",
    .makes = ES_GENERATED_LEVELS,
    .n_options = N_OPTIONS,
    .options = options,
    .make = make,
};
