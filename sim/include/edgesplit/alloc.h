/* Checked allocation: array sizes that overflow fail instead of wrapping round. Memory comes
 * zeroed.
 *
 * Every allocation of edgesplit goes through these two functions and ends in free(). Tests replace
 * the C library's allocator underneath them at link time (tests/support/fault_alloc.h), to count
 * allocations and to make the n-th one fail; the library itself keeps no state. */
#ifndef EDGESPLIT_ALLOC_H
#define EDGESPLIT_ALLOC_H

#include "edgesplit/status.h"

#include <stddef.h>

/* Creates a zeroed array of `count` elements of `size` bytes; the caller frees it with free(). NULL
 * if memory has run out or count * size overflows. Never NULL for a count of 0. */
ES_NODISCARD void *es_alloc(size_t count, size_t size);

/* Creates a copy of a text; NULL if memory has run out. */
ES_NODISCARD char *es_strdup(const char *text);

/* Makes room for at least `needed` elements in a growing array: `*array` (which may be NULL) is
 * reallocated to a capacity at least doubled, from 1 MiB on an eighth larger, new elements
 * zeroed, and `*capacity` updated. Amortised O(1) per element. ES_NO_MEMORY: the array is
 * unchanged. */
ES_NODISCARD es_status es_reserve(void *array, size_t *capacity, size_t needed, size_t size);

#endif
