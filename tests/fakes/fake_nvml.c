/* Stands in for NVML. Each change of the clocks is one line, "lock MHZ" or "reset", at
 * the end of the file FAKE_NVML_STATE, so that another process sees what is left when this one has
 * ended. FAKE_NVML names a fault: "denied" (no permission), "no-reset" (resetting fails), "hot"
 * (throttled). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int nvmlInit_v2(void);
int nvmlShutdown(void);
const char *nvmlErrorString(int result);
int nvmlDeviceGetHandleByPciBusId_v2(const char *pci, void **gpu);
int nvmlDeviceGetClockInfo(void *gpu, int clock, unsigned *mhz);
int nvmlDeviceGetCurrentClocksEventReasons(void *gpu, unsigned long long *reasons);
int nvmlDeviceGetSupportedMemoryClocks(void *gpu, unsigned *n, unsigned *mhz);
int nvmlDeviceGetSupportedGraphicsClocks(void *gpu, unsigned memory_mhz, unsigned *n,
                                         unsigned *mhz);
int nvmlDeviceSetGpuLockedClocks(void *gpu, unsigned least_mhz, unsigned greatest_mhz);
int nvmlDeviceResetGpuLockedClocks(void *gpu);

enum { SUCCESS = 0, NO_PERMISSION = 4, NOT_FOUND = 6, UNKNOWN = 999 };
enum { MEMORY_CLOCK = 2, MEMORY_MHZ = 7000, HIGHEST_MHZ = 1545, LOWEST_MHZ = 300, STEP_MHZ = 15 };

static int the_gpu;

static int has_fault(const char *fault) {
    const char *set = getenv("FAKE_NVML");
    return set != NULL && strcmp(set, fault) == 0;
}

/* The clock that the state file's last line leaves. */
static unsigned sm_mhz(void) {
    const char *path = getenv("FAKE_NVML_STATE");
    FILE *stream = path != NULL ? fopen(path, "r") : NULL;
    char line[64];
    unsigned mhz = HIGHEST_MHZ;
    while (stream != NULL && fgets(line, sizeof line, stream) != NULL)
        if (sscanf(line, "lock %u", &mhz) != 1)
            mhz = HIGHEST_MHZ;
    if (stream != NULL)
        fclose(stream);
    return mhz;
}

static int change(const char *format, unsigned mhz) {
    char line[64];
    FILE *stream = fopen(getenv("FAKE_NVML_STATE"), "a");
    if (stream == NULL)
        return UNKNOWN;
    snprintf(line, sizeof line, "%s %u\n", format, mhz);
    fputs(line, stream);
    return fclose(stream) == 0 ? SUCCESS : UNKNOWN;
}

int nvmlInit_v2(void) {
    return SUCCESS;
}

int nvmlShutdown(void) {
    return SUCCESS;
}

const char *nvmlErrorString(int result) {
    return result == NO_PERMISSION ? "Insufficient Permissions" : "Unknown Error";
}

int nvmlDeviceGetHandleByPciBusId_v2(const char *pci, void **gpu) {
    *gpu = &the_gpu;
    return strcmp(pci, "0000:01:00.0") == 0 ? SUCCESS : NOT_FOUND;
}

int nvmlDeviceGetClockInfo(void *gpu, int clock, unsigned *mhz) {
    (void)gpu;
    *mhz = clock == MEMORY_CLOCK ? MEMORY_MHZ : sm_mhz();
    return SUCCESS;
}

int nvmlDeviceGetCurrentClocksEventReasons(void *gpu, unsigned long long *reasons) {
    (void)gpu;
    *reasons = has_fault("hot") ? 0x20 : 0x02;
    return SUCCESS;
}

int nvmlDeviceGetSupportedMemoryClocks(void *gpu, unsigned *n, unsigned *mhz) {
    (void)gpu;
    mhz[0] = 405;
    mhz[1] = MEMORY_MHZ;
    *n = 2;
    return SUCCESS;
}

int nvmlDeviceGetSupportedGraphicsClocks(void *gpu, unsigned memory_mhz, unsigned *n,
                                         unsigned *mhz) {
    (void)gpu;
    unsigned k = 0;
    for (unsigned clock = HIGHEST_MHZ; clock >= LOWEST_MHZ && k < *n; clock -= STEP_MHZ)
        mhz[k++] = clock;
    *n = memory_mhz == MEMORY_MHZ ? k : 1;
    return SUCCESS;
}

int nvmlDeviceSetGpuLockedClocks(void *gpu, unsigned least_mhz, unsigned greatest_mhz) {
    (void)gpu;
    if (has_fault("denied"))
        return NO_PERMISSION;
    return least_mhz == greatest_mhz ? change("lock", least_mhz) : UNKNOWN;
}

int nvmlDeviceResetGpuLockedClocks(void *gpu) {
    (void)gpu;
    return has_fault("no-reset") ? UNKNOWN : change("reset", 0);
}
