/* edgesplit export: the per-step table in other formats, row by row in constant memory. */
#include "export.h"

#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "reports.h"
#include "steps.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static const char *const names[EXPORT_N_COLUMNS] = {"arrival_time",
                                                    "batch",
                                                    "split_index",
                                                    "latency",
                                                    "head_time",
                                                    "device_queue_time",
                                                    "uplink_queue_time",
                                                    "uplink_time",
                                                    "uplink_bytes",
                                                    "server_queue_time",
                                                    "tail_time",
                                                    "downlink_time",
                                                    "rate_true",
                                                    "rate_estimate",
                                                    "load_true",
                                                    "load_estimate",
                                                    "deadline",
                                                    "status",
                                                    "energy",
                                                    "oracle_latency",
                                                    "regret",
                                                    "backhaul_queue_time",
                                                    "backhaul_time",
                                                    "backhaul_bytes",
                                                    "cloud_queue_time",
                                                    "cloud_time"};

static size_t columns_of(const es_result *result) {
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
    /* The last number of each column as text: many do not change from step to step. */
    double last[EXPORT_N_COLUMNS];
    char last_text[EXPORT_N_COLUMNS][ES_NUMBER_TEXT];
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

static bool is_whole(size_t column) {
    return column == EXPORT_BATCH || column == EXPORT_CUT || column == EXPORT_BYTES ||
           column == EXPORT_BACKHAUL_BYTES;
}

static void add_value(struct writer *writer, size_t column, double value) {
    bool json = writer->form == JSON_LINES;
    es_text *text = &writer->text;
    char *last = writer->last_text[column];
    if (column == EXPORT_STATUS)
        es_text_add(text, json ? "\"%s\"" : "%s", es_export_status(value));
    else if (isfinite(value)) {
        if (last[0] == '\0' || value != writer->last[column]) {
            if (is_whole(column))
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
        es_text_add(text, "policy,step");
        for (size_t c = 0; c < columns_of(writer->result); c++)
            es_text_add(text, ",%s", names[c]);
        es_text_add(text, "\n");
    }
}

static void add_row(struct writer *writer, size_t policy, size_t step, const double *row) {
    es_text *text = &writer->text;
    const char *name = writer->result->policies[policy];
    bool csv = writer->form == CSV;
    if (csv) {
        es_text_add_csv(text, name);
        es_text_add(text, ",%zu", step);
    } else {
        es_text_add(text, "{\"policy\": ");
        es_text_add_json(text, name);
        es_text_add(text, ", \"step\": %zu", step);
    }
    for (size_t c = 0; c < columns_of(writer->result); c++) {
        if (csv)
            es_text_append(text, ",", 1);
        else {
            es_text_append(text, ", \"", 3);
            es_text_append(text, names[c], strlen(names[c]));
            es_text_append(text, "\": ", 3);
        }
        add_value(writer, c, row[c]);
    }
    es_text_append(text, csv ? "\n" : "}\n", csv ? 1 : 2);
}

/* One policy's steps of `from` .. `to`, `to` not included. */
static es_status write_policy(struct writer *writer, es_steps *steps, size_t policy, size_t from,
                              size_t to, bool with_state, double *storage, es_errors *errors) {
    double *columns[EXPORT_N_COLUMNS], row[EXPORT_N_COLUMNS] = {0};
    size_t n_columns = columns_of(writer->result);
    size_t there = (size_t)writer->result->n_steps[policy];
    es_status status = ES_OK;
    to = to < there ? to : there;
    writer->lanes = (es_export_lanes){0};
    for (size_t c = 0; c < n_columns; c++)
        columns[c] = storage + c * ES_STEPS_BLOCK;
    for (size_t at = from; at < to && status == ES_OK && !writer->failed;) {
        size_t n = ES_STEPS_BLOCK - at % ES_STEPS_BLOCK; /* up to the end of a chunk */
        n = n < to - at ? n : to - at;
        status = es_steps_read(steps, policy, at, n, columns, errors);
        for (size_t i = 0; i < n && status == ES_OK; i++) {
            for (size_t c = 0; c < n_columns; c++)
                row[c] = columns[c][i];
            if (writer->form == CHROME)
                es_export_trace_step(writer->result, policy, at + i, row, with_state,
                                     &writer->lanes, &writer->text);
            else
                add_row(writer, policy, at + i, row);
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
    bool *policies;  /* [n_policies] */
};

static es_status write_all(struct writer *writer, const char *path,
                           const struct selection *selection, es_errors *errors) {
    es_steps *steps = NULL;
    double *storage = es_alloc((size_t)EXPORT_N_COLUMNS * ES_STEPS_BLOCK, sizeof *storage);
    es_status status = storage == NULL
                           ? es_errors_no_memory(errors, path)
                           : es_steps_open(path, writer->result, columns_of(writer->result), names,
                                           &steps, errors);
    bool first = true;
    begin(writer);
    for (size_t p = 0; p < writer->result->n_policies && status == ES_OK; p++) {
        if (!selection->policies[p])
            continue;
        status =
            write_policy(writer, steps, p, selection->from, selection->to, first, storage, errors);
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
    {0},
};

const es_command es_report_export = {
    .name = "export",
    .summary = "the steps of a result as CSV, JSON lines or a Chrome trace",
    .notes =
        "The trace has a process per policy with a lane per station and a slice per request, "
        "named by its step;\na station has further lanes where requests overlap (propagation). "
        "Time that a request waits is the gap\nbefore its slice. Large runs: take some --steps.",
    .operand = "RESULT.h5",
    .least_operands = 1,
    .most_operands = 1,
    .options = options,
    .run = run,
};
