/* Queueing theory behind the server: independent replications against the exact mean. The intervals
 * of all comparisons hold together with a confidence of 99 % (Student t over the replications,
 * Bonferroni over the comparisons). Seeds are fixed.
 *
 * A Poisson stream waits rho s / (2 (1 - rho)) for a link that needs s for each (Pollaczek and
 * Khinchine), and leaves an M/M/1 server as a Poisson stream (Burke 1956), so that server and cloud
 * are M/M/1 queues each by itself (J. R. Jackson, "Networks of Waiting Lines", Operations Research
 * 1957). Before c servers a request waits as long as Erlang's probability C over c mu - lambda; a
 * cloud that is shared by all keeps one that needs x for x / (1 - rho), whatever the distribution.
 */
#include "tiers.h"

#include "edgesplit/stats.h"

#include <math.h>

enum { N_REPLICATIONS = 24, N_REQUESTS = 20000, N_COMPARISONS = 7 };

/* Two boundaries and 1 MB between the tiers; nothing on the device. Server and cloud take 10 ms. */
static struct made_up network;
static struct tiers tiers;
static es_rate *instant, *full;

static int set_up(void **state) {
    (void)state;
    network = (struct made_up){
        .n_cuts = 3,
        .n_batches = 1,
        .batches = {1},
        .head_ns = {{0, 0, 0}},
        .tail_ns = {{20 * MS, 10 * MS, 0}},
        .bytes = {{1000000, 1000000, 0}},
    };
    tiers_init(&tiers, &network, 1);
    instant = constant_rate(INT64_C(1000000000000000));
    full = constant_rate(ES_FULL_CAPACITY);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    es_rate_destroy(instant);
    es_rate_destroy(full);
    return 0;
}

static es_world_config poisson(const es_policy *policy, double rate_hz) {
    es_world_config config = one_request(&tiers.cost, policy, instant, full);
    config.backhaul = (es_link){.rate = instant, .sharing = ES_OF_ALL};
    config.cloud = (es_server){.capacity = full, .n_servers = 1};
    config.outcomes = false;
    config.n_steps = N_REQUESTS;
    config.max_backlog = 1 << 16;
    config.groups[0].poisson = true;
    config.groups[0].arrival_rate_hz = rate_hz;
    return config;
}

/* Mean of a column behind the first tenth. */
struct mean {
    size_t column;
    uint64_t n_seen;
    es_moments values;
};

static es_status add_column(void *context, const es_block *block) {
    struct mean *mean = context;
    const double *values = (const double *)(const void *)((const char *)block + mean->column);
    for (size_t i = 0; i < block->n; i++)
        if (mean->n_seen++ >= N_REQUESTS / 10)
            es_moments_add(&mean->values, &values[i], 1);
    return ES_OK;
}

static void assert_mean(const char *what, es_world_config config, size_t column, double expected) {
    es_moments means = {0};
    for (uint64_t r = 0; r < N_REPLICATIONS; r++) {
        struct mean mean = {.column = column};
        es_world *world = NULL;
        es_world_result result;
        config.seed = 500 + r;
        config.context = &mean;
        config.steps = add_column;
        assert_int_equal(es_world_create(&config, &world), ES_OK);
        assert_int_equal(es_world_run(world, &result), ES_OK);
        es_world_destroy(world);
        assert_true(!result.saturated && result.little_residual_s == 0);
        double value = es_moments_mean(&mean.values);
        es_moments_add(&means, &value, 1);
    }
    es_interval interval = es_moments_interval(&means, 1 - 0.01 / N_COMPARISONS);
    print_message("%-44s %9.5f s, theory %9.5f s\n", what, interval.mean, expected);
    assert_true(interval.low <= expected && expected <= interval.high);
    assert_true(interval.high - interval.low < 0.2 * expected); /* or the test would say nothing */
}

/* All in the cloud, 8 ms over the backhaul for each. */
static void the_backhaul_is_a_queue_of_equal_messages(void **state) {
    (void)state;
    es_rate *backhaul = constant_rate(1000000000);
    es_policy policy = policy_with("static-split", 1, &tiers.pairs[0]);
    es_world_config config = poisson(&policy, 0.7 / 0.008);
    config.backhaul.rate = backhaul;
    config.cloud.n_servers = 8; /* none waits there */
    assert_mean("M/D/1 backhaul, wait at 0.7", config, offsetof(es_block, backhaul_queue_time),
                0.7 * 0.008 / (2 * 0.3));
    config.backhaul.discipline = ES_PS;
    assert_mean("shared backhaul, time at 0.7", config, offsetof(es_block, backhaul_time),
                0.008 / 0.3);
    es_rate_destroy(backhaul);
}

/* Half of the tail on the server, half in the cloud. */
static void server_and_cloud_are_queues_each_by_itself(void **state) {
    (void)state;
    uint32_t both = pair_of(&tiers, 0, 1);
    es_policy policy = policy_with("static-split", 1, &both);
    es_world_config config = poisson(&policy, 70);
    config.groups[0].exponential_tail = config.groups[0].exponential_cloud = true;
    assert_mean("M/M/1 server, wait at 0.7", config, offsetof(es_block, server_queue_time),
                0.7 * 0.010 / 0.3);
    assert_mean("M/M/1 cloud behind it, wait at 0.7", config, offsetof(es_block, cloud_queue_time),
                0.7 * 0.010 / 0.3);
    config.cloud.discipline = ES_PS;
    assert_mean("shared cloud behind it, time at 0.7", config, offsetof(es_block, cloud_time),
                0.010 / 0.3);
    config.groups[0].exponential_cloud = false;
    assert_mean("the same, all of them alike", config, offsetof(es_block, cloud_time), 0.010 / 0.3);
}

/* Two servers, each 10 ms, at 140 requests a second: by Erlang's formula with a = 1.4 the chance to
 * wait is a^2 / (a^2 + 2 (1 + a) (1 - a / 2)). */
static void a_cloud_of_two_servers_waits_as_erlang_says(void **state) {
    (void)state;
    uint32_t both = pair_of(&tiers, 0, 1);
    es_policy policy = policy_with("static-split", 1, &both);
    es_world_config config = poisson(&policy, 140);
    config.server.n_servers = 64; /* which a Poisson stream leaves as one */
    config.groups[0].exponential_tail = config.groups[0].exponential_cloud = true;
    config.cloud.n_servers = 2;
    double a = 1.4, c = a * a / (a * a + 2 * (1 + a) * (1 - a / 2));
    assert_mean("M/M/2 cloud, wait at 0.7", config, offsetof(es_block, cloud_queue_time),
                c / (200 - 140));
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH(the_backhaul_is_a_queue_of_equal_messages),
        WITH(server_and_cloud_are_queues_each_by_itself),
        WITH(a_cloud_of_two_servers_waits_as_erlang_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
