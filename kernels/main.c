/* edgesplit-profile: measures, imports and shows profiles. */
#include "backend.h"
#include "command.h"

#include "edgesplit/version.h"

#include <string.h>

static const es_command *const commands[] = {&es_command_run, &es_command_import, &es_command_show,
                                             &es_command_list};
enum { N_COMMANDS = sizeof commands / sizeof commands[0] };

static const char *command_name(const void *context, size_t i) {
    (void)context;
    return commands[i]->name;
}

static void print_help(FILE *stream) {
    fprintf(stream, "usage: edgesplit-profile COMMAND [options]\n\n"
                    "Measures how long each layer of a network takes on this machine.\n\n"
                    "commands:\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(stream, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fprintf(stream, "\n  COMMAND --help says more; --version says what this program is.\n"
                    "exit status: 0; 64 usage, 65 bad data, 66 input missing, 69 not available "
                    "here,\n70 internal, 73/74 output (sysexits)\n");
}

static void print_version(void) {
    printf("%s\ncompiler: %s\nbackends:", es_version(), es_compiler());
    for (size_t i = 0; es_backend_at(i) != NULL; i++)
        printf(" %s%s", es_backend_at(i)->name,
               es_backend_at(i)->backend != NULL ? "" : " (built without)");
    printf("\n");
}

static es_status complain_command(const char *name, es_errors *errors) {
    const char *nearest = es_nearest_name(name, N_COMMANDS, command_name, NULL);
    if (nearest != NULL)
        return es_errors_add(errors, ES_USAGE, NULL, 0,
                             "no command is called \"%s\"; the nearest name is \"%s\"", name,
                             nearest);
    return es_errors_add(errors, ES_USAGE, NULL, 0,
                         "no command is called \"%s\"; --help lists them all", name);
}

static es_status run_command(const es_command *command, int n_words, const char *const words[],
                             es_errors *errors) {
    es_arguments arguments;
    es_status status = es_arguments_parse(command, n_words, words, &arguments, errors);
    if (status == ES_OK && arguments.help)
        es_command_help(command, stdout);
    else if (status == ES_OK)
        status = command->run(&arguments, errors);
    es_arguments_fini(&arguments);
    return status;
}

static es_status dispatch(int n_words, const char *const words[], es_errors *errors) {
    if (n_words == 0) {
        print_help(stderr);
        return ES_USAGE;
    }
    if (strcmp(words[0], "--help") == 0) {
        print_help(stdout);
        return ES_OK;
    }
    if (strcmp(words[0], "--version") == 0) {
        print_version();
        return ES_OK;
    }
    for (size_t i = 0; i < N_COMMANDS; i++)
        if (strcmp(words[0], commands[i]->name) == 0)
            return run_command(commands[i], n_words - 1, words + 1, errors);
    return complain_command(words[0], errors);
}

int main(int argc, char *argv[]) {
    es_errors errors;
    es_errors_init(&errors);
    es_status status =
        dispatch(argc > 0 ? argc - 1 : 0, (const char *const *)argv + (argc > 0), &errors);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        if (status == ES_OK)
            status = es_errors_add(&errors, ES_IO, NULL, 0, "standard output cannot be written");
    }
    es_errors_print(&errors, stderr);
    return es_status_exit_code(status);
}
