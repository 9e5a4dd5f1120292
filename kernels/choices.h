/* What a layer graph leaves open although a kernel has to know it: a layer states shapes and a
 * number of parameters, but no axes, offsets or slopes. Times hardly depend on them; that backends
 * and the reference choose alike matters. */
#ifndef KERNELS_CHOICES_H
#define KERNELS_CHOICES_H

#include "edgesplit/model.h"

/* Slopes and bounds of activations; the exponent of a power. */
#define ES_LEAKY_RELU_SLOPE   0.01
#define ES_ELU_SLOPE          1.0
#define ES_CLIP_LEAST         0.0
#define ES_CLIP_GREATEST      6.0
#define ES_HARD_SIGMOID_SLOPE (1.0 / 6.0)
#define ES_POWER              2.0

/* Of local response normalisation: A. Krizhevsky et al., NIPS 2012, section 3.3. */
enum { ES_LOCAL_RESPONSE_SIZE = 5 };
#define ES_LOCAL_RESPONSE_ALPHA 1e-4
#define ES_LOCAL_RESPONSE_BETA  0.75
#define ES_LOCAL_RESPONSE_K     2.0

#define ES_LAYER_NORM_EPSILON 1e-5

/* A shape with dimensions of 1 put in front, up to `rank`. */
es_shape es_shape_lead(es_shape shape, int rank);

/* The dimension along which a concatenation joins its inputs; how much of it is a constant, which
 * comes first, goes to `*constant_length`. */
int es_choose_concat_axis(const es_model *model, const es_layer *concat, int64_t *constant_length);

/* out.dims[d] = in.dims[permutation[d]]: the first in lexicographic order that moves anything.
 * False if the shapes are no permutation of each other. */
bool es_choose_permutation(const es_layer *transpose, int permutation[ES_MAX_RANK]);

/* The input's shape with 1 for the dimensions that a reduction sums over: those that the output has
 * not, or has as 1, the last ones if in doubt. False: the shapes do not fit. */
bool es_choose_kept(const es_layer *reduction, es_shape *kept);

/* The shape, of the output's rank, of the constant of an elementwise operator with one input: one
 * number, one per channel of a map, a number for each element of the last dimensions, or any others
 * that give as many as the layer has parameters. False: none does. */
bool es_choose_constant(const es_layer *elementwise, es_shape *constant);

/* Trailing elements over which a layer norm averages: of as many dimensions as it has scales. */
int64_t es_choose_norm_extent(const es_layer *norm);

/* Padding behind the last row (axis 0) or column (1) as far as windows reach; less than the layer
 * states where the last window ends before it, more in "ceil mode". Of a transposed convolution
 * what is cut off there, negative where zeros are added. */
int64_t es_choose_after(const es_layer *layer, int axis);

#endif
