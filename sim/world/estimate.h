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
    double samples[ES_MAX_KNOWLEDGE_SAMPLES]; /* the last ones; sample i is at i modulo the number
                                                 that count */
    double errors[ES_MAX_KNOWLEDGE_SAMPLES];  /* relative, of the harmonic mean before each */
};

/* Takes a sample >= 0 that became known at `now`. O(samples that count). */
void estimate_learn(struct estimate *estimate, const es_world_config *config, double sample,
                    es_time now);

#endif
