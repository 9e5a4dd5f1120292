/* Which leaf layers run as one kernel. A weighted layer takes in, in this order and each at most
 * once, a scale (batch norm), an activation, a residual add and an activation behind it: what cuDNN
 * and oneDNN compute on a tile before it is written. Without a weighted layer in front the same
 * chain is one elementwise kernel. Views move no data and belong to whatever they follow. A layer
 * is taken in only if it is the next one, and the only one that reads what the kernel has computed
 * so far. */
#include "cuts.h"

/* What a kernel has taken in so far; it takes in what comes later in this order. */
typedef enum stage {
    STAGE_WEIGHTED,
    STAGE_SCALE,
    STAGE_ACTIVATION,
    STAGE_ADD,
    STAGE_LAST_ACTIVATION,
    STAGE_CLOSED, /* views only */
} stage;

/* The stage a layer brings a kernel to that it begins. */
static stage first_stage(const es_layer *layer) {
    switch (es_op_fusing(layer->op)) {
    case ES_FUSING_WEIGHTED: return STAGE_WEIGHTED;
    case ES_FUSING_SCALE: return STAGE_SCALE;
    case ES_FUSING_ACTIVATION: return STAGE_ACTIVATION;
    case ES_FUSING_ELEMENTWISE:
        if (layer->n_inputs == 1)
            return STAGE_SCALE;
        return layer->op == ES_OP_ADD ? STAGE_ADD : STAGE_CLOSED;
    case ES_FUSING_VIEW:
    case ES_FUSING_ALONE: break;
    }
    return STAGE_CLOSED;
}

/* The stage after `layer`, which reads the kernel's result, has been taken in at `now`; `now`
 * itself for a view, and STAGE_WEIGHTED if it cannot be. */
static stage next_stage(stage now, const es_layer *layer, const es_layer *read) {
    bool same_shape = es_shape_equal(layer->out, read->out);
    stage then = first_stage(layer);
    if (es_op_fusing(layer->op) == ES_FUSING_VIEW)
        return STAGE_CLOSED;
    if (then == STAGE_ACTIVATION && now == STAGE_ADD)
        then = STAGE_LAST_ACTIVATION;
    return then != STAGE_CLOSED && then > now && same_shape ? then : STAGE_WEIGHTED;
}

static bool reads(const es_layer *layer, size_t l) {
    for (size_t i = 0; i < layer->n_inputs; i++)
        if (layer->inputs[i] == l)
            return true;
    return false;
}

size_t fuse(const es_layer *layers, size_t n_layers, const size_t *n_readers,
            const char *const *labels, unit *units) {
    size_t n = 0;
    const char *used = NULL;
    for (size_t first = 1, last; first <= n_layers; first = last + 1) {
        stage now = first_stage(&layers[first]);
        for (last = first; last < n_layers; last++) {
            const es_layer *next = &layers[last + 1];
            if (n_readers[last] != 1 || !reads(next, last))
                break;
            stage then = next_stage(now, next, &layers[last]);
            if (then == STAGE_WEIGHTED)
                break;
            now = then;
        }
        bool named = labels[first] != NULL && labels[first] != used;
        units[n++] = (unit){named ? labels[first] : layers[first].name, last, false};
        used = labels[first];
    }
    return n;
}
