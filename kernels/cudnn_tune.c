/* Choosing plans by trying them out, on the device and in the slice that is measured. */
#include "cudnn_parts.h"

#include "edgesplit/alloc.h"

#include <math.h>
#include <string.h>

/* Executions behind one time, and how many times are taken: the least one counts. */
enum { EXECUTIONS = 10, TRIES = 3 };

/* Workspaces above this are not worth their memory. */
static const int64_t most_workspace_bytes = INT64_C(1) << 30;

/* Time of one execution of the step's plan among others of its kind; infinite if it fails. */
static double time_ns(const es_network *network, const gpu_step *step) {
    const es_device *device = network->device;
    const gpu_api *api = &device->api;
    double least_ms = HUGE_VAL;
    /* The first execution loads what is loaded lazily. */
    if (api->cudnnBackendExecute(device->handle, step->plan, step->pack) != CUDNN_STATUS_SUCCESS ||
        api->cuStreamSynchronize(device->stream) != CUDA_SUCCESS)
        return HUGE_VAL;
    for (int t = 0; t < TRIES; t++) {
        float ms = 0;
        bool right = gpu_queue_probe(device) == CUDA_SUCCESS &&
                     api->cuEventRecord(device->before, device->stream) == CUDA_SUCCESS;
        for (int i = 0; right && i < EXECUTIONS; i++)
            right = api->cudnnBackendExecute(device->handle, step->plan, step->pack) ==
                    CUDNN_STATUS_SUCCESS;
        right = right && api->cuEventRecord(device->after, device->stream) == CUDA_SUCCESS &&
                api->cuStreamSynchronize(device->stream) == CUDA_SUCCESS &&
                api->cuEventElapsedTime(&ms, device->before, device->after) == CUDA_SUCCESS;
        if (!right)
            return HUGE_VAL;
        least_ms = fmin(least_ms, (double)ms);
    }
    return least_ms * 1e6 / EXECUTIONS;
}

static void drop(const es_network *network, cudnnBackendDescriptor_t *descriptor) {
    if (*descriptor != NULL)
        (void)network->device->api.cudnnBackendDestroyDescriptor(*descriptor);
    *descriptor = NULL;
}

/* Tries a candidate; the step keeps its plan if it is faster than the one it has. */
static bool try_candidate(es_network *network, gpu_step *step, const gpu_candidate *candidate,
                          bool timed, es_errors *errors) {
    gpu_step tried = *step;
    int64_t workspace_bytes = 0;
    tried.plan = tried.pack = NULL;
    if (gpu_create_plan(network, candidate, &tried.plan, &workspace_bytes) !=
            CUDNN_STATUS_SUCCESS ||
        workspace_bytes > most_workspace_bytes ||
        gpu_reserve_workspace(network, workspace_bytes, errors) != ES_OK ||
        gpu_create_pack(network, &tried, &tried.pack) != CUDNN_STATUS_SUCCESS) {
        drop(network, &tried.plan);
        return false;
    }
    double ns = timed ? time_ns(network, &tried) : 0;
    bool faster = step->plan == NULL ? ns < HUGE_VAL : ns < step->time_ns;
    drop(network, &tried.pack);
    if (faster) {
        drop(network, &step->plan);
        step->plan = tried.plan;
        step->time_ns = ns;
    } else {
        drop(network, &tried.plan);
    }
    return faster;
}

static es_status note_engine(gpu_step *step, const gpu_candidate *candidate) {
    es_text text = {0};
    es_text_add(&text, "engine %lld%s%s%s%s", (long long)candidate->engine,
                candidate->compiled ? " (compiled)" : "", candidate->knobs[0] != '\0' ? " {" : "",
                candidate->knobs, candidate->knobs[0] != '\0' ? "}" : "");
    free(step->engine);
    step->engine = text.data;
    return text.failed ? ES_NO_MEMORY : ES_OK;
}

static const gpu_choice *find_choice(const es_device *device, const char *graph) {
    for (size_t i = 0; i < device->n_choices; i++)
        if (strcmp(device->choices[i].graph, graph) == 0)
            return &device->choices[i];
    return NULL;
}

static es_status remember(es_device *device, const gpu_step *step, size_t candidate) {
    char *graph = es_strdup(step->says);
    if (graph == NULL || es_reserve(&device->choices, &device->choices_capacity,
                                    device->n_choices + 1, sizeof *device->choices) != ES_OK) {
        free(graph);
        return ES_NO_MEMORY;
    }
    device->choices[device->n_choices++] = (gpu_choice){graph, candidate, step->time_ns};
    return ES_OK;
}

/* Gives a graph the plan that was or is the fastest; none if none works. */
static es_status tune_step(es_network *network, gpu_step *step, es_errors *errors) {
    gpu_candidate candidates[GPU_MAX_CANDIDATES];
    const gpu_choice *known = find_choice(network->device, step->says);
    size_t n = gpu_list_candidates(network, step, candidates), best = n;
    es_errors ignored; /* a candidate that fails is only not chosen */
    es_errors_init(&ignored);
    if (known != NULL && known->candidate < n &&
        try_candidate(network, step, &candidates[known->candidate], false, &ignored)) {
        best = known->candidate;
        step->time_ns = known->time_ns;
    } else if (known == NULL) {
        for (size_t i = 0; i < n; i++)
            if (try_candidate(network, step, &candidates[i], true, &ignored))
                best = i;
    }
    es_status status = best < n ? note_engine(step, &candidates[best]) : ES_OK;
    if (status == ES_OK && known == NULL)
        status = remember(network->device, step, best);
    gpu_drop_candidates(network, n, candidates);
    return status == ES_NO_MEMORY ? es_errors_no_memory(errors, NULL) : ES_OK;
}

/* Time of a way's graphs; infinite if one has no plan. */
static double way_ns(const es_network *network, const gpu_unit *unit, int way) {
    double sum_ns = 0;
    for (size_t i = unit->first_step; i < unit->first_step + unit->n_steps; i++) {
        const gpu_step *step = &network->steps[i];
        if (step->kind == GPU_GRAPH && step->way == way)
            sum_ns += step->plan != NULL ? step->time_ns : HUGE_VAL;
    }
    return sum_ns;
}

/* Destroys the plans of the ways that were not chosen. */
static void drop_other_ways(es_network *network, const gpu_unit *unit) {
    for (size_t i = unit->first_step; i < unit->first_step + unit->n_steps; i++)
        if (!gpu_runs(unit, &network->steps[i]))
            drop(network, &network->steps[i].plan);
}

static void say_unit(es_text *text, const es_network *network, size_t number) {
    const gpu_unit *unit = &network->units[number];
    es_text_add(text, " | %s:", network->plan->units[number].name);
    for (size_t i = unit->first_step; i < unit->first_step + unit->n_steps; i++) {
        const gpu_step *step = &network->steps[i];
        static const char *const own[] = {"", "move", "softmax", "layer norm"};
        if (!gpu_runs(unit, step))
            continue;
        if (step->kind == GPU_GRAPH)
            es_text_add(text, " [%s] %s, %.2f us;", step->says, step->engine, step->time_ns / 1e3);
        else
            es_text_add(text, " %s;", own[step->kind]);
    }
}

static es_status tune_unit(es_network *network, size_t number, es_errors *errors) {
    gpu_unit *unit = &network->units[number];
    const es_fused_unit *planned = &network->plan->units[number];
    es_status status = ES_OK;
    for (size_t i = unit->first_step; status == ES_OK && i < unit->first_step + unit->n_steps; i++)
        if (network->steps[i].kind == GPU_GRAPH)
            status = tune_step(network, &network->steps[i], errors);
    double least_ns = HUGE_VAL;
    for (int way = 1; status == ES_OK && way <= unit->n_ways; way++) {
        double ns = way_ns(network, unit, way);
        if (ns < least_ns) {
            least_ns = ns;
            unit->way = way;
        }
    }
    if (status != ES_OK)
        return status;
    if (unit->n_ways > 0 && unit->way == 0) {
        char reason[256] = "";
        network->device->api.cudnnGetLastErrorString(reason, sizeof reason);
        return es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                             "%s: unit %zu (%s): cuDNN has no plan that works for %s (%s)%s%s",
                             network->plan->model->name, number, planned->name,
                             es_op_text(planned->layer->op), planned->layer->name,
                             reason[0] != '\0' ? ": " : "", reason);
    }
    drop_other_ways(network, unit);
    return ES_OK;
}

/* The workspace has its final size: now plans can be bound to it. */
static es_status bind_steps(es_network *network, es_errors *errors) {
    es_status status = ES_OK;
    for (size_t i = 0; status == ES_OK && i < network->n_steps; i++) {
        gpu_step *step = &network->steps[i];
        if (step->plan != NULL)
            status = gpu_check_dnn(network->device, gpu_create_pack(network, step, &step->pack),
                                   "operands of a plan", errors);
    }
    return status;
}

es_status gpu_tune(es_network *network, es_errors *errors) {
    es_text *text = &network->device->plans;
    es_status status = ES_OK;
    es_text_add(text, "%sbatch %lld:", text->length > 0 ? "; " : "", (long long)network->batch);
    for (size_t u = 1; status == ES_OK && u <= network->plan->n_units; u++) {
        status = tune_unit(network, u, errors);
        if (status == ES_OK)
            say_unit(text, network, u);
    }
    if (status == ES_OK && text->failed)
        status = es_errors_no_memory(errors, NULL);
    return status == ES_OK ? bind_steps(network, errors) : status;
}
