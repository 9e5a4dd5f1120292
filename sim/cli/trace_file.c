/* Options of the commands that read a trace. */
#include "trace_file.h"

#include "edgesplit/units.h"

#include <string.h>

es_time trace_file_time(const es_arguments *arguments, const char *name, const char *otherwise,
                        es_errors *errors) {
    const char *text = es_arguments_value(arguments, name, otherwise), *expected;
    double seconds;
    es_time time = 0;
    if (es_parse_quantity((es_slice){text, strlen(text)}, ES_DIM_TIME, &seconds, &expected) !=
        ES_OK)
        es_arguments_mistake(arguments, errors, "--%s '%.40s'; expected %s", name, text, expected);
    else if (!(seconds >= 0 && seconds <= 4e9) || es_time_from_s(seconds, &time) != ES_OK)
        es_arguments_mistake(arguments, errors, "--%s '%.40s'; expected 0s .. 4e+09s", name, text);
    return time;
}

static es_quantity parse_quantity(const es_arguments *arguments, es_errors *errors) {
    const char *text = es_arguments_value(arguments, "quantity", NULL);
    if (text == NULL)
        return ES_ANY_QUANTITY;
    for (es_quantity q = 0; q < ES_N_QUANTITIES; q++)
        if (strcmp(text, es_quantity_text(q)) == 0)
            return q;
    es_arguments_mistake(arguments, errors,
                         "--quantity '%.40s'; expected bandwidth, load, jobs, latency or arrivals",
                         text);
    return ES_ANY_QUANTITY;
}

es_status trace_file_parse(const es_arguments *arguments, const char *window, trace_file *file,
                           es_errors *errors) {
    size_t n_before = errors->n, n;
    *file = (trace_file){0};
    file->read.quantity = parse_quantity(arguments, errors);
    file->read.format = es_arguments_value(arguments, "format", NULL);
    if (window != NULL)
        file->read.window = trace_file_time(arguments, "window", window, errors);
    if (file->read.window % 1000000 != 0)
        es_arguments_mistake(arguments, errors, "--window: expected whole milliseconds");
    const char *const *options = es_arguments_values(arguments, "option", &n);
    for (size_t i = 0; i < n; i++)
        es_text_add(&file->settings, "%s%s", i > 0 ? ", " : "", options[i]);
    file->read.settings = file->settings.data;
    if (file->settings.failed)
        return es_errors_no_memory(errors, NULL);
    return errors->n > n_before ? ES_USAGE : ES_OK;
}

void trace_file_fini(trace_file *file) {
    free(file->settings.data);
}

es_status worse_status(es_status a, es_status b) {
    return es_status_exit_code(b) > es_status_exit_code(a) ? b : a;
}
