#include "edgesplit/policy.h"

extern const es_policy_ops es_policy_full_offload;
const es_policy_ops es_policy_full_offload = {
    .name = "full-offload",
    .summary = "the whole network on the server: the input is sent",
    .whole_server = true,
    .choose = es_policy_choose_only,
};
