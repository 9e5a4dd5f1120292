/* What a report says in words. */
#include "compare.h"
#include "edgesplit/alloc.h"
#include "report.h"
#include "summary.h"

#include <math.h>
#include <string.h>

static double figure(const es_result *result, const char *name, size_t policy) {
    return es_result_figure_of(result, name, policy);
}

bool es_run_report_may_win(const es_result *result, size_t policy) {
    return !es_summary_is_oracle(result, policy) && !(figure(result, "saturated", policy) > 0) &&
           figure(result, "completed", policy) > 0;
}

static void find_best(es_run_report *report) {
    const es_result *result = report->result;
    double least = 0, second = 0;
    for (size_t p = 0; p < result->n_policies; p++) {
        double mean = figure(result, "latency_mean", p);
        if (!es_run_report_may_win(result, p))
            continue;
        if (report->n_rivals == 0 || mean < least) {
            report->next = report->n_rivals > 0 ? report->best : p;
            report->best = p;
            second = least;
            least = mean;
        } else if (report->next == report->best || mean < second) {
            report->next = p;
            second = mean;
        }
        report->n_rivals++;
    }
}

/* Order in which policies are left out of figures: last those that decide per request, then the
 * ends of the range, then static ones, each by their mean. */
static double rank_of(const es_result *result, size_t policy) {
    double mean = figure(result, "latency_mean", policy);
    double group = es_summary_is_adaptive(result, policy)               ? 0
                   : strcmp(result->types[policy], "static-split") != 0 ? 1
                                                                        : 2;
    return group + (isfinite(mean) ? mean / (1 + mean) : 1);
}

static void choose_shown(es_run_report *report) {
    enum { MOST = sizeof report->shown / sizeof report->shown[0] };
    const es_result *result = report->result;
    for (size_t p = 0; p < result->n_policies; p++) {
        size_t before = 0;
        for (size_t other = 0; other < result->n_policies; other++)
            before += rank_of(result, other) < rank_of(result, p) ||
                      (rank_of(result, other) == rank_of(result, p) && other < p);
        if (before < MOST && report->n_shown < MOST)
            report->shown[report->n_shown++] = p;
    }
}

/* The comparisons of `best` from what the pass over the steps has collected. */
static void conclude_steps(es_run_report *report) {
    const es_result *result = report->result;
    for (size_t p = 0; p < result->n_policies; p++) {
        const es_policy_steps *steps = &report->steps->policies[p];
        report->paired[p].n_replications = result->n_replications;
        report->paired[p].only_first = steps->only_reference;
        report->paired[p].only_second = steps->only_this;
        es_differences_conclude(&steps->differences, !es_result_is_grid(result),
                                ES_PAIRED_CONFIDENCE, &report->paired[p].all);
    }
}

/* In closed mode steps of the same number are different requests. */
static es_status compare_means(es_run_report *report, es_errors *errors) {
    const es_result *result = report->result;
    es_side best = {report->path, result, report->best};
    es_deciles deciles = {0};
    es_status status = ES_OK;
    for (size_t p = 0; p < result->n_policies && status == ES_OK; p++) {
        es_side other = {report->path, result, p};
        if (p != report->best)
            status = es_paired_compare(&best, &other, &deciles, &report->paired[p], errors);
    }
    return status;
}

es_status es_run_report_init(es_run_report *report, const char *path, const es_result *result,
                             es_errors *errors) {
    *report = (es_run_report){.path = path, .result = result};
    if (result->n_policies == 0)
        return es_errors_add(errors, ES_INVALID, path, 0, "has no policies");
    find_best(report);
    choose_shown(report);
    report->paired = es_alloc(result->n_policies, sizeof *report->paired);
    bool *is_shown = es_alloc(result->n_policies, sizeof *is_shown);
    es_status status =
        report->paired != NULL && is_shown != NULL ? ES_OK : es_errors_no_memory(errors, path);
    for (size_t i = 0; i < report->n_shown && status == ES_OK; i++)
        is_shown[report->shown[i]] = es_summary_is_adaptive(result, report->shown[i]);
    if (status == ES_OK)
        status = es_report_steps_read(path, result, report->best, is_shown, &report->steps, errors);
    if (status == ES_OK && es_result_is_paired(result))
        conclude_steps(report);
    else if (status == ES_OK)
        status = compare_means(report, errors);
    if (status == ES_OK)
        status = es_groups_read(path, result, &report->groups, errors);
    free(is_shown);
    return status;
}

void es_run_report_fini(es_run_report *report) {
    for (size_t p = 0; report->paired != NULL && p < report->result->n_policies; p++)
        es_paired_fini(&report->paired[p]);
    es_report_steps_destroy(report->steps);
    es_groups_destroy(report->groups);
    free(report->paired);
}

static double completed_share(const es_result *result, size_t policy) {
    return figure(result, "completed", policy) / figure(result, "arrived", policy);
}

static void add_comparison(const es_run_report *report, size_t other, es_text *text) {
    const es_result *result = report->result;
    es_paired_conclude(result->policies[report->best], result->policies[other],
                       es_result_is_grid(result), &report->paired[other], text);
}

void es_run_report_verdict(const es_run_report *report, es_text *text) {
    const es_result *result = report->result;
    if (report->n_rivals == 0) {
        es_text_add(text, "No policy can be named the best: each one was stopped as saturated, "
                          "sees the future, or has completed nothing.");
        return;
    }
    const char *best = result->policies[report->best];
    double mean_ms = 1e3 * figure(result, "latency_mean", report->best);
    if (report->n_rivals == 1) {
        es_text_add(text,
                    "%s has a mean latency of %.4g ms; there is no other policy to compare "
                    "it with.",
                    best, mean_ms);
        return;
    }
    const es_interval *lead = &report->paired[report->next].all.difference_s;
    es_text_add(text,
                isnan(lead->high) ? "%s has the least mean latency of %zu policies that do not see "
                                    "the future, %.4g ms. "
                : lead->high < 0
                    ? "%s wins: of %zu policies that do not see the future it has the least mean "
                      "latency, %.4g ms. "
                    : "No winner is certain: %s has the least mean latency of %zu policies that "
                      "do not see the future, %.4g ms, but the next one is close. ",
                best, report->n_rivals, mean_ms);
    add_comparison(report, report->next, text);
    double mine = completed_share(result, report->best);
    double theirs = completed_share(result, report->next);
    if (mine < theirs - 1e-3)
        es_text_add(text,
                    " But it completed only %.4g %% of its requests, the other %.4g %%: latency is "
                    "that of completed requests, and who drops the slow ones looks fast.",
                    100 * mine, 100 * theirs);
}

void es_run_report_comparisons(const es_run_report *report, es_text *text) {
    for (size_t p = 0; p < report->result->n_policies && report->n_rivals > 0; p++)
        if (p != report->best) {
            add_comparison(report, p, text);
            es_text_add(text, "\n");
        }
}

void es_run_report_notes(const es_result *result, es_text *text) {
    es_summary_warnings(result, text);
    if (result->n_replications > 1)
        es_text_add(text,
                    "figures, distributions and comparisons are of all %zu replications, each "
                    "behind its own warm-up, with intervals by Student's t over the replications; "
                    "what is drawn over time is the first of them\n",
                    result->n_replications);
    bool in_time = strcmp(result->mode, "isolated") != 0;
    if (in_time && !(result->warmup_s > 0))
        es_text_add(text, "no warm-up is left out: the first requests met empty queues, which "
                          "makes means a little smaller than those of a system long at work\n");
    es_text_add(text,
                "bytes per element are a convention: %g for the input and %g for features here%s; "
                "another one can change which policy wins\n",
                result->input_bytes_per_element, result->feature_bytes_per_element,
                result->feature_bytes_per_element > result->input_bytes_per_element
                    ? ", so that a cut may have fewer elements than the input and yet more bytes"
                    : "");
    if (!es_result_is_grid(result))
        es_text_add(text, "intervals speak of more time in this scenario; of other links, loads, "
                          "devices or networks the result says nothing\n");
}
