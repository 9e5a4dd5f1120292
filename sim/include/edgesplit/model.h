/* Networks as immutable directed acyclic graphs of layers in topological order, and their cuts.
 *
 * SEMANTICS 1: layers 1..L, layer 0 is the input; cut l runs layers 1..l on the device and the rest
 * on the server. One graph has three granularities: `leaf` (every operator), `fused` (convolution +
 * batch norm + activation + residual add as the one kernel that runs) and `block` (stem, residual
 * blocks, head, pool, classifier). A coarser granularity only has fewer places to cut: its units
 * are runs of consecutive leaf layers. */
#ifndef EDGESPLIT_MODEL_H
#define EDGESPLIT_MODEL_H

#include "edgesplit/error.h"

#include <stdint.h>

typedef enum es_op {
#define ES_OP(name, text) ES_OP_##name,
#include "edgesplit/op.def"
#undef ES_OP
} es_op;

/* Lends the operator's name, e.g. "conv". */
const char *es_op_text(es_op op);

typedef enum es_granularity { ES_LEAF, ES_FUSED, ES_BLOCK, ES_N_GRANULARITIES } es_granularity;

/* Lends "leaf", "fused" or "block". */
const char *es_granularity_text(es_granularity granularity);
ES_NODISCARD es_status es_granularity_parse(const char *text, es_granularity *granularity);

/* Shape of one image's tensor: channels, height, width. A vector has height = width = 1. */
typedef struct es_shape {
    int64_t c, h, w;
} es_shape;

static inline int64_t es_shape_elems(es_shape shape) {
    return shape.c * shape.h * shape.w;
}

typedef struct es_layer {
    const char *name; /* e.g. "block2.expand.conv"; unique in the model */
    es_op op;
    es_shape in;        /* of the first input; of `out` for the input layer */
    es_shape out;       /* output tensor, per image */
    int kernel, stride; /* convolutions: square window, both sides; else 0 */
    int64_t groups;     /* convolutions: 1 dense, in.c depthwise; else 0 */
    bool bias;          /* convolutions and linear layers */
    size_t n_inputs;    /* tensors read: 1 or 2, 0 for the input layer */
    size_t inputs[2];   /* the layers that made them, ascending; 0 is the network's input */
    int64_t params;     /* trainable parameters (batch norm: scale and shift) */
    int64_t macs; /* multiply-accumulates per image; 0 for all but convolutions and linear layers */
} es_layer;

/* A cut: the head ends behind layer `last_layer`. */
typedef struct es_cut {
    const char *name;    /* of the unit the head ends with: "input", "stem", "block4", ... */
    size_t last_layer;   /* leaf index, 0 .. n_layers */
    size_t n_tensors;    /* tensors that cross, each counted once; 0 at the last cut */
    int64_t elems;       /* elements that cross, per image */
    double compression;  /* c = elems / |x|; 0 at the last cut */
    bool natural;        /* c < 1, and not the last cut */
    bool compressive;    /* natural and a strict record low of c among all earlier cuts of this
                            granularity */
    bool residual_block; /* the unit is one of the network's repeated blocks: what the paper counts
                          */
    int64_t head_params, head_macs; /* of layers 1 .. last_layer */
} es_cut;

typedef struct es_model {
    const char *name;                       /* e.g. "efficientnet-b0" */
    const char *source;                     /* the paper it follows */
    size_t n_layers;                        /* L, leaf */
    const es_layer *layers;                 /* [n_layers + 1]; 0 is the input */
    size_t n_cuts[ES_N_GRANULARITIES];      /* units + 1 */
    const es_cut *cuts[ES_N_GRANULARITIES]; /* [n_cuts]; ascending last_layer, the first is 0, the
                                               last n_layers */
} es_model;

/* Creates a network of the zoo by its name, at `resolution` pixels per side (0: the published
 * default). ES_INVALID: unknown name (the record says the nearest known one) or a resolution
 * outside 32 .. 4096; ES_NO_MEMORY. O(layers + edges) time and memory. */
ES_NODISCARD es_status es_model_create(const char *name, int64_t resolution, es_model **model,
                                       es_errors *errors);
void es_model_destroy(es_model *model);

/* The names of the zoo, in table order: the i-th, or NULL behind the last one. */
const char *es_model_zoo_name(size_t i);
/* One line about it: paper, default resolution. NULL behind the last one. */
const char *es_model_zoo_summary(size_t i);

/* The cut of one granularity whose head ends with leaf `last_layer`; n_cuts if there is none. O(log
 * cuts). */
size_t es_model_find_cut(const es_model *model, es_granularity granularity, size_t last_layer);

/* The cut of that name; n_cuts if there is none. */
size_t es_model_find_cut_name(const es_model *model, es_granularity granularity, const char *name);

#endif
