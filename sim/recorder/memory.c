/* A sink for runs of which only the summary is wanted, quantiles and gains included. */
#include "edgesplit/alloc.h"
#include "edgesplit/sinks.h"

#include <string.h>

typedef struct latencies {
    double *values;
    size_t n, capacity;
} latencies;

typedef struct memory_sink {
    size_t n_policies, n_latencies;
    latencies latencies[]; /* [replication][policy] */
} memory_sink;

static latencies *latencies_of(memory_sink *sink, size_t replication, size_t policy) {
    return &sink->latencies[replication * sink->n_policies + policy];
}

static es_status open_memory(const es_run_record *record, const char *path, bool replace,
                             void **sink, es_errors *errors) {
    (void)path;
    (void)replace;
    size_t n = record->n_replications * record->n_policies;
    memory_sink *made = es_alloc(1, sizeof *made + n * sizeof(latencies));
    if (made == NULL)
        return es_errors_no_memory(errors, NULL);
    made->n_policies = record->n_policies;
    made->n_latencies = n;
    *sink = made;
    return ES_OK;
}

static es_status keep_steps(void *context, size_t replication, size_t policy, uint64_t first,
                            es_block **block, es_errors *errors) {
    size_t n = (*block)->n;
    latencies *kept = latencies_of(context, replication, policy);
    if (es_reserve(&kept->values, &kept->capacity, (size_t)first + n, sizeof *kept->values) !=
        ES_OK)
        return es_errors_no_memory(errors, NULL);
    memcpy(kept->values + first, (*block)->latency, n * sizeof *kept->values);
    return ES_OK;
}

static es_status drop_series(void *sink, size_t replication, size_t policy, uint64_t first,
                             const es_series *series, es_errors *errors) {
    (void)sink;
    (void)replication;
    (void)policy;
    (void)first;
    (void)series;
    (void)errors;
    return ES_OK;
}

static es_status read_latencies(void *context, es_column column, size_t replication, size_t policy,
                                uint64_t first, size_t n, double *values, es_errors *errors) {
    ES_REQUIRE(column == ES_COLUMN_latency);
    (void)errors;
    memcpy(values, latencies_of(context, replication, policy)->values + first, n * sizeof *values);
    return ES_OK;
}

static es_status publish_nothing(void *sink, const es_summary *summary, es_errors *errors) {
    (void)sink;
    (void)summary;
    (void)errors;
    return ES_OK;
}

static void close_memory(void *context) {
    memory_sink *sink = context;
    for (size_t i = 0; sink != NULL && i < sink->n_latencies; i++)
        free(sink->latencies[i].values);
    free(sink);
}

const es_sink_ops es_sink_memory = {
    .name = "memory",
    .summary = "keeps latencies until the summary is made",
    .any_order = true,
    .open = open_memory,
    .steps = keep_steps,
    .series = drop_series,
    .read = read_latencies,
    .publish = publish_nothing,
    .close = close_memory,
};
