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

/* Whether a request is behind a station on its path. */
static bool has_passed(const struct request *request, es_station station) {
    static const uint8_t places[] = {
        [ES_DEVICE] = 0, [ES_UPLINK] = 1,   [ES_SERVER] = 2,    [ES_BACKHAUL] = 3,
        [ES_CLOUD] = 4,  [ES_DOWNLINK] = 5, [ES_N_STATIONS] = 6};
    return places[station] < places[request->station];
}

/* What the request waited for a station, also if it is being served there when nothing more can
 * happen; and how long that took, 0 if it has not ended. */
static es_time wait_ns(const es_world *world, uint32_t index, es_station station) {
    const struct request *request = &world->open->requests[index];
    bool known = has_passed(request, station) ||
                 (station == request->station && !is_sharing(world, request, station));
    return known ? visit_of(world->open, index, station)->wait_ns : 0;
}
static es_time service_ns(const es_world *world, uint32_t index, es_station station) {
    const struct request *request = &world->open->requests[index];
    return has_passed(request, station) ? visit_of(world->open, index, station)->service_ns : 0;
}

/* What a request of three tiers met behind the server; its way back from there is the result's. */
static void fill_beyond(const es_world *world, uint32_t index, size_t i) {
    const struct request *request = &world->open->requests[index];
    es_block *block = world->block;
    bool used = uses_cloud(world, request), sent = used && has_passed(request, ES_BACKHAUL);
    double one_way_s = es_time_s(world->config.backhaul.propagation_ns);
    block->backhaul_queue_time[i] = es_time_s(wait_ns(world, index, ES_BACKHAUL));
    block->backhaul_time[i] =
        es_time_s(service_ns(world, index, ES_BACKHAUL)) + (sent ? one_way_s : 0);
    block->backhaul_bytes[i] = sent ? costs_of(world, request)->backhaul_bytes[request->cut] : 0;
    block->cloud_queue_time[i] = es_time_s(wait_ns(world, index, ES_CLOUD));
    block->cloud_time[i] = es_time_s(service_ns(world, index, ES_CLOUD));
    block->downlink_time[i] += used && has_passed(request, ES_CLOUD) ? one_way_s : 0;
}

static void fill_row(const es_world *world, uint32_t index, size_t i) {
    const open_system *open = world->open;
    const struct request *r = &open->requests[index];
    const struct group *of = &world->groups[device_of(world, r)->group];
    const es_group *group = of->config;
    const es_cut_costs *costs = costs_of(world, r);
    es_block *block = world->block;
    struct knowledge known = {r->rate_true, r->load_true, ES_NAN};
    struct delays delays = {group->uplink.propagation_ns, group->downlink.propagation_ns};
    if (open->known != NULL)
        known = open->known[index];
    if (open->delays != NULL)
        delays = open->delays[index];
    bool finished = r->status == ES_STEP_COMPLETED || r->status == ES_STEP_LATE;
    bool offloaded = !es_cut_stays(costs, r->cut);
    double up_s = offloaded && has_passed(r, ES_UPLINK) ? es_time_s(delays.up_ns) : 0;
    double down_s = offloaded && finished ? es_time_s(delays.down_ns) : 0;
    double latency_s = es_time_s(r->since - r->arrival);
    double head_s = es_time_s(service_ns(world, index, ES_DEVICE)),
           send_s = es_time_s(service_ns(world, index, ES_UPLINK));
    double receive_s = es_time_s(service_ns(world, index, ES_DOWNLINK));
    block->arrival_time[i] = es_time_s(r->arrival);
    block->batch[i] = (int32_t)group->batches[r->batch_index];
    block->split_index[i] = (int32_t)r->cut;
    block->latency[i] = finished ? latency_s : ES_NAN;
    block->head_time[i] = head_s;
    block->device_queue_time[i] = es_time_s(wait_ns(world, index, ES_DEVICE));
    block->uplink_queue_time[i] = es_time_s(wait_ns(world, index, ES_UPLINK));
    block->uplink_time[i] = send_s + up_s;
    block->uplink_bytes[i] = service_ns(world, index, ES_UPLINK) > 0 ? costs->bytes[r->cut] : 0;
    block->server_queue_time[i] = es_time_s(wait_ns(world, index, ES_SERVER));
    block->tail_time[i] = es_time_s(service_ns(world, index, ES_SERVER));
    block->downlink_time[i] = es_time_s(wait_ns(world, index, ES_DOWNLINK)) + receive_s + down_s;
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

void write_rows(es_world *world, bool all) {
    open_system *open = world->open;
    for (; open->first < open->next && open->status == ES_OK; open->first++) {
        uint32_t index = (uint32_t)open->first & open->mask;
        if (open->requests[index].status == IN_FLIGHT && !all)
            return;
        fill_row(world, index, world_row(world));
        open->status = world_row_done(world);
    }
}
