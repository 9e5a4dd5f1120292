/* Open mode: the discrete-event system of SEMANTICS 4. */
#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "internal.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

/* Event slots. Their order is the order of simultaneous events: completions along the path of a
 * request, then arrivals, then samples. */
enum slot {
    SLOT_STATION, /* completions, one per es_station */
    SLOT_UP_LINE = SLOT_STATION + ES_N_STATIONS,
    SLOT_DOWN_LINE,
    SLOT_ARRIVAL,
    SLOT_SAMPLE,
    N_SLOTS
};

enum { IN_FLIGHT = -1 };

/* A request in flight; it is found at its step modulo the capacity of the ring. */
struct request {
    es_time arrival, deadline_at;
    es_time entered;                /* the queue or line it is in */
    es_time wait_ns[ES_N_STATIONS]; /* in the queue of each station passed */
    es_time service_ns[ES_N_STATIONS];
    es_time left;             /* the system */
    int64_t head_ns, tail_ns; /* nominal service */
    double rate_true, rate_estimate, load_true, load_estimate, oracle_s;
    uint32_t cut, batch_index;
    uint32_t next; /* behind it in the same queue or line */
    int8_t status; /* es_step_status, or IN_FLIGHT */
};

/* A first-in-first-out queue with its time integrals. */
struct queue {
    uint32_t first, last, n;
    es_time changed; /* when n last changed */
    es_time busy_ns; /* time with n > 0 */
    es_work area;    /* integral of n over time, ns */
};

typedef struct open_system {
    es_engine *engine;
    struct request *ring;
    uint32_t mask;        /* ring capacity - 1 */
    uint64_t first, next; /* steps: oldest not yet written, next to arrive */
    struct queue station[ES_N_STATIONS];
    struct queue up_line, down_line; /* propagation: any number at once, in order */
    struct queue system;             /* everybody; only its integrals are used */
    es_work sojourn;                 /* sum of departure - arrival, ns */
    es_rate_cursor cursor[ES_N_STATIONS], ahead[ES_N_STATIONS]; /* of service, of forecasts */
    int64_t *least_ns; /* [n_batches][n_cuts] transfer at the best rate, and propagation; NULL if
                          nobody looks ahead */
    size_t best_candidate, best_offered; /* places of the last request's best cuts */
    es_time free_at[ES_N_STATIONS]; /* when each station is done with what was accepted so far */
    es_time end;                    /* last event other than a sample */
    gsl_rng *head_draws, *tail_draws;
    es_series *series;
    es_time sampled_busy[ES_N_STATIONS];
    es_work sampled_area[ES_N_STATIONS];
    es_status status; /* of the callbacks */
} open_system;

/* Fills least_ns: what an offloaded request spends on the links at the very least. */
static void bound_links(const es_world *world, int64_t *least_ns) {
    const es_world_config *config = &world->config;
    double most_bps = (double)es_rate_max(config->uplink);
    for (size_t b = 0; b < config->n_batches; b++) {
        const es_cut_costs *costs = world->costs[b];
        for (size_t cut = 0; cut + 1 < costs->n_cuts; cut++)
            least_ns[b * costs->n_cuts + cut] = (int64_t)floor(costs->bits[cut] / most_bps * 1e9) -
                                                1 + config->uplink_propagation_ns +
                                                config->downlink_propagation_ns;
    }
}

es_status open_create(es_world *world) {
    const es_world_config *config = &world->config;
    open_system *open = es_alloc(1, sizeof *open);
    if (open == NULL)
        return ES_NO_MEMORY;
    world->open = open;
    size_t capacity = 2;
    while (capacity < config->max_backlog)
        capacity *= 2;
    open->mask = (uint32_t)(capacity - 1);
    open->ring = es_alloc(capacity, sizeof *open->ring);
    if (config->exponential_head)
        open->head_draws = es_rng_create(config->seed, 0, ES_RNG_SERVICE, ES_DEVICE);
    if (config->exponential_tail)
        open->tail_draws = es_rng_create(config->seed, 0, ES_RNG_SERVICE, ES_SERVER);
    if (config->series_period_ns > 0)
        open->series = es_alloc(1, sizeof *open->series);
    if (config->outcomes || config->policy->ops->clairvoyant) {
        open->least_ns = es_alloc(config->n_batches * config->cost->n_cuts, sizeof *open->least_ns);
        if (open->least_ns == NULL)
            return ES_NO_MEMORY;
        bound_links(world, open->least_ns);
    }
    if (open->ring == NULL || (config->exponential_head && open->head_draws == NULL) ||
        (config->exponential_tail && open->tail_draws == NULL) ||
        (config->series_period_ns > 0 && open->series == NULL))
        return ES_NO_MEMORY;
    return es_engine_create(N_SLOTS, &open->engine);
}

void open_destroy(open_system *open) {
    if (open == NULL)
        return;
    es_engine_destroy(open->engine);
    if (open->head_draws != NULL)
        gsl_rng_free(open->head_draws);
    if (open->tail_draws != NULL)
        gsl_rng_free(open->tail_draws);
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

static es_work result_work(const es_world_config *config, uint32_t batch_index) {
    double bytes = ceil(config->result_bytes * (double)config->batches[batch_index]);
    return (es_work)bytes * 8 * ES_SECOND;
}

/* The latest end of a service: what is added to it (propagation) stays in the range of es_time. */
#define LATEST (ES_TIME_NEVER / 2)

/* When a station that begins on a request at `from` is done with it; ES_TIME_NEVER if it never is,
 * or behind LATEST. Every forecast uses the same function. */
static es_time service_end(const es_world *world, es_station station, es_time from,
                           const struct request *request, size_t cut, es_rate_cursor *cursor,
                           int64_t head_ns, int64_t tail_ns) {
    const es_world_config *config = &world->config;
    const es_rate *rate = config->uplink;
    es_work work = 0;
    switch (station) {
    case ES_DEVICE: return from + head_ns;
    case ES_UPLINK:
        work = (es_work)world->costs[request->batch_index]->bytes[cut] * 8 * ES_SECOND;
        break;
    case ES_SERVER:
        rate = config->server;
        work = (es_work)tail_ns * ES_FULL_CAPACITY;
        break;
    case ES_DOWNLINK:
        rate = config->downlink;
        work = result_work(config, request->batch_index);
        break;
    case ES_N_STATIONS: return ES_TIME_NEVER;
    }
    es_time end = es_rate_finish(rate, cursor, from, work);
    return end <= LATEST ? end : ES_TIME_NEVER;
}

/* Writes the oldest requests as far as they have left, or all of them at the end. */
static void write_rows(es_world *world, bool all) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    es_block *block = world->block;
    double deadline_s =
        config->deadline_ns == ES_TIME_NEVER ? ES_NAN : es_time_s(config->deadline_ns);
    for (; open->first < open->next && open->status == ES_OK; open->first++) {
        const struct request *r = &open->ring[open->first & open->mask];
        if (r->status == IN_FLIGHT && !all)
            return;
        const es_cut_costs *costs = world->costs[r->batch_index];
        size_t i = world_row(world);
        bool finished = r->status == ES_STEP_COMPLETED || r->status == ES_STEP_LATE;
        bool offloaded = finished && r->cut + 1 < costs->n_cuts;
        double up_s = offloaded ? es_time_s(config->uplink_propagation_ns) : 0;
        double down_s = offloaded ? es_time_s(config->downlink_propagation_ns) : 0;
        double latency_s = es_time_s(r->left - r->arrival);
        double head_s = es_time_s(r->service_ns[ES_DEVICE]),
               send_s = es_time_s(r->service_ns[ES_UPLINK]);
        double receive_s = es_time_s(r->service_ns[ES_DOWNLINK]);
        block->arrival_time[i] = es_time_s(r->arrival);
        block->batch[i] = (int32_t)config->batches[r->batch_index];
        block->split_index[i] = (int32_t)r->cut;
        block->latency[i] = finished ? latency_s : ES_NAN;
        block->head_time[i] = head_s;
        block->device_queue_time[i] = es_time_s(r->wait_ns[ES_DEVICE]);
        block->uplink_queue_time[i] = es_time_s(r->wait_ns[ES_UPLINK]);
        block->uplink_time[i] = send_s + up_s;
        block->uplink_bytes[i] = r->service_ns[ES_UPLINK] > 0 ? costs->bytes[r->cut] : 0;
        block->server_queue_time[i] = es_time_s(r->wait_ns[ES_SERVER]);
        block->tail_time[i] = es_time_s(r->service_ns[ES_SERVER]);
        block->downlink_time[i] = es_time_s(r->wait_ns[ES_DOWNLINK]) + receive_s + down_s;
        block->rate_true[i] = r->rate_true;
        block->rate_estimate[i] = r->rate_estimate;
        block->load_true[i] = r->load_true;
        block->load_estimate[i] = r->load_estimate;
        block->deadline[i] = deadline_s;
        block->status[i] = (int8_t)(r->status == IN_FLIGHT ? ES_STEP_UNFINISHED : r->status);
        block->energy[i] =
            finished ? world_energy(world, head_s, send_s, receive_s, latency_s) : ES_NAN;
        block->oracle_latency[i] = r->oracle_s;
        block->regret[i] = finished ? latency_s - r->oracle_s : ES_NAN;
        open->status = world_row_done(world);
    }
}

static void leave(es_world *world, uint32_t index, es_step_status status, es_time now) {
    open_system *open = world->open;
    struct request *request = &open->ring[index];
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
                               service_end(world, station, now, request, request->cut,
                                           &open->cursor[station], request->head_ns,
                                           request->tail_ns));
            return;
        }
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
        world_learn(world, &world->load, 1 - (double)request->tail_ns / (double)tail_ns, now);
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

static void complete(es_world *world, es_station station, es_time now) {
    open_system *open = world->open;
    uint32_t index = pop(open, &open->station[station], now);
    struct request *request = &open->ring[index];
    request->service_ns[station] = now - request->entered - request->wait_ns[station];
    begin_service(world, station, now);
    const es_cut_costs *costs = world->costs[request->batch_index];
    switch (station) {
    case ES_DEVICE:
        if (request->cut + 1 == costs->n_cuts)
            finish(world, index, now);
        else
            enter(world, ES_UPLINK, index, now);
        break;
    case ES_UPLINK:
        if (request->service_ns[ES_UPLINK] > 0)
            world_learn(world, &world->rate,
                        costs->bits[request->cut] / es_time_s(request->service_ns[ES_UPLINK]), now);
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

/* When `request` would leave if it took `cut`, given all that was accepted before it and nothing
 * after: the stations' own step functions one after the other. `free_at` is what the stations are
 * then free at. ES_TIME_NEVER: dropped, or stalled for ever. */
static es_time forecast(es_world *world, const struct request *request, size_t cut, int64_t head_ns,
                        int64_t tail_ns, es_time free_at[ES_N_STATIONS]) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    bool stays = cut + 1 == world->costs[request->batch_index]->n_cuts;
    es_time at = request->arrival;
    for (es_station station = ES_DEVICE; station < (stays ? ES_UPLINK : ES_N_STATIONS); station++) {
        if (station == ES_DOWNLINK && config->downlink == NULL)
            break;
        es_time start = at > free_at[station] ? at : free_at[station];
        if (start == ES_TIME_NEVER || (config->drop_late && start > request->deadline_at))
            return ES_TIME_NEVER;
        at = service_end(world, station, start, request, cut, &open->ahead[station], head_ns,
                         tail_ns);
        free_at[station] = at;
        if (at == ES_TIME_NEVER)
            return ES_TIME_NEVER;
        if (station == ES_UPLINK)
            at += config->uplink_propagation_ns;
    }
    return stays ? at : at + config->downlink_propagation_ns;
}

static int64_t scaled(int64_t ns, double factor) {
    return factor == 1 ? ns : llround((double)ns * factor);
}

/* What one request may draw on. */
struct draws {
    double head, tail; /* factors on the nominal service times */
};

/* When `request` would leave by `cut`; ES_TIME_NEVER also where that is certainly behind `best`. */
static es_time try_cut(es_world *world, const struct request *request, size_t cut,
                       const struct draws *draws, es_time best) {
    open_system *open = world->open;
    const es_cut_costs *costs = world->costs[request->batch_index];
    int64_t head_ns = scaled(costs->head_ns[cut], draws->head);
    int64_t tail_ns = scaled(costs->tail_ns[cut], draws->tail);
    int64_t links_ns = open->least_ns[request->batch_index * costs->n_cuts + cut];
    es_time begin =
        open->free_at[ES_DEVICE] > request->arrival ? open->free_at[ES_DEVICE] : request->arrival;
    if (begin + head_ns + links_ns + tail_ns > best)
        return ES_TIME_NEVER;
    es_time free_at[ES_N_STATIONS];
    memcpy(free_at, open->free_at, sizeof free_at);
    return forecast(world, request, cut, head_ns, tail_ns, free_at);
}

/* When the request would leave by the best of some cuts, if that is not behind `best`; fills their
 * `outcome_s` unless that is NULL. The cut at `*first`, where the last best one was, comes first:
 * most others are then seen to be worse without a forecast. */
static es_time best_of(es_world *world, const struct request *request, const struct draws *draws,
                       size_t n, const uint32_t *cuts, size_t *first, es_time best,
                       double *outcome_s) {
    size_t hint = *first;
    for (size_t k = 0; k < n; k++) {
        size_t i = k == 0 ? hint : k <= hint ? k - 1 : k;
        es_time left = try_cut(world, request, cuts[i], draws, best);
        if (outcome_s != NULL)
            outcome_s[cuts[i]] =
                left == ES_TIME_NEVER ? ES_INFINITY : es_time_s(left - request->arrival);
        if (left < best) {
            best = left;
            *first = i;
        }
    }
    return best;
}

/* Looks ahead for a clairvoyant policy, over its own candidates, and for the column oracle_latency,
 * over all offered cuts. */
static void look_ahead(es_world *world, struct request *request, const struct draws *draws) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    const es_policy *policy = config->policy;
    es_time best = ES_TIME_NEVER;
    if (policy->ops->clairvoyant)
        best = best_of(world, request, draws, policy->n_candidates, policy->candidates,
                       &open->best_candidate, best, world->outcome_s);
    if (!config->outcomes)
        return;
    best = best_of(world, request, draws, config->n_offered, config->offered, &open->best_offered,
                   best, NULL);
    if (best != ES_TIME_NEVER)
        request->oracle_s = es_time_s(best - request->arrival);
}

/* Fills a new request but for its cut, and draws what it needs: the same for every policy. */
static struct draws make_request(es_world *world, struct request *request, uint64_t step,
                                 es_time now) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    request->arrival = now;
    request->status = IN_FLIGHT;
    request->oracle_s = ES_NAN;
    memset(request->wait_ns, 0, sizeof request->wait_ns);
    memset(request->service_ns, 0, sizeof request->service_ns);
    request->deadline_at =
        config->deadline_ns == ES_TIME_NEVER ? ES_TIME_NEVER : now + config->deadline_ns;
    request->batch_index = (uint32_t)(step % config->n_batches);
    world_present(world, now, &request->rate_true, &request->load_true);
    request->rate_estimate = request->rate_true;
    request->load_estimate = request->load_true;
    world_know(world, &request->rate_estimate, &request->load_estimate);
    return (struct draws){
        config->exponential_head ? gsl_ran_exponential(open->head_draws, 1) : 1,
        config->exponential_tail ? gsl_ran_exponential(open->tail_draws, 1) : 1,
    };
}

static void arrive(es_world *world, es_time now) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    uint64_t step = open->next;
    es_time next;
    if (step - open->first == config->max_backlog) {
        world->result->saturated = true;
        return;
    }
    uint32_t index = (uint32_t)(step & open->mask);
    struct request *request = &open->ring[index];
    struct draws draws = make_request(world, request, step, now);
    bool looks_ahead = open->least_ns != NULL;
    if (looks_ahead)
        look_ahead(world, request, &draws);
    const es_cut_costs *costs = world->costs[request->batch_index];
    es_policy_view view = {
        .costs = costs,
        .rate_bps = request->rate_estimate,
        .load = request->load_estimate,
        .delay_s = world->delay_s[request->batch_index],
        .outcome_s = config->policy->ops->clairvoyant ? world->outcome_s : NULL,
    };
    request->cut = (uint32_t)config->policy->ops->choose(config->policy, &view);
    request->head_ns = scaled(costs->head_ns[request->cut], draws.head);
    request->tail_ns = scaled(costs->tail_ns[request->cut], draws.tail);
    if (looks_ahead)
        (void)forecast(world, request, request->cut, request->head_ns, request->tail_ns,
                       open->free_at);
    open->next++;
    integrate(&open->system, now);
    open->system.n++;
    enter(world, ES_DEVICE, index, now);
    if (world_next_arrival(world, &next))
        es_engine_schedule(open->engine, SLOT_ARRIVAL, next);
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
    for (size_t slot = 0; slot < SLOT_SAMPLE; slot++)
        if (es_engine_pending(open->engine, slot) != ES_TIME_NEVER) {
            es_engine_schedule(open->engine, SLOT_SAMPLE, now + period);
            return;
        }
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
    es_time at;
    size_t slot;
    if (world_next_arrival(world, &at))
        es_engine_schedule(open->engine, SLOT_ARRIVAL, at);
    if (config->series_period_ns > 0)
        es_engine_schedule(open->engine, SLOT_SAMPLE, config->series_period_ns);
    while (open->status == ES_OK && es_engine_pop(open->engine, &slot)) {
        es_time now = es_engine_now(open->engine);
        if (slot != SLOT_SAMPLE)
            open->end = now;
        if (slot < SLOT_UP_LINE)
            complete(world, (es_station)slot, now);
        else if (slot == SLOT_ARRIVAL)
            arrive(world, now);
        else if (slot == SLOT_SAMPLE)
            sample(world, now);
        else
            end_of_line(world, slot == SLOT_UP_LINE, now);
    }
    if (open->status == ES_OK)
        sum_up(world);
    if (open->status == ES_OK && config->series_period_ns > 0 && open->series->n > 0)
        open->status = config->series(config->context, open->series);
    return open->status;
}
