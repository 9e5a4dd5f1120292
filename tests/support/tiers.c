#include "tiers.h"

static void fill_pair(struct tiers *tiers, const struct made_up *network, size_t b, size_t pair,
                      int64_t speedup) {
    size_t first = tiers->cuts[pair].first, second = tiers->cuts[pair].second;
    tiers->head_ns[b][pair] = network->head_ns[b][first];
    tiers->tail_ns[b][pair] = network->tail_ns[b][first] - network->tail_ns[b][second];
    tiers->cloud_ns[b][pair] = network->tail_ns[b][second] / speedup;
    tiers->bytes[b][pair] = network->bytes[b][first];
    tiers->backhaul_bytes[b][pair] = network->bytes[b][second];
    tiers->head_s[b][pair] = es_time_s(tiers->head_ns[b][pair]);
    tiers->tail_s[b][pair] = es_time_s(tiers->tail_ns[b][pair]);
    tiers->cloud_s[b][pair] = es_time_s(tiers->cloud_ns[b][pair]);
    tiers->bits[b][pair] = 8 * (double)tiers->bytes[b][pair];
    tiers->backhaul_bits[b][pair] = 8 * (double)tiers->backhaul_bytes[b][pair];
}

void tiers_init(struct tiers *tiers, struct made_up *network, int64_t speedup) {
    *tiers = (struct tiers){0};
    for (uint32_t first = 0; first < network->n_cuts; first++)
        for (uint32_t second = first; second < network->n_cuts; second++) {
            tiers->pairs[tiers->n_pairs] = (uint32_t)tiers->n_pairs;
            tiers->available[tiers->n_pairs] = true;
            tiers->cuts[tiers->n_pairs++] =
                (es_cost_cut){.name = "", .first = first, .second = second};
        }
    for (size_t b = 0; b < network->n_batches; b++) {
        for (size_t pair = 0; pair < tiers->n_pairs; pair++)
            fill_pair(tiers, network, b, pair, speedup);
        tiers->tables[b] = (es_cut_costs){
            .n_cuts = tiers->n_pairs,
            .head_ns = tiers->head_ns[b],
            .tail_ns = tiers->tail_ns[b],
            .bytes = tiers->bytes[b],
            .head_s = tiers->head_s[b],
            .tail_s = tiers->tail_s[b],
            .bits = tiers->bits[b],
            .cloud_ns = tiers->cloud_ns[b],
            .backhaul_bytes = tiers->backhaul_bytes[b],
            .cloud_s = tiers->cloud_s[b],
            .backhaul_bits = tiers->backhaul_bits[b],
        };
    }
    tiers->cost = (es_cost){.n_boundaries = network->n_cuts,
                            .n_cuts = tiers->n_pairs,
                            .n_batches = network->n_batches,
                            .cuts = tiers->cuts,
                            .batches = network->batches,
                            .tables = tiers->tables,
                            .available = tiers->available};
}

uint32_t pair_of(const struct tiers *tiers, uint32_t first, uint32_t second) {
    uint32_t pair = 0;
    while (tiers->cuts[pair].first != first || tiers->cuts[pair].second != second)
        pair++;
    return pair;
}
