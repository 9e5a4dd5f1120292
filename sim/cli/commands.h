/* The commands of edgesplit (private). */
#ifndef SIM_CLI_COMMANDS_H
#define SIM_CLI_COMMANDS_H

#include "edgesplit/options.h"
#include "edgesplit/text.h"

#define ES_COMMAND(symbol) extern const es_command command_##symbol;
#include "commands.def"
#undef ES_COMMAND

/* Where and how fast, never what: the keys of config.ini. The context of every command. */
struct settings {
    struct es_ini *ini; /* owns the texts; NULL without a file */
    const char *output; /* folder for results */
    bool quiet;
};

/* Prints a text to stdout and frees it. ES_NO_MEMORY: it could not be made. */
es_status print_text(es_text *text, es_errors *errors);

#endif
