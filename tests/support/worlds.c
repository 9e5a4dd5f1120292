#include "worlds.h"

#include "edgesplit/alloc.h"

#include <math.h>
#include <string.h>

const uint32_t every_cut[MAX_CUTS] = {0, 1, 2, 3, 4, 5};

const es_cost *made_up_cost(struct made_up *network) {
    for (size_t b = 0; b < network->n_batches; b++) {
        for (size_t cut = 0; cut < network->n_cuts; cut++) {
            network->head_s[b][cut] = es_time_s(network->head_ns[b][cut]);
            network->tail_s[b][cut] = es_time_s(network->tail_ns[b][cut]);
            network->bits[b][cut] = 8 * (double)network->bytes[b][cut];
            network->available[cut] = true;
        }
        network->tables[b] = (es_cut_costs){
            .n_cuts = network->n_cuts,
            .head_ns = network->head_ns[b],
            .tail_ns = network->tail_ns[b],
            .bytes = network->bytes[b],
            .head_s = network->head_s[b],
            .tail_s = network->tail_s[b],
            .bits = network->bits[b],
        };
    }
    network->cost = (es_cost){.n_cuts = network->n_cuts,
                              .n_batches = network->n_batches,
                              .batches = network->batches,
                              .tables = network->tables,
                              .available = network->available};
    return &network->cost;
}

struct made_up three_cuts(void) {
    return (struct made_up){
        .n_cuts = 3,
        .n_batches = 1,
        .batches = {1},
        .head_ns = {{0, 10 * MS, 20 * MS}},
        .tail_ns = {{4 * MS, 2 * MS, 0}},
        .bytes = {{100000, 25000, 0}},
    };
}

es_rate *constant_rate(int64_t value) {
    es_rate *rate = NULL;
    assert_int_equal(es_rate_create_constant(value, &rate), ES_OK);
    return rate;
}

es_rate *stepped_rate(size_t n, const es_time *starts, const int64_t *rates, es_at_end at_end) {
    es_rate *rate = NULL;
    assert_int_equal(es_rate_create(n, starts, rates, at_end, &rate), ES_OK);
    return rate;
}

es_policy policy_with(const char *name, size_t n, const uint32_t *candidates) {
    es_policy policy = {.ops = es_policies_find(name),
                        .n_candidates = n,
                        .candidates = candidates,
                        .settings = {.exploration = 1, .discount = 1, .load_bins = 20}};
    assert_non_null(policy.ops);
    return policy;
}

void *policy_memory(const es_policy *policy, const es_policy_start *start) {
    if (policy->ops->memory_bytes == NULL)
        return NULL;
    void *memory = es_alloc(1, policy->ops->memory_bytes(policy, start));
    assert_non_null(memory);
    policy->ops->begin(policy, start, memory);
    return memory;
}

es_policy fixed_at(size_t cut) {
    return policy_with("static-split", 1, &every_cut[cut]);
}

es_world_config one_request(const es_cost *cost, const es_policy *policy, const es_rate *uplink,
                            const es_rate *server) {
    return (es_world_config){
        .n_groups = 1,
        .groups = {{
            .n_devices = 1,
            .cost = cost,
            .policy = policy,
            .n_offered = cost->n_cuts,
            .offered = every_cut,
            .uplink = {.rate = uplink},
            .n_batches = 1,
            .batches = cost->batches,
            .arrival_rate_hz = 1,
            .deadline_ns = ES_TIME_NEVER,
        }},
        .server = {.capacity = server, .n_servers = 1},
        .seed = 1,
        .duration_ns = ES_TIME_NEVER,
        .n_steps = 1,
        .max_backlog = 64,
        .outcomes = true,
    };
}

es_status keep_rows(void *context, const es_block *block) {
    struct run *run = context;
    if (es_reserve(&run->rows, &run->capacity, run->n + block->n, sizeof *run->rows) != ES_OK)
        return ES_NO_MEMORY;
    for (size_t i = 0; i < block->n; i++) {
        struct row *row = &run->rows[run->n++];
#define ES_COLUMN(name, type, units, long_name) row->name = block->name[i];
#include "edgesplit/column.def"
#undef ES_COLUMN
    }
    return ES_OK;
}

es_status keep_samples(void *context, const es_series *series) {
    struct run *run = context;
    if (es_reserve(&run->samples, &run->samples_capacity, run->n_samples + series->n,
                   sizeof *run->samples) != ES_OK)
        return ES_NO_MEMORY;
    for (size_t i = 0; i < series->n; i++) {
        struct sample *sample = &run->samples[run->n_samples++];
        sample->end_s = series->end_s[i];
        sample->uplink_rate_bps = series->uplink_rate_bps[i];
        sample->server_load = series->server_load[i];
        for (size_t s = 0; s < ES_N_STATIONS; s++) {
            sample->utilisation[s] = series->utilisation[s][i];
            sample->queue_length[s] = series->queue_length[s][i];
        }
    }
    return ES_OK;
}

struct run run_world(es_world_config config) {
    struct run run = {0};
    es_world *world = NULL;
    config.context = &run;
    config.steps = keep_rows;
    config.series = keep_samples;
    assert_int_equal(es_world_create(&config, &world), ES_OK);
    assert_int_equal(es_world_run(world, &run.result), ES_OK);
    es_world_destroy(world);
    assert_int_equal(run.n, run.result.n_steps);
    return run;
}

void run_fini(struct run *run) {
    free(run->rows);
    free(run->samples);
}

void assert_same_rows(const struct run *a, const struct run *b) {
    assert_int_equal(a->n, b->n);
    for (size_t i = 0; i < a->n; i++) {
#define ES_COLUMN(name, type, units, long_name)                                                    \
    assert_memory_equal(&a->rows[i].name, &b->rows[i].name, sizeof(type));
#include "edgesplit/column.def"
#undef ES_COLUMN
    }
}

int64_t ns_of(double seconds) {
    return llround(seconds * 1e9);
}
