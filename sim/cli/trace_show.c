/* edgesplit trace show */
#include "commands.h"

#include "edgesplit/number.h"
#include "edgesplit/records.h"
#include "trace_file.h"

#include <string.h>

#define DEFAULT_WINDOW "1s"

static const es_option show_options[] = {
    TRACE_FILE_OPTIONS,
    TRACE_FILE_WINDOW(DEFAULT_WINDOW),
    {"csv", .help = "print CSV, a row per file"},
    {"json", .help = "print JSON, an object per file"},
    {"samples", .help = "print the samples or requests of one file as CSV instead"},
    {"plot", "FOLDER", .help = "draw one file there too, as `edgesplit plot trace` does"},
    {0},
};

static const es_field columns[] = {
    {"file", ES_FIELD_TEXT},
    {"format", ES_FIELD_TEXT},
    {"quantity", ES_FIELD_TEXT},
    {"unit", ES_FIELD_TEXT},
    {"n", ES_FIELD_COUNT},
    {"span_s", ES_FIELD_REAL},
    {"mean", ES_FIELD_REAL},
    {"min", ES_FIELD_REAL},
    {"max", ES_FIELD_REAL},
    {"cv", ES_FIELD_REAL},
    {"zero_ratio", ES_FIELD_REAL},
    {"zero_idle_ratio", ES_FIELD_REAL},
    {"below_100kbps_ratio", ES_FIELD_REAL},
    {"longest_below_100kbps_s", ES_FIELD_REAL},
    {"outage_ratio", ES_FIELD_REAL},
    {"longest_outage_s", ES_FIELD_REAL},
    {"missing_s", ES_FIELD_REAL},
    {"idle_s", ES_FIELD_REAL},
    {"n_gaps", ES_FIELD_COUNT},
    {"longest_gap_s", ES_FIELD_REAL},
    {"median_step_s", ES_FIELD_REAL},
    {"longest_step_s", ES_FIELD_REAL},
    {"n_duplicates", ES_FIELD_COUNT},
    {"n_backward", ES_FIELD_COUNT},
    {"autocorrelation_1s", ES_FIELD_REAL},
    {"rate_hz", ES_FIELD_REAL},
    {"peak_1s", ES_FIELD_REAL},
    {"idle_second_ratio", ES_FIELD_REAL},
    {"interarrival_cv", ES_FIELD_REAL},
    {"longest_interarrival_s", ES_FIELD_REAL},
    {"sha256", ES_FIELD_TEXT},
    {"notes", ES_FIELD_TEXT},
};

/* The unit that people get, its size in the unit of files, and the latter. */
static const struct {
    const char *unit;
    double size;
    const char *si;
} units[ES_N_QUANTITIES] = {
    [ES_BANDWIDTH] = {" Mbit/s", 1e6, "bit/s"},
    [ES_LOAD] = {" %", 0.01, "1"},
    [ES_JOBS] = {" jobs", 1, "1"},
    [ES_LATENCY] = {" ms", 1e-3, "s"},
    [ES_ARRIVALS] = {" images", 1, "1"},
};

static void add_row(es_records *records, const es_trace *trace, const es_trace_statistics *s) {
    bool arrivals = trace->quantity == ES_ARRIVALS;
    es_records_add_text(records, trace->path);
    es_records_add_text(records, trace->format);
    es_records_add_text(records, es_quantity_text(trace->quantity));
    es_records_add_text(records, units[trace->quantity].si);
    es_records_add_count(records, (int64_t)s->n);
    es_records_add_real(records, s->span_s);
    es_records_add_real(records, s->mean);
    es_records_add_real(records, s->least);
    es_records_add_real(records, s->most);
    es_records_add_real(records, s->cv);
    es_records_add_real(records, s->zero_ratio);
    es_records_add_real(records, s->zero_idle_ratio);
    es_records_add_real(records, s->low_ratio);
    es_records_add_real(records, s->longest_low_s);
    es_records_add_real(records, s->outage_ratio);
    es_records_add_real(records, s->longest_outage_s);
    es_records_add_real(records, s->missing_s);
    es_records_add_real(records, s->idle_s);
    es_records_add_count(records, (int64_t)s->n_gaps);
    es_records_add_real(records, s->longest_gap_s);
    es_records_add_real(records, s->step_s);
    es_records_add_real(records, s->longest_step_s);
    es_records_add_count(records, (int64_t)s->n_duplicates);
    es_records_add_count(records, (int64_t)s->n_backward);
    es_records_add_real(records, s->autocorrelation_1s);
    es_records_add_real(records, s->rate_hz);
    es_records_add_real(records, arrivals ? (double)s->peak_1s : ES_NAN);
    es_records_add_real(records, s->idle_ratio);
    es_records_add_real(records, s->interarrival_cv);
    es_records_add_real(records, s->longest_interarrival_s);
    es_records_add_text(records, trace->sha256);
    es_records_add_text(records, trace->notes);
}

/* ---- For people */

/* Whether the terminal understands UTF-8: what setlocale would say, without changing how numbers
 * are read. */
static bool speaks_utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *locale = getenv(names[i]);
        if (locale != NULL && locale[0] != '\0')
            return strstr(locale, "UTF-8") != NULL || strstr(locale, "utf8") != NULL;
    }
    return false;
}

static void add_sparkline(es_text *text, const es_trace *trace, const es_trace_statistics *s) {
    static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    static const char *const marks[] = {"_", ".", ":", "-", "=", "+", "*", "#"};
    enum { LEVELS = 8 };
    const char *const *signs = speaks_utf8() ? blocks : marks;
    double most = 0;
    for (int k = 0; k < ES_TRACE_PARTS; k++)
        most = s->parts[k] > most ? s->parts[k] : most;
    es_text_add(text, "  |");
    for (int k = 0; k < ES_TRACE_PARTS; k++) {
        int level = most > 0 && !isnan(s->parts[k]) ? (int)(s->parts[k] / most * LEVELS) : 0;
        es_text_add(text, "%s",
                    isnan(s->parts[k]) ? " " : signs[level < LEVELS ? level : LEVELS - 1]);
    }
    if (trace->quantity == ES_ARRIVALS)
        es_text_add(text, "| 0 .. %.4g requests per %.4g s\n", most, s->span_s / ES_TRACE_PARTS);
    else
        es_text_add(text, "| 0 .. %.4g%s, means over %.4g s\n", most / units[trace->quantity].size,
                    units[trace->quantity].unit, s->span_s / ES_TRACE_PARTS);
}

static void describe_samples(es_text *text, const es_trace *trace, const es_trace_statistics *s) {
    double size = units[trace->quantity].size;
    const char *unit = units[trace->quantity].unit;
    es_text_add(text, "  %zu samples over %.6g s, a median step of %.4g s, the longest %.4g s\n",
                s->n, s->span_s, s->step_s, s->longest_step_s);
    es_text_add(text, "  mean %.5g, min %.5g, max %.5g%s", s->mean / size, s->least / size,
                s->most / size, unit);
    if (!isnan(s->cv))
        es_text_add(text, "; CV %.3g", s->cv);
    if (!isnan(s->autocorrelation_1s))
        es_text_add(text, "; autocorrelation at 1 s %.3g", s->autocorrelation_1s);
    if (trace->quantity == ES_BANDWIDTH)
        es_text_add(text,
                    "\n  outages (measured below 0.1 Mbit/s, not idle): %.3g %% of the time, the "
                    "longest %.4g s",
                    s->outage_ratio * 100, s->longest_outage_s);
    es_text_add(text, "\n  0 for %.3g %% of the time", s->zero_ratio * 100);
    if (s->zero_idle_ratio > 0)
        es_text_add(text, ", for %.3g %% while idle", s->zero_idle_ratio * 100);
    es_text_add(text, "\n");
    if (s->missing_s > 0)
        es_text_add(text, "  missing (not measured, counted nowhere above): %.6g s\n",
                    s->missing_s);
    if (s->idle_s > 0)
        es_text_add(text, "  idle (measured, nobody asked for more): %.6g s\n", s->idle_s);
    if (s->n_gaps > 0)
        es_text_add(text, "  %zu gaps: missing, or a step above 3 medians; the longest %.4g s\n",
                    s->n_gaps, s->longest_gap_s);
}

static void describe_arrivals(es_text *text, const es_trace *trace, const es_trace_statistics *s) {
    es_text_add(text, "  %zu requests over %.6g s", s->n, s->span_s);
    if (!isnan(s->rate_hz))
        es_text_add(text, ": %.5g/s", s->rate_hz);
    es_text_add(text, ", at most %zu in a second\n  no request in %.3g %% of the seconds",
                s->peak_1s, s->idle_ratio * 100);
    if (!isnan(s->interarrival_cv))
        es_text_add(text, "; time between two: CV %.3g, the longest %.4g s", s->interarrival_cv,
                    s->longest_interarrival_s);
    es_text_add(text, "\n");
    if (trace->has_batches)
        es_text_add(text, "  images per request: mean %.4g, min %.4g, max %.4g\n", s->mean,
                    s->least, s->most);
}

static void describe(es_text *text, const es_trace *trace, const es_trace_statistics *s) {
    bool arrivals = trace->quantity == ES_ARRIVALS;
    es_text_add(text, "%s: %s, format %s\n", trace->path, es_quantity_text(trace->quantity),
                trace->format);
    (arrivals ? describe_arrivals : describe_samples)(text, trace, s);
    if (s->n_duplicates + s->n_backward > 0)
        es_text_add(text, "  %zu rows repeat the time before, %zu go back\n", s->n_duplicates,
                    s->n_backward);
    add_sparkline(text, trace, s);
    es_slice rest = {trace->notes, strlen(trace->notes)}, line;
    while (es_next_line(&rest, &line))
        es_text_add(text, "  note: %.*s\n", (int)line.length, line.data);
}

/* ---- Samples */

static void add_numbers(es_text *text, size_t n, const double *numbers) {
    for (size_t i = 0; i < n; i++) {
        char number[ES_NUMBER_TEXT] = "";
        if (!isnan(numbers[i]))
            es_format_double(numbers[i], number);
        es_text_add(text, "%s%s", i > 0 ? "," : "", number);
    }
}

static void list_samples(es_text *text, const es_trace *trace) {
    bool arrivals = trace->quantity == ES_ARRIVALS;
    es_text_add(text, arrivals ? "time_s,batch,deadline_s\n" : "start_s,end_s,value,state\n");
    for (size_t i = 0; i < trace->n; i++) {
        unsigned marks = trace->marks != NULL ? trace->marks[i] : 0;
        double deadline_s = trace->deadlines_s != NULL ? trace->deadlines_s[i] : ES_NAN;
        double start_s = es_time_s(trace->times[i]), value = trace->values[i];
        if (arrivals)
            add_numbers(text, 3, (const double[]){start_s, value, deadline_s});
        else
            add_numbers(text, 3, (const double[]){start_s, es_time_s(trace->times[i + 1]), value});
        if (!arrivals)
            es_text_add(text, ",%s",
                        (marks & ES_MARK_MISSING) != 0 ? "missing"
                        : (marks & ES_MARK_IDLE) != 0  ? "idle"
                                                       : "measured");
        es_text_add(text, "\n");
    }
}

/* ---- The command */

/* Where a file goes: one of them. */
typedef struct output {
    es_records *records; /* NULL: text */
    bool samples;
    es_text text;
} output;

static es_status show_file(const char *path, const trace_file *file, output *out,
                           es_errors *errors) {
    es_trace *trace = NULL;
    es_trace_statistics statistics;
    es_status status = out->samples
                           ? es_trace_load(path, &file->read, &trace, errors)
                           : es_trace_measure(path, &file->read, &trace, &statistics, errors);
    if (status == ES_OK && out->samples)
        list_samples(&out->text, trace);
    else if (status == ES_OK && out->records != NULL)
        add_row(out->records, trace, &statistics);
    else if (status == ES_OK)
        describe(&out->text, trace, &statistics);
    es_trace_destroy(trace);
    return status;
}

static es_status check_arguments(const es_arguments *arguments, es_errors *errors) {
    size_t n_before = errors->n;
    bool samples = es_arguments_has(arguments, "samples");
    if (es_arguments_has(arguments, "csv") + es_arguments_has(arguments, "json") + samples > 1)
        es_arguments_mistake(arguments, errors, "at most one of --csv, --json and --samples");
    if ((samples || es_arguments_has(arguments, "plot")) && arguments->n_operands != 1)
        es_arguments_mistake(arguments, errors, "--samples and --plot take one FILE");
    return errors->n > n_before ? ES_USAGE : ES_OK;
}

/* Hands the file over to the program that draws; returns only if that fails. */
static es_status plot(const es_arguments *arguments, es_errors *errors) {
    static const char *const passed_on[] = {"quantity", "format", "window", "option"};
    const char *words[64] = {"plot", "trace", arguments->operands[0], "--output",
                             es_arguments_value(arguments, "plot", NULL)};
    enum { MOST_WORDS = sizeof words / sizeof words[0] };
    size_t n = 5;
    char names[sizeof passed_on / sizeof passed_on[0]][16];
    for (size_t i = 0; i < sizeof passed_on / sizeof passed_on[0]; i++) {
        size_t n_values;
        const char *const *values = es_arguments_values(arguments, passed_on[i], &n_values);
        snprintf(names[i], sizeof names[i], "--%s", passed_on[i]);
        for (size_t k = 0; k < n_values; k++) {
            if (n + 2 > MOST_WORDS)
                return es_arguments_mistake(arguments, errors, "too many --option to plot");
            words[n++] = names[i];
            words[n++] = values[k];
        }
    }
    (void)fflush(stdout);
    return es_hand_over("edgesplit-analysis", n, words, errors);
}

static es_status show(const es_arguments *arguments, es_errors *errors) {
    trace_file file;
    es_records records;
    bool csv = es_arguments_has(arguments, "csv"), json = es_arguments_has(arguments, "json");
    output out = {.samples = es_arguments_has(arguments, "samples"),
                  .records = csv || json ? &records : NULL};
    es_status status = trace_file_parse(arguments, DEFAULT_WINDOW, &file, errors);
    es_status checked = check_arguments(arguments, errors);
    status = status == ES_OK ? checked : status;
    es_records_init(&records, sizeof columns / sizeof columns[0], columns);
    bool right = status == ES_OK;
    for (size_t i = 0; right && i < arguments->n_operands; i++) {
        es_errors found; /* a list for each file: none crowds out another's */
        es_errors_init(&found);
        status = worse_status(status, show_file(arguments->operands[i], &file, &out, &found));
        es_errors_print(&found, stderr);
    }
    if (right && out.records != NULL)
        es_records_print(&records, csv ? ES_FORM_CSV : ES_FORM_JSON, &out.text);
    es_records_fini(&records);
    trace_file_fini(&file);
    if (out.text.failed)
        status = es_errors_no_memory(errors, NULL);
    else if (out.text.length > 0)
        fwrite(out.text.data, 1, out.text.length, stdout);
    free(out.text.data);
    return status == ES_OK && es_arguments_has(arguments, "plot") ? plot(arguments, errors)
                                                                  : status;
}

const es_command command_trace_show = {
    .group = "trace",
    .name = "show",
    .summary = "what traces are like",
    .operand = "FILE",
    .least_operands = 1,
    .most_operands = ES_ANY_NUMBER,
    .notes =
        "Averages are weighted with time. An outage was measured: a rate below 0.1 Mbit/s, not "
        "idle. What "
        "is missing was not\nmeasured, and no figure counts it; idle time was measured while "
        "nobody asked for more, and counts as it is.\nIn CSV and JSON values have the unit that "
        "is named, and shares are between 0 and 1.",
    .options = show_options,
    .run = show,
};
