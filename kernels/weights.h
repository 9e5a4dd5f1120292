/* Made-up network parameters: times of dense kernels do not depend on the values as long as these
 * are ordinary numbers, so no trained weights are needed. Every number is a fixed function of its
 * layer, role and place: the same on every machine, in every order. */
#ifndef KERNELS_WEIGHTS_H
#define KERNELS_WEIGHTS_H

#include "plan.h"

typedef enum es_weights_role {
    ES_WEIGHTS, /* conv, linear: [out.c][in.c / groups][kernel][kernel] or [out.c][in.c * h * w] */
    ES_BIAS,    /* conv, linear: [out.c] */
    ES_SCALE, /* batch norm, each [c]: y = scale * (x - mean) / sqrt(variance + epsilon) + shift */
    ES_SHIFT,
    ES_MEAN,
    ES_VARIANCE,
} es_weights_role;

#define ES_BATCH_NORM_EPSILON 1e-3

/* Weights that a convolution or linear layer has for each output channel. */
int64_t es_weights_per_output(const es_layer *layer);

/* Number `i` of a role of layer `index` of a model. Weights are uniform with a variance of 2 over
 * the fan-in (He et al., "Delving Deep into Rectifiers", ICCV 2015, equation 10), which keeps
 * activations of the order of 1. O(1). */
float es_weights_at(const es_model *model, size_t index, es_weights_role role, int64_t i);

/* Number `i` of the network's input, uniform in -1 .. 1. */
float es_weights_input(int64_t i);

/* Fills weights [out.c][es_weights_per_output] and bias [out.c] of a convolution or linear unit
 * with its batch norm folded in: weights times scale / sqrt(variance + epsilon), and the bias to
 * match; a bias of 0 where the unit has none. */
void es_weights_fold(const es_model *model, const es_fused_unit *unit, float *weights, float *bias);

#endif
