#include "edgesplit/units.h"
#include "test.h"

#include <string.h>

static es_slice slice(const char *text) {
    return (es_slice){text, strlen(text)};
}

/* Every unit of the table once, in its own dimension and in no other. */
static void test_every_unit(void **state) {
    (void)state;
    static const struct {
        es_dimension dimension;
        const char *spelling;
        double factor;
    } units[] = {
#define ES_UNIT(dimension, spelling, numerator, denominator)                                       \
    {ES_DIM_##dimension, spelling, (numerator) / (denominator)},
#include "edgesplit/units.def"
#undef ES_UNIT
    };
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        for (int space = 0; space < 2; space++)
            for (es_dimension d = 0; d < ES_N_DIMENSIONS; d++) {
                char text[32];
                double value = -1;
                snprintf(text, sizeof text, "2%s%s", space ? " " : "", units[i].spelling);
                bool bare =
                    units[i].spelling[0] == '\0' && (d == ES_DIM_RATIO || d == ES_DIM_COUNT);
                bool right = d == units[i].dimension || bare;
                assert_int_equal(es_parse_quantity(slice(text), d, &value, NULL),
                                 right ? ES_OK : ES_INVALID);
                assert_true(value == (right ? 2 * units[i].factor : -1.0));
            }
}

static void test_quantities(void **state) {
    (void)state;
    static const struct {
        const char *text;
        es_dimension dimension;
        double value;
    } good[] = {
        {"20Mbit/s", ES_DIM_DATA_RATE, 20e6},
        {" 20 MB/s ", ES_DIM_DATA_RATE, 160e6},
        {"1Mibit/s", ES_DIM_DATA_RATE, 1048576},
        {"33ms", ES_DIM_TIME, 0.033},
        {"1.5e-3 s", ES_DIM_TIME, 1.5e-3},
        {"2E3us", ES_DIM_TIME, 2e-3},
        {"-5 \xc2\xb5s", ES_DIM_TIME, -5e-6},
        {"1.5MB", ES_DIM_DATA, 1.5e6},
        {"8bit", ES_DIM_DATA, 1},
        {"1KiB", ES_DIM_DATA, 1024},
        {"10/s", ES_DIM_FREQUENCY, 10},
        {"5%", ES_DIM_RATIO, 0.05},
        {"0.25", ES_DIM_RATIO, 0.25},
        {"1e3", ES_DIM_COUNT, 1000},
        {"57%", ES_DIM_RATIO, 0.57},
        {"5us", ES_DIM_TIME, 5e-6},
        {"3ns", ES_DIM_TIME, 3e-9},
        {"250mW", ES_DIM_POWER, 0.25},
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        double value;
        assert_int_equal(es_parse_quantity(slice(good[i].text), good[i].dimension, &value, NULL),
                         ES_OK);
        assert_true(value == good[i].value);
    }
}

static void test_bad_quantities(void **state) {
    (void)state;
    static const struct {
        const char *text;
        es_dimension dimension;
    } bad[] = {
        {"20", ES_DIM_DATA_RATE},
        {"20Mb", ES_DIM_DATA_RATE},
        {"20Mb/s", ES_DIM_DATA_RATE},
        {"20mbit/s", ES_DIM_DATA_RATE},
        {"20MBit/s", ES_DIM_DATA_RATE},
        {"20Mbps", ES_DIM_DATA_RATE},
        {"20 M bit/s", ES_DIM_DATA_RATE},
        {"20KB/s", ES_DIM_DATA_RATE},
        {"20Mbit", ES_DIM_DATA_RATE},
        {"Mbit/s", ES_DIM_DATA_RATE},
        {"1..2 Mbit/s", ES_DIM_DATA_RATE},
        {"1,2 Mbit/s", ES_DIM_DATA_RATE},
        {"1e400 bit/s", ES_DIM_DATA_RATE},
        {"1e308 Gbit/s", ES_DIM_DATA_RATE},
        {"inf s", ES_DIM_TIME},
        {"nan s", ES_DIM_TIME},
        {"1", ES_DIM_TIME},
        {"1S", ES_DIM_TIME},
        {"1Ms", ES_DIM_TIME},
        {"1 m", ES_DIM_TIME},
        {"1sec", ES_DIM_TIME},
        {"1 s 2", ES_DIM_TIME},
        {"1 2 s", ES_DIM_TIME},
        {"0x1s", ES_DIM_TIME},
        {"", ES_DIM_TIME},
        {"1b", ES_DIM_DATA},
        {"1mB", ES_DIM_DATA},
        {"1kb", ES_DIM_DATA},
        {"1KB", ES_DIM_DATA},
        {"1Mb", ES_DIM_DATA},
        {"1 MW", ES_DIM_POWER},
        {"1.5", ES_DIM_COUNT},
        {"1e17", ES_DIM_COUNT},
        {"5 %", ES_DIM_COUNT},
        {"1e-1", ES_DIM_COUNT},
        {"abc", ES_DIM_RATIO},
        {"1%%", ES_DIM_RATIO},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        double value = 42;
        const char *expected = NULL;
        assert_int_equal(es_parse_quantity(slice(bad[i].text), bad[i].dimension, &value, &expected),
                         ES_INVALID);
        assert_true(value == 42);
        assert_non_null(expected);
    }
}

static void assert_list(const char *text, es_dimension dimension, size_t n,
                        const double *expected) {
    double *values;
    size_t n_values;
    assert_int_equal(es_parse_quantities(slice(text), dimension, &values, &n_values, NULL), ES_OK);
    assert_int_equal(n_values, n);
    for (size_t i = 0; i < n; i++)
        assert_true(values[i] == expected[i]);
    free(values);
}

static void test_lists(void **state) {
    (void)state;
    assert_list("1, 2, 5..10 step 2 MB/s", ES_DIM_DATA_RATE, 5,
                (const double[]){8e6, 16e6, 40e6, 56e6, 72e6});
    assert_list("5..9 step 2 MB/s", ES_DIM_DATA_RATE, 3, (const double[]){40e6, 56e6, 72e6});
    assert_list("10ms, 1s", ES_DIM_TIME, 2, (const double[]){0.01, 1});
    assert_list("10, 20ms, 1, 2 s", ES_DIM_TIME, 4, (const double[]){10, 0.02, 1, 2});
    assert_list("1..3ms", ES_DIM_TIME, 3, (const double[]){1e-3, 2e-3, 3e-3});
    assert_list("1 .. 3 step 1 ms", ES_DIM_TIME, 3, (const double[]){1e-3, 2e-3, 3e-3});
    assert_list("5..9 step 2 ms", ES_DIM_TIME, 3, (const double[]){0.005, 0.007, 0.009});
    assert_list("7s", ES_DIM_TIME, 1, (const double[]){7});
    assert_list("0..0.4 step 0.1", ES_DIM_RATIO, 5, (const double[]){0, 0.1, 0.2, 3 * 0.1, 0.4});
    assert_list("0..0.3 step 0.1", ES_DIM_RATIO, 4, (const double[]){0, 0.1, 0.2, 3 * 0.1});
    assert_list("1..4, 8", ES_DIM_COUNT, 5, (const double[]){1, 2, 3, 4, 8});
    assert_list("2..2", ES_DIM_COUNT, 1, (const double[]){2});
    assert_list("10%, 0.5", ES_DIM_RATIO, 2, (const double[]){0.1, 0.5});
    assert_list("-2..0s", ES_DIM_TIME, 3, (const double[]){-2, -1, 0});
    assert_list("1e-3..2e-3 step 1e-3 s", ES_DIM_TIME, 2, (const double[]){1e-3, 2e-3});
}

static void test_bad_lists(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "1, 2",
                                      "1,,2 s",
                                      "1, s",
                                      ",1 s",
                                      "1 s,",
                                      "5..1 s",
                                      "1..5 step 0 s",
                                      "1..5 step -1 s",
                                      "1..5 stop 1 s",
                                      "1..5 step s",
                                      "1..s",
                                      "..5 s",
                                      "0...5 s",
                                      "0.. s",
                                      "1...5 s",
                                      "1..2..3 s",
                                      "1..1e9 s",
                                      "1 Mb, 2 s",
                                      "1 x, 2 s",
                                      "a s",
                                      "1 2 s",
                                      "1..5 step 1 step 1 s"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        double *values = NULL;
        size_t n_values = 0;
        const char *expected = NULL;
        assert_int_equal(
            es_parse_quantities(slice(bad[i]), ES_DIM_TIME, &values, &n_values, &expected),
            ES_INVALID);
        assert_null(values);
        assert_non_null(expected);
    }
    double *values = NULL;
    size_t n_values;
    assert_int_equal(
        es_parse_quantities(slice("1..1000000"), ES_DIM_COUNT, &values, &n_values, NULL), ES_OK);
    assert_int_equal(n_values, ES_LIST_MAX);
    free(values);
    assert_int_equal(
        es_parse_quantities(slice("0..1000000"), ES_DIM_COUNT, &values, &n_values, NULL),
        ES_INVALID);
    assert_int_equal(es_parse_quantities(slice("1, 1.5"), ES_DIM_COUNT, &values, &n_values, NULL),
                     ES_INVALID);
    assert_int_equal(
        es_parse_quantities(slice("1..2 step 0.5"), ES_DIM_COUNT, &values, &n_values, NULL),
        ES_INVALID);
}

static void test_lists_out_of_memory(void **state) {
    (void)state;
    bool struck = true;
    for (size_t n = 1; struck; n++) {
        double *values = NULL;
        size_t n_values;
        fault_alloc_fail_at(n);
        es_status status =
            es_parse_quantities(slice("1..100 s"), ES_DIM_TIME, &values, &n_values, NULL);
        struck = fault_alloc_struck();
        fault_alloc_fail_at(0);
        assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
        free(values);
    }
}

static void test_quantities_are_printed(void **state) {
    (void)state;
    es_text text = {0};
    es_text_add_quantity(&text, 20e6, ES_DIM_DATA_RATE);
    es_text_add(&text, " ");
    es_text_add_quantity(&text, 0.033, ES_DIM_TIME);
    es_text_add(&text, " ");
    es_text_add_quantity(&text, 0.25, ES_DIM_RATIO);
    es_text_add(&text, " ");
    es_text_add_quantity(&text, 1500, ES_DIM_DATA);
    assert_string_equal(text.data, "2e+07bit/s 0.033s 0.25 1500B");
    free(text.data);
    for (es_dimension d = 0; d < ES_N_DIMENSIONS; d++) {
        double value;
        text = (es_text){0};
        es_text_add_quantity(&text, 12345, d);
        assert_int_equal(es_parse_quantity(slice(text.data), d, &value, NULL), ES_OK);
        assert_true(value == 12345);
        free(text.data);
    }
}

static void test_units_of_dimensions(void **state) {
    (void)state;
    static const char *const expected[ES_N_DIMENSIONS] = {"s", "B", "bit/s", "/s", "W", "1", "1"};
    for (size_t i = 0; i < ES_N_DIMENSIONS; i++)
        assert_string_equal(es_dimension_unit((es_dimension)i), expected[i]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_unit),
        cmocka_unit_test(test_quantities),
        cmocka_unit_test(test_bad_quantities),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_bad_lists),
        cmocka_unit_test(test_lists_out_of_memory),
        cmocka_unit_test(test_quantities_are_printed),
        cmocka_unit_test(test_units_of_dimensions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
