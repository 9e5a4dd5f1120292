/* edgesplit report: one HTML page that says what a result says. */
#include "report.h"

#include "edgesplit/file.h"
#include "joined.h"
#include "reports.h"

static es_status make_run_page(const char *path, es_text *text, es_errors *errors) {
    es_result *result;
    es_status status = es_result_load(path, &result, errors);
    if (status != ES_OK)
        return status;
    es_run_report report;
    status = es_run_report_init(&report, path, result, errors);
    if (status == ES_OK)
        status = es_run_report_page(&report, text, errors);
    es_run_report_fini(&report);
    es_result_destroy(result);
    return status;
}

static es_status run(const es_arguments *arguments, es_errors *errors) {
    const char *path = arguments->operands[0];
    const char *output = es_arguments_value(arguments, "output", NULL);
    bool replace = es_arguments_has(arguments, "force");
    es_status status = es_output_check(output, replace, errors);
    if (status != ES_OK)
        return status;
    es_text text = {0};
    status = es_joined_is_one(path) ? es_sweep_report_page(path, &text, errors)
                                    : make_run_page(path, &text, errors);
    if (status == ES_OK && text.failed)
        status = es_errors_no_memory(errors, path);
    if (status == ES_OK)
        status = es_file_write(output, text.data, text.length, replace, errors);
    free(text.data);
    return status;
}

static const es_option options[] = {
    ES_OPTION_OUTPUT("FILE.html", true, "the page"),
    ES_OPTION_FORCE,
    {0},
};

const es_command es_report_report = {
    .name = "report",
    .summary = "one page for a browser that says what a result, or a joined sweep, says",
    .notes =
        "The page is one file that loads nothing and sends nothing: verdict with its "
        "uncertainty, what to know\nbefore believing it, tables, figures (the time series zooms), "
        "provenance. It is below 1 MB however\nlong the run. With several replications all of it "
        "is of all of them, each behind its own warm-up, with\nStudent's intervals over them; the "
        "time series is the first.",
    .operand = "RESULT.h5|CUBE.h5",
    .least_operands = 1,
    .most_operands = 1,
    .options = options,
    .run = run,
};
