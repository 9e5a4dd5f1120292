/* Backend `reference`: the plain evaluation that other backends are checked against, on one thread.
 * Its times are real and say nothing of a network's speed elsewhere. */
#include "backend.h"
#include "host.h"
#include "reference.h"

#include "edgesplit/alloc.h"
#include "edgesplit/version.h"

struct es_device {
    char unused; /* there is nothing to set */
};

struct es_network {
    const es_plan *plan;
    int64_t batch;
    double **outputs;   /* of all leaf layers */
    float **parameters; /* [n_layers + 1]; [0] is NULL */
};

static es_status open_reference(const char *setting, es_device **device, es_errors *errors) {
    if (setting[0] != '\0')
        return es_errors_add(errors, ES_USAGE, NULL, 0,
                             "setting \"%s\": backend reference has no settings", setting);
    *device = es_alloc(1, sizeof **device);
    return *device != NULL ? ES_OK : es_errors_no_memory(errors, NULL);
}

static void close_reference(es_device *device) {
    free(device);
}

static void describe(const es_device *device, es_facts *facts) {
    (void)device;
    es_host_describe(facts);
    es_facts_add(facts, "library", "%s", es_version());
    es_facts_add(facts, "precision", "fp64; parameters fp32");
    es_facts_add(facts, "layout", "row by row");
    es_facts_add(facts, "fusion", "none: one layer behind the other; a check, not a kernel");
}

static void release(es_network *network) {
    if (network == NULL)
        return;
    const es_model *model = network->plan->model;
    for (size_t l = 1; network->parameters != NULL && l <= model->n_layers; l++)
        free(network->parameters[l]);
    free(network->parameters);
    es_reference_destroy(model, network->outputs);
    free(network);
}

static es_status check(const es_model *model, es_errors *errors) {
    size_t n_before = errors->n;
    for (size_t l = 1; l <= model->n_layers; l++)
        if (!es_reference_can_run(model->layers[l].op))
            es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                          "backend reference cannot run %s (%s): it has no definition",
                          es_op_text(model->layers[l].op), model->layers[l].name);
    return errors->n > n_before ? ES_UNAVAILABLE : ES_OK;
}

static es_status prepare(es_device *device, const es_plan *plan, int64_t batch,
                         es_network **network, es_errors *errors) {
    (void)device;
    const es_model *model = plan->model;
    es_status status = check(model, errors);
    if (status != ES_OK)
        return status;
    es_network *made = es_alloc(1, sizeof *made);
    if (made == NULL)
        return es_errors_no_memory(errors, NULL);
    *made = (es_network){.plan = plan,
                         .batch = batch,
                         .parameters = es_alloc(model->n_layers + 1, sizeof *made->parameters)};
    bool enough = made->parameters != NULL &&
                  es_reference_create_outputs(model, batch, &made->outputs) == ES_OK;
    for (size_t l = 1; enough && l <= model->n_layers; l++)
        enough = (made->parameters[l] = es_reference_parameters(model, l)) != NULL;
    if (!enough) {
        release(made);
        return es_errors_no_memory(errors, NULL);
    }
    *network = made;
    return ES_OK;
}

/* The leaf layers of a unit. */
static es_status run_unit(es_network *network, size_t unit, es_errors *errors) {
    const es_fused_unit *units = network->plan->units;
    es_status status = ES_OK;
    for (size_t l = units[unit - 1].last_layer + 1; status == ES_OK && l <= units[unit].last_layer;
         l++)
        status = es_reference_run_layer(network->plan->model, l, network->batch,
                                        network->parameters[l], network->outputs);
    return status == ES_OK ? ES_OK : es_errors_no_memory(errors, NULL);
}

static es_status run(es_network *network, bool stamped, int64_t *stamps_ns, es_errors *errors) {
    size_t n_units = network->plan->n_units;
    stamps_ns[0] = es_host_now_ns();
    for (size_t u = 1; u <= n_units; u++) {
        es_status status = run_unit(network, u, errors);
        if (status != ES_OK)
            return status;
        if (stamped || u == n_units)
            stamps_ns[u] = es_host_now_ns();
    }
    return ES_OK;
}

static es_status run_part(es_network *network, size_t first, size_t last, int64_t *stamps_ns,
                          es_errors *errors) {
    stamps_ns[0] = es_host_now_ns();
    for (size_t u = first; u <= last; u++) {
        es_status status = run_unit(network, u, errors);
        if (status != ES_OK)
            return status;
    }
    stamps_ns[1] = es_host_now_ns();
    return ES_OK;
}

static int64_t now_ns(const es_device *device) {
    (void)device;
    return es_host_now_ns();
}

static int64_t lost_ns(const es_device *device) {
    (void)device;
    return es_host_lost_ns();
}

static const char *lost_to(const es_device *device) {
    (void)device;
    return "preempted";
}

static es_status output(es_network *network, size_t unit, float *values, es_errors *errors) {
    (void)errors;
    int64_t n = network->batch * es_shape_elems(es_plan_out(network->plan, unit));
    const double *from = network->outputs[network->plan->units[unit].last_layer];
    for (int64_t i = 0; i < n; i++)
        values[i] = (float)from[i];
    return ES_OK;
}

const es_backend es_backend_reference = {
    .name = "reference",
    .open = open_reference,
    .close = close_reference,
    .describe = describe,
    .prepare = prepare,
    .release = release,
    .run = run,
    .run_part = run_part,
    .now_ns = now_ns,
    .lost_ns = lost_ns,
    .disturbances = "other processes",
    .lost_to = lost_to,
    .output = output,
};
