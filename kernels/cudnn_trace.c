/* What nodes of graphs do on the GPU, recorded by CUPTI.
 *
 * CUPTI is one per process, and its callbacks get no argument and come from whatever thread it
 * likes: hence the one tracer in use, and its lock. */
#include "cudnn_parts.h"

#include "edgesplit/alloc.h"

#include <pthread.h>
#include <string.h>

enum { BUFFER_BYTES = 1 << 20, INSUFFICIENT_PRIVILEGES = 35 };

static const struct {
    uint32_t kind;
    size_t node_at;
} kinds[] = {{GPU_CUPTI_KERNEL, GPU_CUPTI_KERNEL_NODE_AT},
             {GPU_CUPTI_MEMSET, GPU_CUPTI_MEMSET_NODE_AT},
             {GPU_CUPTI_MEMCPY, GPU_CUPTI_MEMCPY_NODE_AT}};
enum { N_KINDS = sizeof kinds / sizeof kinds[0] };

typedef struct interval_list {
    gpu_interval *items;
    size_t n, capacity;
} interval_list;

struct gpu_tracer {
    const gpu_api *api;
    interval_list recorded, taken;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static gpu_tracer *in_use;
static bool registered;

/* ---- Callbacks */

static void request_buffer(uint8_t **buffer, size_t *bytes, size_t *most_records) {
    *buffer = es_alloc(BUFFER_BYTES, 1);
    *bytes = *buffer != NULL ? BUFFER_BYTES : 0;
    *most_records = 0; /* as many as fit */
}

/* A record for which there is no room is missed where the nodes are counted. */
static void add_record(interval_list *list, const char *record) {
    gpu_cupti_record head;
    uint64_t node = 0;
    memcpy(&head, record, sizeof head);
    for (size_t k = 0; k < N_KINDS; k++)
        if (kinds[k].kind == head.kind)
            memcpy(&node, record + kinds[k].node_at, sizeof node);
    if (node != 0 &&
        es_reserve(&list->items, &list->capacity, list->n + 1, sizeof *list->items) == ES_OK)
        list->items[list->n++] = (gpu_interval){(int64_t)head.start_ns, (int64_t)head.end_ns, node};
}

static void complete_buffer(CUcontext context, uint32_t stream, uint8_t *buffer, size_t bytes,
                            size_t valid_bytes) {
    (void)context;
    (void)stream;
    (void)bytes;
    pthread_mutex_lock(&lock);
    void *record = NULL;
    while (in_use != NULL && buffer != NULL && valid_bytes > 0 &&
           in_use->api->cuptiActivityGetNextRecord(buffer, valid_bytes, &record) ==
               GPU_CUPTI_SUCCESS)
        add_record(&in_use->recorded, record);
    pthread_mutex_unlock(&lock);
    free(buffer);
}

/* ---- Tracers */

static es_status check(const gpu_tracer *tracer, int result, const char *what, es_errors *errors) {
    const char *text = NULL;
    if (result == GPU_CUPTI_SUCCESS)
        return ES_OK;
    (void)tracer->api->cuptiGetResultString(result, &text);
    return es_errors_add(errors, ES_UNAVAILABLE, NULL, 0, "CUPTI refuses %s: %s%s", what,
                         text != NULL ? text : "no text",
                         result == INSUFFICIENT_PRIVILEGES
                             ? "; root may, or everybody where the driver was loaded with "
                               "NVreg_RestrictProfilingToAdminUsers=0"
                             : "");
}

es_status gpu_tracer_start(gpu_tracer *tracer, es_errors *errors) {
    for (size_t k = 0; k < N_KINDS; k++) {
        es_status status = check(tracer, tracer->api->cuptiActivityEnable((int)kinds[k].kind),
                                 "to record what runs on the GPU", errors);
        if (status != ES_OK) {
            gpu_tracer_stop(tracer);
            return status;
        }
    }
    return ES_OK;
}

void gpu_tracer_stop(gpu_tracer *tracer) {
    for (size_t k = 0; k < N_KINDS; k++)
        (void)tracer->api->cuptiActivityDisable((int)kinds[k].kind);
}

es_status gpu_tracer_create(gpu_api *api, gpu_tracer **tracer, es_errors *errors) {
    es_status status = gpu_load(api, GPU_CUPTI, errors);
    if (status != ES_OK)
        return status;
    gpu_tracer *made = es_alloc(1, sizeof *made);
    if (made == NULL)
        return es_errors_no_memory(errors, NULL);
    made->api = api;
    pthread_mutex_lock(&lock);
    bool is_free = in_use == NULL;
    if (is_free)
        in_use = made;
    pthread_mutex_unlock(&lock);
    if (!is_free) {
        free(made);
        return es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                             "CUPTI records another device of this process");
    }
    if (!registered)
        status = check(made, api->cuptiActivityRegisterCallbacks(request_buffer, complete_buffer),
                       "to deliver records", errors);
    registered = registered || status == ES_OK;
    if (status == ES_OK)
        status = gpu_tracer_start(made, errors);
    if (status == ES_OK) {
        gpu_tracer_stop(made);
        *tracer = made;
        made = NULL;
    }
    gpu_tracer_destroy(made);
    return status;
}

void gpu_tracer_destroy(gpu_tracer *tracer) {
    if (tracer == NULL)
        return;
    (void)tracer->api->cuptiActivityFlushAll(GPU_CUPTI_FLUSH_FORCED);
    pthread_mutex_lock(&lock);
    in_use = NULL;
    pthread_mutex_unlock(&lock);
    free(tracer->recorded.items);
    free(tracer->taken.items);
    free(tracer);
}

es_status gpu_tracer_take(gpu_tracer *tracer, size_t n_expected, gpu_interval **intervals,
                          size_t *n, es_errors *errors) {
    static const uint32_t flushes[] = {0, GPU_CUPTI_FLUSH_FORCED};
    es_status status = ES_OK;
    *n = 0;
    pthread_mutex_lock(&lock);
    tracer->taken.n = 0;
    for (size_t i = 0; status == ES_OK && i < 2 && tracer->recorded.n < n_expected; i++) {
        pthread_mutex_unlock(&lock);
        status = check(tracer, tracer->api->cuptiActivityFlushAll(flushes[i]),
                       "to deliver what it has recorded", errors);
        pthread_mutex_lock(&lock);
    }
    interval_list recorded = tracer->recorded;
    tracer->recorded = tracer->taken;
    tracer->taken = recorded;
    pthread_mutex_unlock(&lock);
    *intervals = recorded.items;
    *n = recorded.n;
    return status;
}
