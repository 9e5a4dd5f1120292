/* The policy of analysis/docs/add-a-policy.md, compiled as it stands there. */
#include "worlds.h"

#include "dice.h"
#include "edgesplit/number.h"

#include <string.h>

extern const es_policy_ops es_policy_cautious;

/* A view of the network of three cuts, the rate and load anywhere, 0 and 1 included. */
static es_policy_view random_view(const struct made_up *network, struct dice *dice) {
    return (es_policy_view){
        .costs = network->tables,
        .rate_bps = roll_chance(dice, 10) ? 0 : 5e8 * roll_real(dice),
        .load = roll_chance(dice, 10) ? 1 : roll_real(dice),
        .delay_s = 0.01 * roll_real(dice),
        .deadline_s = ES_INFINITY,
    };
}

static void it_is_dynamic_split_on_half_the_rate(void **state) {
    (void)state;
    struct made_up network = three_cuts();
    struct dice dice = {1};
    size_t n_chosen[3] = {0};
    made_up_cost(&network);
    es_policy dynamic = policy_with("dynamic-split", 3, every_cut), cautious = dynamic;
    cautious.ops = &es_policy_cautious;
    for (size_t i = 0; i < 5000; i++) {
        es_policy_view view = random_view(&network, &dice), before = view;
        size_t cut = cautious.ops->choose(&cautious, &view);
        assert_memory_equal(&before, &view, sizeof view);
        assert_int_equal(cautious.ops->choose(&cautious, &view), cut);
        view.rate_bps /= 2;
        assert_int_equal(cut, dynamic.ops->choose(&dynamic, &view));
        n_chosen[cut]++;
    }
    for (size_t cut = 0; cut < 3; cut++)
        assert_true(n_chosen[cut] > 100);
}

static void a_world_runs_it(void **state) {
    (void)state;
    struct made_up network = three_cuts();
    es_rate *uplink = constant_rate(10000000), *server = constant_rate(ES_FULL_CAPACITY);
    es_policy cautious = policy_with("dynamic-split", 3, every_cut);
    cautious.ops = &es_policy_cautious;
    struct run run = run_world(one_request(made_up_cost(&network), &cautious, uplink, server));
    assert_int_equal(run.n, 1);
    assert_int_equal(run.rows[0].split_index, 2); /* 52 ms in the middle at half of 10 Mbit/s */
    run_fini(&run);
    es_rate_destroy(uplink);
    es_rate_destroy(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_dynamic_split_on_half_the_rate),
        cmocka_unit_test(a_world_runs_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
