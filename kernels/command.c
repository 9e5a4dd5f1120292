#include "command.h"

#include "edgesplit/alloc.h"
#include "edgesplit/text.h"

#include <string.h>

static const char *option_name(const void *context, size_t i) {
    return ((const es_command *)context)->options[i].name;
}

static const es_option *find_option(const es_command *command, const char *name, size_t length) {
    for (size_t i = 0; i < command->n_options; i++) {
        const es_option *option = &command->options[i];
        if (strlen(option->name) == length && memcmp(option->name, name, length) == 0)
            return option;
    }
    return NULL;
}

static const es_option *find_letter(const es_command *command, char letter) {
    for (size_t i = 0; i < command->n_options; i++)
        if (command->options[i].letter == letter)
            return &command->options[i];
    return NULL;
}

static es_status complain_unknown(const es_command *command, const char *word, es_errors *errors) {
    char name[64];
    const char *start = word + strspn(word, "-");
    snprintf(name, sizeof name, "%.*s", (int)strcspn(start, "="), start);
    const char *nearest = es_nearest_name(name, command->n_options, option_name, command);
    if (nearest != NULL)
        return es_errors_add(errors, ES_USAGE, NULL, 0,
                             "%s: unknown option %s; the nearest name is --%s", command->name, word,
                             nearest);
    return es_errors_add(errors, ES_USAGE, NULL, 0, "%s: unknown option %s; --help lists them all",
                         command->name, word);
}

static es_status accept(es_arguments *arguments, const es_option *option, const char *value,
                        es_errors *errors) {
    const es_command *command = arguments->command;
    if (option->value != NULL && value == NULL)
        return es_errors_add(errors, ES_USAGE, NULL, 0, "%s: --%s needs a value: %s", command->name,
                             option->name, option->value);
    if (option->value == NULL && value != NULL)
        return es_errors_add(errors, ES_USAGE, NULL, 0, "%s: --%s takes no value", command->name,
                             option->name);
    if (!option->repeats && es_arguments_has(arguments, option->name))
        return es_errors_add(errors, ES_USAGE, NULL, 0, "%s: --%s is there twice", command->name,
                             option->name);
    arguments->given[arguments->n_given++] = (es_given){option, value};
    return ES_OK;
}

/* Takes the option that starts at words[*at] and moves `*at` to its last word. */
static es_status take_option(es_arguments *arguments, int n_words, const char *const words[],
                             int *at, es_errors *errors) {
    const char *word = words[*at], *value = NULL;
    const es_option *option;
    if (word[1] == '-') {
        size_t length = strcspn(word + 2, "=");
        option = find_option(arguments->command, word + 2, length);
        if (word[2 + length] == '=')
            value = word + 2 + length + 1;
    } else {
        option = word[2] == '\0' ? find_letter(arguments->command, word[1]) : NULL;
    }
    if (option == NULL)
        return complain_unknown(arguments->command, word, errors);
    if (option->value != NULL && value == NULL && *at + 1 < n_words)
        value = words[++*at];
    return accept(arguments, option, value, errors);
}

static es_status take_operand(es_arguments *arguments, const char *word, es_errors *errors) {
    if (arguments->command->operand == NULL || arguments->operand != NULL)
        return es_errors_add(errors, ES_USAGE, NULL, 0, "%s: \"%s\" is one word too many",
                             arguments->command->name, word);
    arguments->operand = word;
    return ES_OK;
}

static bool asks_for_help(int n_words, const char *const words[]) {
    for (int i = 0; i < n_words && strcmp(words[i], "--") != 0; i++)
        if (strcmp(words[i], "--help") == 0)
            return true;
    return false;
}

static void check_complete(const es_arguments *arguments, es_errors *errors) {
    const es_command *command = arguments->command;
    for (size_t i = 0; i < command->n_options; i++)
        if (command->options[i].required && !es_arguments_has(arguments, command->options[i].name))
            es_errors_add(errors, ES_USAGE, NULL, 0, "%s: --%s %s is missing", command->name,
                          command->options[i].name, command->options[i].value);
    if (command->operand_required && arguments->operand == NULL)
        es_errors_add(errors, ES_USAGE, NULL, 0, "%s: %s is missing", command->name,
                      command->operand);
}

es_status es_arguments_parse(const es_command *command, int n_words, const char *const words[],
                             es_arguments *arguments, es_errors *errors) {
    *arguments = (es_arguments){.command = command, .help = asks_for_help(n_words, words)};
    if (arguments->help)
        return ES_OK;
    arguments->given = es_alloc((size_t)n_words, sizeof *arguments->given);
    if (arguments->given == NULL)
        return es_errors_add(errors, ES_NO_MEMORY, NULL, 0, "%s", es_status_text(ES_NO_MEMORY));
    bool only_operands = false, wrong = false;
    for (int i = 0; i < n_words; i++) {
        if (!only_operands && strcmp(words[i], "--") == 0)
            only_operands = true;
        else if (!only_operands && words[i][0] == '-' && words[i][1] != '\0')
            wrong |= take_option(arguments, n_words, words, &i, errors) != ES_OK;
        else
            wrong |= take_operand(arguments, words[i], errors) != ES_OK;
    }
    if (!wrong)
        check_complete(arguments, errors);
    return es_errors_status(errors);
}

void es_arguments_fini(es_arguments *arguments) {
    free(arguments->given);
    arguments->given = NULL;
}

const char *es_arguments_value(const es_arguments *arguments, const char *name,
                               const char *otherwise) {
    for (size_t i = 0; i < arguments->n_given; i++)
        if (strcmp(arguments->given[i].option->name, name) == 0)
            return arguments->given[i].value;
    return otherwise;
}

bool es_arguments_has(const es_arguments *arguments, const char *name) {
    for (size_t i = 0; i < arguments->n_given; i++)
        if (strcmp(arguments->given[i].option->name, name) == 0)
            return true;
    return false;
}

void es_command_help(const es_command *command, FILE *stream) {
    fprintf(stream, "usage: edgesplit-profile %s", command->name);
    if (command->operand != NULL)
        fprintf(stream, command->operand_required ? " %s" : " [%s]", command->operand);
    fprintf(stream, "%s\n\n%s\n", command->n_options > 0 ? " [options]" : "", command->summary);
    if (command->n_options > 0)
        fprintf(stream, "\noptions:\n");
    for (size_t i = 0; i < command->n_options; i++) {
        const es_option *option = &command->options[i];
        char usage[64];
        snprintf(usage, sizeof usage, "--%s%s%s", option->name, option->value != NULL ? " " : "",
                 option->value != NULL ? option->value : "");
        if (option->letter != 0)
            fprintf(stream, "  -%c, %-24s %s", option->letter, usage, option->help);
        else
            fprintf(stream, "      %-24s %s", usage, option->help);
        fprintf(stream, "%s%s\n", option->required ? " (required)" : "",
                option->repeats ? " (may be repeated)" : "");
    }
}
