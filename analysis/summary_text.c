/* The summary for people. */
#include "edgesplit/number.h"
#include "edgesplit/table.h"
#include "summary.h"

#include <math.h>
#include <string.h>

/* Decimals that show four digits of the smallest of the positive values, at most six. */
static int decimals_for(double least) {
    if (!(least > 0) || isinf(least))
        return 1;
    double digits = 3 - floor(log10(least));
    return digits < 0 ? 0 : digits > 6 ? 6 : (int)digits;
}

static void add_number(es_table *table, double value, int decimals) {
    if (isnan(value))
        es_table_add(table, "-");
    else /* no -0.0 */
        es_table_add(table, "%.*f", decimals, fabs(value) < 0.5 * pow(10, -decimals) ? 0 : value);
}

static void add_percent(es_table *table, double share) {
    if (share > 0 && share < 0.0005)
        es_table_add(table, "<0.1");
    else
        add_number(table, 100 * share, 1);
}

/* A column of the table of policies. Columns of one group show the same decimals. */
struct column {
    const char *figure, *header;
    double factor;
    enum { COUNT, LATENCY, DATA, ENERGY, ACCURACY, N_GROUPS } group;
    enum {
        ALWAYS,
        KNOWN,     /* left out where no policy knows it */
        REPLICATED /* of several replications only */
    } shown;
};

static const struct column columns[] = {
    {"completed", "n", 1, COUNT, ALWAYS},
    {"late", "late", 1, COUNT, ALWAYS},
    {"dropped", "dropped", 1, COUNT, ALWAYS},
    {"unfinished", "unfinished", 1, COUNT, ALWAYS},
    {"latency_mean", "mean", 1e3, LATENCY, ALWAYS},
    {"latency_mean_half_width", "+-", 1e3, LATENCY, REPLICATED},
    {"latency_p50", "p50", 1e3, LATENCY, ALWAYS},
    {"latency_p95", "p95", 1e3, LATENCY, ALWAYS},
    {"latency_p99", "p99", 1e3, LATENCY, ALWAYS},
    {"regret_mean", "regret", 1e3, LATENCY, KNOWN},
    {"uplink_bytes_mean", "kB", 1e-3, DATA, ALWAYS},
    {"energy_mean", "J", 1, ENERGY, KNOWN},
    {"accuracy_mean", "accuracy", 1, ACCURACY, KNOWN},
};
enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

static double value_of(const es_result *result, const struct column *column, size_t policy) {
    return column->factor * es_result_figure_of(result, column->figure, policy);
}

static bool is_known(const es_result *result, const struct column *column) {
    for (size_t p = 0; p < result->n_policies; p++)
        if (!isnan(value_of(result, column, p)))
            return true;
    return false;
}

static bool is_difference(const struct column *column) {
    return strcmp(column->header, "regret") == 0 || column->shown == REPLICATED;
}

/* Decimals of each group: by its least positive value, differences apart. */
static void find_decimals(const es_result *result, int decimals[N_GROUPS]) {
    double least[N_GROUPS];
    for (size_t g = 0; g < N_GROUPS; g++)
        least[g] = ES_INFINITY;
    for (size_t c = 0; c < N_COLUMNS; c++)
        for (size_t p = 0; p < result->n_policies && !is_difference(&columns[c]); p++) {
            double value = value_of(result, &columns[c], p);
            if (value > 0)
                least[columns[c].group] = fmin(least[columns[c].group], value);
        }
    for (size_t g = 0; g < N_GROUPS; g++)
        decimals[g] = g == COUNT ? 0 : decimals_for(least[g]);
}

static bool is_shown(const struct column *const *shown, size_t n, const char *header) {
    for (size_t c = 0; c < n; c++)
        if (strcmp(shown[c]->header, header) == 0)
            return true;
    return false;
}

/* Finds the columns [*n] worth showing. */
static void choose_columns(const es_result *result, const struct column **shown, size_t *n) {
    *n = 0;
    for (size_t c = 0; c < N_COLUMNS; c++)
        if (columns[c].shown == ALWAYS ||
            (columns[c].shown == KNOWN && is_known(result, &columns[c])) ||
            (columns[c].shown == REPLICATED && result->n_replications > 1))
            shown[(*n)++] = &columns[c];
}

static void add_policies(const es_result *result, const struct column *const *shown, size_t n,
                         es_table *table) {
    int decimals[N_GROUPS];
    find_decimals(result, decimals);
    for (size_t p = 0; p < result->n_policies; p++) {
        es_table_add(table, "%s", result->policies[p]);
        for (size_t c = 0; c < n; c++)
            add_number(table, value_of(result, shown[c], p), decimals[shown[c]->group]);
    }
}

static void print_policies(const es_result *result, es_text *text) {
    const struct column *shown[N_COLUMNS];
    size_t n;
    choose_columns(result, shown, &n);
    es_table table;
    es_table_init(&table, 1 + n, 1);
    es_table_add(&table, "policy");
    for (size_t c = 0; c < n; c++)
        es_table_add(&table, "%s", shown[c]->header);
    add_policies(result, shown, n, &table);
    es_text_add(text, "n completed requests: latency%s in ms; kB sent per request that arrived%s\n",
                is_shown(shown, n, "regret") ? " and regret" : "",
                is_shown(shown, n, "J") ? ", J per request" : "");
    if (result->n_replications > 1)
        es_text_add(text, "means over %zu replications, +- with 95 %% confidence\n",
                    result->n_replications);
    es_table_print(&table, 0, text);
    es_table_fini(&table);
}

void es_summary_table(const es_result *result, es_table *table) {
    static const char *const units[N_GROUPS] = {
        [LATENCY] = " (ms)", [DATA] = " (kB)", [ENERGY] = " (J)"};
    const struct column *shown[N_COLUMNS];
    size_t n;
    choose_columns(result, shown, &n);
    es_table_init(table, 1 + n, 1);
    es_table_add(table, "policy");
    for (size_t c = 0; c < n; c++) {
        const char *unit = units[shown[c]->group];
        es_table_add(table, "%s%s",
                     shown[c]->group == DATA     ? "sent"
                     : shown[c]->group == ENERGY ? "energy"
                                                 : shown[c]->header,
                     unit != NULL ? unit : "");
    }
    add_policies(result, shown, n, table);
}

/* Text as LaTeX takes it literally. */
static void add_latex(es_text *text, const char *value) {
    for (; *value != '\0'; value++)
        if (*value == '\\')
            es_text_add(text, "\\textbackslash{}");
        else if (*value == '~' || *value == '^')
            es_text_add(text, "\\%c{}", *value);
        else
            es_text_add(text, strchr("&%$#_{}", *value) != NULL ? "\\%c" : "%c", *value);
}

void es_summary_latex(const es_result *result, es_text *text) {
    es_table table;
    es_summary_table(result, &table);
    text->failed |= table.failed;
    es_text_add(
        text,
        "%% %s\n%% %s; seed %lld; bytes: %g per input element, %g per feature element, %g per "
        "header\n%% needs \\usepackage{booktabs}\n\\begin{tabular}{l",
        result->title, result->program, (long long)result->seed, result->input_bytes_per_element,
        result->feature_bytes_per_element, result->header_bytes);
    for (size_t c = 1; c < table.n_columns; c++)
        es_text_add(text, "r");
    es_text_add(text, "}\n\\toprule\n");
    for (size_t i = 0; !table.failed && i < table.n_cells; i++) {
        add_latex(text, table.cells[i]);
        es_text_add(text, (i + 1) % table.n_columns == 0 ? " \\\\\n" : " & ");
        if (i + 1 == table.n_columns)
            es_text_add(text, "\\midrule\n");
    }
    es_text_add(text, "\\bottomrule\n\\end{tabular}\n");
    es_table_fini(&table);
}

static void print_gain_matrix(const char *title, const es_table *table, es_text *text) {
    es_text_add(text, "\ngain of the row over the column, %%: %s\n", title);
    es_table_print(table, 0, text);
}

static void fill_gain_matrix(const es_result *result, const double *gains, es_table *table) {
    size_t n = result->n_policies;
    es_table_init(table, 1 + n, 1);
    es_table_add(table, "%s", "");
    for (size_t b = 0; b < n; b++)
        es_table_add(table, "%s", result->policies[b]);
    for (size_t p = 0; p < n; p++) {
        es_table_add(table, "%s", result->policies[p]);
        for (size_t b = 0; b < n; b++)
            if (b == p)
                es_table_add(table, "%s", "");
            else
                add_number(table, 100 * gains[p * n + b], 1);
    }
}

/* A pair's gains, with their half widths where replications give them. */
static void add_gain(const es_result *result, size_t policy, size_t baseline, es_table *table) {
    size_t at = policy * result->n_policies + baseline;
    bool replicated = result->n_replications > 1;
    es_table_add(table, "%s", result->policies[policy]);
    es_table_add(table, "%s", result->policies[baseline]);
    add_number(table, 100 * result->gain_mean_of_ratios[at], 1);
    if (replicated)
        add_number(table, 100 * result->gain_mean_of_ratios_half_width[at], 1);
    add_number(table, 100 * result->gain_ratio_of_means[at], 1);
    if (replicated)
        add_number(table, 100 * result->gain_ratio_of_means_half_width[at], 1);
}

/* One pair a line, for the policies that decide per request; all policies if none does. */
static void print_gain_list(const es_result *result, es_text *text) {
    static const char *const headers[] = {"gain of, %", "over",           "mean of ratios",
                                          "+-",         "ratio of means", "+-"};
    size_t n = result->n_policies, n_adaptive = 0;
    bool replicated = result->n_replications > 1;
    for (size_t p = 0; p < n; p++)
        n_adaptive += es_summary_is_adaptive(result, p);
    es_table table;
    es_table_init(&table, replicated ? 6 : 4, 2);
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        if (replicated || strcmp(headers[i], "+-") != 0)
            es_table_add(&table, "%s", headers[i]);
    for (size_t p = 0; p < n; p++)
        for (size_t b = 0; b < n; b++)
            if (b != p && (n_adaptive == 0 || es_summary_is_adaptive(result, p)))
                add_gain(result, p, b, &table);
    es_text_add(text, "\n");
    es_table_print(&table, 0, text);
    es_table_fini(&table);
    if (n_adaptive > 0 && n_adaptive < n)
        es_text_add(text, "(gains of the fixed policies: --json)\n");
}

static void print_gains(const es_result *result, size_t width, es_text *text) {
    if (result->n_policies < 2)
        return;
    es_table ratios, means;
    fill_gain_matrix(result, result->gain_mean_of_ratios, &ratios);
    fill_gain_matrix(result, result->gain_ratio_of_means, &means);
    if (result->n_replications == 1 && es_table_width(&ratios, 0) <= width &&
        es_table_width(&means, 0) <= width) {
        print_gain_matrix("mean of ratios", &ratios, text);
        print_gain_matrix("ratio of means", &means, text);
    } else
        print_gain_list(result, text);
    es_table_fini(&ratios);
    es_table_fini(&means);
    es_text_add(text, "(over the steps that both completed)\n");
}

static bool is_used(const es_result *result, size_t cut) {
    for (size_t p = 0; p < result->n_policies; p++)
        if (result->cut_share[p * result->n_cuts + cut] > 0)
            return true;
    return false;
}

static void fill_cut_matrix(const es_result *result, es_table *table) {
    es_table_init(table, 1 + result->n_policies, 1);
    es_table_add(table, "cut");
    for (size_t p = 0; p < result->n_policies; p++)
        es_table_add(table, "%s", result->policies[p]);
    for (size_t cut = 0; cut < result->n_cuts; cut++) {
        if (!is_used(result, cut))
            continue;
        es_table_add(table, "%zu %s%s", cut, result->cuts[cut], es_result_cut_note(result, cut));
        for (size_t p = 0; p < result->n_policies; p++) {
            double share = result->cut_share[p * result->n_cuts + cut];
            if (share > 0)
                add_percent(table, share);
            else
                es_table_add(table, "%s", "");
        }
    }
}

/* One (policy, cut) a line, the cuts of a policy below each other. */
static void print_cut_list(const es_result *result, es_text *text) {
    es_table table;
    es_table_init(&table, 3, 2);
    for (size_t p = 0; p < result->n_policies; p++) {
        const char *name = result->policies[p];
        for (size_t cut = 0; cut < result->n_cuts; cut++) {
            double share = result->cut_share[p * result->n_cuts + cut];
            if (!(share > 0))
                continue;
            es_table_add(&table, "%s", name);
            es_table_add(&table, "%zu %s%s", cut, result->cuts[cut],
                         es_result_cut_note(result, cut));
            add_percent(&table, share);
            name = "";
        }
    }
    es_table_print(&table, 0, text);
    es_table_fini(&table);
}

static void print_cuts(const es_result *result, size_t width, es_text *text) {
    es_table matrix;
    fill_cut_matrix(result, &matrix);
    es_text_add(text, "\ncuts chosen, %% of steps\n");
    if (es_table_width(&matrix, 0) <= width)
        es_table_print(&matrix, 0, text);
    else
        print_cut_list(result, text);
    es_table_fini(&matrix);
}

/* Which exits of the network the results came from. */
static void print_exits(const es_result *result, es_text *text) {
    if (result->n_ends == 0)
        return;
    es_table table;
    es_table_init(&table, 1 + result->n_ends, 1);
    es_table_add(&table, "exit");
    for (size_t i = 0; i < result->n_ends; i++)
        es_table_add(&table, i + 1 < result->n_ends ? "%zu" : "%zu (end)", i + 1);
    for (size_t p = 0; p < result->n_policies; p++) {
        es_table_add(&table, "%s", result->policies[p]);
        for (size_t i = 0; i < result->n_ends; i++)
            add_percent(&table, result->exit_share[p * result->n_ends + i]);
    }
    es_text_add(text, "\nexits taken, %% of completed requests\n");
    es_table_print(&table, 0, text);
    es_table_fini(&table);
}

/* What is known of a file's making: a profile's kind, or a trace's origin. */
static void add_making(es_table *table, const char *provenance) {
    es_text kind = {0}, origin = {0};
    es_summary_provenance(provenance, "kind", &kind);
    es_summary_provenance(provenance, "origin", &origin);
    table->failed = table->failed || kind.failed || origin.failed;
    if (!table->failed)
        es_table_add(table, "%s", strcmp(kind.data, "-") != 0 ? kind.data : origin.data);
    free(kind.data);
    free(origin.data);
}

static void print_inputs(const es_result *result, es_text *text) {
    es_table table;
    es_table_init(&table, 4, 4);
    for (size_t i = 0; i < result->n_inputs; i++) {
        es_table_add(&table, "%s", result->roles[i]);
        add_making(&table, result->provenances[i]);
        es_table_add(&table, "%.12s", result->hashes[i]);
        es_table_add(&table, "%s", result->paths[i]);
    }
    es_table_print(&table, 0, text);
    es_table_fini(&table);
}

static void print_header(const es_result *result, es_text *text) {
    if (result->title[0] != '\0')
        es_text_add(text, "%s\n", result->title);
    es_text_add(text, "%s, cuts per %s, mode %s, seed %lld", result->model, result->granularity,
                result->mode, (long long)result->seed);
    if (result->warmup_s > 0)
        es_text_add(text, ", the first %g s left out", result->warmup_s);
    es_text_add(text, "\nbytes: %g per input element, %g per feature element, %g per header\n",
                result->input_bytes_per_element, result->feature_bytes_per_element,
                result->header_bytes);
    es_text_add(text, "%s\n\n", result->program);
    print_inputs(result, text);
    es_text_add(text, "\n");
}

static void print_warnings(const es_result *result, es_text *text) {
    es_text warnings = {0};
    es_summary_warnings(result, &warnings);
    text->failed = text->failed || warnings.failed;
    es_slice rest = {warnings.data, warnings.length}, line;
    if (warnings.length > 0)
        es_text_add(text, "\n");
    while (!warnings.failed && es_next_line(&rest, &line))
        es_text_add(text, "warning: %.*s\n", (int)line.length, line.data);
    free(warnings.data);
}

void es_summary_text(const es_result *result, size_t width, const char *groups, es_text *text) {
    print_header(result, text);
    print_policies(result, text);
    if (groups != NULL)
        es_text_add(text, "%s", groups);
    print_gains(result, width, text);
    print_cuts(result, width, text);
    print_exits(result, text);
    print_warnings(result, text);
}
