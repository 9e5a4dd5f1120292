#include "test.h"

#include "generated.h"

/* What each generator but the two oldest (test_generate.c) makes of its options, and refuses. */

static void assert_refused(const char *name, const char *words, es_status status,
                           const char *message) {
    es_text csv = {0};
    assert_int_equal(generate(name, words, &csv), status);
    free(csv.data);
    assert_int_equal(errors.n, 1);
    if (strstr(errors.records[0].text, message) == NULL)
        fail_msg("'%s' is not in '%s'", message, errors.records[0].text);
}

/* The rows behind the header. */
static void assert_rows(const char *name, const char *words, const char *rows) {
    char *text = make_text(name, words);
    assert_string_equal(strstr(text, "\ntime_s") + 1, rows);
    free(text);
}

static void test_fixed_levels(void **state) {
    (void)state;
    assert_rows("constant", "--seed 1 --duration 10s --level 12.5Mbit/s",
                "time_s,value\n0.000000,12.5000\n");
    assert_rows("constant", "--seed 1 --duration 10s --quantity latency --level 33ms",
                "time_s,value\n0.000000,33.0000\n");
    assert_rows("steps", "--seed 1 --duration 3s --levels 20,5Mbit/s --times 1s,500ms",
                "time_s,value\n0.000000000,20.0000\n1.000000000,5.0000\n1.500000000,20.0000\n"
                "2.500000000,5.0000\n");
    assert_rows("steps", "--seed 1 --duration 2s --quantity jobs --levels 0..2 --times 1s",
                "time_s,value\n0.000000000,0.0000\n1.000000000,1.0000\n");
}

static void test_headers_by_quantity(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"bandwidth", "1Mbit/s", "# quantity: bandwidth\n# unit: Mbit/s\n"},
        {"load", "50%", "# quantity: load\n# unit: 1\n"},
        {"latency", "5ms", "# quantity: latency\n# unit: ms\n"},
        {"jobs", "3", "# quantity: jobs\n# unit: 1\n"},
    };
    static const es_quantity quantities[] = {ES_BANDWIDTH, ES_LOAD, ES_LATENCY, ES_JOBS};
    static const double levels[] = {1e6, 0.5, 5e-3, 3};
    for (size_t i = 0; i < 4; i++) {
        char words[128];
        snprintf(words, sizeof words, "--seed 1 --duration 1s --quantity %s --level %s",
                 cases[i][0], cases[i][1]);
        char *text = make_text("constant", words);
        assert_memory_equal(text, cases[i][2], strlen(cases[i][2]));
        free(text);
        es_trace *trace = make_trace("constant", words, quantities[i]);
        assert_near(trace->values[0], levels[i], 1e-12 * levels[i]);
        es_trace_destroy(trace);
    }
}

/* Over whole periods no step, however long, changes the mean; its values are those of the sine,
 * times sinc(step / period). */
static void test_sine_is_the_mean_over_its_step(void **state) {
    (void)state;
    const double pi = acos(-1.0), sinc = sin(pi * 0.7 / 7) / (pi * 0.7 / 7);
    es_trace *trace = make_trace("sine",
                                 "--seed 1 --duration 14s --step 700ms --mean 20Mbit/s "
                                 "--amplitude 20Mbit/s --period 7s --phase 1s",
                                 ES_BANDWIDTH);
    assert_int_equal(trace->n, 20);
    assert_near(mean_of(trace->values, 20), 20e6, 50);
    for (size_t i = 0; i < 20; i++)
        assert_near(trace->values[i],
                    20e6 + 20e6 * sinc * sin(2 * pi * (0.7 * ((double)i + 0.5) + 1) / 7), 51);
    es_trace_destroy(trace);
}

/* The last step is cut by the end, and so is what its value is the mean of. */
static void test_pattern_of_the_day(void **state) {
    (void)state;
    const double pi = acos(-1.0);
    es_trace *trace = make_trace("diurnal",
                                 "--seed 1 --duration 25h --step 2h --quantity load --mean 40% "
                                 "--swing 50% --peak 14h",
                                 ES_LOAD);
    assert_int_equal(trace->n, 13);
    for (size_t i = 0; i < trace->n; i++) {
        double from = 2 * (double)i - 14, to = i == 12 ? 25 - 14 : from + 2, w = 2 * pi / 24;
        double mean = (sin(w * to) - sin(w * from)) / (w * (to - from));
        assert_near(trace->values[i], 0.4 * (1 + 0.5 * mean), 51e-6);
    }
    es_trace_destroy(trace);
}

/* What leaves the range of a quantity is cut. */
static void test_loads_stay_in_range(void **state) {
    (void)state;
    es_trace *trace = make_trace("lognormal-ar1",
                                 "--seed 1 --duration 100s --quantity load --mean 60% --cv 2 "
                                 "--correlation-time 1s",
                                 ES_LOAD);
    size_t n_full = 0;
    for (size_t i = 0; i < trace->n; i++)
        n_full += trace->values[i] == 1;
    assert_true(n_full > 50 && n_full < trace->n / 2);
    es_trace_destroy(trace);
}

static void test_arrivals_carry_what_was_asked(void **state) {
    (void)state;
    static const struct {
        const char *more, *header;
        double batch, deadline_s;
    } cases[] = {
        {"", "\ntime_s\n", 1, -1},
        {" --batch 4", "\ntime_s,batch\n", 4, -1},
        {" --batch 1 --deadline 100ms", "\ntime_s,batch,deadline_s\n", 1, 0.1},
    };
    for (size_t i = 0; i < 3; i++) {
        char words[256];
        snprintf(words, sizeof words, "--seed 1 --duration 10s --rate 20/s%s", cases[i].more);
        char *text = make_text("poisson", words);
        assert_non_null(strstr(text, cases[i].header));
        assert_non_null(strstr(text, "# quantity: arrivals\n# at_end: stop\n# duration: 10s\n"));
        free(text);
        es_trace *trace = make_trace("poisson", words, ES_ARRIVALS);
        assert_true(trace->n > 150);
        assert_int_equal(trace->times[trace->n], 10 * ES_SECOND);
        for (size_t k = 0; k < trace->n; k++) {
            assert_true(trace->values[k] == cases[i].batch);
            assert_true(cases[i].deadline_s < 0 || trace->deadlines_s[k] == cases[i].deadline_s);
        }
        es_trace_destroy(trace);
    }
}

#define START "--seed 1 --duration 10s "

static void test_bad_options(void **state) {
    (void)state;
    assert_refused("constant", START "--quantity lod --level 1", ES_INVALID,
                   "--quantity 'lod'; expected bandwidth, load, latency or jobs");
    assert_refused("constant", START "--quantity load --level 1Mbit/s", ES_INVALID,
                   "--level '1Mbit/s'; expected a ratio");
    assert_refused("constant", START "--quantity load --level 101%", ES_INVALID,
                   "--level '101%'; expected 0 .. 1");
    assert_refused("constant", START "--level 0bit/s", ES_INVALID,
                   "the bandwidth is 0 at all times");
    assert_refused("poisson", START "--rate 5/s --quantity load", ES_USAGE,
                   "--quantity is not read by this generator; it reads --seed --duration --rate "
                   "--batch --deadline");
    assert_refused("steps", START "--levels 1,,2Mbit/s --times 1s", ES_INVALID,
                   "--levels '1,,2Mbit/s'; expected a data rate with its unit");
    assert_refused("steps", START "--levels 1,2Mbit/s --times 1s,0s", ES_INVALID,
                   "--times '1s,0s'; expected 1e-06s .. 1e+06s");
    assert_refused("steps", START "--levels 1..300Mbit/s --times 1s", ES_INVALID,
                   "--levels has 300 values; expected at most 256");
    assert_refused("constant", START "--level 1..2Mbit/s", ES_INVALID,
                   "--level '1..2Mbit/s'; expected a data rate with its unit");
}

static void test_contradictions(void **state) {
    (void)state;
    assert_refused("steps", START "--levels 1,2,3Mbit/s --times 1s,2s", ES_INVALID,
                   "--times has 2 values; expected 1 or 3");
    assert_refused("steps", START "--levels 1,2Mbit/s --times 1us", ES_INVALID,
                   "about 1e+07 samples; expected at most 10000000");
    assert_refused("sine", START "--mean 1Mbit/s --amplitude 2Mbit/s --period 1s", ES_INVALID,
                   "expected a smaller --amplitude");
    assert_refused("sine", START "--quantity load --mean 70% --amplitude 40% --period 1s",
                   ES_INVALID, "expected a smaller --amplitude");
    assert_refused("lognormal-ar1", START "--mean 0bit/s --cv 1 --correlation-time 1s", ES_INVALID,
                   "--mean is 0; expected more");
    assert_refused("diurnal", START "--mean 1Mbit/s --swing 0 --burst-every 1s", ES_INVALID,
                   "bursts need all of");
    assert_refused("poisson", START "--rate 1000000/s", ES_INVALID, "about 1e+07 samples");
    assert_refused("poisson", START "--rate 1e-6/s", ES_INVALID, "no request arrives");
    assert_refused("mmpp", START "--rates 0,0/s --times 1s,1s", ES_INVALID, "no request arrives");
    assert_refused("mmpp", START "--rates 0,2e6/s --times 1s,1s", ES_INVALID, "0/s .. 1e+06/s");
}

#define THREE START "--levels 1,2,3Mbit/s "

static void test_bad_chains(void **state) {
    (void)state;
    assert_refused("markov", START "--levels 1Mbit/s --times 1s", ES_INVALID,
                   "1 states; expected 2 .. 16");
    assert_refused("markov", START "--levels 1..17Mbit/s --times 1s", ES_INVALID,
                   "17 states; expected 2 .. 16");
    assert_refused("markov", THREE "--times 1s,2s", ES_INVALID,
                   "--times has 2 values; expected one for each of the 3 states");
    assert_refused("markov", THREE "--times 1s,1s,1s --jumps 0,1,1,0", ES_INVALID,
                   "--jumps has 4 values; expected 9, a row of 3 for each state");
    assert_refused("markov", THREE "--times 1s,1s,1s --jumps 0,1,0,0.5,0,0.5,0.5,0,0.5", ES_INVALID,
                   "state 3 follows itself");
    assert_refused("markov", THREE "--times 1s,1s,1s --jumps 0,1,0,0.5,0,0.4,0,1,0", ES_INVALID,
                   "row 2 adds up to 0.9; expected 1");
    assert_refused("markov", THREE "--times 1s,1s,1s --jumps 0,1,0,1,0,0,0,1,0", ES_INVALID,
                   "expected a way from each state to each other one");
    assert_refused("markov", THREE "--times 1s,1s,1s --jumps 0,0.5,0.5,0,0,1,0,1,0", ES_INVALID,
                   "expected a way from each state to each other one");
    assert_refused("mmpp", START "--rates 1,2/s --times 1ms,1us", ES_INVALID, "--times '1ms,1us'");
    assert_refused("markov", "--seed 1 --duration 100000s --levels 1,2Mbit/s --times 1ms,1ms",
                   ES_INVALID, "about 1e+08 samples");
}

/* Rows that rounding left a little off are scaled. */
static void test_rounded_jumps(void **state) {
    (void)state;
    es_trace *trace = make_trace(
        "markov", THREE "--times 1s,1s,1s --jumps 0,0.3333,0.6666,0.5,0,0.5,0,1,0", ES_BANDWIDTH);
    assert_true(trace->n > 3);
    es_trace_destroy(trace);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed_levels),
        cmocka_unit_test(test_headers_by_quantity),
        cmocka_unit_test(test_sine_is_the_mean_over_its_step),
        cmocka_unit_test(test_pattern_of_the_day),
        cmocka_unit_test(test_loads_stay_in_range),
        cmocka_unit_test(test_arrivals_carry_what_was_asked),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_contradictions),
        cmocka_unit_test(test_bad_chains),
        cmocka_unit_test(test_rounded_jumps),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
