/* Private to the module: what a single layer has to fulfil. */
#ifndef MODEL_LAYER_H
#define MODEL_LAYER_H

#include "edgesplit/builder.h"

/* Whether a one-line text, and a name in a table, may hold a character: names neither blanks nor
 * commas nor quotes. */
bool is_text_character(char c);
bool is_name_character(char c);

/* What an operator is described by, besides shapes. */
bool op_has_window(es_op op);
bool op_has_groups(es_op op);
bool op_has_bias(es_op op);

/* Completes a layer that reads tensors of these shapes [layer->n_inputs]: sets in, macs, and params
 * where they follow from the shapes; what the operator does not have becomes 0. ES_INVALID with the
 * reason in `problem`. O(inputs). */
ES_NODISCARD es_status layer_complete(es_layer *layer, const es_shape *const *inputs,
                                      char problem[ES_PROBLEM_TEXT]);

#endif
