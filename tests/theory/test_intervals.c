/* Intervals of means: how often they hold the true one (PITFALL 13). */
#include "edgesplit/number.h"
#include "edgesplit/stats.h"
#include "test.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <string.h>

/* A stationary AR(1) series of mean 0 and variance 1; true if the interval of its mean holds 0. */
static bool covers(gsl_rng *rng, double phi, size_t n, es_batches *batches) {
    double value = gsl_ran_gaussian_ziggurat(rng, 1), noise = sqrt(1 - phi * phi);
    memset(batches, 0, sizeof *batches);
    for (size_t i = 0; i < n; i++) {
        es_batches_add(batches, value);
        value = phi * value + gsl_ran_gaussian_ziggurat(rng, noise);
    }
    es_interval interval = es_batches_interval(batches, 0.95);
    return interval.low <= 0 && interval.high >= 0;
}

/* 2000 series each: the standard error of a share of 95 % is 0.5 %. */
static void pitfall_13_batch_means_cover_correlated_series(void **state) {
    (void)state;
    static const struct {
        double phi;
        size_t n;
        double least, most;
    } cases[] = {
        {0, 100, 0.935, 0.98},    {0, 10000, 0.935, 0.98},    {0.5, 1000, 0.935, 0.98},
        {0.9, 1000, 0.935, 0.98}, {0.9, 10000, 0.935, 0.98},  {0.98, 10000, 0.935, 0.98},
        {0.98, 1000, 0.90, 0.97}, {0.995, 10000, 0.92, 0.97},
    };
    enum { N_SERIES = 2000 };
    static es_batches batches;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        int covered = 0;
        for (int i = 0; i < N_SERIES; i++)
            covered += covers(rng, cases[c].phi, cases[c].n, &batches);
        double share = (double)covered / N_SERIES;
        print_message("phi %g, %zu values: %.1f %%\n", cases[c].phi, cases[c].n, 100 * share);
        assert_true(share >= cases[c].least && share <= cases[c].most);
    }
    gsl_rng_free(rng);
}

/* The trap itself: Student's interval over the correlated values. */
static void test_raw_intervals_do_not(void **state) {
    (void)state;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    int covered = 0;
    for (int i = 0; i < 500; i++) {
        es_moments moments = {0};
        double value = gsl_ran_gaussian_ziggurat(rng, 1);
        for (size_t k = 0; k < 1000; k++) {
            es_moments_add(&moments, &value, 1);
            value = 0.98 * value + gsl_ran_gaussian_ziggurat(rng, sqrt(1 - 0.98 * 0.98));
        }
        es_interval interval = es_moments_interval(&moments, 0.95);
        covered += interval.low <= 0 && interval.high >= 0;
    }
    assert_true(covered < 150);
    gsl_rng_free(rng);
}

/* A run that is too short for its correlation says so. */
static void test_short_series_are_noticed(void **state) {
    (void)state;
    static es_batches batches;
    gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
    int short_ones = 0, long_ones = 0;
    for (int i = 0; i < 500; i++) {
        covers(rng, 0.98, 1000, &batches);
        short_ones += es_batches_interval(&batches, 0.95).correlation > ES_SHORT_SERIES;
        covers(rng, 0.9, 10000, &batches);
        long_ones += es_batches_interval(&batches, 0.95).correlation > ES_SHORT_SERIES;
    }
    assert_true(short_ones > 300);
    assert_true(long_ones < 5);
    gsl_rng_free(rng);
}

/* Tables of the distribution, to their digits. */
static void test_student_quantiles(void **state) {
    (void)state;
    assert_true(fabs(es_student_quantile(0.975, 1) - 12.7062047361747) < 1e-10);
    assert_true(fabs(es_student_quantile(0.975, 31) - 2.03951344639641) < 1e-12);
    assert_true(fabs(es_student_quantile(0.995, 31) - 2.74404191929413) < 1e-12);
}

static void test_interval_of_independent_values(void **state) {
    (void)state;
    const double values[] = {1, 2, 3, 4}; /* mean 2.5, standard error sqrt(5/3)/2, t 3.18245 */
    es_moments moments = {0};
    assert_true(isnan(es_moments_interval(&moments, 0.95).low));
    es_moments_add(&moments, values, 4);
    es_interval interval = es_moments_interval(&moments, 0.95);
    assert_true(interval.mean == 2.5 && interval.n_batches == 4);
    assert_true(fabs(interval.high - 2.5 - 3.18244630528371 * sqrt(5.0 / 3) / 2) < 1e-12);
    assert_true(fabs(interval.high + interval.low - 5) < 1e-14);
}

/* 64 values in 32 batches of two whose means alternate: negative correlation is not made use of. */
static void test_batch_means_by_hand(void **state) {
    (void)state;
    static es_batches batches;
    memset(&batches, 0, sizeof batches);
    assert_true(isnan(es_batches_interval(&batches, 0.95).mean));
    for (int i = 0; i < 64; i++) {
        if (i == 31)
            assert_true(isnan(es_batches_interval(&batches, 0.95).low));
        es_batches_add(&batches, i / 2 % 2 + 10 * (i % 2));
    }
    es_interval interval = es_batches_interval(&batches, 0.95);
    double half = 2.03951344639641 * sqrt(32 * 0.25 / 31 / 32);
    assert_true(interval.mean == 5.5 && interval.n_batches == 32 && interval.correlation == 0);
    assert_true(fabs(interval.high - 5.5 - half) < 1e-13);
}

/* Joining loses nothing: the mean is that of all values, and a constant has no width. */
static void test_joined_batches_hold_every_value(void **state) {
    (void)state;
    static es_batches batches;
    memset(&batches, 0, sizeof batches);
    double total = 0;
    for (int i = 0; i < 5000; i++) {
        es_batches_add(&batches, i);
        total += i;
        double kept = es_sum_value(batches.open);
        for (size_t k = 0; k < batches.n_full; k++)
            kept += batches.sums[k];
        assert_true(kept == total);
        assert_true(batches.n == batches.length * batches.n_full + batches.n_open);
    }
    assert_true(es_batches_interval(&batches, 0.95).mean == 2499.5);
    assert_true(es_batches_interval(&batches, 0.95).correlation > ES_SHORT_SERIES); /* a trend */
    memset(&batches, 0, sizeof batches);
    for (int i = 0; i < 5000; i++)
        es_batches_add(&batches, 0.1);
    es_interval interval = es_batches_interval(&batches, 0.95);
    assert_true(fabs(interval.low - 0.1) < 1e-15 && fabs(interval.high - 0.1) < 1e-15);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pitfall_13_batch_means_cover_correlated_series),
        cmocka_unit_test(test_raw_intervals_do_not),
        cmocka_unit_test(test_short_series_are_noticed),
        cmocka_unit_test(test_student_quantiles),
        cmocka_unit_test(test_interval_of_independent_values),
        cmocka_unit_test(test_batch_means_by_hand),
        cmocka_unit_test(test_joined_batches_hold_every_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
