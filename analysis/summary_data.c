/* The summary for programs and spreadsheets. */
#include "summary.h"

#include <math.h>
#include <string.h>

static void add_number(es_text *text, double value) {
    char number[ES_NUMBER_TEXT];
    if (isfinite(value)) {
        es_format_double(value, number);
        es_text_add(text, "%s", number);
    } else
        es_text_add(text, "null");
}

/* "name": "value", with a comma before all but the first of an object. */
static void add_member(es_text *text, const char *name, const char *value) {
    if (text->length > 0 && text->data[text->length - 1] != '{')
        es_text_add(text, ", ");
    es_text_add_json(text, name);
    es_text_add(text, ": ");
    if (value != NULL)
        es_text_add_json(text, value);
}

static void add_number_member(es_text *text, const char *name, double value) {
    add_member(text, name, NULL);
    add_number(text, value);
}

static void add_inputs(const es_result *result, es_text *text) {
    es_text_add(text, ",\n\"inputs\": [");
    for (size_t i = 0; i < result->n_inputs; i++) {
        es_text kind = {0};
        es_summary_provenance(result->provenances[i], "kind", &kind);
        text->failed = text->failed || kind.failed;
        es_text_add(text, "%s\n  {", i > 0 ? "," : "");
        add_member(text, "role", result->roles[i]);
        add_member(text, "path", result->paths[i]);
        add_member(text, "sha256", result->hashes[i]);
        add_member(text, "kind", kind.failed ? "" : kind.data);
        add_member(text, "provenance", result->provenances[i]);
        es_text_add(text, "}");
        free(kind.data);
    }
    es_text_add(text, "]");
}

static void add_units(const es_result *result, es_text *text) {
    es_text_add(text, ",\n\"units\": {");
    for (size_t f = 0; f < result->n_figures; f++)
        add_member(text, result->figures[f].name, result->figures[f].units);
    es_text_add(text, "}");
}

static void add_cuts(const es_result *result, es_text *text) {
    es_text_add(text, ",\n\"cuts\": [");
    for (size_t cut = 0; cut < result->n_cuts; cut++) {
        es_text_add(text, "%s\n  {\"cut\": %zu", cut > 0 ? "," : "", cut);
        add_member(text, "name", result->cuts[cut]);
        add_number_member(text, "compression", result->compression[cut]);
        es_text_add(text, "}");
    }
    es_text_add(text, "]");
}

/* Of networks with exits only. */
static void add_exits(const es_result *result, size_t policy, es_text *text) {
    if (result->n_ends == 0)
        return;
    es_text_add(text, ",\n   \"exit_share\": [");
    for (size_t i = 0; i < result->n_ends; i++) {
        es_text_add(text, i > 0 ? ", " : "%s", "");
        add_number(text, result->exit_share[policy * result->n_ends + i]);
    }
    es_text_add(text, "]");
}

/* "name": mean, and its half width where replications give one. */
static void add_estimate(es_text *text, const es_result *result, const char *name,
                         es_estimate estimate) {
    es_text half_width = {0};
    add_number_member(text, name, estimate.mean);
    if (result->n_replications == 1)
        return;
    es_text_add(&half_width, "%s_half_width", name);
    text->failed = text->failed || half_width.failed;
    if (!half_width.failed)
        add_number_member(text, half_width.data, estimate.half_width);
    free(half_width.data);
}

/* What each group of a policy came to. */
static void add_groups_of(const es_result *result, const es_groups *groups, size_t policy,
                          es_text *text) {
    es_text_add(text, ",\n   \"groups\": [");
    for (size_t g = 0; g < groups->n_groups; g++) {
        const es_estimate *figures = groups->figures[policy * groups->n_groups + g];
        es_text_add(text, "%s\n    {", g > 0 ? "," : "");
        add_member(text, "group", result->groups[g]);
        for (size_t f = 0; f < ES_N_GROUP_FIGURES; f++)
            add_estimate(text, result, es_group_figure_text((es_group_figure)f), figures[f]);
        es_text_add(text, "}");
    }
    es_text_add(text, "]");
}

static void add_groups(const es_result *result, es_text *text) {
    es_text_add(text, ",\n\"groups\": [");
    for (size_t g = 0; g < result->n_groups; g++) {
        es_text_add(text, "%s\n  {", g > 0 ? "," : "");
        add_member(text, "name", result->groups[g]);
        es_text_add(text, ", \"devices\": %lld}", (long long)result->group_devices[g]);
    }
    es_text_add(text, "]");
}

/* Rows of a policy in all replications. */
static long long n_rows_of(const es_result *result, size_t policy) {
    size_t n = 0;
    for (size_t r = 0; r < result->n_replications; r++)
        n += es_result_n_steps(result, r, policy);
    return (long long)n;
}

static void add_policies(const es_result *result, const es_groups *groups, es_text *text) {
    es_text_add(text, ",\n\"policies\": [");
    for (size_t p = 0; p < result->n_policies; p++) {
        es_text_add(text, "%s\n  {", p > 0 ? "," : "");
        add_member(text, "name", result->policies[p]);
        add_member(text, "type", result->types[p]);
        es_text_add(text, ", \"n_steps\": %lld,\n   \"figures\": {", n_rows_of(result, p));
        for (size_t f = 0; f < result->n_figures; f++)
            add_number_member(text, result->figures[f].name, result->figures[f].values[p]);
        es_text_add(text, "},\n   \"utilisation\": {");
        for (size_t s = 0; s < result->n_stations; s++)
            add_number_member(text, result->stations[s],
                              result->utilisation[p * result->n_stations + s]);
        es_text_add(text, "},\n   \"queue_length\": {");
        for (size_t s = 0; s < result->n_stations; s++)
            add_number_member(text, result->stations[s],
                              result->queue_length[p * result->n_stations + s]);
        es_text_add(text, "},\n   \"cut_share\": [");
        for (size_t cut = 0; cut < result->n_cuts; cut++) {
            es_text_add(text, cut > 0 ? ", " : "%s", "");
            add_number(text, result->cut_share[p * result->n_cuts + cut]);
        }
        es_text_add(text, "]");
        add_exits(result, p, text);
        if (groups != NULL)
            add_groups_of(result, groups, p, text);
        es_text_add(text, "}");
    }
    es_text_add(text, "]");
}

/* The gains of each group of a pair. */
static void add_gains_of(const es_result *result, const es_groups *groups, size_t pair,
                         es_text *text) {
    es_text_add(text, ", \"groups\": [");
    for (size_t g = 0; g < groups->n_groups; g++) {
        size_t at = pair * groups->n_groups + g;
        es_text_add(text, "%s{", g > 0 ? ", " : "");
        add_member(text, "group", result->groups[g]);
        add_estimate(text, result, "mean_of_ratios", groups->gain_mean_of_ratios[at]);
        add_estimate(text, result, "ratio_of_means", groups->gain_ratio_of_means[at]);
        es_text_add(text, "}");
    }
    es_text_add(text, "]");
}

static void add_gains(const es_result *result, const es_groups *groups, es_text *text) {
    size_t n = result->n_policies;
    const char *separator = "";
    es_text_add(text, ",\n\"gains\": [");
    for (size_t p = 0; p < n; p++)
        for (size_t b = 0; b < n; b++) {
            if (b == p)
                continue;
            es_text_add(text, "%s\n  {", separator);
            add_member(text, "policy", result->policies[p]);
            add_member(text, "baseline", result->policies[b]);
            add_number_member(text, "mean_of_ratios", result->gain_mean_of_ratios[p * n + b]);
            add_number_member(text, "ratio_of_means", result->gain_ratio_of_means[p * n + b]);
            if (result->n_replications > 1) {
                add_number_member(text, "mean_of_ratios_half_width",
                                  result->gain_mean_of_ratios_half_width[p * n + b]);
                add_number_member(text, "ratio_of_means_half_width",
                                  result->gain_ratio_of_means_half_width[p * n + b]);
            }
            if (groups != NULL)
                add_gains_of(result, groups, p * n + b, text);
            es_text_add(text, "}");
            separator = ",";
        }
    es_text_add(text, "]");
}

static void add_warnings(const es_result *result, es_text *text) {
    es_text warnings = {0};
    es_summary_warnings(result, &warnings);
    text->failed = text->failed || warnings.failed;
    const char *separator = "";
    es_text_add(text, ",\n\"warnings\": [");
    for (char *line = warnings.data, *end; !warnings.failed && line != NULL && *line != '\0';
         line = end + 1) {
        end = strchr(line, '\n');
        *end = '\0';
        es_text_add(text, "%s\n  ", separator);
        es_text_add_json(text, line);
        separator = ",";
    }
    es_text_add(text, "]");
    free(warnings.data);
}

void es_summary_json(const es_result *result, const char *path, const es_groups *groups,
                     es_text *text) {
    es_text_add(text, "{");
    add_member(text, "result", path);
    add_member(text, "title", result->title);
    add_member(text, "program", result->program);
    add_member(text, "format_version", result->format_version);
    add_member(text, "model", result->model);
    add_member(text, "granularity", result->granularity);
    add_member(text, "mode", result->mode);
    es_text_add(text, ", \"seed\": %lld", (long long)result->seed);
    add_number_member(text, "input_bytes_per_element", result->input_bytes_per_element);
    add_number_member(text, "feature_bytes_per_element", result->feature_bytes_per_element);
    add_number_member(text, "header_bytes", result->header_bytes);
    add_number_member(text, "warmup_s", result->warmup_s);
    es_text_add(text, ", \"n_replications\": %zu", result->n_replications);
    add_member(text, "batch_extrapolated", NULL);
    es_text_add(text, result->batch_extrapolated != 0 ? "true" : "false");
    add_inputs(result, text);
    add_units(result, text);
    add_cuts(result, text);
    if (result->n_groups > 0)
        add_groups(result, text);
    add_policies(result, groups, text);
    add_gains(result, groups, text);
    add_warnings(result, text);
    es_text_add(text, "\n}\n");
}

void es_summary_csv(const es_result *result, es_text *text) {
    const char *const lines[][2] = {
        {"title", result->title}, {"program", result->program},
        {"model", result->model}, {"granularity", result->granularity},
        {"mode", result->mode},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        es_text_add(text, "# %s: %s\n", lines[i][0], lines[i][1]);
    es_text_add(text, "# seed: %lld\n", (long long)result->seed);
    es_text_add(text,
                "# input_bytes_per_element: %g\n# feature_bytes_per_element: %g\n"
                "# header_bytes: %g\n",
                result->input_bytes_per_element, result->feature_bytes_per_element,
                result->header_bytes);
    es_text_add(text, "policy,policy_type,n_steps");
    for (size_t f = 0; f < result->n_figures; f++)
        es_text_add(text, ",%s", result->figures[f].name);
    es_text_add(text, "\n");
    for (size_t p = 0; p < result->n_policies; p++) {
        es_text_add_csv(text, result->policies[p]);
        es_text_add(text, ",");
        es_text_add_csv(text, result->types[p]);
        es_text_add(text, ",%lld", n_rows_of(result, p));
        for (size_t f = 0; f < result->n_figures; f++) {
            es_text_add(text, ",");
            if (isfinite(result->figures[f].values[p]))
                add_number(text, result->figures[f].values[p]);
        }
        es_text_add(text, "\n");
    }
}
