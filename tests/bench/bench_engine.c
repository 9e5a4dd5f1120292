/* What an event costs: the hold model (Jones, CACM 29(4), 1986). Every slot has an event pending;
 * each step pops the earliest and schedules that slot again, an exponential time later. The times
 * are drawn beforehand, so that nothing but the engine and a table look-up is measured. */
#include "edgesplit/engine.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

enum { N_EVENTS = 10000000, N_DRAWS = 1 << 16 };
static es_time draws[N_DRAWS];

static void fill_draws(void) {
    uint64_t state = 1;
    for (size_t i = 0; i < N_DRAWS; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        draws[i] = (es_time)(-1e6 * log(((double)(state >> 11) + 0.5) * 0x1p-53));
    }
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

int main(void) {
    static const size_t sizes[] = {2, 8, 64, 1000, 100000};
    fill_draws();
    printf("%8s %10s %12s\n", "slots", "ns/event", "events/s");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        es_engine *engine;
        if (es_engine_create(sizes[i], &engine) != ES_OK)
            return 70;
        for (size_t slot = 0; slot < sizes[i]; slot++)
            es_engine_schedule(engine, slot, draws[slot % N_DRAWS]);
        double start = seconds();
        size_t slot;
        for (size_t n = 0; n < N_EVENTS && es_engine_pop(engine, &slot); n++)
            es_engine_schedule(engine, slot, es_engine_now(engine) + draws[n % N_DRAWS]);
        double elapsed = seconds() - start;
        printf("%8zu %10.2f %12.3g\n", sizes[i], elapsed / N_EVENTS * 1e9, N_EVENTS / elapsed);
        es_engine_destroy(engine);
    }
    return 0;
}
