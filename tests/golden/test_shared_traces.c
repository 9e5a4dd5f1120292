/* Every real trace of the shared folder is read, and has the statistics that its README states,
 * which were computed from the same bytes by another program. */
#include "edgesplit/trace.h"
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CELLS = 16, N_FILES = 190 };

static es_errors errors;

typedef struct table_row {
    char *cells[MAX_CELLS];
    size_t n;
} table_row;

/* How the files of a folder are read, and which check their rows get. */
typedef struct folder {
    const char *name, *format, *settings;
    es_quantity quantity;
    void (*check)(const struct folder *folder, const table_row *row, const char *path);
} folder;

static es_trace *load(const folder *of, const char *path, const char *settings) {
    es_trace_options options = {
        .quantity = of->quantity,
        .format = of->format,
        .window = ES_SECOND,
        .settings = settings,
    };
    es_trace *trace = NULL;
    es_errors_init(&errors);
    es_status status = es_trace_load(path, &options, &trace, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    assert_int_equal(errors.n, 0);
    return trace;
}

static es_trace_statistics statistics_of(const es_trace *trace) {
    es_trace_statistics s;
    assert_int_equal(es_trace_statistics_of(trace, &s), ES_OK);
    return s;
}

/* The value agrees with a printed number to half a unit of its last decimal. */
static void assert_printed(const char *path, const char *what, double value, const char *printed) {
    const char *point = strchr(printed, '.');
    int decimals = 0;
    while (point != NULL && point[1 + decimals] >= '0' && point[1 + decimals] <= '9')
        decimals++;
    double expected = strtod(printed, NULL);
    if (!(fabs(value - expected) <= 0.5000001 * pow(10, -decimals)))
        fail_msg("%s: %s is %.9g, its README says %s", path, what, value, printed);
}

static double number(const char *cell) {
    return strtod(cell, NULL);
}

/* | file | bytes | sha256 | T s | n | min | mean | max | CV | zero % | <0.1 % | longest | quirks |
 */
static void check_rates(const folder *of, const table_row *row, const char *path) {
    es_trace *trace = load(of, path, of->settings);
    es_trace_statistics s = statistics_of(trace);
    char *const *cells = row->cells;
    assert_memory_equal(trace->sha256, cells[2], 16);
    assert_printed(path, "T", s.covered_s, cells[3]);
    if (s.n != (size_t)number(cells[4]))
        fail_msg("%s: n is %zu, its README says %s", path, s.n, cells[4]);
    assert_printed(path, "min", s.least / 1e6, cells[5]);
    assert_printed(path, "mean", s.mean / 1e6, cells[6]);
    assert_printed(path, "max", s.most / 1e6, cells[7]);
    assert_printed(path, "CV", s.cv, cells[8]);
    assert_printed(path, "zero %", s.zero_ratio * 100, cells[9]);
    assert_printed(path, "<0.1 %", s.low_ratio * 100, cells[10]);
    assert_printed(path, "longest <0.1", s.longest_low_s, cells[11]);
    const char *duplicates = strstr(cells[12], " dup ts");
    const char *same_second = strstr(cells[12], " same-second rows");
    for (const char *end = duplicates != NULL ? duplicates : same_second; end != NULL; end = NULL) {
        while (end > cells[12] && end[-1] >= '0' && end[-1] <= '9')
            end--;
        assert_int_equal(s.n_duplicates, strtoul(end, NULL, 10));
    }
    if (duplicates == NULL && same_second == NULL)
        assert_int_equal(s.n_duplicates, 0);
    assert_int_equal(s.n_backward, 0);
    es_trace_destroy(trace);
}

/* How many lines at the end of a file are the same as its last one. */
static size_t count_last_lines(const char *path) {
    FILE *file = fopen(path, "r");
    char line[32], last[32] = "";
    size_t n = 0;
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        n = strcmp(line, last) == 0 ? n + 1 : 1;
        memcpy(last, line, sizeof last);
    }
    fclose(file);
    return n;
}

/* The same of Mahimahi, whose README takes n from the lines, and extremes and shares from the full
 * seconds of the first round: without the opportunities at the very end of it, which a round that
 * repeats has at its start. */
static void check_mahimahi(const folder *of, const table_row *row, const char *path) {
    char *const *cells = row->cells;
    es_trace *trace = load(of, path, of->settings);
    es_trace_statistics whole = statistics_of(trace);
    assert_memory_equal(trace->sha256, cells[2], 16);
    assert_printed(path, "T", whole.span_s, cells[3]);
    assert_printed(path, "mean", whole.mean / 1e6, cells[6]);
    double bits = whole.mean * whole.span_s;
    assert_int_equal(llround(bits / 12000), (long long)number(cells[4]));
    trace->values[0] -= (double)count_last_lines(path) * 12000;
    es_time full = trace->times[trace->n] / ES_SECOND * ES_SECOND;
    assert_int_equal(es_trace_slice(trace, 0, full, &errors), ES_OK);
    es_trace_statistics s = statistics_of(trace);
    assert_printed(path, "min", s.least / 1e6, cells[5]);
    assert_printed(path, "max", s.most / 1e6, cells[7]);
    assert_printed(path, "CV", s.cv, cells[8]);
    assert_printed(path, "zero %", s.zero_ratio * 100, cells[9]);
    assert_printed(path, "<0.1 %", s.low_ratio * 100, cells[10]);
    assert_printed(path, "longest <0.1", s.longest_low_s, cells[11]);
    es_trace_destroy(trace);
}

/* | file | bytes | sha256 | n | min | mean | max CPU % | sd | zero % | */
static void check_planetlab(const folder *of, const table_row *row, const char *path) {
    es_trace *trace = load(of, path, NULL);
    es_trace_statistics s = statistics_of(trace);
    char *const *cells = row->cells;
    assert_memory_equal(trace->sha256, cells[2], 16);
    assert_string_equal(trace->format, "planetlab");
    assert_int_equal(s.n, (int)number(cells[3]));
    assert_true(s.span_s == 86400);
    assert_printed(path, "min", s.least * 100, cells[4]);
    assert_printed(path, "mean", s.mean * 100, cells[5]);
    assert_printed(path, "max", s.most * 100, cells[6]);
    assert_printed(path, "zero %", s.zero_ratio * 100, cells[8]);
    es_trace_destroy(trace);
}

/* | file | bytes | sha256 | requests | T s | mean | peak | idle % | CV | longest gap | */
static void check_arrivals(const folder *of, const table_row *row, const char *path) {
    es_trace *trace = load(of, path, NULL);
    es_trace_statistics s = statistics_of(trace);
    char *const *cells = row->cells;
    assert_memory_equal(trace->sha256, cells[2], 16);
    assert_int_equal(s.n, (int)number(cells[3]));
    assert_printed(path, "T", s.span_s, cells[4]);
    assert_printed(path, "rate", s.rate_hz, cells[5]);
    assert_int_equal(s.peak_1s, (int)number(cells[6]));
    assert_printed(path, "idle %", s.idle_ratio * 100, cells[7]);
    assert_printed(path, "CV", s.interarrival_cv, cells[8]);
    assert_printed(path, "longest gap", s.longest_interarrival_s, cells[9]);
    es_trace_destroy(trace);
}

/* "least/mean/most" of the measured rows, each counted once. */
static void assert_row_values(const char *path, const es_trace *trace, double unit,
                              const char *printed) {
    double sum = 0, least = 0, most = 0;
    size_t n = 0;
    for (size_t i = 0; i < trace->n; i++) {
        if (trace->marks != NULL && (trace->marks[i] & ES_MARK_MISSING) != 0)
            continue;
        double value = trace->values[i] / unit;
        sum += value;
        least = n == 0 ? value : fmin(least, value);
        most = n == 0 ? value : fmax(most, value);
        n++;
    }
    char *copy = strdup(printed), *rest = copy;
    assert_non_null(copy);
    assert_printed(path, "min", least, strtok_r(copy, "/", &rest));
    assert_printed(path, "mean", sum / (double)n, strtok_r(NULL, "/", &rest));
    assert_printed(path, "max", most, strtok_r(NULL, "/", &rest));
    free(copy);
}

/* | file | bytes | sha256 | rows | T days | step s | CPU % min/mean/max | ... */
static void check_bitbrains(const folder *of, const table_row *row, const char *path) {
    es_trace *trace = load(of, path, NULL);
    es_trace_statistics s = statistics_of(trace);
    assert_memory_equal(trace->sha256, row->cells[2], 16);
    assert_int_equal(s.n, (int)number(row->cells[3]));
    assert_printed(path, "T", s.span_s / 86400, row->cells[4]);
    assert_true(s.step_s == 300);
    assert_row_values(path, trace, 0.01, row->cells[6]);
    es_trace_destroy(trace);
}

/* | file | bytes | sha256 | rows | "NAME: n=... min ... mean ... max ... zero ... %; ..." | */
static void check_5gophers(const folder *of, const table_row *row, const char *path) {
    static const char name[] = "throughput_mbps: n=";
    size_t n_columns = 0;
    for (char *at = strstr(row->cells[4], name); at != NULL; at = strstr(at + 1, name)) {
        char settings[64] = "run=all", values[4][32];
        size_t n;
        int read = sscanf(at,
                          "throughput_mbps: n=%zu (empty 0) min %31s mean %31s max %31s Mbit/s "
                          "zero %31s",
                          &n, values[0], values[1], values[2], values[3]);
        assert_int_equal(read, 5);
        if (at > row->cells[4] && at[-1] == '_') {
            char *start = --at;
            while (start > row->cells[4] && start[-1] != ' ')
                start--;
            snprintf(settings, sizeof settings, "run=all, carrier=%.*s", (int)(at - start), start);
            at++;
        }
        es_trace *trace = load(of, path, settings);
        es_trace_statistics s = statistics_of(trace);
        assert_memory_equal(trace->sha256, row->cells[2], 16);
        assert_int_equal(s.n, n);
        assert_printed(path, "min", s.least / 1e6, values[0]);
        assert_printed(path, "mean", s.mean / 1e6, values[1]);
        assert_printed(path, "max", s.most / 1e6, values[2]);
        assert_printed(path, "zero %", s.zero_ratio * 100, values[3]);
        const char *runs = strstr(row->cells[4], " runs");
        if (runs != NULL)
            assert_non_null(strstr(trace->notes, "120 runs, one after the other"));
        n_columns++;
        es_trace_destroy(trace);
    }
    assert_true(n_columns > 0);
}

/* A plain table; the README has rows in column 3 and "least/mean/most" in column `of_values`. */
static void check_table(const folder *of, const table_row *row, const char *path, double unit,
                        size_t of_values) {
    es_trace *trace = load(of, path, of->settings);
    es_trace_statistics s = statistics_of(trace);
    assert_memory_equal(trace->sha256, row->cells[2], 16);
    assert_int_equal(s.n + s.n_duplicates, (int)number(row->cells[3]));
    assert_row_values(path, trace, unit, row->cells[of_values]);
    es_trace_destroy(trace);
}

static void check_minibatch(const folder *of, const table_row *row, const char *path) {
    check_table(of, row, path, 1, 6);
}

/* One table is in ms, the other in events/s, which is read as a plain number. */
static void check_noise(const folder *of, const table_row *row, const char *path) {
    folder own = *of;
    if (strstr(path, "_ms.csv") == NULL) {
        /* Two machines in one file, each with its own times. */
        own.quantity = ES_JOBS;
        own.settings = "column=value, step=1s, unit=1";
    }
    check_table(&own, row, path, own.quantity == ES_LATENCY ? 1e-3 : 1, 4);
}

static void check_windows(const folder *of, const table_row *row, const char *path) {
    es_trace *trace = load(of, path, of->settings);
    es_trace_statistics s = statistics_of(trace);
    assert_printed(path, "T", s.span_s - 600, row->cells[4]);
    assert_printed(path, "empty %", s.zero_ratio * 100, row->cells[7]);
    es_trace_destroy(trace);
    check_table(of, row, path, 1, 6);
}

static const folder folders[] = {
    {"5gophers", NULL, NULL, ES_BANDWIDTH, check_5gophers},
    {"alibaba-gpu2020-minibatch", "csv", "column=batch_time_norm, step=1s", ES_JOBS,
     check_minibatch},
    {"azure-functions-2021", NULL, NULL, ES_ARRIVALS, check_arrivals},
    {"azure-llm", NULL, NULL, ES_ARRIVALS, check_arrivals},
    {"azure-vm-noise", "csv", "time=starttime, column=value, unit=ms, sort=yes", ES_LATENCY,
     check_noise},
    {"bitbrains", NULL, NULL, ES_LOAD, check_bitbrains},
    {"fcc-cooked", NULL, NULL, ES_BANDWIDTH, check_rates},
    {"fcc-json", NULL, NULL, ES_BANDWIDTH, check_rates},
    {"ghent4g-cooked", NULL, NULL, ES_BANDWIDTH, check_rates},
    {"ghent4g-json", NULL, NULL, ES_BANDWIDTH, check_rates},
    {"hsr-cooked", NULL, NULL, ES_BANDWIDTH, check_rates},
    {"irish5g", NULL, "direction=down", ES_BANDWIDTH, check_rates},
    {"lab-cooked", NULL, NULL, ES_BANDWIDTH, check_rates},
    {"lumos4g-cooked", NULL, NULL, ES_BANDWIDTH, check_rates},
    {"lumos5g-cooked", NULL, NULL, ES_BANDWIDTH, check_rates},
    {"mahimahi", NULL, NULL, ES_BANDWIDTH, check_mahimahi},
    {"norway3g-cooked", NULL, NULL, ES_BANDWIDTH, check_rates},
    {"norway3g-json", NULL, NULL, ES_BANDWIDTH, check_rates},
    {"planetlab", NULL, NULL, ES_ANY_QUANTITY, check_planetlab},
    {"puffer-cooked", NULL, NULL, ES_BANDWIDTH, check_rates},
    {"servegen-windows", "csv", "header=no, time=1, column=2", ES_JOBS, check_windows},
    {"starlink-autobahn", NULL, "direction=down", ES_BANDWIDTH, check_rates},
    {"wifi-cooked", NULL, NULL, ES_BANDWIDTH, check_rates},
};

static const folder *find_folder(const char *name) {
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (strncmp(folders[i].name, name, strcspn(name, "/")) == 0 &&
            strlen(folders[i].name) == strcspn(name, "/"))
            return &folders[i];
    return NULL;
}

/* Splits "| a | b |" in place. */
static table_row split_row(char *line) {
    table_row row = {{NULL}, 0};
    for (char *at = line + 1; row.n < MAX_CELLS;) {
        char *bar = strchr(at, '|');
        if (bar == NULL)
            break;
        while (*at == ' ')
            at++;
        *bar = '\0';
        for (char *end = bar; end > at && end[-1] == ' ';)
            *--end = '\0';
        row.cells[row.n++] = at;
        at = bar + 1;
    }
    return row;
}

/* Calls `visit` for every file in the README's tables; returns their number. */
static size_t visit_files(void (*visit)(const folder *of, const table_row *row, const char *path)) {
    FILE *readme = fopen(ES_SHARED_DATA "/traces/README.md", "r");
    if (readme == NULL)
        skip();
    static char line[8192];
    const folder *of = NULL;
    size_t n = 0;
    while (fgets(line, sizeof line, readme) != NULL) {
        if (strncmp(line, "## ", 3) == 0)
            of = find_folder(line + 3);
        if (of == NULL || line[0] != '|')
            continue;
        table_row row = split_row(line);
        if (row.n < 4 || strcmp(row.cells[0], "file") == 0 || row.cells[0][0] == '-')
            continue;
        char path[1024];
        snprintf(path, sizeof path, "%s/traces/%s/%s", ES_SHARED_DATA, of->name, row.cells[0]);
        visit(of, &row, path);
        n++;
    }
    fclose(readme);
    return n;
}

static void check_file(const folder *of, const table_row *row, const char *path) {
    of->check(of, row, path);
}

static void test_statistics(void **state) {
    (void)state;
    assert_int_equal(visit_files(check_file), N_FILES);
}

/* What is written in the canonical form is the same function of time, or the same requests. */
static void check_writing(const folder *of, const table_row *row, const char *path) {
    (void)row;
    folder own = *of;
    es_trace *trace = NULL, *again = NULL;
    es_trace_options any = {.quantity = ES_ANY_QUANTITY};
    static const es_trace_edits none = {0};
    es_text text = {0};
    if (strstr(path, "events_per_s") != NULL) {
        own.quantity = ES_JOBS;
        own.settings = "column=value, step=1s, unit=1";
    }
    if (strcmp(of->name, "5gophers") == 0)
        own.settings = strstr(path, "car-") != NULL ? "carrier=Verizon, run=all" : "run=all";
    trace = load(&own, path, own.settings);
    assert_int_equal(es_trace_edit(trace, &none, &errors), ES_OK);
    es_trace_write(trace, "", &text);
    assert_false(text.failed);
    es_status status = es_trace_parse(path, text.data, text.length, &any, &again, &errors);
    es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    assert_int_equal(again->n, trace->n);
    assert_int_equal(again->quantity, trace->quantity);
    assert_memory_equal(again->times, trace->times, (trace->n + 1) * sizeof *trace->times);
    assert_memory_equal(again->values, trace->values, trace->n * sizeof *trace->values);
    free(text.data);
    es_trace_destroy(again);
    es_trace_destroy(trace);
}

static void test_written(void **state) {
    (void)state;
    assert_int_equal(visit_files(check_writing), N_FILES);
}

static es_trace *load_twin(const char *name) {
    char path[1024];
    snprintf(path, sizeof path, "%s/traces/%s", ES_SHARED_DATA, name);
    folder any = {.quantity = ES_BANDWIDTH};
    FILE *file = fopen(path, "r");
    if (file == NULL)
        skip();
    fclose(file);
    return load(&any, path, NULL);
}

/* The rate of the JSON file is that of the other one, cut to whole kbit/s. */
static void assert_cut_rate(double cooked_bps, double json_bps) {
    assert_true(fabs(floor(cooked_bps / 1e3 + 1e-9) - json_bps / 1e3) < 1e-6);
}

/* Ghent: the same intervals to the millisecond. */
static void test_ghent_twins(void **state) {
    (void)state;
    static const char *const names[] = {"report_bus_0001", "report_foot_0003", "report_foot_0006",
                                        "report_train_0002", "report_tram_0002"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "ghent4g-cooked/%s.pitree-trace", names[i]);
        es_trace *cooked = load_twin(name);
        snprintf(name, sizeof name, "ghent4g-json/%s.json", names[i]);
        es_trace *json = load_twin(name);
        assert_int_equal(cooked->n, json->n);
        for (size_t k = 0; k < json->n; k++) {
            assert_int_equal(cooked->times[k + 1], json->times[k + 1]);
            assert_cut_rate(cooked->values[k], json->values[k]);
        }
        es_trace_destroy(cooked);
        es_trace_destroy(json);
    }
}

/* Norway: the cooked file is the JSON elements of at least 100 kbit/s, closed up, its time rounded
 * otherwise; its first row is the start mark, which is one of these elements in all but the last
 * file. */
static void test_norway_twins(void **state) {
    (void)state;
    static const struct {
        const char *cooked, *json;
        size_t n_marks;
    } twins[] = {
        {"metro.kalbakken-jernbanetorget-report.2010-09-13_1003CEST", "2010-09-13_1003CEST", 1},
        {"metro.kalbakken-jernbanetorget-report.2010-09-13_1046CEST", "2010-09-13_1046CEST", 1},
        {"metro.kalbakken-jernbanetorget-report.2010-09-14_2303CEST", "2010-09-14_2303CEST", 1},
        {"bus.ljansbakken-oslo-report.2010-09-28_1407CEST", "2010-09-28_1407CEST", 1},
        {"ferry.nesoddtangen-oslo-report.2011-02-01_1000CET", "2011-02-01_1000CET", 0},
    };
    for (size_t i = 0; i < sizeof twins / sizeof twins[0]; i++) {
        char name[128];
        snprintf(name, sizeof name, "norway3g-cooked/%s.log", twins[i].cooked);
        es_trace *cooked = load_twin(name);
        snprintf(name, sizeof name, "norway3g-json/report.%s.json", twins[i].json);
        es_trace *json = load_twin(name);
        size_t kept = 0, marks = twins[i].n_marks;
        for (size_t k = 0; k < json->n; k++) {
            if (json->values[k] < 1e5)
                continue;
            if (kept++ < marks)
                continue;
            size_t c = kept - 1 - marks;
            assert_true(c < cooked->n);
            es_time lasts = cooked->times[c + 1] - cooked->times[c];
            assert_true(llabs(lasts - (json->times[k + 1] - json->times[k])) <= 2100000);
            assert_cut_rate(cooked->values[c], json->values[k]);
        }
        assert_int_equal(kept - marks, cooked->n);
        es_trace_destroy(cooked);
        es_trace_destroy(json);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statistics),
        cmocka_unit_test(test_written),
        cmocka_unit_test(test_ghent_twins),
        cmocka_unit_test(test_norway_twins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
