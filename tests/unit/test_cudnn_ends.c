/* From records of a replay to the ends of units, by hand-made records. */
#include "cudnn_ends.h"
#include "test.h"

#include <string.h>

enum { N_UNITS = 4, N_NODES = 5, FIRST_NS = 1000000 };

/* Units of 1, 2, 0 and 2 nodes; between the third and the fourth node a gap of 5, the last one
 * begins before the one in front of it ends. */
static const size_t n_nodes[N_UNITS] = {1, 2, 0, 2};
static const gpu_interval chain[N_NODES] = {{FIRST_NS, FIRST_NS + 10, 7},
                                            {FIRST_NS + 10, FIRST_NS + 30, 8},
                                            {FIRST_NS + 31, FIRST_NS + 40, 9},
                                            {FIRST_NS + 45, FIRST_NS + 60, 10},
                                            {FIRST_NS + 55, FIRST_NS + 75, 11}};

typedef struct ends {
    uint64_t numbers[N_NODES];
    int64_t ends_ns[N_UNITS], busy_ns;
} ends;

/* Finds ends of the chain's nodes `order` [n]. */
static gpu_ends_fault find(ends *e, size_t n, const size_t *order) {
    gpu_interval intervals[2 * N_NODES];
    for (size_t i = 0; i < n; i++)
        intervals[i] = chain[order[i]];
    return gpu_find_ends(n, intervals, N_UNITS, n_nodes, e->numbers, e->ends_ns, &e->busy_ns);
}

static void assert_ends(const ends *e) {
    static const int64_t expected_ns[N_UNITS] = {10, 40, 40, 75};
    for (size_t u = 0; u < N_UNITS; u++)
        assert_int_equal(e->ends_ns[u], expected_ns[u]);
    assert_int_equal(e->busy_ns, 10 + 20 + 9 + 30); /* what overlaps counts once */
}

static void test_any_order_of_delivery(void **state) {
    (void)state;
    static const size_t orders[][N_NODES] = {{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 4, 0, 1, 3}};
    ends e = {0};
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        assert_int_equal(find(&e, N_NODES, orders[i]), GPU_ENDS_COMPLETE);
        assert_ends(&e);
    }
    for (size_t i = 0; i < N_NODES; i++)
        assert_int_equal(e.numbers[i], chain[i].node);
}

/* The times of units add up to the pass, whatever the time of its first node. */
static void test_ends_telescope(void **state) {
    (void)state;
    gpu_interval intervals[N_NODES];
    ends e = {0};
    for (int64_t shift_ns = 0; shift_ns < 4000000000000000000; shift_ns += 1000000000000000000) {
        int64_t sum_ns = 0;
        for (size_t i = 0; i < N_NODES; i++)
            intervals[i] = (gpu_interval){chain[i].start_ns + shift_ns, chain[i].end_ns + shift_ns,
                                          chain[i].node};
        assert_int_equal(
            gpu_find_ends(N_NODES, intervals, N_UNITS, n_nodes, e.numbers, e.ends_ns, &e.busy_ns),
            GPU_ENDS_COMPLETE);
        for (size_t u = 0; u < N_UNITS; u++)
            sum_ns += e.ends_ns[u] - (u > 0 ? e.ends_ns[u - 1] : 0);
        assert_int_equal(sum_ns, chain[N_NODES - 1].end_ns - chain[0].start_ns);
    }
}

static void test_missing_and_too_many(void **state) {
    (void)state;
    static const size_t order[] = {0, 1, 2, 3, 4, 4};
    ends e = {0};
    assert_int_equal(find(&e, 0, order), GPU_ENDS_MISSING);
    assert_int_equal(find(&e, N_NODES - 1, order), GPU_ENDS_MISSING);
    assert_int_equal(find(&e, N_NODES + 1, order), GPU_ENDS_TOO_MANY);
    assert_int_equal(find(&e, N_NODES, order), GPU_ENDS_COMPLETE);
}

static gpu_ends_fault find_with(ends *e, size_t changed, gpu_interval by) {
    gpu_interval intervals[N_NODES];
    memcpy(intervals, chain, sizeof intervals);
    intervals[changed] = by;
    return gpu_find_ends(N_NODES, intervals, N_UNITS, n_nodes, e->numbers, e->ends_ns, &e->busy_ns);
}

static void test_untimed(void **state) {
    (void)state;
    ends e = {0};
    assert_int_equal(find_with(&e, 2, (gpu_interval){0, 0, 9}), GPU_ENDS_UNTIMED);
    assert_int_equal(find_with(&e, 2, (gpu_interval){FIRST_NS + 31, 0, 9}), GPU_ENDS_UNTIMED);
}

static void test_another_order(void **state) {
    (void)state;
    ends e = {0};
    assert_int_equal(find_with(&e, 2, chain[2]), GPU_ENDS_COMPLETE);
    assert_int_equal(find_with(&e, 2, (gpu_interval){FIRST_NS + 50, FIRST_NS + 52, 9}),
                     GPU_ENDS_REORDERED);
    assert_int_equal(find_with(&e, 2, (gpu_interval){FIRST_NS + 31, FIRST_NS + 40, 99}),
                     GPU_ENDS_REORDERED);
}

static void test_nothing_to_run(void **state) {
    (void)state;
    static const size_t none[2] = {0, 0};
    int64_t ends_ns[2] = {-1, -1}, busy_ns = -1;
    uint64_t number;
    assert_int_equal(gpu_find_ends(0, NULL, 2, none, &number, ends_ns, &busy_ns),
                     GPU_ENDS_COMPLETE);
    assert_int_equal(ends_ns[0], 0);
    assert_int_equal(ends_ns[1], 0);
    assert_int_equal(busy_ns, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order_of_delivery), cmocka_unit_test(test_ends_telescope),
        cmocka_unit_test(test_missing_and_too_many),  cmocka_unit_test(test_untimed),
        cmocka_unit_test(test_another_order),         cmocka_unit_test(test_nothing_to_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
