/* The policy that learns from delays alone: isolated worlds, where what is best is known. */
#include "random_world.h"

#include <math.h>

enum { N_STEPS = 20000 };

/* Mean regret and share of optimal decisions of steps first .. last - 1. */
struct outcome {
    double mean_regret_s, optimal;
};

static struct outcome outcome_of(const struct run *run, size_t first, size_t last) {
    struct outcome outcome = {0};
    for (size_t i = first; i < last; i++) {
        outcome.mean_regret_s += run->rows[i].regret / (double)(last - first);
        outcome.optimal += (run->rows[i].regret == 0) / (double)(last - first);
    }
    return outcome;
}

/* Five cuts of which each is the best somewhere: with x ns per bit and the server's whole capacity
 * they take, propagation included, 23 + 1.2 x, 29 + 0.72 x, 39 + 0.24 x, 52 + 0.08 x and 80 ms. */
static struct made_up five_cuts(void) {
    return (struct made_up){
        .n_cuts = 5,
        .n_batches = 1,
        .batches = {1},
        .head_ns = {{0, 10 * MS, 26 * MS, 45 * MS, 80 * MS}},
        .tail_ns = {{20 * MS, 16 * MS, 10 * MS, 4 * MS, 0}},
        .bytes = {{150000, 90000, 30000, 10000, 0}},
    };
}

/* A run of `policy` over steps of 1 s each, the rate being `rates` in turn for equal parts. */
static struct run run_at(const struct made_up *network, const es_policy *policy, size_t n,
                         const int64_t *rates, int64_t capacity) {
    es_time starts[4] = {0};
    for (size_t i = 1; i <= n; i++)
        starts[i] = (es_time)(N_STEPS / n * i) * ES_SECOND;
    es_rate *uplink = stepped_rate(n, starts, rates, ES_AT_END_HOLD);
    es_rate *server = constant_rate(capacity);
    es_world_config config = one_request(&network->cost, policy, uplink, server);
    config.isolated = true;
    config.n_steps = N_STEPS;
    config.groups[0].uplink.propagation_ns = 3 * MS;
    struct run run = run_world(config);
    es_rate_destroy(uplink);
    es_rate_destroy(server);
    return run;
}

/* Whichever cut is the best, it ends up there but for the requests that it is forced to offload. */
static void in_a_stationary_world_it_finds_the_best_cut(void **state) {
    (void)state;
    static const struct {
        int64_t rate, capacity;
        int best;
    } cases[] = {{500000000, ES_FULL_CAPACITY, 0}, {60000000, ES_FULL_CAPACITY, 1},
                 {25000000, ES_FULL_CAPACITY, 2},  {6000000, ES_FULL_CAPACITY, 3},
                 {500000, ES_FULL_CAPACITY, 4},    {60000000, ES_FULL_CAPACITY / 4, 3}};
    struct made_up network = five_cuts();
    made_up_cost(&network);
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        es_policy policy = policy_with("mu-lin-ucb", 5, every_cut);
        struct run run = run_at(&network, &policy, 1, &cases[k].rate, cases[k].capacity);
        struct outcome early = outcome_of(&run, 0, 200);
        struct outcome late = outcome_of(&run, N_STEPS / 2, N_STEPS);
        assert_int_equal(run.rows[N_STEPS - 1].split_index, cases[k].best);
        assert_true(late.optimal > 0.9);
        if (cases[k].best < 4) /* where forced requests cost nothing */
            assert_true(late.mean_regret_s < early.mean_regret_s / 10);
        run_fini(&run);
    }
}

/* A link that is of no use for a third of the run. Nothing but the requests that are offloaded by
 * force shows that it is back; with a discount what was learnt before is soon forgotten. */
static void it_comes_back_from_no_offload(void **state) {
    (void)state;
    struct made_up network = five_cuts();
    made_up_cost(&network);
    const int64_t rates[] = {25000000, 200000, 60000000};
    es_policy policy = policy_with("mu-lin-ucb", 5, every_cut);
    policy.settings.discount = 0.98;
    struct run run = run_at(&network, &policy, 3, rates, ES_FULL_CAPACITY);
    size_t third = N_STEPS / 3, n_offloaded[3] = {0};
    for (size_t i = 0; i < 3 * third; i++)
        n_offloaded[i / third] += run.rows[i].split_index != 4;
    assert_int_equal(n_offloaded[0], third);
    assert_in_range(n_offloaded[1], third / 13, third / 8);
    assert_in_range(n_offloaded[2], third - third / 10, third);
    assert_true(outcome_of(&run, N_STEPS - third / 2, N_STEPS).mean_regret_s < 0.1 * 0.041);
    run_fini(&run);
}

/* With more than one batch size, whose requests teach about each other: the figures of the larger
 * batch are twice those of the other one, so is what it takes, and the best cut is the same. */
static void what_one_batch_size_shows_holds_for_another(void **state) {
    (void)state;
    struct made_up network = five_cuts();
    network.n_batches = 2;
    network.batches[1] = 2;
    for (size_t cut = 0; cut < 5; cut++) {
        network.head_ns[1][cut] = 2 * network.head_ns[0][cut];
        network.tail_ns[1][cut] = 2 * network.tail_ns[0][cut];
        network.bytes[1][cut] = 2 * network.bytes[0][cut];
    }
    made_up_cost(&network);
    es_policy policy = policy_with("mu-lin-ucb", 5, every_cut);
    es_policy_start start = {2, network.tables, (const double[]){0, 0}, 0};
    void *memory = policy_memory(&policy, &start);
    for (size_t i = 0; i < 1000; i++)
        for (size_t cut = 0; cut < 4; cut++) {
            const es_cut_costs *costs = &network.tables[0];
            es_policy_feedback feedback = {costs, cut,
                                           costs->tail_s[cut] + costs->bits[cut] / 25e6};
            policy.ops->learn(&policy, memory, &feedback);
        }
    for (size_t b = 0; b < 2; b++) {
        es_policy_view view = {.costs = &network.tables[b], .memory = memory};
        assert_int_equal(policy.ops->choose(&policy, &view), 2);
    }
    free(memory);
}

/* What a short memory forgets is not known again, but does not go out of range either. */
static void one_cut_for_ever_and_a_short_memory(void **state) {
    (void)state;
    static const uint32_t cuts[] = {2, 4};
    struct made_up network = five_cuts();
    made_up_cost(&network);
    es_policy policy = policy_with("mu-lin-ucb", 2, cuts);
    policy.settings.discount = 0.5;
    es_policy_start start = {1, network.tables, (const double[]){0}, 0};
    void *memory = policy_memory(&policy, &start);
    es_policy_view view = {.costs = network.tables, .n_before = 1, .memory = memory};
    es_policy_feedback feedback = {network.tables, 2, 0.02};
    for (size_t i = 0; i < 5000; i++)
        policy.ops->learn(&policy, memory, &feedback);
    assert_int_equal(policy.ops->choose(&policy, &view), 2); /* 26 + 20 ms against 80 */
    feedback.offloaded_s = 2;
    for (size_t i = 0; i < 20; i++)
        policy.ops->learn(&policy, memory, &feedback);
    assert_int_equal(policy.ops->choose(&policy, &view), 4);
    free(memory);
}

/* The sum of all samples, each with its weight, and one more unit of every direction. */
struct regression {
    double a[3][3], b[3];
};

static double determinant(double m[3][3]) {
    return m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) -
           m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0]) +
           m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0]);
}

/* x' A^-1 y, by Cramer's rule. */
static double through_inverse(struct regression *sums, const double x[3], const double y[3]) {
    double product = 0, whole = determinant(sums->a);
    for (size_t k = 0; k < 3; k++) {
        double m[3][3];
        for (size_t i = 0; i < 3; i++)
            for (size_t j = 0; j < 3; j++)
                m[i][j] = j == k ? y[i] : sums->a[i][j];
        product += x[k] * determinant(m) / whole;
    }
    return product;
}

static void features_of(const struct made_up *network, size_t cut, double x[3]) {
    double most_tail_s = 0, most_bits = 0;
    for (size_t i = 0; i < network->n_cuts; i++) {
        most_tail_s = fmax(most_tail_s, network->tail_s[0][i]);
        most_bits = fmax(most_bits, network->bits[0][i]);
    }
    x[0] = network->tail_s[0][cut] / most_tail_s;
    x[1] = network->bits[0][cut] / most_bits;
    x[2] = 1;
}

/* The rule as the paper and its authors' program state it, from all samples at once. */
static void decisions_are_those_of_the_formula(void **state) {
    (void)state;
    enum { N_SAMPLES = 400 };
    size_t n_forced = 0, n_stays = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct dice dice = {seed};
        struct made_up network = five_cuts();
        for (size_t cut = 0; cut < 4; cut++)
            network.bytes[0][cut] += roll_between(&dice, 0, 50000);
        made_up_cost(&network);
        es_policy policy = policy_with("mu-lin-ucb", 5, every_cut);
        policy.settings.discount = roll_chance(&dice, 50) ? 1 : 0.9 + 0.1 * roll_real(&dice);
        policy.settings.exploration = 2 * roll_real(&dice);
        es_policy_start start = {1, network.tables, (const double[]){0}, 0};
        void *memory = policy_memory(&policy, &start);
        struct regression sums = {.a = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
        const double unit_s = 0.08; /* no offload takes the longest on idle stations */
        for (uint64_t n = 0; n < N_SAMPLES; n++) {
            uint64_t request = n + 1, horizon = request <= 200 ? 200 : 400;
            bool forced = request % (horizon == 200 ? 4 : 5) == 0; /* roots 3.76 and 4.47 */
            double alpha = policy.settings.exploration *
                           (1 + 0.05 * sqrt(3 * log((1 + 3 * (double)horizon) / 0.1)));
            double scores_s[5], least_s = forced ? 1e9 : 0.08;
            for (size_t cut = 0; cut < 4; cut++) {
                double x[3];
                features_of(&network, cut, x);
                double mean = through_inverse(&sums, x, sums.b);
                double variance = through_inverse(&sums, x, x);
                scores_s[cut] = network.head_s[0][cut] + unit_s * (mean - alpha * sqrt(variance));
                least_s = fmin(least_s, scores_s[cut]);
            }
            scores_s[4] = 0.08;
            es_policy_view view = {.costs = network.tables, .n_before = n, .memory = memory};
            size_t cut = policy.ops->choose(&policy, &view);
            assert_true(fabs(scores_s[cut] - least_s) < 1e-9);
            assert_false(forced && cut == 4);
            n_forced += forced;
            n_stays += cut == 4;
            cut = (size_t)roll_between(&dice, 0, 3);
            double y_s = 0.2 * roll_real(&dice), x[3];
            policy.ops->learn(&policy, memory, &(es_policy_feedback){network.tables, cut, y_s});
            features_of(&network, cut, x);
            for (size_t i = 0; i < 3; i++) {
                for (size_t j = 0; j < 3; j++)
                    sums.a[i][j] = policy.settings.discount * (sums.a[i][j] - (i == j)) + (i == j) +
                                   x[i] * x[j];
                sums.b[i] = policy.settings.discount * sums.b[i] + x[i] * y_s / unit_s;
            }
        }
        free(memory);
    }
    assert_true(n_forced > 10000 && n_stays > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_a_stationary_world_it_finds_the_best_cut),
        cmocka_unit_test(decisions_are_those_of_the_formula),
        cmocka_unit_test(it_comes_back_from_no_offload),
        cmocka_unit_test(one_cut_for_ever_and_a_short_memory),
        cmocka_unit_test(what_one_batch_size_shows_holds_for_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
