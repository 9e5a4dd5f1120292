#define ZLIB_CONST /* input is const */

#include "deflate.h"

#include "edgesplit/alloc.h"

#include <stdlib.h>
#include <zlib.h>

struct deflater {
    z_stream stream;
};

struct deflater *deflater_create(void) {
    struct deflater *made = es_alloc(1, sizeof *made);
    if (made != NULL && deflateInit(&made->stream, 1) != Z_OK) {
        free(made);
        made = NULL;
    }
    return made;
}

void deflater_destroy(struct deflater *deflater) {
    if (deflater != NULL)
        deflateEnd(&deflater->stream);
    free(deflater);
}

size_t deflater_run(struct deflater *deflater, const void *bytes, size_t n, void *packed,
                    size_t room) {
    z_stream *stream = &deflater->stream;
    deflateReset(stream);
    stream->next_in = bytes;
    stream->avail_in = (uInt)n;
    stream->next_out = packed;
    stream->avail_out = (uInt)room;
    return deflate(stream, Z_FINISH) == Z_STREAM_END ? room - stream->avail_out : 0;
}

bool deflater_undo(struct deflater *deflater, const void *packed, size_t n_packed, void *bytes,
                   size_t n) {
    (void)deflater;
    uLongf n_restored = (uLongf)n;
    return uncompress(bytes, &n_restored, packed, (uLong)n_packed) == Z_OK && n_restored == n;
}
