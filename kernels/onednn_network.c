#include "onednn.h"

#include "host.h"
#include "weights.h"

#include "edgesplit/alloc.h"

es_status onednn_check(dnnl_status_t result, const char *what, const char *unit,
                       es_errors *errors) {
    if (result == dnnl_success)
        return ES_OK;
    es_status status = result == dnnl_out_of_memory   ? ES_NO_MEMORY
                       : result == dnnl_unimplemented ? ES_UNAVAILABLE
                                                      : ES_INTERNAL;
    return es_errors_add(errors, status, NULL, 0, "oneDNN refuses the %s%s%s (status %d)", what,
                         unit != NULL ? " of " : "", unit != NULL ? unit : "", (int)result);
}

static es_status make_units(es_network *network, es_errors *errors) {
    const es_plan *plan = network->plan;
    onednn_maker m = {.network = network, .errors = errors};
    for (size_t u = 0; m.status == ES_OK && u <= plan->n_units; u++) {
        m.number = u;
        m.planned = &plan->units[u];
        m.unit = &network->units[u];
        m.unit->root = u;
        m.unit->first_step = network->n_steps;
        if (u == 0) {
            dnnl_memory_desc_t plain = onednn_plain(&m, plan->units[0].layer->out);
            onednn_begin_output(&m, &plain, false);
        } else {
            onednn_make(&m);
        }
        m.unit->n_steps = network->n_steps - m.unit->first_step;
    }
    return m.status;
}

/* Allocates each slot for the largest output that will lie in it. */
static es_status create_slots(es_network *network, es_errors *errors) {
    const es_plan *plan = network->plan;
    es_status status = ES_OK;
    for (size_t s = 0; status == ES_OK && s < plan->n_slots; s++) {
        dnnl_dims_t bytes = {1};
        for (size_t u = 0; u <= plan->n_units; u++) {
            int64_t size = (int64_t)dnnl_memory_desc_get_size(&network->units[u].lies);
            if (network->units[u].root == u && plan->units[u].slot == s && size > bytes[0])
                bytes[0] = size;
        }
        dnnl_memory_desc_t layout;
        status = onednn_check(dnnl_memory_desc_init_by_tag(&layout, 1, bytes, dnnl_u8, dnnl_a),
                              "memory", NULL, errors);
        if (status == ES_OK)
            status = onednn_check(dnnl_memory_create(&network->slots[s], &layout,
                                                     network->device->engine, DNNL_MEMORY_ALLOCATE),
                                  "memory", NULL, errors);
    }
    return status;
}

static es_status bind_memories(es_network *network, es_errors *errors) {
    es_status status = ES_OK;
    for (size_t i = 0; status == ES_OK && i < network->n_bindings; i++) {
        size_t unit = network->bindings[i].unit;
        void *data = onednn_data(network->slots[network->plan->units[unit].slot]);
        status = onednn_check(dnnl_memory_set_data_handle(network->bindings[i].memory, data),
                              "memory", network->plan->units[unit].name, errors);
    }
    return status;
}

es_status onednn_prepare(es_device *device, const es_plan *plan, int64_t batch,
                         es_network **network, es_errors *errors) {
    es_status status = es_plan_check(plan, "onednn", onednn_refuse, errors);
    if (status != ES_OK)
        return status;
    es_network *made = es_alloc(1, sizeof *made);
    status = ES_NO_MEMORY;
    if (made == NULL)
        goto done;
    *made = (es_network){.device = device,
                         .plan = plan,
                         .batch = batch,
                         .units = es_alloc(plan->n_units + 1, sizeof *made->units),
                         .slots = es_alloc(plan->n_slots, sizeof(dnnl_memory_t))};
    if (made->units == NULL || made->slots == NULL)
        goto done;
    status = make_units(made, errors);
    if (status == ES_OK)
        status = create_slots(made, errors);
    if (status == ES_OK)
        status = bind_memories(made, errors);
    if (status == ES_OK) {
        es_weights_fill_input(batch * es_shape_elems(plan->units[0].layer->out),
                              onednn_data(made->units[0].out));
        *network = made;
        made = NULL;
    }
done:
    if (status == ES_NO_MEMORY && errors->n == 0)
        es_errors_add(errors, status, NULL, 0, "%s at batch %lld: %s", plan->model->name,
                      (long long)batch, es_status_text(status));
    onednn_release(made);
    return status;
}

void onednn_release(es_network *network) {
    if (network == NULL)
        return;
    for (size_t i = 0; i < network->n_steps; i++)
        dnnl_primitive_destroy(network->steps[i].primitive);
    for (size_t i = 0; i < network->n_memories; i++)
        dnnl_memory_destroy(network->memories[i]);
    for (size_t s = 0; network->slots != NULL && s < network->plan->n_slots; s++)
        dnnl_memory_destroy(network->slots[s]);
    free(network->units);
    free(network->steps);
    free(network->arguments);
    free(network->memories);
    free(network->bindings);
    free(network->slots);
    free(network);
}

/* Runs units `first` to `last`; the end of each goes to stamps_ns[unit] unless that is NULL. */
static es_status run_units(es_network *network, size_t first, size_t last, int64_t *stamps_ns,
                           int64_t *start_ns, int64_t *end_ns, es_errors *errors) {
    dnnl_status_t result = dnnl_success;
    *start_ns = es_host_now_ns();
    for (size_t u = first; u <= last; u++) {
        const onednn_unit *unit = &network->units[u];
        for (size_t i = unit->first_step; i < unit->first_step + unit->n_steps; i++) {
            const onednn_step *step = &network->steps[i];
            dnnl_status_t failed =
                dnnl_primitive_execute(step->primitive, network->device->stream, step->n_arguments,
                                       network->arguments + step->first_argument);
            if (failed != dnnl_success)
                result = failed;
        }
        if (stamps_ns != NULL)
            stamps_ns[u] = es_host_now_ns();
    }
    dnnl_status_t failed = dnnl_stream_wait(network->device->stream);
    *end_ns = es_host_now_ns();
    return onednn_check(failed != dnnl_success ? failed : result, "pass",
                        network->plan->model->name, errors);
}

es_status onednn_run(es_network *network, bool stamped, int64_t *stamps_ns, es_errors *errors) {
    size_t n_units = network->plan->n_units;
    return run_units(network, 1, n_units, stamped ? stamps_ns : NULL, &stamps_ns[0],
                     &stamps_ns[n_units], errors);
}

es_status onednn_run_part(es_network *network, size_t first, size_t last, int64_t *stamps_ns,
                          es_errors *errors) {
    return run_units(network, first, last, NULL, &stamps_ns[0], &stamps_ns[1], errors);
}

es_status onednn_output(es_network *network, size_t unit, float *values, es_errors *errors) {
    onednn_maker m = {.network = network,
                      .planned = &network->plan->units[unit],
                      .unit = &network->units[unit],
                      .number = unit,
                      .errors = errors};
    dnnl_memory_desc_t plain = onednn_plain(&m, es_plan_out(network->plan, unit));
    dnnl_engine_t engine = network->device->engine;
    dnnl_primitive_desc_t kernel = NULL;
    dnnl_primitive_t reorder = NULL;
    dnnl_memory_t to = NULL;
    dnnl_status_t result = dnnl_memory_create(&to, &plain, engine, values);
    if (result == dnnl_success)
        result = dnnl_reorder_primitive_desc_create(&kernel, &m.unit->lies, engine, &plain, engine,
                                                    NULL);
    if (result == dnnl_success)
        result = dnnl_primitive_create(&reorder, kernel);
    dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, m.unit->out}, {DNNL_ARG_TO, to}};
    if (result == dnnl_success)
        result = dnnl_primitive_execute(reorder, network->device->stream, 2, arguments);
    if (result == dnnl_success)
        result = dnnl_stream_wait(network->device->stream);
    dnnl_primitive_destroy(reorder);
    dnnl_primitive_desc_destroy(kernel);
    dnnl_memory_destroy(to);
    return onednn_check(result, "output", m.planned->name, errors);
}
