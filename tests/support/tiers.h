/* Made-up networks of three tiers: every pair of the cuts of one of two. */
#ifndef TESTS_SUPPORT_TIERS_H
#define TESTS_SUPPORT_TIERS_H

#include "worlds.h"

enum { MAX_PAIRS = MAX_CUTS * (MAX_CUTS + 1) / 2 };

/* Tables by pair, in the order of es_cost; may not be moved. */
struct tiers {
    size_t n_pairs;
    uint32_t pairs[MAX_PAIRS]; /* 0, 1, 2, ... */
    es_cost_cut cuts[MAX_PAIRS];
    int64_t head_ns[MAX_BATCHES][MAX_PAIRS], tail_ns[MAX_BATCHES][MAX_PAIRS],
        cloud_ns[MAX_BATCHES][MAX_PAIRS];
    int64_t bytes[MAX_BATCHES][MAX_PAIRS], backhaul_bytes[MAX_BATCHES][MAX_PAIRS];
    double head_s[MAX_BATCHES][MAX_PAIRS], tail_s[MAX_BATCHES][MAX_PAIRS],
        cloud_s[MAX_BATCHES][MAX_PAIRS];
    double bits[MAX_BATCHES][MAX_PAIRS], backhaul_bits[MAX_BATCHES][MAX_PAIRS];
    es_cut_costs tables[MAX_BATCHES];
    bool available[MAX_PAIRS];
    es_cost cost;
};

/* Fills the tables from a network's; the cloud takes a `speedup`-th of the server's tails. Borrows
 * the network's batches. */
void tiers_init(struct tiers *tiers, struct made_up *network, int64_t speedup);

/* The pair of two cuts. */
uint32_t pair_of(const struct tiers *tiers, uint32_t first, uint32_t second);

#endif
