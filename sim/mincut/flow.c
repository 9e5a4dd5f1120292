#include "flow.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"

#include <stdlib.h>
#include <string.h>

#define NO_EDGE UINT32_MAX

es_status flow_init(struct flow *flow, size_t n_nodes) {
    *flow = (struct flow){.n_nodes = n_nodes};
    flow->first = es_alloc(n_nodes, sizeof *flow->first);
    flow->at = es_alloc(n_nodes, sizeof *flow->at);
    flow->level = es_alloc(n_nodes, sizeof *flow->level);
    flow->queue = es_alloc(n_nodes, sizeof *flow->queue);
    if (flow->first == NULL || flow->at == NULL || flow->level == NULL || flow->queue == NULL)
        return ES_NO_MEMORY;
    memset(flow->first, 0xff, n_nodes * sizeof *flow->first);
    return ES_OK;
}

void flow_fini(struct flow *flow) {
    free(flow->first);
    free(flow->at);
    free(flow->level);
    free(flow->queue);
    free(flow->edges);
}

es_status flow_add(struct flow *flow, size_t from, size_t to, double there, double back) {
    if (es_reserve(&flow->edges, &flow->capacity, flow->n_edges + 2, sizeof *flow->edges) != ES_OK)
        return ES_NO_MEMORY;
    uint32_t edge = (uint32_t)flow->n_edges;
    flow->edges[edge] = (struct flow_edge){(uint32_t)to, flow->first[from], there};
    flow->edges[edge + 1] = (struct flow_edge){(uint32_t)from, flow->first[to], back};
    flow->first[from] = edge;
    flow->first[to] = edge + 1;
    flow->n_edges += 2;
    return ES_OK;
}

/* Numbers the nodes by their distance from `root` over edges with capacity left: along them, or
 * `against` them. */
static void number_levels(struct flow *flow, size_t root, bool against) {
    memset(flow->level, 0xff, flow->n_nodes * sizeof *flow->level);
    size_t n_found = 1;
    flow->queue[0] = (uint32_t)root;
    flow->level[root] = 0;
    for (size_t i = 0; i < n_found; i++) {
        uint32_t node = flow->queue[i];
        for (uint32_t e = flow->first[node]; e != NO_EDGE; e = flow->edges[e].next) {
            uint32_t to = flow->edges[e].to;
            if (flow->level[to] == NO_EDGE && flow->edges[against ? e ^ 1 : e].left > 0) {
                flow->level[to] = flow->level[node] + 1;
                flow->queue[n_found++] = to;
            }
        }
    }
}

/* Sends along a path of `n` edges what its narrowest one lets through; that one is then used up
 * exactly. Returns how far from the source it begins. */
static size_t send(struct flow *flow, size_t n, const uint32_t *path) {
    double most = ES_INFINITY;
    size_t narrowest = 0;
    for (size_t i = 0; i < n; i++)
        if (flow->edges[path[i]].left < most) {
            most = flow->edges[path[i]].left;
            narrowest = i;
        }
    for (size_t i = 0; i < n; i++) {
        flow->edges[path[i]].left -= most;
        flow->edges[path[i] ^ 1].left += most;
    }
    return narrowest;
}

/* Uses up every shortest path: depth first, each edge left behind for good once it leads nowhere.
 */
static void block(struct flow *flow, size_t source, size_t sink) {
    uint32_t *path = flow->queue;
    size_t n = 0;
    memcpy(flow->at, flow->first, flow->n_nodes * sizeof *flow->at);
    for (;;) {
        size_t node = n > 0 ? flow->edges[path[n - 1]].to : source;
        if (node == sink) {
            n = send(flow, n, path);
            continue;
        }
        uint32_t e = flow->at[node];
        if (e == NO_EDGE && n == 0)
            return;
        if (e == NO_EDGE) {
            n--;
            size_t before = n > 0 ? flow->edges[path[n - 1]].to : source;
            flow->at[before] = flow->edges[path[n]].next;
        } else if (flow->edges[e].left > 0 &&
                   flow->level[flow->edges[e].to] == flow->level[node] + 1)
            path[n++] = e;
        else
            flow->at[node] = flow->edges[e].next;
    }
}

void flow_maximise(struct flow *flow, size_t source, size_t sink, bool *is_behind) {
    for (;;) {
        number_levels(flow, source, false);
        if (flow->level[sink] == NO_EDGE)
            break;
        block(flow, source, sink);
    }
    number_levels(flow, sink, true);
    for (size_t node = 0; node < flow->n_nodes; node++)
        is_behind[node] = flow->level[node] != NO_EDGE;
}
