#include "edgesplit/number.h"
#include "fitter.h"

#include <math.h>
#include <string.h>

/* Two states. The likelihood is that of the times between requests, phi prod(exp(D x_i) L) 1, with
 * the rates L of the states on the diagonal and D = Q - L (Fischer and Meier-Hellstern, "The
 * Markov-modulated Poisson process (MMPP) cookbook", Performance Evaluation 18, 1993); phi is the
 * law of the state at a request. It is maximised in the logarithms of the four parameters by
 * Newton's method with the damping of Levenberg and Marquardt, from starts that part windows with
 * few and with many requests. Standard errors are those of the observed information. */

enum { RATE_1, RATE_2, TIME_1, TIME_2, N_PARAMETERS };
enum { MAX_GAPS = 100000, MAX_ROUNDS = 100 };

/* What a second state has to add to the logarithm of the likelihood: three more parameters would
 * exceed half the 0.1 % point of their chi-squared, 16.3 / 2, by chance in one trace of a thousand.
 */
static const double least_gain = 8.1;

/* exp(D x), of 2 x 2: e^(s x) (cosh(d x) 1 + sinh(d x) / d (D - s 1)) with s +- d the eigenvalues
 * of D, which are real and negative. */
typedef struct decay {
    double a, b, c, d; /* D = (a b; c d) */
    double s, root;
} decay;

static decay decay_of(const double p[N_PARAMETERS]) {
    decay m = {
        -p[RATE_1] - 1 / p[TIME_1], 1 / p[TIME_1], 1 / p[TIME_2], -p[RATE_2] - 1 / p[TIME_2], 0, 0};
    double half = (m.a - m.d) / 2;
    m.s = (m.a + m.d) / 2;
    m.root = sqrt(half * half + m.b * m.c);
    return m;
}

/* Multiplies the row vector v by exp(D x). */
static void decay_for(const decay *m, double x, double v[2]) {
    double fast = exp((m->s - m->root) * x), slow = exp((m->s + m->root) * x);
    double even = (slow + fast) / 2, odd = (slow - fast) / 2 / m->root;
    double first = v[0] * (m->a - m->s) + v[1] * m->c, second = v[0] * m->b + v[1] * (m->d - m->s);
    v[0] = even * v[0] + odd * first;
    v[1] = even * v[1] + odd * second;
}

/* The law of the state at a request: shares of time, weighted with the rates. */
static void start_at_request(const double p[N_PARAMETERS], double v[2]) {
    v[0] = p[TIME_1] * p[RATE_1];
    v[1] = p[TIME_2] * p[RATE_2];
    double sum = v[0] + v[1];
    v[0] /= sum;
    v[1] /= sum;
}

typedef struct gaps {
    size_t n;
    const es_time *times;
} gaps;

static double log_likelihood(const gaps *observed, const double logs[N_PARAMETERS]) {
    double p[N_PARAMETERS], v[2], sum = 0, product = 1;
    for (int i = 0; i < N_PARAMETERS; i++)
        p[i] = exp(logs[i]);
    decay m = decay_of(p);
    start_at_request(p, v);
    for (size_t i = 0; i < observed->n; i++) {
        decay_for(&m, es_time_s(observed->times[i + 1] - observed->times[i]), v);
        v[0] *= p[RATE_1];
        v[1] *= p[RATE_2];
        double scale = v[0] + v[1];
        if (!(scale > 0))
            return -ES_INFINITY;
        v[0] /= scale;
        v[1] /= scale;
        product *= scale;
        if (product < 1e-200 || product > 1e200 || i + 1 == observed->n) {
            sum += log(product);
            product = 1;
        }
    }
    return isfinite(sum) ? sum : -ES_INFINITY;
}

typedef double square[N_PARAMETERS][N_PARAMETERS];

/* Gradient and negated Hessian by central differences. */
static void differentiate(const gaps *observed, const double logs[N_PARAMETERS], double value,
                          double gradient[N_PARAMETERS], square information) {
    const double h = 1e-3;
    double up[N_PARAMETERS], down[N_PARAMETERS], x[N_PARAMETERS];
    memcpy(x, logs, sizeof x);
    for (int i = 0; i < N_PARAMETERS; i++) {
        x[i] = logs[i] + h;
        up[i] = log_likelihood(observed, x);
        x[i] = logs[i] - h;
        down[i] = log_likelihood(observed, x);
        x[i] = logs[i];
        gradient[i] = (up[i] - down[i]) / (2 * h);
        information[i][i] = -(up[i] - 2 * value + down[i]) / (h * h);
    }
    for (int i = 0; i < N_PARAMETERS; i++)
        for (int j = 0; j < i; j++) {
            x[i] = logs[i] + h;
            x[j] = logs[j] + h;
            double both_up = log_likelihood(observed, x);
            x[i] = logs[i] - h;
            x[j] = logs[j] - h;
            double both_down = log_likelihood(observed, x);
            x[i] = logs[i];
            x[j] = logs[j];
            double mixed =
                (both_up - up[i] - up[j] + 2 * value - down[i] - down[j] + both_down) / (2 * h * h);
            information[i][j] = information[j][i] = -mixed;
        }
}

/* Inverts a symmetric positive definite matrix by Gauss and Jordan; false if it is not. */
static bool invert(square matrix, square inverse) {
    square work;
    memcpy(work, matrix, sizeof work);
    for (int i = 0; i < N_PARAMETERS; i++)
        for (int j = 0; j < N_PARAMETERS; j++)
            inverse[i][j] = i == j;
    for (int k = 0; k < N_PARAMETERS; k++) {
        double pivot = work[k][k];
        if (!(pivot > 0) || !isfinite(pivot))
            return false;
        for (int j = 0; j < N_PARAMETERS; j++) {
            work[k][j] /= pivot;
            inverse[k][j] /= pivot;
        }
        for (int i = 0; i < N_PARAMETERS; i++) {
            double factor = i == k ? 0 : work[i][k];
            for (int j = 0; j < N_PARAMETERS; j++) {
                work[i][j] -= factor * work[k][j];
                inverse[i][j] -= factor * inverse[k][j];
            }
        }
    }
    return true;
}

/* Takes one damped step uphill from `logs`; returns what the likelihood gains, negative if no step
 * does. */
static double climb_once(const gaps *observed, const double gradient[N_PARAMETERS],
                         square information, double *damping, double logs[N_PARAMETERS],
                         double *value) {
    square damped, step;
    while (*damping < 1e12) {
        double next[N_PARAMETERS];
        memcpy(damped, information, sizeof damped);
        for (int i = 0; i < N_PARAMETERS; i++)
            damped[i][i] += *damping * fmax(fabs(information[i][i]), 1);
        bool is_uphill = invert(damped, step);
        for (int i = 0; is_uphill && i < N_PARAMETERS; i++) {
            next[i] = logs[i];
            for (int j = 0; j < N_PARAMETERS; j++)
                next[i] += step[i][j] * gradient[j];
            next[i] = fmin(fmax(next[i], logs[i] - 1), logs[i] + 1);
        }
        double reached = is_uphill ? log_likelihood(observed, next) : -ES_INFINITY;
        if (reached >= *value) {
            double gain = reached - *value;
            *value = reached;
            memcpy(logs, next, sizeof next);
            *damping = fmax(*damping / 100, 1e-9);
            return gain;
        }
        *damping *= 10;
    }
    return -1;
}

/* Climbs from `logs`; returns the likelihood reached and the inverse of the information there.
 * False: no maximum was found. */
static bool climb(const gaps *observed, double logs[N_PARAMETERS], double *value,
                  square covariance) {
    double gradient[N_PARAMETERS], damping = 1, gain = 1;
    square information;
    *value = log_likelihood(observed, logs);
    for (int round = 0; round < MAX_ROUNDS && isfinite(*value) && gain > 1e-7; round++) {
        differentiate(observed, logs, *value, gradient, information);
        gain = climb_once(observed, gradient, information, &damping, logs, value);
    }
    differentiate(observed, logs, *value, gradient, information);
    return isfinite(*value) && invert(information, covariance);
}

/* A start from windows of about `per_window` mean gaps: those with more requests than the mean are
 * one state, the others the other. */
static void make_start(const es_fit_data *data, double per_window, double logs[N_PARAMETERS]) {
    const es_trace *trace = data->trace;
    double mean_gap_s = data->span_s / (double)trace->n, window_s = per_window * mean_gap_s;
    double n[2] = {1, 1}, windows[2] = {1, 1}, runs[2] = {1, 1};
    int last = -1;
    size_t i = 0, n_windows = (size_t)(data->span_s / window_s);
    for (size_t w = 1; w <= n_windows; w++) {
        size_t first = i;
        while (i < trace->n && es_time_s(trace->times[i]) < (double)w * window_s)
            i++;
        int state = (double)(i - first) > per_window;
        n[state] += (double)(i - first);
        windows[state]++;
        runs[state] += state != last;
        last = state;
    }
    for (int s = 0; s < 2; s++) {
        logs[RATE_1 + s] = log(n[s] / (windows[s] * window_s));
        logs[TIME_1 + s] = log(windows[s] / runs[s] * window_s);
    }
}

static es_status add_parameters(const double logs[N_PARAMETERS], square covariance, es_fit *fit) {
    int low = logs[RATE_1] > logs[RATE_2];
    es_status status = ES_OK;
    for (int i = 0; i < N_PARAMETERS && status == ES_OK; i++) {
        int from = i ^ low;
        bool is_time = i >= TIME_1;
        double value = exp(logs[from]);
        status =
            es_fit_add(fit, is_time ? "times" : "rates", is_time ? ES_DIM_TIME : ES_DIM_FREQUENCY,
                       value, value * sqrt(covariance[from][from]));
    }
    return status;
}

static es_status estimate(const es_fit_data *data, es_fit *fit) {
    static const double windows[] = {3, 10, 30, 100};
    const es_time *times = data->trace->times;
    size_t n = data->trace->n - 1;
    gaps observed = {n < MAX_GAPS ? n : MAX_GAPS, times};
    double rate_hz = (double)observed.n / es_time_s(times[observed.n] - times[0]);
    double poisson = (double)observed.n * (log(rate_hz) - 1), best = -ES_INFINITY;
    double best_logs[N_PARAMETERS] = {0};
    square best_covariance = {{0}};
    for (size_t w = 0; n > 20 && w < sizeof windows / sizeof windows[0]; w++) {
        double logs[N_PARAMETERS], value;
        square covariance;
        make_start(data, windows[w], logs);
        if (climb(&observed, logs, &value, covariance) && value > best) {
            best = value;
            memcpy(best_logs, logs, sizeof best_logs);
            memcpy(best_covariance, covariance, sizeof best_covariance);
        }
    }
    if (!(best - poisson > least_gain)) {
        fit->refusal = "the requests do not tell two states apart";
        return ES_OK;
    }
    return add_parameters(best_logs, best_covariance, fit);
}

static double distribution(const es_fit *fit, double x, bool below) {
    (void)below;
    double p[N_PARAMETERS], v[2];
    for (int i = 0; i < N_PARAMETERS; i++)
        p[i] = fit->parameters[i].value;
    if (!(x > 0))
        return 0;
    decay m = decay_of(p);
    start_at_request(p, v);
    decay_for(&m, x, v);
    return 1 - v[0] - v[1];
}

/* Given the rate over time, numbers are Poisson; the rate is correlated by exp(-t / tau).
 * Integrated over the windows that gives the covariances. */
static double autocorrelation(const es_fit *fit, double lag_s, double window_s) {
    const es_fit_parameter *p = fit->parameters;
    double all_s = p[TIME_1].value + p[TIME_2].value, share = p[TIME_1].value / all_s;
    double difference = p[RATE_1].value - p[RATE_2].value;
    double variance = share * (1 - share) * difference * difference;
    double mean = share * p[RATE_1].value + (1 - share) * p[RATE_2].value;
    double theta = 1 / p[TIME_1].value + 1 / p[TIME_2].value, x = theta * window_s;
    double of_number = mean * window_s + 2 * variance * (x + expm1(-x)) / (theta * theta);
    double of_lag = variance * exp(-theta * (lag_s - window_s)) * expm1(-x) * expm1(-x);
    return of_lag / (theta * theta) / of_number;
}

const es_fitter es_fitter_mmpp = {
    .generator = "mmpp",
    .method = "maximum likelihood of two states, of at most 100000 requests",
    .quantities = 1U << ES_ARRIVALS,
    .estimate = estimate,
    .distribution = distribution,
    .autocorrelation = autocorrelation,
};
