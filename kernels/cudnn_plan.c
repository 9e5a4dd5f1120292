/* Plans: how cuDNN would run a graph. */
#include "cudnn_parts.h"

/* ---- Candidates */

enum { MAX_NOTES = 16, MAX_KNOBS = 8 };

/* Whether an engine computes as the precision says: fp32 is not rounded to TF32 before it is
 * multiplied, nor transformed (Winograd); partial sums are never kept in fp16. Engines for
 * functions of each element carry the same notes, but multiply nothing. */
static bool is_allowed(const es_network *network, const gpu_step *step,
                       cudnnBackendDescriptor_t engine) {
    const gpu_api *api = &network->device->api;
    bool exact = network->device->setting.precision == GPU_FP32 && step->multiplies;
    cudnnBackendNumericalNote_t notes[MAX_NOTES];
    int64_t n = 0;
    if (api->cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                      CUDNN_TYPE_NUMERICAL_NOTE, MAX_NOTES, &n,
                                      notes) != CUDNN_STATUS_SUCCESS)
        return false;
    for (int64_t i = 0; i < n && i < MAX_NOTES; i++) {
        bool rounds = notes[i] == CUDNN_NUMERICAL_NOTE_TENSOR_CORE ||
                      notes[i] == CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS ||
                      notes[i] == CUDNN_NUMERICAL_NOTE_FFT ||
                      notes[i] == CUDNN_NUMERICAL_NOTE_WINOGRAD;
        if (notes[i] == CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION || (exact && rounds))
            return false;
    }
    return true;
}

static bool is_compiled(const gpu_api *api, cudnnBackendDescriptor_t engine) {
    cudnnBackendBehaviorNote_t notes[MAX_NOTES];
    int64_t n = 0;
    (void)api->cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE,
                                        CUDNN_TYPE_BEHAVIOR_NOTE, MAX_NOTES, &n, notes);
    for (int64_t i = 0; i < n && i < MAX_NOTES; i++)
        if (notes[i] == CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION)
            return true;
    return false;
}

/* Writes the choices of a configuration as "knob=value ...". */
static void describe_knobs(const gpu_api *api, gpu_candidate *candidate) {
    cudnnBackendDescriptor_t knobs[MAX_KNOBS] = {NULL};
    int64_t n = 0, n_made = 0, ignored;
    size_t length = 0;
    while (n_made < MAX_KNOBS &&
           api->cudnnBackendCreateDescriptor(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR,
                                             &knobs[n_made]) == CUDNN_STATUS_SUCCESS)
        n_made++;
    (void)api->cudnnBackendGetAttribute(candidate->config, CUDNN_ATTR_ENGINECFG_KNOB_CHOICES,
                                        CUDNN_TYPE_BACKEND_DESCRIPTOR, n_made, &n, knobs);
    for (int64_t i = 0; i < n && i < n_made && length < sizeof candidate->knobs; i++) {
        cudnnBackendKnobType_t type;
        int64_t value;
        if (api->cudnnBackendGetAttribute(knobs[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE,
                                          CUDNN_TYPE_KNOB_TYPE, 1, &ignored,
                                          &type) == CUDNN_STATUS_SUCCESS &&
            api->cudnnBackendGetAttribute(knobs[i], CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE,
                                          CUDNN_TYPE_INT64, 1, &ignored,
                                          &value) == CUDNN_STATUS_SUCCESS)
            length +=
                (size_t)snprintf(candidate->knobs + length, sizeof candidate->knobs - length,
                                 "%s%d=%lld", length > 0 ? " " : "", (int)type, (long long)value);
    }
    for (int64_t i = 0; i < n_made; i++)
        (void)api->cudnnBackendDestroyDescriptor(knobs[i]);
}

/* Keeps a configuration, or destroys it. */
static bool take(const es_network *network, const gpu_step *step, cudnnBackendDescriptor_t config,
                 gpu_candidate *candidate) {
    const gpu_api *api = &network->device->api;
    cudnnBackendDescriptor_t engine = NULL;
    int64_t n;
    *candidate = (gpu_candidate){.config = config, .engine = -1};
    bool taken =
        api->cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINE_DESCRIPTOR, &engine) ==
            CUDNN_STATUS_SUCCESS &&
        api->cudnnBackendGetAttribute(config, CUDNN_ATTR_ENGINECFG_ENGINE,
                                      CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &n,
                                      &engine) == CUDNN_STATUS_SUCCESS &&
        api->cudnnBackendGetAttribute(engine, CUDNN_ATTR_ENGINE_GLOBAL_INDEX, CUDNN_TYPE_INT64, 1,
                                      &n, &candidate->engine) == CUDNN_STATUS_SUCCESS &&
        is_allowed(network, step, engine);
    if (taken) {
        candidate->compiled = is_compiled(api, engine);
        describe_knobs(api, candidate);
    } else {
        (void)api->cudnnBackendDestroyDescriptor(config);
    }
    if (engine != NULL)
        (void)api->cudnnBackendDestroyDescriptor(engine);
    return taken;
}

/* Asks one of cuDNN's heuristics for at most `most` more candidates. */
static size_t ask(const es_network *network, const gpu_step *step, cudnnBackendHeurMode_t mode,
                  size_t most, gpu_candidate *candidates) {
    const es_device *device = network->device;
    const gpu_api *api = &device->api;
    /* More than are wanted, because some are not allowed. */
    enum { ASKED = 48 };
    cudnnBackendDescriptor_t heuristic = NULL, configs[ASKED] = {NULL};
    int64_t n = 0, n_made = 0;
    size_t n_taken = 0;
    cudnnStatus_t result =
        api->cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, &heuristic);
    if (result == CUDNN_STATUS_SUCCESS)
        result = api->cudnnBackendSetAttribute(heuristic, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH,
                                               CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &step->graph);
    if (result == CUDNN_STATUS_SUCCESS)
        result = api->cudnnBackendSetAttribute(heuristic, CUDNN_ATTR_ENGINEHEUR_MODE,
                                               CUDNN_TYPE_HEUR_MODE, 1, &mode);
    if (result == CUDNN_STATUS_SUCCESS && device->properties != NULL)
        result =
            api->cudnnBackendSetAttribute(heuristic, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP,
                                          CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &device->properties);
    if (result == CUDNN_STATUS_SUCCESS)
        result = api->cudnnBackendFinalize(heuristic);
    while (result == CUDNN_STATUS_SUCCESS && n_made < ASKED &&
           api->cudnnBackendCreateDescriptor(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR,
                                             &configs[n_made]) == CUDNN_STATUS_SUCCESS)
        n_made++;
    if (result == CUDNN_STATUS_SUCCESS)
        result = api->cudnnBackendGetAttribute(heuristic, CUDNN_ATTR_ENGINEHEUR_RESULTS,
                                               CUDNN_TYPE_BACKEND_DESCRIPTOR, n_made, &n, configs);
    for (int64_t i = 0; i < n_made; i++) {
        bool wanted = result == CUDNN_STATUS_SUCCESS && i < n && n_taken < most;
        if (!wanted)
            (void)api->cudnnBackendDestroyDescriptor(configs[i]);
        else if (take(network, step, configs[i], &candidates[n_taken]))
            n_taken++;
    }
    if (heuristic != NULL)
        (void)api->cudnnBackendDestroyDescriptor(heuristic);
    return n_taken;
}

size_t gpu_list_candidates(const es_network *network, const gpu_step *step,
                           gpu_candidate *candidates) {
    size_t most = (size_t)network->device->setting.candidates;
    size_t n = ask(network, step, CUDNN_HEUR_MODE_A, most, candidates);
    size_t left = GPU_MAX_CANDIDATES - n, n_fallback = n == 0 ? most : most / 4;
    return n + ask(network, step, CUDNN_HEUR_MODE_FALLBACK, n_fallback < left ? n_fallback : left,
                   candidates + n);
}

void gpu_drop_candidates(const es_network *network, size_t n, gpu_candidate *candidates) {
    for (size_t i = 0; i < n; i++)
        (void)network->device->api.cudnnBackendDestroyDescriptor(candidates[i].config);
}

/* ---- Plans */

cudnnStatus_t gpu_create_plan(const es_network *network, const gpu_candidate *candidate,
                              cudnnBackendDescriptor_t *plan, int64_t *workspace_bytes) {
    const es_device *device = network->device;
    const gpu_api *api = &device->api;
    cudnnBackendDescriptor_t made = NULL;
    int64_t n;
    cudnnStatus_t result =
        api->cudnnBackendCreateDescriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, &made);
    if (result == CUDNN_STATUS_SUCCESS)
        result =
            api->cudnnBackendSetAttribute(made, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG,
                                          CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &candidate->config);
    if (result == CUDNN_STATUS_SUCCESS && device->handle != NULL)
        result = api->cudnnBackendSetAttribute(made, CUDNN_ATTR_EXECUTION_PLAN_HANDLE,
                                               CUDNN_TYPE_HANDLE, 1, &device->handle);
    else if (result == CUDNN_STATUS_SUCCESS)
        result =
            api->cudnnBackendSetAttribute(made, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP,
                                          CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &device->properties);
    if (result == CUDNN_STATUS_SUCCESS)
        result = api->cudnnBackendFinalize(made);
    if (result == CUDNN_STATUS_SUCCESS)
        result = api->cudnnBackendGetAttribute(made, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE,
                                               CUDNN_TYPE_INT64, 1, &n, workspace_bytes);
    if (result != CUDNN_STATUS_SUCCESS && made != NULL) {
        (void)api->cudnnBackendDestroyDescriptor(made);
        made = NULL;
    }
    *plan = made;
    return result;
}

cudnnStatus_t gpu_create_pack(const es_network *network, const gpu_step *step,
                              cudnnBackendDescriptor_t *pack) {
    const gpu_api *api = &network->device->api;
    cudnnBackendDescriptor_t made = NULL;
    uintptr_t addresses[GPU_MAX_OPERANDS], workspace = (uintptr_t)network->workspace;
    for (size_t i = 0; i < step->n_operands; i++)
        addresses[i] = (uintptr_t)network->buffers[step->operands[i]].address;
    int64_t n = (int64_t)step->n_operands;
    cudnnStatus_t result =
        api->cudnnBackendCreateDescriptor(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, &made);
    if (result == CUDNN_STATUS_SUCCESS)
        result = api->cudnnBackendSetAttribute(made, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS,
                                               CUDNN_TYPE_INT64, n, step->ids);
    if (result == CUDNN_STATUS_SUCCESS)
        result = api->cudnnBackendSetAttribute(made, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS,
                                               CUDNN_TYPE_VOID_PTR, n, addresses);
    if (result == CUDNN_STATUS_SUCCESS)
        result = api->cudnnBackendSetAttribute(made, CUDNN_ATTR_VARIANT_PACK_WORKSPACE,
                                               CUDNN_TYPE_VOID_PTR, 1, &workspace);
    if (result == CUDNN_STATUS_SUCCESS)
        result = api->cudnnBackendFinalize(made);
    if (result != CUDNN_STATUS_SUCCESS && made != NULL) {
        (void)api->cudnnBackendDestroyDescriptor(made);
        made = NULL;
    }
    *pack = made;
    return result;
}
