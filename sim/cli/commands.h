/* The command line (private): one table of commands and one of options, from which parsing, help,
 * the man page and shell completion come. */
#ifndef SIM_CLI_COMMANDS_H
#define SIM_CLI_COMMANDS_H

#include "edgesplit/error.h"
#include "edgesplit/log.h"

/* Options, across all commands. */
typedef enum option_id {
#define ES_OPTION(id, name, letter, argument, repeats, meaning) OPTION_##id,
#include "options.def"
#undef ES_OPTION
    N_OPTIONS
} option_id;

enum { MAX_REPEATS = 64, MAX_FILES = 256 };

/* What was typed behind the command. */
struct arguments {
    size_t n_files;
    const char *files[MAX_FILES];
    size_t n[N_OPTIONS];                        /* how often each option was given */
    const char *values[N_OPTIONS][MAX_REPEATS]; /* [n]; NULL for options without argument */
};

/* Where and how fast, never what: the keys of config.ini. */
struct settings {
    struct es_ini *ini; /* owns the texts; NULL without a file */
    const char *output; /* folder for results */
    const char *python; /* interpreter for figures; NULL: the one found at build time */
    bool quiet;
};

struct command {
    const char *name, *files, *summary;
    size_t min_files, max_files;
    int (*run)(const struct arguments *arguments,
               const struct settings *settings); /* NULL: another program's */
    const char *program;                         /* that program */
    const option_id *options;                    /* ends with N_OPTIONS */
};

extern const struct command commands[];
extern const size_t n_commands;

const struct command *command_find(const char *name);

/* Parses what follows a command; mistakes are printed. False: wrong usage. */
bool arguments_parse(const struct command *command, int argc, char **argv,
                     struct arguments *arguments);

/* The value of an option that may be given once; NULL if it was not. */
const char *argument(const struct arguments *arguments, option_id option);

/* Help texts, on stdout but for the overview. */
void help_overview(FILE *stream);
void help_command(const struct command *command);
void help_man_page(void);
void help_completion(void);

int command_run(const struct arguments *arguments, const struct settings *settings);
int command_check(const struct arguments *arguments, const struct settings *settings);
int command_list(const struct arguments *arguments, const struct settings *settings);
int command_trace(const struct arguments *arguments, const struct settings *settings);
int command_selftest(const struct arguments *arguments, const struct settings *settings);
int command_help(const struct arguments *arguments, const struct settings *settings);

/* Replaces this process by another program of edgesplit: the one beside this one, else the one on
 * PATH. Only returns, an exit code, if there is none. `argv` is NULL-terminated. */
int hand_over(const char *program, char **argv);

/* Prints the errors and returns the exit code. */
int fail(const es_errors *errors, es_status status);

#endif
