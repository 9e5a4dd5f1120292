#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "fitter.h"

#include <math.h>
#include <string.h>

/* The likelihood of a Markov chain in continuous time is the greatest where each state lasts its
 * time over its exits, and jumps have their relative frequencies (Billingsley, Statistical
 * Inference for Markov Processes, 1961). */

/* A generator reads no shorter ones. */
static const double least_time_s = 1e-3;

/* A state for each value, or states of equal shares. */
static void find_limits(const es_fit_data *data, es_sojourns *sojourns) {
    double cumulated = 0;
    size_t n = 0, last = SIZE_MAX;
    for (size_t i = 0; i < data->n_values; i++) {
        double middle = (cumulated + data->shares[i] / 2) * (double)data->n_states;
        size_t bin = data->n_values <= data->n_states ? i : (size_t)middle;
        cumulated += data->shares[i];
        n += bin != last;
        last = bin;
        sojourns->limits[n - 1] = data->values[i];
    }
    sojourns->n_states = n;
}

static es_status add_jumps(const es_sojourns *sojourns, es_fit *fit) {
    size_t n = sojourns->n_states;
    es_status status = ES_OK;
    for (size_t i = 0; n > 2 && i < n; i++)
        for (size_t j = 0; status == ES_OK && j < n; j++) {
            double p = sojourns->n_jumps[i][j] / sojourns->n_exits[i];
            status =
                es_fit_add(fit, "jumps", ES_DIM_RATIO, p, sqrt(p * (1 - p) / sojourns->n_exits[i]));
        }
    return status;
}

static es_status estimate(const es_fit_data *data, es_fit *fit) {
    es_sojourns sojourns = {0};
    find_limits(data, &sojourns);
    size_t n = sojourns.n_states;
    if (n < 2) {
        fit->refusal = "the values are all the same";
        return ES_OK;
    }
    es_fit_sojourns(data, &sojourns);
    fit->shares = es_alloc(n, sizeof *fit->shares);
    if (fit->shares == NULL)
        return ES_NO_MEMORY;
    es_status status = ES_OK;
    double all_s = 0;
    for (size_t s = 0; s < n; s++)
        all_s += sojourns.times_s[s];
    for (size_t s = 0; s < n && status == ES_OK; s++)
        status = es_fit_add(fit, "levels", es_fit_dimension(data->trace->quantity),
                            sojourns.levels[s], sojourns.deviations[s] / sqrt(sojourns.n_exits[s]));
    for (size_t s = 0; s < n && status == ES_OK; s++) {
        double time_s = sojourns.times_s[s] / sojourns.n_exits[s];
        fit->shares[s] = sojourns.times_s[s] / all_s;
        status = es_fit_add(fit, "times", ES_DIM_TIME, fmax(time_s, least_time_s),
                            time_s / sqrt(sojourns.n_exits[s]));
    }
    return status == ES_OK ? add_jumps(&sojourns, fit) : status;
}

static size_t count_states(const es_fit *fit) {
    size_t n = 0;
    while (n < fit->n_parameters && strcmp(fit->parameters[n].option, "levels") == 0)
        n++;
    return n;
}

static double distribution(const es_fit *fit, double x, bool below) {
    double share = 0;
    for (size_t s = 0; s < count_states(fit); s++)
        if (fit->parameters[s].value < x || (!below && fit->parameters[s].value <= x))
            share += fit->shares[s];
    return share;
}

typedef double matrix[ES_FIT_MAX_STATES][ES_FIT_MAX_STATES];

static void multiply(size_t n, matrix a, matrix b, matrix product) {
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t k = 0; k < n; k++)
                sum += a[i][k] * b[k][j];
            product[i][j] = sum;
        }
}

/* The chances to be in state j a time after state i, exp(Q t): the Poisson sum of the jumps of the
 * uniformised chain (Jensen, "Markoff chains as an aid in the study of Markoff processes", 1953)
 * for a time so short that few terms do, then squared. No term is negative. */
static void exponentiate(size_t n, matrix rates, double time_s, matrix chances) {
    enum { N_TERMS = 12 };
    double fastest = 0;
    for (size_t i = 0; i < n; i++)
        fastest = fmax(fastest, -rates[i][i]);
    int n_squarings = 0;
    for (; fastest * time_s > 0.25; n_squarings++)
        time_s /= 2;
    matrix jump, power = {0}, next;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            jump[i][j] = (i == j) + rates[i][j] / fastest;
            power[i][j] = i == j;
            chances[i][j] = 0;
        }
    double weight = exp(-fastest * time_s);
    for (int k = 0; k < N_TERMS; k++) {
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++)
                chances[i][j] += weight * power[i][j];
        weight *= fastest * time_s / (k + 1);
        multiply(n, power, jump, next);
        memcpy(power, next, sizeof power);
    }
    for (; n_squarings > 0; n_squarings--) {
        multiply(n, chances, chances, next);
        memcpy(chances, next, sizeof next);
    }
}

static double autocorrelation(const es_fit *fit, double lag_s, double window_s) {
    (void)window_s;
    size_t n = count_states(fit);
    const es_fit_parameter *levels = fit->parameters, *times = levels + n, *jumps = times + n;
    matrix rates, chances;
    double mean = 0, variance = 0, covariance = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            double jump = n > 2 ? jumps[i * n + j].value : i != j;
            rates[i][j] = (jump - (i == j)) / times[i].value;
        }
        mean += fit->shares[i] * levels[i].value;
    }
    exponentiate(n, rates, lag_s, chances);
    for (size_t i = 0; i < n; i++) {
        double off = levels[i].value - mean;
        variance += fit->shares[i] * off * off;
        for (size_t j = 0; j < n; j++)
            covariance += fit->shares[i] * off * chances[i][j] * (levels[j].value - mean);
    }
    return covariance / variance;
}

const es_fitter es_fitter_markov = {
    .generator = "markov",
    .method = "maximum likelihood of the sojourns in a state per value, or per equal share",
    .quantities = 1U << ES_BANDWIDTH | 1U << ES_LOAD | 1U << ES_LATENCY | 1U << ES_JOBS,
    .estimate = estimate,
    .distribution = distribution,
    .autocorrelation = autocorrelation,
};
