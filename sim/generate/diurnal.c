#include "edgesplit/number.h"
#include "generator.h"

#include <gsl/gsl_randist.h>
#include <math.h>

/* A daily pattern, mean (1 + swing cos(2 pi (t - peak) / period)), and on top of it bursts: they
 * begin in a Poisson process, last exponentially distributed times and add their heights where they
 * overlap. Their number is the M/M/infinity queue, Poisson with the mean length / every, correlated
 * by exp(-t / length) (Takacs, Introduction to the Theory of Queues, 1962); it begins stationary.
 * Each value is the exact mean over its step, of the pattern and of the bursts. What leaves the
 * range of the quantity, such as a load above 1, is cut. */

enum { STEP, MEAN, SWING, PERIOD, PEAK, BURST_EVERY, BURST_LENGTH, BURST_HEIGHT, N_OPTIONS };

static const es_generator_option options[N_OPTIONS] = {
    [STEP] = {ES_OPTION_NUMBER, "step", ES_DIM_TIME, 1e-6, 1e6, "100ms", ""},
    [MEAN] = {.form = ES_OPTION_LEVEL,
              .name = "mean",
              .meaning = "the mean of the pattern, such as 30%"},
    [SWING] = {ES_OPTION_NUMBER, "swing", ES_DIM_RATIO, 0, 1, NULL,
               "how far the pattern swings, as a share of the mean, such as 60%"},
    [PERIOD] = {ES_OPTION_NUMBER, "period", ES_DIM_TIME, 1e-6, 1e7, "24h", ""},
    [PEAK] = {ES_OPTION_NUMBER, "peak", ES_DIM_TIME, 0, 1e7, "0s", ""},
    [BURST_EVERY] = {ES_OPTION_NUMBER, "burst-every", ES_DIM_TIME, 1e-3, 1e6, "", ""},
    [BURST_LENGTH] = {ES_OPTION_NUMBER, "burst-length", ES_DIM_TIME, 1e-3, 1e6, "", ""},
    [BURST_HEIGHT] = {.form = ES_OPTION_LEVEL, .name = "burst-height", .preset = "", .meaning = ""},
};

/* Bursts at a time. */
typedef struct bursts {
    double every_s, length_s; /* every_s infinite: there are none */
    gsl_rng *rng;
    double time_s, next_s; /* the next beginning or end of one */
    unsigned n;
} bursts;

static void draw_next(bursts *state) {
    double rate = 1 / state->every_s + state->n / state->length_s;
    state->next_s =
        state->time_s + (rate > 0 ? gsl_ran_exponential(state->rng, 1 / rate) : ES_INFINITY);
}

/* The mean number of bursts from the time reached to `end_s`, which is then reached. */
static double mean_bursts(bursts *state, double end_s) {
    double start_s = state->time_s, sum = 0;
    while (state->next_s < end_s) {
        sum += state->n * (state->next_s - state->time_s);
        state->time_s = state->next_s;
        double begins = 1 / state->every_s, ends = state->n / state->length_s;
        if (gsl_rng_uniform(state->rng) * (begins + ends) < begins)
            state->n++;
        else
            state->n--;
        draw_next(state);
    }
    sum += state->n * (end_s - state->time_s);
    state->time_s = end_s;
    return sum / (end_s - start_s);
}

static es_status check(es_generation *generation) {
    const double *values = generation->values;
    int n_given = 0;
    for (size_t i = BURST_EVERY; i <= BURST_HEIGHT; i++)
        n_given += !isnan(values[i]);
    if (n_given != 0 && n_given != 3)
        return es_generation_mistake(
            generation,
            "bursts need all of --burst-every, --burst-length and --burst-height, or none");
    if (n_given == 3)
        return es_generation_expect(generation,
                                    2 * es_time_s(generation->duration) / values[BURST_EVERY]);
    return ES_OK;
}

static es_status make(es_generation *generation) {
    const double *values = generation->values;
    bool has_bursts = !isnan(values[BURST_EVERY]);
    es_time step;
    es_status status = es_generation_set_step(generation, values[STEP], &step);
    if (status == ES_OK)
        status = check(generation);
    if (status != ES_OK)
        return status;
    bursts state = {
        .every_s = has_bursts ? values[BURST_EVERY] : ES_INFINITY,
        .length_s = has_bursts ? values[BURST_LENGTH] : 1,
        .rng = es_rng_create(generation->seed, 0, ES_RNG_TRACE, ES_STREAM_BURSTS),
    };
    if (state.rng == NULL)
        return ES_NO_MEMORY;
    state.n = gsl_ran_poisson(state.rng, state.length_s / state.every_s);
    draw_next(&state);
    double height = has_bursts ? values[BURST_HEIGHT] : 0;
    for (es_time start = 0; start < generation->duration; start += step) {
        es_time end = start + step < generation->duration ? start + step : generation->duration;
        double cosine = es_generation_mean_cosine(es_time_s(start), es_time_s(end), values[PEAK],
                                                  values[PERIOD]);
        es_generation_add(generation, start,
                          values[MEAN] * (1 + values[SWING] * cosine) +
                              height * mean_bursts(&state, es_time_s(end)));
    }
    gsl_rng_free(state.rng);
    return ES_OK;
}

const es_generator es_generator_diurnal = {
    .name = "diurnal",
    .makes = ES_GENERATED_LEVELS,
    .n_options = N_OPTIONS,
    .options = options,
    .make = make,
};
