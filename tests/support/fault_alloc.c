#include "fault_alloc.h"

#include <stdlib.h>

static _Atomic size_t count; /* threads allocate too */
static size_t fail_at;

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t size);

void fault_alloc_fail_at(size_t n) {
    fail_at = n > 0 ? count + n : 0;
}

bool fault_alloc_struck(void) {
    return fail_at > 0 && count >= fail_at;
}

size_t fault_alloc_count(void) {
    return count;
}

void *__wrap_malloc(size_t size) {
    return ++count == fail_at ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size) {
    return ++count == fail_at ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t size) {
    return ++count == fail_at ? NULL : __real_realloc(old, size);
}
