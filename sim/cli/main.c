#include "commands.h"

#include "edgesplit/ini.h"

#include <errno.h>
#include <fcntl.h>
#include <gsl/gsl_version.h>
#include <hdf5.h>
#include <string.h>
#include <unistd.h>

static const es_ini_known known_settings[] = {
    {"paths", "output", ES_INI_NO_LABEL},
    {"paths", "python", ES_INI_NO_LABEL},
    {"messages", "quiet", ES_INI_NO_LABEL},
};

static const char *setting(const es_ini *ini, const char *section, const char *key) {
    size_t i = es_ini_find_section(ini, section, 0);
    const es_ini_entry *entry = i < ini->n_sections ? es_ini_find(ini, i, key) : NULL;
    return entry != NULL ? entry->value : NULL;
}

/* Reads config.ini: the file that EDGESPLIT_CONFIG names, else the one in this folder, if there is
 * one. */
static es_status load_settings(void *context, es_errors *errors) {
    struct settings *settings = context;
    const char *path = getenv("EDGESPLIT_CONFIG");
    if (path == NULL && access("config.ini", F_OK) != 0)
        return ES_OK;
    es_status status = es_ini_load(path != NULL ? path : "config.ini", &settings->ini, errors);
    if (status == ES_OK)
        status = es_ini_check(settings->ini, sizeof known_settings / sizeof known_settings[0],
                              known_settings, errors);
    if (status != ES_OK)
        return status;
    const char *output = setting(settings->ini, "paths", "output");
    const char *quiet = setting(settings->ini, "messages", "quiet");
    const char *python = setting(settings->ini, "paths", "python");
    settings->output = output != NULL ? output : settings->output;
    settings->quiet = quiet != NULL && strcmp(quiet, "yes") == 0;
    if (python != NULL)
        setenv("EDGESPLIT_PYTHON", python, 1); /* for those that a command is handed to */
    if (quiet != NULL && strcmp(quiet, "yes") != 0 && strcmp(quiet, "no") != 0)
        return es_ini_complain(
            settings->ini,
            es_ini_find(settings->ini, es_ini_find_section(settings->ini, "messages", 0), "quiet"),
            errors, "expected yes or no");
    return ES_OK;
}

static void print_libraries(void) {
    unsigned major, minor, release;
    H5get_libversion(&major, &minor, &release);
    printf("; HDF5 %u.%u.%u; GSL %s; inih", major, minor, release, gsl_version);
}

/* A file that is opened while descriptor 0, 1 or 2 is closed gets that number, and messages would
 * be written into it. They are occupied so that their use fails, as it would on a closed one. */
static void occupy_standard_descriptors(void) {
    for (int descriptor = 0; descriptor <= 2; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            abort();
}

static const es_command *const commands[] = {
#define ES_COMMAND(symbol) &command_##symbol,
#include "commands.def"
#undef ES_COMMAND
    NULL,
};

static const es_program program = {
    .name = "edgesplit",
    .front = "edgesplit",
    .summary = "measure, simulate and explain split computing",
    .see_also = "edgesplit-scenario (5), edgesplit-result (5), edgesplit-profile (1), "
                "edgesplit-profile (5), edgesplit-analysis (1)",
    .commands = commands,
    .print_libraries = print_libraries,
    .prepare = load_settings,
};

int main(int argc, char **argv) {
    struct settings settings = {.output = "."};
    occupy_standard_descriptors();
    int code = es_program_main(&program, &settings, argc, argv);
    es_ini_destroy(settings.ini);
    return code;
}

const es_command command_profile = {
    .name = "profile",
    .summary = "measure, import and show profiles",
    .program = "edgesplit-profile",
};

const es_command command_summary = {
    .name = "summary",
    .summary = "a table of the policies of a result",
    .program = "edgesplit-analysis",
    .knows_name = true,
};

const es_command command_compare = {
    .name = "compare",
    .summary = "one policy against others, request by request",
    .program = "edgesplit-analysis",
    .knows_name = true,
};

const es_command command_explain = {
    .name = "explain",
    .summary = "why a policy chose the cut of one request",
    .program = "edgesplit-analysis",
    .knows_name = true,
};

const es_command command_export = {
    .name = "export",
    .summary = "the steps of a result as CSV, JSON lines or a Chrome trace",
    .program = "edgesplit-analysis",
    .knows_name = true,
};

const es_command command_report = {
    .name = "report",
    .summary = "one page for a browser that says what a result, or a joined sweep, says",
    .program = "edgesplit-analysis",
    .knows_name = true,
};

const es_command command_plot = {
    .name = "plot",
    .summary = "figures of a result",
    .program = "edgesplit-analysis",
    .knows_name = true,
};
