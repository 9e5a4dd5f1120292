#include "cudnn_parts.h"

#include "edgesplit/alloc.h"

bool gpu_try(gpu_maker *m, CUresult result, const char *what) {
    if (m->status == ES_OK)
        m->status = gpu_check(m->network->device, result, what, m->errors);
    return m->status == ES_OK;
}

bool gpu_try_dnn(gpu_maker *m, cudnnStatus_t result, const char *what) {
    if (m->status == ES_OK && result != CUDNN_STATUS_SUCCESS) {
        char context[128];
        snprintf(context, sizeof context, "%s of unit %zu (%s)", what, m->number, m->planned->name);
        m->status = gpu_check_dnn(m->network->device, result, context, m->errors);
    }
    return m->status == ES_OK;
}

static es_status make_units(es_network *network, es_errors *errors) {
    const es_plan *plan = network->plan;
    gpu_maker m = {.network = network, .errors = errors};
    for (size_t u = 0; m.status == ES_OK && u <= plan->n_units; u++) {
        m.number = u;
        m.way = 0;
        m.n_scratch = 0;
        m.planned = &plan->units[u];
        m.unit = &network->units[u];
        m.unit->first_step = network->n_steps;
        if (u == 0)
            gpu_begin_output(&m, m.planned->layer->out.rank == 3);
        else
            gpu_make(&m);
        m.unit->n_steps = network->n_steps - m.unit->first_step;
    }
    return m.status;
}

es_status gpu_design(es_device *device, const es_plan *plan, int64_t batch, es_network **network,
                     es_errors *errors) {
    es_status status = es_plan_check(plan, "cudnn", gpu_refuse, errors);
    if (status != ES_OK)
        return status;
    es_network *made = es_alloc(1, sizeof *made);
    status = ES_NO_MEMORY;
    if (made == NULL)
        goto done;
    size_t n = plan->n_units + 1;
    *made = (es_network){.device = device,
                         .plan = plan,
                         .batch = batch,
                         .units = es_alloc(n, sizeof *made->units),
                         .slots = es_alloc(n, sizeof *made->slots),
                         .slot_memory = es_alloc(n, sizeof *made->slot_memory),
                         .events = es_alloc(2 * n, sizeof(CUevent))};
    if (made->units == NULL || made->slots == NULL || made->slot_memory == NULL ||
        made->events == NULL)
        goto done;
    status = make_units(made, errors);
    if (status == ES_OK) {
        *network = made;
        made = NULL;
    }
done:
    if (status == ES_NO_MEMORY && errors->n == 0)
        es_errors_add(errors, status, NULL, 0, "%s at batch %lld: %s", plan->model->name,
                      (long long)batch, es_status_text(status));
    gpu_release(made);
    return status;
}

/* The made-up input, as the first unit's neighbours want it to lie. */
static es_status upload_input(es_network *network, es_errors *errors) {
    es_shape shape = network->plan->units[0].layer->out;
    const gpu_unit *input = &network->units[0];
    gpu_view lies = gpu_view_of(network->batch, shape, input->last);
    int64_t n = network->batch * es_shape_elems(shape);
    float *values = es_alloc((size_t)n, sizeof *values), *laid = es_alloc((size_t)n, sizeof *laid);
    es_status status = values != NULL && laid != NULL ? ES_OK : es_errors_no_memory(errors, NULL);
    if (status == ES_OK)
        es_weights_fill_input(n, values);
    for (int64_t i = 0; status == ES_OK && i < n; i++)
        laid[gpu_place(&lies, shape, i)] = values[i];
    if (status == ES_OK)
        status = gpu_upload(network, network->buffers[input->buffer].address, n, laid, errors);
    free(values);
    free(laid);
    return status;
}

es_status gpu_prepare(es_device *device, const es_plan *plan, int64_t batch, es_network **network,
                      es_errors *errors) {
    es_network *made = NULL;
    es_status status = gpu_design(device, plan, batch, &made, errors);
    if (status == ES_OK)
        status = gpu_assign_slots(made, errors);
    if (status == ES_OK)
        status = gpu_allocate(made, errors);
    if (status == ES_OK)
        status = upload_input(made, errors);
    if (status == ES_OK)
        status = gpu_tune(made, errors);
    if (status == ES_OK)
        status = gpu_capture(made, errors);
    if (status == ES_OK) {
        *network = made;
        made = NULL;
    }
    gpu_release(made);
    return status;
}

static void release_memory(es_network *network) {
    const gpu_api *api = &network->device->api;
    for (size_t b = 0; b < network->n_buffers; b++)
        if (network->buffers[b].kind == GPU_CONSTANT && network->buffers[b].address != 0)
            (void)api->cuMemFree(network->buffers[b].address);
    for (size_t s = 0; network->slot_memory != NULL && s <= network->plan->n_units; s++)
        if (network->slot_memory[s] != 0)
            (void)api->cuMemFree(network->slot_memory[s]);
    for (size_t s = 0; s < network->n_scratch; s++)
        if (network->scratch[s] != 0)
            (void)api->cuMemFree(network->scratch[s]);
    if (network->workspace != 0)
        (void)api->cuMemFree(network->workspace);
}

static void release_graphs(es_network *network) {
    const gpu_api *api = &network->device->api;
    for (size_t i = 0; i < network->n_replays; i++)
        (void)api->cuGraphExecDestroy(network->replays[i].graph);
    if (network->stamped != NULL)
        (void)api->cuGraphExecDestroy(network->stamped);
    for (size_t i = 0; network->events != NULL && i < 2 * (network->plan->n_units + 1); i++)
        if (network->events[i] != NULL)
            (void)api->cuEventDestroy(network->events[i]);
}

void gpu_release(es_network *network) {
    if (network == NULL)
        return;
    const gpu_api *api = &network->device->api;
    release_graphs(network);
    for (size_t i = 0; i < network->n_steps; i++) {
        gpu_step *step = &network->steps[i];
        if (step->pack != NULL)
            (void)api->cudnnBackendDestroyDescriptor(step->pack);
        if (step->plan != NULL)
            (void)api->cudnnBackendDestroyDescriptor(step->plan);
        free(step->says);
        free(step->engine);
    }
    for (size_t i = network->n_descriptors; i-- > 0;)
        (void)api->cudnnBackendDestroyDescriptor(network->descriptors[i]);
    release_memory(network);
    free(network->units);
    free(network->steps);
    free(network->buffers);
    free(network->descriptors);
    free(network->slots);
    free(network->slot_memory);
    free(network->scratch);
    free(network->scratch_elems);
    free(network->replays);
    free(network->events);
    free(network->n_nodes);
    free(network->node_numbers);
    free(network->ends_ns);
    free(network);
}
