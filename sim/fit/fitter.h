/* What a fitter is to the module: a file of this folder that ends in a `const` ops struct, and a
 * line of fit.def. */
#ifndef SIM_FIT_FITTER_H
#define SIM_FIT_FITTER_H

#include "edgesplit/fit.h"

/* A trace, prepared once for all fitters. */
typedef struct es_fit_data {
    const es_trace *trace;
    size_t n_states;
    double span_s;
    /* The marginal: distinct values, rising, and their shares, which add up to 1. Of arrivals, the
     * times between requests. */
    size_t n_values;
    double *values, *shares, *upto; /* [n_values]; shares summed up to each value, it included */
    /* Values in the middle of each step, the median length of a sample; NaN where missing. Of
     * arrivals, their numbers in windows of ten mean gaps. */
    double step_s;
    size_t n_grid;
    double *grid; /* [n_grid] */
} es_fit_data;

typedef struct es_fitter {
    const char *generator, *method;
    unsigned quantities; /* that it makes, as bits 1U << quantity */
    /* Adds the parameters; or sets the refusal. Only ES_NO_MEMORY is a failure. */
    es_status (*estimate)(const es_fit_data *data, es_fit *fit);
    /* The distribution function of the process with these parameters, P(X <= x), or P(X < x). */
    double (*distribution)(const es_fit *fit, double x, bool below);
    /* Its autocorrelation; of arrivals, of their numbers in windows. */
    double (*autocorrelation)(const es_fit *fit, double lag_s, double window_s);
} es_fitter;

#define ES_FITTER(symbol) extern const es_fitter es_fitter_##symbol;
#include "edgesplit/fit.def"
#undef ES_FITTER

/* Adds a parameter. ES_NO_MEMORY. */
ES_NODISCARD es_status es_fit_add(es_fit *fit, const char *option, es_dimension dimension,
                                  double value, double standard_error);

/* The dimension of the values of a quantity, as options of generators have it. */
es_dimension es_fit_dimension(es_quantity quantity);

/* ES_INVALID: nothing but missing samples; ES_NO_MEMORY. End with es_fit_data_fini in any case. */
ES_NODISCARD es_status es_fit_data_init(es_fit_data *data, const es_trace *trace, size_t n_states);
void es_fit_data_fini(es_fit_data *data);

/* Autocorrelation of values [n], NaN where missing; NaN if they are all the same. */
double es_fit_autocorrelation(const double *values, size_t n, size_t lag);

/* Sets the distance and the autocorrelations of an estimated fit. */
void es_fit_judge(const es_fit_data *data, const es_fitter *fitter, es_fit *fit);

/* A stationary first-order autoregression with a normal law: x' = mean + rho (x - mean) + noise. */
typedef struct es_ar1 {
    double mean, deviation, rho; /* rho within 1e-4 .. 1 - 1e-9 */
    double mean_error, deviation_error, rho_error;
} es_ar1;

/* Estimates it from values [n], NaN where missing; of those that are `censored` or less only that
 * is known (-infinity: none is). Mean and deviation maximise the likelihood of the marginal, rho
 * that of the steps from a value that is known (Tobit regression, Tobin, Econometrica 26, 1958),
 * both by EM (Dempster, Laird and Rubin, J. Royal Statistical Society B 39, 1977); without
 * censoring these are the moments and the least squares. Standard errors are the asymptotic ones of
 * an AR(1) (Box, Jenkins and Reinsel, Time Series Analysis) with the number of known values. False:
 * they are all the same, or too few. */
bool es_fit_ar1(size_t n, const double *values, double censored, es_ar1 *ar1);

/* The sojourns of a trace in the states of a Markov chain: state s holds the values up to
 * limits[s]. The trace is taken as a cycle, so that each state is left as often as it is entered.
 */
typedef struct es_sojourns {
    size_t n_states;
    double limits[ES_FIT_MAX_STATES];
    double levels[ES_FIT_MAX_STATES], deviations[ES_FIT_MAX_STATES]; /* within a state */
    double times_s[ES_FIT_MAX_STATES];                               /* all together */
    double n_exits[ES_FIT_MAX_STATES];
    double n_jumps[ES_FIT_MAX_STATES][ES_FIT_MAX_STATES];
} es_sojourns;

/* Fills in all but the limits. */
void es_fit_sojourns(const es_fit_data *data, es_sojourns *sojourns);

#endif
