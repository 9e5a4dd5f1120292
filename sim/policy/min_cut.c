#include "edgesplit/policy.h"

/* C. Hu et al., "Dynamic Adaptive DNN Surgery for Inference Acceleration on the Edge", INFOCOM 2019
 * (DADS): the minimum cut of the network's graph at the present rate and load. The sets of layers
 * that are one at any rate and load are found before the run and stand among the candidates
 * (es_mincut_list), with all cuts of the layers' order: the least predicted latency of them is the
 * minimum cut. On a chain that is the argmin over all cuts. */
static size_t choose(const es_policy *policy, const es_policy_view *view) {
    double s_per_bit = 1.0 / view->rate_bps, slowdown = 1.0 / (1.0 - view->load);
    double least_s;
    return es_policy_least(policy, view, s_per_bit, slowdown, &least_s);
}

extern const es_policy_ops es_policy_min_cut;
const es_policy_ops es_policy_min_cut = {
    .name = "min-cut",
    .summary =
        "the best set of layers on the device, of all that the network's graph allows (DADS)",
    .cuts_graph = true,
    .choose = choose,
};
