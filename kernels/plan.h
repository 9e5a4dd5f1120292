/* A network as the kernels that run it: the fused units of a model, who reads whose output, and
 * which outputs may lie in the same memory. Backends build from this. */
#ifndef KERNELS_PLAN_H
#define KERNELS_PLAN_H

#include "edgesplit/model.h"

/* One layer, which decides what kernel runs, then a chain of `n_chain` layers that each read only
 * the one before (scale, activation, one addition), then views. */
typedef struct es_fused_unit {
    const char *name;               /* of the unit's cut, e.g. "block2.project" */
    const es_layer *layer;          /* the first */
    size_t layer_index, last_layer; /* leaf: of `layer` and of the unit's last */
    size_t n_chain;                 /* layers layer_index + 1 .. layer_index + n_chain */
    const size_t *inputs; /* [layer->n_inputs] units that `layer` reads; 0: the network's input */
    size_t adds;          /* leaf index of the addition in the chain; 0: none */
    size_t residual;      /* the unit that is added; its own number: its own result */
    size_t root; /* the unit whose bytes it may share: of what it reads, if it only consists of
                    views; else its own number */
    size_t last_reader; /* the last unit that needs this one's bytes; its own number if none does */
    size_t slot;        /* where its output lies: units that are never needed together share one */
} es_fused_unit;

typedef struct es_plan {
    const es_model *model; /* borrowed */
    size_t n_units;        /* the input not counted */
    es_fused_unit *units;  /* [n_units + 1]; 0 is the input: `layer` is the model's layer 0 */
    size_t *inputs;        /* of all units */
    size_t n_slots;
} es_plan;

/* Creates the plan of a model's fused units. `keep_outputs` gives every unit a slot of its own, so
 * that all outputs can be read after a pass. ES_NO_MEMORY. O(layers + edges + units * slots). */
ES_NODISCARD es_status es_plan_create(const es_model *model, bool keep_outputs, es_plan **plan,
                                      es_errors *errors);
void es_plan_destroy(es_plan *plan);

/* Why a backend cannot run a unit, and in `*cause` the layer to blame; NULL: it can. */
typedef const char *es_refuse(const es_plan *plan, const es_fused_unit *unit,
                              const es_layer **cause);

/* Says of every unit that a backend refuses why. ES_UNAVAILABLE if there is one. */
ES_NODISCARD es_status es_plan_check(const es_plan *plan, const char *backend, es_refuse *refuse,
                                     es_errors *errors);

/* The shape of a unit's output, its views included. */
es_shape es_plan_out(const es_plan *plan, size_t unit);

/* Whether a unit begins with a sum of products, into whose kernel the chain may go. */
static inline bool es_fused_unit_is_weighted(const es_fused_unit *unit) {
    return es_op_fusing(unit->layer->op) == ES_FUSING_WEIGHTED;
}

/* Whether the chain's first layer is a batch norm that can be folded into the weights before it: it
 * scales the channels that these write. */
bool es_fused_unit_folds(const es_plan *plan, const es_fused_unit *unit);

#endif
