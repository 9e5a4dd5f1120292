/* A locked clock outlives the process that locked it. So another process does it: the guardian,
 * which is forked first, owns the lock and lets it go when its pipe to us closes, however we end.
 * It ignores signals and leaves our session, so that what ends us does not end it. */
#ifndef KERNELS_CLOCK_GUARD_H
#define KERNELS_CLOCK_GUARD_H

#include "nvml.h"

typedef struct es_clock_guard es_clock_guard;

/* Forks the guardian, before CUDA or threads are in this process. ES_INTERNAL, ES_NO_MEMORY. */
ES_NODISCARD es_status es_clock_guard_create(es_clock_guard **guard, es_errors *errors);

/* Lets it lock the SM clock of the GPU at a PCI address to the one nearest to `mhz` (infinite: the
 * highest), which must be within 2 %; `*locked_mhz` is what was locked. Once per guardian. What
 * nvml.h returns; ES_USAGE: no clock is that near. */
ES_NODISCARD es_status es_clock_guard_lock(es_clock_guard *guard, const char *pci, double mhz,
                                           unsigned *locked_mhz, es_errors *errors);

/* False: it has ended, though nobody asked it to. Then this process resets the clocks itself. */
bool es_clock_guard_is_alive(es_clock_guard *guard);

/* Lets the clocks go and waits until they are; ES_UNAVAILABLE: the guardian could not reset them,
 * and the record says how to do it by hand. Destroys the guard in any case; NULL: nothing. */
ES_NODISCARD es_status es_clock_guard_destroy(es_clock_guard *guard, es_errors *errors);

#endif
