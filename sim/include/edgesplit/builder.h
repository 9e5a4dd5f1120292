/* Builds a network layer by layer: what the zoo, the text form and the importers have in common. It
 * checks every layer, derives what follows from what (parameters, multiply-accumulates, fused
 * units, cuts) and never trusts its caller: sizes that overflow or contradict each other are
 * mistakes of a file, not of ours.
 *
 * Names become words that a table can hold: '_' takes the place of blanks, commas, quotes and
 * control characters. They should differ from each other; that is the caller's business.
 *
 * A builder that has run out of memory ignores further calls; es_builder_finish reports it once. */
#ifndef EDGESPLIT_BUILDER_H
#define EDGESPLIT_BUILDER_H

#include "edgesplit/model.h"

typedef struct es_builder es_builder;

enum { ES_PROBLEM_TEXT = 200 };

/* Creates a builder whose network has only its input, "input", so far; `input` is a valid shape.
 * NULL if memory has run out. */
es_builder *es_builder_create(es_shape input);
void es_builder_destroy(es_builder *builder);

/* The layers that follow form the block `name`; `residual_block` as in es_cut. A network without
 * any is given blocks: the runs of fused units between consecutive single-tensor cuts, named after
 * the last unit. */
void es_builder_begin_block(es_builder *builder, const char *name, bool residual_block);

/* The first fused unit that begins with one of the layers that follow is called so; others are
 * named after their first layer. */
void es_builder_begin_unit(es_builder *builder, const char *name);

/* Appends a layer; its number goes to `*index`. The caller sets op, out, inputs, and window,
 * groups, bias and params where the operator has them (params are derived for convolutions and
 * linear layers); name, in and macs are set here. `name` is copied.
 *
 * ES_INVALID: what `layer` says is impossible; the reason goes to `problem` and nothing is
 * appended. O(inputs) time. */
ES_NODISCARD es_status es_builder_append(es_builder *builder, const char *name,
                                         const es_layer *layer, size_t *index,
                                         char problem[ES_PROBLEM_TEXT]);

/* Layers so far, the input counted; the shape of one. After a failure 1 and a scalar. */
size_t es_builder_n_layers(const es_builder *builder);
es_shape es_builder_shape(const es_builder *builder, size_t layer);

/* Creates the finished model with its cuts; the texts are copied. ES_INVALID: no layer, or a total
 * that overflows, said in `problem`; ES_NO_MEMORY. O(layers + edges). */
ES_NODISCARD es_status es_builder_finish(es_builder *builder, const char *name, const char *source,
                                         es_model **model, char problem[ES_PROBLEM_TEXT]);

/* What a window leaves of `in` pixels on axis 0 (rows) or 1 (columns), rounded down, or up as in
 * pooling with "ceil mode": then a window that would begin in the padding behind the last pixel is
 * left out. 0 or less: it does not fit. */
int64_t es_window_out(const es_window *window, int axis, int64_t in, bool up);

/* Kernel, stride and padding alike on all sides; no dilation. */
es_window es_window_square(int64_t kernel, int64_t stride, int64_t padding);

#endif
