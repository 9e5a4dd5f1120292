#include "fitter.h"

#include <math.h>

/* As many requests as there are over the time watched. */

static es_status estimate(const es_fit_data *data, es_fit *fit) {
    double n = (double)data->trace->n;
    return es_fit_add(fit, "rate", ES_DIM_FREQUENCY, n / data->span_s, sqrt(n) / data->span_s);
}

static double distribution(const es_fit *fit, double x, bool below) {
    (void)below;
    return x > 0 ? -expm1(-fit->parameters[0].value * x) : 0;
}

static double autocorrelation(const es_fit *fit, double lag_s, double window_s) {
    (void)fit, (void)lag_s, (void)window_s;
    return 0;
}

const es_fitter es_fitter_poisson = {
    .generator = "poisson",
    .method = "maximum likelihood",
    .quantities = 1U << ES_ARRIVALS,
    .estimate = estimate,
    .distribution = distribution,
    .autocorrelation = autocorrelation,
};
