#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "edgesplit/options.h"
#include "edgesplit/text.h"
#include "edgesplit/version.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { USAGE_TEXT = 160 };

/* ---- Finding commands */

static bool is_in_group(const es_command *command, const char *group) {
    return group == NULL ? command->group == NULL
                         : command->group != NULL && strcmp(command->group, group) == 0;
}

/* The first command of a group; NULL: there is no such group. */
static const es_command *find_group(const es_program *program, const char *group) {
    for (size_t i = 0; program->commands[i] != NULL; i++)
        if (program->commands[i]->group != NULL && is_in_group(program->commands[i], group))
            return program->commands[i];
    return NULL;
}

static const es_command *find_command(const es_program *program, const char *group,
                                      const char *name) {
    for (size_t i = 0; program->commands[i] != NULL; i++)
        if (is_in_group(program->commands[i], group) &&
            strcmp(program->commands[i]->name, name) == 0)
            return program->commands[i];
    return NULL;
}

/* Words that may stand at one place, for es_nearest_name: first words, or the second ones of a
 * group, whose first command then stands in for those that are not in it. */
typedef struct choices {
    const es_program *program;
    const es_command *first; /* NULL: first words */
} choices;

static const char *word_at(const void *context, size_t i) {
    const choices *all = context;
    const es_command *command = all->program->commands[i];
    if (all->first == NULL)
        return command->group != NULL ? command->group : command->name;
    return is_in_group(command, all->first->group) ? command->name : all->first->name;
}

static es_status complain_command(const es_program *program, const char *group, const char *name,
                                  es_errors *errors) {
    choices all = {program, group != NULL ? find_group(program, group) : NULL};
    size_t n = 0;
    while (program->commands[n] != NULL)
        n++;
    const char *nearest = es_nearest_name(name, n, word_at, &all);
    return es_errors_add(errors, ES_USAGE, NULL, 0, "%s%s%s: there is no command '%s'%s",
                         program->front, group != NULL ? " " : "", group != NULL ? group : "", name,
                         es_did_you_mean(nearest, "'", "'", "; --help lists them").text);
}

/* The option that a word is, without a value; NULL if it is none of these. */
static const es_option *find_bare_option(const es_option *options, const char *word) {
    return strchr(word, '=') == NULL ? es_option_find(options, word) : NULL;
}

/* ---- Help */

/* "trace make", "make" in a list of its group's commands. */
static void format_name(const es_command *command, bool whole, char text[USAGE_TEXT]) {
    bool two = whole && command->group != NULL;
    snprintf(text, USAGE_TEXT, "%s%s%s", two ? command->group : "", two ? " " : "", command->name);
}

/* " FILE...", "" if the command takes no operand. */
static void format_operands(const es_command *command, char text[USAGE_TEXT]) {
    bool optional = command->least_operands == 0;
    text[0] = '\0';
    if (command->operand != NULL)
        snprintf(text, USAGE_TEXT, " %s%s%s%s", optional ? "[" : "", command->operand,
                 command->most_operands > 1 ? "..." : "", optional ? "]" : "");
}

static const char *option_notes(const es_option *option) {
    if (option->required)
        return option->repeats ? " (required, may be repeated)" : " (required)";
    return option->repeats ? " (may be repeated)" : "";
}

static void print_options(const es_option *options, FILE *stream) {
    for (; options != NULL && options->name != NULL; options++) {
        char letter[] = {'-', options->letter, ',', '\0'}, text[USAGE_TEXT];
        snprintf(text, sizeof text, "--%s%s%s", options->name, options->value != NULL ? " " : "",
                 options->value != NULL ? options->value : "");
        fprintf(stream, "  %3s %-24s  %s%s\n", options->letter != 0 ? letter : "", text,
                options->help, option_notes(options));
    }
}

void es_command_help(const es_program *program, const es_command *command, FILE *stream) {
    char name[USAGE_TEXT], operands[USAGE_TEXT];
    format_name(command, true, name);
    format_operands(command, operands);
    fprintf(stream, "usage: %s %s%s%s\n\n%s\n\noptions:\n", program->front, name, operands,
            command->options != NULL ? " [options]" : "", command->summary);
    print_options(command->options, stream);
    print_options(es_common_options, stream);
    if (command->notes != NULL)
        fprintf(stream, "\n%s\n", command->notes);
}

void es_program_help(const es_program *program, const char *group, FILE *stream) {
    char name[USAGE_TEXT];
    if (group == NULL)
        fprintf(stream, "%s: %s\n\n", program->name, program->summary);
    fprintf(stream, "usage: %s %s%sCOMMAND ...\n\n", program->front, group != NULL ? group : "",
            group != NULL ? " " : "");
    for (size_t i = 0; program->commands[i] != NULL; i++) {
        const es_command *command = program->commands[i];
        format_name(command, group == NULL, name);
        if (group == NULL || is_in_group(command, group))
            fprintf(stream, "  %-12s  %s\n", name, command->summary);
    }
    fprintf(stream, "\n`%s %s%sCOMMAND --help` says more; --version says which build this is.\n",
            program->front, group != NULL ? group : "", group != NULL ? " " : "");
}

static void print_version(const es_program *program) {
    printf("%s\nbuilt by %s", es_version(), es_compiler());
    if (program->print_libraries != NULL)
        program->print_libraries();
    putchar('\n');
}

/* ---- Man page */

/* Text as roff takes it literally. */
static void print_roff(const char *text, FILE *stream) {
    bool line_starts = true;
    for (; *text != '\0'; text++) {
        if (line_starts && (*text == '.' || *text == '\''))
            fputs("\\&", stream);
        if (*text == '\\')
            fputs("\\e", stream);
        else if (*text == '-')
            fputs("\\-", stream);
        else
            fputc(*text, stream);
        line_starts = *text == '\n';
    }
}

static void print_roff_options(const es_option *options, FILE *stream) {
    for (; options != NULL && options->name != NULL; options++) {
        fputs(".TP\n.B ", stream);
        if (options->letter != 0)
            fprintf(stream, "\\-%c, ", options->letter);
        fputs("\\-\\-", stream);
        print_roff(options->name, stream);
        if (options->value != NULL) {
            fputc(' ', stream);
            print_roff(options->value, stream);
        }
        fputc('\n', stream);
        print_roff(options->help, stream);
        fprintf(stream, "%s\n", option_notes(options));
    }
}

static void print_roff_command(const es_command *command, FILE *stream) {
    char name[USAGE_TEXT], operands[USAGE_TEXT];
    format_name(command, true, name);
    format_operands(command, operands);
    fputs(".SS ", stream);
    print_roff(name, stream);
    print_roff(operands, stream);
    fputc('\n', stream);
    print_roff(command->summary, stream);
    fputc('\n', stream);
    if (command->program != NULL) {
        fputs("(see\n.BR ", stream);
        print_roff(command->program, stream);
        fputs(" (1))\n", stream);
    }
    print_roff_options(command->options, stream);
    if (command->notes != NULL) {
        fputs(".PP\n", stream);
        print_roff(command->notes, stream);
        fputc('\n', stream);
    }
}

/* Whether a command is on the page of a word (a command's name or a group), NULL: of the program.
 */
static bool is_on_page(const es_command *command, const char *word) {
    return word == NULL || is_in_group(command, word) ||
           (command->group == NULL && strcmp(command->name, word) == 0);
}

/* "edgesplit-trace": the program's name, or the words that a user types with dashes between. */
static void format_page(const es_program *program, const char *word, char text[USAGE_TEXT]) {
    snprintf(text, USAGE_TEXT, "%s%s%s", word != NULL ? program->front : program->name,
             word != NULL ? "-" : "", word != NULL ? word : "");
    for (char *c = text; *c != '\0'; c++)
        if (*c == ' ')
            *c = '-';
}

/* What a page is about: the program, a command, or the commands of a group by name. */
static void print_page_summary(const es_program *program, const char *word, FILE *stream) {
    const char *between = "";
    if (word == NULL)
        print_roff(program->summary, stream);
    for (size_t i = 0; word != NULL && program->commands[i] != NULL; i++) {
        const es_command *command = program->commands[i];
        if (!is_on_page(command, word))
            continue;
        fputs(between, stream);
        print_roff(command->group != NULL ? command->name : command->summary, stream);
        between = ", ";
    }
    fputc('\n', stream);
}

void es_program_man(const es_program *program, const char *word, FILE *stream) {
    char page[USAGE_TEXT];
    format_page(program, word, page);
    fputs(".TH ", stream);
    for (const char *c = page; *c != '\0'; c++)
        fputc(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c, stream);
    fprintf(stream, " 1 %s\n.SH NAME\n", es_release_date());
    print_roff(page, stream);
    fputs(" \\- ", stream);
    print_page_summary(program, word, stream);
    fputs(".SH SYNOPSIS\n.B ", stream);
    print_roff(program->front, stream);
    fprintf(stream, "\n%s ...\n.SH COMMANDS\n", word != NULL ? word : "COMMAND");
    for (size_t i = 0; program->commands[i] != NULL; i++)
        if (is_on_page(program->commands[i], word))
            print_roff_command(program->commands[i], stream);
    fputs(".SH OPTIONS OF EVERY COMMAND\n", stream);
    print_roff_options(es_common_options, stream);
    fputs(".SH EXIT STATUS\n", stream);
    for (int code = -1, i = 0; i < ES_N_STATUS; i++) {
        es_status status = (es_status)i;
        if (es_status_exit_code(status) == code)
            fputs("or ", stream);
        else
            fprintf(stream, ".TP\n.B %d\n", es_status_exit_code(status));
        code = es_status_exit_code(status);
        fprintf(stream, "%s\n", es_status_text(status));
    }
    fputs(".SH SEE ALSO\n", stream);
    if (word != NULL) {
        print_roff(program->name, stream);
        fputs(" (1), ", stream);
    }
    print_roff(program->see_also, stream);
    fputc('\n', stream);
}

/* ---- Completion */

void es_program_completion(const es_program *program, FILE *stream) {
    char function[USAGE_TEXT];
    snprintf(function, sizeof function, "_%s", program->name);
    for (char *c = function; *c != '\0'; c++)
        if (*c == '-')
            *c = '_';
    fprintf(stream,
            "%s() {\n"
            "    local IFS=$'\\n' words\n"
            "    words=$(\"${COMP_WORDS[0]}\" help --words -- \"${COMP_WORDS[@]:1:COMP_CWORD-1}\" "
            "2>/dev/null)\n"
            "    COMPREPLY=($(compgen -f -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
            "}\n"
            "complete -o filenames -F %s %s\n",
            function, function, program->name);
}

static void print_names(const es_program *program, const char *group) {
    for (size_t i = 0; program->commands[i] != NULL; i++) {
        const es_command *command = program->commands[i];
        if (group != NULL && is_in_group(command, group))
            puts(command->name);
        else if (group == NULL &&
                 (command->group == NULL || find_group(program, command->group) == command))
            puts(command->group != NULL ? command->group : command->name);
    }
}

static void print_option_names(const es_option *options) {
    for (; options != NULL && options->name != NULL; options++)
        printf("--%s\n", options->name);
}

/* What may follow a command and words behind it. */
static void print_words_behind(const es_command *command, size_t n_words,
                               const char *const words[]) {
    for (size_t i = 0; i < n_words; i++)
        if (strcmp(words[i], "--") == 0)
            return;
    const es_option *last =
        n_words > 0 ? find_bare_option(command->options, words[n_words - 1]) : NULL;
    if (last != NULL && last->value != NULL)
        return;
    if (command->operand != NULL && strchr(command->operand, '|') != NULL) {
        for (const char *c = command->operand; *c != '\0'; c++)
            putchar(*c == '|' ? '\n' : *c);
        putchar('\n');
    }
    print_option_names(command->options);
    print_option_names(es_common_options);
}

/* ---- Running */

es_status es_hand_over(const char *program, size_t n_words, const char *const words[],
                       es_errors *errors) {
    /* execv leaves its arguments alone, but its type is older than const. */
    union {
        const char **words;
        char **argv;
    } all = {.words = es_alloc(n_words + 2, sizeof *all.words)};
    char *beside = es_path_beside_program(program);
    if (all.words == NULL || beside == NULL) {
        free(all.words);
        free(beside);
        return es_errors_no_memory(errors, NULL);
    }
    all.words[0] = program;
    for (size_t i = 0; i < n_words; i++)
        all.words[i + 1] = words[i];
    if (strchr(beside, '/') != NULL)
        execv(beside, all.argv);
    execvp(program, all.argv);
    free(all.words);
    free(beside);
    return es_errors_add(errors, ES_UNAVAILABLE, NULL, 0, "%s: %s", program, strerror(errno));
}

/* Asks the program of a command for help on the words [n] behind the command's name. */
static es_status hand_over_help(const es_command *command, bool only_words, size_t n,
                                const char *const words[], es_errors *errors) {
    const char **all = es_alloc(n + 4, sizeof *all);
    if (all == NULL)
        return es_errors_no_memory(errors, NULL);
    size_t n_all = 0;
    all[n_all++] = "help";
    if (only_words)
        all[n_all++] = "--words";
    all[n_all++] = "--";
    if (command->knows_name)
        all[n_all++] = command->name;
    for (size_t i = 0; i < n; i++)
        all[n_all++] = words[i];
    es_status status = es_hand_over(command->program, n_all, all, errors);
    free(all);
    return status;
}

/* The man page of the program, of a command or of a group. Commands that are handed over have
 * theirs from the program that they are handed to. */
static es_status print_man(const es_program *program, const char *word, es_errors *errors) {
    const es_command *command = word != NULL ? find_command(program, NULL, word) : NULL;
    if (word != NULL && find_group(program, word) == NULL &&
        (command == NULL || command->program != NULL))
        return complain_command(program, NULL, word, errors);
    es_program_man(program, word, stdout);
    return ES_OK;
}

es_status es_help(const es_arguments *arguments, es_errors *errors) {
    const es_program *program = arguments->program;
    const char *const *words = arguments->operands;
    size_t n = arguments->n_operands;
    bool only_words = es_arguments_has(arguments, "words");
    if (es_arguments_has(arguments, "man"))
        return print_man(program, n > 0 ? words[0] : NULL, errors);
    if (es_arguments_has(arguments, "completion")) {
        es_program_completion(program, stdout);
        return ES_OK;
    }
    const es_command *first = n > 0 ? find_group(program, words[0]) : NULL;
    const char *group = first != NULL ? first->group : NULL;
    words += group != NULL;
    n -= group != NULL;
    if (n == 0) {
        if (only_words) {
            print_names(program, group);
            print_option_names(es_common_options);
        } else {
            es_program_help(program, group, stdout);
        }
        return ES_OK;
    }
    const es_command *command = find_command(program, group, words[0]);
    if (command == NULL)
        return complain_command(program, group, words[0], errors);
    if (command->program != NULL)
        return hand_over_help(command, only_words, n - 1, words + 1, errors);
    if (only_words)
        print_words_behind(command, n - 1, words + 1);
    else
        es_command_help(program, command, stdout);
    return ES_OK;
}

static const es_option help_options[] = {ES_HELP_OPTIONS, {0}};
const es_command es_help_command = {
    .name = "help",
    .summary = "help, man page, completion",
    .operand = "COMMAND",
    .most_operands = ES_ANY_NUMBER,
    .options = help_options,
    .run = es_help,
};

static es_status prepare(const es_program *program, const es_command *command, void *context,
                         es_errors *errors) {
    if (program->prepare == NULL || strcmp(command->name, "help") == 0)
        return ES_OK;
    return program->prepare(context, errors);
}

/* Runs a command, or hands it over, with the words [n] behind its name. */
static es_status run_command(const es_program *program, const es_command *command, void *context,
                             size_t n, const char *const words[], es_errors *errors) {
    es_status status;
    if (command->program != NULL) {
        status = prepare(program, command, context, errors);
        if (status != ES_OK)
            return status;
        return es_hand_over(command->program, n + command->knows_name, words - command->knows_name,
                            errors);
    }
    es_arguments arguments;
    status = es_arguments_parse(program, command, context, n, words, &arguments, errors);
    if (status == ES_OK && arguments.help) {
        es_command_help(program, command, stdout);
    } else if (status == ES_OK && arguments.version) {
        print_version(program);
    } else if (status == ES_OK) {
        status = prepare(program, command, context, errors);
        if (status == ES_OK)
            status = command->run(&arguments, errors);
    }
    es_arguments_fini(&arguments);
    return status;
}

es_status es_program_run(const es_program *program, void *context, size_t n_words,
                         const char *const words[], es_errors *errors) {
    const es_command *first = n_words > 0 ? find_group(program, words[0]) : NULL;
    const char *group = first != NULL ? first->group : NULL;
    words += group != NULL;
    n_words -= group != NULL;
    if (n_words == 0) {
        es_program_help(program, group, stderr);
        return ES_USAGE;
    }
    const es_option *option = find_bare_option(es_common_options, words[0]);
    if (option == &es_common_options[ES_OPTION_HELP]) {
        es_program_help(program, group, stdout);
        return ES_OK;
    }
    if (option == &es_common_options[ES_OPTION_VERSION]) {
        print_version(program);
        return ES_OK;
    }
    const es_command *command = find_command(program, group, words[0]);
    if (command == NULL)
        return complain_command(program, group, words[0], errors);
    return run_command(program, command, context, n_words - 1, words + 1, errors);
}

int es_program_main(const es_program *program, void *context, int argc, char **argv) {
    es_errors errors;
    es_errors_init(&errors);
    size_t n = argc > 0 ? (size_t)argc - 1 : 0;
    es_status status =
        es_program_run(program, context, n, (const char *const *)argv + (argc > 0), &errors);
    if ((fflush(stdout) != 0 || ferror(stdout) != 0) && status == ES_OK)
        status = es_errors_add(&errors, ES_IO, NULL, 0, "%s: stdout: %s", program->name,
                               strerror(errno));
    es_errors_print(&errors, stderr);
    return es_status_exit_code(status);
}
