/* Faults and counts under the C library's allocator, for code of ours that is linked into a test:
 * the linker sends its calls of malloc, calloc and realloc here (--wrap). Shared libraries keep
 * their own. */
#ifndef TESTS_SUPPORT_FAULT_ALLOC_H
#define TESTS_SUPPORT_FAULT_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* The n-th allocation from now on fails, once; 0: none does. */
void fault_alloc_fail_at(size_t n);

/* True if the fault armed last has struck. */
bool fault_alloc_struck(void);

/* Allocations since the program started. */
size_t fault_alloc_count(void);

#endif
