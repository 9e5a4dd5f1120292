/* Private to the module: where the layers of a network can be parted. */
#ifndef MODEL_CUTS_H
#define MODEL_CUTS_H

#include "edgesplit/model.h"

/* A run of consecutive leaf layers that ends with `last_layer`. */
typedef struct unit {
    const char *name;
    size_t last_layer;
    bool residual_block;
} unit;

/* Finds the fused units of layers 1 .. n_layers, whose readers [n_layers + 1] are counted (layers,
 * not edges); a unit takes the name `labels` [n_layers + 1] gives the layer it begins with, unless
 * that is NULL or the unit before took it: then the layer's own. Writes at most
 * n_layers units and returns how many. O(layers + edges). */
size_t fuse(const es_layer *layers, size_t n_layers, const size_t *n_readers,
            const char *const *labels, unit *units);

/* Joins fused units into blocks: each ends with a single-tensor cut, or with the network. `leaf`
 * are the leaf cuts. Returns how many; at most n_units. O(units). */
size_t join_single_tensor(const es_cut *leaf, size_t n_units, const unit *units, unit *blocks);

/* Counts, for each layer [n_layers + 1], the layers that read it, and finds the last of them (0:
 * none). O(layers + edges). */
void count_readers(const es_layer *layers, size_t n_layers, size_t *n_readers,
                   size_t *last_readers);

/* What crosses the cut behind every leaf layer, and the costs up to there: cuts [n_layers + 1]
 * without names and bottlenecks. `last_readers` is used up. O(layers + edges). */
void cut_leaves(const es_layer *layers, size_t n_layers, size_t *last_readers, es_cut *cuts);

/* The cuts of one granularity [n_units + 1]: named after the units, bottlenecks marked. O(units).
 */
void cut_units(const es_cut *leaf, size_t n_units, const unit *units, es_cut *cuts);

#endif
