/* What a generator is to the module: a file of this folder that ends in a `const` ops struct, and a
 * line of generator.def. */
#ifndef SIM_GENERATE_GENERATOR_H
#define SIM_GENERATE_GENERATOR_H

#include "edgesplit/generate.h"
#include "edgesplit/rng.h"
#include "edgesplit/time.h"
#include "edgesplit/units.h"

enum { ES_GENERATOR_MAX_OPTIONS = 16, ES_GENERATOR_MAX_SAMPLES = 10000000 };

/* The random streams (rng.h, entities of ES_RNG_TRACE), one for each thing that is drawn, so that
 * traces of one seed are independent. Values are part of the results: append, never renumber. */
enum { ES_STREAM_GAUSS_MARKOV, ES_STREAM_OUTAGES, ES_STREAM_ON_OFF };

/* A value is a whole number of these parts of its unit: the decimals it is printed with. */
#define ES_GENERATOR_VALUE_DECIMALS 4
#define ES_GENERATOR_VALUE_PARTS    1e4

typedef struct es_generator_option {
    const char *name; /* without "--" */
    es_dimension dimension;
    double least, most;  /* SI, both included */
    const char *preset;  /* NULL: has to be given; "": may be left out, its value is then NaN */
    const char *meaning; /* with an example, for the message that it is missing */
} es_generator_option;

/* A trace being made. */
typedef struct es_generation {
    const char *name;
    uint64_t seed;
    es_time duration;     /* > 0 ns */
    const double *values; /* [n_options] SI, in the order of the generator's own options */
    double unit;          /* of the printed values, in SI */
    int time_decimals;    /* 1 .. 9; a generator may set it before its first sample */
    es_text *csv;
    es_errors *errors;
} es_generation;

typedef struct es_generator {
    const char *name, *quantity, *unit_name;
    double unit; /* in SI */
    /* Besides `seed` and `duration`, which every generator has. */
    size_t n_options;
    const es_generator_option *options; /* [n_options] */
    /* Adds all samples. ES_INVALID with a mistake added; ES_NO_MEMORY without. */
    es_status (*make)(es_generation *generation);
} es_generator;

#define ES_GENERATOR(symbol, summary) extern const es_generator es_generator_##symbol;
#include "edgesplit/generator.def"
#undef ES_GENERATOR

/* Records that the options contradict each other; returns ES_INVALID. */
es_status es_generation_mistake(es_generation *generation, const char *format, ...) ES_PRINTF(2, 3);

/* Adds a sample that holds from `start` on: 0 for the first, then rising by more than the printed
 * resolution. `value` in SI. */
void es_generation_add(es_generation *generation, es_time start, double value);

#endif
