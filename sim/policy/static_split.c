#include "edgesplit/policy.h"

extern const es_policy_ops es_policy_static_split;
const es_policy_ops es_policy_static_split = {
    .name = "static-split",
    .summary = "one cut for the whole run: a given one, the best for the mean state, or the best "
               "in hindsight",
    .fixed = true,
    .choose = es_policy_choose_only,
};
