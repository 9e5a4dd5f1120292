#include "facts.h"

#include "edgesplit/alloc.h"

#include <stdarg.h>

void es_facts_add(es_facts *facts, const char *key, const char *format, ...) {
    if (facts->failed)
        return;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *value = length < 0 ? NULL : es_alloc((size_t)length + 1, 1);
    if (value == NULL ||
        es_reserve(&facts->items, &facts->capacity, facts->n + 1, sizeof *facts->items) != ES_OK ||
        es_reserve(&facts->values, &facts->values_capacity, facts->n + 1, sizeof *facts->values) !=
            ES_OK) {
        free(value);
        facts->failed = true;
        return;
    }
    va_start(arguments, format);
    vsnprintf(value, (size_t)length + 1, format, arguments);
    va_end(arguments);
    facts->values[facts->n] = value;
    facts->items[facts->n++] = (es_provenance){key, value};
}

void es_facts_fini(es_facts *facts) {
    for (size_t i = 0; i < facts->n; i++)
        free(facts->values[i]);
    free(facts->values);
    free(facts->items);
    *facts = (es_facts){0};
}
