#include "source.h"

#include "edgesplit/alloc.h"

#include <errno.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

/* gzip, RFC 1952: one member or several. */
enum { WINDOW_BITS_GZIP = 15 + 16, PACKED_BLOCK = 1 << 16 };

struct es_trace_unpacker {
    z_stream zlib;
    bool is_between; /* behind the end of a member */
    char packed[PACKED_BLOCK];
};

static es_status refuse_input(const es_trace_source *source, es_errors *errors) {
    return es_errors_add(errors, ES_NO_INPUT, source->path, 0, "cannot be read: %s",
                         strerror(errno));
}

/* Reads bytes as they are; fewer than `room` only at the end. */
static es_status read_bytes(es_trace_source *source, char *to, size_t room, size_t *n,
                            es_errors *errors) {
    if (source->stream == NULL) {
        size_t left = source->memory.length - source->n_read;
        *n = left < room ? left : room;
        if (*n > 0)
            memcpy(to, source->memory.data + source->n_read, *n);
        source->n_read += *n;
        return ES_OK;
    }
    *n = fread(to, 1, room, source->stream);
    if (ferror(source->stream))
        return refuse_input(source, errors);
    if (!source->is_hashing)
        return ES_OK;
    es_hash_add(&source->hash, to, *n);
    if (*n == room)
        return ES_OK;
    source->is_hashing = false;
    es_status status = es_hash_fini(&source->hash, source->sha256);
    return status == ES_OK ? ES_OK
                           : es_errors_add(errors, status, source->path, 0, "cannot be hashed");
}

es_status es_trace_source_rewind(es_trace_source *source, es_errors *errors) {
    source->n_read = 0;
    if (source->stream != NULL && fseek(source->stream, 0, SEEK_SET) != 0)
        return refuse_input(source, errors);
    if (source->unpacker == NULL)
        return ES_OK;
    source->unpacker->is_between = false;
    source->unpacker->zlib.avail_in = 0;
    ES_REQUIRE(inflateReset(&source->unpacker->zlib) == Z_OK);
    return ES_OK;
}

es_status es_trace_source_open(es_trace_source *source, const char *path, FILE *stream,
                               es_slice memory, es_errors *errors) {
    char start[2];
    size_t n;
    *source = (es_trace_source){.path = path, .stream = stream, .memory = memory};
    es_status status = read_bytes(source, start, sizeof start, &n, errors);
    if (status != ES_OK)
        return status;
    if (n == 2 && memcmp(start, "\x1f\x8b", 2) == 0) {
        source->unpacker = es_alloc(1, sizeof *source->unpacker);
        if (source->unpacker == NULL)
            return ES_NO_MEMORY;
        if (inflateInit2(&source->unpacker->zlib, WINDOW_BITS_GZIP) != Z_OK)
            return ES_NO_MEMORY;
    }
    if (stream != NULL)
        es_hash_init(&source->hash);
    source->is_hashing = stream != NULL;
    return es_trace_source_rewind(source, errors);
}

void es_trace_source_close(es_trace_source *source) {
    if (source->unpacker != NULL)
        inflateEnd(&source->unpacker->zlib);
    free(source->unpacker);
    if (source->is_hashing)
        ES_REQUIRE(es_hash_fini(&source->hash, NULL) == ES_OK);
    if (source->stream != NULL)
        fclose(source->stream);
}

/* Gets more to unpack. */
static es_status feed(es_trace_source *source, bool *has_ended, es_errors *errors) {
    struct es_trace_unpacker *unpacker = source->unpacker;
    size_t n;
    es_status status = read_bytes(source, unpacker->packed, PACKED_BLOCK, &n, errors);
    unpacker->zlib.next_in = (const unsigned char *)unpacker->packed;
    unpacker->zlib.avail_in = (unsigned)n;
    *has_ended = n == 0;
    return status;
}

/* Unpacks some more; `has_ended`: nothing comes behind what zlib has. */
static es_status unpack(const es_trace_source *source, bool has_ended, es_errors *errors) {
    struct es_trace_unpacker *unpacker = source->unpacker;
    z_stream *zlib = &unpacker->zlib;
    int result = unpacker->is_between ? inflateReset(zlib) : Z_OK;
    if (result == Z_OK)
        result = inflate(zlib, Z_NO_FLUSH);
    unpacker->is_between = result == Z_STREAM_END;
    if (result == Z_OK || result == Z_STREAM_END)
        return ES_OK;
    if (result == Z_MEM_ERROR)
        return ES_NO_MEMORY;
    if (result == Z_BUF_ERROR && has_ended)
        return es_errors_add(errors, ES_INVALID, source->path, 0,
                             "the gzip data ends early; the file may have been cut off");
    return es_errors_add(errors, ES_INVALID, source->path, 0, "damaged gzip data: %s",
                         zlib->msg != NULL ? zlib->msg : "not as gzip writes it");
}

es_status es_trace_source_read(es_trace_source *source, char *to, size_t room, size_t *n,
                               es_errors *errors) {
    if (source->unpacker == NULL)
        return read_bytes(source, to, room, n, errors);
    z_stream *zlib = &source->unpacker->zlib;
    bool has_ended = false;
    es_status status = ES_OK;
    zlib->next_out = (unsigned char *)to;
    zlib->avail_out = (unsigned)room;
    while (status == ES_OK && zlib->avail_out > 0) {
        if (zlib->avail_in == 0)
            status = feed(source, &has_ended, errors);
        if (has_ended && source->unpacker->is_between)
            break;
        if (status == ES_OK)
            status = unpack(source, has_ended, errors);
    }
    *n = room - zlib->avail_out;
    return status;
}
