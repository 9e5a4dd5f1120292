#include "express.h"

#include "edgesplit/alloc.h"
#include "intervals.h"
#include "steps.h"

struct express {
    size_t first_slot[ES_MAX_GROUPS]; /* of each group: those without propagation come first, as
                                         they get to the server before the others of the time */
    bool alone;                       /* one device */
    es_time *server_free;             /* [n_servers] a heap, the earliest first */
    uint64_t written;                 /* steps whose rows are */
    uint32_t n_capacity;              /* of the ring; the mask grows up to it */
    uint64_t n_stuck;                 /* requests that never leave */
    es_work in_the_air;               /* sum of propagation, ns */
    es_time booked_until;     /* the end of the interval in hand; ES_TIME_NEVER without a series */
    struct intervals *series; /* NULL: not wanted */
};

/* What is sent takes time, so that nothing gets to the server at the time it arrives. */
static bool sends_something(const es_group *group) {
    const es_cost *cost = group->cost;
    for (size_t b = 0; b < cost->n_batches; b++)
        for (size_t cut = 0; cut + 1 < cost->n_cuts; cut++)
            if (cost->available[cut] && cost->tables[b].bytes[cut] <= 0)
                return false;
    return true;
}

static bool group_may(const es_world_config *config, const es_group *group) {
    const es_link *up = &group->uplink, *down = &group->downlink;
    bool in_order =
        down->rate == NULL || (down->discipline == ES_FIFO && config->server.n_servers == 1);
    return group->population == 0 && up->discipline == ES_FIFO && up->delay == NULL &&
           down->delay == NULL && in_order && !group->policy->settings.queue_aware &&
           group->policy->ops->learn == NULL && sends_something(group);
}

bool express_may(const es_world *world) {
    const es_world_config *config = &world->config;
    for (size_t g = 0; g < config->n_groups; g++)
        if (!group_may(config, &config->groups[g]))
            return false;
    return !config->events_only && !has_cloud(config) && world->n_uplinks == world->n_devices &&
           config->server.discipline == ES_FIFO && config->server.max_batch == 0 &&
           config->background.rate_hz == 0 && config->background.arrivals.n == 0 &&
           config->probe_every_ns == 0 && config->knowing == ES_KNOW_TRUE;
}

enum { RING_AT_FIRST = 64 }; /* requests: 8 KiB */

/* Numbers the slots of the devices. */
static void number_slots(es_world *world) {
    struct express *express = world->open->express;
    size_t n = 0;
    for (int later = 0; later < 2; later++)
        for (size_t g = 0; g < world->config.n_groups; g++) {
            const es_group *group = &world->config.groups[g];
            if ((group->uplink.propagation_ns > 0) == later) {
                express->first_slot[g] = n;
                n += group->n_devices;
            }
        }
}

static size_t slot_of(const es_world *world, const struct request *request) {
    return world->open->express->first_slot[request->group] + request->device -
           world->groups[request->group].first_device;
}

size_t express_device(const es_world *world, size_t slot) {
    const size_t *first = world->open->express->first_slot;
    size_t g = 0;
    while (slot - first[g] >= world->config.groups[g].n_devices)
        g++;
    return world->groups[g].first_device + slot - first[g];
}

es_status express_create(es_world *world) {
    open_system *open = world->open;
    struct express *express = es_alloc(1, sizeof *express);
    if (express == NULL)
        return ES_NO_MEMORY;
    open->express = express;
    express->alone = world->n_devices == 1;
    express->n_capacity = open->mask + 1;
    express->server_free = es_alloc(world->config.server.n_servers, sizeof *express->server_free);
    bool series = world->config.series_period_ns > 0;
    if (series)
        express->series = es_alloc(1, sizeof *express->series);
    if (express->server_free == NULL || (series && express->series == NULL))
        return ES_NO_MEMORY;
    express->booked_until = ES_TIME_NEVER;
    if (series)
        express->series->period = express->booked_until = world->config.series_period_ns;
    number_slots(world);
    return ES_OK;
}

void express_destroy(struct express *express) {
    if (express == NULL)
        return;
    free(express->server_free);
    free(express->series);
    free(express);
}

size_t express_slots(const es_world *world) {
    return world->open->express->alone ? 0 : world->n_devices;
}

static inline void note_event(open_system *open, es_time at) {
    open->end = at > open->end ? at : open->end;
}

/* What reaches beyond the interval in hand is not booked in it. */
static void spill(const struct express *express, es_station station, enum measure measure,
                  es_time from, es_time to, es_work booked) {
    struct intervals *series = express->series;
    if (to > express->booked_until) {
        series->spilled[station][measure][series->i].part -= booked;
        intervals_add(series, station, measure, from, to);
    }
}

/* A station was taken by a request, or by nobody but for the wait, until the end. */
static inline void book(open_system *open, es_station station, const struct passage *passage) {
    struct express *express = open->express;
    struct kind *kind = &open->kinds[station];
    es_time there = passage->end - passage->at, busy = passage->end - passage->begin;
    kind->area += there;
    kind->busy += busy;
    if (passage->end > express->booked_until) {
        spill(express, station, MEASURE_AREA, passage->at, passage->end, there);
        spill(express, station, MEASURE_BUSY, passage->begin, passage->end, busy);
    }
}

/* One that stays there for ever counts up to the end of the run. */
static void book_stuck(open_system *open, es_station station, const struct passage *passage) {
    const struct express *express = open->express;
    struct kind *kind = &open->kinds[station];
    kind->area -= passage->at;
    kind->n++;
    spill(express, station, MEASURE_AREA, passage->at, ES_TIME_NEVER, -passage->at);
    if (passage->begin != ES_TIME_NEVER) {
        kind->busy -= passage->begin;
        kind->n_busy++;
        spill(express, station, MEASURE_BUSY, passage->begin, ES_TIME_NEVER, -passage->begin);
    }
}

static inline void leave(open_system *open, struct request *request, es_step_status status,
                         es_time at) {
    request->since = at;
    request->status = (int8_t)status;
    open->sojourn += at - request->arrival;
    note_event(open, at);
}

static inline void finish(open_system *open, struct request *request, es_time at) {
    request->station = ES_N_STATIONS;
    leave(open, request, at > request->deadline_at ? ES_STEP_LATE : ES_STEP_COMPLETED, at);
}

/* A request goes no further: it is given up at the end of the passage, or stays for ever, in
 * service (whose length then says so) or not. */
static void stop(open_system *open, struct request *request, es_station station,
                 const struct passage *passage) {
    union visit *visit = &request->visit[station];
    request->station = station & 7;
    if (passage->end != ES_TIME_NEVER) {
        book(open, station, passage);
        leave(open, request, ES_STEP_DROPPED, passage->end);
        return;
    }
    book_stuck(open, station, passage);
    if (passage->begin != ES_TIME_NEVER) {
        visit->wait_ns = passage->begin - passage->at;
        visit->service_ns = ES_TIME_NEVER;
    }
    note_event(open, passage->at);
    request->since = ES_TIME_NEVER;
    request->status = ES_STEP_UNFINISHED;
    open->sojourn -= request->arrival;
    open->express->n_stuck++;
}

/* A request meets a station. Returns `passes`: whether it goes on. */
static inline bool meet(open_system *open, struct request *request, es_station station,
                        const struct passage *passage, bool passes) {
    union visit *visit = &request->visit[station];
    if (passes) {
        visit->wait_ns = passage->begin - passage->at;
        visit->service_ns = passage->end - passage->begin;
        book(open, station, passage);
    } else {
        stop(open, request, station, passage);
    }
    return passes;
}

/* The earliest server is free at `at` instead. */
static void replace_first(es_time *heap, size_t n, es_time at) {
    size_t i = 0, child;
    while ((child = 2 * i + 1) < n) {
        if (child + 1 < n && heap[child + 1] < heap[child])
            child++;
        if (heap[child] >= at)
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = at;
}

static inline bool pass_server(es_world *world, const struct request *request, es_time at,
                               es_time last, struct passage *passage) {
    es_time *heap = world->open->express->server_free, free_at = heap[0];
    bool passes = pass_flow(passage, at, &free_at, last, &world->open->server.flow,
                            tail_work(request->visit[ES_SERVER].service_ns));
    replace_first(heap, world->config.server.n_servers, free_at);
    return passes;
}

/* A request of a group gets to the server. */
static void go_down(es_world *world, const es_group *group, struct request *request, es_time at) {
    open_system *open = world->open;
    es_time last = last_start(group, request);
    struct passage passage;
    bool passes = pass_server(world, request, at, last, &passage);
    if (!meet(open, request, ES_SERVER, &passage, passes))
        return;
    if (group->downlink.rate != NULL) {
        struct link *link = &open->downlinks[device_of(world, request)->downlink];
        passes = pass_flow(&passage, passage.end, &link->free_at, last, &link->flow,
                           result_work(group, request->batch_index));
        if (!meet(open, request, ES_DOWNLINK, &passage, passes))
            return;
    }
    open->express->in_the_air += group->downlink.propagation_ns;
    finish(open, request, passage.end + group->downlink.propagation_ns);
}

/* Its way from the device; false: it does not get to the server, else it does at `*at`. */
static bool go_up(es_world *world, struct request *request, es_time *at) {
    open_system *open = world->open;
    const struct group *group = &world->groups[request->group];
    const es_group *config = group->config;
    const es_cut_costs *costs = group->costs[request->batch_index];
    struct device *device = device_of(world, request);
    struct link *link = &world->uplinks[device->uplink];
    es_time last = last_start(config, request);
    struct passage passage;
    bool passes = pass_device(&passage, request->arrival, &device->free_at, last,
                              request->visit[ES_DEVICE].service_ns);
    if (!meet(open, request, ES_DEVICE, &passage, passes))
        return false;
    if (es_cut_stays(costs, request->cut)) {
        finish(open, request, passage.end);
        return false;
    }
    passes = pass_flow(&passage, passage.end, &link->free_at, last, &link->flow,
                       send_work(costs, request->cut));
    if (!meet(open, request, ES_UPLINK, &passage, passes))
        return false;
    open->express->in_the_air += config->uplink.propagation_ns;
    *at = passage.end + config->uplink.propagation_ns;
    request->station = ES_SERVER;
    request->since = *at;
    return true;
}

/* Hands over the rows of the oldest requests as far as is known what becomes of them. */
static void write_known(es_world *world) {
    open_system *open = world->open;
    struct express *express = open->express;
    for (; express->written < open->next && open->status == ES_OK; express->written++) {
        uint32_t index = (uint32_t)express->written & open->mask;
        if (open->requests[index].status == IN_FLIGHT)
            return;
        write_row(world, index);
    }
}

/* The newest request is on its way to the server: until it gets there, its wait for the server is
 * the time when the one behind it does. */
static void join_way(es_world *world, const struct request *request, es_time at) {
    open_system *open = world->open;
    struct fifo *way = &device_of(world, request)->queue;
    uint32_t step = (uint32_t)(open->next - 1);
    if (way->n++ > 0) {
        struct request *before = &open->requests[way->last & open->mask];
        before->next = step;
        before->visit[ES_SERVER].wait_ns = at;
    } else {
        way->first = step;
        es_engine_schedule(open->engine, slot_of(world, request), at);
    }
    way->last = step;
}

void express_send(es_world *world, uint32_t index) {
    open_system *open = world->open;
    struct request *request = &open->requests[index];
    const es_group *group = world->groups[request->group].config;
    es_time at;
    if (go_up(world, request, &at)) {
        if (open->express->alone)
            go_down(world, group, request, at);
        else
            join_way(world, request, at);
    }
    if (open->least_ns != NULL) {
        open->free_at[ES_DEVICE] = world->devices[0].free_at;
        open->free_at[ES_UPLINK] = world->uplinks[0].free_at;
        open->free_at[ES_SERVER] = open->express->server_free[0];
        open->free_at[ES_DOWNLINK] = open->downlinks[0].free_at;
    }
    write_known(world);
}

/* The first request on the way from a device gets to the server. */
static void reach_server(es_world *world, size_t slot, es_time now) {
    open_system *open = world->open;
    struct fifo *way = &world->devices[express_device(world, slot)].queue;
    struct request *request = &open->requests[way->first & open->mask];
    if (--way->n > 0) {
        way->first = request->next;
        es_engine_schedule(open->engine, slot, request->visit[ES_SERVER].wait_ns);
        request->visit[ES_SERVER].wait_ns = 0;
    }
    go_down(world, world->groups[request->group].config, request, now);
    write_known(world);
}

/* The oldest requests have left by now. */
static void settle(open_system *open, es_time now) {
    for (; open->first < open->next; open->first++) {
        const struct request *request = &open->requests[(uint32_t)open->first & open->mask];
        if (request->status == IN_FLIGHT || request->since > now)
            return;
    }
}

/* Takes twice as much of the ring. */
static void grow_ring(open_system *open) {
    uint32_t size = open->mask + 1;
    for (uint64_t step = open->first; step < open->next; step++) {
        uint32_t from = (uint32_t)step & open->mask, to = (uint32_t)step & (open->mask + size);
        open->requests[to] = open->requests[from];
        if (open->known != NULL)
            open->known[to] = open->known[from];
    }
    open->mask += size;
}

/* Makes sure that there is room for one more request, and that it is known whether the backlog has
 * reached its limit: mostly nobody looks which requests have left, and only as much of the ring is
 * touched as is in flight. */
static inline void make_room(es_world *world, es_time now) {
    open_system *open = world->open;
    uint64_t n = open->next - open->first;
    if (n <= open->mask && n < world->config.max_backlog)
        return;
    settle(open, now);
    if (open->next - open->first > open->mask && open->mask + 1 < open->express->n_capacity)
        grow_ring(open);
}

enum { N_ON_THE_WAY = ES_DOWNLINK + 1 };

/* What a request in flight meets, as far as that is told; returns at how many stations. */
static size_t passages_of(const es_world *world, const struct request *request,
                          struct passage passages[N_ON_THE_WAY]) {
    const es_group *group = world->groups[request->group].config;
    es_time at = request->arrival;
    size_t s = 0;
    for (; s < N_ON_THE_WAY && s < request->station; s++) {
        es_time begin = at + request->visit[s].wait_ns, end = begin + request->visit[s].service_ns;
        passages[s] = (struct passage){at, begin, end};
        at = end + (s == ES_UPLINK ? group->uplink.propagation_ns : 0);
    }
    if (s == N_ON_THE_WAY || request->status == IN_FLIGHT)
        return s;
    bool begun = request->visit[s].service_ns == ES_TIME_NEVER;
    es_time begin = begun ? at + request->visit[s].wait_ns : request->since;
    passages[s] = (struct passage){at, begin, request->since};
    return s + 1;
}

/* Books what requests in flight do in intervals that have just begun. */
static void book_again(const es_world *world) {
    const open_system *open = world->open;
    struct intervals *series = open->express->series;
    for (uint64_t step = open->first; step < open->next; step++) {
        struct passage passages[N_ON_THE_WAY];
        size_t n = passages_of(world, &open->requests[(uint32_t)step & open->mask], passages);
        for (size_t s = 0; s < n; s++) {
            intervals_add(series, (es_station)s, MEASURE_AREA, passages[s].at, passages[s].end);
            intervals_add(series, (es_station)s, MEASURE_BUSY, passages[s].begin, passages[s].end);
        }
    }
}

static void end_interval(es_world *world) {
    open_system *open = world->open;
    struct express *express = open->express;
    intervals_next(express->series, world);
    if (express->series->i == ES_SERIES_SAMPLES) {
        open->status = intervals_hand_over(express->series, world, ES_SERIES_SAMPLES);
        book_again(world);
    }
    express->booked_until += express->series->period;
}

/* Ends all intervals up to the end; the last one is that which nothing happens behind. */
static void end_series(es_world *world) {
    open_system *open = world->open;
    struct intervals *series = open->express->series;
    const es_time *until = &open->express->booked_until;
    while (open->status == ES_OK &&
           (*until - series->period < open->end || *until == series->period))
        end_interval(world);
    if (open->status == ES_OK && series->i > 0)
        open->status = intervals_hand_over(series, world, series->i);
}

static void end_run(es_world *world) {
    open_system *open = world->open;
    struct express *express = open->express;
    open->first = open->next;
    open->sojourn += (es_work)express->n_stuck * open->end;
    open->everybody = (struct kind){.changed = open->end, .area = express->in_the_air};
    for (size_t s = 0; s < ES_N_STATIONS; s++) {
        integrate(&open->kinds[s], open->end);
        open->everybody.area += open->kinds[s].area;
    }
    sum_up(world);
}

es_status express_run(es_world *world) {
    open_system *open = world->open;
    size_t slot, n_slots = express_slots(world);
    open->mask = open->mask < RING_AT_FIRST ? open->mask : RING_AT_FIRST - 1;
    open_sources(world);
    while (open->status == ES_OK && es_engine_pop(open->engine, &slot)) {
        es_time now = es_engine_now(open->engine);
        while (now >= open->express->booked_until && open->status == ES_OK)
            end_interval(world);
        foresee(world);
        if (slot < n_slots) {
            reach_server(world, slot, now);
        } else {
            note_event(open, now);
            make_room(world, now);
            arrive(world, slot - n_slots, now);
        }
    }
    if (open->status == ES_OK && open->express->series != NULL)
        end_series(world);
    if (open->status == ES_OK)
        end_run(world);
    return open->status;
}
