/* From what was recorded of the nodes of a replayed graph to the ends of units. */
#ifndef KERNELS_CUDNN_ENDS_H
#define KERNELS_CUDNN_ENDS_H

#include <stddef.h>
#include <stdint.h>

/* A node of a graph on the GPU. */
typedef struct gpu_interval {
    int64_t start_ns, end_ns;
    uint64_t node; /* its number, the same in every replay */
} gpu_interval;

typedef enum gpu_ends_fault {
    GPU_ENDS_COMPLETE,
    GPU_ENDS_MISSING,  /* fewer intervals than nodes */
    GPU_ENDS_TOO_MANY, /* more */
    GPU_ENDS_UNTIMED,  /* an interval without times */
    GPU_ENDS_REORDERED /* nodes ran in another order than in an earlier replay */
} gpu_ends_fault;

/* Lends a constant text: what is wrong with the records. */
const char *gpu_ends_text(gpu_ends_fault fault);

/* Ends of units from the intervals [n] of one replay, in whatever order they were delivered; they
 * are sorted. The graph is a chain, captured from one stream, so that nodes start in the order in
 * which units were captured: the first n_nodes[0] are of unit 1, the next n_nodes[1] of unit 2,
 * [n_units] in all. ends_ns [n_units]: the end of the last node of each unit, or of the one before
 * if it has none or that ends later, after the start of the first node. So they telescope: what is
 * between the end of a unit and that of the one before is the unit's, gaps included. `*busy_ns`:
 * how long at least one node ran. numbers [sum of n_nodes]: of the nodes in order; zeros at first,
 * filled in then, and compared from then on. On a fault the results are undefined. O(n log n). */
gpu_ends_fault gpu_find_ends(size_t n, gpu_interval *intervals, size_t n_units,
                             const size_t *n_nodes, uint64_t *numbers, int64_t *ends_ns,
                             int64_t *busy_ns);

#endif
