/* Robust figures of a sample. */
#ifndef KERNELS_SUMMARY_H
#define KERNELS_SUMMARY_H

#include <stddef.h>

typedef struct es_sample_summary {
    size_t n;
    double median, p05, p95, min, mean, std; /* std: of the sample, divisor n - 1; 0 for n = 1 */
} es_sample_summary;

/* Summarises values [n], n >= 1, which are sorted in place. Quantiles interpolate linearly between
 * order statistics (type 7 of Hyndman & Fan, The American Statistician 50, 1996). O(n log n). */
es_sample_summary es_summarise(size_t n, double *values);

/* The order statistics x[k], x[n - 1 - k] (counted from 0) that hold the median with a probability
 * of at least 95 %, whatever the distribution: the largest k with P(Binomial(n, 1/2) <= k) <= 2.5 %
 * (David & Nagaraja, Order Statistics, 3rd edition, section 7.1). n if there is none, which is so
 * below n = 6. O(n). */
size_t es_median_interval_rank(size_t n);

/* Width of that interval over the median; infinite if there is no interval. Sorts values [n]. */
double es_median_interval_ratio(size_t n, double *values);

#endif
