/* Compression in zlib's format (private): by libdeflate where the build found it, else by zlib.
 * Both give the same bytes for the same input each time, but not the same as each other. */
#ifndef SIM_RECORDER_DEFLATE_H
#define SIM_RECORDER_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>

struct deflater;

/* Creates a compressor of level 1, for one thread at a time. NULL: out of memory. */
struct deflater *deflater_create(void);
void deflater_destroy(struct deflater *deflater);

/* Compresses `n` bytes; returns how many they became, 0 if more than `room`. No allocation of
 * edgesplit's own. */
size_t deflater_run(struct deflater *deflater, const void *bytes, size_t n, void *packed,
                    size_t room);

/* Restores the `n` bytes that became `packed`; false: it is not what they became. */
bool deflater_undo(struct deflater *deflater, const void *packed, size_t n_packed, void *bytes,
                   size_t n);

#endif
