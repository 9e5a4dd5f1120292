#include "edgesplit/sinks.h"

#include <string.h>

#define ES_SINK(symbol) extern const es_sink_ops es_sink_##symbol;
#include "edgesplit/sinks.def"
#undef ES_SINK

static const es_sink_ops *const sinks[] = {
#define ES_SINK(symbol) &es_sink_##symbol,
#include "edgesplit/sinks.def"
#undef ES_SINK
};

enum { N_SINKS = sizeof sinks / sizeof sinks[0] };

const es_sink_ops *es_sinks_at(size_t i) {
    return i < N_SINKS ? sinks[i] : NULL;
}

const es_sink_ops *es_sinks_find(const char *name) {
    for (size_t i = 0; i < N_SINKS; i++)
        if (strcmp(sinks[i]->name, name) == 0)
            return sinks[i];
    return NULL;
}
