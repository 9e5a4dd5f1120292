/* A network evaluated the plain way: every leaf layer on its own, in double precision, straight
 * from its definition. Slow; what the backends' values are checked against. */
#ifndef KERNELS_REFERENCE_H
#define KERNELS_REFERENCE_H

#include "edgesplit/model.h"

/* Creates the outputs of all leaf layers for the made-up input and weights of weights.h:
 * `(*outputs)[l]` is [batch][shape] of layer l, the input included. The model is one that a backend
 * takes. ES_UNAVAILABLE: an operator without a definition (custom, group norm); ES_NO_MEMORY.
 * O(batch * macs) time; memory for every tensor. */
ES_NODISCARD es_status es_reference_run(const es_model *model, int64_t batch, double ***outputs);
void es_reference_destroy(const es_model *model, double **outputs);

/* The same in parts. */

/* Whether an operator has a definition here. */
bool es_reference_can_run(es_op op);

/* Creates the outputs, of which the input alone is filled. ES_NO_MEMORY. */
ES_NODISCARD es_status es_reference_create_outputs(const es_model *model, int64_t batch,
                                                   double ***outputs);

/* Creates the parameters of a layer, one role behind the other; a bias that it has not is 0. NULL:
 * out of memory. */
ES_NODISCARD float *es_reference_parameters(const es_model *model, size_t index);

/* Fills the output of layer `index` from those before it. ES_NO_MEMORY. */
ES_NODISCARD es_status es_reference_run_layer(const es_model *model, size_t index, int64_t batch,
                                              const float *parameters, double **outputs);

#endif
