#include "inputs.h"

#include "edgesplit/alloc.h"

#include <string.h>

struct input {
    input_kind kind;
    char *key;
    void *object;
};

struct es_inputs {
    size_t n, capacity;
    struct input *kept; /* [n] by kind and key */
    size_t bytes;
};

/* About what a worker may keep between runs. */
static const size_t TRIM_BYTES = (size_t)256 << 20;

es_status es_inputs_create(es_inputs **inputs) {
    *inputs = es_alloc(1, sizeof **inputs);
    return *inputs != NULL ? ES_OK : ES_NO_MEMORY;
}

static void destroy(input_kind kind, void *object) {
    switch (kind) {
    case INPUT_MODEL: es_model_destroy(object); return;
    case INPUT_PROFILE: es_profile_destroy(object); return;
    case INPUT_TRACE: es_trace_destroy(object); return;
    case INPUT_RATE: es_rate_destroy(object); return;
    case INPUT_COST: es_cost_destroy(object); return;
    }
}

static void forget_all(es_inputs *inputs) {
    for (size_t i = 0; i < inputs->n; i++) {
        destroy(inputs->kept[i].kind, inputs->kept[i].object);
        free(inputs->kept[i].key);
    }
    inputs->n = 0;
    inputs->bytes = 0;
}

void es_inputs_trim(es_inputs *inputs) {
    if (inputs->bytes > TRIM_BYTES)
        forget_all(inputs);
}

void es_inputs_destroy(es_inputs *inputs) {
    if (inputs == NULL)
        return;
    forget_all(inputs);
    free(inputs->kept);
    free(inputs);
}

/* The first place that is not before (kind, key). */
static size_t place_of(const es_inputs *inputs, input_kind kind, const char *key) {
    size_t low = 0, high = inputs->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct input *input = &inputs->kept[middle];
        bool before = input->kind != kind ? input->kind < kind : strcmp(input->key, key) < 0;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    return low;
}

void *inputs_find(const es_inputs *inputs, input_kind kind, const char *key) {
    size_t at = place_of(inputs, kind, key);
    bool found =
        at < inputs->n && inputs->kept[at].kind == kind && strcmp(inputs->kept[at].key, key) == 0;
    return found ? inputs->kept[at].object : NULL;
}

es_status inputs_keep(es_inputs *inputs, input_kind kind, const char *key, void *object,
                      size_t bytes) {
    char *copy = es_strdup(key);
    if (copy == NULL || es_reserve(&inputs->kept, &inputs->capacity, inputs->n + 1,
                                   sizeof *inputs->kept) != ES_OK) {
        free(copy);
        destroy(kind, object);
        return ES_NO_MEMORY;
    }
    size_t at = place_of(inputs, kind, key);
    memmove(&inputs->kept[at + 1], &inputs->kept[at], (inputs->n - at) * sizeof *inputs->kept);
    inputs->kept[at] = (struct input){kind, copy, object};
    inputs->n++;
    inputs->bytes += bytes + sizeof(struct input) + strlen(key);
    return ES_OK;
}
