#include "edgesplit/alloc.h"
#include "edgesplit/error.h"
#include "edgesplit/log.h"
#include "edgesplit/number.h"
#include "edgesplit/text.h"
#include "edgesplit/time.h"
#include "test.h"

#include <math.h>
#include <string.h>

static es_slice slice(const char *text) {
    return (es_slice){text, strlen(text)};
}

static void test_status_texts_and_exit_codes(void **state) {
    (void)state;
    assert_string_equal(es_status_text(ES_OK), "success");
    assert_string_equal(es_status_text(ES_NO_MEMORY), "out of memory");
    assert_int_equal(es_status_exit_code(ES_OK), 0);
    assert_int_equal(es_status_exit_code(ES_USAGE), 64);
    assert_int_equal(es_status_exit_code(ES_INVALID), 65);
    assert_int_equal(es_status_exit_code(ES_NO_INPUT), 66);
    assert_int_equal(es_status_exit_code(ES_UNAVAILABLE), 69);
    assert_int_equal(es_status_exit_code(ES_NO_MEMORY), 70);
    assert_int_equal(es_status_exit_code(ES_CANT_CREATE), 73);
    assert_int_equal(es_status_exit_code(ES_IO), 74);
    assert_int_equal(es_status_exit_code(ES_INTERRUPTED), 75);
}

static void test_error_records(void **state) {
    (void)state;
    static es_errors errors;
    es_errors_init(&errors);
    assert_int_equal(es_errors_status(&errors), ES_OK);
    assert_int_equal(es_errors_add(&errors, ES_NO_INPUT, "a.csv", 3, "%d bad", 2), ES_NO_INPUT);
    es_errors_add(&errors, ES_INVALID, "a.csv", 0, "x");
    es_errors_add(&errors, ES_USAGE, NULL, 7, "y");
    assert_string_equal(errors.records[0].text, "a.csv:3: 2 bad");
    assert_string_equal(errors.records[1].text, "a.csv: x");
    assert_string_equal(errors.records[2].text, "y");
    assert_int_equal(es_errors_status(&errors), ES_NO_INPUT);
}

static void test_error_list_overflows(void **state) {
    (void)state;
    static es_errors errors;
    es_errors_init(&errors);
    for (size_t i = 0; i < ES_ERRORS_CAPACITY + 5; i++)
        assert_int_equal(es_errors_add(&errors, ES_INVALID, "f", i + 1, "x"), ES_INVALID);
    assert_int_equal(errors.n, ES_ERRORS_CAPACITY);
    assert_int_equal(errors.lost, 5);
    assert_string_equal(errors.records[ES_ERRORS_CAPACITY - 1].text, "f:32: x");
    char printed[32 * 16] = "";
    FILE *stream = fmemopen(printed, sizeof printed, "w");
    es_errors_print(&errors, stream);
    fclose(stream);
    assert_non_null(strstr(printed, "f:1: x\nf:2: x\n"));
    assert_non_null(strstr(printed, "f:32: x\n... and 5 more errors\n"));
}

static void test_error_texts_are_cut(void **state) {
    (void)state;
    static es_errors errors;
    char path[2 * ES_ERROR_TEXT];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    es_errors_init(&errors);
    es_errors_add(&errors, ES_INVALID, path, 1, "x");
    es_errors_add(&errors, ES_INVALID, "f", 1, "%s", path);
    assert_int_equal(strlen(errors.records[0].text), ES_ERROR_TEXT - 1);
    assert_int_equal(strlen(errors.records[1].text), ES_ERROR_TEXT - 1);
}

static void test_alloc(void **state) {
    (void)state;
    assert_null(es_alloc(SIZE_MAX, 2));
    assert_null(es_alloc(SIZE_MAX / 2 + 2, 2));
    assert_null(es_alloc((size_t)PTRDIFF_MAX / 8 + 1, 8));
    void *nothing = es_alloc(0, 8);
    assert_non_null(nothing);
    free(nothing);
    nothing = es_alloc(8, 0);
    assert_non_null(nothing);
    free(nothing);
    int *numbers = es_alloc(1000, sizeof *numbers);
    assert_non_null(numbers);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(numbers[i], 0);
    free(numbers);
}

static void test_reserve(void **state) {
    (void)state;
    double *array = NULL;
    size_t capacity = 0;
    for (size_t n = 1; n <= 1000; n++) {
        assert_int_equal(es_reserve(&array, &capacity, n, sizeof *array), ES_OK);
        assert_true(capacity >= n);
        assert_true(array[n - 1] == 0);
        array[n - 1] = (double)n;
    }
    assert_int_equal(capacity, 1024);
    assert_int_equal(es_reserve(&array, &capacity, SIZE_MAX, sizeof *array), ES_NO_MEMORY);
    assert_int_equal(es_reserve(&array, &capacity, (size_t)PTRDIFF_MAX / 8 + 1, sizeof *array),
                     ES_NO_MEMORY);
    fault_alloc_fail_at(1);
    assert_int_equal(es_reserve(&array, &capacity, 2000, sizeof *array), ES_NO_MEMORY);
    fault_alloc_fail_at(0);
    assert_int_equal(capacity, 1024);
    for (size_t n = 1; n <= 1000; n++)
        assert_true(array[n - 1] == (double)n);
    free(array);
}

static void test_strdup(void **state) {
    (void)state;
    char *copy = es_strdup("abc");
    assert_string_equal(copy, "abc");
    free(copy);
    fault_alloc_fail_at(1);
    assert_null(es_strdup("abc"));
    fault_alloc_fail_at(0);
}

static void test_time(void **state) {
    (void)state;
    es_time time = -7;
    static const double bad[] = {ES_INFINITY, -ES_INFINITY, 4.7e9, -4.7e9, 1e300};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(es_time_from_s(bad[i], &time), ES_INVALID);
    assert_int_equal(es_time_from_s(ES_NAN, &time), ES_INVALID);
    assert_int_equal(time, -7);
    assert_int_equal(es_time_from_s(0x1p62 * 1e-9, &time), ES_OK);
    assert_int_equal(time, INT64_C(1) << 62);
    assert_int_equal(es_time_from_s(-2.5e-9, &time), ES_OK);
    assert_int_equal(time, -3);
    assert_int_equal(es_time_from_s(0.033, &time), ES_OK);
    assert_int_equal(time, 33000000);
    assert_true(es_time_s(ES_SECOND) == 1.0);
    for (es_time t = 1; t < INT64_C(1) << 50; t = 3 * t + 1) {
        assert_int_equal(es_time_from_s(es_time_s(t), &time), ES_OK);
        assert_int_equal(time, t);
    }
}

static void test_text(void **state) {
    (void)state;
    es_text text = {0};
    es_text_add(&text, "%d,", 1);
    es_text_add(&text, "%s", "");
    es_text_add_json(&text, "a\"b\\c\n\x01\xc3\xa4");
    assert_false(text.failed);
    assert_string_equal(text.data, "1,\"a\\\"b\\\\c\\u000a\\u0001\xc3\xa4\"");
    assert_int_equal(text.length, strlen(text.data));
    free(text.data);
    text = (es_text){0};
    for (int i = 0; i < 1000; i++)
        es_text_add(&text, "%09d", i);
    assert_int_equal(text.length, 9000);
    assert_memory_equal(text.data + 6606, "000000734", 9);
    fault_alloc_fail_at(1);
    es_text_add(&text, "%20000d", 1);
    fault_alloc_fail_at(0);
    assert_true(text.failed);
    es_text_add(&text, "more");
    assert_int_equal(text.length, 9000);
    assert_int_equal(strlen(text.data), 9000);
    free(text.data);
}

static void test_lines_and_fields(void **state) {
    (void)state;
    es_slice rest = slice("a\r\n\nb\rc\n\r\nlast"), line;
    static const char *const lines[] = {"a", "", "b\rc", "", "last"};
    for (size_t i = 0; i < 5; i++) {
        assert_true(es_next_line(&rest, &line));
        assert_true(es_slice_equals(line, lines[i]));
    }
    assert_false(es_next_line(&rest, &line));
    es_slice field;
    rest = slice(" a ,, b c,");
    static const char *const fields[] = {"a", "", "b c", ""};
    for (size_t i = 0; i < 4; i++) {
        assert_true(es_next_field(&rest, ',', &field));
        assert_true(es_slice_equals(field, fields[i]));
    }
    assert_false(es_next_field(&rest, ',', &field));
    rest = slice("");
    assert_true(es_next_field(&rest, ',', &field));
    assert_int_equal(field.length, 0);
    assert_false(es_next_field(&rest, ',', &field));
    assert_true(es_slice_equals(es_slice_trim(slice("\t a b\r\n ")), "a b"));
    assert_int_equal(es_slice_trim(slice(" \t ")).length, 0);
    assert_false(es_slice_equals(slice("ab"), "a"));
    assert_false(es_slice_equals(slice("a"), "ab"));
}

static void test_parse_double(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0},       {"-1.5", -1.5},
                {"+2e3", 2000}, {".5", 0.5},
                {"5.", 5},      {"1E-2", 0.01},
                {"007", 7},     {"1.7976931348623157e308", 1.7976931348623157e308},
                {"1e-400", 0}};
    static const char *const bad[] = {
        "",
        " ",
        "1 ",
        " 1",
        "nan",
        "NaN",
        "inf",
        "-Infinity",
        "0x10",
        "1e400",
        "-1e400",
        "1,5",
        "1e",
        "e5",
        "--1",
        "1-",
        "1..2",
        ".",
        "+",
        "1_0",
        "1f",
        "1d0",
        "1 2",
        "0x1p3",
        "111111111111111111111111111111111111111111111111111111111111111111111111"};
    double value;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(es_parse_double(slice(good[i].text), &value), ES_OK);
        assert_true(value == good[i].value);
    }
    value = 42;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(es_parse_double(slice(bad[i]), &value), ES_INVALID);
    assert_int_equal(es_parse_double((es_slice){"1\0002", 3}, &value), ES_INVALID);
    assert_true(value == 42);
    assert_int_equal(es_parse_double((es_slice){"123", 2}, &value), ES_OK);
    assert_true(value == 12);
}

static void test_parse_int64(void **state) {
    (void)state;
    int64_t value;
    assert_int_equal(es_parse_int64(slice("-9223372036854775808"), &value), ES_OK);
    assert_true(value == INT64_MIN);
    assert_int_equal(es_parse_int64(slice("9223372036854775807"), &value), ES_OK);
    assert_true(value == INT64_MAX);
    assert_int_equal(es_parse_int64(slice("+010"), &value), ES_OK);
    assert_int_equal(value, 10);
    static const char *const bad[] = {"",
                                      "9223372036854775808",
                                      "-9223372036854775809",
                                      "1.0",
                                      "1e3",
                                      "0x1",
                                      " 1",
                                      "1 ",
                                      "-",
                                      "1-",
                                      "000000000000000000000000000000000001"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(es_parse_int64(slice(bad[i]), &value), ES_INVALID);
    assert_int_equal(value, 10);
}

/* The same by trying every number of digits. */
static void format_slowly(double value, char text[ES_NUMBER_TEXT]) {
    int digits = 1;
    do
        snprintf(text, ES_NUMBER_TEXT, "%.*g", digits, value);
    while (strtod(text, NULL) != value && ++digits <= 17);
    char whole[400];
    snprintf(whole, sizeof whole, "%.0f", value);
    if (fabs(value) < 1e15 && value == trunc(value) && strlen(whole) <= strlen(text))
        memcpy(text, whole, strlen(whole) + 1);
}

static void test_format_double_is_the_shortest(void **state) {
    (void)state;
    uint64_t bits = 1;
    for (int i = 0; i < 60000; i++) {
        double value;
        char text[ES_NUMBER_TEXT], expected[ES_NUMBER_TEXT];
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        memcpy(&value, &bits, sizeof value);
        if (i % 6 == 1)
            value = (double)(bits >> 34) / 1e9; /* nanoseconds */
        if (i % 6 == 2)
            value = (double)(bits >> 11) * 0x1p-53; /* 16 and 17 digits */
        if (i % 6 == 3)
            value = (double)(bits >> (i % 60)) / pow(10, i % 22);
        if (i % 6 == 4)
            value = (double)(bits >> 40) * pow(10, i % 20);
        if (!isfinite(value))
            continue;
        es_format_double(value, text);
        format_slowly(value, expected);
        assert_string_equal(text, expected);
    }
}

/* Of the decimals of 16 digits that are read as a power of two the nearest one may be none: the
 * texts are those of Python's repr. */
static void test_format_double_at_powers_of_two(void **state) {
    (void)state;
    char text[ES_NUMBER_TEXT];
    es_format_double(0x1p-44, text);
    assert_string_equal(text, "5.684341886080802e-14");
    for (int exponent = -1074; exponent < 1024; exponent++) {
        char expected[ES_NUMBER_TEXT];
        double value = ldexp(1, exponent);
        es_format_double(value, text);
        format_slowly(value, expected);
        assert_true(strtod(text, NULL) == value);
        assert_true(strlen(text) <= strlen(expected));
    }
}

static void test_format_double(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"},
                 {0.1, "0.1"},
                 {-1.5, "-1.5"},
                 {1.0 / 3, "0.3333333333333333"},
                 {20e6, "2e+07"},
                 {123456, "123456"},
                 {100, "100"},
                 {-1500, "-1500"},
                 {1e6, "1e+06"},
                 {99999, "99999"},
                 {1e-5, "1e-05"},
                 {1e300, "1e+300"},
                 {12345678901234, "12345678901234"},
                 {5e-324, "5e-324"},
                 {0.1 + 0.2, "0.30000000000000004"}};
    char text[ES_NUMBER_TEXT];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        es_format_double(cases[i].value, text);
        assert_string_equal(text, cases[i].text);
    }
    uint64_t bits = 1;
    for (int i = 0; i < 10000; i++) {
        double value, back;
        bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        es_format_double(value, text);
        assert_int_equal(es_parse_double(slice(text), &back), ES_OK);
        assert_memory_equal(&back, &value, sizeof value);
    }
}

static const char *name_at(const void *context, size_t i) {
    const char *const *names = context;
    return names[i];
}

static void test_nearest_name(void **state) {
    (void)state;
    static const char *const names[] = {"scenario",
                                        "uplink",
                                        "downlink",
                                        "load",
                                        "seed",
                                        ("a-name-of-more-than-sixty-three-bytes-"
                                         "which-cannot-be-near-to-anything")};
    size_t n = sizeof names / sizeof names[0];
    assert_string_equal(es_nearest_name("scenrio", n, name_at, names), "scenario");
    assert_string_equal(es_nearest_name("uplnik", n, name_at, names), "uplink");
    assert_string_equal(es_nearest_name("seeds", n, name_at, names), "seed");
    assert_string_equal(es_nearest_name("lod", n, name_at, names), "load");
    assert_string_equal(es_nearest_name("downlnk", n, name_at, names), "downlink");
    assert_string_equal(es_nearest_name("dwnlnk", n, name_at, names), "downlink");
    assert_string_equal(es_nearest_name("sxxd", n, name_at, names), "seed");
    assert_null(es_nearest_name("sxxx", n, name_at, names));
    assert_null(es_nearest_name("bandwidth", n, name_at, names));
    assert_null(es_nearest_name(names[5], n, name_at, names));
    assert_null(es_nearest_name("seed", 0, name_at, names));
}

static void test_log(void **state) {
    (void)state;
    char printed[100] = "";
    es_log log = {.stream = fmemopen(printed, sizeof printed, "w")};
    es_log_note(&log, "note %d", 1);
    es_log_warning(&log, "warning %d", 2);
    log.quiet = true;
    es_log_note(&log, "note %d", 3);
    es_log_warning(&log, "warning %d", 4);
    fclose(log.stream);
    assert_string_equal(printed, "note 1\nwarning: warning 2\nwarning: warning 4\n");
    log.stream = NULL;
    es_log_note(&log, "nowhere");
    es_log_warning(&log, "nowhere");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_texts_and_exit_codes),
        cmocka_unit_test(test_error_records),
        cmocka_unit_test(test_error_list_overflows),
        cmocka_unit_test(test_error_texts_are_cut),
        cmocka_unit_test(test_alloc),
        cmocka_unit_test(test_reserve),
        cmocka_unit_test(test_strdup),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_lines_and_fields),
        cmocka_unit_test(test_parse_double),
        cmocka_unit_test(test_parse_int64),
        cmocka_unit_test(test_format_double),
        cmocka_unit_test(test_format_double_is_the_shortest),
        cmocka_unit_test(test_format_double_at_powers_of_two),
        cmocka_unit_test(test_nearest_name),
        cmocka_unit_test(test_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
