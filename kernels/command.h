/* The command line of edgesplit-profile: commands and their options are tables; parsing, help and
 * messages come from them. */
#ifndef KERNELS_COMMAND_H
#define KERNELS_COMMAND_H

#include "edgesplit/error.h"

typedef struct es_option {
    const char *name;  /* "--name", never abbreviated */
    const char *value; /* what its value is called in the help; NULL: it has none */
    const char *help;
    char letter; /* "-n"; 0: none */
    bool required, repeats;
} es_option;

typedef struct es_arguments es_arguments;

typedef struct es_command {
    const char *name, *summary;
    const char *operand; /* what its one operand is called; NULL: it takes none */
    bool operand_required;
    size_t n_options;
    const es_option *options; /* [n_options] */
    es_status (*run)(const es_arguments *arguments, es_errors *errors);
} es_command;

/* An option as given, or the end of the list. */
typedef struct es_given {
    const es_option *option;
    const char *value; /* NULL for options without one */
} es_given;

struct es_arguments {
    const es_command *command;
    const char *operand; /* NULL: not given */
    size_t n_given;
    es_given *given; /* [n_given] in the order of the command line; texts borrowed from it */
    bool help;       /* --help was given: nothing else is checked */
};

/* Reads the words behind the command's name. ES_USAGE with a record for every mistake: an unknown
 * option (with the nearest name), a value missing or superfluous, an option twice or missing, an
 * operand too many or missing; ES_NO_MEMORY. End with es_arguments_fini in any case. */
ES_NODISCARD es_status es_arguments_parse(const es_command *command, int n_words,
                                          const char *const words[], es_arguments *arguments,
                                          es_errors *errors);
void es_arguments_fini(es_arguments *arguments);

/* The value of an option of the command, or `otherwise` if it was not given. */
const char *es_arguments_value(const es_arguments *arguments, const char *name,
                               const char *otherwise);

bool es_arguments_has(const es_arguments *arguments, const char *name);

/* Prints usage, operand and options of one command. */
void es_command_help(const es_command *command, FILE *stream);

extern const es_command es_command_run, es_command_import, es_command_show, es_command_list;

#endif
