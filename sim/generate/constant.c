#include "generator.h"

/* One level for the whole time. */

enum { LEVEL, N_OPTIONS };

static const es_generator_option options[N_OPTIONS] = {
    [LEVEL] = {.form = ES_OPTION_LEVEL,
               .name = "level",
               .meaning = "the value at all times, such as 12Mbit/s"},
};

static es_status make(es_generation *generation) {
    es_generation_add(generation, 0, generation->values[LEVEL]);
    return ES_OK;
}

const es_generator es_generator_constant = {
    .name = "constant",
    .makes = ES_GENERATED_LEVELS,
    .n_options = N_OPTIONS,
    .options = options,
    .make = make,
};
