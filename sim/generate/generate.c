#include "edgesplit/generate.h"

#include "edgesplit/number.h"
#include "generator.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

static const struct {
    const es_generator *generator;
    const char *summary;
} generators[] = {
#define ES_GENERATOR(symbol, summary) {&es_generator_##symbol, summary},
#include "edgesplit/generator.def"
#undef ES_GENERATOR
};

enum { N_GENERATORS = sizeof generators / sizeof generators[0] };

/* What every generator reads. The seed is a count, hence below 2^53. A trace lasts at most 11 days:
 * a double holds its times to a tenth of a nanosecond. */
enum { SEED, DURATION, N_COMMON };
static const es_generator_option common[N_COMMON] = {
    {ES_OPTION_NUMBER, "seed", ES_DIM_COUNT, 0, 0x1p53, NULL,
     "the name of the random numbers, such as 1"},
    {ES_OPTION_NUMBER, "duration", ES_DIM_TIME, 1e-3, 1e6, NULL,
     "the length of the trace, such as 300s"},
};

/* Read behind a generator's own options where it makes any levels, or arrivals. */
static const es_generator_option quantity_option = {.name = "quantity", .preset = "bandwidth"};
enum { BATCH, DEADLINE, N_OF_ARRIVALS };
static const es_generator_option of_arrivals[N_OF_ARRIVALS] = {
    {ES_OPTION_NUMBER, "batch", ES_DIM_COUNT, 1, 1e6, "1", ""},
    {ES_OPTION_NUMBER, "deadline", ES_DIM_TIME, 1e-6, 1e6, "", ""},
};

/* How the levels of a quantity are written, and its range; of a bandwidth, that of rates. */
static const struct {
    const char *name, *unit_name;
    double unit;
    es_dimension dimension;
    double most;
} quantities[] = {
    [ES_GENERATED_BANDWIDTH] = {"bandwidth", "Mbit/s", 1e6, ES_DIM_DATA_RATE, 1e15},
    [ES_GENERATED_LOAD] = {"load", "1", 1, ES_DIM_RATIO, 1},
    [ES_GENERATED_LATENCY] = {"latency", "ms", 1e-3, ES_DIM_TIME, 1e6},
    [ES_GENERATED_JOBS] = {"jobs", "1", 1, ES_DIM_RATIO, 1e6},
    [ES_GENERATED_ARRIVALS] = {"arrivals", "1", 1, ES_DIM_COUNT, 1e6},
};

enum {
    MAX_OPTIONS = N_COMMON + ES_GENERATOR_MAX_OPTIONS + N_OF_ARRIVALS,
    NUMBER_TEXT = 63,
    LIST_TEXT = 256
};

/* The options of one call: what was written (NULL: left out) and what it means. */
typedef struct option_values {
    es_generated quantity;
    const char *texts[MAX_OPTIONS];
    double values[MAX_OPTIONS];
    es_generator_list lists[MAX_OPTIONS];
} option_values;

const char *es_generator_name(size_t i) {
    return i < N_GENERATORS ? generators[i].generator->name : NULL;
}

const char *es_generator_summary(size_t i) {
    return i < N_GENERATORS ? generators[i].summary : NULL;
}

es_status es_generation_mistake(es_generation *generation, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    es_errors_add_list(generation->errors, ES_INVALID, generation->name, 0, format, arguments);
    va_end(arguments);
    return ES_INVALID;
}

void es_generation_add(es_generation *generation, es_time start, double value) {
    value = fmin(fmax(value, 0), generation->most) / generation->unit;
    generation->has_positive |= value * ES_GENERATOR_VALUE_PARTS >= 1;
    es_text_add(generation->csv, "%.*f,%.*f\n", generation->time_decimals, es_time_s(start),
                ES_GENERATOR_VALUE_DECIMALS, value);
}

void es_generation_add_arrival(es_generation *generation, double at_s) {
    generation->has_positive = true;
    es_text_add(generation->csv, "%.6f%s\n", at_s, generation->arrival_tail);
}

es_status es_generation_expect(es_generation *generation, double n_samples) {
    if (n_samples < ES_GENERATOR_MAX_SAMPLES)
        return ES_OK;
    return es_generation_mistake(generation,
                                 "--duration takes about %.3g samples; expected at most %d",
                                 n_samples, ES_GENERATOR_MAX_SAMPLES);
}

es_status es_generation_set_step(es_generation *generation, double step_s, es_time *step) {
    ES_REQUIRE(es_time_from_s(step_s, step) == ES_OK);
    generation->time_decimals = 9;
    for (es_time rest = *step; generation->time_decimals > 1 && rest % 10 == 0; rest /= 10)
        generation->time_decimals--;
    es_time n_steps = generation->duration / *step;
    return es_generation_expect(generation, (double)n_steps);
}

/* The integral of the cosine is a difference of sines, 2 cos(middle) sin(half). */
double es_generation_mean_cosine(double start_s, double end_s, double peak_s, double period_s) {
    const double pi = acos(-1.0);
    double half = pi * (end_s - start_s) / period_s;
    return cos(pi * (start_s + end_s - 2 * peak_s) / period_s) * sin(half) / half;
}

static const es_generator_option *option_at(const es_generator *generator, size_t i) {
    if (i < N_COMMON)
        return &common[i];
    i -= N_COMMON;
    if (i < generator->n_options)
        return &generator->options[i];
    return generator->makes == ES_GENERATED_ARRIVALS ? &of_arrivals[i - generator->n_options]
                                                     : &quantity_option;
}

static size_t count_options(const es_generator *generator) {
    ES_REQUIRE(generator->n_options <= ES_GENERATOR_MAX_OPTIONS);
    size_t n = N_COMMON + generator->n_options;
    n += generator->makes == ES_GENERATED_LEVELS;
    return n + (generator->makes == ES_GENERATED_ARRIVALS ? N_OF_ARRIVALS : 0);
}

static const char *name_at(const void *context, size_t i) {
    (void)context;
    return generators[i].generator->name;
}

static const es_generator *find_generator(const char *name, es_errors *errors) {
    char names[LIST_TEXT] = "";
    size_t length = 0;
    for (size_t i = 0; i < N_GENERATORS; i++) {
        if (strcmp(name, name_at(NULL, i)) == 0)
            return generators[i].generator;
        if (length < sizeof names)
            length += (size_t)snprintf(names + length, sizeof names - length, "%s%s",
                                       i > 0 ? ", " : "", name_at(NULL, i));
    }
    const char *nearest = es_nearest_name(name, N_GENERATORS, name_at, NULL);
    es_errors_add(errors, ES_USAGE, NULL, 0, "there is no generator '%s'; expected one of: %s%s",
                  name, names, es_did_you_mean(nearest, "'", "'", "").text);
    return NULL;
}

static void refuse_unread(const es_generator *generator, size_t n_settings,
                          const es_generator_setting *settings, es_errors *errors) {
    size_t n_options = count_options(generator);
    for (size_t s = 0; s < n_settings; s++) {
        char names[LIST_TEXT] = "";
        size_t length = 0, i = 0;
        for (; i < n_options; i++) {
            const char *name = option_at(generator, i)->name;
            if (strcmp(settings[s].name, name) == 0)
                break;
            if (length < sizeof names)
                length += (size_t)snprintf(names + length, sizeof names - length, "%s--%s",
                                           i > 0 ? " " : "", name);
        }
        if (i == n_options)
            es_errors_add(errors, ES_USAGE, generator->name, 0,
                          "--%s is not read by this generator; it reads %s", settings[s].name,
                          names);
    }
}

/* The text given for an option, else its preset. */
static const char *given_text(const es_generator_option *option, size_t n_settings,
                              const es_generator_setting *settings) {
    for (size_t s = 0; s < n_settings; s++)
        if (strcmp(settings[s].name, option->name) == 0)
            return settings[s].text;
    return option->preset;
}

/* What the levels of this trace are. */
static es_generated read_quantity(const es_generator *generator, size_t n_settings,
                                  const es_generator_setting *settings, es_errors *errors) {
    if (generator->makes != ES_GENERATED_LEVELS)
        return generator->makes;
    const char *text = given_text(&quantity_option, n_settings, settings);
    for (es_generated q = ES_GENERATED_BANDWIDTH; q <= ES_GENERATED_JOBS; q++)
        if (strcmp(text, quantities[q].name) == 0)
            return q;
    es_errors_add(errors, ES_INVALID, generator->name, 0,
                  "--quantity '%.40s'; expected bandwidth, load, latency or jobs", text);
    return ES_GENERATED_LEVELS;
}

static void complain_range(const es_generator *generator, const es_generator_option *option,
                           const char *text, es_errors *errors) {
    es_text range = {0};
    es_text_add_quantity(&range, option->least, option->dimension);
    es_text_add(&range, " .. ");
    es_text_add_quantity(&range, option->most, option->dimension);
    es_errors_add(errors, ES_INVALID, generator->name, 0, "--%s '%.40s'; expected %s", option->name,
                  text, range.failed ? "less or more" : range.data);
    free(range.data);
}

/* The option with the dimension and the range of this trace's levels, if it is a level. */
static es_generator_option settle(const es_generator_option *option, es_generated quantity) {
    es_generator_option settled = *option;
    if (option->form == ES_OPTION_LEVEL || option->form == ES_OPTION_LEVEL_LIST) {
        settled.dimension = quantities[quantity].dimension;
        settled.most = fmin(quantities[quantity].most, 1e13);
    }
    return settled;
}

/* Reads what was written for an option: its value, and the list if it is one. */
static es_status read_option(const es_generator *generator, const es_generator_option *option,
                             const char *text, double *value, es_generator_list *list,
                             es_errors *errors) {
    bool is_list = option->form == ES_OPTION_LIST || option->form == ES_OPTION_LEVEL_LIST;
    const char *expected;
    es_slice slice = {text, strlen(text)};
    es_status status =
        is_list ? es_parse_quantities(slice, option->dimension, &list->values, &list->n, &expected)
                : es_parse_quantity(slice, option->dimension, value, &expected);
    if (status == ES_NO_MEMORY)
        return status;
    if (status != ES_OK || (!is_list && slice.length > NUMBER_TEXT))
        return es_errors_add(errors, ES_INVALID, generator->name, 0, "--%s '%.40s'; expected %s%s",
                             option->name, text, expected, is_list ? ", or a list of them" : "");
    if (list->n > ES_GENERATOR_MAX_LIST)
        return es_errors_add(errors, ES_INVALID, generator->name, 0,
                             "--%s has %zu values; expected at most %d", option->name, list->n,
                             ES_GENERATOR_MAX_LIST);
    for (size_t i = 0; i < (is_list ? list->n : 1); i++) {
        double one = is_list ? list->values[i] : *value;
        if (!(one >= option->least && one <= option->most)) {
            complain_range(generator, option, text, errors);
            return ES_INVALID;
        }
    }
    return ES_OK;
}

static es_status read_options(const es_generator *generator, size_t n_settings,
                              const es_generator_setting *settings, option_values *options,
                              es_errors *errors) {
    size_t n_before = errors->n;
    refuse_unread(generator, n_settings, settings, errors);
    options->quantity = read_quantity(generator, n_settings, settings, errors);
    if (options->quantity == ES_GENERATED_LEVELS)
        return errors->records[n_before].status;
    for (size_t i = 0; i < count_options(generator); i++) {
        es_generator_option option = settle(option_at(generator, i), options->quantity);
        const char *text = given_text(&option, n_settings, settings);
        options->values[i] = ES_NAN;
        if (text == NULL) {
            es_errors_add(errors, ES_USAGE, generator->name, 0, "needs --%s, %s", option.name,
                          option.meaning);
        } else if (text != option.preset || text[0] != '\0') {
            options->texts[i] = text;
            if (option_at(generator, i) == &quantity_option)
                continue;
            if (read_option(generator, &option, text, &options->values[i], &options->lists[i],
                            errors) == ES_NO_MEMORY)
                return es_errors_no_memory(errors, generator->name);
        }
    }
    return errors->n > n_before ? errors->records[n_before].status : ES_OK;
}

/* Appends a text without its white space, as one word of a command line. */
static void add_word(es_text *csv, const char *text) {
    for (; *text != '\0'; text++)
        if (!isspace((unsigned char)*text))
            es_text_add(csv, "%c", *text);
}

/* The lines above the samples, down to the header. */
static void add_header(const es_generator *generator, const option_values *options, es_text *csv) {
    bool arrivals = options->quantity == ES_GENERATED_ARRIVALS;
    es_text_add(csv, "# quantity: %s\n", quantities[options->quantity].name);
    if (arrivals)
        es_text_add(csv, "# at_end: stop\n# duration: ");
    else
        es_text_add(csv, "# unit: %s\n# hold: forward\n# at_end: loop\n# duration: ",
                    quantities[options->quantity].unit_name);
    add_word(csv, options->texts[DURATION]);
    es_text_add(csv,
                "\n# origin: generated, not measured\n# licence: Apache-2.0\n# generator: %s\n"
                "# seed: ",
                generator->name);
    add_word(csv, options->texts[SEED]);
    es_text_add(csv, "\n# command: edgesplit trace make %s", generator->name);
    for (size_t i = 0; i < count_options(generator); i++)
        if (options->texts[i] != NULL) {
            es_text_add(csv, " --%s ", option_at(generator, i)->name);
            add_word(csv, options->texts[i]);
        }
    es_text_add(csv, "\n");
}

/* The header of the columns; of arrivals those that say something, which are the same for all. */
static void add_columns(es_generation *generation, const option_values *options,
                        const es_generator *generator) {
    if (options->quantity != ES_GENERATED_ARRIVALS) {
        es_text_add(generation->csv, "time_s,value\n");
        return;
    }
    const double *values = options->values + N_COMMON + generator->n_options;
    bool has_deadline = !isnan(values[DEADLINE]), has_batch = values[BATCH] > 1 || has_deadline;
    char *tail = generation->arrival_tail;
    size_t size = sizeof generation->arrival_tail;
    es_text_add(generation->csv, "time_s%s%s\n", has_batch ? ",batch" : "",
                has_deadline ? ",deadline_s" : "");
    if (has_deadline)
        snprintf(tail, size, ",%.0f,%.9g", values[BATCH], values[DEADLINE]);
    else if (has_batch)
        snprintf(tail, size, ",%.0f", values[BATCH]);
}

static es_status make(const es_generator *generator, const option_values *options, es_text *csv,
                      es_errors *errors) {
    es_generation generation = {
        .name = generator->name,
        .seed = (uint64_t)options->values[SEED],
        .values = options->values + N_COMMON,
        .lists = options->lists + N_COMMON,
        .unit = quantities[options->quantity].unit,
        .most = quantities[options->quantity].most,
        .time_decimals = 6,
        .csv = csv,
        .errors = errors,
    };
    ES_REQUIRE(es_time_from_s(options->values[DURATION], &generation.duration) == ES_OK);
    add_header(generator, options, csv);
    add_columns(&generation, options, generator);
    es_status status = generator->make(&generation);
    if (status != ES_OK || generation.has_positive)
        return status;
    if (options->quantity == ES_GENERATED_BANDWIDTH)
        return es_generation_mistake(&generation, "the bandwidth is 0 at all times; expected "
                                                  "another --seed, or other options");
    if (options->quantity == ES_GENERATED_ARRIVALS)
        return es_generation_mistake(&generation, "no request arrives; expected another --seed, or "
                                                  "a longer --duration");
    return ES_OK;
}

es_status es_generate(const char *name, size_t n_settings, const es_generator_setting *settings,
                      es_text *csv, es_errors *errors) {
    const es_generator *generator = find_generator(name, errors);
    if (generator == NULL)
        return ES_USAGE;
    option_values options = {0};
    es_status status = read_options(generator, n_settings, settings, &options, errors);
    if (status == ES_OK) {
        status = make(generator, &options, csv, errors);
        if (status == ES_OK && csv->failed)
            status = ES_NO_MEMORY;
        if (status == ES_NO_MEMORY)
            es_errors_no_memory(errors, generator->name);
    }
    for (size_t i = 0; i < MAX_OPTIONS; i++)
        free(options.lists[i].values);
    return status;
}
