/* Our own kernels: compiled by NVRTC, which cuDNN needs for its own as well, loaded and launched.
 */
#include "cudnn_code.h"

#include "cudnn_parts.h"

#include "edgesplit/alloc.h"

static es_status check(const gpu_api *api, nvrtcResult result, const char *what, nvrtcProgram made,
                       es_errors *errors) {
    size_t size = 0;
    char *log = NULL;
    if (result == NVRTC_SUCCESS)
        return ES_OK;
    if (result == NVRTC_ERROR_COMPILATION &&
        api->nvrtcGetProgramLogSize(made, &size) == NVRTC_SUCCESS &&
        (log = es_alloc(size + 1, 1)) != NULL)
        (void)api->nvrtcGetProgramLog(made, log);
    es_status status = es_errors_add(errors, ES_INTERNAL, api->paths[GPU_NVRTC], 0,
                                     "NVRTC refuses %s (nvrtcResult %d)%s%s", what, (int)result,
                                     log != NULL ? ": " : "", log != NULL ? log : "");
    free(log);
    return status;
}

es_status gpu_compile_kernels(const gpu_api *api, int major, int minor, char **code, size_t *size,
                              es_errors *errors) {
    char architecture[48];
    const char *options[] = {architecture};
    nvrtcProgram made = NULL;
    snprintf(architecture, sizeof architecture, "--gpu-architecture=sm_%d%d", major, minor);
    *code = NULL;
    es_status status = check(
        api,
        api->nvrtcCreateProgram(&made, (const char *)gpu_source, "cudnn_kernels.cu", 0, NULL, NULL),
        "a program", NULL, errors);
    if (status == ES_OK)
        status = check(api, api->nvrtcCompileProgram(made, 1, options), architecture, made, errors);
    if (status == ES_OK)
        status = check(api, api->nvrtcGetCUBINSize(made, size), "its code", made, errors);
    if (status == ES_OK && (*code = es_alloc(*size, 1)) == NULL)
        status = es_errors_no_memory(errors, NULL);
    if (status == ES_OK)
        status = check(api, api->nvrtcGetCUBIN(made, *code), "its code", made, errors);
    if (status != ES_OK) {
        free(*code);
        *code = NULL;
    }
    if (made != NULL)
        (void)api->nvrtcDestroyProgram(&made);
    return status;
}

es_status gpu_load_kernels(es_device *device, es_errors *errors) {
    static const char *const names[GPU_N_KERNELS][2] = {
        [GPU_KERNEL_MOVE] = {"move_fp32", "move_fp16"},
        [GPU_KERNEL_SOFTMAX] = {"softmax_fp32", "softmax_fp16"},
        [GPU_KERNEL_LAYER_NORM] = {"layer_norm_fp32", "layer_norm_fp16"},
        [GPU_KERNEL_PROBE_CLOCK] = {"probe_clock", "probe_clock"},
        [GPU_KERNEL_COUNT_BLOCKS] = {"count_blocks", "count_blocks"},
    };
    const gpu_api *api = &device->api;
    bool half = device->setting.precision == GPU_FP16;
    int major = 0, minor = 0;
    char *code = NULL;
    size_t size = 0;
    CUresult result = api->cuDeviceGetAttribute(
        &major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device->number);
    if (result == CUDA_SUCCESS)
        result = api->cuDeviceGetAttribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
                                           device->number);
    es_status status = gpu_check(device, result, "compute capability", errors);
    if (status == ES_OK)
        status = gpu_compile_kernels(api, major, minor, &code, &size, errors);
    if (status == ES_OK)
        status = gpu_check(
            device, api->cuLibraryLoadData(&device->library, code, NULL, NULL, 0, NULL, NULL, 0),
            "our own kernels", errors);
    for (int k = 0; status == ES_OK && k < GPU_N_KERNELS; k++) {
        CUkernel kernel = NULL;
        status =
            gpu_check(device, api->cuLibraryGetKernel(&kernel, device->library, names[k][half]),
                      names[k][half], errors);
        device->kernels[k] = (CUfunction)kernel; /* what cuLaunchKernel takes too */
    }
    free(code);
    return status;
}

CUresult gpu_launch(const es_device *device, gpu_kernel kernel, unsigned blocks, unsigned threads,
                    void **arguments) {
    return device->api.cuLaunchKernel(device->kernels[kernel], blocks, 1, 1, threads, 1, 1, 0,
                                      device->stream, arguments, NULL);
}

/* Longer than the host needs to queue a pass, and than many ticks of the GPU's timer. */
static const unsigned long long probe_ns = 400000;

CUresult gpu_queue_probe(const es_device *device) {
    CUdeviceptr out = device->probe;
    unsigned long long ns = probe_ns;
    return gpu_launch(device, GPU_KERNEL_PROBE_CLOCK, 1, 1, (void *[]){&out, &ns});
}

CUresult gpu_read_probe(const es_device *device, double *mhz) {
    unsigned long long seen[2] = {0, 0}; /* nanoseconds, cycles */
    CUresult result = device->api.cuMemcpyDtoH(seen, device->probe, sizeof seen);
    *mhz = seen[0] > 0 ? (double)seen[1] * 1e3 / (double)seen[0] : 0;
    return result;
}
