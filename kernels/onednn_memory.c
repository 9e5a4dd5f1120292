/* Layouts, memories and steps. */
#include "onednn.h"

#include "weights.h"

#include "edgesplit/alloc.h"

#include <string.h>

bool onednn_try(onednn_maker *m, dnnl_status_t result, const char *what) {
    if (m->status == ES_OK)
        m->status = onednn_check(result, what, m->planned->name, m->errors);
    return m->status == ES_OK;
}

/* ---- Layouts */

dnnl_memory_desc_t onednn_dense(onednn_maker *m, int rank, const int64_t *dims) {
    dnnl_memory_desc_t layout = {0};
    dnnl_dims_t all = {0};
    memcpy(all, dims, sizeof *dims * (size_t)rank);
    if (m->status == ES_OK)
        onednn_try(m, dnnl_memory_desc_init_by_strides(&layout, rank, all, dnnl_f32, NULL),
                   "layout");
    return layout;
}

dnnl_memory_desc_t onednn_any(onednn_maker *m, int rank, const int64_t *dims) {
    dnnl_memory_desc_t layout = {0};
    dnnl_dims_t all = {0};
    memcpy(all, dims, sizeof *dims * (size_t)rank);
    if (m->status == ES_OK)
        onednn_try(m,
                   dnnl_memory_desc_init_by_tag(&layout, rank, all, dnnl_f32, dnnl_format_tag_any),
                   "layout");
    return layout;
}

dnnl_memory_desc_t onednn_plain(onednn_maker *m, es_shape shape) {
    dnnl_dims_t dims = {m->network->batch};
    for (int d = 0; d < shape.rank; d++)
        dims[d + 1] = shape.dims[d];
    return onednn_dense(m, shape.rank + 1, dims);
}

int64_t onednn_channel_block(const dnnl_memory_desc_t *layout) {
    const dnnl_blocking_desc_t *blocking = &layout->format_desc.blocking;
    return blocking->inner_nblks == 1 && blocking->inner_idxs[0] == 1 ? blocking->inner_blks[0] : 0;
}

dnnl_memory_desc_t onednn_like(onednn_maker *m, es_shape shape, const dnnl_memory_desc_t *other) {
    dnnl_memory_desc_t layout = onednn_plain(m, shape);
    if (m->status != ES_OK || layout.ndims != 4 || other->ndims != 4)
        return layout;
    int64_t block = onednn_channel_block(other);
    bool channels_last =
        block == 0 && other->dims[1] > 1 && other->format_desc.blocking.strides[1] == 1;
    dnnl_format_tag_t tag = block == 16     ? dnnl_nChw16c
                            : block == 8    ? dnnl_nChw8c
                            : channels_last ? dnnl_nhwc
                                            : dnnl_nchw;
    onednn_try(m, dnnl_memory_desc_init_by_tag(&layout, 4, layout.dims, dnnl_f32, tag), "layout");
    return layout;
}

bool onednn_lies_plain(const dnnl_memory_desc_t *layout) {
    const dnnl_blocking_desc_t *blocking = &layout->format_desc.blocking;
    int64_t stride = 1, block = onednn_channel_block(layout);
    for (int d = layout->ndims; d-- > 0; stride *= layout->dims[d]) {
        if (layout->padded_dims[d] != layout->dims[d])
            return false;
        if (d == 1 && block > 0 && stride == 1 &&
            (layout->dims[1] == block || blocking->strides[1] == block))
            continue;
        if (layout->dims[d] > 1 && ((d == 1 && block > 0) || blocking->strides[d] != stride))
            return false;
    }
    return blocking->inner_nblks == 0 || block > 0;
}

/* ---- Memories */

static dnnl_memory_t create(onednn_maker *m, const dnnl_memory_desc_t *layout, void *data) {
    es_network *network = m->network;
    dnnl_memory_t memory = NULL;
    if (m->status == ES_OK)
        m->status = es_reserve(&network->memories, &network->memories_capacity,
                               network->n_memories + 1, sizeof(dnnl_memory_t));
    if (m->status == ES_OK &&
        onednn_try(m, dnnl_memory_create(&memory, layout, network->device->engine, data), "memory"))
        network->memories[network->n_memories++] = memory;
    return memory;
}

dnnl_memory_t onednn_own(onednn_maker *m, const dnnl_memory_desc_t *layout) {
    return create(m, layout, DNNL_MEMORY_ALLOCATE);
}

void *onednn_data(dnnl_memory_t memory) {
    void *data = NULL;
    dnnl_status_t result = dnnl_memory_get_data_handle(memory, &data);
    ES_REQUIRE(result == dnnl_success);
    return data;
}

dnnl_memory_t onednn_see(onednn_maker *m, size_t unit, const dnnl_memory_desc_t *layout) {
    es_network *network = m->network;
    if (m->status == ES_OK)
        m->status = es_reserve(&network->bindings, &network->bindings_capacity,
                               network->n_bindings + 1, sizeof *network->bindings);
    dnnl_memory_t memory = create(m, layout, DNNL_MEMORY_NONE);
    if (memory != NULL)
        network->bindings[network->n_bindings++] =
            (onednn_binding){memory, network->units[unit].root};
    return memory;
}

dnnl_memory_t onednn_read(onednn_maker *m, size_t unit, const dnnl_memory_desc_t *lies,
                          const dnnl_memory_desc_t *seen) {
    const onednn_unit *from = &m->network->units[unit];
    bool as_is = dnnl_memory_desc_equal(seen, lies);
    if (m->status != ES_OK)
        return NULL;
    if (dnnl_memory_desc_equal(lies, &from->lies))
        return as_is ? from->out : onednn_see(m, unit, seen);
    dnnl_memory_t moved = onednn_own(m, lies);
    onednn_reorder(m, from->out, &from->lies, moved, lies);
    if (as_is || m->status != ES_OK)
        return moved;
    return create(m, seen, onednn_data(moved));
}

dnnl_memory_t onednn_numbers(onednn_maker *m, size_t layer, int role,
                             const dnnl_memory_desc_t *layout) {
    dnnl_memory_t memory = onednn_own(m, layout);
    if (memory != NULL)
        es_weights_fill(m->network->plan->model, layer, (es_weights_role)role,
                        (int64_t)(dnnl_memory_desc_get_size(layout) / sizeof(float)),
                        onednn_data(memory));
    return memory;
}

/* ---- Steps */

/* Room for a step and its arguments. */
static void make_room(onednn_maker *m, int n_arguments) {
    es_network *network = m->network;
    if (m->status == ES_OK)
        m->status = es_reserve(&network->steps, &network->steps_capacity, network->n_steps + 1,
                               sizeof *network->steps);
    if (m->status == ES_OK)
        m->status =
            es_reserve(&network->arguments, &network->arguments_capacity,
                       network->n_arguments + (size_t)n_arguments, sizeof *network->arguments);
}

void onednn_add_step(onednn_maker *m, dnnl_primitive_desc_t primitive, int n_arguments,
                     const dnnl_exec_arg_t *arguments) {
    es_network *network = m->network;
    onednn_step step = {.first_argument = network->n_arguments, .n_arguments = n_arguments};
    make_room(m, n_arguments);
    if (m->status == ES_OK &&
        onednn_try(m, dnnl_primitive_create(&step.primitive, primitive), "kernel")) {
        network->steps[network->n_steps++] = step;
        for (int i = 0; i < n_arguments; i++)
            network->arguments[network->n_arguments++] = arguments[i];
    }
    dnnl_primitive_desc_destroy(primitive);
}

void onednn_reorder(onednn_maker *m, dnnl_memory_t from, const dnnl_memory_desc_t *from_layout,
                    dnnl_memory_t to, const dnnl_memory_desc_t *to_layout) {
    dnnl_engine_t engine = m->network->device->engine;
    dnnl_primitive_desc_t primitive = NULL;
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
    if (m->status == ES_OK &&
        onednn_try(m,
                   dnnl_reorder_primitive_desc_create(&primitive, from_layout, engine, to_layout,
                                                      engine, NULL),
                   "reorder"))
        onednn_add_step(m, primitive, 2, arguments);
}

onednn_target onednn_begin_output(onednn_maker *m, const dnnl_memory_desc_t *layout, bool aside) {
    bool views = m->planned->last_layer > m->planned->layer_index + m->planned->n_chain;
    onednn_target target = {.layout = *layout,
                            .aside = aside || (views && !onednn_lies_plain(layout))};
    m->unit->lies =
        views ? onednn_plain(m, es_plan_out(m->network->plan, m->number)) : target.layout;
    m->unit->out = onednn_see(m, m->number, &m->unit->lies);
    if (target.aside)
        target.memory = onednn_own(m, layout);
    else
        target.memory = views ? onednn_see(m, m->number, layout) : m->unit->out;
    return target;
}

void onednn_end_output(onednn_maker *m, const onednn_target *target) {
    if (m->status != ES_OK || !target->aside)
        return;
    dnnl_memory_desc_t plain = onednn_plain(m, m->planned->layer->out);
    bool views = m->planned->last_layer > m->planned->layer_index + m->planned->n_chain;
    const dnnl_memory_desc_t *layout = views ? &plain : &target->layout;
    onednn_reorder(m, target->memory, &target->layout, onednn_see(m, m->number, layout), layout);
}
