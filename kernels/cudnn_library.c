#include "cudnn_library.h"

#include <dlfcn.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

/* The header's name for a function may stand for a later version of it: what is looked up is what
 * it stands for. */
#define NAME_OF(function)      NAME_OF_ITSELF(function)
#define NAME_OF_ITSELF(symbol) #symbol

static const struct {
    gpu_library library;
    bool optional;
    const char *name;
    size_t offset;
} functions[] = {
#define GPU_FUNCTION(library, function)                                                            \
    {GPU_##library, false, NAME_OF(function), offsetof(gpu_api, function)},
#define GPU_OPTIONAL(library, function)                                                            \
    {GPU_##library, true, NAME_OF(function), offsetof(gpu_api, function)},
#include "cudnn_library.def"
#undef GPU_FUNCTION
#undef GPU_OPTIONAL
};

/* Where a library is looked for; the last names are patterns below the folder of an environment. */
static const struct {
    const char *title, *environment;
    const char *names[7]; /* ends with NULL */
    const char *in_environment, *hint;
} libraries[GPU_N_LIBRARIES] = {
    [GPU_CUDA] = {"NVIDIA's driver",
                  "EDGESPLIT_CUDA",
                  {"libcuda.so.1"},
                  NULL,
                  "it comes with the driver of an NVIDIA GPU"},
    [GPU_CUDNN] = {"cuDNN 9",
                   "EDGESPLIT_CUDNN",
                   {"libcudnn.so.9", "/usr/local/cuda/lib64/libcudnn.so.9"},
                   "nvidia/cudnn/lib/libcudnn.so.9",
                   "install cuDNN 9, or set EDGESPLIT_CUDNN to its file"},
    [GPU_NVRTC] = {"NVRTC",
                   "EDGESPLIT_NVRTC",
                   {"libnvrtc.so.13", "/usr/local/cuda/lib64/libnvrtc.so.13", "libnvrtc.so.12",
                    "/usr/local/cuda/lib64/libnvrtc.so.12"},
                   "nvidia/c*/lib/libnvrtc.so.1[23]",
                   "install the CUDA toolkit, or set EDGESPLIT_NVRTC to its file"},
    [GPU_CUPTI] = {"CUPTI",
                   "EDGESPLIT_CUPTI",
                   {"libcupti.so.13", "/usr/local/cuda/lib64/libcupti.so.13",
                    "/usr/local/cuda/extras/CUPTI/lib64/libcupti.so.13", "libcupti.so.12",
                    "/usr/local/cuda/lib64/libcupti.so.12",
                    "/usr/local/cuda/extras/CUPTI/lib64/libcupti.so.12"},
                   "nvidia/c*/lib/libcupti.so.1[23]",
                   "install CUPTI, or set EDGESPLIT_CUPTI to its file"},
};

/* Opens one file; its path, or else why not, is noted. */
static void *open_file(const char *name, char path[GPU_PATH], char *reason, size_t reason_size) {
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (handle != NULL) {
        snprintf(path, GPU_PATH, "%s", name);
    } else if (reason[0] == '\0') {
        const char *text = dlerror();
        snprintf(reason, reason_size, "%s", text != NULL ? text : "no reason given");
    }
    return handle;
}

/* Opens the first file below the packages of the Python environment that `variable` names. */
static void *open_in_environment(const char *variable, const char *pattern, char path[GPU_PATH],
                                 char *reason, size_t reason_size) {
    char full[GPU_PATH];
    const char *root = getenv(variable);
    glob_t found;
    void *handle = NULL;
    if (root == NULL || root[0] == '\0' ||
        snprintf(full, sizeof full, "%s/lib/python3*/site-packages/%s", root, pattern) >=
            (int)sizeof full ||
        glob(full, 0, NULL, &found) != 0)
        return NULL;
    for (size_t i = 0; handle == NULL && i < found.gl_pathc; i++)
        handle = open_file(found.gl_pathv[i], path, reason, reason_size);
    globfree(&found);
    return handle;
}

/* Opens the file that a variable names, or the first of the names. */
static void *open_first(const char *environment, const char *const *names, char path[GPU_PATH],
                        char *reason, size_t reason_size) {
    const char *named = getenv(environment);
    void *handle = NULL;
    if (named != NULL && named[0] != '\0')
        return open_file(named, path, reason, reason_size);
    for (size_t i = 0; handle == NULL && names[i] != NULL; i++)
        handle = open_file(names[i], path, reason, reason_size);
    return handle;
}

static es_status find_functions(gpu_api *api, gpu_library library, void *handle,
                                es_errors *errors) {
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        if (functions[i].library != library)
            continue;
        void *function = dlsym(handle, functions[i].name);
        if (function == NULL && !functions[i].optional)
            return es_errors_add(errors, ES_UNAVAILABLE, api->paths[library], 0,
                                 "%s has no %s; a newer one is needed", libraries[library].title,
                                 functions[i].name);
        memcpy((char *)api + functions[i].offset, &function, sizeof function);
    }
    return ES_OK;
}

es_status gpu_load(gpu_api *api, gpu_library library, es_errors *errors) {
    char reason[GPU_PATH] = "";
    const char *pattern = libraries[library].in_environment;
    char *path = api->paths[library];
    void *handle = open_first(libraries[library].environment, libraries[library].names, path,
                              reason, sizeof reason);
    bool elsewhere = pattern != NULL && getenv(libraries[library].environment) == NULL;
    if (handle == NULL && elsewhere)
        handle = open_in_environment("VIRTUAL_ENV", pattern, path, reason, sizeof reason);
    if (handle == NULL && elsewhere)
        handle = open_in_environment("CONDA_PREFIX", pattern, path, reason, sizeof reason);
    if (handle == NULL)
        return es_errors_add(errors, ES_UNAVAILABLE, NULL, 0, "%s cannot be loaded: %s; %s",
                             libraries[library].title, reason, libraries[library].hint);
    return find_functions(api, library, handle, errors);
}
