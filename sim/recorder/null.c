/* A sink that keeps nothing: for benchmarks and for runs of which only the summary is wanted. */
#include "edgesplit/recorder.h"

static es_status open_null(const es_run_record *record, const char *path, bool replace, void **sink,
                           es_errors *errors) {
    (void)record;
    (void)path;
    (void)replace;
    (void)errors;
    *sink = NULL;
    return ES_OK;
}

static es_status steps(void *sink, size_t replication, size_t policy, uint64_t first,
                       es_block **block, es_errors *errors) {
    (void)sink;
    (void)replication;
    (void)policy;
    (void)first;
    (void)block;
    (void)errors;
    return ES_OK;
}

static es_status series(void *sink, size_t replication, size_t policy, uint64_t first,
                        const es_series *samples, es_errors *errors) {
    (void)sink;
    (void)replication;
    (void)policy;
    (void)first;
    (void)samples;
    (void)errors;
    return ES_OK;
}

static es_status publish(void *sink, const es_summary *summary, es_errors *errors) {
    (void)sink;
    (void)summary;
    (void)errors;
    return ES_OK;
}

static void close_null(void *sink) {
    (void)sink;
}

extern const es_sink_ops es_sink_null;
const es_sink_ops es_sink_null = {
    .name = "null",
    .summary = "keeps nothing",
    .any_order = true,
    .open = open_null,
    .steps = steps,
    .series = series,
    .publish = publish,
    .close = close_null,
};
