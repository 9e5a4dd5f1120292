#include "edgesplit/mincut.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "flow.h"

#include <math.h>
#include <stdlib.h>

static size_t count_units(const es_model *model, const es_mincut_costs *costs) {
    return model->n_cuts[costs->granularity] - 1;
}

/* The unit of every layer, [n_layers + 1], 0 for the input. NULL: out of memory. */
static size_t *create_units(const es_model *model, const es_mincut_costs *costs) {
    size_t *unit_of = es_alloc(model->n_layers + 1, sizeof *unit_of);
    const es_cut *cuts = model->cuts[costs->granularity];
    size_t unit = 0;
    for (size_t l = 0; unit_of != NULL && l <= model->n_layers; l++) {
        unit += l > cuts[unit].last_layer;
        unit_of[l] = unit;
    }
    return unit_of;
}

static double send_s(const es_model *model, const es_mincut_costs *costs, size_t tensor) {
    return tensor == 0 ? costs->input_s
                       : (double)es_shape_elems(model->layers[tensor].out) * costs->s_per_elem;
}

/* The graph: a node for each unit and for each tensor, between the device and the server. */
enum { DEVICE, SERVER, FIRST_UNIT };

/* A unit behind the cut pays its time on the server, one before it that on the device. A tensor's
 * node is behind the cut if any of its readers is: the edge to it from its maker is what is paid.
 */
static es_status build(const es_model *model, const es_mincut_costs *costs, const size_t *unit_of,
                       struct flow *flow) {
    size_t n_units = count_units(model, costs), first_tensor = FIRST_UNIT + n_units;
    es_status status = flow_init(flow, first_tensor + model->n_layers + 1);
    for (size_t u = 1; u <= n_units && status == ES_OK; u++) {
        status = flow_add(flow, DEVICE, FIRST_UNIT + u - 1, costs->server_s[u], 0);
        if (status == ES_OK)
            status = flow_add(flow, FIRST_UNIT + u - 1, SERVER, costs->device_s[u], 0);
    }
    for (size_t l = 0; l <= model->n_layers && status == ES_OK; l++) {
        const es_layer *layer = &model->layers[l];
        size_t maker = l == 0 ? DEVICE : FIRST_UNIT + unit_of[l] - 1;
        status = flow_add(flow, maker, first_tensor + l, send_s(model, costs, l), 0);
        for (size_t i = 0; i < layer->n_inputs && status == ES_OK; i++) {
            size_t read = layer->inputs[i];
            if (unit_of[read] == unit_of[l])
                continue;
            status = flow_add(flow, first_tensor + read, maker, ES_INFINITY, 0);
            if (read > 0 &&
                status == ES_OK) /* nothing returns: who reads is not before its maker */
                status = flow_add(flow, maker, FIRST_UNIT + unit_of[read] - 1, ES_INFINITY, 0);
        }
    }
    return status;
}

/* Adds up what crosses. `crosses` [n_layers + 1] comes zeroed. */
static void add_tensors(const es_model *model, const es_mincut_costs *costs, const bool *on_device,
                        const size_t *unit_of, bool *crosses, es_partition *sum) {
    for (size_t l = 1; l <= model->n_layers; l++) {
        const es_layer *layer = &model->layers[l];
        for (size_t i = 0; i < layer->n_inputs && !on_device[unit_of[l]]; i++) {
            size_t read = layer->inputs[i];
            if (crosses[read] || (read > 0 && !on_device[unit_of[read]]))
                continue;
            crosses[read] = true;
            sum->n_tensors++;
            sum->sends_input = sum->sends_input || read == 0;
            sum->elems += read > 0 ? es_shape_elems(model->layers[read].out) : 0;
            sum->send_s += send_s(model, costs, read);
        }
    }
}

es_status es_mincut_evaluate(const es_model *model, const es_mincut_costs *costs,
                             const bool *on_device, es_partition *partition) {
    es_partition sum = {.is_prefix = true};
    size_t n_units = count_units(model, costs), *unit_of = create_units(model, costs);
    bool *crosses = es_alloc(model->n_layers + 1, sizeof *crosses);
    es_status status = unit_of != NULL && crosses != NULL ? ES_OK : ES_NO_MEMORY;
    for (size_t u = 1; u <= n_units; u++) {
        sum.n_units += on_device[u];
        sum.is_prefix = sum.is_prefix && on_device[u] == (sum.n_units == u);
        sum.head_s += on_device[u] ? costs->device_s[u] : 0;
        sum.tail_s += on_device[u] ? 0 : costs->server_s[u];
    }
    if (status == ES_OK)
        add_tensors(model, costs, on_device, unit_of, crosses, &sum);
    sum.latency_s = sum.head_s;
    if (sum.n_units < n_units)
        sum.latency_s += costs->delay_s + sum.send_s + sum.tail_s;
    *partition = sum;
    free(unit_of);
    free(crosses);
    return status;
}

/* Takes the whole network if that is not slower: the delay, which is paid unless all is on the
 * device, is no part of the graph. */
static es_status prefer_whole(const es_model *model, const es_mincut_costs *costs,
                              bool *on_device) {
    es_partition found;
    double whole_s = 0;
    size_t n_units = count_units(model, costs);
    es_status status = es_mincut_evaluate(model, costs, on_device, &found);
    for (size_t u = 1; u <= n_units; u++)
        whole_s += costs->device_s[u];
    for (size_t u = 1; u <= n_units && status == ES_OK; u++)
        on_device[u] = on_device[u] || whole_s <= found.latency_s;
    return status;
}

es_status es_mincut_find(const es_model *model, const es_mincut_costs *costs, bool *on_device) {
    struct flow flow = {0};
    size_t n_units = count_units(model, costs), *unit_of = create_units(model, costs);
    bool *is_behind = NULL;
    es_status status = unit_of != NULL ? build(model, costs, unit_of, &flow) : ES_NO_MEMORY;
    if (status == ES_OK) {
        is_behind = es_alloc(flow.n_nodes, sizeof *is_behind);
        status = is_behind != NULL ? ES_OK : ES_NO_MEMORY;
    }
    if (status == ES_OK) {
        flow_maximise(&flow, DEVICE, SERVER, is_behind);
        on_device[0] = true;
        for (size_t u = 1; u <= n_units; u++)
            on_device[u] = !is_behind[FIRST_UNIT + u - 1];
        status = prefer_whole(model, costs, on_device);
    }
    flow_fini(&flow);
    free(is_behind);
    free(unit_of);
    return status;
}
