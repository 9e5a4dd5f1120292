/* Private to the backend cudnn: units as operation graphs of cuDNN 9's backend API.
 *
 * A unit becomes steps. Its kernel is an operation graph: a sum of products or a pool with what
 * follows it, element by element. cuDNN may run that as one graph or as two, and which is faster
 * differs, so the unit gets both as "ways" and keeps the faster one. Inputs that lie otherwise than
 * a kernel wants are moved first; what cuDNN's graphs do not do (moving, softmax, layer norm) are
 * kernels of our own (cudnn_kernels.cu).
 *
 * A tensor lies plain, row by row, or with its first dimension last, which for maps is NHWC. */
#ifndef KERNELS_CUDNN_PARTS_H
#define KERNELS_CUDNN_PARTS_H

#include "backend.h"
#include "clock_guard.h"
#include "cudnn_ends.h"
#include "cudnn_library.h"
#include "nvml.h"
#include "weights.h"

typedef enum gpu_precision { GPU_FP32, GPU_TF32, GPU_FP16 } gpu_precision;

/* How the ends of units are seen: see cudnn_run.c. */
typedef enum gpu_stamps {
    GPU_STAMPS_AUTO,
    GPU_STAMPS_CUPTI,
    GPU_STAMPS_PREFIX,
    GPU_STAMPS_EVENTS
} gpu_stamps;

typedef struct gpu_setting {
    gpu_precision precision;
    gpu_stamps stamps;
    int64_t sms;        /* of a slice; 0: the whole GPU */
    double clock_hz;    /* 0: leave it alone; infinite: the highest */
    int64_t candidates; /* plans tried for each graph, of cuDNN's first suggestions */
    int64_t device;     /* number */
} gpu_setting;

/* ES_USAGE with every mistake of "key:value,...". */
es_status gpu_parse_setting(const char *text, gpu_setting *setting, es_errors *errors);
bool gpu_setting_changes_clocks(const char *text);

typedef enum gpu_kernel {
    GPU_KERNEL_MOVE,
    GPU_KERNEL_SOFTMAX,
    GPU_KERNEL_LAYER_NORM,
    GPU_KERNEL_PROBE_CLOCK,
    GPU_KERNEL_COUNT_BLOCKS,
    GPU_N_KERNELS
} gpu_kernel;

/* The plan that was the fastest for a graph, so that the same graph is not tuned twice. */
typedef struct gpu_choice {
    char *graph; /* what it computes; owned */
    size_t candidate;
    double time_ns;
} gpu_choice;

/* Records what runs on the GPU (cudnn_trace.c). */
typedef struct gpu_tracer gpu_tracer;

struct es_device {
    gpu_api api;
    gpu_setting setting;
    cudnnHandle_t handle;                /* NULL: planning only, without a GPU */
    cudnnBackendDescriptor_t properties; /* of the device that is planned for; else NULL */
    CUdevice number;
    CUcontext context;
    CUstream stream;
    CUgreenCtx slice;
    CUlibrary library;
    CUfunction kernels[GPU_N_KERNELS];
    CUevent before, after;
    CUdeviceptr probe; /* what probe_clock writes */
    char name[128], pci[32];
    int n_sms, slice_sms, seen_sms, driver_version;
    es_nvml *nvml;                            /* NULL: not there */
    es_clock_guard *guard;                    /* NULL: clocks are left alone */
    double wanted_mhz;                        /* 0: not known yet */
    double last_mhz, least_mhz, greatest_mhz; /* seen */
    size_t n_probes, n_off;
    int64_t lost_ns;
    const char *lost_to;                                  /* the latest of it */
    gpu_tracer *tracer;                                   /* NULL: not there, or not asked for */
    size_t n_traces, n_incomplete, n_incomplete_in_a_row; /* traced passes */
    gpu_choice *choices;
    size_t n_choices, choices_capacity;
    es_text plans, stamps;                              /* provenance, one part per batch size */
    char nvml_reason[GPU_PATH], cupti_reason[GPU_PATH]; /* why not */
};

/* The status of a call of the driver or of cuDNN; a failure is recorded with what was tried. */
ES_NODISCARD es_status gpu_check(const es_device *device, CUresult result, const char *what,
                                 es_errors *errors);
ES_NODISCARD es_status gpu_check_dnn(const es_device *device, cudnnStatus_t result,
                                     const char *what, es_errors *errors);

/* ---- The device (cudnn_device.c) */

es_status gpu_open(const gpu_setting *setting, es_device **device, es_errors *errors);
/* A device that only plans: cuDNN, and the properties [length] of a GPU as cuDNN writes them
 * (CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION). */
es_status gpu_open_without_gpu(const gpu_setting *setting, const char *properties, size_t length,
                               es_device **device, es_errors *errors);
void gpu_close(es_device *device);
void gpu_describe(const es_device *device, es_facts *facts);
void gpu_observe(const es_device *device, es_facts *facts);

/* The properties of the open device as text (creates `*text`): what the function above takes. */
es_status gpu_properties(es_device *device, char **text, es_errors *errors);

/* ---- Traces (cudnn_trace.c) */

/* Loads CUPTI into `api` (borrowed) and has it record for a moment. ES_UNAVAILABLE: it is not
 * there, does not record (the record says why: privileges, another tool, ...), or there is a tracer
 * in this process already; ES_NO_MEMORY. */
ES_NODISCARD es_status gpu_tracer_create(gpu_api *api, gpu_tracer **tracer, es_errors *errors);
void gpu_tracer_destroy(gpu_tracer *tracer);

/* Between these two, nodes of graphs are recorded. ES_UNAVAILABLE. */
ES_NODISCARD es_status gpu_tracer_start(gpu_tracer *tracer, es_errors *errors);
void gpu_tracer_stop(gpu_tracer *tracer);

/* Lends the intervals [*n] of the nodes that have ended since it was last called, valid until it is
 * called again; CUPTI is asked again where there are fewer than expected. What CUPTI has dropped,
 * or no memory was found for, is not among them. ES_UNAVAILABLE. */
ES_NODISCARD es_status gpu_tracer_take(gpu_tracer *tracer, size_t n_expected,
                                       gpu_interval **intervals, size_t *n, es_errors *errors);

/* Our own kernels (cudnn_code.c). */
es_status gpu_load_kernels(es_device *device, es_errors *errors);
es_status gpu_compile_kernels(const gpu_api *api, int major, int minor, char **code, size_t *size,
                              es_errors *errors);
ES_NODISCARD CUresult gpu_launch(const es_device *device, gpu_kernel kernel, unsigned blocks,
                                 unsigned threads, void **arguments);

/* Confines the device's stream to `sms` multiprocessors and proves it (cudnn_slice.c). */
es_status gpu_slice(es_device *device, int64_t sms, es_errors *errors);

/* Queues the clock probe, which keeps the GPU busy while the host queues what is to be timed. */
ES_NODISCARD CUresult gpu_queue_probe(const es_device *device);
/* Reads it after the stream is done: the clock of a multiprocessor. */
ES_NODISCARD CUresult gpu_read_probe(const es_device *device, double *mhz);

/* ---- Networks */

enum { GPU_MAX_OPERANDS = 20, GPU_MAX_POINTWISE = 16, GPU_VIEW_RANK = ES_MAX_RANK + 1 };

/* Which element lies where, as in cudnn_kernels.cu. */
typedef struct gpu_view {
    int rank;
    unsigned dims[GPU_VIEW_RANK];
    long long strides[GPU_VIEW_RANK];
    long long offset;
} gpu_view;

typedef enum gpu_buffer_kind { GPU_OUTPUT, GPU_CONSTANT, GPU_SCRATCH } gpu_buffer_kind;

/* Where an operand lies. */
typedef struct gpu_buffer {
    gpu_buffer_kind kind;
    size_t owner; /* unit of an output, number of a scratch region */
    int64_t elems;
    CUdeviceptr address;
} gpu_buffer;

typedef enum gpu_step_kind { GPU_GRAPH, GPU_MOVE, GPU_SOFTMAX, GPU_LAYER_NORM } gpu_step_kind;

typedef struct gpu_step {
    gpu_step_kind kind;
    int way; /* of the unit that it is part of; 0: of all */
    size_t n_operands;
    size_t operands[GPU_MAX_OPERANDS]; /* buffers; of kernels of our own the first is written */
    int64_t ids[GPU_MAX_OPERANDS];     /* of a graph's tensors */
    cudnnBackendDescriptor_t graph, plan, pack;
    bool multiplies;           /* the graph does: it has a sum of products */
    char *says;                /* what the graph computes; owned */
    char *engine;              /* how; owned */
    double time_ns;            /* alone, when it was chosen */
    gpu_view to, from;         /* of a move */
    int64_t n_rows, row_elems; /* of the others; of a move n_rows elements */
} gpu_step;

typedef struct gpu_unit {
    size_t buffer; /* its output */
    size_t root;   /* the unit in whose slot it lies */
    bool last;     /* the first dimension of its output lies last */
    size_t first_step, n_steps;
    int n_ways, way; /* those it has, the one it runs */
} gpu_unit;

/* A part of the network as a CUDA graph. */
typedef struct gpu_replay {
    size_t first, last;
    CUgraphExec graph;
} gpu_replay;

struct es_network {
    es_device *device;
    const es_plan *plan;
    int64_t batch;
    gpu_unit *units; /* [plan->n_units + 1] */
    gpu_step *steps;
    gpu_buffer *buffers;
    cudnnBackendDescriptor_t *descriptors; /* all that live as long */
    size_t n_steps, n_buffers, n_descriptors;
    size_t steps_capacity, buffers_capacity, descriptors_capacity;
    size_t *slots;            /* [n_units + 1] of each unit's output */
    CUdeviceptr *slot_memory; /* [n_units + 1] */
    CUdeviceptr *scratch;
    int64_t *scratch_elems;
    size_t n_scratch, scratch_capacity, scratch_elems_capacity;
    CUdeviceptr workspace;
    int64_t workspace_bytes;
    gpu_replay *replays;
    size_t n_replays, replays_capacity;
    gpu_stamps stamps;      /* how it sees the ends of units; not AUTO */
    CUgraphExec stamped;    /* with an event behind each unit, or to be traced; else NULL */
    CUevent *events;        /* [2 * (n_units + 1)] */
    size_t *n_nodes;        /* [n_units] of each unit, as far as they are recorded */
    size_t n_all_nodes;     /* their sum */
    uint64_t *node_numbers; /* [n_all_nodes] */
    int64_t *ends_ns;       /* [n_units] in the last traced pass */
    int64_t busy_ns;        /* of that pass: in which something ran */
};

size_t gpu_elem_bytes(const es_device *device);

/* A unit while it is made. After a failure every function below does nothing and returns zeros. */
typedef struct gpu_maker {
    es_network *network;
    const es_fused_unit *planned;
    gpu_unit *unit;
    size_t number;
    int way;          /* of the steps that are added */
    size_t n_scratch; /* regions in use by the unit */
    es_status status;
    es_errors *errors;
} gpu_maker;

bool gpu_try(gpu_maker *m, CUresult result, const char *what);
bool gpu_try_dnn(gpu_maker *m, cudnnStatus_t result, const char *what);

/* ---- Buffers (cudnn_memory.c) */

/* Whether a shape's bytes lie the same plain and with the first dimension last. */
bool gpu_lies_both_ways(es_shape shape);
/* All images of a shape under a layout. */
gpu_view gpu_view_of(int64_t batch, es_shape shape, bool last);

/* Where element i of all images of a shape, image by image and row by row, lies under a layout. */
int64_t gpu_place(const gpu_view *lies, es_shape shape, int64_t i);

size_t gpu_scratch(gpu_maker *m, int64_t elems);
/* Creates room for numbers that are to be uploaded; NULL without a GPU, where none are. */
float *gpu_numbers(gpu_maker *m, int64_t n);
/* Makes a constant of n numbers; takes `values`. */
size_t gpu_constant(gpu_maker *m, int64_t n, float *values);
/* The first n numbers of a role of a layer, or one number. */
size_t gpu_constant_role(gpu_maker *m, size_t layer, es_weights_role role, int64_t n);
size_t gpu_constant_number(gpu_maker *m, double number);

/* The output of a unit as it should lie, moved if it lies otherwise. */
size_t gpu_read(gpu_maker *m, size_t unit, bool last);

/* Where a kernel writes the shape of the unit's first layer to. */
typedef struct gpu_target {
    size_t buffer;
    bool last, aside;
} gpu_target;

/* `last`: how the kernel writes. Views behind the kernel want it plain. */
gpu_target gpu_begin_output(gpu_maker *m, bool last);
void gpu_end_output(gpu_maker *m, const gpu_target *target);

/* Appends steps of our own kernels: all elements of a view to where another view says. */
void gpu_move(gpu_maker *m, size_t to, gpu_view to_view, size_t from, gpu_view from_view);
void gpu_add_step(gpu_maker *m, gpu_step step);

/* Memory of the slots and the scratch regions; downloads and uploads with conversion. */
es_status gpu_assign_slots(es_network *network, es_errors *errors);
es_status gpu_allocate(es_network *network, es_errors *errors);
es_status gpu_reserve_workspace(es_network *network, int64_t bytes, es_errors *errors);
es_status gpu_upload(es_network *network, CUdeviceptr to, int64_t n, const float *values,
                     es_errors *errors);
es_status gpu_download(es_network *network, CUdeviceptr from, int64_t n, float *values,
                       es_errors *errors);

/* ---- Graphs (cudnn_graph.c) */

typedef struct gpu_operand {
    size_t buffer;
    int rank; /* 4, or 3 for matrices */
    int64_t dims[4];
} gpu_operand;

/* A function of the value so far, of each element, and perhaps of an operand. */
typedef struct gpu_pointwise {
    cudnnPointwiseMode_t mode;
    bool has_operand, has_earlier;
    gpu_operand operand;
    size_t earlier; /* has_earlier: the operand is the value before function number `earlier` */
    bool clips;     /* of RELU_FWD: */
    float lower, upper, slope;
} gpu_pointwise;

typedef enum gpu_product { GPU_NO_PRODUCT, GPU_CONV, GPU_MATMUL, GPU_POOL } gpu_product;

typedef struct gpu_body {
    gpu_product product;
    gpu_operand x, w;   /* w: weights, or the right matrix */
    gpu_operand y;      /* as functions see it; buffer: what the last one gives */
    gpu_operand matrix; /* as a product of matrices sees what it gives */
    int64_t window[2], stride[2], dilation[2], before[2], after[2];
    cudnnResampleMode_t pool;
    size_t n;
    gpu_pointwise functions[GPU_MAX_POINTWISE];
    size_t first_sum; /* the function that adds a tensor, if it is not the first; else 0 */
} gpu_body;

/* Appends the steps of a body, in as many ways as it can be split. */
void gpu_make_body(gpu_maker *m, const gpu_body *body);

cudnnBackendDescriptor_t gpu_descriptor(gpu_maker *m, cudnnBackendDescriptorType_t type);

/* ---- Plans (cudnn_plan.c) */

enum { GPU_MAX_CANDIDATES = 24 };

typedef struct gpu_candidate {
    cudnnBackendDescriptor_t config;
    int64_t engine;
    bool compiled; /* at run time */
    char knobs[96];
} gpu_candidate;

/* cuDNN's suggestions for a graph, best first, without those whose arithmetic the setting does not
 * allow: creates configurations, which gpu_drop_candidates destroys. 0: there is none. */
size_t gpu_list_candidates(const es_network *network, const gpu_step *step,
                           gpu_candidate *candidates);
void gpu_drop_candidates(const es_network *network, size_t n, gpu_candidate *candidates);

/* Creates a plan; what cuDNN returns. 5001 without a driver means that the plan's kernels were
 * compiled but could not be loaded. */
cudnnStatus_t gpu_create_plan(const es_network *network, const gpu_candidate *candidate,
                              cudnnBackendDescriptor_t *plan, int64_t *workspace_bytes);
cudnnStatus_t gpu_create_pack(const es_network *network, const gpu_step *step,
                              cudnnBackendDescriptor_t *pack);

/* Chooses plans and ways by trying them out, and records them (cudnn_tune.c). */
es_status gpu_tune(es_network *network, es_errors *errors);

/* ---- Units (cudnn_ops.c, cudnn_chain.c) */

/* Why no steps can be made for a unit, and the layer that is the cause; NULL: they can. */
const char *gpu_refuse(const es_plan *plan, const es_fused_unit *unit, const es_layer **cause);
void gpu_make(gpu_maker *m);

const char *gpu_refuse_function(const es_plan *plan, const es_fused_unit *unit, size_t layer);
/* The dimensions that cuDNN sees of all images of a shape. */
void gpu_frame(const es_network *network, es_shape shape, bool last, int64_t dims[4]);
/* Appends one layer, or all of the unit's chain, to the functions of a body. */
void gpu_add_layer(gpu_maker *m, gpu_body *body, size_t index, bool last);
void gpu_add_chain(gpu_maker *m, gpu_body *body, bool last);
void gpu_add_function(gpu_maker *m, gpu_body *body, gpu_pointwise function);
/* A unit's output as the second operand of a function on results of shape `out`. */
gpu_operand gpu_tensor_operand(gpu_maker *m, size_t unit, es_shape out, bool last);

/* ---- The backend's functions */

/* The steps alone, without memory and plans. */
es_status gpu_design(es_device *device, const es_plan *plan, int64_t batch, es_network **network,
                     es_errors *errors);
es_status gpu_prepare(es_device *device, const es_plan *plan, int64_t batch, es_network **network,
                      es_errors *errors);
void gpu_release(es_network *network);
es_status gpu_launch_step(const es_network *network, const gpu_step *step, es_errors *errors);
bool gpu_runs(const gpu_unit *unit, const gpu_step *step);
es_status gpu_capture(es_network *network, es_errors *errors);
es_status gpu_run(es_network *network, bool stamped, int64_t *stamps_ns, es_errors *errors);
es_status gpu_run_part(es_network *network, size_t first, size_t last, int64_t *stamps_ns,
                       es_errors *errors);
es_status gpu_output(es_network *network, size_t unit, float *values, es_errors *errors);

#endif
