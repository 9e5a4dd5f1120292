#include "edgesplit/number.h"
#include "edgesplit/stats.h"
#include "test.h"

#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <string.h>

enum { MAX_VALUES = 20000, MAX_PASSES = 5 };

static const double probabilities[] = {0,   1e-9, 0.01, 0.05,  0.25, 1.0 / 3,
                                       0.5, 0.75, 0.95, 0.999, 1};
enum { N_P = sizeof probabilities / sizeof probabilities[0] };

/* Any finite double, by its bits: signs, subnormals and all exponents. */
static double any_double(gsl_rng *rng) {
    double value;
    do {
        uint64_t bits = ((uint64_t)gsl_rng_get(rng) << 32) ^ (uint64_t)gsl_rng_get(rng);
        memcpy(&value, &bits, sizeof value);
    } while (!isfinite(value));
    return value;
}

static double constant(gsl_rng *rng) {
    (void)rng;
    return -0.1;
}
static double uniform(gsl_rng *rng) {
    return gsl_rng_uniform(rng);
}
static double bimodal(gsl_rng *rng) {
    return gsl_rng_uniform(rng) < 0.5 ? 1e-3 + 1e-9 * gsl_rng_uniform(rng) : 1e3;
}
static double negative(gsl_rng *rng) {
    return -1 / gsl_rng_uniform_pos(rng);
}
static double few_values(gsl_rng *rng) {
    return (double)gsl_rng_uniform_int(rng, 5) - 2;
}
/* Neighbouring doubles: only the last bits tell them apart. */
static double last_bits(gsl_rng *rng) {
    return 1 + (double)gsl_rng_uniform_int(rng, 1000) * 0x1p-52;
}
/* A cluster of neighbours and values at every distance from it, so that no interval of a search is
 * narrower than it has to be: the most passes. */
static double halving(gsl_rng *rng) {
    double kind = gsl_rng_uniform(rng);
    if (kind < 0.1)
        return kind < 0.05 ? -1e100 : 1e100;
    if (kind < 0.6)
        return 1 + (double)gsl_rng_uniform_int(rng, 8) * 0x1p-52;
    return 1 + ldexp(1, -(int)gsl_rng_uniform_int(rng, 52) - 1);
}

static double (*const columns[])(gsl_rng *) = {any_double, constant,   uniform,   bimodal,
                                               negative,   few_values, last_bits, halving};
enum { N_COLUMNS = sizeof columns / sizeof columns[0] };

/* Feeds a column in blocks of random sizes until its quantiles are known; returns the passes. */
static int run_quantiles(es_quantiles *quantiles, const double *values, size_t n, gsl_rng *rng) {
    int passes = 0;
    do {
        for (size_t at = 0; at < n;) {
            size_t block = gsl_rng_uniform_int(rng, 1000);
            block = block < n - at ? block : n - at;
            es_quantiles_feed(quantiles, values + at, block);
            at += block;
        }
        passes++;
    } while (es_quantiles_again(quantiles));
    return passes;
}

/* Exactly GSL's quantiles of the sorted column, for columns of every shape and size. */
static void test_quantiles_equal_gsl(void **state) {
    (void)state;
    static const size_t sizes[] = {1, 2, 3, 4, 5, 7, 100, 8191, MAX_VALUES};
    static double values[MAX_VALUES], sorted[MAX_VALUES];
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    int most_passes = 0, n_passes = 0, n_with_bounds = 0;
    double found[N_P];
    for (size_t c = 0; c < N_COLUMNS; c++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            size_t n = sizes[s];
            for (size_t i = 0; i < n; i++)
                values[i] = sorted[i] = columns[c](rng);
            gsl_sort(sorted, 1, n);
            es_quantiles *quantiles;
            assert_int_equal(es_quantiles_create(N_P, probabilities, &quantiles), ES_OK);
            int passes = run_quantiles(quantiles, values, n, rng);
            most_passes = passes > most_passes ? passes : most_passes;
            n_passes += passes;
            for (size_t i = 0; i < N_P; i++) {
                double expected =
                    gsl_stats_quantile_from_sorted_data(sorted, 1, n, probabilities[i]);
                found[i] = es_quantiles_value(quantiles, i);
                assert_true(found[i] == expected);
            }
            es_quantiles_destroy(quantiles);
            assert_int_equal(es_quantiles_create(N_P, probabilities, &quantiles), ES_OK);
            es_quantiles_bound(quantiles, sorted[0], sorted[n - 1]);
            n_with_bounds += run_quantiles(quantiles, values, n, rng);
            for (size_t i = 0; i < N_P; i++)
                assert_true(es_quantiles_value(quantiles, i) == found[i]);
            es_quantiles_destroy(quantiles);
        }
    print_message("at most %d passes; %d in all, %d with bounds\n", most_passes, n_passes,
                  n_with_bounds);
    assert_true(n_with_bounds < n_passes);
    assert_int_equal(most_passes, MAX_PASSES); /* the halving column needs all of them */
    gsl_rng_free(rng);
}

static void test_quantiles_skip_nan(void **state) {
    (void)state;
    const double values[] = {ES_NAN, 3, ES_NAN, 1, 2, -ES_NAN};
    const double p[] = {0, 0.5, 0.75, 1};
    es_quantiles *quantiles;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    assert_int_equal(es_quantiles_create(4, p, &quantiles), ES_OK);
    run_quantiles(quantiles, values, 6, rng);
    assert_true(es_quantiles_value(quantiles, 0) == 1);
    assert_true(es_quantiles_value(quantiles, 1) == 2);
    assert_true(es_quantiles_value(quantiles, 2) == 2.5);
    assert_true(es_quantiles_value(quantiles, 3) == 3);
    es_quantiles_destroy(quantiles);
    for (size_t n = 0; n < 2; n++) {
        assert_int_equal(es_quantiles_create(1, p, &quantiles), ES_OK);
        assert_int_equal(run_quantiles(quantiles, values, n, rng), 1);
        assert_true(isnan(es_quantiles_value(quantiles, 0)));
        es_quantiles_destroy(quantiles);
    }
    assert_int_equal(es_quantiles_create(0, p, &quantiles), ES_OK);
    assert_int_equal(run_quantiles(quantiles, values, 6, rng), 1);
    es_quantiles_destroy(quantiles);
    gsl_rng_free(rng);
}

/* Both zeros count as bounds, whichever is named. */
static void test_quantiles_with_zeros_as_bounds(void **state) {
    (void)state;
    const double values[] = {0.0, -0.0, 0.0, -0.0}, p[] = {0, 1};
    for (int sign = -1; sign <= 1; sign += 2) {
        es_quantiles *quantiles;
        assert_int_equal(es_quantiles_create(2, p, &quantiles), ES_OK);
        es_quantiles_bound(quantiles, sign * 0.0, sign * 0.0);
        do
            es_quantiles_feed(quantiles, values, 4);
        while (es_quantiles_again(quantiles));
        assert_true(signbit(es_quantiles_value(quantiles, 0)));
        assert_false(signbit(es_quantiles_value(quantiles, 1)));
        es_quantiles_destroy(quantiles);
    }
}

/* Infinite values are numbers as others: only an interpolation with one is infinite. */
static void test_quantiles_of_infinite_values(void **state) {
    (void)state;
    const double values[] = {ES_INFINITY, -ES_INFINITY, 0}, p[] = {0, 0.5, 0.75, 1};
    es_quantiles *quantiles;
    assert_int_equal(es_quantiles_create(4, p, &quantiles), ES_OK);
    do
        es_quantiles_feed(quantiles, values, 3);
    while (es_quantiles_again(quantiles));
    assert_true(es_quantiles_value(quantiles, 0) == -ES_INFINITY);
    assert_true(es_quantiles_value(quantiles, 1) == 0);
    assert_true(es_quantiles_value(quantiles, 2) == ES_INFINITY);
    assert_true(es_quantiles_value(quantiles, 3) == ES_INFINITY);
    es_quantiles_destroy(quantiles);
}

static void test_quantiles_out_of_memory(void **state) {
    (void)state;
    bool struck = true;
    for (size_t n = 1; struck; n++) {
        es_quantiles *quantiles;
        fault_alloc_fail_at(n);
        es_status status = es_quantiles_create(N_P, probabilities, &quantiles);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        assert_true(struck == (quantiles == NULL));
        es_quantiles_destroy(quantiles);
    }
    es_quantiles *huge;
    assert_int_equal(es_quantiles_create(SIZE_MAX / 8, probabilities, &huge), ES_NO_MEMORY);
    assert_null(huge);
}

static void test_feeding_allocates_nothing(void **state) {
    (void)state;
    static const double values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    es_moments moments = {0};
    es_quantiles *quantiles;
    assert_int_equal(es_quantiles_create(N_P, probabilities, &quantiles), ES_OK);
    size_t before = fault_alloc_count();
    do {
        es_quantiles_feed(quantiles, values, 9);
        es_moments_add(&moments, values, 9);
    } while (es_quantiles_again(quantiles));
    assert_int_equal(fault_alloc_count(), before);
    es_quantiles_destroy(quantiles);
}

static void test_moments_are_empty_at_first(void **state) {
    (void)state;
    es_moments moments = {0};
    const double values[] = {ES_NAN, 4};
    es_moments_add(&moments, values, 1);
    assert_int_equal(moments.n, 0);
    assert_true(isnan(es_moments_mean(&moments)));
    assert_true(isnan(es_moments_std(&moments)));
    es_moments_add(&moments, values, 2);
    assert_int_equal(moments.n, 1);
    assert_true(es_moments_mean(&moments) == 4 && moments.min == 4 && moments.max == 4);
    assert_true(isnan(es_moments_std(&moments)));
}

/* Against GSL's sums in long double, for one block, small blocks and single values. */
static void test_moments_equal_gsl(void **state) {
    (void)state;
    static double values[MAX_VALUES], kept[MAX_VALUES];
    static const size_t blocks[] = {1, 2, 7, 1000, MAX_VALUES};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    for (size_t c = 1; c < N_COLUMNS; c++)
        for (size_t b = 0; b < 5; b++) {
            size_t n_kept = 0;
            for (size_t i = 0; i < MAX_VALUES; i++) {
                values[i] = i % 10 == 3 ? ES_NAN : columns[c](rng);
                if (!isnan(values[i]))
                    kept[n_kept++] = values[i];
            }
            es_moments moments = {0};
            for (size_t at = 0; at < MAX_VALUES; at += blocks[b]) {
                size_t left = MAX_VALUES - at;
                es_moments_add(&moments, values + at, left < blocks[b] ? left : blocks[b]);
            }
            double mean = gsl_stats_mean(kept, 1, n_kept), std = gsl_stats_sd(kept, 1, n_kept);
            assert_int_equal(moments.n, n_kept);
            assert_true(fabs(es_moments_mean(&moments) - mean) <= 4e-16 * fabs(mean));
            assert_true(fabs(moments.mean - mean) <= 1e-13 * fabs(mean));
            assert_true(fabs(es_moments_std(&moments) - std) <= 1e-12 * std + 1e-13 * fabs(mean));
            assert_true(moments.min == gsl_stats_min(kept, 1, n_kept));
            assert_true(moments.max == gsl_stats_max(kept, 1, n_kept));
        }
    gsl_rng_free(rng);
}

/* The classical trap: a variance far below the squared mean (Chan, Golub, LeVeque 1983). */
static void test_variance_with_a_large_mean(void **state) {
    (void)state;
    for (size_t block = 1; block <= 4; block++) {
        const double values[] = {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16};
        es_moments moments = {0};
        for (size_t at = 0; at < 4; at += block)
            es_moments_add(&moments, values + at, 4 - at < block ? 4 - at : block);
        assert_true(es_moments_mean(&moments) == 1e9 + 10);
        assert_true(fabs(es_moments_std(&moments) - sqrt(30)) < 1e-12);
    }
}

static void test_sum_is_compensated(void **state) {
    (void)state;
    es_sum sum = {0};
    es_sum_add(&sum, 1);
    es_sum_add(&sum, 1e100);
    es_sum_add(&sum, 1);
    es_sum_add(&sum, -1e100);
    assert_true(es_sum_value(sum) == 2);
    sum = (es_sum){0};
    for (int i = 0; i < 10000000; i++)
        es_sum_add(&sum, 0.1);
    assert_true(es_sum_value(sum) == 1e6);
}

/* A column of any length adds up as its values do one by one; one that is not a number shows. */
static void test_sum_of_a_column(void **state) {
    (void)state;
    enum { MOST = 23 };
    double values[MOST];
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    for (size_t n = 0; n <= MOST; n++)
        for (size_t round = 0; round < 100; round++) {
            es_sum single = {1, 0}, column = {1, 0};
            for (size_t i = 0; i < n; i++) {
                values[i] = bimodal(rng) * (round % 2 == 0 ? 1 : 0.5 - gsl_rng_uniform(rng));
                es_sum_add(&single, values[i]);
            }
            es_sum_add_all(&column, values, n);
            assert_true(es_sum_value(column) == es_sum_value(single));
            if (n == 0)
                continue;
            values[round % n] = ES_NAN;
            es_sum_add_all(&column, values, n);
            assert_true(isnan(es_sum_value(column)));
            values[round % n] = 1;
            es_sum_add_all(&column, values, n);
            assert_true(isnan(es_sum_value(column)));
        }
    gsl_rng_free(rng);
}

/* What MSER-5 is by its definition: every cut's mean and sum of squares from the start. */
static uint64_t mser_by_definition(const double *values, size_t n_values) {
    size_t n = n_values / 5, best = 0;
    double least = ES_INFINITY;
    for (size_t d = 0; d <= n / 2 && n > 0; d++) {
        double mean = 0, squares = 0, left = (double)(n - d);
        for (size_t i = 5 * d; i < 5 * n; i++)
            mean += values[i] / (5 * left);
        for (size_t k = d; k < n; k++) {
            double z = 0;
            for (size_t i = 5 * k; i < 5 * k + 5; i++)
                z += values[i] / 5;
            squares += (z - mean) * (z - mean);
        }
        if (squares / (left * left) < least) {
            least = squares / (left * left);
            best = d;
        }
    }
    return 5 * best;
}

/* The cut by all passes, in blocks of random sizes. */
static uint64_t mser_cut(const double *values, size_t n, gsl_rng *rng) {
    es_mser mser = {0};
    do
        for (size_t at = 0; at < n;) {
            size_t block = gsl_rng_uniform_int(rng, 1000);
            block = block < n - at ? block : n - at;
            es_mser_feed(&mser, values + at, block);
            at += block;
        }
    while (es_mser_again(&mser));
    return es_mser_cut(&mser);
}

/* Noise about a level that is reached from far above, or below, after a while. */
static void pitfall_09_mser_cuts_as_it_is_defined(void **state) {
    (void)state;
    static double values[4000], holes[5000];
    static const double starts[] = {0, 1, -1, 50, 1e6};
    static const size_t sizes[] = {0, 4, 9, 10, 11, 57, 1000, 4000};
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    size_t n_cut = 0;
    for (size_t s = 0; s < sizeof starts / sizeof starts[0]; s++)
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
            size_t n = sizes[k], n_holes = 0;
            for (size_t i = 0; i < n; i++) {
                values[i] = 100 + starts[s] * exp(-(double)i / 100) + gsl_rng_uniform(rng);
                if (i % 4 == 1)
                    holes[n_holes++] = ES_NAN;
                holes[n_holes++] = values[i];
            }
            uint64_t expected = mser_by_definition(values, n);
            assert_int_equal(mser_cut(values, n, rng), expected);
            assert_int_equal(mser_cut(holes, n_holes, rng), expected);
            n_cut += expected > 0;
        }
    assert_true(n_cut > 5);
    gsl_rng_free(rng);
}

/* A series that only rises is never settled; one that does not move always was. */
static void mser_of_a_trend_and_of_a_constant(void **state) {
    (void)state;
    static double values[1000];
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    for (size_t i = 0; i < 1000; i++)
        values[i] = (double)i;
    assert_int_equal(mser_cut(values, 1000, rng), 500);
    for (size_t i = 0; i < 1000; i++)
        values[i] = 0.1;
    assert_int_equal(mser_cut(values, 1000, rng), 0);
    gsl_rng_free(rng);
}

/* The same interval whether values come one by one or in columns of any length. */
static void test_batches_of_columns(void **state) {
    (void)state;
    static double values[MAX_VALUES];
    static es_batches single, columnwise;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    for (size_t i = 0; i < MAX_VALUES; i++)
        values[i] = uniform(rng);
    for (size_t n = 1; n <= MAX_VALUES; n = 2 * n + 3) {
        single = columnwise = (es_batches){0};
        for (size_t i = 0; i < n; i++)
            es_batches_add(&single, values[i]);
        for (size_t at = 0; at < n;) {
            size_t block = gsl_rng_uniform_int(rng, 3000);
            block = block < n - at ? block : n - at;
            es_batches_add_all(&columnwise, values + at, block);
            at += block;
        }
        assert_int_equal(columnwise.n, single.n);
        assert_int_equal(columnwise.length, single.length);
        assert_int_equal(columnwise.n_full, single.n_full);
        assert_int_equal(columnwise.n_open, single.n_open);
        for (size_t i = 0; i < single.n_full; i++)
            assert_true(fabs(columnwise.sums[i] - single.sums[i]) <= 4e-16 * single.sums[i]);
        es_interval a = es_batches_interval(&single, 0.95);
        es_interval b = es_batches_interval(&columnwise, 0.95);
        assert_true(a.mean == b.mean);
        assert_true(isnan(a.low) ? isnan(b.low) : fabs(a.low - b.low) < 1e-14);
    }
    gsl_rng_free(rng);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantiles_equal_gsl),
        cmocka_unit_test(test_quantiles_skip_nan),
        cmocka_unit_test(test_quantiles_with_zeros_as_bounds),
        cmocka_unit_test(test_quantiles_of_infinite_values),
        cmocka_unit_test(test_quantiles_out_of_memory),
        cmocka_unit_test(test_feeding_allocates_nothing),
        cmocka_unit_test(test_moments_are_empty_at_first),
        cmocka_unit_test(test_moments_equal_gsl),
        cmocka_unit_test(test_variance_with_a_large_mean),
        cmocka_unit_test(test_sum_is_compensated),
        cmocka_unit_test(test_sum_of_a_column),
        cmocka_unit_test(pitfall_09_mser_cuts_as_it_is_defined),
        cmocka_unit_test(mser_of_a_trend_and_of_a_constant),
        cmocka_unit_test(test_batches_of_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
