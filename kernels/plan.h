/* A network as the kernels that run it: the fused units of a model, each one convolution, linear
 * layer, pooling or scaling with what is folded into it, and who reads whose output. Backends build
 * from this. */
#ifndef KERNELS_PLAN_H
#define KERNELS_PLAN_H

#include "edgesplit/model.h"

typedef struct es_fused_unit {
    const char *name;      /* of the unit's cut, e.g. "block2.project" */
    const es_layer *layer; /* what runs: ES_OP_CONV, _LINEAR, _GLOBAL_AVERAGE_POOL or _MUL */
    size_t layer_index, last_layer; /* leaf: of `layer` and of the unit's last */
    size_t batch_norm;              /* leaf index of the batch norm to fold in; 0: none */
    es_op activation;               /* ES_OP_SILU or ES_OP_SIGMOID behind it; ES_OP_INPUT: none */
    size_t
        inputs[2];   /* units that `layer` reads, layer->n_inputs of them; 0: the network's input */
    bool adds;       /* a residual connection ends here, behind the activation */
    size_t residual; /* the unit that is added; 0: the network's input */
    size_t
        last_reader; /* the last unit that reads this one's output; its own number if none does */
    size_t slot;     /* where its output lies: units that are never needed together share one */
} es_fused_unit;

typedef struct es_plan {
    const es_model *model; /* borrowed */
    size_t n_units;        /* the input not counted */
    es_fused_unit *units;  /* [n_units + 1]; 0 is the input: `layer` is the model's layer 0 */
    size_t n_slots;
} es_plan;

/* Creates the plan of a model's fused units. `keep_outputs` gives every unit a slot of its own, so
 * that all outputs can be read after a pass. ES_UNAVAILABLE: a unit that is not of the form
 * (conv | linear) [batch-norm] [silu | sigmoid] [add], global-average-pool or mul (one record for
 * each); ES_NO_MEMORY. O(layers + units * slots). */
ES_NODISCARD es_status es_plan_create(const es_model *model, bool keep_outputs, es_plan **plan,
                                      es_errors *errors);
void es_plan_destroy(es_plan *plan);

/* Zeros around a convolution's input of `in` pixels per side: centred, `*before` ahead of the first
 * pixel and `*after` behind the last one that a window reads. */
void es_plan_padding(const es_layer *conv, int64_t in, int64_t out, int64_t *before,
                     int64_t *after);

#endif
