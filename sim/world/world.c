#include "edgesplit/world.h"

#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "internal.h"

#include <gsl/gsl_randist.h>
#include <math.h>

bool es_world_foresees(const es_world_config *config) {
    const es_group *group = &config->groups[0];
    const es_server *server = &config->server;
    if (config->isolated)
        return true;
    return !has_cloud(config) && config->n_groups == 1 && group->n_devices == 1 &&
           group->uplink.discipline == ES_FIFO && group->downlink.discipline == ES_FIFO &&
           group->uplink.delay == NULL && group->downlink.delay == NULL &&
           server->discipline == ES_FIFO && server->n_servers == 1 && server->max_batch == 0 &&
           config->background.rate_hz == 0 && config->background.arrivals.n == 0;
}

bool world_knows_truth(const es_world_config *config) {
    for (size_t g = 0; g < config->n_groups; g++)
        if (config->groups[g].policy->ops->learn != NULL)
            return false;
    return config->knowing == ES_KNOW_TRUE && config->staleness_ns == 0 && config->noise == 0;
}

/* Mean delay of propagation, s. */
static double mean_delay_s(const es_link *link) {
    return (link->delay != NULL ? es_rate_mean(link->delay) : (double)link->propagation_ns) / 1e9;
}

/* What every offloaded request of a batch size pays besides. */
static double delay_s(const es_group *group, int64_t batch) {
    double downlink_bps =
        group->downlink.rate != NULL ? es_rate_mean(group->downlink.rate) : ES_INFINITY;
    return mean_delay_s(&group->uplink) + mean_delay_s(&group->downlink) +
           8 * group->result_bytes * (double)batch / downlink_bps;
}

/* The exits of a group's network; NULL: it has none. */
static const es_exit_network *exits_of(const es_group *config) {
    const es_exit_costs *exits = config->cost->tables[0].exits;
    return exits != NULL ? exits->network : NULL;
}

/* Gives a request of each exit and limit its table, and draws of exits to the devices. */
static es_status create_exits(es_world *world, struct group *group) {
    size_t n = group->exits->n_exits, g = (size_t)(group - world->groups);
    es_group *config = &world->config.groups[g];
    ES_REQUIRE(config->n_batches == 1 && config->batches[0] == 1 &&
               world->config.server.max_batch == 0);
    group->ones = es_alloc(group->n_tables, sizeof *group->ones);
    group->exit_draws = es_alloc(config->n_devices, sizeof *group->exit_draws);
    if (group->ones == NULL || group->exit_draws == NULL)
        return ES_NO_MEMORY;
    for (size_t table = 0; table < group->n_tables; table++) {
        group->costs[table] = &group->exits->taken[group_exit(group, (uint32_t)table)];
        group->shown[table] =
            table <= n ? &config->cost->tables[0] : &group->exits->upto[n - table / (n + 1)];
        group->delay_s[table] = group->delay_s[0];
        group->ones[table] = 1;
    }
    config->batches = group->ones;
    for (size_t i = 0; i < config->n_devices; i++)
        es_rng_open(&group->exit_draws[i], world->config.seed, world->config.replication,
                    ES_RNG_EXIT, (uint32_t)(group->first_device + i));
    return ES_OK;
}

static es_status create_group(es_world *world, struct group *group) {
    const es_group *config = group->config;
    group->exits = exits_of(config);
    group->n_tables = group->exits != NULL
                          ? (group->exits->n_exits + 1) * (group->exits->n_exits + 1)
                          : config->n_batches;
    group->costs = es_alloc(group->n_tables, sizeof(const es_cut_costs *));
    group->shown = es_alloc(group->n_tables, sizeof(const es_cut_costs *));
    group->delay_s = es_alloc(group->n_tables, sizeof *group->delay_s);
    if (group->costs == NULL || group->shown == NULL || group->delay_s == NULL)
        return ES_NO_MEMORY;
    for (size_t b = 0; b < config->n_batches; b++) {
        group->costs[b] = group->shown[b] = es_cost_find(config->cost, config->batches[b]);
        ES_REQUIRE(group->costs[b] != NULL && group->costs[b]->n_cuts <= UINT16_MAX);
        group->delay_s[b] = delay_s(config, config->batches[b]);
    }
    if (group->exits != NULL && create_exits(world, group) != ES_OK)
        return ES_NO_MEMORY;
    world->has_exits = world->has_exits || group->exits != NULL;
    group->period_ns = 1e9 / config->arrival_rate_hz;
    for (size_t i = 0; i < config->n_devices; i++)
        world->devices[group->first_device + i].group = (uint16_t)(group - world->groups);
    return ES_OK;
}

/* Lends a group's policy its memory, and shows it what will come if it wants to see that. */
static es_status begin_policy(es_world *world, struct group *group) {
    const es_group *config = group->config;
    const es_policy *policy = config->policy;
    const es_policy_ops *ops = policy->ops;
    const es_cost *cost = config->cost;
    if (ops->memory_bytes == NULL)
        return ES_OK;
    ES_REQUIRE(ops->observe == NULL || world->config.isolated);
    es_policy_start start = {.n_tables = cost->n_batches, .tables = cost->tables};
    if (ops->observe != NULL && isolated_count(&world->config, &start.n_requests) != ES_OK)
        return ES_NO_MEMORY;
    size_t n = ops->learn != NULL ? config->n_devices : 1;
    size_t bytes = (ops->memory_bytes(policy, &start) + 15) / 16 * 16;
    group->memory_bytes = ops->learn != NULL ? bytes : 0;
    group->memory = es_alloc(n, bytes);
    start.delay_s = group->table_delay_s = es_alloc(cost->n_batches, sizeof *group->table_delay_s);
    if (group->memory == NULL || group->table_delay_s == NULL)
        return ES_NO_MEMORY;
    for (size_t b = 0; b < cost->n_batches; b++)
        group->table_delay_s[b] = delay_s(config, cost->batches[b]);
    for (size_t i = 0; i < n; i++)
        ops->begin(policy, &start, group->memory + i * bytes);
    return ops->observe != NULL ? isolated_show(world) : ES_OK;
}

uint32_t links_join(const es_link *link, size_t group, size_t i, struct link *links, size_t *n) {
    bool joins = (i > 0 && link->sharing != ES_OWN) || (group > 0 && link->sharing == ES_OF_ALL);
    if (!joins)
        links[(*n)++] = (struct link){
            .flow = {.rate = link->rate, .ahead_ns = (es_time)i * link->stagger_ns},
            .crowd = NOBODY,
        };
    return (uint32_t)(*n - 1);
}

static es_status create_uplinks(es_world *world) {
    const es_world_config *config = &world->config;
    world->uplinks = es_alloc(world->n_devices, sizeof *world->uplinks);
    if (world->uplinks == NULL)
        return ES_NO_MEMORY;
    for (size_t g = 0; g < config->n_groups; g++)
        for (size_t i = 0; i < config->groups[g].n_devices; i++)
            world->devices[world->groups[g].first_device + i].uplink =
                links_join(&config->groups[g].uplink, g, i, world->uplinks, &world->n_uplinks);
    return ES_OK;
}

static es_status create_beliefs(es_world *world) {
    const es_world_config *config = &world->config;
    bool harmonic =
        config->knowing == ES_KNOW_HARMONIC || config->knowing == ES_KNOW_ROBUST_HARMONIC;
    world->beliefs = es_alloc(world->n_devices, sizeof *world->beliefs);
    if (harmonic)
        world->samples =
            es_alloc(world->n_devices, 4 * config->knowledge_samples * sizeof *world->samples);
    if (world->beliefs == NULL || (harmonic && world->samples == NULL))
        return ES_NO_MEMORY;
    for (size_t i = 0; i < world->n_devices; i++) {
        world->beliefs[i].rate.value = config->initial_rate_bps;
        world->beliefs[i].capacity.value = 1;
    }
    return ES_OK;
}

/* Opens a stream for every device; NULL: out of memory. */
static es_rng *open_streams(const es_world *world, es_rng_purpose purpose) {
    es_rng *streams = es_alloc(world->n_devices, sizeof *streams);
    for (size_t i = 0; streams != NULL && i < world->n_devices; i++)
        es_rng_open(&streams[i], world->config.seed, world->config.replication, purpose,
                    (uint32_t)i);
    return streams;
}

static es_status create(es_world *world) {
    const es_world_config *config = &world->config;
    bool poisson = false;
    for (size_t g = 0; g < config->n_groups; g++) {
        struct group *group = &world->groups[g];
        const es_group *of = &config->groups[g];
        *group = (struct group){.config = of, .first_device = world->n_devices};
        world->n_devices += of->n_devices;
        poisson = poisson || (of->poisson && of->arrivals.n == 0);
    }
    world->block = config->block != NULL ? *config->block : es_alloc(1, sizeof *world->block);
    world->outcome_s = es_alloc(config->groups[0].cost->n_cuts, sizeof *world->outcome_s);
    world->devices = es_alloc(world->n_devices, sizeof *world->devices);
    if (poisson)
        world->gaps = es_exponentials_create(world->n_devices, config->seed, config->replication,
                                             ES_RNG_ARRIVALS, 0, 1);
    if (config->noise > 0)
        world->noises = open_streams(world, ES_RNG_NOISE);
    if (world->block == NULL || world->outcome_s == NULL || world->devices == NULL ||
        (poisson && world->gaps == NULL) || (config->noise > 0 && world->noises == NULL))
        return ES_NO_MEMORY;
    world->block->n = 0;
    for (size_t g = 0; g < config->n_groups; g++)
        if (create_group(world, &world->groups[g]) != ES_OK)
            return ES_NO_MEMORY;
    if (create_uplinks(world) != ES_OK)
        return ES_NO_MEMORY;
    if (config->knowing != ES_KNOW_TRUE && create_beliefs(world) != ES_OK)
        return ES_NO_MEMORY;
    if (!config->isolated && open_create(world) != ES_OK)
        return ES_NO_MEMORY;
    for (size_t g = 0; g < config->n_groups; g++)
        if (begin_policy(world, &world->groups[g]) != ES_OK)
            return ES_NO_MEMORY;
    return ES_OK;
}

es_status es_world_create(const es_world_config *config, es_world **out) {
    ES_REQUIRE(config->n_groups >= 1 && config->n_groups <= ES_MAX_GROUPS);
    es_world *world = es_alloc(1, sizeof *world);
    if (world == NULL)
        return ES_NO_MEMORY;
    world->config = *config;
    ES_REQUIRE(es_world_foresees(config) ||
               !(config->outcomes || config->groups[0].policy->ops->clairvoyant));
    es_status status = create(world);
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
    for (size_t g = 0; g < world->config.n_groups; g++) {
        free(world->groups[g].costs);
        free(world->groups[g].shown);
        free(world->groups[g].exit_draws);
        free(world->groups[g].ones);
        free(world->groups[g].delay_s);
        free(world->groups[g].table_delay_s);
        free(world->groups[g].memory);
    }
    free(world->uplinks);
    free(world->beliefs);
    free(world->noises);
    free(world->gaps);
    free(world->samples);
    free(world->devices);
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

static double share_of(int64_t capacity) {
    return (double)capacity / (double)ES_FULL_CAPACITY;
}

void world_present(es_world *world, const struct device *device, es_time at, double *rate_bps,
                   double *load) {
    struct link *uplink = &world->uplinks[device->uplink];
    struct gaze *server = &world->server_gaze;
    hold_at(&uplink->gaze.present, uplink->flow.rate, &uplink->gaze.now,
            at + uplink->flow.ahead_ns);
    hold_at(&server->present, world->config.server.capacity, &server->now, at);
    *rate_bps = (double)uplink->gaze.present.rate;
    *load = 1 - share_of(server->present.rate);
}

/* What is so of the backhaul and the cloud at `at`, or was. */
static void show_beyond(es_world *world, es_time at, bool now, es_policy_view *view) {
    const es_world_config *config = &world->config;
    struct gaze *backhaul = &world->backhaul_gaze, *cloud = &world->cloud_gaze;
    int64_t rate_bps =
        es_rate_at(config->backhaul.rate, now ? &backhaul->now : &backhaul->then, at);
    int64_t capacity = es_rate_at(config->cloud.capacity, now ? &cloud->now : &cloud->then, at);
    view->backhaul_s_per_bit = 1 / (double)rate_bps;
    view->cloud_slowdown = 1 / share_of(capacity);
    view->backhaul_delay_s = 2 * es_time_s(config->backhaul.propagation_ns);
}

void world_present_beyond(es_world *world, es_time at, es_policy_view *view) {
    show_beyond(world, at, true, view);
}

void world_know_beyond(es_world *world, const struct device *device, es_time at,
                       es_policy_view *view) {
    const es_world_config *config = &world->config;
    if (config->knowing != ES_KNOW_TRUE) {
        view->backhaul_s_per_bit = 1 / es_rate_mean(config->backhaul.rate);
        view->cloud_slowdown = (double)ES_FULL_CAPACITY / es_rate_mean(config->cloud.capacity);
        view->backhaul_delay_s = 2 * es_time_s(config->backhaul.propagation_ns);
    } else {
        es_time then = at > config->staleness_ns ? at - config->staleness_ns : 0;
        show_beyond(world, then, config->staleness_ns == 0, view);
    }
    if (world->noises != NULL) {
        const gsl_rng *noise = &world->noises[device - world->devices].gsl;
        view->backhaul_s_per_bit *= exp(-gsl_ran_gaussian_ziggurat(noise, config->noise));
        view->cloud_slowdown *= exp(-gsl_ran_gaussian_ziggurat(noise, config->noise));
        view->cloud_slowdown = fmax(1, view->cloud_slowdown);
    }
}

static void learn(es_world *world, const struct device *device, bool rate, double sample,
                  es_time now) {
    size_t i = (size_t)(device - world->devices), n = world->config.knowledge_samples;
    if (world->config.knowing == ES_KNOW_TRUE)
        return;
    struct belief *belief = &world->beliefs[i];
    double *last = world->samples != NULL ? world->samples + (2 * i + rate) * 2 * n : NULL;
    estimate_learn(rate ? &belief->rate : &belief->capacity, &world->config, last, sample, now);
}

void world_learn_rate(es_world *world, const struct device *device, double rate_bps, es_time now) {
    learn(world, device, true, rate_bps, now);
}

void world_learn_capacity(es_world *world, const struct device *device, double share, es_time now) {
    learn(world, device, false, share, now);
}

void world_know(es_world *world, const struct device *device, es_time at, double *rate_bps,
                double *load) {
    const es_world_config *config = &world->config;
    if (config->knowing != ES_KNOW_TRUE) {
        const struct belief *belief = &world->beliefs[device - world->devices];
        *rate_bps = belief->rate.value;
        *load = 1 - belief->capacity.value;
    } else if (config->staleness_ns > 0) {
        struct link *uplink = &world->uplinks[device->uplink];
        es_time then = at > config->staleness_ns ? at - config->staleness_ns : 0;
        *rate_bps =
            (double)es_rate_at(uplink->flow.rate, &uplink->gaze.then, then + uplink->flow.ahead_ns);
        *load = 1 - share_of(es_rate_at(config->server.capacity, &world->server_gaze.then, then));
    }
    if (world->noises != NULL) {
        const gsl_rng *noise = &world->noises[device - world->devices].gsl;
        *rate_bps *= exp(gsl_ran_gaussian_ziggurat(noise, config->noise));
        double share = (1 - *load) * exp(gsl_ran_gaussian_ziggurat(noise, config->noise));
        *load = 1 - fmin(share, 1);
    }
    if (world->groups[device->group].config->policy->ops->learn != NULL)
        *rate_bps = *load = ES_NAN;
}

static void *memory_of(const struct group *group, size_t i_device) {
    return group->memory != NULL
               ? group->memory + (i_device - group->first_device) * group->memory_bytes
               : NULL;
}

es_policy_view world_view(es_world *world, const struct device *device,
                          const struct arrival *arrival) {
    const struct group *group = group_of(world, device);
    const es_group *config = group->config;
    return (es_policy_view){
        .costs = group->shown[arrival->batch_index],
        .delay_s = group->delay_s[arrival->batch_index],
        .deadline_s =
            arrival->deadline_ns == ES_TIME_NEVER ? ES_INFINITY : es_time_s(arrival->deadline_ns),
        .switch_cost_s = es_time_s(config->switch_cost_ns),
        .has_previous = device->dwell > 0,
        .previous_cut = device->chosen,
        .dwell = device->dwell,
        .n_before = device->n_arrivals - 1,
        .memory = memory_of(group, (size_t)(device - world->devices)),
        .power = config->has_energy ? &config->power : NULL,
        .outcome_s = config->policy->ops->clairvoyant ? world->outcome_s : NULL,
    };
}

void world_teach(es_world *world, const struct device *device, const es_cut_costs *costs,
                 size_t cut, double offloaded_s) {
    const struct group *group = group_of(world, device);
    const es_policy *policy = group->config->policy;
    if (policy->ops->learn != NULL)
        policy->ops->learn(policy, memory_of(group, (size_t)(device - world->devices)),
                           &(es_policy_feedback){costs, cut, offloaded_s});
}

void world_fill_exit(const es_world *world, const struct group *group, uint32_t table,
                     bool finished, size_t row) {
    const es_exit_network *exits = group->exits;
    size_t exit = exits != NULL ? group_exit(group, table) : 0;
    world->block->exit[row] = (int32_t)exit + 1;
    world->block->accuracy[row] = finished && exits != NULL ? exits->accuracy[exit] : ES_NAN;
}

es_status world_block_done(es_world *world) {
    es_status status = world->config.steps(world->config.context, world->block);
    if (world->config.block != NULL)
        world->block = *world->config.block;
    world->block->n = 0;
    return status;
}
