/* The table of policies: one file and one line of policies.def each. */
#ifndef EDGESPLIT_POLICIES_H
#define EDGESPLIT_POLICIES_H

#include "edgesplit/policy.h"

/* The i-th policy in table order; NULL behind the last one. */
const es_policy_ops *es_policies_at(size_t i);

/* The policy of that name; NULL if there is none. */
const es_policy_ops *es_policies_find(const char *name);

/* The known name nearest to a wrong one; NULL if none is near. */
const char *es_policies_nearest(const char *name);

#endif
