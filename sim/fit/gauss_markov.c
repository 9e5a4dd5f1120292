#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "fitter.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

/* Values at the lowest positive rate are taken as cut there if they are far more than those at the
 * next one; zeros as outages, or as cut at 0 if the rates beside them are low too. */

enum { STEP, MEAN, DEVIATION, CORRELATION_TIME, MINIMUM, UP_TIME, DOWN_TIME };

/* The lowest positive value where it is an atom, else 0. */
static double find_minimum(const es_fit_data *data) {
    size_t i = data->values[0] > 0 ? 0 : 1;
    if (i + 1 >= data->n_values || data->shares[i] < 0.01 ||
        data->shares[i] < 5 * data->shares[i + 1])
        return 0;
    return data->values[i];
}

/* Steps that begin up and down, and those of them that end in the other state. */
typedef struct outages {
    double n_steps[2], n_changes[2]; /* [is up] */
    double beside, n_beside;         /* sum and number of positive values beside a zero */
} outages;

static outages count_outages(const es_fit_data *data) {
    outages count = {0};
    for (size_t i = 0; i + 1 < data->n_grid; i++) {
        double here = data->grid[i], next = data->grid[i + 1];
        if (isnan(here) || isnan(next))
            continue;
        count.n_steps[here > 0]++;
        count.n_changes[here > 0] += (here > 0) != (next > 0);
        if ((here > 0) != (next > 0)) {
            count.beside += here + next;
            count.n_beside++;
        }
    }
    return count;
}

static es_status add_outages(const es_fit_data *data, const outages *count, es_fit *fit) {
    static const char *const names[2] = {"down-time", "up-time"};
    es_status status = ES_OK;
    for (int up = 1; status == ES_OK && up >= 0; up--) {
        double n = count->n_changes[up], steps = count->n_steps[up] / n;
        double error = data->step_s * steps * sqrt((1 - 1 / steps) / n);
        status = es_fit_add(fit, names[up], ES_DIM_TIME, data->step_s * steps, error);
    }
    return status;
}

static es_status add_ar1(const es_fit_data *data, const es_ar1 *ar1, double minimum, es_fit *fit) {
    double time_s = -data->step_s / log(ar1->rho);
    double time_error = ar1->rho_error * time_s * time_s / (data->step_s * ar1->rho);
    if (es_fit_add(fit, "step", ES_DIM_TIME, data->step_s, ES_NAN) != ES_OK ||
        es_fit_add(fit, "mean", ES_DIM_DATA_RATE, ar1->mean, ar1->mean_error) != ES_OK ||
        es_fit_add(fit, "deviation", ES_DIM_DATA_RATE, ar1->deviation, ar1->deviation_error) !=
            ES_OK ||
        es_fit_add(fit, "correlation-time", ES_DIM_TIME, time_s, time_error) != ES_OK)
        return ES_NO_MEMORY;
    return es_fit_add(fit, "minimum", ES_DIM_DATA_RATE, minimum, ES_NAN);
}

static es_status estimate(const es_fit_data *data, es_fit *fit) {
    double minimum = find_minimum(data), positive = 0, zeros = 0;
    for (size_t i = 0; i < data->n_values; i++)
        *(data->values[i] > 0 ? &positive : &zeros) +=
            data->values[i] > 0 ? data->shares[i] * data->values[i] : data->shares[i];
    outages count = count_outages(data);
    bool are_low = count.beside / count.n_beside < positive / (1 - zeros) / 2;
    bool has_outages =
        count.n_changes[0] > 0 && count.n_changes[1] > 0 && (minimum > 0 || !are_low);
    double censored = minimum > 0 || (zeros > 0 && !has_outages) ? minimum : -ES_INFINITY;
    double *values = es_alloc(data->n_grid, sizeof *values);
    if (values == NULL)
        return ES_NO_MEMORY;
    for (size_t i = 0; i < data->n_grid; i++)
        values[i] = has_outages && data->grid[i] <= 0 ? ES_NAN : data->grid[i];
    es_ar1 ar1;
    bool has_law = es_fit_ar1(data->n_grid, values, censored, &ar1);
    free(values);
    if (!has_law || !(ar1.mean > 0)) {
        fit->refusal = has_law ? "the mean before the minimum cuts would not be positive"
                               : "the values are too few, or all the same";
        return ES_OK;
    }
    es_status status = add_ar1(data, &ar1, minimum, fit);
    return status == ES_OK && has_outages ? add_outages(data, &count, fit) : status;
}

static double value_of(const es_fit *fit, size_t i) {
    return fit->parameters[i].value;
}

/* The share of time without outage. */
static double up_share(const es_fit *fit) {
    if (fit->n_parameters <= UP_TIME)
        return 1;
    return value_of(fit, UP_TIME) / (value_of(fit, UP_TIME) + value_of(fit, DOWN_TIME));
}

static double distribution(const es_fit *fit, double x, bool below) {
    double minimum = value_of(fit, MINIMUM), share = up_share(fit);
    double outage = x > 0 || (x >= 0 && !below) ? 1 - share : 0;
    if (x < minimum || (below && x <= minimum))
        return outage;
    return outage + share * gsl_cdf_gaussian_P(x - value_of(fit, MEAN), value_of(fit, DEVIATION));
}

/* The covariance of max(z, a) and max(z', a) of standard normal z, z' with correlation rho: the sum
 * of c_k^2 rho^k / k! over the Hermite expansion of max(z, a), with c_1 = Phi(-a) and c_k = phi(a)
 * He_(k-2)(a), from Stein's identity (Mehler's formula; Lancaster, "The structure of bivariate
 * distributions", Annals of Mathematical Statistics 29, 1958). */
static double cut_covariance(double a, double rho) {
    enum { N_TERMS = 2000 };
    const double pi = acos(-1.0);
    double density = exp(-a * a / 2) / sqrt(2 * pi), above = gsl_cdf_ugaussian_Q(a);
    double sum = above * above * rho, power = rho, hermite = 1, before = 0;
    for (int k = 2; k < N_TERMS; k++) { /* hermite: He_(k-2)(a) / sqrt((k-2)!) */
        power *= rho;
        double term = density * hermite;
        sum += term * term * power / ((double)k * (k - 1));
        double next = (a * hermite - sqrt(k - 2) * before) / sqrt(k - 1);
        before = hermite;
        hermite = next;
    }
    return sum;
}

static double autocorrelation(const es_fit *fit, double lag_s, double window_s) {
    (void)window_s;
    const double pi = acos(-1.0);
    double step_s = value_of(fit, STEP), deviation = value_of(fit, DEVIATION);
    double a = (value_of(fit, MINIMUM) - value_of(fit, MEAN)) / deviation;
    double rho = exp(-lag_s / value_of(fit, CORRELATION_TIME));
    double mean = value_of(fit, MEAN) / deviation + a * gsl_cdf_ugaussian_P(a) +
                  exp(-a * a / 2) / sqrt(2 * pi);
    double at_lag = cut_covariance(a, rho), at_0 = cut_covariance(a, 1), share = up_share(fit);
    if (share >= 1)
        return at_lag / at_0;
    double stays = 1 - step_s / value_of(fit, UP_TIME) - step_s / value_of(fit, DOWN_TIME);
    double both_up = share * share + share * (1 - share) * pow(stays, round(lag_s / step_s));
    double square = share * share * mean * mean;
    return (both_up * (at_lag + mean * mean) - square) / (share * (at_0 + mean * mean) - square);
}

const es_fitter es_fitter_gauss_markov = {
    .generator = "gauss-markov",
    .method = "maximum likelihood of marginal and of steps, values at the minimum censored",
    .quantities = 1U << ES_BANDWIDTH,
    .estimate = estimate,
    .distribution = distribution,
    .autocorrelation = autocorrelation,
};
