#include "backend.h"

#include <string.h>

#define ES_BACKEND(name, summary) extern const es_backend es_backend_##name;
#include "backend.def"
#undef ES_BACKEND

/* ES_BACKEND_OF_<name> comes from CMakeLists.txt: the backend's address, or NULL. */
static const es_backend_entry entries[] = {
#define ES_BACKEND(name, summary) {#name, summary, ES_BACKEND_OF_##name},
#include "backend.def"
#undef ES_BACKEND
};
enum { N_ENTRIES = sizeof entries / sizeof entries[0] };

const es_backend_entry *es_backend_at(size_t i) {
    return i < N_ENTRIES ? &entries[i] : NULL;
}

static const char *name_at(const void *context, size_t i) {
    (void)context;
    return entries[i].name;
}

es_status es_backend_find(const char *name, const es_backend **backend, es_errors *errors) {
    for (size_t i = 0; i < N_ENTRIES; i++) {
        if (strcmp(name, entries[i].name) != 0)
            continue;
        *backend = entries[i].backend;
        return *backend != NULL
                   ? ES_OK
                   : es_errors_add(errors, ES_UNAVAILABLE, NULL, 0,
                                   "this edgesplit-profile was built without the backend %s", name);
    }
    const char *nearest = es_nearest_name(name, N_ENTRIES, name_at, NULL);
    return es_errors_add(
        errors, ES_USAGE, NULL, 0, "there is no backend '%s'%s", name,
        es_did_you_mean(nearest, "'", "'", "; `edgesplit list backends` lists them").text);
}
