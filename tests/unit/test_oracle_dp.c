/* The best sequence of cuts: isolated worlds in which changing the cut costs time. */
#include "random_world.h"

#include "edgesplit/number.h"

#include <math.h>
#include <string.h>

enum { N_WORLDS = 1000 };

/* A random world in isolated mode in which a change of the cut takes so long. */
static void isolated_world(struct random_world *world, uint64_t seed, es_time switch_cost_ns) {
    random_world_init(world, seed);
    static es_block rows, *block = &rows; /* one for all: the next world needs no new memory */
    world->config.block = &block;
    world->config.isolated = true;
    world->config.groups[0].switch_cost_ns = switch_cost_ns;
    world->config.groups[0].has_energy = true;
    world->config.groups[0].population = 0;
}

/* What counts: requests that never finish, then the sum of all latencies. */
struct total {
    size_t n_lost;
    double sum_s;
};

static struct total total_of(const struct run *run) {
    struct total total = {0};
    for (size_t i = 0; i < run->n; i++) {
        bool lost = isnan(run->rows[i].latency);
        total.n_lost += lost;
        total.sum_s += lost ? 0 : run->rows[i].latency;
    }
    return total;
}

static bool is_worse(struct total a, struct total b) {
    return a.n_lost > b.n_lost || (a.n_lost == b.n_lost && a.sum_s > b.sum_s + 1e-12);
}

static struct run run_policy(struct random_world *world, const es_policy *policy) {
    world->config.groups[0].policy = policy;
    return run_world(world->config);
}

/* A fixed cut, the myopic oracle, every other policy with whatever settings and knowledge. */
static void no_policy_is_better(void **state) {
    (void)state;
    size_t n_better = 0, n_lost = 0;
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        struct dice dice = {~seed};
        struct random_world world;
        isolated_world(&world, seed, roll_between(&dice, 1, 20 * MS));
        size_t n_cuts = world.network.n_cuts;
        /* some without the cut that always finishes */
        size_t n_candidates = n_cuts - (size_t)roll_between(&dice, 0, 1);
        es_policy best = policy_with("oracle-dp", n_candidates, every_cut);
        struct run run = run_policy(&world, &best);
        struct total least = total_of(&run);
        n_lost += least.n_lost > 0;
        run_fini(&run);
        for (size_t p = 0; es_policies_at(p) != NULL; p++) {
            es_policy policy = world.policy;
            policy.ops = es_policies_at(p);
            policy.n_candidates = n_candidates;
            policy.candidates = every_cut;
            run = run_policy(&world, &policy);
            struct total total = total_of(&run);
            assert_false(is_worse(least, total));
            n_better += is_worse(total, least);
            run_fini(&run);
        }
        for (size_t cut = 0; cut < n_candidates; cut++) {
            es_policy fixed = fixed_at(cut);
            run = run_policy(&world, &fixed);
            assert_false(is_worse(least, total_of(&run)));
            run_fini(&run);
        }
        random_world_fini(&world);
    }
    assert_true(n_better > N_WORLDS && n_lost > 10);
}

static void without_a_cost_of_changes_it_is_the_oracle(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        struct random_world world;
        isolated_world(&world, seed, 0);
        es_policy planned = policy_with("oracle-dp", world.network.n_cuts, every_cut);
        es_policy myopic = policy_with("oracle", world.network.n_cuts, every_cut);
        struct run a = run_policy(&world, &planned), b = run_policy(&world, &myopic);
        assert_same_rows(&a, &b);
        run_fini(&a);
        run_fini(&b);
        random_world_fini(&world);
    }
}

/* Plays back a sequence of cuts. */
static size_t follow(const es_policy *policy, const es_policy_view *view) {
    return policy->candidates[view->n_before];
}

/* Every sequence of cuts for up to 4 requests. */
static void it_equals_brute_force(void **state) {
    (void)state;
    static const es_policy_ops follower = {.name = "follower", .choose = follow};
    enum { MOST = 4 };
    size_t n_changes = 0;
    for (uint64_t seed = 1; seed <= N_WORLDS; seed++) {
        struct dice dice = {~seed};
        struct random_world world;
        isolated_world(&world, seed, roll_between(&dice, 0, 2 * MS));
        world.config.n_steps = (uint64_t)roll_between(&dice, 1, MOST);
        size_t n_cuts = world.network.n_cuts < 3 ? world.network.n_cuts : 3;
        es_policy planned = policy_with("oracle-dp", n_cuts, every_cut);
        struct run run = run_policy(&world, &planned);
        struct total found = total_of(&run), least = {SIZE_MAX, ES_INFINITY};
        for (size_t i = 1; i < run.n; i++)
            n_changes += run.rows[i].split_index != run.rows[i - 1].split_index;
        run_fini(&run);
        uint32_t cuts[MOST] = {0};
        for (size_t place = 0; place < MOST;) {
            es_policy sequence = {.ops = &follower, .n_candidates = MOST, .candidates = cuts};
            run = run_policy(&world, &sequence);
            struct total total = total_of(&run);
            run_fini(&run);
            least = is_worse(least, total) ? total : least;
            for (place = 0; place < MOST && ++cuts[place] == n_cuts; place++)
                cuts[place] = 0;
        }
        assert_false(is_worse(found, least) || is_worse(least, found));
        random_world_fini(&world);
    }
    assert_true(n_changes > 20);
}

/* By hand: 2 requests at a rate at which full offload takes 12 ms and no offload 20, between them
 * one at which full offload takes 84 ms. A change costs 15 ms. Myopic: full offload, 20 + 15, then
 * no offload, as 20 < 12 + 15: 67 ms. Planned: no offload throughout, 60 ms. */
static void it_pays_for_a_change_only_where_that_comes_back(void **state) {
    (void)state;
    struct made_up network = three_cuts();
    made_up_cost(&network);
    const es_time starts[] = {0, ES_SECOND, 2 * ES_SECOND, 3 * ES_SECOND};
    const int64_t rates[] = {100000000, 10000000, 100000000};
    es_rate *uplink = stepped_rate(3, starts, rates, ES_AT_END_HOLD);
    es_rate *server = constant_rate(ES_FULL_CAPACITY);
    static const uint32_t ends[] = {0, 2};
    static const int expected[2][3] = {{0, 2, 2}, {2, 2, 2}};
    for (size_t p = 0; p < 2; p++) {
        es_policy policy = policy_with(p == 0 ? "oracle" : "oracle-dp", 2, ends);
        es_world_config config = one_request(&network.cost, &policy, uplink, server);
        config.isolated = true;
        config.n_steps = 3;
        config.groups[0].switch_cost_ns = 15 * MS;
        struct run run = run_world(config);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(run.rows[i].split_index, expected[p][i]);
        assert_true(fabs(total_of(&run).sum_s - (p == 0 ? 0.067 : 0.06)) < 1e-12);
        run_fini(&run);
    }
    es_rate_destroy(uplink);
    es_rate_destroy(server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_policy_is_better),
        cmocka_unit_test(without_a_cost_of_changes_it_is_the_oracle),
        cmocka_unit_test(it_equals_brute_force),
        cmocka_unit_test(it_pays_for_a_change_only_where_that_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
