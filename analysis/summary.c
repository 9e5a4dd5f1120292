/* edgesplit summary: the policies of a result side by side. */
#include "summary.h"

#include "edgesplit/text.h"
#include "reports.h"

#include <math.h>
#include <string.h>

enum { DEFAULT_WIDTH = 100 };

void es_summary_provenance(const char *provenance, const char *key, es_text *text) {
    es_slice rest = {provenance, strlen(provenance)}, line;
    size_t length = strlen(key);
    while (es_next_line(&rest, &line))
        if (line.length > length && memcmp(line.data, key, length) == 0 &&
            line.data[length] == ':') {
            es_slice value =
                es_slice_trim((es_slice){line.data + length + 1, line.length - length - 1});
            es_text_add(text, "%.*s", (int)value.length, value.data);
            return;
        }
    es_text_add(text, "-");
}

bool es_summary_is_adaptive(const es_result *result, size_t policy) {
    static const char *const fixed[] = {"no-offload", "full-offload", "static-split"};
    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++)
        if (strcmp(result->types[policy], fixed[i]) == 0)
            return false;
    return true;
}

bool es_summary_is_oracle(const es_result *result, size_t policy) {
    static const char prefix[] = "oracle";
    return strncmp(result->types[policy], prefix, sizeof prefix - 1) == 0;
}

size_t es_summary_main_policy(const es_result *result) {
    for (size_t p = 0; p < result->n_policies; p++)
        if (es_summary_is_adaptive(result, p) && !es_summary_is_oracle(result, p))
            return p;
    return 0;
}

static void warn_of_inputs(const es_result *result, es_text *text) {
    for (size_t i = 0; i < result->n_inputs; i++) {
        es_text kind = {0};
        es_summary_provenance(result->provenances[i], "kind", &kind);
        text->failed = text->failed || kind.failed;
        if (!kind.failed && strcmp(kind.data, "-") != 0 && strcmp(kind.data, "measured") != 0)
            es_text_add(text, "%s is %s, not measured\n", result->roles[i], kind.data);
        free(kind.data);
    }
    if (result->batch_extrapolated != 0)
        es_text_add(text, "times of some batch sizes are extrapolated beyond the measured ones\n");
}

/* What a run promises of itself: exact but for the rounding of seconds. */
static bool is_sound(const es_result *result, size_t policy) {
    double largest_s = fmax(1, es_result_figure_of(result, "latency_max", policy));
    return es_result_figure_of(result, "conservation_residual", policy) == 0 &&
           es_result_figure_of(result, "little_residual", policy) == 0 &&
           es_result_figure_of(result, "component_residual", policy) <= 1e-12 * largest_s;
}

void es_summary_warnings(const es_result *result, es_text *text) {
    warn_of_inputs(result, text);
    for (size_t p = 0; p < result->n_policies; p++) {
        const char *name = result->policies[p];
        double unfinished = es_result_figure_of(result, "unfinished", p);
        if (es_result_figure_of(result, "saturated", p) > 0 && result->n_replications > 1)
            es_text_add(text,
                        "%s: saturated in one replication or more, where it was stopped; its "
                        "figures depend on when\n",
                        name);
        else if (es_result_figure_of(result, "saturated", p) > 0)
            es_text_add(text,
                        "%s: saturated: stopped when %lld requests had arrived; its figures "
                        "depend on when\n",
                        name, (long long)result->n_steps[p]);
        if (unfinished > 0)
            es_text_add(text,
                        "%s: %.0f requests are unfinished; counted with their time under way so "
                        "far the mean latency is %.4g ms\n",
                        name, unfinished,
                        1e3 * es_result_figure_of(result, "latency_mean_censored", p));
        if (!is_sound(result, p))
            es_text_add(text, "%s: the run's checks of itself do not hold; do not use it\n", name);
    }
}

es_status es_choose_replication(const es_arguments *arguments, const es_result *result,
                                size_t *replication, es_errors *errors) {
    const char *text = es_arguments_value(arguments, "replication", "0");
    int64_t number = -1;
    if (es_parse_int64((es_slice){text, strlen(text)}, &number) != ES_OK || number < 0 ||
        (uint64_t)number >= result->n_replications)
        return es_arguments_mistake(arguments, errors,
                                    "--replication %s: expected a number of 0 .. %zu", text,
                                    result->n_replications - 1);
    *replication = (size_t)number;
    return ES_OK;
}

size_t es_line_width(void) {
    const char *columns = getenv("COLUMNS");
    int64_t width = 0;
    if (columns == NULL || es_parse_int64((es_slice){columns, strlen(columns)}, &width) != ES_OK ||
        width < 40)
        return DEFAULT_WIDTH;
    return (size_t)width;
}

static es_status print(const char *path, es_text *text, es_status status, es_errors *errors) {
    if (status == ES_OK && text->failed)
        status = es_errors_no_memory(errors, path);
    if (status == ES_OK)
        fputs(text->data, stdout);
    free(text->data);
    return status;
}

static es_status summarise_sweep(const char *path, es_errors *errors) {
    es_joined *joined;
    es_text text = {0};
    es_status status = es_joined_load(path, &joined, errors);
    if (status != ES_OK)
        return status;
    es_summary_sweep(joined, &text);
    es_joined_destroy(joined);
    return print(path, &text, status, errors);
}

static es_status run(const es_arguments *arguments, es_errors *errors) {
    const char *path = arguments->operands[0];
    bool json = es_arguments_has(arguments, "json"), csv = es_arguments_has(arguments, "csv");
    bool latex = es_arguments_has(arguments, "latex");
    if (json + csv + latex > 1)
        return es_arguments_mistake(arguments, errors,
                                    "--json, --csv and --latex exclude each other");
    if (es_joined_is_one(path))
        return json || csv || latex
                   ? es_errors_add(
                         errors, ES_INVALID, path, 0,
                         "is a joined sweep, of which there is only the table; `edgesplit "
                         "report` saves its figures as CSV")
                   : summarise_sweep(path, errors);
    es_result *result;
    es_status status = es_result_load(path, &result, errors);
    if (status != ES_OK)
        return status;
    es_text text = {0};
    es_groups *groups = NULL;
    if (!csv && !latex)
        status = es_groups_read(path, result, &groups, errors);
    if (status == ES_OK && json)
        es_summary_json(result, path, groups, &text);
    else if (csv)
        es_summary_csv(result, &text);
    else if (latex)
        es_summary_latex(result, &text);
    else if (status == ES_OK)
        es_summary_text(result, es_line_width(), groups, &text);
    es_groups_destroy(groups);
    es_result_destroy(result);
    return print(path, &text, status, errors);
}

static const es_option options[] = {
    {.name = "json", .help = "everything, for programs"},
    {.name = "csv", .help = "every figure of every policy, for spreadsheets"},
    {.name = "latex", .help = "the table of the policies, for a paper"},
    {0},
};

const es_command es_report_summary = {
    .name = "summary",
    .summary = "the policies of a result, or of each setting of a joined sweep, side by side",
    .notes = "Gains are shown for every pair of policies if their table fits the line (100 "
             "characters, or\n$COLUMNS), else only those of policies that decide per request, "
             "one pair a line. --json has all.\n"
             "With several replications figures are means over all of them, each behind its own "
             "warm-up, and +- is half\nof a 95 % interval: Student's t over the replications, of "
             "gains over their paired differences. With several\ngroups of devices the figures "
             "and gains of each group are made of the steps.",
    .operand = "RESULT.h5|CUBE.h5",
    .least_operands = 1,
    .most_operands = 1,
    .options = options,
    .run = run,
};
