#include "deflate.h"

#include <libdeflate.h>

/* The compressor is libdeflate's. */
struct deflater *deflater_create(void) {
    return (struct deflater *)libdeflate_alloc_compressor(1);
}

void deflater_destroy(struct deflater *deflater) {
    if (deflater != NULL)
        libdeflate_free_compressor((struct libdeflate_compressor *)deflater);
}

size_t deflater_run(struct deflater *deflater, const void *bytes, size_t n, void *packed,
                    size_t room) {
    return libdeflate_zlib_compress((struct libdeflate_compressor *)deflater, bytes, n, packed,
                                    room);
}
