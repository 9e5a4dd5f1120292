/* The server: parallel servers with batching, or processor sharing; and the jobs of others. */
#include "system.h"

#include "edgesplit/alloc.h"

/* The tables of all sizes that merged tails may add up to. */
static es_status create_merged(es_world *world) {
    size_t n = (size_t)world->config.server.max_batch + 1;
    for (size_t g = 0; g < world->config.n_groups; g++) {
        const es_cost *cost = world->config.groups[g].cost;
        const es_cut_costs **tables = es_alloc(n, sizeof(const es_cut_costs *));
        world->open->server.merged[g] = tables;
        if (tables == NULL)
            return ES_NO_MEMORY;
        for (size_t images = 1; images < n; images++) {
            tables[images] = es_cost_find(cost, (int64_t)images);
            ES_REQUIRE(tables[images] != NULL);
        }
    }
    return ES_OK;
}

static es_status create(open_system *open, struct server *server, const es_server *config,
                        es_station station) {
    size_t n = config->n_servers;
    server->config = config;
    server->station = station;
    server->kind = &open->kinds[station];
    server->flow.rate = config->capacity;
    server->serving = es_alloc(n, sizeof *server->serving);
    if (server->serving == NULL)
        return ES_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        server->serving[i] = NOBODY;
    server->n_idle = n;
    return ES_OK;
}

es_status servers_create(es_world *world) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    if (create(open, &open->server, &config->server, ES_SERVER) != ES_OK ||
        (has_cloud(config) && create(open, &open->cloud, &config->cloud, ES_CLOUD) != ES_OK))
        return ES_NO_MEMORY;
    return config->server.max_batch > 0 ? create_merged(world) : ES_OK;
}

static void leave_server(es_world *world, const struct server *server, uint32_t index,
                         es_time now) {
    open_system *open = world->open;
    const struct request *request = &open->requests[index];
    if (is_job(open, index)) {
        open->n_jobs--;
        fifo_push(open->requests, &open->free_jobs, index);
        return;
    }
    if (server->station == ES_CLOUD)
        backhaul_propagate(world, false, index, now);
    else if (open->beyond != NULL && uses_cloud(world, request))
        link_join(world, ES_BACKHAUL, index, now);
    else
        go_back(world, index, now);
}

static int64_t images_of(const es_world *world, const struct request *request) {
    return world->groups[request->group].config->batches[request->batch_index];
}

/* Whether a waiting request may be served together with others. */
static bool may_merge(const es_world *world, const struct server *server, uint32_t index) {
    return server->config->max_batch > 0 && !is_job(world->open, index);
}

static bool belong_together(const es_world *world, const struct server *server, uint32_t a,
                            uint32_t b) {
    const struct request *one = &world->open->requests[a], *other = &world->open->requests[b];
    return may_merge(world, server, b) && one->cut == other->cut && one->group == other->group;
}

/* Images of the batch that the first in the queue would be served in now. */
static int64_t images_together(const es_world *world, const struct server *server, es_time now) {
    const struct fifo *waiting = &server->waiting;
    const struct request *requests = world->open->requests;
    int64_t images = images_of(world, &requests[waiting->first]);
    uint32_t index = waiting->first;
    for (uint32_t i = 1; i < waiting->n && images < server->config->max_batch; i++) {
        index = requests[index].next;
        if (belong_together(world, server, waiting->first, index) &&
            !is_overdue(world, &requests[index], now) &&
            images + images_of(world, &requests[index]) <= server->config->max_batch)
            images += images_of(world, &requests[index]);
    }
    return images;
}

static bool is_given_up(const es_world *world, uint32_t index, es_time now) {
    return !is_job(world->open, index) && is_overdue(world, &world->open->requests[index], now);
}

static void begin(es_world *world, const struct server *server, uint32_t index, es_time now) {
    struct request *request = &world->open->requests[index];
    visit_of(world->open, index, server->station)->wait_ns = now - request->since;
    request->next = NOBODY;
}

static void give_up(es_world *world, const struct server *server, uint32_t index, es_time now) {
    count(server->kind, now, -1, 0);
    drop(world, index, now);
}

/* Takes the first in the queue and what is served with it; returns the nominal time. */
static int64_t take_batch(es_world *world, struct server *server, es_time now) {
    open_system *open = world->open;
    struct fifo rest = {0}, *waiting = &server->waiting;
    uint32_t first = fifo_pop(open->requests, waiting), last = first;
    const struct request *leader = &open->requests[first];
    int64_t alone_ns = visit_of(open, first, server->station)->service_ns;
    begin(world, server, first, now);
    if (!may_merge(world, server, first))
        return alone_ns;
    int64_t images = images_of(world, leader), alone = images;
    while (waiting->n > 0) {
        uint32_t index = fifo_pop(open->requests, waiting);
        int64_t more = images_of(world, &open->requests[index]);
        if (!belong_together(world, server, first, index) ||
            images + more > server->config->max_batch) {
            fifo_push(open->requests, &rest, index);
            continue;
        }
        if (is_overdue(world, &open->requests[index], now)) {
            give_up(world, server, index, now);
            continue;
        }
        images += more;
        begin(world, server, index, now);
        open->requests[last].next = index;
        last = index;
    }
    *waiting = rest;
    if (images == alone)
        return alone_ns;
    int64_t profiled_ns = costs_of(world, leader)->tail_ns[leader->cut];
    int64_t merged_ns = server->merged[leader->group][images]->tail_ns[leader->cut];
    return profiled_ns > 0 ? scaled(merged_ns, (double)alone_ns / (double)profiled_ns) : merged_ns;
}

/* Until when a server waits for more to serve with the first in the queue; `now` or before: it does
 * not. */
static es_time wait_until(const es_world *world, const struct server *server, es_time now) {
    const open_system *open = world->open;
    uint32_t first = server->waiting.first;
    if (!may_merge(world, server, first) ||
        images_together(world, server, now) >= server->config->max_batch)
        return 0;
    return open->requests[first].since + server->config->max_wait_ns;
}

void server_serve(es_world *world, struct server *server, es_time now) {
    open_system *open = world->open;
    es_time due = ES_TIME_NEVER;
    while (server->n_idle > 0) {
        while (server->waiting.n > 0 && is_given_up(world, server->waiting.first, now))
            give_up(world, server, fifo_pop(open->requests, &server->waiting), now);
        if (server->waiting.n == 0)
            break;
        es_time until = wait_until(world, server, now);
        if (until > now) {
            due = until;
            break;
        }
        size_t i = server->first_idle;
        while (server->serving[i] != NOBODY)
            i++;
        server->first_idle = i + 1;
        server->serving[i] = server->waiting.first;
        server->n_idle--;
        count(server->kind, now, 0, 1);
        int64_t nominal_ns = take_batch(world, server, now);
        plan_event(open, server->slot + i,
                   flow_end(&server->flow, now, (es_work)nominal_ns * ES_FULL_CAPACITY));
    }
    if (server->config->max_batch > 0)
        plan_event(open, open->slots.batch, due);
}

static void plan_share(es_world *world, struct server *server) {
    open_system *open = world->open;
    plan_event(open, server->slot,
               crowd_next(open, &server->crowd, &server->flow, server->station));
}

void server_join(es_world *world, struct server *server, uint32_t index, es_time now) {
    open_system *open = world->open;
    struct request *request = &open->requests[index];
    request->since = now;
    request->station = server->station & 7;
    count(server->kind, now, 1, 0);
    if (server->config->discipline == ES_FIFO) {
        fifo_push(open->requests, &server->waiting, index);
        server_serve(world, server, now);
    } else if (is_given_up(world, index, now)) {
        give_up(world, server, index, now);
    } else {
        es_work work =
            (es_work)visit_of(open, index, server->station)->service_ns * ES_FULL_CAPACITY;
        count(server->kind, now, 0, server->crowd.n == 0);
        crowd_join(open, &server->crowd, &server->flow, server->station, index, work, now);
        plan_share(world, server);
    }
}

void server_done(es_world *world, struct server *server, size_t i, es_time now) {
    open_system *open = world->open;
    if (server->config->discipline == ES_PS) {
        uint32_t index = crowd_leave(open, &server->crowd, &server->flow, server->station, now);
        count(server->kind, now, -1, server->crowd.n == 0 ? -1 : 0);
        plan_share(world, server);
        leave_server(world, server, index, now);
        return;
    }
    uint32_t index = server->serving[i];
    server->serving[i] = NOBODY;
    server->n_idle++;
    if (i < server->first_idle)
        server->first_idle = i;
    count(server->kind, now, 0, -1);
    for (uint32_t other = index; other != NOBODY; other = open->requests[other].next) {
        union visit *visit = visit_of(open, other, server->station);
        visit->service_ns = now - open->requests[other].since - visit->wait_ns;
        count(server->kind, now, -1, 0);
    }
    server_serve(world, server, now);
    while (index != NOBODY) {
        uint32_t following = open->requests[index].next;
        leave_server(world, server, index, now);
        index = following;
    }
}

static es_time draw_gap(es_world *world) {
    return nearest(1e9 / world->config.background.rate_hz *
                   es_rng_exponential(&world->open->job_gaps));
}

es_time job_first(es_world *world) {
    const es_world_config *config = &world->config;
    open_system *open = world->open;
    es_rng_open(&open->job_gaps, config->seed, config->replication, ES_RNG_BACKGROUND, 0);
    es_rng_open(&open->job_draws, config->seed, config->replication, ES_RNG_BACKGROUND, 1);
    if (config->background.arrivals.n > 0)
        return config->background.arrivals.times[0];
    return config->background.rate_hz > 0 ? draw_gap(world) : ES_TIME_NEVER;
}

es_time job_arrive(es_world *world, es_time now) {
    const es_background *background = &world->config.background;
    open_system *open = world->open;
    es_time next = background->arrivals.n > 0 ? list_next(&background->arrivals, &open->job_place)
                                              : now + draw_gap(world);
    if (open->free_jobs.n == 0) {
        world->result->saturated = true;
        return ES_TIME_NEVER;
    }
    uint32_t index = fifo_pop(open->requests, &open->free_jobs);
    double factor = background->exponential ? es_rng_exponential(&open->job_draws) : 1;
    struct request *job = &open->requests[index];
    job->deadline_at = ES_TIME_NEVER;
    job->visit[ES_SERVER].service_ns = scaled(background->service_ns, factor);
    world->result->n_background++;
    open->n_jobs++;
    server_join(world, &open->server, index, now);
    return next;
}
