#include "test.h"

#include "generated.h"

/* With correlation time tau and length T, tau << T, the standard error of the mean is deviation
 * sqrt(2 tau / T). That of the variance is variance sqrt(2 tau / T) too, the fourth moment being
 * the normal one. That of the correlation at lag k is Bartlett's for an AR(1): Box, Jenkins,
 * Reinsel, Time Series Analysis, section 2.1.6. The mean lies 12 deviations above 0: nothing is cut
 * off. */
static void check_walk(const char *words, size_t n, double tau_steps) {
    const double mean = 120e6, deviation = 10e6;
    es_trace *trace = make_trace("gauss-markov", words, ES_BANDWIDTH);
    assert_int_equal(trace->n, n);
    double error = sqrt(2 * tau_steps / (double)n), rho = exp(-1 / tau_steps);
    assert_near(mean_of(trace->values, n), mean, z * deviation * error);
    double variance = covariance(trace->values, n, 0, mean);
    assert_near(variance, deviation * deviation, z * deviation * deviation * error);
    for (int multiple = 1; multiple <= 3; multiple++) {
        double k = multiple * tau_steps, power = pow(rho, 2 * k);
        double bartlett =
            ((1 + rho * rho) * (1 - power) / (1 - rho * rho) - 2 * k * power) / (double)n;
        assert_near(covariance(trace->values, n, (size_t)k, mean) / variance, exp(-multiple),
                    z * sqrt(bartlett));
    }
    es_trace_destroy(trace);
}

static void test_walk_has_its_moments(void **state) {
    (void)state;
    check_walk("--seed 1 --duration 40000s --step 200ms --mean 120Mbit/s --deviation 10Mbit/s "
               "--correlation-time 2s",
               200000, 10);
    check_walk("--seed 2 --duration 40000s --step 2s --mean 120Mbit/s --deviation 10Mbit/s "
               "--correlation-time 2s",
               20000, 1);
}

static double normal_share(double x) {
    return 0.5 * erfc(-x / sqrt(2.0));
}

/* The first value is drawn from the stationary law, not from the mean: over seeds, it has the
 * deviation. */
static void test_walk_starts_stationary(void **state) {
    (void)state;
    enum { N = 1000 };
    double first[N];
    for (int seed = 0; seed < N; seed++) {
        char words[256];
        snprintf(words, sizeof words,
                 "--seed %d --duration 1s --step 1s --mean 120Mbit/s --deviation 10Mbit/s "
                 "--correlation-time 100s",
                 seed);
        char *text = make_text("gauss-markov", words);
        first[seed] = strtod(strstr(text, "\n0.0,") + 5, NULL);
        free(text);
    }
    double mean = mean_of(first, N);
    assert_near(mean, 120, z * 10 / sqrt(N));
    assert_near(covariance(first, N, 0, 120), 100, z * 100 * sqrt(2.0 / N));
}

/* Cut off at m with a = (m - mean) / deviation, the share at the minimum is Phi(a) and the mean is
 * m Phi(a) + mean (1 - Phi(a)) + deviation phi(a). Any function of a Gaussian process is at most as
 * correlated as the process (its Hermite expansion), which bounds both standard errors. */
static void test_minimum_cuts(void **state) {
    (void)state;
    const double mean = 12e6, deviation = 10e6, minimum = 1012345, a = (minimum - mean) / deviation;
    const double pi = acos(-1.0), share = normal_share(a), density = exp(-a * a / 2) / sqrt(2 * pi);
    es_trace *trace =
        make_trace("gauss-markov",
                   "--seed 3 --duration 40000s --step 200ms --mean 12Mbit/s "
                   "--deviation 10Mbit/s --correlation-time 2s --minimum 1012345bit/s",
                   ES_BANDWIDTH);
    size_t n_lowest = 0;
    for (size_t i = 0; i < trace->n; i++) {
        assert_true(trace->values[i] >= minimum);
        n_lowest += trace->values[i] < minimum + 100;
    }
    double error = sqrt(2 * 10 / (double)trace->n);
    assert_near((double)n_lowest / (double)trace->n, share, z * sqrt(share * (1 - share)) * error);
    assert_near(mean_of(trace->values, trace->n),
                minimum * share + mean * (1 - share) + deviation * density, z * deviation * error);
    es_trace_destroy(trace);
}

#define OUTAGE_WALK                                                                                \
    "--seed 4 --duration 100000s --step 1s --mean 20Mbit/s --deviation 2Mbit/s "                   \
    "--correlation-time 5s --minimum 5Mbit/s"

/* Sojourns are geometric: standard deviation sqrt(mean (mean - 1)) steps. */
static void test_outages(void **state) {
    (void)state;
    es_trace *trace =
        make_trace("gauss-markov", OUTAGE_WALK " --up-time 30s --down-time 4s", ES_BANDWIDTH);
    es_trace *whole = make_trace("gauss-markov", OUTAGE_WALK, ES_BANDWIDTH);
    double steps[2] = {0}, n[2] = {0};
    for (size_t i = 0; i < trace->n; i++) {
        int up = trace->values[i] > 0;
        steps[up]++;
        n[up] += i == 0 || (trace->values[i - 1] > 0) != up;
        if (up)
            assert_true(trace->values[i] == whole->values[i]);
    }
    assert_near(steps[1] / n[1], 30, z * sqrt(30.0 * 29) / sqrt(n[1]));
    assert_near(steps[0] / n[0], 4, z * sqrt(4.0 * 3) / sqrt(n[0]));
    assert_true(n[0] > 2000);
    es_trace_destroy(trace);
    es_trace_destroy(whole);
}

/* Over seeds, a link is up at first for its share of the time, whatever the first rate: the
 * middle half of the normal law is within 0.6745 deviations. */
static void test_outages_start_stationary(void **state) {
    (void)state;
    enum { N = 1000 };
    double n_up = 0, n_up_middle = 0;
    for (int seed = 0; seed < N; seed++) {
        char words[256], more_words[320];
        snprintf(words, sizeof words,
                 "--seed %d --duration 200s --step 1s --mean 120Mbit/s --deviation 10Mbit/s "
                 "--correlation-time 5s",
                 seed);
        snprintf(more_words, sizeof more_words, "%s --up-time 4s --down-time 16s", words);
        char *text = make_text("gauss-markov", words);
        char *with_outages = make_text("gauss-markov", more_words);
        double first = strtod(strstr(text, "\n0.0,") + 5, NULL);
        bool up = strstr(with_outages, "\n0.0,0.0000\n") == NULL;
        n_up += up;
        n_up_middle += up && fabs(first - 120) < 6.745;
        free(text);
        free(with_outages);
    }
    assert_near(n_up / N, 0.2, z * sqrt(0.2 * 0.8 / N));
    assert_near(n_up_middle / N, 0.1, z * sqrt(0.1 * 0.9 / N));
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Kolmogorov-Smirnov against the exponential of that mean, and the mean itself, whose standard
 * error is mean / sqrt(n). */
static void check_sojourns(double *sojourns, size_t n, double mean) {
    assert_true(n > 2000);
    assert_near(mean_of(sojourns, n), mean, z * mean / sqrt((double)n));
    qsort(sojourns, n, sizeof *sojourns, compare);
    double largest = 0;
    for (size_t i = 0; i < n; i++) {
        double share = -expm1(-sojourns[i] / mean);
        largest =
            fmax(largest, fmax(share - (double)i / (double)n, (double)(i + 1) / (double)n - share));
    }
    assert_true(largest * sqrt((double)n) < 1.95); /* asymptotic 0.1 % point */
}

static void test_sojourns(void **state) {
    (void)state;
    es_trace *trace = make_trace("on-off",
                                 "--seed 5 --duration 50000s --low 5% --high 0.75 --low-time 12s "
                                 "--high-time 3s",
                                 ES_LOAD);
    double *sojourns[2];
    size_t n[2] = {0};
    for (size_t i = 0; i < 2; i++) {
        sojourns[i] = calloc(trace->n, sizeof *sojourns[i]);
        assert_non_null(sojourns[i]);
    }
    for (size_t i = 0; i < trace->n; i++) {
        bool high = trace->values[i] == 0.75;
        assert_true(high || trace->values[i] == 0.05);
        assert_true(i == 0 || trace->values[i] != trace->values[i - 1]);
        if (i + 1 < trace->n) /* the last one is cut off by the end */
            sojourns[high][n[high]++] = es_time_s(trace->times[i + 1] - trace->times[i]);
    }
    check_sojourns(sojourns[0], n[0], 12);
    check_sojourns(sojourns[1], n[1], 3);
    free(sojourns[0]);
    free(sojourns[1]);
    es_trace_destroy(trace);
}

static void test_on_off_starts_stationary(void **state) {
    (void)state;
    enum { N = 1000 };
    double n_high = 0;
    for (int seed = 0; seed < N; seed++) {
        char words[256];
        snprintf(words, sizeof words,
                 "--seed %d --duration 1s --low 0 --high 1 --low-time 12s --high-time 3s", seed);
        char *text = make_text("on-off", words);
        n_high += strstr(text, "\n0.000000,1.0000\n") != NULL;
        free(text);
    }
    assert_near(n_high / N, 0.2, z * sqrt(0.2 * 0.8 / N));
}

/* Traces of one seed are independent: a link with outages and a server agree in their first states
 * as often as two coins that show "up" and "high" in 0.6 of the throws. */
static void test_generators_are_independent(void **state) {
    (void)state;
    enum { N = 1000 };
    double n_same = 0;
    for (int seed = 0; seed < N; seed++) {
        char words[256];
        snprintf(words, sizeof words,
                 "--seed %d --duration 200s --step 1s --mean 20Mbit/s --deviation 0bit/s "
                 "--correlation-time 5s --up-time 6s --down-time 4s",
                 seed);
        char *link = make_text("gauss-markov", words);
        snprintf(words, sizeof words,
                 "--seed %d --duration 1s --low 0 --high 1 --low-time 4s --high-time 6s", seed);
        char *server = make_text("on-off", words);
        n_same += (strstr(link, "\n0.0,0.0000\n") == NULL) ==
                  (strstr(server, "\n0.000000,1.0000\n") != NULL);
        free(link);
        free(server);
    }
    assert_near(n_same / N, 0.52, z * sqrt(0.52 * 0.48 / N));
}

/* A sojourn shorter than a microsecond lasts one: times rise strictly, and the file is readable. */
static void test_short_sojourns(void **state) {
    (void)state;
    es_trace *trace = make_trace("on-off",
                                 "--seed 6 --duration 100s --low 0 --high 1 --low-time 1ms "
                                 "--high-time 1ms",
                                 ES_LOAD);
    assert_true(trace->n > 90000);
    assert_int_equal(trace->times[trace->n], 100 * ES_SECOND);
    es_trace_destroy(trace);
}

static void test_times(void **state) {
    (void)state;
    static const struct {
        const char *step, *second;
        es_time ns;
        size_t n;
    } cases[] = {
        {"2s", "\n2.0,", 2 * ES_SECOND, 3},
        {"1.25s", "\n1.25,", 1250000000, 4},
        {"100ms", "\n0.1,", 100000000, 50},
        {"1234567ns", "\n0.001234567,", 1234567, 4051},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char words[256];
        snprintf(words, sizeof words,
                 "--seed 1 --duration 5s --step %s --mean 9Mbit/s --deviation 1Mbit/s "
                 "--correlation-time 1s",
                 cases[i].step);
        char *text = make_text("gauss-markov", words);
        assert_non_null(strstr(text, cases[i].second));
        free(text);
        es_trace *trace = make_trace("gauss-markov", words, ES_BANDWIDTH);
        assert_int_equal(trace->n, cases[i].n);
        for (size_t k = 0; k < trace->n; k++)
            assert_int_equal(trace->times[k], (es_time)k * cases[i].ns);
        assert_int_equal(trace->times[trace->n], 5 * ES_SECOND);
        assert_int_equal(trace->at_end, ES_AT_END_LOOP);
        es_trace_destroy(trace);
    }
}

static void test_same_options_same_bytes(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"gauss-markov", "--duration 9s --mean 9Mbit/s --deviation 3Mbit/s --correlation-time 1s"},
        {"on-off", "--duration 9s --low 5% --high 75% --low-time 2s --high-time 1s"},
        {"markov", "--duration 90s --levels 40,5Mbit/s --times 2s,1s"},
        {"lognormal-ar1", "--duration 9s --mean 9Mbit/s --cv 0.5 --correlation-time 1s"},
        {"diurnal", "--duration 90s --quantity load --mean 10% --swing 50% --burst-every 2s "
                    "--burst-length 1s --burst-height 20%"},
        {"poisson", "--duration 9s --rate 5/s"},
        {"mmpp", "--duration 9s --rates 5,50/s --times 2s,1s"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char words[256], other_words[256];
        snprintf(words, sizeof words, "--seed 7 %s", cases[i][1]);
        snprintf(other_words, sizeof other_words, "--seed 8 %s", cases[i][1]);
        char *text = make_text(cases[i][0], words), *again = make_text(cases[i][0], words);
        char *other = make_text(cases[i][0], other_words);
        assert_string_equal(text, again);
        assert_string_not_equal(strstr(text, "time_s"), strstr(other, "time_s"));
        free(text);
        free(again);
        free(other);
    }
}

/* What follows the generator's name in the header's command makes the same bytes, presets and
 * white space included. */
static void test_header_holds_the_command(void **state) {
    (void)state;
    es_generator_setting settings[] = {
        {"mean", "9 Mbit/s"},    {"seed", " 123"},           {"deviation", "1e3 kB/s\n"},
        {"duration", "0.1 min"}, {"correlation-time", "1s"},
    };
    es_text csv = {0};
    es_errors_init(&errors);
    assert_int_equal(
        es_generate("gauss-markov", sizeof settings / sizeof settings[0], settings, &csv, &errors),
        ES_OK);
    static const char expected[] =
        "# quantity: bandwidth\n# unit: Mbit/s\n# hold: forward\n# at_end: loop\n# duration: "
        "0.1min\n# origin: generated, not measured\n# licence: Apache-2.0\n# generator: "
        "gauss-markov\n# seed: 123\n# command: edgesplit trace make gauss-markov --seed 123 "
        "--duration 0.1min --step 100ms --mean 9Mbit/s --deviation 1e3kB/s --correlation-time 1s "
        "--minimum 0bit/s\ntime_s,value\n0.0,";
    assert_memory_equal(csv.data, expected, sizeof expected - 1);
    char words[512];
    const char *command = strstr(csv.data, "--seed");
    snprintf(words, sizeof words, "%.*s", (int)strcspn(command, "\n"), command);
    char *again = make_text("gauss-markov", words);
    assert_string_equal(csv.data, again);
    free(again);
    free(csv.data);
}

/* Refused with these messages, in this order. */
static void assert_refused(const char *name, const char *words, es_status status, size_t n,
                           const char *const *messages) {
    es_text csv = {0};
    assert_int_equal(generate(name, words, &csv), status);
    free(csv.data);
    if (errors.n != n)
        es_errors_print(&errors, stderr);
    assert_int_equal(errors.n, n);
    for (size_t i = 0; i < n; i++)
        if (strstr(errors.records[i].text, messages[i]) == NULL)
            fail_msg("'%s' is not in '%s'", messages[i], errors.records[i].text);
}

static void assert_refused_with(const char *name, const char *words, es_status status,
                                const char *message) {
    assert_refused(name, words, status, 1, &message);
}

#define WALK    "--seed 1 --mean 9Mbit/s --deviation 1Mbit/s --correlation-time 1s"
#define SERVER  "--seed 1 --duration 10s --low-time 1s --high-time 1s"
#define MINUTES " --duration 10min"

static void test_bad_names(void **state) {
    (void)state;
    assert_refused_with("gaus-markov", "", ES_USAGE,
                        "no generator 'gaus-markov'; expected one of: "
                        "constant, steps, sine, gauss-markov, markov, lognormal-ar1, diurnal, "
                        "on-off, poisson, mmpp; did you mean 'gauss-markov'?");
    assert_refused_with("x", "", ES_USAGE, "no generator 'x'; expected one of");
    assert_refused("on-off", "--seed 1 --low 5% --mean 3Mbit/s --low-time 1s", ES_USAGE, 4,
                   (const char *const[]){
                       "on-off: --mean is not read by this generator; it reads --seed --duration "
                       "--low --high --low-time --high-time",
                       "on-off: needs --duration, the length of the trace, such as 300s",
                       "needs --high, ",
                       "needs --high-time, ",
                   });
}

static void test_bad_quantities(void **state) {
    (void)state;
    assert_refused("gauss-markov",
                   "--seed 1.5 --duration 5 --step 0s --mean 3s --deviation -1Mbit/s "
                   "--correlation-time nan",
                   ES_INVALID, 6,
                   (const char *const[]){
                       "gauss-markov: --seed '1.5'; expected a whole number",
                       "--duration '5'; expected a time with its unit",
                       "--step '0s'; expected 1e-06s .. 1e+06s",
                       "--mean '3s'; expected a data rate with its unit",
                       "--deviation '-1Mbit/s'; expected 0bit/s .. 1e+13bit/s",
                       "--correlation-time 'nan'; expected a time with its unit",
                   });
    assert_refused_with("gauss-markov", WALK " --duration 0s", ES_INVALID, "--duration '0s'");
    assert_refused_with("on-off", SERVER " --low -0.1 --high 1", ES_INVALID, "--low '-0.1'");
    assert_refused_with("on-off", SERVER " --low 0 --high 101%", ES_INVALID,
                        "--high '101%'; expected 0 .. 1");
    /* A number that can be read, but with its unit more than a word of the header holds. */
    char too_long[256];
    snprintf(too_long, sizeof too_long,
             "--seed 1 --duration 1s --low 0 --high 1 --low-time 1s --high-time %062dmin", 1);
    assert_refused_with("on-off", too_long, ES_INVALID, "--high-time '0000");
}

static void test_contradictions(void **state) {
    (void)state;
    assert_refused_with("gauss-markov", WALK MINUTES " --up-time 1s", ES_INVALID,
                        "--up-time without --down-time; outages need both");
    assert_refused_with("gauss-markov", WALK MINUTES " --down-time 1s", ES_INVALID,
                        "--down-time without --up-time");
    assert_refused_with("gauss-markov", WALK MINUTES " --up-time 1s --down-time 99ms", ES_INVALID,
                        "shorter than --step, 0.1 s");
    assert_refused_with("gauss-markov", WALK MINUTES " --up-time 99ms --down-time 1s", ES_INVALID,
                        "shorter than --step, 0.1 s");
    assert_refused_with("gauss-markov", WALK " --duration 10s --step 1us", ES_INVALID,
                        "about 1e+07 samples; expected at most 10000000");
    assert_refused_with("gauss-markov", WALK MINUTES " --up-time 100ms --down-time 1000000s",
                        ES_INVALID, "the bandwidth is 0 at all times; expected another --seed");
    assert_refused_with("on-off", SERVER " --low 0.5 --high 50%", ES_INVALID,
                        "--low 0.5; expected less than --high, 0.5");
    assert_refused_with("on-off",
                        "--seed 1 --duration 100000s --low 0 --high 1 --low-time 1ms "
                        "--high-time 1ms",
                        ES_INVALID, "about 1e+08 samples; expected at most 10000000");
}

static void test_table(void **state) {
    (void)state;
    size_t n = 0;
    for (; es_generator_name(n) != NULL; n++) {
        assert_non_null(es_generator_summary(n));
        es_text csv = {0};
        assert_int_equal(generate(es_generator_name(n), "", &csv), ES_USAGE);
        assert_non_null(strstr(errors.records[0].text, "needs --seed"));
        assert_non_null(strstr(errors.records[1].text, "needs --duration"));
    }
    assert_true(n >= 2);
    assert_null(es_generator_summary(n));
}

static void test_out_of_memory(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"gauss-markov", WALK MINUTES " --up-time 9s --down-time 1s"},
        {"on-off", SERVER " --low 0 --high 1"},
        {"constant", "--seed 1 --duration 1s --level 9Mbit/s"},
        {"steps", "--seed 1 --duration 9s --levels 1,2Mbit/s --times 1s"},
        {"sine", "--seed 1 --duration 9s --mean 9Mbit/s --amplitude 1Mbit/s --period 1s"},
        {"markov", "--seed 1 --duration 9s --levels 1,2Mbit/s --times 2s,1s --jumps 0,1,1,0"},
        {"lognormal-ar1", "--seed 1 --duration 9s --mean 9Mbit/s --cv 1 --correlation-time 1s"},
        {"diurnal", "--seed 1 --duration 9s --mean 9Mbit/s --swing 0.5"},
        {"poisson", "--seed 1 --duration 9s --rate 50/s"},
        {"mmpp", "--seed 1 --duration 9s --rates 50,1/s --times 2s,1s"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bool struck = true;
        for (size_t n = 1; struck; n++) {
            es_text csv = {0};
            fault_alloc_fail_at(n);
            es_status status = generate(cases[i][0], cases[i][1], &csv);
            struck = fault_alloc_struck();
            fault_alloc_fail_at(0);
            assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
            assert_int_equal(errors.n, struck ? 1 : 0);
            assert_true(struck || n > 1);
            free(csv.data);
        }
    }
    /* The range of a message is lost, the mistake is not. */
    es_text csv = {0};
    fault_alloc_fail_at(1);
    assert_int_equal(generate("on-off", SERVER " --low 0 --high 2", &csv), ES_INVALID);
    assert_true(fault_alloc_struck());
    fault_alloc_fail_at(0);
    assert_non_null(strstr(errors.records[0].text, "--high '2'; expected less or more"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walk_has_its_moments),
        cmocka_unit_test(test_walk_starts_stationary),
        cmocka_unit_test(test_minimum_cuts),
        cmocka_unit_test(test_outages),
        cmocka_unit_test(test_outages_start_stationary),
        cmocka_unit_test(test_sojourns),
        cmocka_unit_test(test_on_off_starts_stationary),
        cmocka_unit_test(test_generators_are_independent),
        cmocka_unit_test(test_short_sojourns),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_same_options_same_bytes),
        cmocka_unit_test(test_header_holds_the_command),
        cmocka_unit_test(test_bad_names),
        cmocka_unit_test(test_bad_quantities),
        cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
