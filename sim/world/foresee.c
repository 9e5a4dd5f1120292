/* Fetching ahead: in fleets that do not fit a cache, an event would mostly wait for memory. While
 * one event is handled, what the next one will look at is on its way. A guess, of which nothing but
 * time depends. */
#include "express.h"

enum { CACHE_LINE = 64 };

/* A function that only fetches has no effect in the eyes of GCC, which drops calls of it. */
#define INLINED static inline __attribute__((always_inline))

INLINED void fetch(const void *start, size_t n_bytes) {
    const char *bytes = start;
    for (size_t at = 0; at < n_bytes; at += CACHE_LINE)
        __builtin_prefetch(bytes + at, 1);
    __builtin_prefetch(bytes + n_bytes - 1, 1);
}

INLINED void fetch_request(const open_system *open, uint32_t index) {
    if (index != NOBODY)
        fetch(&open->requests[index], sizeof *open->requests);
}

INLINED void fetch_link(const es_world *world, size_t i) {
    if (i < world->n_uplinks)
        fetch(&world->uplinks[i], sizeof *world->uplinks);
}

/* A device and the first request in its queue. */
INLINED void fetch_device(const es_world *world, size_t i) {
    const struct device *device = &world->devices[i];
    fetch(device, sizeof *device);
    fetch_request(world->open, device->queue.first & world->open->mask);
}

INLINED void fetch_transfer(const es_world *world, size_t i) {
    const open_system *open = world->open;
    const struct link *link = &world->uplinks[i];
    fetch_link(world, i);
    if (link->crowd == NOBODY) {
        fetch_request(open, link->queue.first);
    } else {
        fetch(&open->crowds[link->crowd], sizeof *open->crowds);
        fetch_request(open, open->crowds[link->crowd].root);
    }
}

INLINED void fetch_stream(const es_exponentials *draws, size_t i) {
    if (draws != NULL)
        fetch(&draws->streams[i], sizeof *draws->streams);
}

INLINED void fetch_arrival(const es_world *world, size_t i_source) {
    const open_system *open = world->open;
    uint32_t i = device_of_source(open, i_source);
    fetch(&world->devices[i], sizeof *world->devices);
    fetch_link(world, i);
    fetch_stream(world->gaps, i);
    fetch_stream(open->head_draws, i);
    fetch_stream(open->tail_draws, i);
}

void fetch_next(const es_world *world) {
    const open_system *open = world->open;
    const struct slots *slots = &open->slots;
    size_t slot = es_engine_foresee(open->engine);
    if (open->express != NULL && slot < slots->arrival) {
        fetch_device(world, express_device(world, slot));
    } else if (slot < slots->uplink) {
        fetch_device(world, slot);
        fetch_link(world, slot); /* mostly its own */
    } else if (slot < slots->server) {
        fetch_transfer(world, slot - slots->uplink);
    } else if (slot < slots->backhaul) {
        fetch_request(open, open->server.serving[slot - slots->server]);
    } else if (slot >= slots->arrival && slot - slots->arrival < open->n_sources) {
        fetch_arrival(world, slot - slots->arrival);
    }
}
