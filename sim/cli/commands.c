#include "commands.h"

#include "edgesplit/text.h"

#include <string.h>

#define OPTIONS(...) ((const option_id[]){__VA_ARGS__, OPTION_HELP, N_OPTIONS})
#define ONLY_HELP    ((const option_id[]){OPTION_HELP, N_OPTIONS})

const struct command commands[] = {
    {"run", "SCENARIO.ini", "simulate a scenario, one policy after the other", 1, 1, command_run,
     NULL, OPTIONS(OPTION_OUTPUT, OPTION_SET, OPTION_FORCE, OPTION_SINK, OPTION_QUIET)},
    {"check", "SCENARIO.ini...", "find every mistake in scenarios and their inputs; run nothing", 0,
     MAX_FILES, command_check, NULL, OPTIONS(OPTION_SET, OPTION_RESOLVED, OPTION_REFERENCE)},
    {"list", "policies|traces|generators|models|sinks|backends", "what there is to choose from", 1,
     1, command_list, NULL, ONLY_HELP},
    {"trace", "make GENERATOR", "make a synthetic trace; `edgesplit list generators`", 2, 2,
     command_trace, NULL,
     OPTIONS(OPTION_OUTPUT, OPTION_FORCE, OPTION_SEED, OPTION_DURATION, OPTION_STEP, OPTION_MEAN,
             OPTION_DEVIATION, OPTION_CORRELATION_TIME, OPTION_MINIMUM, OPTION_UP_TIME,
             OPTION_DOWN_TIME, OPTION_LOW, OPTION_HIGH, OPTION_LOW_TIME, OPTION_HIGH_TIME)},
    {"selftest", "", "queueing theory and hand sums against this very build", 0, 0,
     command_selftest, NULL, ONLY_HELP},
    {"profile", "run|import|show ...", "measure, import and show profiles", 0, 0, NULL,
     "edgesplit-profile", NULL},
    {"summary", "RESULT.h5", "a table of the policies of a result", 0, 0, NULL,
     "edgesplit-analysis", NULL},
    {"plot", "RESULT.h5 -o FOLDER", "figures of a result", 0, 0, NULL, "edgesplit-analysis", NULL},
    {"help", "[COMMAND]", "help, man pages, completion", 0, 1, command_help, NULL,
     OPTIONS(OPTION_MAN, OPTION_KEYS_MAN, OPTION_COMPLETION)},
};
const size_t n_commands = sizeof commands / sizeof commands[0];

static const struct option {
    const char *name;
    char letter;
    const char *argument;
    bool repeats;
    const char *meaning;
} options[] = {
#define ES_OPTION(id, name, letter, argument, repeats, meaning)                                    \
    {name, letter, argument, repeats, meaning},
#include "options.def"
#undef ES_OPTION
};

const struct command *command_find(const char *name) {
    for (size_t i = 0; i < n_commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

const char *argument(const struct arguments *arguments, option_id option) {
    return arguments->n[option] > 0 ? arguments->values[option][0] : NULL;
}

static const char *option_at(const void *context, size_t i) {
    return options[((const option_id *)context)[i]].name;
}

static size_t count_options(const struct command *command) {
    size_t n = 0;
    while (command->options[n] != N_OPTIONS)
        n++;
    return n;
}

/* The option a word names, "--name", "--name=value" or "-n"; N_OPTIONS if the command has none
 * such. */
static option_id find_option(const struct command *command, const char *word) {
    for (const option_id *id = command->options; *id != N_OPTIONS; id++) {
        size_t length = strlen(options[*id].name);
        if (word[1] != '-' ? options[*id].letter == word[1] && word[1] != '\0' && word[2] == '\0'
                           : strncmp(word + 2, options[*id].name, length) == 0 &&
                                 (word[2 + length] == '\0' || word[2 + length] == '='))
            return *id;
    }
    return N_OPTIONS;
}

static bool unknown_option(const struct command *command, const char *word) {
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 1 + (word[1] == '-'), "="),
             word + 1 + (word[1] == '-'));
    const char *nearest =
        es_nearest_name(name, count_options(command), option_at, command->options);
    fprintf(stderr, "edgesplit %s: there is no option '%s'", command->name, word);
    if (nearest != NULL)
        fprintf(stderr, "; did you mean '--%s'?\n", nearest);
    else
        fprintf(stderr, "; `edgesplit %s --help` lists them\n", command->name);
    return false;
}

/* Takes the option at argv[*at], and its argument. */
static bool take_option(const struct command *command, int argc, char **argv, int *at,
                        struct arguments *arguments) {
    const char *word = argv[*at];
    option_id id = find_option(command, word);
    if (id == N_OPTIONS)
        return unknown_option(command, word);
    const struct option *option = &options[id];
    const char *value = word[1] == '-' ? strchr(word, '=') : NULL;
    value = value != NULL ? value + 1 : NULL;
    if (option->argument == NULL && value != NULL) {
        fprintf(stderr, "edgesplit %s: --%s takes no argument\n", command->name, option->name);
        return false;
    }
    if (option->argument != NULL && value == NULL && *at + 1 < argc)
        value = argv[++*at];
    if (option->argument != NULL && (value == NULL || *value == '\0')) {
        fprintf(stderr, "edgesplit %s: --%s needs %s\n", command->name, option->name,
                option->argument);
        return false;
    }
    if (arguments->n[id] == (option->repeats ? MAX_REPEATS : 1)) {
        fprintf(stderr, "edgesplit %s: --%s is given too often\n", command->name, option->name);
        return false;
    }
    arguments->values[id][arguments->n[id]++] = value;
    return true;
}

bool arguments_parse(const struct command *command, int argc, char **argv,
                     struct arguments *arguments) {
    bool only_files = false;
    *arguments = (struct arguments){0};
    for (int i = 0; i < argc; i++) {
        if (!only_files && strcmp(argv[i], "--") == 0)
            only_files = true;
        else if (!only_files && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!take_option(command, argc, argv, &i, arguments))
                return false;
        } else if (arguments->n_files == command->max_files) {
            fprintf(stderr, "edgesplit %s: '%s' is too much; usage: edgesplit %s %s\n",
                    command->name, argv[i], command->name, command->files);
            return false;
        } else
            arguments->files[arguments->n_files++] = argv[i];
    }
    if (arguments->n_files < command->min_files && arguments->n[OPTION_HELP] == 0) {
        fprintf(stderr, "usage: edgesplit %s %s\n", command->name, command->files);
        return false;
    }
    return true;
}

int fail(const es_errors *errors, es_status status) {
    es_errors_print(errors, stderr);
    return es_status_exit_code(status);
}

void help_overview(FILE *stream) {
    fputs("edgesplit: measure, simulate and explain split computing\n\nusage: edgesplit COMMAND "
          "...\n\n",
          stream);
    for (size_t i = 0; i < n_commands; i++)
        fprintf(stream, "  %-9s %-38s %s\n", commands[i].name, commands[i].files,
                commands[i].summary);
    fputs("\n`edgesplit COMMAND --help` says more; `edgesplit --version` says which build this "
          "is.\n",
          stream);
}

void help_command(const struct command *command) {
    printf("usage: edgesplit %s %s\n\n%s\n", command->name, command->files, command->summary);
    for (const option_id *id = command->options; *id != N_OPTIONS; id++) {
        const struct option *option = &options[*id];
        char letter[] = {'-', option->letter, ',', '\0'}, name[64];
        snprintf(name, sizeof name, "--%s%s%s", option->name, option->argument != NULL ? " " : "",
                 option->argument != NULL ? option->argument : "");
        printf("  %3s %-26s %s\n", option->letter != 0 ? letter : "", name, option->meaning);
    }
}

void help_man_page(void) {
    puts(".TH EDGESPLIT 1\n.SH NAME\nedgesplit \\- measure, simulate and explain split "
         "computing\n.SH SYNOPSIS\n"
         ".B edgesplit\nCOMMAND ...\n.SH COMMANDS");
    for (size_t i = 0; i < n_commands; i++) {
        const struct command *command = &commands[i];
        printf(".SS %s %s\n%s\n", command->name, command->files, command->summary);
        if (command->program != NULL)
            printf("(see\n.BR \"%s --help\" )\n", command->program);
        for (const option_id *id = command->options; id != NULL && *id != N_OPTIONS; id++) {
            const struct option *option = &options[*id];
            printf(".TP\n.B \\-\\-%s", option->name);
            if (option->letter != 0)
                printf(", \\-%c", option->letter);
            printf(" %s\n%s\n", option->argument != NULL ? option->argument : "", option->meaning);
        }
    }
    puts(".SH EXIT STATUS\n0 success; 64 wrong usage; 65 bad data or configuration; 66 input "
         "missing; 69 built without "
         "that feature; 70 internal error; 73, 74 output cannot be created or written; 75 "
         "interrupted.\n"
         ".SH SEE ALSO\n.BR edgesplit-scenario (5)");
}

void help_completion(void) {
    puts("_edgesplit() {\n    local word=\"${COMP_WORDS[COMP_CWORD]}\"\n    if [ \"$COMP_CWORD\" "
         "-eq 1 ]; then");
    printf("        COMPREPLY=($(compgen -W \"");
    for (size_t i = 0; i < n_commands; i++)
        printf("%s%s", i > 0 ? " " : "", commands[i].name);
    puts("\" -- \"$word\"))\n        return\n    fi\n    case \"${COMP_WORDS[1]}\" in");
    for (size_t i = 0; i < n_commands; i++) {
        if (commands[i].options == NULL)
            continue;
        printf("    %s) COMPREPLY=($(compgen -f -W \"", commands[i].name);
        for (const option_id *id = commands[i].options; *id != N_OPTIONS; id++)
            printf("%s--%s", id == commands[i].options ? "" : " ", options[*id].name);
        puts("\" -- \"$word\")) ;;");
    }
    puts("    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n    esac\n}\ncomplete -o filenames -F "
         "_edgesplit edgesplit");
}
