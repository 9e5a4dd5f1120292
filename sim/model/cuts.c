#include "cuts.h"

void count_readers(const es_layer *layers, size_t n_layers, size_t *n_readers,
                   size_t *last_readers) {
    for (size_t l = 0; l <= n_layers; l++)
        n_readers[l] = last_readers[l] = 0;
    for (size_t l = 1; l <= n_layers; l++)
        for (size_t i = 0; i < layers[l].n_inputs; i++) {
            size_t read = layers[l].inputs[i];
            n_readers[read] += last_readers[read] != l;
            last_readers[read] = l;
        }
}

/* A layer's output joins the tensors that cross if anyone reads it; what it is the last to read
 * leaves them. */
void cut_leaves(const es_layer *layers, size_t n_layers, size_t *last_readers, es_cut *cuts) {
    es_cut cut = {0};
    for (size_t l = 0; l <= n_layers; l++) {
        for (size_t i = 0; i < layers[l].n_inputs; i++) {
            size_t read = layers[l].inputs[i];
            if (last_readers[read] != l)
                continue;
            last_readers[read] = 0;
            cut.n_tensors--;
            cut.elems -= es_shape_elems(layers[read].out);
            cut.input_elems = read == 0 ? 0 : cut.input_elems;
        }
        if (last_readers[l] > l) {
            cut.n_tensors++;
            cut.elems += es_shape_elems(layers[l].out);
            cut.input_elems = l == 0 ? cut.elems : cut.input_elems;
        }
        cut.last_layer = l;
        cut.compression = (double)cut.elems / (double)es_shape_elems(layers[0].out);
        cut.head_params += layers[l].params;
        cut.head_macs += layers[l].macs;
        cuts[l] = cut;
    }
}

void cut_units(const es_cut *leaf, size_t n_units, const unit *units, es_cut *cuts) {
    int64_t least_elems = leaf[0].elems;
    cuts[0] = leaf[0];
    for (size_t i = 1; i <= n_units; i++) {
        es_cut *cut = &cuts[i];
        *cut = leaf[units[i - 1].last_layer];
        cut->name = units[i - 1].name;
        cut->residual_block = units[i - 1].residual_block;
        cut->natural = i < n_units && cut->elems < leaf[0].elems;
        cut->compressive = cut->natural && cut->elems < least_elems;
        if (cut->compressive)
            least_elems = cut->elems;
    }
}

size_t join_single_tensor(const es_cut *leaf, size_t n_units, const unit *units, unit *blocks) {
    size_t n = 0;
    for (size_t u = 0; u < n_units; u++)
        if (u + 1 == n_units || leaf[units[u].last_layer].n_tensors == 1)
            blocks[n++] = units[u];
    return n;
}
