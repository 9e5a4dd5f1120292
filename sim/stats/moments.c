#include "edgesplit/stats.h"

#include "edgesplit/number.h"

#include <math.h>

/* Independent partial sums: additions of neighbours need not wait for each other. */
enum { N_LANES = 4 };

void es_sum_add_all(es_sum *sum, const double *values, size_t n) {
    es_sum lanes[N_LANES] = {0};
    size_t i = 0;
    for (; i + N_LANES <= n; i += N_LANES)
        for (size_t lane = 0; lane < N_LANES; lane++)
            es_sum_add(&lanes[lane], values[i + lane]);
    for (; i < n; i++)
        es_sum_add(&lanes[0], values[i]);
    for (size_t lane = 0; lane < N_LANES; lane++) {
        es_sum_add(sum, lanes[lane].sum);
        es_sum_add(sum, lanes[lane].compensation);
    }
}

void es_moments_add(es_moments *moments, const double *values, size_t n) {
    es_sum sum = {0}, deviation = {0}, squares = {0};
    double min = ES_INFINITY, max = -ES_INFINITY;
    uint64_t n_block = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            continue;
        n_block++;
        es_sum_add(&sum, values[i]);
        min = fmin(min, values[i]);
        max = fmax(max, values[i]);
    }
    if (n_block == 0)
        return;
    /* The corrected two-pass algorithm: the second term is the rounding error of the mean. */
    double mean = es_sum_value(sum) / (double)n_block;
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            continue;
        es_sum_add(&deviation, values[i] - mean);
        es_sum_add(&squares, (values[i] - mean) * (values[i] - mean));
    }
    double rest = es_sum_value(deviation);
    double m2 = es_sum_value(squares) - rest * rest / (double)n_block;
    es_sum_add(&moments->sum, sum.sum);
    es_sum_add(&moments->sum, sum.compensation);
    double n_all = (double)(moments->n + n_block);
    double step = mean - moments->mean;
    moments->m2 += m2 + step * step * ((double)moments->n / n_all) * (double)n_block;
    moments->mean += step * ((double)n_block / n_all);
    moments->min = moments->n > 0 ? fmin(moments->min, min) : min;
    moments->max = moments->n > 0 ? fmax(moments->max, max) : max;
    moments->n += n_block;
}

double es_moments_mean(const es_moments *moments) {
    return moments->n > 0 ? es_sum_value(moments->sum) / (double)moments->n : ES_NAN;
}

double es_moments_std(const es_moments *moments) {
    return moments->n > 1 ? sqrt(fmax(moments->m2, 0) / (double)(moments->n - 1)) : ES_NAN;
}
