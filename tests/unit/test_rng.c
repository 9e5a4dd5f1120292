#include "edgesplit/rng.h"
#include "test.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

/* The known answers that come with the authors' Random123 library for philox4x32-10. */
static void test_known_answers(void **state) {
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], expected[4];
    } answers[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX},
         {UINT32_MAX, UINT32_MAX},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        uint32_t output[4];
        es_philox4x32_10(answers[i].counter, answers[i].key, output);
        assert_memory_equal(output, answers[i].expected, sizeof output);
    }
}

static gsl_rng *open_stream(uint64_t seed, uint32_t replication, es_rng_purpose purpose,
                            uint32_t entity) {
    gsl_rng *rng = es_rng_create(seed, replication, purpose, entity);
    assert_non_null(rng);
    return rng;
}

/* A stream is the blocks of its own counters, in order: the layout is part of the results. */
static void test_stream_is_its_counters(void **state) {
    (void)state;
    gsl_rng *rng = open_stream(UINT64_C(0x0123456789abcdef), 0x1234, ES_RNG_SERVICE, 99);
    const uint32_t key[2] = {0x89abcdef, 0x01234567};
    for (uint32_t block = 0; block < 3; block++) {
        const uint32_t counter[4] = {block, 0, 99, 0x12340003};
        uint32_t expected[4];
        es_philox4x32_10(counter, key, expected);
        for (size_t i = 0; i < 4; i++)
            assert_int_equal(gsl_rng_get(rng), expected[i]);
    }
    gsl_rng_free(rng);
}

static void test_set_opens_stream_zero(void **state) {
    (void)state;
    gsl_rng *rng = gsl_rng_alloc(es_rng_philox), *same = open_stream(77, 0, 0, 0);
    assert_string_equal(gsl_rng_name(rng), "philox4x32-10");
    assert_int_equal(gsl_rng_max(rng), UINT32_MAX);
    assert_int_equal(gsl_rng_min(rng), 0);
    gsl_rng_get(rng);
    gsl_rng_set(rng, 77);
    for (int i = 0; i < 10; i++)
        assert_int_equal(gsl_rng_get(rng), gsl_rng_get(same));
    gsl_rng_free(rng);
    gsl_rng_free(same);
}

static void test_every_part_of_a_name_matters(void **state) {
    (void)state;
    gsl_rng *rngs[] = {
        open_stream(5, 1, ES_RNG_BATCH, 3),
        open_stream(5 + (UINT64_C(1) << 32), 1, ES_RNG_BATCH, 3),
        open_stream(6, 1, ES_RNG_BATCH, 3),
        open_stream(5, 2, ES_RNG_BATCH, 3),
        open_stream(5, 1, ES_RNG_SERVICE, 3),
        open_stream(5, 1, ES_RNG_BATCH, 4),
        open_stream(5, UINT16_MAX, ES_RNG_BATCH, UINT32_MAX),
    };
    enum { N = sizeof rngs / sizeof rngs[0] };
    unsigned long first[N];
    for (size_t i = 0; i < N; i++) {
        first[i] = gsl_rng_get(rngs[i]);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(first[i], first[j]);
        gsl_rng_free(rngs[i]);
    }
}

static void test_streams_do_not_disturb_each_other(void **state) {
    (void)state;
    double alone[100];
    gsl_rng *a = open_stream(1, 0, ES_RNG_ARRIVALS, 0);
    for (size_t i = 0; i < 100; i++)
        alone[i] = gsl_rng_uniform(a);
    gsl_rng_free(a);

    gsl_rng *b = open_stream(1, 0, ES_RNG_POLICY, 0);
    a = open_stream(1, 0, ES_RNG_ARRIVALS, 0);
    for (size_t i = 0; i < 100; i++) {
        for (size_t draws = 0; draws < i % 7; draws++)
            gsl_rng_get(b);
        assert_true(gsl_rng_uniform(a) == alone[i]);
    }
    gsl_rng_free(a);
    gsl_rng_free(b);
}

/* The 53 bits come from two words, the first giving the high 27. */
static void test_uniform_has_53_bits(void **state) {
    (void)state;
    gsl_rng *rng = open_stream(9, 0, ES_RNG_ARRIVALS, 0),
            *words = open_stream(9, 0, ES_RNG_ARRIVALS, 0);
    bool lowest_bit[2] = {false, false};
    for (int i = 0; i < 1000; i++) {
        double u = gsl_rng_uniform(rng);
        unsigned long high = gsl_rng_get(words), low = gsl_rng_get(words);
        assert_true(u == ldexp((double)(high >> 5), -27) + ldexp((double)(low >> 6), -53));
        assert_true(u >= 0 && u < 1);
        lowest_bit[(uint64_t)ldexp(u, 53) & 1] = true;
    }
    assert_true(lowest_bit[0] && lowest_bit[1]);
    gsl_rng_free(rng);
    gsl_rng_free(words);
}

/* The logarithm is our own: as good as the library's, where it is hardest too. */
static void test_exponential_is_the_logarithm(void **state) {
    (void)state;
    es_rng rng;
    gsl_rng *same = open_stream(31, 2, ES_RNG_SERVICE, 4);
    es_rng_open(&rng, 31, 2, ES_RNG_SERVICE, 4);
    double worst = 0;
    for (int i = 0; i < 1000000; i++) {
        double draw = es_rng_exponential(&rng), expected = gsl_ran_exponential(same, 1);
        worst = fmax(worst, fabs(draw / expected - 1));
    }
    print_message("relative difference from the library's logarithm: at most %g\n", worst);
    assert_true(worst < 0x1p-51);
    gsl_rng_free(same);
    /* The ends: u is 0, the least above it and the largest below 1. */
    const struct {
        uint32_t high, low;
        double expected;
    } ends[] = {{0, 0, 0},
                {0, 1 << 6, 0x1p-53},
                {0, 63, 0},
                {UINT32_MAX, UINT32_MAX, 53 * 0.693147180559945309417},
                {UINT32_C(1) << 31, 0, 0.693147180559945309417}};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        rng.state.output[0] = ends[i].high;
        rng.state.output[1] = ends[i].low;
        rng.state.n_used = 0;
        assert_true(fabs(es_rng_exponential(&rng) - ends[i].expected) <=
                    0x1p-52 * ends[i].expected);
    }
}

/* Drawn ahead or in pairs, by turns of any kind: each stream's draws are those of its name, also
 * where the number of a block carries over into the counter's other word. */
static void test_exponentials_of_many_streams(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 3, ES_FEW_STREAMS, ES_FEW_STREAMS + 1};
    static const uint64_t first_blocks[] = {0, UINT32_MAX - 40};
    for (size_t s = 0; s < 2 * sizeof sizes / sizeof sizes[0]; s++) {
        size_t n = sizes[s / 2];
        uint64_t first = first_blocks[s % 2];
        es_rng expected[ES_FEW_STREAMS + 1];
        es_exponentials *draws =
            es_exponentials_create(n, UINT64_C(8) << 32 | 5, 1, ES_RNG_SERVICE, 2, 4);
        assert_non_null(draws);
        assert_true((draws->ahead != NULL) == (n <= ES_FEW_STREAMS));
        for (size_t i = 0; i < n; i++) {
            es_rng_open(&expected[i], UINT64_C(8) << 32 | 5, 1, ES_RNG_SERVICE,
                        2 + 4 * (uint32_t)i);
            expected[i].state.counter[0] = (uint32_t)first;
            draws->streams[i].n_drawn = 2 * first;
        }
        for (size_t k = 0; k < 400; k++)
            for (size_t i = 0; i < n; i++)
                if ((k + i) % 3 != 0)
                    assert_true(es_exponentials_next(draws, i) == es_rng_exponential(&expected[i]));
        free(draws);
    }
    fault_alloc_fail_at(1);
    assert_null(es_exponentials_create(1, 0, 0, ES_RNG_SERVICE, 0, 1));
    fault_alloc_fail_at(0);
    assert_null(
        es_exponentials_create(SIZE_MAX / sizeof(struct es_stream), 0, 0, ES_RNG_SERVICE, 0, 1));
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov-Smirnov over the draws of one stream and over the first draws of many streams, and
 * chi-square over pairs of neighbouring streams. The seeds are fixed: a failure is a change. */
static void check_uniform(double *values, size_t n) {
    qsort(values, n, sizeof *values, compare);
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fmax(values[i] - (double)i / (double)n,
                                     (double)(i + 1) / (double)n - values[i]));
    assert_true(largest * sqrt((double)n) < 1.95); /* asymptotic 0.1 % point */
}

static void pitfall_11_distributions_are_exact(void **state) {
    (void)state;
    enum { N = 20000, SIDE = 10 };
    static double along[N], across[N];
    size_t cells[SIDE][SIDE] = {{0}};
    gsl_rng *rng = open_stream(42, 0, ES_RNG_ARRIVALS, 0);
    for (size_t i = 0; i < N; i++) {
        along[i] = gsl_rng_uniform(rng);
        gsl_rng *other = open_stream(42, 0, ES_RNG_ARRIVALS, (uint32_t)i);
        across[i] = gsl_rng_uniform(other);
        gsl_rng_free(other);
        if (i % 2 == 1)
            cells[(size_t)(across[i] * SIDE)][(size_t)(across[i - 1] * SIDE)]++;
    }
    gsl_rng_free(rng);
    double chi_square = 0, expected = (double)N / 2 / (SIDE * SIDE);
    for (size_t i = 0; i < SIDE; i++)
        for (size_t j = 0; j < SIDE; j++)
            chi_square += pow((double)cells[i][j] - expected, 2) / expected;
    assert_true(gsl_cdf_chisq_Q(chi_square, SIDE * SIDE - 1) > 0.001);
    assert_true(gsl_cdf_chisq_P(chi_square, SIDE * SIDE - 1) > 0.001);
    check_uniform(along, N);
    check_uniform(across, N);
}

static void test_out_of_memory(void **state) {
    (void)state;
    for (size_t n = 1;; n++) {
        fault_alloc_fail_at(n);
        gsl_rng *rng = es_rng_create(1, 0, ES_RNG_ARRIVALS, 0);
        bool struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_true(struck == (rng == NULL));
        if (!struck) {
            assert_int_equal(n, 3);
            gsl_rng_free(rng);
            return;
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_stream_is_its_counters),
        cmocka_unit_test(test_set_opens_stream_zero),
        cmocka_unit_test(test_every_part_of_a_name_matters),
        cmocka_unit_test(test_streams_do_not_disturb_each_other),
        cmocka_unit_test(test_uniform_has_53_bits),
        cmocka_unit_test(test_exponential_is_the_logarithm),
        cmocka_unit_test(test_exponentials_of_many_streams),
        cmocka_unit_test(pitfall_11_distributions_are_exact),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
