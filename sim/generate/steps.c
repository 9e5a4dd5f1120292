#include "generator.h"

/* Levels in the order given, each for its time, over and over. */

enum { LEVELS, TIMES, N_OPTIONS };

static const es_generator_option options[N_OPTIONS] = {
    [LEVELS] = {.form = ES_OPTION_LEVEL_LIST,
                .name = "levels",
                .meaning = "the values in their order, such as 20,5,50Mbit/s"},
    [TIMES] = {.form = ES_OPTION_LIST,
               .name = "times",
               .dimension = ES_DIM_TIME,
               .least = 1e-6,
               .most = 1e6,
               .meaning = "how long each of them lasts, such as 10s or 10s,5s,10s"},
};

static es_status make(es_generation *generation) {
    es_generator_list levels = generation->lists[LEVELS], times = generation->lists[TIMES];
    if (times.n != 1 && times.n != levels.n)
        return es_generation_mistake(generation,
                                     "--times has %zu values; expected 1 or %zu, as many as "
                                     "--levels",
                                     times.n, levels.n);
    double sum_s = 0;
    for (size_t i = 0; i < times.n; i++)
        sum_s += times.values[i];
    es_status status =
        es_generation_expect(generation, es_time_s(generation->duration) / sum_s * (double)times.n);
    if (status != ES_OK)
        return status;
    generation->time_decimals = 9;
    es_time start = 0;
    for (size_t i = 0; start < generation->duration; i = i + 1 < levels.n ? i + 1 : 0) {
        es_time length;
        ES_REQUIRE(es_time_from_s(times.values[times.n > 1 ? i : 0], &length) == ES_OK);
        es_generation_add(generation, start, levels.values[i]);
        start += length;
    }
    return ES_OK;
}

const es_generator es_generator_steps = {
    .name = "steps",
    .makes = ES_GENERATED_LEVELS,
    .n_options = N_OPTIONS,
    .options = options,
    .make = make,
};
