#include "edgesplit/policy.h"

extern const es_policy_ops es_policy_no_offload;
const es_policy_ops es_policy_no_offload = {
    .name = "no-offload",
    .summary = "the whole network on the device",
    .whole_device = true,
    .choose = es_policy_choose_only,
};
