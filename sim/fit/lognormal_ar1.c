#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "fitter.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

/* An autoregression of the logarithms; values of 0, which have none, are left out. */

enum { STEP, MEAN, CV, CORRELATION_TIME };

/* The correlation of the logarithms where that of the values is 1/e. */
static double log_correlation(double cv) {
    return log1p(cv * cv / exp(1.0)) / log1p(cv * cv);
}

/* Standard errors by the delta method, mean and variance of the logarithms being asymptotically
 * independent. */
static es_status add_parameters(const es_fit_data *data, const es_ar1 *ar1, es_fit *fit) {
    double variance = ar1->deviation * ar1->deviation;
    double variance_error = 2 * ar1->deviation * ar1->deviation_error;
    double mean = exp(ar1->mean + variance / 2), cv = sqrt(expm1(variance));
    double mean_error = mean * hypot(ar1->mean_error, variance_error / 2);
    double cv_error = (1 + cv * cv) / (2 * cv) * variance_error;
    double log_time_s = -data->step_s / log(ar1->rho);
    double time_s = -log(log_correlation(cv)) * log_time_s;
    double time_error = time_s * ar1->rho_error * log_time_s / (data->step_s * ar1->rho);
    es_quantity quantity = data->trace->quantity;
    if (es_fit_add(fit, "step", ES_DIM_TIME, data->step_s, ES_NAN) != ES_OK ||
        es_fit_add(fit, "mean", es_fit_dimension(quantity), mean, mean_error) != ES_OK ||
        es_fit_add(fit, "cv", ES_DIM_RATIO, cv, cv_error) != ES_OK)
        return ES_NO_MEMORY;
    return es_fit_add(fit, "correlation-time", ES_DIM_TIME, time_s, time_error);
}

static es_status estimate(const es_fit_data *data, es_fit *fit) {
    double *logarithms = es_alloc(data->n_grid, sizeof *logarithms);
    if (logarithms == NULL)
        return ES_NO_MEMORY;
    for (size_t i = 0; i < data->n_grid; i++)
        logarithms[i] = data->grid[i] > 0 ? log(data->grid[i]) : ES_NAN;
    es_ar1 ar1;
    bool has_law = es_fit_ar1(data->n_grid, logarithms, -ES_INFINITY, &ar1);
    free(logarithms);
    if (!has_law || ar1.deviation > 3) {
        fit->refusal = has_law ? "the logarithms spread too far for a log-normal law"
                               : "the positive values are too few, or all the same";
        return ES_OK;
    }
    return add_parameters(data, &ar1, fit);
}

static double distribution(const es_fit *fit, double x, bool below) {
    (void)below;
    double cv = fit->parameters[CV].value, variance = log1p(cv * cv);
    double mu = log(fit->parameters[MEAN].value) - variance / 2;
    return x > 0 ? gsl_cdf_gaussian_P(log(x) - mu, sqrt(variance)) : 0;
}

static double autocorrelation(const es_fit *fit, double lag_s, double window_s) {
    (void)window_s;
    double cv = fit->parameters[CV].value, variance = log1p(cv * cv);
    double rho = pow(log_correlation(cv), lag_s / fit->parameters[CORRELATION_TIME].value);
    return expm1(variance * rho) / expm1(variance);
}

const es_fitter es_fitter_lognormal_ar1 = {
    .generator = "lognormal-ar1",
    .method = "maximum likelihood of the logarithms of positive values",
    .quantities = 1U << ES_BANDWIDTH | 1U << ES_LOAD | 1U << ES_LATENCY | 1U << ES_JOBS,
    .estimate = estimate,
    .distribution = distribution,
    .autocorrelation = autocorrelation,
};
