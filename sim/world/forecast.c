/* What a request would meet by each cut, given all that was accepted before it. */
#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "system.h"

#include <math.h>
#include <string.h>

/* Fills least_ns: what an offloaded request spends on the links at the very least. */
static void bound_links(const es_world *world, int64_t *least_ns) {
    const es_group *group = &world->config.groups[0];
    double most_bps = (double)es_rate_max(group->uplink.rate);
    for (size_t b = 0; b < world->groups[0].n_tables; b++) {
        const es_cut_costs *costs = world->groups[0].costs[b];
        for (size_t cut = 0; !es_cut_stays(costs, cut); cut++)
            least_ns[b * costs->n_cuts + cut] = (int64_t)floor(costs->bits[cut] / most_bps * 1e9) -
                                                1 + group->uplink.propagation_ns +
                                                group->downlink.propagation_ns;
    }
}

es_status forecast_create(es_world *world) {
    const es_group *group = &world->config.groups[0];
    int64_t *least_ns = es_alloc(world->groups[0].n_tables * group->cost->n_cuts, sizeof *least_ns);
    if (least_ns == NULL)
        return ES_NO_MEMORY;
    bound_links(world, least_ns);
    world->open->least_ns = least_ns;
    return ES_OK;
}

/* When a station that begins on a request at `from` is done with it; ES_TIME_NEVER: never. */
static es_time service_end(es_world *world, es_station station, es_time from,
                           const struct request *request, size_t cut, int64_t head_ns,
                           int64_t tail_ns) {
    const es_group *group = &world->config.groups[0];
    const es_rate *rate = group->uplink.rate;
    es_work work = 0;
    switch (station) {
    case ES_DEVICE: return from + head_ns;
    case ES_UPLINK: work = (es_work)costs_of(world, request)->bytes[cut] * 8 * ES_SECOND; break;
    case ES_SERVER:
        rate = world->config.server.capacity;
        work = (es_work)tail_ns * ES_FULL_CAPACITY;
        break;
    case ES_DOWNLINK:
        rate = group->downlink.rate;
        work = result_work(group, request->batch_index);
        break;
    case ES_BACKHAUL:
    case ES_CLOUD:
    case ES_N_STATIONS: return ES_TIME_NEVER;
    }
    es_time end = es_rate_finish(rate, &world->open->ahead[station], from, work);
    return end <= LATEST ? end : ES_TIME_NEVER;
}

/* When `request` would leave if it took `cut`, given all that was accepted before it and nothing
 * after: the stations' own step functions one after the other. `free_at` is what the stations are
 * then free at. ES_TIME_NEVER: dropped, or stalled for ever. */
static es_time forecast(es_world *world, const struct request *request, size_t cut, int64_t head_ns,
                        int64_t tail_ns, es_time free_at[ES_N_STATIONS]) {
    const es_group *group = &world->config.groups[0];
    bool stays = es_cut_stays(costs_of(world, request), cut);
    es_time at = request->arrival;
    for (es_station station = ES_DEVICE; station < (stays ? ES_UPLINK : ES_BACKHAUL); station++) {
        if (station == ES_DOWNLINK && group->downlink.rate == NULL)
            break;
        es_time start = at > free_at[station] ? at : free_at[station];
        if (start == ES_TIME_NEVER || (group->drop_late && start > request->deadline_at))
            return ES_TIME_NEVER;
        at = service_end(world, station, start, request, cut, head_ns, tail_ns);
        free_at[station] = at;
        if (at == ES_TIME_NEVER)
            return ES_TIME_NEVER;
        if (station == ES_UPLINK)
            at += group->uplink.propagation_ns;
    }
    return stays ? at : at + group->downlink.propagation_ns;
}

/* When `request` would leave by `cut`; ES_TIME_NEVER also where that is certainly behind `best`. */
static es_time try_cut(es_world *world, const struct request *request, size_t cut,
                       const struct draws *draws, es_time best) {
    open_system *open = world->open;
    int64_t head_ns = head_time_ns(world, request, cut, draws);
    int64_t tail_ns = tail_time_ns(world, request, cut, draws);
    int64_t links_ns =
        open->least_ns[request->batch_index * costs_of(world, request)->n_cuts + cut];
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

double look_ahead(es_world *world, const struct request *request, const struct draws *draws) {
    open_system *open = world->open;
    const es_group *group = &world->config.groups[0];
    const es_policy *policy = group->policy;
    es_time best = ES_TIME_NEVER;
    if (policy->ops->clairvoyant)
        best = best_of(world, request, draws, policy->n_candidates, policy->candidates,
                       &open->best_candidate, best, world->outcome_s);
    if (!world->config.outcomes)
        return ES_NAN;
    best = best_of(world, request, draws, group->n_offered, group->offered, &open->best_offered,
                   best, NULL);
    return best != ES_TIME_NEVER ? es_time_s(best - request->arrival) : ES_NAN;
}

void forecast_accept(es_world *world, const struct request *request) {
    (void)forecast(world, request, request->cut, request->visit[ES_DEVICE].service_ns,
                   request->visit[ES_SERVER].service_ns, world->open->free_at);
}
