/* The hold model: what all event lists have in common. The increments are drawn beforehand, so that
 * nothing but the list and a look-up is measured; the time at the end shows that all lists did the
 * same. */
#ifndef TESTS_BENCH_PEERS_HOLD_H
#define TESTS_BENCH_PEERS_HOLD_H

#include "draws.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { N_EVENTS = 5000000, N_INCREMENTS = 1 << 16 };
static int64_t increments_ns[N_INCREMENTS];

static void fill_increments(void) {
    generator dice;
    generator_seed(&dice, 1);
    for (int i = 0; i < N_INCREMENTS; i++)
        increments_ns[i] = (int64_t)(1e9 * exponential(&dice));
}

static double cpu_s(void) {
    return (double)clock() / CLOCKS_PER_SEC;
}

static void report(double start_s, int64_t now_ns) {
    printf("%d %.9f %lld\n", (int)N_EVENTS, cpu_s() - start_s, (long long)now_ns);
}
#endif
