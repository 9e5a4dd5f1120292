/* Properties of rate functions on thousands of random ones, against a reference that walks piece by
 * piece and pass by pass. */
#include "edgesplit/rate.h"
#include "test.h"

#include <stdbool.h>
#include <stdlib.h>

enum { MAX_PIECES = 12, N_FUNCTIONS = 4000, N_QUESTIONS = 25 };

/* A random function, as it was given to es_rate_create. */
typedef struct drawn {
    size_t n;
    es_time starts[2 * MAX_PIECES + 1];
    int64_t rates[2 * MAX_PIECES];
    es_at_end at_end;
    es_rate *rate;
} drawn;

static uint64_t random_state;

static int64_t random_below(int64_t bound) {
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    uint64_t high = random_state >> 32;
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)(((high << 32 | random_state >> 32) >> 1) % (uint64_t)bound);
}

static void create(drawn *sample) {
    assert_int_equal(
        es_rate_create(sample->n, sample->starts, sample->rates, sample->at_end, &sample->rate),
        ES_OK);
}

/* Times and rates of any magnitude; equal and zero rates are common. */
static void draw(drawn *sample) {
    int64_t longest = INT64_C(1) << (1 + random_below(36));
    int64_t fastest = random_below(3) == 0 ? 3 : INT64_C(1) << (1 + random_below(40));
    sample->n = 1 + (size_t)random_below(MAX_PIECES);
    sample->starts[0] = 0;
    for (size_t i = 0; i < sample->n; i++) {
        sample->starts[i + 1] = sample->starts[i] + 1 + random_below(longest);
        sample->rates[i] = random_below(4) == 0 ? 0 : random_below(fastest) + 1;
    }
    sample->rates[random_below((int64_t)sample->n)] = 1 + random_below(fastest);
    sample->at_end = (es_at_end)random_below(3);
    create(sample);
}

static es_time span(const drawn *sample) {
    return sample->starts[sample->n];
}

/* The rate at a time, and when the piece that holds there ends. */
static int64_t reference_rate(const drawn *sample, es_time at, es_time *end) {
    es_time begun = 0;
    *end = ES_TIME_NEVER;
    if (at >= span(sample) && sample->at_end == ES_AT_END_STOP)
        return 0;
    if (at >= span(sample) && sample->at_end == ES_AT_END_HOLD)
        return sample->rates[sample->n - 1];
    begun = at - at % span(sample);
    size_t i = 0;
    while (sample->starts[i + 1] <= at - begun)
        i++;
    *end = begun + sample->starts[i + 1];
    return sample->rates[i];
}

static es_work reference_integral(const drawn *sample, es_time from, es_time to) {
    es_work work = 0;
    while (from < to) {
        es_time end;
        int64_t rate = reference_rate(sample, from, &end);
        end = end < to ? end : to;
        work += (es_work)rate * (end - from);
        from = end;
    }
    return work;
}

static es_time random_time(const drawn *sample) {
    es_time at = random_below(4 * span(sample));
    if (random_below(4) > 0)
        return at;
    size_t i = (size_t)random_below((int64_t)sample->n + 1);
    return sample->starts[i] + (random_below(2) == 0 ? 0 : span(sample));
}

static void test_integral_equals_reference(void **state) {
    (void)state;
    random_state = 1;
    for (int i = 0; i < N_FUNCTIONS; i++) {
        drawn sample;
        draw(&sample);
        assert_int_equal(es_rate_span(sample.rate), span(&sample));
        for (int question = 0; question < N_QUESTIONS; question++) {
            es_time from = random_time(&sample), to = from + random_below(3 * span(&sample));
            es_time end;
            es_rate_cursor cursor = {0};
            assert_true(es_rate_integral(sample.rate, from, to) ==
                        reference_integral(&sample, from, to));
            assert_int_equal(es_rate_at(sample.rate, &cursor, from),
                             reference_rate(&sample, from, &end));
        }
        es_rate_destroy(sample.rate);
    }
}

/* The rate is the same all over the piece, which ends and begins where the given ones do, or, where
 * they are alike, beyond. */
static void test_pieces_hold_from_their_beginning_to_their_end(void **state) {
    (void)state;
    random_state = 2;
    for (int i = 0; i < N_FUNCTIONS; i++) {
        drawn sample;
        draw(&sample);
        es_rate_cursor cursor = {0}, other = {0};
        for (int question = 0; question < N_QUESTIONS; question++) {
            es_time at = random_time(&sample), from, until, given_until;
            int64_t rate = es_rate_piece_at(sample.rate, &cursor, at, &from, &until);
            assert_int_equal(rate, reference_rate(&sample, at, &given_until));
            assert_true(from <= at && at < until && given_until <= until);
            assert_true(reference_integral(&sample, from, at + 1) ==
                        (es_work)rate * (at + 1 - from));
            if (until < ES_TIME_NEVER)
                assert_true(reference_integral(&sample, at, until) == (es_work)rate * (until - at));
            else
                assert_int_equal(es_rate_at(sample.rate, &other, ES_TIME_NEVER - 1), rate);
        }
        es_rate_destroy(sample.rate);
    }
}

/* Work done at `finish` is enough, and one nanosecond earlier it is not. */
static void check_finish(const drawn *sample, es_time from, es_work work, es_time finish) {
    if (finish == ES_TIME_NEVER) {
        assert_int_not_equal(sample->at_end, ES_AT_END_LOOP);
        assert_true(reference_integral(sample, from, ES_TIME_NEVER) < work);
        return;
    }
    assert_true(finish >= from);
    assert_true(es_rate_integral(sample->rate, from, finish) >= work);
    assert_true(finish == from || es_rate_integral(sample->rate, from, finish - 1) < work);
}

static void test_finish_is_the_inverse(void **state) {
    (void)state;
    random_state = 2;
    size_t n_never = 0, n_looped = 0;
    for (int i = 0; i < N_FUNCTIONS; i++) {
        drawn sample;
        draw(&sample);
        for (int question = 0; question < N_QUESTIONS; question++) {
            es_time from = random_time(&sample);
            es_work work = reference_integral(&sample, 0, 1 + random_below(6 * span(&sample))) +
                           random_below(3) - 1;
            work = work < 0 ? 0 : work;
            es_rate_cursor cursor = {0};
            es_time finish = es_rate_finish(sample.rate, &cursor, from, work);
            check_finish(&sample, from, work, finish);
            n_never += finish == ES_TIME_NEVER;
            n_looped += sample.at_end == ES_AT_END_LOOP && finish > from + span(&sample);
        }
        es_rate_destroy(sample.rate);
    }
    assert_true(n_never > 1000 && n_looped > 1000);
}

static void test_cursor_is_only_a_hint(void **state) {
    (void)state;
    random_state = 3;
    for (int i = 0; i < N_FUNCTIONS; i++) {
        drawn sample;
        draw(&sample);
        es_rate_cursor kept = {0};
        for (int question = 0; question < N_QUESTIONS; question++) {
            es_rate_cursor fresh = {0}, wild = {(size_t)random_below(3 * MAX_PIECES)};
            es_time from = random_time(&sample);
            es_work work = reference_integral(&sample, 0, random_time(&sample));
            es_time finish = es_rate_finish(sample.rate, &fresh, from, work);
            assert_int_equal(es_rate_finish(sample.rate, &kept, from, work), finish);
            assert_int_equal(es_rate_finish(sample.rate, &wild, from, work), finish);
            wild.piece = SIZE_MAX;
            assert_int_equal(es_rate_at(sample.rate, &wild, from),
                             es_rate_at(sample.rate, &kept, from));
        }
        es_rate_destroy(sample.rate);
    }
}

static void test_splitting_changes_nothing(void **state) {
    (void)state;
    random_state = 4;
    for (int i = 0; i < N_FUNCTIONS; i++) {
        drawn whole, split = {0};
        draw(&whole);
        split.at_end = whole.at_end;
        for (size_t j = 0; j < whole.n; j++) {
            es_time length = whole.starts[j + 1] - whole.starts[j];
            split.starts[split.n] = whole.starts[j];
            split.rates[split.n++] = whole.rates[j];
            if (length > 1) {
                split.starts[split.n] = whole.starts[j] + 1 + random_below(length - 1);
                split.rates[split.n++] = whole.rates[j];
            }
        }
        split.starts[split.n] = span(&whole);
        create(&split);
        assert_int_equal(es_rate_n_pieces(split.rate), es_rate_n_pieces(whole.rate));
        assert_true(es_rate_mean(split.rate) == es_rate_mean(whole.rate));
        for (int question = 0; question < N_QUESTIONS; question++) {
            es_rate_cursor a = {0}, b = {0};
            es_time from = random_time(&whole);
            es_work work = reference_integral(&whole, 0, random_time(&whole));
            assert_int_equal(es_rate_finish(whole.rate, &a, from, work),
                             es_rate_finish(split.rate, &b, from, work));
        }
        es_rate_destroy(whole.rate);
        es_rate_destroy(split.rate);
    }
}

/* Rates and work times 2^k: the same finish. Times divided into 2^k finer ticks: 2^k times the
 * finish, up to the rounding of the coarse one. */
static void test_scaling_by_powers_of_two(void **state) {
    (void)state;
    random_state = 5;
    for (int i = 0; i < N_FUNCTIONS; i++) {
        drawn plain, faster, finer;
        draw(&plain);
        faster = plain;
        finer = plain;
        for (size_t j = 0; j < plain.n; j++) {
            faster.rates[j] *= 256;
            finer.starts[j + 1] *= 256;
        }
        create(&faster);
        create(&finer);
        for (int question = 0; question < N_QUESTIONS; question++) {
            es_rate_cursor cursor = {0};
            es_time from = random_time(&plain);
            es_work work = reference_integral(&plain, 0, random_time(&plain)) + 1;
            es_time finish = es_rate_finish(plain.rate, &cursor, from, work);
            assert_int_equal(es_rate_finish(faster.rate, &cursor, from, work * 256), finish);
            es_time finer_finish = es_rate_finish(finer.rate, &cursor, from * 256, work * 256);
            if (finish == ES_TIME_NEVER)
                assert_int_equal(finer_finish, ES_TIME_NEVER);
            else
                assert_int_equal((finer_finish + 255) / 256, finish);
        }
        es_rate_destroy(plain.rate);
        es_rate_destroy(faster.rate);
        es_rate_destroy(finer.rate);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integral_equals_reference),
        cmocka_unit_test(test_pieces_hold_from_their_beginning_to_their_end),
        cmocka_unit_test(test_finish_is_the_inverse),
        cmocka_unit_test(test_cursor_is_only_a_hint),
        cmocka_unit_test(test_splitting_changes_nothing),
        cmocka_unit_test(test_scaling_by_powers_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
