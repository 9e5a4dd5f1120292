/* edgesplit-analysis: reports on result files. `edgesplit` hands its commands `summary` and `plot`
 * over, argv unchanged. */
#include "report.h"

#include "edgesplit/text.h"
#include "edgesplit/version.h"

#include <string.h>

#define ES_REPORT(name) extern const es_report es_report_##name;
#include "report.def"
#undef ES_REPORT

static const es_report *const reports[] = {
#define ES_REPORT(name) &es_report_##name,
#include "report.def"
#undef ES_REPORT
};
enum { N_REPORTS = sizeof reports / sizeof reports[0] };

static const char *report_name(const void *context, size_t i) {
    (void)context;
    return reports[i]->name;
}

static const char *option_name(const void *context, size_t i) {
    return ((const es_report *)context)->options[i].name;
}

static void print_help(FILE *stream) {
    fprintf(stream, "usage: edgesplit-analysis REPORT RESULT.h5 [options]\n\nreports:\n");
    for (size_t i = 0; i < N_REPORTS; i++)
        fprintf(stream, "  %-10s %s\n", reports[i]->name, reports[i]->summary);
    fprintf(stream, "\n  REPORT --help says more; --version says what this program is.\n"
                    "exit status: 0; 64 usage, 65 not a result or damaged, 66 input missing, 69 "
                    "not available\nhere, 70 internal, 73/74 output (sysexits)\n");
}

static void print_report_help(const es_report *report) {
    printf("usage: edgesplit %s RESULT.h5 [options]\n\n%s\n\noptions:\n", report->name,
           report->summary);
    for (size_t i = 0; i < report->n_options; i++) {
        const es_report_option *option = &report->options[i];
        char letter[] = {'-', option->letter, ',', '\0'}, name[64];
        snprintf(name, sizeof name, "--%s%s%s", option->name, option->value != NULL ? " " : "",
                 option->value != NULL ? option->value : "");
        printf("  %3s %-18s %s\n", option->letter != 0 ? letter : "", name, option->help);
    }
    if (report->notes != NULL)
        printf("\n%s\n", report->notes);
}

/* The option a word names: "--name", "--name=value" or "-n"; n_options if none. */
static size_t find_option(const es_report *report, const char *word) {
    size_t i = 0;
    while (i < report->n_options) {
        const es_report_option *option = &report->options[i];
        size_t length = strlen(option->name);
        if (word[1] == '-' ? strncmp(word + 2, option->name, length) == 0 &&
                                 (word[2 + length] == '\0' || word[2 + length] == '=')
                           : word[1] == option->letter && word[2] == '\0')
            break;
        i++;
    }
    return i;
}

static es_status complain_option(const es_report *report, const char *word, es_errors *errors) {
    char name[64];
    const char *start = word + strspn(word, "-");
    snprintf(name, sizeof name, "%.*s", (int)strcspn(start, "="), start);
    const char *nearest = es_nearest_name(name, report->n_options, option_name, report);
    return es_errors_add(errors, ES_USAGE, NULL, 0, "%s: there is no option '%s'%s%s", report->name,
                         word, nearest != NULL ? "; did you mean --" : "; --help lists them all",
                         nearest != NULL ? nearest : "");
}

/* Takes the option that starts at words[*at] and moves `*at` to its last word. */
static es_status take_option(const es_report *report, int n_words, char **words, int *at,
                             es_report_arguments *arguments, es_errors *errors) {
    const char *word = words[*at], *value = word[1] == '-' ? strchr(word, '=') : NULL;
    size_t i = find_option(report, word);
    if (i == report->n_options)
        return complain_option(report, word, errors);
    const es_report_option *option = &report->options[i];
    if (value != NULL)
        value++;
    else if (option->value != NULL && *at + 1 < n_words)
        value = words[++*at];
    if (option->value != NULL && value == NULL)
        return es_errors_add(errors, ES_USAGE, NULL, 0, "%s: --%s needs %s", report->name,
                             option->name, option->value);
    if (option->value == NULL && value != NULL)
        return es_errors_add(errors, ES_USAGE, NULL, 0, "%s: --%s takes no value", report->name,
                             option->name);
    if (arguments->values[i] != NULL)
        return es_errors_add(errors, ES_USAGE, NULL, 0, "%s: --%s is there twice", report->name,
                             option->name);
    arguments->values[i] = value != NULL ? value : "";
    return ES_OK;
}

static void parse(const es_report *report, int n_words, char **words,
                  es_report_arguments *arguments, es_errors *errors) {
    bool only_files = false;
    for (int i = 0; i < n_words; i++) {
        if (!only_files && strcmp(words[i], "--") == 0)
            only_files = true;
        else if (!only_files && words[i][0] == '-' && words[i][1] != '\0')
            (void)take_option(report, n_words, words, &i, arguments, errors);
        else if (arguments->result != NULL)
            es_errors_add(errors, ES_USAGE, NULL, 0, "%s: '%s' is one word too many", report->name,
                          words[i]);
        else
            arguments->result = words[i];
    }
    if (arguments->result == NULL && errors->n == 0)
        es_errors_add(errors, ES_USAGE, NULL, 0, "usage: edgesplit %s RESULT.h5 [options]",
                      report->name);
}

static bool asks_for_help(int n_words, char **words) {
    for (int i = 0; i < n_words && strcmp(words[i], "--") != 0; i++)
        if (strcmp(words[i], "--help") == 0 || strcmp(words[i], "-h") == 0)
            return true;
    return false;
}

static es_status run_report(const es_report *report, int n_words, char **words, es_errors *errors) {
    es_report_arguments arguments = {0};
    if (asks_for_help(n_words, words)) {
        print_report_help(report);
        return ES_OK;
    }
    parse(report, n_words, words, &arguments, errors);
    return errors->n > 0 ? es_errors_status(errors) : report->run(&arguments, errors);
}

static es_status dispatch(int n_words, char **words, es_errors *errors) {
    if (n_words == 0) {
        print_help(stderr);
        return ES_USAGE;
    }
    if (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0) {
        print_help(stdout);
        return ES_OK;
    }
    if (strcmp(words[0], "--version") == 0) {
        printf("%s\nbuilt by %s\n", es_version(), es_compiler());
        return ES_OK;
    }
    for (size_t i = 0; i < N_REPORTS; i++)
        if (strcmp(words[0], reports[i]->name) == 0)
            return run_report(reports[i], n_words - 1, words + 1, errors);
    const char *nearest = es_nearest_name(words[0], N_REPORTS, report_name, NULL);
    return es_errors_add(errors, ES_USAGE, NULL, 0, "there is no report '%s'%s%s", words[0],
                         nearest != NULL ? "; did you mean " : "; --help lists them all",
                         nearest != NULL ? nearest : "");
}

int main(int argc, char **argv) {
    es_errors errors;
    es_errors_init(&errors);
    es_status status = dispatch(argc > 0 ? argc - 1 : 0, argv + (argc > 0), &errors);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == ES_OK)
        status = es_errors_add(&errors, ES_IO, NULL, 0, "standard output cannot be written");
    es_errors_print(&errors, stderr);
    return es_status_exit_code(status);
}
