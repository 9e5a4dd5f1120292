#include "edgesplit/rate.h"
#include "test.h"

#include <stdbool.h>
#include <stdlib.h>

#define MBIT INT64_C(1000000)

static es_rate *create(size_t n, const es_time *starts, const int64_t *rates, es_at_end at_end) {
    es_rate *rate;
    assert_int_equal(es_rate_create(n, starts, rates, at_end, &rate), ES_OK);
    return rate;
}

static es_time finish(const es_rate *rate, es_time from, es_work work) {
    es_rate_cursor cursor = {0};
    return es_rate_finish(rate, &cursor, from, work);
}

static int64_t rate_at(const es_rate *rate, es_time at) {
    es_rate_cursor cursor = {0};
    return es_rate_at(rate, &cursor, at);
}

static es_work bits(int64_t n) {
    return (es_work)n * ES_SECOND;
}

static void test_one_megabyte_over_8_mbit(void **state) {
    (void)state;
    es_rate *rate;
    assert_int_equal(es_rate_create_constant(8 * MBIT, &rate), ES_OK);
    assert_int_equal(finish(rate, 0, bits(8 * 1000000)), ES_SECOND);
    assert_int_equal(finish(rate, 5 * ES_SECOND, bits(8 * 1000000)), 6 * ES_SECOND);
    assert_int_equal(es_rate_span(rate), 0);
    assert_int_equal(es_rate_n_pieces(rate), 1);
    assert_true(es_rate_mean(rate) == 8e6);
    assert_int_equal(rate_at(rate, 0), 8 * MBIT);
    assert_int_equal(rate_at(rate, ES_TIME_NEVER - 1), 8 * MBIT);
    assert_true(es_rate_integral(rate, ES_SECOND, 3 * ES_SECOND) == bits(16 * 1000000));
    es_rate_destroy(rate);
}

/* 2 Mbit/s for 1 s, an outage of 1 s, 6 Mbit/s for 2 s: 14 Mbit in a pass of 4 s. */
static const es_time step_starts[] = {0, ES_SECOND, 2 * ES_SECOND, 4 * ES_SECOND};
static const int64_t step_rates[] = {2 * MBIT, 0, 6 * MBIT};

static void test_across_steps(void **state) {
    (void)state;
    es_rate *rate = create(3, step_starts, step_rates, ES_AT_END_LOOP);
    /* 1 Mbit is left when the outage comes at 1 s; 3 Mbit more at 6 Mbit/s take half a second. */
    assert_int_equal(finish(rate, ES_SECOND / 2, bits(4 * MBIT)), 5 * ES_SECOND / 2);
    assert_int_equal(finish(rate, 0, bits(2 * MBIT)), ES_SECOND);
    assert_int_equal(finish(rate, 0, bits(2 * MBIT) + 1), 2 * ES_SECOND + 1);
    assert_int_equal(finish(rate, ES_SECOND, 1), 2 * ES_SECOND + 1);
    assert_int_equal(finish(rate, 3 * ES_SECOND / 2, 0), 3 * ES_SECOND / 2);
    assert_true(es_rate_integral(rate, ES_SECOND / 2, 5 * ES_SECOND / 2) == bits(4 * MBIT));
    assert_true(es_rate_integral(rate, ES_SECOND, 2 * ES_SECOND) == 0);
    assert_int_equal(rate_at(rate, ES_SECOND - 1), 2 * MBIT);
    assert_int_equal(rate_at(rate, ES_SECOND), 0);
    assert_true(es_rate_mean(rate) == 3.5e6);
    assert_int_equal(es_rate_span(rate), 4 * ES_SECOND);
    assert_int_equal(es_rate_n_pieces(rate), 3);
    es_rate_destroy(rate);
}

static void test_loop(void **state) {
    (void)state;
    es_rate *rate = create(3, step_starts, step_rates, ES_AT_END_LOOP);
    assert_int_equal(rate_at(rate, 4 * ES_SECOND), 2 * MBIT);
    assert_int_equal(rate_at(rate, 41 * ES_SECOND), 0);
    /* 6 Mbit in the last second of the pass, 2 in the first of the next, 3 behind its outage. */
    assert_int_equal(finish(rate, 3 * ES_SECOND, bits(11 * MBIT)), 13 * ES_SECOND / 2);
    assert_int_equal(finish(rate, 3 * ES_SECOND, bits(6 * MBIT)), 4 * ES_SECOND);
    assert_int_equal(finish(rate, 4 * ES_SECOND, bits(14 * MBIT)), 8 * ES_SECOND);
    /* A million passes are one division. */
    es_time far = INT64_C(4000000) * ES_SECOND;
    assert_int_equal(finish(rate, far + ES_SECOND / 2, bits(INT64_C(1000000) * 14 * MBIT)),
                     2 * far + ES_SECOND / 2);
    assert_true(es_rate_integral(rate, ES_SECOND / 2, far + ES_SECOND / 2) ==
                bits(INT64_C(1000000) * 14 * MBIT));
    es_rate_destroy(rate);
}

static void test_hold_and_stop(void **state) {
    (void)state;
    es_rate *hold = create(3, step_starts, step_rates, ES_AT_END_HOLD);
    assert_int_equal(rate_at(hold, 100 * ES_SECOND), 6 * MBIT);
    assert_int_equal(finish(hold, 3 * ES_SECOND, bits(60 * MBIT)), 13 * ES_SECOND);
    assert_int_equal(finish(hold, 50 * ES_SECOND, bits(6 * MBIT)), 51 * ES_SECOND);
    assert_true(es_rate_integral(hold, 0, 5 * ES_SECOND) == bits(20 * MBIT));
    es_rate *stop = create(3, step_starts, step_rates, ES_AT_END_STOP);
    assert_int_equal(rate_at(stop, 4 * ES_SECOND - 1), 6 * MBIT);
    assert_int_equal(rate_at(stop, 4 * ES_SECOND), 0);
    assert_int_equal(finish(stop, 3 * ES_SECOND, bits(6 * MBIT)), 4 * ES_SECOND);
    assert_int_equal(finish(stop, 3 * ES_SECOND, bits(6 * MBIT) + 1), ES_TIME_NEVER);
    assert_int_equal(finish(stop, 9 * ES_SECOND, 1), ES_TIME_NEVER);
    assert_int_equal(finish(stop, 9 * ES_SECOND, 0), 9 * ES_SECOND);
    assert_true(es_rate_integral(stop, 0, 500 * ES_SECOND) == bits(14 * MBIT));
    es_rate_destroy(hold);
    es_rate_destroy(stop);

    const int64_t dying[] = {1, 0, 0};
    es_rate *dead = create(3, step_starts, dying, ES_AT_END_HOLD);
    assert_int_equal(finish(dead, 0, bits(1)), ES_SECOND);
    assert_int_equal(finish(dead, 0, bits(1) + 1), ES_TIME_NEVER);
    es_rate_destroy(dead);
}

static void test_equal_neighbours_merge(void **state) {
    (void)state;
    const es_time starts[] = {0, 10, 20, 30, 40};
    const int64_t rates[] = {5, 5, 7, 5};
    es_rate *rate = create(4, starts, rates, ES_AT_END_LOOP);
    /* The last and the first piece stay apart, because the loop point lies between them. */
    assert_int_equal(es_rate_n_pieces(rate), 3);
    assert_int_equal(es_rate_span(rate), 40);
    assert_true(es_rate_integral(rate, 0, 40) == 220);
    assert_int_equal(finish(rate, 30, 5 * 25), 57 - 2);
    es_rate_destroy(rate);
}

static void test_beyond_time(void **state) {
    (void)state;
    const es_time starts[] = {0, 1, ES_TIME_NEVER - 1};
    const int64_t rates[] = {1, 0};
    es_work huge = ((es_work)INT64_MAX << 64) + UINT64_MAX; /* the largest there is */
    es_rate *slow = create(2, starts, rates, ES_AT_END_LOOP);
    assert_int_equal(finish(slow, 0, 1), 1);
    assert_int_equal(finish(slow, 0, 2), ES_TIME_NEVER);
    assert_int_equal(finish(slow, 0, huge), ES_TIME_NEVER);
    assert_int_equal(finish(slow, 0, (es_work)ES_RATE_MAX * ES_TIME_NEVER), ES_TIME_NEVER);
    assert_int_equal(finish(slow, ES_TIME_NEVER - 2, 1), ES_TIME_NEVER);
    es_rate_destroy(slow);

    es_rate *fast;
    assert_int_equal(es_rate_create_constant(ES_RATE_MAX, &fast), ES_OK);
    es_work most = (es_work)ES_RATE_MAX * (ES_TIME_NEVER - 1);
    assert_true(es_rate_integral(fast, 0, ES_TIME_NEVER - 1) == most);
    assert_int_equal(finish(fast, 0, most), ES_TIME_NEVER - 1);
    assert_int_equal(finish(fast, 0, most + 1), ES_TIME_NEVER);
    assert_int_equal(finish(fast, 1, most), ES_TIME_NEVER);
    assert_int_equal(finish(fast, ES_TIME_NEVER - 2, huge), ES_TIME_NEVER);
    es_rate_destroy(fast);

    const es_time one[] = {0, 1};
    const int64_t unit[] = {1};
    es_rate *tiny = create(1, one, unit, ES_AT_END_LOOP);
    assert_int_equal(finish(tiny, 7, INT64_C(1) << 60), (INT64_C(1) << 60) + 7);
    assert_int_equal(finish(tiny, 7, huge), ES_TIME_NEVER);
    assert_int_equal(finish(tiny, 7, ((es_work)1 << 64) + 5), ES_TIME_NEVER);
    assert_int_equal(finish(tiny, 7, (es_work)ES_RATE_MAX * ES_TIME_NEVER), ES_TIME_NEVER);
    es_rate_destroy(tiny);
}

/* On both sides of the border between the 64-bit and the 128-bit division. */
static void test_wide_division(void **state) {
    (void)state;
    es_rate *rate;
    assert_int_equal(es_rate_create_constant(3, &rate), ES_OK);
    for (int64_t i = -3; i <= 3; i++) {
        es_work work = (es_work)INT64_MAX + i;
        assert_true(finish(rate, 0, work) == (es_time)((work + 2) / 3));
    }
    assert_int_equal(finish(rate, 0, ((es_work)3 << 64) + 5), ES_TIME_NEVER);
    es_rate_destroy(rate);
}

static void test_invalid(void **state) {
    (void)state;
    es_rate *rate = NULL;
    const es_time good[] = {0, 1, 2}, late[] = {1, 2, 3}, equal[] = {0, 1, 1},
                  falling[] = {0, 2, 1};
    const int64_t ones[] = {1, 1}, zeros[] = {0, 0}, negative[] = {1, -1},
                  large[] = {1, ES_RATE_MAX + 1};
    assert_int_equal(es_rate_create(0, good, ones, ES_AT_END_LOOP, &rate), ES_INVALID);
    assert_int_equal(es_rate_create(2, late, ones, ES_AT_END_LOOP, &rate), ES_INVALID);
    assert_int_equal(es_rate_create(2, equal, ones, ES_AT_END_LOOP, &rate), ES_INVALID);
    assert_int_equal(es_rate_create(2, falling, ones, ES_AT_END_LOOP, &rate), ES_INVALID);
    assert_int_equal(es_rate_create(2, good, zeros, ES_AT_END_LOOP, &rate), ES_INVALID);
    assert_int_equal(es_rate_create(2, good, negative, ES_AT_END_LOOP, &rate), ES_INVALID);
    assert_int_equal(es_rate_create(2, good, large, ES_AT_END_LOOP, &rate), ES_INVALID);
    assert_int_equal(es_rate_create_constant(0, &rate), ES_INVALID);
    assert_int_equal(es_rate_create_constant(-1, &rate), ES_INVALID);
    assert_int_equal(es_rate_create_constant(ES_RATE_MAX + 1, &rate), ES_INVALID);
    assert_null(rate);
    es_rate_destroy(NULL);
}

static void test_out_of_memory(void **state) {
    (void)state;
    es_rate *rate = NULL;
    fault_alloc_fail_at(1);
    assert_int_equal(es_rate_create(3, step_starts, step_rates, ES_AT_END_LOOP, &rate),
                     ES_NO_MEMORY);
    fault_alloc_fail_at(1);
    assert_int_equal(es_rate_create_constant(1, &rate), ES_NO_MEMORY);
    assert_null(rate);
    fault_alloc_fail_at(0);
    size_t before = fault_alloc_count();
    rate = create(3, step_starts, step_rates, ES_AT_END_LOOP);
    assert_int_equal(fault_alloc_count(), before + 1);
    finish(rate, 0, bits(100 * MBIT));
    assert_int_equal(fault_alloc_count(), before + 1);
    es_rate_destroy(rate);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_megabyte_over_8_mbit),
        cmocka_unit_test(test_across_steps),
        cmocka_unit_test(test_loop),
        cmocka_unit_test(test_hold_and_stop),
        cmocka_unit_test(test_equal_neighbours_merge),
        cmocka_unit_test(test_beyond_time),
        cmocka_unit_test(test_wide_division),
        cmocka_unit_test(test_invalid),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
