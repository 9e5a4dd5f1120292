/* Opens a network from whatever a user names it by: the zoo, the text form or an ONNX file. */
#ifndef EDGESPLIT_NETWORK_H
#define EDGESPLIT_NETWORK_H

#include "edgesplit/model.h"

typedef struct es_network_options {
    int64_t resolution; /* zoo: pixels per side, 0 for the published ones; files: must be 0 */
    /* ONNX only, must be empty for others. */
    size_t n_dims;
    const char *const *dims; /* [n_dims] "NAME=SIZE": sizes of named dimensions; that of the batch
                                is always 1 */
    size_t n_assumed;
    const char *const *assumed; /* [n_assumed] "TENSOR=1x64x56x56": shapes, the batch in front, of
                                   what operators unknown to us make; what makes such a tensor is
                                   not looked into and costs nothing */
} es_network_options;

/* Creates the network called `what`: a file if it ends in ".onnx" or ".model" or has a '/' in it,
 * else a network of the zoo. A file's network is called as the file without folder and suffix
 * (ONNX), or as it says (text form). ES_NO_INPUT, ES_INVALID (every mistake), ES_UNAVAILABLE (an
 * ONNX file, and this program was built without), ES_NO_MEMORY. O(layers + edges), and of an ONNX
 * file the bytes that are not weights; memory likewise. */
ES_NODISCARD es_status es_network_open(const char *what, const es_network_options *options,
                                       es_model **model, es_errors *errors);

/* Whether this program can read ONNX files. */
bool es_network_reads_onnx(void);

#endif
