#include "command.h"

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
    {"whole-label", "TEXT", .help = "index that marks a row of the whole network"},
    {"skip", "TEXT", .help = "index that marks a row to leave out", .repeats = true},
    {"provenance", "KEY=VALUE", .help = "what is known of the measurement", .repeats = true},
    {"output", "FILE", .help = "the profile", .required = true, .letter = 'o'},
    {"force", NULL, .help = "replace FILE if it is there"},
};

static es_slice slice_of(const char *text) {
    return (es_slice){text, strlen(text)};
}

static void parse_kind(const char *text, es_profile_kind *kind, es_errors *errors) {
    static const struct {
        const char *name;
        es_profile_kind kind;
    } kinds[] = {{"layer", ES_PROFILE_LAYER}, {"head", ES_PROFILE_HEAD}, {"tail", ES_PROFILE_TAIL}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(text, kinds[i].name) == 0) {
            *kind = kinds[i].kind;
            return;
        }
    es_errors_add(errors, ES_USAGE, NULL, 0, "--kind %s: expected layer, head or tail", text);
}

static void parse_count(const char *option, const char *text, int64_t least, int64_t *value,
                        es_errors *errors) {
    if (es_parse_int64(slice_of(text), value) != ES_OK || *value < least)
        es_errors_add(errors, ES_USAGE, NULL, 0, "--%s %s: expected a whole number%s", option, text,
                      least > 0 ? " from 1" : "");
}

static void parse_time_unit(const char *unit, double *unit_s, es_errors *errors) {
    char one[32];
    const char *expected;
    snprintf(one, sizeof one, "1%s", unit);
    if (es_parse_quantity(slice_of(one), ES_DIM_TIME, unit_s, &expected) != ES_OK)
        es_errors_add(errors, ES_USAGE, NULL, 0,
                      "--time-unit %s: expected a unit of time (s, ms, us, ns, min, h, d)", unit);
}

/* What an import collects from repeated options. */
typedef struct collected_lists {
    const char **skip;         /* [n_skip], borrowed */
    es_provenance *provenance; /* [n_provenance]; keys owned, values borrowed */
    char **keys;
    size_t n_skip, n_provenance;
} collected_lists;

static es_status collect(const es_arguments *arguments, collected_lists *lists, es_errors *errors) {
    size_t n = arguments->n_given;
    lists->skip = es_alloc(n, sizeof *lists->skip);
    lists->provenance = es_alloc(n, sizeof *lists->provenance);
    lists->keys = es_alloc(n, sizeof *lists->keys);
    bool failed = lists->skip == NULL || lists->provenance == NULL || lists->keys == NULL;
    for (size_t i = 0; !failed && i < n; i++) {
        const char *name = arguments->given[i].option->name, *value = arguments->given[i].value;
        if (strcmp(name, "skip") == 0)
            lists->skip[lists->n_skip++] = value;
        if (strcmp(name, "provenance") != 0)
            continue;
        const char *equals = strchr(value, '=');
        if (equals == NULL || equals == value) {
            es_errors_add(errors, ES_USAGE, NULL, 0, "--provenance %s: expected KEY=VALUE", value);
            continue;
        }
        char *key = es_strdup(value);
        failed = key == NULL;
        if (failed)
            break;
        key[equals - value] = '\0';
        lists->keys[lists->n_provenance] = key;
        lists->provenance[lists->n_provenance++] = (es_provenance){key, equals + 1};
    }
    return failed ? es_errors_add(errors, ES_NO_MEMORY, NULL, 0, "%s", es_status_text(ES_NO_MEMORY))
                  : ES_OK;
}

static void lists_fini(collected_lists *lists) {
    for (size_t i = 0; i < lists->n_provenance; i++)
        free(lists->keys[i]);
    free(lists->keys);
    free(lists->provenance);
    free(lists->skip);
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
    parse_kind(es_arguments_value(arguments, "kind", ""), &how->kind, errors);
    if (es_granularity_parse(granularity, &how->granularity) != ES_OK)
        es_errors_add(errors, ES_USAGE, NULL, 0, "--granularity %s: expected leaf, fused or block",
                      granularity);
    parse_count("index-offset", es_arguments_value(arguments, "index-offset", "0"), INT64_MIN,
                &how->index_offset, errors);
    parse_count("batch", es_arguments_value(arguments, "batch", "1"), 1, &how->batch, errors);
    parse_time_unit(es_arguments_value(arguments, "time-unit", ""), &how->time_unit_s, errors);
    if (es_arguments_has(arguments, "batch") && how->batch_column != NULL)
        es_errors_add(errors, ES_USAGE, NULL, 0, "--batch and --batch-column exclude each other");
}

static es_status import(const es_arguments *arguments, es_errors *errors) {
    es_profile_import how;
    es_profile *profile = NULL;
    collected_lists lists = {0};
    describe(arguments, &how, errors);
    es_status status = collect(arguments, &lists, errors);
    if (status == ES_OK)
        status = es_errors_status(errors);
    how.n_skip = lists.n_skip;
    how.skip = lists.skip;
    how.n_provenance = lists.n_provenance;
    how.provenance = lists.provenance;
    if (status == ES_OK)
        status = es_profile_import_csv(arguments->operand, &how, &profile, errors);
    if (status == ES_OK)
        status = es_profile_save(profile, es_arguments_value(arguments, "output", NULL),
                                 es_arguments_has(arguments, "force"), errors);
    es_profile_destroy(profile);
    lists_fini(&lists);
    return status;
}

const es_command es_command_import = {
    .name = "import",
    .summary = "turn a CSV table of measured times into a profile",
    .operand = "FILE",
    .operand_required = true,
    .n_options = sizeof options / sizeof options[0],
    .options = options,
    .run = import,
};
