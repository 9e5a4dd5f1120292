/* The bytes of a trace file, one after the other: of a file or of memory, unpacked if they are
 * packed with gzip, and hashed on the way (private). */
#ifndef SIM_TRACE_SOURCE_H
#define SIM_TRACE_SOURCE_H

#include "edgesplit/file.h"

#include <stdbool.h>

typedef struct es_trace_source {
    const char *path;                   /* for messages */
    FILE *stream;                       /* NULL: memory */
    es_slice memory;                    /* all of it */
    size_t n_read;                      /* bytes of it that have been read */
    struct es_trace_unpacker *unpacker; /* NULL: not packed */
    bool is_hashing;                    /* up to the first end of a file */
    es_hash hash;
    char sha256[ES_SHA256_TEXT]; /* of a file's bytes as they are, once its end is read */
} es_trace_source;

/* Begins with a stream, which it takes, or, where that is NULL, with what `memory` lends. To be
 * closed also after a failure: ES_NO_INPUT, with a record; ES_NO_MEMORY. */
ES_NODISCARD es_status es_trace_source_open(es_trace_source *source, const char *path, FILE *stream,
                                            es_slice memory, es_errors *errors);
void es_trace_source_close(es_trace_source *source);

/* Reads the next `room` bytes, or, at the end, as many (`*n`) as are left. With a record:
 * ES_NO_INPUT; ES_INVALID: gzip data that is damaged or ends early; ES_INTERNAL. Without:
 * ES_NO_MEMORY. */
ES_NODISCARD es_status es_trace_source_read(es_trace_source *source, char *to, size_t room,
                                            size_t *n, es_errors *errors);

/* Goes back to the first byte. ES_NO_INPUT with a record. */
ES_NODISCARD es_status es_trace_source_rewind(es_trace_source *source, es_errors *errors);

#endif
