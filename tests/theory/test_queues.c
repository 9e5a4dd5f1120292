/* Queueing theory: independent replications against the exact mean and variance, with 99 %
 * intervals (Student t over the replications). Seeds are fixed.
 *
 * Waiting times by Pollaczek and Khinchine: with load rho = lambda E[S],
 *     E[W] = lambda E[S^2] / (2 (1 - rho)),  Var[W] = E[W]^2 + lambda E[S^3] / (3 (1 - rho))
 * (Kleinrock, "Queueing Systems", vol. 1, 1975, section 5.7). A Poisson stream leaves an M/M/1
 * queue as a Poisson stream (Burke 1956), and what it then meets does not depend on what it met
 * before. */
#include "worlds.h"

#include "edgesplit/stats.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

enum { N_REPLICATIONS = 300, N_REQUESTS = 90000, N_WARM_UP = 20000 };

/* One station whose waits are looked at. */
struct wait {
    size_t column; /* offset in es_block */
    double mean_s, variance_s2;
};

/* Waits of a uniform service time or an exponential one of that mean, at a load. */
static struct wait theory(size_t column, double service_s, bool exponential, double load) {
    double arrivals_hz = load / service_s;
    double second = (exponential ? 2 : 1) * service_s * service_s;
    double third = (exponential ? 6 : 1) * service_s * service_s * service_s;
    double mean_s = arrivals_hz * second / (2 * (1 - load));
    double variance_s2 = mean_s * mean_s + arrivals_hz * third / (3 * (1 - load));
    return (struct wait){column, mean_s, variance_s2};
}

/* Sums of the waits behind the warm-up; squares about the theoretical mean, so that they are
 * unbiased. */
struct sums {
    const struct wait *wait;
    uint64_t n_seen;
    es_sum waits_s, squares_s2;
};

static es_status add_waits(void *context, const es_block *block) {
    struct sums *sums = context;
    const double *waits_s =
        (const double *)(const void *)((const char *)block + sums->wait->column);
    for (size_t i = 0; i < block->n; i++) {
        if (sums->n_seen++ < N_WARM_UP)
            continue;
        double deviation_s = waits_s[i] - sums->wait->mean_s;
        es_sum_add(&sums->waits_s, waits_s[i]);
        es_sum_add(&sums->squares_s2, deviation_s * deviation_s);
    }
    return ES_OK;
}

static void assert_in_interval(const char *what, double load, const es_moments *replications,
                               double expected) {
    double n = (double)replications->n, mean = es_moments_mean(replications);
    double half = gsl_cdf_tdist_Pinv(0.995, n - 1) * es_moments_std(replications) / sqrt(n);
    print_message("%-40s load %.1f: %11.5g, theory %11.5g, interval +- %4.1f %%\n", what, load,
                  mean, expected, 100 * half / expected);
    assert_true(fabs(mean - expected) <= half);
    assert_true(half < 0.1 * expected); /* or the test would say nothing */
}

static void assert_waits(const char *what, double load, es_world_config config,
                         const struct wait *wait) {
    es_moments means = {0}, variances = {0};
    for (uint64_t r = 0; r < N_REPLICATIONS; r++) {
        struct sums sums = {.wait = wait};
        es_world *world = NULL;
        es_world_result result;
        config.seed = 1000 + r;
        config.context = &sums;
        config.steps = add_waits;
        assert_int_equal(es_world_create(&config, &world), ES_OK);
        assert_int_equal(es_world_run(world, &result), ES_OK);
        es_world_destroy(world);
        assert_false(result.saturated);
        assert_true(result.little_residual_s == 0);
        double mean_s = es_sum_value(sums.waits_s) / (N_REQUESTS - N_WARM_UP);
        double variance_s2 = es_sum_value(sums.squares_s2) / (N_REQUESTS - N_WARM_UP);
        es_moments_add(&means, &mean_s, 1);
        es_moments_add(&variances, &variance_s2, 1);
    }
    char name[64];
    snprintf(name, sizeof name, "%s, mean wait", what);
    assert_in_interval(name, load, &means, wait->mean_s);
    snprintf(name, sizeof name, "%s, variance", what);
    assert_in_interval(name, load, &variances, wait->variance_s2);
}

static const double loads[] = {0.3, 0.7, 0.9};
enum { N_LOADS = sizeof loads / sizeof loads[0] };

static struct made_up network;
static const es_cost *cost;
static es_rate *link_rate, *server;

/* Head 20 ms; 25 kB, which take 20 ms at 10 Mbit/s; tail 10 ms, which take 20 at half the server.
 */
static int set_up(void **state) {
    (void)state;
    network = three_cuts();
    network.head_ns[0][1] = 20 * MS;
    network.tail_ns[0][1] = 10 * MS;
    cost = made_up_cost(&network);
    link_rate = constant_rate(10000000);
    server = constant_rate(ES_FULL_CAPACITY / 2);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    es_rate_destroy(link_rate);
    es_rate_destroy(server);
    return 0;
}

static es_world_config poisson(const es_policy *policy, double load) {
    es_world_config config = one_request(cost, policy, link_rate, server);
    config.poisson = true;
    config.arrival_rate_hz = load / 0.02;
    config.n_steps = N_REQUESTS;
    config.max_backlog = 65536;
    config.outcomes = false;
    return config;
}

static void device_is_m_m_1_or_m_d_1(void **state) {
    (void)state;
    es_policy policy = fixed_at(2);
    for (size_t i = 0; i < N_LOADS; i++)
        for (int exponential = 0; exponential < 2; exponential++) {
            es_world_config config = poisson(&policy, loads[i]);
            config.exponential_head = exponential;
            struct wait wait =
                theory(offsetof(es_block, device_queue_time), 0.02, exponential, loads[i]);
            assert_waits(exponential ? "device, M/M/1" : "device, M/D/1", loads[i], config, &wait);
        }
}

/* Head exponential, then the link: the second queue of a tandem, M/D/1 by Burke's theorem. */
static void uplink_behind_an_m_m_1_queue_is_m_d_1(void **state) {
    (void)state;
    es_policy policy = fixed_at(1);
    for (size_t i = 0; i < N_LOADS; i++) {
        es_world_config config = poisson(&policy, loads[i]);
        config.exponential_head = true;
        struct wait wait = theory(offsetof(es_block, uplink_queue_time), 0.02, false, loads[i]);
        assert_waits("device M/M/1 -> uplink M/D/1", loads[i], config, &wait);
    }
}

/* Over a link so fast that it holds nothing up: two exponential queues in a row (Jackson 1957), the
 * second at half the server's capacity. */
static void server_behind_an_m_m_1_queue_is_m_m_1(void **state) {
    (void)state;
    es_rate *fast = constant_rate(ES_RATE_MAX);
    es_policy policy = fixed_at(1);
    for (size_t i = 0; i < N_LOADS; i++) {
        es_world_config config = poisson(&policy, loads[i]);
        config.uplink = fast;
        config.exponential_head = config.exponential_tail = true;
        struct wait wait = theory(offsetof(es_block, server_queue_time), 0.02, true, loads[i]);
        assert_waits("device M/M/1 -> server M/M/1", loads[i], config, &wait);
    }
    es_rate_destroy(fast);
}

/* The number in an M/M/1 system is rho / (1 - rho) on average over time. */
static void number_in_system_is_littles(void **state) {
    (void)state;
    es_policy policy = fixed_at(2);
    for (size_t i = 0; i < N_LOADS; i++) {
        es_moments lengths = {0}, utilisations = {0};
        for (uint64_t r = 0; r < N_REPLICATIONS; r++) {
            es_world_config config = poisson(&policy, loads[i]);
            config.exponential_head = true;
            config.seed = 2000 + r;
            struct run run = run_world(config);
            es_moments_add(&lengths, &run.result.queue_length[ES_DEVICE], 1);
            es_moments_add(&utilisations, &run.result.utilisation[ES_DEVICE], 1);
            run_fini(&run);
        }
        assert_in_interval("number in the M/M/1 system", loads[i], &lengths,
                           loads[i] / (1 - loads[i]));
        assert_in_interval("utilisation", loads[i], &utilisations, loads[i]);
    }
}

#define WITH_RATES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_RATES(device_is_m_m_1_or_m_d_1),
        WITH_RATES(uplink_behind_an_m_m_1_queue_is_m_d_1),
        WITH_RATES(server_behind_an_m_m_1_queue_is_m_m_1),
        WITH_RATES(number_in_system_is_littles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
