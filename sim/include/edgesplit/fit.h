/* Fits of generators to a trace: their parameters with standard errors, how well the process that
 * they stand for matches the trace, and the command that makes a trace of it. */
#ifndef EDGESPLIT_FIT_H
#define EDGESPLIT_FIT_H

#include "edgesplit/trace.h"
#include "edgesplit/units.h"

/* A value of an option of the generator. */
typedef struct es_fit_parameter {
    const char *option; /* "mean"; static. Values of one list follow each other */
    es_dimension dimension;
    double value;          /* SI */
    double standard_error; /* SI, to first order; NaN: not estimated but taken over */
} es_fit_parameter;

enum { ES_FIT_MAX_LAGS = 4 };

typedef struct es_fit {
    const char *generator;
    const char *method;  /* one line; both static */
    const char *refusal; /* why nothing could be estimated, or NULL; all below is then empty */
    size_t n_parameters, capacity;
    es_fit_parameter *parameters; /* [n_parameters] in the order of the command */
    double *shares;               /* of time in each state of a Markov chain; else NULL */
    /* Largest difference of the distribution functions of trace and process: of the value, weighted
     * with time; of arrivals, of the time between requests (Kolmogorov and Smirnov). */
    double ks_distance;
    /* Autocorrelation at 1, 4, 16 and 64 steps, as far as these are within a quarter of the trace;
     * of arrivals, that of their numbers in windows of ten mean gaps. */
    size_t n_lags;
    double lags_s[ES_FIT_MAX_LAGS];
    double of_trace[ES_FIT_MAX_LAGS], of_process[ES_FIT_MAX_LAGS];
    char *command; /* "edgesplit trace make ..." as long as the trace, numbers to six digits */
} es_fit;

typedef struct es_fits {
    size_t n;
    es_fit *fits; /* [n] */
} es_fits;

/* The generators that can be fitted, in table order; NULL behind the last one. */
const char *es_fit_name(size_t i);

enum { ES_FIT_MAX_STATES = 16 };

/* Fits the generator `as`, or every one that makes the quantity of the trace if it is NULL. Missing
 * samples are left out. Markov chains have a state for each value if there are at most `n_states`
 * (2 .. ES_FIT_MAX_STATES) of them, else `n_states` states of equal shares. End with es_fits_fini
 * in any case. ES_USAGE: no such name, or it makes another quantity; ES_INVALID: nothing but
 * missing samples; ES_NO_MEMORY. What cannot be estimated is a refusal, not a failure. O(n log n),
 * mmpp some hundred passes over at most 100 000 requests. */
ES_NODISCARD es_status es_fit_trace(const es_trace *trace, const char *as, size_t n_states,
                                    es_fits *fits, es_errors *errors);
void es_fits_fini(es_fits *fits);

/* The largest difference of the autocorrelations, and the lag where it is; NaN without lags. */
double es_fit_autocorrelation_error(const es_fit *fit, double *lag_s);

#endif
