/* Probes: what a device sends to learn of its uplink and of the server when nothing else does. */
#include "system.h"

#include "edgesplit/number.h"

void probe_arm(es_world *world, size_t i, es_time now) {
    open_system *open = world->open;
    if (world->config.probe_every_ns > 0 && world->devices[i].probe == PROBE_WAITS)
        es_engine_schedule(open->engine, open->slots.probe + i, now + world->config.probe_every_ns);
}

/* Nominal delays: a probe does not keep to the order of a line. */
static es_time there_and_back_ns(const es_world *world, const struct device *device, bool back) {
    const es_group *group = world->groups[device->group].config;
    return back ? group->downlink.propagation_ns
                : group->uplink.propagation_ns + group->downlink.propagation_ns;
}

/* The answer says what was free of the server when the probe came by there. */
static void answer(es_world *world, size_t i, es_time now) {
    struct device *device = &world->devices[i];
    es_time then = now - there_and_back_ns(world, device, true);
    int64_t capacity =
        es_rate_at(world->config.server.capacity, &world->open->probe_cursors[i], then);
    world_learn_capacity(world, device, (double)capacity / (double)ES_FULL_CAPACITY, now);
    device->probe = PROBE_WAITS;
    probe_arm(world, i, now);
}

void probe_event(es_world *world, size_t i, es_time now) {
    open_system *open = world->open;
    struct device *device = &world->devices[i];
    struct link *link = &world->uplinks[device->uplink];
    uint32_t index = open->first_probe + (uint32_t)i;
    bool idle = (link->crowd != NOBODY ? open->crowds[link->crowd].n : link->queue.n) == 0;
    bool shared = world->groups[device->group].config->uplink.sharing != ES_OWN;
    if (device->probe == PROBE_ANSWERED) {
        answer(world, i, now);
    } else if (open->n_pending == 0) {
        return;
    } else if (!idle && shared) {
        probe_arm(world, i, now);
    } else if (idle) {
        device->probe = PROBE_ON_UPLINK;
        open->requests[index] = (struct request){.arrival = now,
                                                 .deadline_at = ES_TIME_NEVER,
                                                 .device = (uint32_t)i,
                                                 .group = device->group & 15U};
        link->planned_bits += 8 * world->config.probe_bytes;
        world->result->n_probes++;
        link_join(world, ES_UPLINK, index, now);
    }
}

void probe_sent(es_world *world, uint32_t index, es_time now) {
    open_system *open = world->open;
    size_t i = index - open->first_probe;
    struct device *device = &world->devices[i];
    es_time sent_ns = open->requests[index].visit[ES_UPLINK].service_ns;
    world->result->probing_ns += sent_ns;
    world_learn_rate(world, device, 8 * (double)world->config.probe_bytes / es_time_s(sent_ns),
                     now);
    device->probe = PROBE_ANSWERED;
    es_engine_schedule(open->engine, open->slots.probe + i,
                       now + there_and_back_ns(world, device, false));
}
