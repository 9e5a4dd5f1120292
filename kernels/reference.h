/* A network evaluated the plain way: every leaf layer on its own, in double precision, straight
 * from its definition. Slow; what the backends' values are checked against. */
#ifndef KERNELS_REFERENCE_H
#define KERNELS_REFERENCE_H

#include "edgesplit/model.h"

/* Creates the outputs of all leaf layers for the made-up input and weights of weights.h:
 * `(*outputs)[l]` is [batch][c][h][w] of layer l, the input included. ES_NO_MEMORY.
 * O(batch * macs) time; memory for every tensor. */
ES_NODISCARD es_status es_reference_run(const es_model *model, int64_t batch, double ***outputs);
void es_reference_destroy(const es_model *model, double **outputs);

#endif
