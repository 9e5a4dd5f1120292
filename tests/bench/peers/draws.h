/* Random numbers for the peers: xoshiro256++ (Blackman and Vigna, "Scrambled Linear Pseudorandom
 * Number Generators", ACM TOMS 47(4), 2021) and the exponential distribution by a ziggurat of 256
 * layers (Marsaglia and Tsang, "The Ziggurat Method for Generating Random Variables", J. Stat.
 * Softw. 5(8), 2000). */
#ifndef TESTS_BENCH_PEERS_DRAWS_H
#define TESTS_BENCH_PEERS_DRAWS_H

#include <math.h>
#include <stdint.h>

enum { N_LAYERS = 256 };
#define TAIL_START 7.69711747013104972 /* of 256 layers: table 1 of the paper */
#define LAYER_AREA 3.9496598225815571993e-3

typedef struct generator {
    uint64_t state[4];
    double edge[N_LAYERS + 1], height[N_LAYERS + 1]; /* of the layers, the widest first */
} generator;

static inline uint64_t rotate(uint64_t x, int by) {
    return (x << by) | (x >> (64 - by));
}

static inline uint64_t draw(generator *g) {
    uint64_t *s = g->state, result = rotate(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

static inline double uniform(uint64_t bits) {
    return ((double)(bits >> 11) + 0.5) * 0x1p-53;
}

static inline void generator_seed(generator *g, uint64_t seed) {
    for (int i = 0; i < 4; i++) { /* splitmix64 */
        uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        g->state[i] = z ^ (z >> 31);
    }
    g->edge[0] = LAYER_AREA / exp(-TAIL_START); /* as if the tail stood upright */
    g->edge[1] = TAIL_START;
    g->height[0] = 0;
    g->height[1] = exp(-TAIL_START);
    for (int i = 2; i <= N_LAYERS; i++) {
        g->height[i] = i < N_LAYERS ? g->height[i - 1] + LAYER_AREA / g->edge[i - 1] : 1;
        g->edge[i] = i < N_LAYERS ? -log(g->height[i]) : 0;
    }
}

/* Exponential with mean 1. */
static inline double exponential(generator *g) {
    for (;;) {
        uint64_t bits = draw(g);
        unsigned layer = bits & (N_LAYERS - 1);
        double x = uniform(bits) * g->edge[layer];
        if (x < g->edge[layer + 1])
            return x;
        if (layer == 0)
            return TAIL_START - log(uniform(draw(g)));
        if (g->height[layer] + uniform(draw(g)) * (g->height[layer + 1] - g->height[layer]) <
            exp(-x))
            return x;
    }
}
#endif
