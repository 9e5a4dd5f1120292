/* Every policy of the table against its contract, and each against its rule. */
#include "random_world.h"

#include "edgesplit/number.h"

#include <math.h>
#include <string.h>

static void the_table_is_in_order(void **state) {
    (void)state;
    size_t n = 0;
    for (; es_policies_at(n) != NULL; n++) {
        const es_policy_ops *ops = es_policies_at(n);
        assert_ptr_equal(es_policies_find(ops->name), ops);
        assert_true(strlen(ops->summary) > 10);
        assert_true(ops->whole_device + ops->whole_server + ops->fixed + ops->clairvoyant <= 1);
    }
    assert_int_equal(n, 5);
    assert_null(es_policies_at(n + 1));
    assert_null(es_policies_find("dynamic"));
    assert_string_equal(es_policies_nearest("dynamc-split"), "dynamic-split");
    assert_null(es_policies_nearest("something else"));
}

/* A random table of costs and a random view of it. */
struct situation {
    struct made_up network;
    es_policy_view view;
    double outcome_s[MAX_CUTS];
    uint32_t candidates[MAX_CUTS];
    size_t n_candidates;
};

static void random_situation(struct situation *s, struct dice *dice) {
    memset(s, 0, sizeof *s);
    s->network.n_cuts = (size_t)roll_between(dice, 1, MAX_CUTS);
    s->network.n_batches = 1;
    s->network.batches[0] = 1;
    bool chain = roll_chance(dice, 70); /* each cut computes more and sends less */
    for (size_t cut = 0; cut < s->network.n_cuts; cut++) {
        bool last = cut + 1 == s->network.n_cuts;
        int64_t before = chain ? (int64_t)cut : 0, behind = chain ? MAX_CUTS - (int64_t)cut : 0;
        s->network.head_ns[0][cut] = before * 20 * MS + roll_between(dice, 0, 20 * MS);
        s->network.tail_ns[0][cut] = last ? 0 : behind * 5 * MS + roll_between(dice, 0, 5 * MS);
        s->network.bytes[0][cut] = last ? 0 : behind * 20000 + roll_between(dice, 1, 20000);
        s->outcome_s[cut] = roll_chance(dice, 20) ? ES_INFINITY : roll_real(dice);
        if (roll_chance(dice, 70))
            s->candidates[s->n_candidates++] = (uint32_t)cut;
    }
    if (s->n_candidates == 0)
        s->n_candidates = 1;
    made_up_cost(&s->network);
    s->view = (es_policy_view){
        .costs = s->network.tables,
        .rate_bps = roll_chance(dice, 10) ? 0 : exp(25 * roll_real(dice)),
        .load = roll_chance(dice, 10) ? 1 : roll_real(dice),
        .delay_s = roll_chance(dice, 50) ? 0.02 * roll_real(dice) : 0,
        .outcome_s = s->outcome_s,
    };
}

static void every_policy_returns_one_of_its_candidates(void **state) {
    (void)state;
    struct dice dice = {1};
    struct situation s;
    for (size_t i = 0; i < 5000; i++) {
        random_situation(&s, &dice);
        for (size_t p = 0; es_policies_at(p) != NULL; p++) {
            es_policy policy = {es_policies_at(p), s.n_candidates, s.candidates};
            struct situation before = s;
            size_t cut = policy.ops->choose(&policy, &s.view);
            bool found = false;
            for (size_t c = 0; c < s.n_candidates; c++)
                found = found || s.candidates[c] == cut;
            assert_true(found);
            assert_int_equal(policy.ops->choose(&policy, &s.view), cut); /* it keeps no state */
            assert_memory_equal(&before, &s, sizeof s);
        }
    }
}

/* SEMANTICS 3, straight from the formula. */
static double latency_s(const struct situation *s, size_t cut) {
    const es_cut_costs *costs = s->view.costs;
    if (cut + 1 == costs->n_cuts)
        return costs->head_s[cut];
    return costs->head_s[cut] + s->view.delay_s +
           8.0 * (double)costs->bytes[cut] / s->view.rate_bps +
           costs->tail_s[cut] / (1 - s->view.load);
}

static void dynamic_split_is_the_argmin(void **state) {
    (void)state;
    struct dice dice = {2};
    struct situation s;
    for (size_t i = 0; i < 20000; i++) {
        random_situation(&s, &dice);
        es_policy policy = policy_with("dynamic-split", s.n_candidates, s.candidates);
        double found_s = latency_s(&s, policy.ops->choose(&policy, &s.view));
        for (size_t c = 0; c < s.n_candidates; c++) {
            double other_s = latency_s(&s, s.candidates[c]);
            assert_false(other_s < found_s * (1 - 1e-14));
        }
    }
}

static void oracle_is_the_least_outcome(void **state) {
    (void)state;
    struct dice dice = {3};
    struct situation s;
    for (size_t i = 0; i < 20000; i++) {
        random_situation(&s, &dice);
        es_policy policy = policy_with("oracle", s.n_candidates, s.candidates);
        double found_s = s.outcome_s[policy.ops->choose(&policy, &s.view)];
        for (size_t c = 0; c < s.n_candidates; c++)
            assert_true(s.outcome_s[s.candidates[c]] >= found_s);
    }
}

/* In units of 1/512 s, which are whole nanoseconds and exact in binary; 2 KiB take one at 8
 * Mibit/s. */
static void ties_go_to_the_larger_cut(void **state) {
    (void)state;
    enum { UNIT = 1953125, KIB = 1024 };
    struct made_up network = {
        .n_cuts = 4,
        .n_batches = 1,
        .batches = {1},
        .head_ns = {{0, 3 * UNIT, 5 * UNIT, 9 * UNIT}},
        .tail_ns = {{2 * UNIT, 1 * UNIT, 1 * UNIT, 0}},
        .bytes = {{8 * KIB, 6 * KIB, 4 * KIB, 0}},
    };
    made_up_cost(&network); /* 6, 7, 8, 9 */
    es_policy_view view = {.costs = network.tables, .rate_bps = 0x1p23};
    es_policy dynamic = policy_with("dynamic-split", 4, every_cut);
    assert_int_equal(dynamic.ops->choose(&dynamic, &view), 0);
    network.head_ns[0][2] = 3 * UNIT;
    made_up_cost(&network); /* 6, 7, 6, 9 */
    assert_int_equal(dynamic.ops->choose(&dynamic, &view), 2);
    network.head_ns[0][3] = 6 * UNIT;
    made_up_cost(&network); /* 6, 7, 6, 6 */
    assert_int_equal(dynamic.ops->choose(&dynamic, &view), 3);
    es_policy oracle = policy_with("oracle", 4, every_cut);
    const double outcome_s[] = {0.5, 0.25, 0.25, 0.5},
                 none_s[] = {ES_INFINITY, ES_INFINITY, ES_INFINITY, ES_INFINITY};
    view.outcome_s = outcome_s;
    assert_int_equal(oracle.ops->choose(&oracle, &view), 2);
    view.outcome_s = none_s;
    assert_int_equal(oracle.ops->choose(&oracle, &view), 3);
}

static void no_link_or_no_server_means_to_stay(void **state) {
    (void)state;
    struct made_up network = three_cuts();
    made_up_cost(&network);
    es_policy dynamic = policy_with("dynamic-split", 3, every_cut);
    es_policy_view view = {.costs = network.tables, .rate_bps = 0};
    assert_true(isinf(es_policy_predict_s(&view, 0, 1 / view.rate_bps, 1)));
    assert_int_equal(dynamic.ops->choose(&dynamic, &view), 2);
    view.rate_bps = 1e12;
    assert_int_equal(dynamic.ops->choose(&dynamic, &view), 0);
    view.load = 1;
    assert_int_equal(dynamic.ops->choose(&dynamic, &view), 2);
    /* who may not stay takes the largest cut there is */
    dynamic.n_candidates = 2;
    assert_int_equal(dynamic.ops->choose(&dynamic, &view), 1);
}

/* Each cut is a line over 1 / rate with its bytes as the slope, and over 1 / (1 - load) with its
 * tail: the lower envelope's slope falls. */
static void optimal_bytes_rise_with_the_rate_and_tails_fall_with_the_load(void **state) {
    (void)state;
    struct dice dice = {4};
    struct situation s;
    size_t n_changes = 0;
    for (size_t i = 0; i < 10000; i++) {
        random_situation(&s, &dice);
        es_policy policy = policy_with("dynamic-split", s.n_candidates, s.candidates);
        const int64_t *bytes = s.network.bytes[0], *tail_ns = s.network.tail_ns[0];
        double load = s.view.load;
        size_t last = 0;
        for (size_t k = 0; k < 60; k++) {
            s.view.rate_bps = exp(0.5 * (double)k);
            size_t cut = policy.ops->choose(&policy, &s.view);
            assert_true(k == 0 || load == 1 || bytes[cut] >= bytes[last]);
            n_changes += k > 0 && cut != last;
            last = cut;
        }
        s.view.rate_bps = exp(25 * roll_real(&dice));
        for (size_t k = 0; k <= 60; k++) {
            s.view.load = (double)k / 60;
            size_t cut = policy.ops->choose(&policy, &s.view);
            assert_true(k == 0 || k == 60 || tail_ns[cut] <= tail_ns[last]);
            n_changes += k > 0 && cut != last;
            last = cut;
        }
    }
    assert_true(n_changes > 4000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_in_order),
        cmocka_unit_test(every_policy_returns_one_of_its_candidates),
        cmocka_unit_test(dynamic_split_is_the_argmin),
        cmocka_unit_test(oracle_is_the_least_outcome),
        cmocka_unit_test(ties_go_to_the_larger_cut),
        cmocka_unit_test(no_link_or_no_server_means_to_stay),
        cmocka_unit_test(optimal_bytes_rise_with_the_rate_and_tails_fall_with_the_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
