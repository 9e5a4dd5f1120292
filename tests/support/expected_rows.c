#include "random_world.h"

#include "edgesplit/number.h"
#include "edgesplit/rng.h"

#include <gsl/gsl_randist.h>
#include <math.h>
#include <string.h>

/* One request's way through the stations. */
struct passage {
    es_time arrival, deadline_at;
    es_time deadline_ns; /* ES_TIME_NEVER: none */
    size_t table, cut;
    int64_t head_ns, tail_ns; /* nominal */
    int64_t batch;
    es_time wait_ns[ES_N_STATIONS], service_ns[ES_N_STATIONS];
    es_time begun_at[ES_N_STATIONS]; /* ES_TIME_NEVER: not */
    es_time done_at[ES_N_STATIONS];  /* or dropped before; ES_TIME_NEVER: neither */
    es_time sent, received;          /* ES_TIME_NEVER: not, or nothing to send */
    es_time left;                    /* ES_TIME_NEVER: never */
    es_step_status status;
};

static es_time max_time(es_time a, es_time b) {
    return a > b ? a : b;
}

static es_time service_end(const struct random_world *world, const struct passage *request,
                           es_station station, es_time start) {
    const struct made_up *network = &world->network;
    int64_t bytes = network->bytes[request->table][request->cut];
    double result_bytes = ceil(world->config.groups[0].result_bytes * (double)request->batch);
    switch (station) {
    case ES_DEVICE: return start + request->head_ns;
    case ES_UPLINK: return work_done_at(&world->uplink, start, (es_work)bytes * 8 * ES_SECOND);
    case ES_SERVER:
        return work_done_at(&world->server, start, (es_work)request->tail_ns * ES_SECOND);
    case ES_DOWNLINK:
        return work_done_at(&world->downlink, start, (es_work)result_bytes * 8 * ES_SECOND);
    case ES_BACKHAUL:
    case ES_CLOUD:
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
    for (es_station s = ES_DEVICE; s < ES_BACKHAUL; s++)
        request->begun_at[s] = request->done_at[s] = ES_TIME_NEVER;
    for (es_station s = ES_DEVICE; s < (stays ? ES_UPLINK : ES_BACKHAUL); s++) {
        if (s == ES_DOWNLINK && !world->has_downlink)
            continue;
        es_time start = max_time(at, free_at[s]);
        if (start == ES_TIME_NEVER)
            return;
        if (config->groups[0].drop_late && start > request->deadline_at) {
            request->status = ES_STEP_DROPPED;
            request->left = start;
            for (; s < ES_BACKHAUL; s++)
                request->done_at[s] = start;
            return;
        }
        request->wait_ns[s] = start - at;
        request->begun_at[s] = start;
        at = free_at[s] = service_end(world, request, s, start);
        if (at == ES_TIME_NEVER)
            return;
        request->service_ns[s] = at - start;
        request->done_at[s] = at;
        if (s == ES_UPLINK) {
            request->sent = at;
            at += config->groups[0].uplink.propagation_ns;
        }
    }
    if (!stays)
        request->received = at += config->groups[0].downlink.propagation_ns;
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

/* A sample of a speed and when it became known. */
struct speed_sample {
    double value;
    es_time at;
};

/* Exponentially weighted mean of all samples: the weight of each halves with every half-life up to
 * the one behind it, and the first takes what is left. */
static double weighted_mean(size_t n, const struct speed_sample *samples, double half_life_s) {
    double mean = 0, left = 1;
    for (size_t i = n; i-- > 1;) {
        double kept = exp2(-es_time_s(samples[i].at - samples[i - 1].at) / half_life_s);
        mean += left * (1 - kept) * samples[i].value;
        left *= kept;
    }
    return mean + left * samples[0].value;
}

/* Harmonic mean of the last `most` of n samples, added up by their numbers modulo `most`: a
 * decision between equals hangs on the rounding. */
static double harmonic_mean(size_t n, const struct speed_sample *samples, size_t most) {
    size_t counted = n < most ? n : most;
    double sum = 0;
    for (size_t place = 0; place < counted; place++) {
        size_t last_round = most > 0 ? (n - 1 - place) / most * most : 0;
        sum += 1 / samples[last_round + place].value;
    }
    return (double)counted / sum;
}

static double robust_mean(size_t n, const struct speed_sample *samples, size_t most) {
    double largest = 0;
    for (size_t i = n > most ? n - most : 0; i < n; i++)
        if (i > 0)
            largest = fmax(largest, fabs(harmonic_mean(i, samples, most) / samples[i].value - 1));
    return harmonic_mean(n, samples, most) / (1 + largest);
}

/* What the policy believes after n samples. */
static double estimate_of(const es_world_config *config, size_t n,
                          const struct speed_sample *samples, double initial) {
    if (n == 0)
        return initial;
    switch (config->knowing) {
    case ES_KNOW_EWMA: return weighted_mean(n, samples, config->half_life_s);
    case ES_KNOW_DUAL_EWMA:
        return fmin(weighted_mean(n, samples, config->half_life_s),
                    weighted_mean(n, samples, config->slow_half_life_s));
    case ES_KNOW_HARMONIC: return harmonic_mean(n, samples, config->knowledge_samples);
    case ES_KNOW_ROBUST_HARMONIC: return robust_mean(n, samples, config->knowledge_samples);
    case ES_KNOW_TRUE:
    case ES_KNOW_LAST:
    case ES_N_KNOWING: break;
    }
    return samples[n - 1].value;
}

/* What the policy believes at a request's arrival, from the samples that have come by then. */
static void believe(const struct history *history, size_t i, struct row *row) {
    const struct random_world *world = history->world;
    const es_world_config *config = &world->config;
    struct speed_sample rates[MAX_REQUESTS], shares[MAX_REQUESTS];
    size_t n_rates = 0, n_shares = 0;
    es_time now = history->passages[i].arrival;
    if (world->policy.ops->learn != NULL) {
        row->rate_estimate = row->load_estimate = ES_NAN;
        return;
    }
    if (config->knowing == ES_KNOW_TRUE) {
        es_time then = max_time(0, now - config->staleness_ns);
        row->rate_estimate = (double)rate_at(&world->uplink, then);
        row->load_estimate = 1 - (double)rate_at(&world->server, then) / 1e9;
        return;
    }
    for (size_t j = 0; j < i; j++) {
        const struct passage *past = &history->passages[j];
        if (past->sent <= now) {
            double bits = 8 * (double)world->network.bytes[past->table][past->cut];
            rates[n_rates++] =
                (struct speed_sample){bits / es_time_s(past->service_ns[ES_UPLINK]), past->sent};
        }
        if (past->received <= now &&
            past->service_ns[ES_SERVER] + (config->load_aware ? past->wait_ns[ES_SERVER] : 0) > 0)
            shares[n_shares++] = (struct speed_sample){
                fmin(1, (double)world->network.tail_ns[past->table][past->cut] /
                            (double)(past->service_ns[ES_SERVER] +
                                     (config->load_aware ? past->wait_ns[ES_SERVER] : 0))),
                past->received};
    }
    row->rate_estimate = estimate_of(config, n_rates, rates, config->initial_rate_bps);
    row->load_estimate = 1 - estimate_of(config, n_shares, shares, 1);
}

static int64_t scaled(int64_t nominal_ns, double factor) {
    return llround((double)nominal_ns * factor);
}

/* The cost of taking `cut` for request i. */
static es_time switching_ns(const struct history *history, size_t i, size_t cut) {
    bool same = i == 0 || history->passages[i - 1].cut == cut;
    return same ? 0 : history->world->config.groups[0].switch_cost_ns;
}

/* What waits at the device and has yet to be sent when request i arrives. */
static void look_at_queues(const struct history *history, size_t i, es_policy_view *view) {
    const struct random_world *world = history->world;
    es_time now = history->passages[i].arrival, wait_ns = 0;
    int64_t bits = 0;
    es_work sent = 0;
    for (size_t j = 0; j < i; j++) {
        const struct passage *past = &history->passages[j];
        es_time head_begun = past->begun_at[ES_DEVICE], send_begun = past->begun_at[ES_UPLINK];
        int64_t planned_ns =
            world->network.head_ns[past->table][past->cut] + switching_ns(history, j, past->cut);
        if (past->done_at[ES_DEVICE] > now)
            wait_ns += planned_ns;
        if (past->done_at[ES_DEVICE] > now && head_begun <= now)
            wait_ns -= now - head_begun < planned_ns ? now - head_begun : planned_ns;
        if (past->cut + 1 == world->network.n_cuts || past->done_at[ES_UPLINK] <= now)
            continue;
        bits += 8 * world->network.bytes[past->table][past->cut];
        if (send_begun <= now)
            sent += work_done_by(&world->uplink, send_begun, now);
    }
    view->device_wait_s = es_time_s(wait_ns);
    view->uplink_wait_bits = (double)bits - (double)sent / 1e9;
}

/* What every offloaded request of a batch pays besides. */
static double delay_s(const struct random_world *world, int64_t batch) {
    const es_world_config *config = &world->config;
    double result_bits = 8 * config->groups[0].result_bytes * (double)batch;
    double receive_s = world->has_downlink ? result_bits / es_rate_mean(world->downlink_rate) : 0;
    return receive_s + es_time_s(config->groups[0].uplink.propagation_ns +
                                 config->groups[0].downlink.propagation_ns);
}

/* Creates the memory that the policy has when request i arrives: it knows what became of those that
 * are back by then. */
static void *memory_of(const struct history *history, size_t i) {
    const struct random_world *world = history->world;
    const es_policy *policy = &world->policy;
    double delays_s[MAX_BATCHES];
    for (size_t b = 0; b < world->network.n_batches; b++)
        delays_s[b] = delay_s(world, world->network.batches[b]);
    void *memory = policy_memory(policy, &(es_policy_start){.n_tables = world->network.n_batches,
                                                            .tables = world->network.tables,
                                                            .delay_s = delays_s});
    for (size_t j = 0; j < i && policy->ops->learn != NULL; j++) {
        const struct passage *past = &history->passages[j];
        es_policy_feedback feedback = {&world->network.tables[past->table], past->cut,
                                       es_time_s(past->received - past->done_at[ES_DEVICE])};
        if (past->received <= history->passages[i].arrival)
            policy->ops->learn(policy, memory, &feedback);
    }
    return memory;
}

/* What the policy sees of request i besides rate and load. */
static es_policy_view view_of(const struct history *history, size_t i, const double *outcome_s) {
    const struct random_world *world = history->world;
    const es_world_config *config = &world->config;
    const struct passage *request = &history->passages[i];
    es_policy_view view = {
        .costs = &world->network.tables[request->table],
        .delay_s = delay_s(world, request->batch),
        .deadline_s =
            request->deadline_ns == ES_TIME_NEVER ? ES_INFINITY : es_time_s(request->deadline_ns),
        .switch_cost_s = es_time_s(config->groups[0].switch_cost_ns),
        .has_previous = i > 0,
        .n_before = i,
        .power = config->groups[0].has_energy ? &config->groups[0].power : NULL,
        .outcome_s = outcome_s,
    };
    if (i > 0)
        view.previous_cut = history->passages[i - 1].cut;
    for (size_t j = i; j > 0 && history->passages[j - 1].cut == view.previous_cut; j--)
        view.dwell++;
    if (world->policy.settings.queue_aware)
        look_at_queues(history, i, &view);
    return view;
}

/* The latency by every cut, and the least one. */
static double try_all(const struct history *history, size_t i, const double factors[2],
                      double outcome_s[MAX_CUTS]) {
    const struct made_up *network = &history->world->network;
    const struct passage *request = &history->passages[i];
    double best_s = ES_INFINITY;
    for (size_t cut = 0; cut < network->n_cuts; cut++) {
        struct passage trial = *request;
        es_time free_at[ES_N_STATIONS];
        memcpy(free_at, history->free_at, sizeof free_at);
        trial.cut = cut;
        trial.head_ns =
            scaled(network->head_ns[trial.table][cut], factors[0]) + switching_ns(history, i, cut);
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
    return config->groups[0].power.active_w * head_s + config->groups[0].power.transmit_w * send_s +
           config->groups[0].power.receive_w * receive_s +
           config->groups[0].power.idle_w * waiting_s;
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
    row->uplink_time =
        es_time_s(request->service_ns[ES_UPLINK] +
                  (request->sent != ES_TIME_NEVER ? config->groups[0].uplink.propagation_ns : 0));
    row->uplink_bytes =
        request->sent < ES_TIME_NEVER ? world->network.bytes[request->table][request->cut] : 0;
    row->server_queue_time = es_time_s(request->wait_ns[ES_SERVER]);
    row->tail_time = es_time_s(request->service_ns[ES_SERVER]);
    row->downlink_time =
        es_time_s(request->wait_ns[ES_DOWNLINK] + request->service_ns[ES_DOWNLINK] +
                  (brought_back ? config->groups[0].downlink.propagation_ns : 0));
    row->deadline =
        request->deadline_ns == ES_TIME_NEVER ? ES_NAN : es_time_s(request->deadline_ns);
    row->status = (int8_t)request->status;
    row->energy = done && config->groups[0].has_energy ? energy_of(config, request) : ES_NAN;
    row->oracle_latency = config->outcomes ? oracle_s : ES_NAN;
    row->regret = row->latency - row->oracle_latency;
}

/* Whose turn it is of n that take turns. */
static size_t turn(size_t i, size_t n) {
    return n > 0 ? i % n : 0;
}

/* Arrival, decision and passage of request `i`. */
static void take(struct history *history, size_t i, es_time arrival, struct row *row) {
    const struct random_world *world = history->world;
    const es_world_config *config = &world->config;
    struct passage *request = &history->passages[i];
    double factors[2] = {1, 1}, outcome_s[MAX_CUTS];
    if (config->groups[0].exponential_head)
        factors[0] = gsl_ran_exponential(history->heads, 1);
    if (config->groups[0].exponential_tail)
        factors[1] = gsl_ran_exponential(history->tails, 1);
    request->arrival = arrival;
    const es_arrival_list *list = &config->groups[0].arrivals;
    request->deadline_ns = config->groups[0].deadline_ns;
    request->batch = config->groups[0].batches[turn(i, config->groups[0].n_batches)];
    if (list->batch_index != NULL)
        request->batch = config->groups[0].batches[list->batch_index[turn(i, list->n)]];
    if (list->deadlines_ns != NULL)
        request->deadline_ns = list->deadlines_ns[turn(i, list->n)];
    request->deadline_at =
        request->deadline_ns == ES_TIME_NEVER ? ES_TIME_NEVER : arrival + request->deadline_ns;
    for (size_t b = 0; b < world->network.n_batches; b++)
        request->table = world->network.batches[b] == request->batch ? b : request->table;
    row->arrival_time = es_time_s(arrival);
    row->batch = (int32_t)request->batch;
    row->rate_true = (double)rate_at(&world->uplink, arrival);
    row->load_true = 1 - (double)rate_at(&world->server, arrival) / 1e9;
    believe(history, i, row);
    double oracle_s = try_all(history, i, factors, outcome_s);
    es_policy_view view = view_of(history, i, outcome_s);
    view.rate_bps = row->rate_estimate;
    view.load = row->load_estimate;
    void *memory = memory_of(history, i);
    view.memory = memory;
    request->cut = world->policy.ops->choose(&world->policy, &view);
    free(memory);
    request->head_ns = scaled(world->network.head_ns[request->table][request->cut], factors[0]) +
                       switching_ns(history, i, request->cut);
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

/* Closed mode: each source has its next request when it has thought about the last one. */
static size_t closed_rows(struct history *history, struct row rows[MAX_REQUESTS], bool *saturated) {
    const es_world_config *config = &history->world->config;
    es_time ready[MAX_POPULATION] = {0};
    gsl_rng *thinks[MAX_POPULATION] = {0};
    size_t n = 0;
    for (size_t s = 0; s < config->groups[0].population; s++)
        thinks[s] = es_rng_create(config->seed, 0, ES_RNG_THINK, (uint32_t)s);
    for (; n < config->n_steps; n++) {
        size_t source = 0;
        for (size_t s = 1; s < config->groups[0].population; s++)
            source = ready[s] < ready[source] ? s : source;
        es_time arrival = ready[source];
        if (arrival == ES_TIME_NEVER || arrival >= config->duration_ns)
            break;
        *saturated = is_full(history, n, arrival);
        if (*saturated)
            break;
        take(history, n, arrival, &rows[n]);
        es_time think_ns = config->groups[0].think_ns, left = history->passages[n].left;
        if (config->groups[0].exponential_think && left != ES_TIME_NEVER)
            think_ns =
                llround(gsl_ran_exponential(thinks[source], (double)config->groups[0].think_ns));
        ready[source] = left == ES_TIME_NEVER ? left : left + think_ns;
    }
    for (size_t s = 0; s < config->groups[0].population; s++)
        gsl_rng_free(thinks[s]);
    return n;
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
    double period_ns = 1e9 / config->groups[0].arrival_rate_hz;
    es_time arrival = 0;
    size_t n = 0;
    *saturated = false;
    if (config->groups[0].population > 0)
        n = closed_rows(&history, rows, saturated);
    for (; config->groups[0].population == 0 && n < config->n_steps; n++) {
        const es_arrival_list *list = &config->groups[0].arrivals;
        if (list->n > 0 && list->period_ns == 0 && n == list->n)
            break;
        if (list->n > 0)
            arrival = list->times[n % list->n] + (es_time)(n / list->n) * list->period_ns;
        else if (config->groups[0].poisson)
            arrival += llround(gsl_ran_exponential(history.arrivals, period_ns));
        else
            arrival = llround((double)n * period_ns);
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
