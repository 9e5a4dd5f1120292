#include "edgesplit/engine.h"
#include "test.h"

#include <stdlib.h>

static uint64_t random_state;

static uint64_t random_below(uint64_t bound) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (random_state >> 33) % bound;
}

static es_engine *create(size_t n_slots) {
    es_engine *engine;
    assert_int_equal(es_engine_create(n_slots, &engine), ES_OK);
    return engine;
}

static void assert_pops(es_engine *engine, size_t slot, es_time at) {
    size_t popped;
    assert_true(es_engine_pop(engine, &popped));
    assert_int_equal(popped, slot);
    assert_int_equal(es_engine_now(engine), at);
}

static void assert_empty(es_engine *engine) {
    size_t popped = 12345;
    es_time now = es_engine_now(engine);
    uint64_t n_events = es_engine_n_events(engine);
    assert_false(es_engine_pop(engine, &popped));
    assert_int_equal(popped, 12345);
    assert_int_equal(es_engine_now(engine), now);
    assert_int_equal(es_engine_n_events(engine), n_events);
}

static void test_order_and_clock(void **state) {
    (void)state;
    es_engine *engine = create(5);
    assert_int_equal(es_engine_now(engine), 0);
    assert_empty(engine);
    es_engine_schedule(engine, 4, 10);
    es_engine_schedule(engine, 0, 30);
    es_engine_schedule(engine, 2, 20);
    assert_int_equal(es_engine_pending(engine, 2), 20);
    assert_int_equal(es_engine_pending(engine, 1), ES_TIME_NEVER);
    assert_pops(engine, 4, 10);
    assert_int_equal(es_engine_pending(engine, 4), ES_TIME_NEVER);
    es_engine_schedule(engine, 4, 10);
    assert_pops(engine, 4, 10);
    assert_pops(engine, 2, 20);
    assert_pops(engine, 0, 30);
    assert_empty(engine);
    assert_int_equal(es_engine_n_events(engine), 4);
    es_engine_destroy(engine);
}

static void test_ties_go_to_the_lower_slot(void **state) {
    (void)state;
    for (size_t n_slots = 1; n_slots <= 17; n_slots++) {
        es_engine *engine = create(n_slots);
        for (size_t i = 0; i < n_slots; i++)
            es_engine_schedule(engine, n_slots - 1 - i, 7);
        for (size_t i = 0; i < n_slots; i++)
            assert_pops(engine, i, 7);
        assert_empty(engine);
        es_engine_destroy(engine);
    }
}

static void test_retime_and_cancel(void **state) {
    (void)state;
    es_engine *engine = create(3);
    es_engine_schedule(engine, 0, 5);
    es_engine_schedule(engine, 1, 6);
    es_engine_schedule(engine, 2, 7);
    es_engine_schedule(engine, 0, 8);
    es_engine_schedule(engine, 2, 4);
    es_engine_schedule(engine, 1, ES_TIME_NEVER);
    assert_int_equal(es_engine_pending(engine, 1), ES_TIME_NEVER);
    assert_pops(engine, 2, 4);
    assert_pops(engine, 0, 8);
    es_engine_schedule(engine, 1, ES_TIME_NEVER);
    assert_empty(engine);
    es_engine_destroy(engine);
}

static void test_end_of_time(void **state) {
    (void)state;
    es_engine *engine = create(2);
    es_engine_schedule(engine, 0, ES_TIME_NEVER - 1);
    es_engine_schedule(engine, 1, ES_TIME_NEVER - 1);
    assert_pops(engine, 0, ES_TIME_NEVER - 1);
    assert_pops(engine, 1, ES_TIME_NEVER - 1);
    assert_empty(engine);
    es_engine_destroy(engine);
}

static void test_no_slots(void **state) {
    (void)state;
    es_engine *engine = create(0);
    assert_empty(engine);
    es_engine_destroy(engine);
}

/* The reference: the earliest slot of an array, looked for from its start. */
static size_t earliest(const es_time *pending, size_t n_slots) {
    size_t first = 0;
    for (size_t i = 1; i < n_slots; i++)
        if (pending[i] < pending[first])
            first = i;
    return first;
}

static void test_against_reference(void **state) {
    (void)state;
    enum { MAX_SLOTS = 40, N_STEPS = 4000 };
    for (size_t n_slots = 1; n_slots <= MAX_SLOTS; n_slots++) {
        es_engine *engine = create(n_slots);
        es_time pending[MAX_SLOTS];
        for (size_t i = 0; i < n_slots; i++)
            pending[i] = ES_TIME_NEVER;
        random_state = n_slots;
        for (size_t step = 0; step < N_STEPS; step++) {
            size_t slot = random_below(n_slots);
            if (random_below(3) > 0) {
                /* Few different times, so that ties are common. */
                pending[slot] = random_below(8) == 0
                                    ? ES_TIME_NEVER
                                    : es_engine_now(engine) + (es_time)random_below(4);
                es_engine_schedule(engine, slot, pending[slot]);
            } else {
                size_t expected = earliest(pending, n_slots);
                if (pending[expected] == ES_TIME_NEVER) {
                    assert_empty(engine);
                } else {
                    assert_pops(engine, expected, pending[expected]);
                    pending[expected] = ES_TIME_NEVER;
                }
            }
            assert_int_equal(es_engine_pending(engine, slot), pending[slot]);
        }
        es_engine_destroy(engine);
    }
}

static void pitfall_12_scheduling_order_does_not_show(void **state) {
    (void)state;
    enum { N = 100 };
    es_time at[N];
    size_t order[N], sequence[N];
    random_state = 3;
    for (size_t i = 0; i < N; i++) {
        at[i] = (es_time)random_below(20);
        order[i] = i;
    }
    for (size_t shuffle = 0; shuffle < 50; shuffle++) {
        es_engine *engine = create(N);
        for (size_t i = 0; i < N; i++)
            es_engine_schedule(engine, order[i], at[order[i]]);
        for (size_t i = 0; i < N; i++) {
            size_t slot;
            assert_true(es_engine_pop(engine, &slot));
            if (shuffle == 0)
                sequence[i] = slot;
            assert_int_equal(slot, sequence[i]);
        }
        es_engine_destroy(engine);
        for (size_t i = N - 1; i > 0; i--) {
            size_t j = random_below(i + 1), swapped = order[i];
            order[i] = order[j];
            order[j] = swapped;
        }
    }
}

/* With so many slots that the engine has them fetched ahead. */
static void test_many_slots_come_in_order(void **state) {
    (void)state;
    enum { N = 50000 };
    es_engine *engine = create(N);
    random_state = 5;
    for (size_t i = 0; i < N; i++)
        es_engine_schedule(engine, i, (es_time)random_below(N / 4));
    size_t slot, before = 0;
    es_time last = 0;
    for (size_t n = 0; n < N; n++) {
        assert_true(es_engine_pop(engine, &slot));
        es_time now = es_engine_now(engine);
        assert_true(n == 0 || now > last || (now == last && slot > before));
        last = now;
        before = slot;
    }
    assert_empty(engine);
    es_engine_destroy(engine);
}

/* Wrong are those whose slot is near that of the one in hand; scheduled again far away, nothing
 * else comes in between. */
static void test_foresees_nearly_all(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 2, 100, 512, 3000, 40000};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        size_t n = sizes[s], slot, guess = 0, n_right = 0, n_pops = 20000;
        es_engine *engine = create(n);
        random_state = 6;
        for (size_t i = 0; i < n; i++)
            es_engine_schedule(engine, i, (es_time)random_below(1000000));
        for (size_t i = 0; i < n_pops; i++) {
            assert_true(es_engine_pop(engine, &slot));
            n_right += i > 0 && slot == guess;
            guess = es_engine_foresee(engine);
            assert_true(guess < n);
            es_time later = 1000000 + (es_time)random_below(1000);
            es_engine_schedule(engine, slot, es_engine_now(engine) + later);
            if (i % 2 == 0) /* now it knows */
                guess = es_engine_foresee(engine);
        }
        print_message("%zu slots: %zu of %zu guesses are right\n", n, n_right, n_pops);
        assert_true((double)n_right >= (double)(n_pops - 1) * (1 - 64 / (double)n));
        assert_true(n_right >= n_pops / 2 - 1);
        es_engine_destroy(engine);
    }
}

static void test_running_does_not_allocate(void **state) {
    (void)state;
    es_engine *engine = create(100);
    size_t before = fault_alloc_count();
    for (size_t i = 0; i < 100; i++)
        es_engine_schedule(engine, i, (es_time)i);
    size_t slot;
    for (size_t i = 0; i < 1000 && es_engine_pop(engine, &slot); i++)
        es_engine_schedule(engine, slot, es_engine_now(engine) + 100);
    assert_int_equal(fault_alloc_count(), before);
    es_engine_destroy(engine);
}

static void test_out_of_memory(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        es_engine *engine = NULL;
        fault_alloc_fail_at(n);
        es_status status = es_engine_create(9, &engine);
        bool struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_true(struck == (engine == NULL));
        if (!struck) {
            assert_int_equal(n, 4);
            es_engine_destroy(engine);
            break;
        }
    }
    es_engine *engine;
    assert_int_equal(es_engine_create(SIZE_MAX, &engine), ES_NO_MEMORY);
    es_engine_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_clock),
        cmocka_unit_test(test_ties_go_to_the_lower_slot),
        cmocka_unit_test(test_retime_and_cancel),
        cmocka_unit_test(test_end_of_time),
        cmocka_unit_test(test_no_slots),
        cmocka_unit_test(test_against_reference),
        cmocka_unit_test(pitfall_12_scheduling_order_does_not_show),
        cmocka_unit_test(test_many_slots_come_in_order),
        cmocka_unit_test(test_foresees_nearly_all),
        cmocka_unit_test(test_running_does_not_allocate),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
