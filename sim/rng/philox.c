#include "edgesplit/rng.h"

#include "edgesplit/alloc.h"

/* Multipliers and Weyl increments of Philox4x32 (Salmon et al. 2011, section 4.3 and table 2). */
#define MULTIPLIER_0 UINT64_C(0xD2511F53)
#define MULTIPLIER_1 UINT64_C(0xCD9E8D57)
#define WEYL_0       UINT32_C(0x9E3779B9)
#define WEYL_1       UINT32_C(0xBB67AE85)

enum { N_ROUNDS = 10, N_WORDS = 4 };

void es_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4]) {
    uint32_t x0 = counter[0], x1 = counter[1], x2 = counter[2], x3 = counter[3];
    uint32_t key_0 = key[0], key_1 = key[1];
    for (int round = 0; round < N_ROUNDS; round++) {
        uint64_t product_0 = MULTIPLIER_0 * x0, product_1 = MULTIPLIER_1 * x2;
        x0 = (uint32_t)(product_1 >> 32) ^ x1 ^ key_0;
        x2 = (uint32_t)(product_0 >> 32) ^ x3 ^ key_1;
        x1 = (uint32_t)product_1;
        x3 = (uint32_t)product_0;
        key_0 += WEYL_0;
        key_1 += WEYL_1;
    }
    output[0] = x0;
    output[1] = x1;
    output[2] = x2;
    output[3] = x3;
}

/* The key is the seed, low word first. Of the counter, words 0 (low) and 1 (high) number the block
 * within the stream; word 2 is the entity; word 3 holds the purpose in its low and the replication
 * in its high 16 bits. Different streams hence never share a counter. */
typedef struct es_philox philox_state;

static void open_stream(philox_state *state, uint64_t seed, uint32_t name_0, uint32_t name_1) {
    *state = (philox_state){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, 0, name_0, name_1},
        .n_used = N_WORDS,
    };
}

static void set(void *state, unsigned long seed) {
    open_stream(state, seed, 0, 0);
}

static uint32_t next_word(philox_state *state) {
    if (state->n_used == N_WORDS) {
        es_philox4x32_10(state->counter, state->key, state->output);
        state->n_used = 0;
        if (++state->counter[0] == 0)
            state->counter[1]++;
    }
    return state->output[state->n_used++];
}

static unsigned long get(void *state) {
    return next_word(state);
}

static double get_double(void *state) {
    uint64_t high = next_word(state) >> 5, low = next_word(state) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

static const gsl_rng_type philox_type = {
    "philox4x32-10", UINT32_MAX, 0, sizeof(philox_state), set, get, get_double,
};
const gsl_rng_type *const es_rng_philox = &philox_type;

void es_rng_open(es_rng *rng, uint64_t seed, uint32_t replication, es_rng_purpose purpose,
                 uint32_t entity) {
    ES_REQUIRE(replication <= UINT16_MAX && (uint32_t)purpose <= UINT16_MAX);
    rng->gsl = (gsl_rng){es_rng_philox, &rng->state};
    open_stream(&rng->state, seed, entity, replication << 16 | (uint32_t)purpose);
}

gsl_rng *es_rng_create(uint64_t seed, uint32_t replication, es_rng_purpose purpose,
                       uint32_t entity) {
    ES_REQUIRE(replication <= UINT16_MAX && (uint32_t)purpose <= UINT16_MAX);
    /* Not gsl_rng_alloc: when memory runs out, that ends the program. */
    gsl_rng *rng = es_alloc(1, sizeof *rng);
    philox_state *state = es_alloc(1, sizeof *state);
    if (rng == NULL || state == NULL) {
        free(rng);
        free(state);
        return NULL;
    }
    open_stream(state, seed, entity, replication << 16 | (uint32_t)purpose);
    rng->type = es_rng_philox;
    rng->state = state;
    return rng;
}
