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

/* A draw of the exponential distribution with mean 1, from the bits that gsl_rng_uniform would
 * take: -ln(1 - u) to a relative error of 2^-52, the same on every machine (that of
 * gsl_ran_exponential, by the library's logarithm, may differ in the last bit). */
double es_rng_exponential(es_rng *rng);

/* Exponential draws with mean 1, a stream for each of many entities: those of es_rng_exponential,
 * at less than half the cost. Of a few streams many are drawn ahead at once; of many streams that
 * would take more memory than it saves time, and the two of a block are drawn together. */
enum { ES_DRAWN_AHEAD = 64, ES_FEW_STREAMS = 32 };
typedef struct es_exponentials {
    uint32_t key[2], name; /* of all streams, as in es_rng_open */
    uint32_t first, step;  /* their entities */
    struct es_ahead {
        double values[ES_DRAWN_AHEAD];
        size_t n_left;
    } * ahead; /* [n] NULL: of many streams */
    struct es_stream {
        uint64_t n_drawn;
        double second; /* of the block that an odd number of draws ends in */
    } streams[];       /* [n] */
} es_exponentials;

/* Creates them: number i draws from the stream of entity `first` + i `step`. Freed with `free`.
 * NULL: out of memory. */
ES_NODISCARD es_exponentials *es_exponentials_create(size_t n, uint64_t seed, uint32_t replication,
                                                     es_rng_purpose purpose, uint32_t first,
                                                     uint32_t step);

/* For es_exponentials_next: the first draw of the next block, or of the next ES_DRAWN_AHEAD draws;
 * the others are kept. */
double es_exponentials_block(es_exponentials *draws, size_t i);
double es_exponentials_ahead(es_exponentials *draws, size_t i);

/* The next draw of number `i`. No allocation. */
static inline double es_exponentials_next(es_exponentials *draws, size_t i) {
    if (draws->ahead != NULL) {
        struct es_ahead *ahead = &draws->ahead[i];
        return ahead->n_left > 0 ? ahead->values[ES_DRAWN_AHEAD - ahead->n_left--]
                                 : es_exponentials_ahead(draws, i);
    }
    struct es_stream *stream = &draws->streams[i];
    return stream->n_drawn++ % 2 == 1 ? stream->second : es_exponentials_block(draws, i);
}

/* The bare function: one block of four 32-bit words from a 128-bit counter and a 64-bit key. */
void es_philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4]);

#endif
