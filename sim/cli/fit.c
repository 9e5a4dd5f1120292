/* edgesplit trace fit */
#include "commands.h"

#include "edgesplit/fit.h"
#include "edgesplit/number.h"
#include "edgesplit/records.h"
#include "trace_file.h"

#include <string.h>

static const es_option fit_options[] = {
    {"as", "GENERATOR", .help = "the one to fit; default: all that make this quantity"},
    TRACE_FILE_OPTIONS,
    {"step", "TIME", .help = "fit means over intervals of this length"},
    {"states", "N", .help = "markov: number of states, 2 .. 16; default: 6"},
    {"parameters", .help = "print the parameters, one a row"},
    {"csv", .help = "print CSV"},
    {"json", .help = "print JSON"},
    {0},
};

static const es_field fit_columns[] = {
    {"generator", ES_FIELD_TEXT},       {"method", ES_FIELD_TEXT},
    {"ks_distance", ES_FIELD_REAL},     {"acf_error", ES_FIELD_REAL},
    {"acf_error_lag_s", ES_FIELD_REAL}, {"command", ES_FIELD_TEXT},
};
static const es_field parameter_columns[] = {
    {"generator", ES_FIELD_TEXT}, {"parameter", ES_FIELD_TEXT},      {"unit", ES_FIELD_TEXT},
    {"value", ES_FIELD_REAL},     {"standard_error", ES_FIELD_REAL},
};
/* People get the commands in lines of their own, below the table. */
enum {
    N_FIT_COLUMNS = sizeof fit_columns / sizeof fit_columns[0],
    N_TABLE_COLUMNS = N_FIT_COLUMNS - 1,
    N_PARAMETER_COLUMNS = sizeof parameter_columns / sizeof parameter_columns[0]
};

static void add_fit(es_records *records, const es_fit *fit) {
    double lag_s, error = es_fit_autocorrelation_error(fit, &lag_s);
    es_records_add_text(records, fit->generator);
    es_records_add_text(records, fit->refusal != NULL ? fit->refusal : fit->method);
    es_records_add_real(records, fit->ks_distance);
    es_records_add_real(records, error);
    es_records_add_real(records, lag_s);
    if (records->n_columns == N_FIT_COLUMNS)
        es_records_add_text(records, fit->command != NULL ? fit->command : "");
}

/* One row per parameter; those of a list are numbered. */
static void add_parameters(es_records *records, const es_fit *fit) {
    static const char *const units[ES_N_DIMENSIONS] = {
        [ES_DIM_TIME] = "s", [ES_DIM_DATA_RATE] = "bit/s", [ES_DIM_FREQUENCY] = "/s"};
    size_t number = 0;
    for (size_t i = 0; i < fit->n_parameters; i++) {
        const es_fit_parameter *p = &fit->parameters[i];
        char name[64];
        bool goes_on = i > 0 && strcmp(p[-1].option, p->option) == 0;
        bool is_list =
            goes_on || (i + 1 < fit->n_parameters && strcmp(p[1].option, p->option) == 0);
        number = goes_on ? number + 1 : 1;
        snprintf(name, sizeof name, is_list ? "%s %zu" : "%s", p->option, number);
        es_records_add_text(records, fit->generator);
        es_records_add_text(records, name);
        es_records_add_text(records, units[p->dimension] != NULL ? units[p->dimension] : "1");
        es_records_add_real(records, p->value);
        es_records_add_real(records, p->standard_error);
    }
}

static es_status print_fits(const es_fits *fits, bool parameters, es_records_form form,
                            es_errors *errors) {
    es_records records;
    es_text text = {0};
    bool table = form == ES_FORM_TABLE && !parameters;
    if (parameters)
        es_records_init(&records, N_PARAMETER_COLUMNS, parameter_columns);
    else
        es_records_init(&records, table ? N_TABLE_COLUMNS : N_FIT_COLUMNS, fit_columns);
    for (size_t i = 0; i < fits->n; i++)
        (parameters ? add_parameters : add_fit)(&records, &fits->fits[i]);
    es_records_print(&records, form, &text);
    es_records_fini(&records);
    for (size_t i = 0; table && i < fits->n; i++)
        if (fits->fits[i].command != NULL)
            es_text_add(&text, "%s\n", fits->fits[i].command);
    es_status status = text.failed ? es_errors_no_memory(errors, NULL) : ES_OK;
    if (status == ES_OK)
        fputs(text.data, stdout);
    free(text.data);
    return status;
}

/* What the options say about reading. */
typedef struct request {
    trace_file file;
    es_time step; /* 0: as it is */
    int64_t n_states;
} request;

static void parse_step(const es_arguments *arguments, request *asked, es_errors *errors) {
    const char *text = es_arguments_value(arguments, "step", NULL), *expected;
    double seconds;
    asked->file.read.window = ES_SECOND;
    if (text == NULL)
        return;
    if (es_parse_quantity((es_slice){text, strlen(text)}, ES_DIM_TIME, &seconds, &expected) !=
        ES_OK)
        es_arguments_mistake(arguments, errors, "--step '%.40s'; expected %s", text, expected);
    else if (!(seconds >= 1e-6) || es_time_from_s(seconds, &asked->step) != ES_OK)
        es_arguments_mistake(arguments, errors, "--step '%.40s'; expected 1e-06s or more", text);
    else
        asked->file.read.window = asked->step;
}

static es_status parse(const es_arguments *arguments, request *asked, es_errors *errors) {
    size_t n_before = errors->n;
    const char *states = es_arguments_value(arguments, "states", "6");
    es_status status = trace_file_parse(arguments, NULL, &asked->file, errors);
    if (status == ES_NO_MEMORY)
        return status;
    parse_step(arguments, asked, errors);
    if (es_parse_int64((es_slice){states, strlen(states)}, &asked->n_states) != ES_OK ||
        asked->n_states < 2 || asked->n_states > ES_FIT_MAX_STATES)
        es_arguments_mistake(arguments, errors, "--states '%.40s'; expected 2 .. %d", states,
                             ES_FIT_MAX_STATES);
    if (es_arguments_has(arguments, "csv") && es_arguments_has(arguments, "json"))
        es_arguments_mistake(arguments, errors, "--csv and --json together");
    return errors->n > n_before ? ES_USAGE : ES_OK;
}

static es_status fit(const es_arguments *arguments, es_errors *errors) {
    request asked = {0};
    es_trace *trace = NULL;
    es_fits fits = {0};
    const char *as = es_arguments_value(arguments, "as", "all");
    es_status status = parse(arguments, &asked, errors);
    if (status == ES_OK)
        status = es_trace_load(arguments->operands[0], &asked.file.read, &trace, errors);
    if (status == ES_OK && asked.step > 0)
        status = es_trace_resample(trace, asked.step, errors);
    if (status == ES_OK)
        status = es_fit_trace(trace, strcmp(as, "all") == 0 ? NULL : as, (size_t)asked.n_states,
                              &fits, errors);
    es_records_form form = es_arguments_has(arguments, "csv")    ? ES_FORM_CSV
                           : es_arguments_has(arguments, "json") ? ES_FORM_JSON
                                                                 : ES_FORM_TABLE;
    if (status == ES_OK)
        status = print_fits(&fits, es_arguments_has(arguments, "parameters"), form, errors);
    es_fits_fini(&fits);
    es_trace_destroy(trace);
    trace_file_fini(&asked.file);
    return status;
}

const es_command command_trace_fit = {
    .group = "trace",
    .name = "fit",
    .summary = "estimate the parameters of generators from a trace",
    .operand = "FILE",
    .least_operands = 1,
    .most_operands = 1,
    .notes = "ks_distance: largest difference of the distribution functions of trace and process;\n"
             "acf_error: largest difference of their autocorrelations at 1, 4, 16 and 64 steps.",
    .options = fit_options,
    .run = fit,
};
