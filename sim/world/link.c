/* Links: transfers one after the other or sharing, then propagation. */
#include "system.h"

static struct link *link_at(const es_world *world, es_station station, size_t i) {
    return station == ES_UPLINK     ? &world->uplinks[i]
           : station == ES_DOWNLINK ? &world->open->downlinks[i]
                                    : &world->open->backhaul;
}

static size_t slot_of(const open_system *open, es_station station, size_t i) {
    return i + (station == ES_UPLINK     ? open->slots.uplink
                : station == ES_DOWNLINK ? open->slots.downlink
                                         : open->slots.backhaul);
}

static es_work work_of(const es_world *world, es_station station, uint32_t index) {
    const struct request *request = &world->open->requests[index];
    if (is_probe(world->open, index))
        return (es_work)world->config.probe_bytes * 8 * ES_SECOND;
    if (station == ES_UPLINK)
        return (es_work)bits_of(world, request) * ES_SECOND;
    if (station == ES_BACKHAUL)
        return (es_work)costs_of(world, request)->backhaul_bytes[request->cut] * 8 * ES_SECOND;
    return result_work(world->groups[request->group].config, request->batch_index);
}

static void give_up(es_world *world, struct link *link, es_station station, uint32_t index,
                    es_time now) {
    count(&world->open->kinds[station], now, -1, 0);
    if (station == ES_UPLINK)
        link->planned_bits -= bits_of(world, &world->open->requests[index]);
    drop(world, index, now);
}

/* Sends what is first in the queue. */
static void send_next(es_world *world, es_station station, size_t i, es_time now) {
    open_system *open = world->open;
    struct link *link = link_at(world, station, i);
    while (link->queue.n > 0) {
        uint32_t index = link->queue.first;
        struct request *request = &open->requests[index];
        if (!is_overdue(world, request, now)) {
            visit_of(open, index, station)->wait_ns = now - request->since;
            count(&open->kinds[station], now, 0, 1);
            plan_event(open, slot_of(open, station, i),
                       flow_end(&link->flow, now, work_of(world, station, index)));
            return;
        }
        fifo_pop(open->requests, &link->queue);
        give_up(world, link, station, index, now);
    }
}

static void plan_share(es_world *world, es_station station, size_t i) {
    open_system *open = world->open;
    struct link *link = link_at(world, station, i);
    plan_event(open, slot_of(open, station, i),
               crowd_next(open, &open->crowds[link->crowd], &link->flow, station));
}

void link_join(es_world *world, es_station station, uint32_t index, es_time now) {
    open_system *open = world->open;
    struct request *request = &open->requests[index];
    const struct device *device = device_of(world, request);
    size_t i = station == ES_UPLINK     ? device->uplink
               : station == ES_DOWNLINK ? device->downlink
                                        : 0;
    struct link *link = link_at(world, station, i);
    request->since = now;
    request->station = station & 7;
    count(&open->kinds[station], now, 1, 0);
    if (link->crowd == NOBODY) {
        fifo_push(open->requests, &link->queue, index);
        if (link->queue.n == 1)
            send_next(world, station, i, now);
    } else if (is_overdue(world, request, now)) {
        give_up(world, link, station, index, now);
    } else {
        count(&open->kinds[station], now, 0, open->crowds[link->crowd].n == 0);
        crowd_join(open, &open->crowds[link->crowd], &link->flow, station, index,
                   work_of(world, station, index), now);
        plan_share(world, station, i);
    }
}

/* The far end of a propagation line. */
static void arrive_at_end(es_world *world, bool up, uint32_t index, es_time now) {
    open_system *open = world->open;
    if (!up)
        come_back(world, index, now);
    else if (open->beyond == NULL || uses_server(world, &open->requests[index]))
        server_join(world, &open->server, index, now);
    else
        link_join(world, ES_BACKHAUL, index, now);
}

static es_time delay_at(const es_link *link, struct line *line, es_time now) {
    return link->delay != NULL ? es_rate_at(link->delay, &line->cursor, now) : link->propagation_ns;
}

static size_t line_slot(const open_system *open, bool up, size_t i) {
    return (up ? open->slots.up_line : open->slots.down_line) + i;
}

void propagate(es_world *world, bool up, uint32_t index, es_time now) {
    open_system *open = world->open;
    struct request *request = &open->requests[index];
    const struct group *group = &world->groups[request->group];
    const es_link *link = up ? &group->config->uplink : &group->config->downlink;
    size_t i = group->first_line[up];
    if (line_is_own(link))
        i += request->device - group->first_device;
    struct line *line = &open->lines[up][i];
    es_time due = now + delay_at(link, line, now);
    if (due < line->last_due)
        due = line->last_due;
    line->last_due = due;
    if (open->delays != NULL)
        *(up ? &open->delays[index].up_ns : &open->delays[index].down_ns) = due - now;
    if (due == now && line->queue.n == 0) {
        arrive_at_end(world, up, index, now);
        return;
    }
    request->since = due;
    fifo_push(open->requests, &line->queue, index);
    if (line->queue.n == 1)
        plan_event(open, line_slot(open, up, i), due);
}

void line_done(es_world *world, bool up, size_t i, es_time now) {
    open_system *open = world->open;
    struct line *line = &open->lines[up][i];
    uint32_t index = fifo_pop(open->requests, &line->queue);
    if (line->queue.n > 0)
        plan_event(open, line_slot(open, up, i), open->requests[line->queue.first].since);
    arrive_at_end(world, up, index, now);
}

void link_done(es_world *world, es_station station, size_t i, es_time now) {
    open_system *open = world->open;
    struct link *link = link_at(world, station, i);
    uint32_t index;
    if (link->crowd != NOBODY) {
        index = crowd_leave(open, &open->crowds[link->crowd], &link->flow, station, now);
        count(&open->kinds[station], now, -1, open->crowds[link->crowd].n == 0 ? -1 : 0);
        plan_share(world, station, i);
    } else {
        index = fifo_pop(open->requests, &link->queue);
        struct request *request = &open->requests[index];
        union visit *visit = visit_of(open, index, station);
        visit->service_ns = now - request->since - visit->wait_ns;
        count(&open->kinds[station], now, -1, -1);
        send_next(world, station, i, now);
    }
    struct request *request = &open->requests[index];
    request->station = (station == ES_DOWNLINK ? ES_N_STATIONS : station + 1) & 7;
    if (is_probe(open, index)) {
        link->planned_bits -= 8 * world->config.probe_bytes;
        probe_sent(world, index, now);
        return;
    }
    if (station == ES_BACKHAUL) {
        backhaul_propagate(world, true, index, now);
        return;
    }
    if (station == ES_UPLINK) {
        link->planned_bits -= bits_of(world, request);
        sent_up(world, request, now);
    }
    propagate(world, station == ES_UPLINK, index, now);
}
