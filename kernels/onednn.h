/* Private to the backend onednn: oneDNN 2.6's C API. */
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

/* The status of a oneDNN call; a failure is recorded with what was tried. */
ES_NODISCARD es_status onednn_check(dnnl_status_t result, const char *what, const char *unit,
                                    es_errors *errors);

/* A tensor that a kernel reads or writes: the layout in which it lies between the units, and the
 * one under which the kernel sees the same bytes. */
typedef struct onednn_operand {
    dnnl_memory_desc_t lies, seen;
} onednn_operand;

/* The kernel of a unit, described: what has to be brought where before it can run. */
typedef struct onednn_kernel {
    dnnl_primitive_desc_t primitive;
    onednn_operand in[2]; /* [layer->n_inputs] */
    onednn_operand out;   /* a residual that is to be added has to lie there already */
} onednn_kernel;

/* Chooses the kernel of a unit. `in` are the layouts in which its inputs lie and `residual` that of
 * what it adds (NULL: nothing); where kernel->in differs from `in`, the input has to be reordered.
 * The caller destroys kernel->primitive. */
ES_NODISCARD es_status onednn_describe(const es_device *device, const es_fused_unit *unit,
                                       int64_t batch, const dnnl_memory_desc_t *const in[2],
                                       const dnnl_memory_desc_t *residual, onednn_kernel *kernel,
                                       es_errors *errors);

/* Plain layouts: [batch][c][h][w] of a tensor, and of a unit's weights ([groups] in front of a
 * grouped convolution's) and bias. */
ES_NODISCARD es_status onednn_plain_tensor(es_shape shape, int64_t batch,
                                           dnnl_memory_desc_t *layout, es_errors *errors);
ES_NODISCARD es_status onednn_plain_weights(const es_layer *layer, dnnl_memory_desc_t *layout,
                                            es_errors *errors);
ES_NODISCARD es_status onednn_plain_bias(const es_layer *layer, dnnl_memory_desc_t *layout,
                                         es_errors *errors);

es_status onednn_prepare(es_device *device, const es_plan *plan, int64_t batch,
                         es_network **network, es_errors *errors);
void onednn_release(es_network *network);
es_status onednn_run(es_network *network, bool stamped, int64_t *stamps_ns, es_errors *errors);
es_status onednn_output(es_network *network, size_t unit, float *values, es_errors *errors);

#endif
