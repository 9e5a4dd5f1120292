/* Opening a GPU in the state that a setting asks for, and describing what was found. */
#include "cudnn_parts.h"

#include "host.h"

#include "edgesplit/alloc.h"

#include <math.h>
#include <time.h>
#include <unistd.h>

es_status gpu_check(const es_device *device, CUresult result, const char *what, es_errors *errors) {
    const char *name = NULL, *text = NULL;
    if (result == CUDA_SUCCESS)
        return ES_OK;
    (void)device->api.cuGetErrorName(result, &name);
    (void)device->api.cuGetErrorString(result, &text);
    es_status status = result == CUDA_ERROR_OUT_OF_MEMORY ? ES_NO_MEMORY : ES_INTERNAL;
    return es_errors_add(errors, status, NULL, 0, "the GPU's driver refuses the %s: %s (%s)", what,
                         text != NULL ? text : "no text", name != NULL ? name : "no name");
}

es_status gpu_check_dnn(const es_device *device, cudnnStatus_t result, const char *what,
                        es_errors *errors) {
    char reason[256] = "";
    if (result == CUDNN_STATUS_SUCCESS)
        return ES_OK;
    device->api.cudnnGetLastErrorString(reason, sizeof reason);
    es_status status = result == CUDNN_STATUS_ALLOC_FAILED     ? ES_NO_MEMORY
                       : CUDNN_STATUS_CATEGORY(result) == 3000 ? ES_UNAVAILABLE
                                                               : ES_INTERNAL;
    return es_errors_add(errors, status, NULL, 0, "cuDNN refuses %s: %s%s%s", what,
                         device->api.cudnnGetErrorString(result), reason[0] != '\0' ? ": " : "",
                         reason);
}

/* ---- Opening */

static es_status load_cudnn(es_device *device, es_errors *errors) {
    es_status status = gpu_load(&device->api, GPU_CUDNN, errors);
    if (status != ES_OK)
        return status;
    size_t version = device->api.cudnnGetVersion();
    if (version >= 90000 && version < 100000)
        return ES_OK;
    return es_errors_add(errors, ES_UNAVAILABLE, device->api.paths[GPU_CUDNN], 0,
                         "cuDNN %zu.%zu.%zu; expected 9", version / 10000, version / 100 % 100,
                         version % 100);
}

/* All libraries are looked for, so that one run says everything that is missing. */
static es_status load_libraries(es_device *device, es_errors *errors) {
    es_status driver = gpu_load(&device->api, GPU_CUDA, errors);
    es_status cudnn = load_cudnn(device, errors);
    es_status nvrtc = gpu_load(&device->api, GPU_NVRTC, errors);
    return driver != ES_OK ? driver : cudnn != ES_OK ? cudnn : nvrtc;
}

static es_status find_gpu(es_device *device, es_errors *errors) {
    const gpu_api *api = &device->api;
    int n = 0;
    CUresult result = api->cuInit(0);
    if (result == CUDA_SUCCESS)
        result = api->cuDeviceGetCount(&n);
    const char *reason = NULL;
    if (result != CUDA_SUCCESS)
        (void)api->cuGetErrorString(result, &reason);
    if (result != CUDA_SUCCESS || n == 0)
        return es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                             "there is no GPU that the driver can use (%s)",
                             reason != NULL ? reason : "it counts none");
    if (device->setting.device >= n)
        return es_errors_add(errors, ES_USAGE, NULL, 0,
                             "setting: gpu:%lld; this machine has GPUs 0 to %d",
                             (long long)device->setting.device, n - 1);
    result = api->cuDeviceGet(&device->number, (int)device->setting.device);
    if (result == CUDA_SUCCESS)
        result = api->cuDeviceGetName(device->name, sizeof device->name, device->number);
    if (result == CUDA_SUCCESS)
        result = api->cuDeviceGetPCIBusId(device->pci, sizeof device->pci, device->number);
    if (result == CUDA_SUCCESS)
        result = api->cuDeviceGetAttribute(&device->n_sms, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT,
                                           device->number);
    if (result == CUDA_SUCCESS)
        result = api->cuDriverGetVersion(&device->driver_version);
    if (result == CUDA_SUCCESS)
        result = api->cuDevicePrimaryCtxRetain(&device->context, device->number);
    if (result == CUDA_SUCCESS)
        result = api->cuCtxSetCurrent(device->context);
    return gpu_check(device, result, "GPU", errors);
}

static es_status create_objects(es_device *device, es_errors *errors) {
    const gpu_api *api = &device->api;
    CUresult result = api->cuEventCreate(&device->before, 0);
    if (result == CUDA_SUCCESS)
        result = api->cuEventCreate(&device->after, 0);
    if (result == CUDA_SUCCESS)
        result = api->cuMemAlloc(&device->probe, 2 * sizeof(unsigned long long));
    es_status status = gpu_check(device, result, "events", errors);
    if (status == ES_OK)
        status = gpu_load_kernels(device, errors);
    if (status == ES_OK)
        status = gpu_slice(device, device->setting.sms, errors);
    if (status == ES_OK)
        status = gpu_check_dnn(device, api->cudnnCreate(&device->handle), "a handle", errors);
    if (status == ES_OK)
        status =
            gpu_check_dnn(device, api->cudnnSetStream(device->handle, (cudaStream_t)device->stream),
                          "the stream", errors);
    return status;
}

/* ---- Clocks */

static es_status probe_mhz(es_device *device, double *mhz, es_errors *errors) {
    CUresult result = gpu_queue_probe(device);
    if (result == CUDA_SUCCESS)
        result = device->api.cuStreamSynchronize(device->stream);
    if (result == CUDA_SUCCESS)
        result = gpu_read_probe(device, mhz);
    return gpu_check(device, result, "clock probe", errors);
}

/* Waits until the device itself shows the locked clock. */
static es_status verify_clock(es_device *device, es_errors *errors) {
    enum { TRIES = 40 };
    const struct timespec pause = {0, 50000000};
    double mhz = 0;
    es_status status = ES_OK;
    for (int i = 0; status == ES_OK && i < TRIES; i++) {
        status = probe_mhz(device, &mhz, errors);
        if (status == ES_OK && fabs(mhz / device->wanted_mhz - 1) <= 0.02)
            return ES_OK;
        (void)nanosleep(&pause, NULL);
    }
    if (status != ES_OK)
        return status;
    const char *cause =
        device->nvml != NULL ? es_nvml_throttled(es_nvml_reasons(device->nvml)) : "";
    return es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                         "setting: locked to %.0f MHz, but the GPU runs at %.0f MHz%s%s",
                         device->wanted_mhz, mhz, cause[0] != '\0' ? ": " : "", cause);
}

static es_status lock_clock(es_device *device, es_errors *errors) {
    unsigned locked_mhz = 0;
    es_status status = es_clock_guard_lock(device->guard, device->pci,
                                           device->setting.clock_hz / 1e6, &locked_mhz, errors);
    device->wanted_mhz = locked_mhz;
    return status;
}

/* NVML only tells more: it is needed for nothing but a locked clock. */
static void open_nvml(es_device *device) {
    es_errors errors;
    es_errors_init(&errors);
    if (es_nvml_open(device->pci, &device->nvml, &errors) != ES_OK)
        snprintf(device->nvml_reason, sizeof device->nvml_reason, "%.*s",
                 (int)sizeof device->nvml_reason - 1, errors.records[0].text);
}

/* Without CUPTI units are timed in another way, unless the setting asks for it. */
static es_status open_tracer(es_device *device, es_errors *errors) {
    if (device->setting.stamps == GPU_STAMPS_CUPTI)
        return gpu_tracer_create(&device->api, &device->tracer, errors);
    es_errors found;
    es_errors_init(&found);
    if (device->setting.stamps != GPU_STAMPS_AUTO)
        return ES_OK;
    es_status status = gpu_tracer_create(&device->api, &device->tracer, &found);
    if (status == ES_UNAVAILABLE)
        snprintf(device->cupti_reason, sizeof device->cupti_reason, "%.*s",
                 (int)sizeof device->cupti_reason - 1, found.records[0].text);
    return status == ES_NO_MEMORY ? es_errors_no_memory(errors, NULL) : ES_OK;
}

static es_status create_guard(es_device *device, es_errors *errors) {
    if (geteuid() != 0)
        return es_errors_add(errors, ES_USAGE, NULL, 0, "setting: only root may lock clocks");
    return es_clock_guard_create(&device->guard, errors);
}

es_status gpu_open(const gpu_setting *setting, es_device **device, es_errors *errors) {
    es_device *made = es_alloc(1, sizeof *made);
    if (made == NULL)
        return es_errors_no_memory(errors, NULL);
    made->setting = *setting;
    bool locks = setting->clock_hz > 0;
    es_status status = load_libraries(made, errors);
    if (status == ES_OK && locks)
        status = create_guard(made, errors);
    if (status == ES_OK)
        status = find_gpu(made, errors);
    if (status == ES_OK)
        open_nvml(made);
    if (status == ES_OK && locks)
        status = lock_clock(made, errors);
    if (status == ES_OK)
        status = create_objects(made, errors);
    if (status == ES_OK)
        status = open_tracer(made, errors);
    if (status == ES_OK && locks)
        status = verify_clock(made, errors);
    if (status == ES_OK) {
        *device = made;
        made = NULL;
    }
    gpu_close(made);
    return status;
}

es_status gpu_open_without_gpu(const gpu_setting *setting, const char *properties, size_t length,
                               es_device **device, es_errors *errors) {
    es_device *made = es_alloc(1, sizeof *made);
    if (made == NULL)
        return es_errors_no_memory(errors, NULL);
    made->setting = *setting;
    es_status status = load_cudnn(made, errors);
    const gpu_api *api = &made->api;
    cudnnStatus_t result = CUDNN_STATUS_SUCCESS;
    if (status == ES_OK)
        result = api->cudnnBackendCreateDescriptor(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR,
                                                   &made->properties);
    if (status == ES_OK && result == CUDNN_STATUS_SUCCESS)
        result = api->cudnnBackendSetAttribute(made->properties,
                                               CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION,
                                               CUDNN_TYPE_CHAR, (int64_t)length, properties);
    if (status == ES_OK && result == CUDNN_STATUS_SUCCESS)
        result = api->cudnnBackendFinalize(made->properties);
    if (status == ES_OK)
        status = gpu_check_dnn(made, result, "the properties of a device", errors);
    if (status == ES_OK) {
        *device = made;
        made = NULL;
    }
    gpu_close(made);
    return status;
}

es_status gpu_properties(es_device *device, char **text, es_errors *errors) {
    const gpu_api *api = &device->api;
    cudnnBackendDescriptor_t described = NULL;
    int32_t number = (int32_t)device->setting.device;
    int64_t n = 0;
    char *made = NULL;
    cudnnStatus_t result =
        api->cudnnBackendCreateDescriptor(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, &described);
    if (result == CUDNN_STATUS_SUCCESS)
        result = api->cudnnBackendSetAttribute(described, CUDNN_ATTR_DEVICEPROP_DEVICE_ID,
                                               CUDNN_TYPE_INT32, 1, &number);
    if (result == CUDNN_STATUS_SUCCESS)
        result = api->cudnnBackendFinalize(described);
    if (result == CUDNN_STATUS_SUCCESS)
        result = api->cudnnBackendGetAttribute(described, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION,
                                               CUDNN_TYPE_CHAR, 0, &n, NULL);
    if (result == CUDNN_STATUS_SUCCESS && (made = es_alloc((size_t)n + 1, 1)) != NULL)
        result = api->cudnnBackendGetAttribute(described, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION,
                                               CUDNN_TYPE_CHAR, n, &n, made);
    es_status status = gpu_check_dnn(device, result, "the properties of the device", errors);
    if (described != NULL)
        (void)api->cudnnBackendDestroyDescriptor(described);
    if (status == ES_OK && made == NULL)
        status = es_errors_no_memory(errors, NULL);
    if (status == ES_OK) {
        *text = made;
        made = NULL;
    }
    free(made);
    return status;
}

static void close_gpu(es_device *device) {
    const gpu_api *api = &device->api;
    if (device->handle != NULL)
        (void)api->cudnnDestroy(device->handle);
    if (device->library != NULL)
        (void)api->cuLibraryUnload(device->library);
    if (device->probe != 0)
        (void)api->cuMemFree(device->probe);
    if (device->before != NULL)
        (void)api->cuEventDestroy(device->before);
    if (device->after != NULL)
        (void)api->cuEventDestroy(device->after);
    if (device->stream != NULL)
        (void)api->cuStreamDestroy(device->stream);
    if (device->slice != NULL)
        (void)api->cuGreenCtxDestroy(device->slice);
    if (device->context != NULL)
        (void)api->cuDevicePrimaryCtxRelease(device->number);
}

void gpu_close(es_device *device) {
    if (device == NULL)
        return;
    es_errors errors;
    es_errors_init(&errors);
    /* The clocks first: what follows may fail on a GPU in a bad state. */
    if (es_clock_guard_destroy(device->guard, &errors) != ES_OK)
        es_errors_print(&errors, stderr);
    if (device->properties != NULL)
        (void)device->api.cudnnBackendDestroyDescriptor(device->properties);
    gpu_tracer_destroy(device->tracer);
    close_gpu(device);
    es_nvml_close(device->nvml);
    for (size_t i = 0; i < device->n_choices; i++)
        free(device->choices[i].graph);
    free(device->choices);
    free(device->plans.data);
    free(device->stamps.data);
    free(device);
}

/* ---- Describing */

void gpu_observe(const es_device *device, es_facts *facts) {
    es_facts_add(facts, "stamps", "%s", device->stamps.data != NULL ? device->stamps.data : "");
    es_facts_add(facts, "plans", "%s", device->plans.data != NULL ? device->plans.data : "");
    if (device->n_traces > 0)
        es_facts_add(facts, "traces", "%zu passes, %zu of them incomplete and dropped",
                     device->n_traces, device->n_incomplete);
    es_facts_add(facts, "sm-clock",
                 "%.0f to %.0f MHz in %zu probes of the device, %zu off by more "
                 "than 2 %%; %s %.0f MHz",
                 device->least_mhz, device->greatest_mhz, device->n_probes, device->n_off,
                 device->guard != NULL ? "locked to" : "not locked, at first", device->wanted_mhz);
    if (device->nvml == NULL) {
        es_facts_add(facts, "nvml", "not used: %s", device->nvml_reason);
        return;
    }
    uint64_t reasons = es_nvml_reasons(device->nvml);
    const char *throttled = es_nvml_throttled(reasons);
    es_facts_add(facts, "memory-clock", "%u MHz", es_nvml_memory_mhz(device->nvml));
    es_facts_add(facts, "clock-reasons", "0x%llx%s%s", (unsigned long long)reasons,
                 throttled[0] != '\0' ? ", throttled: " : "", throttled);
}

void gpu_describe(const es_device *device, es_facts *facts) {
    static const char *const precisions[] = {
        [GPU_FP32] = "fp32; without TF32 and Winograd",
        [GPU_TF32] = "tf32; fp32 tensors, products rounded to TF32 where the kernel does",
        [GPU_FP16] = "fp16; fp16 tensors, sums in fp32"};
    size_t version = device->api.cudnnGetVersion();
    int major = 0, minor = 0;
    (void)device->api.nvrtcVersion(&major, &minor);
    es_facts_add(facts, "device", "%s", device->name);
    es_facts_add(facts, "multiprocessors", "%d", device->n_sms);
    if (device->setting.sms > 0)
        es_facts_add(facts, "slice",
                     "sm_slice:%d/%d, a kernel seen on %d by %%smid; memory and L2 are not sliced",
                     device->slice_sms, device->n_sms, device->seen_sms);
    es_facts_add(facts, "driver", "CUDA %d.%d", device->driver_version / 1000,
                 device->driver_version % 1000 / 10);
    es_facts_add(facts, "library", "cuDNN %zu.%zu.%zu, NVRTC %d.%d", version / 10000,
                 version / 100 % 100, version % 100, major, minor);
    es_facts_add(facts, "precision", "%s", precisions[device->setting.precision]);
    es_facts_add(facts, "layout", "channels last; tensors that are no maps row by row");
    es_facts_add(
        facts, "fusion",
        "batch norm in the weights; bias, activation and residual in the kernel or behind "
        "it, whichever was faster; moves, softmax and layer norm are kernels of edgesplit");
    if (device->guard != NULL)
        es_facts_add(facts, "clock", "%gMHz", device->wanted_mhz);
}
