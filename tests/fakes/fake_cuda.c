/* Stands in for NVIDIA's driver: memory is the host's, kernels do nothing but the two that are
 * asked about the device, graphs remember how many kernels were captured, and a kernel takes 10 us
 * on the clock of events. FAKE_CUDA names a fault: "no-gpu", "no-memory" (1 MiB in all),
 * "slow-clock" (the probe shows half of the clock), "no-slice" (kernels run everywhere), "fills"
 * (in front of each kernel of a graph memory is set or copied), "no-nodes" (graphs do not tell). */
#include <cuda.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SMS = 132, MOST_NODES = 65536 };

static bool has_fault(const char *fault) {
    const char *set = getenv("FAKE_CUDA");
    return set != NULL && strcmp(set, fault) == 0;
}

/* Time of the device, microseconds, and what is being captured. */
static double now_us;
static bool capturing;

struct CUevent_st {
    double at_us;
};

/* A graph: its kernels, and the events between them. */
struct CUgraph_st {
    size_t n_kernels, n_events;
    struct {
        size_t behind;
        CUevent event;
    } events[1024];
};
static struct CUgraph_st captured;

/* Also called by the fake cuDNN, for every execution. True: it is being captured. */
bool fake_cuda_run_kernel(double us);
bool fake_cuda_run_kernel(double us) {
    if (capturing)
        captured.n_kernels++;
    else
        now_us += us;
    return capturing;
}

enum { KERNEL_US = 10 };

/* The fake CUPTI is shown every replay, and says how long a kernel takes. */
static double (*watch)(double start_us, size_t n_kernels, double kernel_us);
void fake_cuda_watch(double (*watcher)(double start_us, size_t n_kernels, double kernel_us));
void fake_cuda_watch(double (*watcher)(double start_us, size_t n_kernels, double kernel_us)) {
    watch = watcher;
}

CUresult CUDAAPI cuInit(unsigned flags) {
    (void)flags;
    return has_fault("no-gpu") ? CUDA_ERROR_NO_DEVICE : CUDA_SUCCESS;
}

CUresult CUDAAPI cuGetErrorName(CUresult error, const char **text) {
    *text = error == CUDA_ERROR_NO_DEVICE ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_FAKE";
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGetErrorString(CUresult error, const char **text) {
    *text = error == CUDA_ERROR_NO_DEVICE ? "no CUDA-capable device is detected" : "a fake error";
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDriverGetVersion(int *version) {
    *version = 13000;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetCount(int *n) {
    *n = 1;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGet(CUdevice *device, int ordinal) {
    *device = ordinal;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetName(char *name, int length, CUdevice device) {
    (void)device;
    snprintf(name, (size_t)length, "Fake GPU");
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetPCIBusId(char *pci, int length, CUdevice device) {
    (void)device;
    snprintf(pci, (size_t)length, "0000:01:00.0");
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device) {
    (void)device;
    *value = attribute == CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT       ? SMS
             : attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR ? 9
                                                                         : 0;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device) {
    (void)device;
    *context = (CUcontext)&now_us;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDevicePrimaryCtxRelease(CUdevice device) {
    (void)device;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuCtxSetCurrent(CUcontext context) {
    (void)context;
    return CUDA_SUCCESS;
}

/* ---- Memory */

static size_t used_bytes;

CUresult CUDAAPI cuMemGetInfo(size_t *free_bytes, size_t *total_bytes) {
    *total_bytes = 1 << 20;
    *free_bytes = used_bytes < *total_bytes ? *total_bytes - used_bytes : 0;
    return CUDA_SUCCESS;
}

/* In front of each allocation: how much it is. */
typedef union header {
    size_t bytes;
    char room[64];
} header;

CUresult CUDAAPI cuMemAlloc(CUdeviceptr *address, size_t bytes) {
    bool fits = !has_fault("no-memory") || used_bytes + bytes <= 1 << 20;
    header *memory = fits ? calloc(1, sizeof *memory + bytes) : NULL;
    if (memory == NULL)
        return CUDA_ERROR_OUT_OF_MEMORY;
    memory->bytes = bytes;
    used_bytes += bytes;
    *address = (CUdeviceptr)(memory + 1);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemFree(CUdeviceptr address) {
    header *memory = (header *)address - 1;
    used_bytes -= memory->bytes;
    free(memory);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemcpyHtoD(CUdeviceptr to, const void *from, size_t bytes) {
    memcpy((void *)to, from, bytes);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemcpyDtoH(void *to, CUdeviceptr from, size_t bytes) {
    memcpy(to, (const void *)from, bytes);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuMemsetD8(CUdeviceptr to, unsigned char byte, size_t bytes) {
    memset((void *)to, byte, bytes);
    return CUDA_SUCCESS;
}

/* ---- Streams, events, graphs */

CUresult CUDAAPI cuStreamCreate(CUstream *stream, unsigned flags) {
    (void)flags;
    *stream = (CUstream)calloc(1, 1);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuStreamDestroy(CUstream stream) {
    free(stream);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuStreamSynchronize(CUstream stream) {
    (void)stream;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuEventCreate(CUevent *event, unsigned flags) {
    (void)flags;
    *event = calloc(1, sizeof **event);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuEventDestroy(CUevent event) {
    free(event);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuEventRecord(CUevent event, CUstream stream) {
    (void)stream;
    event->at_us = now_us;
    return capturing ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : CUDA_SUCCESS;
}

CUresult CUDAAPI cuEventRecordWithFlags(CUevent event, CUstream stream, unsigned flags) {
    (void)stream;
    if (!capturing || flags != CU_EVENT_RECORD_EXTERNAL || captured.n_events == 1024)
        return CUDA_ERROR_INVALID_VALUE;
    captured.events[captured.n_events].behind = captured.n_kernels;
    captured.events[captured.n_events++].event = event;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuEventElapsedTime(float *ms, CUevent start, CUevent end) {
    *ms = (float)((end->at_us - start->at_us) / 1e3);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuStreamBeginCapture(CUstream stream, CUstreamCaptureMode mode) {
    (void)stream;
    (void)mode;
    memset(&captured, 0, sizeof captured);
    capturing = true;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuStreamEndCapture(CUstream stream, CUgraph *graph) {
    (void)stream;
    capturing = false;
    *graph = malloc(sizeof **graph);
    if (*graph == NULL)
        return CUDA_ERROR_OUT_OF_MEMORY;
    memcpy(*graph, &captured, sizeof captured);
    return CUDA_SUCCESS;
}

/* Nodes of a graph: what is in front of each kernel, the kernel, and one that does nothing. */
CUresult CUDAAPI cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *n) {
    static CUgraphNodeType types[] = {CU_GRAPH_NODE_TYPE_MEMSET, CU_GRAPH_NODE_TYPE_KERNEL,
                                      CU_GRAPH_NODE_TYPE_MEMCPY, CU_GRAPH_NODE_TYPE_KERNEL,
                                      CU_GRAPH_NODE_TYPE_EMPTY};
    bool fills = has_fault("fills");
    if (has_fault("no-nodes"))
        return CUDA_ERROR_NOT_SUPPORTED;
    *n = (fills ? 2 : 1) * graph->n_kernels + 1;
    for (size_t i = 0; nodes != NULL && i < *n; i++)
        nodes[i] = (CUgraphNode)&types[i + 1 == *n ? 4 : fills ? i % 4 : 1];
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGraphNodeGetType(CUgraphNode node, CUgraphNodeType *type) {
    *type = *(const CUgraphNodeType *)(const void *)node;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGraphInstantiateWithFlags(CUgraphExec *graph, CUgraph from,
                                             unsigned long long flags) {
    (void)flags;
    struct CUgraph_st *copy = malloc(sizeof *copy);
    if (copy == NULL)
        return CUDA_ERROR_OUT_OF_MEMORY;
    memcpy(copy, from, sizeof *copy);
    *graph = (CUgraphExec)copy;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGraphLaunch(CUgraphExec graph, CUstream stream) {
    (void)stream;
    const struct CUgraph_st *replayed = (const struct CUgraph_st *)graph;
    double us = watch != NULL ? watch(now_us, replayed->n_kernels, KERNEL_US) : KERNEL_US;
    for (size_t i = 0; i < replayed->n_events; i++)
        replayed->events[i].event->at_us = now_us + us * (double)replayed->events[i].behind;
    now_us += us * (double)replayed->n_kernels;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGraphDestroy(CUgraph graph) {
    free(graph);
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGraphExecDestroy(CUgraphExec graph) {
    free(graph);
    return CUDA_SUCCESS;
}

/* ---- Kernels: known by name */

static const char *const names[] = {"move",        "softmax",      "layer_norm",
                                    "probe_clock", "count_blocks", NULL};
static int slice_sms = SMS;

CUresult CUDAAPI cuLibraryLoadData(CUlibrary *library, const void *code, CUjit_option *jit,
                                   void **jit_values, unsigned n_jit, CUlibraryOption *options,
                                   void **option_values, unsigned n_options) {
    (void)jit;
    (void)jit_values;
    (void)n_jit;
    (void)options;
    (void)option_values;
    (void)n_options;
    *library = (CUlibrary)&captured;
    return memcmp(code, "\177ELF", 4) == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_IMAGE;
}

CUresult CUDAAPI cuLibraryUnload(CUlibrary library) {
    (void)library;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuLibraryGetKernel(CUkernel *kernel, CUlibrary library, const char *name) {
    (void)library;
    for (size_t i = 0; names[i] != NULL; i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0) {
            memcpy(kernel, &(const void *){&names[i]}, sizeof *kernel);
            return CUDA_SUCCESS;
        }
    return CUDA_ERROR_NOT_FOUND;
}

/* The clock that the fake NVML has locked, else its highest. */
static unsigned clock_mhz(void) {
    const char *path = getenv("FAKE_NVML_STATE");
    FILE *stream = path != NULL ? fopen(path, "r") : NULL;
    char line[64];
    unsigned mhz = 1545;
    while (stream != NULL && fgets(line, sizeof line, stream) != NULL)
        if (sscanf(line, "lock %u", &mhz) != 1)
            mhz = 1545;
    if (stream != NULL)
        fclose(stream);
    return has_fault("slow-clock") ? mhz / 2 : mhz;
}

/* As in kernels/cudnn_kernels.cu, in fp32. */
typedef struct view {
    int rank;
    unsigned dims[7];
    long long strides[7];
    long long offset;
} view;

static long long place(const view *v, unsigned i) {
    long long at = v->offset;
    for (int d = v->rank; d-- > 0; i /= v->dims[d])
        at += i % v->dims[d] * v->strides[d];
    return at;
}

static void compute_row(const char *name, long long n, float *to, const float *x,
                        void **arguments) {
    double greatest = -HUGE_VAL, sum = 0, squares = 0;
    for (long long i = 0; i < n; i++) {
        greatest = fmax(greatest, (double)x[i]);
        sum += (double)x[i] / (double)n;
    }
    for (long long i = 0; i < n; i++)
        squares += strcmp(name, "softmax") == 0
                       ? exp((double)x[i] - greatest)
                       : ((double)x[i] - sum) * ((double)x[i] - sum) / (double)n;
    for (long long i = 0; i < n; i++)
        if (strcmp(name, "softmax") == 0)
            to[i] = (float)(exp((double)x[i] - greatest) / squares);
        else
            to[i] = (float)(((double)x[i] - sum) / sqrt(squares + (double)*(float *)arguments[5]) *
                                (double)(*(float **)arguments[2])[i] +
                            (double)(*(float **)arguments[3])[i]);
}

static void compute(const char *name, unsigned blocks, void **arguments) {
    float *to = *(float **)arguments[0];
    const float *from = *(float **)arguments[1];
    if (strcmp(name, "move") == 0) {
        for (unsigned i = 0; i < *(unsigned *)arguments[4]; i++)
            to[place(arguments[2], i)] = from[place(arguments[3], i)];
        return;
    }
    long long n = *(long long *)arguments[strcmp(name, "softmax") == 0 ? 2 : 4];
    for (unsigned row = 0; row < blocks; row++)
        compute_row(name, n, to + row * n, from + row * n, arguments);
}

CUresult CUDAAPI cuLaunchKernel(CUfunction kernel, unsigned blocks, unsigned blocks_y,
                                unsigned blocks_z, unsigned threads, unsigned threads_y,
                                unsigned threads_z, unsigned shared, CUstream stream,
                                void **arguments, void **extra) {
    (void)blocks_y;
    (void)blocks_z;
    (void)threads_y;
    (void)threads_z;
    (void)shared;
    (void)stream;
    (void)extra;
    const char *name = *(const char *const *)(const void *)kernel;
    if (blocks == 0 || threads == 0)
        return CUDA_ERROR_INVALID_VALUE;
    if (strcmp(name, "probe_clock") == 0) {
        unsigned long long *out = *(unsigned long long **)arguments[0];
        out[0] = *(unsigned long long *)arguments[1];
        out[1] = out[0] * clock_mhz() / 1000;
    } else if (strcmp(name, "count_blocks") == 0) {
        unsigned *counts = *(unsigned **)arguments[0];
        int n = has_fault("no-slice") ? SMS : slice_sms;
        for (unsigned b = 0; b < blocks; b++)
            counts[b % (unsigned)n]++;
    } else if (fake_cuda_run_kernel(KERNEL_US) && getenv("FAKE_VALUES") != NULL) {
        compute(name, blocks, arguments);
    }
    return CUDA_SUCCESS;
}

/* ---- Green contexts: in steps of 8 multiprocessors */

CUresult CUDAAPI cuDeviceGetDevResource(CUdevice device, CUdevResource *resource,
                                        CUdevResourceType type) {
    (void)device;
    resource->type = type;
    resource->sm.smCount = SMS;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuDevSmResourceSplitByCount(CUdevResource *result, unsigned *n,
                                             const CUdevResource *input, CUdevResource *rest,
                                             unsigned flags, unsigned least) {
    (void)flags;
    *result = *rest = *input;
    result->sm.smCount = (least + 7) / 8 * 8;
    return *n == 1 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult CUDAAPI cuDevResourceGenerateDesc(CUdevResourceDesc *description, CUdevResource *resources,
                                           unsigned n) {
    slice_sms = (int)resources[0].sm.smCount;
    *description = (CUdevResourceDesc)&slice_sms;
    return n == 1 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult CUDAAPI cuGreenCtxCreate(CUgreenCtx *context, CUdevResourceDesc description,
                                  CUdevice device, unsigned flags) {
    (void)description;
    (void)device;
    (void)flags;
    *context = (CUgreenCtx)&slice_sms;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGreenCtxDestroy(CUgreenCtx context) {
    (void)context;
    slice_sms = SMS;
    return CUDA_SUCCESS;
}

CUresult CUDAAPI cuGreenCtxStreamCreate(CUstream *stream, CUgreenCtx context, unsigned flags,
                                        int priority) {
    (void)context;
    (void)priority;
    return cuStreamCreate(stream, flags);
}

CUresult CUDAAPI cuGreenCtxGetDevResource(CUgreenCtx context, CUdevResource *resource,
                                          CUdevResourceType type) {
    (void)context;
    resource->type = type;
    resource->sm.smCount = (unsigned)slice_sms;
    return CUDA_SUCCESS;
}
