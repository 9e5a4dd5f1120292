#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "fitter.h"

#include <gsl/gsl_sort.h>
#include <math.h>

enum { MAX_GRID = 1 << 22, GAPS_PER_WINDOW = 10 };

static bool is_missing(const es_trace *trace, size_t i) {
    return trace->marks != NULL && (trace->marks[i] & ES_MARK_MISSING) != 0;
}

/* Sorts the values with their weights, joins equal ones, and makes the weights shares. */
static void make_marginal(es_fit_data *data, size_t n) {
    double *values = data->values, *shares = data->shares, sum = 0;
    gsl_sort2(values, 1, shares, 1, n);
    size_t n_values = 0;
    for (size_t i = 0; i < n; i++) {
        sum += shares[i];
        if (n_values > 0 && values[i] == values[n_values - 1]) {
            shares[n_values - 1] += shares[i];
        } else {
            values[n_values] = values[i];
            shares[n_values++] = shares[i];
        }
    }
    double upto = 0;
    for (size_t i = 0; i < n_values; i++) {
        shares[i] /= sum;
        upto += shares[i];
        data->upto[i] = upto;
    }
    data->n_values = n_values;
}

static es_status alloc_grid(es_fit_data *data) {
    double n = floor(data->span_s / data->step_s * (1 + 1e-9));
    data->n_grid = n < 1 ? 1 : (size_t)n;
    data->grid = es_alloc(data->n_grid, sizeof *data->grid);
    return data->grid != NULL ? ES_OK : ES_NO_MEMORY;
}

static es_status init_levels(es_fit_data *data) {
    const es_trace *trace = data->trace;
    size_t n = 0;
    for (size_t i = 0; i < trace->n; i++)
        data->shares[i] = es_time_s(trace->times[i + 1] - trace->times[i]);
    gsl_sort(data->shares, 1, trace->n);
    data->step_s = fmax(data->shares[(trace->n - 1) / 2], data->span_s / MAX_GRID);
    for (size_t i = 0; i < trace->n; i++) {
        if (is_missing(trace, i))
            continue;
        data->values[n] = trace->values[i];
        data->shares[n++] = es_time_s(trace->times[i + 1] - trace->times[i]);
    }
    if (n == 0)
        return ES_INVALID;
    make_marginal(data, n);
    if (alloc_grid(data) != ES_OK)
        return ES_NO_MEMORY;
    for (size_t g = 0, i = 0; g < data->n_grid; g++) {
        double at_s = ((double)g + 0.5) * data->step_s;
        while (i + 1 < trace->n && es_time_s(trace->times[i + 1]) <= at_s)
            i++;
        data->grid[g] = is_missing(trace, i) ? ES_NAN : trace->values[i];
    }
    return ES_OK;
}

static es_status init_arrivals(es_fit_data *data) {
    const es_trace *trace = data->trace;
    for (size_t i = 0; i + 1 < trace->n; i++) {
        data->values[i] = es_time_s(trace->times[i + 1] - trace->times[i]);
        data->shares[i] = 1;
    }
    make_marginal(data, trace->n - 1);
    data->step_s = fmax(GAPS_PER_WINDOW * data->span_s / (double)trace->n, data->span_s / MAX_GRID);
    if (!(data->step_s > 0))
        return ES_INVALID;
    if (alloc_grid(data) != ES_OK)
        return ES_NO_MEMORY;
    for (size_t i = 0; i < trace->n; i++) {
        size_t g = (size_t)(es_time_s(trace->times[i]) / data->step_s);
        if (g < data->n_grid)
            data->grid[g]++;
    }
    return ES_OK;
}

es_status es_fit_data_init(es_fit_data *data, const es_trace *trace, size_t n_states) {
    *data = (es_fit_data){.trace = trace, .n_states = n_states};
    data->span_s = es_time_s(trace->times[trace->n]);
    data->values = es_alloc(trace->n, sizeof *data->values);
    data->shares = es_alloc(trace->n, sizeof *data->shares);
    data->upto = es_alloc(trace->n, sizeof *data->upto);
    if (data->values == NULL || data->shares == NULL || data->upto == NULL)
        return ES_NO_MEMORY;
    return trace->quantity == ES_ARRIVALS ? init_arrivals(data) : init_levels(data);
}

void es_fit_data_fini(es_fit_data *data) {
    free(data->values);
    free(data->shares);
    free(data->upto);
    free(data->grid);
}

double es_fit_autocorrelation(const double *values, size_t n, size_t lag) {
    double sum = 0, squares = 0, products = 0;
    size_t n_known = 0, n_pairs = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i])) {
            sum += values[i];
            n_known++;
        }
    double mean = sum / (double)n_known;
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i]))
            continue;
        squares += (values[i] - mean) * (values[i] - mean);
        if (i + lag < n && !isnan(values[i + lag])) {
            products += (values[i] - mean) * (values[i + lag] - mean);
            n_pairs++;
        }
    }
    if (!(squares > 0) || n_pairs == 0)
        return ES_NAN;
    return products / (double)n_pairs / (squares / (double)n_known);
}

/* Between two values of the trace its distribution function is constant and that of the process
 * does not fall, so that their largest difference is on one side of a value. */
static double measure_distance(const es_fit_data *data, const es_fitter *fitter,
                               const es_fit *fit) {
    double largest = 0;
    for (size_t i = 0; i < data->n_values; i++) {
        double x = data->values[i], below = i > 0 ? data->upto[i - 1] : 0;
        largest = fmax(largest, fabs(fitter->distribution(fit, x, true) - below));
        largest = fmax(largest, fabs(fitter->distribution(fit, x, false) - data->upto[i]));
    }
    return largest;
}

void es_fit_judge(const es_fit_data *data, const es_fitter *fitter, es_fit *fit) {
    fit->ks_distance = measure_distance(data, fitter, fit);
    size_t lag = 1;
    for (fit->n_lags = 0; fit->n_lags < ES_FIT_MAX_LAGS && lag <= data->n_grid / 4; lag *= 4) {
        double of_trace = es_fit_autocorrelation(data->grid, data->n_grid, lag);
        if (isnan(of_trace))
            return;
        double lag_s = (double)lag * data->step_s;
        fit->lags_s[fit->n_lags] = lag_s;
        fit->of_trace[fit->n_lags] = of_trace;
        fit->of_process[fit->n_lags++] = fitter->autocorrelation(fit, lag_s, data->step_s);
    }
}
