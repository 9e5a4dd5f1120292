#include "filters.h"

#include "deflate.h"
#include "edgesplit/alloc.h"

#include <stdlib.h>
#include <string.h>

/* The place of deflate among the filters, netcdf.c. */
enum { DEFLATE_BIT = 1U << 1 };

/* Many columns are the same value all through, for which deflate is slow: what such chunks became
 * is kept. */
enum { N_KEPT = 16, MOST_KEPT_BYTES = 256 };
struct constant {
    uint64_t value;
    size_t n, size; /* of the chunk; 0: not used yet */
    size_t n_packed;
    uint32_t left_out;
    unsigned char packed[MOST_KEPT_BYTES];
};

struct filters {
    struct deflater *deflater;
    unsigned char *shuffled;
    struct constant kept[N_KEPT];
    size_t n_constants; /* found so far; the last N_KEPT of them are kept */
};

struct filters *filters_create(size_t most_bytes) {
    struct filters *made = es_alloc(1, sizeof *made);
    if (made == NULL)
        return NULL;
    made->deflater = deflater_create();
    made->shuffled = es_alloc(most_bytes, 1);
    if (made->deflater == NULL || made->shuffled == NULL) {
        filters_destroy(made);
        return NULL;
    }
    return made;
}

void filters_destroy(struct filters *filters) {
    if (filters == NULL)
        return;
    deflater_destroy(filters->deflater);
    free(filters->shuffled);
    free(filters);
}

/* Swaps the bits of `x` that are in `mask` with those of `y` that are `shift` above. */
static void swap_bits(uint64_t *x, uint64_t *y, int shift, uint64_t mask) {
    uint64_t both = ((*x >> shift) ^ *y) & mask;
    *y ^= both;
    *x ^= both << shift;
}

/* Transposes a square of 8 x 8 bytes: squares of 4, of 2 and of 1 change places across the
 * diagonal, as Warren does with bits (Hacker's Delight, 7-3). */
static void transpose(uint64_t rows[8]) {
    for (int i = 0; i < 4; i++)
        swap_bits(&rows[i], &rows[i + 4], 32, 0x00000000ffffffffU);
    for (int i = 0; i < 8; i += i % 4 == 1 ? 3 : 1)
        swap_bits(&rows[i], &rows[i + 2], 16, 0x0000ffff0000ffffU);
    for (int i = 0; i < 8; i += 2)
        swap_bits(&rows[i], &rows[i + 1], 8, 0x00ff00ff00ff00ffU);
}

/* All first bytes of the values, then all second ones, and so on. */
static void shuffle(const unsigned char *values, size_t n, size_t size, unsigned char *shuffled) {
    size_t done = 0;
    for (; size == 8 && done + 8 <= n; done += 8) {
        uint64_t rows[8];
        memcpy(rows, values + done * 8, sizeof rows);
        transpose(rows);
        for (size_t byte = 0; byte < 8; byte++)
            memcpy(shuffled + byte * n + done, &rows[byte], 8);
    }
    for (size_t byte = 0; byte < size; byte++)
        for (size_t i = done; i < n; i++)
            shuffled[byte * n + i] = values[i * size + byte];
}

static void unshuffle(const unsigned char *shuffled, size_t n, size_t size, unsigned char *values) {
    size_t done = 0;
    for (; size == 8 && done + 8 <= n; done += 8) {
        uint64_t rows[8];
        for (size_t byte = 0; byte < 8; byte++)
            memcpy(&rows[byte], shuffled + byte * n + done, 8);
        transpose(rows);
        memcpy(values + done * 8, rows, sizeof rows);
    }
    for (size_t byte = 0; byte < size; byte++)
        for (size_t i = done; i < n; i++)
            values[i * size + byte] = shuffled[byte * n + i];
}

/* The number of 1 .. 65535 that is congruent to a sum modulo 65535; 0 only of 0. */
static uint32_t fold(uint64_t sum) {
    return sum == 0 ? 0 : (uint32_t)((sum - 1) % 65535 + 1);
}

uint32_t fletcher32(const unsigned char *bytes, size_t n) {
    uint64_t first = 0, second = 0;
    size_t n_words = n / 2;
    for (size_t i = 0; i < n_words; i++) {
        first += (uint64_t)bytes[2 * i] << 8 | bytes[2 * i + 1];
        second += first;
    }
    if (n % 2 != 0) {
        first += (uint64_t)bytes[n - 1] << 8;
        second += first;
    }
    return fold(second) << 16 | fold(first);
}

static size_t pack(struct filters *filters, unsigned char *chunk, size_t n, size_t size,
                   uint32_t *left_out) {
    size_t n_bytes = n * size;
    shuffle(chunk, n, size, filters->shuffled);
    size_t n_packed = deflater_run(filters->deflater, filters->shuffled, n_bytes, chunk, n_bytes);
    *left_out = n_packed > 0 ? 0 : DEFLATE_BIT;
    if (n_packed == 0) {
        memcpy(chunk, filters->shuffled, n_bytes);
        n_packed = n_bytes;
    }
    uint32_t checksum = fletcher32(chunk, n_packed);
    for (int i = 0; i < FILTERS_ROOM; i++)
        chunk[n_packed++] = (unsigned char)(checksum >> 8 * i);
    return n_packed;
}

static struct constant *find_constant(struct filters *filters, uint64_t value, size_t n,
                                      size_t size) {
    for (size_t i = 0; i < N_KEPT; i++) {
        struct constant *kept = &filters->kept[i];
        if (kept->value == value && kept->n == n && kept->size == size)
            return kept;
    }
    return NULL;
}

size_t filters_apply(struct filters *filters, unsigned char *chunk, size_t n, size_t size,
                     uint32_t *left_out) {
    if (memcmp(chunk, chunk + size, (n - 1) * size) != 0)
        return pack(filters, chunk, n, size, left_out);
    uint64_t value = 0;
    memcpy(&value, chunk, size);
    struct constant *kept = find_constant(filters, value, n, size);
    if (kept == NULL) {
        size_t n_packed = pack(filters, chunk, n, size, left_out);
        if (n_packed > MOST_KEPT_BYTES)
            return n_packed;
        kept = &filters->kept[filters->n_constants++ % N_KEPT];
        *kept = (struct constant){
            .value = value, .n = n, .size = size, .n_packed = n_packed, .left_out = *left_out};
        memcpy(kept->packed, chunk, n_packed);
    }
    memcpy(chunk, kept->packed, kept->n_packed);
    *left_out = kept->left_out;
    return kept->n_packed;
}

bool filters_undo(struct filters *filters, const unsigned char *packed, size_t n_bytes,
                  uint32_t left_out, size_t n, size_t size, unsigned char *values) {
    uint32_t checksum = 0;
    if (n_bytes <= FILTERS_ROOM)
        return false;
    size_t n_packed = n_bytes - FILTERS_ROOM;
    for (int i = 0; i < FILTERS_ROOM; i++)
        checksum |= (uint32_t)packed[n_packed + (size_t)i] << 8 * i;
    if (fletcher32(packed, n_packed) != checksum)
        return false;
    if ((left_out & DEFLATE_BIT) != 0) {
        if (n_packed != n * size)
            return false;
        unshuffle(packed, n, size, values);
        return true;
    }
    if (!deflater_undo(filters->deflater, packed, n_packed, filters->shuffled, n * size))
        return false;
    unshuffle(filters->shuffled, n, size, values);
    return true;
}
