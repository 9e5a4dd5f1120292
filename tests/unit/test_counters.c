#include "test.h"

#include "../../sim/cli/counters.h"

#include <math.h>
#include <string.h>

static es_slice slice_of(const char *text) {
    return (es_slice){text, strlen(text)};
}

static void test_cpu_times(void **state) {
    (void)state;
    cpu_times times;
    assert_true(cpu_times_parse(slice_of("cpu  10 20 30 400 50 6 7 8 9 10\ncpu0 1 1 1 1\n"
                                         "intr 5\n"),
                                &times));
    const uint64_t expected[N_CPU_TIMES] = {10, 20, 30, 400, 50, 6, 7, 8};
    assert_memory_equal(times.ticks, expected, sizeof expected);
    /* Another line first, four times only, no end of line, the largest count. */
    assert_true(cpu_times_parse(slice_of("ctxt 5\ncpu 1 2 3 18446744073709551615"), &times));
    assert_true(times.ticks[2] == 3 && times.ticks[3] == UINT64_MAX && times.ticks[4] == 0);
    static const char *const bad[] = {"",
                                      "cpu0 1 2 3 4\n",
                                      "cpu\n",
                                      "cpu 1 2 3\n",
                                      "cpu 1 2 x 4\n",
                                      "cpu 1 2 -3 4\n",
                                      "cpu 1 2 3 18446744073709551616\n",
                                      "\n\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(cpu_times_parse(slice_of(bad[i]), &times));
}

static void test_busy_ratio(void **state) {
    (void)state;
    const cpu_times from = {{100, 100, 100, 1000, 500, 10, 10, 10}};
    cpu_times to = from;
    assert_true(isnan(cpu_busy_ratio(&from, &to)));
    to.ticks[0] += 3;
    assert_true(cpu_busy_ratio(&from, &to) == 1);
    to.ticks[3] += 4;
    to.ticks[4] += 1;
    assert_true(cpu_busy_ratio(&from, &to) == 3.0 / 8);
    for (size_t i = 0; i < N_CPU_TIMES; i++)
        to.ticks[i] = from.ticks[i] + 1;
    assert_true(cpu_busy_ratio(&from, &to) == 6.0 / 8);
    /* iowait and idle may go back: that is no time at all. */
    to = from;
    to.ticks[2] += 5;
    to.ticks[3] += 5;
    to.ticks[4] -= 400;
    assert_true(cpu_busy_ratio(&from, &to) == 0.5);
    to.ticks[3] = 0;
    assert_true(cpu_busy_ratio(&from, &to) == 1);
}

static const char interfaces[] =
    "Inter-|   Receive                                                |  Transmit\n"
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop "
    "fifo colls carrier compressed\n"
    "    lo: 1234 12 0 0 0 0 0 0 5678 13 0 0 0 0 0 0\n"
    "eth0:4294967295 12 0 0 0 0 0 0 18446744073709551615 13 0 0 0 0 0 0\n"
    "broken: 1 2 3\n"
    "wg-a.1: 7 0 0 0 0 0 0 0 8 0 0 0 0 0 0 0";

static void test_interfaces(void **state) {
    (void)state;
    static const struct {
        const char *name;
        uint64_t down, up;
    } expected[] = {{"lo", 1234, 5678}, {"eth0", 4294967295U, UINT64_MAX}, {"wg-a.1", 7, 8}};
    es_slice rest = slice_of(interfaces);
    interface_bytes bytes;
    for (size_t i = 0; i < 3; i++) {
        assert_true(interface_next(&rest, &bytes));
        assert_true(es_slice_equals(bytes.name, expected[i].name));
        assert_true(bytes.down == expected[i].down && bytes.up == expected[i].up);
    }
    assert_false(interface_next(&rest, &bytes));
    rest = slice_of("");
    assert_false(interface_next(&rest, &bytes));
}

static void test_wrapped_counters(void **state) {
    (void)state;
    const uint64_t turn = UINT64_C(1) << 32;
    assert_true(interface_bytes_between(5, 5) == 0);
    assert_true(interface_bytes_between(5, 3 * turn) == 3 * turn - 5);
    assert_true(interface_bytes_between(turn - 10, 20) == 30);
    assert_true(interface_bytes_between(turn - 1, 0) == 1);
    /* Too far for a wrap of 32 bits, or no counter of 32 bits: begun again. */
    assert_true(interface_bytes_between(1000, 20) == 20);
    assert_true(interface_bytes_between(turn + 1000, 20) == 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cpu_times),
        cmocka_unit_test(test_busy_ratio),
        cmocka_unit_test(test_interfaces),
        cmocka_unit_test(test_wrapped_counters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
