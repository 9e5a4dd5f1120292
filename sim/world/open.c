/* Open and closed mode: the discrete-event system of SEMANTICS 4. */
#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "express.h"

#include <string.h>

/* How long a head takes as far as is known beforehand. */
static int64_t planned_head_ns(const es_world *world, const struct request *request) {
    const struct group *group = &world->groups[request->group];
    return shown_of(world, request)->head_ns[request->cut] +
           (request->switches ? group->config->switch_cost_ns : 0);
}

/* Keeps the sums that show_queues reads: `sign` 1 for a request that joins, -1 for one that leaves.
 */
static void plan_head(es_world *world, const struct request *request, int sign) {
    device_of(world, request)->planned_head_ns += sign * planned_head_ns(world, request);
}

/* What it sends, likewise. */
static int64_t planned_bits_of(const es_world *world, const struct request *request) {
    return 8 * shown_of(world, request)->bytes[request->cut];
}

static size_t slot_of_source(const es_world *world, const struct request *request) {
    const struct group *group = &world->groups[request->group];
    size_t per_device = group->config->population > 0 ? group->config->population : 1;
    return world->open->slots.arrival + group->first_source +
           (request->device - group->first_device) * per_device + request->source;
}

static bool takes_more(const es_world *world) {
    return world->open->next < world->config.n_steps && !world->result->saturated;
}

static void plan_arrival(es_world *world, size_t slot, es_time at) {
    if (at >= world->config.duration_ns || !takes_more(world))
        return;
    world->open->n_arriving++;
    plan_event(world->open, slot, at);
}

/* Nobody comes any more. */
static void close_arrivals(open_system *open) {
    for (size_t i = 0; i < open->n_sources; i++)
        plan_event(open, open->slots.arrival + i, ES_TIME_NEVER);
    open->n_arriving = 0;
}

/* A source whose request has left thinks, and then has the next one. */
static void think(es_world *world, const struct request *request, es_time now) {
    const es_group *group = world->groups[request->group].config;
    size_t slot = slot_of_source(world, request);
    es_time at = now + group->think_ns;
    if (group->exponential_think) {
        es_rng *draws = &world->open->thinks[slot - world->open->slots.arrival];
        at = now + nearest((double)group->think_ns * es_rng_exponential(draws));
    }
    plan_arrival(world, slot, at);
}

static void leave(es_world *world, uint32_t index, es_step_status status, es_time now) {
    open_system *open = world->open;
    struct request *request = &open->requests[index];
    if (world->groups[request->group].config->population > 0)
        think(world, request, now);
    request->since = now;
    request->status = (int8_t)status;
    open->sojourn += now - request->arrival;
    count(&open->everybody, now, -1, 0);
    if (index == ((uint32_t)open->first & open->mask))
        write_rows(world, false);
}

static void finish(es_world *world, uint32_t index, es_time now) {
    struct request *request = &world->open->requests[index];
    request->station = ES_N_STATIONS;
    leave(world, index, now > request->deadline_at ? ES_STEP_LATE : ES_STEP_COMPLETED, now);
}

void drop(es_world *world, uint32_t index, es_time now) {
    leave(world, index, ES_STEP_DROPPED, now);
}

void come_back(es_world *world, uint32_t index, es_time now) {
    const struct request *request = &world->open->requests[index];
    const union visit *visit = &request->visit[ES_SERVER];
    es_time response_ns = visit->service_ns + (world->config.load_aware ? visit->wait_ns : 0);
    if (response_ns > 0) {
        int64_t profiled_ns = costs_of(world, request)->tail_ns[request->cut];
        world_learn_capacity(world, device_of(world, request),
                             fmin(1, (double)profiled_ns / (double)response_ns), now);
    }
    es_time head_end =
        request->arrival + request->visit[ES_DEVICE].wait_ns + request->visit[ES_DEVICE].service_ns;
    world_teach(world, device_of(world, request), costs_of(world, request), request->cut,
                es_time_s(now - head_end));
    finish(world, index, now);
}

void sent_up(es_world *world, const struct request *request, es_time now) {
    es_time sent_ns = request->visit[ES_UPLINK].service_ns;
    if (sent_ns > 0)
        world_learn_rate(world, device_of(world, request),
                         costs_of(world, request)->bits[request->cut] / es_time_s(sent_ns), now);
    probe_arm(world, request->device, now);
}

/* Computes the head that is first in a device's queue; one that is overdue is given up. */
static void compute_next(es_world *world, size_t i, es_time now) {
    open_system *open = world->open;
    struct fifo *queue = &world->devices[i].queue;
    while (queue->n > 0) {
        struct request *request = &open->requests[queue->first];
        union visit *visit = &request->visit[ES_DEVICE];
        if (!is_overdue(world, request, now)) {
            visit->wait_ns = now - request->since;
            count(&open->kinds[ES_DEVICE], now, 0, 1);
            plan_event(open, open->slots.device + i, now + visit->service_ns);
            return;
        }
        uint32_t index = fifo_pop(open->requests, queue);
        count(&open->kinds[ES_DEVICE], now, -1, 0);
        plan_head(world, request, -1);
        world->uplinks[world->devices[i].uplink].planned_bits -= planned_bits_of(world, request);
        drop(world, index, now);
    }
}

static void device_done(es_world *world, size_t i, es_time now) {
    open_system *open = world->open;
    uint32_t index = fifo_pop(open->requests, &world->devices[i].queue);
    struct request *request = &open->requests[index];
    count(&open->kinds[ES_DEVICE], now, -1, -1);
    plan_head(world, request, -1);
    compute_next(world, i, now);
    if (group_of(world, &world->devices[i])->exits != NULL) /* it is known now what it sends */
        world->uplinks[world->devices[i].uplink].planned_bits +=
            bits_of(world, request) - planned_bits_of(world, request);
    if (es_cut_stays(costs_of(world, request), request->cut))
        finish(world, index, now);
    else
        link_join(world, ES_UPLINK, index, now);
}

static double draw(es_exponentials *streams, uint32_t device) {
    return streams != NULL ? es_exponentials_next(streams, device) : 1;
}

/* Fills a new request but for its cut, and draws what it needs: the same for every policy. */
static struct draws make_request(es_world *world, uint32_t index, const struct arrival *arrival,
                                 uint32_t i_device, uint32_t source, struct knowledge *known) {
    open_system *open = world->open;
    struct request *request = &open->requests[index];
    const struct device *device = &world->devices[i_device];
    const es_group *group = world->groups[device->group].config;
    es_time now = arrival->at;
    memset(request->visit, 0, sizeof request->visit);
    if (open->beyond != NULL)
        open->beyond[index] = (struct beyond){0};
    request->arrival = request->since = now;
    request->deadline_at =
        arrival->deadline_ns == ES_TIME_NEVER ? ES_TIME_NEVER : now + arrival->deadline_ns;
    request->device = i_device;
    request->group = device->group & 15U;
    request->source = source;
    request->batch_index = arrival->batch_index;
    request->station = ES_DEVICE;
    request->status = IN_FLIGHT;
    double rate_bps, load;
    world_present(world, device, now, &rate_bps, &load);
    request->rate_true = rate_bps;
    request->load_true = load;
    if (open->known != NULL) /* else the truth is known, and nobody looks ahead */
        world_know(world, device, now, &rate_bps, &load);
    known->rate_estimate = rate_bps;
    known->load_estimate = load;
    known->oracle_s = ES_NAN;
    return (struct draws){
        group->exponential_head ? draw(open->head_draws, i_device) : 1,
        group->exponential_tail ? draw(open->tail_draws, i_device) : 1,
        group->exponential_cloud ? draw(open->cloud_draws, i_device) : 1,
    };
}

/* What the device knows of its queues: the heads it has to compute, as planned, and what its link
 * has to send; of one that shares, how many it shares with. */
static void show_queues(es_world *world, size_t i, es_time now, es_policy_view *view) {
    const open_system *open = world->open;
    const struct device *device = &world->devices[i];
    const struct link *link = &world->uplinks[device->uplink];
    int64_t wait_ns = device->planned_head_ns;
    es_work sent = 0;
    if (device->queue.n > 0) {
        const struct request *first = &open->requests[device->queue.first];
        es_time begun = first->since + first->visit[ES_DEVICE].wait_ns;
        int64_t planned_ns = planned_head_ns(world, first);
        wait_ns -= now - begun < planned_ns ? now - begun : planned_ns;
    }
    view->device_wait_s = es_time_s(wait_ns);
    if (link->crowd != NOBODY) {
        view->rate_bps /= open->crowds[link->crowd].n + 1;
        return;
    }
    if (link->queue.n > 0) {
        const struct request *first = &open->requests[link->queue.first];
        es_time begun = first->since + first->visit[ES_UPLINK].wait_ns;
        sent = es_rate_integral(link->flow.rate, begun + link->flow.ahead_ns,
                                now + link->flow.ahead_ns);
    }
    view->uplink_wait_bits = (double)link->planned_bits - (double)sent / 1e9;
}

static bool has_no_choice(const es_policy_ops *ops) {
    return ops->fixed || ops->whole_device || ops->whole_server;
}

/* A request of a device arrives, and its cut is chosen. Returns its index. */
static uint32_t decide(es_world *world, uint32_t i_device, uint32_t source,
                       const struct arrival *arrival) {
    open_system *open = world->open;
    struct device *device = &world->devices[i_device];
    const es_policy *policy = group_of(world, device)->config->policy;
    es_time now = arrival->at;
    uint32_t index = (uint32_t)open->next & open->mask;
    struct request *request = &open->requests[index];
    struct knowledge known;
    struct draws draws = make_request(world, index, arrival, i_device, source, &known);
    if (open->least_ns != NULL)
        known.oracle_s = look_ahead(world, request, &draws);
    if (open->known != NULL)
        open->known[index] = known;
    request->cut = (uint16_t)policy->candidates[0];
    if (!has_no_choice(policy->ops)) {
        es_policy_view view = world_view(world, device, arrival);
        view.rate_bps = known.rate_estimate;
        view.load = known.load_estimate;
        if (open->beyond != NULL)
            world_know_beyond(world, device, now, &view);
        if (policy->settings.queue_aware)
            show_queues(world, i_device, now, &view);
        request->cut = (uint16_t)group_take_choice(
            group_of(world, device), policy->ops->choose(policy, &view), &request->batch_index);
    }
    request->switches = world_switch_ns(world, device, request->cut) > 0;
    request->visit[ES_DEVICE].service_ns = head_time_ns(world, request, request->cut, &draws);
    request->visit[ES_SERVER].service_ns = tail_time_ns(world, request, request->cut, &draws);
    if (open->beyond != NULL)
        visit_of(open, index, ES_CLOUD)->service_ns =
            cloud_time_ns(world, request, request->cut, &draws);
    world_chose(device, request->cut);
    open->next++;
    return index;
}

/* A request joins its device's queue. */
static void admit(es_world *world, uint32_t index, es_time now) {
    open_system *open = world->open;
    const struct request *request = &open->requests[index];
    uint32_t i_device = request->device;
    struct device *device = &world->devices[i_device];
    if (open->least_ns != NULL)
        forecast_accept(world, request);
    plan_head(world, request, 1);
    world->uplinks[device->uplink].planned_bits += planned_bits_of(world, request);
    count(&open->everybody, now, 1, 0);
    count(&open->kinds[ES_DEVICE], now, 1, 0);
    fifo_push(open->requests, &device->queue, index);
    if (device->queue.n == 1)
        compute_next(world, i_device, now);
}

void arrive(es_world *world, size_t i_source, es_time now) {
    open_system *open = world->open;
    uint32_t i_device = device_of_source(open, i_source);
    struct device *device = &world->devices[i_device];
    struct group *group = group_of(world, device);
    const es_group *config = group->config;
    uint32_t source = 0;
    struct arrival arrival;
    es_time next = ES_TIME_NEVER;
    open->n_arriving--;
    if (open->next - open->first == world->config.max_backlog) {
        world->result->saturated = true;
        close_arrivals(open);
        return;
    }
    if (config->population > 0) {
        source = (uint32_t)((i_source - group->first_source) % config->population);
        arrival_describe(world, group, i_device, now, &arrival);
    } else {
        if (config->arrivals.n > 0) {
            i_device = (uint32_t)(group->first_device + group->turn);
            group->turn = group->turn + 1 < config->n_devices ? group->turn + 1 : 0;
        }
        next = arrival_take(world, group, i_device, now, &arrival);
    }
    if (next != ES_TIME_NEVER)
        plan_arrival(world, open->slots.arrival + i_source, next);
    uint32_t index = decide(world, i_device, source, &arrival);
    if (open->express != NULL)
        express_send(world, index);
    else
        admit(world, index, now);
    if (open->next == world->config.n_steps)
        close_arrivals(open);
}

/* Whether a request could still meet a job of others at the server: one is to come, is there, or is
 * moving. What has stalled elsewhere for ever does not count. */
static bool can_meet(const open_system *open) {
    size_t at_server = 0;
    if (open->n_arriving > 0 || open->kinds[ES_SERVER].n > open->n_jobs)
        return true;
    for (size_t slot = open->slots.server; slot < open->slots.backhaul; slot++)
        at_server += es_engine_pending(open->engine, slot) != ES_TIME_NEVER;
    return open->n_pending > at_server;
}

static void background(es_world *world, es_time now) {
    open_system *open = world->open;
    if (can_meet(open))
        es_engine_schedule(open->engine, open->slots.background, job_arrive(world, now));
}

void series_show_rates(es_world *world, size_t i, es_time end) {
    es_series *series = world->open->series;
    es_time period = world->config.series_period_ns;
    const es_rate *uplink = world->uplinks[0].flow.rate, *server = world->config.server.capacity;
    series->end_s[i] = es_time_s(end);
    series->uplink_rate_bps[i] =
        (double)es_rate_integral(uplink, end - period, end) / (double)period;
    series->server_load[i] = 1 - (double)es_rate_integral(server, end - period, end) /
                                     ((double)period * (double)ES_FULL_CAPACITY);
}

/* Closes an interval of the time series. */
static void sample(es_world *world, es_time now) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    es_series *series = open->series;
    es_time period = config->series_period_ns;
    size_t i = series->n++;
    for (size_t s = 0; s < ES_N_STATIONS; s++) {
        struct kind *kind = &open->kinds[s];
        integrate(kind, now);
        series->utilisation[s][i] =
            (double)(kind->busy - kind->sampled_busy) / ((double)period * (double)kind->n_stations);
        series->queue_length[s][i] = (double)(kind->area - kind->sampled_area) / (double)period;
        kind->sampled_busy = kind->busy;
        kind->sampled_area = kind->area;
    }
    series_show_rates(world, i, now);
    if (series->n == ES_SERIES_SAMPLES) {
        open->status = config->series(config->context, series);
        series->n = 0;
    }
    if (open->n_pending > 0)
        es_engine_schedule(open->engine, open->slots.sample, now + period);
}

void sum_up(es_world *world) {
    open_system *open = world->open;
    es_world_result *result = world->result;
    es_time end = open->end;
    for (uint64_t step = open->first; step < open->next; step++) {
        const struct request *request = &open->requests[(uint32_t)step & open->mask];
        if (request->status == IN_FLIGHT)
            open->sojourn += end - request->arrival;
    }
    write_rows(world, true);
    integrate(&open->everybody, end);
    result->end_ns = end;
    result->n_events = es_engine_n_events(open->engine);
    result->little_residual_s = (double)(open->everybody.area - open->sojourn) / 1e9;
    for (size_t s = 0; s < ES_N_STATIONS; s++) {
        struct kind *kind = &open->kinds[s];
        integrate(kind, end);
        result->utilisation[s] =
            end > 0 ? (double)kind->busy / ((double)end * (double)kind->n_stations) : 0;
        result->queue_length[s] = end > 0 ? (double)kind->area / (double)end : 0;
    }
}

void open_sources(es_world *world) {
    open_system *open = world->open;
    for (size_t g = 0; g < world->config.n_groups; g++) {
        struct group *group = &world->groups[g];
        const es_group *config = group->config;
        size_t n = config->population > 0 ? config->population : 1;
        for (size_t i = 0; i < config->n_devices * n; i++) {
            es_time at =
                config->population > 0 ? 0 : arrival_first(world, group, group->first_device + i);
            if (at != ES_TIME_NEVER)
                plan_arrival(world, open->slots.arrival + group->first_source + i, at);
        }
    }
}

/* What else comes by itself. */
static void open_rest(es_world *world) {
    open_system *open = world->open;
    es_time job = job_first(world);
    if (job != ES_TIME_NEVER)
        es_engine_schedule(open->engine, open->slots.background, job);
    for (size_t i = 0; i < world->n_devices; i++)
        probe_arm(world, i, 0);
    if (world->config.series_period_ns > 0)
        es_engine_schedule(open->engine, open->slots.sample, world->config.series_period_ns);
}

/* An event that moves requests on. */
static void move_on(es_world *world, size_t slot, es_time now) {
    const struct slots *slots = &world->open->slots;
    if (slot < slots->uplink)
        device_done(world, slot, now);
    else if (slot < slots->server)
        link_done(world, ES_UPLINK, slot - slots->uplink, now);
    else if (slot < slots->backhaul)
        server_done(world, &world->open->server, slot - slots->server, now);
    else if (slot < slots->cloud)
        link_done(world, ES_BACKHAUL, 0, now);
    else if (slot < slots->downlink)
        server_done(world, &world->open->cloud, slot - slots->cloud, now);
    else if (slot < slots->up_line)
        link_done(world, ES_DOWNLINK, slot - slots->downlink, now);
    else if (slot < slots->backhaul_line)
        line_done(world, true, slot - slots->up_line, now);
    else if (slot < slots->down_line)
        backhaul_line_done(world, slot == slots->backhaul_line, now);
    else if (slot < slots->batch)
        line_done(world, false, slot - slots->down_line, now);
    else if (slot < slots->probe)
        server_serve(world, &world->open->server, now);
    else
        arrive(world, slot - slots->arrival, now);
}

es_status open_run(es_world *world) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    const struct slots *slots = &open->slots;
    size_t slot;
    if (open->express != NULL)
        return express_run(world);
    open_sources(world);
    open_rest(world);
    while (open->status == ES_OK && es_engine_pop(open->engine, &slot)) {
        es_time now = es_engine_now(open->engine);
        foresee(world);
        if (slot < slots->probe || (slot >= slots->arrival && slot < slots->background)) {
            open->n_pending--;
            open->end = now;
            move_on(world, slot, now);
        } else if (slot < slots->arrival) {
            probe_event(world, slot - slots->probe, now);
        } else if (slot < slots->sample) {
            background(world, now);
        } else {
            sample(world, now);
        }
    }
    if (open->status == ES_OK)
        sum_up(world);
    if (open->status == ES_OK && config->series_period_ns > 0 && open->series->n > 0)
        open->status = config->series(config->context, open->series);
    return open->status;
}
