#include "replications.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/text.h"
#include "edgesplit/units.h"

#include <string.h>

static const double CONFIDENCE = 0.95;

static const char *const figure_names[] = {
#define ES_SUMMARY(name, units, long_name) #name,
#include "edgesplit/summary.def"
#undef ES_SUMMARY
};

static const char *figure_at(const void *context, size_t i) {
    (void)context;
    return figure_names[i];
}

/* The figure of that name, or with "_mean" behind it; ES_N_SUMMARY if there is none. */
static es_summary_figure find_figure(es_slice name) {
    static const char suffix[] = "_mean";
    for (size_t f = 0; f < ES_N_SUMMARY; f++) {
        const char *rest = figure_names[f] + name.length;
        if (strlen(figure_names[f]) >= name.length &&
            memcmp(figure_names[f], name.data, name.length) == 0 &&
            (*rest == '\0' || strcmp(rest, suffix) == 0))
            return (es_summary_figure)f;
    }
    return ES_N_SUMMARY;
}

/* What is not averaged: a run is as saturated, and as wrong, as its worst replication. */
static bool is_worst(size_t figure) {
    return figure == ES_SUMMARY_saturated || figure == ES_SUMMARY_latency_max ||
           figure == ES_SUMMARY_conservation_residual || figure == ES_SUMMARY_component_residual ||
           figure == ES_SUMMARY_little_residual;
}

static es_status complain(const es_scenario *scenario, es_errors *errors, const char *text) {
    return es_scenario_complain(scenario, "scenario", "stop_when", errors, "%s", text);
}

es_status stop_rule_of(const es_scenario *scenario, struct stop_rule *rule, es_errors *errors) {
    static const char form[] = "expected ci(FIGURE) < SHARE, such as ci(latency) < 1%";
    const char *text = scenario->scenario.stop_when, *expected;
    *rule = (struct stop_rule){0};
    if (text == NULL)
        return ES_OK;
    const char *open = strchr(text, '('), *close = strchr(text, ')'), *less = strchr(text, '<');
    if (open == NULL || close == NULL || less == NULL || close < open || less < close)
        return complain(scenario, errors, form);
    es_slice function = es_slice_trim((es_slice){text, (size_t)(open - text)});
    es_slice name = es_slice_trim((es_slice){open + 1, (size_t)(close - open - 1)});
    es_slice between = es_slice_trim((es_slice){close + 1, (size_t)(less - close - 1)});
    es_slice share = es_slice_trim((es_slice){less + 1, strlen(less + 1)});
    if (function.length != 2 || memcmp(function.data, "ci", 2) != 0 || between.length > 0 ||
        es_parse_quantity(share, ES_DIM_RATIO, &rule->share, &expected) != ES_OK)
        return complain(scenario, errors, form);
    if (!(rule->share > 0 && rule->share < 1))
        return complain(scenario, errors, "expected a share above 0% and below 100%");
    rule->figure = find_figure(name);
    if (rule->figure == ES_N_SUMMARY) {
        char copy[64];
        snprintf(copy, sizeof copy, "%.*s", (int)(name.length < 63 ? name.length : 63), name.data);
        const char *nearest = es_nearest_name(copy, ES_N_SUMMARY, figure_at, NULL);
        return es_scenario_complain(scenario, "scenario", "stop_when", errors,
                                    "the summary has no figure '%s'%s", copy,
                                    es_did_you_mean(nearest, "'", "'", "").text);
    }
    if (is_worst(rule->figure))
        return complain(scenario, errors,
                        "this figure is that of the worst replication, and has no interval");
    if (scenario->scenario.replications < ES_LEAST_REPLICATIONS)
        return es_scenario_complain(scenario, "scenario", "stop_when", errors,
                                    "needs replications = %d or more, which are then the most",
                                    ES_LEAST_REPLICATIONS);
    rule->wanted = true;
    return ES_OK;
}

es_status results_init(struct results *results, const es_run_record *record) {
    size_t n = record->n_policies, n_cuts = record->n_cuts, n_most = record->n_replications;
    size_t n_stations = es_record_stations(record);
    size_t n_ends = record->n_exits > 0 ? record->n_exits + 1 : 0;
    *results = (struct results){.n_policies = n,
                                .n_cuts = n_cuts,
                                .n_stations = n_stations,
                                .n_ends = n_ends,
                                .n_most = n_most};
    es_summary *summary = &results->summary;
    summary->figures = es_alloc(n, sizeof *summary->figures);
    summary->half_widths = es_alloc(n, sizeof *summary->half_widths);
    summary->replicated = es_alloc(n_most, n * sizeof *summary->replicated);
    summary->n_steps = es_alloc(n_most, n * sizeof *summary->n_steps);
    double **const tables[] = {&summary->cut_share, &summary->exit_share, &summary->utilisation,
                               &summary->queue_length};
    es_sum **const sums[] = {&results->cut_share, &results->exit_share, &results->utilisation,
                             &results->queue_length};
    const size_t widths[] = {n_cuts, n_ends, n_stations, n_stations};
    double **const pairs[] = {&summary->gain_mean_of_ratios, &summary->gain_ratio_of_means,
                              &summary->gain_mean_of_ratios_half_width,
                              &summary->gain_ratio_of_means_half_width};
    bool complete = summary->figures != NULL && summary->half_widths != NULL &&
                    summary->replicated != NULL && summary->n_steps != NULL;
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        size_t length = n * widths[i];
        *tables[i] = es_alloc(length, sizeof(double));
        *sums[i] = es_alloc(length, sizeof(es_sum));
        complete = complete && *tables[i] != NULL && *sums[i] != NULL;
    }
    for (size_t i = 0; i < 4; i++) {
        *pairs[i] = es_alloc(n * n, sizeof(double));
        complete = complete && *pairs[i] != NULL;
    }
    results->gain_mean_of_ratios = es_alloc(n * n, sizeof *results->gain_mean_of_ratios);
    results->gain_ratio_of_means = es_alloc(n * n, sizeof *results->gain_ratio_of_means);
    results->pairs = es_alloc(n * n, sizeof *results->pairs);
    complete = complete && results->gain_mean_of_ratios != NULL &&
               results->gain_ratio_of_means != NULL && results->pairs != NULL;
    return complete ? ES_OK : ES_NO_MEMORY;
}

void results_fini(struct results *results) {
    es_summary *summary = &results->summary;
    void *const arrays[] = {
        summary->figures,
        summary->half_widths,
        summary->replicated,
        summary->n_steps,
        summary->cut_share,
        summary->exit_share,
        summary->utilisation,
        summary->queue_length,
        summary->gain_mean_of_ratios,
        summary->gain_ratio_of_means,
        summary->gain_mean_of_ratios_half_width,
        summary->gain_ratio_of_means_half_width,
        results->cut_share,
        results->exit_share,
        results->utilisation,
        results->queue_length,
        results->gain_mean_of_ratios,
        results->gain_ratio_of_means,
        results->pairs,
    };
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        free(arrays[i]);
    *results = (struct results){0};
}

double *results_figures(struct results *results, size_t replication, size_t policy) {
    return results->summary.replicated[replication * results->n_policies + policy];
}

void results_add(struct results *results, size_t replication, size_t policy,
                 const struct tally *tally, const es_world_result *world) {
    size_t n_cuts = results->n_cuts;
    uint64_t n_counted = tally->n_rows - tally->n_skipped;
    results->summary.n_steps[replication * results->n_policies + policy] = tally->n_rows;
    for (size_t cut = 0; cut < n_cuts; cut++)
        es_sum_add(&results->cut_share[policy * n_cuts + cut],
                   (double)tally->cut_counts[cut] / (double)n_counted);
    for (size_t i = 0; i < results->n_ends; i++) {
        uint64_t n = tally->n_by_status[ES_STEP_COMPLETED] + tally->n_by_status[ES_STEP_LATE];
        es_sum_add(&results->exit_share[policy * results->n_ends + i],
                   (double)tally->exit_counts[i] / (double)n);
    }
    for (size_t s = 0; s < results->n_stations; s++) {
        size_t at = policy * results->n_stations + s;
        es_sum_add(&results->utilisation[at], world->utilisation[s]);
        es_sum_add(&results->queue_length[at], world->queue_length[s]);
    }
}

void results_add_gains(struct results *results) {
    for (size_t i = 0; i < results->n_policies * results->n_policies; i++) {
        const struct pair *sums = &results->pairs[i];
        if (sums->n > 0) {
            double of_ratios = es_sum_value(sums->ratios) / (double)sums->n;
            double of_means = 1 - es_sum_value(sums->policy) / es_sum_value(sums->baseline);
            es_moments_add(&results->gain_mean_of_ratios[i], &of_ratios, 1);
            es_moments_add(&results->gain_ratio_of_means[i], &of_means, 1);
        }
        results->pairs[i] = (struct pair){0};
    }
}

/* The mean of values over replications and the half width of its interval; both NaN unless each of
 * the replications has one. */
static void conclude(const es_moments *values, size_t n_replications, double *mean,
                     double *half_width) {
    *mean = *half_width = ES_NAN;
    if (values->n != n_replications || n_replications == 0)
        return;
    es_interval interval = es_moments_interval(values, CONFIDENCE);
    *mean = interval.mean;
    *half_width = (interval.high - interval.low) / 2;
}

static void conclude_figure(struct results *results, size_t n_replications, size_t policy,
                            size_t figure) {
    es_summary *summary = &results->summary;
    es_moments values = {0};
    double worst = ES_NAN;
    for (size_t r = 0; r < n_replications; r++) {
        double value = results_figures(results, r, policy)[figure];
        es_moments_add(&values, &value, 1);
        if (r == 0 || fabs(value) > fabs(worst) || isnan(worst))
            worst = value;
    }
    conclude(&values, n_replications, &summary->figures[policy][figure],
             &summary->half_widths[policy][figure]);
    if (is_worst(figure)) {
        summary->figures[policy][figure] = worst;
        summary->half_widths[policy][figure] = ES_NAN;
    }
}

void results_summarise(struct results *results, size_t n_replications, const es_batches *batches) {
    es_summary *summary = &results->summary;
    size_t n = results->n_policies;
    summary->n_replications = n_replications;
    for (size_t p = 0; p < n; p++) {
        for (size_t f = 0; f < ES_N_SUMMARY; f++)
            conclude_figure(results, n_replications, p, f);
        if (batches == NULL)
            continue;
        es_interval interval = es_batches_interval(&batches[p], CONFIDENCE);
        if (interval.correlation <= ES_SHORT_SERIES)
            summary->half_widths[p][ES_SUMMARY_latency_mean] = (interval.high - interval.low) / 2;
    }
    for (size_t i = 0; i < n * results->n_cuts; i++)
        summary->cut_share[i] = es_sum_value(results->cut_share[i]) / (double)n_replications;
    for (size_t i = 0; i < n * results->n_ends; i++)
        summary->exit_share[i] = es_sum_value(results->exit_share[i]) / (double)n_replications;
    for (size_t i = 0; i < n * results->n_stations; i++) {
        summary->utilisation[i] = es_sum_value(results->utilisation[i]) / (double)n_replications;
        summary->queue_length[i] = es_sum_value(results->queue_length[i]) / (double)n_replications;
    }
    for (size_t i = 0; i < n * n; i++) {
        conclude(&results->gain_mean_of_ratios[i], n_replications, &summary->gain_mean_of_ratios[i],
                 &summary->gain_mean_of_ratios_half_width[i]);
        conclude(&results->gain_ratio_of_means[i], n_replications, &summary->gain_ratio_of_means[i],
                 &summary->gain_ratio_of_means_half_width[i]);
    }
}

bool results_suffice(const struct results *results, const struct stop_rule *rule) {
    const es_summary *summary = &results->summary;
    for (size_t p = 0; p < results->n_policies; p++) {
        double half = summary->half_widths[p][rule->figure];
        double mean = summary->figures[p][rule->figure];
        if (!(half < rule->share * fabs(mean) || half == 0))
            return false;
    }
    return true;
}
