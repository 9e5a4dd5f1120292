/* Private to the backend onednn: oneDNN 2.6's C API.
 *
 * A unit becomes steps, each one primitive: reorders of inputs that lie otherwise than its kernel
 * wants, the kernel with as much of the unit's chain in it as oneDNN has fast code for, and what is
 * left of the chain. Units are made in order, each for the layouts that those before it write. A
 * tensor of channels, rows and columns lies as the kernel that makes it chooses; any other is
 * plain. */
#ifndef KERNELS_ONEDNN_H
#define KERNELS_ONEDNN_H

#include "backend.h"

#include <oneapi/dnnl/dnnl.h>

struct es_device {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    const char *isa; /* in effect */
    int threads;     /* in effect */
};

/* One primitive with its operands. */
typedef struct onednn_step {
    dnnl_primitive_t primitive;
    size_t first_argument;
    int n_arguments;
} onednn_step;

typedef struct onednn_unit {
    dnnl_memory_desc_t lies; /* its output */
    dnnl_memory_t out;
    size_t root; /* the unit in whose slot it lies */
    size_t first_step, n_steps;
} onednn_unit;

/* Bytes of a unit's output under some layout; where they are is known when all units are made. */
typedef struct onednn_binding {
    dnnl_memory_t memory;
    size_t unit;
} onednn_binding;

struct es_network {
    es_device *device;
    const es_plan *plan;
    int64_t batch;
    onednn_unit *units; /* [plan->n_units + 1]; 0 is the input */
    onednn_step *steps;
    dnnl_exec_arg_t *arguments;
    dnnl_memory_t *memories;  /* all but the slots */
    onednn_binding *bindings; /* of some of the memories */
    dnnl_memory_t *slots;     /* [plan->n_slots] */
    size_t n_steps, n_arguments, n_memories, n_bindings;
    size_t steps_capacity, arguments_capacity, memories_capacity, bindings_capacity;
};

/* A unit while it is made. After a failure every function below does nothing and returns zeros. */
typedef struct onednn_maker {
    es_network *network;
    const es_fused_unit *planned;
    onednn_unit *unit;
    size_t number;
    es_status status;
    es_errors *errors;
} onednn_maker;

/* The status of a oneDNN call; a failure is recorded with what was tried. */
ES_NODISCARD es_status onednn_check(dnnl_status_t result, const char *what, const char *unit,
                                    es_errors *errors);

/* The same for a maker; false after a failure, this one or an earlier one. */
bool onednn_try(onednn_maker *m, dnnl_status_t result, const char *what);

/* ---- Layouts */

/* Row by row, `batch` in front of the shape. */
dnnl_memory_desc_t onednn_plain(onednn_maker *m, es_shape shape);
/* The same of any dimensions [rank]; `any`: as the kernel likes. */
dnnl_memory_desc_t onednn_dense(onednn_maker *m, int rank, const int64_t *dims);
dnnl_memory_desc_t onednn_any(onednn_maker *m, int rank, const int64_t *dims);

/* A layout for a map like that of another map: channels in the same blocks. */
dnnl_memory_desc_t onednn_like(onednn_maker *m, es_shape shape, const dnnl_memory_desc_t *other);

/* Channels per block of a layout [batch][c / block][h][w][block]; 0 for any other layout. */
int64_t onednn_channel_block(const dnnl_memory_desc_t *layout);

/* Whether the bytes lie row by row, so that a reshape needs not move them. */
bool onednn_lies_plain(const dnnl_memory_desc_t *layout);

/* ---- Memories; they live as long as the network. */

/* Bytes of its own. */
dnnl_memory_t onednn_own(onednn_maker *m, const dnnl_memory_desc_t *layout);
void *onednn_data(dnnl_memory_t memory);

/* Another layout of the bytes of a unit's output. */
dnnl_memory_t onednn_see(onednn_maker *m, size_t unit, const dnnl_memory_desc_t *layout);

/* The output of a unit, lying as `lies` and seen as `seen`; reordered if it lies otherwise. */
dnnl_memory_t onednn_read(onednn_maker *m, size_t unit, const dnnl_memory_desc_t *lies,
                          const dnnl_memory_desc_t *seen);

/* The first numbers of a role (es_weights_role) of a layer. */
dnnl_memory_t onednn_numbers(onednn_maker *m, size_t layer, int role,
                             const dnnl_memory_desc_t *layout);

/* ---- Steps */

/* Appends a step; takes `primitive`. */
void onednn_add_step(onednn_maker *m, dnnl_primitive_desc_t primitive, int n_arguments,
                     const dnnl_exec_arg_t *arguments);

/* Appends a step that copies a tensor, from layout to layout. */
void onednn_reorder(onednn_maker *m, dnnl_memory_t from, const dnnl_memory_desc_t *from_layout,
                    dnnl_memory_t to, const dnnl_memory_desc_t *to_layout);

/* The layout and the memory that a kernel writes the shape of the unit's first layer to. */
typedef struct onednn_target {
    dnnl_memory_desc_t layout;
    dnnl_memory_t memory;
    bool aside; /* not yet where the unit's output lies */
} onednn_target;

/* Makes `layout` that of the unit's output, as far as views behind it allow. `aside`: the kernel
 * must not write there. */
onednn_target onednn_begin_output(onednn_maker *m, const dnnl_memory_desc_t *layout, bool aside);
/* Appends the reorder that a target aside needs. */
void onednn_end_output(onednn_maker *m, const onednn_target *target);

/* ---- Kernels (onednn_kernel.c) */

/* A kernel on its way. */
typedef struct onednn_kernel {
    union {
        dnnl_convolution_desc_t conv;
        dnnl_deconvolution_desc_t conv_transpose;
        dnnl_inner_product_desc_t linear;
        dnnl_matmul_desc_t matmul;
        dnnl_binary_desc_t binary;
        dnnl_batch_normalization_desc_t batch_norm;
        dnnl_layer_normalization_desc_t layer_norm;
        dnnl_lrn_desc_t local_response_norm;
        dnnl_softmax_desc_t softmax;
        dnnl_pooling_v2_desc_t pool;
        dnnl_reduction_desc_t reduction;
        dnnl_resampling_desc_t resize;
    } operation;
    dnnl_memory_desc_t dst; /* as the operation has it; its layout may be open */
    /* How operands lie where that is neither as the kernel sees them nor plain; else without
     * dimensions. */
    dnnl_memory_desc_t lies_in[2], lies_out;
    bool swapped; /* the first operand is the second input */
} onednn_kernel;

/* Describes the kernel of the maker's unit. `sum`: the layout of what the kernel adds to its result
 * in place, which it should write; NULL: any. */
typedef dnnl_status_t onednn_describe(onednn_maker *m, const dnnl_memory_desc_t *sum,
                                      onednn_kernel *kernel);

/* Something else that a kernel reads: numbers of a role of the unit's first layer. */
typedef struct onednn_extra {
    int argument, role;
    dnnl_memory_desc_t layout; /* plain */
} onednn_extra;

/* Makes a unit of one such kernel, which reads the unit's inputs as `arguments` and, where it is
 * weighted, weights and bias. */
void onednn_make_kernel(onednn_maker *m, onednn_describe *describe, const int *arguments,
                        size_t n_extra, const onednn_extra *extra);

/* Makes a unit that begins with an activation or an operator of a tensor and a constant. */
void onednn_make_elementwise(onednn_maker *m);

/* Why a layer of the chain, or such a first one, cannot be run; NULL: it can. */
const char *onednn_refuse_elementwise(const es_plan *plan, const es_fused_unit *unit, size_t layer);

/* The operator of two tensors; 0: none. */
dnnl_alg_kind_t onednn_binary_of(es_op op);

/* The operation's weights, plain. */
dnnl_memory_desc_t onednn_weights(onednn_maker *m);

/* ---- Units */

/* Make a unit of an operator that only moves data (onednn_moves.c); a copy puts the whole input
 * under the shape of the output. */
void onednn_make_copy(onednn_maker *m);
void onednn_make_view(onednn_maker *m);
void onednn_make_concat(onednn_maker *m);
void onednn_make_slice(onednn_maker *m);
void onednn_make_transpose(onednn_maker *m);
void onednn_make_pad(onednn_maker *m);
void onednn_make_expand(onednn_maker *m);

/* Why such a unit cannot be run; NULL: it can. */
const char *onednn_refuse_slice(const es_plan *plan, const es_fused_unit *unit);
const char *onednn_refuse_transpose(const es_plan *plan, const es_fused_unit *unit);
const char *onednn_refuse_pad(const es_plan *plan, const es_fused_unit *unit);
const char *onednn_refuse_expand(const es_plan *plan, const es_fused_unit *unit);

/* Why no kernel can be made for a unit, and the layer that is the cause; NULL: one can. */
const char *onednn_refuse(const es_plan *plan, const es_fused_unit *unit, const es_layer **cause);

/* Makes the steps of the maker's unit. */
void onednn_make(onednn_maker *m);

es_status onednn_prepare(es_device *device, const es_plan *plan, int64_t batch,
                         es_network **network, es_errors *errors);
void onednn_release(es_network *network);
es_status onednn_run(es_network *network, bool stamped, int64_t *stamps_ns, es_errors *errors);
es_status onednn_run_part(es_network *network, size_t first, size_t last, int64_t *stamps_ns,
                          es_errors *errors);
es_status onednn_output(es_network *network, size_t unit, float *values, es_errors *errors);

#endif
