/* Maximum flows (private). */
#ifndef SIM_MINCUT_FLOW_H
#define SIM_MINCUT_FLOW_H

#include "edgesplit/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A directed graph whose edges e and e ^ 1 are each other's reverse. */
struct flow {
    size_t n_nodes, n_edges, capacity;
    uint32_t *first, *at;    /* [n_nodes] an edge from each node, the one to try; or NO_EDGE */
    uint32_t *level, *queue; /* [n_nodes] steps from the source, or NO_EDGE; nodes, or a path */
    struct flow_edge {
        uint32_t to, next; /* edge from the same node */
        double left;       /* capacity that is not used */
    } * edges;
};

/* ES_NO_MEMORY. */
es_status flow_init(struct flow *flow, size_t n_nodes);
void flow_fini(struct flow *flow);

/* Adds an edge with these capacities (>= 0 or INFINITY) there and back. ES_NO_MEMORY. */
es_status flow_add(struct flow *flow, size_t from, size_t to, double there, double back);

/* Sends as much as possible from `source` to `sink` (Dinic 1970). Then `is_behind` [n_nodes] says
 * from which nodes more could be sent on to the sink: those behind a minimum cut, as few as
 * possible. */
void flow_maximise(struct flow *flow, size_t source, size_t sink, bool *is_behind);

#endif
