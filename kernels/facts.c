#include "facts.h"

#include "edgesplit/alloc.h"

#include <stdarg.h>
#include <string.h>

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

void es_facts_join(es_facts *facts, const char *key, const char *earlier) {
    size_t i = 0;
    while (i < facts->n && strcmp(facts->items[i].key, key) != 0)
        i++;
    if (i == facts->n) {
        es_facts_add(facts, key, "%s", earlier);
        return;
    }
    if (facts->failed || strcmp(facts->values[i], earlier) == 0)
        return;
    es_text text = {0};
    es_text_add(&text, "%s; %s", earlier, facts->values[i]);
    if (text.failed) {
        free(text.data);
        facts->failed = true;
        return;
    }
    free(facts->values[i]);
    facts->items[i].value = facts->values[i] = text.data;
}

void es_facts_fini(es_facts *facts) {
    for (size_t i = 0; i < facts->n; i++)
        free(facts->values[i]);
    free(facts->values);
    free(facts->items);
    *facts = (es_facts){0};
}
