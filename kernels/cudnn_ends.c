#include "cudnn_ends.h"

#include <stdlib.h>

const char *gpu_ends_text(gpu_ends_fault fault) {
    static const char *const texts[] = {
        [GPU_ENDS_COMPLETE] = "none",
        [GPU_ENDS_MISSING] = "it left out nodes of the graph",
        [GPU_ENDS_TOO_MANY] = "it recorded more nodes than the graph has",
        [GPU_ENDS_UNTIMED] = "it recorded nodes without their times",
        [GPU_ENDS_REORDERED] = "the nodes of the graph ran in another order than before"};
    return texts[fault];
}

static int compare(const void *left, const void *right) {
    const gpu_interval *a = left, *b = right;
    if (a->start_ns != b->start_ns)
        return a->start_ns < b->start_ns ? -1 : 1;
    return (a->end_ns > b->end_ns) - (a->end_ns < b->end_ns);
}

static gpu_ends_fault check(size_t n, const gpu_interval *intervals, size_t n_expected,
                            uint64_t *numbers) {
    if (n != n_expected)
        return n < n_expected ? GPU_ENDS_MISSING : GPU_ENDS_TOO_MANY;
    for (size_t i = 0; i < n; i++)
        if (intervals[i].start_ns <= 0 || intervals[i].end_ns < intervals[i].start_ns)
            return GPU_ENDS_UNTIMED;
    for (size_t i = 0; i < n; i++) {
        if (numbers[i] == 0)
            numbers[i] = intervals[i].node;
        if (numbers[i] != intervals[i].node)
            return GPU_ENDS_REORDERED;
    }
    return GPU_ENDS_COMPLETE;
}

gpu_ends_fault gpu_find_ends(size_t n, gpu_interval *intervals, size_t n_units,
                             const size_t *n_nodes, uint64_t *numbers, int64_t *ends_ns,
                             int64_t *busy_ns) {
    size_t n_expected = 0, at = 0;
    for (size_t u = 0; u < n_units; u++)
        n_expected += n_nodes[u];
    if (n > 0)
        qsort(intervals, n, sizeof *intervals, compare);
    gpu_ends_fault fault = check(n, intervals, n_expected, numbers);
    if (fault != GPU_ENDS_COMPLETE)
        return fault;
    int64_t first_ns = n > 0 ? intervals[0].start_ns : 0, latest_ns = first_ns;
    *busy_ns = 0;
    for (size_t u = 0; u < n_units; u++) {
        for (size_t end = at + n_nodes[u]; at < end; at++) {
            int64_t start_ns = intervals[at].start_ns, end_ns = intervals[at].end_ns;
            start_ns = start_ns > latest_ns ? start_ns : latest_ns;
            *busy_ns += end_ns > start_ns ? end_ns - start_ns : 0;
            latest_ns = end_ns > latest_ns ? end_ns : latest_ns;
        }
        ends_ns[u] = latest_ns - first_ns;
    }
    return GPU_ENDS_COMPLETE;
}
