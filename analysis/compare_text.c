/* The comparison for people. */
#include "compare.h"
#include "edgesplit/alloc.h"
#include "edgesplit/table.h"
#include "summary.h"

#include <math.h>
#include <string.h>

/* -1: faster, 1: slower, 0: no difference shown. */
static int verdict(const es_effect *effect) {
    return effect->difference_s.high < 0 ? -1 : effect->difference_s.low > 0 ? 1 : 0;
}

static void add_percent_of(es_text *text, uint64_t n, uint64_t of) {
    es_text_add(text, "%.3g %%", 100.0 * (double)n / (double)of);
}

/* "faster in deciles 1-3, no difference shown in 4-10". */
static void say_classes(const char *of, size_t n, const es_effect *effects, es_text *text) {
    static const char *const words[] = {"faster", "no difference shown", "slower"};
    if (n < 2)
        return;
    es_text_add(text, " By deciles of the %s: ", of);
    for (size_t i = 0; i < n;) {
        size_t last = i;
        while (last + 1 < n && verdict(&effects[last + 1]) == verdict(&effects[i]))
            last++;
        es_text_add(text, "%s%s in %zu", i > 0 ? ", " : "", words[verdict(&effects[i]) + 1],
                    effects[i].first_decile);
        if (effects[last].last_decile > effects[i].first_decile)
            es_text_add(text, "-%zu", effects[last].last_decile);
        i = last + 1;
    }
    es_text_add(text, ".");
}

static void say_difference(const char *first, const char *second, const es_effect *all,
                           es_text *text) {
    const es_interval *difference = &all->difference_s;
    double mean_ms = 1e3 * difference->mean;
    int sign = verdict(all);
    if (isnan(difference->low)) {
        es_text_add(text, "%s is on average %s than %s by %.4g ms; without an interval ", first,
                    mean_ms < 0 ? "faster" : "slower", second, fabs(mean_ms));
        return;
    }
    if (sign == 0)
        es_text_add(text,
                    "No difference between %s and %s can be shown: %.4g ms on average, 95 %% "
                    "interval %.4g to %.4g ms",
                    first, second, mean_ms, 1e3 * difference->low, 1e3 * difference->high);
    else {
        double a = 1e3 * fabs(difference->low), b = 1e3 * fabs(difference->high);
        es_text_add(text, "%s is %s than %s by %.4g ms per request (95 %% interval %.4g to %.4g ms",
                    first, sign < 0 ? "faster" : "slower", second, fabs(mean_ms), fmin(a, b),
                    fmax(a, b));
        es_text_add(text, ")");
    }
}

static void say_shares(const es_effect *all, es_text *text) {
    es_text_add(text, "; it is faster in ");
    add_percent_of(text, all->faster, all->n);
    es_text_add(text, " of %llu steps, slower in ", (unsigned long long)all->n);
    add_percent_of(text, all->slower, all->n);
    es_text_add(text, ".");
}

/* What the interval rests on, where that is not one course of time. */
static void say_replications(const es_paired *paired, es_text *text) {
    if (paired->n_replications > 1)
        es_text_add(text, " Over %zu replications.", paired->n_replications);
}

static void say_short_series(const es_interval *interval, es_text *text) {
    if (interval->correlation > ES_SHORT_SERIES)
        es_text_add(text, " The run is short against the swings of its states: the true mean may "
                          "well lie outside the interval; run it longer.");
}

/* Two policies that did not meet the same requests. */
static void conclude_unpaired(const char *first, const char *second, const es_paired *paired,
                              es_text *text) {
    if (paired->only_first == 0 || paired->only_second == 0) {
        es_text_add(text, "%s has no completed request: nothing can be compared.",
                    paired->only_first == 0 ? first : second);
        return;
    }
    say_difference(first, second, &paired->all, text);
    if (isnan(paired->all.difference_s.low))
        es_text_add(text, "(there are too few steps)");
    es_text_add(text,
                ". Not paired (%s): this compares two means, %.4g ms over %llu requests and %.4g "
                "ms over %llu, by Welch's method, so that the luck of other requests and states "
                "is in it; the same seed and arrivals would show smaller differences.",
                paired->unpaired, 1e3 * paired->mean_s[0].mean,
                (unsigned long long)paired->only_first, 1e3 * paired->mean_s[1].mean,
                (unsigned long long)paired->only_second);
    say_replications(paired, text);
    say_short_series(&paired->all.difference_s, text);
}

void es_paired_conclude(const char *first, const char *second, bool grid, const es_paired *paired,
                        es_text *text) {
    const es_effect *all = &paired->all;
    if (paired->unpaired[0] != '\0') {
        conclude_unpaired(first, second, paired, text);
        return;
    }
    if (all->n == 0)
        es_text_add(text, "%s and %s have no step that both completed: nothing can be compared.",
                    first, second);
    else if (all->tied == all->n)
        es_text_add(text, "%s and %s took the same time in each of %llu steps.", first, second,
                    (unsigned long long)all->n);
    else {
        say_difference(first, second, all, text);
        if (isnan(all->difference_s.low))
            es_text_add(text, grid ? "(the states of a grid are chosen, not met)"
                                   : "(there are too few steps)");
        say_shares(all, text);
        if (!isnan(all->difference_s.low)) {
            say_classes("uplink rate", paired->n_rates, paired->rates, text);
            say_classes("server load", paired->n_loads, paired->loads, text);
        }
        say_replications(paired, text);
    }
    if (paired->only_first + paired->only_second > 0)
        es_text_add(text,
                    " Left out are %llu steps that only %s completed and %llu that only %s did.",
                    (unsigned long long)paired->only_first, first,
                    (unsigned long long)paired->only_second, second);
    say_short_series(&all->difference_s, text);
}

/* What a side is called: its policy, and its file where there are several. */
static void name_side(const es_comparison *comparison, const es_side *side, es_text *text) {
    es_text_add(text, "%s", side->result->policies[side->policy]);
    if (comparison->n_files > 1)
        es_text_add(text, " of %s", side->path);
}

es_status es_comparison_conclude(es_comparison *comparison, es_errors *errors) {
    bool grid = es_result_is_grid(comparison->first.result);
    es_text label = {0};
    name_side(comparison, &comparison->first, &label);
    comparison->label = label.data;
    comparison->labels = es_alloc(comparison->n, sizeof *comparison->labels);
    comparison->conclusions = es_alloc(comparison->n, sizeof *comparison->conclusions);
    bool failed = label.failed || comparison->labels == NULL || comparison->conclusions == NULL;
    for (size_t i = 0; i < comparison->n && !failed; i++) {
        es_text other = {0}, conclusion = {0};
        name_side(comparison, &comparison->others[i], &other);
        if (!other.failed)
            es_paired_conclude(label.data, other.data, grid, &comparison->paired[i], &conclusion);
        comparison->labels[i] = other.data;
        comparison->conclusions[i] = conclusion.data;
        failed = other.failed || conclusion.failed;
    }
    return failed ? es_errors_no_memory(errors, NULL) : ES_OK;
}

static void add_ms(es_table *table, double seconds) {
    if (isnan(seconds))
        es_table_add(table, "-");
    else
        es_table_add(table, "%.4g", 1e3 * seconds);
}

static void print_whole(const es_comparison *comparison, es_text *text) {
    es_table table;
    es_table_init(&table, 8, 1);
    const char *const headers[] = {"over", "steps",  "difference", "low",
                                   "high", "faster", "slower",     "tied"};
    for (size_t c = 0; c < sizeof headers / sizeof headers[0]; c++)
        es_table_add(&table, "%s", headers[c]);
    for (size_t i = 0; i < comparison->n; i++) {
        const es_effect *all = &comparison->paired[i].all;
        bool is_paired = comparison->paired[i].unpaired[0] == '\0';
        es_table_add(&table, is_paired ? "%s" : "%s (unpaired)", comparison->labels[i]);
        if (is_paired)
            es_table_add(&table, "%llu", (unsigned long long)all->n);
        else
            es_table_add(&table, "-");
        add_ms(&table, all->difference_s.mean);
        add_ms(&table, all->difference_s.low);
        add_ms(&table, all->difference_s.high);
        const uint64_t shares[] = {all->faster, all->slower, all->tied};
        for (size_t s = 0; s < 3; s++)
            if (all->n > 0)
                es_table_add(&table, "%.1f", 100.0 * (double)shares[s] / (double)all->n);
            else
                es_table_add(&table, "-");
    }
    es_text_add(
        text,
        "latency of %s minus that of the other, ms, with its 95 %% interval; share of steps "
        "in which it was\nfaster, slower or tied, %%\n",
        comparison->label);
    es_table_print(&table, 0, text);
    es_table_fini(&table);
}

/* Effects of one pair in the classes of one state. */
typedef struct classes {
    size_t n;
    const es_effect *effects;
} classes;

static classes classes_of(const es_paired *paired, bool by_load) {
    return by_load ? (classes){paired->n_loads, paired->loads}
                   : (classes){paired->n_rates, paired->rates};
}

/* The effect in the class that begins with a decile; NULL if there is none. */
static const es_effect *find_class(classes all, size_t first_decile) {
    for (size_t i = 0; i < all.n; i++)
        if (all.effects[i].first_decile == first_decile)
            return &all.effects[i];
    return NULL;
}

/* A table of others `from` .. `to`; its rows are the classes of the one with the most. */
static void fill_classes(const es_comparison *comparison, bool by_load, size_t from, size_t to,
                         es_table *table) {
    classes rows = classes_of(&comparison->paired[from], by_load);
    for (size_t i = from; i < to; i++)
        if (classes_of(&comparison->paired[i], by_load).n > rows.n)
            rows = classes_of(&comparison->paired[i], by_load);
    es_table_init(table, 4 + to - from, 1);
    es_table_add(table, "decile");
    es_table_add(table, "from");
    es_table_add(table, "to");
    es_table_add(table, "steps");
    for (size_t i = from; i < to; i++)
        es_table_add(table, "%s", comparison->labels[i]);
    for (size_t r = 0; r < rows.n; r++) {
        const es_effect *row = &rows.effects[r];
        double unit = by_load ? 1 : 1e6;
        if (row->last_decile > row->first_decile)
            es_table_add(table, "%zu-%zu", row->first_decile, row->last_decile);
        else
            es_table_add(table, "%zu", row->first_decile);
        es_table_add(table, "%.4g", row->from / unit);
        es_table_add(table, "%.4g", row->to / unit);
        es_table_add(table, "%llu", (unsigned long long)row->n);
        for (size_t i = from; i < to; i++) {
            const es_effect *effect =
                find_class(classes_of(&comparison->paired[i], by_load), row->first_decile);
            if (effect == NULL)
                es_table_add(table, "-");
            else
                es_table_add(table, "%.4g%s", 1e3 * effect->difference_s.mean,
                             verdict(effect) != 0 ? "*" : " ");
        }
    }
}

/* As many of the others side by side as a line holds. */
static void print_classes(const es_comparison *comparison, bool by_load, size_t width,
                          es_text *text) {
    size_t most = 0;
    for (size_t i = 0; i < comparison->n; i++)
        most = classes_of(&comparison->paired[i], by_load).n > most
                   ? classes_of(&comparison->paired[i], by_load).n
                   : most;
    if (most < 2)
        return;
    es_text_add(text, "\nthe same by deciles of the %s; * : the interval does not hold 0\n",
                by_load ? "server load" : "uplink rate, Mbit/s");
    for (size_t from = 0, to; from < comparison->n; from = to) {
        es_table table;
        to = comparison->n;
        fill_classes(comparison, by_load, from, to, &table);
        while (to > from + 1 && es_table_width(&table, 0) > width) {
            es_table_fini(&table);
            fill_classes(comparison, by_load, from, --to, &table);
        }
        es_table_print(&table, 0, text);
        es_table_fini(&table);
    }
}

/* The differences of each group of devices, a column each. */
static void print_groups(const es_comparison *comparison, es_text *text) {
    const es_result *result = comparison->first.result;
    size_t n = 0, n_groups = result->n_groups;
    for (size_t i = 0; i < comparison->n; i++)
        n += comparison->paired[i].n_groups > 0;
    if (n == 0)
        return;
    es_table table;
    es_table_init(&table, 1 + n_groups, 1);
    es_table_add(&table, "over");
    for (size_t g = 0; g < n_groups; g++)
        es_table_add(&table, "%s", result->groups[g]);
    for (size_t i = 0; i < comparison->n; i++) {
        const es_paired *paired = &comparison->paired[i];
        if (paired->n_groups == 0)
            continue;
        es_table_add(&table, "%s", comparison->labels[i]);
        for (size_t g = 0; g < n_groups; g++)
            if (paired->groups[g].n == 0)
                es_table_add(&table, "- ");
            else
                es_table_add(&table, "%.4g%s", 1e3 * paired->groups[g].difference_s.mean,
                             verdict(&paired->groups[g]) != 0 ? "*" : " ");
    }
    es_text_add(text, "\nthe same by groups of devices; * : the interval does not hold 0\n");
    es_table_print(&table, 0, text);
    es_table_fini(&table);
}

/* A paragraph broken at spaces. */
static void add_wrapped(const char *paragraph, size_t width, es_text *text) {
    while (strlen(paragraph) > width) {
        size_t at = width;
        while (at > 0 && paragraph[at] != ' ')
            at--;
        at = at > 0 ? at : strcspn(paragraph, " ");
        es_text_add(text, "%.*s\n", (int)at, paragraph);
        paragraph += at + (paragraph[at] == ' ');
    }
    es_text_add(text, "%s\n", paragraph);
}

void es_comparison_text(const es_comparison *comparison, size_t width, es_text *text) {
    const es_result *result = comparison->first.result;
    if (result->title[0] != '\0')
        es_text_add(text, "%s\n", result->title);
    print_whole(comparison, text);
    print_classes(comparison, false, width, text);
    print_classes(comparison, true, width, text);
    print_groups(comparison, text);
    es_text_add(text, "\n");
    for (size_t i = 0; i < comparison->n; i++)
        add_wrapped(comparison->conclusions[i], width, text);
    add_wrapped(
        "All of it is about this scenario: its traces, profiles, seed and bytes per element. "
        "Of other links, loads, devices or networks it says nothing.",
        width, text);
    for (size_t i = 0; i < comparison->n_files; i++) {
        es_text warnings = {0};
        es_summary_warnings(comparison->results[i], &warnings);
        text->failed |= warnings.failed;
        es_slice rest = {warnings.data, warnings.length}, line;
        while (!warnings.failed && es_next_line(&rest, &line))
            es_text_add(text, "warning: %s%s%.*s\n",
                        comparison->n_files > 1 ? comparison->paths[i] : "",
                        comparison->n_files > 1 ? ": " : "", (int)line.length, line.data);
        free(warnings.data);
    }
}
