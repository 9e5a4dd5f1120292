/* What a generator is to the module: a file of this folder that ends in a `const` ops struct, and a
 * line of generator.def. */
#ifndef SIM_GENERATE_GENERATOR_H
#define SIM_GENERATE_GENERATOR_H

#include "edgesplit/generate.h"
#include "edgesplit/rng.h"
#include "edgesplit/time.h"
#include "edgesplit/units.h"

enum {
    ES_GENERATOR_MAX_OPTIONS = 16,
    ES_GENERATOR_MAX_SAMPLES = 10000000,
    ES_GENERATOR_MAX_LIST = 256,
};

/* The random streams (rng.h, entities of ES_RNG_TRACE), one for each thing that is drawn, so that
 * traces of one seed are independent. Values are part of the results: append, never renumber. */
enum {
    ES_STREAM_GAUSS_MARKOV,
    ES_STREAM_OUTAGES,
    ES_STREAM_ON_OFF,
    ES_STREAM_MARKOV,
    ES_STREAM_LOGNORMAL_AR1,
    ES_STREAM_BURSTS,
    ES_STREAM_POISSON,
    ES_STREAM_MMPP,
};

/* A value is a whole number of these parts of its unit: the decimals it is printed with. */
#define ES_GENERATOR_VALUE_DECIMALS 4
#define ES_GENERATOR_VALUE_PARTS    1e4

/* What a generator makes. */
typedef enum es_generated {
    ES_GENERATED_BANDWIDTH,
    ES_GENERATED_LOAD,
    ES_GENERATED_LATENCY,
    ES_GENERATED_JOBS,
    ES_GENERATED_ARRIVALS,
    ES_GENERATED_LEVELS, /* one of the above but arrivals, as its option --quantity says */
} es_generated;

typedef enum es_option_form {
    ES_OPTION_NUMBER,
    ES_OPTION_LIST,
    ES_OPTION_LEVEL, /* a value of the quantity: dimension, least and most are not read */
    ES_OPTION_LEVEL_LIST,
} es_option_form;

typedef struct es_generator_option {
    es_option_form form;
    const char *name; /* without "--" */
    es_dimension dimension;
    double least, most;  /* SI, both included */
    const char *preset;  /* NULL: has to be given; "": may be left out, its value is then NaN */
    const char *meaning; /* with an example, for the message that it is missing */
} es_generator_option;

typedef struct es_generator_list {
    size_t n; /* 0: left out */
    double *values;
} es_generator_list;

/* A trace being made. */
typedef struct es_generation {
    const char *name;
    uint64_t seed;
    es_time duration;               /* > 0 ns */
    const double *values;           /* [n_options] SI, in the order of the generator's options */
    const es_generator_list *lists; /* [n_options] likewise, of those that are lists */
    double unit;                    /* of the printed values, in SI */
    double most;                    /* values above it are cut, and those below 0 */
    int time_decimals;              /* 1 .. 9; a generator may set it before its first sample */
    bool has_positive;              /* a sample that is not printed as 0, or a request */
    es_text *csv;
    char arrival_tail[64]; /* what follows the time of a request */
    es_errors *errors;
} es_generation;

typedef struct es_generator {
    const char *name;
    es_generated makes;
    /* Besides those that every generator of its kind has. */
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

/* Adds a request, at the nearest microsecond; times never fall. */
void es_generation_add_arrival(es_generation *generation, double at_s);

/* Takes over the step of a trace on fixed steps: its engine time, and the decimals that print its
 * multiples. ES_INVALID: too many samples. */
ES_NODISCARD es_status es_generation_set_step(es_generation *generation, double step_s,
                                              es_time *step);

/* ES_INVALID unless the samples expected are few enough. */
ES_NODISCARD es_status es_generation_expect(es_generation *generation, double n_samples);

/* The mean over [start, end) of cos(2 pi (t - peak) / period). */
double es_generation_mean_cosine(double start_s, double end_s, double peak_s, double period_s);

#endif
