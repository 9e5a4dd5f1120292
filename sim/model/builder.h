/* Private to the module: builds a network layer by layer and computes its cuts. Zoo families are
 * written with it.
 *
 * A builder that has run out of memory ignores further calls; es_builder_finish reports it once. */
#ifndef EDGESPLIT_MODEL_BUILDER_H
#define EDGESPLIT_MODEL_BUILDER_H

#include "edgesplit/model.h"
#include "edgesplit/text.h"

enum { ES_UNIT_NAME = 64 };

/* A run of consecutive leaf layers that ends with `last_layer`. */
typedef struct es_unit {
    size_t name_at; /* offset into the builder's names */
    size_t last_layer;
    bool residual_block;
} es_unit;

typedef struct es_builder {
    es_layer *layers;                 /* 0 is the input; names are set by es_builder_finish */
    size_t n_layers, layers_capacity; /* the input counts here */
    es_unit *units[ES_N_GRANULARITIES];
    size_t n_units[ES_N_GRANULARITIES], units_capacity[ES_N_GRANULARITIES];
    es_text names; /* NUL-terminated texts, one behind the other */
    char block_name[ES_UNIT_NAME], unit_name[ES_UNIT_NAME];
    bool failed; /* out of memory */
} es_builder;

/* Starts a network with its input. End with es_builder_fini. */
void es_builder_init(es_builder *builder, es_shape input);
void es_builder_fini(es_builder *builder);

/* The layers that follow form the block `name`; `residual_block` as in es_cut. */
void es_builder_begin_block(es_builder *builder, const char *name, bool residual_block);

/* The layers that follow form the fused unit "<block>.<part>", or "<block>" if `part` is NULL. A
 * layer's own name is that of its unit, a dot and its operator: an operator occurs once in a unit.
 */
void es_builder_begin_unit(es_builder *builder, const char *part);

/* The layers below return their index, to be used as the input of later ones. */

/* A convolution with "same" padding: the output is ceil(side / stride) on each side. */
typedef struct es_conv {
    int64_t channels; /* of the output */
    int kernel, stride;
    int64_t groups; /* divides the channels of input and output */
    bool bias;
} es_conv;
size_t es_builder_conv(es_builder *builder, size_t input, es_conv conv);

/* Every output reads all of the input; with bias. */
size_t es_builder_linear(es_builder *builder, size_t input, int64_t channels);

/* ES_OP_BATCH_NORM, ES_OP_SILU, ES_OP_SIGMOID (same shape) or ES_OP_GLOBAL_AVERAGE_POOL. */
size_t es_builder_unary(es_builder *builder, es_op op, size_t input);

/* ES_OP_ADD (equal shapes) or ES_OP_MUL (the second may be a vector of the same channels). `left` <
 * `right`. */
size_t es_builder_binary(es_builder *builder, es_op op, size_t left, size_t right);

/* Shape of a layer's output; all 0 after a failure. */
es_shape es_builder_shape(const es_builder *builder, size_t layer);

/* Creates the finished model with its cuts; `name` and `source` are borrowed. Every layer but the
 * last must be read by a later one. ES_NO_MEMORY. O(layers + edges). */
ES_NODISCARD es_status es_builder_finish(es_builder *builder, const char *name, const char *source,
                                         es_model **model);

/* One network of a family. */
typedef struct es_zoo_variant {
    const char *name;
    const char *summary;
    int64_t resolution; /* published default */
} es_zoo_variant;

typedef struct es_zoo_family {
    const char *source; /* the paper */
    size_t n_variants;
    const es_zoo_variant *variants; /* [n_variants] */
    /* Appends all layers of variant i behind the input. */
    void (*build)(es_builder *builder, size_t variant);
} es_zoo_family;

#define ES_ZOO(family) extern const es_zoo_family es_zoo_##family;
#include "edgesplit/zoo.def"
#undef ES_ZOO

#endif
