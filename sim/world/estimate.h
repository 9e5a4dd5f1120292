/* What a policy makes of the samples that came by, of a speed: the uplink's rate, or the share of
 * the server's capacity that is left (private). */
#ifndef SIM_WORLD_ESTIMATE_H
#define SIM_WORLD_ESTIMATE_H

#include "edgesplit/world.h"

struct estimate {
    double value; /* what is believed now; before the first sample what it was set to */
    double mean;  /* value before caution: the harmonic mean, or the faster of two means */
    double slow;  /* ES_KNOW_DUAL_EWMA: the slower one */
    es_time at;   /* of the last sample */
    uint64_t n;   /* samples so far */
};

/* Takes a sample >= 0 that became known at `now`. `last` [2 * knowledge_samples] is the memory of
 * harmonic means: the last samples, sample i at i modulo the number that count, and the relative
 * errors of the mean before each; not read otherwise. O(samples that count). */
void estimate_learn(struct estimate *estimate, const es_world_config *config, double *last,
                    double sample, es_time now);

#endif
