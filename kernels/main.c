/* edgesplit-profile: measures, imports and shows profiles. */
#include "backend.h"
#include "commands.h"

static const es_command *const commands[] = {
    &es_command_run,     &es_command_import, &es_command_show,
    &es_command_compare, &es_command_scale,  &es_command_verify,
    &es_command_list,    &es_help_command,   NULL};

static void print_backends(void) {
    for (size_t i = 0; es_backend_at(i) != NULL; i++)
        printf("; %s%s", es_backend_at(i)->name,
               es_backend_at(i)->backend != NULL ? "" : " (built without)");
}

static const es_program program = {
    .name = "edgesplit-profile",
    .front = "edgesplit profile",
    .summary = "measure how long each layer of a network takes on this machine",
    .see_also = "edgesplit (1)",
    .commands = commands,
    .print_libraries = print_backends,
};

int main(int argc, char **argv) {
    return es_program_main(&program, NULL, argc, argv);
}
