#include "commands.h"

#include "edgesplit/alloc.h"
#include "edgesplit/profile.h"
#include "edgesplit/units.h"

#include <string.h>

static const es_option options[] = {
    {"model", "NAME", .help = "network of the zoo that was measured", .required = true},
    {"kind", "KIND", .help = "what the times are of: head, tail or layer", .required = true},
    {"granularity", "NAME", .help = "what the index counts: leaf, fused, block", .required = true},
    {"index-column", "COLUMN", .help = "number of the cut or layer", .required = true},
    {"index-offset", "N", .help = "added to that number (default 0)"},
    {"time-column", "COLUMN", .help = "the time", .required = true},
    {"time-unit", "UNIT", .help = "unit of that column, e.g. ms", .required = true},
    {"batch-column", "COLUMN", .help = "images per pass"},
    {"batch", "N", .help = "images per pass, the same for all rows (default 1)"},
    {"whole-label", "TEXT", .help = "index that marks a row of the whole network",
     .may_be_empty = true},
    {"skip", "TEXT", .help = "index that marks a row to leave out", .repeats = true,
     .may_be_empty = true},
    {"provenance", "KEY=VALUE", .help = "what is known of the measurement", .repeats = true},
    ES_OPTION_OUTPUT("FILE", true, "the profile"),
    ES_OPTION_FORCE,
    {0},
};

static void parse_kind(const es_arguments *arguments, es_profile_kind *kind, es_errors *errors) {
    static const struct {
        const char *name;
        es_profile_kind kind;
    } kinds[] = {{"layer", ES_PROFILE_LAYER}, {"head", ES_PROFILE_HEAD}, {"tail", ES_PROFILE_TAIL}};
    const char *text = es_arguments_value(arguments, "kind", "");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(text, kinds[i].name) == 0) {
            *kind = kinds[i].kind;
            return;
        }
    es_arguments_mistake(arguments, errors, "--kind %s: expected layer, head or tail", text);
}

static void parse_count(const es_arguments *arguments, const char *option, int64_t preset,
                        int64_t least, int64_t *value, es_errors *errors) {
    const char *text = es_arguments_value(arguments, option, NULL);
    *value = preset;
    if (text != NULL && (es_parse_int64(es_slice_of(text), value) != ES_OK || *value < least))
        es_arguments_mistake(arguments, errors, "--%s %s: expected a whole number%s", option, text,
                             least > 0 ? " from 1" : "");
}

static void parse_time_unit(const es_arguments *arguments, double *unit_s, es_errors *errors) {
    const char *unit = es_arguments_value(arguments, "time-unit", "");
    char one[32];
    const char *expected;
    snprintf(one, sizeof one, "1%s", unit);
    if (es_parse_quantity(es_slice_of(one), ES_DIM_TIME, unit_s, &expected) != ES_OK)
        es_arguments_mistake(arguments, errors,
                             "--time-unit %s: expected a unit of time (s, ms, us, ns, min, h, d)",
                             unit);
}

/* The pairs of --provenance. */
typedef struct pair_list {
    size_t n;
    es_provenance *provenance; /* [n]; keys owned, values borrowed */
    char **keys;               /* [n] */
} pair_list;

static es_status collect(const es_arguments *arguments, pair_list *pairs, es_errors *errors) {
    size_t n;
    const char *const *texts = es_arguments_values(arguments, "provenance", &n);
    pairs->provenance = es_alloc(n, sizeof *pairs->provenance);
    pairs->keys = es_alloc(n, sizeof *pairs->keys);
    if (pairs->provenance == NULL || pairs->keys == NULL)
        return es_errors_no_memory(errors, NULL);
    for (size_t i = 0; i < n; i++) {
        const char *equals = strchr(texts[i], '=');
        if (equals == NULL || equals == texts[i]) {
            es_arguments_mistake(arguments, errors, "--provenance %s: expected KEY=VALUE",
                                 texts[i]);
            continue;
        }
        char *key = es_strdup(texts[i]);
        if (key == NULL)
            return es_errors_no_memory(errors, NULL);
        key[equals - texts[i]] = '\0';
        pairs->keys[pairs->n] = key;
        pairs->provenance[pairs->n++] = (es_provenance){key, equals + 1};
    }
    return ES_OK;
}

static void pairs_fini(pair_list *pairs) {
    for (size_t i = 0; i < pairs->n; i++)
        free(pairs->keys[i]);
    free(pairs->keys);
    free(pairs->provenance);
}

static void describe(const es_arguments *arguments, es_profile_import *how, es_errors *errors) {
    const char *granularity = es_arguments_value(arguments, "granularity", "");
    *how = (es_profile_import){
        .model = es_arguments_value(arguments, "model", NULL),
        .batch_column = es_arguments_value(arguments, "batch-column", NULL),
        .index_column = es_arguments_value(arguments, "index-column", NULL),
        .time_column = es_arguments_value(arguments, "time-column", NULL),
        .whole_label = es_arguments_value(arguments, "whole-label", NULL),
    };
    how->skip = es_arguments_values(arguments, "skip", &how->n_skip);
    parse_kind(arguments, &how->kind, errors);
    if (es_granularity_parse(granularity, &how->granularity) != ES_OK)
        es_arguments_mistake(arguments, errors, "--granularity %s: expected leaf, fused or block",
                             granularity);
    parse_count(arguments, "index-offset", 0, INT64_MIN, &how->index_offset, errors);
    parse_count(arguments, "batch", 1, 1, &how->batch, errors);
    parse_time_unit(arguments, &how->time_unit_s, errors);
    if (es_arguments_has(arguments, "batch") && how->batch_column != NULL)
        es_arguments_mistake(arguments, errors, "--batch and --batch-column exclude each other");
}

static es_status import(const es_arguments *arguments, es_errors *errors) {
    es_profile_import how;
    es_profile *profile = NULL;
    pair_list pairs = {0};
    describe(arguments, &how, errors);
    es_status status = collect(arguments, &pairs, errors);
    if (status == ES_OK)
        status = es_errors_status(errors);
    how.n_provenance = pairs.n;
    how.provenance = pairs.provenance;
    if (status == ES_OK)
        status = es_profile_import_csv(arguments->operands[0], &how, &profile, errors);
    if (status == ES_OK)
        status = es_profile_save(profile, es_arguments_value(arguments, "output", NULL),
                                 es_arguments_has(arguments, "force"), errors);
    es_profile_destroy(profile);
    pairs_fini(&pairs);
    return status;
}

const es_command es_command_import = {
    .name = "import",
    .summary = "turn a CSV table of measured times into a profile",
    .operand = "FILE",
    .least_operands = 1,
    .most_operands = 1,
    .options = options,
    .run = import,
};
