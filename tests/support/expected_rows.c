#include "random_world.h"

#include "edgesplit/number.h"
#include "edgesplit/rng.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

/* One request's way through the stations. */
struct passage {
    es_time arrival, deadline_at;
    size_t table, cut;
    int64_t head_ns, tail_ns; /* nominal */
    int64_t batch;
    es_time wait_ns[ES_N_STATIONS], service_ns[ES_N_STATIONS];
    es_time sent, received; /* ES_TIME_NEVER: not, or nothing to send */
    es_time left;           /* ES_TIME_NEVER: never */
    es_step_status status;
};

static es_time max_time(es_time a, es_time b) {
    return a > b ? a : b;
}

static es_time service_end(const struct random_world *world, const struct passage *request,
                           es_station station, es_time start) {
    const struct made_up *network = &world->network;
    int64_t bytes = network->bytes[request->table][request->cut];
    double result_bytes = ceil(world->config.result_bytes * (double)request->batch);
    switch (station) {
    case ES_DEVICE: return start + request->head_ns;
    case ES_UPLINK: return work_done_at(&world->uplink, start, (es_work)bytes * 8 * ES_SECOND);
    case ES_SERVER:
        return work_done_at(&world->server, start, (es_work)request->tail_ns * ES_SECOND);
    case ES_DOWNLINK:
        return work_done_at(&world->downlink, start, (es_work)result_bytes * 8 * ES_SECOND);
    case ES_N_STATIONS: break;
    }
    return ES_TIME_NEVER;
}

/* Sends a request on its way behind all that came before; `free_at` is when each station is free
 * for it, and then for the next one. */
static void pass(const struct random_world *world, struct passage *request,
                 es_time free_at[ES_N_STATIONS]) {
    const es_world_config *config = &world->config;
    bool stays = request->cut + 1 == world->network.n_cuts;
    es_time at = request->arrival;
    request->status = ES_STEP_UNFINISHED;
    request->sent = request->received = request->left = ES_TIME_NEVER;
    memset(request->wait_ns, 0, sizeof request->wait_ns);
    memset(request->service_ns, 0, sizeof request->service_ns);
    for (es_station s = ES_DEVICE; s < (stays ? ES_UPLINK : ES_N_STATIONS); s++) {
        if (s == ES_DOWNLINK && !world->has_downlink)
            continue;
        es_time start = max_time(at, free_at[s]);
        if (start == ES_TIME_NEVER)
            return;
        if (config->drop_late && start > request->deadline_at) {
            request->status = ES_STEP_DROPPED;
            request->left = start;
            return;
        }
        request->wait_ns[s] = start - at;
        at = free_at[s] = service_end(world, request, s, start);
        if (at == ES_TIME_NEVER)
            return;
        request->service_ns[s] = at - start;
        if (s == ES_UPLINK) {
            request->sent = at;
            at += config->uplink_propagation_ns;
        }
    }
    if (!stays)
        request->received = at += config->downlink_propagation_ns;
    request->left = at;
    request->status = at > request->deadline_at ? ES_STEP_LATE : ES_STEP_COMPLETED;
}

/* Everything one knows before a request arrives. */
struct history {
    const struct random_world *world;
    struct passage passages[MAX_REQUESTS];
    es_time free_at[ES_N_STATIONS];
    gsl_rng *arrivals, *heads, *tails;
};

static double learn(const es_world_config *config, double value, double sample, bool first,
                    double elapsed_s) {
    if (config->knowing == ES_KNOW_LAST || first)
        return sample;
    double kept = exp2(-elapsed_s / config->half_life_s);
    return kept * value + (1 - kept) * sample;
}

/* What the policy believes at a request's arrival, from the samples that have come by then. */
static void believe(const struct history *history, size_t i, struct row *row) {
    const es_world_config *config = &history->world->config;
    row->rate_estimate = row->rate_true;
    row->load_estimate = row->load_true;
    if (config->knowing == ES_KNOW_TRUE)
        return;
    row->rate_estimate = config->initial_rate_bps;
    row->load_estimate = 0;
    es_time rate_at = -1, load_at = -1, now = history->passages[i].arrival;
    for (size_t j = 0; j < i; j++) {
        const struct passage *past = &history->passages[j];
        if (past->sent <= now) {
            double bits = 8 * (double)history->world->network.bytes[past->table][past->cut];
            row->rate_estimate =
                learn(config, row->rate_estimate, bits / es_time_s(past->service_ns[ES_UPLINK]),
                      rate_at < 0, es_time_s(past->sent - rate_at));
            rate_at = past->sent;
        }
        if (past->received <= now && past->service_ns[ES_SERVER] > 0) {
            row->load_estimate =
                learn(config, row->load_estimate,
                      1 - (double)past->tail_ns / (double)past->service_ns[ES_SERVER], load_at < 0,
                      es_time_s(past->received - load_at));
            load_at = past->received;
        }
    }
}

static int64_t scaled(int64_t nominal_ns, double factor) {
    return llround((double)nominal_ns * factor);
}

/* The latency by every cut, and the least one. */
static double try_all(const struct history *history, const struct passage *request,
                      const double factors[2], double outcome_s[MAX_CUTS]) {
    const struct made_up *network = &history->world->network;
    double best_s = ES_INFINITY;
    for (size_t cut = 0; cut < network->n_cuts; cut++) {
        struct passage trial = *request;
        es_time free_at[ES_N_STATIONS];
        memcpy(free_at, history->free_at, sizeof free_at);
        trial.cut = cut;
        trial.head_ns = scaled(network->head_ns[trial.table][cut], factors[0]);
        trial.tail_ns = scaled(network->tail_ns[trial.table][cut], factors[1]);
        pass(history->world, &trial, free_at);
        bool done = trial.status == ES_STEP_COMPLETED || trial.status == ES_STEP_LATE;
        outcome_s[cut] = done ? es_time_s(trial.left - trial.arrival) : ES_INFINITY;
        best_s = fmin(best_s, outcome_s[cut]);
    }
    return isfinite(best_s) ? best_s : ES_NAN;
}

static double energy_of(const es_world_config *config, const struct passage *request) {
    double head_s = es_time_s(request->service_ns[ES_DEVICE]);
    double send_s = es_time_s(request->service_ns[ES_UPLINK]);
    double receive_s = es_time_s(request->service_ns[ES_DOWNLINK]);
    double waiting_s = es_time_s(request->left - request->arrival) - head_s - send_s - receive_s;
    return config->active_w * head_s + config->transmit_w * send_s + config->receive_w * receive_s +
           config->idle_w * waiting_s;
}

static void fill(const struct random_world *world, const struct passage *request, double oracle_s,
                 struct row *row) {
    const es_world_config *config = &world->config;
    bool done = request->status == ES_STEP_COMPLETED || request->status == ES_STEP_LATE;
    bool brought_back = done && request->received != ES_TIME_NEVER;
    row->latency = done ? es_time_s(request->left - request->arrival) : ES_NAN;
    row->head_time = es_time_s(request->service_ns[ES_DEVICE]);
    row->device_queue_time = es_time_s(request->wait_ns[ES_DEVICE]);
    row->uplink_queue_time = es_time_s(request->wait_ns[ES_UPLINK]);
    row->uplink_time = es_time_s(request->service_ns[ES_UPLINK] +
                                 (brought_back ? config->uplink_propagation_ns : 0));
    row->uplink_bytes =
        request->sent < ES_TIME_NEVER ? world->network.bytes[request->table][request->cut] : 0;
    row->server_queue_time = es_time_s(request->wait_ns[ES_SERVER]);
    row->tail_time = es_time_s(request->service_ns[ES_SERVER]);
    row->downlink_time =
        es_time_s(request->wait_ns[ES_DOWNLINK] + request->service_ns[ES_DOWNLINK] +
                  (brought_back ? config->downlink_propagation_ns : 0));
    row->deadline = config->deadline_ns == ES_TIME_NEVER ? ES_NAN : es_time_s(config->deadline_ns);
    row->status = (int8_t)request->status;
    row->energy = done && config->has_energy ? energy_of(config, request) : ES_NAN;
    row->oracle_latency = config->outcomes ? oracle_s : ES_NAN;
    row->regret = row->latency - row->oracle_latency;
}

/* Arrival, decision and passage of request `i`. */
static void take(struct history *history, size_t i, es_time arrival, struct row *row) {
    const struct random_world *world = history->world;
    const es_world_config *config = &world->config;
    struct passage *request = &history->passages[i];
    double factors[2] = {1, 1}, outcome_s[MAX_CUTS];
    if (config->exponential_head)
        factors[0] = gsl_ran_exponential(history->heads, 1);
    if (config->exponential_tail)
        factors[1] = gsl_ran_exponential(history->tails, 1);
    request->arrival = arrival;
    request->deadline_at =
        config->deadline_ns == ES_TIME_NEVER ? ES_TIME_NEVER : arrival + config->deadline_ns;
    request->batch = config->batches[i % config->n_batches];
    for (size_t b = 0; b < world->network.n_batches; b++)
        request->table = world->network.batches[b] == request->batch ? b : request->table;
    row->arrival_time = es_time_s(arrival);
    row->batch = (int32_t)request->batch;
    row->rate_true = (double)rate_at(&world->uplink, arrival);
    row->load_true = 1 - (double)rate_at(&world->server, arrival) / 1e9;
    believe(history, i, row);
    double oracle_s = try_all(history, request, factors, outcome_s);
    double result_bits = 8 * config->result_bytes * (double)request->batch;
    double receive_s = world->has_downlink ? result_bits / es_rate_mean(world->downlink_rate) : 0;
    es_policy_view view = {
        .costs = &world->network.tables[request->table],
        .rate_bps = row->rate_estimate,
        .load = row->load_estimate,
        .delay_s =
            receive_s + es_time_s(config->uplink_propagation_ns + config->downlink_propagation_ns),
        .outcome_s = outcome_s,
    };
    request->cut = world->policy.ops->choose(&world->policy, &view);
    request->head_ns = scaled(world->network.head_ns[request->table][request->cut], factors[0]);
    request->tail_ns = scaled(world->network.tail_ns[request->table][request->cut], factors[1]);
    row->split_index = (int32_t)request->cut;
    pass(world, request, history->free_at);
    fill(world, request, oracle_s, row);
}

/* True if so many requests wait behind the oldest one still there that no more is let in. */
static bool is_full(const struct history *history, size_t i, es_time now) {
    size_t oldest = 0;
    while (oldest < i && history->passages[oldest].left <= now)
        oldest++;
    return i - oldest >= history->world->config.max_backlog;
}

size_t expected_rows(const struct random_world *world, struct row rows[MAX_REQUESTS],
                     bool *saturated) {
    const es_world_config *config = &world->config;
    struct history history = {
        .world = world,
        .arrivals = es_rng_create(config->seed, 0, ES_RNG_ARRIVALS, 0),
        .heads = es_rng_create(config->seed, 0, ES_RNG_SERVICE, ES_DEVICE),
        .tails = es_rng_create(config->seed, 0, ES_RNG_SERVICE, ES_SERVER),
    };
    double period_ns = 1e9 / config->arrival_rate_hz;
    es_time arrival = 0;
    size_t n = 0;
    *saturated = false;
    for (; n < config->n_steps; n++) {
        arrival = config->poisson
                      ? arrival + llround(gsl_ran_exponential(history.arrivals, period_ns))
                      : llround((double)n * period_ns);
        if (arrival >= config->duration_ns)
            break;
        *saturated = is_full(&history, n, arrival);
        if (*saturated)
            break;
        take(&history, n, arrival, &rows[n]);
    }
    gsl_rng_free(history.arrivals);
    gsl_rng_free(history.heads);
    gsl_rng_free(history.tails);
    return n;
}
