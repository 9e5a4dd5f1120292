#include "edgesplit/number.h"
#include "edgesplit/stats.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

enum { N_BATCHES = 32 };
static const double MOST_CORRELATION = 0.9;

double es_student_quantile(double p, double degrees) {
    return gsl_cdf_tdist_Pinv(p, degrees);
}

static es_interval around(double mean, double variance_of_mean, size_t n, double confidence) {
    double half = es_student_quantile(0.5 + confidence / 2, (double)(n - 1)) *
                  sqrt(fmax(0, variance_of_mean));
    return (es_interval){mean, mean - half, mean + half, n, 0};
}

es_interval es_moments_interval(const es_moments *moments, double confidence) {
    double mean = es_moments_mean(moments), std = es_moments_std(moments);
    if (moments->n < 2)
        return (es_interval){mean, ES_NAN, ES_NAN, 0, 0};
    return around(mean, std * std / (double)moments->n, (size_t)moments->n, confidence);
}

static void join_pairs(es_batches *batches) {
    batches->n_full /= 2;
    batches->length *= 2;
    for (size_t i = 0; i < batches->n_full; i++)
        batches->sums[i] = batches->sums[2 * i] + batches->sums[2 * i + 1];
}

void es_batches_add(es_batches *batches, double value) {
    if (batches->n == 0)
        batches->length = 1;
    es_sum_add(&batches->total, value);
    es_sum_add(&batches->open, value);
    batches->n++;
    if (++batches->n_open < batches->length)
        return;
    if (batches->n_full == ES_FINE_BATCHES)
        join_pairs(batches);
    if (batches->n_open < batches->length)
        return;
    batches->sums[batches->n_full++] = es_sum_value(batches->open);
    batches->open = (es_sum){0};
    batches->n_open = 0;
}

void es_batches_add_all(es_batches *batches, const double *values, size_t n) {
    while (n > 0) {
        uint64_t room = batches->length - batches->n_open;
        if (batches->n == 0 || room <= 1 || n == 1) {
            es_batches_add(batches, *values++);
            n--;
            continue;
        }
        size_t some = n < room - 1 ? n : (size_t)(room - 1);
        es_sum part = {0};
        es_sum_add_all(&part, values, some);
        es_sum_add(&batches->total, part.sum);
        es_sum_add(&batches->total, part.compensation);
        es_sum_add(&batches->open, part.sum);
        es_sum_add(&batches->open, part.compensation);
        batches->n += some;
        batches->n_open += some;
        values += some;
        n -= some;
    }
}

/* Correlation of neighbours without its bias (Kendall 1954), within bounds. */
static double neighbour_correlation(const double *values, size_t n, double mean, double squares) {
    double products = 0;
    for (size_t i = 0; i + 1 < n; i++)
        products += (values[i] - mean) * (values[i + 1] - mean);
    double c = squares > 0 ? products / squares + 1.0 / (double)n : 0;
    return fmin(fmax(c, 0), MOST_CORRELATION);
}

es_interval es_batches_interval(const es_batches *batches, double confidence) {
    double mean = batches->n > 0 ? es_sum_value(batches->total) / (double)batches->n : ES_NAN;
    size_t n_joined = batches->n_full / N_BATCHES;
    if (n_joined == 0)
        return (es_interval){mean, ES_NAN, ES_NAN, 0, 0};
    double length = (double)n_joined * (double)batches->length, means[N_BATCHES];
    double centre = 0, squares = 0;
    for (size_t i = 0; i < N_BATCHES; i++) {
        es_sum sum = {0};
        for (size_t j = 0; j < n_joined; j++)
            es_sum_add(&sum, batches->sums[i * n_joined + j]);
        means[i] = es_sum_value(sum) / length;
        centre += means[i] / N_BATCHES;
    }
    for (size_t i = 0; i < N_BATCHES; i++)
        squares += (means[i] - centre) * (means[i] - centre);
    double c = neighbour_correlation(means, N_BATCHES, centre, squares);
    double variance = squares / (N_BATCHES - 1) * (1 + c) / (1 - c) / N_BATCHES;
    es_interval interval =
        around(mean, variance * N_BATCHES * length / (double)batches->n, N_BATCHES, confidence);
    interval.correlation = c;
    return interval;
}
