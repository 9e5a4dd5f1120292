/* Status codes: what a fallible function returns. One X-macro (status.def) holds names, exit codes
 * and texts. */
#ifndef EDGESPLIT_STATUS_H
#define EDGESPLIT_STATUS_H

#include <stdio.h>
#include <stdlib.h>

#define ES_NODISCARD           __attribute__((warn_unused_result))
#define ES_PRINTF(text, first) __attribute__((format(printf, text, first)))

typedef enum es_status {
#define ES_STATUS(name, exit_code, text) ES_##name,
#include "edgesplit/status.def"
#undef ES_STATUS
    ES_N_STATUS
} es_status;

/* Lends a constant text, e.g. "out of memory". */
const char *es_status_text(es_status status);

/* The exit code (sysexits.h) a program ends with for this status. */
int es_status_exit_code(es_status status);

/* A broken promise of our own code: kept in release builds, because a wrong number is worse than no
 * number. */
#define ES_REQUIRE(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: edgesplit is broken: %s\n", __FILE__, __LINE__, #condition);   \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The same where the check would cost time on a hot path: debug builds only. */
#ifdef NDEBUG
#define ES_CHECK(condition) ((void)0)
#else
#define ES_CHECK(condition) ES_REQUIRE(condition)
#endif

#endif
