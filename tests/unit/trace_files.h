/* Traces written by a test: read, or refused with these messages. */
#ifndef TESTS_UNIT_TRACE_FILES_H
#define TESTS_UNIT_TRACE_FILES_H

#include "edgesplit/trace.h"
#include "test.h"

#include "one_file.h"

#include <math.h>
#include <string.h>
#include <zlib.h>

static es_errors errors;

static inline void write_bytes(const void *bytes, size_t length) {
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, length, stream), length);
    assert_int_equal(fclose(stream), 0);
}

/* Packs a text as gzip does. Creates the result. */
static inline unsigned char *pack(const char *content, size_t *length) {
    z_stream stream = {0};
    size_t n = strlen(content), room = n + 1000;
    unsigned char *packed = malloc(room);
    assert_non_null(packed);
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    char *copy = strdup(content);
    assert_non_null(copy);
    stream.next_in = (unsigned char *)copy;
    stream.avail_in = (unsigned)n;
    stream.next_out = packed;
    stream.avail_out = (unsigned)room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    *length = room - stream.avail_out;
    deflateEnd(&stream);
    free(copy);
    return packed;
}

static inline void write_file(const char *content) {
    write_bytes(content, strlen(content));
}

static inline es_trace *load_content(const char *content, es_trace_options options) {
    es_trace *trace = NULL;
    write_file(content);
    es_errors_init(&errors);
    es_status status = es_trace_load(path, &options, &trace, &errors);
    if (status != ES_OK)
        es_errors_print(&errors, stderr);
    assert_int_equal(status, ES_OK);
    assert_int_equal(errors.n, 0);
    return trace;
}

/* The content is refused with these messages, in this order, each a part of a record that begins
 * with the path. */
static inline void assert_refused(const char *content, es_trace_options options, size_t n,
                                  const char *const *messages) {
    es_trace *trace = NULL;
    write_file(content);
    es_errors_init(&errors);
    assert_int_equal(es_trace_load(path, &options, &trace, &errors), ES_INVALID);
    assert_null(trace);
    for (size_t i = 0; i < n && i < errors.n; i++) {
        assert_int_equal(errors.records[i].status, ES_INVALID);
        assert_memory_equal(errors.records[i].text, path, strlen(path));
        if (strstr(errors.records[i].text, messages[i]) == NULL)
            fail_msg("'%s' is not in '%s'", messages[i], errors.records[i].text);
    }
    if (errors.n != n)
        es_errors_print(&errors, stderr);
    assert_int_equal(errors.n, n);
}

static inline void assert_refused_with(const char *content, es_trace_options options,
                                       const char *message) {
    assert_refused(content, options, 1, &message);
}

static inline void assert_samples(const es_trace *trace, size_t n, const double *times_s,
                                  const double *values) {
    assert_int_equal(trace->n, n);
    for (size_t i = 0; i <= n; i++)
        assert_int_equal(trace->times[i], llround(times_s[i] * 1e9));
    for (size_t i = 0; i < n; i++)
        assert_true(fabs(trace->values[i] - values[i]) <= 1e-12 * values[i]);
}

static inline es_trace_options reading(es_quantity quantity, const char *format,
                                       const char *settings) {
    return (es_trace_options){
        .quantity = quantity, .format = format, .window = ES_SECOND, .settings = settings};
}

static inline es_rate *rate_of(const es_trace *trace, double scale, es_time offset,
                               es_at_end at_end) {
    es_rate *rate = NULL;
    es_trace_transform transform = {.scale = scale, .offset = offset, .at_end = at_end};
    es_errors_init(&errors);
    assert_int_equal(es_trace_rate(trace, &transform, &rate, &errors), ES_OK);
    assert_int_equal(errors.n, 0);
    return rate;
}

#endif
