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
    assert_int_equal(n, 12);
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
    es_power power;
    es_policy_settings settings;
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
        .deadline_s = roll_chance(dice, 30) ? ES_INFINITY : 0.2 * roll_real(dice),
        .device_wait_s = roll_chance(dice, 30) ? 0.1 * roll_real(dice) : 0,
        .uplink_wait_bits = roll_chance(dice, 30) ? 1e6 * roll_real(dice) : 0,
        .switch_cost_s = roll_chance(dice, 30) ? 0.05 * roll_real(dice) : 0,
        .has_previous = roll_chance(dice, 70),
        .previous_cut = s->candidates[roll_between(dice, 0, (int64_t)s->n_candidates - 1)],
        .dwell = (uint64_t)roll_between(dice, 1, 20),
        .power = &s->power,
        .outcome_s = s->outcome_s,
    };
    s->power = (es_power){5 * roll_real(dice), 2 * roll_real(dice), 1, roll_real(dice)};
    s->settings = (es_policy_settings){.hysteresis = roll_chance(dice, 50) ? roll_real(dice) : 0,
                                       .min_dwell = (uint64_t)roll_between(dice, 0, 10),
                                       .expected_dwell = 1 + 9 * roll_real(dice),
                                       .energy_weight = roll_real(dice),
                                       .exploration = 2 * roll_real(dice),
                                       .discount = roll_real(dice),
                                       .load_bins = (uint64_t)roll_between(dice, 1, 50)};
}

static void every_policy_returns_one_of_its_candidates(void **state) {
    (void)state;
    struct dice dice = {1};
    struct situation s;
    for (size_t i = 0; i < 5000; i++) {
        random_situation(&s, &dice);
        for (size_t p = 0; es_policies_at(p) != NULL; p++) {
            es_policy policy = {.ops = es_policies_at(p),
                                .n_candidates = s.n_candidates,
                                .candidates = s.candidates,
                                .settings = s.settings};
            es_policy_start start = {.n_tables = 1,
                                     .tables = s.network.tables,
                                     .delay_s = &s.view.delay_s,
                                     .n_requests = 1};
            void *memory = policy_memory(&policy, &start);
            if (policy.ops->observe != NULL)
                policy.ops->observe(&policy, &s.view, memory);
            s.view.memory = memory;
            struct situation before = s;
            size_t cut = policy.ops->choose(&policy, &s.view);
            bool found = false;
            for (size_t c = 0; c < s.n_candidates; c++)
                found = found || s.candidates[c] == cut;
            assert_true(found);
            assert_int_equal(policy.ops->choose(&policy, &s.view), cut); /* it keeps no state */
            assert_memory_equal(&before, &s, sizeof s);
            free(memory);
        }
    }
}

/* SEMANTICS 3, straight from the formula. */
static double latency_s(const struct situation *s, size_t cut) {
    const es_cut_costs *costs = s->view.costs;
    double computed_s = s->view.device_wait_s + costs->head_s[cut];
    if (cut + 1 == costs->n_cuts)
        return computed_s;
    double free_s = s->view.uplink_wait_bits > 0 ? s->view.uplink_wait_bits / s->view.rate_bps : 0;
    return fmax(computed_s, free_s) + s->view.delay_s +
           8.0 * (double)costs->bytes[cut] / s->view.rate_bps +
           costs->tail_s[cut] / (1 - s->view.load);
}

static void dynamic_split_is_the_argmin(void **state) {
    (void)state;
    struct dice dice = {2};
    struct situation s;
    for (size_t i = 0; i < 20000; i++) {
        random_situation(&s, &dice);
        s.view.has_previous = false;
        es_policy policy = policy_with("dynamic-split", s.n_candidates, s.candidates);
        double found_s = latency_s(&s, policy.ops->choose(&policy, &s.view));
        for (size_t c = 0; c < s.n_candidates; c++) {
            double other_s = latency_s(&s, s.candidates[c]);
            assert_false(other_s < found_s * (1 - 1e-14));
        }
    }
}

/* Of many cuts, neighbours and others, with ties: the last one with the least prediction, bit for
 * bit. */
static void dynamic_split_is_the_last_of_the_least(void **state) {
    (void)state;
    enum { N = 200 };
    static double head_s[N], tail_s[N], bits[N];
    static uint32_t candidates[N];
    struct dice dice = {21};
    for (size_t i = 0; i < 20000; i++) {
        bool coarse = roll_chance(&dice, 50), all = roll_chance(&dice, 30);
        size_t n_cuts = (size_t)roll_between(&dice, 2, N), n = 0, expected = 0;
        for (size_t cut = 0; cut < n_cuts; cut++) {
            head_s[cut] = coarse ? (double)roll_between(&dice, 1, 4) : roll_real(&dice);
            tail_s[cut] = coarse ? (double)roll_between(&dice, 0, 4) : roll_real(&dice);
            bits[cut] = coarse ? (double)roll_between(&dice, 0, 4) : roll_real(&dice);
            if (all || roll_chance(&dice, 60) || (cut + 1 == n_cuts && n == 0))
                candidates[n++] = (uint32_t)cut;
        }
        es_cut_costs costs = {.n_cuts = n_cuts, .head_s = head_s, .tail_s = tail_s, .bits = bits};
        es_policy_view view = {
            .costs = &costs,
            .rate_bps = roll_chance(&dice, 10) ? 0
                        : coarse               ? 0.5
                                               : 4 * roll_real(&dice),
            .load = roll_chance(&dice, 10) ? 1 : 0.5,
            .delay_s = roll_chance(&dice, 50) ? roll_real(&dice) : 0,
            .device_wait_s = roll_chance(&dice, 30) ? roll_real(&dice) : 0,
            .uplink_wait_bits = roll_chance(&dice, 30) ? roll_real(&dice) : 0,
        };
        es_policy policy = policy_with("dynamic-split", n, candidates);
        double least_s = ES_INFINITY;
        expected = candidates[0];
        for (size_t c = 0; c < n; c++) {
            double predicted_s =
                es_policy_predict_s(&view, candidates[c], 1 / view.rate_bps, 1 / (1 - view.load));
            if (predicted_s <= least_s) {
                expected = candidates[c];
                least_s = predicted_s;
            }
        }
        assert_int_equal(policy.ops->choose(&policy, &view), expected);
    }
}

/* It stays with its cut unless another one gains more than the hysteresis and its part of the cost
 * of the change, and has stayed long enough. */
static void dynamic_split_changes_only_where_it_pays(void **state) {
    (void)state;
    struct dice dice = {4};
    struct situation s;
    size_t n_stays = 0, n_changes = 0;
    for (size_t i = 0; i < 20000; i++) {
        random_situation(&s, &dice);
        s.view.has_previous = true;
        es_policy policy = policy_with("dynamic-split", s.n_candidates, s.candidates);
        size_t free_choice, cut;
        double cost_s = s.view.switch_cost_s;
        s.view.switch_cost_s = 0;
        free_choice = policy.ops->choose(&policy, &s.view);
        s.view.switch_cost_s = cost_s;
        policy.settings = s.settings;
        cut = policy.ops->choose(&policy, &s.view);
        assert_true(cut == free_choice || cut == s.view.previous_cut);
        double stay_s = latency_s(&s, s.view.previous_cut),
               gain_s = stay_s - latency_s(&s, free_choice);
        double least_s = fmax(s.settings.hysteresis * stay_s, cost_s / s.settings.expected_dwell);
        if (free_choice == s.view.previous_cut || !isfinite(stay_s) ||
            fabs(gain_s - least_s) < 1e-12)
            continue;
        bool pays = gain_s > least_s && s.view.dwell >= s.settings.min_dwell;
        assert_int_equal(cut == free_choice, pays);
        n_changes += pays;
        n_stays += !pays;
    }
    assert_true(n_changes > 500 && n_stays > 500);
}

/* Where the load is a tabulated one, the table's cut is as fast as any, at every rate, with or
 * without a link and for each of several batch sizes. */
static void the_threshold_table_is_the_argmin(void **state) {
    (void)state;
    struct dice dice = {7};
    struct situation s, other;
    size_t n_cuts[MAX_CUTS] = {0};
    for (size_t i = 0; i < 5000; i++) {
        random_situation(&other, &dice);
        random_situation(&s, &dice);
        s.view.device_wait_s = s.view.uplink_wait_bits = 0;
        es_policy policy = policy_with("threshold-table", s.n_candidates, s.candidates);
        policy.settings.load_bins = s.settings.load_bins;
        es_cut_costs tables[] = {other.network.tables[0], s.network.tables[0]};
        bool one = other.network.n_cuts < s.network.n_cuts;
        const double delays_s[] = {other.view.delay_s, s.view.delay_s};
        es_policy_start start = {one ? 1 : 2, &tables[one], &delays_s[one], 0};
        void *memory = policy_memory(&policy, &start);
        s.view.memory = memory;
        s.view.costs = &tables[1];
        for (uint64_t k = 0; k <= s.settings.load_bins; k++) {
            s.view.load = (double)k / (double)s.settings.load_bins;
            s.view.rate_bps = roll_chance(&dice, 5) ? 0 : exp(25 * roll_real(&dice));
            size_t cut = policy.ops->choose(&policy, &s.view);
            n_cuts[cut]++;
            for (size_t c = 0; c < s.n_candidates; c++)
                assert_false(latency_s(&s, s.candidates[c]) < latency_s(&s, cut) * (1 - 1e-14));
        }
        free(memory);
    }
    for (size_t cut = 0; cut < MAX_CUTS; cut++)
        assert_true(n_cuts[cut] > 500);
}

/* Between tabulated loads it is what dynamic-split does at the nearest one. */
static void the_threshold_table_rounds_the_load(void **state) {
    (void)state;
    struct dice dice = {8};
    struct situation s;
    size_t n_differs = 0;
    for (size_t i = 0; i < 5000; i++) {
        random_situation(&s, &dice);
        s.view.has_previous = false;
        s.view.device_wait_s = s.view.uplink_wait_bits = 0;
        es_policy table = policy_with("threshold-table", s.n_candidates, s.candidates);
        es_policy dynamic = policy_with("dynamic-split", s.n_candidates, s.candidates);
        double bins = (double)(table.settings.load_bins = s.settings.load_bins);
        void *memory =
            policy_memory(&table, &(es_policy_start){1, s.view.costs, &s.view.delay_s, 0});
        s.view.memory = memory;
        s.view.load = roll_real(&dice);
        size_t cut = table.ops->choose(&table, &s.view);
        n_differs += dynamic.ops->choose(&dynamic, &s.view) != cut;
        double fraction = s.view.load * bins - floor(s.view.load * bins);
        s.view.load = (floor(s.view.load * bins) + (fraction >= 0.5)) / bins;
        size_t expected = dynamic.ops->choose(&dynamic, &s.view);
        assert_true(cut == expected ||
                    fabs(latency_s(&s, cut) - latency_s(&s, expected)) <
                        1e-14 * latency_s(&s, cut) ||
                    isinf(latency_s(&s, expected)));
        free(memory);
    }
    assert_true(n_differs > 20);
}

/* SEMANTICS 6, with the time of receiving counted as waiting. */
static double energy_j(const struct situation *s, size_t cut) {
    const es_cut_costs *costs = s->view.costs;
    bool stays = cut + 1 == costs->n_cuts;
    double send_s = stays ? 0 : 8.0 * (double)costs->bytes[cut] / s->view.rate_bps;
    return s->power.active_w * costs->head_s[cut] + s->power.transmit_w * send_s +
           s->power.idle_w * (latency_s(s, cut) - costs->head_s[cut] - send_s);
}

static void deadline_aware_takes_the_cheapest_cut_in_time(void **state) {
    (void)state;
    struct dice dice = {5};
    struct situation s;
    size_t n_in_time = 0;
    for (size_t i = 0; i < 20000; i++) {
        random_situation(&s, &dice);
        bool powered = roll_chance(&dice, 50);
        if (!powered)
            s.view.power = NULL;
        es_policy policy = policy_with("deadline-aware", s.n_candidates, s.candidates);
        size_t cut = policy.ops->choose(&policy, &s.view);
        bool in_time = latency_s(&s, cut) <= s.view.deadline_s && isfinite(latency_s(&s, cut));
        n_in_time += in_time;
        for (size_t c = 0; c < s.n_candidates; c++) {
            size_t other = s.candidates[c];
            double other_s = latency_s(&s, other);
            if (!in_time) {
                assert_false(other_s < latency_s(&s, cut) * (1 - 1e-14));
                continue;
            }
            if (other_s > s.view.deadline_s * (1 - 1e-14) || !isfinite(other_s))
                continue;
            if (powered)
                assert_false(energy_j(&s, other) < energy_j(&s, cut) * (1 - 1e-12) - 1e-15);
            else
                assert_true(s.view.costs->tail_ns[other] >= s.view.costs->tail_ns[cut]);
        }
    }
    assert_in_range(n_in_time, 5000, 19000);
}

static void energy_aware_is_the_least_weighted_sum(void **state) {
    (void)state;
    struct dice dice = {6};
    struct situation s;
    for (size_t i = 0; i < 20000; i++) {
        random_situation(&s, &dice);
        if (s.view.rate_bps == 0 || s.view.load == 1)
            continue;
        es_policy policy = policy_with("energy-aware", s.n_candidates, s.candidates);
        policy.settings = s.settings;
        size_t cut = policy.ops->choose(&policy, &s.view), last = s.candidates[s.n_candidates - 1];
        double w = s.settings.energy_weight, scores[MAX_CUTS];
        for (size_t c = 0; c < MAX_CUTS; c++)
            scores[c] = c < s.network.n_cuts ? (1 - w) * latency_s(&s, c) / latency_s(&s, last) +
                                                   w * energy_j(&s, c) / energy_j(&s, last)
                                             : 0;
        for (size_t c = 0; c < s.n_candidates; c++)
            assert_false(scores[s.candidates[c]] < scores[cut] * (1 - 1e-12));
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
        s.view.has_previous = false;
        s.view.device_wait_s = s.view.uplink_wait_bits = 0;
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
        cmocka_unit_test(dynamic_split_is_the_last_of_the_least),
        cmocka_unit_test(dynamic_split_changes_only_where_it_pays),
        cmocka_unit_test(the_threshold_table_is_the_argmin),
        cmocka_unit_test(the_threshold_table_rounds_the_load),
        cmocka_unit_test(deadline_aware_takes_the_cheapest_cut_in_time),
        cmocka_unit_test(energy_aware_is_the_least_weighted_sum),
        cmocka_unit_test(oracle_is_the_least_outcome),
        cmocka_unit_test(ties_go_to_the_larger_cut),
        cmocka_unit_test(no_link_or_no_server_means_to_stay),
        cmocka_unit_test(optimal_bytes_rise_with_the_rate_and_tails_fall_with_the_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
