#include "edgesplit/world.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "internal.h"

#include <gsl/gsl_randist.h>
#include <math.h>

es_status es_world_create(const es_world_config *config, es_world **out) {
    es_world *world = es_alloc(1, sizeof *world);
    if (world == NULL)
        return ES_NO_MEMORY;
    world->config = *config;
    es_status status = ES_NO_MEMORY;
    world->block = es_alloc(1, sizeof *world->block);
    world->outcome_s = es_alloc(config->cost->n_cuts, sizeof *world->outcome_s);
    world->costs = es_alloc(config->n_batches, sizeof(const es_cut_costs *));
    world->delay_s = es_alloc(config->n_batches, sizeof *world->delay_s);
    if (config->poisson)
        world->arrivals = es_rng_create(config->seed, 0, ES_RNG_ARRIVALS, 0);
    if (world->block == NULL || world->outcome_s == NULL || world->costs == NULL ||
        world->delay_s == NULL || (config->poisson && world->arrivals == NULL))
        goto done;
    es_time propagation = config->uplink_propagation_ns + config->downlink_propagation_ns;
    double downlink_bps = config->downlink != NULL ? es_rate_mean(config->downlink) : ES_INFINITY;
    for (size_t b = 0; b < config->n_batches; b++) {
        world->costs[b] = es_cost_find(config->cost, config->batches[b]);
        ES_REQUIRE(world->costs[b] != NULL);
        double result_bits = 8 * config->result_bytes * (double)config->batches[b];
        world->delay_s[b] = es_time_s(propagation) + result_bits / downlink_bps;
    }
    world->rate.value = config->initial_rate_bps;
    world->arrival_period_ns = 1e9 / config->arrival_rate_hz;
    if (config->poisson)
        world->next_arrival =
            llround(gsl_ran_exponential(world->arrivals, world->arrival_period_ns));
    status = config->isolated ? ES_OK : open_create(world);
done:
    if (status != ES_OK) {
        es_world_destroy(world);
        return status;
    }
    *out = world;
    return ES_OK;
}

void es_world_destroy(es_world *world) {
    if (world == NULL)
        return;
    open_destroy(world->open);
    if (world->arrivals != NULL)
        gsl_rng_free(world->arrivals);
    free(world->delay_s);
    free(world->costs);
    free(world->outcome_s);
    free(world->block);
    free(world);
}

es_status es_world_run(es_world *world, es_world_result *result) {
    *result = (es_world_result){0};
    world->result = result;
    es_status status = world->config.isolated ? isolated_run(world) : open_run(world);
    if (status == ES_OK && world->block->n > 0)
        status = world->config.steps(world->config.context, world->block);
    return status;
}

bool world_next_arrival(es_world *world, es_time *at) {
    const es_world_config *config = &world->config;
    if (world->n_arrivals == config->n_steps || world->next_arrival >= config->duration_ns)
        return false;
    *at = world->next_arrival;
    world->n_arrivals++;
    /* Periodic arrivals are multiples of the period, so that no rounding adds up. */
    double period_ns = world->arrival_period_ns;
    world->next_arrival = config->poisson
                              ? *at + llround(gsl_ran_exponential(world->arrivals, period_ns))
                              : llround((double)world->n_arrivals * period_ns);
    return true;
}

void world_present(es_world *world, es_time at, double *rate_bps, double *load) {
    const es_world_config *config = &world->config;
    *rate_bps = (double)es_rate_at(config->uplink, &world->uplink_now, at);
    *load =
        1 - (double)es_rate_at(config->server, &world->server_now, at) / (double)ES_FULL_CAPACITY;
}

void world_learn(const es_world *world, struct estimate *estimate, double sample, es_time now) {
    double kept = 0;
    if (world->config.knowing == ES_KNOW_EWMA && estimate->sampled)
        kept = exp2(-es_time_s(now - estimate->at) / world->config.half_life_s);
    estimate->value = kept * estimate->value + (1 - kept) * sample;
    estimate->at = now;
    estimate->sampled = true;
}

void world_know(const es_world *world, double *rate_bps, double *load) {
    if (world->config.knowing == ES_KNOW_TRUE)
        return;
    *rate_bps = world->rate.value;
    *load = world->load.value;
}

double world_energy(const es_world *world, double head_s, double send_s, double receive_s,
                    double total_s) {
    const es_world_config *config = &world->config;
    if (!config->has_energy)
        return ES_NAN;
    return config->active_w * head_s + config->transmit_w * send_s + config->receive_w * receive_s +
           config->idle_w * (total_s - head_s - send_s - receive_s);
}

size_t world_row(const es_world *world) {
    return world->block->n;
}

es_status world_row_done(es_world *world) {
    world->result->n_steps++;
    if (++world->block->n < ES_BLOCK_STEPS)
        return ES_OK;
    es_status status = world->config.steps(world->config.context, world->block);
    world->block->n = 0;
    return status;
}
