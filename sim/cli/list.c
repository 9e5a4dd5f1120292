/* edgesplit list, help, selftest */
#include "commands.h"

#include "edgesplit/generate.h"
#include "edgesplit/model.h"
#include "edgesplit/policies.h"
#include "edgesplit/run.h"
#include "edgesplit/sinks.h"
#include "edgesplit/trace.h"

#include <string.h>
#include <unistd.h>

static void print_row(const char *name, const char *summary) {
    printf("%-18s %s\n", name, summary);
}

int command_list(const struct arguments *arguments, const struct settings *settings) {
    (void)settings;
    const char *what = arguments->files[0];
    if (strcmp(what, "policies") == 0)
        for (size_t i = 0; es_policies_at(i) != NULL; i++)
            print_row(es_policies_at(i)->name, es_policies_at(i)->summary);
    else if (strcmp(what, "traces") == 0)
        for (size_t i = 0; es_trace_format_name(i) != NULL; i++)
            print_row(es_trace_format_name(i), es_trace_format_summary(i));
    else if (strcmp(what, "generators") == 0)
        for (size_t i = 0; es_generator_name(i) != NULL; i++)
            print_row(es_generator_name(i), es_generator_summary(i));
    else if (strcmp(what, "models") == 0)
        for (size_t i = 0; es_model_zoo_name(i) != NULL; i++)
            print_row(es_model_zoo_name(i), es_model_zoo_summary(i));
    else if (strcmp(what, "sinks") == 0)
        for (size_t i = 0; es_sinks_at(i) != NULL; i++)
            print_row(es_sinks_at(i)->name, es_sinks_at(i)->summary);
    else if (strcmp(what, "backends") == 0) {
        char program[] = "edgesplit-profile", list[] = "list";
        return hand_over(program, (char *[]){program, list, NULL});
    } else {
        fprintf(stderr,
                "edgesplit list: expected policies, traces, generators, models, sinks or backends, "
                "not '%s'\n",
                what);
        return es_status_exit_code(ES_USAGE);
    }
    return 0;
}

int command_selftest(const struct arguments *arguments, const struct settings *settings) {
    (void)arguments;
    (void)settings;
    es_errors errors;
    es_errors_init(&errors);
    es_status status = es_selftest(stdout, &errors);
    return status == ES_OK ? 0 : fail(&errors, status);
}

static void print_keys_page(void) {
    es_text text = {0};
    es_text_add(
        &text,
        ".TH EDGESPLIT-SCENARIO 5\n.SH NAME\nedgesplit-scenario \\- the keys of a scenario file\n");
    es_scenario_reference(&text, true);
    if (!text.failed)
        fputs(text.data, stdout);
    free(text.data);
}

int command_help(const struct arguments *arguments, const struct settings *settings) {
    (void)settings;
    const struct command *command =
        arguments->n_files > 0 ? command_find(arguments->files[0]) : NULL;
    if (arguments->n[OPTION_MAN] > 0)
        help_man_page();
    else if (arguments->n[OPTION_KEYS_MAN] > 0)
        print_keys_page();
    else if (arguments->n[OPTION_COMPLETION] > 0)
        help_completion();
    else if (arguments->n_files == 0)
        help_overview(stdout);
    else if (command == NULL) {
        fprintf(stderr, "edgesplit help: there is no command '%s'; `edgesplit help` lists them\n",
                arguments->files[0]);
        return es_status_exit_code(ES_USAGE);
    } else if (command->options == NULL)
        printf("`edgesplit %s --help` says more of it\n", command->name);
    else
        help_command(command);
    return 0;
}
