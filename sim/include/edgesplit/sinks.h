/* The table of sinks. */
#ifndef EDGESPLIT_SINKS_H
#define EDGESPLIT_SINKS_H

#include "edgesplit/recorder.h"

/* The i-th sink in table order; NULL behind the last one. The first is the default. */
const es_sink_ops *es_sinks_at(size_t i);

/* The sink of that name; NULL if there is none. */
const es_sink_ops *es_sinks_find(const char *name);

/* Keeps latencies until the run is summarised, and nothing else: 8 bytes per step and policy. Not
 * in the table, because there is no result in the end. */
extern const es_sink_ops es_sink_memory;

/* Whether every result file uses a name at its root, so that no variable of a study may have it.
 * Those of several devices or replications use more. */
bool es_result_uses_name(const char *name);

#endif
