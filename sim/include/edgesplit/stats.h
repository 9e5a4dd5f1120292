/* Statistics of long columns in bounded memory. Distributions are GSL's. */
#ifndef EDGESPLIT_STATS_H
#define EDGESPLIT_STATS_H

#include "edgesplit/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A compensated sum: the rounding error of n additions does not grow with n (Kahan and Babuska,
 * with the error-free two-sum of Knuth, TAOCP 2, 4.2.2, theorem B). Zero-initialise. */
typedef struct es_sum {
    double sum, compensation;
} es_sum;

static inline void es_sum_add(es_sum *sum, double value) {
    double total = sum->sum + value, grown = total - sum->sum;
    sum->compensation += (sum->sum - (total - grown)) + (value - grown);
    sum->sum = total;
}

/* Adds a column of values, NaN included; faster than one by one. O(n). */
void es_sum_add_all(es_sum *sum, const double *values, size_t n);

static inline double es_sum_value(es_sum sum) {
    return sum.sum + sum.compensation;
}

/* Count, mean, variance, extremes of the values that are not NaN; they must be finite, and below
 * 1e150 for their squares to be. Zero-initialise. */
typedef struct es_moments {
    uint64_t n;
    es_sum sum;
    double mean, m2; /* running mean and sum of squared deviations (Chan, Golub, LeVeque 1979),
                        block by block */
    double min, max; /* meaningless while n is 0 */
} es_moments;

/* Adds a column of values. O(n), no allocation. */
void es_moments_add(es_moments *moments, const double *values, size_t n);
double es_moments_mean(const es_moments *moments); /* NaN if empty */
double
es_moments_std(const es_moments *moments); /* sample standard deviation; NaN below two values */

/* Student's interval of a mean. */
typedef struct es_interval {
    double mean, low, high; /* NaN: too few values (the mean: none) */
    size_t n_batches;       /* means that it rests on; 0 where there is none */
    double correlation;     /* of neighbouring batch means as corrected for, 0 .. 0.9 */
} es_interval;

/* Quantile p of Student's t with `degrees` of freedom, > 0. */
double es_student_quantile(double p, double degrees);

/* The interval of the mean of independent values. */
es_interval es_moments_interval(const es_moments *moments, double confidence);

/* The mean of a stationary series with an interval that its correlation has no part in, in bounded
 * memory. Zero-initialise.
 *
 * The series is kept as at most ES_FINE_BATCHES sums of equally many values, pairs of which are
 * joined when there is no room. The interval is that of the method of batch means with 32
 * batches of those (Schmeiser, "Batch size effects in the analysis of simulation output", 1982:
 * more make it hardly narrower), with the variance times (1 + c) / (1 - c) for the correlation c of
 * neighbouring batch means, its bias 1 / 32 removed and held to 0 .. 0.9: the correction of
 * Tafazzoli, Steiger, Wilson, "N-Skart" (2011). Coverage of a nominal 95 % on AR(1) series that
 * are worth n independent values (tests/theory/test_intervals.c): 95 to 97 % for n >= 50, 94 % for
 * n = 25, 92 % for n = 10, where c is mostly above ES_SHORT_SERIES and the reader has to be
 * told. */
enum { ES_FINE_BATCHES = 1024 };
#define ES_SHORT_SERIES 0.5
typedef struct es_batches {
    uint64_t n, length, n_open; /* values in all, in a sum, in the one that is not full yet */
    size_t n_full;
    es_sum total, open;
    double sums[ES_FINE_BATCHES];
} es_batches;

void es_batches_add(es_batches *batches, double value);
/* Adds a column of values, none of them NaN; faster than one by one. */
void es_batches_add_all(es_batches *batches, const double *values, size_t n);
es_interval es_batches_interval(const es_batches *batches, double confidence);

/* Where a series has settled, by MSER-5 (White, "An effective truncation heuristic for bias
 * reduction in simulation output", Simulation 69, 1997; White, Cobb, Spratt, "A comparison of five
 * steady-state truncation heuristics for simulation", 2000): of the means z of each five values
 * in a row, what is cut is the d that makes
 *
 *     sum over i > d of (z_i - mean of z_(d+1) .. z_n)^2 / (n - d)^2
 *
 * least, for d up to n / 2: where the best d lies there the series is too short to tell. The column
 * is read three times, and nothing of it is kept. Zero-initialise.
 *
 *     do { for each block: es_mser_feed(&mser, values, n); } while (es_mser_again(&mser));
 *
 * NaN values are skipped and not counted. Up to four values behind the last full five are left out
 * of the judgement. */
enum { ES_MSER_BATCH = 5 };
typedef struct es_mser {
    int pass;
    uint64_t n, n_open; /* full batches; values in the one that is not full */
    double open;
    double origin; /* the last batch's mean: sums are of z - origin, lest squares lose the digits
                      that count */
    es_sum sum, squares;
    uint64_t n_judged, best;
    es_sum before, squares_before;
    double least;
} es_mser;

void es_mser_feed(es_mser *mser, const double *values, size_t n);
/* Ends a pass: true if the same column has to be fed once more. */
bool es_mser_again(es_mser *mser);

/* How many values at the start to leave out: a multiple of five, 0 below ten values. */
uint64_t es_mser_cut(const es_mser *mser);

/* Exact quantiles of a column that does not fit in memory, by reading it several times: each pass
 * counts the values in the bins of the interval that can still hold an order statistic, until the
 * bins tell its value: at most five passes for any column of doubles.
 *
 *     do { for each block: es_quantiles_feed(q, values, n); } while (es_quantiles_again(q));
 *
 * Quantile p of n values is the linear interpolation at (n - 1) p between order statistics (as
 * gsl_stats_quantile_from_sorted_data). NaN values are skipped. Each pass has to feed the same
 * values, in any order. Memory: about 200 kB per quantile, whatever n. Time, for five
 * quantiles: 3 to 4 ns a value in the first pass, and in the others 2 ns with bounds, 8 to 10
 * without. */
typedef struct es_quantiles es_quantiles;

/* Creates a selection of `n_p` quantiles, 0 <= p <= 1. ES_NO_MEMORY. */
ES_NODISCARD es_status es_quantiles_create(size_t n_p, const double *p, es_quantiles **quantiles);
void es_quantiles_destroy(es_quantiles *quantiles);
/* Says before the first value that all are `least` .. `greatest`, which mostly saves a pass. */
void es_quantiles_bound(es_quantiles *quantiles, double least, double greatest);
void es_quantiles_feed(es_quantiles *quantiles, const double *values, size_t n);
/* Ends a pass: true if the same column has to be fed once more. */
bool es_quantiles_again(es_quantiles *quantiles);
/* Quantile i after the last pass; NaN if there was no value. */
double es_quantiles_value(const es_quantiles *quantiles, size_t i);

#endif
