/* The machine that measures: its clock, its scheduler's interference, its name. POSIX. */
#ifndef KERNELS_HOST_H
#define KERNELS_HOST_H

#include "facts.h"

#include <signal.h>

/* Nanoseconds of the monotonic clock. */
int64_t es_host_now_ns(void);

/* Time that the threads of this process have spent waiting for a processor while they were ready to
 * run, all together (the run delay of Linux's /proc/self/task/<n>/schedstat). A pass with much of
 * it tells about the scheduler, not about the kernels. Where the system does not tell, every
 * involuntary context switch counts as a second, more than any pass may lose. O(threads). */
int64_t es_host_lost_ns(void);

/* Lets SIGINT, SIGTERM and SIGHUP, unless they are ignored, count up a number, which is lent; the
 * second one ends the process as usual. */
const volatile sig_atomic_t *es_host_catch_interrupts(void);

/* Processors that are online; at least 1. */
int es_host_cores(void);

/* Adds `device` (the CPU's model name), `cores`, `kernel` and `scheduling` (of this process,
 * with its nice value unless that is 0). */
void es_host_describe(es_facts *facts);

/* The time of day in UTC, "2025-01-31T23:59:59Z". */
enum { ES_DATE_TEXT = 32 };
void es_host_date(char text[ES_DATE_TEXT]);

#endif
