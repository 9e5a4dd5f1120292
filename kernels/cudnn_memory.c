/* Buffers, moves and memory. */
#include "cudnn_parts.h"

#include "weights.h"

#include "edgesplit/alloc.h"

#include <math.h>
#include <string.h>

size_t gpu_elem_bytes(const es_device *device) {
    return device->setting.precision == GPU_FP16 ? 2 : 4;
}

/* ---- Views */

bool gpu_lies_both_ways(es_shape shape) {
    return shape.rank < 2 || shape.dims[0] == 1 || es_shape_elems(shape) == shape.dims[0];
}

gpu_view gpu_view_of(int64_t batch, es_shape shape, bool last) {
    gpu_view view = {.rank = shape.rank + 1, .dims = {(unsigned)batch}};
    int64_t stride = last ? shape.dims[0] : 1;
    last = last && shape.rank > 0;
    for (int d = shape.rank; d-- > 0;) {
        view.dims[d + 1] = (unsigned)shape.dims[d];
        view.strides[d + 1] = last && d == 0 ? 1 : stride;
        stride *= last && d == 0 ? 1 : shape.dims[d];
    }
    view.strides[0] = stride;
    return view;
}

int64_t gpu_place(const gpu_view *lies, es_shape shape, int64_t i) {
    int64_t elems = es_shape_elems(shape), rest = i % elems;
    int64_t at = i / elems * lies->strides[0];
    for (int d = shape.rank; d-- > 0; rest /= shape.dims[d])
        at += rest % shape.dims[d] * lies->strides[d + 1];
    return at;
}

static void swap_dims(gpu_view *view, int a, int b) {
    unsigned dim = view->dims[a];
    long long stride = view->strides[a];
    view->dims[a] = view->dims[b];
    view->strides[a] = view->strides[b];
    view->dims[b] = dim;
    view->strides[b] = stride;
}

/* Takes elements in the order in which they are written, if both views have the same dimensions. */
static void order_by_target(gpu_view *to, gpu_view *from) {
    bool same = to->rank == from->rank && memcmp(to->dims, from->dims, sizeof to->dims) == 0;
    for (int a = 0; same && a < to->rank; a++)
        for (int b = a + 1; b < to->rank; b++)
            if (to->strides[b] > to->strides[a]) {
                swap_dims(to, a, b);
                swap_dims(from, a, b);
            }
}

/* The same with as few dimensions as will do. */
static void merge_dims(gpu_view *view) {
    int n = 0;
    for (int d = 0; d < view->rank; d++) {
        if (view->dims[d] == 1)
            continue;
        if (n > 0 && view->strides[n - 1] == view->strides[d] * (long long)view->dims[d]) {
            view->dims[n - 1] *= view->dims[d];
            view->strides[n - 1] = view->strides[d];
        } else {
            view->dims[n] = view->dims[d];
            view->strides[n++] = view->strides[d];
        }
    }
    view->rank = n;
}

void gpu_move(gpu_maker *m, size_t to, gpu_view to_view, size_t from, gpu_view from_view) {
    int64_t n = 1;
    for (int d = 0; d < to_view.rank; d++)
        n *= to_view.dims[d];
    order_by_target(&to_view, &from_view);
    merge_dims(&to_view);
    merge_dims(&from_view);
    gpu_add_step(m, (gpu_step){.kind = GPU_MOVE,
                               .n_operands = 2,
                               .operands = {to, from},
                               .to = to_view,
                               .from = from_view,
                               .n_rows = n});
}

void gpu_add_step(gpu_maker *m, gpu_step step) {
    es_network *network = m->network;
    if (m->status == ES_OK)
        m->status = es_reserve(&network->steps, &network->steps_capacity, network->n_steps + 1,
                               sizeof *network->steps);
    if (m->status != ES_OK) {
        free(step.says);
        return;
    }
    step.way = m->way;
    network->steps[network->n_steps++] = step;
}

/* ---- Buffers */

static size_t add_buffer(gpu_maker *m, gpu_buffer buffer) {
    es_network *network = m->network;
    if (m->status == ES_OK)
        m->status = es_reserve(&network->buffers, &network->buffers_capacity,
                               network->n_buffers + 1, sizeof *network->buffers);
    if (m->status != ES_OK)
        return 0;
    network->buffers[network->n_buffers] = buffer;
    return network->n_buffers++;
}

size_t gpu_scratch(gpu_maker *m, int64_t elems) {
    es_network *network = m->network;
    size_t number = m->n_scratch++;
    if (m->status == ES_OK)
        m->status = es_reserve(&network->scratch, &network->scratch_capacity, number + 1,
                               sizeof *network->scratch);
    if (m->status == ES_OK)
        m->status = es_reserve(&network->scratch_elems, &network->scratch_elems_capacity,
                               number + 1, sizeof *network->scratch_elems);
    if (m->status != ES_OK)
        return 0;
    if (network->n_scratch <= number)
        network->n_scratch = number + 1;
    if (network->scratch_elems[number] < elems)
        network->scratch_elems[number] = elems;
    return add_buffer(m, (gpu_buffer){.kind = GPU_SCRATCH, .owner = number, .elems = elems});
}

float *gpu_numbers(gpu_maker *m, int64_t n) {
    if (m->status != ES_OK || m->network->device->handle == NULL)
        return NULL;
    float *values = es_alloc((size_t)n, sizeof *values);
    if (values == NULL)
        m->status = ES_NO_MEMORY;
    return values;
}

static es_status allocate(es_network *network, CUdeviceptr *address, int64_t bytes,
                          const char *what, es_errors *errors) {
    const es_device *device = network->device;
    CUresult result = device->api.cuMemAlloc(address, (size_t)(bytes > 0 ? bytes : 1));
    if (result == CUDA_SUCCESS)
        return ES_OK;
    size_t free_bytes = 0, total_bytes = 0;
    *address = 0;
    if (result != CUDA_ERROR_OUT_OF_MEMORY ||
        device->api.cuMemGetInfo(&free_bytes, &total_bytes) != CUDA_SUCCESS)
        return gpu_check(device, result, what, errors);
    return es_errors_add(errors, ES_NO_MEMORY, NULL, 0,
                         "%s at batch %lld does not fit into the memory of the GPU: the %s need "
                         "%.1f MiB more, %.1f of %.1f MiB are free",
                         network->plan->model->name, (long long)network->batch, what,
                         (double)bytes / 1048576, (double)free_bytes / 1048576,
                         (double)total_bytes / 1048576);
}

size_t gpu_constant(gpu_maker *m, int64_t n, float *values) {
    size_t buffer = add_buffer(m, (gpu_buffer){.kind = GPU_CONSTANT, .elems = n});
    if (m->status == ES_OK && values != NULL) {
        CUdeviceptr *address = &m->network->buffers[buffer].address;
        m->status = allocate(m->network, address, n * (int64_t)gpu_elem_bytes(m->network->device),
                             "weights", m->errors);
        if (m->status == ES_OK)
            m->status = gpu_upload(m->network, *address, n, values, m->errors);
    }
    free(values);
    return buffer;
}

size_t gpu_constant_role(gpu_maker *m, size_t layer, es_weights_role role, int64_t n) {
    float *values = gpu_numbers(m, n);
    if (values != NULL)
        es_weights_fill(m->network->plan->model, layer, role, n, values);
    return gpu_constant(m, n, values);
}

size_t gpu_constant_number(gpu_maker *m, double number) {
    float *values = gpu_numbers(m, 1);
    if (values != NULL)
        values[0] = (float)number;
    return gpu_constant(m, 1, values);
}

size_t gpu_read(gpu_maker *m, size_t unit, bool last) {
    const gpu_unit *from = &m->network->units[unit];
    es_shape shape = es_plan_out(m->network->plan, unit);
    if (m->status != ES_OK || from->last == last || gpu_lies_both_ways(shape))
        return from->buffer;
    size_t moved = gpu_scratch(m, m->network->batch * es_shape_elems(shape));
    gpu_move(m, moved, gpu_view_of(m->network->batch, shape, last), from->buffer,
             gpu_view_of(m->network->batch, shape, from->last));
    return moved;
}

gpu_target gpu_begin_output(gpu_maker *m, bool last) {
    const es_plan *plan = m->network->plan;
    bool views = m->planned->last_layer > m->planned->layer_index + m->planned->n_chain;
    es_shape shape = m->planned->layer->out;
    int64_t elems = m->network->batch * es_shape_elems(shape);
    m->unit->root = m->number;
    m->unit->last = last && !views;
    m->unit->buffer = add_buffer(
        m, (gpu_buffer){.kind = GPU_OUTPUT,
                        .owner = m->number,
                        .elems = m->network->batch * es_shape_elems(es_plan_out(plan, m->number))});
    gpu_target target = {.buffer = m->unit->buffer, .last = last};
    target.aside = views && last && !gpu_lies_both_ways(shape);
    if (target.aside)
        target.buffer = gpu_scratch(m, elems);
    return target;
}

void gpu_end_output(gpu_maker *m, const gpu_target *target) {
    es_shape shape = m->planned->layer->out;
    m->way = 0;
    if (m->status == ES_OK && target->aside)
        gpu_move(m, m->unit->buffer, gpu_view_of(m->network->batch, shape, false), target->buffer,
                 gpu_view_of(m->network->batch, shape, target->last));
}

/* ---- Memory. A unit never writes where it reads: unlike plan.h's slots, these let no sum be
 * formed in the place of what is added. */

es_status gpu_assign_slots(es_network *network, es_errors *errors) {
    const es_plan *plan = network->plan;
    size_t n_slots = 1, *free_from = es_alloc(plan->n_units + 1, sizeof *free_from);
    if (free_from == NULL)
        return es_errors_no_memory(errors, NULL);
    bool keeps = plan->n_slots == plan->n_units + 1; /* every output has a slot of its own */
    free_from[0] = SIZE_MAX;
    for (size_t u = 1; u <= plan->n_units; u++) {
        size_t slot = 1;
        while (slot < n_slots && free_from[slot] > u)
            slot++;
        if (slot == n_slots)
            n_slots++;
        free_from[slot] = keeps ? SIZE_MAX : plan->units[u].last_reader + 1;
        network->slots[u] = slot;
    }
    free(free_from);
    return ES_OK;
}

es_status gpu_allocate(es_network *network, es_errors *errors) {
    size_t n_units = network->plan->n_units;
    int64_t elem_bytes = (int64_t)gpu_elem_bytes(network->device);
    es_status status = ES_OK;
    for (size_t s = 0; status == ES_OK && s <= n_units; s++) {
        int64_t elems = 0;
        for (size_t u = 0; u <= n_units; u++) {
            int64_t size = network->buffers[network->units[u].buffer].elems;
            if (network->slots[u] == s && network->units[u].root == u && size > elems)
                elems = size;
        }
        if (elems > 0)
            status = allocate(network, &network->slot_memory[s], elems * elem_bytes, "activations",
                              errors);
    }
    for (size_t s = 0; status == ES_OK && s < network->n_scratch; s++)
        status = allocate(network, &network->scratch[s], network->scratch_elems[s] * elem_bytes,
                          "intermediate results", errors);
    for (size_t b = 0; status == ES_OK && b < network->n_buffers; b++) {
        gpu_buffer *buffer = &network->buffers[b];
        if (buffer->kind == GPU_OUTPUT)
            buffer->address = network->slot_memory[network->slots[buffer->owner]];
        else if (buffer->kind == GPU_SCRATCH)
            buffer->address = network->scratch[buffer->owner];
    }
    return status;
}

es_status gpu_reserve_workspace(es_network *network, int64_t bytes, es_errors *errors) {
    if (bytes <= network->workspace_bytes)
        return ES_OK;
    CUdeviceptr larger = 0;
    es_status status = allocate(network, &larger, bytes, "workspace", errors);
    if (status != ES_OK)
        return status;
    if (network->workspace != 0)
        (void)network->device->api.cuMemFree(network->workspace);
    network->workspace = larger;
    network->workspace_bytes = bytes;
    return ES_OK;
}

/* ---- IEEE 754 binary16, rounded to nearest, ties to even */

static uint16_t half_of(float value) {
    uint16_t sign = signbit(value) ? 0x8000 : 0;
    double size = fabs((double)value);
    int exponent;
    if (!(size < 65520))
        return sign | (isnan(value) ? 0x7e00 : 0x7c00);
    (void)frexp(size, &exponent);
    /* Units in the last place: of subnormal numbers 2^-24. */
    int scale = exponent - 11 > -24 ? exponent - 11 : -24;
    int mantissa = (int)lrint(ldexp(size, -scale));
    return (uint16_t)(sign | ((scale + 24) * 1024 + mantissa));
}

static float float_of(uint16_t half) {
    int exponent = half >> 10 & 31, mantissa = half & 1023;
    double size = exponent == 31  ? (mantissa != 0 ? (double)NAN : HUGE_VAL)
                  : exponent == 0 ? ldexp(mantissa, -24)
                                  : ldexp(1024 + mantissa, exponent - 25);
    return (float)((half & 0x8000) != 0 ? -size : size);
}

es_status gpu_upload(es_network *network, CUdeviceptr to, int64_t n, const float *values,
                     es_errors *errors) {
    const es_device *device = network->device;
    if (device->setting.precision != GPU_FP16)
        return gpu_check(device, device->api.cuMemcpyHtoD(to, values, (size_t)n * sizeof *values),
                         "copy to the GPU", errors);
    uint16_t *halves = es_alloc((size_t)n, sizeof *halves);
    if (halves == NULL)
        return es_errors_no_memory(errors, NULL);
    for (int64_t i = 0; i < n; i++)
        halves[i] = half_of(values[i]);
    CUresult result = device->api.cuMemcpyHtoD(to, halves, (size_t)n * sizeof *halves);
    free(halves);
    return gpu_check(device, result, "copy to the GPU", errors);
}

es_status gpu_download(es_network *network, CUdeviceptr from, int64_t n, float *values,
                       es_errors *errors) {
    const es_device *device = network->device;
    if (device->setting.precision != GPU_FP16)
        return gpu_check(device, device->api.cuMemcpyDtoH(values, from, (size_t)n * sizeof *values),
                         "copy from the GPU", errors);
    uint16_t *halves = es_alloc((size_t)n, sizeof *halves);
    if (halves == NULL)
        return es_errors_no_memory(errors, NULL);
    CUresult result = device->api.cuMemcpyDtoH(halves, from, (size_t)n * sizeof *halves);
    for (int64_t i = 0; i < n; i++)
        values[i] = float_of(halves[i]);
    free(halves);
    return gpu_check(device, result, "copy from the GPU", errors);
}
