#include "onednn.h"

#include "host.h"
#include "weights.h"

#include "edgesplit/alloc.h"

#include <string.h>

enum { MAX_ARGUMENTS = 4, MAX_STEPS = 4, MAX_MEMORIES = 8 };

/* One primitive with its operands. */
typedef struct kernel_step {
    dnnl_primitive_t primitive;
    int n_arguments;
    dnnl_exec_arg_t arguments[MAX_ARGUMENTS]; /* memories are the units' */
} kernel_step;

/* A unit: reorders of its inputs where its kernel wants another layout, a copy of its residual
 * where the sum cannot be formed in its place, then the kernel. */
typedef struct kernel_unit {
    onednn_kernel kernel;
    dnnl_memory_t out; /* as the units behind it see it */
    size_t n_memories;
    dnnl_memory_t memories[MAX_MEMORIES]; /* what the steps use besides outputs */
    size_t n_steps;
    kernel_step steps[MAX_STEPS];
} kernel_unit;

struct es_network {
    es_device *device;
    const es_plan *plan;
    int64_t batch;
    kernel_unit *units;   /* [plan->n_units + 1]; 0 holds the input */
    dnnl_memory_t *slots; /* [plan->n_slots]: the bytes that outputs lie in */
};

es_status onednn_check(dnnl_status_t result, const char *what, const char *unit,
                       es_errors *errors) {
    if (result == dnnl_success)
        return ES_OK;
    es_status status = result == dnnl_out_of_memory ? ES_NO_MEMORY : ES_INTERNAL;
    return es_errors_add(errors, status, NULL, 0, "oneDNN refuses the %s%s%s (status %d)", what,
                         unit != NULL ? " of " : "", unit != NULL ? unit : "", (int)result);
}

static es_status create_memory(const es_device *device, const dnnl_memory_desc_t *layout,
                               void *data, dnnl_memory_t *memory, const char *name,
                               es_errors *errors) {
    return onednn_check(dnnl_memory_create(memory, layout, device->engine, data), "memory", name,
                        errors);
}

static void *data_of(dnnl_memory_t memory) {
    void *data = NULL;
    dnnl_status_t result = dnnl_memory_get_data_handle(memory, &data);
    ES_REQUIRE(result == dnnl_success);
    return data;
}

/* A memory that belongs to a unit; `data` may be DNNL_MEMORY_ALLOCATE. */
static es_status add_memory(es_network *network, size_t number, const dnnl_memory_desc_t *layout,
                            void *data, dnnl_memory_t *memory, es_errors *errors) {
    kernel_unit *unit = &network->units[number];
    ES_REQUIRE(unit->n_memories < MAX_MEMORIES);
    es_status status =
        create_memory(network->device, layout, data, &unit->memories[unit->n_memories],
                      network->plan->units[number].name, errors);
    if (status == ES_OK)
        *memory = unit->memories[unit->n_memories++];
    return status;
}

/* Chooses the kernels in order, each for the layouts that those before it write. */
static es_status describe_units(es_network *network, es_errors *errors) {
    const es_plan *plan = network->plan;
    es_status status = onednn_plain_tensor(plan->units[0].layer->out, network->batch,
                                           &network->units[0].kernel.out.lies, errors);
    for (size_t u = 1; status == ES_OK && u <= plan->n_units; u++) {
        const es_fused_unit *planned = &plan->units[u];
        const dnnl_memory_desc_t *in[2] = {NULL, NULL}, *residual = NULL;
        for (size_t i = 0; i < planned->layer->n_inputs; i++)
            in[i] = &network->units[planned->inputs[i]].kernel.out.lies;
        if (planned->adds)
            residual = &network->units[planned->residual].kernel.out.lies;
        status = onednn_describe(network->device, planned, network->batch, in, residual,
                                 &network->units[u].kernel, errors);
    }
    return status;
}

/* Allocates each slot for the largest output that will lie in it. */
static es_status create_slots(es_network *network, es_errors *errors) {
    const es_plan *plan = network->plan;
    es_status status = ES_OK;
    for (size_t s = 0; status == ES_OK && s < plan->n_slots; s++) {
        dnnl_dims_t bytes = {1};
        for (size_t u = 0; u <= plan->n_units; u++) {
            int64_t size = (int64_t)dnnl_memory_desc_get_size(&network->units[u].kernel.out.lies);
            if (plan->units[u].slot == s && size > bytes[0])
                bytes[0] = size;
        }
        dnnl_memory_desc_t layout;
        status = onednn_check(dnnl_memory_desc_init_by_tag(&layout, 1, bytes, dnnl_u8, dnnl_a),
                              "memory", NULL, errors);
        if (status == ES_OK)
            status = create_memory(network->device, &layout, DNNL_MEMORY_ALLOCATE,
                                   &network->slots[s], NULL, errors);
    }
    return status;
}

static es_status create_reorder(const es_device *device, dnnl_memory_t from, dnnl_memory_t to,
                                dnnl_primitive_t *reorder) {
    const dnnl_memory_desc_t *from_layout, *to_layout;
    dnnl_primitive_desc_t kernel = NULL;
    dnnl_status_t result = dnnl_memory_get_memory_desc(from, &from_layout);
    if (result == dnnl_success)
        result = dnnl_memory_get_memory_desc(to, &to_layout);
    if (result == dnnl_success)
        result = dnnl_reorder_primitive_desc_create(&kernel, from_layout, device->engine, to_layout,
                                                    device->engine, NULL);
    if (result == dnnl_success)
        result = dnnl_primitive_create(reorder, kernel);
    dnnl_primitive_desc_destroy(kernel);
    return result == dnnl_success         ? ES_OK
           : result == dnnl_out_of_memory ? ES_NO_MEMORY
                                          : ES_INTERNAL;
}

static es_status execute(const es_device *device, const kernel_step *step) {
    return dnnl_primitive_execute(step->primitive, device->stream, step->n_arguments,
                                  step->arguments) == dnnl_success
               ? ES_OK
               : ES_INTERNAL;
}

/* Copies a tensor from one layout to another. */
static es_status copy(const es_device *device, dnnl_memory_t from, dnnl_memory_t to,
                      const char *name, es_errors *errors) {
    kernel_step step = {.n_arguments = 2, .arguments = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}};
    es_status status = create_reorder(device, from, to, &step.primitive);
    if (status == ES_OK)
        status = execute(device, &step);
    if (status == ES_OK && dnnl_stream_wait(device->stream) != dnnl_success)
        status = ES_INTERNAL;
    dnnl_primitive_destroy(step.primitive);
    if (status != ES_OK)
        es_errors_add(errors, status, NULL, 0, "oneDNN cannot reorder %s", name);
    return status;
}

static void add_argument(kernel_step *step, int role, dnnl_memory_t memory) {
    ES_REQUIRE(step->n_arguments < MAX_ARGUMENTS);
    step->arguments[step->n_arguments++] = (dnnl_exec_arg_t){role, memory};
}

/* Makes up a unit's weights and bias, brings them into its kernel's layout and hands them to it. */
static es_status add_weights(es_network *network, size_t number, kernel_step *step,
                             es_errors *errors) {
    const es_fused_unit *planned = &network->plan->units[number];
    const dnnl_memory_desc_t *wanted = dnnl_primitive_desc_query_md(
        network->units[number].kernel.primitive, dnnl_query_weights_md, 0);
    dnnl_memory_desc_t plain_weights, plain_bias;
    dnnl_memory_t plain = NULL, weights = NULL, bias = NULL;
    es_status status = onednn_plain_weights(planned->layer, &plain_weights, errors);
    if (status == ES_OK)
        status = onednn_plain_bias(planned->layer, &plain_bias, errors);
    if (status == ES_OK)
        status = create_memory(network->device, &plain_weights, DNNL_MEMORY_ALLOCATE, &plain,
                               planned->name, errors);
    if (status == ES_OK)
        status = add_memory(network, number, &plain_bias, DNNL_MEMORY_ALLOCATE, &bias, errors);
    if (status == ES_OK)
        status = add_memory(network, number, wanted, DNNL_MEMORY_ALLOCATE, &weights, errors);
    if (status == ES_OK) {
        es_weights_fold(network->plan->model, planned, data_of(plain), data_of(bias));
        status = copy(network->device, plain, weights, planned->name, errors);
        add_argument(step, DNNL_ARG_WEIGHTS, weights);
        add_argument(step, DNNL_ARG_BIAS, bias);
    }
    dnnl_memory_destroy(plain);
    return status;
}

/* Appends a step that copies a tensor, from layout to layout where they differ. */
static es_status add_copy(es_network *network, size_t number, dnnl_memory_t from, dnnl_memory_t to,
                          es_errors *errors) {
    kernel_unit *unit = &network->units[number];
    ES_REQUIRE(unit->n_steps < MAX_STEPS);
    kernel_step *step = &unit->steps[unit->n_steps++];
    add_argument(step, DNNL_ARG_FROM, from);
    add_argument(step, DNNL_ARG_TO, to);
    es_status status = create_reorder(network->device, from, to, &step->primitive);
    if (status != ES_OK)
        es_errors_add(errors, status, NULL, 0, "oneDNN cannot reorder an operand of %s",
                      network->plan->units[number].name);
    return status;
}

/* The memory under which a kernel sees an operand that lies in `memory`. */
static es_status see(es_network *network, size_t number, const onednn_operand *operand,
                     dnnl_memory_t memory, dnnl_memory_t *seen, es_errors *errors) {
    *seen = memory;
    if (dnnl_memory_desc_equal(&operand->seen, &operand->lies))
        return ES_OK;
    return add_memory(network, number, &operand->seen, data_of(memory), seen, errors);
}

/* Input i of a unit as its kernel sees it; a step that reorders it is appended if it lies
 * otherwise. */
static es_status prepare_input(es_network *network, size_t number, size_t i, dnnl_memory_t *seen,
                               es_errors *errors) {
    const onednn_operand *wanted = &network->units[number].kernel.in[i];
    const kernel_unit *from = &network->units[network->plan->units[number].inputs[i]];
    dnnl_memory_t lies = from->out;
    es_status status = ES_OK;
    if (!dnnl_memory_desc_equal(&wanted->lies, &from->kernel.out.lies)) {
        status = add_memory(network, number, &wanted->lies, DNNL_MEMORY_ALLOCATE, &lies, errors);
        if (status == ES_OK)
            status = add_copy(network, number, from->out, lies, errors);
    }
    return status == ES_OK ? see(network, number, wanted, lies, seen, errors) : status;
}

static es_status create_unit(es_network *network, size_t number, es_errors *errors) {
    static const int input_roles[] = {DNNL_ARG_SRC_0, DNNL_ARG_SRC_1};
    const es_fused_unit *planned = &network->plan->units[number];
    const es_layer *layer = planned->layer;
    kernel_unit *unit = &network->units[number];
    kernel_step last = {0};
    dnnl_memory_t seen = NULL;
    es_status status = ES_OK;
    ES_REQUIRE(layer->n_inputs <= 2);
    for (size_t i = 0; status == ES_OK && i < layer->n_inputs; i++) {
        status = prepare_input(network, number, i, &seen, errors);
        if (status == ES_OK)
            add_argument(&last, input_roles[i], seen);
    }
    if (status == ES_OK && (layer->op == ES_OP_CONV || layer->op == ES_OP_LINEAR))
        status = add_weights(network, number, &last, errors);
    if (status == ES_OK && planned->adds &&
        planned->slot != network->plan->units[planned->residual].slot)
        status =
            add_copy(network, number, network->units[planned->residual].out, unit->out, errors);
    if (status == ES_OK)
        status = see(network, number, &unit->kernel.out, unit->out, &seen, errors);
    if (status != ES_OK)
        return status;
    add_argument(&last, DNNL_ARG_DST, seen);
    ES_REQUIRE(unit->n_steps < MAX_STEPS);
    unit->steps[unit->n_steps++] = last;
    return onednn_check(
        dnnl_primitive_create(&unit->steps[unit->n_steps - 1].primitive, unit->kernel.primitive),
        "kernel", planned->name, errors);
}

static es_status create_units(es_network *network, es_errors *errors) {
    const es_plan *plan = network->plan;
    es_status status = describe_units(network, errors);
    if (status == ES_OK)
        status = create_slots(network, errors);
    for (size_t u = 0; status == ES_OK && u <= plan->n_units; u++)
        status = create_memory(network->device, &network->units[u].kernel.out.lies,
                               data_of(network->slots[plan->units[u].slot]), &network->units[u].out,
                               plan->units[u].name, errors);
    for (size_t u = 1; status == ES_OK && u <= plan->n_units; u++)
        status = create_unit(network, u, errors);
    if (status != ES_OK)
        return status;
    float *input = data_of(network->units[0].out);
    for (int64_t i = 0; i < network->batch * es_shape_elems(plan->units[0].layer->out); i++)
        input[i] = es_weights_input(i);
    return ES_OK;
}

es_status onednn_prepare(es_device *device, const es_plan *plan, int64_t batch,
                         es_network **network, es_errors *errors) {
    es_network *made = es_alloc(1, sizeof *made);
    es_status status = ES_NO_MEMORY;
    if (made == NULL)
        goto done;
    *made = (es_network){.device = device,
                         .plan = plan,
                         .batch = batch,
                         .units = es_alloc(plan->n_units + 1, sizeof *made->units),
                         .slots = es_alloc(plan->n_slots, sizeof(dnnl_memory_t))};
    if (made->units == NULL || made->slots == NULL)
        goto done;
    status = create_units(made, errors);
    if (status == ES_OK) {
        *network = made;
        made = NULL;
    }
done:
    if (status == ES_NO_MEMORY)
        es_errors_add(errors, status, NULL, 0, "%s at batch %lld: %s", plan->model->name,
                      (long long)batch, es_status_text(status));
    onednn_release(made);
    return status;
}

static void destroy_unit(kernel_unit *unit) {
    for (size_t i = 0; i < MAX_STEPS; i++)
        dnnl_primitive_destroy(unit->steps[i].primitive);
    for (size_t i = 0; i < unit->n_memories; i++)
        dnnl_memory_destroy(unit->memories[i]);
    dnnl_primitive_desc_destroy(unit->kernel.primitive);
    dnnl_memory_destroy(unit->out);
}

void onednn_release(es_network *network) {
    if (network == NULL)
        return;
    for (size_t u = 0; network->units != NULL && u <= network->plan->n_units; u++)
        destroy_unit(&network->units[u]);
    for (size_t s = 0; network->slots != NULL && s < network->plan->n_slots; s++)
        dnnl_memory_destroy(network->slots[s]);
    free(network->units);
    free(network->slots);
    free(network);
}

es_status onednn_run(es_network *network, bool stamped, int64_t *stamps_ns, es_errors *errors) {
    size_t n_units = network->plan->n_units;
    es_status status = ES_OK;
    stamps_ns[0] = es_host_now_ns();
    for (size_t u = 1; u <= n_units; u++) {
        const kernel_unit *unit = &network->units[u];
        for (size_t i = 0; i < unit->n_steps; i++)
            if (execute(network->device, &unit->steps[i]) != ES_OK)
                status = ES_INTERNAL;
        if (stamped)
            stamps_ns[u] = es_host_now_ns();
    }
    if (dnnl_stream_wait(network->device->stream) != dnnl_success)
        status = ES_INTERNAL;
    stamps_ns[n_units] = es_host_now_ns();
    if (status != ES_OK)
        es_errors_add(errors, status, NULL, 0, "oneDNN failed in a pass of %s",
                      network->plan->model->name);
    return status;
}

es_status onednn_output(es_network *network, size_t unit, float *values, es_errors *errors) {
    const es_fused_unit *planned = &network->plan->units[unit];
    dnnl_memory_desc_t plain;
    dnnl_memory_t to = NULL;
    es_status status = onednn_plain_tensor(planned->layer->out, network->batch, &plain, errors);
    if (status == ES_OK)
        status = create_memory(network->device, &plain, values, &to, planned->name, errors);
    if (status == ES_OK)
        status = copy(network->device, network->units[unit].out, to, planned->name, errors);
    dnnl_memory_destroy(to);
    return status;
}
