/* edgesplit plot: figures, drawn by the Python scripts in plot/. */
#include "edgesplit/alloc.h"
#include "edgesplit/file.h"
#include "edgesplit/text.h"
#include "report.h"
#include "result.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPTION_OUTPUT, OPTION_FORCE, N_OPTIONS, PATH_LENGTH = 4096 };

/* Creates the path of the folder with the scripts: that of an installed edgesplit, found from where
 * this program lies, else that of the source tree it was built from. NULL: out of memory. */
static char *scripts_folder(void) {
    char self[PATH_LENGTH];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = '\0';
    char *installed = es_path_beside(self, ES_PLOT_INSTALLED);
    if (installed == NULL || (length > 0 && access(installed, F_OK) == 0))
        return installed;
    free(installed);
    return es_strdup(ES_PLOT_SOURCE);
}

/* Makes the folder for the figures if it is not there; not its parents. */
static es_status make_folder(const char *folder, es_errors *errors) {
    struct stat status_of_folder;
    if (mkdir(folder, 0777) == 0 || (errno == EEXIST && stat(folder, &status_of_folder) == 0 &&
                                     S_ISDIR(status_of_folder.st_mode)))
        return ES_OK;
    return es_errors_add(errors, ES_CANT_CREATE, folder, 0, "cannot be made a folder: %s",
                         strerror(errno));
}

/* Replaces this process by the interpreter; returns only if that fails. */
static es_status draw(const es_report_arguments *arguments, es_errors *errors) {
    const char *python = getenv("EDGESPLIT_PYTHON");
    char *folder = scripts_folder(), *result = es_strdup(arguments->result),
         *output = es_strdup(arguments->values[OPTION_OUTPUT]);
    char *name = es_strdup(python != NULL && python[0] != '\0' ? python : ES_PYTHON);
    char no_bytecode[] = "-B", force[] = "--force", end_of_options[] = "--";
    bool replace = arguments->values[OPTION_FORCE] != NULL;
    es_status status;
    if (folder == NULL || result == NULL || output == NULL || name == NULL)
        status = es_errors_add(errors, ES_NO_MEMORY, NULL, 0, "out of memory");
    else {
        char *words[] = {name,   no_bytecode, folder, replace ? force : end_of_options,
                         result, output,      NULL};
        execvp(name, words);
        status = es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                               "plot needs Python: %s: %s (EDGESPLIT_PYTHON names another)", name,
                               strerror(errno));
    }
    free(folder);
    free(result);
    free(output);
    free(name);
    return status;
}

static es_status run(const es_report_arguments *arguments, es_errors *errors) {
    if (arguments->values[OPTION_OUTPUT] == NULL)
        return es_errors_add(errors, ES_USAGE, NULL, 0, "plot: --output FOLDER is missing");
    es_result *result;
    es_status status = es_result_load(arguments->result, &result, errors);
    if (status != ES_OK)
        return status;
    es_result_destroy(result);
    status = make_folder(arguments->values[OPTION_OUTPUT], errors);
    return status == ES_OK ? draw(arguments, errors) : status;
}

extern const es_report es_report_plot;
const es_report es_report_plot = {
    .name = "plot",
    .summary = "figures of a result, as PNG files; their paths are printed",
    .notes = "The folder is made if it is missing, its parent is not. Python needs matplotlib, "
             "numpy and h5py;\nEDGESPLIT_PYTHON names the interpreter.",
    .n_options = N_OPTIONS,
    .options = {[OPTION_OUTPUT] = {"output", 'o', "FOLDER", "where the figures go (required)"},
                [OPTION_FORCE] = {"force", 0, NULL, "replace figures that are there"}},
    .run = run,
};
