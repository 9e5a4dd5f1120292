/* Traces that generators make, read back, and the moments of their values. */
#ifndef TESTS_SUPPORT_GENERATED_H
#define TESTS_SUPPORT_GENERATED_H

#include "edgesplit/generate.h"
#include "edgesplit/trace.h"
#include "one_file.h"

#include <math.h>
#include <string.h>

/* The seeds are fixed, so a failure is a change of code, not chance. A bound is z = 3.3 standard
 * errors of the statistic under the stated process, the two-sided 0.1 % point of the normal. */
static const double z = 3.3;

static es_errors errors;

enum { MAX_SETTINGS = 24 };

/* "--seed 1 --mean 2Mbit/s", as in the header of a trace; cut up in place. */
static inline size_t parse_settings(char *words, es_generator_setting settings[MAX_SETTINGS]) {
    size_t n = 0;
    for (char *name = strtok(words, " "); name != NULL; name = strtok(NULL, " ")) {
        assert_true(n < MAX_SETTINGS);
        settings[n++] = (es_generator_setting){name + 2, strtok(NULL, " ")};
    }
    return n;
}

static inline es_status generate(const char *name, const char *words, es_text *csv) {
    char copy[4096];
    es_generator_setting settings[MAX_SETTINGS];
    snprintf(copy, sizeof copy, "%s", words);
    size_t n = parse_settings(copy, settings);
    es_errors_init(&errors);
    return es_generate(name, n, settings, csv, &errors);
}

/* Creates the text of a trace. */
static inline char *make_text(const char *name, const char *words) {
    es_text csv = {0};
    es_status status = generate(name, words, &csv);
    if (status != ES_OK)
        es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    assert_int_equal(errors.n, 0);
    return csv.data;
}

/* Creates the trace that the reader of canonical files makes of it. */
static inline es_trace *make_trace(const char *name, const char *words, es_quantity quantity) {
    char *text = make_text(name, words);
    es_trace_options options = {.quantity = quantity, .window = ES_SECOND};
    es_trace *trace = NULL;
    assert_int_equal(es_file_write(path, text, strlen(text), true, &errors), ES_OK);
    es_status status = es_trace_load(path, &options, &trace, &errors);
    if (status != ES_OK)
        es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    free(text);
    return trace;
}

static inline double mean_of(const double *values, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += values[i];
    return sum / (double)n;
}

/* The covariance of values `lag` samples apart about a known mean. */
static inline double covariance(const double *values, size_t n, size_t lag, double mean) {
    double sum = 0;
    for (size_t i = 0; i + lag < n; i++)
        sum += (values[i] - mean) * (values[i + lag] - mean);
    return sum / (double)(n - lag);
}

static inline void assert_near(double value, double expected, double bound) {
    if (!(fabs(value - expected) <= bound))
        fail_msg("%.9g is not %.9g +- %.3g", value, expected, bound);
}

#endif
