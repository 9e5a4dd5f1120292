#include "scripted.h"

#include "test.h"

#include <string.h>

script_state the_script;

static es_status open_script(const char *setting, es_device **device, es_errors *errors) {
    if (strcmp(setting, "wrong") == 0)
        return es_errors_add(errors, ES_USAGE, NULL, 0, "no such setting");
    *device = malloc(sizeof **device);
    if (*device == NULL)
        return es_errors_add(errors, ES_NO_MEMORY, NULL, 0, "out of memory");
    (*device)->script = &the_script;
    the_script.n_opened++;
    return ES_OK;
}

static void close_script(es_device *device) {
    device->script->n_closed++;
    free(device);
}

static void describe_script(const es_device *device, es_facts *facts) {
    const char *library = device->script->library;
    es_facts_add(facts, "device", "script");
    es_facts_add(facts, "library", "%s", library != NULL ? library : "none");
}

static void observe_script(const es_device *device, es_facts *facts) {
    es_facts_add(facts, "passes", "%zu", device->script->n_passes);
    if (device->script->n_passes > 0)
        es_facts_add(facts, "kernels", "as chosen");
}

static es_status prepare_script(es_device *device, const es_plan *plan, int64_t batch,
                                es_network **network, es_errors *errors) {
    assert_true(batch >= 1);
    *network = malloc(sizeof **network);
    if (*network == NULL)
        return es_errors_add(errors, ES_NO_MEMORY, NULL, 0, "out of memory");
    **network = (es_network){device->script, plan->n_units};
    the_script.n_prepared++;
    return ES_OK;
}

static void release_script(es_network *network) {
    network->script->n_released++;
    free(network);
}

/* Unit u of n takes unit_ns, the first one 1 us more. */
static es_status run_script(es_network *network, bool stamped, int64_t *stamps_ns,
                            es_errors *errors) {
    script_state *script = network->script;
    assert_int_equal(stamped, script->n_passes % 2 == 0);
    script_pass pass = script->at(script->n_passes++);
    script->interrupted = script->interrupted || script->n_passes == script->interrupted_at;
    stamps_ns[0] = script->clock_ns;
    script->clock_ns += 1 * US;
    for (size_t u = 1; u <= network->n_units; u++) {
        script->clock_ns += pass.unit_ns;
        if (stamped)
            stamps_ns[u] = script->clock_ns;
    }
    stamps_ns[network->n_units] = script->clock_ns;
    script->lost_ns += pass.lost_ns;
    return pass.status == ES_OK ? ES_OK
                                : es_errors_add(errors, pass.status, NULL, 0, "the script says so");
}

/* A head starts with the first unit, and its tail follows. */
static es_status run_part_of_script(es_network *network, size_t first, size_t last,
                                    int64_t *stamps_ns, es_errors *errors) {
    script_state *script = network->script;
    assert_true(first == 1 || first == script->n_ahead + 1);
    assert_true(first <= last && last <= network->n_units);
    script_pass pass = script->at(script->n_passes);
    script->n_ahead = last;
    script->n_parts++;
    script->interrupted = script->interrupted || script->n_parts == script->interrupted_at_part;
    stamps_ns[0] = script->clock_ns;
    script->clock_ns += (int64_t)(last - first + 1) * pass.unit_ns;
    stamps_ns[1] = script->clock_ns;
    return script->fails_at_part == 0 || script->n_parts < script->fails_at_part
               ? ES_OK
               : es_errors_add(errors, ES_INTERNAL, NULL, 0, "the script says so");
}

static int64_t script_now_ns(const es_device *device) {
    return device->script->clock_ns;
}

static int64_t script_lost_ns(const es_device *device) {
    return device->script->lost_ns;
}

static const char *script_lost_to(const es_device *device) {
    (void)device;
    return "script";
}

const es_backend scripted_backend = {
    .name = "scripted",
    .open = open_script,
    .close = close_script,
    .describe = describe_script,
    .observe = observe_script,
    .prepare = prepare_script,
    .release = release_script,
    .run = run_script,
    .run_part = run_part_of_script,
    .now_ns = script_now_ns,
    .lost_ns = script_lost_ns,
    .disturbances = "other processes",
    .lost_to = script_lost_to,
};
