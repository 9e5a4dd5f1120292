/* Made-up network parameters: times of dense kernels do not depend on the values as long as these
 * are ordinary numbers, so no trained weights are needed. Every number is a fixed function of its
 * layer, role and place: the same on every machine, in every order. */
#ifndef KERNELS_WEIGHTS_H
#define KERNELS_WEIGHTS_H

#include "plan.h"

typedef enum es_weights_role {
    ES_WEIGHTS, /* of sums of products: [out channels][es_weights_per_output] */
    ES_BIAS,    /* of these: [out channels] */
    ES_SCALE, /* batch norm, each [c]: y = scale * (x - mean) / sqrt(variance + epsilon) + shift */
    ES_SHIFT, /* layer norm likewise, with the mean and variance of the elements themselves */
    ES_MEAN,
    ES_VARIANCE,
    ES_CONSTANT, /* the second operand of an elementwise layer with one input; the constant part of
                    a concatenation */
} es_weights_role;

#define ES_BATCH_NORM_EPSILON 1e-3

/* Channels that a sum of products writes, and weights that it has for each: a convolution's
 * [in.c / groups][rows][columns], transposed or not; a linear layer's last input dimension, which
 * is also that of a product of a tensor and a constant matrix. */
int64_t es_weights_outputs(const es_layer *layer);
int64_t es_weights_per_output(const es_layer *layer);

/* Fills values [n] with the first numbers of a role of layer `index` of a model. Weights are
 * uniform with a variance of 1 over the fan-in (LeCun et al., "Efficient BackProp", 1998, section
 * 4.6), so that activations neither vanish nor, through many residual additions, explode; constants
 * lie around 1 where they are factors, else around 0. O(n). */
void es_weights_fill(const es_model *model, size_t index, es_weights_role role, int64_t n,
                     float *values);

/* The network's input, uniform in -1 .. 1. */
void es_weights_fill_input(int64_t n, float *values);

/* Fills weights [es_weights_outputs][es_weights_per_output] and bias [es_weights_outputs] of a
 * weighted unit with its batch norm folded in, if es_fused_unit_folds: weights times scale /
 * sqrt(variance + epsilon), and the bias to match; a bias of 0 where the unit has none.
 * ES_NO_MEMORY. */
ES_NODISCARD es_status es_weights_fold(const es_plan *plan, const es_fused_unit *unit,
                                       float *weights, float *bias);

#endif
