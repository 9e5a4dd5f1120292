/* edgesplit summary: the policies of a result side by side. */
#include "summary.h"

#include "edgesplit/text.h"
#include "report.h"

#include <math.h>
#include <string.h>

enum { OPTION_JSON, OPTION_CSV, N_OPTIONS, DEFAULT_WIDTH = 100 };

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
        if (es_result_figure_of(result, "saturated", p) > 0)
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

/* Characters in a line: $COLUMNS where it is set. */
static size_t line_width(void) {
    const char *columns = getenv("COLUMNS");
    int64_t width = 0;
    if (columns == NULL || es_parse_int64((es_slice){columns, strlen(columns)}, &width) != ES_OK ||
        width < 40)
        return DEFAULT_WIDTH;
    return (size_t)width;
}

static es_status run(const es_report_arguments *arguments, es_errors *errors) {
    if (arguments->values[OPTION_JSON] != NULL && arguments->values[OPTION_CSV] != NULL)
        return es_errors_add(errors, ES_USAGE, NULL, 0, "summary: --json or --csv, not both");
    es_result *result;
    es_status status = es_result_load(arguments->result, &result, errors);
    if (status != ES_OK)
        return status;
    es_text text = {0};
    if (arguments->values[OPTION_JSON] != NULL)
        es_summary_json(result, arguments->result, &text);
    else if (arguments->values[OPTION_CSV] != NULL)
        es_summary_csv(result, &text);
    else
        es_summary_text(result, line_width(), &text);
    if (text.failed)
        status = es_errors_add(errors, ES_NO_MEMORY, arguments->result, 0, "out of memory");
    else
        fputs(text.data, stdout);
    free(text.data);
    es_result_destroy(result);
    return status;
}

extern const es_report es_report_summary;
const es_report es_report_summary = {
    .name = "summary",
    .summary = "the policies of a result side by side: latency, gains, cuts",
    .notes = "Gains are shown for every pair of policies if their table fits the line (100 "
             "characters, or\n$COLUMNS), else only those of policies that decide per request, "
             "one pair a line. --json has all.",
    .n_options = N_OPTIONS,
    .options = {[OPTION_JSON] = {"json", 0, NULL, "everything, for programs"},
                [OPTION_CSV] = {"csv", 0, NULL, "every figure of every policy, for spreadsheets"}},
    .run = run,
};
