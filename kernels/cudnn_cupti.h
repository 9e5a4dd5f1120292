/* CUPTI as far as kernels are timed with it: declared here, because its header does not come with
 * every installation of CUDA. All of it is part of CUPTI's ABI, the same in CUDA 12 and 13; the
 * fake that the tests use is built with NVIDIA's header, so that a difference shows. */
#ifndef KERNELS_CUDNN_CUPTI_H
#define KERNELS_CUDNN_CUPTI_H

#include <cuda.h>
#include <stddef.h>
#include <stdint.h>

enum { GPU_CUPTI_SUCCESS = 0, GPU_CUPTI_FLUSH_FORCED = 1 };

/* Kinds of activities: what nodes of a graph do on the GPU. */
enum { GPU_CUPTI_MEMCPY = 1, GPU_CUPTI_MEMSET = 2, GPU_CUPTI_KERNEL = 10 };

/* How records of these kinds begin (nanoseconds), and where each has the number of the graph node
 * that it is of, 0 if of none. */
typedef struct gpu_cupti_record {
    uint32_t kind;
    uint32_t of_kind[3];
    uint64_t start_ns, end_ns; /* both 0: not known */
} gpu_cupti_record;

enum {
    GPU_CUPTI_MEMCPY_NODE_AT = 64,
    GPU_CUPTI_MEMSET_NODE_AT = 64,
    GPU_CUPTI_KERNEL_NODE_AT = 144
};

typedef void (*gpu_cupti_request)(uint8_t **buffer, size_t *bytes, size_t *most_records);
typedef void (*gpu_cupti_complete)(CUcontext context, uint32_t stream, uint8_t *buffer,
                                   size_t bytes, size_t valid_bytes);

/* NOLINTBEGIN(readability-identifier-naming): these are its names. */
int cuptiGetVersion(uint32_t *version);
int cuptiGetResultString(int result, const char **text);
int cuptiActivityRegisterCallbacks(gpu_cupti_request request, gpu_cupti_complete complete);
int cuptiActivityEnable(int kind);
int cuptiActivityDisable(int kind);
int cuptiActivityFlushAll(uint32_t flags);
int cuptiActivityGetNextRecord(uint8_t *buffer, size_t valid_bytes, void **record);
/* NOLINTEND(readability-identifier-naming) */

#endif
