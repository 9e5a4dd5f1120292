#include "edgesplit/world.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "internal.h"

#include <gsl/gsl_randist.h>
#include <math.h>

static es_time draw_gap(es_world *world) {
    return llround(gsl_ran_exponential(world->arrivals, world->arrival_period_ns));
}

static es_time first_arrival(es_world *world) {
    const es_arrival_list *list = &world->config.arrivals;
    if (list->n > 0)
        return list->times[0];
    return world->arrivals != NULL ? draw_gap(world) : 0;
}

/* When the request behind the one at `at`, number n_arrivals, arrives. */
static es_time following_arrival(es_world *world, es_time at) {
    const es_arrival_list *list = &world->config.arrivals;
    if (list->n > 0) {
        if (++world->place == list->n) {
            if (list->period_ns == 0)
                return ES_TIME_NEVER;
            world->place = 0;
            world->round += list->period_ns;
        }
        return world->round + list->times[world->place];
    }
    /* Periodic arrivals are multiples of the period, so that no rounding adds up. */
    return world->arrivals != NULL ? at + draw_gap(world)
                                   : llround((double)world->n_arrivals * world->arrival_period_ns);
}

es_status es_world_create(const es_world_config *config, es_world **out) {
    es_world *world = es_alloc(1, sizeof *world);
    if (world == NULL)
        return ES_NO_MEMORY;
    world->config = *config;
    es_status status = ES_NO_MEMORY;
    world->block = config->block != NULL ? config->block : es_alloc(1, sizeof *world->block);
    world->outcome_s = es_alloc(config->cost->n_cuts, sizeof *world->outcome_s);
    world->costs = es_alloc(config->n_batches, sizeof(const es_cut_costs *));
    world->delay_s = es_alloc(config->n_batches, sizeof *world->delay_s);
    bool poisson = config->poisson && config->arrivals.n == 0;
    if (poisson)
        world->arrivals = es_rng_create(config->seed, 0, ES_RNG_ARRIVALS, 0);
    if (config->noise > 0)
        world->noise = es_rng_create(config->seed, 0, ES_RNG_NOISE, 0);
    if (world->block == NULL || world->outcome_s == NULL || world->costs == NULL ||
        world->delay_s == NULL || (poisson && world->arrivals == NULL) ||
        (config->noise > 0 && world->noise == NULL))
        goto done;
    world->block->n = 0;
    es_time propagation = config->uplink_propagation_ns + config->downlink_propagation_ns;
    double downlink_bps = config->downlink != NULL ? es_rate_mean(config->downlink) : ES_INFINITY;
    for (size_t b = 0; b < config->n_batches; b++) {
        world->costs[b] = es_cost_find(config->cost, config->batches[b]);
        ES_REQUIRE(world->costs[b] != NULL);
        double result_bits = 8 * config->result_bytes * (double)config->batches[b];
        world->delay_s[b] = es_time_s(propagation) + result_bits / downlink_bps;
    }
    world->rate.value = config->initial_rate_bps;
    world->capacity.value = 1;
    world->arrival_period_ns = 1e9 / config->arrival_rate_hz;
    world->next_arrival = first_arrival(world);
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
    if (world->noise != NULL)
        gsl_rng_free(world->noise);
    free(world->delay_s);
    free(world->costs);
    free(world->outcome_s);
    if (world->config.block == NULL)
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

bool world_next_arrival(es_world *world, struct arrival *arrival) {
    const es_world_config *config = &world->config;
    const es_arrival_list *list = &config->arrivals;
    es_time at = world->next_arrival;
    if (world->n_arrivals == config->n_steps || at >= config->duration_ns)
        return false;
    arrival->at = at;
    arrival->batch_index = list->batch_index != NULL
                               ? list->batch_index[world->place]
                               : (uint32_t)(world->n_arrivals % config->n_batches);
    arrival->deadline_ns =
        list->deadlines_ns != NULL ? list->deadlines_ns[world->place] : config->deadline_ns;
    world->n_arrivals++;
    world->next_arrival = following_arrival(world, at);
    return true;
}

bool world_closed_arrival(es_world *world, es_time now, struct arrival *arrival) {
    const es_world_config *config = &world->config;
    if (world->n_arrivals == config->n_steps || world->result->saturated)
        return false;
    *arrival = (struct arrival){.at = now,
                                .batch_index = (uint32_t)(world->n_arrivals % config->n_batches),
                                .deadline_ns = config->deadline_ns};
    world->n_arrivals++;
    return true;
}

static void look(const es_world *world, es_time at, es_rate_cursor *uplink, es_rate_cursor *server,
                 double *rate_bps, double *load) {
    const es_world_config *config = &world->config;
    *rate_bps = (double)es_rate_at(config->uplink, uplink, at);
    *load = 1 - (double)es_rate_at(config->server, server, at) / (double)ES_FULL_CAPACITY;
}

void world_present(es_world *world, es_time at, double *rate_bps, double *load) {
    look(world, at, &world->uplink_now, &world->server_now, rate_bps, load);
}

void world_learn_rate(es_world *world, double rate_bps, es_time now) {
    estimate_learn(&world->rate, &world->config, rate_bps, now);
}

void world_learn_capacity(es_world *world, double share, es_time now) {
    estimate_learn(&world->capacity, &world->config, share, now);
}

void world_know(es_world *world, es_time at, double *rate_bps, double *load) {
    const es_world_config *config = &world->config;
    if (config->knowing != ES_KNOW_TRUE) {
        *rate_bps = world->rate.value;
        *load = 1 - world->capacity.value;
    } else if (config->staleness_ns > 0) {
        es_time then = at > config->staleness_ns ? at - config->staleness_ns : 0;
        look(world, then, &world->uplink_then, &world->server_then, rate_bps, load);
    }
    if (world->noise != NULL) {
        *rate_bps *= exp(gsl_ran_gaussian_ziggurat(world->noise, config->noise));
        double share = (1 - *load) * exp(gsl_ran_gaussian_ziggurat(world->noise, config->noise));
        *load = 1 - fmin(share, 1);
    }
}

es_policy_view world_view(const es_world *world, const struct arrival *arrival) {
    const es_world_config *config = &world->config;
    return (es_policy_view){
        .costs = world->costs[arrival->batch_index],
        .delay_s = world->delay_s[arrival->batch_index],
        .deadline_s =
            arrival->deadline_ns == ES_TIME_NEVER ? ES_INFINITY : es_time_s(arrival->deadline_ns),
        .switch_cost_s = es_time_s(config->switch_cost_ns),
        .has_previous = world->has_chosen,
        .previous_cut = world->chosen,
        .dwell = world->dwell,
        .power = config->has_energy ? &config->power : NULL,
        .outcome_s = config->policy->ops->clairvoyant ? world->outcome_s : NULL,
    };
}

void world_chose(es_world *world, size_t cut) {
    bool same = world->has_chosen && world->chosen == cut;
    world->dwell = same ? world->dwell + 1 : 1;
    world->has_chosen = true;
    world->chosen = cut;
}

double world_energy(const es_world *world, double head_s, double send_s, double receive_s,
                    double total_s) {
    const es_world_config *config = &world->config;
    if (!config->has_energy)
        return ES_NAN;
    const es_power *power = &config->power;
    return power->active_w * head_s + power->transmit_w * send_s + power->receive_w * receive_s +
           power->idle_w * (total_s - head_s - send_s - receive_s);
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
