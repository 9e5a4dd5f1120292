#include "nvml.h"

#include "edgesplit/alloc.h"

#include <dlfcn.h>
#include <math.h>
#include <string.h>

typedef struct nvml_gpu *handle;

/* The values of NVML's enumerations that are used here; they are part of its ABI. */
enum { NVML_SUCCESS = 0, CLOCK_SM = 1, CLOCK_MEMORY = 2, MAX_CLOCKS = 512 };

struct es_nvml {
    int (*init)(void);
    int (*shutdown)(void);
    const char *(*error_string)(int result);
    int (*handle_by_pci)(const char *pci, handle *gpu);
    int (*clock_info)(handle gpu, int clock, unsigned *mhz);
    int (*event_reasons)(handle gpu, unsigned long long *reasons);
    int (*memory_clocks)(handle gpu, unsigned *n, unsigned *mhz);
    int (*graphics_clocks)(handle gpu, unsigned memory_mhz, unsigned *n, unsigned *mhz);
    int (*lock)(handle gpu, unsigned least_mhz, unsigned greatest_mhz);
    int (*reset)(handle gpu);
    void *library;
    handle gpu;
};

/* The second name is that of older versions. */
static const struct {
    size_t offset;
    const char *names[2];
} functions[] = {
    {offsetof(es_nvml, init), {"nvmlInit_v2"}},
    {offsetof(es_nvml, shutdown), {"nvmlShutdown"}},
    {offsetof(es_nvml, error_string), {"nvmlErrorString"}},
    {offsetof(es_nvml, handle_by_pci), {"nvmlDeviceGetHandleByPciBusId_v2"}},
    {offsetof(es_nvml, clock_info), {"nvmlDeviceGetClockInfo"}},
    {offsetof(es_nvml, event_reasons),
     {"nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons"}},
    {offsetof(es_nvml, memory_clocks), {"nvmlDeviceGetSupportedMemoryClocks"}},
    {offsetof(es_nvml, graphics_clocks), {"nvmlDeviceGetSupportedGraphicsClocks"}},
    {offsetof(es_nvml, lock), {"nvmlDeviceSetGpuLockedClocks"}},
    {offsetof(es_nvml, reset), {"nvmlDeviceResetGpuLockedClocks"}},
};

static es_status find_functions(es_nvml *nvml, es_errors *errors) {
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        void *function = dlsym(nvml->library, functions[i].names[0]);
        if (function == NULL && functions[i].names[1] != NULL)
            function = dlsym(nvml->library, functions[i].names[1]);
        if (function == NULL)
            return es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                                 "NVML has no %s; a newer driver is needed", functions[i].names[0]);
        memcpy((char *)nvml + functions[i].offset, &function, sizeof function);
    }
    return ES_OK;
}

static es_status check(const es_nvml *nvml, int result, const char *what, es_errors *errors) {
    if (result == NVML_SUCCESS)
        return ES_OK;
    return es_errors_add(errors, ES_UNAVAILABLE, NULL, 0, "NVML refuses %s: %s", what,
                         nvml->error_string(result));
}

es_status es_nvml_open(const char *pci, es_nvml **nvml, es_errors *errors) {
    es_nvml *made = es_alloc(1, sizeof *made);
    if (made == NULL)
        return es_errors_no_memory(errors, NULL);
    const char *named = getenv("EDGESPLIT_NVML");
    made->library = dlopen(named != NULL ? named : "libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (made->library == NULL) {
        const char *reason = dlerror();
        free(made);
        return es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                             "NVML cannot be loaded: %s; it comes with the driver of an NVIDIA GPU",
                             reason != NULL ? reason : "no reason given");
    }
    es_status status = find_functions(made, errors);
    bool begun = false;
    if (status == ES_OK) {
        status = check(made, made->init(), "to start", errors);
        begun = status == ES_OK;
    }
    if (status == ES_OK)
        status = check(made, made->handle_by_pci(pci, &made->gpu), "the GPU", errors);
    if (status == ES_OK) {
        *nvml = made;
        return ES_OK;
    }
    if (begun)
        made->shutdown();
    dlclose(made->library);
    free(made);
    return status;
}

void es_nvml_close(es_nvml *nvml) {
    if (nvml == NULL)
        return;
    nvml->shutdown();
    dlclose(nvml->library);
    free(nvml);
}

static unsigned clock_mhz(const es_nvml *nvml, int clock) {
    unsigned mhz = 0;
    return nvml->clock_info(nvml->gpu, clock, &mhz) == NVML_SUCCESS ? mhz : 0;
}

unsigned es_nvml_sm_mhz(const es_nvml *nvml) {
    return clock_mhz(nvml, CLOCK_SM);
}

unsigned es_nvml_memory_mhz(const es_nvml *nvml) {
    return clock_mhz(nvml, CLOCK_MEMORY);
}

uint64_t es_nvml_reasons(const es_nvml *nvml) {
    unsigned long long reasons = 0;
    return nvml->event_reasons(nvml->gpu, &reasons) == NVML_SUCCESS ? reasons : 0;
}

const char *es_nvml_throttled(uint64_t reasons) {
    static const struct {
        uint64_t bit;
        const char *text;
    } causes[] = {{0x08, "hardware slow-down"},
                  {0x80, "hardware power brake"},
                  {0x40, "hardware thermal slow-down"},
                  {0x20, "thermal slow-down"},
                  {0x04, "power cap"}};
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++)
        if ((reasons & causes[i].bit) != 0)
            return causes[i].text;
    return "";
}

es_status es_nvml_nearest_mhz(const es_nvml *nvml, double mhz, unsigned *nearest,
                              es_errors *errors) {
    unsigned memory[MAX_CLOCKS], clocks[MAX_CLOCKS], n = MAX_CLOCKS, highest = 0;
    es_status status =
        check(nvml, nvml->memory_clocks(nvml->gpu, &n, memory), "to list memory clocks", errors);
    for (unsigned i = 0; status == ES_OK && i < n; i++)
        highest = memory[i] > highest ? memory[i] : highest;
    n = MAX_CLOCKS;
    if (status == ES_OK)
        status = check(nvml, nvml->graphics_clocks(nvml->gpu, highest, &n, clocks),
                       "to list clocks", errors);
    if (status == ES_OK && n == 0)
        status = es_errors_add(errors, ES_UNAVAILABLE, NULL, 0, "NVML lists no clocks");
    for (unsigned i = 0; status == ES_OK && i < n; i++) {
        bool nearer =
            isinf(mhz) ? clocks[i] > *nearest : fabs(clocks[i] - mhz) < fabs(*nearest - mhz);
        if (i == 0 || nearer)
            *nearest = clocks[i];
    }
    return status;
}

es_status es_nvml_lock(const es_nvml *nvml, unsigned mhz, es_errors *errors) {
    return check(nvml, nvml->lock(nvml->gpu, mhz, mhz), "to lock the clock (root is needed)",
                 errors);
}

es_status es_nvml_reset(const es_nvml *nvml, es_errors *errors) {
    return check(nvml, nvml->reset(nvml->gpu), "to reset the clocks", errors);
}
