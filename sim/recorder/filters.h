/* The filters of compressed variables, as HDF5's own would apply them (private): shuffle, deflate,
 * Fletcher-32. What they make goes to the file with H5Dwrite_chunk, and any HDF5 reads it. */
#ifndef SIM_RECORDER_FILTERS_H
#define SIM_RECORDER_FILTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that a chunk may grow by. */
enum { FILTERS_ROOM = 4 };

struct filters;

/* Creates filters for chunks of up to `most_bytes`, for one thread at a time. NULL: out of memory.
 */
struct filters *filters_create(size_t most_bytes);
void filters_destroy(struct filters *filters);

/* Filters a chunk of `n` > 0 values of `size` <= 8 bytes where it lies, with FILTERS_ROOM bytes
 * behind it. Returns its bytes; `*left_out` is what H5Dwrite_chunk is to be told: a bit for each
 * filter that was not applied, which is deflate where it gains nothing. */
size_t filters_apply(struct filters *filters, unsigned char *chunk, size_t n, size_t size,
                     uint32_t *left_out);

/* Restores the `n` values of `size` bytes that became these `n_bytes`. False: it is not what they
 * became. */
bool filters_undo(struct filters *filters, const unsigned char *packed, size_t n_bytes,
                  uint32_t left_out, size_t n, size_t size, unsigned char *values);

/* Fletcher's checksum of `n` bytes (Fletcher, IEEE Trans. Commun. 30, 1982), as HDF5 takes it: of
 * 16-bit words with the first byte on top, an odd last byte being the top of one. n < 2^17. */
uint32_t fletcher32(const unsigned char *bytes, size_t n);

#endif
