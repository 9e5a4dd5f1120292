#include "onnx_names.h"

#include "edgesplit/alloc.h"

#include <string.h>

void onnx_names_fini(onnx_names *names) {
    free(names->names);
    free(names->slots);
    *names = (onnx_names){0};
}

/* FNV-1a (Fowler, Noll, Vo), 64 bits, its high bits folded onto the low ones. */
static size_t hash(const char *name) {
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (; *name != '\0'; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(0x100000001b3);
    return (size_t)(h ^ h >> 32);
}

/* The slot that holds the name, or the empty one it would go to. */
static size_t *slot_of(const onnx_names *names, const char *name) {
    size_t mask = names->n_slots - 1, at = hash(name) & mask;
    while (names->slots[at] != 0 && strcmp(names->names[names->slots[at] - 1], name) != 0)
        at = (at + 1) & mask;
    return &names->slots[at];
}

size_t onnx_names_find(const onnx_names *names, const char *name) {
    if (names->n == 0)
        return ONNX_NONE;
    size_t slot = *slot_of(names, name);
    return slot > 0 ? slot - 1 : ONNX_NONE;
}

/* At most half of the slots are taken. */
static es_status grow(onnx_names *names) {
    if (2 * (names->n + 1) <= names->n_slots)
        return ES_OK;
    onnx_names grown = *names;
    grown.n_slots = names->n_slots > 0 ? 2 * names->n_slots : 64;
    grown.slots = es_alloc(grown.n_slots, sizeof *grown.slots);
    if (grown.slots == NULL)
        return ES_NO_MEMORY;
    for (size_t i = 0; i < names->n; i++)
        *slot_of(&grown, names->names[i]) = i + 1;
    free(names->slots);
    *names = grown;
    return ES_OK;
}

es_status onnx_names_add(onnx_names *names, const char *name, size_t *number) {
    if (grow(names) != ES_OK ||
        es_reserve(&names->names, &names->capacity, names->n + 1, sizeof *names->names) != ES_OK)
        return ES_NO_MEMORY;
    size_t *slot = slot_of(names, name);
    if (*slot == 0) {
        names->names[names->n++] = name;
        *slot = names->n;
    }
    *number = *slot - 1;
    return ES_OK;
}
