/* The operators that only move data. */
#include "onednn.h"

#include "choices.h"
#include "weights.h"

#include "edgesplit/alloc.h"

#include <string.h>

static const dnnl_memory_desc_t *layout_of_input(const onednn_maker *m, size_t i) {
    return &m->network->units[m->planned->inputs[i]].lies;
}

/* The whole input, as it lies, put under the shape of the output. */
void onednn_make_copy(onednn_maker *m) {
    dnnl_memory_desc_t plain = onednn_plain(m, m->planned->layer->out);
    dnnl_memory_desc_t copied = onednn_plain(m, m->planned->layer->in);
    const onednn_unit *from = &m->network->units[m->planned->inputs[0]];
    onednn_target target = onednn_begin_output(m, &plain, false);
    onednn_reorder(m, from->out, &from->lies, onednn_see(m, m->number, &copied), &copied);
    onednn_end_output(m, &target);
}

/* A part of a tensor, from `offset` on. */
static dnnl_status_t part_of(const dnnl_memory_desc_t *whole, es_shape shape, int64_t batch,
                             const dnnl_dims_t offset, dnnl_memory_desc_t *part) {
    dnnl_dims_t dims = {batch};
    for (int d = 0; d < shape.rank; d++)
        dims[d + 1] = shape.dims[d];
    return dnnl_memory_desc_init_submemory(part, whole, dims, offset);
}

/* Constant numbers of the unit's first layer, for each image the same. */
static dnnl_memory_t same_for_all(onednn_maker *m, const dnnl_memory_desc_t *layout) {
    dnnl_memory_t memory = onednn_own(m, layout);
    if (memory == NULL)
        return NULL;
    int64_t n = (int64_t)(dnnl_memory_desc_get_size(layout) / sizeof(float)) / layout->dims[0];
    float *values = onednn_data(memory);
    for (int64_t b = 0; b < layout->dims[0]; b++)
        es_weights_fill(m->network->plan->model, m->planned->layer_index, ES_CONSTANT, n,
                        values + b * n);
    return memory;
}

/* The constant part of a concatenation comes first. */
void onednn_make_concat(onednn_maker *m) {
    const es_layer *layer = m->planned->layer;
    size_t n = layer->n_inputs;
    int64_t length;
    int axis = es_choose_concat_axis(m->network->plan->model, layer, &length);
    dnnl_memory_desc_t out = onednn_plain(m, layer->out);
    dnnl_memory_desc_t *parts = es_alloc(n + 1, sizeof *parts);
    dnnl_exec_arg_t *arguments = es_alloc(n + 2, sizeof *arguments);
    dnnl_primitive_desc_t primitive = NULL;
    int at = 0;
    if (m->status == ES_OK && (parts == NULL || arguments == NULL))
        m->status = ES_NO_MEMORY;
    if (m->status == ES_OK && length > 0) {
        dnnl_dims_t dims;
        memcpy(dims, out.dims, sizeof dims);
        dims[axis + 1] = length;
        parts[at] = onednn_dense(m, out.ndims, dims);
        arguments[at] = (dnnl_exec_arg_t){DNNL_ARG_MULTIPLE_SRC, same_for_all(m, &parts[at])};
        at++;
    }
    for (size_t i = 0; m->status == ES_OK && i < n; i++, at++) {
        parts[at] = *layout_of_input(m, i);
        arguments[at] =
            (dnnl_exec_arg_t){DNNL_ARG_MULTIPLE_SRC + at,
                              onednn_read(m, m->planned->inputs[i], &parts[at], &parts[at])};
    }
    bool maps = layer->out.rank == 3 && length == 0;
    if (m->status == ES_OK &&
        onednn_try(m,
                   dnnl_concat_primitive_desc_create(&primitive, maps ? NULL : &out, at, axis + 1,
                                                     parts, NULL, m->network->device->engine),
                   "kernel")) {
        out = *dnnl_primitive_desc_query_md(primitive, dnnl_query_dst_md, 0);
        onednn_target target = onednn_begin_output(m, &out, false);
        arguments[at] = (dnnl_exec_arg_t){DNNL_ARG_DST, target.memory};
        onednn_add_step(m, primitive, at + 1, arguments);
        onednn_end_output(m, &target);
    }
    free(parts);
    free(arguments);
}

/* The first elements of each dimension: which ones are taken makes no difference. */
void onednn_make_slice(onednn_maker *m) {
    const es_layer *layer = m->planned->layer;
    const dnnl_dims_t none = {0};
    dnnl_memory_desc_t lies = *layout_of_input(m, 0), part;
    dnnl_memory_desc_t out = onednn_like(m, layer->out, &lies);
    if (m->status != ES_OK)
        return;
    if (part_of(&lies, layer->out, m->network->batch, none, &part) != dnnl_success) {
        lies = onednn_plain(m, layer->in);
        out = onednn_plain(m, layer->out);
        if (!onednn_try(m, part_of(&lies, layer->out, m->network->batch, none, &part), "part"))
            return;
    }
    dnnl_memory_t from = onednn_read(m, m->planned->inputs[0], &lies, &part);
    onednn_target target = onednn_begin_output(m, &out, false);
    onednn_reorder(m, from, &part, target.memory, &out);
    onednn_end_output(m, &target);
}

const char *onednn_refuse_slice(const es_plan *plan, const es_fused_unit *unit) {
    (void)plan;
    bool fits = unit->layer->in.rank == unit->layer->out.rank;
    for (int d = 0; d < unit->layer->in.rank; d++)
        fits = fits && unit->layer->out.dims[d] <= unit->layer->in.dims[d];
    return fits ? NULL : "its output is not a part of its input";
}

void onednn_make_transpose(onednn_maker *m) {
    const dnnl_memory_desc_t *lies = layout_of_input(m, 0);
    int permutation[ES_MAX_RANK], places[ES_MAX_RANK + 1] = {0};
    bool fits = es_choose_permutation(m->planned->layer, permutation);
    ES_REQUIRE(fits);
    for (int d = 0; d < m->planned->layer->in.rank; d++)
        places[permutation[d] + 1] = d + 1;
    dnnl_memory_desc_t seen, out = onednn_plain(m, m->planned->layer->out);
    if (m->status != ES_OK ||
        !onednn_try(m, dnnl_memory_desc_permute_axes(&seen, lies, places), "transposition"))
        return;
    dnnl_memory_t from = onednn_read(m, m->planned->inputs[0], lies, &seen);
    onednn_target target = onednn_begin_output(m, &out, false);
    onednn_reorder(m, from, &seen, target.memory, &out);
    onednn_end_output(m, &target);
}

const char *onednn_refuse_transpose(const es_plan *plan, const es_fused_unit *unit) {
    (void)plan;
    int permutation[ES_MAX_RANK];
    return es_choose_permutation(unit->layer, permutation) ? NULL : "its shapes are no permutation";
}

static dnnl_memory_t make_zeros(onednn_maker *m, const dnnl_memory_desc_t *layout) {
    dnnl_memory_t zeros = onednn_own(m, layout);
    if (zeros != NULL)
        memset(onednn_data(zeros), 0, dnnl_memory_desc_get_size(layout));
    return zeros;
}

/* Zeros all over, then the input into their middle. */
void onednn_make_pad(onednn_maker *m) {
    const es_layer *layer = m->planned->layer;
    dnnl_memory_desc_t out = onednn_like(m, layer->out, layout_of_input(m, 0)), part;
    dnnl_dims_t offset = {0};
    for (int d = 0; d < layer->in.rank; d++)
        offset[d + 1] = (layer->out.dims[d] - layer->in.dims[d]) / 2;
    if (m->status != ES_OK)
        return;
    if (part_of(&out, layer->in, m->network->batch, offset, &part) != dnnl_success) {
        out = onednn_plain(m, layer->out);
        if (!onednn_try(m, part_of(&out, layer->in, m->network->batch, offset, &part), "part"))
            return;
    }
    onednn_target target = onednn_begin_output(m, &out, false);
    onednn_reorder(m, make_zeros(m, &out), &out, target.memory, &out);
    onednn_reorder(m, m->network->units[m->planned->inputs[0]].out, layout_of_input(m, 0),
                   onednn_see(m, m->number, &part), &part);
    onednn_end_output(m, &target);
}

const char *onednn_refuse_pad(const es_plan *plan, const es_fused_unit *unit) {
    (void)plan;
    bool fits = unit->layer->in.rank == unit->layer->out.rank;
    for (int d = 0; d < unit->layer->in.rank; d++)
        fits = fits && unit->layer->out.dims[d] >= unit->layer->in.dims[d];
    return fits ? NULL : "its output is smaller than its input";
}

/* Zeros plus the input, which is broadcast. */
void onednn_make_expand(onednn_maker *m) {
    const es_layer *layer = m->planned->layer;
    dnnl_memory_desc_t out = onednn_plain(m, layer->out), lies = onednn_plain(m, layer->in);
    dnnl_memory_desc_t seen = onednn_plain(m, es_shape_lead(layer->in, layer->out.rank));
    dnnl_memory_t from = onednn_read(m, m->planned->inputs[0], &lies, &seen);
    dnnl_memory_t zeros = make_zeros(m, &out);
    onednn_target target = onednn_begin_output(m, &out, false);
    dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC_0, zeros}, {DNNL_ARG_SRC_1, from}, {DNNL_ARG_DST, target.memory}};
    dnnl_binary_desc_t operation;
    dnnl_primitive_desc_t primitive = NULL;
    if (m->status != ES_OK)
        return;
    dnnl_status_t result = dnnl_binary_desc_init(&operation, dnnl_binary_add, &out, &seen, &out);
    if (result == dnnl_success)
        result = dnnl_primitive_desc_create(&primitive, &operation, NULL,
                                            m->network->device->engine, NULL);
    if (onednn_try(m, result, "kernel"))
        onednn_add_step(m, primitive, 3, arguments);
    onednn_end_output(m, &target);
}

const char *onednn_refuse_expand(const es_plan *plan, const es_fused_unit *unit) {
    (void)plan;
    es_shape in = unit->layer->in, out = unit->layer->out;
    bool fits = in.rank <= out.rank;
    in = fits ? es_shape_lead(in, out.rank) : in;
    for (int d = 0; fits && d < out.rank; d++)
        fits = in.dims[d] == 1 || in.dims[d] == out.dims[d];
    return fits ? NULL : "its input cannot be broadcast to its output";
}

/* A unit of views only: the bytes of what it reads if they lie row by row, else a reorder. */
void onednn_make_view(onednn_maker *m) {
    size_t from = m->planned->inputs[0];
    const onednn_unit *read = &m->network->units[from];
    dnnl_memory_desc_t plain = onednn_plain(m, es_plan_out(m->network->plan, from));
    m->unit->lies = onednn_plain(m, es_plan_out(m->network->plan, m->number));
    if (m->status != ES_OK)
        return;
    if (onednn_lies_plain(&read->lies))
        m->unit->root = read->root;
    else
        onednn_reorder(m, read->out, &read->lies, onednn_see(m, m->number, &plain), &plain);
    m->unit->out = onednn_see(m, m->number, &m->unit->lies);
}
