/* The readers of traces: what each accepts, and every mistake with its line. Reading is compared
 * with samples worked out by hand. */
#include "trace_files.h"

static void assert_marks(const es_trace *trace, const unsigned char *marks) {
    assert_non_null(trace->marks);
    assert_memory_equal(trace->marks, marks, trace->n);
}

static void assert_noted(const es_trace *trace, const char *note) {
    if (strstr(trace->notes, note) == NULL)
        fail_msg("'%s' is not in '%s'", note, trace->notes);
}

/* Duplicates carry nothing; a time of at most 3 s begins at 0, a later one is a start mark. */
static void test_cooked(void **state) {
    (void)state;
    es_trace_options any = reading(ES_ANY_QUANTITY, NULL, NULL);
    es_trace *trace = load_content("0.5 8\r\n2 0\r\n2 7\r\n3.25 1.5e1\r\n", any);
    assert_string_equal(trace->format, "cooked");
    assert_samples(trace, 3, (const double[]){0, 0.5, 2, 3.25}, (const double[]){8e6, 0, 15e6});
    assert_int_equal(trace->hold, ES_HOLD_BACKWARD);
    assert_int_equal(trace->at_end, ES_AT_END_LOOP);
    assert_int_equal(trace->n_duplicates, 1);
    assert_noted(trace, "1 rows repeat the time");
    es_trace_destroy(trace);
    trace = load_content("0.0\t9\n3\t4\n", any);
    assert_samples(trace, 1, (const double[]){0, 3}, (const double[]){4e6});
    assert_string_equal(trace->notes, "");
    es_trace_destroy(trace);
    trace = load_content("17.5 9\n18 4\n20 1\n", any);
    assert_samples(trace, 2, (const double[]){0, 0.5, 2.5}, (const double[]){4e6, 1e6});
    es_trace_destroy(trace);
}

#define assert_mistakes(content, options, ...)                                                     \
    do {                                                                                           \
        static const char *const expected[] = {__VA_ARGS__};                                       \
        assert_refused(content, options, sizeof expected / sizeof expected[0], expected);          \
    } while (0)

static void test_cooked_mistakes(void **state) {
    (void)state;
    es_trace_options cooked = reading(ES_BANDWIDTH, "cooked", NULL);
    assert_mistakes(
        "1 2\n1.5 2 3\n2\n-1 3\n3,5 2,5\n4 nan\n5 inf\n6 -1\n9 1e294\n1 1\n1e400 1\n\n9", cooked,
        ":2: '1.5 2 3'; expected two numbers", ":3: '2'; expected two numbers",
        ":4: time '-1'; expected seconds, 0 .. 4e9", ":5: time '3,5'; expected seconds",
        ":5: rate '2,5'; expected a number of Mbit/s", ":6: rate 'nan'; expected a number",
        ":7: rate 'inf'; expected a number", ":8: a bandwidth of -1000000 bit/s; expected 0 .. ",
        ":9: a bandwidth of 1.0000000000000001e+300 bit/s",
        ":10: time 1s after 9s; expected times that do not fall", ":11: time '1e400'",
        ":12: ''; expected two numbers",
        ":13: the last line has no end; the file may have been cut off");
    assert_mistakes("0 1\n", cooked, ":1: the file ends here; expected at least two samples");
    assert_mistakes("1 0\n2 0\n", cooked, "the bandwidth is 0 at all times");
}

static void test_text(void **state) {
    (void)state;
    es_trace_options any = reading(ES_ANY_QUANTITY, NULL, NULL);
    es_trace *trace = load_content("\xEF\xBB\xBF"
                                   "1 8\n2 8\n",
                                   any);
    assert_samples(trace, 2, (const double[]){0, 1, 2}, (const double[]){8e6, 8e6});
    es_trace_destroy(trace);
    write_bytes("1 8\n2 \0 8\n", 10);
    es_errors_init(&errors);
    assert_int_equal(es_trace_load(path, &any, &trace, &errors), ES_INVALID);
    assert_non_null(strstr(errors.records[0].text, ":2: a NUL byte; expected text"));
    write_bytes("\xFF\xFE"
                "1\0 \0",
                6);
    es_errors_init(&errors);
    assert_int_equal(es_trace_load(path, &any, &trace, &errors), ES_INVALID);
    assert_non_null(strstr(errors.records[0].text, ":1: UTF-16; expected ASCII or UTF-8"));
    assert_mistakes("\x89PNG\r\n\x1a\n", any, ":1: the format of this file cannot be told");
}

/* What is one line of whole numbers for several formats is told by the quantity, or named. */
static void test_recognition(void **state) {
    (void)state;
    char day[288 * 3 + 1] = "";
    for (size_t i = 0; i < 288; i++)
        snprintf(day + strlen(day), sizeof day - strlen(day), "%zu\n", i * 7 % 100);
    es_trace *trace = load_content(day, reading(ES_ANY_QUANTITY, NULL, NULL));
    assert_string_equal(trace->format, "planetlab");
    assert_int_equal(trace->quantity, ES_LOAD);
    es_trace_destroy(trace);
    trace = load_content("0.5\n0.25\n", reading(ES_ANY_QUANTITY, NULL, NULL));
    assert_string_equal(trace->format, "interarrival");
    es_trace_destroy(trace);
    assert_mistakes("{\"timestamp\": 1, \"seq_num,throughput_mbps\": 0}\n",
                    reading(ES_ANY_QUANTITY, NULL, NULL),
                    ":1: may be of several formats; name one with `format = `: 5gophers, jsonl");
}

static void test_options(void **state) {
    (void)state;
    const char *two = "1\n2\n";
    assert_mistakes(two, reading(ES_ARRIVALS, "interarrival", "unot=s"),
                    "the format interarrival has no option 'unot'; expected one of: unit; did you "
                    "mean 'unit'?");
    assert_mistakes(two, reading(ES_BANDWIDTH, "mahimahi", "unit=s"),
                    "has no option 'unit'; expected none");
    assert_mistakes(two, reading(ES_ARRIVALS, "interarrival", "unit=s, unit=ms, bare"),
                    "option 'unit' is given twice", "option 'bare'; expected name=value");
    assert_mistakes(two, reading(ES_ARRIVALS, "interarrival", "unit="),
                    "option 'unit' has no value; expected of the times");
    assert_mistakes(two, reading(ES_ARRIVALS, "interarrival", "unit=min"),
                    "unit=min; expected s, ms, us or ns");
    size_t n = 0;
    while (es_trace_format_name(n) != NULL)
        for (size_t i = 0, format = n++; es_trace_format_option(format, i) != NULL; i++)
            assert_true(strlen(es_trace_format_option(format, i)->meaning) > 0);
    assert_null(es_trace_format_option(n, 0));
}

/* Each opportunity passes its bits in the nanosecond from its time on; those at the period are
 * those at 0 of the next round. */
static void test_mahimahi_exact(void **state) {
    (void)state;
    es_trace_options exact = reading(ES_BANDWIDTH, "mahimahi", NULL);
    exact.window = 0;
    es_trace *trace = load_content("5\n5\n8\n10\n", exact);
    assert_samples(trace, 6,
                   (const double[]){0, 1e-9, 0.005, 0.005000001, 0.008, 0.008000001, 0.010},
                   (const double[]){12e12, 0, 24e12, 0, 12e12, 0});
    es_rate *rate = rate_of(trace, 1, 0, ES_AT_END_LOOP);
    es_rate_cursor cursor = {0};
    /* 1500 bytes from 1 ms on: at 5 ms; 4500: the third from there, at 8 ms; one byte more: at 10.
     */
    assert_int_equal(es_rate_finish(rate, &cursor, 1000000, (es_work)12000 * ES_SECOND), 5000001);
    assert_int_equal(es_rate_finish(rate, &cursor, 1000000, (es_work)36000 * ES_SECOND), 8000001);
    assert_int_equal(es_rate_finish(rate, &cursor, 1000000, (es_work)36008 * ES_SECOND), 10000001);
    es_rate_destroy(rate);
    es_trace_destroy(trace);
    /* More than a nanosecond can pass: 100 opportunities at once. */
    char many[100 * 2 + 8] = "";
    for (size_t i = 0; i < 100; i++)
        strcat(many, "1\n");
    strcat(many, "4\n");
    trace = load_content(many, exact);
    rate = rate_of(trace, 1, 0, ES_AT_END_LOOP);
    assert_true(es_rate_integral(rate, 500000, 2000000) == (es_work)100 * 12000 * ES_SECOND);
    assert_true(es_rate_integral(rate, 0, 4000000) == (es_work)101 * 12000 * ES_SECOND);
    es_rate_destroy(rate);
    es_trace_destroy(trace);
}

static void test_sabre(void **state) {
    (void)state;
    const char *list = "[\n {\"duration_ms\": 500, \"bandwidth_kbps\": 8, \"latency_ms\": 20},\n"
                       " {\"duration_ms\": 0, \"bandwidth_kbps\": 9, \"latency_ms\": 20}, "
                       "{\"latency_ms\": 30, \"bandwidth_kbps\": 0.5, \"duration_ms\": 1e3}]\n\n";
    es_trace *trace = load_content(list, reading(ES_ANY_QUANTITY, NULL, NULL));
    assert_samples(trace, 2, (const double[]){0, 0.5, 1.5}, (const double[]){8000, 500});
    assert_int_equal(trace->n_duplicates, 1);
    assert_noted(trace, "1 elements last no time");
    es_trace_destroy(trace);
    trace = load_content(list, reading(ES_LATENCY, NULL, NULL));
    assert_samples(trace, 2, (const double[]){0, 0.5, 1.5}, (const double[]){0.02, 0.03});
    es_trace_destroy(trace);
}

static void test_sabre_mistakes(void **state) {
    (void)state;
    es_trace_options sabre = reading(ES_BANDWIDTH, NULL, NULL);
    assert_mistakes("[\n{\"duration_ms\": 1, \"bandwidth_kbps\": -1},\n{},\n7,\n"
                    "{\"duration_ms\": \"1\", \"bandwidth_kbps\": 1},\n{\"duration_ms\":\n-1,"
                    "\"bandwidth_kbps\": 1}\n]\nmore",
                    sabre, ":2: a bandwidth of -1000 bit/s", ":3: no member \"duration_ms\"",
                    ":3: no member \"bandwidth_kbps\"; expected a number",
                    ":4: expected an object with duration_ms and bandwidth_kbps",
                    ":5: \"duration_ms\" is no number", ":7: a duration of -1 ms; expected 0 ..",
                    ":9: expected nothing behind the list");
    assert_mistakes(
        "[\n{\"duration_ms\": 1, \"bandwidth_kbps\": 1},\n{\"durat", sabre,
        ":3: not JSON: premature end of input near '\"durat'; the file may have been cut off");
    assert_mistakes("[\n{\"duration_ms\": 1, \"bandwidth_kbps\": 1}\n", sabre,
                    ":3: the list ends early; the file may have been cut off");
    assert_mistakes("[{\"duration_ms\": 1, \"bandwidth_kbps\": 1}\n{}]", sabre,
                    ":2: expected ',' or ']'");
    assert_mistakes("[{\"duration_ms\": 0, \"bandwidth_kbps\": 1}]\n", sabre,
                    "no element lasts any time");
    assert_mistakes("[{\"duration_ms\": NaN, \"bandwidth_kbps\": 1}]\n", sabre, ":1: not JSON");
    assert_mistakes("[{\"duration_ms\": 1e999, \"bandwidth_kbps\": 1}]\n", sabre, ":1: not JSON");
}

#define GNETTRACK "Timestamp,Speed,DL_bitrate,UL_bitrate,State,PINGAVG\n"

/* Rows of a second are averaged, "-" and idle are marked, rows of the past dropped. */
static void test_gnettrack(void **state) {
    (void)state;
    const char *log =
        GNETTRACK "2020.02.29_23.59.58,0,100,5,D,30\n2020.02.29_23.59.58,0,300,7,I,-\n"
                  "2020.03.01_00.00.00,0,-,1,D,-\n2020.02.29_23.59.59,0,9,9,D,9\n"
                  "2020.03.01_00.00.01,0,0,2,I,50\n";
    es_trace *trace = load_content(log, reading(ES_ANY_QUANTITY, NULL, NULL));
    assert_string_equal(trace->format, "gnettrack");
    assert_samples(trace, 3, (const double[]){0, 2, 3, 4}, (const double[]){2e5, 2e5, 0});
    assert_marks(trace, (const unsigned char[]){0, ES_MARK_MISSING, ES_MARK_IDLE});
    assert_int_equal(trace->n_duplicates, 1);
    assert_int_equal(trace->n_backward, 1);
    assert_noted(trace, "DL_bitrate, down\n1 rows share their second");
    assert_noted(trace, "1 rows are earlier than one before them: dropped");
    es_trace_destroy(trace);
    trace = load_content(log, reading(ES_BANDWIDTH, NULL, "direction=up"));
    assert_samples(trace, 3, (const double[]){0, 2, 3, 4}, (const double[]){6e3, 1e3, 2e3});
    es_trace_destroy(trace);
    trace = load_content(log, reading(ES_LATENCY, NULL, NULL));
    assert_samples(trace, 3, (const double[]){0, 2, 3, 4}, (const double[]){0.03, 0.03, 0.05});
    es_trace_destroy(trace);
}

static void test_gnettrack_mistakes(void **state) {
    (void)state;
    es_trace_options down = reading(ES_BANDWIDTH, "gnettrack", "direction=down");
    assert_mistakes(GNETTRACK "2020.02.30_00.00.00,0,1,1,D,1\n0000.01.01_00.00.00,0,1,1,D,1\n"
                              "9999.01.01_00.00.00,0,1,1,D,1\n2020.01.01_00.00.00,0,x,1,D,1\n"
                              "2020.01.01_00.00.01,0,-1,1,D,1\n2020.01.01_00.00.02,0\n",
                    down, ":2: time '2020.02.30_00.00.00'; expected YYYY.MM.DD_HH.MM.SS",
                    ":3: time '0000.01.01_00.00.00'", ":4: time '9999.01.01_00.00.00'",
                    ":5: 'x'; expected a number from 0 on, or -", ":6: '-1'; expected a number",
                    ":7: 2 fields; expected 6, as in the header");
    assert_mistakes("Timestamp,DL_bitrat,State\n", down,
                    ":1: no column 'DL_bitrate' in the header; did you mean 'DL_bitrat'?");
    assert_mistakes(GNETTRACK, down, ":1: the file ends here; expected rows");
    assert_mistakes(GNETTRACK "2020.02.29_23.59.58,0,1,1,D,1\n", reading(ES_BANDWIDTH, NULL, NULL),
                    "holds both directions; choose direction=down or up");
    assert_mistakes(GNETTRACK, reading(ES_BANDWIDTH, NULL, "direction=left"),
                    "direction=left; expected down or up");
}

#define STARLINK                                                                                   \
    "timestamp_start_dl,timestamp_end_dl,download,timestamp_start_ul,timestamp_end_ul,upload\n"
#define MINUTE "2024-04-19 16:23:"

/* Intervals with their own ends: what lies between is missing; an overlap is cut off. */
static void test_starlink(void **state) {
    (void)state;
    const char *rows =
        STARLINK MINUTE "00.000000001," MINUTE "01.5,8," MINUTE "00.5," MINUTE "01.5,1\n" MINUTE
                        "03.000000001," MINUTE "04,0," MINUTE "01.5," MINUTE "02.5,2\n" MINUTE
                        "03.500000001," MINUTE "05.000000001,4," MINUTE "02.5," MINUTE "03.5,3\n";
    es_trace *trace = load_content(rows, reading(ES_BANDWIDTH, NULL, "direction=down"));
    assert_samples(trace, 4, (const double[]){0, 1.499999999, 3, 3.5, 5},
                   (const double[]){8e6, 8e6, 0, 4e6});
    assert_marks(trace, (const unsigned char[]){0, ES_MARK_MISSING, 0, 0});
    es_trace_destroy(trace);
    trace = load_content(rows, reading(ES_BANDWIDTH, NULL, "direction=up"));
    assert_samples(trace, 3, (const double[]){0, 1, 2, 3}, (const double[]){1e6, 2e6, 3e6});
    assert_null(trace->marks);
    es_trace_destroy(trace);
    assert_mistakes(STARLINK MINUTE "00,x,y," MINUTE "00," MINUTE "01,1\n" MINUTE "02," MINUTE
                                    "02,1,,,\n" MINUTE "02," MINUTE "03,-1,,,\n" MINUTE "01," MINUTE
                                    "02,1,,,\n,\n",
                    reading(ES_BANDWIDTH, NULL, "direction=down"),
                    ":2: time 'x'; expected YYYY-MM-DD HH:MM:SS.fff", ":2: rate 'y'",
                    ":3: the interval ends at or before its start", ":4: a bandwidth of -1000000",
                    ":5: the interval starts at or before the start of the one before",
                    ":6: 2 fields; expected 6");
    assert_mistakes(STARLINK, reading(ES_BANDWIDTH, NULL, NULL), "holds both directions");
}

#define GOPHERS "protocol,carrier,run_num,seq_num,throughput_mbps,rtt_in_ms\n"

/* Runs; missing seconds and empty cells are marked. */
static void test_5gophers(void **state) {
    (void)state;
    const char *rows = GOPHERS "TCP,A,1,0,8,\nTCP,A,1,3,0,\nTCP,A,1,3,5,\nTCP,B,2,1,4,\n"
                               "ICMP,B,2,1,,25\n";
    es_trace *trace = load_content(rows, reading(ES_BANDWIDTH, NULL, "run=1"));
    assert_samples(trace, 3, (const double[]){0, 1, 3, 4}, (const double[]){8e6, 8e6, 0});
    assert_marks(trace, (const unsigned char[]){0, ES_MARK_MISSING, 0});
    assert_int_equal(trace->n_duplicates, 1);
    es_trace_destroy(trace);
    trace = load_content(rows, reading(ES_BANDWIDTH, NULL, "run=all"));
    assert_samples(trace, 5, (const double[]){0, 1, 3, 4, 5, 6},
                   (const double[]){8e6, 8e6, 0, 4e6, 4e6});
    assert_noted(trace, "3 runs, one after the other");
    es_trace_destroy(trace);
    trace = load_content(rows, reading(ES_LATENCY, NULL, "carrier=B, run=2"));
    assert_samples(trace, 1, (const double[]){0, 1}, (const double[]){0.025});
    es_trace_destroy(trace);
    trace = load_content("seq_num,A_throughput_mbps,B_throughput_mbps\n1,2,3\n",
                         reading(ES_BANDWIDTH, NULL, "carrier=B"));
    assert_samples(trace, 1, (const double[]){0, 1}, (const double[]){3e6});
    es_trace_destroy(trace);
    assert_mistakes(rows, reading(ES_BANDWIDTH, NULL, NULL),
                    "holds 3 runs; choose run=1 .. 3, or run=all");
    assert_mistakes(rows, reading(ES_BANDWIDTH, NULL, "run=4"), "run=4; expected 1 .. 3");
    assert_mistakes(rows, reading(ES_BANDWIDTH, NULL, "run=0"), "run=0; expected a number from 1");
    assert_mistakes(rows, reading(ES_BANDWIDTH, NULL, "carrier=C"),
                    "expected rows of this carrier");
    assert_mistakes("seq_num,A_throughput_mbps,B_throughput_mbps\n1,2,3\n",
                    reading(ES_BANDWIDTH, NULL, NULL), ":1: 2 columns of throughput; choose carr");
    assert_mistakes(GOPHERS "TCP,A,1,-1,8,\nTCP,A,1,1,x,\nTCP,A,1,2,-3,\nTCP\n",
                    reading(ES_BANDWIDTH, NULL, NULL), ":2: seq_num '-1'; expected a whole number",
                    ":3: 'x'; expected a number or nothing", ":4: a bandwidth of -3000000",
                    ":5: 1 fields; expected 6");
}

/* bytes/s, the share that is available, LOOPAFTER behind the last date. */
static void test_simgrid(void **state) {
    (void)state;
    const char *profile = "# comment\nLOOPAFTER 2\n\n% too\n1.0 1000\n3.0  0\n3 500";
    es_trace *trace = load_content(profile, reading(ES_BANDWIDTH, NULL, NULL));
    assert_samples(trace, 2, (const double[]){0, 2, 4}, (const double[]){8000, 4000});
    assert_int_equal(trace->at_end, ES_AT_END_LOOP);
    assert_int_equal(trace->n_duplicates, 1);
    assert_noted(trace, "begins at its first date, 1s");
    es_trace_destroy(trace);
    trace = load_content("PERIODICITY 5\n0 1\n2 0.25\n", reading(ES_LOAD, NULL, NULL));
    assert_samples(trace, 2, (const double[]){0, 2, 5}, (const double[]){0, 0.75});
    es_trace_destroy(trace);
    trace = load_content("0 0.01\n", reading(ES_LATENCY, "simgrid", NULL));
    assert_samples(trace, 1, (const double[]){0, 1}, (const double[]){0.01});
    assert_int_equal(trace->at_end, ES_AT_END_HOLD);
    es_trace_destroy(trace);
    assert_mistakes("LOOPAFTER x\n1 2 3\n-1 1\n2 y\n1 1\n0.5 1\n",
                    reading(ES_BANDWIDTH, NULL, NULL),
                    ":1: 'LOOPAFTER x'; expected LOOPAFTER and seconds",
                    ":2: '1 2 3'; expected 'date value', LOOPAFTER or PERIODICITY", ":3: date '-1'",
                    ":4: value 'y'", ":6: time 0.5s after 1s");
    assert_mistakes("PERIODICITY 2\nLOOPAFTER 1\n0 1\n2 0\n", reading(ES_BANDWIDTH, NULL, NULL),
                    "both LOOPAFTER and PERIODICITY", "a period of 2s; expected one behind");
    assert_mistakes("LOOPAFTER 1\n", reading(ES_BANDWIDTH, NULL, NULL), "expected 'date value'");
}

#define BITBRAINS "Timestamp [ms];\tCPU cores;\tCPU usage [%]\n"

static void test_bitbrains(void **state) {
    (void)state;
    es_trace *trace = load_content(BITBRAINS "1376314846;\t1;\t50.0\n1376315147;\t1;\t100\n"
                                             "1376316047;\t1;\t0.25\n",
                                   reading(ES_ANY_QUANTITY, NULL, NULL));
    assert_samples(trace, 4, (const double[]){0, 301, 601, 1201, 1501},
                   (const double[]){0.5, 1, 1, 0.0025});
    assert_marks(trace, (const unsigned char[]){0, 0, ES_MARK_MISSING, 0});
    es_trace_destroy(trace);
    assert_mistakes(BITBRAINS "x;\t1;\t50\n1376315147;\t1;\t100.5\n1376315148;\t1;\tNaN\n1;\t2\n"
                              "1376315100;\t1;\t1\n",
                    reading(ES_LOAD, NULL, NULL), ":2: time 'x'; expected whole seconds since 1970",
                    ":3: a load of 1.0049999999999999; expected 0 .. 1",
                    ":4: CPU usage 'NaN'; expected a percentage", ":5: 2 fields; expected 3",
                    ":6: time 1.3763151e+09s after");
}

/* Dates to 100 ns, no line end behind the last row, sorted, the first is time 0. */
static void test_azure(void **state) {
    (void)state;
    es_trace *trace = load_content("TIMESTAMP,ContextTokens,GeneratedTokens\r\n"
                                   "2023-11-16 18:17:03.9799600,4808,10\r\n"
                                   "2023-11-16 18:17:05.0000001,1,1\r\n2023-11-16 18:17:04,1,1",
                                   reading(ES_ANY_QUANTITY, NULL, NULL));
    assert_string_equal(trace->format, "azure-llm");
    assert_int_equal(trace->quantity, ES_ARRIVALS);
    assert_int_equal(trace->n, 3);
    assert_int_equal(trace->times[1], 20040000);
    assert_int_equal(trace->times[2], 1020040100);
    assert_int_equal(trace->times[3], 1020040100);
    assert_int_equal(trace->n_backward, 1);
    assert_int_equal(trace->at_end, ES_AT_END_STOP);
    assert_true(trace->values[2] == 1);
    es_trace_destroy(trace);
    assert_mistakes("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 24:00:00,1,1\n"
                    "2023-13-16 18:17:03,1,1\n2023-11-16 18:17:03.,1,1\n2023-11-16,1\n",
                    reading(ES_ARRIVALS, NULL, NULL), ":2: time '2023-11-16 24:00:00'",
                    ":3: time '2023-13", ":4: time '2023-11-16 18:17:03.'", ":5: 2 fields");
    trace = load_content("app,func,end_timestamp,duration\na,b,10,2.5\na,b,3,3\na,b,1,2\na,b,3,3",
                         reading(ES_ANY_QUANTITY, NULL, NULL));
    assert_int_equal(trace->n, 3);
    assert_int_equal(trace->times[0], 0);
    assert_int_equal(trace->times[2], 7500000000);
    assert_int_equal(trace->n_duplicates, 1);
    assert_noted(trace, "1 invocations began before the trace: left out");
    es_trace_destroy(trace);
    assert_mistakes("app,func,end_timestamp,duration\na,b,-1,x\na\n",
                    reading(ES_ARRIVALS, NULL, NULL), ":2: end_timestamp '-1'; expected seconds",
                    ":2: duration 'x'", ":3: 1 fields; expected 4");
    assert_mistakes("app,func,end_timestamp,duration\na,b,1,2\n", reading(ES_ARRIVALS, NULL, NULL),
                    ":2: the file ends here; expected requests");
}

static void test_interarrival_and_jsonl(void **state) {
    (void)state;
    es_trace *trace = load_content("1.5\n0\n250\n", reading(ES_ARRIVALS, NULL, "unit=ms"));
    assert_int_equal(trace->n, 3);
    assert_int_equal(trace->times[0], 1500000);
    assert_int_equal(trace->times[2], 251500000);
    assert_int_equal(trace->n_duplicates, 1);
    es_trace_destroy(trace);
    assert_mistakes("1.5\n-1\nx\n\n1e300\n", reading(ES_ARRIVALS, "interarrival", NULL), ":2: '-1'",
                    ":3: 'x'; expected a time between two requests", ":4: ''", ":5: '1e300'");
    const char *lines = "{\"timestamp\": 27482, \"input_length\": 5, \"n\": 4}\n"
                        "{\"timestamp\": 30535.5, \"n\": 1, \"limit\": 250}";
    trace = load_content(lines, reading(ES_ANY_QUANTITY, NULL, "batch=n, deadline=limit"));
    assert_string_equal(trace->format, "jsonl");
    assert_int_equal(trace->times[0], 27482000000);
    assert_int_equal(trace->times[1], 30535500000);
    assert_true(trace->values[0] == 4 && trace->values[1] == 1);
    assert_true(isnan(trace->deadlines_s[0]) && fabs(trace->deadlines_s[1] - 0.25) < 1e-12);
    es_trace_destroy(trace);
    trace = load_content("{\"t\": 1700000000123456789}\n{\"t\": 1700000000123456790}\n",
                         reading(ES_ARRIVALS, NULL, "time=t, unit=ns"));
    assert_int_equal(trace->times[0], 0);
    assert_int_equal(trace->times[1], 1);
    es_trace_destroy(trace);
    assert_mistakes(
        "{\"timestamp\": -1}\n{\"time\": 1}\n{\"timestamp\": \"1\"}\n{\"timest\n[1]\n"
        "{\"timestamp\": 1, \"n\": 1.5}\n{\"timestamp\": 1, \"n\": 1, \"d\": 0}\n",
        reading(ES_ARRIVALS, "jsonl", "batch=n, deadline=d"),
        ":1: \"timestamp\" is -1; expected a time from 0 on", ":1: no member \"n\"",
        ":2: no member \"timestamp\"", ":2: no member \"n\"", ":3: \"timestamp\" is no number",
        ":3: no member \"n\"", ":4: not JSON:", ":5: expected a JSON object with \"timestamp\"",
        ":6: a batch of 1.5; expected a whole number", ":7: \"d\" is 0; expected a time");
}

static void test_csv(void **state) {
    (void)state;
    const char *table = "when,rate,\"who, or what\"\n5,8,a\n6.5,\"0\",\"b,c\"\n7,,a\n9,4,a\n";
    es_trace *trace =
        load_content(table, reading(ES_BANDWIDTH, "csv", "time=when, column=rate, unit=MB/s"));
    assert_samples(trace, 4, (const double[]){0, 1.5, 2, 4, 6}, (const double[]){64e6, 0, 0, 32e6});
    assert_marks(trace, (const unsigned char[]){0, 0, ES_MARK_MISSING, 0});
    es_trace_destroy(trace);
    trace =
        load_content("1000 x 25\n3000 y 50\n2000 x 75\n",
                     reading(ES_LOAD, "csv",
                             "header=no, separator=blank, time=1, time_unit=ms, column=3, unit=%, "
                             "sort=yes, hold=backward"));
    assert_samples(trace, 2, (const double[]){0, 1, 2}, (const double[]){0.75, 0.5});
    es_trace_destroy(trace);
    trace = load_content(
        "a;v\nx;1\ny;2\nx;3",
        reading(ES_JOBS, "csv", "separator=semicolon, column=v, step=1min, where=a:x"));
    assert_samples(trace, 2, (const double[]){0, 60, 120}, (const double[]){1, 3});
    es_trace_destroy(trace);
    trace = load_content("at,n,limit\n2024-01-01T00:00:00Z,2,0.5\n2024-01-01 01:00:01.5+01:00,1,\n",
                         reading(ES_ARRIVALS, "csv", "time=at, batch=n, deadline=limit"));
    assert_int_equal(trace->times[1], 1500000000);
    assert_true(trace->values[0] == 2 && trace->deadlines_s[0] == 0.5);
    assert_true(isnan(trace->deadlines_s[1]));
    es_trace_destroy(trace);
}

/* Times that add up beyond what a trace can have are mistakes, not an overflow. */
static void test_longest(void **state) {
    (void)state;
    char many[100 * 48] = "[";
    for (size_t i = 0; i < 3; i++)
        strcat(many, "{\"duration_ms\": 4e12, \"bandwidth_kbps\": 1},\n");
    strcat(many, "{\"duration_ms\": 4e12, \"bandwidth_kbps\": 1}]\n");
    assert_mistakes(many, reading(ES_BANDWIDTH, NULL, NULL),
                    ":3: the trace gets longer than 4e+09 s", ":4: the trace gets longer");
    strcpy(many, "seq_num,throughput_mbps\n");
    for (size_t i = 0; i < 42; i++)
        strcat(many, "0,1\n100000000,1\n");
    assert_mistakes(many, reading(ES_BANDWIDTH, NULL, "run=all"), ":82: the trace gets longer than",
                    ":83: the trace", ":84: the trace", ":85: the trace");
    assert_mistakes("t,v\n0,1\n2199-01-01 00:00:00,1\n",
                    reading(ES_JOBS, "csv", "time=t, column=v"), ":3: the trace gets longer than");
}

static void test_csv_mistakes(void **state) {
    (void)state;
    const char *good = "time=when, column=rate, unit=Mbit/s";
    assert_mistakes("when,rate\n1,x\ny,2\n3\n4,-1\n3,1\n2300-01-01 00:00:00,1\n",
                    reading(ES_BANDWIDTH, "csv", good), ":2: value 'x'; expected a number",
                    ":3: time 'y'; expected a number from 0 on", ":4: 1 fields; expected 2",
                    ":5: a bandwidth of -1000000", ":6: time 3s after 4s", ":7: time '2300-01-01");
    assert_mistakes("when,rate\n1,2\n", reading(ES_BANDWIDTH, "csv", NULL),
                    "expected one of the options time (a column) and step",
                    "unit= of a bandwidth; expected a data rate with its unit",
                    "expected the option column");
    assert_mistakes("when,rate\n1,2\n",
                    reading(ES_LOAD, "csv",
                            "step=1, column=rat, unit=Mbit/s, "
                            "separator=dot, where=x, sort=maybe"),
                    "step=1; expected a time with its unit",
                    "unit=Mbit/s of a load; expected %, or 1 for a ratio",
                    "sort=maybe; expected no or yes", "separator=dot; expected comma or semicolon",
                    "no column 'rat' in the header; did you mean 'rate'?",
                    "where=x; expected COLUMN:TEXT");
    assert_mistakes("1,2\n", reading(ES_LOAD, "csv", "header=no, time=0, column=3, unit=1"),
                    "column '0'; without a header, expected a number, 1 .. 2", "column '3'");
    assert_mistakes("when,rate\n", reading(ES_BANDWIDTH, "csv", good),
                    ":1: the file ends here; expected at least two samples");
}

static void test_canonical_quantities(void **state) {
    (void)state;
    es_trace *trace =
        load_content("# quantity: arrivals\n# duration: 10s\ntime_s,batch,deadline_s\n"
                     "1,2,0.5\n1,1,\n4,1,2\n",
                     reading(ES_ANY_QUANTITY, NULL, NULL));
    assert_int_equal(trace->n, 3);
    assert_int_equal(trace->times[0], ES_SECOND);
    assert_int_equal(trace->times[3], 10 * ES_SECOND);
    assert_true(trace->values[0] == 2 && trace->deadlines_s[2] == 2);
    assert_true(isnan(trace->deadlines_s[1]));
    es_trace_destroy(trace);
    trace = load_content("# quantity: latency\n# unit: ms\ntime_s,value\n0,20\n1,30\n",
                         reading(ES_ANY_QUANTITY, NULL, NULL));
    assert_int_equal(trace->quantity, ES_LATENCY);
    assert_samples(trace, 2, (const double[]){0, 1, 2}, (const double[]){0.02, 0.03});
    es_trace_destroy(trace);
    trace = load_content("# quantity: jobs\n# unit: 1\ntime_s,value\n0,3\n1,0\n",
                         reading(ES_JOBS, NULL, NULL));
    es_rate *rate = rate_of(trace, 1, 0, ES_AT_END_LOOP);
    es_rate_cursor cursor = {0};
    assert_int_equal(es_rate_at(rate, &cursor, 0), ES_FULL_CAPACITY / 4);
    assert_int_equal(es_rate_at(rate, &cursor, ES_SECOND), ES_FULL_CAPACITY);
    es_rate_destroy(rate);
    es_trace_destroy(trace);
    assert_mistakes(
        "# quantity: arrivals\n# duration: 3s\ntime_s,batch,deadline_s\n1,0,1\n1,1\nx,y,0\n"
        "4,1,\n",
        reading(ES_ARRIVALS, NULL, NULL), ":4: arrivals of 0 at once; expected 1 .. ",
        ":5: '1,1'; expected 3 fields", ":6: time 'x'", ":6: batch 'y'",
        ":6: a deadline of 0 s; expected one above 0",
        ":7: a request at 4s; expected none behind the duration, 3s");
    assert_mistakes("# quantity: arrivals\ntime_s,value\n1,1\n", reading(ES_ARRIVALS, NULL, NULL),
                    ":2: 'time_s,value'; expected the header 'time_s,batch,deadline_s', or the");
}

/* Fails each allocation of each reader in turn. */
static void test_out_of_memory(void **state) {
    (void)state;
    static const struct {
        es_quantity quantity;
        const char *format, *settings, *content;
    } files[] = {
        {ES_BANDWIDTH, NULL, NULL, "0 1\n0 2\n1 3\n2 4\n3 5\n4 6\n5 7\n6 8\n7 9\n8 0\n9 1\n"},
        {ES_BANDWIDTH, "mahimahi", NULL, "1\n2\n3\n4\n5\n6\n7\n8\n9\n"},
        {ES_BANDWIDTH, NULL, NULL, "[{\"duration_ms\": 1, \"bandwidth_kbps\": 1}]"},
        {ES_BANDWIDTH, NULL, "direction=up", GNETTRACK "2020.02.29_23.59.58,0,1,1,I,1\n"},
        {ES_BANDWIDTH, NULL, "run=all", GOPHERS "TCP,A,1,0,8,\nTCP,A,1,3,0,\nTCP,B,2,1,4,\n"},
        {ES_LOAD, NULL, NULL, "PERIODICITY 5\n1 1\n2 0.25\n"},
        {ES_LOAD, NULL, NULL, BITBRAINS "1;\t1;\t50.0\n1001;\t1;\t10\n"},
        {ES_ARRIVALS, NULL, NULL,
         "# quantity: arrivals\ntime_s,batch,deadline_s\n4,1,\n1,2,0.5\n1,1,\n"},
        {ES_ARRIVALS, "jsonl", NULL, "{\"timestamp\": 2}\n{\"timestamp\": 1}\n"},
        {ES_BANDWIDTH, "csv", "time=a, column=b, unit=B/s, sort=yes", "a,b\n1,2\n3,\n2,1\n"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        es_trace_options options = reading(files[i].quantity, files[i].format, files[i].settings);
        bool struck = true;
        options.window = 0;
        write_file(files[i].content);
        for (size_t n = 1; struck; n++) {
            es_trace *trace = NULL;
            es_errors_init(&errors);
            fault_alloc_fail_at(n);
            es_status status = es_trace_load(path, &options, &trace, &errors);
            struck = fault_alloc_struck();
            fault_alloc_fail_at(0);
            assert_int_equal(status, struck ? ES_NO_MEMORY : ES_OK);
            assert_int_equal(errors.n, struck ? 1 : 0);
            assert_true(struck == (trace == NULL));
            assert_true(struck || n > 5);
            es_trace_destroy(trace);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cooked),        cmocka_unit_test(test_cooked_mistakes),
        cmocka_unit_test(test_text),          cmocka_unit_test(test_recognition),
        cmocka_unit_test(test_options),       cmocka_unit_test(test_mahimahi_exact),
        cmocka_unit_test(test_sabre),         cmocka_unit_test(test_sabre_mistakes),
        cmocka_unit_test(test_gnettrack),     cmocka_unit_test(test_gnettrack_mistakes),
        cmocka_unit_test(test_starlink),      cmocka_unit_test(test_5gophers),
        cmocka_unit_test(test_simgrid),       cmocka_unit_test(test_bitbrains),
        cmocka_unit_test(test_azure),         cmocka_unit_test(test_interarrival_and_jsonl),
        cmocka_unit_test(test_csv),           cmocka_unit_test(test_longest),
        cmocka_unit_test(test_csv_mistakes),  cmocka_unit_test(test_canonical_quantities),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
