/* A slice of the GPU: a green context with some of its multiprocessors. */
#include "cudnn_parts.h"

#include <string.h>

/* Multiprocessors that any GPU may number, and blocks of the proof: each gets many. */
enum { MOST_SMS = 1024, BLOCKS_PER_SM = 64, THREADS = 64 };

/* Counts on how many multiprocessors a kernel of the device's stream runs. */
static es_status prove(es_device *device, es_errors *errors) {
    const gpu_api *api = &device->api;
    unsigned blocks[MOST_SMS] = {0};
    CUdeviceptr counts = 0;
    CUresult result = api->cuMemAlloc(&counts, sizeof blocks);
    if (result == CUDA_SUCCESS)
        result = api->cuMemsetD8(counts, 0, sizeof blocks);
    if (result == CUDA_SUCCESS)
        result =
            gpu_launch(device, GPU_KERNEL_COUNT_BLOCKS, (unsigned)(BLOCKS_PER_SM * device->n_sms),
                       THREADS, (void *[]){&counts});
    if (result == CUDA_SUCCESS)
        result = api->cuStreamSynchronize(device->stream);
    if (result == CUDA_SUCCESS)
        result = api->cuMemcpyDtoH(blocks, counts, sizeof blocks);
    if (counts != 0)
        (void)api->cuMemFree(counts);
    device->seen_sms = 0;
    for (size_t sm = 0; sm < MOST_SMS; sm++)
        device->seen_sms += blocks[sm] > 0;
    return gpu_check(device, result, "count of multiprocessors", errors);
}

static CUresult split(es_device *device, unsigned sms, CUdevResource *part) {
    const gpu_api *api = &device->api;
    CUdevResource whole, rest;
    CUdevResourceDesc description = NULL;
    unsigned n = 1;
    memset(&whole, 0, sizeof whole);
    memset(&rest, 0, sizeof rest);
    CUresult result = api->cuDeviceGetDevResource(device->number, &whole, CU_DEV_RESOURCE_TYPE_SM);
    if (result == CUDA_SUCCESS)
        result = api->cuDevSmResourceSplitByCount(part, &n, &whole, &rest, 0, sms);
    if (result == CUDA_SUCCESS)
        result = api->cuDevResourceGenerateDesc(&description, part, 1);
    if (result == CUDA_SUCCESS)
        result = api->cuGreenCtxCreate(&device->slice, description, device->number,
                                       CU_GREEN_CTX_DEFAULT_STREAM);
    if (result == CUDA_SUCCESS)
        result =
            api->cuGreenCtxStreamCreate(&device->stream, device->slice, CU_STREAM_NON_BLOCKING, 0);
    if (result == CUDA_SUCCESS)
        result = api->cuGreenCtxGetDevResource(device->slice, part, CU_DEV_RESOURCE_TYPE_SM);
    return result;
}

static es_status create_slice(es_device *device, int64_t sms, es_errors *errors) {
    const gpu_api *api = &device->api;
    CUdevResource part;
    memset(&part, 0, sizeof part);
    if (api->cuDeviceGetDevResource == NULL || api->cuDevSmResourceSplitByCount == NULL ||
        api->cuDevResourceGenerateDesc == NULL || api->cuGreenCtxCreate == NULL ||
        api->cuGreenCtxDestroy == NULL || api->cuGreenCtxStreamCreate == NULL ||
        api->cuGreenCtxGetDevResource == NULL)
        return es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                             "setting: sm:%lld needs green contexts, which came with CUDA 12.4; "
                             "the driver is for CUDA %d.%d",
                             (long long)sms, device->driver_version / 1000,
                             device->driver_version % 1000 / 10);
    if (sms > device->n_sms)
        return es_errors_add(errors, ES_USAGE, NULL, 0,
                             "setting: sm:%lld; this GPU has %d multiprocessors", (long long)sms,
                             device->n_sms);
    es_status status = gpu_check(device, split(device, (unsigned)sms, &part), "slice", errors);
    if (status != ES_OK)
        return status;
    device->slice_sms = (int)part.sm.smCount;
    if (device->slice_sms != sms)
        return es_errors_add(errors, ES_USAGE, NULL, 0,
                             "setting: sm:%lld cannot be had exactly, this GPU gives %d; ask for "
                             "that",
                             (long long)sms, device->slice_sms);
    return ES_OK;
}

es_status gpu_slice(es_device *device, int64_t sms, es_errors *errors) {
    es_status status = ES_OK;
    if (sms > 0)
        status = create_slice(device, sms, errors);
    else
        status =
            gpu_check(device, device->api.cuStreamCreate(&device->stream, CU_STREAM_NON_BLOCKING),
                      "stream", errors);
    if (status == ES_OK)
        status = prove(device, errors);
    if (status == ES_OK && sms > 0 && device->seen_sms != device->slice_sms)
        status = es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                               "setting: sm:%lld was granted, but %%smid shows a kernel on %d "
                               "multiprocessors: not a slice",
                               (long long)sms, device->seen_sms);
    return status;
}
