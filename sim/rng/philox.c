#include "edgesplit/rng.h"

#include "edgesplit/alloc.h"

#include <stdbool.h>
#include <string.h>

/* Multipliers and Weyl increments of Philox4x32 (Salmon et al. 2011, section 4.3 and table 2). */
#define MULTIPLIER_0 UINT64_C(0xD2511F53)
#define MULTIPLIER_1 UINT64_C(0xCD9E8D57)
#define WEYL_0       UINT32_C(0x9E3779B9)
#define WEYL_1       UINT32_C(0xBB67AE85)

enum { N_ROUNDS = 10, N_WORDS = 4 };

/* One round on the words of a block. */
static inline void mix(uint32_t *x0, uint32_t *x1, uint32_t *x2, uint32_t *x3, uint32_t key_0,
                       uint32_t key_1) {
    uint64_t product_0 = MULTIPLIER_0 * *x0, product_1 = MULTIPLIER_1 * *x2;
    *x0 = (uint32_t)(product_1 >> 32) ^ *x1 ^ key_0;
    *x2 = (uint32_t)(product_0 >> 32) ^ *x3 ^ key_1;
    *x1 = (uint32_t)product_1;
    *x3 = (uint32_t)product_0;
}

void es_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4]) {
    uint32_t x0 = counter[0], x1 = counter[1], x2 = counter[2], x3 = counter[3];
    uint32_t key_0 = key[0], key_1 = key[1];
    for (int round = 0; round < N_ROUNDS; round++) {
        mix(&x0, &x1, &x2, &x3, key_0, key_1);
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

/* A whole number below 2^53. */
static inline double whole(uint32_t high, uint32_t low) {
    return (double)(int32_t)(high >> 5) * 0x1p26 + (double)(int32_t)(low >> 6);
}

static double next_whole(philox_state *state) {
    uint32_t high = next_word(state);
    return whole(high, next_word(state));
}

static double get_double(void *state) {
    return next_whole(state) * 0x1p-53;
}

static const gsl_rng_type philox_type = {
    "philox4x32-10", UINT32_MAX, 0, sizeof(philox_state), set, get, get_double,
};
const gsl_rng_type *const es_rng_philox = &philox_type;

/* The counter's last word. */
static uint32_t name_of(uint32_t replication, es_rng_purpose purpose) {
    ES_REQUIRE(replication <= UINT16_MAX && (uint32_t)purpose <= UINT16_MAX);
    return replication << 16 | (uint32_t)purpose;
}

void es_rng_open(es_rng *rng, uint64_t seed, uint32_t replication, es_rng_purpose purpose,
                 uint32_t entity) {
    rng->gsl = (gsl_rng){es_rng_philox, &rng->state};
    open_stream(&rng->state, seed, entity, name_of(replication, purpose));
}

#define LN_2_HIGH 0x1.62e42fefa3800p-1         /* its product with 0 .. 53 is exact */
#define LN_2_LOW  0x1.ef35793c76730p-45        /* the rest of ln 2 */
#define SQRT_HALF UINT64_C(0x3fe6a09e667f3bcd) /* the bits of the square root of 1/2 */

/* -ln(m / 2^53) of a whole m, 1 .. 2^53. With m = 2^e z, z^2 in 1/2 .. 2, and f = z - 1 it is
 * (53 - e) ln 2 - 2 artanh(f / (2 + f)), where 10 terms of the series are enough. No branch, no
 * table, nothing of a library: the compiler takes several at a time, and every machine gets the
 * same bits. */
static inline double minus_ln(double m) {
    uint64_t bits;
    memcpy(&bits, &m, sizeof bits);
    uint64_t e = (bits - SQRT_HALF) >> 52;
    bits -= e << 52;
    double z, n = (double)(53 - (int32_t)e);
    memcpy(&z, &bits, sizeof z);
    double f = z - 1, s = f / (2 + f), w = s * s;
    double rest = 2.0 / 17 + w * (2.0 / 19);
    rest = 2.0 / 15 + w * rest;
    rest = 2.0 / 13 + w * rest;
    rest = 2.0 / 11 + w * rest;
    rest = 2.0 / 9 + w * rest;
    rest = 2.0 / 7 + w * rest;
    rest = 2.0 / 5 + w * rest;
    rest = w * (2.0 / 3 + w * rest);
    return n * LN_2_HIGH - (f - (s * (f - rest) + n * LN_2_LOW)); /* 2 s = f - s f */
}

double es_rng_exponential(es_rng *rng) {
    return minus_ln(0x1p53 - next_whole(&rng->state));
}

/* The draws of N_TOGETHER blocks from `first` on: so many that the compiler does not unroll the
 * rounds, and takes four blocks at a time instead. */
enum { N_TOGETHER = ES_DRAWN_AHEAD / 2 };
static void draw_together(const uint32_t key[2], uint64_t first, uint32_t name_0, uint32_t name_1,
                          double values[2 * N_TOGETHER]) {
    uint32_t x[N_WORDS][N_TOGETHER], key_0 = key[0], key_1 = key[1];
    for (uint32_t i = 0; i < N_TOGETHER; i++) {
        x[0][i] = (uint32_t)(first + i);
        x[1][i] = (uint32_t)((first + i) >> 32);
        x[2][i] = name_0;
        x[3][i] = name_1;
    }
    for (int round = 0; round < N_ROUNDS; round++) {
        for (size_t i = 0; i < N_TOGETHER; i++)
            mix(&x[0][i], &x[1][i], &x[2][i], &x[3][i], key_0, key_1);
        key_0 += WEYL_0;
        key_1 += WEYL_1;
    }
    for (size_t i = 0; i < N_TOGETHER; i++) {
        values[2 * i] = minus_ln(0x1p53 - whole(x[0][i], x[1][i]));
        values[2 * i + 1] = minus_ln(0x1p53 - whole(x[2][i], x[3][i]));
    }
}

double es_exponentials_ahead(es_exponentials *draws, size_t i) {
    struct es_ahead *ahead = &draws->ahead[i];
    uint64_t *n_drawn = &draws->streams[i].n_drawn;
    draw_together(draws->key, *n_drawn / 2, draws->first + (uint32_t)i * draws->step, draws->name,
                  ahead->values);
    *n_drawn += ES_DRAWN_AHEAD;
    ahead->n_left = ES_DRAWN_AHEAD - 1;
    return ahead->values[0];
}

double es_exponentials_block(es_exponentials *draws, size_t i) {
    struct es_stream *stream = &draws->streams[i];
    uint64_t block = stream->n_drawn / 2;
    const uint32_t counter[N_WORDS] = {(uint32_t)block, (uint32_t)(block >> 32),
                                       draws->first + (uint32_t)i * draws->step, draws->name};
    uint32_t x[N_WORDS];
    es_philox4x32_10(counter, draws->key, x);
    double values[2] = {0x1p53 - whole(x[0], x[1]), 0x1p53 - whole(x[2], x[3])};
    for (size_t k = 0; k < 2; k++) /* both at once */
        values[k] = minus_ln(values[k]);
    stream->second = values[1];
    return values[0];
}

es_exponentials *es_exponentials_create(size_t n, uint64_t seed, uint32_t replication,
                                        es_rng_purpose purpose, uint32_t first, uint32_t step) {
    bool few = n <= ES_FEW_STREAMS;
    size_t each = sizeof(struct es_stream) + (few ? sizeof(struct es_ahead) : 0);
    es_exponentials *made = n < SIZE_MAX / each - 1 ? es_alloc(1, sizeof *made + n * each) : NULL;
    if (made == NULL)
        return NULL;
    *made = (es_exponentials){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .name = name_of(replication, purpose),
        .first = first,
        .step = step,
    };
    if (few)
        made->ahead = (struct es_ahead *)(void *)(made->streams + n);
    return made;
}

gsl_rng *es_rng_create(uint64_t seed, uint32_t replication, es_rng_purpose purpose,
                       uint32_t entity) {
    /* Not gsl_rng_alloc: when memory runs out, that ends the program. */
    gsl_rng *rng = es_alloc(1, sizeof *rng);
    philox_state *state = es_alloc(1, sizeof *state);
    if (rng == NULL || state == NULL) {
        free(rng);
        free(state);
        return NULL;
    }
    open_stream(state, seed, entity, name_of(replication, purpose));
    rng->type = es_rng_philox;
    rng->state = state;
    return rng;
}
