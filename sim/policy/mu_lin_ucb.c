#include "edgesplit/number.h"
#include "edgesplit/policy.h"

#include <math.h>

/* Of an offloaded part: its profiled tail time, its bits, and 1 (as expected, of a network with
 * exits: 1 becomes the share of requests that are sent). With coefficients 1 / (1 - load),
 * 1 / rate and the delay they give SEMANTICS 3 exactly. */
enum { N_FEATURES = 3 };

/* Ridge regression of delay on features, both in units that make them about 1. */
struct memory {
    double unit_s, units[N_FEATURES];
    double gram[N_FEATURES][N_FEATURES], response[N_FEATURES]; /* A, b: sums of x x' and x y */
    double inverse[N_FEATURES][N_FEATURES], theta[N_FEATURES]; /* of A; inverse * b */
};

static size_t memory_bytes(const es_policy *policy, const es_policy_start *start) {
    (void)policy;
    (void)start;
    return sizeof(struct memory);
}

static void begin(const es_policy *policy, const es_policy_start *start, void *lent) {
    struct memory *memory = lent;
    *memory = (struct memory){.units = {0, 0, 1}};
    for (size_t k = 0; k < start->n_tables * policy->n_candidates; k++) {
        const es_cut_costs *costs = &start->tables[k / policy->n_candidates];
        size_t cut = policy->candidates[k % policy->n_candidates];
        memory->unit_s = fmax(memory->unit_s, costs->head_s[cut] + costs->tail_s[cut]);
        memory->units[0] = fmax(memory->units[0], costs->tail_s[cut]);
        memory->units[1] = fmax(memory->units[1], costs->bits[cut]);
    }
    for (size_t i = 0; i < N_FEATURES; i++) {
        memory->units[i] = memory->units[i] > 0 ? memory->units[i] : 1;
        memory->gram[i][i] = memory->inverse[i][i] = 1;
    }
    memory->unit_s = memory->unit_s > 0 ? memory->unit_s : 1;
}

static void features(const struct memory *memory, const es_cut_costs *costs, size_t cut,
                     double x[N_FEATURES]) {
    x[0] = costs->tail_s[cut] / memory->units[0];
    x[1] = costs->bits[cut] / memory->units[1];
    x[2] = costs->exits != NULL ? costs->exits->sent_ratio[cut] : 1;
}

/* Inverts A by Gauss and Jordan, who need no pivoting for a positive definite matrix. */
static void invert(struct memory *memory) {
    double rest[N_FEATURES][N_FEATURES], (*inverse)[N_FEATURES] = memory->inverse;
    for (size_t i = 0; i < N_FEATURES; i++)
        for (size_t j = 0; j < N_FEATURES; j++) {
            rest[i][j] = memory->gram[i][j];
            inverse[i][j] = i == j;
        }
    for (size_t k = 0; k < N_FEATURES; k++) {
        double pivot = rest[k][k];
        for (size_t j = 0; j < N_FEATURES; j++) {
            rest[k][j] /= pivot;
            inverse[k][j] /= pivot;
        }
        for (size_t i = 0; i < N_FEATURES; i++) {
            double factor = rest[i][k];
            for (size_t j = 0; j < N_FEATURES && i != k; j++) {
                rest[i][j] -= factor * rest[k][j];
                inverse[i][j] -= factor * inverse[k][j];
            }
        }
    }
}

/* O(N_FEATURES^3). With a discount older samples weigh less, as in Y. Russac, C. Vernade,
 * O. Cappe, "Weighted Linear Bandits for Non-Stationary Environments", NeurIPS 2019. */
static void learn(const es_policy *policy, void *lent, const es_policy_feedback *feedback) {
    struct memory *memory = lent;
    double x[N_FEATURES], discount = policy->settings.discount;
    features(memory, feedback->costs, feedback->cut, x);
    for (size_t i = 0; i < N_FEATURES; i++) {
        for (size_t j = 0; j < N_FEATURES; j++) {
            double prior = i == j ? 1 - discount : 0;
            memory->gram[i][j] = discount * memory->gram[i][j] + prior + x[i] * x[j];
        }
        memory->response[i] =
            discount * memory->response[i] + x[i] * feedback->offloaded_s / memory->unit_s;
    }
    invert(memory);
    for (size_t i = 0; i < N_FEATURES; i++) {
        memory->theta[i] = 0;
        for (size_t j = 0; j < N_FEATURES; j++)
            memory->theta[i] += memory->inverse[i][j] * memory->response[j];
    }
}

/* The least delay of the offloaded part that what was learnt leaves possible, s. */
static double hoped_s(const struct memory *memory, const es_cut_costs *costs, size_t cut,
                      double confidence) {
    double x[N_FEATURES], mean = 0, variance = 0;
    features(memory, costs, cut, x);
    for (size_t i = 0; i < N_FEATURES; i++) {
        mean += memory->theta[i] * x[i];
        for (size_t j = 0; j < N_FEATURES; j++)
            variance += x[i] * memory->inverse[i][j] * x[j];
    }
    return memory->unit_s * (mean - confidence * sqrt(fmax(0, variance)));
}

/* L. Zhang, L. Chen, J. Xu, "Autodidactic Neurosurgeon: Collaborative Deep Inference for Mobile
 * Edge Intelligence via Online Learning", WWW 2021, algorithm 1, all frames of one importance: the
 * cut with the least head plus hoped-for delay, neither rate nor load being known. No offload
 * yields no feedback, a trap; so every ceil(T^(1/4))-th request has to be offloaded, where T, the
 * expected number of requests, starts at 200 and doubles whenever it is passed. The constants are
 * those of the authors' program; their features are counts of operations, for there is no profile.
 */
static size_t choose(const es_policy *policy, const es_policy_view *view) {
    const double theta_bound = 1, noise = 0.05, risk = 0.1, sampling_exponent = 0.25;
    const struct memory *memory = view->memory;
    const es_cut_costs *costs = view->costs;
    double request = (double)view->n_before + 1, horizon = 200;
    while (horizon < request)
        horizon *= 2;
    double confidence =
        policy->settings.exploration *
        (theta_bound + noise * sqrt(N_FEATURES * log((1 + horizon * N_FEATURES) / risk)));
    bool forced = fmod(request, ceil(pow(horizon, sampling_exponent))) == 0;
    size_t best = policy->candidates[0], n = policy->n_candidates;
    double best_s = ES_INFINITY;
    for (size_t i = 0; i < n; i++) {
        size_t cut = policy->candidates[i];
        bool stays = es_cut_stays(costs, cut);
        if (stays && forced && n > 1)
            continue;
        double total_s = costs->head_s[cut] + (stays ? 0 : hoped_s(memory, costs, cut, confidence));
        if (total_s <= best_s) {
            best = cut;
            best_s = total_s;
        }
    }
    return best;
}

extern const es_policy_ops es_policy_mu_lin_ucb;
const es_policy_ops es_policy_mu_lin_ucb = {
    .name = "mu-lin-ucb",
    .summary = "learns from the delays of its own requests alone, rate and load unknown (WWW 2021)",
    .memory_bytes = memory_bytes,
    .begin = begin,
    .learn = learn,
    .choose = choose,
};
