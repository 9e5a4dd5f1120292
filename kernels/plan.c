#include "plan.h"

#include "edgesplit/alloc.h"

/* The unit that makes a layer's output. What another unit reads is the last layer of its own: a
 * layer inside of a unit has one reader, the next layer. */
static size_t unit_of(const es_model *model, size_t layer) {
    size_t unit = es_model_find_cut(model, ES_FUSED, layer);
    ES_REQUIRE(unit < model->n_cuts[ES_FUSED]);
    return unit;
}

es_shape es_plan_out(const es_plan *plan, size_t unit) {
    return plan->model->layers[plan->units[unit].last_layer].out;
}

bool es_fused_unit_folds(const es_plan *plan, const es_fused_unit *unit) {
    const es_layer *layer = unit->layer;
    bool by_channel = layer->op == ES_OP_CONV || layer->op == ES_OP_CONV_TRANSPOSE ||
                      (layer->op == ES_OP_LINEAR && layer->out.rank == 1);
    return by_channel && unit->n_chain > 0 &&
           plan->model->layers[unit->layer_index + 1].op == ES_OP_BATCH_NORM;
}

/* Fills in a unit; its inputs go to `inputs`. Units before it are complete. */
static void plan_unit(es_plan *plan, size_t number, size_t *inputs) {
    const es_model *model = plan->model;
    const es_cut *cuts = model->cuts[ES_FUSED];
    size_t first = cuts[number - 1].last_layer + 1;
    es_fused_unit *unit = &plan->units[number];
    *unit = (es_fused_unit){.name = cuts[number].name,
                            .layer = &model->layers[first],
                            .layer_index = first,
                            .last_layer = cuts[number].last_layer,
                            .inputs = inputs,
                            .root = number,
                            .last_reader = number};
    for (size_t i = 0; i < unit->layer->n_inputs; i++)
        inputs[i] = unit_of(model, unit->layer->inputs[i]);
    if (es_op_fusing(unit->layer->op) == ES_FUSING_VIEW)
        unit->root = plan->units[inputs[0]].root;
    for (size_t at = first + 1; at <= unit->last_layer; at++) {
        const es_layer *layer = &model->layers[at];
        if (es_op_fusing(layer->op) == ES_FUSING_VIEW)
            break;
        unit->n_chain++;
        if (layer->n_inputs != 2)
            continue;
        size_t other = layer->inputs[layer->inputs[0] == at - 1];
        unit->adds = at;
        unit->residual = other == at - 1 ? number : unit_of(model, other);
    }
}

static void reads(es_plan *plan, size_t reader, size_t unit) {
    if (plan->units[unit].last_reader < reader)
        plan->units[unit].last_reader = reader;
}

/* Sets last_reader of all units, the last one first: a view needs what it shows as long as it is
 * needed itself. */
static void find_readers(es_plan *plan) {
    for (size_t u = plan->n_units; u > 0; u--) {
        const es_fused_unit *unit = &plan->units[u];
        for (size_t i = 0; i < unit->layer->n_inputs; i++)
            reads(plan, unit->root == u ? u : unit->last_reader, unit->inputs[i]);
        if (unit->adds != 0)
            reads(plan, u, unit->residual);
    }
}

/* Whether a unit can form its sum in the place of what it adds: nobody needs that later, the kernel
 * reads it nowhere else, and nothing comes between the sum of products and the addition. */
static bool adds_in_place(const es_plan *plan, size_t number) {
    const es_fused_unit *unit = &plan->units[number];
    const es_fused_unit *residual = &plan->units[unit->residual];
    bool in_place = unit->adds != 0 && unit->residual != 0 && unit->residual != number &&
                    es_fused_unit_is_weighted(unit) && residual->root == unit->residual &&
                    residual->last_reader == number &&
                    unit->adds == unit->layer_index + 1 + es_fused_unit_folds(plan, unit) &&
                    es_shape_equal(es_plan_out(plan, unit->residual), unit->layer->out);
    for (size_t i = 0; i < unit->layer->n_inputs; i++)
        in_place = in_place && plan->units[unit->inputs[i]].root != unit->residual;
    return in_place;
}

/* Gives each output the first slot whose content no later unit needs, or that of what is added to
 * it in place. The input has a slot of its own, because the next pass reads it again. */
static es_status assign_slots(es_plan *plan, bool keep_outputs) {
    size_t *free_from = es_alloc(plan->n_units + 1, sizeof *free_from);
    if (free_from == NULL)
        return ES_NO_MEMORY;
    free_from[0] = SIZE_MAX;
    plan->n_slots = 1;
    for (size_t u = 1; u <= plan->n_units; u++) {
        es_fused_unit *unit = &plan->units[u];
        size_t slot = 1;
        while (slot < plan->n_slots && free_from[slot] > u)
            slot++;
        if (!keep_outputs && adds_in_place(plan, u))
            slot = plan->units[unit->residual].slot;
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
    size_t n_units = model->n_cuts[ES_FUSED] - 1, n_inputs = 0;
    es_status status = ES_NO_MEMORY;
    es_plan *planned = es_alloc(1, sizeof *planned);
    if (planned == NULL)
        goto done;
    for (size_t l = 1; l <= model->n_layers; l++)
        n_inputs += model->layers[l].n_inputs;
    *planned = (es_plan){.model = model,
                         .n_units = n_units,
                         .units = es_alloc(n_units + 1, sizeof *planned->units),
                         .inputs = es_alloc(n_inputs, sizeof *planned->inputs)};
    if (planned->units == NULL || planned->inputs == NULL)
        goto done;
    planned->units[0] =
        (es_fused_unit){.name = model->cuts[ES_FUSED][0].name, .layer = model->layers};
    size_t *inputs = planned->inputs;
    for (size_t u = 1; u <= n_units; u++) {
        plan_unit(planned, u, inputs);
        inputs += planned->units[u].layer->n_inputs;
    }
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
    free(plan->inputs);
    free(plan);
}

es_status es_plan_check(const es_plan *plan, const char *backend, es_refuse *refuse,
                        es_errors *errors) {
    es_status status = ES_OK;
    for (size_t u = 1; u <= plan->n_units; u++) {
        const es_fused_unit *unit = &plan->units[u];
        const es_layer *cause = unit->layer;
        const char *reason = refuse(plan, unit, &cause);
        if (reason != NULL)
            status = es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                                   "%s: unit %zu (%s): backend %s cannot run %s (%s): %s",
                                   plan->model->name, u, unit->name, backend, es_op_text(cause->op),
                                   cause->name, reason);
    }
    return status;
}
