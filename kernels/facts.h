/* Facts about a measurement: the provenance lines of a profile while they are gathered. */
#ifndef KERNELS_FACTS_H
#define KERNELS_FACTS_H

#include "edgesplit/profile.h"

/* A growing list of `key: value`. Zero-initialise it; end with es_facts_fini. A failed addition
 * marks it `failed` and later ones do nothing, so that a writer checks once, at the end. */
typedef struct es_facts {
    es_provenance *items; /* [n]; keys borrowed */
    char **values;        /* [n]; owned, what the items lend */
    size_t n, capacity, values_capacity;
    bool failed; /* out of memory */
} es_facts;

/* Appends a fact; `key` is borrowed (a constant). */
void es_facts_add(es_facts *facts, const char *key, const char *format, ...) ES_PRINTF(3, 4);

/* Puts what an earlier measurement said in front of a fact, "earlier; now", unless it is the same;
 * a fact that is not there is added. */
void es_facts_join(es_facts *facts, const char *key, const char *earlier);

void es_facts_fini(es_facts *facts);

#endif
