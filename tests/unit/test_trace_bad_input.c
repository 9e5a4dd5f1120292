/* What no reader may fall over: each refuses it, or what can be told of it, in the right line. */
#include "trace_files.h"

/* A file of each format whose second of three rows has a number, or a date, that a test replaces.
 */
static const struct {
    const char *format, *settings;
    size_t line;                          /* of that row */
    const char *before, *after;           /* what stands around the number */
    const char *date_before, *date_after; /* NULL: no dates */
    const char *comma;  /* the message where the number is "1,5"; NULL: the number's */
    const char *number; /* the message where it is none */
} files[] = {
    {"canonical", NULL, 5, "# quantity: bandwidth\n# unit: bit/s\ntime_s,value\n0,1\n1,", "\n2,3\n",
     NULL, NULL, "expected two fields, time_s,value", "expected a number"},
    {"canonical", NULL, 4, "# quantity: arrivals\ntime_s\n0\n", "\n20\n", NULL, NULL,
     "expected 1 fields", "expected seconds, 0 .. 4e9"},
    {"csv", "time=t, column=v, unit=bit/s", 3, "t,v\n2020-01-01 00:00:00,1\n2020-01-01 00:00:01,",
     "\n2020-01-01 00:00:02,4\n", "t,v\n2020-01-01 00:00:00,1\n", ",5\n", "3 fields; expected 2",
     "expected a number"},
    {"csv", "time=t, column=v, unit=bit/s, separator=semicolon", 3, "t;v\n0;1\n1;", "\n2;4\n", NULL,
     NULL, NULL, "expected a number"},
    {"mahimahi", NULL, 2, "1\n", "\n2000\n", NULL, NULL, NULL,
     "expected a time in whole milliseconds"},
    {"cooked", NULL, 2, "1 1\n2 ", "\n3 5\n", NULL, NULL, NULL, "expected a number of Mbit/s"},
    {"cooked", NULL, 2, "1 1\n", " 4\n30 5\n", NULL, NULL, NULL, "expected seconds, 0 .. 4e9"},
    {"sabre", NULL, 2, "[{\"duration_ms\": 1, \"bandwidth_kbps\": 1},\n{\"duration_ms\": ",
     ", \"bandwidth_kbps\": 1},\n{\"duration_ms\": 1, \"bandwidth_kbps\": 1}]", NULL, NULL,
     "not JSON", "not JSON"},
    {"gnettrack", NULL, 3,
     "Timestamp,DL_bitrate,State\n2020.01.01_00.00.00,9000,D\n2020.01.01_00.00.01,",
     ",D\n2020.01.01_00.00.02,1,D\n", "Timestamp,DL_bitrate,State\n2020.01.01_00.00.00,9000,D\n",
     ",1,D\n", "4 fields; expected 3", "expected a number"},
    {"starlink", NULL, 3,
     "timestamp_start_dl,timestamp_end_dl,download,x\n2024-04-19 16:23:59,2024-04-19 16:24:00,8,\n"
     "2024-04-19 16:24:00,2024-04-19 16:24:01,",
     ",\n",
     "timestamp_start_dl,timestamp_end_dl,download,x\n2024-04-19 16:23:59,2024-04-19 16:24:00,8,\n"
     "2024-04-19 16:24:00,",
     ",8,\n", "5 fields; expected 4", "expected a number of Mbit/s"},
    {"5gophers", NULL, 3, "seq_num,throughput_mbps\n0,8\n1,", "\n2,8\n", NULL, NULL,
     "3 fields; expected 2", "expected a number"},
    {"5gophers", NULL, 3, "seq_num,throughput_mbps\n0,8\n", ",8\n", NULL, NULL,
     "3 fields; expected 2", "expected a whole number of seconds"},
    {"simgrid", NULL, 3, "LOOPAFTER 4\n0 1\n1 ", "\n2 4\n", NULL, NULL, NULL, "expected a number"},
    {"simgrid", NULL, 3, "LOOPAFTER 4\n0 1\n", " 1\n20 4\n", NULL, NULL, NULL,
     "expected seconds, 0 .. 4e9"},
    {"planetlab", NULL, 2, "5\n", "\n7\n", NULL, NULL, NULL, "expected a whole percentage"},
    {"bitbrains", NULL, 3, "Timestamp [ms];\tCPU usage [%]\n1;\t50\n301;\t", "\n601;\t9\n", NULL,
     NULL, NULL, "expected a percentage"},
    {"bitbrains", NULL, 3, "Timestamp [ms];\tCPU usage [%]\n1;\t50\n", ";\t9\n", NULL, NULL, NULL,
     "expected whole seconds since 1970"},
    {"azure-llm", NULL, 3, NULL, NULL,
     "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,1,1\n", ",1,1\n", NULL, NULL},
    {"azure-functions", NULL, 3, "app,func,end_timestamp,duration\na,b,10,2\na,b,",
     ",2\na,b,90,2\n", NULL, NULL, "5 fields; expected 4", "expected seconds, 0 .. 4e9"},
    {"interarrival", NULL, 2, "1\n", "\n2\n", NULL, NULL, NULL,
     "expected a time between two requests, from 0 on"},
    {"jsonl", NULL, 2, "{\"timestamp\": 1}\n{\"timestamp\": ", "}\n{\"timestamp\": 7}\n", NULL,
     NULL, "not JSON", "not JSON"},
};

enum { N_FILES = sizeof files / sizeof files[0], LONGEST = 4 << 20 };

static char *content;

/* The file with this in the place of the number or date is refused; one of its mistakes is in the
 * right line and has this in it. */
static void assert_told(size_t i, const char *before, const char *bad, const char *after,
                        const char *message) {
    es_trace_options options = reading(ES_ANY_QUANTITY, files[i].format, files[i].settings);
    char start[600];
    es_trace *trace = NULL;
    snprintf(content, LONGEST, "%s%s%s", before, bad, after);
    write_file(content);
    es_errors_init(&errors);
    assert_int_equal(es_trace_load(path, &options, &trace, &errors), ES_INVALID);
    assert_null(trace);
    snprintf(start, sizeof start, "%s:%zu: ", path, files[i].line);
    for (size_t k = 0; k < errors.n; k++) {
        assert_true(strlen(errors.records[k].text) < ES_ERROR_TEXT);
        if (strncmp(errors.records[k].text, start, strlen(start)) == 0 &&
            strstr(errors.records[k].text, message) != NULL)
            return;
    }
    es_errors_print(&errors, stderr);
    fail_msg("%s, %.20s: nothing begins with '%s' and has '%s'", files[i].format, bad, start,
             message);
}

/* 400 digits, what is no finite number, what is below 0. */
static void test_numbers(void **state) {
    (void)state;
    char digits[401];
    memset(digits, '9', 400);
    digits[400] = '\0';
    const char *const bad[] = {digits,      "1e400", "nan", "NaN", "inf",
                               "-Infinity", "0x10",  "--1", "1 2"};
    for (size_t i = 0; i < N_FILES; i++)
        for (size_t k = 0; files[i].before != NULL && k < sizeof bad / sizeof bad[0]; k++) {
            bool split = strcmp(bad[k], "1 2") == 0 && (strcmp(files[i].format, "cooked") == 0 ||
                                                        strcmp(files[i].format, "simgrid") == 0);
            assert_told(i, files[i].before, bad[k], files[i].after,
                        split ? "expected" : files[i].number);
        }
}

static void test_commas(void **state) {
    (void)state;
    for (size_t i = 0; i < N_FILES; i++)
        if (files[i].before != NULL)
            assert_told(i, files[i].before, "1,5", files[i].after,
                        files[i].comma != NULL ? files[i].comma : files[i].number);
}

static void test_negative(void **state) {
    (void)state;
    for (size_t i = 0; i < N_FILES; i++)
        if (files[i].before != NULL)
            assert_told(i, files[i].before, "-1", files[i].after, "expected ");
}

static void test_dates(void **state) {
    (void)state;
    static const char *const bad[] = {
        "0000-01-01 00:00:00", "9999-12-31 23:59:59", "0001-01-01 00:00:00", "1969-12-31 23:59:59",
        "2200-01-01 00:00:00", "2023-02-29 00:00:00", "99999-01-01 00:00:00"};
    size_t n = 0;
    for (size_t i = 0; i < N_FILES; i++)
        for (size_t k = 0; files[i].date_before != NULL && k < sizeof bad / sizeof bad[0]; k++, n++)
            assert_told(i, files[i].date_before, bad[k], files[i].date_after, "years 1970 .. 2199");
    assert_int_equal(n, 4 * sizeof bad / sizeof bad[0]);
}

/* A line of 3 MB, of digits and of nothing. */
static void test_long_lines(void **state) {
    (void)state;
    char *bad = malloc(LONGEST);
    assert_non_null(bad);
    for (size_t k = 0; k < 2; k++) {
        memset(bad, "7 "[k], 3000000);
        bad[3000000] = '\0';
        for (size_t i = 0; i < N_FILES; i++)
            if (files[i].before != NULL && (strcmp(files[i].format, "sabre") != 0))
                assert_told(i, files[i].before, bad, files[i].after,
                            "a line of more than 1048576 bytes; expected shorter ones");
    }
    free(bad);
}

/* Every format is here. */
static void test_formats(void **state) {
    (void)state;
    for (size_t i = 0; es_trace_format_name(i) != NULL; i++) {
        size_t k = 0;
        while (k < N_FILES && strcmp(files[k].format, es_trace_format_name(i)) != 0)
            k++;
        assert_true(k < N_FILES);
    }
}

static int make(void **state) {
    content = malloc(LONGEST);
    return content == NULL || make_folder(state) != 0;
}

static int clean(void **state) {
    free(content);
    return remove_folder(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),    cmocka_unit_test(test_commas),
        cmocka_unit_test(test_negative),   cmocka_unit_test(test_dates),
        cmocka_unit_test(test_long_lines), cmocka_unit_test(test_formats),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
