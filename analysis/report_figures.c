/* The figures of a run's report. */
#include "page.h"
#include "report.h"
#include "summary.h"

#include "edgesplit/alloc.h"

#include <math.h>
#include <string.h>

/* Bytes that the time series may take: the page is to stay below 1 MB. */
enum { MOST_SERIES_BYTES = 700000, LEAST_COLUMNS = 512, N_LEVELS = 3, N_TIMES = 7 };

static size_t dash_of(const es_result *result, size_t policy) {
    return es_summary_is_oracle(result, policy)     ? 2
           : es_summary_is_adaptive(result, policy) ? 0
                                                    : 1;
}

static void add_policy_legend(const es_run_report *report, es_text *text) {
    const es_result *result = report->result;
    es_text_add(text, "<ul class=\"legend\" aria-label=\"Legend\">");
    for (size_t i = 0; i < report->n_shown; i++) {
        es_text_add(text, "<li>");
        es_chart_curve_sample(i, dash_of(result, report->shown[i]), text);
        es_page_escape(result->policies[report->shown[i]], text);
        es_text_add(text, "</li>");
    }
    es_text_add(text, "</ul>\n");
    if (report->n_shown < result->n_policies)
        es_text_add(text,
                    "<p class=\"soft\">%zu of %zu policies are drawn; the tables have all."
                    "</p>\n",
                    report->n_shown, result->n_policies);
}

/* ---- Time series */

/* Appends a strip of `n` columns, each of several of a series. */
static void add_strip(const char *label, const es_axis *axis, const es_extent *series, size_t n,
                      double unit, bool area, es_text *text) {
    es_extent columns[ES_SERIES_COLUMNS];
    size_t each = ES_SERIES_COLUMNS / n;
    for (size_t i = 0; i < n; i++) {
        columns[i] = (es_extent){0};
        for (size_t k = 0; k < each; k++)
            es_extent_join(&columns[i], &series[i * each + k]);
        columns[i].least /= unit;
        columns[i].most /= unit;
    }
    es_chart_strip(label, axis, n, columns, area, text);
}

static void add_state_strip(const char *label, const es_extent *series, size_t n, double unit,
                            bool area, es_text *text) {
    double most = 0;
    for (size_t i = 0; i < ES_SERIES_COLUMNS; i++)
        if (series[i].known)
            most = fmax(most, series[i].most / unit);
    es_axis axis = es_axis_fit(0, most > 0 ? most : 1);
    add_strip(label, &axis, series, n, unit, area, text);
}

/* The steps of a policy in a column that chose a cut, as one of N_LEVELS shares; 0: none. */
static size_t level_at(const es_run_report *report, size_t policy, size_t cut, size_t column,
                       size_t each) {
    const uint32_t *choices = report->steps->policies[policy].choices;
    uint64_t chosen = 0, all = 0;
    for (size_t c = 0; c < report->result->n_cuts; c++)
        for (size_t k = 0; k < each; k++) {
            uint32_t n = choices[c * ES_SERIES_COLUMNS + column * each + k];
            all += n;
            chosen += c == cut ? n : 0;
        }
    return chosen == 0 ? 0 : (size_t)((chosen * N_LEVELS - 1) / all) + 1;
}

/* Whether any step was in the column. */
static bool is_seen(const es_run_report *report, size_t policy, size_t column, size_t each) {
    for (size_t k = 0; k < each; k++)
        if (report->steps->policies[policy].latency_s[column * each + k].seen)
            return true;
    return false;
}

/* The stretches of a lane by how many of their steps chose the cut; one lasts until the next step.
 */
static void add_lane(const es_run_report *report, size_t policy, size_t cut, size_t n, int y,
                     size_t colour, es_text *text) {
    unsigned char levels[ES_SERIES_COLUMNS];
    size_t each = ES_SERIES_COLUMNS / n;
    for (size_t i = 0; i < n; i++)
        levels[i] = !is_seen(report, policy, i, each)
                        ? (i > 0 ? levels[i - 1] : 0)
                        : (unsigned char)level_at(report, policy, cut, i, each);
    for (size_t level = 1; level <= N_LEVELS; level++) {
        es_text path = {0};
        for (size_t i = 0; i < n;) {
            size_t end = i;
            while (end < n && levels[end] == levels[i])
                end++;
            if (levels[i] == level)
                es_text_add(&path, "M%zu %dH%zu", i, y, end);
            i = end;
        }
        text->failed |= path.failed;
        if (path.length > 0)
            es_text_add(text, "<path class=\"lane s%zu o%zu\" d=\"%s\"/>", colour, level,
                        path.data);
        free(path.data);
    }
}

static void add_choices(const es_run_report *report, size_t policy, size_t n, size_t colour,
                        es_text *text) {
    enum { LANE = 16 };
    const es_result *result = report->result;
    const double *shares = &result->cut_share[policy * result->n_cuts];
    size_t n_used = 0;
    for (size_t cut = 0; cut < result->n_cuts; cut++)
        n_used += shares[cut] > 0;
    es_text_add(text, "<div class=\"strip\"><h3>cut chosen by ");
    es_page_escape(result->policies[policy], text);
    es_text_add(text, "; stronger: by more of the requests</h3><div class=\"scale lanes\">");
    for (size_t cut = 0; cut < result->n_cuts; cut++)
        if (shares[cut] > 0)
            es_text_add(text, "<span>cut %zu</span>", cut);
    es_text_add(text,
                "</div><svg role=\"img\" aria-label=\"Cuts chosen over time\" height=\"%zu\" "
                "viewBox=\"0 0 %zu %zu\" preserveAspectRatio=\"none\">",
                n_used * LANE, n, n_used * LANE);
    int y = LANE / 2;
    for (size_t cut = 0; cut < result->n_cuts; cut++)
        if (shares[cut] > 0) {
            add_lane(report, policy, cut, n, y, colour, text);
            y += LANE;
        }
    es_text_add(text, "</svg></div>\n");
}

/* Whether requests may share a column of `n`. */
static bool has_shared_columns(const es_run_report *report, size_t n) {
    return report->steps->most > 1 || n < ES_SERIES_COLUMNS;
}

/* In ms, as all that is drawn. */
static es_axis latency_axis(const es_extent *latency_s) {
    double least = 0, most = 0;
    bool any = false;
    for (size_t i = 0; i < ES_SERIES_COLUMNS; i++)
        if (latency_s[i].known) {
            least = any ? fmin(least, latency_s[i].least) : latency_s[i].least;
            most = any ? fmax(most, latency_s[i].most) : latency_s[i].most;
            any = true;
        }
    return any ? es_axis_fit(1e3 * least, 1e3 * most) : (es_axis){0, 1, false};
}

static void add_strips(const es_run_report *report, size_t n, es_text *text) {
    const es_result *result = report->result;
    const es_report_steps *steps = report->steps;
    bool area = has_shared_columns(report, n);
    add_state_strip("uplink rate, Mbit/s", steps->rate_bps, n, 1e6, area, text);
    add_state_strip("load of the server, share of its capacity", steps->load, n, 1, area, text);
    for (size_t i = 0; i < report->n_shown; i++) {
        size_t policy = report->shown[i];
        es_axis axis = latency_axis(steps->policies[policy].latency_s);
        es_text label = {0};
        es_text_add(&label, "latency of ");
        es_page_escape(result->policies[policy], &label);
        es_text_add(&label, ", ms%s", axis.logarithmic ? ", logarithmic" : "");
        text->failed |= label.failed;
        if (!label.failed)
            add_strip(label.data, &axis, steps->policies[policy].latency_s, n, 1e-3, area, text);
        free(label.data);
        if (steps->policies[policy].choices != NULL)
            add_choices(report, policy, n, i, text);
    }
}

static void add_controls(es_text *text) {
    static const char *const actions[][3] = {{"in", "+", "zoom in"},
                                             {"out", "&minus;", "zoom out"},
                                             {"left", "&larr;", "earlier"},
                                             {"right", "&rarr;", "later"},
                                             {"all", "all", "show all"}};
    es_text_add(text, "<div class=\"controls\" role=\"group\" aria-label=\"Zoom\">");
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
        es_text_add(text,
                    "<button type=\"button\" data-action=\"%s\" aria-label=\"%s\" title=\"%s\">%s"
                    "</button>",
                    actions[i][0], actions[i][2], actions[i][2], actions[i][1]);
    es_text_add(text, "<span id=\"shown\" aria-live=\"polite\"></span><span class=\"soft\">Drag "
                      "over a strip, or keys + &minus; &larr; &rarr; 0.</span></div>\n");
}

void es_run_report_series(const es_run_report *report, es_text *text) {
    const es_report_steps *steps = report->steps;
    if (es_result_is_grid(report->result) || steps->most == 0 || !(steps->end_s > 0))
        return;
    double divisor = steps->end_s > 3 * 3600 ? 3600 : steps->end_s > 1800 ? 60 : 1;
    const char *unit = divisor > 60 ? "h" : divisor > 1 ? "min" : "s";
    es_text strips = {0};
    size_t n = ES_SERIES_COLUMNS;
    add_strips(report, n, &strips);
    while (strips.length > MOST_SERIES_BYTES && n > LEAST_COLUMNS && !strips.failed) {
        n /= 2;
        strips.length = 0;
        add_strips(report, n, &strips);
    }
    text->failed |= strips.failed;
    es_page_section("over-time", "Over time", text);
    es_text_add(text,
                "<figure id=\"series\" role=\"group\" tabindex=\"0\" aria-labelledby=\"over-time\" "
                "data-columns=\"%zu\" data-end=\"%.17g\" data-divisor=\"%g\" data-unit=\"%s\">\n",
                n, steps->end_s, divisor, unit);
    add_controls(text);
    if (!strips.failed)
        es_text_append(text, strips.data, strips.length);
    es_text_add(text, "<div class=\"strip\"><div class=\"times\">");
    for (int i = 0; i < N_TIMES; i++)
        es_text_add(text, "<span>%.4g</span>", steps->end_s / divisor * i / (N_TIMES - 1));
    es_text_add(
        text,
        "</div></div>\n<figcaption>Time of arrival, %s%s. Every strip has a scale of its own "
        "and %zu columns of %.3g s; %s%s</figcaption>\n</figure>\n</section>\n",
        unit, report->result->n_replications > 1 ? ", of the first replication" : "", n,
        steps->end_s / (double)n,
        has_shared_columns(report, n)
            ? "a column spans the least and the largest value of the requests that arrived "
              "in it: no extreme is lost."
            : "a value is a request's and holds until the next one.",
        report->n_shown < report->result->n_policies ? " Not all policies are drawn." : "");
    free(strips.data);
}

/* ---- Distribution */

static void add_curve_chart(const es_run_report *report, bool tail, es_text *text) {
    const es_report_steps *steps = report->steps;
    es_axis x = {1e3 * steps->latency_s.from, 1e3 * steps->latency_s.to,
                 steps->latency_s.logarithmic};
    double largest = 1, xs[ES_CURVE_BINS + 1], ys[ES_CURVE_BINS + 1];
    for (size_t i = 0; i < report->n_shown; i++)
        largest = fmax(largest, (double)steps->policies[report->shown[i]].n_counted);
    es_axis y = tail ? (es_axis){pow(10, -fmax(1, fmin(6, ceil(log10(largest))))), 1, true}
                     : (es_axis){0, 1, false};
    es_text_add(text, "<figure><figcaption>%s</figcaption>\n",
                tail ? "Share of the requests that took longer (logarithmic): the tail"
                     : "Share of the requests that took at most so long");
    es_chart_begin(tail ? "Complementary distribution of the latency, a curve per policy"
                        : "Distribution of the latency, a curve per policy",
                   &x, "latency (ms)", &y, "share of requests (1)", text);
    for (size_t e = 0; e <= ES_CURVE_BINS; e++)
        xs[e] = 1e3 * es_report_curve_latency(steps, e);
    for (size_t i = 0; i < report->n_shown; i++) {
        const es_policy_steps *policy = &steps->policies[report->shown[i]];
        size_t n = 0;
        for (size_t e = 0; e <= ES_CURVE_BINS; e++) {
            double share = es_report_curve_share(policy, e);
            ys[n] = tail ? 1 - share : share;
            bool more = e == ES_CURVE_BINS || es_report_curve_share(policy, e + 1) != share ||
                        (e > 0 && es_report_curve_share(policy, e - 1) != share);
            xs[n] = 1e3 * es_report_curve_latency(steps, e);
            n += more && (!tail || ys[n] >= y.from);
        }
        es_chart_curve(&x, &y, n, xs, ys, true, i, dash_of(report->result, report->shown[i]), text);
    }
    es_chart_end(text);
    es_text_add(text, "</figure>\n");
}

void es_run_report_curves(const es_run_report *report, es_text *text) {
    es_page_section("distribution", "Distribution of the latency", text);
    add_policy_legend(report, text);
    es_text_add(text, "<div class=\"pair\">\n");
    add_curve_chart(report, false, text);
    add_curve_chart(report, true, text);
    es_text_add(text, "</div>\n<p class=\"soft\">Of the requests that arrived behind the warm-up: "
                      "a curve ends below 1 where requests were dropped or never finished.</p>\n"
                      "</section>\n");
}

/* ---- Bars */

/* As many parts as can be told apart: with three tiers those of the links and servers count the
 * wait for them. */
struct part {
    const char *label, *figures[2];
};
enum { N_PARTS = 7 };
static const struct part parts_of_two_tiers[N_PARTS] = {
    {"waiting for the device", {"device_queue_time_mean", NULL}},
    {"head on the device", {"head_time_mean", NULL}},
    {"waiting for the uplink", {"uplink_queue_time_mean", NULL}},
    {"transfer and propagation", {"uplink_time_mean", NULL}},
    {"waiting for the server", {"server_queue_time_mean", NULL}},
    {"tail on the server", {"tail_time_mean", NULL}},
    {"result back", {"downlink_time_mean", NULL}},
};
static const struct part parts_of_three_tiers[N_PARTS] = {
    {"waiting for the device", {"device_queue_time_mean", NULL}},
    {"head on the device", {"head_time_mean", NULL}},
    {"uplink and the wait for it", {"uplink_queue_time_mean", "uplink_time_mean"}},
    {"server and the wait for it", {"server_queue_time_mean", "tail_time_mean"}},
    {"backhaul and the wait for it", {"backhaul_queue_time_mean", "backhaul_time_mean"}},
    {"cloud and the wait for it", {"cloud_queue_time_mean", "cloud_time_mean"}},
    {"result back", {"downlink_time_mean", NULL}},
};

static double part_of(const es_result *result, const struct part *part, size_t policy) {
    double time_s = es_result_figure_of(result, part->figures[0], policy);
    return part->figures[1] == NULL
               ? time_s
               : time_s + es_result_figure_of(result, part->figures[1], policy);
}

/* An item of a legend of areas. */
static void add_area(size_t colour, const char *label, es_text *text) {
    es_text_add(text, "<li>");
    es_chart_area_sample(colour, text);
    es_page_escape(label, text);
    es_text_add(text, "</li>");
}

void es_run_report_parts(const es_run_report *report, es_text *text) {
    const es_result *result = report->result;
    const struct part *parts = result->has_cloud ? parts_of_three_tiers : parts_of_two_tiers;
    double longest = 0;
    for (size_t p = 0; p < result->n_policies; p++)
        longest = fmax(longest, es_result_figure_of(result, "latency_mean", p));
    if (!(longest > 0))
        return;
    es_page_section("parts", "Where the time goes", text);
    es_text_add(text, "<figure><figcaption>Mean latency of completed requests by its parts, ms"
                      "</figcaption>\n<ul class=\"legend\" aria-label=\"Legend\">");
    for (size_t i = 0; i < N_PARTS; i++)
        add_area(i, parts[i].label, text);
    es_text_add(text, "</ul>\n<div class=\"bars\">\n");
    for (size_t p = 0; p < result->n_policies; p++) {
        double times[N_PARTS], mean = es_result_figure_of(result, "latency_mean", p);
        es_text said = {0};
        for (size_t i = 0; i < N_PARTS; i++) {
            times[i] = part_of(result, &parts[i], p);
            if (times[i] > 0)
                es_text_add(&said, "%s%s %.4g ms", said.length > 0 ? ", " : "", parts[i].label,
                            1e3 * times[i]);
        }
        text->failed |= said.failed;
        es_text_add(text, "<span>");
        es_page_escape(result->policies[p], text);
        es_text_add(text, "</span>");
        es_chart_bar(said.data != NULL ? said.data : "nothing", N_PARTS, times, longest, text);
        es_text_add(text, "<span class=\"value\">%.4g ms</span>\n", 1e3 * mean);
        free(said.data);
    }
    es_text_add(text, "</div></figure>\n</section>\n");
}

void es_run_report_cuts(const es_run_report *report, es_text *text) {
    const es_result *result = report->result;
    es_table table;
    es_table_init(&table, 1 + result->n_policies, 1);
    es_table_add(&table, "cut");
    for (size_t p = 0; p < result->n_policies; p++)
        es_table_add(&table, "%s", result->policies[p]);
    for (size_t cut = 0; cut < result->n_cuts; cut++) {
        double most = 0;
        for (size_t p = 0; p < result->n_policies; p++)
            most = fmax(most, result->cut_share[p * result->n_cuts + cut]);
        if (!(most > 0))
            continue;
        es_table_add(&table, "%zu %s%s", cut, result->cuts[cut], es_result_cut_note(result, cut));
        for (size_t p = 0; p < result->n_policies; p++) {
            double share = result->cut_share[p * result->n_cuts + cut];
            if (share > 0)
                es_table_add(&table, share < 5e-4 ? "<0.1" : "%.1f", 100 * share);
            else
                es_table_add(&table, "%s", "");
        }
    }
    es_page_section("cuts", "Cuts chosen", text);
    es_page_table("Share of the steps that chose a cut, %", &table, 0, text);
    es_text_add(text, "</section>\n");
    es_table_fini(&table);
}
