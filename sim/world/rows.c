/* Rows of the per-step table. */
#include "edgesplit/number.h"
#include "open.h"

void write_rows(es_world *world, bool all) {
    open_system *open = world->open;
    const es_world_config *config = &world->config;
    es_block *block = world->block;
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
        block->deadline[i] =
            r->deadline_at == ES_TIME_NEVER ? ES_NAN : es_time_s(r->deadline_at - r->arrival);
        block->status[i] = (int8_t)(r->status == IN_FLIGHT ? ES_STEP_UNFINISHED : r->status);
        block->energy[i] =
            finished ? world_energy(world, head_s, send_s, receive_s, latency_s) : ES_NAN;
        block->oracle_latency[i] = r->oracle_s;
        block->regret[i] = finished ? latency_s - r->oracle_s : ES_NAN;
        open->status = world_row_done(world);
    }
}
