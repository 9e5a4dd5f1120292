#include "deflate.h"

#include "edgesplit/alloc.h"

#include <libdeflate.h>
#include <stdlib.h>

struct deflater {
    struct libdeflate_compressor *compressor;
    struct libdeflate_decompressor *decompressor;
};

struct deflater *deflater_create(void) {
    struct deflater *made = es_alloc(1, sizeof *made);
    if (made == NULL)
        return NULL;
    made->compressor = libdeflate_alloc_compressor(1);
    made->decompressor = libdeflate_alloc_decompressor();
    if (made->compressor == NULL || made->decompressor == NULL) {
        deflater_destroy(made);
        return NULL;
    }
    return made;
}

void deflater_destroy(struct deflater *deflater) {
    if (deflater == NULL)
        return;
    libdeflate_free_compressor(deflater->compressor);
    libdeflate_free_decompressor(deflater->decompressor);
    free(deflater);
}

size_t deflater_run(struct deflater *deflater, const void *bytes, size_t n, void *packed,
                    size_t room) {
    return libdeflate_zlib_compress(deflater->compressor, bytes, n, packed, room);
}

bool deflater_undo(struct deflater *deflater, const void *packed, size_t n_packed, void *bytes,
                   size_t n) {
    return libdeflate_zlib_decompress(deflater->decompressor, packed, n_packed, bytes, n, NULL) ==
           LIBDEFLATE_SUCCESS;
}
