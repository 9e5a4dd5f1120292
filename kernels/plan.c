#include "plan.h"

#include "edgesplit/alloc.h"

/* The unit whose last layer is `layer`; n_cuts if the layer lies inside a unit. */
static size_t unit_of(const es_model *model, size_t layer) {
    return es_model_find_cut(model, ES_FUSED, layer);
}

static bool reads_only(const es_layer *layer, size_t index) {
    return layer->n_inputs == 1 && layer->inputs[0] == index;
}

/* Takes the layers behind the first into the unit, in the order in which kernels can fuse them;
 * false if one is left over. */
static bool fuse_rest(const es_model *model, es_fused_unit *unit) {
    size_t at = unit->layer_index;
    bool weighted = unit->layer->op == ES_OP_CONV || unit->layer->op == ES_OP_LINEAR;
    if (at < unit->last_layer && weighted && model->layers[at + 1].op == ES_OP_BATCH_NORM &&
        reads_only(&model->layers[at + 1], at))
        unit->batch_norm = ++at;
    if (at < unit->last_layer && weighted &&
        (model->layers[at + 1].op == ES_OP_SILU || model->layers[at + 1].op == ES_OP_SIGMOID) &&
        reads_only(&model->layers[at + 1], at))
        unit->activation = model->layers[++at].op;
    if (at < unit->last_layer && weighted && model->layers[at + 1].op == ES_OP_ADD &&
        model->layers[at + 1].inputs[1] == at) {
        unit->adds = true;
        unit->residual = unit_of(model, model->layers[++at].inputs[0]);
    }
    return at == unit->last_layer;
}

static bool is_kernel(es_op op) {
    return op == ES_OP_CONV || op == ES_OP_LINEAR || op == ES_OP_GLOBAL_AVERAGE_POOL ||
           op == ES_OP_MUL;
}

static es_status plan_unit(const es_model *model, size_t number, es_fused_unit *unit,
                           es_errors *errors) {
    const es_cut *cuts = model->cuts[ES_FUSED];
    size_t first = cuts[number - 1].last_layer + 1;
    *unit = (es_fused_unit){.name = cuts[number].name,
                            .layer = &model->layers[first],
                            .layer_index = first,
                            .last_layer = cuts[number].last_layer,
                            .activation = ES_OP_INPUT,
                            .last_reader = number};
    bool known = is_kernel(unit->layer->op) && fuse_rest(model, unit);
    for (size_t i = 0; known && i < unit->layer->n_inputs; i++) {
        unit->inputs[i] = unit_of(model, unit->layer->inputs[i]);
        known = unit->inputs[i] < number;
    }
    if (known && (!unit->adds || unit->residual < number))
        return ES_OK;
    return es_errors_add(
        errors, ES_UNAVAILABLE, NULL, 0,
        "%s: unit %zu (%s) starts with %s and cannot be run as one kernel; expected "
        "(conv | linear) [batch-norm] [silu | sigmoid] [add], "
        "global-average-pool or mul",
        model->name, number, unit->name, es_op_text(unit->layer->op));
}

/* Sets last_reader of all units. */
static void find_readers(es_plan *plan) {
    for (size_t u = 1; u <= plan->n_units; u++) {
        const es_fused_unit *unit = &plan->units[u];
        for (size_t i = 0; i < unit->layer->n_inputs; i++)
            plan->units[unit->inputs[i]].last_reader = u;
        if (unit->adds)
            plan->units[unit->residual].last_reader = u;
    }
}

/* Gives each output a slot whose content no later unit reads: that of the residual that is added to
 * it, so that the sum can be formed in place, else the first. The input has a slot of its own,
 * because the next pass reads it again. */
static es_status assign_slots(es_plan *plan, bool keep_outputs) {
    size_t *free_from = es_alloc(plan->n_units + 1, sizeof *free_from);
    if (free_from == NULL)
        return ES_NO_MEMORY;
    free_from[0] = SIZE_MAX;
    plan->n_slots = 1;
    for (size_t u = 1; u <= plan->n_units; u++) {
        es_fused_unit *unit = &plan->units[u];
        const es_fused_unit *residual = &plan->units[unit->residual];
        bool in_place = unit->adds && unit->residual != 0 && residual->last_reader == u;
        size_t slot = 1;
        while (slot < plan->n_slots && free_from[slot] > u)
            slot++;
        if (in_place && !keep_outputs)
            slot = residual->slot;
        if (slot == plan->n_slots)
            plan->n_slots++;
        free_from[slot] = keep_outputs ? SIZE_MAX : unit->last_reader + 1;
        unit->slot = slot;
    }
    free(free_from);
    return ES_OK;
}

es_status es_plan_create(const es_model *model, bool keep_outputs, es_plan **plan,
                         es_errors *errors) {
    size_t n_units = model->n_cuts[ES_FUSED] - 1;
    es_plan *planned = es_alloc(1, sizeof *planned);
    es_status status = ES_NO_MEMORY;
    if (planned == NULL)
        goto done;
    *planned = (es_plan){
        .model = model, .n_units = n_units, .units = es_alloc(n_units + 1, sizeof *planned->units)};
    if (planned->units == NULL)
        goto done;
    planned->units[0] = (es_fused_unit){
        .name = model->cuts[ES_FUSED][0].name, .layer = model->layers, .activation = ES_OP_INPUT};
    status = ES_OK;
    for (size_t u = 1; u <= n_units; u++)
        if (plan_unit(model, u, &planned->units[u], errors) != ES_OK)
            status = ES_UNAVAILABLE;
    if (status != ES_OK)
        goto done;
    find_readers(planned);
    status = assign_slots(planned, keep_outputs);
    if (status == ES_OK) {
        *plan = planned;
        planned = NULL;
    }
done:
    if (status == ES_NO_MEMORY)
        es_errors_add(errors, status, NULL, 0, "%s: %s", model->name, es_status_text(status));
    es_plan_destroy(planned);
    return status;
}

void es_plan_destroy(es_plan *plan) {
    if (plan == NULL)
        return;
    free(plan->units);
    free(plan);
}

void es_plan_padding(const es_layer *conv, int64_t in, int64_t out, int64_t *before,
                     int64_t *after) {
    int64_t read = (out - 1) * conv->stride + conv->kernel;
    *before = (conv->kernel - 1) / 2;
    *after = read - in - *before > 0 ? read - in - *before : 0;
}
