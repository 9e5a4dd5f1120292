#include "edgesplit/engine.h"

#include "edgesplit/alloc.h"

/* A tournament over the slots, padded with idle ones to a power of two. Node 1 is the root, nodes
 * 2i and 2i + 1 play for node i, slot s is the leaf n_leaves + s. Each node keeps the time and the
 * slot of the winner below it, so that a climb needs from each level only the rival's two numbers,
 * whose addresses it knows beforehand. */
struct es_engine {
    es_time now;
    uint64_t n_events;
    size_t n_slots, n_leaves;
    es_time *times;    /* [2 * n_leaves] */
    uint32_t *winners; /* [2 * n_leaves] */
};

es_status es_engine_create(size_t n_slots, es_engine **engine) {
    size_t n_leaves = 1;
    while (n_leaves < n_slots && n_leaves <= UINT32_MAX / 2)
        n_leaves *= 2;
    if (n_leaves < n_slots)
        return ES_NO_MEMORY;
    es_engine *created = es_alloc(1, sizeof *created);
    if (created == NULL)
        return ES_NO_MEMORY;
    created->n_slots = n_slots;
    created->n_leaves = n_leaves;
    created->times = es_alloc(2 * n_leaves, sizeof *created->times);
    created->winners = es_alloc(2 * n_leaves, sizeof *created->winners);
    if (created->times == NULL || created->winners == NULL) {
        es_engine_destroy(created);
        return ES_NO_MEMORY;
    }
    for (size_t i = 0; i < 2 * n_leaves; i++)
        created->times[i] = ES_TIME_NEVER;
    for (size_t i = 0; i < n_leaves; i++)
        created->winners[n_leaves + i] = (uint32_t)i;
    *engine = created;
    return ES_OK;
}

void es_engine_destroy(es_engine *engine) {
    if (engine == NULL)
        return;
    free(engine->times);
    free(engine->winners);
    free(engine);
}

#pragma GCC poison malloc calloc realloc free es_alloc es_reserve

es_time es_engine_now(const es_engine *engine) {
    return engine->now;
}

uint64_t es_engine_n_events(const es_engine *engine) {
    return engine->n_events;
}

/* Gives the slot a new time and replays its matches up to the root. Who wins is as good as random,
 * hence masks in the place of a branch, which would be mispredicted at every other level. */
static void replay(const es_engine *engine, size_t slot, es_time at) {
    es_time *times = engine->times;
    uint32_t *winners = engine->winners, winner = (uint32_t)slot;
    size_t node = engine->n_leaves + slot;
    times[node] = at;
    while (node > 1) {
        size_t rival = node ^ 1;
        es_time rival_at = times[rival];
        /* All ones if the rival is earlier; a tie goes to the even node, which has lower slots. */
        int64_t lost = -(int64_t)(rival_at - (es_time)(node & 1) < at);
        at ^= (at ^ rival_at) & lost;
        winner ^= (winner ^ winners[rival]) & (uint32_t)lost;
        node /= 2;
        times[node] = at;
        winners[node] = winner;
    }
}

void es_engine_schedule(es_engine *engine, size_t slot, es_time at) {
    ES_REQUIRE(slot < engine->n_slots && at >= engine->now);
    replay(engine, slot, at);
}

es_time es_engine_pending(const es_engine *engine, size_t slot) {
    ES_REQUIRE(slot < engine->n_slots);
    return engine->times[engine->n_leaves + slot];
}

bool es_engine_pop(es_engine *engine, size_t *slot) {
    es_time at = engine->times[1];
    if (at == ES_TIME_NEVER)
        return false;
    engine->now = at;
    engine->n_events++;
    *slot = engine->winners[1];
    replay(engine, *slot, ES_TIME_NEVER);
    return true;
}
