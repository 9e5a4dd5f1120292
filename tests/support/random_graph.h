/* Random networks: every kind of operator to the fusing rule, layers that read several tensors or
 * one twice, long skips. */
#ifndef TESTS_SUPPORT_RANDOM_GRAPH_H
#define TESTS_SUPPORT_RANDOM_GRAPH_H

#include "edgesplit/builder.h"

#include <stdint.h>

/* Creates the network of a seed, of at most 64 layers. `one_output`: a last layer reads whatever
 * nobody else does, so that every layer lies on a path from the input to it. */
es_model *random_graph(uint64_t seed, bool one_output);

#endif
