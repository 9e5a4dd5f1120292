#include "edgesplit/generate.h"

#include "edgesplit/number.h"
#include "generator.h"

#include <ctype.h>
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
    {"seed", ES_DIM_COUNT, 0, 0x1p53, NULL, "the name of the random numbers, such as 1"},
    {"duration", ES_DIM_TIME, 1e-3, 1e6, NULL, "the length of the trace, such as 300s"},
};

enum { MAX_OPTIONS = N_COMMON + ES_GENERATOR_MAX_OPTIONS, VALUE_TEXT = 64, LIST_TEXT = 256 };

/* The options of one call: what was written, without white space, and what it means. */
typedef struct option_values {
    char texts[MAX_OPTIONS][VALUE_TEXT];
    double values[MAX_OPTIONS];
} option_values;

const char *es_generator_name(size_t i) {
    return i < N_GENERATORS ? generators[i].generator->name : NULL;
}

const char *es_generator_summary(size_t i) {
    return i < N_GENERATORS ? generators[i].summary : NULL;
}

es_status es_generation_mistake(es_generation *generation, const char *format, ...) {
    char text[ES_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return es_errors_add(generation->errors, ES_INVALID, generation->name, 0, "%s", text);
}

void es_generation_add(es_generation *generation, es_time start, double value) {
    es_text_add(generation->csv, "%.*f,%.*f\n", generation->time_decimals, es_time_s(start),
                ES_GENERATOR_VALUE_DECIMALS, value / generation->unit);
}

static const es_generator_option *option_at(const es_generator *generator, size_t i) {
    return i < N_COMMON ? &common[i] : &generator->options[i - N_COMMON];
}

static size_t count_options(const es_generator *generator) {
    ES_REQUIRE(generator->n_options <= ES_GENERATOR_MAX_OPTIONS);
    return N_COMMON + generator->n_options;
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
    es_errors_add(errors, ES_USAGE, NULL, 0,
                  "there is no generator '%s'%s%s%s; expected one of: %s", name,
                  nearest != NULL ? " (nearest: '" : "", nearest != NULL ? nearest : "",
                  nearest != NULL ? "')" : "", names);
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

/* Copies a text without its white space, so that it is one word of a command line; false if it is
 * longer than any quantity. */
static bool copy_word(const char *text, char word[VALUE_TEXT]) {
    size_t length = 0;
    for (; *text != '\0' && length + 1 < VALUE_TEXT; text++)
        if (!isspace((unsigned char)*text))
            word[length++] = *text;
    word[length] = '\0';
    return *text == '\0';
}

static void read_option(const es_generator *generator, const es_generator_option *option,
                        const char *text, char word[VALUE_TEXT], double *value, es_errors *errors) {
    const char *expected;
    es_status status =
        es_parse_quantity((es_slice){text, strlen(text)}, option->dimension, value, &expected);
    if (status != ES_OK || !copy_word(text, word)) {
        es_errors_add(errors, ES_INVALID, generator->name, 0, "--%s '%.40s'; expected %s",
                      option->name, text, expected);
    } else if (!(*value >= option->least && *value <= option->most)) {
        es_text range = {0};
        es_text_add_quantity(&range, option->least, option->dimension);
        es_text_add(&range, " .. ");
        es_text_add_quantity(&range, option->most, option->dimension);
        es_errors_add(errors, ES_INVALID, generator->name, 0, "--%s '%s'; expected %s",
                      option->name, word, range.failed ? "less or more" : range.data);
        free(range.data);
    }
}

static es_status read_options(const es_generator *generator, size_t n_settings,
                              const es_generator_setting *settings, option_values *options,
                              es_errors *errors) {
    size_t n_before = errors->n;
    refuse_unread(generator, n_settings, settings, errors);
    for (size_t i = 0; i < count_options(generator); i++) {
        const es_generator_option *option = option_at(generator, i);
        const char *given = NULL;
        for (size_t s = 0; s < n_settings; s++)
            if (strcmp(settings[s].name, option->name) == 0)
                given = settings[s].text;
        const char *text = given != NULL ? given : option->preset;
        options->texts[i][0] = '\0';
        options->values[i] = ES_NAN;
        if (text == NULL)
            es_errors_add(errors, ES_USAGE, generator->name, 0, "needs --%s, %s", option->name,
                          option->meaning);
        else if (given != NULL || text[0] != '\0')
            read_option(generator, option, text, options->texts[i], &options->values[i], errors);
    }
    return errors->n > n_before ? errors->records[n_before].status : ES_OK;
}

/* The lines above the samples, down to the header. */
static void add_header(const es_generator *generator, const option_values *options, es_text *csv) {
    es_text_add(csv,
                "# quantity: %s\n# unit: %s\n# hold: forward\n# at_end: loop\n# duration: %s\n"
                "# origin: generated, not measured\n# licence: Apache-2.0\n# generator: %s\n"
                "# seed: %s\n# command: edgesplit trace make %s",
                generator->quantity, generator->unit_name, options->texts[DURATION],
                generator->name, options->texts[SEED], generator->name);
    for (size_t i = 0; i < count_options(generator); i++)
        if (options->texts[i][0] != '\0')
            es_text_add(csv, " --%s %s", option_at(generator, i)->name, options->texts[i]);
    es_text_add(csv, "\ntime_s,value\n");
}

es_status es_generate(const char *name, size_t n_settings, const es_generator_setting *settings,
                      es_text *csv, es_errors *errors) {
    const es_generator *generator = find_generator(name, errors);
    if (generator == NULL)
        return ES_USAGE;
    option_values options;
    es_status status = read_options(generator, n_settings, settings, &options, errors);
    if (status != ES_OK)
        return status;
    es_generation generation = {
        .name = generator->name,
        .seed = (uint64_t)options.values[SEED],
        .values = options.values + N_COMMON,
        .unit = generator->unit,
        .time_decimals = 6,
        .csv = csv,
        .errors = errors,
    };
    ES_REQUIRE(es_time_from_s(options.values[DURATION], &generation.duration) == ES_OK);
    add_header(generator, &options, csv);
    status = generator->make(&generation);
    if (status == ES_OK && csv->failed)
        status = ES_NO_MEMORY;
    if (status == ES_NO_MEMORY)
        es_errors_add(errors, status, generator->name, 0, "out of memory");
    return status;
}
