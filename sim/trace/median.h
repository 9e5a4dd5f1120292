/* The usual step of a trace (private). */
#ifndef SIM_TRACE_MEDIAN_H
#define SIM_TRACE_MEDIAN_H

#include "edgesplit/trace.h"

/* The median length of the samples that are not missing, the lower of two; 0 without any. For
 * arrivals that of the times between them. ES_NO_MEMORY. O(n log n). */
ES_NODISCARD es_status es_trace_median_step(const es_trace *trace, es_time *step);

#endif
