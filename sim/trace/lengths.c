#include "lengths.h"

#include "edgesplit/alloc.h"

#include <math.h>
#include <stdlib.h>

enum { HASH_BITS = 17, N_SLOTS = 1 << HASH_BITS, MOST_USED = N_SLOTS / 2, ALL_BITS = 63 };

typedef struct es_trace_length {
    es_time length; /* its low bits cut off */
    size_t n;       /* 0: the slot is free */
} length_count;

/* How many low bits of a length do not count. */
static int cut_bits(const es_trace_lengths *lengths, es_time length) {
    int n_bits;
    if (lengths->n_bits == ALL_BITS)
        return 0;
    frexp((double)length, &n_bits);
    return n_bits > lengths->n_bits ? n_bits - lengths->n_bits : 0;
}

/* The middle of the lengths that a slot stands for. */
static es_time middle(const es_trace_lengths *lengths, es_time cut) {
    return cut + (INT64_C(1) << cut_bits(lengths, cut)) / 2;
}

static size_t find_slot(const es_trace_lengths *lengths, es_time cut) {
    /* Fibonacci hashing: Knuth, The Art of Computer Programming 3, section 6.4. */
    size_t slot = (size_t)((uint64_t)cut * UINT64_C(0x9E3779B97F4A7C15) >> (64 - HASH_BITS));
    while (lengths->slots[slot].n > 0 && lengths->slots[slot].length != cut)
        slot = (slot + 1) % N_SLOTS;
    return slot;
}

static void count(es_trace_lengths *lengths, es_time length, size_t n) {
    int cut = cut_bits(lengths, length);
    length = length >> cut << cut;
    if (lengths->slots[lengths->latest].n == 0 || lengths->slots[lengths->latest].length != length)
        lengths->latest = find_slot(lengths, length);
    length_count *slot = &lengths->slots[lengths->latest];
    lengths->n_used += slot->n == 0;
    slot->length = length;
    slot->n += n;
}

/* Lets fewer bits count until a quarter of the table is enough. */
static es_status coarsen(es_trace_lengths *lengths) {
    es_trace_lengths coarse = *lengths;
    while (coarse.n_used > MOST_USED / 2) {
        coarse.slots = es_alloc(N_SLOTS, sizeof *coarse.slots);
        if (coarse.slots == NULL)
            return ES_NO_MEMORY;
        coarse.n_used = coarse.latest = 0;
        coarse.n_bits--;
        for (size_t i = 0; i < N_SLOTS; i++)
            if (lengths->slots[i].n > 0)
                count(&coarse, lengths->slots[i].length, lengths->slots[i].n);
        free(lengths->slots);
        *lengths = coarse;
    }
    return ES_OK;
}

es_status es_trace_lengths_init(es_trace_lengths *lengths) {
    *lengths = (es_trace_lengths){.n_bits = ALL_BITS};
    lengths->slots = es_alloc(N_SLOTS, sizeof *lengths->slots);
    return lengths->slots != NULL ? ES_OK : ES_NO_MEMORY;
}

void es_trace_lengths_fini(es_trace_lengths *lengths) {
    free(lengths->slots);
}

es_status es_trace_lengths_add(es_trace_lengths *lengths, es_time length) {
    count(lengths, length, 1);
    lengths->n++;
    return lengths->n_used < MOST_USED ? ES_OK : coarsen(lengths);
}

static int ascending(const void *a, const void *b) {
    es_time x = ((const length_count *)a)->length, y = ((const length_count *)b)->length;
    return (x > y) - (x < y);
}

es_status es_trace_lengths_median(const es_trace_lengths *lengths, es_time *median) {
    size_t n_used = 0, n_below = 0;
    *median = 0;
    if (lengths->n == 0)
        return ES_OK;
    length_count *sorted = es_alloc(lengths->n_used, sizeof *sorted);
    if (sorted == NULL)
        return ES_NO_MEMORY;
    for (size_t i = 0; i < N_SLOTS; i++)
        if (lengths->slots[i].n > 0)
            sorted[n_used++] = lengths->slots[i];
    qsort(sorted, n_used, sizeof *sorted, ascending);
    const length_count *at = sorted;
    while ((n_below += at->n) <= (lengths->n - 1) / 2)
        at++;
    *median = middle(lengths, at->length);
    free(sorted);
    return ES_OK;
}

size_t es_trace_lengths_above(const es_trace_lengths *lengths, es_time bound) {
    size_t n = 0;
    for (size_t i = 0; i < N_SLOTS; i++)
        if (lengths->slots[i].n > 0 && middle(lengths, lengths->slots[i].length) > bound)
            n += lengths->slots[i].n;
    return n;
}
