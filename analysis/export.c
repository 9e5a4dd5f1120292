/* edgesplit export: the per-step table in other formats, row by row in constant memory. */
#include "export.h"

#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "reports.h"
#include "steps.h"
#include "summary.h"

#include <errno.h>
#include <math.h>
#include <string.h>

/* Of a trace; what follows EXPORT_STATUS only results of three tiers have. */
static const char *const names[EXPORT_N_COLUMNS] = {
    [EXPORT_ARRIVAL] = "arrival_time",
    [EXPORT_BATCH] = "batch",
    [EXPORT_CUT] = "split_index",
    [EXPORT_HEAD] = "head_time",
    [EXPORT_DEVICE_QUEUE] = "device_queue_time",
    [EXPORT_UPLINK_QUEUE] = "uplink_queue_time",
    [EXPORT_UPLINK] = "uplink_time",
    [EXPORT_BYTES] = "uplink_bytes",
    [EXPORT_SERVER_QUEUE] = "server_queue_time",
    [EXPORT_TAIL] = "tail_time",
    [EXPORT_DOWNLINK] = "downlink_time",
    [EXPORT_RATE_TRUE] = "rate_true",
    [EXPORT_LOAD_TRUE] = "load_true",
    [EXPORT_STATUS] = "status",
    [EXPORT_BACKHAUL_QUEUE] = "backhaul_queue_time",
    [EXPORT_BACKHAUL] = "backhaul_time",
    [EXPORT_BACKHAUL_BYTES] = "backhaul_bytes",
    [EXPORT_CLOUD_QUEUE] = "cloud_queue_time",
    [EXPORT_CLOUD] = "cloud_time",
};

static size_t n_of_trace(const es_result *result) {
    return result->has_cloud ? EXPORT_N_COLUMNS : EXPORT_BACKHAUL_QUEUE;
}

typedef enum export_form { CSV, JSON_LINES, CHROME, N_FORMS } export_form;
static const char *const forms[N_FORMS] = {"csv", "jsonl", "chrome"};

/* What is written where. Failure is sticky. */
struct writer {
    const es_result *result;
    export_form form;
    FILE *stream;
    es_text text; /* of the rows in hand */
    es_export_lanes lanes;
    size_t n_columns;
    const char *const *columns; /* [n_columns] names */
    size_t arrival;             /* which of them is the time of arrival */
    /* The last number of each column as text: many do not change from step to step. */
    double last[ES_STEPS_MOST_COLUMNS];
    char last_text[ES_STEPS_MOST_COLUMNS][ES_NUMBER_TEXT];
    bool failed; /* of writing */
};

const char *es_export_status(double status) {
    static const char *const texts[] = {"completed", "late", "dropped", "unfinished"};
    return status >= 0 && status < 4 ? texts[(size_t)status] : "-";
}

static void flush(struct writer *writer) {
    es_text *text = &writer->text;
    if (!text->failed && text->length > 0 &&
        fwrite(text->data, 1, text->length, writer->stream) != text->length)
        writer->failed = true;
    text->length = 0;
}

static void add_value(struct writer *writer, size_t column, double value) {
    bool json = writer->form == JSON_LINES;
    es_text *text = &writer->text;
    char *last = writer->last_text[column];
    if (strcmp(writer->columns[column], "status") == 0)
        es_text_add(text, json ? "\"%s\"" : "%s", es_export_status(value));
    else if (isfinite(value)) {
        if (last[0] == '\0' || value != writer->last[column]) {
            if (writer->result->is_whole[column])
                snprintf(last, ES_NUMBER_TEXT, "%.0f", value);
            else
                es_format_double(value, last);
            writer->last[column] = value;
        }
        es_text_append(text, last, strlen(last));
    } else if (json)
        es_text_append(text, "null", 4);
}

static void begin(struct writer *writer) {
    es_text *text = &writer->text;
    if (writer->form == CHROME)
        es_export_trace_begin(writer->result, text);
    if (writer->form == CSV) {
        es_text_add(text,
                    writer->result->n_replications > 1 ? "replication,policy,step" : "policy,step");
        for (size_t c = 0; c < writer->n_columns; c++)
            es_text_add(text, ",%s", writer->columns[c]);
        es_text_add(text, ",counted\n");
    }
}

static void add_row(struct writer *writer, size_t replication, size_t policy, size_t step,
                    const double *row) {
    es_text *text = &writer->text;
    const char *name = writer->result->policies[policy];
    bool csv = writer->form == CSV, replicated = writer->result->n_replications > 1;
    bool counted = row[writer->arrival] >= es_result_warmup_s(writer->result, replication, policy);
    if (csv) {
        if (replicated)
            es_text_add(text, "%zu,", replication);
        es_text_add_csv(text, name);
        es_text_add(text, ",%zu", step);
    } else {
        es_text_add(text, "{");
        if (replicated)
            es_text_add(text, "\"replication\": %zu, ", replication);
        es_text_add(text, "\"policy\": ");
        es_text_add_json(text, name);
        es_text_add(text, ", \"step\": %zu", step);
    }
    for (size_t c = 0; c < writer->n_columns; c++) {
        if (csv)
            es_text_append(text, ",", 1);
        else {
            es_text_append(text, ", \"", 3);
            es_text_append(text, writer->columns[c], strlen(writer->columns[c]));
            es_text_append(text, "\": ", 3);
        }
        add_value(writer, c, row[c]);
    }
    const char *word = counted ? "true" : "false";
    es_text_add(text, csv ? ",%s\n" : ", \"counted\": %s}\n", word);
}

/* One policy's steps of `from` .. `to`, `to` not included. */
static es_status write_policy(struct writer *writer, es_steps *steps, size_t replication,
                              size_t policy, size_t from, size_t to, bool with_state,
                              double *storage, es_errors *errors) {
    double *columns[ES_STEPS_MOST_COLUMNS] = {NULL}, row[ES_STEPS_MOST_COLUMNS] = {0};
    size_t there = es_result_n_steps(writer->result, replication, policy);
    es_status status = ES_OK;
    to = to < there ? to : there;
    writer->lanes = (es_export_lanes){0};
    for (size_t c = 0; c < writer->n_columns; c++)
        columns[c] = storage + c * ES_STEPS_BLOCK;
    for (size_t at = from; at < to && status == ES_OK && !writer->failed;) {
        size_t n = ES_STEPS_BLOCK - at % ES_STEPS_BLOCK; /* up to the end of a chunk */
        n = n < to - at ? n : to - at;
        status = es_steps_read(steps, replication, policy, at, n, columns, errors);
        for (size_t i = 0; i < n && status == ES_OK; i++) {
            for (size_t c = 0; c < writer->n_columns; c++)
                row[c] = columns[c][i];
            if (writer->form == CHROME)
                es_export_trace_step(writer->result, policy, at + i, row, with_state,
                                     &writer->lanes, &writer->text);
            else
                add_row(writer, replication, policy, at + i, row);
            if (writer->text.length > ES_STEPS_BLOCK)
                flush(writer);
        }
        at += n;
    }
    return status;
}

/* What to write. */
struct selection {
    size_t from, to; /* steps; `to` is not included */
    size_t first_replication, end_replication;
    bool *policies; /* [n_policies] */
};

/* Which columns: a trace is made of some, a table has all of the file. */
static es_status choose_columns(struct writer *writer, const char *path, es_errors *errors) {
    const es_result *result = writer->result;
    bool trace = writer->form == CHROME;
    writer->n_columns = trace ? n_of_trace(result) : result->n_columns;
    writer->columns = trace ? names : (const char *const *)result->columns;
    while (writer->arrival < writer->n_columns &&
           strcmp(writer->columns[writer->arrival], names[EXPORT_ARRIVAL]) != 0)
        writer->arrival++;
    if (writer->arrival == writer->n_columns || writer->n_columns > ES_STEPS_MOST_COLUMNS)
        return es_errors_add(errors, ES_INVALID, path, 0, "%s",
                             writer->n_columns > ES_STEPS_MOST_COLUMNS
                                 ? "has too many columns"
                                 : "arrival_time is missing or damaged");
    return ES_OK;
}

static es_status write_all(struct writer *writer, const char *path,
                           const struct selection *selection, es_errors *errors) {
    es_steps *steps = NULL;
    double *storage = es_alloc(writer->n_columns * ES_STEPS_BLOCK, sizeof *storage);
    es_status status = storage == NULL ? es_errors_no_memory(errors, path)
                                       : es_steps_open(path, writer->result, writer->n_columns,
                                                       writer->columns, &steps, errors);
    bool first = true;
    begin(writer);
    for (size_t r = selection->first_replication; r < selection->end_replication; r++)
        for (size_t p = 0; p < writer->result->n_policies && status == ES_OK; p++) {
            if (!selection->policies[p])
                continue;
            status = write_policy(writer, steps, r, p, selection->from, selection->to, first,
                                  storage, errors);
            first = false;
        }
    if (writer->form == CHROME)
        es_export_trace_end(&writer->text);
    flush(writer);
    es_steps_close(steps);
    free(storage);
    return status == ES_OK && writer->text.failed ? es_errors_no_memory(errors, path) : status;
}

/* Writes to a file that appears complete or not at all. */
static es_status write_file(struct writer *writer, const char *path, const char *output,
                            bool replace, const struct selection *selection, es_errors *errors) {
    es_publication publication = {0};
    es_status status = es_publication_init(&publication, output, replace, errors);
    if (status == ES_OK && (writer->stream = fopen(publication.temporary, "wb")) == NULL)
        status = es_errors_add(errors, ES_CANT_CREATE, output, 0, "%s", strerror(errno));
    if (status == ES_OK) {
        status = write_all(writer, path, selection, errors);
        bool closed = fclose(writer->stream) == 0;
        if (status == ES_OK && (writer->failed || !closed))
            status =
                es_errors_add(errors, ES_IO, output, 0, "cannot be written: %s", strerror(errno));
    }
    if (status == ES_OK)
        status = es_publication_commit(&publication, errors);
    es_publication_fini(&publication);
    return status;
}

/* ---- The command */

static es_status choose_form(const es_arguments *arguments, export_form *form, es_errors *errors) {
    size_t n = 0;
    for (size_t f = 0; f < N_FORMS; f++)
        if (es_arguments_has(arguments, forms[f])) {
            *form = (export_form)f;
            n++;
        }
    return n == 1 ? ES_OK
                  : es_arguments_mistake(arguments, errors,
                                         "expected one of --csv, --jsonl and --chrome");
}

/* "A..B", both included. */
static es_status choose_steps(const es_arguments *arguments, struct selection *selection,
                              es_errors *errors) {
    const char *text = es_arguments_value(arguments, "steps", NULL);
    const char *dots = text != NULL ? strstr(text, "..") : NULL;
    int64_t from = 0, to = -1;
    selection->to = SIZE_MAX;
    if (text == NULL)
        return ES_OK;
    if (dots == NULL || es_parse_int64((es_slice){text, (size_t)(dots - text)}, &from) != ES_OK ||
        es_parse_int64((es_slice){dots + 2, strlen(dots + 2)}, &to) != ES_OK || from < 0 ||
        to < from)
        return es_arguments_mistake(arguments, errors, "--steps %s: expected a range, 0..999",
                                    text);
    selection->from = (size_t)from;
    selection->to = (size_t)to + 1;
    return ES_OK;
}

/* All replications, or the one that is named: a trace shows one course of time. */
static es_status choose_replications(const es_arguments *arguments, const struct writer *writer,
                                     struct selection *selection, es_errors *errors) {
    selection->end_replication = writer->result->n_replications;
    if (!es_arguments_has(arguments, "replication") && writer->form != CHROME)
        return ES_OK;
    if (!es_arguments_has(arguments, "replication") && selection->end_replication > 1)
        return es_arguments_mistake(arguments, errors,
                                    "a trace shows one of the %zu replications: --replication "
                                    "names it",
                                    selection->end_replication);
    es_status status =
        es_choose_replication(arguments, writer->result, &selection->first_replication, errors);
    selection->end_replication = selection->first_replication + 1;
    return status;
}

static es_status choose_policies(const es_arguments *arguments, const es_result *result,
                                 struct selection *selection, es_errors *errors) {
    size_t n, policy;
    const char *const *wanted = es_arguments_values(arguments, "policy", &n);
    selection->policies = es_alloc(result->n_policies, sizeof *selection->policies);
    if (selection->policies == NULL)
        return es_errors_no_memory(errors, NULL);
    for (size_t p = 0; p < result->n_policies; p++)
        selection->policies[p] = n == 0;
    for (size_t i = 0; i < n; i++)
        if (es_result_find_policy(result, arguments->operands[0], wanted[i], &policy, errors) ==
            ES_OK)
            selection->policies[policy] = true;
    return es_errors_status(errors);
}

static es_status run(const es_arguments *arguments, es_errors *errors) {
    const char *path = arguments->operands[0];
    const char *output = es_arguments_value(arguments, "output", NULL);
    struct writer writer = {.stream = stdout};
    struct selection selection = {0};
    es_result *result = NULL;
    (void)choose_form(arguments, &writer.form, errors);
    (void)choose_steps(arguments, &selection, errors);
    es_status status = es_errors_status(errors);
    if (status == ES_OK)
        status = es_result_load(path, &result, errors);
    writer.result = result;
    if (status == ES_OK)
        status = choose_replications(arguments, &writer, &selection, errors);
    if (status == ES_OK)
        status = choose_columns(&writer, path, errors);
    if (status == ES_OK)
        status = choose_policies(arguments, result, &selection, errors);
    if (status == ES_OK && output != NULL)
        status = write_file(&writer, path, output, es_arguments_has(arguments, "force"), &selection,
                            errors);
    else if (status == ES_OK)
        status = write_all(&writer, path, &selection, errors);
    free(writer.text.data);
    free(selection.policies);
    es_result_destroy(result);
    return status;
}

static const es_option options[] = {
    {.name = "csv", .help = "a line per policy and step, named as in the file, SI units"},
    {.name = "jsonl", .help = "the same as one JSON object per line"},
    {.name = "chrome", .help = "Chrome's trace format, for https://ui.perfetto.dev"},
    ES_OPTION_OUTPUT("FILE", false, "default: stdout"),
    ES_OPTION_FORCE,
    {.name = "policy", .value = "NAME", .help = "these only", .repeats = true},
    {.name = "steps", .value = "A..B", .help = "these only, both included"},
    {.name = "replication", .value = "N", .help = "of several this one only, from 0 on"},
    {0},
};

const es_command es_report_export = {
    .name = "export",
    .summary = "the steps of a result as CSV, JSON lines or a Chrome trace",
    .notes =
        "A table has every step of every replication, those of the warm-up too: the column "
        "`counted` says which\nare in the summary, that is, behind the warm-up of their policy and "
        "replication.\nThe trace has a process per policy with a lane per station and a slice per "
        "request, named by its step;\na station has further lanes where requests overlap "
        "(propagation). Time that a request waits is the gap\nbefore its slice. Large runs: take "
        "some --steps.",
    .operand = "RESULT.h5",
    .least_operands = 1,
    .most_operands = 1,
    .options = options,
    .run = run,
};
