/* Open mode: the discrete-event system of SEMANTICS 4. */
#include "open.h"
#include "edgesplit/alloc.h"
#include "edgesplit/number.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

static es_status create_thinks(es_world *world) {
    open_system *open = world->open;
    open->thinks = es_alloc(open->n_sources, sizeof(gsl_rng *));
    for (size_t i = 0; open->thinks != NULL && i < open->n_sources; i++) {
        open->thinks[i] = es_rng_create(world->config.seed, 0, ES_RNG_THINK, (uint32_t)i);
        if (open->thinks[i] == NULL)
            return ES_NO_MEMORY;
    }
    return open->thinks != NULL ? ES_OK : ES_NO_MEMORY;
}

es_status open_create(es_world *world) {
    const es_world_config *config = &world->config;
    open_system *open = es_alloc(1, sizeof *open);
    if (open == NULL)
        return ES_NO_MEMORY;
    world->open = open;
    size_t capacity = 2;
    while (capacity < config->max_backlog && capacity < config->n_steps)
        capacity *= 2;
    open->mask = (uint32_t)(capacity - 1);
    open->ring = es_alloc(capacity + 1, sizeof *open->ring);
    if (config->exponential_head)
        open->head_draws = es_rng_create(config->seed, 0, ES_RNG_SERVICE, ES_DEVICE);
    if (config->exponential_tail)
        open->tail_draws = es_rng_create(config->seed, 0, ES_RNG_SERVICE, ES_SERVER);
    if (config->series_period_ns > 0)
        open->series = es_alloc(1, sizeof *open->series);
    if (config->outcomes || config->policy->ops->clairvoyant) {
        es_status status = forecast_create(world);
        if (status != ES_OK)
            return status;
    }
    if (open->ring == NULL || (config->exponential_head && open->head_draws == NULL) ||
        (config->exponential_tail && open->tail_draws == NULL) ||
        (config->series_period_ns > 0 && open->series == NULL))
        return ES_NO_MEMORY;
    open->n_sources = config->population > 0 ? config->population : 1;
    open->sample_slot = SLOT_ARRIVAL + open->n_sources;
    if (config->exponential_think && create_thinks(world) != ES_OK)
        return ES_NO_MEMORY;
    return es_engine_create(open->sample_slot + 1, &open->engine);
}

void open_destroy(open_system *open) {
    if (open == NULL)
        return;
    es_engine_destroy(open->engine);
    if (open->head_draws != NULL)
        gsl_rng_free(open->head_draws);
    if (open->tail_draws != NULL)
        gsl_rng_free(open->tail_draws);
    for (size_t i = 0; open->thinks != NULL && i < open->n_sources; i++)
        if (open->thinks[i] != NULL)
            gsl_rng_free(open->thinks[i]);
    free(open->thinks);
    free(open->least_ns);
    free(open->series);
    free(open->ring);
    free(open);
}

/* Brings a queue's integrals up to `now`. */
static void integrate(struct queue *queue, es_time now) {
    es_time elapsed = now - queue->changed;
    queue->area += (es_work)elapsed * queue->n;
    queue->busy_ns += queue->n > 0 ? elapsed : 0;
    queue->changed = now;
}

static void push(open_system *open, struct queue *queue, uint32_t index, es_time now) {
    integrate(queue, now);
    struct request *request = &open->ring[index];
    request->entered = now;
    if (queue->n++ == 0)
        queue->first = index;
    else
        open->ring[queue->last].next = index;
    queue->last = index;
}

static uint32_t pop(open_system *open, struct queue *queue, es_time now) {
    integrate(queue, now);
    uint32_t index = queue->first;
    queue->first = open->ring[index].next;
    queue->n--;
    return index;
}

/* Keeps the sums that show_queues reads: `sign` 1 for a request that joins, -1 for one that leaves.
 */
static void plan_head(es_world *world, const struct request *request, int sign) {
    world->open->planned_head_ns +=
        sign * world->costs[request->batch_index]->head_ns[request->cut];
}

static void plan_bits(es_world *world, const struct request *request, int sign) {
    world->open->planned_bits +=
        sign * INT64_C(8) * world->costs[request->batch_index]->bytes[request->cut];
}

/* A source whose request has left thinks, and then has the next one. */
static void think(es_world *world, size_t source, es_time now) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    es_time at = now + config->think_ns;
    if (config->exponential_think)
        at = now + llround(gsl_ran_exponential(open->thinks[source], (double)config->think_ns));
    if (at < config->duration_ns)
        es_engine_schedule(open->engine, SLOT_ARRIVAL + source, at);
}

static void leave(es_world *world, uint32_t index, es_step_status status, es_time now) {
    open_system *open = world->open;
    struct request *request = &open->ring[index];
    if (world->config.population > 0)
        think(world, request->source, now);
    request->left = now;
    request->status = (int8_t)status;
    open->sojourn += now - request->arrival;
    integrate(&open->system, now);
    open->system.n--;
    write_rows(world, false);
}

static void finish(es_world *world, uint32_t index, es_time now) {
    bool late = now > world->open->ring[index].deadline_at;
    leave(world, index, late ? ES_STEP_LATE : ES_STEP_COMPLETED, now);
}

static bool is_probe(const open_system *open, uint32_t index) {
    return index == open->mask + 1;
}

/* When the station that begins on what is first in its queue is done with it. */
static es_time first_end(es_world *world, es_station station, es_time now) {
    open_system *open = world->open;
    uint32_t index = open->station[station].first;
    const struct request *request = &open->ring[index];
    if (is_probe(open, index)) {
        es_time end = es_rate_finish(world->config.uplink, &open->cursor[station], now,
                                     (es_work)world->config.probe_bytes * 8 * ES_SECOND);
        return end <= LATEST ? end : ES_TIME_NEVER;
    }
    return service_end(world, station, now, request, request->cut, &open->cursor[station],
                       request->head_ns, request->tail_ns);
}

/* Takes the first waiting request into service; those whose deadline is over are dropped where that
 * is wanted. */
static void begin_service(es_world *world, es_station station, es_time now) {
    open_system *open = world->open;
    struct queue *queue = &open->station[station];
    while (queue->n > 0) {
        struct request *request = &open->ring[queue->first];
        if (!world->config.drop_late || now <= request->deadline_at) {
            request->wait_ns[station] = now - request->entered;
            es_engine_schedule(open->engine, SLOT_STATION + station,
                               first_end(world, station, now));
            return;
        }
        if (station == ES_DEVICE)
            plan_head(world, request, -1);
        if (station <= ES_UPLINK)
            plan_bits(world, request, -1);
        leave(world, pop(open, queue, now), ES_STEP_DROPPED, now);
    }
}

static void enter(es_world *world, es_station station, uint32_t index, es_time now) {
    open_system *open = world->open;
    push(open, &open->station[station], index, now);
    if (open->station[station].n == 1)
        begin_service(world, station, now);
}

/* The far end of the downlink: the device has the result, and has seen how long it took. */
static void receive(es_world *world, uint32_t index, es_time now) {
    const struct request *request = &world->open->ring[index];
    es_time tail_ns = request->service_ns[ES_SERVER];
    if (tail_ns > 0)
        world_learn_capacity(world, (double)request->tail_ns / (double)tail_ns, now);
    finish(world, index, now);
}

static es_time propagation_ns(const es_world *world, bool up) {
    return up ? world->config.uplink_propagation_ns : world->config.downlink_propagation_ns;
}

/* The far end of a propagation line. */
static void come_through(es_world *world, bool up, uint32_t index, es_time now) {
    if (up)
        enter(world, ES_SERVER, index, now);
    else
        receive(world, index, now);
}

/* Puts a request on a propagation line, or straight through one without delay. */
static void propagate(es_world *world, bool up, uint32_t index, es_time now) {
    open_system *open = world->open;
    es_time delay_ns = propagation_ns(world, up);
    struct queue *line = up ? &open->up_line : &open->down_line;
    if (delay_ns > 0) {
        push(open, line, index, now);
        if (line->n == 1)
            es_engine_schedule(open->engine, up ? SLOT_UP_LINE : SLOT_DOWN_LINE, now + delay_ns);
    } else
        come_through(world, up, index, now);
}

static void end_of_line(es_world *world, bool up, es_time now) {
    open_system *open = world->open;
    struct queue *line = up ? &open->up_line : &open->down_line;
    uint32_t index = pop(open, line, now);
    if (line->n > 0)
        es_engine_schedule(open->engine, up ? SLOT_UP_LINE : SLOT_DOWN_LINE,
                           open->ring[line->first].entered + propagation_ns(world, up));
    come_through(world, up, index, now);
}

/* The next probe is due when nothing has been learnt of the uplink for so long. */
static void arm_probe(es_world *world, es_time now) {
    if (world->config.probe_every_ns > 0 && world->open->probe == PROBE_WAITS)
        es_engine_schedule(world->open->engine, SLOT_PROBE, now + world->config.probe_every_ns);
}

/* Whether anything but the probe and samples is still to come. */
static bool is_running(const open_system *open) {
    for (size_t slot = 0; slot < open->sample_slot; slot++)
        if (slot != SLOT_PROBE && es_engine_pending(open->engine, slot) != ES_TIME_NEVER)
            return true;
    return false;
}

/* Sends the probe over an idle uplink; over a busy one something is about to be learnt anyway. Or
 * its answer is back, which says what was free of the server when it came by there. */
static void probe(es_world *world, es_time now) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    uint32_t index = open->mask + 1;
    if (open->probe == PROBE_ANSWERED) {
        es_time then = now - config->downlink_propagation_ns;
        world_learn_capacity(world,
                             (double)es_rate_at(config->server, &open->probe_cursor, then) /
                                 (double)ES_FULL_CAPACITY,
                             now);
        open->probe = PROBE_WAITS;
        arm_probe(world, now);
    } else if (open->station[ES_UPLINK].n == 0 && is_running(open)) {
        open->probe = PROBE_ON_UPLINK;
        open->ring[index] = (struct request){.arrival = now, .deadline_at = ES_TIME_NEVER};
        open->planned_bits += 8 * config->probe_bytes;
        world->result->n_probes++;
        enter(world, ES_UPLINK, index, now);
    }
}

static void end_of_probe(es_world *world, es_time now) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    const struct request *request = &open->ring[open->mask + 1];
    open->planned_bits -= 8 * config->probe_bytes;
    world->result->probing_ns += request->service_ns[ES_UPLINK];
    world_learn_rate(
        world, 8 * (double)config->probe_bytes / es_time_s(request->service_ns[ES_UPLINK]), now);
    open->probe = PROBE_ANSWERED;
    es_engine_schedule(open->engine, SLOT_PROBE,
                       now + config->uplink_propagation_ns + config->downlink_propagation_ns);
}

static void complete(es_world *world, es_station station, es_time now) {
    open_system *open = world->open;
    uint32_t index = pop(open, &open->station[station], now);
    struct request *request = &open->ring[index];
    request->service_ns[station] = now - request->entered - request->wait_ns[station];
    begin_service(world, station, now);
    if (is_probe(open, index)) {
        end_of_probe(world, now);
        return;
    }
    const es_cut_costs *costs = world->costs[request->batch_index];
    switch (station) {
    case ES_DEVICE:
        plan_head(world, request, -1);
        if (request->cut + 1 == costs->n_cuts)
            finish(world, index, now);
        else
            enter(world, ES_UPLINK, index, now);
        break;
    case ES_UPLINK:
        plan_bits(world, request, -1);
        if (request->service_ns[ES_UPLINK] > 0)
            world_learn_rate(
                world, costs->bits[request->cut] / es_time_s(request->service_ns[ES_UPLINK]), now);
        arm_probe(world, now);
        propagate(world, true, index, now);
        break;
    case ES_SERVER:
        if (world->config.downlink != NULL)
            enter(world, ES_DOWNLINK, index, now);
        else
            propagate(world, false, index, now);
        break;
    case ES_DOWNLINK: propagate(world, false, index, now); break;
    case ES_N_STATIONS: break;
    }
}

/* Fills a new request but for its cut, and draws what it needs: the same for every policy. */
static struct draws make_request(es_world *world, struct request *request,
                                 const struct arrival *arrival) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    es_time now = arrival->at;
    request->arrival = now;
    request->status = IN_FLIGHT;
    request->oracle_s = ES_NAN;
    memset(request->wait_ns, 0, sizeof request->wait_ns);
    memset(request->service_ns, 0, sizeof request->service_ns);
    request->deadline_at =
        arrival->deadline_ns == ES_TIME_NEVER ? ES_TIME_NEVER : now + arrival->deadline_ns;
    request->batch_index = arrival->batch_index;
    world_present(world, now, &request->rate_true, &request->load_true);
    request->rate_estimate = request->rate_true;
    request->load_estimate = request->load_true;
    world_know(world, now, &request->rate_estimate, &request->load_estimate);
    return (struct draws){
        config->exponential_head ? gsl_ran_exponential(open->head_draws, 1) : 1,
        config->exponential_tail ? gsl_ran_exponential(open->tail_draws, 1) : 1,
    };
}

/* What the device knows of its own queues: the heads it has to compute, as planned, and what it has
 * to send. */
static void show_queues(es_world *world, es_time now, es_policy_view *view) {
    open_system *open = world->open;
    const struct queue *device = &open->station[ES_DEVICE], *uplink = &open->station[ES_UPLINK];
    int64_t wait_ns = open->planned_head_ns;
    es_work sent = 0;
    if (device->n > 0) {
        const struct request *first = &open->ring[device->first];
        es_time begun = first->entered + first->wait_ns[ES_DEVICE];
        int64_t planned_ns = world->costs[first->batch_index]->head_ns[first->cut];
        wait_ns -= now - begun < planned_ns ? now - begun : planned_ns;
    }
    if (uplink->n > 0) {
        const struct request *first = &open->ring[uplink->first];
        sent =
            es_rate_integral(world->config.uplink, first->entered + first->wait_ns[ES_UPLINK], now);
    }
    view->device_wait_s = es_time_s(wait_ns);
    view->uplink_wait_bits = (double)open->planned_bits - (double)sent / 1e9;
}

static void schedule_arrival(es_world *world) {
    open_system *open = world->open;
    if (world_next_arrival(world, &open->arriving))
        es_engine_schedule(open->engine, SLOT_ARRIVAL, open->arriving.at);
}

static void arrive(es_world *world, size_t source, es_time now) {
    open_system *open = world->open;
    const es_policy *policy = world->config.policy;
    uint64_t step = open->next;
    bool closed = world->config.population > 0;
    if (closed && !world_closed_arrival(world, now, &open->arriving))
        return;
    const struct arrival *arrival = &open->arriving;
    if (step - open->first == world->config.max_backlog) {
        world->result->saturated = true;
        return;
    }
    uint32_t index = (uint32_t)(step & open->mask);
    struct request *request = &open->ring[index];
    struct draws draws = make_request(world, request, arrival);
    request->source = (uint16_t)source;
    bool looks_ahead = open->least_ns != NULL;
    if (looks_ahead)
        look_ahead(world, request, &draws);
    es_policy_view view = world_view(world, arrival);
    view.rate_bps = request->rate_estimate;
    view.load = request->load_estimate;
    if (policy->settings.queue_aware)
        show_queues(world, now, &view);
    request->cut = (uint32_t)policy->ops->choose(policy, &view);
    request->head_ns = head_time_ns(world, request, request->cut, &draws);
    request->tail_ns = tail_time_ns(world, request, request->cut, &draws);
    if (looks_ahead)
        forecast_accept(world, request);
    world_chose(world, request->cut);
    plan_head(world, request, 1);
    plan_bits(world, request, 1);
    open->next++;
    integrate(&open->system, now);
    open->system.n++;
    enter(world, ES_DEVICE, index, now);
    if (!closed)
        schedule_arrival(world);
}

/* Closes an interval of the time series. */
static void sample(es_world *world, es_time now) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    es_series *series = open->series;
    es_time period = config->series_period_ns;
    size_t i = series->n++;
    for (size_t s = 0; s < ES_N_STATIONS; s++) {
        struct queue *queue = &open->station[s];
        integrate(queue, now);
        series->utilisation[s][i] =
            (double)(queue->busy_ns - open->sampled_busy[s]) / (double)period;
        series->queue_length[s][i] = (double)(queue->area - open->sampled_area[s]) / (double)period;
        open->sampled_busy[s] = queue->busy_ns;
        open->sampled_area[s] = queue->area;
    }
    series->end_s[i] = es_time_s(now);
    series->uplink_rate_bps[i] =
        (double)es_rate_integral(config->uplink, now - period, now) / (double)period;
    series->server_load[i] = 1 - (double)es_rate_integral(config->server, now - period, now) /
                                     ((double)period * (double)ES_FULL_CAPACITY);
    if (series->n == ES_SERIES_SAMPLES) {
        open->status = config->series(config->context, series);
        series->n = 0;
    }
    if (is_running(open))
        es_engine_schedule(open->engine, open->sample_slot, now + period);
}

static void sum_up(es_world *world) {
    open_system *open = world->open;
    es_world_result *result = world->result;
    es_time end = open->end;
    for (uint64_t step = open->first; step < open->next; step++)
        if (open->ring[step & open->mask].status == IN_FLIGHT)
            open->sojourn += end - open->ring[step & open->mask].arrival;
    write_rows(world, true);
    integrate(&open->system, end);
    result->end_ns = end;
    result->n_events = es_engine_n_events(open->engine);
    result->little_residual_s = (double)(open->system.area - open->sojourn) / 1e9;
    for (size_t s = 0; s < ES_N_STATIONS; s++) {
        struct queue *queue = &open->station[s];
        integrate(queue, end);
        result->utilisation[s] = end > 0 ? (double)queue->busy_ns / (double)end : 0;
        result->queue_length[s] = end > 0 ? (double)queue->area / (double)end : 0;
    }
}

es_status open_run(es_world *world) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    size_t slot;
    if (config->population == 0)
        schedule_arrival(world);
    for (size_t i = 0; i < config->population; i++)
        es_engine_schedule(open->engine, SLOT_ARRIVAL + i, 0);
    arm_probe(world, 0);
    if (config->series_period_ns > 0)
        es_engine_schedule(open->engine, open->sample_slot, config->series_period_ns);
    while (open->status == ES_OK && es_engine_pop(open->engine, &slot)) {
        es_time now = es_engine_now(open->engine);
        if (slot != open->sample_slot && slot != SLOT_PROBE)
            open->end = now;
        if (slot < SLOT_UP_LINE)
            complete(world, (es_station)slot, now);
        else if (slot < SLOT_PROBE)
            end_of_line(world, slot == SLOT_UP_LINE, now);
        else if (slot == SLOT_PROBE)
            probe(world, now);
        else if (slot < open->sample_slot)
            arrive(world, slot - SLOT_ARRIVAL, now);
        else
            sample(world, now);
    }
    if (open->status == ES_OK)
        sum_up(world);
    if (open->status == ES_OK && config->series_period_ns > 0 && open->series->n > 0)
        open->status = config->series(config->context, open->series);
    return open->status;
}
