/* Random streams: Philox4x32-10, a counter-based generator, behind GSL's generator interface.
 *
 * A stream is named by (seed, replication, purpose, entity) and is independent of every other one:
 * no draw of one stream shifts another, and streams may be opened in any order or in parallel.
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011. */
#ifndef EDGESPLIT_RNG_H
#define EDGESPLIT_RNG_H

#include "edgesplit/status.h"

#include <gsl/gsl_rng.h>
#include <stdint.h>

/* The GSL generator type "philox4x32-10": 32-bit outputs, gsl_rng_uniform has 53 random bits.
 * gsl_rng_set(r, seed) opens the stream (seed, 0, 0, 0). */
extern const gsl_rng_type *const es_rng_philox;

/* What a stream is drawn for. Values are part of the results: append, never renumber. */
typedef enum es_rng_purpose {
    ES_RNG_ARRIVALS = 1,
    ES_RNG_BATCH = 2,
    ES_RNG_SERVICE = 3,
    ES_RNG_POLICY = 4,
    ES_RNG_TRACE = 5,
    ES_RNG_NOISE = 6,
    ES_RNG_THINK = 7,
    ES_RNG_BACKGROUND = 8,
    ES_RNG_EXIT = 9,
} es_rng_purpose;

/* Creates the generator of a named stream at its start; the caller frees it with gsl_rng_free.
 * NULL: out of memory. `purpose` < 2^16, `replication` < 2^16. Each stream has 2^64 blocks of four
 * outputs. */
ES_NODISCARD gsl_rng *es_rng_create(uint64_t seed, uint32_t replication, es_rng_purpose purpose,
                                    uint32_t entity);

/* A stream that lies where its owner puts it, for very many of them. */
typedef struct es_rng {
    gsl_rng gsl; /* for GSL's functions */
    struct es_philox {
        uint32_t key[2], counter[4], output[4];
        uint32_t n_used; /* words of `output` that have been handed out */
    } state;
} es_rng;

/* Opens the same stream in `rng`, which may not be moved while it is used; nothing to close. */
void es_rng_open(es_rng *rng, uint64_t seed, uint32_t replication, es_rng_purpose purpose,
                 uint32_t entity);

/* The bare function: one block of four 32-bit words from a 128-bit counter and a 64-bit key. */
void es_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4]);

#endif
