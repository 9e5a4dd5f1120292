/* The command line of a program. Its commands and their options are const tables; parsing,
 * messages, help, man page and completion are made from them.
 *
 * A command is one es_command with its table of options and one function, and one pointer in the
 * table of its program:
 *
 *     static const es_option options[] = {
 *         ES_OPTION_OUTPUT("FILE", true, "the profile"),
 *         {.name = "batch", .value = "N", .help = "images per pass"},
 *         {0},
 *     };
 *     const es_command command_measure = {.name = "measure", .options = options, .run = measure,
 * ...};
 */
#ifndef EDGESPLIT_OPTIONS_H
#define EDGESPLIT_OPTIONS_H

#include "edgesplit/error.h"

#include <stdint.h>

/* Given as "--name", never abbreviated, or "-n". Its value follows as the next word, whatever that
 * is, or as "--name=value". */
typedef struct es_option {
    const char *name;
    const char *value; /* what its value is called in the help; NULL: it has none */
    const char *help;
    char letter; /* 0: none */
    bool required, repeats;
    bool may_be_empty; /* "" is a value too */
} es_option;

/* Options that mean the same wherever they are. */
#define ES_OPTION_OUTPUT(what, is_required, text)                                                  \
    { .name = "output", .value = (what), .help = (text), .letter = 'o', .required = (is_required) }
#define ES_OPTION_FORCE                                                                            \
    { .name = "force", .help = "replace what is there", .letter = 'f' }
#define ES_OPTION_QUIET                                                                            \
    { .name = "quiet", .help = "no notes and no progress on stderr", .letter = 'q' }

#define ES_ANY_NUMBER SIZE_MAX

typedef struct es_arguments es_arguments;

typedef struct es_command {
    const char *group; /* OPTIONAL: the first word of a name of two words, which no command has
                          for its only word */
    const char *name, *summary;
    const char *operand; /* what its operands are called, "FILE" or "a|b"; NULL: it takes none */
    size_t least_operands, most_operands;
    const char *notes; /* OPTIONAL: further lines of its help */
    const es_option
        *options; /* OPTIONAL: ends with {0}. --help, -h and --version need not be here */
    /* Prints to stdout and stderr; mistakes go into `errors`. */
    es_status (*run)(const es_arguments *arguments, es_errors *errors);
    /* Instead of `run`: the program that is handed the words behind the name, with the name in
     * front of them where it `knows_name`. */
    const char *program;
    bool knows_name;
} es_command;

typedef struct es_program {
    const char *name;     /* of its file, "edgesplit-profile" */
    const char *front;    /* what is typed in front of its commands, "edgesplit profile" */
    const char *summary;  /* one line */
    const char *see_also; /* other man pages, "a (1), b (5)" */
    const es_command *const *commands; /* ends with NULL; one of them runs es_help */
    /* OPTIONAL: prints what it was built with, "; HDF5 1.10", in the line of the compiler. */
    void (*print_libraries)(void);
    /* OPTIONAL: called before a command other than `help` is run or handed over. */
    es_status (*prepare)(void *context, es_errors *errors);
} es_program;

/* What was typed behind a command's name. Texts are lent by the command line. */
struct es_arguments {
    const es_program *program;
    const es_command *command;
    void *context; /* the program's own */
    size_t n_operands;
    const char **operands; /* [n_operands] */
    size_t n_given;
    const es_option **options; /* [n_given] in table order, equal ones as they were typed */
    const char **values;       /* [n_given] of these options; NULL for those without */
    bool help, version;        /* asked for: nothing else has been checked */
};

/* Understood by every command; ends with {0}. */
enum { ES_OPTION_HELP, ES_OPTION_VERSION };
extern const es_option es_common_options[];

/* The option of a table (which may be NULL) that a word names, "--name", "--name=value" or "-n";
 * NULL if there is none. */
const es_option *es_option_find(const es_option *options, const char *word);

/* Reads the words behind a command's name. A lone "-" is an operand, and so is everything behind a
 * "--". ES_USAGE with a record for every mistake: an unknown option (with the nearest name, as
 * which it is read on), a value missing or superfluous, an option twice, a required one missing,
 * operands too many or missing; ES_NO_MEMORY. End with es_arguments_fini in any case. O(n_words^2).
 */
ES_NODISCARD es_status es_arguments_parse(const es_program *program, const es_command *command,
                                          void *context, size_t n_words, const char *const words[],
                                          es_arguments *arguments, es_errors *errors);
void es_arguments_fini(es_arguments *arguments);

/* Lends the values [*n] of an option of the command, in the order they were typed. */
const char *const *es_arguments_values(const es_arguments *arguments, const char *name, size_t *n);

/* The first of them, or `otherwise` if there is none. */
const char *es_arguments_value(const es_arguments *arguments, const char *name,
                               const char *otherwise);

bool es_arguments_has(const es_arguments *arguments, const char *name);

/* Adds a mistake of the command line, "edgesplit run: ...", and returns ES_USAGE. */
es_status es_arguments_mistake(const es_arguments *arguments, es_errors *errors, const char *format,
                               ...) ES_PRINTF(3, 4);

/* The options and the function of the command `help`. It prints the help of what its operands name,
 * the man page, the completion script, or the words that may follow others (what the script asks
 * for). A program with more to offer adds its own options to these. */
#define ES_HELP_OPTIONS                                                                            \
    {.name = "man", .help = "print the man page, of one command or of all"},                       \
        {.name = "completion", .help = "print a completion script for bash"}, {                    \
        .name = "words", .help = "print the words that may follow these, for completion"           \
    }
es_status es_help(const es_arguments *arguments, es_errors *errors);

/* `help` with just these options. */
extern const es_command es_help_command;

/* Print usage, options and notes of a command; the commands of a program, or of one group of them
 * (`group` not NULL); its man page, section 1, or that of one command or group of commands (`word`
 * not NULL); its completion script for bash. */
void es_command_help(const es_program *program, const es_command *command, FILE *stream);
void es_program_help(const es_program *program, const char *group, FILE *stream);
void es_program_man(const es_program *program, const char *word, FILE *stream);
void es_program_completion(const es_program *program, FILE *stream);

/* Runs what a command line asks for. `words` are those behind the program's name; `context` is
 * handed to the command. What the command returns; ES_USAGE: no command (without a record: the
 * overview goes to stderr), an unknown one (with the nearest name), mistakes behind it;
 * ES_NO_MEMORY; ES_UNAVAILABLE: no program to hand it to. */
ES_NODISCARD es_status es_program_run(const es_program *program, void *context, size_t n_words,
                                      const char *const words[], es_errors *errors);

/* The same as a main function: prints the mistakes, makes sure that stdout was written, and returns
 * the exit code. */
int es_program_main(const es_program *program, void *context, int argc, char **argv);

/* Replaces this process by another program of edgesplit: the one beside this one, else the one on
 * PATH. Only returns if there is none, ES_UNAVAILABLE, or ES_NO_MEMORY. */
es_status es_hand_over(const char *program, size_t n_words, const char *const words[],
                       es_errors *errors);

#endif
