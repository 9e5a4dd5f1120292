/* Stands in for libcudnn.so.9: every descriptor is taken, each graph has two plans (engines 1 and
 * 2; 2 is the faster one), and executing one is one kernel of the fake driver. FAKE_CUDNN names a
 * fault: "version" (8.9.7), "no-plan" (no graph has any), "fails" (plans are made but cannot be
 * executed). Descriptors that are left are told at the end by fake_cudnn_n_descriptors. */
#include <cudnn_graph.h>
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct descriptor {
    cudnnBackendDescriptorType_t type;
    int engine;
} descriptor;

static long n_descriptors;
long fake_cudnn_n_descriptors(void);
long fake_cudnn_n_descriptors(void) {
    return n_descriptors;
}

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
    *handle = (cudnnHandle_t)&n_descriptors;
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
    n_descriptors++;
    *made = d;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t CUDNNWINAPI cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t made) {
    n_descriptors--;
    free(made);
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t CUDNNWINAPI cudnnBackendFinalize(cudnnBackendDescriptor_t made) {
    (void)made;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t CUDNNWINAPI cudnnBackendSetAttribute(cudnnBackendDescriptor_t made,
                                                   cudnnBackendAttributeName_t name,
                                                   cudnnBackendAttributeType_t type, int64_t n,
                                                   const void *values) {
    (void)type;
    if (n < 1 || values == NULL)
        return CUDNN_STATUS_BAD_PARAM;
    if (name == CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG)
        ((descriptor *)made)->engine = (*(descriptor *const *)values)->engine;
    return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t CUDNNWINAPI cudnnBackendGetAttribute(const cudnnBackendDescriptor_t made,
                                                   cudnnBackendAttributeName_t name,
                                                   cudnnBackendAttributeType_t type, int64_t most,
                                                   int64_t *n, void *values) {
    (void)type;
    *n = 0;
    if (name == CUDNN_ATTR_ENGINEHEUR_RESULTS) {
        for (; *n < 2 && *n < most && !has_fault("no-plan"); (*n)++)
            (*(descriptor **)((char *)values + (size_t)*n * sizeof(descriptor *)))->engine =
                (int)*n + 1;
    } else if (name == CUDNN_ATTR_ENGINECFG_ENGINE) {
        (*(descriptor **)values)->engine = ((const descriptor *)made)->engine;
    } else if (name == CUDNN_ATTR_ENGINE_GLOBAL_INDEX) {
        *(int64_t *)values = ((const descriptor *)made)->engine;
    } else if (name == CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE) {
        *(int64_t *)values = 4096 * ((const descriptor *)made)->engine;
    }
    return CUDNN_STATUS_SUCCESS;
}

/* Engine 1 takes 20 us, engine 2 10. */
cudnnStatus_t CUDNNWINAPI cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                                              cudnnBackendDescriptor_t pack) {
    (void)handle;
    (void)pack;
    void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_NOLOAD), *symbol = NULL;
    void (*run)(double us);
    if (driver == NULL || has_fault("fails"))
        return CUDNN_STATUS_EXECUTION_FAILED;
    symbol = dlsym(driver, "fake_cuda_run_kernel");
    memcpy(&run, &symbol, sizeof run);
    run(((const descriptor *)plan)->engine == 1 ? 20 : 10);
    dlclose(driver);
    return CUDNN_STATUS_SUCCESS;
}
