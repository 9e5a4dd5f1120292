/* NVIDIA's libraries, loaded when a device is opened: no program of edgesplit is linked with them,
 * so that it starts on every machine and says what is missing. */
#ifndef KERNELS_CUDNN_LIBRARY_H
#define KERNELS_CUDNN_LIBRARY_H

#include "cudnn_cupti.h"

#include "edgesplit/error.h"

#include <cuda.h>
#include <cudnn_graph.h>
#include <nvrtc.h>

typedef enum gpu_library { GPU_CUDA, GPU_CUDNN, GPU_NVRTC, GPU_CUPTI, GPU_N_LIBRARIES } gpu_library;

enum { GPU_PATH = 256 };

/* The functions under their own names, and the files they came from. */
typedef struct gpu_api {
/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define GPU_FUNCTION(library, function) __typeof__(&function) function;
#define GPU_OPTIONAL(library, function) GPU_FUNCTION(library, function)
/* NOLINTEND(bugprone-macro-parentheses) */
#include "cudnn_library.def"
#undef GPU_FUNCTION
#undef GPU_OPTIONAL
    char paths[GPU_N_LIBRARIES][GPU_PATH];
} gpu_api;

/* Looks the functions of a library up: in the file that the environment variable EDGESPLIT_CUDA,
 * EDGESPLIT_CUDNN, EDGESPLIT_NVRTC or EDGESPLIT_CUPTI names, else by the library's name where the
 * system looks, in /usr/local/cuda and in the Python environment $VIRTUAL_ENV or $CONDA_PREFIX. A
 * library stays loaded until the process ends. ES_UNAVAILABLE: not there, too old, or a function is
 * missing; the record says which library, and why the system cannot load it. */
ES_NODISCARD es_status gpu_load(gpu_api *api, gpu_library library, es_errors *errors);

#endif
