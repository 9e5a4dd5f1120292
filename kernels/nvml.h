/* NVIDIA's management library, as far as clocks need it: loaded at run time, with prototypes of our
 * own, because its header comes with neither the CUDA toolkit nor Debian. */
#ifndef KERNELS_NVML_H
#define KERNELS_NVML_H

#include "edgesplit/error.h"

#include <stdint.h>

/* One GPU. */
typedef struct es_nvml es_nvml;

/* Opens the GPU at a PCI address ("0000:01:00.0": CUDA and NVML number GPUs differently).
 * ES_UNAVAILABLE: no libnvidia-ml.so.1 (EDGESPLIT_NVML may name another file), an older one without
 * a function that is needed, no such GPU; the record says why. */
ES_NODISCARD es_status es_nvml_open(const char *pci, es_nvml **nvml, es_errors *errors);
void es_nvml_close(es_nvml *nvml);

/* Clocks now, MHz; 0 if it does not tell. */
unsigned es_nvml_sm_mhz(const es_nvml *nvml);
unsigned es_nvml_memory_mhz(const es_nvml *nvml);

/* Why the clocks are what they are: a bit set (nvmlClocksEventReasons). */
uint64_t es_nvml_reasons(const es_nvml *nvml);
/* Those that make times worthless (power, heat, hardware), in words; "" if there are none. */
const char *es_nvml_throttled(uint64_t reasons);

/* The SM clock nearest to `mhz` that can be locked, the highest one if `mhz` is infinite, at the
 * highest memory clock. ES_UNAVAILABLE: it tells none. */
ES_NODISCARD es_status es_nvml_nearest_mhz(const es_nvml *nvml, double mhz, unsigned *nearest,
                                           es_errors *errors);

/* Locks the SM clock, or lets it go. A lock outlives the process: only clock_guard.h uses these.
 * ES_UNAVAILABLE: refused; the record says why (root is needed). */
ES_NODISCARD es_status es_nvml_lock(const es_nvml *nvml, unsigned mhz, es_errors *errors);
ES_NODISCARD es_status es_nvml_reset(const es_nvml *nvml, es_errors *errors);

#endif
