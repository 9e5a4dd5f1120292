/* The generators' processes have the moments, correlations and sojourns of their theory. Those of
 * `gauss-markov` and `on-off` are in unit/test_generate.c. Bounds: see generated.h. */
#include "test.h"

#include "generated.h"

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Mean, and Kolmogorov-Smirnov against the exponential of that mean at its 0.1 % point. Sorts. */
static void check_exponential(double *values, size_t n, double mean) {
    assert_true(n > 500);
    assert_near(mean_of(values, n), mean, z * mean / sqrt((double)n));
    qsort(values, n, sizeof *values, compare);
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        double share = -expm1(-values[i] / mean), count = (double)n;
        largest = fmax(largest, fmax(share - (double)i / count, (double)(i + 1) / count - share));
    }
    assert_true(largest * sqrt((double)n) < 1.95);
}

/* Mean and variance of independent values, the standard error of the variance from their own fourth
 * moment. */
static void check_moments(const double *values, size_t n, double mean, double variance) {
    double fourth = 0;
    for (size_t i = 0; i < n; i++)
        fourth += pow(values[i] - mean, 4) / (double)n;
    assert_near(mean_of(values, n), mean, z * sqrt(variance / (double)n));
    assert_near(covariance(values, n, 0, mean), variance,
                z * sqrt((fourth - variance * variance) / (double)n));
}

/* The logarithms are a normal AR(1) with the moments that mean and cv imply; where the correlation
 * of the values is 1/e, theirs is ln(1 + cv^2 / e) / ln(1 + cv^2). Values are less correlated than
 * logarithms, which bounds the standard error of their mean. */
static void test_lognormal(void **state) {
    (void)state;
    const double mean = 100e6, cv = 0.8, tau_steps = 5;
    es_trace *trace = make_trace("lognormal-ar1",
                                 "--seed 1 --duration 40000s --step 200ms --mean 100Mbit/s "
                                 "--cv 0.8 --correlation-time 1s",
                                 ES_BANDWIDTH);
    size_t n = trace->n;
    assert_int_equal(n, 200000);
    double variance = log(1 + cv * cv), at_tau = log(1 + cv * cv / exp(1.0)) / variance;
    double r = pow(at_tau, 1 / tau_steps), count = (double)n;
    assert_near(mean_of(trace->values, n), mean, z * mean * cv * sqrt((1 + r) / (1 - r) / count));
    for (size_t i = 0; i < n; i++)
        trace->values[i] = log(trace->values[i]) - log(mean) + variance / 2;
    assert_near(mean_of(trace->values, n), 0, z * sqrt(variance * (1 + r) / (1 - r) / count));
    double found = covariance(trace->values, n, 0, 0);
    assert_near(found, variance, z * variance * sqrt(2 * (1 + r * r) / (1 - r * r) / count));
    for (size_t k = 1; k <= 10; k += k == 1 ? 4 : 5) {
        double power = pow(r, 2 * (double)k);
        double bartlett = ((1 + r * r) * (1 - power) / (1 - r * r) - 2 * (double)k * power) / count;
        assert_near(covariance(trace->values, n, k, 0) / found, pow(at_tau, (double)k / 5),
                    z * sqrt(bartlett));
    }
    es_trace_destroy(trace);
}

/* The values themselves are correlated by 1/e at the correlation time: over independent traces. */
static void test_lognormal_correlation_time(void **state) {
    (void)state;
    enum { N = 4000 };
    static double first[N], later[N], products[N];
    for (int seed = 0; seed < N; seed++) {
        char words[256];
        snprintf(words, sizeof words,
                 "--seed %d --duration 2s --step 1s --mean 100Mbit/s --cv 0.5 "
                 "--correlation-time 1s",
                 seed);
        char *text = make_text("lognormal-ar1", words);
        first[seed] = strtod(strstr(text, "\n0.0,") + 5, NULL);
        later[seed] = strtod(strstr(text, "\n1.0,") + 5, NULL);
        products[seed] = (first[seed] - 100) * (later[seed] - 100);
        free(text);
    }
    const double expected = 50 * 50 / exp(1.0);
    double spread = covariance(products, N, 0, expected);
    assert_near(mean_of(products, N), expected, z * sqrt(spread / N));
    check_moments(first, N, 100, 50 * 50);
    check_moments(later, N, 100, 50 * 50);
}

enum { STATES = 3 };
#define CHAIN "--times 2s,1s,500ms --jumps 0,0.7,0.3,0.4,0,0.6,1,0,0"
static const double chain_times[STATES] = {2, 1, 0.5};
static const double chain_jumps[STATES][STATES] = {{0, 0.7, 0.3}, {0.4, 0, 0.6}, {1, 0, 0}};
/* Visits are as 1 : 0.7 : 0.72; weighted with the times: */
static const double chain_shares[STATES] = {2 / 3.06, 0.7 / 3.06, 0.36 / 3.06};

static size_t state_of(double value) {
    return value > 30e6 ? 0 : value > 5e6 ? 1 : 2;
}

static void test_markov_sojourns_and_jumps(void **state) {
    (void)state;
    es_trace *trace = make_trace(
        "markov", "--seed 1 --duration 20000s --levels 40,10,2Mbit/s " CHAIN, ES_BANDWIDTH);
    for (size_t s = 0; s < STATES; s++) {
        double *sojourns = calloc(trace->n, sizeof *sojourns), to[STATES] = {0};
        assert_non_null(sojourns);
        size_t n = 0;
        for (size_t i = 0; i + 1 < trace->n; i++)
            if (state_of(trace->values[i]) == s) {
                sojourns[n++] = es_time_s(trace->times[i + 1] - trace->times[i]);
                to[state_of(trace->values[i + 1])]++;
            }
        check_exponential(sojourns, n, chain_times[s]);
        for (size_t next = 0; next < STATES; next++) {
            double p = chain_jumps[s][next], count = (double)n;
            assert_near(to[next] / count, p, z * sqrt(p * (1 - p) / count));
        }
        free(sojourns);
    }
    es_trace_destroy(trace);
}

static void test_markov_starts_stationary(void **state) {
    (void)state;
    enum { N = 2000 };
    double n_first[STATES] = {0};
    for (int seed = 0; seed < N; seed++) {
        char words[256];
        snprintf(words, sizeof words, "--seed %d --duration 1ms --levels 40,10,2Mbit/s " CHAIN,
                 seed);
        char *text = make_text("markov", words);
        n_first[state_of(1e6 * strtod(strstr(text, "\n0.000000,") + 10, NULL))]++;
        free(text);
    }
    for (size_t s = 0; s < STATES; s++)
        assert_near(n_first[s] / N, chain_shares[s],
                    z * sqrt(chain_shares[s] * (1 - chain_shares[s]) / N));
}

/* Bursts are the M/M/infinity queue: a Poisson number with mean length / every, correlated by
 * exp(-t / length); its mean over a step h has the variance 2 mean (l / h)^2 (h / l - 1 + e^(-h /
 * l)). The first value of independent traces shows that they begin stationary. */
static void test_bursts(void **state) {
    (void)state;
    enum { N = 3000 };
    static double values[N];
    const double mean = 6.0 / 4, x = 3.0 / 6, height = 10;
    for (int last = 0; last <= 1; last++) {
        for (int seed = 0; seed < N; seed++) {
            char words[256];
            snprintf(words, sizeof words,
                     "--seed %d --duration 60s --step 3s --mean 50Mbit/s --swing 0 "
                     "--burst-every 4s --burst-length 6s --burst-height 10Mbit/s",
                     seed);
            char *text = make_text("diurnal", words);
            values[seed] = strtod(strstr(text, last ? "\n57.0," : "\n0.0,") + (last ? 6 : 5), NULL);
            free(text);
        }
        check_moments(values, N, 50 + height * mean,
                      height * height * 2 * mean / (x * x) * (x - 1 + exp(-x)));
    }
}

/* The times between requests are exponential and not correlated with each other. */
static void test_poisson(void **state) {
    (void)state;
    es_trace *trace = make_trace("poisson", "--seed 1 --duration 2000s --rate 25/s", ES_ARRIVALS);
    size_t n = trace->n - 1;
    assert_near((double)trace->n, 50000, z * sqrt(50000));
    double *gaps = calloc(n, sizeof *gaps);
    assert_non_null(gaps);
    for (size_t i = 0; i < n; i++)
        gaps[i] = es_time_s(trace->times[i + 1] - trace->times[i]);
    assert_near(covariance(gaps, n, 1, 0.04) / (0.04 * 0.04), 0, z / sqrt((double)n));
    check_exponential(gaps, n, 0.04);
    free(gaps);
    es_trace_destroy(trace);
}

/* The number in [0, t) of a two-state process with rates a, b and mean times s, u: mean m t, m the
 * mean rate; variance m t + 2 v (theta t - 1 + e^(-theta t)) / theta^2, v the variance of the rate
 * and theta = 1/s + 1/u (law of total variance). */
static void test_mmpp(void **state) {
    (void)state;
    enum { N = 2000 };
    static double counts[N];
    const double t = 4, theta = 1 / 3.0 + 1 / 1.0, share = 0.75;
    const double m = share * 5 + (1 - share) * 60, v = share * (1 - share) * 55 * 55;
    for (int seed = 0; seed < N; seed++) {
        char words[128];
        snprintf(words, sizeof words, "--seed %d --duration 4s --rates 5,60/s --times 3s,1s", seed);
        char *text = make_text("mmpp", words);
        counts[seed] = -1;
        for (const char *line = strstr(text, "\ntime_s") + 1; (line = strchr(line, '\n')) != NULL;
             line++)
            counts[seed]++;
        free(text);
    }
    check_moments(counts, N, m * t,
                  m * t + 2 * v * (theta * t - 1 + exp(-theta * t)) / (theta * theta));
}

/* A state without requests is one. */
static void test_mmpp_can_pause(void **state) {
    (void)state;
    es_trace *trace =
        make_trace("mmpp", "--seed 1 --duration 4000s --rates 0,200/s --times 4s,2s", ES_ARRIVALS);
    double *pauses = calloc(trace->n, sizeof *pauses);
    assert_non_null(pauses);
    size_t n = 0;
    const double shortest = 0.1; /* no memory: what is left of a pause is exponential again */
    for (size_t i = 0; i + 1 < trace->n; i++) {
        double gap = es_time_s(trace->times[i + 1] - trace->times[i]);
        if (gap > shortest)
            pauses[n++] = gap - shortest;
    }
    check_exponential(pauses, n, 4);
    free(pauses);
    es_trace_destroy(trace);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lognormal),
        cmocka_unit_test(test_lognormal_correlation_time),
        cmocka_unit_test(test_markov_sojourns_and_jumps),
        cmocka_unit_test(test_markov_starts_stationary),
        cmocka_unit_test(test_bursts),
        cmocka_unit_test(test_poisson),
        cmocka_unit_test(test_mmpp),
        cmocka_unit_test(test_mmpp_can_pause),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
