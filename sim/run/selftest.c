/* Theory against this very build. */
#include "edgesplit/alloc.h"
#include "edgesplit/number.h"
#include "edgesplit/policies.h"
#include "edgesplit/rate.h"
#include "edgesplit/rng.h"
#include "edgesplit/run.h"
#include "edgesplit/stats.h"
#include "edgesplit/world.h"

enum { N_REPLICATIONS = 20, N_REQUESTS = 30000, N_WARMUP = N_REQUESTS / 10 };

/* Rows decided by an interval; together they hold with 99 % (Bonferroni). */
enum { N_INTERVALS = 30 };
static const double CONFIDENCE = 1 - 0.01 / N_INTERVALS;

/* A network of three cuts: 20 ms on the device, 4 ms on the server, half of each in the middle; cut
 * 0 sends 100 kB, cut 1 sends 25 kB. Two images take three times as long. */
static const int64_t head_ns[][3] = {{0, 10000000, 20000000}, {0, 30000000, 60000000}};
static const int64_t tail_ns[][3] = {{4000000, 2000000, 0}, {12000000, 6000000, 0}};
static const int64_t bytes[] = {100000, 25000, 0};
static const double head_s[][3] = {{0, 0.01, 0.02}, {0, 0.03, 0.06}};
static const double tail_s[][3] = {{0.004, 0.002, 0}, {0.012, 0.006, 0}};
static const double bits[] = {8e5, 2e5, 0};
static es_cut_costs tables[] = {
    {.n_cuts = 3,
     .head_ns = head_ns[0],
     .tail_ns = tail_ns[0],
     .bytes = bytes,
     .head_s = head_s[0],
     .tail_s = tail_s[0],
     .bits = bits},
    {.n_cuts = 3,
     .head_ns = head_ns[1],
     .tail_ns = tail_ns[1],
     .bytes = bytes,
     .head_s = head_s[1],
     .tail_s = tail_s[1],
     .bits = bits},
};
static int64_t batches[] = {1, 2};
static bool has_heads[] = {true, true}, available[] = {true, true, true};
static const es_cost cost = {.n_cuts = 3,
                             .n_batches = 2,
                             .batches = batches,
                             .tables = tables,
                             .has_heads = has_heads,
                             .available = available};

/* A quarter of the requests that are mixed has two images: 1.5 times the mean time of one, and 3
 * times its mean square. */
static const double TWO_SHARE = 0.25, MIX_MEAN = 1.5, MIX_SQUARE = 3;

/* What the rows of the table have in common. */
struct table {
    FILE *stream;
    bool passed;
    es_policy at_cut[3];
    es_rate *fast, *link, *full, *half, *steps; /* 10 Mbit/s; the server's capacity; see below */
    int64_t *mix;                               /* [N_REQUESTS] images */
};

struct expectation {
    char name[48];
    double theory_s;
    double tolerance_s; /* of one run; 0: the interval of replications decides */
    int64_t batch;      /* requests of that size only; 0: all */
};

/* The latencies of one run that are looked at. */
struct latencies {
    uint64_t n_seen, n_skipped, n;
    int64_t batch;
    es_sum sum_s;
};

static es_status add_latencies(void *context, const es_block *block) {
    struct latencies *latencies = context;
    for (size_t i = 0; i < block->n; i++)
        if (latencies->n_seen++ >= latencies->n_skipped &&
            (latencies->batch == 0 || block->batch[i] == latencies->batch)) {
            es_sum_add(&latencies->sum_s, block->latency[i]);
            latencies->n++;
        }
    return ES_OK;
}

static es_status mean_latency(es_world_config config, int64_t batch, double *mean_s) {
    struct latencies latencies = {.n_skipped = config.n_steps / (N_REQUESTS / N_WARMUP),
                                  .batch = batch};
    es_world *world;
    es_world_result result;
    config.context = &latencies;
    config.steps = add_latencies;
    es_status status = es_world_create(&config, &world);
    if (status != ES_OK)
        return status;
    status = es_world_run(world, &result);
    es_world_destroy(world);
    *mean_s = es_sum_value(latencies.sum_s) / (double)latencies.n;
    return status;
}

/* Draws the sizes of a run's requests. */
static es_status draw_mix(int64_t *mix, uint64_t seed) {
    gsl_rng *rng = es_rng_create(seed, 0, ES_RNG_BATCH, 0);
    if (rng == NULL)
        return ES_NO_MEMORY;
    for (size_t i = 0; i < N_REQUESTS; i++)
        mix[i] = gsl_rng_uniform(rng) < TWO_SHARE ? 2 : 1;
    gsl_rng_free(rng);
    return ES_OK;
}

/* Replicates one configuration, compares its mean latency with theory and prints a row. */
static es_status compare(struct table *table, es_world_config config,
                         const struct expectation *expected) {
    es_moments means = {0};
    size_t n = expected->tolerance_s > 0 ? 1 : (size_t)N_REPLICATIONS;
    for (size_t r = 0; r < n; r++) {
        double mean_s;
        config.seed = r + 1;
        es_status status =
            config.groups[0].batches == table->mix ? draw_mix(table->mix, config.seed) : ES_OK;
        if (status == ES_OK)
            status = mean_latency(config, expected->batch, &mean_s);
        if (status != ES_OK)
            return status;
        es_moments_add(&means, &mean_s, 1);
    }
    es_interval interval = es_moments_interval(&means, CONFIDENCE);
    double half_s =
        expected->tolerance_s > 0 ? expected->tolerance_s : (interval.high - interval.low) / 2;
    bool good = fabs(interval.mean - expected->theory_s) <= half_s;
    table->passed = table->passed && good;
    fprintf(table->stream, "%-40s %12.6f %12.6f %12.9f  %s\n", expected->name,
            expected->theory_s * 1e3, interval.mean * 1e3, half_s * 1e3, good ? "ok" : "BAD");
    return ES_OK;
}

/* One device whose requests all take the one cut; one request. */
static es_world_config fixed_cut(const struct table *table, size_t cut) {
    return (es_world_config){
        .n_groups = 1,
        .groups = {{
            .n_devices = 1,
            .cost = &cost,
            .policy = &table->at_cut[cut],
            .uplink = {.rate = table->fast},
            .n_batches = 1,
            .batches = batches,
            .arrival_rate_hz = 1,
            .deadline_ns = ES_TIME_NEVER,
        }},
        .server = {.capacity = table->full, .n_servers = 1},
        .duration_ns = ES_TIME_NEVER,
        .n_steps = 1,
        .max_backlog = 65536,
    };
}

/* The same, N_REQUESTS of a Poisson process. */
static es_world_config poisson(const struct table *table, size_t cut, double rate_hz) {
    es_world_config config = fixed_cut(table, cut);
    config.groups[0].poisson = true;
    config.groups[0].arrival_rate_hz = rate_hz;
    config.n_steps = N_REQUESTS;
    return config;
}

static void set_mix(const struct table *table, es_world_config *config) {
    config->groups[0].n_batches = N_REQUESTS;
    config->groups[0].batches = table->mix;
}

static struct expectation expect(const char *queue, double load, double theory_s) {
    struct expectation expected = {.theory_s = theory_s};
    snprintf(expected.name, sizeof expected.name, "%s, load %.1f", queue, load);
    return expected;
}

/* First come, first served, on the device (20 ms) and on it and the server (10 ms, 4 ms at half the
 * capacity): waits by Pollaczek and Khinchine, lambda E[S^2] / (2 (1 - rho)) (Kleinrock, "Queueing
 * Systems", vol. 1, 1975, section 5.7), and Burke's theorem (1956) for the second of two. */
static es_status compare_single(struct table *table, double load) {
    const double service_s = 0.02, first_s = 0.01, second_s = 0.004;
    es_world_config config = poisson(table, 2, load / service_s);
    struct expectation expected = expect("M/D/1", load, service_s * (1 + load / (2 * (1 - load))));
    es_status status = compare(table, config, &expected);
    config.groups[0].exponential_head = true;
    expected = expect("M/M/1", load, service_s / (1 - load));
    if (status == ES_OK)
        status = compare(table, config, &expected);
    config = poisson(table, 2, load / (MIX_MEAN * service_s));
    set_mix(table, &config);
    expected = expect("M/G/1, two sizes", load,
                      MIX_MEAN * service_s + load / (MIX_MEAN * service_s) * MIX_SQUARE *
                                                 service_s * service_s / (2 * (1 - load)));
    if (status == ES_OK)
        status = compare(table, config, &expected);
    double rate_hz = load / first_s;
    config = poisson(table, 1, rate_hz);
    config.groups[0].exponential_head = config.groups[0].exponential_tail = true;
    config.server.capacity = table->half;
    expected =
        expect("M/M/1 to M/M/1", load, first_s / (1 - load) + second_s / (1 - rate_hz * second_s));
    if (status == ES_OK)
        status = compare(table, config, &expected);
    return status;
}

/* The probability that all of `n` servers are busy (Erlang's C), by the recursion of his B formula.
 */
static double erlang_c(int n, double load) {
    double offered = n * load, b = 1;
    for (int k = 1; k <= n; k++)
        b = offered * b / (k + offered * b);
    return b / (1 - load * (1 - b));
}

/* At the server, whose tails take 4 ms: several at once, or shared by all that are there, where a
 * request that needs x is there for x / (1 - rho), whatever the distribution (Kleinrock, vol. 2,
 * 1976, section 4.4). */
static es_status compare_shared(struct table *table, double load) {
    const double service_s = 0.004, link_s = 0.02;
    const int n_servers = 3;
    es_world_config config = poisson(table, 0, n_servers * load / service_s);
    config.server.n_servers = (size_t)n_servers;
    config.groups[0].exponential_tail = true;
    struct expectation expected =
        expect("M/M/3", load,
               service_s + erlang_c(n_servers, load) * service_s / (n_servers * (1 - load)));
    es_status status = compare(table, config, &expected);
    config = poisson(table, 0, load / service_s);
    config.server.discipline = ES_PS;
    config.groups[0].exponential_tail = true;
    expected = expect("M/M/1-PS", load, service_s / (1 - load));
    if (status == ES_OK)
        status = compare(table, config, &expected);
    config = poisson(table, 0, load / (MIX_MEAN * service_s));
    config.server.discipline = ES_PS;
    set_mix(table, &config);
    expected = expect("M/G/1-PS, the short ones", load, service_s / (1 - load));
    expected.batch = 1;
    if (status == ES_OK)
        status = compare(table, config, &expected);
    expected = expect("M/G/1-PS, the long ones", load, 3 * service_s / (1 - load));
    expected.batch = 2;
    if (status == ES_OK)
        status = compare(table, config, &expected);
    /* 25 kB at 10 Mbit/s, behind an M/M/1 queue of 10 ms at half the load: Poisson again. So many
     * servers that no tail waits for one. */
    config = poisson(table, 1, load / link_s);
    config.groups[0].exponential_head = true;
    config.groups[0].uplink = (es_link){.rate = table->link, .discipline = ES_PS};
    config.server.n_servers = 64;
    expected = expect("M/M/1 to uplink, M/D/1-PS", load,
                      0.01 / (1 - load * 0.01 / link_s) + link_s / (1 - load) + 0.002);
    if (status == ES_OK)
        status = compare(table, config, &expected);
    return status;
}

/* Mean value analysis (Reiser and Lavenberg, J. ACM 27, 1980) of two stations with exponential
 * service between which `population` requests go round. */
static double closed_latency_s(int population, double first_s, double second_s) {
    double first_length = 0, second_length = 0, latency_s = 0;
    for (int n = 1; n <= population; n++) {
        double at_first_s = first_s * (1 + first_length);
        double at_second_s = second_s * (1 + second_length);
        latency_s = at_first_s + at_second_s;
        first_length = n * at_first_s / latency_s;
        second_length = n * at_second_s / latency_s;
    }
    return latency_s;
}

/* Requests that go round between device and server, over a link that holds nothing up. */
static es_status compare_closed(struct table *table) {
    es_status status = ES_OK;
    for (int population = 2; population <= 8 && status == ES_OK; population *= 2) {
        es_world_config config = fixed_cut(table, 1);
        config.groups[0].exponential_head = config.groups[0].exponential_tail = true;
        config.groups[0].population = (size_t)population;
        config.server.capacity = table->half;
        config.n_steps = N_REQUESTS;
        struct expectation expected = {.theory_s = closed_latency_s(population, 0.01, 0.004)};
        snprintf(expected.name, sizeof expected.name, "closed, M/M/1 to M/M/1, %d requests",
                 population);
        status = compare(table, config, &expected);
    }
    return status;
}

/* Hand sums, to the rounding of a few events. */
static es_status compare_exact(struct table *table) {
    const double rounding_s = 3e-9;
    /* 10 ms, 5 ms up, 25 kB at 10 Mbit/s, 2 ms at half the capacity, 7 ms down. */
    es_world_config config = fixed_cut(table, 1);
    config.groups[0].uplink = (es_link){.rate = table->link, .propagation_ns = 5000000};
    config.groups[0].downlink.propagation_ns = 7000000;
    config.server.capacity = table->half;
    struct expectation expected = {"one request, hand sum", 0.01 + 0.005 + 0.02 + 0.004 + 0.007,
                                   rounding_s, 0};
    es_status status = compare(table, config, &expected);
    /* 100 kB from time 0: 0.1 Mbit, nothing, 0.4 Mbit, 0.1 Mbit, nothing, 0.2 Mbit at 4 Mbit/s. */
    config = fixed_cut(table, 0);
    config.groups[0].uplink.rate = table->steps;
    expected =
        (struct expectation){"a transfer across rates and outages", 0.55 + 0.004, rounding_s, 0};
    if (status == ES_OK)
        status = compare(table, config, &expected);
    /* Both come at once and share the link: 0.1 Mbit, 0.4, 0.1, 0.4, 0.1, 0.4, and 0.1 of the next
     * 0.1. Their tails are run one after the other. */
    static const es_time at_once[] = {0, 0};
    config.groups[0].uplink.discipline = ES_PS;
    config.groups[0].arrivals = (es_arrival_list){.n = 2, .times = at_once};
    config.n_steps = 2;
    expected = (struct expectation){"two that share it", 1.0 + 0.006, rounding_s, 0};
    if (status == ES_OK)
        status = compare(table, config, &expected);
    return status;
}

/* Creates the rates: the stepped one is 1 Mbit/s, 0 and 4 Mbit/s for 0.1 s each, again and again.
 */
static es_status open_table(struct table *table) {
    static const uint32_t cuts[] = {0, 1, 2};
    const es_time starts[] = {0, ES_SECOND / 10, ES_SECOND / 5, 3 * (ES_SECOND / 10)};
    const int64_t rates[] = {1000000, 0, 4000000};
    for (size_t i = 0; i < 3; i++)
        table->at_cut[i] = (es_policy){
            .ops = es_policies_find("static-split"), .n_candidates = 1, .candidates = &cuts[i]};
    table->mix = es_alloc(N_REQUESTS, sizeof *table->mix);
    es_status status = table->mix != NULL ? ES_OK : ES_NO_MEMORY;
    if (status == ES_OK)
        status = es_rate_create_constant(ES_RATE_MAX, &table->fast);
    if (status == ES_OK)
        status = es_rate_create_constant(10000000, &table->link);
    if (status == ES_OK)
        status = es_rate_create_constant(ES_FULL_CAPACITY, &table->full);
    if (status == ES_OK)
        status = es_rate_create_constant(ES_FULL_CAPACITY / 2, &table->half);
    if (status == ES_OK)
        status = es_rate_create(3, starts, rates, ES_AT_END_LOOP, &table->steps);
    return status;
}

static void close_table(struct table *table) {
    es_rate_destroy(table->fast);
    es_rate_destroy(table->link);
    es_rate_destroy(table->full);
    es_rate_destroy(table->half);
    es_rate_destroy(table->steps);
    free(table->mix);
}

es_status es_selftest(FILE *stream, es_errors *errors) {
    static const double loads[] = {0.3, 0.7, 0.9};
    struct table table = {.stream = stream, .passed = true};
    es_status status = open_table(&table);
    fprintf(stream, "%-40s %12s %12s %12s\n", "mean latency, ms", "theory", "simulated", "+-");
    for (size_t i = 0; i < 3 && status == ES_OK; i++) {
        status = compare_single(&table, loads[i]);
        if (status == ES_OK)
            status = compare_shared(&table, loads[i]);
    }
    if (status == ES_OK)
        status = compare_closed(&table);
    if (status == ES_OK)
        status = compare_exact(&table);
    close_table(&table);
    if (status == ES_NO_MEMORY)
        return es_errors_add(errors, status, NULL, 0, "out of memory");
    if (status == ES_OK)
        fprintf(stream, "intervals of %d replications hold together with 99 %%\n", N_REPLICATIONS);
    return table.passed ? status
                        : es_errors_add(errors, ES_INTERNAL, NULL, 0,
                                        "the simulation does not agree with theory");
}
