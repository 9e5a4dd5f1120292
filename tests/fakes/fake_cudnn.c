/* Stands in for cuDNN: every descriptor is taken, each graph has two plans (engines 1 and 2; 2 is
 * the faster one), and executing one is one kernel of the fake driver; while a graph of CUDA is
 * captured, in which each is executed once, it is computed if FAKE_VALUES is set. FAKE_CUDNN names
 * a fault: "version" (8.9.7), "no-plan" (no graph has any), "fails" (plans cannot be executed), or
 * "fuses-N": graphs with a product have plans only up to N operations. */
#include "fake_cudnn.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int the_handle;

static bool has_fault(const char *fault) {
    const char *set = getenv("FAKE_CUDNN");
    return set != NULL && strcmp(set, fault) == 0;
}

size_t CUDNNWINAPI cudnnGetVersion(void) {
    return has_fault("version") ? 8907 : CUDNN_VERSION;
}

const char *CUDNNWINAPI cudnnGetErrorString(cudnnStatus_t status) {
    return status == CUDNN_STATUS_SUCCESS ? "success" : "a fake failure";
}

void CUDNNWINAPI cudnnGetLastErrorString(char *text, size_t size) {
    snprintf(text, size, "the fake says so");
}

cudnnStatus_t CUDNNWINAPI cudnnCreate(cudnnHandle_t *handle) {
    *handle = (cudnnHandle_t)&the_handle;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t CUDNNWINAPI cudnnDestroy(cudnnHandle_t handle) {
    (void)handle;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t CUDNNWINAPI cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
    (void)handle;
    return stream != NULL ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

cudnnStatus_t CUDNNWINAPI cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type,
                                                       cudnnBackendDescriptor_t *made) {
    descriptor *d = calloc(1, sizeof *d);
    if (d == NULL)
        return CUDNN_STATUS_ALLOC_FAILED;
    d->type = type;
    *made = d;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t CUDNNWINAPI cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t made) {
    free(made);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t CUDNNWINAPI cudnnBackendFinalize(cudnnBackendDescriptor_t made) {
    (void)made;
    return CUDNN_STATUS_SUCCESS;
}

const void *attribute(const descriptor *d, cudnnBackendAttributeName_t name, int64_t *n) {
    for (int i = 0; i < d->n; i++)
        if (d->attributes[i].name == name) {
            *n = d->attributes[i].n;
            return d->attributes[i].bytes;
        }
    *n = 0;
    return NULL;
}

descriptor *part(const descriptor *d, cudnnBackendAttributeName_t name) {
    int64_t n;
    descriptor *const *value = attribute(d, name, &n);
    return value != NULL ? *value : NULL;
}

static size_t size_of(cudnnBackendAttributeType_t type) {
    switch ((int)type) {
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR:
    case CUDNN_TYPE_INT64: return 8;
    case CUDNN_TYPE_FRACTION: return sizeof(cudnnFraction_t);
    case CUDNN_TYPE_BOOLEAN:
    case CUDNN_TYPE_CHAR: return 1;
    default: return 4;
    }
}

cudnnStatus_t CUDNNWINAPI cudnnBackendSetAttribute(cudnnBackendDescriptor_t made,
                                                   cudnnBackendAttributeName_t name,
                                                   cudnnBackendAttributeType_t type, int64_t n,
                                                   const void *values) {
    descriptor *d = made;
    size_t bytes = (size_t)n * size_of(type);
    if (n < 1 || values == NULL || bytes > MOST_BYTES || d->n == MOST_ATTRIBUTES)
        return CUDNN_STATUS_BAD_PARAM;
    if (name == CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG) {
        d->engine = (*(descriptor *const *)values)->engine;
        d->graph = (*(descriptor *const *)values)->graph;
    }
    d->attributes[d->n].name = name;
    d->attributes[d->n].n = n;
    memcpy(d->attributes[d->n++].bytes, values, bytes);
    return CUDNN_STATUS_SUCCESS;
}

/* Whether a graph has plans. */
static bool has_plans(const descriptor *graph) {
    int64_t n;
    int most = 99;
    const char *set = getenv("FAKE_CUDNN");
    descriptor *const *operations = attribute(graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, &n);
    if (set != NULL)
        (void)sscanf(set, "fuses-%d", &most);
    return !has_fault("no-plan") &&
           (operations[0]->type == CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR || n <= most);
}

cudnnStatus_t CUDNNWINAPI cudnnBackendGetAttribute(const cudnnBackendDescriptor_t made,
                                                   cudnnBackendAttributeName_t name,
                                                   cudnnBackendAttributeType_t type, int64_t most,
                                                   int64_t *n, void *values) {
    const descriptor *d = made;
    descriptor *graph = part(d, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
    (void)type;
    *n = 0;
    if (name == CUDNN_ATTR_ENGINEHEUR_RESULTS) {
        for (; *n < 2 && *n < most && has_plans(graph); (*n)++) {
            descriptor *config = ((descriptor **)values)[*n];
            config->engine = (int)*n + 1;
            config->graph = graph;
        }
    } else if (name == CUDNN_ATTR_ENGINECFG_ENGINE) {
        (*(descriptor **)values)->engine = d->engine;
    } else if (name == CUDNN_ATTR_ENGINE_GLOBAL_INDEX) {
        *(int64_t *)values = d->engine;
    } else if (name == CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE) {
        *(int64_t *)values = 4096 * d->engine;
    }
    return CUDNN_STATUS_SUCCESS;
}

/* Engine 1 takes 20 us, engine 2 10. */
cudnnStatus_t CUDNNWINAPI cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                                              cudnnBackendDescriptor_t pack) {
    (void)handle;
    const descriptor *d = plan;
    void *driver = dlopen(getenv("EDGESPLIT_CUDA"), RTLD_NOW | RTLD_NOLOAD), *symbol = NULL;
    bool (*run)(double us);
    if (driver == NULL || has_fault("fails"))
        return CUDNN_STATUS_EXECUTION_FAILED;
    symbol = dlsym(driver, "fake_cuda_run_kernel");
    memcpy(&run, &symbol, sizeof run);
    bool captured = run(d->engine == 1 ? 20 : 10);
    dlclose(driver);
    if (captured && getenv("FAKE_VALUES") != NULL && !compute(d->graph, pack))
        return CUDNN_STATUS_NOT_SUPPORTED;
    return CUDNN_STATUS_SUCCESS;
}
