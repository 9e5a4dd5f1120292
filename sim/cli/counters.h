/* What Linux counts about CPUs and network interfaces, from the texts of /proc (private). */
#ifndef SIM_CLI_COUNTERS_H
#define SIM_CLI_COUNTERS_H

#include "edgesplit/text.h"

/* The times of all CPUs together since the start, in clock ticks, in the order of proc(5): user,
 * nice, system, idle, iowait, irq, softirq, steal. Guests are part of user and nice. */
enum { N_CPU_TIMES = 8 };
typedef struct cpu_times {
    uint64_t ticks[N_CPU_TIMES];
} cpu_times;

/* Reads the line "cpu ..." of /proc/stat; times that an older kernel lacks are 0. False: there is
 * no such line with at least four of them. */
bool cpu_times_parse(es_slice text, cpu_times *times);

/* The busy share of the time between two readings: all but idle and iowait. A counter that went
 * back, as iowait may (proc(5)), counts as unchanged. NaN where no tick has passed. */
double cpu_busy_ratio(const cpu_times *from, const cpu_times *to);

typedef struct interface_bytes {
    es_slice name; /* lent by the text */
    uint64_t down, up;
} interface_bytes;

/* Cuts the next interface off the front of the text of /proc/net/dev; false at the end. */
bool interface_next(es_slice *rest, interface_bytes *bytes);

/* Bytes counted between two readings. A counter that fell has wrapped at 2^32, if that makes it
 * less than half a turn, or has begun again at 0 with its interface. */
uint64_t interface_bytes_between(uint64_t from, uint64_t to);

#endif
