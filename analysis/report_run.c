/* The page of a run. */
#include "edgesplit/file.h"
#include "page.h"
#include "report.h"
#include "summary.h"

#include <math.h>
#include <string.h>

/* A number as `summary --json` has it. */
static void add_exact(es_table *table, double value) {
    char number[ES_NUMBER_TEXT];
    if (!isfinite(value)) {
        es_table_add(table, "not known");
        return;
    }
    es_format_double(value, number);
    es_table_add(table, "%s", number);
}

static void begin_policies(const es_result *result, const char *first, const char *second,
                           es_table *table) {
    es_table_init(table, 2 + result->n_policies, 2);
    es_table_add(table, "%s", first);
    es_table_add(table, "%s", second);
    for (size_t p = 0; p < result->n_policies; p++)
        es_table_add(table, "%s", result->policies[p]);
}

static void end_details(const char *caption, es_table *table, es_text *text) {
    es_page_table(caption, table, 0, text);
    es_text_add(text, "</details>\n");
    es_table_fini(table);
}

static void add_all_figures(const es_result *result, es_text *text) {
    es_table table;
    begin_policies(result, "figure", "unit", &table);
    for (size_t f = 0; f < result->n_figures; f++) {
        es_table_add(&table, "%s", result->figures[f].name);
        es_table_add(&table, "%s", result->figures[f].units);
        for (size_t p = 0; p < result->n_policies; p++)
            add_exact(&table, result->figures[f].values[p]);
    }
    es_text_add(text, "<details id=\"figures\"><summary>Every figure, exactly</summary>\n");
    end_details("All figures of each policy, as edgesplit summary --json prints them", &table,
                text);
}

static void add_summary(const es_run_report *report, es_text *text) {
    const es_result *result = report->result;
    es_table table;
    es_text csv = {0};
    es_page_section("summary", "The policies side by side", text);
    es_summary_table(result, &table);
    es_page_table("n completed requests; latency: mean, median (p50), 95 % and 99 % quantiles; "
                  "regret: what the best cut of each request would have saved",
                  &table, report->n_rivals > 0 ? 1 + report->best : 0, text);
    es_table_fini(&table);
    es_summary_csv(result, &csv);
    es_text_add(text, "<p>");
    es_page_download("summary.csv", "text/csv;charset=utf-8", "Save every figure as CSV", &csv,
                     text);
    es_text_add(text, "</p>\n");
    free(csv.data);
    add_all_figures(result, text);
}

/* Every policy over every other; of more than MOST_PAIRS policies those pairs that the best one is
 * in. */
static void add_gains(const es_run_report *report, es_text *text) {
    enum { MOST_PAIRS = 24 };
    const es_result *result = report->result;
    const size_t n = result->n_policies, best = report->best;
    if (n < 2)
        return;
    static const char *const headers[] = {"gain of", "over",           "mean of ratios",
                                          "+-",      "ratio of means", "+-"};
    const bool replicated = result->n_replications > 1;
    es_table table;
    es_table_init(&table, replicated ? 6 : 4, 2);
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        if (replicated || headers[i][0] != '+')
            es_table_add(&table, "%s", headers[i]);
    for (size_t p = 0; p < n; p++)
        for (size_t b = 0; b < n; b++)
            if (b != p && (n <= MOST_PAIRS || b == best || p == best)) {
                es_table_add(&table, "%s", result->policies[p]);
                es_table_add(&table, "%s", result->policies[b]);
                add_exact(&table, result->gain_mean_of_ratios[p * n + b]);
                if (replicated)
                    add_exact(&table, result->gain_mean_of_ratios_half_width[p * n + b]);
                add_exact(&table, result->gain_ratio_of_means[p * n + b]);
                if (replicated)
                    add_exact(&table, result->gain_ratio_of_means_half_width[p * n + b]);
            }
    es_text_add(text, "<details id=\"gains\"><summary>%s</summary>\n",
                n <= MOST_PAIRS ? "Gains of every policy over every other"
                                : "Gains of and over the policy with the least mean latency");
    end_details(replicated ? "Share of the other's latency that is saved, over the steps that both "
                             "completed; negative: slower; +- half of the 95 % interval over the "
                             "replications, of paired differences"
                           : "Share of the other's latency that is saved, over the steps that both "
                             "completed; negative: slower",
                &table, text);
}

static void add_groups(const es_run_report *report, es_text *text) {
    const es_result *result = report->result;
    es_table table, gains;
    if (report->groups == NULL)
        return;
    es_groups_table(result, report->groups, &table);
    es_page_section("groups", "Groups of devices", text);
    es_page_table(result->n_replications > 1
                      ? "The same of each group: n completed requests; latency in ms, kB sent per "
                        "request; means over the replications, +- half of a 95 % interval"
                      : "The same of each group: n completed requests; latency in ms, kB sent per "
                        "request",
                  &table, 0, text);
    es_table_fini(&table);
    if (result->n_policies > 1 && es_result_is_paired(result)) {
        es_groups_gains_table(result, report->groups, true, &gains);
        es_text_add(text, "<details id=\"group-gains\"><summary>Gains in each group</summary>\n");
        end_details("Share of the other's latency that is saved, %, over the steps of the group "
                    "that both completed",
                    &gains, text);
    }
    es_text_add(text, "</section>\n");
}

static void add_stations(const es_result *result, es_text *text) {
    if (strcmp(result->mode, "isolated") == 0)
        return;
    es_table table;
    begin_policies(result, "station", "time average of", &table);
    for (size_t s = 0; s < result->n_stations; s++)
        for (size_t kind = 0; kind < 2; kind++) {
            const double *values = kind == 0 ? result->utilisation : result->queue_length;
            es_table_add(&table, "%s", result->stations[s]);
            es_table_add(&table, kind == 0 ? "utilisation (1)" : "requests (1)");
            for (size_t p = 0; p < result->n_policies; p++)
                es_table_add(&table, "%.3f", values[p * result->n_stations + s]);
        }
    es_page_section("stations", "Stations", text);
    es_page_table("How busy each station was, and how many requests waited or were in service",
                  &table, 0, text);
    es_text_add(text, "</section>\n");
    es_table_fini(&table);
}

static void add_inputs(const es_result *result, es_text *text) {
    es_table table;
    es_table_init(&table, 4, 4);
    es_table_add(&table, "input");
    es_table_add(&table, "made");
    es_table_add(&table, "file");
    es_table_add(&table, "SHA-256");
    for (size_t i = 0; i < result->n_inputs; i++) {
        es_text kind = {0};
        es_summary_provenance(result->provenances[i], "kind", &kind);
        text->failed |= kind.failed;
        es_table_add(&table, "%s", result->roles[i]);
        es_table_add(&table, "%s", kind.failed ? "" : kind.data);
        es_table_add(&table, "%s", result->paths[i]);
        es_table_add(&table, "%s", result->hashes[i]);
        free(kind.data);
    }
    es_page_table("Files that went into the run", &table, 0, text);
    es_table_fini(&table);
    for (size_t i = 0; i < result->n_inputs; i++) {
        es_text_add(text, "<details><summary>Provenance of the ");
        es_page_escape(result->roles[i], text);
        es_text_add(text, "</summary><pre>");
        es_page_escape(result->provenances[i], text);
        es_text_add(text, "</pre></details>\n");
    }
}

static void add_provenance(const es_run_report *report, es_text *text) {
    const es_result *result = report->result;
    const char *name = es_path_name(report->path);
    es_text scenario = {0};
    es_text_add(&scenario, "%s", result->scenario_resolved);
    es_page_section("provenance", "Where this comes from", text);
    es_text_add(text, "<p>Result file ");
    es_page_escape(name, text);
    es_text_add(text, ", format %s, written by ", result->format_version);
    es_page_escape(result->program, text);
    es_text_add(text,
                "; seed %lld. Bytes: %g per element of the input, %g per element of a "
                "feature map, %g per header.</p>\n",
                (long long)result->seed, result->input_bytes_per_element,
                result->feature_bytes_per_element, result->header_bytes);
    add_inputs(result, text);
    es_text_add(
        text,
        "<p>To reproduce it, save the scenario where its paths lead to these files and "
        "type, with the same version of the program:</p>\n<pre>edgesplit run scenario.ini -o ");
    es_page_escape(name, text);
    es_text_add(text,
                "</pre>\n<p>or, with the result file at hand, let it be run again and compared:"
                "</p>\n<pre>edgesplit verify ");
    es_page_escape(name, text);
    es_text_add(text, "</pre>\n<p>");
    es_page_download("scenario.ini", "text/plain;charset=utf-8", "Save the scenario", &scenario,
                     text);
    es_text_add(text, "</p>\n<details><summary>The scenario, with every value that was used"
                      "</summary><pre>");
    es_page_escape(result->scenario_resolved, text);
    es_text_add(text, "</pre></details>\n</section>\n");
    free(scenario.data);
}

/* What was asked, in one sentence. */
static void add_question(const es_result *result, es_text *text) {
    es_text_add(text, "<p class=\"soft\">Which policy answers requests the fastest? ");
    es_page_escape(result->model, text);
    es_text_add(text, ", cuts per %s, mode %s", result->granularity, result->mode);
    if (es_result_is_grid(result))
        es_text_add(text, " over a grid of states");
    es_result_say_warmup(result, text);
    if (result->n_replications > 1)
        es_text_add(text, ", %zu replications", result->n_replications);
    es_text_add(text, ", seed %lld.</p>\n</header>\n<main id=\"main\">\n", (long long)result->seed);
}

static void add_verdict(const es_run_report *report, es_text *text) {
    es_text verdict = {0}, others = {0}, notes = {0};
    es_run_report_verdict(report, &verdict);
    es_run_report_comparisons(report, &others);
    es_run_report_notes(report->result, &notes);
    text->failed |= verdict.failed || others.failed || notes.failed;
    es_page_section("verdict", "Verdict", text);
    es_text_add(text, "<p class=\"verdict\">");
    if (!verdict.failed)
        es_page_escape(verdict.data, text);
    es_text_add(text, "</p>\n");
    if (others.length > 0) {
        es_text_add(text, "<details><summary>Against each other policy</summary><ul>\n");
        es_page_items(&others, text);
        es_text_add(text, "</ul></details>\n");
    }
    es_text_add(text, "</section>\n<section class=\"notes\" aria-labelledby=\"notes\">\n"
                      "<h2 id=\"notes\">Before you believe it</h2>\n<ul>\n");
    es_page_items(&notes, text);
    es_text_add(text, "</ul>\n</section>\n");
    free(verdict.data);
    free(others.data);
    free(notes.data);
}

es_status es_run_report_page(const es_run_report *report, es_text *text, es_errors *errors) {
    const es_result *result = report->result;
    es_status status =
        es_page_begin(result->title[0] != '\0' ? result->title : result->model, text, errors);
    if (status != ES_OK)
        return status;
    add_question(result, text);
    add_verdict(report, text);
    add_summary(report, text);
    add_gains(report, text);
    es_text_add(text, "</section>\n");
    add_groups(report, text);
    es_run_report_series(report, text);
    status = es_run_report_map(report, text, errors);
    if (status != ES_OK)
        return status;
    es_run_report_curves(report, text);
    es_run_report_parts(report, text);
    es_run_report_cuts(report, text);
    add_stations(result, text);
    add_provenance(report, text);
    es_page_end(text);
    return ES_OK;
}
