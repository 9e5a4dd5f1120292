/* Stands in for CUPTI, on top of the fake driver, with NVIDIA's header: what of a replay is
 * recorded are its kernels, which end 1 us before the next one begins, and with the driver's
 * "fills" what is in front of them. Buffers take a few records each and are completed by another
 * thread, in the reverse order. FAKE_CUPTI names a fault: "denied", "busy" (another tool has it),
 * "mute" (what is recorded cannot be had), "held" (only when forced), "drops", "doubles",
 * "no-times", "swaps" (the order of two nodes, in every second pair of replays), "slow" (kernels
 * take 2 us longer). */
#include <cupti.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_RECORDS = 4096, RECORDS_PER_BUFFER = 24, KINDS = 32, FIRST_NODE = 1000 };

static struct {
    CUpti_BuffersCallbackRequestFunc request;
    CUpti_BuffersCallbackCompleteFunc complete;
    bool enabled[KINDS];
    size_t n, n_replays;
    struct {
        CUpti_ActivityKind kind;
        uint64_t start_ns, end_ns, node;
    } records[MOST_RECORDS];
} cupti;

static bool has_fault(const char *variable, const char *fault) {
    const char *set = getenv(variable);
    return set != NULL && strcmp(set, fault) == 0;
}

CUptiResult CUPTIAPI cuptiGetVersion(uint32_t *version) {
    *version = CUPTI_API_VERSION;
    return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiGetResultString(CUptiResult result, const char **text) {
    *text = result == CUPTI_ERROR_INSUFFICIENT_PRIVILEGES ? "CUPTI_ERROR_INSUFFICIENT_PRIVILEGES"
                                                          : "a fake error";
    return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiActivityRegisterCallbacks(CUpti_BuffersCallbackRequestFunc request,
                                                    CUpti_BuffersCallbackCompleteFunc complete) {
    if (has_fault("FAKE_CUPTI", "busy") || cupti.request != NULL)
        return CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED;
    cupti.request = request;
    cupti.complete = complete;
    return CUPTI_SUCCESS;
}

/* ---- Recording */

static void add(CUpti_ActivityKind kind, double start_us, double end_us, uint64_t node) {
    bool timed = !has_fault("FAKE_CUPTI", "no-times");
    if (!cupti.enabled[kind] || cupti.n == MOST_RECORDS)
        return;
    cupti.records[cupti.n].kind = kind;
    cupti.records[cupti.n].start_ns = timed ? (uint64_t)(start_us * 1e3) : 0;
    cupti.records[cupti.n].end_ns = timed ? (uint64_t)(end_us * 1e3) : 0;
    cupti.records[cupti.n++].node = node;
}

/* Half of a kernel's time goes to what is in front of it. */
static double replay(double start_us, size_t n_kernels, double kernel_us) {
    bool fills = has_fault("FAKE_CUDA", "fills");
    if (!cupti.enabled[CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL])
        return kernel_us;
    kernel_us += has_fault("FAKE_CUPTI", "slow") ? 2 : 0;
    bool swaps = has_fault("FAKE_CUPTI", "swaps") && cupti.n_replays++ / 2 % 2 == 1;
    add(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL, start_us, start_us + 1, 0); /* of no graph */
    for (size_t i = 0; i < n_kernels; i++) {
        double at_us = 1000 + start_us + kernel_us * (double)i, middle_us = at_us + kernel_us / 2;
        uint64_t node = FIRST_NODE + 2 * (swaps && i < 2 ? 1 - i : i);
        if (fills)
            add(i % 2 == 0 ? CUPTI_ACTIVITY_KIND_MEMSET : CUPTI_ACTIVITY_KIND_MEMCPY, at_us,
                middle_us, node + 1);
        if (i + 1 < n_kernels || !has_fault("FAKE_CUPTI", "drops"))
            add(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL, fills ? middle_us : at_us,
                at_us + kernel_us - 1, node);
    }
    if (has_fault("FAKE_CUPTI", "doubles"))
        cupti.records[cupti.n] = cupti.records[cupti.n - 1], cupti.n++;
    return kernel_us;
}

CUptiResult CUPTIAPI cuptiActivityEnable(CUpti_ActivityKind kind) {
    void *driver = dlopen(getenv("EDGESPLIT_CUDA"), RTLD_NOW | RTLD_NOLOAD), *symbol = NULL;
    void (*watch)(double (*watcher)(double, size_t, double));
    if (has_fault("FAKE_CUPTI", "denied"))
        return CUPTI_ERROR_INSUFFICIENT_PRIVILEGES;
    if (driver == NULL || cupti.request == NULL)
        return CUPTI_ERROR_NOT_INITIALIZED;
    symbol = dlsym(driver, "fake_cuda_watch");
    memcpy(&watch, &symbol, sizeof watch);
    watch(replay);
    dlclose(driver);
    cupti.enabled[kind] = true;
    return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiActivityDisable(CUpti_ActivityKind kind) {
    cupti.enabled[kind] = false;
    return CUPTI_SUCCESS;
}

/* ---- Delivering */

/* A record of each kind that is enabled; all as long as the longest. */
typedef union record {
    CUpti_Activity any;
    CUpti_ActivityKernel10 kernel;
    CUpti_ActivityMemset4 set;
    CUpti_ActivityMemcpy6 copy;
} record;

static void fill(record *to, size_t i) {
    uint64_t start = cupti.records[i].start_ns, end = cupti.records[i].end_ns;
    memset(to, 0xff, sizeof *to);
    if (cupti.records[i].kind == CUPTI_ACTIVITY_KIND_MEMSET) {
        to->set.start = start;
        to->set.end = end;
        to->set.graphNodeId = cupti.records[i].node;
    } else if (cupti.records[i].kind == CUPTI_ACTIVITY_KIND_MEMCPY) {
        to->copy.start = start;
        to->copy.end = end;
        to->copy.graphNodeId = cupti.records[i].node;
    } else {
        to->kernel.start = start;
        to->kernel.end = end;
        to->kernel.graphNodeId = cupti.records[i].node;
    }
    to->any.kind = cupti.records[i].kind;
}

typedef struct delivery {
    uint8_t *buffer;
    size_t bytes, valid_bytes;
} delivery;

static void *deliver(void *argument) {
    const delivery *d = argument;
    cupti.complete(NULL, 0, d->buffer, d->bytes, d->valid_bytes);
    return NULL;
}

static void deliver_all(void) {
    while (cupti.n > 0) {
        delivery d = {0};
        size_t most = 0;
        pthread_t thread;
        cupti.request(&d.buffer, &d.bytes, &most);
        for (size_t i = 0; i < RECORDS_PER_BUFFER && cupti.n > 0; i++) {
            cupti.n--;
            if (d.valid_bytes + sizeof(record) > d.bytes)
                continue; /* dropped */
            fill((record *)(void *)(d.buffer + d.valid_bytes), cupti.n);
            d.valid_bytes += sizeof(record);
        }
        if (pthread_create(&thread, NULL, deliver, &d) == 0)
            pthread_join(thread, NULL);
    }
}

CUptiResult CUPTIAPI cuptiActivityFlushAll(uint32_t flags) {
    if (has_fault("FAKE_CUPTI", "mute"))
        return CUPTI_ERROR_UNKNOWN;
    if (!has_fault("FAKE_CUPTI", "held") || (flags & CUPTI_ACTIVITY_FLAG_FLUSH_FORCED) != 0)
        deliver_all();
    return CUPTI_SUCCESS;
}

CUptiResult CUPTIAPI cuptiActivityGetNextRecord(uint8_t *buffer, size_t valid_bytes,
                                                CUpti_Activity **next) {
    uint8_t *at = *next == NULL ? buffer : (uint8_t *)(void *)*next + sizeof(record);
    if (at + sizeof(record) > buffer + valid_bytes)
        return CUPTI_ERROR_MAX_LIMIT_REACHED;
    *next = (CUpti_Activity *)(void *)at;
    return CUPTI_SUCCESS;
}
