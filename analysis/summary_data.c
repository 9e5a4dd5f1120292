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

static void add_policies(const es_result *result, es_text *text) {
    es_text_add(text, ",\n\"policies\": [");
    for (size_t p = 0; p < result->n_policies; p++) {
        es_text_add(text, "%s\n  {", p > 0 ? "," : "");
        add_member(text, "name", result->policies[p]);
        add_member(text, "type", result->types[p]);
        es_text_add(text, ", \"n_steps\": %lld,\n   \"figures\": {", (long long)result->n_steps[p]);
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
        es_text_add(text, "}");
    }
    es_text_add(text, "]");
}

static void add_gains(const es_result *result, es_text *text) {
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

void es_summary_json(const es_result *result, const char *path, es_text *text) {
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
    add_member(text, "batch_extrapolated", NULL);
    es_text_add(text, result->batch_extrapolated != 0 ? "true" : "false");
    add_inputs(result, text);
    add_units(result, text);
    add_cuts(result, text);
    add_policies(result, text);
    add_gains(result, text);
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
        es_text_add(text, ",%lld", (long long)result->n_steps[p]);
        for (size_t f = 0; f < result->n_figures; f++) {
            es_text_add(text, ",");
            if (isfinite(result->figures[f].values[p]))
                add_number(text, result->figures[f].values[p]);
        }
        es_text_add(text, "\n");
    }
}
