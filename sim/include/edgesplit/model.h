/* Networks as immutable directed acyclic graphs of layers in topological order, and their cuts.
 *
 * SEMANTICS 1: layers 1..L, layer 0 is the input; cut l runs layers 1..l on the device and the rest
 * on the server. One graph has three granularities: `leaf` (every operator), `fused` (convolution +
 * batch norm + activation + residual add as the one kernel that runs) and `block` (stem, residual
 * blocks, head, pool, classifier; in imported networks the runs of fused units between consecutive
 * single-tensor cuts). A coarser granularity only has fewer places to cut: its units are runs of
 * consecutive leaf layers. What no layer reads is an output of the network; it stays where it is
 * made. */
#ifndef EDGESPLIT_MODEL_H
#define EDGESPLIT_MODEL_H

#include "edgesplit/error.h"
#include "edgesplit/text.h"

#include <stdint.h>

typedef enum es_op {
#define ES_OP(name, text, fusing) ES_OP_##name,
#include "edgesplit/op.def"
#undef ES_OP
    ES_N_OPS
} es_op;

/* What an operator is to a kernel that computes several layers at once; es_model's fused units
 * follow from it (fuse.c has the rule). */
typedef enum es_fusing {
    ES_FUSING_WEIGHTED,    /* sums of products: begins a kernel and takes in what follows */
    ES_FUSING_SCALE,       /* a factor and a summand per channel */
    ES_FUSING_ACTIVATION,  /* a function of each element alone */
    ES_FUSING_ELEMENTWISE, /* of two tensors; with a constant in place of one a SCALE */
    ES_FUSING_VIEW,        /* moves no data */
    ES_FUSING_ALONE,       /* a kernel of its own */
} es_fusing;

/* Lends the operator's name, e.g. "conv". */
const char *es_op_text(es_op op);
es_fusing es_op_fusing(es_op op);
/* ES_INVALID: no operator is called so. */
ES_NODISCARD es_status es_op_parse(es_slice text, es_op *op);

typedef enum es_granularity { ES_LEAF, ES_FUSED, ES_BLOCK, ES_N_GRANULARITIES } es_granularity;

/* Lends "leaf", "fused" or "block". */
const char *es_granularity_text(es_granularity granularity);
ES_NODISCARD es_status es_granularity_parse(const char *text, es_granularity *granularity);

enum { ES_MAX_RANK = 6 };

/* Shape of one image's tensor, outermost dimension first; the batch is not part of it. Dimensions
 * from `rank` on are 1, so that a vector [n] has c = n, h = w = 1. */
typedef struct es_shape {
    int rank; /* 0 (a scalar) .. ES_MAX_RANK */
    union {
        int64_t dims[ES_MAX_RANK];
        struct {
            int64_t c, h, w; /* of a feature map [channels][height][width] */
        };
    };
} es_shape;

/* The shape of `rank` given dimensions. */
es_shape es_shape_of(int rank, const int64_t *dims);
es_shape es_shape_map(int64_t c, int64_t h, int64_t w);

/* Elements; a valid shape's are at most ES_MAX_ELEMS. */
int64_t es_shape_elems(es_shape shape);
bool es_shape_equal(es_shape a, es_shape b);

/* No dimension below 1 and no more than ES_MAX_ELEMS (2^40) elements. */
bool es_shape_is_valid(es_shape shape);
#define ES_MAX_ELEMS (INT64_C(1) << 40)

/* Writes "96x56x56", "1" for a scalar; lends `text`. */
enum { ES_SHAPE_TEXT = 20 * ES_MAX_RANK };
const char *es_shape_text(es_shape shape, char text[ES_SHAPE_TEXT]);
/* Reads that. ES_INVALID: anything else, or not a valid shape. */
ES_NODISCARD es_status es_shape_parse(es_slice text, es_shape *shape);

/* The window that a convolution or pooling slides over rows [0] and columns [1]. */
typedef struct es_window {
    int64_t kernel[2], stride[2], dilation[2];
    int64_t before[2], after[2]; /* padding */
} es_window;

typedef struct es_layer {
    const char *name; /* e.g. "block2.expand.conv"; unique in the model */
    es_op op;
    es_shape in;      /* of the first input; of `out` for the input layer */
    es_shape out;     /* output tensor, per image */
    es_window window; /* convolutions and windowed pooling; else all 0 */
    int64_t groups;   /* convolutions: 1 dense, in.c depthwise; else 0 */
    bool bias;        /* convolutions and linear layers */
    size_t n_inputs;  /* tensors read; 0 for the input layer alone. What an operator reads besides
                         is constant. */
    const size_t *inputs; /* [n_inputs] the layers that made them, each before this one; 0 is the
                             network's input. In the operator's order; one may occur twice. */
    int64_t params;       /* trainable parameters (batch norm: scale and shift); where layers share
                             one, each counts it */
    int64_t macs; /* multiply-accumulates per image: of convolutions, linear layers and products of
                     matrices; 0 for all others */
} es_layer;

/* A cut: the head ends behind layer `last_layer`. */
typedef struct es_cut {
    const char *name;    /* of the unit the head ends with: "input", "stem", "block4", ... */
    size_t last_layer;   /* leaf index, 0 .. n_layers */
    size_t n_tensors;    /* tensors that cross, each counted once; 0 at the last cut */
    int64_t elems;       /* elements that cross, per image */
    int64_t input_elems; /* those of the network's input among them, if a later layer reads it */
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

/* Creates a network of the zoo by its name, where '_' does for '-', at `resolution` pixels per side
 * (0: the published default). ES_INVALID: unknown name (the record says the nearest known one), a
 * resolution outside 32 .. 4096, or one that some layer cannot work on (the record says which);
 * ES_NO_MEMORY. O(layers + edges) time and memory. */
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

/* Bytes that cross a cut for an image, as they are computed. */
static inline double es_cut_bytes(const es_cut *cut, double input_bytes_per_elem,
                                  double feature_bytes_per_elem) {
    return (double)cut->input_elems * input_bytes_per_elem +
           (double)(cut->elems - cut->input_elems) * feature_bytes_per_elem;
}

/* The cut of that name; n_cuts if there is none. */
size_t es_model_find_cut_name(const es_model *model, es_granularity granularity, const char *name);

/* Which cuts [n_cuts] of a granularity are compressive if only those behind residual blocks count,
 * as in the paper, or all (then as es_cut says). O(cuts). */
void es_model_mark_compressive(const es_model *model, es_granularity granularity,
                               bool residual_blocks_only, bool *compressive);

/* The neutral text form, FILE.model: what takes a network to a machine without the libraries that
 * it was read with. "# key: value" lines (format, name, source, input) and a CSV of the layers;
 * sim/model/text.c has the grammar. */

/* Reads the text form. ES_NO_INPUT; ES_INVALID with every mistake and its line (sizes that
 * contradict each other are mistakes too: whatever follows from the layers is checked, not
 * believed); ES_NO_MEMORY. O(bytes) time and memory. */
ES_NODISCARD es_status es_model_load(const char *path, es_model **model, es_errors *errors);

/* The same of a file's bytes [length], which it changes; messages name `path`. */
ES_NODISCARD es_status es_model_parse(const char *path, char *bytes, size_t length,
                                      es_model **model, es_errors *errors);

/* Appends the text form; reading it gives the same model, name for name. O(layers + edges). */
void es_model_write(const es_model *model, es_text *text);

#endif
