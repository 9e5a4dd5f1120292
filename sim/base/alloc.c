#include "edgesplit/alloc.h"

#include <stdint.h>
#include <string.h>

/* Arrays of so many bytes grow by half. */
enum { MUCH = 1 << 20 };

void *es_alloc(size_t count, size_t size) {
    if (size != 0 && count > PTRDIFF_MAX / size)
        return NULL;
    size_t bytes = count * size;
    return calloc(1, bytes > 0 ? bytes : 1);
}

char *es_strdup(const char *text) {
    size_t length = strlen(text);
    char *copy = es_alloc(length + 1, 1);
    if (copy != NULL)
        memcpy(copy, text, length);
    return copy;
}

es_status es_reserve(void *array, size_t *capacity, size_t needed, size_t size) {
    if (needed <= *capacity)
        return ES_OK;
    size_t more = *capacity < MUCH / size ? *capacity : *capacity / 8;
    size_t larger = *capacity < 8 ? 8 : *capacity + more;
    size_t grown = needed > larger ? needed : larger;
    if (grown > PTRDIFF_MAX / size)
        return ES_NO_MEMORY;
    void *old;
    memcpy(&old, array, sizeof old);
    char *moved = realloc(old, grown * size);
    if (moved == NULL)
        return ES_NO_MEMORY;
    memset(moved + *capacity * size, 0, (grown - *capacity) * size);
    memcpy(array, &moved, sizeof moved);
    *capacity = grown;
    return ES_OK;
}
