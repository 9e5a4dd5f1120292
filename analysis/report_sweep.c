/* The page of a joined sweep. */
#include "chart.h"
#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "edgesplit/number.h"
#include "edgesplit/stats.h"
#include "joined.h"
#include "page.h"
#include "report.h"

#include <math.h>
#include <string.h>

/* Repetitions share their random numbers between policies. */
enum { MOST_PANELS = 12, MOST_CSV_BYTES = 400000 };
static const double HALF_TICK_S = 0.5e-9;

/* What the page is made of. */
struct sweep {
    const es_joined *joined;
    size_t n_repetitions, n_settings;
    double *latency_s;  /* [n_settings][n_policies] mean over repetitions */
    bool *rival;        /* [n_policies] does not see the future */
    size_t *won, *sure; /* [n_policies] settings with the least mean latency, alone or
                           shared; of these by a difference that is no luck */
    size_t n_decided, n_done, n_failed, n_missing;
    size_t x; /* the axis of the curves; n_axes: there is none */
};

static const char *const main_figures[] = {"arrived",      "completed",        "late",
                                           "latency_mean", "latency_p50",      "latency_p95",
                                           "latency_p99",  "uplink_bytes_mean"};
enum { N_MAIN_FIGURES = sizeof main_figures / sizeof main_figures[0] };

static void decide_setting(struct sweep *sweep, size_t setting) {
    const es_joined *joined = sweep->joined;
    size_t n = joined->n_policies, best = n, next = n;
    double *means = &sweep->latency_s[setting * n];
    for (size_t p = 0; p < n; p++) {
        es_moments moments = es_joined_moments(joined, "latency_mean", setting, p, n);
        means[p] = es_moments_mean(&moments);
        if (!sweep->rival[p] || isnan(means[p]))
            continue;
        if (best == n || means[p] < means[best]) {
            next = best;
            best = p;
        } else if (next == n || means[p] < means[next])
            next = p;
    }
    if (best == n)
        return;
    sweep->n_decided++;
    for (size_t p = 0; p < n; p++)
        sweep->won[p] += sweep->rival[p] && means[p] < means[best] + HALF_TICK_S;
    if (next < n && means[next] >= means[best] + HALF_TICK_S) {
        es_moments difference = es_joined_moments(joined, "latency_mean", setting, best, next);
        sweep->sure[best] += es_moments_interval(&difference, 0.95).high < 0;
    }
}

static void sweep_fini(struct sweep *sweep) {
    free(sweep->latency_s);
    free(sweep->rival);
    free(sweep->won);
}

static es_status sweep_init(struct sweep *sweep, const es_joined *joined, const char *path,
                            es_errors *errors) {
    *sweep = (struct sweep){.joined = joined,
                            .n_repetitions = joined->n_repetitions,
                            .n_settings = joined->n_settings,
                            .x = joined->n_axes};
    sweep->latency_s = es_alloc(sweep->n_settings * joined->n_policies, sizeof(double));
    sweep->rival = es_alloc(joined->n_policies, sizeof *sweep->rival);
    sweep->won = es_alloc(2 * joined->n_policies, sizeof *sweep->won);
    if (sweep->latency_s == NULL || sweep->rival == NULL || sweep->won == NULL)
        return es_errors_no_memory(errors, path);
    sweep->sure = sweep->won + joined->n_policies;
    for (size_t p = 0; p < joined->n_policies; p++)
        sweep->rival[p] = !es_joined_sees_future(joined, p);
    for (size_t run = 0; run < joined->n_runs; run++) {
        sweep->n_done += joined->states[run] == ES_JOINED_DONE;
        sweep->n_failed += joined->states[run] == ES_JOINED_DONE + 1;
    }
    sweep->n_missing = joined->n_runs - sweep->n_done - sweep->n_failed;
    for (size_t setting = 0; setting < sweep->n_settings; setting++)
        decide_setting(sweep, setting);
    for (size_t a = 0; a < joined->n_axes; a++) {
        const es_joined_axis *axis = &joined->axes[a];
        if (axis->numbers != NULL && !es_joined_is_repetition(axis) && axis->n > 1 &&
            (sweep->x == joined->n_axes || axis->n > joined->axes[sweep->x].n))
            sweep->x = a;
    }
    return ES_OK;
}

/* ---- Words */

static void add_verdict(const struct sweep *sweep, es_text *text) {
    const es_joined *joined = sweep->joined;
    size_t best = 0;
    for (size_t p = 0; p < joined->n_policies; p++)
        if (sweep->won[p] > sweep->won[best])
            best = p;
    es_page_section("verdict", "Verdict", text);
    es_text_add(text, "<p class=\"verdict\">");
    if (sweep->n_decided == 0)
        es_text_add(text, "No run is finished: nothing can be said.");
    else {
        es_page_escape(joined->policies[best], text);
        es_text_add(text,
                    " has the least mean latency, alone or shared, in %zu of %zu settings, among "
                    "the policies that do not see the future. ",
                    sweep->won[best], sweep->n_decided);
        if (sweep->n_repetitions > 1)
            es_text_add(text,
                        "In %zu of them its lead over the next one is more than luck: the 95 %% "
                        "interval of the paired difference over %zu repetitions does not hold 0.",
                        sweep->sure[best], sweep->n_repetitions);
        else
            es_text_add(text, "Each setting was run once: whether a small lead is luck the sweep "
                              "cannot tell ([sweep] repeat would).");
    }
    es_text_add(text, "</p>\n</section>\n");
}

static void add_notes(const struct sweep *sweep, es_text *text) {
    es_text_add(text, "<section class=\"notes\" aria-labelledby=\"notes\">\n"
                      "<h2 id=\"notes\">Before you believe it</h2>\n<ul>\n");
    if (sweep->n_failed + sweep->n_missing > 0)
        es_text_add(text, "<li>%zu runs failed and %zu are missing: they are left out</li>\n",
                    sweep->n_failed, sweep->n_missing);
    size_t n_saturated = 0;
    for (size_t run = 0; run < sweep->joined->n_runs; run++)
        for (size_t p = 0; p < sweep->joined->n_policies; p++)
            n_saturated += es_joined_figure_of(sweep->joined, "saturated", run, p) > 0;
    if (n_saturated > 0)
        es_text_add(text,
                    "<li>in %zu cases a policy was stopped as saturated: its latency depends on "
                    "when, and is only a lower bound</li>\n",
                    n_saturated);
    es_text_add(text,
                "<li>latencies are those of completed requests; bytes per element, warm-up and "
                "profiles are those of the study below, and of other ones it says nothing</li>\n"
                "</ul>\n</section>\n");
}

/* ---- Tables */

static void add_table(const struct sweep *sweep, es_text *text) {
    const es_joined *joined = sweep->joined;
    size_t n = joined->n_policies, best = 0;
    es_table table;
    es_table_init(&table, 6, 1);
    const char *const headers[] = {"policy",          "settings won", "beyond luck",
                                   "least mean (ms)", "median (ms)",  "largest (ms)"};
    for (size_t c = 0; c < sizeof headers / sizeof headers[0]; c++)
        es_table_add(&table, "%s", headers[c]);
    for (size_t p = 0; p < n; p++) {
        static const double at[] = {0, 0.5, 1};
        es_quantiles *quantiles;
        best = sweep->won[p] > sweep->won[best] ? p : best;
        if (es_quantiles_create(3, at, &quantiles) != ES_OK) {
            table.failed = true;
            break;
        }
        do
            for (size_t s = 0; s < sweep->n_settings; s++)
                es_quantiles_feed(quantiles, &sweep->latency_s[s * n + p], 1);
        while (es_quantiles_again(quantiles));
        es_table_add(&table, "%s", joined->policies[p]);
        es_table_add(&table, sweep->rival[p] ? "%zu" : "sees the future", sweep->won[p]);
        es_table_add(&table, sweep->rival[p] && sweep->n_repetitions > 1 ? "%zu" : "-",
                     sweep->sure[p]);
        for (size_t i = 0; i < 3; i++)
            es_table_add(&table, "%.4g", 1e3 * es_quantiles_value(quantiles, i));
        es_quantiles_destroy(quantiles);
    }
    es_page_section("summary", "The policies side by side", text);
    es_page_table("Settings in which a policy has the least mean latency, and its mean latency "
                  "over all settings",
                  &table, sweep->n_decided > 0 ? 1 + best : 0, text);
    es_table_fini(&table);
}

static void add_coordinate(const es_joined_axis *axis, size_t i, es_text *text) {
    char number[ES_NUMBER_TEXT];
    if (axis->texts != NULL)
        es_text_add(text, "%s", axis->texts[i]);
    else {
        es_format_double(axis->numbers[i], number);
        es_text_add(text, "%s", number);
    }
}

static bool is_main_figure(const char *name) {
    for (size_t i = 0; i < N_MAIN_FIGURES; i++)
        if (strcmp(main_figures[i], name) == 0)
            return true;
    return false;
}

static void add_csv_row(const es_joined *joined, size_t run, size_t policy, bool all,
                        es_text *csv) {
    char number[ES_NUMBER_TEXT];
    for (size_t a = 0; a < joined->n_axes; a++) {
        es_text field = {0};
        add_coordinate(&joined->axes[a], es_joined_index(joined, a, run), &field);
        csv->failed |= field.failed;
        if (!field.failed)
            es_text_add_csv(csv, field.data);
        es_text_append(csv, ",", 1);
        free(field.data);
    }
    es_text_add_csv(csv, joined->policies[policy]);
    for (size_t f = 0; f < joined->n_figures; f++) {
        double value = joined->figures[f].values[run * joined->n_policies + policy];
        if (!all && !is_main_figure(joined->figures[f].name))
            continue;
        es_text_append(csv, ",", 1);
        if (!isfinite(value))
            continue;
        es_format_double(value, number);
        es_text_append(csv, number, strlen(number));
    }
    es_text_append(csv, "\n", 1);
}

static void add_csv(const es_joined *joined, bool all, es_text *csv) {
    for (size_t a = 0; a < joined->n_axes; a++)
        es_text_add(csv, "%s,", joined->axes[a].name);
    es_text_add(csv, "policy");
    for (size_t f = 0; f < joined->n_figures; f++)
        if (all || is_main_figure(joined->figures[f].name))
            es_text_add(csv, ",%s", joined->figures[f].name);
    es_text_add(csv, "\n");
    for (size_t run = 0; run < joined->n_runs && csv->length <= MOST_CSV_BYTES; run++)
        for (size_t p = 0; p < joined->n_policies; p++)
            add_csv_row(joined, run, p, all, csv);
}

static void add_download(const struct sweep *sweep, es_text *text) {
    es_text csv = {0};
    bool all = true;
    add_csv(sweep->joined, all, &csv);
    if (csv.length > MOST_CSV_BYTES) {
        csv.length = 0;
        all = false;
        add_csv(sweep->joined, all, &csv);
    }
    text->failed |= csv.failed;
    es_text_add(text, "<p>");
    if (csv.length <= MOST_CSV_BYTES)
        es_page_download("sweep.csv", "text/csv;charset=utf-8",
                         all ? "Save every figure of every run as CSV"
                             : "Save the main figures of every run as CSV",
                         &csv, text);
    else
        es_text_add(text, "The sweep is too large for a page: its figures are in the file.");
    es_text_add(text, "</p>\n</section>\n");
    free(csv.data);
}

/* ---- Curves */

/* Runs whose index is 0 along the axis of the curves and along the repetitions: a panel each. */
static bool begins_panel(const struct sweep *sweep, size_t setting) {
    return es_joined_index(sweep->joined, sweep->x, setting * sweep->n_repetitions) == 0;
}

/* The settings of a panel are this far apart. */
static size_t stride_of(const struct sweep *sweep) {
    size_t stride = 1;
    for (size_t a = sweep->x + 1; a < sweep->joined->n_axes; a++)
        stride *= sweep->joined->axes[a].n;
    return stride / sweep->n_repetitions;
}

static void add_panel_title(const struct sweep *sweep, size_t setting, es_text *text) {
    const es_joined *joined = sweep->joined;
    const char *separator = "";
    for (size_t a = 0; a < joined->n_axes; a++) {
        const es_joined_axis *axis = &joined->axes[a];
        if (a == sweep->x || es_joined_is_repetition(axis))
            continue;
        es_text value = {0};
        es_joined_add_shown(axis, es_joined_index(joined, a, setting * sweep->n_repetitions),
                            &value);
        text->failed |= value.failed;
        es_text_add(text, "%s", separator);
        es_page_escape(axis->name, text);
        es_text_add(text, " = ");
        if (!value.failed)
            es_page_escape(value.data, text);
        free(value.data);
        separator = ", ";
    }
    if (*separator == '\0')
        es_text_add(text, "All runs");
}

static void add_panel(const struct sweep *sweep, size_t first, const es_axis *x, const es_axis *y,
                      es_text *text) {
    const es_joined *joined = sweep->joined;
    const es_joined_axis *axis = &joined->axes[sweep->x];
    size_t stride = stride_of(sweep), n = joined->n_policies;
    double *xs = es_alloc(axis->n, sizeof *xs), *ys = es_alloc(axis->n, sizeof *ys);
    const char *unit;
    double divisor = es_joined_shown_unit(axis, &unit);
    es_text label = {0};
    es_page_escape(axis->name, &label);
    if (unit[0] != '\0')
        es_text_add(&label, " (%s)", unit);
    text->failed |= xs == NULL || ys == NULL || label.failed;
    if (text->failed) {
        free(xs);
        free(ys);
        free(label.data);
        return;
    }
    for (size_t i = 0; i < axis->n; i++)
        xs[i] = axis->numbers[i] / divisor;
    es_text_add(text, "<figure><figcaption>");
    add_panel_title(sweep, first, text);
    es_text_add(text, "</figcaption>\n");
    es_chart_begin("Mean latency over the swept variable, a curve per policy", x, label.data, y,
                   "mean latency (ms)", text);
    for (size_t p = 0; p < n && p < ES_PAGE_COLOURS; p++) {
        for (size_t i = 0; i < axis->n; i++)
            ys[i] = 1e3 * sweep->latency_s[(first + i * stride) * n + p];
        es_chart_curve(x, y, axis->n, xs, ys, false, p, sweep->rival[p] ? 0 : 2, text);
        for (size_t i = 0; i < axis->n; i++) {
            es_interval interval =
                es_joined_interval(joined, "latency_mean", first + i * stride, p);
            if (isfinite(interval.low))
                es_chart_whisker(x, y, xs[i], 1e3 * interval.low, 1e3 * interval.high, p, text);
        }
    }
    es_chart_end(text);
    es_text_add(text, "</figure>\n");
    free(xs);
    free(ys);
    free(label.data);
}

static void add_curves(const struct sweep *sweep, es_text *text) {
    const es_joined *joined = sweep->joined;
    size_t n = joined->n_policies, n_panels = 0;
    if (sweep->x == joined->n_axes || sweep->n_decided == 0)
        return;
    const es_joined_axis *axis = &joined->axes[sweep->x];
    double least = ES_INFINITY, most = 0, from = axis->numbers[0], to = axis->numbers[0];
    for (size_t i = 0; i < sweep->n_settings * n; i++)
        if (sweep->latency_s[i] > 0) {
            least = fmin(least, 1e3 * sweep->latency_s[i]);
            most = fmax(most, 1e3 * sweep->latency_s[i]);
        }
    for (size_t i = 0; i < axis->n; i++) {
        from = fmin(from, axis->numbers[i]);
        to = fmax(to, axis->numbers[i]);
    }
    const char *unit;
    double divisor = es_joined_shown_unit(axis, &unit);
    es_axis x = es_axis_fit(from / divisor, to / divisor), y = es_axis_fit(least, most);
    es_page_section("curves", "Latency over the sweep", text);
    es_text_add(text, "<ul class=\"legend\" aria-label=\"Legend\">");
    for (size_t p = 0; p < n && p < ES_PAGE_COLOURS; p++) {
        es_text_add(text, "<li>");
        es_chart_curve_sample(p, sweep->rival[p] ? 0 : 2, text);
        es_page_escape(joined->policies[p], text);
        es_text_add(text, "</li>");
    }
    es_text_add(text, "</ul>\n<div class=\"pair\">\n");
    for (size_t setting = 0; setting < sweep->n_settings; setting++)
        if (begins_panel(sweep, setting) && n_panels++ < MOST_PANELS)
            add_panel(sweep, setting, &x, &y, text);
    es_text_add(
        text, "</div>\n<p class=\"soft\">%s%s",
        sweep->n_repetitions > 1
            ? "Means over the repetitions, with 95 % intervals (Student's t). "
            : "With the 95 % intervals of the runs, where they are known: over replications, "
              "or by batch means. ",
        n > ES_PAGE_COLOURS ? "Not all policies are drawn. " : "");
    if (n_panels > MOST_PANELS)
        es_text_add(text, "%d of %zu combinations of the other variables are drawn.", MOST_PANELS,
                    n_panels);
    es_text_add(text, "</p>\n</section>\n");
}

static void add_head(const struct sweep *sweep, es_text *text) {
    const es_joined *joined = sweep->joined;
    es_text_add(text,
                "<p class=\"soft\">Which policy answers requests the fastest, and where? "
                "%zu runs over",
                joined->n_runs);
    for (size_t a = 0; a < joined->n_axes; a++) {
        es_text_add(text, "%s ", a > 0 ? "," : "");
        es_page_escape(joined->axes[a].name, text);
        es_text_add(text, " (%zu)", joined->axes[a].n);
    }
    es_text_add(text, ".</p>\n</header>\n<main id=\"main\">\n");
}

static void add_provenance(const es_joined *joined, const char *path, es_text *text) {
    es_text study = {0};
    es_text_add(&study, "%s", joined->study_ini);
    es_page_section("provenance", "Where this comes from", text);
    es_text_add(text, "<p>Joined sweep ");
    es_page_escape(es_path_name(path), text);
    es_text_add(text, ", format %s, runs by ", joined->format_version);
    es_page_escape(joined->program, text);
    es_text_add(
        text,
        ".</p>\n<p>To reproduce it, save the study where its paths lead to its inputs "
        "and type, with the same version of the program:</p>\n<pre>edgesplit sweep run study.ini");
    if (joined->config[0] != '\0') {
        es_text_add(text, " -c ");
        es_page_escape(joined->config, text);
    }
    es_text_add(text, " -o runs\nedgesplit sweep merge runs -o ");
    es_page_escape(es_path_name(path), text);
    es_text_add(text, "</pre>\n<p>");
    es_page_download("study.ini", "text/plain;charset=utf-8", "Save the study", &study, text);
    es_text_add(text, "</p>\n<details><summary>The study</summary><pre>");
    es_page_escape(joined->study_ini, text);
    es_text_add(text, "</pre></details>\n</section>\n");
    free(study.data);
}

static es_status begin_page(const es_joined *joined, es_text *text, es_errors *errors) {
    es_text title = {0};
    es_text_add(&title, "Sweep of %s", es_path_name(joined->study));
    es_status status =
        title.failed ? es_errors_no_memory(errors, NULL) : es_page_begin(title.data, text, errors);
    free(title.data);
    return status;
}

es_status es_sweep_report_page(const char *path, es_text *text, es_errors *errors) {
    es_joined *joined;
    struct sweep sweep = {0};
    es_status status = es_joined_load(path, &joined, errors);
    if (status != ES_OK)
        return status;
    status = sweep_init(&sweep, joined, path, errors);
    if (status == ES_OK)
        status = begin_page(joined, text, errors);
    if (status == ES_OK) {
        add_head(&sweep, text);
        add_verdict(&sweep, text);
        add_notes(&sweep, text);
        add_table(&sweep, text);
        add_download(&sweep, text);
        add_curves(&sweep, text);
        add_provenance(joined, path, text);
        es_page_end(text);
    }
    sweep_fini(&sweep);
    es_joined_destroy(joined);
    return status;
}
