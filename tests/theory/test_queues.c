/* Queueing theory: independent replications against the exact mean and variance. The intervals of
 * all comparisons hold together with a confidence of 99 % (Student t over the replications,
 * Bonferroni over the comparisons). Seeds are fixed.
 *
 * Waiting times by Pollaczek and Khinchine: with load rho = lambda E[S],
 *     E[W] = lambda E[S^2] / (2 (1 - rho)),  Var[W] = E[W]^2 + lambda E[S^3] / (3 (1 - rho))
 * (Kleinrock, "Queueing Systems", vol. 1, 1975, section 5.7). A Poisson stream leaves an M/M/1
 * queue as a Poisson stream (Burke 1956), and what it then meets does not depend on what it met
 * before. Before c servers a request waits with Erlang's probability C, and then exponentially with
 * the rate c mu - lambda (vol. 1, section 3.5). A server shared by all that are there keeps one
 * that needs x for x / (1 - rho) on average, whatever the distribution (vol. 2, 1976, section 4.4).
 */
#include "worlds.h"

#include "edgesplit/rng.h"
#include "edgesplit/stats.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

enum { N_REPLICATIONS = 32, N_COMPARISONS = 55 };

/* Requests per run: the busier, the longer it takes to forget. The first tenth is not looked at. */
static const struct {
    double load;
    uint64_t n_requests;
} cases[] = {{0.3, 30000}, {0.7, 60000}, {0.9, 150000}};
enum { N_CASES = sizeof cases / sizeof cases[0] };

/* One station whose waits are looked at. */
struct wait {
    size_t column; /* offset in es_block */
    double mean_s, variance_s2;
};

/* Waits at a load, of a service time with that mean, mean square and mean cube. */
static struct wait theory_of(size_t column, double load, double mean, double second, double third) {
    double arrivals_hz = load / mean, mean_s = arrivals_hz * second / (2 * (1 - load));
    double variance_s2 = mean_s * mean_s + arrivals_hz * third / (3 * (1 - load));
    return (struct wait){column, mean_s, variance_s2};
}

/* The same of a uniform service time or an exponential one. */
static struct wait theory(size_t column, double service_s, bool exponential, double load) {
    double s2 = service_s * service_s, s3 = s2 * service_s;
    return theory_of(column, load, service_s, (exponential ? 2 : 1) * s2,
                     (exponential ? 6 : 1) * s3);
}

/* Sizes of requests that are drawn anew for every run: one image, or two with a chance of 1/4. */
enum { MAX_REQUESTS = 150000 };
static int64_t mix[MAX_REQUESTS];

static void draw_mix(const es_world_config *config) {
    if (config->groups[0].batches != mix)
        return;
    gsl_rng *rng = es_rng_create(config->seed, 0, ES_RNG_BATCH, 0);
    assert_non_null(rng);
    for (size_t i = 0; i < config->groups[0].n_batches; i++)
        mix[i] = gsl_rng_uniform_int(rng, 4) == 0 ? 2 : 1;
    gsl_rng_free(rng);
}

/* Sums of the waits behind the warm-up; squares about the theoretical mean, so that they are
 * unbiased. */
struct sums {
    const struct wait *wait;
    uint64_t n_seen, n_skipped, n;
    int32_t batch; /* only of requests of that size; 0: all */
    es_sum waits_s, squares_s2;
};

static es_status add_waits(void *context, const es_block *block) {
    struct sums *sums = context;
    const double *waits_s =
        (const double *)(const void *)((const char *)block + sums->wait->column);
    for (size_t i = 0; i < block->n; i++) {
        if (sums->n_seen++ < sums->n_skipped ||
            (sums->batch != 0 && block->batch[i] != sums->batch))
            continue;
        sums->n++;
        double deviation_s = waits_s[i] - sums->wait->mean_s;
        es_sum_add(&sums->waits_s, waits_s[i]);
        es_sum_add(&sums->squares_s2, deviation_s * deviation_s);
    }
    return ES_OK;
}

static void assert_in_interval(const char *what, double load, const es_moments *replications,
                               double expected) {
    double n = (double)replications->n, mean = es_moments_mean(replications);
    double quantile = gsl_cdf_tdist_Pinv(1 - 0.01 / 2 / N_COMPARISONS, n - 1);
    double half = quantile * es_moments_std(replications) / sqrt(n);
    print_message("%-40s load %.1f: %11.5g, theory %11.5g, interval +- %4.1f %%\n", what, load,
                  mean, expected, 100 * half / expected);
    assert_true(fabs(mean - expected) <= half);
    assert_true(half < 0.15 * expected); /* or the test would say nothing */
}

static es_world_result run_once(es_world_config config, void *context,
                                es_status (*steps)(void *, const es_block *)) {
    es_world *world = NULL;
    es_world_result result;
    config.context = context;
    config.steps = steps;
    draw_mix(&config);
    assert_int_equal(es_world_create(&config, &world), ES_OK);
    assert_int_equal(es_world_run(world, &result), ES_OK);
    es_world_destroy(world);
    assert_false(result.saturated);
    assert_true(result.little_residual_s == 0);
    return result;
}

/* The averages over time of the station `timed`, where they are theory's too. */
static void assert_waits(const char *what, double load, es_world_config config,
                         const struct wait *wait, const es_station *timed) {
    es_moments means = {0}, variances = {0}, lengths = {0}, utilisations = {0};
    for (uint64_t r = 0; r < N_REPLICATIONS; r++) {
        struct sums sums = {.wait = wait, .n_skipped = config.n_steps / 10};
        config.seed = 1000 + r;
        es_world_result result = run_once(config, &sums, add_waits);
        double n_counted = (double)sums.n;
        double mean_s = es_sum_value(sums.waits_s) / n_counted;
        double variance_s2 = es_sum_value(sums.squares_s2) / n_counted;
        es_moments_add(&means, &mean_s, 1);
        es_moments_add(&variances, &variance_s2, 1);
        if (timed != NULL) {
            es_moments_add(&lengths, &result.queue_length[*timed], 1);
            es_moments_add(&utilisations, &result.utilisation[*timed], 1);
        }
    }
    char name[64];
    snprintf(name, sizeof name, "%s, mean wait", what);
    assert_in_interval(name, load, &means, wait->mean_s);
    snprintf(name, sizeof name, "%s, variance", what);
    assert_in_interval(name, load, &variances, wait->variance_s2);
    if (timed != NULL) { /* an M/M/1 queue */
        assert_in_interval("number in the M/M/1 system", load, &lengths, load / (1 - load));
        assert_in_interval("its utilisation", load, &utilisations, load);
    }
}

/* The mean of one column, of requests of one size or of all. */
static void assert_mean(const char *what, double load, es_world_config config,
                        const struct wait *wait, int32_t batch) {
    es_moments means = {0};
    for (uint64_t r = 0; r < N_REPLICATIONS; r++) {
        struct sums sums = {.wait = wait, .n_skipped = config.n_steps / 10, .batch = batch};
        config.seed = 3000 + r;
        run_once(config, &sums, add_waits);
        double mean_s = es_sum_value(sums.waits_s) / (double)sums.n;
        es_moments_add(&means, &mean_s, 1);
    }
    assert_in_interval(what, load, &means, wait->mean_s);
}

static struct made_up network;
static const es_cost *cost;
static es_rate *link_rate, *server, *fast;

/* Head 20 ms; 25 kB, which take 20 ms at 10 Mbit/s; tail 10 ms, which take 20 at half the server.
 * Two images take three times as long as one. */
static int set_up(void **state) {
    (void)state;
    network = three_cuts();
    network.head_ns[0][1] = 20 * MS;
    network.tail_ns[0][1] = 10 * MS;
    network.n_batches = 2;
    network.batches[1] = 2;
    for (size_t cut = 0; cut < 3; cut++) {
        network.head_ns[1][cut] = 3 * network.head_ns[0][cut];
        network.tail_ns[1][cut] = 3 * network.tail_ns[0][cut];
        network.bytes[1][cut] = network.bytes[0][cut];
    }
    cost = made_up_cost(&network);
    link_rate = constant_rate(10000000);
    server = constant_rate(ES_FULL_CAPACITY / 2);
    fast = constant_rate(ES_RATE_MAX); /* holds nothing up */
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    es_rate_destroy(link_rate);
    es_rate_destroy(server);
    es_rate_destroy(fast);
    return 0;
}

static es_world_config poisson(const es_policy *policy, size_t i_case) {
    es_world_config config = one_request(cost, policy, link_rate, server);
    config.groups[0].poisson = true;
    config.groups[0].arrival_rate_hz = cases[i_case].load / 0.02;
    config.n_steps = cases[i_case].n_requests;
    config.max_backlog = 65536;
    config.outcomes = false;
    return config;
}

static void device_is_m_d_1(void **state) {
    (void)state;
    es_policy policy = fixed_at(2);
    for (size_t i = 0; i < N_CASES; i++) {
        double load = cases[i].load;
        struct wait wait = theory(offsetof(es_block, device_queue_time), 0.02, false, load);
        assert_waits("device, M/D/1", load, poisson(&policy, i), &wait, NULL);
    }
}

/* By Little's law the number in the system is rho / (1 - rho) on average over time. */
static void device_is_m_m_1(void **state) {
    (void)state;
    es_policy policy = fixed_at(2);
    const es_station device = ES_DEVICE;
    for (size_t i = 0; i < N_CASES; i++) {
        double load = cases[i].load;
        struct wait wait = theory(offsetof(es_block, device_queue_time), 0.02, true, load);
        es_world_config config = poisson(&policy, i);
        config.groups[0].exponential_head = true;
        assert_waits("device, M/M/1", load, config, &wait, &device);
    }
}

/* Head exponential, then the link: the second queue of a tandem. */
static void uplink_behind_an_m_m_1_queue_is_m_d_1(void **state) {
    (void)state;
    es_policy policy = fixed_at(1);
    for (size_t i = 0; i < N_CASES; i++) {
        double load = cases[i].load;
        struct wait wait = theory(offsetof(es_block, uplink_queue_time), 0.02, false, load);
        es_world_config config = poisson(&policy, i);
        config.groups[0].exponential_head = true;
        assert_waits("device M/M/1 -> uplink M/D/1", load, config, &wait, NULL);
    }
}

/* Over a link so fast that it holds nothing up: two exponential queues in a row (Jackson 1957), the
 * second at half the server's capacity. */
static void server_behind_an_m_m_1_queue_is_m_m_1(void **state) {
    (void)state;
    es_policy policy = fixed_at(1);
    for (size_t i = 0; i < N_CASES; i++) {
        double load = cases[i].load;
        struct wait wait = theory(offsetof(es_block, server_queue_time), 0.02, true, load);
        es_world_config config = poisson(&policy, i);
        config.groups[0].uplink.rate = fast;
        config.groups[0].exponential_head = config.groups[0].exponential_tail = true;
        assert_waits("device M/M/1 -> server M/M/1", load, config, &wait, NULL);
    }
}

static void set_mix(es_world_config *config) {
    config->groups[0].n_batches = config->n_steps;
    config->groups[0].batches = mix;
    config->groups[0].arrival_rate_hz /= 1.5;
}

/* Service of 20 ms or 60 ms: mean 30, mean square 3 * 20^2, mean cube 7.5 * 20^3. */
static void device_is_m_g_1(void **state) {
    (void)state;
    es_policy policy = fixed_at(2);
    for (size_t i = 0; i < N_CASES; i++) {
        double load = cases[i].load;
        struct wait wait = theory_of(offsetof(es_block, device_queue_time), load, 0.03,
                                     3 * 0.02 * 0.02, 7.5 * 0.02 * 0.02 * 0.02);
        es_world_config config = poisson(&policy, i);
        set_mix(&config);
        assert_waits("device, M/G/1", load, config, &wait, NULL);
    }
}

/* The chance that all of n servers are busy, from its definition. */
static double erlang_c(int n, double load) {
    double term = 1, sum = 0;
    for (int k = 0; k < n; k++) {
        sum += term;
        term *= n * load / (k + 1);
    }
    return term / (1 - load) / (sum + term / (1 - load));
}

/* Three servers, each at half its capacity: 8 ms. Three times the requests in the same time. */
static void server_is_m_m_3(void **state) {
    (void)state;
    es_policy policy = fixed_at(0);
    for (size_t i = 0; i < N_CASES; i++) {
        double load = cases[i].load, c = erlang_c(3, load), rest_hz = 3 / 0.008 * (1 - load);
        struct wait wait = {offsetof(es_block, server_queue_time), c / rest_hz,
                            (2 * c - c * c) / (rest_hz * rest_hz)};
        es_world_config config = poisson(&policy, i);
        config.groups[0].arrival_rate_hz = 3 * load / 0.008;
        config.groups[0].uplink.rate = fast;
        config.groups[0].exponential_tail = true;
        config.server.n_servers = 3;
        assert_waits("server, M/M/3", load, config, &wait, NULL);
    }
}

/* The server is shared: 8 ms at half its capacity, or 24 ms. */
static void shared_server_delays_in_proportion(void **state) {
    (void)state;
    es_policy policy = fixed_at(0);
    for (size_t i = 0; i < N_CASES; i++) {
        double load = cases[i].load;
        struct wait sojourn = {offsetof(es_block, tail_time), 0.008 / (1 - load), 0};
        es_world_config config = poisson(&policy, i);
        config.groups[0].uplink.rate = fast;
        config.groups[0].arrival_rate_hz = load / 0.008;
        config.groups[0].exponential_tail = true;
        config.server.discipline = ES_PS;
        assert_mean("server, M/M/1-PS", load, config, &sojourn, 0);
        config.groups[0].exponential_tail = false;
        set_mix(&config);
        assert_mean("server, M/G/1-PS, one image", load, config, &sojourn, 1);
        sojourn.mean_s *= 3;
        assert_mean("server, M/G/1-PS, two images", load, config, &sojourn, 2);
    }
}

static es_status sum_sojourns(void *context, const es_block *block) {
    struct sums *sums = context;
    for (size_t i = 0; i < block->n; i++)
        if (sums->n_seen++ >= sums->n_skipped) {
            es_sum_add(&sums->waits_s, block->latency[i]);
            sums->n++;
        }
    return ES_OK;
}

/* 400 studies of ten replications of an M/M/1 queue, whose nominal 95 % intervals hold the true
 * mean latency about as often as they say. */
static void pitfall_13_intervals_of_replications_cover(void **state) {
    (void)state;
    enum { N_STUDIES = 400, N_EACH = 10, N_STEPS = 1500 };
    static es_block rows, *block = &rows;
    const double load = 0.5, expected_s = 0.02 / (1 - load);
    size_t n_covered = 0;
    es_policy policy = fixed_at(2);
    es_world_config config = poisson(&policy, 0);
    config.groups[0].exponential_head = true;
    config.groups[0].arrival_rate_hz = load / 0.02;
    config.n_steps = N_STEPS;
    config.max_backlog = 4096;
    config.block = &block;
    for (size_t study = 0; study < N_STUDIES; study++) {
        es_moments means = {0};
        config.seed = 5000 + study;
        for (uint32_t r = 0; r < N_EACH; r++) {
            struct sums sums = {.n_skipped = N_STEPS / 10};
            config.replication = r;
            run_once(config, &sums, sum_sojourns);
            double mean_s = es_sum_value(sums.waits_s) / (double)sums.n;
            es_moments_add(&means, &mean_s, 1);
        }
        es_interval interval = es_moments_interval(&means, 0.95);
        n_covered += interval.low <= expected_s && expected_s <= interval.high;
    }
    double share = (double)n_covered / N_STUDIES;
    print_message("%d replications of %d requests: %.2f %% of intervals cover\n", N_EACH, N_STEPS,
                  100 * share);
    assert_true(share >= 0.92 && share <= 0.975);
}

/* Mean value analysis of a closed network of queues with exponential service and one station where
 * everybody thinks (Reiser and Lavenberg, "Mean-value analysis of closed multichain queuing
 * networks", J. ACM 27, 1980): the mean latency of `population` requests. */
static double closed_latency_s(size_t population, double think_s, const double service_s[2]) {
    double length[2] = {0, 0}, latency_s = 0;
    for (size_t n = 1; n <= population; n++) {
        double station_s[2];
        latency_s = 0;
        for (size_t s = 0; s < 2; s++)
            latency_s += station_s[s] = service_s[s] * (1 + length[s]);
        for (size_t s = 0; s < 2; s++)
            length[s] = (double)n / (think_s + latency_s) * station_s[s];
    }
    return latency_s;
}

static es_status add_latencies(void *context, const es_block *block) {
    es_moments_add(context, block->latency, block->n);
    return ES_OK;
}

/* Over a link that holds nothing up; what goes on before the system is in balance is a thousandth.
 */
static void closed_system_obeys_mean_value_analysis(void **state) {
    (void)state;
    static const struct {
        size_t population;
        es_time think_ns;
        bool exponential;
    } closed[] = {{1, 0, false}, {3, 0, false}, {8, 50 * MS, false}, {8, 200 * MS, true}};
    es_policy policy = fixed_at(1);
    for (size_t i = 0; i < sizeof closed / sizeof closed[0]; i++) {
        es_moments means = {0};
        es_world_config config = poisson(&policy, 0);
        config.groups[0].uplink.rate = fast;
        config.groups[0].exponential_head = config.groups[0].exponential_tail = true;
        config.groups[0].population = closed[i].population;
        config.groups[0].think_ns = closed[i].think_ns;
        config.groups[0].exponential_think = closed[i].exponential;
        config.n_steps = 50000;
        for (uint64_t r = 0; r < N_REPLICATIONS; r++) {
            es_moments latencies = {0};
            config.seed = 2000 + r;
            run_once(config, &latencies, add_latencies);
            double mean_s = es_moments_mean(&latencies);
            es_moments_add(&means, &mean_s, 1);
        }
        char name[64];
        snprintf(name, sizeof name, "closed, %zu requests, mean latency",
                 config.groups[0].population);
        /* the tail is 10 ms at half the server's capacity */
        assert_in_interval(name, 1, &means,
                           closed_latency_s(config.groups[0].population,
                                            es_time_s(config.groups[0].think_ns),
                                            (double[]){0.02, 0.02}));
    }
}

#define WITH_RATES(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_RATES(device_is_m_d_1),
        WITH_RATES(device_is_m_m_1),
        WITH_RATES(device_is_m_g_1),
        WITH_RATES(uplink_behind_an_m_m_1_queue_is_m_d_1),
        WITH_RATES(server_behind_an_m_m_1_queue_is_m_m_1),
        WITH_RATES(server_is_m_m_3),
        WITH_RATES(shared_server_delays_in_proportion),
        WITH_RATES(pitfall_13_intervals_of_replications_cover),
        WITH_RATES(closed_system_obeys_mean_value_analysis),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
