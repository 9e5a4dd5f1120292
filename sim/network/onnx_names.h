/* Private to the ONNX importer: numbers for names. */
#ifndef NETWORK_ONNX_NAMES_H
#define NETWORK_ONNX_NAMES_H

#include "edgesplit/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ONNX_NONE SIZE_MAX

/* Distinct names in the order they were added, and a hash table over them. Zero-initialise it. */
typedef struct onnx_names {
    const char **names; /* [n] borrowed */
    size_t n, capacity;
    size_t *slots; /* [n_slots] number + 1, or 0; n_slots is a power of two */
    size_t n_slots;
} onnx_names;

void onnx_names_fini(onnx_names *names);

/* The name's number; ONNX_NONE if it was not added. O(length). */
size_t onnx_names_find(const onnx_names *names, const char *name);

/* Its number, n before the call if it is new; the name is borrowed. ES_NO_MEMORY. Amortised
 * O(length). */
ES_NODISCARD es_status onnx_names_add(onnx_names *names, const char *name, size_t *number);

#endif
