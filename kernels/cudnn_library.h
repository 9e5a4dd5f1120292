/* NVIDIA's libraries, loaded when a device is opened: no program of edgesplit is linked with them,
 * so that it starts on every machine and says what is missing. */
#ifndef KERNELS_CUDNN_LIBRARY_H
#define KERNELS_CUDNN_LIBRARY_H

#include "edgesplit/error.h"

#include <cuda.h>
#include <cudnn_graph.h>
#include <nvrtc.h>

typedef enum gpu_library { GPU_cuda, GPU_cudnn, GPU_nvrtc, GPU_N_LIBRARIES } gpu_library;

enum { GPU_PATH = 256 };

/* The functions under their own names, and the files they came from. */
typedef struct gpu_api {
#define GPU_FUNCTION(library, function) __typeof__(&function) function;
#define GPU_OPTIONAL(library, function) GPU_FUNCTION(library, function)
#include "cudnn_library.def"
#undef GPU_FUNCTION
#undef GPU_OPTIONAL
    char paths[GPU_N_LIBRARIES][GPU_PATH];
} gpu_api;

/* Looks the functions of a library up: in the file that the environment variable EDGESPLIT_CUDA,
 * EDGESPLIT_CUDNN or EDGESPLIT_NVRTC names, else by the library's name where the system looks, in
 * /usr/local/cuda and in the Python environment $VIRTUAL_ENV or $CONDA_PREFIX. A library stays
 * loaded until the process ends. ES_UNAVAILABLE: not there, too old, or a function is missing; the
 * record says which library, and why the system cannot load it. */
ES_NODISCARD es_status gpu_load(gpu_api *api, gpu_library library, es_errors *errors);

/* The same for a library of which only few functions are wanted (NVML): its handle, or NULL. */
void *gpu_load_file(const char *environment, const char *const *names, char path[GPU_PATH],
                    char *reason, size_t reason_size);

#endif
