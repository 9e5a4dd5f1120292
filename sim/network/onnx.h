/* Private to the module: networks from ONNX files. Where a build lacks protobuf-c, without_onnx.c
 * stands in. */
#ifndef NETWORK_ONNX_H
#define NETWORK_ONNX_H

#include "edgesplit/network.h"

#include <stdio.h>

/* As es_network_open, of an ONNX file; the options' resolution does not apply. */
ES_NODISCARD es_status onnx_open(const char *path, const es_network_options *options,
                                 es_model **model, es_errors *errors);

/* The same of a stream that can seek, from its beginning; `path` names it in messages. */
ES_NODISCARD es_status onnx_read(FILE *stream, const char *path, const es_network_options *options,
                                 es_model **model, es_errors *errors);

#endif
