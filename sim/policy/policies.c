#include "edgesplit/policies.h"

#include "edgesplit/text.h"

#include <string.h>

#define ES_POLICY(symbol) extern const es_policy_ops es_policy_##symbol;
#include "edgesplit/policies.def"
#undef ES_POLICY

static const es_policy_ops *const policies[] = {
#define ES_POLICY(symbol) &es_policy_##symbol,
#include "edgesplit/policies.def"
#undef ES_POLICY
};

enum { N_POLICIES = sizeof policies / sizeof policies[0] };

const es_policy_ops *es_policies_at(size_t i) {
    return i < N_POLICIES ? policies[i] : NULL;
}

const es_policy_ops *es_policies_find(const char *name) {
    for (size_t i = 0; i < N_POLICIES; i++)
        if (strcmp(policies[i]->name, name) == 0)
            return policies[i];
    return NULL;
}

static const char *name_at(const void *context, size_t i) {
    (void)context;
    return policies[i]->name;
}

const char *es_policies_nearest(const char *name) {
    return es_nearest_name(name, N_POLICIES, name_at, NULL);
}
