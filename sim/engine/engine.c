#include "edgesplit/engine.h"

#include "edgesplit/alloc.h"

/* A tournament over the slots: nodes 2i and 2i + 1 play for node i, node 1 is the root, and slot s
 * is the leaf n_slots + s. A key is a time since `base` with the slot in its low bits: the least
 * wins, of a tie the lower slot. What lies beyond the horizon of the keys, as what never comes, has
 * a key at the horizon; when that wins, the base moves on. */
struct es_engine {
    es_time now, base;
    uint64_t n_events;
    size_t n_slots;
    unsigned slot_bits;
    size_t in_hand; /* the slot popped last, whose key still stands in the tree; n_slots: none */
    es_time *times; /* [n_slots] */
    int64_t *keys;  /* [2 * n_slots], the first one unused */
};

static es_time horizon(const es_engine *engine) {
    return INT64_MAX >> engine->slot_bits;
}

static int64_t key_of(const es_engine *engine, size_t slot) {
    es_time most = horizon(engine), since = engine->times[slot] - engine->base;
    return (since < most ? since : most) << engine->slot_bits | (int64_t)slot;
}

static size_t slot_of(const es_engine *engine, int64_t key) {
    return (size_t)key & (((size_t)1 << engine->slot_bits) - 1);
}

static int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Plays all matches anew, for a base that has moved. O(n_slots). */
static void play_all(const es_engine *engine) {
    int64_t *keys = engine->keys;
    for (size_t slot = 0; slot < engine->n_slots; slot++)
        keys[engine->n_slots + slot] = key_of(engine, slot);
    for (size_t i = engine->n_slots; i-- > 1;)
        keys[i] = least(keys[2 * i], keys[2 * i + 1]);
}

es_status es_engine_create(size_t n_slots, es_engine **engine) {
    if (n_slots > UINT32_MAX)
        return ES_NO_MEMORY;
    n_slots = n_slots > 0 ? n_slots : 1;
    es_engine *created = es_alloc(1, sizeof *created);
    if (created == NULL)
        return ES_NO_MEMORY;
    *created = (es_engine){.n_slots = n_slots, .in_hand = n_slots};
    while (((size_t)1 << created->slot_bits) < n_slots)
        created->slot_bits++;
    created->times = es_alloc(n_slots, sizeof *created->times);
    created->keys = es_alloc(2 * n_slots, sizeof *created->keys);
    if (created->times == NULL || created->keys == NULL) {
        es_engine_destroy(created);
        return ES_NO_MEMORY;
    }
    for (size_t i = 0; i < n_slots; i++)
        created->times[i] = ES_TIME_NEVER;
    play_all(created);
    *engine = created;
    return ES_OK;
}

void es_engine_destroy(es_engine *engine) {
    if (engine == NULL)
        return;
    free(engine->times);
    free(engine->keys);
    free(engine);
}

#pragma GCC poison malloc calloc realloc free es_alloc es_reserve

es_time es_engine_now(const es_engine *engine) {
    return engine->now;
}

uint64_t es_engine_n_events(const es_engine *engine) {
    return engine->n_events;
}

/* Gives the slot the key of its time and replays its matches up to the root. What wins on the way
 * stays in a register, so that the rivals' keys, whose places are known beforehand, are all that is
 * read. */
static void replay(const es_engine *engine, size_t slot) {
    int64_t *keys = engine->keys, winner = key_of(engine, slot);
    size_t node = engine->n_slots + slot;
    keys[node] = winner;
    while (node > 1) {
        winner = least(winner, keys[node ^ 1]);
        node /= 2;
        keys[node] = winner;
    }
}

es_time es_engine_schedule(es_engine *engine, size_t slot, es_time at) {
    ES_REQUIRE(slot < engine->n_slots && at >= engine->now);
    es_time was = engine->times[slot];
    if (slot == engine->in_hand)
        engine->in_hand = engine->n_slots;
    else if (at == was)
        return was;
    engine->times[slot] = at;
    replay(engine, slot);
    return was;
}

es_time es_engine_pending(const es_engine *engine, size_t slot) {
    ES_REQUIRE(slot < engine->n_slots);
    return engine->times[slot];
}

/* Moves the base to the earliest time. False if there is none. O(n_slots). */
static bool move_base(es_engine *engine) {
    es_time first = ES_TIME_NEVER;
    for (size_t i = 0; i < engine->n_slots; i++)
        first = least(first, engine->times[i]);
    if (first == ES_TIME_NEVER)
        return false;
    engine->base = least(first, ES_TIME_NEVER - horizon(engine)); /* never lies beyond */
    play_all(engine);
    return true;
}

/* A tree of so many slots does not fit a cache: but for the rounds near the root, what is read on
 * the way up of a slot has to come from memory. */
enum { MANY = 1 << 15, N_FAR_ROUNDS = 6 };

/* The best of those whom the slot in hand has met near the root. */
size_t es_engine_foresee(const es_engine *engine) {
    const int64_t *keys = engine->keys;
    int64_t next = INT64_MAX;
    if (engine->in_hand == engine->n_slots)
        return slot_of(engine, keys[1]);
    for (size_t node = (engine->n_slots + engine->in_hand) >> N_FAR_ROUNDS; node > 1; node /= 2)
        next = least(next, keys[node ^ 1]);
    return next < INT64_MAX ? slot_of(engine, next) : engine->in_hand;
}

/* Has the way up of a slot fetched. GCC drops calls of a function that only fetches. */
static inline __attribute__((always_inline)) void fetch(const es_engine *engine, size_t slot) {
    size_t node = engine->n_slots + slot;
    __builtin_prefetch(&engine->times[slot], 1);
    for (int round = 0; round < N_FAR_ROUNDS; round++, node /= 2)
        __builtin_prefetch(&engine->keys[node], 1);
}

bool es_engine_pop(es_engine *engine, size_t *slot) {
    /* What was popped last stays in the tree until here; mostly it has been scheduled again.
     * Whoever lost to its old key meanwhile did so on its way to the root, which is replayed now.
     */
    if (engine->in_hand < engine->n_slots)
        replay(engine, engine->in_hand);
    engine->in_hand = engine->n_slots;
    if (engine->keys[1] >> engine->slot_bits == horizon(engine) && !move_base(engine))
        return false;
    size_t first = slot_of(engine, engine->keys[1]);
    engine->now = engine->times[first];
    engine->times[first] = ES_TIME_NEVER;
    engine->n_events++;
    *slot = engine->in_hand = first;
    if (engine->n_slots >= MANY)
        fetch(engine, es_engine_foresee(engine));
    return true;
}
