#include "edgesplit/options.h"

#include "edgesplit/alloc.h"
#include "edgesplit/text.h"

#include <stdarg.h>
#include <string.h>

const es_option es_common_options[] = {
    [ES_OPTION_HELP] = {.name = "help", .help = "say what this does", .letter = 'h'},
    [ES_OPTION_VERSION] = {.name = "version", .help = "say which build this is"},
    {0},
};

typedef struct parser {
    es_arguments *arguments;
    es_errors *errors;
    size_t n_words, at; /* at: the word being read */
    const char *const *words;
} parser;

es_status es_arguments_mistake(const es_arguments *arguments, es_errors *errors, const char *format,
                               ...) {
    const es_command *command = arguments->command;
    char text[ES_ERROR_TEXT];
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    return es_errors_add(errors, ES_USAGE, NULL, 0, "%s %s%s%s: %s", arguments->program->front,
                         command->group != NULL ? command->group : "",
                         command->group != NULL ? " " : "", command->name, text);
}

static size_t count_options(const es_option *options) {
    size_t n = 0;
    while (options != NULL && options[n].name != NULL)
        n++;
    return n;
}

const es_option *es_option_find(const es_option *options, const char *word) {
    if (word[0] != '-' || word[1] == '\0')
        return NULL;
    bool is_long = word[1] == '-';
    size_t length = is_long ? strcspn(word + 2, "=") : 0;
    for (size_t i = 0; i < count_options(options); i++) {
        const es_option *option = &options[i];
        if (is_long ? strlen(option->name) == length && memcmp(option->name, word + 2, length) == 0
                    : option->letter == word[1] && word[2] == '\0')
            return option;
    }
    return NULL;
}

static const es_option *find_option(const es_command *command, const char *word) {
    const es_option *option = es_option_find(command->options, word);
    return option != NULL ? option : es_option_find(es_common_options, word);
}

static const char *name_at(const void *context, size_t i) {
    const es_command *command = context;
    size_t n = count_options(command->options);
    return i < n ? command->options[i].name : es_common_options[i - n].name;
}

/* Adds the mistake. Returns the option of the command that was probably meant; NULL if none is
 * near.
 */
static const es_option *complain_unknown(const parser *p, const char *word) {
    const es_command *command = p->arguments->command;
    size_t n = count_options(command->options), n_common = count_options(es_common_options);
    char name[64];
    const char *start = word + strspn(word, "-");
    snprintf(name, sizeof name, "%.*s", (int)strcspn(start, "="), start);
    const char *nearest = es_nearest_name(name, n + n_common, name_at, command);
    es_arguments_mistake(p->arguments, p->errors, "there is no option '%s'%s", word,
                         es_did_you_mean(nearest, "'--", "'", "; --help lists them").text);
    for (size_t i = 0; i < n; i++)
        if (command->options[i].name == nearest)
            return &command->options[i];
    return NULL;
}

static void keep(es_arguments *arguments, const es_option *option, const char *value) {
    size_t at = arguments->n_given++;
    for (; at > 0 && arguments->options[at - 1] > option; at--) {
        arguments->options[at] = arguments->options[at - 1];
        arguments->values[at] = arguments->values[at - 1];
    }
    arguments->options[at] = option;
    arguments->values[at] = value;
}

/* Takes the option at p->words[p->at] and moves there to its last word. */
static void take_option(parser *p) {
    const char *word = p->words[p->at], *value = word[1] == '-' ? strchr(word, '=') : NULL;
    const es_option *option = find_option(p->arguments->command, word);
    if (option == NULL)
        option = complain_unknown(p, word);
    if (option == NULL)
        return;
    if (value != NULL)
        value++;
    else if (option->value != NULL && p->at + 1 < p->n_words)
        value = p->words[++p->at];
    if (option->value == NULL && value != NULL)
        es_arguments_mistake(p->arguments, p->errors, "--%s takes no value", option->name);
    else if (option->value != NULL &&
             (value == NULL || (value[0] == '\0' && !option->may_be_empty)))
        es_arguments_mistake(p->arguments, p->errors, "--%s needs %s", option->name, option->value);
    if (option == &es_common_options[ES_OPTION_HELP])
        p->arguments->help |= value == NULL;
    else if (option == &es_common_options[ES_OPTION_VERSION])
        p->arguments->version |= value == NULL;
    else if (!option->repeats && es_arguments_has(p->arguments, option->name))
        es_arguments_mistake(p->arguments, p->errors, "--%s is given twice", option->name);
    else
        keep(p->arguments, option, value);
}

static void take_operand(parser *p) {
    es_arguments *arguments = p->arguments;
    const es_command *command = arguments->command;
    if (arguments->n_operands < command->most_operands)
        arguments->operands[arguments->n_operands++] = p->words[p->at];
    else
        es_arguments_mistake(arguments, p->errors, "'%s' is one word too many%s%s", p->words[p->at],
                             command->operand != NULL ? " behind " : "",
                             command->operand != NULL ? command->operand : "");
}

static void check_complete(const parser *p) {
    const es_command *command = p->arguments->command;
    for (size_t i = 0; i < count_options(command->options); i++) {
        const es_option *option = &command->options[i];
        if (option->required && !es_arguments_has(p->arguments, option->name))
            es_arguments_mistake(p->arguments, p->errors, "--%s %s is missing", option->name,
                                 option->value);
    }
    if (p->arguments->n_operands < command->least_operands)
        es_arguments_mistake(p->arguments, p->errors, "%s is missing", command->operand);
}

es_status es_arguments_parse(const es_program *program, const es_command *command, void *context,
                             size_t n_words, const char *const words[], es_arguments *arguments,
                             es_errors *errors) {
    const size_t n_before = errors->n, lost_before = errors->lost;
    *arguments = (es_arguments){.program = program, .command = command, .context = context};
    arguments->operands = es_alloc(n_words, sizeof *arguments->operands);
    arguments->options = es_alloc(n_words, sizeof(const es_option *));
    arguments->values = es_alloc(n_words, sizeof *arguments->values);
    if (arguments->operands == NULL || arguments->options == NULL || arguments->values == NULL)
        return es_errors_no_memory(errors, NULL);
    parser p = {arguments, errors, n_words, 0, words};
    bool only_operands = false;
    for (; p.at < n_words; p.at++) {
        const char *word = words[p.at];
        if (!only_operands && strcmp(word, "--") == 0)
            only_operands = true;
        else if (!only_operands && word[0] == '-' && word[1] != '\0')
            take_option(&p);
        else
            take_operand(&p);
    }
    check_complete(&p);
    if (arguments->help || arguments->version) {
        errors->n = n_before;
        errors->lost = lost_before;
    }
    return errors->n + errors->lost > n_before + lost_before ? ES_USAGE : ES_OK;
}

void es_arguments_fini(es_arguments *arguments) {
    free(arguments->operands);
    free(arguments->options);
    free(arguments->values);
    *arguments = (es_arguments){0};
}

const char *const *es_arguments_values(const es_arguments *arguments, const char *name, size_t *n) {
    size_t first = 0, known = 0, n_known = count_options(arguments->command->options);
    while (known < n_known && strcmp(arguments->command->options[known].name, name) != 0)
        known++;
    ES_REQUIRE(known < n_known);
    const es_option *option = &arguments->command->options[known];
    while (first < arguments->n_given && arguments->options[first] != option)
        first++;
    *n = 0;
    while (first + *n < arguments->n_given && arguments->options[first + *n] == option)
        ++*n;
    return arguments->values + first;
}

const char *es_arguments_value(const es_arguments *arguments, const char *name,
                               const char *otherwise) {
    size_t n;
    const char *const *values = es_arguments_values(arguments, name, &n);
    return n > 0 ? values[0] : otherwise;
}

bool es_arguments_has(const es_arguments *arguments, const char *name) {
    size_t n;
    (void)es_arguments_values(arguments, name, &n);
    return n > 0;
}
