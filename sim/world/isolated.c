/* Isolated mode: each step alone, its state frozen (SEMANTICS 3). */
#include "edgesplit/number.h"

#include "internal.h"

#include <math.h>

/* State of one step. */
struct state {
    double rate_bps, load;
};

static struct state state_of(es_world *world, uint64_t step, es_time at) {
    const es_world_config *config = &world->config;
    struct state state;
    if (config->n_rates > 0) {
        uint64_t rest = step / config->groups[0].n_batches;
        state.load = config->loads[rest % config->n_loads];
        state.rate_bps = config->rates_bps[rest / config->n_loads % config->n_rates];
    } else {
        world_present(world, world->devices, at, &state.rate_bps, &state.load);
    }
    return state;
}

/* Least latency over the offered cuts; fills outcome_s. */
static double best_outcome_s(es_world *world, const es_policy_view *truth) {
    const es_group *config = &world->config.groups[0];
    double s_per_bit = 1 / truth->rate_bps, slowdown = 1 / (1 - truth->load), best_s = ES_INFINITY;
    for (size_t i = 0; i < config->n_offered; i++) {
        size_t cut = config->offered[i];
        world->outcome_s[cut] = es_policy_predict_s(truth, cut, s_per_bit, slowdown) +
                                es_time_s(world_switch_ns(world, world->devices, cut));
        best_s = fmin(best_s, world->outcome_s[cut]);
    }
    return best_s;
}

/* The time of `amount` when one takes `slowness`; none of it takes none, however slow. */
static double time_of(double amount, double slowness) {
    return amount > 0 ? amount * slowness : 0;
}

/* Fills in what a step of three tiers takes behind the server. */
static void write_beyond(es_block *block, size_t i, size_t cut, const es_policy_view *truth) {
    const es_cut_costs *costs = truth->costs;
    double one_way_s = costs->backhaul_bytes[cut] > 0 ? truth->backhaul_delay_s / 2 : 0;
    double send_s = time_of(costs->backhaul_bits[cut], truth->backhaul_s_per_bit);
    double cloud_s = time_of(costs->cloud_s[cut], truth->cloud_slowdown);
    block->backhaul_queue_time[i] = 0;
    block->backhaul_time[i] = isfinite(send_s) ? send_s + one_way_s : ES_NAN;
    block->backhaul_bytes[i] = costs->backhaul_bytes[cut];
    block->cloud_queue_time[i] = 0;
    block->cloud_time[i] = isfinite(cloud_s) ? cloud_s : ES_NAN;
    block->downlink_time[i] += one_way_s;
}

static es_status write_step(es_world *world, const struct arrival *arrival, size_t cut,
                            const es_policy_view *truth, const es_policy_view *known,
                            double oracle_s) {
    const es_group *config = &world->config.groups[0];
    const es_cut_costs *costs = truth->costs;
    es_block *block = world->block;
    size_t i = world_row(world);
    bool offloaded = !es_cut_stays(costs, cut);
    double send_s = offloaded ? costs->bits[cut] / truth->rate_bps : 0;
    bool computes = offloaded && costs->tail_s[cut] > 0;
    double tail_s = computes ? costs->tail_s[cut] / (1 - truth->load) : 0;
    double up_s = offloaded ? es_time_s(config->uplink.propagation_ns) : 0;
    double down_s = offloaded ? truth->delay_s - es_time_s(config->uplink.propagation_ns) : 0;
    double receive_s = offloaded ? down_s - es_time_s(config->downlink.propagation_ns) : 0;
    double switch_s = es_time_s(world_switch_ns(world, world->devices, cut)),
           head_s = costs->head_s[cut] + switch_s;
    double latency_s =
        es_policy_predict_s(truth, cut, 1 / truth->rate_bps, 1 / (1 - truth->load)) + switch_s;
    bool finished = isfinite(latency_s);
    double deadline_s = isfinite(truth->deadline_s) ? truth->deadline_s : ES_NAN;
    block->arrival_time[i] = es_time_s(arrival->at);
    block->batch[i] = (int32_t)config->batches[arrival->batch_index];
    block->split_index[i] = (int32_t)cut;
    block->latency[i] = finished ? latency_s : ES_NAN;
    block->head_time[i] = head_s;
    block->device_queue_time[i] = 0;
    block->uplink_queue_time[i] = 0;
    block->uplink_time[i] = isfinite(send_s) ? send_s + up_s : ES_NAN;
    block->uplink_bytes[i] = costs->bytes[cut];
    block->server_queue_time[i] = 0;
    block->tail_time[i] = isfinite(tail_s) ? tail_s : ES_NAN;
    block->downlink_time[i] = finished ? down_s : ES_NAN;
    block->rate_true[i] = truth->rate_bps;
    block->rate_estimate[i] = known->rate_bps;
    block->load_true[i] = truth->load;
    block->load_estimate[i] = known->load;
    block->deadline[i] = deadline_s;
    es_step_status status = latency_s > deadline_s ? ES_STEP_LATE : ES_STEP_COMPLETED;
    block->status[i] = (int8_t)(finished ? status : ES_STEP_UNFINISHED);
    block->energy[i] =
        finished ? world_energy(config, head_s, send_s, receive_s, latency_s) : ES_NAN;
    block->oracle_latency[i] = isfinite(oracle_s) ? oracle_s : ES_NAN;
    block->regret[i] = finished ? latency_s - oracle_s : ES_NAN;
    block->device[i] = 0;
    if (has_cloud(&world->config))
        write_beyond(block, i, cut, truth);
    if (world->has_exits)
        world_fill_exit(world, &world->groups[0], arrival->batch_index, finished, i);
    return world_row_done(world);
}

/* What a policy that knows all sees of the request that has just arrived, its exit included. */
static es_policy_view true_view(es_world *world, const struct arrival *arrival) {
    struct device *device = world->devices;
    struct state state = state_of(world, device->n_arrivals - 1, arrival->at);
    es_policy_view truth = world_view(world, device, arrival);
    truth.costs = world->groups[0].costs[arrival->batch_index];
    truth.rate_bps = state.rate_bps;
    truth.load = state.load;
    if (has_cloud(&world->config))
        world_present_beyond(world, arrival->at, &truth);
    return truth;
}

/* The next request, from `*next` on; false if there is none. */
static bool take(es_world *world, es_time *next, struct arrival *arrival) {
    const es_world_config *config = &world->config;
    if (world->devices->n_arrivals == config->n_steps || *next >= config->duration_ns)
        return false;
    *next = arrival_take(world, &world->groups[0], 0, *next, arrival);
    return true;
}

/* A world of the same requests for somebody who only looks on. */
static es_status create_twin(const es_world_config *config, es_world **twin) {
    static const es_policy_ops onlooker_ops = {.name = "onlooker", .clairvoyant = true};
    static const es_policy onlooker = {.ops = &onlooker_ops};
    es_world_config twin_config = *config;
    twin_config.groups[0].policy = &onlooker;
    return es_world_create(&twin_config, twin);
}

es_status isolated_count(const es_world_config *config, uint64_t *n) {
    es_world *twin;
    struct arrival arrival;
    if (create_twin(config, &twin) != ES_OK)
        return ES_NO_MEMORY;
    es_time next = arrival_first(twin, &twin->groups[0], 0);
    while (take(twin, &next, &arrival))
        ;
    *n = twin->devices->n_arrivals;
    es_world_destroy(twin);
    return ES_OK;
}

es_status isolated_show(es_world *world) {
    const es_policy *policy = world->config.groups[0].policy;
    es_world *twin;
    struct arrival arrival;
    if (create_twin(&world->config, &twin) != ES_OK)
        return ES_NO_MEMORY;
    es_time next = arrival_first(twin, &twin->groups[0], 0);
    while (take(twin, &next, &arrival)) {
        es_policy_view truth = true_view(twin, &arrival);
        (void)best_outcome_s(twin, &truth);
        policy->ops->observe(policy, &truth, world->groups[0].memory);
    }
    es_world_destroy(twin);
    return ES_OK;
}

es_status isolated_run(es_world *world) {
    const es_world_config *config = &world->config;
    struct device *device = world->devices;
    const struct group *group = &world->groups[0];
    const es_policy *policy = config->groups[0].policy;
    es_time next = arrival_first(world, &world->groups[0], 0);
    es_status status = ES_OK;
    struct arrival arrival;
    while (status == ES_OK && take(world, &next, &arrival)) {
        es_time at = arrival.at;
        es_policy_view truth = true_view(world, &arrival);
        double oracle_s = ES_NAN;
        if (config->outcomes || policy->ops->clairvoyant)
            oracle_s = best_outcome_s(world, &truth);
        es_policy_view known = truth;
        known.costs = group->shown[arrival.batch_index];
        world_know(world, device, at, &known.rate_bps, &known.load);
        if (has_cloud(config))
            world_know_beyond(world, device, at, &known);
        size_t cut =
            group_take_choice(group, policy->ops->choose(policy, &known), &arrival.batch_index);
        truth.costs = group->costs[arrival.batch_index];
        if (!es_cut_stays(truth.costs, cut)) {
            world_learn_rate(world, device, truth.rate_bps, at);
            world_learn_capacity(world, device, 1 - truth.load, at);
            double latency_s =
                es_policy_predict_s(&truth, cut, 1 / truth.rate_bps, 1 / (1 - truth.load));
            if (isfinite(latency_s))
                world_teach(world, device, truth.costs, cut, latency_s - truth.costs->head_s[cut]);
        }
        status =
            write_step(world, &arrival, cut, &truth, &known, config->outcomes ? oracle_s : ES_NAN);
        world_chose(device, cut);
        world->result->end_ns = at;
    }
    return status;
}
