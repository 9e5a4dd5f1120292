/* Behind the server: the backhaul's propagation, and who goes there. */
#include "system.h"

bool uses_server(const es_world *world, const struct request *request) {
    const es_cost *cost = world->groups[request->group].config->cost;
    return cost->cuts[request->cut].first < cost->cuts[request->cut].second;
}

bool uses_cloud(const es_world *world, const struct request *request) {
    return costs_of(world, request)->backhaul_bytes[request->cut] > 0;
}

static void arrive_at_end(es_world *world, bool up, uint32_t index, es_time now) {
    if (up)
        server_join(world, &world->open->cloud, index, now);
    else
        go_back(world, index, now);
}

static size_t slot_of(const open_system *open, bool up) {
    return open->slots.backhaul_line + (up ? 0 : 1);
}

/* The delay is constant: nothing overtakes. */
void backhaul_propagate(es_world *world, bool up, uint32_t index, es_time now) {
    open_system *open = world->open;
    struct fifo *line = &open->backhaul_lines[up];
    es_time delay_ns = world->config.backhaul.propagation_ns;
    if (delay_ns == 0) {
        arrive_at_end(world, up, index, now);
        return;
    }
    open->requests[index].since = now + delay_ns;
    fifo_push(open->requests, line, index);
    if (line->n == 1)
        plan_event(open, slot_of(open, up), now + delay_ns);
}

void backhaul_line_done(es_world *world, bool up, es_time now) {
    open_system *open = world->open;
    struct fifo *line = &open->backhaul_lines[up];
    uint32_t index = fifo_pop(open->requests, line);
    if (line->n > 0)
        plan_event(open, slot_of(open, up), open->requests[line->first].since);
    arrive_at_end(world, up, index, now);
}

void go_back(es_world *world, uint32_t index, es_time now) {
    struct request *request = &world->open->requests[index];
    request->station = ES_DOWNLINK;
    if (world->groups[request->group].config->downlink.rate != NULL)
        link_join(world, ES_DOWNLINK, index, now);
    else
        propagate(world, false, index, now);
}
