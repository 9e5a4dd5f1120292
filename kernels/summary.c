#include "summary.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double quantile(size_t n, const double *sorted, double p) {
    double at = p * (double)(n - 1);
    size_t below = (size_t)at;
    if (below + 1 >= n)
        return sorted[n - 1];
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

es_sample_summary es_summarise(size_t n, double *values) {
    qsort(values, n, sizeof *values, compare);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    double mean = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return (es_sample_summary){.n = n,
                               .median = quantile(n, values, 0.5),
                               .p05 = quantile(n, values, 0.05),
                               .p95 = quantile(n, values, 0.95),
                               .min = values[0],
                               .mean = mean,
                               .std = n > 1 ? sqrt(squares / (double)(n - 1)) : 0};
}

size_t es_median_interval_rank(size_t n) {
    double size = (double)n, tail = 0;
    for (size_t k = 0; k <= n; k++) {
        double i = (double)k;
        tail += exp(lgamma(size + 1) - lgamma(i + 1) - lgamma(size - i + 1) - size * log(2.0));
        if (tail > 0.025)
            return k > 0 ? k - 1 : n;
    }
    return n;
}

double es_median_interval_ratio(size_t n, double *values) {
    size_t rank = es_median_interval_rank(n);
    if (rank == n)
        return HUGE_VAL;
    qsort(values, n, sizeof *values, compare);
    return (values[n - 1 - rank] - values[rank]) / quantile(n, values, 0.5);
}
