/* The choices of a policy over a grid of states. */
#include "edgesplit/alloc.h"
#include "page.h"
#include "report.h"
#include "steps.h"
#include "summary.h"

#include <math.h>

enum { MOST_ROWS = 80, MOST_STATES = 1 << 22 };
enum { CUT, BATCH, RATE, LOAD, N_COLUMNS };
static const char *const names[N_COLUMNS] = {"split_index", "batch", "rate_true", "load_true"};

/* States in the order of the file: batch changes fastest, then load, then rate. */
struct states {
    size_t n, n_batches, n_loads, n_rates;
    double *columns[N_COLUMNS]; /* [n] */
    size_t *colours;            /* [n_cuts] of the cuts that were chosen */
    size_t n_used;
};

static void states_fini(struct states *states) {
    for (size_t c = 0; c < N_COLUMNS; c++)
        free(states->columns[c]);
    free(states->colours);
}

static es_status states_init(struct states *states, const es_run_report *report, size_t policy,
                             es_errors *errors) {
    const es_result *result = report->result;
    size_t n = es_result_n_steps(result, 0, policy);
    *states = (struct states){.n = n, .colours = es_alloc(result->n_cuts, sizeof(size_t))};
    bool enough = states->colours != NULL;
    for (size_t c = 0; c < N_COLUMNS; c++)
        enough &= (states->columns[c] = es_alloc(n, sizeof(double))) != NULL;
    if (!enough)
        return es_errors_no_memory(errors, report->path);
    es_steps *steps;
    es_status status = es_steps_open(report->path, result, N_COLUMNS, names, &steps, errors);
    if (status != ES_OK)
        return status;
    status = es_steps_read(steps, 0, policy, 0, n, states->columns, errors);
    es_steps_close(steps);
    const double *rate = states->columns[RATE], *load = states->columns[LOAD];
    size_t inner = 1, outer = 1;
    while (inner < n && rate[inner] == rate[0] && load[inner] == load[0])
        inner++;
    while (outer < n && rate[outer] == rate[0])
        outer++;
    states->n_batches = inner;
    states->n_loads = outer / inner;
    states->n_rates = n / outer;
    for (size_t cut = 0; cut < result->n_cuts; cut++)
        if (result->cut_share[policy * result->n_cuts + cut] > 0)
            states->colours[cut] = states->n_used++;
    if (status == ES_OK && inner * states->n_loads * states->n_rates != n)
        status = es_errors_add(errors, ES_INVALID, report->path, 0, "the grid is damaged");
    return status;
}

static size_t cut_at(const struct states *states, size_t n_cuts, size_t rate, size_t load,
                     size_t batch) {
    double cut = states->columns[CUT][(rate * states->n_loads + load) * states->n_batches + batch];
    return cut >= 0 && cut < (double)n_cuts ? (size_t)cut : 0;
}

/* A row of cells, one for each rate, those with the same cut joined. */
static void add_row(const struct states *states, size_t n_cuts, size_t load, size_t batch,
                    es_text *text) {
    es_text_add(text,
                "<svg role=\"img\" aria-label=\"Cut for each rate\" viewBox=\"0 0 %zu 10\" "
                "preserveAspectRatio=\"none\">",
                states->n_rates);
    for (size_t r = 0, end; r < states->n_rates; r = end) {
        size_t cut = cut_at(states, n_cuts, r, load, batch);
        for (end = r + 1; end < states->n_rates && cut_at(states, n_cuts, end, load, batch) == cut;
             end++)
            continue;
        es_text_add(text,
                    "<path class=\"f%zu\" d=\"M%zu 0H%zuV10H%zuz\"><title>cut %zu</title>"
                    "</path>",
                    states->colours[cut] % ES_PAGE_COLOURS, r, end, r, cut);
    }
    es_text_add(text, "</svg><span></span>\n");
}

static void add_legend(const struct states *states, const es_result *result, size_t policy,
                       es_text *text) {
    es_text_add(text, "<ul class=\"legend\" aria-label=\"Legend\">");
    for (size_t cut = 0; cut < result->n_cuts; cut++) {
        if (!(result->cut_share[policy * result->n_cuts + cut] > 0))
            continue;
        es_text_add(text, "<li>");
        es_chart_area_sample(states->colours[cut], text);
        es_text_add(text, "%zu ", cut);
        es_page_escape(result->cuts[cut], text);
        es_text_add(text, "%s</li>", es_result_cut_note(result, cut));
    }
    es_text_add(text, "</ul>\n");
}

es_status es_run_report_map(const es_run_report *report, es_text *text, es_errors *errors) {
    const es_result *result = report->result;
    size_t policy = es_summary_is_adaptive(result, report->best) ? report->best
                                                                 : es_summary_main_policy(result);
    size_t n_rows = 0;
    size_t n = es_result_n_steps(result, 0, policy);
    if (!es_result_is_grid(result) || n == 0 || n > MOST_STATES)
        return ES_OK;
    struct states states;
    es_status status = states_init(&states, report, policy, errors);
    if (status == ES_OK) {
        es_page_section("map", "Where it cuts", text);
        es_text_add(text, "<figure><figcaption>Cut chosen by ");
        es_page_escape(result->policies[policy], text);
        es_text_add(
            text, " in each state: a row per %s, a cell per uplink rate of the grid</figcaption>\n",
            states.n_loads > 1 ? "server load and batch" : "batch");
        add_legend(&states, result, policy, text);
        es_text_add(text, "<div class=\"bars\">\n");
        for (size_t l = 0; l < states.n_loads; l++)
            for (size_t b = 0; b < states.n_batches && n_rows < MOST_ROWS; b++, n_rows++) {
                size_t at = l * states.n_batches + b;
                es_text_add(text, "<span>");
                if (states.n_loads > 1)
                    es_text_add(text, "load %.3g, ", states.columns[LOAD][at]);
                es_text_add(text, "batch %.0f</span>", states.columns[BATCH][at]);
                add_row(&states, result->n_cuts, l, b, text);
            }
        es_text_add(text,
                    "<span></span><span class=\"times\"><span>%.4g</span><span>uplink rate "
                    "(Mbit/s), %zu values equally wide</span><span>%.4g</span></span>"
                    "<span></span></div>%s</figure>\n</section>\n",
                    states.columns[RATE][0] / 1e6, states.n_rates,
                    states.columns[RATE][states.n - 1] / 1e6,
                    n_rows < states.n_loads * states.n_batches
                        ? "<p class=\"soft\">Further rows are left out.</p>"
                        : "");
    }
    states_fini(&states);
    return status;
}
