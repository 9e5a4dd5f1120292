#include "edgesplit/alloc.h"
#include "format.h"

#include <string.h>
#define ZLIB_CONST
#include <zlib.h>

/* gzip, RFC 1952. The first capacity doubles to a little more than ES_TRACE_MAX_BYTES. */
enum { WINDOW_BITS_GZIP = 15 + 16, FIRST_CAPACITY = (1 << 16) + 64 };

bool es_trace_is_packed(es_slice content) {
    return content.length >= 2 && memcmp(content.data, "\x1f\x8b", 2) == 0;
}

/* What is unpacked so far. */
typedef struct output {
    char *data;
    size_t length, capacity, max_bytes;
} output;

/* Lets zlib write behind what is there, up to one byte more than is allowed, and a NUL. */
static es_status make_room(z_stream *stream, output *out) {
    if (out->length + 1 >= out->capacity &&
        es_reserve(&out->data, &out->capacity,
                   out->capacity > 0 ? out->capacity * 2 : FIRST_CAPACITY, 1) != ES_OK)
        return ES_NO_MEMORY;
    size_t room = out->capacity - out->length - 1, allowed = out->max_bytes + 1 - out->length;
    stream->next_out = (unsigned char *)out->data + out->length;
    stream->avail_out = (unsigned)(room < allowed ? room : allowed);
    return ES_OK;
}

/* Unpacks until the input ends. `*result` is zlib's last word; Z_STREAM_END: all is well.
 * ES_INVALID: larger than allowed. */
static es_status unpack(z_stream *stream, output *out, int *result) {
    do {
        es_status status = make_room(stream, out);
        if (status != ES_OK)
            return status;
        size_t room = stream->avail_out;
        *result = inflate(stream, Z_NO_FLUSH);
        out->length += room - stream->avail_out;
        if (out->length > out->max_bytes)
            return ES_INVALID;
        if (*result == Z_STREAM_END && stream->avail_in > 0)
            *result = inflateReset(stream);
        else if (*result == Z_OK && stream->avail_in == 0 && stream->avail_out > 0)
            *result = Z_BUF_ERROR;
    } while (*result == Z_OK);
    out->data[out->length] = '\0';
    return ES_OK;
}

es_status es_trace_unpack(const char *path, es_slice packed, size_t max_bytes, char **data,
                          size_t *length, es_errors *errors) {
    z_stream stream = {0};
    output out = {.max_bytes = max_bytes};
    if (inflateInit2(&stream, WINDOW_BITS_GZIP) != Z_OK)
        return ES_NO_MEMORY;
    stream.next_in = (const unsigned char *)packed.data;
    stream.avail_in = (unsigned)packed.length;
    int result;
    es_status status = unpack(&stream, &out, &result);
    if (status == ES_INVALID)
        es_errors_add(errors, status, path, 0, "unpacks to more than %zu bytes", max_bytes);
    else if (status == ES_OK && result == Z_MEM_ERROR)
        status = ES_NO_MEMORY;
    else if (status == ES_OK && result == Z_BUF_ERROR)
        status = es_errors_add(errors, ES_INVALID, path, 0,
                               "the gzip data ends early; the file may have been cut off");
    else if (status == ES_OK && result != Z_STREAM_END)
        status = es_errors_add(errors, ES_INVALID, path, 0, "damaged gzip data: %s",
                               stream.msg != NULL ? stream.msg : "not as gzip writes it");
    inflateEnd(&stream);
    if (status != ES_OK) {
        free(out.data);
        return status;
    }
    *data = out.data;
    *length = out.length;
    return ES_OK;
}
