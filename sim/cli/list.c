/* edgesplit list, help, selftest */
#include "commands.h"

#include "edgesplit/generate.h"
#include "edgesplit/model.h"
#include "edgesplit/policies.h"
#include "edgesplit/run.h"
#include "edgesplit/sinks.h"
#include "edgesplit/trace.h"
#include "edgesplit/version.h"

#include <string.h>

static void print_row(const char *name, const char *summary) {
    printf("%-18s %s\n", name, summary);
}

static es_status list(const es_arguments *arguments, es_errors *errors) {
    const char *what = arguments->operands[0];
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
    else if (strcmp(what, "backends") == 0)
        return es_hand_over("edgesplit-profile", 1, (const char *[]){"list"}, errors);
    else
        return es_arguments_mistake(arguments, errors, "expected %s, not '%s'",
                                    arguments->command->operand, what);
    return ES_OK;
}

const es_command command_list = {
    .name = "list",
    .summary = "what there is to choose from",
    .operand = "policies|traces|generators|models|sinks|backends",
    .least_operands = 1,
    .most_operands = 1,
    .run = list,
};

static es_status selftest(const es_arguments *arguments, es_errors *errors) {
    (void)arguments;
    return es_selftest(stdout, errors);
}

const es_command command_selftest = {
    .name = "selftest",
    .summary = "queueing theory and hand sums against this very build",
    .run = selftest,
};

es_status print_text(es_text *text, es_errors *errors) {
    es_status status = text->failed ? es_errors_no_memory(errors, NULL) : ES_OK;
    if (status == ES_OK)
        fputs(text->data, stdout);
    free(text->data);
    return status;
}

static es_status print_keys_page(es_errors *errors) {
    es_text text = {0};
    es_text_add(&text,
                ".TH EDGESPLIT-SCENARIO 5 %s\n.SH NAME\nedgesplit-scenario \\- the keys of a "
                "scenario file\n",
                es_release_date());
    es_scenario_reference(&text, true);
    return print_text(&text, errors);
}

static es_status help(const es_arguments *arguments, es_errors *errors) {
    return es_arguments_has(arguments, "keys-man") ? print_keys_page(errors)
                                                   : es_help(arguments, errors);
}

static const es_option help_options[] = {
    ES_HELP_OPTIONS,
    {.name = "keys-man", .help = "print the man page of the scenario file"},
    {0},
};

const es_command command_help = {
    .name = "help",
    .summary = "help, man pages, completion",
    .operand = "COMMAND",
    .most_operands = ES_ANY_NUMBER,
    .options = help_options,
    .run = help,
};
