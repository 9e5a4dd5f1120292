/* Kernels with their chains. */
#include "onednn.h"

#include "choices.h"
#include "weights.h"

#include <float.h>
#include <string.h>

/* ---- Functions of each element */

enum { MAX_FUNCTIONS = 2 };

/* Functions applied one after the other; `algorithm` 0 ends the list. */
typedef struct element_function {
    dnnl_alg_kind_t algorithm;
    float alpha, beta;
} element_function;

typedef struct element_functions {
    element_function list[MAX_FUNCTIONS];
} element_functions;

static const element_functions activations[ES_N_OPS] = {
    [ES_OP_RELU] = {{{dnnl_eltwise_relu, 0, 0}}},
    [ES_OP_RELU6] = {{{dnnl_eltwise_clip, 0, 6}}},
    [ES_OP_LEAKY_RELU] = {{{dnnl_eltwise_relu, (float)ES_LEAKY_RELU_SLOPE, 0}}},
    [ES_OP_ELU] = {{{dnnl_eltwise_elu, (float)ES_ELU_SLOPE, 0}}},
    [ES_OP_SILU] = {{{dnnl_eltwise_swish, 1, 0}}},
    [ES_OP_SIGMOID] = {{{dnnl_eltwise_logistic, 0, 0}}},
    [ES_OP_HARD_SWISH] = {{{dnnl_eltwise_hardswish, 0, 0}}},
    [ES_OP_HARD_SIGMOID] = {{{dnnl_eltwise_linear, (float)ES_HARD_SIGMOID_SLOPE, 0.5F},
                             {dnnl_eltwise_clip, 0, 1}}},
    [ES_OP_GELU] = {{{dnnl_eltwise_gelu_erf, 0, 0}}},
    [ES_OP_TANH] = {{{dnnl_eltwise_tanh, 0, 0}}},
    [ES_OP_SOFTPLUS] = {{{dnnl_eltwise_soft_relu, 0, 0}}},
    [ES_OP_CLIP] = {{{dnnl_eltwise_clip, (float)ES_CLIP_LEAST, (float)ES_CLIP_GREATEST}}},
    [ES_OP_EXP] = {{{dnnl_eltwise_exp, 0, 0}}},
    [ES_OP_LOG] = {{{dnnl_eltwise_log, 0, 0}}},
    [ES_OP_SQRT] = {{{dnnl_eltwise_sqrt, 0, 0}}},
    [ES_OP_POW] = {{{dnnl_eltwise_pow, 1, (float)ES_POWER}}},
    [ES_OP_ABS] = {{{dnnl_eltwise_abs, 0, 0}}},
    [ES_OP_NEG] = {{{dnnl_eltwise_linear, -1, 0}}},
    [ES_OP_RECIPROCAL] = {{{dnnl_eltwise_pow, 1, -1}}},
};

/* What an operator of a tensor and the number x does to the tensor's elements. */
static element_function with_number(es_op op, float x) {
    switch ((int)op) {
    case ES_OP_ADD: return (element_function){dnnl_eltwise_linear, 1, x};
    case ES_OP_SUB: return (element_function){dnnl_eltwise_linear, 1, -x};
    case ES_OP_MUL: return (element_function){dnnl_eltwise_linear, x, 0};
    case ES_OP_DIV: return (element_function){dnnl_eltwise_linear, 1 / x, 0};
    case ES_OP_MIN: return (element_function){dnnl_eltwise_clip, -FLT_MAX, x};
    default: return (element_function){dnnl_eltwise_clip, x, FLT_MAX};
    }
}

dnnl_alg_kind_t onednn_binary_of(es_op op) {
    static const dnnl_alg_kind_t algorithms[ES_N_OPS] = {
        [ES_OP_ADD] = dnnl_binary_add, [ES_OP_SUB] = dnnl_binary_sub, [ES_OP_MUL] = dnnl_binary_mul,
        [ES_OP_DIV] = dnnl_binary_div, [ES_OP_MIN] = dnnl_binary_min, [ES_OP_MAX] = dnnl_binary_max,
    };
    return algorithms[op];
}

const char *onednn_refuse_elementwise(const es_plan *plan, const es_fused_unit *unit,
                                      size_t layer) {
    const es_layer *refused = &plan->model->layers[layer];
    es_shape constant;
    if (refused->op == ES_OP_BATCH_NORM)
        return layer == unit->layer_index + 1 && es_fused_unit_folds(plan, unit)
                   ? NULL
                   : "its channels are not those that the layer before it writes";
    if (es_op_fusing(refused->op) == ES_FUSING_ACTIVATION)
        return activations[refused->op].list[0].algorithm != 0 ? NULL : "oneDNN has no such kernel";
    if (refused->n_inputs == 2)
        return unit->residual != (size_t)(unit - plan->units) ? NULL : "it adds its own result";
    return es_choose_constant(refused, &constant)
               ? NULL
               : "its parameters are as many as no dimensions of its output hold";
}

/* ---- The chain */

/* A layer that is applied to a kernel's result: functions of each element, or a binary operator and
 * its other operand. */
typedef struct chain_link {
    element_functions functions; /* else */
    dnnl_alg_kind_t algorithm;
    bool sums;     /* the operand is a tensor of the result's shape */
    bool constant; /* the operand is made up */
    es_shape operand;
    size_t layer;
} chain_link;

static chain_link link_of(const onednn_maker *m, size_t index) {
    const es_plan *plan = m->network->plan;
    const es_layer *layer = &plan->model->layers[index];
    chain_link link = {.layer = index};
    if (es_op_fusing(layer->op) == ES_FUSING_ACTIVATION) {
        link.functions = activations[layer->op];
        return link;
    }
    link.constant = layer->n_inputs == 1;
    if (!link.constant)
        link.operand = es_shape_lead(es_plan_out(plan, m->planned->residual), layer->out.rank);
    else
        ES_REQUIRE(es_choose_constant(layer, &link.operand));
    link.sums = !link.constant && es_shape_equal(link.operand, layer->out);
    link.algorithm = onednn_binary_of(layer->op);
    if (link.constant && es_shape_elems(link.operand) == 1) {
        float number;
        es_weights_fill(plan->model, index, ES_CONSTANT, 1, &number);
        link.functions.list[0] = with_number(layer->op, number);
    }
    return link;
}

/* Layout of the other operand under `result`, plain; without dimensions if the kernel sees its
 * result with other dimensions than the layer has, so that the operand cannot be broadcast. */
static dnnl_memory_desc_t operand_layout(onednn_maker *m, const chain_link *link,
                                         const dnnl_memory_desc_t *result) {
    es_shape operand = link->operand;
    dnnl_dims_t dims = {link->constant ? 1 : m->network->batch};
    bool last_only = operand.rank > 0 && link->constant;
    for (int d = 0; d < operand.rank; d++) {
        dims[d + 1] = operand.dims[d];
        last_only = last_only && (d == operand.rank - 1 || operand.dims[d] == 1);
    }
    if (result->ndims == operand.rank + 1)
        return onednn_dense(m, operand.rank + 1, dims);
    if (!last_only || result->ndims != 2)
        return (dnnl_memory_desc_t){0};
    dims[1] = operand.dims[operand.rank - 1];
    return onednn_dense(m, 2, dims);
}

/* The layer that the first link of the chain stands for, and how many links there are. */
static size_t first_link(const onednn_maker *m, size_t *n) {
    size_t folded = es_fused_unit_folds(m->network->plan, m->planned);
    *n = m->planned->n_chain - folded;
    return m->planned->layer_index + 1 + folded;
}

/* Adds a link to what a kernel does to its result; false if that cannot be. */
static bool attach(onednn_maker *m, const chain_link *link, const dnnl_memory_desc_t *result,
                   dnnl_post_ops_t post_ops) {
    if (link->functions.list[0].algorithm != 0) {
        bool added = true;
        for (size_t i = 0; i < MAX_FUNCTIONS && link->functions.list[i].algorithm != 0; i++) {
            element_function f = link->functions.list[i];
            added = added && dnnl_post_ops_append_eltwise(post_ops, 1, f.algorithm, f.alpha,
                                                          f.beta) == dnnl_success;
        }
        return added;
    }
    if (link->sums)
        return es_fused_unit_is_weighted(m->planned) &&
               dnnl_post_ops_append_sum(post_ops, 1) == dnnl_success;
    dnnl_memory_desc_t operand = operand_layout(m, link, result);
    return operand.ndims > 0 &&
           dnnl_post_ops_append_binary(post_ops, link->algorithm, &operand) == dnnl_success;
}

static bool is_reference(dnnl_primitive_desc_t primitive) {
    const char *name = "";
    dnnl_status_t result = dnnl_primitive_desc_query(primitive, dnnl_query_impl_info_str, 0, &name);
    return result != dnnl_success || strncmp(name, "ref", 3) == 0;
}

/* A kernel that has been chosen, with the first `n_attached` links in it. */
typedef struct choice {
    onednn_kernel kernel;
    dnnl_primitive_desc_t primitive;
    size_t n_attached;
    bool sums; /* one of these */
} choice;

/* Describes the unit's kernel with the first `n` links of its chain. */
static dnnl_status_t try_kernel(onednn_maker *m, onednn_describe *describe, size_t n,
                                choice *made) {
    dnnl_post_ops_t post_ops = NULL;
    dnnl_primitive_attr_t attributes = NULL;
    size_t links, first = first_link(m, &links);
    *made = (choice){.n_attached = n};
    for (size_t i = 0; i < n; i++)
        made->sums = made->sums || link_of(m, first + i).sums;
    dnnl_status_t result = describe(
        m, made->sums ? &m->network->units[m->planned->residual].lies : NULL, &made->kernel);
    if (result == dnnl_success)
        result = dnnl_post_ops_create(&post_ops);
    for (size_t i = 0; result == dnnl_success && i < n; i++) {
        chain_link link = link_of(m, first + i);
        result = attach(m, &link, &made->kernel.dst, post_ops) ? dnnl_success : dnnl_unimplemented;
    }
    if (result == dnnl_success)
        result = dnnl_primitive_attr_create(&attributes);
    if (result == dnnl_success)
        result = dnnl_primitive_attr_set_post_ops(attributes, post_ops);
    if (result == dnnl_success)
        result = dnnl_primitive_desc_create(&made->primitive, &made->kernel.operation, attributes,
                                            m->network->device->engine, NULL);
    dnnl_primitive_attr_destroy(attributes);
    dnnl_post_ops_destroy(post_ops);
    return result;
}

/* The kernel with as much of the chain as leaves oneDNN fast code for it; if there is none in any
 * case, with as much as it can. */
static choice choose(onednn_maker *m, onednn_describe *describe) {
    choice best = {0}, other;
    dnnl_status_t first_result = dnnl_success;
    size_t n;
    first_link(m, &n);
    for (size_t k = n + 1; m->status == ES_OK && k-- > 0;) {
        dnnl_status_t result = try_kernel(m, describe, k, &other);
        if (k == 0)
            first_result = result;
        if (result != dnnl_success)
            continue;
        bool fast = !is_reference(other.primitive);
        if (fast || best.primitive == NULL) {
            dnnl_primitive_desc_destroy(best.primitive);
            best = other;
        } else {
            dnnl_primitive_desc_destroy(other.primitive);
        }
        if (fast)
            break;
    }
    if (best.primitive == NULL)
        onednn_try(m, first_result, "kernel");
    return best;
}

/* Memory of a link's other operand. */
static dnnl_memory_t read_operand(onednn_maker *m, const chain_link *link,
                                  const dnnl_memory_desc_t *result) {
    size_t residual = m->planned->residual;
    dnnl_memory_desc_t layout = link->sums ? *result : operand_layout(m, link, result);
    if (link->constant)
        return onednn_numbers(m, link->layer, ES_CONSTANT, &layout);
    dnnl_memory_desc_t lies = onednn_plain(m, es_plan_out(m->network->plan, residual));
    return onednn_read(m, residual, link->sums ? &layout : &lies, &layout);
}

/* ---- Links that run on their own */

static void add_function(onednn_maker *m, element_function f, const dnnl_memory_desc_t *layout,
                         dnnl_memory_t from, dnnl_memory_t to) {
    dnnl_eltwise_desc_t operation;
    dnnl_primitive_desc_t primitive = NULL;
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, from}, {DNNL_ARG_DST, to}};
    if (m->status != ES_OK)
        return;
    dnnl_status_t result = dnnl_eltwise_forward_desc_init(&operation, dnnl_forward_inference,
                                                          f.algorithm, layout, f.alpha, f.beta);
    if (result == dnnl_success)
        result = dnnl_primitive_desc_create(&primitive, &operation, NULL,
                                            m->network->device->engine, NULL);
    if (onednn_try(m, result, "kernel"))
        onednn_add_step(m, primitive, 2, arguments);
}

/* Appends a link that reads `from` and writes `to`, both under `layout`. */
static void add_link(onednn_maker *m, const chain_link *link, const dnnl_memory_desc_t *layout,
                     dnnl_memory_t from, dnnl_memory_t to) {
    dnnl_binary_desc_t operation;
    dnnl_primitive_desc_t primitive = NULL;
    if (link->functions.list[0].algorithm != 0) {
        for (size_t i = 0; i < MAX_FUNCTIONS && link->functions.list[i].algorithm != 0; i++)
            add_function(m, link->functions.list[i], layout, i == 0 ? from : to, to);
        return;
    }
    dnnl_memory_desc_t operand = link->sums ? *layout : operand_layout(m, link, layout);
    dnnl_memory_t other = read_operand(m, link, layout);
    dnnl_exec_arg_t arguments[] = {
        {DNNL_ARG_SRC_0, from}, {DNNL_ARG_SRC_1, other}, {DNNL_ARG_DST, to}};
    if (m->status != ES_OK)
        return;
    dnnl_status_t result =
        dnnl_binary_desc_init(&operation, link->algorithm, layout, &operand, layout);
    if (result == dnnl_success)
        result = dnnl_primitive_desc_create(&primitive, &operation, NULL,
                                            m->network->device->engine, NULL);
    if (onednn_try(m, result, "kernel"))
        onednn_add_step(m, primitive, 3, arguments);
}

/* Appends all links but the first `n_done`, in place. */
static void add_links(onednn_maker *m, size_t n_done, const onednn_target *target) {
    size_t n, first = first_link(m, &n);
    for (size_t i = n_done; m->status == ES_OK && i < n; i++) {
        chain_link link = link_of(m, first + i);
        add_link(m, &link, &target->layout, target->memory, target->memory);
    }
}

void onednn_make_elementwise(onednn_maker *m) {
    const dnnl_memory_desc_t *layout = &m->network->units[m->planned->inputs[0]].lies;
    dnnl_memory_t from = onednn_read(m, m->planned->inputs[0], layout, layout);
    onednn_target target = onednn_begin_output(m, layout, false);
    chain_link link = link_of(m, m->planned->layer_index);
    add_link(m, &link, layout, from, target.memory);
    add_links(m, 0, &target);
    onednn_end_output(m, &target);
}

/* ---- Kernels */

/* How an operand lies that a kernel sees as `seen`: like that if it sees the shape's dimensions,
 * else plain. */
static dnnl_memory_desc_t lies(onednn_maker *m, es_shape shape, const dnnl_memory_desc_t *seen,
                               const dnnl_memory_desc_t *told) {
    dnnl_memory_desc_t plain = onednn_plain(m, shape);
    if (told->ndims > 0)
        return *told;
    bool same = seen->ndims == plain.ndims &&
                memcmp(seen->dims, plain.dims, sizeof(int64_t) * (size_t)plain.ndims) == 0;
    return same ? *seen : plain;
}

dnnl_memory_desc_t onednn_weights(onednn_maker *m) {
    const es_layer *layer = m->planned->layer;
    const int64_t *kernel = layer->window.kernel;
    if (layer->op != ES_OP_CONV && layer->op != ES_OP_CONV_TRANSPOSE) {
        dnnl_dims_t dims = {es_weights_outputs(layer), es_weights_per_output(layer)};
        return onednn_dense(m, 2, dims);
    }
    int64_t groups = layer->groups;
    int64_t dims[] = {groups, layer->out.c / groups, layer->in.c / groups, kernel[0], kernel[1]};
    return groups > 1 ? onednn_dense(m, 5, dims) : onednn_dense(m, 4, dims + 1);
}

enum { MAX_ARGUMENTS = 12 };

typedef struct argument_list {
    int n;
    dnnl_exec_arg_t items[MAX_ARGUMENTS];
} argument_list;

static void add_argument(argument_list *list, int argument, dnnl_memory_t memory) {
    ES_REQUIRE(list->n < MAX_ARGUMENTS);
    list->items[list->n++] = (dnnl_exec_arg_t){argument, memory};
}

static dnnl_memory_desc_t layout_of(const choice *made, int argument) {
    return *dnnl_primitive_desc_query_md(made->primitive, dnnl_query_exec_arg_md, argument);
}

/* Makes up weights and bias and brings the weights into the kernel's layout, once for all. */
static void add_weights(onednn_maker *m, const choice *made, argument_list *list) {
    dnnl_engine_t engine = m->network->device->engine;
    dnnl_memory_desc_t plain = onednn_weights(m), wanted = layout_of(made, DNNL_ARG_WEIGHTS);
    dnnl_dims_t outputs = {es_weights_outputs(m->planned->layer)};
    dnnl_memory_desc_t bias_layout = onednn_dense(m, 1, outputs);
    dnnl_memory_t weights = onednn_own(m, &wanted), bias = onednn_own(m, &bias_layout), from = NULL;
    dnnl_primitive_desc_t kernel = NULL;
    dnnl_primitive_t reorder = NULL;
    if (m->status != ES_OK)
        return;
    dnnl_status_t result = dnnl_memory_create(&from, &plain, engine, DNNL_MEMORY_ALLOCATE);
    if (result == dnnl_success)
        m->status =
            es_weights_fold(m->network->plan, m->planned, onednn_data(from), onednn_data(bias));
    if (result == dnnl_success)
        result = dnnl_reorder_primitive_desc_create(&kernel, &plain, engine, &wanted, engine, NULL);
    if (result == dnnl_success)
        result = dnnl_primitive_create(&reorder, kernel);
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, weights}};
    if (result == dnnl_success)
        result = dnnl_primitive_execute(reorder, m->network->device->stream, 2, arguments);
    if (result == dnnl_success)
        result = dnnl_stream_wait(m->network->device->stream);
    dnnl_primitive_destroy(reorder);
    dnnl_primitive_desc_destroy(kernel);
    dnnl_memory_destroy(from);
    onednn_try(m, result, "weights");
    add_argument(list, DNNL_ARG_WEIGHTS, weights);
    add_argument(list, DNNL_ARG_BIAS, bias);
}

static void add_inputs(onednn_maker *m, const choice *made, const int *arguments,
                       argument_list *list) {
    const es_plan *plan = m->network->plan;
    size_t n = m->planned->layer->n_inputs;
    for (size_t j = 0; j < n; j++) {
        size_t unit = m->planned->inputs[made->kernel.swapped ? n - 1 - j : j];
        dnnl_memory_desc_t seen = layout_of(made, arguments[j]);
        dnnl_memory_desc_t wanted =
            lies(m, es_plan_out(plan, unit), &seen, &made->kernel.lies_in[j]);
        add_argument(list, arguments[j], onednn_read(m, unit, &wanted, &seen));
    }
}

/* Where the kernel writes, and what of the chain is in it. */
static onednn_target add_result(onednn_maker *m, const choice *made, argument_list *list) {
    const es_network *network = m->network;
    size_t residual = m->planned->residual, n, first = first_link(m, &n);
    dnnl_memory_desc_t seen = layout_of(made, DNNL_ARG_DST);
    dnnl_memory_desc_t layout = lies(m, m->planned->layer->out, &seen, &made->kernel.lies_out);
    bool over_residual = m->planned->adds != 0 && residual != 0 &&
                         network->plan->units[residual].slot == m->planned->slot;
    bool in_place = over_residual && made->sums &&
                    dnnl_memory_desc_equal(&layout, &network->units[residual].lies);
    onednn_target target = onednn_begin_output(m, &layout, over_residual && !in_place);
    if (made->sums && (!in_place || target.aside))
        onednn_reorder(m, network->units[residual].out, &network->units[residual].lies,
                       target.memory, &layout);
    int index = 0;
    for (size_t i = 0; m->status == ES_OK && i < made->n_attached; i++) {
        chain_link link = link_of(m, first + i);
        if (link.functions.list[0].algorithm != 0) {
            index += 1 + (link.functions.list[1].algorithm != 0);
            continue;
        }
        if (!link.sums)
            add_argument(list, DNNL_ARG_ATTR_MULTIPLE_POST_OP(index) | DNNL_ARG_SRC_1,
                         read_operand(m, &link, &seen));
        index++;
    }
    bool as_is = dnnl_memory_desc_equal(&seen, &layout);
    ES_REQUIRE(m->status != ES_OK || as_is || !target.aside);
    add_argument(list, DNNL_ARG_DST, as_is ? target.memory : onednn_see(m, m->number, &seen));
    return target;
}

void onednn_make_kernel(onednn_maker *m, onednn_describe *describe, const int *arguments,
                        size_t n_extra, const onednn_extra *extra) {
    argument_list list = {0};
    choice made = choose(m, describe);
    if (m->status != ES_OK)
        return;
    add_inputs(m, &made, arguments, &list);
    if (es_fused_unit_is_weighted(m->planned) && m->planned->layer->n_inputs == 1)
        add_weights(m, &made, &list);
    for (size_t i = 0; i < n_extra; i++)
        add_argument(&list, extra[i].argument,
                     onednn_numbers(m, m->planned->layer_index, extra[i].role, &extra[i].layout));
    onednn_target target = add_result(m, &made, &list);
    onednn_add_step(m, made.primitive, list.n, list.items);
    add_links(m, made.n_attached, &target);
    onednn_end_output(m, &target);
}
