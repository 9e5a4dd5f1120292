#include "commands.h"

#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "edgesplit/ini.h"
#include "edgesplit/version.h"

#include <errno.h>
#include <fcntl.h>
#include <gsl/gsl_version.h>
#include <hdf5.h>
#include <string.h>
#include <unistd.h>

static const es_ini_known known_settings[] = {
    {"paths", "output", false},
    {"paths", "python", false},
    {"messages", "quiet", false},
};

static const char *setting(const es_ini *ini, const char *section, const char *key) {
    size_t i = es_ini_find_section(ini, section, 0);
    const es_ini_entry *entry = i < ini->n_sections ? es_ini_find(ini, i, key) : NULL;
    return entry != NULL ? entry->value : NULL;
}

/* Reads config.ini: the file that EDGESPLIT_CONFIG names, else the one in this folder, if there is
 * one. */
static es_status load_settings(struct settings *settings, es_errors *errors) {
    const char *path = getenv("EDGESPLIT_CONFIG");
    *settings = (struct settings){.output = "."};
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
    settings->python = setting(settings->ini, "paths", "python");
    settings->output = output != NULL ? output : settings->output;
    settings->quiet = quiet != NULL && strcmp(quiet, "yes") == 0;
    if (quiet != NULL && strcmp(quiet, "yes") != 0 && strcmp(quiet, "no") != 0)
        return es_ini_complain(
            settings->ini,
            es_ini_find(settings->ini, es_ini_find_section(settings->ini, "messages", 0), "quiet"),
            errors, "expected yes or no");
    return ES_OK;
}

int hand_over(const char *program, char **argv) {
    char self[4096];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length > 0) {
        self[length] = '\0';
        char *beside = es_path_beside(self, program);
        if (beside != NULL)
            execv(beside, argv);
        free(beside);
    }
    execvp(program, argv);
    fprintf(stderr, "edgesplit: %s: %s\n", program, strerror(errno));
    return es_status_exit_code(ES_UNAVAILABLE);
}

static void print_version(void) {
    unsigned major, minor, release;
    H5get_libversion(&major, &minor, &release);
    printf("%s\nbuilt by %s; HDF5 %u.%u.%u; GSL %s; inih\n", es_version(), es_compiler(), major,
           minor, release, gsl_version);
}

static const char *name_at(const void *context, size_t i) {
    (void)context;
    return commands[i].name;
}

static int unknown_command(const char *name) {
    const char *nearest = es_nearest_name(name, n_commands, name_at, NULL);
    fprintf(stderr, "edgesplit: there is no command '%s'", name);
    if (nearest != NULL)
        fprintf(stderr, "; did you mean '%s'?\n", nearest);
    else
        fputs("; `edgesplit help` lists them\n", stderr);
    return es_status_exit_code(ES_USAGE);
}

/* A file that is opened while descriptor 0, 1 or 2 is closed gets that number, and messages would
 * be written into it. They are occupied so that their use fails, as it would on a closed one. */
static void occupy_standard_descriptors(void) {
    for (int descriptor = 0; descriptor <= 2; descriptor++)
        if (fcntl(descriptor, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            abort();
}

static int dispatch(int argc, char **argv) {
    if (argc < 2) {
        help_overview(stderr);
        return es_status_exit_code(ES_USAGE);
    }
    if (strcmp(argv[1], "--version") == 0) {
        print_version();
        return 0;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        help_overview(stdout);
        return 0;
    }
    const struct command *command = command_find(argv[1]);
    if (command == NULL)
        return unknown_command(argv[1]);
    es_errors errors;
    struct settings settings;
    es_errors_init(&errors);
    es_status status = load_settings(&settings, &errors);
    int code;
    if (status != ES_OK)
        code = fail(&errors, status);
    else if (command->program != NULL) {
        if (settings.python != NULL)
            setenv("EDGESPLIT_PYTHON", settings.python, 1);
        code = hand_over(command->program,
                         argv + (strcmp(command->program, "edgesplit-profile") == 0));
    } else {
        static struct arguments arguments;
        if (!arguments_parse(command, argc - 2, argv + 2, &arguments))
            code = es_status_exit_code(ES_USAGE);
        else if (arguments.n[OPTION_HELP] > 0) {
            help_command(command);
            code = 0;
        } else
            code = command->run(&arguments, &settings);
    }
    es_ini_destroy(settings.ini);
    return code;
}

int main(int argc, char **argv) {
    occupy_standard_descriptors();
    int code = dispatch(argc, argv);
    if ((fflush(stdout) != 0 || ferror(stdout) != 0) && code == 0) {
        fprintf(stderr, "edgesplit: stdout: %s\n", strerror(errno));
        code = es_status_exit_code(ES_IO);
    }
    return code;
}
