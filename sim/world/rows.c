/* Rows of the per-step table. */
#include "system.h"

#include "edgesplit/number.h"

static bool is_sharing(const es_world *world, const struct request *request, es_station station) {
    const struct device *device = device_of(world, request);
    return (station == ES_UPLINK && world->uplinks[device->uplink].crowd != NOBODY) ||
           (station == ES_SERVER && world->config.server.discipline == ES_PS) ||
           (station == ES_DOWNLINK && world->open->downlinks[device->downlink].crowd != NOBODY) ||
           (station == ES_BACKHAUL && world->open->backhaul.crowd != NOBODY) ||
           (station == ES_CLOUD && world->config.cloud.discipline == ES_PS);
}

/* Stations by their order on the path; a request that has left is behind all. */
static inline int place_of(es_station station) {
    return station < ES_DOWNLINK      ? (int)station
           : station == ES_DOWNLINK   ? (int)ES_CLOUD
           : station == ES_N_STATIONS ? (int)ES_N_STATIONS
                                      : (int)station - 1;
}
static inline int place_now(const struct request *request) {
    return place_of((es_station)request->station);
}

/* What the request, which is at `place`, waited for a station, also if it is being served there
 * when nothing more can happen; and how long that took, 0 if it has not ended. */
static inline es_time wait_ns(const es_world *world, const struct request *request, int place,
                              const union visit *visit, es_station station) {
    bool known = place_of(station) < place ||
                 (station == request->station && !is_sharing(world, request, station));
    return known ? visit->wait_ns : 0;
}
static inline es_time service_ns(int place, const union visit *visit, es_station station) {
    return place_of(station) < place ? visit->service_ns : 0;
}

/* What a request of three tiers met behind the server; its way back from there is the result's. */
static void fill_beyond(const es_world *world, uint32_t index, size_t i) {
    const struct request *request = &world->open->requests[index];
    const struct beyond *beyond = &world->open->beyond[index];
    es_block *block = world->block;
    int place = place_now(request);
    bool used = uses_cloud(world, request), sent = used && place_of(ES_BACKHAUL) < place;
    double one_way_s = es_time_s(world->config.backhaul.propagation_ns);
    block->backhaul_queue_time[i] =
        es_time_s(wait_ns(world, request, place, &beyond->visit[0], ES_BACKHAUL));
    block->backhaul_time[i] =
        es_time_s(service_ns(place, &beyond->visit[0], ES_BACKHAUL)) + (sent ? one_way_s : 0);
    block->backhaul_bytes[i] = sent ? costs_of(world, request)->backhaul_bytes[request->cut] : 0;
    block->cloud_queue_time[i] =
        es_time_s(wait_ns(world, request, place, &beyond->visit[1], ES_CLOUD));
    block->cloud_time[i] = es_time_s(service_ns(place, &beyond->visit[1], ES_CLOUD));
    block->downlink_time[i] += used && place_of(ES_CLOUD) < place ? one_way_s : 0;
}

/* Durations of a row that are seldom 0. */
enum { ARRIVAL, LATENCY, HEAD, SEND, TAIL, DEVICE_WAIT, UPLINK_WAIT, SERVER_WAIT, N_DURATIONS };

/* All of them at once, so that the compiler divides two at a time. */
static inline void to_seconds(const es_time ns[N_DURATIONS], double seconds[N_DURATIONS]) {
    for (size_t k = 0; k < N_DURATIONS; k++)
        seconds[k] = (double)ns[k];
    for (size_t k = 0; k < N_DURATIONS; k++)
        seconds[k] /= 1e9; /* es_time_s */
}

/* Of durations that are mostly 0. */
static inline double seldom_s(es_time ns) {
    return ns == 0 ? 0 : es_time_s(ns);
}

static inline void fill_row(const es_world *world, uint32_t index, size_t i) {
    const open_system *open = world->open;
    const struct request *r = &open->requests[index];
    const struct group *of = &world->groups[r->group];
    const es_group *group = of->config;
    const es_cut_costs *costs = costs_of(world, r);
    es_block *block = world->block;
    struct knowledge known = {r->rate_true, r->load_true, ES_NAN};
    struct delays delays = {group->uplink.propagation_ns, group->downlink.propagation_ns};
    if (open->known != NULL)
        known = open->known[index];
    if (open->delays != NULL)
        delays = open->delays[index];
    int place = place_now(r);
    bool finished = r->status == ES_STEP_COMPLETED || r->status == ES_STEP_LATE;
    bool offloaded = !es_cut_stays(costs, r->cut);
    const union visit *visit = r->visit;
    const es_time ns[N_DURATIONS] = {
        [ARRIVAL] = r->arrival,
        [LATENCY] = r->since - r->arrival,
        [HEAD] = service_ns(place, &visit[ES_DEVICE], ES_DEVICE),
        [SEND] = service_ns(place, &visit[ES_UPLINK], ES_UPLINK),
        [TAIL] = service_ns(place, &visit[ES_SERVER], ES_SERVER),
        [DEVICE_WAIT] = wait_ns(world, r, place, &visit[ES_DEVICE], ES_DEVICE),
        [UPLINK_WAIT] = wait_ns(world, r, place, &visit[ES_UPLINK], ES_UPLINK),
        [SERVER_WAIT] = wait_ns(world, r, place, &visit[ES_SERVER], ES_SERVER),
    };
    double s[N_DURATIONS];
    to_seconds(ns, s);
    double latency_s = s[LATENCY], head_s = s[HEAD], send_s = s[SEND];
    double up_s = offloaded && place_of(ES_UPLINK) < place ? seldom_s(delays.up_ns) : 0;
    double down_s = offloaded && finished ? seldom_s(delays.down_ns) : 0;
    double receive_s = seldom_s(service_ns(place, &visit[ES_DOWNLINK], ES_DOWNLINK));
    es_time down_wait_ns = wait_ns(world, r, place, &visit[ES_DOWNLINK], ES_DOWNLINK);
    block->arrival_time[i] = s[ARRIVAL];
    block->batch[i] = (int32_t)group->batches[r->batch_index];
    block->split_index[i] = (int32_t)r->cut;
    block->latency[i] = finished ? latency_s : ES_NAN;
    block->head_time[i] = head_s;
    block->device_queue_time[i] = s[DEVICE_WAIT];
    block->uplink_queue_time[i] = s[UPLINK_WAIT];
    block->uplink_time[i] = send_s + up_s;
    block->uplink_bytes[i] = ns[SEND] > 0 ? costs->bytes[r->cut] : 0;
    block->server_queue_time[i] = s[SERVER_WAIT];
    block->tail_time[i] = s[TAIL];
    block->downlink_time[i] = seldom_s(down_wait_ns) + receive_s + down_s;
    block->rate_true[i] = r->rate_true;
    block->rate_estimate[i] = known.rate_estimate;
    block->load_true[i] = r->load_true;
    block->load_estimate[i] = known.load_estimate;
    block->deadline[i] =
        r->deadline_at == ES_TIME_NEVER ? ES_NAN : es_time_s(r->deadline_at - r->arrival);
    block->status[i] = (int8_t)(r->status == IN_FLIGHT ? ES_STEP_UNFINISHED : r->status);
    block->energy[i] =
        finished ? world_energy(group, head_s, send_s, receive_s, latency_s) : ES_NAN;
    block->oracle_latency[i] = known.oracle_s;
    block->regret[i] = finished ? latency_s - known.oracle_s : ES_NAN;
    block->device[i] = (int32_t)r->device;
    if (open->beyond != NULL)
        fill_beyond(world, index, i);
    if (world->has_exits)
        world_fill_exit(world, of, r->batch_index, finished, i);
}

void write_row(es_world *world, uint32_t index) {
    fill_row(world, index, world_row(world));
    world->open->status = world_row_done(world);
}

void write_rows(es_world *world, bool all) {
    open_system *open = world->open;
    for (; open->first < open->next && open->status == ES_OK; open->first++) {
        uint32_t index = (uint32_t)open->first & open->mask;
        if (open->requests[index].status == IN_FLIGHT && !all)
            return;
        write_row(world, index);
    }
}
