/* Private to the ONNX importer: an ONNX file without its weights. */
#ifndef NETWORK_ONNX_SKIM_H
#define NETWORK_ONNX_SKIM_H

#include "edgesplit/error.h"

#include <stdint.h>

/* What is read at most. A protobuf message cannot be longer than 2 GiB: larger networks keep their
 * weights in files of their own, which are never opened. */
#define ONNX_MAX_FILE_BYTES  (INT64_C(1) << 31)
#define ONNX_MAX_GRAPH_BYTES (INT64_C(1) << 25) /* without weights */
enum { ONNX_MAX_FIELDS = 1 << 21, ONNX_MAX_NAME = 1024, ONNX_MAX_DATA_BYTES = 1024 };

/* A serialised ModelProto; free `data`. */
typedef struct onnx_skimmed {
    uint8_t *data;
    size_t length, capacity;
} onnx_skimmed;

/* Copies what shapes and costs follow from: all of the graph but subgraphs (which stay as empty
 * messages), notes, and tensors' numbers beyond ONNX_MAX_DATA_BYTES, which are skipped unread.
 * ES_INVALID with the offset of what is no ONNX file, ES_NO_INPUT if reading fails, ES_NO_MEMORY.
 * O(bytes that are not weights); memory as many. */
ES_NODISCARD es_status onnx_skim(FILE *stream, const char *path, onnx_skimmed *skimmed,
                                 es_errors *errors);

#endif
