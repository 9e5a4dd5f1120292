/* edgesplit compare: one policy against others, request by request. */
#include "compare.h"
#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/records.h"
#include "reports.h"
#include "summary.h"

#include <string.h>

static void comparison_fini(es_comparison *comparison) {
    for (size_t i = 0; comparison->results != NULL && i < comparison->n_files; i++)
        es_result_destroy(comparison->results[i]);
    free((void *)comparison->results);
    for (size_t i = 0; comparison->conclusions != NULL && i < comparison->n; i++) {
        free(comparison->labels[i]);
        free(comparison->conclusions[i]);
    }
    free((void *)comparison->labels);
    free((void *)comparison->conclusions);
    free(comparison->label);
    for (size_t i = 0; comparison->paired != NULL && i < comparison->n; i++)
        es_paired_fini(&comparison->paired[i]);
    free(comparison->others);
    free(comparison->paired);
}

static es_status load_files(const es_arguments *arguments, es_comparison *comparison,
                            es_errors *errors) {
    size_t n = arguments->n_operands;
    *comparison = (es_comparison){.paths = arguments->operands, .n_files = n};
    comparison->results = es_alloc(n, sizeof(es_result *));
    if (comparison->results == NULL)
        return es_errors_no_memory(errors, NULL);
    es_status status = ES_OK;
    for (size_t i = 0; i < n; i++) {
        es_status loaded = es_result_load(comparison->paths[i], &comparison->results[i], errors);
        status = status == ES_OK ? loaded : status;
    }
    return status;
}

/* The policies that --over names, else all others of the file. */
static es_status choose_in_file(const es_arguments *arguments, es_comparison *comparison,
                                es_errors *errors) {
    const es_result *result = comparison->results[0];
    size_t n_names, policy;
    const char *const *names = es_arguments_values(arguments, "over", &n_names);
    size_t n = n_names > 0 ? n_names : result->n_policies;
    for (size_t i = 0; i < n; i++) {
        policy = i;
        if (n_names > 0 &&
            es_result_find_policy(result, comparison->paths[0], names[i], &policy, errors) != ES_OK)
            continue;
        if (policy != comparison->first.policy)
            comparison->others[comparison->n++] = (es_side){comparison->paths[0], result, policy};
    }
    if (errors->n == 0 && comparison->n == 0)
        es_errors_add(errors, ES_INVALID, comparison->paths[0], 0,
                      "has nothing to compare %s with: it needs another policy or another file",
                      result->policies[comparison->first.policy]);
    return es_errors_status(errors);
}

/* The same policy of every further file. */
static es_status choose_in_files(es_comparison *comparison, es_errors *errors) {
    const char *name = comparison->results[0]->policies[comparison->first.policy];
    for (size_t i = 1; i < comparison->n_files; i++) {
        es_side side = {comparison->paths[i], comparison->results[i], 0};
        if (es_result_find_policy(side.result, side.path, name, &side.policy, errors) == ES_OK)
            comparison->others[comparison->n++] = side;
    }
    return es_errors_status(errors);
}

static es_status choose_sides(const es_arguments *arguments, es_comparison *comparison,
                              es_errors *errors) {
    const es_result *result = comparison->results[0];
    const char *name = es_arguments_value(arguments, "policy", NULL);
    size_t most = comparison->n_files + result->n_policies + arguments->n_given;
    comparison->first = (es_side){comparison->paths[0], result, es_summary_main_policy(result)};
    comparison->others = es_alloc(most, sizeof *comparison->others);
    if (comparison->others == NULL)
        return es_errors_no_memory(errors, NULL);
    if (result->n_policies == 0)
        return es_errors_add(errors, ES_INVALID, comparison->paths[0], 0, "has no policies");
    es_status status = name == NULL ? ES_OK
                                    : es_result_find_policy(result, comparison->paths[0], name,
                                                            &comparison->first.policy, errors);
    if (status != ES_OK)
        return status;
    return comparison->n_files > 1 ? choose_in_files(comparison, errors)
                                   : choose_in_file(arguments, comparison, errors);
}

static es_status compare_all(es_comparison *comparison, es_errors *errors) {
    es_deciles deciles;
    comparison->paired = es_alloc(comparison->n, sizeof *comparison->paired);
    if (comparison->paired == NULL)
        return es_errors_no_memory(errors, NULL);
    es_status status = es_deciles_find(&comparison->first, &deciles, errors);
    for (size_t i = 0; i < comparison->n && status == ES_OK; i++)
        status = es_paired_compare(&comparison->first, &comparison->others[i], &deciles,
                                   &comparison->paired[i], errors);
    return status;
}

/* ---- Programs */

static const es_field columns[] = {
    {"policy", ES_FIELD_TEXT},       {"over", ES_FIELD_TEXT},
    {"by", ES_FIELD_TEXT},           {"first_decile", ES_FIELD_COUNT},
    {"last_decile", ES_FIELD_COUNT}, {"from", ES_FIELD_REAL},
    {"to", ES_FIELD_REAL},           {"steps", ES_FIELD_COUNT},
    {"faster", ES_FIELD_COUNT},      {"slower", ES_FIELD_COUNT},
    {"tied", ES_FIELD_COUNT},        {"difference_s", ES_FIELD_REAL},
    {"low_s", ES_FIELD_REAL},        {"high_s", ES_FIELD_REAL},
    {"confidence", ES_FIELD_REAL},   {"batches", ES_FIELD_COUNT},
    {"correlation", ES_FIELD_REAL},  {"only_policy", ES_FIELD_COUNT},
    {"only_over", ES_FIELD_COUNT},   {"method", ES_FIELD_TEXT},
    {"conclusion", ES_FIELD_TEXT},   {"replications", ES_FIELD_COUNT},
    {"group", ES_FIELD_TEXT},
};
enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

/* `n_classes`: 0 of all steps; `group`: "" of no group, which has no deciles. */
static void add_effect(es_records *records, const es_comparison *comparison, size_t i,
                       const char *by, const es_effect *effect, size_t n_classes,
                       const char *group) {
    bool whole = n_classes == 0, all_states = whole || group[0] != '\0';
    es_records_add_text(records, comparison->label);
    es_records_add_text(records, comparison->labels[i]);
    es_records_add_text(records, by);
    es_records_add_count(records, all_states ? 1 : (int64_t)effect->first_decile);
    es_records_add_count(records, all_states ? ES_N_DECILES : (int64_t)effect->last_decile);
    es_records_add_real(records, all_states ? ES_NAN : effect->from);
    es_records_add_real(records, all_states ? ES_NAN : effect->to);
    es_records_add_count(records, (int64_t)effect->n);
    es_records_add_count(records, (int64_t)effect->faster);
    es_records_add_count(records, (int64_t)effect->slower);
    es_records_add_count(records, (int64_t)effect->tied);
    es_records_add_real(records, effect->difference_s.mean);
    es_records_add_real(records, effect->difference_s.low);
    es_records_add_real(records, effect->difference_s.high);
    es_records_add_real(records, 1 - (1 - ES_PAIRED_CONFIDENCE) / (double)(whole ? 1 : n_classes));
    es_records_add_count(records, (int64_t)effect->difference_s.n_batches);
    es_records_add_real(records, effect->difference_s.correlation);
    es_records_add_count(records, whole ? (int64_t)comparison->paired[i].only_first : 0);
    es_records_add_count(records, whole ? (int64_t)comparison->paired[i].only_second : 0);
    es_records_add_text(records, comparison->paired[i].unpaired[0] == '\0' ? "paired" : "unpaired");
    es_records_add_text(records, whole ? comparison->conclusions[i] : "");
    es_records_add_count(records, (int64_t)comparison->paired[i].n_replications);
    es_records_add_text(records, group);
}

static void add_records(const es_comparison *comparison, es_records *records) {
    for (size_t i = 0; i < comparison->n; i++) {
        const es_paired *paired = &comparison->paired[i];
        size_t n_groups = 0;
        add_effect(records, comparison, i, "all", &paired->all, 0, "");
        for (size_t c = 0; c < paired->n_rates; c++)
            add_effect(records, comparison, i, "rate_true", &paired->rates[c], paired->n_rates, "");
        for (size_t c = 0; c < paired->n_loads; c++)
            add_effect(records, comparison, i, "load_true", &paired->loads[c], paired->n_loads, "");
        for (size_t g = 0; g < paired->n_groups; g++)
            n_groups += paired->groups[g].n > 0;
        for (size_t g = 0; g < paired->n_groups; g++)
            if (paired->groups[g].n > 0)
                add_effect(records, comparison, i, "group", &paired->groups[g], n_groups,
                           comparison->first.result->groups[g]);
    }
}

static es_status print(const es_comparison *comparison, es_records_form form, es_errors *errors) {
    es_text text = {0};
    es_records records;
    es_records_init(&records, N_COLUMNS, columns);
    if (form == ES_FORM_TABLE)
        es_comparison_text(comparison, es_line_width(), &text);
    else {
        add_records(comparison, &records);
        es_records_print(&records, form, &text);
    }
    es_records_fini(&records);
    es_status status = text.failed ? es_errors_no_memory(errors, NULL) : ES_OK;
    if (status == ES_OK)
        fputs(text.data, stdout);
    free(text.data);
    return status;
}

static es_status run(const es_arguments *arguments, es_errors *errors) {
    bool json = es_arguments_has(arguments, "json"), csv = es_arguments_has(arguments, "csv");
    if (json && csv)
        return es_arguments_mistake(arguments, errors, "--json and --csv exclude each other");
    if (arguments->n_operands > 1 && es_arguments_has(arguments, "over"))
        return es_arguments_mistake(arguments, errors,
                                    "--over names policies of one file, not of several");
    es_comparison comparison;
    es_status status = load_files(arguments, &comparison, errors);
    if (status == ES_OK)
        status = choose_sides(arguments, &comparison, errors);
    if (status == ES_OK)
        status = compare_all(&comparison, errors);
    if (status == ES_OK)
        status = es_comparison_conclude(&comparison, errors);
    if (status == ES_OK)
        status = print(&comparison,
                       json  ? ES_FORM_JSON
                       : csv ? ES_FORM_CSV
                             : ES_FORM_TABLE,
                       errors);
    comparison_fini(&comparison);
    return status;
}

static const es_option options[] = {
    {.name = "policy",
     .value = "NAME",
     .help = "what is compared; default: the first that decides per request"},
    {.name = "over", .value = "NAME", .help = "with these only", .repeats = true},
    {.name = "json", .help = "everything, for programs"},
    {.name = "csv", .help = "the same, for spreadsheets"},
    {0},
};

const es_command es_report_compare = {
    .name = "compare",
    .summary = "one policy against others, request by request: how much faster, how sure, when",
    .notes =
        "With one file its policy against the others of the file; with several the same policy "
        "of the first\nagainst that of each other one: request by request where seed, arrivals "
        "and batches are the same;\nelse, and in closed mode, unpaired, by the means (Welch's "
        "method), and the conclusion says so.\nIntervals hold the mean with 95 % (those of a set "
        "of deciles all together, likewise those of the groups\nof devices): of one replication 32 "
        "batch means with a correction for what correlation they have left,\nof several Student's "
        "t over the means of the differences in each; nothing is taken from single steps,\nwhich "
        "are correlated. A step counts where both policies count it: each behind its own warm-up, "
        "in every\nreplication. Of files with unlike numbers of replications those are compared "
        "that both have. Intervals\nspeak of more time in the same scenario, not of other "
        "scenarios.",
    .operand = "RESULT.h5",
    .least_operands = 1,
    .most_operands = ES_ANY_NUMBER,
    .options = options,
    .run = run,
};
