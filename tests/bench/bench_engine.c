/* What an event costs: the hold model (Jones, CACM 29(4), 1986) with the event engine, bench_engine
 * SLOTS. Every slot has an event pending; each step pops the earliest and schedules that slot
 * again, an exponential time later. Prints events and seconds of processor time. */
#include "edgesplit/engine.h"

#include "peers/hold.h"

int main(int argc, char **argv) {
    es_engine *engine;
    size_t n = argc == 2 ? (size_t)atoll(argv[1]) : 0, slot;
    if (n == 0 || es_engine_create(n, &engine) != ES_OK)
        return 64;
    fill_increments();
    for (slot = 0; slot < n; slot++)
        es_engine_schedule(engine, slot, increments_ns[slot % N_INCREMENTS]);
    double start_s = cpu_s();
    for (size_t i = 0; i < N_EVENTS && es_engine_pop(engine, &slot); i++)
        es_engine_schedule(engine, slot, es_engine_now(engine) + increments_ns[i % N_INCREMENTS]);
    report(start_s, es_engine_now(engine));
    es_engine_destroy(engine);
    return 0;
}
