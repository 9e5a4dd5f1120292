#include "fitter.h"

#include <gsl/gsl_sf_erf.h>
#include <math.h>

enum { MAX_ROUNDS = 500 };
static const double round_tolerance = 1e-9;

/* What is expected of a normal value that is at most `limit`: mean and variance. Where the limit is
 * far above, it says nothing. */
static void expect_censored(double mean, double deviation, double limit, double *expected,
                            double *variance) {
    double z = (limit - mean) / deviation, ratio = z < 30 ? gsl_sf_hazard(-z) : 0;
    *expected = mean - deviation * ratio;
    *variance = deviation * deviation * fmax(1 - z * ratio - ratio * ratio, 0);
}

/* One round of EM for mean and deviation; returns the number of known values. */
static size_t improve_marginal(size_t n, const double *values, double censored, es_ar1 *ar1) {
    double sum = 0, squares = 0, from = ar1->mean;
    size_t n_known = 0, n_all = 0;
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            continue;
        double value = values[i], variance = 0;
        if (value <= censored)
            expect_censored(ar1->mean, ar1->deviation, censored, &value, &variance);
        else
            n_known++;
        sum += value - from;
        squares += (value - from) * (value - from) + variance;
        n_all++;
    }
    double shift = n_all > 0 ? sum / (double)n_all : 0;
    ar1->mean = from + shift;
    ar1->deviation = n_all > 0 ? sqrt(fmax(squares / (double)n_all - shift * shift, 0)) : 0;
    return n_known;
}

/* One round of EM for the regression on the value before; returns the number of steps used. */
static size_t improve_rho(size_t n, const double *values, double censored, const es_ar1 *ar1,
                          double *rho, double *noise) {
    double products = 0, squares = 0, residuals = 0, before = *rho, noise_before = *noise;
    size_t n_steps = 0;
    for (size_t i = 0; i + 1 < n; i++) {
        if (isnan(values[i]) || isnan(values[i + 1]) || values[i] <= censored)
            continue;
        double x = values[i] - ar1->mean, y = values[i + 1] - ar1->mean, variance = 0;
        if (values[i + 1] <= censored)
            expect_censored(before * x, noise_before, censored - ar1->mean, &y, &variance);
        products += x * y;
        squares += x * x;
        residuals += y * y + variance;
        n_steps++;
    }
    if (n_steps == 0)
        return 0;
    *rho = products / squares;
    *noise = sqrt(fmax(residuals - *rho * products, 0) / (double)n_steps);
    return n_steps;
}

bool es_fit_ar1(size_t n, const double *values, double censored, es_ar1 *ar1) {
    *ar1 = (es_ar1){.mean = isinf(censored) ? 0 : censored};
    for (size_t i = 0; i < n; i++) /* a start: about the size of the values */
        if (!isnan(values[i]))
            ar1->deviation = fmax(ar1->deviation, fabs(values[i] - ar1->mean));
    size_t n_known = 0, n_steps = 0;
    double largest = ar1->deviation;
    for (int round = 0; round < MAX_ROUNDS; round++) {
        es_ar1 before = *ar1;
        n_known = improve_marginal(n, values, censored, ar1);
        double change = fabs(ar1->mean - before.mean) + fabs(ar1->deviation - before.deviation);
        if (change <= round_tolerance * ar1->deviation)
            break;
    }
    if (n_known < 3 || !(ar1->deviation > 1e-12 * largest))
        return false;
    double noise = ar1->deviation / 2;
    ar1->rho = 0.5;
    for (int round = 0; round < MAX_ROUNDS; round++) {
        double before = ar1->rho;
        n_steps = improve_rho(n, values, censored, ar1, &ar1->rho, &noise);
        if (n_steps < 3 || !(noise > 0) || fabs(ar1->rho - before) <= round_tolerance)
            break;
    }
    if (n_steps < 3)
        return false;
    ar1->rho = fmin(fmax(ar1->rho, 1e-4), 1 - 1e-9);
    double square = ar1->rho * ar1->rho, count = (double)n_known;
    ar1->mean_error = ar1->deviation * sqrt((1 + ar1->rho) / (1 - ar1->rho) / count);
    ar1->deviation_error = ar1->deviation * sqrt((1 + square) / (1 - square) / (2 * count));
    ar1->rho_error = sqrt((1 - square) / (double)n_steps);
    return true;
}
