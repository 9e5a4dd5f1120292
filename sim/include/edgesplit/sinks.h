/* The table of sinks. */
#ifndef EDGESPLIT_SINKS_H
#define EDGESPLIT_SINKS_H

#include "edgesplit/recorder.h"

/* The i-th sink in table order; NULL behind the last one. The first is the default. */
const es_sink_ops *es_sinks_at(size_t i);

/* The sink of that name; NULL if there is none. */
const es_sink_ops *es_sinks_find(const char *name);

#endif
