#include "fitter.h"

#include <math.h>

/* Two levels: the two values, or the means on both sides of the limit that parts them best. */

enum { LOW, HIGH, LOW_TIME, HIGH_TIME };

/* The limit that minimises the variance within the two classes (Otsu, "A threshold selection method
 * from gray-level histograms", IEEE Trans. Systems, Man and Cybernetics 9, 1979). */
static double find_limit(const es_fit_data *data) {
    double mean = 0, share = 0, sum = 0, best = -1, limit = data->values[0];
    for (size_t i = 0; i < data->n_values; i++)
        mean += data->shares[i] * data->values[i];
    for (size_t i = 0; i + 1 < data->n_values; i++) {
        share += data->shares[i];
        sum += data->shares[i] * data->values[i];
        double between = (mean * share - sum) * (mean * share - sum) / (share * (1 - share));
        if (between > best) {
            best = between;
            limit = data->values[i];
        }
    }
    return limit;
}

static es_status estimate(const es_fit_data *data, es_fit *fit) {
    if (data->n_values < 2) {
        fit->refusal = "the values are all the same";
        return ES_OK;
    }
    static const char *const names[] = {"low", "high", "low-time", "high-time"};
    es_sojourns sojourns = {.n_states = 2, .limits = {find_limit(data)}};
    es_fit_sojourns(data, &sojourns);
    es_status status = ES_OK;
    for (size_t s = 0; s < 2 && status == ES_OK; s++)
        status = es_fit_add(fit, names[s], ES_DIM_RATIO, sojourns.levels[s],
                            sojourns.deviations[s] / sqrt(sojourns.n_exits[s]));
    for (size_t s = 0; s < 2 && status == ES_OK; s++) {
        double time_s = sojourns.times_s[s] / sojourns.n_exits[s];
        status =
            es_fit_add(fit, names[2 + s], ES_DIM_TIME, time_s, time_s / sqrt(sojourns.n_exits[s]));
    }
    return status;
}

static double distribution(const es_fit *fit, double x, bool below) {
    const es_fit_parameter *p = fit->parameters;
    double all_s = p[LOW_TIME].value + p[HIGH_TIME].value, share = 0;
    for (int i = LOW; i <= HIGH; i++)
        if (p[i].value < x || (!below && p[i].value <= x))
            share += p[LOW_TIME + i].value / all_s;
    return share;
}

static double autocorrelation(const es_fit *fit, double lag_s, double window_s) {
    (void)window_s;
    const es_fit_parameter *p = fit->parameters;
    return exp(-lag_s * (1 / p[LOW_TIME].value + 1 / p[HIGH_TIME].value));
}

const es_fitter es_fitter_on_off = {
    .generator = "on-off",
    .method = "maximum likelihood of the sojourns on both sides of the best limit",
    .quantities = 1U << ES_LOAD,
    .estimate = estimate,
    .distribution = distribution,
    .autocorrelation = autocorrelation,
};
